//! A policy holds for every attempt there can be: no number overflows, and no backoff leaves its bounds.

use core::num::NonZeroU32;

use super::{Error, Jitter};
use crate::entropy::Entropy;
use crate::time::Millis;

/// When to try again, and when to stop.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Policy {
    base: Millis,
    cap: Millis,
    jitter: Jitter,
    deadline: Millis,
    attempts_max: Option<NonZeroU32>,
}

/// The shortest and the longest a wait can be; both can happen.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Bounds {
    /// The shortest.
    pub earliest: Millis,
    /// The longest.
    pub latest: Millis,
}

/// What to do after a failed attempt.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Decision {
    /// Wait, then make the attempt.
    Wait {
        /// How long: the backoff; where there is a hint, that and its spread besides.
        delay: Millis,
        /// The drawn part alone, which is the `previous` of the next attempt.
        backoff: Millis,
    },
    /// No further attempt. What became of the payment is still to be found out.
    Stop {
        /// Which limit was reached.
        limit: Limit,
    },
}

/// What ends a series of attempts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Limit {
    /// The number of attempts.
    Attempts,
    /// The next attempt would begin after the deadline.
    Deadline,
}

impl Policy {
    /// A policy with the deadline of the default one and no limit to the number of attempts.
    ///
    /// # Errors
    ///
    /// [`Error::BaseZero`], [`Error::CapBelowBase`].
    pub fn new(base: Millis, cap: Millis, jitter: Jitter) -> Result<Self, Error> {
        if base == Millis::ZERO {
            return Err(Error::BaseZero);
        }
        if cap < base {
            return Err(Error::CapBelowBase { base, cap });
        }
        Ok(Self { base, cap, jitter, ..Self::default() })
    }

    /// The same policy with another deadline: no attempt begins later than this after the first one began.
    #[must_use]
    pub const fn with_deadline(self, deadline: Millis) -> Self {
        Self { deadline, ..self }
    }

    /// The same policy with another formula of the spread.
    #[must_use]
    pub const fn with_jitter(self, jitter: Jitter) -> Self {
        Self { jitter, ..self }
    }

    /// The same policy with at most this many attempts, the first included.
    ///
    /// # Errors
    ///
    /// [`Error::AttemptsZero`].
    pub fn with_attempts_max(self, attempts_max: u32) -> Result<Self, Error> {
        let attempts_max = NonZeroU32::new(attempts_max).ok_or(Error::AttemptsZero)?;
        Ok(Self { attempts_max: Some(attempts_max), ..self })
    }

    /// What the backoff grows from. At least 1 ms.
    #[must_use]
    pub const fn base(&self) -> Millis {
        self.base
    }

    /// The longest backoff; a hint may be longer.
    #[must_use]
    pub const fn cap(&self) -> Millis {
        self.cap
    }

    /// The formula of the spread.
    #[must_use]
    pub const fn jitter(&self) -> Jitter {
        self.jitter
    }

    /// How long after the first attempt the last one may begin.
    #[must_use]
    pub const fn deadline(&self) -> Millis {
        self.deadline
    }

    /// The most attempts, the first included; `None` when only the deadline counts.
    #[must_use]
    pub fn attempts_max(&self) -> Option<u32> {
        self.attempts_max.map(NonZeroU32::get)
    }

    pub(super) fn allows(&self, attempt: u32) -> bool {
        self.attempts_max.is_none_or(|most| attempt <= most.get())
    }
}

impl Default for Policy {
    /// Base 1 s, cap 30 s, decorrelated, for ten minutes. The large base is what spreads a crowd: jitter over 50 ms
    /// is none at the scale of an outage.
    fn default() -> Self {
        Self {
            base: Millis::from_seconds(1),
            cap: Millis::from_seconds(30),
            jitter: Jitter::Decorrelated,
            deadline: Millis::from_seconds(600),
            attempts_max: None,
        }
    }
}

/// The backoff before an attempt; nothing before attempt 1 (or 0), which is no retry.
///
/// `previous` is the backoff before the attempt that failed, without any hint: what this function gave last, zero at
/// the beginning. Only [`Jitter::Decorrelated`] looks at it.
#[must_use]
pub fn delay(policy: &Policy, attempt: u32, previous: Millis, entropy: &mut Entropy) -> Millis {
    match retry_of(attempt) {
        Some(retry) => policy.jitter.draw(policy, retry, previous, entropy),
        None => Millis::ZERO,
    }
}

/// What [`delay`] can give before an attempt, whatever is drawn.
#[must_use]
pub fn bounds(policy: &Policy, attempt: u32) -> Bounds {
    match retry_of(attempt) {
        Some(retry) => policy.jitter.bounds(policy, retry),
        None => Bounds { earliest: Millis::ZERO, latest: Millis::ZERO },
    }
}

/// The least wait for an outcome that has been unknown for so long: a sixteenth of it, a quarter of an hour at most.
/// What stayed unknown for hours is not asked for every thirty seconds.
#[must_use]
pub const fn patience(unknown_for: Millis) -> Millis {
    const MAX: u64 = 15 * 60 * 1_000;
    let share = unknown_for.get() >> 4;
    Millis::new(if share < MAX { share } else { MAX })
}

/// Over how long those come back who were told the same moment, whatever the formula of the backoff.
///
/// Two independent waits together are never denser than either alone. So of a crowd that a server sends away with one
/// `Retry-After` less than 1.1 % come back within any ten milliseconds, even where the backoff is spread over less.
pub const HINT_SPREAD: Millis = Millis::new(1_250);

/// What is waited after the moment of a hint, beside the backoff: nothing where there is no hint.
#[must_use]
pub fn spread(hint: Millis, entropy: &mut Entropy) -> Millis {
    match hint {
        Millis::ZERO => Millis::ZERO,
        _ => Millis::new(entropy.below(HINT_SPREAD.get().saturating_add(1))),
    }
}

/// Whether an attempt is made, and after which wait.
///
/// `attempt` is the one to come and `elapsed` the time since the first one began. A `hint` (see
/// [`retry_after`](super::retry_after)) is a floor to which the backoff and a [`spread`] are *added*: obeyed to the letter
/// it would bring all clients back together. It is not cut at the cap, since an attempt before it is known to be refused;
/// when it leads beyond the deadline, there is none.
#[must_use]
pub fn decide(
    policy: &Policy,
    attempt: u32,
    previous: Millis,
    elapsed: Millis,
    hint: Option<Millis>,
    entropy: &mut Entropy,
) -> Decision {
    if !policy.allows(attempt) {
        return Decision::Stop { limit: Limit::Attempts };
    }
    let backoff = delay(policy, attempt, previous, entropy);
    let hint = hint.unwrap_or(Millis::ZERO);
    let delay = hint.saturating_add(backoff).saturating_add(spread(hint, entropy));
    if elapsed.saturating_add(delay) > policy.deadline {
        return Decision::Stop { limit: Limit::Deadline };
    }
    Decision::Wait { delay, backoff }
}

/// The number of the retry that an attempt is, counted from 1.
const fn retry_of(attempt: u32) -> Option<NonZeroU32> {
    NonZeroU32::new(attempt.saturating_sub(1))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::prelude::*;
    use proptest::prelude::*;

    fn shown(decision: Decision) -> String {
        match decision {
            Decision::Wait { delay, backoff } => {
                format!("wait {} of it drawn {}", delay.get(), backoff.get())
            }
            Decision::Stop { limit } => format!("stop by {limit:?}"),
        }
    }

    #[test]
    fn the_default_has_a_large_base_and_ends_by_a_deadline() {
        let policy = Policy::default();
        assert_eq!((policy.base().get(), policy.cap().get()), (1_000, 30_000));
        assert_eq!(policy.jitter(), Jitter::Decorrelated);
        assert_eq!((policy.deadline().get(), policy.attempts_max()), (600_000, None));
    }

    #[test]
    fn a_policy_that_would_bring_everybody_back_at_once_is_refused() {
        let (zero, one, two) = (Millis::ZERO, Millis::new(1), Millis::new(2));
        assert_eq!(Policy::new(zero, zero, Jitter::Full), Err(Error::BaseZero));
        assert_eq!(Policy::new(two, one, Jitter::Full), Err(Error::CapBelowBase { base: two, cap: one }));
        assert_eq!(Policy::default().with_attempts_max(0), Err(Error::AttemptsZero));
        assert!(Policy::new(one, one, Jitter::Full).is_ok());
    }

    #[test]
    fn patience_is_in_proportion_and_has_an_end() {
        for (age, expected) in [(0, 0), (15, 0), (16, 1), (160_000, 10_000), (u64::MAX, 900_000)] {
            assert_eq!(patience(Millis::new(age)).get(), expected, "{age}");
        }
    }

    #[test]
    fn a_hint_is_a_floor_and_the_limits_hold() {
        let policy = Policy::default().with_attempts_max(5).unwrap();
        // attempt, elapsed, hint, expected
        let table = [
            (1, 0, None, "wait 0 of it drawn 0"),
            (2, 0, None, "wait 1401 of it drawn 1401"),
            (2, 0, Some(0), "wait 1401 of it drawn 1401"),
            (2, 0, Some(2_000), "wait 3749 of it drawn 1401"),
            (2, 0, Some(120_000), "wait 121749 of it drawn 1401"),
            (2, 598_599, None, "wait 1401 of it drawn 1401"),
            (2, 598_600, None, "stop by Deadline"),
            (2, 0, Some(u64::MAX), "stop by Deadline"),
            (2, u64::MAX, Some(u64::MAX), "stop by Deadline"),
            (5, 0, None, "wait 2401 of it drawn 2401"),
            (6, 0, None, "stop by Attempts"),
            (6, u64::MAX, None, "stop by Attempts"),
        ];
        for (attempt, elapsed, hint, expected) in table {
            let mut entropy = Entropy::from_seed(7);
            let (elapsed, hint) = (Millis::new(elapsed), hint.map(Millis::new));
            let found = decide(&policy, attempt, Millis::ZERO, elapsed, hint, &mut entropy);
            assert_eq!(shown(found), expected, "attempt {attempt} after {elapsed:?} with {hint:?}");
        }
    }

    /// Small numbers, huge numbers, and what lies between.
    fn edgy() -> impl Strategy<Value = u64> {
        prop_oneof![0..10_u64, any::<u64>(), (u64::MAX - 10)..=u64::MAX, 900..100_000_u64]
    }

    proptest! {
        #[test]
        fn no_delay_leaves_its_bounds_whatever_the_attempt(
            base in edgy(), cap in edgy(), attempt in prop_oneof![0..70_u32, any::<u32>()],
            seed in any::<u64>(), jitter in prop_oneof![
                Just(Jitter::Full), Just(Jitter::Equal), Just(Jitter::Decorrelated), Just(Jitter::DecorrelatedV2)
            ],
        ) {
            let (base, cap) = (base.clamp(1, u64::MAX), cap.max(base).max(1));
            let policy = Policy::new(Millis::new(base), Millis::new(cap), jitter).unwrap();
            // The longest history there can be is the hardest for the formula that has a memory.
            let previous = bounds(&policy, attempt.saturating_sub(1)).latest;
            let found = delay(&policy, attempt, previous, &mut Entropy::from_seed(seed));
            let Bounds { earliest, latest } = bounds(&policy, attempt);
            prop_assert!(earliest <= found && found <= latest, "{found:?} not in {earliest:?} to {latest:?}");
            prop_assert!(latest.get() <= cap);
        }

        #[test]
        fn a_wait_is_never_shorter_than_the_hint(
            hint in edgy(), attempt in any::<u32>(), previous in edgy(), elapsed in edgy(), seed in any::<u64>(),
        ) {
            let policy = Policy::default().with_deadline(Millis::new(u64::MAX));
            let mut entropy = Entropy::from_seed(seed);
            let (previous, elapsed, hint) = (Millis::new(previous), Millis::new(elapsed), Millis::new(hint));
            let found = decide(&policy, attempt, previous, elapsed, Some(hint), &mut entropy);
            let Decision::Wait { delay, .. } = found else { panic!("no limit can be reached") };
            prop_assert!(delay >= hint);
        }
    }
}
