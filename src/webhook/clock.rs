//! A signed time has one text for each moment, and only that text is read.

use super::moment::{number, rfc3339};
use crate::time::Timestamp;

/// The signed time of a delivery.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Clock {
    /// Where it stands.
    pub source: TimeSource,
    /// What it counts.
    pub unit: TimeUnit,
    /// Which times are refused.
    pub window: Window,
    /// Seconds of difference allowed when the caller says nothing. Unused when [`Window::OnRequest`].
    pub tolerance_seconds: u64,
}

/// Where the timestamp stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TimeSource {
    /// Where the signature stands, under this name of a pair, or first where the grammar has no names.
    Pair(&'static str),
    /// In a header of its own.
    Header(&'static str),
}

/// What a timestamp counts since the epoch, or how it is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TimeUnit {
    /// Seconds.
    Seconds,
    /// Milliseconds, as exactly 13 digits: where no separator follows, digits must not move into what comes next.
    Milliseconds,
    /// Seconds as exactly 10 digits, or milliseconds as exactly 13.
    Either,
    /// An RFC 3339 text.
    Rfc3339,
}

/// Which times are refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Window {
    /// Too old.
    PastOnly,
    /// Too old, and too far ahead.
    BothSides,
    /// None, unless the caller names a tolerance or is strict; then both sides.
    OnRequest,
}

/// Digits of a time of this age in seconds: from September 2001 to November 2286.
const SECONDS_DIGITS: usize = 10;

/// Digits of the same in milliseconds.
const MILLISECONDS_DIGITS: usize = 13;

impl TimeUnit {
    /// The moment of a text. Digits only and no leading zero: each moment has one text, and only that one is accepted.
    pub(super) fn read(self, text: &[u8]) -> Option<Timestamp> {
        if self == Self::Rfc3339 {
            return rfc3339(text);
        }
        let canonical = text == b"0" || !text.starts_with(b"0");
        if !canonical {
            return None;
        }
        let number = number(text, u64::MAX)?;
        match (self, text.len()) {
            (Self::Milliseconds | Self::Either, MILLISECONDS_DIGITS) => Timestamp::from_unix_ms(number),
            (Self::Seconds, _) | (Self::Either, SECONDS_DIGITS) => Timestamp::from_unix_seconds(number),
            _ => None,
        }
    }

    /// What a text should have been that [`TimeUnit::read`] refused.
    pub(super) const fn expected(self) -> &'static str {
        match self {
            Self::Seconds => "a timestamp of seconds in plain digits",
            Self::Milliseconds => "a timestamp of milliseconds in 13 plain digits",
            Self::Either => "a timestamp of seconds in 10 or milliseconds in 13 plain digits",
            Self::Rfc3339 => "a timestamp as of RFC 3339, such as 2026-01-31T12:00:00Z",
        }
    }

    /// Whether this text counts whole seconds.
    pub(super) fn counts_seconds(self, text: &[u8]) -> bool {
        match self {
            Self::Seconds => true,
            Self::Either => text.len() == SECONDS_DIGITS,
            Self::Milliseconds | Self::Rfc3339 => false,
        }
    }
}
