//! The journal of a saga is the truth: each entry is one thing that happened, in the order in which it was stored.

use super::{Error, ErrorKind};
use crate::prelude::*;
use crate::time::Timestamp;

/// Most bytes of the name of a saga or of a step: with the id they make a key that every provider takes as a reference.
pub const NAME_BYTES_MAX: usize = 40;

/// Most bytes of the id of a saga.
pub const ID_BYTES_MAX: usize = 100;

/// Most steps of a saga.
pub const STEPS_MAX: usize = 100;

/// One step, as the journal knows it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StepDefinition {
    /// Its name: letters, digits, `-` and `_`.
    pub name: String,
    /// Whether something undoes it. What has no compensation leaves nothing behind that must be taken back.
    pub undo: bool,
}

/// What a saga is: stored with it, so that one that was begun is finished as it was begun.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Definition {
    /// The kind of saga: letters, digits, `-` and `_`.
    pub name: String,
    /// Which one of that kind.
    pub id: String,
    /// Its steps, in order.
    pub steps: Vec<StepDefinition>,
}

impl Definition {
    /// A definition that can be stored and whose keys are all different.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Definition`].
    pub fn checked(self) -> Result<Self, Error> {
        let problem = if !is_name(&self.name) {
            "its name has to be 1 to 40 letters, digits, `-` or `_`"
        } else if self.id.is_empty() || self.id.len() > ID_BYTES_MAX || self.id.chars().any(char::is_control)
        {
            "its id has to be 1 to 100 bytes without control characters"
        } else if self.steps.is_empty() || self.steps.len() > STEPS_MAX {
            "it has to have 1 to 100 steps"
        } else if !self.steps.iter().all(|step| is_name(&step.name)) {
            "the name of each step has to be 1 to 40 letters, digits, `-` or `_`"
        } else if self
            .steps
            .iter()
            .enumerate()
            .any(|(at, step)| self.steps.iter().take(at).any(|earlier| earlier.name == step.name))
        {
            "two of its steps have one name, and would have one key"
        } else {
            return Ok(self);
        };
        Err(ErrorKind::Definition { problem }.into())
    }
}

fn is_name(name: &str) -> bool {
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'-' || byte == b'_';
    (1..=NAME_BYTES_MAX).contains(&name.len()) && name.bytes().all(plain)
}

/// One thing that happened to a saga. What it happened to is the step the entries before it lead to.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Entry {
    /// The saga is known, and nothing was done.
    Opened {
        /// When.
        at: Timestamp,
        /// What it is.
        definition: Definition,
        /// What it was begun with: JSON text.
        input: String,
    },
    /// A step or a compensation may be running from here on.
    Began {
        /// When.
        at: Timestamp,
        /// Which attempt of this step in this direction, counted from 1.
        attempt: u32,
        /// The process that runs it.
        owner: String,
        /// Until then no other process begins it.
        lease_until: Timestamp,
    },
    /// It has had its effect.
    Done {
        /// When.
        at: Timestamp,
        /// What it answered: JSON text.
        result: String,
    },
    /// A step will not have its effect: the saga turns back.
    Refused {
        /// When.
        at: Timestamp,
        /// Why.
        reason: String,
        /// Whether it may have had its effect all the same.
        doubtful: bool,
    },
    /// An attempt ended, and nobody knows how.
    Failed {
        /// When.
        at: Timestamp,
        /// What went wrong.
        reason: String,
        /// When to try again.
        next_at: Timestamp,
    },
    /// The outside has not decided yet.
    Parked {
        /// When.
        at: Timestamp,
        /// What it waits for.
        reason: String,
        /// When to ask again.
        next_at: Timestamp,
    },
    /// Somebody wants it taken back.
    Cancelled {
        /// When.
        at: Timestamp,
        /// Why.
        reason: String,
    },
    /// A person decides.
    NeedsReview {
        /// When.
        at: Timestamp,
        /// Why.
        reason: String,
    },
    /// A person decided to try again.
    Released {
        /// When.
        at: Timestamp,
    },
}
