//! How news leaves the gateway: written down once, addressed to everybody who asked, sealed when an attempt begins.
//!
//! Invariant: what is delivered verifies with the endpoint's secret over exactly the bytes that are sent, unless the
//! ground truth says that this one was spoiled.

use super::exchange::Delivery;
use super::faults::{Fault, Injected};
use super::native;
use super::webhooks::{Content, Dialect, News, Outcome, Stage};
use super::world::World;
use crate::crypto::{Secret, sha256};
use crate::prelude::*;
use crate::time::{Millis, Timestamp};

/// The event types that announce money, which are the ones worth forging.
const WORTH_FORGING: [&str; 1] = ["payment.completed"];

impl World {
    /// Writes an event down, schedules its deliveries and returns its number.
    pub(super) fn publish(&mut self, at: Timestamp, account: usize, kind: &'static str, news: News) -> usize {
        let event = self.webhooks.record(at, account, kind, news);
        for endpoint in self.webhooks.audience(event) {
            self.post(event, endpoint, kind, at);
        }
        event
    }

    /// Schedules the delivery of one event to one endpoint, and what the fault plan makes of it.
    fn post(&mut self, event: usize, endpoint: usize, kind: &'static str, at: Timestamp) {
        let subject = self.subject_of_event(event);
        let occasion = self.injector.occasion("webhook", &subject, &Fault::OF_WEBHOOKS);
        let held_back = self.injector.strikes(&occasion, Fault::WebhookReorder);
        let delay =
            if held_back { self.injector.delay(&occasion, Fault::WebhookReorder) } else { Millis::ZERO };
        let parcel = self.webhooks.schedule(Content::Genuine(event), endpoint, at.saturating_add(delay));
        if held_back {
            self.confess_webhook(Fault::WebhookReorder, parcel, at);
        }
        if self.injector.strikes(&occasion, Fault::WebhookDuplicate) {
            let delay = self.injector.delay(&occasion, Fault::WebhookDuplicate);
            let copy = self.webhooks.schedule(Content::Genuine(event), endpoint, at.saturating_add(delay));
            self.confess_webhook(Fault::WebhookDuplicate, copy, at);
        }
        if WORTH_FORGING.contains(&kind) && self.injector.strikes(&occasion, Fault::WebhookForged) {
            let parcel = self.webhooks.schedule(Content::Forged(event), endpoint, at);
            self.confess_webhook(Fault::WebhookForged, parcel, at);
        }
    }

    /// Begins the next attempt that does not vanish on its way.
    pub(super) fn begin_delivery(&mut self, now: Timestamp) -> Option<usize> {
        loop {
            let number = self.webhooks.begin(now)?;
            let Content::Genuine(event) = self.webhooks.parcel(number)?.content else { return Some(number) };
            let subject = self.subject_of_event(event);
            let occasion = self.injector.occasion("delivery", &subject, &[Fault::WebhookLost]);
            if !self.injector.strikes(&occasion, Fault::WebhookLost) {
                return Some(number);
            }
            self.webhooks.end(number, Outcome::NoAnswer, now);
            self.confess_webhook(Fault::WebhookLost, number, now);
        }
    }

    /// What is sent for a delivery in flight, signed as of `signed_at_s`.
    pub(super) fn sealed(&self, number: usize, signed_at_s: u64) -> Option<Delivery> {
        let parcel = self.webhooks.parcel(number)?;
        let endpoint = self.webhooks.endpoint(parcel.endpoint)?;
        let (event_id, body) = match endpoint.dialect {
            Dialect::Native => native::webhook_body(self, parcel.content)?,
        };
        let keys: Vec<Secret> = match parcel.content {
            Content::Genuine(_) => {
                endpoint.secrets(self.clock).filter_map(|secret| endpoint.scheme.key(secret)).collect()
            }
            // A key nobody was given: the forger does not know the right one.
            Content::Forged(_) => vec![Secret::new(sha256(event_id.as_bytes()).to_vec())],
        };
        let mut headers = vec![
            ("content-type", "application/json".to_owned()),
            ("user-agent", "tillproof-simulator/1".to_owned()),
        ];
        headers.extend(endpoint.scheme.headers(&keys, &event_id, signed_at_s, &body));
        let until = match parcel.stage {
            Stage::InFlight { until } => until,
            Stage::Scheduled { .. } | Stage::Delivered { .. } | Stage::Dead { .. } => self.clock,
        };
        let (id, url) = (self.ids.id("dlv", number), endpoint.url.clone());
        Some(Delivery { id, url, headers, body, attempt: parcel.attempts.len(), until })
    }

    /// Whom an event is about, in words that do not depend on the order in which payments came in.
    fn subject_of_event(&self, event: usize) -> String {
        let Some(event) = self.webhooks.events().get(event) else { return String::new() };
        match event.news {
            News::Payment { payment, moment } => {
                let history = self.payments.get(payment).and_then(|payment| payment.history(moment).last());
                format!("{} {}", self.reference(payment), history.map_or("", |now| now.state.name()))
            }
        }
    }

    /// Appends to the ground truth what befell a delivery: the event, what it is about, the delivery.
    fn confess_webhook(&mut self, fault: Fault, parcel: usize, at: Timestamp) {
        let Some(content) = self.webhooks.parcel(parcel).map(|parcel| parcel.content) else { return };
        let Some(event) = self.webhooks.events().get(content.event()) else { return };
        let name = |prefix, number| match content {
            Content::Genuine(_) => self.ids.id(prefix, number),
            Content::Forged(_) => self.ids.alien(prefix, number),
        };
        let (object, reference) = match event.news {
            News::Payment { payment, .. } => (name("pay", payment), self.reference(payment)),
        };
        let objects = vec![name("evt", content.event()), object, self.ids.id("dlv", parcel)];
        self.confess(Injected { objects, reference: Some(reference), ..Injected::of(fault) }, at);
    }
}
