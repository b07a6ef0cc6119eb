//! The same decisions as [`Verifier`](super::Verifier) makes, by the same rows, in a third of the bytes.
//!
//! The small artefact is counted by the kilobyte: whoever verifies webhooks at the edge loads all of it. So this engine
//! reads the rows of the catalogue as bytes ([`code`] says what they mean), everything it looks at is a stretch of one
//! memory ([`memory::Span`]), and what is wrong is noted where it is found ([`fault::Fault`]) instead of being handed on.
//! It has no lists, texts or errors of its own that would have to be made and let go of.
//!
//! It answers to the shell as [`wasm::webhooks`](crate::wasm::webhooks) does, in numbers. The tests take every scheme
//! through both engines, with deliveries that are genuine and with such as are not, and compare all they say.

pub mod area;
mod claims;
mod code;
mod decide;
mod events;
mod fault;
mod follows;
mod form;
mod headers;
mod key;
mod members;
mod memory;
mod message;
#[cfg(test)]
mod tests;
mod verdict;
mod write;

use self::area::{ABSENT, AREA_BYTES, DELIVERED, DIGEST_AT, LAYOUT, OUT, URL, URL_AT, URL_BYTES_MAX};
use self::claims::Claims;
use self::code::{PATHS_MAX, flag};
use self::events::Told;
pub use self::fault::EXPECTED;
use self::fault::{Fault, line};
use self::memory::{Memory, Span, low};
use self::message::PIECES_MAX;
use self::write::Writer;
use super::{BODY_FIELDS_MAX, SCHEMES};
use crate::crypto::compact::Hash;
use crate::prelude::*;

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

/// All rows that need no public key.
static ROWS: &[u8] = {
    const WRITER: Writer<16_384> = Writer::of(SCHEMES);
    static BYTES: [u8; WRITER.written()] = WRITER.first();
    &BYTES
};

/// Names that no row has.
mod words {
    use super::memory::{ROWS_AT, Span};

    /// They stand behind the rows, and behind a row of no bytes.
    pub(super) const AT: usize = ROWS_AT + super::ROWS.len() + 4;
    pub(super) const ALL: &[u8] = b"urlpublic_key_idaccess_key";
    pub(super) const URL: Span = Span::fixed(AT, 3);
    pub(super) const PUBLIC_KEY_ID: Span = Span::fixed(AT + 3, 13);
    pub(super) const ACCESS_KEY: Span = Span::fixed(AT + 16, 10);
}

/// Where the area begins.
const AREA_AT: usize = (words::AT + words::ALL.len()).next_multiple_of(8);
/// Where verifiers begin.
const VERIFIERS_AT: usize = (AREA_AT + AREA_BYTES).next_multiple_of(8);

/// The verifiers of one instance, and the delivery that is being verified.
///
/// Equal options share a handle, so that a server that makes a verifier for each request holds one, not thousands.
pub struct Interpreter {
    /// The rows, the area, the verifiers; behind them the text or the room; and what is put together.
    memory: Memory,
    /// Where the verifiers end.
    base: usize,
    last_record: usize,
    /// What the shell has written last.
    text: Span,

    // The verifier that is spoken of.
    record: usize,
    options: Span,
    row: usize,
    first_slot: usize,
    secret: Vec<u8>,

    // The delivery.
    fault: Fault,
    url: Span,
    body: Span,
    claims: Claims,
    /// How the tag that is looked for may be written.
    tags: [Span; 2],
    pieces: [Span; PIECES_MAX],
    piece_count: usize,
    /// The digest of what is signed, where that is not the body.
    signed: Span,
    signer: usize,
    /// Whose steps these are; 0 between deliveries.
    handle: usize,
    is_signed: bool,
    hasher: Hash,
    /// Whether part of the body was hashed here.
    has_hashed: bool,
    /// What is laid out in the room.
    laid: Span,

    // Where something is looked for.
    form: [[usize; 3]; BODY_FIELDS_MAX],
    fields: usize,
    wanted: [Span; PATHS_MAX],
    members: [Span; PATHS_MAX],
    rest: Span,
    element: usize,

    told: Vec<Told>,
    /// The places of events that are not genuine, each in four bytes.
    refused_events: Vec<u8>,
    /// The word of the area that is written next.
    next_fact: usize,
}

impl Interpreter {
    /// No verifier yet.
    #[must_use]
    pub const fn new() -> Self {
        Self {
            memory: Memory { bytes: Vec::new() },
            base: VERIFIERS_AT,
            last_record: 0,
            text: Span::EMPTY,
            record: 0,
            options: Span::EMPTY,
            row: 0,
            first_slot: 0,
            secret: Vec::new(),
            fault: Fault::NONE,
            url: Span::EMPTY,
            body: Span::EMPTY,
            claims: Claims::NONE,
            tags: [Span::NONE; 2],
            pieces: [Span::NONE; PIECES_MAX],
            piece_count: 0,
            signed: Span::NONE,
            signer: 0,
            handle: 0,
            is_signed: false,
            hasher: Hash::new(),
            has_hashed: false,
            laid: Span::EMPTY,
            form: [[0; 3]; BODY_FIELDS_MAX],
            fields: 0,
            wanted: [Span::NONE; PATHS_MAX],
            members: [Span::NONE; PATHS_MAX],
            rest: Span::EMPTY,
            element: 0,
            told: Vec::new(),
            refused_events: Vec::new(),
            next_fact: 0,
        }
    }

    /// The place of something in the area.
    const fn area_at(at: usize) -> usize {
        AREA_AT.wrapping_add(at)
    }

    /// The place of a word of the area.
    const fn word_at(word: usize) -> usize {
        AREA_AT.wrapping_add(word.wrapping_mul(4))
    }

    /// Makes a verifier of the text, which is a list of options, each a tag, its length as four bytes, and its bytes.
    /// Answers with a handle, or [`answer::REFUSED`].
    #[must_use]
    pub fn open(&mut self) -> u32 {
        self.fault = Fault::NONE;
        let handle = self.make();
        if !self.turn_to(handle) {
            return self.refuse();
        }
        let hash = if self.is(flag::STEPWISE) { self.hash() } else { 0 };
        self.put(OUT, hash.into());
        self.put(OUT + 1, low(self.keys()));
        self.put(OUT + 2, (!self.text_of(code::LIST).is_empty()).into());
        let (mut row, mut count) = (self.row, 0_usize);
        while row != 0 {
            for slot in 0..self.headers(row) {
                self.put_text(count.wrapping_mul(2).wrapping_add(OUT + 4), self.header(row, slot));
                count = count.wrapping_add(1);
            }
            row = self.otherwise(row);
        }
        self.put(OUT + 3, low(count));
        low(handle)
    }

    /// Begins with a delivery: what is known of it without its body.
    fn receive(&mut self, handle: u32, body: Span) -> bool {
        self.fault = Fault::NONE;
        self.handle = 0;
        self.told.clear();
        self.refused_events.clear();
        self.signed = Span::NONE;
        self.body = body;
        let is_verifier = self.turn_to(usize::try_from(handle).unwrap_or_default());
        let length = self.memory.word(Self::word_at(URL));
        self.url = if length == ABSENT {
            self.option(key::URL)
        } else {
            let at = Self::area_at(URL_AT);
            let length = usize::try_from(length).unwrap_or_default().min(URL_BYTES_MAX);
            Span::new(at, at.wrapping_add(length))
        };
        is_verifier
    }

    /// Reads the headers of a delivery from the area. `body_bytes` is the length of the body; `room_bytes` is how much
    /// of it will be written into the room.
    #[must_use]
    pub fn begin(&mut self, handle: u32, body_bytes: usize, room_bytes: usize) -> u32 {
        if !self.receive(handle, Span::EMPTY) {
            return answer::REFUSED;
        }
        if !self.is(flag::STEPWISE) {
            self.lengths();
            return if self.fault.line == line::NONE { answer::WHOLE } else { self.refuse() };
        }
        self.memory.bytes.truncate(self.base);
        self.admit(body_bytes);
        self.in_headers();
        if self.fault.line != line::NONE {
            return self.refuse();
        }
        self.message(Span::NONE, 0);
        self.require_body(body_bytes);
        if self.fault.line != line::NONE {
            return self.refuse();
        }

        // From here on the headers are accepted. The block of a key stands where it ends before what is signed.
        self.extend(key::BLOCK_BYTES);
        for index in 0..self.piece_count {
            let piece = self.pieces.get(index).copied().unwrap_or(Span::NONE);
            self.memory.copy(piece);
        }
        self.hasher.begin(self.hash());
        let at = self.base.wrapping_add(key::BLOCK_BYTES).wrapping_sub(self.hasher.block_bytes());
        self.laid = self.memory.since(at);
        self.extend(room_bytes.min(CHUNK_BYTES));
        self.put_text(LAYOUT, self.laid);
        self.handle = usize::try_from(handle).unwrap_or_default();
        self.is_signed = false;
        self.body = Span::new(0, body_bytes.min(1));
        self.lay(0)
    }

    /// Lays out what is hashed for a secret.
    fn lay(&mut self, secret_index: usize) -> u32 {
        self.has_hashed = false;
        self.hasher.begin(self.hash());
        let block = self.key(secret_index).wrapping_add(key::INNER_BLOCK);
        for offset in (0..self.hasher.block_bytes()).step_by(8) {
            let part = self.memory.long(block.wrapping_add(offset));
            self.memory.put_long(self.laid.at().wrapping_add(offset), part);
        }
        answer::HASH
    }

    /// Hashes the next part of the body, which stands in the room behind the head.
    pub fn absorb(&mut self, bytes: usize) {
        if !self.has_hashed {
            self.has_hashed = true;
            self.hasher.update(self.memory.get(self.laid));
        }
        let from = self.laid.end();
        self.hasher.update(self.memory.get(Span::new(from, from.wrapping_add(bytes))));
    }

    /// Takes the hash for the secret of this index: what was absorbed, or else what the host wrote into the area. Lays
    /// out the room for the next one, or says what the last one means.
    #[must_use]
    pub fn close(&mut self, secret_index: usize) -> u32 {
        if self.handle == 0 || secret_index >= self.keys() {
            self.handle = 0;
            return answer::REFUSED;
        }
        let end = self.memory.end();
        let at = Self::area_at(DIGEST_AT);
        let inner = match self.has_hashed {
            true => self.append_hash(),
            false => Span::new(at, at.wrapping_add(self.hasher.hash_bytes())),
        };
        self.close_mac(self.key(secret_index), inner);
        if self.headers_hold() && !self.is_signed {
            (self.is_signed, self.signer) = (true, secret_index);
        }
        self.memory.bytes.truncate(end);
        let next = secret_index.wrapping_add(1);
        if next < self.keys() {
            return self.lay(next);
        }

        // From here on the delivery is decided, and nothing of a key is left in the room.
        let at = self.laid.at();
        let head = at.wrapping_add(self.hasher.block_bytes());
        self.memory.bytes.get_mut(at..head).unwrap_or_default().fill(0);
        self.handle = 0;
        if !self.is_signed {
            self.mismatch(self.body.is_empty());
        }
        self.in_time();
        self.conclude()
    }

    /// Verifies a delivery whose body is the text, and reads its events.
    #[must_use]
    pub fn whole(&mut self, handle: u32) -> u32 {
        if !self.receive(handle, self.text) {
            return answer::REFUSED;
        }
        self.admit(self.body.len());
        self.decide();
        if self.fault.line == line::NONE {
            self.deliver();
        }
        self.conclude()
    }

    /// Reads the events of a delivery that was verified in steps: the area has its headers. So many bytes in the room
    /// are its body, or the text is, when there are none.
    pub fn events(&mut self, handle: u32, room_bytes: usize) {
        let from = self.laid.end();
        let body = if room_bytes == 0 { self.text } else { Span::new(from, from.wrapping_add(room_bytes)) };
        if self.receive(handle, body) {
            self.layout();
            self.tell_all();
        }
        self.deliver();
    }

    /// Leaves the events to the shell.
    fn deliver(&mut self) {
        self.text = self.write_events();
        self.put_text(DELIVERED, self.text);
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
