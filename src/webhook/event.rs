//! What an authenticated delivery says: which events it carries, so that each can be applied once.

use super::moment::{number, rfc3339};
use super::peek::{self, PATHS, texts};
use super::{
    EVENT_ID_BYTES_MAX, HeaderValue, IdSource, KindSource, Moment, Path, Scheme, Strength, TimeUnit, header,
};
use crate::crypto::{HashAlgorithm, HashValue, encode_hex};
use crate::prelude::*;
use crate::time::Timestamp;

/// One event of a delivery.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Event {
    /// What repeated deliveries of the event have in common: 1 to
    /// [`EVENT_ID_BYTES_MAX`](super::EVENT_ID_BYTES_MAX) bytes.
    ///
    /// Where the scheme has no id, or the delivery lacks it, `sha256:` and the digest of what is signed, or of the body.
    pub id: String,
    /// Whether the signature covers the id. If not, a captured delivery can be replayed under a fresh one.
    pub id_is_signed: bool,
    /// A second key for ids that are not signed, `sha256:` and a digest: a replay under a fresh id has the same. It is
    /// that of the body and, unless that stands in a header, the type; or of what is signed, where the body is not but
    /// something that is fresh in each delivery. Shopify sends one body under several types, in a header that is not
    /// signed: there the type counts, and a replay under another type is another event.
    pub digest: Option<String>,
    /// The type, as the provider names it.
    pub kind: Option<String>,
    /// When it happened, where the body says so.
    pub occurred_at: Option<Timestamp>,
    /// Where it stands in the list of a delivery that carries several, from 0.
    pub index: Option<usize>,
}

/// What was proven, and all that is known of the delivery beside it.
#[derive(Clone, Copy, Debug)]
pub(super) struct Proven<'p, 'a> {
    pub(super) scheme: &'static Scheme,
    pub(super) headers: &'p [(&'a str, HeaderValue<'a>)],
    pub(super) body: &'a [u8],
    /// The digest of what is signed, where that is not the body: of each event that is proven, in their order.
    pub(super) signed: &'p [HashValue],
    /// Events that are not proven, by their place in the list.
    pub(super) refused: &'p [usize],
}

impl Proven<'_, '_> {
    /// The events of a delivery whose signature holds.
    pub(super) fn events(&self) -> Vec<Event> {
        let identity = self.scheme.identity;
        let Some(items) = identity.items else {
            return vec![self.event(self.body, &texts(self.body, self.paths()), None, 0)];
        };
        let document = peek::without_mark(self.body);
        let list = if items.list.is_empty() { Some(document) } else { peek::value(document, &[items.list]) };
        let list = list.and_then(peek::elements).unwrap_or_default();
        if list.is_empty() {
            // Genuine, but no list of events: it still becomes one, so that it is not lost.
            return vec![self.event(self.body, &[const { None }; PATHS], None, 0)];
        }
        let mut events = Vec::with_capacity(list.len());
        let mut contents = Vec::with_capacity(list.len());
        for (index, item) in list.iter().enumerate() {
            if self.refused.contains(&index) {
                continue;
            }
            let event = peek::value(item, items.member).unwrap_or(item);
            let proven = events.len();
            events.push(self.event(item, &texts(event, self.paths()), Some(index), proven));
            // What nobody signed makes no other event: whoever has one delivery could write any number of them.
            contents.push(self.signed.get(proven).map_or(*item, HashValue::as_bytes));
        }
        apart(&mut events, &contents, self.signed);
        events
    }

    /// The paths of id, type and time, in the order in which [`Proven::event`] takes what stands there.
    fn paths(&self) -> [Path; PATHS] {
        let identity = self.scheme.identity;
        let mut ids = identity.id.paths().iter().copied();
        let mut kinds = identity.kind.paths().iter().copied();
        let mut id = || ids.next().unwrap_or_default();
        let mut kind = || kinds.next().unwrap_or_default();
        [id(), id(), id(), kind(), kind(), identity.occurred_at.map_or(&[], Moment::path)]
    }

    /// `proven` counts the events that are, from 0.
    fn event(
        &self,
        bytes: &[u8],
        found: &[Option<String>; PATHS],
        index: Option<usize>,
        proven: usize,
    ) -> Event {
        let signed = self.signed.get(proven).copied();
        let identity = self.scheme.identity;
        let ([ids @ .., _, _, _], [_, _, _, kinds @ .., time]) = (found, found);
        let in_header = |name| header::find(self.headers, name).ok().flatten().map(str::to_owned);
        let kind = match identity.kind {
            KindSource::Header(name) => in_header(name),
            KindSource::Body(_) | KindSource::None => joined(kinds),
        };
        let id = match identity.id {
            IdSource::SignedHeader(name) | IdSource::UnsignedHeader(name) => in_header(name),
            IdSource::UnsignedHeaderOfKind(name) => {
                kind.as_deref().zip(in_header(name)).map(|(kind, id)| glued(&[kind, ":", &id]))
            }
            IdSource::Body(_) | IdSource::Digest | IdSource::BodyDigest => self.compound(ids),
        };
        let id = id.filter(|id| usable(id));
        let occurred_at = time.as_deref().map(str::as_bytes).and_then(|time| match identity.occurred_at? {
            Moment::Seconds(_) => TimeUnit::Seconds.read(time),
            Moment::Milliseconds(_) => Timestamp::from_unix_ms(number(time, u64::MAX)?),
            Moment::Rfc3339(_) => rfc3339(time),
        });
        let id_is_signed = match (&id, identity.id, signed) {
            // Whoever leaves the header out must not get an id that nobody doubts.
            (Some(_), ..) | (None, IdSource::UnsignedHeader(_) | IdSource::UnsignedHeaderOfKind(_), None) => {
                self.scheme.signs_id()
            }
            (None, IdSource::BodyDigest, _) => false,
            (None, _, Some(_)) => true,
            (None, _, None) => self.scheme.strength() == Strength::SignedBody,
        };
        let digest = (!id_is_signed).then(|| match signed {
            Some(signed) if self.scheme.signs_something_fresh() => digest_text(&signed),
            Some(_) | None => {
                let kind = match (identity.id, identity.kind) {
                    // A header that nobody signs, and of which each event has one: it would only make replays new.
                    (IdSource::UnsignedHeader(_), KindSource::Header(_)) => "",
                    _ => kind.as_deref().unwrap_or_default(),
                };
                digest_text(&hashed(&[kind.as_bytes(), &[0], bytes]))
            }
        });
        let stands_in = signed.filter(|_| identity.id != IdSource::BodyDigest);
        let id = id.unwrap_or_else(|| digest_text(&stands_in.unwrap_or_else(|| hashed(&[bytes]))));
        Event { id, id_is_signed, digest, kind, occurred_at, index }
    }

    /// The id that stands in the body, if it does. No two lists of parts have the same.
    fn compound(&self, parts: &[Option<String>]) -> Option<String> {
        let (paths, kinds) = (self.scheme.identity.id.paths(), self.scheme.identity.kind.paths());
        if let [_] = paths {
            return parts.first().cloned().flatten();
        }
        let mut id = String::new();
        for (index, (path, part)) in paths.iter().zip(parts).enumerate() {
            let part = part.as_deref().unwrap_or_default();
            // Without what names the event, all those of one type would be one.
            if part.is_empty() && !kinds.contains(path) {
                return None;
            }
            id.push_str(if index == 0 { "" } else { ":" });
            for character in part.chars() {
                match character {
                    ':' => id.push_str("%3A"),
                    '%' => id.push_str("%25"),
                    _ => id.push(character),
                }
            }
        }
        Some(id)
    }
}

/// Events of one delivery that bear one id but differ in what is signed are different events: their ids say so.
fn apart(events: &mut [Event], contents: &[&[u8]], signed: &[HashValue]) {
    let mut shared = Vec::new();
    for (event, content) in events.iter().zip(contents) {
        let mut others = events.iter().zip(contents);
        shared.push(others.any(|(other, theirs)| other.id == event.id && theirs != content));
    }
    for (index, ((event, content), shared)) in events.iter_mut().zip(contents).zip(shared).enumerate() {
        if shared {
            event.id = digest_text(&signed.get(index).copied().unwrap_or_else(|| hashed(&[content])));
        }
    }
}

/// The texts that are there, with a dot between them; `None` without the first.
fn joined(texts: &[Option<String>]) -> Option<String> {
    let [Some(first), rest @ ..] = texts else { return None };
    let mut joined = first.clone();
    for text in rest.iter().flatten() {
        joined.push('.');
        joined.push_str(text);
    }
    Some(joined)
}

/// An id becomes part of a store key, and databases disagree about control characters.
fn usable(id: &str) -> bool {
    !id.is_empty() && id.len() <= EVENT_ID_BYTES_MAX && !id.chars().any(char::is_control)
}

fn hashed(pieces: &[&[u8]]) -> HashValue {
    HashAlgorithm::Sha256.of(pieces)
}

fn digest_text(digest: &HashValue) -> String {
    glued(&["sha256:", &encode_hex(digest.as_bytes())])
}
