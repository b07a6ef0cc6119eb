//! A delivery is verified in steps, so that somebody else can do the hashing, and in the same order as in one call.
//!
//! Most schemes sign the body as it is, with an HMAC, among a few bytes that stand in the headers. For those
//! ([`Scheme::is_stepwise`]) all refusals but the last two need the headers only: [`Verifier::begin`] reads them before
//! anybody has touched the body. What is left for each secret is one hash, of
//! [`Verifier::inner_block`] || [`Pending::head`] || body || [`Pending::tail`], which a host computes faster than wasm
//! does. [`Verifier::check`] takes its result and [`Verifier::conclude`] says what it means.

use super::claims::Claims;
use super::message::{Message, Source};
use super::{Error, Part, Place, Primitive, Refusal, Scheme, Verifier};
use crate::crypto::HashValue;
use crate::prelude::*;
use crate::time::Timestamp;

/// A delivery whose headers are read and whose hashes are awaited.
#[derive(Debug)]
pub struct Pending {
    pub(super) layout: &'static Scheme,
    /// Each behind its length in two bytes: one list of bytes, because every allocation is felt.
    signatures: Vec<u8>,
    pub(super) timestamp: Option<SignedAt>,
    message: Message,
    body_is_empty: bool,
    signer: Option<usize>,
}

/// The time a delivery was signed at.
#[derive(Clone, Copy, Debug)]
pub(super) struct SignedAt {
    pub(super) moment: Timestamp,
    /// Whether it is told to the second only.
    pub(super) whole_seconds: bool,
}

impl SignedAt {
    pub(super) fn of(layout: &Scheme, claims: &Claims<'_>) -> Option<Self> {
        let (text, moment) = claims.timestamp?;
        Some(Self { moment, whole_seconds: layout.clock?.unit.counts_seconds(text.as_bytes()) })
    }
}

impl Scheme {
    /// Whether deliveries can be verified in steps: the body stands in the message as it is, the message does not
    /// depend on the secret, and there is one.
    #[must_use]
    pub fn is_stepwise(&self) -> bool {
        let plain = |part: &Part| {
            matches!(part, Part::Text(_) | Part::Header(_) | Part::Timestamp | Part::Url | Part::Body)
        };
        let ambiguous = |parts: &[Part]| matches!(parts, [Part::Timestamp, Part::Body]);
        matches!(self.primitive, Primitive::Mac(_))
            && matches!(self.place, Place::Headers(_))
            && self.spellings == 1
            && self.content.iter().all(plain)
            && self.content.iter().any(|part| matches!(part, Part::Body))
            && !self.content.windows(2).any(ambiguous)
            && self.otherwise.is_none_or(Self::is_stepwise)
    }
}

impl Verifier {
    /// Lays out what the claims of a delivery say was signed.
    pub(super) fn pending(
        layout: &'static Scheme,
        source: &Source<'_>,
        claims: &Claims<'_>,
        body_bytes: usize,
    ) -> Result<Pending, Refusal> {
        let message = source.message(&[], 0)?;
        if layout.body_required && body_bytes == 0 {
            return Err(Error::BodyEmpty.into());
        }
        Ok(Pending {
            layout,
            signatures: strung(&claims.signatures),
            timestamp: SignedAt::of(layout, claims),
            message,
            body_is_empty: body_bytes == 0,
            signer: None,
        })
    }

    /// What the hash for the secret of this index begins with. It is the key, thinly disguised.
    #[must_use]
    pub fn inner_block(&self, secret_index: usize) -> &[u8] {
        self.keys.get(secret_index).map_or(&[], |key| key.inner_block())
    }

    /// Takes the hash for the secret of this index. Every secret's is wanted, so that the time does not tell which one
    /// signed; the first whose tag is among the signatures counts.
    pub fn check(&self, pending: &mut Pending, secret_index: usize, inner: &HashValue) {
        let Some(tag) = self.keys.get(secret_index).and_then(|key| key.close(inner)) else { return };
        let form = pending.layout.form;
        let mut holds = false;
        let mut rest = pending.signatures.as_slice();
        while let Some((signature, more)) = unstrung(rest) {
            holds |= form.matches(tag.as_bytes(), signature);
            rest = more;
        }
        if holds && pending.signer.is_none() {
            pending.signer = Some(secret_index);
        }
    }

    /// The index of the secret that signed, and when.
    ///
    /// # Errors
    ///
    /// In this order: [`Error::SignatureMismatch`], [`Error::TooOld`], [`Error::TooNew`].
    pub fn conclude(&self, pending: &Pending, now: Timestamp) -> Result<(usize, Option<Timestamp>), Error> {
        let signer = pending.signer;
        let signer = signer.ok_or(Error::SignatureMismatch { body_is_empty: pending.body_is_empty })?;
        if let (Some(clock), Some(signed_at)) = (pending.layout.clock, pending.timestamp) {
            self.in_time(clock, signed_at, now)?;
        }
        Ok((signer, pending.timestamp.map(|signed_at| signed_at.moment)))
    }
}

/// Signatures as bytes. None is longer than the header it stood in, and that fits two bytes.
fn strung(signatures: &[&str]) -> Vec<u8> {
    let bytes = signatures.iter().map(|text| text.len().saturating_add(2));
    let mut strung = Vec::with_capacity(bytes.fold(0, usize::saturating_add));
    for text in signatures {
        strung.extend_from_slice(&u16::try_from(text.len()).unwrap_or(u16::MAX).to_le_bytes());
        strung.extend_from_slice(text.as_bytes());
    }
    strung
}

/// The first signature, and the others.
fn unstrung(bytes: &[u8]) -> Option<(&str, &[u8])> {
    let (length, rest) = bytes.split_first_chunk()?;
    let (text, rest) = rest.split_at_checked(u16::from_le_bytes(*length).into())?;
    Some((core::str::from_utf8(text).ok()?, rest))
}

impl Pending {
    /// What stands before the body.
    #[must_use]
    pub fn head(&self) -> &[u8] {
        &self.message.head
    }

    /// What stands after it.
    #[must_use]
    pub fn tail(&self) -> &[u8] {
        &self.message.tail
    }
}
