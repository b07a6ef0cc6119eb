//! The state of a saga: a fold over its journal that refuses a journal which cannot have happened.

use super::{Definition, Entry, Error, ErrorKind};
use crate::prelude::*;
use crate::time::{Millis, Timestamp};

/// Which way a saga goes. It turns at most once.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Direction {
    /// Steps are run.
    Forward,
    /// Compensations are run, in reverse order.
    Back,
}

/// Where a saga stands at its present step.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum State {
    /// To be begun, or begun again.
    Ready,
    /// A process may be running it.
    InFlight {
        /// Which one.
        owner: String,
        /// Until then no other begins it.
        lease_until: Timestamp,
    },
    /// The outside has not decided yet.
    Parked {
        /// What it waits for.
        reason: String,
    },
    /// Every step has had its effect.
    Completed,
    /// Every effect, also those that are only possible, was taken back.
    Compensated,
    /// A person decides.
    NeedsReview {
        /// Why.
        reason: String,
    },
}

impl State {
    /// The stable name.
    #[must_use]
    pub const fn name(&self) -> &'static str {
        match self {
            Self::Ready => "ready",
            Self::InFlight { .. } => "in_flight",
            Self::Parked { .. } => "parked",
            Self::Completed => "completed",
            Self::Compensated => "compensated",
            Self::NeedsReview { .. } => "needs_review",
        }
    }
}

/// A saga as its journal tells it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Saga {
    /// What it is.
    pub definition: Definition,
    /// What it was begun with: JSON text.
    pub input: String,
    /// Which way it goes.
    pub direction: Direction,
    /// The present step, as an index.
    pub step: usize,
    /// Where it stands there.
    pub state: State,
    /// What each step answered: JSON text.
    pub results: Vec<Option<String>>,
    /// Attempts of the present step in the present direction.
    pub attempts: u32,
    /// How many of them ended without anybody knowing how.
    pub failures: u32,
    /// Why it turned back.
    pub turned: Option<String>,
    /// The step at which it turned, where that may have had its effect all the same.
    pub doubtful: Option<usize>,
    /// Why somebody wants it taken back.
    pub cancelled: Option<String>,
    /// When to act next; `None` when nothing is to be done.
    pub next_at: Option<Timestamp>,
    /// The delay chosen last, from which decorrelated jitter continues.
    pub previous_delay: Millis,
}

impl Saga {
    /// The state a journal tells.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Journal`] at the first entry that cannot follow those before it.
    pub fn replay(journal: &[Entry]) -> Result<Self, Error> {
        let Some((Entry::Opened { at, definition, input }, rest)) = journal.split_first() else {
            return Err(ErrorKind::Journal { position: 0, problem: "it does not begin with `opened`" }.into());
        };
        let mut saga = Self {
            definition: definition.clone(),
            input: input.clone(),
            direction: Direction::Forward,
            step: 0,
            state: State::Ready,
            results: definition.steps.iter().map(|_| None).collect(),
            attempts: 0,
            failures: 0,
            turned: None,
            doubtful: None,
            cancelled: None,
            next_at: Some(*at),
            previous_delay: Millis::ZERO,
        };
        for (position, entry) in rest.iter().enumerate() {
            let position = position.saturating_add(1);
            saga.apply(entry).map_err(|problem| Error::from(ErrorKind::Journal { position, problem }))?;
        }
        Ok(saga)
    }

    /// The key of the present step or compensation: the same at every attempt, in every process, after every crash.
    ///
    /// Names have no colon, so two different places of two different sagas never have one key.
    #[must_use]
    pub fn key(&self) -> String {
        let direction = if self.direction == Direction::Forward { "step:" } else { "undo:" };
        glued(&[direction, &self.definition.name, ":", &self.definition.id, ":", self.step_name()])
    }

    /// The name of the present step.
    #[must_use]
    pub fn step_name(&self) -> &str {
        self.definition.steps.get(self.step).map_or("", |step| &step.name)
    }

    /// Moves the state by one entry; refuses an entry that cannot follow, and changes nothing then.
    pub(super) fn apply(&mut self, entry: &Entry) -> Result<(), &'static str> {
        match entry {
            Entry::Opened { .. } => return Err("`opened` twice"),
            Entry::Released { at } => {
                let State::NeedsReview { .. } = self.state else { return Err("`released` without a review") };
                // From here on the transition succeeds.
                self.failures = 0;
                self.wait(State::Ready, *at, *at);
                return Ok(());
            }
            _ => {}
        }
        if let State::Completed | State::Compensated | State::NeedsReview { .. } = self.state {
            return Err("it moves a saga that has ended");
        }
        match entry {
            Entry::Began { attempt, owner, lease_until, .. } => {
                if Some(*attempt) != self.attempts.checked_add(1) {
                    return Err("attempts are not counted in order");
                }
                // From here on the transition succeeds.
                if let State::InFlight { .. } = self.state {
                    // Who ran it never reported back.
                    self.failures = self.failures.saturating_add(1);
                }
                self.attempts = *attempt;
                self.next_at = Some(*lease_until);
                self.state = State::InFlight { owner: owner.clone(), lease_until: *lease_until };
            }
            Entry::Cancelled { at, reason } => {
                if self.direction == Direction::Back {
                    return Err("`cancelled` on the way back");
                }
                // From here on the transition succeeds.
                self.cancelled = Some(reason.clone());
                // What may be running, and what the outside decides, is waited for.
                if self.state == State::Ready {
                    self.turn(*at, reason, self.attempts > 0);
                }
            }
            Entry::NeedsReview { reason, .. } => {
                self.next_at = None;
                self.state = State::NeedsReview { reason: reason.clone() };
            }
            _ if self.attempts == 0 => return Err("an end of what was never begun"),
            Entry::Done { at, result } => self.done(*at, result),
            Entry::Refused { at, reason, doubtful } => {
                if self.direction == Direction::Back {
                    return Err("a compensation cannot be refused");
                }
                self.turn(*at, reason, *doubtful);
            }
            Entry::Failed { at, reason, next_at } => {
                self.failures = self.failures.saturating_add(1);
                self.wait(State::Ready, *at, *next_at);
                if self.cancelled.is_some() && self.direction == Direction::Forward {
                    self.turn(*at, reason, true);
                }
            }
            Entry::Parked { at, reason, next_at } => {
                self.wait(State::Parked { reason: reason.clone() }, *at, *next_at);
            }
            Entry::Opened { .. } | Entry::Released { .. } => {}
        }
        Ok(())
    }

    fn done(&mut self, at: Timestamp, result: &str) {
        if self.direction == Direction::Back {
            let before = self.step;
            return self.undo_before(before, at);
        }
        if let Some(place) = self.results.get_mut(self.step) {
            *place = Some(result.to_owned());
        }
        let next = self.step.saturating_add(1);
        if let Some(reason) = self.cancelled.clone() {
            self.turn_before(next, at, &reason);
        } else if next == self.definition.steps.len() {
            self.next_at = None;
            self.state = State::Completed;
        } else {
            self.arrive(next, at);
        }
    }

    /// From here on the saga goes back, beginning with the present step where that may have had its effect.
    fn turn(&mut self, at: Timestamp, reason: &str, doubtful: bool) {
        self.doubtful = Some(self.step).filter(|_| doubtful);
        self.turn_before(self.step.saturating_add(usize::from(doubtful)), at, reason);
    }

    fn turn_before(&mut self, end: usize, at: Timestamp, reason: &str) {
        self.direction = Direction::Back;
        self.turned = Some(reason.to_owned());
        self.undo_before(end, at);
    }

    /// The last step before `end` that has a compensation is the next to be taken back.
    fn undo_before(&mut self, end: usize, at: Timestamp) {
        match self.definition.steps.iter().take(end).rposition(|step| step.undo) {
            Some(step) => self.arrive(step, at),
            None => {
                self.next_at = None;
                self.state = State::Compensated;
            }
        }
    }

    fn arrive(&mut self, step: usize, at: Timestamp) {
        self.step = step;
        self.attempts = 0;
        self.failures = 0;
        self.wait(State::Ready, at, at);
    }

    fn wait(&mut self, state: State, at: Timestamp, next_at: Timestamp) {
        self.previous_delay = next_at.since(at);
        self.next_at = Some(next_at);
        self.state = state;
    }
}
