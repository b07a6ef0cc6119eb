//! Why a governor was refused, or refuses.

use super::LANES_MAX;
use crate::advice::{Report, Sentence, reported};

/// Why a governor was refused, or refuses. Variants stand in order of precedence.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Error {
    /// A number with which a part could not do what it is for. Which bounds it has, its field says.
    Setting {
        /// The field.
        name: &'static str,
        /// What it holds.
        found: u32,
        /// The least it may hold.
        least: u32,
        /// The most it may hold.
        most: u32,
    },
    /// A hedge of something that moves money.
    HedgedMoney,
    /// More lanes than there are operations.
    LanesExhausted,
}

impl Error {
    /// What is said of each code.
    pub(crate) const SENTENCES: &'static [Sentence] = &[
        (
            "governor_setting",
            "the governor cannot work with {setting} of {found}: expected {least} to {most}",
        ),
        (
            "governor_hedged_money",
            "a second copy of a send that moves money was asked for while the first is under way: wait for its \
             outcome; only queries may be hedged",
        ),
        (
            "governor_lanes_exhausted",
            "{limit} lanes are known already: name the provider and the operation, and nothing of a single payment",
        ),
    ];

    fn table(&self) -> Report {
        match self {
            Self::Setting { name, found, least, most } => Report::new("governor_setting")
                .fact("setting", name)
                .number("found", u64::from(*found))
                .number("least", u64::from(*least))
                .number("most", u64::from(*most)),
            Self::HedgedMoney => Report::new("governor_hedged_money"),
            Self::LanesExhausted => {
                Report::new("governor_lanes_exhausted").number("limit", u64::from(LANES_MAX))
            }
        }
        .say_from(Self::SENTENCES)
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
            with_budget(BudgetSettings { burst: 0, percent: 101, ..budget }),
            with_budget(BudgetSettings { percent: 101, ..budget }),
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
        governor_setting: the governor cannot work with burst of 0: expected 1 to 4294967295 [("setting", "burst"), ("found", "0"), ("least", "1"), ("most", "4294967295")]
        governor_setting: the governor cannot work with percent of 101: expected 0 to 100 [("setting", "percent"), ("found", "101"), ("least", "0"), ("most", "100")]
        governor_setting: the governor cannot work with in_a_row of 0: expected 1 to 4294967295 [("setting", "in_a_row"), ("found", "0"), ("least", "1"), ("most", "4294967295")]
        governor_setting: the governor cannot work with outcomes of 65: expected 1 to 64 [("setting", "outcomes"), ("found", "65"), ("least", "1"), ("most", "64")]
        governor_setting: the governor cannot work with failures of 21: expected 1 to 20 [("setting", "failures"), ("found", "21"), ("least", "1"), ("most", "20")]
        governor_setting: the governor cannot work with window of 0: expected 1 to 4294967295 [("setting", "window"), ("found", "0"), ("least", "1"), ("most", "4294967295")]
        governor_setting: the governor cannot work with in_flight of 0: expected 1 to 4294967295 [("setting", "in_flight"), ("found", "0"), ("least", "1"), ("most", "4294967295")]
        governor_hedged_money: a second copy of a send that moves money was asked for while the first is under way: wait for its outcome; only queries may be hedged []
        governor_lanes_exhausted: 256 lanes are known already: name the provider and the operation, and nothing of a single payment [("limit", "256")]
        "#);
    }
}
