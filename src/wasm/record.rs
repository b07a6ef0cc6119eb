//! Records of a store as they cross: read ones in, changes out, in the words of the store contract.

use crate::json::{self, Fields, ObjectWriter, Value};
use crate::prelude::*;
use crate::record::{Slot, Write};
use crate::time::Timestamp;

/// Reads `{"key", "version", "value"?}`.
pub(super) fn slot<'v>(value: &'v Value<'_>, what: &'static str) -> Result<Slot<'v>, json::Error> {
    let mut fields = Fields::of(value, what)?;
    let slot = Slot {
        key: fields.text("key")?,
        version: fields.integer("version")?,
        value: fields.maybe_text("value")?,
    };
    fields.finish()?;
    Ok(slot)
}

/// Reads a moment.
pub(super) fn moment(fields: &mut Fields<'_, '_>, field: &'static str) -> Result<Timestamp, json::Error> {
    let ms = fields.integer(field)?;
    let expected = "milliseconds since 1970, at most the end of the year 9999";
    Timestamp::from_unix_ms(ms)
        .ok_or_else(|| json::ErrorKind::WrongField { field, expected, found: ms.digits() }.into())
}

/// Changes, so that the driver passes them on as they are.
#[cfg(feature = "inbox")]
pub(super) fn writes(list: &[Write]) -> String {
    list.iter().fold(json::ArrayWriter::new(), |array, write| array.raw(&one(write))).finish()
}

/// One change.
pub(super) fn one(write: &Write) -> String {
    let mut object = ObjectWriter::new()
        .text("key", &write.key)
        .number("expected", write.expected)
        .text("value", &write.value);
    for (name, moment) in [("wakeAt", write.wake_at), ("expiresAt", write.expires_at)] {
        if let Some(moment) = moment {
            object = object.number(name, moment.unix_ms());
        }
    }
    object.finish()
}
