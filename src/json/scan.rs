//! The strict reader: one pass over the bytes, no recursion deeper than the limit, no copies without need.

use alloc::borrow::Cow;

use super::{BYTES_MAX, DEPTH_MAX, Error, ErrorKind, MEMBERS_MAX, Value};
use crate::prelude::*;

/// Reads one JSON document and nothing after it.
///
/// # Errors
///
/// [`ErrorKind::TooLarge`], then the first of [`ErrorKind::Syntax`], [`ErrorKind::TooDeep`], [`ErrorKind::TooManyMembers`] and
/// [`ErrorKind::DuplicateMember`] in the order of the document.
pub fn parse(bytes: &[u8]) -> Result<Value<'_>, Error> {
    if bytes.len() > BYTES_MAX {
        return Err(Error::from(ErrorKind::TooLarge { found: bytes.len(), limit: BYTES_MAX }));
    }
    let text = core::str::from_utf8(bytes)
        .map_err(|error| Error::from(ErrorKind::Syntax { offset: error.valid_up_to(), expected: "UTF-8" }))?;
    let mut scanner = Scanner { text, at: 0, refusal: None };
    match (scanner.document(), scanner.refusal) {
        (Some(value), None) => Ok(value),
        (_, Some(refusal)) => Err(refusal),
        (None, None) => Err(Error::from(ErrorKind::Syntax { offset: scanner.at, expected: ANY_VALUE })),
    }
}

const ANY_VALUE: &str = "a JSON value";

/// Its methods answer `None` once `refusal` says why. An error in each answer would be copied from step to step, which
/// made the code half as large again.
struct Scanner<'a> {
    text: &'a str,
    /// Always on a character boundary: only ASCII bytes are stepped over one by one.
    at: usize,
    refusal: Option<Error>,
}

impl<'a> Scanner<'a> {
    fn document(&mut self) -> Option<Value<'a>> {
        let value = self.value(0)?;
        match self.peek() {
            None => Some(value),
            Some(_) => self.expected("the end of the document"),
        }
    }

    fn peek(&self) -> Option<u8> {
        self.text.as_bytes().get(self.at).copied()
    }

    fn step(&mut self) {
        self.at = self.at.saturating_add(1);
    }

    #[inline(never)]
    fn expected<T>(&mut self, expected: &'static str) -> Option<T> {
        self.refuse(Error::from(ErrorKind::Syntax { offset: self.at, expected }))
    }

    #[inline(never)]
    fn refuse<T>(&mut self, refusal: Error) -> Option<T> {
        self.refusal = Some(refusal);
        None
    }

    fn skip_white_space(&mut self) {
        while let Some(b' ' | b'\t' | b'\n' | b'\r') = self.peek() {
            self.step();
        }
    }

    /// Steps over `byte` if it is next.
    fn skip(&mut self, byte: u8) -> bool {
        let is_next = self.peek() == Some(byte);
        if is_next {
            self.step();
        }
        is_next
    }

    fn take(&mut self, byte: u8, expected: &'static str) -> Option<()> {
        if self.skip(byte) { Some(()) } else { self.expected(expected) }
    }

    fn since(&self, start: usize) -> &'a str {
        self.text.get(start..self.at).unwrap_or_default()
    }

    /// A value and the white space around it.
    fn value(&mut self, depth: usize) -> Option<Value<'a>> {
        self.skip_white_space();
        if depth > DEPTH_MAX {
            return self.refuse(Error::from(ErrorKind::TooDeep { offset: self.at.saturating_sub(1) }));
        }
        let value = match self.peek() {
            Some(b'{') => self.object(depth).map(Value::Object),
            Some(b'[') => self.array(depth).map(Value::Array),
            Some(b'"') => self.string().map(Value::String),
            Some(b'-' | b'0'..=b'9') => self.number().map(Value::Number),
            Some(b't') => self.word("true", Value::Bool(true)),
            Some(b'f') => self.word("false", Value::Bool(false)),
            Some(b'n') => self.word("null", Value::Null),
            _ => self.expected(ANY_VALUE),
        };
        self.skip_white_space();
        value
    }

    fn word(&mut self, word: &'static str, value: Value<'a>) -> Option<Value<'a>> {
        let end = self.at.saturating_add(word.len());
        if self.text.get(self.at..end) != Some(word) {
            return self.expected("true, false or null");
        }
        self.at = end;
        Some(value)
    }

    fn array(&mut self, depth: usize) -> Option<Vec<Value<'a>>> {
        self.step();
        self.skip_white_space();
        let mut items = Vec::new();
        if self.skip(b']') {
            return Some(items);
        }
        loop {
            items.push(self.value(depth.saturating_add(1))?);
            if self.skip(b']') {
                return Some(items);
            }
            self.take(b',', "`,` or `]`")?;
        }
    }

    fn object(&mut self, depth: usize) -> Option<Vec<(Cow<'a, str>, Value<'a>)>> {
        self.step();
        self.skip_white_space();
        let mut members: Vec<(Cow<'a, str>, Value<'a>)> = Vec::new();
        if self.skip(b'}') {
            return Some(members);
        }
        // Places in `members`, in the order of their names. A list, because a set would weigh more than the scanner.
        let mut sorted: Vec<usize> = Vec::new();
        loop {
            self.skip_white_space();
            let offset = self.at;
            let name = self.string()?;
            if members.len() == MEMBERS_MAX {
                return self.refuse(Error::from(ErrorKind::TooManyMembers { offset }));
            }
            let known = |place: &usize| members.get(*place).map_or("", |(known, _)| known).cmp(&name);
            match sorted.binary_search_by(known) {
                Ok(_) => {
                    return self
                        .refuse(Error::from(ErrorKind::DuplicateMember { offset, name: name.into_owned() }));
                }
                Err(between) => sorted.insert(between, members.len()),
            }
            self.skip_white_space();
            self.take(b':', "`:`")?;
            members.push((name, self.value(depth.saturating_add(1))?));
            if self.skip(b'}') {
                return Some(members);
            }
            self.take(b',', "`,` or `}`")?;
        }
    }

    fn is_at_digit(&self) -> bool {
        self.peek().is_some_and(|byte| byte.is_ascii_digit())
    }

    fn digits(&mut self) -> Option<()> {
        if !self.is_at_digit() {
            return self.expected("a digit");
        }
        while self.is_at_digit() {
            self.step();
        }
        Some(())
    }

    fn number(&mut self) -> Option<&'a str> {
        let start = self.at;
        let _ = self.skip(b'-');
        if self.skip(b'0') {
            if self.is_at_digit() {
                return self.expected("no digit after a leading zero");
            }
        } else {
            self.digits()?;
        }
        if self.skip(b'.') {
            self.digits()?;
        }
        if self.skip(b'e') || self.skip(b'E') {
            let _ = self.skip(b'+') || self.skip(b'-');
            self.digits()?;
        }
        Some(self.since(start))
    }

    fn string(&mut self) -> Option<Cow<'a, str>> {
        self.take(b'"', "a string in double quotes")?;
        let start = self.at;
        self.skip_plain();
        let plain = self.since(start);
        if self.skip(b'"') {
            return Some(Cow::Borrowed(plain));
        }
        let mut text = plain.to_owned();
        loop {
            match self.peek() {
                Some(b'"') => {
                    self.step();
                    return Some(Cow::Owned(text));
                }
                Some(b'\\') => {
                    self.step();
                    text.push(self.escape()?);
                }
                Some(byte) if byte < 0x20 => return self.expected("no raw control character in a string"),
                Some(_) => {
                    let start = self.at;
                    self.skip_plain();
                    text.push_str(self.since(start));
                }
                None => return self.expected("the closing quote of a string"),
            }
        }
    }

    /// Steps over bytes that stand for themselves. Multi-byte characters contain no byte below 0x80.
    fn skip_plain(&mut self) {
        while self.peek().is_some_and(|byte| byte >= 0x20 && byte != b'"' && byte != b'\\') {
            self.step();
        }
    }

    fn escape(&mut self) -> Option<char> {
        let plain = match self.peek() {
            Some(b'"') => '"',
            Some(b'\\') => '\\',
            Some(b'/') => '/',
            Some(b'b') => '\u{8}',
            Some(b'f') => '\u{c}',
            Some(b'n') => '\n',
            Some(b'r') => '\r',
            Some(b't') => '\t',
            Some(b'u') => {
                self.step();
                return self.unicode();
            }
            _ => return self.expected("one of \"\\/bfnrtu after a backslash"),
        };
        self.step();
        Some(plain)
    }

    fn unicode(&mut self) -> Option<char> {
        const PAIR: &str = "a surrogate pair";
        let start = self.at;
        let mut code = self.hex4()?;
        if let 0xd800..=0xdbff = code {
            self.take(b'\\', PAIR)?;
            self.take(b'u', PAIR)?;
            let second = self.hex4()?;
            let high = (code & 0x3ff) << 10;
            // What is no second half leaves half of a pair, which is no character.
            if let 0xdc00..=0xdfff = second {
                code = (high | (second & 0x3ff)).saturating_add(0x1_0000);
            }
        }
        match char::from_u32(code) {
            None => self.refuse(Error::from(ErrorKind::Syntax { offset: start, expected: PAIR })),
            character => character,
        }
    }

    fn hex4(&mut self) -> Option<u32> {
        let mut code = 0;
        for _ in 0..4 {
            let digit = self.peek().and_then(|byte| char::from(byte).to_digit(16));
            let Some(digit) = digit else { return self.expected("four hexadecimal digits") };
            code = (code << 4) | digit;
            self.step();
        }
        Some(code)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::advice::Diagnose;

    #[test]
    fn documents_that_must_be_refused_name_the_byte_and_what_was_expected() {
        let table: &[(&str, &str)] = &[
            ("", "not JSON at byte 0: expected a JSON value"),
            ("{", "not JSON at byte 1: expected a string in double quotes"),
            ("[1,]", "not JSON at byte 3: expected a JSON value"),
            ("{\"a\":1,}", "not JSON at byte 7: expected a string in double quotes"),
            ("01", "not JSON at byte 1: expected no digit after a leading zero"),
            ("1.", "not JSON at byte 2: expected a digit"),
            ("+1", "not JSON at byte 0: expected a JSON value"),
            ("NaN", "not JSON at byte 0: expected a JSON value"),
            ("nul", "not JSON at byte 0: expected true, false or null"),
            ("\"\\x\"", "not JSON at byte 2: expected one of \"\\/bfnrtu after a backslash"),
            ("\"\n\"", "not JSON at byte 1: expected no raw control character in a string"),
            ("\"\\ud800\"", "not JSON at byte 7: expected a surrogate pair"),
            ("\"\\udc00\"", "not JSON at byte 3: expected a surrogate pair"),
            ("\"abc", "not JSON at byte 4: expected the closing quote of a string"),
            ("1 2", "not JSON at byte 2: expected the end of the document"),
            ("\u{feff}1", "not JSON at byte 0: expected a JSON value"),
            ("{\"a\":1,\"\\u0061\":2}", "the member \"a\" stands twice, again at byte 7"),
        ];
        for (document, expected) in table {
            let found = parse(document.as_bytes()).unwrap_err();
            assert_eq!(found.to_string(), *expected, "{document:?}");
        }
        assert_eq!(parse(b"\"\xff\"").unwrap_err().code(), "json_syntax");
    }

    #[test]
    fn numbers_keep_their_text() {
        for lexeme in ["0", "-0", "9007199254740993", "1e400", "0.10", "-12.5E-3"] {
            assert_eq!(parse(lexeme.as_bytes()), Ok(Value::Number(lexeme)));
        }
        assert_eq!(parse(b"18446744073709551615").unwrap().as_u64(), Some(u64::MAX));
        assert_eq!(parse(b"18446744073709551616").unwrap().as_u64(), None);
        assert_eq!(parse(b"1.0").unwrap().as_u64(), None);
    }

    #[test]
    fn nesting_is_bounded_and_so_is_the_stack() {
        let deep = "[".repeat(100_000);
        assert!(matches!(parse(deep.as_bytes()).unwrap_err().kind(), ErrorKind::TooDeep { .. }));
        let fits = format!("{}{}", "[".repeat(DEPTH_MAX), "]".repeat(DEPTH_MAX));
        assert!(parse(fits.as_bytes()).is_ok());
    }

    #[test]
    fn the_members_of_an_object_are_bounded_and_so_is_the_time_to_compare_their_names() {
        let of = |count: usize| {
            let members: Vec<String> = (0..count).map(|n| format!("\"k{n}\":0")).collect();
            format!("{{{}}}", members.join(","))
        };
        assert!(parse(of(MEMBERS_MAX).as_bytes()).is_ok());
        let refused = parse(of(MEMBERS_MAX + 1).as_bytes()).unwrap_err();
        assert_eq!(refused.to_string(), "the object has more than 4096 members, the next at byte 39851");
        assert_eq!(refused.code(), "json_too_many_members");
    }

    #[test]
    fn duplicate_names_are_found_in_large_objects_too() {
        let members: Vec<String> = (0..100).map(|n| format!("\"k{n}\":{n}")).collect();
        let fine = format!("{{{}}}", members.join(","));
        assert_eq!(parse(fine.as_bytes()).unwrap().as_object().unwrap().len(), 100);
        let twice = format!("{{{},\"k7\":0}}", members.join(","));
        assert_eq!(parse(twice.as_bytes()).unwrap_err().code(), "json_duplicate_member");
    }
}
