//! Mollie's settlement report: one settlement, one line for each movement, and its fees as lines of their own.
//!
//! Source: <https://docs.mollie.com/docs/settlement-report>.
//!
//! What a line is stands in the beginning of its id (`tr_` payment, `cap_` capture, `re_` refund, `chb_` chargeback). A
//! line without id is a fee that was withheld. Times have no zone; Mollie writes those of Amsterdam.

use super::super::figure::Style;
use super::super::{Error, Original, SettlementLine, Sink};
use super::field::foreign_money;
use super::field::text;
use super::stripe::some_text;
use super::{Columns, Field, Header, Record};
use crate::ledger::EventType;
use crate::prelude::*;

const KINDS: &[(&str, EventType)] = &[
    ("tr_", EventType::Charge),
    ("cap_", EventType::Charge),
    ("re_", EventType::Refund),
    ("chb_", EventType::Dispute),
    ("stl_", EventType::Payout),
];

/// The columns of the report.
pub(in super::super) struct Mollie {
    header: Header,
    date: Field,
    method: Field,
    currency: Field,
    amount: Field,
    status: Field,
    id: Field,
    settled_currency: Field,
    settled: Field,
    settlement: Field,
    description: Option<Field>,
    /// The column that holds the merchant's own reference, where it is not the id of the payment.
    own: Option<Field>,
    known: Vec<Option<usize>>,
}

impl Columns for Mollie {
    const BEGINS_WITH: &'static str = "the header of a settlement report";

    fn of(record: &Record<'_>, reference: Option<&str>) -> Result<Self, Error> {
        let header = Header::of(record)?;
        let need = |name: &str| header.need(record, &[name]);
        let mut columns = Self {
            date: need("Date")?,
            method: need("Payment method")?,
            currency: need("Currency")?,
            amount: need("Amount")?,
            status: need("Status")?,
            id: need("ID")?,
            settled_currency: need("Settlement currency")?,
            settled: need("Settlement amount")?,
            settlement: need("Settlement reference")?,
            description: header.find(&["Description"]),
            own: reference.map(|name| header.need(record, &[name])).transpose()?,
            known: Vec::new(),
            header,
        };
        let Self { date, currency, amount, status, id, settled_currency, settled, settlement, .. } = &columns;
        let known = [date, currency, amount, status, id, settled_currency, settled, settlement];
        columns.known = known.map(|field| Some(field.index)).into();
        Ok(columns)
    }

    fn row(&self, record: &Record<'_>, sink: &mut dyn Sink) -> Result<(), Error> {
        self.header.check(record)?;
        let currency = self.settled_currency.currency(record)?;
        let (id, method) = (self.id.text(record), self.method.text(record));
        let created = self.date.moment(record, None)?;
        let (amount, code) = (Some(&self.amount), Some(&self.currency));
        let original = foreign_money(amount, code, record, currency, Style::Plain)?;
        let description = text(self.description.as_ref(), record);
        sink.settlement(&SettlementLine {
            place: record.start(),
            kind: kind(id, method),
            written_type: method,
            reference: some_text([text(self.own.as_ref(), record), id, description]),
            id,
            parent_reference: "",
            payout_id: self.settlement.text(record),
            gross: self.settled.filled_major(record, currency, Style::Plain)?,
            fee: None,
            tax: None,
            net: None,
            currency,
            status: self.status.text(record),
            occurred_at: created.map(|reading| reading.at),
            is_local_time: created.is_some_and(|reading| reading.is_local),
            available_at: None,
            account: "",
            original: original.map(|money| Original { money, rate: "" }),
            context: &record.context(self.header.names(), &self.known, sink),
        });
        Ok(())
    }
}

fn kind(id: &str, method: &str) -> Option<EventType> {
    let known = KINDS.iter().find(|(prefix, _)| id.starts_with(prefix)).map(|(_, kind)| *kind);
    match (known, method) {
        (Some(kind), _) => Some(kind),
        (None, "" | "fee" | "withheld fees") => Some(EventType::Fee),
        (None, "refund") => Some(EventType::Refund),
        (None, "chargeback") => Some(EventType::Dispute),
        (None, _) => None,
    }
}
