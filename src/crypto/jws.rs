//! A compact JWS (RFC 7515) is read for the one algorithm its scheme has, whatever its header asks for.
//!
//! The header is written by the sender, so it decides nothing: it must name the expected algorithm, and whether the
//! signature holds depends on the key alone. `none` and an HMAC with the public key as its secret find no way in.
//!
//! Limits: [`JWS_BYTES_MAX`] bytes of text, so that hostile headers cost little before anything is verified.

use super::{EcdsaForm, JwsError, PublicKey, decode_base64url};
use crate::json::{self, Value};
use crate::prelude::*;

/// Longest text accepted, in bytes. Plaid's are below 500.
pub const JWS_BYTES_MAX: usize = 8 << 10;

/// A JWS in compact form with algorithm ES256, not yet verified.
#[derive(Clone, Debug)]
pub struct CompactJws<'a> {
    key_id: Option<String>,
    payload: Vec<u8>,
    signed: &'a str,
    signature: Vec<u8>,
}

impl<'a> CompactJws<'a> {
    /// Takes a text apart whose header must name ES256.
    ///
    /// # Errors
    ///
    /// In this order: [`JwsError::TooLong`], [`JwsError::Form`], [`JwsError::Encoding`], [`JwsError::Header`],
    /// [`JwsError::Algorithm`], [`JwsError::Critical`], [`JwsError::SignatureLength`].
    pub fn es256(text: &'a str) -> Result<Self, JwsError> {
        if text.len() > JWS_BYTES_MAX {
            return Err(JwsError::TooLong { found: text.len() });
        }
        let (signed, signature) = text.rsplit_once('.').ok_or(JwsError::Form)?;
        let (header, payload) = signed.split_once('.').ok_or(JwsError::Form)?;
        if header.is_empty() || payload.contains('.') {
            return Err(JwsError::Form);
        }
        let decoded = |part, text| decode_base64url(text).ok_or(JwsError::Encoding { part });
        let (header, payload) = (decoded("header", header)?, decoded("payload", payload)?);
        let signature = decoded("signature", signature)?;

        let header = json::parse(&header).map_err(|_| JwsError::Header)?;
        let algorithm = header.get("alg").and_then(Value::as_str).ok_or(JwsError::Header)?;
        if algorithm != "ES256" {
            return Err(JwsError::Algorithm { found: known(algorithm) });
        }
        // What is critical must be understood (RFC 7515 section 4.1.11), and no extension is.
        if header.get("crit").is_some() {
            return Err(JwsError::Critical);
        }
        let key_id = match header.get("kid") {
            None => None,
            Some(id) => Some(id.as_str().ok_or(JwsError::Header)?.to_owned()),
        };
        if signature.len() != 64 {
            return Err(JwsError::SignatureLength { found: signature.len() });
        }
        Ok(Self { key_id, payload, signed, signature })
    }

    /// Which key the sender says he used. Good for choosing among known keys, and proves nothing.
    #[must_use]
    pub fn key_id(&self) -> Option<&str> {
        self.key_id.as_deref()
    }

    /// The payload, if `key` signed it; `None` if not, or if the key is not one of ECDSA on P-256.
    #[must_use]
    pub fn verified_by(&self, key: &PublicKey) -> Option<&[u8]> {
        let PublicKey::P256(key) = key else { return None };
        let genuine =
            key.clone().with_form(EcdsaForm::Fixed).verify(&[self.signed.as_bytes()], &self.signature);
        genuine.then_some(&*self.payload)
    }
}

/// An algorithm by its registered name. The header could hold anything, and an error repeats none of it.
fn known(algorithm: &str) -> &'static str {
    const NAMES: [&str; 14] = [
        "none", "HS256", "HS384", "HS512", "RS256", "RS384", "RS512", "ES384", "ES512", "PS256", "PS384",
        "PS512", "EdDSA", "ES256K",
    ];
    NAMES.into_iter().find(|name| *name == algorithm).unwrap_or("another algorithm")
}
