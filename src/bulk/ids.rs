//! An id stands at one place, which is its position in the journal less one, and is never held whole.
//!
//! What is kept of a transaction is a print of its id, a print of what it says, and its time: 32 bytes, and 6.4 to 12.8 for
//! the index, which grows by doubling.

use super::{Error, ErrorKind};
use crate::dedup::{Fingerprint, Index, Prints};
use crate::prelude::*;

/// The most transactions of one ledger: what the index can tell apart. In wasm there is memory for about seventy million.
pub const TRANSACTIONS_MAX: u32 = 1 << 27;

/// Room at the beginning.
const FIRST_CAPACITY: u32 = 1 << 12;

/// How many ids are looked for together: each is a line of memory that is mostly not in the cache, and as many are
/// under way at once as a processor has places for.
pub(super) const AHEAD: usize = 32;

/// What is remembered of a transaction.
#[derive(Clone, Copy)]
struct Said {
    id: Fingerprint,
    legs: u64,
    occurred_ms: u64,
}

/// What a transaction says, as far as it is remembered.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Content {
    /// Print of the legs.
    pub(super) legs: u64,
    pub(super) occurred_ms: u64,
}

/// The ids of the books.
pub(super) struct Ids {
    prints: Prints,
    said: Vec<Said>,
    index: Index,
    capacity: u32,
    /// Use for what is loaded ahead.
    touched: u32,
}

impl Ids {
    /// No id yet.
    pub(super) fn new(key: [u8; 16]) -> Self {
        Self { prints: Prints::new(key), said: Vec::new(), index: Index::empty(), capacity: 0, touched: 0 }
    }

    pub(super) const fn len(&self) -> usize {
        self.said.len()
    }

    #[inline]
    pub(super) fn print(&self, id: &[u8]) -> Fingerprint {
        self.prints.wide(id)
    }

    #[inline]
    pub(super) fn legs_print(&self, legs: &[u8]) -> u64 {
        self.prints.short(legs)
    }

    /// The place of an id, and what stands there.
    #[inline]
    pub(super) fn find(&self, print: &Fingerprint) -> Option<(u32, Content)> {
        let place = self.index.find(print, |place| self.at(place).is_some_and(|said| said.id == *print))?;
        self.at(place).map(|said| (place, Content { legs: said.legs, occurred_ms: said.occurred_ms }))
    }

    /// Loads what will be asked for.
    #[inline]
    pub(super) fn look_ahead(&mut self, prints: &[Fingerprint]) {
        for print in prints {
            self.touched ^= self.index.touch(print);
        }
    }

    /// Makes room for so many more.
    pub(super) fn reserve(&mut self, more: usize) -> Result<(), Error> {
        let wanted = u32::try_from(self.said.len().saturating_add(more)).unwrap_or(u32::MAX);
        if wanted <= self.capacity {
            return Ok(());
        }
        if wanted > TRANSACTIONS_MAX {
            return Err(ErrorKind::Full.into());
        }
        let no_memory = || Error::from(ErrorKind::NoMemory { transactions: u64::from(wanted) });
        let capacity = wanted.max(FIRST_CAPACITY).checked_next_power_of_two().unwrap_or(TRANSACTIONS_MAX);
        let room = usize::try_from(capacity).unwrap_or(usize::MAX).saturating_sub(self.said.len());
        self.said.try_reserve_exact(room).map_err(|_| no_memory())?;
        let mut index = Index::new(capacity).ok_or_else(no_memory)?;
        let mut place = 0_u32;
        for chunk in self.said.chunks(AHEAD) {
            for said in chunk {
                self.touched ^= index.touch(&said.id);
            }
            for said in chunk {
                index.add(&said.id, place);
                place = place.wrapping_add(1);
            }
        }

        // From here on there is room.
        self.index = index;
        self.capacity = capacity;
        Ok(())
    }

    /// Adds an id that is not there, for which there is room.
    #[inline]
    pub(super) fn add(&mut self, print: Fingerprint, content: Content) {
        let place = u32::try_from(self.said.len()).unwrap_or(u32::MAX);
        self.index.add(&print, place);
        self.said.push(Said { id: print, legs: content.legs, occurred_ms: content.occurred_ms });
    }

    /// Forgets the places from `length` on, the last one first.
    pub(super) fn truncate(&mut self, length: usize) {
        while self.said.len() > length
            && let Some(last) = self.said.pop()
        {
            let said = &self.said;
            let place = u32::try_from(said.len()).unwrap_or(u32::MAX);
            let known = |at: u32| {
                let found = usize::try_from(at).ok().and_then(|at| said.get(at));
                found.map_or(last.id, |said| said.id)
            };
            let _ = self.index.remove(&last.id, place, known);
        }
    }

    fn at(&self, place: u32) -> Option<&Said> {
        self.said.get(usize::try_from(place).ok()?)
    }
}

impl core::fmt::Debug for Ids {
    /// Without the key and what was posted.
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.debug_struct("Ids").field("len", &self.len()).finish_non_exhaustive()
    }
}
