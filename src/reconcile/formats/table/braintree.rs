//! Braintree's transaction-level fee report, as it is downloaded.
//!
//! Source: <https://developer.paypal.com/braintree/docs/reference/response/transaction-level-fee-report>.
//!
//! Names of columns come as words or with underscores. A credit takes money back, whichever sign its amount has. Fees are
//! estimates to fractions of a cent where interchange is passed on: one that is no whole number of minor units is no
//! amount that was ever charged, and stays in the context as written.

use super::super::figure::Style;
use super::super::moment::DateOrder;
use super::super::{Error, SettlementLine, Sink};
use super::field::{payout_name, text};
use super::stripe::some_text;
use super::{Columns, Field, Header, Record};
use crate::ledger::EventType;
use crate::prelude::*;

/// The columns of the report.
pub(in super::super) struct Braintree {
    header: Header,
    id: Field,
    original: Option<Field>,
    order: Option<Field>,
    kind: Field,
    currency: Field,
    amount: Field,
    fee: Option<Field>,
    settled: Option<Field>,
    disbursed: Option<Field>,
    account: Option<Field>,
    known: Vec<Option<usize>>,
}

impl Columns for Braintree {
    const BEGINS_WITH: &'static str = "the header of a transaction-level fee report";

    fn of(record: &Record<'_>, _: Option<&str>) -> Result<Self, Error> {
        let header = Header::of(record)?;
        let need = |names: &[&str]| header.need(record, names);
        let mut columns = Self {
            id: need(&["Transaction ID"])?,
            original: header.find(&["Original Transaction ID", "Refunded Transaction ID"]),
            order: header.find(&["Order ID"]),
            kind: need(&["Transaction Type"])?,
            currency: need(&["Settlement Currency", "Settlement Currency ISO Code"])?,
            amount: need(&["Settlement Amount"])?,
            fee: header.find(&["Total Fee Amount", "Braintree Total Amount"]),
            settled: header.find(&["Settlement Date"]),
            disbursed: header.find(&["Disbursement Date"]),
            account: header.find(&["Merchant Account", "Merchant Account ID"]),
            known: Vec::new(),
            header,
        };
        let Self { id, kind, currency, amount, .. } = &columns;
        let needed = [id, kind, currency, amount].map(|field| Some(field.index));
        let optional =
            [&columns.original, &columns.order, &columns.settled, &columns.disbursed, &columns.account];
        columns.known =
            needed.into_iter().chain(optional.map(|field| field.as_ref().map(|field| field.index))).collect();
        Ok(columns)
    }

    fn row(&self, record: &Record<'_>, sink: &mut dyn Sink) -> Result<(), Error> {
        self.header.check(record)?;
        let currency = self.currency.currency(record)?;
        let written_type = self.kind.filled(record)?;
        let kind = match written_type.to_ascii_lowercase().as_str() {
            "sale" => Some(EventType::Charge),
            "credit" | "refund" => Some(EventType::Refund),
            "chargeback" | "dispute" => Some(EventType::Dispute),
            _ => None,
        };
        let amount = self.amount.filled_major(record, currency, Style::Schema)?;
        let takes = matches!(kind, Some(EventType::Refund | EventType::Dispute));
        let fee = match &self.fee {
            Some(field) => whole_units(field, record, currency)?,
            None => None,
        };
        let id = self.id.filled(record)?;
        let account = text(self.account.as_ref(), record);
        let payout = payout_name(account, text(self.disbursed.as_ref(), record), currency);
        let settled = self.settled.as_ref().or(self.disbursed.as_ref());
        let occurred_at = match settled {
            Some(field) => day(field, record)?,
            None => None,
        };
        let available_at = match &self.disbursed {
            Some(field) => day(field, record)?,
            None => None,
        };
        sink.settlement(&SettlementLine {
            place: record.start(),
            kind,
            written_type,
            reference: some_text([text(self.order.as_ref(), record), id]),
            id,
            parent_reference: text(self.original.as_ref(), record),
            payout_id: &payout,
            gross: if takes { amount.saturating_abs().saturating_neg() } else { amount },
            fee,
            tax: None,
            net: None,
            currency,
            status: "",
            occurred_at,
            is_local_time: false,
            available_at,
            account,
            original: None,
            context: &record.context(self.header.names(), &self.known, sink),
        });
        Ok(())
    }
}

/// A fee in minor units; `None` for none, and for an estimate between two minor units.
fn whole_units(
    field: &Field,
    record: &Record<'_>,
    currency: crate::money::Currency,
) -> Result<Option<i64>, Error> {
    let written = field.text(record);
    let digits = written.strip_prefix('-').unwrap_or(written);
    let is_decimal = !digits.is_empty() && digits.bytes().all(|byte| byte.is_ascii_digit() || byte == b'.');
    match field.major(record, currency, Style::Schema) {
        Err(_) if is_decimal && digits.matches('.').count() == 1 => Ok(None),
        read => read,
    }
}

/// A day as the report writes it: with the year first, or as Americans do.
fn day(field: &Field, record: &Record<'_>) -> Result<Option<crate::time::Timestamp>, Error> {
    const EXPECTED: &str = "a date such as 2026-03-04 or 3/4/2026";
    let order =
        if field.text(record).contains('/') { DateOrder::MonthDayYear } else { DateOrder::YearMonthDay };
    Ok(field.ordered(record, order, Some(0), EXPECTED)?.map(|reading| reading.at))
}
