//! The report is a function of what the files say: the same rows give the same breaks in the same order.

use super::IS_FAST;
use super::breaks::{Break, RowPlace, break_id, break_id_of};
use super::classes::BreakKind;
use super::findings::Finding;
use super::group::Unit;
use super::order::sorted;
use super::row::{Row, Side};
use super::window::Window;
use super::wording::{self, Facts};
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
    /// Rows of the bank statements.
    pub bank: usize,
}

/// A ledger row that the settlement may still bring, or a payout that the bank may; not a break.
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
    /// The rules it was judged by: `tillproof-default@1`.
    pub rules: String,
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
                    *sum = sum.wrapping_add(difference);
                }
            }
            Err(at) => self.difference.insert(at, (currency, difference)),
        }
    }
}

/// Kind, currency and difference of breaks, summed by kind.
pub(super) fn totals(
    breaks: &mut dyn Iterator<Item = (BreakKind, Currency, Option<i128>)>,
) -> Vec<(BreakKind, KindTotal)> {
    let mut totals: Vec<(BreakKind, KindTotal)> =
        BreakKind::all().map(|kind| (kind, KindTotal::default())).collect();
    for (kind, currency, difference) in breaks {
        let Some((_, total)) = totals.get_mut(kind.place()) else { continue };
        total.count = total.count.saturating_add(1);
        if let Some(difference) = difference {
            total.add(currency, difference);
        }
    }
    totals.retain(|(_, total)| total.count > 0);
    totals
}

impl Report {
    /// Breaks by their primary kind, in order of precedence; kinds without a break are left out.
    #[must_use]
    pub fn by_kind(&self) -> Vec<(BreakKind, KindTotal)> {
        totals(&mut self.breaks.iter().map(|found| (found.kind, found.currency, found.difference)))
    }

    /// Brings breaks and what is in flight into the order they are told in.
    pub(super) fn sort(&mut self) {
        self.breaks = sorted(core::mem::take(&mut self.breaks), &|a: &Break, b: &Break| {
            (&a.reference, a.kind, &a.id).cmp(&(&b.reference, b.kind, &b.id))
        });
        tell_apart(&mut self.breaks);
        self.sort_in_flight();
    }

    pub(super) fn sort_in_flight(&mut self) {
        self.in_flight = sorted(core::mem::take(&mut self.in_flight), &|a: &InFlight, b: &InFlight| {
            (a.due, &a.reference, a.amount).cmp(&(b.due, &b.reference, b.amount))
        });
    }

    /// The document `tillproof reconcile --json` prints, version 1.
    #[must_use]
    pub fn to_json(&self) -> String {
        let mut breaks = ArrayWriter::new();
        for found in &self.breaks {
            breaks = breaks.raw(&found.to_json());
        }
        ObjectWriter::new()
            .number("version", 1)
            .raw("summary", &self.summary())
            .raw("breaks", &breaks.finish())
            .raw("in_flight", &self.in_flight_json())
            .finish()
    }

    fn in_flight_json(&self) -> String {
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
        in_flight.finish()
    }

    fn summary(&self) -> String {
        self.summary_of(&self.by_kind(), self.breaks.len())
    }

    /// The same where breaks were counted elsewhere.
    pub(super) fn summary_of(&self, totals: &[(BreakKind, KindTotal)], breaks: usize) -> String {
        let rows = ObjectWriter::new()
            .number("ledger", count(self.rows.ledger))
            .number("settlement", count(self.rows.settlement))
            .number("bank", count(self.rows.bank));
        let mut by_kind = ObjectWriter::new();
        for (kind, total) in totals {
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
            .number("breaks", count(breaks))
            .number("set_aside", count(self.set_aside));
        let out = match self.as_of {
            Some(moment) => out.text("as_of", &calendar::rfc3339(moment)),
            None => out.null("as_of"),
        };
        out.text("rules", &self.rules).raw("by_kind", &by_kind.finish()).finish()
    }
}

fn count(number: usize) -> u64 {
    u64::try_from(number).unwrap_or(u64::MAX)
}

/// What a finding comes to, before it is put into words.
pub(super) struct Figures<'f, 'r> {
    pub(super) kind: BreakKind,
    /// The first row.
    pub(super) row: &'r Row<'r>,
    pub(super) reference: &'r str,
    pub(super) expected: Value,
    pub(super) actual: Value,
    pub(super) difference: Option<i128>,
    pub(super) currency: Currency,
    /// The rows its age is counted from.
    aged: &'f [&'r Row<'r>],
}

/// What a finding comes to; `None` for one without rows.
#[cfg_attr(feature = "wasm-reconcile-sieve", inline(never))]
pub(super) fn figures<'f, 'r>(found: &'f Finding<'r>) -> Option<Figures<'f, 'r>> {
    let kind = found.kinds.primary()?;
    let unit = &found.unit;
    let row = unit.rows().next()?;
    let (expected, actual) = values(found, kind);
    let difference = match (expected, actual) {
        (Some((left, expected)), Some((right, found))) if left == right => Some(found.wrapping_sub(expected)),
        _ => None,
    };
    let sides = [&unit.ledger, &unit.settlement, &unit.bank];
    let aged = sides.into_iter().find(|rows| !rows.is_empty())?;
    let currency = found.shown.as_ref().map_or(row.currency, |shown| shown.currency);
    Some(Figures { kind, row, reference: found.called(), expected, actual, difference, currency, aged })
}

impl<'r> Figures<'_, 'r> {
    pub(super) fn age_days(&self, window: &Window) -> Option<u64> {
        window.age_days(self.aged.iter().filter_map(|row| row.occurred_at).min())
    }

    /// The sentence of a break.
    pub(super) fn explain(
        &self,
        found: &Finding<'r>,
        names: &[Vec<&str>; 3],
        age_days: Option<u64>,
    ) -> String {
        let Self { kind, row, reference, expected, actual, difference, .. } = *self;
        let file = file_of(row, names);
        wording::explain(kind, &Facts { found, row, file, reference, expected, actual, difference, age_days })
    }
}

/// The break of a finding.
#[cfg_attr(feature = "wasm-reconcile-sieve", inline(never))]
pub(super) fn describe(found: &Finding<'_>, names: &[Vec<&str>; 3], window: &Window) -> Option<Break> {
    let figures = figures(found)?;
    let Figures { kind, reference, expected, actual, difference, currency, .. } = figures;
    let age_days = figures.age_days(window);
    let places = |rows: &[&Row]| in_place(rows).into_iter().map(|row| place(row, names)).collect();
    let unit = &found.unit;
    Some(Break {
        id: found.id(kind),
        kind,
        secondary: found.kinds.iter().skip(1).collect(),
        hop: found.hop,
        rule: found.rule.name(),
        nearest: found.nearest.as_ref().and_then(|near| near.told(names)),
        reference: reference.to_owned(),
        currency,
        expected: expected.map(|(_, sum)| sum),
        found: actual.map(|(_, sum)| sum),
        difference,
        age_days,
        ledger: places(&unit.ledger),
        settlement: places(&unit.settlement),
        bank: places(&unit.bank),
        explanation: figures.explain(found, names, age_days),
    })
}

/// Rows of a side in the order they are told in.
pub(super) fn in_place<'r>(rows: &[&'r Row<'r>]) -> Vec<&'r Row<'r>> {
    sorted(rows.to_vec(), &|a, b| (a.file, a.line).cmp(&(b.file, b.line)))
}

impl<'r> Finding<'r> {
    /// The reference a break is told under.
    pub(super) fn called(&self) -> &'r str {
        let Some(row) = self.unit.rows().next() else { return "" };
        let reference = self.reference.unwrap_or(row.reference);
        if reference.is_empty() { row.id } else { reference }
    }

    /// What the break is called from run to run.
    pub(super) fn id(&self, kind: BreakKind) -> String {
        let Unit { ledger, settlement, bank, .. } = &self.unit;
        if IS_FAST && [ledger, settlement, bank].into_iter().all(|rows| rows.len() < 2) {
            // Identities begin with the names of the sides, which are in this order.
            return break_id_of(self.hop, kind, &mut bank.iter().chain(ledger).chain(settlement));
        }
        let identities = sorted(self.unit.rows().map(Row::identity).collect(), &String::cmp);
        break_id(self.hop, kind, &identities, 0)
    }
}

/// Where a row stands.
pub(super) fn place(row: &Row<'_>, names: &[Vec<&str>; 3]) -> RowPlace {
    RowPlace { file: file_of(row, names).to_owned(), line: row.line }
}

fn file_of<'n>(row: &Row<'_>, [ledger, settlement, bank]: &[Vec<&'n str>; 3]) -> &'n str {
    let names = match row.side {
        Side::Ledger => ledger,
        Side::Settlement => settlement,
        Side::Bank => bank,
    };
    names.get(row.file).copied().unwrap_or_default()
}

/// A sum of minor units.
pub(super) type Value = Option<(Currency, i128)>;

/// What is held against what.
fn values(found: &Finding<'_>, kind: BreakKind) -> (Value, Value) {
    if let Some(shown) = &found.shown {
        let value = |minor: Option<i128>| minor.map(|minor| (shown.currency, minor));
        let found = match value(shown.found) {
            // What came in another currency than was due.
            None if kind == BreakKind::CurrencyMismatch => sum(&found.unit.bank, |row| row.amount),
            found => found,
        };
        return (value(shown.expected), found);
    }
    let unit = &found.unit;
    let value = |row: &Row| match kind {
        BreakKind::FeeMismatch | BreakKind::FeeUnexpected | BreakKind::FeeMissing => {
            row.fee.unwrap_or_default()
        }
        BreakKind::TaxMismatch => row.tax.unwrap_or_default(),
        _ => row.amount,
    };
    let other = if found.unit.bank.is_empty() { &unit.settlement } else { &unit.bank };
    let ours = if found.unit.bank.is_empty() || unit.settlement.is_empty() {
        &unit.ledger
    } else {
        &unit.settlement
    };
    (sum(ours, value), sum(other, value))
}

/// Breaks whose rows have nothing that tells them apart are numbered. They stand side by side.
fn tell_apart(breaks: &mut [Break]) {
    let mut before: Option<String> = None;
    let mut repeat = 0_usize;
    for found in breaks {
        if before.as_ref() == Some(&found.id) {
            repeat = repeat.saturating_add(1);
            found.id = break_id(found.hop, found.kind, core::slice::from_ref(&found.id), repeat);
        } else {
            before = Some(found.id.clone());
            repeat = 0;
        }
    }
}

/// Currency and sum of rows; `None` without rows or in several currencies.
fn sum(rows: &[&Row], value: impl Fn(&Row) -> i64) -> Value {
    let currency = rows.first()?.currency;
    if rows.iter().any(|row| row.currency != currency) {
        return None;
    }
    let sum = rows.iter().fold(0_i128, |sum, row| sum.wrapping_add(i128::from(value(row))));
    Some((currency, sum))
}
