//! What is wrong with a group: every kind that holds, in order of precedence.

use super::breaks::BreakKind;
use super::group::{Group, Unit};
use super::kinds::Kinds;
use super::order::sorted;
use super::row::Row;
use crate::ledger::EventType;
use crate::prelude::*;

/// What became of a group of one type and reference.
#[derive(Debug, Default)]
pub(super) struct Verdict<'r> {
    /// Disagreements: the rows, and the kinds that hold, the primary first.
    pub(super) breaks: Vec<(Unit<'r>, Kinds)>,
    /// Pairs that agree in every value, also those of a reference with other trouble.
    pub(super) matched: usize,
    /// Ledger rows that the settlement may still bring.
    pub(super) in_flight: Vec<&'r Row>,
    /// Ledger rows that move no money and that the settlement does not know.
    pub(super) set_aside: usize,
}

/// Judges a group. `is_due` says whether a ledger row should have been settled by now.
pub(super) fn judge<'r>(kind: EventType, group: &Group<'r>, is_due: impl Fn(&Row) -> bool) -> Verdict<'r> {
    let matched = group.pairs.iter().filter(|pair| values(pair).is_empty()).count();
    let mut verdict = Verdict { matched, ..Verdict::default() };

    // Identity comes first: until it is clear how many events there are, nothing else can be said of one of them.
    if let Some(identity) = identity(kind, group) {
        let mut whole = Unit::default();
        let mut kinds = Kinds::only(identity);
        for unit in group.units() {
            // Of an ambiguous group only the rows that could not be paired are in question.
            if identity == BreakKind::Ambiguous && !unit.ledger.is_empty() && !unit.settlement.is_empty() {
                judge_unit(&mut verdict, unit, &is_due);
                continue;
            }
            kinds.join(copies(unit));
            kinds.join(values(unit));
            whole.ledger.extend(&unit.ledger);
            whole.settlement.extend(&unit.settlement);
        }
        verdict.breaks.push((whole, kinds));
        return verdict;
    }
    for unit in group.units() {
        judge_unit(&mut verdict, unit, &is_due);
    }
    verdict
}

fn judge_unit<'r>(verdict: &mut Verdict<'r>, unit: &Unit<'r>, is_due: impl Fn(&Row) -> bool) {
    let mut kinds = copies(unit);
    kinds.join(values(unit));
    match (unit.ledger.first(), unit.settlement.first()) {
        (Some(row), None) if !row.moves_money() && kinds.is_empty() => {
            verdict.set_aside = verdict.set_aside.saturating_add(1);
        }
        (Some(row), None) if is_due(row) => {
            kinds.insert(BreakKind::MissingInSettlement);
        }
        (Some(row), None) if kinds.is_empty() => verdict.in_flight.push(row),
        (None, Some(_)) => {
            kinds.insert(BreakKind::MissingInMirror);
        }
        _ => {}
    }
    if !kinds.is_empty() {
        verdict.breaks.push((unit.clone(), kinds));
    }
}

/// What is wrong with the number of events, or `None`.
fn identity(kind: EventType, group: &Group<'_>) -> Option<BreakKind> {
    let unpaired = !group.ledger.is_empty() && !group.settlement.is_empty();
    if kind == EventType::Charge {
        let (ledger, settlement) = events(group);
        let agrees = group.pairs.iter().all(|pair| values(pair).is_empty())
            && group.ledger.is_empty()
            && group.settlement.is_empty();
        // One order paid in several parts is no collision as long as both sides tell the same parts.
        if (several(&ledger) || several(&settlement)) && !agrees {
            return Some(BreakKind::ReferenceCollision);
        }
        if repeated(&ledger) || repeated(&settlement) {
            return Some(BreakKind::DuplicateCharge);
        }
    }
    unpaired.then_some(BreakKind::Ambiguous)
}

/// The rows of each side that moved money: a declined attempt before the one that succeeded is no second charge.
fn events<'r>(group: &Group<'r>) -> (Vec<&'r Row>, Vec<&'r Row>) {
    let (mut ledger, mut settlement) = (Vec::new(), Vec::new());
    for unit in group.units() {
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
fn copies(unit: &Unit<'_>) -> Kinds {
    let mut kinds = Kinds::default();
    if unit.ledger.len() > 1 {
        kinds.insert(BreakKind::DuplicateRecordM);
    }
    if unit.settlement.len() > 1 {
        kinds.insert(BreakKind::DuplicateRecordS);
    }
    kinds
}

/// The kinds that come from comparing values; empty where a side is absent.
fn values(unit: &Unit<'_>) -> Kinds {
    let (Some(ledger), Some(settlement)) = (unit.ledger.first(), unit.settlement.first()) else {
        return Kinds::default();
    };
    let mut kinds = Kinds::default();
    for row in &unit.ledger {
        kinds.join(differences(row, settlement));
    }
    for row in &unit.settlement {
        kinds.join(differences(ledger, row));
    }
    kinds
}

/// In different currencies neither amounts nor fees can be compared. What one side does not say does not differ.
fn differences(ledger: &Row, settlement: &Row) -> Kinds {
    let mut kinds = Kinds::default();
    if ledger.currency != settlement.currency {
        kinds.insert(BreakKind::CurrencyMismatch);
    } else {
        if ledger.amount != settlement.amount {
            kinds.insert(BreakKind::AmountMismatch);
        }
        if ledger.fee.zip(settlement.fee).is_some_and(|(expected, found)| expected != found) {
            kinds.insert(BreakKind::FeeMismatch);
        }
    }
    if ledger.state().zip(settlement.state()).is_some_and(|(expected, found)| expected != found) {
        kinds.insert(BreakKind::StatusMismatch);
    }
    kinds
}
