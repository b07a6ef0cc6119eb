//! The fields of a calendar, and the moment they name.

use time::{Date, Month, Time, UtcDateTime};

use super::Error;
use crate::time::Timestamp;

/// The last millisecond of a second, where a leap second is kept.
const LEAP_SECOND_MS: u16 = 999;

/// Calendar fields as they were read: nothing says yet that they name a moment.
#[derive(Clone, Copy)]
pub(crate) struct Civil {
    pub(crate) year: u16,
    /// 1 to 12.
    pub(crate) month: u8,
    pub(crate) day: u8,
    pub(crate) hour: u8,
    pub(crate) minute: u8,
    /// 60 for a leap second.
    pub(crate) second: u8,
    pub(crate) ms: u16,
}

impl Civil {
    /// The moment these fields name at `offset_seconds` east of UTC; `text` is what an error shows.
    pub(crate) fn moment(self, offset_seconds: i64, text: &str) -> Result<Timestamp, Error> {
        let seconds = self.unix_seconds(offset_seconds).ok_or_else(|| Error::no_such_moment(text))?;
        let ms = if self.second == 60 { LEAP_SECOND_MS } else { self.ms };
        u64::try_from(seconds)
            .ok()
            .and_then(|seconds| seconds.checked_mul(1_000)?.checked_add(u64::from(ms)))
            .and_then(Timestamp::from_unix_ms)
            .ok_or_else(|| Error::out_of_range(text))
    }

    fn unix_seconds(self, offset_seconds: i64) -> Option<i64> {
        let leap = self.second == 60;
        let month = Month::try_from(self.month).ok()?;
        let date = Date::from_calendar_date(i32::from(self.year), month, self.day).ok()?;
        let second = if leap { 59 } else { self.second };
        let time = Time::from_hms(self.hour, self.minute, second).ok()?;
        let seconds = UtcDateTime::new(date, time).unix_timestamp().checked_sub(offset_seconds)?;
        (!leap || ends_a_month(seconds)).then_some(seconds)
    }

    /// The fields of a moment, in UTC.
    pub(super) fn of(moment: Timestamp) -> Self {
        let utc = utc(moment);
        let (year, month, day) = utc.to_calendar_date();
        let (hour, minute, second) = utc.as_hms();
        let ms =
            moment.unix_ms().checked_rem(1_000).and_then(|ms| u16::try_from(ms).ok()).unwrap_or_default();
        let year = u16::try_from(year).unwrap_or_default();
        Self { year, month: u8::from(month), day, hour, minute, second, ms }
    }
}

/// The day of the week of a moment in UTC, counted from 0 for Monday.
pub(super) fn weekday(moment: Timestamp) -> u8 {
    utc(moment).weekday().number_days_from_monday()
}

fn utc(moment: Timestamp) -> UtcDateTime {
    // A `Timestamp` never leaves the years 1970 to 9999, so the conversion succeeds and the epoch is never shown.
    let seconds = i64::try_from(moment.unix_seconds()).ok();
    let utc = seconds.and_then(|seconds| UtcDateTime::from_unix_timestamp(seconds).ok());
    utc.unwrap_or(UtcDateTime::UNIX_EPOCH)
}

/// Whether the second after this one is the first of a month in UTC.
fn ends_a_month(seconds: i64) -> bool {
    let next = seconds.checked_add(1).and_then(|next| UtcDateTime::from_unix_timestamp(next).ok());
    // The last second of the year 9999 has no next one here, and it does end a month.
    next.is_none_or(|next| next.day() == 1 && next.as_hms() == (0, 0, 0))
}
