//! Recorded deliveries, and those computed by others: every verdict must be the expected one.

use std::collections::BTreeMap;

use tillproof::advice::Diagnose;
use tillproof::crypto::decode_base64;
use tillproof::json::{self, Value};
use tillproof::webhook::{Error, HeaderValue, Options, Request, SCHEMES, Verifier, scheme};

use super::samples::{Headers, seconds};

/// Shared with other implementations; `webhooks-catalogue.jsonl` has what it lacks.
const FILES: [&str; 2] =
    [include_str!("../vectors/webhooks.jsonl"), include_str!("../vectors/webhooks-catalogue.jsonl")];

/// The verdict on a vector: the index of the secret, or why it was refused.
fn verdict(vector: &Value<'_>) -> Result<usize, Error> {
    let text = |field: &str| vector.get(field).and_then(Value::as_str);
    let number = |field: &str| vector.get(field).and_then(Value::as_u64);
    let body = match text("body_base64") {
        Some(encoded) => decode_base64(encoded).unwrap(),
        None => text("body").unwrap().as_bytes().to_vec(),
    };
    let headers: Headers<'_> = vector
        .get("headers")
        .and_then(Value::as_object)
        .unwrap()
        .iter()
        .map(|(name, value)| (&**name, value.as_str().map_or(HeaderValue::Repeated, HeaderValue::Once)))
        .collect();
    let jwk = vector.get("jwk").map(Value::to_text);
    let options = Options {
        secrets: &[text("secret").unwrap()],
        tolerance_seconds: number("tolerance_s"),
        public_key_id: text("public_key_id"),
        access_key: text("access_key"),
        public_key_pem: text("public_key_pem"),
        jwk: jwk.as_deref(),
        certificate_pem: text("certificate_pem"),
        ..Options::default()
    };
    let verifier = Verifier::new(scheme(text("scheme").unwrap())?, options)?;
    let now = seconds(number("timestamp_now").unwrap());
    let request = Request { headers: &headers, url: text("url"), body: &body, now };
    let verified = verifier.verify(&request)?;
    for event in verified.events() {
        assert!(!event.id.is_empty());
    }
    Ok(verified.secret_index())
}

#[test]
fn every_vector_gets_its_verdict_and_where_it_names_a_cause_that_cause() {
    // Causes that only probing can find are reported as a mismatch here.
    let probed = ["body_reserialised", "body_whitespace", "url_mismatch", "wrong_key_decoding"];
    let mut cases: BTreeMap<String, usize> = BTreeMap::new();
    let mut not_covered: BTreeMap<String, usize> = BTreeMap::new();
    for line in FILES.iter().flat_map(|file| file.lines()) {
        let vector = json::parse(line.as_bytes()).unwrap();
        let text = |field: &str| vector.get(field).and_then(Value::as_str).unwrap_or_default();
        if scheme(text("scheme")).is_err() {
            *not_covered.entry(text("scheme").to_owned()).or_default() += 1;
            continue;
        }
        let found = verdict(&vector);
        let expected = text("expect");
        assert_eq!(if found.is_ok() { "valid" } else { "invalid" }, expected, "{}: {found:?}", text("id"));
        if let (Err(error), diagnosis) = (&found, text("diagnosis"))
            && !diagnosis.is_empty()
        {
            let code = match diagnosis {
                "unsigned" => "missing_header",
                diagnosis if probed.contains(&diagnosis) => "signature_mismatch",
                diagnosis => diagnosis,
            };
            assert_eq!(error.code(), code, "{}", text("id"));
        }
        *cases.entry(text("scheme").to_owned()).or_default() += 1;
    }
    let covered: Vec<&str> = cases.keys().map(String::as_str).collect();
    let known: Vec<&str> = SCHEMES.iter().map(|scheme| scheme.name).collect();
    assert_eq!(covered, known, "each scheme has vectors and stands in order of its name");
    println!("{} vectors of {} schemes agree", cases.values().sum::<usize>(), cases.len());
    println!("not covered yet: {not_covered:?}");
}

/// What each refusal of the shared file that names no cause of its own is refused for. Where the `why` of a vector
/// says something, the code must say the same.
#[test]
fn refusals_are_for_the_reason_the_vector_tells() {
    let table = [
        ("adyen-invalid-44A", "signature_mismatch"),
        ("adyen-invalid-no-items", "malformed_field"),
        ("adyen-invalid-second-item-forged", "events_refused"),
        ("adyen-invalid-tampered-amount", "signature_mismatch"),
        ("adyen-strict-array-amount", "malformed_field"),
        ("adyen-platform-invalid-missing-header", "missing_header"),
        ("airwallex-strict-boundary-shift", "malformed_header"),
        ("braintree-invalid-empty-signature", "missing_field"),
        ("braintree-invalid-no-our-key", "missing_field"),
        ("braintree-invalid-truncated", "signature_mismatch"),
        ("github-invalid-empty-body", "empty_body"),
        ("github-invalid-sha1-in-256", "malformed_header"),
        ("github-invalid-sha1-only", "missing_header"),
        ("gocardless-strict-trailing-garbage", "signature_mismatch"),
        ("mp-invalid-garbage", "malformed_header"),
        ("mp-invalid-multibyte", "signature_mismatch"),
        ("mp-invalid-tolerance", "timestamp_too_old"),
        ("slack-invalid-expired", "timestamp_too_old"),
        ("slack-invalid-v1-tag", "malformed_header"),
        ("square-invalid-empty-url", "missing_url"),
        ("stripe-invalid-empty-v1", "missing_signature"),
        ("stripe-invalid-header-array", "repeated_header"),
        ("stripe-invalid-multibyte-sig", "signature_mismatch"),
        ("stripe-invalid-only-v0", "missing_signature"),
        ("stripe-invalid-space-after-comma", "missing_signature"),
        ("stripe-strict-duplicate-t", "malformed_header"),
        ("stripe-strict-leading-zero-t", "malformed_header"),
        ("stripe-strict-t-trailing-garbage", "malformed_header"),
        ("svix-invalid-missing-id", "missing_header"),
        ("sw-invalid-empty-secret", "empty_secret"),
        ("sw-invalid-no-version", "malformed_header"),
        ("sw-invalid-v1-equals-form", "malformed_header"),
        ("sw-invalid-v1-only", "malformed_header"),
        ("sw-strict-timestamp-garbage", "malformed_header"),
        ("twilio-body-invalid-body", "signature_mismatch"),
        ("workos-invalid-expired", "timestamp_too_old"),
        ("xendit-invalid-empty-secret", "empty_secret"),
        ("xendit-invalid-missing", "missing_header"),
    ];
    let vectors: Vec<Value<'_>> =
        FILES[0].lines().map(|line| json::parse(line.as_bytes()).unwrap()).collect();
    for (id, code) in table {
        let is_it = |vector: &&Value<'_>| vector.get("id").and_then(Value::as_str) == Some(id);
        let vector = vectors.iter().find(is_it).unwrap_or_else(|| panic!("no vector {id}"));
        assert_eq!(verdict(vector).unwrap_err().code(), code, "{id}");
    }
}
