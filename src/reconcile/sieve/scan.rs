//! One chunk of a file: its rows are read, those of the ledger are kept, those of the settlement are held against them.

use super::cells::{self, Layout, Span};
use super::entries::{Met, Sought, TOGETHER};
use super::lanes::Lane;
use super::plain::Plain;
use super::print::{self, Print};
use super::recall::Chunk;
use super::separators::Separators;
use super::{Sieve, Unfit};
use crate::ledger::EventType;
use crate::prelude::*;
use crate::reconcile::Source;
use crate::reconcile::columns::Columns;
use crate::reconcile::row::Side;

/// So many rows show whether most of a file is plain.
const TRIAL_ROWS: usize = 20_000;

/// A row of the settlement, before it is held against the ledger.
#[derive(Clone, Copy, Debug)]
pub(super) struct Parsed {
    plain: Option<Plain>,
    /// Whether its cells say what it says, as they stand there.
    is_bare: bool,
    is_quoted: bool,
    start: u32,
    /// Which of the separators are its own: the first.
    first: usize,
    line: u64,
}

impl Sieve {
    /// How many bytes of the buffer are whole rows, all of which were looked at.
    pub(super) fn chunk(&mut self, data: &[u8], separators: &Separators) -> Result<usize, Unfit> {
        let Some(last) = separators.feeds().last() else { return Ok(0) };
        let whole = usize::try_from(*last).unwrap_or_default().saturating_add(1);
        let rows = data.get(..whole).ok_or(Unfit)?;
        if separators.has_zeros || (separators.is_foreign && core::str::from_utf8(rows).is_err()) {
            return Err(Unfit);
        }
        let is_alone =
            |(place, byte): (usize, &u8)| *byte == b'\r' && rows.get(place.wrapping_add(1)) != Some(&b'\n');
        if separators.has_returns && rows.iter().enumerate().any(is_alone) {
            return Err(Unfit);
        }
        let file = self.recall.file(self.side);
        let chunk = Chunk { file, at: self.base, length: whole, line: self.line };
        self.recall.chunks(self.side).push(chunk);
        // A header alone does not tell how long rows are.
        if self.awaits_room && separators.feeds().len() > 1 {
            self.awaits_room = false;
            self.entries.reserve(self.recall.rows_expected(rows));
        }
        self.met.clear();
        self.prints.clear();
        let (mut first, mut start) = (0_usize, 0_usize);
        for feed in separators.feeds() {
            let feed = usize::try_from(*feed).unwrap_or_default();
            let line = self.line;
            let next = feed.wrapping_add(1);
            self.line = line.wrapping_add(1);
            if separators.has_quotes {
                let inside = data.get(start..feed).unwrap_or_default();
                let breaks = inside.iter().filter(|byte| **byte == b'\n').count();
                self.line = self.line.wrapping_add(u64::try_from(breaks).unwrap_or_default());
            }
            // Empty lines are passed over.
            if matches!(data.get(start), Some(b'\n' | b'\r')) {
                first = first.wrapping_add(1);
                start = next;
                continue;
            }
            let Some(layout) = self.layout else {
                let width = self.header(data.get(start..feed).unwrap_or_default())?;
                first = first.wrapping_add(width);
                start = next;
                continue;
            };
            let behind = first.wrapping_add(layout.width);
            let ends = separators.all().get(first..behind).ok_or(Unfit)?;
            let end = ends.last().and_then(|end| usize::try_from(*end).ok()).ok_or(Unfit)?;
            let is_whole = end == feed
                || (separators.has_returns && end.wrapping_add(1) == feed && data.get(end) == Some(&b'\r'));
            if !is_whole {
                return Err(Unfit);
            }
            let mut span = Span { data, start, ends, is_quoted: false };
            span.is_quoted = separators.has_quotes && span.raw().contains(&b'"');
            self.row(&span, &layout, (first, line))?;
            first = behind;
            start = next;
        }
        self.meet(data, separators)?;
        if self.counts.rows > TRIAL_ROWS && self.counts.odd.saturating_mul(2) > self.counts.rows {
            return Err(Unfit);
        }
        Ok(whole)
    }

    /// Reads the header; gives how many cells it has.
    #[inline(never)]
    fn header(&mut self, header: &[u8]) -> Result<usize, Unfit> {
        let place = usize::from(self.side.byte());
        let name = self.plan.names.get(place).and_then(|names| names.get(self.file)).ok_or(Unfit)?;
        let mapping = self.plan.mappings.get(place).ok_or(Unfit)?;
        let mapping: Vec<(&str, &str)> = mapping.iter().map(|(ours, theirs)| (&**ours, &**theirs)).collect();
        let columns = Columns::read(self.side, Source { name, data: header }, &mapping).ok_or(Unfit)?;
        let layout = columns.layout().ok_or(Unfit)?;
        self.counts.has_ids |= columns.has_ids();
        self.layout = Some(layout);
        self.reader.columns(self.side).push(columns);
        Ok(layout.width)
    }

    /// Reads a row of the ledger into the entries, and one of the settlement to be held against them.
    #[inline]
    fn row(&mut self, span: &Span<'_>, layout: &Layout, (first, line): (usize, u64)) -> Result<(), Unfit> {
        // What is quoted otherwise is for the strict reader.
        let is_simple = !span.is_quoted || span.is_wrapped();
        if self.share.of > 1 && is_simple {
            let reference = span.bytes(layout.reference).unwrap_or_default();
            // Without one the id stands for it, which the strict reader finds out.
            if !reference.is_empty() && !self.share.holds(reference) {
                return Ok(());
            }
        }
        self.counts.rows = self.counts.rows.wrapping_add(1);
        let fast = if is_simple { cells::read(span, layout, &self.key, &mut self.words) } else { None };
        let is_bare = fast.is_some();
        let (print, plain) = match fast {
            Some((print, plain)) => (print, Some(plain)),
            None => match self.slow(span, line)? {
                Some(found) => found,
                None => return Ok(()),
            },
        };
        let start = u32::try_from(span.start).unwrap_or_default();
        if self.side == Side::Ledger || self.lane == Lane::Other {
            let base = u32::try_from(self.base).map_err(|_| Unfit)?;
            self.entries.push(print, plain, base.wrapping_add(start));
        } else {
            self.prints.push(print);
            self.met.push(Parsed { plain, is_bare, is_quoted: span.is_quoted, start, first, line });
        }
        Ok(())
    }

    /// The same by the strict reader; `None` for a row of another share.
    #[inline(never)]
    fn slow(&mut self, span: &Span<'_>, line: u64) -> Result<Option<(Print, Option<Plain>)>, Unfit> {
        let place = (self.side, self.recall.file(self.side), line);
        let Self { reader, words, key, share, counts, .. } = self;
        reader.row(place, span.raw(), &mut |row| {
            if !share.holds_row(row) {
                return Some(None);
            }
            counts.has_children |= !matches!(row.kind, Some(EventType::Charge));
            let plain = Plain::of(row, words);
            counts.odd = counts.odd.wrapping_add(usize::from(plain.is_none()));
            let mut text = row.reference.as_bytes().to_vec();
            text.resize(text.len().saturating_add(print::SLACK_BYTES).next_multiple_of(32), 0);
            Some(Some((print::print(key, &text, row.reference.len())?, plain)))
        })
    }

    /// Holds the rows of a chunk of the settlement against the ledger.
    #[inline(never)]
    fn meet(&mut self, data: &[u8], separators: &Separators) -> Result<(), Unfit> {
        let met = core::mem::take(&mut self.met);
        let base = u32::try_from(self.base).map_err(|_| Unfit)?;
        let days = self.days();
        let width = self.layout.map_or(0, |layout| layout.width);
        let mut sought = Sought::default();
        for (rows, prints) in met.chunks(TOGETHER).zip(self.prints.chunks(TOGETHER)) {
            self.entries.seek(prints, &mut sought);
            for (row, own) in rows.iter().zip(prints.iter().copied().zip(sought.places())) {
                let found = self.entries.meet(own, row.plain.as_ref(), base.wrapping_add(row.start), days);
                if let Met::Both(other) = found {
                    self.recall.again(other);
                }
                if found != Met::Agreed {
                    let start = usize::try_from(row.start).unwrap_or_default();
                    let ends = separators.all().get(row.first..row.first.wrapping_add(width)).ok_or(Unfit)?;
                    let place = (self.side, self.recall.file(self.side), row.line);
                    let (reader, kept) = (&mut self.reader, &mut self.kept);
                    let span = Span { data, start, ends, is_quoted: row.is_quoted };
                    let layout = self.layout.as_ref().filter(|_| row.is_bare);
                    let plain = layout.zip(row.plain.as_ref());
                    let plain = plain
                        .and_then(|(layout, plain)| cells::row(place, &span, layout, plain, &self.words));
                    if let Some(row) = plain {
                        kept.keep(&row);
                        continue;
                    }
                    reader.row(place, span.raw(), &mut |row| {
                        kept.keep(row);
                        Some(())
                    })?;
                }
            }
        }
        self.met = met;
        Ok(())
    }
}
