//! The state of a case: a fold over its journal that refuses a journal which cannot have happened.

use super::{Entry, Error, ErrorKind, Proposal, Sighting};
use crate::prelude::*;
use crate::time::Timestamp;

/// Where a case stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum State {
    /// Somebody has to look.
    Open,
    /// The last proposal waits for an approval.
    Proposed,
    /// The last proposal is to be posted.
    Approved,
    /// It was decided: an entry is posted, or it was accepted as it is.
    Resolved,
    /// The last run does not have it.
    Gone,
}

impl State {
    /// The stable name.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Open => "open",
            Self::Proposed => "proposed",
            Self::Approved => "approved",
            Self::Resolved => "resolved",
            Self::Gone => "gone",
        }
    }

    /// Whether nobody has to do anything.
    #[must_use]
    pub const fn is_over(self) -> bool {
        matches!(self, Self::Resolved | Self::Gone)
    }
}

/// A proposal, who made it, and who approved it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Proposed {
    /// Who made it.
    pub by: String,
    /// What it says.
    pub proposal: Proposal,
    /// Who approved it; `None` while nobody did.
    pub approved_by: Option<String>,
    /// Where its entry stands in the ledger; `None` while it does not.
    pub position: Option<u64>,
}

/// A case as its journal tells it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Case {
    /// The id of the break.
    pub id: String,
    /// Where it stands.
    pub state: State,
    /// What the last run that said something new of it shows.
    pub sighting: Sighting,
    /// The last run that said something new of it.
    pub run: String,
    /// When the files of that run were read.
    pub run_at: Timestamp,
    /// When the case was opened.
    pub opened_at: Timestamp,
    /// When the last thing happened.
    pub changed_at: Timestamp,
    /// When it was decided; `None` while it is not, and since it returned.
    pub resolved_at: Option<Timestamp>,
    /// Who is to look.
    pub assignee: Option<String>,
    /// All proposals, in order: the number of the first is 1.
    pub proposals: Vec<Proposed>,
    /// How often it was opened again.
    pub returns: u32,
}

impl Case {
    /// The state a journal tells.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Journal`] at the first entry that cannot follow those before it.
    pub fn replay(journal: &[Entry]) -> Result<Self, Error> {
        let Some((Entry::Opened { at, run, id, sighting }, rest)) = journal.split_first() else {
            return Err(ErrorKind::Journal { position: 0, problem: "it does not begin with `opened`" }.into());
        };
        let mut case = Self {
            id: id.clone(),
            state: State::Open,
            sighting: sighting.clone(),
            run: run.clone(),
            run_at: *at,
            opened_at: *at,
            changed_at: *at,
            resolved_at: None,
            assignee: None,
            proposals: Vec::new(),
            returns: 0,
        };
        for (position, entry) in rest.iter().enumerate() {
            let position = position.saturating_add(1);
            case.apply(entry).map_err(|problem| Error::from(ErrorKind::Journal { position, problem }))?;
        }
        Ok(case)
    }

    /// The number of the last proposal; 0 before the first.
    #[must_use]
    pub fn last_number(&self) -> u32 {
        u32::try_from(self.proposals.len()).unwrap_or(u32::MAX)
    }

    /// The proposal that waits or was decided upon last.
    #[must_use]
    pub fn last_proposal(&self) -> Option<&Proposed> {
        self.proposals.last()
    }

    /// Whether it was decided in a way that leaves the break where it is: explained by an entry, or accepted.
    #[must_use]
    pub fn is_explained(&self) -> bool {
        self.state == State::Resolved && self.last_proposal().is_some_and(|last| !last.proposal.mends)
    }

    /// Moves the state by one entry; refuses an entry that cannot follow, and changes nothing then.
    pub(super) fn apply(&mut self, entry: &Entry) -> Result<(), &'static str> {
        match entry {
            Entry::Opened { .. } => return Err("`opened` twice"),
            Entry::Changed { at, run, sighting } => {
                if !matches!(self.state, State::Open | State::Proposed) {
                    return Err("`changed` of what is decided or gone");
                }
                // From here on the transition succeeds.
                self.state = State::Open;
                self.seen(*at, run, sighting);
            }
            Entry::Gone { at, run } => {
                if matches!(self.state, State::Approved | State::Gone) {
                    return Err("`gone` of what is gone, or is being posted");
                }
                // From here on the transition succeeds.
                self.state = State::Gone;
                self.run_at = *at;
                self.run.clone_from(run);
                self.changed_at = *at;
            }
            Entry::Returned { at, run, sighting } => {
                if !self.state.is_over() {
                    return Err("`returned` without having been over");
                }
                // From here on the transition succeeds.
                self.reopened();
                self.seen(*at, run, sighting);
            }
            Entry::Assigned { at, to, .. } => {
                if self.state.is_over() {
                    return Err("`assigned` after the end");
                }
                // From here on the transition succeeds.
                self.assignee.clone_from(to);
                self.changed_at = *at;
            }
            Entry::Commented { at, .. } => self.changed_at = *at,
            Entry::Proposed { at, by, number, proposal } => {
                if self.state != State::Open {
                    return Err("`proposed` of what is not open");
                }
                if Some(*number) != self.last_number().checked_add(1) {
                    return Err("proposals are not counted in order");
                }
                // From here on the transition succeeds.
                let (by, proposal) = (by.clone(), proposal.clone());
                self.proposals.push(Proposed { by, proposal, approved_by: None, position: None });
                self.state = State::Proposed;
                self.changed_at = *at;
            }
            Entry::Rejected { at, number, .. } => {
                self.expect(State::Proposed, *number)?;
                // From here on the transition succeeds.
                self.state = State::Open;
                self.changed_at = *at;
            }
            Entry::Approved { at, by, number } => {
                self.expect(State::Proposed, *number)?;
                // From here on the transition succeeds.
                self.approved(*at, by);
            }
            Entry::Posted { at, number, position } => {
                self.expect(State::Approved, *number)?;
                // From here on the transition succeeds.
                if let Some(last) = self.proposals.last_mut() {
                    last.position = Some(*position);
                }
                self.resolved(*at);
            }
            Entry::Refused { at, number, .. } => {
                self.expect(State::Approved, *number)?;
                // From here on the transition succeeds.
                self.state = State::Open;
                self.changed_at = *at;
            }
            Entry::Reopened { at, .. } => {
                if !self.state.is_over() {
                    return Err("`reopened` without having been over");
                }
                // From here on the transition succeeds.
                self.reopened();
                self.changed_at = *at;
            }
        }
        Ok(())
    }

    fn expect(&self, state: State, number: u32) -> Result<(), &'static str> {
        if self.state != state {
            return Err("a decision on a proposal that does not wait for it");
        }
        if self.last_number() != number {
            return Err("a decision on another proposal than the last");
        }
        Ok(())
    }

    fn seen(&mut self, at: Timestamp, run: &str, sighting: &Sighting) {
        self.sighting = sighting.clone();
        run.clone_into(&mut self.run);
        self.run_at = at;
        self.changed_at = at;
    }

    fn approved(&mut self, at: Timestamp, by: &str) {
        let mut is_posted = false;
        if let Some(last) = self.proposals.last_mut() {
            last.approved_by = Some(by.to_owned());
            is_posted = last.proposal.entry.is_some();
        }
        if is_posted {
            self.state = State::Approved;
            self.changed_at = at;
        } else {
            self.resolved(at);
        }
    }

    fn resolved(&mut self, at: Timestamp) {
        self.state = State::Resolved;
        self.resolved_at = Some(at);
        self.changed_at = at;
    }

    fn reopened(&mut self) {
        self.state = State::Open;
        self.resolved_at = None;
        self.returns = self.returns.saturating_add(1);
    }
}
