//! How a backoff is spread: three formulas of the AWS Architecture Blog ("Exponential Backoff And Jitter") and that of
//! Polly, in whole milliseconds.
//!
//! With `t = min(cap, base * 2^(retry - 1))`, `U[a, b]` a number drawn from `a` to `b`, both included, and retries
//! counted from 1 (attempt 2):
//!
//! | Name | Delay |
//! | --- | --- |
//! | full | `U[0, t]` |
//! | equal | `t / 2 + U[0, t - t / 2]` |
//! | decorrelated | `U[0, 2 * base]` first, then `min(cap, U[base, 3 * previous])` with a previous of at least the base |
//! | decorrelated v2 | `min(cap, base * (f(retry - 1 + U[0, 1]) - f(retry - 2 + U[0, 1])) / 1.4)` with `f(t) = 2^t * tanh(2 * sqrt(t))` |
//!
//! The first wait of "decorrelated" is ours, since AWS leaves the first previous open. From the base to three times the base
//! would be as wide and a base later: who lost one answer of a provider that is well would learn it that much later.
//!
//! Polly and cockatiel remember the second number drawn for v2 from the retry before. The two are independent, so that
//! drawing it again gives each wait the same distribution and spares every caller a memory; the formula is in `smooth`.

use core::num::NonZeroU32;

use super::{Bounds, Policy, smooth};
use crate::entropy::Entropy;
use crate::time::Millis;

/// How far a decorrelated delay may grow from one retry to the next.
const GROWTH: u64 = 3;

/// The formula of the spread.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Jitter {
    /// Anything from nothing to the exponential delay. Fewest collisions for one formula without memory.
    Full,
    /// Half the exponential delay for certain, the other half drawn. For servers that must have a pause.
    Equal,
    /// From the base to three times the previous delay, the first one from nothing to twice the base. The widest spread,
    /// hence the default.
    Decorrelated,
    /// Polly's: smooth from retry to retry, with medians near base, twice the base, four times the base.
    DecorrelatedV2,
}

impl Jitter {
    /// All there are.
    pub const ALL: [Self; 4] = [Self::Full, Self::Equal, Self::Decorrelated, Self::DecorrelatedV2];

    /// The stable name, as options and traces write it.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Full => "full",
            Self::Equal => "equal",
            Self::Decorrelated => "decorrelated",
            Self::DecorrelatedV2 => "decorrelated_v2",
        }
    }

    /// The formula of a name; `None` for a name nobody knows.
    #[must_use]
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|jitter| jitter.name() == name)
    }

    /// What the delay before a retry can be, whatever is drawn.
    pub(super) fn bounds(self, policy: &Policy, retry: NonZeroU32) -> Bounds {
        let (base, cap) = (policy.base().get(), policy.cap().get());
        let doubled = grown(base, 2, retry.get().saturating_sub(1), cap);
        let (earliest, latest) = match self {
            Self::Full => (0, doubled),
            Self::Equal => (half(doubled), doubled),
            Self::Decorrelated => {
                let first = grown(base, 2, 1, cap);
                let earliest = if retry == NonZeroU32::MIN { 0 } else { base };
                (earliest, grown(first, GROWTH, retry.get().saturating_sub(1), cap))
            }
            Self::DecorrelatedV2 => (0, smooth::latest(base, cap, retry)),
        };
        Bounds { earliest: Millis::new(earliest), latest: Millis::new(latest) }
    }

    /// The delay before a retry. One call draws at least once, so that equal histories stay in step.
    pub(super) fn draw(
        self,
        policy: &Policy,
        retry: NonZeroU32,
        previous: Millis,
        entropy: &mut Entropy,
    ) -> Millis {
        let Bounds { earliest, latest } = self.bounds(policy, retry);
        let drawn = match self {
            Self::Full | Self::Equal => between(earliest.get(), latest.get(), entropy),
            Self::Decorrelated if retry == NonZeroU32::MIN => between(0, latest.get(), entropy),
            Self::Decorrelated => {
                let base = policy.base().get();
                let upper = previous.get().max(base).saturating_mul(GROWTH);
                between(base, upper, entropy).min(policy.cap().get())
            }
            Self::DecorrelatedV2 => smooth::draw(policy.base().get(), policy.cap().get(), retry, entropy),
        };
        Millis::new(drawn)
    }
}

/// `min(cap, base * factor^times)`, for any number of times.
fn grown(base: u64, factor: u64, times: u32, cap: u64) -> u64 {
    let grown = factor.checked_pow(times).and_then(|factor| base.checked_mul(factor));
    grown.map_or(cap, |grown| grown.min(cap))
}

const fn half(whole: u64) -> u64 {
    whole >> 1
}

/// A number from `low` to `high`, both included.
fn between(low: u64, high: u64, entropy: &mut Entropy) -> u64 {
    let width = high.saturating_sub(low).saturating_add(1);
    low.saturating_add(entropy.below(width))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::prelude::*;
    use crate::retry::delay;

    fn delays(jitter: Jitter, seed: u64) -> Vec<u64> {
        let policy = Policy::new(Millis::new(1_000), Millis::new(30_000), jitter).unwrap();
        let mut entropy = Entropy::from_seed(seed);
        let mut previous = Millis::ZERO;
        let mut delays = Vec::new();
        for attempt in 1..=9 {
            previous = delay(&policy, attempt, previous, &mut entropy);
            delays.push(previous.get());
        }
        delays
    }

    #[test]
    fn the_delays_of_a_seed_never_change() {
        // A second program, in another language and from the formulas alone, gave the same numbers.
        let mut table = Vec::new();
        for jitter in Jitter::ALL {
            for seed in [0, 7, 42] {
                table.push(format!("{} {seed}: {:?}", jitter.name(), delays(jitter, seed)));
            }
        }
        insta::assert_snapshot!(table.join("\n"), @r#"
        full 0: [0, 601, 1496, 412, 3333, 11728, 29993, 12666, 16070]
        full 7: [0, 701, 557, 3359, 7849, 15854, 26184, 1822, 3133]
        full 42: [0, 83, 758, 2720, 7398, 15869, 23092, 21578, 25501]
        equal 0: [0, 801, 1748, 2206, 5666, 13864, 29997, 21333, 23035]
        equal 7: [0, 850, 1279, 3680, 7925, 15927, 28092, 15911, 16566]
        equal 42: [0, 542, 1379, 3360, 7699, 15935, 26546, 25789, 27750]
        decorrelated 0: [0, 1203, 2951, 1809, 2844, 6521, 19559, 25352, 30000]
        decorrelated 7: [0, 1401, 1893, 4929, 14527, 30000, 30000, 6406, 2902]
        decorrelated 42: [0, 167, 1758, 3907, 10914, 30000, 30000, 30000, 30000]
        decorrelated_v2 0: [0, 990, 1940, 1448, 7605, 6228, 30000, 23284, 30000]
        decorrelated_v2 7: [0, 1081, 481, 2809, 7494, 4729, 8761, 30000, 30000]
        decorrelated_v2 42: [0, 395, 761, 2591, 5043, 10915, 15907, 16093, 30000]
        "#);
    }

    #[test]
    fn the_bounds_of_each_retry_are_those_of_the_formula() {
        // formula, attempts 2 to 8 as earliest and latest in milliseconds
        let table = [
            (Jitter::Full, "0-1000 0-2000 0-4000 0-8000 0-16000 0-30000 0-30000"),
            (Jitter::Equal, "500-1000 1000-2000 2000-4000 4000-8000 8000-16000 15000-30000 15000-30000"),
            (Jitter::Decorrelated, "0-2000 1000-6000 1000-18000 1000-30000 1000-30000 1000-30000 1000-30000"),
            (Jitter::DecorrelatedV2, "0-1377 0-2837 0-4325 0-8583 0-17148 0-30000 0-30000"),
        ];
        for (jitter, expected) in table {
            let policy = Policy::new(Millis::new(1_000), Millis::new(30_000), jitter).unwrap();
            let shown: Vec<String> = (2..=8)
                .map(|attempt| crate::retry::bounds(&policy, attempt))
                .map(|bounds| format!("{}-{}", bounds.earliest.get(), bounds.latest.get()))
                .collect();
            assert_eq!(shown.join(" "), expected, "{jitter:?}");
        }
    }

    #[test]
    fn both_ends_of_the_bounds_are_reached() {
        for jitter in Jitter::ALL {
            let policy = Policy::new(Millis::new(4), Millis::new(9), jitter).unwrap();
            let mut entropy = Entropy::from_seed(1);
            let drawn: alloc::collections::BTreeSet<u64> =
                (0..1_000).map(|_| delay(&policy, 3, Millis::new(4), &mut entropy).get()).collect();
            let Bounds { earliest, latest } = crate::retry::bounds(&policy, 3);
            assert_eq!(
                (drawn.first(), drawn.last()),
                (Some(&earliest.get()), Some(&latest.get())),
                "{jitter:?}"
            );
        }
    }

    #[test]
    fn a_formula_is_found_by_its_name() {
        for jitter in Jitter::ALL {
            assert_eq!(Jitter::from_name(jitter.name()), Some(jitter));
        }
        assert_eq!(Jitter::from_name("Full"), None);
    }
}
