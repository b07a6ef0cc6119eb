//! A record that cannot be read stops its event: guessing could lose it or apply it twice.

use crate::advice::{Advice, Diagnose as _, Report, reported};
use crate::json;
use crate::prelude::*;

/// Why no decision could be made. Variants stand in order of precedence.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Error {
    /// An event without a record to claim it by.
    NoClaim,
    /// A record of an inbox that this version did not write.
    Unreadable {
        /// The key of the record.
        key: String,
        /// What is wrong with it.
        cause: json::Error,
    },
}

impl Error {
    fn table(&self) -> Report {
        match self {
            Self::NoClaim => Report::new("inbox_no_claim")
                .advise(Advice::ReportBug)
                .say("an event came without a key to claim it by: expected one or two"),
            Self::Unreadable { key, cause } => Report::new("inbox_record_unreadable")
                .advise(Advice::Reconcile)
                .fact("key", key)
                .say_with(
                    "the record {key} cannot be read ({cause}): it was written by a newer version, or by somebody else; \
                     the event was neither applied nor forgotten",
                    &[("cause", &cause.report().message)],
                ),
        }
    }
}

reported!(Error);
