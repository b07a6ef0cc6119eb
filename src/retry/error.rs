//! Why a policy was refused.

use crate::advice::{Report, Sentence, reported};
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

impl Error {
    /// What is said of each code.
    pub(crate) const SENTENCES: &'static [Sentence] = &[
        (
            "retry_base_zero",
            "the base of the backoff is 0 ms: expected at least 1, better 1000, or all clients come back together",
        ),
        (
            "retry_cap_below_base",
            "the cap of {found} ms is below the base of {expected} ms: raise the cap or lower the base",
        ),
        (
            "retry_attempts_zero",
            "0 attempts are allowed: expected at least 1, which is the first call itself",
        ),
    ];

    fn table(&self) -> Report {
        match self {
            Self::BaseZero => Report::new("retry_base_zero"),
            Self::CapBelowBase { base, cap } => {
                Report::new("retry_cap_below_base").number("expected", base.get()).number("found", cap.get())
            }
            Self::AttemptsZero => Report::new("retry_attempts_zero"),
        }
        .say_from(Self::SENTENCES)
    }
}

reported!(Error);

#[cfg(test)]
mod tests {
    use super::*;
    use crate::advice::{Advice, Diagnose};
    use crate::prelude::*;

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
