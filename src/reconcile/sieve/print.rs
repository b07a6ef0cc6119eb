//! Two texts have one print if and only if they are the same, but for a chance of 2^-64 for any two that differ.
//!
//! This is NH of UMAC (RFC 4418, 5.2) twice, the second time with the key shifted by 16 bytes: products of words and
//! secret words, summed. The chance is proven for every two texts, as long as whoever wrote them does not know the key,
//! which is made anew for each run. Two prints of 64 bits were chosen over one cryptographic hash because a row has 30
//! nanoseconds.

#[cfg(all(target_arch = "wasm32", target_feature = "simd128"))]
use core::arch::wasm32::{
    i32x4_add, i64x2_add, i64x2_extmul_high_u32x4, i64x2_extmul_low_u32x4, i64x2_extract_lane, u8x16,
    u8x16_lt, u8x16_splat, u64x2, v128, v128_and,
};

/// Bytes of the longest text that has a print.
pub(super) const TEXT_BYTES_MAX: usize = 512;

/// Bytes of a key.
pub const KEY_BYTES: usize = TEXT_BYTES_MAX + 32;

/// Bytes behind a text that are looked at and do not count.
pub(super) const SLACK_BYTES: usize = STEP_BYTES;

/// Bytes of text that are taken together.
const STEP_BYTES: usize = 32;

/// A print: 128 bits.
pub(super) type Print = [u64; 2];

/// The bits of a print in one word, of which the upper ones depend on all: for tables.
#[inline]
pub(super) const fn spread([low, high]: Print) -> u64 {
    (low ^ high.rotate_left(32)).wrapping_mul(0x9e37_79b9_7f4a_7c15)
}

/// The print of `length` bytes at the front of `text`, which goes on for [`SLACK_BYTES`]; `None` for what is too long.
#[inline]
pub(super) fn print(key: &[u8; KEY_BYTES], text: &[u8], length: usize) -> Option<Print> {
    if length > TEXT_BYTES_MAX {
        return None;
    }
    let mut sums = Sums::new();
    let (mut at, mut left) = (0_usize, length);
    loop {
        let step = text.get(at..)?.first_chunk::<STEP_BYTES>()?;
        let key = key.get(at..)?.first_chunk::<48>()?;
        sums.add(step, left, key);
        if left <= STEP_BYTES {
            break;
        }
        left = left.wrapping_sub(STEP_BYTES);
        at = at.wrapping_add(STEP_BYTES);
    }
    let [first, second] = sums.told();
    let length = u64::try_from(length).unwrap_or_default();
    Some([first.wrapping_add(length), second.wrapping_add(length)])
}

/// The print of a text with nothing behind it.
#[inline(never)]
pub(super) fn of_text(key: &[u8; KEY_BYTES], text: &str) -> Option<Print> {
    let mut bytes = text.as_bytes().to_vec();
    bytes.resize(text.len().saturating_add(SLACK_BYTES).next_multiple_of(STEP_BYTES), 0);
    print(key, &bytes, text.len())
}

#[cfg(all(target_arch = "wasm32", target_feature = "simd128"))]
struct Sums(v128, v128);

#[cfg(all(target_arch = "wasm32", target_feature = "simd128"))]
impl Sums {
    const fn new() -> Self {
        Self(u64x2(0, 0), u64x2(0, 0))
    }

    #[inline]
    fn add(&mut self, step: &[u8; STEP_BYTES], length: usize, key: &[u8; 48]) {
        let load = |bytes: &[u8; 16]| match bytes.as_chunks().0 {
            [low, high] => u64x2(u64::from_le_bytes(*low), u64::from_le_bytes(*high)),
            _ => u64x2(0, 0),
        };
        let ([low, high], [one, two, three]) = (step.as_chunks().0, key.as_chunks().0) else { return };
        let length = u8::try_from(length).unwrap_or(u8::MAX);
        let places = u8x16(0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15);
        let low = v128_and(load(low), u8x16_lt(places, u8x16_splat(length)));
        let high = v128_and(load(high), u8x16_lt(places, u8x16_splat(length.saturating_sub(16))));
        let (one, two, three) = (load(one), load(two), load(three));
        let product = |sum: v128, one: v128, two: v128| {
            let (low, high) = (i32x4_add(low, one), i32x4_add(high, two));
            let sum = i64x2_add(sum, i64x2_extmul_low_u32x4(low, high));
            i64x2_add(sum, i64x2_extmul_high_u32x4(low, high))
        };
        self.0 = product(self.0, one, two);
        self.1 = product(self.1, two, three);
    }

    #[inline]
    fn told(&self) -> Print {
        let sum = |sum: v128| {
            let (low, high) = (i64x2_extract_lane::<0>(sum), i64x2_extract_lane::<1>(sum));
            low.wrapping_add(high).cast_unsigned()
        };
        [sum(self.0), sum(self.1)]
    }
}

#[cfg(not(all(target_arch = "wasm32", target_feature = "simd128")))]
struct Sums([u64; 2]);

#[cfg(not(all(target_arch = "wasm32", target_feature = "simd128")))]
impl Sums {
    const fn new() -> Self {
        Self([0, 0])
    }

    fn add(&mut self, step: &[u8; STEP_BYTES], length: usize, key: &[u8; 48]) {
        let mut own = [0; STEP_BYTES];
        for (own, byte) in own.iter_mut().zip(step).take(length) {
            *own = *byte;
        }
        let word = |bytes: &[u8], place: usize| {
            bytes.as_chunks().0.get(place).map_or(0, |word| u32::from_le_bytes(*word))
        };
        let Self(sums) = self;
        for (sum, shift) in sums.iter_mut().zip([0_usize, 4]) {
            for place in 0..4_usize {
                let keyed =
                    |place: usize| word(&own, place).wrapping_add(word(key, place.saturating_add(shift)));
                let product = u64::from(keyed(place)).wrapping_mul(keyed(place.saturating_add(4)).into());
                *sum = sum.wrapping_add(product);
            }
        }
    }

    const fn told(&self) -> Print {
        self.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::prelude::*;

    fn key() -> [u8; KEY_BYTES] {
        let mut state = 7_u32;
        [0; KEY_BYTES].map(|_: u8| {
            state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            u8::try_from(state >> 24).unwrap()
        })
    }

    fn of(text: &str, behind: u8) -> Print {
        let mut bytes = text.as_bytes().to_vec();
        bytes.resize(text.len().saturating_add(TEXT_BYTES_MAX + SLACK_BYTES), behind);
        print(&key(), &bytes, text.len()).unwrap()
    }

    #[test]
    fn a_print_is_of_the_text_and_not_of_what_stands_behind_it() {
        for length in [0, 1, 15, 16, 17, 31, 32, 33, 64, 65, 500] {
            let text = "a".repeat(length);
            assert_eq!(of(&text, 0), of(&text, b'z'), "{length}");
        }
    }

    #[test]
    fn texts_that_differ_have_other_prints() {
        let mut prints = Vec::new();
        for number in 0..2_000 {
            prints.push(of(&format!("pay_{number:012}"), 0));
        }
        for length in 0..100 {
            prints.push(of(&"\0".repeat(length), 0));
            prints.push(of(&"b".repeat(length.max(1)), 0));
        }
        let all = prints.len();
        prints.sort_unstable();
        prints.dedup();
        // The shortest of the last kind stands there twice.
        assert_eq!(prints.len(), all - 1);
    }

    #[test]
    fn what_is_too_long_has_none() {
        assert_eq!(print(&key(), &[0; 1_024], TEXT_BYTES_MAX + 1), None);
    }
}
