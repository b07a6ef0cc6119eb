//! Ed25519 (RFC 8032), strictly: a message has one signature under one key, and no key signs everything.

use ed25519_dalek::{Signature, VerifyingKey};

use super::KeyError;

/// A public key that is canonical and of large order.
#[derive(Clone, Debug)]
pub struct Ed25519Key(VerifyingKey);

impl Ed25519Key {
    /// The key of these 32 bytes.
    ///
    /// # Errors
    ///
    /// [`KeyError::Ed25519Length`], [`KeyError::Ed25519Point`], [`KeyError::Ed25519SmallOrder`].
    pub(super) fn new(bytes: &[u8]) -> Result<Self, KeyError> {
        let Ok(bytes) = <&[u8; 32]>::try_from(bytes) else {
            return Err(KeyError::Ed25519Length { found: bytes.len() });
        };
        let key = VerifyingKey::from_bytes(bytes).map_err(|_| KeyError::Ed25519Point)?;
        // The library follows ZIP 215 and reads a few points from two spellings; RFC 8032 knows one.
        if key.to_edwards().compress().as_bytes() != bytes {
            return Err(KeyError::Ed25519Point);
        }
        // Under a key of small order a signature exists that fits nearly every message.
        if key.is_weak() { Err(KeyError::Ed25519SmallOrder) } else { Ok(Self(key)) }
    }

    /// Whether `signature` is that of the message in parts.
    ///
    /// The same rules as the library's `verify_strict`, which cannot take a message in parts.
    pub(super) fn verify(&self, message: &[&[u8]], signature: &[u8]) -> bool {
        let Ok(signature) = Signature::from_slice(signature) else { return false };
        let commitment = VerifyingKey::from_bytes(signature.r_bytes());
        if commitment.map_or(true, |point| point.is_weak()) {
            return false;
        }
        // Refuses a scalar that is not below the group order, which would be a second signature of the same message.
        let Ok(mut stream) = self.0.verify_stream(&signature) else { return false };
        for part in message {
            stream.update(part);
        }
        stream.finalize_and_verify().is_ok()
    }
}
