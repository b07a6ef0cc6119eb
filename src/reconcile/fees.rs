//! A fee that stands in a row of its own on one side and in the row of the payment on the other is one fee.
//!
//! Such rows are no rows without a partner: what they sum to is held against the fee that the payment's row tells.

use super::IS_FAST;
use super::classes::{BreakKind, Hop, Kinds};
use super::findings::{BY_PARENT, Finding, Findings, Shown};
use super::group::Unit;
use super::habits::Habits;
use super::matches::MadeBy;
use super::order::sorted;
use super::row::{Row, Side, called};
use crate::ledger::EventType;
use crate::prelude::*;

/// Joins the fees that stand alone with the payments that tell them.
#[cfg_attr(feature = "wasm-reconcile-sieve", inline(never))]
pub(super) fn join<'r>(rows: &'r [Row<'r>], habits: &Habits<'_>, findings: &mut Findings<'r>) {
    if IS_FAST && !habits.has_fees() {
        return;
    }
    for side in [Side::Ledger, Side::Settlement] {
        let lone = match side {
            Side::Ledger => core::mem::take(&mut findings.ours),
            _ => core::mem::take(&mut findings.theirs),
        };
        let (fees, mut rest): (Vec<Unit<'r>>, Vec<Unit<'r>>) =
            lone.into_iter().partition(|unit| is_lone_fee(unit));
        let payment = |unit: &Unit<'r>| unit.rows().next().map(paid_for);
        let fees = sorted(fees, &|a, b| payment(a).cmp(&payment(b)));
        for of_one in fees.chunk_by(|a, b| payment(a) == payment(b)) {
            if !join_one(rows, side, of_one, findings) {
                rest.extend_from_slice(of_one);
            }
        }
        match side {
            Side::Ledger => findings.ours = rest,
            _ => findings.theirs = rest,
        }
    }
}

fn is_lone_fee(unit: &Unit<'_>) -> bool {
    let mut rows = unit.rows();
    rows.next().is_some_and(|row| row.kind == Some(EventType::Fee)) && rows.next().is_none()
}

/// The payment a fee is for: its parent, or what it shares the reference with.
fn paid_for<'r>(fee: &Row<'r>) -> &'r str {
    if fee.parent.is_empty() { fee.reference } else { fee.parent }
}

/// Holds the fees of one payment, which stand on a side by themselves, against the other side's; `false` where there is
/// nothing to hold them against.
fn join_one<'r>(rows: &'r [Row<'r>], side: Side, fees: &[Unit<'r>], findings: &mut Findings<'r>) -> bool {
    let Some(first) = fees.iter().flat_map(Unit::rows).next() else { return false };
    let [ours, theirs] = called(rows, Some(EventType::Charge), paid_for(first)) else { return false };
    if (ours.side, theirs.side) != (Side::Ledger, Side::Settlement) || ours.currency != theirs.currency {
        return false;
    }
    let (apart, told) = if side == Side::Ledger { (ours, theirs) } else { (theirs, ours) };
    let Some(in_row) = told.fee.filter(|fee| *fee != 0 && apart.fee.unwrap_or_default() == 0) else {
        return false;
    };
    if fees.iter().flat_map(Unit::rows).any(|fee| fee.currency != told.currency) {
        return false;
    }
    // Fees are written with either sign, all of them alike.
    let sum = fees.iter().flat_map(Unit::rows).fold(0_i128, |sum, fee| sum.wrapping_add(fee.amount.into()));
    let (sum, in_row) = (sum.unsigned_abs(), i128::from(in_row));
    let agrees = sum == in_row.unsigned_abs();

    // From here on the fees are told, and whatever said that one was missing is taken back.
    let place =
        findings.breaks.iter().position(|found| found.unit.rows().any(|row| row.number == apart.number));
    let found = place.and_then(|place| findings.breaks.get_mut(place));
    if let Some(found) = found {
        found.kinds.remove(BreakKind::FeeMissing);
        found.kinds.remove(BreakKind::FeeUnexpected);
        if agrees {
            if let (true, Some(place)) = (found.kinds.is_empty(), place) {
                let _ = findings.breaks.remove(place);
                let made_by = MadeBy::REFERENCE.and(MadeBy::PARENT);
                let mut unit =
                    Unit { ledger: vec![ours], settlement: vec![theirs], made_by, ..Unit::default() };
                fees.iter().for_each(|fee| unit.join(fee));
                findings.agree(&unit, Hop::Settlement, BY_PARENT);
            }
            return true;
        }
        found.kinds.insert(BreakKind::FeeMismatch);
        fees.iter().for_each(|fee| found.unit.join(fee));
        if found.kinds.primary() == Some(BreakKind::FeeMismatch) {
            found.shown = shown(told, side, sum, in_row);
        }
    } else if !agrees {
        let mut unit = Unit { ledger: vec![ours], settlement: vec![theirs], ..Unit::default() };
        fees.iter().for_each(|fee| unit.join(fee));
        let mut found = Finding::new(Kinds::only(BreakKind::FeeMismatch), unit, Hop::Settlement, BY_PARENT);
        found.shown = shown(told, side, sum, in_row);
        // The pair was counted as one that agrees.
        findings.disagree(ours);
        findings.breaks.push(found);
    }
    true
}

/// What the contract has against a fee on which both sides agree.
pub(super) fn against_contract(row: &Row<'_>, habits: &Habits<'_>) -> Option<BreakKind> {
    let (fee, (least, most)) = (habits.fee(row)?, habits.rules.fee_due(row)?);
    if (least..=most).contains(&fee.into()) {
        return None;
    }
    Some(match (fee, most) {
        (0, _) => BreakKind::FeeMissing,
        (_, 0) => BreakKind::FeeUnexpected,
        _ => BreakKind::FeeOffContract,
    })
}

/// Of a fee that is off its contract, what it should be and what it is.
#[cfg_attr(feature = "wasm-reconcile-sieve", inline(never))]
pub(super) fn show_contracts(findings: &mut Findings<'_>, habits: &Habits<'_>) {
    let of_fees = [BreakKind::FeeOffContract, BreakKind::FeeMissing, BreakKind::FeeUnexpected];
    for found in &mut findings.breaks {
        if !found.kinds.primary().is_some_and(|kind| of_fees.contains(&kind)) {
            continue;
        }
        let ([ours], [theirs]) = (&*found.unit.ledger, &*found.unit.settlement) else { continue };
        let agree = habits.fee(ours).zip(habits.fee(theirs)).filter(|(ours, theirs)| ours == theirs);
        let Some((_, fee)) = agree else { continue };
        let due = habits
            .rules
            .fee_due(theirs)
            .map(|(least, most)| if i128::from(fee) < least { least } else { most });
        found.shown = due.map(|due| {
            Box::new(Shown { currency: theirs.currency, expected: Some(due), found: Some(fee.into()) })
        });
    }
}

/// The fee of the ledger and that of the settlement; `side` is where the fees stand apart.
fn shown(told: &Row<'_>, side: Side, sum: u128, in_row: i128) -> Option<Box<Shown>> {
    let sum = i128::try_from(sum).ok();
    let (expected, found) = if side == Side::Ledger { (sum, Some(in_row)) } else { (Some(in_row), sum) };
    Some(Box::new(Shown { currency: told.currency, expected, found }))
}
