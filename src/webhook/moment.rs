//! RFC 3339 texts to milliseconds, for the time a provider says an event happened at.
//!
//! The calendar of the crate is not used: it would bring a date library into the smallest artefact.

use crate::prelude::*;
use crate::time::Timestamp;

/// The moment of a text such as `2026-03-04T05:06:07.089Z`; `None` for anything else.
///
/// Digits beyond milliseconds are dropped. A leap second is read as the second after it.
pub(super) fn rfc3339(text: &str) -> Option<Timestamp> {
    let (date, rest) = text.split_once(['T', 't'])?;
    let (year, rest_of_date) = date.split_once('-')?;
    let (month, day) = rest_of_date.split_once('-')?;
    let (clock, offset_ms, ahead) = zone(rest)?;
    let (time, fraction) = clock.split_once('.').map_or((clock, None), |(time, digits)| (time, Some(digits)));
    let (hour, rest_of_time) = time.split_once(':')?;
    let (minute, second) = rest_of_time.split_once(':')?;

    let days = days(number(year, 4, 9_999)?, number(month, 2, 12)?, number(day, 2, 31)?)?;
    let hours = days.checked_mul(24)?.checked_add(number(hour, 2, 23)?)?;
    let minutes = hours.checked_mul(60)?.checked_add(number(minute, 2, 59)?)?;
    let seconds = minutes.checked_mul(60)?.checked_add(number(second, 2, 60)?)?;
    let ms = seconds.checked_mul(1_000)?.checked_add(milliseconds(fraction)?)?;
    let ms = if ahead { ms.checked_sub(offset_ms)? } else { ms.checked_add(offset_ms)? };
    Timestamp::from_unix_ms(ms)
}

/// The text before the zone, how far the zone is from UTC, and whether it is ahead of it.
fn zone(text: &str) -> Option<(&str, u64, bool)> {
    if let Some(clock) = text.strip_suffix(['Z', 'z']) {
        return Some((clock, 0, false));
    }
    let (clock, offset) = text.split_at_checked(text.len().checked_sub(6)?)?;
    let ahead = offset.starts_with('+');
    let (hours, minutes) = offset.strip_prefix(['+', '-'])?.split_once(':')?;
    let minutes = number(hours, 2, 23)?.checked_mul(60)?.checked_add(number(minutes, 2, 59)?)?;
    Some((clock, minutes.checked_mul(60_000)?, ahead))
}

/// A number of exactly so many digits, at most `max`.
fn number(text: &str, digits: usize, max: u64) -> Option<u64> {
    if text.len() != digits || !text.bytes().all(|byte| byte.is_ascii_digit()) {
        return None;
    }
    text.parse().ok().filter(|number| *number <= max)
}

fn milliseconds(fraction: Option<&str>) -> Option<u64> {
    let Some(digits) = fraction else { return Some(0) };
    if digits.is_empty() || !digits.bytes().all(|byte| byte.is_ascii_digit()) {
        return None;
    }
    let three: String = digits.chars().chain("00".chars()).take(3).collect();
    number(&three, 3, 999)
}

/// Days since 1970-01-01; `None` for a date that does not exist.
fn days(year: u64, month: u64, day: u64) -> Option<u64> {
    let leap = year.is_multiple_of(4) && (!year.is_multiple_of(100) || year.is_multiple_of(400));
    let months = [31, if leap { 29 } else { 28 }, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31];
    let before = usize::try_from(month.checked_sub(1)?).ok()?;
    if day == 0 || day > *months.get(before)? {
        return None;
    }
    // Leap days of the years 1 to `year - 1`, less those up to 1969, of which there were 477.
    let past = year.checked_sub(1)?;
    let leap_days = (past / 4).checked_sub(past / 100)?.checked_add(past / 400)?.checked_sub(477)?;
    let whole_years = year.checked_sub(1970)?.checked_mul(365)?.checked_add(leap_days)?;
    whole_years.checked_add(months.iter().take(before).sum())?.checked_add(day.checked_sub(1)?)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn texts_are_read_to_the_millisecond_or_not_at_all() {
        let table = [
            ("1970-01-01T00:00:00Z", Some(0)),
            ("2000-02-29T12:00:00Z", Some(951_825_600_000)),
            ("2026-11-21T14:26:09.5Z", Some(1_795_271_169_500)),
            ("2018-07-05T09:13:51.404Z", Some(1_530_782_031_404)),
            ("2018-07-05T09:13:51.404999+00:00", Some(1_530_782_031_404)),
            ("2018-07-05T11:13:51+02:00", Some(1_530_782_031_000)),
            ("2018-07-05T04:43:51-04:30", Some(1_530_782_031_000)),
            ("9999-12-31T23:59:59.999Z", Some(253_402_300_799_999)),
            ("9999-12-31T23:59:59.999-00:01", None),
            ("1969-12-31T23:59:59Z", None),
            ("2001-02-29T00:00:00Z", None),
            ("1900-02-29T00:00:00Z", None),
            ("2018-07-05", None),
            ("2018-07-05T09:13:51", None),
            ("2018-7-5T09:13:51Z", None),
            ("2018-13-05T09:13:51Z", None),
            ("2018-00-05T09:13:51Z", None),
            ("2018-07-05T09:13:51.Z", None),
            ("2018-07-05T09:13:51é+0:00", None),
            ("2018-07-05 09:13:51Z", None),
            ("+018-07-05T09:13:51Z", None),
            ("", None),
        ];
        for (text, expected) in table {
            assert_eq!(rfc3339(text).map(Timestamp::unix_ms), expected, "{text}");
        }
    }
}
