//! Deliveries get the verdict they must get: recorded and made-up ones, scheme by scheme.
#![cfg(not(target_family = "wasm"))]
#![allow(
    clippy::arithmetic_side_effects,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::unwrap_in_result,
    clippy::unwrap_used,
    reason = "a test that finds something unexpected should stop where it is"
)]

mod webhook {
    mod batches;
    mod events;
    mod fields;
    mod properties;
    mod refusals;
    mod samples;
    mod vectors;
}
