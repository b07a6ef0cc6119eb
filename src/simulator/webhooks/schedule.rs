//! When a failed delivery is tried again: a table of pauses per schedule, and never anything else.
//!
//! Stripe documents bounds, not intervals: up to three days in live mode, three times over a few hours in a sandbox. The
//! intervals within those bounds are ours.

use crate::time::Millis;

const MINUTE: u64 = 60;
const HOUR: u64 = 60 * MINUTE;

/// Twice as long each time: seven attempts in all, the last a little over a minute after the first.
const NATIVE: [u64; 6] = [1, 2, 4, 8, 16, 32];

/// 5 and 30 minutes, then 2, 5, 10 and twelve hours, until three days are over: ten attempts in all.
const LIVE: [u64; 9] =
    [5 * MINUTE, 30 * MINUTE, 2 * HOUR, 5 * HOUR, 10 * HOUR, 12 * HOUR, 12 * HOUR, 12 * HOUR, 12 * HOUR];

/// 1, 3 and 6 hours: four attempts in all.
const SANDBOX: [u64; 3] = [HOUR, 3 * HOUR, 6 * HOUR];

/// Which table of pauses an endpoint's deliveries follow.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Schedule {
    /// Seconds, for tests that wait: 1, 2, 4, 8, 16, 32.
    Native,
    /// Stripe in live mode: growing pauses within three days.
    #[default]
    Live,
    /// Stripe in a sandbox: three more attempts over a few hours.
    Sandbox,
}

impl Schedule {
    /// The name in options.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Native => "native",
            Self::Live => "live",
            Self::Sandbox => "sandbox",
        }
    }

    /// The schedule of a name.
    #[must_use]
    pub fn parse(name: &str) -> Option<Self> {
        [Self::Native, Self::Live, Self::Sandbox].into_iter().find(|schedule| schedule.name() == name)
    }

    /// How long to wait after `attempts` of them have failed; `None` when that was the last.
    #[must_use]
    pub fn pause(self, attempts: usize) -> Option<Millis> {
        let pauses: &[u64] = match self {
            Self::Native => &NATIVE,
            Self::Live => &LIVE,
            Self::Sandbox => &SANDBOX,
        };
        pauses.get(attempts.checked_sub(1)?).map(|seconds| Millis::from_seconds(*seconds))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::prelude::*;

    #[test]
    fn each_schedule_ends_within_what_is_documented() {
        let table = [
            (Schedule::Native, 7, 63),
            (Schedule::Live, 10, 65 * HOUR + 35 * MINUTE),
            (Schedule::Sandbox, 4, 10 * HOUR),
        ];
        for (schedule, attempts, seconds) in table {
            let pauses: Vec<u64> =
                (1..).map_while(|made| schedule.pause(made)).map(|pause| pause.get() / 1_000).collect();
            assert_eq!((pauses.len() + 1, pauses.iter().sum::<u64>()), (attempts, seconds), "{schedule:?}");
            assert!(pauses.is_sorted(), "{schedule:?}");
            assert_eq!(Schedule::parse(schedule.name()), Some(schedule));
        }
        assert_eq!((Schedule::Live.pause(0), Schedule::parse("never")), (None, None));
    }
}
