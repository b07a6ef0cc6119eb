//! What is planned happens in the order of its moment, and at one moment in the order of its planning.

use alloc::collections::BinaryHeap;
use core::cmp::Ordering;

use super::event::Event;

/// The queue of everything that will happen.
#[derive(Debug, Default)]
pub(super) struct Agenda {
    queue: BinaryHeap<Planned>,
    planned: u64,
}

#[derive(Debug)]
struct Planned {
    at: u64,
    order: u64,
    event: Event,
}

impl Agenda {
    /// Plans something for a moment.
    pub(super) fn plan(&mut self, at: u64, event: Event) {
        self.planned = self.planned.saturating_add(1);
        self.queue.push(Planned { at, order: self.planned, event });
    }

    /// What happens next, and when.
    pub(super) fn next(&mut self) -> Option<(u64, Event)> {
        self.queue.pop().map(|planned| (planned.at, planned.event))
    }
}

impl PartialEq for Planned {
    fn eq(&self, other: &Self) -> bool {
        self.cmp(other) == Ordering::Equal
    }
}

impl Eq for Planned {}

impl PartialOrd for Planned {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for Planned {
    /// The heap gives the greatest first: the earliest is the greatest.
    fn cmp(&self, other: &Self) -> Ordering {
        (other.at, other.order).cmp(&(self.at, self.order))
    }
}
