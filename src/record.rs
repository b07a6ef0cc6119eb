//! What an engine reads of a store, and what it wants written: the words of the store contract.
//!
//! A change names the version its record was read at, so that of two that read the same one of them is refused.

use crate::prelude::*;
use crate::time::Timestamp;

/// A record as it was read.
#[derive(Clone, Copy, Debug)]
pub struct Slot<'a> {
    /// Its key.
    pub key: &'a str,
    /// Its version; 0 when there is none.
    pub version: u64,
    /// What it says; `None` when there is none.
    pub value: Option<&'a str>,
}

/// A change of a record, guarded by the version it was read at.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Write {
    /// The key.
    pub key: String,
    /// The version it must be at.
    pub expected: u64,
    /// What it says from now on.
    pub value: String,
    /// When somebody should look at it again.
    pub wake_at: Option<Timestamp>,
    /// From when on nobody needs it.
    pub expires_at: Option<Timestamp>,
}
