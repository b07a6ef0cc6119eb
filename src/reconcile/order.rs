//! One sort for everything that is sorted here: stable, over positions, by merging.
//!
//! The standard sort is compiled anew for each type it sorts, and weighs four kilobytes of wasm each time. Sorting
//! positions with a comparison behind a pointer is compiled once, and merging weighs a tenth.

use core::cmp::Ordering;

use crate::prelude::*;

/// The positions 0 to `length` in the order of `compare`; equal ones stay in place.
pub(super) fn order(length: usize, compare: &dyn Fn(usize, usize) -> Ordering) -> Vec<usize> {
    let mut positions = Vec::with_capacity(length);
    for position in 0..length {
        positions.push(position);
    }
    // As rows come that were sorted before.
    if (1..length).all(|next| compare(next.saturating_sub(1), next).is_le()) {
        return positions;
    }
    let mut merged = Vec::with_capacity(length);
    // Stretches of this length are in order.
    let mut width: usize = 1;
    while width < length {
        let mut rest = &*positions;
        while !rest.is_empty() {
            let (left, others) = split(rest, width);
            let (right, others) = split(others, width);
            merge(left, right, &mut merged, compare);
            rest = others;
        }
        core::mem::swap(&mut positions, &mut merged);
        merged.clear();
        width = width.saturating_mul(2);
    }
    positions
}

/// The first so many, or all.
fn split(positions: &[usize], length: usize) -> (&[usize], &[usize]) {
    positions.split_at_checked(length).unwrap_or((positions, &[]))
}

/// Appends two stretches as one; of equal positions those on the left come first.
fn merge(
    mut left: &[usize],
    mut right: &[usize],
    merged: &mut Vec<usize>,
    compare: &dyn Fn(usize, usize) -> Ordering,
) {
    // What is in order already costs one comparison.
    let is_ordered = left.last().zip(right.first()).is_none_or(|(a, b)| compare(*a, *b).is_le());
    while let ([first, left_rest @ ..], [next, right_rest @ ..], false) = (left, right, is_ordered) {
        if compare(*first, *next).is_le() {
            merged.push(*first);
            left = left_rest;
        } else {
            merged.push(*next);
            right = right_rest;
        }
    }
    merged.extend_from_slice(left);
    merged.extend_from_slice(right);
}

/// Items in the order of `compare`; equal ones stay in place.
pub(super) fn sorted<T>(mut items: Vec<T>, compare: &dyn Fn(&T, &T) -> Ordering) -> Vec<T> {
    // As most of those are that stand in a break.
    if items.len() < 2 {
        return items;
    }
    let order = order(items.len(), &|a, b| match (items.get(a), items.get(b)) {
        (Some(a), Some(b)) => compare(a, b),
        (None, _) | (_, None) => Ordering::Equal,
    });
    arrange(order, &mut |a, b| items.swap(a, b));
    items
}

/// Brings to each place what stands at the position that `order` names, cycle by cycle.
fn arrange(mut order: Vec<usize>, swap: &mut dyn FnMut(usize, usize)) {
    for start in 0..order.len() {
        let mut place = start;
        // A place that is done names itself, so that a cycle is walked once.
        while let Some(source) = order.get_mut(place).map(|source| core::mem::replace(source, place)) {
            if source == start || source == place {
                break;
            }
            swap(place, source);
            place = source;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_order_is_that_of_the_standard_stable_sort_for_every_length() {
        let mut state: u32 = 7;
        for length in 0..200_usize {
            // Few values, so that there are many equal ones to keep in place.
            let values: Vec<u32> = (0..length)
                .map(|_| {
                    state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
                    (state >> 16) % 13
                })
                .collect();
            let mut expected: Vec<usize> = (0..length).collect();
            expected.sort_by_key(|position| values[*position]);
            assert_eq!(order(length, &|a, b| values[a].cmp(&values[b])), expected, "{values:?}");
            let arranged = sorted(values.iter().copied().enumerate().collect(), &|a, b| a.1.cmp(&b.1));
            assert_eq!(arranged.iter().map(|(position, _)| *position).collect::<Vec<_>>(), expected);
        }
    }

    #[test]
    fn rows_that_are_in_order_are_compared_once_each() {
        let compared = core::cell::Cell::new(0);
        let positions = order(1_024, &|a, b| {
            compared.set(compared.get() + 1);
            a.cmp(&b)
        });
        assert!(positions.is_sorted());
        assert_eq!(compared.get(), 1_023);
    }
}
