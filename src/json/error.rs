//! Why a document was refused.

use crate::advice::{Advice, Detail, Diagnose};
use crate::prelude::*;

/// Why a document was refused. Variants stand in order of precedence.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Error {
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

impl core::fmt::Display for Error {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        match self {
            Self::TooLarge { found, limit } => {
                write!(f, "the document has {found} bytes; at most {limit} are read")
            }
            Self::Syntax { offset, expected } => write!(f, "not JSON at byte {offset}: expected {expected}"),
            Self::TooDeep { offset } => {
                write!(f, "nested deeper than {} levels at byte {offset}", super::DEPTH_MAX)
            }
            Self::TooManyMembers { offset } => {
                write!(
                    f,
                    "the object has more than {} members, the next at byte {offset}",
                    super::MEMBERS_MAX
                )
            }
            Self::DuplicateMember { offset, name } => {
                write!(f, "the member {} stands twice, again at byte {offset}", super::quoted(name))
            }
            Self::MissingField { field, expected } => {
                write!(f, "the field `{field}` is missing: expected {expected}")
            }
            Self::WrongField { field, expected, found } => {
                write!(f, "the field `{field}` holds {found}: expected {expected}")
            }
            Self::UnknownField { field } => {
                write!(f, "the field {} is not known here: remove it or mend its name", super::quoted(field))
            }
        }
    }
}

impl core::error::Error for Error {}

impl Diagnose for Error {
    fn code(&self) -> &'static str {
        match self {
            Self::TooLarge { .. } => "json_too_large",
            Self::Syntax { .. } => "json_syntax",
            Self::TooDeep { .. } => "json_too_deep",
            Self::TooManyMembers { .. } => "json_too_many_members",
            Self::DuplicateMember { .. } => "json_duplicate_member",
            Self::MissingField { .. } => "field_missing",
            Self::WrongField { .. } => "field_invalid",
            Self::UnknownField { .. } => "field_unknown",
        }
    }

    fn advice(&self) -> Advice {
        Advice::FixCall
    }

    fn details(&self) -> Vec<Detail> {
        match self {
            Self::TooLarge { found, limit } => {
                vec![("found", found.to_string()), ("limit", limit.to_string())]
            }
            Self::Syntax { offset, expected } => {
                vec![("offset", offset.to_string()), ("expected", (*expected).to_owned())]
            }
            Self::TooDeep { offset } | Self::TooManyMembers { offset } => {
                vec![("offset", offset.to_string())]
            }
            Self::DuplicateMember { offset, name } => {
                vec![("offset", offset.to_string()), ("field", name.clone())]
            }
            Self::MissingField { field, expected } => {
                vec![("field", (*field).to_owned()), ("expected", (*expected).to_owned())]
            }
            Self::WrongField { field, expected, found } => vec![
                ("field", (*field).to_owned()),
                ("expected", (*expected).to_owned()),
                ("found", found.clone()),
            ],
            Self::UnknownField { field } => vec![("field", field.clone())],
        }
    }
}
