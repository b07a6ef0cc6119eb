//! The journal as text: one JSON object an entry, version 1. Old entries must be readable for ever.

use super::{Definition, Entry, Error, StepDefinition};
use crate::json::{self, ArrayWriter, Fields, ObjectWriter, Value, quoted};
use crate::prelude::*;
use crate::time::Timestamp;

/// An entry as one line of JSON.
#[must_use]
pub fn encode_entry(entry: &Entry) -> String {
    let begin =
        |kind: &str, at: &Timestamp| ObjectWriter::new().text("type", kind).number("at", at.unix_ms());
    match entry {
        Entry::Opened { at, definition, input } => {
            let mut steps = ArrayWriter::new();
            for step in &definition.steps {
                steps =
                    steps.raw(&ObjectWriter::new().text("name", &step.name).flag("undo", step.undo).finish());
            }
            begin("opened", at)
                .number("v", 1)
                .text("name", &definition.name)
                .text("id", &definition.id)
                .raw("steps", &steps.finish())
                .text("input", input)
        }
        Entry::Began { at, attempt, owner, lease_until } => begin("began", at)
            .number("attempt", u64::from(*attempt))
            .text("owner", owner)
            .number("lease_until", lease_until.unix_ms()),
        Entry::Done { at, result } => begin("done", at).text("result", result),
        Entry::Refused { at, reason, doubtful } => {
            begin("refused", at).text("reason", reason).flag("doubtful", *doubtful)
        }
        Entry::Failed { at, reason, next_at } => {
            begin("failed", at).text("reason", reason).number("next_at", next_at.unix_ms())
        }
        Entry::Parked { at, reason, next_at } => {
            begin("parked", at).text("reason", reason).number("next_at", next_at.unix_ms())
        }
        Entry::Cancelled { at, reason } => begin("cancelled", at).text("reason", reason),
        Entry::NeedsReview { at, reason } => begin("needs_review", at).text("reason", reason),
        Entry::Released { at } => begin("released", at),
    }
    .finish()
}

/// Reads an entry.
///
/// # Errors
///
/// [`Document`](super::ErrorKind::Document) names the field.
pub fn decode_entry(document: &Value<'_>) -> Result<Entry, Error> {
    let mut fields = Fields::of(document, "entry")?;
    let kind = fields.text("type")?;
    let at = moment(&mut fields, "at")?;
    let entry = match kind {
        "opened" => {
            let version = fields.integer("v")?;
            if version != 1 {
                return Err(unexpected("v", "journal version 1", version.digits()));
            }
            let definition = decode_definition(&mut fields)?;
            Entry::Opened { at, definition, input: text(&mut fields, "input")? }
        }
        "began" => Entry::Began {
            at,
            attempt: count(&mut fields, "attempt")?,
            owner: text(&mut fields, "owner")?,
            lease_until: moment(&mut fields, "lease_until")?,
        },
        "done" => Entry::Done { at, result: text(&mut fields, "result")? },
        "refused" => Entry::Refused {
            at,
            reason: text(&mut fields, "reason")?,
            doubtful: fields.maybe_flag("doubtful")?.unwrap_or(true),
        },
        "failed" => Entry::Failed {
            at,
            reason: text(&mut fields, "reason")?,
            next_at: moment(&mut fields, "next_at")?,
        },
        "parked" => Entry::Parked {
            at,
            reason: text(&mut fields, "reason")?,
            next_at: moment(&mut fields, "next_at")?,
        },
        "cancelled" => Entry::Cancelled { at, reason: text(&mut fields, "reason")? },
        "needs_review" => Entry::NeedsReview { at, reason: text(&mut fields, "reason")? },
        "released" => Entry::Released { at },
        other => return Err(unexpected("type", "a journal entry of version 1", quoted(other))),
    };
    fields.finish()?;
    Ok(entry)
}

/// Reads the `name`, `id` and `steps` of a document that has more fields.
///
/// # Errors
///
/// As [`decode_entry`]. Whether a saga can be made of it is for [`Definition::checked`] to say.
pub fn decode_definition(fields: &mut Fields<'_, '_>) -> Result<Definition, Error> {
    let name = text(fields, "name")?;
    let id = text(fields, "id")?;
    let mut steps = Vec::new();
    for step in fields.list("steps")? {
        let mut fields = Fields::of(step, "step")?;
        let undo = fields.maybe_flag("undo")?.unwrap_or(false);
        steps.push(StepDefinition { name: text(&mut fields, "name")?, undo });
        fields.finish()?;
    }
    Ok(Definition { name, id, steps })
}

fn unexpected(field: &'static str, expected: &'static str, found: String) -> Error {
    json::Error::from(json::ErrorKind::WrongField { field, expected, found }).into()
}

/// Texts that came from outside may be empty, and are kept so.
fn text(fields: &mut Fields<'_, '_>, field: &'static str) -> Result<String, Error> {
    let missing = || json::Error::from(json::ErrorKind::MissingField { field, expected: "a string" });
    Ok(fields.maybe_text(field)?.ok_or_else(missing)?.to_owned())
}

fn moment(fields: &mut Fields<'_, '_>, field: &'static str) -> Result<Timestamp, Error> {
    let ms = fields.integer(field)?;
    Timestamp::from_unix_ms(ms)
        .ok_or_else(|| unexpected(field, "a moment before the year 10000", ms.digits()))
}

fn count(fields: &mut Fields<'_, '_>, field: &'static str) -> Result<u32, Error> {
    let number = fields.integer(field)?;
    u32::try_from(number).map_err(|_| unexpected(field, "a count below 2^32", number.digits()))
}
