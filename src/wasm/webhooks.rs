//! The door of the `webhooks` artefact: verifiers by handle, and nothing that is kept but their keys.
//!
//! A refused delivery is an expected outcome, so it crosses as a value, `{"ok": {"refused": {…}}}`; an `error` means
//! that the caller did something wrong. The shell never shows a handle to its user and makes a new one after a trap.

use super::reply;
use crate::advice::{Diagnose as _, Report, reported};
use crate::crypto::sha256;
use crate::json::{self, ArrayWriter, Fields, ObjectWriter, Value};
use crate::prelude::*;
use crate::time::Timestamp;
use crate::webhook::{
    self, HeaderValue, IdSource, Options, Outgoing, Request, SCHEMES, Scheme, Verified, Verifier, Window,
};

/// Why a call was refused. Variants stand in order of precedence.
#[derive(Debug)]
#[non_exhaustive]
pub enum Error {
    /// The document that came in is not what this function takes.
    Json(json::Error),
    /// What it asks for is refused.
    Webhook(webhook::Error),
    /// No verifier has this handle: it was released, or is from before a trap.
    UnknownHandle {
        /// The handle.
        found: u32,
    },
}

/// The verifiers of one instance.
///
/// Equal options share a handle, so that a server that makes a verifier for each request holds one, not thousands.
#[derive(Debug, Default)]
pub struct Verifiers {
    /// The verifier with handle `n` stands at `n - 1`; `None` once all have let go of it. A list, because a map would
    /// weigh more than the hash functions do.
    entries: Vec<Option<Entry>>,
}

#[derive(Debug)]
struct Entry {
    verifier: Verifier,
    /// The digest of the options.
    options: [u8; 32],
    uses: u32,
}

impl Verifiers {
    /// No verifier yet.
    #[must_use]
    pub const fn new() -> Self {
        Self { entries: Vec::new() }
    }

    /// Takes `{"scheme", "secrets", "tolerance_seconds"?, "strict"?, "url"?}`; replies with a handle.
    #[must_use]
    pub fn open(&mut self, options: &[u8]) -> Vec<u8> {
        reply::of(self.try_open(options).map(Digits::digits))
    }

    fn try_open(&mut self, options: &[u8]) -> Result<usize, Error> {
        let digest = sha256(options);
        let known = |entry: &Option<Entry>| entry.as_ref().is_some_and(|entry| entry.options == digest);
        if let Some(index) = self.entries.iter().position(known)
            && let Some(Some(entry)) = self.entries.get_mut(index)
        {
            entry.uses = entry.uses.saturating_add(1);
            return Ok(index.saturating_add(1));
        }
        let verifier = verifier(options)?;
        self.entries.push(Some(Entry { verifier, options: digest, uses: 1 }));
        Ok(self.entries.len())
    }

    /// Takes `{"headers": [[name, value], …], "now", "url"?}`, where a value that is a list arrived several times.
    /// Replies with `{"secret_index", "timestamp"?, "events"}` or `{"refused"}`.
    #[must_use]
    pub fn verify(&self, handle: u32, request: &[u8], body: &[u8]) -> Vec<u8> {
        reply::of(self.try_verify(handle, request, body))
    }

    fn try_verify(&self, handle: u32, request: &[u8], body: &[u8]) -> Result<String, Error> {
        let document = json::parse(request)?;
        let mut fields = Fields::of(&document, "request")?;
        let headers = headers(fields.list("headers")?)?;
        let now = moment(&mut fields, "now")?;
        let url = fields.maybe_text("url")?;
        fields.finish()?;
        let entry = place(handle).and_then(|index| self.entries.get(index)).and_then(Option::as_ref);
        let entry = entry.ok_or(Error::UnknownHandle { found: handle })?;
        Ok(match entry.verifier.verify(&Request { headers: &headers, url, body, now }) {
            Ok(verified) => delivery(&verified),
            Err(refusal) => ObjectWriter::new().raw("refused", &reply::describe(&refusal)).finish(),
        })
    }

    /// Lets go of a handle once; the last one wipes the keys. Replies with `null`.
    #[must_use]
    pub fn release(&mut self, handle: u32) -> Vec<u8> {
        if let Some(slot) = place(handle).and_then(|index| self.entries.get_mut(index))
            && let Some(entry) = slot
        {
            entry.uses = entry.uses.saturating_sub(1);
            if entry.uses == 0 {
                *slot = None;
            }
        }
        reply::ok("null")
    }
}

/// Where the verifier of a handle stands. A handle is never given out again, so that an old one finds nothing.
fn place(handle: u32) -> Option<usize> {
    usize::try_from(handle.checked_sub(1)?).ok()
}

/// Replies with the list of schemes.
#[must_use]
pub fn schemes() -> Vec<u8> {
    let list = SCHEMES.iter().fold(ArrayWriter::new(), |list, scheme| list.raw(&row(scheme)));
    reply::ok(&list.finish())
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

fn verifier(options: &[u8]) -> Result<Verifier, Error> {
    let document = json::parse(options)?;
    let mut fields = Fields::of(&document, "options")?;
    let scheme = webhook::scheme(fields.text("scheme")?)?;
    let expected = "a list of strings";
    let secrets = fields
        .list("secrets")?
        .iter()
        .map(|secret| secret.as_str().ok_or_else(|| wrong("secrets", expected)));
    let secrets: Vec<&str> = secrets.collect::<Result<_, _>>()?;
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
    Ok(Verifier::new(scheme, options)?)
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

fn moment(fields: &mut Fields<'_, '_>, field: &'static str) -> Result<Timestamp, Error> {
    let ms = fields.integer(field)?;
    let expected = "milliseconds since 1970, at most the end of the year 9999";
    Timestamp::from_unix_ms(ms).ok_or_else(|| {
        json::Error::from(json::ErrorKind::WrongField { field, expected, found: ms.digits() }).into()
    })
}

/// The value is not shown: it may be a secret.
fn wrong(field: &'static str, expected: &'static str) -> json::Error {
    json::Error::from(json::ErrorKind::WrongField { field, expected, found: "something else".to_owned() })
}

fn delivery(verified: &Verified<'_>) -> String {
    let events = verified.events().into_iter().fold(ArrayWriter::new(), |list, event| {
        let object = ObjectWriter::new()
            .text("id", &event.id)
            .flag("id_is_signed", event.id_is_signed)
            .maybe_text("digest", event.digest.as_deref())
            .maybe_text("type", event.kind.as_deref());
        list.raw(&maybe_moment(object, "occurred_at", event.occurred_at).finish())
    });
    let object = ObjectWriter::new()
        .raw("secret_index", &verified.secret_index().digits())
        .raw("events", &events.finish());
    maybe_moment(object, "timestamp", verified.timestamp()).finish()
}

fn maybe_moment(object: ObjectWriter, name: &str, moment: Option<Timestamp>) -> ObjectWriter {
    match moment {
        Some(moment) => object.number(name, moment.unix_ms()),
        None => object,
    }
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
        IdSource::Digest => "digest of what is signed".to_owned(),
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
            Self::UnknownHandle { found } => Report::new("unknown_handle")
                .number("found", u64::from(*found))
                .say("no verifier has the handle {found}: open it again from its options"),
        }
    }
}

reported!(Error);

/// The functions JavaScript sees. They hold the one table of the instance.
#[cfg(all(target_family = "wasm", feature = "wasm-webhooks"))]
pub mod exports {
    use spin::Mutex;
    use wasm_bindgen::prelude::wasm_bindgen;

    use super::Verifiers;
    use crate::prelude::*;

    static VERIFIERS: Mutex<Verifiers> = Mutex::new(Verifiers::new());

    /// See [`super::schemes`].
    #[wasm_bindgen]
    pub fn webhooks_schemes() -> Vec<u8> {
        super::schemes()
    }

    /// See [`Verifiers::open`].
    #[wasm_bindgen]
    pub fn webhooks_verifier(options: &[u8]) -> Vec<u8> {
        VERIFIERS.lock().open(options)
    }

    /// See [`Verifiers::verify`].
    #[wasm_bindgen]
    pub fn webhooks_verify(handle: u32, request: &[u8], body: &[u8]) -> Vec<u8> {
        VERIFIERS.lock().verify(handle, request, body)
    }

    /// See [`Verifiers::release`].
    #[wasm_bindgen]
    pub fn webhooks_release(handle: u32) -> Vec<u8> {
        VERIFIERS.lock().release(handle)
    }
}
