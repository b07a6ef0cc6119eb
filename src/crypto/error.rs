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
    fn table(self) -> Report {
        match self {
            Self::HexLength { found } => Report::new("hex_length")
                .count("found", found)
                .say("{found} characters of hexadecimal: expected an even number, two for each byte"),
            Self::HexDigit { offset } => Report::new("hex_digit")
                .count("offset", offset)
                .say("not hexadecimal at byte {offset}: expected 0 to 9 and a to f, without spaces"),
            Self::Base64Length { found } => Report::new("base64_length")
                .count("found", found)
                .say("{found} characters of base64: expected a multiple of four, padded with `=`"),
            Self::Base64Character { offset } => Report::new("base64_character").count("offset", offset).say(
                "not standard base64 at byte {offset}: expected A-Z a-z 0-9 + / and `=` only at the end",
            ),
            Self::Base64TrailingBits => Report::new("base64_trailing_bits")
                .say("the last character of the base64 carries bits that belong to no byte: copy it again"),
        }
    }
}

reported!(Error);
