//! The journal of a case is the truth: each entry is one thing that happened, in the order in which it was stored.

use crate::prelude::*;
use crate::time::Timestamp;

/// How a run shows a break.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Sighting {
    /// What is compared from run to run, as JSON text: kind, reference, currency and amounts. Not the age, which rises by
    /// itself, and not the places of rows, which change with the files.
    pub figures: String,
    /// All that the run says of it, as JSON text, for people.
    pub found: String,
}

/// How somebody wants a break decided.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Proposal {
    /// The ledger's entry, as JSON text; `None` to accept the break as it is and post nothing.
    pub entry: Option<String>,
    /// Whether the books say something else of the rows afterwards, so that a run which still has the break shows that it
    /// was not settled. An entry without a row in the mirror explains a difference, and the difference stays.
    pub mends: bool,
    /// Why this is right.
    pub reason: String,
}

/// One thing that happened to a case.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Entry {
    /// A run has a break that was not known.
    Opened {
        /// When the files of the run were read.
        at: Timestamp,
        /// Which run.
        run: String,
        /// The id of the break.
        id: String,
        /// What it shows.
        sighting: Sighting,
    },
    /// A run has it with other figures. A proposal for the earlier ones is no longer one.
    Changed {
        /// When the files of the run were read.
        at: Timestamp,
        /// Which run.
        run: String,
        /// What it shows.
        sighting: Sighting,
    },
    /// A run no longer has it.
    Gone {
        /// When the files of the run were read.
        at: Timestamp,
        /// Which run.
        run: String,
    },
    /// A run has it again, after it was gone or decided.
    Returned {
        /// When the files of the run were read.
        at: Timestamp,
        /// Which run.
        run: String,
        /// What it shows.
        sighting: Sighting,
    },
    /// Somebody is to look at it, or nobody any more.
    Assigned {
        /// When.
        at: Timestamp,
        /// Who said so.
        by: String,
        /// Who is to look.
        to: Option<String>,
    },
    /// Somebody said something.
    Commented {
        /// When.
        at: Timestamp,
        /// Who.
        by: String,
        /// What.
        text: String,
    },
    /// Somebody knows what is to be done.
    Proposed {
        /// When.
        at: Timestamp,
        /// Who.
        by: String,
        /// Which proposal of the case, counted from 1.
        number: u32,
        /// What.
        proposal: Proposal,
    },
    /// Somebody does not agree.
    Rejected {
        /// When.
        at: Timestamp,
        /// Who.
        by: String,
        /// Which proposal.
        number: u32,
        /// Why.
        reason: String,
    },
    /// Somebody agrees.
    Approved {
        /// When.
        at: Timestamp,
        /// Who.
        by: String,
        /// Which proposal.
        number: u32,
    },
    /// The entry stands in the ledger.
    Posted {
        /// When.
        at: Timestamp,
        /// Which proposal.
        number: u32,
        /// Where it stands in the journal of the ledger, from 1.
        position: u64,
    },
    /// The ledger will not have the entry.
    Refused {
        /// When.
        at: Timestamp,
        /// Which proposal.
        number: u32,
        /// What the ledger said.
        reason: String,
    },
    /// Somebody wants it looked at again.
    Reopened {
        /// When.
        at: Timestamp,
        /// Who.
        by: String,
        /// Why.
        reason: String,
    },
}
