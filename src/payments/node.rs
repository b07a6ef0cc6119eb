//! JSON that owns its texts: a document that is read once and interpreted often.

use alloc::borrow::Cow;

use crate::json::{self, ObjectWriter, Value};
use crate::prelude::*;

/// A value of a profile.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Node {
    /// `null`, `true` or a number: what is only passed on, as it was written.
    Plain(String),
    /// A string.
    Text(String),
    /// An array.
    List(Vec<Self>),
    /// An object, members in document order.
    Map(Vec<(String, Self)>),
}

impl Node {
    pub(super) fn of(value: &Value<'_>) -> Self {
        match value {
            Value::String(text) => Self::Text((**text).to_owned()),
            Value::Array(items) => {
                let mut list = Vec::with_capacity(items.len());
                for item in items {
                    list.push(Self::of(item));
                }
                Self::List(list)
            }
            Value::Object(members) => Self::Map(Self::members_of(members)),
            Value::Null | Value::Bool(_) | Value::Number(_) => Self::Plain(value.to_text()),
        }
    }

    pub(super) fn members_of(members: &[(Cow<'_, str>, Value<'_>)]) -> Vec<(String, Self)> {
        let mut list = Vec::with_capacity(members.len());
        for (name, member) in members {
            list.push(((**name).to_owned(), Self::of(member)));
        }
        list
    }

    /// Appends it as JSON text.
    pub(super) fn write(&self, out: &mut String) {
        match self {
            Self::Plain(text) => out.push_str(text),
            Self::Text(text) => out.push_str(&json::quoted(text)),
            Self::List(items) => {
                out.push('[');
                for (position, item) in items.iter().enumerate() {
                    if position > 0 {
                        out.push(',');
                    }
                    item.write(out);
                }
                out.push(']');
            }
            Self::Map(members) => {
                let mut writer = ObjectWriter::new();
                for (name, member) in members {
                    let mut text = String::new();
                    member.write(&mut text);
                    writer = writer.raw(name, &text);
                }
                out.push_str(&writer.finish());
            }
        }
    }

    /// The member of a name; `None` where there is none, or this is no object.
    pub(super) fn get(&self, name: &str) -> Option<&Self> {
        self.members().iter().find(|(known, _)| known == name).map(|(_, member)| member)
    }

    /// The text of a string.
    pub(super) const fn as_text(&self) -> Option<&str> {
        match self {
            Self::Text(text) => Some(text.as_str()),
            Self::Plain(_) | Self::List(_) | Self::Map(_) => None,
        }
    }

    /// A whole number.
    pub(super) fn as_count(&self) -> Option<u64> {
        match self {
            Self::Plain(text) => text.parse().ok(),
            Self::Text(_) | Self::List(_) | Self::Map(_) => None,
        }
    }

    /// The text of a member.
    pub(super) fn text(&self, name: &str) -> Option<&str> {
        self.get(name)?.as_text()
    }

    /// The number of a member; zero where there is none.
    pub(super) fn count(&self, name: &str) -> u64 {
        self.get(name).and_then(Self::as_count).unwrap_or_default()
    }

    /// Whether a member is `true`.
    pub(super) fn flag(&self, name: &str) -> bool {
        self.get(name).is_some_and(|member| matches!(member, Self::Plain(text) if text == "true"))
    }

    /// The elements of a member that is an array; none where it is something else.
    pub(super) fn list(&self, name: &str) -> &[Self] {
        self.get(name).map_or(&[], Self::items)
    }

    /// The elements of an array; none of anything else.
    pub(super) const fn items(&self) -> &[Self] {
        match self {
            Self::List(items) => items.as_slice(),
            Self::Plain(_) | Self::Text(_) | Self::Map(_) => &[],
        }
    }

    /// The elements of an array, or the one value that stands for a list of one.
    pub(super) const fn one_or_more(&self) -> &[Self] {
        match self {
            Self::List(items) => items.as_slice(),
            Self::Plain(_) | Self::Text(_) | Self::Map(_) => core::slice::from_ref(self),
        }
    }

    /// The members of an object; none of anything else.
    pub(super) const fn members(&self) -> &[(String, Self)] {
        match self {
            Self::Map(members) => members.as_slice(),
            Self::Plain(_) | Self::Text(_) | Self::List(_) => &[],
        }
    }
}
