//! What is read from DER is read by the letter: one encoding for each value, nothing left over, nothing skipped unseen.
//!
//! The reader is that of the crate `der`; here is only which fields stand where. Its sister `x509-cert` would bring all
//! of RFC 5280 for the four fields that are looked at, and twice the bytes.

use der::asn1::{AnyRef, BitStringRef, UintRef};
use der::{Decode as _, Reader as _, SliceReader, Tag, Tagged as _};

use super::ed25519::Ed25519Key;
use super::p256::P256Key;
use super::public_key::limited;
use super::rsa::RsaKey;
use super::{EcdsaForm, KeyError, PublicKey};
use crate::prelude::*;

/// `rsaEncryption` (RFC 8017), as the bytes of the object identifier.
const RSA: &[u8] = &[0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 1, 1, 1];
/// `id-ecPublicKey` (RFC 5480).
const EC: &[u8] = &[0x2a, 0x86, 0x48, 0xce, 0x3d, 2, 1];
/// `secp256r1`, which is P-256 (RFC 5480).
const P256: &[u8] = &[0x2a, 0x86, 0x48, 0xce, 0x3d, 3, 1, 7];
/// `id-Ed25519` (RFC 8410).
const ED25519: &[u8] = &[0x2b, 0x65, 0x70];

/// Algorithms and curves people do have keys of, so that a message can name them.
const OTHERS: &[(&[u8], &str)] = &[
    (&[0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 1, 1, 10], "RSA-PSS"),
    (&[0x2b, 0x81, 4, 0, 34], "ECDSA on P-384"),
    (&[0x2b, 0x81, 4, 0, 35], "ECDSA on P-521"),
    (&[0x2b, 0x81, 4, 0, 10], "ECDSA on secp256k1"),
    (&[0x2b, 0x65, 0x6e], "X25519"),
    (&[0x2b, 0x65, 0x71], "Ed448"),
    (&[0x2a, 0x86, 0x48, 0xce, 0x38, 4, 1], "DSA"),
];

/// The label and the bytes of the first PEM block of a text. What follows it, such as the chain of a certificate, is
/// not read.
pub(super) fn first_pem(text: &str) -> Result<(String, Vec<u8>), KeyError> {
    let text = limited(text)?;
    if text.contains("\\n") {
        return Err(KeyError::PemEscapedNewlines);
    }
    let end = text.find("-----END ").ok_or(KeyError::Pem)?;
    let length = text.get(end..).and_then(|rest| rest.lines().next()).map_or(0, str::len);
    let block = text.get(..end.saturating_add(length)).unwrap_or_default();
    let (label, document) = der::pem::decode_vec(block.trim().as_bytes()).map_err(|_| KeyError::Pem)?;
    Ok((label.to_owned(), document))
}

/// A whole `SubjectPublicKeyInfo`.
pub(super) fn subject_public_key_info(document: &[u8]) -> Result<PublicKey, KeyError> {
    let mut reader = SliceReader::new(document)?;
    let key = read_key(&mut reader)?;
    reader.finish()?;
    Ok(key)
}

/// A whole `RSAPublicKey` of PKCS#1.
pub(super) fn pkcs1(document: &[u8]) -> Result<PublicKey, KeyError> {
    let mut reader = SliceReader::new(document)?;
    let key = reader.sequence(|fields| {
        let (modulus, exponent) = (UintRef::decode(fields)?, UintRef::decode(fields)?);
        RsaKey::new(modulus.as_bytes(), exponent.as_bytes())
    })?;
    reader.finish()?;
    Ok(PublicKey::Rsa(key))
}

/// A `SubjectPublicKeyInfo` where it stands.
pub(super) fn read_key(reader: &mut SliceReader<'_>) -> Result<PublicKey, KeyError> {
    reader.sequence(|fields| {
        let (algorithm, parameters) = fields.sequence(|fields| -> Result<_, KeyError> {
            let algorithm = identifier(fields)?;
            let parameters = if fields.is_finished() { None } else { Some(AnyRef::decode(fields)?) };
            Ok((algorithm, parameters))
        })?;
        let bits = BitStringRef::decode(fields)?;
        let key = bits.as_bytes().ok_or_else(|| der::Error::from(Tag::BitString.value_error()))?;
        match algorithm {
            // RFC 3279: the parameters are NULL, not absent.
            RSA if parameters.is_some_and(AnyRef::is_null) => pkcs1(key),
            EC => match parameters {
                Some(curve) if curve.tag() == Tag::ObjectIdentifier && curve.value() == P256 => {
                    P256Key::new(key, EcdsaForm::Der).map(PublicKey::P256)
                }
                Some(curve) => Err(KeyError::Algorithm { found: name_of(curve.value(), "another curve") }),
                None => Err(KeyError::Algorithm { found: "a curve that is not named" }),
            },
            ED25519 if parameters.is_none() => Ed25519Key::new(key).map(PublicKey::Ed25519),
            other => Err(KeyError::Algorithm { found: name_of(other, "another algorithm") }),
        }
    })
}

/// The bytes of an object identifier.
pub(super) fn identifier<'a>(reader: &mut SliceReader<'a>) -> Result<&'a [u8], KeyError> {
    let value = AnyRef::decode(reader)?;
    value.tag().assert_eq(Tag::ObjectIdentifier)?;
    Ok(value.value())
}

fn name_of(identifier: &[u8], otherwise: &'static str) -> &'static str {
    OTHERS.iter().find(|(known, _)| *known == identifier).map_or(otherwise, |(_, name)| name)
}
