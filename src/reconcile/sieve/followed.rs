//! A row that another one follows stays with it: the judge looks for it by its reference, and by its id.
//!
//! What follows (a refund, a dispute, a fee, an adjustment) is never plain, so all names that are looked for are known when
//! all files were passed, and a row that is let through looks for none. References are kept. Ids are not: where anything is
//! looked for, files with ids are passed once more, for nothing but their ids.

use super::cells::{Layout, Span};
use super::print::{self, KEY_BYTES, Print, spread};
use super::recall::Chunk;
use super::separators::{BLOCK_BYTES, Separators};
use super::{Sieve, Unfit, Wanted};
use crate::prelude::*;
use crate::reconcile::children::subject;
use crate::reconcile::columns::Columns;
use crate::reconcile::row::{Row, Side};

/// The names that are looked for.
#[derive(Debug, Default)]
pub(super) struct Followed {
    /// In order, once all are there.
    names: Vec<u128>,
    /// A bit for each of them, by its hash, of 64 or more for each: of the ids of a file nearly none is looked for.
    bits: Vec<u64>,
    /// Which chunk is passed once more.
    chunk: Option<(Side, usize)>,
    /// The file whose header was passed by.
    under_header: Option<(Side, usize)>,
}

impl Followed {
    /// Keeps the name of what a row follows; `None` for one that is too long.
    pub(super) fn note(&mut self, row: &Row<'_>, key: &[u8; KEY_BYTES]) -> Option<()> {
        if let Some(name) = subject(row) {
            self.names.push(number(print::of_text(key, name)?));
        }
        Some(())
    }

    /// Whether nothing is looked for.
    pub(super) const fn is_empty(&self) -> bool {
        self.names.is_empty()
    }

    /// Puts the names in order, once all are there.
    fn close(&mut self) {
        self.names.sort_unstable();
        self.names.dedup();
        self.bits = vec![0; self.names.len().next_power_of_two()];
        for name in &self.names {
            let (place, bit) = place_of(*name, self.bits.len());
            if let Some(bits) = self.bits.get_mut(place) {
                *bits |= bit;
            }
        }
    }

    #[inline]
    fn has(&self, name: Print) -> bool {
        let name = number(name);
        let (place, bit) = place_of(name, self.bits.len());
        self.bits.get(place).is_some_and(|bits| bits & bit != 0) && self.names.binary_search(&name).is_ok()
    }
}

/// A print as one number: such are sorted elsewhere already, and code that sorts is long.
#[inline]
fn number([low, high]: Print) -> u128 {
    u128::from(low) << u64::BITS | u128::from(high)
}

fn print_of(number: u128) -> Print {
    let half = |bits: u128| u64::try_from(bits & u128::from(u64::MAX)).unwrap_or_default();
    [half(number >> u64::BITS), half(number)]
}

/// Where the bit of a name stands, among so many words.
#[inline]
fn place_of(name: u128, words: usize) -> (usize, u64) {
    let mixed = spread(print_of(name));
    let place = usize::try_from(mixed >> 32).unwrap_or_default() & words.wrapping_sub(1);
    (place, 1_u64.rotate_left(u32::try_from(mixed >> 58).unwrap_or_default()))
}

impl Sieve {
    /// What the rows that stay follow stays as well: by its reference at once, by its id when the chunks were passed that
    /// [`Sieve::wanted`] asks for.
    #[inline(never)]
    pub(super) fn keep_followed(&mut self) {
        self.followed.close();
        for place in 0..self.followed.names.len() {
            if let Some(name) = self.followed.names.get(place).copied() {
                self.stay(print_of(name));
            }
        }
        self.next_chunk(Some((Side::Ledger, 0)));
    }

    /// The chunk that is to be passed once more.
    pub(super) fn wanted_for_ids(&self) -> Option<Wanted> {
        self.followed.chunk.and_then(|(side, place)| self.recall.wanted_chunk(side, place))
    }

    /// Goes on to a chunk, or to the next one behind it that has ids; where there is none, everything is known.
    #[inline(never)]
    fn next_chunk(&mut self, mut at: Option<(Side, usize)>) {
        if self.followed.names.is_empty() {
            at = None;
        }
        while let Some((side, place)) = at {
            let Some(chunk) = self.recall.chunks(side).get(place).copied() else {
                at = (side == Side::Ledger).then_some((Side::Settlement, 0));
                continue;
            };
            if self.layout_of(side, chunk.file).is_some_and(|layout| layout.id.is_some()) {
                break;
            }
            at = Some((side, place.saturating_add(1)));
        }
        self.followed.chunk = at;
        if at.is_none() {
            self.settle();
        }
    }

    fn layout_of(&mut self, side: Side, file: usize) -> Option<Layout> {
        self.reader.columns(side).get(file).and_then(Columns::layout)
    }

    /// Passes the chunk that was wanted, for its ids.
    ///
    /// # Errors
    ///
    /// [`Unfit`] where the file is not what it was.
    #[inline(never)]
    pub(super) fn pass_ids(&mut self) -> Result<(), Unfit> {
        let (side, place) = self.followed.chunk.ok_or(Unfit)?;
        let chunk = self.recall.chunks(side).get(place).copied().ok_or(Unfit)?;
        let layout = self.layout_of(side, chunk.file).ok_or(Unfit)?;
        let mut buffer = core::mem::take(&mut self.buffer);
        let mut separators = core::mem::take(&mut self.separators);
        let length = ended(&mut buffer, chunk.length);
        separators.find(&buffer, length, layout.delimiter);
        let passed = self.chunk_of_ids((side, chunk), &buffer, &separators, &layout);
        (self.buffer, self.separators) = (buffer, separators);
        passed?;
        self.next_chunk(Some((side, place.saturating_add(1))));
        Ok(())
    }

    #[inline(never)]
    fn chunk_of_ids(
        &mut self,
        (side, chunk): (Side, Chunk),
        data: &[u8],
        separators: &Separators,
        layout: &Layout,
    ) -> Result<(), Unfit> {
        let (mut first, mut start) = (0_usize, 0_usize);
        for feed in separators.feeds() {
            let feed = usize::try_from(*feed).unwrap_or_default();
            let (from, own) = (start, first);
            start = feed.wrapping_add(1);
            // Empty lines are passed over.
            if matches!(data.get(from), Some(b'\n' | b'\r')) {
                first = first.wrapping_add(1);
                continue;
            }
            first = first.wrapping_add(layout.width);
            if self.followed.under_header != Some((side, chunk.file)) {
                self.followed.under_header = Some((side, chunk.file));
                continue;
            }
            let ends = separators.all().get(own..first).ok_or(Unfit)?;
            let mut span = Span { data, start: from, ends, is_quoted: false };
            span.is_quoted = separators.has_quotes && span.raw().contains(&b'"');
            if !span.is_quoted || span.is_wrapped() {
                self.id(&span, layout);
            } else {
                self.quoted_id((side, chunk.file), &span)?;
            }
        }
        Ok(())
    }

    /// Keeps a row whose id is looked for.
    #[inline(never)]
    fn id(&mut self, span: &Span<'_>, layout: &Layout) {
        let Some(id) = layout.id.and_then(|id| self.print_at(span, id)) else { return };
        if self.followed.has(id)
            && let Some(reference) = self.print_at(span, layout.reference)
        {
            self.stay(reference);
        }
    }

    /// The print of a cell that is not empty.
    #[inline(never)]
    fn print_at(&self, span: &Span<'_>, index: usize) -> Option<Print> {
        let (start, length) = span.cell(index).filter(|(_, length)| *length > 0)?;
        print::print(&self.key, span.data.get(start..)?, length)
    }

    /// The same for a row in which quotes stand otherwise than around its cells.
    #[inline(never)]
    fn quoted_id(&mut self, (side, file): (Side, usize), span: &Span<'_>) -> Result<(), Unfit> {
        let Self { reader, key, .. } = self;
        let mut found = None;
        reader.row((side, file, 0), span.raw(), &mut |row| {
            found = print::of_text(key, row.id).zip(print::of_text(key, row.reference));
            Some(())
        })?;
        let (id, reference) = found.ok_or(Unfit)?;
        if self.followed.has(id) {
            self.stay(reference);
        }
        Ok(())
    }

    /// The rows of a reference stay.
    fn stay(&mut self, reference: Print) {
        if let Some(offset) = self.entries.stay(reference) {
            self.recall.again(offset);
        }
    }
}

/// Ends a chunk with a line break, which the last row of a file may go without, and what is behind it with nothing; gives its
/// length then.
fn ended(buffer: &mut [u8], length: usize) -> usize {
    let is_open = length > 0 && buffer.get(length.wrapping_sub(1)) != Some(&b'\n');
    let mut behind = buffer.get_mut(length..).unwrap_or_default().iter_mut();
    if is_open && let Some(end) = behind.next() {
        *end = b'\n';
    }
    behind.take(BLOCK_BYTES).for_each(|byte| *byte = 0);
    length.saturating_add(usize::from(is_open))
}
