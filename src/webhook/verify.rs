//! A delivery is genuine when one of its signatures is that of its own content under one of the secrets.

use super::header::{Claims, HeaderValue, claims, limits, required};
use super::key::key;
use super::{
    BODY_BYTES_MAX, Clock, Error, Event, Part, SECRETS_MAX, Scheme, SignatureForm, TimeUnit, Window, event,
};
use crate::crypto::{MacKey, Tag, encode_base64, encode_hex, equal};
use crate::prelude::*;
use crate::time::{Millis, Timestamp};

/// What a verifier is made of, beside its scheme.
#[derive(Clone, Copy, Debug, Default)]
pub struct Options<'a> {
    /// The secrets that may have signed: one, or several while one replaces another. At most
    /// [`SECRETS_MAX`](super::SECRETS_MAX).
    pub secrets: &'a [&'a str],
    /// Seconds a delivery may be old (or ahead, where the scheme looks at both); the scheme's own value if `None`.
    pub tolerance_seconds: Option<u64>,
    /// Refuses times too far ahead too, where the provider's own library does not.
    pub strict: bool,
    /// The URL of the endpoint, for schemes that sign it, when requests do not say it.
    pub url: Option<&'a str>,
}

/// One delivery, as it came in.
#[derive(Clone, Copy, Debug)]
pub struct Request<'a> {
    /// The headers, in any order and case. Those the scheme does not know are not looked at.
    pub headers: &'a [(&'a str, HeaderValue<'a>)],
    /// The URL as the provider was given it, for schemes that sign it.
    pub url: Option<&'a str>,
    /// The body: the bytes as received.
    pub body: &'a [u8],
    /// The caller's time.
    pub now: Timestamp,
}

/// A scheme with its secrets. The keys are prepared once, and it holds for any number of deliveries.
#[derive(Clone, Debug)]
pub struct Verifier {
    scheme: &'static Scheme,
    keys: Vec<MacKey>,
    tolerance_seconds: Option<u64>,
    strict: bool,
    url: Option<String>,
}

/// A delivery that is genuine and in time. Only [`Verifier::verify`] makes one.
#[derive(Clone, Copy, Debug)]
pub struct Verified<'a> {
    scheme: &'static Scheme,
    headers: &'a [(&'a str, HeaderValue<'a>)],
    body: &'a [u8],
    secret_index: usize,
    timestamp: Option<Timestamp>,
}

impl Verifier {
    /// Prepares the keys.
    ///
    /// # Errors
    ///
    /// In this order: [`Error::SecretMissing`], [`Error::TooManySecrets`], and for the first secret that is not
    /// usable [`Error::SecretMalformed`] or [`Error::SecretEmpty`].
    pub fn new(scheme: &'static Scheme, options: Options<'_>) -> Result<Self, Error> {
        if options.secrets.is_empty() {
            return Err(Error::SecretMissing);
        }
        if options.secrets.len() > SECRETS_MAX {
            return Err(Error::TooManySecrets { found: options.secrets.len() });
        }
        let keys = options.secrets.iter().enumerate().map(|(index, text)| key(scheme, index, text));
        Ok(Self {
            scheme,
            keys: keys.collect::<Result<_, _>>()?,
            tolerance_seconds: options.tolerance_seconds,
            strict: options.strict,
            url: options.url.map(str::to_owned),
        })
    }

    /// The scheme.
    #[must_use]
    pub const fn scheme(&self) -> &'static Scheme {
        self.scheme
    }

    /// Decides on one delivery. How long a refusal of a signature takes does not depend on which bytes differ.
    ///
    /// # Errors
    ///
    /// The variants of [`Error`] from [`Error::UrlMissing`] on, in their order.
    pub fn verify<'a>(&self, request: &Request<'a>) -> Result<Verified<'a>, Error> {
        let url = request.url.or(self.url.as_deref()).unwrap_or_default();
        if self.scheme.signs_url() && url.is_empty() {
            return Err(Error::UrlMissing);
        }
        if request.body.len() > BODY_BYTES_MAX {
            return Err(Error::BodyTooLarge { found: request.body.len() });
        }
        limits(self.scheme, request.headers)?;
        let claims = claims(self.scheme, request.headers)?;
        let header = |name| required(request.headers, name);
        let content =
            content(self.scheme, header, claims.timestamp.map(|(text, _)| text), url, request.body)?;
        if self.scheme.body_required && request.body.is_empty() {
            return Err(Error::BodyEmpty);
        }
        let Some(secret_index) = self.signer(&content, &claims) else {
            return Err(Error::SignatureMismatch { body_is_empty: request.body.is_empty() });
        };
        let timestamp = claims.timestamp.map(|(_, timestamp)| timestamp);
        if let (Some(clock), Some(timestamp)) = (self.scheme.clock, timestamp) {
            self.in_time(clock, timestamp, request.now)?;
        }
        Ok(Verified {
            scheme: self.scheme,
            headers: request.headers,
            body: request.body,
            secret_index,
            timestamp,
        })
    }

    /// The index of the first key under which a signature holds. All are tried, so that the time does not tell which.
    fn signer(&self, content: &[&[u8]], claims: &Claims<'_>) -> Option<usize> {
        let mut signer = None;
        for (index, key) in self.keys.iter().enumerate() {
            let expected = written(self.scheme.form, &tag(key, content));
            for signature in &claims.signatures {
                let matches = match self.scheme.form {
                    SignatureForm::HexAnyCase => {
                        equal(signature.to_ascii_lowercase().as_bytes(), expected.as_bytes())
                    }
                    SignatureForm::HexLower | SignatureForm::HexUpper | SignatureForm::Base64 => {
                        equal(signature.as_bytes(), expected.as_bytes())
                    }
                };
                if matches && signer.is_none() {
                    signer = Some(index);
                }
            }
        }
        signer
    }

    fn in_time(&self, clock: Clock, signed_at: Timestamp, now: Timestamp) -> Result<(), Error> {
        let (tolerance_seconds, window) = match (clock.window, self.tolerance_seconds) {
            (Window::OnRequest, None) => return Ok(()),
            (Window::OnRequest, Some(asked)) => (asked, Window::BothSides),
            (window, asked) => (asked.unwrap_or(clock.tolerance_seconds), window),
        };
        // A timestamp of whole seconds is compared with whole seconds: 300.9 s later it is 300 s old.
        let now = match clock.unit {
            TimeUnit::Seconds => Timestamp::from_unix_seconds(now.unix_seconds()).unwrap_or(now),
            TimeUnit::Milliseconds => now,
        };
        let tolerance = Millis::from_seconds(tolerance_seconds);
        if now.since(signed_at) > tolerance {
            return Err(Error::TooOld { age_seconds: seconds(now.since(signed_at)), tolerance_seconds });
        }
        let ahead = signed_at.since(now);
        if ahead > tolerance && (self.strict || window != Window::PastOnly) {
            return Err(Error::TooNew { ahead_seconds: seconds(ahead), tolerance_seconds });
        }
        Ok(())
    }
}

impl<'a> Verified<'a> {
    /// The scheme it was verified by.
    #[must_use]
    pub const fn scheme(&self) -> &'static Scheme {
        self.scheme
    }

    /// Which of the secrets signed it, from 0. When it is never the old one any more, the rotation is over.
    #[must_use]
    pub const fn secret_index(&self) -> usize {
        self.secret_index
    }

    /// When the delivery was signed, where the scheme signs that. A repeated delivery has a newer time.
    #[must_use]
    pub const fn timestamp(&self) -> Option<Timestamp> {
        self.timestamp
    }

    /// Exactly what was authenticated of the body.
    #[must_use]
    pub const fn bytes(&self) -> &'a [u8] {
        self.body
    }

    /// The events it carries: at least one.
    #[must_use]
    pub fn events(&self) -> Vec<Event> {
        vec![event::read(self.scheme, self.headers, self.body)]
    }
}

/// What is signed, part by part.
pub(super) fn content<'a>(
    scheme: &Scheme,
    header: impl Fn(&'static str) -> Result<&'a str, Error>,
    timestamp: Option<&'a str>,
    url: &'a str,
    body: &'a [u8],
) -> Result<Vec<&'a [u8]>, Error> {
    let mut parts: Vec<&[u8]> = Vec::with_capacity(scheme.content.len());
    let mut rest = scheme.content.iter();
    while let Some(part) = rest.next() {
        let next = rest.as_slice().first();
        parts.push(match part {
            Part::Text(text) => text.as_bytes(),
            Part::Header(name) => {
                let value = header(name)?;
                let ambiguous = matches!(next, Some(Part::Text(text)) if contains(value, text));
                if value.is_empty() || ambiguous {
                    let expected = "a value that is not empty and does not contain what separates it";
                    return Err(Error::HeaderMalformed { header: name, expected });
                }
                value.as_bytes()
            }
            Part::Timestamp => timestamp.unwrap_or_default().as_bytes(),
            Part::Url => url.as_bytes(),
            Part::Body => body,
        });
    }
    Ok(parts)
}

/// As `str::contains`, without the searcher for long needles behind it.
fn contains(value: &str, text: &str) -> bool {
    value.as_bytes().windows(text.len().max(1)).any(|window| window == text.as_bytes())
}

/// The tag of a content.
pub(super) fn tag(key: &MacKey, content: &[&[u8]]) -> Tag {
    let mut mac = key.begin();
    for part in content {
        mac.update(part);
    }
    mac.finish()
}

/// A tag as the scheme writes it.
///
/// Signatures are compared as text, not decoded: that makes every other spelling of the same bytes a mismatch.
pub(super) fn written(form: SignatureForm, tag: &Tag) -> String {
    match form {
        SignatureForm::HexLower | SignatureForm::HexAnyCase => encode_hex(tag.as_bytes()),
        SignatureForm::HexUpper => encode_hex(tag.as_bytes()).to_ascii_uppercase(),
        SignatureForm::Base64 => encode_base64(tag.as_bytes()),
    }
}

/// Rounded up, so that a refusal never names a difference that would have been allowed.
const fn seconds(difference: Millis) -> u64 {
    difference.get().div_ceil(1_000)
}
