//! Schemes that sign fields of forms, queries and documents: only what is signed may decide, and in one reading.

use tillproof::advice::Diagnose;
use tillproof::crypto::{Secret, encode_hex, hmac_sha256};
use tillproof::webhook::{HeaderValue, Options, Request, Strength, Verifier, scheme};

use super::samples::{NOW_S, delivery, once, outgoing, seconds, secret, verifier};

/// The code of the verdict on the sample delivery of a scheme with another body, or another URL.
fn code(name: &str, body: Option<&str>, url: Option<&str>) -> &'static str {
    let scheme = scheme(name).unwrap();
    let signed = delivery(scheme);
    let headers = once(&signed.headers);
    let body = body.map_or(signed.body.as_slice(), str::as_bytes);
    let request = Request { headers: &headers, url, body, now: seconds(NOW_S) };
    verifier(scheme).verify(&request).map_or_else(|error| error.code(), |_| "verified")
}

#[test]
fn the_fields_of_a_form_count_in_any_order_and_spelling_but_with_one_value() {
    let table = [
        ("CallSid=CA1&From=%2B14158675309&To=%2B18005551212", "verified"),
        ("To=%2b18005551212&CallSid=CA1&From=%2B14158675309", "verified"),
        ("CallSid=CA1&CallSid=CA1&From=%2B14158675309&To=%2B18005551212", "verified"),
        ("CallSid=CA1&CallSid=CA2&From=%2B14158675309&To=%2B18005551212", "signature_mismatch"),
        ("CallSid=CA1&From=+14158675309&To=%2B18005551212", "signature_mismatch"),
        ("CallSid=CA1&From=%2B14158675309&To=%2B1800555121", "signature_mismatch"),
        ("CallSid=CA1&From=%2B14158675309&To=%2", "malformed_body"),
        ("CallSid=CA1&From=%2B14158675309&To=%FF", "malformed_body"),
    ];
    for (body, expected) in table {
        assert_eq!(code("twilio-form", Some(body), None), expected, "{body}");
    }
    let many = "a=1&".repeat(1001);
    assert_eq!(code("twilio-form", Some(&many), None), "malformed_body");
}

#[test]
fn a_url_is_tried_with_and_without_its_port_but_not_with_another_path() {
    let table = [
        ("https://shop.example/hooks", "verified"),
        ("https://shop.example:443/hooks", "verified"),
        ("https://shop.example:8443/hooks", "verified"),
        ("http://shop.example/hooks", "signature_mismatch"),
        ("https://shop.example/hooks/", "signature_mismatch"),
        ("", "missing_url"),
    ];
    for (url, expected) in table {
        assert_eq!(code("twilio-form", None, Some(url)), expected, "{url}");
    }
}

#[test]
fn a_url_that_binds_the_body_must_name_that_body_once() {
    let named = super::samples::url(scheme("twilio-body").unwrap());
    assert_eq!(code("twilio-body", None, Some(named)), "verified");
    assert_eq!(code("twilio-body", Some("{}"), Some(named)), "signature_mismatch");
    let twice = format!("{named}&bodySHA256=00");
    assert_eq!(code("twilio-body", None, Some(&twice)), "malformed_field");
    assert_eq!(code("twilio-body", None, Some("https://shop.example/hooks")), "missing_field");
}

#[test]
fn only_the_pair_of_our_public_key_counts() {
    let braintree = scheme("braintree").unwrap();
    let signed = delivery(braintree);
    let body = String::from_utf8(signed.body).unwrap();
    let table = [
        (body.clone(), "verified"),
        (body.replace("our_key", "a_key"), "missing_field"),
        (body.replace("bt_signature=", "bt_signature=a_key%7Cff%26"), "verified"),
        (body.replace("bt_signature=", "bt_signature=our_key%7Cff%26"), "verified"),
        (body.replace("bt_signature=", "bt_signature=ff%26"), "verified"),
        (format!("{body}&bt_payload=x"), "malformed_field"),
        (body.replace("bt_payload=", "bt_payload=%21"), "malformed_field"),
        (body.replace("bt_payload", "payload"), "missing_field"),
        (body.replace("bt_payload=P", "bt_payload=Q"), "signature_mismatch"),
    ];
    for (body, expected) in &table {
        assert_eq!(code("braintree", Some(body), None), *expected, "{body}");
    }
    let options = Options { secrets: &["s"], ..Options::default() };
    let refused = Verifier::new(braintree, options).unwrap_err();
    assert_eq!(refused.to_string(), "this scheme needs the option `public_key_id` beside the secret");
    let refused = Verifier::new(scheme("rapyd").unwrap(), options).unwrap_err();
    assert_eq!(refused.to_string(), "this scheme needs the option `access_key` beside the secret");
}

#[test]
fn a_key_id_narrows_the_list_when_the_caller_names_one() {
    let worldpay = scheme("worldpay-event-signature").unwrap();
    let body = b"{}";
    let signed = outgoing(worldpay, body).sign(worldpay, secret(worldpay)).unwrap();
    let genuine = signed.headers[0].1.clone();
    let ask = |header: &str, key_id: Option<&str>| {
        let options = Options { secrets: &[secret(worldpay)], public_key_id: key_id, ..Options::default() };
        let headers = [("Event-Signature", HeaderValue::Once(header))];
        let request = Request { headers: &headers, url: None, body, now: seconds(NOW_S) };
        let found = Verifier::new(worldpay, options).unwrap().verify(&request).map(|_| ());
        found.map_or_else(|error| error.code(), |()| "verified")
    };
    let list = format!("9/SHA256/ff,{genuine}");
    let table = [
        (list.clone(), None, "verified"),
        (list.clone(), Some("our_key"), "verified"),
        (list.clone(), Some("9"), "signature_mismatch"),
        (list.clone(), Some("7"), "missing_signature"),
        (genuine.replace("SHA256", "SHA1"), None, "missing_signature"),
        (genuine.replace("our_key", ""), None, "malformed_header"),
        (format!("{genuine}/x"), None, "malformed_header"),
        (format!("{genuine},"), None, "verified"),
        (format!("9/SHA256/ff, {genuine}, "), None, "verified"),
        (format!(",,9/SHA256/ff,  {genuine}"), Some("our_key"), "missing_signature"),
        (",".to_owned(), None, "missing_signature"),
        ("ff".to_owned(), None, "malformed_header"),
    ];
    for (header, key_id, expected) in table {
        assert_eq!(ask(&header, key_id), expected, "{header} {key_id:?}");
    }
}

#[test]
fn what_is_not_signed_may_change_and_the_row_says_so() {
    // scheme, changed, to, expected
    let table = [
        (
            "midtrans-sha512",
            r#""transaction_status":"capture""#,
            r#""transaction_status":"refund""#,
            "verified",
        ),
        ("midtrans-sha512", "10000.00", "90000.00", "signature_mismatch"),
        ("midtrans-sha512", r#""status_code":"200""#, r#""status_code":200"#, "verified"),
        ("midtrans-sha512", r#""order_id":"order-1","#, "", "missing_field"),
        ("noon-sha512", "CAPTURED", "REVERSED", "signature_mismatch"),
        ("novalnet-sha256", "SUCCESS", "FAILURE", "signature_mismatch"),
        ("mercadopago", "evt_1", "evt_2", "verified"),
        ("static-token", "evt_1", "evt_2", "verified"),
    ];
    for (name, from, to, expected) in table {
        let scheme = scheme(name).unwrap();
        assert_ne!(scheme.strength(), Strength::SignedBody);
        let body = String::from_utf8(delivery(scheme).body).unwrap();
        let changed = body.replacen(from, to, 1);
        assert_ne!(changed, body, "{name}");
        assert_eq!(code(name, Some(&changed), None), expected, "{name}: {to}");
    }
}

#[test]
fn segments_that_are_absent_are_left_out_and_none_can_swallow_another() {
    let url = |query: &str| format!("https://shop.example/hooks{query}");
    let table = [
        ("?data.id=123&type=payment", "verified"),
        ("?type=payment&data.id=123", "verified"),
        ("?data.id=124", "signature_mismatch"),
        ("", "signature_mismatch"),
        ("?data.id=", "signature_mismatch"),
        ("?data.id=+123%20", "verified"),
        ("?data.id=123&data.id=124", "malformed_field"),
        ("?data.id=123;request-id:x", "malformed_field"),
    ];
    for (query, expected) in table {
        assert_eq!(code("mercadopago", None, Some(&url(query))), expected, "{query}");
    }
}

/// As Mercado Pago's own library reads them.
#[test]
fn an_empty_segment_is_absent_and_white_space_in_the_list_is_nobodys() {
    let mercadopago = scheme("mercadopago").unwrap();
    let tag = |message: &str| {
        encode_hex(hmac_sha256(&Secret::new(secret(mercadopago).into()), message.as_bytes()).as_bytes())
    };
    let (whole, bare) = (tag("id:123;request-id:r1;ts:1700000000;"), tag("ts:1700000000;"));
    let ask = |signature: &str, request_id: &str, query: &str| {
        let url = format!("https://shop.example/hooks{query}");
        let headers =
            [("x-signature", HeaderValue::Once(signature)), ("x-request-id", HeaderValue::Once(request_id))];
        let request = Request { headers: &headers, url: Some(&url), body: b"{}", now: seconds(NOW_S) };
        verifier(mercadopago).verify(&request).map_or_else(|error| error.code(), |_| "verified")
    };
    let table = [
        (format!("ts=1700000000,v1={whole}"), "r1", "?data.id=123", "verified"),
        (format!("ts=1700000000,v1={whole}"), " r1 ", "?data.id=123", "verified"),
        (format!(" TS = 1700000000 ,  V1 = {whole} "), "r1", "?data.id=123", "verified"),
        (format!("ts=1700000000,v1={bare}"), "", "?data.id=", "verified"),
        (format!("ts=1700000000,v1={bare}"), " ", "?x=1", "verified"),
        (format!("ts=1700000000,v1={bare}"), "r1", "?x=1", "signature_mismatch"),
        (format!("ts=1700000000, TS=1700000001,v1={bare}"), "", "", "malformed_header"),
    ];
    for (signature, request_id, query, expected) in table {
        assert_eq!(ask(&signature, request_id, query), expected, "{signature} {request_id} {query}");
    }
}

#[test]
fn the_name_of_an_http_scheme_has_no_case_and_other_prefixes_have() {
    let basic = scheme("static-token-basic").unwrap();
    let github = scheme("github-sha256").unwrap();
    for (scheme, from, to, expected) in [
        (basic, "Basic ", "basic ", "verified"),
        (basic, "Basic ", "BASIC ", "verified"),
        (basic, "Basic ", "Basic", "malformed_header"),
        (basic, "Basic ", "Bearer ", "malformed_header"),
        (github, "sha256=", "SHA256=", "malformed_header"),
    ] {
        let signed = delivery(scheme);
        let (name, value) = signed.headers.iter().find(|(name, _)| *name == scheme.place_name()).unwrap();
        let value = value.replacen(from, to, 1);
        let headers = [(*name, HeaderValue::Once(&value))];
        let request = Request { headers: &headers, url: None, body: &signed.body, now: seconds(NOW_S) };
        let found = verifier(scheme).verify(&request).map_or_else(|error| error.code(), |_| "verified");
        assert_eq!(found, expected, "{value}");
    }
}

#[test]
fn headers_of_either_family_are_read_and_never_a_mixture() {
    let svix = scheme("svix-v1").unwrap();
    let body = b"{}";
    let own = outgoing(svix, body).sign(svix, secret(svix)).unwrap().headers;
    let standard = scheme("standard-webhooks-v1").unwrap();
    let plain = outgoing(standard, body).sign(standard, secret(svix)).unwrap().headers;
    let ask = |headers: &[(&'static str, String)]| {
        let request = Request { headers: &once(headers), url: None, body, now: seconds(NOW_S) };
        let found = verifier(svix).verify(&request);
        found.map(|verified| verified.events()[0].id.clone()).map_err(|error| error.code())
    };
    assert_eq!(ask(&own), Ok("msg_1".to_owned()));
    assert_eq!(ask(&plain), Ok("msg_1".to_owned()));
    // Svix's own names win where both families are whole.
    let mut both = own.clone();
    both.extend(plain.iter().map(|(name, _)| (*name, "x".to_owned())));
    assert_eq!(ask(&both), Ok("msg_1".to_owned()));
    let mixed = [own[0].clone(), plain[1].clone(), plain[2].clone()];
    assert_eq!(ask(&mixed), Err("missing_header"));
}

#[test]
fn each_of_several_headers_may_hold_but_none_may_come_twice() {
    let hookdeck = scheme("hookdeck").unwrap();
    let signed = delivery(hookdeck);
    let genuine = signed.headers.iter().find(|(name, _)| *name == "x-hookdeck-signature").unwrap().1.clone();
    let ask = |headers: &[(&str, HeaderValue<'_>)]| {
        let request = Request { headers, url: None, body: &signed.body, now: seconds(NOW_S) };
        verifier(hookdeck).verify(&request).map_or_else(|error| error.code(), |_| "verified")
    };
    let (first, second) = ("x-hookdeck-signature", "x-hookdeck-signature-2");
    let (good, bad) = (HeaderValue::Once(&genuine), HeaderValue::Once("bm8="));
    let table = [
        (vec![(first, good)], "verified"),
        (vec![(second, good)], "verified"),
        (vec![(first, bad), (second, good)], "verified"),
        (vec![(first, good), (second, bad)], "verified"),
        (vec![(first, bad), (second, bad)], "signature_mismatch"),
        (vec![(first, good), (first, good)], "repeated_header"),
        (vec![(first, good), (second, HeaderValue::Repeated)], "repeated_header"),
        (vec![(first, HeaderValue::Once("")), (second, good)], "verified"),
        (vec![], "missing_header"),
    ];
    for (headers, expected) in table {
        assert_eq!(ask(&headers), expected, "{headers:?}");
    }
}

#[test]
fn the_answer_to_braintrees_challenge_which_anybody_may_ask_for_signs_no_event() {
    // What Braintree's own library answers to `bt_challenge`, asked of the endpoint of "integration_private_key".
    let (challenge, answer) =
        ("20f9f8ed05f77439fe955c977e4c8a53", "pub1|d9b899556c966b3f06945ec21311865d35df3ce4");
    let braintree = scheme("braintree").unwrap();
    let options =
        Options { secrets: &["integration_private_key"], public_key_id: Some("pub1"), ..Options::default() };
    let verifier = Verifier::new(braintree, options).unwrap();
    let body = format!("bt_signature={}&bt_payload={challenge}", answer.replace('|', "%7C"));
    let request = Request { headers: &[], url: None, body: body.as_bytes(), now: seconds(NOW_S) };
    assert_eq!(verifier.verify(&request).unwrap_err().code(), "malformed_field");
}
