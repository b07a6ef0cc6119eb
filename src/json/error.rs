//! Why a document was refused.

use crate::advice::{Report, Sentence, behind_one_pointer, reported};
use crate::prelude::*;

behind_one_pointer! {
    /// Why a document was refused: one pointer, because it is handed on at every field that is read.
    pub struct Error of ErrorKind;
}

/// What is wrong with a document. Variants stand in order of precedence.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum ErrorKind {
    /// Longer than [`BYTES_MAX`](super::BYTES_MAX).
    TooLarge {
        /// Bytes found.
        found: usize,
        /// Bytes allowed.
        limit: usize,
    },
    /// The text is not JSON.
    Syntax {
        /// Byte offset of the first byte that does not fit.
        offset: usize,
        /// What would have fitted.
        expected: &'static str,
    },
    /// Nested deeper than [`DEPTH_MAX`](super::DEPTH_MAX).
    TooDeep {
        /// Byte offset of the bracket that went too deep.
        offset: usize,
    },
    /// An object has more members than [`MEMBERS_MAX`](super::MEMBERS_MAX).
    TooManyMembers {
        /// Byte offset of the first name too many.
        offset: usize,
    },
    /// A member name stands twice in one object: readers would disagree on its value.
    DuplicateMember {
        /// Byte offset of the second name.
        offset: usize,
        /// The name.
        name: String,
    },
    /// A required field is absent.
    MissingField {
        /// The field.
        field: &'static str,
        /// What it should hold.
        expected: &'static str,
    },
    /// A field holds something else than it should.
    WrongField {
        /// The field.
        field: &'static str,
        /// What it should hold.
        expected: &'static str,
        /// What it holds, in a word.
        found: String,
    },
    /// A field nobody knows: most likely a misspelling, so it is refused instead of ignored.
    UnknownField {
        /// The field.
        field: String,
    },
}

impl Error {
    /// What is said of each code.
    pub(crate) const SENTENCES: &'static [Sentence] = &[
        ("json_too_large", "the document has {found} bytes; at most {limit} are read"),
        ("json_syntax", "not JSON at byte {offset}: expected {expected}"),
        ("json_too_deep", "nested deeper than 64 levels at byte {offset}"),
        ("json_too_many_members", "the object has more than 4096 members, the next at byte {offset}"),
        ("json_duplicate_member", "the member {\"field\"} stands twice, again at byte {offset}"),
        ("field_missing", "the field `{field}` is missing: expected {expected}"),
        ("field_invalid", "the field `{field}` holds {found}: expected {expected}"),
        ("field_unknown", "the field {\"field\"} is not known here: remove it or mend its name"),
    ];

    fn table(&self) -> Report {
        match self.kind() {
            ErrorKind::TooLarge { found, limit } => {
                Report::new("json_too_large").count("found", *found).count("limit", *limit)
            }
            ErrorKind::Syntax { offset, expected } => {
                Report::new("json_syntax").count("offset", *offset).fact("expected", expected)
            }
            ErrorKind::TooDeep { offset } => Report::new("json_too_deep").count("offset", *offset),
            ErrorKind::TooManyMembers { offset } => {
                Report::new("json_too_many_members").count("offset", *offset)
            }
            ErrorKind::DuplicateMember { offset, name } => {
                Report::new("json_duplicate_member").count("offset", *offset).fact("field", name)
            }
            ErrorKind::MissingField { field, expected } => {
                Report::new("field_missing").fact("field", field).fact("expected", expected)
            }
            ErrorKind::WrongField { field, expected, found } => Report::new("field_invalid")
                .fact("field", field)
                .fact("expected", expected)
                .fact("found", found),
            ErrorKind::UnknownField { field } => Report::new("field_unknown").fact("field", field),
        }
        .say_quoting_from(Self::SENTENCES, super::quoted)
    }
}

reported!(Error);
