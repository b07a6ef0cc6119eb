//! A world that cannot be begun is refused by name, before the first seed.

use super::conditions::Conditions;
use super::stage::SPOKEN;
use crate::advice::{Advice, Diagnose as _, Report, reported};
use crate::json;
use crate::payments::Safeguard;
use crate::prelude::*;

/// Why a world was not begun. Variants stand in order of precedence.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Error {
    /// The document that describes the run is not one.
    Document(json::Error),
    /// Neither a world nor a provider has this name.
    UnknownProfile {
        /// The name.
        found: String,
    },
    /// No rule has this name.
    UnknownRule {
        /// The name.
        found: String,
    },
    /// A rule was to be removed, and this build cannot go without it.
    RulesHold,
    /// The world's own secrets do not make a verifier.
    Unprepared,
}

impl Error {
    fn table(&self) -> Report {
        match self {
            Self::Document(cause) => cause.report(),
            Self::UnknownProfile { found } => {
                Report::new("torture_profile_unknown").fact("found", found).say_with(
                    "there is no profile {found}: expected a world ({worlds}) or a provider ({providers})",
                    &[("worlds", &Conditions::names()), ("providers", &SPOKEN.join(", "))],
                )
            }
            Self::UnknownRule { found } => Report::new("torture_rule_unknown").fact("found", found).say_with(
                "there is no rule {found}: expected one of {rules}",
                &[("rules", &Safeguard::names())],
            ),
            Self::RulesHold => Report::new("torture_rules_hold")
                .say("this build cannot go without a rule: use one with the feature `mutants`"),
            Self::Unprepared => Report::new("torture_unprepared")
                .advise(Advice::ReportBug)
                .say("the world's own verifier could not be made"),
        }
    }
}

impl From<json::Error> for Error {
    fn from(cause: json::Error) -> Self {
        Self::Document(cause)
    }
}

reported!(Error);
