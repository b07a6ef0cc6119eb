//! The machine: commands and news in, entries and one action out. See the module's call order.

use alloc::sync::Arc;

use crate::crypto::Secret;
use crate::entropy::Entropy;
use crate::fingerprint::fingerprint;
use crate::json;
use crate::prelude::*;
use crate::retry::Policy;
use crate::time::{Millis, Timestamp};

use super::classify::{self, Response, Verdict};
use super::key::{self, Identity};
use super::reading::{Reading, Seen};
use super::{
    Entry, Error, ErrorKind, Evidence, Intent, Profile, Proof, Request, Safeguards, State, Unknown, wire,
};

/// How a merchant's process drives its intents.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Settings {
    /// How long a send is protected from other processes: longer than the driver's time-out.
    pub lease: Millis,
    /// How long an outcome may stay unknown before a person is asked.
    pub deadline: Millis,
    /// When this process began to read the store. What was written before may be of an older copy that has forgotten a
    /// later key, so it is asked about before it is sent.
    pub begun_at: Timestamp,
    /// When to try again.
    pub retry: Policy,
    /// Which rules hold: all of them, outside the tests of the tests.
    pub safeguards: Safeguards,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            lease: Millis::from_seconds(30),
            deadline: Millis::from_seconds(72 * 3_600),
            begun_at: Timestamp::MIN,
            retry: Policy::default(),
            safeguards: Safeguards::default(),
        }
    }
}

/// One intent in memory, between loading its journal and storing what was added to it.
#[derive(Clone, Debug)]
pub struct Machine {
    pub(super) profile: Arc<Profile>,
    pub(super) settings: Settings,
    pub(super) intent: Intent,
    new_entries: Vec<Entry>,
}

impl Machine {
    /// Opens a new intent. Its one entry is to be stored where nothing was stored before.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::SecretTooShort`]; [`ErrorKind::OperationUnsupported`] and the others that say why the profile cannot
    /// send this request.
    pub fn open(
        profile: Arc<Profile>,
        settings: Settings,
        account: &str,
        request: Request,
        secret: &Secret,
        now: Timestamp,
    ) -> Result<Self, Error> {
        let key = derive_key(&profile, &request, account, secret, 1)?;
        wire::send(&profile, &request, &key)?;
        let content = request.to_json();
        let document = json::parse(content.as_bytes())?;
        let opened = Entry::Opened {
            at: now,
            profile: profile.name().to_owned(),
            account: account.to_owned(),
            fingerprint: fingerprint(&document),
            deadline_at: now.saturating_add(settings.deadline),
            key,
            terms: Some(profile.terms(&request)),
            since: None,
            request,
        };
        let intent = Intent::replay(core::slice::from_ref(&opened))?;
        Ok(Self { profile, settings, intent, new_entries: vec![opened] })
    }

    /// A new intent that the caller has wanted for longer: since the time of his order, say. An older copy of the store
    /// may have been restored in between, and the provider may have forgotten the key; so what is older than its memory
    /// is asked about before it is sent.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Journal`] when it is not new.
    pub fn wanted_since(self, moment: Timestamp) -> Result<Self, Error> {
        let Self { profile, settings, mut new_entries, .. } = self;
        if let Some(Entry::Opened { since, .. }) = new_entries.first_mut() {
            *since = Some(moment);
        }
        let intent = Intent::replay(&new_entries)?;
        Ok(Self { profile, settings, intent, new_entries })
    }

    /// Loads an intent from its journal. `profile` is that of the name the journal holds, see [`Intent::profile`].
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Journal`]; [`ErrorKind::OtherProfile`] when the profile is another than the one it was opened with.
    pub fn load(profile: Arc<Profile>, settings: Settings, journal: &[Entry]) -> Result<Self, Error> {
        let intent = Intent::replay(journal)?;
        if profile.name() != intent.profile {
            let found = profile.name().to_owned();
            return Err(Error::from(ErrorKind::OtherProfile { opened_with: intent.profile, found }));
        }
        Ok(Self { profile, settings, intent, new_entries: Vec::new() })
    }

    /// The profile it is driven by.
    #[must_use]
    pub fn profile(&self) -> &Profile {
        &self.profile
    }

    /// The intent as it stands, new entries included.
    #[must_use]
    pub const fn intent(&self) -> &Intent {
        &self.intent
    }

    /// What was added since loading; to be stored before the action is carried out.
    #[must_use]
    pub fn new_entries(&self) -> &[Entry] {
        &self.new_entries
    }

    /// When a sweeper should look at this intent if nobody else does.
    #[must_use]
    pub fn wake_at(&self) -> Option<Timestamp> {
        self.intent.wake_at()
    }

    /// Refuses a repeated call with other content, before anything is sent.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Mismatch`] names the first field that differs.
    pub fn check_same(&self, request: &Request) -> Result<(), Error> {
        match self.intent.request.difference(request) {
            Some(field) => Err(Error::from(ErrorKind::Mismatch { field })),
            None => Ok(()),
        }
    }

    /// Command: try again with a new key, on the stored proof that the old one left no money moved.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::NotFailed`], [`ErrorKind::SecretTooShort`]. Nothing has changed then.
    pub fn reopen(&mut self, secret: &Secret, now: Timestamp) -> Result<(), Error> {
        let Some(proof) = self.intent.proof() else {
            return Err(Error::from(ErrorKind::NotFailed { state: self.intent.state.name() }));
        };
        let epoch = self.intent.epoch.saturating_add(1);
        let key = derive_key(&self.profile, &self.intent.request, &self.intent.account, secret, epoch)?;

        // From here on the transition succeeds.
        let deadline_at = Some(now.saturating_add(self.settings.deadline));
        self.append(Entry::Reopened { at: now, epoch, key, proof, deadline_at });
        Ok(())
    }

    /// Command: the payment is no longer wanted. Never sent, it has failed; else this is a wish: nothing more is sent
    /// where the provider can be asked, and what has moved, or moves yet, is taken back. What has ended stays as it is.
    pub fn cancel(&mut self, now: Timestamp) {
        if self.intent.cancel_wished || self.intent.must_be_undecided().is_err() {
            return;
        }
        let never_sent = matches!(self.intent.state, State::Initiated) && self.is_surely_unsent(now);
        self.append(Entry::CancelWished { at: now });
        if never_sent {
            let message = "it was cancelled before anything was sent";
            self.fail(now, Proof::NeverSent, None, "cancelled".to_owned(), message.to_owned());
        } else {
            self.call_off(now);
        }
    }

    /// Command: what a person decided. With a `charge`, the payment of that name counts and every other one that came
    /// to light is taken back; without, no money moved, and every charge that came to light is taken back.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::NotInReview`]; [`ErrorKind::ChargeOfOtherKind`]; [`ErrorKind::CopyUnderWay`] when "no money moved" could still become untrue. Nothing
    /// has changed then.
    pub fn resolve(&mut self, charge: Option<&str>, note: &str, now: Timestamp) -> Result<(), Error> {
        let State::NeedsReview { .. } = self.intent.state else {
            return Err(Error::from(ErrorKind::NotInReview { state: self.intent.state.name() }));
        };
        let reading = Reading::of(&self.profile, &self.intent.request);
        if let (Some(begins), Some(charge)) = (reading.and_then(Reading::kind), charge)
            && !reading.is_some_and(|reading| reading.names(charge))
        {
            return Err(Error::from(ErrorKind::ChargeOfOtherKind { begins: begins.to_owned() }));
        }
        let quiet_at = self.quiet_at().filter(|quiet_at| now < *quiet_at);
        if let (None, Some(until)) = (charge, quiet_at) {
            return Err(Error::from(ErrorKind::CopyUnderWay { until: until.unix_ms() }));
        }

        // From here on the transition succeeds.
        let charge = charge.map(ToOwned::to_owned);
        self.append(Entry::Resolved { at: now, charge, note: note.to_owned() });
        // Charges whose reversal had failed were looked after by the person; the others nobody has tried to take back.
        for extra in self.intent.extra_charges.clone() {
            self.take_back(now, extra);
        }
        Ok(())
    }

    /// News: the answer to a send.
    ///
    /// An answer that arrives after another process took over still counts when it proves something about the
    /// current key; doubts of an overtaken attempt are ignored, since a later attempt is already on its way.
    pub fn handle_response(
        &mut self,
        now: Timestamp,
        attempt: u32,
        response: &Response,
        entropy: &mut Entropy,
    ) {
        let verdict = self.or_refused(classify::send_answer(&self.profile, &self.intent.request, response));
        let floor = response.retry_after.unwrap_or(Millis::ZERO);
        let was_open = self.intent.state.is_open();
        self.judge(now, Some(attempt), verdict, Evidence::Response, floor, entropy);
        if was_open {
            self.keep_answer(now, response);
        }
    }

    /// News: a send that got no answer. `not_sent` only when it is certain that no byte left.
    pub fn handle_failure(&mut self, now: Timestamp, attempt: u32, not_sent: bool, entropy: &mut Entropy) {
        let verdict = if not_sent {
            Verdict::NotExecuted(Unknown::NotSent)
        } else {
            Verdict::Ambiguous { reason: Unknown::ConnectionLost, key_poisoned: false }
        };
        self.judge(now, Some(attempt), verdict, Evidence::Response, Millis::ZERO, entropy);
    }

    /// News: the answer to a query, or `None` when it got none. `query` is the number of the question: a charge that
    /// was found counts whenever it is told, but only the answer to the last question can say that there is none.
    pub fn handle_query(
        &mut self,
        now: Timestamp,
        query: u32,
        answer: Option<&Response>,
        entropy: &mut Entropy,
    ) {
        let floor = answer.and_then(|answer| answer.retry_after).unwrap_or(Millis::ZERO);
        let asked_at = self.intent.asked_at.filter(|_| query == self.intent.queries);
        let found = match answer {
            Some(Response { status: 200, body, .. }) => {
                // A failure that a query finds is not bound to a key; only in the first epoch can it be no other's. While
                // the provider may have forgotten the key, a copy under way may yet succeed beside it.
                let awaited = self.intent.awaited.as_deref();
                let quiet = self.quiet_at().is_none_or(|quiet_at| asked_at >= Some(quiet_at));
                let only_one = self.intent.epoch == 1 && (quiet || self.is_inside_window(now));
                let failures_count = |failed: &str| only_one || awaited == Some(failed);
                let ignored = |charge: &str| self.intent.takes_back(charge);
                classify::query_answer(&self.profile, &self.intent.request, failures_count, ignored, body)
            }
            Some(Response { status, .. }) if classify::refuses_questions(*status) => {
                Err(Unknown::QueryRefused)
            }
            _ => Err(Unknown::QueryFailed),
        };
        match (found, asked_at) {
            (Ok((Some(verdict), extra)), _) => {
                self.judge(now, None, verdict, Evidence::Query, floor, entropy);
                if let Some(answer) = answer {
                    self.keep_found(now, &answer.body);
                }
                for charge in extra {
                    self.count_charge(now, charge, Evidence::Query, false);
                }
                self.end_look(now, entropy);
            }
            (_, None) => {}
            (Err(_), Some(_)) if !self.is_undecided() => self.look_again(now, floor, entropy),
            (Err(reason), Some(_)) => {
                let next_at = self.next_at(now, floor, entropy);
                self.append(Entry::Ambiguous { at: now, reason, key_poisoned: false, next_at });
            }
            (Ok((None, _)), Some(_)) if !self.is_undecided() => self.end_look(now, entropy),
            (Ok((None, _)), Some(asked_at)) => {
                let quiet = self.quiet_at().is_none_or(|quiet_at| asked_at >= quiet_at);
                let next_at = self.next_question_at(now, quiet, floor, entropy);
                self.append(Entry::QueriedEmpty { at: now, quiet, next_at });
                self.conclude_absence(now);
            }
        }
    }

    /// News: the answer to a void by key, or `None` when it got none. `query` is the number of the question.
    pub fn handle_void(
        &mut self,
        now: Timestamp,
        query: u32,
        answer: Option<&Response>,
        entropy: &mut Entropy,
    ) {
        let floor = answer.and_then(|answer| answer.retry_after).unwrap_or(Millis::ZERO);
        let Some(asked_at) = self.intent.asked_at.filter(|_| query == self.intent.queries) else { return };
        if !self.is_undecided() {
            return;
        }
        let voided = answer.is_some_and(Profile::is_voided);
        if voided && self.quiet_at().is_none_or(|quiet_at| asked_at >= quiet_at) {
            let message = "the provider voided whatever the key had done";
            self.fail(now, Proof::Voided, None, "cancelled".to_owned(), message.to_owned());
            return;
        }
        // A copy that is still under way would be executed after an early void: it is voided once more then.
        let quiet_at = self.quiet_at().filter(|_| voided).unwrap_or(now);
        let reason = if voided { Unknown::VoidedEarly } else { Unknown::QueryFailed };
        let next_at = self.next_at(now, floor.max(quiet_at.since(now)), entropy);
        self.append(Entry::Ambiguous { at: now, reason, key_poisoned: false, next_at });
    }

    /// News: a verified webhook about a payment with our reference. A success counts; a failure only when it is that
    /// of the payment we wait for, since others are not bound to the current key.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::WebhookPayment`] when the object is no payment.
    pub fn handle_webhook(
        &mut self,
        now: Timestamp,
        shown: &json::Value<'_>,
        entropy: &mut Entropy,
    ) -> Result<(), Error> {
        let seen =
            Reading::of(&self.profile, &self.intent.request).and_then(|reading| Seen::read(reading, shown));
        let payment = seen.ok_or_else(|| Error::from(ErrorKind::WebhookPayment))?;
        let ours = payment.names_reference() && payment.has_reference(&self.intent.request.reference);
        let awaited = matches!(&self.intent.state,
            State::AwaitingCustomer { provider_reference } if *provider_reference == payment.id);
        if !ours || !(payment.moved_money() || (awaited && payment.has_failed())) {
            return Ok(());
        }
        let verdict = if payment.is_for(&self.intent.request) {
            payment.verdict()
        } else {
            Verdict::Contradiction { reason: "the_webhook_is_for_another_payment" }
        };
        self.judge(now, None, verdict, Evidence::Webhook, Millis::ZERO, entropy);
        self.keep_shown(now, shown);
        Ok(())
    }

    pub(super) fn append(&mut self, entry: Entry) {
        // The machine only builds entries that may follow; a refusal would be a bug here, and is left visible by
        // the state not moving while the entry is not stored either.
        let applied = self.intent.apply(&entry);
        debug_assert_eq!(applied, Ok(()), "{entry:?}");
        if applied.is_ok() {
            self.new_entries.push(entry);
        }
    }
}

fn derive_key(
    profile: &Profile,
    request: &Request,
    account: &str,
    secret: &Secret,
    epoch: u32,
) -> Result<String, Error> {
    let identity = Identity {
        merchant: &request.merchant,
        account,
        operation: request.operation,
        reference: &request.reference,
        epoch,
    };
    let derived = key::derive(secret, identity, profile.key_form())?;
    // A key of the caller's own may have been sent before there was an intent: the provider knows the call by it.
    let own = request.content.as_call().and_then(|call| call.own_key.clone()).filter(|_| epoch == 1);
    Ok(own.unwrap_or(derived))
}
