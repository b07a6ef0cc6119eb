//! What a delivery claims about itself, read from where it came in.
//!
//! A value is cut into signatures in one way or refused: two readers can never find different ones.

use super::Interpreter;
use super::code::{self, clock, form, grammar, unit};
use super::fault::{expected, line};
use super::memory::Span;
use crate::crypto::{base64_digits, equal, hex_digits_of};
use crate::time::Timestamp;
use crate::webhook::TimeUnit;
use crate::webhook::block::count;

/// What a delivery claims.
#[derive(Clone, Copy, Debug)]
pub(super) struct Claims {
    /// How many signatures there are. An empty one is none.
    pub(super) signatures: usize,
    /// Whether one of them is the tag that is looked for.
    pub(super) holds: bool,
    /// The text of the time.
    pub(super) time: Span,
    /// The moment it means, in milliseconds.
    pub(super) signed_at: Option<u64>,
    /// Whether it is told to the second only.
    pub(super) whole_seconds: bool,
}

impl Claims {
    pub(super) const NONE: Self =
        Self { signatures: 0, holds: false, time: Span::NONE, signed_at: None, whole_seconds: false };
}

impl Interpreter {
    /// How many items a value holds, whatever they are.
    #[inline(never)]
    pub(super) fn items(&self, value: Span) -> usize {
        let grammar = self.grammar();
        if grammar < grammar::TAGGED {
            1
        } else {
            count(self.memory.get(value), separator(grammar)).wrapping_add(1)
        }
    }

    fn grammar(&self) -> u8 {
        self.memory.byte(self.row.wrapping_add(code::GRAMMAR))
    }

    /// Reads the headers with the signature and, where it is apart, that with the time.
    pub(super) fn in_headers(&mut self) {
        self.claims = Claims::NONE;
        let mut found = false;
        for slot in 0..self.field(code::PLACE_SLOTS) {
            let value = self.find(slot);
            if !value.is_none() {
                found = true;
                let before = self.claims.time;
                let expected = self.signatures(value);
                if expected != expected::NOTHING {
                    self.bad_header(slot, expected);
                }
                if !before.is_none() {
                    self.claims.time = before;
                }
            }
        }
        if !found {
            self.required(0);
        }
        self.time();
        if self.claims.signatures == 0 {
            self.fault(line::SIGNATURE_ABSENT, self.header(self.row, 0), expected::NOTHING);
        }
    }

    /// Whether one of the signatures in the headers is the tag that is looked for. All are looked at.
    pub(super) fn headers_hold(&mut self) -> bool {
        self.claims.holds = false;
        let time = self.claims.time;
        for slot in 0..self.field(code::PLACE_SLOTS) {
            let value = self.peek(slot);
            if !value.is_none() {
                let _read_before = self.signatures(value);
            }
        }
        self.claims.time = time;
        self.claims.holds
    }

    /// Reads the time of a delivery, where its scheme has one.
    fn time(&mut self) {
        let mut slot = 0;
        let clock = self.field(code::CLOCK);
        if clock == usize::from(clock::NONE) {
            return;
        }
        if clock == usize::from(clock::HEADER) {
            slot = self.field(code::CLOCK_SLOT);
            self.claims.time = self.required(slot);
        }
        let time = self.claims.time;
        if time.is_none() {
            self.bad_header(slot, expected::TIMESTAMP);
        }
        let number = self.memory.byte(self.row.wrapping_add(code::UNIT));
        let unit = match number {
            unit::SECONDS => TimeUnit::Seconds,
            unit::MILLISECONDS => TimeUnit::Milliseconds,
            unit::EITHER => TimeUnit::Either,
            _ => TimeUnit::Rfc3339,
        };
        let text = self.memory.get(time);
        self.claims.whole_seconds = unit.counts_seconds(text);
        self.claims.signed_at = unit.read(text).map(Timestamp::unix_ms);
        if self.claims.signed_at.is_none() {
            self.bad_header(slot, expected::SECONDS.wrapping_add(number));
        }
    }

    /// Cuts a value into signatures; what else stands in a list is skipped, as the providers' own libraries do. Notes
    /// whether one of them is the tag that is looked for, and the time that stands beside them. Answers with what the
    /// value should have been, where it is not that.
    pub(super) fn signatures(&mut self, value: Span) -> u8 {
        let kind = self.grammar();
        let wanted = self.text_of(code::GRAMMAR_TEXT);
        self.claims.time = Span::NONE;
        if kind < grammar::TAGGED {
            let rest = value.skip(wanted.len());
            let head = value.before(rest.at());
            let named = kind == grammar::PREFIXED
                && self.memory.byte(wanted.end().wrapping_sub(1)) == b' '
                && self.memory.alike(head, wanted);
            let fits = wanted.len() <= value.len() && (named || self.memory.same(head, wanted));
            if kind == grammar::PREFIXED && !fits {
                return expected::PREFIX;
            }
            self.take(if fits { rest } else { value });
            return expected::NOTHING;
        }
        let time = self.text_of(code::CLOCK_PAIR);
        let has_time = self.field(code::CLOCK) == usize::from(clock::PAIR);
        let (wanted, between) = match kind {
            grammar::PUBLIC_KEYS => (self.option(super::key::KEY_ID), b'|'),
            grammar::TAGGED => (wanted, b','),
            grammar::KEY_IDS => (wanted, b'/'),
            _ => (wanted, b'='),
        };
        // What is wrong unless one item is well formed.
        let mut expected = match kind {
            grammar::TAGGED => expected::TAGGED,
            grammar::PAIRS_SEMICOLON.. => expected::PAIRS,
            _ => expected::NOTHING,
        };
        let mut rest = value;
        loop {
            let end = self.memory.find(rest, separator(kind));
            let mut item = rest.before(end);
            if kind == grammar::KEY_IDS && self.memory.byte(item.at()) == b' ' && !item.is_empty() {
                item = item.skip(1);
            }
            let cut = self.memory.find(item, between);
            let is_cut = cut < item.end();
            let (mut name, mut text) = (item.before(cut), item.after(cut));
            match kind {
                grammar::POSITIONAL if self.claims.time.is_none() => self.claims.time = item,
                grammar::POSITIONAL => self.take(item),
                grammar::KEY_IDS if item.is_empty() => {}
                grammar::KEY_IDS => {
                    let second = self.memory.find(text, between);
                    let signature = text.after(second);
                    if name.is_empty() || second == text.end() || self.memory.has(signature, between) {
                        return expected::KEY_IDS;
                    }
                    let key_id = self.option(super::key::KEY_ID);
                    if self.memory.same(text.before(second), wanted)
                        && (key_id.is_empty() || self.memory.same(key_id, name))
                    {
                        self.take(signature);
                    }
                }
                ..grammar::PAIRS_SEMICOLON => {
                    if is_cut {
                        expected = expected::NOTHING;
                        if self.memory.same(name, wanted) {
                            self.take(text);
                        }
                    }
                }
                _ => {
                    if kind == grammar::PAIRS_SPACED {
                        (name, text) = (self.memory.trim(name), self.memory.trim(text));
                    }
                    // Two values of one header are joined by a comma and a space wherever `Headers` is in between.
                    let joined = has_time
                        && self.memory.byte(name.at()) == b' '
                        && self.memory.same(name.skip(1), time);
                    let plain = is_cut && !self.has_space(text);
                    if joined && plain {
                        return expected::ONE_TIMESTAMP;
                    }
                    if plain && self.is_name(name) {
                        expected = expected::NOTHING;
                        if self.is_named(kind, name, wanted) {
                            self.take(text);
                        } else if has_time && self.is_named(kind, name, time) {
                            if !self.claims.time.is_none() {
                                return expected::ONE_TIMESTAMP;
                            }
                            self.claims.time = text;
                        }
                    }
                }
            }
            if end == rest.end() {
                return expected;
            }
            rest = rest.after(end);
        }
    }

    fn is_named(&self, grammar: u8, name: Span, wanted: Span) -> bool {
        self.memory.same(name, wanted)
            || (grammar == grammar::PAIRS_SPACED && self.memory.alike(name, wanted))
    }

    fn has_space(&self, text: Span) -> bool {
        self.memory.get(text).iter().any(u8::is_ascii_whitespace)
    }

    fn is_name(&self, name: Span) -> bool {
        !name.is_empty()
            && self.memory.get(name).iter().all(|byte| byte.is_ascii_alphanumeric() || *byte == b'_')
    }

    /// Counts a signature, and compares it with the tag that is looked for, in constant time.
    ///
    /// Signatures are compared as text, not decoded: that makes every other spelling of the same bytes a mismatch.
    #[inline(never)]
    fn take(&mut self, signature: Span) {
        if signature.is_empty() {
            return;
        }
        self.claims.signatures = self.claims.signatures.wrapping_add(1);
        let signature = self.memory.get(signature);
        let folds = self.memory.field(self.row, code::FORM) == usize::from(form::HEX_ANY_CASE);
        // Both are looked at in any case.
        for written in self.tags {
            self.claims.holds |= equal_but_case(signature, self.memory.get(written), folds);
        }
    }

    /// Looks for this tag: writes it as signatures are.
    pub(super) fn look_for(&mut self, tag: Span) {
        let form = self.memory.byte(self.row.wrapping_add(code::FORM));
        self.tags = [tag, Span::NONE];
        if form != form::TEXT {
            let at = self.memory.end();
            self.append_hex(tag);
            let hex = self.memory.since(at);
            self.tags = [hex, Span::NONE];
            if form >= form::BASE64 {
                let base64 = self.append_base64(tag);
                self.tags = [base64, if form == form::BASE64_OR_HEX { hex } else { Span::NONE }];
            }
            if form == form::BASE64_OR_BASE64_OF_HEX {
                self.tags[1] = self.append_base64(hex);
            }
        }
    }

    #[inline(never)]
    fn append_base64(&mut self, text: Span) -> Span {
        let from = self.memory.end();
        for at in (text.at()..text.end()).step_by(3) {
            let group = Span::new(at, at.wrapping_add(3).min(text.end()));
            let digits = base64_digits(self.memory.get(group));
            self.memory.append(&digits);
        }
        self.memory.since(from)
    }

    /// Appends bytes as hexadecimal.
    #[inline(never)]
    pub(super) fn append_hex(&mut self, text: Span) {
        for at in text.at()..text.end() {
            let digits = hex_digits_of(self.memory.byte(at));
            self.memory.append(&digits);
        }
    }
}

/// Whether a text is another, in a time that depends on the lengths only; with `folds`, a letter of the other may stand in
/// either case.
fn equal_but_case(found: &[u8], expected: &[u8], folds: bool) -> bool {
    let mut different = u8::from(found.len() != expected.len());
    let mask = if folds { 0x20 } else { 0 };
    for (found, expected) in found.iter().zip(expected) {
        // A letter of hexadecimal differs from its other case in this bit alone, and no digit has the bit above it.
        different |= (found | ((expected >> 1) & mask)) ^ expected;
    }
    equal(&[different], &[0])
}

/// What stands between two items of a list.
const fn separator(grammar: u8) -> u8 {
    match grammar {
        grammar::TAGGED => b' ',
        grammar::PUBLIC_KEYS => b'&',
        grammar::PAIRS_SEMICOLON => b';',
        _ => b',',
    }
}
