//! Why a verifier could not be made, or a delivery was refused.

use crate::advice::{Diagnose as _, Report, reported};
use crate::crypto;
use crate::json::quoted;
use crate::prelude::*;

/// Why a verifier could not be made, or a delivery was refused. Variants stand in order of precedence: first what
/// the caller configured, then limits, form, signature and time of the delivery.
///
/// No variant holds a secret, a body or a header value. Details of a refusal are for logs: what is answered to the
/// sender should not depend on the variant.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Error {
    /// No scheme has this name.
    UnknownScheme {
        /// The name, shortened.
        found: String,
    },
    /// A verifier without a secret could verify nothing.
    SecretMissing,
    /// More than [`SECRETS_MAX`](super::SECRETS_MAX).
    TooManySecrets {
        /// How many were given.
        found: usize,
    },
    /// Nothing is left of a secret once its prefix and the white space around it are taken away.
    SecretEmpty {
        /// Which of the secrets, from 0.
        index: usize,
    },
    /// A secret is not encoded as the scheme says.
    SecretMalformed {
        /// Which of the secrets, from 0.
        index: usize,
        /// Why it could not be decoded.
        reason: crypto::Error,
    },
    /// The scheme needs something beside the secret.
    OptionMissing {
        /// The option.
        option: &'static str,
    },
    /// A public key or a certificate cannot be used.
    #[cfg(feature = "webhooks-full")]
    KeyMalformed {
        /// Why.
        reason: Box<crypto::KeyError>,
    },
    /// A JWK is no JSON.
    #[cfg(feature = "webhooks-full")]
    JwkMalformed,
    /// The certificate is somebody else's.
    #[cfg(feature = "webhooks-full")]
    CertificateOfOther {
        /// Whose it should be.
        expected: &'static str,
    },
    /// Only the provider can sign by this scheme.
    SignerUnknown,
    /// The signature of the scheme stands in the body, and only headers were asked for.
    SignatureInBody,
    /// The scheme signs the URL, and neither the verifier nor the request says which it is.
    UrlMissing,
    /// The body is longer than [`BODY_BYTES_MAX`](super::BODY_BYTES_MAX).
    BodyTooLarge {
        /// Bytes found.
        found: usize,
    },
    /// A header is longer than [`HEADER_BYTES_MAX`](super::HEADER_BYTES_MAX).
    HeaderTooLong {
        /// The header.
        header: &'static str,
        /// Bytes found.
        found: usize,
    },
    /// More than [`SIGNATURES_MAX`](super::SIGNATURES_MAX).
    TooManySignatures {
        /// The header.
        header: &'static str,
        /// Items found.
        found: usize,
    },
    /// A header the scheme needs is absent.
    HeaderMissing {
        /// The header.
        header: &'static str,
    },
    /// A header arrived several times: readers would disagree on its value.
    HeaderRepeated {
        /// The header.
        header: &'static str,
    },
    /// A header does not have the form the scheme says.
    HeaderMalformed {
        /// The header.
        header: &'static str,
        /// What it should hold.
        expected: &'static str,
    },
    /// The header is well formed but holds no signature of the version that counts.
    SignatureAbsent {
        /// The header.
        header: &'static str,
    },
    /// The body is not what the scheme signs fields of.
    BodyMalformed {
        /// What it should be.
        expected: &'static str,
    },
    /// A field the scheme needs is absent from the body or the query.
    FieldMissing {
        /// The field.
        field: &'static str,
    },
    /// A field of the body or the query does not have the form the scheme says.
    FieldMalformed {
        /// The field.
        field: &'static str,
        /// What it should hold.
        expected: &'static str,
    },
    /// The certificate or the key of the provider is not valid at the caller's time.
    #[cfg(feature = "webhooks-full")]
    KeyNotValid,
    /// The scheme never signs an empty body.
    BodyEmpty,
    /// No signature is that of this content under any of the secrets. Nothing more can be told from that alone.
    SignatureMismatch {
        /// Whether the body was empty, which mostly means that a parser has consumed it.
        body_is_empty: bool,
    },
    /// Some events of the delivery are genuine, and others are not: somebody mixed them.
    EventsRefused {
        /// Which are not, counted from 0, in order.
        refused: Vec<usize>,
        /// How many there are.
        events: usize,
    },
    /// Genuine, but too long ago.
    TooOld {
        /// Seconds since it was signed.
        age_seconds: u64,
        /// Seconds allowed.
        tolerance_seconds: u64,
    },
    /// Genuine, but ahead of the caller's time.
    TooNew {
        /// Seconds until the time it was signed with.
        ahead_seconds: u64,
        /// Seconds allowed.
        tolerance_seconds: u64,
    },
}

impl Error {
    pub(super) fn unknown_scheme(found: &str) -> Self {
        const SHOWN_MAX: usize = 40;
        Self::UnknownScheme { found: found.chars().take(SHOWN_MAX).collect() }
    }

    fn table(&self) -> Report {
        match self {
            Self::UnknownScheme { found } => Report::new("unknown_scheme").fact("found", found).say_with(
                "no scheme is called {found}: schemes() lists those there are",
                &[("found", &quoted(found))],
            ),
            Self::SecretMissing => Report::new("missing_secret")
                .say("no secret was given: expected the signing secret of this endpoint"),
            Self::TooManySecrets { found } => Report::new("too_many_secrets").count("found", *found).say_with(
                "{found} secrets were given: at most {limit} are tried, drop those that were rotated out",
                &[("limit", &super::SECRETS_MAX.digits())],
            ),
            Self::SecretEmpty { index } => Report::new("empty_secret")
                .count("index", *index)
                .say("the secret at index {index} is empty: anybody could sign with it"),
            Self::SecretMalformed { index, reason } => {
                let reason = reason.report();
                Report::new("bad_secret").count("index", *index).fact("reason", reason.code).say_with(
                    "the secret at index {index} cannot be decoded: {reason}",
                    &[("reason", &reason.message)],
                )
            }
            Self::OptionMissing { option } => Report::new("missing_option")
                .fact("option", option)
                .say("this scheme needs the option `{option}` beside the secret"),
            #[cfg(feature = "webhooks-full")]
            Self::KeyMalformed { reason } => {
                let reason = reason.report();
                Report::new("bad_key")
                    .fact("reason", reason.code)
                    .say_with("the public key cannot be used: {reason}", &[("reason", &reason.message)])
            }
            #[cfg(feature = "webhooks-full")]
            Self::JwkMalformed => Report::new("bad_key")
                .fact("reason", "jwk")
                .say("the public key cannot be used: expected a JWK, as a JSON object"),
            #[cfg(feature = "webhooks-full")]
            Self::CertificateOfOther { expected } => Report::new("foreign_certificate")
                .fact("expected", expected)
                .say("the certificate is not the provider's: expected one for {expected}"),
            Self::SignerUnknown => Report::new("cannot_sign").say(
                "only the provider can sign by this scheme: record a delivery of its sandbox instead",
            ),
            Self::SignatureInBody => Report::new("signature_in_body").say(
                "this scheme carries its signature in the body: headers alone are no signed delivery",
            ),
            Self::UrlMissing => Report::new("missing_url").say(
                "this scheme signs the URL of the endpoint: pass `url` exactly as the provider was given it",
            ),
            Self::BodyTooLarge { found } => Report::new("body_too_large").count("found", *found).say_with(
                "the body has {found} bytes: at most {limit} are read",
                &[("limit", &super::BODY_BYTES_MAX.digits())],
            ),
            Self::HeaderTooLong { header, found } => {
                Report::new("header_too_long").fact("header", header).count("found", *found).say_with(
                    "the header `{header}` has {found} bytes: at most {limit} are read",
                    &[("limit", &super::HEADER_BYTES_MAX.digits())],
                )
            }
            Self::TooManySignatures { header, found } => {
                Report::new("too_many_signatures").fact("header", header).count("found", *found).say_with(
                    "the header `{header}` holds {found} items: at most {limit} are read, no provider sends that many",
                    &[("limit", &super::SIGNATURES_MAX.digits())],
                )
            }
            Self::HeaderMissing { header } => Report::new("missing_header")
                .fact("header", header)
                .say("the header `{header}` is missing: is this request from the provider?"),
            Self::HeaderRepeated { header } => Report::new("repeated_header")
                .fact("header", header)
                .say("the header `{header}` arrived several times: expected it once"),
            Self::HeaderMalformed { header, expected } => Report::new("malformed_header")
                .fact("header", header)
                .fact("expected", expected)
                .say("the header `{header}` is malformed: expected {expected}"),
            Self::SignatureAbsent { header } => Report::new("missing_signature")
                .fact("header", header)
                .say("the header `{header}` holds no signature of the version this scheme accepts"),
            Self::BodyMalformed { expected } => Report::new("malformed_body")
                .fact("expected", expected)
                .say("the body is not what this provider sends: expected {expected}"),
            Self::FieldMissing { field } => Report::new("missing_field")
                .fact("field", field)
                .say("the field `{field}` is missing: is this request from the provider?"),
            Self::FieldMalformed { field, expected } => Report::new("malformed_field")
                .fact("field", field)
                .fact("expected", expected)
                .say("the field `{field}` is malformed: expected {expected}"),
            #[cfg(feature = "webhooks-full")]
            Self::KeyNotValid => Report::new("key_not_valid").say(
                "the key that signed is not valid at this time: fetch the current one; check the clock of this host",
            ),
            Self::BodyEmpty => {
                Report::new("empty_body").say("the body is empty: this provider signs no empty body")
            }
            Self::SignatureMismatch { body_is_empty: false } => Report::new("signature_mismatch").say(
                "no signature matches: check that the body is the bytes as received and that the secret is that of \
                 this endpoint",
            ),
            Self::SignatureMismatch { body_is_empty: true } => Report::new("signature_mismatch").say(
                "no signature matches an empty body: check that no parser has consumed the body before",
            ),
            Self::EventsRefused { refused, events } => Report::new("events_refused")
                .fact("refused", &listed(refused))
                .count("events", *events)
                .say(
                    "of {events} events, those at {refused} (from 0) carry no signature that matches: somebody may \
                     have added them to a genuine delivery",
                ),
            Self::TooOld { age_seconds, tolerance_seconds } => Report::new("timestamp_too_old")
                .number("found", *age_seconds)
                .number("tolerance", *tolerance_seconds)
                .say("signed {found} s ago: at most {tolerance} s are accepted; check the clock of this host"),
            Self::TooNew { ahead_seconds, tolerance_seconds } => Report::new("timestamp_in_future")
                .number("found", *ahead_seconds)
                .number("tolerance", *tolerance_seconds)
                .say(
                    "signed {found} s in the future: at most {tolerance} s are accepted; \
                     check the clock of this host",
                ),
        }
    }
}

/// Numbers, separated by commas.
fn listed(numbers: &[usize]) -> String {
    let mut text = String::new();
    for (index, number) in numbers.iter().enumerate() {
        text.push_str(if index == 0 { "" } else { ", " });
        text.push_str(&number.digits());
    }
    text
}

reported!(Error);
