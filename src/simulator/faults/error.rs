//! Why a fault plan was refused.

use crate::advice::{Advice, Detail, Diagnose};
use crate::json;
use crate::prelude::*;

/// Longest name a message shows, in characters.
pub(super) const SHOWN_MAX: usize = 80;

/// Why a fault plan was refused. Variants stand in order of precedence.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Error {
    /// The document is no JSON, or a rule has a field that is wrong.
    Document(json::Error),
    /// There is no preset of this name.
    UnknownPreset {
        /// The name, shortened.
        found: String,
    },
    /// There is no fault of this name.
    UnknownFault {
        /// The name, shortened.
        found: String,
    },
    /// A rule is no object, number or text.
    WrongRule {
        /// The fault it was given for.
        fault: &'static str,
    },
    /// A probability is not between 0 and 1 with at most six decimals.
    WrongProbability {
        /// The fault it was given for.
        fault: &'static str,
    },
    /// The script is no list, or too long.
    WrongScript,
    /// A list of calls is not one of whole numbers from 1.
    WrongCalls {
        /// The fault it was given for.
        fault: &'static str,
    },
    /// A delay is not two whole numbers, the smaller one first, or the fault has none.
    WrongDelay {
        /// The fault it was given for.
        fault: &'static str,
    },
}

impl Error {
    /// There is no fault of this name.
    pub(super) fn unknown_fault(name: &str) -> Self {
        Self::UnknownFault { found: name.chars().take(SHOWN_MAX).collect() }
    }
}

impl core::fmt::Display for Error {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        match self {
            Self::Document(error) => write!(f, "the fault plan cannot be read: {error}"),
            Self::UnknownPreset { found } => write!(
                f,
                "there is no fault preset {}: expected none, gentle, hostile, blackout or month-end",
                json::quoted(found)
            ),
            Self::UnknownFault { found } => write!(
                f,
                "there is no fault {}: expected one of the names of the catalogue, such as response_lost",
                json::quoted(found)
            ),
            Self::WrongRule { fault } => write!(
                f,
                "the rule of {fault} cannot be read: expected a probability, or an object with probability, nth or \
                 delay_ms"
            ),
            Self::WrongProbability { fault } => write!(
                f,
                "the probability of {fault} cannot be read: expected a decimal from 0 to 1 with at most six decimals, \
                 such as 0.05"
            ),
            Self::WrongScript => f.write_str(
                "the script cannot be read: expected a list of at most 10000 objects with fault, with call, counted \
                 from 1, and with route and delay_ms if wanted",
            ),
            Self::WrongCalls { fault } => write!(
                f,
                "the field nth of {fault} cannot be read: expected a list of whole numbers from 1, such as [3, 7]"
            ),
            Self::WrongDelay { fault } => write!(
                f,
                "the field delay_ms of {fault} cannot be read: expected [from, to] in milliseconds, up to one day for \
                 a request and thirty for a delivery, for a fault that delays"
            ),
        }
    }
}

impl core::error::Error for Error {}

impl From<json::Error> for Error {
    fn from(error: json::Error) -> Self {
        Self::Document(error)
    }
}

impl Diagnose for Error {
    fn code(&self) -> &'static str {
        match self {
            Self::Document(_) => "fault_plan_unreadable",
            Self::UnknownPreset { .. } => "fault_preset_unknown",
            Self::UnknownFault { .. } => "fault_unknown",
            Self::WrongRule { .. } => "fault_rule_invalid",
            Self::WrongProbability { .. } => "fault_probability_invalid",
            Self::WrongScript => "fault_script_invalid",
            Self::WrongCalls { .. } => "fault_calls_invalid",
            Self::WrongDelay { .. } => "fault_delay_invalid",
        }
    }

    fn advice(&self) -> Advice {
        Advice::FixCall
    }

    fn details(&self) -> Vec<Detail> {
        match self {
            Self::Document(error) => error.details(),
            Self::WrongScript => Vec::new(),
            Self::UnknownPreset { found } | Self::UnknownFault { found } => vec![("found", found.clone())],
            Self::WrongRule { fault }
            | Self::WrongProbability { fault }
            | Self::WrongCalls { fault }
            | Self::WrongDelay { fault } => vec![("fault", (*fault).to_owned())],
        }
    }
}
