//! The books are the fold of the journal: the same lines give the same ledger, and a refused call changes nothing.

use alloc::collections::BTreeMap;

use super::account::Account;
use super::balance::{Balance, TrialBalance};
use super::digest::Digest;
use super::draft::{Decision, Drafts};
use super::index::Index;
use super::rest::{self, Taken};
use super::standing::Rulings;
use super::{Error, ErrorKind, Line, Record};
use crate::money::Currency;
use crate::prelude::*;

/// What the ledger says to a record: an entry or the standing of an account.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Answer {
    /// New: store this line, then [`Ledger::apply`] it.
    Created(Box<Line>),
    /// The same is there already; nothing needs to be done.
    Exists {
        /// Where it stands.
        position: u64,
    },
    /// A record with this id is there and says something else.
    ExistsWithDifferent {
        /// Where it stands.
        position: u64,
        /// The first field that differs.
        field: &'static str,
    },
}

impl Answer {
    /// To a record whose id stands at `position` already.
    #[must_use]
    pub fn repeated(position: u64, known: &Record, record: &Record) -> Self {
        match known.difference(record) {
            None => Self::Exists { position },
            Some(field) => Self::ExistsWithDifferent { position, field },
        }
    }
}

/// The books in memory. Call [`Ledger::draft`], store the line, call [`Ledger::apply`], in this order; between the
/// two, another process may have stored a line, which the store reports as a conflict: apply its lines and draft
/// again.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Ledger {
    lines: Vec<Line>,
    /// Position of each id.
    positions: BTreeMap<String, u64>,
    /// What was taken from entries that were reversed, captured or released.
    taken: Vec<Taken>,
    /// Place in `taken` of each such entry, by id.
    taken_places: BTreeMap<String, u64>,
    /// Position of each hold that is not released, by id.
    holds: BTreeMap<String, u64>,
    /// What may be posted to which account.
    rulings: Rulings,
    /// Running balances and statements.
    index: Index,
}

impl Ledger {
    /// Books without an entry.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Rebuilds the books from the texts of a journal's lines, in order from position 1.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::BrokenChain`] with the first bad position.
    pub fn open<'a>(lines: impl IntoIterator<Item = &'a [u8]>) -> Result<Self, Error> {
        let mut ledger = Self::new();
        ledger.extend(lines)?;
        Ok(ledger)
    }

    /// Reads and applies the texts of the lines that come next. Lines before the first bad one stay applied.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::BrokenChain`] with the first bad position.
    pub fn extend<'a>(&mut self, lines: impl IntoIterator<Item = &'a [u8]>) -> Result<(), Error> {
        for text in lines {
            let line = Line::parse(text, self.next_position())?;
            self.adopt(line)?;
        }
        Ok(())
    }

    /// Number of lines.
    #[must_use]
    pub fn length(&self) -> u64 {
        u64::try_from(self.lines.len()).unwrap_or(u64::MAX)
    }

    /// The hash of the last line: whoever knows it knows the whole journal. Zeros when there is none.
    #[must_use]
    pub fn head(&self) -> String {
        self.head_digest().text()
    }

    /// All lines.
    #[must_use]
    pub fn lines(&self) -> &[Line] {
        &self.lines
    }

    /// What becomes of a record. Changes nothing.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::TakesFromUnknown`], [`ErrorKind::NothingLeft`], [`ErrorKind::TakenDiffers`],
    /// [`ErrorKind::TakesTooMuch`], [`ErrorKind::HoldOver`], [`ErrorKind::HoldNotOver`], [`ErrorKind::ReleasesPart`],
    /// [`ErrorKind::AccountBlocked`], [`ErrorKind::AccountClosed`], [`ErrorKind::AccountNotEmpty`],
    /// [`ErrorKind::LimitReached`], [`ErrorKind::JournalFull`].
    pub fn draft(&self, record: impl Into<Record>) -> Result<Answer, Error> {
        self.decide(&Drafts::default(), record.into()).map(Decision::answer)
    }

    /// What becomes of several records that are posted together: all or none. Changes nothing. A record may refer to
    /// an earlier one of the same batch, or repeat it.
    ///
    /// # Errors
    ///
    /// As [`Ledger::draft`], and [`ErrorKind::DiffersInBatch`] instead of [`Answer::ExistsWithDifferent`].
    pub fn draft_all<R: Into<Record>>(&self, records: Vec<R>) -> Result<Vec<Answer>, Error> {
        let mut drafts = Drafts::default();
        // `None` stands for the next of the drafted lines, which the records after it have to see.
        let mut known = Vec::with_capacity(records.len());
        for record in records {
            let record = record.into();
            let id = record.id().to_owned();
            match self.decide(&drafts, record)? {
                Decision::New(line, taken) => {
                    drafts.push(*line, taken);
                    known.push(None);
                }
                Decision::Known(Answer::ExistsWithDifferent { position, field }) => {
                    return Err(Error::from(ErrorKind::DiffersInBatch { entry: id, position, field }));
                }
                Decision::Known(answer) => known.push(Some(answer)),
            }
        }
        let mut created = drafts.into_lines();
        let mut answers = Vec::with_capacity(known.len());
        for answer in known {
            let next = || created.next().map(|line| Answer::Created(Box::new(line)));
            answers.extend(answer.or_else(next));
        }
        Ok(answers)
    }

    /// What becomes of a record that will be stored in one commit with others drafted before it. Changes nothing.
    ///
    /// The others are drafted again, which gives the same lines as long as no line was applied in between; if one
    /// was, the commit is bound to fail at the first of them.
    ///
    /// # Errors
    ///
    /// As [`Ledger::draft`], for the first record that is refused.
    pub fn draft_together<R: Into<Record>>(&self, others: Vec<R>, record: R) -> Result<Answer, Error> {
        let mut drafts = Drafts::default();
        for other in others {
            if let Decision::New(line, taken) = self.decide(&drafts, other.into())? {
                drafts.push(*line, taken);
            }
        }
        self.decide(&drafts, record.into()).map(Decision::answer)
    }

    /// Adds a stored line to the books. A line that is there already is passed over, so that the caller may apply
    /// what it stored and what it reloaded in any order.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::OutOfOrder`] when lines are missing before it, [`ErrorKind::BrokenChain`] when it does not follow the
    /// line before, repeats the id of another record or takes what no earlier entry has left. Nothing has changed then.
    pub fn apply(&mut self, line: &Line) -> Result<(), Error> {
        self.adopt(line.clone())
    }

    fn adopt(&mut self, line: Line) -> Result<(), Error> {
        if !self.is_new(&line)? {
            return Ok(());
        }
        let taken = match line.entry().map(|entry| self.taken_by(&Drafts::default(), entry, line.position()))
        {
            None => None,
            Some(Ok(taken)) => taken,
            Some(Err(_)) => return Err(broken(&line, "it takes what no earlier entry has left")),
        };

        // From here on the line is part of the books.
        self.add(line, taken);
        Ok(())
    }

    /// Whether a line comes next; not so when it is there already.
    fn is_new(&self, line: &Line) -> Result<bool, Error> {
        let (found, expected) = (line.position(), self.next_position());
        if let Some(known) = self.line_at(found) {
            return if known == line { Ok(false) } else { Err(broken(line, "another line stands there")) };
        }
        if found != expected {
            return Err(Error::from(ErrorKind::OutOfOrder { expected, found }));
        }
        if !line.follows(self.head_digest()) {
            return Err(broken(line, "it does not follow the line before it"));
        }
        if self.positions.contains_key(line.record().id()) {
            return Err(broken(line, "the id of its entry stands in an earlier line"));
        }
        Ok(true)
    }

    fn add(&mut self, line: Line, taken: Option<(String, Taken)>) {
        let position = line.position();
        let _ = self.positions.insert(line.record().id().to_owned(), position);
        if let Some((id, taken)) = taken {
            let released =
                self.line_of(&id).and_then(Line::entry).is_none_or(|hold| rest::is_released(hold, &taken));
            if released {
                let _ = self.holds.remove(&id);
            }
            let next = u64::try_from(self.taken.len()).unwrap_or(u64::MAX);
            let place = *self.taken_places.entry(id).or_insert(next);
            match usize::try_from(place).ok().and_then(|place| self.taken.get_mut(place)) {
                Some(before) => *before = taken,
                None => self.taken.push(taken),
            }
        }
        match line.record() {
            Record::Entry(entry) => {
                if entry.is_hold() {
                    let _ = self.holds.insert(entry.id().to_owned(), position);
                }
                self.index.add(position, entry);
            }
            Record::Standing(standing) => self.rulings.add(standing),
        }
        self.lines.push(line);
    }

    /// [`Ledger::draft`] and [`Ledger::apply`] in one, for books that live in memory only.
    ///
    /// # Errors
    ///
    /// As [`Ledger::draft`].
    pub fn post(&mut self, record: impl Into<Record>) -> Result<Answer, Error> {
        let answer = self.draft(record)?;
        if let Answer::Created(line) = &answer {
            self.apply(line)?;
        }
        Ok(answer)
    }

    /// The gross sums of an account in a currency; zero where nothing was ever posted. Takes the same time however
    /// long the journal is.
    #[must_use]
    pub fn balance(&self, account: &Account, currency: Currency) -> Balance {
        self.index.of(account, None, currency)
    }

    /// All accounts and the proof that they sum to zero.
    #[must_use]
    pub fn trial_balance(&self) -> TrialBalance {
        self.index.trial_balance()
    }

    pub(super) fn balance_of(&self, account: &Account, key: Option<&str>, currency: Currency) -> Balance {
        self.index.of(account, key, currency)
    }

    pub(super) fn index(&self) -> &Index {
        &self.index
    }

    pub(super) fn rulings(&self) -> &Rulings {
        &self.rulings
    }

    pub(super) fn holds(&self) -> impl Iterator<Item = &Line> {
        self.holds.values().filter_map(|position| self.line_at(*position))
    }

    pub(super) fn taken_from(&self, id: &str) -> Option<&Taken> {
        self.taken.get(usize::try_from(*self.taken_places.get(id)?).ok()?)
    }

    pub(super) fn next_position(&self) -> u64 {
        self.length().saturating_add(1)
    }

    pub(super) fn head_digest(&self) -> Digest {
        self.lines.last().map_or_else(Digest::zero, Line::digest)
    }

    pub(super) fn line_at(&self, position: u64) -> Option<&Line> {
        let index = usize::try_from(position.checked_sub(1)?).ok()?;
        self.lines.get(index)
    }

    pub(super) fn line_of(&self, id: &str) -> Option<&Line> {
        self.line_at(*self.positions.get(id)?)
    }
}

impl Decision {
    fn answer(self) -> Answer {
        match self {
            Self::Known(answer) => answer,
            Self::New(line, _) => Answer::Created(line),
        }
    }
}

fn broken(line: &Line, found: &'static str) -> Error {
    Error::from(ErrorKind::BrokenChain { position: line.position(), found })
}
