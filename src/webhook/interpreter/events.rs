//! What an authenticated delivery says: which events it carries, so that each can be applied once.

use core::ops::Range;

use super::area::low;
use super::claims::Reading;
use super::code::{self, flag, id, moment};
use super::members::{Members, descend, first};
use crate::crypto::{HashAlgorithm, HashValue, push_hex};
use crate::prelude::*;
use crate::time::Timestamp;
use crate::webhook::moment::{number, rfc3339};
use crate::webhook::peek::{Elements, Member, spelled_out, without_mark};
use crate::webhook::{EVENT_ID_BYTES_MAX, TimeUnit};

/// What is told of the events of a delivery, and where it is put together.
#[derive(Default)]
pub(super) struct Telling {
    pub(super) events: Vec<Told>,
    /// The texts of the events, one after the other.
    texts: Vec<u8>,
    /// Events that are not proven, by their place in the list.
    pub(super) refused: Vec<usize>,
    /// The digest of what is signed, where that is not the body: of the event that is to be told next.
    pub(super) signed: Option<HashValue>,
    /// The signature that stands in the body.
    pub(super) signature: Vec<u8>,
}

/// What is told of one event. Its texts are places in [`Telling`].
pub(super) struct Told {
    id: Range<usize>,
    kind: Option<Range<usize>>,
    digest: Option<Range<usize>>,
    id_is_signed: bool,
    occurred_at: Option<u64>,
    index: Option<usize>,
    /// Where in the body it stands.
    content: Range<usize>,
    signed: Option<HashValue>,
}

impl Telling {
    pub(super) const fn new() -> Self {
        Self {
            events: Vec::new(),
            texts: Vec::new(),
            refused: Vec::new(),
            signed: None,
            signature: Vec::new(),
        }
    }

    /// Forgets the last delivery.
    pub(super) fn clear(&mut self) {
        self.events.clear();
        self.texts.clear();
        self.refused.clear();
        self.signed = None;
    }

    /// Adds a text.
    #[inline(never)]
    fn text(&mut self, pieces: &[&[u8]]) -> Range<usize> {
        let from = self.texts.len();
        for piece in pieces {
            self.texts.extend_from_slice(piece);
        }
        from..self.texts.len()
    }

    /// Adds a digest.
    fn digest(&mut self, digest: &HashValue) -> Range<usize> {
        let from = self.texts.len();
        self.texts.extend_from_slice(b"sha256:");
        push_hex(&mut self.texts, digest.as_bytes());
        from..self.texts.len()
    }

    /// What was added.
    fn added(&self, place: &Range<usize>) -> &[u8] {
        self.texts.get(place.clone()).unwrap_or_default()
    }

    /// Events of one delivery that bear one id but differ in what is signed are different events: their ids say so.
    fn tell_apart(&mut self, body: &[u8]) {
        let content = |event: &Told| body.get(event.content.clone()).unwrap_or_default();
        let mut shared = Vec::new();
        for event in &self.events {
            let mut others = self.events.iter();
            let is_other = |other: &Told| match (&event.signed, &other.signed) {
                (Some(one), Some(other)) => one.as_bytes() != other.as_bytes(),
                _ => content(event) != content(other),
            };
            shared
                .push(others.any(|other| self.added(&other.id) == self.added(&event.id) && is_other(other)));
        }
        for (place, shared) in shared.into_iter().enumerate() {
            if shared && let Some(event) = self.events.get(place) {
                let digest = event.signed.unwrap_or_else(|| hashed(&[content(event)]));
                let id = self.digest(&digest);
                if let Some(event) = self.events.get_mut(place) {
                    event.id = id;
                }
            }
        }
    }

    /// The events as bytes, every number as four of them, the lowest first: how many were refused and which, how many
    /// events there are, and of each its flags, its place in the list of the delivery (0 where there is none), its time
    /// (low and high), the lengths of id, type and digest, and those texts. The flags, from the lowest: whether the id is
    /// signed, and whether there are a type, a digest, a time and a place.
    pub(super) fn write(&self, out: &mut Vec<u8>) {
        out.clear();
        let put = |out: &mut Vec<u8>, value: usize| out.extend_from_slice(&low(value).to_le_bytes());
        put(out, self.refused.len());
        for place in &self.refused {
            put(out, *place);
        }
        put(out, self.events.len());
        for event in &self.events {
            let flags = [
                event.id_is_signed,
                event.kind.is_some(),
                event.digest.is_some(),
                event.occurred_at.is_some(),
                event.index.is_some(),
            ];
            put(out, flags.iter().rev().fold(0, |bits, flag| (bits << 1) | usize::from(*flag)));
            put(out, event.index.unwrap_or_default());
            out.extend_from_slice(&event.occurred_at.unwrap_or_default().to_le_bytes());
            let texts = [Some(&event.id), event.kind.as_ref(), event.digest.as_ref()];
            let texts = texts.map(|place| place.map_or(&b""[..], |place| self.added(place)));
            for text in texts {
                put(out, text.len());
            }
            for text in texts {
                out.extend_from_slice(text);
            }
        }
    }
}

impl Reading<'_> {
    /// Tells the events of a delivery whose signature holds.
    pub(super) fn tell_all(&self, telling: &mut Telling, spare: &mut Vec<u8>) {
        let list = self.row.text(code::LIST);
        if list.is_empty() {
            let members = self.look(without_mark(self.body), spare);
            return self.tell(telling, &members, self.body, None, spare);
        }
        let mut items = match descend(Member::Value(without_mark(self.body)), list, spare) {
            Member::Value(list) => Elements::of(list),
            Member::Absent | Member::Twice => Elements::of(b""),
        };
        if items.count().unwrap_or_default() == 0 {
            // Genuine, but no list of events: it still becomes one, so that it is not lost.
            return self.tell(telling, &Members::default(), self.body, None, spare);
        }
        let mut index = 0_usize;
        while let Some(Some(item)) = items.next() {
            let event = match descend(Member::Value(item), self.row.text(code::MEMBER), spare) {
                Member::Value(event) => event,
                Member::Absent | Member::Twice => item,
            };
            let members = self.look(event, spare);
            self.tell(telling, &members, item, Some(index), spare);
            index = index.wrapping_add(1);
        }
        telling.tell_apart(self.body);
    }

    /// Tells one event, which has these members, and is these bytes of the body.
    pub(super) fn tell(
        &self,
        telling: &mut Telling,
        members: &Members<'_>,
        bytes: &[u8],
        index: Option<usize>,
        spare: &mut Vec<u8>,
    ) {
        let signed = telling.signed;
        let (id_kind, paths) =
            (self.row.field(code::ID), members.get(..code::EVENT_PATHS).unwrap_or_default());
        // What stands twice makes the whole event ambiguous.
        let is_clear = !paths.contains(&Member::Twice);
        let mut texts = [const { None }; code::EVENT_PATHS];
        for ((path, member), text) in paths.iter().enumerate().zip(&mut texts).filter(|_| is_clear) {
            if let Member::Value(value) = descend(*member, first(self.row.path(path)).1, spare) {
                *text = spelled_out(value, spare).map(|found| telling.text(&[found]));
            }
        }
        let [ids @ .., _, _, _] = &texts;
        let [_, _, _, first_kind, second_kind, time] = &texts;
        let in_header = |slot: usize| self.find(self.row.field(slot).into()).ok().flatten();

        let kind = if self.row.field(code::KIND_IN_HEADER) == 1 {
            in_header(code::KIND_SLOT).map(|text| telling.text(&[text]))
        } else {
            match (first_kind, second_kind) {
                (Some(first), Some(second)) => {
                    let from = telling.texts.len();
                    telling.texts.extend_from_within(first.clone());
                    telling.texts.push(b'.');
                    telling.texts.extend_from_within(second.clone());
                    Some(from..telling.texts.len())
                }
                (first, _) => first.clone(),
            }
        };
        let id = match id_kind {
            ..id::SIGNED_HEADER => self.compound(telling, ids),
            id::UNSIGNED_HEADER_OF_KIND => {
                let from = telling.texts.len();
                kind.clone().zip(in_header(code::ID_SLOT)).map(|(kind, id)| {
                    telling.texts.extend_from_within(kind);
                    telling.text(&[b":", id]);
                    from..telling.texts.len()
                })
            }
            _ => in_header(code::ID_SLOT).map(|text| telling.text(&[text])),
        };
        let id = id.filter(|id| usable(telling.added(id)));
        let occurred_at = time.as_ref().and_then(|time| {
            let time = telling.added(time);
            match self.row.field(code::MOMENT) {
                moment::NONE => None,
                moment::SECONDS => TimeUnit::Seconds.read(time),
                moment::MILLISECONDS => Timestamp::from_unix_ms(number(time, u64::MAX)?),
                _ => rfc3339(time),
            }
        });
        let is_unsigned = id_kind >= id::UNSIGNED_HEADER;
        let id_is_signed = match (&id, signed) {
            // Whoever leaves the header out must not get an id that nobody doubts.
            (Some(_), _) => self.row.is(flag::SIGNS_ID),
            (None, None) if is_unsigned => self.row.is(flag::SIGNS_ID),
            (None, _) if id_kind == id::BODY_DIGEST => false,
            (None, signed) => signed.is_some() || self.row.is(flag::SIGNS_BODY),
        };
        let digest = (!id_is_signed).then(|| match signed {
            Some(signed) if self.row.is(flag::SIGNS_FRESH) => telling.digest(&signed),
            _ => {
                // A header that nobody signs, and of which each event has one, would only make replays new.
                let alone = id_kind == id::UNSIGNED_HEADER && self.row.field(code::KIND_IN_HEADER) == 1;
                let kind = kind.as_ref().filter(|_| !alone);
                let kind = kind.map_or(&b""[..], |kind| telling.added(kind));
                let digest = hashed(&[kind, &[0], bytes]);
                telling.digest(&digest)
            }
        });
        let id = match id {
            Some(id) => id,
            None => {
                let stands_in = signed.filter(|_| id_kind != id::BODY_DIGEST);
                telling.digest(&stands_in.unwrap_or_else(|| hashed(&[bytes])))
            }
        };
        let from = bytes.as_ptr().addr().wrapping_sub(self.body.as_ptr().addr());
        let content = from..from.wrapping_add(bytes.len());
        let occurred_at = occurred_at.map(Timestamp::unix_ms);
        telling.events.push(Told { id, kind, digest, id_is_signed, occurred_at, index, content, signed });
    }

    /// The id that stands in the body, if it does. No two lists of parts have the same.
    fn compound(&self, telling: &mut Telling, parts: &[Option<Range<usize>>]) -> Option<Range<usize>> {
        let count = usize::from(self.row.field(code::ID_PATHS));
        if count == 1 {
            return parts.first().cloned().flatten();
        }
        let from = telling.texts.len();
        for (index, part) in parts.iter().enumerate().take(count) {
            let part = part.clone().unwrap_or_default();
            let path = self.row.path(index);
            let is_kind = (code::KIND_PATH..code::MOMENT_PATH).any(|kind| self.row.path(kind) == path);
            // Without what names the event, all those of one type would be one.
            if part.is_empty() && !is_kind {
                return None;
            }
            if index > 0 {
                telling.texts.push(b':');
            }
            for at in part {
                match telling.texts.get(at).copied().unwrap_or_default() {
                    b':' => telling.texts.extend_from_slice(b"%3A"),
                    b'%' => telling.texts.extend_from_slice(b"%25"),
                    byte => telling.texts.push(byte),
                }
            }
        }
        Some(from..telling.texts.len())
    }
}

/// An id becomes part of a store key, and databases disagree about control characters.
fn usable(id: &[u8]) -> bool {
    let mut before = 0;
    let mut is_control = |byte: &u8| {
        // Those beyond ASCII are two bytes in UTF-8.
        let found = byte.is_ascii_control() || (before == 0xc2 && *byte < 0xa0);
        before = *byte;
        found
    };
    !id.is_empty() && id.len() <= EVENT_ID_BYTES_MAX && !id.iter().any(&mut is_control)
}

fn hashed(pieces: &[&[u8]]) -> HashValue {
    HashAlgorithm::Sha256.of(pieces)
}
