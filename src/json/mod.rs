//! JSON is read strictly and numbers keep the text they came with: nothing is ever rounded on the way in.
//!
//! RFC 8259 to the letter, and stricter where money is at stake: no duplicate member names, no lone surrogates, no
//! byte-order mark, nothing after the value, a bounded depth and size. There is no floating point here: a number is
//! its lexeme until somebody asks for an integer.
//!
//! Not here: what a document means (see [`Fields`] for reading one with typed errors).

mod canonical;
mod error;
mod fields;
#[cfg(feature = "reconcile")]
mod pretty;
mod reader;
mod scan;
mod write;

use alloc::borrow::Cow;

use crate::prelude::*;

pub use canonical::canonical;
pub use error::{Error, ErrorKind};
pub use fields::Fields;
#[cfg(feature = "reconcile")]
pub(crate) use pretty::pretty;
pub use reader::Reader;
pub use scan::parse;
#[cfg(feature = "reconcile")]
pub(crate) use write::is_escaped;
#[cfg(any(feature = "reconcile", feature = "simulator"))]
pub(crate) use write::string as append_quoted;
pub use write::{ArrayWriter, ObjectWriter, quoted};

/// Deepest nesting accepted. Provider payloads stay below 20; the rest is an attack on the stack.
pub const DEPTH_MAX: usize = 64;

/// Most members of one object. Nothing that is read here has more than some hundred; comparing the names of more takes
/// time that grows with their square.
pub const MEMBERS_MAX: usize = 4096;

/// Longest document accepted, in bytes. The largest webhooks seen are below 1 MiB.
pub const BYTES_MAX: usize = 16 << 20;

/// The largest integer that every JSON reader keeps exact (RFC 8259 section 6): 2^53 - 1.
pub const SAFE_INTEGER_MAX: u64 = (1 << 53) - 1;

/// A JSON value that borrows from the document where it can.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Value<'a> {
    /// `null`
    Null,
    /// `true` or `false`
    Bool(bool),
    /// A number, as it was written.
    Number(&'a str),
    /// A string, unescaped.
    String(Cow<'a, str>),
    /// An array.
    Array(Vec<Value<'a>>),
    /// An object: members in document order, names unique.
    Object(Vec<(Cow<'a, str>, Value<'a>)>),
}

impl<'a> Value<'a> {
    /// The member `name`, or `None` when this is no object or has no such member.
    #[must_use]
    pub fn get(&self, name: &str) -> Option<&Self> {
        match self {
            Self::Object(members) => members.iter().find(|(key, _)| key == name).map(|(_, value)| value),
            Self::Null | Self::Bool(_) | Self::Number(_) | Self::String(_) | Self::Array(_) => None,
        }
    }

    /// The text of a string.
    #[must_use]
    pub fn as_str(&self) -> Option<&str> {
        match self {
            Self::String(text) => Some(text),
            Self::Null | Self::Bool(_) | Self::Number(_) | Self::Array(_) | Self::Object(_) => None,
        }
    }

    /// A non-negative integer written without fraction, exponent or sign.
    #[must_use]
    pub fn as_u64(&self) -> Option<u64> {
        match self {
            Self::Number(lexeme) if lexeme.bytes().all(|byte| byte.is_ascii_digit()) => lexeme.parse().ok(),
            Self::Number(_)
            | Self::Null
            | Self::Bool(_)
            | Self::String(_)
            | Self::Array(_)
            | Self::Object(_) => None,
        }
    }

    /// The truth of a boolean.
    #[must_use]
    pub const fn as_bool(&self) -> Option<bool> {
        match self {
            Self::Bool(value) => Some(*value),
            Self::Null | Self::Number(_) | Self::String(_) | Self::Array(_) | Self::Object(_) => None,
        }
    }

    /// The elements of an array.
    #[must_use]
    pub fn as_array(&self) -> Option<&[Self]> {
        match self {
            Self::Array(items) => Some(items),
            Self::Null | Self::Bool(_) | Self::Number(_) | Self::String(_) | Self::Object(_) => None,
        }
    }

    /// The members of an object.
    #[must_use]
    pub fn as_object(&self) -> Option<&[(Cow<'a, str>, Self)]> {
        match self {
            Self::Object(members) => Some(members),
            Self::Null | Self::Bool(_) | Self::Number(_) | Self::String(_) | Self::Array(_) => None,
        }
    }

    /// What kind of value this is, for messages.
    #[must_use]
    pub const fn kind(&self) -> &'static str {
        match self {
            Self::Null => "null",
            Self::Bool(_) => "a boolean",
            Self::Number(_) => "a number",
            Self::String(_) => "a string",
            Self::Array(_) => "an array",
            Self::Object(_) => "an object",
        }
    }

    /// The value as compact JSON text, members in document order.
    #[must_use]
    pub fn to_text(&self) -> String {
        let mut out = String::new();
        write::value(&mut out, self);
        out
    }
}
