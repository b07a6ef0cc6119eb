//! The governor's door: governors by handle, and numbers in both directions.
//!
//! A decision is made before every exchange and takes a few dozen nanoseconds, so nothing is allocated or encoded for
//! one. A moment crosses as two words of 32 bits which the shell has cut itself, a length of time as milliseconds below
//! 2^32. The names of lanes stay in the shell.

#[cfg(all(target_family = "wasm", feature = "wasm-governor"))]
pub mod exports;

use super::reply;
use crate::advice::{Advice, Diagnose as _, Report, Sentence, reported};
use crate::entropy::Entropy;
use crate::governor::{
    self, Governor, Heard, LaneId, Permit, Phase, Purpose, Reason, Settings, Ticket, Waiter,
};
use crate::prelude::*;
use crate::retry::{self, Jitter, Policy};
use crate::time::{Millis, Timestamp};

/// Stands for "none", or "as it is by default", wherever a number may be left out.
pub const NONE: u32 = u32::MAX;

/// A status for "no answer" and one for "the ticket was not used".
const NO_ANSWER: u32 = 0;
const NEVER_SENT: u32 = 1;

/// An answer of [`Governors::permit`] is one of these in the lowest four bits, and above them the ticket of a `GO`, or
/// the milliseconds until one may ask again.
const GO: u32 = 0;
const SHED: u32 = 15;

/// Bits above the four.
const VALUE_MAX: u32 = u32::MAX >> 4;

/// Why a call was refused. Variants stand in order of precedence.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Error {
    /// The waits between probes are refused.
    Retry(retry::Error),
    /// What it asks for is refused.
    Governor(governor::Error),
    /// No governor has this handle: it is from before a trap.
    UnknownHandle {
        /// The handle.
        found: u32,
    },
}

/// The governors of one instance.
#[derive(Debug, Default)]
pub struct Governors {
    /// The governor of handle n stands at n - 1. A process has one or a few, for as long as it runs.
    open: Vec<Held>,
}

#[derive(Debug)]
struct Held {
    governor: Governor,
    entropy: Entropy,
    /// The ticket of who was admitted last.
    admitted: u32,
}

impl Governors {
    /// None is open.
    #[must_use]
    pub const fn new() -> Self {
        Self { open: Vec::new() }
    }

    /// Opens a governor. Takes four words of entropy, then the settings in the order of [`settings`], each [`NONE`] where
    /// the default is meant. Replies with a handle.
    #[must_use]
    pub fn open(&mut self, words: &[u32]) -> Vec<u8> {
        reply::of(self.try_open(words).map(Digits::digits))
    }

    fn try_open(&mut self, words: &[u32]) -> Result<u32, Error> {
        let mut words = words.iter().copied();
        let mut draw = || u64::from(words.next().unwrap_or_default());
        let (a, b) = ((draw() << 32) | draw(), (draw() << 32) | draw());
        let entropy = Entropy::from_bytes((u128::from(a) << 64 | u128::from(b)).to_le_bytes());
        let governor = Governor::new(settings(words)?).map_err(Error::Governor)?;
        self.open.push(Held { governor, entropy, admitted: 0 });
        // Memory ends long before the handles do.
        Ok(u32::try_from(self.open.len()).unwrap_or(u32::MAX))
    }

    /// Adds a lane. Replies with its number.
    #[must_use]
    pub fn add_lane(&mut self, handle: u32) -> Vec<u8> {
        let lane = match held(&mut self.open, handle) {
            Some(held) => held.governor.add_lane().map_err(Error::Governor),
            None => Err(Error::UnknownHandle { found: handle }),
        };
        reply::of(lane.map(|LaneId(number)| number.digits()))
    }

    /// Whether an exchange may begin. `deadline` is in milliseconds from now, [`NONE`] for none.
    pub fn permit(&mut self, handle: u32, lane: u32, purpose: u32, deadline: u32, now: [u32; 2]) -> u32 {
        let asked = (held(&mut self.open, handle), moment(now), Purpose::from_word(purpose));
        let (Some(held), Some(now), Some(purpose)) = asked else { return SHED };
        match held.governor.permit(now, LaneId(lane), purpose, end(now, deadline), &mut held.entropy) {
            Permit::Go { ticket } => (ticket.word() << 4) | GO,
            Permit::Hold { until, reason } => (wait(now, until).min(VALUE_MAX) << 4) | word(reason),
            Permit::Shed { reason } => word(reason),
        }
    }

    /// What became of an exchange: an HTTP status, 0 for no answer, 1 for a ticket that was not used.
    pub fn report(
        &mut self,
        handle: u32,
        lane: u32,
        ticket: u32,
        status: u32,
        retry_after: u32,
        now: [u32; 2],
    ) {
        let told = (held(&mut self.open, handle), moment(now), Ticket::from_word(ticket));
        let (Some(held), Some(now), Some(ticket)) = told else { return };
        let hint = Some(Millis::new(u64::from(retry_after))).filter(|_| retry_after != NONE);
        let heard = match status {
            NEVER_SENT => Heard::NeverSent,
            NO_ANSWER => Heard::of_status(None, hint),
            // A status beyond 16 bits is no answer either.
            status => Heard::of_status(u16::try_from(status).ok(), hint),
        };
        held.governor.report(now, LaneId(lane), ticket, heard, &mut held.entropy);
    }

    /// Queues; 0 when there is no place.
    pub fn join(&mut self, handle: u32, lane: u32, purpose: u32, deadline: u32, now: [u32; 2]) -> u32 {
        let asked = (held(&mut self.open, handle), moment(now), Purpose::from_word(purpose));
        let (Some(held), Some(now), Some(purpose)) = asked else { return 0 };
        let joined = held.governor.join(now, LaneId(lane), purpose, end(now, deadline));
        joined.map_or(0, |Waiter(number)| number)
    }

    /// Lets the next one through: who it is, or 0; [`Governors::admitted`] is the ticket.
    pub fn admit(&mut self, handle: u32, lane: u32, now: [u32; 2]) -> u32 {
        let (Some(held), Some(now)) = (held(&mut self.open, handle), moment(now)) else { return 0 };
        let Some((Waiter(number), ticket)) = held.governor.admit(now, LaneId(lane)) else { return 0 };
        held.admitted = ticket.word();
        number
    }

    /// The ticket of who was admitted last.
    pub fn admitted(&mut self, handle: u32) -> u32 {
        held(&mut self.open, handle).map_or(0, |held| held.admitted)
    }

    /// Gives a place in the queue up: 1 when there was one.
    pub fn leave(&mut self, handle: u32, lane: u32, waiter: u32) -> u32 {
        let held = held(&mut self.open, handle);
        u32::from(held.is_some_and(|held| held.governor.leave(LaneId(lane), Waiter(waiter))))
    }

    /// Milliseconds until somebody may be admitted without a report; [`NONE`] when only a report can help.
    pub fn next(&mut self, handle: u32, lane: u32, now: [u32; 2]) -> u32 {
        let (Some(held), Some(now)) = (held(&mut self.open, handle), moment(now)) else { return NONE };
        held.governor.next_at(now, LaneId(lane)).map_or(NONE, |at| wait(now, at))
    }

    /// A lane as it stands: pairs of words, high and low, in the order of the body; all ones where there is nothing.
    pub fn view(&mut self, handle: u32, lane: u32) -> Vec<u32> {
        let found = held(&mut self.open, handle).and_then(|held| held.governor.view(LaneId(lane)));
        let Some(view) = found else { return Vec::new() };
        let counts = view.counts;
        let at = |moment: Option<Timestamp>| moment.map_or(u64::MAX, Timestamp::unix_ms);
        let numbers = [
            phase(view.phase),
            view.window.map_or(u64::MAX, u64::from),
            at(view.probe_at),
            at(view.quiet_until),
            view.tokens.unwrap_or(u64::MAX),
            u64::from(view.in_flight),
            u64::try_from(view.waiting).unwrap_or(u64::MAX),
            counts.first_sends,
            counts.retries,
            counts.probes,
            counts.held,
            counts.answered,
            counts.failed,
            counts.shed,
            counts.trips,
        ];
        let word = |number: u64| u32::try_from(number).unwrap_or_default();
        numbers
            .into_iter()
            .flat_map(|number| [word(number >> 32), word(number & u64::from(u32::MAX))])
            .collect()
    }

    /// Whether an exchange of a purpose may be made once more beside itself. Replies with the purpose of the copy.
    #[must_use]
    pub fn hedged(purpose: u32) -> Vec<u8> {
        let purpose = Purpose::from_word(purpose).unwrap_or(Purpose::Resend);
        reply::of(purpose.hedged().map(|purpose| purpose.word().digits()).map_err(Error::Governor))
    }
}

const fn phase(phase: Phase) -> u64 {
    match phase {
        Phase::Closed => 0,
        Phase::Open => 1,
        Phase::Recovering => 2,
    }
}

/// Reads the settings. The first number of a part switches it off when it is 0.
fn settings(mut words: impl Iterator<Item = u32>) -> Result<Settings, Error> {
    let mut settings = Settings::default();
    let mut word = move || Some(words.next().unwrap_or(NONE)).filter(|word| *word != NONE);
    let keep = word() != Some(0);
    if let Some(budget) = &mut settings.budget {
        budget.burst = word().unwrap_or(budget.burst);
        budget.percent = word().unwrap_or(budget.percent);
        budget.trickle = millis(word()).unwrap_or(budget.trickle);
    }
    settings.budget = settings.budget.filter(|_| keep);
    let keep = word() != Some(0);
    if let Some(breaker) = &mut settings.breaker {
        breaker.in_a_row = word().unwrap_or(breaker.in_a_row);
        breaker.outcomes = word().unwrap_or(breaker.outcomes);
        breaker.failures = word().unwrap_or(breaker.failures);
        breaker.memory = millis(word()).unwrap_or(breaker.memory);
        let base = millis(word()).unwrap_or(breaker.probe.base());
        let cap = millis(word()).unwrap_or(breaker.probe.cap());
        breaker.probe = Policy::new(base, cap, Jitter::Full).map_err(Error::Retry)?;
        breaker.probe_lease = millis(word()).unwrap_or(breaker.probe_lease);
        breaker.window = word().unwrap_or(breaker.window);
    }
    settings.breaker = settings.breaker.filter(|_| keep);
    let keep = word() != Some(0);
    if let Some(bulkhead) = &mut settings.bulkhead {
        bulkhead.in_flight = word().unwrap_or(bulkhead.in_flight);
        bulkhead.waiting = word().unwrap_or(bulkhead.waiting);
    }
    settings.bulkhead = settings.bulkhead.filter(|_| keep);
    Ok(settings)
}

fn millis(word: Option<u32>) -> Option<Millis> {
    word.map(|ms| Millis::new(u64::from(ms)))
}

fn held(open: &mut [Held], handle: u32) -> Option<&mut Held> {
    open.get_mut(usize::try_from(handle.checked_sub(1)?).ok()?)
}

fn moment([high, low]: [u32; 2]) -> Option<Timestamp> {
    Timestamp::from_unix_ms((u64::from(high) << 32) | u64::from(low))
}

fn end(now: Timestamp, deadline: u32) -> Timestamp {
    if deadline == NONE { Timestamp::MAX } else { now.saturating_add(Millis::new(u64::from(deadline))) }
}

/// A wait below [`NONE`]; who waits seven weeks asks again.
fn wait(now: Timestamp, until: Timestamp) -> u32 {
    u32::try_from(until.since(now).get()).unwrap_or(NONE).min(NONE.saturating_sub(1))
}

const fn word(reason: Reason) -> u32 {
    match reason {
        Reason::Hint => 1,
        Reason::Open => 2,
        Reason::Probing => 3,
        Reason::Full => 4,
        Reason::Queue => 5,
        Reason::Budget => 6,
        Reason::Deadline => 7,
        // A lane that does not exist, and whatever the engine learns to say before this door does.
        _ => SHED,
    }
}

impl Error {
    /// What is said of each code.
    pub(crate) const SENTENCES: &'static [Sentence] =
        &[("governor_unknown_handle", "no governor has the handle {found}")];

    fn table(&self) -> Report {
        match self {
            Self::Retry(error) => error.report(),
            Self::Governor(error) => error.report(),
            Self::UnknownHandle { found } => Report::new("governor_unknown_handle")
                .advise(Advice::ReportBug)
                .number("found", u64::from(*found))
                .say_from(Self::SENTENCES),
        }
    }
}

reported!(Error);

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: [u32; 2] = [396, 1];

    fn text(reply: Vec<u8>) -> String {
        String::from_utf8(reply).unwrap()
    }

    /// A governor with one place, and its lane.
    fn opened(governors: &mut Governors) -> u32 {
        let mut words = [NONE; 20];
        words[18] = 1;
        let reply: serde_json::Value = serde_json::from_slice(&governors.open(&words)).unwrap();
        let handle = u32::try_from(reply["ok"].as_u64().unwrap()).unwrap();
        assert_eq!(text(governors.add_lane(handle)), r#"{"ok":0}"#);
        handle
    }

    #[test]
    fn an_exchange_passes_through_the_door() {
        let mut governors = Governors::new();
        let handle = opened(&mut governors);
        let go = governors.permit(handle, 0, 0, NONE, NOW);
        assert_eq!(go & 15, GO);
        let full = governors.permit(handle, 0, 0, NONE, NOW);
        assert_eq!(full & 15, 4);
        assert!((1_000..2_000).contains(&(full >> 4)), "{}", full >> 4);
        assert_eq!(governors.permit(handle, 0, 0, 0, NOW) & 15, 7, "the deadline is over");
        let waiter = governors.join(handle, 0, 1, 5_000, NOW);
        assert_eq!(governors.admit(handle, 0, NOW), 0);
        assert_eq!(governors.next(handle, 0, NOW), NONE);
        governors.report(handle, 0, go >> 4, 200, NONE, NOW);
        assert_eq!(governors.next(handle, 0, NOW), 0);
        assert_eq!(governors.admit(handle, 0, NOW), waiter);
        let ticket = governors.admitted(handle);
        governors.report(handle, 0, ticket, 503, 2_000, NOW);
        let held = governors.permit(handle, 0, 1, NONE, NOW);
        assert_eq!(held & 15, 1);
        assert!((2_000..4_250).contains(&(held >> 4)), "{}", held >> 4);
        assert_eq!(governors.leave(handle, 0, waiter), 0);
        // Closed, no window, no probe, quiet for 2 s and the spread of a hint, 9 tokens, none under way, none waiting, then the counts.
        let nothing = [NONE, NONE];
        let expected = [
            [0, 0],
            nothing,
            nothing,
            [396, 2_701],
            [0, 9],
            [0, 0],
            [0, 0],
            [0, 1],
            [0, 1],
            [0, 0],
            [0, 3],
            [0, 1],
            [0, 0],
            [0, 1],
            [0, 0],
        ];
        assert_eq!(governors.view(handle, 0), expected.concat());
        assert!(governors.view(handle, 1).is_empty());
    }

    #[test]
    fn what_the_door_does_not_know_is_refused_and_changes_nothing() {
        let mut governors = Governors::new();
        let handle = opened(&mut governors);
        for (handle, lane, purpose, now) in [
            (0, 0, 0, NOW),
            (9, 0, 0, NOW),
            (handle, 1, 0, NOW),
            (handle, 0, 4, NOW),
            (handle, 0, 0, [u32::MAX, 0]),
        ] {
            assert_eq!(governors.permit(handle, lane, purpose, NONE, now), SHED);
            assert_eq!(governors.join(handle, lane, purpose, NONE, now), 0);
        }
        let before = governors.view(handle, 0);
        governors.report(handle, 0, u32::MAX, 200, NONE, NOW);
        governors.report(9, 0, 0, 200, NONE, NOW);
        assert_eq!(governors.view(handle, 0), before);
        assert!(text(governors.add_lane(9)).contains("governor_unknown_handle"));
    }

    #[test]
    fn only_a_query_is_hedged() {
        for purpose in [0, 1, 9] {
            assert!(text(Governors::hedged(purpose)).contains("governor_hedged_money"), "{purpose}");
        }
        assert_eq!(text(Governors::hedged(2)), r#"{"ok":3}"#);
    }

    #[test]
    fn settings_are_read_in_their_order() {
        // which word after the entropy, its value, what the reply holds
        let table = [
            (0, 0, "ok"),
            (1, 0, "burst"),
            (2, 101, "percent"),
            (3, 0, "ok"),
            (4, 0, "ok"),
            (5, 0, "in_a_row"),
            (6, 65, "outcomes"),
            (7, 21, "failures"),
            (8, 0, "ok"),
            (9, 0, "retry_base_zero"),
            (10, 1, "retry_cap_below_base"),
            (11, 0, "ok"),
            (12, 0, "window"),
            (13, 0, "ok"),
            (14, 0, "in_flight"),
            (15, 0, "ok"),
        ];
        for (place, value, expected) in table {
            let mut words = [NONE; 20];
            words[4 + place] = value;
            let reply = text(Governors::new().open(&words));
            assert!(reply.contains(expected), "{place}: {reply}");
        }
        assert_eq!(text(Governors::new().open(&[])), r#"{"ok":1}"#, "all defaults");
    }
}
