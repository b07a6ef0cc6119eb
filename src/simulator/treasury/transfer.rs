//! What leaves one account for another arrives there: between two calls nothing is on its way.

use super::super::books::Books;
use super::transaction::signed;
use super::{Availability, Booking, Error, Kind, Source, Transaction, Treasury};
use crate::money::Currency;
use crate::time::Timestamp;

/// What a platform asks for.
#[derive(Clone, Copy, Debug)]
pub(in crate::simulator) struct TransferOrder {
    /// The number of the account it leaves.
    pub(in crate::simulator) from: usize,
    /// The number of the account it goes to.
    pub(in crate::simulator) to: usize,
    /// Minor units.
    pub(in crate::simulator) minor: u64,
    pub(in crate::simulator) currency: Currency,
    /// When it is available over there: that of the charge it is taken from, or at once.
    pub(in crate::simulator) availability: Availability,
    /// Whether it may leave before what it is taken from is available.
    pub(in crate::simulator) is_backed: bool,
    /// Minor units of it that the platform keeps back over there; whoever transfers also books what the platform earns.
    pub(in crate::simulator) application_fee: u64,
}

/// The numbers of the two transactions of one movement.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::simulator) struct Pair {
    /// On the account it left.
    pub(in crate::simulator) out: usize,
    /// On the account it went to.
    pub(in crate::simulator) into: usize,
}

impl Treasury {
    /// Moves available money to another account.
    ///
    /// # Errors
    ///
    /// [`Error::Unknown`], [`Error::Insufficient`], [`Error::TooLarge`], [`Error::Books`].
    pub(in crate::simulator) fn transfer(
        &mut self,
        books: &mut Books,
        order: &TransferOrder,
        source: Source,
        now: Timestamp,
    ) -> Result<Pair, Error> {
        let TransferOrder { from, to, minor, currency, .. } = *order;
        let found = self.accounts.get(from).ok_or(Error::Unknown { what: "account" })?;
        let available = found.balance(currency).available;
        if !order.is_backed && i128::from(minor) > available {
            return Err(Error::Insufficient { asked: minor, available, currency });
        }
        let out = Booking::of(Kind::Transfer, from, source, (signed(minor).saturating_neg(), currency));
        let into = Booking {
            availability: order.availability,
            application_fee: order.application_fee,
            ..Booking::of(Kind::Received, to, source, (signed(minor), currency))
        };
        self.book_pair(books, &out, &into, now)
    }

    /// Takes a part of a transfer back, also out of money the other account does not have.
    ///
    /// # Errors
    ///
    /// [`Error::Unknown`], [`Error::TooLarge`], [`Error::Books`].
    pub(in crate::simulator) fn take_back(
        &mut self,
        books: &mut Books,
        order: &TransferOrder,
        source: Source,
        now: Timestamp,
    ) -> Result<Pair, Error> {
        let TransferOrder { from, to, minor, currency, .. } = *order;
        let out = Booking::of(Kind::ReceivedRefund, to, source, (signed(minor).saturating_neg(), currency));
        let into = Booking::of(Kind::TransferRefund, from, source, (signed(minor), currency));
        self.book_pair(books, &out, &into, now)
    }

    /// Books for a platform the share that was kept back on a transaction of another account, available when that is.
    /// Returns the number of the platform's transaction.
    ///
    /// # Errors
    ///
    /// [`Error::Unknown`], [`Error::TooLarge`], [`Error::Books`].
    pub(in crate::simulator) fn earn(
        &mut self,
        books: &mut Books,
        platform: usize,
        from: usize,
        source: Source,
        now: Timestamp,
    ) -> Result<usize, Error> {
        let Transaction { fees, currency, available_on, .. } =
            self.transactions.get(from).ok_or(Error::Unknown { what: "transaction" })?;
        let booking = Booking {
            availability: Availability::On(*available_on),
            ..Booking::of(Kind::ApplicationFee, platform, source, (signed(fees.application), *currency))
        };
        self.book(books, &booking, now)
    }

    /// Gives `minor` units of a share back to the account it was kept back on.
    ///
    /// # Errors
    ///
    /// [`Error::Unknown`], [`Error::TooLarge`], [`Error::Books`].
    pub(in crate::simulator) fn give_fee_back(
        &mut self,
        books: &mut Books,
        (platform, account): (usize, usize),
        (minor, currency): (u64, Currency),
        source: Source,
        now: Timestamp,
    ) -> Result<Pair, Error> {
        let kind = Kind::ApplicationFeeRefund;
        let out = Booking::of(kind, platform, source, (signed(minor).saturating_neg(), currency));
        let into = Booking::of(kind, account, source, (signed(minor), currency));
        self.book_pair(books, &out, &into, now)
    }

    /// Books both sides of a movement, or neither.
    fn book_pair(
        &mut self,
        books: &mut Books,
        out: &Booking,
        into: &Booking,
        now: Timestamp,
    ) -> Result<Pair, Error> {
        let _ = self.quote(into, now)?;
        let out = self.book_unconverted(books, out, now)?;
        let into = self.book(books, into, now)?;
        Ok(Pair { out, into })
    }
}
