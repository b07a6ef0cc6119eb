//! RSASSA-PKCS1-v1_5 with SHA-256 (RFC 8017 section 8.2): verification only, with keys whose work is bounded.
//!
//! The signature is raised to the public exponent and the result compared, as a whole, with the one block that the
//! message has. Nothing is parsed out of that result: the forgeries against this scheme (Bleichenbacher 2006 and its
//! heirs) all live in such parsers.

use crypto_bigint::modular::{FixedMontyForm, FixedMontyParams};
use crypto_bigint::{Odd, U4096};

use super::{KeyError, Sha256, equal};
use crate::prelude::*;

/// Shortest modulus accepted, in bits: NIST SP 800-131A lets nothing shorter verify.
pub const RSA_BITS_MIN: usize = 2048;

/// Longest modulus accepted, in bits. The work grows with the square of it, and no provider uses more.
pub const RSA_BITS_MAX: usize = 4096;

/// The public exponent of every key made in the last twenty years, as its bytes.
const EXPONENT: [u8; 3] = [1, 0, 1];

/// Bytes of the widest modulus, to which all numbers are filled up in front.
const WIDTH: usize = RSA_BITS_MAX / 8;

/// What stands before the digest: `DigestInfo` for SHA-256 in DER (RFC 8017 section 9.2, note 1).
const DIGEST_INFO: [u8; 19] = [
    0x30, 0x31, 0x30, 0x0d, 0x06, 0x09, 0x60, 0x86, 0x48, 0x01, 0x65, 0x03, 0x04, 0x02, 0x01, 0x05, 0, 4, 32,
];

/// A public key with exponent 65537.
#[derive(Clone, Debug)]
pub struct RsaKey {
    /// The modulus, and what follows from it alone.
    params: Box<FixedMontyParams<{ U4096::LIMBS }>>,
    /// Bytes of the modulus, and therefore of each signature.
    length: usize,
}

impl RsaKey {
    /// The key of a modulus and an exponent, the highest byte first and without zeros in front.
    ///
    /// # Errors
    ///
    /// [`KeyError::RsaBits`], [`KeyError::RsaExponent`], [`KeyError::RsaModulus`].
    pub(super) fn new(modulus: &[u8], exponent: &[u8]) -> Result<Self, KeyError> {
        let leading = modulus.first().map_or(0, |byte| byte.leading_zeros());
        let unused = usize::try_from(leading).unwrap_or_default();
        let bits = modulus.len().saturating_mul(8).saturating_sub(unused);
        if !(RSA_BITS_MIN..=RSA_BITS_MAX).contains(&bits) {
            return Err(KeyError::RsaBits { found: bits });
        }
        if exponent != EXPONENT {
            return Err(KeyError::RsaExponent);
        }
        let number = filled(&[modulus]).map(|bytes| U4096::from_be_slice(&bytes));
        let odd = number.and_then(|number| Odd::new(number).into_option()).ok_or(KeyError::RsaModulus)?;
        Ok(Self { params: Box::new(FixedMontyParams::new_vartime(odd)), length: modulus.len() })
    }

    /// Whether `signature` is that of the message in parts.
    pub(super) fn verify(&self, message: &[&[u8]], signature: &[u8]) -> bool {
        // A signature with zeros in front, or less its own, would be a second spelling of the same number.
        if signature.len() != self.length {
            return false;
        }
        let Some(number) = filled(&[signature]).map(|bytes| U4096::from_be_slice(&bytes)) else {
            return false;
        };
        if number >= *self.params.modulus().as_ref() {
            return false;
        }
        let base = FixedMontyForm::new(&number, &self.params);
        // 65537 is 2^16 + 1.
        let mut power = base;
        for _ in 0..16 {
            power = power.square();
        }
        let found = power.mul(&base).retrieve().to_be_bytes();
        self.block(&Sha256::of_parts(message)).is_some_and(|expected| equal(found.as_ref(), &expected))
    }

    /// The block that stands for a digest: `00 01 ff … ff 00`, the name of the hash, the digest.
    fn block(&self, digest: &[u8; 32]) -> Option<[u8; WIDTH]> {
        let fixed = DIGEST_INFO.len().checked_add(digest.len())?.checked_add(3)?;
        let filler = vec![0xff; self.length.checked_sub(fixed)?];
        filled(&[&[0, 1], &filler, &[0], &DIGEST_INFO, digest])
    }
}

/// The pieces one after the other, with zeros in front up to the width; `None` when they are longer.
fn filled(pieces: &[&[u8]]) -> Option<[u8; WIDTH]> {
    let length = pieces.iter().try_fold(0_usize, |sum, piece| sum.checked_add(piece.len()))?;
    let mut bytes = vec![0; WIDTH.checked_sub(length)?];
    for piece in pieces {
        bytes.extend_from_slice(piece);
    }
    bytes.try_into().ok()
}
