//! The rows of the ledger, 36 bytes each, and which row of the settlement each of them met.
//!
//! A row is cleared when exactly one row on each side has its print and both agree. Everything else is doubtful, and stays
//! so.

use super::payouts::Payouts;
use super::plain::{Months, NO_FEE, NO_TIME, Plain, moment};
use super::print::{Print, spread};
use crate::prelude::*;
use crate::reconcile::clear::Cleared;

/// Values of a row that is not plain: no currency and no state has this number.
pub(super) const ODD: u64 = 0xffff;

/// More than one row on a side, or something that does not agree.
const DOUBTFUL: u64 = 1 << 60;

/// A row of the settlement agrees: it begins where the fee was, and only the flags count.
const AGREED: u64 = 1 << 61;

/// The moment is a day.
const DAY: u64 = 1 << 62;

/// Of a row that agreed: both sides tell a fee.
const TOLD_FEE: u64 = 1;

/// The ledger tells a moment.
const OURS_TIMED: u64 = 2;

/// The settlement tells a moment.
const THEIRS_TIMED: u64 = 4;

/// Both tell the same.
const SAME_INSTANT: u64 = 8;

/// Both name the same payout.
const SAME_PAYOUT: u64 = 16;

/// Of a row that agreed: where the number of its payout begins, which has 32 bits; 0 where it names none.
const PAYOUT_SHIFT: u32 = 8;

/// So many slots are asked for before the first is needed: they come together.
const AHEAD: usize = 256;

/// So many rows of the settlement are looked up together.
pub(super) const TOGETHER: usize = 128;

/// No row of the ledger: places are counted from 1.
const NOWHERE: u32 = 0;

/// What so many prints lead to.
#[derive(Clone, Copy, Debug)]
pub(super) struct Sought {
    /// What stands in the first slot of each.
    held: [u32; TOGETHER],
    /// The row of the ledger that seems to be its partner.
    places: [u32; TOGETHER],
}

/// A row of the ledger. Two of them share a line of the cache, and none stands in two.
#[derive(Clone, Copy, Debug)]
#[repr(align(32))]
pub(super) struct Entry {
    pub(super) print: Print,
    /// From the lowest bit: state (8), currency (8), amount (44), and the flags.
    pub(super) values: u64,
    /// The fee; once a row of the settlement agreed, where that begins.
    pub(super) fee: u32,
    pub(super) time: u32,
}

/// The ledger.
#[derive(Debug, Default)]
pub(super) struct Entries {
    pub(super) list: Vec<Entry>,
    /// Where each row begins.
    pub(super) offsets: Vec<u32>,
    /// The payout that each row names, from 1, or 0; none where no column does.
    payouts: Vec<u32>,
    /// Places in the list, from 1, in the lower bits, and bits of the print above them; a power of two of slots.
    pub(super) slots: Vec<u32>,
    /// How many of a slot's bits are a place.
    place_bits: u32,
    /// How many bits of a print, spread, are not the number of a slot.
    slot_shift: u32,
    /// Where each part ends, where rows were gathered by their prints.
    pub(super) parts: Vec<usize>,
    months: Months,
}

/// Rows of the ledger that are left to the judge, in their order.
#[derive(Debug, Default)]
pub(super) struct Left {
    /// Where they begin.
    pub(super) offsets: Vec<u32>,
    /// Which of all rows they are; none where that is not known.
    pub(super) places: Vec<u32>,
}

/// What became of a row of the settlement.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Met {
    /// It agrees with the only row of the ledger, so far.
    Agreed,
    /// It is one for the judge.
    Residual,
    /// So is it, and the row before it that begins here.
    Both(u32),
}

impl Default for Sought {
    fn default() -> Self {
        Self { held: [0; TOGETHER], places: [NOWHERE; TOGETHER] }
    }
}

impl Sought {
    /// For each print the row that seems to be its partner.
    pub(super) fn places(&self) -> impl Iterator<Item = u32> {
        self.places.iter().copied()
    }
}

impl Entries {
    /// Makes room for so many more rows.
    pub(super) fn reserve(&mut self, rows: usize) {
        self.list.reserve_exact(rows);
        self.offsets.reserve_exact(rows);
    }

    /// Adds a row; `None` for one that is not plain.
    #[inline]
    pub(super) fn push(&mut self, print: Print, plain: Option<Plain>, offset: u32) {
        let entry = match plain {
            Some(plain) => Entry { print, values: values(&plain), fee: plain.fee, time: plain.time },
            None => Entry { print, values: ODD, fee: NO_FEE, time: NO_TIME },
        };
        self.list.push(entry);
        self.offsets.push(offset);
    }

    pub(super) const fn len(&self) -> usize {
        self.list.len()
    }

    /// Whether a column of the ledger names payouts.
    pub(super) const fn name_payouts(&self) -> bool {
        !self.payouts.is_empty()
    }

    /// Notes which payout the row names that was added last.
    pub(super) fn name(&mut self, payout: u32) {
        self.payouts.resize(self.list.len().saturating_sub(1), 0);
        self.payouts.push(payout);
    }

    /// Makes the table, once all rows are there.
    pub(super) fn index(&mut self) {
        let size = self.list.len().saturating_mul(2).next_power_of_two().max(2);
        self.slots = vec![0; size];
        self.place_bits = usize::BITS.saturating_sub(self.list.len().leading_zeros());
        self.slot_shift = u64::BITS.saturating_sub(size.ilog2());
        for from in (0..self.list.len()).step_by(AHEAD) {
            self.index_from(from);
        }
    }

    /// Makes so much of the table: a function that is called often, since an engine makes those fast, and not the loop that
    /// it is in.
    #[inline(never)]
    fn index_from(&mut self, from: usize) {
        let next = self.list.iter().skip(from).take(AHEAD);
        core::hint::black_box(next.fold(0, |all, entry| all ^ self.first(entry.print)));
        let mask = self.slots.len().wrapping_sub(1);
        let behind = from.wrapping_add(AHEAD).min(self.list.len());
        for place in from..behind {
            let Some(print) = self.list.get(place).map(|entry| entry.print) else { return };
            let (mut slot, tag) = self.slot(print);
            loop {
                let Some(held) = self.slots.get(slot).copied() else { return };
                if held == 0 {
                    let number = u32::try_from(place.wrapping_add(1)).unwrap_or_default();
                    if let Some(free) = self.slots.get_mut(slot) {
                        *free = number | tag;
                    }
                    break;
                }
                if let Some(other) = self.held(held, tag, print) {
                    for place in [other, place] {
                        self.doubt(place);
                    }
                    break;
                }
                slot = slot.wrapping_add(1) & mask;
            }
        }
    }

    /// The first slot of a print, and its bits above a place.
    #[inline]
    fn slot(&self, [low, high]: Print) -> (usize, u32) {
        let slot = spread([low, high]).wrapping_shr(self.slot_shift);
        let slot = usize::try_from(slot).unwrap_or_default();
        let tag = u32::try_from(high & 0xffff_ffff).unwrap_or_default();
        (slot, tag.checked_shl(self.place_bits).unwrap_or_default())
    }

    /// The place that a slot holds, where it is that of the print.
    #[inline]
    fn held(&self, held: u32, tag: u32, print: Print) -> Option<usize> {
        if held.checked_shr(self.place_bits) != tag.checked_shr(self.place_bits) {
            return None;
        }
        let number = held ^ tag;
        let place = usize::try_from(number).ok()?.checked_sub(1)?;
        self.list.get(place).filter(|entry| entry.print == print).map(|_| place)
    }

    fn doubt(&mut self, place: usize) {
        if let Some(entry) = self.list.get_mut(place) {
            entry.values |= DOUBTFUL;
        }
    }

    /// What stands in the first slot of a print.
    #[inline]
    fn first(&self, print: Print) -> u32 {
        self.slots.get(self.slot(print).0).copied().unwrap_or_default()
    }

    /// Finds the rows of the ledger that prints seem to be of, by what their slots hold; [`Entries::meet`] makes sure.
    ///
    /// In three loops, of which the first and the last do nothing but ask for memory: a machine goes on for a few hundred
    /// instructions while it waits, so that the fewer of them a row takes, the more rows it waits for at once.
    pub(super) fn seek(&self, prints: &[Print], sought: &mut Sought) {
        self.ask(prints, &mut sought.held);
        self.tell_apart(prints, sought);
        self.ask_for_rows(&sought.places);
    }

    #[inline(never)]
    fn ask(&self, prints: &[Print], held: &mut [u32; TOGETHER]) {
        for (held, print) in held.iter_mut().zip(prints) {
            *held = self.first(*print);
        }
    }

    #[inline(never)]
    fn tell_apart(&self, prints: &[Print], Sought { held, places }: &mut Sought) {
        for ((print, held), place) in prints.iter().zip(&*held).zip(places) {
            let (slot, tag) = self.slot(*print);
            *place = self.look_alike(slot, tag, *held);
        }
    }

    /// The first row from a slot on that seems to be of a tag.
    #[inline(always)]
    fn look_alike(&self, mut slot: usize, tag: u32, mut held: u32) -> u32 {
        while held != 0 {
            if held.checked_shr(self.place_bits) == tag.checked_shr(self.place_bits) {
                return held ^ tag;
            }
            slot = slot.wrapping_add(1) & self.slots.len().wrapping_sub(1);
            held = self.slots.get(slot).copied().unwrap_or_default();
        }
        NOWHERE
    }

    #[inline(never)]
    fn ask_for_rows(&self, places: &[u32; TOGETHER]) {
        let value = |place: &u32| self.row(*place).map_or(0, |entry| entry.values);
        core::hint::black_box(places.iter().fold(0, |all, place| all ^ value(place)));
    }

    #[inline(always)]
    fn row(&self, place: u32) -> Option<&Entry> {
        self.list.get(usize::try_from(place).ok()?.wrapping_sub(1))
    }

    /// The place of a print whose first look-alike is another.
    #[inline(never)]
    fn further(&self, print: Print) -> Option<usize> {
        let (mut slot, tag) = self.slot(print);
        while let Some(held) = self.slots.get(slot).copied().filter(|held| *held != 0) {
            if let Some(place) = self.held(held, tag, print) {
                return Some(place);
            }
            slot = slot.wrapping_add(1) & self.slots.len().wrapping_sub(1);
        }
        None
    }

    /// Holds a row of the settlement against the ledger, with the number of its payout; `None` for one that is not plain.
    #[inline(never)]
    pub(super) fn meet(
        &mut self,
        (print, place): (Print, u32),
        (plain, payout): (Option<&Plain>, u32),
        offset: u32,
        days: u64,
    ) -> Met {
        let Some(seeming) = self.row(place) else { return Met::Residual };
        let place = if seeming.print == print {
            usize::try_from(place).ok().and_then(|place| place.checked_sub(1))
        } else {
            self.further(print)
        };
        let Some(place) = place else { return Met::Residual };
        let Some(entry) = self.list.get_mut(place) else { return Met::Residual };
        let named = self.payouts.get(place).copied().filter(|named| *named != 0 && payout != 0);
        let is_free = entry.values & (AGREED | DOUBTFUL) == 0 && named.is_none_or(|named| named == payout);
        if is_free && entry.agree(plain, offset, days, &mut self.months) {
            entry.values |= u64::from(payout).wrapping_shl(PAYOUT_SHIFT);
            if named.is_some() {
                entry.values |= SAME_PAYOUT;
            }
            return Met::Agreed;
        }
        let has_partner = entry.values & (AGREED | DOUBTFUL) == AGREED;
        entry.values |= DOUBTFUL;
        if has_partner { Met::Both(entry.fee) } else { Met::Residual }
    }

    /// The row of a print stays; gives where the row of the settlement begins that agreed with it, and stays too.
    pub(super) fn stay(&mut self, print: Print) -> Option<u32> {
        let place = self.further(print)?;
        let entry = self.list.get_mut(place)?;
        let has_partner = entry.values & (AGREED | DOUBTFUL) == AGREED;
        entry.values |= DOUBTFUL;
        has_partner.then_some(entry.fee)
    }

    /// The rows that are left to the judge, and what is known of the others; `again` is told of their partners that agreed.
    pub(super) fn finish(&self, payouts: &mut Payouts, again: &mut dyn FnMut(u32)) -> (Left, Cleared) {
        let mut cleared = Cleared::default();
        let mut left = Left::default();
        let mut latest = NO_TIME;
        let mut stays = |payout: u32, line: u32, is_alike: bool| {
            let stays = !payouts.clear(payout, line, is_alike);
            if stays {
                again(line);
            }
            stays
        };
        let rows = self.list.chunks(AHEAD).zip(self.offsets.chunks(AHEAD));
        for ((entries, offsets), place) in rows.zip((0_u32..).step_by(AHEAD)) {
            latest = latest.max(counted((entries, offsets, place), &mut stays, &mut left, &mut cleared));
        }
        cleared.latest = moment(latest);
        // Lanes tell theirs in whatever order.
        if !self.parts.is_empty() {
            left.offsets.sort_unstable();
            left.places.clear();
        }
        (left, cleared)
    }
}

/// Counts so many rows that agreed, and gives the latest of their times; called often, as [`Entries::index_from`] is.
#[inline(never)]
fn counted(
    (entries, offsets, first): (&[Entry], &[u32], u32),
    stays: &mut dyn FnMut(u32, u32, bool) -> bool,
    left: &mut Left,
    cleared: &mut Cleared,
) -> u32 {
    let mut latest = NO_TIME;
    for ((entry, offset), place) in entries.iter().zip(offsets).zip(first..) {
        let has = |flag: u64| entry.values & flag != 0;
        let payout =
            || u32::try_from(entry.values.wrapping_shr(PAYOUT_SHIFT) & 0xffff_ffff).unwrap_or_default();
        if has(DOUBTFUL) || !has(AGREED) || (payout() != 0 && stays(payout(), entry.fee, has(SAME_PAYOUT))) {
            left.offsets.push(*offset);
            left.places.push(place);
            continue;
        }
        let count = |count: &mut usize, yes: bool| *count = count.wrapping_add(usize::from(yes));
        count(&mut cleared.pairs, true);
        count(&mut cleared.told_fee, has(TOLD_FEE));
        count(&mut cleared.timed, has(OURS_TIMED) && has(THEIRS_TIMED));
        for (counter, flag) in cleared.timed_sides.iter_mut().zip([OURS_TIMED, THEIRS_TIMED]) {
            count(counter, has(flag));
        }
        count(&mut cleared.same_instant, has(SAME_INSTANT));
        latest = latest.max(entry.time);
    }
    latest
}

impl Entry {
    #[inline]
    fn agree(&mut self, theirs: Option<&Plain>, offset: u32, days: u64, months: &mut Months) -> bool {
        let Some(theirs) = theirs.filter(|_| self.values != ODD) else { return false };
        let is_same = self.values == values(theirs) && self.fee == theirs.fee;
        let mut is_same_instant = self.time == theirs.time;
        // Nearly always all of it is the same, and nothing has to be looked at closely.
        if !(is_same && is_same_instant) {
            let ours = self.plain();
            if !ours.agrees(theirs, days, months) {
                return false;
            }
            is_same_instant = ours.is_same_instant(theirs);
        }
        let flag = |yes: bool, flag: u64| if yes { flag } else { 0 };
        self.values = AGREED
            | flag(self.fee != NO_FEE, TOLD_FEE)
            | flag(self.time != NO_TIME, OURS_TIMED)
            | flag(theirs.time != NO_TIME, THEIRS_TIMED)
            | flag(self.time != NO_TIME && is_same_instant, SAME_INSTANT);
        self.fee = offset;
        // The later of the two is known to have been there.
        self.time = self.time.max(theirs.time);
        true
    }

    pub(super) fn plain(&self) -> Plain {
        Plain {
            amount: self.values.wrapping_shr(16) & super::plain::AMOUNT_MAX.wrapping_sub(1),
            fee: self.fee,
            time: self.time,
            currency: byte(self.values.wrapping_shr(8)),
            state: byte(self.values),
            is_day: self.values & DAY != 0,
            // A side has or has not, and it was seen before.
            is_zoneless: false,
        }
    }
}

pub(super) fn byte(values: u64) -> u8 {
    u8::try_from(values & 0xff).unwrap_or_default()
}

#[inline]
fn values(plain: &Plain) -> u64 {
    let day = if plain.is_day { DAY } else { 0 };
    day | plain.amount.wrapping_shl(16) | u64::from(plain.currency).wrapping_shl(8) | u64::from(plain.state)
}
