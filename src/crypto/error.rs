//! Why a text is not the encoding it should be.

use crate::advice::{Advice, Detail, Diagnose};
use crate::prelude::*;

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

impl core::fmt::Display for Error {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        match self {
            Self::HexLength { found } => {
                write!(f, "{found} characters of hexadecimal: expected an even number, two for each byte")
            }
            Self::HexDigit { offset } => {
                write!(f, "not hexadecimal at byte {offset}: expected 0 to 9 and a to f, without spaces")
            }
            Self::Base64Length { found } => {
                write!(f, "{found} characters of base64: expected a multiple of four, padded with `=`")
            }
            Self::Base64Character { offset } => {
                write!(
                    f,
                    "not standard base64 at byte {offset}: expected A-Z a-z 0-9 + / and `=` only at the end"
                )
            }
            Self::Base64TrailingBits => f.write_str(
                "the last character of the base64 carries bits that belong to no byte: copy it again",
            ),
        }
    }
}

impl core::error::Error for Error {}

impl Diagnose for Error {
    fn code(&self) -> &'static str {
        match self {
            Self::HexLength { .. } => "hex_length",
            Self::HexDigit { .. } => "hex_digit",
            Self::Base64Length { .. } => "base64_length",
            Self::Base64Character { .. } => "base64_character",
            Self::Base64TrailingBits => "base64_trailing_bits",
        }
    }

    fn advice(&self) -> Advice {
        Advice::FixCall
    }

    fn details(&self) -> Vec<Detail> {
        match self {
            Self::HexLength { found } | Self::Base64Length { found } => vec![("found", found.to_string())],
            Self::HexDigit { offset } | Self::Base64Character { offset } => {
                vec![("offset", offset.to_string())]
            }
            Self::Base64TrailingBits => Vec::new(),
        }
    }
}
