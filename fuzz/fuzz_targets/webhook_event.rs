//! Bodies that are genuine but strange: each still becomes events with ids that fit a store key.
//!
//! Input: one byte that picks the scheme, then the body. Schemes that sign fields of the body, or whose private key only
//! the provider has, refuse to sign most of it, which is fine: what they do sign must verify.
#![no_main]

use libfuzzer_sys::fuzz_target;
use tillproof::time::Timestamp;
use tillproof::webhook::{
    EVENT_ID_BYTES_MAX, HeaderValue, KeyForm, Options, Outgoing, Request, SCHEMES, Verifier,
};

fuzz_target!(|input: &[u8]| {
    let Some((pick, body)) = input.split_first() else { return };
    let Some(scheme) = SCHEMES.get(usize::from(*pick) % SCHEMES.len()) else { return };
    let secret = if scheme.key == KeyForm::Hex { "00ff00ff" } else { "c2VjcmV0" };
    let url = Some("https://shop.example/");
    let now = Timestamp::from_unix_seconds(1_700_000_000).expect("a time of this century");
    let (public_key_id, access_key) = (Some("key"), Some("access"));
    let outgoing = Outgoing { id: "msg_1", timestamp: now, url, body, public_key_id, access_key };
    let Ok(signed) = outgoing.sign(scheme, secret) else { return };
    let headers: Vec<_> =
        signed.headers.iter().map(|(name, value)| (*name, HeaderValue::Once(value))).collect();
    let options = Options { secrets: &[secret], url, public_key_id, access_key, ..Options::default() };
    let verifier = Verifier::new(scheme, options).expect("what signs verifies");
    let request = Request { headers: &headers, url, body: &signed.body, now };
    let verified = verifier.verify(&request).expect("it is genuine");
    for event in verified.events() {
        assert!(!event.id.is_empty() && event.id.len() <= EVENT_ID_BYTES_MAX);
        assert!(!event.id.contains(char::is_control));
        assert_eq!(event.id_is_signed, event.digest.is_none());
    }
});
