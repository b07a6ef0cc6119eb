//! The bytes that structure JSON, sixteen at a time: a bit for each byte, the first byte's the lowest.
//!
//! Every runtime the artefacts are shipped to has vectors of sixteen bytes; elsewhere the bits are put together one by
//! one, and mean the same.

/// Bytes that are looked at together.
pub(super) const BLOCK_BYTES: usize = 16;

/// Where in a block what stands. Only the lowest sixteen bits are ever set.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Marks {
    /// `"`.
    pub(super) quotes: u32,
    /// `\`.
    pub(super) backslashes: u32,
    /// `{` and `[`.
    pub(super) opens: u32,
    /// `}` and `]`.
    pub(super) closes: u32,
}

/// Of an ASCII bracket, square becomes curly: they differ in this bit alone. No other byte becomes one.
const CURLY: u8 = 0x20;

impl Marks {
    /// Of the block that begins at a place; what is missing at the end is taken for zeros.
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

    #[cfg(all(target_arch = "wasm32", target_feature = "simd128"))]
    fn of(block: &[u8; BLOCK_BYTES]) -> Self {
        use core::arch::wasm32::{u8x16_bitmask, u8x16_eq, u8x16_splat, u64x2, v128_or};
        let (low, high) = match block.as_chunks().0 {
            [low, high] => (u64::from_le_bytes(*low), u64::from_le_bytes(*high)),
            _ => (0, 0),
        };
        let block = u64x2(low, high);
        let curly = v128_or(block, u8x16_splat(CURLY));
        let places = |block, byte| u32::from(u8x16_bitmask(u8x16_eq(block, u8x16_splat(byte))));
        Self {
            quotes: places(block, b'"'),
            backslashes: places(block, b'\\'),
            opens: places(curly, b'{'),
            closes: places(curly, b'}'),
        }
    }

    #[cfg(not(all(target_arch = "wasm32", target_feature = "simd128")))]
    fn of(block: &[u8; BLOCK_BYTES]) -> Self {
        let places = |or: u8, byte: u8| {
            block.iter().rev().fold(0, |bits, found| (bits << 1) | u32::from(found | or == byte))
        };
        Self {
            quotes: places(0, b'"'),
            backslashes: places(0, b'\\'),
            opens: places(CURLY, b'{'),
            closes: places(CURLY, b'}'),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_byte_is_marked_for_what_it_is_wherever_it_stands() {
        for byte in 0..=u8::MAX {
            for place in 0..BLOCK_BYTES {
                let mut block = [b'a'; BLOCK_BYTES];
                block[place] = byte;
                let mark = |is: bool| if is { 1 << place } else { 0 };
                let expected = Marks {
                    quotes: mark(byte == b'"'),
                    backslashes: mark(byte == b'\\'),
                    opens: mark(matches!(byte, b'{' | b'[')),
                    closes: mark(matches!(byte, b'}' | b']')),
                };
                assert_eq!(Marks::at(&block, 0), expected, "{byte} at {place}");
                assert_eq!(Marks::at(&block[..=place], 0), expected, "{byte} at the end");
            }
        }
    }
}
