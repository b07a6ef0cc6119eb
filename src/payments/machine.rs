//! The machine: news in, entries and one action out. See the module's call order.

use alloc::sync::Arc;

use crate::crypto::Secret;
use crate::entropy::Entropy;
use crate::fingerprint::fingerprint;
use crate::json;
use crate::prelude::*;
use crate::retry::{self, Policy};
use crate::time::{Millis, Timestamp};

use super::classify::{self, Response, Verdict};
use super::intent::DEADLINE_PASSED;
use super::key::{self, Identity};
use super::reading::Seen;
use super::{
    Action, Answer, Content, Entry, Error, ErrorKind, Evidence, Intent, Profile, Proof, Request, Safeguards,
    State, Terms, Unknown, wire,
};

/// Empty queries in a row that, with the rest of proof P4, make absence certain.
const EMPTY_QUERIES_NEEDED: u32 = 2;

/// The least wait is a sixteenth of the time the outcome has been unknown,
const PATIENCE_SHIFT: u32 = 4;

/// but no more than a quarter of an hour.
const PATIENCE_MAX: Millis = Millis::from_seconds(15 * 60);

/// How a merchant's process drives its intents.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Settings {
    /// How long a send is protected from other processes: longer than the driver's time-out.
    pub lease: Millis,
    /// How long an outcome may stay unknown before a person is asked.
    pub deadline: Millis,
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
            retry: Policy::default(),
            safeguards: Safeguards::default(),
        }
    }
}

/// One intent in memory, between loading its journal and storing what was added to it.
#[derive(Clone, Debug)]
pub struct Machine {
    profile: Arc<Profile>,
    settings: Settings,
    intent: Intent,
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
            profile: profile.name.clone(),
            account: account.to_owned(),
            fingerprint: fingerprint(&document),
            deadline_at: now.saturating_add(settings.deadline),
            key,
            terms: Some(profile.terms(&request)),
            request,
        };
        let intent = Intent::replay(core::slice::from_ref(&opened))?;
        Ok(Self { profile, settings, intent, new_entries: vec![opened] })
    }

    /// Loads an intent from its journal. `profile` is that of the name the journal holds, see [`Intent::profile`].
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Journal`]; [`ErrorKind::OtherProfile`] when the profile is another than the one it was opened with.
    pub fn load(profile: Arc<Profile>, settings: Settings, journal: &[Entry]) -> Result<Self, Error> {
        let intent = Intent::replay(journal)?;
        if profile.name != intent.profile {
            let found = profile.name.clone();
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
    pub const fn wake_at(&self) -> Option<Timestamp> {
        self.intent.next_at
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

    /// Command: try again with a new key, on the stored proof that the old one moved no money.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::NotFailed`], [`ErrorKind::SecretTooShort`]. Nothing has changed then.
    pub fn reopen(&mut self, secret: &Secret, now: Timestamp) -> Result<(), Error> {
        let State::Failed { proof, .. } = self.intent.state else {
            return Err(Error::from(ErrorKind::NotFailed { state: self.intent.state.name() }));
        };
        let epoch = self.intent.epoch.saturating_add(1);
        let key = derive_key(&self.profile, &self.intent.request, &self.intent.account, secret, epoch)?;

        // From here on the transition succeeds.
        self.append(Entry::Reopened { at: now, epoch, key, proof });
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
        let verdict = classify::send_answer(&self.profile, &self.intent.request, response);
        let floor = response.retry_after(now).unwrap_or(Millis::ZERO);
        let was_open = !self.is_closed();
        self.judge(now, Some(attempt), verdict, Evidence::Response, floor, entropy);
        if was_open {
            self.keep_answer(now, response);
        }
    }

    /// Keeps the answer to a prepared request when it just led to an outcome.
    fn keep_answer(&mut self, now: Timestamp, response: &Response) {
        let (State::Settled { .. } | State::Failed { .. }) = self.intent.state else { return };
        if let Content::Payment(_) = self.intent.request.content {
            return;
        }
        let kept = |(name, _): &&(String, String)| self.profile.kept_headers.contains(name);
        let answer = Answer {
            status: response.status,
            headers: response.headers.iter().filter(kept).cloned().collect(),
            body: String::from_utf8_lossy(&response.body).into_owned(),
        };
        self.append(Entry::Answered { at: now, answer });
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

    /// News: the answer to a query, or `None` when it got none.
    pub fn handle_query(&mut self, now: Timestamp, answer: Option<&Response>, entropy: &mut Entropy) {
        if self.is_closed() {
            return;
        }
        let floor = answer.and_then(|answer| answer.retry_after(now)).unwrap_or(Millis::ZERO);
        let found = match answer {
            Some(Response { status: 200, body, .. }) => {
                // A failure that a query finds is not bound to a key; only in the first epoch can it be no other's.
                let failures_count = self.intent.epoch == 1;
                classify::query_answer(&self.profile, &self.intent.request, failures_count, body)
            }
            _ => Err(Unknown::QueryFailed),
        };
        match found {
            Err(reason) => {
                let next_at = self.next_at(now, floor, entropy);
                self.append(Entry::Ambiguous { at: now, reason, key_poisoned: false, next_at });
            }
            Ok((None, _)) => {
                let next_at = self.next_at(now, floor, entropy);
                self.append(Entry::QueriedEmpty { at: now, next_at });
                self.conclude_absence(now);
            }
            Ok((Some(verdict), extra)) => {
                self.judge(now, None, verdict, Evidence::Query, floor, entropy);
                for provider_reference in extra {
                    self.note_extra(now, provider_reference);
                }
            }
        }
    }

    /// News: a verified webhook about a payment with our reference. Successes count; a failure is not bound to the
    /// current key, so it says nothing.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::WebhookPayment`] when the object is no payment.
    pub fn handle_webhook(
        &mut self,
        now: Timestamp,
        payment: &json::Value<'_>,
        entropy: &mut Entropy,
    ) -> Result<(), Error> {
        let seen = classify::reading_of(&self.profile, &self.intent.request)
            .and_then(|(reading, form)| Seen::read(reading, form, payment));
        let payment = seen.ok_or_else(|| Error::from(ErrorKind::WebhookPayment))?;
        let ours = payment.names_reference() && payment.has_reference(&self.intent.request.reference);
        if !ours || !payment.moved_money() {
            return Ok(());
        }
        let verdict = if payment.is_for(&self.intent.request) {
            payment.verdict()
        } else {
            Verdict::Contradiction { reason: "the_webhook_is_for_another_payment" }
        };
        self.judge(now, None, verdict, Evidence::Webhook, Millis::ZERO, entropy);
        Ok(())
    }

    /// What to do next. May add entries: the authorisation of a send, the end of a lease, the end of patience.
    pub fn poll(&mut self, now: Timestamp, owner: &str) -> Action {
        if self.is_closed() {
            return Action::Rest;
        }
        if let State::InFlight { lease_until, .. } = self.intent.state {
            if now < lease_until {
                return Action::Wait { until: lease_until };
            }
            // Its process died or was frozen: whether the request left is unknown.
            self.append(Entry::Ambiguous {
                at: now,
                reason: Unknown::LeaseExpired,
                key_poisoned: false,
                next_at: now,
            });
        }
        if let Some(next_at) = self.intent.next_at.filter(|next_at| now < *next_at) {
            return Action::Wait { until: next_at };
        }
        if now >= self.intent.deadline_at {
            self.append(Entry::NeedsReview { at: now, reason: DEADLINE_PASSED.to_owned() });
            return Action::Rest;
        }
        let key = &self.intent.key;
        if let Some(Ok(request)) =
            self.may_send(now).then(|| wire::send(&self.profile, &self.intent.request, key))
        {
            let attempt = self.intent.attempts.saturating_add(1);
            self.append(Entry::SendAuthorised {
                at: now,
                attempt,
                owner: owner.to_owned(),
                lease_until: now.saturating_add(self.settings.lease),
            });
            return Action::Send { attempt, request };
        }
        if let Some(request) = wire::query(&self.profile, &self.intent.request) {
            return Action::Query { request };
        }
        Action::Wait { until: self.intent.deadline_at }
    }

    /// The same key may be sent while the provider surely remembers it and it can still tell the truth.
    fn may_send(&self, now: Timestamp) -> bool {
        let Some(_) = self.intent.first_sent_at else {
            // The row may come from a backup older than a send. While it is young, the provider would still know the
            // key; later it is asked first.
            let young =
                self.intent.epoch_opened_at.saturating_add(self.usable_window().max(self.settings.lease));
            return now < young || self.intent.empty_queries > 0;
        };
        // What is being processed is not learnt from a replay of the answer that said so.
        let processing = State::PendingConfirmation { reason: Unknown::Processing };
        let ask = self.may_ask() && self.intent.state == processing;
        !self.intent.key_poisoned && !ask && self.inside_window(now)
    }

    /// Whether the provider can be asked what became of this intent.
    fn may_ask(&self) -> bool {
        wire::query_of(&self.profile, &self.intent.request).is_some()
    }

    /// What the provider promises now, or promised when the intent was opened: whichever is more careful.
    fn terms(&self) -> Terms {
        let terms = self.profile.terms(&self.intent.request);
        self.intent.terms.map_or(terms, |promised| promised.or_stricter(terms))
    }

    fn usable_window(&self) -> Millis {
        self.terms().usable_window()
    }

    fn inside_window(&self, now: Timestamp) -> bool {
        self.intent.first_sent_at.is_some_and(|first| now < first.saturating_add(self.usable_window()))
    }

    /// Proof P4: nothing was found twice, no copy is under way any more, and the key can no longer execute.
    fn conclude_absence(&mut self, now: Timestamp) {
        let quiet =
            self.intent.last_sent_at.is_some_and(|last| now >= last.saturating_add(self.terms().quarantine));
        let key_is_dead = self.intent.key_poisoned || !self.inside_window(now);
        let never_seen = !self.intent.payment_seen;
        if quiet && key_is_dead && never_seen && self.intent.empty_queries >= EMPTY_QUERIES_NEEDED {
            self.append(Entry::Failed {
                at: now,
                proof: Proof::Absent,
                provider_reference: None,
                code: "never_executed".to_owned(),
                message:
                    "the gateway knows no payment with this reference, and the key can no longer execute"
                        .to_owned(),
            });
        }
    }

    fn judge(
        &mut self,
        now: Timestamp,
        attempt: Option<u32>,
        verdict: Verdict,
        evidence: Evidence,
        floor: Millis,
        entropy: &mut Entropy,
    ) {
        if let Verdict::Settled { provider_reference } = verdict {
            self.settle(now, provider_reference, evidence);
            return;
        }
        // A refusal of an earlier epoch's key says nothing about the current one.
        let of_this_epoch = attempt.is_none_or(|attempt| attempt > self.intent.attempts_before_epoch);
        if self.is_closed() || !of_this_epoch {
            return;
        }
        match verdict {
            Verdict::Settled { .. } => {}
            Verdict::ActionRequired { provider_reference } => {
                self.append(Entry::ActionRequired { at: now, provider_reference });
            }
            Verdict::Declined { provider_reference, code, message } => {
                let proof = Proof::Refused;
                self.append(Entry::Failed { at: now, proof, provider_reference, code, message });
            }
            Verdict::Refused { code, message } if !self.intent.ambiguous => {
                let (proof, provider_reference) = (Proof::Refused, None);
                self.append(Entry::Failed { at: now, proof, provider_reference, code, message });
            }
            Verdict::Refused { .. } => {
                // The provider will go on refusing, and that says nothing about the attempt we lost sight of.
                let next_at = self.next_at(now, floor, entropy);
                let reason = Unknown::RefusedAfterUnknown;
                self.append(Entry::Ambiguous { at: now, reason, key_poisoned: true, next_at });
            }
            Verdict::Contradiction { reason } => {
                self.append(Entry::NeedsReview { at: now, reason: reason.to_owned() });
            }
            Verdict::NotExecuted(_) | Verdict::Ambiguous { .. } if self.is_overtaken(attempt) => {}
            Verdict::NotExecuted(reason) => {
                let next_at = self.next_at(now, floor, entropy);
                self.append(Entry::NotExecuted { at: now, reason, next_at });
            }
            Verdict::Ambiguous { reason, key_poisoned } => {
                let next_at = self.next_at(now, floor, entropy);
                self.append(Entry::Ambiguous { at: now, reason, key_poisoned, next_at });
            }
        }
    }

    fn settle(&mut self, now: Timestamp, provider_reference: String, evidence: Evidence) {
        match &self.intent.state {
            State::Settled { provider_reference: known, .. } if *known == provider_reference => {}
            State::Failed { .. } => {
                self.append(Entry::NeedsReview { at: now, reason: "success_after_failure".to_owned() });
                self.note_extra(now, provider_reference);
            }
            State::NeedsReview { reason } if reason == DEADLINE_PASSED => {
                self.append(Entry::Settled { at: now, provider_reference, evidence });
            }
            State::Settled { .. } | State::NeedsReview { .. } => self.note_extra(now, provider_reference),
            State::Initiated
            | State::InFlight { .. }
            | State::PendingConfirmation { .. }
            | State::AwaitingCustomer { .. } => {
                self.append(Entry::Settled { at: now, provider_reference, evidence });
            }
        }
    }

    /// Whoever decides needs the provider's name of the charge.
    fn note_extra(&mut self, now: Timestamp, provider_reference: String) {
        if !self.intent.extra_charges.contains(&provider_reference) {
            self.append(Entry::ExtraCharge { at: now, provider_reference });
        }
    }

    fn is_closed(&self) -> bool {
        match self.intent.state {
            State::Initiated | State::InFlight { .. } | State::PendingConfirmation { .. } => false,
            State::AwaitingCustomer { .. }
            | State::Settled { .. }
            | State::Failed { .. }
            | State::NeedsReview { .. } => true,
        }
    }

    fn is_overtaken(&self, attempt: Option<u32>) -> bool {
        attempt.is_some_and(|attempt| attempt != self.intent.attempts)
    }

    fn next_at(&self, now: Timestamp, floor: Millis, entropy: &mut Entropy) -> Timestamp {
        // The attempt to come: one setback leads to attempt 2. A hint counts as part of the delay before it, which
        // only makes the next draw wider.
        let attempt = self.intent.setbacks.saturating_add(2);
        let delay = retry::delay(&self.settings.retry, attempt, self.intent.previous_delay, entropy);
        // Patience in proportion: what stayed unknown for hours is not asked for every thirty seconds.
        let unknown_for = self.intent.first_sent_at.map_or(Millis::ZERO, |first| now.since(first));
        let patience = Millis::new((unknown_for.get() >> PATIENCE_SHIFT).min(PATIENCE_MAX.get()));
        let next = now.saturating_add(floor.max(patience).saturating_add(delay));
        // A hint of years must not carry an intent past the moment at which a person is asked.
        next.min(self.intent.deadline_at.max(now))
    }

    fn append(&mut self, entry: Entry) {
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
    key::derive(secret, identity, profile.key.form)
}
