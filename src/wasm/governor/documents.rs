//! What crosses the governor's door as a document: its settings, its lanes as they stand, and what is wrong with either.

use crate::advice::{Advice, Diagnose as _, Report, reported};
use crate::calendar;
use crate::crypto::{HexCase, decode_hex};
use crate::governor::{self, BreakerSettings, BudgetSettings, BulkheadSettings, Settings, View};
use crate::json::{self, Fields, ObjectWriter, Value};
use crate::prelude::*;
use crate::retry::{self, Jitter, Policy};
use crate::time::{Millis, Timestamp};

/// The longest hint that crosses: seven weeks. The engine cuts it far below.
const HINT_MAX: u64 = 4_294_967_294;

/// Why a call was refused. Variants stand in order of precedence.
#[derive(Debug)]
#[non_exhaustive]
pub enum Error {
    /// The document that came in is not what this function takes.
    Json(json::Error),
    /// The waits between probes are refused.
    Retry(retry::Error),
    /// What it asks for is refused.
    Governor(governor::Error),
    /// No governor has this handle: it was released, or is from before a trap.
    UnknownHandle {
        /// The handle.
        found: u32,
    },
}

pub(super) fn shown(view: &View<'_>) -> String {
    let counts = view.counts;
    let mut out = ObjectWriter::new()
        .text("provider", view.provider)
        .text("operation", view.operation)
        .text("breaker", view.phase.name())
        .number("in_flight", u64::from(view.in_flight))
        .raw("waiting", &view.waiting.digits())
        .number("first_sends", counts.first_sends)
        .number("retries", counts.retries)
        .number("probes", counts.probes)
        .number("held", counts.held)
        .number("answered", counts.answered)
        .number("failed", counts.failed)
        .number("shed", counts.shed)
        .number("trips", counts.trips);
    if let Some(window) = view.window {
        out = out.number("window", u64::from(window));
    }
    if let Some(tokens) = view.tokens {
        out = out.number("tokens", tokens);
    }
    if let Some(at) = view.probe_at {
        out = out.number("probe_at", at.unix_ms());
    }
    if let Some(until) = view.quiet_until {
        out = out.number("quiet_until", until.unix_ms());
    }
    out.finish()
}

pub(super) fn settings(fields: &mut Fields<'_, '_>) -> Result<Settings, Error> {
    let mut settings = Settings::default();
    settings.budget = part(fields, "budget", settings.budget, |fields, budget: &mut BudgetSettings| {
        small(fields, "burst", &mut budget.burst)?;
        small(fields, "per_mille", &mut budget.per_mille)?;
        length(fields, "trickle_ms", &mut budget.trickle)
    })?;
    settings.breaker = part(fields, "breaker", settings.breaker, |fields, breaker: &mut BreakerSettings| {
        small(fields, "in_a_row", &mut breaker.in_a_row)?;
        small(fields, "failures", &mut breaker.failures)?;
        small(fields, "outcomes", &mut breaker.outcomes)?;
        length(fields, "memory_ms", &mut breaker.memory)?;
        let (mut base, mut cap) = (breaker.probe.base(), breaker.probe.cap());
        length(fields, "probe_base_ms", &mut base)?;
        length(fields, "probe_cap_ms", &mut cap)?;
        breaker.probe = Policy::new(base, cap, Jitter::Full)?;
        length(fields, "probe_lease_ms", &mut breaker.probe_lease)?;
        small(fields, "window", &mut breaker.window)
    })?;
    settings.bulkhead =
        part(fields, "bulkhead", settings.bulkhead, |fields, bulkhead: &mut BulkheadSettings| {
            small(fields, "in_flight", &mut bulkhead.in_flight)?;
            small(fields, "waiting", &mut bulkhead.waiting)
        })?;
    Ok(settings)
}

/// A part that is left out keeps its defaults, one that is `false` is switched off, and one that is an object is read.
fn part<T>(
    fields: &mut Fields<'_, '_>,
    name: &'static str,
    default: Option<T>,
    read: impl FnOnce(&mut Fields<'_, '_>, &mut T) -> Result<(), Error>,
) -> Result<Option<T>, Error> {
    match (fields.optional(name), default) {
        (Some(Value::Bool(false)), _) | (_, None) => Ok(None),
        (None, default) => Ok(default),
        (Some(value), Some(mut part)) => {
            let mut fields = Fields::of(value, name)?;
            read(&mut fields, &mut part)?;
            fields.finish()?;
            Ok(Some(part))
        }
    }
}

fn small(fields: &mut Fields<'_, '_>, name: &'static str, into: &mut u32) -> Result<(), Error> {
    if let Some(number) = fields.maybe_integer(name)? {
        // What does not fit is too much as well, and refused as such where there is a limit.
        *into = u32::try_from(number).unwrap_or(u32::MAX);
    }
    Ok(())
}

fn length(fields: &mut Fields<'_, '_>, name: &'static str, into: &mut Millis) -> Result<(), Error> {
    if let Some(ms) = fields.maybe_integer(name)? {
        *into = Millis::new(ms);
    }
    Ok(())
}

pub(super) fn retry_after(input: &[u8]) -> Result<String, Error> {
    let document = json::parse(input)?;
    let mut fields = Fields::of(&document, "hint")?;
    let text = fields.maybe_text("text")?.unwrap_or_default();
    let now = Timestamp::from_unix_ms(fields.integer("now")?).unwrap_or(Timestamp::MAX);
    fields.finish()?;
    let hint = retry::retry_after(text, now, calendar::parse_http_date);
    Ok(hint.map_or_else(|| "null".to_owned(), |hint| hint.get().min(HINT_MAX).digits()))
}

pub(super) fn entropy(text: &str) -> Result<[u8; 16], json::Error> {
    let bytes = decode_hex(text, HexCase::Lower).ok().and_then(|bytes| bytes.try_into().ok());
    let (field, expected) = ("entropy", "16 bytes in lower-case hexadecimal");
    let found = "another text".to_owned();
    bytes.ok_or_else(|| json::ErrorKind::WrongField { field, expected, found }.into())
}

impl From<json::Error> for Error {
    fn from(error: json::Error) -> Self {
        Self::Json(error)
    }
}

impl From<retry::Error> for Error {
    fn from(error: retry::Error) -> Self {
        Self::Retry(error)
    }
}

impl From<governor::Error> for Error {
    fn from(error: governor::Error) -> Self {
        Self::Governor(error)
    }
}

impl Error {
    fn table(&self) -> Report {
        match self {
            Self::Json(error) => error.report(),
            Self::Retry(error) => error.report(),
            Self::Governor(error) => error.report(),
            Self::UnknownHandle { found } => Report::new("governor_unknown_handle")
                .advise(Advice::ReportBug)
                .number("found", u64::from(*found))
                .say("no governor has the handle {found}"),
        }
    }
}

reported!(Error);
