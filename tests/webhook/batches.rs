//! Deliveries of several events: each is proven by itself or with the whole, and none hides behind another.

use tillproof::advice::Diagnose;
use tillproof::webhook::{Error, Event, Options, Request, Verified, Verifier, scheme};

use super::samples::{NOW_S, once, outgoing, seconds, secret};

/// One event of a payment, as Adyen sends it.
fn item(psp: &str, code: &str, value: &str) -> String {
    format!(
        r#"{{"NotificationRequestItem":{{"pspReference":"{psp}","merchantReference":"order:1","amount":{{"currency":"EUR","value":{value}}},"eventCode":"{code}","success":"true","eventDate":"2023-11-14T22:13:20+00:00"}}}}"#
    )
}

fn signed(items: &[String]) -> String {
    let adyen = scheme("adyen-standard").unwrap();
    let body = format!(r#"{{"live":"false","notificationItems":[{}]}}"#, items.join(","));
    let delivery = outgoing(adyen, body.as_bytes()).sign(adyen, secret(adyen)).unwrap();
    String::from_utf8(delivery.body).unwrap()
}

fn verify(body: &str, partial: bool) -> Result<Verified<'_>, Error> {
    let adyen = scheme("adyen-standard").unwrap();
    let options = Options { secrets: &[secret(adyen)], partial, ..Options::default() };
    let request = Request { headers: &[], url: None, body: body.as_bytes(), now: seconds(NOW_S) };
    Verifier::new(adyen, options).unwrap().verify(&request)
}

fn ids(events: &[Event]) -> Vec<&str> {
    events.iter().map(|event| event.id.as_str()).collect()
}

#[test]
fn every_event_of_a_batch_has_its_own_id_type_and_time() {
    let body = signed(&[item("p1", "AUTHORISATION", "1000"), item("p1", "CAPTURE", "1000")]);
    let events = verify(&body, false).unwrap().events();
    assert_eq!(ids(&events), ["p1:AUTHORISATION:true", "p1:CAPTURE:true"]);
    for (index, event) in events.iter().enumerate() {
        assert!(event.id_is_signed && event.digest.is_none());
        assert_eq!(event.index, Some(index));
        assert_eq!(event.occurred_at.map(|at| at.unix_seconds()), Some(NOW_S));
    }
    assert_eq!(events[1].kind.as_deref(), Some("CAPTURE"));
}

#[test]
fn one_forged_event_refuses_the_batch_and_is_named_and_what_holds_is_there_for_who_asks() {
    let items =
        [item("p1", "AUTHORISATION", "1000"), item("p2", "CAPTURE", "1000"), item("p3", "REFUND", "1000")];
    let forged = signed(&items).replacen(r#""pspReference":"p2""#, r#""pspReference":"p9""#, 1);
    let refused = verify(&forged, false).unwrap_err();
    assert_eq!(refused, Error::EventsRefused { refused: vec![1], events: 3 });
    assert_eq!(
        refused.to_string(),
        "of 3 events, those at 1 (from 0) carry no signature that matches: somebody may have added them to a genuine \
         delivery"
    );
    let partial = verify(&forged, true).unwrap();
    assert_eq!(partial.refused(), [1]);
    assert_eq!(ids(&partial.events()), ["p1:AUTHORISATION:true", "p3:REFUND:true"]);
    // Nothing holds: there is nothing to let pass.
    let none = signed(&items[..1]).replace("1000", "9000");
    assert_eq!(verify(&none, true).unwrap_err().code(), "signature_mismatch");
}

#[test]
fn equal_ids_with_different_content_are_kept_apart_and_true_repetitions_are_not() {
    let one = item("p1", "AUTHORISATION", "1000");
    let other = item("p1", "AUTHORISATION", "2000");
    let body = signed(&[one.clone(), other.clone(), one.clone()]);
    let events = verify(&body, false).unwrap().events();
    assert_ne!(events[0].id, events[1].id);
    assert_eq!(events[0].id, events[2].id);
    // The order of the events in a repeated delivery does not matter.
    let again_body = signed(&[other, one]);
    let again = verify(&again_body, false).unwrap().events();
    assert_eq!([&again[1].id, &again[0].id], [&events[0].id, &events[1].id]);
}

#[test]
fn what_is_not_signed_makes_no_second_event() {
    let genuine = item("p1", "AUTHORISATION", "1000");
    let alone = signed(core::slice::from_ref(&genuine));
    // The captured event again, with a change where nothing is signed.
    for (from, to) in [
        (r#""success":"true""#, r#""success":"true","reason":"other""#),
        (r#""success":"true""#, r#""success":true"#),
        (r#""merchantReference""#, r#""originalReference":null,"merchantReference""#),
    ] {
        let varied = signed(&[genuine.clone(), genuine.clone()]).replacen(from, to, 1);
        let events = verify(&varied, false).unwrap().events();
        assert!(events.iter().all(|event| event.id_is_signed));
        assert_eq!(ids(&events), ["p1:AUTHORISATION:true"; 2], "{to}");
    }
    // Neither does it where there is no id: the digest is that of what is signed.
    let nameless = alone.replacen(r#""pspReference":"p1""#, r#""x":1"#, 1);
    assert!(verify(&nameless, false).is_err());
    let nameless = signed(&[genuine.replacen(r#""pspReference":"p1""#, r#""x":1"#, 1)]);
    let varied = nameless.replacen(r#""x":1"#, r#""x":2"#, 1);
    let (first, second) =
        (verify(&nameless, false).unwrap().events(), verify(&varied, false).unwrap().events());
    assert!(first[0].id.starts_with("sha256:") && first[0].id_is_signed);
    assert_eq!(ids(&first), ids(&second));
}

#[test]
fn what_other_readers_would_read_differently_is_refused() {
    let genuine = signed(&[item("p1", "AUTHORISATION", "1000")]);
    assert!(verify(&genuine, false).is_ok());
    // changed, to, expected
    let table = [
        (r#""value":1000"#, r#""value":["1000"]"#, "malformed_field"),
        (r#""value":1000"#, r#""value":{"value":1000}"#, "malformed_field"),
        (r#""value":1000"#, r#""value":1e3"#, "signature_mismatch"),
        (r#""value":1000"#, r#""value":1000,"value":1000"#, "malformed_body"),
        (
            r#""merchantReference":"order:1""#,
            r#""merchantReference":"1","merchantAccountCode":"order""#,
            "signature_mismatch",
        ),
        (r#""pspReference":"p1""#, r#""pspReference":"p1::","originalReference":null"#, "malformed_field"),
        (r#""success":"true""#, r#""success":"false""#, "signature_mismatch"),
        (r#""notificationItems":["#, r#""notificationItems":[{},"#, "events_refused"),
        (r#""notificationItems""#, r#""items""#, "missing_field"),
        ("hmacSignature", "signature", "missing_field"),
        (r#"{"live""#, r#"[{"live""#, "malformed_body"),
    ];
    for (from, to, expected) in table {
        let changed = genuine.replacen(from, to, 1);
        assert_ne!(changed, genuine, "{from}");
        assert_eq!(verify(&changed, false).unwrap_err().code(), expected, "{to}");
    }
    // Texts and numbers are one and the same to the provider's own library, and so are absent, null and empty.
    for (from, to) in [
        (r#""value":1000"#, r#""value":"1000""#),
        (r#""success":"true""#, r#""success":true"#),
        (r#""pspReference":"p1""#, r#""pspReference":"p1","originalReference":null"#),
        (r#""pspReference":"p1""#, r#""pspReference":"p1","originalReference":"","reason":"unsigned""#),
    ] {
        assert!(verify(&genuine.replacen(from, to, 1), false).is_ok(), "{to}");
    }
}

/// As adyen-strict-repartition of other suites: the same bytes, cut elsewhere.
#[test]
fn fields_cannot_be_cut_anew_under_the_same_signature() {
    let genuine = signed(&[item("p1", "AUTHORISATION", "1000")]);
    let cut = genuine
        .replacen(
            r#""merchantReference":"order:1""#,
            r#""merchantReference":"1","merchantAccountCode":":order""#,
            1,
        )
        .replacen(r#""pspReference":"p1""#, r#""pspReference":"p1","originalReference":"""#, 1);
    assert_eq!(verify(&cut, false).unwrap_err().code(), "malformed_field");
    // Everything moved by one place: the reference gives a piece, the last field takes one.
    let moved = genuine
        .replacen(r#""merchantReference":"order:1""#, r#""merchantReference":"order""#, 1)
        .replacen(r#"{"currency":"EUR","value":1000}"#, r#"{"currency":"1000","value":1}"#, 1)
        .replacen(
            r#""eventCode":"AUTHORISATION","success":"true""#,
            r#""eventCode":"EUR","success":"AUTHORISATION:true""#,
            1,
        );
    assert_eq!(verify(&moved, false).unwrap_err().code(), "malformed_field");
}

#[test]
fn a_batch_under_one_signature_is_taken_apart_too() {
    let gocardless = scheme("gocardless").unwrap();
    let body = r#"{"events":[{"id":"EV1","created_at":"2018-07-05T09:13:51.404Z","resource_type":"payments","action":"confirmed"},{"id":"EV2","resource_type":"mandates","action":"created"},{"action":"x"}],"meta":{"webhook_id":"WB1"}}"#;
    let read = |body: &str| {
        let delivery = outgoing(gocardless, body.as_bytes()).sign(gocardless, secret(gocardless)).unwrap();
        let headers = once(&delivery.headers);
        let options = Options { secrets: &[secret(gocardless)], ..Options::default() };
        let request = Request { headers: &headers, url: None, body: body.as_bytes(), now: seconds(NOW_S) };
        Verifier::new(gocardless, options).unwrap().verify(&request).unwrap().events()
    };
    let events = read(body);
    assert_eq!(ids(&events[..2]), ["EV1", "EV2"]);
    assert!(events[2].id.starts_with("sha256:") && events[2].id_is_signed);
    assert_eq!(events[0].kind.as_deref(), Some("payments.confirmed"));
    assert_eq!(events[0].occurred_at.map(|at| at.unix_ms()), Some(1_530_782_031_404));
    // Genuine, but without events: one event stands for it, so that it is not lost.
    for strange in ["{}", r#"{"events":[]}"#, "not JSON"] {
        let events = read(strange);
        assert_eq!(events.len(), 1, "{strange}");
        assert!(events[0].id.starts_with("sha256:") && events[0].index.is_none());
    }
}
