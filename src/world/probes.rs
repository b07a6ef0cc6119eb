//! While nobody answers, one process has one exchange under way: the naive count that a governor is measured by.

use alloc::collections::BTreeMap;

use super::auditor::LEASE_SPARE_MS;
use super::event::{Name, Seat};
use crate::prelude::*;

/// After so many failures in a row every breaker is open: one more than the governor's own number, since what is under
/// way when it opens still comes in.
const FAILURES_SURELY: u32 = 6;

/// After so long without any outcome a breaker knows no more than at its beginning.
const MEMORY_MS: u64 = 60_000;

/// What a process has heard of the provider lately.
#[derive(Clone, Debug, Default)]
struct Line {
    under_way: Vec<(Name, u64)>,
    in_a_row: u32,
    down_since: Option<u64>,
    heard_at: u64,
}

impl Line {
    fn forget(&mut self, now: u64) {
        if now > self.heard_at.saturating_add(MEMORY_MS) {
            (self.in_a_row, self.down_since) = (0, None);
        }
    }
}

/// The exchanges of both processes.
#[derive(Clone, Debug)]
pub(super) struct Probes {
    lines: BTreeMap<Seat, Line>,
}

impl Probes {
    pub(super) const fn new() -> Self {
        Self { lines: BTreeMap::new() }
    }

    /// A request leaves. How many others are under way that began while nobody answered; 0 when somebody does.
    pub(super) fn begins(&mut self, now: u64, seat: Seat, name: &Name) -> usize {
        let line = self.lines.entry(seat).or_default();
        line.forget(now);
        let beside = match line.down_since.filter(|since| now >= *since) {
            Some(since) => line.under_way.iter().filter(|(_, begun)| *begun >= since).count(),
            None => 0,
        };
        line.under_way.push((name.clone(), now));
        beside
    }

    /// The answer has come, or none will.
    pub(super) fn ended(&mut self, now: u64, seat: Seat, name: &Name, failed: bool) {
        let Some(line) = self.lines.get_mut(&seat) else { return };
        let Some(at) = line.under_way.iter().position(|(of, _)| of == name) else { return };
        line.under_way.swap_remove(at);
        line.forget(now);
        line.heard_at = now;
        line.in_a_row = if failed { line.in_a_row.saturating_add(1) } else { 0 };
        line.down_since = match line.in_a_row {
            0 => None,
            // Who was let through just before may stand still for a moment.
            FAILURES_SURELY => Some(now.saturating_add(LEASE_SPARE_MS)),
            _ => line.down_since,
        };
    }

    /// What a process had heard died with it.
    pub(super) fn died(&mut self, seat: Seat) {
        self.lines.remove(&seat);
    }
}
