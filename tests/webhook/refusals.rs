//! What is refused, in which order, and in which words.

use tillproof::advice::Diagnose;
use tillproof::crypto::{Secret, encode_base64, hmac_sha256};
use tillproof::time::Timestamp;
use tillproof::webhook::{
    BODY_BYTES_MAX, Error, HEADER_BYTES_MAX, HeaderValue, Options, Request, SECRETS_MAX, SIGNATURES_MAX,
    STANDARD_WEBHOOKS_V1, STRIPE_V1, Scheme, Verifier, scheme, sign,
};

use super::samples::{Headers, once, seconds, secret};

#[test]
fn when_several_rules_are_broken_the_first_is_reported() {
    let now = seconds(1_700_000_000);
    let body = b"{}";
    let genuine = sign(&STRIPE_V1, "whsec_1", "", now, body).unwrap().remove(0).1;
    let verifier =
        Verifier::new(&STRIPE_V1, Options { secrets: &["whsec_1"], ..Options::default() }).unwrap();
    let large = vec![b' '; BODY_BYTES_MAX + 1];
    let long = "x".repeat(HEADER_BYTES_MAX + 1);
    let joined = format!("{genuine}, {genuine}");
    let many = format!("t=bad{}", ",v1=00".repeat(SIGNATURES_MAX));
    let late = seconds(1_700_000_301);
    let once = |value| vec![("Stripe-Signature", HeaderValue::Once(value))];
    // headers, body, now, expected
    let table: Vec<(Headers<'_>, &[u8], Timestamp, &str)> = vec![
        (once(&long), &large, late, "body_too_large"),
        (once(&long), b"changed", late, "header_too_long"),
        (once(&many), b"changed", late, "too_many_signatures"),
        (vec![], b"changed", late, "missing_header"),
        ([once(&genuine), once(&genuine)].concat(), b"changed", late, "repeated_header"),
        (vec![("stripe-signature", HeaderValue::Repeated)], b"changed", late, "repeated_header"),
        (once(&joined), body, now, "malformed_header"),
        (once("bad_header"), b"changed", late, "malformed_header"),
        (once("t=1700000000,v0=00"), b"changed", late, "missing_signature"),
        (once(&genuine), b"changed", late, "signature_mismatch"),
        (once(&genuine), body, late, "timestamp_too_old"),
        (once(&genuine), body, now, "verified"),
    ];
    for (headers, body, now, expected) in table {
        let found = verifier.verify(&Request { headers: &headers, url: None, body, now });
        assert_eq!(found.map_or_else(|error| error.code(), |_| "verified"), expected);
    }
}

#[test]
fn the_window_is_exact_to_the_second_and_strict_closes_the_future() {
    let signed_at = 1_700_000_000;
    let at =
        |offset_ms: i64| Timestamp::from_unix_ms((signed_at * 1_000 + offset_ms).unsigned_abs()).unwrap();
    let body = b"{}";
    // scheme, strict, milliseconds after signing, expected
    let table: [(&'static Scheme, bool, i64, &str); 17] = [
        (&STRIPE_V1, false, 300_000, "verified"),
        (&STRIPE_V1, false, 300_999, "verified"),
        (&STRIPE_V1, false, 301_000, "timestamp_too_old"),
        (&STRIPE_V1, false, -315_360_000_000, "verified"),
        (&STRIPE_V1, true, -300_000, "verified"),
        (&STRIPE_V1, true, -301_000, "timestamp_in_future"),
        (&STANDARD_WEBHOOKS_V1, false, 300_999, "verified"),
        (&STANDARD_WEBHOOKS_V1, false, 301_000, "timestamp_too_old"),
        (&STANDARD_WEBHOOKS_V1, false, -300_000, "verified"),
        (&STANDARD_WEBHOOKS_V1, false, -301_000, "timestamp_in_future"),
        (scheme("revolut-v1").unwrap(), false, 300_000, "verified"),
        (scheme("revolut-v1").unwrap(), false, 300_001, "timestamp_too_old"),
        (scheme("airwallex").unwrap(), false, 86_400_000, "verified"),
        (scheme("airwallex").unwrap(), true, 300_000, "verified"),
        (scheme("airwallex").unwrap(), true, 300_001, "timestamp_too_old"),
        (scheme("airwallex").unwrap(), true, -300_000, "verified"),
        (scheme("airwallex").unwrap(), true, -300_001, "timestamp_in_future"),
    ];
    for (scheme, strict, offset, expected) in table {
        let secrets = &[secret(scheme)];
        let signed = sign(scheme, secrets[0], "msg_1", at(0), body).unwrap();
        let verifier = Verifier::new(scheme, Options { secrets, strict, ..Options::default() }).unwrap();
        let request = Request { headers: &once(&signed), url: None, body, now: at(offset) };
        let found = verifier.verify(&request).map_or_else(|error| error.code(), |_| "verified");
        assert_eq!(found, expected, "{} {offset}", scheme.name);
    }
    // Stripe's library has no window at 0; strict means what it says.
    let signed = sign(&STRIPE_V1, "s", "", at(0), body).unwrap();
    let headers = once(&signed);
    for (strict, expected) in [(false, "verified"), (true, "timestamp_too_old")] {
        let options = Options { secrets: &["s"], tolerance_seconds: Some(0), strict, ..Options::default() };
        let verifier = Verifier::new(&STRIPE_V1, options).unwrap();
        let found = verifier.verify(&Request { headers: &headers, url: None, body, now: at(86_400_000) });
        assert_eq!(found.map_or_else(|error| error.code(), |_| "verified"), expected);
    }
    // A time that is signed but not checked is checked on request.
    let airwallex = scheme("airwallex").unwrap();
    let signed = sign(airwallex, "s", "", at(0), body).unwrap();
    let request = Request { headers: &once(&signed), url: None, body, now: at(3_600_000) };
    let lax = Verifier::new(airwallex, Options { secrets: &["s"], ..Options::default() }).unwrap();
    assert!(lax.verify(&request).is_ok());
    let options = Options { secrets: &["s"], tolerance_seconds: Some(60), ..Options::default() };
    let asked = Verifier::new(airwallex, options).unwrap();
    assert_eq!(asked.verify(&request).unwrap_err().code(), "timestamp_too_old");
}

#[test]
fn the_secret_that_signed_is_named_wherever_it_stands() {
    let now = seconds(1_700_000_000);
    let signed = sign(&STRIPE_V1, " new \n", "", now, b"{}").unwrap();
    let verify = |secrets: &[&str]| {
        let verifier = Verifier::new(&STRIPE_V1, Options { secrets, ..Options::default() }).unwrap();
        let verified = verifier
            .verify(&Request { headers: &once(&signed), url: None, body: b"{}", now })
            .ok()?
            .secret_index();
        Some(verified)
    };
    assert_eq!(verify(&["new"]), Some(0));
    assert_eq!(verify(&["old", "new"]), Some(1));
    assert_eq!(verify(&["old", "new", "new"]), Some(1));
    assert_eq!(verify(&["old"]), None);
}

#[test]
fn a_message_id_that_could_move_the_cut_between_id_and_time_is_refused() {
    let now = seconds(1_614_265_330);
    let secret = secret(&STANDARD_WEBHOOKS_V1);
    let signed = sign(&STANDARD_WEBHOOKS_V1, secret, "msg", now, b"1.{}").unwrap();
    let signature = &signed.iter().find(|(name, _)| *name == "webhook-signature").unwrap().1;
    // The same bytes, "msg.1614265330.1.{}", cut one dot later.
    let moved = [
        ("webhook-id", HeaderValue::Once("msg.1614265330")),
        ("webhook-timestamp", HeaderValue::Once("1")),
        ("webhook-signature", HeaderValue::Once(signature)),
    ];
    let verifier =
        Verifier::new(&STANDARD_WEBHOOKS_V1, Options { secrets: &[secret], ..Options::default() }).unwrap();
    let found = verifier.verify(&Request { headers: &moved, url: None, body: b"{}", now: seconds(1) });
    assert_eq!(found.unwrap_err().code(), "malformed_header");
    assert!(sign(&STANDARD_WEBHOOKS_V1, secret, "msg.1", now, b"{}").is_err());
    assert!(sign(&STANDARD_WEBHOOKS_V1, secret, "", now, b"{}").is_err());
}

#[test]
fn a_verifier_is_refused_before_it_could_accept_anything() {
    let new = |scheme: &'static Scheme, secrets: &[&str]| {
        Verifier::new(scheme, Options { secrets, ..Options::default() }).unwrap_err().to_string()
    };
    let many = ["s"; SECRETS_MAX + 1];
    let hex = scheme("adyen-platform").unwrap();
    let messages = [
        scheme("stripe").unwrap_err().to_string(),
        scheme("Plaid webhook").unwrap_err().to_string(),
        scheme("strip").unwrap_err().to_string(),
        new(&STRIPE_V1, &[]),
        new(&STRIPE_V1, &many),
        new(&STRIPE_V1, &["fine", " \n"]),
        new(&STANDARD_WEBHOOKS_V1, &["whsec_"]),
        new(&STANDARD_WEBHOOKS_V1, &["whsec_MfKQ9"]),
        new(hex, &["11223344D78"]),
    ];
    assert_eq!(
        messages,
        [
            "no scheme is called \"stripe\": did you mean stripe-v1? schemes() lists those there are",
            "no scheme is called \"Plaid webhook\": did you mean plaid-jwt-es256? schemes() lists those there are",
            "no scheme is called \"strip\": schemes() lists those there are",
            "no secret was given: expected the signing secret of this endpoint",
            "9 secrets were given: at most 8 are tried, drop those that were rotated out",
            "the secret at index 1 is empty: anybody could sign with it",
            "the secret at index 0 is empty: anybody could sign with it",
            "the secret at index 0 cannot be decoded: 5 characters of base64: expected a multiple of four, padded \
             with `=`",
            "the secret at index 0 cannot be decoded: 11 characters of hexadecimal: expected an even number, two for \
             each byte",
        ]
    );
    let shown =
        format!("{:?}", Verifier::new(&STRIPE_V1, Options { secrets: &["hush"], ..Options::default() }));
    assert!(shown.contains("[REDACTED]") && !shown.contains("hush"), "{shown}");
}

#[test]
fn each_refusal_says_what_was_found_what_was_expected_and_what_to_do() {
    let header = "stripe-signature";
    let messages = [
        Error::OptionMissing { option: "access_key" },
        Error::SignatureInBody,
        Error::UrlMissing,
        Error::BodyTooLarge { found: 16_777_217 },
        Error::HeaderTooLong { header, found: 4_097 },
        Error::TooManySignatures { header, found: 21 },
        Error::HeaderMissing { header },
        Error::HeaderRepeated { header },
        Error::HeaderMalformed { header, expected: "a timestamp" },
        Error::SignatureAbsent { header },
        Error::BodyMalformed { expected: "a JSON document" },
        Error::FieldMissing { field: "signature_key" },
        Error::FieldMalformed { field: "value", expected: "a text or a number" },
        Error::BodyEmpty,
        Error::SignatureMismatch { body_is_empty: false },
        Error::SignatureMismatch { body_is_empty: true },
        Error::TooOld { age_seconds: 301, tolerance_seconds: 300 },
        Error::TooNew { ahead_seconds: 301, tolerance_seconds: 300 },
    ]
    .map(|error| format!("{}: {error}", error.code()));
    assert_eq!(
        messages,
        [
            "missing_option: this scheme needs the option `access_key` beside the secret",
            "signature_in_body: this scheme carries its signature in the body: headers alone are no signed delivery",
            "missing_url: this scheme signs the URL of the endpoint: pass `url` exactly as the provider was given it",
            "body_too_large: the body has 16777217 bytes: at most 16777216 are read",
            "header_too_long: the header `stripe-signature` has 4097 bytes: at most 4096 are read",
            "too_many_signatures: the header `stripe-signature` holds 21 items: at most 20 are read, no provider \
             sends that many",
            "missing_header: the header `stripe-signature` is missing: is this request from the provider?",
            "repeated_header: the header `stripe-signature` came as a list of values, or several times: expected it once, as one text",
            "malformed_header: the header `stripe-signature` is malformed: expected a timestamp",
            "missing_signature: the header `stripe-signature` holds no signature of the version this scheme accepts",
            "malformed_body: the body is not what this provider sends: expected a JSON document",
            "missing_field: the field `signature_key` is missing: is this request from the provider?",
            "malformed_field: the field `value` is malformed: expected a text or a number",
            "empty_body: the body is empty: this provider signs no empty body",
            "signature_mismatch: no signature matches: check that the body is the bytes as received and that the \
             secret is that of this endpoint",
            "signature_mismatch: no signature matches an empty body: check that no parser has consumed the body before",
            "timestamp_too_old: signed 301 s ago: at most 300 s are accepted; check the clock of this host",
            "timestamp_in_future: signed 301 s in the future: at most 300 s are accepted; check the clock of this host",
        ]
    );
}

#[test]
fn a_malformed_time_is_told_in_what_unit_it_was_expected() {
    for (name, time, expected) in [
        ("standard-webhooks-v1", "webhook-timestamp", "a timestamp of seconds in plain digits"),
        ("airwallex", "x-timestamp", "a timestamp of milliseconds in 13 plain digits"),
        ("iron", "webhook-timestamp", "a timestamp of seconds in 10 or milliseconds in 13 plain digits"),
    ] {
        let (scheme, now) = (scheme(name).unwrap(), seconds(1_700_000_000));
        let mut signed = sign(scheme, secret(scheme), "msg_1", now, b"{}").unwrap();
        signed.iter_mut().find(|(header, _)| *header == time).unwrap().1 = "2026-01-31".to_owned();
        let options = Options { secrets: &[secret(scheme)], ..Options::default() };
        let request = Request { headers: &once(&signed), url: None, body: b"{}", now };
        let refused = Verifier::new(scheme, options).unwrap().verify(&request).unwrap_err();
        assert_eq!(refused, Error::HeaderMalformed { header: time, expected });
    }
}

#[test]
fn a_byte_cannot_move_between_what_stands_before_the_body_and_the_body() {
    let cashfree = scheme("cashfree").unwrap();
    let now = seconds(1_700_000_000);
    let verifier = Verifier::new(cashfree, Options { secrets: &["s"], ..Options::default() }).unwrap();
    let time = ("x-webhook-timestamp", HeaderValue::Once("1700000000000"));
    // The base64 of the HMAC-SHA256 of `1700000000000.{}` under `s`.
    let ask = |body: &[u8]| {
        let tag = encode_base64(hmac_sha256(&Secret::new(b"s".to_vec()), b"1700000000000.{}").as_bytes());
        let headers = [time, ("x-webhook-signature", HeaderValue::Once(&tag))];
        let found = verifier.verify(&Request { headers: &headers, url: None, body, now });
        found.map_or_else(|error| error.code(), |_| "verified")
    };
    assert_eq!(ask(b"{}"), "verified");
    assert_eq!(ask(b".{}"), "malformed_body");
    assert_eq!(sign(cashfree, "s", "", now, b".{}").unwrap_err().code(), "malformed_body");
}

#[test]
fn what_a_list_holds_beside_signatures_neither_hides_nor_replaces_them() {
    let now = seconds(1_700_000_000);
    let body = b"{}";
    let stripe = sign(&STRIPE_V1, "s", "", now, body).unwrap().remove(0).1;
    let secret = secret(&STANDARD_WEBHOOKS_V1);
    let standard = sign(&STANDARD_WEBHOOKS_V1, secret, "msg", now, body).unwrap();
    let ask = |scheme: &'static Scheme, secret: &str, headers: &[(&str, HeaderValue<'_>)]| {
        let verifier = Verifier::new(scheme, Options { secrets: &[secret], ..Options::default() }).unwrap();
        let found = verifier.verify(&Request { headers, url: None, body, now });
        found.map_or_else(|error| error.code(), |_| "verified")
    };
    let table = [
        (format!("{stripe},"), "verified"),
        (format!(",{stripe}"), "verified"),
        (format!("{stripe},x=y z"), "verified"),
        (format!("{stripe},v1"), "verified"),
        (format!("{stripe},t=1700000000"), "malformed_header"),
        (stripe.replace("v1", " v1"), "missing_signature"),
        (stripe.replace("v1", "V1"), "missing_signature"),
        (stripe.replace("t=", " t="), "malformed_header"),
        (stripe.replace("v1=", "v1=,v1=00,v1="), "verified"),
        (",,".to_owned(), "malformed_header"),
    ];
    for (header, expected) in &table {
        let headers = [("stripe-signature", HeaderValue::Once(header))];
        assert_eq!(ask(&STRIPE_V1, "s", &headers), *expected, "{header}");
    }
    let genuine = &standard.iter().find(|(name, _)| *name == "webhook-signature").unwrap().1;
    let table = [
        (format!("{genuine} junk"), "verified"),
        (format!("v2,x  {genuine}"), "verified"),
        (format!("v1, {genuine}"), "verified"),
        (genuine.replace("v1,", "v1, "), "missing_signature"),
        (genuine.replace("v1,", "V1,"), "missing_signature"),
        ("junk".to_owned(), "malformed_header"),
    ];
    for (header, expected) in &table {
        let mut headers = once(&standard);
        for (name, value) in &mut headers {
            if *name == "webhook-signature" {
                *value = HeaderValue::Once(header);
            }
        }
        assert_eq!(ask(&STANDARD_WEBHOOKS_V1, secret, &headers), *expected, "{header}");
    }
}

#[test]
fn a_signed_body_of_no_bytes_is_refused_where_the_providers_library_refuses_it() {
    let now = seconds(1_700_000_000);
    let shopify = scheme("shopify").unwrap();
    let verifier = Verifier::new(shopify, Options { secrets: &["s"], ..Options::default() }).unwrap();
    let ask = |body: &[u8]| {
        let tag = encode_base64(hmac_sha256(&Secret::new(b"s".to_vec()), body).as_bytes());
        let headers = [("x-shopify-hmac-sha256", HeaderValue::Once(tag.as_str()))];
        let found = verifier.verify(&Request { headers: &headers, url: None, body, now });
        found.map_or_else(|error| error.code(), |_| "verified")
    };
    assert_eq!(ask(b"{}"), "verified");
    assert_eq!(ask(b""), "empty_body");
    assert_eq!(sign(shopify, "s", "", now, b"").unwrap_err().code(), "empty_body");
}

#[test]
fn signatures_that_came_on_lines_of_their_own_are_a_list_where_the_provider_sends_one_for_each_secret() {
    let now = seconds(1_700_000_000);
    let other = |signature: &str| signature.replace(|letter: char| letter.is_ascii_digit(), "0");
    for (name, header) in
        [("revolut-v1", "revolut-signature"), ("worldpay-event-signature", "event-signature")]
    {
        let scheme = scheme(name).unwrap();
        let mut signed = sign(scheme, "s", "", now, b"{}").unwrap();
        let genuine = signed.iter().find(|(name, _)| *name == header).unwrap().1.clone();
        let (before, signature) = genuine.split_at(genuine.len() - 64);
        let foreign = format!("{before}{}", other(signature));
        let verifier = Verifier::new(scheme, Options { secrets: &["s"], ..Options::default() }).unwrap();
        for joined in
            [format!("{foreign}, {genuine}"), format!("{genuine}, {foreign}"), format!("{foreign},{genuine}")]
        {
            signed.iter_mut().find(|(name, _)| *name == header).unwrap().1.clone_from(&joined);
            let request = Request { headers: &once(&signed), url: None, body: b"{}", now };
            assert!(verifier.verify(&request).is_ok(), "{name}: {joined}");
        }
    }
}
