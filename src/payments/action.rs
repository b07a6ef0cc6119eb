//! What the driver is asked to do, and what the caller is told.

use crate::json::ObjectWriter;
use crate::prelude::*;
use crate::time::Timestamp;

use super::{Intent, State};

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
    /// Ask the provider; reading only.
    Query {
        /// The request.
        request: HttpRequest,
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
    /// Proven: no money moved.
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
            State::Failed { .. } => Outcome::Failed,
            State::AwaitingCustomer { .. } => Outcome::AwaitingCustomer,
            // A person decides, and until then nobody knows.
            State::NeedsReview { .. }
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
            out = out.digits("amount", amount.minor()).text("currency", amount.currency().code());
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
            State::PendingConfirmation { reason } => out = out.text("reason", reason.name()),
            State::NeedsReview { reason } => out = out.text("reason", reason),
            State::Initiated | State::InFlight { .. } => {}
        }
        if let Some(next_at) = self.next_at {
            out = out.number("next_check_at", next_at.unix_ms());
        }
        let mut extra = crate::json::ArrayWriter::new();
        for provider_reference in &self.extra_charges {
            extra = extra.text(provider_reference);
        }
        out.raw("extra_charges", &extra.finish()).finish()
    }
}
