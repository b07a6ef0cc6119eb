//! Customers click twice, come back, try again after "failed", and sometimes repeat a reference with another amount.

use super::event::{CustomerId, Event, Life, Name, Pending, Purpose, Seat, Told};
use super::life::{HOUR, MINUTE, SECOND, World};
use super::store::IntentWrite;
use crate::payments::{Machine, Outcome, Request, Safeguard};
use crate::prelude::*;
use crate::time::Timestamp;

/// How often one customer calls at most: people give up.
const CALLS_MAX: u32 = 12;

/// How often one customer tries again after "failed".
const TRIES_AGAIN_MAX: u32 = 3;

/// Whoever calls: a customer's browser, a job, an agent.
#[derive(Clone, Debug)]
pub(super) struct Customer {
    pub(super) name: Name,
    /// What he asks for.
    request: Request,
    /// Whether his next call asks for a new attempt after "failed".
    retry_failed: bool,
    calls: u32,
    tries_again: u32,
    /// Rises with every call, so that the patience of an earlier one ends nothing.
    episode: u32,
    is_waiting: bool,
}

impl Customer {
    pub(super) fn new(name: Name, request: Request) -> Self {
        let (retry_failed, is_waiting) = (false, false);
        Self { name, request, retry_failed, calls: 0, tries_again: 0, episode: 0, is_waiting }
    }
}

impl World<'_> {
    /// A customer's call reaches a process.
    pub(super) fn call(&mut self, now: u64, id: CustomerId, seat: Seat) {
        let Some(customer) = self.customers.get_mut(id).filter(|customer| !customer.is_waiting) else {
            return;
        };
        customer.is_waiting = true;
        customer.calls = customer.calls.saturating_add(1);
        customer.episode = customer.episode.saturating_add(1);
        let episode = customer.episode;
        let life = self.seat(seat).life;
        if !self.is_alive(life) {
            return self.thrown(now, id);
        }
        let patience_ms = self.chaos.people.between(2 * SECOND, 40 * SECOND);
        let event = Event::Impatience { life, customer: id, episode };
        self.agenda.plan(now.saturating_add(patience_ms), event);
        self.introduce(now, life, id);
    }

    /// Opens the intent, or compares the call with what is stored.
    pub(super) fn introduce(&mut self, now: u64, life: Life, id: CustomerId) {
        let Some(customer) = self.customers.get(id) else { return };
        let (name, retry_failed) = (customer.name.clone(), customer.retry_failed);
        let shown = self.shown(life.seat, now);
        let Some(record) = self.store.intent(&name) else {
            let request = customer.request.clone();
            let (settings, secret) = (self.stage.settings.clone(), &self.stage.secret);
            let opened = Machine::open(self.stage.profile.clone(), settings, "eu", request, secret, shown);
            return match opened {
                Ok(machine) => self.plan_introduction(now, life, id, &machine, 0),
                Err(error) => self.auditor.blame(now, "I1", format!("{name} cannot be opened: {error:?}")),
            };
        };
        let Ok(mut machine) = self.stage.load(&record.journal) else {
            return self.thrown(now, id);
        };
        let version = record.version;
        if machine.check_same(&customer.request).is_err() {
            // Refused before anything is sent; the agent gives up.
            self.trace.line(now, life.seat, || format!("{name} refused: other content"));
            return self.done(id);
        }
        if retry_failed && machine.intent().outcome() == Outcome::Failed {
            if machine.reopen(&self.stage.secret, shown).is_ok() {
                return self.plan_introduction(now, life, id, &machine, version);
            }
        }
        self.introduced(now, life, id);
    }

    fn plan_introduction(&mut self, now: u64, life: Life, id: CustomerId, machine: &Machine, expected: u64) {
        let Some(name) = self.customers.get(id).map(|customer| customer.name.clone()) else { return };
        let before = self
            .stage
            .safeguards
            .broken(Safeguard::Fencing)
            .then(|| self.store.intent(&name).map(|record| record.journal.clone()).unwrap_or_default());
        let append = machine.new_entries().to_vec();
        let wake_at = machine.wake_at().map(Timestamp::unix_ms);
        let write = IntentWrite { name, expected, append, wake_at, before };
        let purpose = Purpose::Introduce { life, customer: id };
        self.plan_commit(now, Pending { purpose, intents: vec![write], claims: Vec::new(), decided_at: now });
    }

    /// The intent is stored: it is driven while the customer waits.
    pub(super) fn introduced(&mut self, now: u64, life: Life, id: CustomerId) {
        let Some(customer) = self.customers.get_mut(id) else { return };
        let name = customer.name.clone();
        if customer.is_waiting {
            self.join(now, life, &name, Some(id));
        }
    }

    /// A customer's patience is over.
    pub(super) fn lose_patience(&mut self, now: u64, life: Life, id: CustomerId, episode: u32) {
        let waits = |customer: &Customer| customer.is_waiting && customer.episode == episode;
        if self.customers.get(id).is_some_and(waits) && !self.leave(now, life, id) {
            self.thrown(now, id);
        }
    }

    /// The outcome is told, and the customer does what people do.
    ///
    /// `decided_at` is when the process read what it tells.
    pub(super) fn tell(&mut self, now: u64, id: CustomerId, told: &Told, decided_at: u64) {
        let Some(customer) = self.customers.get_mut(id) else { return };
        (customer.is_waiting, customer.retry_failed) = (false, false);
        let name = customer.name.clone();
        self.trace.global(now, || format!("customer {id} is told {} of {name}", told.outcome.name()));
        self.auditor.told(now, &name, told, decided_at, self.provider.books());
        let dice = &mut self.chaos.people;
        let (tries_again, comes_back) =
            (dice.chooses(self.stage.conditions.tries_again_ppm), dice.chooses(300_000));
        let (soon_ms, later_ms) =
            (dice.between(5 * SECOND, 10 * MINUTE), dice.between(10 * SECOND, 120 * MINUTE));
        let is_behind = self.auditor.is_behind(&name);
        let Some(customer) = self.customers.get_mut(id) else { return };
        let tries_again = tries_again && customer.tries_again < TRIES_AGAIN_MAX;
        match told.outcome {
            Outcome::Failed if tries_again || is_behind => {
                customer.retry_failed = true;
                customer.tries_again = customer.tries_again.saturating_add(1);
                self.plan_call(now.saturating_add(soon_ms), id);
            }
            Outcome::PendingConfirmation if comes_back => self.plan_call(now.saturating_add(later_ms), id),
            _ => {}
        }
    }

    /// The call ended in an exception: nobody knows what became of it, and most call again.
    pub(super) fn thrown(&mut self, now: u64, id: CustomerId) {
        let Some(customer) = self.customers.get_mut(id) else { return };
        customer.is_waiting = false;
        let dice = &mut self.chaos.people;
        let (again, wait_ms) = (dice.chooses(900_000), dice.between(SECOND, 30 * MINUTE));
        if again || self.is_rewound {
            self.plan_call(now.saturating_add(wait_ms), id);
        }
    }

    /// The store may have forgotten what this customer was told: his order is asked for once more.
    pub(super) fn ask_again(&mut self, now: u64, id: CustomerId) {
        let Some(customer) = self.customers.get_mut(id) else { return };
        let name = customer.name.clone();
        let tried_again = |customer: &Customer| customer.name == name && customer.tries_again > 0;
        let retry_failed = self.customers.iter().any(tried_again);
        let Some(customer) = self.customers.get_mut(id) else { return };
        (customer.is_waiting, customer.retry_failed) = (false, retry_failed);
        let wait_ms = self.chaos.people.between(SECOND, HOUR);
        self.plan_call(now.saturating_add(wait_ms), id);
    }

    fn done(&mut self, id: CustomerId) {
        if let Some(customer) = self.customers.get_mut(id) {
            customer.is_waiting = false;
        }
    }

    fn plan_call(&mut self, at: u64, id: CustomerId) {
        let seat = if self.chaos.people.chooses(500_000) { Seat::First } else { Seat::Second };
        let calls_max = if self.is_rewound { u32::MAX } else { CALLS_MAX };
        if self.customers.get(id).is_some_and(|customer| customer.calls < calls_max) {
            self.agenda.plan(at, Event::Call { customer: id, seat });
        }
    }
}
