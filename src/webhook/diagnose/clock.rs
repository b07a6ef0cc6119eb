//! A signature that holds says when it was made, so the clock that disagrees is this host's, or the delivery waited.

use super::words::{TIME_UNIT, TIME_ZONE, TOO_NEW, TOO_OLD};
use super::{Budget, Case, Diagnosis};
use crate::prelude::*;
use crate::time::Timestamp;
use crate::webhook::{Error, Request};

/// Offsets of time zones are multiples of a quarter of an hour.
const QUARTER_SECONDS: u64 = 900;

/// How far from a whole number of hours a difference may be and still be a time zone's: transport takes seconds.
const ZONE_SLACK_SECONDS: u64 = 30;

/// No time zone is further from UTC.
const ZONE_HOURS_MAX: u64 = 14;

pub(super) fn skew(case: &Case<'_>, budget: &mut Budget) -> Option<Diagnosis> {
    if let Some(unit) = wrong_unit(case, budget) {
        return Some(TIME_UNIT.proven(&[("unit", unit)]));
    }
    let (words, skew, tolerance, sign) = match case.refusal {
        Error::TooOld { age_seconds, tolerance_seconds } => (&TOO_OLD, age_seconds, tolerance_seconds, ""),
        Error::TooNew { ahead_seconds, tolerance_seconds } => {
            (&TOO_NEW, ahead_seconds, tolerance_seconds, "-")
        }
        _ => return None,
    };
    let digits = skew.digits();
    if let Some(hours) = zone(skew) {
        let signed = glued(&[sign, &digits]);
        return Some(TIME_ZONE.likely(&[("hours", &hours), ("skew", &signed)]));
    }
    Some(words.proven(&[("skew", &digits), ("tolerance", &tolerance.digits())]))
}

/// `now` in seconds is in January 1970; in microseconds it is past the year 9999 and was refused before.
fn wrong_unit(case: &Case<'_>, budget: &mut Budget) -> Option<&'static str> {
    let now = Timestamp::from_unix_ms(case.request.now.unix_ms().checked_mul(1_000)?)?;
    case.verifies(budget, &Request { now, ..case.request }).then_some("seconds instead of milliseconds")
}

/// The hours of a difference that only a time zone makes, such as `5.5`.
fn zone(skew_seconds: u64) -> Option<String> {
    let quarters = skew_seconds.saturating_add(ZONE_SLACK_SECONDS).wrapping_div(QUARTER_SECONDS);
    let off = skew_seconds.abs_diff(quarters.saturating_mul(QUARTER_SECONDS));
    // All but a few zones are whole hours; halves and quarters are too easily met by chance in short differences.
    let whole = quarters.is_multiple_of(4);
    let hours = quarters.wrapping_div(4);
    if off > ZONE_SLACK_SECONDS || hours == 0 || hours > ZONE_HOURS_MAX {
        return None;
    }
    match (whole, quarters % 4) {
        (true, _) => Some(hours.digits()),
        (false, 2) => Some(glued(&[&hours.digits(), ".5"])),
        (false, _) => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_whole_and_half_hours_within_a_day_are_time_zones() {
        let table = [
            (301, None),
            (1_800, None),
            (3_600, Some("1")),
            (3_629, Some("1")),
            (3_640, None),
            (7_180, Some("2")),
            (19_800, Some("5.5")),
            (20_700, None),
            (50_400, Some("14")),
            (54_000, None),
        ];
        for (skew, expected) in table {
            assert_eq!(zone(skew).as_deref(), expected, "{skew}");
        }
    }
}
