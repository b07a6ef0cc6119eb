//! Why a batch or a page was refused.

use super::ids::TRANSACTIONS_MAX;
use super::page::PAGE_BYTES_MAX;
use crate::advice::{Advice, Diagnose as _, Report, behind_one_pointer, reported};
use crate::ledger;
use crate::prelude::*;

behind_one_pointer! {
    /// Why a batch or a page was refused: one pointer, because every transaction answers with room for it. Nothing has
    /// changed then.
    pub struct Error of ErrorKind;
}

/// What is wrong with a batch or a page. Variants stand in order of precedence.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum ErrorKind {
    /// What `ledger` has against an account or a standing.
    Ledger(ledger::Error),
    /// A draft has no seal yet, so that the next batch has nothing to follow.
    Unsealed,
    /// The page would be longer than one can be.
    PageTooLong,
    /// The columns of the batch do not fit together.
    Packing {
        /// The transaction, from 0.
        transaction: u64,
        /// What is wrong with it.
        found: &'static str,
    },
    /// What `ledger` has against a transaction.
    Refused {
        /// The transaction, from 0.
        transaction: u64,
        /// What it would have answered.
        error: ledger::Error,
    },
    /// There is no place for another transaction.
    Full,
    /// The platform does not give as much memory.
    NoMemory {
        /// How many transactions there should be room for.
        transactions: u64,
    },
    /// Nothing was drafted since the last page was kept.
    NothingToTakeBack,
    /// A page was changed, or does not belong there.
    BrokenPage {
        /// The page, from 1.
        page: u64,
        /// What is wrong with it.
        found: &'static str,
        /// The first byte that is not as it was written, where that can be told.
        byte: Option<u64>,
    },
}

impl From<ledger::Error> for Error {
    fn from(error: ledger::Error) -> Self {
        ErrorKind::Ledger(error).into()
    }
}

impl From<ledger::ErrorKind> for Error {
    fn from(kind: ledger::ErrorKind) -> Self {
        ErrorKind::Ledger(kind.into()).into()
    }
}

impl Error {
    fn table(&self) -> Report {
        match self.kind() {
            ErrorKind::Ledger(error) => error.report(),
            ErrorKind::Unsealed => Report::new("bulk_unsealed")
                .advise(Advice::ReportBug)
                .say("a batch was drafted and has no seal yet: seal it, or take it back, before the next"),
            ErrorKind::PageTooLong => Report::new("bulk_page_too_long")
                .count("limit", PAGE_BYTES_MAX)
                .say("the batch makes a page of more than {limit} bytes: post it in parts"),
            ErrorKind::Packing { transaction, found } => Report::new("bulk_packing")
                .advise(Advice::ReportBug)
                .number("transaction", *transaction)
                .fact("found", found)
                .say("transaction {transaction} of the batch is not packed as it should be: {found}"),
            ErrorKind::Refused { transaction, error } => refused(*transaction, error),
            ErrorKind::Full => Report::new("bulk_full")
                .number("limit", u64::from(TRANSACTIONS_MAX))
                .say("the books hold {limit} transactions, the most they can: begin new ones"),
            ErrorKind::NoMemory { transactions } => Report::new("bulk_no_memory")
                .number("transactions", *transactions)
                .say("there is no memory for {transactions} transactions, which take 40 bytes each: begin new books"),
            ErrorKind::NothingToTakeBack => {
                Report::new("bulk_nothing_to_take_back").say("no batch was posted since the last that was kept")
            }
            ErrorKind::BrokenPage { page, found, byte } => {
                let report = Report::new("bulk_page_broken")
                    .advise(Advice::Reconcile)
                    .number("page", *page)
                    .fact("found", found);
                let report = match byte {
                    Some(byte) => report.number("byte", *byte),
                    None => report,
                };
                report.say("the journal is broken in page {page}: {found}; restore it from a copy and compare")
            }
        }
    }
}

/// What the ledger says, and of which transaction.
fn refused(transaction: u64, error: &ledger::Error) -> Report {
    let mut said = error.report().said();
    said.message = glued(&["transaction ", &transaction.digits(), " of the batch: ", &said.message]);
    Report::from(said).number("transaction", transaction)
}

reported!(Error);
