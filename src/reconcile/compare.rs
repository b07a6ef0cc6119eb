//! What is wrong with a group: every kind that holds, in order of precedence.

use super::IS_FAST;
use super::classes::{BreakKind, Hop, Kinds};
use super::differences::differences;
use super::findings::{BY_REFERENCE, BY_SUM, Finding, Findings, Shown};
use super::group::{Group, Unit};
use super::habits::Habits;
use super::matches::MadeBy;
use super::order::sorted;
use super::row::Row;
use super::rules::Pass;
use super::window::Window;
use crate::ledger::EventType;
use crate::prelude::*;

/// Judges a group of one type and reference. What stands on one side only is left for the passes that follow.
#[cfg_attr(feature = "wasm-reconcile-sieve", inline(never))]
pub(super) fn judge<'r>(group: Group<'r>, habits: &Habits<'_>, window: &Window, findings: &mut Findings<'r>) {
    if IS_FAST && group.is_one_row() {
        findings.ours.extend(group.ledger);
        findings.theirs.extend(group.settlement);
        return;
    }
    if IS_FAST && group.is_simple() {
        for pair in group.pairs {
            let kinds = values(&pair, habits, window);
            if kinds.is_empty() {
                findings.agree(&pair, Hop::Settlement, BY_REFERENCE);
            } else {
                findings.breaks.push(Finding::new(kinds, pair, Hop::Settlement, BY_REFERENCE));
            }
        }
        return;
    }
    judge_several(group, habits, window, findings);
}

/// The same where there are more rows than one on a side. Apart, since an engine takes time for what is long.
#[cfg_attr(feature = "wasm-reconcile-sieve", inline(never))]
fn judge_several<'r>(group: Group<'r>, habits: &Habits<'_>, window: &Window, findings: &mut Findings<'r>) {
    let mut differing = Vec::new();
    for pair in &group.pairs {
        let kinds = values(pair, habits, window);
        if kinds.is_empty() {
            findings.agree(pair, Hop::Settlement, BY_REFERENCE);
        }
        differing.push(kinds);
    }
    if let Some((whole, parts)) = group.whole_and_parts().filter(|_| habits.rules.has(Pass::BySum))
        && let Some((verdict, sum)) = split(whole, &parts)
    {
        let made_by = MadeBy::REFERENCE.and(MadeBy::AMOUNT);
        let mut unit = Unit { made_by, ..Unit::default() };
        let mut kinds = verdict.map(Kinds::only).unwrap_or_default();
        for each in group.units() {
            kinds.join(copies(each));
            unit.join(each);
        }
        if verdict.is_none() {
            findings.agree(&unit, Hop::Settlement, BY_SUM);
        }
        if !kinds.is_empty() {
            let mut found = Finding::new(kinds, unit, Hop::Settlement, BY_SUM);
            if verdict == Some(BreakKind::SplitIncomplete) {
                let (expected, found_sum) = (Some(whole.amount.into()), Some(sum));
                found.shown = Some(Box::new(Shown { currency: whole.currency, expected, found: found_sum }));
            }
            findings.breaks.push(found);
        }
        return;
    }

    // Identity comes first: until it is clear how many events there are, nothing else can be said of one of them.
    let identity = identity(&group, differing.iter().all(|kinds| kinds.is_empty()));
    let mut whole = Unit::default();
    let mut kinds = identity.map(Kinds::only).unwrap_or_default();
    for (place, unit) in group.units().into_iter().enumerate() {
        // What stands on one side only differs from nothing.
        let differing = differing.get(place).copied().unwrap_or_default();
        let is_pair = !unit.ledger.is_empty() && !unit.settlement.is_empty();
        // Of an ambiguous group only the rows that could not be paired are in question.
        if identity.is_some_and(|identity| identity != BreakKind::Ambiguous || !is_pair) {
            kinds.join(copies(unit));
            kinds.join(differing);
            whole.join(unit);
        } else if is_pair {
            let mut own = copies(unit);
            own.join(differing);
            if !own.is_empty() {
                findings.breaks.push(Finding::new(own, unit.clone(), Hop::Settlement, BY_REFERENCE));
            }
        } else if unit.settlement.is_empty() {
            findings.ours.push(unit.clone());
        } else {
            findings.theirs.push(unit.clone());
        }
    }
    if !kinds.is_empty() {
        if group.pairs.is_empty() && identity != Some(BreakKind::Ambiguous) {
            // What could not be paired is held against each other as it stands.
            kinds.join(values(&whole, habits, window));
            match (whole.ledger.first(), whole.settlement.is_empty()) {
                (None, _) => kinds.insert(BreakKind::MissingInMirror),
                (Some(row), true) if row.is_overdue(window) => kinds.insert(BreakKind::MissingInSettlement),
                _ => {}
            }
        }
        findings.breaks.push(Finding::new(kinds, whole, Hop::Settlement, BY_REFERENCE));
    }
}

/// Whether several rows are the parts of one, and what is wrong with their sum; `None` where they are not.
pub(super) fn split(whole: &Row, parts: &[&Row]) -> Option<(Option<BreakKind>, i128)> {
    let total = i128::from(whole.amount);
    let mut sum = 0_i128;
    let (mut least, mut most) = (i64::MAX, i64::MIN);
    for part in parts {
        let amount = part.amount;
        if part.currency != whole.currency || !part.moves_money() || !whole.moves_money() {
            return None;
        }
        sum = sum.wrapping_add(amount.into());
        (least, most) = (least.min(amount), most.max(amount));
    }
    if sum == total && least < 0 && most > whole.amount {
        return Some((Some(BreakKind::PartialCaptureShape), sum));
    }
    if least <= 0 || most >= whole.amount {
        return None;
    }
    if sum == total {
        return Some((None, sum));
    }
    // Equal parts that were each rounded on their own miss the whole by at most half a unit each.
    let off = sum.wrapping_sub(total).unsigned_abs().wrapping_mul(2);
    let is_rounded =
        most.wrapping_sub(least) <= 1 && usize::try_from(off).is_ok_and(|off| off <= parts.len());
    if is_rounded {
        return Some((Some(BreakKind::Rounding), sum));
    }
    (sum < total && parts.iter().all(|part| part.side > whole.side))
        .then_some((Some(BreakKind::SplitIncomplete), sum))
}

/// What is wrong with the number of events, or `None`; `pairs_agree`: all rows that were paired say the same.
fn identity(group: &Group<'_>, pairs_agree: bool) -> Option<BreakKind> {
    let units = group.units();
    let is_charge = units.iter().flat_map(|unit| unit.rows()).any(|row| row.kind == Some(EventType::Charge));
    if is_charge {
        let (ledger, settlement) = events(&units);
        let agrees = pairs_agree && group.ledger.is_empty() && group.settlement.is_empty();
        // One order paid in several parts is no collision as long as both sides tell the same parts.
        if (several(&ledger) || several(&settlement)) && !agrees {
            return Some(BreakKind::ReferenceCollision);
        }
        if repeated(&ledger) || repeated(&settlement) {
            return Some(BreakKind::DuplicateCharge);
        }
    }
    let unpaired = !group.ledger.is_empty() && !group.settlement.is_empty();
    unpaired.then_some(BreakKind::Ambiguous)
}

/// The rows of each side that moved money: a declined attempt before the one that succeeded is no second charge.
fn events<'r>(units: &[&Unit<'r>]) -> (Vec<&'r Row<'r>>, Vec<&'r Row<'r>>) {
    let (mut ledger, mut settlement) = (Vec::new(), Vec::new());
    for unit in units {
        for (rows, events) in [(&unit.ledger, &mut ledger), (&unit.settlement, &mut settlement)] {
            events.extend(rows.first().filter(|row| row.moves_money()));
        }
    }
    (ledger, settlement)
}

fn several(rows: &[&Row]) -> bool {
    let mut values = rows.iter().map(|row| (row.currency, row.amount));
    values.next().is_some_and(|first| values.any(|other| other != first))
}

fn repeated(rows: &[&Row]) -> bool {
    let value = |row: &Row| (row.currency, row.amount);
    let rows = sorted(rows.to_vec(), &|a, b| value(a).cmp(&value(b)));
    rows.iter().zip(rows.iter().skip(1)).any(|(row, next)| value(row) == value(next))
}

/// The kinds that come from the same event written down twice.
pub(super) fn copies(unit: &Unit<'_>) -> Kinds {
    let mut kinds = Kinds::default();
    if unit.ledger.len() > 1 {
        let value = |row: &Row| (row.currency, row.amount);
        let is_conflict =
            unit.ledger.iter().any(|row| unit.ledger.first().is_some_and(|first| value(first) != value(row)));
        kinds.insert(if is_conflict { BreakKind::IdempotencyConflict } else { BreakKind::DuplicateRecordM });
    }
    if let [first, .., last] = &*unit.settlement {
        // In a later file the same row with other content is a correction.
        let is_restated = first.file != last.file && (first.amount, first.fee) != (last.amount, last.fee);
        kinds.insert(if is_restated { BreakKind::Restated } else { BreakKind::DuplicateRecordS });
    }
    kinds
}

/// The kinds that come from comparing values; empty where a side is absent.
pub(super) fn values(unit: &Unit<'_>, habits: &Habits<'_>, window: &Window) -> Kinds {
    let mut kinds = Kinds::default();
    let (Some(ledger), Some((first, rest))) = (unit.ledger.first(), unit.settlement.split_first()) else {
        return kinds;
    };
    // Of a corrected row the last version counts.
    let is_restated = copies(unit).contains(BreakKind::Restated);
    let last = unit.settlement.iter().max_by_key(|row| (row.file, row.line)).unwrap_or(first);
    let settlement = if is_restated { last } else { first };
    for row in &unit.ledger {
        kinds.join(differences(row, settlement, habits, window));
    }
    // The first of them was held against the first of the ledger.
    for row in rest.iter().filter(|_| !is_restated) {
        kinds.join(differences(ledger, row, habits, window));
    }
    kinds
}
