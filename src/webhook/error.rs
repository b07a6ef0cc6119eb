//! Why a verifier could not be made, or a delivery was refused.

#[cfg(feature = "webhooks-full")]
use crate::advice::Diagnose as _;
use crate::advice::{Report, reported};
use crate::crypto;
#[cfg(feature = "webhooks-full")]
use crate::crypto::KeyError;
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
        /// A scheme of the same provider, as far as the names tell.
        near: Option<&'static str>,
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
        reason: Box<KeyError>,
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

/// An error on its way out: one pointer, because it is handed on from function to function.
#[derive(Debug)]
pub(crate) struct Refusal(Box<Error>);

impl From<Error> for Refusal {
    #[inline(never)]
    fn from(error: Error) -> Self {
        Self(Box::new(error))
    }
}

/// One function for each kind of refusal that is made in many places: made in each of them it weighs three times as much.
impl Refusal {
    #[inline(never)]
    pub(super) fn header(header: &'static str, expected: &'static str) -> Self {
        Error::HeaderMalformed { header, expected }.into()
    }

    #[inline(never)]
    pub(super) fn field(field: &'static str, expected: &'static str) -> Self {
        Error::FieldMalformed { field, expected }.into()
    }

    #[inline(never)]
    pub(super) fn no_field(field: &'static str) -> Self {
        Error::FieldMissing { field }.into()
    }

    #[inline(never)]
    pub(super) fn body(expected: &'static str) -> Self {
        Error::BodyMalformed { expected }.into()
    }

    #[inline(never)]
    pub(super) fn mismatch(body: &[u8]) -> Self {
        Error::SignatureMismatch { body_is_empty: body.is_empty() }.into()
    }
}

impl From<Refusal> for Error {
    fn from(refusal: Refusal) -> Self {
        *refusal.0
    }
}

/// What the sentence about an error says in braces, in the order in which it stands there.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Fact<'e> {
    /// A text of the caller's.
    Given(&'e str),
    /// A text of the catalogue: the name of a header, what was expected.
    Known(&'static str),
    /// A number.
    Number(u64),
    /// Places in a list, from 0.
    Places(&'e [usize]),
    /// Why a secret could not be decoded: a line of [`crypto::Error::LINES`] and the number in it.
    Reason(usize, u64),
    /// Why a public key cannot be used.
    #[cfg(feature = "webhooks-full")]
    Key(&'e KeyError),
}

/// Most facts of one sentence.
const FACTS_MAX: usize = 3;

impl Error {
    /// The stable code of each error and the sentence about it. An error is told by the number of its line
    /// ([`Error::told`]), so that a border can carry numbers and leave the sentences to whoever shows them.
    pub const LINES: &'static [(&'static str, &'static str)] = &[
        ("unknown_scheme", "no scheme is called {found}: schemes() lists those there are"),
        ("missing_secret", "no secret was given: expected the signing secret of this endpoint"),
        (
            "too_many_secrets",
            "{found} secrets were given: at most {limit} are tried, drop those that were rotated out",
        ),
        ("empty_secret", "the secret at index {index} is empty: anybody could sign with it"),
        ("bad_secret", "the secret at index {index} cannot be decoded: {reason}"),
        ("missing_option", "this scheme needs the option `{option}` beside the secret"),
        ("bad_key", "the public key cannot be used: {reason}"),
        ("bad_key", "the public key cannot be used: expected a JWK, as a JSON object"),
        ("foreign_certificate", "the certificate is not the provider's: expected one for {expected}"),
        (
            "cannot_sign",
            "only the provider can sign by this scheme: record a delivery of its sandbox instead",
        ),
        (
            "signature_in_body",
            "this scheme carries its signature in the body: headers alone are no signed delivery",
        ),
        (
            "missing_url",
            "this scheme signs the URL of the endpoint: pass `url` exactly as the provider was given it",
        ),
        ("body_too_large", "the body has {found} bytes: at most {limit} are read"),
        ("header_too_long", "the header `{header}` has {found} bytes: at most {limit} are read"),
        (
            "too_many_signatures",
            "the header `{header}` holds {found} items: at most {limit} are read, no provider sends that many",
        ),
        ("missing_header", "the header `{header}` is missing: is this request from the provider?"),
        (
            "repeated_header",
            "the header `{header}` came as a list of values, or several times: expected it once, as one text",
        ),
        ("malformed_header", "the header `{header}` is malformed: expected {expected}"),
        ("missing_signature", "the header `{header}` holds no signature of the version this scheme accepts"),
        ("malformed_body", "the body is not what this provider sends: expected {expected}"),
        ("missing_field", "the field `{field}` is missing: is this request from the provider?"),
        ("malformed_field", "the field `{field}` is malformed: expected {expected}"),
        (
            "key_not_valid",
            "the key that signed is not valid at this time: fetch the current one; check the clock of this host",
        ),
        ("empty_body", "the body is empty: this provider signs no empty body"),
        (
            "signature_mismatch",
            "no signature matches: check that the body is the bytes as received and that the secret is that of \
             this endpoint",
        ),
        (
            "signature_mismatch",
            "no signature matches an empty body: check that no parser has consumed the body before",
        ),
        (
            "events_refused",
            "of {events} events, those at {refused} (from 0) carry no signature that matches: somebody may have \
             added them to a genuine delivery",
        ),
        (
            "timestamp_too_old",
            "signed {found} s ago: at most {tolerance} s are accepted; check the clock of this host",
        ),
        (
            "timestamp_in_future",
            "signed {found} s in the future: at most {tolerance} s are accepted; check the clock of this host",
        ),
        // At the end, since the numbers of the others are their order of precedence.
        (
            "unknown_scheme",
            "no scheme is called {found}: did you mean {near}? schemes() lists those there are",
        ),
    ];

    pub(super) fn unknown_scheme(found: &str, near: Option<&'static str>) -> Self {
        const SHOWN_MAX: usize = 40;
        let shown = found.get(..found.floor_char_boundary(SHOWN_MAX)).unwrap_or_default();
        Self::UnknownScheme { found: shown.to_owned(), near }
    }

    /// The line of [`Error::LINES`], and what stands in its braces.
    #[must_use]
    pub fn told(&self) -> (usize, [Option<Fact<'_>>; FACTS_MAX]) {
        (self.line(), self.facts())
    }

    const fn line(&self) -> usize {
        match self {
            Self::UnknownScheme { near: None, .. } => 0,
            Self::UnknownScheme { near: Some(_), .. } => 29,
            Self::SecretMissing => 1,
            Self::TooManySecrets { .. } => 2,
            Self::SecretEmpty { .. } => 3,
            Self::SecretMalformed { .. } => 4,
            Self::OptionMissing { .. } => 5,
            #[cfg(feature = "webhooks-full")]
            Self::KeyMalformed { .. } => 6,
            #[cfg(feature = "webhooks-full")]
            Self::JwkMalformed => 7,
            #[cfg(feature = "webhooks-full")]
            Self::CertificateOfOther { .. } => 8,
            Self::SignerUnknown => 9,
            Self::SignatureInBody => 10,
            Self::UrlMissing => 11,
            Self::BodyTooLarge { .. } => 12,
            Self::HeaderTooLong { .. } => 13,
            Self::TooManySignatures { .. } => 14,
            Self::HeaderMissing { .. } => 15,
            Self::HeaderRepeated { .. } => 16,
            Self::HeaderMalformed { .. } => 17,
            Self::SignatureAbsent { .. } => 18,
            Self::BodyMalformed { .. } => 19,
            Self::FieldMissing { .. } => 20,
            Self::FieldMalformed { .. } => 21,
            #[cfg(feature = "webhooks-full")]
            Self::KeyNotValid => 22,
            Self::BodyEmpty => 23,
            Self::SignatureMismatch { body_is_empty: false } => 24,
            Self::SignatureMismatch { body_is_empty: true } => 25,
            Self::EventsRefused { .. } => 26,
            Self::TooOld { .. } => 27,
            Self::TooNew { .. } => 28,
        }
    }

    /// One arm for each kind of facts: with one for each error, it would weigh four times as much.
    fn facts(&self) -> [Option<Fact<'_>>; FACTS_MAX] {
        use Fact::{Given, Known, Number, Places, Reason};
        let number = |number: usize| Some(Number(u64::try_from(number).unwrap_or(u64::MAX)));
        match self {
            Self::UnknownScheme { found, near } => [Some(Given(found)), near.map(Known), None],
            Self::TooManySecrets { found } => [number(*found), number(super::SECRETS_MAX), None],
            Self::SecretEmpty { index } => [number(*index), None, None],
            Self::SecretMalformed { index, reason } => {
                let (line, at) = reason.told();
                [number(*index), Some(Reason(line, at)), None]
            }
            #[cfg(feature = "webhooks-full")]
            Self::KeyMalformed { reason } => [Some(Fact::Key(reason)), None, None],
            #[cfg(feature = "webhooks-full")]
            Self::CertificateOfOther { expected } => [Some(Known(expected)), None, None],
            Self::BodyTooLarge { found } => [number(*found), number(super::BODY_BYTES_MAX), None],
            Self::HeaderTooLong { header, found } => {
                [Some(Known(header)), number(*found), number(super::HEADER_BYTES_MAX)]
            }
            Self::TooManySignatures { header, found } => {
                [Some(Known(header)), number(*found), number(super::SIGNATURES_MAX)]
            }
            Self::OptionMissing { option: text }
            | Self::HeaderMissing { header: text }
            | Self::HeaderRepeated { header: text }
            | Self::SignatureAbsent { header: text }
            | Self::BodyMalformed { expected: text }
            | Self::FieldMissing { field: text } => [Some(Known(text)), None, None],
            Self::HeaderMalformed { header: text, expected }
            | Self::FieldMalformed { field: text, expected } => {
                [Some(Known(text)), Some(Known(expected)), None]
            }
            Self::EventsRefused { refused, events } => [number(*events), Some(Places(refused)), None],
            Self::TooOld { age_seconds: off, tolerance_seconds }
            | Self::TooNew { ahead_seconds: off, tolerance_seconds } => {
                [Some(Number(*off)), Some(Number(*tolerance_seconds)), None]
            }
            _ => [None, None, None],
        }
    }

    fn table(&self) -> Report {
        let (line, facts) = self.told();
        let (code, sentence) = Self::LINES.get(line).copied().unwrap_or_default();
        let names =
            sentence.split('{').skip(1).filter_map(|piece| piece.split_once('}')).map(|(name, _)| name);
        let mut report = Report::new(code);
        let mut asides = Vec::new();
        for (name, fact) in names.zip(facts.into_iter().flatten()) {
            match fact {
                // A limit is the same in every error, so it is said and not reported.
                Fact::Number(number) if name == "limit" => asides.push((name, number.digits())),
                Fact::Number(number) => report = report.number(name, number),
                Fact::Known(text) => report = report.fact(name, text),
                Fact::Places(places) => report = report.fact(name, &listed(places)),
                Fact::Given(text) => {
                    report = report.fact(name, text);
                    asides.push((name, quoted(text)));
                }
                Fact::Reason(line, at) => {
                    let reason = crypto::Error::report_of(line, at);
                    report = report.fact(name, reason.code);
                    asides.push((name, reason.said().message));
                }
                #[cfg(feature = "webhooks-full")]
                Fact::Key(reason) => {
                    let reason = reason.report();
                    report = report.fact(name, reason.code);
                    asides.push((name, reason.said().message));
                }
            }
        }
        let asides: Vec<(&str, &str)> = asides.iter().map(|(name, text)| (*name, text.as_str())).collect();
        report.say_with(sentence, &asides)
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
