//! The merchant's bank account as the bank tells of it: one entry per payout that arrived, one per payout that came back,
//! and nothing else unless it was injected.
//!
//! [`entries`] makes the entries, and each format writes the same ones: [`csv`] in the columns of the contract,
//! [`camt053`] in ISO 20022, [`mt940`] in SWIFT's older one.

mod camt053;
mod csv;
mod drift;
mod entry;
mod mt940;

use alloc::collections::BTreeMap;

use super::Error;
use crate::prelude::*;
use crate::time::Timestamp;
pub(super) use drift::{Drift, decide};
pub(super) use entry::{Entry, entries, trace};

/// In which format a bank statement is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Format {
    /// The columns of the contract.
    Csv,
    /// ISO 20022, `camt.053.001.08`.
    Camt053,
    /// SWIFT MT940.
    Mt940,
}

const FORMATS: [(&str, Format); 3] =
    [("csv", Format::Csv), ("camt.053", Format::Camt053), ("mt940", Format::Mt940)];

impl Format {
    /// The format of a name.
    ///
    /// # Errors
    ///
    /// [`Error::ParameterInvalid`].
    pub(super) fn parse(name: &str) -> Result<Self, Error> {
        let found = FORMATS.iter().find(|(known, _)| *known == name).map(|(_, format)| *format);
        found.ok_or(Error::ParameterInvalid { parameter: "format", expected: "camt.053, mt940 or csv" })
    }

    /// The media type it is sent with.
    pub(super) const fn content_type(self) -> &'static str {
        match self {
            Self::Csv => "text/csv; charset=utf-8",
            Self::Camt053 => "application/xml; charset=utf-8",
            Self::Mt940 => "text/plain; charset=utf-8",
        }
    }
}

/// How the bank deviates, by the number of the payout.
#[derive(Clone, Debug, Default)]
pub(super) struct Statement {
    pub(super) drifts: BTreeMap<usize, Drift>,
}

/// The statement in a format, as of a moment.
pub(super) fn written(entries: &[Entry], format: Format, now: Timestamp) -> String {
    match format {
        Format::Csv => csv::written(entries),
        Format::Camt053 => camt053::written(entries, now),
        Format::Mt940 => mt940::written(entries, now),
    }
}

/// The entries of each currency, as an account has one only.
fn by_currency(entries: &[Entry]) -> BTreeMap<crate::money::Currency, Vec<&Entry>> {
    let mut accounts: BTreeMap<crate::money::Currency, Vec<&Entry>> = BTreeMap::new();
    for entry in entries {
        accounts.entry(entry.currency).or_default().push(entry);
    }
    accounts
}

/// The account number of a currency, as statements name it.
const ACCOUNT: &str = "000123456789";
