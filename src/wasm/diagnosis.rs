//! The door to [`diagnose`](crate::webhook::diagnose), in the artefact `webhooks-full` alone: a refusal is explained
//! once, not at every delivery, so it crosses as JSON and keeps nothing.

use super::delivery::{Error, moment};
use super::reply;
use crate::json::{self, Fields, ObjectWriter, Value};
use crate::prelude::*;
use crate::webhook::{self, Diagnosis, HeaderValue, Options, Request};

/// Takes the options of a verifier, `{"scheme", "secrets", "tolerance_seconds"?, "strict"?, "url"?}`, a request,
/// `{"headers": [[name, value], …], "now", "url"?}`, where a value that is a list arrived several times, and its body.
/// Replies with `{"code", "confidence", "sentence", "fix", "details"}`, or `null` where there is nothing to say.
#[must_use]
pub fn diagnose(options: &[u8], request: &[u8], body: &[u8]) -> Vec<u8> {
    reply::of(try_diagnose(options, request, body))
}

fn try_diagnose(options: &[u8], request: &[u8], body: &[u8]) -> Result<String, Error> {
    let (options, request) = (json::parse(options)?, json::parse(request)?);
    let mut fields = Fields::of(&options, "options")?;
    let scheme = webhook::scheme(fields.text("scheme")?)?;
    let secrets = texts("secrets", fields.list("secrets")?)?;
    let options = Options {
        secrets: &secrets,
        tolerance_seconds: fields.maybe_integer("tolerance_seconds")?,
        strict: fields.maybe_flag("strict")?.unwrap_or(false),
        url: fields.maybe_text("url")?,
        public_key_id: fields.maybe_text("public_key_id")?,
        access_key: fields.maybe_text("access_key")?,
        public_key_pem: fields.maybe_text("public_key_pem")?,
        jwk: fields.maybe_text("jwk")?,
        certificate_pem: fields.maybe_text("certificate_pem")?,
        partial: fields.maybe_flag("partial")?.unwrap_or(false),
    };
    fields.finish()?;
    let mut fields = Fields::of(&request, "request")?;
    let headers = headers(fields.list("headers")?)?;
    let now = moment(&mut fields, "now")?;
    let url = fields.maybe_text("url")?;
    fields.finish()?;
    let found = webhook::diagnose(scheme, options, &Request { headers: &headers, url, body, now });
    Ok(found.map_or_else(|| "null".to_owned(), |found| written(&found)))
}

fn texts<'v>(field: &'static str, list: &'v [Value<'_>]) -> Result<Vec<&'v str>, Error> {
    list.iter().map(|text| text.as_str().ok_or_else(|| wrong(field, "a list of strings").into())).collect()
}

fn headers<'v>(list: &'v [Value<'_>]) -> Result<Vec<(&'v str, HeaderValue<'v>)>, Error> {
    let pair = |item: &'v Value<'_>| match item.as_array()? {
        [name, Value::Array(_)] => Some((name.as_str()?, HeaderValue::Repeated)),
        [name, value] => Some((name.as_str()?, HeaderValue::Once(value.as_str()?))),
        _ => None,
    };
    let expected = "a list of pairs of a name and a value";
    list.iter().map(|item| pair(item).ok_or_else(|| wrong("headers", expected).into())).collect()
}

/// The value is not shown: it may be a secret.
fn wrong(field: &'static str, expected: &'static str) -> json::Error {
    json::Error::from(json::ErrorKind::WrongField { field, expected, found: "something else".to_owned() })
}

fn written(found: &Diagnosis) -> String {
    let details =
        found.details.iter().fold(ObjectWriter::new(), |object, (name, value)| object.text(name, value));
    ObjectWriter::new()
        .text("code", found.code)
        .text("confidence", found.confidence.name())
        .text("sentence", &found.sentence)
        .text("fix", &found.fix)
        .raw("details", &details.finish())
        .finish()
}

/// The function JavaScript sees.
#[cfg(all(target_family = "wasm", feature = "wasm-webhooks"))]
pub mod exports {
    use wasm_bindgen::prelude::wasm_bindgen;

    use crate::prelude::*;

    /// See [`super::diagnose`].
    #[wasm_bindgen]
    pub fn webhooks_diagnose(options: &[u8], request: &[u8], body: &[u8]) -> Vec<u8> {
        super::diagnose(options, request, body)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn reply(options: &str, request: &str, body: &str) -> String {
        String::from_utf8(diagnose(options.as_bytes(), request.as_bytes(), body.as_bytes())).unwrap()
    }

    #[test]
    fn a_diagnosis_crosses_whole_and_nothing_to_say_is_null() {
        let options = r#"{"scheme":"stripe-v1","secrets":["whsec_1"]}"#;
        let missing = reply(options, r#"{"headers":[],"now":1700000000000}"#, "{}");
        assert_eq!(
            missing,
            concat!(
                r#"{"ok":{"code":"missing_header","confidence":"proven","#,
                r#""sentence":"the delivery has no headers at all, so also no `stripe-signature`","#,
                r#""fix":"pass the headers of the request: req.headers, request.headers, or event.headers on AWS Lambda","#,
                r#""details":{"header":"stripe-signature"}}}"#
            )
        );
        let long = format!(r#"{{"headers":[["stripe-signature","{}"]],"now":1}}"#, "x".repeat(5_000));
        assert_eq!(reply(options, &long, "{}"), r#"{"ok":null}"#);
    }

    #[test]
    fn what_the_shell_must_not_send_is_refused_without_showing_it() {
        let request = r#"{"headers":[],"now":1}"#;
        let options = r#"{"scheme":"stripe-v1","secrets":["whsec_1"]}"#;
        // options, request, a part of the answer
        let table = [
            (r#"{"scheme":"stripe","secrets":[]}"#, request, "unknown_scheme"),
            (r#"{"scheme":"stripe-v1","secrets":[7]}"#, request, "a list of strings"),
            (r#"{"scheme":"stripe-v1","secrets":["hush"],"x":1}"#, request, "error"),
            (options, r#"{"headers":[["a"]],"now":1}"#, "a list of pairs"),
            (options, r#"{"headers":[],"now":9007199254740991}"#, "the year 9999"),
        ];
        for (options, request, expected) in table {
            let reply = reply(options, request, "{}");
            assert!(reply.starts_with(r#"{"error":"#) && reply.contains(expected), "{reply}");
            assert!(!reply.contains("hush"), "{reply}");
        }
    }
}
