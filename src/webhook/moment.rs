//! RFC 3339 texts to milliseconds, for the time a provider says an event happened at.
//!
//! The calendar of the crate is not used: it would bring a date library into the smallest artefact.

use crate::time::Timestamp;

/// The moment of a text such as `2026-03-04T05:06:07.089Z`; `None` for anything else.
///
/// Digits beyond milliseconds are dropped. A leap second is read as the second after it.
pub(super) fn rfc3339(text: &[u8]) -> Option<Timestamp> {
    let (moment, zone) = match text {
        [moment @ .., b'Z' | b'z'] => (moment, &b"+00:00"[..]),
        _ => text.split_at_checked(text.len().checked_sub(ZONE_BYTES)?)?,
    };
    let (whole, fraction) = moment.split_at_checked(WHOLE_BYTES)?;
    let [year, month, day, hour, minute, second] = numbers(whole, b"0000-00-00T00:00:00")?;
    let (sign, zone) = zone.split_first()?;
    let [zone_hours, zone_minutes, ..] = numbers(zone, b"00:00")?;
    if hour > 23 || minute > 59 || second > 60 || zone_hours > 23 || zone_minutes > 59 {
        return None;
    }
    // A year has four digits, so none of these numbers is near the end of its type.
    let minutes =
        days(year, month, day)?.wrapping_mul(24).wrapping_add(hour).wrapping_mul(60).wrapping_add(minute);
    let ms = minutes
        .wrapping_mul(60)
        .wrapping_add(second)
        .wrapping_mul(1_000)
        .wrapping_add(milliseconds(fraction)?);
    let offset_ms = zone_hours.wrapping_mul(60).wrapping_add(zone_minutes).wrapping_mul(60_000);
    Timestamp::from_unix_ms(match sign {
        b'+' => ms.checked_sub(offset_ms)?,
        b'-' => ms.wrapping_add(offset_ms),
        _ => return None,
    })
}

/// Bytes of a date and a time to the second.
const WHOLE_BYTES: usize = 19;

/// Bytes of a zone such as `+02:00`.
const ZONE_BYTES: usize = 6;

/// The numbers in a text that is like the pattern, in which `0` stands for a digit; 0 for those that the pattern lacks.
fn numbers(text: &[u8], pattern: &[u8]) -> Option<[u64; 6]> {
    let mut numbers = [0_u64; 6];
    let mut slots = numbers.iter_mut();
    let mut slot = slots.next()?;
    for (found, expected) in text.iter().zip(pattern) {
        if *expected != b'0' && found.eq_ignore_ascii_case(expected) {
            slot = slots.next()?;
        } else if *expected == b'0' && found.is_ascii_digit() {
            *slot = slot.wrapping_mul(10).wrapping_add(u64::from(*found & 15));
        } else {
            return None;
        }
    }
    (text.len() == pattern.len()).then_some(numbers)
}

/// A number in plain digits, at most `max`. As `str::parse`, which takes a sign too and weighs more.
#[inline(never)]
pub(super) fn number(text: &[u8], max: u64) -> Option<u64> {
    if text.is_empty() || text.len() > DIGITS_MAX {
        return None;
    }
    let mut value = 0_u64;
    for byte in text {
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
fn milliseconds(fraction: &[u8]) -> Option<u64> {
    let digits = match fraction {
        [] => return Some(0),
        [b'.', digits @ ..] => digits,
        _ => return None,
    };
    if digits.is_empty() || !digits.iter().all(u8::is_ascii_digit) {
        return None;
    }
    let mut ms = 0_u64;
    for at in 0..3 {
        let digit = digits.get(at).unwrap_or(&b'0');
        ms = ms.wrapping_mul(10).wrapping_add(u64::from(digit & 15));
    }
    Some(ms)
}

/// Days since 1970-01-01; `None` for a date that does not exist.
fn days(year: u64, month: u64, day: u64) -> Option<u64> {
    let leap = year.is_multiple_of(4) && (!year.is_multiple_of(100) || year.is_multiple_of(400));
    let months = [31, if leap { 29 } else { 28 }, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31];
    let before = usize::try_from(month.checked_sub(1)?).ok()?;
    if year < 1970 || day == 0 || day > *months.get(before)? {
        return None;
    }
    // Leap days of the years 1 to `year - 1`, less those up to 1969, of which there were 477.
    let past = year.wrapping_sub(1);
    let leap_days = (past / 4).wrapping_sub(past / 100).wrapping_add(past / 400).wrapping_sub(477);
    let mut days = year.wrapping_sub(1970).wrapping_mul(365).wrapping_add(leap_days).wrapping_add(day);
    for days_of_month in months.iter().take(before) {
        days = days.wrapping_add(*days_of_month);
    }
    days.checked_sub(1)
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
            ("2018-07-05T09:13:51*00:00", None),
            ("2018-07-05T09:13:51+24:00", None),
            ("2018-07-05T09:13:60Z", Some(1_530_782_040_000)),
            ("2018-07-05T24:13:51Z", None),
            ("2018-07-05T09:60:51Z", None),
            ("2018-07-05T09:13:61Z", None),
            ("", None),
        ];
        for (text, expected) in table {
            assert_eq!(rfc3339(text.as_bytes()).map(Timestamp::unix_ms), expected, "{text}");
        }
    }
}
