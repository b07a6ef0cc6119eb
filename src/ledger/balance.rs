//! Balances are derived: gross debits and credits of each account and currency, never a number somebody wrote.

use std::collections::BTreeMap;

use super::Posting;
use super::account::{Account, Side};
use crate::money::Currency;

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

/// Running balances: an index that can be rebuilt from the journal at any time.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Index(BTreeMap<(Account, Currency), Balance>);

impl Index {
    pub(super) fn add(&mut self, posting: &Posting) {
        let key = (posting.account.clone(), posting.amount.currency());
        let balance = self.0.entry(key).or_default();
        *balance = balance.with(posting.side, posting.amount.minor());
    }

    pub(super) fn of(&self, account: &Account, currency: Currency) -> Balance {
        self.0.get(&(account.clone(), currency)).copied().unwrap_or_default()
    }

    pub(super) fn trial_balance(&self) -> TrialBalance {
        let mut totals: BTreeMap<Currency, Balance> = BTreeMap::new();
        for ((_, currency), balance) in &self.0 {
            let total = totals.entry(*currency).or_default();
            *total = total.with_all(*balance);
        }
        TrialBalance {
            accounts: self
                .0
                .iter()
                .map(|((account, currency), balance)| AccountBalance {
                    account: account.clone(),
                    currency: *currency,
                    balance: *balance,
                })
                .collect(),
            totals: totals.into_iter().map(|(currency, total)| CurrencyTotal { currency, total }).collect(),
        }
    }
}

impl Balance {
    fn with_all(self, other: Self) -> Self {
        Self {
            debits: self.debits.saturating_add(other.debits),
            credits: self.credits.saturating_add(other.credits),
        }
    }
}
