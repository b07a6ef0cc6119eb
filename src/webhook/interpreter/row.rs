//! A row as it is read: one look at one place, and nothing is kept of it.

use super::code;
use super::write::Writer;
use crate::webhook::SCHEMES;

/// A packed row, and the slot of the area at which its headers begin.
#[derive(Clone, Copy, Debug)]
pub(super) struct Row {
    bytes: &'static [u8],
    pub(super) first_slot: usize,
}

/// All rows that need no public key.
static ROWS: &[u8] = {
    const WRITER: Writer<16_384> = Writer::of(SCHEMES);
    static BYTES: [u8; WRITER.written()] = WRITER.first();
    &BYTES
};

/// Every row, in the order of their names.
pub(super) fn rows() -> impl Iterator<Item = Row> {
    let mut rest = ROWS;
    core::iter::from_fn(move || {
        let (length, _) = rest.split_first_chunk()?;
        let (bytes, more) = rest.split_at_checked(u16::from_le_bytes(*length).into())?;
        rest = more;
        Some(Row { bytes, first_slot: 0 })
    })
}

impl Row {
    /// The row of this name.
    #[inline(never)]
    pub(super) fn named(name: &[u8]) -> Option<Self> {
        rows().find(|row| row.text(code::NAME) == name)
    }

    fn byte(self, at: usize) -> u8 {
        self.bytes.get(at).copied().unwrap_or_default()
    }

    /// A field, one of the numbers of [`code`].
    pub(super) fn field(self, field: usize) -> u8 {
        self.byte(field)
    }

    /// Whether a bit of [`code::flag`] is set.
    pub(super) fn is(self, flag: u8) -> bool {
        self.byte(code::FLAGS) & flag != 0
    }

    /// The text at a place among the texts.
    #[inline(never)]
    pub(super) fn text_at(self, place: u8) -> &'static [u8] {
        let at = usize::from(self.byte(code::TEXTS_AT)).wrapping_add(place.into());
        let length = usize::from(self.byte(at));
        self.bytes.get(at.wrapping_add(1)..).and_then(|rest| rest.get(..length)).unwrap_or_default()
    }

    /// The text that a field names.
    pub(super) fn text(self, field: usize) -> &'static [u8] {
        self.text_at(self.byte(field))
    }

    /// The text of a path: names of members with dots between them.
    pub(super) fn path(self, path: usize) -> &'static [u8] {
        self.text(usize::from(self.byte(code::PATHS_AT)).wrapping_add(path))
    }

    /// How many paths there are.
    pub(super) fn paths(self) -> usize {
        self.byte(code::SLOTS_AT).wrapping_sub(self.byte(code::PATHS_AT)).into()
    }

    /// The name of a header, by its slot within the row.
    pub(super) fn header(self, slot: usize) -> &'static [u8] {
        self.text(usize::from(self.byte(code::SLOTS_AT)).wrapping_add(slot))
    }

    /// How many headers it reads.
    pub(super) fn headers(self) -> usize {
        self.byte(code::TEXTS_AT).wrapping_sub(self.byte(code::SLOTS_AT)).into()
    }

    /// The parts of what is signed, each with its two operands.
    pub(super) fn parts(self) -> &'static [[u8; code::PART_BYTES]] {
        let parts = self.bytes.get(code::PARTS_AT..self.byte(code::PATHS_AT).into());
        parts.unwrap_or_default().as_chunks().0
    }

    /// The row to read a delivery by that lacks headers of this one.
    pub(super) fn otherwise(self) -> Option<Self> {
        let other = Self::named(self.text(code::OTHERWISE))?;
        Some(Self { first_slot: self.headers(), ..other })
    }
}
