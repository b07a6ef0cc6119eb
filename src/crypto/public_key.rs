//! Whoever holds a [`PublicKey`] can verify and nothing else, and every key of the type is fit to verify with.
//!
//! All rules about a key (its size, its order, whether it is a point of its curve) are checked when it is made, so that
//! [`PublicKey::verify`] has one answer left to give.
//!
//! Not here: whose key it is. That a key belongs to a provider is what its certificate or the provider's page says, and
//! the caller's to ensure.

use super::der::{first_pem, subject_public_key_info};
use super::ed25519::Ed25519Key;
use super::p256::P256Key;
use super::rsa::RsaKey;
use super::{Certificate, EcdsaForm, KeyError, decode_base64, decode_base64url};
use crate::json::Value;

/// A key of one of the three kinds that providers sign webhooks with.
#[derive(Clone, Debug)]
pub enum PublicKey {
    /// Ed25519: 64 bytes of signature.
    Ed25519(Ed25519Key),
    /// ECDSA on P-256 over SHA-256, in one of two forms of signature.
    P256(P256Key),
    /// RSASSA-PKCS1-v1_5 over SHA-256: as many bytes of signature as the modulus has.
    Rsa(RsaKey),
}

impl PublicKey {
    /// The key of a PEM text: `PUBLIC KEY` (SPKI), `RSA PUBLIC KEY` (PKCS#1) or `CERTIFICATE`, of which the first counts.
    ///
    /// ECDSA signatures are expected in DER; see [`PublicKey::with_ecdsa_form`].
    ///
    /// # Errors
    ///
    /// Those of [`KeyError`] about PEM, DER and the key itself.
    pub fn from_pem(text: &str) -> Result<Self, KeyError> {
        let (label, document) = first_pem(text)?;
        match label.as_str() {
            "PUBLIC KEY" => Self::from_spki(&document),
            "RSA PUBLIC KEY" => super::der::pkcs1(&document),
            "CERTIFICATE" => Certificate::from_der(&document).map(|certificate| certificate.key),
            other => {
                Err(KeyError::PemLabel { found: kind_of(other), expected: "a public key or a certificate" })
            }
        }
    }

    /// The key of a `SubjectPublicKeyInfo` in DER (RFC 5280 section 4.1).
    ///
    /// # Errors
    ///
    /// [`KeyError::Der`], [`KeyError::Algorithm`], and those about the key itself.
    pub fn from_spki(document: &[u8]) -> Result<Self, KeyError> {
        subject_public_key_info(document)
    }

    /// The key of a `SubjectPublicKeyInfo` in base64 on one line, as the consoles of SendGrid and others show it.
    ///
    /// # Errors
    ///
    /// [`KeyError::TooLong`], [`KeyError::Encoding`], and those of [`PublicKey::from_spki`].
    pub fn from_spki_base64(text: &str) -> Result<Self, KeyError> {
        limited(text)?;
        Self::from_spki(&decode_base64(text)?)
    }

    /// The Ed25519 key of these 32 bytes.
    ///
    /// # Errors
    ///
    /// [`KeyError::Ed25519Length`], [`KeyError::Ed25519Point`], [`KeyError::Ed25519SmallOrder`].
    pub fn from_ed25519(bytes: &[u8]) -> Result<Self, KeyError> {
        Ed25519Key::new(bytes).map(Self::Ed25519)
    }

    /// The Ed25519 key of Standard Webhooks: `whpk_` and base64 of 32 bytes.
    ///
    /// # Errors
    ///
    /// [`KeyError::TooLong`], [`KeyError::Encoding`], [`KeyError::WhpkPrefix`], and those of [`PublicKey::from_ed25519`].
    pub fn from_whpk(text: &str) -> Result<Self, KeyError> {
        limited(text)?;
        let digits = text.strip_prefix("whpk_").ok_or(KeyError::WhpkPrefix)?;
        Self::from_ed25519(&decode_base64(digits)?)
    }

    /// The key of a JWK (RFC 7517) of type EC on P-256, whose signatures come in the form of JOSE.
    ///
    /// `use` and `alg` may be absent; where they stand they must say `sig` and `ES256`. Other members are not read.
    ///
    /// # Errors
    ///
    /// [`KeyError::Jwk`], [`KeyError::P256Point`].
    pub fn from_jwk(jwk: &Value<'_>) -> Result<Self, KeyError> {
        required(jwk, "kty", "\"EC\"", "EC")?;
        required(jwk, "crv", "\"P-256\"", "P-256")?;
        if jwk.get("use").is_some() {
            required(jwk, "use", "\"sig\", or no such member", "sig")?;
        }
        if jwk.get("alg").is_some() {
            required(jwk, "alg", "\"ES256\", or no such member", "ES256")?;
        }
        if jwk.get("d").is_some() {
            return Err(KeyError::Jwk { member: "d", expected: "a public key, and this is the private one" });
        }
        // 4: both coordinates follow.
        let mut point = vec![4];
        for member in ["x", "y"] {
            let expected = "base64url of 32 bytes";
            let text = jwk.get(member).and_then(Value::as_str).ok_or(KeyError::Jwk { member, expected })?;
            let coordinate = decode_base64url(text).filter(|bytes| bytes.len() == 32);
            point.extend_from_slice(&coordinate.ok_or(KeyError::Jwk { member, expected })?);
        }
        P256Key::new(&point, EcdsaForm::Fixed).map(Self::P256)
    }

    /// The same key for ECDSA signatures of another form; other keys know one form only and stay as they are.
    #[must_use]
    pub fn with_ecdsa_form(self, form: EcdsaForm) -> Self {
        match self {
            Self::P256(key) => Self::P256(key.with_form(form)),
            Self::Ed25519(_) | Self::Rsa(_) => self,
        }
    }

    /// What the key is for, as messages name it.
    #[must_use]
    pub const fn algorithm(&self) -> &'static str {
        match self {
            Self::Ed25519(_) => "Ed25519",
            Self::P256(_) => "ECDSA on P-256",
            Self::Rsa(_) => "RSA",
        }
    }

    /// Whether `signature` is one of the message, which comes in parts that are not separated.
    ///
    /// Never fails: bytes that are no signature at all are no signature of the message.
    #[must_use]
    pub fn verify(&self, message: &[&[u8]], signature: &[u8]) -> bool {
        match self {
            Self::Ed25519(key) => key.verify(message, signature),
            Self::P256(key) => key.verify(message, signature),
            Self::Rsa(key) => key.verify(message, signature),
        }
    }
}

/// Longest text read as a key, in bytes: a chain of four certificates for 4096 bits. The rest is no key.
pub(super) const TEXT_MAX: usize = 16 << 10;

/// Refuses a text before any work is done on it.
pub(super) fn limited(text: &str) -> Result<&str, KeyError> {
    if text.len() > TEXT_MAX { Err(KeyError::TooLong { found: text.len(), max: TEXT_MAX }) } else { Ok(text) }
}

/// What a PEM label announces, for people. The label itself could be anything.
pub(super) fn kind_of(label: &str) -> &'static str {
    match label {
        "CERTIFICATE" => "a certificate",
        "PUBLIC KEY" | "RSA PUBLIC KEY" => "a public key",
        "CERTIFICATE REQUEST" | "NEW CERTIFICATE REQUEST" => "a request for a certificate",
        _ if label.ends_with("PRIVATE KEY") => "a private key, which only the sender should have",
        _ => "something else",
    }
}

fn required(
    jwk: &Value<'_>,
    member: &'static str,
    expected: &'static str,
    value: &str,
) -> Result<(), KeyError> {
    let found = jwk.get(member).and_then(Value::as_str);
    if found == Some(value) { Ok(()) } else { Err(KeyError::Jwk { member, expected }) }
}
