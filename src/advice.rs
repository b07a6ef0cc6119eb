//! Every error says what the caller should do next, in one word that never changes.
//!
//! An error enum of any module implements [`Diagnose`]; the wasm border turns that into the one error class
//! JavaScript sees. Codes are stable, snake_case and never reused.

use crate::prelude::*;

/// What the caller of a failed operation should do.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Advice {
    /// The call itself is wrong; repeating it unchanged fails again.
    FixCall,
    /// Repeat the same request with the same idempotency key.
    RetrySameKey,
    /// Start a new intent: it is proven that the old key moved no money.
    RetryNewKey,
    /// Nothing is wrong; the answer is not there yet.
    Wait,
    /// Two records disagree; a person has to look at them.
    Reconcile,
    /// Tillproof broke one of its own invariants.
    ReportBug,
}

impl Advice {
    /// The stable name, as JavaScript sees it.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::FixCall => "fix_call",
            Self::RetrySameKey => "retry_same_key",
            Self::RetryNewKey => "retry_new_key",
            Self::Wait => "wait",
            Self::Reconcile => "reconcile",
            Self::ReportBug => "report_bug",
        }
    }
}

/// A fact an error carries beside its sentence, for programs: a field name and its value as text.
///
/// Never a secret, a body or a header value.
pub type Detail = (&'static str, String);

/// What every error of the crate answers.
pub trait Diagnose: core::fmt::Display {
    /// The stable name of the error.
    fn code(&self) -> &'static str;

    /// What the caller should do.
    fn advice(&self) -> Advice;

    /// Expected and found values, for programs. Empty where the sentence says it all.
    fn details(&self) -> Vec<Detail> {
        Vec::new()
    }
}
