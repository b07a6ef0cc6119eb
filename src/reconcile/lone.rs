//! What stands on one side only is looked for once more, by id, by amount and among reversals, before it is missing.

use core::cmp::Ordering;

use super::IS_FAST;
use super::bank::{SLACK, is_in_time};
use super::classes::{BreakKind, Hop, Kinds};
use super::compare::{copies, values};
use super::findings::{
    BY_AMOUNT, BY_ID, BY_PAYOUT, BY_REFERENCE, BY_ROW, Finding, Findings, Flying, Rule, Shown,
};
use super::group::Unit;
use super::habits::Habits;
use super::matches::MadeBy;
use super::nearest::{Asked, Candidates, number_of};
use super::order::{sorted, stretch};
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
        let rule = match pass {
            Pass::ById => BY_ID,
            Pass::ByAmount => BY_AMOUNT,
            Pass::BySum => continue,
        };
        if rule == BY_AMOUNT && !has_bare(findings, habits) {
            continue;
        }
        let (mut ours, mut theirs) =
            (core::mem::take(&mut findings.ours), core::mem::take(&mut findings.theirs));
        let [of_ours, of_theirs] = [(&ours, &theirs), (&theirs, &ours)].map(|(units, others)| {
            let number = |row: &Row<'_>| if rule == BY_ID { number_of(row.id) } else { row.amount };
            let asked = Asked::by(others, &number);
            // No id is nobody's id.
            let takes_part = |row: &Row<'_>| (rule != BY_ID || !row.id.is_empty()) && asked.has(row);
            Alike::of(firsts(units, &takes_part), rule, window)
        });
        for unit in &mut ours {
            if let Some(partner) =
                only_partner(unit, (&of_ours, &of_theirs)).and_then(|only| theirs.get_mut(only))
            {
                // They stand alone no more.
                let mut unit = core::mem::take(unit);
                unit.join(&core::mem::take(partner));
                judge(unit, rule, habits, window, findings);
            }
        }
        ours.retain(|unit| !unit.ledger.is_empty());
        theirs.retain(|unit| !unit.settlement.is_empty());
        (findings.ours, findings.theirs) = (ours, theirs);
    }
}

/// The only unit of the other side that fits one of ours, where ours is also the only one that fits it.
#[cfg_attr(feature = "wasm-reconcile-sieve", inline(never))]
fn only_partner(unit: &Unit<'_>, (of_ours, of_theirs): (&Alike<'_, '_>, &Alike<'_, '_>)) -> Option<usize> {
    of_theirs.only(unit.rows().next()?, of_ours)
}

/// Judges a pair that was found.
fn judge<'r>(
    mut unit: Unit<'r>,
    rule: Rule,
    habits: &Habits<'_>,
    window: &Window,
    findings: &mut Findings<'r>,
) {
    let decided = if rule == BY_ID { MadeBy::ID } else { MadeBy::TIME };
    unit.made_by = MadeBy::TYPE.and(MadeBy::AMOUNT).and(decided);
    let mut kinds = values(&unit, habits, window);
    if kinds.is_empty() {
        findings.agree(&unit, Hop::Settlement, rule);
    }
    kinds.join(copies(&unit));
    if !kinds.is_empty() {
        findings.breaks.push(Finding::new(kinds, unit, Hop::Settlement, rule));
    }
}

/// Names the ties: rows without a common reference that fit several of the other side by amount and time. Nothing decides which
/// belong together, so they are one break with all that fit each other, directly or through others, as many as there are. Rows
/// that are judged by themselves take no part; where without them one row of each side is left, it is a pair. Where both sides
/// have rows with references and without, ties of one price that overlap in time may be told as one.
#[cfg_attr(feature = "wasm-reconcile-sieve", inline(never))]
fn tie<'r>(findings: &mut Findings<'r>, habits: &Habits<'_>, window: &Window) {
    if !habits.rules.has(Pass::ByAmount) || !has_bare(findings, habits) {
        return;
    }
    let takes_part = |row: &Row<'_>| habits.is_in_scope(row) && row.moves_money();
    let mut units = core::mem::take(&mut findings.ours);
    let of_ours = Alike::of(firsts(&units, &takes_part), BY_AMOUNT, window);
    let mut theirs = core::mem::take(&mut findings.theirs);
    let of_theirs = Alike::of(firsts(&theirs, &takes_part), BY_AMOUNT, window);
    units.append(&mut theirs);
    let first = |row: &Row<'r>| {
        let others = if row.side == Side::Ledger { &of_theirs } else { &of_ours };
        others.fitting(row, 1).first().map(|(first, _)| *first)
    };
    let [mut rows, _] = Alike::of(firsts(&units, &takes_part), BY_AMOUNT, window).rows;
    rows.retain(|(row, _)| first(row).is_some());
    // From the last on: what follows in time belongs to it as far back as the first row that one of them fits.
    let (mut whole, mut kinds) = (Unit::default(), Kinds::only(BreakKind::Ambiguous));
    let (mut ours, mut theirs, mut overdue) = (0_usize, 0_usize, 0_usize);
    let mut since: Option<&Row<'r>> = None;
    while let Some((row, place)) = rows.pop() {
        if let Some(unit) = units.get_mut(place) {
            kinds.join(copies(unit));
            whole.join(&core::mem::take(unit));
        }
        if row.side == Side::Ledger {
            ours = ours.saturating_add(1);
            overdue = overdue.saturating_add(usize::from(row.is_overdue(window)));
        } else {
            theirs = theirs.saturating_add(1);
        }
        let other = first(row);
        if since.is_none_or(|since| other.is_some_and(|other| other.occurred_at < since.occurred_at)) {
            since = other;
        }
        let before = rows.last().filter(|(before, _)| compared(BY_AMOUNT, before, row).is_eq());
        if before.zip(since).is_some_and(|((before, _), since)| before.occurred_at >= since.occurred_at) {
            continue;
        }
        let mut unit = core::mem::take(&mut whole);
        if (ours, theirs) == (1, 1) {
            judge(unit, BY_AMOUNT, habits, window, findings);
        } else {
            // Of more rows than the other side has, some have no partner, whichever they are.
            if overdue > theirs {
                kinds.insert(BreakKind::MissingInSettlement);
            }
            if theirs > ours {
                kinds.insert(BreakKind::MissingInMirror);
            }
            unit.ledger.reverse();
            unit.settlement.reverse();
            findings.breaks.push(Finding::new(kinds, unit, Hop::Settlement, BY_AMOUNT));
        }
        (since, ours, theirs, overdue) = (None, 0, 0, 0);
        kinds = Kinds::only(BreakKind::Ambiguous);
    }
    for unit in units {
        if !unit.ledger.is_empty() {
            findings.ours.push(unit);
        } else if !unit.settlement.is_empty() {
            findings.theirs.push(unit);
        }
    }
}

/// Whether a row that stands alone has no reference of its own: without one there is none to pair by amount.
fn has_bare(findings: &Findings<'_>, habits: &Habits<'_>) -> bool {
    let mut units = findings.ours.iter().chain(&findings.theirs);
    habits.has_bare() && units.any(|unit| unit.rows().any(|row| !row.is_keyed))
}

/// Rows, and where they stand in a list.
type Places<'r> = Vec<(&'r Row<'r>, usize)>;

/// The first row of each unit, of those that take part.
fn firsts<'r>(units: &[Unit<'r>], takes_part: &dyn Fn(&Row<'_>) -> bool) -> Places<'r> {
    let mut rows = Vec::new();
    for (place, unit) in units.iter().enumerate() {
        if let Some(row) = unit.rows().next()
            && takes_part(row)
        {
            rows.push((row, place));
        }
    }
    rows
}

/// Rows of one side that stand alone, by what a pass pairs them by, and then by time.
pub(super) struct Alike<'t, 'r> {
    /// All of them, and those without a reference of their own: two that have one are no pair by amount.
    rows: [Places<'r>; 2],
    rule: Rule,
    window: &'t Window,
}

impl<'t, 'r> Alike<'t, 'r> {
    pub(super) fn of(all: Places<'r>, rule: Rule, window: &'t Window) -> Self {
        let all = sorted(all, &|(a, _), (b, _)| compared(rule, a, b).then(a.occurred_at.cmp(&b.occurred_at)));
        let mut bare = Vec::new();
        for (row, place) in &all {
            // Who asks by anything else asks all.
            if rule == BY_AMOUNT && !row.is_keyed {
                bare.push((*row, *place));
            }
        }
        Self { rows: [all, bare], rule, window }
    }

    /// Those by which a row of either side may be paired with it, whatever their time.
    pub(super) fn alike(&self, row: &Row<'_>) -> &[(&'r Row<'r>, usize)] {
        let [all, bare] = &self.rows;
        let rows = if self.rule == BY_AMOUNT && row.is_keyed { bare } else { all };
        stretch(rows, &|(other, _)| compared(self.rule, other, row))
    }

    /// The first that fit a row of the other side, so many at most.
    #[cfg_attr(feature = "wasm-reconcile-sieve", inline(never))]
    pub(super) fn fitting(&self, row: &Row<'_>, most: usize) -> Places<'r> {
        let mut found = Vec::new();
        for stretch in self.looked_at(row) {
            for (other, place) in stretch {
                let (ours, theirs) = if row.side == Side::Ledger { (row, *other) } else { (*other, row) };
                let fits = match self.rule {
                    BY_ID => true,
                    BY_AMOUNT => is_near(ours, theirs, self.window),
                    _ => is_in_time(ours.occurred_at, theirs, self.window),
                };
                if fits && found.len() < most {
                    found.push((*other, *place));
                }
                if found.len() == most {
                    return found;
                }
            }
        }
        found
    }

    /// The place of the only one that fits a row, where that fits no other of the row's side. A tie is never broken.
    pub(super) fn only(&self, row: &Row<'_>, others: &Alike<'_, '_>) -> Option<usize> {
        let [(other, place)] = *self.fitting(row, 2) else { return None };
        (others.fitting(other, 2).len() == 1).then_some(place)
    }

    /// Of rows that are alike, those that may be near: without a time, or as near as any window reaches. Of one price there
    /// may be very many.
    fn looked_at(&self, row: &Row<'_>) -> [&[(&'r Row<'r>, usize)]; 2] {
        let alike = self.alike(row);
        let at = row.occurred_at.filter(|_| self.rule != BY_ID);
        let Some(at) = at else { return [alike, &[]] };
        let timeless = stretch(alike, &|(other, _)| other.occurred_at.is_some().cmp(&false));
        let last = |other: Timestamp, side: Side| match side {
            Side::Bank => other.saturating_add(Millis::new(DAY_MS)),
            _ => {
                let slack = if self.rule == BY_PAYOUT { SLACK } else { Millis::ZERO };
                self.window.last_due(other).saturating_add(slack)
            }
        };
        let near = stretch(alike, &|(other, _)| match other.occurred_at {
            Some(time) if time > last(at, row.side) => Ordering::Greater,
            Some(time) if last(time, other.side) >= at => Ordering::Equal,
            _ => Ordering::Less,
        });
        [timeless, near]
    }
}

/// The order of rows by what a pass pairs them by. At a bank all is one type.
fn compared(rule: Rule, a: &Row<'_>, b: &Row<'_>) -> Ordering {
    let by = |row: &Row<'_>| (row.kind.filter(|_| rule != BY_PAYOUT), row.currency, row.amount);
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
            for (_, place) in stretch(&named, &|(other, _)| (*other).cmp(name)) {
                if name.is_empty() {
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
            found.unit.join(&core::mem::take(reversal));
            found.kinds.remove(kind);
            found.kinds.insert(BreakKind::PartialCaptureShape);
            found.shown = Some(Box::new(shown));
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
            settled.first().into_iter().for_each(|settled| unit.settlement.insert(0, settled));
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
    tie(findings, habits, window);
    let of_theirs = Candidates::of(&findings.theirs, &findings.ours);
    let of_ours = Candidates::of(&findings.ours, &findings.theirs);
    for unit in core::mem::take(&mut findings.ours) {
        settle_ours(unit, &of_theirs, (habits, window), findings);
    }
    // Rows of one type and name come one after the other; their breaks stand from here on.
    let mut named = ("", 0);
    for unit in core::mem::take(&mut findings.theirs) {
        settle_theirs(unit, &of_ours, (habits, window), &mut named, findings);
    }
}

/// What becomes of rows that stand in the ledger alone.
#[cfg_attr(feature = "wasm-reconcile-sieve", inline(never))]
fn settle_ours<'r>(
    unit: Unit<'r>,
    of_theirs: &Candidates<'r>,
    (habits, window): (&Habits<'_>, &Window),
    findings: &mut Findings<'r>,
) {
    let Some(row) = unit.ledger.first().copied() else { return };
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
            return;
        }
    } else if row.is_overdue(window) {
        kinds.insert(BreakKind::MissingInSettlement);
        if row.kind == Some(EventType::Fee) {
            kinds.insert(BreakKind::FeeMissing);
        }
    } else if kinds.is_empty() {
        if let Some(at) = row.occurred_at {
            let Row { reference, kind, amount, currency, account, .. } = *row;
            let due = window.of(account).due(at);
            findings.in_flight.push(Flying { reference, due, kind, amount, currency });
        }
        return;
    }
    let hop = if rule == BY_ROW { Hop::Ledger } else { Hop::Settlement };
    let mut found = Finding::new(kinds, unit, hop, rule);
    if kinds.contains(BreakKind::MissingInSettlement) {
        found.nearest = of_theirs.nearest(row, window);
    }
    findings.breaks.push(found);
}

/// The same for the settlement; `named` is the name of the rows before, and where the breaks of that name begin.
#[cfg_attr(feature = "wasm-reconcile-sieve", inline(never))]
fn settle_theirs<'r>(
    unit: Unit<'r>,
    of_ours: &Candidates<'r>,
    (habits, window): (&Habits<'_>, &Window),
    (name, named): &mut (&'r str, usize),
    findings: &mut Findings<'r>,
) {
    let Some(row) = unit.settlement.first().copied() else { return };
    if row.reference != *name {
        (*name, *named) = (row.reference, findings.breaks.len());
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
        other.kinds == kinds && other.unit.rows().next().is_some_and(|first| first.reference == row.reference)
    };
    let again = kinds
        .contains(BreakKind::ReserveOrNetting)
        .then(|| findings.breaks.iter_mut().skip(*named).find(is_same));
    if let Some(held) = again.flatten() {
        held.unit.join(&unit);
        return;
    }
    let mut found = Finding::new(kinds, unit, Hop::Settlement, BY_REFERENCE);
    if kinds.contains(BreakKind::MissingInMirror) {
        found.nearest = of_ours.nearest(row, window);
    }
    findings.breaks.push(found);
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
