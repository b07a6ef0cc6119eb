//! A signature that holds says when it was made, so the clock that disagrees is this host's, or the delivery waited.

use super::words::{TIME_UNIT, TIME_ZONE, TIME_ZONE_OR_LATE, TOO_NEW, TOO_OLD};
use super::{Budget, Case, Diagnosis};
use crate::prelude::*;
use crate::time::Timestamp;
use crate::webhook::{Error, Request};

const HOUR_SECONDS: u64 = 3_600;

/// How far from whole hours a difference may be and still be a time zone's. Deliveries that waited are mostly further off.
const ZONE_SLACK_SECONDS: u64 = 2;

/// No time zone is further from UTC.
const ZONE_HOURS_MAX: u64 = 14;

pub(super) fn skew(case: &Case<'_>, budget: &mut Budget) -> Option<Diagnosis> {
    if let Some(unit) = wrong_unit(case, budget) {
        return Some(TIME_UNIT.proven(&[("unit", unit)]));
    }
    let (words, zoned, skew, tolerance, sign) = match case.refusal {
        Error::TooOld { age_seconds, tolerance_seconds } => {
            (&TOO_OLD, &TIME_ZONE_OR_LATE, age_seconds, tolerance_seconds, "")
        }
        // What is signed in the future did not wait.
        Error::TooNew { ahead_seconds, tolerance_seconds } => {
            (&TOO_NEW, &TIME_ZONE, ahead_seconds, tolerance_seconds, "-")
        }
        _ => return None,
    };
    let digits = skew.digits();
    if let Some(hours) = zone(skew) {
        let signed = glued(&[sign, &digits]);
        return Some(zoned.likely(&[("hours", &hours.digits()), ("skew", &signed)]));
    }
    Some(words.proven(&[("skew", &digits), ("tolerance", &tolerance.digits())]))
}

/// `now` in seconds is in January 1970; in microseconds it is past the year 9999 and was refused before.
fn wrong_unit(case: &Case<'_>, budget: &mut Budget) -> Option<&'static str> {
    let now = Timestamp::from_unix_ms(case.request.now.unix_ms().checked_mul(1_000)?)?;
    case.verifies(budget, &Request { now, ..case.request }).then_some("seconds instead of milliseconds")
}

/// The whole hours of a difference, where it is as good as whole. Halves and quarters are too easily met by chance.
fn zone(skew_seconds: u64) -> Option<u64> {
    let hours = skew_seconds.saturating_add(ZONE_SLACK_SECONDS).wrapping_div(HOUR_SECONDS);
    let off = skew_seconds.abs_diff(hours.saturating_mul(HOUR_SECONDS));
    (off <= ZONE_SLACK_SECONDS && (1..=ZONE_HOURS_MAX).contains(&hours)).then_some(hours)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_whole_hours_within_a_day_are_time_zones() {
        let table = [
            (2, None),
            (301, None),
            (3_597, None),
            (3_598, Some(1)),
            (3_600, Some(1)),
            (3_602, Some(1)),
            (3_603, None),
            (7_199, Some(2)),
            (19_800, None),
            (50_402, Some(14)),
            (54_000, None),
        ];
        for (skew, expected) in table {
            assert_eq!(zone(skew), expected, "{skew}");
        }
    }
}
