//! A transfer takes available money of the platform to a connected account; no more of it is reversed than it moved.
//!
//! Source: <https://docs.stripe.com/api/transfers>.

use alloc::sync::Arc;

use super::super::treasury::{Availability, Source, TransferOrder};
use super::accounts::{self, Account};
use super::amount_params;
use super::application_fees;
use super::balance_transactions::BalanceTransaction;
use super::charges::Charge;
use super::expand::{Field, Gives, Holds};
use super::list::{Page, Span};
use super::object::{Class, Head, Kind, Object, kind};
use super::params::{MetadataPatch, Params};
use super::purse::publish;
use super::refusal::{Refusal, Result};
use super::routes::{Answer, Level, Row};
use super::sheet::Sheet;
use super::transfer_reversals::{self, TransferReversal};
use super::work::{Work, merge};
use crate::money::Currency;
use crate::prelude::*;

const URL: &str = "/v1/transfers";
const NOTE: &str =
    "The payment on the other account has an id and a balance transaction, and cannot be retrieved.";

pub(super) const ROUTES: &[Row] = &[
    Row::new("POST", URL, create, Gives::One(Class::Transfer), Level::Most).noting(NOTE),
    Row::new("GET", URL, list, Gives::List(Class::Transfer), Level::Whole),
    Row::new("GET", "/v1/transfers/:id", retrieve, Gives::One(Class::Transfer), Level::Whole),
    Row::new("POST", "/v1/transfers/:id", update, Gives::One(Class::Transfer), Level::Whole),
];

/// Money that went to a connected account.
#[derive(Clone, Debug)]
pub(super) struct Transfer {
    pub(super) head: Head,
    /// Minor units.
    pub(super) amount: u64,
    pub(super) reversed: u64,
    pub(super) currency: Currency,
    /// The number of the account it went to.
    pub(super) destination: usize,
    /// The number of the balance transaction on this account.
    transaction: usize,
    /// The charge it was taken from, by its number.
    charge: Option<usize>,
    description: Option<String>,
    group: Option<String>,
    /// Its reversals, oldest first.
    pub(super) reversals: Vec<Arc<TransferReversal>>,
}

impl Kind for Transfer {
    kind!(Transfer, transfers);
    const PREFIX: &'static str = "tr";
    const NAME: &'static str = "transfer";
    const FIELDS: &'static [Field] = &[
        ("balance_transaction", Holds::One(Class::BalanceTransaction)),
        ("destination", Holds::One(Class::Account)),
        ("reversals", Holds::One(Class::TransferReversal)),
        ("source_transaction", Holds::One(Class::Charge)),
    ];

    fn write(&self, sheet: &mut Sheet<'_>) {
        sheet.natural("amount", self.amount);
        sheet.natural("amount_reversed", self.reversed);
        sheet.reference::<BalanceTransaction>("balance_transaction", Some(self.transaction));
        sheet.time("created", self.head.created);
        sheet.currency("currency", self.currency);
        sheet.maybe_text("description", self.description.as_deref());
        sheet.reference::<Account>("destination", Some(self.destination));
        let payment = sheet.reader.ids.id("py", self.head.number);
        sheet.text("destination_payment", &payment);
        sheet.flag("livemode", false);
        sheet.metadata(&self.head.metadata);
        let reversals: Vec<Object> =
            self.reversals.iter().rev().cloned().map(TransferReversal::object).collect();
        let url = glued(&[URL, "/", &sheet.reader.id::<Self>(self.head.number), "/reversals"]);
        sheet.list("reversals", &url, reversals);
        sheet.flag("reversed", self.reversed >= self.amount);
        sheet.reference::<Charge>("source_transaction", self.charge);
        sheet.text("source_type", "card");
        sheet.maybe_text("transfer_group", self.group.as_deref());
    }
}

/// The charge a transfer is taken from, when its money is available, and how much it brought.
///
/// # Errors
///
/// There is no such charge, or its money is in another currency.
fn source_transaction(work: &Work<'_>, id: &str, currency: Currency) -> Result<(usize, Availability, u64)> {
    let refused = || Refusal::no_such_param("charge", id, "source_transaction");
    let charge = work.world.ids.number("ch", id).ok_or_else(refused)?;
    let treasury = &work.world.treasury;
    let booked = treasury.transactions_of(Source::Charge(charge)).next();
    let booked = booked.and_then(|number| treasury.transaction(number)).ok_or_else(refused)?;
    if booked.account != work.purse()? {
        return Err(refused());
    }
    if booked.currency != currency {
        let [has, wants] = [booked.currency, currency].map(|found| found.code().to_ascii_lowercase());
        let message = format!(
            "The currency of a transfer must be that of the balance transaction of its source_transaction: expected {has}, \
             found {wants}."
        );
        return Err(Refusal::param(None, "currency", message));
    }
    Ok((charge, Availability::On(booked.available_on), booked.gross.unsigned_abs()))
}

fn create(work: &mut Work<'_>, mut params: Params) -> Result<Answer> {
    let minor = amount_params::maybe_amount(&mut params, "amount")?;
    let currency = amount_params::currency(&mut params)?;
    let destination = params.required_text("destination")?;
    let (description, group) = (params.text("description")?, params.text("transfer_group")?);
    let from = params.text("source_transaction")?;
    let _ = params.choice("source_type", &[("card", ()), ("bank_account", ()), ("fpx", ())])?;
    let metadata = params.metadata()?;
    params.finish()?;
    let destination = accounts::connected(work, &destination, "destination")?;
    let from = from.map(|id| source_transaction(work, &id, currency)).transpose()?;
    let minor = minor.or(from.map(|(_, _, gross)| gross)).ok_or_else(|| Refusal::missing("amount"))?;
    if let Some((charge, _, gross)) = from {
        let taken: u64 = taken_from(work, charge);
        if taken.saturating_add(minor) > gross {
            let message = format!(
                "{minor} cannot be transferred from this charge: {} are left",
                gross.saturating_sub(taken)
            );
            return Err(Refusal::param(None, "amount", message));
        }
    }
    let order = TransferOrder {
        from: work.purse()?,
        to: work.get::<Account>(destination)?.purse,
        minor,
        currency,
        availability: from.map_or(Availability::AtOnce, |(_, availability, _)| availability),
        is_backed: from.is_some(),
        application_fee: 0,
    };
    let head = work.head::<Transfer>(metadata);
    let number = head.number;
    let (world, now) = (&mut *work.world, work.now);
    let booked = world.treasury.transfer(&mut world.books, &order, Source::Transfer(number), now)?;

    // From here on the money has moved.
    publish(work.world);
    let charge = from.map(|(charge, _, _)| charge);
    let _ = work.add(Transfer {
        head,
        amount: minor,
        reversed: 0,
        currency,
        destination,
        transaction: booked.out,
        charge,
        description,
        group,
        reversals: Vec::new(),
    });
    work.emit::<Transfer>("transfer.created", number)?;
    Ok(Answer::Object(work.object::<Transfer>(number)?))
}

/// Passes the money of a charge of this account on, as `transfer_data` wants it, and keeps a share back over there. Returns
/// the numbers of the transfer and of the fee.
///
/// # Errors
///
/// A contradiction in the simulator itself.
pub(super) fn pass_on(
    work: &mut Work<'_>,
    charge: usize,
    (minor, currency): (u64, Currency),
    destination: usize,
    application_fee: u64,
) -> Result<(usize, Option<usize>)> {
    let booked = work.world.treasury.transactions_of(Source::Charge(charge)).next();
    let booked = booked.and_then(|number| work.world.treasury.transaction(number));
    let booked = booked.ok_or_else(|| Refusal::bug("what is passed on was not booked"))?;
    let order = TransferOrder {
        from: work.purse()?,
        to: work.get::<Account>(destination)?.purse,
        minor,
        currency,
        availability: Availability::On(booked.available_on),
        is_backed: true,
        application_fee,
    };
    let head = work.head::<Transfer>(MetadataPatch::Keep);
    let number = head.number;
    let (world, now) = (&mut *work.world, work.now);
    let pair = world.treasury.transfer(&mut world.books, &order, Source::Transfer(number), now)?;
    publish(work.world);
    let _ = work.add(Transfer {
        head,
        amount: minor,
        reversed: 0,
        currency,
        destination,
        transaction: pair.out,
        charge: Some(charge),
        description: None,
        group: None,
        reversals: Vec::new(),
    });
    work.emit::<Transfer>("transfer.created", number)?;
    if application_fee == 0 {
        return Ok((number, None));
    }
    let platform = core::mem::replace(&mut work.account, destination);
    let fee = application_fees::collect(work, charge, pair.into);
    work.account = platform;
    Ok((number, Some(fee?)))
}

/// Minor units that other transfers took from a charge and still have.
fn taken_from(work: &Work<'_>, charge: usize) -> u64 {
    let transfers = Transfer::table(&work.world.stripe.tables).rows();
    let others = transfers.iter().filter(|transfer| transfer.charge == Some(charge));
    others.map(|transfer| transfer.amount.saturating_sub(transfer.reversed)).fold(0, u64::saturating_add)
}

fn retrieve(work: &mut Work<'_>, params: Params) -> Result<Answer> {
    params.finish()?;
    let number = work.find::<Transfer>(0)?;
    Ok(Answer::Object(work.object::<Transfer>(number)?))
}

fn update(work: &mut Work<'_>, mut params: Params) -> Result<Answer> {
    let number = work.find::<Transfer>(0)?;
    let before = work.get::<Transfer>(number)?.clone();
    let (description, metadata) = (params.patch("description")?, params.metadata()?);
    params.finish()?;

    // From here on the transfer is changed.
    let transfer = work.edit::<Transfer>(number)?;
    description.apply(&mut transfer.description);
    merge(&mut transfer.head.metadata, metadata);
    work.emit_change("transfer.updated", number, before)?;
    Ok(Answer::Object(work.object::<Transfer>(number)?))
}

fn list(work: &mut Work<'_>, mut params: Params) -> Result<Answer> {
    let page = Page::read::<Transfer>(work, &mut params)?;
    let created = Span::read(&mut params, "created")?;
    let (destination, group) = (params.text("destination")?, params.text("transfer_group")?);
    params.finish()?;
    let destination = destination.map(|id| accounts::connected(work, &id, "destination")).transpose()?;
    let found = page.of::<Transfer>(work, |transfer| {
        created.holds(transfer.head.created)
            && destination.is_none_or(|account| transfer.destination == account)
            && group.as_ref().is_none_or(|group| transfer.group.as_ref() == Some(group))
    });
    Ok(Answer::list::<Transfer>(URL, found))
}

/// Remembers a reversal of a transfer, and tells of it.
///
/// # Errors
///
/// A contradiction in the simulator: nobody has this number.
pub(super) fn reverse(work: &mut Work<'_>, number: usize, reversal: &TransferReversal) -> Result<()> {
    let transfer = work.edit::<Transfer>(number)?;
    transfer.reversed = transfer.reversed.saturating_add(transfer_reversals::amount(reversal));
    transfer.reversals.push(Arc::new(reversal.clone()));
    work.emit::<Transfer>("transfer.reversed", number)
}
