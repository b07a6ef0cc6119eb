//! From the text a dashboard shows to what proves that it was known.

use super::{Error, KeyForm, Options, Part, Primitive, SECRETS_MAX, Scheme, SignatureForm};
use crate::crypto::{
    Hash, HashAlgorithm, HashValue, Hasher, HexCase, MacKey, Secret, Tag, decode_base64, decode_hex,
    encode_base64, encode_hex, equal, is_base64_of, is_hex_of, sha1_of_secret,
};
use crate::prelude::*;

#[cfg(feature = "webhooks-full")]
use super::public::{self, Public};

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
    #[cfg(feature = "webhooks-full")]
    Public(Box<Public>),
}

impl Key {
    /// The keys of a verifier.
    ///
    /// # Errors
    ///
    /// In this order: [`Error::OptionMissing`] for a public key or a certificate, [`Error::SecretMissing`],
    /// [`Error::TooManySecrets`], and for the first secret or key that is not usable [`Error::SecretMalformed`],
    /// [`Error::SecretEmpty`], or what is wrong with the key.
    pub(super) fn all(scheme: &Scheme, options: &Options<'_>) -> Result<Vec<Self>, Error> {
        #[cfg(feature = "webhooks-full")]
        if let Some((option, given)) = public::option(scheme.key, options) {
            let given = given.filter(|text| !text.trim_ascii().is_empty());
            let blank = options.secrets.iter().all(|text| text.trim_ascii().is_empty());
            return match given {
                Some(pem) if scheme.key == KeyForm::Certificate => {
                    let certificate = Public::new(scheme.key, pem)?;
                    several(options.secrets, |index, text| Self::certified(index, text, &certificate))
                }
                Some(text) => Ok(vec![Self::new(scheme, 0, text)?]),
                None if blank || scheme.key == KeyForm::Certificate => Err(Error::OptionMissing { option }),
                // Whoever has several keys passes them as secrets.
                None => several(options.secrets, |index, text| Self::new(scheme, index, text)),
            };
        }
        several(options.secrets, |index, text| Self::new(scheme, index, text))
    }

    /// What is signed beside a certificate.
    #[cfg(feature = "webhooks-full")]
    fn certified(index: usize, text: &str, certificate: &Public) -> Result<Self, Error> {
        let text = text.trim_ascii().as_bytes().to_vec();
        if text.is_empty() {
            return Err(Error::SecretEmpty { index });
        }
        Ok(Self { proof: Proof::Public(Box::new(certificate.clone())), text: Secret::new(text) })
    }

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
            // Of these the text is looked at below.
            #[cfg(feature = "webhooks-full")]
            _ => text.as_bytes().to_vec(),
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
            #[cfg(feature = "webhooks-full")]
            Primitive::PublicKey | Primitive::Jws => Proof::Public(Box::new(Public::new(scheme.key, text)?)),
        };
        Ok(Self { proof, text: Secret::new(kept.as_bytes().to_vec()) })
    }

    /// The text of the secret, where the message contains it.
    pub(super) fn text(&self) -> &[u8] {
        self.text.expose()
    }

    /// The hash under the MAC, if it is one.
    pub(super) fn hash(&self) -> Option<HashAlgorithm> {
        self.mac().map(MacKey::hash)
    }

    /// What the inner hash of the MAC begins with.
    pub(super) fn inner_block(&self) -> &[u8] {
        self.mac().map_or(&[], MacKey::inner_block)
    }

    /// What the signature of a message with this inner hash must be.
    pub(super) fn close(&self, inner: &HashValue) -> Option<Tag> {
        self.mac().map(|key| key.close(inner))
    }

    fn mac(&self) -> Option<&MacKey> {
        match &self.proof {
            Proof::Mac(key) => Some(key),
            _ => None,
        }
    }

    /// The public key, if it is one.
    #[cfg(feature = "webhooks-full")]
    pub(super) fn public(&self) -> Option<&Public> {
        match &self.proof {
            Proof::Public(public) => Some(public),
            _ => None,
        }
    }

    /// Whether who knows it can sign.
    pub(super) const fn signs(&self) -> bool {
        match &self.proof {
            Proof::Mac(_) | Proof::Digest(_) | Proof::Token(_) => true,
            #[cfg(feature = "webhooks-full")]
            Proof::Public(_) => false,
        }
    }

    /// Whether one of the signatures is of this message. All are looked at.
    pub(super) fn holds(&self, form: SignatureForm, pieces: &[&[u8]], signatures: &[&str]) -> bool {
        #[cfg(feature = "webhooks-full")]
        if let Some(public) = self.public() {
            return signatures.iter().any(|signature| public.holds(form, pieces, signature));
        }
        let tag = self.tag(pieces);
        signatures.iter().fold(false, |holds, signature| holds | form.matches(tag.expose(), signature))
    }

    /// What the signature of a message must be; nothing where only its provider can make it.
    pub(super) fn tag(&self, pieces: &[&[u8]]) -> Secret {
        Secret::new(match &self.proof {
            Proof::Mac(key) => {
                let mut inner = Hasher::new(key.hash());
                inner.update(key.inner_block());
                for piece in pieces {
                    inner.update(piece);
                }
                key.close(&inner.finish()).as_bytes().to_vec()
            }
            Proof::Digest(hash) => hash.digest(pieces),
            Proof::Token(token) => token.expose().to_vec(),
            #[cfg(feature = "webhooks-full")]
            Proof::Public(_) => Vec::new(),
        })
    }
}

/// One key for each secret.
fn several(secrets: &[&str], key: impl Fn(usize, &str) -> Result<Key, Error>) -> Result<Vec<Key>, Error> {
    if secrets.is_empty() {
        return Err(Error::SecretMissing);
    }
    if secrets.len() > SECRETS_MAX {
        return Err(Error::TooManySecrets { found: secrets.len() });
    }
    let mut keys = Vec::with_capacity(secrets.len());
    for (index, text) in secrets.iter().enumerate() {
        keys.push(key(index, text)?);
    }
    Ok(keys)
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
        let signature = signature.as_bytes();
        match self {
            Self::HexUpper | Self::HexAnyCase => is_hex_of(signature, tag, HexCase::Any),
            Self::HexLower => is_hex_of(signature, tag, HexCase::Lower),
            Self::Base64 => is_base64_of(signature, tag),
            Self::Text => equal(signature, tag),
            // Both are looked at in any case.
            Self::Base64OrHex => is_base64_of(signature, tag) | is_hex_of(signature, tag, HexCase::Lower),
            Self::Base64OrBase64OfHex => {
                is_base64_of(signature, tag) | is_base64_of(signature, encode_hex(tag).as_bytes())
            }
        }
    }
}
