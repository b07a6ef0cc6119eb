//! Signatures under public keys: whoever verifies them could not have made them.

use super::{Error, KeyForm, Options, SignatureForm};
use crate::crypto::{Certificate, EcdsaForm, HexCase, PublicKey, decode_base64, decode_hex};
use crate::json;
use crate::prelude::*;
use crate::time::Timestamp;

/// A public key, and what is known of it beside.
#[derive(Clone, Debug)]
pub(super) struct Public {
    key: PublicKey,
    /// What the provider calls it.
    pub(super) id: Option<String>,
    /// From when to when it may sign.
    validity: Option<(Timestamp, Timestamp)>,
}

/// Who PayPal's certificates are issued for.
const PAYPAL_NAMES: [&str; 2] =
    ["messageverificationcerts.paypal.com", "messageverificationcerts.sandbox.paypal.com"];

/// Under which address PayPal publishes them, beside subdomains of it.
const PAYPAL_HOST: &str = "paypal.com";

/// What the key of a scheme is made of: the option of that name, and what the caller passed under it.
pub(super) const fn option<'o>(
    form: KeyForm,
    options: &Options<'o>,
) -> Option<(&'static str, Option<&'o str>)> {
    match form {
        KeyForm::Pem => Some(("public_key_pem", options.public_key_pem)),
        KeyForm::Jwk => Some(("jwk", options.jwk)),
        KeyForm::Certificate => Some(("certificate_pem", options.certificate_pem)),
        _ => None,
    }
}

impl Public {
    /// The key of a text.
    ///
    /// # Errors
    ///
    /// [`Error::KeyMalformed`], [`Error::CertificateOfOther`].
    pub(super) fn new(form: KeyForm, text: &str) -> Result<Self, Error> {
        let malformed = |reason| Error::KeyMalformed { reason: Box::new(reason) };
        let encoding = |reason| malformed(crate::crypto::KeyError::from(reason));
        let plain = |key| Self { key, id: None, validity: None };
        match form {
            KeyForm::Whpk => PublicKey::from_whpk(text).map(plain).map_err(malformed),
            KeyForm::Ed25519Hex => {
                let bytes = decode_hex(text, HexCase::Any).map_err(encoding)?;
                PublicKey::from_ed25519(&bytes).map(plain).map_err(malformed)
            }
            KeyForm::Ed25519Base64 => {
                let bytes = decode_base64(text).map_err(encoding)?;
                PublicKey::from_ed25519(&bytes).map(plain).map_err(malformed)
            }
            KeyForm::Spki => {
                let is_pem = text.starts_with("-----");
                let key = if is_pem { PublicKey::from_pem(text) } else { PublicKey::from_spki_base64(text) };
                key.map(|key| plain(key.with_ecdsa_form(EcdsaForm::Der))).map_err(malformed)
            }
            KeyForm::Jwk => {
                let document = json::parse(text.as_bytes()).map_err(|_| Error::JwkMalformed)?;
                let key = PublicKey::from_jwk(&document).map_err(malformed)?;
                let id = document.get("kid").and_then(json::Value::as_str).map(str::to_owned);
                let until = document.get("expired_at").and_then(json::Value::as_u64);
                let until = until.and_then(Timestamp::from_unix_seconds);
                Ok(Self { key, id, validity: until.map(|until| (Timestamp::MIN, until)) })
            }
            KeyForm::Certificate => {
                let certificate = Certificate::from_pem(text).map_err(malformed)?;
                let names = certificate.common_name.iter().chain(&certificate.dns_names);
                if !names.into_iter().any(|name| PAYPAL_NAMES.contains(&name.as_str())) {
                    return Err(Error::CertificateOfOther { expected: PAYPAL_NAMES[0] });
                }
                let validity = Some((certificate.not_before, certificate.not_after));
                Ok(Self { key: certificate.key, id: None, validity })
            }
            // Also whatever is no public key: its text is none.
            _ => PublicKey::from_pem(text).map(plain).map_err(malformed),
        }
    }

    /// The key, for a JWS.
    pub(super) const fn key(&self) -> &PublicKey {
        &self.key
    }

    /// Whether it may sign at this moment.
    pub(super) fn is_valid_at(&self, now: Timestamp) -> bool {
        let within = |(from, until): &(Timestamp, Timestamp)| {
            from.unix_seconds() <= now.unix_seconds() && now.unix_seconds() <= until.unix_seconds()
        };
        self.validity.as_ref().is_none_or(within)
    }

    /// Whether a signature, written in this form, is one of the message.
    pub(super) fn holds(&self, form: SignatureForm, pieces: &[&[u8]], signature: &str) -> bool {
        let bytes = match form {
            SignatureForm::HexLower | SignatureForm::HexUpper | SignatureForm::HexAnyCase => {
                decode_hex(signature, HexCase::Any)
            }
            _ => decode_base64(signature),
        };
        bytes.is_ok_and(|bytes| self.key.verify(pieces, &bytes))
    }
}

/// Whether an address is one where PayPal publishes its certificates. It is checked before anybody fetches from there.
pub(super) fn is_paypal_certificate(url: &str) -> bool {
    let Some((host, path)) = url.strip_prefix("https://").and_then(|rest| rest.split_once('/')) else {
        return false;
    };
    let plain = |text: &str, more: &[u8]| {
        text.bytes().all(|byte| byte.is_ascii_alphanumeric() || more.contains(&byte))
    };
    let of_paypal =
        host == PAYPAL_HOST || host.strip_suffix(PAYPAL_HOST).is_some_and(|sub| sub.ends_with('.'));
    let name = path.strip_prefix("v1/notifications/certs/").unwrap_or_default();
    of_paypal && plain(host, b".-") && !name.is_empty() && plain(name, b"-_")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn certificates_are_looked_for_at_paypal_only() {
        let table = [
            ("https://api.paypal.com/v1/notifications/certs/CERT-360caa42-fca2a594-a5cafa77", true),
            ("https://api.sandbox.paypal.com/v1/notifications/certs/CERT-1", true),
            ("https://paypal.com/v1/notifications/certs/CERT-1", true),
            ("http://api.paypal.com/v1/notifications/certs/CERT-1", false),
            ("https://api.sandbox.paypal.com.evil.example/v1/notifications/certs/CERT-1", false),
            ("https://evilpaypal.com/v1/notifications/certs/CERT-1", false),
            ("https://evil.example/https://api.paypal.com/v1/notifications/certs/CERT-1", false),
            ("https://api.paypal.com@evil.example/v1/notifications/certs/CERT-1", false),
            ("https://evil.example#.paypal.com/v1/notifications/certs/CERT-1", false),
            ("https://evil.example?.paypal.com/v1/notifications/certs/CERT-1", false),
            ("https://evil.example\\.paypal.com/v1/notifications/certs/CERT-1", false),
            ("https://api.paypal.com:8443/v1/notifications/certs/CERT-1", false),
            ("https://api.paypal.com/v1/notifications/certs/", false),
            ("https://api.paypal.com/v1/notifications/certs/../../redirect", false),
            ("https://api.paypal.com/redirect?to=/v1/notifications/certs/CERT-1", false),
            ("", false),
        ];
        for (url, expected) in table {
            assert_eq!(is_paypal_certificate(url), expected, "{url}");
        }
    }
}
