//! The requests of wallets, transfers, escrows and payouts, and their JSON.

use super::super::Error;
use super::super::treasury::PayoutState;
use super::super::wallets::{EscrowOrder, Transfer};
use super::super::world::World;
use super::read;
use crate::json::{ArrayWriter, Fields, ObjectWriter, Value};
use crate::money::{Amount, Currency};
use crate::prelude::*;
use crate::time::Timestamp;

const SHOWN_MAX: usize = 40;

/// Sends money from one merchant to another.
pub(super) fn transfer(world: &mut World, now: Timestamp, body: &Value<'_>) -> Result<String, Error> {
    let mut fields = Fields::of(body, "body")?;
    let (from, to) =
        (read::merchant(fields.text("from")?, "from")?, read::merchant(fields.text("to")?, "to")?);
    let (amount, reference) = (money(&mut fields)?, read::reference(&mut fields)?);
    fields.finish()?;
    if from == to {
        return Err(Error::FieldInvalid { field: "to", expected: "another account than `from`" });
    }
    let number = world.send(Transfer { from, to, amount, reference, at: now }, now)?;
    shown_transfer(world, number)
}

/// A transfer by its id.
pub(super) fn get_transfer(world: &World, id: &str) -> Result<String, Error> {
    shown_transfer(world, find(world, "transfer", "wtr", id, world.wallets.transfers.len())?)
}

/// Puts money aside.
pub(super) fn escrow(world: &mut World, now: Timestamp, body: &Value<'_>) -> Result<String, Error> {
    let mut fields = Fields::of(body, "body")?;
    let payer = read::merchant(fields.text("payer")?, "payer")?;
    let payee = read::merchant(fields.text("payee")?, "payee")?;
    let platform = fields.maybe_text("platform")?.map(|name| read::merchant(name, "platform")).transpose()?;
    let fee = fields.maybe_integer("fee")?;
    let (amount, reference) = (money(&mut fields)?, read::reference(&mut fields)?);
    fields.finish()?;
    let platform = match (platform, fee) {
        (Some(platform), fee) => Some((platform, fee.unwrap_or_default())),
        (None, None | Some(0)) => None,
        (None, Some(_)) => {
            return Err(Error::FieldInvalid { field: "platform", expected: "who earns the fee" });
        }
    };
    let number = world.hold(EscrowOrder { payer, payee, platform, amount, reference }, now)?;
    shown_escrow(world, number)
}

/// Pays what is held out, or gives it back.
pub(super) fn end_escrow(
    world: &mut World,
    now: Timestamp,
    id: &str,
    body: &Value<'_>,
    is_released: bool,
) -> Result<String, Error> {
    read::nothing(body)?;
    let number = find(world, "escrow", "esc", id, world.wallets.escrows.len())?;
    if is_released {
        world.release(number, now)?
    } else {
        world.give_back(number, now)?
    }
    shown_escrow(world, number)
}

/// An escrow by its id.
pub(super) fn get_escrow(world: &World, id: &str) -> Result<String, Error> {
    shown_escrow(world, find(world, "escrow", "esc", id, world.wallets.escrows.len())?)
}

/// Pays money out to the merchant's bank.
pub(super) fn payout(world: &mut World, now: Timestamp, body: &Value<'_>) -> Result<String, Error> {
    let mut fields = Fields::of(body, "body")?;
    let account = read::merchant(fields.text("account")?, "account")?;
    let amount = money(&mut fields)?;
    fields.finish()?;
    let number = world.pay_out(&account, amount, now)?;
    shown_payout(world, number)
}

/// Calls a payout back.
pub(super) fn cancel_payout(
    world: &mut World,
    now: Timestamp,
    id: &str,
    body: &Value<'_>,
) -> Result<String, Error> {
    read::nothing(body)?;
    let number = find_payout(world, id)?;
    world.call_back(number, now)?;
    shown_payout(world, number)
}

/// A payout by its id.
pub(super) fn get_payout(world: &World, id: &str) -> Result<String, Error> {
    shown_payout(world, find_payout(world, id)?)
}

/// What a merchant has, by currency.
pub(super) fn wallet(world: &World, name: &str) -> Result<String, Error> {
    let found = world.treasury.account(world.account_of(name)?);
    let found = found.ok_or(Error::Bug { what: "an account number names no account" })?;
    let balances = found.balances.iter().fold(ArrayWriter::new(), |list, (currency, balance)| {
        let row = ObjectWriter::new()
            .text("currency", currency.code())
            .raw("available", &balance.available.digits())
            .raw("pending", &balance.pending.digits());
        list.raw(&row.finish())
    });
    Ok(ObjectWriter::new()
        .text("id", &found.name)
        .text("object", "wallet")
        .raw("balances", &balances.finish())
        .finish())
}

/// `amount` and `currency`.
fn money(fields: &mut Fields<'_, '_>) -> Result<Amount, Error> {
    let amount = fields.required("amount", "a whole number of minor units")?;
    let currency = Currency::parse(fields.text("currency")?)?;
    read::positive(amount, currency)
}

/// A payout of this dialect.
fn find_payout(world: &World, id: &str) -> Result<usize, Error> {
    let number = find(world, "payout", "po", id, world.treasury.payouts().len())?;
    let account = world.treasury.payout(number).map(|payout| payout.account);
    let is_ours = account.is_some_and(|account| !world.stripe.owns(account));
    let unknown = || Error::NotFound { what: "payout", found: id.chars().take(SHOWN_MAX).collect() };
    is_ours.then_some(number).ok_or_else(unknown)
}

fn find(world: &World, what: &'static str, prefix: &str, id: &str, count: usize) -> Result<usize, Error> {
    let number = world.ids.number(prefix, id).filter(|number| *number < count);
    number.ok_or_else(|| Error::NotFound { what, found: id.chars().take(SHOWN_MAX).collect() })
}

fn shown_transfer(world: &World, number: usize) -> Result<String, Error> {
    let found = world.wallets.transfers.get(number);
    let found = found.ok_or(Error::Bug { what: "a transfer number names no transfer" })?;
    Ok(ObjectWriter::new()
        .text("id", &world.ids.id("wtr", number))
        .text("object", "transfer")
        .text("from", &found.from)
        .text("to", &found.to)
        .number("amount", found.amount.minor())
        .text("currency", found.amount.currency().code())
        .maybe_text("reference", found.reference.as_deref())
        .number("createdAt", found.at.unix_ms())
        .finish())
}

fn shown_escrow(world: &World, number: usize) -> Result<String, Error> {
    let found = world.wallets.escrows.get(number);
    let found = found.ok_or(Error::Bug { what: "an escrow number names no escrow" })?;
    let (platform, fee) = match &found.order.platform {
        Some((name, fee)) => (Some(name.as_str()), *fee),
        None => (None, 0),
    };
    Ok(ObjectWriter::new()
        .text("id", &world.ids.id("esc", number))
        .text("object", "escrow")
        .text("payer", &found.order.payer)
        .text("payee", &found.order.payee)
        .maybe_text("platform", platform)
        .number("amount", found.order.amount.minor())
        .number("fee", fee)
        .text("currency", found.order.amount.currency().code())
        .maybe_text("reference", found.order.reference.as_deref())
        .text("state", found.state.name())
        .number("createdAt", found.at.unix_ms())
        .finish())
}

fn shown_payout(world: &World, number: usize) -> Result<String, Error> {
    let state = world.treasury.payout(number).map(|payout| payout.state);
    let shown = state.and_then(|state| payout_as(world, number, state, &world.ids.id("po", number)));
    shown.ok_or(Error::Bug { what: "a payout number names no payout" })
}

/// A payout as it was when it entered a state, under an id; `None` when nobody has this number.
pub(super) fn payout_as(world: &World, number: usize, state: PayoutState, id: &str) -> Option<String> {
    let found = world.treasury.payout(number)?;
    let account = world.treasury.account(found.account).map_or("", |account| account.name.as_str());
    let written = ObjectWriter::new()
        .text("id", id)
        .text("object", "payout")
        .text("account", account)
        .raw("amount", &found.minor.digits())
        .text("currency", found.currency.code())
        .text("state", state.name())
        .maybe_text("failureCode", found.failure.filter(|_| state == PayoutState::Failed))
        .number("createdAt", found.created.unix_ms())
        .number("arrivesAt", found.arrival.unix_ms())
        .finish();
    Some(written)
}
