//! From the text a dashboard shows to what proves that it was known.

use super::{Error, KeyForm, Part, Primitive, Scheme, SignatureForm};
use crate::crypto::{
    Hash, HashAlgorithm, HashValue, HexCase, MacKey, Secret, Tag, decode_base64, decode_hex, encode_base64,
    encode_hex, equal, is_base64_of, is_hex_of, sha1_of_secret,
};
use crate::prelude::*;

/// One secret, ready to check signatures.
#[derive(Clone, Debug)]
pub(super) struct Key {
    proof: Proof,
    /// The text of the secret, where the message contains it; empty otherwise.
    text: Secret,
}

#[derive(Clone, Debug)]
#[expect(clippy::large_enum_variant, reason = "nearly all are of the large variant, and there are few")]
enum Proof {
    Mac(MacKey),
    Digest(Hash),
    Token(Secret),
}

impl Key {
    /// The key of the secret at `index` of a list.
    ///
    /// White space around a secret comes from copying and is taken away: no provider issues a secret that has any.
    ///
    /// # Errors
    ///
    /// [`Error::SecretMalformed`], [`Error::SecretEmpty`].
    pub(super) fn new(scheme: &Scheme, index: usize, text: &str) -> Result<Self, Error> {
        let text = text.trim_ascii();
        let malformed = |reason| Error::SecretMalformed { index, reason };
        let bytes = match scheme.key {
            KeyForm::Text | KeyForm::Sha1 => text.as_bytes().to_vec(),
            KeyForm::Base64(prefixes) => {
                let bare = prefixes.iter().find_map(|prefix| text.strip_prefix(prefix)).unwrap_or(text);
                decode_base64(bare).map_err(malformed)?
            }
            KeyForm::Hex => decode_hex(text, HexCase::Any).map_err(malformed)?,
        };
        let secret = Secret::new(bytes);
        if secret.is_empty() {
            return Err(Error::SecretEmpty { index });
        }
        let in_message = |part: &Part| matches!(part, Part::Secret | Part::SecretReversed);
        let kept = if scheme.content.iter().any(in_message) { text } else { "" };
        let secret = if scheme.key == KeyForm::Sha1 { sha1_of_secret(&secret) } else { secret };
        let proof = match scheme.primitive {
            Primitive::Mac(algorithm) => Proof::Mac(MacKey::new(algorithm, &secret)),
            Primitive::Digest(hash) => Proof::Digest(hash),
            Primitive::Token => Proof::Token(secret),
        };
        Ok(Self { proof, text: Secret::new(kept.as_bytes().to_vec()) })
    }

    /// The text of the secret, where the message contains it.
    pub(super) fn text(&self) -> &[u8] {
        self.text.expose()
    }

    /// The hash under the MAC, if it is one.
    pub(super) fn hash(&self) -> Option<HashAlgorithm> {
        match &self.proof {
            Proof::Mac(key) => Some(key.hash()),
            Proof::Digest(_) | Proof::Token(_) => None,
        }
    }

    /// What the inner hash of the MAC begins with.
    pub(super) fn inner_block(&self) -> &[u8] {
        match &self.proof {
            Proof::Mac(key) => key.inner_block(),
            Proof::Digest(_) | Proof::Token(_) => &[],
        }
    }

    /// What the signature of a message with this inner hash must be.
    pub(super) fn close(&self, inner: &HashValue) -> Option<Tag> {
        match &self.proof {
            Proof::Mac(key) => Some(key.close(inner)),
            Proof::Digest(_) | Proof::Token(_) => None,
        }
    }

    /// What the signature of a message must be.
    pub(super) fn tag(&self, pieces: &[&[u8]]) -> Secret {
        Secret::new(match &self.proof {
            Proof::Mac(key) => {
                let mut mac = key.begin();
                for piece in pieces {
                    mac.update(piece);
                }
                mac.finish().as_bytes().to_vec()
            }
            Proof::Digest(hash) => hash.digest(pieces),
            Proof::Token(token) => token.expose().to_vec(),
        })
    }
}

impl SignatureForm {
    /// A tag as the provider writes it.
    pub(super) fn write(self, tag: &[u8]) -> String {
        match self {
            Self::HexLower | Self::HexAnyCase => encode_hex(tag),
            Self::HexUpper => encode_hex(tag).to_ascii_uppercase(),
            Self::Base64 | Self::Base64OrHex | Self::Base64OrBase64OfHex => encode_base64(tag),
            Self::Text => core::str::from_utf8(tag).unwrap_or_default().to_owned(),
        }
    }

    /// Whether a signature is this tag, in constant time.
    ///
    /// Signatures are compared as text, not decoded: that makes every other spelling of the same bytes a mismatch.
    pub(super) fn matches(self, tag: &[u8], signature: &str) -> bool {
        match self {
            Self::HexUpper | Self::HexAnyCase => is_hex_of(signature, tag, HexCase::Any),
            Self::HexLower => is_hex_of(signature, tag, HexCase::Lower),
            Self::Base64 => is_base64_of(signature, tag),
            Self::Text => equal(signature.as_bytes(), tag),
            // Both are looked at in any case.
            Self::Base64OrHex => is_base64_of(signature, tag) | is_hex_of(signature, tag, HexCase::Lower),
            Self::Base64OrBase64OfHex => {
                is_base64_of(signature, tag) | is_base64_of(signature, encode_hex(tag).as_bytes())
            }
        }
    }
}
