//! What the calls of the payments door have in common. A placeholder that is read here is never used: the call ends when
//! the reader is finished.

use alloc::sync::Arc;

use crate::crypto::{HexCase, Secret, decode_hex};
use crate::entropy::Entropy;
use crate::json::{self, Reader, Value};
use crate::payments::{Entry, Error, Permit, Profile, Settings, decode_entry};
use crate::prelude::*;
use crate::retry::{Jitter, Policy};
use crate::time::{Millis, Timestamp};

/// A document inside the input, which its own reader judges when the input is known to be one.
pub(super) fn part<'v, 'a>(reader: &mut Reader<'v, 'a>, field: &'static str) -> &'v Value<'a> {
    reader.optional(field).unwrap_or(&Value::Null)
}

/// The profile an intent is driven by: its document was checked when the client was made, and in later rounds its name is
/// compared with that of the journal.
#[inline(never)]
pub(super) fn accepted_profile(reader: &mut Reader<'_, '_>) -> Arc<Profile> {
    Arc::new(Profile::accepted(reader.optional("profile").unwrap_or(&Value::Null)))
}

#[inline(never)]
pub(super) fn journal(reader: &mut Reader<'_, '_>) -> Result<Vec<Entry>, Error> {
    let mut journal = Vec::new();
    for entry in reader.list("journal") {
        journal.push(decode_entry(entry)?);
    }
    Ok(journal)
}

#[inline(never)]
pub(super) fn settings(reader: &mut Reader<'_, '_>) -> Result<Settings, Error> {
    let mut settings = Settings::default();
    if let Some(value) = reader.optional("settings") {
        let mut reader = Reader::of(value, "settings");
        settings.lease = reader.maybe_integer("lease_ms").map_or(settings.lease, Millis::new);
        settings.deadline = reader.maybe_integer("deadline_ms").map_or(settings.deadline, Millis::new);
        if reader.optional("begun_at").is_some() {
            settings.begun_at = moment(&mut reader, "begun_at");
        }
        settings.retry = policy(reader.optional("retry"))?;
        reader.finish()?;
    }
    Ok(settings)
}

#[inline(never)]
pub(super) fn policy(value: Option<&Value<'_>>) -> Result<Policy, Error> {
    let default = Policy::default();
    let Some(value) = value else { return Ok(default) };
    let mut reader = Reader::of(value, "retry");
    let base = reader.maybe_integer("base_ms").map_or(default.base(), Millis::new);
    let cap = reader.maybe_integer("cap_ms").map_or_else(|| default.cap().max(base), Millis::new);
    let jitter = reader.maybe_text("jitter").map_or(Some(default.jitter()), Jitter::from_name);
    if jitter.is_none() {
        let found = json::quoted(reader.maybe_text("jitter").unwrap_or_default());
        reader.refuse("jitter", "\"full\", \"equal\", \"decorrelated\" or \"decorrelated_v2\"", found);
    }
    reader.finish()?;
    Ok(Policy::new(base, cap, jitter.unwrap_or(default.jitter()))?)
}

/// What a person decided: the charge that counts, if one does, and a note.
pub(super) fn decision<'v>(value: &'v Value<'_>) -> Result<(Option<&'v str>, &'v str), Error> {
    let mut reader = Reader::of(value, "resolve");
    let decision = (reader.maybe_text("charge"), reader.text("note"));
    reader.finish()?;
    Ok(decision)
}

/// `None` when the driver wants to be asked.
pub(super) fn permit(reader: &mut Reader<'_, '_>) -> Option<Permit> {
    match reader.optional("permit") {
        None => Some(Permit::Go),
        Some(Value::String(word)) if word == "ask" => None,
        Some(_) => Some(Permit::Hold { until: moment(reader, "permit") }),
    }
}

#[inline(never)]
pub(super) fn moment(reader: &mut Reader<'_, '_>, field: &'static str) -> Timestamp {
    let ms = reader.integer(field);
    Timestamp::from_unix_ms(ms).unwrap_or_else(|| {
        reader.refuse(field, "a moment before the year 10000", ms.digits());
        Timestamp::MIN
    })
}

#[inline(never)]
pub(super) fn secret(reader: &mut Reader<'_, '_>, field: &'static str) -> Secret {
    Secret::new(hexadecimal(reader, field, "bytes in lower-case hexadecimal"))
}

pub(super) fn entropy(reader: &mut Reader<'_, '_>) -> Entropy {
    Entropy::from_bytes(entropy_bytes(reader))
}

#[inline(never)]
pub(super) fn entropy_bytes(reader: &mut Reader<'_, '_>) -> [u8; 16] {
    const EXPECTED: &str = "16 bytes in lower-case hexadecimal";
    let bytes = hexadecimal(reader, "entropy", EXPECTED);
    bytes.try_into().unwrap_or_else(|_| {
        reader.refuse("entropy", EXPECTED, "another text".to_owned());
        [0; 16]
    })
}

fn hexadecimal(reader: &mut Reader<'_, '_>, field: &'static str, expected: &'static str) -> Vec<u8> {
    decode_hex(reader.text(field), HexCase::Lower).unwrap_or_else(|_| {
        reader.refuse(field, expected, "another text".to_owned());
        Vec::new()
    })
}
