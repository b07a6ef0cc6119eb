//! What news proves about an intent. Ambiguity is sticky: only what is bound to the key, found by a query or told by a
//! webhook ends it.

use crate::entropy::Entropy;
use crate::prelude::*;
use crate::retry;
use crate::time::{Millis, Timestamp};

use super::classify::Verdict;
use super::{Entry, Evidence, Machine, Operation, Proof, Reversal, Safeguard, State, Unknown};

/// Empty queries in a row that, with the rest of proof P4, make absence certain.
const EMPTY_QUERIES_NEEDED: u32 = 2;

impl Machine {
    pub(super) fn judge(
        &mut self,
        now: Timestamp,
        attempt: Option<u32>,
        verdict: Verdict,
        evidence: Evidence,
        floor: Millis,
        entropy: &mut Entropy,
    ) {
        // A refusal of an earlier epoch's key says nothing about the current one.
        let of_this_epoch = attempt.is_none_or(|attempt| attempt > self.intent.attempts_before_epoch);
        if let Verdict::Settled { provider_reference } = verdict {
            let bound = attempt.is_some() && of_this_epoch;
            if bound
                && self.intent.takes_back(&provider_reference)
                && !self.is_called_off(&provider_reference)
            {
                self.spend_key(now, provider_reference, floor, entropy);
            } else {
                self.count_charge(now, provider_reference, evidence, bound);
            }
            return;
        }
        if !self.is_undecided() || !of_this_epoch {
            return;
        }
        match verdict {
            Verdict::Settled { .. } => {}
            Verdict::ActionRequired { provider_reference } if self.intent.takes_back(&provider_reference) => {
                self.spend_key(now, provider_reference, floor, entropy);
            }
            Verdict::ActionRequired { provider_reference } => {
                let next_at = self.next_at(now, floor, entropy);
                self.append(Entry::ActionRequired { at: now, provider_reference, next_at });
                self.call_off(now);
            }
            Verdict::Declined { provider_reference, code, message } => {
                self.fail(now, Proof::Refused, provider_reference, code, message);
            }
            Verdict::Refused { code, message } if !self.intent.ambiguous && !self.is_followed_up() => {
                self.fail(now, Proof::Refused, None, code, message);
            }
            Verdict::Contradiction { reason } => {
                self.append(Entry::NeedsReview { at: now, reason: reason.to_owned() });
            }
            // Doubts of an overtaken attempt: a later one is on its way, or a customer was asked to act meanwhile.
            Verdict::Refused { .. } | Verdict::NotExecuted(_) | Verdict::Ambiguous { .. }
                if self.is_overtaken(attempt) => {}
            Verdict::Refused { .. } => {
                // The provider will go on refusing, and that says nothing about the attempt we lost sight of.
                let next_at = self.next_at(now, floor, entropy);
                let reason = Unknown::RefusedAfterUnknown;
                self.append(Entry::Ambiguous { at: now, reason, key_poisoned: true, next_at });
            }
            Verdict::NotExecuted(reason) => {
                let next_at = self.next_at(now, floor, entropy);
                self.append(Entry::NotExecuted { at: now, reason, next_at });
            }
            Verdict::Ambiguous { .. } if self.settings.safeguards.broken(Safeguard::Parking) => {
                let (code, message) = ("unknown".to_owned(), "no answer came".to_owned());
                self.fail(now, Proof::Refused, None, code, message);
            }
            Verdict::Ambiguous { reason, key_poisoned } => {
                let next_at = self.next_at(now, floor, entropy);
                self.append(Entry::Ambiguous { at: now, reason, key_poisoned, next_at });
            }
        }
    }

    /// A capture, refund or void that is tried again is also refused when a late copy of the first try has done it: the
    /// provider is asked.
    fn is_followed_up(&self) -> bool {
        let operation = self.intent.request.operation;
        let follows = matches!(operation, Operation::Capture | Operation::Refund | Operation::Void);
        follows && self.intent.epoch > 1 && self.may_ask()
    }

    /// The current key names a charge that is, or was, taken back: an older copy of the store has forgotten that the key
    /// had been used. The key will never move anything else, so the epoch has failed as soon as the money is back.
    fn spend_key(&mut self, now: Timestamp, charge: String, floor: Millis, entropy: &mut Entropy) {
        if !self.is_undecided() {
            return;
        }
        let is_open = |reversal: &Reversal| reversal.charge == charge && reversal.is_open();
        if self.intent.reversals.iter().any(is_open) {
            let next_at = self.next_at(now, floor, entropy);
            let reason = Unknown::InProgress;
            self.append(Entry::Ambiguous { at: now, reason, key_poisoned: false, next_at });
        } else {
            let message = "the charge of this key was taken back";
            self.fail(now, Proof::Reversed, Some(charge), "reversed".to_owned(), message.to_owned());
        }
    }

    /// A charge came to light: the first one settles the intent, unless it must not stay; every other one is taken
    /// back. `bound` says that it is surely the charge of the current key.
    pub(super) fn count_charge(&mut self, now: Timestamp, charge: String, evidence: Evidence, bound: bool) {
        if self.intent.takes_back(&charge) {
            // A payment that is being called off may be paid for in the meantime.
            if self.is_called_off(&charge) {
                self.note_extra(now, charge);
            }
            return;
        }
        match &self.intent.state {
            State::Settled { provider_reference, .. } if *provider_reference == charge => {}
            State::Settled { .. } | State::Failed { .. } | State::Reversing | State::Reversed => {
                self.take_back(now, charge);
            }
            State::NeedsReview { .. } if !self.intent.state.is_overdue() => self.note_extra(now, charge),
            State::NeedsReview { .. }
            | State::Initiated
            | State::InFlight { .. }
            | State::PendingConfirmation { .. }
            | State::AwaitingCustomer { .. } => {
                if self.intent.cancel_wished && self.can_take_back() {
                    self.take_back(now, charge);
                    return;
                }
                let look_at = self.look_after(bound);
                self.append(Entry::Settled { at: now, provider_reference: charge, evidence, look_at });
            }
        }
    }

    /// Whoever decides needs the provider's name of the charge.
    pub(super) fn note_extra(&mut self, now: Timestamp, provider_reference: String) {
        if !self.intent.extra_charges.contains(&provider_reference) {
            self.append(Entry::ExtraCharge { at: now, provider_reference });
        }
    }

    pub(super) fn fail(
        &mut self,
        now: Timestamp,
        proof: Proof,
        provider_reference: Option<String>,
        code: String,
        message: String,
    ) {
        let look_at = self.look_after(true);
        self.append(Entry::Failed { at: now, proof, provider_reference, code, message, look_at });
    }

    /// Proof P4: nothing was found twice, no copy is under way any more, and the key can no longer execute.
    pub(super) fn conclude_absence(&mut self, now: Timestamp) {
        if self.can_be_absent(now) && self.intent.empty_queries >= EMPTY_QUERIES_NEEDED {
            let message =
                "the gateway knows no payment with this reference, and the key can no longer execute";
            self.fail(now, Proof::Absent, None, "never_executed".to_owned(), message.to_owned());
        }
    }

    /// Whether nothing but empty answers is missing for a proof of absence.
    fn can_be_absent(&self, now: Timestamp) -> bool {
        // A payment that nobody wants is not sent again where it can be asked for, so its key is as good as dead.
        let key_is_dead =
            self.intent.key_poisoned || self.intent.cancel_wished || !self.is_inside_window(now);
        let sent = self.intent.last_sent_at.is_some() || self.intent.cancel_wished;
        sent && key_is_dead && !self.intent.payment_seen
    }

    /// When to ask again after an empty answer. The two that prove absence are asked for as soon as they can: the first
    /// when the quarantine is over, the second a moment later.
    pub(super) fn next_question_at(
        &self,
        now: Timestamp,
        quiet: bool,
        floor: Millis,
        entropy: &mut Entropy,
    ) -> Timestamp {
        let usual = self.next_at(now, floor, entropy);
        let proves_from = match self.quiet_at() {
            Some(quiet_at) if !quiet => quiet_at.max(now.saturating_add(floor)),
            _ if self.intent.empty_queries == 0 => now.saturating_add(floor),
            _ => return usual,
        };
        if usual <= proves_from || !self.can_be_absent(now) {
            return usual;
        }
        // As after a first setback: soon, and not together with all others.
        let soon = retry::delay(&self.settings.retry, 2, Millis::ZERO, entropy);
        usual.min(proves_from.saturating_add(soon).saturating_add(retry::spread(floor, entropy)))
    }

    /// When to look for a charge nobody would tell us of: a copy of the request may still be under way when the
    /// provider has forgotten its key, or the charge that settles this epoch may be that of an earlier one.
    fn look_after(&self, bound: bool) -> Option<Timestamp> {
        let quiet_at = self.quiet_at()?;
        let forgotten_at = self.intent.first_sent_at?.saturating_add(self.terms().window);
        let outlived = self.intent.ambiguous && quiet_at > forgotten_at;
        let perhaps_of_another_epoch = self.intent.epoch > 1 && !bound;
        (self.may_ask() && (outlived || perhaps_of_another_epoch)).then_some(quiet_at)
    }

    /// When no copy of the request can be under way any more; `None` when none was sent.
    pub(super) fn quiet_at(&self) -> Option<Timestamp> {
        let unguarded = self.settings.safeguards.broken(Safeguard::Quarantine);
        let quarantine = if unguarded { Millis::ZERO } else { self.terms().quarantine };
        Some(self.intent.last_sent_at?.saturating_add(quarantine))
    }

    /// A look after the end has found all there is, unless it was taken too early.
    pub(super) fn end_look(&mut self, now: Timestamp, entropy: &mut Entropy) {
        let due = self.intent.look_at.is_some() && self.intent.asked_at.is_some();
        if due && !self.is_undecided() {
            let early = self.quiet_at().is_some_and(|quiet_at| self.intent.asked_at < Some(quiet_at));
            let next_at = early.then(|| self.next_at(now, Millis::ZERO, entropy));
            self.append(Entry::Looked { at: now, next_at });
        }
    }

    /// A look that got no answer is taken again, for as long as a person would be waited for.
    pub(super) fn look_again(&mut self, now: Timestamp, floor: Millis, entropy: &mut Entropy) {
        let next_at = (now < self.intent.deadline_at).then(|| self.next_at(now, floor, entropy));
        self.append(Entry::Looked { at: now, next_at });
    }

    pub(super) fn is_undecided(&self) -> bool {
        self.intent.must_be_undecided().is_ok()
    }

    fn is_overtaken(&self, attempt: Option<u32>) -> bool {
        let current = matches!(self.intent.state, State::InFlight { .. } | State::PendingConfirmation { .. });
        attempt.is_some_and(|attempt| attempt != self.intent.attempts || !current)
    }

    pub(super) fn next_at(&self, now: Timestamp, floor: Millis, entropy: &mut Entropy) -> Timestamp {
        // What has just become unknown is looked after soon, however long the answer was waited for.
        let unknown_since = self.intent.first_sent_at.filter(|_| self.intent.setbacks > 0);
        let next = self.later(now, floor, unknown_since, entropy);
        // A hint of years must not carry an intent past the moment at which a person is asked.
        next.min(self.intent.deadline_at.max(now))
    }

    /// When to look again at what has been unknown since then.
    pub(super) fn later(
        &self,
        now: Timestamp,
        floor: Millis,
        unknown_since: Option<Timestamp>,
        entropy: &mut Entropy,
    ) -> Timestamp {
        // The attempt to come: one setback leads to attempt 2. A hint counts as part of the delay before it, which
        // only makes the next draw wider.
        let attempt = self.intent.setbacks.saturating_add(2);
        let delay = retry::delay(&self.settings.retry, attempt, self.intent.previous_delay, entropy);
        let patience = retry::patience(unknown_since.map_or(Millis::ZERO, |since| now.since(since)));
        let spread = retry::spread(floor, entropy);
        now.saturating_add(floor.max(patience).saturating_add(delay).saturating_add(spread))
    }
}
