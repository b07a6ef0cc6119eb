//! Bytes looked at sixteen at a time: the answers have a bit for each byte, the first byte's the lowest.
//!
//! Every runtime the artefacts are shipped to has vectors of sixteen bytes; elsewhere the bits are put together one by
//! one, and mean the same.

#[cfg(all(target_arch = "wasm32", target_feature = "simd128"))]
use core::arch::wasm32::{u8x16_bitmask, u8x16_eq, u8x16_lt, u8x16_splat, u64x2, v128, v128_or};

/// Bytes that are looked at together.
pub(super) const BLOCK_BYTES: usize = 16;

/// Of an ASCII bracket, square becomes curly: they differ in this bit alone. No other byte becomes one.
const CURLY: u8 = 0x20;

/// Sixteen bytes.
#[derive(Clone, Copy, Debug)]
#[cfg(all(target_arch = "wasm32", target_feature = "simd128"))]
pub(super) struct Block(v128);

/// Sixteen bytes.
#[derive(Clone, Copy, Debug)]
#[cfg(not(all(target_arch = "wasm32", target_feature = "simd128")))]
pub(super) struct Block([u8; BLOCK_BYTES]);

impl Block {
    /// The block that begins at a place; what is missing at the end is taken for zeros.
    pub(super) fn at(bytes: &[u8], place: usize) -> Self {
        let rest = bytes.get(place..).unwrap_or_default();
        match rest.first_chunk() {
            Some(block) => Self::of(block),
            None => {
                let mut block = [0; BLOCK_BYTES];
                for (slot, byte) in block.iter_mut().zip(rest) {
                    *slot = *byte;
                }
                Self::of(&block)
            }
        }
    }
}

#[cfg(all(target_arch = "wasm32", target_feature = "simd128"))]
impl Block {
    fn of(block: &[u8; BLOCK_BYTES]) -> Self {
        let (low, high) = match block.as_chunks().0 {
            [low, high] => (u64::from_le_bytes(*low), u64::from_le_bytes(*high)),
            _ => (0, 0),
        };
        Self(u64x2(low, high))
    }

    /// Where this byte stands.
    pub(super) fn places(self, byte: u8) -> u32 {
        u8x16_bitmask(u8x16_eq(self.0, u8x16_splat(byte))).into()
    }

    /// Where bytes below this one stand.
    fn below(self, byte: u8) -> u32 {
        u8x16_bitmask(u8x16_lt(self.0, u8x16_splat(byte))).into()
    }

    /// With the bracket bit set in every byte.
    pub(super) fn curly(self) -> Self {
        Self(v128_or(self.0, u8x16_splat(CURLY)))
    }
}

#[cfg(not(all(target_arch = "wasm32", target_feature = "simd128")))]
impl Block {
    const fn of(block: &[u8; BLOCK_BYTES]) -> Self {
        Self(*block)
    }

    fn bits(self, is: impl Fn(u8) -> bool) -> u32 {
        self.0.iter().rev().fold(0, |bits, byte| (bits << 1) | u32::from(is(*byte)))
    }

    /// Where this byte stands.
    pub(super) fn places(self, byte: u8) -> u32 {
        self.bits(|found| found == byte)
    }

    /// Where bytes below this one stand.
    fn below(self, byte: u8) -> u32 {
        self.bits(|found| found < byte)
    }

    /// With the bracket bit set in every byte.
    pub(super) fn curly(self) -> Self {
        Self(self.0.map(|byte| byte | CURLY))
    }
}

/// Where a byte other than zero stands first.
#[inline(never)]
pub(super) fn position(bytes: &[u8], byte: u8) -> Option<usize> {
    let mut place = 0_usize;
    while place < bytes.len() {
        let places = Block::at(bytes, place).places(byte);
        if places != 0 {
            return place.checked_add(usize::try_from(places.trailing_zeros()).ok()?);
        }
        place = place.checked_add(BLOCK_BYTES)?;
    }
    None
}

/// How often a byte other than zero stands there.
pub(super) fn count(bytes: &[u8], byte: u8) -> usize {
    let places = (0..bytes.len()).step_by(BLOCK_BYTES).map(|place| Block::at(bytes, place).places(byte));
    usize::try_from(places.map(u32::count_ones).fold(0, u32::saturating_add)).unwrap_or(usize::MAX)
}

/// Whether there is white space of ASCII.
pub(super) fn has_space(bytes: &[u8]) -> bool {
    let (blocks, rest) = bytes.as_chunks();
    let is_space = |byte: &u8| byte.is_ascii_whitespace();
    let in_block =
        |block: &[u8; BLOCK_BYTES]| Block::of(block).below(b'!') != 0 && block.iter().any(is_space);
    blocks.iter().any(in_block) || rest.iter().any(is_space)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_byte_is_seen_for_what_it_is_wherever_it_stands() {
        for byte in 0..=u8::MAX {
            for length in [1, 15, 16, 17, 33] {
                for place in 0..length {
                    let mut bytes = vec![b'a'; length];
                    bytes[place] = byte;
                    let found = bytes.iter().position(|found| *found == byte);
                    let times = bytes.iter().filter(|found| **found == byte).count();
                    if byte != 0 {
                        assert_eq!(position(&bytes, byte), found, "{byte} at {place} of {length}");
                        assert_eq!(count(&bytes, byte), times, "{byte} at {place} of {length}");
                    }
                    assert_eq!(
                        has_space(&bytes),
                        byte.is_ascii_whitespace(),
                        "{byte} at {place} of {length}"
                    );
                }
            }
            let curly = Block::at(&[byte], 0).curly();
            assert_eq!(curly.places(b'{') == 1, matches!(byte, b'{' | b'['), "{byte}");
            assert_eq!(curly.places(b'}') == 1, matches!(byte, b'}' | b']'), "{byte}");
        }
        assert_eq!((position(b"", b'a'), count(b"", b'a'), has_space(b"")), (None, 0, false));
    }
}
