//! The hashes of [`Hasher`](super::Hasher) as loops, for an artefact that is counted by the kilobyte.
//!
//! The crate `sha2` unrolls rounds and keeps the constants of SHA-256 beside those of SHA-512, of which they are the upper
//! halves: three kilobytes more, for twice the speed. Where this runs, the host mostly hashes, and what is left is one
//! block. The rounds are those of FIPS 180-4; that they give what the crate gives is proven by the tests. They touch memory
//! in an order, and take a time, that the bytes have no part in.

use super::hash::{SHA1_INITIAL, SHA512_INITIAL, fill};
use super::sha1;

/// Words of a state. SHA-1 has five.
pub const STATE_WORDS: usize = 8;

/// A message being hashed.
#[derive(Clone)]
pub struct Hash {
    /// 1 for SHA-1, 2 for SHA-256, 3 for SHA-512.
    kind: u8,
    /// Of 32 bits each, but for SHA-512.
    state: [u64; STATE_WORDS],
    block: [u8; 128],
    /// Bytes of the message in `block`: always less than a block.
    filled: usize,
    /// Bytes of the message so far.
    bytes: usize,
    value: [u8; 64],
}

impl Default for Hash {
    fn default() -> Self {
        Self::new()
    }
}

impl core::fmt::Debug for Hash {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.write_str("Hash([REDACTED])")
    }
}

impl Hash {
    /// The number of SHA-1.
    pub const SHA1: u8 = 1;
    /// The number of SHA-256.
    pub const SHA256: u8 = 2;
    /// The number of SHA-512, and whatever is no other.
    pub const SHA512: u8 = 3;

    /// A hash that has to begin.
    #[must_use]
    pub const fn new() -> Self {
        Self { kind: 0, state: [0; STATE_WORDS], block: [0; 128], filled: 0, bytes: 0, value: [0; 64] }
    }

    /// Begins with nothing.
    #[inline(never)]
    pub fn begin(&mut self, kind: u8) {
        self.kind = kind;
        self.state = SHA512_INITIAL;
        if kind == Self::SHA256 {
            self.state = SHA512_INITIAL.map(|word| word >> 32);
        }
        if kind == Self::SHA1 {
            self.state = SHA1_INITIAL.map(u64::from);
        }
        (self.filled, self.bytes) = (0, 0);
    }

    /// Begins behind one block of which the state is known.
    pub fn resume(&mut self, kind: u8, state: [u64; STATE_WORDS]) {
        self.begin(kind);
        self.state = state;
        self.bytes = self.block_bytes();
    }

    /// The state, which after whole blocks is all there is to know.
    #[must_use]
    pub const fn state(&self) -> &[u64; STATE_WORDS] {
        &self.state
    }

    /// Bytes the hash takes at once.
    #[must_use]
    pub const fn block_bytes(&self) -> usize {
        block_bytes(self.kind)
    }

    /// Bytes of the result.
    #[must_use]
    pub const fn hash_bytes(&self) -> usize {
        match self.kind {
            Self::SHA1 => 20,
            Self::SHA256 => 32,
            _ => 64,
        }
    }

    /// Adds the next part. Parts are not separated.
    #[inline(never)]
    pub fn update(&mut self, part: &[u8]) {
        self.bytes = self.bytes.wrapping_add(part.len());
        let mut rest = part;
        while !rest.is_empty() {
            let room = self.block.get_mut(self.filled..block_bytes(self.kind)).unwrap_or_default();
            let (now, later) = rest.split_at_checked(room.len()).unwrap_or((rest, &[]));
            fill(room, now);
            rest = later;
            self.filled = self.filled.wrapping_add(now.len());
            if self.filled >= self.block_bytes() {
                self.compress();
            }
        }
    }

    /// The hash of everything added. It stays there until the next one is finished.
    #[inline(never)]
    pub fn finish(&mut self) -> &[u8] {
        // A message of 2^29 bytes does not fit into any memory of 32 bits with all the rest.
        let bits = u64::try_from(self.bytes).unwrap_or_default().wrapping_mul(8);
        let size = self.block_bytes();
        self.update(&[0x80]);
        // The number of bits is an eighth of a block, of which the first half is zero for SHA-512.
        while self.filled != size.wrapping_sub(size / 8) {
            self.update(&[0]);
        }
        if size == 128 {
            self.update(&[0; 8]);
        }
        self.update(&bits.to_be_bytes());
        let (skip, word_bytes) = if size == 128 { (0, 8) } else { (4, 4) };
        for (slot, word) in self.value.chunks_mut(word_bytes).zip(self.state) {
            fill(slot, word.to_be_bytes().get(skip..).unwrap_or_default());
        }
        self.value()
    }

    /// What was finished last.
    #[must_use]
    pub fn value(&self) -> &[u8] {
        self.value.get(..self.hash_bytes()).unwrap_or_default()
    }

    /// Takes the block into the state.
    #[inline(never)]
    fn compress(&mut self) {
        self.filled = 0;
        if self.kind >= Self::SHA512 {
            return sha512(&mut self.state, &self.block);
        }
        let mut narrow = self.state.map(|word| u32::try_from(word).unwrap_or_default());
        if let Some(block) = self.block.first_chunk() {
            match self.kind {
                Self::SHA1 => sha1::compress(&mut narrow, block),
                _ => sha256(&mut narrow, block),
            }
        }
        self.state = narrow.map(u64::from);
    }
}

const fn block_bytes(kind: u8) -> usize {
    if kind >= Hash::SHA512 { 128 } else { 64 }
}

/// The rounds of SHA-256 and SHA-512, which differ in the width of a word and how far it is rotated.
macro_rules! rounds {
    ($name:ident, $word:ty, $rounds:literal, $constant:expr, $a:literal $b:literal $c:literal, $d:literal $e:literal $f:literal, $g:literal $h:literal $i:literal, $j:literal $k:literal $l:literal) => {
        fn $name(state: &mut [$word; 8], block: &[u8; 16 * size_of::<$word>()]) {
            let mut words: [$word; 16] = [0; 16];
            for (word, bytes) in words.iter_mut().zip(block.as_chunks().0) {
                *word = <$word>::from_be_bytes(*bytes);
            }
            let [mut a, mut b, mut c, mut d, mut e, mut f, mut g, mut h] = *state;
            for (round, constant) in CONSTANTS.iter().enumerate().take($rounds) {
                let at = |place: usize| words.get(round.wrapping_add(place) & 15).copied().unwrap_or_default();
                let mut word = at(0);
                if round >= 16 {
                    let (near, far) = (at(1), at(14));
                    let near = near.rotate_right($g) ^ near.rotate_right($h) ^ (near >> $i);
                    let far = far.rotate_right($j) ^ far.rotate_right($k) ^ (far >> $l);
                    word = word.wrapping_add(near).wrapping_add(at(9)).wrapping_add(far);
                }
                if let Some(slot) = words.get_mut(round & 15) {
                    *slot = word;
                }
                let mixed = e.rotate_right($d) ^ e.rotate_right($e) ^ e.rotate_right($f);
                let first = h
                    .wrapping_add(mixed)
                    .wrapping_add((e & f) ^ (!e & g))
                    .wrapping_add($constant(*constant))
                    .wrapping_add(word);
                let mixed = a.rotate_right($a) ^ a.rotate_right($b) ^ a.rotate_right($c);
                let second = mixed.wrapping_add((a & b) ^ (a & c) ^ (b & c));
                (h, g, f, e) = (g, f, e, d.wrapping_add(first));
                (d, c, b, a) = (c, b, a, first.wrapping_add(second));
            }
            for (slot, word) in state.iter_mut().zip([a, b, c, d, e, f, g, h]) {
                *slot = slot.wrapping_add(word);
            }
        }
    };
}

rounds!(sha256, u32, 64, upper, 2 13 22, 6 11 25, 7 18 3, 17 19 10);
rounds!(sha512, u64, 80, core::convert::identity, 28 34 39, 14 18 41, 1 8 7, 19 61 6);

fn upper(word: u64) -> u32 {
    u32::try_from(word >> 32).unwrap_or_default()
}

/// The first bits of the cube roots of the first eighty primes, behind the point (FIPS 180-4, 4.2.3). SHA-256 takes the
/// upper halves of the first 64.
static CONSTANTS: [u64; 80] = [
    0x428a_2f98_d728_ae22,
    0x7137_4491_23ef_65cd,
    0xb5c0_fbcf_ec4d_3b2f,
    0xe9b5_dba5_8189_dbbc,
    0x3956_c25b_f348_b538,
    0x59f1_11f1_b605_d019,
    0x923f_82a4_af19_4f9b,
    0xab1c_5ed5_da6d_8118,
    0xd807_aa98_a303_0242,
    0x1283_5b01_4570_6fbe,
    0x2431_85be_4ee4_b28c,
    0x550c_7dc3_d5ff_b4e2,
    0x72be_5d74_f27b_896f,
    0x80de_b1fe_3b16_96b1,
    0x9bdc_06a7_25c7_1235,
    0xc19b_f174_cf69_2694,
    0xe49b_69c1_9ef1_4ad2,
    0xefbe_4786_384f_25e3,
    0x0fc1_9dc6_8b8c_d5b5,
    0x240c_a1cc_77ac_9c65,
    0x2de9_2c6f_592b_0275,
    0x4a74_84aa_6ea6_e483,
    0x5cb0_a9dc_bd41_fbd4,
    0x76f9_88da_8311_53b5,
    0x983e_5152_ee66_dfab,
    0xa831_c66d_2db4_3210,
    0xb003_27c8_98fb_213f,
    0xbf59_7fc7_beef_0ee4,
    0xc6e0_0bf3_3da8_8fc2,
    0xd5a7_9147_930a_a725,
    0x06ca_6351_e003_826f,
    0x1429_2967_0a0e_6e70,
    0x27b7_0a85_46d2_2ffc,
    0x2e1b_2138_5c26_c926,
    0x4d2c_6dfc_5ac4_2aed,
    0x5338_0d13_9d95_b3df,
    0x650a_7354_8baf_63de,
    0x766a_0abb_3c77_b2a8,
    0x81c2_c92e_47ed_aee6,
    0x9272_2c85_1482_353b,
    0xa2bf_e8a1_4cf1_0364,
    0xa81a_664b_bc42_3001,
    0xc24b_8b70_d0f8_9791,
    0xc76c_51a3_0654_be30,
    0xd192_e819_d6ef_5218,
    0xd699_0624_5565_a910,
    0xf40e_3585_5771_202a,
    0x106a_a070_32bb_d1b8,
    0x19a4_c116_b8d2_d0c8,
    0x1e37_6c08_5141_ab53,
    0x2748_774c_df8e_eb99,
    0x34b0_bcb5_e19b_48a8,
    0x391c_0cb3_c5c9_5a63,
    0x4ed8_aa4a_e341_8acb,
    0x5b9c_ca4f_7763_e373,
    0x682e_6ff3_d6b2_b8a3,
    0x748f_82ee_5def_b2fc,
    0x78a5_636f_4317_2f60,
    0x84c8_7814_a1f0_ab72,
    0x8cc7_0208_1a64_39ec,
    0x90be_fffa_2363_1e28,
    0xa450_6ceb_de82_bde9,
    0xbef9_a3f7_b2c6_7915,
    0xc671_78f2_e372_532b,
    0xca27_3ece_ea26_619c,
    0xd186_b8c7_21c0_c207,
    0xeada_7dd6_cde0_eb1e,
    0xf57d_4f7f_ee6e_d178,
    0x06f0_67aa_7217_6fba,
    0x0a63_7dc5_a2c8_98a6,
    0x113f_9804_bef9_0dae,
    0x1b71_0b35_131c_471b,
    0x28db_77f5_2304_7d84,
    0x32ca_ab7b_40c7_2493,
    0x3c9e_be0a_15c9_bebc,
    0x431d_67c4_9c10_0d4c,
    0x4cc5_d4be_cb3e_42b6,
    0x597f_299c_fc65_7e2a,
    0x5fcb_6fab_3ad6_faec,
    0x6c44_198c_4a47_5817,
];

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::crypto::{HashAlgorithm, Hasher};

    proptest! {
        #[test]
        fn every_message_has_the_hash_that_the_crates_give_it(message in proptest::collection::vec(any::<u8>(), 0..400), cut in 0_usize..400) {
            let algorithms = [HashAlgorithm::Sha1, HashAlgorithm::Sha256, HashAlgorithm::Sha512];
            for (kind, algorithm) in [Hash::SHA1, Hash::SHA256, Hash::SHA512].into_iter().zip(algorithms) {
                let (head, tail) = message.split_at(cut.min(message.len()));
                let mut hash = Hash::new();
                hash.begin(kind);
                hash.update(head);
                hash.update(tail);
                let mut expected = Hasher::new(algorithm);
                expected.update(&message);
                prop_assert_eq!(hash.finish().to_vec(), expected.finish().as_bytes().to_vec());
                prop_assert_eq!(hash.block_bytes(), algorithm.block_bytes());

                let block = vec![7; algorithm.block_bytes()];
                hash.begin(kind);
                hash.update(&block);
                let state = *hash.state();
                hash.begin(Hash::SHA1);
                hash.resume(kind, state);
                hash.update(&message);
                prop_assert_eq!(hash.finish().to_vec(), algorithm.of(&[&block, &message]).as_bytes().to_vec());
            }
        }
    }
}
