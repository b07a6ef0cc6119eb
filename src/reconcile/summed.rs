//! Of the lines of a payout that plainly agree, only what they sum to reaches the judge, and the few it may want to see.
//!
//! Nothing that is said of a payout names one of its lines, as long as it has a row of its own and the line is in its
//! currency: its sum under each reading is asked for, the times of its lines, and where it is wrong the first of them, as
//! one that belongs elsewhere is looked for among so many. So the figures here are those of all lines, also of those that
//! are among the rows, and `is_enough` (`sieve/rest.rs`) says whether a judge who has no more makes the same of them.

use super::findings::Findings;
use super::group::Unit;
use super::packed::{Fields, put_count, put_currency, put_natural, put_text};
use super::payouts::Payouts;
use super::row::{Row, Side};
use super::three_way::doubled_reports;
use crate::ledger::EventType;
use crate::money::Currency;
use crate::prelude::*;
use crate::time::Timestamp;

/// So many lines of a payout are looked at where one is in the wrong payout: the first.
pub(super) const LINES_MAX: usize = 64;

/// How many readings there are.
pub(super) const READINGS: usize = 5;

/// Which lines of a payout are asked for.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Asked {
    /// None but the last, which stands for a payout without a row of its own.
    #[default]
    Last,
    /// The first [`LINES_MAX`] as well.
    First,
    All,
}

/// The lines of one payout in its currency; those in others are among the rows.
#[derive(Clone, Copy, Debug)]
pub(super) struct Summed<'a> {
    /// What the lines call it.
    pub(super) key: &'a str,
    pub(super) currency: Currency,
    /// Whether there are others.
    pub(super) is_mixed: bool,
    /// How many of them are not among the rows. Never none.
    pub(super) cleared: usize,
    /// Of how many of these the ledger says the same payout; the others' partners say none.
    pub(super) alike: usize,
    /// Which of the others surely are.
    pub(super) has: Asked,
    /// What all of them are, under each reading.
    pub(super) sums: [i64; READINGS],
    /// The first and the last moment that any of them tells.
    pub(super) times: Option<[Timestamp; 2]>,
}

impl<'a> Summed<'a> {
    pub(super) fn pack(&self, out: &mut Vec<u8>) {
        let Self { key, currency, is_mixed: _, cleared, alike, has: _, sums, times } = self;
        put_text(out, key);
        put_currency(out, *currency);
        put_count(out, *cleared);
        put_count(out, *alike);
        // No time is one that ends before it begins.
        let [first, last] = times.map_or([1, 0], |times| times.map(Timestamp::unix_ms));
        for number in sums.map(i64::cast_unsigned).into_iter().chain([first, last]) {
            put_natural(out, number);
        }
    }

    pub(super) fn unpack(fields: &mut Fields<'a>) -> Option<Self> {
        let (key, currency) = (fields.text()?, fields.currency()?);
        let (cleared, alike) = (fields.count()?, fields.count()?);
        let numbers: [u8; 8 * (READINGS + 2)] = fields.bytes()?;
        let [sums @ .., first, last] = numbers.as_chunks().0 else { return None };
        let mut read = [0; READINGS];
        for (own, sum) in read.iter_mut().zip(sums) {
            *own = i64::from_le_bytes(*sum);
        }
        let (sums, [first, last]) = (read, [first, last].map(|at| u64::from_le_bytes(*at)));
        let times = Timestamp::from_unix_ms(first).zip(Timestamp::from_unix_ms(last));
        let times = times.filter(|(first, last)| first <= last).map(|(first, last)| [first, last]);
        Some(Self { key, currency, is_mixed: false, cleared, alike, has: Asked::Last, sums, times })
    }
}

/// Whether a payout is among those of which lines were cleared; they are in the order of their keys. Such a line stands there
/// once, so that no report of it is doubled.
pub(super) fn is_among(all: &[Summed<'_>], key: &str) -> bool {
    all.binary_search_by(|one| one.key.cmp(key)).is_ok()
}

/// What is asked for of the lines of each payout, where a judge has these rows in their order: those about payouts, or all.
#[inline(never)]
pub(super) fn asked(rows: &mut [Row<'_>], summed: &[Summed<'_>]) -> Vec<Asked> {
    for (number, row) in rows.iter_mut().enumerate() {
        row.number = number;
    }
    let rows = &*rows;
    let mut active = vec![true; rows.len()];
    for row in doubled_reports(rows, summed).iter().flatten() {
        if let Some(active) = active.get_mut(row.number) {
            *active = false;
        }
    }
    let mut findings = Findings::default();
    for row in rows {
        if row.side == Side::Ledger && row.kind == Some(EventType::Payout) {
            findings.ours.push(Unit { ledger: vec![row], ..Unit::default() });
        }
    }
    Payouts::gather(rows, (&active, summed), &mut findings).asked()
}
