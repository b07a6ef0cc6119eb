//! Each row is matched, in flight, set aside for a stated reason, or part of a break with a reason.
//!
//! Three sides are held against each other, hop by hop: the merchant's own books (the *ledger*, or mirror) against the
//! provider's *settlement* report per transaction, the lines of the report against the payouts they make, and the payouts
//! against the *bank*. What does not agree becomes a [`Break`] of exactly one [`BreakKind`], the first that holds in the
//! order of the enum, with the others as `secondary`; a cause makes one break, on the first hop that shows it.
//!
//! The answer depends on what the files say and on nothing else: not on the order of rows, not on how they are split
//! into files, not on a clock. A file that cannot be read exactly is refused whole, with file, line and column.
//!
//! Set aside are rows that owe nothing to this comparison: ledger rows whose status moves no money (`failed`,
//! `pending`, ...) and that the settlement does not know, the settlement's payout rows where the ledger books no
//! payouts at all, and entries of the bank that have nothing to do with the provider.
//!
//! Not here: fee schedules, and anything that changes the books.

mod bank;
mod batch;
mod breaks;
mod causes;
mod children;
mod classes;
mod clear;
mod columns;
mod compare;
mod csv;
mod differences;
mod error;
mod fees;
mod findings;
pub mod formats;
mod group;
mod habits;
mod lines;
mod lone;
mod matches;
mod nearest;
mod order;
mod packed;
mod parts;
mod payouts;
mod printed;
mod rate;
mod report;
mod row;
mod rules;
pub mod sieve;
mod statements;
mod states;
mod stretch;
mod subset;
mod summed;
mod sums;
mod teller;
mod telling;
mod terms;
mod three_way;
mod unexpected;
mod verdicts;
mod window;
mod wording;

pub use breaks::{Break, RowPlace};
pub use classes::{BreakKind, Hop};
pub use error::{Error, ErrorKind, Place};
pub use matches::matches;
pub use nearest::Nearest;
pub use packed::Corrupt;
pub use parts::{PARTS_MAX, PartError, Share, merge};
pub use report::{InFlight, KindTotal, Report, RowCounts};
pub use row::Side;
pub use rules::{FeeRule, Pass, Reach, Rules, Tolerance};
pub use statements::Statement;
pub use stretch::tell_stretch;
pub use sums::add_up;
pub use teller::Form;
pub use telling::{Piece, Tellers, tell};
pub use terms::Terms;

use crate::prelude::*;
use crate::time::Timestamp;
use batch::Head;
use window::Window;

/// Whether time counts more than a kilobyte: everywhere but in the small artefacts.
const IS_FAST: bool = cfg!(any(not(feature = "artefact"), feature = "wasm-reconcile-sieve"));

/// How many days something may take to appear on the other side, unless the caller says otherwise.
pub const IN_FLIGHT_DAYS_DEFAULT: u64 = 2;

/// The longest in-flight window, in days. Beyond a year nothing is on its way any more.
pub const IN_FLIGHT_DAYS_MAX: u64 = 366;

/// What a file calls the columns of the contract: the contract's name, then the file's.
pub type Mapping<'a> = &'a [(&'a str, &'a str)];

/// One file. Several files of a side are read as one.
#[derive(Clone, Copy, Debug)]
pub struct Source<'a> {
    /// What the file is called in errors and breaks.
    pub name: &'a str,
    /// Its bytes: CSV in UTF-8, with or without a byte-order mark, with either line ending.
    pub data: &'a [u8],
}

/// What is held against what.
#[derive(Clone, Copy, Debug, Default)]
pub struct Sources<'a> {
    /// The merchant's own books.
    pub ledger: &'a [Source<'a>],
    /// The provider's report.
    pub settlement: &'a [Source<'a>],
    /// The statements of the bank; none for a two-way run.
    pub bank: &'a [Source<'a>],
    /// How the files of each side call their columns, in that order.
    pub mappings: [Mapping<'a>; 3],
}

/// How to judge what is missing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Options<'a> {
    /// The moment ages are counted to; `None` for the latest time in any of the files.
    pub as_of: Option<Timestamp>,
    /// Days that a row may be absent from the other side, 0 to [`IN_FLIGHT_DAYS_MAX`].
    pub in_flight_days: u64,
    /// Whether only business days count: neither Saturdays, Sundays (in UTC) nor `holidays`.
    pub business_days: bool,
    /// Days that do not count, each as some moment of the day in UTC.
    pub holidays: &'a [Timestamp],
    /// Whether every row is judged, also where it plainly agrees: see [`Terms::needs_every_row`].
    pub is_whole: bool,
}

impl Default for Options<'_> {
    fn default() -> Self {
        Self {
            as_of: None,
            in_flight_days: IN_FLIGHT_DAYS_DEFAULT,
            business_days: false,
            holidays: &[],
            is_whole: false,
        }
    }
}

/// Holds ledger, settlement and bank against each other: [`read`], [`judge`] and [`report`] in one.
///
/// # Errors
///
/// Those of [`read`].
pub fn run(sources: &Sources<'_>, options: Options<'_>) -> Result<Report, Error> {
    run_by(sources, options, &Terms::default())
}

/// The same by terms of one's own.
///
/// # Errors
///
/// [`ErrorKind::WrongRules`], then those of [`read`].
pub fn run_by(sources: &Sources<'_>, options: Options<'_>, terms: &Terms<'_>) -> Result<Report, Error> {
    terms.check()?;
    let options = Options { is_whole: options.is_whole || terms.needs_every_row(), ..options };
    let verdicts = judge_by(&read(sources, options)?, &terms.packed()).map_err(ErrorKind::Part)?;
    report(&verdicts).map_err(|corrupt| ErrorKind::Corrupt(corrupt).into())
}

/// Reads all files into a batch: everything the verdict depends on.
///
/// # Errors
///
/// [`ErrorKind::WindowTooLong`], then the first error of the first unreadable file: ledger files first, then those of the
/// settlement, then those of the bank.
pub fn read(sources: &Sources<'_>, options: Options<'_>) -> Result<Vec<u8>, Error> {
    partition(sources, options, Share::WHOLE)
}

/// Reads all files into the part of a share: [`merge`] makes a batch of all parts.
///
/// # Errors
///
/// [`ErrorKind::Part`] for a share that does not exist, then those of [`read`].
pub fn partition(sources: &Sources<'_>, options: Options<'_>, share: Share) -> Result<Vec<u8>, Error> {
    let share = share.checked().map_err(ErrorKind::Part)?;
    if options.in_flight_days > IN_FLIGHT_DAYS_MAX {
        return Err(Error::from(ErrorKind::WindowTooLong { found: options.in_flight_days }));
    }
    let Sources { ledger, settlement, bank, mappings } = sources;
    let [ours, theirs, _] = mappings;
    // Business days may make a shorter window, never a longer one that matters: a day is never late.
    let days = if options.business_days { 1 } else { options.in_flight_days };
    // What is cleared is seen by nobody any more.
    let may_clear = share.of == 1 && !options.is_whole;
    let verdicts = if may_clear { clear::clear(ledger, settlement, [ours, theirs], days) } else { None };
    let sides = [(Side::Ledger, ledger), (Side::Settlement, settlement), (Side::Bank, bank)];
    let mut head = Head { of: share.of, ..Head::default() };
    for ((side, files), names) in sides.into_iter().zip(&mut head.names) {
        for (file, source) in files.iter().enumerate() {
            names.push(source.name);
            if files.iter().take(file).any(|other| other.data == source.data) {
                head.doubled.push((side, file));
            }
        }
    }
    head.window = Window {
        days: options.in_flight_days,
        is_business: options.business_days,
        holidays: options.holidays.to_vec(),
        as_of: options.as_of,
        by_account: Vec::new(),
    };
    head.cleared = verdicts.as_ref().map(|verdicts| verdicts.cleared).unwrap_or_default();
    let mut rows = Vec::new();
    for ((side, files), mapping) in sides.into_iter().zip(mappings) {
        for (file, source) in files.iter().enumerate() {
            let cleared = match (&verdicts, side) {
                (Some(verdicts), Side::Ledger) => verdicts.ledger.get(file),
                (Some(verdicts), Side::Settlement) => verdicts.settlement.get(file),
                _ => None,
            };
            let cleared = cleared.map_or(&[][..], Vec::as_slice);
            columns::read(side, file, *source, mapping, (share, cleared), &mut rows)?;
        }
    }
    Ok(batch::pack(&head, share, &rows))
}

/// Matches and classifies the rows of a batch; answers with verdicts, which [`report`] puts into words.
///
/// # Errors
///
/// [`PartError::Corrupt`] for bytes that [`read`] has not made, [`PartError::Incomplete`] where parts are missing.
pub fn judge(batch: &[u8]) -> Result<Vec<u8>, PartError> {
    judge_by(batch, &[])
}

/// The same by [`Terms::packed`]; by the usual ones where there are no bytes.
///
/// # Errors
///
/// [`PartError::Corrupt`] for bytes that are no batch or no terms, [`PartError::Incomplete`] where parts are missing.
pub fn judge_by(batch: &[u8], terms: &[u8]) -> Result<Vec<u8>, PartError> {
    let (head, rows) = batch::unpack(batch)?;
    Ok(three_way::run(head, rows, terms::unpack(terms).map_err(PartError::Corrupt)?))
}

/// Puts verdicts into words and order.
///
/// # Errors
///
/// [`Corrupt`] for bytes that [`judge`] has not made.
pub fn report(verdicts: &[u8]) -> Result<Report, Corrupt> {
    verdicts::report(verdicts)
}
