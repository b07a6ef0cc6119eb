//! The hash functions providers sign with, behind one type, so that whoever hashes is written once.

use sha2::Digest;
use zeroize::Zeroize as _;

/// Which hash.
///
/// SHA-1 is here for the providers that never moved on; as HMAC it is not known to be broken.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum HashAlgorithm {
    /// 20 bytes.
    Sha1,
    /// 32 bytes.
    Sha256,
    /// 64 bytes.
    Sha512,
}

/// The longest block of a [`HashAlgorithm`], in bytes.
pub const BLOCK_BYTES_MAX: usize = 128;

/// The longest [`HashValue`], in bytes.
pub const HASH_BYTES_MAX: usize = 64;

impl HashAlgorithm {
    /// Bytes the hash takes at once; a MAC's key is padded to as many.
    #[must_use]
    pub const fn block_bytes(self) -> usize {
        match self {
            Self::Sha1 | Self::Sha256 => 64,
            Self::Sha512 => BLOCK_BYTES_MAX,
        }
    }

    /// Bytes of the result.
    #[must_use]
    pub const fn hash_bytes(self) -> usize {
        match self {
            Self::Sha1 => 20,
            Self::Sha256 => 32,
            Self::Sha512 => HASH_BYTES_MAX,
        }
    }

    /// The hash of a message that comes in pieces.
    ///
    /// Where [`Hasher`] is linked anyway, this is the one to use: [`sha256`](super::sha256) is for artefacts that have no
    /// other hash.
    #[must_use]
    pub fn of(self, pieces: &[&[u8]]) -> HashValue {
        let mut hash = Hasher::new(self);
        for piece in pieces {
            hash.update(piece);
        }
        hash.finish()
    }
}

/// A message being hashed. It does not print: the state of a keyed hash signs.
#[derive(Clone)]
pub struct Hasher(State);

#[derive(Clone)]
enum State {
    Sha1(sha1::Sha1),
    Sha256(sha2::Sha256),
    Sha512(sha2::Sha512),
}

/// What a hash gave: 20, 32 or 64 bytes. It does not print, since it may be that of a secret.
#[derive(Clone, Copy)]
pub struct HashValue {
    bytes: [u8; HASH_BYTES_MAX],
    length: usize,
}

impl Hasher {
    /// A hash of nothing yet.
    #[must_use]
    pub fn new(algorithm: HashAlgorithm) -> Self {
        Self(match algorithm {
            HashAlgorithm::Sha1 => State::Sha1(sha1::Sha1::new()),
            HashAlgorithm::Sha256 => State::Sha256(sha2::Sha256::new()),
            HashAlgorithm::Sha512 => State::Sha512(sha2::Sha512::new()),
        })
    }

    /// Adds the next part. Parts are not separated: `"ab"`, `"c"` and `"a"`, `"bc"` are the same message.
    pub fn update(&mut self, part: &[u8]) {
        match &mut self.0 {
            State::Sha1(state) => state.update(part),
            State::Sha256(state) => state.update(part),
            State::Sha512(state) => state.update(part),
        }
    }

    /// The hash of everything added.
    #[must_use]
    pub fn finish(self) -> HashValue {
        match self.0 {
            State::Sha1(state) => HashValue::of(&state.finalize()),
            State::Sha256(state) => HashValue::of(&state.finalize()),
            State::Sha512(state) => HashValue::of(&state.finalize()),
        }
    }
}

impl HashValue {
    /// The bytes of a hash that was computed elsewhere; those beyond [`HASH_BYTES_MAX`] are left out.
    #[must_use]
    pub fn of(bytes: &[u8]) -> Self {
        let mut value = Self { bytes: [0; HASH_BYTES_MAX], length: bytes.len().min(HASH_BYTES_MAX) };
        fill(&mut value.bytes, bytes);
        value
    }

    /// Overwrites the bytes, for a hash that stands for a key.
    pub(super) fn wipe(&mut self) {
        self.bytes.zeroize();
    }

    /// The bytes.
    #[must_use]
    pub fn as_bytes(&self) -> &[u8] {
        self.bytes.get(..self.length).unwrap_or_default()
    }
}

/// Puts bytes at the beginning of a longer buffer.
pub(super) fn fill(buffer: &mut [u8], bytes: &[u8]) {
    let length = buffer.len().min(bytes.len());
    if let (Some(slots), Some(bytes)) = (buffer.get_mut(..length), bytes.get(..length)) {
        slots.copy_from_slice(bytes);
    }
}

impl core::fmt::Debug for Hasher {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.write_str("Hasher([REDACTED])")
    }
}

impl core::fmt::Debug for HashValue {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.write_str("HashValue([REDACTED])")
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::crypto::encode_hex;

    #[test]
    fn the_example_of_fips_180_4_holds_for_each_algorithm_whole_and_in_parts() {
        let table = [
            (HashAlgorithm::Sha1, "a9993e364706816aba3e25717850c26c9cd0d89d"),
            (HashAlgorithm::Sha256, "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"),
            (
                HashAlgorithm::Sha512,
                "ddaf35a193617abacc417349ae20413112e6fa4e89a97ea20a9eeee64b55d39a\
                 2192992a274fc1a836ba3c23a3feebbd454d4423643ce80e2a9ac94fa54ca49f",
            ),
        ];
        for (algorithm, expected) in table {
            for parts in [vec!["abc"], vec!["", "a", "bc"]] {
                let mut hash = Hasher::new(algorithm);
                for part in parts {
                    hash.update(part.as_bytes());
                }
                let found = hash.finish();
                assert_eq!(encode_hex(found.as_bytes()), expected);
                assert_eq!(found.as_bytes().len(), algorithm.hash_bytes());
            }
        }
    }
}
