//! The balance transactions of Shopify Payments as the REST API gives them, one page or several behind each other.
//!
//! Source: <https://shopify.dev/docs/api/admin-rest/latest/resources/transactions>.
//!
//! Amounts are decimals in texts. A test transaction stands among the others and is handed on with the status `test`.

use super::members::{decimal, member, moment_of, name_of, wrong};
use super::objects::Objects;
use super::reader::Parser;
use super::{Error, Place, SettlementLine, Sink};
use crate::json::Value;
use crate::ledger::EventType;
use crate::money::Currency;
use crate::prelude::*;

const KINDS: &[(&str, EventType)] = &[
    ("charge", EventType::Charge),
    ("refund", EventType::Refund),
    ("dispute", EventType::Dispute),
    ("payout", EventType::Payout),
    ("payout_failure", EventType::PayoutFailure),
    ("payout_cancellation", EventType::PayoutFailure),
    ("adjustment", EventType::Adjustment),
    ("reserve", EventType::Adjustment),
    ("credit", EventType::Adjustment),
    ("debit", EventType::Adjustment),
];

/// Reads the pages.
pub(super) struct ShopifyJson {
    objects: Objects,
}

impl ShopifyJson {
    pub(super) const fn new() -> Self {
        Self { objects: Objects::new("transactions") }
    }
}

impl Parser for ShopifyJson {
    fn push(&mut self, text: &str, sink: &mut dyn Sink) -> Result<(), Error> {
        self.objects.push(text, &mut |transaction, place| hand_on(transaction, place, sink))
    }

    fn finish(&mut self, _: &mut dyn Sink) -> Result<(), Error> {
        self.objects.finish()
    }
}

fn hand_on(transaction: &Value<'_>, place: Place, sink: &mut dyn Sink) -> Result<(), Error> {
    let text = |name| name_of(transaction, name, place);
    let needed = |name| match text(name)? {
        "" => Err(Error::missing_value(place, name)),
        text => Ok(text),
    };
    let code = needed("currency")?;
    let currency = Currency::parse(code)
        .map_err(|_| wrong(place, "currency", "a currency of ISO 4217 such as USD", code))?;
    let amount = |name| decimal(transaction, name, currency, place);
    let written_type = needed("type")?;
    let kind = KINDS.iter().find(|(known, _)| *known == written_type).map(|(_, kind)| *kind);
    let (id, order, source) = (needed("id")?, text("source_order_id")?, text("source_id")?);
    let is_test = member(transaction, "test").and_then(Value::as_bool) == Some(true);
    let occurred = moment_of(transaction, "processed_at", place)?;
    let follows = matches!(kind, Some(EventType::Refund | EventType::Dispute | EventType::Adjustment));
    let pairs = [
        ("source_type", text("source_type")?),
        ("source_id", source),
        ("source_order_transaction_id", text("source_order_transaction_id")?),
        ("adjustment_reason", text("adjustment_reason")?),
    ];
    let context: Vec<(&str, &str)> = pairs.into_iter().filter(|(_, text)| !text.is_empty()).collect();
    sink.settlement(&SettlementLine {
        place,
        kind,
        written_type,
        reference: [order, source, id].into_iter().find(|text| !text.is_empty()).unwrap_or_default(),
        id,
        parent_reference: if follows { order } else { "" },
        payout_id: text("payout_id")?,
        gross: amount("amount")?.ok_or_else(|| Error::missing_value(place, "amount"))?,
        fee: amount("fee")?,
        tax: None,
        net: amount("net")?,
        currency,
        status: if is_test { "test" } else { text("payout_status")? },
        occurred_at: occurred.map(|reading| reading.at),
        is_local_time: occurred.is_some_and(|reading| reading.is_local),
        available_at: None,
        account: "",
        original: None,
        context: &context,
    });
    Ok(())
}
