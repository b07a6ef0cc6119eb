//! The one door between this dialect and the treasury: every transaction booked there has its object here, with the same
//! number, before anybody is answered.

use super::super::Error as GatewayError;
use super::super::settlement::Subject;
use super::super::treasury::{Booking, Error, Happening};
use super::super::world::World;
use super::accounts::Account;
use super::balance;
use super::balance_transactions::BalanceTransaction;
use super::object::{Head, Kind};
use super::payouts;
use super::refusal::{Refusal, Result};
use super::work::Work;
use crate::prelude::*;
use crate::time::Timestamp;

/// Whose objects are those of the merchants of another dialect.
const NOBODY: usize = usize::MAX;

impl Work<'_> {
    /// The number of this account in the treasury.
    ///
    /// # Errors
    ///
    /// A contradiction in the simulator: the account does not exist.
    pub(super) fn purse(&self) -> Result<usize> {
        Ok(self.get::<Account>(self.account)?.purse)
    }

    /// Books what moved money and returns the number of the balance transaction. `reference` is the name under which the
    /// merchant's records know it, `object` the id of what caused it.
    ///
    /// # Errors
    ///
    /// What the treasury refused.
    pub(super) fn book(&mut self, booking: &Booking, reference: &str, object: &str) -> Result<usize> {
        let number = self.world.book(booking, &Subject { reference, object }, self.now)?;
        publish(self.world);
        Ok(number)
    }
}

impl From<Error> for Box<Refusal> {
    fn from(error: Error) -> Self {
        match error {
            Error::Insufficient { asked, available, currency } => Refusal::state(
                "balance_insufficient",
                format!(
                    "You have insufficient available funds in your Stripe account: {asked} were asked for, {available} \
                     are available in {} (minor units). Wait until pending funds become available, or use the test card \
                     4000 0000 0000 0077 to add funds that bypass your pending balance.",
                    currency.code().to_ascii_lowercase()
                ),
            ),
            Error::NoBank { currency } => {
                let message = format!(
                    "Sorry, you don't have any external accounts in that currency ({}).",
                    currency.code().to_ascii_lowercase()
                );
                Refusal::param(None, "currency", message)
            }
            Error::PayoutState { found, wish } => {
                let done = if wish == "cancel" { "canceled" } else { "reversed" };
                let message = format!("Payouts that are {} cannot be {done}.", found.name());
                let mut refusal = Refusal::request(message);
                refusal.is_executed = true;
                refusal
            }
            Error::NotReversible { why } => {
                let mut refusal = Refusal::request(format!("This payout cannot be reversed: {why}."));
                refusal.is_executed = true;
                refusal
            }
            Error::TooLarge => {
                let message = "The amount is larger than can be booked.".to_owned();
                Refusal::param(Some("amount_too_large"), "amount", message)
            }
            Error::Unknown { what } => Refusal::bug(what),
            Error::Books(error) => error.into(),
        }
    }
}

/// Gives every transaction that was booked its object.
pub(super) fn publish(world: &mut World) {
    loop {
        let number = BalanceTransaction::table(&world.stripe.tables).len();
        let Some(booked) = world.treasury.transaction(number) else { return };
        let account = world.stripe.holders.get(&booked.account).copied().unwrap_or(NOBODY);
        let head = Head { number, account, created: booked.created, metadata: None };
        let is_available = booked.available_on <= booked.created;
        let row = BalanceTransaction { head, is_available };
        BalanceTransaction::table_mut(&mut world.stripe.tables).push(row);
    }
}

/// Tells what happened by itself to money at rest.
///
/// # Errors
///
/// A contradiction in the simulator itself.
pub(in crate::simulator) fn settled(
    world: &mut World,
    at: Timestamp,
    happened: &[Happening],
) -> core::result::Result<(), GatewayError> {
    publish(world);
    let mut work = Work::of_time(world, at);
    for happening in happened {
        tell(&mut work, *happening)
            .map_err(|_| GatewayError::Bug { what: "what happened to money at rest could not be told" })?;
    }
    Ok(())
}

fn tell(work: &mut Work<'_>, happening: Happening) -> Result<()> {
    match happening {
        Happening::Available { transaction } => {
            work.edit::<BalanceTransaction>(transaction)?.is_available = true;
            Ok(())
        }
        Happening::Matured { account } => match work.world.stripe.holders.get(&account).copied() {
            Some(holder) => balance::available(work, holder),
            None => Ok(()),
        },
        Happening::PayoutCreated { payout } => payouts::made_by_schedule(work, payout),
        Happening::PayoutMoved { payout, state } => payouts::moved(work, payout, state),
    }
}
