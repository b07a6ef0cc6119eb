//! Two rows plainly agree when no habit of the files and no other row could make more of them than a match.
//!
//! This is the one place that says so. A row is plain when it is a payment with a reference and nothing but an amount, a
//! currency, a fee, a state and a moment; two plain rows agree when these are the same and the moments raise no question. A
//! net that is what the fee leaves says nothing more, and neither does a tax of zero; of payouts see `payouts`.
//! Whatever else the judge looks at makes a row one for the judge: [`Plain::of`] takes a [`Row`] apart by name, so that a
//! new field does not compile until somebody has said here what it means.

use super::words::Words;
use crate::ledger::EventType;
use crate::prelude::*;
use crate::reconcile::row::Row;
use crate::reconcile::window::month_of;
use crate::time::Timestamp;

/// Amounts from here on are left to the judge: 175 thousand million euros, as four bits are needed for something else.
pub(super) const AMOUNT_MAX: u64 = 1 << 44;

/// No fee is told. Fees from here on are left to the judge.
pub(super) const NO_FEE: u32 = u32::MAX;

/// No moment is told; moments are seconds since 1970.
pub(super) const NO_TIME: u32 = 0;

/// A day.
const DAY_SECONDS: u32 = 86_400;

/// One less than [`month_of`] has for January 1970.
const FIRST_MONTH: u64 = 1_970 * 12;

/// What a plain row says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Plain {
    pub(super) amount: u64,
    pub(super) fee: u32,
    pub(super) time: u32,
    pub(super) currency: u8,
    /// 0 where it is not told.
    pub(super) state: u8,
    /// Whether its moment is the first one of a day, of which no more is told.
    pub(super) is_day: bool,
    /// Whether its moment was written without a zone: see `zones`.
    pub(super) is_zoneless: bool,
}

impl Plain {
    /// What a row says, where it is plain.
    pub(super) fn of(row: &Row<'_>, words: &mut Words) -> Option<Self> {
        let Row {
            number: _,
            packed: _,
            side: _,
            file: _,
            line: _,
            kind,
            reference: _,
            is_keyed,
            // Another row may follow it by its id: see `followed`.
            id: _,
            amount,
            currency,
            fee,
            tax,
            net,
            status,
            occurred_at,
            value_at,
            is_zoneless,
            is_day,
            // Of the settlement alone, and counted: see `payouts`.
            payout_id: _,
            // A charge follows nothing, whatever it names.
            parent: _,
            account,
            // Tells of adjustments alone.
            note: _,
            original,
        } = *row;
        let is_plain = kind == Some(EventType::Charge)
            && is_keyed
            && value_at.is_none()
            && account.is_empty()
            && original.is_none();
        if !is_plain {
            return None;
        }
        let amount = u64::try_from(amount).ok().filter(|amount| *amount < AMOUNT_MAX)?;
        let fee = match fee {
            Some(fee) => u32::try_from(fee).ok().filter(|fee| *fee != NO_FEE)?,
            None => NO_FEE,
        };
        if !is_told(amount, fee, tax, net) {
            return None;
        }
        Some(Self {
            amount,
            fee,
            time: occurred_at.map_or(Some(NO_TIME), seconds)?,
            currency: words.currency(currency)?,
            state: words.state(status.as_bytes())?,
            is_day,
            is_zoneless,
        })
    }

    /// Whether the rows of ledger and settlement agree; `days`: what is later on the other side is late.
    pub(super) fn agrees(&self, theirs: &Self, days: u64, months: &mut Months) -> bool {
        (self.amount, self.fee, self.currency) == (theirs.amount, theirs.fee, theirs.currency)
            && (self.state == theirs.state || self.state == 0 || theirs.state == 0)
            && (self.is_same_instant(theirs)
                || self.time == NO_TIME
                || theirs.time == NO_TIME
                || (!self.is_day && !theirs.is_day && is_timely(self.time, theirs.time, days, months)))
    }

    /// Whether both tell the same moment: by the day, where one of them says no more.
    pub(super) fn is_same_instant(&self, theirs: &Self) -> bool {
        self.time == theirs.time
            || ((self.is_day || theirs.is_day)
                && (self.time != NO_TIME && theirs.time != NO_TIME)
                && self.time / DAY_SECONDS == theirs.time / DAY_SECONDS)
    }
}

/// Whether tax and net say nothing that amount and fee do not: there is no tax, and the net is what the fee leaves.
#[inline]
pub(super) fn is_told(amount: u64, fee: u32, tax: Option<i64>, net: Option<i64>) -> bool {
    let fee = if fee == NO_FEE { 0 } else { fee };
    let left = i64::try_from(amount).unwrap_or(i64::MAX).wrapping_sub(fee.into());
    tax.is_none_or(|tax| tax == 0) && net.is_none_or(|net| net == left)
}

/// Whole seconds, as far as they fit.
fn seconds(at: Timestamp) -> Option<u32> {
    let ms = at.unix_ms();
    let whole = ms.is_multiple_of(1_000).then_some(ms / 1_000)?;
    u32::try_from(whole).ok().filter(|seconds| *seconds != NO_TIME)
}

/// The moment of so many seconds.
pub(super) fn moment(seconds: u32) -> Option<Timestamp> {
    Timestamp::from_unix_ms(u64::from(seconds).wrapping_mul(1_000)).filter(|_| seconds != NO_TIME)
}

/// Months by days, each asked of the calendar once.
#[derive(Debug, Default)]
pub(super) struct Months(Vec<u16>);

impl Months {
    /// The number of the month of a moment, from 1, and counted so that only equality matters.
    #[inline]
    fn of(&mut self, seconds: u32) -> u16 {
        let day = usize::try_from(seconds / DAY_SECONDS).unwrap_or_default();
        match self.0.get(day) {
            None | Some(0) => self.ask(seconds, day),
            Some(month) => *month,
        }
    }

    #[inline(never)]
    fn ask(&mut self, seconds: u32, day: usize) -> u16 {
        if self.0.len() <= day {
            self.0.resize(day.saturating_add(1), 0);
        }
        // Seconds of 32 bits have 1,633 months.
        let since = moment(seconds).map_or(0, month_of).saturating_sub(FIRST_MONTH);
        let month = u16::try_from(since).unwrap_or(u16::MAX);
        if let Some(slot) = self.0.get_mut(day) {
            *slot = month;
        }
        month
    }
}

/// Whether two moments raise no question whatever the habits of the files are.
#[inline]
fn is_timely(ours: u32, theirs: u32, days: u64, months: &mut Months) -> bool {
    let Some(lag) = theirs.checked_sub(ours).filter(|lag| *lag > 0) else { return false };
    let is_late = u64::from(lag) > days.max(1).saturating_mul(DAY_SECONDS.into());
    let is_same_day = ours / DAY_SECONDS == theirs / DAY_SECONDS;
    !is_late && (is_same_day || (lag % DAY_SECONDS != 0 && months.of(ours) == months.of(theirs)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn months_are_those_of_the_calendar_in_whatever_order_they_are_asked_for() {
        let mut months = Months::default();
        for place in 0..5_000_u32 {
            // A step that visits days out of order.
            let seconds = place.wrapping_mul(2_654_435_761);
            let exact = moment(seconds).map_or(0, month_of).saturating_sub(FIRST_MONTH);
            for _ in 0..2 {
                assert_eq!(u64::from(months.of(seconds)), exact, "{seconds}");
            }
        }
    }

    #[test]
    fn moments_raise_no_question_in_one_month_unless_whole_days_apart() {
        let mut months = Months::default();
        const HOUR: u32 = 3_600;
        // 2026-03-31T00:00:00Z
        let last_day = 1_774_915_200_u32;
        // ours, theirs, window in days, whether
        let table = [
            (last_day, last_day, 2, false),
            (last_day, last_day + HOUR, 2, true),
            (last_day + HOUR, last_day, 2, false),
            (last_day + 23 * HOUR, last_day + 25 * HOUR, 2, false),
            (last_day - 30 * HOUR, last_day, 2, true),
            (last_day - 24 * HOUR, last_day, 2, false),
            (last_day - 30 * HOUR, last_day, 1, false),
            (last_day - 20 * HOUR, last_day, 0, true),
        ];
        for (ours, theirs, days, expected) in table {
            assert_eq!(is_timely(ours, theirs, days, &mut months), expected, "{ours} {theirs} {days}");
        }
    }
}
