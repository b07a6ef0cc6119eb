//! Every number of a governor has a default that a small and a large merchant can both leave alone.

use super::Error;
use crate::retry::{Jitter, Policy};
use crate::time::Millis;

/// The most outcomes a breaker looks back on: one bit each of a word.
pub const OUTCOMES_MAX: u32 = 64;

/// How a governor decides. A part that is `None` is switched off.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Settings {
    /// How many retries there may be.
    pub budget: Option<BudgetSettings>,
    /// When a provider is left alone.
    pub breaker: Option<BreakerSettings>,
    /// How many exchanges run at once.
    pub bulkhead: Option<BulkheadSettings>,
}

/// The retry budget of a lane, in tokens. A retry, of a send or of a query, costs one and gets it back when it is
/// answered; so only those that found nobody are paid for.
///
/// Tokens come from traffic: half of `percent` with each first send, whatever becomes of it, and half with each
/// answer. With everything failing there are thus `percent / 2` retries for a hundred sends, beside the burst and the
/// trickle.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct BudgetSettings {
    /// Tokens at the beginning, and the most there can be; at least 1.
    pub burst: u32,
    /// Tokens that a hundred answered first sends earn; 0 to 100.
    pub percent: u32,
    /// Every so often a token comes by itself, so that a merchant with one payment a day is not left without; never, if
    /// this is zero.
    pub trickle: Millis,
}

/// The circuit breaker of a lane.
///
/// It opens when `in_a_row` outcomes failed one after the other, or `failures` of the last `outcomes`. What is further
/// back than `memory` without any outcome is forgotten.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct BreakerSettings {
    /// Failures one after the other that open it; at least 1.
    pub in_a_row: u32,
    /// How many outcomes are looked back on; 1 to [`OUTCOMES_MAX`].
    pub outcomes: u32,
    /// Failures among the last `outcomes` that open it; 1 to `outcomes`.
    pub failures: u32,
    /// After so long without any outcome all are forgotten; after so long without a failure the slow start is over.
    pub memory: Millis,
    /// The waits between probes: its base, and beside it what its formula draws.
    pub probe: Policy,
    /// A probe that was not reported for so long is taken for lost: longer than the time-out of an exchange.
    pub probe_lease: Millis,
    /// At this window, in exchanges at once, the slow start is over; at least 1.
    pub window: u32,
}

/// The bulkhead of a lane.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct BulkheadSettings {
    /// Exchanges under way at once; at least 1.
    pub in_flight: u32,
    /// Places in the queue; who comes later asks again later.
    pub waiting: u32,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            budget: Some(BudgetSettings::default()),
            breaker: Some(BreakerSettings::default()),
            bulkhead: Some(BulkheadSettings::default()),
        }
    }
}

impl Default for BudgetSettings {
    /// 10 tokens, a tenth of the traffic, and one each 10 s.
    fn default() -> Self {
        Self { burst: 10, percent: 10, trickle: Millis::from_seconds(10) }
    }
}

impl Default for BreakerSettings {
    /// 5 in a row or 10 of the last 20 within a minute of each other; probes by full jitter from 1 s to 30 s; slow start
    /// to 64.
    fn default() -> Self {
        Self {
            in_a_row: 5,
            outcomes: 20,
            failures: 10,
            memory: Millis::from_seconds(60),
            probe: Policy::default().with_jitter(Jitter::Full),
            probe_lease: Millis::from_seconds(60),
            window: 64,
        }
    }
}

impl Default for BulkheadSettings {
    /// 64 at once, and a thousand places in the queue.
    fn default() -> Self {
        Self { in_flight: 64, waiting: 1_000 }
    }
}

impl Settings {
    /// Refuses what cannot work.
    ///
    /// # Errors
    ///
    /// [`Error::Setting`], for the first in the order in which the fields stand.
    pub fn check(&self) -> Result<(), Error> {
        if let Some(budget) = self.budget {
            within("burst", budget.burst, 1, u32::MAX)?;
            within("percent", budget.percent, 0, 100)?;
        }
        if let Some(breaker) = self.breaker {
            within("in_a_row", breaker.in_a_row, 1, u32::MAX)?;
            within("outcomes", breaker.outcomes, 1, OUTCOMES_MAX)?;
            within("failures", breaker.failures, 1, breaker.outcomes)?;
            within("window", breaker.window, 1, u32::MAX)?;
        }
        if let Some(bulkhead) = self.bulkhead {
            within("in_flight", bulkhead.in_flight, 1, u32::MAX)?;
        }
        Ok(())
    }
}

const fn within(name: &'static str, found: u32, least: u32, most: u32) -> Result<(), Error> {
    if least <= found && found <= most { Ok(()) } else { Err(Error::Setting { name, found, least, most }) }
}
