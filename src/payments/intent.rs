//! The state of an intent: a fold over its journal that refuses a journal which cannot have happened.

use crate::prelude::*;
use crate::time::{Millis, Timestamp};

use super::{Answer, Content, Entry, Error, ErrorKind, Evidence, Proof, Request, Terms, Unknown};

/// Why an intent was handed to a person when its time was over. A late proof of success still settles it.
pub(super) const DEADLINE_PASSED: &str = "deadline_passed";

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
            Self::NeedsReview { .. } => "needs_review",
        }
    }
}

/// An intent as its journal tells it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Intent {
    /// Name of the provider profile.
    pub profile: String,
    /// The provider account.
    pub account: String,
    /// The content.
    pub request: Request,
    /// After this moment an unknown outcome goes to a person.
    pub deadline_at: Timestamp,
    /// What the provider promised about the key when the intent was opened. `None` in journals of before it was kept.
    pub terms: Option<Terms>,
    /// The answer to a prepared request, once there is one.
    pub answer: Option<Answer>,
    /// Where it stands.
    pub state: State,
    /// Generation of the key, counted from 1.
    pub epoch: u32,
    /// The current key.
    pub key: String,
    /// When this epoch began: a row of unknown age is asked about before it is sent.
    pub epoch_opened_at: Timestamp,
    /// Sends over all epochs.
    pub attempts: u32,
    /// Sends of earlier epochs: what comes back from them says nothing about the current key.
    pub attempts_before_epoch: u32,
    /// Answers in a row that did not settle anything; drives the backoff.
    pub setbacks: u32,
    /// First send of the current key: the provider's window runs from here.
    pub first_sent_at: Option<Timestamp>,
    /// Last send of the current key: the quarantine runs from here.
    pub last_sent_at: Option<Timestamp>,
    /// First and last send before the latest one, restored when that one was surely not executed.
    sent_before: (Option<Timestamp>, Option<Timestamp>),
    /// Whether the provider showed a payment of this epoch: then absence can no longer be proven.
    pub payment_seen: bool,
    /// Whether the fate of some attempt of this epoch is unknown. Only key-bound truth clears it.
    pub ambiguous: bool,
    /// Whether no answer to the current key will ever tell the truth.
    pub key_poisoned: bool,
    /// Queries in a row that found nothing.
    pub empty_queries: u32,
    /// When to act next; `None` when nothing is to be done.
    pub next_at: Option<Timestamp>,
    /// The delay chosen last, from which decorrelated jitter continues.
    pub previous_delay: Millis,
    /// Charges that the state does not account for.
    pub extra_charges: Vec<String>,
}

impl Intent {
    /// The state a journal tells.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Journal`] at the first entry that cannot follow those before it.
    pub fn replay(journal: &[Entry]) -> Result<Self, Error> {
        let mut entries = journal.iter().enumerate();
        let mut intent = match entries.next() {
            Some((_, Entry::Opened { at, profile, account, request, key, deadline_at, terms, .. })) => Self {
                profile: profile.clone(),
                account: account.clone(),
                request: request.clone(),
                deadline_at: *deadline_at,
                terms: *terms,
                answer: None,
                state: State::Initiated,
                epoch: 1,
                key: key.clone(),
                epoch_opened_at: *at,
                attempts: 0,
                attempts_before_epoch: 0,
                setbacks: 0,
                first_sent_at: None,
                last_sent_at: None,
                sent_before: (None, None),
                payment_seen: false,
                ambiguous: false,
                key_poisoned: false,
                empty_queries: 0,
                next_at: Some(*at),
                previous_delay: Millis::ZERO,
                extra_charges: Vec::new(),
            },
            _ => {
                return Err(Error::from(ErrorKind::Journal {
                    position: 0,
                    problem: "it does not begin with `opened`",
                }));
            }
        };
        for (position, entry) in entries {
            intent.apply(entry).map_err(|problem| Error::from(ErrorKind::Journal { position, problem }))?;
        }
        Ok(intent)
    }

    /// Moves the state by one entry; refuses an entry that cannot follow, and changes nothing then.
    pub(super) fn apply(&mut self, entry: &Entry) -> Result<(), &'static str> {
        match entry {
            Entry::Opened { .. } => Err("`opened` twice"),
            Entry::SendAuthorised { at, attempt, owner, lease_until } => {
                self.open_states_only()?;
                if Some(*attempt) != self.attempts.checked_add(1) {
                    return Err("attempts are not counted in order");
                }
                // From here on the transition succeeds.
                self.attempts = *attempt;
                self.sent_before = (self.first_sent_at, self.last_sent_at);
                self.first_sent_at = self.first_sent_at.or(Some(*at));
                self.last_sent_at = Some(*at);
                self.empty_queries = 0;
                self.next_at = Some(*lease_until);
                self.state = State::InFlight { owner: owner.clone(), lease_until: *lease_until };
                Ok(())
            }
            Entry::NotExecuted { at, reason, next_at } => {
                self.open_states_only()?;
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
                self.open_states_only()?;
                // From here on the transition succeeds.
                self.ambiguous = true;
                self.key_poisoned |= key_poisoned;
                self.payment_seen |= *reason == Unknown::Processing;
                self.empty_queries = 0;
                self.state = State::PendingConfirmation { reason: *reason };
                self.set_back(*at, *next_at);
                Ok(())
            }
            Entry::QueriedEmpty { at, next_at } => {
                self.open_states_only()?;
                // From here on the transition succeeds.
                self.empty_queries = self.empty_queries.saturating_add(1);
                self.set_back(*at, *next_at);
                Ok(())
            }
            Entry::ActionRequired { provider_reference, .. } => {
                self.open_states_only()?;
                self.state = State::AwaitingCustomer { provider_reference: provider_reference.clone() };
                self.next_at = None;
                Ok(())
            }
            Entry::Settled { provider_reference, evidence, .. } => {
                match &self.state {
                    State::Settled { .. } | State::Failed { .. } => {
                        return Err("settled after a final state");
                    }
                    State::NeedsReview { reason } if reason != DEADLINE_PASSED => {
                        return Err("settled while the evidence contradicts itself");
                    }
                    State::NeedsReview { .. }
                    | State::Initiated
                    | State::InFlight { .. }
                    | State::PendingConfirmation { .. }
                    | State::AwaitingCustomer { .. } => {}
                }
                self.state =
                    State::Settled { provider_reference: provider_reference.clone(), evidence: *evidence };
                self.next_at = None;
                Ok(())
            }
            Entry::Failed { proof, code, message, .. } => {
                self.open_states_only()?;
                self.state = State::Failed { proof: *proof, code: code.clone(), message: message.clone() };
                self.next_at = None;
                Ok(())
            }
            Entry::Answered { answer, .. } => {
                if !matches!(self.request.content, Content::Call(_)) || self.answer.is_some() {
                    return Err("an answer to nothing that was asked, or a second one");
                }
                let (State::Settled { .. } | State::Failed { .. }) = self.state else {
                    return Err("an answer that led to nothing");
                };
                self.answer = Some(answer.clone());
                Ok(())
            }
            Entry::ExtraCharge { provider_reference, .. } => {
                self.extra_charges.push(provider_reference.clone());
                Ok(())
            }
            Entry::NeedsReview { reason, .. } => {
                if let State::Settled { .. } = self.state {
                    return Err("a settled intent never becomes unsettled");
                }
                self.state = State::NeedsReview { reason: reason.clone() };
                self.next_at = None;
                Ok(())
            }
            Entry::Reopened { at, epoch, key, proof } => {
                let State::Failed { proof: stored, .. } = &self.state else {
                    return Err("a new epoch without proof");
                };
                if stored != proof || Some(*epoch) != self.epoch.checked_add(1) {
                    return Err("a new epoch on another proof, or out of order");
                }
                // From here on the transition succeeds.
                self.epoch = *epoch;
                self.epoch_opened_at = *at;
                self.attempts_before_epoch = self.attempts;
                self.answer = None;
                self.key.clone_from(key);
                self.first_sent_at = None;
                self.last_sent_at = None;
                self.sent_before = (None, None);
                self.payment_seen = false;
                self.ambiguous = false;
                self.key_poisoned = false;
                self.empty_queries = 0;
                self.setbacks = 0;
                self.previous_delay = Millis::ZERO;
                self.next_at = Some(*at);
                self.state = State::Initiated;
                Ok(())
            }
        }
    }

    fn open_states_only(&self) -> Result<(), &'static str> {
        match self.state {
            State::Initiated | State::InFlight { .. } | State::PendingConfirmation { .. } => Ok(()),
            State::AwaitingCustomer { .. }
            | State::Settled { .. }
            | State::Failed { .. }
            | State::NeedsReview { .. } => Err("it moves an intent that is not open"),
        }
    }

    fn set_back(&mut self, at: Timestamp, next_at: Timestamp) {
        self.setbacks = self.setbacks.saturating_add(1);
        self.previous_delay = next_at.since(at);
        self.next_at = Some(next_at);
    }
}
