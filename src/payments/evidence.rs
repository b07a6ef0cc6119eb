//! Why an outcome is unknown, how it became known, and what proves that no money moved: the words of the journal.

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
    /// The provider does not answer the query, and will not.
    QueryRefused,
    /// The provider says that it did this before, and not with which outcome.
    AlreadyDone,
    /// The provider could not begin, for a reason that passes.
    Unavailable,
    /// The provider voided the payment by its key, but a late copy of the request may still arrive.
    VoidedEarly,
}

impl Unknown {
    const NAMES: [(Self, &'static str); 16] = [
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
        (Self::QueryRefused, "query_refused"),
        (Self::AlreadyDone, "already_done"),
        (Self::Unavailable, "unavailable"),
        (Self::VoidedEarly, "voided_early"),
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
    /// A person decided.
    Person,
}

impl Evidence {
    /// The stable name.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Response => "response",
            Self::Query => "query",
            Self::Webhook => "webhook",
            Self::Person => "person",
        }
    }

    /// The evidence of a name.
    #[must_use]
    pub fn from_name(name: &str) -> Option<Self> {
        [Self::Response, Self::Query, Self::Webhook, Self::Person]
            .into_iter()
            .find(|evidence| evidence.name() == name)
    }
}

/// The only proofs that an epoch moved no money, or none that stayed moved (reference/payments.md 4.5).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Proof {
    /// P1: a refusal bound to this key, with no earlier attempt of unknown fate.
    Refused,
    /// P2: nothing was ever sent.
    NeverSent,
    /// P3: the provider voided whatever this key had done, and no copy is under way any more.
    Voided,
    /// P4: the quarantine is over, two queries in a row were empty, and the key can no longer execute.
    Absent,
    /// Every charge that came to light was refunded or voided, by an intent with a key of its own.
    Reversed,
    /// A person decided, after the quarantine.
    Decided,
}

impl Proof {
    const NAMES: [(Self, &'static str); 6] = [
        (Self::Refused, "refused"),
        (Self::NeverSent, "never_sent"),
        (Self::Voided, "voided"),
        (Self::Absent, "absent"),
        (Self::Reversed, "reversed"),
        (Self::Decided, "decided"),
    ];

    /// The stable name.
    #[must_use]
    pub fn name(self) -> &'static str {
        Self::NAMES.iter().find(|(proof, _)| *proof == self).map_or("unknown", |(_, name)| name)
    }

    /// The proof of a name.
    #[must_use]
    pub fn from_name(name: &str) -> Option<Self> {
        Self::NAMES.iter().find(|(_, known)| *known == name).map(|(proof, _)| *proof)
    }
}
