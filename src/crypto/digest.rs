//! SHA-256, for fingerprints and hash chains, and the digests providers sign with.

use sha2::Digest as _;

use super::hash::HashAlgorithm;
use super::{Secret, encode_hex};
use crate::prelude::*;

/// SHA-256 over a message that comes in parts.
#[derive(Clone, Debug, Default)]
pub struct Sha256(sha2::Sha256);

impl Sha256 {
    /// A digest of nothing yet.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds the next part. Parts are not separated: `"ab"`, `"c"` and `"a"`, `"bc"` are the same message.
    pub fn update(&mut self, part: &[u8]) {
        self.0.update(part);
    }

    /// The digest of a message in parts.
    #[cfg(feature = "webhooks-full")]
    pub(super) fn of_parts(parts: &[&[u8]]) -> [u8; 32] {
        let mut digest = Self::new();
        for part in parts {
            digest.update(part);
        }
        digest.finish()
    }

    /// The digest of everything added.
    #[must_use]
    pub fn finish(self) -> [u8; 32] {
        self.0.finalize().into()
    }
}

/// Which digest a provider signs with, where it takes none of the secret but a place in the message.
///
/// No SHA-1: as a bare digest it is broken.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Hash {
    /// 32 bytes.
    Sha256,
    /// 64 bytes.
    Sha512,
}

impl Hash {
    /// The stable name, as `schemes()` shows it.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Sha256 => "sha256",
            Self::Sha512 => "sha512",
        }
    }

    /// The digest of a message that comes in pieces.
    #[must_use]
    pub fn digest(self, pieces: &[&[u8]]) -> Vec<u8> {
        let algorithm = match self {
            Self::Sha256 => HashAlgorithm::Sha256,
            Self::Sha512 => HashAlgorithm::Sha512,
        };
        algorithm.of(pieces).as_bytes().to_vec()
    }
}

/// SHA-1 of a secret, which a provider takes for the key. Not for messages.
#[must_use]
pub fn sha1_of_secret(secret: &Secret) -> Secret {
    let mut value = HashAlgorithm::Sha1.of(&[secret.expose()]);
    let key = Secret::new(value.as_bytes().to_vec());
    value.wipe();
    key
}

/// SHA-256 of one message.
#[must_use]
pub fn sha256(message: &[u8]) -> [u8; 32] {
    sha2::Sha256::digest(message).into()
}

/// SHA-256 of one message as 64 lower-case hexadecimal digits.
#[must_use]
pub fn sha256_hex(message: &[u8]) -> String {
    encode_hex(&sha256(message))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_examples_of_fips_180_4_hold_whole_and_in_parts() {
        let table = [
            ("", "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"),
            ("abc", "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"),
            (
                "abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq",
                "248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1",
            ),
        ];
        for (message, expected) in table {
            assert_eq!(sha256_hex(message.as_bytes()), expected);
            let mut parts = Sha256::new();
            for part in message.as_bytes().chunks(5) {
                parts.update(part);
            }
            assert_eq!(encode_hex(&parts.finish()), expected);
        }
    }
}
