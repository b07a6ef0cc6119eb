//! Every entry sums to zero in its currency; nothing is ever changed, and every account is the sum of its postings.
//!
//! These are the gateway's own books. The merchant's ledger is another one on purpose: were both the same code, a
//! bug in it would agree with itself.

use alloc::collections::BTreeMap;

use super::Error;
use super::treasury::Source;
use crate::money::Currency;
use crate::prelude::*;
use crate::time::Timestamp;

/// The account of the card network: what it owes the gateway stands on its debit side.
pub const NETWORK: &str = "gateway:network";

/// The account the gateway's fees go to.
pub const FEES: &str = "gateway:fees";

/// The banks of the merchants: what was paid out to them stands on its credit side.
pub(super) const BANK: &str = "gateway:bank";

/// Where one currency is exchanged for another.
pub(super) const EXCHANGE: &str = "gateway:exchange";

/// What is on its way from one merchant to another: nothing, between two calls.
pub(super) const TRANSFERS: &str = "gateway:transfers";

/// Shares of platforms, on their way: nothing, between two calls.
pub(super) const APPLICATIONS: &str = "gateway:applications";

/// What the gateway has put aside for losses to come.
pub(super) const RESERVE: &str = "gateway:reserve";

/// What is held until buyer and seller agree.
pub(super) const ESCROW: &str = "gateway:escrow";

/// Corrections by hand.
pub(super) const ADJUSTMENTS: &str = "gateway:adjustments";

/// All accounts that belong to no merchant.
pub(super) const OWN: [&str; 9] =
    [NETWORK, FEES, BANK, EXCHANGE, TRANSFERS, APPLICATIONS, RESERVE, ESCROW, ADJUSTMENTS];

/// Which side of an account.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Side {
    Debit,
    Credit,
}

impl Side {
    pub(super) const fn name(self) -> &'static str {
        match self {
            Self::Debit => "debit",
            Self::Credit => "credit",
        }
    }
}

/// A part of an entry. Minor units of the entry's currency.
#[derive(Clone, Copy, Debug)]
pub(super) struct Posting {
    pub(super) account: usize,
    pub(super) side: Side,
    pub(super) minor: u64,
}

/// What moved at one time for one cause.
#[derive(Clone, Debug)]
pub(super) struct Entry {
    pub(super) at: Timestamp,
    pub(super) cause: &'static str,
    /// What moved the money.
    pub(super) source: Source,
    pub(super) currency: Currency,
    pub(super) postings: Vec<Posting>,
}

/// Sums of one account or of all, in minor units of one currency.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Totals {
    pub(super) debits: u128,
    pub(super) credits: u128,
}

impl Totals {
    fn add(&mut self, side: Side, minor: u64) {
        let total = match side {
            Side::Debit => &mut self.debits,
            Side::Credit => &mut self.credits,
        };
        *total = total.saturating_add(u128::from(minor));
    }

    /// Credits minus debits: what the gateway owes the holder of the account. Minor units, negative when it is owed.
    pub(super) fn balance(self) -> i128 {
        let side = |total: u128| i128::try_from(total).unwrap_or(i128::MAX);
        side(self.credits).saturating_sub(side(self.debits))
    }
}

/// One account.
#[derive(Clone, Debug, Default)]
pub(super) struct Account {
    pub(super) name: String,
    pub(super) totals: BTreeMap<Currency, Totals>,
    /// The numbers of the entries that touch it, oldest first.
    pub(super) entries: Vec<usize>,
}

/// All accounts and all entries.
#[derive(Clone, Debug, Default)]
pub(super) struct Books {
    accounts: Vec<Account>,
    by_name: BTreeMap<String, usize>,
    entries: Vec<Entry>,
}

impl Books {
    /// The number of an account, which is opened when it is new.
    pub(super) fn open(&mut self, name: &str) -> usize {
        if let Some(account) = self.by_name.get(name) {
            return *account;
        }
        let number = self.accounts.len();
        self.accounts.push(Account { name: name.to_owned(), ..Account::default() });
        let _ = self.by_name.insert(name.to_owned(), number);
        number
    }

    /// The account of a name.
    pub(super) fn account(&self, name: &str) -> Option<&Account> {
        self.accounts.get(*self.by_name.get(name)?)
    }

    /// The account of a number, as postings name it.
    pub(super) fn numbered(&self, account: usize) -> Option<&Account> {
        self.accounts.get(account)
    }

    /// The entry of a number.
    pub(super) fn entry(&self, number: usize) -> Option<&Entry> {
        self.entries.get(number)
    }

    /// Writes an entry.
    ///
    /// # Errors
    ///
    /// [`Error::Bug`] when it does not sum to zero or names an account that does not exist.
    pub(super) fn post(&mut self, entry: Entry) -> Result<(), Error> {
        let mut sum = Totals::default();
        for posting in &entry.postings {
            sum.add(posting.side, posting.minor);
            if posting.account >= self.accounts.len() {
                return Err(Error::Bug { what: "a posting names an account that was never opened" });
            }
        }
        if sum.debits != sum.credits {
            return Err(Error::Bug { what: "an entry does not sum to zero" });
        }

        // From here on the entry is written.
        let number = self.entries.len();
        for posting in &entry.postings {
            if let Some(account) = self.accounts.get_mut(posting.account) {
                account.totals.entry(entry.currency).or_default().add(posting.side, posting.minor);
                if account.entries.last() != Some(&number) {
                    account.entries.push(number);
                }
            }
        }
        self.entries.push(entry);
        Ok(())
    }

    /// Sums per currency, added up anew from all entries.
    pub(super) fn recount(&self) -> BTreeMap<Currency, Totals> {
        let mut sums: BTreeMap<Currency, Totals> = BTreeMap::new();
        for entry in &self.entries {
            let sum = sums.entry(entry.currency).or_default();
            for posting in &entry.postings {
                sum.add(posting.side, posting.minor);
            }
        }
        sums
    }

    /// Sums per currency, added up from the running totals of the accounts. Must equal [`Books::recount`].
    pub(super) fn totals(&self) -> BTreeMap<Currency, Totals> {
        let mut sums: BTreeMap<Currency, Totals> = BTreeMap::new();
        for account in &self.accounts {
            for (currency, totals) in &account.totals {
                let sum = sums.entry(*currency).or_default();
                sum.debits = sum.debits.saturating_add(totals.debits);
                sum.credits = sum.credits.saturating_add(totals.credits);
            }
        }
        sums
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_entry_that_does_not_sum_to_zero_is_refused_and_leaves_no_trace() {
        let mut books = Books::default();
        let (shop, network) = (books.open("shop"), books.open(NETWORK));
        let entry = |debit, credit| Entry {
            at: Timestamp::MIN,
            cause: "capture",
            source: Source::Payment(0),
            currency: Currency::parse("EUR").unwrap(),
            postings: vec![
                Posting { account: network, side: Side::Debit, minor: debit },
                Posting { account: shop, side: Side::Credit, minor: credit },
            ],
        };
        assert!(books.post(entry(100, 99)).is_err());
        assert!(books.entry(0).is_none() && books.totals().is_empty());
        books.post(entry(100, 100)).unwrap();
        assert_eq!(books.totals(), books.recount());
        let shop = books.account("shop").unwrap();
        assert_eq!(shop.totals.values().map(|totals| totals.balance()).collect::<Vec<_>>(), [100]);
    }
}
