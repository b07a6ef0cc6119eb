//! The native dialect, answer by answer.

use proptest::prelude::*;

use super::driver::{Driver, line, order, text};
use tillproof::simulator::Request;

const GOOD: &str = r#"{"merchantId":"shop","amount":1000,"currency":"EUR"}"#;

#[test]
fn each_bad_request_is_a_typed_refusal_that_changes_nothing_and_burns_no_key() {
    let long = |length: usize| "x".repeat(length);
    let field = |more: &str| format!(r#"{{"merchantId":"shop","amount":1000,"currency":"EUR",{more}}}"#);
    let amount = |amount: &str| format!(r#"{{"merchantId":"shop","amount":{amount},"currency":"EUR"}}"#);
    let table: Vec<(&str, String, u16, &str)> = vec![
        ("POST /api/payments", "{".to_owned(), 400, "json_syntax"),
        ("POST /api/payments", "\u{feff}{}".to_owned(), 400, "json_syntax"),
        ("POST /api/payments", "[]".to_owned(), 400, "field_invalid"),
        ("POST /api/payments", "null".to_owned(), 400, "field_invalid"),
        ("POST /api/payments", String::new(), 400, "field_missing"),
        ("POST /api/payments", r#"{"amount":1,"amount":2}"#.to_owned(), 400, "json_duplicate_member"),
        ("POST /api/payments", amount("-1"), 400, "amount_not_an_integer"),
        ("POST /api/payments", amount("1.5"), 400, "amount_not_an_integer"),
        ("POST /api/payments", amount("1e3"), 400, "amount_not_an_integer"),
        ("POST /api/payments", amount("9007199254740992"), 400, "amount_unsafe_number"),
        ("POST /api/payments", amount("99999999999999999999"), 400, "amount_too_large"),
        ("POST /api/payments", amount("NaN"), 400, "json_syntax"),
        ("POST /api/payments", amount("\"12\""), 400, "field_invalid"),
        ("POST /api/payments", amount("{}"), 400, "field_invalid"),
        ("POST /api/payments", amount("null"), 400, "field_missing"),
        ("POST /api/payments", amount("0"), 400, "amount_zero"),
        ("POST /api/payments", GOOD.replace("EUR", "eur"), 400, "currency_unknown"),
        ("POST /api/payments", GOOD.replace("EUR", "XXZ"), 400, "currency_unknown"),
        ("POST /api/payments", GOOD.replace("shop", "a shop"), 400, "field_invalid"),
        ("POST /api/payments", GOOD.replace("shop", &long(65)), 400, "field_too_long"),
        ("POST /api/payments", field(r#""captrue":false"#), 400, "field_unknown"),
        ("POST /api/payments", field(r#""capture":"no""#), 400, "field_invalid"),
        ("POST /api/payments", field(r#""reference":"""#), 400, "field_invalid"),
        ("POST /api/payments", field(r#""metadata":[]"#), 400, "field_invalid"),
        ("POST /api/payments", field(r#""metadata":{"a":{}}"#), 400, "field_invalid"),
        ("POST /api/payments", field(&format!(r#""description":"{}""#, long(501))), 400, "field_too_long"),
        (
            "POST /api/payments",
            field(&format!(r#""description":"{}""#, long(300_000))),
            413,
            "body_too_large",
        ),
        ("POST /api/payments/pay_1/capture", String::new(), 404, "payment_not_found"),
        ("POST /api/webhook_endpoints", r#"{"url":"ftp://x"}"#.to_owned(), 400, "field_invalid"),
        (
            "POST /api/webhook_endpoints",
            r#"{"url":"http://x","events":["paid"]}"#.to_owned(),
            400,
            "field_invalid",
        ),
        (
            "POST /api/webhook_endpoints",
            r#"{"url":"http://x","scheme":"rot13"}"#.to_owned(),
            400,
            "field_invalid",
        ),
        (
            "POST /api/webhook_endpoints",
            r#"{"url":"http://x","secret":"whsec_"}"#.to_owned(),
            400,
            "field_invalid",
        ),
        ("POST /api/webhook_endpoints", r#"{"url":"http://x:0"}"#.to_owned(), 400, "field_invalid"),
        ("POST /api/webhook_endpoints", r#"{"url":"http://u:p@x"}"#.to_owned(), 400, "field_invalid"),
        ("POST /api/payments", field(r#""metadata":{"a":1e999}"#), 400, "field_invalid"),
        ("POST /api/reconcile", "{".to_owned(), 400, "json_syntax"),
        ("POST /api/reconcile", "[]".to_owned(), 400, "field_invalid"),
        ("POST /api/reconcile", r#"{"deep":true}"#.to_owned(), 400, "field_unknown"),
        ("POST /_tillproof/reset", "nonsense".to_owned(), 400, "json_syntax"),
        ("POST /_tillproof/reset", r#"{"seed":1}"#.to_owned(), 400, "field_unknown"),
        ("POST /_tillproof/advance", r#"{"seconds":-1}"#.to_owned(), 400, "field_invalid"),
        ("PUT /_tillproof/faults", r#"{"slow":"1.1"}"#.to_owned(), 400, "fault_probability_invalid"),
        ("GET /api/payments?refrence=a", String::new(), 400, "parameter_unknown"),
        ("GET /api/payments?limit=0", String::new(), 400, "parameter_invalid"),
        ("GET /api/payments/pay_1", String::new(), 404, "payment_not_found"),
        ("GET /api/ledger/nobody", String::new(), 404, "account_not_found"),
        ("GET /api/events?after=evt_1", String::new(), 404, "event_not_found"),
        ("GET /_tillproof/statement.xml?format=pdf", String::new(), 400, "parameter_invalid"),
        ("GET /_tillproof/statement.xml?payout=po_1", String::new(), 400, "parameter_unknown"),
        ("GET /_tillproof/settlement.csv?format=", String::new(), 400, "parameter_invalid"),
        ("GET /_tillproof/settlement.csv?account=nobody", String::new(), 404, "account_not_found"),
        ("GET /_tillproof/settlement.csv?payout=po_1", String::new(), 404, "payout_not_found"),
        ("GET /api/payment", String::new(), 404, "route_not_found"),
        ("DELETE /api/payments", String::new(), 405, "method_not_allowed"),
    ];
    let mut driver = Driver::new(7, "\"none\"");
    let before = driver.gateway.state_digest();
    for (route, body, status, code) in table {
        let (method, target) = route.split_once(' ').unwrap();
        let refused = driver.send(method, target, Some("one-key"), &body);
        let found = (refused.status, text(&refused.body, "error.code"));
        assert_eq!(found, (status, code.to_owned()), "{route} {body:.80}");
        assert_ne!(text(&refused.body, "error.advice"), "");
        assert_eq!(driver.gateway.state_digest(), before, "{route} {body:.80}");
    }
    let accepted = driver.post("/api/payments", "one-key", GOOD);
    assert_eq!(line(&accepted), "201 completed");
}

#[test]
fn a_request_with_two_keys_moves_nothing_and_a_snapshot_goes_on_as_if_it_had_not_been() {
    let mut driver = Driver::new(7, r#"{"server_error":{"nth":[1]}}"#);
    let before = driver.gateway.snapshot();
    let doubled = Request {
        method: "POST".to_owned(),
        path: "/api/payments".to_owned(),
        headers: ["a", "b"].map(|key| ("Idempotency-Key".to_owned(), key.to_owned())).to_vec(),
        body: GOOD.as_bytes().to_vec(),
        ..Request::default()
    };
    assert_eq!(line(&driver.gateway.handle(driver.now, &doubled)), "400 idempotency_key_invalid");
    assert_eq!(driver.gateway.snapshot(), before);
    assert_eq!(line(&driver.post("/api/payments", "a", GOOD)), "503 unavailable");
    assert_eq!(line(&driver.post("/api/payments", "a", GOOD)), "201 completed");
}

#[test]
fn head_is_answered_as_get() {
    let mut driver = Driver::new(7, "\"none\"");
    let id = driver.pay("a", 1_000);
    for target in ["/health".to_owned(), format!("/api/payments/{id}"), "/api/payments/x".to_owned()] {
        assert_eq!(driver.send("HEAD", &target, None, ""), driver.get(&target), "{target}");
    }
    assert_eq!(line(&driver.send("HEAD", "/api/reconcile", None, "")), "405 method_not_allowed");
}

#[test]
fn the_messages_of_refusals_are_sentences_that_say_what_to_do() {
    let mut driver = Driver::new(7, "\"none\"");
    let authorized = order("a", 1_000, r#","capture":false"#);
    let id = text(&driver.post("/api/payments", "k1", &authorized).body, "id");
    let mut messages = Vec::new();
    for (method, path, key, body) in [
        ("POST", "/api/payments".to_owned(), None, GOOD),
        ("POST", "/api/payments".to_owned(), Some("schlüssel"), GOOD),
        ("POST", "/api/payments".to_owned(), Some("k1"), GOOD),
        ("POST", format!("/api/payments/{id}/capture"), Some("k2"), r#"{"amount":1001}"#),
        ("POST", format!("/api/payments/{id}/refund"), Some("k3"), ""),
        ("GET", "/api/payments/pay_7".to_owned(), None, ""),
        ("GET", "/_tillproof/statement.xml?format=pdf".to_owned(), None, ""),
        ("PATCH", "/api/payments".to_owned(), None, ""),
    ] {
        let refused = driver.send(method, &path, key, body);
        messages.push(format!("{} {}", refused.status, text(&refused.body, "error.message")));
    }
    insta::assert_snapshot!(messages.join("\n"), @r#"
        400 the header Idempotency-Key is missing: send one key per intended payment, the same at each retry
        400 the Idempotency-Key of 10 bytes is not usable: expected 1 to 255 printable ASCII characters
        422 the Idempotency-Key was first used with another request: repeat that one unchanged, or send a new key for a new intent
        400 1001 minor units cannot be captured: 1000 are left
        409 a payment that is authorized cannot be refunded
        404 there is no payment "pay_7"
        400 the query parameter `format` cannot be read: expected camt.053, mt940 or csv
        405 this route does not answer "PATCH": use POST or GET
        "#);
}

#[test]
fn a_payment_goes_through_these_states_and_no_others() {
    // Payment: what it is created with. Then one request per word, with the answer expected.
    let table = [
        ("", "capture:409 invalid_transition void:409 invalid_transition"),
        ("", "refund:200 refunded refund:409 invalid_transition"),
        ("", "refund=400:200 partially_refunded refund=601:400 amount_exceeds_rest refund=600:200 refunded"),
        ("", "refund=600:200 partially_refunded refund=600:400 amount_exceeds_rest"),
        (
            r#","capture":false"#,
            "capture:200 completed capture:409 invalid_transition void:409 invalid_transition",
        ),
        (
            r#","capture":false"#,
            "capture=1001:400 amount_exceeds_rest capture=700:200 completed refund=701:400 amount_exceeds_rest refund:200 refunded",
        ),
        (r#","capture":false"#, "void:200 voided capture:409 invalid_transition"),
        (r#","capture":false"#, "refund:409 invalid_transition"),
        (
            r#","metadata":{"simulate":"decline"}"#,
            "capture:409 invalid_transition refund:409 invalid_transition",
        ),
        (
            r#","metadata":{"simulate":"processing"}"#,
            "refund:409 invalid_transition capture:409 invalid_transition",
        ),
    ];
    for (number, (more, steps)) in table.into_iter().enumerate() {
        let mut driver = Driver::new(7, "\"none\"");
        let made = driver.post("/api/payments", "create", &order("a", 1_000, more));
        let id = text(&made.body, "id");
        for (step, part) in steps.split(' ').collect::<Vec<_>>().chunks(2).enumerate() {
            let (wish, status) = part[0].split_once(':').unwrap();
            let (action, amount) = wish.split_once('=').unwrap_or((wish, ""));
            let body = if amount.is_empty() { String::new() } else { format!(r#"{{"amount":{amount}}}"#) };
            let path = format!("/api/payments/{id}/{action}");
            let found = driver.post(&path, &format!("step-{step}"), &body);
            assert_eq!(line(&found), format!("{status} {}", part[1]), "row {number}, {wish}");
        }
    }
}

#[test]
fn a_payment_is_written_like_this() {
    let mut driver = Driver::new(7, "\"none\"");
    let more = r#","description":"two cups","metadata":{"table":4}"#;
    let id = text(&driver.post("/api/payments", "k1", &order("order_1", 1_000, more)).body, "id");
    driver.wait(1_500);
    let refunded = driver.post(&format!("/api/payments/{id}/refund"), "k2", r#"{"amount":250}"#);
    insta::assert_snapshot!(refunded.body, @r#"{"id":"pay_00000000c3cc65b1549e91b4","object":"payment","merchantId":"shop","amount":1000,"currency":"EUR","amountCaptured":1000,"amountRefunded":250,"fee":59,"state":"partially_refunded","description":"two cups","metadata":{"table":4},"reference":"order_1","createdAt":1767225600000,"updatedAt":1767225601500,"failure":null,"refunds":[{"id":"rfd_000000006bf1a0d05d36062e","amount":250,"createdAt":1767225601500}],"transitions":[{"from":"pending","to":"processing","at":1767225600000,"cause":"submit"},{"from":"processing","to":"completed","at":1767225600000,"cause":"complete"},{"from":"completed","to":"partially_refunded","at":1767225601500,"cause":"refund"}]}"#);
    assert_eq!(driver.get(&format!("/api/payments/{id}")).body, refunded.body);
    let declined = order("order_2", 1_000, r#","metadata":{"simulate":"insufficient_funds"}"#);
    let declined = driver.post("/api/payments", "k3", &declined);
    assert_eq!((declined.status, text(&declined.body, "state").as_str()), (201, "failed"));
    insta::assert_snapshot!(text(&declined.body, "failure"), @r#"{"code":"insufficient_funds","message":"the card was declined: its account does not cover the amount"}"#);
}

#[test]
fn a_key_is_answered_once_replayed_refused_to_others_and_forgotten_after_a_day() {
    let mut driver = Driver::new(7, r#"{"slow":{"nth":[1],"delay_ms":[500,500]}}"#);
    let body = order("a", 1_000, "");
    let spaced = body.replace(',', " , ");
    let first = driver.post("/api/payments", "k", &body);
    let mut lines = vec![line(&first)];
    for (wait_ms, body) in [
        (0, &body),
        (499, &body),
        (1, &spaced),
        (0, &order("a", 1_001, "")),
        (24 * 60 * 60 * 1_000 - 501, &body),
        (1, &body),
    ] {
        driver.wait(wait_ms);
        let again = driver.post("/api/payments", "k", body);
        assert!(line(&again) != "201 completed replayed" || again.body == first.body);
        lines.push(line(&again));
    }
    insta::assert_snapshot!(lines.join("\n"), @"
        201 completed
        409 idempotency_key_in_flight
        409 idempotency_key_in_flight
        201 completed replayed
        422 idempotency_key_mismatch
        201 completed replayed
        201 completed
        ");
    assert_eq!(text(&driver.get("/api/payments?reference=a").body, "hasMore"), "false");
    let other_route = driver.post("/api/payments/pay_1/void", "k", "");
    assert_eq!(line(&other_route), "422 idempotency_key_mismatch");
}

#[test]
fn a_hold_expires_after_seven_days_and_a_lingering_payment_completes_after_a_minute() {
    let mut driver = Driver::new(7, "\"none\"");
    let held =
        text(&driver.post("/api/payments", "k1", &order("a", 1_000, r#","capture":false"#)).body, "id");
    let lingering = order("b", 1_000, r#","metadata":{"simulate":"processing"}"#);
    let lingering = text(&driver.post("/api/payments", "k2", &lingering).body, "id");
    let states = |driver: &mut Driver| {
        [&held, &lingering].map(|id| text(&driver.get(&format!("/api/payments/{id}")).body, "state"))
    };
    assert_eq!(states(&mut driver), ["authorized", "processing"]);
    driver.wait(60_000);
    assert_eq!(states(&mut driver), ["authorized", "completed"]);
    driver.wait(7 * 24 * 60 * 60 * 1_000 - 60_001);
    assert_eq!(states(&mut driver), ["authorized", "completed"]);
    driver.wait(1);
    assert_eq!(states(&mut driver), ["expired", "completed"]);
    let late = driver.get(&format!("/api/payments/{lingering}"));
    assert_eq!(text(&late.body, "updatedAt"), (super::driver::START_MS + 60_000).to_string());
}

#[test]
fn lists_are_newest_first_and_pages_join_without_gap() {
    let mut driver = Driver::new(7, "\"none\"");
    let mut ids: Vec<String> = (0..5)
        .map(|number| {
            let body = order("same order", 1_000 + number, "");
            text(&driver.post("/api/payments", &format!("k{number}"), &body).body, "id")
        })
        .collect();
    ids.reverse();
    let (mut seen, mut after) = (Vec::new(), String::new());
    loop {
        let page = driver.get(&format!("/api/payments?reference=same+order&limit=2{after}")).body;
        let document = tillproof::json::parse(page.as_bytes()).unwrap();
        let data = document.get("data").unwrap().as_array().unwrap();
        seen.extend(data.iter().map(|payment| payment.get("id").unwrap().as_str().unwrap().to_owned()));
        if document.get("hasMore").unwrap().as_bool() == Some(false) {
            break;
        }
        after = format!("&after={}", seen.last().unwrap());
    }
    assert_eq!(seen, ids);
}

#[test]
fn the_ledger_and_its_proof_are_written_like_this() {
    let mut driver = Driver::new(7, "\"none\"");
    let id = driver.pay("a", 1_000);
    let _ = driver.post(&format!("/api/payments/{id}/refund"), "k", r#"{"amount":250}"#);
    insta::assert_snapshot!(driver.get("/api/ledger/shop?limit=1").body, @r#"{"id":"shop","object":"account","balance":{"EUR":691},"totals":[{"currency":"EUR","debits":309,"credits":1000}],"entries":[{"id":"ent_00000001c447eca202a91654","at":1767225600000,"cause":"refund","payment":"pay_00000000c3cc65b1549e91b4","side":"debit","amount":250,"currency":"EUR"}],"hasMore":true}"#);
    insta::assert_snapshot!(driver.send("POST", "/api/reconcile", None, "").body, @r#"{"object":"reconciliation","at":1767225600000,"balanced":true,"currencies":[{"currency":"EUR","balanced":true,"totals":{"debits":1309,"credits":1309},"captured":1000,"refunded":250,"fees":59,"difference":0}]}"#);
    let fees = driver.get("/api/ledger/gateway:fees");
    assert!(fees.body.contains(r#""balance":{"EUR":59}"#), "{}", fees.body);
}

#[test]
fn a_full_gateway_says_so_and_still_answers() {
    use tillproof::simulator::{Gateway, Options};
    let mut driver = Driver::over(Gateway::new(Options { payments_max: 1, ..Options::default() }));
    let _ = driver.pay("a", 1_000);
    assert_eq!(line(&driver.post("/api/payments", "b", &order("b", 1, ""))), "507 gateway_full");
    assert_eq!(line(&driver.post("/api/payments", "a", &order("a", 1_000, ""))), "201 completed replayed");
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 400, ..ProptestConfig::default() })]

    #[test]
    fn whatever_is_sent_a_refusal_changes_nothing_and_nothing_panics(
        method in prop::sample::select(vec!["GET", "HEAD", "POST", "PUT", "DELETE", "", "é"]),
        target in prop::sample::select(vec![
            "/api/payments", "/api/payments/x/refund", "/api/ledger/%ff", "/api/events?after=", "/health?x=1",
            "/api/webhook_endpoints", "/_tillproof/faults", "/_tillproof/advance", "//", "", "/api/payments?limit=%",
        ]),
        key in prop::option::of("[ -~]{0,300}"),
        body in prop_oneof![
            any::<Vec<u8>>().prop_map(|bytes| String::from_utf8_lossy(&bytes).into_owned()),
            "\\{\"(merchantId|amount|currency|url|seconds|slow)\":(-?[0-9]{1,20}(\\.[0-9])?|\"[a-zA-Z]{0,5}\"|null|\\[\\]|\\{\\})\\}",
        ],
    ) {
        let mut driver = Driver::new(7, "\"none\"");
        let before = driver.gateway.state_digest();
        let answer = driver.send(method, target, key.as_deref(), &body);
        prop_assert!(answer.status != 500, "{}", answer.body);
        if answer.status >= 400 {
            prop_assert_eq!(driver.gateway.state_digest(), before);
            prop_assert!(!text(&answer.body, "error.code").is_empty());
        }
    }
}
