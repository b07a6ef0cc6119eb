//! Customers click twice, come back, try again after "failed", and sometimes repeat a reference with another amount.

use super::event::{CustomerId, Event, Introducer, Life, Name, Parent, Pending, Purpose, Seat, Told};
use super::life::{HOUR, MINUTE, SECOND, World};
use super::store::IntentWrite;
use crate::payments::{Entry, Machine, Outcome, Progress, Proof, Request, Safeguard};
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
        self.introduce(now, life, Introducer::Customer(id));
    }

    /// Opens the intent, or compares the call with what is stored.
    pub(super) fn introduce(&mut self, now: u64, life: Life, whom: Introducer) {
        let Some((name, request, again)) = self.wanted(&whom) else { return };
        let shown = self.shown(life.seat, now);
        let Some(record) = self.store.intent(&name) else {
            let opened = self.stage.open(life.seat, request, shown);
            // Whoever put an older copy in place says so: nobody knows since when this has been wanted.
            let opened = opened.and_then(|machine| {
                if self.is_rewound { machine.wanted_since(Timestamp::MIN) } else { Ok(machine) }
            });
            return match opened {
                Ok(machine) => self.plan_introduction(now, life, whom, &machine, (name, 0)),
                Err(error) => self.auditor.blame(now, "I1", format!("{name} cannot be opened: {error:?}")),
            };
        };
        let version = record.version;
        let Ok(mut machine) = self.load(life.seat, &record.journal) else {
            return self.auditor.blame(now, "I5", format!("the journal of {name} cannot be loaded"));
        };
        if machine.check_same(&request).is_err() {
            // Refused before anything is sent; the agent gives up.
            self.trace.line(now, life.seat, || format!("{name} refused: other content"));
            if let Introducer::Customer(id) = whom {
                self.done(id);
            }
            return;
        }
        let failed = machine.intent().outcome() == Outcome::Failed;
        if again && failed && machine.reopen(&self.stage.secret, shown).is_ok() {
            return self.plan_introduction(now, life, whom, &machine, (name, version));
        }
        let open = machine.intent().outcome() == Outcome::PendingConfirmation;
        if open && self.stage.safeguards.broken(Safeguard::Proof) {
            return self.rekey(now, life, whom, &machine, (name, version));
        }
        self.introduced(now, life, whom);
    }

    /// What is to be there, and whether to begin again after a failure.
    fn wanted(&self, whom: &Introducer) -> Option<(Name, Request, bool)> {
        match whom {
            Introducer::Customer(id) => {
                let customer = self.customers.get(*id)?;
                Some((customer.name.clone(), customer.request.clone(), customer.retry_failed))
            }
            Introducer::Parent(parent) => {
                let Parent { errand, reversal } = &**parent;
                let journal = &self.store.intent(&errand.name)?.journal;
                let machine = self.load(errand.life.seat, journal).ok()?;
                let again = matches!(reversal.progress, Progress::Open { again: true });
                Some((reversal.reference.as_str().into(), machine.reversal_request(reversal), again))
            }
        }
    }

    fn plan_introduction(
        &mut self,
        now: u64,
        life: Life,
        whom: Introducer,
        machine: &Machine,
        (name, expected): (Name, u64),
    ) {
        let append = machine.new_entries().to_vec();
        let before = self.unfenced(&name);
        let wake_at = machine.wake_at().map(Timestamp::unix_ms);
        let write = IntentWrite { name, expected, append, wake_at, before };
        let purpose = Purpose::Introduce { life, whom };
        self.plan_commit(now, Pending { purpose, intents: vec![write], claims: Vec::new(), decided_at: now });
    }

    /// The mutant that makes a new key because the customer is impatient, as a client does that has no proofs.
    fn rekey(
        &mut self,
        now: u64,
        life: Life,
        whom: Introducer,
        machine: &Machine,
        (name, expected): (Name, u64),
    ) {
        let epoch = machine.intent().epoch.saturating_add(1);
        let key = glued(&[&machine.intent().key, "-", &epoch.digits()]);
        let at = self.shown(life.seat, now);
        let reopened = Entry::Reopened { at, epoch, key, proof: Proof::Refused, deadline_at: None };
        let before = self.unfenced(&name);
        let write = IntentWrite { name, expected, append: vec![reopened], wake_at: Some(now), before };
        let purpose = Purpose::Introduce { life, whom };
        self.plan_commit(now, Pending { purpose, intents: vec![write], claims: Vec::new(), decided_at: now });
    }

    /// The intent is stored: it is driven while somebody waits.
    pub(super) fn introduced(&mut self, now: u64, life: Life, whom: Introducer) {
        match &whom {
            Introducer::Customer(id) => {
                let waiting = self.customers.get(*id).filter(|customer| customer.is_waiting);
                let Some(name) = waiting.map(|customer| customer.name.clone()) else { return };
                self.join(now, life, &name, Some(whom));
            }
            Introducer::Parent(_) => {
                let Some((name, ..)) = self.wanted(&whom) else { return };
                self.join(now, life, &name, Some(whom));
            }
        }
    }

    /// A customer no longer wants what he asked for.
    pub(super) fn want_no_more(&mut self, now: u64, id: CustomerId, seat: Seat) {
        let life = self.seat(seat).life;
        let Some(name) = self.customers.get(id).map(|customer| customer.name.clone()) else { return };
        if self.is_alive(life) {
            self.cancel(now, life, &name);
        }
    }

    /// The wish to cancel is stored. Whoever drives the intent finds it there.
    pub(super) fn cancel(&mut self, now: u64, life: Life, name: &Name) {
        let Some(record) = self.store.intent(name) else { return };
        let expected = record.version;
        let Ok(mut machine) = self.load(life.seat, &record.journal) else { return };
        let shown = self.shown(life.seat, now);
        machine.cancel(shown);
        let append = machine.new_entries().to_vec();
        self.trace.line(now, life.seat, || format!("{name} is to be cancelled: {} entries", append.len()));
        if append.is_empty() {
            return;
        }
        let wake_at = machine.wake_at().map(Timestamp::unix_ms);
        let before = self.unfenced(name);
        let mut intents = self.children(life.seat, &machine, &append, shown);
        intents.insert(0, IntentWrite { name: name.clone(), expected, append, wake_at, before });
        let purpose = Purpose::Cancel { life, name: name.clone() };
        self.plan_commit(now, Pending { purpose, intents, claims: Vec::new(), decided_at: now });
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
