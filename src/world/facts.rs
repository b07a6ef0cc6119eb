//! What a journal says, in words that are not the machine's: all that the auditor hears of it.

use crate::payments::{Entry, Evidence};
use crate::prelude::*;

/// One thing that was made durable about an intent.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Fact {
    /// The intent exists, with the key of its first epoch.
    Opened { key: String, deadline_at: u64 },
    /// A send may be on its way.
    Authorised { attempt: u32, owner: String },
    /// The outcome is unknown.
    Unknown,
    /// Surely nothing was executed by the last send.
    NotExecuted,
    /// The customer has to act.
    AwaitsCustomer,
    /// Money moved.
    Settled { charge: String, way: &'static str },
    /// No money moved in this epoch.
    Failed { proof: &'static str },
    /// A person decides.
    Review,
    /// A charge that the state does not account for.
    Extra,
    /// A charge is to be given back.
    Reversing,
    /// A charge was given back.
    Reversed { charge: String },
    /// A new epoch.
    Reopened { epoch: u32, key: String },
}

/// The fact an entry tells.
pub(super) fn of(entry: &Entry) -> Option<Fact> {
    Some(match entry {
        Entry::Opened { key, deadline_at, .. } => {
            Fact::Opened { key: key.clone(), deadline_at: deadline_at.unix_ms() }
        }
        Entry::SendAuthorised { attempt, owner, .. } => {
            Fact::Authorised { attempt: *attempt, owner: owner.clone() }
        }
        Entry::NotExecuted { .. } => Fact::NotExecuted,
        Entry::Ambiguous { .. } | Entry::QueriedEmpty { .. } => Fact::Unknown,
        Entry::ActionRequired { .. } => Fact::AwaitsCustomer,
        Entry::Settled { provider_reference, evidence, .. } => {
            let way = match evidence {
                Evidence::Response => "response",
                Evidence::Query => "query",
                Evidence::Webhook => "webhook",
                Evidence::Person => "person",
            };
            Fact::Settled { charge: provider_reference.clone(), way }
        }
        Entry::Failed { proof, .. } => Fact::Failed { proof: proof.name() },
        Entry::ExtraCharge { .. } => Fact::Extra,
        Entry::ReversalDue { .. } => Fact::Reversing,
        Entry::Reversed { charge, .. } => Fact::Reversed { charge: charge.clone() },
        Entry::ReversalFailed { .. } => Fact::Extra,
        Entry::Answered { .. }
        | Entry::Asked { .. }
        | Entry::Held { .. }
        | Entry::Looked { .. }
        | Entry::CancelWished { .. }
        | Entry::ReversalAwaited { .. } => return None,
        Entry::Resolved { .. } => Fact::Review,
        Entry::NeedsReview { .. } => Fact::Review,
        Entry::Reopened { epoch, key, .. } => Fact::Reopened { epoch: *epoch, key: key.clone() },
    })
}
