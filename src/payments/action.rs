//! What the driver is asked to do, and what the caller is told.

use crate::json::{ArrayWriter, ObjectWriter};
use crate::prelude::*;
use crate::time::Timestamp;

use super::{Intent, Progress, Proof, Reversal, State};

/// What a poll would do, for a driver that asks for a permit before it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Intention {
    /// Nothing at all until somebody calls.
    Rest,
    /// Nothing before this moment.
    Wait {
        /// When to look again.
        until: Timestamp,
    },
    /// Hand the intent to a person: its time is over.
    GiveUp,
    /// Send the key of this epoch for the first time.
    FirstSend,
    /// Send the same key again.
    Resend,
    /// Ask by reference; reading only.
    Query,
    /// Have the provider void whatever the key has done.
    Void,
    /// Look after the intent that takes a charge back.
    Reverse,
}

impl Intention {
    /// The stable name.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Rest => "rest",
            Self::Wait { .. } => "wait",
            Self::GiveUp => "give_up",
            Self::FirstSend => "first_send",
            Self::Resend => "resend",
            Self::Query => "query",
            Self::Void => "void",
            Self::Reverse => "reverse",
        }
    }

    /// Whether it reaches the provider, so that a breaker or a budget may hold it.
    #[must_use]
    pub const fn needs_permit(self) -> bool {
        matches!(self, Self::FirstSend | Self::Resend | Self::Query | Self::Void)
    }
}

/// Whether the driver may reach the provider now.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Permit {
    /// It may.
    Go,
    /// Not before this moment: a breaker is open, or a budget is used up.
    Hold {
        /// When to ask for a permit again.
        until: Timestamp,
    },
}

/// What to do next. Carried out only after the new entries are stored.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Action {
    /// Send this request, and report the answer or the failure under the attempt's number.
    Send {
        /// Counted from 1 over all epochs.
        attempt: u32,
        /// The request.
        request: HttpRequest,
    },
    /// Ask the provider; reading only. The answer is told under the number of the question.
    Query {
        /// Counted from 1 over all epochs.
        query: u32,
        /// The request.
        request: HttpRequest,
    },
    /// Have the provider void whatever the key has done. The answer is told under the number of the question.
    Void {
        /// Counted from 1 over all epochs, together with queries.
        query: u32,
        /// The request.
        request: HttpRequest,
    },
    /// See to it that the intent of this reversal is there, drive it, and tell what became of it.
    Reverse {
        /// What is taken back, and by which intent.
        reversal: Reversal,
    },
    /// Nothing before this moment. Asking earlier is harmless.
    Wait {
        /// When to poll again.
        until: Timestamp,
    },
    /// Nothing at all until somebody calls.
    Rest,
}

/// A request without host and credentials, which the driver adds.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HttpRequest {
    /// The HTTP method, in upper case.
    pub method: String,
    /// Path and query.
    pub path: String,
    /// Header names and values.
    pub headers: Vec<(String, String)>,
    /// Text of the `content-type` among the headers, or none.
    pub body: Option<String>,
}

/// What the caller is told. The four words are the whole vocabulary; unknown is never reported as failed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// Moved once; the provider's reference is known.
    Settled,
    /// Proven: no money moved, or none that stayed moved.
    Failed,
    /// Not known yet. Wait, or be told later.
    PendingConfirmation,
    /// The customer has to act.
    AwaitingCustomer,
}

impl Outcome {
    /// The stable name.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Settled => "settled",
            Self::Failed => "failed",
            Self::PendingConfirmation => "pending_confirmation",
            Self::AwaitingCustomer => "awaiting_customer",
        }
    }
}

impl Intent {
    /// What a caller is told now.
    #[must_use]
    pub const fn outcome(&self) -> Outcome {
        match self.state {
            State::Settled { .. } => Outcome::Settled,
            State::Failed { .. } | State::Reversed => Outcome::Failed,
            State::AwaitingCustomer { .. } => Outcome::AwaitingCustomer,
            // A person decides, and until then nobody knows.
            State::NeedsReview { .. }
            | State::Reversing
            | State::Initiated
            | State::InFlight { .. }
            | State::PendingConfirmation { .. } => Outcome::PendingConfirmation,
        }
    }

    /// The outcome with what belongs to it, as a document for the caller.
    #[must_use]
    pub fn to_json(&self) -> String {
        let mut out = ObjectWriter::new()
            .text("status", self.outcome().name())
            .text("state", self.state.name())
            .text("reference", &self.request.reference)
            .text("operation", self.request.operation.name())
            .text("profile", &self.profile)
            .number("attempts", u64::from(self.attempts))
            .number("epoch", u64::from(self.epoch))
            .text("key", &self.key);
        if let Some(amount) = self.request.amount() {
            out = out.text("amount", &amount.minor().digits()).text("currency", amount.currency().code());
        }
        if let Some(answer) = &self.answer {
            out = out.raw("answer", &answer.to_json());
        }
        match &self.state {
            State::Settled { provider_reference, evidence } => {
                out = out.text("provider_reference", provider_reference).text("evidence", evidence.name());
            }
            State::AwaitingCustomer { provider_reference } => {
                out = out.text("provider_reference", provider_reference);
            }
            State::Failed { proof, code, message } => {
                out = out.text("code", code).text("message", message).text("proof", proof.name());
            }
            State::Reversed => {
                let message =
                    "the money that moved was given back: it came too late, or was no longer wanted";
                out = out
                    .text("code", "reversed")
                    .text("message", message)
                    .text("proof", Proof::Reversed.name());
            }
            State::PendingConfirmation { reason } => out = out.text("reason", reason.name()),
            State::NeedsReview { reason } => out = out.text("reason", reason),
            State::Reversing => out = out.text("reason", "reversing"),
            State::Initiated | State::InFlight { .. } => {}
        }
        if self.cancel_wished {
            out = out.flag("cancel_wished", true);
        }
        if let Some(next_at) = self.wake_at() {
            out = out.number("next_check_at", next_at.unix_ms());
        }
        let extra = self.extra_charges.iter().fold(ArrayWriter::new(), |list, charge| list.text(charge));
        let reversals =
            self.reversals.iter().fold(ArrayWriter::new(), |list, each| list.raw(&each.to_json()));
        out.raw("extra_charges", &extra.finish()).raw("reversals", &reversals.finish()).finish()
    }
}

impl Reversal {
    fn to_json(&self) -> String {
        let out = ObjectWriter::new()
            .text("charge", &self.charge)
            .text("operation", self.operation.name())
            .text("reference", &self.reference);
        match &self.progress {
            Progress::Open { .. } => out.text("status", "reversing"),
            Progress::Done { refund } => out.text("status", "reversed").text("refund", refund),
            Progress::Failed { code } => out.text("status", "needs_review").text("code", code),
            Progress::ByHand => out.text("status", "reversed"),
        }
        .finish()
    }
}
