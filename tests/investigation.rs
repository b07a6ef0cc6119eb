//! The investigation of a break through its public door: tables of what each word leads to, old journals, and random
//! lives beside a naive model.

#![allow(
    clippy::arithmetic_side_effects,
    clippy::as_conversions,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::unwrap_used,
    clippy::unwrap_in_result,
    reason = "a test that finds something unexpected should stop where it is"
)]

mod investigation {
    mod journal;
    mod model;
    mod table;
}
