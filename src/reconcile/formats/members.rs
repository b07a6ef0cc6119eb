//! A member of a JSON object is read as what it holds, or its name and the place of its object are in the error.

use super::figure::{self, Style};
use super::moment::{self, Reading};
use super::{Error, Place};
use crate::json::Value;
use crate::money::Currency;

/// A member that is there and is not null.
pub(super) fn member<'v, 'a>(object: &'v Value<'a>, name: &str) -> Option<&'v Value<'a>> {
    object.get(name).filter(|value| !matches!(value, Value::Null))
}

/// What an error says of a member.
pub(super) fn wrong(place: Place, name: &str, expected: &str, found: &str) -> Error {
    Error::bad_value(place, name, expected, found)
}

/// The text of a member, or the digits of one that is a number; empty where it is not there.
pub(super) fn name_of<'v>(object: &'v Value<'_>, name: &str, place: Place) -> Result<&'v str, Error> {
    match member(object, name) {
        None => Ok(""),
        Some(Value::String(text)) => Ok(text),
        Some(Value::Number(lexeme)) => Ok(lexeme),
        Some(other) => Err(wrong(place, name, "a text", other.kind())),
    }
}

/// A moment; `None` where it is not there.
pub(super) fn moment_of(object: &Value<'_>, name: &str, place: Place) -> Result<Option<Reading>, Error> {
    match name_of(object, name, place)? {
        "" => Ok(None),
        text => moment::iso(text).map(Some).ok_or_else(|| wrong(place, name, moment::ISO, text)),
    }
}

/// Whole minor units.
pub(super) fn integer(value: &Value<'_>, name: &str, place: Place) -> Result<i64, Error> {
    match value {
        Value::Number(lexeme) => {
            figure::minor(lexeme).map_err(|expected| wrong(place, name, &expected, lexeme))
        }
        other => Err(wrong(place, name, "minor units as a number", other.kind())),
    }
}

/// Minor units from a decimal in a text; `None` where it is not there.
pub(super) fn decimal(
    object: &Value<'_>,
    name: &str,
    currency: Currency,
    place: Place,
) -> Result<Option<i64>, Error> {
    match name_of(object, name, place)? {
        "" => Ok(None),
        text => figure::major(text, currency, Style::Schema)
            .map(Some)
            .map_err(|expected| wrong(place, name, &expected, text)),
    }
}
