//! Why a file was refused, and where to look.

use crate::advice::{Advice, Detail, Diagnose};
use crate::json::quoted;
use crate::prelude::*;

use super::IN_FLIGHT_DAYS_MAX;

/// A place in a file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Place {
    /// Name of the file.
    pub file: String,
    /// Line, from 1; the header is line 1 of most files.
    pub line: u64,
    /// Character in the line, from 1.
    pub column: u64,
}

impl core::fmt::Display for Place {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        let Self { file, line, column } = self;
        write!(f, "{file}, line {line}, column {column}")
    }
}

/// Why a file was refused. Variants stand in order of precedence; nothing of the run is reported then.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Error {
    /// The in-flight window is longer than [`IN_FLIGHT_DAYS_MAX`].
    WindowTooLong {
        /// Days asked for.
        found: u64,
    },
    /// The file is not UTF-8.
    NotUtf8 {
        /// The first byte that does not fit.
        at: Place,
    },
    /// The file has no header row.
    NoHeader {
        /// Name of the file.
        file: String,
    },
    /// A quoted cell does not end: most likely the file was cut off.
    UnclosedQuote {
        /// The opening quote.
        at: Place,
    },
    /// A quote where none may stand.
    StrayQuote {
        /// The quote, or the first character after the closing one.
        at: Place,
    },
    /// A column stands twice in the header.
    DoubledColumn {
        /// The second one.
        at: Place,
        /// Its name.
        column: String,
    },
    /// A required column is not in the header.
    MissingColumn {
        /// Name of the file.
        file: String,
        /// The column, or the columns one of which is needed.
        column: &'static str,
    },
    /// A row has more or fewer cells than the header: a cut-off file, or a comma that should have been quoted.
    WrongWidth {
        /// The row.
        at: Place,
        /// Cells in the header.
        expected: usize,
        /// Cells in the row.
        found: usize,
    },
    /// The header stands again among the rows: two files were joined.
    HeaderAgain {
        /// The row.
        at: Place,
    },
    /// A cell that must not be empty is.
    MissingValue {
        /// The cell.
        at: Place,
        /// Its column.
        column: &'static str,
    },
    /// A cell cannot be read as what its column holds.
    BadValue {
        /// The cell.
        at: Place,
        /// Its column.
        column: &'static str,
        /// What was found and what was expected.
        reason: String,
    },
}

impl Error {
    const fn place(&self) -> Option<&Place> {
        match self {
            Self::NotUtf8 { at }
            | Self::UnclosedQuote { at }
            | Self::StrayQuote { at }
            | Self::DoubledColumn { at, .. }
            | Self::WrongWidth { at, .. }
            | Self::HeaderAgain { at }
            | Self::MissingValue { at, .. }
            | Self::BadValue { at, .. } => Some(at),
            Self::WindowTooLong { .. } | Self::NoHeader { .. } | Self::MissingColumn { .. } => None,
        }
    }
}

impl core::fmt::Display for Error {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        match self {
            Self::WindowTooLong { found } => {
                write!(
                    f,
                    "an in-flight window of {found} days is too long: expected 0 to {IN_FLIGHT_DAYS_MAX}"
                )
            }
            Self::NotUtf8 { at } => {
                write!(f, "{at}: the text is not UTF-8: convert the file, for example with iconv")
            }
            Self::NoHeader { file } => write!(f, "{file}: the file is empty: expected a header row"),
            Self::UnclosedQuote { at } => {
                write!(f, "{at}: the quoted cell that begins here does not end: is the file complete?")
            }
            Self::StrayQuote { at } => {
                write!(f, "{at}: a quote may only enclose a whole cell: double it inside of a quoted cell")
            }
            Self::DoubledColumn { at, column } => {
                write!(f, "{at}: the column {} stands twice: remove or rename one", quoted(column))
            }
            Self::MissingColumn { file, column } => {
                write!(f, "{file}: the header has no column {column}: add it or rename the one that holds it")
            }
            Self::WrongWidth { at, expected, found } => write!(
                f,
                "{at}: the row has {found} cells where the header has {expected}: is the file complete, and is \
                 every comma in a cell quoted?"
            ),
            Self::HeaderAgain { at } => {
                write!(f, "{at}: the header stands here again: pass joined files one by one")
            }
            Self::MissingValue { at, column } => write!(f, "{at}: the cell `{column}` is empty: fill it"),
            Self::BadValue { at, column, reason } => {
                write!(f, "{at}: the cell `{column}` is wrong: {reason}")
            }
        }
    }
}

impl core::error::Error for Error {}

impl Diagnose for Error {
    fn code(&self) -> &'static str {
        match self {
            Self::WindowTooLong { .. } => "reconcile_window_too_long",
            Self::NotUtf8 { .. } => "file_not_utf8",
            Self::NoHeader { .. } => "file_no_header",
            Self::UnclosedQuote { .. } => "file_unclosed_quote",
            Self::StrayQuote { .. } => "file_stray_quote",
            Self::DoubledColumn { .. } => "file_doubled_column",
            Self::MissingColumn { .. } => "file_missing_column",
            Self::WrongWidth { .. } => "file_wrong_width",
            Self::HeaderAgain { .. } => "file_header_again",
            Self::MissingValue { .. } => "file_missing_value",
            Self::BadValue { .. } => "file_bad_value",
        }
    }

    fn advice(&self) -> Advice {
        Advice::FixCall
    }

    fn details(&self) -> Vec<Detail> {
        let mut details = match self.place() {
            Some(at) => vec![
                ("file", at.file.clone()),
                ("line", at.line.to_string()),
                ("column", at.column.to_string()),
            ],
            None => Vec::new(),
        };
        match self {
            Self::NotUtf8 { .. }
            | Self::UnclosedQuote { .. }
            | Self::StrayQuote { .. }
            | Self::HeaderAgain { .. } => {}
            Self::WindowTooLong { found } => details.push(("found", found.to_string())),
            Self::NoHeader { file } => details.push(("file", file.clone())),
            Self::MissingColumn { file, column } => {
                details.extend([("file", file.clone()), ("field", (*column).to_owned())]);
            }
            Self::DoubledColumn { column, .. } => details.push(("field", column.clone())),
            Self::WrongWidth { expected, found, .. } => {
                details.extend([("expected", expected.to_string()), ("found", found.to_string())]);
            }
            Self::MissingValue { column, .. } => details.push(("field", (*column).to_owned())),
            Self::BadValue { column, reason, .. } => {
                details.extend([("field", (*column).to_owned()), ("reason", reason.clone())]);
            }
        }
        details
    }
}
