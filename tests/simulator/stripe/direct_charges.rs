//! Charges without a payment intent: tried once, from a token or a number.

use super::shop::Shop;

#[test]
fn a_charge_from_a_token_is_booked_at_once_and_can_be_refunded() {
    let mut shop = Shop::new(7);
    let made = shop
        .post("/v1/charges", "amount=1000&currency=usd&source=tok_visa&description=Cups&metadata[order]=1");
    let charge = made.id();
    assert_eq!((&made.body["paid"], &made.body["captured"]), (&true.into(), &true.into()));
    assert_eq!(
        (&made.body["source"]["last4"], &made.body["source"]["brand"]),
        (&"4242".into(), &"Visa".into())
    );
    assert!(made.body["payment_intent"].is_null() && made.body["balance_transaction"].is_string());
    let refund = shop.post("/v1/refunds", &format!("charge={charge}"));
    assert_eq!((refund.status, &refund.body["payment_intent"]), (200, &serde_json::Value::Null));
    assert_eq!(shop.get(&format!("/v1/charges/{charge}")).body["refunded"], true);
    assert_eq!(shop.events(), ["charge.succeeded", "refund.created", "charge.refunded"]);
    assert!(shop.gateway.is_balanced());
}

#[test]
fn a_charge_that_only_holds_is_captured_once_or_goes_back() {
    let mut shop = Shop::new(7);
    let form = "amount=1000&currency=usd&source=tok_visa&capture=false";
    let (one, other) = (shop.post("/v1/charges", form).id(), shop.post("/v1/charges", form).id());
    let path = format!("/v1/charges/{one}/capture");
    assert_eq!(
        shop.post(&path, "amount=1001").refusal(),
        "400 invalid_request_error amount_too_large amount"
    );
    let taken = shop.post(&path, "amount=400").body;
    assert_eq!((&taken["captured"], &taken["amount_captured"]), (&true.into(), &400.into()));
    assert!(taken["balance_transaction"].is_string());
    assert_eq!(shop.post(&path, "").refusal(), "400 invalid_request_error charge_already_captured -");
    assert_eq!(shop.post("/v1/refunds", &format!("charge={other}")).status, 400);
    shop.wait(8 * 24 * 60 * 60);
    let gone = shop.get(&format!("/v1/charges/{other}")).body;
    assert_eq!((&gone["captured"], &gone["refunded"]), (&false.into(), &true.into()));
    assert!(shop.events().contains(&"charge.expired".to_owned()));
    assert!(shop.gateway.is_balanced());
}

#[test]
fn what_cannot_be_charged_says_why_and_a_decline_leaves_its_charge() {
    let table = [
        ("source=tok_chargeDeclined", "402 card_error card_declined -", 1),
        ("source=tok_chargeDeclinedExpiredCard", "402 card_error expired_card exp_month", 1),
        ("source=tok_authenticationRequired", "402 card_error authentication_required -", 1),
        ("source=tok_radarBlock", "402 card_error card_declined -", 1),
        ("", "400 invalid_request_error parameter_missing source", 0),
        ("source=tok_nobody", "400 invalid_request_error resource_missing source", 0),
        ("source=pm_card_visa", "400 invalid_request_error resource_missing source", 0),
        (
            "source[object]=card&source[number]=4242424242424241&source[exp_month]=1&source[exp_year]=2030",
            "402 card_error incorrect_number number",
            0,
        ),
        ("source=tok_visa&colour=red", "400 invalid_request_error parameter_unknown colour", 0),
        ("source=tok_visa&application_fee_amount=5", "400 invalid_request_error - application_fee_amount", 0),
    ];
    for (source, expected, charges) in table {
        let mut shop = Shop::new(7);
        let refused = shop.post("/v1/charges", &format!("amount=1000&currency=usd&{source}"));
        assert_eq!(refused.refusal(), expected, "{source}");
        let left = shop.get("/v1/charges").body["data"].as_array().unwrap().clone();
        assert_eq!(left.len(), charges, "{source}");
        if let [failed] = left.as_slice() {
            assert_eq!(refused.body["error"]["charge"], failed["id"]);
            assert_eq!((&failed["status"], &failed["paid"]), (&"failed".into(), &false.into()));
        }
    }
    let mut shop = Shop::new(7);
    let customer = shop.post("/v1/customers", "name=Ada").id();
    let refused = shop.post("/v1/charges", &format!("amount=1000&currency=usd&customer={customer}"));
    assert_eq!(refused.refusal(), "402 card_error missing card");
    let small = shop.post("/v1/charges", "amount=49&currency=usd&source=tok_visa");
    assert_eq!(small.refusal(), "400 invalid_request_error amount_too_small amount");
}

#[test]
fn a_token_is_charged_once() {
    let mut shop = Shop::new(7);
    let form = "card[number]=4242424242424242&card[exp_month]=12&card[exp_year]=2030&card[cvc]=123";
    let token = shop.post("/v1/tokens", form).id();
    let form = format!("amount=1000&currency=usd&source={token}");
    shop.post("/v1/charges", &form).id();
    assert_eq!(shop.post("/v1/charges", &form).refusal(), "400 invalid_request_error token_already_used -");
}

#[test]
fn a_customer_with_a_source_is_charged_without_naming_it() {
    let mut shop = Shop::new(7);
    let made = shop.post("/v1/customers", "name=Ada&source=tok_mastercard");
    let (customer, source) = (made.id(), made.body["default_source"].as_str().unwrap().to_owned());
    let form = format!("amount=1000&currency=usd&customer={customer}");
    let charge = shop.post("/v1/charges", &form).body;
    assert_eq!(
        (&charge["customer"], &charge["source"]["last4"]),
        (&customer.as_str().into(), &"4444".into())
    );
    shop.post("/v1/charges", &format!("{form}&source={source}")).id();
    let other = shop.post("/v1/customers", "source=tok_visa").id();
    let foreign =
        shop.post("/v1/charges", &format!("amount=1000&currency=usd&customer={other}&source={source}"));
    assert_eq!(foreign.refusal(), "400 invalid_request_error resource_missing source");
    // It is a payment method like any other, and the last one that was given counts.
    shop.post(&format!("/v1/customers/{customer}"), "source=tok_visa").id();
    assert_eq!(shop.post("/v1/charges", &form).body["source"]["last4"], "4242");
    let methods = shop.get(&format!("/v1/customers/{customer}/payment_methods")).body;
    assert_eq!(methods["data"].as_array().unwrap().len(), 2);
    let newest = methods["data"][0]["id"].as_str().unwrap().to_owned();
    shop.post(&format!("/v1/payment_methods/{newest}/detach"), "").id();
    assert_eq!(shop.post("/v1/charges", &form).refusal(), "402 card_error missing card");
    let refused = shop.post("/v1/customers", "source=tok_chargeDeclined");
    assert_eq!(refused.refusal(), "402 card_error card_declined -");
}
