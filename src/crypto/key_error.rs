//! Why a public key or a certificate cannot be used.

use super::Error as EncodingError;
use crate::advice::{Diagnose as _, Report, Said, reported};

/// Why a text or a document is no key that verifies webhooks. Variants stand in order of precedence.
///
/// A key here is public, yet no error repeats any of it: what was pasted by mistake may be the private one.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum KeyError {
    /// More text than any key or certificate has.
    TooLong {
        /// Bytes found.
        found: usize,
        /// Bytes allowed.
        max: usize,
    },
    /// The line breaks of the PEM are still the two characters `\n`, as some `.env` files hand them over.
    PemEscapedNewlines,
    /// Not PEM.
    Pem,
    /// A PEM document of another kind.
    PemLabel {
        /// What it is.
        found: &'static str,
        /// What is read here.
        expected: &'static str,
    },
    /// Not the encoding it should be.
    Encoding(EncodingError),
    /// No `whpk_` in front of a key of Standard Webhooks.
    WhpkPrefix,
    /// A JWK without a member, or with a value that is not allowed here.
    Jwk {
        /// The member.
        member: &'static str,
        /// What it should be.
        expected: &'static str,
    },
    /// Not the DER structure it should be.
    Der {
        /// Byte offset of what does not fit.
        offset: usize,
    },
    /// A key for an algorithm that no scheme uses.
    Algorithm {
        /// The algorithm or curve.
        found: &'static str,
    },
    /// An RSA modulus that proves too little or takes too long.
    RsaBits {
        /// Bits found.
        found: usize,
    },
    /// An RSA exponent other than 65537.
    RsaExponent,
    /// An even RSA modulus.
    RsaModulus,
    /// Not a point of P-256.
    P256Point,
    /// An Ed25519 key of another length.
    Ed25519Length {
        /// Bytes found.
        found: usize,
    },
    /// Not a point of Edwards25519, or not in its one spelling.
    Ed25519Point,
    /// An Ed25519 key under which one signature fits nearly every message.
    Ed25519SmallOrder,
}

impl KeyError {
    fn table(&self) -> Report {
        match self {
            Self::TooLong { found, max } => Report::new("key_too_long")
                .count("found", *found)
                .count("max", *max)
                .say("the key has {found} bytes of text: at most {max} are read"),
            Self::PemEscapedNewlines => Report::new("key_pem_escaped_newlines").say(
                "the PEM holds the two characters \\n where lines should end: replace them by line breaks, for example \
                 with .replaceAll(\"\\\\n\", \"\\n\")",
            ),
            Self::Pem => Report::new("key_pem").say(
                "not PEM: expected the whole text from -----BEGIN to -----END, with its line breaks",
            ),
            Self::PemLabel { found, expected } => Report::new("key_pem_label")
                .fact("found", found)
                .fact("expected", expected)
                .say("the PEM holds {found}: expected {expected}"),
            Self::Encoding(error) => {
                let cause = error.report();
                Report::from(Said { code: "key_encoding", ..cause.said() })
            }
            Self::WhpkPrefix => Report::new("key_whpk_prefix")
                .say("not a public key of Standard Webhooks: expected whpk_ and base64 of 32 bytes"),
            Self::Jwk { member, expected } => Report::new("key_jwk")
                .fact("member", member)
                .fact("expected", expected)
                .say("the JWK has no usable member {member}: expected {expected}"),
            Self::Der { offset } => Report::new("key_der")
                .count("offset", *offset)
                .say("the key is damaged at byte {offset} of its DER: copy it again from the provider"),
            Self::Algorithm { found } => Report::new("key_algorithm")
                .fact("found", found)
                .say("the key is for {found}: expected RSA, ECDSA on P-256 or Ed25519"),
            Self::RsaBits { found } => Report::new("key_rsa_bits")
                .count("found", *found)
                .say("the RSA key has {found} bits: expected 2048 to 4096"),
            Self::RsaExponent => Report::new("key_rsa_exponent").say(
                "the RSA key has an unusual public exponent: expected 65537, which every provider's key has",
            ),
            Self::RsaModulus => Report::new("key_rsa_modulus")
                .say("the modulus of the RSA key is even, so it is none: copy it again from the provider"),
            Self::P256Point => Report::new("key_p256_point")
                .say("the key is no point of the curve P-256: copy it again from the provider"),
            Self::Ed25519Length { found } => Report::new("key_ed25519_length")
                .count("found", *found)
                .say("the Ed25519 key has {found} bytes: expected 32"),
            Self::Ed25519Point => Report::new("key_ed25519_point")
                .say("the key is no point of Ed25519 in its one spelling: copy it again from the provider"),
            Self::Ed25519SmallOrder => Report::new("key_ed25519_small_order").say(
                "the Ed25519 key has a small order, so anybody could sign with it: expected the provider's own key",
            ),
        }
    }
}

reported!(KeyError);

impl From<EncodingError> for KeyError {
    fn from(error: EncodingError) -> Self {
        Self::Encoding(error)
    }
}

impl From<der::Error> for KeyError {
    fn from(error: der::Error) -> Self {
        let offset = error.position().and_then(|position| usize::try_from(u32::from(position)).ok());
        Self::Der { offset: offset.unwrap_or_default() }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::prelude::*;

    #[test]
    fn every_error_says_what_was_found_what_is_expected_and_what_to_do() {
        let all = [
            KeyError::TooLong { found: 20_000, max: 16_384 },
            KeyError::PemEscapedNewlines,
            KeyError::Pem,
            KeyError::PemLabel { found: "a private key", expected: "a public key" },
            KeyError::Encoding(EncodingError::Base64Length { found: 3 }),
            KeyError::WhpkPrefix,
            KeyError::Jwk { member: "crv", expected: "\"P-256\"" },
            KeyError::Der { offset: 7 },
            KeyError::Algorithm { found: "ECDSA on P-384" },
            KeyError::RsaBits { found: 1024 },
            KeyError::RsaExponent,
            KeyError::RsaModulus,
            KeyError::P256Point,
            KeyError::Ed25519Length { found: 31 },
            KeyError::Ed25519Point,
            KeyError::Ed25519SmallOrder,
        ];
        let lines: Vec<String> =
            all.iter().map(|error| format!("{}: {error}", error.report().code)).collect();
        insta::assert_snapshot!(lines.join("\n"), @r#"
        key_too_long: the key has 20000 bytes of text: at most 16384 are read
        key_pem_escaped_newlines: the PEM holds the two characters \n where lines should end: replace them by line breaks, for example with .replaceAll("\\n", "\n")
        key_pem: not PEM: expected the whole text from -----BEGIN to -----END, with its line breaks
        key_pem_label: the PEM holds a private key: expected a public key
        key_encoding: 3 characters of base64: expected a multiple of four, padded with `=`
        key_whpk_prefix: not a public key of Standard Webhooks: expected whpk_ and base64 of 32 bytes
        key_jwk: the JWK has no usable member crv: expected "P-256"
        key_der: the key is damaged at byte 7 of its DER: copy it again from the provider
        key_algorithm: the key is for ECDSA on P-384: expected RSA, ECDSA on P-256 or Ed25519
        key_rsa_bits: the RSA key has 1024 bits: expected 2048 to 4096
        key_rsa_exponent: the RSA key has an unusual public exponent: expected 65537, which every provider's key has
        key_rsa_modulus: the modulus of the RSA key is even, so it is none: copy it again from the provider
        key_p256_point: the key is no point of the curve P-256: copy it again from the provider
        key_ed25519_length: the Ed25519 key has 31 bytes: expected 32
        key_ed25519_point: the key is no point of Ed25519 in its one spelling: copy it again from the provider
        key_ed25519_small_order: the Ed25519 key has a small order, so anybody could sign with it: expected the provider's own key
        "#);
    }
}
