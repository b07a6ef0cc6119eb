//! A body is read by one grammar only, and only when its fields are signed.

use alloc::borrow::Cow;

use super::cut::{cut, pieces};
use super::document::is_document;
use super::peek::{only_value, text};
use super::{BODY_FIELDS_MAX, FORM_EXPECTED, JSON_EXPECTED, Part, Path, Place, Refusal, Scheme};
use crate::crypto::{HexCase, decode_hex};
use crate::prelude::*;

/// A body as far as it had to be read.
#[derive(Debug)]
pub(super) enum Parsed<'a> {
    /// The scheme signs the bytes as they are.
    Unread,
    /// A JSON document.
    Json(&'a [u8]),
    /// The fields of a form, in their order.
    Form(Vec<(String, String)>),
}

impl<'s> Parsed<'s> {
    /// The document, if it is one.
    pub(super) fn json(&self) -> Option<&'s [u8]> {
        match self {
            Self::Json(document) => Some(document),
            Self::Form(_) | Self::Unread => None,
        }
    }

    /// The fields, if it is a form.
    pub(super) fn form(&self) -> &[(String, String)] {
        match self {
            Self::Form(fields) => fields,
            Self::Json(_) | Self::Unread => &[],
        }
    }
}

/// Reads a body as far as the scheme needs it.
pub(super) fn parse<'a>(scheme: &Scheme, body: &'a [u8]) -> Result<Parsed<'a>, Refusal> {
    let in_form = |part: &Part| part.reads_form();
    let in_json = |part: &Part| part.reads_json();
    if matches!(scheme.place, Place::FormField(_)) || scheme.content.iter().any(in_form) {
        let fields = core::str::from_utf8(body).ok().and_then(|text| fields(text, BODY_FIELDS_MAX));
        fields.map(Parsed::Form).ok_or_else(|| Refusal::body(FORM_EXPECTED))
    } else if matches!(scheme.place, Place::Field(_)) || scheme.content.iter().any(in_json) {
        if !is_document(body) {
            return Err(Refusal::body(JSON_EXPECTED));
        }
        Ok(Parsed::Json(body))
    } else {
        Ok(Parsed::Unread)
    }
}

/// The one value of a name among the fields of a form or a query.
///
/// # Errors
///
/// [`super::Error::FieldMalformed`] when it stands twice: readers would disagree on its value.
#[inline(never)]
pub(super) fn only<'f>(
    fields: &'f [(String, String)],
    field: &'static str,
) -> Result<Option<&'f str>, Refusal> {
    let mut values = fields.iter().filter(|(name, _)| name == field).map(|(_, value)| value.as_str());
    match (values.next(), values.next()) {
        (value, None) => Ok(value),
        (_, Some(_)) => Err(Refusal::field(field, "one value")),
    }
}

/// The text of a scalar in a JSON document: `None` where nothing or null stands.
///
/// # Errors
///
/// [`super::Error::BodyMalformed`] for a name that stands twice; [`super::Error::FieldMalformed`] for a list or an object, which other
/// readers may take for the text of what is in it.
pub(super) fn scalar<'a>(document: &'a [u8], path: Path) -> Result<Option<Cow<'a, str>>, Refusal> {
    let Some(value) = only_value(document, path)?.filter(|value| *value != b"null") else { return Ok(None) };
    let field = path.last().copied().unwrap_or_default();
    let expected = "a text or a number";
    text(value).map(Some).ok_or_else(|| Refusal::field(field, expected))
}

/// The parameters of the query of a URL.
#[inline(never)]
pub(super) fn query(url: &str) -> Result<Vec<(String, String)>, Refusal> {
    let text = cut(url, '?').map_or("", |(_, query)| query);
    let text = cut(text, '#').map_or(text, |(query, _)| query);
    let expected = "a URL whose query is well formed";
    fields(text, BODY_FIELDS_MAX).ok_or_else(|| Refusal::field("url", expected))
}

/// The fields of `application/x-www-form-urlencoded`; `None` when there are too many or one cannot be decoded.
fn fields(text: &str, most: usize) -> Option<Vec<(String, String)>> {
    let mut fields = Vec::new();
    for item in pieces(text, '&').filter(|item| !item.is_empty()) {
        if fields.len() == most {
            return None;
        }
        let (name, value) = cut(item, '=').unwrap_or((item, ""));
        fields.push((decoded(name)?, decoded(value)?));
    }
    Some(fields)
}

/// Without its percent signs and pluses.
pub(super) fn decoded(text: &str) -> Option<String> {
    let mut pieces = pieces(text, '%');
    let plain =
        |piece: &str| piece.bytes().map(|byte| if byte == b'+' { b' ' } else { byte }).collect::<Vec<u8>>();
    let mut bytes = plain(pieces.next()?);
    for piece in pieces {
        let (digits, rest) = piece.split_at_checked(2)?;
        bytes.extend(decode_hex(digits, HexCase::Any).ok()?);
        bytes.extend(plain(rest));
    }
    String::from_utf8(bytes).ok()
}
