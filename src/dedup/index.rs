//! A fingerprint is found in its home bucket, or in a later one up to which every bucket is full.
//!
//! Buckets are lines of the processor's cache: sixteen slots, the taken ones first. A slot holds the place of a
//! fingerprint in the ring, and in the bits that places do not need a tag of the fingerprint, so that the ring, which
//! is another line and mostly not in the cache, is looked at for one in thousands that are not the one sought. With ten
//! of sixteen slots taken, an overflow into the next bucket is rare.
//!
//! Nothing is marked as deleted: what is removed is replaced by what had to make way for it, so that a ring that lives
//! for months is as fast as a new one.

use crate::prelude::*;

/// What stands for an id.
pub(crate) type Fingerprint = [u32; 4];

/// A slot that is free.
const FREE: u32 = 0;
const SLOTS: usize = 16;
/// How many of the slots of a bucket are taken on average when the ring is full.
const TAKEN: u32 = 10;

#[derive(Clone, Copy)]
#[repr(align(64))]
struct Bucket([u32; SLOTS]);

/// Where in the ring each fingerprint is.
#[derive(Clone)]
pub(crate) struct Index {
    buckets: Vec<Bucket>,
    /// The bits of a slot that hold the place; the tag has the others.
    place_mask: u32,
    len: usize,
}

impl Index {
    /// An index for so many places; `None` where the platform has no memory for it.
    pub(crate) fn new(capacity: u32) -> Option<Self> {
        let count = usize::try_from(capacity.div_ceil(TAKEN)).ok()?;
        let mut buckets = Vec::new();
        buckets.try_reserve_exact(count).ok()?;
        buckets.resize(count, Bucket([FREE; SLOTS]));
        Some(Self { buckets, place_mask: mask(capacity), len: 0 })
    }

    /// An index for so many places. Like every list of the language it ends the program where there is no memory.
    #[cfg(feature = "simulator")]
    pub(crate) fn sized(capacity: u32) -> Self {
        let count = usize::try_from(capacity.div_ceil(TAKEN)).unwrap_or(usize::MAX);
        Self { buckets: vec![Bucket([FREE; SLOTS]); count], place_mask: mask(capacity), len: 0 }
    }

    /// An index without a place.
    #[cfg(feature = "bulk")]
    pub(crate) const fn empty() -> Self {
        Self { buckets: Vec::new(), place_mask: 0, len: 0 }
    }

    /// Brings the bucket of a fingerprint into the cache, while others are on their way. What it answers with means
    /// nothing, but has to be used, or the compiler leaves the load out.
    #[cfg(feature = "bulk")]
    #[inline]
    pub(crate) fn touch(&self, fingerprint: &Fingerprint) -> u32 {
        self.buckets.get(self.home(fingerprint)).map_or(FREE, |Bucket([first, ..])| *first)
    }

    /// How many fingerprints there are.
    pub(crate) const fn len(&self) -> usize {
        self.len
    }

    /// The place of a fingerprint, if `holds` says of one with its tag that it is there.
    pub(crate) fn find(&self, fingerprint: &Fingerprint, holds: impl Fn(u32) -> bool) -> Option<u32> {
        let tag = self.slot(fingerprint, 0) & !self.place_mask;
        let mut at = self.home(fingerprint);
        for _ in 0..self.buckets.len() {
            let Bucket(slots) = self.buckets.get(at)?;
            for slot in slots {
                if *slot == FREE {
                    return None;
                }
                let place = self.place(*slot);
                if *slot & !self.place_mask == tag && holds(place) {
                    return Some(place);
                }
            }
            at = self.after(at);
        }
        None
    }

    /// Adds a fingerprint that is not there.
    pub(crate) fn add(&mut self, fingerprint: &Fingerprint, place: u32) {
        let slot = self.slot(fingerprint, place);
        let mut at = self.home(fingerprint);
        for _ in 0..self.buckets.len() {
            if let Some(bucket) = self.buckets.get_mut(at)
                && bucket.put(slot)
            {
                self.len = self.len.saturating_add(1);
                return;
            }
            at = self.after(at);
        }
    }

    /// Removes the fingerprint that is at a place, and says whether it was there. `fingerprint_at` knows the others.
    pub(crate) fn remove(
        &mut self,
        fingerprint: &Fingerprint,
        place: u32,
        fingerprint_at: impl Fn(u32) -> Fingerprint,
    ) -> bool {
        let wanted = self.slot(fingerprint, place);
        let mut at = self.home(fingerprint);
        let mut was_full;
        loop {
            let Some(bucket) = self.buckets.get_mut(at) else { return false };
            was_full = bucket.is_full();
            if bucket.take(|slot| slot == wanted).is_some() {
                break;
            }
            // The one sought would be in this bucket, had it had room.
            if !was_full {
                return false;
            }
            at = self.after(at);
            if at == self.home(fingerprint) {
                return false;
            }
        }
        self.len = self.len.saturating_sub(1);
        while was_full && let Some((from, slot, full)) = self.take_displaced(at, &fingerprint_at) {
            if let Some(bucket) = self.buckets.get_mut(at) {
                bucket.put(slot);
            }
            (at, was_full) = (from, full);
        }
        true
    }

    /// Takes a slot that stands behind the bucket `hole` only because that was full, and says from which bucket, and
    /// whether that was full.
    fn take_displaced(
        &mut self,
        hole: usize,
        fingerprint_at: &impl Fn(u32) -> Fingerprint,
    ) -> Option<(usize, u32, bool)> {
        let mut at = self.after(hole);
        while at != hole {
            let found = self.buckets.get(at)?.0.iter().copied().find(|slot| {
                *slot != FREE && {
                    let home = self.home(&fingerprint_at(self.place(*slot)));
                    self.distance(home, at) >= self.distance(hole, at)
                }
            });
            let bucket = self.buckets.get_mut(at)?;
            let full = bucket.is_full();
            if let Some(slot) = found {
                bucket.take(|candidate| candidate == slot);
                return Some((at, slot, full));
            }
            if !full {
                return None;
            }
            at = self.after(at);
        }
        None
    }

    fn slot(&self, fingerprint: &Fingerprint, place: u32) -> u32 {
        let [_, tag, _, _] = fingerprint;
        // Places count from 1 here, so that no slot in use looks free.
        (tag & !self.place_mask) | place.saturating_add(1)
    }

    fn place(&self, slot: u32) -> u32 {
        (slot & self.place_mask).saturating_sub(1)
    }

    /// The bucket in which a fingerprint is looked for first: its first 32 bits as a fraction of all buckets.
    fn home(&self, fingerprint: &Fingerprint) -> usize {
        let [fraction, ..] = fingerprint;
        let buckets = u64::try_from(self.buckets.len()).unwrap_or_default();
        usize::try_from(u64::from(*fraction).wrapping_mul(buckets) >> 32).unwrap_or_default()
    }

    fn after(&self, at: usize) -> usize {
        let next = at.wrapping_add(1);
        if next == self.buckets.len() { 0 } else { next }
    }

    /// How many buckets further `to` is than `from`, around the end.
    fn distance(&self, from: usize, to: usize) -> usize {
        let straight = to.wrapping_sub(from);
        if to < from { straight.wrapping_add(self.buckets.len()) } else { straight }
    }
}

/// The bits in which the places of a ring are written, counted from 1.
const fn mask(capacity: u32) -> u32 {
    u32::MAX.unbounded_shr(capacity.leading_zeros())
}

impl Bucket {
    fn is_full(&self) -> bool {
        self.0.last().is_some_and(|slot| *slot != FREE)
    }

    /// Takes the first free slot; says whether there was one.
    fn put(&mut self, value: u32) -> bool {
        self.0.iter_mut().find(|slot| **slot == FREE).map(|slot| *slot = value).is_some()
    }

    /// Frees the slot that is wanted, and lets the last one take its place.
    fn take(&mut self, wanted: impl Fn(u32) -> bool) -> Option<u32> {
        let at = self.0.iter().position(|slot| wanted(*slot))?;
        let last = self.0.iter().rposition(|slot| *slot != FREE)?;
        let taken = *self.0.get(at)?;
        self.0.swap(at, last);
        *self.0.get_mut(last)? = FREE;
        Some(taken)
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use proptest::prelude::*;

    use super::*;

    /// Places are at most 64 here, so that seven buckets are enough to overflow around the end.
    const CAPACITY: u32 = 64;

    /// Fingerprints that crowd: few homes, the last of them mostly, and few tags.
    fn crowded() -> impl Strategy<Value = Fingerprint> {
        let home = prop_oneof![3 => Just(u32::MAX), 1 => Just(u32::MAX / 2), 1 => any::<u32>()];
        let tag = prop_oneof![Just(0), Just(u32::MAX), any::<u32>()];
        (home, tag, 0..4_u32).prop_map(|(home, tag, rest)| [home, tag, rest, 0])
    }

    /// What an index says about a fingerprint, when the ring holds what `model` says.
    fn found(index: &Index, model: &BTreeMap<u32, Fingerprint>, fingerprint: &Fingerprint) -> Option<u32> {
        index.find(fingerprint, |place| model.get(&place) == Some(fingerprint))
    }

    proptest! {
        #[test]
        fn what_was_added_and_not_removed_is_found_whatever_crowds_around_it(
            steps in prop::collection::vec((0..CAPACITY, crowded(), prop::bool::weighted(0.3)), 1..400),
        ) {
            let mut index = Index::new(CAPACITY).unwrap();
            let mut model = BTreeMap::<u32, Fingerprint>::new();
            for (place, fingerprint, removed) in steps {
                if let Some(old) = model.get(&place).copied().filter(|_| removed) {
                    prop_assert!(index.remove(&old, place, |place| model[&place]));
                    model.remove(&place);
                    prop_assert!(!index.remove(&old, place, |place| model[&place]));
                    prop_assert_eq!(found(&index, &model, &old), model.iter().find(|(_, f)| **f == old).map(|(p, _)| *p));
                } else if !model.contains_key(&place) && !model.values().any(|known| *known == fingerprint) {
                    index.add(&fingerprint, place);
                    model.insert(place, fingerprint);
                }
                prop_assert_eq!(index.len(), model.len());
                for (place, fingerprint) in &model {
                    prop_assert_eq!(found(&index, &model, fingerprint), Some(*place));
                }
            }
        }
    }

    #[test]
    fn a_tag_keeps_strangers_from_the_ring() {
        let mut index = Index::new(CAPACITY).unwrap();
        index.add(&[0, 0xffff_ff80, 1, 1], 0);
        assert_eq!(index.find(&[0, 0x0fff_ff80, 1, 1], |_| panic!("the tag says that it is another")), None);
        // The low bits of a tag are where the place stands.
        assert_eq!(index.find(&[0, 0xffff_ffff, 1, 1], |place| place == 0), Some(0));
    }

    #[test]
    fn the_largest_index_tells_all_its_places_apart() {
        let index = Index { buckets: vec![Bucket([FREE; SLOTS])], place_mask: mask(1 << 27), len: 0 };
        let last = (1 << 27) - 1;
        assert_eq!(index.place(index.slot(&[0, u32::MAX, 0, 0], last)), last);
        assert_eq!(index.place(index.slot(&[0, 0, 0, 0], 0)), 0);
        assert_eq!((mask(1), mask(64), mask(1_000_000)), (1, 127, 0xf_ffff));
    }
}
