//! A payout takes its amount out of the available money when it is made and brings it back when it fails.

use super::super::books::Books;
use super::account::BankFate;
use super::payout::{ARRIVAL_DAYS, INSTANT_AFTER, Payout, PayoutMethod, PayoutOrder, PayoutState};
use super::timers::{after, submission};
use super::transaction::signed;
use super::{Bank, Booking, Error, Happening, Kind, Source, Treasury, business_days_later};
use crate::money::Currency;
use crate::prelude::*;
use crate::time::Timestamp;

/// The bank account an account is given that never named one.
const TEST_BANK: (&str, &str) = ("110000000", "000123456789");

impl Treasury {
    /// Pays out what a merchant asks for and returns the number of the payout.
    ///
    /// # Errors
    ///
    /// [`Error::Unknown`], [`Error::NoBank`], [`Error::Insufficient`], [`Error::TooLarge`], [`Error::Books`].
    pub(in crate::simulator) fn pay_out(
        &mut self,
        books: &mut Books,
        order: &PayoutOrder,
        now: Timestamp,
    ) -> Result<usize, Error> {
        let (account, currency) = (order.account, order.currency);
        let found = self.accounts.get(account).ok_or(Error::Unknown { what: "account" })?;
        if let Some(bank) = order.bank
            && found.banks.get(bank).is_none_or(|bank| bank.is_deleted)
        {
            return Err(Error::Unknown { what: "bank account" });
        }
        let bank = order.bank.or_else(|| found.default_bank(currency));
        if bank.is_none() && !found.profile.keeps_currencies {
            return Err(Error::NoBank { currency });
        }
        let available = found.balance(currency).available;
        if i128::from(order.minor) > available {
            return Err(Error::Insufficient { asked: order.minor, available, currency });
        }

        // From here on the payout is made.
        let bank = self.bank_for(account, currency, bank)?;
        self.make(books, (account, bank, currency), signed(order.minor), order.method, now)
    }

    /// Calls a payout back that has not left yet.
    ///
    /// # Errors
    ///
    /// [`Error::Unknown`], [`Error::PayoutState`], [`Error::Books`].
    pub(in crate::simulator) fn cancel_payout(
        &mut self,
        books: &mut Books,
        payout: usize,
        now: Timestamp,
    ) -> Result<(), Error> {
        let found = self.payouts.get(payout).ok_or(Error::Unknown { what: "payout" })?;
        // What the schedule made is not the merchant's to call back.
        if found.is_automatic || !found.state.may_become(PayoutState::Canceled) {
            return Err(Error::PayoutState { found: found.state, wish: "cancel" });
        }

        // From here on the money comes back.
        let reversal = self.give_back(books, payout, Kind::PayoutCancel, now)?;
        if let Some(found) = self.payouts.get_mut(payout) {
            (found.state, found.reversal) = (PayoutState::Canceled, Some(reversal));
        }
        self.give_up_reversal(payout);
        Ok(())
    }

    /// Takes a payout back from its bank by a payout in the other direction; returns the number of that one.
    ///
    /// # Errors
    ///
    /// [`Error::Unknown`], [`Error::PayoutState`], [`Error::NotReversible`], [`Error::Books`].
    pub(in crate::simulator) fn reverse_payout(
        &mut self,
        books: &mut Books,
        payout: usize,
        now: Timestamp,
    ) -> Result<usize, Error> {
        let found = self.payouts.get(payout).ok_or(Error::Unknown { what: "payout" })?;
        if found.state != PayoutState::Paid {
            return Err(Error::PayoutState { found: found.state, wish: "reverse" });
        }
        let obstacles = [
            (found.minor <= 0, "it took money from the bank itself"),
            (found.reversed_by.is_some(), "another payout takes it back already"),
            (found.returns_at.is_some(), "its bank is sending it back"),
        ];
        if let Some((_, why)) = obstacles.into_iter().find(|(stands, _)| *stands) {
            return Err(Error::NotReversible { why });
        }
        let place = (found.account, found.bank, found.currency);
        let minor = found.minor.saturating_neg();

        // From here on the payout in the other direction is made.
        let back = self.make(books, place, minor, PayoutMethod::Standard, now)?;
        if let Some(found) = self.payouts.get_mut(back) {
            found.reverses = Some(payout);
        }
        if let Some(found) = self.payouts.get_mut(payout) {
            found.reversed_by = Some(back);
        }
        Ok(back)
    }

    /// Pays out all that is available, and takes from the bank what is owed, in every currency whose balance is wanted.
    pub(super) fn sweep(
        &mut self,
        books: &mut Books,
        account: usize,
        at: Timestamp,
        is_wanted: impl Fn(i128) -> bool,
    ) -> Result<Vec<Happening>, Error> {
        let Some(found) = self.accounts.get(account) else { return Ok(Vec::new()) };
        let currencies: Vec<(Currency, i128)> = found
            .balances
            .iter()
            .filter(|(currency, balance)| is_wanted(balance.available) && found.is_payable(**currency))
            .map(|(currency, balance)| (*currency, balance.available))
            .collect();
        let mut happened = Vec::new();
        for (currency, available) in currencies {
            let minor = i64::try_from(available).map_err(|_| Error::TooLarge)?;
            let chosen = self.accounts.get(account).and_then(|found| found.default_bank(currency));
            let bank = self.bank_for(account, currency, chosen)?;
            let lines = self.unpaid(account, currency, at);
            let payout = self.make(books, (account, bank, currency), minor, PayoutMethod::Standard, at)?;
            self.link(payout, lines);
            happened.push(Happening::PayoutCreated { payout });
        }
        Ok(happened)
    }

    /// Moves a payout on, to its bank or into it, or back when the bank does not take it.
    pub(super) fn move_on(
        &mut self,
        books: &mut Books,
        payout: usize,
        at: Timestamp,
    ) -> Result<Vec<Happening>, Error> {
        let Some(found) = self.payouts.get(payout) else { return Ok(Vec::new()) };
        let bank = self.accounts.get(found.account).and_then(|account| account.banks.get(found.bank));
        let fate = bank.map_or(BankFate::Accepts, |bank| BankFate::of(&bank.number));
        match (after(found.state), fate) {
            (Some(PayoutState::Paid), BankFate::Refuses(reason)) => {
                let (account, bank) = (found.account, found.bank);
                self.change_bank(account, bank, |bank| bank.is_errored = true)?;
                self.bring_back(books, payout, reason, at)
            }
            (Some(state), _) => {
                let arrival = found.arrival;
                if let Some(found) = self.payouts.get_mut(payout) {
                    found.state = state;
                    found.paid_at = (state == PayoutState::Paid).then_some(at);
                }
                if state == PayoutState::InTransit {
                    self.plan_payout(payout, arrival);
                }
                Ok(vec![Happening::PayoutMoved { payout, state }])
            }
            // Called back in time: the timer has nothing left to do.
            (None, _) => Ok(Vec::new()),
        }
    }

    /// The bank does not take the money, or sends it back.
    pub(super) fn bring_back(
        &mut self,
        books: &mut Books,
        payout: usize,
        reason: &'static str,
        at: Timestamp,
    ) -> Result<Vec<Happening>, Error> {
        // What the merchant has fetched back is not with the bank any more.
        let may_fail =
            |found: &Payout| found.state.may_become(PayoutState::Failed) && found.reversed_by.is_none();
        if !self.payouts.get(payout).is_some_and(may_fail) {
            return Ok(Vec::new());
        }
        let reversal = self.give_back(books, payout, Kind::PayoutFailure, at)?;
        if let Some(found) = self.payouts.get_mut(payout) {
            found.returned_at = found.paid_at.map(|_| at);
            (found.state, found.failure) = (PayoutState::Failed, Some(reason));
            found.reversal = Some(reversal);
        }
        self.give_up_reversal(payout);
        Ok(vec![Happening::PayoutMoved { payout, state: PayoutState::Failed }])
    }

    /// A payout has come to nothing: what it was to take back is with the bank after all, and may be taken back again.
    fn give_up_reversal(&mut self, payout: usize) {
        let original = self.payouts.get(payout).and_then(|found| found.reverses);
        if let Some(original) = original.and_then(|original| self.payouts.get_mut(original)) {
            original.reversed_by = None;
        }
    }

    /// The transactions of an account in a currency that are available and were never paid out by the schedule.
    fn unpaid(&mut self, account: usize, currency: Currency, at: Timestamp) -> Vec<usize> {
        let Some(found) = self.accounts.get_mut(account) else { return Vec::new() };
        let transactions = &self.transactions;
        let rest = found.transactions.get(found.swept..).unwrap_or_default();
        let is_linked =
            |number: &usize| transactions.get(*number).is_none_or(|transaction| transaction.payout.is_some());
        let done = rest.iter().take_while(|number| is_linked(number)).count();
        let lines = rest
            .iter()
            .skip(done)
            .filter(|number| {
                transactions.get(**number).is_some_and(|transaction| {
                    transaction.payout.is_none()
                        && transaction.currency == currency
                        && transaction.is_available(at)
                })
            })
            .copied()
            .collect();
        found.swept = found.swept.saturating_add(done);
        lines
    }

    fn link(&mut self, payout: usize, lines: Vec<usize>) {
        let own = self.payouts.get(payout).map(|found| found.transaction);
        for number in lines.iter().copied().chain(own) {
            if let Some(transaction) = self.transactions.get_mut(number) {
                transaction.payout = Some(payout);
            }
        }
        if let Some(found) = self.payouts.get_mut(payout) {
            (found.is_automatic, found.lines) = (true, lines.into());
        }
    }

    /// The bank account chosen, or the one an account that keeps every currency is given.
    fn bank_for(
        &mut self,
        account: usize,
        currency: Currency,
        chosen: Option<usize>,
    ) -> Result<usize, Error> {
        if let Some(bank) = chosen {
            return Ok(bank);
        }
        let country = self.accounts.get(account).map_or("US", |found| found.profile.country.as_str());
        let (routing, number) = TEST_BANK;
        let bank = Bank {
            country: country.to_owned(),
            currency,
            number: number.to_owned(),
            routing: routing.to_owned(),
            holder: None,
            is_default: true,
            is_deleted: false,
            is_errored: false,
        };
        self.add_bank(account, bank)
    }

    fn make(
        &mut self,
        books: &mut Books,
        (account, bank, currency): (usize, usize, Currency),
        minor: i64,
        method: PayoutMethod,
        now: Timestamp,
    ) -> Result<usize, Error> {
        let number = self.payouts.len();
        let gross = minor.saturating_neg();
        let booking = Booking::of(Kind::Payout, account, Source::Payout(number), (gross, currency));
        // What is available in a currency is paid out in it, whatever new payments are converted into.
        let transaction = self.book_unconverted(books, &booking, now)?;
        let arrival = match method {
            PayoutMethod::Standard => business_days_later(now, ARRIVAL_DAYS),
            PayoutMethod::Instant => now.saturating_add(INSTANT_AFTER),
        };
        self.payouts.push(Payout {
            account,
            currency,
            minor,
            method,
            is_automatic: false,
            bank,
            created: now,
            arrival,
            state: PayoutState::Pending,
            failure: None,
            transaction,
            reversal: None,
            lines: [].into(),
            paid_at: None,
            returned_at: None,
            returns_at: None,
            reverses: None,
            reversed_by: None,
        });
        self.plan_payout(number, submission(now, arrival));
        Ok(number)
    }

    /// Books the money of a payout back and returns the number of the transaction.
    fn give_back(
        &mut self,
        books: &mut Books,
        payout: usize,
        kind: Kind,
        at: Timestamp,
    ) -> Result<usize, Error> {
        let found = self.payouts.get(payout).ok_or(Error::Unknown { what: "payout" })?;
        let booking = Booking::of(kind, found.account, Source::Payout(payout), (found.minor, found.currency));
        self.book_unconverted(books, &booking, at)
    }
}
