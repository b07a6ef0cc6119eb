//! What stands on one side only is looked for once more, by id, by amount and among reversals, before it is missing.

use core::cmp::Ordering;

use super::IS_FAST;
use super::classes::{BreakKind, Hop};
use super::compare::{copies, values};
use super::findings::{BY_AMOUNT, BY_ID, BY_REFERENCE, BY_ROW, Finding, Findings, Rule, Shown};
use super::group::Unit;
use super::habits::Habits;
use super::matches::MadeBy;
use super::nearest::{Asked, Candidates, number_of};
use super::order::sorted;
use super::row::{Row, Side, called};
use super::rules::Pass;
use super::window::{DAY_MS, Window};
use crate::ledger::EventType;
use crate::prelude::*;
use crate::time::{Millis, Timestamp};

/// How long an authorization holds, and how long anything else may be under way: seven days, as with most providers.
const SERVICE_LEVEL: Millis = Millis::new(7 * DAY_MS);

/// Words by which providers name what lowers a payout without being a payment.
const RESERVES: &[&str] = &["reserve", "rsv", "netting", "holdback", "advance", "negative_balance"];

/// Pairs what is left by the provider's id, then rows without a reference by amount and time.
#[cfg_attr(feature = "wasm-reconcile-sieve", inline(never))]
pub(super) fn pair<'r>(findings: &mut Findings<'r>, habits: &Habits<'_>, window: &Window) {
    for pass in &habits.rules.passes {
        let (rule, made_by) = match pass {
            Pass::ById => (BY_ID, MadeBy::TYPE.and(MadeBy::ID).and(MadeBy::AMOUNT)),
            Pass::ByAmount => (BY_AMOUNT, MadeBy::TYPE.and(MadeBy::AMOUNT).and(MadeBy::TIME)),
            Pass::BySum => continue,
        };
        if rule == BY_AMOUNT
            && !findings.ours.iter().chain(&findings.theirs).any(|unit| unit.rows().any(|row| !row.is_keyed))
        {
            continue;
        }
        let (ours, theirs) = (core::mem::take(&mut findings.ours), core::mem::take(&mut findings.theirs));
        let [of_ours, of_theirs] =
            [(&*ours, &*theirs), (&*theirs, &*ours)].map(|both| Alike::of(both, rule, window));
        // A pair is the only one for both: a tie is never broken.
        let partner = |place: usize, unit: &Unit<'r>| {
            let (other, found) = of_theirs.only(unit.rows().next()?)?;
            of_ours.only(other).is_some_and(|(_, back)| back == place).then_some(found)
        };
        let chosen: Vec<Option<usize>> =
            ours.iter().enumerate().map(|(place, unit)| partner(place, unit)).collect();
        if IS_FAST && chosen.iter().all(Option::is_none) {
            (findings.ours, findings.theirs) = (ours, theirs);
            continue;
        }
        let mut theirs: Vec<Option<Unit<'r>>> = theirs.into_iter().map(Some).collect();
        for (mut unit, chosen) in ours.into_iter().zip(chosen) {
            let partner = chosen.and_then(|place| theirs.get_mut(place)?.take());
            let Some(partner) = partner else {
                findings.ours.push(unit);
                continue;
            };
            unit.join(&partner);
            unit.made_by = made_by;
            let mut kinds = values(&unit, habits, window);
            if kinds.is_empty() {
                findings.agree(&unit, Hop::Settlement, rule);
            }
            kinds.join(copies(&unit));
            if !kinds.is_empty() {
                findings.breaks.push(Finding::new(kinds, unit, Hop::Settlement, rule));
            }
        }
        findings.theirs = theirs.into_iter().flatten().collect();
    }
}

/// The first row of each unit of a side that stands alone, and its place.
type Places<'r> = Vec<(&'r Row<'r>, usize)>;

/// Rows of one side that stand alone, by what a pass pairs them by, and then by time.
struct Alike<'t, 'r> {
    /// All of them, and those without a reference of their own: two that have one are no pair by amount.
    rows: [Places<'r>; 2],
    rule: Rule,
    window: &'t Window,
}

impl<'t, 'r> Alike<'t, 'r> {
    /// Of those of `units` that a row of `others` may ask for.
    fn of((units, others): (&[Unit<'r>], &[Unit<'_>]), rule: Rule, window: &'t Window) -> Self {
        let number = |row: &Row<'_>| if rule == BY_ID { number_of(row.id) } else { row.amount };
        let asked = Asked::by(others, &number);
        let is_asked = |row: &&Row<'_>| {
            // No id is nobody's id.
            (!IS_FAST || rule != BY_ID || !row.id.is_empty()) && asked.has(row)
        };
        let rows = [false, true].map(|is_bare| {
            let mut rows = Vec::new();
            // Who asks by id asks all.
            if IS_FAST && is_bare && rule == BY_ID {
                return rows;
            }
            for (place, unit) in units.iter().enumerate() {
                let first = unit.rows().next().filter(|row| !is_bare || !row.is_keyed);
                rows.extend(first.filter(is_asked).map(|row| (row, place)));
            }
            sorted(rows, &|(a, _), (b, _)| {
                let times = || if IS_FAST { a.occurred_at.cmp(&b.occurred_at) } else { Ordering::Equal };
                compared(rule, a, b).then_with(times)
            })
        });
        Self { rows, rule, window }
    }

    /// The only one that fits a row of the other side, and its place.
    #[cfg_attr(feature = "wasm-reconcile-sieve", inline(never))]
    fn only(&self, row: &Row<'r>) -> Option<(&'r Row<'r>, usize)> {
        let [all, bare] = &self.rows;
        let rows = if self.rule == BY_AMOUNT && row.is_keyed { bare } else { all };
        let from = rows.partition_point(|(other, _)| compared(self.rule, other, row).is_lt());
        let to = rows.partition_point(|(other, _)| compared(self.rule, other, row).is_le());
        let alike = rows.get(from..to).unwrap_or_default();
        let mut found = None;
        for (other, place) in self.looked_at(alike, row).into_iter().flatten() {
            let (ours, theirs) = if row.side == Side::Ledger { (row, *other) } else { (*other, row) };
            let fits =
                if self.rule == BY_ID { !row.id.is_empty() } else { is_near(ours, theirs, self.window) };
            if fits {
                if found.is_some() {
                    return None;
                }
                found = Some((*other, *place));
            }
        }
        found
    }

    /// Of rows that are alike, those that may be near: without a time, or as near as any window reaches. Of one price there
    /// may be very many.
    fn looked_at<'a>(
        &self,
        alike: &'a [(&'r Row<'r>, usize)],
        row: &Row<'r>,
    ) -> [&'a [(&'r Row<'r>, usize)]; 2] {
        let at = row.occurred_at.filter(|_| IS_FAST && self.rule == BY_AMOUNT);
        let Some(at) = at else { return [alike, &[]] };
        let timeless = alike.partition_point(|(other, _)| other.occurred_at.is_none());
        let last = |other: Timestamp| self.window.last_due(other);
        let from = alike.partition_point(|(other, _)| other.occurred_at.is_none_or(|other| last(other) < at));
        let to = alike.partition_point(|(other, _)| other.occurred_at.is_none_or(|other| other <= last(at)));
        [alike.get(..timeless), alike.get(from..to)].map(Option::unwrap_or_default)
    }
}

/// The order of rows by what a pass pairs them by.
fn compared(rule: Rule, a: &Row<'_>, b: &Row<'_>) -> Ordering {
    let by = |row: &Row<'_>| (row.kind, row.currency, row.amount);
    let ids = || if rule == BY_ID { a.id.cmp(b.id) } else { Ordering::Equal };
    by(a).cmp(&by(b)).then_with(ids)
}

pub(super) fn is_near(a: &Row, b: &Row, window: &Window) -> bool {
    let window = window.of(a.account);
    a.occurred_at.zip(b.occurred_at).is_none_or(|(a, b)| a.max(b) <= window.due(a.min(b)))
}

/// Joins the whole charge and its reversal in the settlement with the captured part in the ledger.
#[cfg_attr(feature = "wasm-reconcile-sieve", inline(never))]
pub(super) fn join_partial_captures<'r>(findings: &mut Findings<'r>) {
    // What each of them may reverse, by name: there may be as many as there are breaks.
    let mut named: Vec<(&'r str, usize)> = Vec::new();
    for (place, unit) in findings.theirs.iter().enumerate() {
        if let [row] = *unit.settlement
            && (row.amount < 0 || row.leaves())
        {
            named.push((row.reference, place));
            named.push((row.parent, place));
        }
    }
    if IS_FAST && named.is_empty() {
        return;
    }
    let mut theirs = core::mem::take(&mut findings.theirs);
    let named = sorted(named, &|a, b| a.0.cmp(b.0));
    for found in &mut findings.breaks {
        let mismatch = [BreakKind::AmountMismatch, BreakKind::ScaleSuspect];
        let Some(kind) = mismatch.into_iter().find(|kind| found.kinds.contains(*kind)) else { continue };
        let ([ours], [whole]) = (&*found.unit.ledger, &*found.unit.settlement) else { continue };
        let surplus = whole.amount.abs_diff(ours.amount);
        if whole.amount <= ours.amount || whole.kind != Some(EventType::Charge) {
            continue;
        }
        let (mut only, mut is_several) = (None, false);
        for name in [whole.reference, whole.id] {
            let from = named.partition_point(|(other, _)| *other < name);
            for (other, place) in named.iter().skip(from) {
                if *other != name || name.is_empty() {
                    break;
                }
                let row = theirs.get(*place).and_then(|unit| unit.settlement.first());
                let is_reversal = row.is_some_and(|row| {
                    row.currency == whole.currency && row.amount.unsigned_abs() == surplus
                });
                if is_reversal {
                    is_several |= only.is_some_and(|only| only != *place);
                    only = Some(*place);
                }
            }
        }
        if let Some(reversal) = only.filter(|_| !is_several).and_then(|place| theirs.get_mut(place)) {
            // Less what was reversed, the settlement says what the ledger does.
            let amount = Some(ours.amount.into());
            let shown = Shown { currency: ours.currency, expected: amount, found: amount };
            // It stands alone no more.
            found.unit.join(&core::mem::take(reversal));
            found.kinds.remove(kind);
            found.kinds.insert(BreakKind::PartialCaptureShape);
            found.shown = Some(shown);
        }
    }
    theirs.retain(|unit| !unit.settlement.is_empty());
    findings.theirs = theirs;
}

/// Joins a refund that came back with the adjustment that gives the money back: the ledger does not know it yet.
#[cfg_attr(feature = "wasm-reconcile-sieve", inline(never))]
pub(super) fn join_returned_refunds<'r>(rows: &'r [Row<'r>], findings: &mut Findings<'r>) {
    let is_adjustment = |row: &&Row<'_>| row.kind == Some(EventType::Adjustment);
    if IS_FAST && !findings.theirs.iter().flat_map(Unit::rows).any(|row| is_adjustment(&row)) {
        return;
    }
    let mut theirs = Vec::new();
    for mut unit in core::mem::take(&mut findings.theirs) {
        let returned = unit.settlement.first().copied().filter(is_adjustment);
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
        // A line that stands there twice is one refund, and told where it is twice; one that stands there never, or with
        // another amount, where it is missing or wrong.
        if let [ours, settled @ ..] = &*refunds
            && ours.side == Side::Ledger
            && settled.iter().all(|row| row.side == Side::Settlement)
            && settled.windows(2).all(|two| matches!(two, [a, b] if a.id == b.id))
        {
            unit.ledger.push(ours);
            unit.settlement.splice(0..0, settled.first().copied());
            findings.add(BreakKind::StatusStale, unit, Hop::Settlement, BY_REFERENCE);
        } else {
            theirs.push(unit);
        }
    }
    findings.theirs = theirs;
}

/// Names what is still alone: on its way, missing, out of scope, or without money in it.
#[cfg_attr(feature = "wasm-reconcile-sieve", inline(never))]
pub(super) fn settle<'r>(findings: &mut Findings<'r>, habits: &Habits<'_>, window: &Window) {
    let candidates =
        [Candidates::of(&findings.theirs, &findings.ours), Candidates::of(&findings.ours, &findings.theirs)];
    let [of_theirs, of_ours] = &candidates;
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
        } else if row.is_overdue(window) {
            kinds.insert(BreakKind::MissingInSettlement);
            if row.kind == Some(EventType::Fee) {
                kinds.insert(BreakKind::FeeMissing);
            }
        } else if kinds.is_empty() {
            findings.in_flight.push(row);
            continue;
        }
        let hop = if rule == BY_ROW { Hop::Ledger } else { Hop::Settlement };
        let mut found = Finding::new(kinds, unit, hop, rule);
        if kinds.contains(BreakKind::MissingInSettlement) {
            found.nearest = of_theirs.nearest(row, window);
        }
        findings.breaks.push(found);
    }
    // Rows of one type and name come one after the other; their breaks stand from here on.
    let (mut name, mut named) = ("", 0);
    for unit in core::mem::take(&mut findings.theirs) {
        let Some(row) = unit.settlement.first().copied() else { continue };
        if row.reference != name {
            (name, named) = (row.reference, findings.breaks.len());
        }
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
        let again = kinds
            .contains(BreakKind::ReserveOrNetting)
            .then(|| findings.breaks.iter_mut().skip(named).find(is_same));
        match again.flatten() {
            Some(held) => held.unit.join(&unit),
            None => {
                let mut found = Finding::new(kinds, unit, Hop::Settlement, BY_REFERENCE);
                if kinds.contains(BreakKind::MissingInMirror) {
                    found.nearest = of_ours.nearest(row, window);
                }
                findings.breaks.push(found);
            }
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
        && texts
            .into_iter()
            .any(|text| RESERVES.iter().any(|word| contains(text.as_bytes(), word.as_bytes())))
}

/// Whether a word stands in a text, in any case. The search of the library weighs two kilobytes of wasm, and texts are short.
fn contains(text: &[u8], word: &[u8]) -> bool {
    let starts = |at: usize| text.get(at..at.saturating_add(word.len()));
    (0..text.len()).any(|at| starts(at).is_some_and(|found| found.eq_ignore_ascii_case(word)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_word_stands_in_a_text_in_any_case_and_at_any_place() {
        // text, word, whether it does
        let table = [
            ("Rolling RESERVE", "reserve", true),
            ("rsv", "rsv", true),
            ("rs", "rsv", false),
            ("rrsv", "rsv", true),
            ("", "rsv", false),
            ("Rücklage: holdback", "holdback", true),
            ("hold back", "holdback", false),
        ];
        for (text, word, expected) in table {
            assert_eq!(contains(text.as_bytes(), word.as_bytes()), expected, "{text} {word}");
        }
    }
}
