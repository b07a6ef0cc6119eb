//! A month later is the same day and time of the later month, or its last day where it has no such day.
//!
//! Counting starts from one anchor, never from the result before: from 31 January come 28 February and 31 March.

use time::Month;

use super::civil::Civil;
use crate::time::Timestamp;

const DAY_MS: u64 = 24 * 60 * 60 * 1_000;

/// The moment so many calendar months after `anchor`, in UTC. `None` after the year 9999.
///
/// ```
/// use tillproof::calendar::{months_after, parse_rfc3339};
///
/// let anchor = parse_rfc3339("2026-01-31T12:00:00Z")?;
/// assert_eq!(months_after(anchor, 1), parse_rfc3339("2026-02-28T12:00:00Z").ok());
/// assert_eq!(months_after(anchor, 2), parse_rfc3339("2026-03-31T12:00:00Z").ok());
/// # Ok::<(), tillproof::calendar::Error>(())
/// ```
#[must_use]
pub fn months_after(anchor: Timestamp, months: u32) -> Option<Timestamp> {
    let civil = Civil::of(anchor);
    let total = u32::from(civil.month).checked_sub(1)?.checked_add(months)?;
    let year = u32::from(civil.year).checked_add(total / 12)?;
    let month = u8::try_from(total % 12).ok()?.checked_add(1)?;
    let last = Month::try_from(month).ok()?.length(i32::try_from(year).ok()?);
    let later = Civil { year: u16::try_from(year).ok()?, month, day: civil.day.min(last), ..civil };
    later.moment(0, "").ok()
}

/// The last second of the day a moment is in, in UTC.
#[must_use]
pub const fn end_of_day(moment: Timestamp) -> Timestamp {
    let ms = moment.unix_ms();
    let begins = ms.saturating_sub(ms % DAY_MS);
    match Timestamp::from_unix_ms(begins.saturating_add(DAY_MS - 1_000)) {
        Some(end) => end,
        // The last day there is.
        None => moment,
    }
}

/// The year and the month of a moment in UTC, January being 1.
#[must_use]
pub fn year_and_month(moment: Timestamp) -> (u16, u8) {
    let Civil { year, month, .. } = Civil::of(moment);
    (year, month)
}

#[cfg(test)]
mod tests {
    use super::super::{parse_rfc3339, rfc3339};
    use super::*;

    #[test]
    fn months_are_counted_from_the_anchor() {
        let table = [
            ("2026-01-31T12:00:00Z", 0, "2026-01-31T12:00:00Z"),
            ("2026-01-31T12:00:00Z", 1, "2026-02-28T12:00:00Z"),
            ("2028-01-31T12:00:00Z", 1, "2028-02-29T12:00:00Z"),
            ("2026-01-31T12:00:00Z", 3, "2026-04-30T12:00:00Z"),
            ("2026-12-15T23:59:59Z", 1, "2027-01-15T23:59:59Z"),
            ("2028-02-29T00:00:00Z", 12, "2029-02-28T00:00:00Z"),
            ("2028-02-29T00:00:00Z", 48, "2032-02-29T00:00:00Z"),
        ];
        for (anchor, months, expected) in table {
            let found = months_after(parse_rfc3339(anchor).unwrap(), months).unwrap();
            assert_eq!(found, parse_rfc3339(expected).unwrap(), "{anchor} and {months} months");
        }
        assert_eq!(months_after(parse_rfc3339("9999-12-01T00:00:00Z").unwrap(), 1), None);
    }

    #[test]
    fn a_day_ends_at_its_last_second() {
        for (moment, expected) in [
            ("2026-01-31T00:00:00Z", "2026-01-31T23:59:59Z"),
            ("2026-01-31T23:59:59.999Z", "2026-01-31T23:59:59Z"),
        ] {
            assert_eq!(
                end_of_day(parse_rfc3339(moment).unwrap()),
                parse_rfc3339(expected).unwrap(),
                "{moment}"
            );
        }
        assert_eq!(rfc3339(end_of_day(Timestamp::MIN)).get(..19), Some("1970-01-01T23:59:59"));
    }
}
