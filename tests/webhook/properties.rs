//! What is signed verifies, and nothing else does.

use proptest::prelude::*;
use tillproof::advice::Diagnose;
use tillproof::webhook::{
    Clock, Grammar, HeaderValue, IdSource, KeyForm, Options, Place, Request, SCHEMES, Strength, TimeSource,
    Verifier,
};

use super::samples::{NOW_S, delivery, once, outgoing, seconds, secret, symmetric, url, verifier};

#[test]
fn what_a_scheme_signs_it_verifies_and_no_flipped_bit_of_a_signed_body_passes() {
    for scheme in symmetric() {
        let verifier = verifier(scheme);
        let signed = delivery(scheme);
        let headers = once(&signed.headers);
        let request = Request { headers: &headers, url: None, body: &signed.body, now: seconds(NOW_S) };
        let verified = verifier.verify(&request).unwrap_or_else(|error| panic!("{}: {error}", scheme.name));
        assert_eq!(verified.bytes(), signed.body);
        assert_eq!(verified.timestamp(), scheme.clock.map(|_| seconds(NOW_S)), "{}", scheme.name);
        assert!(verified.refused().is_empty());

        let may_change = scheme.strength() != Strength::SignedBody;
        for at in 0..signed.body.len() {
            for bit in 0..8 {
                let mut body = signed.body.clone();
                body[at] ^= 1 << bit;
                let found = verifier.verify(&Request { body: &body, ..request });
                assert!(may_change || found.is_err(), "{} byte {at} bit {bit}", scheme.name);
            }
        }
    }
}

#[test]
fn no_flipped_bit_of_a_signature_or_of_a_signed_header_passes() {
    for scheme in symmetric() {
        let verifier = verifier(scheme);
        let signed = delivery(scheme);
        let unsigned = match scheme.identity.id {
            IdSource::UnsignedHeader(name) | IdSource::UnsignedHeaderOfKind(name) => name,
            _ => "",
        };
        for (index, (name, value)) in
            signed.headers.iter().enumerate().filter(|(_, (name, _))| *name != unsigned)
        {
            for at in 0..value.len() {
                for bit in 0..8 {
                    let mut bytes = value.clone().into_bytes();
                    bytes[at] ^= 1 << bit;
                    let Ok(text) = String::from_utf8(bytes) else { continue };
                    let mut headers = once(&signed.headers);
                    headers[index].1 = HeaderValue::Once(&text);
                    let request =
                        Request { headers: &headers, url: None, body: &signed.body, now: seconds(NOW_S) };
                    let found = verifier.verify(&request);
                    // The other case of a hexadecimal digit is the same signature, a key id stands for nothing, and
                    // a prefix that is optional may be broken off.
                    let same = text.eq_ignore_ascii_case(value)
                        || matches!(scheme.grammar, Grammar::KeyIds(_)) && at < "our_key".len();
                    assert!(found.is_err() || same, "{} {name}: {text}", scheme.name);
                }
            }
        }
    }
}

#[test]
fn no_other_secret_verifies_what_a_scheme_signs() {
    for scheme in symmetric() {
        let other = match scheme.key {
            KeyForm::Text | KeyForm::Sha1 => "another shared secret",
            KeyForm::Base64(_) => "whsec_AAAA9r8GKYqrTwjUPD8ILPZIo2LaLaSw",
            KeyForm::Hex => "00782DEF547AAA06C910C43932B1EB0C",
            _ => panic!("{} is signed by its provider only", scheme.name),
        };
        let signed = delivery(scheme);
        let headers = once(&signed.headers);
        let verify = |secrets: &[&str]| {
            let options = Options {
                secrets,
                url: Some(url(scheme)),
                public_key_id: Some("our_key"),
                access_key: Some("access"),
                ..Options::default()
            };
            let request = Request { headers: &headers, url: None, body: &signed.body, now: seconds(NOW_S) };
            let found = Verifier::new(scheme, options).unwrap().verify(&request);
            found.map(|verified| verified.secret_index()).map_err(|error| error.code())
        };
        assert_eq!(verify(&[other]), Err("signature_mismatch"), "{}", scheme.name);
        assert_eq!(verify(&[other, secret(scheme)]), Ok(1), "{}", scheme.name);
    }
}

#[test]
fn every_row_is_complete_and_can_be_read_by_its_own_grammar() {
    for scheme in SCHEMES {
        let told = scheme.provenance.told().unwrap();
        assert!(!told.provider.is_empty() && !told.source.is_empty(), "{}", scheme.name);
        for header in scheme.headers() {
            assert_eq!(header, header.to_ascii_lowercase(), "{}", scheme.name);
            assert!(!header.is_empty(), "{}", scheme.name);
        }
        let in_pair = matches!(scheme.clock, Some(Clock { source: TimeSource::Pair(_), .. }));
        let has_pairs = matches!(scheme.grammar, Grammar::Pairs { .. } | Grammar::Positional);
        assert!(!in_pair || has_pairs || scheme.name == "plaid-jwt-es256", "{}", scheme.name);
        let signs_time = scheme.content.contains(&tillproof::webhook::Part::Timestamp);
        let in_jws = scheme.primitive == tillproof::webhook::Primitive::Jws;
        assert_eq!(signs_time || in_jws, scheme.clock.is_some(), "{}", scheme.name);
        assert!(scheme.spellings >= 1 && scheme.retry_window_hours > 0, "{}", scheme.name);
        let free = |part: &&tillproof::webhook::Part| matches!(part, tillproof::webhook::Part::FreeField(_));
        assert!(scheme.content.iter().filter(free).count() <= 1, "{}", scheme.name);
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    /// Bodies of any bytes, ids and times of any value: where the body is signed, what was signed is verified.
    #[test]
    fn any_body_that_can_be_signed_is_verified(
        pick in 0..symmetric().len(),
        body in proptest::collection::vec(any::<u8>(), 1..200),
    ) {
        let scheme = symmetric()[pick];
        if let Ok(signed) = outgoing(scheme, &body).sign(scheme, secret(scheme)) {
            let headers = once(&signed.headers);
            let request = Request { headers: &headers, url: None, body: &signed.body, now: seconds(NOW_S) };
            let found = verifier(scheme).verify(&request);
            prop_assert!(found.is_ok(), "{}: {:?}", scheme.name, found);
            prop_assert!(!found.unwrap().events().is_empty());
        }
    }

    /// Whatever stands where the signature should, in each grammar: it is refused, and nothing panics.
    #[test]
    fn no_text_passes_for_a_signature(
        pick in 0..symmetric().len(),
        text in "[a-z0-9=,;|&/ .%+\u{e9}-]{0,80}|(t|ts|v1|h1|v0|sha256|sha512)=[0-9a-f,=v1t;]{0,80}",
    ) {
        let scheme = symmetric()[pick];
        let signed = delivery(scheme);
        let mut headers = once(&signed.headers);
        let mut body = signed.body.clone();
        match scheme.place {
            Place::Headers(_) => {
                for (name, value) in &mut headers {
                    if *name == scheme.place_name() {
                        *value = HeaderValue::Once(&text);
                    }
                }
            }
            Place::FormField(_) | Place::Field(_) => body = text.clone().into_bytes(),
        }
        let request = Request { headers: &headers, url: None, body: &body, now: seconds(NOW_S) };
        prop_assert!(verifier(scheme).verify(&request).is_err(), "{}: {text}", scheme.name);
    }

    /// One item more, or one character anywhere, in a list of signatures: the verdict is that of a reader which takes
    /// the list apart and asks for each signature alone.
    #[test]
    fn a_list_of_signatures_holds_when_one_of_them_does(others in proptest::collection::vec("[0-9a-f]{0,64}", 0..5), at in 0_usize..6) {
        let scheme = tillproof::webhook::scheme("stripe-v1").unwrap();
        let signed = delivery(scheme);
        let genuine = signed.headers[0].1.split_once("v1=").unwrap().1.to_owned();
        let mut list = others.clone();
        let holds = at <= list.len();
        if holds {
            list.insert(at, genuine);
        }
        let header = format!("t={NOW_S}{}", list.iter().map(|one| format!(",v1={one}")).collect::<String>());
        let headers = vec![("stripe-signature", HeaderValue::Once(&header))];
        let request = Request { headers: &headers, url: None, body: &signed.body, now: seconds(NOW_S) };
        prop_assert_eq!(verifier(scheme).verify(&request).is_ok(), holds, "{}", header);
    }
}

#[test]
fn what_no_verifier_would_take_is_not_signed() {
    // scheme, body, what signing says
    let table = [
        ("adyen-standard", "8\r", "missing_field"),
        ("adyen-standard", r#"{"notificationItems":[]}"#, "malformed_field"),
        ("adyen-standard", r#"{"notificationItems":[7]}"#, "missing_field"),
        (
            "adyen-standard",
            r#"{"notificationItems":[{"NotificationRequestItem":{"additionalData":""}}]}"#,
            "missing_field",
        ),
        ("adyen-standard", r#"{"notificationItems":[{}]}"#, "signed"),
        ("noon-sha512", "[]", "missing_field"),
        ("braintree", "bt_payload=&bt_signature=", "malformed_field"),
        ("github-sha256", "", "empty_body"),
        ("airwallex", "8\r", "malformed_body"),
    ];
    for (name, body, expected) in table {
        let scheme = tillproof::webhook::scheme(name).unwrap();
        let found = outgoing(scheme, body.as_bytes()).sign(scheme, secret(scheme));
        let code = found.as_ref().map_or_else(Diagnose::code, |_| "signed");
        assert_eq!(code, expected, "{name} {body}");
        if let Ok(signed) = found {
            let headers = once(&signed.headers);
            let request = Request {
                headers: &headers,
                url: Some(url(scheme)),
                body: &signed.body,
                now: seconds(NOW_S),
            };
            assert!(verifier(scheme).verify(&request).is_ok(), "{name} {body}");
        }
    }
    let airwallex = tillproof::webhook::scheme("airwallex").unwrap();
    let early = tillproof::webhook::Outgoing { timestamp: seconds(7), ..outgoing(airwallex, b"{}") };
    assert_eq!(early.sign(airwallex, "s").unwrap_err().code(), "malformed_header");
}
