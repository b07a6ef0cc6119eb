//! RFC 3339 texts to milliseconds, for the time a provider says an event happened at.
//!
//! The calendar of the crate is not used: it would bring a date library into the smallest artefact.

use super::cut::cut;
use crate::time::Timestamp;

/// The moment of a text such as `2026-03-04T05:06:07.089Z`; `None` for anything else.
///
/// Digits beyond milliseconds are dropped. A leap second is read as the second after it.
pub(super) fn rfc3339(text: &str) -> Option<Timestamp> {
    let (moment, zone) = match text.strip_suffix('Z').or_else(|| text.strip_suffix('z')) {
        Some(moment) => (moment, None),
        None => text
            .split_at_checked(text.len().checked_sub(ZONE_BYTES)?)
            .map(|(moment, zone)| (moment, Some(zone)))?,
    };
    let (whole, fraction) = moment.split_at_checked(WHOLE_BYTES)?;
    let marks = whole.as_bytes().iter().zip(b"0000-00-00T00:00:00").all(|(found, expected)| {
        if *expected == b'0' { found.is_ascii_digit() } else { found.eq_ignore_ascii_case(expected) }
    });
    if !marks {
        return None;
    }
    let field = |from: usize, to: usize, max| number(whole.get(from..to)?, max);
    let days = days(field(0, 4, 9_999)?, field(5, 7, 12)?, field(8, 10, 31)?)?;
    let hours = days.checked_mul(24)?.checked_add(field(11, 13, 23)?)?;
    let minutes = hours.checked_mul(60)?.checked_add(field(14, 16, 59)?)?;
    let seconds = minutes.checked_mul(60)?.checked_add(field(17, 19, 60)?)?;
    let ms = seconds.checked_mul(1_000)?.checked_add(milliseconds(fraction)?)?;
    Timestamp::from_unix_ms(match zone {
        None => ms,
        Some(zone) => {
            let offset_ms = offset_ms(zone)?;
            if zone.starts_with('+') { ms.checked_sub(offset_ms)? } else { ms.checked_add(offset_ms)? }
        }
    })
}

/// Bytes of a date and a time to the second.
const WHOLE_BYTES: usize = 19;

/// Bytes of a zone such as `+02:00`.
const ZONE_BYTES: usize = 6;

/// How far a zone is from UTC, on either side.
fn offset_ms(zone: &str) -> Option<u64> {
    let bare = zone.strip_prefix('+').or_else(|| zone.strip_prefix('-'))?;
    let (hours, minutes) = cut(bare, ':')?;
    let minutes = number(hours, 23)?.checked_mul(60)?.checked_add(number(minutes, 59)?)?;
    if hours.len() == 2 { minutes.checked_mul(60_000) } else { None }
}

/// A number in plain digits, at most `max`. As `str::parse`, which takes a sign too and weighs more.
#[inline(never)]
pub(super) fn number(text: &str, max: u64) -> Option<u64> {
    if text.is_empty() || text.len() > DIGITS_MAX {
        return None;
    }
    let mut value = 0_u64;
    for byte in text.bytes() {
        let digit = byte.wrapping_sub(b'0');
        if digit > 9 {
            return None;
        }
        // So few digits do not overflow, and a checked product of 64 bits is a function call in wasm.
        value = value.wrapping_mul(10).wrapping_add(digit.into());
    }
    (value <= max).then_some(value)
}

/// Whatever has more digits is beyond every time there is.
const DIGITS_MAX: usize = 19;

/// The first three digits after the point.
fn milliseconds(fraction: &str) -> Option<u64> {
    if fraction.is_empty() {
        return Some(0);
    }
    let digits = fraction.strip_prefix('.')?;
    if digits.is_empty() || !digits.bytes().all(|byte| byte.is_ascii_digit()) {
        return None;
    }
    let three = digits.bytes().chain([b'0', b'0']).take(3);
    three
        .map(|digit| u64::from(digit & 15))
        .try_fold(0_u64, |ms, digit| ms.checked_mul(10)?.checked_add(digit))
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
