//! Balances are derived: gross debits and credits of each account and currency, never a number somebody wrote.

use alloc::collections::BTreeMap;

use super::Posting;
use super::account::{Account, Side};
use crate::money::Currency;
use crate::prelude::*;

/// Everything ever posted to one account in one currency, gross, in minor units.
///
/// Nothing overflows: [`POSITION_MAX`](super::POSITION_MAX) entries of [`POSTINGS_MAX`](super::POSTINGS_MAX) postings
/// below 2^63 stay below 2^111.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Balance {
    /// Sum of all debits.
    pub debits: u128,
    /// Sum of all credits.
    pub credits: u128,
}

impl Balance {
    /// The balance as seen from a side: what stands there less what stands on the other. Negative when the account
    /// is overdrawn.
    #[must_use]
    pub fn on(self, side: Side) -> i128 {
        // Both sums are below 2^111, so that both conversions and the difference are exact.
        let debits = i128::try_from(self.debits).unwrap_or(i128::MAX);
        let credits = i128::try_from(self.credits).unwrap_or(i128::MAX);
        match side {
            Side::Debit => debits.saturating_sub(credits),
            Side::Credit => credits.saturating_sub(debits),
        }
    }

    /// This balance after one more posting.
    #[must_use]
    pub(super) fn with(self, side: Side, minor: u64) -> Self {
        let minor = u128::from(minor);
        match side {
            Side::Debit => Self { debits: self.debits.saturating_add(minor), ..self },
            Side::Credit => Self { credits: self.credits.saturating_add(minor), ..self },
        }
    }
}

/// One row of a trial balance.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AccountBalance {
    /// The account.
    pub account: Account,
    /// The currency.
    pub currency: Currency,
    /// Its gross sums.
    pub balance: Balance,
}

/// The sums over all accounts in one currency. In sound books both are equal.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct CurrencyTotal {
    /// The currency.
    pub currency: Currency,
    /// The sums.
    pub total: Balance,
}

/// All accounts that were ever posted to, with the proof that they sum to zero.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TrialBalance {
    /// Sorted by name, then currency.
    pub accounts: Vec<AccountBalance>,
    /// Sorted by currency.
    pub totals: Vec<CurrencyTotal>,
}

impl TrialBalance {
    /// Whether debits equal credits in every currency.
    #[must_use]
    pub fn is_balanced(&self) -> bool {
        self.totals.iter().all(|row| row.total.debits == row.total.credits)
    }
}

/// Sums by currency, sorted. A merchant has few currencies, so a short list is found faster than a tree.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Sums(Vec<(Currency, Balance)>);

impl Sums {
    pub(super) fn add(&mut self, currency: Currency, side: Side, minor: u64) {
        let balance = self.entry(currency);
        if let Some(balance) = balance {
            *balance = balance.with(side, minor);
        }
    }

    pub(super) fn of(&self, currency: Currency) -> Balance {
        let found = self.0.iter().find(|(known, _)| *known == currency);
        found.map(|(_, balance)| *balance).unwrap_or_default()
    }

    pub(super) fn iter(&self) -> impl Iterator<Item = (Currency, Balance)> + '_ {
        self.0.iter().copied()
    }

    fn add_all(&mut self, currency: Currency, other: Balance) {
        if let Some(balance) = self.entry(currency) {
            balance.debits = balance.debits.saturating_add(other.debits);
            balance.credits = balance.credits.saturating_add(other.credits);
        }
    }

    /// The balance of a currency, made where there is none; always `Some`.
    fn entry(&mut self, currency: Currency) -> Option<&mut Balance> {
        let at = self.0.partition_point(|(known, _)| *known < currency);
        if self.0.get(at).is_none_or(|(known, _)| *known != currency) {
            self.0.insert(at, (currency, Balance::default()));
        }
        self.0.get_mut(at).map(|(_, balance)| balance)
    }
}

/// What the index knows of one account.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Book {
    account: Account,
    sums: Sums,
    /// Positions of the lines that touch it, ascending, each once.
    touched: Vec<u64>,
}

/// Running balances and statements: an index that can be rebuilt from the journal at any time.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Index {
    books: Vec<Book>,
    /// Place of each account in `books`, by name.
    places: BTreeMap<String, u64>,
}

impl Index {
    pub(super) fn add(&mut self, position: u64, posting: &Posting) {
        let next = u64::try_from(self.books.len()).unwrap_or(u64::MAX);
        if !self.places.contains_key(posting.account.name()) {
            let _ = self.places.insert(posting.account.name().to_owned(), next);
            let account = posting.account.clone();
            self.books.push(Book { account, sums: Sums::default(), touched: Vec::new() });
        }
        let place = self.place(&posting.account);
        if let Some(book) = place.and_then(|place| self.books.get_mut(place)) {
            book.sums.add(posting.amount.currency(), posting.side, posting.amount.minor());
            if book.touched.last() != Some(&position) {
                book.touched.push(position);
            }
        }
    }

    pub(super) fn of(&self, account: &Account, currency: Currency) -> Balance {
        self.book(account).map(|book| book.sums.of(currency)).unwrap_or_default()
    }

    pub(super) fn touched(&self, account: &Account) -> &[u64] {
        self.book(account).map(|book| book.touched.as_slice()).unwrap_or_default()
    }

    pub(super) fn trial_balance(&self) -> TrialBalance {
        let mut totals = Sums::default();
        let mut accounts = Vec::new();
        for place in self.places.values() {
            let Some(book) = usize::try_from(*place).ok().and_then(|place| self.books.get(place)) else {
                continue;
            };
            for (currency, balance) in book.sums.iter() {
                totals.add_all(currency, balance);
                accounts.push(AccountBalance { account: book.account.clone(), currency, balance });
            }
        }
        let totals = totals.iter().map(|(currency, total)| CurrencyTotal { currency, total });
        TrialBalance { accounts, totals: totals.collect() }
    }

    fn place(&self, account: &Account) -> Option<usize> {
        usize::try_from(*self.places.get(account.name())?).ok()
    }

    fn book(&self, account: &Account) -> Option<&Book> {
        self.books.get(self.place(account)?)
    }
}
