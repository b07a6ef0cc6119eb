//! The payment machine through its public door: tables of what each answer leads to, and a hostile world in which a
//! naive auditor counts charges.

#![allow(
    clippy::arithmetic_side_effects,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::unwrap_used,
    reason = "a test that finds something unexpected should stop where it is"
)]

mod payments {
    mod answers;
    mod calls;
    mod dialects;
    mod evidence;
    mod found;
    mod histories;
    mod profiles;
    mod story;
    mod table;
    mod trace;
    mod transitions;
}
