//! Where an intent stands. States only move forward: what settled never becomes unsettled.

use crate::prelude::*;
use crate::time::Timestamp;

use super::{Evidence, Operation, Proof, Unknown};

/// Why an intent was handed to a person when its time was over. A late proof of success still settles it.
pub(super) const DEADLINE_PASSED: &str = "deadline_passed";

/// Why an intent was handed to a person when a charge could not be taken back.
pub(super) const REVERSAL_FAILED: &str = "reversal_failed";

/// Where an intent stands. Each state carries only what is still true in it.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum State {
    /// Stored, and the current key was surely not executed.
    Initiated,
    /// A send was authorised; it may or may not be on the wire.
    InFlight {
        /// The process that sends.
        owner: String,
        /// Until then no other process touches the intent.
        lease_until: Timestamp,
    },
    /// The outcome is unknown.
    PendingConfirmation {
        /// Why it was unknown last.
        reason: Unknown,
    },
    /// The provider waits for the customer.
    AwaitingCustomer {
        /// The provider's name for the payment.
        provider_reference: String,
    },
    /// Moved once.
    Settled {
        /// The provider's name for the payment.
        provider_reference: String,
        /// How we know.
        evidence: Evidence,
    },
    /// Proven: this epoch moved no money.
    Failed {
        /// What proves it.
        proof: Proof,
        /// Code of the reason.
        code: String,
        /// A sentence for people.
        message: String,
    },
    /// A charge that must not stay is being taken back.
    Reversing,
    /// Every charge that came to light was taken back.
    Reversed,
    /// A person decides.
    NeedsReview {
        /// Why, in a stable word.
        reason: String,
    },
}

impl State {
    /// The stable name.
    #[must_use]
    pub const fn name(&self) -> &'static str {
        match self {
            Self::Initiated => "initiated",
            Self::InFlight { .. } => "in_flight",
            Self::PendingConfirmation { .. } => "pending_confirmation",
            Self::AwaitingCustomer { .. } => "awaiting_customer",
            Self::Settled { .. } => "settled",
            Self::Failed { .. } => "failed",
            Self::Reversing => "reversing",
            Self::Reversed => "reversed",
            Self::NeedsReview { .. } => "needs_review",
        }
    }

    /// Whether the outcome of the current key is still to be found out by sending or asking.
    #[must_use]
    pub const fn is_open(&self) -> bool {
        match self {
            Self::Initiated | Self::InFlight { .. } | Self::PendingConfirmation { .. } => true,
            Self::AwaitingCustomer { .. }
            | Self::Settled { .. }
            | Self::Failed { .. }
            | Self::Reversing
            | Self::Reversed
            | Self::NeedsReview { .. } => false,
        }
    }

    /// Whether only its time had passed when it was handed to a person: evidence may still end it.
    pub(super) fn is_overdue(&self) -> bool {
        matches!(self, Self::NeedsReview { reason } if reason == DEADLINE_PASSED)
    }
}

/// A charge that is taken back by an intent of its own.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Reversal {
    /// The provider's name for the charge.
    pub charge: String,
    /// How: a refund, or a void.
    pub operation: Operation,
    /// The reference of the intent that does it.
    pub reference: String,
    /// How far it got.
    pub progress: Progress,
}

/// How far a reversal got.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Progress {
    /// Its intent has not ended.
    Open {
        /// It ended without effect and is to be begun again, with a new key.
        again: bool,
    },
    /// The money is back.
    Done {
        /// The provider's name for the refund or void.
        refund: String,
    },
    /// It cannot be done: a person decides.
    Failed {
        /// The code of the reason.
        code: String,
    },
    /// A person looked after it.
    ByHand,
}

impl Reversal {
    /// Whether its intent has not ended.
    #[must_use]
    pub const fn is_open(&self) -> bool {
        matches!(self.progress, Progress::Open { .. })
    }
}
