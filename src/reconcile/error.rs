//! Why a file was refused, and where to look.

use crate::advice::{Report, behind_one_pointer, reported};
use crate::json::quoted;
use crate::prelude::*;

use super::{Corrupt, IN_FLIGHT_DAYS_MAX, PartError};

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

behind_one_pointer! {
    /// Why a file was refused: one pointer, because it is handed on at every cell. Nothing of the run is reported then.
    pub struct Error of ErrorKind;
}

/// What is wrong with a run or a file. Variants stand in order of precedence.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum ErrorKind {
    /// The in-flight window is longer than [`IN_FLIGHT_DAYS_MAX`].
    WindowTooLong {
        /// Days asked for.
        found: u64,
    },
    /// The rules contradict themselves.
    WrongRules {
        /// Their name and version.
        rules: String,
        /// What is wrong.
        problem: &'static str,
    },
    /// The file is not UTF-8, or holds a NUL byte, as UTF-16 without a mark does.
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
        column: String,
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
    /// What one step made is not what the next one was given.
    Corrupt(Corrupt),
    /// Parts that were not merged or not judged.
    Part(PartError),
}

impl Place {
    /// A report that says where to look.
    fn report(&self, code: &'static str) -> Report {
        Report::new(code).fact("file", &self.file).number("line", self.line).number("column", self.column)
    }
}

impl Error {
    fn table(&self) -> Report {
        match self.kind() {
            ErrorKind::Corrupt(corrupt) => corrupt.table(),
            ErrorKind::Part(error) => error.table(),
            ErrorKind::WindowTooLong { found } => {
                Report::new("reconcile_window_too_long").number("found", *found).say_with(
                    "an in-flight window of {found} days is too long: expected 0 to {limit}",
                    &[("limit", &IN_FLIGHT_DAYS_MAX.digits())],
                )
            }
            ErrorKind::WrongRules { rules, problem } => Report::new("reconcile_rules_invalid")
                .fact("rules", rules)
                .fact("problem", problem)
                .say("the rules {rules} cannot be applied: {problem}"),
            ErrorKind::NotUtf8 { at } => at.report("file_not_utf8").say(
                "{file}, line {line}, column {column}: the text is not UTF-8, or has a NUL byte: convert the file, for \
                 example with iconv, or fetch it again",
            ),
            ErrorKind::NoHeader { file } => Report::new("file_no_header")
                .fact("file", file)
                .say("{file}: the file is empty: expected a header row"),
            ErrorKind::UnclosedQuote { at } => at.report("file_unclosed_quote").say(
                "{file}, line {line}, column {column}: the quoted cell that begins here does not end: is the file \
                 complete?",
            ),
            ErrorKind::StrayQuote { at } => at.report("file_stray_quote").say(
                "{file}, line {line}, column {column}: a quote may only enclose a whole cell: double it inside of a \
                 quoted cell",
            ),
            ErrorKind::DoubledColumn { at, column } => {
                at.report("file_doubled_column").fact("field", column).say_with(
                    "{file}, line {line}, column {column}: the column {field} stands twice: remove or rename one",
                    &[("field", &quoted(column))],
                )
            }
            ErrorKind::MissingColumn { file, column } => Report::new("file_missing_column")
                .fact("file", file)
                .fact("field", column)
                .say("{file}: the header has no column {field}: add it or rename the one that holds it"),
            ErrorKind::WrongWidth { at, expected, found } => {
                at.report("file_wrong_width").count("expected", *expected).count("found", *found).say(
                    "{file}, line {line}, column {column}: the row has {found} cells where the header has \
                     {expected}: is the file complete, and is every comma in a cell quoted?",
                )
            }
            ErrorKind::HeaderAgain { at } => at.report("file_header_again").say(
                "{file}, line {line}, column {column}: the header stands here again: pass joined files one by one",
            ),
            ErrorKind::MissingValue { at, column } => at
                .report("file_missing_value")
                .fact("field", column)
                .say("{file}, line {line}, column {column}: the cell `{field}` is empty: fill it"),
            ErrorKind::BadValue { at, column, reason } => at
                .report("file_bad_value")
                .fact("field", column)
                .fact("reason", reason)
                .say("{file}, line {line}, column {column}: the cell `{field}` is wrong: {reason}"),
        }
    }
}

reported!(Error);
