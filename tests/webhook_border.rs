//! The border of the `webhooks` artefact, as JavaScript meets it but natively: documents in, replies out.
#![cfg(not(target_family = "wasm"))]
#![expect(clippy::unwrap_used, reason = "a test that cannot go on should stop loudly")]

use tillproof::json::{self, quoted};
use tillproof::wasm::webhooks::{Verifiers, schemes, sign};
use tillproof::webhook::SCHEMES;

const OPTIONS: &[u8] = br#"{"scheme":"stripe-v1","secrets":["whsec_1"]}"#;
const BODY: &[u8] = br#"{"id":"evt_1","type":"charge.succeeded","created":1}"#;

fn text(reply: Vec<u8>) -> String {
    String::from_utf8(reply).unwrap()
}

fn request(header: &str, now: u64) -> Vec<u8> {
    format!(r#"{{"headers":[["Stripe-Signature",{}]],"now":{now}}}"#, quoted(header)).into_bytes()
}

/// The header of [`BODY`] signed by the key of [`OPTIONS`] at 1 700 000 000 s.
fn signature() -> String {
    let input = br#"{"scheme":"stripe-v1","secret":"whsec_1","timestamp":1700000000000}"#;
    let reply = text(sign(input, BODY));
    let reply = json::parse(reply.as_bytes()).unwrap();
    reply
        .get("ok")
        .unwrap()
        .get("headers")
        .unwrap()
        .get("stripe-signature")
        .unwrap()
        .as_str()
        .unwrap()
        .to_owned()
}

#[test]
fn a_delivery_crosses_with_its_event_or_with_the_reason_it_was_refused() {
    let mut verifiers = Verifiers::default();
    assert_eq!(text(verifiers.open(OPTIONS)), r#"{"ok":1}"#);
    let header = signature();
    assert_eq!(
        text(verifiers.verify(1, &request(&header, 1_700_000_000_000), BODY)),
        concat!(
            r#"{"ok":{"secret_index":0,"events":[{"id":"evt_1","id_is_signed":true,"#,
            r#""type":"charge.succeeded","occurred_at":1000}],"timestamp":1700000000000}}"#
        )
    );
    let refused = text(verifiers.verify(1, &request(&header, 1_700_000_301_000), BODY));
    assert!(refused.starts_with(r#"{"ok":{"refused":{"code":"timestamp_too_old""#), "{refused}");
    let twice = br#"{"headers":[["stripe-signature",["t=1"]]],"now":0}"#;
    let refused = text(verifiers.verify(1, twice, BODY));
    assert!(refused.starts_with(r#"{"ok":{"refused":{"code":"repeated_header""#), "{refused}");
}

#[test]
fn equal_options_share_a_handle_until_all_have_let_go() {
    let mut verifiers = Verifiers::default();
    let other = br#"{"scheme":"stripe-v1","secrets":["whsec_2"]}"#;
    assert_eq!(text(verifiers.open(OPTIONS)), r#"{"ok":1}"#);
    assert_eq!(text(verifiers.open(OPTIONS)), r#"{"ok":1}"#);
    assert_eq!(text(verifiers.open(other)), r#"{"ok":2}"#);
    let asks = request(&signature(), 1_700_000_000_000);
    assert_eq!(text(verifiers.release(1)), r#"{"ok":null}"#);
    assert!(text(verifiers.verify(1, &asks, BODY)).contains("evt_1"));
    let _ = verifiers.release(1);
    assert!(text(verifiers.verify(1, &asks, BODY)).contains("unknown_handle"));
    assert_eq!(text(verifiers.open(OPTIONS)), r#"{"ok":3}"#);
}

#[test]
fn a_wrong_call_names_the_field() {
    let mut verifiers = Verifiers::default();
    let table: [(&str, &str); 8] = [
        ("{", "json_syntax"),
        ("[]", "field_invalid"),
        (r#"{"secrets":["s"]}"#, "field_missing"),
        (r#"{"scheme":"nobody","secrets":["s"]}"#, "unknown_scheme"),
        (r#"{"scheme":"stripe-v1"}"#, "missing_secret"),
        (r#"{"scheme":"stripe-v1","secrets":[7]}"#, "field_invalid"),
        (r#"{"scheme":"stripe-v1","secrets":["s"],"tolerance":1}"#, "field_unknown"),
        (r#"{"scheme":"stripe-v1","secrets":["s"],"tolerance_seconds":-1}"#, "field_invalid"),
    ];
    for (options, code) in table {
        let reply = text(verifiers.open(options.as_bytes()));
        assert!(reply.starts_with(&format!(r#"{{"error":{{"code":"{code}""#)), "{options}: {reply}");
    }
    let _ = verifiers.open(OPTIONS);
    for (request, code) in [
        (r#"{"headers":[["a"]],"now":0}"#, "field_invalid"),
        (r#"{"headers":[["a",1]],"now":0}"#, "field_invalid"),
        (r#"{"headers":[]}"#, "field_missing"),
        (r#"{"headers":[],"now":253402300800000}"#, "field_invalid"),
    ] {
        let reply = text(verifiers.verify(1, request.as_bytes(), BODY));
        assert!(reply.starts_with(&format!(r#"{{"error":{{"code":"{code}""#)), "{request}: {reply}");
    }
}

#[test]
fn the_list_of_schemes_says_what_is_signed_and_what_identifies_an_event() {
    let reply = text(schemes());
    let reply = json::parse(reply.as_bytes()).unwrap();
    let list = reply.get("ok").unwrap().as_array().unwrap();
    assert_eq!(list.len(), SCHEMES.len());
    let standard =
        list.iter().find(|row| row.get("name").unwrap().as_str() == Some("standard-webhooks-v1")).unwrap();
    assert_eq!(
        standard.to_text(),
        concat!(
            r#"{"name":"standard-webhooks-v1","provider":"Standard Webhooks","#,
            r#""headers":["webhook-signature","webhook-id","webhook-timestamp"],"algorithm":"hmac-sha256","#,
            r#""signed_content":"{webhook-id}.{timestamp}.{body}","signs_url":false,"signs_time":true,"#,
            r#""event_id":"header webhook-id","event_id_is_signed":true,"retry_window_hours":76,"#,
            r#""strength":"signed_body","source":"standard-webhooks/standard-webhooks:spec/standard-webhooks.md","checked":"2026-11","#,
            r#""evidence":"sdk_run","tolerance_seconds":300}"#
        )
    );
}
