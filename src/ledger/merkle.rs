//! The root of a day stands for every line of it: a proof of a few hashes shows that a line is among them.
//!
//! The lines of each day are the leaves of a tree as in RFC 6962: a leaf is `SHA-256(0x00 || text of the line)`, a node
//! `SHA-256(0x01 || left || right)`, and a tree of n leaves is split at the largest power of two below n. A line belongs to
//! the UTC day it was recorded on, or to the last day before it in the journal if that is later, so that the days follow
//! each other without gaps and a root that was published does not change any more once a later day has begun.

use super::index::day_of;
use super::{Ledger, Line};
use crate::crypto::{Sha256, encode_hex};
use crate::prelude::*;

type Hash = [u8; 32];

/// The lines of one day, and their root.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DayRoot {
    /// Days since 1970 in UTC.
    pub day: u64,
    /// Position of its first line.
    pub from: u64,
    /// Position of its last line.
    pub to: u64,
    /// The root of the tree, 64 lower-case hexadecimal digits.
    pub root: String,
}

/// What shows that a line stands in the journal of a day, to somebody who has the root of that day and nothing else.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Inclusion {
    /// The day, with its root.
    pub day: DayRoot,
    /// Which leaf of the tree the line is, from 0.
    pub index: u64,
    /// How many leaves there are.
    pub size: u64,
    /// The hashes beside the way to the root, from the leaf upwards, in hexadecimal digits.
    pub path: Vec<String>,
}

impl Ledger {
    /// The days of the journal with their roots. Hashes every line.
    #[must_use]
    pub fn days(&self) -> Vec<DayRoot> {
        self.stretches().iter().map(|(day, lines)| day_root(*day, lines, root(&leaves(lines)))).collect()
    }

    /// The proof that a line stands in its day; `None` when no line stands at this position. Hashes the lines of that day.
    #[must_use]
    pub fn inclusion(&self, position: u64) -> Option<Inclusion> {
        let holds = |lines: &[Line]| lines.iter().any(|line| line.position() == position);
        let (day, lines) = self.stretches().into_iter().find(|(_, lines)| holds(lines))?;
        let leaves = leaves(lines);
        let index = lines.iter().position(|line| line.position() == position)?;
        let mut path = Vec::new();
        let top = climb(&leaves, index, &mut path);
        Some(Inclusion {
            day: day_root(day, lines, top),
            index: u64::try_from(index).ok()?,
            size: u64::try_from(leaves.len()).ok()?,
            path: path.iter().map(|hash| encode_hex(hash)).collect(),
        })
    }

    /// Each day with its lines.
    fn stretches(&self) -> Vec<(u64, &[Line])> {
        let mut found = Vec::new();
        let mut rest = self.lines();
        let mut day = 0;
        while let Some(first) = rest.first() {
            day = day.max(day_of(first.record().recorded_at()));
            let same = |line: &Line| day_of(line.record().recorded_at()) <= day;
            let end = rest.iter().position(|line| !same(line)).unwrap_or(rest.len());
            let (lines, later) = rest.split_at_checked(end).unwrap_or((rest, &[]));
            found.push((day, lines));
            rest = later;
        }
        found
    }
}

fn day_root(day: u64, lines: &[Line], root: Hash) -> DayRoot {
    let at = |line: Option<&Line>| line.map(Line::position).unwrap_or_default();
    DayRoot { day, from: at(lines.first()), to: at(lines.last()), root: encode_hex(&root) }
}

fn leaves(lines: &[Line]) -> Vec<Hash> {
    lines.iter().map(|line| hash(0, line.text().as_bytes(), &[])).collect()
}

fn hash(kind: u8, left: &[u8], right: &[u8]) -> Hash {
    let mut digest = Sha256::new();
    digest.update(&[kind]);
    digest.update(left);
    digest.update(right);
    digest.finish()
}

/// The two parts of a tree with more than one leaf.
fn halves(leaves: &[Hash]) -> Option<(&[Hash], &[Hash])> {
    let larger = leaves.len().checked_next_power_of_two()?;
    leaves.split_at_checked(larger.checked_div(2)?).filter(|(left, _)| !left.is_empty())
}

fn root(leaves: &[Hash]) -> Hash {
    match halves(leaves) {
        Some((left, right)) => hash(1, &root(left), &root(right)),
        None => leaves.first().copied().unwrap_or_default(),
    }
}

/// The root, and on the way up the hashes beside the leaf at `index`.
fn climb(leaves: &[Hash], index: usize, path: &mut Vec<Hash>) -> Hash {
    let Some((left, right)) = halves(leaves) else { return leaves.first().copied().unwrap_or_default() };
    let (below, beside) = match index.checked_sub(left.len()) {
        None => (climb(left, index, path), root(right)),
        Some(index) => (climb(right, index, path), root(left)),
    };
    path.push(beside);
    if index < left.len() { hash(1, &below, &beside) } else { hash(1, &beside, &below) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_tree_is_that_of_rfc_6962_for_every_number_of_leaves() {
        let leaf = |number: u8| hash(0, &[number], &[]);
        let node = |left: Hash, right: Hash| hash(1, &left, &right);
        let all: Vec<Hash> = (0..7).map(leaf).collect();
        let pair = |at: u8| node(leaf(at), leaf(at + 1));
        // leaves, root
        let table = [
            (1, leaf(0)),
            (2, pair(0)),
            (3, node(pair(0), leaf(2))),
            (4, node(pair(0), pair(2))),
            (5, node(node(pair(0), pair(2)), leaf(4))),
            (6, node(node(pair(0), pair(2)), pair(4))),
            (7, node(node(pair(0), pair(2)), node(pair(4), leaf(6)))),
        ];
        for (count, expected) in table {
            assert_eq!(root(&all[..count]), expected, "{count} leaves");
            for index in 0..count {
                assert_eq!(climb(&all[..count], index, &mut Vec::new()), expected, "leaf {index} of {count}");
            }
        }
    }
}
