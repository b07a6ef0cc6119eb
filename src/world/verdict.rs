//! When nothing is left to happen, every charge is settled or refunded, and every intent has come to an end.

use super::auditor::Auditor;
use super::event::Name;
use super::provider::books::Books;
use super::store::Store;
use crate::payments::{Intent, Operation, Outcome, State};
use crate::prelude::*;

/// What a run came to, counted at its end.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Ends {
    pub(super) intents: u64,
    pub(super) charges: u64,
    pub(super) doubles: u64,
    pub(super) losses: u64,
    pub(super) unresolved: u64,
    pub(super) reversed: u64,
}

/// Compares the store with the books.
pub(super) fn at_rest(now: u64, store: &Store, books: &Books, auditor: &mut Auditor) -> Ends {
    let mut ends = Ends::default();
    for charge in books.charges() {
        ends.charges = ends.charges.saturating_add(1);
        if !charge.is_live() {
            ends.reversed = ends.reversed.saturating_add(1);
        }
        if store.intent(&charge.reference).is_none() {
            ends.losses = ends.losses.saturating_add(1);
            let seen = format!("{} charged {}, and no intent knows of it", charge.id, charge.reference);
            auditor.blame(now, "I8", seen);
        }
    }
    for (name, record) in store.intents() {
        ends.intents = ends.intents.saturating_add(1);
        match Intent::replay(&record.journal) {
            Ok(intent) => conclude(now, name, &intent, books, auditor, &mut ends),
            Err(error) => {
                auditor.blame(now, "I8", format!("the journal of {name} cannot be read: {error:?}"))
            }
        }
    }
    ends
}

fn conclude(now: u64, name: &Name, intent: &Intent, books: &Books, auditor: &mut Auditor, ends: &mut Ends) {
    if intent.request.operation != Operation::Charge {
        return conclude_reversal(now, name, intent, auditor, ends);
    }
    let live: Vec<&str> =
        books.of(name).filter(|payment| payment.is_live()).map(|payment| payment.id.as_str()).collect();
    if live.len() > 1 {
        ends.doubles = ends.doubles.saturating_add(1);
        auditor.blame(now, "I7", format!("{name} was charged {} times: {}", live.len(), live.join(", ")));
    }
    let standing = intent.state.name();
    match (intent.outcome(), live.first()) {
        (Outcome::Settled, Some(charge)) => {
            let State::Settled { provider_reference, .. } = &intent.state else { return };
            if provider_reference != charge {
                ends.losses = ends.losses.saturating_add(1);
                auditor.blame(
                    now,
                    "I8",
                    format!("{name} is settled by {provider_reference}, and {charge} stands"),
                );
            }
        }
        // An older copy has forgotten that its charge was given back; the refund stands in the provider's report.
        (Outcome::Settled, None)
            if auditor.was_restored() && books.of(name).any(|payment| !payment.is_live()) => {}
        (Outcome::Settled, None) => {
            ends.losses = ends.losses.saturating_add(1);
            auditor.blame(now, "I8", format!("{name} is settled, and nothing was charged"));
        }
        (Outcome::Failed, Some(charge)) => {
            ends.losses = ends.losses.saturating_add(1);
            auditor.blame(now, "I8", format!("{name} is {standing}, and {charge} stands"));
        }
        (Outcome::Failed, None) => {}
        (Outcome::PendingConfirmation | Outcome::AwaitingCustomer, _) => {
            ends.unresolved = ends.unresolved.saturating_add(1);
            auditor.blame(now, "I8", format!("{name} is still {standing} when nothing more will happen"));
        }
    }
}

/// An intent that gives a charge back needs no charge of its own; but it has to come to an end.
fn conclude_reversal(now: u64, name: &Name, intent: &Intent, auditor: &mut Auditor, ends: &mut Ends) {
    if !matches!(intent.outcome(), Outcome::Settled | Outcome::Failed) {
        ends.unresolved = ends.unresolved.saturating_add(1);
        let standing = intent.state.name();
        auditor.blame(now, "I8", format!("{name} is still {standing} when nothing more will happen"));
    }
}
