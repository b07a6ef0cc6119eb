//! The governor's door: governors by handle, and numbers only where a decision is asked for.
//!
//! A decision is made before every exchange and takes a few dozen nanoseconds, so nothing is allocated or encoded for
//! one. A moment crosses as two words of 32 bits which the shell has cut itself, a length of time as milliseconds below
//! 2^32. Making a governor, naming a lane and looking at the lanes are rare, and cross as documents.

mod documents;
#[cfg(all(target_family = "wasm", feature = "wasm-payments"))]
pub mod exports;

pub use documents::Error;

use super::reply;
use crate::entropy::Entropy;
use crate::governor::{Governor, Heard, LaneId, Permit, Purpose, Reason, Ticket, Waiter};
use crate::json::{self, ArrayWriter, Fields};
use crate::prelude::*;
use crate::time::{Millis, Timestamp};

/// Stands for "no length of time" where one may be left out.
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

/// The governors of one instance.
#[derive(Debug, Default)]
pub struct Governors {
    /// The governor of handle n stands at n - 1; a handle is never used again.
    open: Vec<Option<Box<Held>>>,
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

    /// Takes `{ entropy, budget?, breaker?, bulkhead? }`, where `false` switches a part off. Replies with a handle.
    #[must_use]
    pub fn open(&mut self, options: &[u8]) -> Vec<u8> {
        reply::of(self.try_open(options).map(Digits::digits))
    }

    fn try_open(&mut self, options: &[u8]) -> Result<u32, Error> {
        let document = json::parse(options)?;
        let mut fields = Fields::of(&document, "governor")?;
        let settings = documents::settings(&mut fields)?;
        let entropy = Entropy::from_bytes(documents::entropy(fields.text("entropy")?)?);
        fields.finish()?;
        let governor = Governor::new(settings)?;
        let held = Held { governor, entropy, admitted: 0 };
        self.open.push(Some(Box::new(held)));
        // Memory ends long before the handles do.
        Ok(u32::try_from(self.open.len()).unwrap_or(u32::MAX))
    }

    /// Takes `{ provider, operation }`. Replies with the number of the lane.
    #[must_use]
    pub fn lane(&mut self, handle: u32, names: &[u8]) -> Vec<u8> {
        reply::of(self.try_lane(handle, names).map(Digits::digits))
    }

    fn try_lane(&mut self, handle: u32, names: &[u8]) -> Result<u32, Error> {
        let document = json::parse(names)?;
        let mut fields = Fields::of(&document, "lane")?;
        let (provider, operation) = (fields.text("provider")?, fields.text("operation")?);
        fields.finish()?;
        let held = held(&mut self.open, handle).ok_or(Error::UnknownHandle { found: handle })?;
        Ok(held.governor.lane(provider, operation)?.0)
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

    /// Replies with the lanes as they stand.
    #[must_use]
    pub fn view(&mut self, handle: u32) -> Vec<u8> {
        reply::of(held(&mut self.open, handle).ok_or(Error::UnknownHandle { found: handle }).map(|held| {
            held.governor
                .views()
                .fold(ArrayWriter::new(), |list, view| list.raw(&documents::shown(&view)))
                .finish()
        }))
    }

    /// Whether an exchange of a purpose may be made once more beside itself. Replies with the purpose of the copy.
    #[must_use]
    pub fn hedged(purpose: u32) -> Vec<u8> {
        let purpose = Purpose::from_word(purpose).unwrap_or(Purpose::Resend);
        reply::of(purpose.hedged().map(|purpose| purpose.word().digits()))
    }

    /// What a `Retry-After` says: takes `{ text, now }`, replies with milliseconds, or `null` when it says nothing.
    #[must_use]
    pub fn retry_after(input: &[u8]) -> Vec<u8> {
        reply::of(documents::retry_after(input))
    }

    /// Lets go of a governor. Replies with `null`.
    #[must_use]
    pub fn release(&mut self, handle: u32) -> Vec<u8> {
        if let Some(slot) = place(handle).and_then(|place| self.open.get_mut(place)) {
            *slot = None;
        }
        reply::ok("null")
    }
}

fn place(handle: u32) -> Option<usize> {
    usize::try_from(handle.checked_sub(1)?).ok()
}

fn held(open: &mut [Option<Box<Held>>], handle: u32) -> Option<&mut Held> {
    open.get_mut(place(handle)?)?.as_deref_mut()
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

#[cfg(test)]
mod tests {
    use super::*;

    const ENTROPY: &str = "000102030405060708090a0b0c0d0e0f";
    const NOW: [u32; 2] = [396, 1];

    fn text(reply: Vec<u8>) -> String {
        String::from_utf8(reply).unwrap()
    }

    fn opened(governors: &mut Governors) -> u32 {
        let options = format!(r#"{{"entropy":"{ENTROPY}","bulkhead":{{"in_flight":1}}}}"#);
        let reply: serde_json::Value = serde_json::from_slice(&governors.open(options.as_bytes())).unwrap();
        u32::try_from(reply["ok"].as_u64().unwrap()).unwrap()
    }

    #[test]
    fn an_exchange_passes_through_the_door() {
        let mut governors = Governors::new();
        let handle = opened(&mut governors);
        let names = br#"{"provider":"stripe","operation":"charge"}"#;
        assert_eq!(text(governors.lane(handle, names)), r#"{"ok":0}"#);
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
        assert!((2_000..3_000).contains(&(held >> 4)), "{}", held >> 4);
        assert_eq!(governors.leave(handle, 0, waiter), 0);
        insta::assert_snapshot!(text(governors.view(handle)), @r#"{"ok":[{"provider":"stripe","operation":"charge","breaker":"closed","in_flight":0,"waiting":0,"first_sends":1,"retries":1,"probes":0,"held":3,"answered":1,"failed":0,"shed":1,"trips":0,"tokens":9,"quiet_until":1700807051217}]}"#);
        assert_eq!(text(governors.release(handle)), r#"{"ok":null}"#);
        assert_eq!(governors.permit(handle, 0, 0, NONE, NOW), SHED);
        assert!(text(governors.view(handle)).contains("governor_unknown_handle"));
    }

    #[test]
    fn what_the_door_does_not_know_is_refused_and_changes_nothing() {
        let mut governors = Governors::new();
        let handle = opened(&mut governors);
        let _ = governors.lane(handle, br#"{"provider":"stripe","operation":"charge"}"#);
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
        governors.report(handle, 0, u32::MAX, 200, NONE, NOW);
        assert!(text(governors.view(handle)).contains(r#""answered":0"#));
    }

    #[test]
    fn only_a_query_is_hedged_and_a_hint_is_read_in_all_its_forms() {
        for purpose in [0, 1, 9] {
            assert!(text(Governors::hedged(purpose)).contains("governor_hedged_money"), "{purpose}");
        }
        assert_eq!(text(Governors::hedged(2)), r#"{"ok":3}"#);
        let table = [
            (r#""text":"120","now":0"#, r#"{"ok":120000}"#),
            (r#""text":"Sun, 06 Nov 1994 08:49:37 GMT","now":784111776000"#, r#"{"ok":1000}"#),
            (r#""text":"soon","now":0"#, r#"{"ok":null}"#),
        ];
        for (input, expected) in table {
            assert_eq!(text(Governors::retry_after(format!("{{{input}}}").as_bytes())), expected);
        }
    }

    #[test]
    fn options_are_read_part_by_part() {
        // options beside the entropy, what the reply holds
        let table = [
            ("", r#""ok":"#),
            (r#","budget":false,"breaker":false,"bulkhead":false"#, r#""ok":"#),
            (r#","budget":{"burst":0}"#, "governor_burst_zero"),
            (r#","budget":{"bursts":1}"#, "bursts"),
            (r#","breaker":{"probe_base_ms":0}"#, "retry_base_zero"),
            (r#","breaker":{"probe_cap_ms":1}"#, "retry_cap_below_base"),
            (r#","breaker":{"outcomes":99}"#, "governor_outcomes"),
            (r#","bulkhead":{"in_flight":0}"#, "governor_in_flight_zero"),
            (r#","bulkhead":true"#, "field_invalid"),
            (r#","hedge":true"#, "hedge"),
        ];
        for (options, expected) in table {
            let options = format!(r#"{{"entropy":"{ENTROPY}"{options}}}"#);
            let reply = text(Governors::new().open(options.as_bytes()));
            assert!(reply.contains(expected), "{options}: {reply}");
        }
        assert!(text(Governors::new().open(br#"{"entropy":"00"}"#)).contains("16 bytes"));
    }
}
