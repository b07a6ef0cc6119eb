//! Adyen's settlement details: debit and credit in columns of their own, the fee in four parts that add up to it.
//!
//! Source: <https://docs.adyen.com/reporting/settlement-reconciliation/transaction-level/settlement-details-report>. Gross
//! stands in the currency of the shopper, net in that of the settlement. Rows of a batch have no `Psp Reference`.

use super::super::decimal::{major, moment};
use super::super::treasury::Kind;
use super::{Line, table};
use crate::prelude::*;

const COMPANY: &str = "TillproofCompany";
const MERCHANT: &str = "TillproofSimulator";

const HEADER: [&str; 23] = [
    "Company Account",
    "Merchant Account",
    "Psp Reference",
    "Merchant Reference",
    "Payment Method",
    "Creation Date",
    "TimeZone",
    "Type",
    "Modification Reference",
    "Gross Currency",
    "Gross Debit (GC)",
    "Gross Credit (GC)",
    "Exchange Rate",
    "Net Currency",
    "Net Debit (NC)",
    "Net Credit (NC)",
    "Commission (NC)",
    "Markup (NC)",
    "Scheme Fees (NC)",
    "Interchange (NC)",
    "Payment Method Variant",
    "Modification Merchant Reference",
    "Batch Number",
];

/// Parts of a fee in percent; the markup is what is left.
const SCHEME_PERCENT: i128 = 10;
const INTERCHANGE_PERCENT: i128 = 60;

pub(super) fn csv(lines: &[Line]) -> String {
    table(HEADER, lines.iter().map(row))
}

fn row(line: &Line) -> [String; 23] {
    let (gross, currency, rate) = match &line.presented {
        Some((minor, currency, rate)) => (*minor, *currency, rate.clone()),
        None => (line.gross, line.currency, "1".to_owned()),
    };
    let is_card = line.kind != "adjustment" || line.movement == Kind::RefundFailure;
    let of_batch = matches!(line.kind, "payout" | "payout_failure" | "fee") || !is_card;
    let (scheme, interchange) = (part(line.fee, SCHEME_PERCENT), part(line.fee, INTERCHANGE_PERCENT));
    let markup = line.fee.saturating_sub(scheme).saturating_sub(interchange);
    let modification = if line.kind == "charge" || of_batch { String::new() } else { line.id.clone() };
    let unless_batch = |text: String| if of_batch { String::new() } else { text };
    let fee = |minor: i128| if line.fee == 0 { String::new() } else { major(minor, line.currency) };
    [
        COMPANY.to_owned(),
        MERCHANT.to_owned(),
        unless_batch(if line.kind == "charge" { line.id.clone() } else { line.reference.clone() }),
        unless_batch(line.reference.clone()),
        unless_batch("visa".to_owned()),
        moment(line.at),
        "UTC".to_owned(),
        kind(line).to_owned(),
        modification,
        currency.code().to_owned(),
        debit(gross, currency),
        debit(0_i128.saturating_sub(gross), currency),
        rate,
        line.currency.code().to_owned(),
        debit(line.net(), line.currency),
        debit(0_i128.saturating_sub(line.net()), line.currency),
        if line.fee == 0 { String::new() } else { major(0, line.currency) },
        fee(markup),
        fee(scheme),
        fee(interchange),
        unless_batch("visa".to_owned()),
        String::new(),
        line.batch.map(|batch| batch.saturating_add(1).digits()).unwrap_or_default(),
    ]
}

/// What leaves: nothing for an amount that comes in.
fn debit(minor: i128, currency: crate::money::Currency) -> String {
    if minor < 0 { major(0_i128.saturating_sub(minor), currency) } else { String::new() }
}

const fn part(fee: i128, percent: i128) -> i128 {
    fee.saturating_mul(percent) / 100
}

const fn kind(line: &Line) -> &'static str {
    match line.movement {
        Kind::Charge | Kind::Payment => "Settled",
        Kind::Refund | Kind::PaymentRefund => "Refunded",
        Kind::RefundFailure => "RefundedReversed",
        Kind::Dispute => "Chargeback",
        Kind::DisputeReversal => "ChargebackReversed",
        Kind::Payout => "MerchantPayout",
        Kind::PayoutCancel | Kind::PayoutFailure => "DepositCorrection",
        Kind::GatewayFee => "Fee",
        Kind::ReserveHold | Kind::ReserveRelease => "ReserveAdjustment",
        Kind::Adjustment
        | Kind::Transfer
        | Kind::TransferRefund
        | Kind::Received
        | Kind::ReceivedRefund
        | Kind::ApplicationFee
        | Kind::ApplicationFeeRefund
        | Kind::TopUp
        | Kind::EscrowHold
        | Kind::EscrowRelease => "Balancetransfer",
    }
}
