//! Balances are derived: gross debits and credits of each account and currency, never a number somebody wrote.

use super::account::{Account, Side};
use super::entry::Layer;
use crate::money::Currency;
use crate::prelude::*;

/// Everything ever posted to one account in one currency, gross, and what is held there now, in minor units.
///
/// Nothing overflows: [`POSITION_MAX`](super::POSITION_MAX) entries of [`POSTINGS_MAX`](super::POSTINGS_MAX) postings
/// below 2^63 stay below 2^111.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Balance {
    /// Sum of all debits.
    pub debits: u128,
    /// Sum of all credits.
    pub credits: u128,
    /// Debits of holds that are neither captured nor released.
    pub pending_debits: u128,
    /// Credits of such holds.
    pub pending_credits: u128,
}

/// What one posting does to a balance.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Change {
    pub(super) side: Side,
    pub(super) layer: Layer,
    pub(super) minor: u64,
    /// Whether it lets go of what an earlier entry held on the opposite side.
    pub(super) release: bool,
}

impl Change {
    /// Money that moved.
    pub(super) const fn posted(side: Side, minor: u64) -> Self {
        Self { side, layer: Layer::Posted, minor, release: false }
    }

    /// Of a release: the change that held what is let go of now. `None` for any other.
    pub(super) const fn held(self) -> Option<Self> {
        if self.release { Some(Self { side: self.side.opposite(), release: false, ..self }) } else { None }
    }
}

impl Balance {
    /// The balance as seen from a side: what stands there less what stands on the other. Negative when the account
    /// is overdrawn.
    #[must_use]
    pub fn on(self, side: Side) -> i128 {
        match side {
            Side::Debit => difference(self.debits, self.credits),
            Side::Credit => difference(self.credits, self.debits),
        }
    }

    /// What can be taken away from a side: its balance, less what is held against it. What is promised to it does not
    /// count.
    #[must_use]
    pub fn available(self, side: Side) -> i128 {
        let held = match side {
            Side::Debit => self.pending_credits,
            Side::Credit => self.pending_debits,
        };
        self.on(side).saturating_sub(difference(held, 0))
    }

    /// Whether nothing stands or is held here: both sides are equal.
    #[must_use]
    pub const fn is_settled(self) -> bool {
        self.debits == self.credits && self.pending_debits == 0 && self.pending_credits == 0
    }

    /// This balance after one more posting.
    #[must_use]
    pub(super) fn with(mut self, change: Change) -> Self {
        let minor = u128::from(change.minor);
        let Change { layer, side, .. } = change.held().unwrap_or(change);
        let sum = match (layer, side) {
            (Layer::Posted, Side::Debit) => &mut self.debits,
            (Layer::Posted, Side::Credit) => &mut self.credits,
            (Layer::Pending, Side::Debit) => &mut self.pending_debits,
            (Layer::Pending, Side::Credit) => &mut self.pending_credits,
        };
        // No more is released than is held: what is taken from an entry is checked against what is left of it.
        *sum = if change.release { sum.saturating_sub(minor) } else { sum.saturating_add(minor) };
        self
    }

    /// Both together.
    #[must_use]
    pub(super) const fn plus(self, other: Self) -> Self {
        Self {
            debits: self.debits.saturating_add(other.debits),
            credits: self.credits.saturating_add(other.credits),
            pending_debits: self.pending_debits.saturating_add(other.pending_debits),
            pending_credits: self.pending_credits.saturating_add(other.pending_credits),
        }
    }
}

/// Both sums are below 2^111, so that both conversions and the difference are exact.
fn difference(plus: u128, minus: u128) -> i128 {
    let signed = |sum| i128::try_from(sum).unwrap_or(i128::MAX);
    signed(plus).saturating_sub(signed(minus))
}

/// One row of a trial balance.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AccountBalance {
    /// The account.
    pub account: Account,
    /// The object the sums are of; `None` for the whole account.
    pub key: Option<String>,
    /// The currency.
    pub currency: Currency,
    /// Its gross sums.
    pub balance: Balance,
}

/// The sums over all accounts in one currency. In sound books debits equal credits, on both layers.
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
    /// Whether debits equal credits in every currency and on both layers.
    #[must_use]
    pub fn is_balanced(&self) -> bool {
        self.totals.iter().all(|CurrencyTotal { total, .. }| {
            total.debits == total.credits && total.pending_debits == total.pending_credits
        })
    }
}

/// Sums by currency, sorted. A merchant has few currencies, so a short list is found faster than a tree.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Sums(Vec<(Currency, Balance)>);

impl Sums {
    pub(super) fn add(&mut self, currency: Currency, change: Change) {
        if let Some(balance) = self.entry(currency) {
            *balance = balance.with(change);
        }
    }

    pub(super) fn of(&self, currency: Currency) -> Balance {
        let found = self.0.iter().find(|(known, _)| *known == currency);
        found.map(|(_, balance)| *balance).unwrap_or_default()
    }

    pub(super) fn iter(&self) -> impl Iterator<Item = (Currency, Balance)> + '_ {
        self.0.iter().copied()
    }

    pub(super) fn add_all(&mut self, currency: Currency, other: Balance) {
        if let Some(balance) = self.entry(currency) {
            *balance = balance.plus(other);
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_held_counts_against_the_side_it_will_leave_and_not_for_the_side_it_will_reach() {
        let held = |side| Change { layer: Layer::Pending, ..Change::posted(side, 30) };
        let wallet = Balance::default().with(Change::posted(Side::Credit, 100));
        let (out, coming) = (wallet.with(held(Side::Debit)), wallet.with(held(Side::Credit)));
        assert_eq!((out.on(Side::Credit), out.available(Side::Credit)), (100, 70));
        assert_eq!((coming.on(Side::Credit), coming.available(Side::Credit)), (100, 100));
        let released = Change { release: true, ..held(Side::Credit) };
        assert_eq!(out.with(released), wallet);
        assert!(!wallet.is_settled() && wallet.with(Change::posted(Side::Debit, 100)).is_settled());
    }
}
