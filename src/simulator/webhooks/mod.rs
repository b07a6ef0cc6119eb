//! Every event reaches every endpoint that asked for it, or ends as a dead letter that can be seen.
//!
//! An event is news in its dialect, written down once and never changed. A delivery is scheduled, then in flight, then
//! delivered, or scheduled again as the endpoint's [`Schedule`] says, then dead. An attempt nobody reports on counts as
//! failed after [`SILENCE_MAX`]. An endpoint that is disabled or deleted when an attempt is due ends the delivery.

mod endpoint;
mod parcel;
mod schedule;

use alloc::collections::BTreeSet;

use super::Error;
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

/// What an event announces, in the terms of its dialect.
#[derive(Clone, Debug)]
pub(super) enum News {
    /// A native payment has entered one of its moments.
    Payment { payment: usize, moment: usize },
}

impl News {
    pub(super) const fn dialect(&self) -> Dialect {
        match self {
            Self::Payment { .. } => Dialect::Native,
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
        self.events.push(Event { at, account, kind, news, deliveries: Vec::new() });
        self.events.len().saturating_sub(1)
    }

    /// The numbers of the endpoints an event goes to.
    pub(super) fn audience(&self, event: usize) -> Vec<usize> {
        let Some(event) = self.events.get(event) else { return Vec::new() };
        let wanted = self.endpoints.iter().enumerate().filter(|(_, endpoint)| endpoint.gets(event));
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
        self.parcels.push(Parcel { content, endpoint, persists, attempts: Vec::new(), stage });
        let _ = self.due.insert((due, number));
        if let Content::Genuine(event) = content
            && let Some(event) = self.events.get_mut(event)
        {
            event.deliveries.push(number);
        }
        number
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
            parcel.attempts.push(Attempt { at: now, status: None });
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
mod tests {
    use super::super::signing::Scheme;
    use super::*;

    fn at(ms: u64) -> Timestamp {
        Timestamp::from_unix_ms(ms).unwrap()
    }

    /// One endpoint, one event and its delivery, due at once.
    fn office() -> (Webhooks, usize) {
        let mut webhooks = Webhooks::default();
        let endpoint = Endpoint::new(
            Dialect::Native,
            "http://a.test".to_owned(),
            Scheme::Standard,
            "whsec_YQ==".to_owned(),
            at(0),
        );
        let endpoint = webhooks.add_endpoint(endpoint).unwrap();
        let event = webhooks.record(at(0), 0, "payment.completed", News::Payment { payment: 0, moment: 0 });
        assert_eq!(webhooks.audience(event), [endpoint]);
        let number = webhooks.schedule(Content::Genuine(event), endpoint, at(0));
        (webhooks, number)
    }

    #[test]
    fn a_delivery_is_tried_seven_times_with_doubling_pauses_and_then_dead() {
        let (mut webhooks, number) = office();
        let mut times = Vec::new();
        while let Some(due) = webhooks.next_due() {
            assert_eq!((webhooks.begin(due), webhooks.begin(due)), (Some(number), None));
            times.push(due.unix_seconds());
            webhooks.end(number, Outcome::Answered(500), due);
        }
        assert_eq!(times, [0, 1, 3, 7, 15, 31, 63]);
        let parcel = webhooks.parcel(number).unwrap();
        assert_eq!((parcel.stage, parcel.last_status()), (Stage::Dead { at: at(63_000) }, Some(500)));
        assert_eq!(webhooks.pending(&webhooks.events()[0]), 1);
    }

    #[test]
    fn silence_counts_as_failure_and_a_late_report_changes_nothing() {
        let (mut webhooks, number) = office();
        let _ = webhooks.begin(at(0)).unwrap();
        webhooks.give_up_silent(at(59_999));
        assert_eq!(webhooks.next_due(), Some(at(60_000)));
        webhooks.give_up_silent(at(70_000));
        let scheduled = Stage::Scheduled { due: at(61_000) };
        assert_eq!(webhooks.parcel(number).unwrap().stage, scheduled);
        webhooks.end(number, Outcome::Answered(200), at(70_000));
        assert_eq!(webhooks.parcel(number).unwrap().stage, scheduled);
    }

    #[test]
    fn an_endpoint_that_is_disabled_in_between_misses_nothing_and_one_that_is_when_an_attempt_is_due_does() {
        for (enabled_again, expected) in [(true, Some(0)), (false, None)] {
            let (mut webhooks, number) = office();
            let _ = webhooks.begin(at(0)).unwrap();
            webhooks.end(number, Outcome::NoAnswer, at(0));
            webhooks.endpoint_mut(0).unwrap().status = Status::Disabled;
            assert!(webhooks.audience(0).is_empty());
            if enabled_again {
                webhooks.endpoint_mut(0).unwrap().status = Status::Enabled;
            }
            assert_eq!(webhooks.begin(at(1_000)), expected);
            let is_dead = matches!(webhooks.parcel(number).unwrap().stage, Stage::Dead { .. });
            assert_eq!((is_dead, webhooks.next_scheduled()), (!enabled_again, None));
        }
    }

    #[test]
    fn what_is_sent_again_by_hand_is_tried_once() {
        let (mut webhooks, number) = office();
        let _ = webhooks.begin(at(0)).unwrap();
        webhooks.end(number, Outcome::Answered(200), at(0));
        assert_eq!(webhooks.pending(&webhooks.events()[0]), 0);
        let again = webhooks.resend(0, 0, at(5));
        assert_eq!(webhooks.begin(at(5)), Some(again));
        webhooks.end(again, Outcome::Answered(500), at(5));
        assert_eq!(webhooks.next_due(), None);
        // It arrived once, which is what counts.
        assert_eq!(webhooks.pending(&webhooks.events()[0]), 0);
    }

    #[test]
    fn deleting_an_endpoint_makes_room_for_another() {
        let (mut webhooks, _) = office();
        let another = webhooks.endpoint(0).unwrap().clone();
        for number in 1..ENDPOINTS_MAX {
            assert_eq!(webhooks.add_endpoint(another.clone()), Ok(number));
        }
        let full = Err(Error::Full { what: "webhook endpoints", limit: ENDPOINTS_MAX });
        assert_eq!(webhooks.add_endpoint(another.clone()), full);
        webhooks.endpoint_mut(3).unwrap().status = Status::Deleted;
        assert!(webhooks.endpoint_mut(3).is_none());
        assert_eq!(webhooks.add_endpoint(another), Ok(ENDPOINTS_MAX));
        assert_eq!(webhooks.endpoints().count(), ENDPOINTS_MAX);
    }

    #[test]
    fn two_secrets_sign_while_the_older_one_retires() {
        let (mut webhooks, _) = office();
        let endpoint = webhooks.endpoint_mut(0).unwrap();
        endpoint.rotate("whsec_Yg==".to_owned(), at(100));
        let secrets = |now| endpoint.secrets(at(now)).collect::<Vec<_>>();
        assert_eq!(secrets(99), ["whsec_Yg==", "whsec_YQ=="]);
        assert_eq!(secrets(100), ["whsec_Yg=="]);
        assert!(!format!("{endpoint:?}").contains("whsec_"));
    }
}
