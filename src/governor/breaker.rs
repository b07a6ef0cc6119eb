//! A provider that is down is asked by one probe at a time, and one that is back is not felled by those who waited.
//!
//! `closed` → `open` by the trip rule of [`BreakerSettings`]; `open` → `recovering` by an answered probe; `recovering` →
//! `closed` when the window has grown to its end or a minute went by without a failure, or → `open` when the provider has
//! too much to do or the window has shrunk to nothing.
//!
//! The window is that of TCP (RFC 5681): it begins at 1 and grows by one with each answer, so that it doubles with each
//! round, until half of where it failed last; from there on by one with each round. A failure halves it; what is shed
//! closes it, and the next probe opens it again. Each change of phase begins a new generation, and outcomes of an earlier one change
//! nothing: when sixty exchanges are shed together, fifty-nine of them are the same news.

use super::permit::{Heard, Ticket};
use super::settings::BreakerSettings;
use crate::entropy::Entropy;
use crate::retry;
use crate::time::{Millis, Timestamp};

/// Where a breaker stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Phase {
    /// Everything goes.
    Closed,
    /// Nothing goes but one probe at a time.
    Open,
    /// Some go, and more with each answer.
    Recovering,
}

impl Phase {
    /// The stable name.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Closed => "closed",
            Self::Open => "open",
            Self::Recovering => "recovering",
        }
    }
}

/// What a breaker says to somebody who wants to go.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Gate {
    /// The breaker does not mind.
    Free,
    /// Not more than these at once.
    Window(u32),
    /// As the probe.
    Probe,
    /// Not before this moment, when the next probe is due.
    Shut(Timestamp),
    /// Not before the probe is back.
    Probing,
}

#[derive(Clone, Debug)]
enum State {
    Closed {
        /// The last outcomes, the newest lowest; a failure is a one.
        failed: u64,
        last_at: Timestamp,
        in_a_row: u32,
    },
    Open {
        probe_at: Timestamp,
        /// A probe is under way, and taken for lost after this moment.
        lost_at: Option<Timestamp>,
        /// Probes that failed since it opened.
        probes: u32,
        /// Up to where the window will grow with each answer.
        steep: u32,
    },
    Recovering {
        since: Timestamp,
        window: u32,
        steep: u32,
        /// Answers since the window grew last.
        answers: u32,
    },
}

/// The circuit breaker of one lane.
#[derive(Clone, Debug)]
pub(super) struct Breaker {
    state: State,
    generation: u32,
}

/// What an opening begins with.
struct Opening {
    probes: u32,
    steep: u32,
}

const FRESH: State = State::Closed { failed: 0, last_at: Timestamp::MIN, in_a_row: 0 };

impl Breaker {
    pub(super) const fn new() -> Self {
        Self { state: FRESH, generation: 0 }
    }

    pub(super) const fn generation(&self) -> u32 {
        self.generation
    }

    pub(super) const fn phase(&self) -> Phase {
        match self.state {
            State::Closed { .. } => Phase::Closed,
            State::Open { .. } => Phase::Open,
            State::Recovering { .. } => Phase::Recovering,
        }
    }

    /// When the next probe is due, while it is open.
    pub(super) const fn probe_at(&self) -> Option<Timestamp> {
        match self.state {
            State::Open { probe_at, lost_at: None, .. } => Some(probe_at),
            State::Open { lost_at, .. } => lost_at,
            State::Closed { .. } | State::Recovering { .. } => None,
        }
    }

    /// The window of the slow start.
    pub(super) const fn window(&self) -> Option<u32> {
        match self.state {
            State::Recovering { window, .. } => Some(window),
            State::Closed { .. } | State::Open { .. } => None,
        }
    }

    pub(super) fn gate(&self, now: Timestamp) -> Gate {
        match self.state {
            State::Closed { .. } => Gate::Free,
            State::Recovering { window, .. } => Gate::Window(window),
            State::Open { lost_at: Some(lost_at), .. } if now < lost_at => Gate::Probing,
            State::Open { probe_at, .. } if now < probe_at => Gate::Shut(probe_at),
            State::Open { .. } => Gate::Probe,
        }
    }

    /// The probe leaves.
    pub(super) fn probe(&mut self, settings: &BreakerSettings, now: Timestamp) {
        if let State::Open { lost_at, .. } = &mut self.state {
            *lost_at = Some(now.saturating_add(settings.probe_lease));
        }
    }

    /// Takes note of an outcome; says whether it opened the breaker.
    pub(super) fn heard(
        &mut self,
        settings: &BreakerSettings,
        now: Timestamp,
        ticket: Ticket,
        heard: Heard,
        entropy: &mut Entropy,
    ) -> bool {
        if ticket.generation != self.generation {
            return false;
        }
        match &mut self.state {
            State::Closed { failed, last_at, in_a_row } => {
                if heard == Heard::NeverSent {
                    return false;
                }
                if now.since(*last_at) > settings.memory {
                    (*failed, *in_a_row) = (0, 0);
                }
                let is_failure = heard != Heard::Answer;
                *last_at = now;
                *failed = (*failed << 1) | u64::from(is_failure);
                *in_a_row = if is_failure { in_a_row.saturating_add(1) } else { 0 };
                let looked_at = failed.unbounded_shl(u64::BITS.saturating_sub(settings.outcomes));
                let trips = is_failure
                    && (*in_a_row >= settings.in_a_row || looked_at.count_ones() >= settings.failures);
                if trips {
                    // Nothing failed here yet: a quarter of the way steeply, since half of it would come in one step.
                    self.open(
                        settings,
                        now,
                        entropy,
                        heard,
                        Opening { probes: 0, steep: settings.window >> 2 },
                    );
                }
                trips
            }
            State::Open { lost_at, probes, steep, .. } if ticket.is_probe => {
                let (probes, steep) = (probes.saturating_add(1), *steep);
                match heard {
                    Heard::Answer => {
                        self.change(State::Recovering { since: now, window: 1, steep, answers: 0 });
                    }
                    Heard::Failure | Heard::Shed { .. } => {
                        self.open(settings, now, entropy, heard, Opening { probes, steep });
                    }
                    Heard::NeverSent => *lost_at = None,
                }
                false
            }
            State::Open { .. } => false,
            State::Recovering { since, window, steep, answers } => match heard {
                Heard::NeverSent => false,
                Heard::Answer => {
                    *answers = answers.saturating_add(1);
                    if *window < *steep || *answers >= *window {
                        *window = window.saturating_add(1);
                        *answers = 0;
                    }
                    if *window >= settings.window || now.since(*since) >= settings.memory {
                        self.change(FRESH);
                    }
                    false
                }
                // Half of what fails may be answered: a brown-out gets a small window and no pause.
                Heard::Failure if *window > 1 => {
                    *window >>= 1;
                    *steep = *window;
                    *answers = 0;
                    *since = now;
                    false
                }
                Heard::Failure | Heard::Shed { .. } => {
                    let steep = *window >> 1;
                    self.open(settings, now, entropy, heard, Opening { probes: 0, steep });
                    true
                }
            },
        }
    }

    fn open(
        &mut self,
        settings: &BreakerSettings,
        now: Timestamp,
        entropy: &mut Entropy,
        heard: Heard,
        Opening { probes, steep }: Opening,
    ) {
        let hint = match heard {
            Heard::Shed { retry_after } => retry_after.unwrap_or(Millis::ZERO),
            Heard::Answer | Heard::Failure | Heard::NeverSent => Millis::ZERO,
        };
        // The probe to come is the retry after as many as failed: attempt 2 is the first. One base passes in any case: by
        // then some intent is ready. A probe that is due before the first of them leaves with it, in all processes at
        // the same moment.
        let wait = retry::delay(&settings.probe, probes.saturating_add(2), Millis::ZERO, entropy);
        let probe_at = now.saturating_add(hint).saturating_add(settings.probe.base()).saturating_add(wait);
        self.change(State::Open { probe_at, lost_at: None, probes, steep });
    }

    fn change(&mut self, state: State) {
        self.state = state;
        self.generation = self.generation.wrapping_add(1) & ((1 << Ticket::GENERATION_BITS) - 1);
    }
}
