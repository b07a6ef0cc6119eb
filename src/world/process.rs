//! Whoever dies leaves no more than what was stored, and comes back after seconds or after two days.
//!
//! Processes and their clocks, deaths and sweeps; what a living one does with an intent is in `drive`.

use alloc::collections::BTreeMap;

use super::drive::Drive;
use super::event::{Event, Introducer, Life, Name, Pending, Purpose, Seat};
use super::governed::Governed;
use super::life::{MINUTE, SECOND, World};
use crate::payments::{Entry, Error as Refusal, Machine, Safeguard};
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
    skew_ms: i64,
    /// When it began to read the store, by its clock.
    begun_at: Timestamp,
    pub(super) drives: BTreeMap<Name, Drive>,
    sweep_at: Option<u64>,
    /// What it asks before it reaches the provider, where it does.
    pub(super) governed: Option<Governed>,
    /// Steps of all drives so far.
    pub(super) steps: u64,
}

impl Process {
    pub(super) const fn new(seat: Seat, skew_ms: i64) -> Self {
        let life = Life { seat, number: 0 };
        Self {
            life,
            is_up: true,
            skew_ms,
            begun_at: Timestamp::MIN,
            drives: BTreeMap::new(),
            sweep_at: None,
            governed: None,
            steps: 0,
        }
    }

    /// What its clock shows.
    pub(super) const fn clock(&self, now: u64) -> u64 {
        now.saturating_add_signed(self.skew_ms)
    }

    /// When its clock shows `shown`.
    pub(super) const fn true_time(&self, shown: u64) -> u64 {
        shown.saturating_add_signed(self.skew_ms.saturating_neg())
    }
}

impl World<'_> {
    pub(super) fn is_alive(&self, life: Life) -> bool {
        let process = self.seat(life.seat);
        process.is_up && process.life == life
    }

    /// An intent from its journal, as a process reads it.
    pub(super) fn load(&self, seat: Seat, journal: &[Entry]) -> Result<Machine, Refusal> {
        self.stage.load(seat, self.seat(seat).begun_at, journal)
    }

    /// The time of a process, as the machine takes it.
    pub(super) fn shown(&self, seat: Seat, now: u64) -> Timestamp {
        Timestamp::from_unix_ms(self.seat(seat).clock(now)).unwrap_or(Timestamp::MAX)
    }

    /// The time between two steps of a process: nearly nothing, unless it stands still.
    pub(super) fn pause(&mut self) -> u64 {
        let (dice, conditions) = (&mut self.chaos.machines, &self.stage.conditions);
        let (low, high) = if dice.strikes(conditions.freeze_ppm) { conditions.freeze_ms } else { (0, 3) };
        dice.between(low, high)
    }

    /// A write travels to the store; its process may stand still before.
    pub(super) fn plan_commit(&mut self, now: u64, pending: Pending) {
        let at = now.saturating_add(self.pause());
        self.agenda.plan(at, Event::Commit(Box::new(pending)));
    }

    /// A write reaches the store.
    pub(super) fn commit(&mut self, now: u64, pending: Pending) {
        let life = pending.purpose.life();
        // A provider that gets no answer delivers again, whether or not the event was taken note of.
        let unanswered = match &pending.purpose {
            Purpose::Notice { notice, .. } => Some(notice.clone()),
            Purpose::Step { .. } | Purpose::Introduce { .. } | Purpose::Cancel { .. } => None,
        };
        if !self.is_alive(life) || self.dies(now, life) {
            return unanswered.into_iter().for_each(|notice| self.notice_again(now, notice));
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
            return unanswered.into_iter().for_each(|notice| self.notice_again(now, notice));
        }
        if unacknowledged {
            return self.store_is_gone(now, pending);
        }
        match pending.purpose {
            Purpose::Step { .. } => self.stepped(now, pending),
            Purpose::Introduce { life, whom } => self.introduced(now, life, whom),
            Purpose::Notice { .. } | Purpose::Cancel { .. } => {}
        }
    }

    /// Somebody else was faster: read again, with the same news.
    fn conflict(&mut self, now: u64, pending: Pending) {
        match pending.purpose {
            Purpose::Step { errand, news, .. } => {
                self.report(now, errand.life, &errand.name, None);
                self.step(now, &errand, news);
            }
            Purpose::Introduce { life, whom } => self.introduce(now, life, whom),
            Purpose::Notice { life, notice } => self.hear(now, life, notice),
            Purpose::Cancel { life, name } => self.cancel(now, life, &name),
        }
    }

    /// A write failed, or nobody knows whether it did: what depends on it is not done.
    fn store_is_gone(&mut self, now: u64, pending: Pending) {
        match pending.purpose {
            Purpose::Step { errand, .. } => self.end(now, &errand, None, now),
            Purpose::Introduce { whom: Introducer::Customer(customer), .. } => self.thrown(now, customer),
            Purpose::Introduce { whom: Introducer::Parent(parent), .. } => {
                self.end(now, &parent.errand, None, now);
            }
            Purpose::Notice { notice, .. } => self.notice_again(now, notice),
            Purpose::Cancel { .. } => {}
        }
        self.plan_sweeps(now);
    }

    /// Whether the process dies here.
    pub(super) fn dies(&mut self, now: u64, life: Life) -> bool {
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
        let governed = self.is_governed().then(Governed::new).flatten();
        if now < self.shut_until {
            return self.agenda.plan(self.shut_until, Event::Restart(seat));
        }
        let begun_at = self.shown(seat, now);
        let process = self.seat_mut(seat);
        if process.is_up {
            return;
        }
        (process.is_up, process.begun_at) = (true, begun_at);
        // What it had heard of the provider died with it.
        process.governed = governed;
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
