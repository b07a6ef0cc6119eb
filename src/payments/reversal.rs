//! Every charge that must not stay is taken back by an intent of its own, and by one only: its reference, and with it
//! its key, follows from the reference of this intent and the provider's name of the charge.
//!
//! The intent that takes back is opened in the write that stores [`Entry::ReversalDue`], and swept like every other.
//! Every process, and one that begins again from an older backup, makes the same one.

use crate::crypto::sha256_hex;
use crate::entropy::Entropy;
use crate::prelude::*;
use crate::time::{Millis, Timestamp};

use super::request::reference_problem;
use super::{Content, Entry, Machine, Operation, Payment, Proof, Request, Reversal, Safeguard, State};

/// What became of the intent that takes a charge back.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum ReversalNews {
    /// It settled.
    Settled {
        /// The provider's name for the refund or void.
        refund: String,
    },
    /// It failed, and that is proven.
    Failed {
        /// What proves it.
        proof: Proof,
        /// The code of the reason.
        code: String,
    },
    /// Nobody knows yet.
    Pending,
    /// It waits for a person.
    NeedsReview,
}

impl Machine {
    /// News: what became of the intent of that reference, which takes a charge back. What is told of one that is over is
    /// no news of the next: a refund follows a void of the same charge.
    pub fn handle_reversal(
        &mut self,
        now: Timestamp,
        reference: &str,
        news: ReversalNews,
        entropy: &mut Entropy,
    ) {
        let mut reversals = self.intent.reversals.iter();
        let Some(open) = reversals.find(|known| known.is_open() && known.reference == reference) else {
            return;
        };
        let charge = open.charge.clone();
        let called_off = self.is_called_off(&charge);
        match news {
            ReversalNews::Settled { refund } => self.append(Entry::Reversed { at: now, charge, refund }),
            ReversalNews::Failed { proof: Proof::Refused | Proof::Decided, code } => {
                let was_paid = called_off && self.intent.extra_charges.contains(&charge);
                self.append(Entry::ReversalFailed { at: now, charge: charge.clone(), code });
                if was_paid {
                    self.take_back(now, charge);
                }
            }
            // It was never executed, so the money is still there: a new key of the same intent tries again.
            ReversalNews::Failed { .. } => self.await_reversal(now, charge, true, entropy),
            ReversalNews::Pending => self.await_reversal(now, charge, false, entropy),
            ReversalNews::NeedsReview => {
                let code = "reversal_needs_review".to_owned();
                self.append(Entry::ReversalFailed { at: now, charge, code });
            }
        }
    }

    /// The intent that takes a charge back, as the caller would have asked for it.
    #[must_use]
    pub fn reversal_request(&self, reversal: &Reversal) -> Request {
        let taken = &self.intent.request;
        Request {
            merchant: taken.merchant.clone(),
            operation: reversal.operation,
            reference: reversal.reference.clone(),
            content: Content::Payment(Payment {
                // All of it. A void takes no amount; some providers want to hear that of a refund, and at others only
                // the refund of all that is left can be asked about.
                amount: taken
                    .amount()
                    .filter(|_| reversal.operation == Operation::Refund && !self.asks_of_whole()),
                target: Some(reversal.charge.clone()),
                ..Payment::default()
            }),
        }
    }

    /// A charge that must not stay: taken back where this kind of payment can be, left to a person elsewhere.
    pub(super) fn take_back(&mut self, now: Timestamp, charge: String) {
        if self.settings.safeguards.broken(Safeguard::Reversal) {
            return;
        }
        if let Some(operation) = self.way_back() {
            self.take_back_by(operation, now, charge);
            return;
        }
        if matches!(self.intent.state, State::Failed { .. }) {
            self.append(Entry::NeedsReview { at: now, reason: "success_after_failure".to_owned() });
        }
        self.note_extra(now, charge);
    }

    /// A payment that waits for its customer is called off as soon as it is no longer wanted and known by name.
    pub(super) fn call_off(&mut self, now: Timestamp) {
        let State::AwaitingCustomer { provider_reference } = &self.intent.state else { return };
        let can_be_voided = self.can_take_back() && self.profile.route(Operation::Void).is_some();
        if self.intent.cancel_wished && can_be_voided {
            self.take_back_by(Operation::Void, now, provider_reference.clone());
        }
    }

    fn take_back_by(&mut self, operation: Operation, now: Timestamp, charge: String) {
        let reference = derived_reference(&self.intent.request.reference, operation, &charge);
        // One that failed was shown to a person; the same intent would fail again.
        if !self.intent.reversals.iter().any(|known| known.reference == reference) {
            self.append(Entry::ReversalDue { at: now, charge, operation, reference });
        }
    }

    /// Whether a payment that waited for its customer is being voided.
    pub(super) fn is_called_off(&self, charge: &str) -> bool {
        let voids = |known: &Reversal| known.operation == Operation::Void && known.charge == charge;
        self.intent.request.operation == Operation::Charge
            && self.intent.reversals.iter().any(|known| known.is_open() && voids(known))
    }

    pub(super) fn can_take_back(&self) -> bool {
        self.way_back().is_some()
    }

    /// How a payment of this kind is taken back, if the provider lets it be.
    fn way_back(&self) -> Option<Operation> {
        let operation = match self.intent.request.operation {
            Operation::Charge => Operation::Refund,
            Operation::Authorize => Operation::Void,
            // What moves money away, finishes a payment that another intent began, or was prepared by somebody else, has
            // no way back that is known here.
            Operation::Capture
            | Operation::Void
            | Operation::Refund
            | Operation::Transfer
            | Operation::Payout
            | Operation::Call => return None,
        };
        self.profile.route(operation).map(|_| operation)
    }

    /// Whether a refund can be asked about only if it names no amount.
    fn asks_of_whole(&self) -> bool {
        let query = self.profile.route(Operation::Refund).and_then(|route| route.get("query"));
        query.is_some_and(|query| query.flag("whole_only"))
    }

    fn await_reversal(&mut self, now: Timestamp, charge: String, again: bool, entropy: &mut Entropy) {
        // Money that must go back is never given up: no deadline ends this, it only becomes rarer.
        let next_at = self.later(now, Millis::ZERO, self.intent.reversing_since, entropy);
        self.append(Entry::ReversalAwaited { at: now, charge, again, next_at });
    }
}

/// The reference of the intent that takes a charge back. One that would be too long is replaced by its digest.
fn derived_reference(parent: &str, operation: Operation, charge: &str) -> String {
    let readable = glued(&[parent, "/", operation.name(), "/", charge]);
    if reference_problem(&readable).is_none() {
        return readable;
    }
    // A length before the first name, so that no two pairs of names are spelt alike.
    let named = glued(&[&parent.len().digits(), ":", &readable]);
    glued(&["reversal/", operation.name(), "/", &sha256_hex(named.as_bytes())])
}
