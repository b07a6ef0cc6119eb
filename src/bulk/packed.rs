//! Every byte of a batch has one meaning, so that a transaction has one packed form.
//!
//! Two columns, all integers little-endian:
//!
//! | Column | For each transaction |
//! | --- | --- |
//! | words of 32 bits | bytes of its id, and its legs times 2^16; time in milliseconds (low, high); for each leg the slot of its account times 2, plus 1 for a credit, and its minor units (low, high) |
//! | bytes | its id in UTF-8 |
//!
//! Nothing in it is believed: what does not fit together is refused, and so is a slot that no account has.

use super::{Error, ErrorKind};
use crate::ledger::Side;
use crate::prelude::*;
use crate::time::Timestamp;

/// A word as it lies in memory.
pub(super) type Word = [u8; 4];

/// Words before the first leg: lengths, and the time.
const HEAD_WORDS: usize = 3;
const LEG_WORDS: usize = 3;

/// A batch as it came in.
#[derive(Clone, Copy, Debug)]
pub struct Packed<'a> {
    /// The column of words.
    pub words: &'a [[u8; 4]],
    /// The column of ids.
    pub ids: &'a [u8],
}

/// One transaction of a batch.
#[derive(Clone, Copy, Debug)]
pub(super) struct Transaction<'a> {
    pub(super) id: &'a [u8],
    /// All of its words.
    pub(super) words: &'a [Word],
    /// Milliseconds since 1970, whatever was written.
    pub(super) occurred_ms: u64,
    legs: &'a [[Word; LEG_WORDS]],
}

/// One leg of a transaction.
#[derive(Clone, Copy, Debug)]
pub(super) struct Leg {
    pub(super) slot: u32,
    pub(super) side: Side,
    /// Whatever was written.
    pub(super) minor: u64,
}

/// The transactions of a batch, one after the other.
#[derive(Clone, Debug)]
pub(super) struct Transactions<'a> {
    words: &'a [Word],
    ids: &'a [u8],
}

impl<'a> Packed<'a> {
    pub(super) const fn transactions(self) -> Transactions<'a> {
        Transactions { words: self.words, ids: self.ids }
    }
}

impl<'a> Transactions<'a> {
    /// The next transaction; `None` at the end. `Err` says why what is left is none.
    #[inline]
    pub(super) fn next(&mut self) -> Option<Result<Transaction<'a>, &'static str>> {
        let Some((head, _)) = self.words.split_first() else {
            return if self.ids.is_empty() { None } else { Some(Err("ids of no transaction")) };
        };
        let head = u32::from_le_bytes(*head);
        let (id_bytes, legs) = (size(head & 0xffff), size(head >> 16));
        let length = legs.wrapping_mul(LEG_WORDS).wrapping_add(HEAD_WORDS);
        let Some((words, words_left)) = self.words.split_at_checked(length) else {
            return Some(Err("fewer words than it says"));
        };
        let Some((id, ids_left)) = self.ids.split_at_checked(id_bytes) else {
            return Some(Err("a shorter id than it says"));
        };
        let [_, low, high, legs @ ..] = words else { return Some(Err("no time")) };
        (self.words, self.ids) = (words_left, ids_left);
        Some(Ok(Transaction { id, words, occurred_ms: wide(*low, *high), legs: legs.as_chunks().0 }))
    }
}

impl<'a> Transactions<'a> {
    /// What comes next.
    pub(super) const fn left(&self) -> (&'a [Word], &'a [u8]) {
        (self.words, self.ids)
    }

    /// Of words that end where these do, those before them.
    pub(super) fn words_before<'b>(&self, words: &'b [Word]) -> &'b [Word] {
        words.get(..words.len().saturating_sub(self.words.len())).unwrap_or_default()
    }

    /// Of ids that end where these do, those before them.
    pub(super) fn ids_before<'b>(&self, ids: &'b [u8]) -> &'b [u8] {
        ids.get(..ids.len().saturating_sub(self.ids.len())).unwrap_or_default()
    }
}

impl<'a> Transaction<'a> {
    pub(super) const fn legs_count(&self) -> usize {
        self.legs.len()
    }

    #[inline]
    pub(super) fn legs(&self) -> impl Iterator<Item = Leg> + Clone + 'a {
        self.legs.iter().map(|[place, low, high]| {
            let place = u32::from_le_bytes(*place);
            let side = if place & 1 == 0 { Side::Debit } else { Side::Credit };
            Leg { slot: place >> 1, side, minor: wide(*low, *high) }
        })
    }

    /// The legs as bytes: equal bytes are equal legs.
    pub(super) fn leg_bytes(&self) -> &'a [u8] {
        self.legs.as_flattened().as_flattened()
    }
}

#[inline]
fn wide(low: Word, high: Word) -> u64 {
    u64::from(u32::from_le_bytes(low)) | (u64::from(u32::from_le_bytes(high)) << 32)
}

/// No platform has pointers of fewer than 32 bits.
pub(super) fn size(number: u32) -> usize {
    usize::try_from(number).unwrap_or(usize::MAX)
}

/// Packs a batch in Rust, as the shell does in JavaScript.
#[derive(Clone, Debug, Default)]
pub struct Packing {
    words: Vec<Word>,
    ids: Vec<u8>,
}

impl Packing {
    /// Adds a transaction, with the slots of [`introduce`](super::BulkLedger::introduce), sides and minor units of its
    /// legs. An id or a list of legs too long to be packed is cut, so that it is refused for its length.
    pub fn add(&mut self, id: &str, occurred_at: Timestamp, legs: &[(u32, Side, u64)]) {
        const MOST: usize = 0xffff;
        let id = id.as_bytes().get(..MOST).unwrap_or(id.as_bytes());
        let legs = legs.get(..MOST).unwrap_or(legs);
        let count = |length: usize| u32::try_from(length).unwrap_or(u32::MAX);
        self.words.push((count(id.len()) | (count(legs.len()) << 16)).to_le_bytes());
        self.push_wide(occurred_at.unix_ms());
        for (slot, side, minor) in legs {
            let side = if *side == Side::Debit { 0 } else { 1 };
            self.words.push((slot.wrapping_shl(1) | side).to_le_bytes());
            self.push_wide(*minor);
        }
        self.ids.extend_from_slice(id);
    }

    fn push_wide(&mut self, number: u64) {
        let [a, b, c, d, e, f, g, h] = number.to_le_bytes();
        self.words.extend_from_slice(&[[a, b, c, d], [e, f, g, h]]);
    }

    /// The batch.
    #[must_use]
    pub fn packed(&self) -> Packed<'_> {
        Packed { words: &self.words, ids: &self.ids }
    }

    /// Begins another batch.
    pub fn clear(&mut self) {
        self.words.clear();
        self.ids.clear();
    }
}

/// What is wrong with the columns of a batch.
pub(super) fn misfit(transaction: u64, found: &'static str) -> Error {
    ErrorKind::Packing { transaction, found }.into()
}
