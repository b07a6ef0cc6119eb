//! One request, from its parameters to its answer.
//!
//! Idempotency (<https://docs.stripe.com/api/idempotent_requests>, simulator.md 1.4): a key belongs to one account and one
//! request; an answer is kept, also a refusal, once the request had begun to be carried out; GET and DELETE take none.

use alloc::sync::Arc;

use super::super::faults::{Fate, Fault};
use super::super::idempotency::{Fingerprint, Name, Printer};
use super::super::world::World;
use super::super::{Exchange, KEY_BYTES_MAX, Request};
use super::accounts;
use super::befall;
use super::envelope;
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
use crate::prelude::*;
use crate::time::Timestamp;

/// An answer that is kept under its key.
#[derive(Clone, Debug)]
pub(super) struct Stored {
    status: u16,
    origin: Arc<Origin>,
    body: Body,
}

/// What an answer depends on beside its object: a repetition that says otherwise is answered as the first request was.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Origin {
    version: Version,
    /// Where the gateway was spoken to.
    host: String,
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
    fingerprint: Fingerprint,
}

/// What is answered, before the headers.
struct Reply {
    status: u16,
    body: String,
    /// The version it is written in.
    version: Version,
    is_replayed: bool,
    /// The object that was made, changed or read.
    object: Option<Object>,
}

/// Answers a request that was let in at the door.
pub(in crate::simulator) fn serve(world: &mut World, now: Timestamp, request: &Request) -> Exchange {
    let fate = befall::fate(world, request);
    if let Some(fault) = fate.refused {
        befall::confess_refused(world, fault, now, request);
        return befall::refused(fault);
    }
    let number = world.stripe.requests;
    world.stripe.requests = number.saturating_add(1);
    let id = world.ids.id(REQUEST_PREFIX, number);
    let version = Version::read(request.header("stripe-version"));
    let result = match &version {
        Ok(version) => answer(world, now, request, *version, number, &fate),
        Err(refusal) => Err(refusal.clone()),
    };
    let version = version.unwrap_or_else(|_| Version::newest());
    let reader = reader(world, version, request);
    let reply = result.unwrap_or_else(|refusal| Reply {
        status: refusal.status,
        body: envelope::written(&refusal, Some(reader), Some(&id)),
        version,
        is_replayed: false,
        object: None,
    });
    let mut exchange = Exchange::json(reply.status, reply.body);
    exchange.headers.push(("request-id", id));
    exchange.headers.push(("stripe-version", reply.version.to_text()));
    for name in ["idempotency-key", "stripe-account"] {
        if let Some(value) = request.header(name) {
            exchange.headers.push((name, value.to_owned()));
        }
    }
    if reply.is_replayed {
        exchange.headers.push(("idempotent-replayed", "true".to_owned()));
    }
    for fault in fate.garble(&mut exchange) {
        befall::confess(world, fault, now, request, reply.object.as_ref());
    }
    exchange
}

fn reader<'a>(world: &'a World, version: Version, request: &'a Request) -> Reader<'a> {
    reader_at(world, version, host(request))
}

fn host(request: &Request) -> &str {
    request.header("host").unwrap_or(LOCALHOST)
}

fn reader_at<'a>(world: &'a World, version: Version, host: &'a str) -> Reader<'a> {
    Reader {
        tables: &world.stripe.tables,
        ids: &world.ids,
        treasury: &world.treasury,
        office: &world.webhooks,
        version,
        host,
        is_new: false,
    }
}

fn answer(
    world: &mut World,
    now: Timestamp,
    request: &Request,
    version: Version,
    number: usize,
    fate: &Fate,
) -> Result<Reply> {
    let account = account(world, request)?;
    let mut asked = read(request)?;
    let params = core::mem::take(&mut asked.params);
    // Two accounts may use one key.
    let key = asked.key.map(|key| Name::of(account, key));
    let mut is_expired = false;
    if let Some(key) = key
        && let Some(stored) = world.stripe.keys.answer(key, asked.fingerprint, now)?
    {
        if !fate.key_expired {
            return Ok(replayed(world, &stored));
        }
        is_expired = true;
    }
    if fate.grows && request.query.contains("starting_after=") {
        befall::grow(world, now, asked.row);
    }
    let cause = Cause { request: number, key: asked.key.map(Arc::from) };
    let call = Call { now, account, version, cause, request, asked: &asked };
    let again = fate.doubled.then(|| params.clone());
    let mut outcome = call.carry_out(world, fate, params);
    let done = |outcome: &Result<Answer>| outcome.as_ref().ok().and_then(|answer| answer.object().cloned());
    if is_expired {
        // A decline too is another one than the one that was kept.
        befall::confess(world, Fault::KeyExpired, now, request, done(&outcome).as_ref());
    }
    if outcome.is_ok() && asked.row.method == "POST" {
        if let Some(params) = again
            && let Ok(twin) = call.carry_out(world, fate, params)
        {
            befall::confess(world, Fault::DuplicateSubmission, now, request, twin.object());
        }
        if fate.fails_afterwards {
            befall::confess(world, Fault::ServerErrorStored, now, request, done(&outcome).as_ref());
            outcome = Err(Refusal::failed_afterwards());
        }
    }
    let object = done(&outcome);
    let (stored, body) = match outcome {
        Ok(answer) => {
            let body = answer.written(reader(world, version, request), &asked.expand);
            (Some((200, kept(answer, &body, &asked.expand))), Ok(body))
        }
        Err(refusal) => {
            let id = world.ids.id(REQUEST_PREFIX, number);
            let reader = reader(world, version, request);
            let body = || Body::Text(envelope::written(&refusal, Some(reader), Some(&id)).into());
            (refusal.is_executed.then(|| (refusal.status, body())), Err(refusal))
        }
    };
    let patience = fate.in_flight.filter(|_| key.is_some() && body.is_ok());
    if let (Some(key), Some((status, body))) = (key, stored) {
        let stored = Stored { status, origin: origin(world, version, request), body };
        if is_expired {
            world.stripe.keys.forget(key);
        }
        world.stripe.keys.store(key, asked.fingerprint, stored, now, patience.unwrap_or(fate.delay));
    }
    if patience.is_some() {
        befall::confess(world, Fault::KeyInFlight, now, request, object.as_ref());
        return Err(Refusal::key_in_use());
    }
    Ok(Reply { status: 200, body: body?, version, is_replayed: false, object })
}

/// A request that may be carried out, also more than once where a fault wants it.
struct Call<'c> {
    now: Timestamp,
    account: usize,
    version: Version,
    cause: Cause,
    request: &'c Request,
    asked: &'c Asked<'c>,
}

impl Call<'_> {
    /// Carries it out; a read shows what it may.
    fn carry_out(&self, world: &mut World, fate: &Fate, params: Branch) -> Result<Answer> {
        let is_read = self.asked.row.method == "GET";
        let as_of = if is_read { fate.found_up_to(self.now) } else { self.now };
        if !is_read || as_of == self.now {
            return self.run(world, as_of, params);
        }
        let answer = self.run(world, as_of, params.clone())?;
        let (shown, fault) = match answer.object() {
            Some(object) => (
                befall::version_at(world, object, fate.as_of(self.now)).map(Answer::Object),
                Fault::StaleRead,
            ),
            None if fate.unfound > fate.stale => (Some(answer.clone()), Fault::SearchLag),
            None => (Some(answer.clone()), Fault::StaleRead),
        };
        let Some(shown) = shown else { return Ok(answer) };
        let latest = self.run(world, self.now, params)?;
        let written =
            |answer: &Answer| answer.written(reader(world, self.version, self.request), Expand::NONE);
        if written(&shown) == written(&latest) {
            return Ok(latest);
        }
        befall::confess(world, fault, self.now, self.request, latest.object());
        Ok(shown)
    }

    fn run(&self, world: &mut World, as_of: Timestamp, params: Branch) -> Result<Answer> {
        let mut work = Work {
            world,
            now: self.now,
            as_of,
            account: self.account,
            version: self.version,
            cause: Some(self.cause.clone()),
            path: &self.asked.ids,
            body: &self.request.body,
            content_type: self.request.header("content-type").unwrap_or_default(),
        };
        (self.asked.row.run)(&mut work, Params::new(params))
    }
}

/// The account a request is for. Without the header it is the platform's own.
fn account(world: &World, request: &Request) -> Result<usize> {
    let Some(id) = request.header("stripe-account") else { return Ok(PLATFORM) };
    accounts::with_id(world, id).ok_or_else(|| {
        let message = format!(
            "The provided key does not have access to account '{}' (or that account does not exist).",
            id.chars().take(40).collect::<String>()
        );
        let mut refusal = Refusal::forbidden(message);
        refusal.code = Some("account_invalid");
        refusal
    })
}

/// The route, the parameters and the key.
fn read(request: &Request) -> Result<Asked<'_>> {
    let (row, ids) = routes::find(&request.method, &request.path)
        .ok_or_else(|| Refusal::not_simulated(&request.method, &request.path))?;
    let mut params = form::decode(request.query.as_bytes())?;
    if !is_multipart(request) {
        params.extend(form::decode(&request.body)?);
    }
    let fingerprint = fingerprint(request, &params);
    let expand = Expand::read(&paths(&mut params)?, row.gives)?;
    let key = if request.method == "POST" { key(request)? } else { None };
    Ok(Asked { row, ids, params, expand, key, fingerprint })
}

fn is_multipart(request: &Request) -> bool {
    request.header("content-type").is_some_and(|found| found.starts_with("multipart/form-data"))
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

/// What makes two requests the same: the endpoint and its parameters, in whatever order they came. What is no form is
/// taken by its bytes.
fn fingerprint(request: &Request, params: &Branch) -> Fingerprint {
    let mut print = Printer::new();
    print.text(&request.method);
    print.text(&request.path);
    print_branch(&mut print, params);
    if is_multipart(request) {
        print.bytes(&request.body);
    }
    print.finish()
}

/// Adds names and values sorted by name.
fn print_branch(print: &mut Printer, branch: &Branch) {
    let mut members: Vec<&(String, Node)> = branch.iter().collect();
    members.sort_unstable_by(|one, other| one.0.cmp(&other.0));
    for (name, node) in members {
        print.text(name);
        match node {
            Node::Text(text) => {
                print.mark(b'=');
                print.text(text);
            }
            Node::Branch(inner) => {
                print.mark(b'[');
                print_branch(print, inner);
                print.mark(b']');
            }
        }
    }
}

fn kept(answer: Answer, body: &str, expand: &Expand) -> Body {
    match answer {
        Answer::Object(object) if expand.is_empty() => Body::Object { object, is_new: false },
        Answer::New(object) if expand.is_empty() => Body::Object { object, is_new: true },
        _ => Body::Text(body.into()),
    }
}

/// The origin of an answer. Nearly all requests come in the same way, so that one is shared with the next.
fn origin(world: &mut World, version: Version, request: &Request) -> Arc<Origin> {
    let latest = world.stripe.latest_origin.as_ref();
    if let Some(same) = latest.filter(|found| found.version == version && found.host == host(request)) {
        return same.clone();
    }
    let origin = Arc::new(Origin { version, host: host(request).to_owned() });
    world.stripe.latest_origin = Some(origin.clone());
    origin
}

fn replayed(world: &World, stored: &Stored) -> Reply {
    let Origin { version, host } = stored.origin.as_ref();
    let version = *version;
    let body = match &stored.body {
        Body::Object { object, is_new } => {
            Reader { is_new: *is_new, ..reader_at(world, version, host) }.object(object, Expand::NONE)
        }
        Body::Text(text) => text.as_ref().to_owned(),
    };
    let object = match &stored.body {
        Body::Object { object, .. } => Some(object.clone()),
        Body::Text(_) => None,
    };
    Reply { status: stored.status, body, version, is_replayed: true, object }
}
