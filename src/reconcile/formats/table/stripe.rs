//! Stripe's reports: payout reconciliation and balance change, both itemised, and the export of balance transactions.
//!
//! Sources: <https://docs.stripe.com/reports/report-types/payout-reconciliation>,
//! <https://docs.stripe.com/reports/report-types/balance>, <https://docs.stripe.com/reports/reporting-categories>.
//!
//! Amounts are in major units, where the API has minor ones. Times are in UTC only in columns that say so; others are in
//! the zone the report was asked for, which it does not name. The type comes from the reporting category, as
//! `adjustment` means several things. A partial capture is a whole charge and a `partial_capture_reversal`.

use super::super::figure::Style;
use super::super::{Error, Original, SettlementLine, Sink};
use super::field::{foreign_money, maybe, text};
use super::{Columns, Field, Header, Record};
use crate::ledger::EventType;
use crate::prelude::*;

/// Reporting categories, and the types of the export, that are not adjustments by name.
const KINDS: &[(&str, EventType)] = &[
    ("charge", EventType::Charge),
    ("payment", EventType::Charge),
    ("charge_failure", EventType::Charge),
    ("payment_failure_refund", EventType::Charge),
    ("refund", EventType::Refund),
    ("payment_refund", EventType::Refund),
    ("dispute", EventType::Dispute),
    ("fee", EventType::Fee),
    ("stripe_fee", EventType::Fee),
    ("stripe_fx_fee", EventType::Fee),
    ("network_cost", EventType::Fee),
    ("tax", EventType::Fee),
    ("tax_fee", EventType::Fee),
    ("payout", EventType::Payout),
    ("payout_reversal", EventType::PayoutFailure),
    ("payout_cancel", EventType::PayoutFailure),
    ("payout_failure", EventType::PayoutFailure),
];

/// Categories that are known, and are adjustments here.
const ADJUSTMENTS: &[&str] = &[
    "adjustment",
    "advance",
    "advance_funding",
    "anticipation_repayment",
    "application_fee",
    "application_fee_refund",
    "climate_order_purchase",
    "climate_order_refund",
    "connect_collection_transfer",
    "connect_reserved_funds",
    "contribution",
    "dispute_reversal",
    "financing_paydown",
    "financing_paydown_reversal",
    "financing_payout",
    "financing_payout_reversal",
    "issuing_authorization_hold",
    "issuing_authorization_release",
    "issuing_dispute",
    "issuing_disputed_amount_hold",
    "issuing_transaction",
    "obligation",
    "other_adjustment",
    "partial_capture_reversal",
    "payment_network_reserve_hold",
    "payment_network_reserve_release",
    "platform_earning",
    "platform_earning_refund",
    "refund_failure",
    "reserve_hold",
    "reserve_release",
    "reserve_transaction",
    "reserved_funds",
    "risk_reserved_funds",
    "topup",
    "topup_reversal",
    "transfer",
    "transfer_cancel",
    "transfer_failure",
    "transfer_refund",
    "transfer_reversal",
    "unreconciled_customer_funds",
];

/// Where each column stands.
/// The columns of the report.
pub(in super::super) struct Stripe {
    header: Header,
    transaction: Field,
    kind: Field,
    gross: Field,
    fee: Option<Field>,
    net: Option<Field>,
    currency: Field,
    source: Option<Field>,
    charge: Option<Field>,
    reference: Option<Field>,
    payout: Option<Field>,
    created: Option<Field>,
    is_utc: bool,
    available: Option<Field>,
    account: Option<Field>,
    original: Option<Field>,
    original_currency: Option<Field>,
    known: Vec<Option<usize>>,
}

impl Columns for Stripe {
    const BEGINS_WITH: &'static str = "the header of a Stripe report";

    fn of(record: &Record<'_>, reference: Option<&str>) -> Result<Self, Error> {
        let header = Header::of(record)?;
        let utc = header.find(&["created_utc", "Created (UTC)"]);
        let is_utc = utc.is_some();
        let reference = match reference {
            Some(name) => Some(header.need(record, &[name])?),
            None => header.find(&["payment_intent_id"]),
        };
        let mut columns = Self {
            transaction: header.need(record, &["balance_transaction_id", "id"])?,
            kind: header.need(record, &["reporting_category", "Type"])?,
            gross: header.need(record, &["gross", "Amount"])?,
            fee: header.find(&["fee"]),
            net: header.find(&["net"]),
            currency: header.need(record, &["currency"])?,
            source: header.find(&["source_id", "Source"]),
            charge: header.find(&["charge_id"]),
            reference,
            payout: header.find(&["automatic_payout_id", "payout_id", "Transfer"]),
            created: utc.or_else(|| header.find(&["created", "Created"])),
            is_utc,
            available: header.find(&["available_on_utc", "Available On (UTC)", "available_on"]),
            account: header.find(&["connected_account_id"]),
            original: header.find(&["customer_facing_amount"]),
            original_currency: header.find(&["customer_facing_currency"]),
            known: Vec::new(),
            header,
        };
        let Self { kind, gross, currency, .. } = &columns;
        let needed = [kind, gross, currency].map(|field| Some(field.index));
        let optional = [
            &columns.fee,
            &columns.net,
            &columns.source,
            &columns.payout,
            &columns.created,
            &columns.available,
            &columns.account,
        ];
        columns.known =
            needed.into_iter().chain(optional.map(|field| field.as_ref().map(|field| field.index))).collect();
        Ok(columns)
    }

    fn row(&self, record: &Record<'_>, sink: &mut dyn Sink) -> Result<(), Error> {
        self.header.check(record)?;
        let currency = self.currency.currency(record)?;
        let written_type = self.kind.filled(record)?;
        let kind = kind(written_type);
        let amount =
            |field: Option<&Field>| maybe(field, |field| field.major(record, currency, Style::Plain));
        let transaction = self.transaction.filled(record)?;
        let id = some_text([text(self.source.as_ref(), record), transaction]);
        let payment = some_text([text(self.reference.as_ref(), record), text(self.charge.as_ref(), record)]);
        let payout = text(self.payout.as_ref(), record);
        let is_payout = matches!(kind, Some(EventType::Payout | EventType::PayoutFailure));
        let zone = self.is_utc.then_some(0);
        let created = maybe(self.created.as_ref(), |field| field.moment(record, zone))?;
        let available = maybe(self.available.as_ref(), |field| field.moment(record, Some(0)))?;
        let follows = matches!(kind, Some(EventType::Refund | EventType::Dispute | EventType::Adjustment));
        let (original, original_currency) = (self.original.as_ref(), self.original_currency.as_ref());
        let original = foreign_money(original, original_currency, record, currency, Style::Plain)?;
        sink.settlement(&SettlementLine {
            place: record.start(),
            kind,
            written_type,
            reference: some_text([payment, id]),
            id,
            parent_reference: if follows { payment } else { "" },
            payout_id: if is_payout { some_text([payout, id]) } else { payout },
            gross: self.gross.filled_major(record, currency, Style::Plain)?,
            fee: amount(self.fee.as_ref())?,
            tax: None,
            net: amount(self.net.as_ref())?,
            currency,
            status: "",
            occurred_at: created.map(|reading| reading.at),
            is_local_time: created.is_some_and(|reading| reading.is_local),
            available_at: available.map(|reading| reading.at),
            account: text(self.account.as_ref(), record),
            original: original.map(|money| Original { money, rate: "" }),
            context: &record.context(self.header.names(), &self.known, sink),
        });
        Ok(())
    }
}

fn kind(category: &str) -> Option<EventType> {
    let known = KINDS.iter().find(|(known, _)| *known == category).map(|(_, kind)| *kind);
    known.or_else(|| ADJUSTMENTS.contains(&category).then_some(EventType::Adjustment))
}

/// The first text that says something.
pub(super) fn some_text<const N: usize>(texts: [&str; N]) -> &str {
    texts.into_iter().find(|text| !text.is_empty()).unwrap_or_default()
}
