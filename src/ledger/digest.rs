//! A digest is kept as its 32 bytes and written as 64 characters.

use crate::crypto::{HexCase, Sha256, decode_hex, encode_hex};
use crate::prelude::*;

/// A SHA-256 digest; as text 64 lower-case hexadecimal digits.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Digest([u8; 32]);

impl Digest {
    /// What stands before the first line.
    pub(super) const fn zero() -> Self {
        Self([0; 32])
    }

    /// SHA-256 of a message in parts.
    pub(super) fn of(parts: &[&[u8]]) -> Self {
        let mut digest = Sha256::new();
        for part in parts {
            digest.update(part);
        }
        Self::finished(digest)
    }

    /// SHA-256 of what was hashed.
    pub(super) fn finished(digest: Sha256) -> Self {
        Self(digest.finish())
    }

    /// `None` unless the text is 64 lower-case hexadecimal digits.
    pub(super) fn parse(text: &str) -> Option<Self> {
        decode_hex(text, HexCase::Lower).ok()?.try_into().ok().map(Self)
    }

    pub(super) fn text(self) -> String {
        encode_hex(&self.0)
    }
}
