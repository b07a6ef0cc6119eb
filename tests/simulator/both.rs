//! Both dialects at one gateway: what they share is one thing, and what they do not is never taken for the other's.

use std::collections::BTreeSet;

use tillproof::simulator::{Dialect, Gateway, Options, Outcome, Request};

use super::driver::{Driver, order, text};

/// All texts of a document that look like an id.
fn ids(body: &str, found: &mut BTreeSet<String>) {
    for word in body.split('"').filter(|word| word.len() > 24 && word.contains('_')) {
        let _ = found.insert(word.to_owned());
    }
}

/// A request in the Stripe dialect.
fn stripe(driver: &mut Driver, method: &str, path: &str, form: &str) -> String {
    let (path, query) = path.split_once('?').unwrap_or((path, ""));
    let request = Request {
        method: method.to_owned(),
        path: path.to_owned(),
        query: query.to_owned(),
        headers: vec![("authorization".to_owned(), "Bearer sk_test_both".to_owned())],
        body: form.as_bytes().to_vec(),
    };
    let answer = driver.gateway.handle(driver.now, &request);
    assert_eq!(answer.status, 200, "{}", answer.body);
    answer.body
}

#[test]
fn no_object_of_one_dialect_has_the_id_of_one_of_the_other() {
    let options = Options { seed: 7, dialect: Dialect::Both, ..Options::default() };
    let mut driver = Driver::over(Gateway::new(options));
    let _ = driver.listen(r#"{"url":"https://shop.test/native","events":["*"]}"#);
    let hook = "url=https://shop.test/stripe&enabled_events[0]=*";
    let _ = stripe(&mut driver, "POST", "/v1/webhook_endpoints", hook);
    for number in 0..3 {
        let made = driver.post(
            "/api/payments",
            &format!("native {number}"),
            &order(&format!("order_{number}"), 1_000, ""),
        );
        let path = format!("/api/payments/{}/refund", text(&made.body, "id"));
        assert_eq!(driver.post(&path, &format!("back {number}"), "{}").status, 200);
        let form = "amount=1000&currency=usd&confirm=true&payment_method=pm_card_visa";
        let intent = stripe(&mut driver, "POST", "/v1/payment_intents", form);
        let form = format!("payment_intent={}", text(&intent, "id"));
        let _ = stripe(&mut driver, "POST", "/v1/refunds", &form);
    }
    driver.wait(60_000);
    driver.deliver(|_| Outcome::Answered(200));

    let (mut native, mut other) = (BTreeSet::new(), BTreeSet::new());
    for path in ["/api/payments", "/api/events?limit=100"] {
        ids(&driver.get(path).body, &mut native);
    }
    for path in ["/v1/payment_intents", "/v1/charges", "/v1/refunds", "/v1/events?limit=100"] {
        ids(&stripe(&mut driver, "GET", path, ""), &mut other);
    }
    assert!(native.len() > 20 && other.len() > 20, "{native:?} {other:?}");
    let both: Vec<&String> = native.intersection(&other).collect();
    assert!(both.is_empty(), "{both:?}");
}
