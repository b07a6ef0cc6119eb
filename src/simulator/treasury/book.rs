//! A transaction and its entries in the books are written together or not at all.

use super::super::books::{APPLICATIONS, Books, EXCHANGE, Entry, FEES, Posting, Side};
use super::fees::Fees;
use super::timers::Due;
use super::transaction::signed;
use super::{
    Account, Availability, Booking, Conversion, Error, Rate, Transaction, Treasury, business_days_later,
};
use crate::money::Currency;
use crate::prelude::*;
use crate::time::Timestamp;

/// Largest amount that is booked, in minor units: sums of a thousand billion of them still fit.
const MINOR_MAX: u64 = 1 << 62;

impl Treasury {
    /// Books what moved money and returns the number of the transaction.
    ///
    /// # Errors
    ///
    /// [`Error::Unknown`], [`Error::TooLarge`], [`Error::Books`].
    pub(in crate::simulator) fn book(
        &mut self,
        books: &mut Books,
        booking: &Booking,
        now: Timestamp,
    ) -> Result<usize, Error> {
        let account = self.accounts.get(booking.account).ok_or(Error::Unknown { what: "account" })?;
        let wished = account.settles_in(booking.currency);
        self.book_in(books, booking, wished, now)
    }

    /// As [`Treasury::book`], in the currency of the booking whatever the account settles in.
    pub(super) fn book_unconverted(
        &mut self,
        books: &mut Books,
        booking: &Booking,
        now: Timestamp,
    ) -> Result<usize, Error> {
        self.book_in(books, booking, booking.currency, now)
    }

    fn book_in(
        &mut self,
        books: &mut Books,
        booking: &Booking,
        wished: Currency,
        now: Timestamp,
    ) -> Result<usize, Error> {
        let account = self.accounts.get(booking.account).ok_or(Error::Unknown { what: "account" })?;
        let transaction = settled(account, booking, wished, now)?;

        // From here on the money moves.
        let number = self.transactions.len();
        post(books, &account.name, &transaction)?;
        self.enter(number, transaction, now);
        Ok(number)
    }

    /// What a booking would become, without booking it: for answers that must name fees beforehand.
    ///
    /// # Errors
    ///
    /// As [`Treasury::book`].
    pub(in crate::simulator) fn quote(
        &self,
        booking: &Booking,
        now: Timestamp,
    ) -> Result<Transaction, Error> {
        let account = self.accounts.get(booking.account).ok_or(Error::Unknown { what: "account" })?;
        settled(account, booking, account.settles_in(booking.currency), now)
    }

    fn enter(&mut self, number: usize, transaction: Transaction, now: Timestamp) {
        let (account, net) = (transaction.account, i128::from(transaction.net()));
        let (currency, source, available_on) =
            (transaction.currency, transaction.source, transaction.available_on);
        if let Some(found) = self.accounts.get_mut(account) {
            let balance = found.balances.entry(currency).or_default();
            if available_on > now {
                balance.pending = balance.pending.saturating_add(net);
            } else {
                balance.available = balance.available.saturating_add(net);
            }
            found.transactions.push(number);
        }
        let _ = self.by_source.insert((source, number));
        self.transactions.push(transaction);
        if available_on > now {
            let _ = self.due.insert((available_on, Due::Mature(number)));
        } else {
            self.plan_sweep(account, now);
        }
    }
}

/// What a booking becomes on an account: converted where it has to be, with its fees and the moment it can be used.
fn settled(
    account: &Account,
    booking: &Booking,
    wished: Currency,
    now: Timestamp,
) -> Result<Transaction, Error> {
    let presented = booking.gross.unsigned_abs();
    if presented > MINOR_MAX || booking.application_fee > MINOR_MAX {
        return Err(Error::TooLarge);
    }
    let rate = if wished == booking.currency { None } else { Rate::between(booking.currency, wished) };
    let currency = if rate.is_some() { wished } else { booking.currency };
    let settle = |minor: u64| match rate {
        Some(rate) => rate.convert(minor, booking.currency, currency),
        None => Ok(minor),
    };
    let minor = settle(presented)?;
    let fees = account.prices().fees(booking.pricing, minor, currency, rate.is_some())?;
    let fees = Fees { application: settle(booking.application_fee)?, ..fees };
    let gross = if booking.gross < 0 { signed(minor).saturating_neg() } else { signed(minor) };
    let conversion =
        rate.map(|rate| Box::new(Conversion { gross: booking.gross, currency: booking.currency, rate }));
    let available_on = match booking.availability {
        Availability::AtOnce => now,
        Availability::Rolling => business_days_later(now, account.profile.delay_days).max(now),
        Availability::On(moment) => moment.max(now),
    };
    Ok(Transaction {
        account: booking.account,
        kind: booking.kind,
        source: booking.source,
        currency,
        gross,
        fees,
        authorized: booking.authorized,
        conversion,
        created: now,
        available_on,
        payout: None,
    })
}

/// Writes a transaction into the books: once between the outside and the account, once more per fee, and over the account
/// of exchange where two currencies are concerned.
fn post(books: &mut Books, name: &str, transaction: &Transaction) -> Result<(), Error> {
    let holder = books.open(name);
    let outside = books.open(transaction.kind.counterparty());
    let (fees, gross) = (transaction.fees, transaction.gross);
    let mut own = Vec::new();
    if let Some(conversion) = &transaction.conversion {
        let Conversion { gross: presented, currency, .. } = **conversion;
        let exchange = books.open(EXCHANGE);
        let mut foreign = Vec::new();
        pair(&mut foreign, outside, exchange, presented);
        write(books, transaction, currency, foreign)?;
        pair(&mut own, exchange, holder, gross);
    } else {
        pair(&mut own, outside, holder, gross);
    }
    if fees.gateway() > 0 {
        pair(&mut own, holder, books.open(FEES), signed(fees.gateway()));
    }
    if fees.application > 0 {
        pair(&mut own, holder, books.open(APPLICATIONS), signed(fees.application));
    }
    write(books, transaction, transaction.currency, own)
}

fn write(
    books: &mut Books,
    transaction: &Transaction,
    currency: Currency,
    postings: Vec<Posting>,
) -> Result<(), Error> {
    let (at, cause) = (transaction.created, transaction.kind.name());
    let entry = Entry { at, cause, source: transaction.source, currency, postings };
    books.post(entry).map_err(Error::Books)
}

/// Moves minor units from one account of the books to another; the other way round when they are negative.
fn pair(postings: &mut Vec<Posting>, from: usize, to: usize, minor: i64) {
    let (from, to) = if minor < 0 { (to, from) } else { (from, to) };
    postings.push(Posting { account: from, side: Side::Debit, minor: minor.unsigned_abs() });
    postings.push(Posting { account: to, side: Side::Credit, minor: minor.unsigned_abs() });
}
