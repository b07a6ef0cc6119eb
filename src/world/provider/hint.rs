//! "Come back later" in every form that RFC 9110 allows, and in those that are seen all the same.

use super::{Answer, dialect};
use crate::calendar;
use crate::prelude::*;
use crate::time::Timestamp;
use crate::world::chaos::Dice;

/// The longest that is asked for, in seconds.
const SECONDS_MAX: u64 = 90;

/// An answer that asks to slow down.
pub(super) fn slow_down(now: u64, status: u16, code: &str, dice: &mut Dice) -> Answer {
    let (form, seconds) = (dice.between(0, 7), dice.between(1, SECONDS_MAX));
    let moment = now.saturating_add(seconds.saturating_mul(1_000));
    // A date has no milliseconds: what it names is the second before.
    let whole = moment.saturating_sub(moment % 1_000);
    let date = |ms| Timestamp::from_unix_ms(ms).map_or_else(String::new, calendar::http_date);
    let (value, not_before) = match form {
        0 => (None, None),
        1 => (Some("-5".to_owned()), None),
        2 => (Some("soon".to_owned()), None),
        3 => (Some(date(now.saturating_sub(60_000))), None),
        4 => (Some(date(whole)), Some(whole)),
        5 => (Some(asctime(&date(whole))), Some(whole)),
        6 => (Some("0".to_owned()), Some(now)),
        _ => (Some(seconds.digits()), Some(moment)),
    };
    let headers = value.map(|value| ("retry-after", value)).into_iter().collect();
    Answer { status, headers, body: dialect::error(code), not_before }
}

/// `Sun, 06 Nov 1994 08:49:37 GMT` as `Sun Nov  6 08:49:37 1994`, the oldest of the three forms.
fn asctime(date: &str) -> String {
    let words: Vec<&str> = date.split([' ', ',']).filter(|word| !word.is_empty()).collect();
    let [weekday, day, month, year, time, _] = words[..] else { return String::new() };
    let day = day.strip_prefix('0').map_or_else(|| day.to_owned(), |digit| glued(&[" ", digit]));
    glued(&[weekday, " ", month, " ", &day, " ", time, " ", year])
}
