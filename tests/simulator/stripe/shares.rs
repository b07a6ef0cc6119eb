//! What is shared with connected accounts: in proportion, in one currency, once, and told the same ever after.

use super::shop::{Answer, Shop};

/// An account of another merchant, with a bank account.
fn partner(shop: &mut Shop) -> String {
    shop.post("/v1/accounts", "country=US&external_account=btok_us_verified").id()
}

/// A payment of 10.00 whose money is available at once.
fn pay(shop: &mut Shop, more: &str) -> Answer {
    let form = format!(
        "amount=1000&currency=usd&confirm=true&payment_method=pm_card_bypassPending\
         &automatic_payment_methods[enabled]=true&automatic_payment_methods[allow_redirects]=never{more}"
    );
    shop.post("/v1/payment_intents", &form)
}

/// Refunds, each with whether it brings back what was shared; what is back of the transfer of 1000 and the fee of 99.
type Case<'a> = (&'a [(u64, bool)], u64, u64);

#[test]
fn refunds_bring_back_what_belongs_to_them_and_together_all_of_it() {
    let table: [Case<'_>; 4] = [
        (&[(900, false), (100, true)], 100, 10),
        (&[(333, true), (333, true), (334, true)], 1_000, 99),
        (&[(1_000, true)], 1_000, 99),
        (&[(1, true), (998, false), (1, true)], 2, 1),
    ];
    for (refunds, transfer, fee) in table {
        let mut shop = Shop::new(7);
        let account = partner(&mut shop);
        let more = format!("&application_fee_amount=99&transfer_data[destination]={account}");
        let intent = pay(&mut shop, &more).id();
        for (amount, is_shared) in refunds {
            let form = format!(
                "payment_intent={intent}&amount={amount}&reverse_transfer={is_shared}&refund_application_fee={is_shared}"
            );
            shop.post("/v1/refunds", &form).id();
        }
        assert_eq!(shop.get("/v1/transfers").body["data"][0]["amount_reversed"], transfer, "{refunds:?}");
        assert_eq!(shop.get("/v1/application_fees").body["data"][0]["amount_refunded"], fee, "{refunds:?}");
    }
}

#[test]
fn a_transfer_takes_from_a_charge_in_the_currency_it_brought_only() {
    let mut shop = Shop::new(7);
    let account = partner(&mut shop);
    let charge = pay(&mut shop, "").body["latest_charge"].as_str().unwrap().to_owned();
    let before = shop.gateway.state_digest();
    let form = format!("amount=500&destination={account}&source_transaction={charge}");
    let refused = shop.send("POST", "/v1/transfers", &format!("{form}&currency=eur"), &[]);
    assert_eq!(refused.refusal(), "400 invalid_request_error - currency");
    assert_eq!(shop.gateway.state_digest(), before);
    assert_eq!(shop.post("/v1/transfers", &format!("{form}&currency=usd")).body["amount"], 500);
}

#[test]
fn no_more_is_shared_than_is_paid_and_in_one_way_only() {
    let mut shop = Shop::new(7);
    let account = partner(&mut shop);
    let to = format!("&transfer_data[destination]={account}");
    let table = [
        (format!("{to}&application_fee_amount=1001"), "400 invalid_request_error - application_fee_amount"),
        (format!("{to}&transfer_data[amount]=1001"), "400 invalid_request_error - transfer_data[amount]"),
        (
            format!("{to}&transfer_data[amount]=100&application_fee_amount=900"),
            "400 invalid_request_error - application_fee_amount",
        ),
        (
            "&transfer_data[amount]=100".to_owned(),
            "400 invalid_request_error parameter_missing transfer_data[destination]",
        ),
        ("&application_fee_amount=1".to_owned(), "400 invalid_request_error - application_fee_amount"),
    ];
    for (more, expected) in table {
        assert_eq!(pay(&mut shop, &more).refusal(), expected, "{more}");
    }
    // A way that was chosen before counts as well.
    let held = pay(&mut shop, &format!("{to}&application_fee_amount=100&capture_method=manual")).id();
    let both = shop.post(&format!("/v1/payment_intents/{held}/capture"), "transfer_data[amount]=5");
    assert_eq!(both.refusal(), "400 invalid_request_error - application_fee_amount");
    shop.post(&format!("/v1/payment_intents/{held}/capture"), "amount_to_capture=50").id();
    let balance = shop.send("GET", "/v1/balance", "", &[("stripe-account", &account)]).body;
    assert_eq!(balance["available"][0]["amount"], 0, "a fee is at most what was captured: {balance}");
}

#[test]
fn how_a_payment_was_shared_is_not_rewritten() {
    let mut shop = Shop::new(7);
    let account = partner(&mut shop);
    let more = format!("&application_fee_amount=100&transfer_data[destination]={account}");
    let paid = pay(&mut shop, &more).id();
    let path = format!("/v1/payment_intents/{paid}");
    let before = shop.gateway.state_digest();
    for (form, param) in [
        ("application_fee_amount=900", "application_fee_amount"),
        ("application_fee_amount=", "application_fee_amount"),
        ("on_behalf_of=", "on_behalf_of"),
    ] {
        let expected = format!("400 invalid_request_error payment_intent_unexpected_state {param}");
        assert_eq!(shop.send("POST", &path, form, &[]).refusal(), expected, "{form}");
    }
    assert_eq!(shop.gateway.state_digest(), before);
    assert_eq!(shop.post(&path, "description=later").body["application_fee_amount"], 100);
}

#[test]
fn what_stands_inside_an_answer_or_an_event_does_not_change_behind_it() {
    let mut shop = Shop::new(7);
    let form = "country=US&external_account=btok_us_verified";
    let opened = shop.post_with_key("/v1/accounts", form, "open");
    let account = opened.id();
    let bank = opened.body["external_accounts"]["data"][0]["id"].as_str().unwrap().to_owned();
    pay(&mut shop, &format!("&application_fee_amount=100&transfer_data[destination]={account}")).id();
    let transfer = shop.get("/v1/transfers").body["data"][0]["id"].as_str().unwrap().to_owned();
    let fee = shop.get("/v1/application_fees").body["data"][0]["id"].as_str().unwrap().to_owned();
    let reversal = shop.post(&format!("/v1/transfers/{transfer}/reversals"), "amount=10").id();
    let back = shop.post(&format!("/v1/application_fees/{fee}/refunds"), "amount=10").id();
    let named = shop.post_with_key(&format!("/v1/transfers/{transfer}"), "description=x", "name");
    let told = shop.get("/v1/events?limit=100").body["data"].as_array().unwrap().clone();

    for path in [
        format!("/v1/accounts/{account}/external_accounts/{bank}"),
        format!("/v1/transfers/{transfer}/reversals/{reversal}"),
        format!("/v1/application_fees/{fee}/refunds/{back}"),
    ] {
        shop.post(&path, "metadata[seen]=later").id();
    }

    assert_eq!(shop.post_with_key("/v1/accounts", form, "open").text, opened.text);
    let replayed = shop.post_with_key(&format!("/v1/transfers/{transfer}"), "description=x", "name");
    assert_eq!(replayed.text, named.text);
    for event in told {
        let path = format!("/v1/events/{}", event["id"].as_str().unwrap());
        assert_eq!(shop.get(&path).body, event);
    }
    let table = [
        (format!("/v1/accounts/{account}"), "external_accounts"),
        (format!("/v1/transfers/{transfer}"), "reversals"),
        (format!("/v1/application_fees/{fee}"), "refunds"),
    ];
    for (path, list) in table {
        assert_eq!(shop.get(&path).body[list]["data"][0]["metadata"]["seen"], "later", "{path}");
    }
}

#[test]
fn the_event_of_a_capture_has_the_metadata_the_capture_gave() {
    let mut shop = Shop::new(7);
    let held = pay(&mut shop, "&capture_method=manual").id();
    shop.post(&format!("/v1/payment_intents/{held}/capture"), "amount_to_capture=400&metadata[a]=b").id();
    let events = shop.get("/v1/events?type=payment_intent.succeeded").body;
    assert_eq!(events["data"][0]["data"]["object"]["metadata"]["a"], "b");
}

#[test]
fn what_was_reversed_of_a_transfer_can_be_transferred_again() {
    let mut shop = Shop::new(7);
    let account = partner(&mut shop);
    let charge = pay(&mut shop, "").body["latest_charge"].as_str().unwrap().to_owned();
    let form =
        |minor| format!("amount={minor}&currency=usd&destination={account}&source_transaction={charge}");
    let transfer = shop.post("/v1/transfers", &form(900)).id();
    assert_eq!(shop.post("/v1/transfers", &form(101)).status, 400, "100 are left");
    shop.post(&format!("/v1/transfers/{transfer}/reversals"), "amount=400").id();
    assert_eq!(shop.post("/v1/transfers", &form(501)).status, 400, "500 are left");
    shop.post("/v1/transfers", &form(500)).id();
}

#[test]
fn an_account_that_was_deleted_is_not_paid_any_more() {
    let mut shop = Shop::new(7);
    let account = partner(&mut shop);
    let more = format!("&application_fee_amount=100&transfer_data[destination]={account}");
    let held = pay(&mut shop, &format!("{more}&capture_method=manual")).id();
    let form = format!("amount=1000&currency=usd&payment_method=pm_card_visa{more}");
    let open = shop.post("/v1/payment_intents", &form).id();
    let form = format!("amount=1000&currency=usd&payment_method=pm_card_authenticationRequired{more}");
    let asked = shop.post("/v1/payment_intents", &form).id();
    shop.post(&format!("/v1/payment_intents/{asked}/confirm"), "return_url=https://shop.test").id();
    let page = shop.get(&format!("/v1/payment_intents/{asked}")).body;
    let page = page["next_action"]["redirect_to_url"]["url"].as_str().unwrap().to_owned();
    assert_eq!(shop.delete(&format!("/v1/accounts/{account}")).status, 200);

    let expected = "400 invalid_request_error resource_missing transfer_data[destination]";
    let before = shop.gateway.state_digest();
    for path in [format!("{held}/capture"), format!("{open}/confirm")] {
        assert_eq!(shop.send("POST", &format!("/v1/payment_intents/{path}"), "", &[]).refusal(), expected);
    }
    assert_eq!(shop.gateway.state_digest(), before);
    // Who pays on a page meanwhile pays the platform.
    let path = page.split_once("//").and_then(|(_, rest)| rest.split_once('/')).unwrap().1;
    assert_eq!(shop.post(&format!("/{path}"), "").status, 200);
    assert_eq!(shop.get(&format!("/v1/payment_intents/{asked}")).body["status"], "succeeded");
    assert_eq!(shop.get("/v1/transfers").body["data"].as_array().unwrap().len(), 0);
}

#[test]
fn a_refund_that_fails_leaves_the_reversal_it_asked_for() {
    let mut shop = Shop::new(7);
    let account = partner(&mut shop);
    let form = format!(
        "amount=1000&currency=usd&confirm=true&payment_method=pm_card_refundFail\
         &automatic_payment_methods[enabled]=true&automatic_payment_methods[allow_redirects]=never\
         &transfer_data[destination]={account}"
    );
    let intent = shop.post("/v1/payment_intents", &form).id();
    let refund = shop.post("/v1/refunds", &format!("payment_intent={intent}&reverse_transfer=true"));
    let reversal = refund.body["transfer_reversal"].as_str().unwrap().to_owned();
    shop.wait(60);
    let failed = shop.get(&format!("/v1/refunds/{}", refund.id())).body;
    assert_eq!((&failed["status"], &failed["transfer_reversal"]), (&"failed".into(), &reversal.into()));
    let transfer = shop.get("/v1/transfers").body["data"][0].clone();
    assert_eq!(transfer["amount_reversed"], 1_000, "the platform has the money, and sends it on itself");
    let charge = transfer["source_transaction"].as_str().unwrap();
    let form = format!("amount=1000&currency=usd&destination={account}&source_transaction={charge}");
    shop.post("/v1/transfers", &form).id();
}
