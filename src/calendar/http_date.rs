//! HTTP dates (RFC 9110, section 5.6.7): one form is written, three are read.

use super::Error;
use super::civil::{Civil, weekday};
use super::cursor::Cursor;
use crate::prelude::*;
use crate::time::Timestamp;

const MONTHS: [&str; 12] =
    ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];
const DAYS: [&str; 7] = ["Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun"];
const LONG_DAYS: [&str; 7] = ["Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday"];

/// A year of two digits is never read as more than this many years after `now`.
const FUTURE_YEARS_MAX: u16 = 50;

const EXPECTED: &str = "an HTTP date such as Sun, 06 Nov 1994 08:49:37 GMT";

/// A moment as an HTTP date, without its milliseconds: `Sun, 06 Nov 1994 08:49:37 GMT`.
#[must_use]
pub fn http_date(moment: Timestamp) -> String {
    let Civil { year, month, day, hour, minute, second, .. } = Civil::of(moment);
    let weekday = DAYS.get(usize::from(weekday(moment))).copied().unwrap_or_default();
    let month = MONTHS.get(usize::from(month.saturating_sub(1))).copied().unwrap_or_default();
    format!("{weekday}, {day:02} {month} {year:04} {hour:02}:{minute:02}:{second:02} GMT")
}

/// A moment from any of the three forms of an HTTP date.
///
/// | Form | Example |
/// | --- | --- |
/// | IMF-fixdate | `Sun, 06 Nov 1994 08:49:37 GMT` |
/// | RFC 850, obsolete | `Sunday, 06-Nov-94 08:49:37 GMT` |
/// | asctime, obsolete | `Sun Nov  6 08:49:37 1994` |
///
/// `now` decides the century of a two-digit year: the latest one that is not more than 50 years ahead, as the RFC
/// demands. Names are case-sensitive. The day of the week must be a name of one, but is not compared with the date:
/// the RFC does not ask for it, and a server that gets it wrong still means its date.
///
/// # Errors
///
/// [`Error::Malformed`], [`Error::NoSuchMoment`], [`Error::OutOfRange`].
pub fn parse_http_date(text: &str, now: Timestamp) -> Result<Timestamp, Error> {
    // `Sun` begins `Sunday` too: each form is tried whole, and at most one fits.
    let fields = FORMS.iter().find_map(|form| read(form, text, now));
    fields.ok_or_else(|| Error::malformed(EXPECTED, text))?.moment(0, text)
}

/// The three forms, in the order of the table above. A letter stands for a field, see [`read`]; what is none stands for
/// itself. Data, because the steps written out would take three times the space.
const FORMS: [&str; 3] = ["w, d m Y h:i:s z", "W, d-m-y h:i:s z", "w m e h:i:s Y"];

fn read(form: &str, text: &str, now: Timestamp) -> Option<Civil> {
    let mut cursor = Cursor::new(text);
    let mut read = Civil { year: 0, month: 0, day: 0, hour: 0, minute: 0, second: 0, ms: 0 };
    let mut century_is_open = false;
    for field in form.chars() {
        match field {
            'w' => _ = cursor.one_of(&DAYS)?,
            'W' => _ = cursor.one_of(&LONG_DAYS)?,
            'd' => read.day = cursor.two_digits()?,
            // A blank stands where the first of two digits would be zero.
            'e' => {
                read.day = if cursor.take(" ").is_some() { cursor.digit()? } else { cursor.two_digits()? }
            }
            'm' => read.month = cursor.one_of(&MONTHS)?,
            'y' => (read.year, century_is_open) = (u16::from(cursor.two_digits()?), true),
            'Y' => read.year = cursor.four_digits()?,
            'h' => read.hour = cursor.two_digits()?,
            'i' => read.minute = cursor.two_digits()?,
            's' => read.second = cursor.two_digits()?,
            'z' => cursor.take("GMT")?,
            plain => cursor.take(plain.encode_utf8(&mut [0; 4]))?,
        }
    }
    cursor.end()?;
    Some(if century_is_open { in_century(read, now) } else { read })
}

/// Completes a two-digit year: the latest one whose date is at most 50 years after `now`.
fn in_century(date: Civil, now: Timestamp) -> Civil {
    let now = Civil::of(now);
    let latest_year = now.year.saturating_add(FUTURE_YEARS_MAX);
    let since_century = latest_year.checked_rem(100).unwrap_or_default();
    let year = latest_year.saturating_sub(since_century).saturating_add(date.year);
    let of_year = |civil: Civil| (civil.month, civil.day, civil.hour, civil.minute, civil.second);
    let too_late = (year, of_year(date)) > (latest_year, of_year(now));
    Civil { year: if too_late { year.saturating_sub(100) } else { year }, ..date }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::advice::Diagnose;
    use crate::calendar::{parse_rfc3339, rfc3339};

    fn at(text: &str) -> Timestamp {
        parse_rfc3339(text).unwrap()
    }

    #[test]
    fn the_three_forms_of_the_standard_name_the_same_moment() {
        let now = at("2026-03-04T00:00:00Z");
        for text in [
            "Sun, 06 Nov 1994 08:49:37 GMT",
            "Sunday, 06-Nov-94 08:49:37 GMT",
            "Sun Nov  6 08:49:37 1994",
            "Sun Nov 06 08:49:37 1994",
        ] {
            let moment = parse_http_date(text, now).unwrap();
            assert_eq!(moment.unix_ms(), 784_111_777_000, "{text}");
            assert_eq!(http_date(moment), "Sun, 06 Nov 1994 08:49:37 GMT");
        }
        // Not a Monday; read all the same.
        assert_eq!(parse_http_date("Mon, 06 Nov 1994 08:49:37 GMT", now).unwrap().unix_ms(), 784_111_777_000);
        let leap = parse_http_date("Sat, 31 Dec 2016 23:59:60 GMT", now).unwrap();
        assert_eq!(rfc3339(leap), "2016-12-31T23:59:59.999Z");
    }

    #[test]
    fn a_year_of_two_digits_is_at_most_fifty_years_ahead() {
        // now, text, year
        let table = [
            ("2026-03-04T00:00:00Z", "Sunday, 06-Nov-94 08:49:37 GMT", "1994"),
            ("2026-03-04T00:00:00Z", "Sunday, 06-Nov-26 08:49:37 GMT", "2026"),
            ("2026-03-04T00:00:00Z", "Sunday, 06-Nov-75 08:49:37 GMT", "2075"),
            ("2026-03-04T00:00:00Z", "Sunday, 04-Mar-76 00:00:00 GMT", "2076"),
            ("2026-03-04T00:00:00Z", "Sunday, 04-Mar-76 00:00:01 GMT", "1976"),
            ("2026-03-04T00:00:00Z", "Sunday, 06-Nov-77 08:49:37 GMT", "1977"),
            ("2049-12-31T23:59:59Z", "Friday, 01-Jan-00 00:00:00 GMT", "2000"),
            ("2050-01-01T00:00:00Z", "Friday, 01-Jan-00 00:00:00 GMT", "2100"),
            ("2099-12-31T00:00:00Z", "Friday, 01-Jan-01 00:00:00 GMT", "2101"),
        ];
        for (now, text, year) in table {
            let moment = parse_http_date(text, at(now)).unwrap();
            assert!(rfc3339(moment).starts_with(year), "{text} at {now}: {}", rfc3339(moment));
        }
    }

    #[test]
    fn anything_else_is_refused() {
        let now = at("2026-03-04T00:00:00Z");
        let table = [
            ("", "time_malformed"),
            ("1994-11-06T08:49:37Z", "time_malformed"),
            ("Sun, 6 Nov 1994 08:49:37 GMT", "time_malformed"),
            ("Sun, 06 Nov 94 08:49:37 GMT", "time_malformed"),
            ("Sun, 06 Nov 1994 08:49:37 UTC", "time_malformed"),
            ("Sun, 06 Nov 1994 08:49:37 +0000", "time_malformed"),
            ("Sun, 06 Nov 1994 08:49:37", "time_malformed"),
            ("sun, 06 nov 1994 08:49:37 gmt", "time_malformed"),
            ("Sun,06 Nov 1994 08:49:37 GMT", "time_malformed"),
            ("Son, 06 Nov 1994 08:49:37 GMT", "time_malformed"),
            ("Sun, 06 Nov 1994 08:49:37 GMT ", "time_malformed"),
            ("Sunday, 06-Nov-1994 08:49:37 GMT", "time_malformed"),
            ("Sun Nov 6 08:49:37 1994", "time_malformed"),
            ("Sun Nov  6 08:49:37 94", "time_malformed"),
            ("Sun, 31 Feb 1994 08:49:37 GMT", "time_no_such_moment"),
            ("Sun, 06 Nov 1994 24:00:00 GMT", "time_no_such_moment"),
            ("Sun, 06 Nov 1994 08:49:60 GMT", "time_no_such_moment"),
            ("Wed, 31 Dec 1969 23:59:59 GMT", "time_out_of_range"),
        ];
        for (text, code) in table {
            assert_eq!(parse_http_date(text, now).map_err(|error| error.code()), Err(code), "{text:?}");
        }
    }
}
