//! Bodies that are genuine but strange: each still becomes one event with an id that fits a store key.
//!
//! Input: one byte that picks the scheme, then the body.
#![no_main]

use libfuzzer_sys::fuzz_target;
use tillproof::time::Timestamp;
use tillproof::webhook::{
    EVENT_ID_BYTES_MAX, HeaderValue, KeyForm, Options, Outgoing, Request, SCHEMES, Verifier,
};

fuzz_target!(|input: &[u8]| {
    let Some((pick, body)) = input.split_first() else { return };
    let Some(scheme) = SCHEMES.get(usize::from(*pick) % SCHEMES.len()) else { return };
    if scheme.body_required && body.is_empty() {
        return;
    }
    let secret = if scheme.key == KeyForm::Hex { "00ff00ff" } else { "c2VjcmV0" };
    let url = Some("https://shop.example/");
    let now = Timestamp::from_unix_seconds(1_700_000_000).expect("a time of this century");
    let signed =
        Outgoing { id: "msg_1", timestamp: now, url, body }.sign(scheme, secret).expect("it can be signed");
    let headers: Vec<_> = signed.iter().map(|(name, value)| (*name, HeaderValue::Once(value))).collect();
    let verifier = Verifier::new(scheme, Options { secrets: &[secret], url, ..Options::default() });
    let verified = verifier.expect("the secret fits every key form");
    let verified = verified.verify(&Request { headers: &headers, url, body, now }).expect("it is genuine");
    for event in verified.events() {
        assert!(!event.id.is_empty() && event.id.len() <= EVENT_ID_BYTES_MAX);
        assert!(!event.id.contains(char::is_control));
        assert_eq!(event.id_is_signed, event.digest.is_none());
    }
});
