//! The documents that cross from JavaScript: every reply is JSON with `ok` or `error`, and nothing panics.
//!
//! Input: two documents separated by a zero byte; each is tried as options, request and signing order.
#![no_main]

use libfuzzer_sys::fuzz_target;
use tillproof::json;
use tillproof::wasm::webhooks::{Verifiers, sign};

fuzz_target!(|input: &[u8]| {
    let mut pieces = input.splitn(2, |byte| *byte == 0);
    let (first, second) = (pieces.next().unwrap_or_default(), pieces.next().unwrap_or_default());
    let mut verifiers = Verifiers::default();
    let _ = verifiers.open(br#"{"scheme":"stripe-v1","secrets":["whsec_1"]}"#);
    for reply in
        [verifiers.open(first), verifiers.verify(1, first, second), sign(first, second), verifiers.release(1)]
    {
        let reply = json::parse(&reply).expect("a reply is JSON");
        assert!(reply.get("ok").is_some() != reply.get("error").is_some());
    }
});
