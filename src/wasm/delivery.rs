//! Deliveries and the catalogue as JSON documents, for doors where kilobytes do not matter: signing, in the
//! `simulator` artefact, and what `webhooks-full` tells.
//!
//! A refused call is an `error` of the reply.

use super::reply;
use crate::advice::{Diagnose as _, Report, reported};
use crate::crypto;
use crate::json::{self, ArrayWriter, Fields, ObjectWriter};
use crate::prelude::*;
use crate::time::Timestamp;
use crate::webhook::interpreter::EXPECTED;
use crate::webhook::{self, IdSource, Outgoing, Primitive, SCHEMES, Scheme, Window};

/// Why a call was refused. Variants stand in order of precedence.
#[derive(Debug)]
#[non_exhaustive]
pub enum Error {
    /// The document that came in is not what this function takes.
    Json(json::Error),
    /// What it asks for is refused.
    Webhook(webhook::Error),
}

/// Replies with `{"schemes", "only_full", "items", "refusals", "reasons", "expected"}`: the catalogue, the names of the schemes that
/// only `webhooks-full` has, where the lists of those stand that carry several events (name of the scheme, of the list,
/// and of each member on the way from its element to the event), the lines of both tables of errors, each of a code
/// and a sentence, and what should have stood where something is malformed. The build makes JavaScript modules of it, so that no artefact has to carry it.
#[must_use]
pub fn tables() -> Vec<u8> {
    let schemes = SCHEMES.iter().fold(ArrayWriter::new(), |list, scheme| list.raw(&row(scheme)));
    let lines = |lines: &[(&str, &str)]| {
        let line = |(code, sentence): &(&str, &str)| ArrayWriter::new().text(code).text(sentence).finish();
        lines.iter().fold(ArrayWriter::new(), |list, entry| list.raw(&line(entry))).finish()
    };
    let small = |scheme: &&&Scheme| {
        matches!(scheme.primitive, Primitive::Mac(_) | Primitive::Digest(_) | Primitive::Token)
    };
    let full = SCHEMES.iter().filter(|scheme| !small(scheme));
    let items = SCHEMES.iter().filter_map(|scheme| {
        let items = scheme.identity.items?;
        let line = ArrayWriter::new().text(scheme.name).text(items.list);
        Some(items.member.iter().fold(line, |line, name| line.text(name)).finish())
    });
    let object = ObjectWriter::new()
        .raw("schemes", &schemes.finish())
        .raw("only_full", &full.fold(ArrayWriter::new(), |list, scheme| list.text(scheme.name)).finish())
        .raw("items", &items.fold(ArrayWriter::new(), |list, line| list.raw(&line)).finish())
        .raw("refusals", &lines(webhook::Error::LINES))
        .raw("reasons", &lines(crypto::Error::LINES))
        .raw("expected", &EXPECTED.iter().fold(ArrayWriter::new(), |list, text| list.text(text)).finish());
    reply::ok(&object.finish())
}

/// Takes `{"scheme", "secret", "timestamp", "id"?, "url"?, "public_key_id"?, "access_key"?}`; replies with `headers`, an
/// object, and where the signature stands in the body, with the `body` that has it.
///
/// Exported by the `simulator` artefact: whoever receives webhooks signs none.
#[must_use]
pub fn sign(input: &[u8], body: &[u8]) -> Vec<u8> {
    reply::of(try_sign(input, body))
}

fn try_sign(input: &[u8], body: &[u8]) -> Result<String, Error> {
    let document = json::parse(input)?;
    let mut fields = Fields::of(&document, "input")?;
    let scheme = webhook::scheme(fields.text("scheme")?)?;
    let secret = fields.text("secret")?;
    let timestamp = moment(&mut fields, "timestamp")?;
    let id = fields.maybe_text("id")?.unwrap_or_default();
    let url = fields.maybe_text("url")?;
    let (public_key_id, access_key) = (fields.maybe_text("public_key_id")?, fields.maybe_text("access_key")?);
    fields.finish()?;
    let outgoing = Outgoing { id, timestamp, url, body, public_key_id, access_key };
    let delivery = outgoing.sign(scheme, secret)?;
    let add = |object: ObjectWriter, (name, value): &(&'static str, String)| object.text(name, value);
    let headers = delivery.headers.iter().fold(ObjectWriter::new(), add).finish();
    // A body that carries its own signature is a form or JSON, and both are text.
    let signed = core::str::from_utf8(&delivery.body).ok().filter(|_| delivery.body != body);
    Ok(ObjectWriter::new().raw("headers", &headers).maybe_text("body", signed).finish())
}

/// The time of a field, in milliseconds since 1970.
///
/// # Errors
///
/// When the field is absent, or no such time.
pub(super) fn moment(fields: &mut Fields<'_, '_>, field: &'static str) -> Result<Timestamp, Error> {
    let ms = fields.integer(field)?;
    let expected = "milliseconds since 1970, at most the end of the year 9999";
    Timestamp::from_unix_ms(ms).ok_or_else(|| {
        json::Error::from(json::ErrorKind::WrongField { field, expected, found: ms.digits() }).into()
    })
}

fn row(scheme: &Scheme) -> String {
    let told = scheme.provenance.told();
    let headers = scheme.headers().into_iter().fold(ArrayWriter::new(), ArrayWriter::text);
    let id = match scheme.identity.id {
        IdSource::Body(paths) => paths.iter().fold(String::new(), |mut text, path| {
            text.push_str(if text.is_empty() { "body" } else { ":body" });
            path.iter().for_each(|name| text.extend([".", name]));
            text
        }),
        IdSource::SignedHeader(name) | IdSource::UnsignedHeader(name) => String::from_iter(["header ", name]),
        IdSource::UnsignedHeaderOfKind(name) => String::from_iter(["type:header ", name]),
        IdSource::Digest => "digest of what is signed".to_owned(),
        IdSource::BodyDigest => "digest of the body".to_owned(),
    };
    let object = ObjectWriter::new()
        .text("name", scheme.name)
        .text("provider", told.map_or("", |told| told.provider))
        .raw("headers", &headers.finish())
        .text("algorithm", scheme.primitive.name())
        .text("signed_content", &scheme.signed_content())
        .flag("signs_url", scheme.signs_url())
        .flag("signs_time", scheme.clock.is_some())
        .text("event_id", &id)
        .flag("event_id_is_signed", scheme.signs_id())
        .number("retry_window_hours", scheme.retry_window_hours.into())
        .text("strength", scheme.strength().name())
        .text("source", told.map_or("", |told| told.source))
        .text("checked", told.map_or("", |told| told.checked))
        .text("evidence", told.map_or("", |told| told.evidence.name()))
        .maybe_text("unverified", told.map(|told| told.unverified).filter(|text| !text.is_empty()))
        .maybe_text("note", told.map(|told| told.note).filter(|text| !text.is_empty()));
    match scheme.clock {
        Some(clock) if clock.window != Window::OnRequest => {
            object.number("tolerance_seconds", clock.tolerance_seconds)
        }
        Some(_) | None => object,
    }
    .finish()
}

impl From<json::Error> for Error {
    fn from(error: json::Error) -> Self {
        Self::Json(error)
    }
}

impl From<webhook::Error> for Error {
    fn from(error: webhook::Error) -> Self {
        Self::Webhook(error)
    }
}

impl Error {
    fn table(&self) -> Report {
        match self {
            Self::Json(error) => error.report(),
            Self::Webhook(error) => error.report(),
        }
    }
}

reported!(Error);
