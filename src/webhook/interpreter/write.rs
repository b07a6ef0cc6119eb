//! Rows to bytes, in the compiler: what does not fit does not compile.

#![expect(
    clippy::arithmetic_side_effects,
    clippy::indexing_slicing,
    clippy::panic,
    reason = "the compiler evaluates it, and what would panic does not compile"
)]

use super::code::{self, clock, form, grammar, id, key, moment, part, place, proof, unit, window};
use super::follows::flags;
use crate::crypto::{Hash, MacAlgorithm};
use crate::webhook::{
    Grammar, IdSource, KeyForm, KindSource, Moment, Part, Path, Place, Primitive, Scheme, SignatureForm,
    TimeSource, TimeUnit, Window,
};

/// Writes rows into a buffer of `N` bytes.
pub(super) struct Writer<const N: usize> {
    bytes: [u8; N],
    written: usize,
}

/// A list of texts, each behind its length; one that stands there already is not written again.
struct Texts {
    bytes: Writer<256>,
}

/// Bytes of the parts of a row.
const PARTS_BYTES: usize = 16 * code::PART_BYTES;

/// The paths of a row.
type Paths = Writer<{ code::PATHS_MAX }>;

/// The names of the headers of a row.
type Slots = Writer<8>;

impl<const N: usize> Writer<N> {
    const fn new() -> Self {
        Self { bytes: [0; N], written: 0 }
    }

    /// All of these rows that need no public key, one after the other.
    pub(super) const fn of(mut rows: &[&Scheme]) -> Self {
        let mut writer = Self::new();
        while let [row, rest @ ..] = rows {
            if matches!(row.primitive, Primitive::Mac(_) | Primitive::Digest(_) | Primitive::Token) {
                writer.row(row);
            }
            rows = rest;
        }
        writer
    }

    /// How many bytes were written.
    pub(super) const fn written(&self) -> usize {
        self.written
    }

    /// The first bytes.
    pub(super) const fn first<const M: usize>(&self) -> [u8; M] {
        match self.bytes.first_chunk() {
            Some(bytes) => *bytes,
            None => [0; M],
        }
    }

    const fn byte(&mut self, byte: u8) {
        self.bytes[self.written] = byte;
        self.written += 1;
    }

    const fn all(&mut self, mut bytes: &[u8]) {
        while let [byte, rest @ ..] = bytes {
            self.byte(*byte);
            bytes = rest;
        }
    }

    /// What was written so far.
    const fn written_bytes(&self) -> &[u8] {
        let (bytes, _) = self.bytes.split_at(self.written);
        bytes
    }

    const fn row(&mut self, row: &Scheme) {
        let mut texts = Texts::new();
        let (mut paths, mut slots) = (Paths::new(), Slots::new());
        let mut parts = Writer::<PARTS_BYTES>::new();
        let mut fields = [0; code::PARTS_AT];
        fields[code::NAME] = texts.put(row.name);

        let ids = match row.identity.id {
            IdSource::Body(paths) => paths,
            _ => &[],
        };
        let kinds = match row.identity.kind {
            KindSource::Body(paths) => paths,
            _ => &[],
        };
        let time: Path = match row.identity.occurred_at {
            Some(Moment::Seconds(path) | Moment::Milliseconds(path) | Moment::Rfc3339(path)) => path,
            None => &[],
        };
        paths.paths(&mut texts, ids, 3);
        paths.paths(&mut texts, kinds, 2);
        paths.paths(&mut texts, &[time], 1);
        fields[code::ID_PATHS] = low(ids.len());

        match row.place {
            Place::Headers(mut names) => {
                fields[code::PLACE] = place::HEADERS;
                fields[code::PLACE_SLOTS] = low(names.len());
                while let [name, rest @ ..] = names {
                    slots.byte(texts.put(name));
                    names = rest;
                }
                paths.byte(0);
            }
            Place::FormField(name) => {
                fields[code::PLACE] = place::FORM_FIELD;
                fields[code::PLACE_FIELD] = texts.put(name);
                paths.byte(0);
            }
            Place::Field(path) => {
                fields[code::PLACE] = place::FIELD;
                paths.paths(&mut texts, &[path], 1);
            }
        }
        (fields[code::GRAMMAR], fields[code::GRAMMAR_TEXT]) = match row.grammar {
            Grammar::Plain => (grammar::PLAIN, 0),
            Grammar::Prefixed(text) => (grammar::PREFIXED, texts.put(text)),
            Grammar::MaybePrefixed(text) => (grammar::MAYBE_PREFIXED, texts.put(text)),
            Grammar::Tagged(text) => (grammar::TAGGED, texts.put(text)),
            Grammar::Positional => (grammar::POSITIONAL, 0),
            Grammar::KeyIds(text) => (grammar::KEY_IDS, texts.put(text)),
            Grammar::PublicKeys => (grammar::PUBLIC_KEYS, 0),
            Grammar::Pairs { separator: ';', spaced: false, signature } => {
                (grammar::PAIRS_SEMICOLON, texts.put(signature))
            }
            Grammar::Pairs { separator: ',', spaced: false, signature } => {
                (grammar::PAIRS_COMMA, texts.put(signature))
            }
            Grammar::Pairs { separator: ',', spaced: true, signature } => {
                (grammar::PAIRS_SPACED, texts.put(signature))
            }
            Grammar::Pairs { .. } => panic!("no number stands for such pairs"),
        };
        fields[code::FORM] = match row.form {
            SignatureForm::HexLower => form::HEX_LOWER,
            SignatureForm::HexUpper | SignatureForm::HexAnyCase => form::HEX_ANY_CASE,
            SignatureForm::Base64 => form::BASE64,
            SignatureForm::Base64OrHex => form::BASE64_OR_HEX,
            SignatureForm::Base64OrBase64OfHex => form::BASE64_OR_BASE64_OF_HEX,
            SignatureForm::Text => form::TEXT,
        };
        (fields[code::PROOF], fields[code::HASH]) = match row.primitive {
            Primitive::Mac(MacAlgorithm::HmacSha1) => (proof::MAC, 1),
            Primitive::Mac(MacAlgorithm::HmacSha256) => (proof::MAC, 2),
            Primitive::Mac(MacAlgorithm::HmacSha512) => (proof::MAC, 3),
            Primitive::Digest(Hash::Sha256) => (proof::DIGEST, 2),
            Primitive::Digest(Hash::Sha512) => (proof::DIGEST, 3),
            Primitive::Token => (proof::TOKEN, 0),
            #[cfg(feature = "webhooks-full")]
            _ => panic!("a row with a public key is not written"),
        };
        assert!(!matches!((row.primitive, row.key), (Primitive::Token, KeyForm::Base64(_) | KeyForm::Hex)));
        fields[code::KEY] = match row.key {
            KeyForm::Text => key::TEXT,
            KeyForm::Base64([first, second]) => {
                fields[code::KEY_PREFIXES[0]] = texts.put(first);
                fields[code::KEY_PREFIXES[1]] = texts.put(second);
                key::BASE64
            }
            KeyForm::Base64(_) => panic!("there are fields for two prefixes"),
            KeyForm::Hex => key::HEX,
            KeyForm::Sha1 => key::SHA1,
            #[cfg(feature = "webhooks-full")]
            _ => panic!("a row with a public key is not written"),
        };

        let mut content = row.content;
        while let [part, rest @ ..] = content {
            parts.part(part, &mut texts, &mut paths, &mut slots);
            content = rest;
        }
        fields[code::SPELLINGS] = low(row.spellings);
        if let Some(clock) = row.clock {
            assert!(matches!(row.place, Place::Headers(_)), "a signature in the body has no time beside it");
            match clock.source {
                TimeSource::Pair(name) => {
                    fields[code::CLOCK] = clock::PAIR;
                    fields[code::CLOCK_PAIR] = texts.put(name);
                }
                TimeSource::Header(name) => {
                    fields[code::CLOCK] = clock::HEADER;
                    fields[code::CLOCK_SLOT] = slots.slot(&mut texts, name);
                }
            }
            assert!(clock.tolerance_seconds % code::TOLERANCE_UNIT_SECONDS == 0);
            let [units, 0, ..] = (clock.tolerance_seconds / code::TOLERANCE_UNIT_SECONDS).to_le_bytes()
            else {
                panic!("the tolerance does not fit")
            };
            fields[code::TOLERANCE] = units;
            fields[code::UNIT] = match clock.unit {
                TimeUnit::Seconds => unit::SECONDS,
                TimeUnit::Milliseconds => unit::MILLISECONDS,
                TimeUnit::Either => unit::EITHER,
                TimeUnit::Rfc3339 => unit::RFC3339,
            };
            fields[code::WINDOW] = match clock.window {
                Window::PastOnly => window::PAST_ONLY,
                Window::BothSides => window::BOTH_SIDES,
                Window::OnRequest => window::ON_REQUEST,
            };
        }
        fields[code::ID] = match row.identity.id {
            IdSource::Body(_) | IdSource::Digest => id::BODY,
            IdSource::BodyDigest => id::BODY_DIGEST,
            IdSource::SignedHeader(name) => {
                fields[code::ID_SLOT] = slots.slot(&mut texts, name);
                id::SIGNED_HEADER
            }
            IdSource::UnsignedHeader(name) => {
                fields[code::ID_SLOT] = slots.slot(&mut texts, name);
                id::UNSIGNED_HEADER
            }
            IdSource::UnsignedHeaderOfKind(name) => {
                fields[code::ID_SLOT] = slots.slot(&mut texts, name);
                id::UNSIGNED_HEADER_OF_KIND
            }
        };
        if let KindSource::Header(name) = row.identity.kind {
            fields[code::KIND_IN_HEADER] = 1;
            fields[code::KIND_SLOT] = slots.slot(&mut texts, name);
        }
        fields[code::MOMENT] = match row.identity.occurred_at {
            None => moment::NONE,
            Some(Moment::Seconds(_)) => moment::SECONDS,
            Some(Moment::Milliseconds(_)) => moment::MILLISECONDS,
            Some(Moment::Rfc3339(_)) => moment::RFC3339,
        };
        if let Some(items) = row.identity.items {
            fields[code::LIST] = texts.put(items.list);
            fields[code::MEMBER] = texts.put_path(items.member);
        }
        if let Some(other) = row.otherwise {
            fields[code::OTHERWISE] = texts.put(other.name);
        }
        fields[code::FLAGS] = flags(row);
        let paths_at = code::PARTS_AT + parts.written;
        let slots_at = paths_at + paths.written;
        let texts_at = slots_at + slots.written;
        fields[code::PATHS_AT] = low(paths_at);
        fields[code::SLOTS_AT] = low(slots_at);
        fields[code::TEXTS_AT] = low(texts_at);
        [fields[0], fields[1], ..] = (texts_at + texts.bytes.written).to_le_bytes();

        self.all(&fields);
        self.all(parts.written_bytes());
        self.all(paths.written_bytes());
        self.all(slots.written_bytes());
        self.all(texts.bytes.written_bytes());
    }

    /// As many paths as there is space for; what is not there is an empty text.
    const fn paths(&mut self, texts: &mut Texts, mut paths: &[Path], mut space: usize) {
        assert!(paths.len() <= space, "a row has more paths than fit");
        while space > 0 {
            match paths {
                [path, rest @ ..] => {
                    self.byte(texts.put_path(path));
                    paths = rest;
                }
                [] => self.byte(0),
            }
            space -= 1;
        }
    }

    /// The slot of a header, which is made where there is none.
    const fn slot(&mut self, texts: &mut Texts, name: &str) -> u8 {
        let name = texts.put(name);
        let mut slot = 0;
        while slot < self.written {
            if self.bytes[slot] == name {
                return low(slot);
            }
            slot += 1;
        }
        self.byte(name);
        low(slot)
    }
}

impl Writer<PARTS_BYTES> {
    const fn part(&mut self, part: &Part, texts: &mut Texts, paths: &mut Paths, slots: &mut Slots) {
        let (number, first, second) = match *part {
            Part::Text(text) => (part::TEXT, texts.put(text), 0),
            Part::Either(first, second) => (part::EITHER, texts.put(first), texts.put(second)),
            Part::Header(name) => (part::HEADER, slots.slot(texts, name), 0),
            Part::HeaderSegment(label, name) => {
                (part::HEADER_SEGMENT, texts.put(label), slots.slot(texts, name))
            }
            Part::QuerySegment(label, name) => (part::QUERY_SEGMENT, texts.put(label), texts.put(name)),
            Part::Timestamp => (part::TIMESTAMP, 0, 0),
            Part::Url => (part::URL, 0, 0),
            Part::Body => (part::BODY, 0, 0),
            Part::BodyDigestInQuery(name) => (part::BODY_DIGEST_IN_QUERY, texts.put(name), 0),
            Part::Field(path) => (part::FIELD, paths.path(texts, path), 0),
            Part::MaybeField(path) => (part::MAYBE_FIELD, paths.path(texts, path), 0),
            Part::FreeField(path) => (part::FREE_FIELD, paths.path(texts, path), 0),
            Part::FormField(name) => (part::FORM_FIELD, texts.put(name), 0),
            Part::FormBase64(name) => (part::FORM_BASE64, texts.put(name), 0),
            Part::FormFieldOr(name, absent) => (part::FORM_FIELD_OR, texts.put(name), texts.put(absent)),
            Part::SortedForm => (part::SORTED_FORM, 0, 0),
            Part::Secret => (part::SECRET, 0, 0),
            Part::SecretReversed => (part::SECRET_REVERSED, 0, 0),
            Part::AccessKey => (part::ACCESS_KEY, 0, 0),
            #[cfg(feature = "webhooks-full")]
            _ => panic!("a part of a row with a public key is not written"),
        };
        self.all(&[number, first, second]);
    }
}

impl Paths {
    /// The place of one more path.
    const fn path(&mut self, texts: &mut Texts, path: Path) -> u8 {
        self.byte(texts.put_path(path));
        low(self.written - 1)
    }
}

impl Texts {
    /// The empty text comes first.
    const fn new() -> Self {
        let mut bytes = Writer::new();
        bytes.byte(0);
        Self { bytes }
    }

    /// Where this text stands.
    const fn put(&mut self, text: &str) -> u8 {
        self.put_path(&[text])
    }

    /// Where the names of a path stand, with dots between them.
    const fn put_path(&mut self, mut path: &[&str]) -> u8 {
        let at = self.bytes.written;
        self.bytes.byte(0);
        while let [name, rest @ ..] = path {
            if self.bytes.written > at + 1 {
                self.bytes.byte(b'.');
            }
            self.bytes.all(name.as_bytes());
            path = rest;
        }
        self.bytes.bytes[at] = low(self.bytes.written - at - 1);
        // What stands there already is not kept twice.
        let mut known = 0;
        while known + (self.bytes.written - at) <= at {
            if self.same(known, at) {
                self.bytes.written = at;
                return low(known);
            }
            known += 1;
        }
        low(at)
    }

    /// Whether the text at one place is that at another, lengths included.
    const fn same(&self, one: usize, other: usize) -> bool {
        let mut index = 0;
        while other + index < self.bytes.written {
            if self.bytes.bytes[one + index] != self.bytes.bytes[other + index] {
                return false;
            }
            index += 1;
        }
        true
    }
}

/// A number that fits one byte.
const fn low(number: usize) -> u8 {
    match number.to_le_bytes() {
        [low, 0, ..] => low,
        _ => panic!("the number does not fit a byte"),
    }
}
