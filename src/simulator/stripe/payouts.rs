//! A payout draws on the available balance when it is made; each move it makes has its event.
//!
//! Source: <https://docs.stripe.com/api/payouts>. Statuses and their order: simulator.md 1.8; test bank accounts: 1.9.

use super::super::statement::trace;
use super::super::treasury::{self, PayoutMethod, PayoutOrder, PayoutState};
use super::amount_params;
use super::balance_transactions::BalanceTransaction;
use super::bank_accounts::{self, BankAccount};
use super::expand::{Field, Gives, Holds};
use super::list::{Page, Span};
use super::object::{Class, Head, Kind, kind};
use super::params::{MetadataPatch, Params};
use super::purse::publish;
use super::refusal::{Refusal, Result};
use super::routes::{Answer, Level, Row};
use super::sheet::Sheet;
use super::work::{Work, merge};
use crate::prelude::*;

const URL: &str = "/v1/payouts";

pub(super) const ROUTES: &[Row] = &[
    Row::new("POST", URL, create, Gives::One(Class::Payout), Level::Most)
        .noting("To bank accounts; not to debit cards."),
    Row::new("GET", URL, list, Gives::List(Class::Payout), Level::Whole),
    Row::new("GET", "/v1/payouts/:id", retrieve, Gives::One(Class::Payout), Level::Whole),
    Row::new("POST", "/v1/payouts/:id", update, Gives::One(Class::Payout), Level::Whole),
    Row::new("POST", "/v1/payouts/:id/cancel", cancel, Gives::One(Class::Payout), Level::Whole),
    Row::new("POST", "/v1/payouts/:id/reverse", reverse, Gives::One(Class::Payout), Level::Whole),
];

/// Longest text a bank shows, in characters.
const STATEMENT_CHARS_MAX: usize = 22;

/// Money on its way to a bank account.
#[derive(Clone, Debug)]
pub(super) struct Payout {
    pub(super) head: Head,
    /// What the treasury knew of it when this version was made.
    pub(super) money: treasury::Payout,
    /// The number of the bank account.
    bank: usize,
    description: Option<String>,
    statement_descriptor: Option<String>,
    /// Whether it can be told which transactions it pays out.
    is_reconciled: bool,
}

impl Kind for Payout {
    kind!(Payout, payouts);
    const PREFIX: &'static str = "po";
    const NAME: &'static str = "payout";
    const FIELDS: &'static [Field] = &[
        ("balance_transaction", Holds::One(Class::BalanceTransaction)),
        ("destination", Holds::One(Class::BankAccount)),
        ("failure_balance_transaction", Holds::One(Class::BalanceTransaction)),
        ("original_payout", Holds::One(Class::Payout)),
        ("reversed_by", Holds::One(Class::Payout)),
    ];

    fn write(&self, sheet: &mut Sheet<'_>) {
        let money = &self.money;
        sheet.integer("amount", money.minor.into());
        sheet.null("application_fee");
        sheet.null("application_fee_amount");
        sheet.time("arrival_date", money.arrival);
        sheet.flag("automatic", money.is_automatic);
        sheet.reference::<BalanceTransaction>("balance_transaction", Some(money.transaction));
        sheet.time("created", money.created);
        sheet.currency("currency", money.currency);
        sheet.maybe_text("description", self.description.as_deref());
        sheet.reference::<BankAccount>("destination", Some(self.bank));
        sheet.reference::<BalanceTransaction>("failure_balance_transaction", money.reversal);
        sheet.maybe_text("failure_code", money.failure);
        sheet.maybe_text("failure_message", money.failure.map(treasury::reason));
        sheet.flag("livemode", false);
        sheet.metadata(&self.head.metadata);
        sheet.text("method", if money.method == PayoutMethod::Instant { "instant" } else { "standard" });
        sheet.reference::<Self>("original_payout", money.reverses);
        sheet.null("payout_method");
        let reconciliation = match (money.is_automatic, self.is_reconciled) {
            (false, _) => "not_applicable",
            (true, false) => "in_progress",
            (true, true) => "completed",
        };
        sheet.text("reconciliation_status", reconciliation);
        sheet.reference::<Self>("reversed_by", money.reversed_by);
        sheet.text("source_type", "card");
        sheet.maybe_text("statement_descriptor", self.statement_descriptor.as_deref());
        sheet.text("status", money.state.name());
        let trace = money.paid_at.map(|_| trace(self.head.number));
        sheet.object("trace_id", |sheet| {
            sheet.text("status", if trace.is_some() { "supported" } else { "pending" });
            sheet.maybe_text("value", trace.as_deref());
        });
        sheet.text("type", "bank_account");
    }
}

/// Gives a payout the treasury has made its object.
fn add(
    work: &mut Work<'_>,
    number: usize,
    texts: (Option<String>, Option<String>),
    metadata: MetadataPatch,
) -> Result<()> {
    publish(work.world);
    // Those of another dialect have their numbers too, and nobody sees them.
    loop {
        let next = Payout::table(&work.world.stripe.tables).len();
        if next > number {
            return Ok(());
        }
        let Some(money) = work.world.treasury.payout(next).cloned() else { return Ok(()) };
        work.world.weigh_payout(next, work.now);
        let account = work.world.stripe.holders.get(&money.account).copied();
        let bank = match account {
            Some(account) => bank_accounts::publish(work, account, money.bank)?,
            None => 0,
        };
        let (description, statement_descriptor) = if next == number { texts.clone() } else { (None, None) };
        let mut head =
            Head { account: account.unwrap_or(usize::MAX), ..work.head::<Payout>(MetadataPatch::Keep) };
        if next == number {
            merge(&mut head.metadata, metadata.clone());
        }
        let _ =
            work.add(Payout { head, money, bank, description, statement_descriptor, is_reconciled: false });
    }
}

/// Brings the object up to what the treasury knows, and tells of it.
fn renew(work: &mut Work<'_>, number: usize, event: &'static str) -> Result<()> {
    publish(work.world);
    let money = work.world.treasury.payout(number).cloned();
    let money = money.ok_or_else(|| Refusal::bug("a payout number names no payout"))?;
    let before = work.get::<Payout>(number)?.clone();
    work.edit::<Payout>(number)?.money = money;
    if event == "payout.updated" {
        return work.emit_change(event, number, before);
    }
    work.emit::<Payout>(event, number)
}

/// The schedule has made a payout.
///
/// # Errors
///
/// A contradiction in the simulator itself.
pub(super) fn made_by_schedule(work: &mut Work<'_>, number: usize) -> Result<()> {
    add(work, number, (Some("STRIPE PAYOUT".to_owned()), None), MetadataPatch::Keep)?;
    if is_mine(work, number)? { work.emit::<Payout>("payout.created", number) } else { Ok(()) }
}

/// A payout has moved by itself.
///
/// # Errors
///
/// A contradiction in the simulator itself.
pub(super) fn moved(work: &mut Work<'_>, number: usize, state: PayoutState) -> Result<()> {
    add(work, number, (None, None), MetadataPatch::Keep)?;
    if state == PayoutState::Paid {
        work.world.weigh_arrival(number, work.now);
    }
    if !is_mine(work, number)? {
        return Ok(());
    }
    match state {
        PayoutState::Pending | PayoutState::InTransit => renew(work, number, "payout.updated"),
        PayoutState::Canceled => renew(work, number, "payout.canceled"),
        PayoutState::Failed => {
            renew(work, number, "payout.failed")?;
            release_original(work, number)
        }
        PayoutState::Paid => {
            renew(work, number, "payout.paid")?;
            if !work.get::<Payout>(number)?.money.is_automatic {
                return Ok(());
            }
            work.edit::<Payout>(number)?.is_reconciled = true;
            work.emit::<Payout>("payout.reconciliation_completed", number)
        }
    }
}

/// A payout that was to take another back has come to nothing: the other one is told not to be taken back any more.
fn release_original(work: &mut Work<'_>, number: usize) -> Result<()> {
    match work.get::<Payout>(number)?.money.reverses {
        Some(original) => renew(work, original, "payout.updated"),
        None => Ok(()),
    }
}

fn is_mine(work: &Work<'_>, number: usize) -> Result<bool> {
    Ok(work.get::<Payout>(number)?.head.account != usize::MAX)
}

fn create(work: &mut Work<'_>, mut params: Params) -> Result<Answer> {
    let minor = amount_params::amount(&mut params, "amount")?;
    let currency = amount_params::currency(&mut params)?;
    let description = params.text("description")?;
    let destination = params.text("destination")?;
    let methods = [("standard", PayoutMethod::Standard), ("instant", PayoutMethod::Instant)];
    let method = params.choice("method", &methods)?.unwrap_or(PayoutMethod::Standard);
    let _ = params.choice("source_type", &[("card", ()), ("bank_account", ()), ("fpx", ())])?;
    let statement_descriptor = params.patch_up_to("statement_descriptor", STATEMENT_CHARS_MAX)?.value();
    let metadata = params.metadata()?;
    params.finish()?;
    let purse = work.purse()?;
    let bank = destination.map(|id| destination_of(work, &id, currency)).transpose()?;
    let order = PayoutOrder { account: purse, currency, minor, method, bank };
    let (world, now) = (&mut *work.world, work.now);
    let number = world.treasury.pay_out(&mut world.books, &order, now)?;

    // From here on the payout is known.
    add(work, number, (description, statement_descriptor), metadata)?;
    work.emit::<Payout>("payout.created", number)?;
    Ok(Answer::Object(work.object::<Payout>(number)?))
}

/// The bank account a payout is to go to, by its number among those of the account.
fn destination_of(work: &Work<'_>, id: &str, currency: crate::money::Currency) -> Result<usize> {
    let number = work.world.ids.number(BankAccount::PREFIX, id);
    let number = number.filter(|number| {
        work.get::<BankAccount>(*number)
            .is_ok_and(|bank| bank.holder == work.account && !bank.bank.is_deleted)
    });
    let number = number.ok_or_else(|| Refusal::no_such_param("external account", id, "destination"))?;
    let found = work.get::<BankAccount>(number)?;
    if found.bank.currency != currency {
        let message = format!(
            "The destination's currency is {}; it cannot be paid out to in {}.",
            found.bank.currency.code().to_ascii_lowercase(),
            currency.code().to_ascii_lowercase()
        );
        return Err(Refusal::param(None, "currency", message));
    }
    Ok(found.place)
}

fn retrieve(work: &mut Work<'_>, params: Params) -> Result<Answer> {
    params.finish()?;
    let number = work.find::<Payout>(0)?;
    Ok(Answer::Object(work.object::<Payout>(number)?))
}

fn update(work: &mut Work<'_>, mut params: Params) -> Result<Answer> {
    let number = work.find::<Payout>(0)?;
    let metadata = params.metadata()?;
    params.finish()?;
    let before = work.get::<Payout>(number)?.clone();

    // From here on the payout is changed.
    merge(&mut work.edit::<Payout>(number)?.head.metadata, metadata);
    work.emit_change("payout.updated", number, before)?;
    Ok(Answer::Object(work.object::<Payout>(number)?))
}

fn cancel(work: &mut Work<'_>, params: Params) -> Result<Answer> {
    let number = work.find::<Payout>(0)?;
    params.finish()?;
    let (world, now) = (&mut *work.world, work.now);
    world.treasury.cancel_payout(&mut world.books, number, now)?;

    // From here on the payout is called back.
    renew(work, number, "payout.canceled")?;
    release_original(work, number)?;
    Ok(Answer::Object(work.object::<Payout>(number)?))
}

fn reverse(work: &mut Work<'_>, mut params: Params) -> Result<Answer> {
    let number = work.find::<Payout>(0)?;
    let metadata = params.metadata()?;
    params.finish()?;
    let (world, now) = (&mut *work.world, work.now);
    let back = world.treasury.reverse_payout(&mut world.books, number, now)?;

    // From here on the money comes back.
    add(work, back, (None, None), metadata)?;
    work.emit::<Payout>("payout.created", back)?;
    renew(work, number, "payout.updated")?;
    Ok(Answer::Object(work.object::<Payout>(back)?))
}

fn list(work: &mut Work<'_>, mut params: Params) -> Result<Answer> {
    let page = Page::read::<Payout>(work, &mut params)?;
    let (arrival, created) = (Span::read(&mut params, "arrival_date")?, Span::read(&mut params, "created")?);
    let states = [
        ("pending", PayoutState::Pending),
        ("in_transit", PayoutState::InTransit),
        ("paid", PayoutState::Paid),
        ("failed", PayoutState::Failed),
        ("canceled", PayoutState::Canceled),
    ];
    let (state, destination) = (params.choice("status", &states)?, params.text("destination")?);
    params.finish()?;
    let destination = destination
        .map(|id| {
            work.world
                .ids
                .number(BankAccount::PREFIX, &id)
                .ok_or_else(|| Refusal::no_such_param("external account", &id, "destination"))
        })
        .transpose()?;
    let found = page.of::<Payout>(work, |payout| {
        arrival.holds(payout.money.arrival)
            && created.holds(payout.money.created)
            && state.is_none_or(|state| payout.money.state == state)
            && destination.is_none_or(|bank| payout.bank == bank)
    });
    Ok(Answer::list::<Payout>(URL, found))
}
