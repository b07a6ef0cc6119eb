//! A platform's share of a payment on a connected account: kept back there, earned here, and given back at most once.
//!
//! Source: <https://docs.stripe.com/api/application_fees>.

use alloc::sync::Arc;

use super::super::treasury::Source;
use super::accounts::Account;
use super::amount_params;
use super::balance_transactions::BalanceTransaction;
use super::charges::Charge;
use super::expand::{Field, Gives, Holds};
use super::list::{Page, Span};
use super::object::{Class, Head, Kind, Object, PLATFORM, kind, renew};
use super::params::{MetadataPatch, Params};
use super::purse::publish;
use super::refusal::{Refusal, Result};
use super::routes::{Answer, Level, Row};
use super::sheet::Sheet;
use super::work::{Work, merge};
use crate::money::Currency;
use crate::prelude::*;

const URL: &str = "/v1/application_fees";
const REFUNDS: &str = "/v1/application_fees/:id/refunds";
const REFUND: &str = "/v1/application_fees/:id/refunds/:id";

pub(super) const ROUTES: &[Row] = &[
    Row::new("GET", URL, list, Gives::List(Class::ApplicationFee), Level::Whole),
    Row::new("GET", "/v1/application_fees/:id", retrieve, Gives::One(Class::ApplicationFee), Level::Whole),
    Row::new("POST", REFUNDS, give_back, Gives::One(Class::FeeRefund), Level::Whole),
    Row::new("GET", REFUNDS, list_refunds, Gives::List(Class::FeeRefund), Level::Whole),
    Row::new("GET", REFUND, retrieve_refund, Gives::One(Class::FeeRefund), Level::Whole),
    Row::new("POST", REFUND, update_refund, Gives::One(Class::FeeRefund), Level::Whole),
];

/// A platform's share of a payment.
#[derive(Clone, Debug)]
pub(super) struct ApplicationFee {
    pub(super) head: Head,
    /// The number of the account it was kept back on.
    account: usize,
    /// The number of the charge.
    charge: usize,
    /// Minor units.
    amount: u64,
    refunded: u64,
    currency: Currency,
    /// The number of the platform's balance transaction.
    transaction: usize,
    /// Its refunds, oldest first.
    refunds: Vec<Arc<FeeRefund>>,
}

impl Kind for ApplicationFee {
    kind!(ApplicationFee, application_fees);
    const PREFIX: &'static str = "fee";
    const NAME: &'static str = "application_fee";
    const FIELDS: &'static [Field] = &[
        ("account", Holds::One(Class::Account)),
        ("balance_transaction", Holds::One(Class::BalanceTransaction)),
        ("charge", Holds::One(Class::Charge)),
        ("refunds", Holds::One(Class::FeeRefund)),
    ];

    fn write(&self, sheet: &mut Sheet<'_>) {
        sheet.reference::<Account>("account", Some(self.account));
        sheet.natural("amount", self.amount);
        sheet.natural("amount_refunded", self.refunded);
        let application = sheet.reader.ids.id("ca", PLATFORM);
        sheet.text("application", &application);
        sheet.reference::<BalanceTransaction>("balance_transaction", Some(self.transaction));
        sheet.reference::<Charge>("charge", Some(self.charge));
        let charge = sheet.reader.id::<Charge>(self.charge);
        sheet.time("created", self.head.created);
        sheet.currency("currency", self.currency);
        sheet.object("fee_source", |sheet| {
            sheet.text("charge", &charge);
            sheet.text("type", "charge");
        });
        sheet.flag("livemode", false);
        sheet.null("originating_transaction");
        sheet.flag("refunded", self.refunded >= self.amount);
        let refunds: Vec<Object> = self.refunds.iter().rev().cloned().map(FeeRefund::object).collect();
        let url = glued(&[URL, "/", &sheet.reader.id::<Self>(self.head.number), "/refunds"]);
        sheet.list("refunds", &url, refunds);
    }
}

/// A part of a share that was given back.
#[derive(Clone, Debug)]
pub(super) struct FeeRefund {
    pub(super) head: Head,
    fee: usize,
    /// Minor units.
    amount: u64,
    currency: Currency,
    transaction: usize,
}

impl Kind for FeeRefund {
    kind!(FeeRefund, fee_refunds);
    const PREFIX: &'static str = "fr";
    const NAME: &'static str = "fee_refund";
    const FIELDS: &'static [Field] = &[
        ("balance_transaction", Holds::One(Class::BalanceTransaction)),
        ("fee", Holds::One(Class::ApplicationFee)),
    ];

    fn write(&self, sheet: &mut Sheet<'_>) {
        sheet.natural("amount", self.amount);
        sheet.reference::<BalanceTransaction>("balance_transaction", Some(self.transaction));
        sheet.time("created", self.head.created);
        sheet.currency("currency", self.currency);
        sheet.reference::<ApplicationFee>("fee", Some(self.fee));
        sheet.metadata(&self.head.metadata);
    }
}

/// Earns the platform the share that was kept back on the balance transaction of a charge of this account, and returns the
/// number of the fee.
///
/// # Errors
///
/// A contradiction in the simulator itself.
pub(super) fn collect(work: &mut Work<'_>, charge: usize, transaction: usize) -> Result<usize> {
    let platform = work.get::<Account>(PLATFORM)?.purse;
    let kept =
        work.world.treasury.transaction(transaction).map(|booked| (booked.fees.application, booked.currency));
    let (amount, currency) = kept.ok_or_else(|| Refusal::bug("a transaction number names no transaction"))?;
    let account = work.account;
    let head = Head { account: PLATFORM, ..work.head::<ApplicationFee>(MetadataPatch::Keep) };
    let number = head.number;
    let (world, now) = (&mut *work.world, work.now);
    let source = Source::ApplicationFee(number);
    let earned = world.treasury.earn(&mut world.books, platform, transaction, source, now)?;
    publish(work.world);
    let fee = ApplicationFee {
        head,
        account,
        charge,
        amount,
        refunded: 0,
        currency,
        transaction: earned,
        refunds: Vec::new(),
    };
    let _ = work.add(fee);
    work.emit::<ApplicationFee>("application_fee.created", number)?;
    Ok(number)
}

/// What a fee was and how much of it was given back, in minor units.
pub(super) const fn amounts(fee: &ApplicationFee) -> (u64, u64) {
    (fee.amount, fee.refunded)
}

fn retrieve(work: &mut Work<'_>, params: Params) -> Result<Answer> {
    params.finish()?;
    let number = work.find::<ApplicationFee>(0)?;
    Ok(Answer::Object(work.object::<ApplicationFee>(number)?))
}

fn list(work: &mut Work<'_>, mut params: Params) -> Result<Answer> {
    let page = Page::read::<ApplicationFee>(work, &mut params)?;
    let (created, charge) = (Span::read(&mut params, "created")?, params.text("charge")?);
    params.finish()?;
    let charge = charge.map(|id| work.world.ids.number("ch", &id).unwrap_or(usize::MAX));
    let found = page.of::<ApplicationFee>(work, |fee| {
        created.holds(fee.head.created) && charge.is_none_or(|charge| fee.charge == charge)
    });
    Ok(Answer::list::<ApplicationFee>(URL, found))
}

fn give_back(work: &mut Work<'_>, mut params: Params) -> Result<Answer> {
    let fee = work.find::<ApplicationFee>(0)?;
    let minor = amount_params::maybe_amount(&mut params, "amount")?;
    let metadata = params.metadata()?;
    params.finish()?;
    let found = work.get::<ApplicationFee>(fee)?.clone();
    let rest = found.amount.saturating_sub(found.refunded);
    let minor = minor.unwrap_or(rest);
    if rest == 0 || minor > rest {
        let message =
            format!("Refund amount ({minor}) is greater than unrefunded amount on application fee ({rest})");
        return Err(Refusal::param(None, "amount", message));
    }

    // From here on the money is back, unless the books say that it cannot be.
    let number = refund(work, fee, minor, metadata)?;
    Ok(Answer::Object(work.object::<FeeRefund>(number)?))
}

/// Gives a part of a fee back that was not given back yet, and returns the number of the refund. The account at work is
/// the platform.
///
/// # Errors
///
/// What the treasury refused; nothing has changed then.
pub(super) fn refund(work: &mut Work<'_>, fee: usize, minor: u64, metadata: MetadataPatch) -> Result<usize> {
    let found = work.get::<ApplicationFee>(fee)?.clone();
    let head = work.head::<FeeRefund>(metadata);
    let number = head.number;
    let purses = (work.purse()?, work.get::<Account>(found.account)?.purse);
    let (world, now) = (&mut *work.world, work.now);
    let (money, source) = ((minor, found.currency), Source::FeeRefund(number));
    let booked = world.treasury.give_fee_back(&mut world.books, purses, money, source, now)?;
    publish(work.world);
    let (currency, transaction) = (found.currency, booked.out);
    let _ = work.add(FeeRefund { head, fee, amount: minor, currency, transaction });
    let refund = work.get::<FeeRefund>(number)?.clone();
    let edited = work.edit::<ApplicationFee>(fee)?;
    edited.refunded = edited.refunded.saturating_add(minor);
    edited.refunds.push(refund);
    work.emit::<ApplicationFee>("application_fee.refunded", fee)?;
    Ok(number)
}

/// The refund the path names, after its fee.
fn named(work: &Work<'_>) -> Result<usize> {
    let fee = work.find::<ApplicationFee>(0)?;
    let number = work.find::<FeeRefund>(1)?;
    if work.get::<FeeRefund>(number)?.fee != fee {
        return Err(Refusal::no_such(FeeRefund::NAME, work.path_id(1)));
    }
    Ok(number)
}

fn retrieve_refund(work: &mut Work<'_>, params: Params) -> Result<Answer> {
    let number = named(work)?;
    params.finish()?;
    Ok(Answer::Object(work.object::<FeeRefund>(number)?))
}

fn update_refund(work: &mut Work<'_>, mut params: Params) -> Result<Answer> {
    let number = named(work)?;
    let (metadata, fee) = (params.metadata()?, work.get::<FeeRefund>(number)?.fee);
    params.finish()?;

    // From here on the refund is changed.
    merge(&mut work.edit::<FeeRefund>(number)?.head.metadata, metadata);
    let latest = work.get::<FeeRefund>(number)?.clone();
    renew(&mut work.edit::<ApplicationFee>(fee)?.refunds, latest);
    work.emit::<ApplicationFee>("application_fee.refund.updated", fee)?;
    Ok(Answer::Object(work.object::<FeeRefund>(number)?))
}

fn list_refunds(work: &mut Work<'_>, mut params: Params) -> Result<Answer> {
    let fee = work.find::<ApplicationFee>(0)?;
    let page = Page::read::<FeeRefund>(work, &mut params)?;
    params.finish()?;
    let numbers: Vec<usize> =
        work.get::<ApplicationFee>(fee)?.refunds.iter().map(|found| found.head.number).collect();
    let found = page.among::<FeeRefund>(work, numbers.into_iter(), |_| true);
    Ok(Answer::list::<FeeRefund>(&glued(&[URL, "/", work.path_id(0), "/refunds"]), found))
}
