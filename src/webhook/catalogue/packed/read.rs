//! Bytes to a row, when its scheme is asked for.

use super::END;
use crate::crypto::{Hash, MacAlgorithm};
use crate::prelude::*;
use crate::webhook::{
    Clock, Evidence, Grammar, IdSource, Identity, Items, KeyForm, KindSource, Moment, Part, Path, Place,
    Primitive, Provenance, Scheme, SignatureForm, TimeSource, TimeUnit, Window,
};

/// The row of this name; `other` knows the row that one may lead to. What it is made of stays in memory for good.
pub(in super::super) fn read(
    packed: &'static [u8],
    name: &str,
    other: impl Fn(&str) -> Option<&'static Scheme>,
) -> Option<&'static Scheme> {
    for row in packed.split(|byte| *byte == END) {
        let mut reader = Reader { rest: row };
        let found = reader.text();
        if found == name && !name.is_empty() {
            return Some(Box::leak(Box::new(reader.row(found, other))));
        }
    }
    None
}

/// The names of all rows.
pub(in super::super) fn names(packed: &'static [u8]) -> impl Iterator<Item = &'static str> {
    packed.split(|byte| *byte == END).map(|rest| Reader { rest }.text()).filter(|name| !name.is_empty())
}

pub(super) struct Reader {
    pub(super) rest: &'static [u8],
}

impl Reader {
    fn row(&mut self, name: &'static str, other: impl Fn(&str) -> Option<&'static Scheme>) -> Scheme {
        Scheme {
            name,
            provenance: Provenance::new("", Evidence::ThirdParty, ""),
            place: match self.tagged() {
                (0, names) => Place::Headers(names),
                (1, names) => Place::FormField(nth(names, 0)),
                (_, path) => Place::Field(path),
            },
            grammar: self.grammar(),
            form: match self.byte() {
                0 => SignatureForm::HexLower,
                1 => SignatureForm::HexUpper,
                2 => SignatureForm::HexAnyCase,
                3 => SignatureForm::Base64,
                4 => SignatureForm::Base64OrHex,
                5 => SignatureForm::Base64OrBase64OfHex,
                _ => SignatureForm::Text,
            },
            primitive: match self.byte() {
                0 => Primitive::Mac(MacAlgorithm::HmacSha1),
                1 => Primitive::Mac(MacAlgorithm::HmacSha256),
                2 => Primitive::Mac(MacAlgorithm::HmacSha512),
                3 => Primitive::Digest(Hash::Sha256),
                4 => Primitive::Digest(Hash::Sha512),
                _ => Primitive::Token,
            },
            key: match self.tagged() {
                (0, _) => KeyForm::Text,
                (1, prefixes) => KeyForm::Base64(prefixes),
                (2, _) => KeyForm::Hex,
                _ => KeyForm::Sha1,
            },
            content: self.list(Self::part),
            spellings: self.number(),
            clock: self.clock(),
            body_required: self.byte() == 1,
            identity: self.identity(),
            retry_window_hours: u32::try_from(self.number()).unwrap_or_default(),
            otherwise: other(self.text()),
        }
    }

    fn grammar(&mut self) -> Grammar {
        let (tag, texts) = self.tagged();
        let text = nth(texts, 0);
        let pairs = |separator, spaced| Grammar::Pairs { separator, spaced, signature: text };
        match tag {
            0 => Grammar::Plain,
            1 => Grammar::Prefixed(text),
            2 => Grammar::MaybePrefixed(text),
            3 => Grammar::Tagged(text),
            4 => Grammar::Positional,
            5 => Grammar::KeyIds(text),
            6 => Grammar::PublicKeys,
            7 => pairs(';', false),
            8 => pairs(',', false),
            _ => pairs(',', true),
        }
    }

    fn part(&mut self) -> Part {
        let (tag, texts) = self.tagged();
        let (first, second) = (nth(texts, 0), nth(texts, 1));
        match tag {
            0 => Part::Text(first),
            1 => Part::Either(first, second),
            2 => Part::Header(first),
            3 => Part::HeaderSegment(first, second),
            4 => Part::QuerySegment(first, second),
            5 => Part::Timestamp,
            6 => Part::Url,
            7 => Part::Body,
            8 => Part::BodyDigestInQuery(first),
            9 => Part::Field(texts),
            10 => Part::MaybeField(texts),
            11 => Part::FreeField(texts),
            12 => Part::FormField(first),
            13 => Part::FormBase64(first),
            14 => Part::FormFieldOr(first, second),
            15 => Part::SortedForm,
            16 => Part::Secret,
            17 => Part::SecretReversed,
            _ => Part::AccessKey,
        }
    }

    fn clock(&mut self) -> Option<Clock> {
        let (tag, names) = self.tagged();
        let name = nth(names, 0);
        let source = match tag {
            0 => return None,
            1 => TimeSource::Pair(name),
            _ => TimeSource::Header(name),
        };
        let unit = match self.byte() {
            0 => TimeUnit::Seconds,
            1 => TimeUnit::Milliseconds,
            2 => TimeUnit::Either,
            _ => TimeUnit::Rfc3339,
        };
        let window = match self.byte() {
            0 => Window::PastOnly,
            1 => Window::BothSides,
            _ => Window::OnRequest,
        };
        let tolerance_seconds = u64::try_from(self.number()).unwrap_or_default();
        Some(Clock { source, unit, window, tolerance_seconds })
    }

    fn identity(&mut self) -> Identity {
        let id = match self.paths() {
            (0, _) => IdSource::Digest,
            (1, names) => IdSource::SignedHeader(only(names)),
            (2, names) => IdSource::UnsignedHeader(only(names)),
            (4, names) => IdSource::UnsignedHeaderOfKind(only(names)),
            (5, _) => IdSource::BodyDigest,
            (_, paths) => IdSource::Body(paths),
        };
        let kind = match self.paths() {
            (0, _) => KindSource::None,
            (1, names) => KindSource::Header(only(names)),
            (_, paths) => KindSource::Body(paths),
        };
        let occurred_at = match self.tagged() {
            (0, _) => None,
            (1, path) => Some(Moment::Seconds(path)),
            (2, path) => Some(Moment::Milliseconds(path)),
            (_, path) => Some(Moment::Rfc3339(path)),
        };
        let items = match self.paths() {
            (1, [[list], member]) => Some(Items { list, member }),
            _ => None,
        };
        Identity { id, kind, occurred_at, items }
    }

    fn paths(&mut self) -> (u8, &'static [Path]) {
        (self.byte(), self.list(Self::texts))
    }

    fn tagged(&mut self) -> (u8, &'static [&'static str]) {
        (self.byte(), self.texts())
    }

    #[inline(never)]
    fn texts(&mut self) -> &'static [&'static str] {
        self.list(Self::text)
    }

    fn list<T>(&mut self, one: impl Fn(&mut Self) -> T) -> &'static [T] {
        let mut list = Vec::new();
        for _ in 0..self.number() {
            list.push(one(self));
        }
        list.leak()
    }

    #[inline(never)]
    fn text(&mut self) -> &'static str {
        let length = self.number();
        let (text, rest) = self.rest.split_at_checked(length).unwrap_or_default();
        self.rest = rest;
        core::str::from_utf8(text).unwrap_or_default()
    }

    #[inline(never)]
    pub(super) fn number(&mut self) -> usize {
        let first = usize::from(self.byte());
        if first < 64 { first } else { ((first & 63) << 7) | usize::from(self.byte()) }
    }

    #[inline(never)]
    fn byte(&mut self) -> u8 {
        let (first, rest) = self.rest.split_first().unwrap_or((&0, &[]));
        self.rest = rest;
        *first
    }
}

#[inline(never)]
fn nth(texts: &[&'static str], index: usize) -> &'static str {
    texts.get(index).copied().unwrap_or_default()
}

fn only(names: &[Path]) -> &'static str {
    names.first().map_or("", |name| nth(name, 0))
}
