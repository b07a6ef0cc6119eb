//! Members of JSON objects, found in one pass over the object that keeps nothing else.

use super::Interpreter;
use super::code;
use super::fault::expected;
use super::memory::Span;
use crate::webhook::document::is_document;
use crate::webhook::peek::{string_end, value_end};

/// A name that stands twice: readers would disagree on which value counts.
pub(super) const TWICE: Span = Span::of(u64::MAX - 1);

impl Interpreter {
    /// Looks for the first name of each path in an object, in one pass; in anything else there is nothing.
    #[inline(never)]
    pub(super) fn look(&mut self, object: Span) {
        let count = self.field(code::SLOTS_AT).wrapping_sub(self.field(code::PATHS_AT));
        let paths: [Span; code::PATHS_MAX] = core::array::from_fn(|path| {
            let path = if path < count { self.path(path) } else { Span::EMPTY };
            path.before(self.memory.find(path, b'.'))
        });
        self.wanted = paths;
        self.members = [Span::NONE; code::PATHS_MAX];
        if !self.pick(object) {
            self.members = [Span::NONE; code::PATHS_MAX];
        }
    }

    /// The text of a path of the row: names of members with dots between them.
    #[inline(never)]
    pub(super) fn path(&self, path: usize) -> Span {
        self.text_of(self.field(code::PATHS_AT).wrapping_add(path))
    }

    /// What stands at the end of a path in the object that was looked at last.
    pub(super) fn member(&mut self, path: usize) -> Span {
        let text = self.path(path);
        let found = self.members.get(path).copied().unwrap_or(Span::NONE);
        self.descend(found, text.after(self.memory.find(text, b'.')))
    }

    /// What stands at the end of a path in a value.
    #[inline(never)]
    pub(super) fn descend(&mut self, mut value: Span, mut path: Span) -> Span {
        while !path.is_empty() && !value.is_none() && value != TWICE {
            let end = self.memory.find(path, b'.');
            let (wanted, members) = (self.wanted, self.members);
            self.wanted = [Span::EMPTY; code::PATHS_MAX];
            self.wanted[0] = path.before(end);
            self.members = [Span::NONE; code::PATHS_MAX];
            let is_object = self.pick(value);
            value = if is_object { self.members[0] } else { Span::NONE };
            (self.wanted, self.members) = (wanted, members);
            path = path.after(end);
        }
        value
    }

    /// The last name of a path.
    #[inline(never)]
    pub(super) fn last(&self, mut path: Span) -> Span {
        loop {
            let end = self.memory.find(path, b'.');
            if end == path.end() {
                return path;
            }
            path = path.after(end);
        }
    }

    /// The text of the string, number or truth value at the end of a path; none where nothing or null stands.
    ///
    /// Refuses a name that stands twice, and a list or an object, which other readers may take for the text of what is in
    /// it.
    #[inline(never)]
    pub(super) fn scalar(&mut self, path: usize) -> Span {
        let value = self.member(path);
        if value == TWICE {
            self.bad_body(expected::JSON);
        }
        if value.is_none() || value == TWICE || self.memory.get(value) == b"null" {
            return Span::NONE;
        }
        let text = self.spelled_out(value);
        if text.is_none() {
            self.bad_field(self.last(self.path(path)), expected::SCALAR);
        }
        text
    }

    /// The next place that is not white space of JSON.
    #[inline(never)]
    pub(super) fn skip_space(&self, mut at: usize, end: usize) -> usize {
        while at < end && matches!(self.memory.byte(at), b' ' | b'\t' | b'\n' | b'\r') {
            at = at.wrapping_add(1);
        }
        at
    }

    /// Looks for the wanted names among the members of an object; an empty name is none. Answers whether it is an object
    /// to its end.
    #[inline(never)]
    fn pick(&mut self, object: Span) -> bool {
        let end = object.end();
        let mut at = self.skip_space(object.at(), end);
        if self.memory.byte(at) != b'{' || at >= end {
            return false;
        }
        at = self.skip_space(at.wrapping_add(1), end);
        if self.memory.byte(at) == b'}' && at < end {
            return self.skip_space(at.wrapping_add(1), end) == end;
        }
        loop {
            let bytes = self.memory.bytes.get(..end).unwrap_or_default();
            let name_end = string_end(bytes, at);
            let colon = self.skip_space(name_end, end);
            let from = self.skip_space(colon.wrapping_add(1), end);
            let bytes = self.memory.bytes.get(..end).unwrap_or_default();
            let to = value_end(bytes, from);
            if name_end == 0 || to == 0 || self.memory.byte(colon) != b':' {
                return false;
            }
            let mut name = Span::new(at.wrapping_add(1), name_end.wrapping_sub(1));
            // Names with escapes are rare and read in full.
            if self.memory.has(name, b'\\') {
                name = self.spelled_out(Span::new(at, name_end));
            }
            self.note(name, Span::new(from, to));
            at = self.skip_space(to, end);
            let next = self.memory.byte(at);
            if at >= end || next != b',' {
                return next == b'}' && at < end && self.skip_space(at.wrapping_add(1), end) == end;
            }
            at = self.skip_space(at.wrapping_add(1), end);
        }
    }

    /// Notes the value of a member, if its name is wanted.
    fn note(&mut self, name: Span, value: Span) {
        for (wanted, slot) in self.wanted.iter().zip(&mut self.members) {
            if wanted.len() == name.len() && !name.is_empty() && self.memory.same(*wanted, name) {
                *slot = if slot.is_none() { value } else { TWICE };
            }
        }
    }

    /// The text of a string, or a number or truth value as it was written; none for null, and for a nested value: that is
    /// not what was asked for, and reading it would cost as much as the whole document.
    #[inline(never)]
    pub(super) fn spelled_out(&mut self, value: Span) -> Span {
        let first = self.memory.byte(value.at());
        if value.is_empty() || matches!(first, b'{' | b'[' | b'n') || !is_document(self.memory.get(value)) {
            return Span::NONE;
        }
        let text = self.memory.trim(value);
        if first != b'"' {
            return text;
        }
        let text = Span::new(text.at().wrapping_add(1), text.end().wrapping_sub(1));
        if !self.memory.has(text, b'\\') {
            return text;
        }
        let from = self.memory.end();
        let mut at = text.at();
        while at < text.end() {
            let byte = self.memory.byte(at);
            at = at.wrapping_add(1);
            if byte != b'\\' {
                self.memory.push(byte);
                continue;
            }
            let escape = self.memory.byte(at);
            at = at.wrapping_add(1);
            let letter = match escape {
                b'u' => {
                    let mut code = self.unit(at);
                    at = at.wrapping_add(4);
                    if code & 0xfc00 == 0xd800
                        && self.memory.byte(at) == b'\\'
                        && self.memory.byte(at.wrapping_add(1)) == b'u'
                    {
                        let low = self.unit(at.wrapping_add(2)) ^ 0xdc00;
                        // Half of a pair stays what it is: no character.
                        if low < 0x400 {
                            code = (((code & 0x3ff) << 10) | low).wrapping_add(0x1_0000);
                            at = at.wrapping_add(6);
                        }
                    }
                    char::from_u32(code)
                }
                b'b' => Some('\u{8}'),
                b'f' => Some('\u{c}'),
                b'n' => Some('\n'),
                b'r' => Some('\r'),
                b't' => Some('\t'),
                // A quote, a backslash or a slash, which stand for themselves.
                _ => Some(char::from(escape)),
            };
            let Some(letter) = letter else { return Span::NONE };
            self.memory.append(letter.encode_utf8(&mut [0; 4]).as_bytes());
        }
        self.memory.since(from)
    }

    /// The number of four hexadecimal digits.
    fn unit(&self, at: usize) -> u32 {
        let digit = |at: usize| char::from(self.memory.byte(at)).to_digit(16).unwrap_or_default();
        (0..4).fold(0, |code, place| (code << 4) | digit(at.wrapping_add(place)))
    }

    /// The next element of the list of which `self.rest` was not looked at: none where there is no other, or it is no
    /// list.
    #[inline(never)]
    pub(super) fn next_element(&mut self) -> Span {
        let end = self.rest.end();
        let at = self.skip_space(self.rest.at(), end);
        let from = self.skip_space(at.wrapping_add(1), end);
        // The end of a list that is one; an empty one has its bracket right behind the first.
        let is_first = self.element == 0;
        let before = if is_first { b'[' } else { b',' };
        let last = if is_first { from } else { at };
        if last < end && self.memory.byte(last) == b']' && (!is_first || self.memory.byte(at) == before) {
            self.rest = Span::EMPTY;
            return Span::NONE;
        }
        let to = value_end(self.memory.bytes.get(..end).unwrap_or_default(), from);
        if to == 0 || self.memory.byte(at) != before {
            self.rest = Span::NONE;
            return Span::NONE;
        }
        self.element = self.element.wrapping_add(1);
        self.rest = Span::new(to, end);
        Span::new(from, to)
    }

    /// How many elements a list has; none where it is no list. Sets out to look at them once more.
    pub(super) fn count_elements(&mut self, list: Span) -> Option<usize> {
        self.begin_elements(list);
        while !self.next_element().is_none() {}
        let (count, rest) = (self.element, self.rest);
        self.begin_elements(list);
        (!rest.is_none()).then_some(count)
    }

    fn begin_elements(&mut self, list: Span) {
        (self.rest, self.element) = (list, 0);
    }
}
