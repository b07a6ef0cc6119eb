//! One seed is one life: the same seed gives the same events, to the byte of the trace, on every platform.

use super::agenda::Agenda;
use super::auditor::{Auditor, Broken, Resolved};
use super::chaos::{Chaos, Dice};
use super::customer::Customer;
use super::event::{Event, Name, Seat};
use super::governed::Governed;
use super::process::Process;
use super::provider::Provider;
use super::stage::{Stage, request};
use super::store::Store;
use super::trace::Trace;
use super::verdict;
use crate::entropy::Entropy;
use crate::payments::Safeguard;
use crate::prelude::*;

pub(super) const SECOND: u64 = 1_000;
pub(super) const MINUTE: u64 = 60 * SECOND;
pub(super) const HOUR: u64 = 60 * MINUTE;

/// When every world begins: 2027-01-15T08:00:00Z. Early enough for any clock, late enough for any date.
const BEGINS_AT: u64 = 1_800_000_000_000;

/// More events than any life that comes to an end has.
const EVENTS_MAX: u64 = 200_000;

/// What one seed came to.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Life {
    /// Intents that exist.
    pub intents: u64,
    /// Charges in the provider's books.
    pub charges: u64,
    /// Intents with more than one charge that stands.
    pub doubles: u64,
    /// Charges that stand and were not called settled, and the contrary.
    pub losses: u64,
    /// Intents that have come to no end.
    pub unresolved: u64,
    /// Charges that were given back.
    pub reversed: u64,
    /// Requests to move money.
    pub sends: u64,
    /// Everything that happened.
    pub events: u64,
    /// How each doubt ended.
    pub resolved: Vec<Resolved>,
    /// The first invariant that was broken.
    pub broken: Option<Broken>,
    /// The decisions, one a line, where they were asked for.
    pub trace: Option<String>,
}

/// Everything there is.
#[derive(Debug)]
pub(super) struct World<'s> {
    pub(super) stage: &'s Stage,
    pub(super) agenda: Agenda,
    pub(super) chaos: Chaos,
    pub(super) provider: Provider,
    pub(super) store: Store,
    pub(super) first: Process,
    pub(super) second: Process,
    pub(super) customers: Vec<Customer>,
    pub(super) auditor: Auditor,
    pub(super) trace: Trace,
    outage: Option<(u64, u64)>,
    backup: Option<Store>,
    /// An older copy is in place: nobody is away for long until what it does not know was asked for again.
    pub(super) is_rewound: bool,
    /// Until then no process is started.
    pub(super) shut_until: u64,
}

/// Lives one seed to its end.
#[must_use]
pub fn live(stage: &Stage, seed: u64, traced: bool) -> Life {
    let mut world = World::new(stage, seed, traced);
    world.begin();
    let mut ended_at = BEGINS_AT;
    let mut events = 0_u64;
    while let Some((now, event)) = world.agenda.next() {
        if world.auditor.broken().is_some() {
            break;
        }
        events = events.saturating_add(1);
        if events > EVENTS_MAX {
            world.auditor.blame(now, "I8", "it never comes to rest".to_owned());
            break;
        }
        ended_at = now;
        world.happen(now, event);
    }
    Life { events, ..world.finish(ended_at) }
}

/// Lives a seed twice and compares the decisions: what differs did not come from the seed.
#[must_use]
pub fn lived_twice(stage: &Stage, seed: u64) -> Option<Broken> {
    let (first, second) = (live(stage, seed, true), live(stage, seed, true));
    let seen = "the same seed led to other decisions".to_owned();
    (first.trace != second.trace).then_some(Broken { invariant: "I11", seen, at_ms: 0 })
}

impl<'s> World<'s> {
    fn new(stage: &'s Stage, seed: u64, traced: bool) -> Self {
        let mut chaos = Chaos::of_seed(seed);
        if stage.safeguards.broken(Safeguard::Seed) {
            chaos.jitter = Dice::new(Entropy::from_seed(stage.disturbance()));
        }
        let mut skew = || {
            let drawn = chaos.machines.between(0, stage.conditions.skew_ms_max.saturating_mul(2));
            let middle = i64::try_from(stage.conditions.skew_ms_max).unwrap_or_default();
            i64::try_from(drawn).unwrap_or_default().saturating_sub(middle)
        };
        let (first, second) = (Process::new(Seat::First, skew()), Process::new(Seat::Second, skew()));
        let tolerance_ms = stage.conditions.skew_ms_max.saturating_mul(2);
        let copies_die = stage.conditions.request_late_ms.1 < stage.terms.quarantine.get();
        let usable_ms = stage.terms.usable_window().get();
        Self {
            stage,
            agenda: Agenda::default(),
            provider: Provider::new(stage.contract),
            store: Store::default(),
            first,
            second,
            customers: Vec::new(),
            auditor: Auditor::new(tolerance_ms, usable_ms, copies_die, stage.conditions.is_governed),
            trace: Trace::new(traced, BEGINS_AT),
            outage: None,
            backup: None,
            is_rewound: false,
            shut_until: 0,
            chaos,
        }
    }

    /// Plans what does not follow from anything else.
    fn begin(&mut self) {
        let conditions = &self.stage.conditions;
        let dice = &mut self.chaos.people;
        let second_order = dice.chooses(conditions.second_order_ppm);
        let double_click = dice.chooses(conditions.double_click_ppm);
        let other_content = dice.chooses(conditions.other_content_ppm);
        let cancelled = dice.chooses(conditions.cancelled_ppm);
        let cancel_ms = if dice.chooses(500_000) { dice.between(0, SECOND) } else { dice.between(0, HOUR) };
        let double_ms = dice.between(0, 30);
        let later_ms = dice.between(MINUTE, HOUR);
        let dice = &mut self.chaos.machines;
        // Older than the window, a copy is no help: its keys are forgotten, and what it does not know at all looks new.
        let restored_ms_max = (10 * HOUR).min(self.stage.terms.usable_window().get() / 2);
        let restored = dice.strikes(conditions.restored_ppm) && restored_ms_max > HOUR;
        let copied_ms = dice.between(0, 2 * MINUTE);
        let restored_ms = copied_ms.saturating_add(dice.between(SECOND, restored_ms_max));
        let dice = &mut self.chaos.provider;
        if dice.strikes(conditions.outage_ppm) {
            let from = BEGINS_AT.saturating_add(dice.between(0, HOUR)).saturating_sub(30 * MINUTE);
            let until = from.saturating_add(dice.between(conditions.outage_ms.0, conditions.outage_ms.1));
            self.outage = Some((from, until));
        }
        if restored {
            self.agenda.plan(BEGINS_AT.saturating_add(copied_ms), Event::Backup);
            self.agenda.plan(BEGINS_AT.saturating_add(restored_ms), Event::Restore);
        }
        self.agenda.plan(BEGINS_AT.saturating_add(conditions.heals_after_ms), Event::Heal);

        if self.is_governed() {
            (self.first.governed, self.second.governed) = (Governed::new(), Governed::new());
        }
        for number in 0..self.stage.conditions.crowd {
            let name = glued(&["crowd_", &number.digits()]);
            let at = BEGINS_AT.saturating_add(self.chaos.people.between(0, MINUTE));
            self.arrive_at_the_till(at, &name.as_str().into(), 1_000);
        }
        let order: Name = "order_1".into();
        self.arrive_at_the_till(BEGINS_AT, &order, 1_000);
        if cancelled {
            let at = BEGINS_AT.saturating_add(cancel_ms);
            self.agenda.plan(at, Event::Cancel { customer: 0, seat: Seat::First });
        }
        if double_click {
            self.arrive_at_the_till(BEGINS_AT.saturating_add(double_ms), &order, 1_000);
        }
        if second_order {
            // Two coffees: the same sum, wanted twice.
            self.arrive_at_the_till(BEGINS_AT.saturating_add(later_ms), &"order_2".into(), 1_000);
        }
        // A caller who contradicts himself and a store that forgets are too much at once: the first call would win.
        if other_content && !restored {
            self.arrive_at_the_till(BEGINS_AT.saturating_add(later_ms), &order, 999);
        }
    }

    fn arrive_at_the_till(&mut self, at: u64, name: &Name, amount: u64) {
        let Some(request) = request(name, amount) else {
            return self.auditor.blame(at, "I1", format!("{name} is no request"));
        };
        let customer = self.customers.len();
        self.customers.push(Customer::new(name.clone(), request));
        let seat = if self.chaos.people.chooses(500_000) { Seat::First } else { Seat::Second };
        self.agenda.plan(at, Event::Call { customer, seat });
    }

    fn happen(&mut self, now: u64, event: Event) {
        match event {
            Event::Call { customer, seat } => self.call(now, customer, seat),
            Event::Cancel { customer, seat } => self.want_no_more(now, customer, seat),
            Event::Impatience { life, customer, episode } => self.lose_patience(now, life, customer, episode),
            Event::Commit(pending) => self.commit(now, *pending),
            Event::Act(deed, decided_at) => {
                let (errand, action, told) = *deed;
                self.act(now, &errand, action, &told, decided_at);
            }
            Event::Wake(errand) => self.news(now, &errand, None),
            Event::News(heard) => {
                let (errand, news) = *heard;
                self.news(now, &errand, Some(news));
            }
            Event::Arrival(letter) => self.arrive(now, *letter),
            Event::Executed(letter) => self.executed(now, *letter),
            Event::Challenged { payment } => {
                let confirmed = self.chaos.people.chooses(700_000);
                let notice = self.provider.conclude(payment, confirmed);
                self.publish(now, notice);
            }
            Event::Notice(notice) => self.deliver(now, notice),
            Event::Sweep { life, planned } => self.sweep(now, life, planned),
            Event::Restart(seat) => self.restart(now, seat),
            Event::Backup => self.backup = Some(self.store.clone()),
            Event::Restore => self.restore(now),
            Event::Heal => self.chaos.heal(),
        }
    }

    /// The store is put back to an older copy, for which everything is stopped.
    fn restore(&mut self, now: u64) {
        let Some(copy) = self.backup.take() else { return };
        // Whoever restores a store asks again for every order, and soon: a key that is older than its row looks young.
        self.is_rewound = true;
        // Nobody begins before the provider shows what was done until now.
        self.shut_until = now.saturating_add(self.stage.conditions.query_lag_ms.1.max(MINUTE));
        for seat in Seat::BOTH {
            self.kill(now, self.seat(seat).life);
            self.agenda.plan(self.shut_until, Event::Restart(seat));
        }
        self.store = copy;
        self.auditor.restored(now, &self.store);
        for id in 0..self.customers.len() {
            self.ask_again(now, id);
        }
        self.trace.global(now, || "the store is that of before".to_owned());
    }

    pub(super) fn is_outage(&self, now: u64) -> bool {
        self.outage.is_some_and(|(from, until)| now >= from && now < until)
    }

    pub(super) const fn seat(&self, seat: Seat) -> &Process {
        match seat {
            Seat::First => &self.first,
            Seat::Second => &self.second,
        }
    }

    pub(super) const fn seat_mut(&mut self, seat: Seat) -> &mut Process {
        match seat {
            Seat::First => &mut self.first,
            Seat::Second => &mut self.second,
        }
    }

    fn finish(mut self, now: u64) -> Life {
        let ends = verdict::at_rest(now, &self.store, self.provider.books(), &mut self.auditor);
        let sends = self.auditor.sends();
        let (broken, resolved) = self.auditor.into_findings();
        let broken = broken.map(|broken| Broken { at_ms: broken.at_ms.saturating_sub(BEGINS_AT), ..broken });
        Life {
            intents: ends.intents,
            charges: ends.charges,
            doubles: ends.doubles,
            losses: ends.losses,
            unresolved: ends.unresolved,
            reversed: ends.reversed,
            sends,
            events: 0,
            resolved,
            broken,
            trace: self.trace.into_text(),
        }
    }
}
