//! The sum over seeds does not depend on how they were shared out: tallies add up in any order.

use super::auditor::Broken;
use super::life::Life;
use crate::prelude::*;

/// Most failures that are kept; the rest is counted.
pub const FAILURES_MAX: usize = 20;

/// The ways in which a doubt ends.
pub const WAYS: [&str; 5] = ["response", "query", "webhook", "refused", "absent"];

/// A seed that broke an invariant.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Failure {
    /// The seed.
    pub seed: u64,
    /// What was broken.
    pub broken: Broken,
}

/// How often a doubt ended in one way, and how long that took in all.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Doubts {
    /// How many.
    pub count: u64,
    /// Their sum, in milliseconds.
    pub total_ms: u64,
}

/// The sum over the seeds of a range.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Tally {
    /// Seeds that were lived.
    pub seeds: u64,
    /// See [`Life`].
    pub intents: u64,
    /// See [`Life`].
    pub charges: u64,
    /// See [`Life`].
    pub doubles: u64,
    /// See [`Life`].
    pub losses: u64,
    /// See [`Life`].
    pub unresolved: u64,
    /// See [`Life`].
    pub reversed: u64,
    /// See [`Life`].
    pub sends: u64,
    /// See [`Life`].
    pub events: u64,
    /// In the order of [`WAYS`].
    pub doubts: [Doubts; 5],
    /// Seeds that broke an invariant.
    pub broken: u64,
    /// The first of them.
    pub failures: Vec<Failure>,
}

impl Tally {
    /// Adds what a seed came to.
    pub fn add(&mut self, seed: u64, life: Life) {
        let sums = [
            (&mut self.seeds, 1),
            (&mut self.intents, life.intents),
            (&mut self.charges, life.charges),
            (&mut self.doubles, life.doubles),
            (&mut self.losses, life.losses),
            (&mut self.unresolved, life.unresolved),
            (&mut self.reversed, life.reversed),
            (&mut self.sends, life.sends),
            (&mut self.events, life.events),
            (&mut self.broken, u64::from(life.broken.is_some())),
        ];
        for (sum, one) in sums {
            *sum = sum.saturating_add(one);
        }
        for resolved in life.resolved {
            let ways = WAYS.iter().zip(&mut self.doubts);
            for (_, doubts) in ways.filter(|(way, _)| **way == resolved.way) {
                doubts.count = doubts.count.saturating_add(1);
                doubts.total_ms = doubts.total_ms.saturating_add(resolved.took_ms);
            }
        }
        if let Some(broken) = life.broken.filter(|_| self.failures.len() < FAILURES_MAX) {
            self.failures.push(Failure { seed, broken });
        }
    }
}
