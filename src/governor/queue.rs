//! Of all who wait for the same place, the one with the least time left goes first; of equals, the one who came first.

use super::permit::Purpose;
use crate::prelude::*;
use crate::time::Timestamp;

/// A place in the queue of a lane.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Waiter(pub u32);

#[derive(Clone, Copy, Debug)]
struct Place {
    deadline: Timestamp,
    waiter: Waiter,
    purpose: Purpose,
}

/// Who waits in one lane. There are a thousand at most, so that a list is as fast as a tree and a fifth of its code.
#[derive(Clone, Debug)]
pub(super) struct Queue {
    /// Who goes first stands last.
    places: Vec<Place>,
    last: u32,
}

impl Queue {
    pub(super) const fn new() -> Self {
        Self { places: Vec::new(), last: 0 }
    }

    pub(super) fn len(&self) -> usize {
        self.places.len()
    }

    pub(super) fn join(&mut self, purpose: Purpose, deadline: Timestamp) -> Waiter {
        // 0 is nobody. After four thousand million the numbers begin again, and those who bore them are long gone.
        self.last = self.last.checked_add(1).unwrap_or(1);
        let waiter = Waiter(self.last);
        let before = self.places.partition_point(|place| place.deadline > deadline);
        self.places.insert(before, Place { deadline, waiter, purpose });
        waiter
    }

    pub(super) fn leave(&mut self, waiter: Waiter) -> bool {
        let found = self.places.iter().rposition(|place| place.waiter == waiter);
        if let Some(at) = found {
            self.places.remove(at);
        }
        found.is_some()
    }

    /// Those whose deadline is over are nobody any more; whoever waits for them is told by his own clock.
    pub(super) fn forget_late(&mut self, now: Timestamp) {
        let in_time = self.places.partition_point(|place| place.deadline > now);
        self.places.truncate(in_time);
    }

    /// In the order in which they are let through.
    pub(super) fn iter(&self) -> impl Iterator<Item = (Waiter, Purpose)> {
        self.places.iter().rev().map(|place| (place.waiter, place.purpose))
    }
}
