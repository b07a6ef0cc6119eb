//! The strict reader: one pass over the bytes, no recursion deeper than the limit, no copies without need.

use alloc::borrow::Cow;
use alloc::collections::BTreeSet;

use super::{BYTES_MAX, DEPTH_MAX, Error, Value};
use crate::prelude::*;

/// Objects with at most this many members are searched for duplicate names by comparing all pairs.
const PAIRWISE_MAX: usize = 16;

/// Reads one JSON document and nothing after it.
///
/// # Errors
///
/// [`Error::TooLarge`], then the first of [`Error::Syntax`], [`Error::TooDeep`] and [`Error::DuplicateMember`] in
/// the order of the document.
pub fn parse(bytes: &[u8]) -> Result<Value<'_>, Error> {
    if bytes.len() > BYTES_MAX {
        return Err(Error::TooLarge { found: bytes.len(), limit: BYTES_MAX });
    }
    let text = core::str::from_utf8(bytes)
        .map_err(|error| Error::Syntax { offset: error.valid_up_to(), expected: "UTF-8" })?;
    let mut scanner = Scanner { text, at: 0 };
    scanner.skip_white_space();
    let value = scanner.value(0)?;
    scanner.skip_white_space();
    match scanner.peek() {
        None => Ok(value),
        Some(_) => Err(scanner.expected("the end of the document")),
    }
}

struct Scanner<'a> {
    text: &'a str,
    /// Always on a character boundary: only ASCII bytes are stepped over one by one.
    at: usize,
}

impl<'a> Scanner<'a> {
    fn peek(&self) -> Option<u8> {
        self.text.as_bytes().get(self.at).copied()
    }

    fn step(&mut self) {
        self.at = self.at.saturating_add(1);
    }

    fn expected(&self, expected: &'static str) -> Error {
        Error::Syntax { offset: self.at, expected }
    }

    fn skip_white_space(&mut self) {
        while let Some(b' ' | b'\t' | b'\n' | b'\r') = self.peek() {
            self.step();
        }
    }

    fn take(&mut self, byte: u8, expected: &'static str) -> Result<(), Error> {
        if self.peek() != Some(byte) {
            return Err(self.expected(expected));
        }
        self.step();
        Ok(())
    }

    fn since(&self, start: usize) -> &'a str {
        self.text.get(start..self.at).unwrap_or_default()
    }

    fn value(&mut self, depth: usize) -> Result<Value<'a>, Error> {
        if depth > DEPTH_MAX {
            return Err(Error::TooDeep { offset: self.at.saturating_sub(1) });
        }
        match self.peek() {
            Some(b'{') => self.object(depth),
            Some(b'[') => self.array(depth),
            Some(b'"') => self.string().map(Value::String),
            Some(b'-' | b'0'..=b'9') => self.number().map(Value::Number),
            Some(b't') => self.word("true", Value::Bool(true)),
            Some(b'f') => self.word("false", Value::Bool(false)),
            Some(b'n') => self.word("null", Value::Null),
            _ => Err(self.expected("a JSON value")),
        }
    }

    fn word(&mut self, word: &'static str, value: Value<'a>) -> Result<Value<'a>, Error> {
        let end = self.at.saturating_add(word.len());
        if self.text.get(self.at..end) != Some(word) {
            return Err(self.expected("true, false or null"));
        }
        self.at = end;
        Ok(value)
    }

    fn array(&mut self, depth: usize) -> Result<Value<'a>, Error> {
        self.step();
        let mut items = Vec::new();
        self.skip_white_space();
        if self.peek() == Some(b']') {
            self.step();
            return Ok(Value::Array(items));
        }
        loop {
            self.skip_white_space();
            items.push(self.value(depth.saturating_add(1))?);
            self.skip_white_space();
            match self.peek() {
                Some(b',') => self.step(),
                Some(b']') => {
                    self.step();
                    return Ok(Value::Array(items));
                }
                _ => return Err(self.expected("`,` or `]`")),
            }
        }
    }

    fn object(&mut self, depth: usize) -> Result<Value<'a>, Error> {
        self.step();
        let mut members: Vec<(Cow<'a, str>, Value<'a>)> = Vec::new();
        let mut names: BTreeSet<Cow<'a, str>> = BTreeSet::new();
        self.skip_white_space();
        if self.peek() == Some(b'}') {
            self.step();
            return Ok(Value::Object(members));
        }
        loop {
            self.skip_white_space();
            let offset = self.at;
            let name = self.string()?;
            if members.len() < PAIRWISE_MAX {
                if members.iter().any(|(known, _)| *known == name) {
                    return Err(Error::DuplicateMember { offset, name: name.into_owned() });
                }
            } else {
                if names.is_empty() {
                    names.extend(members.iter().map(|(known, _)| known.clone()));
                }
                if !names.insert(name.clone()) {
                    return Err(Error::DuplicateMember { offset, name: name.into_owned() });
                }
            }
            self.skip_white_space();
            self.take(b':', "`:`")?;
            self.skip_white_space();
            members.push((name, self.value(depth.saturating_add(1))?));
            self.skip_white_space();
            match self.peek() {
                Some(b',') => self.step(),
                Some(b'}') => {
                    self.step();
                    return Ok(Value::Object(members));
                }
                _ => return Err(self.expected("`,` or `}`")),
            }
        }
    }

    fn digits(&mut self) -> Result<(), Error> {
        if !self.peek().is_some_and(|byte| byte.is_ascii_digit()) {
            return Err(self.expected("a digit"));
        }
        while self.peek().is_some_and(|byte| byte.is_ascii_digit()) {
            self.step();
        }
        Ok(())
    }

    fn number(&mut self) -> Result<&'a str, Error> {
        let start = self.at;
        if self.peek() == Some(b'-') {
            self.step();
        }
        if self.peek() == Some(b'0') {
            self.step();
            if self.peek().is_some_and(|byte| byte.is_ascii_digit()) {
                return Err(self.expected("no digit after a leading zero"));
            }
        } else {
            self.digits()?;
        }
        if self.peek() == Some(b'.') {
            self.step();
            self.digits()?;
        }
        if let Some(b'e' | b'E') = self.peek() {
            self.step();
            if let Some(b'+' | b'-') = self.peek() {
                self.step();
            }
            self.digits()?;
        }
        Ok(self.since(start))
    }

    fn string(&mut self) -> Result<Cow<'a, str>, Error> {
        self.take(b'"', "a string in double quotes")?;
        let start = self.at;
        self.skip_plain();
        if self.peek() == Some(b'"') {
            let text = self.since(start);
            self.step();
            return Ok(Cow::Borrowed(text));
        }
        let mut text = self.since(start).to_owned();
        loop {
            match self.peek() {
                Some(b'"') => {
                    self.step();
                    return Ok(Cow::Owned(text));
                }
                Some(b'\\') => {
                    self.step();
                    text.push(self.escape()?);
                }
                Some(byte) if byte < 0x20 => {
                    return Err(self.expected("no raw control character in a string"));
                }
                Some(_) => {
                    let start = self.at;
                    self.skip_plain();
                    text.push_str(self.since(start));
                }
                None => return Err(self.expected("the closing quote of a string")),
            }
        }
    }

    /// Steps over bytes that stand for themselves. Multi-byte characters contain no byte below 0x80.
    fn skip_plain(&mut self) {
        while self.peek().is_some_and(|byte| byte >= 0x20 && byte != b'"' && byte != b'\\') {
            self.step();
        }
    }

    fn escape(&mut self) -> Result<char, Error> {
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
            _ => return Err(self.expected("one of \"\\/bfnrtu after a backslash")),
        };
        self.step();
        Ok(plain)
    }

    fn unicode(&mut self) -> Result<char, Error> {
        let start = self.at;
        let unpaired = Error::Syntax { offset: start, expected: "a surrogate pair" };
        let first = self.hex4()?;
        let code = match first {
            0xd800..=0xdbff => {
                self.take(b'\\', "a surrogate pair")?;
                self.take(b'u', "a surrogate pair")?;
                let second = self.hex4()?;
                if !(0xdc00..=0xdfff).contains(&second) {
                    return Err(unpaired);
                }
                let high = (first & 0x3ff) << 10;
                (high | (second & 0x3ff)).saturating_add(0x1_0000)
            }
            other => other,
        };
        char::from_u32(code).ok_or(unpaired)
    }

    fn hex4(&mut self) -> Result<u32, Error> {
        let mut code = 0;
        for _ in 0..4 {
            let digit = self.peek().and_then(|byte| char::from(byte).to_digit(16));
            let Some(digit) = digit else { return Err(self.expected("four hexadecimal digits")) };
            code = (code << 4) | digit;
            self.step();
        }
        Ok(code)
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
        assert!(matches!(parse(deep.as_bytes()), Err(Error::TooDeep { .. })));
        let fits = format!("{}{}", "[".repeat(DEPTH_MAX), "]".repeat(DEPTH_MAX));
        assert!(parse(fits.as_bytes()).is_ok());
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
