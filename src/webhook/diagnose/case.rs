//! One refused delivery, and the question every probe asks of it: would the signature hold, if this were different?

use super::{Budget, RESERIALISED_BYTES_MAX};
use crate::crypto::{CompactJws, sha256_hex};
use crate::json::{self, Value};
use crate::prelude::*;
use crate::webhook::public::Public;
use crate::webhook::{Error, HeaderValue, Options, Place, Primitive, Request, Scheme, Verifier};

/// What checking a signature under a public key costs, as bytes hashed in the same time.
const PUBLIC_KEY_BYTES: usize = 96 << 10;

/// Headers as a [`Request`] holds them.
pub(super) type Headers<'a> = Vec<(&'a str, HeaderValue<'a>)>;

/// How far a delivery came.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Stage {
    /// No verifier could be made of the secrets and options.
    Secret,
    /// The URL that is signed is not known.
    Url,
    /// The headers do not have the form of the scheme.
    Form,
    /// The body does not have the form of the scheme, which signs fields of it.
    Body,
    /// No signature holds.
    Signature,
    /// Genuine, but not in time.
    Time,
    /// Refused for its size, or in a way that has nothing to be found out.
    Rest,
}

impl Stage {
    pub(super) const ALL: &'static [Self] =
        &[Self::Secret, Self::Url, Self::Form, Self::Body, Self::Signature, Self::Time, Self::Rest];

    const fn of(refusal: &Error) -> Self {
        match refusal {
            Error::SecretMissing
            | Error::TooManySecrets { .. }
            | Error::SecretEmpty { .. }
            | Error::SecretMalformed { .. }
            | Error::OptionMissing { .. }
            | Error::KeyMalformed { .. }
            | Error::JwkMalformed
            | Error::CertificateOfOther { .. } => Self::Secret,
            Error::UrlMissing => Self::Url,
            Error::HeaderMissing { .. }
            | Error::HeaderRepeated { .. }
            | Error::HeaderMalformed { .. }
            | Error::SignatureAbsent { .. } => Self::Form,
            Error::BodyMalformed { .. } | Error::FieldMissing { .. } | Error::FieldMalformed { .. } => {
                Self::Body
            }
            Error::SignatureMismatch { .. } | Error::BodyEmpty => Self::Signature,
            Error::TooOld { .. } | Error::TooNew { .. } => Self::Time,
            _ => Self::Rest,
        }
    }
}

/// A refused delivery, with what refused it.
#[derive(Debug)]
pub(super) struct Case<'a> {
    pub(super) scheme: &'static Scheme,
    pub(super) options: Options<'a>,
    pub(super) request: Request<'a>,
    pub(super) refusal: Error,
    pub(super) stage: Stage,
    /// Absent where the secrets are what was refused.
    verifier: Option<Verifier>,
    /// The body, where it is JSON and not too long to be looked into.
    pub(super) document: Option<Value<'a>>,
    /// What the body must hash to, where a genuine signature covers no more of it than that.
    pub(super) digest: Option<String>,
}

impl<'a> Case<'a> {
    /// `None` for a delivery that is not refused.
    pub(super) fn new(scheme: &'static Scheme, options: Options<'a>, request: &Request<'a>) -> Option<Self> {
        let (verifier, refusal) = match Verifier::new(scheme, options) {
            Ok(verifier) => {
                let refusal = verifier.verify(request).err()?;
                (Some(verifier), refusal)
            }
            Err(refusal) => (None, refusal),
        };
        let digest = claimed_digest(scheme, &options, request);
        let stage = Stage::of(&refusal);
        let short = request.body.len() <= RESERIALISED_BYTES_MAX;
        let is_looked_into = short && matches!(stage, Stage::Body | Stage::Signature);
        let document = is_looked_into.then(|| json::parse(request.body).ok()).flatten();
        Some(Self { scheme, options, request: *request, refusal, stage, verifier, document, digest })
    }

    /// Whether the signature would hold over another body.
    pub(super) fn holds_over(&self, budget: &mut Budget, body: &[u8]) -> bool {
        if body == self.request.body {
            return false;
        }
        match &self.digest {
            Some(digest) => budget.pays(body.len(), 1) && sha256_hex(body) == *digest,
            None => self.holds(budget, &Request { body, ..self.request }),
        }
    }

    /// Whether the signature would hold if the request came so.
    pub(super) fn holds(&self, budget: &mut Budget, request: &Request<'_>) -> bool {
        let Some(verifier) = &self.verifier else { return false };
        budget.pays(self.price(request), self.options.secrets.len()) && genuine(verifier, request)
    }

    /// Whether nothing at all would be wrong if the request came so.
    pub(super) fn verifies(&self, budget: &mut Budget, request: &Request<'_>) -> bool {
        let Some(verifier) = &self.verifier else { return false };
        budget.pays(self.price(request), self.options.secrets.len()) && verifier.verify(request).is_ok()
    }

    /// Whether the signature would hold under one other secret.
    pub(super) fn holds_under(&self, budget: &mut Budget, secret: &str) -> bool {
        self.holds_if(budget, &self.request, secret)
    }

    /// Whether the signature would hold if the request came so, under one other secret.
    pub(super) fn holds_if(&self, budget: &mut Budget, request: &Request<'_>, secret: &str) -> bool {
        let secrets = &[secret];
        let Ok(verifier) = Verifier::new(self.scheme, Options { secrets, ..self.options }) else {
            return false;
        };
        budget.pays(self.price(request), 1) && genuine(&verifier, request)
    }

    /// Whether the delivery is one of another scheme, under one of the secrets. Those that are no secrets there count not.
    pub(super) fn holds_as(&self, budget: &mut Budget, scheme: &'static Scheme) -> bool {
        self.options.secrets.iter().any(|secret| {
            let secrets = &[*secret];
            let Ok(verifier) = Verifier::new(scheme, Options { secrets, ..self.options }) else {
                return false;
            };
            budget.pays(self.price(&self.request), 1) && genuine(&verifier, &self.request)
        })
    }

    /// What a verification costs, in bytes hashed in the same time.
    fn price(&self, request: &Request<'_>) -> usize {
        match self.scheme.primitive {
            Primitive::PublicKey | Primitive::Jws => request.body.len().saturating_add(PUBLIC_KEY_BYTES),
            Primitive::Mac(_) | Primitive::Digest(_) | Primitive::Token => request.body.len(),
        }
    }

    /// Who sends deliveries of this scheme.
    pub(super) const fn provider(&self) -> &'static str {
        provider(self.scheme)
    }

    /// The value of a header that arrived once.
    pub(super) fn header(&self, name: &str) -> Option<&'a str> {
        value(self.request.headers, name)
    }

    /// The headers with another value for one of them.
    pub(super) fn headers_with<'b>(&'b self, name: &'b str, value: &'b str) -> Headers<'b> {
        let others = self.request.headers.iter().filter(|(known, _)| !known.eq_ignore_ascii_case(name));
        others.copied().chain([(name, HeaderValue::Once(value))]).collect()
    }

    /// The length the request announced, where that is the length of the body as the handler sees it.
    pub(super) fn announced_bytes(&self) -> Option<usize> {
        let encoded =
            self.header("content-encoding").is_some_and(|value| !value.eq_ignore_ascii_case("identity"));
        if encoded { None } else { self.header("content-length")?.trim_ascii().parse().ok() }
    }
}

/// Who sends deliveries of a scheme.
pub(super) const fn provider(scheme: &Scheme) -> &'static str {
    match scheme.provenance.told() {
        Some(told) => told.provider,
        None => scheme.name,
    }
}

/// The headers in which a scheme has its signature; none where it stands in the body.
pub(super) fn signature_headers(scheme: &Scheme) -> Vec<&'static str> {
    match scheme.place {
        Place::Headers(names) => names.to_vec(),
        Place::FormField(_) | Place::Field(_) => Vec::new(),
    }
}

/// The value of a header that arrived once.
pub(super) fn value<'a>(headers: &[(&str, HeaderValue<'a>)], name: &str) -> Option<&'a str> {
    let mut found = headers.iter().filter(|(known, _)| known.eq_ignore_ascii_case(name));
    match (found.next(), found.next()) {
        (Some((_, HeaderValue::Once(value))), None) => Some(value),
        _ => None,
    }
}

/// The digest of the body that a genuine JWS vouches for.
fn claimed_digest(scheme: &Scheme, options: &Options<'_>, request: &Request<'_>) -> Option<String> {
    let Primitive::Jws = scheme.primitive else { return None };
    let header = signature_headers(scheme).into_iter().find_map(|name| value(request.headers, name))?;
    let jws = CompactJws::es256(header).ok()?;
    let keys = options.jwk.into_iter().chain(options.secrets.iter().copied());
    let payload = keys
        .filter_map(|text| Public::new(scheme.key, text).ok())
        .find_map(|key| jws.verified_by(key.key()))?;
    let claims = json::parse(payload).ok()?;
    claims.get("request_body_sha256").and_then(Value::as_str).map(str::to_owned)
}

/// Whether the signature holds, in time or not.
fn genuine(verifier: &Verifier, request: &Request<'_>) -> bool {
    matches!(verifier.verify(request), Ok(_) | Err(Error::TooOld { .. } | Error::TooNew { .. }))
}
