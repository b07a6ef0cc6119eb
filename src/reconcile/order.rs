//! One sort for everything that is sorted here.
//!
//! The standard sort is compiled anew for each type it sorts, six kilobytes of wasm each time. Sorting positions with a
//! comparison behind a pointer costs a little time and is compiled once.

use core::cmp::Ordering;

use crate::prelude::*;

/// The positions 0 to `length` in the order of `compare`; equal ones stay in place.
pub(super) fn order(length: usize, compare: &dyn Fn(usize, usize) -> Ordering) -> Vec<usize> {
    let mut positions: Vec<usize> = (0..length).collect();
    positions.sort_by(|a, b| compare(*a, *b));
    positions
}

/// Items in the order of `compare`; equal ones stay in place.
pub(super) fn sorted<T>(items: Vec<T>, compare: &dyn Fn(&T, &T) -> Ordering) -> Vec<T> {
    let order = order(items.len(), &|a, b| match (items.get(a), items.get(b)) {
        (Some(a), Some(b)) => compare(a, b),
        (None, _) | (_, None) => Ordering::Equal,
    });
    let mut slots: Vec<Option<T>> = items.into_iter().map(Some).collect();
    order.into_iter().filter_map(|position| slots.get_mut(position).and_then(Option::take)).collect()
}
