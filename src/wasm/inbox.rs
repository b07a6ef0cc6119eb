//! The inbox door: what has arrived and what the store knows of it in, a decision out. Nothing is kept.

use super::record::{moment, slot, writes};
use super::reply;
use crate::advice::{Diagnose as _, Report, reported};
use crate::inbox::{self, Arrival, Decision, Ordering, Policy, Position, Run, Slot};
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
    Inbox(inbox::Error),
}

/// Takes `{"now", "received_at", "type"?, "claims": [slot, …], "lease_ms"?, "keep_ms"?, "order"?}`, where a slot is
/// `{"key", "version", "value"?}` and the order `{"policy", "by", "value", "mark": slot, "held": slot, "hold_until",
/// "release"?}`. Replies with `{"answer", …}`, see [`Decision`].
#[must_use]
pub fn decide(input: &[u8]) -> Vec<u8> {
    reply::of(try_decide(input))
}

fn try_decide(input: &[u8]) -> Result<String, Error> {
    let document = json::parse(input)?;
    let mut fields = Fields::of(&document, "arrival")?;
    let now = moment(&mut fields, "now")?;
    let received_at = moment(&mut fields, "received_at")?;
    let kind = fields.maybe_text("type")?;
    let claims = fields.list("claims")?.iter().map(|claim| slot(claim, "claims"));
    let claims: Vec<Slot<'_>> = claims.collect::<Result<_, _>>()?;
    let lease = fields.maybe_integer("lease_ms")?.map(Millis::new);
    let keep = fields.maybe_integer("keep_ms")?.map(Millis::new);
    let order = fields.optional("order").map(order).transpose()?;
    fields.finish()?;
    let arrival = Arrival { now, received_at, kind, claims: &claims, lease, keep, order };
    Ok(written(&inbox::decide(&arrival)?))
}

fn order<'v>(value: &'v Value<'_>) -> Result<Ordering<'v>, Error> {
    let mut fields = Fields::of(value, "order")?;
    let policy = fields.text("policy")?;
    let policy = Policy::of(policy).ok_or_else(|| unexpected("policy", "newest, hold or verdict", policy))?;
    let by = fields.text("by")?;
    let position = Position::of(by, fields.integer("value")?);
    let order = Ordering {
        policy,
        position: position.ok_or_else(|| unexpected("by", "version, time or state", by))?,
        mark: slot(fields.required("mark", "a record")?, "mark")?,
        held: slot(fields.required("held", "a record")?, "held")?,
        hold_until: moment(&mut fields, "hold_until")?,
        release: fields.maybe_flag("release")?.unwrap_or(false),
    };
    fields.finish()?;
    Ok(order)
}

fn unexpected(field: &'static str, expected: &'static str, found: &str) -> json::Error {
    json::ErrorKind::WrongField { field, expected, found: quoted(found) }.into()
}

fn written(decision: &Decision) -> String {
    let answer = |name: &str| ObjectWriter::new().text("answer", name);
    match decision {
        Decision::Duplicate { then } => answer("duplicate").raw("then", &writes(then)),
        Decision::Busy { until } => answer("busy").number("until", until.unix_ms()),
        Decision::Held { until } => answer("held").number("until", until.unix_ms()),
        Decision::Stale { then } => answer("stale").raw("then", &writes(then)),
        Decision::Hold { until, then } => {
            answer("hold").number("until", until.unix_ms()).raw("then", &writes(then))
        }
        Decision::Run(Run { attempt, fence, verdict, first, then, otherwise }) => answer("run")
            .number("attempt", *attempt)
            .number("fence", *fence)
            .maybe_text("verdict", verdict.map(inbox::Verdict::name))
            .raw("first", &writes(first))
            .raw("then", &writes(then))
            .raw("otherwise", &writes(otherwise)),
    }
    .finish()
}

impl From<json::Error> for Error {
    fn from(error: json::Error) -> Self {
        Self::Json(error)
    }
}

impl From<inbox::Error> for Error {
    fn from(error: inbox::Error) -> Self {
        Self::Inbox(error)
    }
}

impl Error {
    fn table(&self) -> Report {
        match self {
            Self::Json(error) => error.report(),
            Self::Inbox(error) => error.report(),
        }
    }
}

reported!(Error);

/// The functions JavaScript sees.
#[cfg(all(target_family = "wasm", feature = "wasm-inbox"))]
pub mod exports {
    use wasm_bindgen::prelude::wasm_bindgen;

    use crate::prelude::*;

    /// See [`super::decide`].
    #[wasm_bindgen]
    pub fn inbox_decide(input: &[u8]) -> Vec<u8> {
        super::decide(input)
    }
}
