//! The border to JavaScript, run where JavaScript is: in Node and in headless Chromium.
//!
//! What is checked here is what native tests cannot see: that the host's own `JSON.parse` reads every answer, that
//! the engine compiled for wasm gives the bytes it gives natively, and that hostile documents of any size are answered.
#![cfg(target_family = "wasm")]

use js_sys::{JSON, Object, Reflect};
use tillproof::json::{BYTES_MAX, DEPTH_MAX};
use tillproof::wasm::simulator::exports as simulator;
use tillproof::wasm::{payments::exports as payments, webhooks::exports as webhooks};
use wasm_bindgen::JsValue;
use wasm_bindgen_test::wasm_bindgen_test;

/// A field of a JavaScript object; `undefined` when it has none.
fn field(object: &JsValue, name: &str) -> JsValue {
    Reflect::get(object, &name.into()).unwrap()
}

/// An answer as the host reads it: an envelope with `ok` or `error` and nothing else.
fn parsed(answer: Vec<u8>) -> JsValue {
    let text = String::from_utf8(answer).unwrap();
    let envelope = JSON::parse(&text).unwrap_or_else(|_| panic!("the host cannot read {text}"));
    let names: Vec<JsValue> = Object::keys(&envelope.clone().into()).to_vec();
    assert!(names == ["ok"] || names == ["error"], "{text}");
    envelope
}

/// What a good answer holds.
fn fine(answer: Vec<u8>) -> JsValue {
    let envelope = parsed(answer);
    assert!(field(&envelope, "error").is_undefined(), "{}", code(&envelope));
    field(&envelope, "ok")
}

/// The code of a refusal, after a look at its other parts.
fn refusal(answer: Vec<u8>) -> String {
    let envelope = parsed(answer);
    let error = field(&envelope, "error");
    assert!(!error.is_undefined(), "{}", String::from(JSON::stringify(&envelope).unwrap()));
    assert!(!field(&error, "message").as_string().unwrap().is_empty());
    assert_eq!(field(&error, "advice").as_string().unwrap(), "fix_call");
    assert!(field(&error, "details").is_object());
    code(&envelope)
}

fn code(envelope: &JsValue) -> String {
    field(&field(envelope, "error"), "code").as_string().unwrap_or_default()
}

/// An intent for an amount, written as it stands in the document.
fn intent(amount: &str, currency: &str) -> Vec<u8> {
    payments::payments_open(
        format!(
            concat!(
                r#"{{"profile":"conservative","secret":"{secret}","now":1770000000000,"request":{{"#,
                r#""merchant":"shop","operation":"charge","reference":"order_1","#,
                r#""amount":{amount},"currency":"{currency}"}}}}"#
            ),
            secret = "0f".repeat(32),
            amount = amount,
            currency = currency
        )
        .as_bytes(),
    )
}

#[wasm_bindgen_test]
fn an_amount_crosses_as_digits_or_a_safe_number_and_comes_back_as_digits() {
    for amount in ["\"1050\"", "1050"] {
        let opened = fine(intent(amount, "EUR"));
        let text = String::from(JSON::stringify(&opened).unwrap());
        assert!(text.contains(r#""amount":"1050""#), "{text}");
    }
}

#[wasm_bindgen_test]
fn an_amount_that_is_none_is_refused_by_its_code() {
    let table = [
        ("-1", "EUR", "amount_not_an_integer"),
        ("1.5", "EUR", "amount_not_an_integer"),
        ("1e3", "EUR", "amount_not_an_integer"),
        ("9007199254740992", "EUR", "amount_unsafe_number"),
        ("\"9223372036854775808\"", "EUR", "amount_too_large"),
        ("\"01\"", "EUR", "amount_not_an_integer"),
        ("\" 1\"", "EUR", "amount_not_an_integer"),
        ("{}", "EUR", "amount_not_an_integer"),
        ("1050", "EURO", "currency_unknown"),
        ("NaN", "EUR", "json_syntax"),
    ];
    for (amount, currency, expected) in table {
        assert_eq!(refusal(intent(amount, currency)), expected, "{amount} {currency}");
    }
}

#[wasm_bindgen_test]
fn a_document_that_is_none_is_refused_at_every_door() {
    let deep = "[".repeat(DEPTH_MAX + 1);
    let lone_surrogate = r#"{"profile":"\ud800"}"#;
    let table: [(&[u8], &str); 8] = [
        (b"", "json_syntax"),
        (b"nonsense", "json_syntax"),
        (b"{} {}", "json_syntax"),
        (b"\xff\xfe", "json_syntax"),
        (lone_surrogate.as_bytes(), "json_syntax"),
        (deep.as_bytes(), "json_too_deep"),
        (br#"{"a":1,"a":2}"#, "json_duplicate_member"),
        (b"[]", "field_invalid"),
    ];
    let doors: [(&str, fn(&[u8]) -> Vec<u8>); 6] = [
        ("payments_open", payments::payments_open),
        ("payments_step", payments::payments_step),
        ("payments_view", payments::payments_view),
        ("payments_derive_key", payments::payments_derive_key),
        ("webhooks_verifier", webhooks::webhooks_verifier),
        ("webhooks_sign", |input| simulator::webhooks_sign(input, b"")),
    ];
    for (door, call) in doors {
        for (document, expected) in table {
            let shown = String::from_utf8_lossy(document).into_owned();
            assert_eq!(refusal(call(document)), expected, "{door} given {shown}");
        }
    }
}

#[wasm_bindgen_test]
fn a_document_beyond_the_limit_is_refused_and_the_instance_lives_on() {
    assert_eq!(refusal(payments::payments_open(&vec![b' '; BYTES_MAX + 1])), "json_too_large");
    assert!(field(&fine(payments::payments_profiles()), "length").as_f64().unwrap() > 0.0);
}

/// Opens a verifier and gives its handle.
fn verifier(scheme: &str, secret: &str) -> u32 {
    let options = format!(r#"{{"scheme":"{scheme}","secrets":["{secret}"]}}"#);
    fine(webhooks::webhooks_verifier(options.as_bytes())).as_f64().unwrap() as u32
}

/// The request document of a delivery signed by the crate itself at this time.
fn signed(secret: &str, body: &[u8]) -> Vec<u8> {
    let input = format!(r#"{{"scheme":"stripe-v1","secret":"{secret}","timestamp":1770000000000}}"#);
    let headers = fine(simulator::webhooks_sign(input.as_bytes(), body));
    let pairs = String::from(JSON::stringify(&Object::entries(&headers.into())).unwrap());
    format!(r#"{{"headers":{pairs},"now":1770000000000}}"#).into_bytes()
}

#[wasm_bindgen_test]
fn a_body_crosses_byte_for_byte() {
    let handle = verifier("stripe-v1", "whsec_test");
    let mut body = br#"{"id":"evt_1","type":"a.b","created":1770000000,"note":"#.to_vec();
    body.extend_from_slice("\"\u{20ac} \u{1f4b6} \\u0000\"}".as_bytes());
    let request = signed("whsec_test", &body);

    let verdict = fine(webhooks::webhooks_verify(handle, &request, &body));
    assert!(field(&verdict, "refused").is_undefined());
    assert_eq!(field(&verdict, "secret_index").as_f64(), Some(0.0));

    for position in [0, body.len() / 2, body.len() - 1] {
        let mut changed = body.clone();
        changed[position] ^= 0x80;
        let verdict = fine(webhooks::webhooks_verify(handle, &request, &changed));
        assert!(!field(&verdict, "refused").is_undefined(), "byte {position}");
    }
    let _ = webhooks::webhooks_release(handle);
}

#[wasm_bindgen_test]
fn a_handle_that_was_released_is_refused_and_never_another_verifier() {
    let first = verifier("stripe-v1", "whsec_first");
    let request = signed("whsec_first", b"{}");
    let _ = fine(webhooks::webhooks_release(first));
    let second = verifier("stripe-v1", "whsec_second");
    assert_ne!(first, second);
    for stranger in [first, 0, u32::MAX] {
        assert_eq!(refusal(webhooks::webhooks_verify(stranger, &request, b"{}")), "unknown_handle");
    }
    let _ = fine(webhooks::webhooks_release(first));
    let _ = fine(webhooks::webhooks_release(second));
}

#[wasm_bindgen_test]
fn a_key_is_the_one_another_implementation_derives() {
    let input = format!(
        r#"{{"secret":"{}","merchant":"shop","operation":"charge","reference":"order_1"}}"#,
        "0f".repeat(32)
    );
    let key = fine(payments::payments_derive_key(input.as_bytes()));
    // HMAC-SHA-256 of the six fields, each behind its length, computed with Python's hmac module.
    assert_eq!(key.as_string().unwrap(), "40974fd20c182803ac8656968ba62b75");
}
