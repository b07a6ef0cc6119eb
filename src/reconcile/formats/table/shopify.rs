//! The transactions of Shopify Payments as the admin exports them.
//!
//! Source: <https://help.shopify.com/en/manual/finance/shopify-payments/payouts/viewing-payouts>.
//!
//! The file has no id of a transaction. The checkout is none, as all refunds of an order and all its payments bear the same;
//! two rows are one event where their content is the same. Older exports have no payout id either, and new ones none for a
//! payout that is not made yet: then the day of the payout names it, of which a shop has one in each currency. `VAT` is part
//! of the fee and stays context. What belongs to no order, such as a reserve, is called by its payout.

use super::super::figure::Style;
use super::super::{Error, Original, SettlementLine, Sink};
use super::field::{foreign_money, maybe, text};
use super::stripe::some_text;
use super::{Columns, Field, Header, Record};
use crate::ledger::EventType;
use crate::prelude::*;

const KINDS: &[(&str, EventType)] = &[
    ("charge", EventType::Charge),
    ("refund", EventType::Refund),
    ("chargeback", EventType::Dispute),
    ("dispute", EventType::Dispute),
    ("payout", EventType::Payout),
    ("payout_failure", EventType::PayoutFailure),
    ("payout_cancellation", EventType::PayoutFailure),
    ("chargeback won", EventType::Adjustment),
    ("chargeback_won", EventType::Adjustment),
    ("dispute_reversal", EventType::Adjustment),
    ("refund_failure", EventType::Adjustment),
    ("adjustment", EventType::Adjustment),
    ("reserve", EventType::Adjustment),
    ("credit", EventType::Adjustment),
    ("debit", EventType::Adjustment),
    ("advance", EventType::Adjustment),
    ("advance funding", EventType::Adjustment),
    ("shop_cash_credit", EventType::Adjustment),
];

/// The columns of the report.
pub(in super::super) struct Shopify {
    header: Header,
    date: Field,
    kind: Field,
    order: Field,
    status: Option<Field>,
    payouts: [Option<Field>; 2],
    available: Option<Field>,
    amount: Field,
    fee: Field,
    net: Field,
    checkout: Option<Field>,
    original: Option<Field>,
    original_currency: Option<Field>,
    currency: Field,
    known: Vec<Option<usize>>,
}

impl Columns for Shopify {
    const BEGINS_WITH: &'static str = "the header of an export of transactions";

    fn of(record: &Record<'_>, _: Option<&str>) -> Result<Self, Error> {
        let header = Header::of(record)?;
        let need = |name: &str| header.need(record, &[name]);
        let mut columns = Self {
            date: need("Transaction Date")?,
            kind: need("Type")?,
            order: need("Order")?,
            status: header.find(&["Payout Status"]),
            payouts: [header.find(&["Payout ID"]), header.find(&["Payout Date"])],
            available: header.find(&["Available On"]),
            amount: need("Amount")?,
            fee: need("Fee")?,
            net: need("Net")?,
            checkout: header.find(&["Checkout"]),
            original: header.find(&["Presentment Amount"]),
            original_currency: header.find(&["Presentment Currency"]),
            currency: need("Currency")?,
            known: Vec::new(),
            header,
        };
        let Self { date, kind, order, amount, fee, net, currency, .. } = &columns;
        let needed = [date, kind, order, amount, fee, net, currency].map(|field| Some(field.index));
        let optional = [&columns.status, &columns.available, &columns.checkout];
        columns.known =
            needed.into_iter().chain(optional.map(|field| field.as_ref().map(|field| field.index))).collect();
        Ok(columns)
    }

    fn row(&self, record: &Record<'_>, sink: &mut dyn Sink) -> Result<(), Error> {
        self.header.check(record)?;
        let currency = self.currency.currency(record)?;
        let written_type = self.kind.filled(record)?;
        let kind = KINDS.iter().find(|(known, _)| *known == written_type).map(|(_, kind)| *kind);
        let order = self.order.text(record);
        let checkout = text(self.checkout.as_ref(), record);
        let created = self.date.moment(record, None)?;
        let available = maybe(self.available.as_ref(), |field| field.moment(record, None))?;
        let (original, original_currency) = (self.original.as_ref(), self.original_currency.as_ref());
        let original = foreign_money(original, original_currency, record, currency, Style::Plain)?;
        let follows = matches!(kind, Some(EventType::Refund | EventType::Dispute | EventType::Adjustment));
        let payout_id = some_text(self.payouts.each_ref().map(|field| text(field.as_ref(), record)));
        sink.settlement(&SettlementLine {
            place: record.start(),
            kind,
            written_type,
            reference: some_text([order, checkout, payout_id, written_type]),
            id: "",
            parent_reference: if follows { order } else { "" },
            payout_id,
            gross: self.amount.filled_major(record, currency, Style::Plain)?,
            fee: self.fee.major(record, currency, Style::Plain)?,
            tax: None,
            net: self.net.major(record, currency, Style::Plain)?,
            currency,
            status: text(self.status.as_ref(), record),
            occurred_at: created.map(|reading| reading.at),
            is_local_time: created.is_some_and(|reading| reading.is_local),
            available_at: available.map(|reading| reading.at),
            account: "",
            original: original.map(|money| Original { money, rate: "" }),
            context: &record.context(self.header.names(), &self.known, sink),
        });
        Ok(())
    }
}
