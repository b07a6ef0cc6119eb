//! Why a saga was refused a command. Nothing changed.

use crate::advice::{Advice, Diagnose as _, Report, behind_one_pointer, reported};
use crate::json;

behind_one_pointer! {
    /// Why a saga was refused a command: one pointer, because it is handed on at every step.
    pub struct Error of ErrorKind;
}

/// What is wrong with a call. Variants stand in order of precedence.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum ErrorKind {
    /// The document that describes the call is wrong.
    Document(json::Error),
    /// No saga can be made of the definition.
    Definition {
        /// What is wrong with it.
        problem: &'static str,
    },
    /// The id is known, with another input. Nothing was done.
    Mismatch,
    /// Nothing can be cancelled any more.
    Completed,
    /// The stored journal contradicts itself: it was changed by somebody else.
    Journal {
        /// Position of the first entry that does not fit, counted from 0.
        position: usize,
        /// What does not fit.
        problem: &'static str,
    },
}

impl From<json::Error> for Error {
    fn from(error: json::Error) -> Self {
        ErrorKind::Document(error).into()
    }
}

impl Error {
    fn table(&self) -> Report {
        match self.kind() {
            ErrorKind::Document(error) => error.report(),
            ErrorKind::Definition { problem } => Report::new("saga_definition_invalid")
                .say_with("this is no saga: {problem}", &[("problem", problem)]),
            ErrorKind::Mismatch => Report::new("saga_mismatch").say(
                "a saga of this id was begun with another input: use a new id for a new saga, or repeat the first call \
                 unchanged",
            ),
            ErrorKind::Completed => Report::new("saga_completed").say(
                "the saga is completed, and cannot be cancelled any more: begin another one that takes back what it did",
            ),
            ErrorKind::Journal { position, problem } => Report::new("saga_journal_broken")
                .advise(Advice::Reconcile)
                .count("position", *position)
                .say_with("the stored journal is broken at entry {position}: {problem}", &[("problem", problem)]),
        }
    }
}

reported!(Error);
