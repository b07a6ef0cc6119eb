//! Why a policy was refused.

use crate::advice::{Advice, Detail, Diagnose};
use crate::prelude::*;
use crate::time::Millis;

/// Why a policy was refused. Variants stand in order of precedence.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Error {
    /// The base is zero: every client would come back at once.
    BaseZero,
    /// The longest backoff is shorter than the first.
    CapBelowBase {
        /// The base.
        base: Millis,
        /// The cap.
        cap: Millis,
    },
    /// No attempt is allowed, not even the first.
    AttemptsZero,
}

impl core::fmt::Display for Error {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        match self {
            Self::BaseZero => f.write_str(
                "the base of the backoff is 0 ms: expected at least 1, better 1000, \
                 or all clients come back together",
            ),
            Self::CapBelowBase { base, cap } => write!(
                f,
                "the cap of {} ms is below the base of {} ms: raise the cap or lower the base",
                cap.get(),
                base.get()
            ),
            Self::AttemptsZero => {
                f.write_str("0 attempts are allowed: expected at least 1, which is the first call itself")
            }
        }
    }
}

impl core::error::Error for Error {}

impl Diagnose for Error {
    fn code(&self) -> &'static str {
        match self {
            Self::BaseZero => "retry_base_zero",
            Self::CapBelowBase { .. } => "retry_cap_below_base",
            Self::AttemptsZero => "retry_attempts_zero",
        }
    }

    fn advice(&self) -> Advice {
        Advice::FixCall
    }

    fn details(&self) -> Vec<Detail> {
        match self {
            Self::BaseZero | Self::AttemptsZero => Vec::new(),
            Self::CapBelowBase { base, cap } => {
                vec![("expected", base.get().to_string()), ("found", cap.get().to_string())]
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_message_of_a_refused_policy_says_what_to_do() {
        let (base, cap) = (Millis::new(1_000), Millis::new(999));
        let errors = [Error::BaseZero, Error::CapBelowBase { base, cap }, Error::AttemptsZero];
        let shown: Vec<String> =
            errors.iter().map(|e| format!("{}: {e} {:?}", e.code(), e.details())).collect();
        insta::assert_snapshot!(shown.join("\n"), @r#"
        retry_base_zero: the base of the backoff is 0 ms: expected at least 1, better 1000, or all clients come back together []
        retry_cap_below_base: the cap of 999 ms is below the base of 1000 ms: raise the cap or lower the base [("expected", "1000"), ("found", "999")]
        retry_attempts_zero: 0 attempts are allowed: expected at least 1, which is the first call itself []
        "#);
        assert!(errors.iter().all(|error| error.advice() == Advice::FixCall));
    }
}
