//! Why a payment call was refused. Nothing was sent and nothing changed.

use crate::advice::{Advice, Diagnose, Report, Sentence, behind_one_pointer, reported};
use crate::prelude::*;
use crate::{json, money, retry};

use super::Operation;

behind_one_pointer! {
    /// Why a payment call was refused: one pointer, because it is handed on at every step.
    pub struct Error of ErrorKind;
}

/// What is wrong with a payment call. Variants stand in order of precedence.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum ErrorKind {
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
    /// A field that this operation cannot use.
    FieldOfOperation {
        /// The operation.
        operation: Operation,
        /// The field.
        field: &'static str,
    },
    /// A profile that nothing can be decided by.
    Profile {
        /// Its name, as far as it has one.
        profile: String,
        /// The field, the names of those it stands in before it.
        field: String,
        /// What is wrong with it.
        problem: &'static str,
    },
    /// The profile does not say how this operation is carried out.
    OperationUnsupported {
        /// The profile.
        profile: String,
        /// The operation.
        operation: Operation,
    },
    /// The provider wants an amount where the caller named none.
    AmountNeeded {
        /// The profile.
        profile: String,
        /// The operation.
        operation: Operation,
    },
    /// A provider field would replace what the payment itself says.
    ProviderField {
        /// The field.
        field: String,
    },
    /// The key belongs into the body, and the body is no JSON object.
    KeyHasNoPlace {
        /// The member the provider looks for.
        field: String,
    },
    /// The intent was opened with another profile than it is now driven by.
    OtherProfile {
        /// The profile of the journal.
        opened_with: String,
        /// The profile given.
        found: String,
    },
    /// The reference is known, with other content. Nothing was sent.
    Mismatch {
        /// The first field that differs, members of an object with their name behind a dot.
        field: String,
    },
    /// The object of a webhook is no payment the machine can read.
    WebhookPayment,
    /// A new epoch was asked for, but nothing proves that the old one moved no money.
    NotFailed {
        /// The state the intent is in.
        state: &'static str,
    },
    /// A decision about an intent that waits for none.
    NotInReview {
        /// The state the intent is in.
        state: &'static str,
    },
    /// The provider's name of another kind of object was given for the payment that counts.
    ChargeOfOtherKind {
        /// What its name begins with.
        begins: String,
    },
    /// "No money moved" was decided while a copy of the request may still arrive.
    CopyUnderWay {
        /// Until when, in milliseconds since the epoch.
        until: u64,
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
        ErrorKind::Document(error).into()
    }
}

impl From<money::Error> for Error {
    fn from(error: money::Error) -> Self {
        ErrorKind::Money(error).into()
    }
}

impl From<retry::Error> for Error {
    fn from(error: retry::Error) -> Self {
        ErrorKind::Retry(error).into()
    }
}

impl Error {
    /// What is said of each code.
    pub(crate) const SENTENCES: &'static [Sentence] = &[
        ("amount_zero", "a payment of nothing: expected at least one minor unit"),
        ("reference_invalid", "the reference {problem}"),
        (
            "key_secret_too_short",
            "the key secret has {found} bytes: at least 16 are needed, from a random generator",
        ),
        ("field_of_operation", "a {operation} has no use for the field `{field}`: leave it out"),
        (
            "profile_invalid",
            "the provider profile `{profile}` cannot be decided by: the field `{field}` {problem}",
        ),
        (
            "operation_unsupported",
            "the provider profile `{profile}` does not say how a {operation} is sent: send it with the provider's own \
             client through createFetch, or add it to a profile of your own",
        ),
        (
            "amount_needed",
            "the provider of `{profile}` takes no {operation} without an amount: name amount and currency",
        ),
        (
            "provider_field_taken",
            "the provider field `{field}` is written from the payment itself: remove it from the provider fields",
        ),
        (
            "key_has_no_place",
            "the provider looks for the key in the member `{field}` of a JSON body, and this body is no JSON object: \
             send one",
        ),
        (
            "profile_differs",
            "this intent was opened with the provider profile `{opened_with}` and cannot be driven by `{found}`: what \
             the one promised says nothing about the other",
        ),
        (
            "intent_mismatch",
            "this reference was used before with another `{field}`: use a new reference for a new purchase, or repeat \
             the first one unchanged",
        ),
        (
            "webhook_payment_invalid",
            "this is no payment of a webhook: expected the object inside a verified event, with id, reference, \
             merchantId, amount, currency and state",
        ),
        (
            "intent_not_failed",
            "a new attempt with a new key needs proof that the last one moved no money, and this intent is {state}",
        ),
        (
            "intent_not_in_review",
            "a person decides only what no evidence could, and this intent is {state}: read it with find",
        ),
        (
            "charge_of_other_kind",
            "this is no name of such a payment at the provider: expected one that begins with `{begins}`, since the \
             payment under its own name would be given back as a second one",
        ),
        (
            "intent_copy_under_way",
            "a copy of the request may still arrive and move money until {until} (milliseconds since the epoch): \
             decide that it failed after that moment",
        ),
        ("intent_journal_broken", "the stored journal is broken at entry {position}: {problem}"),
    ];

    fn table(&self) -> Report {
        let said = match self.kind() {
            ErrorKind::Document(error) => return error.report(),
            ErrorKind::Money(error) => return error.report(),
            ErrorKind::Retry(error) => return error.report(),
            ErrorKind::AmountZero => Report::new("amount_zero").fact("field", "amount"),
            ErrorKind::Reference { problem } => {
                Report::new("reference_invalid").fact("field", "reference").fact("problem", problem)
            }
            ErrorKind::SecretTooShort { found } => Report::new("key_secret_too_short").count("found", *found),
            ErrorKind::FieldOfOperation { operation, field } => {
                Report::new("field_of_operation").fact("field", field).fact("operation", operation.name())
            }
            ErrorKind::Profile { profile, field, problem } => Report::new("profile_invalid")
                .fact("profile", profile)
                .fact("field", field)
                .fact("problem", problem),
            ErrorKind::OperationUnsupported { profile, operation } => Report::new("operation_unsupported")
                .fact("profile", profile)
                .fact("operation", operation.name()),
            ErrorKind::AmountNeeded { profile, operation } => Report::new("amount_needed")
                .fact("profile", profile)
                .fact("operation", operation.name())
                .fact("field", "amount"),
            ErrorKind::ProviderField { field } => Report::new("provider_field_taken").fact("field", field),
            ErrorKind::KeyHasNoPlace { field } => Report::new("key_has_no_place").fact("field", field),
            ErrorKind::OtherProfile { opened_with, found } => {
                Report::new("profile_differs").fact("opened_with", opened_with).fact("found", found)
            }
            ErrorKind::Mismatch { field } => Report::new("intent_mismatch").fact("field", field),
            ErrorKind::WebhookPayment => Report::new("webhook_payment_invalid"),
            ErrorKind::NotFailed { state } => {
                Report::new("intent_not_failed").advise(Advice::Wait).fact("state", state)
            }
            ErrorKind::NotInReview { state } => Report::new("intent_not_in_review").fact("state", state),
            ErrorKind::ChargeOfOtherKind { begins } => {
                Report::new("charge_of_other_kind").fact("begins", begins)
            }
            ErrorKind::CopyUnderWay { until } => {
                Report::new("intent_copy_under_way").advise(Advice::Wait).number("until", *until)
            }
            ErrorKind::Journal { position, problem } => Report::new("intent_journal_broken")
                .advise(Advice::Reconcile)
                .count("position", *position)
                .fact("problem", problem),
        };
        said.say_from(Self::SENTENCES)
    }
}

reported!(Error);
