//! One memory for everything: the rows, the area, the verifiers, and whatever a delivery is made of.
//!
//! A text is a [`Span`] of it, which fits one register. What is put together stands at the end, and is cut off when the
//! next call begins.

use super::code;
use crate::prelude::*;
use crate::webhook::block::position;
use crate::webhook::moment;

/// Where a text begins, and where it ends. Nothing is ever wrong with one: what lies outside of the memory is empty.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Span(u64);

impl Span {
    /// A text of no bytes.
    pub(super) const EMPTY: Self = Self(0);
    /// No text at all. It has no bytes either.
    pub(super) const NONE: Self = Self(u64::MAX);

    pub(super) fn new(at: usize, end: usize) -> Self {
        Self(u64::from(low(at)) | (u64::from(low(end)) << 32))
    }

    /// As [`Span::new`], in the compiler.
    pub(super) const fn fixed(at: usize, bytes: usize) -> Self {
        let ([a, b, c, d, ..], [e, f, g, h, ..]) = (at.to_le_bytes(), at.wrapping_add(bytes).to_le_bytes());
        Self(u64::from_le_bytes([a, b, c, d, e, f, g, h]))
    }

    /// From how it is kept in memory.
    pub(super) const fn of(bits: u64) -> Self {
        Self(bits)
    }

    /// As it is kept in memory.
    pub(super) const fn bits(self) -> u64 {
        self.0
    }

    pub(super) fn at(self) -> usize {
        usize::try_from(self.0 & u64::from(u32::MAX)).unwrap_or_default()
    }

    pub(super) fn end(self) -> usize {
        usize::try_from(self.0 >> 32).unwrap_or_default()
    }

    pub(super) fn len(self) -> usize {
        self.end().wrapping_sub(self.at())
    }

    pub(super) fn is_empty(self) -> bool {
        self.len() == 0
    }

    pub(super) fn is_none(self) -> bool {
        self == Self::NONE
    }

    /// What stands before a place.
    pub(super) fn before(self, place: usize) -> Self {
        Self::new(self.at(), place)
    }

    /// What stands behind the byte at a place; the end has nothing behind it.
    #[inline(never)]
    pub(super) fn after(self, place: usize) -> Self {
        Self::new(place.wrapping_add(1).min(self.end()), self.end())
    }

    /// Without its first bytes.
    pub(super) fn skip(self, bytes: usize) -> Self {
        Self::new(self.at().wrapping_add(bytes), self.end())
    }
}

/// Lengths and places of a wasm memory fit.
pub(super) fn low(value: usize) -> u32 {
    u32::try_from(value).unwrap_or(u32::MAX)
}

/// The memory of one instance.
#[derive(Debug)]
pub(super) struct Memory {
    pub(super) bytes: Vec<u8>,
}

impl Memory {
    /// The bytes of a text.
    #[inline(never)]
    pub(super) fn get(&self, text: Span) -> &[u8] {
        self.bytes.get(text.at()..text.end()).unwrap_or_default()
    }

    #[inline(never)]
    pub(super) fn byte(&self, at: usize) -> u8 {
        self.bytes.get(at).copied().unwrap_or_default()
    }

    /// The number of four bytes at a place.
    #[inline(never)]
    pub(super) fn word(&self, at: usize) -> u32 {
        let bytes = self.bytes.get(at..).and_then(<[u8]>::first_chunk);
        bytes.map_or(0, |bytes| u32::from_le_bytes(*bytes))
    }

    #[inline(never)]
    pub(super) fn put(&mut self, at: usize, value: u32) {
        if let Some(slot) = self.bytes.get_mut(at..).and_then(<[u8]>::first_chunk_mut) {
            *slot = value.to_le_bytes();
        }
    }

    /// The number of eight bytes at a place.
    pub(super) fn long(&self, at: usize) -> u64 {
        u64::from(self.word(at)) | (u64::from(self.word(at.wrapping_add(4))) << 32)
    }

    #[inline(never)]
    pub(super) fn put_long(&mut self, at: usize, value: u64) {
        let [a, b, c, d, high @ ..] = value.to_le_bytes();
        self.put(at, u32::from_le_bytes([a, b, c, d]));
        self.put(at.wrapping_add(4), u32::from_le_bytes(high));
    }

    /// Where the memory ends.
    pub(super) fn end(&self) -> usize {
        self.bytes.len()
    }

    /// What was appended since the memory ended there.
    pub(super) fn since(&self, at: usize) -> Span {
        Span::new(at, self.end())
    }

    /// Appends a byte.
    #[inline(never)]
    pub(super) fn push(&mut self, byte: u8) {
        self.bytes.push(byte);
    }

    /// Appends a text that stands elsewhere in the memory.
    #[inline(never)]
    pub(super) fn copy(&mut self, text: Span) {
        if text.end() <= self.end() && text.at() <= text.end() {
            self.bytes.extend_from_within(text.at()..text.end());
        }
    }

    /// Appends bytes.
    #[inline(never)]
    pub(super) fn append(&mut self, bytes: &[u8]) {
        self.bytes.extend_from_slice(bytes);
    }

    /// Appends a number as four bytes.
    #[inline(never)]
    pub(super) fn append_word(&mut self, value: usize) {
        self.append(&low(value).to_le_bytes());
    }

    /// Where a byte other than zero stands first, or else the end of the text.
    #[inline(never)]
    pub(super) fn find(&self, text: Span, byte: u8) -> usize {
        position(self.get(text), byte).map_or(text.end(), |place| place.wrapping_add(text.at()))
    }

    /// Whether a byte other than zero stands in a text.
    pub(super) fn has(&self, text: Span, byte: u8) -> bool {
        self.find(text, byte) < text.end()
    }

    /// Whether two texts are the same.
    #[inline(never)]
    pub(super) fn same(&self, one: Span, other: Span) -> bool {
        self.get(one) == self.get(other)
    }

    /// Whether two texts are the same but for the case of their letters.
    #[inline(never)]
    pub(super) fn alike(&self, one: Span, other: Span) -> bool {
        one.len() == other.len()
            && self.get(one).iter().zip(self.get(other)).all(|(one, other)| lower(*one) == lower(*other))
    }

    /// Whether a text begins with another.
    #[inline(never)]
    pub(super) fn starts(&self, text: Span, with: Span) -> bool {
        with.len() <= text.len() && self.same(text.before(text.at().wrapping_add(with.len())), with)
    }

    /// A text without the white space around it.
    #[inline(never)]
    pub(super) fn trim(&self, text: Span) -> Span {
        let (mut at, mut end) = (text.at(), text.end());
        while at < end && is_space(self.byte(at)) {
            at = at.wrapping_add(1);
        }
        while at < end && is_space(self.byte(end.wrapping_sub(1))) {
            end = end.wrapping_sub(1);
        }
        Span::new(at, end)
    }

    /// A number in plain digits; `None` for anything else.
    pub(super) fn number(&self, text: Span) -> Option<u64> {
        moment::number(self.get(text), u64::MAX)
    }

    /// A field of a row, one of the numbers of [`code`].
    pub(super) fn field(&self, row: usize, field: usize) -> usize {
        self.byte(row.wrapping_add(field)).into()
    }

    /// The text of a row at a place among its texts.
    #[inline(never)]
    pub(super) fn text(&self, row: usize, place: usize) -> Span {
        let at = row.wrapping_add(self.field(row, code::TEXTS_AT)).wrapping_add(place);
        let from = at.wrapping_add(1);
        Span::new(from, from.wrapping_add(self.byte(at).into()))
    }

    /// The text that a field of a row names.
    #[inline(never)]
    pub(super) fn text_of(&self, row: usize, field: usize) -> Span {
        self.text(row, self.field(row, field))
    }

    /// The row of a name; 0 where there is none.
    #[inline(never)]
    pub(super) fn row(&self, name: Span) -> usize {
        let mut row = ROWS_AT;
        loop {
            let length = self.row_bytes(row);
            if length == 0 || self.same(self.text_of(row, code::NAME), name) {
                return if length == 0 { 0 } else { row };
            }
            row = row.wrapping_add(length);
        }
    }

    /// How long a row is; behind the last stands one of no bytes.
    pub(super) fn row_bytes(&self, row: usize) -> usize {
        usize::try_from(self.word(row) & 0xffff).unwrap_or_default()
    }
}

/// Where the rows begin: not at 0, which stands for no row.
pub(super) const ROWS_AT: usize = 4;

pub(super) const fn is_space(byte: u8) -> bool {
    byte.is_ascii_whitespace()
}

/// A letter in lower case.
pub(super) const fn lower(byte: u8) -> u8 {
    byte.to_ascii_lowercase()
}
