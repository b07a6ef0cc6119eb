//! One provider and one operation: what goes is counted, and what comes back is believed.

use super::breaker::{Breaker, Gate, Phase};
use super::budget::Budget;
use super::permit::{Heard, Permit, Purpose, Reason, Ticket};
use super::queue::{Queue, Waiter};
use super::settings::Settings;
use crate::entropy::Entropy;
use crate::retry;
use crate::time::{Millis, Timestamp};

/// Who was told to wait without a moment to wait for asks again after so long, spread over as much again.
const ASK_AGAIN: Millis = Millis::from_seconds(1);

/// The longest a hint to one exchange keeps others away. Who was given it waits as long as it says; a header that asks
/// for a year must not close the shop.
const HINT_MAX: Millis = Millis::from_seconds(600);

/// What has happened in a lane since the process began.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Counts {
    /// Exchanges that were permitted and used: first sends, retries (queries among them), and of both the probes.
    pub first_sends: u64,
    /// See [`Counts::first_sends`].
    pub retries: u64,
    /// See [`Counts::first_sends`].
    pub probes: u64,
    /// How often somebody was told to wait, or that it is too late.
    pub held: u64,
    /// How often the provider answered.
    pub answered: u64,
    /// How often it did not, or failed.
    pub failed: u64,
    /// How often it had too much to do.
    pub shed: u64,
    /// How often the breaker opened.
    pub trips: u64,
}

/// A lane as it stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct View {
    /// Where the breaker stands; closed where there is none.
    pub phase: Phase,
    /// The window of the slow start, while there is one.
    pub window: Option<u32>,
    /// When the next probe may leave, while the breaker is open.
    pub probe_at: Option<Timestamp>,
    /// Until when the provider asked to be left alone.
    pub quiet_until: Option<Timestamp>,
    /// Whole tokens of the budget; `None` where there is no budget.
    pub tokens: Option<u64>,
    /// Exchanges under way.
    pub in_flight: u32,
    /// Who queues.
    pub waiting: usize,
    /// What has happened so far.
    pub counts: Counts,
}

#[derive(Clone, Debug)]
pub(super) struct Lane {
    breaker: Breaker,
    budget: Option<Budget>,
    queue: Queue,
    in_flight: u32,
    quiet_until: Timestamp,
    counts: Counts,
}

/// How somebody may go.
struct Pass {
    is_probe: bool,
    /// Whether a retry is paid for: an open or recovering lane counts by other means.
    is_charged: bool,
}

impl Lane {
    pub(super) fn new(settings: &Settings) -> Self {
        Self {
            breaker: Breaker::new(),
            budget: settings.budget.as_ref().map(Budget::new),
            queue: Queue::new(),
            in_flight: 0,
            quiet_until: Timestamp::MIN,
            counts: Counts::default(),
        }
    }

    pub(super) fn permit(
        &mut self,
        settings: &Settings,
        now: Timestamp,
        purpose: Purpose,
        deadline: Timestamp,
        entropy: &mut Entropy,
    ) -> Permit {
        self.queue.forget_late(now);
        let asked =
            if now >= deadline { Err((Reason::Deadline, None)) } else { self.pass(settings, now, purpose) };
        let asked = match self.first_in_line(settings, now) {
            Some(_) if asked.is_ok() => Err((Reason::Queue, None)),
            _ => asked,
        };
        match asked {
            Ok(pass) => Permit::Go { ticket: self.go(settings, now, purpose, pass) },
            Err((reason, known)) => {
                self.counts.held = self.counts.held.saturating_add(1);
                if reason == Reason::Deadline {
                    return Permit::Shed { reason };
                }
                // Spread, or all who were told the same moment would come back together. A probe needs no spread: the
                // first who comes is it.
                let spread = Millis::new(entropy.below(ASK_AGAIN.get()));
                let until = match known {
                    Some(at) if reason == Reason::Open => at,
                    Some(at) => at.saturating_add(spread),
                    None => now.saturating_add(ASK_AGAIN).saturating_add(spread),
                };
                Permit::Hold { until: until.min(deadline), reason }
            }
        }
    }

    pub(super) fn join(
        &mut self,
        settings: &Settings,
        now: Timestamp,
        purpose: Purpose,
        deadline: Timestamp,
    ) -> Option<Waiter> {
        self.queue.forget_late(now);
        let places = settings.bulkhead.map_or(u32::MAX, |bulkhead| bulkhead.waiting);
        let taken = u32::try_from(self.queue.len()).unwrap_or(u32::MAX);
        if now >= deadline || taken >= places {
            return None;
        }
        Some(self.queue.join(purpose, deadline))
    }

    pub(super) fn admit(&mut self, settings: &Settings, now: Timestamp) -> Option<(Waiter, Ticket)> {
        self.queue.forget_late(now);
        let (waiter, purpose, pass) = self.first_in_line(settings, now)?;
        self.queue.leave(waiter);
        Some((waiter, self.go(settings, now, purpose, pass)))
    }

    /// The first of those who queue that may go now.
    fn first_in_line(&self, settings: &Settings, now: Timestamp) -> Option<(Waiter, Purpose, Pass)> {
        for (waiter, purpose) in self.queue.iter() {
            match self.pass(settings, now, purpose) {
                Ok(pass) => return Some((waiter, purpose, pass)),
                // Who needs no token passes those who wait for one; everything else stands in the way of all.
                Err((Reason::Budget, _)) => {}
                Err(_) => return None,
            }
        }
        None
    }

    pub(super) fn leave(&mut self, waiter: Waiter) -> bool {
        self.queue.leave(waiter)
    }

    pub(super) fn next_at(&self, settings: &Settings, now: Timestamp) -> Option<Timestamp> {
        let (_, purpose) = self.queue.iter().next()?;
        match self.pass(settings, now, purpose) {
            Ok(_) => Some(now),
            // A probe that is never reported must not keep anybody waiting for ever.
            Err((Reason::Probing, _)) => self.breaker.probe_at(),
            Err((_, at)) => at,
        }
    }

    pub(super) fn report(
        &mut self,
        settings: &Settings,
        now: Timestamp,
        ticket: Ticket,
        heard: Heard,
        entropy: &mut Entropy,
    ) {
        let heard = match heard {
            // Whoever queues here leaves when the hint is over: not at the same moment as in all other processes.
            Heard::Shed { retry_after: Some(hint) } => {
                let spread = retry::spread(hint, entropy);
                Heard::Shed { retry_after: Some(hint.min(HINT_MAX).saturating_add(spread)) }
            }
            Heard::Shed { .. } | Heard::Answer | Heard::Failure | Heard::NeverSent => heard,
        };
        self.in_flight = self.in_flight.saturating_sub(1);
        self.count(ticket, heard);
        if let (Some(budget), Some(rules)) = (&mut self.budget, &settings.budget) {
            budget.refill(rules, now);
            match heard {
                Heard::Answer | Heard::NeverSent if ticket.is_paid => budget.give_back(rules),
                Heard::Failure | Heard::Shed { .. } if !ticket.is_paid && ticket.purpose.is_retry() => {
                    budget.take();
                }
                Heard::Answer | Heard::NeverSent | Heard::Failure | Heard::Shed { .. } => {}
            }
            if heard == Heard::Answer {
                budget.answered(rules);
            }
        }
        if let Heard::Shed { retry_after: Some(hint) } = heard {
            self.quiet_until = self.quiet_until.max(now.saturating_add(hint));
        }
        if let Some(rules) = &settings.breaker {
            let tripped = self.breaker.heard(rules, now, ticket, heard, entropy);
            self.counts.trips = self.counts.trips.saturating_add(u64::from(tripped));
        }
    }

    /// Whether somebody may go, and how; else what stands in the way and until when, where that is known.
    fn pass(
        &self,
        settings: &Settings,
        now: Timestamp,
        purpose: Purpose,
    ) -> Result<Pass, (Reason, Option<Timestamp>)> {
        if now < self.quiet_until {
            return Err((Reason::Hint, Some(self.quiet_until)));
        }
        let gate = settings.breaker.map_or(Gate::Free, |_| self.breaker.gate(now));
        let most = settings.bulkhead.map_or(u32::MAX, |bulkhead| bulkhead.in_flight);
        let window = match gate {
            Gate::Shut(at) => return Err((Reason::Open, Some(at))),
            Gate::Probing => return Err((Reason::Probing, None)),
            Gate::Probe => return Ok(Pass { is_probe: true, is_charged: false }),
            Gate::Window(window) => window.min(most),
            Gate::Free => most,
        };
        if self.in_flight >= window {
            return Err((Reason::Full, None));
        }
        let is_charged = gate == Gate::Free && purpose.is_retry();
        if is_charged && let (Some(budget), Some(rules)) = (&self.budget, &settings.budget) {
            budget.affords(rules, now).map_err(|at| (Reason::Budget, at))?;
        }
        Ok(Pass { is_probe: false, is_charged })
    }

    fn go(&mut self, settings: &Settings, now: Timestamp, purpose: Purpose, pass: Pass) -> Ticket {
        let Pass { is_probe, is_charged } = pass;
        let mut is_paid = false;
        if let (Some(budget), Some(rules)) = (&mut self.budget, &settings.budget) {
            budget.refill(rules, now);
            if is_charged {
                budget.take();
                is_paid = true;
            } else if !purpose.is_retry() {
                budget.first_send(rules);
            }
        }
        if let Some(rules) = settings.breaker.as_ref().filter(|_| is_probe) {
            self.breaker.probe(rules, now);
        }
        self.in_flight = self.in_flight.saturating_add(1);
        Ticket { generation: self.breaker.generation(), is_probe, is_paid, purpose }
    }

    fn count(&mut self, ticket: Ticket, heard: Heard) {
        let counts = &mut self.counts;
        let outcome = match heard {
            Heard::Answer => &mut counts.answered,
            Heard::Failure => &mut counts.failed,
            Heard::Shed { .. } => &mut counts.shed,
            Heard::NeverSent => return,
        };
        *outcome = outcome.saturating_add(1);
        counts.probes = counts.probes.saturating_add(u64::from(ticket.is_probe));
        let sent = if ticket.purpose.is_retry() { &mut counts.retries } else { &mut counts.first_sends };
        *sent = sent.saturating_add(1);
    }

    pub(super) fn view(&self) -> View {
        View {
            phase: self.breaker.phase(),
            window: self.breaker.window(),
            probe_at: self.breaker.probe_at(),
            quiet_until: Some(self.quiet_until).filter(|until| *until > Timestamp::MIN),
            tokens: self.budget.as_ref().map(Budget::tokens),
            in_flight: self.in_flight,
            waiting: self.queue.len(),
            counts: self.counts,
        }
    }
}
