//! Why a text is no JWS that can be verified.

use crate::advice::{Report, reported};

/// Why a compact JWS was refused before its signature was looked at. Variants stand in order of precedence.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum JwsError {
    /// More text than a signed digest needs.
    TooLong {
        /// Bytes found.
        found: usize,
    },
    /// Not three parts with dots between.
    Form,
    /// A part that is not base64url without padding.
    Encoding {
        /// Which one.
        part: &'static str,
    },
    /// A header that is not a JSON object with a text `alg`, and a text `kid` if any.
    Header,
    /// Another algorithm than the scheme has.
    Algorithm {
        /// Its registered name, where it has one.
        found: &'static str,
    },
    /// A header that asks for an extension.
    Critical,
    /// Not the 64 bytes that a signature of ES256 has.
    SignatureLength {
        /// Bytes found.
        found: usize,
    },
}

impl JwsError {
    fn table(self) -> Report {
        match self {
            Self::TooLong { found } => Report::new("jws_too_long")
                .count("found", found)
                .say("the JWS has {found} bytes: at most 8192 are read"),
            Self::Form => {
                Report::new("jws_form").say("not a compact JWS: expected header.payload.signature")
            }
            Self::Encoding { part } => Report::new("jws_encoding")
                .fact("part", part)
                .say("the {part} of the JWS is not base64url: expected A-Z a-z 0-9 - _ and no padding"),
            Self::Header => Report::new("jws_header")
                .say("the header of the JWS cannot be read: expected a JSON object with texts alg and kid"),
            Self::Algorithm { found } => Report::new("jws_algorithm").fact("found", found).say(
                "the JWS says it is signed with {found}: expected ES256, which is the only one this scheme has",
            ),
            Self::Critical => Report::new("jws_critical")
                .say("the JWS asks for an extension (crit): expected none, since none is signed by this scheme"),
            Self::SignatureLength { found } => Report::new("jws_signature_length")
                .count("found", found)
                .say("the signature of the JWS has {found} bytes: expected 64"),
        }
    }
}

reported!(JwsError);

#[cfg(test)]
mod tests {
    use super::*;
    use crate::advice::Diagnose as _;
    use crate::prelude::*;

    #[test]
    fn every_error_says_what_was_found_and_what_is_expected() {
        let all = [
            JwsError::TooLong { found: 9000 },
            JwsError::Form,
            JwsError::Encoding { part: "payload" },
            JwsError::Header,
            JwsError::Algorithm { found: "none" },
            JwsError::Critical,
            JwsError::SignatureLength { found: 63 },
        ];
        let lines: Vec<String> =
            all.iter().map(|error| format!("{}: {error}", error.report().code)).collect();
        insta::assert_snapshot!(lines.join("\n"), @r#"
        jws_too_long: the JWS has 9000 bytes: at most 8192 are read
        jws_form: not a compact JWS: expected header.payload.signature
        jws_encoding: the payload of the JWS is not base64url: expected A-Z a-z 0-9 - _ and no padding
        jws_header: the header of the JWS cannot be read: expected a JSON object with texts alg and kid
        jws_algorithm: the JWS says it is signed with none: expected ES256, which is the only one this scheme has
        jws_critical: the JWS asks for an extension (crit): expected none, since none is signed by this scheme
        jws_signature_length: the signature of the JWS has 63 bytes: expected 64
        "#);
    }
}
