//! What each entry changes. An entry that cannot follow is refused, and then nothing has changed.

use crate::prelude::*;
use crate::time::{Millis, Timestamp};

use super::state::REVERSAL_FAILED;
use super::{Content, Entry, Evidence, Intent, Operation, Progress, Proof, Reversal, State, Unknown};

/// Why an entry cannot follow, for whoever reads a broken journal.
type Applied = Result<(), &'static str>;

impl Intent {
    /// Moves the state by one entry; refuses an entry that cannot follow, and changes nothing then.
    pub(super) fn apply(&mut self, entry: &Entry) -> Applied {
        self.follow(entry)?;
        // From here on the transition succeeds.
        if entry.confirms() {
            self.confirmed_at = entry.at();
        }
        self.query_refused |= matches!(entry, Entry::Ambiguous { reason: Unknown::QueryRefused, .. });
        Ok(())
    }

    fn follow(&mut self, entry: &Entry) -> Applied {
        match entry {
            Entry::Opened { .. } => Err("`opened` twice"),
            Entry::SendAuthorised { at, attempt, owner, lease_until } => {
                self.send(*at, *attempt, owner, *lease_until)
            }
            Entry::Asked { at, query, lease_until, .. } => {
                if Some(*query) != self.queries.checked_add(1) {
                    return Err("questions are not counted in order");
                }
                // From here on the transition succeeds.
                self.queries = *query;
                self.asked_at = Some(*at);
                self.delay_until(*lease_until);
                Ok(())
            }
            Entry::Held { until, .. } => {
                self.delay_until(*until);
                Ok(())
            }
            Entry::NotExecuted { at, reason, next_at } => {
                self.must_be_open()?;
                // From here on the transition succeeds.
                if self.ambiguous {
                    self.state = State::PendingConfirmation { reason: *reason };
                } else {
                    (self.first_sent_at, self.last_sent_at) = self.sent_before;
                    self.state = State::Initiated;
                }
                self.set_back(*at, *next_at);
                Ok(())
            }
            Entry::Ambiguous { at, reason, key_poisoned, next_at } => {
                self.must_be_undecided()?;
                // From here on the transition succeeds.
                self.ambiguous = true;
                self.key_poisoned |= key_poisoned;
                self.payment_seen |= *reason == Unknown::Processing;
                self.empty_queries = 0;
                // A customer who has to act still has to, unless the provider says that it goes on.
                if self.state.is_open() || *reason == Unknown::Processing {
                    self.state = State::PendingConfirmation { reason: *reason };
                }
                self.set_back(*at, *next_at);
                Ok(())
            }
            Entry::QueriedEmpty { at, quiet, next_at } => {
                self.must_be_undecided()?;
                // From here on the transition succeeds.
                self.empty_queries = self.empty_queries.saturating_add(u32::from(*quiet));
                self.set_back(*at, *next_at);
                Ok(())
            }
            Entry::ActionRequired { at, provider_reference, next_at } => {
                self.must_be_undecided()?;
                // From here on the transition succeeds.
                self.payment_seen = true;
                self.awaited = Some(provider_reference.clone());
                self.state = State::AwaitingCustomer { provider_reference: provider_reference.clone() };
                self.set_back(*at, *next_at);
                Ok(())
            }
            Entry::Settled { provider_reference, evidence, look_at, .. } => {
                if !self.state.is_overdue() {
                    self.must_be_undecided()?;
                }
                // From here on the transition succeeds.
                let provider_reference = provider_reference.clone();
                self.end(State::Settled { provider_reference, evidence: *evidence }, *look_at);
                Ok(())
            }
            Entry::Failed { proof, code, message, look_at, .. } => {
                self.must_be_undecided()?;
                // From here on the transition succeeds.
                let (code, message) = (code.clone(), message.clone());
                self.end(State::Failed { proof: *proof, code, message }, *look_at);
                Ok(())
            }
            Entry::Looked { next_at, .. } => {
                self.asked_at = None;
                self.look_at = *next_at;
                Ok(())
            }
            Entry::Answered { answer, .. } => {
                if !matches!(self.request.content, Content::Call(_)) || self.answer.is_some() {
                    return Err("an answer to nothing that was asked, or a second one");
                }
                let (State::Settled { .. } | State::Failed { .. }) = self.state else {
                    return Err("an answer that led to nothing");
                };
                // From here on the transition succeeds.
                self.answer = Some(answer.clone());
                Ok(())
            }
            Entry::ExtraCharge { provider_reference, .. } => {
                self.extra_charges.push(provider_reference.clone());
                Ok(())
            }
            Entry::CancelWished { at } => {
                self.must_be_undecided()?;
                // From here on the transition succeeds.
                self.cancel_wished = true;
                // What never met a setback is looked at at once; a pause after one may be the provider's wish.
                if !matches!(self.state, State::InFlight { .. }) && self.setbacks == 0 {
                    self.next_at = Some(*at);
                }
                Ok(())
            }
            Entry::ReversalDue { .. }
            | Entry::ReversalAwaited { .. }
            | Entry::Reversed { .. }
            | Entry::ReversalFailed { .. } => self.reverse(entry),
            Entry::NeedsReview { reason, .. } => {
                if let State::Settled { .. } = self.state {
                    return Err("a settled intent never becomes unsettled");
                }
                // From here on the transition succeeds.
                self.state = State::NeedsReview { reason: reason.clone() };
                self.next_at = None;
                Ok(())
            }
            Entry::Resolved { charge, note, .. } => {
                let State::NeedsReview { .. } = self.state else {
                    return Err("a decision that nobody was asked for");
                };
                // From here on the transition succeeds.
                // Who decides has looked after the charges that could not be taken back, unless one of them counts.
                for reversal in &mut self.reversals {
                    let failed = matches!(reversal.progress, Progress::Failed { .. });
                    if failed
                        && self.extra_charges.contains(&reversal.charge)
                        && charge.as_ref() != Some(&reversal.charge)
                    {
                        reversal.progress = Progress::ByHand;
                    }
                }
                for counted in charge.iter().chain(self.reversals.iter().map(|known| &known.charge)) {
                    forget(&mut self.extra_charges, counted);
                }
                let state = match charge {
                    Some(charge) => {
                        State::Settled { provider_reference: charge.clone(), evidence: Evidence::Person }
                    }
                    // What is on its way back still has to arrive.
                    None if self.open_reversal().is_some() => State::Reversing,
                    None => {
                        let (code, message) = ("resolved".to_owned(), note.clone());
                        State::Failed { proof: Proof::Decided, code, message }
                    }
                };
                self.end(state, None);
                Ok(())
            }
            Entry::Reopened { at, epoch, key, proof, deadline_at } => {
                self.reopen(*at, *epoch, key, *proof, *deadline_at)
            }
        }
    }

    fn send(&mut self, at: Timestamp, attempt: u32, owner: &str, lease_until: Timestamp) -> Applied {
        self.must_be_open()?;
        if Some(attempt) != self.attempts.checked_add(1) {
            return Err("attempts are not counted in order");
        }
        // From here on the transition succeeds.
        self.attempts = attempt;
        self.sent_before = (self.first_sent_at, self.last_sent_at);
        self.first_sent_at = self.first_sent_at.or(Some(at));
        self.last_sent_at = Some(at);
        self.asked_at = None;
        self.empty_queries = 0;
        self.next_at = Some(lease_until);
        self.state = State::InFlight { owner: owner.to_owned(), lease_until };
        Ok(())
    }

    fn reverse(&mut self, entry: &Entry) -> Applied {
        match entry {
            Entry::ReversalDue { at, charge, operation, reference } => {
                let allowed = match &self.state {
                    State::Settled { provider_reference, .. } => provider_reference != charge,
                    State::Failed { .. } | State::Reversing | State::Reversed => true,
                    state => self.cancel_wished && (state.is_overdue() || self.must_be_undecided().is_ok()),
                };
                if !allowed || self.reversals.iter().any(|known| known.reference == *reference) {
                    return Err("a reversal of a charge that counts, or that is reversed already");
                }
                // From here on the transition succeeds.
                if !matches!(self.state, State::Settled { .. }) {
                    self.state = State::Reversing;
                    self.next_at = None;
                }
                forget(&mut self.extra_charges, charge);
                self.reversal_at = Some(*at);
                self.reversing_since = Some(*at);
                self.setbacks = 0;
                self.previous_delay = Millis::ZERO;
                self.reversals.push(Reversal {
                    charge: charge.clone(),
                    operation: *operation,
                    reference: reference.clone(),
                    progress: Progress::Open { again: false },
                });
                Ok(())
            }
            Entry::ReversalAwaited { at, charge, again, next_at } => {
                self.progress(charge, Progress::Open { again: *again })?;
                self.previous_delay = next_at.since(*at);
                self.setbacks = self.setbacks.saturating_add(1);
                self.reversal_at = Some(*next_at);
                Ok(())
            }
            Entry::Reversed { at, charge, refund } => {
                self.progress(charge, Progress::Done { refund: refund.clone() })?;
                forget(&mut self.extra_charges, charge);
                self.reversal_at = self.open_reversal().map(|_| *at);
                if matches!(self.state, State::Reversing) && self.reversal_at.is_none() {
                    self.state = State::Reversed;
                }
                Ok(())
            }
            Entry::ReversalFailed { at, charge, code } => {
                let operation = self.progress(charge, Progress::Failed { code: code.clone() })?;
                self.reversal_at = self.open_reversal().map(|_| *at);
                if matches!(self.state, State::Settled { .. }) {
                    self.extra_charges.push(charge.clone());
                } else if operation == Operation::Void && self.request.operation == Operation::Charge {
                    // A payment that waited for its customer could not be called off: perhaps he has paid by now.
                    self.state = State::PendingConfirmation { reason: Unknown::Processing };
                    self.next_at = Some(*at);
                } else {
                    self.extra_charges.push(charge.clone());
                    self.state = State::NeedsReview { reason: REVERSAL_FAILED.to_owned() };
                }
                Ok(())
            }
            _ => Err("it is no reversal"),
        }
    }

    /// Notes how far the open reversal of a charge got, and says how it is done.
    fn progress(&mut self, charge: &str, progress: Progress) -> Result<Operation, &'static str> {
        let open = self.reversals.iter_mut().find(|reversal| reversal.is_open() && reversal.charge == charge);
        let Some(reversal) = open else { return Err("news of a reversal that is not open") };
        // From here on the transition succeeds.
        reversal.progress = progress;
        Ok(reversal.operation)
    }

    fn reopen(
        &mut self,
        at: Timestamp,
        epoch: u32,
        key: &str,
        proof: Proof,
        deadline_at: Option<Timestamp>,
    ) -> Applied {
        if self.proof() != Some(proof) {
            return Err("a new epoch without its proof");
        }
        if Some(epoch) != self.epoch.checked_add(1) {
            return Err("a new epoch out of order");
        }
        // From here on the transition succeeds.
        self.epoch = epoch;
        self.epoch_opened_at = at;
        self.deadline_at = deadline_at.unwrap_or(self.deadline_at);
        self.attempts_before_epoch = self.attempts;
        self.answer = None;
        self.key = key.to_owned();
        self.asked_at = None;
        self.first_sent_at = None;
        self.last_sent_at = None;
        self.sent_before = (None, None);
        self.payment_seen = false;
        self.awaited = None;
        self.ambiguous = false;
        self.key_poisoned = false;
        self.cancel_wished = false;
        self.empty_queries = 0;
        self.setbacks = 0;
        self.previous_delay = Millis::ZERO;
        self.next_at = Some(at);
        self.state = State::Initiated;
        Ok(())
    }

    /// What proves that no money stayed moved, when something does: a new epoch stands on it.
    #[must_use]
    pub const fn proof(&self) -> Option<Proof> {
        match &self.state {
            State::Failed { proof, .. } => Some(*proof),
            State::Reversed => Some(Proof::Reversed),
            _ => None,
        }
    }

    fn end(&mut self, state: State, look_at: Option<Timestamp>) {
        self.state = state;
        self.next_at = None;
        self.asked_at = None;
        // A look that an earlier epoch still has to take is taken then as well.
        self.look_at = self.look_at.max(look_at);
    }

    fn must_be_open(&self) -> Applied {
        if self.state.is_open() { Ok(()) } else { Err("it moves an intent that is not open") }
    }

    /// Open, or with a customer who has not acted yet.
    pub(super) fn must_be_undecided(&self) -> Applied {
        match self.state {
            State::AwaitingCustomer { .. } => Ok(()),
            _ => self.must_be_open(),
        }
    }

    fn delay_until(&mut self, later: Timestamp) {
        // Whatever was due is due then, and nothing becomes due that was not.
        for due in [&mut self.next_at, &mut self.reversal_at, &mut self.look_at] {
            *due = due.map(|due| due.max(later));
        }
    }

    fn set_back(&mut self, at: Timestamp, next_at: Timestamp) {
        self.asked_at = None;
        self.setbacks = self.setbacks.saturating_add(1);
        self.previous_delay = next_at.since(at);
        self.next_at = Some(next_at);
    }
}

/// Takes a charge out of a list.
#[inline(never)]
fn forget(charges: &mut Vec<String>, charge: &str) {
    charges.retain(|known| known != charge);
}
