//! The governor through its public door: tables of what it permits, a second model that is too simple to be wrong, and
//! a storm of clients that are all cut off at once.

#![cfg(all(feature = "payments", not(target_family = "wasm")))]
#![allow(
    clippy::arithmetic_side_effects,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::unwrap_used,
    reason = "a test that finds something unexpected should stop where it is"
)]

mod governor {
    mod load;
    mod naive;
    mod page;
    mod scenes;
    mod storm;
}
