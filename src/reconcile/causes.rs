//! Why a payout is another amount than the sum of its lines: breaks of its lines that were found before, or a line that
//! stands in another payout. What neither explains is a break of the payout itself.

use super::classes::BreakKind;
use super::findings::{Finding, Findings};
use super::group::Unit;
use super::payouts::{Open, Payout, Payouts, effect};
use super::row::Row;
use super::subset::{self, Subset, Sums};
use super::summed::LINES_MAX;
use crate::prelude::*;
use core::cell::OnceCell;

/// How many breaks of its lines may together explain a payout.
const CAUSES_MAX: usize = 8;

/// So many breaks of its lines are mended together, to ask what may have arrived.
const MENDED_MAX: usize = 3;

/// So many lines and pairs of lines are tried in a run: a second, where hundreds of payouts are wrong at once. What is not tried
/// is a break of its payout.
const TRIED_MAX: usize = 1 << 24;

/// A line that stands in one payout and is missing in another.
#[derive(Debug)]
pub(super) struct Moved<'r> {
    pub(super) line: &'r Row<'r>,
    weight: i64,
    /// The key of the payout it is missing in, and of the one it stands in.
    short: &'r str,
    long: &'r str,
}

impl Moved<'_> {
    /// What the sum of a payout changes by when the line is put where it belongs.
    pub(super) fn change_of(&self, key: &str) -> i64 {
        match (self.short == key, self.long == key) {
            (true, _) => self.weight,
            (_, true) => self.weight.wrapping_neg(),
            _ => 0,
        }
    }
}

impl<'r> Payouts<'r> {
    /// Whether breaks of its lines explain that a payout is another amount than the sum of its lines.
    pub(super) fn is_explained(&self, payout: &Payout<'r>, amount: i64, findings: &Findings<'r>) -> bool {
        let remainder = amount.wrapping_sub(payout.sum);
        remainder == 0 || explains(&self.causes(payout, findings), remainder)
    }

    /// Whether another amount than the payout says may rightly arrive: where it repeats what is wrong with its lines, what
    /// they should be; where nothing explains it, what they are. Where it is right in spite of its lines, nothing else.
    pub(super) fn may_arrive(&self, payout: &Payout<'r>, found: i64, findings: &Findings<'r>) -> bool {
        let said = self.amount(payout);
        let is_right = said != payout.sum && self.is_explained(payout, said, findings);
        !is_right && self.is_explained(payout, found, findings)
    }

    /// What may rightly arrive of a payout: what it says, and where its lines do not explain that, what they are, with the few
    /// breaks of theirs mended or not.
    pub(super) fn may(&self, payout: &Payout<'r>, findings: &Findings<'r>) -> Vec<i64> {
        let said = self.amount(payout);
        let mut may = vec![said];
        if payout.lines.is_empty() || self.is_explained(payout, said, findings) {
            return may;
        }
        let mut changes = vec![0];
        changes.extend(Sums::of(&self.causes(payout, findings), MENDED_MAX).whole());
        changes.dedup();
        let sums = changes.into_iter().map(|change| payout.sum.wrapping_add(change));
        may.extend(sums.filter(|sum| *sum != said));
        may
    }

    /// What the sum of the lines would change by, if a break of a line were mended: for each break, by what may be true.
    pub(super) fn causes(&self, payout: &Payout<'_>, findings: &Findings<'r>) -> Vec<Vec<i64>> {
        let mut causes = Vec::new();
        // What stands in a file that was delivered twice was counted once.
        let is_counted = |found: &&Finding<'_>| !found.kinds.contains(BreakKind::FileDuplicate);
        for found in findings.breaks.iter().filter(is_counted) {
            let own =
                || found.unit.settlement.iter().filter(|row| row.payout_id == payout.key && !row.is_payout());
            // A line that was found in a wrong payout may be missing here.
            let moved = found.unit.settlement.first().filter(|row| {
                found.kinds.contains(BreakKind::PeriodShift)
                    && row.currency == payout.currency
                    && own().next().is_none()
            });
            causes.extend(match moved {
                Some(line) => Some(vec![effect(line, self.reading)]),
                None => self.mended(payout, found, own().copied().collect()),
            });
        }
        causes
    }

    /// The changes that may mend a break; `None` where it has nothing to do with a payout. `own`: its lines in the payout.
    fn mended(&self, payout: &Payout<'_>, found: &Finding<'r>, own: Vec<&'r Row<'r>>) -> Option<Vec<i64>> {
        let Unit { ledger, settlement, .. } = &found.unit;
        let is_copied = [BreakKind::DuplicateRecordM, BreakKind::IdempotencyConflict]
            .into_iter()
            .any(|kind| found.kinds.contains(kind));
        let counted = if is_copied { 1 } else { ledger.len() };
        let of_payout = |row: &&&Row<'_>| {
            row.currency == payout.currency
                && !row.is_payout()
                && (row.payout_id.is_empty() || row.payout_id == payout.key)
        };
        let ours: Vec<&Row<'_>> = ledger.iter().take(counted).filter(of_payout).copied().collect();
        let alone = settlement.is_empty()
            && ours.first().is_some_and(|row| row.moves_money() && payout.may_hold(row));
        if own.is_empty() && !alone {
            return None;
        }
        // What stands in another currency is in no sum.
        let theirs: Vec<&Row<'_>> = own.into_iter().filter(|row| row.currency == payout.currency).collect();
        let sum = |rows: &[&Row<'_>], mend: &dyn Fn(&mut Row<'_>)| {
            rows.iter().fold(0_i64, |sum, row| {
                let mut row = **row;
                mend(&mut row);
                sum.wrapping_add(effect(&row, self.reading))
            })
        };
        let told = theirs.first().copied();
        let one = theirs.get(..1).unwrap_or_default();
        // Right may be the ledger (the fee it does not know is the provider's), its amounts with the provider's fees, one
        // line as it says, as it sums up or with the ledger's fee, or no line at all.
        let mut right = vec![
            sum(&ours, &|row| {
                (row.fee, row.net) = (row.fee.or(told.and_then(|told| told.fee)), None);
            }),
            sum(&ours, &|row| {
                let (fee, tax) = told.map_or((row.fee, row.tax), |told| (told.fee, told.tax));
                (row.fee, row.tax, row.net) = (fee, tax, None);
            }),
        ];
        if let Some(own) = ours.first() {
            let booked = sum(one, &|row| (row.fee, row.net) = (own.fee.or(row.fee), None));
            right.extend([sum(one, &|_| {}), sum(one, &|row| row.net = None), booked]);
        }
        if [BreakKind::WrongScope, BreakKind::PeriodShift].into_iter().any(|kind| found.kinds.contains(kind))
        {
            right.push(0);
        }
        let now = sum(&theirs, &|_| {});
        let mut changes: Vec<i64> = Vec::new();
        for right in right {
            let change = right.wrapping_sub(now);
            if change != 0 && !changes.contains(&change) {
                changes.push(change);
            }
        }
        Some(changes)
    }

    /// Lines that stand in one payout and are missing in another.
    pub(super) fn moved(&self, open: &[Open<'_, 'r>], findings: &Findings<'r>) -> Vec<Moved<'r>> {
        let mut moved: Vec<Moved<'r>> = Vec::new();
        let mut left = TRIED_MAX;
        // What the breaks of its lines may make of each payout that is wrong: many lines are held against it.
        let reach: Vec<OnceCell<Sums>> = open.iter().map(|_| OnceCell::new()).collect();
        // Whether a payout is right with a line more, by what it says or by what came; or is no further from that, where that
        // is enough.
        let is_better = |place: usize, weight: i64, is_whole: bool, is_giving: bool| {
            let (Some(cell), Some(Open { payout, said, came })) = (reach.get(place), open.get(place)) else {
                return false;
            };
            [*said, *came].into_iter().any(|amount| {
                let before = amount.wrapping_sub(payout.sum);
                let rest = before.wrapping_sub(weight);
                let reach = || cell.get_or_init(|| Sums::of(&self.causes(payout, findings), CAUSES_MAX));
                let is_near = || is_giving && rest.unsigned_abs() <= before.unsigned_abs();
                rest == 0 || if is_whole { reach().make(rest) } else { is_near() }
            })
        };
        // First those that set both payouts right, then those that set one right and leave the other no worse.
        for is_whole in [true, false] {
            for (own, Open { payout: short, .. }) in open.iter().enumerate() {
                for long in &self.all {
                    let is_settled = |key: &str| moved.iter().any(|one| [one.short, one.long].contains(&key));
                    let other = open.iter().position(|one| one.payout.key == long.key);
                    // In a payout of another currency the line is in nobody's sum, and one without a row says no sum.
                    let is_free = long.currency != short.currency || !long.says();
                    if short.key == long.key
                        || is_settled(short.key)
                        || (!is_free && (other.is_none() || is_settled(long.key)))
                    {
                        continue;
                    }
                    let fits = |weight: i64| {
                        let is_better_there = |place| is_better(place, weight.wrapping_neg(), is_whole, true);
                        is_better(own, weight, is_whole, false)
                            && (is_free || other.is_some_and(is_better_there))
                    };
                    let lines: Vec<&Row<'_>> = long
                        .lines
                        .iter()
                        .filter(|line| line.currency == short.currency)
                        // They are tried one by one and two by two.
                        .take(LINES_MAX)
                        .copied()
                        .collect();
                    // As many as there are lines, and pairs of them.
                    let tried = lines.len().saturating_mul(lines.len().saturating_add(1)).div_euclid(2);
                    let Some(rest) = left.checked_sub(tried) else { continue };
                    left = rest;
                    for found in [self.one(&lines, &fits), self.two(&lines, &fits)] {
                        if let [only] = &*found {
                            moved.extend(only.iter().map(|line| Moved {
                                line,
                                weight: effect(line, self.reading),
                                short: short.key,
                                long: long.key,
                            }));
                            break;
                        }
                    }
                }
            }
        }
        moved
    }

    /// The lines that fit alone.
    fn one(&self, lines: &[&'r Row<'r>], fits: &dyn Fn(i64) -> bool) -> Vec<Vec<&'r Row<'r>>> {
        lines.iter().filter(|line| fits(effect(line, self.reading))).map(|line| vec![*line]).collect()
    }

    /// The pairs of lines that fit together.
    fn two(&self, lines: &[&'r Row<'r>], fits: &dyn Fn(i64) -> bool) -> Vec<Vec<&'r Row<'r>>> {
        let mut pairs = Vec::new();
        for (place, first) in lines.iter().enumerate() {
            for second in lines.iter().skip(place).skip(1) {
                if fits(effect(first, self.reading).wrapping_add(effect(second, self.reading))) {
                    pairs.push(vec![*first, *second]);
                }
            }
        }
        pairs
    }
}

/// Whether at most one change of each cause, together, make up for what remains.
pub(super) fn explains(causes: &[Vec<i64>], remainder: i64) -> bool {
    subset::find_one_of_each(causes, remainder, CAUSES_MAX) != Subset::None
}
