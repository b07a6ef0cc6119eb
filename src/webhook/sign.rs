//! Signing as a provider does: for the simulator, and for a merchant's own tests.

use alloc::borrow::Cow;

use super::body::{Parsed, only, parse};
use super::key::Key;
use super::message::Source;
use super::peek::only_value;
use super::{Clock, Error, Grammar, HeaderValue, JSON_EXPECTED, Place, Scheme, TimeSource, TimeUnit};
use crate::json::{self, Value};
use crate::prelude::*;
use crate::time::Timestamp;

/// A delivery that is to be signed.
#[derive(Clone, Copy, Debug)]
pub struct Outgoing<'a> {
    /// The id, for schemes that carry it in a header, or sign something else that is fresh in each delivery.
    pub id: &'a str,
    /// The time to sign with, for schemes that sign one.
    pub timestamp: Timestamp,
    /// The URL that will be called, for schemes that sign it.
    pub url: Option<&'a str>,
    /// The body, without the signature.
    pub body: &'a [u8],
    /// The public key or key id, for schemes that name it beside the signature.
    pub public_key_id: Option<&'a str>,
    /// The access key, for schemes that sign it.
    pub access_key: Option<&'a str>,
}

/// A signed delivery.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Delivery {
    /// What the scheme reads, in lower case.
    pub headers: Vec<(&'static str, String)>,
    /// The body: as it was, or with the signature where the scheme carries it there.
    pub body: Vec<u8>,
}

/// The headers of a delivery signed with one secret. For schemes that need more see [`Outgoing::sign`].
///
/// # Errors
///
/// Those of [`Outgoing::sign`], and [`Error::SignatureInBody`] when the headers are not all there is.
pub fn sign(
    scheme: &Scheme,
    secret: &str,
    id: &str,
    timestamp: Timestamp,
    body: &[u8],
) -> Result<Vec<(&'static str, String)>, Error> {
    if !matches!(scheme.place, Place::Headers(_)) {
        return Err(Error::SignatureInBody);
    }
    let outgoing = Outgoing { id, timestamp, url: None, body, public_key_id: None, access_key: None };
    outgoing.sign(scheme, secret).map(|delivery| delivery.headers)
}

impl Outgoing<'_> {
    /// This delivery, signed with one secret. A JSON body that takes the signature in is written anew.
    ///
    /// # Errors
    ///
    /// In this order: [`Error::SecretMalformed`], [`Error::SecretEmpty`], [`Error::SignerUnknown`],
    /// [`Error::UrlMissing`], and what is wrong with time, id, body or URL so that no verifier would take them
    /// ([`Error::HeaderMalformed`] and below).
    pub fn sign(&self, scheme: &Scheme, secret: &str) -> Result<Delivery, Error> {
        let key = Key::new(scheme, 0, secret)?;
        if !key.signs() {
            return Err(Error::SignerUnknown);
        }
        let url = self.url.unwrap_or_default();
        if scheme.signs_url() && url.is_empty() {
            return Err(Error::UrlMissing);
        }
        let timestamp = scheme.clock.map(|clock| match clock.unit {
            TimeUnit::Seconds | TimeUnit::Either => self.timestamp.unix_seconds().digits(),
            TimeUnit::Milliseconds => self.timestamp.unix_ms().digits(),
            TimeUnit::Rfc3339 => String::new(),
        });
        let refused = |clock: Clock| {
            let text = timestamp.as_deref().unwrap_or_default();
            clock.unit.read(text.as_bytes()).is_none().then(|| clock.unit.expected())
        };
        if let Some(expected) = scheme.clock.and_then(refused) {
            return Err(Error::HeaderMalformed { header: scheme.place_name(), expected });
        }
        if scheme.body_required && self.body.is_empty() {
            return Err(Error::BodyEmpty);
        }
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
            access_key: self.access_key,
        };
        let timestamp = timestamp.as_deref().unwrap_or_default();
        let signed = |source: &Source<'_>| -> Result<String, Error> {
            let message = source.message(key.text(), 0)?;
            let signature = scheme.form.write(key.tag(&message.pieces(self.body)).expose());
            Ok(self.value(scheme, timestamp, &signature))
        };
        let mut headers: Vec<_> = carried.iter().map(|name| (*name, self.id.to_owned())).collect();
        if let Some(TimeSource::Header(name)) = scheme.clock.map(|clock| clock.source) {
            headers.push((name, timestamp.to_owned()));
        }
        let body = match (scheme.place, &parsed) {
            (Place::Headers(_), _) => {
                headers.push((scheme.place_name(), signed(&source)?));
                self.body.to_vec()
            }
            (Place::FormField(name), _) => {
                if only(parsed.form(), name)?.is_some() {
                    return Err(Error::FieldMalformed {
                        field: name,
                        expected: "a form without a signature",
                    });
                }
                let value = signed(&source)?.replace('|', "%7C").replace('&', "%26");
                [self.body, b"&", name.as_bytes(), b"=", value.as_bytes()].concat()
            }
            (Place::Field(path), Parsed::Json(document)) => {
                let whole = *document;
                let malformed = Error::BodyMalformed { expected: JSON_EXPECTED };
                let mut document = json::parse(whole).map_err(|_| malformed)?;
                let field = scheme.place_name();
                match scheme.identity.items {
                    None => {
                        insert(&mut document, path, signed(&source)?).ok_or(Error::FieldMissing { field })?
                    }
                    Some(items) => {
                        for (index, item) in items.signable(whole)?.into_iter().enumerate() {
                            let json = only_value(item, items.member)?;
                            let signature = signed(&Source { json, ..source })?;
                            element(&mut document, items.list, index)
                                .and_then(|item| insert(item, &[items.member, path].concat(), signature))
                                .ok_or(Error::FieldMissing { field })?;
                        }
                    }
                }
                document.to_text().into_bytes()
            }
            (Place::Field(_), _) => self.body.to_vec(),
        };
        Ok(Delivery { headers, body })
    }

    /// A signature as it stands in its place.
    fn value(&self, scheme: &Scheme, timestamp: &str, signature: &str) -> String {
        let key_id = self.public_key_id.unwrap_or("1");
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
            (Grammar::KeyIds(algorithm), _) => glued(&[key_id, "/", algorithm, "/", signature]),
            (Grammar::PublicKeys, _) => glued(&[key_id, "|", signature]),
        }
    }
}

/// The headers that carry the id.
fn carried(scheme: &Scheme) -> Vec<&'static str> {
    let mut names = Vec::new();
    for part in scheme.content {
        names.extend(part.header());
    }
    names.extend(scheme.identity.id.unsigned_header());
    names
}

/// The element of a list that is a member of a document.
fn element<'v, 'a>(document: &'v mut Value<'a>, list: &str, index: usize) -> Option<&'v mut Value<'a>> {
    let Value::Object(members) = document else { return None };
    let list = members.iter_mut().find(|(name, _)| name == list);
    match list {
        Some((_, Value::Array(items))) => items.get_mut(index),
        _ => None,
    }
}

/// Writes a text at the end of a path, where objects that are missing come into being. `None` where something else is in
/// the way.
fn insert(value: &mut Value<'_>, path: &[&'static str], text: String) -> Option<()> {
    let (Value::Object(members), Some((name, rest))) = (value, path.split_first()) else { return None };
    if !members.iter().any(|(known, _)| known == name) {
        members.push((Cow::Borrowed(*name), Value::Object(Vec::new())));
    }
    let (_, member) = members.iter_mut().find(|(known, _)| known == name)?;
    if rest.is_empty() {
        *member = Value::String(Cow::Owned(text));
        return Some(());
    }
    insert(member, rest, text)
}
