//! The books are the fold of the journal: the same lines give the same ledger, and a refused call changes nothing.

use alloc::collections::BTreeMap;

use super::account::{Account, Side};
use super::balance::{Balance, Index, Sums, TrialBalance};
use super::digest::Digest;
use super::{Entry, Error, ErrorKind, Line, POSITION_MAX};
use crate::money::{Amount, Currency};
use crate::prelude::*;
use crate::time::Timestamp;

/// What the ledger says to an entry.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Answer {
    /// New: store this line, then [`Ledger::apply`] it.
    Created(Box<Line>),
    /// The same entry is there already; nothing needs to be done.
    Exists {
        /// Where it stands.
        position: u64,
    },
    /// An entry with this id is there and says something else.
    ExistsWithDifferent {
        /// Where it stands.
        position: u64,
        /// The first field that differs.
        field: &'static str,
    },
}

/// One posting of an account, with the balance after it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StatementLine {
    /// Position of the entry in the journal, from 1.
    pub position: u64,
    /// The id of the entry.
    pub entry: String,
    /// When it happened.
    pub occurred_at: Timestamp,
    /// The line for people.
    pub description: String,
    /// Debit or credit.
    pub side: Side,
    /// How much.
    pub amount: Amount,
    /// The sums of the account in this currency after the posting.
    pub after: Balance,
}

/// The books in memory. Call [`Ledger::draft`], store the line, call [`Ledger::apply`], in this order; between the
/// two, another process may have stored a line, which the store reports as a conflict: apply its lines and draft
/// again.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Ledger {
    lines: Vec<Line>,
    /// Position of each entry id.
    positions: BTreeMap<String, u64>,
    /// Position of the reversal of each reversed entry id.
    reversals: BTreeMap<String, u64>,
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
            if self.is_new(&line)? {
                self.add(line);
            }
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
        self.head_digest().as_str().to_owned()
    }

    /// All lines.
    #[must_use]
    pub fn lines(&self) -> &[Line] {
        &self.lines
    }

    /// What becomes of an entry. Changes nothing.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::ReversalOfUnknown`], [`ErrorKind::AlreadyReversed`], [`ErrorKind::ReversalDiffers`],
    /// [`ErrorKind::JournalFull`].
    pub fn draft(&self, entry: Entry) -> Result<Answer, Error> {
        self.draft_after(&Drafts::default(), entry)
    }

    /// What becomes of several entries that are posted together: all or none. Changes nothing. An entry may refer to
    /// an earlier one of the same batch, or repeat it.
    ///
    /// # Errors
    ///
    /// As [`Ledger::draft`], and [`ErrorKind::DiffersInBatch`] instead of [`Answer::ExistsWithDifferent`].
    pub fn draft_all(&self, entries: Vec<Entry>) -> Result<Vec<Answer>, Error> {
        let mut drafts = Drafts::default();
        // `None` stands for the next of the drafted lines, which the entries after it have to see.
        let mut known = Vec::with_capacity(entries.len());
        for entry in entries {
            let id = entry.id().to_owned();
            match self.draft_after(&drafts, entry)? {
                Answer::Created(line) => {
                    drafts.push(*line);
                    known.push(None);
                }
                Answer::Exists { position } => known.push(Some(position)),
                Answer::ExistsWithDifferent { position, field } => {
                    return Err(Error::from(ErrorKind::DiffersInBatch { entry: id, position, field }));
                }
            }
        }
        let mut created = drafts.lines.into_iter();
        let mut answers = Vec::with_capacity(known.len());
        for position in known {
            if let Some(position) = position {
                answers.push(Answer::Exists { position });
            } else if let Some(line) = created.next() {
                answers.push(Answer::Created(Box::new(line)));
            }
        }
        Ok(answers)
    }

    /// What becomes of an entry that will be stored in one commit with others drafted before it. Changes nothing.
    ///
    /// The others are drafted again, which gives the same lines as long as no line was applied in between; if one
    /// was, the commit is bound to fail at the first of them.
    ///
    /// # Errors
    ///
    /// As [`Ledger::draft`], for the first entry that is refused.
    pub fn draft_together(&self, others: Vec<Entry>, entry: Entry) -> Result<Answer, Error> {
        let mut drafts = Drafts::default();
        for other in others {
            if let Answer::Created(line) = self.draft_after(&drafts, other)? {
                drafts.push(*line);
            }
        }
        self.draft_after(&drafts, entry)
    }

    fn draft_after(&self, drafts: &Drafts, entry: Entry) -> Result<Answer, Error> {
        if let Some(known) = drafts.line_of(entry.id()).or_else(|| self.line_of(entry.id())) {
            let position = known.position();
            return Ok(match known.entry().difference(&entry) {
                None => Answer::Exists { position },
                Some(field) => Answer::ExistsWithDifferent { position, field },
            });
        }
        if let Some(id) = entry.reverses() {
            let Some(original) = drafts.line_of(id).or_else(|| self.line_of(id)) else {
                return Err(Error::from(ErrorKind::ReversalOfUnknown { entry: id.to_owned() }));
            };
            if let Some(position) = drafts.reversal_of(id).or_else(|| self.reversals.get(id).copied()) {
                return Err(Error::from(ErrorKind::AlreadyReversed { entry: id.to_owned(), position }));
            }
            if !original.entry().is_mirrored_by(&entry) {
                return Err(Error::from(ErrorKind::ReversalDiffers { entry: id.to_owned() }));
            }
        }
        let (position, previous) = match drafts.lines.last() {
            Some(last) => (last.position().saturating_add(1), last.digest().clone()),
            None => (self.next_position(), self.head_digest()),
        };
        if position > POSITION_MAX {
            return Err(Error::from(ErrorKind::JournalFull));
        }
        Ok(Answer::Created(Box::new(Line::chained(position, previous, entry))))
    }

    /// Adds a stored line to the books. A line that is there already is passed over, so that the caller may apply
    /// what it stored and what it reloaded in any order.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::OutOfOrder`] when lines are missing before it, [`ErrorKind::BrokenChain`] when it does not follow the
    /// line before or repeats the id of another entry. Nothing has changed then.
    pub fn apply(&mut self, line: &Line) -> Result<(), Error> {
        if self.is_new(line)? {
            self.add(line.clone());
        }
        Ok(())
    }

    /// Whether a line comes next; not so when it is there already.
    fn is_new(&self, line: &Line) -> Result<bool, Error> {
        let (found, expected) = (line.position(), self.next_position());
        let broken =
            |found_wrong| Err(Error::from(ErrorKind::BrokenChain { position: found, found: found_wrong }));
        if let Some(known) = self.line_at(found) {
            return if known == line { Ok(false) } else { broken("another line stands there") };
        }
        if found != expected {
            return Err(Error::from(ErrorKind::OutOfOrder { expected, found }));
        }
        if !line.follows(&self.head_digest()) {
            return broken("it does not follow the line before it");
        }
        if self.positions.contains_key(line.entry().id()) {
            return broken("the id of its entry stands in an earlier line");
        }
        Ok(true)
    }

    /// Makes a line that comes next part of the books.
    fn add(&mut self, line: Line) {
        let (position, entry) = (line.position(), line.entry());
        let _ = self.positions.insert(entry.id().to_owned(), position);
        if let Some(reversed) = entry.reverses() {
            let _ = self.reversals.insert(reversed.to_owned(), position);
        }
        for posting in entry.postings() {
            self.index.add(position, posting);
        }
        self.lines.push(line);
    }

    /// [`Ledger::draft`] and [`Ledger::apply`] in one, for books that live in memory only.
    ///
    /// # Errors
    ///
    /// As [`Ledger::draft`].
    pub fn post(&mut self, entry: Entry) -> Result<Answer, Error> {
        let answer = self.draft(entry)?;
        if let Answer::Created(line) = &answer {
            self.apply(line)?;
        }
        Ok(answer)
    }

    /// The gross sums of an account in a currency; zero where nothing was ever posted. Takes the same time however
    /// long the journal is.
    #[must_use]
    pub fn balance(&self, account: &Account, currency: Currency) -> Balance {
        self.index.of(account, currency)
    }

    /// All accounts and the proof that they sum to zero.
    #[must_use]
    pub fn trial_balance(&self) -> TrialBalance {
        self.index.trial_balance()
    }

    /// Every posting of an account in the order of the journal, with the balance after each.
    #[must_use]
    pub fn statement(&self, account: &Account) -> Vec<StatementLine> {
        let mut sums = Sums::default();
        let mut statement = Vec::new();
        let positions = self.index.touched(account).iter();
        for line in positions.filter_map(|position| self.line_at(*position)) {
            let parts = line.entry().parts();
            for posting in parts.postings.iter().filter(|posting| posting.account == *account) {
                sums.add(posting.amount.currency(), posting.side, posting.amount.minor());
                statement.push(StatementLine {
                    position: line.position(),
                    entry: parts.id.clone(),
                    occurred_at: parts.occurred_at,
                    description: parts.description.clone(),
                    side: posting.side,
                    amount: posting.amount,
                    after: sums.of(posting.amount.currency()),
                });
            }
        }
        statement
    }

    fn next_position(&self) -> u64 {
        self.length().saturating_add(1)
    }

    fn head_digest(&self) -> Digest {
        self.lines.last().map_or_else(Digest::zero, |line| line.digest().clone())
    }

    fn line_at(&self, position: u64) -> Option<&Line> {
        let index = usize::try_from(position.checked_sub(1)?).ok()?;
        self.lines.get(index)
    }

    fn line_of(&self, id: &str) -> Option<&Line> {
        self.line_at(*self.positions.get(id)?)
    }
}

/// Lines that are drafted but not stored, on top of a ledger.
#[derive(Debug, Default)]
struct Drafts {
    lines: Vec<Line>,
    /// Place of each entry id in `lines`.
    places: BTreeMap<String, u64>,
    reversals: BTreeMap<String, u64>,
}

impl Drafts {
    fn push(&mut self, line: Line) {
        let place = u64::try_from(self.lines.len()).unwrap_or(u64::MAX);
        let _ = self.places.insert(line.entry().id().to_owned(), place);
        if let Some(reversed) = line.entry().reverses() {
            let _ = self.reversals.insert(reversed.to_owned(), line.position());
        }
        self.lines.push(line);
    }

    fn line_of(&self, id: &str) -> Option<&Line> {
        self.lines.get(usize::try_from(*self.places.get(id)?).ok()?)
    }

    fn reversal_of(&self, id: &str) -> Option<u64> {
        self.reversals.get(id).copied()
    }
}
