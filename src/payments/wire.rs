//! The requests a profile writes: where the key goes, and how a body is encoded.

use crate::json::{self, ObjectWriter, Value};
use crate::prelude::*;

use super::dialect::{Encoding, Query, Route};
use super::profile::KeyPart;
use super::tag::tagged;
use super::template::{Filler, Template, percent_encode};
use super::{Content, Error, ErrorKind, HttpRequest, Operation, Profile, Request};

/// The request that carries out an intent.
///
/// # Errors
///
/// [`ErrorKind::OperationUnsupported`], [`ErrorKind::AmountNeeded`], [`ErrorKind::ProviderField`],
/// [`ErrorKind::KeyHasNoPlace`]. Which of them does not depend on the key.
pub(super) fn send(profile: &Profile, request: &Request, key: &str) -> Result<HttpRequest, Error> {
    let mut sent = match &request.content {
        Content::Call(call) => HttpRequest {
            method: call.method.clone(),
            path: call.path.clone(),
            headers: call.headers.clone(),
            body: Some(tagged(profile, request).map_or_else(|| call.body.clone(), |tagged| tagged.body))
                .filter(|body| !body.is_empty()),
        },
        Content::Payment(_) => {
            let route = route(profile, request.operation)?;
            if route.needs_amount && request.amount().is_none() {
                let profile = profile.name.clone();
                return Err(ErrorKind::AmountNeeded { profile, operation: request.operation }.into());
            }
            let encoding = profile.dialect.as_ref().map_or(Encoding::Json, |dialect| dialect.encoding);
            written(&route.send, encoding, &Filler::new(request, key))?
        }
    };
    match &profile.key.part {
        KeyPart::Header(name) => {
            let value = if profile.key.quoted { glued(&["\"", key, "\""]) } else { key.to_owned() };
            sent.headers.retain(|(known, _)| !known.eq_ignore_ascii_case(name));
            sent.headers.push((name.clone(), value));
        }
        KeyPart::Field(field) => {
            let body = with_member(sent.body.as_deref().unwrap_or("{}"), field, key);
            sent.body =
                Some(body.ok_or_else(|| Error::from(ErrorKind::KeyHasNoPlace { field: field.clone() }))?);
        }
    }
    Ok(sent)
}

/// The request that asks what became of an intent; `None` when it cannot be asked about.
pub(super) fn query(profile: &Profile, request: &Request) -> Option<HttpRequest> {
    let query = query_of(profile, request)?;
    written(&query.ask, Encoding::Json, &Filler::new(request, "")).ok()
}

/// How an intent is asked about; `None` when it cannot be.
pub(super) fn query_of<'p>(profile: &'p Profile, request: &Request) -> Option<&'p Query> {
    let route =
        tagged(profile, request).map(|tagged| tagged.route).or_else(|| profile.route(request.operation));
    let query = route?.query.as_ref()?;
    (!query.whole_only || request.amount().is_none()).then_some(query)
}

impl Profile {
    /// The request that voids whatever was done with a key; `None` when the provider has none. That it was voided is
    /// proof P3, see [`Profile::is_voided`].
    #[must_use]
    pub fn void_request(&self, request: &Request, key: &str) -> Option<HttpRequest> {
        written(self.void_by_key.as_ref()?, Encoding::Json, &Filler::new(request, key)).ok()
    }
}

fn route(profile: &Profile, operation: Operation) -> Result<&Route, Error> {
    profile.route(operation).ok_or_else(|| {
        let has_dialect = profile.dialect.is_some();
        ErrorKind::OperationUnsupported { profile: profile.name.clone(), operation, has_dialect }.into()
    })
}

fn written(template: &Template, encoding: Encoding, filler: &Filler<'_>) -> Result<HttpRequest, Error> {
    let body = template.body(filler).map_err(|field| Error::from(ErrorKind::ProviderField { field }))?;
    let mut headers = template.headers.clone();
    if body.is_some() {
        let kind = match encoding {
            Encoding::Json => "application/json",
            Encoding::Form => "application/x-www-form-urlencoded",
        };
        headers.push(("content-type".to_owned(), kind.to_owned()));
    }
    let body = match encoding {
        Encoding::Json => body,
        Encoding::Form => body.map(|body| form(&body)),
    };
    Ok(HttpRequest { method: template.method.clone(), path: template.path(filler), headers, body })
}

/// A JSON object with one member set; `None` when it is no object.
fn with_member(body: &str, name: &str, value: &str) -> Option<String> {
    let document = json::parse(body.as_bytes()).ok()?;
    let members = document.as_object()?.iter().filter(|(known, _)| known != name);
    let out = members.fold(ObjectWriter::new(), |out, (name, value)| out.raw(name, &value.to_text()));
    Some(out.text(name, value).finish())
}

/// A JSON object as a form, members in brackets behind the name they stand in.
pub(super) fn form(body: &str) -> String {
    let mut out = String::new();
    if let Ok(document) = json::parse(body.as_bytes()) {
        pairs(&mut out, "", &document);
    }
    out
}

fn pairs(out: &mut String, name: &str, value: &Value<'_>) {
    let inner = |key: &str| if name.is_empty() { key.to_owned() } else { glued(&[name, "[", key, "]"]) };
    match value {
        Value::Object(members) => members.iter().for_each(|(key, member)| pairs(out, &inner(key), member)),
        Value::Array(items) => {
            items
                .iter()
                .enumerate()
                .for_each(|(position, item)| pairs(out, &inner(&position.digits()), item));
        }
        Value::Null => pair(out, name, ""),
        Value::String(text) => pair(out, name, text),
        Value::Bool(_) | Value::Number(_) => pair(out, name, &value.to_text()),
    }
}

fn pair(out: &mut String, name: &str, value: &str) {
    if !out.is_empty() {
        out.push('&');
    }
    percent_encode(out, name);
    out.push('=');
    percent_encode(out, value);
}
