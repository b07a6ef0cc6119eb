//! The saga machine through its public door: tables of what each piece of news leads to, and a hostile world in which a
//! naive auditor counts effects.

#![allow(
    clippy::arithmetic_side_effects,
    clippy::as_conversions,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::unwrap_used,
    clippy::unwrap_in_result,
    reason = "a test that finds something unexpected should stop where it is"
)]

#[path = "auditor/effects.rs"]
mod effects;
#[allow(dead_code, reason = "a saga has no amounts")]
#[path = "auditor/random.rs"]
mod random;
mod saga {
    mod journal;
    mod table;
    mod world;
}
