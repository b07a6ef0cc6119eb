//! What is signed, piece by piece: texts that stand somewhere in the memory.
//!
//! Every byte of a message comes from one part of the scheme in one way: where two readings of a delivery would give
//! the same bytes, the delivery is refused.

use super::Interpreter;
use super::code::{self, part};
use super::fault::expected;
use super::memory::Span;
use crate::crypto::compact::Hash;

/// Most pieces of a message: three for each part.
pub(super) const PIECES_MAX: usize = 48;

impl Interpreter {
    /// Where each part of what is signed stands.
    pub(super) fn parts(&self) -> impl Iterator<Item = usize> + use<> {
        let from = self.row.wrapping_add(code::PARTS_AT);
        (from..self.row.wrapping_add(self.field(code::PATHS_AT))).step_by(code::PART_BYTES)
    }

    /// Adds a piece.
    #[inline(never)]
    fn piece(&mut self, text: Span) {
        if let Some(slot) = self.pieces.get_mut(self.piece_count) {
            *slot = text;
        }
        self.piece_count = self.piece_count.wrapping_add(1);
    }

    /// A text that an operand names.
    fn operand(&self, at: usize) -> Span {
        self.memory.text(self.row, self.memory.byte(at).into())
    }

    /// Makes the message in one of its spellings, counted from 0, for the text of one secret.
    ///
    /// Refuses the first part that is not there, or could be read in two ways.
    pub(super) fn message(&mut self, secret: Span, spelling: usize) {
        self.piece_count = 0;
        let last = self.row.wrapping_add(self.field(code::PATHS_AT));
        for at in self.parts() {
            let number = self.memory.byte(at);
            let operand = usize::from(self.memory.byte(at.wrapping_add(1)));
            let (text, other) = (self.operand(at.wrapping_add(1)), self.operand(at.wrapping_add(2)));
            let next = at.wrapping_add(code::PART_BYTES);
            let before_body = next < last && self.memory.byte(next) == part::BODY;
            match number {
                part::TEXT => self.piece(text),
                part::EITHER => {
                    // The second text and the rest of such a body are the other message of that rest.
                    if text.is_empty() && before_body && self.memory.starts(self.body, other) {
                        self.bad_body(expected::BODY_START);
                    }
                    self.piece(if spelling == 0 { text } else { other });
                }
                part::HEADER => {
                    let value = self.required(operand);
                    if value.is_empty() || self.separates(next, value) {
                        self.bad_header(operand, expected::HEADER_VALUE);
                    }
                    self.piece(value);
                }
                part::HEADER_SEGMENT => {
                    let slot = usize::from(self.memory.byte(at.wrapping_add(2)));
                    let value = self.find(slot);
                    self.segment(text, self.header(self.row, slot), value);
                }
                part::QUERY_SEGMENT => {
                    let mut value = self.parameter(other);
                    // In the second of two messages it is in lower case.
                    if spelling > 0 {
                        let from = self.memory.end();
                        self.memory.copy(value);
                        value = self.memory.since(from);
                        self.memory.bytes.get_mut(from..).unwrap_or_default().make_ascii_lowercase();
                    }
                    self.segment(text, other, value);
                }
                part::TIMESTAMP => {
                    // A digit could belong to either.
                    let first = self.memory.byte(self.body.at());
                    if before_body && !self.body.is_empty() && first.is_ascii_digit() {
                        self.bad_body(expected::NO_DIGIT);
                    }
                    self.piece(self.claims.time);
                }
                part::URL => {
                    let url = self.spelled(spelling);
                    self.piece(url);
                }
                part::BODY => self.piece(self.body),
                part::BODY_DIGEST_IN_QUERY => {
                    let digest = self.digest_of(Span::NONE, self.body);
                    let from = self.memory.end();
                    self.append_hex(digest);
                    let digest = self.memory.since(from);
                    let claimed = self.parameter(text);
                    if claimed.is_none() {
                        self.no_field(text);
                    }
                    if !self.memory.same(claimed, digest) {
                        self.mismatch(self.body.is_empty());
                    }
                }
                part::FIELD | part::MAYBE_FIELD | part::FREE_FIELD => {
                    let value = self.scalar(operand);
                    let field = self.last(self.path(operand));
                    if value.is_none() && number == part::FIELD {
                        self.no_field(field);
                    }
                    // Also of the last one: what is free in the middle could lend it a piece.
                    let before = at.wrapping_sub(code::PART_BYTES);
                    let cut = self.separates(next, value) || self.separates(before, value);
                    if cut && number != part::FREE_FIELD {
                        self.bad_field(field, expected::NO_SEPARATOR);
                    }
                    self.piece(value);
                }
                part::FORM_FIELD | part::FORM_BASE64 | part::FORM_FIELD_OR => {
                    let mut value = self.only(text);
                    if number == part::FORM_FIELD_OR && value.is_empty() {
                        value = other;
                    }
                    if value.is_none() {
                        self.no_field(text);
                    }
                    let digit = |byte: &u8| {
                        byte.is_ascii_alphanumeric() || matches!(byte, b'+' | b'/' | b'=' | b'\n')
                    };
                    // A challenge, which the endpoint signs for anybody, has no capital letter, and every document has one.
                    let content = self.memory.get(value);
                    let document = content.iter().all(digit) && content.iter().any(u8::is_ascii_uppercase);
                    if number == part::FORM_BASE64 && !document {
                        self.bad_field(text, expected::BASE64);
                    }
                    self.piece(value);
                }
                part::SORTED_FORM => {
                    let from = self.memory.end();
                    self.append_sorted();
                    self.piece(self.memory.since(from));
                }
                part::SECRET => self.piece(secret),
                part::SECRET_REVERSED => {
                    let from = self.memory.end();
                    let mut place = secret.end();
                    while place > secret.at() {
                        place = place.wrapping_sub(1);
                        self.memory.push(self.memory.byte(place));
                    }
                    self.piece(self.memory.since(from));
                }
                _ => self.piece(self.option(super::key::ACCESS_KEY)),
            }
        }
    }

    /// Whether a part is a text, and a value contains it, so that the cut between both could be elsewhere. What stands
    /// before the first part and behind the last is none.
    #[inline(never)]
    fn separates(&self, part: usize, value: Span) -> bool {
        let from = self.row.wrapping_add(code::PARTS_AT);
        let to = self.row.wrapping_add(self.field(code::PATHS_AT));
        if part < from || part >= to || self.memory.byte(part) != part::TEXT {
            return false;
        }
        let text = self.operand(part.wrapping_add(1));
        (value.at()..value.end()).any(|at| self.memory.starts(Span::new(at, value.end()), text))
    }

    /// A label, a value and a semicolon; nothing when the value is nothing but white space.
    #[inline(never)]
    fn segment(&mut self, label: Span, field: Span, value: Span) {
        let value = self.memory.trim(value);
        if value.is_empty() {
            return;
        }
        if self.memory.has(value, b';') {
            self.bad_field(field, expected::NO_SEMICOLON);
        }
        let from = self.memory.end();
        self.memory.push(b';');
        for text in [label, value, self.memory.since(from)] {
            self.piece(text);
        }
    }

    /// A spelling of the URL: the first is the URL itself, every second one says the port where the URL does not, or the
    /// other way round; the later ones write the query as browsers do, and as old libraries did.
    fn spelled(&mut self, spelling: usize) -> Span {
        let url = if spelling & 1 == 1 { self.other_port() } else { self.url };
        let mark = self.memory.find(url, b'?');
        if spelling < 2 || mark == url.end() {
            return url;
        }
        let from = self.memory.end();
        let query = url.after(mark);
        self.memory.copy(url.before(query.at()));
        if spelling < 4 {
            for at in query.at()..query.end() {
                match self.memory.byte(at) {
                    b'\'' => self.memory.append(b"%27"),
                    byte => self.memory.push(byte),
                }
            }
            return self.memory.since(from);
        }
        let mut rest = query;
        loop {
            let end = self.memory.find(rest, b'&');
            let item = rest.before(end);
            let cut = self.memory.find(item, b'=');
            self.escape(item.before(cut));
            self.memory.push(b'=');
            self.escape(item.after(cut));
            if end == rest.end() {
                return self.memory.since(from);
            }
            self.memory.push(b'&');
            rest = rest.after(end);
        }
    }

    /// The URL without its port, or with the standard one.
    fn other_port(&mut self) -> Span {
        let url = self.url;
        let colon = self.memory.find(url, b':');
        let from = self.memory.end();
        let mut rest = url;
        let has_scheme = self.memory.word(colon.wrapping_sub(1)) >> 8 == 0x002f_2f3a && colon < url.end();
        self.memory.append(b"https://");
        let mut is_http = false;
        if has_scheme {
            self.memory.bytes.truncate(from);
            rest = url.skip(colon.wrapping_sub(url.at()).wrapping_add(3));
            is_http = self.memory.word(url.at()) == u32::from_le_bytes(*b"http")
                && colon.wrapping_sub(url.at()) == 4;
            self.memory.copy(url.before(rest.at()));
        }
        let mut end = rest.at();
        while end < rest.end() && !matches!(self.memory.byte(end), b'/' | b'?' | b'#') {
            end = end.wrapping_add(1);
        }
        let mut port = end;
        while port > rest.at() && self.memory.byte(port.wrapping_sub(1)).is_ascii_digit() {
            port = port.wrapping_sub(1);
        }
        if port < end && port > rest.at() && self.memory.byte(port.wrapping_sub(1)) == b':' {
            self.memory.copy(rest.before(port.wrapping_sub(1)));
        } else {
            self.memory.copy(rest.before(end));
            self.memory.append(if is_http { b":80" } else { b":443" });
        }
        self.memory.copy(Span::new(end, rest.end()));
        self.memory.since(from)
    }

    /// Appends a text anew: everything but letters, digits and `!'()*-._~` as percent signs.
    #[inline(never)]
    fn escape(&mut self, text: Span) {
        let from = self.memory.end();
        if !self.decode(text) {
            // What cannot be decoded is taken as it is.
            self.memory.bytes.truncate(from);
            self.memory.copy(text);
        }
        let to = self.memory.end();
        for at in from..to {
            let byte = self.memory.byte(at);
            let stays = matches!(byte, b'!' | b'\'' | b'(' | b')' | b'*' | b'-' | b'.' | b'_' | b'~');
            if stays || byte.is_ascii_alphanumeric() {
                self.memory.push(byte);
            } else {
                self.memory.push(b'%');
                self.append_hex(Span::new(at, at.wrapping_add(1)));
                let end = self.memory.end();
                self.memory.bytes.get_mut(end.wrapping_sub(2)..).unwrap_or_default().make_ascii_uppercase();
            }
        }
        // What was decoded makes way for what was written.
        let (mut end, written) = (from, self.memory.since(to));
        for at in written.at()..written.end() {
            let byte = self.memory.byte(at);
            if let Some(slot) = self.memory.bytes.get_mut(end) {
                *slot = byte;
            }
            end = end.wrapping_add(1);
        }
        self.memory.bytes.truncate(end);
    }

    /// Appends the SHA-256 of two texts with a zero between them; of the second alone where there is no first.
    #[inline(never)]
    pub(super) fn digest_of(&mut self, first: Span, second: Span) -> Span {
        self.hasher.begin(Hash::SHA256);
        if !first.is_none() {
            self.hasher.update(self.memory.get(first));
            self.hasher.update(&[0]);
        }
        self.hasher.update(self.memory.get(second));
        self.append_hash()
    }

    /// Adds the message to what is hashed.
    #[inline(never)]
    pub(super) fn hash_message(&mut self) {
        for piece in self.pieces.iter().take(self.piece_count) {
            self.hasher.update(self.memory.get(*piece));
        }
    }

    /// Appends the hash of what was added.
    #[inline(never)]
    pub(super) fn append_hash(&mut self) -> Span {
        let at = self.memory.end();
        self.memory.append(self.hasher.finish());
        self.memory.since(at)
    }
}
