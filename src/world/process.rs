//! A process of the merchant: nothing is done before it is stored, and whoever dies leaves no more than what was stored.
//!
//! This is the driver of `pkg/src/payments/client.ts` in virtual time: a drive loads, hears news, polls, stores by
//! compare-and-set and acts. Between any two of these it may die or stand still.

use alloc::collections::BTreeMap;

use super::auditor::Leaving;
use super::event::{CustomerId, Errand, Event, Letter, Life, Name, News, Pending, Purpose, Seat, Told};
use super::life::{MINUTE, SECOND, World};
use super::provider::key_of;
use super::store::IntentWrite;
use crate::payments::{Action, Machine, Safeguard, State};
use crate::prelude::*;
use crate::time::Timestamp;

/// How long the driver waits for an answer.
pub(super) const TIMEOUT_MS: u64 = 10 * SECOND;

/// By how much a lease outlives the time-out.
pub(super) const LEASE_SLACK_MS: u64 = 2 * SECOND;

/// How often a process looks for work.
const SWEEP_EVERY_MS: u64 = SECOND;

/// One process.
#[derive(Clone, Debug)]
pub(super) struct Process {
    pub(super) life: Life,
    pub(super) is_up: bool,
    /// By how much its clock is ahead, or behind.
    pub(super) skew_ms: i64,
    drives: BTreeMap<Name, Drive>,
    sweep_at: Option<u64>,
    steps: u64,
}

/// An intent that is driven.
#[derive(Clone, Debug, Default)]
struct Drive {
    step: u64,
    waiters: Vec<CustomerId>,
    is_paused: bool,
}

impl Process {
    pub(super) const fn new(seat: Seat, skew_ms: i64) -> Self {
        let life = Life { seat, number: 0 };
        Self { life, is_up: true, skew_ms, drives: BTreeMap::new(), sweep_at: None, steps: 0 }
    }

    /// What its clock shows.
    pub(super) const fn clock(&self, now: u64) -> u64 {
        now.saturating_add_signed(self.skew_ms)
    }

    /// When its clock shows `shown`.
    const fn true_time(&self, shown: u64) -> u64 {
        shown.saturating_add_signed(self.skew_ms.saturating_neg())
    }
}

impl World<'_> {
    pub(super) fn is_alive(&self, life: Life) -> bool {
        let process = self.seat(life.seat);
        process.is_up && process.life == life
    }

    fn is_current(&self, errand: &Errand) -> bool {
        self.is_alive(errand.life)
            && self
                .seat(errand.life.seat)
                .drives
                .get(&errand.name)
                .is_some_and(|drive| drive.step == errand.step)
    }

    /// The drive goes on: what its earlier steps planned is over.
    fn next_step(&mut self, errand: &Errand) -> Errand {
        let process = self.seat_mut(errand.life.seat);
        process.steps = process.steps.saturating_add(1);
        let step = process.steps;
        if let Some(drive) = process.drives.get_mut(&errand.name) {
            drive.step = step;
            drive.is_paused = false;
        }
        Errand { step, ..errand.clone() }
    }

    /// A customer waits for an intent; whoever drives it already goes on.
    pub(super) fn join(&mut self, now: u64, life: Life, name: &Name, customer: Option<CustomerId>) {
        let process = self.seat_mut(life.seat);
        let is_new = !process.drives.contains_key(name);
        let drive = process.drives.entry(name.clone()).or_default();
        drive.waiters.extend(customer);
        if is_new {
            let errand = Errand { life, name: name.clone(), step: 0 };
            let errand = self.next_step(&errand);
            self.step(now, errand, None);
        }
    }

    /// One round: load, hear the news, poll, and have what is new stored.
    pub(super) fn step(&mut self, now: u64, errand: Errand, news: Option<News>) {
        if !self.is_current(&errand) || self.dies(now, errand.life) {
            return;
        }
        let errand = self.next_step(&errand);
        let Some(record) = self.store.intent(&errand.name) else {
            return self.end(now, &errand, None, now);
        };
        let expected = record.version;
        let mut machine = match self.stage.load(&record.journal) {
            Ok(machine) => machine,
            Err(error) => {
                let seen = format!("the journal of {} cannot be loaded: {error:?}", errand.name);
                return self.auditor.blame(now, "I5", seen);
            }
        };
        // Without versions a store knows no appending: the whole journal is written.
        let before = self.stage.safeguards.broken(Safeguard::Fencing).then(|| record.journal.clone());
        let shown = self.shown(errand.life.seat, now);
        let entropy = self.chaos.jitter.entropy();
        match &news {
            None => {}
            Some(News::Answer { attempt, response, .. }) => {
                machine.handle_response(shown, *attempt, response, entropy);
            }
            Some(News::Failure { attempt, not_sent }) => {
                machine.handle_failure(shown, *attempt, *not_sent, entropy);
            }
            Some(News::Query(answer)) => machine.handle_query(shown, answer.as_ref(), entropy),
        }
        let action = machine.poll(shown, errand.life.seat.name());
        let told = told_of(&machine);
        let append = machine.new_entries().to_vec();
        self.trace.line(now, errand.life.seat, || {
            format!("{} {} -> {}", errand.name, news_name(news.as_ref()), action_name(&action))
        });
        if append.is_empty() {
            return self.plan_act(now, errand, action, told, now);
        }
        let wake_at = machine.wake_at().map(Timestamp::unix_ms);
        if self.stage.safeguards.broken(Safeguard::WriteFirst) {
            self.plan_act(now, errand.clone(), action.clone(), told.clone(), now);
        }
        let write = IntentWrite { name: errand.name.clone(), expected, append, wake_at, before };
        let purpose = Purpose::Step { errand: errand.clone(), news, action, told };
        self.plan_commit(now, Pending { purpose, intents: vec![write], claims: Vec::new(), decided_at: now });
    }

    /// The time of a process, as the machine takes it.
    pub(super) fn shown(&self, seat: Seat, now: u64) -> Timestamp {
        Timestamp::from_unix_ms(self.seat(seat).clock(now)).unwrap_or(Timestamp::MAX)
    }

    /// A write travels to the store; its process may stand still before.
    pub(super) fn plan_commit(&mut self, now: u64, pending: Pending) {
        let at = now.saturating_add(self.pause());
        self.agenda.plan(at, Event::Commit(Box::new(pending)));
    }

    fn plan_act(&mut self, now: u64, errand: Errand, action: Action, told: Told, decided_at: u64) {
        let at = now.saturating_add(self.pause());
        self.agenda.plan(at, Event::Act { errand, action, told, decided_at });
    }

    /// The time between two steps of a process: nearly nothing, unless it stands still.
    fn pause(&mut self) -> u64 {
        let (dice, conditions) = (&mut self.chaos.machines, &self.stage.conditions);
        let (low, high) = if dice.strikes(conditions.freeze_ppm) { conditions.freeze_ms } else { (0, 3) };
        dice.between(low, high)
    }

    /// A write reaches the store.
    pub(super) fn commit(&mut self, now: u64, pending: Pending) {
        let life = match &pending.purpose {
            Purpose::Step { errand, .. } => errand.life,
            Purpose::Introduce { life, .. } | Purpose::Notice { life, .. } => *life,
        };
        let gone = match &pending.purpose {
            Purpose::Step { errand, .. } if !self.stage.safeguards.broken(Safeguard::WriteFirst) => {
                !self.is_current(errand)
            }
            _ => !self.is_alive(life),
        };
        if gone || self.dies(now, life) {
            return;
        }
        let conditions = &self.stage.conditions;
        let dice = &mut self.chaos.machines;
        let failed = dice.strikes(conditions.store_failed_ppm);
        let unacknowledged = dice.strikes(conditions.store_unacknowledged_ppm);
        if failed {
            return self.store_is_gone(now, pending);
        }
        let done = if self.stage.safeguards.broken(Safeguard::Fencing) {
            self.store.overwrite(&pending.intents, &pending.claims);
            true
        } else {
            self.store.commit(&pending.intents, &pending.claims)
        };
        if !done {
            self.trace.line(now, life.seat, || "conflict".to_owned());
            return self.conflict(now, pending);
        }
        for write in &pending.intents {
            self.auditor.stored(now, &write.name, &write.append, write.wake_at, self.provider.books());
        }
        if let Purpose::Notice { notice, .. } = &pending.purpose {
            self.auditor.applied(now, &notice.id, notice.is_forged);
        }
        self.plan_sweeps(now);
        if self.dies(now, life) {
            return;
        }
        if unacknowledged {
            return self.store_is_gone(now, pending);
        }
        match pending.purpose {
            Purpose::Step { errand, action, told, news } => {
                match news {
                    Some(News::Answer { not_before, .. }) => self.auditor.hinted(&errand.name, not_before),
                    Some(News::Failure { .. } | News::Query(_)) => self.auditor.hinted(&errand.name, None),
                    None => {}
                }
                if !self.stage.safeguards.broken(Safeguard::WriteFirst) {
                    self.plan_act(now, errand, action, told, pending.decided_at);
                }
            }
            Purpose::Introduce { life, customer } => self.introduced(now, life, customer),
            Purpose::Notice { .. } => {}
        }
    }

    /// Somebody else was faster: read again, with the same news.
    fn conflict(&mut self, now: u64, pending: Pending) {
        match pending.purpose {
            Purpose::Step { errand, news, .. } => self.step(now, errand, news),
            Purpose::Introduce { life, customer } => self.introduce(now, life, customer),
            Purpose::Notice { life, notice } => self.hear(now, life, notice),
        }
    }

    /// A write failed, or nobody knows whether it did: what depends on it is not done.
    fn store_is_gone(&mut self, now: u64, pending: Pending) {
        match pending.purpose {
            Purpose::Step { errand, .. } => {
                self.end(now, &errand, None, now);
                self.plan_sweeps(now);
            }
            Purpose::Introduce { customer, .. } => self.thrown(now, customer),
            Purpose::Notice { notice, .. } => self.notice_again(now, notice),
        }
    }

    /// What was stored is carried out.
    pub(super) fn act(&mut self, now: u64, errand: Errand, action: Action, told: &Told, decided_at: u64) {
        if !self.is_current(&errand) || self.dies(now, errand.life) {
            return;
        }
        let slept = now.saturating_sub(decided_at) > LEASE_SLACK_MS / 2;
        match action {
            // A process that stood still may wake when its lease is over and another one sent.
            Action::Send { attempt, .. } if slept => {
                self.step(now, errand, Some(News::Failure { attempt, not_sent: true }));
            }
            Action::Query { .. } if slept => self.step(now, errand, Some(News::Query(None))),
            Action::Send { attempt, request } => {
                let key = key_of(&request).unwrap_or_default();
                let leaving = Leaving {
                    life: errand.life,
                    name: &errand.name,
                    key,
                    attempt,
                    owner: errand.life.seat.name(),
                    body: request.body.as_deref(),
                    first_seen: self.provider.first_seen(key),
                };
                self.auditor.leaves(now, &leaving);
                let news = News::Failure { attempt, not_sent: false };
                self.agenda.plan(now.saturating_add(TIMEOUT_MS), Event::TimeOut(errand.clone(), news));
                self.post(now, Letter { errand, request, attempt: Some(attempt), is_copy: false });
            }
            Action::Query { request } => {
                let news = News::Query(None);
                self.agenda.plan(now.saturating_add(TIMEOUT_MS), Event::TimeOut(errand.clone(), news));
                self.post(now, Letter { errand, request, attempt: None, is_copy: false });
            }
            Action::Wait { until } => {
                let seat = self.seat_mut(errand.life.seat);
                let at = seat.true_time(until.unix_ms()).max(now);
                let Some(drive) = seat.drives.get_mut(&errand.name) else { return };
                drive.is_paused = true;
                if drive.waiters.is_empty() {
                    self.end(now, &errand, None, now);
                } else {
                    self.agenda.plan(at, Event::Wake(errand));
                }
            }
            _ => self.end(now, &errand, Some(told), decided_at),
        }
    }

    /// An answer, a time-out or the end of a pause.
    pub(super) fn news(&mut self, now: u64, errand: Errand, news: Option<News>) {
        if self.is_current(&errand) {
            self.auditor.returned(errand.life, &errand.name);
            self.step(now, errand, news);
        }
    }

    /// A drive is over. Its waiters are told, or get an exception.
    fn end(&mut self, now: u64, errand: &Errand, told: Option<&Told>, decided_at: u64) {
        let Some(drive) = self.seat_mut(errand.life.seat).drives.remove(&errand.name) else { return };
        self.plan_sweeps(now);
        for customer in drive.waiters {
            match told {
                Some(told) => self.tell(now, customer, told, decided_at),
                None => self.thrown(now, customer),
            }
        }
    }

    /// A customer waits no longer: he is told how things stand. `false` where nobody is there to tell him.
    pub(super) fn leave(&mut self, now: u64, life: Life, customer: CustomerId) -> bool {
        let Some(name) = self.customers.get(customer).map(|customer| customer.name.clone()) else {
            return true;
        };
        if !self.is_alive(life) {
            return false;
        }
        let Some(drive) = self.seat_mut(life.seat).drives.get_mut(&name) else { return false };
        let Some(at) = drive.waiters.iter().position(|waiter| *waiter == customer) else { return false };
        drive.waiters.swap_remove(at);
        let idle = drive.waiters.is_empty() && drive.is_paused;
        let step = drive.step;
        if idle {
            self.end(now, &Errand { life, name: name.clone(), step }, None, now);
        }
        let journal = self.store.intent(&name).map(|record| record.journal.clone()).unwrap_or_default();
        match self.stage.load(&journal) {
            Ok(machine) => {
                self.tell(now, customer, &told_of(&machine), now);
                true
            }
            Err(_) => false,
        }
    }

    /// Whether the process dies here.
    fn dies(&mut self, now: u64, life: Life) -> bool {
        let dies = self.chaos.machines.strikes(self.stage.conditions.crash_ppm);
        if dies {
            self.kill(now, life);
        }
        dies
    }

    /// The process ends between two instructions. It comes back after seconds, or after two days.
    pub(super) fn kill(&mut self, now: u64, life: Life) {
        if !self.is_alive(life) {
            return;
        }
        self.trace.line(now, life.seat, || "dies".to_owned());
        self.auditor.died(life);
        let process = self.seat_mut(life.seat);
        process.is_up = false;
        process.sweep_at = None;
        let drives = core::mem::take(&mut process.drives);
        let (dice, loops) = (&mut self.chaos.machines, self.stage.conditions.crash_loop_ppm);
        let again = dice.strikes(loops);
        let away_ms = match dice.between(0, 99) {
            _ if again => dice.between(100, 2 * SECOND),
            _ if self.is_rewound => dice.between(SECOND, MINUTE),
            0..=69 => dice.between(SECOND, MINUTE),
            70..=94 => dice.between(MINUTE, 120 * MINUTE),
            _ => dice.between(120 * MINUTE, 2_400 * MINUTE),
        };
        self.agenda.plan(now.saturating_add(away_ms), Event::Restart(life.seat));
        for customer in drives.into_values().flat_map(|drive| drive.waiters) {
            self.thrown(now, customer);
        }
    }

    /// The process is there again, and looks for what it left.
    pub(super) fn restart(&mut self, now: u64, seat: Seat) {
        let process = self.seat_mut(seat);
        if process.is_up {
            return;
        }
        process.is_up = true;
        process.life.number = process.life.number.saturating_add(1);
        self.trace.line(now, seat, || "is up".to_owned());
        self.plan_sweeps(now);
    }

    /// Has each process that is up look at what is due, when it is due.
    pub(super) fn plan_sweeps(&mut self, now: u64) {
        let Some(wake_at) =
            self.store.next_wake().filter(|_| !self.stage.safeguards.broken(Safeguard::Sweeper))
        else {
            return;
        };
        for seat in Seat::BOTH {
            let phase = self.chaos.machines.between(1, SWEEP_EVERY_MS);
            let process = self.seat_mut(seat);
            let at = process.true_time(wake_at).max(now).saturating_add(phase);
            if process.is_up && process.sweep_at.is_none_or(|planned| planned > at || planned < now) {
                process.sweep_at = Some(at);
                let life = process.life;
                self.agenda.plan(at, Event::Sweep { life, planned: at });
            }
        }
    }

    /// A process drives what is due and what nobody drives here.
    pub(super) fn sweep(&mut self, now: u64, life: Life, planned: u64) {
        if !self.is_alive(life) || self.seat(life.seat).sweep_at != Some(planned) {
            return;
        }
        self.seat_mut(life.seat).sweep_at = None;
        let process = self.seat(life.seat);
        let shown = process.clock(now);
        let due: Vec<Name> = self
            .store
            .intents()
            .filter(|(_, record)| record.wake_at.is_some_and(|wake_at| wake_at <= shown))
            .map(|(name, _)| name.clone())
            .filter(|name| !process.drives.contains_key(name))
            .collect();
        for name in due {
            if self.is_alive(life) {
                self.join(now, life, &name, None);
            }
        }
        if self.is_alive(life) {
            self.plan_sweeps(now);
        }
    }
}

/// What a caller is told of an intent.
pub(super) fn told_of(machine: &Machine) -> Told {
    let intent = machine.intent();
    let charge = match &intent.state {
        State::Settled { provider_reference, .. } => Some(provider_reference.clone()),
        _ => None,
    };
    Told { outcome: intent.outcome(), charge }
}

const fn news_name(news: Option<&News>) -> &'static str {
    match news {
        None => "-",
        Some(News::Answer { .. }) => "answer",
        Some(News::Failure { not_sent: true, .. }) => "not_sent",
        Some(News::Failure { .. }) => "failure",
        Some(News::Query(None)) => "query failed",
        Some(News::Query(_)) => "query",
    }
}

const fn action_name(action: &Action) -> &'static str {
    match action {
        Action::Send { .. } => "send",
        Action::Query { .. } => "query",
        Action::Wait { .. } => "wait",
        _ => "rest",
    }
}
