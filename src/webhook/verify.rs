//! A delivery is genuine when one of its signatures is that of its own content under one of the secrets.

use alloc::borrow::Cow;

use super::body::{Parsed, only, parse, scalar};
use super::claims::{Claims, in_body, in_headers, limits};
use super::event::Proven;
use super::key::Key;
use super::message::{Message, Source};
use super::peek::only_value;
use super::pending::{Pending, SignedAt};
use super::{
    BODY_BYTES_MAX, Clock, Error, Event, Grammar, HeaderValue, Items, Part, Place, Refusal, Scheme, Strength,
    Window,
};
#[cfg(feature = "webhooks-full")]
use super::{Primitive, jws, message::compact};
use crate::crypto::{HashAlgorithm, HashValue, Hasher};
use crate::prelude::*;
use crate::time::{Millis, Timestamp};

/// What most providers ask for, where this one asks for nothing but the caller is strict.
const STRICT_TOLERANCE_SECONDS: u64 = 300;

/// What a verifier is made of, beside its scheme.
#[derive(Clone, Copy, Debug, Default)]
pub struct Options<'a> {
    /// The secrets that may have signed: one, or several while one replaces another. At most
    /// [`SECRETS_MAX`](super::SECRETS_MAX).
    pub secrets: &'a [&'a str],
    /// Seconds a delivery may be old (or ahead, where the scheme looks at both); the scheme's own value if `None`. 0
    /// switches the check off, unless `strict`.
    pub tolerance_seconds: Option<u64>,
    /// Refuses times too far ahead too, where the provider's own library does not; and where the scheme refuses none,
    /// those that differ by more than 300 s, or the tolerance.
    pub strict: bool,
    /// The URL of the endpoint, for schemes that sign it, when requests do not say it.
    pub url: Option<&'a str>,
    /// Which key is ours, where a delivery names several: needed by Braintree (the public key), understood by Worldpay.
    pub public_key_id: Option<&'a str>,
    /// What Rapyd shows beside the secret.
    pub access_key: Option<&'a str>,
    /// The public key of the provider in PEM, for Wise and Midtrans.
    pub public_key_pem: Option<&'a str>,
    /// The public key of the provider as JWK, for Plaid: a JSON text.
    pub jwk: Option<&'a str>,
    /// The certificate of the provider in PEM, for PayPal.
    pub certificate_pem: Option<&'a str>,
    /// Lets a delivery pass of which some events are genuine and others are not, without the latter. Only where each
    /// event has a signature of its own.
    pub partial: bool,
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
    pub(super) keys: Vec<Key>,
    is_stepwise: bool,
    tolerance_seconds: Option<u64>,
    strict: bool,
    url: Option<String>,
    public_key_id: Option<String>,
    access_key: Option<String>,
    partial: bool,
}

/// A delivery that is genuine and in time. Only [`Verifier::verify`] makes one.
#[derive(Clone, Debug)]
pub struct Verified<'a> {
    scheme: &'static Scheme,
    /// The row it was read by.
    layout: &'static Scheme,
    headers: &'a [(&'a str, HeaderValue<'a>)],
    body: &'a [u8],
    secret_index: usize,
    timestamp: Option<Timestamp>,
    signed: Vec<HashValue>,
    refused: Vec<usize>,
}

/// Which key signed, and what.
struct Signer {
    index: usize,
    message: Message,
}

impl Verifier {
    /// Prepares the keys.
    ///
    /// # Errors
    ///
    /// In this order: [`Error::OptionMissing`] for a key, [`Error::SecretMissing`], [`Error::TooManySecrets`], for the
    /// first secret that is not usable [`Error::SecretMalformed`] or [`Error::SecretEmpty`], what is wrong with a public
    /// key or a certificate, and [`Error::OptionMissing`] for whatever else the scheme needs.
    pub fn new(scheme: &'static Scheme, options: Options<'_>) -> Result<Self, Error> {
        let keys = Key::all(scheme, &options)?;
        let given = |option: Option<&str>| option.filter(|text| !text.is_empty()).map(str::to_owned);
        let (public_key_id, access_key) = (given(options.public_key_id), given(options.access_key));
        if scheme.grammar == Grammar::PublicKeys && public_key_id.is_none() {
            return Err(Error::OptionMissing { option: "public_key_id" });
        }
        if scheme.content.iter().any(|part| matches!(part, Part::AccessKey)) && access_key.is_none() {
            return Err(Error::OptionMissing { option: "access_key" });
        }
        Ok(Self {
            scheme,
            keys,
            is_stepwise: scheme.is_stepwise(),
            tolerance_seconds: options.tolerance_seconds,
            strict: options.strict,
            url: options.url.map(str::to_owned),
            public_key_id,
            access_key,
            partial: options.partial,
        })
    }

    /// The scheme.
    #[must_use]
    pub const fn scheme(&self) -> &'static Scheme {
        self.scheme
    }

    /// How many secrets there are.
    #[must_use]
    pub fn secrets(&self) -> usize {
        self.keys.len()
    }

    /// The hash that verifying in steps asks for, if the scheme can be verified so.
    #[must_use]
    pub fn hash(&self) -> Option<HashAlgorithm> {
        self.keys.first().filter(|_| self.is_stepwise).and_then(Key::hash)
    }

    /// Decides on one delivery. How long a refusal of a signature takes does not depend on which bytes differ.
    ///
    /// # Errors
    ///
    /// The variants of [`Error`] from [`Error::UrlMissing`] on, in their order.
    pub fn verify<'a>(&self, request: &Request<'a>) -> Result<Verified<'a>, Error> {
        let (headers, body) = (request.headers, request.body);
        if let Some(mut pending) = self.begin(headers, request.url, body.len())? {
            for (index, key) in self.keys.iter().enumerate() {
                let Some(hash) = key.hash() else { continue };
                let mut hasher = Hasher::new(hash);
                for piece in [key.inner_block(), pending.head(), body, pending.tail()] {
                    hasher.update(piece);
                }
                self.check(&mut pending, index, &hasher.finish());
            }
            let (secret_index, timestamp) = self.conclude(&pending, request.now)?;
            return Ok(Verified { secret_index, timestamp, ..self.proven(pending.layout, headers, body) });
        }
        Ok(self.verify_whole(request)?)
    }

    /// Begins on a delivery whose body is not there yet; `None` when the scheme needs to read it, so that only
    /// [`Verifier::verify`] can decide.
    ///
    /// # Errors
    ///
    /// The variants of [`Error`] from [`Error::UrlMissing`] to [`Error::BodyEmpty`], in their order.
    pub fn begin(
        &self,
        headers: &[(&str, HeaderValue<'_>)],
        url: Option<&str>,
        body_bytes: usize,
    ) -> Result<Option<Pending>, Error> {
        if !self.is_stepwise {
            return Ok(None);
        }
        let (layout, url) = self.opened(headers, url, body_bytes)?;
        let Some(claims) = in_headers(layout, headers, self.public_key_id.as_deref())? else {
            return Ok(None);
        };
        let source = Source {
            scheme: layout,
            headers,
            timestamp: claims.timestamp.map(|(text, _)| text),
            url,
            body: &[],
            json: None,
            form: &[],
            access_key: None,
        };
        Ok(Some(Self::pending(layout, &source, &claims, body_bytes)?))
    }

    /// The row to read a delivery by and the URL it was sent to, when it keeps all limits.
    fn opened<'u>(
        &'u self,
        headers: &[(&str, HeaderValue<'_>)],
        url: Option<&'u str>,
        body_bytes: usize,
    ) -> Result<(&'static Scheme, &'u str), Refusal> {
        let url = url.or(self.url.as_deref()).unwrap_or_default();
        if self.scheme.signs_url() && url.is_empty() {
            return Err(Error::UrlMissing.into());
        }
        if body_bytes > BODY_BYTES_MAX {
            return Err(Error::BodyTooLarge { found: body_bytes }.into());
        }
        let layout = self.scheme.layout(headers);
        limits(layout, headers)?;
        Ok((layout, url))
    }

    /// The events of a delivery that passed [`Verifier::conclude`].
    #[cfg(feature = "webhooks")]
    pub(crate) fn events(&self, headers: &[(&str, HeaderValue<'_>)], body: &[u8]) -> Vec<Event> {
        self.proven(self.scheme.layout(headers), headers, body).events()
    }

    /// A delivery whose whole body is proven, by the first secret and at no time.
    fn proven<'a>(
        &self,
        layout: &'static Scheme,
        headers: &'a [(&'a str, HeaderValue<'a>)],
        body: &'a [u8],
    ) -> Verified<'a> {
        let scheme = self.scheme;
        Verified {
            scheme,
            layout,
            headers,
            body,
            secret_index: 0,
            timestamp: None,
            signed: Vec::new(),
            refused: Vec::new(),
        }
    }

    /// As [`Verifier::verify`], for a scheme that cannot be verified in steps.
    pub(crate) fn verify_whole<'a>(&self, request: &Request<'a>) -> Result<Verified<'a>, Refusal> {
        let (headers, body) = (request.headers, request.body);
        let (layout, url) = self.opened(headers, request.url, body.len())?;
        #[cfg(feature = "webhooks-full")]
        if layout.primitive == Primitive::Jws {
            let (secret_index, issued_at) = jws::verify(layout, &self.keys, headers, body, request.now)?;
            if let Some(clock) = layout.clock {
                let signed_at = SignedAt { moment: issued_at, whole_seconds: true };
                self.in_time(clock, signed_at, request.now)?;
            }
            let timestamp = Some(issued_at);
            return Ok(Verified { secret_index, timestamp, ..self.proven(layout, headers, body) });
        }
        #[cfg(feature = "webhooks-full")]
        if self.keys.iter().filter_map(Key::public).any(|key| !key.is_valid_at(request.now)) {
            return Err(Error::KeyNotValid.into());
        }
        let claims = in_headers(layout, headers, self.public_key_id.as_deref())?;
        let parsed = parse(layout, body)?;
        let source = Source {
            scheme: layout,
            headers,
            timestamp: claims.as_ref().and_then(|claims| claims.timestamp).map(|(text, _)| text),
            url,
            body,
            json: parsed.json(),
            form: parsed.form(),
            access_key: self.access_key.as_deref(),
        };
        let (mut refused, mut signed) = (Vec::new(), Vec::new());
        let (signed_at, signer) = match (claims, layout.identity.items, &parsed) {
            (Some(claims), _, _) => (SignedAt::of(layout, &claims), self.signer(&source, &claims)?),
            (None, Some(items), Parsed::Json(document)) => {
                self.items(items, document, &source, &mut refused, &mut signed)?
            }
            (None, _, _) => self.item(&source)?,
        };
        if let (Some(clock), Some(signed_at)) = (layout.clock, signed_at) {
            self.in_time(clock, signed_at, request.now)?;
        }
        let timestamp = signed_at.map(|signed_at| signed_at.moment);
        if layout.strength() == Strength::SignedFields && signed.is_empty() {
            signed.push(digest(&signer.message));
        }
        #[cfg(feature = "webhooks-full")]
        if layout.content.contains(&Part::CompactBodyDigest) {
            // The white space of the body is not signed, and makes no other event.
            signed.push(HashAlgorithm::Sha256.of(&[compact(body)?.as_bytes()]));
        }
        let secret_index = signer.index;
        Ok(Verified { scheme: self.scheme, layout, headers, body, secret_index, timestamp, signed, refused })
    }

    /// The first key under which a signature holds. All are tried, so that the time does not tell which.
    fn signer(&self, source: &Source<'_>, claims: &Claims<'_>) -> Result<Signer, Refusal> {
        let scheme = source.scheme;
        let mut signer = None;
        for (index, key) in self.keys.iter().enumerate() {
            for spelling in 0..scheme.spellings {
                let message = source.message(key.text(), spelling)?;
                let holds = key.holds(scheme.form, &message.pieces(source.body), &claims.signatures);
                if holds && signer.is_none() {
                    signer = Some(Signer { index, message });
                }
            }
        }
        if scheme.body_required && source.body.is_empty() {
            return Err(Error::BodyEmpty.into());
        }
        signer.ok_or_else(|| Refusal::mismatch(source.body))
    }

    /// Checks each event of a delivery by its own signature; fills in which do not hold, and the digests of what those
    /// that do have signed. At least one must.
    fn items(
        &self,
        items: Items,
        document: &[u8],
        source: &Source<'_>,
        refused: &mut Vec<usize>,
        signed: &mut Vec<HashValue>,
    ) -> Result<(Option<SignedAt>, Signer), Refusal> {
        let list = items.signable(document)?;
        let (mut proven, mut why) = (None, None);
        for (index, item) in list.iter().enumerate() {
            let source = Source { json: only_value(item, items.member)?, ..*source };
            match self.item(&source) {
                Ok(found) => {
                    signed.push(digest(&found.1.message));
                    proven = proven.or(Some(found));
                }
                Err(error) => {
                    refused.push(index);
                    why = why.or(Some(error));
                }
            }
        }
        match (proven, why) {
            (Some(proven), None) => Ok(proven),
            (Some(proven), Some(_)) if self.partial => Ok(proven),
            (Some(_), Some(_)) => {
                Err(Error::EventsRefused { refused: refused.clone(), events: list.len() }.into())
            }
            (None, why) => {
                Err(why.unwrap_or_else(|| Error::SignatureMismatch { body_is_empty: false }.into()))
            }
        }
    }

    /// Checks an event, or a whole body, by the signature that stands in it.
    fn item(&self, source: &Source<'_>) -> Result<(Option<SignedAt>, Signer), Refusal> {
        let value = signature_in_body(source)?;
        let claims = in_body(source.scheme, source.headers, &value, self.public_key_id.as_deref())?;
        let signer = self.signer(source, &claims)?;
        Ok((SignedAt::of(source.scheme, &claims), signer))
    }

    pub(super) fn in_time(&self, clock: Clock, signed_at: SignedAt, now: Timestamp) -> Result<(), Refusal> {
        let (tolerance_seconds, window) = match (clock.window, self.tolerance_seconds) {
            (Window::OnRequest, None) if !self.strict => return Ok(()),
            (Window::OnRequest, None) => (STRICT_TOLERANCE_SECONDS, Window::BothSides),
            (Window::OnRequest, Some(asked)) => (asked, Window::BothSides),
            (window, asked) => (asked.unwrap_or(clock.tolerance_seconds), window),
        };
        // What 0 means to Stripe's own library, and nobody wants a window of no width.
        if tolerance_seconds == 0 && !self.strict {
            return Ok(());
        }
        // A timestamp of whole seconds is compared with whole seconds: 300.9 s later it is 300 s old.
        let now = match signed_at.whole_seconds {
            true => Timestamp::from_unix_seconds(now.unix_seconds()).unwrap_or(now),
            false => now,
        };
        let signed_at = signed_at.moment;
        let tolerance = Millis::from_seconds(tolerance_seconds);
        if now.since(signed_at) > tolerance {
            return Err(
                Error::TooOld { age_seconds: seconds(now.since(signed_at)), tolerance_seconds }.into()
            );
        }
        let ahead = signed_at.since(now);
        if ahead > tolerance && (self.strict || window != Window::PastOnly) {
            return Err(Error::TooNew { ahead_seconds: seconds(ahead), tolerance_seconds }.into());
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
        let (headers, body) = (self.headers, self.body);
        Proven { scheme: self.layout, headers, body, signed: &self.signed, refused: &self.refused }.events()
    }

    /// Which events of the list are not genuine, from 0: none, unless [`Options::partial`] lets them pass.
    #[must_use]
    pub fn refused(&self) -> &[usize] {
        &self.refused
    }
}

/// What stands in the body where the signature should.
fn signature_in_body<'s>(source: &Source<'s>) -> Result<Cow<'s, str>, Refusal> {
    let value = match (source.scheme.place, source.json) {
        (Place::FormField(field), _) => only(source.form, field)?.map(Cow::Borrowed),
        (Place::Field(path), Some(document)) => scalar(document, path)?,
        _ => None,
    };
    value.ok_or_else(|| Refusal::no_field(source.scheme.place_name()))
}

/// Only of messages without the body.
fn digest(message: &Message) -> HashValue {
    HashAlgorithm::Sha256.of(&message.pieces(&[]))
}

/// Rounded up, so that a refusal never names a difference that would have been allowed.
const fn seconds(difference: Millis) -> u64 {
    difference.get().div_ceil(1_000)
}
