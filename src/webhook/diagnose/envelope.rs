//! A body that came inside something else: base64, a JSON string, a Lambda event, a list of byte values, a form field.

use super::form::percent_decoded;
use super::words::{NOT_DECODED, WRAPPED, Words};
use super::{Budget, Case, Diagnosis, RESERIALISED_BYTES_MAX};
use crate::crypto::decode_base64;
use crate::json::{self, Value};
use crate::prelude::*;

/// What the body may be inside of, with the way to it.
struct Envelope {
    words: &'static Words,
    original: &'static str,
    open: fn(&[u8]) -> Option<Vec<u8>>,
}

const ENVELOPES: &[Envelope] = &[
    Envelope { words: &NOT_DECODED, original: "", open: base64 },
    Envelope {
        words: &WRAPPED,
        original: "the text inside the JSON string the body is: JSON.stringify was applied to text",
        open: json_string,
    },
    Envelope {
        words: &WRAPPED,
        original: "the `body` member of the AWS Lambda event that was handed over as a whole",
        open: |body| lambda(body, false),
    },
    Envelope { words: &NOT_DECODED, original: "", open: |body| lambda(body, true) },
    Envelope {
        words: &WRAPPED,
        original: "the bytes listed in the body: JSON.stringify was applied to a Buffer or Uint8Array",
        open: listed_bytes,
    },
    Envelope {
        words: &WRAPPED,
        original: "the percent-decoded body: a form parser took JSON for a form",
        open: form_field,
    },
];

pub(super) fn wrapped(case: &Case<'_>, budget: &mut Budget) -> Option<Diagnosis> {
    let body = case.request.body;
    if body.len() > RESERIALISED_BYTES_MAX {
        return None;
    }
    let found = ENVELOPES.iter().find(|envelope| {
        !budget.is_spent() && (envelope.open)(body).is_some_and(|inner| case.holds_over(budget, &inner))
    })?;
    let original = [("original", found.original)];
    Some(found.words.proven(if found.original.is_empty() { &[] } else { &original }))
}

fn base64(body: &[u8]) -> Option<Vec<u8>> {
    let text = core::str::from_utf8(body.trim_ascii()).ok()?;
    let text = text.strip_prefix('"').and_then(|text| text.strip_suffix('"')).unwrap_or(text);
    (!text.is_empty()).then(|| decode_base64(text).ok()).flatten()
}

fn json_string(body: &[u8]) -> Option<Vec<u8>> {
    json::parse(body).ok()?.as_str().map(|text| text.as_bytes().to_vec())
}

fn lambda(body: &[u8], encoded: bool) -> Option<Vec<u8>> {
    let event = json::parse(body).ok()?;
    let inner = event.get("body")?.as_str()?;
    if encoded { decode_base64(inner).ok() } else { Some(inner.as_bytes().to_vec()) }
}

/// `{"type":"Buffer","data":[…]}` as Node writes a `Buffer`, `{"0":123,…}` as a plain `Uint8Array`, or a bare list.
fn listed_bytes(body: &[u8]) -> Option<Vec<u8>> {
    let document = json::parse(body).ok()?;
    let byte = |value: &Value<'_>| value.as_u64().and_then(|byte| u8::try_from(byte).ok());
    if let Some(list) = document.get("data").unwrap_or(&document).as_array() {
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

    #[test]
    fn what_is_inside_is_found_and_nothing_else_is_taken_for_it() {
        type Case = (fn(&[u8]) -> Option<Vec<u8>>, &'static str, Option<&'static str>);
        let table: [Case; 11] = [
            (base64, "e30=\n", Some("{}")),
            (base64, "\"e30=\"", Some("{}")),
            (base64, "{}", None),
            (base64, "", None),
            (json_string, r#""{\"a\":1}""#, Some("{\"a\":1}")),
            (json_string, "{}", None),
            (listed_bytes, r#"{"type":"Buffer","data":[123,125]}"#, Some("{}")),
            (listed_bytes, r#"{"0":123,"1":125}"#, Some("{}")),
            (listed_bytes, r#"{"0":123,"2":125}"#, None),
            (listed_bytes, "[123,256]", None),
            (form_field, "%7B%22a%22%3A+1%7D=", Some("{\"a\": 1}")),
        ];
        for (open, body, expected) in table {
            assert_eq!(open(body.as_bytes()).as_deref(), expected.map(str::as_bytes), "{body}");
        }
        assert_eq!(lambda(br#"{"body":"e30="}"#, true).as_deref(), Some(&b"{}"[..]));
        assert_eq!(lambda(br#"{"body":"{}"}"#, false).as_deref(), Some(&b"{}"[..]));
    }
}
