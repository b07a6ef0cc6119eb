//! Payment intents, cards and setups, without any client.

use super::shop::Shop;
use tillproof::simulator::Gateway;

const CARD: &str = "payment_method=pm_card_visa&confirm=true";

fn pay(shop: &mut Shop, form: &str) -> String {
    shop.post("/v1/payment_intents", &format!("amount=1000&currency=usd&{form}")).id()
}

#[test]
fn a_refused_request_changes_nothing() {
    let mut shop = Shop::new(1);
    let customer = shop.post("/v1/customers", "name=Ada").id();
    let paid = pay(&mut shop, CARD);
    let held = pay(&mut shop, &format!("{CARD}&capture_method=manual"));
    let open = pay(&mut shop, "");
    let spent =
        shop.get(&format!("/v1/payment_intents/{paid}")).body["payment_method"].as_str().unwrap().to_owned();
    let setup = shop.post("/v1/setup_intents", &format!("customer={customer}")).id();
    let refused = [
        ("/v1/payment_intents".to_owned(), "amount=1000&currency=usd&payment_method=pm_nothing".to_owned()),
        ("/v1/payment_intents".to_owned(), format!("amount=1000&currency=usd&{CARD}&colour=red")),
        ("/v1/payment_intents".to_owned(), format!("amount=10&currency=usd&{CARD}")),
        (
            "/v1/payment_intents".to_owned(),
            format!("amount=1000&currency=usd&confirm=true&payment_method={spent}"),
        ),
        ("/v1/payment_intents".to_owned(), "amount=1000&currency=usd&off_session=true".to_owned()),
        (format!("/v1/payment_intents/{paid}"), "amount=2000".to_owned()),
        (format!("/v1/payment_intents/{paid}/confirm"), String::new()),
        (format!("/v1/payment_intents/{paid}/cancel"), String::new()),
        (format!("/v1/payment_intents/{held}/capture"), "amount_to_capture=1001".to_owned()),
        (format!("/v1/payment_intents/{held}/capture"), "amount_to_capture=0".to_owned()),
        (format!("/v1/payment_intents/{open}/confirm"), String::new()),
        (format!("/v1/payment_intents/{open}/capture"), String::new()),
        (format!("/v1/payment_methods/{spent}/attach"), format!("customer={customer}")),
        ("/v1/payment_methods/pm_card_chargeDeclined/attach".to_owned(), format!("customer={customer}")),
        (
            "/v1/payment_methods".to_owned(),
            "type=card&card[number]=4242424242424241&card[exp_month]=1&card[exp_year]=40".to_owned(),
        ),
        (format!("/v1/setup_intents/{setup}/confirm"), String::new()),
        (format!("/v1/customers/{customer}"), format!("invoice_settings[default_payment_method]={spent}")),
        (format!("/_tillproof/authenticate/{open}"), String::new()),
    ];
    let before = shop.gateway.state_digest();
    for (path, form) in refused {
        // Without a key: what is refused after it had begun is remembered under one.
        let answer = shop.send("POST", &path, &form, &[]);
        assert!((400..500).contains(&answer.status), "{path} {form}: {}", answer.text);
        assert_eq!(shop.gateway.state_digest(), before, "{path} {form}");
    }
}

#[test]
fn a_restored_gateway_knows_what_the_holder_answered() {
    let mut shop = Shop::new(2);
    let asked = pay(
        &mut shop,
        "payment_method=pm_card_authenticationRequired&confirm=true&return_url=https://shop.example/",
    );
    let page =
        shop.get(&format!("/v1/payment_intents/{asked}")).body["next_action"]["redirect_to_url"]["url"]
            .clone();
    assert_eq!(page, format!("http://localhost/_tillproof/authenticate/{asked}"));
    let back = shop.get(&format!("/_tillproof/authenticate/{asked}"));
    assert_eq!(back.status, 303);
    let location = back.header("location").unwrap();
    assert!(
        location.starts_with(&format!(
            "https://shop.example/?payment_intent={asked}&payment_intent_client_secret="
        ))
    );
    assert!(location.ends_with("&redirect_status=succeeded"));
    assert_eq!(shop.get(&format!("/v1/payment_intents/{asked}")).body["status"], "succeeded");
    assert_eq!(shop.get(&format!("/_tillproof/authenticate/{asked}")).status, 400, "it is asked once");
    shop.wait(10);
    let restored = Gateway::restore(&shop.gateway.snapshot()).unwrap();
    assert_eq!(restored.state_digest(), shop.gateway.state_digest());
}

#[test]
fn reading_a_test_method_makes_nothing() {
    let mut shop = Shop::new(3);
    let before = shop.gateway.state_digest();
    let shown = shop.get("/v1/payment_methods/pm_card_visa");
    assert_eq!((shown.status, &shown.body["card"]["last4"]), (200, &"4242".into()));
    assert_eq!(shop.gateway.state_digest(), before);
    assert_eq!(shop.get(&format!("/v1/payment_methods/{}", shown.id())).status, 404);
}

#[test]
fn what_a_payment_goes_through_is_told_in_order() {
    let table = [
        (CARD.to_owned(), "charge.succeeded payment_intent.succeeded charge.updated"),
        (format!("{CARD}&capture_method=automatic"), "charge.succeeded payment_intent.succeeded"),
        (
            format!("{CARD}&capture_method=manual"),
            "charge.succeeded payment_intent.amount_capturable_updated",
        ),
        (
            "confirm=true&payment_method=pm_card_visa_chargeDeclined".to_owned(),
            "charge.failed payment_intent.payment_failed",
        ),
        (
            "confirm=true&payment_method=pm_card_authenticationRequired".to_owned(),
            "payment_intent.requires_action",
        ),
        (
            "confirm=true&off_session=true&payment_method=pm_card_authenticationRequired".to_owned(),
            "charge.failed payment_intent.payment_failed",
        ),
    ];
    for (form, expected) in table {
        let mut shop = Shop::new(4);
        let _ = shop.post("/v1/payment_intents", &format!("amount=1000&currency=usd&{form}"));
        shop.wait(60);
        let told: Vec<String> = shop
            .events()
            .into_iter()
            .filter(|kind| !kind.starts_with("balance") && kind != "payment_intent.created")
            .collect();
        assert_eq!(told.join(" "), expected, "{form}");
    }
}

#[test]
fn a_server_that_confirms_itself_confirms_again_after_the_holder_answered() {
    let mut shop = Shop::new(5);
    let intent = pay(
        &mut shop,
        "payment_method=pm_card_authenticationRequired&confirm=true&confirmation_method=manual",
    );
    assert_eq!(shop.send("POST", &format!("/_tillproof/authenticate/{intent}"), "", &[]).status, 200);
    assert_eq!(shop.get(&format!("/v1/payment_intents/{intent}")).body["status"], "requires_confirmation");
    let confirmed = shop.post(&format!("/v1/payment_intents/{intent}/confirm"), "");
    assert_eq!(confirmed.body["status"], "succeeded", "{}", confirmed.text);
}

#[test]
fn an_older_version_captures_with_the_answer_and_lists_its_methods() {
    let mut shop = Shop::new(6);
    let version = [("stripe-version", "2022-11-15")];
    let intent = shop.send("POST", "/v1/payment_intents", "amount=1000&currency=usd", &version);
    assert_eq!(intent.body["capture_method"], "automatic");
    assert!(intent.body["automatic_payment_methods"].is_null());
}

#[test]
fn the_money_of_a_payment_is_shared_as_its_terms_say() {
    let mut shop = Shop::new(7);
    let account = shop.post("/v1/accounts", "type=express&country=US").id();
    let refused = shop
        .post("/v1/payment_intents", &format!("amount=1000&currency=usd&application_fee_amount=100&{CARD}"));
    assert_eq!(refused.refusal(), "400 invalid_request_error - application_fee_amount");
    let destination = pay(
        &mut shop,
        &format!(
            "application_fee_amount=100&transfer_data[destination]={account}&capture_method=automatic&{CARD}"
        ),
    );
    let intent = shop.get(&format!("/v1/payment_intents/{destination}?expand[]=latest_charge.transfer")).body;
    let charge = &intent["latest_charge"];
    assert_eq!(intent["transfer_data"]["destination"], account.as_str());
    assert_eq!(
        (&charge["transfer"]["amount"], &charge["transfer"]["destination"]),
        (&1_000.into(), &account.as_str().into())
    );
    let fee = charge["application_fee"].as_str().unwrap();
    assert_eq!(shop.get(&format!("/v1/application_fees/{fee}")).body["amount"], 100);

    let direct =
        format!("amount=1000&currency=usd&application_fee_amount=50&capture_method=automatic&{CARD}");
    let intent = shop.send("POST", "/v1/payment_intents", &direct, &[("stripe-account", &account)]);
    assert_eq!(intent.status, 200, "{}", intent.text);
    assert_eq!(
        shop.get(&format!("/v1/payment_intents/{}", intent.id())).status,
        404,
        "it is the other account's"
    );
    assert_eq!(shop.get("/v1/application_fees").body["data"][0]["amount"], 50);
}

#[test]
fn a_deleted_customer_leaves_no_subscription_and_no_method_behind() {
    let mut shop = Shop::new(8);
    let customer = shop.post("/v1/customers", "name=Ada&payment_method=pm_card_visa").id();
    let method = shop.get(&format!("/v1/customers/{customer}/payment_methods")).body["data"][0]["id"].clone();
    let method = method.as_str().unwrap().to_owned();
    let product = shop.post("/v1/products", "name=Tea").id();
    let price = shop
        .post(
            "/v1/prices",
            &format!("product={product}&currency=usd&unit_amount=500&recurring[interval]=month"),
        )
        .id();
    let form = format!("customer={customer}&items[0][price]={price}&default_payment_method={method}");
    let subscription = shop.post("/v1/subscriptions", &form).id();
    let asked = shop.get(&format!("/v1/customers/{customer}?expand[]=subscriptions&expand[]=sources")).body;
    assert_eq!(asked["subscriptions"]["data"][0]["id"], subscription.as_str());
    assert_eq!(asked["sources"]["data"].as_array().map(Vec::len), Some(0));
    assert_eq!(shop.delete(&format!("/v1/customers/{customer}")).body["deleted"], true);
    assert_eq!(shop.get(&format!("/v1/subscriptions/{subscription}")).body["status"], "canceled");
    assert!(shop.get(&format!("/v1/payment_methods/{method}")).body["customer"].is_null());
}

#[test]
fn every_card_of_the_page_does_what_the_page_says() {
    let page = include_str!("../../../docs/test-cards.md");
    let rows: Vec<(&str, &str)> = page
        .lines()
        .filter_map(|line| {
            let mut cells = line.strip_prefix("| `pm_card_")?.split(" | ");
            Some((cells.next()?.trim_end_matches('`'), cells.next()?.trim_matches('`')))
        })
        .collect();
    assert_eq!(rows.len(), 27);
    for (name, expected) in rows {
        let mut shop = Shop::new(9);
        let form = format!("amount=1000&currency=usd&confirm=true&payment_method=pm_card_{name}");
        let answer = shop.post("/v1/payment_intents", &form);
        let error = &answer.body["error"];
        let found = match answer.status {
            200 => answer.body["status"].as_str().unwrap().to_owned(),
            status => {
                let word = |name: &str| error[name].as_str().unwrap_or("-").to_owned();
                format!("{status} {} {}", word("code"), word("decline_code"))
            }
        };
        assert_eq!(found, expected, "{name}");
    }
}

#[test]
fn cards_that_are_excluded_or_not_allowed_leave_nothing_to_pay_with() {
    let mut shop = Shop::new(10);
    let table = [
        ("allowed_payment_method_types[0]=card", 200),
        ("allowed_payment_method_types[0]=us_bank_account&allowed_payment_method_types[1]=card", 200),
        ("allowed_payment_method_types[0]=us_bank_account", 400),
        ("excluded_payment_method_types[0]=klarna", 200),
        ("excluded_payment_method_types[0]=card", 400),
    ];
    for (form, expected) in table {
        let answer = shop.post("/v1/payment_intents", &format!("amount=1000&currency=usd&{form}"));
        assert_eq!(answer.status, expected, "{form}: {}", answer.text);
    }
}
