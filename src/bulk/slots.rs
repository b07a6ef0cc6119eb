//! An account in a currency has one slot, and its sums stand in one place.
//!
//! What every leg needs (sums, what it balances with, what it may not do) is dense; names stand apart. A slot is known by a
//! small number, which is the order in which accounts were introduced, and is the same at every replay.

use alloc::collections::BTreeMap;

use super::packed::{Leg, size};
use super::{Error, ErrorKind};
use crate::ledger::{
    Account, AccountBalance, Balance, CurrencyTotal, Kind, Limit, Rulings, Side, State, TrialBalance,
};
use crate::money::Currency;
use crate::prelude::*;

/// As many as fit beside the side of a leg.
const SLOTS_MAX: usize = 1 << 31;

/// Nothing is posted for now.
const BLOCKED: u32 = 1;
/// Nothing is posted any more.
const CLOSED: u32 = 2;
/// No debit balance.
const KEEPS_CREDIT: u32 = 4;
/// No credit balance.
const KEEPS_DEBIT: u32 = 8;

/// What a leg meets.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Column {
    pub(super) debits: u128,
    pub(super) credits: u128,
    /// Legs of one transaction with the same number balance together: a currency, notes apart from money.
    pub(super) group: u32,
    /// What the account may not do; 0 for most.
    pub(super) rules: u32,
}

/// Who a slot belongs to.
#[derive(Clone, Debug)]
pub(super) struct Owner {
    pub(super) account: Account,
    pub(super) currency: Currency,
}

/// The accounts of the books.
#[derive(Clone, Debug, Default)]
pub(super) struct Slots {
    columns: Vec<Column>,
    owners: Vec<Owner>,
    /// Slot of each account by currency and name.
    places: BTreeMap<String, u32>,
    /// Currencies in the order in which they came.
    currencies: Vec<Currency>,
    rulings: Rulings,
}

impl Column {
    #[inline]
    pub(super) const fn add(&mut self, side: Side, minor: u64) {
        // Below 2^27 transactions of 256 legs of less than 2^63 stay below 2^98.
        match side {
            Side::Debit => self.debits = self.debits.wrapping_add(wide(minor)),
            Side::Credit => self.credits = self.credits.wrapping_add(wide(minor)),
        }
    }

    pub(super) const fn take(&mut self, side: Side, minor: u64) {
        match side {
            Side::Debit => self.debits = self.debits.wrapping_sub(wide(minor)),
            Side::Credit => self.credits = self.credits.wrapping_sub(wide(minor)),
        }
    }

    pub(super) fn balance(&self) -> Balance {
        Balance { debits: self.debits, credits: self.credits, ..Balance::default() }
    }

    pub(super) const fn state(&self) -> State {
        match self.rules {
            rules if rules & CLOSED != 0 => State::Closed,
            rules if rules & BLOCKED != 0 => State::Blocked,
            _ => State::Open,
        }
    }

    pub(super) const fn limit(&self) -> Limit {
        match self.rules {
            rules if rules & KEEPS_CREDIT != 0 => Limit::NoDebitBalance,
            rules if rules & KEEPS_DEBIT != 0 => Limit::NoCreditBalance,
            _ => Limit::Unlimited,
        }
    }
}

/// `u128::from`, where the compiler evaluates.
const fn wide(minor: u64) -> u128 {
    let [a, b, c, d, e, f, g, h] = minor.to_le_bytes();
    u128::from_le_bytes([a, b, c, d, e, f, g, h, 0, 0, 0, 0, 0, 0, 0, 0])
}

impl Slots {
    pub(super) fn len(&self) -> usize {
        self.owners.len()
    }

    /// The slot of an account in a currency, which is made where there is none.
    pub(super) fn introduce(&mut self, account: &str, currency: &str) -> Result<u32, Error> {
        let account = Account::parse(account)?;
        let currency = Currency::parse(currency).map_err(|error| ErrorKind::Ledger(error.into()))?;
        let key = keyed(account.name(), currency);
        if let Some(known) = self.places.get(&key) {
            return Ok(*known);
        }
        let slot = u32::try_from(self.owners.len()).ok().filter(|slot| size(*slot) < SLOTS_MAX);
        let slot = slot.ok_or(ErrorKind::Full)?;
        let column = self.column_for(&account, currency);
        self.columns.push(column);
        self.owners.push(Owner { account, currency });
        let _ = self.places.insert(key, slot);
        Ok(slot)
    }

    fn column_for(&mut self, account: &Account, currency: Currency) -> Column {
        let known = self.currencies.iter().position(|known| *known == currency);
        let number = known.unwrap_or_else(|| {
            self.currencies.push(currency);
            self.currencies.len().saturating_sub(1)
        });
        let memo = u32::from(account.kind() == Kind::Memo);
        let group = u32::try_from(number).unwrap_or_default().wrapping_shl(1) | memo;
        Column { group, rules: rules(&self.rulings, account), ..Column::default() }
    }

    /// Forgets the slots from `length` on, on which nothing stands.
    pub(super) fn truncate(&mut self, length: usize) {
        for Owner { account, currency } in self.owners.get(length..).unwrap_or_default() {
            let _ = self.places.remove(&keyed(account.name(), *currency));
        }
        self.owners.truncate(length);
        self.columns.truncate(length);
    }

    #[inline]
    pub(super) fn column(&self, slot: u32) -> Option<&Column> {
        self.columns.get(size(slot))
    }

    #[inline]
    pub(super) fn column_mut(&mut self, slot: u32) -> Option<&mut Column> {
        self.columns.get_mut(size(slot))
    }

    pub(super) fn owner(&self, slot: u32) -> Option<&Owner> {
        self.owners.get(size(slot))
    }

    /// The owners of the slots from `from` on.
    pub(super) fn owners(&self, from: usize) -> &[Owner] {
        self.owners.get(from..).unwrap_or_default()
    }

    /// Takes legs out of the sums again.
    pub(super) fn take(&mut self, legs: impl Iterator<Item = Leg>) {
        for leg in legs {
            if let Some(column) = self.column_mut(leg.slot) {
                column.take(leg.side, leg.minor);
            }
        }
    }

    pub(super) const fn rulings(&self) -> &Rulings {
        &self.rulings
    }

    /// Other rules hold from now on.
    pub(super) fn rule(&mut self, rulings: Rulings) {
        self.rulings = rulings;
        for (column, owner) in self.columns.iter_mut().zip(&self.owners) {
            column.rules = rules(&self.rulings, &owner.account);
        }
    }

    /// The sums of an account; nothing where it was never posted to.
    pub(super) fn balance(&self, account: &Account, currency: Currency) -> Balance {
        let slot = self.places.get(&keyed(account.name(), currency));
        slot.and_then(|slot| self.column(*slot)).map(Column::balance).unwrap_or_default()
    }

    /// All accounts that were ever posted to, by name.
    pub(super) fn trial_balance(&self) -> TrialBalance {
        let mut accounts = Vec::new();
        for (owner, column) in self.owners.iter().zip(&self.columns) {
            let balance = column.balance();
            if balance != Balance::default() {
                let (account, currency) = (owner.account.clone(), owner.currency);
                accounts.push(AccountBalance { account, key: None, currency, balance });
            }
        }
        accounts.sort_unstable_by(|one, other| {
            one.account.cmp(&other.account).then(one.currency.cmp(&other.currency))
        });
        let mut totals: Vec<CurrencyTotal> = Vec::new();
        let mut currencies = self.currencies.clone();
        currencies.sort_unstable();
        for currency in currencies {
            let mut total = Balance::default();
            for row in accounts.iter().filter(|row| row.currency == currency) {
                total.debits = total.debits.wrapping_add(row.balance.debits);
                total.credits = total.credits.wrapping_add(row.balance.credits);
            }
            if total != Balance::default() {
                totals.push(CurrencyTotal { currency, total });
            }
        }
        TrialBalance { accounts, totals }
    }
}

/// Currencies come first, as they have one length, and no name holds a space.
fn keyed(name: &str, currency: Currency) -> String {
    glued(&[currency.code(), " ", name])
}

fn rules(rulings: &Rulings, account: &Account) -> u32 {
    let state = match rulings.state(account) {
        State::Open => 0,
        State::Blocked => BLOCKED,
        State::Closed => CLOSED,
    };
    let limit = match rulings.limit(account) {
        Limit::Unlimited => 0,
        Limit::NoDebitBalance => KEEPS_CREDIT,
        Limit::NoCreditBalance => KEEPS_DEBIT,
    };
    state | limit
}
