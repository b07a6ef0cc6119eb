//! Rows to bytes, in the compiler.

use super::END;
use crate::crypto::{Hash, MacAlgorithm};
use crate::webhook::{
    Clock, Grammar, IdSource, Identity, Items, KeyForm, KindSource, Moment, Part, Place, Primitive, Scheme,
    SignatureForm, TimeSource, TimeUnit, Window,
};

/// Writes rows into a buffer of `N` bytes; what does not fit does not compile.
pub(in super::super) struct Writer<const N: usize> {
    pub(super) bytes: [u8; N],
    pub(super) written: usize,
}

impl<const N: usize> Writer<N> {
    /// All of these rows, one after the other.
    pub(in super::super) const fn of(mut rows: &[&Scheme]) -> Self {
        let mut writer = Self { bytes: [0; N], written: 0 };
        while let [row, rest @ ..] = rows {
            writer.row(row);
            rows = rest;
        }
        writer
    }

    /// How many bytes were written.
    pub(in super::super) const fn written(&self) -> usize {
        self.written
    }

    /// The first bytes.
    pub(in super::super) const fn first<const M: usize>(&self) -> [u8; M] {
        match self.bytes.first_chunk() {
            Some(bytes) => *bytes,
            None => [END; M],
        }
    }

    const fn row(&mut self, row: &Scheme) {
        self.text(row.name);
        match row.place {
            Place::Headers(names) => self.tagged(0, names),
            Place::FormField(name) => self.tagged(1, &[name]),
            Place::Field(path) => self.tagged(2, path),
        }
        match row.grammar {
            Grammar::Plain => self.tagged(0, &[]),
            Grammar::Prefixed(text) => self.tagged(1, &[text]),
            Grammar::MaybePrefixed(text) => self.tagged(2, &[text]),
            Grammar::Tagged(text) => self.tagged(3, &[text]),
            Grammar::Positional => self.tagged(4, &[]),
            Grammar::KeyIds(text) => self.tagged(5, &[text]),
            Grammar::PublicKeys => self.tagged(6, &[]),
            Grammar::Pairs { separator: ';', spaced: false, signature } => self.tagged(7, &[signature]),
            Grammar::Pairs { spaced: false, signature, .. } => self.tagged(8, &[signature]),
            Grammar::Pairs { signature, .. } => self.tagged(9, &[signature]),
        }
        self.byte(match row.form {
            SignatureForm::HexLower => 0,
            SignatureForm::HexUpper => 1,
            SignatureForm::HexAnyCase => 2,
            SignatureForm::Base64 => 3,
            SignatureForm::Base64OrHex => 4,
            SignatureForm::Base64OrBase64OfHex => 5,
            SignatureForm::Text => 6,
        });
        self.byte(match row.primitive {
            Primitive::Mac(MacAlgorithm::HmacSha1) => 0,
            Primitive::Mac(MacAlgorithm::HmacSha256) => 1,
            Primitive::Mac(MacAlgorithm::HmacSha512) => 2,
            Primitive::Digest(Hash::Sha256) => 3,
            Primitive::Digest(Hash::Sha512) => 4,
            Primitive::Token => 5,
            #[cfg(feature = "webhooks-full")]
            _ => END,
        });
        match row.key {
            KeyForm::Text => self.tagged(0, &[]),
            KeyForm::Base64(prefixes) => self.tagged(1, prefixes),
            KeyForm::Hex => self.tagged(2, &[]),
            KeyForm::Sha1 => self.tagged(3, &[]),
            #[cfg(feature = "webhooks-full")]
            _ => self.tagged(END, &[]),
        }
        self.parts(row.content);
        self.count(row.spellings);
        match row.clock {
            Some(Clock { source: TimeSource::Pair(name), .. }) => self.tagged(1, &[name]),
            Some(Clock { source: TimeSource::Header(name), .. }) => self.tagged(2, &[name]),
            None => self.tagged(0, &[]),
        }
        if let Some(clock) = row.clock {
            self.clock(clock);
        }
        self.byte(if row.body_required { 1 } else { 0 });
        self.identity(row.identity);
        let [low, high, ..] = row.retry_window_hours.to_le_bytes();
        self.number(low, high);
        self.text(match row.otherwise {
            Some(other) => other.name,
            None => "",
        });
        self.byte(END);
    }

    const fn parts(&mut self, mut parts: &[Part]) {
        self.count(parts.len());
        while let [part, rest @ ..] = parts {
            match *part {
                Part::Text(text) => self.tagged(0, &[text]),
                Part::Either(first, second) => self.tagged(1, &[first, second]),
                Part::Header(name) => self.tagged(2, &[name]),
                Part::HeaderSegment(label, name) => self.tagged(3, &[label, name]),
                Part::QuerySegment(label, name) => self.tagged(4, &[label, name]),
                Part::Timestamp => self.tagged(5, &[]),
                Part::Url => self.tagged(6, &[]),
                Part::Body => self.tagged(7, &[]),
                Part::BodyDigestInQuery(name) => self.tagged(8, &[name]),
                Part::Field(path) => self.tagged(9, path),
                Part::MaybeField(path) => self.tagged(10, path),
                Part::FreeField(path) => self.tagged(11, path),
                Part::FormField(name) => self.tagged(12, &[name]),
                Part::FormBase64(name) => self.tagged(13, &[name]),
                Part::FormFieldOr(name, absent) => self.tagged(14, &[name, absent]),
                Part::SortedForm => self.tagged(15, &[]),
                Part::Secret => self.tagged(16, &[]),
                Part::SecretReversed => self.tagged(17, &[]),
                Part::AccessKey => self.tagged(18, &[]),
                #[cfg(feature = "webhooks-full")]
                _ => self.tagged(END, &[]),
            }
            parts = rest;
        }
    }

    const fn clock(&mut self, clock: Clock) {
        self.byte(match clock.unit {
            TimeUnit::Seconds => 0,
            TimeUnit::Milliseconds => 1,
            TimeUnit::Either => 2,
            TimeUnit::Rfc3339 => 3,
        });
        self.byte(match clock.window {
            Window::PastOnly => 0,
            Window::BothSides => 1,
            Window::OnRequest => 2,
        });
        let [low, high, ..] = clock.tolerance_seconds.to_le_bytes();
        self.number(low, high);
    }

    const fn identity(&mut self, identity: Identity) {
        match identity.id {
            IdSource::Digest => self.paths(0, &[]),
            IdSource::SignedHeader(name) => self.paths(1, &[&[name]]),
            IdSource::UnsignedHeader(name) => self.paths(2, &[&[name]]),
            IdSource::Body(paths) => self.paths(3, paths),
            IdSource::UnsignedHeaderOfKind(name) => self.paths(4, &[&[name]]),
            IdSource::BodyDigest => self.paths(5, &[]),
        }
        match identity.kind {
            KindSource::None => self.paths(0, &[]),
            KindSource::Header(name) => self.paths(1, &[&[name]]),
            KindSource::Body(paths) => self.paths(2, paths),
        }
        match identity.occurred_at {
            None => self.tagged(0, &[]),
            Some(Moment::Seconds(path)) => self.tagged(1, path),
            Some(Moment::Milliseconds(path)) => self.tagged(2, path),
            Some(Moment::Rfc3339(path)) => self.tagged(3, path),
        }
        match identity.items {
            None => self.paths(0, &[]),
            Some(Items { list, member }) => self.paths(1, &[&[list], member]),
        }
    }

    const fn paths(&mut self, tag: u8, mut paths: &[&[&str]]) {
        self.byte(tag);
        self.count(paths.len());
        while let [path, rest @ ..] = paths {
            self.texts(path);
            paths = rest;
        }
    }

    const fn tagged(&mut self, tag: u8, texts: &[&str]) {
        self.byte(tag);
        self.texts(texts);
    }

    const fn texts(&mut self, mut texts: &[&str]) {
        self.count(texts.len());
        while let [text, rest @ ..] = texts {
            self.text(text);
            texts = rest;
        }
    }

    const fn text(&mut self, text: &str) {
        self.count(text.len());
        let mut bytes = text.as_bytes();
        while let [byte, rest @ ..] = bytes {
            self.byte(*byte);
            bytes = rest;
        }
    }

    pub(super) const fn count(&mut self, number: usize) {
        let [low, high, ..] = number.to_le_bytes();
        self.number(low, high);
    }

    /// A number of up to 13 bits: one byte below 64, else seven bits in the second of two.
    const fn number(&mut self, low: u8, high: u8) {
        assert!(high < 32, "no row has a number of more than 13 bits");
        if high > 0 || low >= 64 {
            self.byte(64 | (high << 1) | (low >> 7));
        }
        self.byte(low & 127);
    }

    #[expect(
        clippy::arithmetic_side_effects,
        clippy::indexing_slicing,
        reason = "the compiler evaluates it, and what would panic does not compile"
    )]
    const fn byte(&mut self, byte: u8) {
        self.bytes[self.written] = byte;
        self.written += 1;
    }
}
