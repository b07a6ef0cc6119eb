//! The index equals the sum of the postings: it can be rebuilt from the journal at any time, and is compared with it.
//!
//! Each account has its running sums, and the sums of every day on which something happened to it, so that neither a
//! balance of now nor one of any earlier day takes longer as the journal grows; only the lines of the day asked for are
//! looked at one by one. Days are those of `occurred_at` in UTC: news that comes late changes the sums of its own day.

use alloc::collections::BTreeMap;

use super::account::Account;
use super::balance::{AccountBalance, Balance, Change, CurrencyTotal, Sums, TrialBalance};
use super::{Entry, Posting};
use crate::money::Currency;
use crate::prelude::*;
use crate::time::Timestamp;

const DAY_MS: u64 = 86_400_000;

/// What happened to one account on one day.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Day {
    /// Days since 1970 in UTC.
    number: u64,
    /// What the day added: held and released apart, since it may release what an earlier day held.
    added: Sums,
    released: Sums,
    /// Positions of the lines that touch the account on this day, ascending, each once.
    touched: Vec<u64>,
}

/// What was added to an account in a stretch of time and what was released there, apart: what a day releases, an earlier
/// one may have held.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Flow {
    added: Balance,
    released: Balance,
}

impl Flow {
    pub(super) fn add(&mut self, change: Change) {
        match change.held() {
            Some(held) => self.released = self.released.with(held),
            None => self.added = self.added.with(change),
        }
    }

    /// The balance at the end. A release whose hold happened later by the gateway's clock counts when the hold does.
    pub(super) const fn balance(self) -> Balance {
        Balance {
            pending_debits: self.added.pending_debits.saturating_sub(self.released.pending_debits),
            pending_credits: self.added.pending_credits.saturating_sub(self.released.pending_credits),
            ..self.added
        }
    }
}

/// What the index knows of one account, or of one key in it.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Book {
    account: Account,
    key: Option<String>,
    sums: Sums,
    /// By day. Empty for a key: its lines are among those of its account.
    days: Vec<Day>,
}

/// Running balances and statements.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Index {
    books: Vec<Book>,
    /// Place in `books` of each account by its name, and of each key in it by `name#key`.
    places: BTreeMap<String, u64>,
}

/// The day of a moment, counted from 1970 in UTC.
pub(super) const fn day_of(at: Timestamp) -> u64 {
    at.unix_ms().wrapping_div(DAY_MS)
}

/// How a key is found in the index: no account has a `#` in its name.
pub(super) fn keyed(account: &Account, key: &str) -> String {
    glued(&[account.name(), "#", key])
}

impl Index {
    /// Adds the postings of the entry at `position`. Names of accounts that are known already are shared.
    pub(super) fn add(&mut self, position: u64, entry: &Entry) {
        let number = day_of(entry.parts().occurred_at);
        for posting in entry.postings() {
            let (currency, change) = (posting.amount.currency(), entry.change(posting));
            if let Some(book) = self.book_mut(posting, None) {
                book.sums.add(currency, change);
                if let Some(day) = book.day(number) {
                    match change.held() {
                        Some(held) => day.released.add(currency, held),
                        None => day.added.add(currency, change),
                    }
                    if day.touched.last() != Some(&position) {
                        day.touched.push(position);
                    }
                }
            }
            if let Some(key) = &posting.key
                && let Some(book) = self.book_mut(posting, Some(key))
            {
                book.sums.add(currency, change);
            }
        }
    }

    /// The book of a posting's account, or of its key, made where there is none; always `Some`.
    fn book_mut(&mut self, posting: &Posting, key: Option<&String>) -> Option<&mut Book> {
        let name = match key {
            None => posting.account.name().to_owned(),
            Some(key) => keyed(&posting.account, key),
        };
        let next = u64::try_from(self.books.len()).unwrap_or(u64::MAX);
        let place = *self.places.entry(name).or_insert(next);
        if place == next {
            let (account, key) = (posting.account.clone(), key.cloned());
            self.books.push(Book { account, key, sums: Sums::default(), days: Vec::new() });
        }
        self.books.get_mut(usize::try_from(place).ok()?)
    }

    pub(super) fn of(&self, account: &Account, key: Option<&str>, currency: Currency) -> Balance {
        let book = match key {
            None => self.book(account.name()),
            Some(key) => self.book(&keyed(account, key)),
        };
        book.map(|book| book.sums.of(currency)).unwrap_or_default()
    }

    /// The sums of all days before `number`, and the lines of that day.
    pub(super) fn before(&self, account: &Account, currency: Currency, number: u64) -> (Flow, &[u64]) {
        let mut flow = Flow::default();
        let Some(book) = self.book(account.name()) else { return (flow, &[]) };
        let end = book.days.partition_point(|day| day.number < number);
        for day in book.days.iter().take(end) {
            flow.added = flow.added.plus(day.added.of(currency));
            flow.released = flow.released.plus(day.released.of(currency));
        }
        let day = book.days.get(end).filter(|day| day.number == number);
        (flow, day.map(|day| day.touched.as_slice()).unwrap_or_default())
    }

    /// Positions of all lines that touch an account, in the order of the journal.
    pub(super) fn touched(&self, account: &Account) -> Vec<u64> {
        let mut positions = Vec::new();
        for day in self.book(account.name()).map(|book| book.days.as_slice()).unwrap_or_default() {
            positions.extend_from_slice(&day.touched);
        }
        positions.sort_unstable();
        positions
    }

    pub(super) fn trial_balance(&self) -> TrialBalance {
        let mut totals = Sums::default();
        let mut accounts = Vec::new();
        for book in self.sorted().filter(|book| book.key.is_none()) {
            for (currency, balance) in book.sums.iter() {
                totals.add_all(currency, balance);
            }
            book.rows(&mut accounts);
        }
        let totals = totals.iter().map(|(currency, total)| CurrencyTotal { currency, total });
        TrialBalance { accounts, totals: totals.collect() }
    }

    /// The sums of every key, sorted by account, key and currency.
    pub(super) fn keys(&self) -> Vec<AccountBalance> {
        let mut rows = Vec::new();
        for book in self.sorted().filter(|book| book.key.is_some()) {
            book.rows(&mut rows);
        }
        rows
    }

    fn sorted(&self) -> impl Iterator<Item = &Book> {
        self.places.values().filter_map(|place| self.books.get(usize::try_from(*place).ok()?))
    }

    fn book(&self, name: &str) -> Option<&Book> {
        self.books.get(usize::try_from(*self.places.get(name)?).ok()?)
    }
}

impl Book {
    /// The day of a number, made where there is none; always `Some`. News mostly comes in order, so the last day is
    /// looked at first.
    fn day(&mut self, number: u64) -> Option<&mut Day> {
        let at = match self.days.last() {
            Some(last) if last.number == number => self.days.len().saturating_sub(1),
            Some(last) if last.number < number => self.days.len(),
            _ => self.days.partition_point(|day| day.number < number),
        };
        if self.days.get(at).is_none_or(|day| day.number != number) {
            let day = Day { number, added: Sums::default(), released: Sums::default(), touched: Vec::new() };
            self.days.insert(at, day);
        }
        self.days.get_mut(at)
    }

    fn rows(&self, rows: &mut Vec<AccountBalance>) {
        let (account, key) = (&self.account, &self.key);
        for (currency, balance) in self.sums.iter() {
            rows.push(AccountBalance { account: account.clone(), key: key.clone(), currency, balance });
        }
    }
}
