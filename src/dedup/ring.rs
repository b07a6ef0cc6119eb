//! Ids stand in the order in which they were claimed, and the oldest makes room.
//!
//! As the time to live is one for all, this is also the order in which they end, so that neither a heap nor a timer is
//! needed, and a claim costs the same whether the ring is empty or full.

use siphasher::sip128::SipHasher13;

use super::error::Error;
use super::index::{Fingerprint, Index};
use crate::prelude::*;
use crate::time::{Millis, Timestamp};

/// The most ids there can be room for, so that the index keeps a few bits to tell its own apart. In wasm there is memory
/// for a hundred million.
pub const CAPACITY_MAX: u32 = 1 << 27;

/// How much is remembered, and for how long.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// The most ids that are remembered at once: 1 to [`CAPACITY_MAX`], 27 bytes for each.
    pub capacity: u32,
    /// How long an id is remembered; not zero.
    pub ttl: Millis,
}

/// What a claim turned out to be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Claim {
    /// Nobody has claimed this id within its time: whoever asked handles the event.
    First,
    /// It was claimed before.
    Duplicate,
}

/// An id that was claimed, and the second in which its time is over.
#[derive(Clone, Copy)]
struct Held {
    fingerprint: Fingerprint,
    until: u32,
}

/// Remembers which ids were claimed.
pub struct Dedup {
    key: SipHasher13,
    limits: Limits,
    /// Filled once from its beginning, and from then on overwritten at `next`, where the oldest stands.
    ring: Vec<Held>,
    next: u32,
    index: Index,
    evicted_early: u64,
}

impl Dedup {
    /// Nothing is claimed yet. The key must come from the host's generator and be kept secret.
    ///
    /// # Errors
    ///
    /// In this order: [`Error::Capacity`], [`Error::TtlZero`], [`Error::NoMemory`].
    pub fn new(limits: Limits, key: [u8; 16]) -> Result<Self, Error> {
        let Limits { capacity, ttl } = limits;
        if capacity == 0 || capacity > CAPACITY_MAX {
            return Err(Error::Capacity { found: capacity });
        }
        if ttl == Millis::ZERO {
            return Err(Error::TtlZero);
        }
        let no_memory = Error::NoMemory { capacity };
        let mut ring = Vec::new();
        let room = usize::try_from(capacity).map_err(|_| no_memory)?;
        ring.try_reserve_exact(room).map_err(|_| no_memory)?;
        let index = Index::new(capacity).ok_or(no_memory)?;
        Ok(Self { key: SipHasher13::new_with_key(&key), limits, ring, next: 0, index, evicted_early: 0 })
    }

    /// Claims an id for its time, unless it is claimed.
    ///
    /// # Errors
    ///
    /// [`Error::EmptyId`]; nothing is claimed then.
    pub fn claim(&mut self, id: &[u8], now: Timestamp) -> Result<Claim, Error> {
        if id.is_empty() {
            return Err(Error::EmptyId);
        }
        Ok(self.claim_fingerprint(self.fingerprint(id), now))
    }

    fn claim_fingerprint(&mut self, fingerprint: Fingerprint, now: Timestamp) -> Claim {
        if let Some(place) = self.find(&fingerprint) {
            if self.at(place).is_some_and(|held| lasts(held.until, now)) {
                return Claim::Duplicate;
            }
            self.remove(&fingerprint, place);
        }

        // From here on the claim succeeds.
        let place = self.next;
        if let Some(oldest) = self.at(place)
            // What was given back, or claimed again after its time, is no longer in the index.
            && self.remove(&oldest.fingerprint, place)
            && lasts(oldest.until, now)
        {
            self.evicted_early = self.evicted_early.saturating_add(1);
        }
        let held = Held { fingerprint, until: end(now, self.limits.ttl) };
        match usize::try_from(place).ok().and_then(|place| self.ring.get_mut(place)) {
            Some(slot) => *slot = held,
            None => self.ring.push(held),
        }
        self.index.add(&fingerprint, place);
        let next = place.saturating_add(1);
        self.next = if next == self.limits.capacity { 0 } else { next };
        Claim::First
    }

    /// Gives a claim back, so that the next one of the id is the first again. Says whether it was claimed.
    ///
    /// Its place in the ring is free again only when its turn comes.
    pub fn forget(&mut self, id: &[u8]) -> bool {
        let fingerprint = self.fingerprint(id);
        self.find(&fingerprint).is_some_and(|place| self.remove(&fingerprint, place))
    }

    /// How many ids are remembered, with those whose time is over and whose place nobody has needed yet.
    #[must_use]
    pub fn len(&self) -> usize {
        self.index.len()
    }

    /// Whether no id is remembered.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// How many ids were forgotten before their time, because newer ones needed their places.
    #[must_use]
    pub const fn evicted_early(&self) -> u64 {
        self.evicted_early
    }

    fn fingerprint(&self, id: &[u8]) -> Fingerprint {
        let hash = self.key.hash(id);
        let [a, b] = halves(hash.h1);
        let [c, d] = halves(hash.h2);
        [a, b, c, d]
    }

    fn at(&self, place: u32) -> Option<Held> {
        held_at(&self.ring, place)
    }

    fn find(&self, fingerprint: &Fingerprint) -> Option<u32> {
        self.index
            .find(fingerprint, |place| self.at(place).is_some_and(|held| held.fingerprint == *fingerprint))
    }

    fn remove(&mut self, fingerprint: &Fingerprint, place: u32) -> bool {
        let ring = &self.ring;
        let known = |place| held_at(ring, place).map_or_else(Fingerprint::default, |held| held.fingerprint);
        self.index.remove(fingerprint, place, known)
    }
}

impl core::fmt::Debug for Dedup {
    /// Without the key and what was claimed.
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.debug_struct("Dedup")
            .field("limits", &self.limits)
            .field("len", &self.len())
            .finish_non_exhaustive()
    }
}

fn held_at(ring: &[Held], place: u32) -> Option<Held> {
    ring.get(usize::try_from(place).ok()?).copied()
}

/// The second, rounded up, in which the time of what is claimed now is over; the last one means never. It is reached in
/// 2106, and remembering too long is the safe side.
fn end(now: Timestamp, ttl: Millis) -> u32 {
    u32::try_from(now.saturating_add(ttl).unix_ms().div_ceil(1_000)).unwrap_or(u32::MAX)
}

fn lasts(until: u32, now: Timestamp) -> bool {
    until == u32::MAX || now.unix_seconds() < u64::from(until)
}

fn halves(wide: u64) -> [u32; 2] {
    [wide >> 32, wide & 0xffff_ffff].map(|half| u32::try_from(half).unwrap_or_default())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_time_ends_in_whole_seconds_and_never_too_early() {
        let at = |ms| Timestamp::from_unix_ms(ms).unwrap();
        // now, ttl, the last millisecond in which it is remembered
        for (now, ttl, last) in
            [(0, 1, 999), (0, 1_000, 999), (999, 1, 999), (1_000, 1, 1_999), (1_500, 600, 2_999)]
        {
            let until = end(at(now), Millis::new(ttl));
            assert!(lasts(until, at(last)), "{now} {ttl}");
            assert!(!lasts(until, at(last + 1)), "{now} {ttl}");
            assert!(now + ttl <= last + 1, "{now} {ttl}");
        }
        // From 2106 on ids are remembered until they make room.
        assert!(lasts(end(at(4_294_967_294_001), Millis::new(1)), Timestamp::MAX));
        assert!(!lasts(end(at(4_294_967_293_000), Millis::new(1_000)), Timestamp::MAX));
    }

    #[test]
    fn an_id_is_two_hundred_bits_at_most_with_its_place() {
        assert_eq!(size_of::<Held>(), 20);
    }
}
