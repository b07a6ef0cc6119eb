//! The gateway's state and the only operations that change it, in no dialect.
//!
//! Invariant: after each operation the books balance, every state that was entered has its event, and every refused
//! operation has left all of it as it was.

use alloc::collections::{BTreeMap, BTreeSet};

use super::Error;
use super::books::{Books, Entry, FEES, NETWORK, Posting, Side};
use super::faults::{Fault, Injected, Injector};
use super::idempotency::{Keys, Reply};
use super::ids::Ids;
use super::options::Options;
use super::payment::{AUTHORIZATION_LIFE, Order, PROCESSING_TIME, Payment, Script};
use super::settlement::{Kind, Names, Settlement};
use super::state::{Move, State};
use super::stripe;
use super::webhooks::{Content, Webhooks};
use crate::entropy::Entropy;
use crate::prelude::*;
use crate::time::{Millis, Timestamp};

/// Everything the gateway knows.
#[derive(Clone, Debug)]
pub(super) struct World {
    pub(super) seed: u64,
    pub(super) payments_max: usize,
    /// The latest moment seen. Time does not run backwards here, whatever the host's clock does.
    pub(super) clock: Timestamp,
    /// How many calls changed the gateway before this one.
    pub(super) step: u64,
    pub(super) ids: Ids,
    pub(super) payments: Vec<Payment>,
    /// The numbers of payments by their merchant's reference, oldest first.
    pub(super) by_reference: BTreeMap<String, Vec<usize>>,
    /// When something happens to a payment by itself.
    timers: BTreeSet<(Timestamp, usize)>,
    refunds: usize,
    pub(super) keys: Keys<Reply>,
    pub(super) books: Books,
    pub(super) webhooks: Webhooks,
    pub(super) settlement: Settlement,
    pub(super) injector: Injector,
    pub(super) truth: Vec<Injected>,
    pub(super) stripe: stripe::State,
}

/// The payment that was changed and the moment it is in now.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Receipt {
    pub(super) payment: usize,
    pub(super) moment: usize,
}

impl World {
    pub(super) fn new(options: &Options) -> Self {
        let root = Entropy::from_seed(options.seed);
        Self {
            seed: options.seed,
            payments_max: options.payments_max,
            clock: Timestamp::MIN,
            step: 0,
            ids: Ids::new(&root),
            payments: Vec::new(),
            by_reference: BTreeMap::new(),
            timers: BTreeSet::new(),
            refunds: 0,
            keys: Keys::default(),
            books: Books::default(),
            webhooks: Webhooks::default(),
            settlement: Settlement::default(),
            injector: Injector::new(&root, options.faults.clone()),
            truth: Vec::new(),
            stripe: stripe::State::default(),
        }
    }

    /// The payment of an id.
    ///
    /// # Errors
    ///
    /// [`Error::NotFound`].
    pub(super) fn find(&self, id: &str) -> Result<usize, Error> {
        const SHOWN_MAX: usize = 40;
        let number = self.ids.number("pay", id).filter(|number| *number < self.payments.len());
        number.ok_or_else(|| Error::NotFound { what: "payment", found: id.chars().take(SHOWN_MAX).collect() })
    }

    /// The name under which the merchant's records know a payment: its own reference, or our id.
    pub(super) fn reference(&self, payment: usize) -> String {
        let own = self.payments.get(payment).and_then(|payment| payment.order.reference.clone());
        own.unwrap_or_else(|| self.ids.id("pay", payment))
    }

    /// Takes an order through the card network as far as it goes at once.
    ///
    /// # Errors
    ///
    /// [`Error::Full`].
    pub(super) fn create(&mut self, order: Order, now: Timestamp) -> Result<Receipt, Error> {
        if self.payments.len() >= self.payments_max {
            return Err(Error::Full { what: "payments", limit: self.payments_max });
        }

        // From here on the payment is accepted.
        let payment = self.payments.len();
        let _ = self.books.open(&order.merchant_id);
        if let Some(reference) = &order.reference {
            self.by_reference.entry(reference.clone()).or_default().push(payment);
        }
        let script = order.script;
        self.payments.push(Payment::new(order, now));
        self.announce(payment, now);
        self.step(payment, Move::Submit, now)?;
        match script {
            Script::Approve => self.approve(payment, now)?,
            Script::Decline(_) => self.step(payment, Move::Decline, now)?,
            Script::Linger => {
                let _ = self.timers.insert((now.saturating_add(PROCESSING_TIME), payment));
            }
        }
        self.receipt(payment)
    }

    /// Captures a part, or all.
    ///
    /// # Errors
    ///
    /// [`Error::InvalidTransition`], [`Error::AmountExceedsRest`].
    pub(super) fn capture(
        &mut self,
        payment: usize,
        asked: Option<u64>,
        now: Timestamp,
    ) -> Result<Receipt, Error> {
        self.take(payment, Move::Capture, asked, now)?;
        self.receipt(payment)
    }

    /// Releases a hold.
    ///
    /// # Errors
    ///
    /// [`Error::InvalidTransition`].
    pub(super) fn void(&mut self, payment: usize, now: Timestamp) -> Result<Receipt, Error> {
        self.step(payment, Move::Void, now)?;
        self.receipt(payment)
    }

    /// Gives back a part, or all that is left.
    ///
    /// # Errors
    ///
    /// [`Error::InvalidTransition`], [`Error::AmountExceedsRest`].
    pub(super) fn refund(
        &mut self,
        payment: usize,
        asked: Option<u64>,
        now: Timestamp,
    ) -> Result<Receipt, Error> {
        let number = self.refunds;
        let minor = self.payment_mut(payment)?.refund(number, asked, now)?;

        // From here on the money moves.
        self.refunds = number.saturating_add(1);
        self.post(payment, "refund", (Side::Credit, Side::Debit), minor, 0, now)?;
        self.settle(payment, Kind::Refund(number), minor, 0, now);
        self.announce(payment, now);
        self.receipt(payment)
    }

    /// Does everything that happens by itself up to and with `now`, each at its own moment.
    pub(super) fn catch_up(&mut self, now: Timestamp) -> Result<(), Error> {
        while let Some(at) = self.next_moment().filter(|at| *at <= now) {
            if self.stripe.next_timer() == Some(at) {
                stripe::run_due(self)?;
                continue;
            }
            let Some((at, payment)) = self.timers.pop_first() else { break };
            match self.payments.get(payment).map(|payment| payment.now().state) {
                Some(State::Processing) => self.approve(payment, at)?,
                Some(State::Authorized) => self.step(payment, Move::Expire, at)?,
                // Captured or voided in time: the timer has nothing left to do.
                _ => {}
            }
        }
        self.webhooks.give_up_silent(now);
        self.keys.prune(now);
        self.stripe.prune(now);
        Ok(())
    }

    /// When something happens by itself next, deliveries apart.
    pub(super) fn next_timer(&self) -> Option<Timestamp> {
        [self.next_moment(), self.webhooks.next_silence()].into_iter().flatten().min()
    }

    /// When something happens by itself next in one of the dialects.
    fn next_moment(&self) -> Option<Timestamp> {
        let native = self.timers.first().map(|(at, _)| *at);
        [native, self.stripe.next_timer()].into_iter().flatten().min()
    }

    /// Appends to the ground truth.
    pub(super) fn confess(&mut self, injected: Injected, at: Timestamp) {
        self.truth.push(Injected { seed: self.seed, step: self.step, at: at.unix_ms(), ..injected });
    }

    /// The settlement report.
    pub(super) fn settlement_csv(&self) -> String {
        self.settlement.csv(|number, transaction| {
            let reference = self.reference(transaction.payment);
            let (id, parent) = match transaction.kind {
                Kind::Charge => (self.ids.id("pay", transaction.payment), None),
                Kind::Refund(refund) => (self.ids.id("re", refund), Some(reference.clone())),
            };
            Names { reference, id, parent, foreign: self.ids.alien("pay", number) }
        })
    }

    fn payment_mut(&mut self, payment: usize) -> Result<&mut Payment, Error> {
        self.payments.get_mut(payment).ok_or(Error::Bug { what: "a payment number names no payment" })
    }

    fn receipt(&self, payment: usize) -> Result<Receipt, Error> {
        let found =
            self.payments.get(payment).ok_or(Error::Bug { what: "a payment number names no payment" })?;
        Ok(Receipt { payment, moment: found.latest() })
    }

    fn step(&mut self, payment: usize, by: Move, at: Timestamp) -> Result<(), Error> {
        self.payment_mut(payment)?.step(by, at)?;
        self.announce(payment, at);
        Ok(())
    }

    /// The network says yes: the money is taken, or held for a later capture.
    fn approve(&mut self, payment: usize, at: Timestamp) -> Result<(), Error> {
        if self.payment_mut(payment)?.order.capture {
            return self.take(payment, Move::Complete, None, at);
        }
        let _ = self.timers.insert((at.saturating_add(AUTHORIZATION_LIFE), payment));
        self.step(payment, Move::Authorize, at)
    }

    fn take(&mut self, payment: usize, by: Move, asked: Option<u64>, at: Timestamp) -> Result<(), Error> {
        let (minor, fee) = self.payment_mut(payment)?.take(by, asked, at)?;

        // From here on the money moves.
        self.post(payment, "capture", (Side::Debit, Side::Credit), minor, fee, at)?;
        self.settle(payment, Kind::Charge, minor, fee, at);
        self.announce(payment, at);
        Ok(())
    }

    /// Writes an entry between the network and the merchant, and the fee the merchant pays out of it.
    fn post(
        &mut self,
        payment: usize,
        cause: &'static str,
        (network, merchant): (Side, Side),
        minor: u64,
        fee: u64,
        at: Timestamp,
    ) -> Result<(), Error> {
        let order = &self.payment_mut(payment)?.order;
        let (name, currency) = (order.merchant_id.clone(), order.amount.currency());
        let (account, fees) = (self.books.open(&name), self.books.open(FEES));
        let mut postings = vec![
            Posting { account: self.books.open(NETWORK), side: network, minor },
            Posting { account, side: merchant, minor },
        ];
        if fee > 0 {
            postings.push(Posting { account, side: Side::Debit, minor: fee });
            postings.push(Posting { account: fees, side: Side::Credit, minor: fee });
        }
        self.books.post(Entry { at, cause, payment, currency, postings })
    }

    fn settle(&mut self, payment: usize, kind: Kind, minor: u64, fee: u64, at: Timestamp) {
        let Some(currency) = self.payments.get(payment).map(|payment| payment.order.amount.currency()) else {
            return;
        };
        let number = self.settlement.transactions().len();
        let reference = self.reference(payment);
        let drift = self.settlement.record(
            payment,
            kind,
            (minor, fee, currency),
            at,
            (&reference, &mut self.injector),
        );
        let Some(drift) = drift else { return };
        let own = match kind {
            Kind::Charge => self.ids.id("pay", payment),
            Kind::Refund(refund) => self.ids.id("re", refund),
        };
        // A foreign row stands under a name of its own, which is what a reconciler will report.
        let foreign = drift.fault == Fault::SettlementForeign.name();
        let alien = self.ids.alien("pay", number);
        let (objects, reference) =
            if foreign { (vec![alien.clone()], alien) } else { (vec![own], self.reference(payment)) };
        self.confess(Injected { objects, reference: Some(reference), ..drift }, at);
    }

    /// Writes the event of the state a payment has just entered and schedules its deliveries.
    fn announce(&mut self, payment: usize, at: Timestamp) {
        let Some(found) = self.payments.get(payment) else { return };
        let (state, moment) = (found.now().state, found.latest());
        let event = self.webhooks.record(at, payment, moment);
        let wanted = |wants: &BTreeSet<State>| wants.is_empty() || wants.contains(&state);
        let endpoints: Vec<usize> = self
            .webhooks
            .endpoints()
            .iter()
            .enumerate()
            .filter(|(_, endpoint)| wanted(&endpoint.wants))
            .map(|(number, _)| number)
            .collect();
        for endpoint in endpoints {
            self.post_event(event, endpoint, payment, state, at);
        }
    }

    /// Schedules the delivery of one event to one endpoint, and what the fault plan makes of it.
    fn post_event(&mut self, event: usize, endpoint: usize, payment: usize, state: State, at: Timestamp) {
        let subject = format!("{} {}", self.reference(payment), state.name());
        let occasion = self.injector.occasion("webhook", &subject, &Fault::OF_WEBHOOKS);
        let held_back = self.injector.strikes(&occasion, Fault::WebhookReorder);
        let delay =
            if held_back { self.injector.delay(&occasion, Fault::WebhookReorder) } else { Millis::ZERO };
        let parcel = self.webhooks.schedule(Content::Genuine(event), endpoint, at.saturating_add(delay));
        if held_back {
            self.confess_webhook(Fault::WebhookReorder, event, payment, parcel, at);
        }
        if self.injector.strikes(&occasion, Fault::WebhookDuplicate) {
            let delay = self.injector.delay(&occasion, Fault::WebhookDuplicate);
            let copy = self.webhooks.schedule(Content::Genuine(event), endpoint, at.saturating_add(delay));
            self.confess_webhook(Fault::WebhookDuplicate, event, payment, copy, at);
        }
        // Only money is worth forging.
        if state == State::Completed && self.injector.strikes(&occasion, Fault::WebhookForged) {
            let parcel = self.webhooks.schedule(Content::Forged(event), endpoint, at);
            let objects = vec![
                self.ids.alien("evt", event),
                self.ids.alien("pay", payment),
                self.ids.id("dlv", parcel),
            ];
            let reference = Some(self.reference(payment));
            self.confess(Injected { objects, reference, ..Injected::of(Fault::WebhookForged) }, at);
        }
    }

    /// Whom an event is about, in words that do not depend on the order in which payments came in.
    pub(super) fn subject_of_event(&self, event: usize) -> Option<String> {
        let event = self.webhooks.events().get(event)?;
        let state = self.payments.get(event.payment)?.history(event.moment).last()?.state;
        Some(format!("{} {}", self.reference(event.payment), state.name()))
    }

    pub(super) fn confess_webhook(
        &mut self,
        fault: Fault,
        event: usize,
        payment: usize,
        parcel: usize,
        at: Timestamp,
    ) {
        let objects =
            vec![self.ids.id("evt", event), self.ids.id("pay", payment), self.ids.id("dlv", parcel)];
        let reference = Some(self.reference(payment));
        self.confess(Injected { objects, reference, ..Injected::of(fault) }, at);
    }
}
