//! One event on its way to one endpoint: scheduled, in flight, then delivered, or scheduled again, or dead.

use crate::prelude::*;
use crate::time::Timestamp;

/// What is delivered.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::simulator) enum Content {
    /// The event of a number.
    Genuine(usize),
    /// An invention modelled on the event of a number, wrongly signed and sent once.
    Forged(usize),
}

impl Content {
    /// The number of the event it is, or is modelled on.
    pub(in crate::simulator) const fn event(self) -> usize {
        match self {
            Self::Genuine(event) | Self::Forged(event) => event,
        }
    }
}

/// Where a delivery stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::simulator) enum Stage {
    Scheduled { due: Timestamp },
    InFlight { until: Timestamp },
    Delivered { at: Timestamp },
    Dead { at: Timestamp },
}

impl Stage {
    pub(in crate::simulator) const fn name(self) -> &'static str {
        match self {
            Self::Scheduled { .. } => "scheduled",
            Self::InFlight { .. } => "in_flight",
            Self::Delivered { .. } => "delivered",
            Self::Dead { .. } => "dead_letter",
        }
    }
}

/// One attempt to deliver.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::simulator) struct Attempt {
    /// When it began.
    pub(in crate::simulator) at: Timestamp,
    /// The status of the answer; `None` when there was none, or none yet.
    pub(in crate::simulator) status: Option<u16>,
    /// The answer will count as none: it comes too late.
    pub(super) is_ignored: bool,
}

/// One event on its way to one endpoint.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(in crate::simulator) struct Parcel {
    pub(in crate::simulator) content: Content,
    pub(in crate::simulator) endpoint: usize,
    /// Whether it is tried again by itself. One that was sent again by hand is not.
    pub(in crate::simulator) persists: bool,
    /// Whether no attempt will arrive.
    pub(in crate::simulator) is_doomed: bool,
    /// All attempts so far, oldest first.
    pub(in crate::simulator) attempts: Vec<Attempt>,
    pub(in crate::simulator) stage: Stage,
}

impl Parcel {
    /// The status of the last answer; `None` when there was none.
    pub(in crate::simulator) fn last_status(&self) -> Option<u16> {
        self.attempts.last().and_then(|attempt| attempt.status)
    }
}

/// What became of an attempt.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// The endpoint answered with this status; 200 to 299 is success.
    Answered(u16),
    /// There was no answer.
    NoAnswer,
}
