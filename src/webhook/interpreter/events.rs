//! What an authenticated delivery says: which events it carries, so that each can be applied once.

use super::Interpreter;
use super::code::{self, flag, id, moment};
use super::members::TWICE;
use super::memory::{Span, low};
use crate::time::Timestamp;
use crate::webhook::moment::rfc3339;
use crate::webhook::{EVENT_ID_BYTES_MAX, TimeUnit};

/// What is told of one event.
#[derive(Clone, Copy, Debug)]
pub(super) struct Told {
    id: Span,
    /// As it is told, once all events are known.
    written_id: Span,
    /// None where it has no type; the same for the digest.
    kind: Span,
    digest: Span,
    id_is_signed: bool,
    occurred_at: Option<u64>,
    index: Option<usize>,
    /// Where it stands.
    content: Span,
    /// The digest of what is signed, where that is not the body.
    signed: Span,
}

impl Interpreter {
    /// Tells the events of a delivery whose signature holds.
    pub(super) fn tell_all(&mut self) {
        let mut document = self.body;
        if self.memory.get(document).starts_with("\u{feff}".as_bytes()) {
            document = document.skip(3);
        }
        let list = self.text_of(code::LIST);
        let list = if list.is_empty() { Span::NONE } else { self.descend(document, list) };
        if self.count_elements(list).unwrap_or_default() == 0 {
            // One event; or genuine, but no list of events: it still becomes one, so that it is not lost.
            let is_one = self.text_of(code::LIST).is_empty();
            self.look(if is_one { document } else { Span::EMPTY });
            return self.tell(self.body, None);
        }
        loop {
            let index = self.element;
            let item = self.next_element();
            if item.is_none() {
                return;
            }
            let event = self.descend(item, self.text_of(code::MEMBER));
            self.look(if event.is_none() || event == TWICE { item } else { event });
            self.tell(item, Some(index));
        }
    }

    /// Tells one event, whose members were looked at last, and which is this text of the body.
    #[inline(never)]
    pub(super) fn tell(&mut self, content: Span, index: Option<usize>) {
        let (signed, id_kind) = (self.signed, self.memory.byte(self.row.wrapping_add(code::ID)));
        // What stands twice makes the whole event ambiguous.
        let is_clear = !self.members.iter().take(code::EVENT_PATHS).any(|member| *member == TWICE);
        let mut texts = [Span::NONE; code::EVENT_PATHS];
        for (path, slot) in texts.iter_mut().enumerate() {
            let value = self.member(path);
            if is_clear && !value.is_none() && value != TWICE {
                *slot = self.spelled_out(value);
            }
        }
        let [first, .., kind, second_kind, time] = texts;
        let kind_in_header = self.field(code::KIND_IN_HEADER) == 1;
        let kind = match kind_in_header {
            true => self.peek(self.field(code::KIND_SLOT)),
            false if kind.is_none() || second_kind.is_none() => kind,
            false => self.joined(kind, b'.', second_kind),
        };
        let in_header = self.peek(self.field(code::ID_SLOT));
        let mut id = match id_kind {
            ..id::SIGNED_HEADER if self.field(code::ID_PATHS) == 1 => first,
            ..id::SIGNED_HEADER => self.compound(&texts),
            id::UNSIGNED_HEADER_OF_KIND if kind.is_none() || in_header.is_none() => Span::NONE,
            id::UNSIGNED_HEADER_OF_KIND => self.joined(kind, b':', in_header),
            _ => in_header,
        };
        let is_usable = self.is_usable(id);
        let occurred_at = match self.memory.byte(self.row.wrapping_add(code::MOMENT)) {
            moment::NONE => None,
            moment::SECONDS => TimeUnit::Seconds.read(self.memory.get(time)),
            moment::MILLISECONDS => self.memory.number(time).and_then(Timestamp::from_unix_ms),
            _ => rfc3339(self.memory.get(time)),
        };
        let is_unsigned = id_kind >= id::UNSIGNED_HEADER && signed.is_none();
        let id_is_signed = if is_usable || is_unsigned {
            // Whoever leaves the header out must not get an id that nobody doubts.
            self.is(flag::SIGNS_ID)
        } else {
            id_kind != id::BODY_DIGEST && (!signed.is_none() || self.is(flag::SIGNS_BODY))
        };
        let mut digest = Span::NONE;
        if !id_is_signed {
            let of = if !signed.is_none() && self.is(flag::SIGNS_FRESH) {
                signed
            } else {
                // A header that nobody signs, and of which each event has one, would only make replays new.
                let alone = kind.is_none() || (id_kind == id::UNSIGNED_HEADER && kind_in_header);
                self.digest_of(if alone { Span::EMPTY } else { kind }, content)
            };
            digest = self.written_digest(of);
        }
        if !is_usable {
            let of = match signed.is_none() || id_kind == id::BODY_DIGEST {
                true => self.digest_of(Span::NONE, content),
                false => signed,
            };
            id = self.written_digest(of);
        }
        let occurred_at = occurred_at.map(Timestamp::unix_ms);
        self.told.push(Told {
            id,
            written_id: id,
            kind,
            digest,
            id_is_signed,
            occurred_at,
            index,
            content,
            signed,
        });
    }

    /// Appends `sha256:` and a digest.
    #[inline(never)]
    fn written_digest(&mut self, digest: Span) -> Span {
        let from = self.memory.end();
        self.memory.append(b"sha256:");
        self.append_hex(digest);
        self.memory.since(from)
    }

    /// Appends two texts with a byte between them.
    #[inline(never)]
    fn joined(&mut self, first: Span, between: u8, second: Span) -> Span {
        let from = self.memory.end();
        self.memory.copy(first);
        self.memory.push(between);
        self.memory.copy(second);
        self.memory.since(from)
    }

    /// The id that stands in the body, if it does. No two lists of parts have the same.
    fn compound(&mut self, parts: &[Span]) -> Span {
        let from = self.memory.end();
        for (index, part) in parts.iter().enumerate().take(self.field(code::ID_PATHS)) {
            let path = self.path(index);
            let is_kind = (code::KIND_PATH..code::MOMENT_PATH).any(|kind| self.path(kind) == path);
            // Without what names the event, all those of one type would be one.
            if part.is_empty() && !is_kind {
                return Span::NONE;
            }
            if index > 0 {
                self.memory.push(b':');
            }
            for at in part.at()..part.end() {
                match self.memory.byte(at) {
                    b':' => self.memory.append(b"%3A"),
                    b'%' => self.memory.append(b"%25"),
                    byte => self.memory.push(byte),
                }
            }
        }
        self.memory.since(from)
    }

    /// An id becomes part of a store key, and databases disagree about control characters.
    fn is_usable(&self, id: Span) -> bool {
        let mut before = 0;
        let mut is_control = |byte: &u8| {
            // Those beyond ASCII are two bytes in UTF-8.
            let found = byte.is_ascii_control() || (before == 0xc2 && *byte < 0xa0);
            before = *byte;
            found
        };
        !id.is_empty() && id.len() <= EVENT_ID_BYTES_MAX && !self.memory.get(id).iter().any(&mut is_control)
    }

    /// Whether two events bear one id but differ in what is signed.
    fn clash(&self, one: &Told, other: &Told) -> bool {
        let content = |event: &Told| if event.signed.is_none() { event.content } else { event.signed };
        self.memory.same(one.id, other.id) && !self.memory.same(content(one), content(other))
    }

    /// Writes the events, every number as four bytes, the lowest first: how many were refused and which, how many events
    /// there are, and of each its flags, its place in the list of the delivery (0 where there is none), its time (low and
    /// high), the lengths of id, type and digest, and those texts. The flags, from the lowest: whether the id is signed,
    /// and whether there are a type, a digest, a time and a place.
    ///
    /// Events of one delivery that bear one id but differ in what is signed are different events: their ids say so.
    pub(super) fn write_events(&mut self) -> Span {
        for index in 0..self.told.len() {
            let Some(mut event) = self.told.get(index).copied() else { break };
            if event.index.is_some() && self.told.iter().any(|other| self.clash(&event, other)) {
                let of = if event.signed.is_none() {
                    self.digest_of(Span::NONE, event.content)
                } else {
                    event.signed
                };
                event.written_id = self.written_digest(of);
            }
            if let Some(slot) = self.told.get_mut(index) {
                *slot = event;
            }
        }
        let from = self.memory.end();
        self.memory.append_word(self.refused_events.len() / 4);
        self.memory.append(&self.refused_events);
        self.memory.append_word(self.told.len());
        for event in &self.told {
            let flags = usize::from(event.id_is_signed)
                | (usize::from(!event.kind.is_none()) << 1)
                | (usize::from(!event.digest.is_none()) << 2)
                | (usize::from(event.occurred_at.is_some()) << 3)
                | (usize::from(event.index.is_some()) << 4);
            self.memory.append_word(flags);
            self.memory.append_word(event.index.unwrap_or_default());
            self.memory.append(&event.occurred_at.unwrap_or_default().to_le_bytes());
            let texts = [event.written_id, event.kind, event.digest];
            for text in texts {
                self.memory.append_word(text.len());
            }
            for text in texts {
                self.memory.copy(text);
            }
        }
        self.memory.since(from)
    }

    /// Notes the place of an event that is not genuine.
    pub(super) fn refuse_event(&mut self, index: usize) {
        self.refused_events.extend_from_slice(&low(index).to_le_bytes());
    }
}
