//! Header values of every grammar: whatever arrives is refused or was signed with our secret, and nothing panics.
//!
//! Input: one byte that picks the scheme, then the values of the headers it reads, separated by zero bytes; the last
//! piece is the body.
#![no_main]

use libfuzzer_sys::fuzz_target;
use tillproof::time::Timestamp;
use tillproof::webhook::{HeaderValue, KeyForm, Options, Primitive, Request, SCHEMES, Verifier};

fuzz_target!(|input: &[u8]| {
    let Some((pick, rest)) = input.split_first() else { return };
    let Some(scheme) = SCHEMES.get(usize::from(*pick) % SCHEMES.len()) else { return };
    let mut pieces = rest.split(|byte| *byte == 0);
    let headers: Vec<_> = scheme
        .headers()
        .into_iter()
        .filter_map(|name| Some((name, HeaderValue::Once(core::str::from_utf8(pieces.next()?).ok()?))))
        .collect();
    let body = pieces.next().unwrap_or_default();
    // Signatures under a private key are fuzzed elsewhere, and a token can be guessed.
    if matches!(scheme.primitive, Primitive::PublicKey | Primitive::Jws | Primitive::Token) {
        return;
    }
    let secret = if scheme.key == KeyForm::Hex { "00ff00ff" } else { "c2VjcmV0" };
    let options = Options {
        secrets: &[secret],
        url: Some("https://shop.example/"),
        public_key_id: Some("key"),
        access_key: Some("access"),
        ..Options::default()
    };
    let verifier = Verifier::new(scheme, options).expect("the secret fits every key form");
    let request = Request { headers: &headers, url: None, body, now: Timestamp::MIN };
    // A forgery would need the MAC of a key the fuzzer does not compute.
    assert!(verifier.verify(&request).is_err(), "{} accepted what nobody signed", scheme.name);
});
