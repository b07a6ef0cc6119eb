//! Money at rest: what every account has, what of it can be used, and what went to its bank, exact to the minor unit.
//!
//! Neutral: it knows no dialect. Both dialects book what moved money here, once, and show what stands here.
//!
//! After every operation the books balance, and for each account and currency the available and the pending money
//! together are the sum of the net amounts of its transactions.
//!
//! How to book (both from a handler and from a timer):
//!
//! ```text
//! let account = world.treasury.open("acct_…", Profile::united_states);              // or the number you kept
//! let number = world.book(
//!     &Booking::charge(account, Source::Charge(charge), (minor, currency), is_international),
//!     &Subject { reference: "order_1", object: "ch_…" },
//!     now,
//! )?;                                                                     // the number of the balance transaction
//! ```
//!
//! [`Booking::refund`], [`Booking::refund_failure`], [`Booking::dispute`] and [`Booking::dispute_reversal`] are the others
//! of cards, [`Booking::of`] makes any [`Kind`]. A booking is data: set `availability: Availability::AtOnce` for a card
//! that bypasses the delay, `application_fee` for the share of a platform. The world's `book` posts it and decides
//! whether the settlement report will tell the truth about it; [`Treasury::book`] only posts it.
//!
//! What happens by itself (money becomes available, payouts leave, arrive and come back) happens in [`Treasury::step`],
//! once [`Treasury::next_due`] has been reached; a dialect turns each [`Happening`] into its events.

mod account;
mod book;
mod business_day;
mod error;
mod fees;
mod kind;
#[cfg(test)]
mod model;
mod payout;
mod payouts;
mod rates;
mod source;
mod timers;
mod transaction;
mod transfer;

use alloc::collections::{BTreeMap, BTreeSet};

pub(super) use account::{Account, Balance, Bank, PayoutSchedule, Profile, reason};
use business_day::business_days_later;
pub(super) use error::Error;
pub(super) use fees::Fees;
pub(super) use kind::Kind;
pub(super) use payout::{Payout, PayoutMethod, PayoutOrder, PayoutState};
pub(super) use rates::Rate;
pub(super) use source::Source;
pub(super) use timers::Happening;
pub(super) use transaction::{Availability, Booking, Conversion, Transaction};
pub(super) use transfer::TransferOrder;

use crate::money::Currency;
use crate::prelude::*;
use crate::time::Timestamp;
use timers::Due;

/// All money at rest.
#[derive(Clone, Debug, Default)]
pub(super) struct Treasury {
    accounts: Vec<Account>,
    by_name: BTreeMap<String, usize>,
    transactions: Vec<Transaction>,
    by_source: BTreeSet<(Source, usize)>,
    payouts: Vec<Payout>,
    due: BTreeSet<(Timestamp, Due)>,
}

impl Treasury {
    /// The number of the account of a name, which is opened when it is new.
    pub(super) fn open(&mut self, name: &str, profile: impl FnOnce() -> Profile) -> usize {
        if let Some(account) = self.by_name.get(name) {
            return *account;
        }
        let number = self.accounts.len();
        self.accounts.push(Account::new(name.to_owned(), profile()));
        let _ = self.by_name.insert(name.to_owned(), number);
        number
    }

    /// The number of the account of a name.
    pub(super) fn find(&self, name: &str) -> Option<usize> {
        self.by_name.get(name).copied()
    }

    /// The account of a number.
    pub(super) fn account(&self, number: usize) -> Option<&Account> {
        self.accounts.get(number)
    }

    /// All transactions of all accounts, oldest first.
    pub(super) fn transactions(&self) -> &[Transaction] {
        &self.transactions
    }

    /// The transaction of a number.
    pub(super) fn transaction(&self, number: usize) -> Option<&Transaction> {
        self.transactions.get(number)
    }

    /// The numbers of the transactions an object caused, oldest first.
    pub(super) fn transactions_of(&self, source: Source) -> impl DoubleEndedIterator<Item = usize> {
        self.by_source.range((source, 0)..=(source, usize::MAX)).map(|(_, number)| *number)
    }

    /// All payouts of all accounts, oldest first.
    pub(super) fn payouts(&self) -> &[Payout] {
        &self.payouts
    }

    /// The payout of a number.
    pub(super) fn payout(&self, number: usize) -> Option<&Payout> {
        self.payouts.get(number)
    }

    /// Adds a bank account and returns its number among those of the account. The first of a currency is the default.
    ///
    /// # Errors
    ///
    /// [`Error::Unknown`].
    pub(super) fn add_bank(&mut self, account: usize, bank: Bank) -> Result<usize, Error> {
        let found = self.accounts.get_mut(account).ok_or(Error::Unknown { what: "account" })?;
        let is_first = found.default_bank(bank.currency).is_none();
        let is_default = bank.is_default || is_first;
        if is_default {
            for other in found.banks.iter_mut().filter(|other| other.currency == bank.currency) {
                other.is_default = false;
            }
        }
        found.banks.push(Bank { is_default, ..bank });
        Ok(found.banks.len().saturating_sub(1))
    }

    /// Changes a bank account.
    ///
    /// # Errors
    ///
    /// [`Error::Unknown`].
    pub(super) fn change_bank(
        &mut self,
        account: usize,
        bank: usize,
        change: impl FnOnce(&mut Bank),
    ) -> Result<(), Error> {
        let found = self.accounts.get_mut(account).ok_or(Error::Unknown { what: "account" })?;
        let bank = found.banks.get_mut(bank).ok_or(Error::Unknown { what: "bank account" })?;
        change(bank);
        Ok(())
    }

    /// Makes a bank account the one that payouts in its currency go to.
    ///
    /// # Errors
    ///
    /// [`Error::Unknown`].
    pub(super) fn prefer_bank(
        &mut self,
        account: usize,
        bank: usize,
        currency: Currency,
    ) -> Result<(), Error> {
        let found = self.accounts.get_mut(account).ok_or(Error::Unknown { what: "account" })?;
        for (number, other) in found.banks.iter_mut().enumerate() {
            if other.currency == currency {
                other.is_default = number == bank;
            }
        }
        Ok(())
    }

    /// Changes what an account is made from. What was booked stays as it is.
    ///
    /// # Errors
    ///
    /// [`Error::Unknown`].
    pub(super) fn change_profile(
        &mut self,
        account: usize,
        now: Timestamp,
        change: impl FnOnce(&mut Profile),
    ) -> Result<(), Error> {
        let found = self.accounts.get_mut(account).ok_or(Error::Unknown { what: "account" })?;
        change(&mut found.profile);
        self.plan_sweep(account, now);
        Ok(())
    }
}
