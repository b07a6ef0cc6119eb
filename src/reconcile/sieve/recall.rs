//! Where the chunks of the files stand, and which of them are to be read again for which rows.

use super::Unfit;
use super::cells::{self, Span};
use super::entries::Left;
use super::print::KEY_BYTES;
use super::rows::{Kept, Reader};
use super::words::Words;
use crate::prelude::*;
use crate::reconcile::columns::Columns;
use crate::reconcile::row::Side;

/// Rows that were looked at together.
#[derive(Clone, Copy, Debug)]
pub(super) struct Chunk {
    pub(super) file: usize,
    /// Bytes of the side before it.
    pub(super) at: u64,
    pub(super) length: usize,
    /// Line of its first row.
    pub(super) line: u64,
    /// Where its rows begin among all of the side, and on which line, where each of them has one line to itself.
    pub(super) rows: Option<(usize, u64)>,
}

/// A stretch of a file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Wanted {
    /// The side of the file.
    pub side: Side,
    /// Which of the files of its side, from 0.
    pub file: usize,
    /// Bytes before the stretch.
    pub offset: u64,
    /// Its bytes.
    pub length: usize,
}

/// One side.
#[derive(Debug, Default)]
struct Known {
    chunks: Vec<Chunk>,
    /// Where each file begins in its side.
    files: Vec<u64>,
    /// Where the rows begin that are to be read again, in order.
    rows: Vec<u32>,
    /// Which of all rows these are, or nothing.
    places: Vec<u32>,
}

/// Both sides.
#[derive(Debug, Default)]
pub(super) struct Recall {
    ledger: Known,
    settlement: Known,
    /// Chunks that are to be read: side, chunk, and which of the rows.
    asks: Vec<(Side, usize, usize, usize)>,
    asked: usize,
    bytes: u64,
}

impl Recall {
    const fn known(&mut self, side: Side) -> &mut Known {
        if matches!(side, Side::Ledger) { &mut self.ledger } else { &mut self.settlement }
    }

    /// Bytes of the side before the file that is being read.
    pub(super) fn begins(&self, side: Side) -> Option<u64> {
        let known = if side == Side::Ledger { &self.ledger } else { &self.settlement };
        known.files.last().copied()
    }

    pub(super) fn begin(&mut self, side: Side, base: u64) {
        self.known(side).files.push(base);
    }

    /// How many bytes the file has.
    pub(super) const fn expect(&mut self, bytes: u64) {
        self.bytes = bytes;
    }

    /// How many rows the file seems to have, by those at its beginning; a few more.
    pub(super) fn rows_expected(&self, beginning: &[u8]) -> usize {
        let feeds = beginning.iter().filter(|byte| **byte == b'\n').count().saturating_add(1);
        let size = beginning.len().checked_div(feeds).unwrap_or_default().max(8);
        let rows = usize::try_from(self.bytes).unwrap_or_default().checked_div(size).unwrap_or_default();
        rows.saturating_add(rows / 64).saturating_add(64)
    }

    pub(super) fn chunks(&mut self, side: Side) -> &mut Vec<Chunk> {
        &mut self.known(side).chunks
    }

    /// The file that is being read.
    pub(super) fn file(&self, side: Side) -> usize {
        let known = if side == Side::Ledger { &self.ledger } else { &self.settlement };
        known.files.len().saturating_sub(1)
    }

    /// A row of the settlement that agreed, and stays after all.
    pub(super) fn again(&mut self, offset: u32) {
        self.settlement.rows.push(offset);
    }

    /// Finds out what is to be read again; `left`: the rows of the ledger that stay.
    pub(super) fn finish(&mut self, Left { offsets, places }: Left) {
        (self.ledger.rows, self.ledger.places) = (offsets, places);
        self.settlement.rows.sort_unstable();
        for (side, known) in [(Side::Ledger, &self.ledger), (Side::Settlement, &self.settlement)] {
            let mut behind = 0_usize;
            for (place, chunk) in known.chunks.iter().enumerate() {
                let end = chunk.at.saturating_add(u64::try_from(chunk.length).unwrap_or_default());
                // Between two chunks may be rows that another lane has read.
                let [from, to] = [chunk.at, end].map(|end| {
                    let rest = known.rows.get(behind..).unwrap_or_default();
                    behind = behind.saturating_add(rest.partition_point(|row| u64::from(*row) < end));
                    behind
                });
                if to > from {
                    self.asks.push((side, place, from, to));
                }
            }
        }
    }

    /// How many rows are to be read again.
    pub(super) const fn rows(&self) -> usize {
        self.ledger.rows.len().saturating_add(self.settlement.rows.len())
    }

    /// Where the rows begin that are to be read again, of a stretch of a side.
    pub(super) fn staying(&self, side: Side, from: u32, to: u32) -> &[u32] {
        let rows = if side == Side::Ledger { &self.ledger.rows } else { &self.settlement.rows };
        let [from, to] = [from, to].map(|end| rows.partition_point(|row| *row < end));
        rows.get(from..to).unwrap_or_default()
    }

    pub(super) fn wanted(&self) -> Option<Wanted> {
        let (side, place, ..) = *self.asks.get(self.asked)?;
        self.wanted_chunk(side, place)
    }

    /// Where a chunk stands.
    pub(super) fn wanted_chunk(&self, side: Side, place: usize) -> Option<Wanted> {
        let known = if side == Side::Ledger { &self.ledger } else { &self.settlement };
        let chunk = known.chunks.get(place)?;
        let offset = chunk.at.saturating_sub(*known.files.get(chunk.file)?);
        // The line break behind the last row of a file may have been ours.
        Some(Wanted { side, file: chunk.file, offset, length: chunk.length })
    }

    /// Takes the rows of a chunk.
    pub(super) fn give(
        &mut self,
        buffer: &[u8],
        (reader, key, words): (&mut Reader, &[u8; KEY_BYTES], &mut Words),
        kept: &mut Kept,
    ) -> Result<(), Unfit> {
        let (side, place, from, to) = *self.asks.get(self.asked).ok_or(Unfit)?;
        self.asked = self.asked.saturating_add(1);
        let known = if side == Side::Ledger { &self.ledger } else { &self.settlement };
        let chunk = *known.chunks.get(place).ok_or(Unfit)?;
        let data = buffer.get(..chunk.length).ok_or(Unfit)?;
        let layout = reader.columns(side).get(chunk.file).and_then(Columns::layout).ok_or(Unfit)?;
        let mut ends = Vec::new();
        let (mut at, mut line) = (0_usize, chunk.line);
        let mut places = known.places.get(from..to).unwrap_or_default().iter();
        for row in known.rows.get(from..to).unwrap_or_default() {
            let start = u64::from(*row).checked_sub(chunk.at).and_then(|start| usize::try_from(start).ok());
            let start = start.filter(|start| *start >= at).ok_or(Unfit)?;
            let before = data.get(at..start).ok_or(Unfit)?;
            // To count them again takes as long as to read the row.
            let known_line = chunk.rows.zip(places.next()).and_then(|((first, line), place)| {
                let behind = usize::try_from(*place).ok()?.checked_sub(first)?;
                line.checked_add(u64::try_from(behind).ok()?)
            });
            line = known_line.unwrap_or_else(|| line.saturating_add(breaks(before)));
            at = start;
            let place = (side, chunk.file, line);
            if cells_at(data, start, layout.delimiter, &mut ends) && ends.len() == layout.width {
                let span = Span { data: buffer, start, ends: &ends, is_quoted: false };
                let plain = cells::read(&span, &layout, key, words);
                let row = plain.and_then(|(_, plain)| cells::row(place, &span, &layout, &plain, words));
                if let Some(row) = row {
                    kept.keep(&row);
                    continue;
                }
            }
            let raw = row_at(data.get(start..).ok_or(Unfit)?);
            reader.row(place, raw, &mut |row| {
                kept.keep(row);
                Some(())
            })?;
        }
        Ok(())
    }
}

/// How many line breaks there are, counted in bytes, of which a machine with vectors adds sixteen at once.
fn breaks(text: &[u8]) -> u64 {
    let mut sum = 0_u64;
    for stretch in text.chunks(usize::from(u8::MAX)) {
        let own = stretch.iter().fold(0_u8, |own, byte| own.wrapping_add(u8::from(*byte == b'\n')));
        sum = sum.wrapping_add(own.into());
    }
    sum
}

/// Where the cells of a row end that has neither quotes nor carriage returns; no for another one, and for one that does
/// not end.
fn cells_at(data: &[u8], start: usize, delimiter: u8, ends: &mut Vec<u32>) -> bool {
    ends.clear();
    let Ok(mut place) = u32::try_from(start) else { return false };
    for byte in data.get(start..).unwrap_or_default() {
        match byte {
            b'\n' => {
                ends.push(place);
                return true;
            }
            b'"' | b'\r' => return false,
            other if *other == delimiter => ends.push(place),
            _ => {}
        }
        place = place.wrapping_add(1);
    }
    false
}

/// The row that a text begins with, without its line break.
fn row_at(text: &[u8]) -> &[u8] {
    let mut is_quoted = false;
    let end = text.iter().position(|byte| {
        is_quoted ^= *byte == b'"';
        *byte == b'\n' && !is_quoted
    });
    let row = text.get(..end.unwrap_or(text.len())).unwrap_or_default();
    row.strip_suffix(b"\r").unwrap_or(row)
}
