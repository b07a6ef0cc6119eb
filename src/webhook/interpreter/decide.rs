//! A delivery is genuine when one of its signatures is that of its own content under one of the secrets.
//!
//! Precedence of refusals: limits, form, signature, time.

use super::Interpreter;
use super::claims::Claims;
use super::code::{self, flag, place, proof, window};
use super::fault::{Fault, expected, line};
use super::key;
use super::members::TWICE;
use super::memory::Span;
use crate::crypto::compact::Hash;
use crate::webhook::document::is_document;
use crate::webhook::{BODY_BYTES_MAX, EVENTS_MAX, HEADER_BYTES_MAX, SIGNATURES_MAX};

/// What most providers ask for, where this one asks for nothing but the caller is strict.
const STRICT_TOLERANCE_SECONDS: u64 = 300;

impl Interpreter {
    /// Refuses what the limits forbid, and settles by which row the delivery is read.
    pub(super) fn admit(&mut self, body_bytes: usize) {
        self.lengths();
        if self.is(flag::SIGNS_URL) && self.url.is_empty() {
            self.fault(line::URL_MISSING, Span::EMPTY, expected::NOTHING);
        }
        if body_bytes > BODY_BYTES_MAX {
            self.fault_of(line::BODY_TOO_LARGE, Span::EMPTY, body_bytes, BODY_BYTES_MAX);
        }
        self.layout();
        self.limits();
    }

    /// Refuses an empty body where the scheme signs none.
    pub(super) fn require_body(&mut self, body_bytes: usize) {
        if self.is(flag::BODY_REQUIRED) && body_bytes == 0 {
            self.fault(line::BODY_EMPTY, Span::EMPTY, expected::NOTHING);
        }
    }

    /// Decides on a delivery whose whole body is there, and tells its events.
    pub(super) fn decide(&mut self) {
        let place = self.field(code::PLACE);
        let in_headers = place == usize::from(place::HEADERS);
        self.claims = Claims::NONE;
        if in_headers {
            self.in_headers();
        }
        if self.is(flag::READS_FORM) && !self.read_form(self.body) {
            self.bad_body(expected::FORM);
        }
        if place == usize::from(place::FIELD) && !is_document(self.memory.get(self.body)) {
            self.bad_body(expected::JSON);
        }
        if self.fault.line != line::NONE {
            return;
        }
        if place == usize::from(place::FIELD) && !self.text_of(code::LIST).is_empty() {
            return self.each();
        }
        if !in_headers {
            self.look(self.body);
            self.item();
        } else {
            self.sign(Span::NONE);
        }
        self.in_time();
        if self.fault.line == line::NONE {
            self.tell_all();
        }
    }

    /// Checks each event of a delivery by its own signature, and tells those that are genuine. At least one must be.
    fn each(&mut self) {
        let name = self.text_of(code::LIST);
        let list = self.descend(self.body, name);
        if list == TWICE {
            return self.bad_body(expected::JSON);
        }
        let Some(count) = self.count_elements(list) else { return self.no_field(name) };
        if count == 0 || count > EVENTS_MAX {
            return self.bad_field(name, expected::EVENTS);
        }
        let (mut proven, mut why) = (None, Fault::NONE);
        loop {
            let index = self.element;
            let item = self.next_element();
            if item.is_none() {
                break;
            }
            let event = self.descend(item, self.text_of(code::MEMBER));
            if event == TWICE {
                return self.bad_body(expected::JSON);
            }
            self.look(event);
            self.item();
            if self.fault.line == line::NONE {
                proven = proven.or(Some(self.signer));
                self.tell(item, Some(index));
            } else {
                if why.line == line::NONE {
                    why = self.fault;
                }
                self.fault = Fault::NONE;
                self.refuse_event(index);
            }
        }
        let partial = !self.option(key::PARTIAL).is_none();
        match proven {
            None => self.fault = why,
            Some(_) if why.line != line::NONE && !partial => {
                self.fault_of(line::EVENTS_REFUSED, Span::EMPTY, count, 0);
            }
            Some(signer) => self.signer = signer,
        }
    }

    /// Checks an event, or a whole body, by the signature that stands in it.
    fn item(&mut self) {
        let (field, signature) = if self.is(flag::READS_FORM) {
            let field = self.text_of(code::PLACE_FIELD);
            (field, self.only(field))
        } else {
            (self.last(self.path(code::PLACE_PATH)), self.scalar(code::PLACE_PATH))
        };
        if signature.is_none() {
            return self.no_field(field);
        }
        if signature.len() > HEADER_BYTES_MAX {
            return self.bad_field(field, expected::SHORTER);
        }
        if self.items(signature) > SIGNATURES_MAX {
            return self.bad_field(field, expected::FEWER);
        }
        self.claims = Claims::NONE;
        let expected = self.signatures(signature);
        if expected != expected::NOTHING {
            return self.bad_field(field, expected);
        }
        if self.claims.signatures == 0 {
            return self.no_field(field);
        }
        self.sign(signature);
    }

    /// Finds the first key under which a signature holds: in the headers, or the one that stands in the body. All are tried,
    /// so that the time does not tell which. Where fields are signed, leaves the digest of what is signed.
    fn sign(&mut self, in_body: Span) {
        let mut signer = None;
        for index in 0..self.keys() {
            for spelling in 0..self.field(code::SPELLINGS) {
                let at = self.key(index);
                let secret = Span::of(self.memory.long(at.wrapping_add(key::SECRET_TEXT)));
                self.message(secret, spelling);
                self.find_tag(at, secret);
                let holds = if in_body.is_none() {
                    self.headers_hold()
                } else {
                    self.claims.holds = false;
                    let _read_before = self.signatures(in_body);
                    self.claims.holds
                };
                if holds && signer.is_none() {
                    signer = Some(index);
                    if self.is(flag::SIGNS_FIELDS) {
                        self.hasher.begin(Hash::SHA256);
                        self.hash_message();
                        self.signed = self.append_hash();
                    }
                }
            }
        }
        self.require_body(self.body.len());
        match signer {
            Some(index) => self.signer = index,
            None => self.mismatch(self.body.is_empty()),
        }
    }

    /// Looks for what the signature of the message must be, under the key at a place.
    fn find_tag(&mut self, key: usize, secret: Span) {
        let proof = self.field(code::PROOF);
        if proof == usize::from(proof::TOKEN) {
            return self.look_for(secret);
        }
        let is_mac = proof == usize::from(proof::MAC);
        self.hasher.begin(self.hash());
        if is_mac {
            let at = key.wrapping_add(key::INNER_BLOCK);
            self.hasher.update(self.memory.get(Span::new(at, at.wrapping_add(self.hasher.block_bytes()))));
        }
        self.hash_message();
        let hash = self.append_hash();
        if is_mac { self.close_mac(key, hash) } else { self.look_for(hash) }
    }

    /// Refuses what was signed too long ago, or will only be signed.
    pub(super) fn in_time(&mut self) {
        let Some(ms) = self.claims.signed_at else { return };
        let asked = self.memory.number(self.option(key::TOLERANCE));
        let strict = !self.option(key::STRICT).is_none();
        let window = self.field(code::WINDOW);
        let on_request = window == usize::from(window::ON_REQUEST);
        if on_request && asked.is_none() && !strict {
            return;
        }
        let own = u64::from(self.memory.byte(self.row.wrapping_add(code::TOLERANCE)));
        let own = own.wrapping_mul(code::TOLERANCE_UNIT_SECONDS);
        let tolerance_seconds = asked.unwrap_or(if on_request { STRICT_TOLERANCE_SECONDS } else { own });
        // What 0 means to Stripe's own library, and nobody wants a window of no width.
        if tolerance_seconds == 0 && !strict {
            return;
        }
        // A timestamp of whole seconds is compared with whole seconds: 300.9 s later it is 300 s old.
        let now = self.now();
        let now = if self.claims.whole_seconds { now.wrapping_sub(now % 1000) } else { now };
        let tolerance = tolerance_seconds.saturating_mul(1000);
        let (past, ahead) = (now.saturating_sub(ms), ms.saturating_sub(now));
        let line = if past > tolerance {
            line::TOO_OLD
        } else if ahead > tolerance && (strict || window != usize::from(window::PAST_ONLY)) {
            line::TOO_NEW
        } else {
            return;
        };
        // Rounded up, so that a refusal never names a difference that would have been allowed.
        let seconds = past.max(ahead).wrapping_add(999) / 1000;
        let [seconds, tolerance] =
            [seconds, tolerance_seconds].map(|number| usize::try_from(number).unwrap_or(usize::MAX));
        self.fault_of(line, Span::EMPTY, seconds, tolerance);
    }
}
