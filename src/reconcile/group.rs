//! Rows that share type and reference are paired by what decides best: id, then content, then amount, then being the
//! only ones left. A tie is never broken by the order of rows.

use alloc::borrow::Cow;
use core::cmp::Ordering;

use super::IS_FAST;
use super::matches::MadeBy;
use super::order::{order, sorted};
use super::row::{self, Row};
use super::states::State;
use crate::prelude::*;

/// Rows of one event: on each side the row that counts, then its repetitions.
#[derive(Clone, Debug, Default)]
pub(super) struct Unit<'r> {
    pub(super) ledger: Vec<&'r Row<'r>>,
    pub(super) settlement: Vec<&'r Row<'r>>,
    pub(super) bank: Vec<&'r Row<'r>>,
    /// What brought them together.
    pub(super) made_by: MadeBy,
}

impl<'r> Unit<'r> {
    /// All rows, those of the ledger first.
    pub(super) fn rows(&self) -> impl Iterator<Item = &'r Row<'r>> {
        self.ledger.iter().chain(&self.settlement).chain(&self.bank).copied()
    }

    /// Rows of any sides.
    pub(super) fn of(rows: &[&'r Row<'r>]) -> Self {
        let mut unit = Self::default();
        for row in rows {
            unit.push(row);
        }
        unit
    }

    /// Adds a row of any side.
    pub(super) fn push(&mut self, row: &'r Row<'r>) {
        let side = match row.side {
            row::Side::Ledger => &mut self.ledger,
            row::Side::Settlement => &mut self.settlement,
            row::Side::Bank => &mut self.bank,
        };
        side.push(row);
    }

    /// Adds the rows of another.
    pub(super) fn join(&mut self, other: &Self) {
        self.ledger.extend(&other.ledger);
        self.settlement.extend(&other.settlement);
        self.bank.extend(&other.bank);
    }
}

/// The rows of one type and reference, paired as far as the data decides.
#[derive(Debug, Default)]
pub(super) struct Group<'r> {
    /// A row on each side.
    pub(super) pairs: Vec<Unit<'r>>,
    /// Rows of the ledger without a partner.
    pub(super) ledger: Vec<Unit<'r>>,
    /// Rows of the settlement without a partner.
    pub(super) settlement: Vec<Unit<'r>>,
}

/// A row that counts, with its repetitions.
pub(super) type Copies<'r> = Vec<&'r Row<'r>>;

impl<'r> Group<'r> {
    /// Pairs the rows of one type and reference.
    #[cfg_attr(feature = "wasm-reconcile-sieve", inline(never))]
    pub(super) fn of(ledger: Vec<&'r Row<'r>>, settlement: Vec<&'r Row<'r>>) -> Self {
        let mut group = Self::default();
        // Nearly every reference has one row on each side, and then nothing is left to decide.
        if ledger.len() == 1 && settlement.len() == 1 {
            group.pairs.push(Unit { ledger, settlement, made_by: MadeBy::REFERENCE, ..Unit::default() });
            return group;
        }
        if IS_FAST && ledger.len().saturating_add(settlement.len()) == 1 {
            let side = if settlement.is_empty() { &mut group.ledger } else { &mut group.settlement };
            side.push(Unit { ledger, settlement, ..Unit::default() });
            return group;
        }
        let mut left = distinct(ledger.clone(), &settlement);
        let mut right = distinct(settlement, &ledger);
        group.pair_by(&mut left, &mut right, MadeBy::ID, &|row| {
            (!row.id.is_empty()).then_some(Cow::Borrowed(row.id))
        });
        group.pair_by(&mut left, &mut right, MadeBy::AMOUNT.and(MadeBy::FEE_AND_STATUS), &|row| {
            // Nothing stands for what is absent, and the state last, since it may hold blanks. Not `{:?}`: its escapes
            // weigh five kilobytes of wasm.
            let value = value_text(row);
            let fee = row.fee.map(|fee| fee.digits()).unwrap_or_default();
            Some(Cow::Owned(glued(&[&value, " ", &fee, " ", row.state().map_or("", State::word)])))
        });
        group.pair_by(&mut left, &mut right, MadeBy::AMOUNT, &|row| Some(Cow::Owned(value_text(row))));
        group.pair_last(&mut left, &mut right, &|row| row.moves_money());
        group.pair_last(&mut left, &mut right, &|_| true);
        for ledger in left {
            group.ledger.push(Unit { ledger, ..Unit::default() });
        }
        for settlement in right {
            group.settlement.push(Unit { settlement, ..Unit::default() });
        }
        group
    }

    /// Whether there is one row on each side, as nearly everywhere: then nobody asks how many events there are.
    pub(super) fn is_simple(&self) -> bool {
        let is_one = |unit: &Unit<'_>| unit.ledger.len() == 1 && unit.settlement.len() == 1;
        self.pairs.len() == 1
            && self.ledger.is_empty()
            && self.settlement.is_empty()
            && self.pairs.iter().all(is_one)
    }

    /// Whether there is one row and nothing else: then there is nothing to hold it against here.
    pub(super) fn is_one_row(&self) -> bool {
        let alone = match (&*self.ledger, &*self.settlement) {
            ([only], []) | ([], [only]) => Some(only),
            _ => None,
        };
        self.pairs.is_empty() && alone.is_some_and(|only| only.rows().count() == 1)
    }

    /// Pairs rows that share a key, in the order of their content where several do.
    fn pair_by(
        &mut self,
        left: &mut Vec<Copies<'r>>,
        right: &mut Vec<Copies<'r>>,
        by: MadeBy,
        key: &dyn Fn(&Row<'r>) -> Option<Key<'r>>,
    ) {
        if left.is_empty() || right.is_empty() {
            return;
        }
        let mut ours = Side::sorted(core::mem::take(left), key);
        let mut theirs = Side::sorted(core::mem::take(right), key);
        while let (Some(our_key), Some(their_key)) = (ours.next_key(), theirs.next_key()) {
            match our_key.cmp(their_key) {
                Ordering::Less => ours.pass(),
                Ordering::Greater => theirs.pass(),
                Ordering::Equal => {
                    let unit = ours.take().zip(theirs.take());
                    self.pairs.extend(unit.map(|(ledger, settlement)| Unit {
                        ledger,
                        settlement,
                        made_by: MadeBy::REFERENCE.and(by),
                        ..Unit::default()
                    }));
                }
            }
        }
        *left = ours.rest();
        *right = theirs.rest();
    }

    /// Pairs the only row left on each side, of those that `counts` lets in.
    fn pair_last(
        &mut self,
        left: &mut Vec<Copies<'r>>,
        right: &mut Vec<Copies<'r>>,
        counts: &dyn Fn(&Row) -> bool,
    ) {
        let only = |side: &[Copies<'r>]| {
            let mut found =
                side.iter().enumerate().filter(|(_, copies)| copies.first().is_some_and(|row| counts(row)));
            let first = found.next().map(|(index, _)| index);
            if found.next().is_some() { None } else { first }
        };
        if let (Some(index), Some(other)) = (only(left), only(right)) {
            let unit = Unit {
                ledger: left.remove(index),
                settlement: right.remove(other),
                made_by: MadeBy::REFERENCE.and(MadeBy::LAST),
                ..Unit::default()
            };
            self.pairs.push(unit);
        }
    }

    /// All units, pairs first.
    pub(super) fn units(&self) -> Vec<&Unit<'r>> {
        let mut units = Vec::new();
        for side in [&self.pairs, &self.ledger, &self.settlement] {
            units.extend(side);
        }
        units
    }

    /// The only unit of one side and the several of the other, where none could be paired.
    pub(super) fn whole_and_parts(&self) -> Option<(&'r Row<'r>, Vec<&'r Row<'r>>)> {
        let firsts =
            |units: &[Unit<'r>]| units.iter().filter_map(|unit| unit.rows().next()).collect::<Vec<_>>();
        match (self.pairs.is_empty(), &*firsts(&self.ledger), &*firsts(&self.settlement)) {
            (true, [whole], parts) if parts.len() > 1 => Some((whole, parts.to_vec())),
            (true, parts, [whole]) if parts.len() > 1 => Some((whole, parts.to_vec())),
            _ => None,
        }
    }
}

/// What rows are paired by.
type Key<'r> = Cow<'r, str>;

/// One side of a pairing, walked in the order of its keys.
struct Side<'r> {
    slots: Vec<Option<Copies<'r>>>,
    keys: Vec<Option<Key<'r>>>,
    /// Positions in the order of their keys, the next one last.
    order: Vec<usize>,
}

impl<'r> Side<'r> {
    fn sorted(items: Vec<Copies<'r>>, key: &dyn Fn(&Row<'r>) -> Option<Key<'r>>) -> Self {
        let mut keys = Vec::with_capacity(items.len());
        let mut slots = Vec::with_capacity(items.len());
        for copies in items {
            keys.push(copies.first().and_then(|row| key(row)));
            slots.push(Some(copies));
        }
        let mut order = order(keys.len(), &|a, b| keys.get(a).cmp(&keys.get(b)));
        order.retain(|position| keys.get(*position).is_some_and(Option::is_some));
        order.reverse();
        Self { slots, keys, order }
    }

    fn next_key(&self) -> Option<&str> {
        self.order.last().and_then(|position| self.keys.get(*position)?.as_deref())
    }

    fn pass(&mut self) {
        let _ = self.order.pop();
    }

    fn take(&mut self) -> Option<Copies<'r>> {
        let position = self.order.pop()?;
        self.slots.get_mut(position)?.take()
    }

    /// What was not taken, in the order it came in.
    fn rest(self) -> Vec<Copies<'r>> {
        let mut rest = Vec::new();
        for slot in self.slots {
            rest.extend(slot);
        }
        rest
    }
}

/// `EUR 1000`
fn value_text(row: &Row) -> String {
    glued(&[row.currency.code(), " ", &row.amount.digits()])
}

/// Rows that say the same event twice become one with repetitions.
///
/// With an id, the same id is the same event. Without, rows of the same content are the same event only as far as the
/// other side has fewer of them: two equal refunds may well be two.
fn distinct<'r>(rows: Vec<&'r Row<'r>>, others: &[&Row]) -> Vec<Copies<'r>> {
    let rows = sorted(rows, &|a, b| {
        a.content().cmp(&b.content()).then_with(|| (a.file, a.line).cmp(&(b.file, b.line)))
    });
    let value = |row: &Row| (row.currency, row.amount);
    // Of what bears an id nobody asks.
    let asked = if rows.iter().any(|row| row.id.is_empty()) { others } else { &[] };
    let others = sorted(asked.to_vec(), &|a, b| value(a).cmp(&value(b)));
    let opposite = |row: &Row| {
        let from = others.partition_point(|other| value(other) < value(row));
        let to = others.partition_point(|other| value(other) <= value(row));
        to.saturating_sub(from)
    };
    let mut found: Vec<Copies<'r>> = Vec::new();
    for same in rows.chunk_by(|a, b| same_event(a, b)) {
        let Some(first) = same.first() else { continue };
        let kept = if first.id.is_empty() { opposite(first).clamp(1, same.len()) } else { 1 };
        let (events, copies) = same.split_at_checked(kept).unwrap_or((same, &[]));
        for (index, event) in events.iter().enumerate() {
            let mut unit = vec![*event];
            if index == 0 {
                unit.extend_from_slice(copies);
            }
            found.push(unit);
        }
    }
    found
}

/// An id names one event, also where its rows differ: what differs is found when they are held against the other
/// side.
fn same_event(a: &Row, b: &Row) -> bool {
    let content = |row: &Row| (row.currency, row.amount, row.fee, row.occurred_at);
    // What is held and released again bears one id and both signs.
    (a.amount < 0) == (b.amount < 0)
        && a.id == b.id
        && (!a.id.is_empty() || (content(a) == content(b) && a.state() == b.state()))
}
