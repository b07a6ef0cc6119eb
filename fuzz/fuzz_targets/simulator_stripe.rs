//! The Stripe dialect, with anything in its forms and queries: nothing panics, every answer is JSON with either an `error` or an
//! object, and a refused request leaves the gateway as it was.
//!
//! Input: requests separated by line breaks; of each, the first byte picks a route and the rest is its form.
#![no_main]

use libfuzzer_sys::fuzz_target;
use tillproof::json;
use tillproof::simulator::{Dialect, Gateway, Options, Request};
use tillproof::time::Timestamp;

/// Routes that read much; `{id}` is the id of whatever was answered last.
const ROUTES: [(&str, &str); 28] = [
    ("POST", "/v1/payment_intents"),
    ("POST", "/v1/payment_intents/{id}/confirm"),
    ("POST", "/v1/payment_intents/{id}/capture"),
    ("POST", "/v1/payment_intents/{id}/cancel"),
    ("POST", "/v1/payment_intents/{id}"),
    ("GET", "/v1/payment_intents"),
    ("POST", "/v1/customers"),
    ("POST", "/v1/customers/{id}"),
    ("GET", "/v1/customers"),
    ("POST", "/v1/payment_methods"),
    ("POST", "/v1/refunds"),
    ("POST", "/v1/webhook_endpoints"),
    ("POST", "/v1/payouts"),
    ("POST", "/v1/setup_intents"),
    ("GET", "/v1/events"),
    ("GET", "/v1/customers/search"),
    ("POST", "/v1/charges"),
    ("POST", "/v1/charges/{id}/capture"),
    ("GET", "/v1/charges"),
    ("POST", "/v1/accounts"),
    ("POST", "/v1/transfers"),
    ("POST", "/v1/tokens"),
    ("POST", "/v1/products"),
    ("POST", "/v1/prices"),
    ("POST", "/v1/subscriptions"),
    ("POST", "/v1/invoices"),
    ("POST", "/v1/payouts/{id}/cancel"),
    ("GET", "/v1/balance_transactions"),
];

fuzz_target!(|input: &[u8]| {
    let mut gateway = Gateway::new(Options { dialect: Dialect::Stripe, ..Options::default() });
    let mut id = String::from("pi_1");
    for (number, line) in input.split(|byte| *byte == b'\n').take(8).enumerate() {
        let Some((route, form)) = line.split_first() else { continue };
        let (method, pattern) = ROUTES[usize::from(*route) % ROUTES.len()];
        let text = String::from_utf8_lossy(form).into_owned();
        let in_query = method == "GET";
        let request = Request {
            method: method.to_owned(),
            path: pattern.replace("{id}", &id),
            query: if in_query { text } else { String::new() },
            headers: vec![
                ("Authorization".to_owned(), "Bearer sk_test_fuzz".to_owned()),
                ("Idempotency-Key".to_owned(), format!("key_{number}")),
            ],
            body: if in_query { Vec::new() } else { form.to_vec() },
        };
        let answer = gateway.handle(Timestamp::MIN, &request);
        let body = json::parse(answer.body.as_bytes()).expect("an answer is JSON");
        match body.get("error") {
            Some(_) => assert!((400..500).contains(&answer.status), "{}: {}", answer.status, answer.body),
            None => assert_eq!(answer.status, 200, "{}", answer.body),
        }
        if answer.status == 400 || answer.status == 404 {
            // A refusal that is kept under its key is the one thing it may leave behind.
            let mut keyless = request.clone();
            keyless.headers.truncate(1);
            let between = gateway.state_digest();
            assert_eq!(gateway.handle(Timestamp::MIN, &keyless).status, answer.status);
            assert_eq!(gateway.state_digest(), between, "{} {}", request.path, answer.body);
        }
        if let Some(found) = body.get("id").and_then(json::Value::as_str) {
            id = found.to_owned();
        }
    }
});
