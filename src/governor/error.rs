//! Why a governor was refused, or refuses.

use super::LANES_MAX;
use super::settings::OUTCOMES_MAX;
use crate::advice::{Report, reported};

/// Why a governor was refused, or refuses. Variants stand in order of precedence.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Error {
    /// A budget that never holds a token.
    BurstZero,
    /// A budget larger than the traffic.
    PerMille {
        /// Tokens for a thousand sends.
        found: u32,
    },
    /// A breaker that no failure opens because none is needed.
    InARowZero,
    /// A breaker that looks back on nothing, or on more than it remembers.
    Outcomes {
        /// How many outcomes.
        found: u32,
    },
    /// A share of failures that is none.
    Failures {
        /// How many failures.
        found: u32,
        /// Of how many outcomes.
        outcomes: u32,
    },
    /// A slow start to nowhere.
    WindowZero,
    /// A bulkhead without a door.
    InFlightZero,
    /// A hedge of something that moves money.
    HedgedMoney,
    /// More lanes than there are operations.
    LanesExhausted,
}

impl Error {
    fn table(&self) -> Report {
        let found = |code, found: u32| Report::new(code).number("found", u64::from(found));
        match self {
            Self::BurstZero => Report::new("governor_burst_zero")
                .say("the retry budget holds 0 tokens, so that nothing is ever tried again: expected at least 1"),
            Self::PerMille { found: share } => found("governor_share", *share)
                .say("{found} retries for a thousand sends are more than the traffic itself: expected 0 to 1000"),
            Self::InARowZero => Report::new("governor_in_a_row_zero")
                .say("the breaker opens after 0 failures in a row, so that it never closes: expected at least 1"),
            Self::Outcomes { found: outcomes } => found("governor_outcomes", *outcomes)
                .number("limit", u64::from(OUTCOMES_MAX))
                .say("the breaker looks back on {found} outcomes: expected 1 to {limit}"),
            Self::Failures { found: failures, outcomes } => found("governor_failures", *failures)
                .number("limit", u64::from(*outcomes))
                .say("the breaker opens at {found} failures of the last {limit} outcomes: expected 1 to {limit}"),
            Self::WindowZero => Report::new("governor_window_zero")
                .say("the slow start ends at 0 exchanges at once: expected at least 1"),
            Self::InFlightZero => Report::new("governor_in_flight_zero")
                .say("0 exchanges may be under way at once, so that nothing is ever sent: expected at least 1"),
            Self::HedgedMoney => Report::new("governor_hedged_money").say(
                "a second copy of a send that moves money was asked for while the first is under way: \
                 wait for its outcome; only queries may be hedged",
            ),
            Self::LanesExhausted => Report::new("governor_lanes_exhausted").count("limit", LANES_MAX).say(
                "{limit} lanes are known already: name the provider and the operation, and nothing of a single payment",
            ),
        }
    }
}

reported!(Error);

#[cfg(test)]
mod tests {
    use super::super::{BreakerSettings, BudgetSettings, BulkheadSettings, Governor, Settings};
    use super::*;
    use crate::advice::Diagnose;
    use crate::prelude::*;

    #[test]
    fn settings_that_cannot_work_are_refused_in_their_order() {
        let (budget, breaker) = (BudgetSettings::default(), BreakerSettings::default());
        let with_budget = |budget| Settings { budget: Some(budget), ..Settings::default() };
        let with_breaker = |breaker| Settings { breaker: Some(breaker), ..Settings::default() };
        let table = [
            with_budget(BudgetSettings { burst: 0, per_mille: 1_001, ..budget }),
            with_budget(BudgetSettings { per_mille: 1_001, ..budget }),
            with_breaker(BreakerSettings { in_a_row: 0, outcomes: 0, ..breaker }),
            with_breaker(BreakerSettings { outcomes: 65, failures: 0, ..breaker }),
            with_breaker(BreakerSettings { failures: 21, window: 0, ..breaker }),
            with_breaker(BreakerSettings { window: 0, ..breaker }),
            Settings { bulkhead: Some(BulkheadSettings { in_flight: 0, waiting: 0 }), ..Settings::default() },
        ];
        let refused = table.map(|settings| Governor::new(settings).map(|_| ()).unwrap_err());
        let all = refused.into_iter().chain([Error::HedgedMoney, Error::LanesExhausted]);
        let shown: Vec<String> = all.map(|e| format!("{}: {e} {:?}", e.code(), e.details())).collect();
        insta::assert_snapshot!(shown.join("\n"), @r#"
        governor_burst_zero: the retry budget holds 0 tokens, so that nothing is ever tried again: expected at least 1 []
        governor_share: 1001 retries for a thousand sends are more than the traffic itself: expected 0 to 1000 [("found", "1001")]
        governor_in_a_row_zero: the breaker opens after 0 failures in a row, so that it never closes: expected at least 1 []
        governor_outcomes: the breaker looks back on 65 outcomes: expected 1 to 64 [("found", "65"), ("limit", "64")]
        governor_failures: the breaker opens at 21 failures of the last 20 outcomes: expected 1 to 20 [("found", "21"), ("limit", "20")]
        governor_window_zero: the slow start ends at 0 exchanges at once: expected at least 1 []
        governor_in_flight_zero: 0 exchanges may be under way at once, so that nothing is ever sent: expected at least 1 []
        governor_hedged_money: a second copy of a send that moves money was asked for while the first is under way: wait for its outcome; only queries may be hedged []
        governor_lanes_exhausted: 256 lanes are known already: name the provider and the operation, and nothing of a single payment [("limit", "256")]
        "#);
    }
}
