//! The claim of an event as a record: one JSON object, version 2. Old records must be readable for ever.

use crate::json::{self, Fields, ObjectWriter, quoted};
use crate::prelude::*;
use crate::time::Timestamp;

/// How an event ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// Its handler succeeded.
    Applied,
    /// A newer event of the same object was applied before, so its handler did not run.
    Stale,
}

impl Outcome {
    /// The stable name.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Applied => "applied",
            Self::Stale => "stale",
        }
    }
}

/// Where an event stands. Each state carries only what is still true in it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Claim {
    /// Somebody works on it.
    Processing {
        /// One higher than that of the owner before.
        fence: u64,
        /// Which attempt this is, from 1.
        attempt: u64,
        /// The first moment at which anybody may take over.
        until: Timestamp,
    },
    /// The handler of this attempt failed, and the claim was given back.
    Failed {
        /// As in [`Claim::Processing`].
        fence: u64,
        /// Which attempt failed.
        attempt: u64,
    },
    /// Stored until the events before it have come.
    Held {
        /// When it is applied even without them.
        until: Timestamp,
    },
    /// Nothing more is to be done.
    Done {
        /// How it ended.
        outcome: Outcome,
    },
}

impl Claim {
    /// The record.
    #[must_use]
    pub fn encode(self, kind: Option<&str>, received_at: Timestamp) -> String {
        let record = ObjectWriter::new().number("v", 2);
        match self {
            Self::Processing { fence, attempt, until } => record
                .text("state", "processing")
                .number("fence", fence)
                .number("attempt", attempt)
                .number("until", until.unix_ms()),
            Self::Failed { fence, attempt } => {
                record.text("state", "failed").number("fence", fence).number("attempt", attempt)
            }
            Self::Held { until } => record.text("state", "held").number("until", until.unix_ms()),
            Self::Done { outcome } => record.text("state", outcome.name()),
        }
        .maybe_text("type", kind)
        .number("received_at", received_at.unix_ms())
        .finish()
    }

    /// Reads a record.
    ///
    /// # Errors
    ///
    /// What names the field that is not as [`Claim::encode`] writes it.
    pub fn decode(record: &str) -> Result<Self, json::Error> {
        let document = json::parse(record.as_bytes())?;
        let mut fields = Fields::of(&document, "claim")?;
        let version = fields.integer("v")?;
        // Version 1 knew claims of applied events only.
        if version == 1 {
            return Ok(Self::Done { outcome: Outcome::Applied });
        }
        if version != 2 {
            return Err(wrong("v", "1 or 2", version.digits()));
        }
        let claim = match fields.text("state")? {
            "processing" => Self::Processing {
                fence: fields.integer("fence")?,
                attempt: fields.integer("attempt")?,
                until: moment(&mut fields, "until")?,
            },
            "failed" => Self::Failed { fence: fields.integer("fence")?, attempt: fields.integer("attempt")? },
            "held" => Self::Held { until: moment(&mut fields, "until")? },
            "applied" => Self::Done { outcome: Outcome::Applied },
            "stale" => Self::Done { outcome: Outcome::Stale },
            other => return Err(wrong("state", "a state of a claim", quoted(other))),
        };
        Ok(claim)
    }
}

pub(super) fn moment(fields: &mut Fields<'_, '_>, field: &'static str) -> Result<Timestamp, json::Error> {
    let ms = fields.integer(field)?;
    Timestamp::from_unix_ms(ms).ok_or_else(|| wrong(field, "a moment before the year 10000", ms.digits()))
}

pub(super) fn wrong(field: &'static str, expected: &'static str, found: String) -> json::Error {
    json::Error::from(json::ErrorKind::WrongField { field, expected, found })
}

#[cfg(test)]
mod tests {
    use super::*;

    const AT: Timestamp = Timestamp::MIN;

    #[test]
    fn a_claim_is_read_back_as_it_was_written() {
        let until = Timestamp::from_unix_ms(9).unwrap();
        let table = [
            (
                Claim::Processing { fence: 3, attempt: 2, until },
                r#""state":"processing","fence":3,"attempt":2,"until":9"#,
            ),
            (Claim::Failed { fence: 3, attempt: 2 }, r#""state":"failed","fence":3,"attempt":2"#),
            (Claim::Held { until }, r#""state":"held","until":9"#),
            (Claim::Done { outcome: Outcome::Applied }, r#""state":"applied""#),
            (Claim::Done { outcome: Outcome::Stale }, r#""state":"stale""#),
        ];
        for (claim, inside) in table {
            let record = claim.encode(Some("charge.succeeded"), AT);
            assert_eq!(record, format!(r#"{{"v":2,{inside},"type":"charge.succeeded","received_at":0}}"#));
            assert_eq!(Claim::decode(&record), Ok(claim));
        }
    }

    #[test]
    fn a_claim_of_the_first_version_is_one_of_an_applied_event() {
        let record = r#"{"v":1,"type":"charge.succeeded","received_at":1700000000000}"#;
        assert_eq!(Claim::decode(record), Ok(Claim::Done { outcome: Outcome::Applied }));
    }

    #[test]
    fn what_no_version_wrote_is_not_guessed_at() {
        for record in ["", "{}", r#"{"v":3}"#, r#"{"v":2,"state":"lost"}"#, r#"{"v":2,"state":"held"}"#] {
            assert!(Claim::decode(record).is_err(), "{record}");
        }
    }
}
