//! Each row is matched, in flight, set aside for a stated reason, or a break with a reason.
//!
//! Two sides are held against each other: the merchant's own books (the *ledger*, or mirror) and the provider's
//! *settlement* report. Rows meet by type and reference (the pass [`RULE`]); what does not agree becomes a [`Break`]
//! of exactly one [`BreakKind`], the first that holds in the order of the enum, with the others as `secondary`.
//!
//! The answer depends on what the files say and on nothing else: not on the order of rows, not on how they are split
//! into files, not on a clock. A file that cannot be read exactly is refused whole, with file, line and column.
//!
//! Set aside are rows that owe nothing to this comparison: ledger rows whose status moves no money (`failed`,
//! `pending`, ...) and that the settlement does not know, and the settlement's payout rows where the ledger books no
//! payouts at all.
//!
//! Not here: the bank, other passes than by reference, fee schedules, and anything that changes the books.

mod breaks;
mod columns;
mod compare;
mod csv;
mod error;
pub mod formats;
mod group;
mod kinds;
mod order;
mod report;
mod row;
mod wording;

pub use breaks::{Break, BreakKind, RowPlace};
pub use error::{Error, ErrorKind, Place};
pub use report::{InFlight, KindTotal, Report, RowCounts};
pub use row::Side;

use crate::prelude::*;
use crate::time::{Millis, Timestamp};

/// The one matching pass there is: same type, same reference.
pub const RULE: &str = "by_reference@1";

/// The hop of every break there is so far: mirror against settlement, per transaction.
pub const HOP: &str = "H1";

/// How many days a charge may take to appear in the settlement, unless the caller says otherwise.
pub const IN_FLIGHT_DAYS_DEFAULT: u64 = 2;

/// The longest in-flight window, in days. Beyond a year nothing is on its way any more.
pub const IN_FLIGHT_DAYS_MAX: u64 = 366;

const DAY_MS: u64 = 86_400_000;

/// One file. Several files of a side are read as one.
#[derive(Clone, Copy, Debug)]
pub struct Source<'a> {
    /// What the file is called in errors and breaks.
    pub name: &'a str,
    /// Its bytes: CSV in UTF-8, with or without a byte-order mark, with either line ending.
    pub data: &'a [u8],
}

/// How to judge what is missing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Options {
    /// The moment ages are counted to; `None` for the latest time in any of the files.
    pub as_of: Option<Timestamp>,
    /// Calendar days of 24 hours that a ledger row may be absent from the settlement, 0 to [`IN_FLIGHT_DAYS_MAX`].
    pub in_flight_days: u64,
}

impl Default for Options {
    fn default() -> Self {
        Self { as_of: None, in_flight_days: IN_FLIGHT_DAYS_DEFAULT }
    }
}

impl Options {
    fn window(self) -> Millis {
        Millis::new(self.in_flight_days.saturating_mul(DAY_MS))
    }
}

/// Holds the ledger against the settlement.
///
/// # Errors
///
/// [`ErrorKind::WindowTooLong`], then the first error of the first unreadable file, ledger files first.
pub fn run(ledger: &[Source<'_>], settlement: &[Source<'_>], options: Options) -> Result<Report, Error> {
    if options.in_flight_days > IN_FLIGHT_DAYS_MAX {
        return Err(Error::from(ErrorKind::WindowTooLong { found: options.in_flight_days }));
    }
    let mut rows = Vec::new();
    let (mut ledger_names, mut settlement_names) = (Vec::new(), Vec::new());
    for (side, sources, names) in
        [(Side::Ledger, ledger, &mut ledger_names), (Side::Settlement, settlement, &mut settlement_names)]
    {
        for (file, source) in sources.iter().enumerate() {
            columns::read(side, file, *source, &mut rows)?;
            names.push(source.name.to_owned());
        }
    }
    Ok(report::build(rows, ledger_names, settlement_names, options))
}
