//! ECDSA over P-256 with SHA-256 (FIPS 186-5), each signature in the one form its scheme uses.

use p256::ecdsa::signature::hazmat::PrehashVerifier as _;
use p256::ecdsa::{Signature, VerifyingKey};

use super::{KeyError, Sha256};

/// How a signature is spelt: two numbers, `r` and `s`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum EcdsaForm {
    /// A DER sequence of two integers, as certificates and OpenSSL have it.
    Der,
    /// 32 bytes of `r`, then 32 bytes of `s`, as JOSE has it.
    Fixed,
}

/// A public key: a point of the curve other than infinity, and the form of its signatures.
#[derive(Clone, Debug)]
pub struct P256Key {
    key: VerifyingKey,
    form: EcdsaForm,
}

impl P256Key {
    /// The key of a point as SEC 1 writes it: 33 bytes compressed, 65 whole.
    ///
    /// # Errors
    ///
    /// [`KeyError::P256Point`].
    pub(super) fn new(point: &[u8], form: EcdsaForm) -> Result<Self, KeyError> {
        let key = VerifyingKey::from_sec1_bytes(point).map_err(|_| KeyError::P256Point)?;
        Ok(Self { key, form })
    }

    /// The same key for signatures in another form.
    pub(super) fn with_form(self, form: EcdsaForm) -> Self {
        Self { form, ..self }
    }

    /// Whether `signature` is one of the message in parts.
    ///
    /// With a signature (r, s) anybody can write (r, -s), and both are accepted, as everywhere but in Bitcoin. So a
    /// signature never identifies a delivery.
    pub(super) fn verify(&self, message: &[&[u8]], signature: &[u8]) -> bool {
        let signature = match self.form {
            EcdsaForm::Der => Signature::from_der(signature),
            EcdsaForm::Fixed => Signature::from_slice(signature),
        };
        let Ok(signature) = signature else { return false };
        self.key.verify_prehash(&Sha256::of_parts(message), &signature).is_ok()
    }
}
