//! The same decisions as [`Verifier`](super::Verifier) makes, by the same rows, in a third of the bytes.
//!
//! The small artefact is counted by the kilobyte: whoever verifies webhooks at the edge loads all of it. So this engine
//! reads the rows of the catalogue as bytes ([`code`] says what they mean), and what it reads of a delivery stays where
//! it came in: no list of headers, no claims, no document is made of it. What it needs to put together, it does in
//! buffers that are kept for the next delivery.
//!
//! It answers to the shell as [`wasm::webhooks`](crate::wasm::webhooks) describes, in numbers. The tests take every
//! scheme through both engines, with deliveries that are genuine and with such as are not, and compare all they say.

pub mod area;
mod claims;
mod code;
mod decide;
mod events;
mod fault;
mod form;
mod key;
mod members;
mod message;
mod row;
#[cfg(test)]
mod tests;
mod write;

use core::cell::Cell;

use self::area::{ABSENT, Area, DELIVERED, DIGEST_AT, LAYOUT, NOW, OUT, URL, URL_AT, URL_BYTES_MAX, low};
use self::claims::{Reading, SignedAt};
use self::code::flag;
use self::events::Telling;
pub use self::fault::EXPECTED;
use self::fault::{Fault, line};
use self::key::{Entry, algorithm};
use self::members::Members;
use self::message::Draft;
use crate::crypto::{HashValue, Hasher};
use crate::prelude::*;
use crate::time::Timestamp;

/// What [`Interpreter::begin`] and [`Interpreter::close`] answer.
pub mod answer {
    /// Refused: the area tells why.
    pub const REFUSED: u32 = 0;
    /// Genuine: the area tells by which secret, and when it was signed.
    pub const VERIFIED: u32 = 1;
    /// Go on: the room is laid out for the next secret.
    pub const HASH: u32 = 2;
    /// The scheme reads the body: write it and call [`Interpreter::whole`](super::Interpreter::whole).
    pub const WHOLE: u32 = 3;
}

/// Bytes of a body that are copied into the room at once.
pub const CHUNK_BYTES: usize = 65_536;

/// The verifiers of one instance, and the delivery that is being verified.
///
/// Equal options share a handle, so that a server that makes a verifier for each request holds one, not thousands.
pub struct Interpreter {
    area: Area,
    /// The verifier with handle `n` stands at `n - 1`.
    entries: Vec<Entry>,
    room: Vec<u8>,
    text: Vec<u8>,
    draft: Draft,
    telling: Telling,
    delivery: Option<Delivery>,
    /// Why the last call refused, with its texts, which tests cannot find by their place in a memory of 32 bits.
    #[cfg(test)]
    refused: Fault,
}

/// A delivery between two steps.
struct Delivery {
    handle: u32,
    signed_at: Option<SignedAt>,
    body_is_empty: bool,
    signer: Option<usize>,
    hasher: Option<Hasher>,
}

impl Interpreter {
    /// No verifier yet.
    #[must_use]
    pub const fn new() -> Self {
        Self {
            area: Area::new(),
            entries: Vec::new(),
            room: Vec::new(),
            text: Vec::new(),
            draft: Draft::new(),
            telling: Telling::new(),
            delivery: None,
            #[cfg(test)]
            refused: Fault { line: 0, subject: b"", expected: None, numbers: [0; 2] },
        }
    }

    /// The area. It stays where it is as long as the instance lives.
    #[must_use]
    pub fn area(&mut self) -> &mut [u8] {
        self.area.all()
    }

    /// What is laid out to be hashed, and the space behind it for the body.
    #[must_use]
    pub fn room(&mut self) -> &mut [u8] {
        &mut self.room
    }

    /// Makes a text of this length, to be written.
    #[must_use]
    pub fn text(&mut self, bytes: usize) -> &mut [u8] {
        self.text.resize(bytes, 0);
        &mut self.text
    }

    /// The text the last call left.
    #[must_use]
    pub fn delivered(&self) -> &[u8] {
        &self.text
    }

    /// Makes a verifier of the text, which is a list of options, each a tag, its length as four bytes, and its bytes.
    /// Answers with a handle, or [`answer::REFUSED`].
    #[must_use]
    pub fn open(&mut self) -> u32 {
        let known = self.entries.iter().position(|entry| entry.options == self.text);
        let place = match known {
            Some(place) => place,
            None => match Entry::open(&self.text) {
                Ok(entry) => {
                    self.entries.push(entry);
                    self.entries.len().wrapping_sub(1)
                }
                Err(fault) => return self.refuse(fault),
            },
        };
        if let Some(entry) = self.entries.get(place) {
            self.area.put(OUT, entry.hash().into());
            self.area.put(OUT + 1, low(entry.keys.len()));
            self.area.put(OUT + 2, (!entry.row.text(code::LIST).is_empty()).into());
            let mut row = entry.row;
            let mut count = 0_usize;
            loop {
                for slot in 0..row.headers() {
                    let word = count.wrapping_mul(2).wrapping_add(OUT + 4);
                    self.area.put_place(word, row.header(slot));
                    count = count.wrapping_add(1);
                }
                match row.otherwise() {
                    Some(other) => row = other,
                    None => break,
                }
            }
            self.area.put(OUT + 3, low(count));
        }
        low(place).wrapping_add(1)
    }

    /// Reads the headers of a delivery from the area. `body_bytes` is the length of the body; `room_bytes` is how much
    /// of it will be written into the room.
    #[must_use]
    pub fn begin(&mut self, handle: u32, body_bytes: usize, room_bytes: usize) -> u32 {
        self.delivery = None;
        let Some(entry) = entry(&self.entries, handle) else { return answer::REFUSED };
        let mut reading = reading(entry, &self.area, &[]);
        let read = if entry.row.is(flag::STEPWISE) {
            reading.open(body_bytes).and_then(|()| {
                let claims = reading.in_headers()?;
                let time = claims.time.unwrap_or_default();
                reading.message(&mut self.draft, &Members::default(), time, None, 0)?;
                reading.body_required(body_bytes)?;
                Ok(Some(claims.signed_at))
            })
        } else {
            reading.lengths().map(|()| None)
        };
        match read {
            Err(_) => {
                let fault = reading.fault.get();
                self.refuse(fault)
            }
            Ok(None) => answer::WHOLE,
            Ok(Some(signed_at)) => {
                let body_is_empty = body_bytes == 0;
                self.delivery =
                    Some(Delivery { handle, signed_at, body_is_empty, signer: None, hasher: None });
                self.lay(handle, 0, room_bytes)
            }
        }
    }

    /// Lays out what is hashed for a secret, with space for `room_bytes` of the body behind it.
    fn lay(&mut self, handle: u32, secret_index: usize, room_bytes: usize) -> u32 {
        let mac = entry(&self.entries, handle).and_then(|entry| entry.keys.get(secret_index)?.mac.as_ref());
        let block = mac.map_or(&b""[..], |mac| mac.inner_block());
        let head = &self.draft.bytes;
        let laid = block.len().wrapping_add(head.len());
        let wanted = laid.wrapping_add(room_bytes.min(CHUNK_BYTES));
        if self.room.len() < wanted {
            self.room.resize(wanted, 0);
        }
        if let Some((first, rest)) = self.room.split_at_mut_checked(block.len())
            && let Some(second) = rest.get_mut(..head.len())
        {
            first.copy_from_slice(block);
            second.copy_from_slice(head);
        }
        self.area.put_place(LAYOUT, &self.room);
        self.area.put(LAYOUT + 1, low(laid));
        answer::HASH
    }

    /// What is laid out in the room, and so much of the body behind it.
    fn laid(&self, bytes: usize) -> (&[u8], &[u8]) {
        let laid = self.area.length(LAYOUT + 1);
        let (head, rest) = self.room.split_at_checked(laid).unwrap_or_default();
        (head, rest.get(..bytes).unwrap_or_default())
    }

    /// Hashes the next part of the body, which stands in the room behind the head.
    pub fn absorb(&mut self, bytes: usize) {
        let Some(mut delivery) = self.delivery.take() else { return };
        let Some(entry) = entry(&self.entries, delivery.handle) else { return };
        let (head, body) = self.laid(bytes);
        let hasher = delivery.hasher.get_or_insert_with(|| {
            let mut hasher = Hasher::new(algorithm(entry.hash()));
            hasher.update(head);
            hasher
        });
        hasher.update(body);
        self.delivery = Some(delivery);
    }

    /// Takes the hash for the secret of this index: what was absorbed, or else what the host wrote into the area. Lays
    /// out the room for the next one, or says what the last one means.
    #[must_use]
    pub fn close(&mut self, secret_index: usize) -> u32 {
        let Some(mut delivery) = self.delivery.take() else { return answer::REFUSED };
        let Some(entry) = entry(&self.entries, delivery.handle) else { return answer::REFUSED };
        let mut reading = reading(entry, &self.area, &[]);
        reading.layout();
        let inner = match delivery.hasher.take() {
            Some(hasher) => hasher.finish(),
            None => HashValue::of(self.area.bytes(DIGEST_AT, algorithm(entry.hash()).hash_bytes())),
        };
        if let Some(mac) = entry.keys.get(secret_index).and_then(|key| key.mac.as_ref())
            && reading.headers_hold(mac.close(&inner).as_bytes())
            && delivery.signer.is_none()
        {
            delivery.signer = Some(secret_index);
        }
        let next = secret_index.saturating_add(1);
        if next < entry.keys.len() {
            let (handle, kept) = (delivery.handle, self.room.len());
            self.delivery = Some(delivery);
            return self.lay(handle, next, kept);
        }

        // From here on the delivery is decided, and nothing of a key is left in the room.
        let block = algorithm(entry.hash()).block_bytes();
        if let Some(block) = self.room.get_mut(..block) {
            block.fill(0);
        }
        let decided = match delivery.signer {
            None => reading.mismatch(delivery.body_is_empty),
            Some(signer) => reading
                .in_time(entry, delivery.signed_at, now(&self.area))
                .map(|()| (signer, delivery.signed_at)),
        };
        match decided {
            Ok((signer, signed_at)) => self.verified(signer, signed_at),
            Err(_) => {
                let fault = reading.fault.get();
                self.refuse(fault)
            }
        }
    }

    /// Verifies a delivery whose body is the text, and reads its events.
    #[must_use]
    pub fn whole(&mut self, handle: u32) -> u32 {
        let body = core::mem::take(&mut self.text);
        let Some(entry) = entry(&self.entries, handle) else { return answer::REFUSED };
        self.telling.clear();
        let mut reading = reading(entry, &self.area, &body);
        let now = now(&self.area);
        let found = reading
            .open(body.len())
            .and_then(|()| reading.whole(entry, &mut self.draft, &mut self.telling, now));
        let fault = reading.fault.get();
        self.text = body;
        match found {
            Err(_) => self.refuse(fault),
            Ok((signer, signed_at)) => {
                self.tell();
                self.verified(signer, signed_at)
            }
        }
    }

    /// Reads the events of a delivery that was verified in steps: the area has its headers. So many bytes in the room
    /// are its body, or the text is, when there are none.
    pub fn events(&mut self, handle: u32, room_bytes: usize) {
        self.telling.clear();
        let mut telling = core::mem::take(&mut self.telling);
        let mut spare = core::mem::take(&mut self.draft.spare);
        if let Some(entry) = entry(&self.entries, handle) {
            let body = if room_bytes == 0 { &self.text } else { self.laid(room_bytes).1 };
            let mut reading = reading(entry, &self.area, body);
            reading.layout();
            reading.tell_all(&mut telling, &mut spare);
        }
        self.telling = telling;
        self.draft.spare = spare;
        self.tell();
    }

    /// Leaves the events to the shell.
    fn tell(&mut self) {
        self.telling.write(&mut self.text);
        self.area.put_place(DELIVERED, &self.text);
    }

    fn verified(&mut self, signer: usize, signed_at: Option<SignedAt>) -> u32 {
        self.area.put(OUT, low(signer));
        self.area.put(OUT + 1, signed_at.is_some().into());
        self.area.put_number(OUT + 2, signed_at.map_or(0, |signed_at| signed_at.ms));
        answer::VERIFIED
    }

    /// Tells why: the line, and each fact in three words.
    fn refuse(&mut self, fault: Fault) -> u32 {
        #[cfg(test)]
        {
            self.refused = fault;
        }
        self.area.put(OUT, fault.line.into());
        let mut word = OUT + 1;
        let mut put = |area: &mut Area, kind: u32, number: u64| {
            area.put(word, kind);
            area.put_number(word.wrapping_add(1), number);
            word = word.wrapping_add(3);
        };
        if matches!(fault.line, line::UNKNOWN_SCHEME | line::UNKNOWN_SCHEME_NEAR) {
            put(&mut self.area, fact::GIVEN, 0);
        }
        if !fault.subject.is_empty() {
            let place = u64::from(low(fault.subject.as_ptr().addr()));
            put(&mut self.area, fact::KNOWN, place | (u64::from(low(fault.subject.len())) << 32));
        }
        let [first, second] = fault.numbers;
        match fault.line {
            line::SECRET_MALFORMED => {
                let reason = u64::from(fault.expected.unwrap_or_default());
                put(&mut self.area, fact::NUMBER, first);
                put(&mut self.area, fact::REASON, reason | (second << 32));
            }
            line::EVENTS_REFUSED => {
                put(&mut self.area, fact::NUMBER, first);
                put(&mut self.area, fact::PLACES, 0);
                self.text.clear();
                for place in &self.telling.refused {
                    self.text.extend_from_slice(&low(*place).to_le_bytes());
                }
                self.area.put_place(DELIVERED, &self.text);
            }
            line::SECRET_EMPTY => put(&mut self.area, fact::NUMBER, first),
            line::TOO_MANY_SECRETS
            | line::BODY_TOO_LARGE
            | line::HEADER_TOO_LONG
            | line::TOO_MANY_SIGNATURES
            | line::TOO_OLD
            | line::TOO_NEW => {
                put(&mut self.area, fact::NUMBER, first);
                put(&mut self.area, fact::NUMBER, second);
            }
            _ => {
                if let Some(expected) = fault.expected {
                    put(&mut self.area, fact::EXPECTED, expected.into());
                }
            }
        }
        put(&mut self.area, fact::NONE, 0);
        answer::REFUSED
    }
}

/// Kinds of facts, as the shell counts them.
mod fact {
    pub(super) const NONE: u32 = 0;
    /// What the caller had asked for, which the shell knows.
    pub(super) const GIVEN: u32 = 1;
    pub(super) const KNOWN: u32 = 2;
    pub(super) const NUMBER: u32 = 3;
    pub(super) const REASON: u32 = 4;
    pub(super) const PLACES: u32 = 5;
    /// A line of [`EXPECTED`](super::EXPECTED).
    pub(super) const EXPECTED: u32 = 7;
}

/// The verifier of a handle.
fn entry(entries: &[Entry], handle: u32) -> Option<&Entry> {
    entries.get(usize::try_from(handle.checked_sub(1)?).ok()?)
}

/// The caller's time. The shell lets no other through, so a wrong one is the end of all times.
fn now(area: &Area) -> u64 {
    area.number(NOW).min(Timestamp::MAX.unix_ms())
}

fn reading<'d>(entry: &'d Entry, area: &'d Area, body: &'d [u8]) -> Reading<'d> {
    let url = match area.word(URL) {
        ABSENT => entry.option(&entry.url),
        length => area.bytes(URL_AT, usize::try_from(length).unwrap_or_default().min(URL_BYTES_MAX)),
    };
    Reading {
        row: entry.row,
        area,
        url,
        body,
        keys: &entry.keys,
        key_id: entry.option(&entry.key_id),
        access_key: entry.option(&entry.access_key),
        fault: Cell::new(Fault::default()),
    }
}

impl Default for Interpreter {
    fn default() -> Self {
        Self::new()
    }
}

impl core::fmt::Debug for Interpreter {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.write_str("Interpreter")
    }
}
