//! Fields of `application/x-www-form-urlencoded`, of a body or of the query of a URL.
//!
//! The fields that were read last stand decoded in the memory; a list has of each, in the order of names and values,
//! where its name begins, where its value does, and where that ends.

use core::cmp::Ordering;

use super::Interpreter;
use super::fault::expected;
use super::memory::Span;
use super::words;
use crate::webhook::BODY_FIELDS_MAX;
use crate::webhook::document::is_text;

impl Interpreter {
    /// Reads fields and puts them in order. Whether each could be decoded, and there are not too many.
    #[inline(never)]
    pub(super) fn read_form(&mut self, text: Span) -> bool {
        self.fields = 0;
        let mut rest = text;
        loop {
            let end = self.memory.find(rest, b'&');
            let item = rest.before(end);
            if !item.is_empty() {
                let cut = self.memory.find(item, b'=');
                let from = self.memory.end();
                let mut is_field = self.decode(item.before(cut));
                let middle = self.memory.end();
                is_field &= self.decode(item.after(cut));
                if !is_field || self.fields == BODY_FIELDS_MAX {
                    return false;
                }
                let field = [from, middle, self.memory.end()];
                self.insert(field);
            }
            if end == rest.end() {
                return true;
            }
            rest = rest.after(end);
        }
    }

    /// Keeps the order.
    fn insert(&mut self, field: [usize; 3]) {
        let (mut from, mut to) = (0, self.fields);
        while from < to {
            let middle = from.wrapping_add(to) / 2;
            if self.order(self.form.get(middle).copied().unwrap_or_default(), field) == Ordering::Less {
                from = middle.wrapping_add(1);
            } else {
                to = middle;
            }
        }
        // One by one: a move of the library's would bring in what it says where a place does not exist.
        for place in (from..self.fields).rev() {
            let moved = self.form.get(place).copied().unwrap_or_default();
            if let Some(slot) = self.form.get_mut(place.wrapping_add(1)) {
                *slot = moved;
            }
        }
        if let Some(slot) = self.form.get_mut(from) {
            *slot = field;
        }
        self.fields = self.fields.wrapping_add(1);
    }

    fn order(&self, one: [usize; 3], other: [usize; 3]) -> Ordering {
        let (name, value) = parts(one);
        let (other_name, other_value) = parts(other);
        let names = self.memory.get(name).cmp(self.memory.get(other_name));
        names.then_with(|| self.memory.get(value).cmp(self.memory.get(other_value)))
    }

    /// A field in its order.
    fn form_field(&self, index: usize) -> (Span, Span) {
        parts(self.form.get(index).copied().unwrap_or_default())
    }

    /// The one value of a name, or none; refuses one that stands twice, since readers would disagree on its value.
    #[inline(never)]
    pub(super) fn only(&mut self, name: Span) -> Span {
        let mut found = Span::NONE;
        for index in 0..self.fields {
            let (other, value) = self.form_field(index);
            if self.memory.same(other, name) {
                if !found.is_none() {
                    self.bad_field(name, expected::ONE_VALUE);
                }
                found = value;
            }
        }
        found
    }

    /// The one value of a parameter of the query of the URL, or none.
    pub(super) fn parameter(&mut self, name: Span) -> Span {
        let mark = self.memory.find(self.url, b'?');
        let query = self.url.after(mark);
        let query = query.before(self.memory.find(query, b'#'));
        if !self.read_form(query) {
            self.bad_field(words::URL, expected::URL_QUERY);
        }
        self.only(name)
    }

    /// Names and values in their order, each field once.
    pub(super) fn append_sorted(&mut self) {
        for index in 0..self.fields {
            let (name, value) = self.form_field(index);
            let (before_name, before_value) = self.form_field(index.wrapping_sub(1));
            let twice =
                index > 0 && self.memory.same(name, before_name) && self.memory.same(value, before_value);
            if !twice {
                self.memory.copy(name);
                self.memory.copy(value);
            }
        }
    }

    /// Appends a text without its percent signs and pluses. Whether it could be decoded; if not, part of it is there.
    #[inline(never)]
    pub(super) fn decode(&mut self, text: Span) -> bool {
        let from = self.memory.end();
        let mut at = text.at();
        while at < text.end() {
            let mut byte = self.memory.byte(at);
            at = at.wrapping_add(1);
            if byte == b'+' {
                byte = b' ';
            }
            if byte == b'%' {
                let digit = |at: usize| char::from(self.memory.byte(at)).to_digit(16);
                let value = digit(at).zip(digit(at.wrapping_add(1))).map(|(high, low)| (high << 4) | low);
                at = at.wrapping_add(2);
                match value.and_then(|value| u8::try_from(value).ok()) {
                    Some(value) if at <= text.end() => byte = value,
                    _ => return false,
                }
            }
            self.memory.push(byte);
        }
        is_text(self.memory.get(self.memory.since(from)))
    }
}

/// Name and value of a field.
fn parts([from, middle, end]: [usize; 3]) -> (Span, Span) {
    (Span::new(from, middle), Span::new(middle, end))
}
