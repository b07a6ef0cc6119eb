//! The border to JavaScript, run where JavaScript is: in Node and in headless Chromium.
//!
//! What is checked here is what native tests cannot see: that the host's own `JSON.parse` reads every answer, that
//! the engine compiled for wasm gives the bytes it gives natively, and that hostile documents of any size are answered.
#![cfg(target_family = "wasm")]

use js_sys::{JSON, Object, Reflect, Uint8Array};
use tillproof::crypto::sha256_hex;
use tillproof::json::{BYTES_MAX, DEPTH_MAX};
use tillproof::wasm::payments::{exports as payments, table_exports as tables};
use tillproof::wasm::scratch::{ABSENT, LAYOUT, LENGTHS, NOW, SLOTS_AT, URL};
use tillproof::wasm::simulator::exports as simulator;
use tillproof::wasm::webhooks::answer;
use tillproof::wasm::webhooks::exports as webhooks;
use tillproof::world::{Stage, live};
use wasm_bindgen::{JsCast as _, JsValue};
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

/// The engine is handed the profile it decides by.
const CONSERVATIVE: &str = include_str!("../../src/payments/profiles/conservative.json");

/// An intent for an amount, written as it stands in the document.
fn intent(amount: &str, currency: &str) -> Vec<u8> {
    payments::payments_open(
        format!(
            concat!(
                r#"{{"profile":{profile},"secret":"{secret}","now":1770000000000,"request":{{"#,
                r#""merchant":"shop","operation":"charge","reference":"order_1","#,
                r#""amount":{amount},"currency":"{currency}"}}}}"#
            ),
            profile = CONSERVATIVE,
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
    let doors: [(&str, fn(&[u8]) -> Vec<u8>); 5] = [
        ("payments_open", payments::payments_open),
        ("payments_step", payments::payments_step),
        ("payments_view", payments::payments_view),
        ("payments_derive_key", tables::payments_derive_key),
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
    let profile = tables::payments_profile(format!(r#"{{"profile":{CONSERVATIVE}}}"#).as_bytes());
    assert_eq!(fine(profile).as_string().unwrap(), "conservative");
}

/// Writes into this module's memory, as the shell does.
fn write(address: u32, bytes: &[u8]) {
    let memory: js_sys::WebAssembly::Memory = wasm_bindgen::memory().unchecked_into();
    Uint8Array::new_with_byte_offset_and_length(&memory.buffer(), address, bytes.len() as u32)
        .copy_from(bytes);
}

fn put(word: usize, value: u32) {
    write(webhooks::webhooks_area() + word as u32 * 4, &value.to_le_bytes());
}

fn word(word: usize) -> u32 {
    let memory: js_sys::WebAssembly::Memory = wasm_bindgen::memory().unchecked_into();
    let at = webhooks::webhooks_area() + word as u32 * 4;
    let mut bytes = [0; 4];
    Uint8Array::new_with_byte_offset_and_length(&memory.buffer(), at, 4).copy_to(&mut bytes);
    u32::from_le_bytes(bytes)
}

/// Opens a verifier and gives its handle.
fn verifier(scheme: &str, secret: &str) -> u32 {
    let _ = webhooks::webhooks_area();
    let mut options = Vec::new();
    for (tag, text) in [(0, scheme), (1, secret)] {
        options.push(tag);
        options.extend((text.len() as u32).to_le_bytes());
        options.extend(text.as_bytes());
    }
    write(webhooks::webhooks_text(options.len()), &options);
    webhooks::webhooks_open()
}

/// Signs a body by the crate itself and lays out what the delivery claims.
fn claim(secret: &str, body: &[u8]) {
    let input = format!(r#"{{"scheme":"stripe-v1","secret":"{secret}","timestamp":1770000000000}}"#);
    let signed = fine(simulator::webhooks_sign(input.as_bytes(), body));
    let header = field(&field(&signed, "headers"), "stripe-signature").as_string().unwrap();
    let now = 1_770_000_000_000_u64;
    put(NOW, now as u32);
    put(NOW + 1, (now >> 32) as u32);
    put(URL, ABSENT);
    put(LENGTHS, header.len() as u32);
    write(webhooks::webhooks_area() + SLOTS_AT as u32, header.as_bytes());
}

fn verify(handle: u32, body: &[u8]) -> u32 {
    let begun = webhooks::webhooks_begin(handle, body.len(), body.len());
    if begun != answer::HASH {
        return begun;
    }
    write(word(LAYOUT) + word(LAYOUT + 1), body);
    webhooks::webhooks_absorb(body.len());
    webhooks::webhooks_close(0)
}

#[wasm_bindgen_test]
fn a_body_crosses_byte_for_byte() {
    let handle = verifier("stripe-v1", "whsec_test");
    let mut body = br#"{"id":"evt_1","type":"a.b","created":1770000000,"note":"#.to_vec();
    body.extend_from_slice("\"\u{20ac} \u{1f4b6} \\u0000\"}".as_bytes());
    claim("whsec_test", &body);
    assert_eq!(verify(handle, &body), answer::VERIFIED);
    for position in [0, body.len() / 2, body.len() - 1] {
        let mut changed = body.clone();
        changed[position] ^= 0x80;
        assert_eq!(verify(handle, &changed), answer::REFUSED, "byte {position}");
    }
}

#[wasm_bindgen_test]
fn a_handle_that_nobody_was_given_is_refused_and_each_is_one_verifier() {
    let first = verifier("stripe-v1", "whsec_first");
    let second = verifier("stripe-v1", "whsec_second");
    assert_ne!(first, second);
    claim("whsec_first", b"{}");
    assert_eq!(verify(first, b"{}"), answer::VERIFIED);
    for stranger in [second, second + 1, 0, u32::MAX] {
        assert_eq!(verify(stranger, b"{}"), answer::REFUSED);
    }
}

#[wasm_bindgen_test]
fn a_key_is_the_one_another_implementation_derives() {
    let input = format!(
        r#"{{"secret":"{}","merchant":"shop","operation":"charge","reference":"order_1"}}"#,
        "0f".repeat(32)
    );
    let key = fine(tables::payments_derive_key(input.as_bytes()));
    // HMAC-SHA-256 of the six fields, each behind its length, computed with Python's hmac module.
    assert_eq!(key.as_string().unwrap(), "40974fd20c182803ac8656968ba62b75");
}

#[wasm_bindgen_test]
fn a_seed_is_lived_as_it_is_natively() {
    let stage = Stage::new("default", tillproof::payments::Safeguards::default()).unwrap();
    let text: String = (0..40).map(|seed| live(&stage, seed, true).trace.unwrap()).collect();
    let published = include_str!("../seeds/trace.sha256").trim();
    assert_eq!(tillproof::crypto::sha256_hex(text.as_bytes()), published);
}

/// The same as in `tests/simulator/stripe/same_bytes.rs` and `tests/js/simulator.test.ts`, which read the same file.
#[wasm_bindgen_test]
fn the_same_requests_to_the_simulator_give_the_bytes_that_every_platform_gives() {
    let (expected, requests) = include_str!("../simulator/same-bytes.txt").split_once('\n').unwrap();
    let created = fine(simulator::simulator_create(br#"{"seed":7,"dialect":"stripe"}"#));
    let handle = created.as_f64().unwrap() as u32;
    let (mut seen, mut id) = (String::new(), String::new());
    for round in 0..12 {
        for (line, text) in requests.lines().enumerate() {
            let text = text.replace("{n}", &round.to_string()).replace("{id}", &id);
            let parts: Vec<&str> = text.split(' ').collect();
            let (path, query) = parts[1].split_once('?').unwrap_or((parts[1], ""));
            let headers = [
                (0, "Bearer sk_test_tillproof".to_owned()),
                (1, "application/x-www-form-urlencoded".to_owned()),
                (4, format!("key {round} {line}")),
            ];
            let body = parts.get(2).copied().unwrap_or_default();
            let (status, answered, body) = ask(handle, [parts[0], path, query], &headers, body);
            if status == 200 && parts[0] == "POST" {
                id = body.split('"').nth(3).unwrap().to_owned();
            }
            seen += &format!("{status}{answered} {body}\n");
        }
    }
    assert_eq!(expected, format!("expected {}", sha256_hex(seen.as_bytes())));
}

/// Asks a simulator through its area, as `pkg/src/simulator/area.ts` does: the status, the headers and the body.
fn ask(handle: u32, head: [&str; 3], headers: &[(u32, String)], body: &str) -> (u32, String, String) {
    const TEXTS_AT: usize = 296;
    const WRITTEN: [&str; 5] =
        ["content-type", "request-id", "stripe-version", "idempotency-key", "stripe-account"];
    const MARK: u32 = 1 << 31;
    let area = simulator::simulator_area(16_384) as u32;
    let set = |word: u32, value: usize| write(area + word * 4, &(value as u32).to_le_bytes());
    let now = 1_767_225_600_000_u64;
    write(area, &now.to_le_bytes());
    let mut texts = head.concat();
    for (word, text) in (2..).zip(head.into_iter().chain([body])) {
        set(word, text.len());
    }
    set(6, headers.len());
    for (word, (place, value)) in (7..).step_by(2).zip(headers) {
        set(word, *place as usize);
        set(word + 1, value.len());
        texts += value;
    }
    write(area + TEXTS_AT as u32, (texts + body).as_bytes());
    assert!(simulator::simulator_handle(handle));
    let memory: js_sys::WebAssembly::Memory = wasm_bindgen::memory().unchecked_into();
    let read = |at: u32, length: u32| {
        Uint8Array::new_with_byte_offset_and_length(&memory.buffer(), at, length).to_vec()
    };
    let get = |word: u32| u32::from_le_bytes(read(area + word * 4, 4).try_into().unwrap());
    let text = String::from_utf8(read(get(47), get(48))).unwrap();
    let (mut rest, mut answered) = (text.as_str(), String::new());
    let mut next = |length: u32| {
        let (found, behind) = rest.split_at(length as usize);
        rest = behind;
        found.to_owned()
    };
    for number in 0..get(49) {
        let (named, said) = (get(50 + 2 * number), get(51 + 2 * number));
        let name = if named < MARK { WRITTEN[named as usize].to_owned() } else { next(named - MARK) };
        let value = if said < MARK { next(said) } else { headers[(said - MARK) as usize].1.clone() };
        answered += &format!(" {name}: {value}");
    }
    (get(40), answered, rest.to_owned())
}
