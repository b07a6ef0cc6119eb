//! Rows that share type and reference are paired by what decides best: id, then content, then amount, then being the
//! only ones left. A tie is never broken by the order of rows.

use std::collections::BTreeMap;

use super::row::Row;

/// Rows of one event: on each side the row that counts, then its repetitions.
#[derive(Clone, Debug, Default)]
pub(super) struct Unit<'r> {
    pub(super) ledger: Vec<&'r Row>,
    pub(super) settlement: Vec<&'r Row>,
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
type Copies<'r> = Vec<&'r Row>;

impl<'r> Group<'r> {
    /// Pairs the rows of one type and reference.
    pub(super) fn of(ledger: Vec<&'r Row>, settlement: Vec<&'r Row>) -> Self {
        let mut group = Self::default();
        let mut left = distinct(ledger.clone(), &settlement);
        let mut right = distinct(settlement, &ledger);
        group.pair_by(&mut left, &mut right, |row| (!row.id.is_empty()).then(|| row.id.to_string()));
        group.pair_by(&mut left, &mut right, |row| {
            Some(format!("{} {} {:?} {:?}", row.currency, row.amount, row.fee, row.state()))
        });
        group.pair_by(&mut left, &mut right, |row| Some(format!("{} {}", row.currency, row.amount)));
        group.pair_last(&mut left, &mut right, Row::moves_money);
        group.pair_last(&mut left, &mut right, |_| true);
        let alone_left = left.into_iter().map(|ledger| Unit { ledger, settlement: Vec::new() });
        group.ledger = alone_left.collect();
        let alone_right = right.into_iter().map(|settlement| Unit { ledger: Vec::new(), settlement });
        group.settlement = alone_right.collect();
        group
    }

    /// Pairs rows that share a key, in the order of their content where several do.
    fn pair_by(
        &mut self,
        left: &mut Vec<Copies<'r>>,
        right: &mut Vec<Copies<'r>>,
        key: impl Fn(&Row) -> Option<String>,
    ) {
        let key = |copies: &Copies<'r>| copies.first().and_then(|row| key(row));
        let mut waiting: BTreeMap<String, Vec<Copies<'r>>> = BTreeMap::new();
        let mut rest_right = Vec::new();
        // Reversed, so that the first of a key is taken first.
        for copies in core::mem::take(right).into_iter().rev() {
            match key(&copies) {
                Some(found) => waiting.entry(found).or_default().push(copies),
                None => rest_right.push(copies),
            }
        }
        for copies in core::mem::take(left) {
            let partner = key(&copies).and_then(|found| waiting.get_mut(&found)).and_then(Vec::pop);
            match partner {
                Some(settlement) => self.pairs.push(Unit { ledger: copies, settlement }),
                None => left.push(copies),
            }
        }
        rest_right.extend(waiting.into_values().flatten());
        rest_right.sort_by(|a, b| by_content(a, b));
        *right = rest_right;
    }

    /// Pairs the only row left on each side, of those that `counts` lets in.
    fn pair_last(
        &mut self,
        left: &mut Vec<Copies<'r>>,
        right: &mut Vec<Copies<'r>>,
        counts: impl Fn(&Row) -> bool,
    ) {
        let only = |side: &[Copies<'r>]| {
            let mut found =
                side.iter().enumerate().filter(|(_, copies)| copies.first().is_some_and(|row| counts(row)));
            let first = found.next().map(|(index, _)| index);
            if found.next().is_some() { None } else { first }
        };
        if let (Some(index), Some(other)) = (only(left), only(right)) {
            let unit = Unit { ledger: left.remove(index), settlement: right.remove(other) };
            self.pairs.push(unit);
        }
    }

    /// All units, pairs first.
    pub(super) fn units(&self) -> impl Iterator<Item = &Unit<'r>> {
        self.pairs.iter().chain(&self.ledger).chain(&self.settlement)
    }
}

fn by_content(a: &Copies<'_>, b: &Copies<'_>) -> core::cmp::Ordering {
    a.first().map(|row| row.content()).cmp(&b.first().map(|row| row.content()))
}

/// Rows that say the same event twice become one with repetitions.
///
/// With an id, the same id is the same event. Without, rows of the same content are the same event only as far as the
/// other side has fewer of them: two equal refunds may well be two.
fn distinct<'r>(mut rows: Vec<&'r Row>, others: &[&Row]) -> Vec<Copies<'r>> {
    rows.sort_by(|a, b| a.content().cmp(&b.content()).then_with(|| (a.file, a.line).cmp(&(b.file, b.line))));
    let mut found: Vec<Copies<'r>> = Vec::new();
    let mut equals: Vec<Vec<&'r Row>> = Vec::new();
    for row in rows {
        match equals.last_mut() {
            Some(last) if last.first().is_some_and(|first| same_event(first, row)) => last.push(row),
            _ => equals.push(vec![row]),
        }
    }
    for same in equals {
        let Some(first) = same.first() else { continue };
        let kept = if first.id.is_empty() {
            let opposite = others
                .iter()
                .filter(|other| (other.currency, other.amount) == (first.currency, first.amount));
            opposite.count().max(1)
        } else {
            1
        };
        let kept = kept.min(same.len());
        let (events, copies) = same.split_at_checked(kept).unwrap_or((&same, &[]));
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
    a.id == b.id && (!a.id.is_empty() || (content(a) == content(b) && a.state() == b.state()))
}
