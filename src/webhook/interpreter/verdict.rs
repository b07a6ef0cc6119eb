//! What is told of a delivery that was decided on.
//!
//! A refusal is a line of the table of refusals and the facts that stand in its braces, in order.

use super::area::{DELIVERED, OUT};
use super::fault::{Fault, expected, line};
use super::memory::low;
use super::{Interpreter, answer};

impl Interpreter {
    /// Says what was decided.
    pub(super) fn conclude(&mut self) -> u32 {
        if self.fault.line != line::NONE {
            return self.refuse();
        }
        self.put(OUT, low(self.signer));
        self.put(OUT + 1, self.claims.signed_at.is_some().into());
        self.memory.put_long(Self::word_at(OUT + 2), self.claims.signed_at.unwrap_or_default());
        answer::VERIFIED
    }

    /// Tells why: the line, and each fact in three words.
    pub(super) fn refuse(&mut self) -> u32 {
        let Fault { line, subject, expected, numbers: [first, second] } = self.fault;
        self.put(OUT, line.into());
        self.next_fact = OUT + 1;
        if matches!(line, line::UNKNOWN_SCHEME | line::UNKNOWN_SCHEME_NEAR) {
            self.put_fact(fact::GIVEN, 0, 0);
        }
        if !subject.is_empty() {
            let at = self.memory.get(subject).as_ptr().addr();
            self.put_fact(fact::KNOWN, at, subject.len());
        }
        if NUMBERS_OF.contains(&line) {
            self.put_fact(fact::NUMBER, first, 0);
        }
        match line {
            line::SECRET_EMPTY => {}
            line::SECRET_MALFORMED => self.put_fact(fact::REASON, expected.into(), second),
            line::EVENTS_REFUSED => {
                self.put_fact(fact::PLACES, 0, 0);
                let from = self.memory.end();
                self.memory.append(&self.refused_events);
                self.text = self.memory.since(from);
                self.put_text(DELIVERED, self.text);
            }
            _ if NUMBERS_OF.contains(&line) => self.put_fact(fact::NUMBER, second, 0),
            _ if expected != expected::NOTHING => self.put_fact(fact::EXPECTED, expected.into(), 0),
            _ => {}
        }
        self.put_fact(fact::NONE, 0, 0);
        answer::REFUSED
    }

    #[inline(never)]
    fn put_fact(&mut self, kind: u32, first: usize, second: usize) {
        let word = self.next_fact;
        self.put(word, kind);
        self.put(word.wrapping_add(1), low(first));
        self.put(word.wrapping_add(2), low(second));
        self.next_fact = word.wrapping_add(3);
    }
}

/// The lines whose facts are numbers.
const NUMBERS_OF: [u8; 9] = [
    line::TOO_MANY_SECRETS,
    line::SECRET_EMPTY,
    line::SECRET_MALFORMED,
    line::BODY_TOO_LARGE,
    line::HEADER_TOO_LONG,
    line::TOO_MANY_SIGNATURES,
    line::EVENTS_REFUSED,
    line::TOO_OLD,
    line::TOO_NEW,
];

/// Kinds of facts, as the shell counts them.
mod fact {
    pub(super) const NONE: u32 = 0;
    /// What the caller had asked for, which the shell knows.
    pub(super) const GIVEN: u32 = 1;
    pub(super) const KNOWN: u32 = 2;
    pub(super) const NUMBER: u32 = 3;
    pub(super) const REASON: u32 = 4;
    pub(super) const PLACES: u32 = 5;
    /// A line of [`EXPECTED`](super::super::EXPECTED).
    pub(super) const EXPECTED: u32 = 7;
}
