//! The hash functions providers sign with, behind one type, so that whoever hashes is written once.

use core::slice;

use sha2::block_api::{compress256, compress512};
use zeroize::{Zeroize as _, ZeroizeOnDrop};

use super::sha1;

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

/// A message being hashed. It does not print, and wipes itself: the state of a keyed hash signs.
///
/// The three differ in how a block changes the state, which is the work of well-kept crates; how a message is cut into
/// blocks, and what its last one ends with, is the same and stands here once.
#[derive(Clone)]
pub struct Hasher {
    algorithm: HashAlgorithm,
    /// The state of SHA-1, which has five words, and SHA-256.
    narrow: [u32; 8],
    /// The state of SHA-512.
    wide: [u64; 8],
    block: [u8; BLOCK_BYTES_MAX],
    /// Bytes of the message in `block`: always less than a block.
    filled: usize,
    /// Bytes of the message so far.
    bytes: u64,
}

/// What a hash gave: 20, 32 or 64 bytes. It does not print, since it may be that of a secret.
#[derive(Clone, Copy)]
pub struct HashValue {
    bytes: [u8; HASH_BYTES_MAX],
    length: usize,
}

/// The state SHA-1 begins with (FIPS 180-4, 5.3.1).
pub(super) const SHA1_INITIAL: [u32; 8] =
    [0x6745_2301, 0xefcd_ab89, 0x98ba_dcfe, 0x1032_5476, 0xc3d2_e1f0, 0, 0, 0];

/// The state SHA-512 begins with (FIPS 180-4, 5.3.5). That of SHA-256 is the upper half of each word: both are digits of
/// the same square roots.
pub(super) const SHA512_INITIAL: [u64; 8] = [
    0x6a09_e667_f3bc_c908,
    0xbb67_ae85_84ca_a73b,
    0x3c6e_f372_fe94_f82b,
    0xa54f_f53a_5f1d_36f1,
    0x510e_527f_ade6_82d1,
    0x9b05_688c_2b3e_6c1f,
    0x1f83_d9ab_fb41_bd6b,
    0x5be0_cd19_137e_2179,
];

impl Hasher {
    /// A hash of nothing yet.
    #[must_use]
    pub fn new(algorithm: HashAlgorithm) -> Self {
        let mut narrow = SHA1_INITIAL;
        if algorithm == HashAlgorithm::Sha256 {
            for (word, wide) in narrow.iter_mut().zip(SHA512_INITIAL) {
                *word = u32::try_from(wide >> 32).unwrap_or_default();
            }
        }
        Self { algorithm, narrow, wide: SHA512_INITIAL, block: [0; BLOCK_BYTES_MAX], filled: 0, bytes: 0 }
    }

    /// Adds the next part. Parts are not separated: `"ab"`, `"c"` and `"a"`, `"bc"` are the same message.
    pub fn update(&mut self, part: &[u8]) {
        // A message of 2^61 bytes does not fit into any memory.
        self.bytes = self.bytes.wrapping_add(u64::try_from(part.len()).unwrap_or_default());
        let mut rest = part;
        while !rest.is_empty() {
            let room = self.block.get_mut(self.filled..self.algorithm.block_bytes()).unwrap_or_default();
            let (now, later) = rest.split_at_checked(room.len()).unwrap_or((rest, &[]));
            fill(room, now);
            rest = later;
            self.filled = self.filled.saturating_add(now.len());
            if self.filled >= self.algorithm.block_bytes() {
                self.compress();
            }
        }
    }

    /// The hash of everything added.
    #[must_use]
    pub fn finish(mut self) -> HashValue {
        let bits = self.bytes.wrapping_mul(8).to_be_bytes();
        self.update(&[0x80]);
        let size = self.algorithm.block_bytes();
        // The number of bits is an eighth of a block, of which the first half is zero for SHA-512.
        if self.filled > size.saturating_sub(size / 8) {
            self.pad();
            self.compress();
        }
        self.pad();
        if let Some(last) = self.block.get_mut(..size).and_then(<[u8]>::last_chunk_mut) {
            *last = bits;
        }
        self.compress();
        let mut value = HashValue { bytes: [0; HASH_BYTES_MAX], length: self.algorithm.hash_bytes() };
        if self.algorithm == HashAlgorithm::Sha512 {
            for (slot, word) in value.bytes.as_chunks_mut().0.iter_mut().zip(self.wide) {
                *slot = word.to_be_bytes();
            }
        } else {
            for (slot, word) in value.bytes.as_chunks_mut().0.iter_mut().zip(self.narrow) {
                *slot = word.to_be_bytes();
            }
        }
        value
    }

    /// Zeros up to the end of the block.
    fn pad(&mut self) {
        self.block.get_mut(self.filled..).unwrap_or_default().fill(0);
    }

    /// Takes the block into the state.
    fn compress(&mut self) {
        self.filled = 0;
        if self.algorithm == HashAlgorithm::Sha512 {
            return compress512(&mut self.wide, &[self.block]);
        }
        let Some(block) = self.block.first_chunk() else { return };
        match self.algorithm {
            HashAlgorithm::Sha1 => sha1::compress(&mut self.narrow, block),
            _ => compress256(&mut self.narrow, slice::from_ref(block)),
        }
    }
}

impl Drop for Hasher {
    fn drop(&mut self) {
        self.narrow.zeroize();
        self.wide.zeroize();
        self.block.zeroize();
    }
}

impl ZeroizeOnDrop for Hasher {}

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
pub(crate) fn fill(buffer: &mut [u8], bytes: &[u8]) {
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
