//! Why something was refused, as numbers: the sentences stand in the tables of [`Error`](crate::webhook::Error).

use super::Interpreter;
use super::memory::Span;

/// What was found wrong first. Whoever finds something wrong notes it here and goes on with what is harmless: what is
/// found later counts no more, and nothing counts until somebody has looked here. So each step is a straight line.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Fault {
    /// The line of the table, one of [`line`].
    pub(super) line: u8,
    /// The header, the field or the option it is about.
    pub(super) subject: Span,
    /// What should stand there: a line of [`EXPECTED`], or [`expected::NOTHING`].
    pub(super) expected: u8,
    /// The other facts.
    pub(super) numbers: [usize; 2],
}

impl Fault {
    /// Nothing is wrong.
    pub(super) const NONE: Self =
        Self { line: line::NONE, subject: Span::EMPTY, expected: expected::NOTHING, numbers: [0; 2] };
}

/// Lines of `Error::LINES`.
pub(super) mod line {
    /// Nothing is wrong.
    pub(in super::super) const NONE: u8 = u8::MAX;
    pub(in super::super) const UNKNOWN_SCHEME: u8 = 0;
    pub(in super::super) const SECRET_MISSING: u8 = 1;
    pub(in super::super) const TOO_MANY_SECRETS: u8 = 2;
    pub(in super::super) const SECRET_EMPTY: u8 = 3;
    pub(in super::super) const SECRET_MALFORMED: u8 = 4;
    pub(in super::super) const OPTION_MISSING: u8 = 5;
    pub(in super::super) const URL_MISSING: u8 = 11;
    pub(in super::super) const BODY_TOO_LARGE: u8 = 12;
    pub(in super::super) const HEADER_TOO_LONG: u8 = 13;
    pub(in super::super) const TOO_MANY_SIGNATURES: u8 = 14;
    pub(in super::super) const HEADER_MISSING: u8 = 15;
    pub(in super::super) const HEADER_REPEATED: u8 = 16;
    pub(in super::super) const HEADER_MALFORMED: u8 = 17;
    pub(in super::super) const SIGNATURE_ABSENT: u8 = 18;
    pub(in super::super) const BODY_MALFORMED: u8 = 19;
    pub(in super::super) const FIELD_MISSING: u8 = 20;
    pub(in super::super) const FIELD_MALFORMED: u8 = 21;
    pub(in super::super) const BODY_EMPTY: u8 = 23;
    /// And of an empty body the next one.
    pub(in super::super) const SIGNATURE_MISMATCH: u8 = 24;
    pub(in super::super) const EVENTS_REFUSED: u8 = 26;
    pub(in super::super) const TOO_OLD: u8 = 27;
    pub(in super::super) const TOO_NEW: u8 = 28;
    pub(in super::super) const UNKNOWN_SCHEME_NEAR: u8 = 29;
}

/// Lines of [`EXPECTED`].
pub(super) mod expected {
    /// Nothing in particular.
    pub(in super::super) const NOTHING: u8 = u8::MAX;
    pub(in super::super) const PREFIX: u8 = 0;
    pub(in super::super) const ONE_TIMESTAMP: u8 = 1;
    pub(in super::super) const PAIRS: u8 = 2;
    pub(in super::super) const TAGGED: u8 = 3;
    pub(in super::super) const KEY_IDS: u8 = 4;
    pub(in super::super) const TIMESTAMP: u8 = 5;
    /// And of each unit after seconds, in their order.
    pub(in super::super) const SECONDS: u8 = 6;
    pub(in super::super) const HEADER_VALUE: u8 = 10;
    pub(in super::super) const NO_SEMICOLON: u8 = 11;
    pub(in super::super) const URL_QUERY: u8 = 12;
    pub(in super::super) const ONE_VALUE: u8 = 13;
    pub(in super::super) const BODY_START: u8 = 14;
    pub(in super::super) const NO_DIGIT: u8 = 15;
    pub(in super::super) const NO_SEPARATOR: u8 = 16;
    pub(in super::super) const BASE64: u8 = 17;
    pub(in super::super) const SCALAR: u8 = 18;
    pub(in super::super) const SHORTER: u8 = 19;
    pub(in super::super) const FEWER: u8 = 20;
    pub(in super::super) const JSON: u8 = 21;
    pub(in super::super) const FORM: u8 = 22;
    pub(in super::super) const EVENTS: u8 = 23;
}

/// What should have stood where something else was found. The words are those of the checks that [`crate::webhook`] makes
/// of the same; the tests compare them.
pub const EXPECTED: &[&str] = &[
    "the name of the algorithm, `=` and the signature",
    "one timestamp",
    "a list of `name=value` without spaces",
    "a list of `version,signature`, separated by spaces",
    "a list of `key id/algorithm/signature`, separated by commas",
    "a timestamp",
    "a timestamp of seconds in plain digits",
    "a timestamp of milliseconds in 13 plain digits",
    "a timestamp of seconds in 10 or milliseconds in 13 plain digits",
    "a timestamp as of RFC 3339, such as 2026-01-31T12:00:00Z",
    "a value that is not empty and does not contain what separates it",
    "a value without a semicolon",
    "a URL whose query is well formed",
    "one value",
    "a body that does not begin with what may stand before it",
    "a body that does not begin with a digit",
    "a value that does not contain what separates it",
    "base64 of a document",
    "a text or a number",
    "a signature, which is shorter",
    "fewer signatures, no provider sends that many",
    "a JSON document in which no name stands twice",
    "a form of at most 1000 fields, as the provider sent it",
    "a list of at least one event, and at most 1000",
];

impl Interpreter {
    /// Notes what is wrong, unless something was before.
    #[inline(never)]
    pub(super) fn fault(&mut self, line: u8, subject: Span, expected: u8) {
        if self.fault.line == line::NONE {
            self.fault = Fault { line, subject, expected, numbers: [0; 2] };
        }
    }

    /// As [`Interpreter::fault`], with numbers as facts.
    #[inline(never)]
    pub(super) fn fault_of(&mut self, line: u8, subject: Span, first: usize, second: usize) {
        if self.fault.line == line::NONE {
            self.fault = Fault { line, subject, expected: expected::NOTHING, numbers: [first, second] };
        }
    }

    /// Refuses the value of a field.
    #[inline(never)]
    pub(super) fn bad_field(&mut self, field: Span, expected: u8) {
        self.fault(line::FIELD_MALFORMED, field, expected);
    }

    /// Refuses a field that is not there.
    #[inline(never)]
    pub(super) fn no_field(&mut self, field: Span) {
        self.fault(line::FIELD_MISSING, field, expected::NOTHING);
    }

    /// Refuses the body.
    #[inline(never)]
    pub(super) fn bad_body(&mut self, expected: u8) {
        self.fault(line::BODY_MALFORMED, Span::EMPTY, expected);
    }

    /// Refuses the value of a header, by its slot within the row.
    #[inline(never)]
    pub(super) fn bad_header(&mut self, slot: usize, expected: u8) {
        self.fault(line::HEADER_MALFORMED, self.header(self.row, slot), expected);
    }

    /// Refuses a delivery under whose secrets no signature holds.
    #[inline(never)]
    pub(super) fn mismatch(&mut self, body_is_empty: bool) {
        let line = line::SIGNATURE_MISMATCH.wrapping_add(body_is_empty.into());
        self.fault(line, Span::EMPTY, expected::NOTHING);
    }
}
