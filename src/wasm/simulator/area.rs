//! The area: a fixed place in memory that both sides of the simulator's door know, through which requests and answers cross.
//! Offsets are those of `pkg/src/simulator/area.ts`.
//!
//! Invariant: what is read lies inside the area, whatever its words say. Words of four bytes stand first, the lowest byte
//! first; behind them the texts of a request, one after the other.
//!
//! A simulator is asked ten thousand times a second: nothing here is allocated for a request, and nothing is read twice.

use super::{Error, wrong};
use crate::prelude::*;
use crate::simulator::{Exchange, Request, Transport};
use crate::time::Timestamp;

/// The headers that the engine reads, each known by its place here.
pub(super) const READ: [&str; 7] = [
    "authorization",
    "content-type",
    "stripe-version",
    "stripe-account",
    "idempotency-key",
    "host",
    "content-encoding",
];

/// The headers of nearly all answers, each known by its place here.
pub(super) const WRITTEN: [&str; 5] =
    ["content-type", "request-id", "stripe-version", "idempotency-key", "stripe-account"];

/// In: milliseconds since the epoch, low and high.
const NOW: usize = 0;
/// In: the lengths of method, path, query and body.
const LENGTHS: usize = 2;
/// In: how many headers; then for each its place in [`READ`] and the length of its value.
const HEADERS: usize = 6;
/// Headers of a request, at most: a client may send one several times.
const HEADERS_MAX: usize = 16;
/// Out: status, place in the list of transports, delay and advance in milliseconds, whether webhooks go first.
const FACTS: usize = 40;
/// Out: when something is to be done next, low and high; twice [`NONE`] for never.
const DUE: usize = 45;
/// Out: where the text of the answer is, and its length in bytes.
const TEXT: usize = 47;
/// Out: how many headers; then for each two words. Name: its place in [`WRITTEN`], or [`SPELLED`] and its length. Value: its
/// length, or [`ECHOED`] and the number of the header of the request that says the same. What has a length stands in the
/// text in this order; the body is the rest.
const ANSWERED: usize = 49;
/// Headers of an answer, at most.
const ANSWERED_MAX: usize = 12;

const WORDS: usize = ANSWERED + 1 + 2 * ANSWERED_MAX;
/// Where the texts of a request begin.
pub(super) const TEXTS_AT: usize = WORDS * 4;

/// No moment.
const NONE: u32 = u32::MAX;
/// Beside a length: the name is spelled out.
const SPELLED: u32 = 1 << 31;
/// Beside a number: the value is that of a header of the request.
const ECHOED: u32 = 1 << 31;

/// The area of one instance, what was read from it last, and the text of the last answer.
#[derive(Debug, Default)]
pub(super) struct Area {
    bytes: Vec<u8>,
    /// Kept for its texts, which the next request nearly always fits into.
    request: Request,
    text: String,
}

impl Area {
    pub(super) const fn new() -> Self {
        Self { bytes: Vec::new(), request: EMPTY, text: String::new() }
    }

    /// Where the area is, once the texts of a request have this much room.
    pub(super) fn place(&mut self, text_bytes: usize) -> usize {
        let wanted = text_bytes.saturating_add(TEXTS_AT);
        if self.bytes.len() < wanted {
            self.bytes.resize(wanted, 0);
        }
        self.bytes.as_ptr().addr()
    }

    /// Reads the request that stands in the area.
    ///
    /// # Errors
    ///
    /// [`Error::Json`] where the words or the texts are not what the shell writes.
    pub(super) fn read(&mut self) -> Result<(Timestamp, &Request), Error> {
        let words = self.bytes.as_chunks::<4>().0;
        let word = |at: usize| words.get(at).map_or(0, |word| u32::from_le_bytes(*word));
        let size = |at: usize| usize::try_from(word(at)).unwrap_or(usize::MAX);
        let now = u64::from(word(NOW)) | (u64::from(word(NOW + 1)) << 32);
        let now =
            Timestamp::from_unix_ms(now).ok_or_else(|| wrong("now", "milliseconds up to the year 9999"))?;
        let mut rest = self.bytes.get(TEXTS_AT..).unwrap_or_default();
        let mut next = |length: usize| {
            let (found, behind) = rest.split_at_checked(length)?;
            rest = behind;
            Some(found)
        };
        let request = &mut self.request;
        let head = [&mut request.method, &mut request.path, &mut request.query];
        for (place, text) in head.into_iter().enumerate() {
            let found = next(size(LENGTHS.saturating_add(place)));
            replace(text, found.ok_or_else(|| wrong("request", "texts inside the area"))?)?;
        }
        let count = size(HEADERS).min(HEADERS_MAX);
        request.headers.truncate(count);
        for number in 0..count {
            let at = number.saturating_mul(2).saturating_add(HEADERS + 1);
            let name = READ.get(size(at)).ok_or_else(|| wrong("headers", "places in the list"))?;
            let value =
                next(size(at.saturating_add(1))).ok_or_else(|| wrong("headers", "values inside the area"))?;
            if request.headers.len() <= number {
                request.headers.push((String::new(), String::new()));
            }
            let Some((known, text)) = request.headers.get_mut(number) else { continue };
            if known != name {
                (*name).clone_into(known);
            }
            replace(text, value)?;
        }
        let body = next(size(LENGTHS + 3)).ok_or_else(|| wrong("body", "bytes inside the area"))?;
        request.body.clear();
        request.body.extend_from_slice(body);
        Ok((now, request))
    }

    /// Writes an answer, and when something is to be done next.
    pub(super) fn write(&mut self, exchange: &Exchange, due: Option<Timestamp>) {
        let (transport, delay) = match exchange.transport {
            Transport::Deliver { delay } => (0, delay.get()),
            Transport::RequestLost => (1, 0),
            Transport::ResponseLost => (2, 0),
            Transport::Truncated => (3, 0),
            Transport::Hung => (4, 0),
        };
        let facts = [
            u32::from(exchange.status),
            transport,
            u32::try_from(delay).unwrap_or(u32::MAX),
            u32::try_from(exchange.advance.get()).unwrap_or(u32::MAX),
            u32::from(exchange.webhooks_first),
        ];
        for (place, fact) in facts.into_iter().enumerate() {
            self.put(FACTS.saturating_add(place), fact);
        }
        let [low, high] = due.map_or([NONE, NONE], |due| halves(due.unix_ms()));
        self.put(DUE, low);
        self.put(DUE + 1, high);
        self.text.clear();
        let headers = exchange.headers.iter().take(ANSWERED_MAX);
        for (number, (name, value)) in headers.enumerate() {
            let at = number.saturating_mul(2).saturating_add(ANSWERED + 1);
            let place = WRITTEN.iter().position(|written| written == name);
            let named = place.map_or_else(|| SPELLED | self.append(name), small);
            self.put(at, named);
            let echoed = self.request.headers.iter().position(|(_, said)| said == value);
            let said = echoed.map_or_else(|| self.append(value), |number| ECHOED | small(number));
            self.put(at.saturating_add(1), said);
        }
        self.put(ANSWERED, small(exchange.headers.len().min(ANSWERED_MAX)));
        self.text.push_str(&exchange.body);
        self.tell();
    }

    /// Writes what went wrong instead of an answer.
    pub(super) fn refuse(&mut self, described: String) {
        self.text = described;
        self.tell();
    }

    /// The text of the last answer.
    #[cfg(test)]
    pub(super) fn text(&self) -> &str {
        &self.text
    }

    fn tell(&mut self) {
        let (place, length) = (small(self.text.as_ptr().addr()), small(self.text.len()));
        self.put(TEXT, place);
        self.put(TEXT + 1, length);
    }

    fn append(&mut self, text: &str) -> u32 {
        self.text.push_str(text);
        small(text.len())
    }

    fn put(&mut self, word: usize, value: u32) {
        if let Some(slot) = self.bytes.as_chunks_mut::<4>().0.get_mut(word) {
            *slot = value.to_le_bytes();
        }
    }
}

/// No request.
const EMPTY: Request = Request {
    method: String::new(),
    path: String::new(),
    query: String::new(),
    headers: Vec::new(),
    body: Vec::new(),
};

fn replace(text: &mut String, bytes: &[u8]) -> Result<(), Error> {
    // A key, a version, a method: most of what comes is what came last.
    if text.as_bytes() == bytes {
        return Ok(());
    }
    let found = core::str::from_utf8(bytes).map_err(|_| wrong("request", "texts in UTF-8"))?;
    text.clear();
    text.push_str(found);
    Ok(())
}

/// A place or a length in a memory of four gigabytes.
fn small(number: usize) -> u32 {
    u32::try_from(number).unwrap_or(u32::MAX)
}

fn halves(number: u64) -> [u32; 2] {
    [number, number >> 32].map(|half| u32::try_from(half & u64::from(u32::MAX)).unwrap_or_default())
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;
    use crate::simulator::{Gateway, Options};

    impl Area {
        /// Writes a request as the shell does.
        pub(in super::super) fn ask(&mut self, now: u64, request: &Request) {
            let places: Vec<usize> = request
                .headers
                .iter()
                .map(|(name, _)| {
                    READ.iter().position(|read| read.eq_ignore_ascii_case(name)).unwrap_or(usize::MAX)
                })
                .collect();
            let texts = [&request.method, &request.path, &request.query].map(|text| text.as_bytes());
            let values = request.headers.iter().map(|(_, value)| value.as_bytes());
            let whole: Vec<u8> =
                texts.into_iter().chain(values).chain([request.body.as_slice()]).flatten().copied().collect();
            let _ = self.place(whole.len());
            let [low, high] = halves(now);
            self.put(NOW, low);
            self.put(NOW + 1, high);
            for (place, text) in texts.into_iter().chain([request.body.as_slice()]).enumerate() {
                self.put(LENGTHS.saturating_add(place), small(text.len()));
            }
            self.put(HEADERS, small(places.len()));
            for (number, (place, (_, value))) in places.iter().zip(&request.headers).enumerate() {
                let at = number.saturating_mul(2).saturating_add(HEADERS + 1);
                self.put(at, small(*place));
                self.put(at.saturating_add(1), small(value.len()));
            }
            self.bytes[TEXTS_AT..].iter_mut().zip(&whole).for_each(|(slot, byte)| *slot = *byte);
        }

        fn word(&self, at: usize) -> u32 {
            u32::from_le_bytes(self.bytes.as_chunks::<4>().0[at])
        }
    }

    /// A request with one header.
    pub(in super::super) fn request(method: &str, path: &str, header: (&str, &str), body: &str) -> Request {
        let headers = vec![(header.0.to_owned(), header.1.to_owned())];
        let (method, path) = (method.to_owned(), path.to_owned());
        Request { method, path, query: String::new(), headers, body: body.as_bytes().to_vec() }
    }

    #[test]
    fn a_request_is_read_as_it_was_written_whatever_stood_there_before() {
        let mut area = Area::new();
        for (path, key, body) in
            [("/v1/refunds", "schön", "a=b"), ("/", "", ""), ("/v1/customers/long", "k", "")]
        {
            let asked = request("POST", path, ("idempotency-key", key), body);
            area.ask(1_000, &asked);
            let (now, read) = area.read().unwrap();
            assert_eq!((now.unix_ms(), read), (1_000, &asked));
        }
        let none = Request { method: "GET".to_owned(), ..Request::default() };
        area.ask(1_000, &none);
        assert_eq!(area.read().unwrap().1, &none);
    }

    #[test]
    fn words_that_the_shell_never_writes_are_refused() {
        let asked = request("GET", "/", ("host", "h"), "body");
        type Spoil = fn(&mut Area);
        let table: [(&str, Spoil); 6] = [
            ("a time beyond the year 9999", |area| area.put(NOW + 1, u32::MAX)),
            ("a method beyond the area", |area| area.put(LENGTHS, u32::MAX)),
            ("a body beyond the area", |area| area.put(LENGTHS + 3, 5)),
            ("a header nobody knows", |area| area.put(HEADERS + 1, 7)),
            ("a value beyond the area", |area| area.put(HEADERS + 2, u32::MAX)),
            ("a text that is no UTF-8", |area| area.bytes[TEXTS_AT] = 0xff),
        ];
        for (what, spoil) in table {
            let mut area = Area::new();
            area.ask(1_000, &asked);
            assert!(area.read().is_ok());
            spoil(&mut area);
            assert!(area.read().is_err(), "{what}");
        }
    }

    #[test]
    fn an_answer_is_its_facts_its_headers_and_its_body() {
        let mut area = Area::new();
        area.ask(0, &request("GET", "/health", ("stripe-version", "v"), ""));
        let (now, read) = area.read().unwrap();
        let mut exchange = Gateway::new(Options::default()).handle(now, read);
        exchange.headers = vec![
            ("request-id", "req_1".to_owned()),
            ("stripe-version", "v".to_owned()),
            ("allow", "GET".to_owned()),
        ];
        exchange.webhooks_first = true;
        area.write(&exchange, Timestamp::from_unix_ms((1 << 32) | 7));
        assert_eq!([0, 1, 2, 3, 4].map(|fact| area.word(FACTS.saturating_add(fact))), [200, 0, 0, 0, 1]);
        assert_eq!([area.word(DUE), area.word(DUE + 1)], [7, 1]);
        assert_eq!(area.word(ANSWERED), 3);
        let headers: Vec<u32> = (1..7).map(|at| area.word(ANSWERED.saturating_add(at))).collect();
        assert_eq!(headers, [1, 5, 2, ECHOED, SPELLED | 5, 3]);
        assert_eq!(area.text(), r#"req_1allowGET{"status":"ok"}"#);
    }
}
