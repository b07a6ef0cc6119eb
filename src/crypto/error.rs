//! Why a text is not the encoding it should be.

use crate::advice::{Report, reported};

/// Why a text could not be decoded. Variants stand in order of precedence.
///
/// Offsets and lengths only: what is decoded here is mostly a key, and no part of it may reach a log.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Error {
    /// Hexadecimal digits come in pairs.
    HexLength {
        /// Bytes of text found.
        found: usize,
    },
    /// A byte that is no hexadecimal digit of the wanted case.
    HexDigit {
        /// Byte offset of the first that does not fit.
        offset: usize,
    },
    /// Base64 comes in groups of four, padding included.
    Base64Length {
        /// Bytes of text found.
        found: usize,
    },
    /// A byte that is not of the standard base64 alphabet, or padding before the end.
    Base64Character {
        /// Byte offset of the first that does not fit.
        offset: usize,
    },
    /// The bits after the last byte are not zero: several texts would mean the same bytes.
    Base64TrailingBits,
}

impl Error {
    /// The stable code of each error and the sentence about it. An error is told by the number of its line.
    pub const LINES: &'static [(&'static str, &'static str)] = &[
        ("hex_length", "{found} characters of hexadecimal: expected an even number, two for each byte"),
        ("hex_digit", "not hexadecimal at byte {offset}: expected 0 to 9 and a to f, without spaces"),
        ("base64_length", "{found} characters of base64: expected a multiple of four, padded with `=`"),
        (
            "base64_character",
            "not standard base64 at byte {offset}: expected A-Z a-z 0-9 + / and `=` only at the end",
        ),
        (
            "base64_trailing_bits",
            "the last character of the base64 carries bits that belong to no byte: copy it again",
        ),
    ];

    /// The line of [`Error::LINES`], and the number in its braces; 0 where it has none.
    #[must_use]
    pub fn told(self) -> (usize, u64) {
        let (line, number) = match self {
            Self::HexLength { found } => (0, found),
            Self::HexDigit { offset } => (1, offset),
            Self::Base64Length { found } => (2, found),
            Self::Base64Character { offset } => (3, offset),
            Self::Base64TrailingBits => (4, 0),
        };
        (line, u64::try_from(number).unwrap_or(u64::MAX))
    }

    /// The report of an error that was told as numbers.
    #[must_use]
    pub fn report_of(line: usize, number: u64) -> Report {
        let (code, sentence) = Self::LINES.get(line).copied().unwrap_or_default();
        let name = sentence.split_once('{').and_then(|(_, rest)| rest.split_once('}')).map(|(name, _)| name);
        let report = Report::new(code);
        match name {
            Some(name) => report.number(name, number).say(sentence),
            None => report.say(sentence),
        }
    }

    fn table(self) -> Report {
        let (line, number) = self.told();
        Self::report_of(line, number)
    }
}

reported!(Error);
