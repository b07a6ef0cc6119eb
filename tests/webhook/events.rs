//! Which events a genuine delivery carries, and what makes two of them the same.

use tillproof::time::Timestamp;
use tillproof::webhook::{Event, Options, Request, Verifier, scheme, sign};

use super::samples::{once, outgoing, seconds, secret, verifier};

/// The one event of a body signed by this scheme.
fn event(name: &str, body: &str) -> Event {
    let (scheme, now) = (scheme(name).unwrap(), seconds(1_700_000_000));
    let signed = sign(scheme, secret(scheme), "msg_1", now, body.as_bytes()).unwrap();
    let options = Options { secrets: &[secret(scheme)], ..Options::default() };
    let request = Request { headers: &once(&signed), url: None, body: body.as_bytes(), now };
    Verifier::new(scheme, options).unwrap().verify(&request).unwrap().events().remove(0)
}

#[test]
fn an_id_of_several_parts_needs_all_that_name_the_event_and_none_can_pass_for_another() {
    // body, id or the beginning of it
    let table = [
        (r#"{"event":"charge.success","data":{"id":7}}"#, "charge.success:7"),
        (r#"{"event":"charge.success","data":{}}"#, "sha256:"),
        (r#"{"event":"charge.success","data":{"id":""}}"#, "sha256:"),
        (r#"{"event":"charge.success","data":{"id":null}}"#, "sha256:"),
        (r#"{"data":{"id":7}}"#, ":7"),
        (r#"{"event":"a:b","data":{"id":"c"}}"#, "a%3Ab:c"),
        (r#"{"event":"a","data":{"id":"b:c"}}"#, "a:b%3Ac"),
        (r#"{"event":"a","data":{"id":"b%3Ac"}}"#, "a:b%253Ac"),
    ];
    for (body, expected) in table {
        let found = event("paystack-sha512", body);
        assert!(found.id == expected || expected == "sha256:" && found.id.starts_with(expected), "{body}");
        assert!(found.id_is_signed, "{body}");
    }
    let bodies = [
        r#"{"event":"customeridentification.success","data":{"x":1}}"#,
        r#"{"event":"customeridentification.success","data":{"x":2}}"#,
    ];
    let [one, other] = bodies.map(|body| event("paystack-sha512", body).id);
    assert_ne!(one, other);
}

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

/// The one event of a captured delivery whose unsigned headers somebody wrote anew.
fn replayed(name: &str, body: &str, unsigned: &[(&'static str, &str)]) -> Event {
    let (scheme, now) = (scheme(name).unwrap(), seconds(1_700_000_000));
    let signed = sign(scheme, secret(scheme), "msg_1", now, body.as_bytes()).unwrap();
    let genuine = signed.into_iter().filter(|(header, _)| *header == scheme.place_name());
    let mut headers: Vec<_> = genuine.collect();
    headers.extend(unsigned.iter().map(|(header, value)| (*header, (*value).to_owned())));
    let options = Options { secrets: &[secret(scheme)], ..Options::default() };
    let request = Request { headers: &once(&headers), url: None, body: body.as_bytes(), now };
    Verifier::new(scheme, options).unwrap().verify(&request).unwrap().events().remove(0)
}

#[test]
fn a_replay_under_other_unsigned_headers_keeps_the_second_key() {
    for (name, id, kind) in [
        ("github-sha256", "x-github-delivery", "x-github-event"),
        ("woocommerce", "x-wc-webhook-delivery-id", "x-wc-webhook-topic"),
    ] {
        let genuine = replayed(name, "{}", &[(id, "1"), (kind, "push")]);
        assert_eq!((genuine.id.as_str(), genuine.kind.as_deref()), ("1", Some("push")));
        let table: [&[(&'static str, &str)]; 4] =
            [&[(id, "2"), (kind, "push")], &[(id, "2"), (kind, "ping")], &[(kind, "ping")], &[]];
        for unsigned in table {
            let again = replayed(name, "{}", unsigned);
            assert!(!again.id_is_signed, "{name} {unsigned:?}");
            assert!(again.digest.is_some() && again.digest == genuine.digest, "{name} {unsigned:?}");
        }
        assert_ne!(genuine.digest, replayed(name, "[]", &[(id, "1"), (kind, "push")]).digest);
    }
}

#[test]
fn topics_that_share_an_id_and_a_body_are_events_of_their_own() {
    let (id, topic) = ("x-shopify-event-id", "x-shopify-topic");
    let create = replayed("shopify", "{}", &[(id, "1"), (topic, "orders/create")]);
    let paid = replayed("shopify", "{}", &[(id, "1"), (topic, "orders/paid")]);
    assert_eq!((create.id.as_str(), paid.id.as_str()), ("orders/create:1", "orders/paid:1"));
    assert_ne!(create.digest, paid.digest);
    assert!(!create.id_is_signed && !paid.id_is_signed);
    let again = replayed("shopify", "{}", &[(id, "2"), (topic, "orders/create")]);
    assert_eq!(again.digest, create.digest);
    assert!(replayed("shopify", "{}", &[(id, "1")]).id.starts_with("sha256:"));
}

#[test]
fn partial_refunds_of_one_order_are_events_of_their_own() {
    let midtrans = scheme("midtrans-sha512").unwrap();
    let refund = |refunded: &str| {
        let body = format!(
            r#"{{"order_id":"o1","status_code":"200","gross_amount":"30.00","transaction_status":"partial_refund","refund_amount":"{refunded}"}}"#
        );
        let delivery = outgoing(midtrans, body.as_bytes()).sign(midtrans, secret(midtrans)).unwrap();
        let request = Request { headers: &[], url: None, body: &delivery.body, now: seconds(1_700_000_000) };
        verifier(midtrans).verify(&request).unwrap().events().remove(0)
    };
    let (first, second) = (refund("10.00"), refund("20.00"));
    assert_ne!(first.id, second.id);
    assert_ne!(first.digest, second.digest);
    assert_eq!(first, refund("10.00"));
    assert!(!first.id_is_signed && first.kind.as_deref() == Some("partial_refund"));
}

#[test]
fn a_provider_that_lets_people_resend_may_repeat_for_as_long() {
    // scheme, days
    for (name, days) in [("stripe-v1", 30), ("adyen-standard", 30), ("razorpay", 7)] {
        assert_eq!(scheme(name).unwrap().retry_window_hours, days * 24, "{name}");
    }
}
