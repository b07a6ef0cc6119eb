//! What is refused before anything is done: a request without a proper key, and a record that cannot be read.

use crate::advice::{Advice, Diagnose as _, Report, reported};
use crate::json;
use crate::prelude::*;

/// Why a request is not looked up, or cannot be decided about. Variants stand in order of precedence.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Error {
    /// A request came without a key where one is needed.
    KeyMissing,
    /// A key that is no key.
    KeyMalformed {
        /// What is wrong with it, as the end of a sentence.
        problem: &'static str,
    },
    /// A key that is too short or too long.
    KeyLength {
        /// Characters found.
        found: usize,
        /// Characters expected at least.
        least: usize,
        /// Characters expected at most.
        most: usize,
    },
    /// A record that this version did not write.
    Unreadable {
        /// The key of the record.
        key: String,
        /// What is wrong with it.
        cause: json::Error,
    },
}

impl Error {
    /// Whether the request is at fault, so that its sender is to be told.
    #[must_use]
    pub const fn is_of_request(&self) -> bool {
        match self {
            Self::KeyMissing | Self::KeyMalformed { .. } | Self::KeyLength { .. } => true,
            Self::Unreadable { .. } => false,
        }
    }

    fn table(&self) -> Report {
        match self {
            Self::KeyMissing => Report::new("idempotency_key_missing").say(
                "the request has no Idempotency-Key: send one that is new for each thing to be done, and the same at \
                 each repetition of it",
            ),
            Self::KeyMalformed { problem } => Report::new("idempotency_key_malformed").fact("problem", problem).say(
                "the Idempotency-Key {problem}: send it once, as a quoted string (RFC 8941) or as visible ASCII \
                 characters without quotes, commas and semicolons",
            ),
            Self::KeyLength { found, least, most } => Report::new("idempotency_key_length")
                .count("found", *found)
                .count("least", *least)
                .count("most", *most)
                .say("the Idempotency-Key has {found} characters: expected {least} to {most}, such as a UUID"),
            Self::Unreadable { key, cause } => Report::new("idempotency_record_unreadable")
                .advise(Advice::Reconcile)
                .fact("key", key)
                .say_with(
                    "the record {key} cannot be read ({cause}): it was written by a newer version, or by somebody else; \
                     the request was neither executed nor answered",
                    &[("cause", &cause.report().message)],
                ),
        }
    }
}

reported!(Error);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_refusal_says_what_was_found_and_what_to_send() {
        let cause = json::parse(b"{").unwrap_err();
        let errors = [
            Error::KeyMissing,
            Error::KeyMalformed { problem: "has no closing quote" },
            Error::KeyLength { found: 300, least: 1, most: 255 },
            Error::Unreadable { key: "idempotency/shop/a".to_owned(), cause },
        ];
        let lines: Vec<String> =
            errors.iter().map(|error| format!("{}: {error}", error.report().code)).collect();
        insta::assert_snapshot!(lines.join("\n"), @r"
        idempotency_key_missing: the request has no Idempotency-Key: send one that is new for each thing to be done, and the same at each repetition of it
        idempotency_key_malformed: the Idempotency-Key has no closing quote: send it once, as a quoted string (RFC 8941) or as visible ASCII characters without quotes, commas and semicolons
        idempotency_key_length: the Idempotency-Key has 300 characters: expected 1 to 255, such as a UUID
        idempotency_record_unreadable: the record idempotency/shop/a cannot be read (not JSON at byte 1: expected a string in double quotes): it was written by a newer version, or by somebody else; the request was neither executed nor answered
        ");
        assert_eq!(errors.map(|error| error.is_of_request()), [true, true, true, false]);
    }
}
