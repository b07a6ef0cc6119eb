//! Ed25519: whatever comes as key, signature and message, nothing panics, and nothing but what was signed is accepted.
//!
//! Input: 64 bytes of signature, then the message, once under a known key; and once more with the first 32 bytes as the
//! key.
#![no_main]

use std::sync::LazyLock;

use libfuzzer_sys::fuzz_target;
use tillproof::crypto::{PublicKey, encode_base64};

static KEY: LazyLock<PublicKey> = LazyLock::new(|| {
    PublicKey::from_pem(include_str!("../../tests/vectors/keys/ed25519.pem")).expect("the key is one")
});
/// Of `tillproof`, by the key above.
const GENUINE: &str =
    "A7sgMya13jrcozYpoH/bmQrpf7zHAnOzwYvO8WBuoQ1nUHC9LFrG/PHvxbrNVkZ31ZtbmADZgObRkFnafq8MAA==";

fuzz_target!(|input: &[u8]| {
    let (signature, message) = input.split_at(input.len().min(64));
    if KEY.verify(&[message], signature) {
        assert_eq!((message, &*encode_base64(signature)), (&b"tillproof"[..], GENUINE));
    }
    let (key, rest) = input.split_at(input.len().min(32));
    let Ok(key) = PublicKey::from_ed25519(key) else { return };
    let (signature, message) = rest.split_at(rest.len().min(64));
    let middle = message.len() / 2;
    let whole = key.verify(&[message], signature);
    assert_eq!(key.verify(&[&message[..middle], &message[middle..]], signature), whole);
    // Without effort a key of large order accepts nothing: zeros are a point of small order and the scalar of anybody.
    assert!(!key.verify(&[message], &[0; 64]));
});
