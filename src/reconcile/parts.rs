//! A run may be cut into parts that know nothing of each other: merged in any order, they make one batch.
//!
//! A part holds the rows whose reference falls to its share, and what is known of those that were left out because they
//! agree; the entries of the bank all fall to the first share. Rows of one type and reference are always in one part, so
//! that nothing is decided before all parts are together: a judge refuses a batch that is not whole.

use super::batch::{Head, Section};
use super::order::sorted;
use super::packed::Corrupt;
use super::row::{Row, Side};
use crate::advice::{Advice, Report, reported};
use crate::prelude::*;

/// More parts than any run is cut into.
pub const PARTS_MAX: u32 = 4_096;

/// Which part of a run: one of so many.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Share {
    /// From 0.
    pub index: u32,
    /// How many parts there are, from 1 to [`PARTS_MAX`].
    pub of: u32,
}

/// Why parts were not merged or not judged. Variants stand in order of precedence.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum PartError {
    /// There is no such share.
    NoShare(Share),
    /// Bytes that are no part.
    Corrupt(Corrupt),
    /// The parts are of runs with other files or other options.
    OtherRun,
    /// The same share twice.
    Doubled {
        /// The share.
        index: u32,
    },
    /// Some shares are not there.
    Incomplete {
        /// How many are.
        found: usize,
        /// How many there should be.
        of: u32,
    },
}

impl Share {
    /// The whole run in one part.
    pub const WHOLE: Self = Self { index: 0, of: 1 };

    /// # Errors
    ///
    /// [`PartError::NoShare`].
    pub(super) const fn checked(self) -> Result<Self, PartError> {
        if self.index < self.of && self.of <= PARTS_MAX { Ok(self) } else { Err(PartError::NoShare(self)) }
    }

    /// Whether the rows of a reference fall to this share.
    pub(super) fn holds(self, reference: &[u8]) -> bool {
        self.of == 1 || spread(reference).checked_rem(self.of) == Some(self.index)
    }

    /// Whether a row falls to this share.
    pub(super) fn holds_row(self, row: &Row<'_>) -> bool {
        if row.side == Side::Bank { self.index == 0 } else { self.holds(row.reference.as_bytes()) }
    }
}

/// Multiply and rotate, eight bytes at a time: the same on every machine, so that all workers cut alike.
pub(super) fn spread(text: &[u8]) -> u32 {
    const FACTOR: u64 = 0x9e37_79b9_7f4a_7c15;
    let mut state = FACTOR;
    let mut chunks = text.chunks_exact(8);
    for chunk in &mut chunks {
        let word = <[u8; 8]>::try_from(chunk).map_or(0, u64::from_le_bytes);
        state = (state.rotate_left(23) ^ word).wrapping_mul(FACTOR);
    }
    for byte in chunks.remainder() {
        state = (state.rotate_left(9) ^ u64::from(*byte)).wrapping_mul(FACTOR);
    }
    u32::try_from(state >> 32).unwrap_or_default()
}

/// Makes one part of several, in whatever order they come.
///
/// # Errors
///
/// [`PartError`]; [`PartError::Incomplete`] for none at all.
pub fn merge(parts: &[&[u8]]) -> Result<Vec<u8>, PartError> {
    let mut merged: Option<(Head<'_>, Vec<Section<'_>>)> = None;
    for part in parts {
        let (head, sections) = super::batch::sections(part).map_err(PartError::Corrupt)?;
        merged = Some(match merged {
            None => (head, sections),
            Some((mut whole, mut all)) => {
                if !whole.is_of_the_run_of(&head) {
                    return Err(PartError::OtherRun);
                }
                whole.cleared.join(&head.cleared);
                all.extend(sections);
                (whole, all)
            }
        });
    }
    let Some((head, sections)) = merged else {
        return Err(PartError::Incomplete { found: 0, of: 1 });
    };
    let sections = sorted(sections, &|one: &Section<'_>, next: &Section<'_>| one.index.cmp(&next.index));
    if let Some((doubled, _)) =
        sections.iter().zip(sections.iter().skip(1)).find(|(one, next)| one.index == next.index)
    {
        return Err(PartError::Doubled { index: doubled.index });
    }
    let mut out = Vec::new();
    head.pack(&mut out);
    for section in sections {
        section.pack(&mut out);
    }
    Ok(out)
}

impl PartError {
    pub(super) fn table(&self) -> Report {
        let report = |code: &'static str| Report::new(code).advise(Advice::FixCall);
        match self {
            Self::NoShare(share) => report("reconcile_share_invalid")
                .count("index", usize::try_from(share.index).unwrap_or(usize::MAX))
                .count("of", usize::try_from(share.of).unwrap_or(usize::MAX))
                .say("there is no part {index} of {of}: parts are counted from 0, and there are at most 4096"),
            Self::Corrupt(corrupt) => corrupt.table(),
            Self::OtherRun => report("reconcile_parts_differ").say(
                "the parts are of different runs: all parts of a run have the same files, columns, window and number of parts",
            ),
            Self::Doubled { index } => report("reconcile_part_doubled")
                .count("index", usize::try_from(*index).unwrap_or(usize::MAX))
                .say("part {index} is there twice: merge each part once"),
            Self::Incomplete { found, of } => report("reconcile_parts_missing")
                .count("found", *found)
                .count("of", usize::try_from(*of).unwrap_or(usize::MAX))
                .say("{found} of {of} parts are there: a run is judged when all of them are merged"),
        }
    }
}

reported!(PartError);
