//! The journal of an intent: what happened, in the order it was stored. The state is a replay of it.

use crate::json::ObjectWriter;
use crate::prelude::*;
use crate::time::Timestamp;

use super::{Request, Terms};

/// One thing that happened. Entries are only ever appended.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
#[allow(clippy::large_enum_variant, reason = "a journal has one `Opened` and is never copied on the way")]
pub enum Entry {
    /// The intent exists. Stored before anything is sent.
    Opened {
        /// When.
        at: Timestamp,
        /// The provider profile the decisions are made by.
        profile: String,
        /// The provider account.
        account: String,
        /// The content.
        request: Request,
        /// SHA-256 of the content, see [`crate::fingerprint`].
        fingerprint: String,
        /// The key of epoch 1.
        key: String,
        /// After this moment an unknown outcome goes to a person.
        deadline_at: Timestamp,
        /// What the provider promised about the key. `None` in journals of before it was kept.
        terms: Option<Terms>,
    },
    /// One send of the current key was authorised; from here on it may be on the wire.
    SendAuthorised {
        /// When.
        at: Timestamp,
        /// Counted from 1 over all epochs.
        attempt: u32,
        /// The process that sends.
        owner: String,
        /// Until then no other process touches the intent.
        lease_until: Timestamp,
    },
    /// An attempt was surely not executed; the same key is sent again later.
    NotExecuted {
        /// When.
        at: Timestamp,
        /// What the answer was.
        reason: Unknown,
        /// When to try again.
        next_at: Timestamp,
    },
    /// The fate of an attempt is unknown.
    Ambiguous {
        /// When.
        at: Timestamp,
        /// Why.
        reason: Unknown,
        /// True when no answer to this key will ever tell the truth (a stored 500).
        key_poisoned: bool,
        /// When to look again.
        next_at: Timestamp,
    },
    /// A query by reference found nothing.
    QueriedEmpty {
        /// When.
        at: Timestamp,
        /// When to look again.
        next_at: Timestamp,
    },
    /// The provider waits for the customer.
    ActionRequired {
        /// When.
        at: Timestamp,
        /// The provider's name for the payment.
        provider_reference: String,
    },
    /// The money moved (or is authorised), once.
    Settled {
        /// When.
        at: Timestamp,
        /// The provider's name for the payment.
        provider_reference: String,
        /// How we know.
        evidence: Evidence,
    },
    /// This epoch moved no money, and that is proven.
    Failed {
        /// When.
        at: Timestamp,
        /// What proves it.
        proof: Proof,
        /// The provider's name for the failed payment, when it made one.
        provider_reference: Option<String>,
        /// The provider's or our code for the reason.
        code: String,
        /// A sentence for people.
        message: String,
    },
    /// The answer to a prepared request, kept so that every repeated call gets an equal one. Follows the entry that the
    /// answer led to.
    Answered {
        /// When.
        at: Timestamp,
        /// The answer.
        answer: Answer,
    },
    /// A charge with our reference came to light that the state does not account for: a second one, or one after a
    /// failure or while a person decides.
    ExtraCharge {
        /// When.
        at: Timestamp,
        /// The provider's name for it.
        provider_reference: String,
    },
    /// Evidence contradicts itself, or time ran out: a person decides.
    NeedsReview {
        /// When.
        at: Timestamp,
        /// Why, in a stable word.
        reason: String,
    },
    /// A new epoch with a new key, on the proof of the [`Entry::Failed`] before it.
    Reopened {
        /// When.
        at: Timestamp,
        /// Counted from 1.
        epoch: u32,
        /// The new key.
        key: String,
        /// The proof that allowed it.
        proof: Proof,
    },
}

/// An answer as it is given again.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Answer {
    /// HTTP status.
    pub status: u16,
    /// The headers the profile keeps, names in lower case.
    pub headers: Vec<(String, String)>,
    /// The body; empty when there was none.
    pub body: String,
}

impl Answer {
    /// The answer as a document: `status`, `headers`, `body`.
    #[must_use]
    pub fn to_json(&self) -> String {
        let headers =
            self.headers.iter().fold(ObjectWriter::new(), |out, (name, value)| out.text(name, value));
        ObjectWriter::new()
            .number("status", u64::from(self.status))
            .raw("headers", &headers.finish())
            .text("body", &self.body)
            .finish()
    }
}

/// Why an attempt did not give a definite answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Unknown {
    /// The connection was never made.
    NotSent,
    /// The connection broke or timed out after bytes may have left.
    ConnectionLost,
    /// The provider answered with a server error.
    ServerError,
    /// The provider answered a stored server error to this key, and always will.
    StoredServerError,
    /// The provider asked to slow down.
    RateLimited,
    /// The same key is being executed right now.
    InProgress,
    /// An answer of success that cannot be read.
    Unreadable,
    /// The provider says the payment is still being processed.
    Processing,
    /// The provider refused our credentials.
    Unauthorised,
    /// An earlier attempt is unknown, and this one was refused for its content.
    RefusedAfterUnknown,
    /// The process that sent it did not report back in time.
    LeaseExpired,
    /// The query itself failed.
    QueryFailed,
    /// The provider says that it did this before, and not with which outcome.
    AlreadyDone,
    /// The provider could not begin, for a reason that passes.
    Unavailable,
}

impl Unknown {
    const NAMES: [(Self, &'static str); 14] = [
        (Self::NotSent, "not_sent"),
        (Self::ConnectionLost, "connection_lost"),
        (Self::ServerError, "server_error"),
        (Self::StoredServerError, "stored_server_error"),
        (Self::RateLimited, "rate_limited"),
        (Self::InProgress, "in_progress"),
        (Self::Unreadable, "unreadable_answer"),
        (Self::Processing, "processing"),
        (Self::Unauthorised, "unauthorised"),
        (Self::RefusedAfterUnknown, "refused_after_unknown"),
        (Self::LeaseExpired, "lease_expired"),
        (Self::QueryFailed, "query_failed"),
        (Self::AlreadyDone, "already_done"),
        (Self::Unavailable, "unavailable"),
    ];

    /// The stable name.
    #[must_use]
    pub fn name(self) -> &'static str {
        Self::NAMES.iter().find(|(reason, _)| *reason == self).map_or("unknown", |(_, name)| name)
    }

    /// The reason of a name.
    #[must_use]
    pub fn from_name(name: &str) -> Option<Self> {
        Self::NAMES.iter().find(|(_, known)| *known == name).map(|(reason, _)| *reason)
    }
}

/// How we know that money moved.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Evidence {
    /// The answer to our key.
    Response,
    /// The provider's list of payments with our reference.
    Query,
    /// A verified webhook.
    Webhook,
}

impl Evidence {
    /// The stable name.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Response => "response",
            Self::Query => "query",
            Self::Webhook => "webhook",
        }
    }

    /// The evidence of a name.
    #[must_use]
    pub fn from_name(name: &str) -> Option<Self> {
        [Self::Response, Self::Query, Self::Webhook].into_iter().find(|evidence| evidence.name() == name)
    }
}

/// The only proofs that an epoch moved no money (reference/payments.md 4.5).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Proof {
    /// P1: a refusal bound to this key, with no earlier attempt of unknown fate.
    Refused,
    /// P4: the quarantine is over, two queries in a row were empty, and the key can no longer execute.
    Absent,
}

impl Proof {
    /// The stable name.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Refused => "refused",
            Self::Absent => "absent",
        }
    }

    /// The proof of a name.
    #[must_use]
    pub fn from_name(name: &str) -> Option<Self> {
        [Self::Refused, Self::Absent].into_iter().find(|proof| proof.name() == name)
    }
}
