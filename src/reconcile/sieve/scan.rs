//! One chunk of a file: its rows are read, those of the ledger are kept, those of the settlement are held against them.

use super::cells::{self, Layout, Span};
use super::entries::{Met, Sought, TOGETHER};
use super::lanes::Lane;
use super::plain::{NO_FEE, Plain};
use super::print::{self, Print};
use super::recall::Chunk;
use super::separators::Separators;
use super::{Sieve, Unfit};
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
        let mut chunk = Chunk { file, at: self.base, length: whole, line: self.line, rows: None };
        let (rows_before, has_header) = (self.entries.len(), self.layout.is_none());
        // A header alone does not tell how long rows are.
        if self.awaits_room && separators.feeds().len() > 1 {
            self.awaits_room = false;
            self.entries.reserve(self.recall.rows_expected(rows));
        }
        self.met.clear();
        self.prints.clear();
        self.payouts.met.clear();
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
        let own = self.entries.len().wrapping_sub(rows_before).wrapping_add(usize::from(has_header));
        if u64::try_from(own).ok() == self.line.checked_sub(chunk.line) {
            chunk.rows = Some((rows_before, chunk.line.wrapping_add(u64::from(has_header))));
        }
        self.recall.chunks(self.side).push(chunk);
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
        let names_payouts = layout.payout.is_some();
        if self.side == Side::Settlement {
            self.payouts.admit(names_payouts)?;
        }
        // The lines of a payout are of all shares.
        if names_payouts && self.side == Side::Settlement && self.share.of > 1 {
            return Err(Unfit);
        }
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
            // What follows another row may follow one of this share.
            if !reference.is_empty() && !self.share.holds(reference) && span.is_charge(layout) {
                return Ok(());
            }
        }
        self.counts.rows = self.counts.rows.wrapping_add(1);
        let fast = if is_simple { cells::read(span, layout, &self.key, &mut self.words) } else { None };
        let is_bare = fast.is_some();
        let is_met = self.side == Side::Settlement && self.lane != Lane::Other;
        let (print, plain) = match fast {
            Some((print, plain)) => {
                self.sum(&plain);
                match layout.payout {
                    None => {}
                    Some(payout) if is_met => self.count_line(span, (layout.reference, payout), &plain)?,
                    Some(payout) => _ = self.name(span, payout, &plain)?,
                }
                if self.zones.is_watching() || plain.is_zoneless {
                    let passed = self.zones.pass(self.side, plain.zone(), Some(plain))?;
                    self.counts.odd = self.counts.odd.wrapping_add(usize::from(passed.is_none()));
                    (print, passed)
                } else {
                    (print, Some(plain))
                }
            }
            None => match self.slow(span, line)? {
                Some(found) => found,
                None => return Ok(()),
            },
        };
        let start = u32::try_from(span.start).unwrap_or_default();
        if is_met {
            self.prints.push(print);
            self.met.push(Parsed { plain, is_bare, is_quoted: span.is_quoted, start, first, line });
            return Ok(());
        }
        let base = u32::try_from(self.base).map_err(|_| Unfit)?;
        self.entries.push(print, plain, base.wrapping_add(start));
        if layout.payout.is_some() {
            self.entries.name(self.payouts.met.last().copied().unwrap_or_default());
        }
        Ok(())
    }

    /// Counts a plain row, which is a charge, where somebody asks what rows come to.
    #[inline(always)]
    fn sum(&mut self, plain: &Plain) {
        let Some(sums) = &mut self.sums else { return };
        if let Some(currency) = self.words.of(plain.currency) {
            let fee = if plain.fee == NO_FEE { 0 } else { plain.fee };
            sums.count(self.side, currency, plain.amount.into(), fee.into());
        }
    }

    /// Counts a plain row of the settlement to the payout that it names.
    #[inline(never)]
    fn count_line(
        &mut self,
        span: &Span<'_>,
        (reference, payout): (usize, usize),
        plain: &Plain,
    ) -> Result<(), Unfit> {
        let offset = self.offset(span)?;
        let reference = span.bytes(reference).ok_or(Unfit)?;
        let number = self.name(span, payout, plain)?;
        if number == 0 {
            self.counts.odd = self.counts.odd.wrapping_add(1);
            return Ok(());
        }
        self.payouts.add(number, plain, (reference, offset)).ok_or(Unfit)
    }

    /// Notes which payout the cell of a row names.
    #[inline(never)]
    fn name(&mut self, span: &Span<'_>, payout: usize, plain: &Plain) -> Result<u32, Unfit> {
        let (start, length) = span.cell(payout).ok_or(Unfit)?;
        let rest = span.data.get(start..).ok_or(Unfit)?;
        let print = print::print(&self.key, rest, length).ok_or(Unfit)?;
        self.payouts.name(print, rest.get(..length).unwrap_or_default(), plain.currency).ok_or(Unfit)
    }

    /// Where a row begins in its side.
    fn offset(&self, span: &Span<'_>) -> Result<u32, Unfit> {
        let base = u32::try_from(self.base).map_err(|_| Unfit)?;
        Ok(base.wrapping_add(u32::try_from(span.start).unwrap_or_default()))
    }

    /// The same by the strict reader; `None` for a row of another share.
    #[inline(never)]
    fn slow(&mut self, span: &Span<'_>, line: u64) -> Result<Option<(Print, Option<Plain>)>, Unfit> {
        let place = (self.side, self.recall.file(self.side), line);
        let offset = self.offset(span)?;
        let names_payouts = self.layout.is_some_and(|layout| layout.payout.is_some());
        let Self { side, reader, words, key, share, counts, payouts, followed, zones, sums, .. } = self;
        reader.row(place, span.raw(), &mut |row| {
            followed.note(row, key)?;
            if let Some(sums) = sums {
                sums.add(row);
            }
            if !share.holds_row(row) {
                return Some(None);
            }
            let zone = row.occurred_at.map(|_| row.is_zoneless);
            let plain = zones.pass(*side, zone, Plain::of(row, words)).ok()?;
            let is_line = *side == Side::Settlement;
            if names_payouts && !is_line {
                let print = print::of_text(key, row.payout_id)?;
                payouts.name(print, row.payout_id.as_bytes(), words.currency(row.currency)?)?;
            }
            let names_payouts = names_payouts && is_line;
            if names_payouts {
                payouts.add_row(row, plain.as_ref(), (key, offset), words)?;
            }
            let is_alone = names_payouts && row.payout_id.is_empty();
            counts.odd = counts.odd.wrapping_add(usize::from(plain.is_none() || is_alone));
            Some(Some((print::of_text(key, row.reference)?, plain)))
        })
    }

    /// Holds the rows of a chunk of the settlement against the ledger.
    #[inline(never)]
    fn meet(&mut self, data: &[u8], separators: &Separators) -> Result<(), Unfit> {
        let met = core::mem::take(&mut self.met);
        let base = u32::try_from(self.base).map_err(|_| Unfit)?;
        let days = self.days();
        let width = self.layout.map_or(0, |layout| layout.width);
        let names_payouts = self.layout.is_some_and(|layout| layout.payout.is_some());
        let mut named = core::mem::take(&mut self.payouts.met);
        named.resize(met.len(), 0);
        let mut sought = Sought::default();
        for ((rows, prints), payouts) in
            met.chunks(TOGETHER).zip(self.prints.chunks(TOGETHER)).zip(named.chunks(TOGETHER))
        {
            self.entries.seek(prints, &mut sought);
            let own = prints.iter().copied().zip(sought.places());
            for ((row, own), payout) in rows.iter().zip(own).zip(payouts) {
                // What is in no payout, where others are, is asked about.
                let plain = row.plain.as_ref().filter(|_| !names_payouts || *payout != 0);
                let offset = base.wrapping_add(row.start);
                let found = self.entries.meet(own, (plain, *payout), offset, days);
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
        (self.met, self.payouts.met) = (met, named);
        Ok(())
    }
}
