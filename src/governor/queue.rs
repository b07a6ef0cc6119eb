//! Of all who wait for the same place, the one with the least time left goes first; of equals, the one who came first.

use alloc::collections::BTreeMap;

use super::permit::Purpose;
use crate::time::Timestamp;

/// A place in the queue of a lane.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Waiter(pub u32);

/// Who waits in one lane.
#[derive(Clone, Debug, Default)]
pub(super) struct Queue {
    /// In the order in which they are let through.
    places: BTreeMap<(Timestamp, Waiter), Purpose>,
    /// Where in `places` somebody stands.
    deadlines: BTreeMap<Waiter, Timestamp>,
    last: u32,
}

impl Queue {
    pub(super) const fn new() -> Self {
        Self { places: BTreeMap::new(), deadlines: BTreeMap::new(), last: 0 }
    }

    pub(super) fn len(&self) -> usize {
        self.places.len()
    }

    pub(super) fn join(&mut self, purpose: Purpose, deadline: Timestamp) -> Waiter {
        // 0 is nobody. After four thousand million the numbers begin again, and those who bore them are long gone.
        self.last = self.last.checked_add(1).unwrap_or(1);
        let waiter = Waiter(self.last);
        self.places.insert((deadline, waiter), purpose);
        self.deadlines.insert(waiter, deadline);
        waiter
    }

    pub(super) fn leave(&mut self, waiter: Waiter) -> bool {
        let Some(deadline) = self.deadlines.remove(&waiter) else { return false };
        self.places.remove(&(deadline, waiter)).is_some()
    }

    /// Those whose deadline is over are nobody any more; whoever waits for them is told by his own clock.
    pub(super) fn forget_late(&mut self, now: Timestamp) {
        while let Some(((deadline, waiter), _)) = self.places.first_key_value() {
            if now < *deadline {
                return;
            }
            let waiter = *waiter;
            self.leave(waiter);
        }
    }

    /// In the order in which they are let through.
    pub(super) fn iter(&self) -> impl Iterator<Item = (Waiter, Purpose)> {
        self.places.iter().map(|((_, waiter), purpose)| (*waiter, *purpose))
    }
}
