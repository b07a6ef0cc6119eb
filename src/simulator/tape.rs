//! A tape gives back exactly the calls that were put on it, in order, and holds each in few more bytes than its texts.
//!
//! A gateway with a long history is mostly its journal, so calls are not kept as the values they were.

use super::exchange::Request;
use super::faults::FaultPlan;
use super::journal::{Call, KEPT_HEADERS, kept};
use super::webhooks::Outcome;
use crate::crypto::encode_hex;
use crate::prelude::*;
use crate::time::{Millis, Timestamp};

/// Bytes that are set aside at a time: large enough to be rare, small enough to be no loss.
const CHUNK_BYTES: usize = 64 << 10;

/// What the official client's own keys begin with; a UUID follows.
const INVENTED_KEY: &str = "stripe-node-retry-";

const UUID_BYTES: usize = 16;

/// What a call begins with.
mod tag {
    pub(super) const HANDLE: u8 = 0;
    pub(super) const READS: u8 = 1;
    pub(super) const TIMEOUT: u8 = 2;
    pub(super) const POLL: u8 = 3;
    pub(super) const ANSWERED: u8 = 4;
    pub(super) const UNANSWERED: u8 = 5;
    pub(super) const FAULTS: u8 = 6;
}

/// Calls in order.
#[derive(Clone, Debug)]
pub(super) struct Tape {
    chunks: Vec<Vec<u8>>,
    /// When the last call was; time does not run backwards, so that only the step to it is written.
    last: Timestamp,
    /// Reads that were counted and not written yet, and when the first of them was.
    reads: Option<(Timestamp, usize)>,
    /// Where an entry is written before it is known how long it is. Kept, since every request needs one.
    entry: Vec<u8>,
}

impl Default for Tape {
    fn default() -> Self {
        Self { chunks: Vec::new(), last: Timestamp::MIN, reads: None, entry: Vec::new() }
    }
}

impl Tape {
    /// Puts a call on the tape. Reads that follow each other become one.
    pub(super) fn push(&mut self, now: Timestamp, call: &Call) {
        if let Call::Reads(count) = call {
            let (at, before) = self.reads.unwrap_or((now, 0));
            self.reads = Some((at, before.saturating_add(*count)));
            return;
        }
        self.write_reads();
        self.write(now, call);
    }

    /// Puts a request on the tape, without what the engine does not read.
    pub(super) fn push_request(&mut self, now: Timestamp, request: &Request) {
        self.write_reads();
        let mut entry = self.begin(tag::HANDLE, now);
        handling(&mut entry, request);
        self.end(now, entry);
    }

    /// All calls, oldest first.
    pub(super) fn calls(&self) -> impl Iterator<Item = (Timestamp, Call)> {
        let mut clock = Timestamp::MIN;
        let written = self.chunks.iter().flat_map(|chunk| {
            let mut rest = Reader(chunk);
            core::iter::from_fn(move || rest.entry())
        });
        let written = written.map(move |(step, call)| {
            clock = clock.saturating_add(step);
            (clock, call)
        });
        written.chain(self.reads.map(|(at, count)| (at, Call::Reads(count))))
    }

    fn write_reads(&mut self) {
        if let Some((at, count)) = self.reads.take() {
            self.write(at, &Call::Reads(count));
        }
    }

    fn write(&mut self, now: Timestamp, call: &Call) {
        let entry = match call {
            Call::Handle(request) => {
                let mut entry = self.begin(tag::HANDLE, now);
                handling(&mut entry, request);
                entry
            }
            Call::Reads(count) => {
                let mut entry = self.begin(tag::READS, now);
                number(&mut entry, wide(*count));
                entry
            }
            Call::Timeout => self.begin(tag::TIMEOUT, now),
            Call::Poll => self.begin(tag::POLL, now),
            Call::Report { delivery, outcome: Outcome::Answered(status) } => {
                let mut entry = self.begin(tag::ANSWERED, now);
                number(&mut entry, wide(*delivery));
                number(&mut entry, u64::from(*status));
                entry
            }
            Call::Report { delivery, outcome: Outcome::NoAnswer } => {
                let mut entry = self.begin(tag::UNANSWERED, now);
                number(&mut entry, wide(*delivery));
                entry
            }
            Call::Faults(plan) => {
                let mut entry = self.begin(tag::FAULTS, now);
                bytes(&mut entry, plan.to_json().as_bytes());
                entry
            }
        };
        self.end(now, entry);
    }

    fn begin(&mut self, tag: u8, now: Timestamp) -> Vec<u8> {
        let mut entry = core::mem::take(&mut self.entry);
        entry.push(tag);
        number(&mut entry, now.since(self.last).get());
        entry
    }

    fn end(&mut self, now: Timestamp, mut entry: Vec<u8>) {
        self.last = self.last.max(now);
        let fits = |chunk: &Vec<u8>| chunk.capacity().saturating_sub(chunk.len()) >= entry.len();
        if !self.chunks.last().is_some_and(fits) {
            self.chunks.push(Vec::with_capacity(CHUNK_BYTES.max(entry.len())));
        }
        if let Some(chunk) = self.chunks.last_mut() {
            chunk.extend_from_slice(&entry);
        }
        entry.clear();
        self.entry = entry;
    }
}

fn handling(entry: &mut Vec<u8>, request: &Request) {
    for text in [&request.method, &request.path, &request.query] {
        bytes(entry, text.as_bytes());
    }
    let headers = request.headers.iter();
    let headers = headers.filter_map(|(name, value)| Some((kept(name, value)?, value.as_str())));
    // Gone through twice, because their number stands in front of them.
    number(entry, wide(headers.clone().count()));
    for (place, value) in headers {
        number(entry, wide(place));
        header(entry, value);
    }
    bytes(entry, &request.body);
}

/// A value; a key that the official client invented, of which a history is full, as the sixteen bytes it stands for.
fn header(entry: &mut Vec<u8>, value: &str) {
    match value.strip_prefix(INVENTED_KEY).and_then(uuid_bytes) {
        Some(uuid) => {
            entry.push(1);
            entry.extend_from_slice(&uuid);
        }
        None => {
            entry.push(0);
            bytes(entry, value.as_bytes());
        }
    }
}

/// The bytes of a UUID in its usual form: lower-case digits, and hyphens in four places.
fn uuid_bytes(text: &str) -> Option<[u8; UUID_BYTES]> {
    let mut uuid = [0; UUID_BYTES];
    let mut letters = text.bytes();
    let digit = |letters: &mut core::str::Bytes<'_>| match letters.next()? {
        letter @ b'0'..=b'9' => Some(letter & 0xf),
        letter @ b'a'..=b'f' => Some((letter & 0xf).saturating_add(9)),
        _ => None,
    };
    for (at, slot) in uuid.iter_mut().enumerate() {
        if matches!(at, 4 | 6 | 8 | 10) && letters.next()? != b'-' {
            return None;
        }
        *slot = (digit(&mut letters)? << 4) | digit(&mut letters)?;
    }
    letters.next().is_none().then_some(uuid)
}

/// The key the official client makes of a UUID.
fn invented_key(uuid: &[u8]) -> Option<String> {
    let hex = encode_hex(uuid);
    let mut key = INVENTED_KEY.to_owned();
    for (from, to, end) in [(0, 8, "-"), (8, 12, "-"), (12, 16, "-"), (16, 20, "-"), (20, 32, "")] {
        key.push_str(hex.get(from..to)?);
        key.push_str(end);
    }
    Some(key)
}

fn bytes(entry: &mut Vec<u8>, bytes: &[u8]) {
    number(entry, wide(bytes.len()));
    entry.extend_from_slice(bytes);
}

/// Seven bits at a time, the lowest first; the eighth says that more follow.
fn number(entry: &mut Vec<u8>, mut value: u64) {
    loop {
        let low = u8::try_from(value & 0x7f).unwrap_or_default();
        value >>= 7;
        if value == 0 {
            return entry.push(low);
        }
        entry.push(low | 0x80);
    }
}

fn wide(number: usize) -> u64 {
    u64::try_from(number).unwrap_or(u64::MAX)
}

/// The rest of a chunk. What it gives was written by [`Tape`], so `None` means its end.
struct Reader<'t>(&'t [u8]);

impl<'t> Reader<'t> {
    fn entry(&mut self) -> Option<(Millis, Call)> {
        let (tag, rest) = self.0.split_first()?;
        self.0 = rest;
        let step = Millis::new(self.number()?);
        let call = match *tag {
            tag::HANDLE => Call::Handle(self.request()?),
            tag::READS => Call::Reads(self.count()?),
            tag::TIMEOUT => Call::Timeout,
            tag::POLL => Call::Poll,
            tag::ANSWERED => {
                let delivery = self.count()?;
                let status = u16::try_from(self.number()?).ok()?;
                Call::Report { delivery, outcome: Outcome::Answered(status) }
            }
            tag::UNANSWERED => Call::Report { delivery: self.count()?, outcome: Outcome::NoAnswer },
            tag::FAULTS => Call::Faults(FaultPlan::parse(self.bytes()?).ok()?),
            _ => return None,
        };
        Some((step, call))
    }

    fn request(&mut self) -> Option<Request> {
        let (method, path, query) = (self.text()?, self.text()?, self.text()?);
        let mut headers = Vec::new();
        for _ in 0..self.count()? {
            let name = KEPT_HEADERS.get(self.count()?)?;
            headers.push(((*name).to_owned(), self.header()?));
        }
        Some(Request { method, path, query, headers, body: self.bytes()?.to_vec() })
    }

    fn header(&mut self) -> Option<String> {
        let (form, rest) = self.0.split_first()?;
        self.0 = rest;
        if *form == 0 {
            return self.text();
        }
        let (uuid, rest) = self.0.split_at_checked(UUID_BYTES)?;
        self.0 = rest;
        invented_key(uuid)
    }

    fn text(&mut self) -> Option<String> {
        String::from_utf8(self.bytes()?.to_vec()).ok()
    }

    fn bytes(&mut self) -> Option<&'t [u8]> {
        let length = self.count()?;
        let (bytes, rest) = self.0.split_at_checked(length)?;
        self.0 = rest;
        Some(bytes)
    }

    fn count(&mut self) -> Option<usize> {
        usize::try_from(self.number()?).ok()
    }

    fn number(&mut self) -> Option<u64> {
        let mut value = 0_u64;
        for place in (0..u64::BITS).step_by(7) {
            let (byte, rest) = self.0.split_first()?;
            self.0 = rest;
            value |= u64::from(byte & 0x7f).checked_shl(place)?;
            if byte & 0x80 == 0 {
                return Some(value);
            }
        }
        None
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(ms: u64) -> Timestamp {
        Timestamp::from_unix_ms(ms).unwrap()
    }

    #[test]
    fn what_was_put_on_a_tape_is_read_from_it() {
        let request = Request {
            method: "POST".to_owned(),
            path: "/v1/customers".to_owned(),
            query: String::new(),
            headers: vec![("idempotency-key".to_owned(), "schön".to_owned())],
            body: (0..=255).cycle().take(100_000).collect(),
        };
        let keyed = |key: &str| {
            let headers = vec![("idempotency-key".to_owned(), key.to_owned())];
            Call::Handle(Request { headers, body: b"a=1".to_vec(), ..request.clone() })
        };
        let invented = keyed("stripe-node-retry-01234567-89ab-4cde-8f01-23456789abcd");
        let similar = keyed("stripe-node-retry-0123456789ab4cde8f0123456789abcd");
        let no_uuid = keyed("stripe-node-retry-01234567-89AB-4cde-8f01-23456789abcd");
        let calls = [
            (at(1_767_225_599_000), invented),
            (at(1_767_225_599_000), similar),
            (at(1_767_225_599_500), no_uuid),
            (at(1_767_225_600_000), Call::Handle(request)),
            (at(1_767_225_600_000), Call::Poll),
            (at(1_767_225_600_300), Call::Report { delivery: 300, outcome: Outcome::Answered(204) }),
            (at(1_767_225_600_300), Call::Report { delivery: 0, outcome: Outcome::NoAnswer }),
            (at(1_767_225_600_400), Call::Timeout),
            (at(1_767_225_600_400), Call::Faults(FaultPlan::parse(br#"{"slow":{"nth":[1]}}"#).unwrap())),
            (at(1_767_225_600_500), Call::Reads(2)),
        ];
        let mut tape = Tape::default();
        for (now, call) in &calls {
            tape.push(*now, call);
        }
        tape.push(at(1_767_225_600_900), &Call::Reads(1));
        let mut expected: Vec<String> = calls.iter().map(|call| format!("{call:?}")).collect();
        let last = expected.last_mut().unwrap();
        *last = last.replace("Reads(2)", "Reads(3)");
        assert_eq!(tape.calls().map(|call| format!("{call:?}")).collect::<Vec<_>>(), expected);
    }
}
