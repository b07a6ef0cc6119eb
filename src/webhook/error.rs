//! Why a verifier could not be made, or a delivery was refused.

use crate::advice::{Advice, Detail, Diagnose};
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
    /// The scheme never signs an empty body.
    BodyEmpty,
    /// No signature is that of this content under any of the secrets. Nothing more can be told from that alone.
    SignatureMismatch {
        /// Whether the body was empty, which mostly means that a parser has consumed it.
        body_is_empty: bool,
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
}

impl core::fmt::Display for Error {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        match self {
            Self::UnknownScheme { found } => {
                write!(f, "no scheme is called {}: schemes() lists those there are", quoted(found))
            }
            Self::SecretMissing => {
                f.write_str("no secret was given: expected the signing secret of this endpoint")
            }
            Self::TooManySecrets { found } => write!(
                f,
                "{found} secrets were given: at most {} are tried, drop those that were rotated out",
                super::SECRETS_MAX
            ),
            Self::SecretEmpty { index } => {
                write!(f, "the secret at index {index} is empty: anybody could sign with it")
            }
            Self::SecretMalformed { index, reason } => {
                write!(f, "the secret at index {index} cannot be decoded: {reason}")
            }
            Self::UrlMissing => f.write_str(
                "this scheme signs the URL of the endpoint: pass `url` exactly as the provider was given it",
            ),
            Self::BodyTooLarge { found } => {
                write!(f, "the body has {found} bytes: at most {} are read", super::BODY_BYTES_MAX)
            }
            Self::HeaderTooLong { header, found } => {
                write!(f, "the header `{header}` has {found} bytes: at most {} are read", super::HEADER_BYTES_MAX)
            }
            Self::TooManySignatures { header, found } => write!(
                f,
                "the header `{header}` holds {found} items: at most {} are read, no provider sends that many",
                super::SIGNATURES_MAX
            ),
            Self::HeaderMissing { header } => {
                write!(f, "the header `{header}` is missing: is this request from the provider?")
            }
            Self::HeaderRepeated { header } => {
                write!(f, "the header `{header}` arrived several times: expected it once")
            }
            Self::HeaderMalformed { header, expected } => {
                write!(f, "the header `{header}` is malformed: expected {expected}")
            }
            Self::SignatureAbsent { header } => {
                write!(f, "the header `{header}` holds no signature of the version this scheme accepts")
            }
            Self::BodyEmpty => f.write_str("the body is empty: this provider signs no empty body"),
            Self::SignatureMismatch { body_is_empty: false } => f.write_str(
                "no signature matches: check that the body is the bytes as received and that the secret is that of \
                 this endpoint",
            ),
            Self::SignatureMismatch { body_is_empty: true } => f.write_str(
                "no signature matches an empty body: check that no parser has consumed the body before",
            ),
            Self::TooOld { age_seconds, tolerance_seconds } => write!(
                f,
                "signed {age_seconds} s ago: at most {tolerance_seconds} s are accepted; check the clock of this host"
            ),
            Self::TooNew { ahead_seconds, tolerance_seconds } => write!(
                f,
                "signed {ahead_seconds} s in the future: at most {tolerance_seconds} s are accepted; \
                 check the clock of this host"
            ),
        }
    }
}

impl core::error::Error for Error {}

impl Diagnose for Error {
    fn code(&self) -> &'static str {
        match self {
            Self::UnknownScheme { .. } => "unknown_scheme",
            Self::SecretMissing => "missing_secret",
            Self::TooManySecrets { .. } => "too_many_secrets",
            Self::SecretEmpty { .. } => "empty_secret",
            Self::SecretMalformed { .. } => "bad_secret",
            Self::UrlMissing => "missing_url",
            Self::BodyTooLarge { .. } => "body_too_large",
            Self::HeaderTooLong { .. } => "header_too_long",
            Self::TooManySignatures { .. } => "too_many_signatures",
            Self::HeaderMissing { .. } => "missing_header",
            Self::HeaderRepeated { .. } => "repeated_header",
            Self::HeaderMalformed { .. } => "malformed_header",
            Self::SignatureAbsent { .. } => "missing_signature",
            Self::BodyEmpty => "empty_body",
            Self::SignatureMismatch { .. } => "signature_mismatch",
            Self::TooOld { .. } => "timestamp_too_old",
            Self::TooNew { .. } => "timestamp_in_future",
        }
    }

    fn advice(&self) -> Advice {
        Advice::FixCall
    }

    fn details(&self) -> Vec<Detail> {
        match self {
            Self::UnknownScheme { found } => vec![("found", found.clone())],
            Self::TooManySecrets { found } | Self::BodyTooLarge { found } => {
                vec![("found", found.to_string())]
            }
            Self::SecretEmpty { index } => vec![("index", index.to_string())],
            Self::SecretMalformed { index, reason } => {
                vec![("index", index.to_string()), ("reason", reason.code().to_owned())]
            }
            Self::HeaderTooLong { header, found } | Self::TooManySignatures { header, found } => {
                vec![("header", (*header).to_owned()), ("found", found.to_string())]
            }
            Self::HeaderMissing { header }
            | Self::HeaderRepeated { header }
            | Self::SignatureAbsent { header } => vec![("header", (*header).to_owned())],
            Self::HeaderMalformed { header, expected } => {
                vec![("header", (*header).to_owned()), ("expected", (*expected).to_owned())]
            }
            Self::TooOld { age_seconds: found, tolerance_seconds }
            | Self::TooNew { ahead_seconds: found, tolerance_seconds } => {
                vec![("found", found.to_string()), ("tolerance", tolerance_seconds.to_string())]
            }
            Self::SecretMissing | Self::UrlMissing | Self::BodyEmpty | Self::SignatureMismatch { .. } => {
                Vec::new()
            }
        }
    }
}
