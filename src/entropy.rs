//! Randomness is an argument: the same bytes in give the same numbers out, on every platform, for ever.
//!
//! The generator is xoshiro256** 1.0 (Blackman and Vigna, public domain reference) seeded through SplitMix64. It
//! decides *when* to retry and *which* fault to inject; it never makes a secret. Draws are integers only.

/// A deterministic stream of numbers.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Entropy {
    state: [u64; 4],
}

impl Entropy {
    /// A stream from a number, for simulations: the seed that a failure prints.
    #[inline]
    #[must_use]
    pub const fn from_seed(seed: u64) -> Self {
        let (a, seed) = split_mix(seed);
        let (b, seed) = split_mix(seed);
        let (c, seed) = split_mix(seed);
        let (d, _) = split_mix(seed);
        Self { state: [a, b, c, d] }
    }

    /// A stream from 16 bytes of the host's generator.
    #[must_use]
    pub const fn from_bytes(bytes: [u8; 16]) -> Self {
        let wide = u128::from_le_bytes(bytes);
        let (low, high) = halves(wide);
        let (a, low) = split_mix(low);
        let (b, _) = split_mix(low);
        let (c, high) = split_mix(high);
        let (d, _) = split_mix(high);
        Self { state: [a, b, c, d] }
    }

    /// An independent stream for one purpose.
    ///
    /// Drawing one more number here never shifts another stream: the label and this stream's *origin* decide, so
    /// derive all streams before drawing from the parent.
    #[inline]
    #[must_use]
    pub fn stream(&self, label: &str) -> Self {
        let [a, b, c, d] = self.state;
        let mut hash = a ^ b.rotate_left(16) ^ c.rotate_left(32) ^ d.rotate_left(48);
        for byte in label.bytes() {
            // FNV-1a, 64 bit: labels are ours, so no attacker chooses them.
            hash = (hash ^ u64::from(byte)).wrapping_mul(0x0000_0100_0000_01b3);
        }
        Self::from_seed(hash)
    }

    /// The next 64 bits.
    #[inline]
    pub const fn next_u64(&mut self) -> u64 {
        let [a, b, c, d] = self.state;
        let result = b.wrapping_mul(5).rotate_left(7).wrapping_mul(9);
        let shifted = b << 17;
        let c = c ^ a;
        let d = d ^ b;
        let b = b ^ c;
        let a = a ^ d;
        self.state = [a, b, c ^ shifted, d.rotate_left(45)];
        result
    }

    /// A number in `0..bound`, without bias; 0 when `bound` is 0.
    pub const fn below(&mut self, bound: u64) -> u64 {
        if bound == 0 {
            return 0;
        }
        // Lemire's method: the high half of a 128-bit product, redrawn in the rare biased zone.
        let threshold = match bound.wrapping_neg().checked_rem(bound) {
            Some(threshold) => threshold,
            None => return 0,
        };
        loop {
            let (low, high) = wide_product(self.next_u64(), bound);
            if low >= threshold {
                return high;
            }
        }
    }

    /// True in `ppm` of a million draws. One draw is always taken, so that changing a rate shifts nothing.
    pub const fn chance_ppm(&mut self, ppm: u32) -> bool {
        #[expect(clippy::as_conversions, reason = "u32 to u64 is lossless; From is not const")]
        let bound = ppm as u64;
        self.below(1_000_000) < bound
    }

    /// 16 bytes, for identifiers.
    pub fn bytes16(&mut self) -> [u8; 16] {
        let (low, high) = (u128::from(self.next_u64()), u128::from(self.next_u64()));
        (low | (high << 64)).to_le_bytes()
    }

    /// The state, for a snapshot.
    #[must_use]
    pub const fn state(&self) -> [u64; 4] {
        self.state
    }

    /// A stream from a snapshot; `None` for the all-zero state, which would give zeros for ever.
    #[must_use]
    pub const fn from_state(state: [u64; 4]) -> Option<Self> {
        let [a, b, c, d] = state;
        if a | b | c | d == 0 {
            return None;
        }
        Some(Self { state })
    }
}

const fn split_mix(seed: u64) -> (u64, u64) {
    let next = seed.wrapping_add(0x9e37_79b9_7f4a_7c15);
    let z = (next ^ (next >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    let z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    (z ^ (z >> 31), next)
}

#[expect(clippy::as_conversions, reason = "both halves fit: one is masked by the cast, the other shifted")]
const fn halves(wide: u128) -> (u64, u64) {
    (wide as u64, (wide >> 64) as u64)
}

#[expect(clippy::as_conversions, reason = "widening to 128 bits is lossless; From is not const")]
const fn wide_product(a: u64, b: u64) -> (u64, u64) {
    halves((a as u128).wrapping_mul(b as u128))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::prelude::*;

    #[test]
    fn the_first_numbers_of_a_seed_never_change() {
        let mut entropy = Entropy::from_seed(7);
        let first: Vec<u64> = core::iter::repeat_with(|| entropy.next_u64()).take(3).collect();
        let again: Vec<u64> = {
            let mut entropy = Entropy::from_seed(7);
            core::iter::repeat_with(|| entropy.next_u64()).take(3).collect()
        };
        assert_eq!(first, again);
        // xoshiro256** over the state SplitMix64 gives for seed 0, from the reference programs.
        let mut zero = Entropy::from_seed(0);
        assert_eq!(zero.next_u64(), 0x99ec_5f36_cb75_f2b4);
    }

    #[test]
    fn a_draw_stays_below_its_bound_and_reaches_every_value() {
        let mut entropy = Entropy::from_seed(1);
        let mut seen = [false; 7];
        for _ in 0..1_000 {
            let draw = usize::try_from(entropy.below(7)).unwrap();
            seen[draw] = true;
        }
        assert_eq!(seen, [true; 7]);
        assert_eq!(entropy.below(0), 0);
        assert_eq!(entropy.below(1), 0);
    }

    #[test]
    fn streams_with_different_labels_are_independent() {
        let root = Entropy::from_seed(42);
        let (mut faults, mut ids) = (root.stream("faults"), root.stream("ids"));
        assert_ne!(faults.next_u64(), ids.next_u64());
        assert_eq!(root.stream("faults").next_u64(), root.stream("faults").next_u64());
    }

    #[test]
    fn a_snapshot_continues_where_it_was_taken() {
        let mut entropy = Entropy::from_bytes(*b"sixteen bytes ok");
        let _ = entropy.next_u64();
        let mut restored = Entropy::from_state(entropy.state()).unwrap();
        assert_eq!(entropy.next_u64(), restored.next_u64());
        assert_eq!(Entropy::from_state([0; 4]), None);
    }
}
