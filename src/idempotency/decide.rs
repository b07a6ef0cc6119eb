//! What is to be done about a request, from what the store knows of its key.

use super::claim::{Claim, Policy, Terms};
use super::state::{Record, State};
use super::{Error, Slot};
use crate::prelude::*;
use crate::record::Write;
use crate::time::Timestamp;

/// A request, and what the store knows of its key.
#[derive(Clone, Copy, Debug)]
pub struct Arrival<'a> {
    /// The caller's time.
    pub now: Timestamp,
    /// The record of the key.
    pub slot: Slot<'a>,
    /// What was asked.
    pub fingerprint: &'a str,
    /// What the endpoint does.
    pub operation: &'a str,
    /// What nobody else calls himself: random, and new for each request.
    pub owner: &'a str,
    /// What holds for the endpoint.
    pub terms: Terms,
}

/// Why somebody is to run.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Cause {
    /// The key is free: it was never used, its answer has expired, or its owner did nothing.
    Free,
    /// The owner before failed or died, and may have done it.
    Uncertain,
    /// The answer so far was not the last word, and it is time to look for news.
    Refresh,
}

impl Cause {
    /// The stable name.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Free => "free",
            Self::Uncertain => "uncertain",
            Self::Refresh => "refresh",
        }
    }
}

/// The handler, or whoever recovers, is to run.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Run {
    /// Why.
    pub cause: Cause,
    /// The hold on the key, once `first` has been stored.
    pub claim: Claim,
    /// To be stored before anything is done; where there is no lease, as the first change of the transaction.
    pub first: Write,
    /// The answer behind the record is to stand there still, behind what is stored first.
    pub keeps_answer: bool,
}

/// What is to be done.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Decision {
    /// The handler is to run.
    Execute(Run),
    /// Whoever recovers is to run.
    Recover(Run),
    /// Answer with what stands behind the record: the last word.
    Replay {
        /// From when on the key is free again.
        expires_at: Timestamp,
    },
    /// Answer with what stands behind the record: the word for now.
    Pending {
        /// Whole seconds after which asking again may bring news.
        retry_after: u64,
    },
    /// The key was used for another request.
    Mismatch,
    /// Somebody works on it: wait, or have the sender ask again.
    InFlight {
        /// When he has lost it at the latest.
        until: Timestamp,
    },
    /// Nobody knows what became of it, and by [`Policy::Hold`] a person has to find out.
    Unresolved,
}

/// Decides about a request.
///
/// # Errors
///
/// [`Error::Unreadable`]. Nothing is to be stored then.
pub fn decide(arrival: &Arrival<'_>) -> Result<Decision, Error> {
    let Arrival { now, slot, fingerprint, .. } = *arrival;
    let Some(value) = slot.value else { return Ok(Decision::Execute(arrival.run(None, Cause::Free))) };
    let record =
        Record::decode(value).map_err(|cause| Error::Unreadable { key: slot.key.to_owned(), cause })?;
    let is_free = match record.state {
        State::Released => true,
        State::Answered { expires_at } => expires_at <= now,
        State::Working { .. } | State::Pending { .. } | State::Uncertain => false,
    };
    if is_free {
        return Ok(Decision::Execute(arrival.run(Some(record), Cause::Free)));
    }
    if record.fingerprint != fingerprint {
        return Ok(Decision::Mismatch);
    }
    let cause = match record.state {
        State::Answered { expires_at } => return Ok(Decision::Replay { expires_at }),
        // Who asked before was told an answer for now; he is told the same while somebody looks for news.
        State::Working { until, refreshes: true } if until > now => return Ok(pending(now, now)),
        State::Working { until, .. } if until > now => return Ok(Decision::InFlight { until }),
        State::Pending { look_at } if look_at > now => return Ok(pending(now, look_at)),
        State::Pending { .. } | State::Working { refreshes: true, .. } => Cause::Refresh,
        State::Working { .. } | State::Uncertain | State::Released => Cause::Uncertain,
    };
    Ok(match (arrival.terms.policy, cause) {
        (Policy::Repeat, _) => Decision::Execute(arrival.run(Some(record), cause)),
        (Policy::Recover, _) => Decision::Recover(arrival.run(Some(record), cause)),
        (Policy::Hold, Cause::Refresh) => pending(now, now),
        (Policy::Hold, _) => Decision::Unresolved,
    })
}

fn pending(now: Timestamp, look_at: Timestamp) -> Decision {
    Decision::Pending { retry_after: look_at.since(now).get().div_ceil(1_000).max(1) }
}

impl Arrival<'_> {
    fn run(&self, before: Option<Record>, cause: Cause) -> Run {
        let refreshes = cause == Cause::Refresh;
        let (fence, attempt, since) = before.map_or((0, 0, self.now), |record| match record.state {
            // A key that is free again begins again; the fence never does.
            State::Answered { .. } => (record.fence, 0, self.now),
            State::Working { .. } | State::Pending { .. } | State::Uncertain | State::Released => {
                (record.fence, record.attempt, record.since)
            }
        });
        let record = Record {
            fingerprint: self.fingerprint.to_owned(),
            operation: self.operation.to_owned(),
            owner: self.owner.to_owned(),
            since,
            fence: fence.saturating_add(1),
            attempt: attempt.saturating_add(1),
            state: State::Working { until: self.now, refreshes },
        };
        let (claim, first) = Claim::make(self.slot.key, self.slot.version, record, self.now, &self.terms);
        Run { cause, claim, first, keeps_answer: refreshes }
    }
}

/// A claim on a key by hand, for a person who settles what nobody could find out, or for whoever learns the outcome by
/// another way. `None` where nothing is open: the key is free, or was answered, or somebody works on it.
///
/// # Errors
///
/// [`Error::Unreadable`].
pub fn take(now: Timestamp, slot: Slot<'_>, owner: &str, terms: Terms) -> Result<Option<Run>, Error> {
    let Some(value) = slot.value else { return Ok(None) };
    let record =
        Record::decode(value).map_err(|cause| Error::Unreadable { key: slot.key.to_owned(), cause })?;
    let cause = match record.state {
        State::Released | State::Answered { .. } => return Ok(None),
        State::Working { until, .. } if until > now => return Ok(None),
        State::Pending { .. } | State::Working { refreshes: true, .. } => Cause::Refresh,
        State::Working { .. } | State::Uncertain => Cause::Uncertain,
    };
    let Record { fingerprint, operation, .. } = &record;
    let arrival = Arrival { now, slot, fingerprint, operation, owner, terms };
    Ok(Some(arrival.run(Some(record.clone()), cause)))
}

/// What the record of an unfinished key says, for people.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Unfinished {
    /// What the endpoint does.
    pub operation: String,
    /// `working` (its lease is over), `pending` or `uncertain`.
    pub state: &'static str,
    /// When it was claimed first.
    pub since: Timestamp,
    /// How many owners it has had.
    pub attempt: u64,
}

/// Reads the record of an unfinished key; `None` for one that is finished or free.
///
/// # Errors
///
/// [`Error::Unreadable`].
pub fn unfinished(slot: Slot<'_>) -> Result<Option<Unfinished>, Error> {
    let Some(value) = slot.value else { return Ok(None) };
    let Record { operation, since, attempt, state, .. } =
        Record::decode(value).map_err(|cause| Error::Unreadable { key: slot.key.to_owned(), cause })?;
    let state = match state {
        State::Working { .. } => "working",
        State::Pending { .. } => "pending",
        State::Uncertain => "uncertain",
        State::Released | State::Answered { .. } => return Ok(None),
    };
    Ok(Some(Unfinished { operation, state, since, attempt }))
}
