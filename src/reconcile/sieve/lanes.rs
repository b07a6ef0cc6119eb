//! Several sieves, the lanes of one run: the others read, and the first holds what they have read against each other.
//!
//! A lane that only reads tells the first its rows as 36 bytes each, as the first keeps those of the ledger. When all were
//! told, the first says which rows stay, each lane reads its own of them once more, and the first takes them. Who is the first of
//! several and who is alone goes the same way from there on. There is one table, since two of them would fight for the cache that all
//! cores share: that costs more than reading with two threads gains.
//!
//! A lane reads a stretch of the files, which ends behind a line feed, where the next begins. A feed within quotes ends no row:
//! then the lane that reads up to it is left with a row that does not end, and the files are not for lanes. So a stretch that was
//! read to its end shows that the next one begins with a row.

use super::entries::Left;
use super::heard::ROW_BYTES;
use super::{Sieve, Unfit};
use crate::prelude::*;
use crate::reconcile::row::Side;

/// What a sieve does in a run.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Lane {
    /// All.
    #[default]
    Alone,
    /// It holds rows of both sides against each other, its own and those of others.
    First,
    /// It only reads, and tells the first its rows.
    Other,
}

impl Sieve {
    /// Makes this the sieve of a lane.
    pub const fn be(&mut self, lane: Lane) {
        self.lane = lane;
    }

    /// Whether nothing was seen so far that asks for rows all over the files: names of other rows or of payouts, and times
    /// without a zone, of which a few speak for all.
    #[must_use]
    pub const fn is_for_lanes(&self) -> bool {
        self.followed.is_empty()
            && !self.zones.has_zoneless()
            && !self.payouts.is_named()
            && !self.entries.name_payouts()
    }

    /// Goes on at so many bytes of the file that was begun: behind its header, or to its end.
    ///
    /// # Errors
    ///
    /// [`Unfit`] where what was taken so far does not end with a row, or has no header.
    pub fn skip(&mut self, offset: u64) -> Result<(), Unfit> {
        let base = self.recall.begins(self.side).ok_or(Unfit)?.saturating_add(offset);
        if self.layout.is_none() || self.filled > 0 || base < self.base {
            return Err(Unfit);
        }
        (self.base, self.line, self.is_fresh) = (base, 0, false);
        Ok(())
    }

    /// The line of the file that would come next; behind [`Sieve::skip`] counted from there, and from 0.
    #[must_use]
    pub const fn line(&self) -> u64 {
        self.line
    }

    /// How many rows are held.
    #[must_use]
    pub const fn rows(&self) -> usize {
        self.entries.len()
    }

    /// The words that the numbers of [`Sieve::rows_from`] stand for.
    #[must_use]
    pub fn words(&self) -> Vec<u8> {
        self.words.pack()
    }

    /// Puts the rows that are held in the order in which the first lane is the fastest to hear them.
    pub fn gather(&mut self) {
        self.entries.gather();
    }

    /// Rows that are held, from one on, as many as fit, for the first lane; nothing behind the last.
    pub fn rows_from(&mut self, place: usize) -> &[u8] {
        let room = self.buffer.get_mut(self.filled..).unwrap_or_default();
        let bytes = self.entries.pack(place, room);
        room.get(..bytes).unwrap_or_default()
    }

    /// Forgets the rows that were told.
    pub fn forget(&mut self) {
        self.entries.forget();
    }

    /// Takes `bytes` of what [`Sieve::rows_from`] has given in a lane of these words, and was put into [`Sieve::room_for`]. All rows
    /// of the ledger come before those of the settlement.
    ///
    /// # Errors
    ///
    /// [`Unfit`] for words that are none, or too many of them.
    pub fn hear(&mut self, side: Side, bytes: usize, words: &[u8]) -> Result<(), Unfit> {
        let days = self.days();
        let translation = self.words.translation(words).ok_or(Unfit)?;
        let Self { entries, recall, buffer, .. } = self;
        let (rows, _) = buffer.get(..bytes).ok_or(Unfit)?.as_chunks::<ROW_BYTES>();
        match side {
            Side::Ledger => entries.hear(rows, &translation),
            _ => entries.meet_heard(rows, &translation, days, &mut |offset| recall.again(offset)),
        }
        Ok(())
    }

    /// Where the rows begin that stay, of a stretch of a side, once the first lane was [finished](Sieve::finish).
    #[must_use]
    pub fn staying(&self, side: Side, from: u32, to: u32) -> &[u32] {
        self.recall.staying(side, from, to)
    }

    /// Ends the files of a lane that only reads: of its stretches these rows stay. What [`Sieve::wanted`] asks for comes next.
    ///
    /// # Errors
    ///
    /// [`Unfit`] for what is not for lanes.
    pub fn keep_rows(&mut self, ledger: &[u32], settlement: &[u32]) -> Result<(), Unfit> {
        if !self.is_for_lanes() {
            return Err(Unfit);
        }
        for row in settlement {
            self.recall.again(*row);
        }
        self.recall.finish(Left { offsets: ledger.to_vec(), ..Left::default() });
        Ok(())
    }

    /// The rows that stay in this lane, packed.
    #[must_use]
    pub fn kept(&self) -> &[u8] {
        self.kept.packed_rows()
    }

    /// Takes the rows that stay in another lane; `before`: file of each side that it has not read from its beginning, and
    /// the line on which its stretch began.
    ///
    /// # Errors
    ///
    /// [`Unfit`] for bytes that [`Sieve::kept`] has not given.
    pub fn adopt(&mut self, kept: &[u8], before: [(usize, u64); 2]) -> Result<(), Unfit> {
        self.kept.adopt(kept, before).ok_or(Unfit)
    }
}
