//! RSA: whatever comes as signature, nothing panics, and only the signature that was made is accepted.
//!
//! Input: the signature.
#![no_main]

use std::sync::LazyLock;

use libfuzzer_sys::fuzz_target;
use tillproof::crypto::{PublicKey, sha256_hex};

static KEY: LazyLock<PublicKey> = LazyLock::new(|| {
    PublicKey::from_pem(include_str!("../../tests/vectors/keys/rsa-2048.pem")).expect("the key is one")
});

fuzz_target!(|input: &[u8]| {
    // Every length leads to the comparison, and every number below the modulus.
    for signature in
        [input, &[&[0; 256][..256 - input.len().min(256)], &input[..input.len().min(256)]].concat()]
    {
        if KEY.verify(&[b"tillproof"], signature) {
            let genuine = "c8424571d5595127cc73956a8a971c9cfe282242e5ec5ae9ec12e5570ed412bf";
            assert_eq!(sha256_hex(signature), genuine);
        }
    }
});
