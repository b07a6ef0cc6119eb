//! An account's available and pending money, together, are the sum of the net amounts of its transactions.

use alloc::collections::BTreeMap;

use super::fees::Schedule;
use crate::money::Currency;
use crate::prelude::*;

/// What an account is made from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(in crate::simulator) struct Profile {
    /// The country, by its two upper-case letters: decides fees.
    pub(in crate::simulator) country: String,
    /// The currency everything else is converted into.
    pub(in crate::simulator) currency: Currency,
    /// Whether money of every currency stays as it is. Otherwise only that with a bank account in its currency does.
    pub(in crate::simulator) keeps_currencies: bool,
    /// When money is paid out.
    pub(in crate::simulator) schedule: PayoutSchedule,
    /// Business days until the money of a payment is available.
    pub(in crate::simulator) delay_days: u32,
}

/// Business days until the money of a card payment is available where nothing is said.
const DELAY_DAYS_DEFAULT: u32 = 2;

impl Profile {
    /// In the United States, keeping every currency, paid out when asked for.
    pub(in crate::simulator) fn united_states() -> Self {
        Self {
            country: "US".to_owned(),
            currency: Currency::USD,
            keeps_currencies: true,
            schedule: PayoutSchedule::Manual,
            delay_days: DELAY_DAYS_DEFAULT,
        }
    }

    /// As in the United States, with money that can be used at once: a merchant of the native dialect.
    pub(in crate::simulator) fn immediate() -> Self {
        Self { delay_days: 0, ..Self::united_states() }
    }
}

/// When money is paid out.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::simulator) enum PayoutSchedule {
    /// When the merchant asks for it.
    Manual,
    /// At the beginning of every day, all that is available; what the account owes is taken from its bank.
    Daily,
    /// As daily, on one day of the week, from 0 for Monday.
    Weekly(u64),
    /// As daily, on one day of the month, from 1; on its last where it has fewer days.
    Monthly(u8),
}

/// How a bank account answers to a payout, by its test number.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::simulator) enum BankFate {
    /// It takes the money.
    Accepts,
    /// It sends the money back for this reason.
    Refuses(&'static str),
}

/// The test numbers that refuse, and why.
const REFUSING: &[(&str, &str)] = &[
    ("000111111113", "account_closed"),
    ("000111111116", "no_account"),
    ("000222222227", "insufficient_funds"),
    ("000333333335", "debit_not_authorized"),
    ("000444444440", "invalid_currency"),
];

/// The reasons for which a bank sends a payout back, and what a merchant is told.
const REASONS: &[(&str, &str)] = &[
    ("account_closed", "The bank account has been closed."),
    ("could_not_process", "The bank could not process this payout."),
    (
        "debit_not_authorized",
        "Debit transactions are not approved on your bank account. (Stripe requires bank accounts to be set up for both \
         credit and debit payments.)",
    ),
    ("insufficient_funds", "Your Stripe account has insufficient funds to cover the payout."),
    (
        "invalid_currency",
        "The bank was unable to process this payout because of its currency. This is probably because the bank account \
         cannot accept payments in that currency.",
    ),
    (
        "no_account",
        "The bank account details on file are probably incorrect. No bank account could be located with those details.",
    ),
];

impl BankFate {
    /// The fate of an account number.
    pub(in crate::simulator) fn of(account_number: &str) -> Self {
        let found = REFUSING.iter().find(|(number, _)| *number == account_number);
        found.map_or(Self::Accepts, |(_, code)| Self::Refuses(code))
    }
}

/// What a merchant is told about a reason for which a payout came back.
pub(in crate::simulator) fn reason(code: &str) -> &'static str {
    REASONS.iter().find(|(known, _)| *known == code).map_or("", |(_, text)| text)
}

/// A bank account that payouts go to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(in crate::simulator) struct Bank {
    /// The country, by its two upper-case letters.
    pub(in crate::simulator) country: String,
    /// The currency it is held in.
    pub(in crate::simulator) currency: Currency,
    /// The account number or IBAN.
    pub(in crate::simulator) number: String,
    /// The routing number; empty where there is none.
    pub(in crate::simulator) routing: String,
    /// The holder, where it was told.
    pub(in crate::simulator) holder: Option<String>,
    /// Whether payouts in its currency go here when nothing is said.
    pub(in crate::simulator) is_default: bool,
    /// Whether it was removed.
    pub(in crate::simulator) is_deleted: bool,
    /// Whether it sent a payout back. Nothing is paid out to it by a schedule any more.
    pub(in crate::simulator) is_errored: bool,
}

/// Money of an account in one currency, in minor units. Negative when the account owes it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(in crate::simulator) struct Balance {
    /// What may be paid out.
    pub(in crate::simulator) available: i128,
    /// What will be available later.
    pub(in crate::simulator) pending: i128,
}

/// Whose money it is.
#[derive(Clone, Debug)]
pub(in crate::simulator) struct Account {
    /// Its name in the books.
    pub(in crate::simulator) name: String,
    pub(in crate::simulator) profile: Profile,
    /// Bank accounts by number, also those that were removed.
    pub(in crate::simulator) banks: Vec<Bank>,
    pub(in crate::simulator) balances: BTreeMap<Currency, Balance>,
    /// The numbers of its transactions, oldest first.
    pub(in crate::simulator) transactions: Vec<usize>,
    /// How many of them, from the oldest on, an automatic payout need not look at again.
    pub(super) swept: usize,
}

impl Account {
    pub(super) const fn new(name: String, profile: Profile) -> Self {
        Self {
            name,
            profile,
            banks: Vec::new(),
            balances: BTreeMap::new(),
            transactions: Vec::new(),
            swept: 0,
        }
    }

    /// The balance in a currency.
    pub(in crate::simulator) fn balance(&self, currency: Currency) -> Balance {
        self.balances.get(&currency).copied().unwrap_or_default()
    }

    /// The price list.
    pub(super) fn prices(&self) -> Schedule {
        Schedule::of(&self.profile.country)
    }

    /// The currency in which a payment in `presented` is settled.
    pub(in crate::simulator) fn settles_in(&self, presented: Currency) -> Currency {
        let has_bank = self.banks.iter().any(|bank| !bank.is_deleted && bank.currency == presented);
        if self.profile.keeps_currencies || has_bank { presented } else { self.profile.currency }
    }

    /// Whether the schedule may pay out in a currency.
    pub(super) fn is_payable(&self, currency: Currency) -> bool {
        let bank = self.default_bank(currency).and_then(|bank| self.banks.get(bank));
        bank.map_or(self.profile.keeps_currencies, |bank| !bank.is_errored)
    }

    /// The number of the bank account that payouts in a currency go to.
    pub(in crate::simulator) fn default_bank(&self, currency: Currency) -> Option<usize> {
        let fitting = |bank: &Bank| !bank.is_deleted && bank.currency == currency;
        let chosen = self.banks.iter().position(|bank| fitting(bank) && bank.is_default);
        chosen.or_else(|| self.banks.iter().position(fitting))
    }
}
