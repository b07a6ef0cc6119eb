//! Refunds and disputes: what happens to money after it was taken.

use super::shop::Shop;

/// The id of a payment of 10.00 with a test method, and that of its charge.
fn paid(shop: &mut Shop, method: &str) -> (String, String) {
    let form = format!(
        "amount=1000&currency=usd&confirm=true&payment_method={method}&automatic_payment_methods[enabled]=true\
         &automatic_payment_methods[allow_redirects]=never"
    );
    let intent = shop.post("/v1/payment_intents", &form);
    assert_eq!(intent.body["status"], "succeeded", "{}", intent.text);
    (intent.id(), intent.body["latest_charge"].as_str().unwrap().to_owned())
}

#[test]
fn a_refused_refund_changes_nothing() {
    let mut shop = Shop::new(7);
    let (intent, charge) = paid(&mut shop, "pm_card_visa");
    shop.wait(60);
    let open = shop.post("/v1/payment_intents", "amount=1000&currency=usd").id();
    shop.post("/v1/refunds", &format!("charge={charge}&amount=400")).id();
    let (_, disputed) = paid(&mut shop, "pm_card_createDispute");
    shop.wait(60);
    let before = shop.gateway.state_digest();
    let table = [
        ("", "400 invalid_request_error - -"),
        ("amount=1", "400 invalid_request_error - -"),
        ("charge=ch_x", "404 invalid_request_error resource_missing charge"),
        ("payment_intent=pi_x", "404 invalid_request_error resource_missing payment_intent"),
        (&format!("payment_intent={open}"), "400 invalid_request_error - payment_intent"),
        (&format!("charge={charge}&amount=0"), "400 invalid_request_error parameter_invalid_integer amount"),
        (
            &format!("charge={charge}&amount=1.5"),
            "400 invalid_request_error parameter_invalid_integer amount",
        ),
        (&format!("charge={charge}&amount=601"), "400 invalid_request_error amount_too_large amount"),
        (&format!("charge={charge}&reason=joke"), "400 invalid_request_error - reason"),
        (&format!("charge={charge}&poem=x"), "400 invalid_request_error parameter_unknown poem"),
        (&format!("charge={charge}&expand[]=poem"), "400 invalid_request_error - expand"),
        (&format!("charge={disputed}"), "400 invalid_request_error charge_disputed -"),
        (&format!("charge={disputed}&payment_intent={intent}"), "400 invalid_request_error - charge"),
    ];
    for (form, expected) in table {
        // Without a key: one that is used up is remembered.
        assert_eq!(shop.send("POST", "/v1/refunds", form, &[]).refusal(), expected, "{form}");
    }
    assert_eq!(shop.gateway.state_digest(), before);
}

#[test]
fn a_refund_moves_as_its_card_says() {
    let table = [
        ("pm_card_visa", ["succeeded", "succeeded"], 1_000, ["refund.updated"].as_slice()),
        ("pm_card_pendingRefund", ["pending", "succeeded"], 1_000, &["refund.updated", "refund.updated"]),
        ("pm_card_refundFail", ["succeeded", "failed"], 0, &["refund.updated", "refund.failed"]),
    ];
    for (method, states, refunded, events) in table {
        let mut shop = Shop::new(7);
        let (intent, charge) = paid(&mut shop, method);
        let refund = shop.post("/v1/refunds", &format!("payment_intent={intent}"));
        let path = format!("/v1/refunds/{}", refund.id());
        shop.wait(3_600);
        let later = shop.get(&path);
        assert_eq!([&refund.body["status"], &later.body["status"]], states, "{method}");
        assert_eq!(shop.get(&format!("/v1/charges/{charge}")).body["amount_refunded"], refunded, "{method}");
        let of_refund: Vec<String> =
            shop.events().into_iter().filter(|kind| kind.starts_with("refund.")).skip(1).collect();
        assert_eq!(of_refund, events, "{method}");
    }
}

#[test]
fn money_is_taken_and_given_back_as_the_bank_decides() {
    // Card, evidence, the state at the end, what moved on the balance, whether a refund is taken.
    let table = [
        ("pm_card_createDispute", "", "needs_response", vec![-2_500], false),
        ("pm_card_createDispute", "a letter", "under_review", vec![-2_500], false),
        ("pm_card_createDispute", "winning_evidence", "won", vec![-2_500, 1_000], true),
        ("pm_card_createDispute", "losing_evidence", "lost", vec![-2_500], false),
        ("pm_card_createDispute", "escalate_inquiry_evidence", "under_review", vec![-2_500], false),
        ("pm_card_createDisputeInquiry", "", "warning_needs_response", vec![], true),
        ("pm_card_createDisputeInquiry", "a letter", "warning_under_review", vec![], true),
        ("pm_card_createDisputeInquiry", "winning_evidence", "warning_closed", vec![], true),
        ("pm_card_createDisputeInquiry", "losing_evidence", "warning_closed", vec![], true),
        ("pm_card_createDisputeInquiry", "escalate_inquiry_evidence", "needs_response", vec![-2_500], false),
    ];
    for (method, text, status, nets, is_refundable) in table {
        let mut shop = Shop::new(7);
        let (_, charge) = paid(&mut shop, method);
        shop.wait(60);
        let found = shop.get(&format!("/v1/disputes?charge={charge}"));
        let id = found.body["data"][0]["id"].as_str().unwrap().to_owned();
        if !text.is_empty() {
            let form = format!("evidence[uncategorized_text]={text}");
            assert_eq!(shop.post(&format!("/v1/disputes/{id}"), &form).status, 200);
        }
        shop.wait(60);
        let dispute = shop.get(&format!("/v1/disputes/{id}")).body;
        let moved: Vec<i64> = dispute["balance_transactions"]
            .as_array()
            .unwrap()
            .iter()
            .map(|entry| entry["net"].as_i64().unwrap())
            .collect();
        assert_eq!((&dispute["status"], moved), (&status.into(), nets), "{method} {text}");
        assert_eq!(dispute["is_charge_refundable"], is_refundable, "{method} {text}");
        let refund = shop.post("/v1/refunds", &format!("charge={charge}"));
        assert_eq!(refund.status == 200, is_refundable, "{method} {text}: {}", refund.text);
    }
}

#[test]
fn an_inquiry_that_is_escalated_takes_what_was_not_refunded_and_leaves_refunds_alone() {
    // Refunded before; then the status of the dispute, its amount, and what it took of the balance.
    let table = [
        (0, "needs_response", 1_000, vec![-1_000]),
        (300, "needs_response", 700, vec![-700]),
        (1_000, "warning_closed", 1_000, vec![]),
    ];
    for (refunded, status, amount, taken) in table {
        let mut shop = Shop::new(7);
        let (_, charge) = paid(&mut shop, "pm_card_createDisputeInquiry");
        shop.wait(60);
        let refund = (refunded > 0)
            .then(|| shop.post("/v1/refunds", &format!("charge={charge}&amount={refunded}")).id());
        let path = format!("/v1/disputes?charge={charge}");
        let dispute = shop.get(&path).body["data"][0]["id"].as_str().unwrap().to_owned();
        shop.post(
            &format!("/v1/disputes/{dispute}"),
            "evidence[uncategorized_text]=escalate_inquiry_evidence",
        );
        shop.wait(60);
        let found = &shop.get(&path).body["data"][0];
        let moved: Vec<i64> = found["balance_transactions"]
            .as_array()
            .unwrap()
            .iter()
            .map(|entry| entry["amount"].as_i64().unwrap())
            .collect();
        assert_eq!((&found["status"], &found["amount"], moved), (&status.into(), &amount.into(), taken));
        assert_eq!(shop.get(&format!("/v1/charges/{charge}")).body["amount_refunded"], refunded);
        if let Some(refund) = refund {
            assert_eq!(shop.get(&format!("/v1/refunds/{refund}")).body["status"], "succeeded");
        }
    }
}

#[test]
fn a_balance_transaction_says_what_it_is_about_and_expands_to_it() {
    let mut shop = Shop::new(7);
    let (_, charge) = paid(&mut shop, "pm_card_visa");
    let refund = shop.post("/v1/refunds", &format!("charge={charge}"));
    let entry = refund.body["balance_transaction"].as_str().unwrap();
    let found = shop.get(&format!("/v1/balance_transactions/{entry}?expand[]=source")).body;
    assert_eq!(found["description"], "REFUND FOR CHARGE");
    assert_eq!(found["source"]["id"], refund.body["id"]);
}

#[test]
fn an_early_fraud_warning_can_be_answered_with_a_refund() {
    let mut shop = Shop::new(7);
    let (intent, _) = paid(&mut shop, "pm_card_createIssuerFraudRecord");
    shop.wait(60);
    let path = format!("/v1/radar/early_fraud_warnings?payment_intent={intent}");
    let warning = shop.get(&path).body["data"][0].clone();
    assert_eq!(
        (&warning["actionable"], &warning["fraud_type"]),
        (&true.into(), &"made_with_stolen_card".into())
    );
    shop.post("/v1/refunds", &format!("payment_intent={intent}&amount=1"));
    assert_eq!(shop.get(&path).body["data"][0]["actionable"], true);
    shop.post("/v1/refunds", &format!("payment_intent={intent}"));
    assert_eq!(shop.get(&path).body["data"][0]["actionable"], false);
    assert!(shop.events().contains(&"radar.early_fraud_warning.updated".to_owned()));
}

/// An account of another merchant, and the id of a payment of 10.00 that was passed on to it, with a fee of 1.00.
fn shared_payment(shop: &mut Shop) -> (String, String) {
    let account = shop.post("/v1/accounts", "country=US").id();
    let form = format!(
        "amount=1000&currency=usd&confirm=true&payment_method=pm_card_bypassPending&application_fee_amount=100\
         &transfer_data[destination]={account}&automatic_payment_methods[enabled]=true\
         &automatic_payment_methods[allow_redirects]=never"
    );
    let intent = shop.post("/v1/payment_intents", &form);
    assert_eq!(intent.body["status"], "succeeded", "{}", intent.text);
    (account, intent.id())
}

#[test]
fn a_refund_brings_back_what_was_shared_when_it_is_asked_to() {
    let mut shop = Shop::new(7);
    let (_, intent) = shared_payment(&mut shop);
    let all = "reverse_transfer=true&refund_application_fee=true";
    let refund = shop
        .post("/v1/refunds", &format!("payment_intent={intent}&amount=250&{all}&expand[]=transfer_reversal"));
    assert_eq!(refund.body["transfer_reversal"]["amount"], 250, "{}", refund.text);
    assert_eq!(refund.body["transfer_reversal"]["source_refund"], refund.body["id"]);
    let fees = shop.get("/v1/application_fees").body;
    assert_eq!(fees["data"][0]["amount_refunded"], 25);
    // The last refund takes what is left of both.
    shop.post("/v1/refunds", &format!("payment_intent={intent}&{all}")).id();
    assert_eq!(shop.get("/v1/application_fees").body["data"][0]["refunded"], true);
    assert_eq!(shop.get("/v1/transfers").body["data"][0]["reversed"], true);
}

#[test]
fn what_was_not_shared_cannot_be_brought_back() {
    let mut shop = Shop::new(7);
    let (_, charge) = paid(&mut shop, "pm_card_visa");
    shop.wait(60);
    let before = shop.gateway.state_digest();
    for param in ["reverse_transfer", "refund_application_fee"] {
        let refusal =
            shop.send("POST", "/v1/refunds", &format!("charge={charge}&{param}=true"), &[]).refusal();
        assert_eq!(refusal, format!("400 invalid_request_error - {param}"));
    }
    assert_eq!(shop.gateway.state_digest(), before);
    assert_eq!(shop.post("/v1/refunds", &format!("charge={charge}&reverse_transfer=false")).status, 200);
}
