//! Reading changes nothing: balances of now and of any time, statements, open holds, and the ledger's look at itself.

use super::account::{Account, Side};
use super::balance::{AccountBalance, Balance, CurrencyTotal, Sums, TrialBalance};
use super::entry::{Entry, Layer, Link, Parts, Relation};
use super::index::{Index, day_of};
use super::rest;
use super::{Ledger, Limit, Line, chart};
use crate::money::{Amount, Currency};
use crate::prelude::*;
use crate::time::Timestamp;

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
    /// The object the posting belongs to.
    pub key: Option<String>,
    /// Debit or credit.
    pub side: Side,
    /// Moved or promised.
    pub layer: Layer,
    /// How much.
    pub amount: Amount,
    /// The sums of the account in this currency after the posting.
    pub after: Balance,
}

/// What the ledger finds when it looks at itself. In sound books the first is true and the lists but the last are empty.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Audit {
    /// Whether debits equal credits in every currency, on both layers.
    pub balanced: bool,
    /// Whether the index equals one that is built from the journal anew.
    pub index_holds: bool,
    /// Accounts and keys that are overdrawn although their limit forbids it. A limit that was set later finds such.
    pub overdrawn: Vec<AccountBalance>,
    /// Keys of clearing accounts that are not back at zero: under way, or wrong.
    pub open_keys: Vec<AccountBalance>,
}

impl Ledger {
    /// The sums of one key in an account; zero where nothing was ever posted to it.
    #[must_use]
    pub fn balance_by_key(&self, account: &Account, key: &str, currency: Currency) -> Balance {
        self.balance_of(account, Some(key), currency)
    }

    /// The sums of an account as they were when everything up to `at` had happened, by the clock of the gateway: news
    /// that came later is included. With `known_at`, only what the merchant had recorded until then is.
    ///
    /// Takes as long as there are days with postings, and postings on the day of `at`. With `known_at`, as long as there
    /// are postings.
    #[must_use]
    pub fn balance_at(
        &self,
        account: &Account,
        currency: Currency,
        at: Timestamp,
        known_at: Option<Timestamp>,
    ) -> Balance {
        let number = if known_at.is_some() { 0 } else { day_of(at) };
        let (mut flow, on_the_day) = self.index().before(account, currency, number);
        let every = if known_at.is_some() { self.index().touched(account) } else { on_the_day.to_vec() };
        for entry in every.iter().filter_map(|position| self.line_at(*position)?.entry()) {
            let parts = entry.parts();
            if parts.occurred_at > at || known_at.is_some_and(|known| parts.recorded_at > known) {
                continue;
            }
            for posting in entry.postings() {
                if posting.account == *account && posting.amount.currency() == currency {
                    flow.add(entry.change(posting));
                }
            }
        }
        flow.balance()
    }

    /// All accounts as they were when everything up to `at` had happened, as [`Ledger::balance_at`] says of each. Accounts on
    /// which nothing had happened then are left out.
    #[must_use]
    pub fn trial_balance_at(&self, at: Timestamp, known_at: Option<Timestamp>) -> TrialBalance {
        let mut totals = Sums::default();
        let mut accounts = Vec::new();
        for row in self.trial_balance().accounts {
            let balance = self.balance_at(&row.account, row.currency, at, known_at);
            if balance != Balance::default() {
                totals.add_all(row.currency, balance);
                accounts.push(AccountBalance { balance, ..row });
            }
        }
        let totals = totals.iter().map(|(currency, total)| CurrencyTotal { currency, total });
        TrialBalance { accounts, totals: totals.collect() }
    }

    /// Every posting of an account in the order of the journal, with the balance after each.
    #[must_use]
    pub fn statement(&self, account: &Account) -> Vec<StatementLine> {
        let mut sums = Sums::default();
        let mut statement = Vec::new();
        let positions = self.index().touched(account);
        for line in positions.iter().filter_map(|position| self.line_at(*position)) {
            let Some(entry) = line.entry() else { continue };
            let parts = entry.parts();
            for posting in parts.postings.iter().filter(|posting| posting.account == *account) {
                sums.add(posting.amount.currency(), entry.change(posting));
                statement.push(StatementLine {
                    position: line.position(),
                    entry: parts.id.clone(),
                    occurred_at: parts.occurred_at,
                    description: parts.description.clone(),
                    key: posting.key.clone(),
                    side: posting.side,
                    layer: posting.layer,
                    amount: posting.amount,
                    after: sums.of(posting.amount.currency()),
                });
            }
        }
        statement
    }

    /// Whether an entry was taken back whole.
    #[must_use]
    pub fn is_reversed(&self, id: &str) -> bool {
        let entry = self.line_of(id).and_then(Line::entry);
        entry.zip(self.taken_from(id)).is_some_and(|(entry, taken)| rest::is_reversed(entry, taken))
    }

    /// The entries that let go of holds whose time is over at `now`, in the order of their ids: draft them all. Each is
    /// called `expiry:` and the id of its hold, and happens when the hold ends.
    ///
    /// A hold whose id leaves no room for the prefix is passed over; void it.
    #[must_use]
    pub fn expiries(&self, now: Timestamp) -> Vec<Entry> {
        let mut entries = Vec::new();
        for hold in self.holds().filter_map(Line::entry) {
            let Some(end) = hold.parts().expires_at.filter(|end| *end <= now) else { continue };
            let expiry = Entry::new(Parts {
                id: glued(&["expiry:", hold.id()]),
                occurred_at: end,
                recorded_at: now,
                cause: hold.id().to_owned(),
                description: String::new(),
                links: vec![Link { relation: Relation::Expires, entry: hold.id().to_owned() }],
                expires_at: None,
                facts: None,
                postings: rest::releasing(hold, self.taken_from(hold.id())),
            });
            entries.extend(expiry);
        }
        entries
    }

    /// What may not be overdrawn of an account.
    #[must_use]
    pub fn limit(&self, account: &Account) -> Limit {
        self.rulings().limit(account)
    }

    /// Looks at the whole of the books: sums, index, limits and clearing accounts. The chain is checked by whoever
    /// reads the stored lines, with [`Ledger::open`]; that an entry has a cause, and balances, is part of being one.
    #[must_use]
    pub fn audit(&self) -> Audit {
        let trial = self.trial_balance();
        let mut rebuilt = Index::default();
        for line in self.lines() {
            if let Some(entry) = line.entry() {
                rebuilt.add(line.position(), entry);
            }
        }
        let balanced = trial.is_balanced();
        let keys = self.index().keys();
        let open = |row: &&AccountBalance| {
            chart::rule(&row.account).is_some_and(|rule| rule.clears) && !row.balance.is_settled()
        };
        let open_keys = keys.iter().filter(open).cloned().collect();
        let overdrawn = |row: &AccountBalance| {
            self.limit(&row.account).kept().is_some_and(|side| row.balance.available(side) < 0)
        };
        let mut rows = trial.accounts;
        rows.extend(keys);
        rows.retain(overdrawn);
        Audit { balanced, index_holds: rebuilt == *self.index(), overdrawn: rows, open_keys }
    }
}
