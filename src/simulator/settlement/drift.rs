//! How the report deviates from the truth, and what the ground truth says of it.

use super::super::faults::{Fault, Injected, Injector};
use super::super::treasury::{Kind, Rate, Transaction};
use super::line::SETTLED;
use crate::prelude::*;

/// Largest drift of an amount, smallest being [`AMOUNT_DRIFT_MIN`]: too large to pass for rounding.
const AMOUNT_DRIFT_MAX: u64 = 499;
const AMOUNT_DRIFT_MIN: u64 = 10;

/// Largest drift of a fee.
const FEE_DRIFT_MAX: u64 = 25;

/// By how many millionths a drifting rate is too high, at least and at most.
const RATE_DRIFT_PPM: (u64, u64) = (5_000, 50_000);

/// How the report deviates from the truth about one transaction. Amounts are those shown, without a sign.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Drift {
    Amount(u64),
    Fee(u64),
    Missing,
    Duplicate,
    /// Another merchant's charge of this amount follows.
    Foreign(u64),
    Status,
    /// It was converted at another rate.
    Rate {
        minor: u64,
        rate: Rate,
    },
    /// It stands in the payout after its own.
    Payout,
    /// It has the wrong sign.
    Sign,
    /// The amount is wrong for a day, then corrected.
    Restated(u64),
    /// The same order stands there once more, under another id.
    Twin,
    /// It is dated a day off, by a cut-off in another time zone.
    Day {
        later: bool,
    },
}

/// At most one drift per transaction, so that each is found as what it is.
pub(super) fn decide(
    transaction: &Transaction,
    subject: &str,
    injector: &mut Injector,
) -> Option<(Fault, Drift)> {
    let faults = faults_of(transaction);
    if !injector.plan().has_any(faults) {
        return None;
    }
    let occasion = injector.occasion("settlement", subject, faults).at(transaction.kind.name());
    let struck: Vec<Fault> =
        faults.iter().copied().filter(|fault| injector.strikes(&occasion, *fault)).collect();
    let fault = *struck.first()?;
    let (minor, fee) = (transaction.gross.unsigned_abs(), transaction.fees.total());
    let drift = match fault {
        Fault::SettlementAmount | Fault::SettlementRestated => {
            let by = occasion.between(fault, AMOUNT_DRIFT_MIN, AMOUNT_DRIFT_MAX);
            // Downwards where there is room for it, as merchants fear most.
            let shown = if minor > by { minor.saturating_sub(by) } else { minor.saturating_add(by) };
            if fault == Fault::SettlementAmount { Drift::Amount(shown) } else { Drift::Restated(shown) }
        }
        Fault::SettlementFee => Drift::Fee(fee.saturating_add(occasion.between(fault, 1, FEE_DRIFT_MAX))),
        Fault::SettlementMissing => Drift::Missing,
        Fault::SettlementDuplicate => Drift::Duplicate,
        Fault::SettlementForeign => Drift::Foreign(occasion.between(fault, 100, 99_999)),
        Fault::SettlementRate => {
            let conversion = transaction.conversion.as_deref()?;
            let (from, to) = RATE_DRIFT_PPM;
            let rate = conversion.rate.raised(occasion.between(fault, from, to));
            let presented = conversion.gross.unsigned_abs();
            let minor = rate.convert(presented, conversion.currency, transaction.currency).ok()?;
            Drift::Rate { minor, rate }
        }
        Fault::SettlementPayout => Drift::Payout,
        Fault::SettlementExponent => Drift::Amount(minor.saturating_mul(100)),
        Fault::SettlementSign => Drift::Sign,
        Fault::SettlementUncaptured => Drift::Amount(transaction.authorized),
        Fault::SettlementTwin => Drift::Twin,
        Fault::SettlementDay => Drift::Day { later: occasion.between(fault, 0, 1) == 1 },
        Fault::DisputeFeeMissing => Drift::Fee(0),
        Fault::DisputeFeeDoubled => Drift::Fee(fee.saturating_mul(2)),
        _ => Drift::Status,
    };
    Some((fault, drift))
}

/// What can go wrong with the row of a transaction.
fn faults_of(transaction: &Transaction) -> &'static [Fault] {
    match transaction.kind {
        Kind::Charge if transaction.conversion.is_some() => &Fault::OF_CONVERTED_CHARGES,
        Kind::Charge if transaction.authorized > transaction.gross.unsigned_abs() => {
            &Fault::OF_PARTIAL_CAPTURES
        }
        Kind::Charge => &Fault::OF_CHARGES,
        Kind::Refund => &Fault::OF_REFUNDS,
        Kind::Dispute => &Fault::OF_DISPUTES,
        _ => &[],
    }
}

/// What the ground truth says of a drift.
pub(super) fn truth(fault: Fault, drift: Drift, transaction: &Transaction) -> Injected {
    let (minor, fee) = (transaction.gross.unsigned_abs(), transaction.fees.total());
    let (expected, actual) = match drift {
        Drift::Amount(shown) | Drift::Restated(shown) | Drift::Rate { minor: shown, .. } => {
            (Some(minor), Some(shown))
        }
        Drift::Fee(shown) => (Some(fee), Some(shown)),
        Drift::Missing => (Some(minor), None),
        Drift::Duplicate | Drift::Twin => (Some(minor), Some(minor.saturating_mul(2))),
        Drift::Foreign(shown) => (None, Some(shown)),
        Drift::Payout | Drift::Sign | Drift::Day { .. } => (Some(minor), Some(minor)),
        Drift::Status => (None, None),
    };
    let statuses = if drift == Drift::Status { (Some(SETTLED), Some("failed")) } else { (None, None) };
    let mut injected = Injected {
        expected,
        actual,
        currency: Some(transaction.currency.to_string()),
        expected_status: statuses.0,
        actual_status: statuses.1,
        ..Injected::of(fault)
    };
    // A fee where there was none is one that is not due, and not another one.
    if matches!(drift, Drift::Fee(_)) && fee == 0 {
        injected.kind = Some("fee_unexpected");
    }
    injected
}
