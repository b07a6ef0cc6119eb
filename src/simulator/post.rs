//! How news leaves the gateway: written down once, addressed to everybody who asked, and what the fault plan makes of it
//! on the way.
//!
//! Invariant: what is delivered verifies with the endpoint's secret over exactly the bytes that are sent, unless the
//! ground truth says that this one was spoiled.

use super::exchange::Delivery;
use super::faults::{Fault, Injected};
use super::seal::Spoil;
use super::stripe;
use super::webhooks::{Content, News, Outcome};
use super::world::World;
use crate::prelude::*;
use crate::time::{Millis, Timestamp};

/// The event types that announce money, which are the ones worth forging.
const WORTH_FORGING: [&str; 2] = ["payment.completed", "payment_intent.succeeded"];

/// An event type nobody has heard of, as its dialect would name one.
const fn unheard_of(news: &News) -> &'static str {
    match news {
        News::Payment { .. } => "payment.teleported",
        News::Payout { .. } => "payout.teleported",
        News::Stripe { .. } => "payment_intent.teleported",
    }
}

impl World {
    /// Writes an event down, and those the fault plan adds to it, and schedules their deliveries.
    pub(super) fn publish(&mut self, at: Timestamp, account: usize, kind: &'static str, news: News) {
        self.address(at, account, kind, news);
        if !self.injector.plan().has_any(&Fault::OF_EVENTS) {
            return;
        }
        let (subject, object) = (self.subject_of_news(&news), self.object_of_news(&news).0);
        let occasion = self.injector.occasion("event", &subject, &Fault::OF_EVENTS).at(kind);
        for (fault, kind) in [(Fault::WebhookTwin, kind), (Fault::WebhookUnknown, unheard_of(&news))] {
            if self.injector.strikes(&occasion, fault) {
                let more = match news {
                    News::Payment { .. } | News::Payout { .. } => news,
                    News::Stripe { event } => News::Stripe { event: stripe::tell_again(self, event, kind) },
                };
                let told = self.address(at, account, kind, more);
                let id = match (more, told) {
                    (News::Stripe { event }, _) => Some(event),
                    (News::Payment { .. } | News::Payout { .. }, told) => told,
                };
                let objects = id.map(|number| self.ids.id(more.prefix(), number)).into_iter();
                let (_, reference) = self.object_of_news(&news);
                let objects = objects.chain([object.clone()]).collect();
                self.confess(Injected { objects, reference, ..Injected::of(fault) }, at);
            }
        }
    }

    /// Writes one event down, schedules its deliveries and returns its number. What nobody asked for is written down only
    /// where the post office is the only one to know of it.
    fn address(&mut self, at: Timestamp, account: usize, kind: &'static str, news: News) -> Option<usize> {
        let audience = self.webhooks.audience(account, kind, news);
        if audience.is_empty() && matches!(news, News::Stripe { .. }) {
            return None;
        }
        let event = self.webhooks.record(at, account, kind, news);
        for endpoint in audience {
            self.post(event, endpoint, kind, at);
        }
        Some(event)
    }

    /// Schedules the delivery of one event to one endpoint, and what the fault plan makes of it.
    fn post(&mut self, event: usize, endpoint: usize, kind: &'static str, at: Timestamp) {
        if !self.injector.plan().has_any(&Fault::OF_WEBHOOKS) {
            let _ = self.webhooks.schedule(Content::Genuine(event), endpoint, at);
            return;
        }
        let subject = self.subject_of_event(event);
        let occasion = self.injector.occasion("webhook", &subject, &Fault::OF_WEBHOOKS).at(kind);
        let mut wait = Millis::ZERO;
        let mut befell = Vec::new();
        for fault in [Fault::WebhookReorder, Fault::WebhookDelay, Fault::WebhookLate, Fault::WebhookNever] {
            if self.injector.strikes(&occasion, fault) {
                befell.push(fault);
                if fault != Fault::WebhookNever {
                    wait = wait.max(self.injector.delay(&occasion, fault));
                }
            }
        }
        let parcel = self.webhooks.schedule(Content::Genuine(event), endpoint, at.saturating_add(wait));
        for fault in befell {
            match fault {
                Fault::WebhookLate => {
                    let (object, _) = self.object_of_event(event);
                    self.webhooks.hold(&object, parcel);
                }
                Fault::WebhookNever => self.webhooks.doom(parcel),
                _ => {}
            }
            self.confess_delivery(fault, parcel, at);
        }
        if self.injector.strikes(&occasion, Fault::WebhookDuplicate) {
            let delay = self.injector.delay(&occasion, Fault::WebhookDuplicate);
            let copy = self.webhooks.schedule(Content::Genuine(event), endpoint, at.saturating_add(delay));
            self.confess_delivery(Fault::WebhookDuplicate, copy, at);
        }
        if WORTH_FORGING.contains(&kind) && self.injector.strikes(&occasion, Fault::WebhookForged) {
            let parcel = self.webhooks.schedule(Content::Forged(event), endpoint, at);
            self.confess_delivery(Fault::WebhookForged, parcel, at);
        }
    }

    /// Begins the next attempt that does not vanish on its way, and seals it as of `signed_at_s`.
    pub(super) fn next_delivery(&mut self, now: Timestamp, signed_at_s: u64) -> Option<Delivery> {
        loop {
            let number = self.webhooks.begin(now)?;
            match self.spoil_of_attempt(number, now) {
                Some(spoil) => return self.sealed(number, signed_at_s, spoil),
                None => self.webhooks.end(number, Outcome::NoAnswer, now),
            }
        }
    }

    /// What befalls an attempt that has begun; `None` when it vanishes.
    fn spoil_of_attempt(&mut self, number: usize, now: Timestamp) -> Option<Spoil> {
        let parcel = self.webhooks.parcel(number)?;
        let (content, endpoint, is_doomed) = (parcel.content, parcel.endpoint, parcel.is_doomed);
        let Content::Genuine(event) = content else { return Some(Spoil::None) };
        if is_doomed || self.webhooks.is_down(endpoint, now) {
            return None;
        }
        if !self.injector.plan().has_any(&Fault::OF_ATTEMPTS) {
            return Some(Spoil::None);
        }
        let kind = self.webhooks.events().get(event).map_or("", |event| event.kind);
        let subject = self.subject_of_event(event);
        let occasion = self.injector.occasion("delivery", &subject, &Fault::OF_ATTEMPTS).at(kind);
        let mut spoil = Some(Spoil::None);
        for fault in Fault::OF_ATTEMPTS {
            if !self.injector.strikes(&occasion, fault) {
                continue;
            }
            match fault {
                Fault::WebhookOutage => {
                    let until = now.saturating_add(self.injector.delay(&occasion, fault));
                    self.webhooks.take_down(endpoint, until);
                    spoil = None;
                }
                Fault::WebhookLost => spoil = None,
                // It is told when the answer comes, for only then it did any harm.
                Fault::WebhookTimeout => {
                    self.webhooks.ignore_answer(number);
                    continue;
                }
                // An attempt is spoiled in one way, and one that vanished in none.
                other if spoil == Some(Spoil::None) => spoil = Some(Spoil::of(other)),
                _ => continue,
            }
            self.confess_delivery(fault, number, now);
        }
        spoil
    }

    /// Takes the report of an attempt.
    pub(super) fn end_delivery(&mut self, number: usize, outcome: Outcome, now: Timestamp) {
        let is_ignored = self.webhooks.is_ignored(number) && matches!(outcome, Outcome::Answered(200..=299));
        if is_ignored {
            self.confess_delivery(Fault::WebhookTimeout, number, now);
        }
        self.webhooks.end(number, if is_ignored { Outcome::NoAnswer } else { outcome }, now);
    }

    /// Whom an event is about, in words that do not depend on the order in which payments came in.
    fn subject_of_event(&self, event: usize) -> String {
        self.webhooks.events().get(event).map_or_else(String::new, |event| self.subject_of_news(&event.news))
    }

    fn subject_of_news(&self, news: &News) -> String {
        match *news {
            News::Payment { payment, moment } => {
                let history = self.payments.get(payment).and_then(|payment| payment.history(moment).last());
                format!("{} {}", self.reference(payment), history.map_or("", |now| now.state.name()))
            }
            News::Payout { payout, state } => format!("{} {}", self.ids.id("po", payout), state.name()),
            News::Stripe { event } => stripe::subject_of(self, event),
        }
    }

    /// The id of the object an event is about, and the name under which the merchant's records know it.
    fn object_of_event(&self, event: usize) -> (String, Option<String>) {
        let event = self.webhooks.events().get(event);
        event.map_or_else(Default::default, |event| self.object_of_news(&event.news))
    }

    fn object_of_news(&self, news: &News) -> (String, Option<String>) {
        match *news {
            News::Payment { payment, .. } => (self.ids.id("pay", payment), Some(self.reference(payment))),
            News::Payout { payout, .. } => (self.ids.id("po", payout), None),
            News::Stripe { event } => stripe::object_of(self, event),
        }
    }

    /// Appends to the ground truth what befell a delivery: the event, what it is about, the delivery.
    fn confess_delivery(&mut self, fault: Fault, parcel: usize, at: Timestamp) {
        let Some(content) = self.webhooks.parcel(parcel).map(|parcel| parcel.content) else { return };
        let Some(event) = self.webhooks.events().get(content.event()) else { return };
        let (object, reference) = self.object_of_news(&event.news);
        let number = event.number(content.event());
        let prefix = event.news.prefix();
        let objects = match content {
            Content::Genuine(_) => vec![self.ids.id(prefix, number), object],
            Content::Forged(_) => {
                let invented = match event.news {
                    News::Payment { payment, .. } => self.ids.alien("pay", payment),
                    News::Payout { payout, .. } => self.ids.alien("po", payout),
                    News::Stripe { event } => stripe::alien_of(self, event),
                };
                vec![self.ids.alien(prefix, number), invented]
            }
        };
        let objects = objects.into_iter().chain([self.ids.id("dlv", parcel)]).collect();
        self.confess(Injected { objects, reference, ..Injected::of(fault) }, at);
    }
}
