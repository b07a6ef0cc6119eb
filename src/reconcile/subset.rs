//! Which of several amounts sum to a target: one answer, several, or none, within a bounded number of steps.

use super::order::sorted;
use crate::prelude::*;

/// Steps after which the search gives up: some milliseconds.
const STEPS_MAX: u32 = 1 << 15;

/// What a search found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Subset {
    /// No subset, or none within the steps.
    None,
    /// The only one: positions in the order given.
    Only(Vec<usize>),
    /// More than one, so that nothing is decided.
    Several,
}

struct Search<'a> {
    amounts: &'a [i64],
    /// Where to go on after an amount was chosen.
    next: &'a dyn Fn(usize) -> usize,
    size_max: usize,
    steps: u32,
    chosen: Vec<usize>,
    found: Vec<Vec<usize>>,
}

/// Looks for subsets of at most `size_max` amounts, and at least one, that sum to `target`.
pub(super) fn find(amounts: &[i64], target: i64, size_max: usize) -> Subset {
    search(amounts, target, size_max, &|chosen| chosen.saturating_add(1))
}

/// The same where at most one amount of each group may be taken. Positions count through all groups.
pub(super) fn find_one_of_each(groups: &[Vec<i64>], target: i64, size_max: usize) -> Subset {
    let (amounts, ends) = flat(groups);
    search(&amounts, target, size_max, &|chosen| ends.get(chosen).copied().unwrap_or(usize::MAX))
}

/// The amounts of all groups, and for each where its group ends.
fn flat(groups: &[Vec<i64>]) -> (Vec<i64>, Vec<usize>) {
    let (mut amounts, mut ends) = (Vec::new(), Vec::new());
    for group in groups {
        amounts.extend_from_slice(group);
        ends.extend(group.iter().map(|_| amounts.len()));
    }
    (amounts, ends)
}

/// What [`find_one_of_each`] finds for every target, worked out once for many questions.
#[derive(Debug)]
pub(super) struct Sums {
    /// In order; as often as there are ways to make them.
    sums: Vec<i64>,
    /// Whether these are all there are.
    is_whole: bool,
}

impl Sums {
    pub(super) fn of(groups: &[Vec<i64>], size_max: usize) -> Self {
        let (amounts, ends) = flat(groups);
        let mut gather = Gather { amounts: &amounts, ends: &ends, size_max, steps: 0, sums: Vec::new() };
        gather.walk(0, 1, 0);
        let Gather { steps, sums, .. } = gather;
        Self { sums: sorted(sums, &i64::cmp), is_whole: steps < STEPS_MAX }
    }

    /// All sums in order, or none where they are too many.
    pub(super) fn whole(self) -> Vec<i64> {
        if self.is_whole { self.sums } else { Vec::new() }
    }

    /// Whether there is any answer: where not all was looked at, at least two.
    pub(super) fn make(&self, target: i64) -> bool {
        let from = self.sums.partition_point(|sum| *sum < target);
        let needed = if self.is_whole { 1 } else { 2 };
        let found = self.sums.iter().skip(from).take(needed).filter(|sum| **sum == target);
        found.count() == needed
    }
}

struct Gather<'a> {
    amounts: &'a [i64],
    ends: &'a [usize],
    size_max: usize,
    steps: u32,
    sums: Vec<i64>,
}

impl Gather<'_> {
    /// In the order of [`Search::walk`], so that both look at the same sums.
    fn walk(&mut self, from: usize, size: usize, before: i64) {
        for (index, amount) in self.amounts.iter().enumerate().skip(from) {
            self.steps = self.steps.saturating_add(1);
            if self.steps >= STEPS_MAX {
                return;
            }
            let sum = before.wrapping_add(*amount);
            self.sums.push(sum);
            if size < self.size_max {
                self.walk(self.ends.get(index).copied().unwrap_or(usize::MAX), size.saturating_add(1), sum);
            }
        }
    }
}

fn search(amounts: &[i64], target: i64, size_max: usize, next: &dyn Fn(usize) -> usize) -> Subset {
    let mut search = Search { amounts, next, size_max, steps: 0, chosen: Vec::new(), found: Vec::new() };
    search.walk(0, target);
    if search.steps >= STEPS_MAX && search.found.len() < 2 {
        // What was not looked at might be another answer.
        return Subset::None;
    }
    match (search.found.pop(), search.found.pop()) {
        (None, _) => Subset::None,
        (Some(only), None) => Subset::Only(only),
        _ => Subset::Several,
    }
}

impl Search<'_> {
    fn walk(&mut self, from: usize, left: i64) {
        for (index, amount) in self.amounts.iter().enumerate().skip(from) {
            self.steps = self.steps.saturating_add(1);
            if self.steps >= STEPS_MAX || self.found.len() >= 2 {
                return;
            }
            let rest = left.wrapping_sub(*amount);
            self.chosen.push(index);
            if rest == 0 {
                self.found.push(self.chosen.clone());
            }
            if self.chosen.len() < self.size_max {
                self.walk((self.next)(index), rest);
            }
            let _ = self.chosen.pop();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_sum_is_found_where_there_is_one_and_told_from_several() {
        let table: &[(&[i64], i64, usize, Subset)] = &[
            (&[10, 20, 30], 50, 3, Subset::Only(vec![1, 2])),
            (&[10, 20, 30], 30, 3, Subset::Several),
            (&[10, 20, 35], 65, 2, Subset::None),
            (&[10, 20, 35], 65, 3, Subset::Only(vec![0, 1, 2])),
            (&[-5, 12], 7, 2, Subset::Only(vec![0, 1])),
            (&[], 0, 2, Subset::None),
            (&[1], 2, 2, Subset::None),
        ];
        for (amounts, target, size_max, expected) in table {
            assert_eq!(find(amounts, *target, *size_max), *expected, "{amounts:?} {target}");
        }
        let groups = [vec![1, 10], vec![2, 20], vec![5]];
        let sums = Sums::of(&groups, 3);
        for (target, expected) in [(12, Some(vec![1, 2])), (8, Some(vec![0, 2, 4])), (11, None), (22, None)] {
            assert_eq!(sums.make(target), expected.is_some(), "{target}");
            let expected = expected.map_or(Subset::None, Subset::Only);
            assert_eq!(find_one_of_each(&groups, target, 3), expected, "{target}");
        }
        let many = [1_i64; 60];
        assert_eq!(find(&many, 30, 60), Subset::None, "the search ends");
    }

    #[test]
    fn sums_that_are_worked_out_once_answer_like_a_search_for_each_also_where_both_give_up() {
        for (count, size_max) in [(3_i64, 2), (9, 4), (40, 8)] {
            let groups: Vec<Vec<i64>> = (1..=count).map(|of| vec![of * 7 % 23, of * of % 31 - 9]).collect();
            let sums = Sums::of(&groups, size_max);
            assert_eq!(sums.is_whole, count < 40);
            for target in -200..400 {
                let searched = find_one_of_each(&groups, target, size_max) != Subset::None;
                assert_eq!(sums.make(target), searched, "{count} groups, {target}");
            }
        }
    }
}
