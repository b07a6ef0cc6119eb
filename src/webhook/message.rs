//! What is signed, laid out: a few bytes before the body, the body itself if it is part of it, a few bytes after.
//!
//! Every byte of a message comes from one part of the scheme in one way: where two readings of a delivery would give
//! the same bytes, the delivery is refused.

use alloc::borrow::Cow;

#[cfg(feature = "webhooks-full")]
use super::Error;
#[cfg(feature = "webhooks-full")]
use super::JSON_EXPECTED;
use super::body::{only, query, scalar};
use super::cut::cut;
use super::header::{find, required};
use super::spelling::spelled;
use super::{HeaderValue, Part, Path, Refusal, Scheme};
use crate::crypto::{HashAlgorithm, encode_hex};
#[cfg(feature = "webhooks-full")]
use crate::json;
use crate::prelude::*;

/// One message. Its hash, or its HMAC under the key, is what the signature must be of.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Message {
    /// What comes first.
    pub(super) head: Vec<u8>,
    /// Whether the body, exactly as received, stands between head and tail.
    pub(super) body: bool,
    /// What comes last.
    pub(super) tail: Vec<u8>,
}

/// What messages are made of.
#[derive(Clone, Copy, Debug)]
pub(super) struct Source<'s> {
    pub(super) scheme: &'s Scheme,
    pub(super) headers: &'s [(&'s str, HeaderValue<'s>)],
    /// As received.
    pub(super) timestamp: Option<&'s str>,
    pub(super) url: &'s str,
    pub(super) body: &'s [u8],
    /// The JSON document the paths of the content begin at.
    pub(super) json: Option<&'s [u8]>,
    pub(super) form: &'s [(String, String)],
    pub(super) access_key: Option<&'s str>,
}

impl Message {
    /// The message piece by piece.
    pub(super) fn pieces<'m>(&'m self, body: &'m [u8]) -> [&'m [u8]; 3] {
        [&self.head, if self.body { body } else { &[] }, &self.tail]
    }

    /// Called from every part, so it is there once.
    #[inline(never)]
    fn push(&mut self, bytes: &[u8]) {
        if self.body { &mut self.tail } else { &mut self.head }.extend_from_slice(bytes);
    }

    /// A label, a value and a semicolon; nothing when the value is absent, or nothing but white space.
    fn push_segment(&mut self, label: &str, field: &'static str, value: Option<&str>) -> Result<(), Refusal> {
        let value = value.unwrap_or_default().trim_ascii();
        if value.is_empty() {
            return Ok(());
        }
        if cut(value, ';').is_some() {
            return Err(Refusal::field(field, "a value without a semicolon"));
        }
        for text in [label, value, ";"] {
            self.push(text.as_bytes());
        }
        Ok(())
    }
}

impl Source<'_> {
    /// The message in one of its [`spellings`](Scheme::spellings), counted from 0, for the text of one secret.
    ///
    /// # Errors
    ///
    /// For the first part that is not there, or could be read in two ways: [`Error::HeaderMissing`],
    /// [`Error::HeaderRepeated`], [`Error::HeaderMalformed`], [`Error::FieldMissing`], [`Error::FieldMalformed`],
    /// [`Error::BodyMalformed`]; [`Error::SignatureMismatch`] when the URL names another body.
    pub(super) fn message(&self, secret: &[u8], spelling: usize) -> Result<Message, Refusal> {
        // As much as most messages have before the body, so that there is one allocation.
        let mut message = Message { head: Vec::with_capacity(64), body: false, tail: Vec::new() };
        let (mut rest, mut before) = (self.scheme.content.iter(), None);
        while let Some(part) = rest.next() {
            self.add(&mut message, *part, [before, rest.as_slice().first()], secret, spelling)?;
            before = Some(part);
        }
        Ok(message)
    }

    /// Adds one part, which stands between two others. On its own, so that there is one message to let go of on every error.
    #[inline(never)]
    fn add(
        &self,
        message: &mut Message,
        part: Part,
        [before, next]: [Option<&Part>; 2],
        secret: &[u8],
        spelling: usize,
    ) -> Result<(), Refusal> {
        match part {
            Part::Text(text) => message.push(text.as_bytes()),
            Part::Either(first, second) => {
                // The second text and the rest of such a body are the other message of that rest.
                let other = first.is_empty() && self.body.starts_with(second.as_bytes());
                if other && matches!(next, Some(Part::Body)) {
                    let expected = "a body that does not begin with what may stand before it";
                    return Err(Refusal::body(expected));
                }
                message.push(if spelling == 0 { first } else { second }.as_bytes());
            }
            Part::Header(header) => {
                let value = required(self.headers, header)?;
                if value.is_empty() || holds(next, value) {
                    let expected = "a value that is not empty and does not contain what separates it";
                    return Err(Refusal::header(header, expected));
                }
                message.push(value.as_bytes());
            }
            Part::HeaderSegment(label, header) => {
                message.push_segment(label, header, find(self.headers, header)?)?;
            }
            Part::QuerySegment(label, field) => {
                let value = parameter(self.url, field)?;
                let value = if spelling == 0 { value } else { value.map(|value| value.to_ascii_lowercase()) };
                message.push_segment(label, field, value.as_deref())?;
            }
            Part::Timestamp => {
                // A digit could belong to either.
                if matches!(next, Some(Part::Body)) && self.body.first().is_some_and(u8::is_ascii_digit) {
                    let expected = "a body that does not begin with a digit";
                    return Err(Refusal::body(expected));
                }
                message.push(self.timestamp.unwrap_or_default().as_bytes());
            }
            Part::Url => message.push(spelled(self.url, spelling).as_bytes()),
            Part::Body => message.body = true,
            Part::BodyDigestInQuery(field) => {
                let claimed = parameter(self.url, field)?.ok_or_else(|| Refusal::no_field(field))?;
                if claimed != hex_digest(self.body) {
                    return Err(Refusal::mismatch(self.body));
                }
            }
            Part::Field(path) | Part::MaybeField(path) | Part::FreeField(path) => {
                let field = path.last().copied().unwrap_or_default();
                let value = self.scalar(path)?;
                let value = match part {
                    Part::Field(_) => value.ok_or_else(|| Refusal::no_field(field))?,
                    _ => value.unwrap_or_default(),
                };
                // Also of the last one: what is free in the middle could lend it a piece.
                let cut = holds(next, &value) || holds(before, &value);
                if cut && !matches!(part, Part::FreeField(_)) {
                    let expected = "a value that does not contain what separates it";
                    return Err(Refusal::field(field, expected));
                }
                message.push(value.as_bytes());
            }
            Part::FormField(field) | Part::FormFieldOr(field, _) => {
                let value = only(self.form, field)?;
                let value = match part {
                    Part::FormFieldOr(_, absent) => value.filter(|value| !value.is_empty()).unwrap_or(absent),
                    _ => value.ok_or_else(|| Refusal::no_field(field))?,
                };
                message.push(value.as_bytes());
            }
            Part::FormBase64(field) => {
                let value = only(self.form, field)?.ok_or_else(|| Refusal::no_field(field))?;
                let digit =
                    |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'+' | b'/' | b'=' | b'\n');
                // No document is without a capital letter, and every challenge is, which the endpoint signs for anybody.
                if !value.bytes().all(digit) || !value.bytes().any(|byte| byte.is_ascii_uppercase()) {
                    return Err(Refusal::field(field, "base64 of a document"));
                }
                message.push(value.as_bytes());
            }
            Part::SortedForm => {
                for (name, value) in sorted(self.form) {
                    message.push(name.as_bytes());
                    message.push(value.as_bytes());
                }
            }
            Part::Secret => message.push(secret),
            Part::SecretReversed => {
                message.push(&secret.iter().rev().copied().collect::<Vec<u8>>());
            }
            Part::AccessKey => message.push(self.access_key.unwrap_or_default().as_bytes()),
            #[cfg(feature = "webhooks-full")]
            Part::BodyCrc32 => message.push(crc32(self.body).digits().as_bytes()),
            #[cfg(feature = "webhooks-full")]
            Part::CompactBodyDigest => {
                message.push(hex_digest(compact(self.body)?.as_bytes()).as_bytes());
            }
            #[cfg(feature = "webhooks-full")]
            Part::UrlPath => message.push(path(self.url).as_bytes()),
            #[cfg(feature = "webhooks-full")]
            Part::HeaderIs(header, expected) => {
                if find(self.headers, header)?.is_some_and(|value| value != expected) {
                    return Err(Refusal::header(header, expected));
                }
            }
            #[cfg(feature = "webhooks-full")]
            Part::CertificateUrl(header) => {
                if !super::public::is_paypal_certificate(required(self.headers, header)?) {
                    let expected = "an address of a certificate at paypal.com: fetch nothing from elsewhere";
                    return Err(Refusal::header(header, expected));
                }
            }
        }
        Ok(())
    }

    fn scalar(&self, path: Path) -> Result<Option<Cow<'_, str>>, Refusal> {
        self.json.map_or(Ok(None), |document| scalar(document, path))
    }
}

/// A JSON document without white space.
///
/// # Errors
///
/// [`Error::BodyMalformed`].
#[cfg(feature = "webhooks-full")]
pub(super) fn compact(body: &[u8]) -> Result<String, Refusal> {
    let document = json::parse(body).map_err(|_| Error::BodyMalformed { expected: JSON_EXPECTED })?;
    Ok(document.to_text())
}

/// SHA-256 in lower-case hexadecimal.
fn hex_digest(bytes: &[u8]) -> String {
    encode_hex(HashAlgorithm::Sha256.of(&[bytes]).as_bytes())
}

/// The one value of a parameter of the query of a URL.
#[inline(never)]
fn parameter(url: &str, field: &'static str) -> Result<Option<String>, Refusal> {
    Ok(only(&query(url)?, field)?.map(str::to_owned))
}

/// Whether a value contains what stands beside it, so that the cut between both could be elsewhere.
fn holds(beside: Option<&Part>, value: &str) -> bool {
    matches!(beside, Some(Part::Text(text)) if contains(value, text))
}

/// As `str::contains`, without the searcher for long needles behind it.
fn contains(value: &str, text: &str) -> bool {
    value.as_bytes().windows(text.len().max(1)).any(|window| window == text.as_bytes())
}

/// The fields of a form by name and value, each once.
fn sorted(form: &[(String, String)]) -> Vec<&(String, String)> {
    let mut sorted: Vec<&(String, String)> = Vec::with_capacity(form.len());
    for field in form {
        if let Err(between) = sorted.binary_search(&field) {
            sorted.insert(between, field);
        }
    }
    sorted
}

/// The path of a URL, without its query.
#[cfg(feature = "webhooks-full")]
fn path(url: &str) -> &str {
    let rest = url.split_once("://").map_or(url, |(_, rest)| rest);
    let path = rest.find('/').and_then(|at| rest.get(at..)).unwrap_or("/");
    path.find(['?', '#']).and_then(|end| path.get(..end)).unwrap_or(path)
}

/// CRC-32 as of IEEE 802.3. Bit by bit: a table would weigh a kilobyte, and one scheme asks for it.
#[cfg(feature = "webhooks-full")]
fn crc32(bytes: &[u8]) -> u32 {
    const REVERSED_POLYNOMIAL: u32 = 0xedb8_8320;
    let mut rest = u32::MAX;
    for byte in bytes {
        rest ^= u32::from(*byte);
        for _ in 0..8 {
            rest = (rest >> 1) ^ (REVERSED_POLYNOMIAL & 0_u32.wrapping_sub(rest & 1));
        }
    }
    !rest
}
