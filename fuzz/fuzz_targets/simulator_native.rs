//! The native dialect, with anything in its paths, queries, headers and bodies: nothing panics, every answer of JSON is either
//! an `error` or something else, no status says that the gateway is at fault, and a refused request leaves the gateway as it was;
//! all but what the ground truth says was injected.
//!
//! Input: requests separated by line breaks; of each, the first byte picks a route, the second its headers and how much time
//! passes before it, and the rest is its body or its query. A route of the last number is written in the line itself: method,
//! path and the rest, separated by blanks.
#![no_main]

use libfuzzer_sys::fuzz_target;
use tillproof::json;
use tillproof::simulator::{Exchange, FaultPlan, Gateway, Options, Outcome, Request};
use tillproof::time::{Millis, Timestamp};

/// All routes; `{id}` is the id of whatever was answered last.
const ROUTES: [(&str, &str); 36] = [
    ("POST", "/api/payments"),
    ("GET", "/api/payments"),
    ("GET", "/api/payments/{id}"),
    ("POST", "/api/payments/{id}/capture"),
    ("POST", "/api/payments/{id}/void"),
    ("POST", "/api/payments/{id}/refund"),
    ("POST", "/api/transfers"),
    ("GET", "/api/transfers/{id}"),
    ("POST", "/api/escrows"),
    ("GET", "/api/escrows/{id}"),
    ("POST", "/api/escrows/{id}/release"),
    ("POST", "/api/escrows/{id}/return"),
    ("POST", "/api/payouts"),
    ("GET", "/api/payouts/{id}"),
    ("POST", "/api/payouts/{id}/cancel"),
    ("GET", "/api/wallets/{id}"),
    ("GET", "/api/wallets/shop"),
    ("GET", "/api/ledger/shop"),
    ("GET", "/api/ledger/{id}"),
    ("POST", "/api/reconcile"),
    ("POST", "/api/webhook_endpoints"),
    ("GET", "/api/webhook_endpoints"),
    ("GET", "/api/webhook_endpoints/{id}"),
    ("POST", "/api/webhook_endpoints/{id}"),
    ("DELETE", "/api/webhook_endpoints/{id}"),
    ("POST", "/api/webhook_endpoints/{id}/rotate"),
    ("GET", "/api/events"),
    ("GET", "/api/events/{id}"),
    ("POST", "/api/events/{id}/resend"),
    ("GET", "/health"),
    ("POST", "/_tillproof/advance"),
    ("PUT", "/_tillproof/faults"),
    ("GET", "/_tillproof/settlement.csv"),
    ("GET", "/_tillproof/statement.xml"),
    ("GET", "/_tillproof/ground-truth"),
    ("POST", "/_tillproof/reset"),
];

/// Header lines that a byte picks from, bit by bit; a key of its own for each request comes beside them.
const HEADERS: [(&str, &str); 4] = [
    ("Idempotency-Key", "again"),
    ("Content-Type", "application/json; charset=utf-16"),
    ("Content-Encoding", "gzip"),
    ("Content-Type", "text/plain;charset=UTF-8"),
];

/// How long passes before a request, by two bits of the byte.
const PASSING: [u64; 4] = [0, 1_000, 3_600_000, 8 * 24 * 3_600_000];

fuzz_target!(|input: &[u8]| {
    let mut gateway = Gateway::new(Options::default());
    let mut now = Timestamp::MIN;
    let mut id = String::from("pay_1");
    for (number, line) in input.split(|byte| *byte == b'\n').take(8).enumerate() {
        let [route, how, rest @ ..] = line else { continue };
        now = now.saturating_add(Millis::new(PASSING[usize::from(how >> 6)]));
        quieten(&mut gateway, now);
        let request = asked(number, *route, *how, rest, &id);
        let before = gateway.clone();
        let answer = gateway.handle(now, &request);
        // An injected fault may answer anything, and stands in the ground truth.
        if gateway.ground_truth().len() <= before.ground_truth().len() {
            check(&before, &gateway, &request, &answer);
        }
        if let Some(found) = id_of(&answer) {
            id = found;
        }
        now = now.saturating_add(answer.advance);
    }
});

/// Does all that is due and lets keys be forgotten whose time is over, so that what changes afterwards is the doing of the
/// request.
fn quieten(gateway: &mut Gateway, now: Timestamp) {
    let nowhere = Request { method: "POST".to_owned(), path: "/".to_owned(), ..Request::default() };
    assert_eq!(gateway.handle(now, &nowhere).status, 404);
    gateway.handle_timeout(now).expect("time passes without an error");
    while let Some(delivery) = gateway.poll_delivery(now, 0) {
        gateway.handle_delivery(now, &delivery.id, Outcome::Answered(200)).expect("it was just given");
    }
}

fn asked(number: usize, route: u8, how: u8, rest: &[u8], id: &str) -> Request {
    let text = || String::from_utf8_lossy(rest).into_owned();
    let mut headers: Vec<(String, String)> = HEADERS
        .iter()
        .enumerate()
        .filter(|(bit, _)| how & (1 << bit) != 0)
        .map(|(_, (name, value))| ((*name).to_owned(), (*value).to_owned()))
        .collect();
    // Most lines have nothing but this one, and are carried out.
    if how & 0b1_0000 == 0 {
        headers.push(("idempotency-key".to_owned(), format!("key_{number}")));
    }
    let Some((method, pattern)) = ROUTES.get(usize::from(route) % (ROUTES.len() + 1)) else {
        let line = text();
        let mut words = line.splitn(3, ' ').map(str::to_owned);
        let [method, target, body] = [(); 3].map(|()| words.next().unwrap_or_default());
        let (path, query) = target.split_once('?').unwrap_or((&target, ""));
        let (path, query) = (path.replace("{id}", id), query.to_owned());
        return Request { method, path, query, headers, body: body.into_bytes() };
    };
    let in_query = *method == "GET";
    Request {
        method: (*method).to_owned(),
        path: pattern.replace("{id}", id),
        query: if in_query { text() } else { String::new() },
        headers,
        body: if in_query { Vec::new() } else { rest.to_vec() },
    }
}

fn check(before: &Gateway, after: &Gateway, request: &Request, answer: &Exchange) {
    // What decides by the number of calls which one a fault strikes has counted this one.
    let is_faulty = *before.faults() != FaultPlan::default();
    let said = || {
        format!("{} {}?{}: {} {}", request.method, request.path, request.query, answer.status, answer.body)
    };
    let is_json =
        answer.headers.iter().any(|(name, value)| *name == "content-type" && value == "application/json");
    let error = is_json.then(|| json::parse(answer.body.as_bytes()));
    match answer.status {
        200..300 => {
            assert!(!matches!(error, Some(Ok(ref body)) if body.get("error").is_some()), "{}", said())
        }
        400..500 => {
            let body = error.expect("a refusal is JSON").expect("a refusal can be read");
            assert!(body.get("error").and_then(|error| error.get("code")).is_some(), "{}", said());
            if !is_faulty {
                assert_eq!(after.state_digest(), before.state_digest(), "{}", said());
            }
        }
        _ => panic!("{}", said()),
    }
}

fn id_of(answer: &Exchange) -> Option<String> {
    let body = json::parse(answer.body.as_bytes()).ok()?;
    body.get("id").and_then(json::Value::as_str).map(str::to_owned)
}
