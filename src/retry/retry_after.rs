//! The hint of the server, `Retry-After` (RFC 9110, section 10.2.3): a floor for the next attempt, or no hint at all.

use crate::time::{Millis, Timestamp};

/// Longest value read, in bytes. The longest HTTP date has 33, and no wait needs 60 digits.
const TEXT_BYTES_MAX: usize = 64;

/// How long the server asks to be left alone, or `None` when the value says nothing usable.
///
/// | Value | Result |
/// | --- | --- |
/// | `120` | 120 s |
/// | `0`, a date that is past | no wait, only the backoff that [`decide`](super::decide) adds |
/// | a date in the future | the time from `now` until then |
/// | seconds beyond 64 bits of milliseconds | the longest length there is: no deadline allows it |
/// | `-5`, `+5`, `1.5`, `1e3`, `120, 60`, nothing, anything else | `None`: the backoff alone decides |
///
/// Space around the value is ignored, as in any header field. `now` should be the `Date` of the same response where
/// it has one: then a wrong clock on either side does not matter. `read_date` reads the three forms of an HTTP date
/// and is `calendar::parse_http_date`; it comes as an argument because this module knows no calendar.
pub fn retry_after<E>(
    text: &str,
    now: Timestamp,
    read_date: impl FnOnce(&str, Timestamp) -> Result<Timestamp, E>,
) -> Option<Millis> {
    if text.len() > TEXT_BYTES_MAX {
        return None;
    }
    let text = text.trim_matches([' ', '\t']);
    if text.is_empty() {
        return None;
    }
    if text.bytes().all(|byte| byte.is_ascii_digit()) {
        // Only digits are left: what fails to parse is too large.
        return Some(Millis::from_seconds(text.parse().unwrap_or(u64::MAX)));
    }
    read_date(text, now).ok().map(|moment| moment.since(now))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::calendar::{parse_http_date, parse_rfc3339};

    #[test]
    fn a_hint_is_seconds_or_a_date_and_anything_else_is_none() {
        let now = parse_rfc3339("1994-11-06T08:47:37.250Z").unwrap();
        let long = "1".repeat(TEXT_BYTES_MAX + 1);
        let table = [
            ("120", Some(120_000)),
            ("0", Some(0)),
            ("007", Some(7_000)),
            (" \t120 ", Some(120_000)),
            ("18446744073709551", Some(18_446_744_073_709_551_000)),
            ("18446744073709552", Some(u64::MAX)),
            ("99999999999999999999999999", Some(u64::MAX)),
            ("Sun, 06 Nov 1994 08:49:37 GMT", Some(119_750)),
            ("Sunday, 06-Nov-94 08:49:37 GMT", Some(119_750)),
            ("Sun Nov  6 08:49:37 1994", Some(119_750)),
            ("Sun, 06 Nov 1994 08:47:37 GMT", Some(0)),
            ("Thu, 01 Jan 1970 00:00:00 GMT", Some(0)),
            ("Fri, 31 Dec 9999 23:59:59 GMT", Some(252_618_189_141_750)),
            ("", None),
            ("  ", None),
            ("-5", None),
            ("+5", None),
            ("1.5", None),
            ("1e3", None),
            ("0x10", None),
            ("120s", None),
            ("120, 60", None),
            ("１２", None),
            ("NaN", None),
            ("soon", None),
            ("1994-11-06T08:49:37Z", None),
            ("Sun, 31 Feb 1994 08:49:37 GMT", None),
            (long.as_str(), None),
        ];
        for (text, expected) in table {
            let found = retry_after(text, now, parse_http_date).map(Millis::get);
            assert_eq!(found, expected, "{text:?}");
        }
    }
}
