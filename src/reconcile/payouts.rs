//! A payout is the sum of its lines, or what is missing is named: by the breaks of its lines, by a line that stands in
//! another payout, or as a break of its own.

use super::IS_FAST;
use super::classes::{BreakKind, Hop, Kinds};
use super::findings::{BY_PAYOUT, BY_SUM, Finding, Findings, Shown};
use super::group::Unit;
use super::matches::MadeBy;
use super::order::sorted_by_text;
use super::row::{Row, Side, called};
use super::summed::{self, Asked, Summed};
use super::window::{DAY_MS, Window};
use crate::ledger::EventType;
use crate::money::Currency;
use crate::prelude::*;
use crate::time::{Millis, Timestamp};

/// How long after its window a line that later ones have overtaken may wait for a payout, where no later one is paid out.
const PATIENCE: Millis = Millis::new(7 * DAY_MS);

/// Money that went to the bank, and what it is made of.
#[derive(Clone, Debug)]
pub(super) struct Payout<'r> {
    /// What lines and bank call it.
    pub(super) key: &'r str,
    pub(super) currency: Currency,
    /// Its rows in the settlement.
    pub(super) paid: Vec<&'r Row<'r>>,
    /// Its rows in the ledger, where the settlement has none.
    pub(super) booked: Vec<&'r Row<'r>>,
    /// Rows that say it came back.
    pub(super) back: Vec<&'r Row<'r>>,
    /// Its lines. Of those that are known as a sum only the ones that are among the rows, of which there is always one.
    pub(super) lines: Vec<&'r Row<'r>>,
    summed: Option<&'r Summed<'r>>,
    /// Sum of the lines; like all sums of a payout in the bits of an amount. Lines beyond that stop at its end, and do not
    /// turn round to what a small payout says.
    pub(super) sum: i64,
}

/// How the effect of a line on its payout is read. The file shows which one it means.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) enum Reading {
    #[default]
    Net,
    AfterFeeAndTax,
    AfterFee,
    Gross,
    AsSigned,
}

pub(super) const READINGS: [Reading; summed::READINGS] =
    [Reading::Net, Reading::AfterFeeAndTax, Reading::AfterFee, Reading::Gross, Reading::AsSigned];

/// A payout that is another amount than the sum of its lines.
#[derive(Debug)]
pub(super) struct Open<'p, 'r> {
    pub(super) payout: &'p Payout<'r>,
    /// What it says.
    pub(super) said: i64,
    /// What came of it: what it says may be what is wrong.
    pub(super) came: i64,
}

/// All payouts of a run.
#[derive(Debug, Default)]
pub(super) struct Payouts<'r> {
    pub(super) all: Vec<Payout<'r>>,
    pub(super) reading: Reading,
    /// Most lines of the settlement name a payout.
    names_payouts: bool,
    /// Payouts are written with a minus.
    is_negated: bool,
}

/// What a row does to the balance.
#[cfg_attr(feature = "wasm-reconcile-sieve", inline(never))]
pub(super) fn effect(row: &Row, reading: Reading) -> i64 {
    let amount = row.amount;
    let fee = row.fee.unwrap_or_default();
    let tax = row.tax.unwrap_or_default();
    let signed = if row.leaves() { 0_i64.wrapping_sub(amount.wrapping_abs()) } else { amount };
    match (reading, row.net) {
        (Reading::Net, Some(net)) if row.leaves() && net > 0 && amount > 0 && net <= amount => {
            net.wrapping_neg()
        }
        (Reading::Net, Some(net)) => net,
        (Reading::Net | Reading::AfterFeeAndTax, _) => signed.wrapping_sub(fee).wrapping_sub(tax),
        (Reading::AfterFee, _) => signed.wrapping_sub(fee),
        (Reading::Gross, _) => signed,
        (Reading::AsSigned, _) => amount.wrapping_sub(fee),
    }
}

impl<'r> Payout<'r> {
    /// What it says it is; the sum of its lines where nothing says so. Positive when it reaches the bank.
    pub(super) fn amount(&self, is_negated: bool) -> i64 {
        let Some(row) = self.paid.first().or_else(|| self.booked.first()) else { return self.sum };
        let amount = row.amount;
        if is_negated { amount.wrapping_neg() } else { amount }
    }

    /// Whether a row of its own says its amount.
    pub(super) fn says(&self) -> bool {
        !(self.paid.is_empty() && self.booked.is_empty())
    }

    /// The row that stands for it.
    pub(super) fn row(&self) -> Option<&'r Row<'r>> {
        self.paid.first().or_else(|| self.booked.first()).or_else(|| self.lines.last()).copied()
    }

    /// Whether a row is of the time of the lines.
    pub(super) fn may_hold(&self, row: &Row) -> bool {
        let Some(at) = row.occurred_at else { return true };
        self.times().is_none_or(|[first, last]| {
            at.saturating_add(PATIENCE) >= first && at <= last.saturating_add(PATIENCE)
        })
    }

    /// The first and the last moment of its lines.
    #[cfg_attr(feature = "wasm-reconcile-sieve", inline(never))]
    pub(super) fn times(&self) -> Option<[Timestamp; 2]> {
        let mut times = self.summed().and_then(|summed| summed.times);
        for at in self.lines.iter().filter_map(|line| line.occurred_at) {
            let [first, last] = times.unwrap_or([at; 2]);
            times = Some([at.min(first), at.max(last)]);
        }
        times
    }

    /// Whether it has lines, if only as a sum.
    const fn has_lines(&self) -> bool {
        !self.lines.is_empty() || self.summed().is_some()
    }

    /// What is known of its lines, where not all are there.
    #[inline]
    const fn summed(&self) -> Option<&'r Summed<'r>> {
        if IS_FAST { self.summed } else { None }
    }

    fn rows(&self) -> Unit<'r> {
        let settlement = if self.paid.is_empty() { &self.lines } else { &self.paid };
        Unit { ledger: self.booked.clone(), settlement: settlement.clone(), ..Unit::default() }
    }
}

/// Whether a row is part of a payout. Money that came back from one payout is a line of a later one.
pub(super) fn is_line(row: &Row) -> bool {
    let is_own =
        *row.payout_id == *row.reference || *row.payout_id == *row.id || *row.payout_id == *row.parent;
    match row.kind {
        Some(EventType::Payout) => false,
        Some(EventType::PayoutFailure) => !row.payout_id.is_empty() && !is_own,
        _ => !row.payout_id.is_empty(),
    }
}

/// What a payout may be called, the best name first.
pub(super) fn names<'r>(row: &Row<'r>) -> [&'r str; 3] {
    [row.payout_id, row.reference, row.id]
}

impl<'r> Payouts<'r> {
    /// Gathers the payouts of the rows, and takes from the lone rows of the ledger those that the lines tell of.
    #[cfg_attr(feature = "wasm-reconcile-sieve", inline(never))]
    pub(super) fn gather(
        rows: &'r [Row<'r>],
        (active, summed): (&[bool], &'r [Summed<'r>]),
        findings: &mut Findings<'r>,
    ) -> Self {
        let settled = || {
            rows.iter().filter(|row| row.side == Side::Settlement && active.get(row.number) == Some(&true))
        };
        let mut lines: Vec<&Row> = settled().filter(|row| is_line(row)).collect();
        lines = sorted_by_text(lines, &|line| (0, line.payout_id), &|a, b| {
            (&a.payout_id, a.number).cmp(&(&b.payout_id, b.number))
        });
        let mut all_lines = settled().filter(|row| !row.is_payout()).count();
        let mut lines_count = lines.len();
        let mut all: Vec<Payout<'r>> = Vec::new();
        for same in lines.chunk_by(|a, b| a.payout_id == b.payout_id) {
            let Some(first) = same.first() else { continue };
            all.push(Payout::new(first.payout_id, first.currency, same.to_vec()));
        }
        for own in summed.iter().filter(|_| IS_FAST) {
            all_lines = all_lines.saturating_add(own.cleared);
            lines_count = lines_count.saturating_add(own.cleared);
            // All have a line, but where nothing is known of rows yet.
            let found = all.binary_search_by(|payout| payout.key.cmp(own.key)).unwrap_or(all.len());
            if found == all.len() {
                all.push(Payout::new(own.key, own.currency, Vec::new()));
            }
            if let Some(payout) = all.get_mut(found) {
                payout.summed = Some(own);
            }
        }
        let place = |all: &[Payout<'r>], row: &Row| {
            let mut found = names(row).into_iter().filter(|name| !name.is_empty());
            found.find_map(|name| all.binary_search_by(|payout| payout.key.cmp(name)).ok())
        };
        for row in settled().filter(|row| row.kind == Some(EventType::Payout)) {
            let found = place(&all, row).unwrap_or_else(|| {
                let key = names(row).into_iter().find(|name| !name.is_empty()).unwrap_or_default();
                let at = all.partition_point(|payout| payout.key < key);
                all.insert(at, Payout::new(key, row.currency, Vec::new()));
                at
            });
            if let Some(payout) = all.get_mut(found) {
                payout.currency = row.currency;
                payout.paid.push(row);
            }
        }
        for row in settled().filter(|row| row.kind == Some(EventType::PayoutFailure)) {
            // Its payout is the one it names; it may itself be a line of a later one.
            let names: [&str; 4] = [row.reference, row.id, row.parent, row.payout_id];
            let mut found = names.into_iter().filter(|name| !name.is_empty());
            let own = found.find_map(|name| all.binary_search_by(|payout| payout.key.cmp(name)).ok());
            if let Some(payout) = own.and_then(|place| all.get_mut(place)) {
                payout.back.push(row);
            }
        }
        findings.ours.retain(|unit| {
            let Some(row) = unit.ledger.first().filter(|row| row.kind == Some(EventType::Payout)) else {
                return true;
            };
            let Some(payout) = place(&all, row).and_then(|place| all.get_mut(place)) else { return true };
            if !payout.paid.is_empty() || !payout.booked.is_empty() {
                return true;
            }
            payout.booked.extend(&unit.ledger);
            false
        });
        let names_payouts = lines_count > 0 && lines_count.saturating_mul(2) >= all_lines;
        let said = || all.iter().filter_map(|payout| payout.paid.first().or_else(|| payout.booked.first()));
        let is_negated = said().filter(|row| row.amount < 0).count().saturating_mul(2) > said().count();
        let mut payouts = Self { all, reading: Reading::Net, names_payouts, is_negated };
        payouts.read();
        payouts
    }

    /// Chooses the reading under which most payouts are the sum of their lines, and sums under it.
    fn read(&mut self) {
        let mut best = 0_usize;
        for reading in READINGS {
            let fits = self.all.iter().filter(|payout| {
                payout.has_lines() && sum(payout, reading) == payout.amount(self.is_negated)
            });
            let fits = fits.filter(|payout| payout.says()).count();
            if fits > best {
                best = fits;
                self.reading = reading;
            }
        }
        for payout in &mut self.all {
            payout.sum = sum(payout, self.reading);
        }
    }

    /// What the payout says it is.
    pub(super) fn amount(&self, payout: &Payout<'_>) -> i64 {
        payout.amount(self.is_negated)
    }

    /// Of each payout whose lines are known as a sum, in the order of keys, what of them the judge may ask for.
    pub(super) fn asked(&self) -> Vec<Asked> {
        let has_rows = self.has_rows();
        let mut all = Vec::new();
        for payout in &self.all {
            let Some(summed) = payout.summed() else { continue };
            let is_right = !payout.paid.is_empty() && self.amount(payout) == payout.sum;
            // Of which currency one without a row is, the first of all its lines says.
            let is_unclear = summed.is_mixed && payout.paid.is_empty();
            all.push(if payout.currency != summed.currency || !payout.booked.is_empty() || is_unclear {
                Asked::All
            } else if is_right || !has_rows {
                // Where no payout says what it is, none is wrong.
                Asked::Last
            } else {
                Asked::First
            });
        }
        all
    }

    /// Whether payouts have rows of their own.
    pub(super) fn has_rows(&self) -> bool {
        self.all.iter().any(Payout::says)
    }

    /// Judges every payout against its lines. `came`: what the bank has under the name of each.
    #[cfg_attr(feature = "wasm-reconcile-sieve", inline(never))]
    pub(super) fn judge(
        &self,
        rows: &'r [Row<'r>],
        came: &[i64],
        window: &Window,
        findings: &mut Findings<'r>,
    ) {
        if !self.names_payouts {
            return;
        }
        self.strangers(rows, findings);
        let mut open: Vec<Open<'_, 'r>> = Vec::new();
        let mut found_new: Vec<Finding<'r>> = Vec::new();
        for (payout, came) in self.all.iter().zip(came) {
            let amount = self.amount(payout);
            let says = payout.paid.first().or_else(|| payout.booked.first()).copied();
            let state = says.and_then(Row::state);
            if payout.lines.is_empty() && !says.is_some_and(|row| row.moves_money() && payout.back.is_empty())
            {
                continue;
            }
            if payout.back.is_empty() && state.is_some_and(|state| state.word() == "failed") {
                // Where the ledger has it in another state, that is the same cause.
                let is_told = |found: &&mut Finding<'_>| {
                    let row = found.unit.settlement.first().map(|row| row.number);
                    row == says.map(|row| row.number)
                        && [BreakKind::StatusStale, BreakKind::StatusMismatch]
                            .into_iter()
                            .any(|kind| found.kinds.contains(kind))
                };
                match findings.breaks.iter_mut().find(is_told) {
                    Some(found) => found.kinds.insert(BreakKind::PayoutNotReversed),
                    None => found_new.push(of_payout(BreakKind::PayoutNotReversed, payout, None)),
                }
            }
            if says.is_some() && !self.is_explained(payout, amount, findings) {
                open.push(Open { payout, said: amount, came: if *came == 0 { amount } else { *came } });
            } else if !payout.booked.is_empty() {
                let unit = Unit { made_by: MadeBy::PAYOUT, ..payout.rows() };
                findings.agree(&unit, Hop::Payout, BY_PAYOUT);
            }
        }
        let moved = self.moved(&open, findings);
        for one in &moved {
            let is_told = findings.breaks.iter().any(|found| {
                found.kinds.contains(BreakKind::PeriodShift)
                    && found.unit.settlement.first().is_some_and(|row| row.number == one.line.number)
            });
            if !is_told {
                found_new.push(shifted(one.line, rows));
            }
        }
        for Open { payout, said, came } in open {
            // Once its lines stand where they belong.
            let change =
                moved.iter().fold(0_i64, |change, one| change.wrapping_add(one.change_of(payout.key)));
            if change != 0 && self.is_explained(payout, said.wrapping_sub(change), findings) {
                continue;
            }
            // One whose lines are missing has none either; then those explain what came.
            let has_none = payout.lines.is_empty() && change == 0;
            if has_none && (came == said || !self.is_explained(payout, came, findings)) {
                found_new.push(of_payout(BreakKind::UnsupportedBySource, payout, None));
                continue;
            }
            let shown = (Some(payout.sum.wrapping_add(change)), Some(said));
            let mut found = of_payout(BreakKind::GroupSumMismatch, payout, Some(shown));
            found.kinds.insert(BreakKind::ResidualUnexplained);
            found_new.push(found);
        }
        findings.breaks.extend(found_new);
        self.unpaid(rows, window, findings);
    }

    /// Lines in a payout of another currency cannot be meant for it.
    fn strangers(&self, rows: &'r [Row<'r>], findings: &mut Findings<'r>) {
        let places = findings.by_row(rows.len());
        for payout in self.all.iter().filter(|payout| !payout.paid.is_empty()) {
            for line in payout.lines.iter().filter(|line| line.currency != payout.currency) {
                let own = places.get(line.number).copied().flatten();
                match own.and_then(|place| findings.breaks.get_mut(place)) {
                    // Time says something only of rows whose values agree.
                    Some(found) if !found.kinds.of_value() => found.kinds.insert(BreakKind::PeriodShift),
                    Some(_) => {}
                    None => findings.breaks.push(shifted(line, rows)),
                }
            }
        }
    }

    /// Lines that are due and in no payout, though later ones are.
    fn unpaid(&self, rows: &'r [Row<'r>], window: &Window, findings: &mut Findings<'r>) {
        let places = findings.by_row(rows.len());
        let mut latest: Vec<(Currency, Option<Timestamp>)> = Vec::new();
        for line in self.all.iter().flat_map(|payout| &payout.lines) {
            match latest.iter_mut().find(|(currency, _)| *currency == line.currency) {
                Some((_, last)) => *last = line.occurred_at.max(*last),
                None => latest.push((line.currency, line.occurred_at)),
            }
        }
        // Those that are known as a sum have a line of their currency there.
        for summed in self.all.iter().filter_map(Payout::summed) {
            if let Some((_, last)) = latest.iter_mut().find(|(currency, _)| *currency == summed.currency) {
                *last = summed.times.map(|[_, last]| last).max(*last);
            }
        }
        for row in rows.iter().filter(|row| row.side == Side::Settlement && row.payout_id.is_empty()) {
            let Some(at) = row.occurred_at.filter(|_| !row.is_payout() && row.moves_money()) else {
                continue;
            };
            if row.kind.is_none() || !window.of(row.account).is_over(Some(at)) {
                continue;
            }
            let last =
                latest.iter().find(|(currency, _)| *currency == row.currency).and_then(|(_, last)| *last);
            let is_overtaken = last.is_some_and(|last| last > at);
            if !is_overtaken && !window.of(row.account).is_over(Some(at.saturating_add(PATIENCE))) {
                continue;
            }
            let own =
                places.get(row.number).copied().flatten().and_then(|place| findings.breaks.get_mut(place));
            if let Some(found) = own {
                found.kinds.insert(BreakKind::MissingPayout);
            } else {
                findings.add(BreakKind::MissingPayout, Unit::of(&[row]), Hop::Payout, BY_PAYOUT);
            }
        }
    }
}

impl<'r> Payout<'r> {
    const fn new(key: &'r str, currency: Currency, lines: Vec<&'r Row<'r>>) -> Self {
        Self {
            key,
            currency,
            paid: Vec::new(),
            booked: Vec::new(),
            back: Vec::new(),
            lines,
            summed: None,
            sum: 0,
        }
    }
}

/// The break of a line that stands in the wrong payout.
fn shifted<'r>(line: &'r Row<'r>, rows: &'r [Row<'r>]) -> Finding<'r> {
    let partner = called(rows, line.kind, line.reference).iter().find(|row| row.side == Side::Ledger);
    let unit = Unit { ledger: partner.into_iter().collect(), settlement: vec![line], ..Unit::default() };
    Finding::new(Kinds::only(BreakKind::PeriodShift), unit, Hop::Payout, BY_PAYOUT)
}

fn sum(payout: &Payout<'_>, reading: Reading) -> i64 {
    if let Some(summed) = payout.summed() {
        let known = READINGS.iter().position(|known| *known == reading);
        return known.and_then(|at| summed.sums.get(at)).copied().unwrap_or_default();
    }
    let lines = payout.lines.iter().filter(|line| line.currency == payout.currency);
    lines.fold(0, |sum, line| sum.saturating_add(effect(line, reading)))
}

pub(super) fn of_payout<'r>(
    kind: BreakKind,
    payout: &Payout<'r>,
    amounts: Option<(Option<i64>, Option<i64>)>,
) -> Finding<'r> {
    let rule = if kind == BreakKind::GroupSumMismatch { BY_SUM } else { BY_PAYOUT };
    let mut found = Finding::new(Kinds::only(kind), payout.rows(), Hop::Payout, rule);
    found.reference = Some(payout.key);
    found.shown = amounts.map(|(expected, found)| {
        let [expected, found] = [expected, found].map(|sum| sum.map(i128::from));
        Box::new(Shown { currency: payout.currency, expected, found })
    });
    found
}
