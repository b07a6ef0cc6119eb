//! One request, from its parameters to its answer.
//!
//! Idempotency (<https://docs.stripe.com/api/idempotent_requests>, simulator.md 1.4): a key belongs to one account and one
//! request; an answer is kept, also a refusal, once the request had begun to be carried out; GET and DELETE take none.

use alloc::sync::Arc;

use super::super::world::World;
use super::super::{Exchange, KEY_BYTES_MAX, Request};
use super::events::{Cause, REQUEST_PREFIX};
use super::expand::Expand;
use super::form::{self, Branch, Node};
use super::object::{Object, PLATFORM};
use super::params::Params;
use super::refusal::{Refusal, Result};
use super::routes::{self, Answer, Row};
use super::sheet::{LOCALHOST, Reader};
use super::version::Version;
use super::work::Work;
use crate::crypto::Sha256;
use crate::json::{ObjectWriter, quoted};
use crate::prelude::*;
use crate::time::{Millis, Timestamp};

/// An answer that is kept under its key.
#[derive(Clone, Debug)]
pub(super) struct Stored {
    status: u16,
    body: Body,
}

#[derive(Clone, Debug)]
enum Body {
    /// Rendered again when it is asked for.
    Object { object: Object, is_new: bool },
    /// As it was sent: expanded objects change, and refusals are no objects.
    Text(Arc<str>),
}

/// What a request is, once it was read.
struct Asked<'r> {
    row: &'static Row,
    ids: Vec<String>,
    params: Branch,
    expand: Expand,
    key: Option<&'r str>,
    fingerprint: [u8; 32],
}

/// What is answered, before the headers.
struct Reply {
    status: u16,
    body: String,
    is_replayed: bool,
}

/// Answers a request that was let in at the door.
pub(in crate::simulator) fn serve(world: &mut World, now: Timestamp, request: &Request) -> Exchange {
    let number = world.stripe.requests;
    world.stripe.requests = number.saturating_add(1);
    let version = Version::read(request.header("stripe-version"));
    let result = match &version {
        Ok(version) => answer(world, now, request, *version, number),
        Err(refusal) => Err(refusal.clone()),
    };
    let version = version.unwrap_or_else(|_| Version::newest());
    let reader = reader(world, version, request);
    let reply = result.unwrap_or_else(|refusal| Reply {
        status: refusal.status,
        body: envelope(&refusal, Some(reader)),
        is_replayed: false,
    });
    let mut exchange = Exchange::json(reply.status, reply.body);
    exchange.headers.push(("request-id", world.ids.id(REQUEST_PREFIX, number)));
    exchange.headers.push(("stripe-version", version.to_text()));
    for (name, header) in [("idempotency-key", "idempotency-key"), ("stripe-account", "stripe-account")] {
        if let Some(value) = request.header(header) {
            exchange.headers.push((name, value.to_owned()));
        }
    }
    if reply.is_replayed {
        exchange.headers.push(("idempotent-replayed", "true".to_owned()));
    }
    exchange
}

/// The answer to a request that was not let in.
pub(super) fn refusal(refusal: &Refusal) -> Exchange {
    Exchange::json(refusal.status, envelope(refusal, None))
}

fn reader<'a>(world: &'a World, version: Version, request: &'a Request) -> Reader<'a> {
    let host = request.header("host").unwrap_or(LOCALHOST);
    Reader { tables: &world.stripe.tables, ids: &world.ids, version, host, is_new: false }
}

fn answer(
    world: &mut World,
    now: Timestamp,
    request: &Request,
    version: Version,
    number: usize,
) -> Result<Reply> {
    let account = account(world, request)?;
    let asked = read(request)?;
    // Two accounts may use one key.
    let key = asked.key.map(|key| format!("{account} {key}"));
    if let Some(key) = &key
        && let Some(stored) = world.stripe.keys.answer(key, &asked.fingerprint, now)?
    {
        return Ok(replayed(world, version, request, &stored));
    }
    let cause = Cause { request: number, key: asked.key.map(Arc::from) };
    let mut work = Work {
        world,
        now,
        account,
        version,
        cause: Some(cause),
        path: asked.ids,
        body: &request.body,
        content_type: request.header("content-type").unwrap_or_default(),
    };
    let outcome = (asked.row.run)(&mut work, Params::new(asked.params));
    let (stored, body) = match outcome {
        Ok(answer) => {
            let body = answer.written(reader(world, version, request), &asked.expand);
            (Some(kept(answer, &body, &asked.expand)), Ok(body))
        }
        Err(refusal) => {
            let body = || Body::Text(envelope(&refusal, Some(reader(world, version, request))).into());
            (refusal.is_executed.then(|| Stored { status: refusal.status, body: body() }), Err(refusal))
        }
    };
    if let (Some(key), Some(stored)) = (key, stored) {
        world.stripe.keys.store(&key, asked.fingerprint, stored, now, Millis::ZERO);
    }
    Ok(Reply { status: 200, body: body?, is_replayed: false })
}

/// The account a request is for. Without the header it is the platform's own.
fn account(_world: &World, request: &Request) -> Result<usize> {
    match request.header("stripe-account") {
        None => Ok(PLATFORM),
        Some(id) => Err(Refusal::forbidden(format!(
            "The provided key does not have access to account '{}' (or that account does not exist).",
            id.chars().take(40).collect::<String>()
        ))),
    }
}

/// The route, the parameters and the key.
fn read(request: &Request) -> Result<Asked<'_>> {
    let (row, ids) = routes::find(&request.method, &request.path)
        .ok_or_else(|| Refusal::not_simulated(&request.method, &request.path))?;
    let mut params = form::decode(request.query.as_bytes())?;
    let content_type = request.header("content-type").unwrap_or_default();
    if !content_type.starts_with("multipart/form-data") {
        params.extend(form::decode(&request.body)?);
    }
    let fingerprint = fingerprint(request);
    let expand = Expand::read(&paths(&mut params)?, row.gives)?;
    let key = if request.method == "POST" { key(request)? } else { None };
    Ok(Asked { row, ids, params, expand, key, fingerprint })
}

/// The paths of `expand[]`, taken out of the parameters.
fn paths(params: &mut Branch) -> Result<Vec<String>> {
    let Some(at) = params.iter().position(|(name, _)| name == "expand") else { return Ok(Vec::new()) };
    let mut expand = Params::new(vec![params.remove(at)]);
    if let Some(Node::Text(path)) = expand.clone().take("expand") {
        return Ok(vec![path]);
    }
    Ok(expand.texts("expand")?.unwrap_or_default())
}

fn key(request: &Request) -> Result<Option<&str>> {
    let key = request.header("idempotency-key").filter(|key| !key.is_empty());
    match key {
        Some(key) if key.len() > KEY_BYTES_MAX => {
            let message = format!(
                "Idempotency keys must be at most {KEY_BYTES_MAX} characters; this one has {}.",
                key.len()
            );
            Err(Refusal::request(message))
        }
        found => Ok(found),
    }
}

/// What makes two requests the same: the endpoint and the bytes of its parameters.
fn fingerprint(request: &Request) -> [u8; 32] {
    let mut hash = Sha256::new();
    for part in
        [request.method.as_bytes(), b" ", request.path.as_bytes(), b"?", request.query.as_bytes(), b"\n"]
    {
        hash.update(part);
    }
    hash.update(&request.body);
    hash.finish()
}

fn kept(answer: Answer, body: &str, expand: &Expand) -> Stored {
    let body = match answer {
        Answer::Object(object) if expand.is_empty() => Body::Object { object, is_new: false },
        Answer::New(object) if expand.is_empty() => Body::Object { object, is_new: true },
        _ => Body::Text(body.into()),
    };
    Stored { status: 200, body }
}

fn replayed(world: &World, version: Version, request: &Request, stored: &Stored) -> Reply {
    let body = match &stored.body {
        Body::Object { object, is_new } => {
            Reader { is_new: *is_new, ..reader(world, version, request) }.object(object, Expand::NONE)
        }
        Body::Text(text) => text.as_ref().to_owned(),
    };
    Reply { status: stored.status, body, is_replayed: true }
}

/// `{"error": …}`: the official client takes everything else for a success.
fn envelope(refusal: &Refusal, reader: Option<Reader<'_>>) -> String {
    let mut error = ObjectWriter::new();
    error = error.maybe_text("advice_code", refusal.advice_code);
    error = error.maybe_text("charge", refusal.charge.as_deref());
    error = error.maybe_text("code", refusal.code);
    error = error.maybe_text("decline_code", refusal.decline_code);
    if let Some(code) = refusal.code {
        error = error.raw(
            "doc_url",
            &quoted(&format!("https://stripe.com/docs/error-codes/{}", code.replace('_', "-"))),
        );
    }
    error = error.text("message", &refusal.message);
    error = error.maybe_text("network_decline_code", refusal.network_decline_code);
    error = error.maybe_text("param", refusal.param.as_deref());
    for (name, object) in &refusal.objects {
        if let Some(reader) = reader {
            error = error.raw(name, &reader.object(object, Expand::NONE));
        }
    }
    error = error.text("type", refusal.kind.name());
    ObjectWriter::new().raw("error", &error.finish()).finish()
}
