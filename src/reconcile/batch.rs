//! Everything a run is decided by, as bytes: what the artefact that reads files hands to the one that judges.
//!
//! A batch is a version, the names of the files of each side, how late is judged, what was cleared, which files are
//! doubled, into how many parts the run was cut, and then the rows of each part to the end. Whoever judges sees no file,
//! and whoever reads decides nothing.

use super::IS_FAST;
use super::clear::Cleared;
use super::packed::{Corrupt, Fields, put_count, put_maybe, put_moment, put_natural, put_text};
use super::parts::{PartError, Share};
use super::row::{Row, Side};
use super::summed::Summed;
use super::window::Window;
use crate::prelude::*;

/// The first byte of a batch, which no JSON document begins with.
const VERSION: u8 = 2;

/// The same of a batch that has lines of payouts as sums, which the artefact for large files makes and judges alone: they stand
/// behind the head.
const SUMMED_VERSION: u8 = 3;

/// Packed rows seldom have fewer bytes.
const ROW_BYTES: usize = 112;

/// What stands before the rows seldom has more bytes.
const HEAD_BYTES: usize = 1_024;

/// What stands before the rows.
#[derive(Debug, Default)]
pub(super) struct Head<'a> {
    /// Names of the files of the ledger, the settlement and the bank.
    pub(super) names: [Vec<&'a str>; 3],
    pub(super) window: Window,
    /// What is known of the rows that are not among them, because they agree.
    pub(super) cleared: Cleared,
    /// Payouts of whose lines some are not among them either, in the order of their keys.
    pub(super) summed: Vec<Summed<'a>>,
    /// Side and index of each file that holds what another of its side holds.
    pub(super) doubled: Vec<(Side, usize)>,
    /// Into how many parts the run was cut.
    pub(super) of: u32,
    /// Whether the rows come in the order in which the judge looks at them. Known where they stay in one memory alone.
    pub(super) is_in_order: bool,
}

/// The rows of one part, packed.
#[derive(Clone, Copy, Debug)]
pub(super) struct Section<'a> {
    /// Which part.
    pub(super) index: u32,
    pub(super) rows: &'a [u8],
}

impl<'a> Section<'a> {
    pub(super) fn pack(&self, out: &mut Vec<u8>) {
        Self::open(self.index, self.rows.len(), out);
        out.extend_from_slice(self.rows);
    }

    /// What stands before the rows.
    fn open(index: u32, bytes: usize, out: &mut Vec<u8>) {
        out.extend_from_slice(&index.to_le_bytes());
        put_natural(out, u64::try_from(bytes).unwrap_or(u64::MAX));
    }

    fn unpack(fields: &mut Fields<'a>) -> Option<Self> {
        let index = fields.bytes().map(u32::from_le_bytes)?;
        let length = usize::try_from(fields.natural()?).ok()?;
        let (rows, rest) = fields.rest.split_at_checked(length)?;
        fields.rest = rest;
        Some(Self { index, rows })
    }
}

/// The names of files, by which a report calls them.
pub(super) fn put_names(out: &mut Vec<u8>, names: &[Vec<&str>; 3]) {
    for side in names {
        put_count(out, side.len());
        for name in side {
            put_text(out, name);
        }
    }
}

pub(super) fn names<'a>(fields: &mut Fields<'a>) -> Option<[Vec<&'a str>; 3]> {
    let mut names = [const { Vec::new() }; 3];
    for side in &mut names {
        for _ in 0..fields.count()? {
            side.push(fields.text()?);
        }
    }
    Some(names)
}

impl<'a> Head<'a> {
    /// Begins a batch.
    pub(super) fn pack(&self, out: &mut Vec<u8>) {
        let Self { names, window, cleared, summed, doubled, of, is_in_order: _ } = self;
        let has_summed = IS_FAST && !summed.is_empty();
        out.push(if has_summed { SUMMED_VERSION } else { VERSION });
        put_names(out, names);
        put_natural(out, window.days);
        out.push(u8::from(window.is_business));
        put_count(out, window.holidays.len());
        for day in &window.holidays {
            put_moment(out, *day);
        }
        put_maybe(out, window.as_of, put_moment);
        let [ours_timed, theirs_timed] = cleared.timed_sides;
        let counts = [cleared.pairs, cleared.same_instant, cleared.timed, ours_timed, theirs_timed];
        for count in counts.into_iter().chain([cleared.told_fee]) {
            put_count(out, count);
        }
        put_maybe(out, cleared.latest, put_moment);
        put_count(out, doubled.len());
        for (side, file) in doubled {
            out.push(side.byte());
            put_count(out, *file);
        }
        out.extend_from_slice(&of.to_le_bytes());
        if has_summed {
            put_count(out, summed.len());
            summed.iter().for_each(|payout| payout.pack(out));
        }
    }

    /// Whether another part is of the same run.
    pub(super) fn is_of_the_run_of(&self, other: &Head<'_>) -> bool {
        (&self.names, &self.window, &self.doubled, self.of)
            == (&other.names, &other.window, &other.doubled, other.of)
    }

    fn unpack(fields: &mut Fields<'a>) -> Option<Self> {
        let version = fields.byte()?;
        let has_summed = IS_FAST && version == SUMMED_VERSION;
        if version != VERSION && !has_summed {
            return None;
        }
        let names = names(fields)?;
        let mut window = Window { days: fields.natural()?, is_business: fields.flag()?, ..Window::default() };
        for _ in 0..fields.count()? {
            window.holidays.push(fields.moment()?);
        }
        window.as_of = fields.maybe(Fields::moment)?;
        let cleared = Cleared {
            pairs: fields.count()?,
            same_instant: fields.count()?,
            timed: fields.count()?,
            timed_sides: [fields.count()?, fields.count()?],
            told_fee: fields.count()?,
            latest: fields.maybe(Fields::moment)?,
        };
        let mut doubled = Vec::new();
        for _ in 0..fields.count()? {
            doubled.push((Side::unpack(fields)?, fields.count()?));
        }
        let of = fields.bytes().map(u32::from_le_bytes)?;
        let mut summed = Vec::new();
        for _ in 0..if has_summed { fields.count()? } else { 0 } {
            summed.push(Summed::unpack(fields)?);
        }
        Some(Self { names, window, cleared, summed, doubled, of, is_in_order: false })
    }
}

/// Head and sections of a part, or of parts that were merged.
///
/// # Errors
///
/// [`Corrupt`] for bytes that are no batch.
pub(super) fn sections(batch: &[u8]) -> Result<(Head<'_>, Vec<Section<'_>>), Corrupt> {
    let mut fields = Fields::of(batch);
    let head = Head::unpack(&mut fields).ok_or(Corrupt { at: 0 })?;
    let mut sections = Vec::new();
    while !fields.rest.is_empty() {
        let at = batch.len().saturating_sub(fields.rest.len());
        let section = Section::unpack(&mut fields).filter(|section| section.index < head.of);
        sections.push(section.ok_or(Corrupt { at })?);
    }
    Ok((head, sections))
}

/// Head and rows of a batch.
///
/// # Errors
///
/// [`PartError::Corrupt`] for bytes that are no batch, [`PartError::Incomplete`] where a part is missing.
pub(super) fn unpack(batch: &[u8]) -> Result<(Head<'_>, Vec<Row<'_>>), PartError> {
    let (head, sections) = sections(batch).map_err(PartError::Corrupt)?;
    let found = sections.len();
    if usize::try_from(head.of).ok() != Some(found) {
        return Err(PartError::Incomplete { found, of: head.of });
    }
    let bytes = sections.iter().fold(0, |sum: usize, section| sum.saturating_add(section.rows.len()));
    // Rows are moved once for each time that there is no room, and a hundred thousand of them are 25 MB.
    let mut rows = Vec::with_capacity(bytes / ROW_BYTES);
    for section in sections {
        unpack_rows(section.rows, &mut rows)?;
    }
    Ok((head, rows))
}

/// Appends packed rows.
pub(super) fn unpack_rows<'a>(packed: &'a [u8], rows: &mut Vec<Row<'a>>) -> Result<(), PartError> {
    let mut fields = Fields::of(packed);
    while !fields.rest.is_empty() {
        let at = packed.len().saturating_sub(fields.rest.len());
        rows.push(Row::unpack(&mut fields).ok_or(PartError::Corrupt(Corrupt { at }))?);
    }
    Ok(())
}

/// Packs head and rows as one part.
pub(super) fn pack(head: &Head<'_>, share: Share, rows: &[u8]) -> Vec<u8> {
    let mut out = opened(head, share, rows.len());
    out.extend_from_slice(rows);
    out
}

/// A batch that lacks nothing but its rows, so many bytes of them: who has them in pieces need not put them together first.
pub(super) fn opened(head: &Head<'_>, share: Share, bytes: usize) -> Vec<u8> {
    let mut out = Vec::with_capacity(bytes.saturating_add(HEAD_BYTES));
    head.pack(&mut out);
    Section::open(share.index, bytes, &mut out);
    out
}
