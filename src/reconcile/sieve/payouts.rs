//! What the lines of each payout sum to, found out while they pass; and which of those that agree stay all the same.
//!
//! A line that agrees can be spared where it is in the currency of its payout, and is not asked for: see `summed`.
//! The judge's own [`asked`](summed::asked) says which lines are asked for, of the rows of payouts that were met, and
//! once more of all that stays, so that what was taken for granted here is never more than time.

use core::cmp::Reverse;

use super::Unfit;
use super::plain::{NO_FEE, Plain, moment};
use super::print::{KEY_BYTES, Print, of_text, spread};
use super::rows::Kept;
use super::words::Words;
use crate::prelude::*;
use crate::reconcile::order::order;
use crate::reconcile::payouts::{READINGS, Reading, effect, is_line};
use crate::reconcile::row::Row;
use crate::reconcile::summed::{self, Asked, LINES_MAX, Summed};
use crate::time::Timestamp;

/// Sums below it are exact in whatever order they are made.
const SIZE_MAX: u64 = 1 << 62;

/// Where a line begins, and its reference among [`Payouts::texts`].
#[derive(Clone, Copy, Debug)]
struct Line {
    offset: u32,
    from: usize,
    length: usize,
}

/// The lines of one payout in one currency.
#[derive(Debug)]
struct Payout {
    print: Print,
    key: String,
    /// The number of their currency; 0 before the first line.
    currency: u8,
    lines: usize,
    /// What the lines are, under each reading.
    sums: [i64; summed::READINGS],
    /// No sum of any of the figures is larger.
    size: u64,
    /// The first and last moment.
    times: Option<[Timestamp; 2]>,
    /// Plain lines with the lowest references, in order; the highest reference of one, and where that begins.
    first: Vec<Line>,
    last: Vec<u8>,
    last_at: u32,
    /// What is asked for, once that is known: nothing else stays for its sake.
    fate: Option<Fate>,
}

/// What becomes of lines that agree.
#[derive(Debug, Default)]
struct Fate {
    has: Asked,
    /// Where those begin that stay.
    stay: Vec<u32>,
    /// How many others there are, and of how many of them the ledger names the payout too.
    cleared: usize,
    alike: usize,
}

/// The payouts that the settlement's lines name.
#[derive(Debug, Default)]
pub(super) struct Payouts {
    list: Vec<Payout>,
    /// The references of lines that are among the first of their payouts, or were.
    texts: Vec<u8>,
    /// Places in the list, from 1; a power of two of slots.
    slots: Vec<u32>,
    /// Of each row that was met in this chunk the payout, from 1; 0 for one that names none, and of the settlement for one that
    /// is no line. None where no column names them.
    pub(super) met: Vec<u32>,
    /// Whether a column of the files names payouts, once one was seen.
    is_named: Option<bool>,
}

impl Payouts {
    /// Whether a file may come beside those before it: where no column names payouts, its lines are in none.
    pub(super) fn admit(&mut self, is_named: bool) -> Result<(), Unfit> {
        if *self.is_named.get_or_insert(is_named) == is_named { Ok(()) } else { Err(Unfit) }
    }

    /// Whether a column of the settlement names payouts.
    pub(super) const fn is_named(&self) -> bool {
        matches!(self.is_named, Some(true))
    }

    /// The number of the lines of a payout that goes by a name, in a currency.
    #[inline(never)]
    fn number(&mut self, [low, high]: Print, key: &[u8], currency: u8) -> Option<u32> {
        let print = [low.wrapping_add(currency.into()), high];
        if self.list.len().saturating_mul(2) >= self.slots.len() {
            self.grow();
        }
        let mask = self.slots.len().wrapping_sub(1);
        let mut slot = slot(print) & mask;
        loop {
            let held = self.slots.get_mut(slot)?;
            let Some(place) = held.checked_sub(1) else {
                let number = u32::try_from(self.list.len()).ok()?.checked_add(1)?;
                *held = number;
                self.list.push(Payout::new(print, core::str::from_utf8(key).ok()?));
                return Some(number);
            };
            if self.list.get(usize::try_from(place).ok()?)?.print == print {
                return Some(*held);
            }
            slot = slot.wrapping_add(1) & mask;
        }
    }

    #[inline(never)]
    fn grow(&mut self) {
        let size = self.slots.len().saturating_mul(2).max(256);
        self.slots = vec![0; size];
        for (payout, number) in self.list.iter().zip(1..) {
            let mut at = slot(payout.print) & size.wrapping_sub(1);
            while let Some(held) = self.slots.get_mut(at) {
                if *held == 0 {
                    *held = number;
                    break;
                }
                at = at.wrapping_add(1) & size.wrapping_sub(1);
            }
        }
    }

    #[inline]
    fn get(&mut self, number: u32) -> Option<&mut Payout> {
        self.list.get_mut(usize::try_from(number).ok()?.checked_sub(1)?)
    }

    /// Notes of the row that was met, by its currency, which payout it names, by what that is called; gives the number.
    pub(super) fn name(&mut self, print: Print, name: &[u8], currency: u8) -> Option<u32> {
        let number = if name.is_empty() { 0 } else { self.number(print, name, currency)? };
        self.met.push(number);
        Some(number)
    }

    /// Adds a plain line that begins at an offset.
    #[inline(never)]
    pub(super) fn add(
        &mut self,
        number: u32,
        plain: &Plain,
        (reference, offset): (&[u8], u32),
    ) -> Option<()> {
        let payout = self.list.get_mut(usize::try_from(number).ok()?.checked_sub(1)?)?;
        (payout.currency, payout.lines) = (plain.currency, payout.lines.saturating_add(1));
        let fee = if plain.fee == NO_FEE { 0 } else { plain.fee };
        let amount = i64::try_from(plain.amount).ok()?;
        let left = amount.wrapping_sub(fee.into());
        for (sum, reading) in payout.sums.iter_mut().zip(READINGS) {
            *sum = sum.wrapping_add(if reading == Reading::Gross { amount } else { left });
        }
        payout.size = payout.size.saturating_add(plain.amount).saturating_add(fee.into());
        payout.came(moment(plain.time));
        if *payout.last <= *reference {
            payout.last.clear();
            payout.last.extend_from_slice(reference);
            payout.last_at = offset;
        }
        let of = |line: &Line| texts_at(&self.texts, line);
        let is_full = payout.first.len() >= LINES_MAX;
        if is_full && payout.first.last().is_some_and(|last| of(last) <= reference) {
            return Some(());
        }
        let at = payout.first.partition_point(|other| of(other) <= reference);
        payout.first.truncate(LINES_MAX.saturating_sub(1));
        payout.first.insert(at, Line { offset, from: self.texts.len(), length: reference.len() });
        self.texts.extend_from_slice(reference);
        Some(())
    }

    /// Adds what a row does to the payout that it names; `plain`: what it says, where it is plain.
    #[inline(never)]
    pub(super) fn add_row(
        &mut self,
        row: &Row<'_>,
        plain: Option<&Plain>,
        (key, offset): (&[u8; KEY_BYTES], u32),
        words: &mut Words,
    ) -> Option<()> {
        if !is_line(row) {
            self.met.push(0);
            return Some(());
        }
        let currency = words.currency(row.currency)?;
        let number = self.name(of_text(key, row.payout_id)?, row.payout_id.as_bytes(), currency)?;
        if let Some(plain) = plain {
            return self.add(number, plain, (row.reference.as_bytes(), offset));
        }
        let payout = self.get(number)?;
        (payout.currency, payout.lines) = (currency, payout.lines.saturating_add(1));
        for (sum, reading) in payout.sums.iter_mut().zip(READINGS) {
            *sum = sum.wrapping_add(effect(row, reading));
        }
        for figure in [Some(row.amount), row.fee, row.tax, row.net].into_iter().flatten() {
            payout.size = payout.size.saturating_add(figure.unsigned_abs());
        }
        payout.came(row.occurred_at);
        Some(())
    }

    /// Finds out which lines are asked for, once all rows were met.
    #[inline(never)]
    pub(super) fn settle(&mut self, kept: &Kept, words: &Words) {
        (self.slots, self.texts) = (Vec::new(), Vec::new());
        let (all, places) = self.told(words, false);
        let asked = summed::asked(&mut kept.payouts(), &all);
        drop(all);
        for (place, has) in places.into_iter().zip(asked) {
            let Some(payout) = self.list.get_mut(place).filter(|_| has != Asked::All) else { continue };
            let mut stay = vec![payout.last_at];
            for line in payout.first.iter().filter(|_| has == Asked::First) {
                stay.push(line.offset);
            }
            payout.first = Vec::new();
            payout.fate = Some(Fate { has, stay, ..Fate::default() });
        }
    }

    /// Whether a line that agrees and begins there may go; then it is counted.
    #[inline(never)]
    pub(super) fn clear(&mut self, number: u32, offset: u32, is_alike: bool) -> bool {
        let Some(fate) = self.get(number).and_then(|payout| payout.fate.as_mut()) else { return false };
        let may_go = !fate.stay.contains(&offset);
        fate.cleared = fate.cleared.saturating_add(usize::from(may_go));
        fate.alike = fate.alike.saturating_add(usize::from(may_go && is_alike));
        may_go
    }

    /// What is known of the payouts of lines that went.
    pub(super) fn summed(&self, words: &Words) -> Vec<Summed<'_>> {
        self.told(words, true).0
    }

    /// What the lines of payouts are, in the order of keys, and the places of these payouts; of all, or of those of which lines
    /// went.
    #[inline(never)]
    fn told(&self, words: &Words, is_over: bool) -> (Vec<Summed<'_>>, Vec<usize>) {
        // Of a payout with lines in several currencies those come first that are the most.
        let key = |place: usize| self.list.get(place).map(|payout| (&payout.key, Reverse(payout.lines)));
        let (mut all, mut places): (Vec<Summed<'_>>, Vec<usize>) = (Vec::new(), Vec::new());
        let mut before = None;
        for place in order(self.list.len(), &|one, other| key(one).cmp(&key(other))) {
            let Some(payout) = self.list.get(place).filter(|payout| payout.lines > 0) else { continue };
            if before == Some(&payout.key) {
                if let Some(first) = all.last_mut().filter(|first| *first.key == *payout.key) {
                    first.is_mixed = true;
                }
                continue;
            }
            before = Some(&payout.key);
            if let Some(summed) = payout.summed(words).filter(|summed| !is_over || summed.cleared > 0) {
                all.push(summed);
                places.push(place);
            }
        }
        (all, places)
    }
}

impl Payout {
    fn new(print: Print, key: &str) -> Self {
        Self {
            print,
            key: key.to_owned(),
            currency: 0,
            lines: 0,
            sums: [0; summed::READINGS],
            size: 0,
            times: None,
            first: Vec::new(),
            last: Vec::new(),
            last_at: 0,
            fate: None,
        }
    }

    /// Notes the moment of a line.
    #[inline]
    fn came(&mut self, at: Option<Timestamp>) {
        let Some(at) = at else { return };
        let [first, last] = self.times.unwrap_or([at; 2]);
        self.times = Some([first.min(at), last.max(at)]);
    }

    /// What its lines are; `None` where that is not all there is to them.
    fn summed(&self, words: &Words) -> Option<Summed<'_>> {
        if self.size >= SIZE_MAX {
            return None;
        }
        let (has, cleared, alike) =
            self.fate.as_ref().map_or((Asked::All, 0, 0), |fate| (fate.has, fate.cleared, fate.alike));
        let currency = words.of(self.currency)?;
        let (sums, times, is_mixed) = (self.sums, self.times, false);
        Some(Summed { key: &self.key, currency, is_mixed, cleared, alike, has, sums, times })
    }
}

/// The reference of a line.
fn texts_at<'t>(texts: &'t [u8], line: &Line) -> &'t [u8] {
    texts.get(line.from..).and_then(|text| text.get(..line.length)).unwrap_or_default()
}

/// Which of the slots a print may stand in: as many bits as there are slots.
#[inline]
fn slot(print: Print) -> usize {
    usize::try_from(spread(print) >> 32).unwrap_or_default()
}
