//! Where the cells and rows of a chunk end: every delimiter and line feed that is not quoted, in order.
//!
//! Sixty-four bytes are looked at together where the machine has vectors, and one by one elsewhere, with the same answer.

#[cfg(all(target_arch = "wasm32", target_feature = "simd128"))]
use core::arch::wasm32::{
    u8x16_all_true, u8x16_bitmask, u8x16_eq, u8x16_min, u8x16_splat, u64x2, v128, v128_any_true, v128_or,
};

use crate::prelude::*;

/// Bytes that are looked at together.
pub(super) const BLOCK_BYTES: usize = 64;

/// Separators that a block has at least, or nearly.
const SURE_ALL: usize = 8;

/// Line feeds that a block has at most, or nearly.
const SURE_FEEDS: usize = 2;

type Block = [u8; BLOCK_BYTES];

/// What was found in a chunk.
#[derive(Debug, Default)]
pub(super) struct Separators {
    /// Delimiters and line feeds, as many as were found; behind them room for those of the next chunk.
    all: (Vec<u32>, usize),
    /// Line feeds, likewise.
    feeds: (Vec<u32>, usize),
    /// Whether there are quotes.
    pub(super) has_quotes: bool,
    /// Whether there are carriage returns.
    pub(super) has_returns: bool,
    /// Whether there is anything beyond ASCII.
    pub(super) is_foreign: bool,
    /// Whether there are bytes of zero.
    pub(super) has_zeros: bool,
}

/// What one block holds: a bit for each byte, the first byte's the lowest.
struct Masks {
    all: u64,
    feeds: u64,
}

/// What a chunk holds anywhere.
#[cfg(all(target_arch = "wasm32", target_feature = "simd128"))]
struct Seen {
    quotes: v128,
    returns: v128,
    any: v128,
    /// The least of each sixteenth byte.
    least: v128,
}

#[cfg(not(all(target_arch = "wasm32", target_feature = "simd128")))]
#[derive(Default)]
struct Seen {
    quotes: bool,
    returns: bool,
    any: u8,
    zeros: bool,
}

impl Separators {
    /// Looks through a chunk, which is `length` bytes at the front of `data`.
    #[inline(never)]
    pub(super) fn find(&mut self, data: &[u8], length: usize, delimiter: u8) {
        let blocks = length.div_ceil(BLOCK_BYTES);
        // As many as there are bytes, so that no block asks whether there is room.
        let room = blocks.saturating_add(1).saturating_mul(BLOCK_BYTES);
        if self.all.0.len() < room {
            self.all.0.resize(room, 0);
            self.feeds.0.resize(room, 0);
        }
        let mut seen = Seen::new();
        let (mut all, mut feeds) = (0_usize, 0_usize);
        let mut base = 0_u32;
        let (full, rest) = data.get(..length).unwrap_or_default().as_chunks::<BLOCK_BYTES>();
        // Blanks are neither separators nor zeros.
        let mut last: Block = [b' '; BLOCK_BYTES];
        for (byte, end) in last.iter_mut().zip(rest) {
            *byte = *end;
        }
        for block in full.iter().chain([&last]) {
            let masks = seen.block(block, delimiter);
            all = put::<SURE_ALL>(&mut self.all.0, all, base, masks.all);
            feeds = put::<SURE_FEEDS>(&mut self.feeds.0, feeds, base, masks.feeds);
            base = base.wrapping_add(64);
        }
        (self.has_quotes, self.has_returns, self.is_foreign, self.has_zeros) = seen.told();
        if self.has_quotes {
            (all, feeds) = self.unquoted((full, &last), delimiter);
        }
        (self.all.1, self.feeds.1) = (all, feeds);
        if self.has_returns {
            self.step_back(data);
        }
    }

    /// Delimiters and line feeds; where a carriage return stands before the feed, the return.
    pub(super) fn all(&self) -> &[u32] {
        self.all.0.get(..self.all.1).unwrap_or_default()
    }

    /// Line feeds.
    pub(super) fn feeds(&self) -> &[u32] {
        self.feeds.0.get(..self.feeds.1).unwrap_or_default()
    }

    /// The same without what is quoted.
    fn unquoted(&mut self, (full, last): (&[Block], &Block), delimiter: u8) -> (usize, usize) {
        let (mut all, mut feeds, mut base) = (0_usize, 0_usize, 0_u32);
        let mut seen = Seen::new();
        // All bits where a block begins within quotes.
        let mut within = 0_u64;
        for block in full.iter().chain([last]) {
            let masks = seen.block(block, delimiter);
            let inside = odd(quotes(block)) ^ within;
            within = if inside >> 63 == 1 { u64::MAX } else { 0 };
            all = put::<SURE_ALL>(&mut self.all.0, all, base, masks.all & !inside);
            feeds = put::<SURE_FEEDS>(&mut self.feeds.0, feeds, base, masks.feeds & !inside);
            base = base.wrapping_add(64);
        }
        (all, feeds)
    }

    /// A cell ends before the carriage return of its line.
    fn step_back(&mut self, data: &[u8]) {
        for place in self.all.0.iter_mut().take(self.all.1) {
            let before = place.wrapping_sub(1);
            let byte = |place: u32| usize::try_from(place).ok().and_then(|place| data.get(place));
            if byte(*place) == Some(&b'\n') && byte(before) == Some(&b'\r') {
                *place = before;
            }
        }
    }
}

/// The bits from which on an odd number of bits is set, themselves included.
const fn odd(mut bits: u64) -> u64 {
    bits ^= bits << 1;
    bits ^= bits << 2;
    bits ^= bits << 4;
    bits ^= bits << 8;
    bits ^= bits << 16;
    bits ^ bits << 32
}

/// The quotes of a block.
#[cfg(all(target_arch = "wasm32", target_feature = "simd128"))]
#[inline]
fn quotes(block: &Block) -> u64 {
    let mut mask = 0;
    for part in block.as_chunks::<16>().0.iter().rev() {
        mask = mask << 16 | u64::from(u8x16_bitmask(u8x16_eq(vector(part), u8x16_splat(b'"'))));
    }
    mask
}

#[cfg(not(all(target_arch = "wasm32", target_feature = "simd128")))]
fn quotes(block: &Block) -> u64 {
    block.iter().rev().fold(0, |mask, byte| mask << 1 | u64::from(*byte == b'"'))
}

#[cfg(all(target_arch = "wasm32", target_feature = "simd128"))]
#[inline]
fn vector(part: &[u8; 16]) -> v128 {
    let (low, high) = match part.as_chunks().0 {
        [low, high] => (u64::from_le_bytes(*low), u64::from_le_bytes(*high)),
        _ => (0, 0),
    };
    u64x2(low, high)
}

/// Puts the places of a mask behind the first `count`; gives how many there are then. `SURE` are written whether they are there
/// or not, as a machine guesses wrong how many there are; what was too many is written over by the next.
#[inline]
fn put<const SURE: usize>(places: &mut [u32], count: usize, base: u32, mask: u64) -> usize {
    let mut rest = mask;
    let behind = places.get_mut(count..).unwrap_or_default();
    let Some((sure, others)) = behind.split_first_chunk_mut::<SURE>() else { return count };
    for slot in sure {
        *slot = base.wrapping_add(rest.trailing_zeros());
        rest &= rest.wrapping_sub(1);
    }
    for slot in others {
        if rest == 0 {
            break;
        }
        *slot = base.wrapping_add(rest.trailing_zeros());
        rest &= rest.wrapping_sub(1);
    }
    count.wrapping_add(usize::try_from(mask.count_ones()).unwrap_or_default())
}

#[cfg(all(target_arch = "wasm32", target_feature = "simd128"))]
impl Seen {
    fn new() -> Self {
        let none = u64x2(0, 0);
        Self { quotes: none, returns: none, any: none, least: u8x16_splat(b' ') }
    }

    #[inline]
    fn block(&mut self, block: &Block, delimiter: u8) -> Masks {
        let (delimiter, feed) = (u8x16_splat(delimiter), u8x16_splat(b'\n'));
        let (quote, back) = (u8x16_splat(b'"'), u8x16_splat(b'\r'));
        let mut masks = Masks { all: 0, feeds: 0 };
        let mut shift = 0_u32;
        for part in block.as_chunks::<16>().0 {
            let part = vector(part);
            let feeds = u8x16_eq(part, feed);
            let all = v128_or(feeds, u8x16_eq(part, delimiter));
            masks.all |= u64::from(u8x16_bitmask(all)).wrapping_shl(shift);
            masks.feeds |= u64::from(u8x16_bitmask(feeds)).wrapping_shl(shift);
            self.quotes = v128_or(self.quotes, u8x16_eq(part, quote));
            self.returns = v128_or(self.returns, u8x16_eq(part, back));
            self.any = v128_or(self.any, part);
            self.least = u8x16_min(self.least, part);
            shift = shift.wrapping_add(16);
        }
        masks
    }

    fn told(&self) -> (bool, bool, bool, bool) {
        let is_foreign = u8x16_bitmask(self.any) != 0;
        (v128_any_true(self.quotes), v128_any_true(self.returns), is_foreign, !u8x16_all_true(self.least))
    }
}

#[cfg(not(all(target_arch = "wasm32", target_feature = "simd128")))]
impl Seen {
    fn new() -> Self {
        Self::default()
    }

    fn block(&mut self, block: &Block, delimiter: u8) -> Masks {
        let mut masks = Masks { all: 0, feeds: 0 };
        for byte in block.iter().rev() {
            let is_feed = u64::from(*byte == b'\n');
            masks.feeds = masks.feeds << 1 | is_feed;
            masks.all = masks.all << 1 | is_feed | u64::from(*byte == delimiter);
            self.quotes |= *byte == b'"';
            self.returns |= *byte == b'\r';
            self.any |= *byte;
            self.zeros |= *byte == 0;
        }
        masks
    }

    const fn told(&self) -> (bool, bool, bool, bool) {
        (self.quotes, self.returns, !self.any.is_ascii(), self.zeros)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(text: &str, delimiter: u8) -> (Vec<u32>, Vec<u32>) {
        let mut data = text.as_bytes().to_vec();
        data.resize(text.len().next_multiple_of(BLOCK_BYTES).saturating_add(BLOCK_BYTES), 0);
        let mut separators = Separators::default();
        separators.find(&data, text.len(), delimiter);
        (separators.all().to_vec(), separators.feeds().to_vec())
    }

    #[test]
    fn separators_are_those_outside_quotes_and_before_carriage_returns() {
        let long = "x".repeat(70);
        let table = [
            ("a,b\nc,d\n", vec![1, 3, 5, 7], vec![3, 7]),
            ("a,b\r\nc,d\r\n", vec![1, 3, 6, 8], vec![4, 9]),
            ("\"a,\n\",b\n", vec![5, 7], vec![7]),
            ("\n\n", vec![0, 1], vec![0, 1]),
            (&format!("\"{long},\n{long}\",b\n,\"\"\n"), vec![144, 146, 147, 150], vec![146, 150]),
            (&format!("{long},{long}\n"), vec![70, 141], vec![141]),
        ];
        for (text, all, feeds) in table {
            assert_eq!(found(text, b','), (all.clone(), feeds.clone()), "{text:?}");
            assert_eq!(found(&text.replace(',', ";"), b';'), (all, feeds), "{text:?}");
        }
    }
}
