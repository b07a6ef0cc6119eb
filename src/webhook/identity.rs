//! What makes two deliveries the same event, as data.

use super::peek::{elements, only_value};
use super::{EVENTS_EXPECTED, EVENTS_MAX, Refusal};
use crate::prelude::*;

/// A way into the JSON body: member names, outermost first. Empty leads nowhere.
pub type Path = &'static [&'static str];

/// What identifies an event.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Identity {
    /// Where the id stands.
    pub id: IdSource,
    /// Where the type stands.
    pub kind: KindSource,
    /// Where the time of the event stands, if anywhere.
    pub occurred_at: Option<Moment>,
    /// Where the events stand when a delivery carries several; all other paths then begin at one of them.
    pub items: Option<Items>,
}

/// A list of events in one delivery.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Items {
    /// The member of the body that is the list; empty when the body is.
    pub list: &'static str,
    /// The member of each element that is the event; empty when the element is.
    pub member: Path,
}

/// Where the id of an event stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum IdSource {
    /// In the body: the texts at these paths. Several are joined by `:`, which is `%3A` within them, as `%` is `%25`.
    /// Only the type may be absent: it tells events apart, and names none.
    Body(&'static [Path]),
    /// In a header that is part of what is signed.
    SignedHeader(&'static str),
    /// In a header that anybody can change: a replay may come under a fresh id.
    UnsignedHeader(&'static str),
    /// As [`IdSource::UnsignedHeader`], where events of several types share it: the type and `:` stand before it. They
    /// may share the body too, so that the type tells them apart although nobody signs it.
    UnsignedHeaderOfKind(&'static str),
    /// Nowhere: the digest of what is signed is all there is.
    Digest,
    /// Nowhere, and different events have the same fields signed: the digest of the body, which anybody can change.
    BodyDigest,
}

/// Where the type of an event stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum KindSource {
    /// In the body: the texts at these paths, joined by `.`.
    Body(&'static [Path]),
    /// In a header.
    Header(&'static str),
    /// Nowhere.
    None,
}

/// Where the time of an event stands in the body.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Moment {
    /// A whole number of seconds since the epoch.
    Seconds(Path),
    /// A whole number of milliseconds since the epoch.
    Milliseconds(Path),
    /// An RFC 3339 text.
    Rfc3339(Path),
}

impl Items {
    /// The list in a body in which each event has a signature of its own.
    ///
    /// # Errors
    ///
    /// [`super::Error::BodyMalformed`], [`super::Error::FieldMissing`] and [`super::Error::FieldMalformed`].
    pub(super) fn signable(self, document: &[u8]) -> Result<Vec<&[u8]>, Refusal> {
        let field = self.list;
        let list =
            only_value(document, &[field])?.and_then(elements).ok_or_else(|| Refusal::no_field(field))?;
        if list.is_empty() || list.len() > EVENTS_MAX {
            return Err(Refusal::field(field, EVENTS_EXPECTED));
        }
        Ok(list)
    }
}

impl IdSource {
    /// The header nobody signs that it stands in.
    pub(super) const fn unsigned_header(self) -> Option<&'static str> {
        match self {
            Self::UnsignedHeader(name) | Self::UnsignedHeaderOfKind(name) => Some(name),
            Self::Body(_) | Self::SignedHeader(_) | Self::Digest | Self::BodyDigest => None,
        }
    }

    /// Where it stands in the body; empty when it does not.
    pub(super) const fn paths(self) -> &'static [Path] {
        match self {
            Self::Body(paths) => paths,
            Self::SignedHeader(_)
            | Self::UnsignedHeader(_)
            | Self::UnsignedHeaderOfKind(_)
            | Self::Digest
            | Self::BodyDigest => &[],
        }
    }
}

impl KindSource {
    /// Where it stands in the body; empty when it does not.
    pub(super) const fn paths(self) -> &'static [Path] {
        match self {
            Self::Body(paths) => paths,
            Self::Header(_) | Self::None => &[],
        }
    }
}

impl Moment {
    /// Where it stands in the body.
    pub(super) const fn path(self) -> Path {
        match self {
            Self::Seconds(path) | Self::Milliseconds(path) | Self::Rfc3339(path) => path,
        }
    }
}
