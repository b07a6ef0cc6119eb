//! A record is drafted against all that was stored and drafted before it, in order of precedence, and changes nothing.

use alloc::collections::BTreeMap;

use super::account::Account;
use super::balance::Balance;
use super::entry::{Entry, Posting};
use super::rest::{self, Taken};
use super::standing::{Rulings, Standing, State, is_within};
use super::{Answer, Error, ErrorKind, Ledger, Line, POSITION_MAX, Record};
use crate::money::Currency;
use crate::prelude::*;

/// Lines that are drafted but not stored, on top of a ledger.
#[derive(Debug, Default)]
pub(super) struct Drafts {
    lines: Vec<Line>,
    /// Place of each id in `lines`.
    places: BTreeMap<String, u64>,
    /// The last of an entry counts. A list: few of a batch take from others of it.
    taken: Vec<(String, Taken)>,
}

/// What becomes of a record.
pub(super) enum Decision {
    /// It is there already, or another with its id.
    Known(Answer),
    /// Its line, and what it leaves of the entry it takes from.
    New(Box<Line>, Option<(String, Taken)>),
}

impl Drafts {
    pub(super) fn push(&mut self, line: Line, taken: Option<(String, Taken)>) {
        let place = u64::try_from(self.lines.len()).unwrap_or(u64::MAX);
        let _ = self.places.insert(line.record().id().to_owned(), place);
        self.taken.extend(taken);
        self.lines.push(line);
    }

    pub(super) fn into_lines(self) -> impl Iterator<Item = Line> {
        self.lines.into_iter()
    }

    fn line_of(&self, id: &str) -> Option<&Line> {
        self.lines.get(usize::try_from(*self.places.get(id)?).ok()?)
    }

    fn entries(&self) -> impl Iterator<Item = &Entry> {
        self.lines.iter().filter_map(Line::entry)
    }

    fn standings(&self) -> impl Iterator<Item = &Standing> {
        self.lines.iter().filter_map(|line| match line.record() {
            Record::Standing(standing) => Some(&**standing),
            Record::Entry(_) => None,
        })
    }
}

impl Ledger {
    /// What becomes of a record after all that is stored, and `drafts`.
    pub(super) fn decide(&self, drafts: &Drafts, record: Record) -> Result<Decision, Error> {
        if let Some(known) = drafts.line_of(record.id()).or_else(|| self.line_of(record.id())) {
            return Ok(Decision::Known(Answer::repeated(known.position(), known.record(), &record)));
        }
        let (position, previous) = match drafts.lines.last() {
            Some(last) => (last.position().saturating_add(1), last.digest()),
            None => (self.next_position(), self.head_digest()),
        };
        let rulings = self.rulings().with(drafts.standings());
        let taken = match &record {
            Record::Entry(entry) => {
                let taken = self.taken_by(drafts, entry, position)?;
                self.permit(drafts, &rulings, entry)?;
                taken
            }
            Record::Standing(standing) => {
                self.permit_standing(drafts, &rulings, standing)?;
                None
            }
        };
        if position > POSITION_MAX {
            return Err(Error::from(ErrorKind::JournalFull));
        }
        Ok(Decision::New(Box::new(Line::chained(position, previous, record)), taken))
    }

    /// What is taken from an earlier entry once `entry` stands at `position`.
    pub(super) fn taken_by(
        &self,
        drafts: &Drafts,
        entry: &Entry,
        position: u64,
    ) -> Result<Option<(String, Taken)>, Error> {
        let Some(link) = entry.taken() else { return Ok(None) };
        let (id, relation) = (link.entry.as_str(), link.relation);
        let original = drafts.line_of(id).or_else(|| self.line_of(id)).and_then(Line::entry);
        let Some(original) = original else {
            return Err(Error::from(ErrorKind::TakesFromUnknown { relation, entry: id.to_owned() }));
        };
        let drafted = drafts.taken.iter().rev().find(|(entry, _)| entry == id).map(|(_, taken)| taken);
        let before = drafted.or_else(|| self.taken_from(id));
        let taken = rest::take(original, before, entry, relation, position)?;
        Ok(Some((id.to_owned(), taken)))
    }

    /// Refuses what accounts do not allow.
    fn permit(&self, drafts: &Drafts, rulings: &Rulings, entry: &Entry) -> Result<(), Error> {
        rulings.permit(entry)?;
        for posting in entry.postings() {
            self.permit_amount(drafts, rulings, entry, posting, None)?;
            if posting.key.is_some() {
                self.permit_amount(drafts, rulings, entry, posting, posting.key.as_deref())?;
            }
        }
        Ok(())
    }

    /// Refuses to overdraw the account of a posting, or one key in it. What makes a debt smaller is allowed.
    fn permit_amount(
        &self,
        drafts: &Drafts,
        rulings: &Rulings,
        entry: &Entry,
        posting: &Posting,
        key: Option<&str>,
    ) -> Result<(), Error> {
        let limit = rulings.limit(&posting.account);
        let Some(side) = limit.kept() else { return Ok(()) };
        let (account, currency) = (&posting.account, posting.amount.currency());
        let mut before = self.balance_of(account, key, currency);
        for drafted in drafts.entries() {
            before = drafted.changed(account, key, currency, before);
        }
        let available = before.available(side);
        let after = entry.changed(account, key, currency, before).available(side);
        if after < 0 && after < available {
            return Err(Error::from(ErrorKind::LimitReached {
                account: account.name().to_owned(),
                key: key.map(ToOwned::to_owned),
                limit,
                currency,
                available: Box::new(available),
                after: Box::new(after),
            }));
        }
        Ok(())
    }

    pub(super) fn permit_standing(
        &self,
        drafts: &Drafts,
        rulings: &Rulings,
        standing: &Standing,
    ) -> Result<(), Error> {
        let name = standing.account();
        if rulings.state(name) == State::Closed {
            return Err(Error::from(ErrorKind::AccountClosed { account: name.name().to_owned() }));
        }
        if standing.state() != State::Closed {
            return Ok(());
        }
        let mut places: Vec<(Account, Currency)> = Vec::new();
        for row in self.trial_balance().accounts {
            places.push((row.account, row.currency));
        }
        for posting in drafts.entries().flat_map(Entry::postings) {
            places.push((posting.account.clone(), posting.amount.currency()));
        }
        for (account, currency) in places.iter().filter(|(account, _)| is_within(account.name(), name.name()))
        {
            let mut balance = self.balance_of(account, None, *currency);
            for drafted in drafts.entries() {
                balance = drafted.changed(account, None, *currency, balance);
            }
            if !balance.is_settled() {
                let (account, currency) = (account.name().to_owned(), *currency);
                return Err(Error::from(ErrorKind::AccountNotEmpty { account, currency }));
            }
        }
        Ok(())
    }
}

impl Entry {
    /// A balance of an account, or of one key in it, after this entry.
    fn changed(&self, account: &Account, key: Option<&str>, currency: Currency, before: Balance) -> Balance {
        let mut balance = before;
        for posting in self.postings() {
            let here = posting.account == *account && posting.amount.currency() == currency;
            if here && (key.is_none() || posting.key.as_deref() == key) {
                balance = balance.with(self.change(posting));
            }
        }
        balance
    }
}
