//! What may be posted to an account is decided by lines of the journal, as everything else.
//!
//! A [`Standing`] says whether accounts are open, blocked or closed, and which of them may not be overdrawn. It holds for
//! the account it names and for all accounts beneath: `Liabilities:Wallet` for every wallet. Limits of the deepest name
//! hold; that one of the names is blocked or closed is enough.

use super::account::{Account, Side};
use super::document::{moment, word};
use super::entry::{CAUSE_BYTES_MAX, Entry, ID_BYTES_MAX, Layer, checked_text};
use super::{Error, ErrorKind, chart};
use crate::json::{Fields, ObjectWriter, Value};
use crate::prelude::*;
use crate::time::Timestamp;

/// Whether anything is posted to an account.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[non_exhaustive]
pub enum State {
    /// As usual.
    Open,
    /// Nothing is posted until it is open again. Holds can still be voided or expire.
    Blocked,
    /// Nothing is posted any more, for good. Only an account on which nothing stands can be closed.
    Closed,
}

impl State {
    /// The word in documents.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Open => "open",
            Self::Blocked => "blocked",
            Self::Closed => "closed",
        }
    }

    /// The state of a word; `None` for any other word.
    #[must_use]
    pub fn parse(word: &str) -> Option<Self> {
        [Self::Open, Self::Blocked, Self::Closed].into_iter().find(|state| state.name() == word)
    }
}

/// Which side of an account may not outweigh the other. What is held counts as gone.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[non_exhaustive]
pub enum Limit {
    /// None.
    Unlimited,
    /// No debit balance: a wallet or an escrow never pays out more than it holds.
    NoDebitBalance,
    /// No credit balance: a till never goes below zero.
    NoCreditBalance,
}

impl Limit {
    /// The word in documents.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Unlimited => "unlimited",
            Self::NoDebitBalance => "no_debit_balance",
            Self::NoCreditBalance => "no_credit_balance",
        }
    }

    /// The limit of a word; `None` for any other word.
    #[must_use]
    pub fn parse(word: &str) -> Option<Self> {
        let all = [Self::Unlimited, Self::NoDebitBalance, Self::NoCreditBalance];
        all.into_iter().find(|limit| limit.name() == word)
    }

    /// The side that may not be outweighed.
    #[must_use]
    pub const fn kept(self) -> Option<Side> {
        match self {
            Self::Unlimited => None,
            Self::NoDebitBalance => Some(Side::Credit),
            Self::NoCreditBalance => Some(Side::Debit),
        }
    }
}

/// A change of what may be posted to an account and those beneath. Never changed itself; a later one counts.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Standing {
    id: String,
    account: Account,
    state: State,
    limit: Option<Limit>,
    occurred_at: Timestamp,
    recorded_at: Timestamp,
    cause: String,
}

impl Standing {
    /// Reads a standing from JSON: `account`, `cause`, `id`, `limit` (`unlimited`, `no_debit_balance` or
    /// `no_credit_balance`; left out, that of before or of the chart stays), `occurred_at`, `recorded_at`, `state`
    /// (`open`, `blocked` or `closed`).
    ///
    /// # Errors
    ///
    /// [`Json`](super::ErrorKind::Json), [`InvalidAccount`](super::ErrorKind::InvalidAccount),
    /// [`InvalidText`](super::ErrorKind::InvalidText).
    pub fn from_json(value: &Value<'_>) -> Result<Self, Error> {
        let mut fields = Fields::of(value, "standing")?;
        let limit = match fields.optional("limit") {
            None => None,
            Some(_) => Some(word(&mut fields, "limit", LIMITS, Limit::parse)?),
        };
        let standing = Self {
            id: fields.text("id")?.to_owned(),
            account: Account::parse(fields.text("account")?)?,
            state: word(&mut fields, "state", "open, blocked or closed", State::parse)?,
            limit,
            occurred_at: moment(&mut fields, "occurred_at")?,
            recorded_at: moment(&mut fields, "recorded_at")?,
            cause: fields.text("cause")?.to_owned(),
        };
        fields.finish()?;
        checked_text("id", &standing.id, ID_BYTES_MAX)?;
        checked_text("cause", &standing.cause, CAUSE_BYTES_MAX)?;
        Ok(standing)
    }

    /// The canonical text: members in alphabetical order, absent ones left out.
    #[must_use]
    pub fn to_json(&self) -> String {
        ObjectWriter::new()
            .text("account", self.account.name())
            .text("cause", &self.cause)
            .text("id", &self.id)
            .maybe_text("limit", self.limit.map(Limit::name))
            .number("occurred_at", self.occurred_at.unix_ms())
            .number("recorded_at", self.recorded_at.unix_ms())
            .text("state", self.state.name())
            .finish()
    }

    /// The caller's id; ids of standings and of entries are of one kind.
    #[must_use]
    pub fn id(&self) -> &str {
        &self.id
    }

    /// The account it holds for, with all accounts beneath.
    #[must_use]
    pub const fn account(&self) -> &Account {
        &self.account
    }

    /// Whether anything is posted from now on.
    #[must_use]
    pub const fn state(&self) -> State {
        self.state
    }

    /// The limit from now on; `None` leaves the one of before.
    #[must_use]
    pub const fn limit(&self) -> Option<Limit> {
        self.limit
    }

    /// When the merchant's system learnt of it.
    #[must_use]
    pub const fn recorded_at(&self) -> Timestamp {
        self.recorded_at
    }

    /// The first field in which a second standing with the same id differs. How the news arrived is not compared.
    #[must_use]
    pub fn difference(&self, other: &Self) -> Option<&'static str> {
        let compared = [
            ("account", self.account == other.account),
            ("state", self.state == other.state),
            ("limit", self.limit == other.limit),
            ("occurred_at", self.occurred_at == other.occurred_at),
        ];
        compared.into_iter().find(|(_, same)| !same).map(|(field, _)| field)
    }
}

const LIMITS: &str = "one of unlimited, no_debit_balance, no_credit_balance";

/// What holds for one name, as the standings of the journal have left it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Ruling {
    pub(crate) account: Account,
    state: State,
    limit: Option<Limit>,
}

/// The rulings of a journal. A list: there are few names.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Rulings(Vec<Ruling>);

impl Rulings {
    pub(crate) fn add(&mut self, standing: &Standing) {
        let Standing { account, state, limit, .. } = standing;
        match self.0.iter_mut().find(|ruling| ruling.account == *account) {
            Some(ruling) => {
                ruling.state = *state;
                ruling.limit = limit.or(ruling.limit);
            }
            None => self.0.push(Ruling { account: account.clone(), state: *state, limit: *limit }),
        }
    }

    /// These, and over them the ones of drafts that are not stored.
    pub(super) fn with<'a>(&self, standings: impl Iterator<Item = &'a Standing>) -> Self {
        let mut all = self.clone();
        for standing in standings {
            all.add(standing);
        }
        all
    }

    /// The state of an account: the worst of those that hold for it.
    pub(crate) fn state(&self, account: &Account) -> State {
        let ruling = self.0.iter().filter(|ruling| is_within(account.name(), ruling.account.name()));
        ruling.map(|ruling| ruling.state).max().unwrap_or(State::Open)
    }

    /// Refuses an entry with a posting to an account that is not open.
    pub(super) fn permit(&self, entry: &Entry) -> Result<(), Error> {
        // Letting go of a hold is always allowed: time passes for a blocked account too.
        let only_releases =
            entry.releases() && entry.postings().iter().all(|leg| leg.layer == Layer::Pending);
        for posting in entry.postings().iter().filter(|_| !only_releases) {
            let account = || posting.account.name().to_owned();
            match self.state(&posting.account) {
                State::Open => {}
                State::Blocked => return Err(Error::from(ErrorKind::AccountBlocked { account: account() })),
                State::Closed => return Err(Error::from(ErrorKind::AccountClosed { account: account() })),
            }
        }
        Ok(())
    }

    /// The limit of an account: that of the deepest name that has one, of the journal before one of the chart.
    pub(crate) fn limit(&self, account: &Account) -> Limit {
        let own = self.0.iter().filter(|ruling| is_within(account.name(), ruling.account.name()));
        let own = own.filter_map(|ruling| Some((ruling.account.name().len(), ruling.limit?)));
        let own = own.max_by_key(|(depth, _)| *depth);
        let chart = chart::rule(account);
        match (own, chart) {
            (Some((depth, limit)), Some(rule)) if depth >= rule.name.len() => limit,
            (Some((_, limit)), None) => limit,
            (_, Some(rule)) => rule.limit,
            (None, None) => Limit::Unlimited,
        }
    }
}

/// Whether an account is the one of a name or beneath it.
pub(crate) fn is_within(account: &str, name: &str) -> bool {
    account.strip_prefix(name).is_some_and(|rest| rest.is_empty() || rest.starts_with(':'))
}
