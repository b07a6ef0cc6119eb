//! The machine: news in, entries and one action out. See the module's call order.

use super::{Definition, Direction, Entry, Error, ErrorKind, Saga, State};
use crate::entropy::Entropy;
use crate::prelude::*;
use crate::retry::{self, Policy};
use crate::time::{Millis, Timestamp};

/// How a machine decides.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Settings {
    /// How long a process has what it began to itself.
    pub lease: Millis,
    /// When to try again.
    pub retry: Policy,
    /// Attempts of a step whose fate stays unknown, until the saga turns back.
    pub attempts_max: u32,
    /// Attempts of a compensation that keeps failing, until a person decides.
    pub undo_attempts_max: u32,
}

impl Default for Settings {
    /// Half a minute of lease, ten attempts forward, and fifty back: those are worth more patience.
    fn default() -> Self {
        Self {
            lease: Millis::from_seconds(30),
            retry: Policy::default(),
            attempts_max: 10,
            undo_attempts_max: 50,
        }
    }
}

/// What a driver ran, and reports about: news of another place than the present one is old and changes nothing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Place<'a> {
    /// Name of the step.
    pub step: &'a str,
    /// Whether it was its compensation.
    pub back: bool,
    /// Which attempt of it.
    pub attempt: u32,
}

/// What became of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum News {
    /// It has had its effect, and answered this JSON text.
    Done {
        /// JSON text.
        result: String,
    },
    /// It will not have its effect.
    Refused {
        /// Why.
        reason: String,
        /// Whether that holds for every attempt of the key, and not for this one alone.
        proven: bool,
    },
    /// Nobody knows.
    Failed {
        /// What went wrong.
        reason: String,
    },
    /// The outside has not decided yet.
    Pending {
        /// What it waits for.
        reason: String,
        /// When to ask again; the machine's own schedule when `None`.
        check_at: Option<Timestamp>,
    },
}

/// What the driver has to do next.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Action {
    /// Run the present step, or its compensation, under its key.
    Run {
        /// Which attempt, counted from 1.
        attempt: u32,
        /// See [`Saga::key`].
        key: String,
        /// Whether nobody knows if the step that is to be compensated happened.
        doubtful: bool,
    },
    /// Nothing before this moment.
    Wait {
        /// When.
        until: Timestamp,
    },
    /// Nothing.
    Rest,
}

/// A saga that is being moved.
#[derive(Clone, Debug)]
pub struct Machine {
    settings: Settings,
    saga: Saga,
    new_entries: Vec<Entry>,
}

impl Machine {
    /// A new saga. `input` is JSON text.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Definition`].
    pub fn open(
        settings: Settings,
        definition: Definition,
        input: &str,
        now: Timestamp,
    ) -> Result<Self, Error> {
        let opened = Entry::Opened { at: now, definition: definition.checked()?, input: input.to_owned() };
        let saga = Saga::replay(core::slice::from_ref(&opened))?;
        Ok(Self { settings, saga, new_entries: vec![opened] })
    }

    /// Loads a saga from its journal.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Journal`].
    pub fn load(settings: Settings, journal: &[Entry]) -> Result<Self, Error> {
        Ok(Self { settings, saga: Saga::replay(journal)?, new_entries: Vec::new() })
    }

    /// The saga as it stands, new entries included.
    #[must_use]
    pub const fn saga(&self) -> &Saga {
        &self.saga
    }

    /// What was added since loading; to be stored before the action is carried out.
    #[must_use]
    pub fn new_entries(&self) -> &[Entry] {
        &self.new_entries
    }

    /// When a sweeper should look at this saga if nobody else does.
    #[must_use]
    pub const fn wake_at(&self) -> Option<Timestamp> {
        self.saga.next_at
    }

    /// Refuses a repeated call with another input. Both are compared as they were written.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Mismatch`].
    pub fn check_same(&self, input: &str) -> Result<(), Error> {
        if self.saga.input == input { Ok(()) } else { Err(ErrorKind::Mismatch.into()) }
    }

    /// Command: take it back. What may be running is waited for first.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Completed`]; nothing happens when it is on its way back.
    pub fn cancel(&mut self, now: Timestamp, reason: &str) -> Result<(), Error> {
        match (&self.saga.state, self.saga.direction) {
            (State::Completed, _) => Err(ErrorKind::Completed.into()),
            (_, Direction::Back) => Ok(()),
            (_, Direction::Forward) if self.saga.cancelled.is_some() => Ok(()),
            (_, Direction::Forward) => {
                self.append(Entry::Cancelled { at: now, reason: reason.to_owned() });
                Ok(())
            }
        }
    }

    /// Command: look again now. Wakes what is parked, and releases what a person was asked about.
    pub fn resume(&mut self, now: Timestamp) {
        match &self.saga.state {
            State::NeedsReview { .. } => self.append(Entry::Released { at: now }),
            State::Parked { reason } => {
                let reason = reason.clone();
                self.append(Entry::Parked { at: now, reason, next_at: now });
            }
            State::Ready | State::InFlight { .. } | State::Completed | State::Compensated => {}
        }
    }

    /// News: what became of a step or a compensation.
    pub fn handle(&mut self, now: Timestamp, place: Place<'_>, news: News, entropy: &mut Entropy) {
        let saga = &self.saga;
        let back = saga.direction == Direction::Back;
        let open = matches!(saga.state, State::Ready | State::InFlight { .. } | State::Parked { .. });
        let known = (1..=saga.attempts).contains(&place.attempt);
        if !open || !known || place.back != back || place.step != saga.step_name() {
            return;
        }
        // What holds for the key is true whoever says it; the rest only of the attempt that is running.
        let latest = matches!(saga.state, State::InFlight { .. }) && place.attempt == saga.attempts;
        if !latest && !matches!(news, News::Done { .. } | News::Refused { proven: true, .. }) {
            return;
        }
        // An answer to one attempt says nothing about those before it, unless it holds for the key: they failed, died, or
        // were told that it is not decided yet.
        let doubtful = saga.attempts > 1;
        let entry = match news {
            News::Done { result } => Entry::Done { at: now, result },
            News::Refused { reason, proven } if !back => {
                Entry::Refused { at: now, reason, doubtful: doubtful && !proven }
            }
            News::Refused { reason, .. } | News::Failed { reason } => {
                let setbacks = saga.failures.saturating_add(1);
                Entry::Failed { at: now, reason, next_at: self.later(now, setbacks, entropy) }
            }
            News::Pending { reason, check_at } => {
                let next_at = check_at.unwrap_or_else(|| self.later(now, saga.attempts, entropy));
                Entry::Parked { at: now, reason, next_at: next_at.max(now) }
            }
        };
        self.append(entry);
    }

    /// What to do next. What it adds must be stored before it is done.
    pub fn poll(&mut self, now: Timestamp, owner: &str) -> Action {
        loop {
            let saga = &self.saga;
            let died = matches!(saga.state, State::InFlight { .. });
            match saga.state {
                State::Completed | State::Compensated | State::NeedsReview { .. } => return Action::Rest,
                State::Ready | State::Parked { .. } | State::InFlight { .. } => {}
            }
            if let Some(until) = saga.next_at.filter(|until| *until > now) {
                return Action::Wait { until };
            }
            let failures = saga.failures.saturating_add(u32::from(died));
            let back = saga.direction == Direction::Back;
            let most = if back { self.settings.undo_attempts_max } else { self.settings.attempts_max };
            if failures < most.max(1) {
                return self.begin(now, owner);
            }
            let reason = "attempts_exhausted".to_owned();
            self.append(if back {
                Entry::NeedsReview { at: now, reason }
            } else {
                Entry::Refused { at: now, reason, doubtful: true }
            });
        }
    }

    fn begin(&mut self, now: Timestamp, owner: &str) -> Action {
        let attempt = self.saga.attempts.saturating_add(1);
        let lease_until = now.saturating_add(self.settings.lease);
        self.append(Entry::Began { at: now, attempt, owner: owner.to_owned(), lease_until });
        let back = self.saga.direction == Direction::Back;
        let doubtful = back && self.saga.doubtful == Some(self.saga.step);
        Action::Run { attempt, key: self.saga.key(), doubtful }
    }

    fn later(&self, now: Timestamp, setbacks: u32, entropy: &mut Entropy) -> Timestamp {
        // The wait stands before the attempt that follows.
        let attempt = setbacks.saturating_add(1);
        now.saturating_add(retry::delay(&self.settings.retry, attempt, self.saga.previous_delay, entropy))
    }

    /// The machine only appends what its own state allows, so that a journal it wrote can be read back.
    fn append(&mut self, entry: Entry) {
        if self.saga.apply(&entry).is_ok() {
            self.new_entries.push(entry);
        }
    }
}
