//! Which events a genuine delivery carries, and what makes two of them the same.

use tillproof::time::Timestamp;
use tillproof::webhook::{Options, Request, Verifier, scheme, sign};

use super::samples::{once, seconds, secret};

#[test]
fn an_event_is_read_from_what_was_signed_and_has_an_id_in_any_case() {
    let now = seconds(1_700_000_000);
    let digest_of_nothing = "sha256:e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";
    let stripe = br#"{"id":"evt_1","type":"charge.succeeded","created":1699999999}"#.as_slice();
    let standard = br#"{"type":"invoice.paid","timestamp":"2023-11-14T22:13:20.5Z"}"#.as_slice();
    let github = br#"{"action":"opened"}"#.as_slice();
    // scheme, body, id, signed, has a digest, type, occurred at
    let table = [
        ("stripe-v1", stripe, "evt_1", true, false, Some("charge.succeeded"), Some(1_699_999_999_000)),
        ("stripe-v1", b"", digest_of_nothing, true, false, None, None),
        (
            "stripe-v1",
            br#"{"id":""}"#,
            "sha256:72d427b7264997760074a94dcc1c9e54ae2c33b05276bfb3cfcd0f5d2d8bba3a",
            true,
            false,
            None,
            None,
        ),
        ("stripe-v1", br#"{"id":7}"#, "7", true, false, None, None),
        (
            "standard-webhooks-v1",
            standard,
            "msg_1",
            true,
            false,
            Some("invoice.paid"),
            Some(1_700_000_000_500),
        ),
        ("standard-webhooks-v1", b"\xff", "msg_1", true, false, None, None),
        ("github-sha256", github, "msg_1", false, true, None, None),
        ("lemonsqueezy", b"", digest_of_nothing, true, false, None, None),
    ];
    for (name, body, id, id_is_signed, has_digest, kind, occurred_at) in table {
        let scheme = scheme(name).unwrap();
        let signed = sign(scheme, secret(scheme), "msg_1", now, body).unwrap();
        let verifier =
            Verifier::new(scheme, Options { secrets: &[secret(scheme)], ..Options::default() }).unwrap();
        let headers = once(&signed);
        let verified = verifier.verify(&Request { headers: &headers, url: None, body, now }).unwrap();
        let events = verified.events();
        assert_eq!(events.len(), 1);
        let event = &events[0];
        assert!(event.id.starts_with(id), "{name}: {}", event.id);
        assert_eq!(event.id_is_signed, id_is_signed, "{name}");
        assert_eq!(event.digest.is_some(), has_digest, "{name}");
        assert_eq!(event.kind.as_deref(), kind, "{name}");
        assert_eq!(event.occurred_at.map(Timestamp::unix_ms), occurred_at, "{name}");
    }
}
