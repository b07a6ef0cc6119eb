//! Banks work from Monday to Friday; money moves at the first moment of a day in UTC. Holidays are not known here.

use crate::calendar::date;
use crate::time::{Millis, Timestamp};

const DAY_MS: u64 = 24 * 60 * 60 * 1_000;

/// 1970-01-01 was a Thursday, the day with number 3 when Monday has 0.
const EPOCH_WEEKDAY: u64 = 3;

/// The first moment of the day of a moment.
pub(in crate::simulator) const fn start_of_day(moment: Timestamp) -> Timestamp {
    moment.saturating_sub(Millis::new(moment.unix_ms() % DAY_MS))
}

/// The first moment of the next day.
pub(in crate::simulator) const fn next_day(moment: Timestamp) -> Timestamp {
    start_of_day(moment).saturating_add(Millis::new(DAY_MS))
}

/// The day of the week, from 0 for Monday.
pub(in crate::simulator) const fn weekday(moment: Timestamp) -> u64 {
    (moment.unix_ms() / DAY_MS).saturating_add(EPOCH_WEEKDAY) % 7
}

/// Whether a day is that day of its month, or the last one of a shorter month.
pub(in crate::simulator) fn is_day_of_month(day: Timestamp, anchor: u8) -> bool {
    let of_month = |moment: Timestamp| {
        let text = date(moment);
        text.rsplit('-').next().and_then(|digits| digits.parse::<u8>().ok()).unwrap_or_default()
    };
    let (today, tomorrow) = (of_month(day), of_month(next_day(day)));
    today == anchor || (tomorrow == 1 && today < anchor)
}

/// The first moment of the `days`th business day after the day of a moment.
pub(in crate::simulator) fn business_days_later(moment: Timestamp, days: u32) -> Timestamp {
    let mut day = start_of_day(moment);
    for _ in 0..days {
        day = next_day(day);
        while weekday(day) >= 5 && day < Timestamp::MAX {
            day = next_day(day);
        }
    }
    day
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::calendar::{parse_rfc3339, rfc3339};

    #[test]
    fn weekends_are_passed_over() {
        // 2026-11-20 was a Friday.
        let table = [
            ("2026-11-19T10:00:00Z", 2, "2026-11-23T00:00:00Z"),
            ("2026-11-20T23:59:59Z", 1, "2026-11-23T00:00:00Z"),
            ("2026-11-20T00:00:00Z", 2, "2026-11-24T00:00:00Z"),
            ("2026-11-21T12:00:00Z", 1, "2026-11-23T00:00:00Z"),
            ("2026-11-22T12:00:00Z", 2, "2026-11-24T00:00:00Z"),
            ("2026-11-23T12:00:00Z", 0, "2026-11-23T00:00:00Z"),
            ("2024-02-28T12:00:00Z", 1, "2024-02-29T00:00:00Z"),
        ];
        for (from, days, to) in table {
            assert_eq!(
                rfc3339(business_days_later(parse_rfc3339(from).unwrap(), days)),
                to,
                "{from} + {days}"
            );
        }
        assert_eq!(weekday(parse_rfc3339("2026-11-20T00:00:00Z").unwrap()), 4);
    }
}
