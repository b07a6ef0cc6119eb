//! Subscriptions and invoices as time passes.

use super::shop::Shop;

const DAY: u64 = 24 * 60 * 60;

/// A customer whose default card is a test method, and a weekly price of 7.00.
fn subscriber(shop: &mut Shop, method: &str) -> (String, String) {
    let customer = shop.post("/v1/customers", "email=ada@example.com").id();
    let card =
        shop.post(&format!("/v1/payment_methods/{method}/attach"), &format!("customer={customer}")).id();
    let form = format!("invoice_settings[default_payment_method]={card}");
    assert_eq!(shop.post(&format!("/v1/customers/{customer}"), &form).status, 200);
    let form = "currency=usd&unit_amount=700&recurring[interval]=week&product_data[name]=Club";
    (customer, shop.post("/v1/prices", form).id())
}

fn subscribe(shop: &mut Shop, method: &str, more: &str) -> String {
    let (customer, price) = subscriber(shop, method);
    shop.post("/v1/subscriptions", &format!("customer={customer}&items[0][price]={price}{more}")).id()
}

/// Status and total of every invoice, oldest first.
fn invoices(shop: &mut Shop) -> Vec<(String, i64)> {
    let page = shop.get("/v1/invoices?limit=100").body;
    let of = |invoice: &serde_json::Value| {
        (invoice["status"].as_str().unwrap().to_owned(), invoice["total"].as_i64().unwrap())
    };
    page["data"].as_array().unwrap().iter().rev().map(of).collect()
}

#[test]
fn a_subscription_ends_where_its_card_and_its_owner_lead_it() {
    // Card, what is asked for at creation, days that pass, the status then, the invoices.
    let table = [
        ("pm_card_visa", "", 0, "active", vec![("paid", 700)]),
        ("pm_card_visa", "", 15, "active", vec![("paid", 700), ("paid", 700), ("paid", 700)]),
        ("pm_card_visa", "&items[0][quantity]=3", 0, "active", vec![("paid", 2_100)]),
        ("pm_card_visa", "&trial_period_days=10", 9, "trialing", vec![("paid", 0)]),
        ("pm_card_visa", "&trial_period_days=10", 11, "active", vec![("paid", 0), ("paid", 700)]),
        ("pm_card_visa", "&cancel_at_period_end=true", 8, "canceled", vec![("paid", 700)]),
        ("pm_card_chargeCustomerFail", "", 0, "incomplete", vec![("open", 700)]),
        ("pm_card_chargeCustomerFail", "", 1, "incomplete_expired", vec![("void", 700)]),
        (
            "pm_card_chargeCustomerFail",
            "&trial_period_days=1",
            2,
            "past_due",
            vec![("paid", 0), ("open", 700)],
        ),
        ("pm_card_authenticationRequired", "", 0, "incomplete", vec![("open", 700)]),
        ("pm_card_visa", "&payment_behavior=default_incomplete", 0, "incomplete", vec![("open", 700)]),
        (
            "pm_card_visa",
            "&collection_method=send_invoice&days_until_due=5",
            1,
            "active",
            vec![("open", 700)],
        ),
    ];
    for (method, more, days, status, expected) in table {
        let mut shop = Shop::new(7);
        let id = subscribe(&mut shop, method, more);
        shop.wait(days * DAY);
        let found = shop.get(&format!("/v1/subscriptions/{id}")).body;
        assert_eq!(found["status"], status, "{method} {more} after {days} days");
        let expected: Vec<_> =
            expected.into_iter().map(|(status, total)| (status.to_owned(), total)).collect();
        assert_eq!(invoices(&mut shop), expected, "{method} {more} after {days} days");
    }
}

#[test]
fn a_change_in_the_middle_of_a_period_is_prorated() {
    for (behavior, invoiced, waiting) in
        [("create_prorations", 0, 2), ("none", 0, 0), ("always_invoice", 1, 0)]
    {
        let mut shop = Shop::new(7);
        let id = subscribe(&mut shop, "pm_card_visa", "");
        shop.wait(7 * DAY / 2);
        let item = shop.get(&format!("/v1/subscriptions/{id}")).body["items"]["data"][0]["id"].clone();
        let item = item.as_str().unwrap();
        let form = format!("items[0][id]={item}&items[0][quantity]=3&proration_behavior={behavior}");
        let changed = shop.post(&format!("/v1/subscriptions/{id}"), &form).body;
        assert_eq!(changed["items"]["data"][0]["quantity"], 3);
        let pending = shop.get("/v1/invoiceitems?pending=true").body;
        assert_eq!(pending["data"].as_array().unwrap().len(), waiting, "{behavior}");
        let found = invoices(&mut shop);
        assert_eq!(found.len(), 1 + invoiced, "{behavior}");
        if invoiced > 0 {
            // Half of 3 times 7.00 less half of 7.00.
            assert_eq!(found[1], ("paid".to_owned(), 700));
        }
    }
}

#[test]
fn what_is_wrong_with_a_subscription_is_told_by_name_and_changes_nothing() {
    let mut shop = Shop::new(7);
    let (customer, price) = subscriber(&mut shop, "pm_card_visa");
    let poor = shop.post("/v1/customers", "").id();
    let once = shop.post("/v1/prices", "currency=usd&unit_amount=5&product_data[name]=Cup").id();
    let yearly = shop
        .post("/v1/prices", "currency=usd&unit_amount=5&recurring[interval]=year&product_data[name]=x")
        .id();
    let before = shop.gateway.state_digest();
    let item = format!("customer={customer}&items[0][price]={price}");
    let table = [
        (format!("items[0][price]={price}"), "400 invalid_request_error parameter_missing customer"),
        (format!("customer={customer}"), "400 invalid_request_error parameter_missing items"),
        (
            format!("customer={customer}&items[0][price]=price_x"),
            "400 invalid_request_error resource_missing items[0][price]",
        ),
        (
            format!("customer={customer}&items[0][price]={once}"),
            "400 invalid_request_error - items[0][price]",
        ),
        (format!("{item}&items[1][price]={yearly}"), "400 invalid_request_error - items"),
        (
            format!("{item}&items[0][quantity]=9007199254740991"),
            "400 invalid_request_error amount_too_large items[0][quantity]",
        ),
        (format!("{item}&currency=eur"), "400 invalid_request_error - currency"),
        (format!("{item}&trial_period_days=731"), "400 invalid_request_error - trial_period_days"),
        (format!("{item}&trial_end=1"), "400 invalid_request_error - trial_end"),
        (
            format!("{item}&collection_method=send_invoice"),
            "400 invalid_request_error parameter_missing days_until_due",
        ),
        (format!("{item}&discounts[0][coupon]=x"), "400 invalid_request_error parameter_unknown discounts"),
        (format!("customer={poor}&items[0][price]={price}"), "400 invalid_request_error resource_missing -"),
    ];
    for (form, expected) in table {
        assert_eq!(shop.send("POST", "/v1/subscriptions", &form, &[]).refusal(), expected, "{form}");
    }
    assert_eq!(shop.gateway.state_digest(), before);
}

#[test]
fn an_invoice_is_paid_once_whoever_pays_it() {
    let mut shop = Shop::new(7);
    let (customer, _) = subscriber(&mut shop, "pm_card_visa");
    shop.post("/v1/invoiceitems", &format!("customer={customer}&amount=900&currency=usd")).id();
    let draft = format!("customer={customer}&pending_invoice_items_behavior=include");
    let invoice = shop.post("/v1/invoices", &draft).id();
    let path = format!("/v1/invoices/{invoice}");
    assert_eq!(shop.post(&format!("{path}/finalize"), "").body["status"], "open");
    let payments = shop.get(&format!("/v1/invoice_payments?invoice={invoice}")).body;
    let intent = payments["data"][0]["payment"]["payment_intent"].as_str().unwrap().to_owned();
    let confirmed = shop.post(&format!("/v1/payment_intents/{intent}/confirm"), "off_session=true");
    assert_eq!(confirmed.body["status"], "succeeded", "{}", confirmed.text);
    assert_eq!(shop.get(&path).body["status"], "paid");
    assert_eq!(shop.post(&format!("{path}/pay"), "").status, 400);
    assert_eq!(shop.events().iter().filter(|kind| *kind == "invoice.paid").count(), 1);
    let lines = shop.get(&format!("{path}/lines")).body;
    assert_eq!((&lines["object"], &lines["data"][0]["amount"]), (&"list".into(), &900.into()));
}

#[test]
fn an_annulled_invoice_takes_its_payment_along() {
    let mut shop = Shop::new(7);
    let (customer, _) = subscriber(&mut shop, "pm_card_visa");
    let invoice = shop.post("/v1/invoices", &format!("customer={customer}")).id();
    let form = format!("customer={customer}&invoice={invoice}&amount=900&currency=usd");
    shop.post("/v1/invoiceitems", &form).id();
    shop.post(&format!("/v1/invoices/{invoice}/finalize"), "").id();
    shop.post(&format!("/v1/invoices/{invoice}/void"), "").id();
    let intent = shop.get("/v1/payment_intents").body["data"][0].clone();
    assert_eq!(
        (&intent["status"], &intent["cancellation_reason"]),
        (&"canceled".into(), &"void_invoice".into())
    );
}

#[test]
fn the_items_of_a_subscription_have_routes_of_their_own() {
    let mut shop = Shop::new(7);
    let id = subscribe(&mut shop, "pm_card_visa", "");
    let list = shop.get(&format!("/v1/subscription_items?subscription={id}")).body;
    let first = list["data"][0]["id"].as_str().unwrap().to_owned();
    assert_eq!(shop.get(&format!("/v1/subscription_items/{first}")).body, list["data"][0]);
    let other = shop
        .post("/v1/prices", "currency=usd&unit_amount=100&recurring[interval]=week&product_data[name]=Tea")
        .id();
    let form = format!("subscription={id}&price={other}&quantity=2&proration_behavior=none");
    let second = shop.post("/v1/subscription_items", &form).id();
    let changed = shop.post(&format!("/v1/subscription_items/{second}"), "quantity=5&metadata[a]=b");
    assert_eq!((&changed.body["quantity"], &changed.body["metadata"]["a"]), (&5.into(), &"b".into()));
    assert_eq!(shop.delete(&format!("/v1/subscription_items/{first}")).body["deleted"], true);
    assert_eq!(shop.get(&format!("/v1/subscription_items/{first}")).status, 404);
    assert_eq!(shop.delete(&format!("/v1/subscription_items/{second}")).status, 400, "one item stays");
}

#[test]
fn a_test_clock_moves_forward_and_not_too_far() {
    let mut shop = Shop::new(7);
    let clock = shop.post("/v1/test_helpers/test_clocks", "frozen_time=1769860800").id();
    let path = format!("/v1/test_helpers/test_clocks/{clock}/advance");
    let customer = shop.post("/v1/customers", &format!("test_clock={clock}")).id();
    let card = shop.post("/v1/payment_methods/pm_card_visa/attach", &format!("customer={customer}")).id();
    let price = "currency=usd&unit_amount=700&recurring[interval]=week&product_data[name]=Club";
    let price = shop.post("/v1/prices", price).id();
    let form = format!("customer={customer}&default_payment_method={card}&items[0][price]={price}");
    shop.post("/v1/subscriptions", &form).id();
    let week = 7 * 86_400;
    let start = 1_769_860_800_u64;
    for (seconds, expected) in [
        (start, "400 invalid_request_error - frozen_time"),
        (start + 2 * week + 1, "400 invalid_request_error - frozen_time"),
        (253_402_300_800, "400 invalid_request_error - frozen_time"),
    ] {
        assert_eq!(shop.post(&path, &format!("frozen_time={seconds}")).refusal(), expected);
    }
    assert_eq!(shop.post(&path, &format!("frozen_time={}", start + 2 * week)).body["status"], "advancing");
    // Until it has arrived it is on its way.
    assert_eq!(shop.get("/v1/invoices").body["data"].as_array().unwrap().len(), 3);
    assert_eq!(shop.get(&format!("/v1/test_helpers/test_clocks/{clock}")).body["status"], "ready");
    assert_eq!(shop.delete(&format!("/v1/test_helpers/test_clocks/{clock}")).body["deleted"], true);
    assert_eq!(shop.get("/v1/subscriptions?status=canceled").body["data"].as_array().unwrap().len(), 1);
}

#[test]
fn an_invoice_has_at_most_250_lines() {
    let mut shop = Shop::new(7);
    let (customer, _) = subscriber(&mut shop, "pm_card_visa");
    for _ in 0..251 {
        shop.post("/v1/invoiceitems", &format!("customer={customer}&amount=1&currency=usd")).id();
    }
    let form = format!("customer={customer}&pending_invoice_items_behavior=include");
    let invoice = shop.post("/v1/invoices", &form);
    assert_eq!(invoice.body["total"], 250);
    let form = format!("customer={customer}&invoice={}&amount=1&currency=usd", invoice.id());
    assert_eq!(shop.post("/v1/invoiceitems", &form).refusal(), "400 invalid_request_error - invoice");
    let most = shop.post("/v1/invoiceitems", &format!("customer={customer}&amount=100000000&currency=usd"));
    assert_eq!(most.refusal(), "400 invalid_request_error amount_too_large amount");
}
