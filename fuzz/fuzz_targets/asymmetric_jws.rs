//! A JWS of Plaid: whatever comes, nothing panics, and only the payload that was signed comes out.
//!
//! Input: the text.
#![no_main]

use std::sync::LazyLock;

use libfuzzer_sys::fuzz_target;
use tillproof::crypto::{CompactJws, PublicKey, sha256_hex};
use tillproof::json;

/// The key and the digest of the payload of the vector `plaid-valid`.
const JWK: &str = r#"{"kty":"EC","crv":"P-256","x":"rC2IjphegJuTn4-v3buWYIBSi3Zcq9csoF-Yb4E1qYQ","y":"V1yi3w9ZH1bAxv1XdFtBtdkChHthB4dymFs8p3J7uO4"}"#;

static KEY: LazyLock<PublicKey> = LazyLock::new(|| {
    PublicKey::from_jwk(&json::parse(JWK.as_bytes()).expect("JSON")).expect("the key is one")
});

fuzz_target!(|input: &[u8]| {
    let Ok(text) = core::str::from_utf8(input) else { return };
    let Ok(jws) = CompactJws::es256(text) else { return };
    if let Some(payload) = jws.verified_by(&KEY) {
        assert_eq!(sha256_hex(payload), "9f1c57e176ece20553c941c1a8efe175bc756428964cc4e29e1deb6c5f430b02");
    }
});
