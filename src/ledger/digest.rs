//! A hash as the 64 characters it is written with.

use sha2::Digest as _;

/// A SHA-256 digest as text: 64 lower-case hexadecimal digits.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Digest(String);

impl Digest {
    /// What stands before the first line.
    pub(super) fn zero() -> Self {
        Self("0".repeat(64))
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

/// SHA-256 of a message in parts.
pub(super) fn sha256(parts: &[&[u8]]) -> Digest {
    let mut digest = sha2::Sha256::new();
    for part in parts {
        digest.update(part);
    }
    let bytes: [u8; 32] = digest.finalize().into();
    Digest(bytes.iter().map(|byte| format!("{byte:02x}")).collect())
}
