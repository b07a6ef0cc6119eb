//! Of a row without a partner, what came nearest to one, and the first thing that kept the two apart.
//!
//! A candidate is a row of the other side that nobody else has, so that to name it is never wrong, only sometimes of no
//! use. It decides nothing.

use super::IS_FAST;
use super::breaks::RowPlace;
use super::findings::{BY_AMOUNT, BY_ID, Rule};
use super::group::Unit;
use super::lone::is_near;
use super::order::{sorted, stretch};
use super::packed::{Fields, put_count};
use super::parts::spread;
use super::report::place;
use super::row::Row;
use super::window::Window;
use crate::json::ObjectWriter;
use crate::prelude::*;

/// What may keep two rows apart.
const GATES: [&str; 6] = ["type", "currency", "amount", "reference", "occurred_at", "unique"];

/// Of so many rows of one amount none is called the nearest.
const LOOKED_AT_MAX: usize = 100;

/// A candidate, before it is put into words.
#[derive(Clone, Copy, Debug)]
pub(super) struct Near<'r> {
    pub(super) row: &'r Row<'r>,
    pub(super) rule: Rule,
    /// Its place among [`GATES`].
    pub(super) gate: u8,
}

/// The row that came nearest to being the other side of a break.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Nearest {
    /// Where it stands.
    pub place: RowPlace,
    /// Its reference, or its id where it has none.
    pub reference: String,
    /// The pass that would have brought the two together, with its version.
    pub rule: &'static str,
    /// What kept them apart: `type`, `currency`, `amount`, `reference` (both have one, and they differ), `occurred_at`
    /// (too far away), or `unique` (there are several like it).
    pub differs: &'static str,
}

impl Nearest {
    pub(super) fn of(row: &Row<'_>, rule: Rule, differs: &'static str, names: &[Vec<&str>; 3]) -> Self {
        let reference = if row.reference.is_empty() { row.id } else { row.reference }.to_owned();
        Self { place: place(row, names), reference, rule: rule.name(), differs }
    }

    pub(super) fn to_json(&self) -> String {
        let Self { place, reference, rule, differs } = self;
        let out = ObjectWriter::new().text("file", &place.file).number("line", place.line);
        out.text("reference", reference).text("rule", rule).text("differs", differs).finish()
    }
}

impl<'r> Near<'r> {
    pub(super) fn pack(&self, out: &mut Vec<u8>) {
        out.push(self.rule.0);
        out.push(self.gate);
        put_count(out, self.row.packed.len());
        out.extend_from_slice(self.row.packed);
    }

    /// In words.
    pub(super) fn told(&self, names: &[Vec<&str>; 3]) -> Option<Nearest> {
        GATES.get(usize::from(self.gate)).map(|gate| Nearest::of(self.row, self.rule, gate, names))
    }

    /// Rule, gate and row.
    pub(super) fn unpack(fields: &mut Fields<'r>) -> Option<(Rule, u8, Row<'r>)> {
        let (rule, gate) = (Rule(fields.byte()?), fields.byte()?);
        let _ = GATES.get(usize::from(gate))?;
        let _ = fields.count()?;
        Some((rule, gate, Row::unpack(fields)?))
    }
}

/// The rows of one side that stand alone, by what they may be found by.
pub(super) struct Candidates<'r> {
    by_id: Vec<&'r Row<'r>>,
    by_value: Vec<&'r Row<'r>>,
}

/// What rows may be asked for by rows of the other side, or seem to be: to sort those that nobody asks for takes longer than
/// all questions. Where size counts more, everything may be.
pub(super) struct Asked<'n> {
    /// A bit for each number that is asked for, by its hash. There are 64 bits or more for each, so that few others share one.
    bits: Vec<u64>,
    number: &'n dyn Fn(&Row<'_>) -> i64,
}

impl<'n> Asked<'n> {
    /// Asked for by the first row of each unit, by a number.
    #[inline]
    pub(super) fn by(others: &[Unit<'_>], number: &'n dyn Fn(&Row<'_>) -> i64) -> Self {
        let mut asked = Self { bits: Vec::new(), number };
        if IS_FAST {
            asked.bits = vec![0; others.len().next_power_of_two()];
            for row in others.iter().filter_map(|unit| unit.rows().next()) {
                let (place, bit) = asked.place(row);
                if let Some(bits) = asked.bits.get_mut(place) {
                    *bits |= bit;
                }
            }
        }
        asked
    }

    #[cfg_attr(feature = "wasm-reconcile-sieve", inline(never))]
    pub(super) fn has(&self, row: &Row<'_>) -> bool {
        let is_set = |(place, bit): (usize, u64)| self.bits.get(place).is_some_and(|bits| bits & bit != 0);
        !IS_FAST || is_set(self.place(row))
    }

    /// Where the bit of a row stands.
    #[cfg_attr(feature = "wasm-reconcile-sieve", inline(never))]
    fn place(&self, row: &Row<'_>) -> (usize, u64) {
        let mixed = (self.number)(row).cast_unsigned().wrapping_mul(0x9e37_79b9_7f4a_7c15);
        let place = usize::try_from(mixed >> 32).unwrap_or_default() & self.bits.len().wrapping_sub(1);
        (place, 1_u64.rotate_left(u32::try_from(mixed >> 58).unwrap_or_default()))
    }
}

/// A number that is the same for the same id.
pub(super) fn number_of(id: &str) -> i64 {
    spread(id.as_bytes()).into()
}

impl<'r> Candidates<'r> {
    /// Those among `units` that a row of `others` may ask for.
    pub(super) fn of(units: &[Unit<'r>], others: &[Unit<'_>]) -> Self {
        let asked = |number: &dyn Fn(&Row<'_>) -> i64| {
            let asked = Asked::by(others, number);
            let rows = units.iter().filter_map(|unit| unit.rows().next());
            rows.filter(|row| asked.has(row)).collect::<Vec<&Row<'_>>>()
        };
        let mut named = asked(&|row| number_of(row.id));
        named.retain(|row| !row.id.is_empty());
        Self {
            by_id: sorted(named, &|a: &&Row<'_>, b: &&Row<'_>| {
                (a.id, value(a), a.reference).cmp(&(b.id, value(b), b.reference))
            }),
            by_value: sorted(asked(&|row| row.amount), &|a: &&Row<'_>, b: &&Row<'_>| {
                (value(a), a.reference, a.id).cmp(&(value(b), b.reference, b.id))
            }),
        }
    }

    /// The candidate for a row of the other side; none where several are equally near, as their order says nothing.
    pub(super) fn nearest(&self, row: &Row<'_>, window: &Window) -> Option<Near<'r>> {
        let named =
            if row.id.is_empty() { &[][..] } else { stretch(&self.by_id, &|other| other.id.cmp(row.id)) };
        let alike = stretch(&self.by_value, &|other| value(other).cmp(&value(row)));
        let found = |rule, rows: &[&'r Row<'r>]| {
            let rows = rows.get(..LOOKED_AT_MAX).unwrap_or(rows);
            let distance = |other: &&Row<'_>| {
                let times = other.occurred_at.zip(row.occurred_at);
                times.map_or(u64::MAX, |(a, b)| a.max(b).since(a.min(b)).get())
            };
            let least = rows.iter().map(distance).min()?;
            let mut nearest = rows.iter().filter(|other| distance(other) == least);
            let only = nearest.next().filter(|_| nearest.next().is_none() && rows.len() < LOOKED_AT_MAX)?;
            Some(Near { row: only, rule, gate: gate(row, only, window) })
        };
        found(BY_ID, named).or_else(|| found(BY_AMOUNT, alike))
    }
}

fn value(row: &Row<'_>) -> impl Ord {
    (row.kind, row.currency, row.amount)
}

/// The first thing that keeps two rows apart.
fn gate(a: &Row<'_>, b: &Row<'_>, window: &Window) -> u8 {
    let gates = [
        a.kind != b.kind,
        a.currency != b.currency,
        a.amount != b.amount,
        a.is_keyed && b.is_keyed && a.reference != b.reference,
        !is_near(a, b, window),
    ];
    let first = gates.iter().position(|is_shut| *is_shut).unwrap_or(gates.len());
    u8::try_from(first).unwrap_or(0)
}
