//! The door of idempotent endpoints: a request in, what it is known by out; what the store knows in, a decision out.
//! Nothing is kept: a claim goes out to the driver and comes back with him.

use super::record::{moment, one, slot};
use super::reply;
use crate::advice::{Diagnose as _, Report, reported};
use crate::idempotency::{
    self, Arrival, Body, Claim, Decision, Ending, Identity, Key, Length, Policy, Request, Run, Slot, Terms,
};
use crate::json::{self, Fields, ObjectWriter, Value, quoted};
use crate::prelude::*;
use crate::time::Millis;

/// Why a call was refused. Variants stand in order of precedence.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Error {
    /// The document that came in is not what this function takes.
    Json(json::Error),
    /// No decision can be made.
    Idempotency(idempotency::Error),
}

/// Takes `{"header"?, "least", "most", "operation", "principal", "method", "target", "json"}` and the bytes of the body.
/// Replies with `{"id", "fingerprint"}`, or with `{"refused": error}` for a request without a proper key.
#[must_use]
pub fn identify(input: &[u8], body: &[u8]) -> Vec<u8> {
    reply::of(try_identify(input, body))
}

fn try_identify(input: &[u8], body: &[u8]) -> Result<String, Error> {
    let document = json::parse(input)?;
    let mut fields = Fields::of(&document, "request")?;
    let header = fields.maybe_text("header")?.unwrap_or_default();
    let length = Length { least: size(&mut fields, "least")?, most: size(&mut fields, "most")? };
    let (operation, principal) = (fields.text("operation")?, fields.text("principal")?);
    let (method, target) = (fields.text("method")?, fields.text("target")?);
    let body = if fields.maybe_flag("json")?.unwrap_or(false) { Body::Json(body) } else { Body::Bytes(body) };
    fields.finish()?;
    match Key::read(header, length) {
        Ok(key) => {
            let request = Request { operation, principal, key: &key, method, target, body };
            let Identity { id, fingerprint } = request.identity();
            Ok(ObjectWriter::new().text("id", &id).text("fingerprint", &fingerprint).finish())
        }
        Err(refused) if refused.is_of_request() => {
            Ok(ObjectWriter::new().raw("refused", &reply::describe(&refused)).finish())
        }
        Err(error) => Err(error.into()),
    }
}

/// Takes `{"now", "slot", "fingerprint", "operation", "owner", "terms"}`, where a slot is `{"key", "version", "value"?}` and terms are
/// `{"policy", "lease_ms"?, "keep_ms"}`. Replies with `{"answer", …}`, see [`Decision`].
#[must_use]
pub fn decide(input: &[u8]) -> Vec<u8> {
    reply::of(try_decide(input))
}

fn try_decide(input: &[u8]) -> Result<String, Error> {
    let document = json::parse(input)?;
    let mut fields = Fields::of(&document, "arrival")?;
    let arrival = Arrival {
        now: moment(&mut fields, "now")?,
        slot: slot_of(&mut fields)?,
        fingerprint: fields.text("fingerprint")?,
        operation: fields.text("operation")?,
        owner: fields.text("owner")?,
        terms: terms(&mut fields)?,
    };
    fields.finish()?;
    Ok(written(&idempotency::decide(&arrival)?))
}

/// Takes `{"now", "slot", "owner", "terms"}`. Replies as [`decide`] does for a run, or with `null` where nothing is open.
#[must_use]
pub fn take(input: &[u8]) -> Vec<u8> {
    reply::of(try_take(input))
}

fn try_take(input: &[u8]) -> Result<String, Error> {
    let document = json::parse(input)?;
    let mut fields = Fields::of(&document, "arrival")?;
    let now = moment(&mut fields, "now")?;
    let slot = slot_of(&mut fields)?;
    let owner = fields.text("owner")?;
    let terms = terms(&mut fields)?;
    fields.finish()?;
    Ok(idempotency::take(now, slot, owner, terms)?.map_or_else(null, |run| running("execute", &run)))
}

/// Takes a slot. Replies with `{"operation", "state", "since", "attempt"}`, or with `null` where nothing is open.
#[must_use]
pub fn unfinished(input: &[u8]) -> Vec<u8> {
    reply::of(try_unfinished(input))
}

fn try_unfinished(input: &[u8]) -> Result<String, Error> {
    let document = json::parse(input)?;
    Ok(idempotency::unfinished(slot(&document, "slot")?)?.map_or_else(null, |open| {
        ObjectWriter::new()
            .text("operation", &open.operation)
            .text("state", open.state)
            .number("since", open.since.unix_ms())
            .number("attempt", open.attempt)
            .finish()
    }))
}

/// Takes `{"now", "claim", "terms"}`. Replies with `{"claim", "write"}`.
#[must_use]
pub fn renew(input: &[u8]) -> Vec<u8> {
    reply::of(try_renew(input))
}

fn try_renew(input: &[u8]) -> Result<String, Error> {
    let document = json::parse(input)?;
    let mut fields = Fields::of(&document, "renewal")?;
    let now = moment(&mut fields, "now")?;
    let claim = Claim::decode(fields.required("claim", "a claim")?)?;
    let terms = terms(&mut fields)?;
    fields.finish()?;
    let (claim, write) = claim.renew(now, &terms);
    Ok(ObjectWriter::new().raw("claim", &claim.encode()).raw("write", &one(&write)).finish())
}

/// Takes `{"now", "claim", "terms", "ending", "status"?, "look_in_ms"?}`, where the ending is `status`, which is then that of
/// the answer, `pending`, `released` or `uncertain`. Replies with `{"ending", "write", "keeps_answer"}`, and `expires_at` in
/// an ending `answered`.
#[must_use]
pub fn finish(input: &[u8]) -> Vec<u8> {
    reply::of(try_finish(input))
}

fn try_finish(input: &[u8]) -> Result<String, Error> {
    let document = json::parse(input)?;
    let mut fields = Fields::of(&document, "end")?;
    let now = moment(&mut fields, "now")?;
    let claim = Claim::decode(fields.required("claim", "a claim")?)?;
    let terms = terms(&mut fields)?;
    let status = fields.maybe_integer("status")?;
    let look_in = Millis::new(fields.maybe_integer("look_in_ms")?.unwrap_or_default());
    let ending = match fields.text("ending")? {
        "status" => Ending::of_status(status.unwrap_or_default())
            .ok_or_else(|| unexpected("status", "200 to 599", &status.unwrap_or_default().digits()))?,
        "pending" => Ending::Pending { look_in },
        "released" => Ending::Released,
        "uncertain" => Ending::Uncertain,
        other => return Err(unexpected("ending", "status, pending, released or uncertain", &quoted(other))),
    };
    fields.finish()?;
    let finish = claim.finish(ending, now, &terms);
    let mut object = ObjectWriter::new()
        .text("ending", ending.name())
        .raw("write", &one(&finish.write))
        .flag("keeps_answer", finish.keeps_answer);
    if let Some(moment) = finish.answered_until {
        object = object.number("expires_at", moment.unix_ms());
    }
    Ok(object.finish())
}

fn slot_of<'v>(fields: &mut Fields<'v, '_>) -> Result<Slot<'v>, json::Error> {
    slot(fields.required("slot", "a record")?, "slot")
}

fn terms(fields: &mut Fields<'_, '_>) -> Result<Terms, Error> {
    let value: &Value<'_> = fields.required("terms", "an object")?;
    let mut fields = Fields::of(value, "terms")?;
    let policy = fields.text("policy")?;
    let terms = Terms {
        policy: Policy::of(policy)
            .ok_or_else(|| unexpected("policy", "repeat, recover or hold", &quoted(policy)))?,
        lease: fields.maybe_integer("lease_ms")?.map(Millis::new),
        keep: Millis::new(fields.integer("keep_ms")?),
    };
    fields.finish()?;
    Ok(terms)
}

fn size(fields: &mut Fields<'_, '_>, field: &'static str) -> Result<usize, json::Error> {
    // No key is that long, and no platform has pointers below 32 bits.
    Ok(usize::try_from(fields.integer(field)?).unwrap_or(usize::MAX))
}

fn unexpected(field: &'static str, expected: &'static str, found: &str) -> Error {
    json::Error::from(json::ErrorKind::WrongField { field, expected, found: found.to_owned() }).into()
}

fn null() -> String {
    "null".to_owned()
}

fn written(decision: &Decision) -> String {
    let answer = |name: &str| ObjectWriter::new().text("answer", name);
    match decision {
        Decision::Execute(run) => running("execute", run),
        Decision::Recover(run) => running("recover", run),
        Decision::Replay { expires_at } => {
            answer("replay").number("expires_at", expires_at.unix_ms()).finish()
        }
        Decision::Pending { retry_after } => answer("pending").number("retry_after", *retry_after).finish(),
        Decision::Mismatch => answer("mismatch").finish(),
        Decision::InFlight { until } => answer("in_flight").number("until", until.unix_ms()).finish(),
        Decision::Unresolved => answer("unresolved").finish(),
    }
}

fn running(answer: &str, Run { cause, claim, first, keeps_answer }: &Run) -> String {
    ObjectWriter::new()
        .text("answer", answer)
        .text("cause", cause.name())
        .number("attempt", claim.attempt())
        .number("fence", claim.fence())
        .raw("claim", &claim.encode())
        .raw("first", &one(first))
        .flag("keeps_answer", *keeps_answer)
        .finish()
}

impl From<json::Error> for Error {
    fn from(error: json::Error) -> Self {
        Self::Json(error)
    }
}

impl From<idempotency::Error> for Error {
    fn from(error: idempotency::Error) -> Self {
        Self::Idempotency(error)
    }
}

impl Error {
    fn table(&self) -> Report {
        match self {
            Self::Json(error) => error.report(),
            Self::Idempotency(error) => error.report(),
        }
    }
}

reported!(Error);

/// The functions JavaScript sees.
#[cfg(all(target_family = "wasm", feature = "wasm-idempotency"))]
pub mod exports {
    use wasm_bindgen::prelude::wasm_bindgen;

    use crate::prelude::*;

    /// See [`super::identify`].
    #[wasm_bindgen]
    pub fn idempotency_identify(input: &[u8], body: &[u8]) -> Vec<u8> {
        super::identify(input, body)
    }

    /// See [`super::decide`].
    #[wasm_bindgen]
    pub fn idempotency_decide(input: &[u8]) -> Vec<u8> {
        super::decide(input)
    }

    /// See [`super::take`].
    #[wasm_bindgen]
    pub fn idempotency_take(input: &[u8]) -> Vec<u8> {
        super::take(input)
    }

    /// See [`super::unfinished`].
    #[wasm_bindgen]
    pub fn idempotency_unfinished(input: &[u8]) -> Vec<u8> {
        super::unfinished(input)
    }

    /// See [`super::renew`].
    #[wasm_bindgen]
    pub fn idempotency_renew(input: &[u8]) -> Vec<u8> {
        super::renew(input)
    }

    /// See [`super::finish`].
    #[wasm_bindgen]
    pub fn idempotency_finish(input: &[u8]) -> Vec<u8> {
        super::finish(input)
    }
}
