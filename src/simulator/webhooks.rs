//! Every event reaches every endpoint that asked for it, or ends as a dead letter that can be seen.
//!
//! A delivery is scheduled, then in flight, then delivered, or scheduled again after 1, 2, 4, 8, 16 and 32 seconds,
//! then dead. An attempt nobody reports on counts as failed after [`SILENCE_MAX`].

use alloc::collections::BTreeSet;

use super::Error;
use super::signing::Scheme;
use super::state::State;
use crate::prelude::*;
use crate::time::{Millis, Timestamp};

/// Seconds between attempts. Seven attempts in all, the last a little over a minute after the first.
const PAUSES_S: [u64; 6] = [1, 2, 4, 8, 16, 32];

/// How long an attempt may stay unreported: longer than any driver waits for an answer.
pub const SILENCE_MAX: Millis = Millis::from_seconds(60);

/// Most webhook endpoints of one gateway: each event is delivered to all of them.
pub const ENDPOINTS_MAX: usize = 16;

/// Where events go.
#[derive(Clone)]
pub(super) struct Endpoint {
    pub(super) url: String,
    /// The states it asked for; empty for all.
    pub(super) wants: BTreeSet<State>,
    pub(super) scheme: Scheme,
    /// As the merchant holds it: `whsec_...`.
    pub(super) secret: String,
}

impl core::fmt::Debug for Endpoint {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        let Self { url, wants, scheme, secret: _ } = self;
        write!(f, "Endpoint({url}, {wants:?}, {scheme:?}, [REDACTED])")
    }
}

/// A state that was entered: a payment and one of its moments.
#[derive(Clone, Debug)]
pub(super) struct Event {
    pub(super) at: Timestamp,
    pub(super) payment: usize,
    pub(super) moment: usize,
    /// The numbers of its deliveries.
    pub(super) deliveries: Vec<usize>,
}

/// What is delivered.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Content {
    /// The event of a number.
    Genuine(usize),
    /// An invention modelled on the event of a number, wrongly signed and sent once.
    Forged(usize),
}

/// Where a delivery stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Stage {
    Scheduled { due: Timestamp },
    InFlight { until: Timestamp },
    Delivered { at: Timestamp },
    Dead { at: Timestamp },
}

impl Stage {
    pub(super) const fn name(self) -> &'static str {
        match self {
            Self::Scheduled { .. } => "scheduled",
            Self::InFlight { .. } => "in_flight",
            Self::Delivered { .. } => "delivered",
            Self::Dead { .. } => "dead_letter",
        }
    }
}

/// One event on its way to one endpoint.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Parcel {
    pub(super) content: Content,
    pub(super) endpoint: usize,
    pub(super) attempts: usize,
    /// The status of the last answer; `None` when there was none.
    pub(super) last_status: Option<u16>,
    pub(super) stage: Stage,
}

/// What became of an attempt.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// The endpoint answered with this status; 200 to 299 is success.
    Answered(u16),
    /// There was no answer.
    NoAnswer,
}

/// Endpoints, events and deliveries.
#[derive(Clone, Debug, Default)]
pub(super) struct Webhooks {
    endpoints: Vec<Endpoint>,
    events: Vec<Event>,
    parcels: Vec<Parcel>,
    /// Scheduled parcels by time, then number.
    due: BTreeSet<(Timestamp, usize)>,
    /// Parcels in flight by the end of patience, then number.
    flying: BTreeSet<(Timestamp, usize)>,
}

impl Webhooks {
    /// Adds an endpoint and returns its number.
    ///
    /// # Errors
    ///
    /// [`Error::Full`].
    pub(super) fn add_endpoint(&mut self, endpoint: Endpoint) -> Result<usize, Error> {
        let number = self.endpoints.len();
        if number >= ENDPOINTS_MAX {
            return Err(Error::Full { what: "webhook endpoints", limit: ENDPOINTS_MAX });
        }
        self.endpoints.push(endpoint);
        Ok(number)
    }

    pub(super) fn endpoints(&self) -> &[Endpoint] {
        &self.endpoints
    }

    pub(super) fn events(&self) -> &[Event] {
        &self.events
    }

    pub(super) fn parcel(&self, number: usize) -> Option<&Parcel> {
        self.parcels.get(number)
    }

    /// Writes an event down and returns its number.
    pub(super) fn record(&mut self, at: Timestamp, payment: usize, moment: usize) -> usize {
        self.events.push(Event { at, payment, moment, deliveries: Vec::new() });
        self.events.len().saturating_sub(1)
    }

    /// Schedules a delivery and returns its number.
    pub(super) fn schedule(&mut self, content: Content, endpoint: usize, due: Timestamp) -> usize {
        let number = self.parcels.len();
        let stage = Stage::Scheduled { due };
        self.parcels.push(Parcel { content, endpoint, attempts: 0, last_status: None, stage });
        let _ = self.due.insert((due, number));
        if let Content::Genuine(event) = content
            && let Some(event) = self.events.get_mut(event)
        {
            event.deliveries.push(number);
        }
        number
    }

    /// Takes the first delivery that is due and begins an attempt.
    pub(super) fn begin(&mut self, now: Timestamp) -> Option<(usize, Parcel)> {
        let first = self.due.first().copied().filter(|(due, _)| *due <= now)?;
        let parcel = self.parcels.get_mut(first.1)?;
        let until = now.saturating_add(SILENCE_MAX);
        parcel.attempts = parcel.attempts.saturating_add(1);
        parcel.stage = Stage::InFlight { until };
        let _ = self.due.remove(&first);
        let _ = self.flying.insert((until, first.1));
        Some((first.1, *parcel))
    }

    /// Ends an attempt. A delivery that is not in flight is left as it is: the report came too late.
    pub(super) fn end(&mut self, number: usize, outcome: Outcome, now: Timestamp) {
        let Some(parcel) = self.parcels.get_mut(number) else { return };
        let Stage::InFlight { until } = parcel.stage else { return };
        let _ = self.flying.remove(&(until, number));
        parcel.last_status = match outcome {
            Outcome::Answered(status) => Some(status),
            Outcome::NoAnswer => None,
        };
        // A forger whose call nobody took tries again; once he was answered, he has what he wanted to know.
        let pause = match (parcel.content, outcome) {
            (Content::Genuine(_), _) | (Content::Forged(_), Outcome::NoAnswer) => {
                PAUSES_S.get(parcel.attempts.saturating_sub(1))
            }
            (Content::Forged(_), Outcome::Answered(_)) => None,
        };
        parcel.stage = match (parcel.last_status, pause) {
            (Some(200..=299), _) => Stage::Delivered { at: now },
            (_, None) => Stage::Dead { at: now },
            (_, Some(seconds)) => {
                let due = now.saturating_add(Millis::from_seconds(*seconds));
                let _ = self.due.insert((due, number));
                Stage::Scheduled { due }
            }
        };
    }

    /// Ends attempts whose time for an answer is over, each at its own moment.
    pub(super) fn give_up_silent(&mut self, now: Timestamp) {
        while let Some((until, number)) = self.flying.first().copied().filter(|(until, _)| *until <= now) {
            self.end(number, Outcome::NoAnswer, until);
        }
    }

    /// When something is to be done next.
    pub(super) fn next_due(&self) -> Option<Timestamp> {
        [self.next_scheduled(), self.next_silence()].into_iter().flatten().min()
    }

    /// When a delivery is due next.
    pub(super) fn next_scheduled(&self) -> Option<Timestamp> {
        self.due.first().map(|(at, _)| *at)
    }

    /// When patience with an attempt ends next.
    pub(super) fn next_silence(&self) -> Option<Timestamp> {
        self.flying.first().map(|(at, _)| *at)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(ms: u64) -> Timestamp {
        Timestamp::from_unix_ms(ms).unwrap()
    }

    #[test]
    fn a_delivery_is_tried_seven_times_with_doubling_pauses_and_then_dead() {
        let mut webhooks = Webhooks::default();
        let event = webhooks.record(at(0), 0, 0);
        let number = webhooks.schedule(Content::Genuine(event), 0, at(0));
        let mut times = Vec::new();
        while let Some(due) = webhooks.next_due() {
            let (begun, _) = webhooks.begin(due).unwrap();
            assert_eq!((begun, webhooks.begin(due)), (number, None));
            times.push(due.unix_seconds());
            webhooks.end(number, Outcome::Answered(500), due);
        }
        assert_eq!(times, [0, 1, 3, 7, 15, 31, 63]);
        let parcel = webhooks.parcel(number).unwrap();
        assert_eq!((parcel.stage, parcel.last_status), (Stage::Dead { at: at(63_000) }, Some(500)));
    }

    #[test]
    fn silence_counts_as_failure_and_a_late_report_changes_nothing() {
        let mut webhooks = Webhooks::default();
        let event = webhooks.record(at(0), 0, 0);
        let number = webhooks.schedule(Content::Genuine(event), 0, at(0));
        let _ = webhooks.begin(at(0)).unwrap();
        webhooks.give_up_silent(at(59_999));
        assert_eq!(webhooks.next_due(), Some(at(60_000)));
        webhooks.give_up_silent(at(70_000));
        let scheduled = Stage::Scheduled { due: at(61_000) };
        assert_eq!(webhooks.parcel(number).unwrap().stage, scheduled);
        webhooks.end(number, Outcome::Answered(200), at(70_000));
        assert_eq!(webhooks.parcel(number).unwrap().stage, scheduled);
    }
}
