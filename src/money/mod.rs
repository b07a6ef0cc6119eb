//! An amount always knows its currency and is never rounded silently.
//!
//! Amounts are non-negative integers of minor units (cents), at most [`Amount::MINOR_MAX`]. Which side of an account
//! they stand on is said by the word debit or credit, never by a sign. There is no `+`, no `Default` and no way in or
//! out through floating point.

mod amount;
mod currency;
mod error;

pub use amount::Amount;
pub use currency::Currency;
pub use error::Error;
