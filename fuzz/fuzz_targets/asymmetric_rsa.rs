//! RSA: whatever comes as signature, nothing panics, and only the signature that was made is accepted.
//!
//! Input: the signature.
#![no_main]

use libfuzzer_sys::fuzz_target;
use tillproof::crypto::{PublicKey, sha256_hex};

const KEY: &str = include_str!("../../tests/vectors/keys/rsa-2048.pem");

fuzz_target!(|input: &[u8]| {
    let key = PublicKey::from_pem(KEY).expect("the key is one");
    // Every length leads to the comparison, and every number below the modulus.
    for signature in [input, &[&[0; 256][..256 - input.len().min(256)], &input[..input.len().min(256)]].concat()] {
        if key.verify(&[b"tillproof"], signature) {
            let genuine = "c8424571d5595127cc73956a8a971c9cfe282242e5ec5ae9ec12e5570ed412bf";
            assert_eq!(sha256_hex(signature), genuine);
        }
    }
});
