//! Rows as one lane tells them to another, and how the first of them holds so many at once against the ledger.
//!
//! They come in the order of their prints' first bits, part by part. So does the ledger then, and what of it and its table is
//! looked at together fits the cache of a core.

use super::entries::{Entries, Entry, Met, ODD, Sought, TOGETHER, byte};
use super::plain::{NO_FEE, NO_TIME};
use super::print::{Print, spread};
use super::words::Translation;
use crate::prelude::*;

/// Rows are gathered by so many bits of their prints, so that those of one part, with their slots, fit the cache of a core up to
/// some millions.
const PART_BITS: u32 = 6;

const PARTS: usize = 1 << PART_BITS;

/// Bytes of a row as lanes tell it: print, values, fee, time and where it begins.
pub(super) const ROW_BYTES: usize = 16 + 8 + 4 + 4 + 4;

impl Entries {
    /// Packs rows from a place on, as many as there is room for; gives how many bytes those are.
    pub(super) fn pack(&self, place: usize, out: &mut [u8]) -> usize {
        let rows = self.list.iter().zip(&self.offsets).skip(place);
        let packed = rows.zip(out.as_chunks_mut::<ROW_BYTES>().0).map(|((entry, offset), out)| {
            let Entry { print: [low, high], values, fee, time } = *entry;
            let (longs, rest) = out.as_chunks_mut::<8>();
            let last = u64::from(fee) | u64::from(time).wrapping_shl(32);
            for (long, value) in longs.iter_mut().zip([low, high, values, last]) {
                *long = value.to_le_bytes();
            }
            for (byte, value) in rest.iter_mut().zip(offset.to_le_bytes()) {
                *byte = value;
            }
        });
        packed.count().saturating_mul(ROW_BYTES)
    }

    /// Puts the rows in the order of their parts, in which a table is gone through fastest.
    pub(super) fn gather(&mut self) {
        let mut ends = vec![0_usize; PARTS];
        for entries in self.list.chunks(TOGETHER) {
            count(entries, &mut ends);
        }
        let mut sum = 0_usize;
        for count in &mut ends {
            // Where the part begins; it is moved to its end with each row.
            (*count, sum) = (sum, sum.wrapping_add(*count));
        }
        const NONE: Entry = Entry { print: [0, 0], values: ODD, fee: NO_FEE, time: NO_TIME };
        let (mut list, mut offsets) = (vec![NONE; self.list.len()], vec![0; self.list.len()]);
        for rows in self.list.chunks(TOGETHER).zip(self.offsets.chunks(TOGETHER)) {
            place(rows, &mut ends, (&mut list, &mut offsets));
        }
        (self.list, self.offsets, self.parts) = (list, offsets, ends);
    }

    /// Asks for all rows of a part, and for its slots, one after the other: sooner than in the order in which they are looked for.
    #[inline(never)]
    fn ask_for_part(&self, part: usize) {
        let end = self.parts.get(part).copied().unwrap_or_default();
        let begin =
            part.checked_sub(1).and_then(|before| self.parts.get(before)).copied().unwrap_or_default();
        let rows = self.list.get(begin..end).unwrap_or_default().iter().step_by(2);
        let each = self.slots.len() / PARTS;
        let slots = self.slots.chunks(each.max(1)).nth(part).unwrap_or_default().iter().step_by(16);
        core::hint::black_box(
            slots.fold(rows.fold(0, |all, row| all ^ row.values), |all, slot| all ^ u64::from(*slot)),
        );
    }

    /// Forgets all rows, and keeps the room they had.
    pub(super) fn forget(&mut self) {
        self.list.clear();
        self.offsets.clear();
    }

    /// Takes rows of the ledger that another lane has read.
    pub(super) fn hear(&mut self, rows: &[[u8; ROW_BYTES]], words: &Translation) {
        for row in rows {
            let (entry, offset) = unpacked(row, words);
            self.list.push(entry);
            self.offsets.push(offset);
        }
    }

    /// Holds rows of the settlement that another lane has read against the ledger. `stays` is told where a row of the settlement
    /// begins that does.
    pub(super) fn meet_heard(
        &mut self,
        rows: &[[u8; ROW_BYTES]],
        words: &Translation,
        days: u64,
        stays: &mut dyn FnMut(u32),
    ) {
        let mut nearest = PARTS;
        let mut prints = Vec::with_capacity(TOGETHER);
        let mut sought = Sought::default();
        for group in rows.chunks(TOGETHER) {
            prints.clear();
            prints.extend(group.iter().map(|row| unpacked(row, words).0.print));
            for part in prints.iter().map(|print| part(*print)) {
                if part != nearest {
                    nearest = part;
                    self.ask_for_part(part);
                }
            }
            self.seek(&prints, &mut sought);
            for (row, place) in group.iter().zip(sought.places()) {
                let (entry, offset) = unpacked(row, words);
                let plain = (entry.values != ODD).then(|| entry.plain());
                let met = self.meet((entry.print, place), (plain.as_ref(), 0), offset, days);
                if let Met::Both(other) = met {
                    stays(other);
                }
                if met != Met::Agreed {
                    stays(offset);
                }
            }
        }
    }
}

/// Counts the rows of each part: a function that is called often, since an engine makes those fast, and not the loop it is in.
#[inline(never)]
fn count(entries: &[Entry], counts: &mut [usize]) {
    for entry in entries {
        if let Some(count) = counts.get_mut(part(entry.print)) {
            *count = count.wrapping_add(1);
        }
    }
}

/// Puts each row where its part ends so far.
#[inline(never)]
fn place(
    (entries, starts): (&[Entry], &[u32]),
    ends: &mut [usize],
    (list, offsets): (&mut [Entry], &mut [u32]),
) {
    for (entry, offset) in entries.iter().zip(starts) {
        let Some(end) = ends.get_mut(part(entry.print)) else { continue };
        if let Some((own, own_offset)) = list.get_mut(*end).zip(offsets.get_mut(*end)) {
            (*own, *own_offset) = (*entry, *offset);
        }
        *end = end.wrapping_add(1);
    }
}

/// Which part a print falls to.
#[inline]
fn part(print: Print) -> usize {
    usize::try_from(spread(print).wrapping_shr(u64::BITS - PART_BITS)).unwrap_or_default()
}

/// The lower half of a number, and the upper.
fn halves(value: u64) -> [u32; 2] {
    [value, value.wrapping_shr(32)].map(|half| u32::try_from(half & u64::from(u32::MAX)).unwrap_or_default())
}

/// A row that another lane has packed, and where it begins.
#[inline]
fn unpacked(row: &[u8; ROW_BYTES], words: &Translation) -> (Entry, u32) {
    let (longs, rest) = row.as_chunks::<8>();
    let mut longs = longs.iter().map(|long| u64::from_le_bytes(*long));
    let mut long = || longs.next().unwrap_or_default();
    let print = [long(), long()];
    let values = translated(long(), words);
    let [fee, time] = halves(long());
    let offset = rest.first_chunk().map_or(0, |offset| u32::from_le_bytes(*offset));
    (Entry { print, values, fee, time }, offset)
}

/// Values in the words of this lane.
fn translated(values: u64, words: &Translation) -> u64 {
    let said = |words: &[u8], number: u8| words.get(usize::from(number)).copied().map(u64::from);
    let number = said(&words.currencies, byte(values.wrapping_shr(8))).zip(said(&words.states, byte(values)));
    match number.filter(|_| values != ODD) {
        Some((currency, state)) => values & !0xffff | currency.wrapping_shl(8) | state,
        None => ODD,
    }
}
