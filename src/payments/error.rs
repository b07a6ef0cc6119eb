//! Why a payment call was refused. Nothing was sent and nothing changed.

use crate::advice::{Advice, Detail, Diagnose};
use crate::prelude::*;
use crate::{json, money, retry};

/// Most characters of a caller's text that a message repeats.
const SHOWN_MAX: usize = 80;

/// Why a payment call was refused. Variants stand in order of precedence.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Error {
    /// The document that describes the call is wrong.
    Document(json::Error),
    /// The amount or its currency is wrong.
    Money(money::Error),
    /// A charge of nothing.
    AmountZero,
    /// The retry policy cannot work.
    Retry(retry::Error),
    /// The reference cannot name an intent.
    Reference {
        /// What is wrong with it.
        problem: &'static str,
    },
    /// The secret that keys are derived from is too short to keep them unguessable.
    SecretTooShort {
        /// Bytes found.
        found: usize,
    },
    /// No provider profile has this name.
    UnknownProfile {
        /// The name given.
        found: String,
    },
    /// The reference is known, with other content. Nothing was sent.
    Mismatch {
        /// The first field that differs.
        field: &'static str,
    },
    /// The object of a webhook is no payment the machine can read.
    WebhookPayment,
    /// A new epoch was asked for, but nothing proves that the old one moved no money.
    NotFailed {
        /// The state the intent is in.
        state: &'static str,
    },
    /// The stored journal contradicts itself: it was changed by somebody else.
    Journal {
        /// Position of the first entry that does not fit, counted from 0.
        position: usize,
        /// What does not fit.
        problem: &'static str,
    },
}

impl From<json::Error> for Error {
    fn from(error: json::Error) -> Self {
        Self::Document(error)
    }
}

impl From<money::Error> for Error {
    fn from(error: money::Error) -> Self {
        Self::Money(error)
    }
}

impl From<retry::Error> for Error {
    fn from(error: retry::Error) -> Self {
        Self::Retry(error)
    }
}

impl core::fmt::Display for Error {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        match self {
            Self::Document(error) => error.fmt(f),
            Self::Money(error) => error.fmt(f),
            Self::Retry(error) => error.fmt(f),
            Self::AmountZero => f.write_str("a payment of nothing: expected at least one minor unit"),
            Self::Reference { problem } => write!(f, "the reference {problem}"),
            Self::SecretTooShort { found } => write!(
                f,
                "the key secret has {found} bytes: at least {} are needed, from a random generator",
                super::key::SECRET_BYTES_MIN
            ),
            Self::UnknownProfile { found } => write!(
                f,
                "no provider profile is called {}: expected one of {}",
                json::quoted(&found.chars().take(SHOWN_MAX).collect::<String>()),
                super::Profile::names()
            ),
            Self::Mismatch { field } => write!(
                f,
                "this reference was used before with another `{field}`: use a new reference for a new purchase, \
                 or repeat the first one unchanged"
            ),
            Self::WebhookPayment => f.write_str(
                "this is no payment of a webhook: expected the object inside a verified event, with id, reference, \
                 merchantId, amount, currency and state",
            ),
            Self::NotFailed { state } => write!(
                f,
                "a new attempt with a new key needs proof that the last one moved no money, and this intent is {state}"
            ),
            Self::Journal { position, problem } => {
                write!(f, "the stored journal is broken at entry {position}: {problem}")
            }
        }
    }
}

impl core::error::Error for Error {}

impl Diagnose for Error {
    fn code(&self) -> &'static str {
        match self {
            Self::Document(error) => error.code(),
            Self::Money(error) => error.code(),
            Self::Retry(error) => error.code(),
            Self::AmountZero => "amount_zero",
            Self::Reference { .. } => "reference_invalid",
            Self::SecretTooShort { .. } => "key_secret_too_short",
            Self::UnknownProfile { .. } => "profile_unknown",
            Self::Mismatch { .. } => "intent_mismatch",
            Self::WebhookPayment => "webhook_payment_invalid",
            Self::NotFailed { .. } => "intent_not_failed",
            Self::Journal { .. } => "intent_journal_broken",
        }
    }

    fn advice(&self) -> Advice {
        match self {
            Self::Document(error) => error.advice(),
            Self::Money(error) => error.advice(),
            Self::Retry(error) => error.advice(),
            Self::AmountZero
            | Self::Reference { .. }
            | Self::SecretTooShort { .. }
            | Self::UnknownProfile { .. }
            | Self::Mismatch { .. }
            | Self::WebhookPayment => Advice::FixCall,
            Self::NotFailed { .. } => Advice::Wait,
            Self::Journal { .. } => Advice::Reconcile,
        }
    }

    fn details(&self) -> Vec<Detail> {
        match self {
            Self::Document(error) => error.details(),
            Self::Money(error) => error.details(),
            Self::Retry(error) => error.details(),
            Self::AmountZero => vec![("field", "amount".to_owned())],
            Self::Reference { .. } => vec![("field", "reference".to_owned())],
            Self::SecretTooShort { found } => vec![("found", found.to_string())],
            Self::UnknownProfile { found } => vec![("found", found.clone())],
            Self::Mismatch { field } => vec![("field", (*field).to_owned())],
            Self::WebhookPayment => Vec::new(),
            Self::NotFailed { state } => vec![("state", (*state).to_owned())],
            Self::Journal { position, .. } => vec![("position", position.to_string())],
        }
    }
}
