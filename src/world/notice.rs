//! A webhook's event changes an intent once: its claim and the change are one write.
//!
//! Each delivery is signed, and goes through the real verifier and the real inbox, in the mode that shares the write.

use super::auditor::claim_key;
use super::event::{Event, Life, Notice, Pending, Purpose, Seat};
use super::life::{HOUR, SECOND, World};
use super::stage::WEBHOOK_SECRET;
use super::store::{ClaimWrite, IntentWrite};
use crate::inbox::{self, Arrival, Decision, Slot};
use crate::json;
use crate::prelude::*;
use crate::time::{Millis, Timestamp};
use crate::webhook::{self, HeaderValue};

/// How often a provider delivers before it gives up: for three days, as Stripe does.
const DELIVERIES_MAX: u32 = 30;

/// For how long the inbox remembers: longer than any provider repeats.
const KEEP: Millis = Millis::from_seconds(30 * 24 * 3_600);

impl World<'_> {
    /// An event of the provider begins its way, or ways, to the merchant.
    pub(super) fn publish(&mut self, now: u64, notice: Option<Notice>) {
        let Some(notice) = notice else { return };
        let (dice, conditions) = (&mut self.chaos.notices, &self.stage.conditions);
        let lost = dice.strikes(conditions.notice_lost_ppm);
        let late = dice.strikes(conditions.notice_late_ppm);
        let twice = dice.strikes(conditions.notice_twice_ppm);
        let forged = dice.strikes(conditions.notice_forged_ppm);
        let (low, high) = if late { conditions.notice_late_ms } else { (1, 10 * SECOND) };
        let (first, second) = (dice.between(low, high), dice.between(low, high));
        if forged {
            let id = glued(&[&notice.id, "_forged"]);
            let forged = Notice { id, is_forged: true, ..notice.clone() };
            self.agenda.plan(now.saturating_add(second), Event::Notice(forged));
        }
        if lost {
            return;
        }
        if twice {
            self.agenda.plan(now.saturating_add(second), Event::Notice(notice.clone()));
        }
        self.agenda.plan(now.saturating_add(first), Event::Notice(notice));
    }

    /// A webhook reaches whichever process is up.
    pub(super) fn deliver(&mut self, now: u64, notice: Notice) {
        let notice = Notice { deliveries: notice.deliveries.saturating_add(1), ..notice };
        let first = if self.chaos.notices.chooses(500_000) { Seat::First } else { Seat::Second };
        let up = [first, Seat::First, Seat::Second].into_iter().find(|seat| self.seat(*seat).is_up);
        match up {
            Some(seat) => self.hear(now, self.seat(seat).life, notice),
            None => self.notice_again(now, notice),
        }
    }

    /// The merchant did not answer with success: the provider delivers again, later and later.
    pub(super) fn notice_again(&mut self, now: u64, notice: Notice) {
        if notice.is_forged || notice.deliveries >= DELIVERIES_MAX {
            return;
        }
        let shift = notice.deliveries.min(12);
        let wait_ms = (10 * SECOND).checked_shl(shift).unwrap_or(HOUR).min(4 * HOUR);
        self.agenda.plan(now.saturating_add(wait_ms), Event::Notice(notice));
    }

    /// A process hears a webhook: verifies it, asks the inbox, and stores claim and change together.
    pub(super) fn hear(&mut self, now: u64, life: Life, notice: Notice) {
        if !self.is_alive(life) {
            return self.notice_again(now, notice);
        }
        let shown = self.shown(life.seat, now);
        let Some(id) = self.verified(now, shown, &notice) else { return };
        let key = claim_key(&id);
        let (version, value) = self.store.claim(&key).unwrap_or_default();
        let slot = Slot { key: &key, version, value: (version > 0).then_some(value) };
        let arrival = Arrival {
            now: shown,
            received_at: shown,
            kind: None,
            claims: core::slice::from_ref(&slot),
            lease: None,
            keep: Some(KEEP),
            order: None,
        };
        let run = match inbox::decide(&arrival) {
            Ok(Decision::Run(run)) => run,
            Ok(_) => return,
            Err(error) => {
                return self.auditor.blame(now, "W1", format!("the inbox refused a claim: {error:?}"));
            }
        };
        let claims: Vec<ClaimWrite> = run
            .then
            .into_iter()
            .map(|write| ClaimWrite { key: write.key, expected: write.expected, value: write.value })
            .collect();
        let intents = self.changed(now, life, &notice).unwrap_or_default();
        let purpose = Purpose::Notice { life, notice };
        self.plan_commit(now, Pending { purpose, intents, claims, decided_at: now });
    }

    /// The id of a delivery that is genuine.
    fn verified(&mut self, now: u64, shown: Timestamp, notice: &Notice) -> Option<String> {
        let sent_at = Timestamp::from_unix_ms(now).unwrap_or(Timestamp::MAX);
        let secret = if notice.is_forged { "whsec_somebody_else" } else { WEBHOOK_SECRET };
        let body = notice.body.as_bytes();
        let signed = webhook::sign(&webhook::STRIPE_V1, secret, &notice.id, sent_at, body).ok()?;
        let headers: Vec<_> = signed.iter().map(|(name, value)| (*name, HeaderValue::Once(value))).collect();
        let request = webhook::Request { headers: &headers, url: None, body, now: shown };
        let verified = self.stage.verifier.verify(&request);
        if verified.is_err() && !notice.is_forged {
            self.auditor.blame(now, "W1", format!("a genuine delivery of {} was refused", notice.id));
        }
        verified.ok()?.events().first().map(|event| event.id.clone())
    }

    /// What the event changes in the intent it is about, with the intents that follow from it.
    fn changed(&mut self, now: u64, life: Life, notice: &Notice) -> Option<Vec<IntentWrite>> {
        let document = json::parse(notice.body.as_bytes()).ok()?;
        let object = document.get("data")?.get("object")?;
        let name = object.get("reference")?.as_str()?.into();
        let record = self.store.intent(&name)?;
        let mut machine = self.load(life.seat, &record.journal).ok()?;
        let shown = self.shown(life.seat, now);
        let expected = record.version;
        let before = self.unfenced(&name);
        machine.handle_webhook(shown, object, self.chaos.jitter.entropy()).ok()?;
        let append = machine.new_entries().to_vec();
        self.trace.line(now, life.seat, || format!("{name} hears {}: {} entries", notice.id, append.len()));
        if append.is_empty() {
            return None;
        }
        let wake_at = machine.wake_at().map(Timestamp::unix_ms);
        let mut writes = self.children(life.seat, &machine, &append, shown);
        writes.insert(0, IntentWrite { name, expected, append, wake_at, before });
        Some(writes)
    }
}
