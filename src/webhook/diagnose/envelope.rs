//! A body that came inside something else: base64, a JSON string, a Lambda event, a list of byte values, a form field.

use super::form::percent_decoded;
use super::words::{NOT_DECODED, WRAPPED, Words};
use super::{Budget, Case, Diagnosis, RESERIALISED_BYTES_MAX};
use crate::crypto::decode_base64;
use crate::json::Value;
use crate::prelude::*;

/// What the body may be inside of, with the way to it.
struct Envelope {
    words: &'static Words,
    original: &'static str,
    open: Open,
}

/// The way to what is inside.
enum Open {
    Bytes(fn(&[u8]) -> Option<Vec<u8>>),
    Json(fn(&Value<'_>) -> Option<Vec<u8>>),
}

const ENVELOPES: &[Envelope] = &[
    Envelope { words: &NOT_DECODED, original: "", open: Open::Bytes(base64) },
    Envelope {
        words: &WRAPPED,
        original: "the text inside the JSON string the body is: JSON.stringify was applied to text",
        open: Open::Json(json_string),
    },
    Envelope {
        words: &WRAPPED,
        original: "the `body` member of the AWS Lambda event that was handed over as a whole",
        open: Open::Json(|event| lambda(event, false)),
    },
    Envelope { words: &NOT_DECODED, original: "", open: Open::Json(|event| lambda(event, true)) },
    Envelope {
        words: &WRAPPED,
        original: "the bytes listed in the body: JSON.stringify was applied to a Buffer or Uint8Array",
        open: Open::Json(listed_bytes),
    },
    Envelope {
        words: &WRAPPED,
        original: "the percent-decoded body: a form parser took JSON for a form",
        open: Open::Bytes(form_field),
    },
];

pub(super) fn wrapped(case: &Case<'_>, budget: &mut Budget) -> Option<Diagnosis> {
    let body = case.request.body;
    if body.len() > RESERIALISED_BYTES_MAX {
        return None;
    }
    let found = ENVELOPES.iter().find(|envelope| {
        let inner = match envelope.open {
            Open::Bytes(open) => open(body),
            Open::Json(open) => case.document.as_ref().and_then(open),
        };
        !budget.is_spent() && inner.is_some_and(|inner| case.holds_over(budget, &inner))
    })?;
    let original = [("original", found.original)];
    Some(found.words.proven(if found.original.is_empty() { &[] } else { &original }))
}

fn base64(body: &[u8]) -> Option<Vec<u8>> {
    let text = core::str::from_utf8(body.trim_ascii()).ok()?;
    let text = text.strip_prefix('"').and_then(|text| text.strip_suffix('"')).unwrap_or(text);
    (!text.is_empty()).then(|| decode_base64(text).ok()).flatten()
}

fn json_string(document: &Value<'_>) -> Option<Vec<u8>> {
    document.as_str().map(|text| text.as_bytes().to_vec())
}

fn lambda(event: &Value<'_>, encoded: bool) -> Option<Vec<u8>> {
    let inner = event.get("body")?.as_str()?;
    if encoded { decode_base64(inner).ok() } else { Some(inner.as_bytes().to_vec()) }
}

/// `{"type":"Buffer","data":[…]}` as Node writes a `Buffer`, `{"0":123,…}` as a plain `Uint8Array`, or a bare list.
fn listed_bytes(document: &Value<'_>) -> Option<Vec<u8>> {
    let byte = |value: &Value<'_>| value.as_u64().and_then(|byte| u8::try_from(byte).ok());
    if let Some(list) = document.get("data").unwrap_or(document).as_array() {
        return list.iter().map(byte).collect();
    }
    let in_order = document.as_object()?.iter().enumerate();
    in_order.map(|(index, (name, value))| if *name == index.digits() { byte(value) } else { None }).collect()
}

/// `%7B%22id%22…=`: what is left of a JSON document that was parsed as a form and encoded again.
fn form_field(body: &[u8]) -> Option<Vec<u8>> {
    let bare = body.strip_suffix(b"=").unwrap_or(body);
    if bare.starts_with(b"%7B") || bare.starts_with(b"%5B") { percent_decoded(bare) } else { None }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::json::parse;

    #[test]
    fn what_is_inside_is_found_and_nothing_else_is_taken_for_it() {
        let table: [(Open, &str, Option<&str>); 11] = [
            (Open::Bytes(base64), "e30=\n", Some("{}")),
            (Open::Bytes(base64), "\"e30=\"", Some("{}")),
            (Open::Bytes(base64), "{}", None),
            (Open::Bytes(base64), "", None),
            (Open::Json(json_string), r#""{\"a\":1}""#, Some("{\"a\":1}")),
            (Open::Json(json_string), "{}", None),
            (Open::Json(listed_bytes), r#"{"type":"Buffer","data":[123,125]}"#, Some("{}")),
            (Open::Json(listed_bytes), r#"{"0":123,"1":125}"#, Some("{}")),
            (Open::Json(listed_bytes), r#"{"0":123,"2":125}"#, None),
            (Open::Json(listed_bytes), "[123,256]", None),
            (Open::Bytes(form_field), "%7B%22a%22%3A+1%7D=", Some("{\"a\": 1}")),
        ];
        for (open, body, expected) in table {
            let found = match open {
                Open::Bytes(open) => open(body.as_bytes()),
                Open::Json(open) => open(&parse(body.as_bytes()).unwrap()),
            };
            assert_eq!(found.as_deref(), expected.map(str::as_bytes), "{body}");
        }
        let event = |body: &'static str| parse(body.as_bytes()).unwrap();
        assert_eq!(lambda(&event(r#"{"body":"e30="}"#), true).as_deref(), Some(&b"{}"[..]));
        assert_eq!(lambda(&event(r#"{"body":"{}"}"#), false).as_deref(), Some(&b"{}"[..]));
    }
}
