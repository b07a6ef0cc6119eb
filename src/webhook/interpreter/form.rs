//! Fields of `application/x-www-form-urlencoded`, of a body or of the query of a URL.

use super::claims::Reading;
use super::fault::{Step, expected};
use crate::prelude::*;
use crate::webhook::BODY_FIELDS_MAX;
use crate::webhook::cut::cut_bytes;

/// The fields that were read last, sorted by name and value.
#[derive(Debug, Default)]
pub(super) struct Form {
    /// Names and values, one after the other, without their percent signs and pluses.
    text: Vec<u8>,
    /// Of each field where its name begins, where its value does, and where that ends.
    fields: Vec<[usize; 3]>,
}

impl Form {
    pub(super) const fn new() -> Self {
        Self { text: Vec::new(), fields: Vec::new() }
    }

    /// Reads fields; `None` when there are too many or one cannot be decoded.
    #[inline(never)]
    pub(super) fn read(&mut self, text: &[u8]) -> Option<()> {
        self.text.clear();
        self.fields.clear();
        let mut rest = Some(text);
        while let Some(all) = rest {
            let (item, more) = cut_bytes(all, b'&').map_or((all, None), |(item, more)| (item, Some(more)));
            rest = more;
            if item.is_empty() {
                continue;
            }
            if self.fields.len() == BODY_FIELDS_MAX {
                return None;
            }
            let (name, value) = cut_bytes(item, b'=').unwrap_or((item, b""));
            let from = self.text.len();
            decode(name, &mut self.text)?;
            let middle = self.text.len();
            decode(value, &mut self.text)?;
            self.insert([from, middle, self.text.len()]);
        }
        Some(())
    }

    /// Keeps the order.
    fn insert(&mut self, field: [usize; 3]) {
        let place = self.fields.partition_point(|other| self.pair(*other) < self.pair(field));
        self.fields.insert(place, field);
    }

    fn pair(&self, [from, middle, end]: [usize; 3]) -> [&[u8]; 2] {
        [from..middle, middle..end].map(|place| self.text.get(place).unwrap_or_default())
    }

    /// Names and values in their order, each field once.
    pub(super) fn write_sorted(&self, out: &mut Vec<u8>) {
        let mut before = None;
        for field in &self.fields {
            let [name, value] = self.pair(*field);
            if before != Some([name, value]) {
                out.extend_from_slice(name);
                out.extend_from_slice(value);
            }
            before = Some([name, value]);
        }
    }
}

impl Reading<'_> {
    /// The one value of a name; refuses one that stands twice, since readers would disagree on its value.
    #[inline(never)]
    pub(super) fn only<'f>(&self, form: &'f Form, name: &'static [u8]) -> Step<Option<&'f [u8]>> {
        let mut found = None;
        for field in &form.fields {
            let [other, value] = form.pair(*field);
            if other == name && found.replace(value).is_some() {
                return self.field(name, expected::ONE_VALUE);
            }
        }
        Ok(found)
    }

    /// The one value of a parameter of the query of the URL.
    pub(super) fn parameter<'f>(&self, form: &'f mut Form, name: &'static [u8]) -> Step<Option<&'f [u8]>> {
        let query = cut_bytes(self.url, b'?').map_or(&b""[..], |(_, query)| query);
        let query = cut_bytes(query, b'#').map_or(query, |(query, _)| query);
        if form.read(query).is_none() {
            return self.field(b"url", expected::URL_QUERY);
        }
        self.only(form, name)
    }
}

/// Writes a text without its percent signs and pluses; `None`, and part of it, when it cannot be decoded.
#[inline(never)]
pub(super) fn decode(text: &[u8], out: &mut Vec<u8>) -> Option<()> {
    let from = out.len();
    let mut rest = text;
    while let Some((byte, more)) = rest.split_first() {
        rest = more;
        out.push(match byte {
            b'+' => b' ',
            b'%' => {
                let (digits, more) = rest.split_first_chunk::<2>()?;
                rest = more;
                let [high, low] = digits.map(|digit| char::from(digit).to_digit(16));
                u8::try_from((high? << 4) | low?).ok()?
            }
            byte => *byte,
        });
    }
    core::str::from_utf8(out.get(from..)?).is_ok().then_some(())
}
