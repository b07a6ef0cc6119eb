//! Signing as a provider does: for the simulator, and for a merchant's own tests.

use super::key::key;
use super::verify::{content, tag, written};
use super::{Error, Grammar, IdSource, Scheme, TimeSource, TimeUnit};
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
    /// In this order: [`Error::SecretMalformed`], [`Error::SecretEmpty`], [`Error::UrlMissing`],
    /// [`Error::HeaderMissing`] and [`Error::HeaderMalformed`] when the id cannot be carried.
    pub fn sign(&self, scheme: &Scheme, secret: &str) -> Result<Vec<(&'static str, String)>, Error> {
        let key = key(scheme, 0, secret)?;
        let url = self.url.unwrap_or_default();
        if scheme.signs_url() && url.is_empty() {
            return Err(Error::UrlMissing);
        }
        let id_header = match scheme.identity.id {
            IdSource::SignedHeader(name) | IdSource::UnsignedHeader(name) => Some(name),
            IdSource::Body(_) | IdSource::Digest => None,
        };
        let header = |name| {
            if id_header == Some(name) { Ok(self.id) } else { Err(Error::HeaderMissing { header: name }) }
        };
        let timestamp = scheme.clock.map(|clock| match clock.unit {
            TimeUnit::Seconds => self.timestamp.unix_seconds().digits(),
            TimeUnit::Milliseconds => self.timestamp.unix_ms().digits(),
        });
        let content = content(scheme, header, timestamp.as_deref(), url, self.body)?;

        // From here on the delivery is signed.
        let signature = written(scheme.form, &tag(&key, &content));
        let mut headers = Vec::new();
        headers.extend(id_header.map(|name| (name, self.id.to_owned())));
        let mut value = String::new();
        match (scheme.clock.map(|clock| clock.source), timestamp, scheme.grammar) {
            (Some(TimeSource::Header(name)), Some(timestamp), _) => headers.push((name, timestamp)),
            (Some(TimeSource::Pair(name)), Some(timestamp), Grammar::Pairs { separator, .. }) => {
                value.extend([name, "=", &timestamp]);
                value.push(separator);
            }
            _ => {}
        }
        match scheme.grammar {
            Grammar::Plain => {}
            Grammar::Prefixed(prefix) => value.push_str(prefix),
            Grammar::Pairs { signature, .. } => value.extend([signature, "="]),
            Grammar::Tagged(tag) => value.extend([tag, ","]),
        }
        value.push_str(&signature);
        headers.push((scheme.signature_header, value));
        Ok(headers)
    }
}
