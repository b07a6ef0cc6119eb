//! The reports that stand beside either dialect: settlement and bank statement, each of an account and in a format.

use super::super::Error;
use super::super::settlement::{Format as SettlementFormat, Scope};
use super::super::statement::Format as StatementFormat;
use super::super::world::World;
use super::read;
use crate::prelude::*;
use crate::time::Timestamp;

const SHOWN_MAX: usize = 40;

/// The settlement report a query asks for.
pub(super) fn settlement(world: &World, query: &str, now: Timestamp) -> Result<String, Error> {
    let asked = read::report(query)?;
    let format = asked.format.as_deref().map_or(Ok(SettlementFormat::default()), SettlementFormat::parse)?;
    let account = asked.account.map(|name| account(world, &name)).transpose()?;
    let payout = asked.payout.map(|id| payout(world, &id)).transpose()?;
    Ok(world.settlement_report(&Scope { account, payout }, format, now))
}

/// The bank statement a query asks for, and its media type.
pub(super) fn statement(world: &World, query: &str, now: Timestamp) -> Result<(String, &'static str), Error> {
    let asked = read::report(query)?;
    if asked.payout.is_some() {
        return Err(Error::ParameterUnknown { found: "payout".to_owned() });
    }
    let format = asked.format.as_deref().map_or(Ok(StatementFormat::Camt053), StatementFormat::parse)?;
    let account = asked.account.map(|name| account(world, &name)).transpose()?;
    Ok((world.bank_statement(account, format, now), format.content_type()))
}

/// The account of a name: a merchant of the native dialect, or an `acct_` of Stripe's.
fn account(world: &World, name: &str) -> Result<usize, Error> {
    let unknown = || Error::NotFound { what: "account", found: name.chars().take(SHOWN_MAX).collect() };
    world.treasury.find(name).ok_or_else(unknown)
}

fn payout(world: &World, id: &str) -> Result<usize, Error> {
    let number = world.ids.number("po", id).filter(|number| world.treasury.payout(*number).is_some());
    let unknown = || Error::NotFound { what: "payout", found: id.chars().take(SHOWN_MAX).collect() };
    number.ok_or_else(unknown)
}
