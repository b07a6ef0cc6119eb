//! The report is a function of what the files say: the same rows give the same breaks in the same order.

use super::breaks::{Break, BreakKind, RowPlace, break_id};
use super::compare::{Verdict, judge};
use super::group::{Group, Unit};
use super::kinds::Kinds;
use super::order::sorted;
use super::row::{Row, Side};
use super::{DAY_MS, Options, wording};
use crate::calendar;
use crate::json::{ArrayWriter, ObjectWriter};
use crate::ledger::EventType;
use crate::money::Currency;
use crate::prelude::*;
use crate::time::Timestamp;

/// How many rows were read.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct RowCounts {
    /// Rows of the ledger files.
    pub ledger: usize,
    /// Rows of the settlement files.
    pub settlement: usize,
}

/// A ledger row that the settlement may still bring; not a break.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct InFlight {
    /// Its reference.
    pub reference: String,
    /// When it becomes a break.
    pub due: Timestamp,
    /// What it is about.
    pub kind: EventType,
    /// Its amount in minor units.
    pub amount: i64,
    /// Its currency.
    pub currency: Currency,
}

/// The breaks of one kind, summed.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct KindTotal {
    /// How many.
    pub count: usize,
    /// Sum of the differences by currency, in minor units, sorted by currency.
    pub difference: Vec<(Currency, i128)>,
}

/// What came of a run.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Report {
    /// Rows read.
    pub rows: RowCounts,
    /// Pairs that agree in every value.
    pub matched: usize,
    /// Rows that owe nothing to this comparison (see the module).
    pub set_aside: usize,
    /// The moment ages were counted to; `None` where no row has a time and the caller gave none.
    pub as_of: Option<Timestamp>,
    /// Disagreements, sorted by reference, kind and id.
    pub breaks: Vec<Break>,
    /// Rows on their way, sorted by due time and reference.
    pub in_flight: Vec<InFlight>,
}

impl KindTotal {
    /// Row amounts are below 2^63, so that 2^64 of them fit.
    fn add(&mut self, currency: Currency, difference: i128) {
        match self.difference.binary_search_by_key(&currency, |(known, _)| *known) {
            Ok(at) => {
                if let Some((_, sum)) = self.difference.get_mut(at) {
                    *sum = sum.saturating_add(difference);
                }
            }
            Err(at) => self.difference.insert(at, (currency, difference)),
        }
    }
}

impl Report {
    /// Breaks by their primary kind, in order of precedence; kinds without a break are left out.
    #[must_use]
    pub fn by_kind(&self) -> Vec<(BreakKind, KindTotal)> {
        let mut totals = Vec::new();
        for kind in BreakKind::ALL {
            let mut total = KindTotal::default();
            for found in &self.breaks {
                if found.kind == kind {
                    total.count = total.count.saturating_add(1);
                    if let Some(difference) = found.difference {
                        total.add(found.currency, difference);
                    }
                }
            }
            if total.count > 0 {
                totals.push((kind, total));
            }
        }
        totals
    }

    /// The document `tillproof reconcile --json` prints, version 1.
    #[must_use]
    pub fn to_json(&self) -> String {
        let mut breaks = ArrayWriter::new();
        for found in &self.breaks {
            breaks = breaks.raw(&found.to_json());
        }
        let mut in_flight = ArrayWriter::new();
        for row in &self.in_flight {
            in_flight = in_flight.raw(
                &ObjectWriter::new()
                    .text("reference", &row.reference)
                    .text("due", &calendar::rfc3339(row.due))
                    .text("type", row.kind.name())
                    .digits("amount_minor", row.amount)
                    .text("currency", row.currency.code())
                    .finish(),
            );
        }
        ObjectWriter::new()
            .number("version", 1)
            .raw("summary", &self.summary())
            .raw("breaks", &breaks.finish())
            .raw("in_flight", &in_flight.finish())
            .finish()
    }

    fn summary(&self) -> String {
        let rows = ObjectWriter::new()
            .number("ledger", count(self.rows.ledger))
            .number("settlement", count(self.rows.settlement))
            .number("bank", 0);
        let mut by_kind = ObjectWriter::new();
        for (kind, total) in self.by_kind() {
            let mut differences = ObjectWriter::new();
            for (currency, sum) in &total.difference {
                differences = differences.digits(currency.code(), *sum);
            }
            let total = ObjectWriter::new()
                .number("count", count(total.count))
                .raw("difference_minor", &differences.finish());
            by_kind = by_kind.raw(kind.name(), &total.finish());
        }
        let out = ObjectWriter::new()
            .raw("rows", &rows.finish())
            .number("matched", count(self.matched))
            .number("in_flight", count(self.in_flight.len()))
            .number("breaks", count(self.breaks.len()))
            .number("set_aside", count(self.set_aside));
        let out = match self.as_of {
            Some(moment) => out.text("as_of", &calendar::rfc3339(moment)),
            None => out.null("as_of"),
        };
        out.raw("by_kind", &by_kind.finish()).finish()
    }
}

fn count(number: usize) -> u64 {
    u64::try_from(number).unwrap_or(u64::MAX)
}

/// Names of the files of each side.
struct Names {
    ledger: Vec<String>,
    settlement: Vec<String>,
}

/// Matches and classifies all rows.
pub(super) fn build(
    mut rows: Vec<Row>,
    ledger: Vec<String>,
    settlement: Vec<String>,
    options: Options,
) -> Report {
    let names = Names { ledger, settlement };
    let as_of = options.as_of.or_else(|| rows.iter().filter_map(|row| row.occurred_at).max());
    let of_side = |side| rows.iter().filter(|row| row.side == side).count();
    let counts = RowCounts { ledger: of_side(Side::Ledger), settlement: of_side(Side::Settlement) };
    let books_payouts = rows.iter().any(|row| row.side == Side::Ledger && row.is_payout());
    if !books_payouts {
        rows.retain(|row| !row.is_payout());
    }
    let kept = rows.len();
    let mut set_aside = counts.ledger.saturating_add(counts.settlement).saturating_sub(kept);

    let rows = sorted(rows, &|a, b| (a.kind, &a.reference, a.side).cmp(&(b.kind, &b.reference, b.side)));
    let due = |row: &Row| row.occurred_at.map(|at| at.saturating_add(options.window()));
    let is_due = |row: &Row| due(row).zip(as_of).is_none_or(|(due, as_of)| due < as_of);

    let mut matched = 0_usize;
    let mut breaks = Vec::new();
    let mut in_flight = Vec::new();
    for same in rows.chunk_by(|a, b| (a.kind, &a.reference) == (b.kind, &b.reference)) {
        let Some(kind) = same.first().map(|row| row.kind) else { continue };
        let (mut left, mut right) = (Vec::new(), Vec::new());
        for row in same {
            if row.side == Side::Ledger { left.push(row) } else { right.push(row) }
        }
        let verdict: Verdict<'_> = judge(kind, &Group::of(left, right), is_due);
        matched = matched.saturating_add(verdict.matched);
        set_aside = set_aside.saturating_add(verdict.set_aside);
        for (unit, kinds) in verdict.breaks {
            breaks.extend(describe(&unit, kinds, as_of, &names));
        }
        for row in verdict.in_flight {
            if let Some(due) = due(row) {
                in_flight.push(InFlight {
                    reference: row.reference.clone().into_string(),
                    due,
                    kind: row.kind,
                    amount: row.amount,
                    currency: row.currency,
                });
            }
        }
    }
    let mut breaks = sorted(breaks, &|a: &Break, b: &Break| {
        (&a.reference, a.kind, &a.id).cmp(&(&b.reference, b.kind, &b.id))
    });
    tell_apart(&mut breaks);
    let in_flight = sorted(in_flight, &|a: &InFlight, b: &InFlight| {
        (a.due, &a.reference, a.amount).cmp(&(b.due, &b.reference, b.amount))
    });
    Report { rows: counts, matched, set_aside, as_of, breaks, in_flight }
}

/// The break of a unit; `kinds` is never empty.
fn describe(unit: &Unit<'_>, kinds: Kinds, as_of: Option<Timestamp>, names: &Names) -> Option<Break> {
    let kind = kinds.iter().next()?;
    let leading = unit.ledger.first().or_else(|| unit.settlement.first())?;
    let value = |row: &Row| match kind {
        BreakKind::FeeMismatch => row.fee.unwrap_or_default(),
        _ => row.amount,
    };
    let (expected, found) = (sum(&unit.ledger, value), sum(&unit.settlement, value));
    let difference = match (expected, found) {
        (Some((left, expected)), Some((right, found))) if left == right => {
            Some(found.saturating_sub(expected))
        }
        _ => None,
    };
    let aged = if unit.ledger.is_empty() { &unit.settlement } else { &unit.ledger };
    let since = aged.iter().filter_map(|row| row.occurred_at).min();
    let age_days =
        as_of.zip(since).map(|(as_of, since)| as_of.since(since).get().checked_div(DAY_MS).unwrap_or(0));

    let mut identities = Vec::new();
    for rows in [&unit.ledger, &unit.settlement] {
        for row in rows {
            identities.push(row.identity());
        }
    }
    let identities = sorted(identities, &String::cmp);

    Some(Break {
        id: break_id(kind, &identities, 0),
        kind,
        secondary: kinds.iter().skip(1).collect(),
        reference: leading.reference.clone().into_string(),
        currency: leading.currency,
        expected: expected.map(|(_, sum)| sum),
        found: found.map(|(_, sum)| sum),
        difference,
        age_days,
        ledger: places(&unit.ledger, &names.ledger),
        settlement: places(&unit.settlement, &names.settlement),
        explanation: wording::explain(kind, unit, age_days),
    })
}

/// Breaks whose rows have nothing that tells them apart are numbered. They stand side by side.
fn tell_apart(breaks: &mut [Break]) {
    let mut before: Option<String> = None;
    let mut repeat = 0_usize;
    for found in breaks {
        if before.as_ref() == Some(&found.id) {
            repeat = repeat.saturating_add(1);
            found.id = break_id(found.kind, core::slice::from_ref(&found.id), repeat);
        } else {
            before = Some(found.id.clone());
            repeat = 0;
        }
    }
}

/// Currency and sum of rows; `None` without rows or in several currencies.
fn sum(rows: &[&Row], value: impl Fn(&Row) -> i64) -> Option<(Currency, i128)> {
    let currency = rows.first()?.currency;
    if rows.iter().any(|row| row.currency != currency) {
        return None;
    }
    let sum = rows.iter().fold(0_i128, |sum, row| sum.saturating_add(i128::from(value(row))));
    Some((currency, sum))
}

fn places(rows: &[&Row], files: &[String]) -> Vec<RowPlace> {
    let mut places = Vec::new();
    for row in sorted(rows.to_vec(), &|a, b| (a.file, a.line).cmp(&(b.file, b.line))) {
        places.push(RowPlace { file: files.get(row.file).cloned().unwrap_or_default(), line: row.line });
    }
    places
}
