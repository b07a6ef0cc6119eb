//! The journal as text: one JSON object an entry, version 1. Old entries must be readable for ever.

use super::{Entry, Error, Proposal, Sighting};
use crate::json::{self, Fields, ObjectWriter, Value, quoted};
use crate::prelude::*;
use crate::time::Timestamp;

/// An entry as one line of JSON.
#[must_use]
pub fn encode_entry(entry: &Entry) -> String {
    let begin =
        |kind: &str, at: &Timestamp| ObjectWriter::new().text("type", kind).number("at", at.unix_ms());
    let shown = |out: ObjectWriter, run: &str, sighting: &Sighting| {
        out.text("run", run).text("figures", &sighting.figures).text("found", &sighting.found)
    };
    let decided = |out: ObjectWriter, number: u32| out.number("proposal", number.into());
    match entry {
        Entry::Opened { at, run, id, sighting } => {
            shown(begin("opened", at).number("v", 1).text("id", id), run, sighting)
        }
        Entry::Changed { at, run, sighting } => shown(begin("changed", at), run, sighting),
        Entry::Gone { at, run } => begin("gone", at).text("run", run),
        Entry::Returned { at, run, sighting } => shown(begin("returned", at), run, sighting),
        Entry::Assigned { at, by, to } => {
            begin("assigned", at).text("by", by).maybe_text("to", to.as_deref())
        }
        Entry::Commented { at, by, text } => begin("commented", at).text("by", by).text("text", text),
        Entry::Proposed { at, by, number, proposal } => {
            decided(begin("proposed", at).text("by", by), *number)
                .maybe_text("entry", proposal.entry.as_deref())
                .flag("mends", proposal.mends)
                .text("reason", &proposal.reason)
        }
        Entry::Rejected { at, by, number, reason } => {
            decided(begin("rejected", at).text("by", by), *number).text("reason", reason)
        }
        Entry::Approved { at, by, number } => decided(begin("approved", at).text("by", by), *number),
        Entry::Posted { at, number, position } => {
            decided(begin("posted", at), *number).number("position", *position)
        }
        Entry::Refused { at, number, reason } => {
            decided(begin("refused", at), *number).text("reason", reason)
        }
        Entry::Reopened { at, by, reason } => begin("reopened", at).text("by", by).text("reason", reason),
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
    let at = decode_moment(&mut fields, "at")?;
    let entry = match kind {
        "opened" => {
            let version = fields.integer("v")?;
            if version != 1 {
                return Err(unexpected("v", "journal version 1", version.digits()));
            }
            let id = text(&mut fields, "id")?;
            Entry::Opened { at, id, run: text(&mut fields, "run")?, sighting: decode_sighting(&mut fields)? }
        }
        "changed" => {
            Entry::Changed { at, run: text(&mut fields, "run")?, sighting: decode_sighting(&mut fields)? }
        }
        "gone" => Entry::Gone { at, run: text(&mut fields, "run")? },
        "returned" => {
            Entry::Returned { at, run: text(&mut fields, "run")?, sighting: decode_sighting(&mut fields)? }
        }
        "assigned" => {
            let to = fields.maybe_text("to")?.map(ToOwned::to_owned);
            Entry::Assigned { at, by: text(&mut fields, "by")?, to }
        }
        "commented" => {
            Entry::Commented { at, by: text(&mut fields, "by")?, text: text(&mut fields, "text")? }
        }
        "proposed" => Entry::Proposed {
            at,
            by: text(&mut fields, "by")?,
            number: decode_number(&mut fields)?,
            proposal: decode_proposal(&mut fields)?,
        },
        "rejected" => Entry::Rejected {
            at,
            by: text(&mut fields, "by")?,
            number: decode_number(&mut fields)?,
            reason: text(&mut fields, "reason")?,
        },
        "approved" => {
            Entry::Approved { at, by: text(&mut fields, "by")?, number: decode_number(&mut fields)? }
        }
        "posted" => {
            Entry::Posted { at, number: decode_number(&mut fields)?, position: fields.integer("position")? }
        }
        "refused" => {
            Entry::Refused { at, number: decode_number(&mut fields)?, reason: text(&mut fields, "reason")? }
        }
        "reopened" => {
            Entry::Reopened { at, by: text(&mut fields, "by")?, reason: text(&mut fields, "reason")? }
        }
        other => return Err(unexpected("type", "a journal entry of version 1", quoted(other))),
    };
    fields.finish()?;
    Ok(entry)
}

/// Reads `figures` and `found` of a document that has more fields.
///
/// # Errors
///
/// As [`decode_entry`].
pub fn decode_sighting(fields: &mut Fields<'_, '_>) -> Result<Sighting, Error> {
    Ok(Sighting { figures: text(fields, "figures")?, found: text(fields, "found")? })
}

/// Reads `entry`, `mends` and `reason` of a document that has more fields.
///
/// # Errors
///
/// As [`decode_entry`].
pub fn decode_proposal(fields: &mut Fields<'_, '_>) -> Result<Proposal, Error> {
    let entry = fields.maybe_text("entry")?.map(ToOwned::to_owned);
    let mends = fields.maybe_flag("mends")?.unwrap_or(false);
    Ok(Proposal { entry, mends, reason: text(fields, "reason")? })
}

/// Reads the number of a proposal.
///
/// # Errors
///
/// As [`decode_entry`].
pub fn decode_number(fields: &mut Fields<'_, '_>) -> Result<u32, Error> {
    let number = fields.integer("proposal")?;
    u32::try_from(number).map_err(|_| unexpected("proposal", "a number below 2^32", number.digits()))
}

/// Reads a moment.
///
/// # Errors
///
/// As [`decode_entry`].
pub fn decode_moment(fields: &mut Fields<'_, '_>, field: &'static str) -> Result<Timestamp, Error> {
    let ms = fields.integer(field)?;
    Timestamp::from_unix_ms(ms)
        .ok_or_else(|| unexpected(field, "a moment before the year 10000", ms.digits()))
}

fn unexpected(field: &'static str, expected: &'static str, found: String) -> Error {
    json::Error::from(json::ErrorKind::WrongField { field, expected, found }).into()
}

fn text(fields: &mut Fields<'_, '_>, field: &'static str) -> Result<String, Error> {
    let missing = || json::Error::from(json::ErrorKind::MissingField { field, expected: "a string" });
    Ok(fields.maybe_text(field)?.ok_or_else(missing)?.to_owned())
}
