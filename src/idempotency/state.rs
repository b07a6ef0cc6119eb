//! The record of a key: one JSON object, version 1. Old records must be readable for ever.
//!
//! What was answered stands behind it, on a line of its own that only the driver reads.

use crate::json::{self, Fields, ObjectWriter, quoted};
use crate::prelude::*;
use crate::time::Timestamp;

/// Where a key stands. Each state carries only what is still true in it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum State {
    /// Somebody works on it.
    Working {
        /// The first moment at which anybody may take over.
        until: Timestamp,
        /// An answer stands behind the record that is not the last word; the owner is looking for news.
        refreshes: bool,
    },
    /// Answered for good.
    Answered {
        /// From when on the key is free again, and a request under it a new one.
        expires_at: Timestamp,
    },
    /// Answered for now.
    Pending {
        /// When to look for news.
        look_at: Timestamp,
    },
    /// Its owner failed, and nobody knows what he did before.
    Uncertain,
    /// Its owner failed, and did nothing.
    Released,
}

/// What is known of a key.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Record {
    /// What was asked under it.
    pub(super) fingerprint: String,
    /// What the endpoint does, for people who look at unfinished records.
    pub(super) operation: String,
    /// Tells this owner's records from those of one who claimed in the same millisecond: whoever cannot know whether his
    /// commit succeeded reads whether it did.
    pub(super) owner: String,
    /// When it was claimed first.
    pub(super) since: Timestamp,
    /// One higher with each owner.
    pub(super) fence: u64,
    /// How many owners there have been since the key was free.
    pub(super) attempt: u64,
    pub(super) state: State,
}

impl Record {
    pub(super) fn encode(&self) -> String {
        let record = ObjectWriter::new().number("v", 1);
        match self.state {
            State::Working { until, refreshes } => {
                record.text("state", "working").number("until", until.unix_ms()).flag("refreshes", refreshes)
            }
            State::Answered { expires_at } => {
                record.text("state", "answered").number("expires_at", expires_at.unix_ms())
            }
            State::Pending { look_at } => {
                record.text("state", "pending").number("look_at", look_at.unix_ms())
            }
            State::Uncertain => record.text("state", "uncertain"),
            State::Released => record.text("state", "released"),
        }
        .text("fingerprint", &self.fingerprint)
        .text("operation", &self.operation)
        .text("owner", &self.owner)
        .number("since", self.since.unix_ms())
        .number("fence", self.fence)
        .number("attempt", self.attempt)
        .finish()
    }

    pub(super) fn decode(record: &str) -> Result<Self, json::Error> {
        let document = json::parse(record.as_bytes())?;
        let mut fields = Fields::of(&document, "record")?;
        let version = fields.integer("v")?;
        if version != 1 {
            return Err(wrong("v", "1", version.digits()));
        }
        let state = match fields.text("state")? {
            "working" => State::Working {
                until: moment(&mut fields, "until")?,
                refreshes: fields.maybe_flag("refreshes")?.unwrap_or(false),
            },
            "answered" => State::Answered { expires_at: moment(&mut fields, "expires_at")? },
            "pending" => State::Pending { look_at: moment(&mut fields, "look_at")? },
            "uncertain" => State::Uncertain,
            "released" => State::Released,
            other => return Err(wrong("state", "a state of a key", quoted(other))),
        };
        Ok(Self {
            fingerprint: fields.text("fingerprint")?.to_owned(),
            operation: fields.text("operation")?.to_owned(),
            owner: fields.text("owner")?.to_owned(),
            since: moment(&mut fields, "since")?,
            fence: fields.integer("fence")?,
            attempt: fields.integer("attempt")?,
            state,
        })
    }
}

pub(super) fn moment(fields: &mut Fields<'_, '_>, field: &'static str) -> Result<Timestamp, json::Error> {
    let ms = fields.integer(field)?;
    Timestamp::from_unix_ms(ms).ok_or_else(|| wrong(field, "a moment before the year 10000", ms.digits()))
}

fn wrong(field: &'static str, expected: &'static str, found: String) -> json::Error {
    json::Error::from(json::ErrorKind::WrongField { field, expected, found })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_record_is_read_back_as_it_was_written() {
        let at = Timestamp::from_unix_ms(9).unwrap();
        let table = [
            (State::Working { until: at, refreshes: false }, r#""working","until":9,"refreshes":false"#),
            (State::Working { until: at, refreshes: true }, r#""working","until":9,"refreshes":true"#),
            (State::Answered { expires_at: at }, r#""answered","expires_at":9"#),
            (State::Pending { look_at: at }, r#""pending","look_at":9"#),
            (State::Uncertain, r#""uncertain""#),
            (State::Released, r#""released""#),
        ];
        for (state, inside) in table {
            let record = Record {
                fingerprint: "f".to_owned(),
                operation: "order".to_owned(),
                owner: "a".to_owned(),
                since: Timestamp::MIN,
                fence: 3,
                attempt: 2,
                state,
            };
            let text = record.encode();
            let rest = r#""fingerprint":"f","operation":"order","owner":"a","since":0,"fence":3,"attempt":2"#;
            assert_eq!(text, format!(r#"{{"v":1,"state":{inside},{rest}}}"#));
            assert_eq!(Record::decode(&text), Ok(record));
        }
    }

    #[test]
    fn what_no_version_wrote_is_not_guessed_at() {
        let rest = r#""fingerprint":"f","operation":"o","owner":"a","since":0,"fence":1,"attempt":1"#;
        let table = [
            String::new(),
            "{}".to_owned(),
            format!(r#"{{"v":2,"state":"released",{rest}}}"#),
            format!(r#"{{"v":1,"state":"lost",{rest}}}"#),
            format!(r#"{{"v":1,"state":"working",{rest}}}"#),
            r#"{"v":1,"state":"released"}"#.to_owned(),
        ];
        for record in table {
            assert!(Record::decode(&record).is_err(), "{record}");
        }
    }
}
