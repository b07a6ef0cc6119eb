//! A balance transaction shows what the treasury booked, to the minor unit, and nothing of it ever changes but its
//! status, once its net is available.
//!
//! Source: <https://docs.stripe.com/api/balance_transactions>.

use super::super::settlement::prefix;
use super::super::treasury::{Fees, Kind as Movement, Source, Transaction};
use super::amount_params;
use super::application_fees::{ApplicationFee, FeeRefund};
use super::charges::Charge;
use super::disputes::Dispute;
use super::expand::{Field, Gives, Holds};
use super::list::{Page, Span};
use super::object::{Class, Head, Kind, kind};
use super::params::Params;
use super::payouts::Payout;
use super::refunds::Refund;
use super::refusal::{Refusal, Result};
use super::routes::{Answer, Level, Row};
use super::sheet::Sheet;
use super::transfer_reversals::TransferReversal;
use super::transfers::Transfer;
use super::work::Work;
use crate::prelude::*;

const URL: &str = "/v1/balance_transactions";

pub(super) const ROUTES: &[Row] = &[
    Row::new("GET", URL, list, Gives::List(Class::BalanceTransaction), Level::Whole),
    Row::new(
        "GET",
        "/v1/balance_transactions/:id",
        retrieve,
        Gives::One(Class::BalanceTransaction),
        Level::Whole,
    ),
    Row::new("GET", "/v1/balance/history", list, Gives::List(Class::BalanceTransaction), Level::Whole),
    Row::new("GET", "/v1/balance/history/:id", retrieve, Gives::One(Class::BalanceTransaction), Level::Whole),
];

/// Money that moved on an account. The transaction of the treasury with the same number says the rest.
#[derive(Clone, Debug)]
pub(super) struct BalanceTransaction {
    pub(super) head: Head,
    pub(super) is_available: bool,
}

impl Kind for BalanceTransaction {
    kind!(BalanceTransaction, balance_transactions);
    const PREFIX: &'static str = "txn";
    const NAME: &'static str = "balance_transaction";
    const FIELDS: &'static [Field] = &[("source", Holds::Any)];

    fn write(&self, sheet: &mut Sheet<'_>) {
        let Some(booked) = sheet.reader.treasury.transaction(self.head.number) else { return };
        sheet.integer("amount", booked.gross.into());
        sheet.time("available_on", booked.available_on);
        sheet.text("balance_type", "payments");
        sheet.time("created", booked.created);
        sheet.currency("currency", booked.currency);
        let description = description(sheet, booked);
        sheet.maybe_text("description", description.as_deref());
        match &booked.conversion {
            Some(conversion) => sheet.raw("exchange_rate", &conversion.rate.to_string()),
            None => sheet.null("exchange_rate"),
        }
        sheet.natural("fee", booked.fees.total());
        sheet.objects("fee_details", details(booked.fees), |sheet, (kind, text, minor)| {
            sheet.natural("amount", minor);
            sheet.null("application");
            sheet.currency("currency", booked.currency);
            sheet.text("description", text);
            sheet.text("type", kind);
        });
        sheet.integer("net", booked.net().into());
        sheet.text("reporting_category", booked.kind.category());
        write_source(sheet, booked);
        sheet.text("status", if self.is_available { "available" } else { "pending" });
        sheet.text("type", booked.kind.name());
    }
}

/// The parts of a fee: type, description, minor units.
fn details(fees: Fees) -> impl Iterator<Item = (&'static str, &'static str, u64)> {
    let parts = [
        ("stripe_fee", "Stripe processing fees", fees.processing),
        ("stripe_fee", "Stripe currency conversion fee", fees.conversion),
        ("stripe_fee", "Dispute fee", fees.dispute),
        ("application_fee", "Application fee", fees.application),
    ];
    parts.into_iter().filter(|(_, _, minor)| *minor > 0)
}

/// What the dashboard shows beside the amount.
fn description(sheet: &Sheet<'_>, booked: &Transaction) -> Option<String> {
    let tables = sheet.reader.tables;
    let charge_id = |number: usize| sheet.reader.id::<Charge>(number);
    Some(match (booked.kind, booked.source) {
        (Movement::Charge, Source::Charge(number)) => {
            return Charge::table(tables).get(number)?.terms.description.clone();
        }
        (Movement::Refund, Source::Refund(number)) => {
            let refund = Refund::table(tables).get(number)?;
            let charge = Charge::table(tables).get(refund.charge)?;
            match &charge.terms.description {
                Some(text) => glued(&["REFUND FOR CHARGE (", text, ")"]),
                None => "REFUND FOR CHARGE".to_owned(),
            }
        }
        (Movement::RefundFailure, Source::Refund(number)) => {
            let refund = Refund::table(tables).get(number)?;
            glued(&["Refund failure for ", &charge_id(refund.charge)])
        }
        (Movement::Dispute, Source::Dispute(number)) => {
            let dispute = Dispute::table(tables).get(number)?;
            glued(&["Chargeback withdrawal for ", &charge_id(dispute.charge)])
        }
        (Movement::DisputeReversal, Source::Dispute(number)) => {
            let dispute = Dispute::table(tables).get(number)?;
            glued(&["Chargeback reversal for ", &charge_id(dispute.charge)])
        }
        (Movement::Payout, _) => "STRIPE PAYOUT".to_owned(),
        (Movement::PayoutCancel, _) => "STRIPE PAYOUT CANCELED".to_owned(),
        (Movement::PayoutFailure, _) => "STRIPE PAYOUT FAILED".to_owned(),
        _ => return None,
    })
}

/// The object that caused a transaction, or its id.
fn write_source(sheet: &mut Sheet<'_>, booked: &Transaction) {
    match booked.source {
        Source::Charge(number) => sheet.reference::<Charge>("source", Some(number)),
        Source::Dispute(number) => sheet.reference::<Dispute>("source", Some(number)),
        Source::Refund(number) => sheet.reference::<Refund>("source", Some(number)),
        Source::Payout(number) => sheet.reference::<Payout>("source", Some(number)),
        // On the other account, a transfer is a payment.
        Source::Transfer(number) if booked.kind == Movement::Received => {
            let id = sheet.reader.ids.id("py", number);
            sheet.text("source", &id);
        }
        Source::TransferReversal(number) if booked.kind == Movement::ReceivedRefund => {
            let id = sheet.reader.ids.id("pyr", number);
            sheet.text("source", &id);
        }
        Source::Transfer(number) => sheet.reference::<Transfer>("source", Some(number)),
        Source::TransferReversal(number) => sheet.reference::<TransferReversal>("source", Some(number)),
        Source::ApplicationFee(number) => sheet.reference::<ApplicationFee>("source", Some(number)),
        Source::FeeRefund(number) => sheet.reference::<FeeRefund>("source", Some(number)),
        other => {
            let id = id_of(sheet, other);
            sheet.text("source", &id);
        }
    }
}

type Prefix = (&'static str, fn(usize) -> Source);

/// What the ids of the objects that move money begin with.
const PREFIXES: &[Prefix] = &[
    ("ch", Source::Charge),
    ("re", Source::Refund),
    ("du", Source::Dispute),
    ("po", Source::Payout),
    ("tr", Source::Transfer),
    ("trr", Source::TransferReversal),
    ("fee", Source::ApplicationFee),
    ("fr", Source::FeeRefund),
    ("tu", Source::TopUp),
];

fn id_of(sheet: &Sheet<'_>, source: Source) -> String {
    sheet.reader.ids.id(prefix(source), source.number())
}

/// The source an id names, whether it exists or not.
fn source_of(work: &Work<'_>, id: &str) -> Option<Source> {
    let (prefix, _) = id.split_once('_')?;
    let (prefix, make) = PREFIXES.iter().find(|(known, _)| *known == prefix)?;
    work.world.ids.number(prefix, id).map(make)
}

fn retrieve(work: &mut Work<'_>, params: Params) -> Result<Answer> {
    params.finish()?;
    let number = work.find::<BalanceTransaction>(0)?;
    Ok(Answer::Object(work.object::<BalanceTransaction>(number)?))
}

fn list(work: &mut Work<'_>, mut params: Params) -> Result<Answer> {
    let page = Page::read::<BalanceTransaction>(work, &mut params)?;
    let created = Span::read(&mut params, "created")?;
    let currency = amount_params::maybe_currency(&mut params)?;
    let (payout, source, kind) = (params.text("payout")?, params.text("source")?, params.text("type")?);
    params.finish()?;
    let payout = payout.map(|id| payout_of(work, &id)).transpose()?;
    let treasury = &work.world.treasury;
    let is_wanted = |row: &BalanceTransaction| {
        treasury.transaction(row.head.number).is_some_and(|booked| {
            created.holds(booked.created)
                && currency.is_none_or(|currency| booked.currency == currency)
                && kind.as_ref().is_none_or(|kind| booked.kind.name() == kind)
                && payout.is_none_or(|payout| booked.payout == Some(payout))
        })
    };
    let found = match &source {
        None => page.of::<BalanceTransaction>(work, is_wanted),
        Some(id) => {
            let caused = source_of(work, id).into_iter().flat_map(|source| treasury.transactions_of(source));
            page.among::<BalanceTransaction>(work, caused, is_wanted)
        }
    };
    Ok(Answer::list::<BalanceTransaction>(URL, found))
}

/// The automatic payout a filter names. Of a manual one nobody can tell which money it paid out.
fn payout_of(work: &Work<'_>, id: &str) -> Result<usize> {
    let number = work.find_param::<Payout>(id, "payout")?;
    if work.get::<Payout>(number)?.money.is_automatic {
        return Ok(number);
    }
    let message = "Balance transaction history can only be filtered on automatic transfers, not manual.";
    Err(Refusal::param(None, "payout", message.to_owned()))
}
