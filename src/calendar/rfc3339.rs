//! RFC 3339: the text of a moment in files and JSON.

use super::Error;
use super::civil::Civil;
use super::cursor::Cursor;
use crate::prelude::*;
use crate::time::Timestamp;

/// Longest text read, in bytes. Nanoseconds and an offset take 35; nobody measures a payment finer than that.
const TEXT_BYTES_MAX: usize = 64;

/// As many bytes as a moment with milliseconds has.
const TEXT_BYTES: usize = 24;

const MOMENT: &str = "an RFC 3339 moment such as 2026-03-04T05:06:07Z";
const DATE: &str = "a date such as 2026-03-04";

/// A moment in UTC: `2026-03-04T05:06:07Z`, or `2026-03-04T05:06:07.089Z` when there are milliseconds.
///
/// Whole seconds go without a fraction, as most files have them. Such texts do not sort like the moments they name:
/// sort [`Timestamp`]s.
#[must_use]
pub fn rfc3339(moment: Timestamp) -> String {
    let Civil { hour, minute, second, ms, .. } = Civil::of(moment);
    let mut text = date(moment);
    for (mark, number) in [("T", hour), (":", minute), (":", second)] {
        text.push_str(mark);
        append_padded(&mut text, number.into(), 2);
    }
    if ms > 0 {
        text.push('.');
        append_padded(&mut text, ms.into(), 3);
    }
    text.push('Z');
    text
}

/// The day of a moment in UTC: `2026-03-04`.
#[must_use]
pub fn date(moment: Timestamp) -> String {
    let Civil { year, month, day, .. } = Civil::of(moment);
    let mut text = String::with_capacity(TEXT_BYTES);
    append_padded(&mut text, year.into(), 4);
    for number in [month, day] {
        text.push('-');
        append_padded(&mut text, number.into(), 2);
    }
    text
}

/// A moment from `2026-03-04T05:06:07.089+01:00`: date, `T`, time, optional fraction, and `Z` or an offset.
///
/// The offset is required, since a local time is no moment; `-00:00` (offset unknown) counts as UTC. `t` and `z` may
/// be lower case, as the RFC says; a space in place of the `T` is refused.
///
/// # Errors
///
/// [`Error::Malformed`], [`Error::NoSuchMoment`], [`Error::OutOfRange`].
pub fn parse_rfc3339(text: &str) -> Result<Timestamp, Error> {
    let fields = (text.len() <= TEXT_BYTES_MAX).then(|| moment_fields(text)).flatten();
    let (civil, offset_seconds) = fields.ok_or_else(|| Error::malformed(MOMENT, text))?;
    let offset_seconds = offset_seconds.ok_or_else(|| Error::no_such_moment(text))?;
    civil.moment(offset_seconds, text)
}

/// The first moment, in UTC, of a day written `2026-03-04`.
///
/// # Errors
///
/// [`Error::Malformed`], [`Error::NoSuchMoment`], [`Error::OutOfRange`].
pub fn parse_date(text: &str) -> Result<Timestamp, Error> {
    let mut cursor = Cursor::new(text);
    let day = day_fields(&mut cursor).filter(|_| cursor.end().is_some());
    day.ok_or_else(|| Error::malformed(DATE, text))?.moment(0, text)
}

/// The fields and the offset from UTC in seconds; no offset when its fields are beyond 23:59.
fn moment_fields(text: &str) -> Option<(Civil, Option<i64>)> {
    let mut cursor = Cursor::new(text);
    let day = day_fields(&mut cursor)?;
    cursor.one_of(&["T", "t"])?;
    let hour = cursor.two_digits()?;
    cursor.take(":")?;
    let minute = cursor.two_digits()?;
    cursor.take(":")?;
    let second = cursor.two_digits()?;
    let ms = if cursor.take(".").is_some() { fraction_ms(&mut cursor)? } else { 0 };
    let offset_seconds = offset(&mut cursor)?;
    cursor.end()?;
    Some((Civil { hour, minute, second, ms, ..day }, offset_seconds))
}

fn day_fields(cursor: &mut Cursor<'_>) -> Option<Civil> {
    let year = cursor.four_digits()?;
    cursor.take("-")?;
    let month = cursor.two_digits()?;
    cursor.take("-")?;
    let day = cursor.two_digits()?;
    Some(Civil { year, month, day, hour: 0, minute: 0, second: 0, ms: 0 })
}

/// At least one digit; those beyond the third are read and dropped.
fn fraction_ms(cursor: &mut Cursor<'_>) -> Option<u16> {
    let mut ms = u16::from(cursor.digit()?).checked_mul(100)?;
    for weight in [10, 1] {
        let Some(digit) = cursor.digit() else { return Some(ms) };
        ms = ms.checked_add(u16::from(digit).checked_mul(weight)?)?;
    }
    while cursor.digit().is_some() {}
    Some(ms)
}

fn offset(cursor: &mut Cursor<'_>) -> Option<Option<i64>> {
    if cursor.one_of(&["Z", "z"]).is_some() {
        return Some(Some(0));
    }
    let east = cursor.one_of(&["+", "-"])? == 1;
    let hours = cursor.two_digits()?;
    cursor.take(":")?;
    let minutes = cursor.two_digits()?;
    if hours > 23 || minutes > 59 {
        return Some(None);
    }
    let seconds = i64::from(hours).checked_mul(3_600)?.checked_add(i64::from(minutes).checked_mul(60)?)?;
    Some(if east { Some(seconds) } else { seconds.checked_neg() })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::advice::Diagnose;

    #[test]
    fn moments_are_read_in_every_offset_and_written_in_utc() {
        // text, milliseconds since the epoch, text written back
        let table = [
            ("1970-01-01T00:00:00Z", 0, "1970-01-01T00:00:00Z"),
            ("2026-03-04T00:00:00.000Z", 1_772_582_400_000, "2026-03-04T00:00:00Z"),
            ("2026-03-04t05:06:07.089z", 1_772_600_767_089, "2026-03-04T05:06:07.089Z"),
            ("2026-03-04T05:06:07.0899999Z", 1_772_600_767_089, "2026-03-04T05:06:07.089Z"),
            ("2026-03-04T05:06:07.5Z", 1_772_600_767_500, "2026-03-04T05:06:07.500Z"),
            ("2026-03-04T05:06:07.12+00:00", 1_772_600_767_120, "2026-03-04T05:06:07.120Z"),
            ("2026-03-04T05:06:07-00:00", 1_772_600_767_000, "2026-03-04T05:06:07Z"),
            ("2026-03-04T00:30:00+01:00", 1_772_580_600_000, "2026-03-03T23:30:00Z"),
            ("2026-03-03T18:30:00-05:00", 1_772_580_600_000, "2026-03-03T23:30:00Z"),
            ("2024-02-29T12:00:00+05:45", 1_709_187_300_000, "2024-02-29T06:15:00Z"),
            ("1996-12-19T16:39:57-08:00", 851_042_397_000, "1996-12-20T00:39:57Z"),
            ("9999-12-31T23:59:59.999Z", 253_402_300_799_999, "9999-12-31T23:59:59.999Z"),
            // Leap seconds, the first two from RFC 3339, section 5.8: kept in their day.
            ("1990-12-31T23:59:60Z", 662_687_999_999, "1990-12-31T23:59:59.999Z"),
            ("1990-12-31T15:59:60-08:00", 662_687_999_999, "1990-12-31T23:59:59.999Z"),
            ("2016-12-31T23:59:60.250Z", 1_483_228_799_999, "2016-12-31T23:59:59.999Z"),
            ("9999-12-31T23:59:60Z", 253_402_300_799_999, "9999-12-31T23:59:59.999Z"),
        ];
        for (text, ms, written) in table {
            let moment = parse_rfc3339(text).unwrap();
            assert_eq!((moment.unix_ms(), rfc3339(moment).as_str()), (ms, written), "{text}");
        }
    }

    #[test]
    fn a_text_that_names_no_moment_is_refused() {
        let long = format!("2026-03-04T05:06:07.{}Z", "0".repeat(TEXT_BYTES_MAX));
        let table = [
            ("", "time_malformed"),
            ("2026-03-04", "time_malformed"),
            ("2026-03-04T05:06:07", "time_malformed"),
            ("2026-03-04 05:06:07Z", "time_malformed"),
            ("2026-03-04T05:06Z", "time_malformed"),
            ("2026-3-4T05:06:07Z", "time_malformed"),
            ("2026-03-04T05:06:07.Z", "time_malformed"),
            ("2026-03-04T05:06:07,5Z", "time_malformed"),
            ("2026-03-04T05:06:07+0100", "time_malformed"),
            ("2026-03-04T05:06:07+01", "time_malformed"),
            ("2026-03-04T05:06:07Z ", "time_malformed"),
            (" 2026-03-04T05:06:07Z", "time_malformed"),
            ("+2026-03-04T05:06:07Z", "time_malformed"),
            ("-2026-03-04T05:06:07Z", "time_malformed"),
            ("12026-03-04T05:06:07Z", "time_malformed"),
            ("20260304T050607Z", "time_malformed"),
            ("1772600767", "time_malformed"),
            ("٢٠٢٦-03-04T05:06:07Z", "time_malformed"),
            (long.as_str(), "time_malformed"),
            ("2026-02-29T00:00:00Z", "time_no_such_moment"),
            ("2026-00-01T00:00:00Z", "time_no_such_moment"),
            ("2026-13-01T00:00:00Z", "time_no_such_moment"),
            ("2026-04-31T00:00:00Z", "time_no_such_moment"),
            ("2026-03-04T24:00:00Z", "time_no_such_moment"),
            ("2026-03-04T05:60:00Z", "time_no_such_moment"),
            ("2026-03-04T05:06:61Z", "time_no_such_moment"),
            ("2026-03-04T05:06:07+24:00", "time_no_such_moment"),
            ("2026-03-04T05:06:07+01:60", "time_no_such_moment"),
            ("2026-03-04T23:59:60Z", "time_no_such_moment"),
            ("2016-12-31T23:59:60+01:00", "time_no_such_moment"),
            ("1969-12-31T23:59:59Z", "time_out_of_range"),
            ("0000-01-01T00:00:00Z", "time_out_of_range"),
            ("1970-01-01T00:00:00+00:01", "time_out_of_range"),
            ("9999-12-31T23:59:59-00:01", "time_out_of_range"),
        ];
        for (text, code) in table {
            assert_eq!(parse_rfc3339(text).map_err(|error| error.code()), Err(code), "{text:?}");
        }
    }

    #[test]
    fn a_plain_date_is_the_first_moment_of_its_day_in_utc() {
        let day = parse_date("2026-03-04").unwrap();
        assert_eq!(day.unix_ms(), 1_772_582_400_000);
        assert_eq!(date(day), "2026-03-04");
        let table = [
            ("2026-03-04T00:00:00Z", "time_malformed"),
            ("2026-03-4", "time_malformed"),
            ("04.03.2026", "time_malformed"),
            ("20260304", "time_malformed"),
            ("2026-03-04 ", "time_malformed"),
            ("2026-02-30", "time_no_such_moment"),
            ("1900-01-01", "time_out_of_range"),
        ];
        for (text, code) in table {
            assert_eq!(parse_date(text).map_err(|error| error.code()), Err(code), "{text:?}");
        }
    }
}
