//! What to do next: nothing leaves that was not authorised by an entry, and no key is sent after its window.
//!
//! [`Machine::intends`] says what [`Machine::poll`] would do, so that the driver can ask for a permit in between.

use crate::prelude::*;
use crate::time::{Millis, Timestamp};

use super::state::DEADLINE_PASSED;
use super::{Action, Entry, HttpRequest, Intention, Machine, Permit, Safeguard, State, Terms, Unknown, wire};

impl Machine {
    /// What a poll at this moment would do, with nothing changed. Calling it is optional.
    #[must_use]
    pub fn intends(&self, now: Timestamp) -> Intention {
        match &self.intent.state {
            State::InFlight { lease_until, .. } if now < *lease_until => {
                Intention::Wait { until: *lease_until }
            }
            // A lease that is over: its process died or was frozen, and what is due is due now.
            State::InFlight { .. } => self.next_step(now),
            State::Initiated | State::PendingConfirmation { .. } | State::AwaitingCustomer { .. } => {
                match self.intent.next_at.filter(|next_at| now < *next_at) {
                    Some(until) => Intention::Wait { until },
                    None => self.next_step(now),
                }
            }
            State::Settled { .. }
            | State::Failed { .. }
            | State::Reversing
            | State::Reversed
            | State::NeedsReview { .. } => self.afterwards(now),
        }
    }

    /// What to do next. May add entries: the authorisation of a send or a question, the end of a lease, the end of
    /// patience. Under [`Permit::Hold`] nothing is sent and nothing asked before the moment it names.
    pub fn poll(&mut self, now: Timestamp, owner: &str, permit: Permit) -> Action {
        let intention = self.intends(now);
        if let State::InFlight { lease_until, .. } = self.intent.state
            && now >= lease_until
        {
            // Whether the request left is unknown.
            let reason = Unknown::LeaseExpired;
            self.append(Entry::Ambiguous { at: now, reason, key_poisoned: false, next_at: now });
        }
        if let (true, Permit::Hold { until }) = (intention.needs_permit(), permit) {
            // A hold may not carry an intent past the moment at which a person is asked.
            let until = until.min(self.intent.deadline_at.max(now));
            self.append(Entry::Held { at: now, until });
            return Action::Wait { until };
        }
        let lease_until = now.saturating_add(self.settings.lease);
        match intention {
            Intention::Rest => Action::Rest,
            Intention::Wait { until } => {
                // Nothing can be done before the deadline: sweepers need not look again and again.
                if self.wake_at().is_some_and(|wake_at| wake_at <= now) {
                    self.append(Entry::Held { at: now, until });
                }
                Action::Wait { until }
            }
            Intention::GiveUp => {
                self.append(Entry::NeedsReview { at: now, reason: DEADLINE_PASSED.to_owned() });
                Action::Rest
            }
            Intention::FirstSend | Intention::Resend => {
                // Whether the profile can write the request does not change: it was written once when it was opened.
                let Some(request) = self.request() else {
                    return Action::Wait { until: self.intent.deadline_at };
                };
                let attempt = self.intent.attempts.saturating_add(1);
                let owner = owner.to_owned();
                self.append(Entry::SendAuthorised { at: now, attempt, owner, lease_until });
                Action::Send { attempt, request }
            }
            Intention::Query => match wire::query(&self.profile, &self.intent.request) {
                Some(request) => {
                    if self.may_have_been_charged(now) {
                        // Whoever dies now leaves the question to a sweep.
                        self.append(Entry::Looked { at: now, next_at: Some(now) });
                    }
                    Action::Query { query: self.ask(now, owner, lease_until), request }
                }
                None => Action::Wait { until: self.intent.deadline_at },
            },
            Intention::Void => match self.profile.void_request(&self.intent.request, &self.intent.key) {
                Some(request) => Action::Void { query: self.ask(now, owner, lease_until), request },
                None => Action::Wait { until: self.intent.deadline_at },
            },
            Intention::Reverse => match self.intent.open_reversal() {
                Some(reversal) => Action::Reverse { reversal: reversal.clone() },
                None => Action::Rest,
            },
        }
    }

    /// What is due while the outcome of the current key is not known.
    fn next_step(&self, now: Timestamp) -> Intention {
        if now >= self.intent.deadline_at {
            Intention::GiveUp
        } else if self.intent.cancel_wished && self.can_void_by_key() && !self.is_of_before(now) {
            Intention::Void
        } else if self.may_send(now) {
            if self.intent.first_sent_at.is_none() { Intention::FirstSend } else { Intention::Resend }
        } else if self.may_ask() {
            Intention::Query
        } else {
            Intention::Wait { until: self.intent.deadline_at }
        }
    }

    /// What is due after the end: charges to take back, and a look for those nobody tells us of.
    fn afterwards(&self, now: Timestamp) -> Intention {
        let reverse = self.intent.reversal_at.map(|at| (at, Intention::Reverse));
        let look_at = if self.may_have_been_charged(now) { Some(now) } else { self.intent.look_at };
        let look = look_at.map(|at| (at, Intention::Query));
        let first = match (reverse, look) {
            (Some(reverse), Some(look)) => Some(if look.0 < reverse.0 { look } else { reverse }),
            (one, other) => one.or(other),
        };
        match first {
            None => Intention::Rest,
            Some((until, _)) if now < until => Intention::Wait { until },
            Some((_, intention)) => intention,
        }
    }

    /// What an older copy calls failed may have been charged with a later key. Of what cannot be given back nothing is
    /// learnt before it is tried again.
    fn may_have_been_charged(&self, now: Timestamp) -> bool {
        let has_failed = matches!(self.intent.state, State::Failed { .. } | State::Reversed);
        has_failed && self.can_take_back() && self.is_of_before(now)
    }

    fn request(&self) -> Option<HttpRequest> {
        wire::send(&self.profile, &self.intent.request, &self.intent.key).ok()
    }

    fn can_void_by_key(&self) -> bool {
        self.profile.void_request(&self.intent.request, &self.intent.key).is_some()
    }

    /// Whether the provider can be asked what became of this intent.
    pub(super) fn may_ask(&self) -> bool {
        if self.settings.safeguards.broken(Safeguard::Query) {
            return false;
        }
        wire::query_of(&self.profile, &self.intent.request).is_some()
    }

    /// What the provider promises now, or promised when the intent was opened: whichever is more careful.
    pub(super) fn terms(&self) -> Terms {
        let terms = self.profile.terms(&self.intent.request);
        self.intent.terms.map_or(terms, |promised| promised.or_stricter(terms))
    }

    fn ask(&mut self, now: Timestamp, owner: &str, lease_until: Timestamp) -> u32 {
        let query = self.intent.queries.saturating_add(1);
        self.append(Entry::Asked { at: now, query, owner: owner.to_owned(), lease_until });
        query
    }

    /// The same key may be sent while the provider surely remembers it and it can still tell the truth.
    fn may_send(&self, now: Timestamp) -> bool {
        let can_ask = self.may_ask();
        if matches!(self.intent.state, State::AwaitingCustomer { .. })
            || (self.intent.cancel_wished && can_ask)
            || self.is_of_before(now)
        {
            return false;
        }
        if self.intent.first_sent_at.is_none() {
            return self.is_surely_unsent(now) || self.intent.empty_queries > 0;
        }
        // What is being processed is not learnt from a replay of the answer that said so.
        let processing =
            matches!(self.intent.state, State::PendingConfirmation { reason: Unknown::Processing });
        let ask = can_ask && processing;
        !self.intent.key_poisoned && !ask && self.is_inside_window(now)
    }

    /// The row may come from a backup older than a send. While it is young, the provider would still know the key;
    /// later it is asked first.
    pub(super) fn is_surely_unsent(&self, now: Timestamp) -> bool {
        let young = self.usable_window().max(self.settings.lease);
        self.intent.first_sent_at.is_none()
            && now < self.intent.epoch_opened_at.saturating_add(young)
            && !self.is_of_before(now)
    }

    /// The row was written before this process began. It may be of an older copy of the store, which knows nothing of a
    /// later key that was charged; sent again, its own key could charge once more. The provider knows of both.
    pub(super) fn is_of_before(&self, now: Timestamp) -> bool {
        if self.settings.safeguards.broken(Safeguard::Copies) {
            return false;
        }
        let begun_at = self.settings.begun_at;
        self.intent.confirmed_at < begun_at && begun_at <= now && !self.intent.query_refused && self.may_ask()
    }

    pub(super) fn is_inside_window(&self, now: Timestamp) -> bool {
        if self.settings.safeguards.broken(Safeguard::Window) {
            return self.intent.first_sent_at.is_some();
        }
        self.intent.first_sent_at.is_some_and(|first| now < first.saturating_add(self.usable_window()))
    }

    fn usable_window(&self) -> Millis {
        self.terms().usable_window()
    }
}
