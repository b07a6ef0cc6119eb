//! A snapshot is the list of calls that changed the gateway: replaying them gives the same gateway, exactly.
//!
//! One JSON document per line, the first with version and options. Replaying is exact by construction, because the
//! engine has no other input than its calls; a picture of the state would have to be proven equal field by field.

use super::exchange::Request;
use super::faults::FaultPlan;
use super::options::Options;
use super::tape::Tape;
use super::webhooks::Outcome;
use super::{Error, Gateway};
use crate::advice::{Advice, Detail, Diagnose};
use crate::crypto::{HexCase, decode_hex, encode_hex};
use crate::json::{self, ArrayWriter, Fields, ObjectWriter, Value};
use crate::prelude::*;
use crate::time::Timestamp;

/// The version written. A reader refuses every other.
const VERSION: u64 = 2;

/// The headers that change what a request does, hence the only ones worth remembering. Keys of an API are not among
/// them: who may not come in is turned away before anything is noted.
pub(super) const KEPT_HEADERS: [&str; 4] =
    ["idempotency-key", "stripe-account", "stripe-version", MEDIA_TYPE];

const MEDIA_TYPE: &str = "content-type";

/// The one media type that is read otherwise than all others.
const MULTIPART: &str = "multipart/";

/// A call that changed the gateway.
#[derive(Clone, Debug)]
pub(super) enum Call {
    Handle(Request),
    /// So many requests that changed nothing but the count of requests.
    Reads(usize),
    Timeout,
    Poll,
    Report {
        delivery: usize,
        outcome: Outcome,
    },
    Faults(FaultPlan),
}

/// The place of a header in [`KEPT_HEADERS`]; `None` for one that the engine does not read.
pub(super) fn kept(name: &str, value: &str) -> Option<usize> {
    // The length tells nearly all of them apart, and nearly all come in lower case.
    let is_it = |kept: &&str| kept.len() == name.len() && (name == *kept || name.eq_ignore_ascii_case(kept));
    let place = KEPT_HEADERS.iter().position(is_it)?;
    let is_read = KEPT_HEADERS.get(place) != Some(&MEDIA_TYPE) || value.starts_with(MULTIPART);
    is_read.then_some(place)
}

/// Why a snapshot was refused. Variants stand in order of precedence.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum SnapshotError {
    /// There is no first line.
    Empty,
    /// A line is no JSON document of the expected form.
    Line {
        /// Which one, from 1.
        line: usize,
        /// What is wrong with it.
        error: json::Error,
    },
    /// A line holds a call that does not exist.
    Call {
        /// Which one, from 1.
        line: usize,
    },
    /// It was written by another version.
    Version {
        /// The version found.
        found: u64,
    },
    /// The options in it are refused.
    Options(Error),
}

impl core::fmt::Display for SnapshotError {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        match self {
            Self::Empty => f.write_str("the snapshot is empty: expected what snapshot() returned"),
            Self::Line { line, error } => write!(f, "the snapshot is damaged in line {line}: {error}"),
            Self::Call { line } => {
                write!(f, "the snapshot is damaged in line {line}: no such call, or an argument is wrong")
            }
            Self::Version { found } => {
                write!(
                    f,
                    "the snapshot has version {found}; this build reads version {VERSION}: take a new one"
                )
            }
            Self::Options(error) => write!(f, "the options in the snapshot are refused: {error}"),
        }
    }
}

impl core::error::Error for SnapshotError {}

impl Diagnose for SnapshotError {
    fn code(&self) -> &'static str {
        match self {
            Self::Empty => "snapshot_empty",
            Self::Line { .. } | Self::Call { .. } => "snapshot_damaged",
            Self::Version { .. } => "snapshot_version_unknown",
            Self::Options(_) => "snapshot_options_refused",
        }
    }

    fn advice(&self) -> Advice {
        Advice::FixCall
    }

    fn details(&self) -> Vec<Detail> {
        match self {
            Self::Empty => Vec::new(),
            Self::Line { line, .. } | Self::Call { line } => vec![("line", line.to_string())],
            Self::Version { found } => vec![("found", found.to_string()), ("expected", VERSION.to_string())],
            Self::Options(error) => error.details(),
        }
    }
}

/// The text of a gateway.
pub(super) fn write(options: &Options, calls: &Tape) -> String {
    let head = ObjectWriter::new().number("version", VERSION).raw("options", &options.to_json());
    let mut out = head.finish();
    for (now, call) in calls.calls() {
        out.push('\n');
        out.push_str(&line(now, &call));
    }
    out
}

/// A gateway from its text.
pub(super) fn read(text: &str) -> Result<Gateway, SnapshotError> {
    let mut lines = text.lines().enumerate().map(|(number, text)| (number.saturating_add(1), text));
    let (_, head) = lines.next().ok_or(SnapshotError::Empty)?;
    let damaged = |error| SnapshotError::Line { line: 1, error };
    let head = json::parse(head.as_bytes()).map_err(damaged)?;
    let mut fields = Fields::of(&head, "snapshot").map_err(damaged)?;
    let version = fields.integer("version").map_err(damaged)?;
    if version != VERSION {
        return Err(SnapshotError::Version { found: version });
    }
    let options = fields.required("options", "an object").map_err(damaged)?;
    let options = Options::from_json(options).map_err(SnapshotError::Options)?;
    let mut gateway = Gateway::new(options);
    for (line, text) in lines {
        let damaged = |error| SnapshotError::Line { line, error };
        let call = json::parse(text.as_bytes()).map_err(damaged)?;
        let mut fields = Fields::of(&call, "call").map_err(damaged)?;
        let now = fields.integer("now").map_err(damaged)?;
        let now = Timestamp::from_unix_ms(now).ok_or(SnapshotError::Call { line })?;
        let call = call_of(&mut fields).map_err(damaged)?.ok_or(SnapshotError::Call { line })?;
        gateway.replay(now, call);
    }
    Ok(gateway)
}

fn line(now: Timestamp, call: &Call) -> String {
    let out = ObjectWriter::new().number("now", now.unix_ms());
    match call {
        Call::Timeout => out.text("call", "timeout").finish(),
        Call::Reads(count) => {
            out.text("call", "reads").number("count", u64::try_from(*count).unwrap_or(u64::MAX)).finish()
        }
        Call::Poll => out.text("call", "poll").finish(),
        Call::Faults(plan) => out.text("call", "faults").raw("plan", &plan.to_json()).finish(),
        Call::Report { delivery, outcome } => {
            let out =
                out.text("call", "report").number("delivery", u64::try_from(*delivery).unwrap_or(u64::MAX));
            match outcome {
                Outcome::Answered(status) => out.number("status", u64::from(*status)).finish(),
                Outcome::NoAnswer => out.null("status").finish(),
            }
        }
        Call::Handle(request) => {
            let head = [&request.method, &request.path, &request.query];
            let head = head.into_iter().fold(ArrayWriter::new(), |list, text| list.text(text)).finish();
            let out = out.text("call", "handle").raw("request", &head);
            let headers = request
                .headers
                .iter()
                .fold(ObjectWriter::new(), |headers, (name, value)| headers.text(name, value));
            let out = if request.headers.is_empty() { out } else { out.raw("headers", &headers.finish()) };
            match core::str::from_utf8(&request.body) {
                Ok(body) => out.text("body", body).finish(),
                Err(_) => out.text("bytes", &encode_hex(&request.body)).finish(),
            }
        }
    }
}

fn call_of(fields: &mut Fields<'_, '_>) -> Result<Option<Call>, json::Error> {
    Ok(match fields.text("call")? {
        "timeout" => Some(Call::Timeout),
        "reads" => usize::try_from(fields.integer("count")?).ok().map(Call::Reads),
        "poll" => Some(Call::Poll),
        "faults" => FaultPlan::from_json(fields.required("plan", "an object")?).ok().map(Call::Faults),
        "report" => {
            let delivery = usize::try_from(fields.integer("delivery")?).ok();
            let status = fields.maybe_integer("status")?.map(u16::try_from);
            let outcome = match status {
                None => Some(Outcome::NoAnswer),
                Some(Ok(status)) => Some(Outcome::Answered(status)),
                Some(Err(_)) => None,
            };
            delivery.zip(outcome).map(|(delivery, outcome)| Call::Report { delivery, outcome })
        }
        "handle" => {
            let head: Option<Vec<&str>> = fields.list("request")?.iter().map(Value::as_str).collect();
            let headers = fields.optional("headers").and_then(Value::as_object).unwrap_or_default();
            let headers = headers
                .iter()
                .filter_map(|(name, value)| Some((name.to_string(), value.as_str()?.to_owned())));
            let headers = headers.collect();
            let body = match (fields.maybe_text("body")?, fields.maybe_text("bytes")?) {
                (Some(text), None) => Some(text.as_bytes().to_vec()),
                (None, Some(hex)) => decode_hex(hex, HexCase::Lower).ok(),
                _ => None,
            };
            match (head.as_deref(), body) {
                (Some([method, path, query]), Some(body)) => Some(Call::Handle(Request {
                    method: (*method).to_owned(),
                    path: (*path).to_owned(),
                    query: (*query).to_owned(),
                    headers,
                    body,
                })),
                _ => None,
            }
        }
        _ => None,
    })
}
