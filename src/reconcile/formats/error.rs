//! Why a file was refused, and where to look.

use super::Place;
use crate::advice::{Report, reported};
use crate::json::quoted;
use crate::prelude::*;

/// Why a file was refused: one pointer, because it is handed on at every cell. Lines that came before it stand for nothing.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Error(Box<Refusal>);

#[derive(Clone, Debug, PartialEq, Eq)]
struct Refusal {
    file: String,
    place: Place,
    kind: ErrorKind,
}

/// What is wrong with a file. Variants stand in order of precedence.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum ErrorKind {
    /// A setting does not fit the format.
    Setting {
        /// Its name.
        setting: &'static str,
        /// What was found and what was expected.
        reason: String,
    },
    /// The file is still compressed.
    Compressed {
        /// In which format.
        with: &'static str,
    },
    /// The bytes are no text in the encoding they should be in.
    Encoding {
        /// The encoding.
        expected: &'static str,
        /// What is wrong with them, and what else they may be.
        found: String,
    },
    /// A line, record, tag or text does not end within the limit.
    TooLong {
        /// What does not end.
        what: &'static str,
        /// The limit in bytes.
        limit: usize,
    },
    /// Nothing, or nothing but blank lines.
    Empty {
        /// What was expected.
        expected: &'static str,
    },
    /// The file does not begin as the format does.
    OtherFormat {
        /// What the format begins with.
        expected: String,
        /// What was found, shortened.
        found: String,
    },
    /// The file ends before its format does.
    Truncated {
        /// What is missing.
        expected: String,
    },
    /// Something stands where the format has no place for it.
    Malformed {
        /// What could stand here.
        expected: String,
        /// What was found, shortened.
        found: String,
    },
    /// A quoted cell does not end: most likely the file was cut off.
    UnclosedQuote,
    /// A quote where none may stand.
    StrayQuote,
    /// A column stands twice in the header.
    DoubledColumn {
        /// Its name.
        column: String,
    },
    /// A required column is not in the header.
    MissingColumn {
        /// The column, or the columns one of which is needed.
        column: String,
    },
    /// A row has more or fewer cells than the header.
    WrongWidth {
        /// Cells in the header.
        expected: usize,
        /// Cells in the row.
        found: usize,
    },
    /// The header stands again among the rows: two files were joined.
    HeaderAgain,
    /// A field that must not be empty is.
    MissingValue {
        /// Its name.
        field: String,
    },
    /// A field cannot be read as what it holds.
    BadValue {
        /// Its name.
        field: String,
        /// What it should hold.
        expected: String,
        /// What it holds, shortened.
        found: String,
    },
    /// The file has been refused or has ended before.
    Refused,
}

/// Hostile input may be megabytes long; a message shows its beginning.
pub(super) fn shortened(text: &str) -> String {
    const SHOWN_MAX: usize = 40;
    text.chars().take(SHOWN_MAX).collect()
}

impl Error {
    /// What is wrong.
    #[must_use]
    pub const fn kind(&self) -> &ErrorKind {
        &self.0.kind
    }

    /// Where it is wrong.
    #[must_use]
    pub const fn place(&self) -> Place {
        self.0.place
    }

    #[inline(never)]
    pub(super) fn at(place: Place, kind: ErrorKind) -> Self {
        Self(Box::new(Refusal { file: String::new(), place, kind }))
    }

    /// The same, of a named file.
    pub(super) fn of_file(mut self, file: &str) -> Self {
        file.clone_into(&mut self.0.file);
        self
    }

    pub(super) fn bad_value(place: Place, field: &str, expected: &str, found: &str) -> Self {
        let (field, expected) = (field.to_owned(), expected.to_owned());
        Self::at(place, ErrorKind::BadValue { field, expected, found: shortened(found) })
    }

    pub(super) fn missing_value(place: Place, field: &str) -> Self {
        Self::at(place, ErrorKind::MissingValue { field: field.to_owned() })
    }

    pub(super) fn malformed(place: Place, expected: &str, found: &str) -> Self {
        Self::at(place, ErrorKind::Malformed { expected: expected.to_owned(), found: shortened(found) })
    }

    pub(super) fn truncated(place: Place, expected: &str) -> Self {
        Self::at(place, ErrorKind::Truncated { expected: expected.to_owned() })
    }

    fn table(&self) -> Report {
        let Refusal { file, place, kind } = &*self.0;
        let report = |code| {
            let report = Report::new(code).fact("file", file);
            report.number("line", place.line).number("column", place.column)
        };
        let said = |report: Report, sentence: &str| {
            report.say(&glued(&["{file}, line {line}, column {column}: ", sentence]))
        };
        // Values of the file stand in quotes in the sentence, and as they are among the facts.
        let quoting = |report: Report, sentence: &str, found: &str| {
            let sentence = glued(&["{file}, line {line}, column {column}: ", sentence]);
            report.fact("found", found).say_with(&sentence, &[("shown", &quoted(found))])
        };
        match kind {
            ErrorKind::Setting { setting, reason } => Report::new("reader_setting_invalid")
                .fact("file", file)
                .fact("setting", setting)
                .fact("reason", reason)
                .say("{file}: the setting {setting} is wrong: {reason}"),
            ErrorKind::Compressed { with } => said(
                report("file_compressed").fact("found", with),
                "the file is compressed with {found}: decompress it first",
            ),
            ErrorKind::Encoding { expected, found } => said(
                report("file_wrong_encoding").fact("expected", expected).fact("found", found),
                "the text is not {expected}: {found}",
            ),
            ErrorKind::TooLong { what, limit } => said(
                report("file_line_too_long").fact("what", what).count("limit", *limit),
                "{what} that begins here does not end within {limit} bytes: is the file of this format, and whole?",
            ),
            ErrorKind::Empty { expected } => said(
                report("file_no_header").fact("expected", expected),
                "the file is empty: expected {expected}",
            ),
            ErrorKind::OtherFormat { expected, found } => quoting(
                report("file_other_format").fact("expected", expected),
                "found {shown}, where a file of this format has {expected}: pass the format the file is in",
                found,
            ),
            ErrorKind::Truncated { expected } => said(
                report("file_truncated").fact("expected", expected),
                "the file ends here without {expected}: it was cut off; fetch it again",
            ),
            ErrorKind::Malformed { expected, found } => quoting(
                report("file_malformed").fact("expected", expected),
                "found {shown}, expected {expected}: fetch the file again, or mend it here",
                found,
            ),
            ErrorKind::UnclosedQuote => said(
                report("file_unclosed_quote"),
                "the quoted cell that begins here does not end: is the file complete?",
            ),
            ErrorKind::StrayQuote => said(
                report("file_stray_quote"),
                "a quote may only enclose a whole cell: double it inside of a quoted cell",
            ),
            ErrorKind::DoubledColumn { column } => said(
                report("file_doubled_column").fact("field", column),
                "the column {field} stands twice: remove or rename one",
            ),
            ErrorKind::MissingColumn { column } => said(
                report("file_missing_column").fact("field", column),
                "the header has no column {field}: add it, rename the one that holds it, or pass a mapping",
            ),
            ErrorKind::WrongWidth { expected, found } => said(
                report("file_wrong_width").count("expected", *expected).count("found", *found),
                "the row has {found} cells where the header has {expected}: is the file complete, and is every \
                 separator in a cell quoted?",
            ),
            ErrorKind::HeaderAgain => said(
                report("file_header_again"),
                "the header stands here again: pass joined files one by one",
            ),
            ErrorKind::MissingValue { field } => {
                said(report("file_missing_value").fact("field", field), "`{field}` is empty: fill it")
            }
            ErrorKind::BadValue { field, expected, found } => quoting(
                report("file_bad_value").fact("field", field).fact("expected", expected),
                "`{field}` holds {shown}: expected {expected}",
                found,
            ),
            ErrorKind::Refused => said(
                report("reader_refused"),
                "the reader has refused or ended this file before: begin again with a new reader",
            ),
        }
    }
}

reported!(Error);
