//! What the row of a delivery names, and the headers of that name.
//!
//! A header is found in the slot of its place in the row, and one that arrived several times has no value that counts.

use super::Interpreter;
use super::area::{ABSENT, LENGTHS, REPEATED, SLOT_BYTES, SLOTS_AT};
use super::code;
use super::fault::{expected, line};
use super::memory::{Span, low};
use crate::webhook::{HEADER_BYTES_MAX, SIGNATURES_MAX};

impl Interpreter {
    /// A field of the row.
    pub(super) fn field(&self, field: usize) -> usize {
        self.memory.field(self.row, field)
    }

    /// The text that a field of the row names.
    #[inline(never)]
    pub(super) fn text_of(&self, field: usize) -> Span {
        self.memory.text_of(self.row, field)
    }

    /// Whether a bit of [`code::flag`] is set.
    #[inline(never)]
    pub(super) fn is(&self, flag: u8) -> bool {
        self.memory.byte(self.row.wrapping_add(code::FLAGS)) & flag != 0
    }

    /// How many headers a row reads.
    #[inline(never)]
    pub(super) fn headers(&self, row: usize) -> usize {
        self.memory.field(row, code::TEXTS_AT).wrapping_sub(self.memory.field(row, code::SLOTS_AT))
    }

    /// The name of a header of a row.
    #[inline(never)]
    pub(super) fn header(&self, row: usize, slot: usize) -> Span {
        self.memory.text_of(row, self.memory.field(row, code::SLOTS_AT).wrapping_add(slot))
    }

    /// The length of a header as the shell has written it.
    #[inline(never)]
    fn length(&self, slot: usize) -> u32 {
        self.memory.word(Self::word_at(LENGTHS.wrapping_add(slot)))
    }

    /// The value of the header in a slot of the row, without a word about one that arrived several times.
    #[inline(never)]
    pub(super) fn peek(&self, slot: usize) -> Span {
        let slot = slot.wrapping_add(self.first_slot);
        let length = self.length(slot);
        if length >= REPEATED {
            return Span::NONE;
        }
        let at = Self::area_at(SLOTS_AT).wrapping_add(slot.wrapping_mul(SLOT_BYTES));
        Span::new(at, at.wrapping_add(usize::try_from(length).unwrap_or_default()))
    }

    /// The value of the header in a slot of the row: one that arrived several times has none that counts.
    #[inline(never)]
    pub(super) fn find(&mut self, slot: usize) -> Span {
        if self.length(slot.wrapping_add(self.first_slot)) == REPEATED {
            self.fault(line::HEADER_REPEATED, self.header(self.row, slot), expected::NOTHING);
        }
        self.peek(slot)
    }

    /// The value of a header the scheme cannot do without.
    #[inline(never)]
    pub(super) fn required(&mut self, slot: usize) -> Span {
        let value = self.find(slot);
        if value.is_none() {
            self.fault(line::HEADER_MISSING, self.header(self.row, slot), expected::NOTHING);
        }
        value
    }

    /// The row to read a delivery by that lacks headers of this one; 0 where there is none.
    pub(super) fn otherwise(&self, row: usize) -> usize {
        match self.memory.field(row, code::OTHERWISE) {
            0 => 0,
            place => self.memory.row(self.memory.text(row, place)),
        }
    }

    /// Whether a header of a row, whose first stands in this slot, is absent.
    #[inline(never)]
    fn lacks(&self, row: usize, first_slot: usize) -> bool {
        (0..self.headers(row)).any(|slot| self.length(slot.wrapping_add(first_slot)) == ABSENT)
    }

    /// Settles by which row the delivery is read: this one, or the other if it has one and a header of this one is absent.
    pub(super) fn layout(&mut self) {
        let (other, slots) = (self.otherwise(self.row), self.headers(self.row));
        if other != 0 && self.lacks(self.row, 0) && !self.lacks(other, slots) {
            (self.row, self.first_slot) = (other, slots);
        }
    }

    /// Refuses headers that are too long, of whichever row, before any is read.
    pub(super) fn lengths(&mut self) {
        let (mut row, mut slot) = (self.row, 0_usize);
        while row != 0 {
            for name in 0..self.headers(row) {
                let length = self.length(slot);
                if length > low(HEADER_BYTES_MAX) && length < REPEATED {
                    let found = usize::try_from(length).unwrap_or_default();
                    self.fault_of(line::HEADER_TOO_LONG, self.header(row, name), found, HEADER_BYTES_MAX);
                }
                slot = slot.wrapping_add(1);
            }
            row = self.otherwise(row);
        }
    }

    /// Refuses headers that hold too many items.
    pub(super) fn limits(&mut self) {
        for slot in 0..self.field(code::PLACE_SLOTS) {
            let found = self.items(self.peek(slot));
            if found > SIGNATURES_MAX {
                let name = self.header(self.row, slot);
                self.fault_of(line::TOO_MANY_SIGNATURES, name, found, SIGNATURES_MAX);
            }
        }
    }
}
