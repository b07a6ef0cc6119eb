//! The machine: what a run shows and what people want in, entries out. See the module's call order.

use super::{Case, Entry, Error, ErrorKind, Proposal, Sighting, State};
use crate::prelude::*;
use crate::time::Timestamp;

/// Most bytes of the name of a person: the cause of a posted entry names who approved it.
pub const PERSON_BYTES_MAX: usize = 100;

/// Most bytes of the id of a break or the name of a run.
pub const ID_BYTES_MAX: usize = 100;

/// Most bytes of a comment or a reason: a page.
pub const TEXT_BYTES_MAX: usize = 4_000;

/// Most things that people may do to one case: a record is read and written as a whole. What runs find always fits.
pub const HISTORY_MAX: usize = 1_000;

/// A case that is being moved.
#[derive(Clone, Debug)]
pub struct Machine {
    case: Case,
    length: usize,
    new_entries: Vec<Entry>,
}

impl Machine {
    /// A case for a break that `run` shows and that is not known.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Text`].
    pub fn open(at: Timestamp, run: &str, id: &str, sighting: Sighting) -> Result<Self, Error> {
        let (run, id) = (checked("run", run, ID_BYTES_MAX)?, checked("id", id, ID_BYTES_MAX)?);
        let opened = Entry::Opened { at, run, id, sighting };
        let case = Case::replay(core::slice::from_ref(&opened))?;
        Ok(Self { case, length: 1, new_entries: vec![opened] })
    }

    /// Loads a case from its journal.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Journal`].
    pub fn load(journal: &[Entry]) -> Result<Self, Error> {
        Ok(Self { case: Case::replay(journal)?, length: journal.len(), new_entries: Vec::new() })
    }

    /// The case as it stands, new entries included.
    #[must_use]
    pub const fn case(&self) -> &Case {
        &self.case
    }

    /// What was added since loading; to be stored before anything is posted.
    #[must_use]
    pub fn new_entries(&self) -> &[Entry] {
        &self.new_entries
    }

    /// A run has the break. What it shows no differently, and a run that is older than what is known, changes nothing.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Text`].
    pub fn seen(&mut self, at: Timestamp, run: &str, sighting: Sighting) -> Result<(), Error> {
        let run = checked("run", run, ID_BYTES_MAX)?;
        let is_new = sighting.figures != self.case.sighting.figures;
        let entry = match self.case.state {
            _ if at < self.case.run_at => return Ok(()),
            State::Open | State::Proposed if is_new => Entry::Changed { at, run, sighting },
            State::Open | State::Proposed | State::Approved => return Ok(()),
            // Files that were read before the decision do not know of it.
            State::Resolved if Some(at) <= self.case.resolved_at => return Ok(()),
            State::Resolved if self.case.is_explained() && !is_new => return Ok(()),
            State::Resolved | State::Gone => Entry::Returned { at, run, sighting },
        };
        self.add(entry)
    }

    /// A run does not have the break.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Text`].
    pub fn missed(&mut self, at: Timestamp, run: &str) -> Result<(), Error> {
        let run = checked("run", run, ID_BYTES_MAX)?;
        if at < self.case.run_at || matches!(self.case.state, State::Approved | State::Gone) {
            return Ok(());
        }
        self.add(Entry::Gone { at, run })
    }

    /// Says who is to look; `None` for nobody. Saying it again changes nothing.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Text`], [`ErrorKind::Full`], [`ErrorKind::Over`].
    pub fn assign(&mut self, at: Timestamp, by: &str, to: Option<&str>) -> Result<(), Error> {
        let by = self.person(by)?;
        let to = to.map(|to| checked("to", to, PERSON_BYTES_MAX)).transpose()?;
        if self.case.state.is_over() {
            return Err(ErrorKind::Over { state: self.case.state.name() }.into());
        }
        if self.case.assignee == to {
            return Ok(());
        }
        self.add(Entry::Assigned { at, by, to })
    }

    /// Keeps what somebody said.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Text`], [`ErrorKind::Full`].
    pub fn comment(&mut self, at: Timestamp, by: &str, text: &str) -> Result<(), Error> {
        let by = self.person(by)?;
        let text = checked("text", text, TEXT_BYTES_MAX)?;
        self.add(Entry::Commented { at, by, text })
    }

    /// Proposes a decision.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Text`], [`ErrorKind::Full`], [`ErrorKind::NotOpen`].
    pub fn propose(&mut self, at: Timestamp, by: &str, proposal: Proposal) -> Result<(), Error> {
        let by = self.person(by)?;
        checked("reason", &proposal.reason, TEXT_BYTES_MAX)?;
        if self.case.state != State::Open {
            return Err(ErrorKind::NotOpen { state: self.case.state.name() }.into());
        }
        let number = self.case.last_number().saturating_add(1);
        self.add(Entry::Proposed { at, by, number, proposal })
    }

    /// Rejects the proposal that waits. Whoever made it may take it back so.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Text`], [`ErrorKind::Full`], [`ErrorKind::NotProposed`].
    pub fn reject(&mut self, at: Timestamp, by: &str, number: u32, reason: &str) -> Result<(), Error> {
        let by = self.person(by)?;
        let reason = checked("reason", reason, TEXT_BYTES_MAX)?;
        self.waiting(number)?;
        self.add(Entry::Rejected { at, by, number, reason })
    }

    /// Approves the proposal that waits; with `four_eyes`, not by whoever made it.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Text`], [`ErrorKind::Full`], [`ErrorKind::NotProposed`], [`ErrorKind::SamePerson`].
    pub fn approve(&mut self, at: Timestamp, by: &str, number: u32, four_eyes: bool) -> Result<(), Error> {
        let by = self.person(by)?;
        self.waiting(number)?;
        if four_eyes && self.case.last_proposal().is_some_and(|last| last.by == by) {
            return Err(ErrorKind::SamePerson { by }.into());
        }
        self.add(Entry::Approved { at, by, number })
    }

    /// The ledger has the entry of an approved proposal. Saying it again changes nothing.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::NotApproved`].
    pub fn posted(&mut self, at: Timestamp, number: u32, position: u64) -> Result<(), Error> {
        let known = usize::try_from(number).ok().and_then(|number| number.checked_sub(1));
        let proposed = known.and_then(|index| self.case.proposals.get(index));
        if proposed.is_some_and(|proposed| proposed.position.is_some()) {
            return Ok(());
        }
        self.approved(number)?;
        self.add(Entry::Posted { at, number, position })
    }

    /// The ledger will not have the entry of an approved proposal: the case is open again, and says why.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::NotApproved`].
    pub fn refused(&mut self, at: Timestamp, number: u32, reason: &str) -> Result<(), Error> {
        self.approved(number)?;
        let reason = beginning(reason).to_owned();
        self.add(Entry::Refused { at, number, reason })
    }

    /// Opens again what is over.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Text`], [`ErrorKind::Full`], [`ErrorKind::NotOver`].
    pub fn reopen(&mut self, at: Timestamp, by: &str, reason: &str) -> Result<(), Error> {
        let by = self.person(by)?;
        let reason = checked("reason", reason, TEXT_BYTES_MAX)?;
        if !self.case.state.is_over() {
            return Err(ErrorKind::NotOver { state: self.case.state.name() }.into());
        }
        self.add(Entry::Reopened { at, by, reason })
    }

    /// A person who may add something.
    fn person(&self, by: &str) -> Result<String, Error> {
        let by = checked("by", by, PERSON_BYTES_MAX)?;
        if self.length >= HISTORY_MAX {
            return Err(ErrorKind::Full { limit: HISTORY_MAX }.into());
        }
        Ok(by)
    }

    fn waiting(&self, number: u32) -> Result<(), Error> {
        let (state, last) = (self.case.state, self.case.last_number());
        if state == State::Proposed && last == number {
            return Ok(());
        }
        Err(ErrorKind::NotProposed { number, last, state: state.name() }.into())
    }

    fn approved(&self, number: u32) -> Result<(), Error> {
        let (state, last) = (self.case.state, self.case.last_number());
        if state == State::Approved && last == number {
            return Ok(());
        }
        Err(ErrorKind::NotApproved { number, last, state: state.name() }.into())
    }

    fn add(&mut self, entry: Entry) -> Result<(), Error> {
        let position = self.length;
        self.case.apply(&entry).map_err(|problem| Error::from(ErrorKind::Journal { position, problem }))?;
        self.length = self.length.saturating_add(1);
        self.new_entries.push(entry);
        Ok(())
    }
}

/// As much of a text as is kept. What a ledger says is nobody's to shorten by hand.
fn beginning(text: &str) -> &str {
    let cut = (0..=TEXT_BYTES_MAX.min(text.len())).rev().find_map(|end| text.get(..end));
    cut.unwrap_or_default()
}

/// A text that says something and can be kept.
fn checked(field: &'static str, text: &str, limit: usize) -> Result<String, Error> {
    let is_kept = |character: char| !character.is_control() || matches!(character, '\n' | '\t');
    if text.trim().is_empty() || text.len() > limit || !text.chars().all(is_kept) {
        return Err(ErrorKind::Text { field, found: text.len(), limit }.into());
    }
    Ok(text.to_owned())
}
