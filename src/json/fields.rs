//! Reading an object field by field, with an error that names the field.

use super::{Error, ErrorKind, SAFE_INTEGER_MAX, Value};
use crate::prelude::*;

/// An object being read. Every field that was asked for is remembered, so that [`Fields::finish`] can refuse the
/// rest: a misspelt option must not be silently ignored.
#[derive(Debug)]
pub struct Fields<'v, 'a> {
    value: &'v Value<'a>,
    /// A list: there are few, and a set would weigh more than all of this module in the smallest artefact.
    asked: Vec<&'static str>,
}

impl<'v, 'a> Fields<'v, 'a> {
    /// Reads `value`, which stands for the whole document or for the field `what`.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::WrongField`] when it is not an object.
    pub fn of(value: &'v Value<'a>, what: &'static str) -> Result<Self, Error> {
        match value {
            Value::Object(_) => Ok(Self { value, asked: Vec::new() }),
            Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) | Value::Array(_) => {
                Err(Error::from(ErrorKind::WrongField {
                    field: what,
                    expected: "an object",
                    found: value.kind().to_owned(),
                }))
            }
        }
    }

    /// Reads `value` as an object, whatever it is: one without members when it is none.
    pub(super) const fn anyway(value: &'v Value<'a>) -> Self {
        Self { value, asked: Vec::new() }
    }

    /// The field as it stands; `None` when it is absent or null.
    pub fn optional(&mut self, field: &'static str) -> Option<&'v Value<'a>> {
        self.asked.push(field);
        match self.value.get(field) {
            None | Some(Value::Null) => None,
            found => found,
        }
    }

    /// The field as it stands.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::MissingField`] when it is absent or null.
    pub fn required(&mut self, field: &'static str, expected: &'static str) -> Result<&'v Value<'a>, Error> {
        self.optional(field).ok_or_else(|| ErrorKind::MissingField { field, expected }.into())
    }

    /// A non-empty string.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::MissingField`], [`ErrorKind::WrongField`].
    pub fn text(&mut self, field: &'static str) -> Result<&'v str, Error> {
        let expected = "a non-empty string";
        let value = self.required(field, expected)?;
        match value.as_str() {
            Some("") => Err(Error::from(ErrorKind::WrongField {
                field,
                expected,
                found: "an empty string".to_owned(),
            })),
            Some(text) => Ok(text),
            None => Err(wrong(field, expected, value)),
        }
    }

    /// A string, possibly empty; `None` when absent or null.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::WrongField`].
    pub fn maybe_text(&mut self, field: &'static str) -> Result<Option<&'v str>, Error> {
        self.optional(field)
            .map(|value| value.as_str().ok_or_else(|| wrong(field, "a string", value)))
            .transpose()
    }

    /// A non-negative integer up to 2^53 - 1, written as a number: counts, times, seeds below that bound.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::MissingField`], [`ErrorKind::WrongField`].
    pub fn integer(&mut self, field: &'static str) -> Result<u64, Error> {
        let value = self.required(field, INTEGER)?;
        safe_integer(field, value)
    }

    /// As [`Fields::integer`]; `None` when absent or null.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::WrongField`].
    pub fn maybe_integer(&mut self, field: &'static str) -> Result<Option<u64>, Error> {
        self.optional(field).map(|value| safe_integer(field, value)).transpose()
    }

    /// A boolean; `None` when absent or null.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::WrongField`].
    pub fn maybe_flag(&mut self, field: &'static str) -> Result<Option<bool>, Error> {
        self.optional(field)
            .map(|value| value.as_bool().ok_or_else(|| wrong(field, "true or false", value)))
            .transpose()
    }

    /// An array; empty when absent or null.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::WrongField`].
    pub fn list(&mut self, field: &'static str) -> Result<&'v [Value<'a>], Error> {
        match self.optional(field) {
            None => Ok(&[]),
            Some(value) => value.as_array().ok_or_else(|| wrong(field, "an array", value)),
        }
    }

    /// Refuses fields that nobody asked for.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::UnknownField`], the first in document order.
    pub fn finish(self) -> Result<(), Error> {
        let members = self.value.as_object().unwrap_or_default();
        match members.iter().find(|(name, _)| !self.asked.iter().any(|asked| *asked == name.as_ref())) {
            Some((name, _)) => Err(Error::from(ErrorKind::UnknownField { field: name.clone().into_owned() })),
            None => Ok(()),
        }
    }
}

const INTEGER: &str = "a whole number from 0 to 9007199254740991";

fn safe_integer(field: &'static str, value: &Value<'_>) -> Result<u64, Error> {
    match value.as_u64() {
        Some(number) if number <= SAFE_INTEGER_MAX => Ok(number),
        _ => Err(wrong(field, INTEGER, value)),
    }
}

/// Numbers are shown, since that is what one needs to see; other values only by kind, as they may be private.
fn wrong(field: &'static str, expected: &'static str, value: &Value<'_>) -> Error {
    const SHOWN_MAX: usize = 40;
    let found = match value {
        Value::Number(lexeme) if lexeme.len() <= SHOWN_MAX => (*lexeme).to_owned(),
        other => other.kind().to_owned(),
    };
    Error::from(ErrorKind::WrongField { field, expected, found })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_refusal_names_the_field_and_what_it_should_hold() {
        let document = crate::json::parse(br#"{"name":"","count":1.5,"live":"yes","extra":1}"#).unwrap();
        let mut fields = Fields::of(&document, "request").unwrap();
        let messages = [
            fields.text("name").unwrap_err().to_string(),
            fields.text("absent").unwrap_err().to_string(),
            fields.integer("count").unwrap_err().to_string(),
            fields.maybe_flag("live").unwrap_err().to_string(),
            fields.finish().unwrap_err().to_string(),
            Fields::of(&Value::Null, "request").unwrap_err().to_string(),
        ];
        assert_eq!(
            messages,
            [
                "the field `name` holds an empty string: expected a non-empty string",
                "the field `absent` is missing: expected a non-empty string",
                "the field `count` holds 1.5: expected a whole number from 0 to 9007199254740991",
                "the field `live` holds a string: expected true or false",
                "the field \"extra\" is not known here: remove it or mend its name",
                "the field `request` holds null: expected an object",
            ]
        );
    }
}
