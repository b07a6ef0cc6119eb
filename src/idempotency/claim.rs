//! An owner's hold on a key: prolonged while he works, and ended in one of four ways.

use super::state::{Record, State, moment};
use crate::json::{self, Fields, ObjectWriter, Value};
use crate::prelude::*;
use crate::record::Write;
use crate::time::{Millis, Timestamp};

/// How long a record stays beyond its time: who has read it, and acts on it within an hour, still meets its version and
/// not the first version of its successor.
const LINGER: Millis = Millis::new(3_600_000);

/// What becomes of a key whose owner failed or died, so that nobody knows what he did before.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Policy {
    /// The handler runs again: doing it twice is harmless, since all it does bears a stable id or is rolled back.
    Repeat,
    /// Somebody is asked what became of it.
    Recover,
    /// Nothing, until a person has settled it.
    Hold,
}

impl Policy {
    /// The policy of a name.
    #[must_use]
    pub fn of(name: &str) -> Option<Self> {
        match name {
            "repeat" => Some(Self::Repeat),
            "recover" => Some(Self::Recover),
            "hold" => Some(Self::Hold),
            _ => None,
        }
    }
}

/// What holds for all keys of an endpoint.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Terms {
    /// What becomes of the uncertain.
    pub policy: Policy,
    /// For how long an owner may work before others take over. `None` where claim and result are one transaction, so that
    /// nobody ever sees a key in work.
    pub lease: Option<Millis>,
    /// How long an answer is kept.
    pub keep: Millis,
}

impl Terms {
    /// When a record may be dropped that has no last word. Only where doing it again is harmless: dropping any other
    /// would do it again in silence.
    fn unfinished_until(&self, now: Timestamp) -> Option<Timestamp> {
        let lease = self.lease.unwrap_or(Millis::ZERO);
        (self.policy == Policy::Repeat)
            .then(|| now.saturating_add(self.keep).saturating_add(lease).saturating_add(LINGER))
    }
}

/// How an owner ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ending {
    /// With the last word.
    Answered,
    /// With an answer for now: somebody else has not decided yet.
    Pending {
        /// How long until it is worth looking for news.
        look_in: Millis,
    },
    /// Without having done anything.
    Released,
    /// Without anybody knowing what he did.
    Uncertain,
}

impl Ending {
    /// How a handler ended that answered with this status; `None` for what is no final status of HTTP.
    ///
    /// | Status | Ending | Because |
    /// | --- | --- | --- |
    /// | 401, 408, 425, 429 | released | RFC 9110, 8470 and 6585 say of them that the request was not carried out |
    /// | 200 to 499 otherwise | answered | a refusal is a result like any other |
    /// | 500 to 599 | uncertain | something broke on the way, nobody knows where |
    #[must_use]
    pub const fn of_status(status: u64) -> Option<Self> {
        match status {
            401 | 408 | 425 | 429 => Some(Self::Released),
            200..=499 => Some(Self::Answered),
            500..=599 => Some(Self::Uncertain),
            _ => None,
        }
    }

    /// The stable name.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Answered => "answered",
            Self::Pending { .. } => "pending",
            Self::Released => "released",
            Self::Uncertain => "uncertain",
        }
    }
}

/// What is to be stored at the end.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Finish {
    /// The change of the record.
    pub write: Write,
    /// Which answer stands behind the record from now on: that of before, since a look for news brought none.
    pub keeps_answer: bool,
    /// Until when the answer is replayed, where it is the last word.
    pub answered_until: Option<Timestamp>,
}

/// A hold on a key.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Claim {
    key: String,
    /// The version of the record while the claim stands.
    version: u64,
    record: Record,
}

impl Claim {
    /// The claim that the next owner makes, and what is to be stored so that it holds.
    pub(super) fn make(
        key: &str,
        version: u64,
        record: Record,
        now: Timestamp,
        terms: &Terms,
    ) -> (Self, Write) {
        let claim = Self { key: key.to_owned(), version, record };
        claim.moved(now, terms)
    }

    /// Prolongs the lease: the claim from now on, and what is to be stored so that it holds. A conflict means that somebody
    /// else has taken over.
    #[must_use]
    pub fn renew(&self, now: Timestamp, terms: &Terms) -> (Self, Write) {
        self.clone().moved(now, terms)
    }

    fn moved(mut self, now: Timestamp, terms: &Terms) -> (Self, Write) {
        let until = now.saturating_add(terms.lease.unwrap_or(Millis::ZERO));
        self.record.state = State::Working { until, refreshes: self.refreshes() };
        // Without a lease nobody else ever sees this, and nobody needs to be woken.
        let wake_at = terms.lease.map(|_| until);
        let write = self.written(&self.record, wake_at, terms.unfinished_until(now));
        self.version = self.version.saturating_add(1);
        (self, write)
    }

    /// What is to be stored at the end. A conflict means that somebody else has taken over, and that what was done counts
    /// for nothing here.
    #[must_use]
    pub fn finish(&self, ending: Ending, now: Timestamp, terms: &Terms) -> Finish {
        let (state, expires_at, wake_at) = match ending {
            Ending::Answered => {
                let expires_at = now.saturating_add(terms.keep);
                (State::Answered { expires_at }, Some(expires_at.saturating_add(LINGER)), None)
            }
            Ending::Pending { look_in } => {
                let look_at = now.saturating_add(look_in);
                (State::Pending { look_at }, terms.unfinished_until(now), Some(look_at))
            }
            Ending::Uncertain if self.refreshes() => {
                (State::Pending { look_at: now }, terms.unfinished_until(now), Some(now))
            }
            Ending::Uncertain => (State::Uncertain, terms.unfinished_until(now), Some(now)),
            Ending::Released => (State::Released, Some(now.saturating_add(LINGER)), None),
        };
        let record = Record { state, ..self.record.clone() };
        let answered_until = match state {
            State::Answered { expires_at } => Some(expires_at),
            State::Working { .. } | State::Pending { .. } | State::Uncertain | State::Released => None,
        };
        Finish {
            answered_until,
            write: self.written(&record, wake_at, expires_at),
            keeps_answer: self.refreshes() && ending == Ending::Uncertain,
        }
    }

    /// Higher than that of every owner before.
    #[must_use]
    pub const fn fence(&self) -> u64 {
        self.record.fence
    }

    /// Which owner this is since the key was free, from 1.
    #[must_use]
    pub const fn attempt(&self) -> u64 {
        self.record.attempt
    }

    const fn refreshes(&self) -> bool {
        matches!(self.record.state, State::Working { refreshes: true, .. })
    }

    fn written(&self, record: &Record, wake_at: Option<Timestamp>, expires_at: Option<Timestamp>) -> Write {
        Write { key: self.key.clone(), expected: self.version, value: record.encode(), wake_at, expires_at }
    }

    /// The claim as the driver keeps it between two calls.
    #[must_use]
    pub fn encode(&self) -> String {
        let record = &self.record;
        ObjectWriter::new()
            .text("key", &self.key)
            .number("version", self.version)
            .text("fingerprint", &record.fingerprint)
            .text("operation", &record.operation)
            .text("owner", &record.owner)
            .number("since", record.since.unix_ms())
            .number("fence", record.fence)
            .number("attempt", record.attempt)
            .flag("refreshes", self.refreshes())
            .finish()
    }

    /// Reads what [`Claim::encode`] wrote.
    ///
    /// # Errors
    ///
    /// What names the field that is not as it was written.
    pub fn decode(document: &Value<'_>) -> Result<Self, json::Error> {
        let mut fields = Fields::of(document, "claim")?;
        let record = Record {
            fingerprint: fields.text("fingerprint")?.to_owned(),
            operation: fields.text("operation")?.to_owned(),
            owner: fields.text("owner")?.to_owned(),
            since: moment(&mut fields, "since")?,
            fence: fields.integer("fence")?,
            attempt: fields.integer("attempt")?,
            state: State::Working {
                until: Timestamp::MIN,
                refreshes: fields.maybe_flag("refreshes")?.unwrap_or(false),
            },
        };
        let claim = Self { key: fields.text("key")?.to_owned(), version: fields.integer("version")?, record };
        fields.finish()?;
        Ok(claim)
    }
}
