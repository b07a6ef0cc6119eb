//! One sort for everything that is sorted here: stable, over positions, by merging.
//!
//! The standard sort is compiled anew for each type it sorts, and weighs four kilobytes of wasm each time. Sorting
//! positions with a comparison behind a pointer is compiled once, and merging weighs a tenth.

use core::cmp::Ordering;

use super::IS_FAST;
use crate::prelude::*;

/// From so many items on it pays to compare numbers in their place.
const MANY: usize = 64;

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

/// Those of sorted items that `place` calls equal: what comes before is less, and what comes behind is greater.
pub(super) fn stretch<'a, T>(items: &'a [T], place: &dyn Fn(&T) -> Ordering) -> &'a [T] {
    let [from, to] = bounds(items.len(), &|index| items.get(index).map_or(Ordering::Equal, place));
    items.get(from..to).unwrap_or_default()
}

/// The first of so many that is not less, and the first that is greater.
fn bounds(length: usize, place: &dyn Fn(usize) -> Ordering) -> [usize; 2] {
    [Ordering::Less, Ordering::Equal].map(|most| {
        let (mut from, mut to) = (0_usize, length);
        while from < to {
            let middle = from.midpoint(to);
            if place(middle) <= most {
                from = middle.saturating_add(1);
            } else {
                to = middle;
            }
        }
        from
    })
}

/// As [`sorted`], where a small number decides first, and then a text: where many items are sorted, the front of the text is compared
/// as a number, beside the position, and items are only looked at where that is the same. What `compare` says must agree.
pub(super) fn sorted_by_text<T>(
    mut items: Vec<T>,
    text: &dyn Fn(&T) -> (u8, &str),
    compare: &dyn Fn(&T, &T) -> Ordering,
) -> Vec<T> {
    let is_many = items.len() > MANY && u32::try_from(items.len()).is_ok();
    let is_ordered = || items.is_sorted_by(|one, next| compare(one, next).is_le());
    if !IS_FAST || !is_many || is_ordered() {
        return sorted(items, compare);
    }
    let texts = || items.iter().map(|item| text(item).1.as_bytes());
    let shared = shared(&mut texts());
    let mut order: Vec<u128> = Vec::with_capacity(items.len());
    for (item, number) in items.iter().zip(0_u32..) {
        let (first, text) = text(item);
        let rest = text.as_bytes().get(shared..).unwrap_or_default();
        order.push(by_front(first, rest, number));
    }
    order.sort_unstable();
    for same in order.chunk_by_mut(|one, other| is_same_front(*one, *other)).filter(|same| same.len() > 1) {
        sort_alike(same, &|one, other| {
            let both = items.get(position(one)).zip(items.get(position(other)));
            both.map_or(Ordering::Equal, |(a, b)| compare(a, b)).then(one.cmp(&other))
        });
    }
    arrange(order.into_iter().map(position).collect(), &mut |a, b| items.swap(a, b));
    items
}

/// Sorts positions of what the fronts of texts do not tell apart: code of the standard library that is there once, for all kinds
/// of items.
#[inline(never)]
pub(super) fn sort_alike(same: &mut [u128], compare: &dyn Fn(u128, u128) -> Ordering) {
    same.sort_unstable_by(|one, other| compare(*one, *other));
}

/// A small number, the front of a text, and a position, which compare in this order.
fn by_front(first: u8, text: &[u8], position: u32) -> u128 {
    let first = u128::from(first).wrapping_shl(u128::BITS.wrapping_sub(u8::BITS));
    first | (front(text) >> u8::BITS) & !u128::from(u32::MAX) | u128::from(position)
}

/// Whether two of [`by_front`] differ in nothing but their positions.
const fn is_same_front(one: u128, other: u128) -> bool {
    one >> u32::BITS == other >> u32::BITS
}

/// The position of [`by_front`].
fn position(number: u128) -> usize {
    usize::try_from(number & u128::from(u32::MAX)).unwrap_or(usize::MAX)
}

/// How many bytes all texts have in common at their front.
pub(super) fn shared(texts: &mut dyn Iterator<Item = &[u8]>) -> usize {
    let Some(first) = texts.next() else { return 0 };
    texts.fold(first.len(), |shared, text| {
        let both = first.iter().zip(text).take(shared);
        both.take_while(|(one, other)| one == other).count()
    })
}

/// The first sixteen bytes as a number, which is less where the text is.
fn front(text: &[u8]) -> u128 {
    let mut front = [0; 16];
    for (own, byte) in front.iter_mut().zip(text) {
        *own = *byte;
    }
    u128::from_be_bytes(front)
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
    fn by_the_front_of_texts_the_order_is_the_same() {
        let mut state: u32 = 7;
        let mut random = |below: u32| {
            state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            (state >> 16) % below
        };
        for (length, shared) in
            [(65, ""), (500, ""), (700, "order_"), (900, "a reference of more than a few bytes ")]
        {
            // Texts that end early, that have zeros, that differ late, and that are the same.
            let mut items: Vec<(u8, String, usize)> = Vec::new();
            for position in 0..length {
                let tail = ["", "\0", "a", "ab", "ä", "later than eleven bytes", "later than eleven bites"];
                let tail = tail[usize::try_from(random(7)).unwrap()];
                items.push((
                    u8::try_from(random(3)).unwrap(),
                    format!("{shared}{}{tail}", random(40)),
                    position,
                ));
            }
            let compare = |a: &(u8, String, usize), b: &(u8, String, usize)| (a.0, &a.1).cmp(&(b.0, &b.1));
            let expected = sorted(items.clone(), &compare);
            let found = sorted_by_text(items, &|item| (item.0, &item.1), &compare);
            assert_eq!(found, expected, "{length} {shared:?}");
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
