//! A hash as the 64 characters it is written with.

use crate::crypto::{Sha256, encode_hex};
use crate::prelude::*;

/// A SHA-256 digest as text: 64 lower-case hexadecimal digits.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Digest(String);

impl Digest {
    /// What stands before the first line.
    pub(super) fn zero() -> Self {
        Self("0".repeat(64))
    }

    /// SHA-256 of a message in parts.
    pub(super) fn of(parts: &[&[u8]]) -> Self {
        let mut digest = Sha256::new();
        for part in parts {
            digest.update(part);
        }
        Self(encode_hex(&digest.finish()))
    }

    /// `None` unless the text is 64 lower-case hexadecimal digits.
    pub(super) fn parse(text: &str) -> Option<Self> {
        let plain = text.len() == 64 && text.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f'));
        plain.then(|| Self(text.to_owned()))
    }

    pub(super) fn as_str(&self) -> &str {
        &self.0
    }
}
