//! Whatever a journal holds is one of two things, has an id, and is said once.

use super::entry::Entry;
use super::standing::Standing;
use super::{Error, Link};
use crate::json::Value;
use crate::prelude::*;
use crate::time::Timestamp;

/// What stands in a line of a journal.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Record {
    /// Money that moved, or is held.
    Entry(Box<Entry>),
    /// What may be posted to an account.
    Standing(Box<Standing>),
}

impl Record {
    /// Reads a record: an object with `postings` is an entry, any other a standing.
    ///
    /// # Errors
    ///
    /// Those of [`Entry::from_json`] and [`Standing::from_json`].
    pub fn from_json(value: &Value<'_>) -> Result<Self, Error> {
        let standing = value.get("state").is_some() && value.get("postings").is_none();
        if standing {
            Standing::from_json(value).map(Self::from)
        } else {
            Entry::from_json(value).map(Self::from)
        }
    }

    /// The canonical text.
    #[must_use]
    pub fn to_json(&self) -> String {
        match self {
            Self::Entry(entry) => entry.to_json(),
            Self::Standing(standing) => standing.to_json(),
        }
    }

    /// The member of a line that holds it.
    #[must_use]
    pub const fn member(&self) -> &'static str {
        match self {
            Self::Entry(_) => "entry",
            Self::Standing(_) => "account",
        }
    }

    /// The caller's id.
    #[must_use]
    pub fn id(&self) -> &str {
        match self {
            Self::Entry(entry) => entry.id(),
            Self::Standing(standing) => standing.id(),
        }
    }

    /// When the merchant's system learnt of it.
    #[must_use]
    pub const fn recorded_at(&self) -> Timestamp {
        match self {
            Self::Entry(entry) => entry.parts().recorded_at,
            Self::Standing(standing) => standing.recorded_at(),
        }
    }

    /// The entry, if it is one.
    #[must_use]
    pub const fn entry(&self) -> Option<&Entry> {
        match self {
            Self::Entry(entry) => Some(entry),
            Self::Standing(_) => None,
        }
    }

    /// The link to the entry that this one takes from.
    #[must_use]
    pub fn taken(&self) -> Option<&Link> {
        self.entry().and_then(Entry::taken)
    }

    /// The first field in which a second record with the same id differs, or `None` when it says the same.
    #[must_use]
    pub fn difference(&self, other: &Self) -> Option<&'static str> {
        match (self, other) {
            (Self::Entry(own), Self::Entry(other)) => own.difference(other),
            (Self::Standing(own), Self::Standing(other)) => own.difference(other),
            (Self::Entry(_), Self::Standing(_)) | (Self::Standing(_), Self::Entry(_)) => Some("kind"),
        }
    }
}

impl From<Entry> for Record {
    fn from(entry: Entry) -> Self {
        Self::Entry(Box::new(entry))
    }
}

impl From<Standing> for Record {
    fn from(standing: Standing) -> Self {
        Self::Standing(Box::new(standing))
    }
}
