//! Stripe's itemized payout reconciliation: amounts in major units, moments in UTC.
//!
//! Source: <https://docs.stripe.com/reports/report-types/payout-reconciliation>.

use super::super::decimal::{major, moment};
use super::{Line, table};
use crate::prelude::*;

const HEADER: [&str; 18] = [
    "automatic_payout_id",
    "automatic_payout_effective_at_utc",
    "balance_transaction_id",
    "created_utc",
    "available_on_utc",
    "currency",
    "gross",
    "fee",
    "net",
    "reporting_category",
    "source_id",
    "description",
    "customer_facing_amount",
    "customer_facing_currency",
    "charge_id",
    "payment_intent_id",
    "charge_created_utc",
    "payment_method_type",
];

pub(super) fn csv<'a>(lines: impl Iterator<Item = &'a Line>) -> String {
    table(HEADER, lines.map(row))
}

fn row(line: &Line) -> [String; 18] {
    let (amount, currency) = line
        .presented
        .as_ref()
        .map_or((line.gross, line.currency), |(minor, currency, _)| (*minor, *currency));
    let is_card = matches!(line.kind, "charge" | "refund" | "dispute");
    let (payout, effective) = match &line.payout {
        Some((id, at)) => (id.clone(), moment(*at)),
        None => (String::new(), String::new()),
    };
    let of_charge = |text: String| if line.kind == "charge" { text } else { String::new() };
    [
        payout,
        effective,
        line.transaction.clone(),
        moment(line.at),
        moment(line.available_on),
        line.currency.code().to_ascii_lowercase(),
        major(line.gross, line.currency),
        major(line.fee, line.currency),
        major(line.net(), line.currency),
        line.movement.category().to_owned(),
        line.id.clone(),
        String::new(),
        if is_card { major(amount, currency) } else { String::new() },
        if is_card { currency.code().to_ascii_lowercase() } else { String::new() },
        of_charge(line.id.clone()),
        if is_card { line.reference.clone() } else { String::new() },
        of_charge(moment(line.at)),
        if is_card { "card".to_owned() } else { String::new() },
    ]
}
