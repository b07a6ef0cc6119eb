//! RSASSA-PKCS1-v1_5 with SHA-256 (RFC 8017 section 8.2): verification only, with keys whose work is bounded.
//!
//! The signature is raised to the public exponent and the result compared, as a whole, with the one block that the
//! message has. Nothing is parsed out of that result: the forgeries against this scheme (Bleichenbacher 2006 and its
//! heirs) all live in such parsers.

use crypto_bigint::modular::{FixedMontyForm, FixedMontyParams};
use crypto_bigint::{Limb, Odd, U2048, U4096, Uint};

use super::{KeyError, Sha256, equal};
use crate::prelude::*;

/// Shortest modulus accepted, in bits: NIST SP 800-131A lets nothing shorter verify.
pub const RSA_BITS_MIN: usize = 2048;

/// Longest modulus accepted, in bits. The work grows with the square of it, and no provider uses more.
pub const RSA_BITS_MAX: usize = 4096;

/// The public exponent of every key made in the last twenty years, as its bytes.
const EXPONENT: [u8; 3] = [1, 0, 1];

/// What stands before the digest: `DigestInfo` for SHA-256 in DER (RFC 8017 section 9.2, note 1).
const DIGEST_INFO: [u8; 19] = [
    0x30, 0x31, 0x30, 0x0d, 0x06, 0x09, 0x60, 0x86, 0x48, 0x01, 0x65, 0x03, 0x04, 0x02, 0x01, 0x05, 0, 4, 32,
];

/// A public key with exponent 65537.
#[derive(Clone, Debug)]
pub struct RsaKey {
    modulus: Modulus,
    /// Bytes of the modulus, and therefore of each signature.
    length: usize,
}

/// A modulus and what follows from it alone. Two widths, because nearly every key has 2048 bits, and in numbers of twice
/// that length a verification takes four times as long.
#[derive(Clone, Debug)]
enum Modulus {
    Narrow(Box<FixedMontyParams<{ U2048::LIMBS }>>),
    Wide(Box<FixedMontyParams<{ U4096::LIMBS }>>),
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
        let length = modulus.len();
        let modulus = if bits == RSA_BITS_MIN {
            odd(modulus).map(|odd| Modulus::Narrow(Box::new(FixedMontyParams::new_vartime(odd))))
        } else {
            odd(modulus).map(|odd| Modulus::Wide(Box::new(FixedMontyParams::new_vartime(odd))))
        };
        Ok(Self { modulus: modulus.ok_or(KeyError::RsaModulus)?, length })
    }

    /// Whether `signature` is that of the message in parts.
    pub(super) fn verify(&self, message: &[&[u8]], signature: &[u8]) -> bool {
        // A signature with zeros in front, or less its own, would be a second spelling of the same number.
        if signature.len() != self.length {
            return false;
        }
        let found = match &self.modulus {
            Modulus::Narrow(params) => raised(params, signature),
            Modulus::Wide(params) => raised(params, signature),
        };
        let Some(found) = found else { return false };
        let expected = self.block(&Sha256::of_parts(message));
        expected
            .and_then(|block| filled(&block, found.len()))
            .is_some_and(|expected| equal(&found, &expected))
    }

    /// The block that stands for a digest: `00 01 ff … ff 00`, the name of the hash, the digest.
    fn block(&self, digest: &[u8; 32]) -> Option<Vec<u8>> {
        let fixed = DIGEST_INFO.len().checked_add(digest.len())?.checked_add(3)?;
        let mut block = vec![0, 1];
        block.resize(self.length.checked_sub(fixed)?.checked_add(2)?, 0xff);
        block.push(0);
        block.extend_from_slice(&DIGEST_INFO);
        block.extend_from_slice(digest);
        Some(block)
    }
}

/// The number to the power of 65537, if it is below the modulus; as many bytes as the width has.
fn raised<const LIMBS: usize>(params: &FixedMontyParams<LIMBS>, number: &[u8]) -> Option<Vec<u8>> {
    let number = uint(number)?;
    if number >= *params.modulus().as_ref() {
        return None;
    }
    let base = FixedMontyForm::new(&number, params);
    // 65537 is 2^16 + 1.
    let mut power = base;
    for _ in 0..16 {
        power = power.square();
    }
    Some(power.mul(&base).retrieve().to_be_bytes().as_ref().to_vec())
}

fn odd<const LIMBS: usize>(bytes: &[u8]) -> Option<Odd<Uint<LIMBS>>> {
    uint(bytes).and_then(|number| Odd::new(number).into_option())
}

fn uint<const LIMBS: usize>(bytes: &[u8]) -> Option<Uint<LIMBS>> {
    filled(bytes, LIMBS.checked_mul(Limb::BYTES)?).map(|bytes| Uint::from_be_slice(&bytes))
}

/// The bytes with zeros in front up to the width; `None` when they are longer.
fn filled(bytes: &[u8], width: usize) -> Option<Vec<u8>> {
    let mut filled = vec![0; width.checked_sub(bytes.len())?];
    filled.extend_from_slice(bytes);
    Some(filled)
}
