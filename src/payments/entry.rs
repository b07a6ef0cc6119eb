//! The journal of an intent: what happened, in the order it was stored. The state is a replay of it.

use crate::json::ObjectWriter;
use crate::prelude::*;
use crate::time::Timestamp;

use super::content::header_object;
use super::{Evidence, Operation, Proof, Request, Terms, Unknown};

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
        /// When the caller first wanted it, where he says so: the store may have lost an older intent of this name.
        since: Option<Timestamp>,
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
    /// A question to the provider was authorised: a query by reference, or a void by key.
    Asked {
        /// When.
        at: Timestamp,
        /// Counted from 1 over all epochs: an answer to an earlier question proves nothing any more.
        query: u32,
        /// The process that asks.
        owner: String,
        /// Until then no other process asks.
        lease_until: Timestamp,
    },
    /// The driver was not permitted to send or to ask: a breaker is open, or a budget is used up.
    Held {
        /// When.
        at: Timestamp,
        /// When to ask for a permit again.
        until: Timestamp,
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
        /// Whether it was asked when no copy of the request could be under way any more.
        quiet: bool,
        /// When to look again.
        next_at: Timestamp,
    },
    /// The provider waits for the customer.
    ActionRequired {
        /// When.
        at: Timestamp,
        /// The provider's name for the payment.
        provider_reference: String,
        /// When to ask what became of it.
        next_at: Timestamp,
    },
    /// The money moved (or is authorised), once.
    Settled {
        /// When.
        at: Timestamp,
        /// The provider's name for the payment.
        provider_reference: String,
        /// How we know.
        evidence: Evidence,
        /// When to look for a second charge, where a copy of the request may outlive the key.
        look_at: Option<Timestamp>,
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
        /// When to look for a late charge, where a copy of the request may outlive the key.
        look_at: Option<Timestamp>,
    },
    /// A look for charges after the end found none.
    Looked {
        /// When.
        at: Timestamp,
        /// When to look again, if at all.
        next_at: Option<Timestamp>,
    },
    /// The answer to a prepared request, kept so that every repeated call gets an equal one. Follows the entry that the
    /// answer led to.
    Answered {
        /// When.
        at: Timestamp,
        /// The answer.
        answer: Answer,
    },
    /// A charge with our reference came to light that nothing here can reverse, or while a person decides.
    ExtraCharge {
        /// When.
        at: Timestamp,
        /// The provider's name for it.
        provider_reference: String,
    },
    /// The caller no longer wants the payment. A wish: what moves from now on is reversed.
    CancelWished {
        /// When.
        at: Timestamp,
    },
    /// A charge must be taken back: it is late, extra, or no longer wanted. The intent that takes it back is stored in
    /// the same write.
    ReversalDue {
        /// When.
        at: Timestamp,
        /// The provider's name for the charge.
        charge: String,
        /// How it is taken back: a refund, or the void of an authorization.
        operation: Operation,
        /// The reference of the intent that does it.
        reference: String,
    },
    /// The intent that takes a charge back has not ended yet.
    ReversalAwaited {
        /// When.
        at: Timestamp,
        /// The provider's name for the charge.
        charge: String,
        /// Whether it ended without effect and is to be begun again.
        again: bool,
        /// When to look again.
        next_at: Timestamp,
    },
    /// A charge was taken back.
    Reversed {
        /// When.
        at: Timestamp,
        /// The provider's name for the charge.
        charge: String,
        /// The provider's name for the refund or void.
        refund: String,
    },
    /// A charge cannot be taken back: a person decides.
    ReversalFailed {
        /// When.
        at: Timestamp,
        /// The provider's name for the charge.
        charge: String,
        /// The code of the reason.
        code: String,
    },
    /// Evidence contradicts itself, or time ran out: a person decides.
    NeedsReview {
        /// When.
        at: Timestamp,
        /// Why, in a stable word.
        reason: String,
    },
    /// A person decided what no evidence could. The entries that follow from it come after this one.
    Resolved {
        /// When.
        at: Timestamp,
        /// What the person found: the provider's name for the charge that counts, or none when no money moved.
        charge: Option<String>,
        /// Who decided and why, as the person put it.
        note: String,
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
        /// The new moment after which an unknown outcome goes to a person.
        deadline_at: Option<Timestamp>,
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
        ObjectWriter::new()
            .number("status", u64::from(self.status))
            .raw("headers", &header_object(&self.headers))
            .text("body", &self.body)
            .finish()
    }
}

impl Entry {
    /// Whether who wrote this knew how the payment stands: he was about to send, or had an answer.
    pub(super) const fn confirms(&self) -> bool {
        match self {
            Self::Ambiguous { reason, .. } => matches!(reason, Unknown::Processing),
            Self::Opened { .. }
            | Self::SendAuthorised { .. }
            | Self::NotExecuted { .. }
            | Self::QueriedEmpty { .. }
            | Self::ActionRequired { .. }
            | Self::Settled { .. }
            | Self::Failed { .. }
            | Self::Looked { .. }
            | Self::Answered { .. }
            | Self::ExtraCharge { .. }
            | Self::Resolved { .. } => true,
            Self::Asked { .. }
            | Self::Held { .. }
            | Self::CancelWished { .. }
            | Self::ReversalDue { .. }
            | Self::ReversalAwaited { .. }
            | Self::Reversed { .. }
            | Self::ReversalFailed { .. }
            | Self::NeedsReview { .. }
            | Self::Reopened { .. } => false,
        }
    }

    /// When it happened.
    #[must_use]
    pub const fn at(&self) -> Timestamp {
        match self {
            Self::Opened { at, .. }
            | Self::SendAuthorised { at, .. }
            | Self::Asked { at, .. }
            | Self::Held { at, .. }
            | Self::NotExecuted { at, .. }
            | Self::Ambiguous { at, .. }
            | Self::QueriedEmpty { at, .. }
            | Self::ActionRequired { at, .. }
            | Self::Settled { at, .. }
            | Self::Failed { at, .. }
            | Self::Looked { at, .. }
            | Self::Answered { at, .. }
            | Self::ExtraCharge { at, .. }
            | Self::CancelWished { at }
            | Self::ReversalDue { at, .. }
            | Self::ReversalAwaited { at, .. }
            | Self::Reversed { at, .. }
            | Self::ReversalFailed { at, .. }
            | Self::NeedsReview { at, .. }
            | Self::Resolved { at, .. }
            | Self::Reopened { at, .. } => *at,
        }
    }
}
