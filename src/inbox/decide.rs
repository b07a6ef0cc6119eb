//! What is to be done about an event that has arrived, from what the store knows of it.

use super::Error;
use super::claim::{Claim, Outcome};
use super::order::{Mark, Ordering, Policy, Verdict};
use crate::prelude::*;
use crate::record::{Slot, Write};
use crate::time::{Millis, Timestamp};

/// An event, and what the store knows of it.
#[derive(Clone, Copy, Debug)]
pub struct Arrival<'a> {
    /// The caller's time.
    pub now: Timestamp,
    /// When the event was received; earlier than `now` for one that was held.
    pub received_at: Timestamp,
    /// The type of the event, which the record keeps for people.
    pub kind: Option<&'a str>,
    /// The records that claim the event: by its id and, where that is not signed, by its content.
    pub claims: &'a [Slot<'a>],
    /// For how long an owner may work before others take over. `None` where claim and effect are one commit, so that
    /// nobody ever sees an event in work.
    pub lease: Option<Millis>,
    /// For how long records are needed; `None` for ever.
    pub keep: Option<Millis>,
    /// Where the order of events matters.
    pub order: Option<Ordering<'a>>,
}

/// The handler is to run.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Run {
    /// Which attempt this is, from 1. Without a lease failures leave no trace, and it is always 1.
    pub attempt: u64,
    /// Rises with each owner of the event, so that whoever is written to can refuse an old one.
    pub fence: u64,
    /// How the event stands in its order, where there is one.
    pub verdict: Option<Verdict>,
    /// To be stored before the handler runs; empty without a lease.
    pub first: Vec<Write>,
    /// To be stored with what the handler wrote.
    pub then: Vec<Write>,
    /// To be stored when the handler has failed; empty without a lease.
    pub otherwise: Vec<Write>,
}

/// What is to be done.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Decision {
    /// It was applied, or was stale: acknowledge it.
    Duplicate {
        /// What is left to be cleared up; often nothing.
        then: Vec<Write>,
    },
    /// Somebody else works on it or on its object: ask for it again.
    Busy {
        /// When the owner has lost it at the latest.
        until: Timestamp,
    },
    /// It is stored already and waits for those before it: acknowledge it.
    Held {
        /// Until when at most.
        until: Timestamp,
    },
    /// A newer one was applied: store this and acknowledge it.
    Stale {
        /// What is to be stored.
        then: Vec<Write>,
    },
    /// Those before it are missing: store the event in the record of [`Ordering::held`], with this, and acknowledge it.
    Hold {
        /// Until when at most.
        until: Timestamp,
        /// What is to be stored; the last one is the event's record, whose value the driver fills in.
        then: Vec<Write>,
    },
    /// Run the handler.
    Run(Run),
}

/// Decides about an event.
///
/// # Errors
///
/// [`Error::NoClaim`], [`Error::Unreadable`]. Nothing is to be stored then.
pub fn decide(arrival: &Arrival<'_>) -> Result<Decision, Error> {
    let known = Known::of(arrival.claims)?;
    let mark = arrival.order.map(|order| mark_of(order.mark)).transpose()?.unwrap_or_default();
    let Arrival { now, order, .. } = *arrival;
    if known.done {
        return Ok(Decision::Duplicate { then: arrival.emptied() });
    }
    if let Some(until) = known.busy_until.max(mark.busy_until).filter(|until| *until > now) {
        return Ok(Decision::Busy { until });
    }
    let verdict = order.map(|order| mark.verdict(order.position));
    if let Some(order) = order
        && order.policy != Policy::Tell
        && verdict == Some(Verdict::Older)
    {
        let done = Claim::Done { outcome: Outcome::Stale };
        return Ok(Decision::Stale { then: arrival.with_emptied(arrival.claimed(done, 0)) });
    }
    if let Some(order) = order.filter(|order| order.policy == Policy::Hold) {
        let until = known.held_until.unwrap_or(order.hold_until);
        let waits = !order.release && now < until && !mark.is_followed_by(order.position);
        if waits && known.held_until.is_some() {
            return Ok(Decision::Held { until });
        }
        if waits {
            let mut then = arrival.claimed(Claim::Held { until }, 0);
            // Kept until it is handled: the provider was told that it will not be lost.
            let held = arrival.written(order.held, 0, String::new());
            then.push(Write { wake_at: Some(until), expires_at: None, ..held });
            return Ok(Decision::Hold { until, then });
        }
    }
    Ok(Decision::Run(arrival.run(&known, mark, verdict)))
}

/// What the claims of an event say together: the strongest of each.
#[derive(Default)]
struct Known {
    done: bool,
    busy_until: Option<Timestamp>,
    held_until: Option<Timestamp>,
    fence: u64,
    attempt: u64,
}

impl Known {
    fn of(claims: &[Slot<'_>]) -> Result<Self, Error> {
        if claims.is_empty() {
            return Err(Error::NoClaim);
        }
        let mut known = Self::default();
        for slot in claims {
            let Some(value) = slot.value else { continue };
            match Claim::decode(value).map_err(|cause| unreadable(slot, cause))? {
                Claim::Done { .. } => known.done = true,
                Claim::Held { until } => known.held_until = known.held_until.max(Some(until)),
                Claim::Failed { fence, attempt } => known.owned(fence, attempt),
                Claim::Processing { fence, attempt, until } => {
                    known.owned(fence, attempt);
                    known.busy_until = known.busy_until.max(Some(until));
                }
            }
        }
        Ok(known)
    }

    fn owned(&mut self, fence: u64, attempt: u64) {
        self.fence = self.fence.max(fence);
        self.attempt = self.attempt.max(attempt);
    }
}

fn mark_of(slot: Slot<'_>) -> Result<Mark, Error> {
    slot.value
        .map_or(Ok(Mark::default()), |value| Mark::decode(value).map_err(|cause| unreadable(&slot, cause)))
}

fn unreadable(slot: &Slot<'_>, cause: crate::json::Error) -> Error {
    Error::Unreadable { key: slot.key.to_owned(), cause }
}

impl Arrival<'_> {
    fn run(&self, known: &Known, mark: Mark, verdict: Option<Verdict>) -> Run {
        let fence = known.fence.saturating_add(1);
        let attempt = known.attempt.saturating_add(1);
        let leased = self.lease.map(|lease| self.now.saturating_add(lease));
        // What was stored first raised every version by one.
        let stored = u64::from(leased.is_some());
        let done = Claim::Done { outcome: Outcome::Applied };
        let mut run = Run {
            attempt,
            fence,
            verdict,
            first: leased
                .map_or_else(Vec::new, |until| self.claimed(Claim::Processing { fence, attempt, until }, 0)),
            then: self.claimed(done, stored),
            otherwise: leased
                .map_or_else(Vec::new, |_| self.claimed(Claim::Failed { fence, attempt }, stored)),
        };
        if let Some(order) = self.order {
            let marked = |mark: Mark, stored| self.written(order.mark, stored, mark.encode());
            run.then.push(marked(mark.after(order.position), stored));
            if leased.is_some() {
                run.first.push(marked(Mark { busy_until: leased, ..mark }, 0));
                run.otherwise.push(marked(Mark { busy_until: None, ..mark }, stored));
            }
        }
        run.then = self.with_emptied(run.then);
        run
    }

    /// All claims of the event in one state; `stored` is how often they were written since they were read.
    fn claimed(&self, claim: Claim, stored: u64) -> Vec<Write> {
        let record = claim.encode(self.kind, self.received_at);
        self.claims.iter().map(|slot| self.written(*slot, stored, record.clone())).collect()
    }

    fn written(&self, slot: Slot<'_>, stored: u64, value: String) -> Write {
        let expires_at = self.keep.map(|keep| {
            // A lease is longer than what is kept only where somebody set it so; it must still be found.
            self.now.saturating_add(keep.max(self.lease.unwrap_or(Millis::ZERO)))
        });
        let expected = slot.version.saturating_add(stored);
        Write { key: slot.key.to_owned(), expected, value, wake_at: None, expires_at }
    }

    /// The record in which the event was held, without it and to be dropped at once; nothing when there is none.
    fn emptied(&self) -> Vec<Write> {
        let held = self.order.map(|order| order.held);
        let full = held.filter(|slot| slot.value.is_some_and(|value| !value.is_empty()));
        let empty = |slot| Write { expires_at: Some(self.now), ..self.written(slot, 0, String::new()) };
        full.map(empty).into_iter().collect()
    }

    fn with_emptied(&self, mut writes: Vec<Write>) -> Vec<Write> {
        writes.extend(self.emptied());
        writes
    }
}
