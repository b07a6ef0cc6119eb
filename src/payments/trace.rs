//! The decisions of an intent, told from its journal alone: the same journal gives the same bytes on every platform.
//!
//! One line an entry: its place, the milliseconds since the intent was opened, what happened, and by which rule or
//! proof. No key and no secret, and of the caller's content only operation and amount.

use crate::prelude::*;
use crate::time::Timestamp;

use super::{Entry, Error, ErrorKind, Intent, State};

/// The story of a journal, one line an entry, each ended by a line feed.
///
/// # Errors
///
/// [`ErrorKind::Journal`] as [`Intent::replay`].
pub fn trace(journal: &[Entry]) -> Result<String, Error> {
    let mut intent = Intent::replay(journal.get(..1).unwrap_or_default())?;
    let opened_at = intent.epoch_opened_at;
    let mut story = String::new();
    for (position, entry) in journal.iter().enumerate() {
        // Only what was known before an entry explains it.
        let line = told(entry, &intent, opened_at);
        if position > 0 {
            intent.apply(entry).map_err(|problem| Error::from(ErrorKind::Journal { position, problem }))?;
        }
        let count = position.saturating_add(1).digits();
        for piece in [&count, " ", &since(entry.at(), opened_at), " ", &line, "\n"] {
            story.push_str(piece);
        }
    }
    Ok(story)
}

/// A moment as it stands in a line: `+` and the milliseconds since the intent was opened.
fn since(moment: Timestamp, opened_at: Timestamp) -> String {
    glued(&["+", &moment.since(opened_at).get().digits()])
}

fn told(entry: &Entry, before: &Intent, opened_at: Timestamp) -> String {
    let since = |moment: &Timestamp| since(*moment, opened_at);
    match entry {
        Entry::Opened { request, profile, .. } => {
            let amount = glued(&[&request.amount.minor().digits(), " ", request.amount.currency().code()]);
            glued(&["opened: ", request.operation.name(), " of ", &amount, " by the profile ", profile])
        }
        Entry::SendAuthorised { attempt, lease_until, .. } => glued(&[
            "send ",
            &attempt.digits(),
            " of epoch ",
            &before.epoch.digits(),
            ": ",
            &why_sent(before, &since),
            "; leased until ",
            &since(lease_until),
        ]),
        Entry::Asked { query, lease_until, .. } => glued(&[
            "question ",
            &query.digits(),
            ": ",
            why_asked(before),
            "; leased until ",
            &since(lease_until),
        ]),
        Entry::Held { until, .. } => glued(&["held: no permit before ", &since(until)]),
        Entry::NotExecuted { reason, next_at, .. } => {
            glued(&["not executed: ", reason.name(), "; the same key again at ", &since(next_at)])
        }
        Entry::Ambiguous { reason, key_poisoned, next_at, .. } => {
            let poisoned = if *key_poisoned { ", and the key will never tell" } else { "" };
            glued(&["unknown: ", reason.name(), poisoned, "; again at ", &since(next_at)])
        }
        Entry::QueriedEmpty { quiet, next_at, .. } => {
            let counts = if *quiet { "which counts" } else { "too early to count" };
            glued(&["nothing found, ", counts, "; again at ", &since(next_at)])
        }
        Entry::ActionRequired { next_at, .. } => {
            glued(&["the customer has to act; asked about at ", &since(next_at)])
        }
        Entry::Settled { provider_reference, evidence, look_at, .. } => glued(&[
            "settled by ",
            provider_reference,
            ": told by ",
            evidence.name(),
            &look(look_at.as_ref().map(since)),
        ]),
        Entry::Failed { proof, code, look_at, .. } => {
            let look = look(look_at.as_ref().map(since));
            glued(&["failed with ", code, ": proof ", proof.name(), &look])
        }
        Entry::Looked { next_at, .. } => {
            glued(&["looked for charges after the end", &look(next_at.as_ref().map(since))])
        }
        Entry::ExtraCharge { provider_reference, .. } => {
            glued(&["a charge that does not count, for a person: ", provider_reference])
        }
        Entry::CancelWished { .. } => "no longer wanted".to_owned(),
        Entry::ReversalDue { charge, operation, reference, .. } => {
            glued(&["to be taken back: ", charge, " by ", operation.name(), " ", reference])
        }
        Entry::ReversalAwaited { charge, again, next_at, .. } => {
            let what = if *again { "not taken back, begun again: " } else { "not taken back yet: " };
            glued(&[what, charge, "; again at ", &since(next_at)])
        }
        Entry::Reversed { charge, refund, .. } => glued(&["taken back: ", charge, " by ", refund]),
        Entry::ReversalFailed { charge, code, .. } => glued(&["cannot be taken back: ", charge, ", ", code]),
        Entry::NeedsReview { reason, .. } => glued(&["for a person: ", reason]),
        Entry::Resolved { charge: Some(charge), .. } => glued(&["a person decided: settled by ", charge]),
        Entry::Resolved { charge: None, .. } => "a person decided: failed".to_owned(),
        Entry::Reopened { epoch, proof, .. } => {
            glued(&["epoch ", &epoch.digits(), " with a new key: proof ", proof.name()])
        }
    }
}

fn why_sent(before: &Intent, since: &impl Fn(&Timestamp) -> String) -> String {
    match &before.first_sent_at {
        None if before.empty_queries > 0 => {
            "the first of its key, after the provider knew nothing of it".to_owned()
        }
        None => "the first of its key".to_owned(),
        Some(first) => glued(&["the same key again, first sent at ", &since(first)]),
    }
}

fn why_asked(before: &Intent) -> &'static str {
    match &before.state {
        State::AwaitingCustomer { .. } => "whether the customer acted",
        state if !state.is_open() => "whether there are charges that must not stay",
        _ if before.cancel_wished => "it is no longer wanted, so nothing is sent",
        _ if before.key_poisoned => "the key will never tell",
        _ if before.payment_seen => "it is being processed",
        _ if before.first_sent_at.is_none() => "the record may be older than a send",
        _ => "the key may be forgotten",
    }
}

fn look(at: Option<String>) -> String {
    at.map_or_else(String::new, |at| glued(&["; a look for charges at ", &at]))
}
