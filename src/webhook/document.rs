//! Whether bytes are JSON, in as few steps as that takes: nothing is kept of them, and nothing allocated.
//!
//! RFC 8259 to the letter, as `crate::json` reads it, but for names that stand twice: those that are asked for are
//! counted when they are looked for.

use crate::json::DEPTH_MAX;

/// Whether bytes are one JSON document and nothing more, in UTF-8 and without a byte-order mark.
pub(super) fn is_document(bytes: &[u8]) -> bool {
    let mut reader = Reader { bytes, at: 0 };
    is_text(bytes) && reader.value(0) && reader.at == bytes.len()
}

/// Whether bytes are UTF-8.
#[inline(never)]
pub(super) fn is_text(bytes: &[u8]) -> bool {
    core::str::from_utf8(bytes).is_ok()
}

/// Each step answers whether what it stepped over is what it should be.
struct Reader<'a> {
    bytes: &'a [u8],
    at: usize,
}

impl Reader<'_> {
    /// The next byte, stepped over; 0 at the end, which stands nowhere in a document.
    #[inline(never)]
    fn next(&mut self) -> u8 {
        let next = self.bytes.get(self.at).copied().unwrap_or_default();
        self.at = self.at.saturating_add(usize::from(self.at < self.bytes.len()));
        next
    }

    /// Steps over a byte if it is next.
    #[inline(never)]
    fn take(&mut self, byte: u8) -> bool {
        let is_next = self.bytes.get(self.at) == Some(&byte);
        self.at = self.at.saturating_add(usize::from(is_next));
        is_next
    }

    fn space(&mut self) {
        while self.take(b' ') || self.take(b'\n') || self.take(b'\r') || self.take(b'\t') {}
    }

    /// A value and the white space around it.
    fn value(&mut self, depth: usize) -> bool {
        if depth > DEPTH_MAX {
            return false;
        }
        self.space();
        let is_value = match self.next() {
            b'"' => self.string(),
            b'{' => self.members(b'}', depth),
            b'[' => self.members(b']', depth),
            b't' => self.word(b"rue"),
            b'f' => self.word(b"alse"),
            b'n' => self.word(b"ull"),
            b'-' => {
                let first = self.next();
                self.number(first)
            }
            first => self.number(first),
        };
        self.space();
        is_value
    }

    /// What stands in an object or a list.
    fn members(&mut self, end: u8, depth: usize) -> bool {
        self.space();
        if self.take(end) {
            return true;
        }
        loop {
            if end == b'}' {
                self.space();
                if !self.take(b'"') || !self.string() {
                    return false;
                }
                self.space();
                if !self.take(b':') {
                    return false;
                }
            }
            if !self.value(depth.saturating_add(1)) {
                return false;
            }
            if self.take(end) {
                return true;
            }
            if !self.take(b',') {
                return false;
            }
        }
    }

    fn word(&mut self, rest: &[u8]) -> bool {
        rest.iter().all(|byte| self.take(*byte))
    }

    /// The rest of a string, its last quote included.
    fn string(&mut self) -> bool {
        loop {
            // Nearly all bytes are letters, which are stepped over at once.
            let ends = |byte: &u8| matches!(byte, b'"' | b'\\' | 0..=0x1f);
            let plain = self.bytes.get(self.at..).unwrap_or_default().iter().position(ends);
            self.at = plain.map_or(self.bytes.len(), |plain| self.at.saturating_add(plain));
            match self.next() {
                b'"' => return true,
                b'\\' => match self.next() {
                    b'u' => {
                        for _ in 0..4 {
                            if !self.next().is_ascii_hexdigit() {
                                return false;
                            }
                        }
                    }
                    b'"' | b'\\' | b'/' | b'b' | b'f' | b'n' | b'r' | b't' => {}
                    _ => return false,
                },
                _ => return false,
            }
        }
    }

    /// The rest of a number.
    fn number(&mut self, first: u8) -> bool {
        if !first.is_ascii_digit() {
            return false;
        }
        if first != b'0' {
            self.digits();
        }
        if self.take(b'.') && !self.digits() {
            return false;
        }
        if self.take(b'e') || self.take(b'E') {
            let _signed = self.take(b'+') || self.take(b'-');
            return self.digits();
        }
        true
    }

    /// Whether there is a digit; steps over all of them.
    fn digits(&mut self) -> bool {
        let first = self.at;
        while self.bytes.get(self.at).is_some_and(u8::is_ascii_digit) {
            self.at = self.at.saturating_add(1);
        }
        self.at > first
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::json;
    use crate::prelude::*;

    #[test]
    fn what_the_strict_reader_refuses_is_no_document() {
        let nested = |depth: usize| ["[".repeat(depth), "]".repeat(depth)].concat();
        let table = [
            "",
            " ",
            "{",
            "}",
            "[1,]",
            "[,1]",
            "{\"a\"}",
            "{\"a\":}",
            "{\"a\":1,}",
            "{a:1}",
            "01",
            "-",
            "1.",
            ".5",
            "1e",
            "1e+",
            "+1",
            "tru",
            "nulll",
            "\"",
            "\"\\x\"",
            "\"\\u12g4\"",
            "\"\u{1}\"",
            "1 2",
            "\u{feff}1",
            "[}",
            "{]",
            "null",
            " [ ] ",
            "{ }",
            "-0.5e-7",
            "1E+2",
            "\"\\u00e9\\n\\/\"",
            "[1 , {\"a\" : [ true , false ] } ]",
        ];
        for text in table.map(str::to_owned).into_iter().chain([nested(64), nested(65), nested(66)]) {
            assert_eq!(is_document(text.as_bytes()), json::parse(text.as_bytes()).is_ok(), "{text}");
        }
        assert!(!is_document(b"\"\xff\""));
    }

    proptest! {
        /// The reader of whole documents is the second opinion, wherever no name stands twice.
        #[test]
        fn any_text_is_a_document_where_the_strict_reader_says_so(text in "[\\[\\]{},:\"\\\\0-9eE+.nulltrefas -]{0,12}") {
            let strict = json::parse(text.as_bytes());
            let twice = strict.as_ref().is_err_and(|error| matches!(error.kind(), json::ErrorKind::DuplicateMember { .. }));
            prop_assume!(!twice);
            prop_assert_eq!(is_document(text.as_bytes()), strict.is_ok());
        }
    }
}
