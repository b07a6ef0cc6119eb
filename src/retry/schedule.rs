//! The schedule a caller will see can be printed before anything is sent.

use super::{Bounds, HINT_SPREAD, Policy, bounds, delay, patience, spread};
use crate::entropy::Entropy;
use crate::prelude::*;
use crate::time::Millis;

/// The most rows of a schedule. Ten minutes of the default policy take some twenty attempts, three days of patience two
/// hundred.
pub const ROWS_MAX: usize = 1_000;

/// One attempt of a [`Schedule`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Row {
    /// The attempt, counted from 1.
    pub attempt: u32,
    /// What the wait before it can be.
    pub wait: Bounds,
    /// How long after the first attempt it can begin, when no time passes but the waits.
    pub begins: Bounds,
}

/// What is known beforehand about the setbacks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Expected {
    /// What each answer asks for as `Retry-After`; zero where it asks for nothing.
    pub hint: Millis,
    /// Whether it is about an outcome that stays unknown, for which the wait grows with [`patience`].
    pub is_unknown: bool,
}

impl Default for Expected {
    /// No hint, and nothing unknown.
    fn default() -> Self {
        Self { hint: Millis::ZERO, is_unknown: false }
    }
}

/// What attempts a policy leads to.
///
/// Prints as a table with a line for each attempt.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Schedule {
    /// The attempts that can begin before the deadline, at most [`ROWS_MAX`].
    pub rows: Vec<Row>,
    /// Whether there can be more attempts than rows.
    pub goes_on: bool,
}

/// The schedule of a policy: what can happen or, with the entropy that the attempts will draw from, what will.
///
/// With entropy the two bounds of a row are equal. A hint and patience are floors to which the backoff is added, and only
/// the larger of the two counts; a hint is followed by its [`spread`](super::spread) besides.
#[must_use]
pub fn schedule(policy: &Policy, expected: Expected, mut entropy: Option<Entropy>) -> Schedule {
    let mut rows: Vec<Row> = Vec::new();
    let mut begins = Bounds { earliest: Millis::ZERO, latest: Millis::ZERO };
    let mut previous = Millis::ZERO;
    for attempt in 1_u32.. {
        let wait = match &mut entropy {
            Some(entropy) => {
                previous = delay(policy, attempt, previous, entropy);
                exactly(previous)
            }
            None => bounds(policy, attempt),
        };
        let floor = |begins: Millis| match (attempt, expected.is_unknown) {
            (1, _) => Millis::ZERO,
            (_, true) => expected.hint.max(patience(begins)),
            (_, false) => expected.hint,
        };
        let hint = if attempt == 1 { Millis::ZERO } else { expected.hint };
        let beyond = match &mut entropy {
            Some(entropy) => exactly(spread(hint, entropy)),
            None => Bounds {
                earliest: Millis::ZERO,
                latest: if hint == Millis::ZERO { hint } else { HINT_SPREAD },
            },
        };
        let wait = Bounds {
            earliest: floor(begins.earliest).saturating_add(wait.earliest).saturating_add(beyond.earliest),
            latest: floor(begins.latest).saturating_add(wait.latest).saturating_add(beyond.latest),
        };
        begins = Bounds {
            earliest: begins.earliest.saturating_add(wait.earliest),
            latest: begins.latest.saturating_add(wait.latest).min(policy.deadline()),
        };
        if !policy.allows(attempt) || begins.earliest > policy.deadline() {
            break;
        }
        if rows.len() >= ROWS_MAX {
            return Schedule { rows, goes_on: true };
        }
        rows.push(Row { attempt, wait, begins });
    }
    Schedule { rows, goes_on: false }
}

const fn exactly(length: Millis) -> Bounds {
    Bounds { earliest: length, latest: length }
}

impl core::fmt::Display for Schedule {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        writeln!(f, "attempt  wait                  begins after")?;
        for Row { attempt, wait, begins } in &self.rows {
            writeln!(f, "{attempt:>7}  {:<20}  {}", range(*wait), range(*begins))?;
        }
        if self.goes_on {
            writeln!(f, "    ...")?;
        }
        Ok(())
    }
}

fn range(Bounds { earliest, latest }: Bounds) -> String {
    if earliest == latest {
        seconds(earliest)
    } else {
        format!("{} to {}", seconds(earliest), seconds(latest))
    }
}

fn seconds(length: Millis) -> String {
    let whole = length.get().checked_div(1_000).unwrap_or_default();
    let rest = length.get().checked_rem(1_000).unwrap_or_default();
    format!("{whole}.{rest:03} s")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::retry::{Decision, Jitter, Limit, decide};

    fn policy(jitter: Jitter) -> Policy {
        let policy = Policy::new(Millis::new(1_000), Millis::new(30_000), jitter).unwrap();
        policy.with_deadline(Millis::new(60_000))
    }

    #[test]
    fn the_schedule_without_entropy_shows_the_bounds() {
        insta::assert_snapshot!(schedule(&policy(Jitter::Equal), Expected::default(), None).to_string(), @r#"
        attempt  wait                  begins after
              1  0.000 s               0.000 s
              2  0.500 s to 1.000 s    0.500 s to 1.000 s
              3  1.000 s to 2.000 s    1.500 s to 3.000 s
              4  2.000 s to 4.000 s    3.500 s to 7.000 s
              5  4.000 s to 8.000 s    7.500 s to 15.000 s
              6  8.000 s to 16.000 s   15.500 s to 31.000 s
              7  15.000 s to 30.000 s  30.500 s to 60.000 s
              8  15.000 s to 30.000 s  45.500 s to 60.000 s
        "#);
    }

    #[test]
    fn the_schedule_with_entropy_shows_what_will_happen() {
        let shown = schedule(&policy(Jitter::Decorrelated), Expected::default(), Some(Entropy::from_seed(7)))
            .to_string();
        insta::assert_snapshot!(shown, @r#"
        attempt  wait                  begins after
              1  0.000 s               0.000 s
              2  1.401 s               1.401 s
              3  1.893 s               3.294 s
              4  4.929 s               8.223 s
              5  14.527 s              22.750 s
              6  30.000 s              52.750 s
        "#);
    }

    #[test]
    fn a_hint_and_the_age_of_what_is_unknown_are_floors() {
        let policy = policy(Jitter::Equal).with_deadline(Millis::from_seconds(3 * 3_600));
        let shown = |hint, is_unknown| {
            let rows = schedule(&policy, Expected { hint, is_unknown }, None).rows;
            let waits: Vec<String> = rows.iter().map(|row| range(row.wait)).collect();
            [waits[..4].join(", "), waits.last().unwrap().clone()].join(" ... ")
        };
        insta::assert_snapshot!(shown(Millis::from_seconds(20), false), @"0.000 s, 20.500 s to 22.250 s, 21.000 s to 23.250 s, 22.000 s to 25.250 s ... 35.000 s to 51.250 s");
        insta::assert_snapshot!(shown(Millis::from_seconds(20), true), @"0.000 s, 20.500 s to 22.250 s, 21.000 s to 23.250 s, 22.000 s to 25.250 s ... 648.777 s to 706.250 s");
    }

    #[test]
    fn the_attempts_of_a_seed_are_those_its_schedule_showed() {
        for jitter in Jitter::ALL {
            for seed in 0..50 {
                let policy = policy(jitter);
                let hint = Millis::new([0, 2_000][usize::from(seed % 2 == 1)]);
                let expected = Expected { hint, is_unknown: false };
                let printed = schedule(&policy, expected, Some(Entropy::from_seed(seed)));
                let mut entropy = Entropy::from_seed(seed);
                let (mut previous, mut elapsed) = (Millis::ZERO, Millis::ZERO);
                let mut made = Vec::new();
                let limit = loop {
                    let attempt = u32::try_from(made.len()).unwrap() + 1;
                    let hint = (attempt > 1).then_some(hint);
                    match decide(&policy, attempt, previous, elapsed, hint, &mut entropy) {
                        Decision::Wait { delay, backoff } => {
                            elapsed = elapsed.saturating_add(delay);
                            previous = backoff;
                            made.push(elapsed);
                        }
                        Decision::Stop { limit } => break limit,
                    }
                };
                assert_eq!(limit, Limit::Deadline);
                let shown: Vec<Millis> = printed.rows.iter().map(|row| row.begins.latest).collect();
                assert_eq!(shown, made, "{jitter:?}, seed {seed}");
            }
        }
    }

    #[test]
    fn a_schedule_is_bounded_and_says_so() {
        // Full jitter may draw nothing each time: without a limit on attempts the bounds never end.
        let endless = schedule(&policy(Jitter::Full), Expected::default(), None);
        assert_eq!((endless.rows.len(), endless.goes_on), (ROWS_MAX, true));
        assert!(endless.to_string().ends_with("    ...\n"));

        let counted =
            schedule(&policy(Jitter::Full).with_attempts_max(3).unwrap(), Expected::default(), None);
        assert_eq!((counted.rows.len(), counted.goes_on), (3, false));

        let full =
            schedule(&policy(Jitter::Full).with_attempts_max(1_000).unwrap(), Expected::default(), None);
        assert_eq!((full.rows.len(), full.goes_on), (ROWS_MAX, false));

        let once = schedule(&policy(Jitter::Equal).with_deadline(Millis::ZERO), Expected::default(), None);
        assert_eq!((once.rows.len(), once.goes_on), (1, false));
    }
}
