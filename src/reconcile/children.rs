//! What follows a payment refers to one that is known, and no more is given back than was taken.

use super::classes::{BreakKind, Hop, Kinds};
use super::findings::{BY_PARENT, Finding, Findings, Shown};
use super::group::Unit;
use super::order::{sorted_by_text, stretch};
use super::row::{Row, Side};
use crate::ledger::EventType;
use crate::prelude::*;

/// The rows that are called by a text, by reference or id.
struct Known<'r> {
    named: Vec<(&'r str, &'r Row<'r>)>,
}

/// Checks rows that are sorted by type and reference.
#[cfg_attr(feature = "wasm-reconcile-sieve", inline(never))]
pub(super) fn check<'r>(rows: &'r [Row<'r>], active: &[bool], findings: &mut Findings<'r>) {
    let is_active = |row: &&Row| active.get(row.number) == Some(&true);
    let mut needed: Vec<&str> = Vec::new();
    for row in rows.iter().filter(is_active) {
        needed.extend(subject(row));
    }
    let mut needed = sorted_by_text(needed, &|name| (0, name), &|a, b| a.cmp(b));
    needed.dedup();
    if needed.is_empty() {
        return;
    }
    let known = Known::of(rows, &needed);
    let places = findings.by_row(rows.len());
    orphans(rows, active, &known, &places, findings);
    for subject in needed {
        over_refund(subject, &known, &places, findings);
    }
}

/// What a row follows: its parent, or for a refund without one the payment of the same reference.
pub(super) fn subject<'r>(row: &Row<'r>) -> Option<&'r str> {
    let gives_back = matches!(row.kind, Some(EventType::Refund | EventType::Dispute));
    if row.is_child() { Some(row.parent) } else { gives_back.then_some(row.reference) }
}

impl<'r> Known<'r> {
    #[cfg_attr(feature = "wasm-reconcile-sieve", inline(never))]
    fn of(rows: &'r [Row<'r>], needed: &[&str]) -> Self {
        let mut named: Vec<(&str, &Row)> = Vec::new();
        for row in rows.iter().filter(|row| row.side != Side::Bank) {
            let names: [&str; 2] = [row.reference, if row.id == row.reference { "" } else { row.id }];
            let own = subject(row).filter(|own| !names.contains(own)).unwrap_or_default();
            for name in names.into_iter().chain([own]) {
                if !name.is_empty() && needed.binary_search(&name).is_ok() {
                    named.push((name, row));
                }
            }
        }
        let compare = |a: &(&str, &Row<'_>), b: &(&str, &Row<'_>)| (a.0, a.1.number).cmp(&(b.0, b.1.number));
        Self { named: sorted_by_text(named, &|named| (0, named.0), &compare) }
    }

    fn called(&self, name: &str) -> impl Iterator<Item = &'r Row<'r>> {
        stretch(&self.named, &|(other, _)| (*other).cmp(name)).iter().map(|(_, row)| *row)
    }

    fn has_parent(&self, child: &Row) -> bool {
        let follows_anything = !matches!(child.kind, Some(EventType::Refund | EventType::Dispute));
        self.called(child.parent).any(|row| {
            let is_named = *row.reference == *child.parent || *row.id == *child.parent;
            let is_payment = matches!(row.kind, Some(EventType::Charge | EventType::Payout));
            is_named && (is_payment || (follows_anything && row.kind != child.kind))
        })
    }
}

#[cfg_attr(feature = "wasm-reconcile-sieve", inline(never))]
fn orphans<'r>(
    rows: &'r [Row<'r>],
    active: &[bool],
    known: &Known<'r>,
    places: &[Option<usize>],
    findings: &mut Findings<'r>,
) {
    for same in rows.chunk_by(|a, b| (a.kind, &a.reference, &a.parent) == (b.kind, &b.reference, &b.parent)) {
        let orphans: Vec<&Row> = same
            .iter()
            .filter(|row| row.side != Side::Bank && row.is_child() && active.get(row.number) == Some(&true))
            .filter(|row| !known.has_parent(row))
            .collect();
        if !orphans.is_empty() {
            note(BreakKind::OrphanChild, &orphans, places, None, findings);
        }
    }
}

/// Adds a kind to the break that one of the rows is part of already, or makes a break of them.
fn note<'r>(
    kind: BreakKind,
    rows: &[&'r Row<'r>],
    places: &[Option<usize>],
    shown: Option<(&'r str, Shown)>,
    findings: &mut Findings<'r>,
) {
    let place = rows.iter().find_map(|row| places.get(row.number).copied().flatten());
    if let Some(found) = place.and_then(|place| findings.breaks.get_mut(place)) {
        found.kinds.insert(kind);
        return;
    }
    let mut unit = Unit::default();
    for row in rows {
        if row.side == Side::Ledger { unit.ledger.push(row) } else { unit.settlement.push(row) }
    }
    let mut found = Finding::new(Kinds::only(kind), unit, Hop::Settlement, BY_PARENT);
    if let Some((reference, shown)) = shown {
        found.reference = Some(reference);
        found.shown = Some(Box::new(shown));
    }
    findings.breaks.push(found);
}

#[cfg_attr(feature = "wasm-reconcile-sieve", inline(never))]
fn over_refund<'r>(subject: &str, known: &Known<'r>, places: &[Option<usize>], findings: &mut Findings<'r>) {
    let involved: Vec<&Row> = known.called(subject).filter(|row| row.moves_money()).collect();
    let Some(charge) = involved.iter().find(|row| row.kind == Some(EventType::Charge)).copied() else {
        return;
    };
    let gives_back = |row: &Row| match row.kind {
        Some(EventType::Refund) => true,
        Some(EventType::Dispute) => {
            row.state().is_some_and(|state| matches!(state.word(), "lost" | "refunded"))
        }
        _ => false,
    };
    for side in [Side::Ledger, Side::Settlement] {
        let sum = |counts: &dyn Fn(&Row) -> bool| {
            let mut seen: Vec<(&str, Option<EventType>)> = Vec::new();
            let mut sum = 0_i128;
            for row in involved.iter().filter(|row| row.side == side && row.currency == charge.currency) {
                let name: (&str, _) = (row.id, row.kind);
                // The same event written down twice moved money once.
                if !counts(row) || (!row.id.is_empty() && seen.contains(&name)) {
                    continue;
                }
                seen.push(name);
                sum = sum.wrapping_add(i128::from(row.amount.unsigned_abs()));
            }
            sum
        };
        let taken = sum(&|row| row.kind == Some(EventType::Charge));
        let given = sum(&gives_back);
        if taken > 0 && given > taken {
            let rows: Vec<&Row> = involved
                .iter()
                .filter(|row| row.kind == Some(EventType::Charge) || gives_back(row))
                .copied()
                .collect();
            let shown = Shown { currency: charge.currency, expected: Some(taken), found: Some(given) };
            note(BreakKind::OverRefund, &rows, places, Some((charge.reference, shown)), findings);
            return;
        }
    }
}
