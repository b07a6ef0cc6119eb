//! What stands on one side only is looked for once more, by id, by amount and among reversals, before it is missing.

use super::classes::{BreakKind, Hop};
use super::compare::{copies, values};
use super::findings::{BY_AMOUNT, BY_ID, BY_REFERENCE, BY_ROW, Finding, Findings};
use super::group::Unit;
use super::habits::Habits;
use super::order::order;
use super::row::{Row, Side, called};
use super::window::{DAY_MS, Window};
use crate::ledger::EventType;
use crate::prelude::*;
use crate::time::Millis;

/// How long an authorization holds, and how long anything else may be under way: seven days, as with most providers.
const SERVICE_LEVEL: Millis = Millis::new(7 * DAY_MS);

/// Words by which providers name what lowers a payout without being a payment.
const RESERVES: &[&str] = &["reserve", "rsv", "netting", "holdback", "advance", "negative_balance"];

/// Pairs what is left by the provider's id, then rows without a reference by amount and time.
pub(super) fn pair<'r>(findings: &mut Findings<'r>, habits: &Habits<'_>, window: &Window) {
    let same = |a: &Row, b: &Row| (a.kind, a.currency, a.amount).cmp(&(b.kind, b.currency, b.amount));
    for rule in [BY_ID, BY_AMOUNT] {
        let fits = |a: &Row, b: &Row| match rule {
            BY_ID => a.id == b.id && !a.id.is_empty(),
            _ => !(a.is_keyed && b.is_keyed) && is_near(a, b, window),
        };
        if rule == BY_AMOUNT
            && !findings.ours.iter().chain(&findings.theirs).any(|unit| unit.rows().any(|row| !row.is_keyed))
        {
            return;
        }
        let theirs = core::mem::take(&mut findings.theirs);
        let first = |unit: &Unit<'r>| unit.rows().next();
        let row_at = |position: usize| theirs.get(position).and_then(first);
        let places = order(theirs.len(), &|a, b| match (row_at(a), row_at(b)) {
            (Some(a), Some(b)) => same(a, b),
            _ => core::cmp::Ordering::Equal,
        });
        // For each of ours, the theirs that fit; a tie is never broken.
        let candidates = |row: &Row| -> Vec<usize> {
            let start =
                places.partition_point(|place| row_at(*place).is_some_and(|other| same(other, row).is_lt()));
            let rest = places.iter().skip(start).copied();
            rest.take_while(|place| row_at(*place).is_some_and(|other| same(other, row).is_eq()))
                .filter(|place| row_at(*place).is_some_and(|other| fits(row, other)))
                .collect()
        };
        let mut chosen: Vec<Option<usize>> = Vec::new();
        let mut wanted = vec![0_usize; theirs.len()];
        for unit in &findings.ours {
            let found = first(unit).map(candidates).unwrap_or_default();
            for place in &found {
                if let Some(count) = wanted.get_mut(*place) {
                    *count = count.saturating_add(1);
                }
            }
            chosen.push(if let [only] = *found { Some(only) } else { None });
        }
        let mut theirs: Vec<Option<Unit<'r>>> = theirs.into_iter().map(Some).collect();
        for (mut unit, chosen) in core::mem::take(&mut findings.ours).into_iter().zip(chosen) {
            let partner = chosen
                .filter(|place| wanted.get(*place) == Some(&1))
                .and_then(|place| theirs.get_mut(place)?.take());
            let Some(partner) = partner else {
                findings.ours.push(unit);
                continue;
            };
            unit.join(&partner);
            let mut kinds = values(&unit, habits, window);
            if kinds.is_empty() {
                findings.matched = findings.matched.saturating_add(1);
            }
            kinds.join(copies(&unit));
            if !kinds.is_empty() {
                findings.breaks.push(Finding::new(kinds, unit, Hop::Settlement, rule));
            }
        }
        findings.theirs = theirs.into_iter().flatten().collect();
    }
}

fn is_near(a: &Row, b: &Row, window: &Window) -> bool {
    a.occurred_at.zip(b.occurred_at).is_none_or(|(a, b)| a.max(b) <= window.due(a.min(b)))
}

/// Joins the whole charge and its reversal in the settlement with the captured part in the ledger.
pub(super) fn join_partial_captures(findings: &mut Findings<'_>) {
    for found in &mut findings.breaks {
        let mismatch = [BreakKind::AmountMismatch, BreakKind::ScaleSuspect];
        let Some(kind) = mismatch.into_iter().find(|kind| found.kinds.contains(*kind)) else { continue };
        let ([ours], [theirs]) = (&*found.unit.ledger, &*found.unit.settlement) else { continue };
        let surplus = theirs.amount.saturating_sub(ours.amount);
        let is_reversal = |unit: &Unit<'_>| {
            unit.settlement.len() == 1
                && unit.settlement.iter().all(|row| {
                    let points = [&row.reference, &row.parent].into_iter();
                    points
                        .filter(|text| !text.is_empty())
                        .any(|text| *text == theirs.reference || *text == theirs.id)
                        && row.currency == theirs.currency
                        && (row.amount == surplus.saturating_neg() || (row.leaves() && row.amount == surplus))
                })
        };
        if surplus <= 0 || theirs.kind != Some(EventType::Charge) {
            continue;
        }
        let mut reversals = findings.theirs.iter().enumerate().filter(|(_, unit)| is_reversal(unit));
        if let (Some((place, _)), None) = (reversals.next(), reversals.next()) {
            let reversal = findings.theirs.remove(place);
            found.unit.join(&reversal);
            found.kinds.remove(kind);
            found.kinds.insert(BreakKind::PartialCaptureShape);
        }
    }
}

/// Joins a refund that came back with the adjustment that gives the money back: the ledger does not know it yet.
pub(super) fn join_returned_refunds<'r>(rows: &'r [Row<'r>], findings: &mut Findings<'r>) {
    let mut theirs = Vec::new();
    for mut unit in core::mem::take(&mut findings.theirs) {
        let returned = unit.settlement.first().copied().filter(|row| row.kind == Some(EventType::Adjustment));
        let Some(row) = returned.filter(|row| row.amount > 0) else {
            theirs.push(unit);
            continue;
        };
        let is_its_refund = |other: &&Row| {
            other.currency == row.currency && other.amount.unsigned_abs() == row.amount.unsigned_abs()
        };
        let names = [&row.reference, &row.parent].into_iter().filter(|name| !name.is_empty());
        let refunds: Vec<&Row> = names
            .map(|name| called(rows, Some(EventType::Refund), name))
            .find(|refunds| !refunds.is_empty())
            .unwrap_or_default()
            .iter()
            .filter(is_its_refund)
            .collect();
        if let [ours, settled] = *refunds
            && (ours.side, settled.side) == (Side::Ledger, Side::Settlement)
        {
            unit.ledger.push(ours);
            unit.settlement.insert(0, settled);
            findings.add(BreakKind::StatusStale, unit, Hop::Settlement, BY_REFERENCE);
        } else {
            theirs.push(unit);
        }
    }
    findings.theirs = theirs;
}

/// Names what is still alone: on its way, missing, out of scope, or without money in it.
pub(super) fn settle<'r>(findings: &mut Findings<'r>, habits: &Habits<'_>, window: &Window) {
    for unit in core::mem::take(&mut findings.ours) {
        let Some(row) = unit.ledger.first().copied() else { continue };
        let mut kinds = copies(&unit);
        let mut rule = BY_REFERENCE;
        if !habits.is_in_scope(row) {
            kinds.insert(BreakKind::WrongScope);
        } else if !row.moves_money() {
            if let Some(kind) = overdue(row, window) {
                kinds.insert(kind);
                rule = BY_ROW;
            } else if kinds.is_empty() {
                findings.set_aside = findings.set_aside.saturating_add(1);
                continue;
            }
        } else if window.is_over(row.occurred_at) {
            kinds.insert(BreakKind::MissingInSettlement);
            if row.kind == Some(EventType::Fee) {
                kinds.insert(BreakKind::FeeMissing);
            }
        } else if kinds.is_empty() {
            findings.in_flight.push(row);
            continue;
        }
        let hop = if rule == BY_ROW { Hop::Ledger } else { Hop::Settlement };
        findings.breaks.push(Finding::new(kinds, unit, hop, rule));
    }
    for unit in core::mem::take(&mut findings.theirs) {
        let Some(row) = unit.settlement.first().copied() else { continue };
        let mut kinds = copies(&unit);
        if !habits.is_in_scope(row) {
            kinds.insert(BreakKind::WrongScope);
        }
        if is_reserve(row) {
            kinds.insert(BreakKind::ReserveOrNetting);
        } else {
            kinds.insert(BreakKind::MissingInMirror);
            if row.kind == Some(EventType::Fee) {
                kinds.insert(BreakKind::FeeUnexpected);
            }
        }
        // A reserve is held and released under one name.
        let is_same = |other: &&mut Finding<'_>| {
            other.kinds == kinds
                && other.unit.rows().next().is_some_and(|first| first.reference == row.reference)
        };
        let again =
            kinds.contains(BreakKind::ReserveOrNetting).then(|| findings.breaks.iter_mut().find(is_same));
        match again.flatten() {
            Some(held) => held.unit.join(&unit),
            None => findings.breaks.push(Finding::new(kinds, unit, Hop::Settlement, BY_REFERENCE)),
        }
    }
}

/// An authorization or an attempt that is older than it may become.
pub(super) fn overdue(row: &Row, window: &Window) -> Option<BreakKind> {
    let state = row.state().filter(|state| state.is_open())?;
    let (at, as_of) = row.occurred_at.zip(window.as_of)?;
    let is_hold = state.word() == "authorized";
    (at.saturating_add(SERVICE_LEVEL) < as_of).then_some(if is_hold {
        BreakKind::HoldNotClosed
    } else {
        BreakKind::Stuck
    })
}

fn is_reserve(row: &Row) -> bool {
    let texts = [&row.id, &row.reference, &row.status, &row.note];
    row.kind == Some(EventType::Adjustment)
        && texts.into_iter().any(|text| {
            let text = text.to_ascii_lowercase();
            RESERVES.iter().any(|word| text.contains(word))
        })
}
