//! Keys and certificates: whatever text or DER comes, nothing panics, and a key that is read says no to nonsense.
//!
//! Input: one byte that picks the reader, then what it reads.
#![no_main]

use libfuzzer_sys::fuzz_target;
use tillproof::crypto::{Certificate, PublicKey, encode_base64};
use tillproof::json;

fuzz_target!(|input: &[u8]| {
    let Some((pick, rest)) = input.split_first() else { return };
    let text = core::str::from_utf8(rest).unwrap_or_default();
    let key = match pick % 7 {
        0 => PublicKey::from_pem(text),
        1 => PublicKey::from_spki(rest),
        2 => {
            // The texts a key comes in say the same as its bytes.
            let key = PublicKey::from_spki(rest);
            let base64 = encode_base64(rest);
            assert_eq!(PublicKey::from_spki_base64(&base64).is_ok(), key.is_ok() && base64.len() <= 16 << 10);
            key
        }
        3 => Certificate::from_der(rest).map(checked),
        4 => Certificate::from_pem(text).map(checked),
        5 => PublicKey::from_whpk(text),
        _ => match json::parse(rest) {
            Ok(jwk) => PublicKey::from_jwk(&jwk),
            Err(_) => return,
        },
    };
    match key {
        Ok(key) => assert!(!key.verify(&[rest], &[1; 256]) && !key.verify(&[rest], &[1; 64])),
        Err(error) => assert!(!error.to_string().is_empty()),
    }
});

/// The key of a certificate, whose dates bound each other.
fn checked(certificate: Certificate) -> PublicKey {
    let (first, last) = (certificate.not_before, certificate.not_after);
    assert_eq!(certificate.is_valid_at(first), first <= last);
    assert_eq!(certificate.is_valid_at(last), first <= last);
    certificate.key
}
