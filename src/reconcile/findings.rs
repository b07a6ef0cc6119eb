//! What was found out so far: breaks, what is on its way, and the rows that still stand alone.

use super::classes::{BreakKind, Hop, Kinds};
use super::group::Unit;
use super::matches::Match;
use super::nearest::Near;
use super::row::Row;
use crate::ledger::EventType;
use crate::money::Currency;
use crate::prelude::*;
use crate::time::Timestamp;

/// Currency, expected and found, where a break is not about the amounts of its rows.
#[derive(Clone, Copy, Debug)]
pub(super) struct Shown {
    pub(super) currency: Currency,
    pub(super) expected: Option<i128>,
    pub(super) found: Option<i128>,
}

/// A disagreement, before it is put into words.
#[derive(Clone, Debug)]
pub(super) struct Finding<'r> {
    /// Never empty.
    pub(super) kinds: Kinds,
    pub(super) unit: Unit<'r>,
    pub(super) hop: Hop,
    /// The pass that brought the rows together.
    pub(super) rule: Rule,
    /// What the break is called by, where that is not the reference of its first row.
    pub(super) reference: Option<&'r str>,
    /// Few breaks have any.
    pub(super) shown: Option<Box<Shown>>,
    /// What nearly was the other side of it.
    pub(super) nearest: Option<Near<'r>>,
}

/// A pass of the matching: its place among [`RULES`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Rule(pub(super) u8);

/// By type and reference.
pub(super) const BY_REFERENCE: Rule = Rule(0);
/// By the provider's id, with type and amount.
pub(super) const BY_ID: Rule = Rule(1);
/// By amount, currency and date window, where only one row fits.
pub(super) const BY_AMOUNT: Rule = Rule(2);
/// By the payout that lines belong to.
pub(super) const BY_PAYOUT: Rule = Rule(3);
/// By a parent reference.
pub(super) const BY_PARENT: Rule = Rule(4);
/// By a sum of several.
pub(super) const BY_SUM: Rule = Rule(5);
/// By what the rows say alone.
pub(super) const BY_ROW: Rule = Rule(6);

/// The names of the passes, with their versions.
const RULES: [&str; 7] =
    ["by_reference@1", "by_id@1", "by_amount@1", "by_payout@1", "by_parent@1", "by_sum@1", "by_row@1"];

impl Rule {
    pub(super) fn name(self) -> &'static str {
        RULES.get(usize::from(self.0)).copied().unwrap_or_default()
    }
}

impl<'r> Finding<'r> {
    pub(super) const fn new(kinds: Kinds, unit: Unit<'r>, hop: Hop, rule: Rule) -> Self {
        Self { kinds, unit, hop, rule, reference: None, shown: None, nearest: None }
    }
}

/// What is under way: a row, or a payout, which may be lines alone.
#[derive(Clone, Copy, Debug)]
pub(super) struct Flying<'r> {
    pub(super) reference: &'r str,
    /// When it becomes a break.
    pub(super) due: Timestamp,
    pub(super) kind: Option<EventType>,
    pub(super) amount: i64,
    pub(super) currency: Currency,
}

/// The state of a run.
#[derive(Debug, Default)]
pub(super) struct Findings<'r> {
    pub(super) breaks: Vec<Finding<'r>>,
    /// Pairs that agree in every value, also those of a reference with other trouble.
    pub(super) matched: usize,
    /// Those pairs, where somebody wants to see them.
    pub(super) matches: Option<Vec<Match<'r>>>,
    /// What the other side may still bring.
    pub(super) in_flight: Vec<Flying<'r>>,
    /// Rows that owe nothing to the comparison.
    pub(super) set_aside: usize,
    /// Units of the ledger that nothing was held against yet.
    pub(super) ours: Vec<Unit<'r>>,
    /// The same of the settlement.
    pub(super) theirs: Vec<Unit<'r>>,
}

impl<'r> Findings<'r> {
    /// Notes a break of one kind.
    pub(super) fn add(&mut self, kind: BreakKind, unit: Unit<'r>, hop: Hop, rule: Rule) {
        self.breaks.push(Finding::new(Kinds::only(kind), unit, hop, rule));
    }

    /// Notes rows that agree.
    pub(super) fn agree(&mut self, unit: &Unit<'r>, hop: Hop, rule: Rule) {
        self.matched = self.matched.saturating_add(1);
        self.see(unit, hop, rule);
    }

    /// Keeps a match for whoever wants to see it.
    pub(super) fn see(&mut self, unit: &Unit<'r>, hop: Hop, rule: Rule) {
        if let Some(matches) = &mut self.matches {
            matches.push(Match { rule, hop, unit: unit.clone() });
        }
    }

    /// Takes back that a row agrees.
    pub(super) fn disagree(&mut self, row: &Row<'_>) {
        self.matched = self.matched.saturating_sub(1);
        if let Some(matches) = &mut self.matches {
            matches.retain(|found| found.unit.rows().all(|other| other.number != row.number));
        }
    }

    /// The break each row is part of, by the row's number; `rows` is how many there are.
    pub(super) fn by_row(&self, rows: usize) -> Vec<Option<usize>> {
        let mut places = vec![None; rows];
        for (index, found) in self.breaks.iter().enumerate() {
            for row in found.unit.rows() {
                if let Some(place) = places.get_mut(row.number) {
                    *place = Some(index);
                }
            }
        }
        places
    }
}
