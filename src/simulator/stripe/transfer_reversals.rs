//! A reversal brings a part of a transfer back, also out of money the connected account does not have.
//!
//! Source: <https://docs.stripe.com/api/transfer_reversals>.

use super::super::treasury::{Availability, Source, TransferOrder};
use super::accounts::Account;
use super::amount_params;
use super::balance_transactions::BalanceTransaction;
use super::expand::{Field, Gives, Holds};
use super::list::Page;
use super::object::{Class, Head, Kind, kind, renew};
use super::params::{MetadataPatch, Params};
use super::purse::publish;
use super::refunds::Refund;
use super::refusal::{Refusal, Result};
use super::routes::{Answer, Level, Row};
use super::sheet::Sheet;
use super::transfers::{self, Transfer};
use super::work::{Work, merge};
use crate::money::Currency;
use crate::prelude::*;

const LIST: &str = "/v1/transfers/:id/reversals";
const ONE: &str = "/v1/transfers/:id/reversals/:id";

pub(super) const ROUTES: &[Row] = &[
    Row::new("POST", LIST, create, Gives::One(Class::TransferReversal), Level::Most),
    Row::new("GET", LIST, list, Gives::List(Class::TransferReversal), Level::Whole),
    Row::new("GET", ONE, retrieve, Gives::One(Class::TransferReversal), Level::Whole),
    Row::new("POST", ONE, update, Gives::One(Class::TransferReversal), Level::Whole),
];

/// Money that came back from a connected account.
#[derive(Clone, Debug)]
pub(super) struct TransferReversal {
    pub(super) head: Head,
    transfer: usize,
    /// The refund it was brought back for.
    refund: Option<usize>,
    /// Minor units.
    amount: u64,
    currency: Currency,
    /// The number of the balance transaction on this account.
    transaction: usize,
}

impl Kind for TransferReversal {
    kind!(TransferReversal, transfer_reversals);
    const PREFIX: &'static str = "trr";
    const NAME: &'static str = "transfer_reversal";
    const FIELDS: &'static [Field] = &[
        ("balance_transaction", Holds::One(Class::BalanceTransaction)),
        ("source_refund", Holds::One(Class::Refund)),
        ("transfer", Holds::One(Class::Transfer)),
    ];

    fn write(&self, sheet: &mut Sheet<'_>) {
        sheet.natural("amount", self.amount);
        sheet.reference::<BalanceTransaction>("balance_transaction", Some(self.transaction));
        sheet.time("created", self.head.created);
        sheet.currency("currency", self.currency);
        let refund = sheet.reader.ids.id("pyr", self.head.number);
        sheet.text("destination_payment_refund", &refund);
        sheet.metadata(&self.head.metadata);
        sheet.reference::<Refund>("source_refund", self.refund);
        sheet.reference::<Transfer>("transfer", Some(self.transfer));
    }
}

/// What it brought back, in minor units.
pub(super) const fn amount(reversal: &TransferReversal) -> u64 {
    reversal.amount
}

fn create(work: &mut Work<'_>, mut params: Params) -> Result<Answer> {
    let transfer = work.find::<Transfer>(0)?;
    let minor = amount_params::maybe_amount(&mut params, "amount")?;
    let _ = (params.text("description")?, params.flag("refund_application_fee")?);
    let metadata = params.metadata()?;
    params.finish()?;
    let found = work.get::<Transfer>(transfer)?.clone();
    let rest = found.amount.saturating_sub(found.reversed);
    let minor = minor.unwrap_or(rest);
    if rest == 0 {
        let mut refusal =
            Refusal::request(format!("Transfer {} is already fully reversed.", work.path_id(0)));
        refusal.is_executed = true;
        return Err(refusal);
    }
    if minor > rest {
        let message =
            format!("Reversal amount ({minor}) is greater than unreversed amount on transfer ({rest})");
        return Err(Refusal::param(None, "amount", message));
    }

    // From here on the money is back, unless the books say that it cannot be.
    let number = take_back(work, (transfer, minor), None, metadata)?;
    Ok(Answer::Object(work.object::<TransferReversal>(number)?))
}

/// Brings a part of a transfer back that is still there, and returns the number of the reversal. `refund` is what it is
/// brought back for.
///
/// # Errors
///
/// What the treasury refused; nothing has changed then.
pub(super) fn take_back(
    work: &mut Work<'_>,
    (transfer, minor): (usize, u64),
    refund: Option<usize>,
    metadata: MetadataPatch,
) -> Result<usize> {
    let found = work.get::<Transfer>(transfer)?.clone();
    let head = work.head::<TransferReversal>(metadata);
    let number = head.number;
    let order = TransferOrder {
        from: work.purse()?,
        to: work.get::<Account>(found.destination)?.purse,
        minor,
        currency: found.currency,
        availability: Availability::AtOnce,
        is_backed: true,
        application_fee: 0,
    };
    let source = Source::TransferReversal(number);
    let (world, now) = (&mut *work.world, work.now);
    let booked = world.treasury.take_back(&mut world.books, &order, source, now)?;
    publish(work.world);
    let (currency, transaction) = (found.currency, booked.into);
    let reversal = TransferReversal { head, transfer, refund, amount: minor, currency, transaction };
    transfers::reverse(work, transfer, &reversal)?;
    Ok(work.add(reversal))
}

/// The reversal the path names, after its transfer.
fn named(work: &Work<'_>) -> Result<usize> {
    let transfer = work.find::<Transfer>(0)?;
    let number = work.find::<TransferReversal>(1)?;
    if work.get::<TransferReversal>(number)?.transfer != transfer {
        return Err(Refusal::no_such(TransferReversal::NAME, work.path_id(1)));
    }
    Ok(number)
}

fn retrieve(work: &mut Work<'_>, params: Params) -> Result<Answer> {
    let number = named(work)?;
    params.finish()?;
    Ok(Answer::Object(work.object::<TransferReversal>(number)?))
}

fn update(work: &mut Work<'_>, mut params: Params) -> Result<Answer> {
    let number = named(work)?;
    let metadata = params.metadata()?;
    params.finish()?;

    // From here on the reversal is changed. Stripe has no event for it.
    merge(&mut work.edit::<TransferReversal>(number)?.head.metadata, metadata);
    let latest = work.get::<TransferReversal>(number)?.clone();
    renew(&mut work.edit::<Transfer>(latest.transfer)?.reversals, latest);
    Ok(Answer::Object(work.object::<TransferReversal>(number)?))
}

fn list(work: &mut Work<'_>, mut params: Params) -> Result<Answer> {
    let transfer = work.find::<Transfer>(0)?;
    let page = Page::read::<TransferReversal>(work, &mut params)?;
    params.finish()?;
    let numbers: Vec<usize> =
        work.get::<Transfer>(transfer)?.reversals.iter().map(|found| found.head.number).collect();
    let found = page.among::<TransferReversal>(work, numbers.into_iter(), |_| true);
    Ok(Answer::list::<TransferReversal>(&glued(&["/v1/transfers/", work.path_id(0), "/reversals"]), found))
}
