//! Every event reaches every endpoint that asked for it, or ends as a dead letter that can be seen.
//!
//! An event is news in its dialect, written down once and never changed. A delivery is scheduled, then in flight, then
//! delivered, or scheduled again as the endpoint's [`Schedule`] says, then dead. An attempt nobody reports on counts as
//! failed after [`SILENCE_MAX`]. An endpoint that is disabled or deleted when an attempt is due ends the delivery.

mod endpoint;
mod parcel;
mod schedule;

use alloc::collections::{BTreeMap, BTreeSet};

use super::Error;
use super::treasury::PayoutState;
use crate::prelude::*;
use crate::time::{Millis, Timestamp};

pub(super) use endpoint::{Dialect, Endpoint, Filter, Status};
pub use parcel::Outcome;
pub(super) use parcel::{Attempt, Content, Parcel, Stage};
pub use schedule::Schedule;

/// How long an attempt may stay unreported: longer than any driver waits for an answer.
pub const SILENCE_MAX: Millis = Millis::from_seconds(60);

/// Most webhook endpoints of one gateway at a time: each event is delivered to all of them.
pub const ENDPOINTS_MAX: usize = 16;

/// Most webhook endpoints one gateway ever had, deleted ones included: deliveries point to them.
const ENDPOINTS_EVER_MAX: usize = 100_000;

/// What the ids of native events begin with.
pub(super) const NATIVE_EVENT: &str = "nev";

/// What an event announces, in the terms of its dialect.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum News {
    /// A native payment has entered one of its moments.
    Payment { payment: usize, moment: usize },
    /// A payout of a native merchant has entered a state.
    Payout { payout: usize, state: PayoutState },
    /// What the event of this number among those of the Stripe dialect tells.
    Stripe { event: usize },
}

impl News {
    /// What the ids of such events begin with. Each dialect numbers its own, so that they must not look alike where both are
    /// spoken.
    pub(super) const fn prefix(&self) -> &'static str {
        match self.dialect() {
            Dialect::Native => NATIVE_EVENT,
            Dialect::Stripe => "evt",
        }
    }

    pub(super) const fn dialect(&self) -> Dialect {
        match self {
            Self::Payment { .. } | Self::Payout { .. } => Dialect::Native,
            Self::Stripe { .. } => Dialect::Stripe,
        }
    }
}

/// Something that happened and is told.
#[derive(Clone, Debug)]
pub(super) struct Event {
    pub(super) at: Timestamp,
    /// The number of the account it happened to.
    pub(super) account: usize,
    /// Its type, such as `payment.completed`.
    pub(super) kind: &'static str,
    pub(super) news: News,
    /// The numbers of its deliveries.
    pub(super) deliveries: Vec<usize>,
}

impl Event {
    /// The number its id says: its own dialect's. `own` is its place in the post office.
    pub(super) const fn number(&self, own: usize) -> usize {
        match self.news {
            News::Payment { .. } | News::Payout { .. } => own,
            News::Stripe { event } => event,
        }
    }
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
    /// Events of the Stripe dialect that somebody asked for, by their numbers there.
    of_stripe: BTreeMap<usize, usize>,
    /// Parcels that wait until somebody has looked at an object, by its id.
    held: BTreeMap<String, Vec<usize>>,
}

impl Webhooks {
    /// Adds an endpoint and returns its number.
    ///
    /// # Errors
    ///
    /// [`Error::Full`].
    pub(super) fn add_endpoint(&mut self, endpoint: Endpoint) -> Result<usize, Error> {
        let number = self.endpoints.len();
        if self.endpoints().count() >= ENDPOINTS_MAX || number >= ENDPOINTS_EVER_MAX {
            return Err(Error::Full { what: "webhook endpoints", limit: ENDPOINTS_MAX });
        }
        self.endpoints.push(endpoint);
        Ok(number)
    }

    /// The endpoints that were not deleted, with their numbers, oldest first.
    pub(super) fn endpoints(&self) -> impl DoubleEndedIterator<Item = (usize, &Endpoint)> {
        self.endpoints.iter().enumerate().filter(|(_, endpoint)| endpoint.status != Status::Deleted)
    }

    /// How many endpoints there ever were: the number of the next one.
    pub(super) fn endpoints_ever(&self) -> usize {
        self.endpoints.len()
    }

    /// The endpoint of a number, deleted or not.
    pub(super) fn endpoint(&self, number: usize) -> Option<&Endpoint> {
        self.endpoints.get(number)
    }

    /// The endpoint of a number, to be changed, unless it was deleted.
    pub(super) fn endpoint_mut(&mut self, number: usize) -> Option<&mut Endpoint> {
        self.endpoints.get_mut(number).filter(|endpoint| endpoint.status != Status::Deleted)
    }

    pub(super) fn events(&self) -> &[Event] {
        &self.events
    }

    pub(super) fn parcel(&self, number: usize) -> Option<&Parcel> {
        self.parcels.get(number)
    }

    /// Writes an event down and returns its number.
    pub(super) fn record(&mut self, at: Timestamp, account: usize, kind: &'static str, news: News) -> usize {
        let number = self.events.len();
        self.events.push(Event { at, account, kind, news, deliveries: Vec::new() });
        if let News::Stripe { event } = news {
            let _ = self.of_stripe.insert(event, number);
        }
        number
    }

    /// The number in the post office of an event of the Stripe dialect; `None` for one that nobody asked for.
    pub(super) fn of_stripe(&self, event: usize) -> Option<usize> {
        self.of_stripe.get(&event).copied()
    }

    /// The numbers of the endpoints that news goes to.
    pub(super) fn audience(&self, account: usize, kind: &str, news: News) -> Vec<usize> {
        let dialect = news.dialect();
        let all = self.endpoints.iter().enumerate();
        let wanted = all.filter(|(_, endpoint)| endpoint.gets(dialect, account, kind));
        wanted.map(|(number, _)| number).collect()
    }

    /// Schedules a delivery and returns its number.
    pub(super) fn schedule(&mut self, content: Content, endpoint: usize, due: Timestamp) -> usize {
        self.push(content, endpoint, due, true)
    }

    /// Schedules a single attempt, as by hand, and returns the number of the delivery.
    pub(super) fn resend(&mut self, event: usize, endpoint: usize, due: Timestamp) -> usize {
        self.push(Content::Genuine(event), endpoint, due, false)
    }

    fn push(&mut self, content: Content, endpoint: usize, due: Timestamp, persists: bool) -> usize {
        let number = self.parcels.len();
        let stage = Stage::Scheduled { due };
        let attempts = Vec::new();
        self.parcels.push(Parcel { content, endpoint, persists, is_doomed: false, attempts, stage });
        let _ = self.due.insert((due, number));
        if let Content::Genuine(event) = content
            && let Some(event) = self.events.get_mut(event)
        {
            event.deliveries.push(number);
        }
        number
    }

    /// Lets no attempt of a delivery arrive.
    pub(super) fn doom(&mut self, number: usize) {
        if let Some(parcel) = self.parcels.get_mut(number) {
            parcel.is_doomed = true;
        }
    }

    /// Lets no attempt arrive at an endpoint until `until`.
    pub(super) fn take_down(&mut self, endpoint: usize, until: Timestamp) {
        if let Some(endpoint) = self.endpoints.get_mut(endpoint) {
            endpoint.down_until = endpoint.down_until.max(until);
        }
    }

    /// Whether no attempt arrives at an endpoint now.
    pub(super) fn is_down(&self, endpoint: usize, now: Timestamp) -> bool {
        self.endpoints.get(endpoint).is_some_and(|endpoint| now < endpoint.down_until)
    }

    /// Lets the answer to the attempt under way count as none.
    pub(super) fn ignore_answer(&mut self, number: usize) {
        let attempt = self.parcels.get_mut(number).and_then(|parcel| parcel.attempts.last_mut());
        if let Some(attempt) = attempt {
            attempt.is_ignored = true;
        }
    }

    /// Whether the answer to the attempt under way counts as none.
    pub(super) fn is_ignored(&self, number: usize) -> bool {
        let parcel = self.parcels.get(number).filter(|parcel| matches!(parcel.stage, Stage::InFlight { .. }));
        parcel.and_then(|parcel| parcel.attempts.last()).is_some_and(|attempt| attempt.is_ignored)
    }

    /// Lets a delivery wait until somebody has looked at the object, should that come before its time.
    pub(super) fn hold(&mut self, object: &str, number: usize) {
        self.held.entry(object.to_owned()).or_default().push(number);
    }

    /// Whether a look at some object lets deliveries go.
    pub(super) fn holds_any(&self) -> bool {
        !self.held.is_empty()
    }

    /// Somebody has looked at what a path names: deliveries that waited for it go off at `now`.
    pub(super) fn release(&mut self, path: &str, now: Timestamp) {
        let seen: Vec<String> = self.held.keys().filter(|id| path.contains(id.as_str())).cloned().collect();
        for number in seen.iter().filter_map(|id| self.held.remove(id)).flatten() {
            let Some(parcel) = self.parcels.get_mut(number) else { continue };
            if let Stage::Scheduled { due } = parcel.stage
                && due > now
                && self.due.remove(&(due, number))
            {
                parcel.stage = Stage::Scheduled { due: now };
                let _ = self.due.insert((now, number));
            }
        }
    }

    /// At how many endpoints an event has not arrived yet.
    pub(super) fn pending(&self, event: &Event) -> usize {
        let parcels = || event.deliveries.iter().filter_map(|number| self.parcels.get(*number));
        let arrived = |parcel: &&Parcel| matches!(parcel.stage, Stage::Delivered { .. });
        let told: BTreeSet<usize> = parcels().filter(arrived).map(|parcel| parcel.endpoint).collect();
        let meant: BTreeSet<usize> = parcels().map(|parcel| parcel.endpoint).collect();
        meant.len().saturating_sub(told.len())
    }

    /// Takes the first delivery that is due and begins an attempt.
    pub(super) fn begin(&mut self, now: Timestamp) -> Option<usize> {
        loop {
            let first = self.due.first().copied().filter(|(due, _)| *due <= now)?;
            let _ = self.due.remove(&first);
            let parcel = self.parcels.get_mut(first.1)?;
            let endpoint = self.endpoints.get(parcel.endpoint);
            if endpoint.is_none_or(|endpoint| endpoint.status != Status::Enabled) {
                parcel.stage = Stage::Dead { at: now };
                continue;
            }
            let until = now.saturating_add(SILENCE_MAX);
            // Nearly all deliveries need one attempt, and there is one for each event.
            parcel.attempts.reserve_exact(1);
            parcel.attempts.push(Attempt { at: now, status: None, is_ignored: false });
            parcel.stage = Stage::InFlight { until };
            let _ = self.flying.insert((until, first.1));
            return Some(first.1);
        }
    }

    /// Ends an attempt. A delivery that is not in flight is left as it is: the report came too late.
    pub(super) fn end(&mut self, number: usize, outcome: Outcome, now: Timestamp) {
        let Some(parcel) = self.parcels.get_mut(number) else { return };
        let Stage::InFlight { until } = parcel.stage else { return };
        let schedule = self.endpoints.get(parcel.endpoint).map(|endpoint| endpoint.schedule);
        let _ = self.flying.remove(&(until, number));
        let status = match outcome {
            Outcome::Answered(status) => Some(status),
            Outcome::NoAnswer => None,
        };
        let made = parcel.attempts.len();
        if let Some(attempt) = parcel.attempts.last_mut() {
            attempt.status = status;
        }
        // A forger whose call nobody took tries again; once he was answered, he has what he wanted to know.
        let persists = match (parcel.content, outcome) {
            (Content::Genuine(_), _) => parcel.persists,
            (Content::Forged(_), Outcome::NoAnswer) => true,
            (Content::Forged(_), Outcome::Answered(_)) => false,
        };
        let pause = schedule.filter(|_| persists).and_then(|schedule| schedule.pause(made));
        parcel.stage = match (status, pause) {
            (Some(200..=299), _) => Stage::Delivered { at: now },
            (_, None) => Stage::Dead { at: now },
            (_, Some(pause)) => {
                let due = now.saturating_add(pause);
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
mod tests;
