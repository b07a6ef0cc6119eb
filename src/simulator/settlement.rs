//! The report agrees with the books to the cent, but for the drifts that were injected; and it always says the same.
//!
//! A drift is decided once, when the money moves, and stays with the transaction: two reports never contradict each
//! other, and the ground truth knows of it before the first report is read.

use alloc::collections::BTreeMap;

use super::faults::{Fault, Injected, Injector};
use super::treasury::{Kind, Transaction};
use crate::calendar::rfc3339;
use crate::money::Currency;
use crate::prelude::*;

/// The columns, those of the contract's generic settlement file.
const HEADER: &str = "reference,id,type,amount_minor,currency,fee_minor,net_minor,status,occurred_at,payout_id,parent_reference\n";

const SETTLED: &str = "settled";
const FAILED: &str = "failed";

/// Largest drift of an amount, smallest being [`AMOUNT_DRIFT_MIN`]: too large to pass for rounding.
const AMOUNT_DRIFT_MAX: u64 = 499;
const AMOUNT_DRIFT_MIN: u64 = 10;

/// Largest drift of a fee.
const FEE_DRIFT_MAX: u64 = 25;

/// How the report deviates from the truth.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Drift {
    Amount(u64),
    Fee(u64),
    Missing,
    Duplicate,
    /// Another merchant's charge of this amount follows.
    Foreign(u64),
    Status,
}

/// What a booking is about, in words.
#[derive(Clone, Copy, Debug)]
pub(super) struct Subject<'a> {
    /// The name under which the merchant's records know it.
    pub(super) reference: &'a str,
    /// The id of the object that caused it.
    pub(super) object: &'a str,
}

/// Texts a row needs that a transaction does not hold.
#[derive(Debug)]
pub(super) struct Names {
    pub(super) reference: String,
    pub(super) id: String,
    /// The reference of the payment, for what follows one.
    pub(super) parent: Option<String>,
    /// An id that names nothing, for a charge of another merchant.
    pub(super) foreign: String,
}

/// How the report deviates, by the number of the transaction.
#[derive(Clone, Debug, Default)]
pub(super) struct Settlement {
    drifts: BTreeMap<usize, Drift>,
}

impl Settlement {
    /// Decides whether the report will tell the truth about a transaction. Returns what it will not.
    pub(super) fn record(
        &mut self,
        number: usize,
        transaction: &Transaction,
        subject: &Subject<'_>,
        injector: &mut Injector,
    ) -> Option<Injected> {
        if !matches!(transaction.kind, Kind::Charge | Kind::Refund) {
            return None;
        }
        let (minor, fee) = (transaction.gross.unsigned_abs(), transaction.fees.total());
        let (fault, drift) = decide(minor, fee, subject.reference, injector)?;
        let _ = self.drifts.insert(number, drift);
        Some(truth(fault, drift, minor, fee, transaction.currency))
    }

    /// The report. `names` gives the texts of a transaction by its number.
    pub(super) fn csv(
        &self,
        transactions: &[Transaction],
        names: impl Fn(usize, &Transaction) -> Names,
    ) -> String {
        let mut out = HEADER.to_owned();
        for (number, transaction) in transactions.iter().enumerate() {
            let drift = self.drifts.get(&number).copied();
            rows(&mut out, transaction, drift, &names(number, transaction));
        }
        out
    }
}

/// At most one drift per transaction, so that each is found as what it is.
fn decide(minor: u64, fee: u64, subject: &str, injector: &mut Injector) -> Option<(Fault, Drift)> {
    let occasion = injector.occasion("settlement", subject, &Fault::OF_SETTLEMENT);
    let struck = Fault::OF_SETTLEMENT.map(|fault| (fault, injector.strikes(&occasion, fault)));
    let (fault, _) = struck.into_iter().find(|(_, strikes)| *strikes)?;
    let drift = match fault {
        Fault::SettlementAmount => {
            let by = occasion.between(fault, AMOUNT_DRIFT_MIN, AMOUNT_DRIFT_MAX);
            // Downwards where there is room for it, as merchants fear most.
            Drift::Amount(if minor > by { minor.saturating_sub(by) } else { minor.saturating_add(by) })
        }
        Fault::SettlementFee => Drift::Fee(fee.saturating_add(occasion.between(fault, 1, FEE_DRIFT_MAX))),
        Fault::SettlementMissing => Drift::Missing,
        Fault::SettlementDuplicate => Drift::Duplicate,
        Fault::SettlementForeign => Drift::Foreign(occasion.between(fault, 100, 99_999)),
        _ => Drift::Status,
    };
    Some((fault, drift))
}

fn truth(fault: Fault, drift: Drift, minor: u64, fee: u64, currency: Currency) -> Injected {
    let (expected, actual) = match drift {
        Drift::Amount(shown) => (Some(minor), Some(shown)),
        Drift::Fee(shown) => (Some(fee), Some(shown)),
        Drift::Missing => (Some(minor), None),
        Drift::Duplicate => (Some(minor), Some(minor.saturating_mul(2))),
        Drift::Foreign(shown) => (None, Some(shown)),
        Drift::Status => (None, None),
    };
    let statuses = if drift == Drift::Status { (Some(SETTLED), Some(FAILED)) } else { (None, None) };
    Injected {
        expected,
        actual,
        currency: Some(currency.to_string()),
        expected_status: statuses.0,
        actual_status: statuses.1,
        ..Injected::of(fault)
    }
}

fn rows(out: &mut String, transaction: &Transaction, drift: Option<Drift>, names: &Names) {
    let Transaction { currency, created: at, kind, .. } = *transaction;
    let (minor, fee) = (transaction.gross.unsigned_abs(), transaction.fees.total());
    let kind = if kind == Kind::Charge { "charge" } else { "refund" };
    let parent = names.parent.as_deref().unwrap_or_default();
    let mut row =
        |reference: &str, id: &str, kind: &str, minor: u64, fee: u64, status: &str, parent: &str| {
            let gross = if kind == "charge" { i128::from(minor) } else { i128::from(minor).saturating_neg() };
            let net = gross.saturating_sub(i128::from(fee));
            let (reference, parent, at) = (field(reference), field(parent), rfc3339(at));
            out.push_str(&format!(
                "{reference},{id},{kind},{minor},{currency},{fee},{net},{status},{at},,{parent}\n"
            ));
        };
    let mut own = |minor, fee, status| {
        row(&names.reference, &names.id, kind, minor, fee, status, parent);
    };
    match drift {
        Some(Drift::Missing) => {}
        Some(Drift::Amount(shown)) => own(shown, fee, SETTLED),
        Some(Drift::Fee(shown)) => own(minor, shown, SETTLED),
        Some(Drift::Status) => own(minor, fee, FAILED),
        Some(Drift::Duplicate) => {
            own(minor, fee, SETTLED);
            own(minor, fee, SETTLED);
        }
        Some(Drift::Foreign(shown)) => {
            own(minor, fee, SETTLED);
            row(&names.foreign, &names.foreign, "charge", shown, 0, SETTLED, "");
        }
        None => own(minor, fee, SETTLED),
    }
}

/// A field of RFC 4180: quoted where it must be.
fn field(text: &str) -> String {
    if text.contains(['"', ',', '\r', '\n']) {
        format!("\"{}\"", text.replace('"', "\"\""))
    } else {
        text.to_owned()
    }
}
