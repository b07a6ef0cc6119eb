//! The three-way frame: ledger against settlement, lines against payouts, payouts against the bank, one after the other.
//!
//! Each hop stands on the verdicts of the one before, so that one cause makes one break.

use super::IS_FAST;
use super::bank::Named;
use super::batch::Head;
use super::classes::{BreakKind, Hop, Kinds};
use super::compare::judge;
use super::differences::scale;
use super::findings::{BY_ROW, Finding, Findings, Shown};
use super::group::{Group, Unit};
use super::habits::Habits;
use super::order::{sorted, sorted_by_text};
use super::packed::kind_byte;
use super::payouts::Payouts;
use super::report::RowCounts;
use super::row::{Row, Side};
use super::summed::{self, Summed};
use super::terms::Unpacked;
use super::window::Window;
use super::{bank, children, fees, lone, statements, verdicts};
use crate::prelude::*;
use crate::time::Timestamp;

/// Where rows are put in order, those of banks come behind all kinds of others.
const BANK_BIT: u8 = 0x80;

/// So many rows are numbered in one go.
const AT_ONCE: usize = 256;

/// So many rows of one file that are off by one power of ten are one break of the file.
const SCALE_ROWS: usize = 3;

/// Matches and classifies all rows; answers with packed verdicts.
pub(super) fn run(head: Head<'_>, all: Vec<Row<'_>>, terms: Unpacked<'_>) -> Vec<u8> {
    judged(head, all, terms, |judged| verdicts::pack(&judged))
}

/// What came of the rows of a run.
pub(super) struct Judged<'j, 'r> {
    pub(super) findings: &'j Findings<'r>,
    pub(super) rows: RowCounts,
    pub(super) window: &'j Window,
    /// The names of the files.
    pub(super) names: &'j [Vec<&'j str>; 3],
    /// Name and version of the rules.
    pub(super) rules: &'j str,
}

/// Matches and classifies all rows, and hands on what came of it.
pub(super) fn judged<T>(
    head: Head<'_>,
    all: Vec<Row<'_>>,
    terms: Unpacked<'_>,
    then: impl FnOnce(Judged<'_, '_>) -> T,
) -> T {
    let Head { names, mut window, cleared, summed, doubled, is_in_order, .. } = head;
    let Unpacked { rules, keeps_matches, statements } = terms;
    // A statement without entries is one that lacks all of them.
    let has_bank = names.last().is_some_and(|files| !files.is_empty());
    window.extend(&rules.reaches);
    let key = |row: &Row| (row.side == Side::Bank, row.kind);
    let first = |row: &Row| kind_byte(row.kind) | if row.side == Side::Bank { BANK_BIT } else { 0 };
    let mut all = if IS_FAST && is_in_order {
        all
    } else {
        sorted_by_text(all, &|row| (first(row), row.reference), &|a, b| {
            (key(a), &a.reference, a.side).cmp(&(key(b), &b.reference, b.side))
        })
    };
    let mut marks = Marks::default();
    marks.names_payouts |= !summed.is_empty();
    for (place, rows) in all.chunks_mut(AT_ONCE).enumerate() {
        marks.number(place.saturating_mul(AT_ONCE), rows);
    }
    window.as_of = window.as_of.or_else(|| marks.latest.max(cleared.latest));
    let [ledger, settlement, bank] = marks.rows;
    let counts = RowCounts {
        ledger: ledger.saturating_add(cleared.pairs),
        settlement: settlement.saturating_add(cleared.pairs),
        bank,
    };
    let rows: &[Row] = &all;
    let at_bank = rows.partition_point(|row| row.side != Side::Bank);
    let (pairs, statement) = rows.split_at_checked(at_bank).unwrap_or((rows, &[]));

    let mut findings =
        Findings { matched: cleared.pairs, matches: keeps_matches.then(Vec::new), ..Findings::default() };
    // Where most rows were cleared before, two of the others are a break.
    findings.breaks.reserve_exact(if IS_FAST { rows.len() / 2 } else { 0 });
    statements::judge(&statements, &mut findings);
    let active = screen(rows, (&doubled, &summed), marks, &mut findings);
    let habits = Habits::of(pairs, (&cleared, &summed), rules);
    if marks.is_zoneless {
        zoneless_files(pairs, &habits, &mut findings);
    }
    let books_payouts =
        marks.names_payouts && rows.iter().any(|row| row.side == Side::Ledger && row.is_payout());
    for same in pairs.chunk_by(|a, b| a.is_called_like(b)) {
        one_reference(same, (books_payouts, &active), &habits, &window, &mut findings);
    }
    lone::pair(&mut findings, &habits, &window);
    fees::join(pairs, &habits, &mut findings);
    lone::join_partial_captures(&mut findings);
    lone::join_returned_refunds(pairs, &mut findings);
    let payouts = if marks.names_payouts {
        Payouts::gather(pairs, (&active, &summed), &mut findings)
    } else {
        Payouts::default()
    };
    lone::settle(&mut findings, &habits, &window);
    if marks.follows {
        children::check(pairs, &active, &mut findings);
    }
    let statement_active = statement.iter().filter(|row| active.get(row.number) == Some(&true)).collect();
    let named = Named::of(statement_active, &payouts, &mut findings);
    payouts.judge(pairs, &named.came(), &window, &mut findings);
    if has_bank {
        bank::judge(named, &payouts, &habits.rules, &window, &mut findings);
    }
    join_scales(&mut findings);
    show_nets(&mut findings, &habits);
    fees::show_contracts(&mut findings, &habits);
    let rules = habits.rules.label();
    then(Judged { findings: &findings, rows: counts, window: &window, names: &names, rules: &rules })
}

/// What there is among the rows, found out while they are numbered. A pass that looks for what none of them has is left out;
/// where size counts more, all are made.
#[derive(Clone, Copy, Debug)]
struct Marks {
    /// A payout, or a line of one.
    names_payouts: bool,
    /// What belongs to another row.
    follows: bool,
    is_zoneless: bool,
    is_unknown: bool,
    /// How many there are of each side.
    rows: [usize; 3],
    /// The last moment that any of them tells.
    latest: Option<Timestamp>,
}

impl Default for Marks {
    fn default() -> Self {
        let all = !IS_FAST;
        Self {
            names_payouts: all,
            follows: all,
            is_zoneless: all,
            is_unknown: all,
            rows: [0; 3],
            latest: None,
        }
    }
}

impl Marks {
    /// Numbers some rows, and notes what they have: a function that is called often, since an engine makes those fast, and not
    /// the loop over all.
    #[cfg_attr(feature = "wasm-reconcile-sieve", inline(never))]
    fn number(&mut self, first: usize, rows: &mut [Row<'_>]) {
        for (row, number) in rows.iter_mut().zip(first..) {
            row.number = number;
            self.note(row);
        }
    }

    #[inline]
    fn note(&mut self, row: &Row<'_>) {
        let [ledger, settlement, bank] = &mut self.rows;
        let own = match row.side {
            Side::Ledger => ledger,
            Side::Settlement => settlement,
            Side::Bank => bank,
        };
        *own = own.saturating_add(1);
        self.latest = self.latest.max(row.occurred_at);
        if IS_FAST {
            self.names_payouts |= row.is_payout() || !row.payout_id.is_empty();
            self.follows |= children::subject(row).is_some();
            self.is_zoneless |= row.is_zoneless;
            self.is_unknown |= row.kind.is_none();
        }
    }
}

/// Judges the rows of one type and reference.
#[cfg_attr(feature = "wasm-reconcile-sieve", inline(never))]
fn one_reference<'r>(
    same: &'r [Row<'r>],
    (books_payouts, active): (bool, &[bool]),
    habits: &Habits<'_>,
    window: &Window,
    findings: &mut Findings<'r>,
) {
    if !books_payouts && same.iter().any(Row::is_payout) {
        // The settlement's payouts stand against the bank.
        findings.set_aside = findings.set_aside.saturating_add(same.len());
        return;
    }
    // They count in the sum of their payout alone.
    if same.iter().all(|row| row.kind.is_none()) {
        return;
    }
    let (mut left, mut right) = (Vec::new(), Vec::new());
    for row in same.iter().filter(|row| active.get(row.number) == Some(&true)) {
        if row.side == Side::Ledger { left.push(row) } else { right.push(row) }
    }
    judge(Group::of(left, right), habits, window, findings);
}

/// Which rows take part, by their number. What is out from the start is named here, doubled files and reports, and so are
/// types that are not known.
#[cfg_attr(feature = "wasm-reconcile-sieve", inline(never))]
fn screen<'r>(
    rows: &'r [Row<'r>],
    (doubled, summed): (&[(Side, usize)], &[Summed<'_>]),
    marks: Marks,
    findings: &mut Findings<'r>,
) -> Vec<bool> {
    let mut active = vec![true; rows.len()];
    let mut leave = |row: &Row| {
        if let Some(active) = active.get_mut(row.number) {
            *active = false;
        }
    };
    for (side, file) in doubled {
        let mut own = rows.iter().filter(|row| row.side == *side && row.file == *file);
        if let Some(first) = own.clone().min_by_key(|row| row.line) {
            note_file(&[first], findings);
        }
        own.by_ref().for_each(&mut leave);
    }
    for copies in if marks.names_payouts { doubled_reports(rows, summed) } else { Vec::new() } {
        note_file(&copies, findings);
        copies.into_iter().for_each(&mut leave);
    }
    let is_unknown = |row: &&Row<'_>| {
        row.side != Side::Bank && row.kind.is_none() && active.get(row.number) == Some(&true)
    };
    for row in rows.iter().filter(|_| marks.is_unknown).filter(is_unknown) {
        findings.add(BreakKind::RowUnknownType, Unit::of(&[row]), Hop::Files, BY_ROW);
    }
    active
}

/// A file whose times have no zone is one break, whatever the number of its rows.
#[cfg_attr(feature = "wasm-reconcile-sieve", inline(never))]
fn zoneless_files<'r>(rows: &'r [Row<'r>], habits: &Habits<'_>, findings: &mut Findings<'r>) {
    let rows = rows.iter().filter(|row| row.is_zoneless && habits.is_zoneless(row.side)).collect();
    let rows: Vec<&Row> =
        sorted(rows, &|a: &&Row, b: &&Row| (a.side, a.file, a.line).cmp(&(b.side, b.file, b.line)));
    for file in rows.chunk_by(|a, b| (a.side, a.file) == (b.side, b.file)) {
        let first = file.get(..1).unwrap_or_default();
        findings.add(BreakKind::TimeAmbiguous, Unit::of(first), Hop::Files, BY_ROW);
    }
}

fn note_file<'r>(rows: &[&'r Row<'r>], findings: &mut Findings<'r>) {
    let mut found = Finding::new(Kinds::only(BreakKind::FileDuplicate), Unit::of(rows), Hop::Files, BY_ROW);
    found.reference = rows.first().map(|row| row.payout_id).filter(|payout| !payout.is_empty());
    findings.breaks.push(found);
}

/// The second copies of payouts of which every row stands in the settlement twice.
#[cfg_attr(feature = "wasm-reconcile-sieve", inline(never))]
pub(super) fn doubled_reports<'r>(rows: &'r [Row<'r>], summed: &[Summed<'_>]) -> Vec<Vec<&'r Row<'r>>> {
    let grouped: Vec<&Row> =
        rows.iter().filter(|row| row.side == Side::Settlement && !row.payout_id.is_empty()).collect();
    let grouped = sorted_by_text(grouped, &|row| (0, row.payout_id), &|a, b| {
        (&a.payout_id, a.kind, &a.reference, a.content(), a.number).cmp(&(
            &b.payout_id,
            b.kind,
            &b.reference,
            b.content(),
            b.number,
        ))
    });
    let mut doubled = Vec::new();
    for report in grouped.chunk_by(|a, b| a.payout_id == b.payout_id) {
        if IS_FAST && report.first().is_some_and(|row| summed::is_among(summed, row.payout_id)) {
            continue;
        }
        let same_row = |a: &&Row<'_>, b: &&Row<'_>| {
            (a.kind, &a.reference, a.content()) == (b.kind, &b.reference, b.content())
        };
        let rows = || report.chunk_by(same_row);
        // As often as it stands there, so often stands each of its rows; one that stands oftener is itself doubled.
        let times = rows().map(<[_]>::len).min().unwrap_or(1);
        let is_doubled = times > 1 && report.iter().all(|row| !row.id.is_empty());
        let mut copies: Vec<&Row<'_>> = Vec::new();
        for same in rows() {
            copies.extend(same.iter().skip(same.len().div_ceil(times)));
        }
        // Two lines that each stand twice are two doubled lines; it takes more, or the payout itself, to be the report.
        if is_doubled && (copies.len() > 2 || copies.iter().any(|row| row.is_payout())) {
            doubled.push(copies);
        }
    }
    doubled
}

/// Of a net that is wrong, what it should be and what it is.
#[cfg_attr(feature = "wasm-reconcile-sieve", inline(never))]
fn show_nets(findings: &mut Findings<'_>, habits: &Habits<'_>) {
    for found in &mut findings.breaks {
        if found.kinds.primary() != Some(BreakKind::NetArithmetic) {
            continue;
        }
        found.shown = found.unit.rows().find_map(|row| {
            let (expected, _) = habits.net(row).filter(|(_, is_right)| !is_right)?;
            let (expected, found) = (Some(expected), row.net.map(i128::from));
            Some(Box::new(Shown { currency: row.currency, expected, found }))
        });
    }
}

/// Rows of one file and currency that are all off by the same power of ten have one cause.
#[cfg_attr(feature = "wasm-reconcile-sieve", inline(never))]
fn join_scales(findings: &mut Findings<'_>) {
    let cause = |found: &Finding<'_>| {
        let (ours, theirs) = (found.unit.rows().next()?, found.unit.rows().last()?);
        (found.kinds.primary() == Some(BreakKind::ScaleSuspect)).then_some(())?;
        Some((theirs.side, theirs.file, theirs.currency, scale(ours.amount, theirs.amount)?))
    };
    if IS_FAST && !findings.breaks.iter().any(|found| cause(found).is_some()) {
        return;
    }
    let (suspects, others) =
        core::mem::take(&mut findings.breaks).into_iter().partition(|found| cause(found).is_some());
    findings.breaks = others;
    let suspects: Vec<Finding<'_>> = sorted(suspects, &|a, b| cause(a).cmp(&cause(b)));
    for same in suspects.chunk_by(|a, b| cause(a) == cause(b)) {
        let Some((first, rest)) = same.split_first().filter(|_| same.len() >= SCALE_ROWS) else {
            findings.breaks.extend_from_slice(same);
            continue;
        };
        let mut whole = first.clone();
        for found in rest {
            whole.kinds.join(found.kinds);
            whole.unit.join(&found.unit);
        }
        (whole.hop, whole.shown) = (Hop::Files, None);
        findings.breaks.push(whole);
    }
}
