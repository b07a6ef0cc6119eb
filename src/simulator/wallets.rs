//! What merchants of the native dialect do with their money beside payments: they send it to each other, hold it until
//! both sides agree, and have it paid out. Nothing leaves an account that is not available there.

use super::Error;
use super::settlement::Subject;
use super::treasury::{
    Availability, Booking, Error as TreasuryError, Happening, Kind, PayoutMethod, PayoutOrder, PayoutState,
    Profile, Source, TransferOrder,
};
use super::webhooks::News;
use super::world::World;
use crate::money::{Amount, Currency};
use crate::prelude::*;
use crate::time::Timestamp;

/// Money that went from one merchant to another.
#[derive(Clone, Debug)]
pub(super) struct Transfer {
    pub(super) from: String,
    pub(super) to: String,
    pub(super) amount: Amount,
    pub(super) reference: Option<String>,
    pub(super) at: Timestamp,
}

/// What a buyer puts aside until both sides agree.
#[derive(Clone, Debug)]
pub(super) struct EscrowOrder {
    pub(super) payer: String,
    pub(super) payee: String,
    /// Who earns the fee, and how much of what is released it is, in minor units.
    pub(super) platform: Option<(String, u64)>,
    pub(super) amount: Amount,
    pub(super) reference: Option<String>,
}

/// Where an escrow stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum EscrowState {
    Held,
    /// All of it went to the payee.
    Released,
    /// All of it went back to the payer.
    Returned,
}

impl EscrowState {
    /// The stable name.
    pub(super) const fn name(self) -> &'static str {
        match self {
            Self::Held => "held",
            Self::Released => "released",
            Self::Returned => "returned",
        }
    }
}

/// The type of the event that announces a state of a payout.
pub(super) const fn event_of(state: PayoutState) -> &'static str {
    match state {
        PayoutState::Pending => "payout.pending",
        PayoutState::InTransit => "payout.in_transit",
        PayoutState::Paid => "payout.paid",
        PayoutState::Failed => "payout.failed",
        PayoutState::Canceled => "payout.canceled",
    }
}

/// Money that is held until both sides agree.
#[derive(Clone, Debug)]
pub(super) struct Escrow {
    pub(super) order: EscrowOrder,
    pub(super) state: EscrowState,
    pub(super) at: Timestamp,
}

/// All of it, by number.
#[derive(Clone, Debug, Default)]
pub(super) struct Wallets {
    pub(super) transfers: Vec<Transfer>,
    pub(super) escrows: Vec<Escrow>,
}

impl World {
    /// Sends available money to another merchant, whose account is opened when it is new. Returns the number.
    ///
    /// # Errors
    ///
    /// [`Error::NotFound`], [`Error::AmountExceedsRest`].
    pub(super) fn send(&mut self, wish: Transfer, now: Timestamp) -> Result<usize, Error> {
        let (from, minor, currency) = self.spendable(&wish.from, wish.amount, "transfer")?;

        // From here on the money moves.
        let to = self.treasury.open(&wish.to, Profile::immediate);
        let number = self.wallets.transfers.len();
        let order = TransferOrder {
            from,
            to,
            minor,
            currency,
            availability: Availability::AtOnce,
            is_backed: false,
            application_fee: 0,
        };
        let _ = self.treasury.transfer(&mut self.books, &order, Source::WalletTransfer(number), now)?;
        self.wallets.transfers.push(Transfer { at: now, ..wish });
        Ok(number)
    }

    /// Puts available money aside. Returns the number of the escrow.
    ///
    /// # Errors
    ///
    /// [`Error::NotFound`], [`Error::FieldInvalid`] for a fee above the amount, [`Error::AmountExceedsRest`].
    pub(super) fn hold(&mut self, order: EscrowOrder, now: Timestamp) -> Result<usize, Error> {
        if order.platform.as_ref().is_some_and(|(_, fee)| *fee > order.amount.minor()) {
            return Err(Error::FieldInvalid { field: "fee", expected: "at most the amount" });
        }
        let (payer, minor, currency) = self.spendable(&order.payer, order.amount, "hold")?;

        // From here on the money is held.
        let _ = self.treasury.open(&order.payee, Profile::immediate);
        if let Some((platform, _)) = &order.platform {
            let _ = self.treasury.open(platform, Profile::immediate);
        }
        let number = self.wallets.escrows.len();
        self.wallets.escrows.push(Escrow { order, state: EscrowState::Held, at: now });
        self.book_escrow(number, Kind::EscrowHold, payer, (minor, currency), 0, now)?;
        Ok(number)
    }

    /// Pays what is held out to the payee, less the fee of the platform.
    ///
    /// # Errors
    ///
    /// [`Error::WrongState`].
    pub(super) fn release(&mut self, escrow: usize, now: Timestamp) -> Result<(), Error> {
        let order = self.held(escrow, "release")?;
        let payee = self.account_of(&order.payee)?;
        let fee = order.platform.as_ref().map_or(0, |(_, fee)| *fee);
        let money = (order.amount.minor(), order.amount.currency());

        // From here on the money moves.
        let booked = self.book_escrow(escrow, Kind::EscrowRelease, payee, money, fee, now)?;
        if let Some((platform, _)) = order.platform.as_ref().filter(|_| fee > 0) {
            let platform = self.account_of(platform)?;
            let _ = self.treasury.earn(&mut self.books, platform, booked, Source::Escrow(escrow), now)?;
        }
        self.end_escrow(escrow, EscrowState::Released);
        Ok(())
    }

    /// Gives what is held back to the payer.
    ///
    /// # Errors
    ///
    /// [`Error::WrongState`].
    pub(super) fn give_back(&mut self, escrow: usize, now: Timestamp) -> Result<(), Error> {
        let order = self.held(escrow, "return")?;
        let payer = self.account_of(&order.payer)?;
        let money = (order.amount.minor(), order.amount.currency());

        // From here on the money moves.
        let _ = self.book_escrow(escrow, Kind::EscrowRelease, payer, money, 0, now)?;
        self.end_escrow(escrow, EscrowState::Returned);
        Ok(())
    }

    /// Pays available money out to the merchant's bank. Returns the number of the payout.
    ///
    /// # Errors
    ///
    /// [`Error::NotFound`], [`Error::AmountExceedsRest`].
    pub(super) fn pay_out(&mut self, name: &str, amount: Amount, now: Timestamp) -> Result<usize, Error> {
        let (account, minor, currency) = self.spendable(name, amount, "pay out")?;
        let order = PayoutOrder { account, currency, minor, method: PayoutMethod::Standard, bank: None };

        // From here on the payout is made.
        let payout = self.treasury.pay_out(&mut self.books, &order, now)?;
        self.tell_of_payout(payout, PayoutState::Pending, now);
        Ok(payout)
    }

    /// Calls a payout back that has not left yet.
    ///
    /// # Errors
    ///
    /// [`Error::WrongState`].
    pub(super) fn call_back(&mut self, payout: usize, now: Timestamp) -> Result<(), Error> {
        match self.treasury.cancel_payout(&mut self.books, payout, now) {
            Err(TreasuryError::PayoutState { found, .. }) => {
                Err(Error::WrongState { what: "payout", found: found.name(), wish: "cancel" })
            }
            done => {
                done?;
                self.tell_of_payout(payout, PayoutState::Canceled, now);
                Ok(())
            }
        }
    }

    /// Tells of the payouts among what has happened by itself to money at rest.
    pub(super) fn tell_of_payouts(&mut self, at: Timestamp, happened: &[Happening]) {
        for happening in happened {
            match *happening {
                Happening::PayoutCreated { payout } => self.tell_of_payout(payout, PayoutState::Pending, at),
                Happening::PayoutMoved { payout, state } => self.tell_of_payout(payout, state, at),
                Happening::Available { .. } | Happening::Matured { .. } => {}
            }
        }
    }

    /// Tells of the state a payout of a native merchant has entered.
    fn tell_of_payout(&mut self, payout: usize, state: PayoutState, at: Timestamp) {
        let account = self.treasury.payout(payout).map(|payout| payout.account);
        if account.is_some_and(|account| !self.stripe.owns(account)) {
            self.publish(at, 0, event_of(state), News::Payout { payout, state });
        }
    }

    /// The number of a merchant's account in the treasury.
    ///
    /// # Errors
    ///
    /// [`Error::NotFound`].
    pub(super) fn account_of(&self, name: &str) -> Result<usize, Error> {
        const SHOWN_MAX: usize = 40;
        let unknown = || Error::NotFound { what: "account", found: name.chars().take(SHOWN_MAX).collect() };
        self.treasury.find(name).filter(|account| !self.stripe.owns(*account)).ok_or_else(unknown)
    }

    /// The account of a merchant that has the amount available.
    fn spendable(
        &self,
        name: &str,
        amount: Amount,
        wish: &'static str,
    ) -> Result<(usize, u64, Currency), Error> {
        let account = self.account_of(name)?;
        let (minor, currency) = (amount.minor(), amount.currency());
        let found = self.treasury.account(account).map(|found| found.balance(currency).available);
        let limit = u64::try_from(found.unwrap_or_default().max(0)).unwrap_or(u64::MAX);
        if minor > limit {
            return Err(Error::AmountExceedsRest { found: minor, limit, wish });
        }
        Ok((account, minor, currency))
    }

    fn held(&self, escrow: usize, wish: &'static str) -> Result<EscrowOrder, Error> {
        let found = self.wallets.escrows.get(escrow);
        let found = found.ok_or(Error::Bug { what: "an escrow number names no escrow" })?;
        if found.state != EscrowState::Held {
            return Err(Error::WrongState { what: "escrow", found: found.state.name(), wish });
        }
        Ok(found.order.clone())
    }

    fn end_escrow(&mut self, escrow: usize, state: EscrowState) {
        if let Some(found) = self.wallets.escrows.get_mut(escrow) {
            found.state = state;
        }
    }

    fn book_escrow(
        &mut self,
        escrow: usize,
        kind: Kind,
        account: usize,
        (minor, currency): (u64, Currency),
        fee: u64,
        now: Timestamp,
    ) -> Result<usize, Error> {
        let minor = i64::try_from(minor).unwrap_or(i64::MAX);
        let gross = if kind == Kind::EscrowHold { minor.saturating_neg() } else { minor };
        let booking = Booking {
            application_fee: fee,
            ..Booking::of(kind, account, Source::Escrow(escrow), (gross, currency))
        };
        let id = self.ids.id("esc", escrow);
        let reference = self.wallets.escrows.get(escrow).and_then(|found| found.order.reference.clone());
        let reference = reference.unwrap_or_else(|| id.clone());
        Ok(self.book(&booking, &Subject { reference: &reference, object: &id }, now)?)
    }
}
