//! Late is not yet missing: a window of calendar or business days decides, counted from the row's own time.

use super::rules::Reach;
use crate::calendar;
use crate::prelude::*;
use crate::time::{Millis, Timestamp};

/// A day of 24 hours.
pub(super) const DAY_MS: u64 = 86_400_000;

/// 1970-01-01 was a Thursday; Monday is day 0.
const EPOCH_WEEKDAY: u64 = 3;

/// How long something may be on its way.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Window {
    pub(super) days: u64,
    /// Whether Saturdays, Sundays and holidays do not count.
    pub(super) is_business: bool,
    /// First moments of the days that do not count, sorted.
    pub(super) holidays: Vec<Timestamp>,
    /// The moment ages are counted to.
    pub(super) as_of: Option<Timestamp>,
    /// The windows of accounts that have their own.
    pub(super) by_account: Vec<(String, Window)>,
}

/// The number of a day since 1970, in UTC.
pub(super) fn day_of(at: Timestamp) -> u64 {
    at.unix_ms().checked_div(DAY_MS).unwrap_or_default()
}

/// The first moment of a day, in UTC.
pub(super) fn day_start(at: Timestamp) -> Timestamp {
    let into = at.unix_ms().checked_rem(DAY_MS).unwrap_or_default();
    Timestamp::from_unix_ms(at.unix_ms().saturating_sub(into)).unwrap_or(at)
}

/// The number of a month, counted so that only equality matters.
pub(super) fn month_of(at: Timestamp) -> u64 {
    let (year, month) = calendar::year_and_month(at);
    u64::from(year).saturating_mul(12).saturating_add(month.into())
}

impl Window {
    /// Gives accounts the windows that the rules have for them.
    pub(super) fn extend(&mut self, reaches: &[Reach]) {
        for Reach { account, days, is_business } in reaches {
            let own = Self {
                days: *days,
                is_business: *is_business,
                holidays: self.holidays.clone(),
                as_of: self.as_of,
                by_account: Vec::new(),
            };
            self.by_account.push((account.clone(), own));
        }
    }

    /// The window of an account.
    pub(super) fn of(&self, account: &str) -> &Self {
        let own = self.by_account.iter().find(|(own, _)| **own == *account);
        own.map_or(self, |(_, window)| window)
    }

    /// No later moment is in time by any of the windows for something of that moment, or of an earlier one. Of two moments the
    /// later may be due first, by less than a day, where days do not count.
    pub(super) fn last_due(&self, at: Timestamp) -> Timestamp {
        let mut last = self.due(at);
        let mut has_gaps = self.is_business;
        for (_, window) in &self.by_account {
            last = last.max(window.due(at));
            has_gaps |= window.is_business;
        }
        last.saturating_add(Millis::new(if has_gaps { DAY_MS.saturating_mul(2) } else { 0 }))
    }

    /// The moment after which what happened at `at` is overdue.
    pub(super) fn due(&self, at: Timestamp) -> Timestamp {
        if !self.is_business {
            return at.saturating_add(Millis::new(self.days.saturating_mul(DAY_MS)));
        }
        let mut due = at;
        let mut left = self.days;
        while left > 0 && due < Timestamp::MAX {
            due = due.saturating_add(Millis::new(DAY_MS));
            if self.counts(due) {
                left = left.saturating_sub(1);
            }
        }
        due
    }

    fn counts(&self, at: Timestamp) -> bool {
        let weekday = day_of(at).saturating_add(EPOCH_WEEKDAY) % 7;
        weekday < 5 && !self.holidays.iter().any(|holiday| day_of(*holiday) == day_of(at))
    }

    /// Whether it should have come by now. Without a time it should.
    pub(super) fn is_over(&self, at: Option<Timestamp>) -> bool {
        at.zip(self.as_of).is_none_or(|(at, as_of)| self.due(at) < as_of)
    }

    /// Whether something came after its window. Nothing is late on the first day.
    pub(super) fn is_late(&self, at: Timestamp, came: Timestamp) -> bool {
        came > self.due(at) && came > at.saturating_add(Millis::new(DAY_MS))
    }

    /// Whole days from a moment to the one ages are counted to.
    pub(super) fn age_days(&self, since: Option<Timestamp>) -> Option<u64> {
        let (as_of, since) = self.as_of.zip(since)?;
        as_of.since(since).get().checked_div(DAY_MS)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::calendar::{date, parse_date, parse_rfc3339, rfc3339};

    #[test]
    fn months_are_those_of_the_calendar() {
        let mut at = parse_date("1999-12-25").unwrap();
        let mut before = (month_of(at), date(at).get(..7).unwrap().to_owned());
        for _ in 0..2_000 {
            at = at.saturating_add(Millis::new(DAY_MS));
            let now = (month_of(at), date(at).get(..7).unwrap().to_owned());
            assert_eq!(now.0 == before.0, now.1 == before.1, "{}", now.1);
            before = now;
        }
    }

    #[test]
    fn business_days_pass_over_weekends_and_holidays() {
        let window = |days, is_business| Window {
            days,
            is_business,
            holidays: vec![parse_date("2026-04-06").unwrap()],
            as_of: None,
            by_account: Vec::new(),
        };
        // days, business, from, due
        let table = [
            (2, false, "2026-04-03T10:00:00Z", "2026-04-05T10:00:00Z"),
            (2, true, "2026-04-02T10:00:00Z", "2026-04-07T10:00:00Z"),
            (1, true, "2026-04-03T10:00:00Z", "2026-04-07T10:00:00Z"),
            (0, true, "2026-04-04T10:00:00Z", "2026-04-04T10:00:00Z"),
            (5, true, "2026-03-02T00:00:00Z", "2026-03-09T00:00:00Z"),
        ];
        for (days, business, from, due) in table {
            let found = window(days, business).due(parse_rfc3339(from).unwrap());
            assert_eq!(rfc3339(found), due, "{days} {business} {from}");
        }
    }
}
