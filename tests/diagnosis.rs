//! What happens to deliveries on their way is done to genuine ones here, and the cause must be named.
#![cfg(not(target_family = "wasm"))]
#![expect(clippy::unwrap_used, reason = "a test that cannot go on should stop loudly")]

use tillproof::crypto::decode_base64;
use tillproof::json::{self, Value};
use tillproof::time::Timestamp;
use tillproof::webhook::{
    Confidence, Diagnosis, HeaderValue, Options, Request, SCHEMES, STANDARD_WEBHOOKS_V1, STRIPE_V1, Scheme,
    diagnose, scheme, sign,
};

type Headers<'a> = Vec<(&'a str, HeaderValue<'a>)>;

const VECTORS: &str = include_str!("vectors/webhooks.jsonl");

/// Vectors whose cause cannot be found by the means of a diagnosis, and why.
const IMPOSSIBLE: &[(&str, &str)] = &[];

fn seconds(seconds: u64) -> Timestamp {
    Timestamp::from_unix_seconds(seconds).unwrap()
}

#[test]
fn every_vector_that_names_a_cause_is_diagnosed_so() {
    let mut named = 0;
    for line in VECTORS.lines() {
        let vector = json::parse(line.as_bytes()).unwrap();
        let text = |field: &str| vector.get(field).and_then(Value::as_str);
        let number = |field: &str| vector.get(field).and_then(Value::as_u64);
        let (Ok(scheme), Some(expected)) = (scheme(text("scheme").unwrap()), text("diagnosis")) else {
            continue;
        };
        let body = match text("body_base64") {
            Some(encoded) => decode_base64(encoded).unwrap(),
            None => text("body").unwrap().as_bytes().to_vec(),
        };
        let headers = vector.get("headers").and_then(Value::as_object).unwrap().iter();
        let headers: Headers<'_> = headers
            .map(|(name, value)| (&**name, value.as_str().map_or(HeaderValue::Repeated, HeaderValue::Once)))
            .collect();
        let secrets = &[text("secret").unwrap()];
        let options = Options { secrets, tolerance_seconds: number("tolerance_s"), ..Options::default() };
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
