//! How often something is due: days and weeks are exact, months and years are those of the calendar.
//!
//! Source: <https://docs.stripe.com/api/prices/object#price_object-recurring>.

use super::params::Params;
use super::refusal::{Refusal, Result};
use crate::calendar::months_after;
use crate::prelude::*;
use crate::time::{Millis, Timestamp};

/// Longest interval, as documented: three years.
const INTERVALS_MAX: [(Every, u64); 4] =
    [(Every::Day, 1_095), (Every::Week, 156), (Every::Month, 36), (Every::Year, 3)];

/// A unit of recurrence.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Every {
    Day,
    Week,
    Month,
    Year,
}

pub(super) const EVERY: &[(&str, Every)] =
    &[("day", Every::Day), ("week", Every::Week), ("month", Every::Month), ("year", Every::Year)];

impl Every {
    pub(super) const fn name(self) -> &'static str {
        match self {
            Self::Day => "day",
            Self::Week => "week",
            Self::Month => "month",
            Self::Year => "year",
        }
    }
}

/// How often a price is due.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Interval {
    pub(super) every: Every,
    /// At least 1.
    pub(super) count: u32,
}

impl Interval {
    /// Reads `interval` and `interval_count`.
    ///
    /// # Errors
    ///
    /// One of them is missing, unknown, or longer than three years.
    pub(super) fn read(recurring: &mut Params) -> Result<Self> {
        let missing = Refusal::missing(&recurring.name("interval"));
        let every = recurring.choice("interval", EVERY)?.ok_or(missing)?;
        let count = recurring.positive("interval_count")?.unwrap_or(1);
        let limit = INTERVALS_MAX.iter().find(|(found, _)| *found == every).map_or(0, |(_, limit)| *limit);
        match u32::try_from(count) {
            Ok(count) if u64::from(count) <= limit => Ok(Self { every, count }),
            _ => {
                let message = format!("An interval is at most three years: {limit} times `{}`", every.name());
                Err(Refusal::param(None, &recurring.name("interval_count"), message))
            }
        }
    }

    /// The moment so many intervals after `anchor`.
    pub(super) fn after(self, anchor: Timestamp, times: u32) -> Timestamp {
        const DAY_SECONDS: u64 = 24 * 60 * 60;
        let units = self.count.saturating_mul(times);
        let days = |length: u64| {
            anchor.saturating_add(Millis::from_seconds(
                u64::from(units).saturating_mul(length).saturating_mul(DAY_SECONDS),
            ))
        };
        match self.every {
            Every::Day => days(1),
            Every::Week => days(7),
            // After the year 9999 time stands still.
            Every::Month => months_after(anchor, units).unwrap_or(Timestamp::MAX),
            Every::Year => months_after(anchor, units.saturating_mul(12)).unwrap_or(Timestamp::MAX),
        }
    }

    /// As descriptions of lines have it: `month`, `3 months`.
    pub(super) fn to_text(self) -> String {
        match self.count {
            1 => self.every.name().to_owned(),
            count => glued(&[&count.digits(), " ", self.every.name(), "s"]),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_interval_is_counted_from_its_anchor() {
        let anchor = Timestamp::from_unix_seconds(1_769_860_800).unwrap();
        let table = [
            (Every::Day, 2, 3, 1_769_860_800 + 6 * 86_400),
            (Every::Week, 1, 1, 1_769_860_800 + 7 * 86_400),
            // 31 January, then 28 February and 31 March.
            (Every::Month, 1, 1, 1_772_280_000),
            (Every::Month, 1, 2, 1_774_958_400),
            (Every::Year, 1, 1, 1_801_396_800),
        ];
        for (every, count, times, expected) in table {
            let interval = Interval { every, count };
            assert_eq!(interval.after(anchor, times).unix_seconds(), expected, "{interval:?}");
        }
        assert_eq!(Interval { every: Every::Month, count: 3 }.to_text(), "3 months");
        assert_eq!(Interval { every: Every::Year, count: 9_000 }.after(anchor, 1), Timestamp::MAX);
    }
}
