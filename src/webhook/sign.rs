//! Signing as a provider does: for the simulator, and for a merchant's own tests.

use super::body::parse;
use super::key::Key;
use super::message::Source;
use super::{Error, Grammar, HeaderValue, IdSource, Part, Scheme, TimeSource, TimeUnit};
use crate::prelude::*;
use crate::time::Timestamp;

/// A delivery that is to be signed.
#[derive(Clone, Copy, Debug)]
pub struct Outgoing<'a> {
    /// The id, for schemes that carry it in a header.
    pub id: &'a str,
    /// The time to sign with, for schemes that sign one.
    pub timestamp: Timestamp,
    /// The URL that will be called, for schemes that sign it.
    pub url: Option<&'a str>,
    /// The body.
    pub body: &'a [u8],
}

/// The headers of a delivery signed with one secret. For schemes that sign the URL see [`Outgoing::sign`].
///
/// # Errors
///
/// Those of [`Outgoing::sign`].
pub fn sign(
    scheme: &Scheme,
    secret: &str,
    id: &str,
    timestamp: Timestamp,
    body: &[u8],
) -> Result<Vec<(&'static str, String)>, Error> {
    Outgoing { id, timestamp, url: None, body }.sign(scheme, secret)
}

impl Outgoing<'_> {
    /// The headers of this delivery, signed with one secret: what the scheme reads, in lower case.
    ///
    /// # Errors
    ///
    /// In this order: [`Error::SecretMalformed`], [`Error::SecretEmpty`], [`Error::UrlMissing`], and what is wrong with
    /// id, body or URL so that they cannot be carried ([`Error::HeaderMalformed`] and below).
    pub fn sign(&self, scheme: &Scheme, secret: &str) -> Result<Vec<(&'static str, String)>, Error> {
        let key = Key::new(scheme, 0, secret)?;
        let url = self.url.unwrap_or_default();
        if scheme.signs_url() && url.is_empty() {
            return Err(Error::UrlMissing);
        }
        let timestamp = scheme.clock.map(|clock| match clock.unit {
            TimeUnit::Seconds | TimeUnit::Either => self.timestamp.unix_seconds().digits(),
            TimeUnit::Milliseconds => self.timestamp.unix_ms().digits(),
            TimeUnit::Rfc3339 => String::new(),
        });
        let carried = carried(scheme);
        let headers: Vec<_> = carried.iter().map(|name| (*name, HeaderValue::Once(self.id))).collect();
        let parsed = parse(scheme, self.body)?;
        let source = Source {
            scheme,
            headers: &headers,
            timestamp: timestamp.as_deref(),
            url,
            body: self.body,
            json: parsed.json(),
            form: parsed.form(),
            access_key: None,
        };
        let message = source.message(key.text(), 0)?;

        // From here on the delivery is signed.
        let signature = scheme.form.write(&key.tag(&message.pieces(self.body)));
        let mut headers: Vec<_> = carried.into_iter().map(|name| (name, self.id.to_owned())).collect();
        if let (Some(TimeSource::Header(name)), Some(timestamp)) =
            (scheme.clock.map(|clock| clock.source), &timestamp)
        {
            headers.push((name, timestamp.clone()));
        }
        let value = value(scheme, &timestamp.unwrap_or_default(), &signature);
        headers.push((scheme.place_name(), value));
        Ok(headers)
    }
}

/// The headers that carry the id.
fn carried(scheme: &Scheme) -> Vec<&'static str> {
    let mut names = Vec::new();
    for part in scheme.content {
        if let Part::Header(name) | Part::HeaderSegment(_, name) = part {
            names.push(*name);
        }
    }
    if let IdSource::UnsignedHeader(name) = scheme.identity.id {
        names.push(name);
    }
    names
}

/// A signature as its header holds it.
fn value(scheme: &Scheme, timestamp: &str, signature: &str) -> String {
    match (scheme.grammar, scheme.clock.map(|clock| clock.source)) {
        (Grammar::Plain, _) => signature.to_owned(),
        (Grammar::Prefixed(prefix) | Grammar::MaybePrefixed(prefix), _) => glued(&[prefix, signature]),
        (Grammar::Pairs { separator, signature: name, .. }, Some(TimeSource::Pair(time))) => {
            let mut text = glued(&[time, "=", timestamp]);
            text.push(separator);
            text.extend([name, "=", signature]);
            text
        }
        (Grammar::Pairs { signature: name, .. }, _) => glued(&[name, "=", signature]),
        (Grammar::Tagged(tag), _) => glued(&[tag, ",", signature]),
        (Grammar::Positional, _) => glued(&[timestamp, ",", signature]),
        (Grammar::KeyIds(algorithm), _) => glued(&["1/", algorithm, "/", signature]),
        (Grammar::PublicKeys, _) => glued(&["key|", signature]),
    }
}
