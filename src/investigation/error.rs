//! Why a case was refused a command. Nothing changed.

use crate::advice::{Advice, Diagnose as _, Report, behind_one_pointer, reported};
use crate::json;
use crate::prelude::*;

behind_one_pointer! {
    /// Why a case was refused a command: one pointer, because it is handed on at every step.
    pub struct Error of ErrorKind;
}

/// What is wrong with a call. Variants stand in order of precedence.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum ErrorKind {
    /// The document that describes the call is wrong.
    Document(json::Error),
    /// A text is empty, too long, or holds characters that no page shows.
    Text {
        /// Which one.
        field: &'static str,
        /// Its bytes.
        found: usize,
        /// Most bytes.
        limit: usize,
    },
    /// So much was said of the case that nothing more is kept.
    Full {
        /// Most entries.
        limit: usize,
    },
    /// It is over.
    Over {
        /// Where it stands.
        state: &'static str,
    },
    /// It is not over.
    NotOver {
        /// Where it stands.
        state: &'static str,
    },
    /// Nothing can be proposed now.
    NotOpen {
        /// Where it stands.
        state: &'static str,
    },
    /// This proposal does not wait for a decision.
    NotProposed {
        /// Which one was meant.
        number: u32,
        /// The last one; 0 where there is none.
        last: u32,
        /// Where the case stands.
        state: &'static str,
    },
    /// This proposal does not wait for being posted.
    NotApproved {
        /// Which one was meant.
        number: u32,
        /// The last one; 0 where there is none.
        last: u32,
        /// Where the case stands.
        state: &'static str,
    },
    /// Whoever proposes something does not approve it.
    SamePerson {
        /// Who.
        by: String,
    },
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
        let undecided = |report: Report, number: u32, last: u32, state| {
            report.number("proposal", number.into()).number("last", last.into()).fact("state", state)
        };
        match self.kind() {
            ErrorKind::Document(error) => error.report(),
            ErrorKind::Text { field, found, limit } => Report::new("case_text_invalid")
                .fact("field", field)
                .count("found", *found)
                .count("limit", *limit)
                .say("`{field}` has {found} bytes: expected 1 to {limit} bytes of text without control characters"),
            ErrorKind::Full { limit } => Report::new("case_full")
                .count("limit", *limit)
                .say("the case has {limit} entries, and no more are kept: decide it, and write elsewhere"),
            ErrorKind::Over { state } => Report::new("case_over")
                .fact("state", state)
                .say("the case is {state}: reopen it before you assign it"),
            ErrorKind::NotOver { state } => Report::new("case_not_over")
                .fact("state", state)
                .say("the case is {state}, and needs no reopening: only what is resolved or gone does"),
            ErrorKind::NotOpen { state } => Report::new("case_not_open")
                .fact("state", state)
                .say("the case is {state}: reject the proposal that waits, or reopen the case, before you propose"),
            ErrorKind::NotProposed { number, last, state } => {
                undecided(Report::new("proposal_not_waiting"), *number, *last, state).say(
                    "proposal {proposal} does not wait for a decision: the case is {state} and its last proposal is \
                     {last}; read the case again",
                )
            }
            ErrorKind::NotApproved { number, last, state } => {
                undecided(Report::new("proposal_not_approved"), *number, *last, state).say(
                    "proposal {proposal} is not to be posted: the case is {state} and its last proposal is {last}; \
                     read the case again",
                )
            }
            ErrorKind::SamePerson { by } => Report::new("proposal_same_person")
                .fact("by", by)
                .say("{by} made this proposal, and somebody else has to approve it"),
            ErrorKind::Journal { position, problem } => Report::new("case_journal_broken")
                .advise(Advice::Reconcile)
                .count("position", *position)
                .say_with("the stored case is broken at entry {position}: {problem}", &[("problem", problem)]),
        }
    }
}

reported!(Error);
