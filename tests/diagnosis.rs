//! What happens to deliveries on their way is done to genuine ones here, and the cause must be named.
#![cfg(not(target_family = "wasm"))]
#![expect(clippy::unwrap_used, reason = "a test that cannot go on should stop loudly")]

use proptest::prelude::*;
use tillproof::crypto::{decode_base64, encode_base64, sha256_hex};
use tillproof::json::{self, Value};
use tillproof::time::Timestamp;
use tillproof::webhook::{
    Confidence, Diagnosis, HeaderValue, KeyForm, Options, Outgoing, Primitive, RESERIALISED_BYTES_MAX,
    Request, SCHEMES, STANDARD_WEBHOOKS_V1, STRIPE_V1, Scheme, Strength, diagnose, scheme,
};

type Headers<'a> = Vec<(&'a str, HeaderValue<'a>)>;

const FILES: [&str; 3] = [
    include_str!("vectors/webhooks.jsonl"),
    include_str!("vectors/webhooks-catalogue.jsonl"),
    include_str!("vectors/public-keys.jsonl"),
];

/// Vectors whose cause cannot be found by the means of a diagnosis, and why.
const IMPOSSIBLE: &[(&str, &str)] = &[];

fn seconds(seconds: u64) -> Timestamp {
    Timestamp::from_unix_seconds(seconds).unwrap()
}

#[test]
fn every_vector_that_names_a_cause_is_diagnosed_so() {
    let mut named = 0;
    for line in FILES.iter().flat_map(|file| file.lines()) {
        let vector = json::parse(line.as_bytes()).unwrap();
        let text = |field: &str| vector.get(field).and_then(Value::as_str);
        let number = |field: &str| vector.get(field).and_then(Value::as_u64);
        let (Ok(scheme), Some(expected)) = (scheme(text("scheme").unwrap()), text("diagnosis")) else {
            continue;
        };
        if expected == "signature_mismatch" {
            // No cause but that one byte or another differs.
            continue;
        }
        let body = match text("body_base64") {
            Some(encoded) => decode_base64(encoded).unwrap(),
            None => text("body").unwrap().as_bytes().to_vec(),
        };
        let headers = vector.get("headers").and_then(Value::as_object).unwrap().iter();
        let headers: Headers<'_> = headers
            .map(|(name, value)| (&**name, value.as_str().map_or(HeaderValue::Repeated, HeaderValue::Once)))
            .collect();
        let secrets = &[text("secret").unwrap()];
        let jwk = vector.get("jwk").map(Value::to_text);
        let options = Options {
            secrets,
            tolerance_seconds: number("tolerance_s"),
            public_key_id: text("public_key_id"),
            access_key: text("access_key"),
            jwk: jwk.as_deref(),
            public_key_pem: text("public_key_pem"),
            certificate_pem: text("certificate_pem"),
            ..Options::default()
        };
        let now = seconds(number("timestamp_now").unwrap());
        let found =
            diagnose(scheme, options, &Request { headers: &headers, url: text("url"), body: &body, now });
        let id = text("id").unwrap();
        println!("{id}: {found:?}");
        let found = found.map_or("nothing", |found| found.code);
        match IMPOSSIBLE.iter().find(|(known, _)| *known == id) {
            Some((_, reason)) => assert_ne!(found, expected, "{id} is found although {reason}"),
            None => assert_eq!(found, expected, "{id}"),
        }
        named += 1;
    }
    assert!(named >= 15, "{named}");
}

/// A delivery as a provider sends it, to have things done to it.
struct Sent {
    scheme: &'static Scheme,
    secret: &'static str,
    url: Option<&'static str>,
    headers: Vec<(String, String)>,
    body: Vec<u8>,
}

const NOW: u64 = 1_700_000_000;

/// As Stripe writes events: indented by two spaces.
const EVENT: &str = "{\n  \"id\": \"evt_1\",\n  \"type\": \"charge.succeeded\",\n  \"livemode\": false,\n  \"data\": {\n    \"amount\": 1000,\n    \"url\": \"https://shop.example/a\",\n    \"name\": \"Zoë & <Söhne>\"\n  }\n}";

fn stripe(body: &str) -> Sent {
    send(&STRIPE_V1, "whsec_test", None, body)
}

fn send(scheme: &'static Scheme, secret: &'static str, url: Option<&'static str>, body: &str) -> Sent {
    let (body, timestamp) = (body.as_bytes(), seconds(NOW));
    let outgoing =
        Outgoing { id: "msg_1", timestamp, url, body, public_key_id: None, access_key: Some("access") };
    let signed = outgoing.sign(scheme, secret).unwrap();
    let headers = signed.headers.into_iter().map(|(name, value)| (name.to_owned(), value)).collect();
    Sent { scheme, secret, url, headers, body: signed.body }
}

impl Sent {
    fn body(mut self, body: impl AsRef<[u8]>) -> Self {
        self.body = body.as_ref().to_vec();
        self
    }

    fn secret(mut self, secret: &'static str) -> Self {
        self.secret = secret;
        self
    }

    fn scheme(mut self, name: &str) -> Self {
        self.scheme = scheme(name).unwrap();
        self
    }

    fn url(mut self, url: &'static str) -> Self {
        self.url = Some(url);
        self
    }

    fn with(mut self, name: &str, value: &str) -> Self {
        self.headers.push((name.to_owned(), value.to_owned()));
        self
    }

    fn without(mut self, name: &str) -> Self {
        self.headers.retain(|(known, _)| known != name);
        self
    }

    fn header(mut self, name: &str, change: impl Fn(&str) -> String) -> Self {
        self.headers
            .iter_mut()
            .filter(|(known, _)| known == name)
            .for_each(|(_, value)| *value = change(value));
        self
    }

    fn renamed(mut self, change: impl Fn(&str) -> String) -> Self {
        self.headers.iter_mut().for_each(|(name, _)| *name = change(name));
        self
    }

    fn diagnosed_at(&self, now: Timestamp) -> Option<Diagnosis> {
        let headers: Headers<'_> =
            self.headers.iter().map(|(name, value)| (name.as_str(), HeaderValue::Once(value))).collect();
        let options = Options { secrets: &[self.secret], access_key: Some("access"), ..Options::default() };
        diagnose(self.scheme, options, &Request { headers: &headers, url: self.url, body: &self.body, now })
    }

    fn diagnosed(&self) -> Diagnosis {
        self.diagnosed_at(seconds(NOW)).unwrap()
    }
}

/// The code, `!` where it is proven, and the sentence.
fn told(found: &Diagnosis) -> String {
    for text in [&found.sentence, &found.fix] {
        let unfilled = text
            .split('{')
            .skip(1)
            .any(|rest| rest.split_once('}').is_some_and(|(name, _)| !name.contains(' ')));
        assert!(!text.is_empty() && !unfilled && !text.ends_with('.'), "{found:?}");
    }
    let proven = if found.confidence == Confidence::Proven { "!" } else { "?" };
    format!("{}{proven} {}", found.code, found.sentence)
}

#[test]
fn a_delivery_that_verifies_has_no_diagnosis() {
    assert_eq!(stripe(EVENT).diagnosed_at(seconds(NOW)), None);
}

#[test]
fn what_is_done_to_a_body_is_named() {
    let compact = r#"{"id":"evt_1","type":"charge.succeeded","livemode":false,"data":{"amount":1000,"url":"https://shop.example/a","name":"Zoë & <Söhne>"}}"#;
    let four = EVENT.replace("  ", "    ");
    let python =
        compact.replace("\":", "\": ").replace(",\"", ", \"").replace('ë', "\\u00eb").replace('ö', "\\u00f6");
    let php = compact.replace('/', "\\/").replace('ë', "\\u00eb").replace('ö', "\\u00f6");
    let go = compact.replace('&', "\\u0026").replace('<', "\\u003c").replace('>', "\\u003e");
    let latin1 = |text: &str| text.bytes().map(char::from).collect::<String>();
    let base64 = encode_base64(EVENT.as_bytes());
    let listed = format!("{{\"type\":\"Buffer\",\"data\":{:?}}}", EVENT.as_bytes()).replace(", ", ",");
    let string = json::quoted(EVENT);
    let lambda = format!("{{\"version\":\"2.0\",\"body\":\"{base64}\",\"isBase64Encoded\":true}}");
    let length = EVENT.len().to_string();
    let cut = EVENT.get(..40).unwrap();
    let table: Vec<(Sent, &str)> = vec![
        (
            stripe(EVENT).body(compact),
            "body_reserialised! the body was parsed and written again before it was verified: the signature holds for the same document indented by two spaces",
        ),
        (
            stripe(&four).body(compact),
            "body_reserialised! the body was parsed and written again before it was verified: the signature holds for the same document indented by four spaces",
        ),
        (
            stripe(compact).body(EVENT),
            "body_reserialised! the body was parsed and written again before it was verified: the signature holds for the same document without spaces",
        ),
        (
            stripe(&python).body(compact),
            "body_reserialised! the body was parsed and written again before it was verified: the signature holds for the same document with a space after each comma and colon, as Python writes it, with \\uXXXX beyond ASCII, as Python writes it",
        ),
        (
            stripe(&php).body(compact),
            "body_reserialised! the body was parsed and written again before it was verified: the signature holds for the same document without spaces, with \\/ and \\uXXXX, as PHP writes it",
        ),
        (
            stripe(&go).body(compact),
            "body_reserialised! the body was parsed and written again before it was verified: the signature holds for the same document without spaces, with \\u003c for <, as Go and Rails write it",
        ),
        (
            stripe(&format!("{compact}\n")).body(EVENT),
            "body_reserialised! the body was parsed and written again before it was verified: the signature holds for the same document without spaces and a line feed at the end",
        ),
        (
            stripe(r#"{"amount":2.00,"rate":1.10}"#).body(r#"{"amount":2,"rate":1.1}"#),
            "body_reserialised! the body was parsed and written again before it was verified, and its numbers changed on the way: the signature holds for the same document without spaces",
        ),
        (
            stripe(r#"{"n":1.0}"#).body(r#"{"n":1}"#),
            "body_reserialised! the body was parsed and written again before it was verified, and its numbers changed on the way: the signature holds for the same document without spaces",
        ),
        (
            stripe("{\n  \"id\": 820982911946154508\n}").body(r#"{"id":820982911946154500}"#),
            "body_reserialised! the body was parsed and written again before it was verified, and its numbers changed on the way: the signature holds for the same document indented by two spaces",
        ),
        (
            stripe(EVENT).body("[object Object]"),
            "body_reserialised! the body is the text [object Object]: a parsed object was made a string",
        ),
        (
            stripe(EVENT).body(format!("{EVENT}\n")),
            "body_whitespace! the signature holds without the line feed at the end: white space was changed after the body was signed",
        ),
        (
            stripe(&format!("{EVENT}\n")).body(EVENT),
            "body_whitespace! the signature holds with a line feed at the end: white space was changed after the body was signed",
        ),
        (
            stripe(EVENT).body(EVENT.replace('\n', "\r\n")),
            "body_whitespace! the signature holds with line feeds instead of CR LF: white space was changed after the body was signed",
        ),
        (
            stripe(&EVENT.replace('\n', "\r\n")).body(EVENT),
            "body_whitespace! the signature holds with CR LF instead of line feeds: white space was changed after the body was signed",
        ),
        (
            stripe(EVENT).body(format!("\u{feff}{EVENT}")),
            "body_charset! the signature holds without the byte-order mark in front: the body was decoded as text in a character set it is not in",
        ),
        (
            stripe(&format!("\u{feff}{EVENT}")).body(EVENT),
            "body_charset! the signature holds with a byte-order mark in front: the body was decoded as text in a character set it is not in",
        ),
        (
            stripe(EVENT).body(latin1(EVENT)),
            "body_charset! the signature holds for the bytes read as Latin-1 and written as UTF-8: the body was decoded as text in a character set it is not in",
        ),
        (
            stripe(EVENT)
                .body(EVENT.chars().map(|c| u8::try_from(u32::from(c)).unwrap()).collect::<Vec<_>>()),
            "body_charset! the signature holds for the text in UTF-8, not in Latin-1: the body was decoded as text in a character set it is not in",
        ),
        (
            stripe(EVENT).body(EVENT.replace('ë', "\u{fffd}")),
            "body_charset? the body holds replacement characters (U+FFFD): bytes were decoded as text in a character set they are not in, and are lost",
        ),
        (
            stripe(EVENT).body(&base64),
            "body_not_decoded! the body is still base64: the signature holds for the decoded bytes",
        ),
        (
            stripe(EVENT).body(lambda),
            "body_not_decoded! the body is still base64: the signature holds for the decoded bytes",
        ),
        (
            stripe(EVENT).body(string),
            "body_wrapped! the signature holds for the text inside the JSON string the body is: JSON.stringify was applied to text",
        ),
        (
            stripe(EVENT).body(listed),
            "body_wrapped! the signature holds for the bytes listed in the body: JSON.stringify was applied to a Buffer or Uint8Array",
        ),
        (
            stripe(EVENT).body(b"\x1f\x8b\x08\x00"),
            "body_compressed! the body is still compressed (it begins as gzip does)",
        ),
        (
            stripe(EVENT).body(""),
            "body_empty? the body is empty: a body parser or an earlier handler has read the request already",
        ),
        (
            stripe(EVENT).body("").with("content-length", &length),
            "body_empty! the body is empty, but the request announced 174 bytes: a body parser or an earlier handler has read it already",
        ),
        (
            stripe(EVENT).body(cut).with("content-length", &length),
            "body_truncated! the request announced 174 bytes and only 40 are here: the body was cut, or read too early",
        ),
        (
            stripe(EVENT).body(cut),
            "body_truncated? the body begins as JSON and ends in the middle of it, after 40 bytes: it was cut, or read too early",
        ),
        (
            stripe(EVENT).body(format!("{EVENT} and more")).with("content-length", &length),
            "body_extended! the signature holds for the first 174 bytes, which is what the request announced: the rest was added after it was received",
        ),
        (
            stripe(EVENT).body(r#"{"sorted":1}"#).with("content-length", &length),
            "body_reserialised! the request announced 174 bytes and the body has 12: it was written again after it was received",
        ),
        (
            send(scheme("slack-v0").unwrap(), "s", None, "text=a+b%2Fc&x=%7E").body("text=a%20b%2Fc&x=~"),
            "body_reserialised! the form was parsed and encoded again before it was verified: the signature holds for the form as browsers and URLSearchParams encode it",
        ),
        (
            send(scheme("slack-v0").unwrap(), "s", None, "text=a%20b&x=1").body(r#"{"text":"a b","x":"1"}"#),
            "body_reserialised! the form was parsed and encoded again before it was verified: the signature holds for the form as encodeURIComponent encodes it",
        ),
    ];
    for (sent, expected) in table {
        let found = sent.diagnosed();
        assert_eq!(told(&found), expected);
    }
}

#[test]
fn what_is_done_to_a_secret_is_named() {
    let standard = |secret| {
        send(&STANDARD_WEBHOOKS_V1, "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw", None, EVENT).secret(secret)
    };
    let adyen = send(scheme("adyen-platform").unwrap(), "44782DEF547AAA06C910C43932B1EB0C", None, EVENT);
    let table: Vec<(Sent, &str)> = vec![
        (
            stripe(EVENT).secret("\"whsec_test\""),
            "bad_secret! the secret at `secrets[0]` is not written as it was issued: the signature holds without the quotes around it",
        ),
        (
            stripe(EVENT).secret("STRIPE_SECRET='whsec_test'"),
            "bad_secret! the secret at `secrets[0]` is not written as it was issued: the signature holds without NAME= and the quotes",
        ),
        (
            stripe(EVENT).secret("whsec_test\\n"),
            "bad_secret! the secret at `secrets[0]` is not written as it was issued: the signature holds without the \\n at its end",
        ),
        (
            stripe(EVENT).secret("whsec_\u{200b}test"),
            "bad_secret! the secret at `secrets[0]` is not written as it was issued: the signature holds without the invisible characters in it",
        ),
        (
            stripe(EVENT).secret("whsec_\n  test"),
            "bad_secret! the secret at `secrets[0]` is not written as it was issued: the signature holds without the invisible characters in it",
        ),
        (
            stripe(EVENT).secret("test"),
            "bad_secret! the secret at `secrets[0]` is not written as it was issued: the signature holds with `whsec_` in front",
        ),
        (
            stripe(EVENT).secret("whsec_old,whsec_test"),
            "bad_secret! the text at `secrets[0]` holds several secrets: the signature holds under number 2 of them",
        ),
        (
            standard("\"whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw\""),
            "bad_secret! the secret at `secrets[0]` is not written as it was issued: the signature holds without the quotes around it",
        ),
        (
            standard("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaS"),
            "bad_secret! the secret at index 0 cannot be decoded: 31 characters of base64: expected a multiple of four, padded with `=`",
        ),
        (
            stripe(EVENT).secret("sk_live_51abc"),
            "wrong_secret_kind? the secret at `secrets[0]` looks like an API key of Stripe, which signs no webhooks",
        ),
        (
            stripe(EVENT).secret("rk_test_51abc"),
            "wrong_secret_kind? the secret at `secrets[0]` looks like an API key of Stripe, which signs no webhooks",
        ),
        (
            stripe(EVENT).secret("pk_test_51abc"),
            "wrong_secret_kind? the secret at `secrets[0]` looks like a publishable key of Stripe, which signs no webhooks",
        ),
        (
            stripe(EVENT).secret("we_1NfAbc"),
            "wrong_secret_kind? the secret at `secrets[0]` looks like the id of a webhook endpoint, which signs no webhooks",
        ),
        (
            standard("we_1NfAbc"),
            "bad_secret! the secret at index 0 cannot be decoded: 9 characters of base64: expected a multiple of four, padded with `=`",
        ),
        (
            stripe(EVENT).secret("${STRIPE_WEBHOOK_SECRET}"),
            "wrong_secret_kind? the secret at `secrets[0]` looks like a placeholder nobody has filled in, which signs no webhooks",
        ),
        (
            stripe(EVENT).secret("whsec_other"),
            "wrong_secret? the signature was not made with the secret that was given, and no known change of the body explains it: another secret made it, or the content was changed; the body says that it is from test mode",
        ),
        (
            stripe("{}").secret("whsec_other"),
            "wrong_secret? the signature was not made with the secret that was given, and no known change of the body explains it: another secret made it, or the content was changed",
        ),
        (
            stripe(EVENT).secret(""),
            "empty_secret! the secret at index 0 is empty: anybody could sign with it",
        ),
        (
            stripe(EVENT).scheme("standard-webhooks-v1"),
            "wrong_scheme! the delivery is genuine as stripe-v1, not as standard-webhooks-v1",
        ),
        (
            adyen.secret("\"44782DEF547AAA06C910C43932B1EB0C\""),
            "bad_secret! the secret at `secrets[0]` is not written as it was issued: the signature holds without the quotes around it",
        ),
    ];
    for (sent, expected) in table {
        let found = sent.diagnosed();
        assert_eq!(told(&found), expected);
        let shown = format!("{found:?}");
        assert!(
            !shown.contains("whsec_test") && !shown.contains("MfKQ9") && !shown.contains("447"),
            "{shown}"
        );
    }
}

#[test]
fn a_key_that_was_decoded_in_another_way_is_named() {
    // The sender took the text of a secret for the key, and the scheme decodes it; and the other way round.
    let text_key = send(scheme("lemonsqueezy").unwrap(), "one key", None, EVENT).secret("6f6e65206b6579");
    assert_eq!(
        told(&text_key.diagnosed()),
        "wrong_key_decoding! the signature holds when the key is the hexadecimal text decoded, which is not how lemonsqueezy reads `secrets[0]`"
    );
    let base64 = send(scheme("lemonsqueezy").unwrap(), "one key", None, EVENT).secret("b25lIGtleQ==");
    assert_eq!(
        told(&base64.diagnosed()),
        "wrong_key_decoding! the signature holds when the key is the base64 text decoded, which is not how lemonsqueezy reads `secrets[0]`"
    );
}

#[test]
fn what_is_done_to_headers_is_named() {
    let underscored = |name: &str| format!("HTTP_{}", name.to_uppercase().replace('-', "_"));
    let standard = || send(&STANDARD_WEBHOOKS_V1, "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw", None, EVENT);
    let square = || send(scheme("square").unwrap(), "key", Some("https://shop.example/hooks"), EVENT);
    let table: Vec<(Sent, &str)> = vec![
        (
            stripe(EVENT).renamed(underscored),
            "header_renamed! the signature holds with the header `HTTP_STRIPE_SIGNATURE` read as `stripe-signature`: something renames headers",
        ),
        (
            standard().renamed(underscored),
            "header_renamed! the signature holds with the header `HTTP_WEBHOOK_SIGNATURE` read as `webhook-signature`: something renames headers",
        ),
        (
            stripe(EVENT).renamed(|name| format!("x-amzn-remapped-{name}")),
            "header_renamed! the signature holds with the header `x-amzn-remapped-stripe-signature` read as `stripe-signature`: something renames headers",
        ),
        (
            stripe(EVENT).header("stripe-signature", |value| value.replace(',', ", ")),
            "malformed_header! the signature holds once the white space is taken away in the header `stripe-signature`: something rewrites header values",
        ),
        (
            stripe(EVENT).header("stripe-signature", |value| format!("\"{value}\"")),
            "malformed_header! the signature holds once the quotes are taken away in the header `stripe-signature`: something rewrites header values",
        ),
        (
            stripe(EVENT).header("stripe-signature", |value| value.replace('=', "%3D").replace(',', "%2C")),
            "malformed_header! the signature holds once the percent-encoding is decoded in the header `stripe-signature`: something rewrites header values",
        ),
        (
            send(scheme("lemonsqueezy").unwrap(), "s", None, EVENT)
                .header("x-signature", |value| format!("{value}, {value}")),
            "malformed_header! the signature holds once the second of two equal values is taken away in the header `x-signature`: something rewrites header values",
        ),
        (
            send(scheme("shopify").unwrap(), "hush", None, EVENT)
                .header("x-shopify-hmac-sha256", |value| value.trim_end_matches('=').to_owned()),
            "malformed_header! the signature holds once the = at the end is put back in the header `x-shopify-hmac-sha256`: something rewrites header values",
        ),
        (
            stripe(EVENT).without("stripe-signature"),
            "missing_header! the delivery has no headers at all, so also no `stripe-signature`",
        ),
        (
            stripe(EVENT).without("stripe-signature").with("content-type", "application/json"),
            "missing_header? the header `stripe-signature` is missing",
        ),
        (
            stripe(EVENT).without("stripe-signature").with("X-Forwarded-For", "203.0.113.7"),
            "missing_header? the header `stripe-signature` is missing and the request came through a proxy (`x-forwarded-for` is there)",
        ),
        (standard().without("webhook-id"), "missing_header? the header `webhook-id` is missing"),
        (
            square().scheme("stripe-v1").secret("whsec_test"),
            "other_provider? the request has the header `x-square-hmacsha256-signature` of Square and not the header `stripe-signature` of Stripe",
        ),
        (
            standard().scheme("stripe-v1").secret("whsec_test"),
            "other_provider? the request has the header `webhook-signature` of Standard Webhooks and not the header `stripe-signature` of Stripe",
        ),
        (
            send(scheme("paddle-h1").unwrap(), "s", None, EVENT).scheme("stripe-v1"),
            "wrong_scheme! the delivery is genuine as paddle-h1, not as stripe-v1",
        ),
        (
            send(scheme("standard-webhooks-v1-utf8-key").unwrap(), "polar_whs_aGVsbG8", None, EVENT)
                .scheme("standard-webhooks-v1"),
            "wrong_scheme! the delivery is genuine as standard-webhooks-v1-utf8-key, not as standard-webhooks-v1",
        ),
        (
            stripe(EVENT).header("stripe-signature", |_| "nonsense".to_owned()),
            "malformed_header? the header `stripe-signature` is malformed: expected a list of `name=value` without spaces",
        ),
        (
            stripe(EVENT).header("stripe-signature", |value| value.replace("v1=", "v0=")),
            "missing_signature? the header `stripe-signature` holds no signature of the version this scheme accepts",
        ),
    ];
    for (sent, expected) in table {
        assert_eq!(told(&sent.diagnosed()), expected);
    }
}

#[test]
fn ids_that_javascript_rounded_are_found_by_the_digits_beside_them() {
    let order = |first: &str, second: &str| {
        let line =
            r#"{"id":ID,"admin_graphql_api_id":"gid://shopify/LineItem/487817672276298554","price":"1.00"},"#;
        let lines = line.replace("ID", second).repeat(20);
        format!(
            r#"{{"id":{first},"admin_graphql_api_id":"gid://shopify/Order/820982911946154508","n":1,"note":"a \u0026 b","lines":[{lines}0]}}"#
        )
    };
    let genuine = order("820982911946154508", "487817672276298554");
    let rounded = order("820982911946154500", "487817672276298560").replace("\\u0026", "&");
    let found = send(scheme("shopify").unwrap(), "hush", None, &genuine).body(rounded).diagnosed();
    assert!(told(&found).starts_with("body_reserialised! "), "{found:?}");
}

#[test]
fn one_of_several_secrets_may_be_of_another_scheme() {
    let sent = send(&STANDARD_WEBHOOKS_V1, "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw", None, EVENT);
    let headers: Headers<'_> =
        sent.headers.iter().map(|(name, value)| (name.as_str(), HeaderValue::Once(value))).collect();
    let secrets = &["no base64", "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"];
    let request = Request { headers: &headers, url: None, body: &sent.body, now: seconds(NOW) };
    let found = diagnose(&STRIPE_V1, Options { secrets, ..Options::default() }, &request).unwrap();
    assert_eq!(
        told(&found),
        "wrong_scheme! the delivery is genuine as standard-webhooks-v1, not as stripe-v1"
    );
    let token = send(scheme("static-token").unwrap(), "the token", None, EVENT).secret("another");
    assert_eq!(
        told(&token.diagnosed()),
        "wrong_secret? the request holds another token than the secret that was given"
    );
}

#[test]
fn the_url_that_was_signed_is_told_by_its_difference_alone() {
    let registered = "https://shop.example/hooks/square?b=1&a=2";
    let square = || send(scheme("square").unwrap(), "key", Some(registered), EVENT);
    let table: Vec<(Sent, &str)> = vec![
        (square().url("http://shop.example/hooks/square?b=1&a=2"), "with https instead of http"),
        (square().url("https://shop.example:8443/hooks/square?b=1&a=2"), "without the port"),
        (
            square().url("http://shop.example:3000/hooks/square/?b=1&a=2"),
            "with https instead of http and without the port and without the slash at the end of the path",
        ),
        (square().url("https://shop.example/hooks/square?a=2&b=1"), "with the query the other way round"),
        (
            square()
                .url("http://10.0.0.7:3000/hooks/square?b=1&a=2")
                .with("x-forwarded-host", "shop.example")
                .with("x-forwarded-proto", "https"),
            "with https instead of http and with the host of X-Forwarded-Host",
        ),
        (
            square().url("https://internal/hooks/square?b=1&a=2").with("Host", "shop.example"),
            "with the host of the Host header",
        ),
        (square().url("https://www.shop.example/hooks/square?b=1&a=2"), "without www in front of the host"),
        (square().url("https://Shop.example/hooks/square?b=1&a=2"), "with the host in lower case"),
    ];
    for (sent, change) in table {
        let found = sent.diagnosed();
        assert_eq!(told(&found), format!("url_mismatch! the signature holds for the URL {change}"));
        assert!(!format!("{found:?}").contains("hooks/square"), "{found:?}");
    }
    let mut without = square();
    without.url = None;
    assert_eq!(
        told(&without.diagnosed()),
        "missing_url! Square signs the URL it was told to call, and none was given"
    );
}

#[test]
fn a_clock_that_is_off_is_told_with_its_sign() {
    let at = |offset: i64| seconds(NOW.checked_add_signed(offset).unwrap());
    let standard = || send(&STANDARD_WEBHOOKS_V1, "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw", None, EVENT);
    let table: Vec<(Sent, Timestamp, &str)> = vec![
        (
            stripe(EVENT),
            at(301),
            "timestamp_too_old! the signature holds, but the delivery was signed 301 s before the time of this host; 300 s are accepted",
        ),
        (
            send(scheme("paddle-h1").unwrap(), "s", None, EVENT),
            at(6),
            "timestamp_too_old! the signature holds, but the delivery was signed 6 s before the time of this host; 5 s are accepted",
        ),
        (
            standard(),
            at(-400),
            "timestamp_in_future! the signature holds, but the delivery was signed 400 s after the time of this host; 300 s are accepted",
        ),
        (
            stripe(EVENT),
            at(7_201),
            "clock_time_zone? the signature holds, but the delivery was signed 2 h almost exactly (7201 s) before the time of this host: it came late (an hourly retry, a replay), or a local time was taken for UTC",
        ),
        (
            standard(),
            at(-18_001),
            "clock_time_zone? the signature holds, but the time of this host differs from that of the signature by 5 h almost exactly (-18001 s): a local time was taken for UTC",
        ),
        (
            stripe(EVENT),
            at(3_603),
            "timestamp_too_old! the signature holds, but the delivery was signed 3603 s before the time of this host; 300 s are accepted",
        ),
        (
            standard(),
            Timestamp::from_unix_ms(NOW).unwrap(),
            "timestamp_unit! the signature holds and its time is right when `now` is taken as seconds instead of milliseconds",
        ),
    ];
    for (sent, now, expected) in table {
        assert_eq!(told(&sent.diagnosed_at(now).unwrap()), expected);
    }
}

#[test]
fn the_fix_for_a_changed_body_speaks_of_the_content_too() {
    let lemon = send(scheme("lemonsqueezy").unwrap(), "whsec_test", None, EVENT);
    for sent in [stripe(EVENT), lemon] {
        let found = sent.body(EVENT.replace("evt", "evx")).diagnosed();
        assert_eq!(found.code, "wrong_secret");
        assert!(found.fix.contains("the content was changed after it was signed"), "{}", found.fix);
    }
}

#[test]
fn a_diagnosis_of_whatever_body_stays_within_its_budget() {
    // Every number rounded, every string full of what is escaped, and as long as a body may be.
    let item = r#"{"id":9007199254740996,"amount":1,"name":"ë/<&>"},"#;
    let large = format!("[{}{{}}]", item.repeat(RESERIALISED_BYTES_MAX / item.len() - 1));
    for body in [large.as_str(), &"[".repeat(RESERIALISED_BYTES_MAX), &"9".repeat(RESERIALISED_BYTES_MAX)] {
        let sent = stripe(EVENT).body(body).secret("whsec_other");
        assert_eq!(sent.diagnosed().code, "wrong_secret");
    }
}

#[test]
fn every_scheme_can_be_diagnosed_for_each_common_cause() {
    // Where only fields of the body are signed, or nothing is, writing the body again changes nothing.
    let signs_all = |scheme: &&&Scheme| {
        let public = matches!(scheme.primitive, Primitive::PublicKey | Primitive::Jws);
        scheme.strength() == Strength::SignedBody && !public
    };
    for scheme in SCHEMES.iter().filter(signs_all) {
        let secret = match scheme.key {
            KeyForm::Base64(_) => "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw",
            _ => "44782DEF547AAA06C910C43932B1EB0C",
        };
        let digest = sha256_hex(EVENT.as_bytes());
        let url: &'static str = String::leak(format!("https://shop.example/hooks?bodySHA256={digest}"));
        let sent = send(scheme, secret, Some(url), EVENT);
        let compact = json::parse(EVENT.as_bytes()).unwrap().to_text();
        assert_eq!(sent.body(compact).diagnosed().code, "body_reserialised", "{}", scheme.name);
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]

    #[test]
    fn whatever_comes_in_a_diagnosis_ends_and_holds_nothing_of_the_secret(
        row in 0..SCHEMES.len(),
        body in prop_oneof![
            proptest::collection::vec(any::<u8>(), 0..200),
            "[\\[{\":,0-9a-z}\\]\\\\%+=& ]{0,80}".prop_map(String::into_bytes),
        ],
        value in ".{0,60}",
        secret in "hush[ -~]{1,20}",
        url in "[a-z]{0,5}:?/{0,2}[a-zA-Z0-9.:/?&=%+#-]{0,40}",
    ) {
        let scheme = &SCHEMES[row];
        let headers: Headers<'_> =
            scheme.headers().into_iter().map(|name| (name, HeaderValue::Once(value.as_str()))).collect();
        let options = Options { secrets: &[&secret], access_key: Some("access"), public_key_id: Some("key"), ..Options::default() };
        let request = Request { headers: &headers, url: Some(&url), body: &body, now: seconds(NOW) };
        if let Some(found) = diagnose(scheme, options, &request) {
            prop_assert!(!format!("{found:?}").contains("hush"), "{found:?}");
        }
    }
}
