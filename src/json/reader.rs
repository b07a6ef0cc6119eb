//! Reading an object to its end, and saying then what was wrong first.
//!
//! What [`Fields`] says at once, with a branch and a conversion at every field, a [`Reader`] remembers: code that reads
//! many fields becomes a straight line, a third of the size in wasm. What is read after an error is a placeholder, so
//! nothing that was read may be used before [`Reader::finish`] has agreed.

use super::{Error, ErrorKind, Fields, Value};
use crate::prelude::*;

/// An object being read.
///
/// ```
/// use tillproof::json::{Reader, parse};
///
/// let document = parse(br#"{"name":"till","count":"x"}"#).unwrap();
/// let mut reader = Reader::of(&document, "input");
/// let (name, count) = (reader.text("name"), reader.integer("count"));
/// assert_eq!((name, count), ("till", 0));
/// assert!(reader.finish().is_err());
/// ```
#[derive(Debug)]
pub struct Reader<'v, 'a> {
    fields: Fields<'v, 'a>,
    error: Option<Error>,
}

impl<'v, 'a> Reader<'v, 'a> {
    /// Reads `value`, which stands for the whole document or for the field `what`.
    #[inline(never)]
    pub fn of(value: &'v Value<'a>, what: &'static str) -> Self {
        let error = Fields::of(value, what).err();
        Self { fields: Fields::anyway(value), error }
    }

    /// The field as it stands; `None` when it is absent or null.
    pub fn optional(&mut self, field: &'static str) -> Option<&'v Value<'a>> {
        self.fields.optional(field)
    }

    /// A non-empty string.
    #[inline(never)]
    pub fn text(&mut self, field: &'static str) -> &'v str {
        let read = self.fields.text(field);
        self.noted(read).unwrap_or_default()
    }

    /// A string, possibly empty.
    #[inline(never)]
    pub fn any_text(&mut self, field: &'static str) -> &'v str {
        let read = self.fields.maybe_text(field).and_then(|text| {
            text.ok_or_else(|| Error::from(ErrorKind::MissingField { field, expected: "a string" }))
        });
        self.noted(read).unwrap_or_default()
    }

    /// A string, possibly empty; `None` when absent or null.
    #[inline(never)]
    pub fn maybe_text(&mut self, field: &'static str) -> Option<&'v str> {
        let read = self.fields.maybe_text(field);
        self.noted(read).flatten()
    }

    /// A non-negative integer up to 2^53 - 1, written as a number.
    #[inline(never)]
    pub fn integer(&mut self, field: &'static str) -> u64 {
        let read = self.fields.integer(field);
        self.noted(read).unwrap_or_default()
    }

    /// As [`Reader::integer`]; `None` when absent or null.
    #[inline(never)]
    pub fn maybe_integer(&mut self, field: &'static str) -> Option<u64> {
        let read = self.fields.maybe_integer(field);
        self.noted(read).flatten()
    }

    /// A boolean; false when absent or null.
    #[inline(never)]
    pub fn flag(&mut self, field: &'static str) -> bool {
        let read = self.fields.maybe_flag(field);
        self.noted(read).flatten().unwrap_or(false)
    }

    /// An array; empty when absent or null.
    #[inline(never)]
    pub fn list(&mut self, field: &'static str) -> &'v [Value<'a>] {
        let read = self.fields.list(field);
        self.noted(read).unwrap_or_default()
    }

    /// Notes that a field holds something else than it should.
    #[inline(never)]
    pub fn refuse(&mut self, field: &'static str, expected: &'static str, found: String) {
        self.note(Error::from(ErrorKind::WrongField { field, expected, found }));
    }

    /// Says what was wrong first, and refuses fields that nobody asked for.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::MissingField`], [`ErrorKind::WrongField`], [`ErrorKind::UnknownField`].
    #[inline(never)]
    pub fn finish(self) -> Result<(), Error> {
        match self.error {
            Some(error) => Err(error),
            None => self.fields.finish(),
        }
    }

    fn noted<T>(&mut self, read: Result<T, Error>) -> Option<T> {
        read.map_err(|error| self.note(error)).ok()
    }

    fn note(&mut self, error: Error) {
        if self.error.is_none() {
            self.error = Some(error);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_thing_wrong_is_said_and_nothing_after_it() {
        let document = crate::json::parse(br#"{"name":"","count":1.5,"live":"yes","extra":1}"#).unwrap();
        type Read<'r> = &'r dyn Fn(&mut Reader<'_, '_>);
        let said = |read: Read<'_>| {
            let mut reader = Reader::of(&document, "input");
            read(&mut reader);
            reader.finish().unwrap_err().to_string()
        };
        let table: [(Read<'_>, &str); 5] = [
            (
                &|reader| assert_eq!((reader.text("name"), reader.integer("count")), ("", 0)),
                "the field `name` holds an empty string: expected a non-empty string",
            ),
            (
                &|reader| assert_eq!((reader.any_text("name"), reader.any_text("absent")), ("", "")),
                "the field `absent` is missing: expected a string",
            ),
            (
                &|reader| assert!(!reader.flag("live")),
                "the field `live` holds a string: expected true or false",
            ),
            (
                &|reader| reader.refuse("name", "a name of ours", "\"\"".to_owned()),
                "the field `name` holds \"\": expected a name of ours",
            ),
            (
                &|reader| assert_eq!(reader.optional("extra").and_then(Value::as_u64), Some(1)),
                "the field \"name\" is not known here: remove it or mend its name",
            ),
        ];
        for (read, expected) in table {
            assert_eq!(said(read), expected);
        }
        assert!(Reader::of(&Value::Null, "input").finish().is_err());
    }
}
