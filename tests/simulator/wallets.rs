//! Money of the native dialect beside payments: transfers, escrows with the fee of a platform, payouts, statements.

use tillproof::simulator::Outcome;

use super::driver::{Driver, text};

const DAY_MS: u64 = 24 * 60 * 60 * 1_000;

fn driver() -> Driver {
    let mut driver = Driver::new(7, "\"none\"");
    let _ = driver.pay("order_1", 10_000);
    driver
}

/// What a merchant has available in euros, which is all there is.
fn available(driver: &mut Driver, name: &str) -> String {
    let body = driver.get(&format!("/api/wallets/{name}")).body;
    let after = body.split("\"available\":").nth(1).unwrap();
    after.split(',').next().unwrap().to_owned()
}

/// Whether the gateway's own books prove themselves.
fn balanced(driver: &mut Driver) -> String {
    text(&driver.send("POST", "/api/reconcile", None, "").body, "balanced")
}

fn line(driver: &mut Driver, path: &str, body: &str) -> String {
    let answer = driver.post(path, &body.replace(',', ";"), body);
    let word = if answer.status < 300 { "id" } else { "error.code" };
    let found = text(&answer.body, word);
    format!("{} {}", answer.status, if answer.status < 300 { text(&answer.body, "object") } else { found })
}

#[test]
fn a_transfer_moves_what_is_available_and_no_more() {
    let mut driver = driver();
    assert_eq!(available(&mut driver, "shop"), "9680");
    let body = r#"{"from":"shop","to":"baker","amount":1000,"currency":"EUR","reference":"flour"}"#;
    let sent = driver.post("/api/transfers", "t1", body);
    assert_eq!((sent.status, text(&sent.body, "to")), (201, "baker".to_owned()));
    assert_eq!(
        (available(&mut driver, "shop"), available(&mut driver, "baker")),
        ("8680".to_owned(), "1000".to_owned())
    );
    let again = driver.post("/api/transfers", "t1", body);
    assert_eq!(again.body, sent.body);
    assert_eq!(available(&mut driver, "baker"), "1000");
    assert_eq!(driver.get(&format!("/api/transfers/{}", text(&sent.body, "id"))).body, sent.body);
    assert_eq!(balanced(&mut driver), "true");
}

#[test]
fn an_escrow_pays_the_payee_less_the_fee_of_the_platform_or_the_payer_back() {
    let mut driver = driver();
    let body =
        r#"{"payer":"shop","payee":"baker","platform":"market","fee":50,"amount":1000,"currency":"EUR"}"#;
    let held = driver.post("/api/escrows", "e1", body);
    assert_eq!(
        (held.status, text(&held.body, "state"), available(&mut driver, "shop")),
        (201, "held".to_owned(), "8680".to_owned())
    );
    assert_eq!(balanced(&mut driver), "true");
    let path = format!("/api/escrows/{}", text(&held.body, "id"));
    let released = driver.post(&format!("{path}/release"), "e2", "");
    assert_eq!((released.status, text(&released.body, "state")), (200, "released".to_owned()));
    assert_eq!(
        (available(&mut driver, "baker"), available(&mut driver, "market")),
        ("950".to_owned(), "50".to_owned())
    );
    assert_eq!(line(&mut driver, &format!("{path}/return"), "{}"), "409 invalid_transition");
    let other = driver.post(
        "/api/escrows",
        "e3",
        r#"{"payer":"shop","payee":"baker","amount":680,"currency":"EUR"}"#,
    );
    let back = driver.post(&format!("/api/escrows/{}/return", text(&other.body, "id")), "e4", "");
    assert_eq!(
        (text(&back.body, "state"), available(&mut driver, "shop")),
        ("returned".to_owned(), "8680".to_owned())
    );
    assert_eq!(balanced(&mut driver), "true");
}

#[test]
fn a_payout_leaves_for_the_bank_and_stands_in_its_statement() {
    let mut driver = driver();
    let body = r#"{"account":"shop","amount":9000,"currency":"EUR"}"#;
    let payout = driver.post("/api/payouts", "p1", body);
    assert_eq!(
        (payout.status, text(&payout.body, "state"), available(&mut driver, "shop")),
        (201, "pending".to_owned(), "680".to_owned())
    );
    let canceled = driver.post(&format!("/api/payouts/{}/cancel", text(&payout.body, "id")), "p2", "");
    assert_eq!(
        (text(&canceled.body, "state"), available(&mut driver, "shop")),
        ("canceled".to_owned(), "9680".to_owned())
    );
    let payout = driver.post("/api/payouts", "p3", body);
    driver.wait(5 * DAY_MS);
    let _ = driver.send("POST", "/api/reconcile", None, "");
    let paid = driver.get(&format!("/api/payouts/{}", text(&payout.body, "id")));
    assert_eq!(text(&paid.body, "state"), "paid");
    assert_eq!(
        line(&mut driver, &format!("/api/payouts/{}/cancel", text(&payout.body, "id")), "{}"),
        "409 invalid_transition"
    );
    let statement = driver.get("/_tillproof/statement.xml?format=csv&account=shop").body;
    assert_eq!(statement.lines().count(), 2, "{statement}");
    assert!(statement.contains(",9000,EUR,"), "{statement}");
    let settlement = driver.get("/_tillproof/settlement.csv?account=shop").body;
    let types: Vec<&str> = settlement.lines().skip(1).filter_map(|row| row.split(',').nth(2)).collect();
    assert_eq!(types, ["charge", "payout", "payout_failure", "payout"], "{settlement}");
    assert_eq!(balanced(&mut driver), "true");
}

#[test]
fn each_wrong_wish_is_refused_and_changes_nothing() {
    let mut driver = driver();
    let before = driver.gateway.state_digest();
    let table = [
        (
            "/api/transfers",
            r#"{"from":"shop","to":"baker","amount":9681,"currency":"EUR"}"#,
            "400 amount_exceeds_rest",
        ),
        (
            "/api/transfers",
            r#"{"from":"shop","to":"baker","amount":1,"currency":"USD"}"#,
            "400 amount_exceeds_rest",
        ),
        (
            "/api/transfers",
            r#"{"from":"nobody","to":"baker","amount":1,"currency":"EUR"}"#,
            "404 account_not_found",
        ),
        ("/api/transfers", r#"{"from":"shop","to":"shop","amount":1,"currency":"EUR"}"#, "400 field_invalid"),
        (
            "/api/transfers",
            r#"{"from":"shop","to":"ba ker","amount":1,"currency":"EUR"}"#,
            "400 field_invalid",
        ),
        ("/api/transfers", r#"{"from":"shop","to":"baker","amount":0,"currency":"EUR"}"#, "400 amount_zero"),
        (
            "/api/transfers",
            r#"{"from":"shop","to":"baker","amount":1,"currency":"EUR","x":1}"#,
            "400 field_unknown",
        ),
        (
            "/api/escrows",
            r#"{"payer":"shop","payee":"b","amount":1,"currency":"EUR","fee":1}"#,
            "400 field_invalid",
        ),
        (
            "/api/escrows",
            r#"{"payer":"shop","payee":"b","platform":"m","amount":1,"currency":"EUR","fee":2}"#,
            "400 field_invalid",
        ),
        ("/api/escrows/esc_1/release", "{}", "404 escrow_not_found"),
        ("/api/payouts", r#"{"account":"shop","amount":9681,"currency":"EUR"}"#, "400 amount_exceeds_rest"),
        ("/api/payouts/po_1/cancel", "{}", "404 payout_not_found"),
    ];
    for (path, body, expected) in table {
        assert_eq!(line(&mut driver, path, body), expected, "{path} {body}");
        assert_eq!(driver.gateway.state_digest(), before, "{path} {body}");
    }
    assert_eq!(driver.get("/api/wallets/nobody").status, 404);
    assert_eq!(driver.get("/api/transfers/wtr_1").status, 404);
}

#[test]
fn every_state_of_a_payout_has_its_event_which_shows_it_as_it_was() {
    let mut driver = driver();
    let _ = driver.listen(r#"{"url":"https://shop.test/hook","events":["payout.paid","payout.canceled"]}"#);
    let order = r#"{"account":"shop","amount":100,"currency":"EUR"}"#;
    let kept = text(&driver.post("/api/payouts", "p1", order).body, "id");
    let gone = text(&driver.post("/api/payouts", "p2", order).body, "id");
    let called_back = driver.post(&format!("/api/payouts/{gone}/cancel"), "p3", "");
    assert_eq!(called_back.status, 200, "{}", called_back.body);
    driver.wait(5 * DAY_MS);
    let mut sent = Vec::new();
    driver.deliver(|delivery| {
        sent.push((text(&delivery.body, "type"), text(&delivery.body, "data.payout.id")));
        Outcome::Answered(200)
    });
    assert_eq!(
        sent,
        [("payout.canceled".to_owned(), gone.clone()), ("payout.paid".to_owned(), kept.clone())]
    );
    let events = driver.get("/api/events?limit=100").body;
    let document: serde_json::Value = serde_json::from_str(&events).unwrap();
    let told: Vec<String> = document["data"]
        .as_array()
        .unwrap()
        .iter()
        .filter(|event| event["data"]["payout"].is_object())
        .map(|event| {
            let payout = &event["data"]["payout"];
            let number = if payout["id"] == kept.as_str() { 1 } else { 2 };
            let id = event["id"].as_str().unwrap();
            let one = driver.get(&format!("/api/events/{id}")).body;
            assert_eq!(text(&one, "data.payout.state"), payout["state"].as_str().unwrap());
            format!("{number} {} {}", event["type"].as_str().unwrap(), payout["state"].as_str().unwrap())
        })
        .collect();
    assert_eq!(
        told,
        [
            "1 payout.pending pending",
            "2 payout.pending pending",
            "2 payout.canceled canceled",
            "1 payout.in_transit in_transit",
            "1 payout.paid paid"
        ]
    );
}
