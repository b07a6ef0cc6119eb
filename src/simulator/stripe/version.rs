//! A version of the API is a date and a name; the date decides what changed.
//!
//! Source: <https://docs.stripe.com/api/versioning>; the newest version known is that of stripe-node 23.1.0.

use super::refusal::{Refusal, Result};
use crate::prelude::*;

/// A version, such as `2026-10-28.endive`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Version {
    /// Year, month and day as one number: 20261028.
    date: u32,
    /// The name after the dot; empty before 2024-09-30.
    name: Name,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Name([u8; 16], usize);

/// What is spoken when no version is asked for.
pub(super) const NEWEST: &str = "2026-10-28.endive";

/// A date such as `2026-10-28`.
const DATE_BYTES: usize = 10;

impl Version {
    /// The version of the `Stripe-Version` header; the newest when there is none.
    ///
    /// # Errors
    ///
    /// It is no date, or its name is none.
    pub(super) fn read(header: Option<&str>) -> Result<Self> {
        let text = header.unwrap_or(NEWEST);
        Self::parse(text).ok_or_else(|| {
            let message = format!(
                "Invalid Stripe API version: {}: expected a date and a name, such as {NEWEST}",
                text.chars().take(40).collect::<String>()
            );
            Refusal::request(message)
        })
    }

    /// The newest version known.
    pub(super) fn newest() -> Self {
        // The constant is a version; a test reads it.
        Self::parse(NEWEST).unwrap_or(Self { date: 0, name: Name([0; 16], 0) })
    }

    fn parse(text: &str) -> Option<Self> {
        let (date, name) = match text.split_once('.') {
            Some((_, "")) => return None,
            Some(halves) => halves,
            None => (text, ""),
        };
        let [y0, y1, y2, y3, b'-', m0, m1, b'-', d0, d1] = *date.as_bytes() else { return None };
        let digits = [y0, y1, y2, y3, m0, m1, d0, d1];
        let is_date = digits.iter().all(u8::is_ascii_digit);
        let is_name = name.bytes().all(|byte| byte.is_ascii_lowercase());
        let mut bytes = [0; 16];
        bytes.get_mut(..name.len())?.copy_from_slice(name.as_bytes());
        let add = |date: u32, digit: u8| date.wrapping_mul(10).wrapping_add(u32::from(digit & 0xf));
        (is_date && is_name)
            .then(|| Self { date: digits.into_iter().fold(0, add), name: Name(bytes, name.len()) })
    }

    /// Whether this version is of that date or later: `version.since(2026, 9, 30)`.
    pub(super) fn since(self, year: u32, month: u32, day: u32) -> bool {
        (self.date / 10_000, self.date / 100 % 100, self.date % 100) >= (year, month, day)
    }

    /// As it is written in headers and events.
    pub(super) fn to_text(self) -> String {
        let Name(bytes, length) = self.name;
        let mut text = String::with_capacity(DATE_BYTES.saturating_add(1).saturating_add(length));
        let (mut date, mut rest) = (*b"0000-00-00", self.date);
        for digit in date.iter_mut().rev().filter(|digit| **digit != b'-') {
            *digit |= u8::try_from(rest % 10).unwrap_or_default();
            rest /= 10;
        }
        text.push_str(core::str::from_utf8(&date).unwrap_or_default());
        if let Ok(name) = core::str::from_utf8(bytes.get(..length).unwrap_or_default())
            && !name.is_empty()
        {
            text.push('.');
            text.push_str(name);
        }
        text
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_version_is_written_as_it_was_read() {
        for text in [NEWEST, "2024-06-20", "2025-03-31.basil"] {
            assert_eq!(Version::read(Some(text)).unwrap().to_text(), text);
        }
        assert_eq!(Version::read(None).unwrap().to_text(), NEWEST);
        for text in [
            "",
            "latest",
            "2026-1-1",
            "2026-10-28.",
            "20261028",
            "2026-10-28.ENDIVE",
            "2026-10-28.abcdefghijklmnopq",
        ] {
            assert!(Version::read(Some(text)).is_err(), "{text}");
        }
    }

    #[test]
    fn a_change_holds_from_its_date_on() {
        let version = Version::read(Some("2026-09-30.endive")).unwrap();
        assert!(version.since(2026, 9, 30) && version.since(2025, 3, 31) && !version.since(2026, 10, 28));
    }
}
