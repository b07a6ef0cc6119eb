//! Customers, and with them what is the same for every resource.

use super::shop::Shop;

#[test]
fn a_customer_is_created_changed_listed_and_deleted() {
    let mut shop = Shop::new(7);
    let ada = shop.post("/v1/customers", "email=ada@example.com&name=Ada&metadata[vip]=yes");
    let id = ada.id();
    assert!(id.starts_with("cus_"), "{id}");
    assert_eq!(ada.body["metadata"]["vip"], "yes");
    let changed = shop.post(&format!("/v1/customers/{id}"), "name=&metadata[vip]=&metadata[note]=x");
    assert!(changed.body["name"].is_null() && changed.body["email"] == "ada@example.com");
    assert_eq!(changed.body["metadata"].to_string(), r#"{"note":"x"}"#);
    let other = shop.post("/v1/customers", "email=bob@example.com").id();
    let page = shop.get("/v1/customers?limit=1").body;
    assert_eq!((&page["data"][0]["id"], &page["has_more"]), (&other.clone().into(), &true.into()));
    let next = shop.get(&format!("/v1/customers?limit=1&starting_after={other}")).body;
    assert_eq!((&next["data"][0]["id"], &next["has_more"]), (&id.clone().into(), &false.into()));
    let gone = shop.delete(&format!("/v1/customers/{id}"));
    assert_eq!(gone.text, format!(r#"{{"id":"{id}","object":"customer","deleted":true}}"#));
    assert_eq!(shop.get(&format!("/v1/customers/{id}")).body["deleted"], true);
    assert_eq!(shop.get("/v1/customers").body["data"].as_array().unwrap().len(), 1);
    shop.wait(1);
    assert_eq!(
        shop.events(),
        ["customer.created", "customer.updated", "customer.created", "customer.deleted"]
    );
}

#[test]
fn what_is_wrong_with_a_request_is_told_in_the_envelope_and_changes_nothing() {
    let mut shop = Shop::new(7);
    let before = shop.gateway.state_digest();
    let table = [
        ("POST /v1/customers", "nmae=x", "400 invalid_request_error parameter_unknown nmae"),
        ("POST /v1/customers", "email[a]=x", "400 invalid_request_error - email"),
        ("POST /v1/customers", "metadata=x", "400 invalid_request_error - metadata"),
        ("POST /v1/customers", "expand[]=orders", "400 invalid_request_error - expand"),
        ("POST /v1/customers", "a=%zz", "400 invalid_request_error - -"),
        ("GET /v1/customers/cus_1", "", "404 invalid_request_error resource_missing id"),
        ("GET /v1/customers?limit=0", "", "400 invalid_request_error parameter_invalid_integer limit"),
        (
            "GET /v1/customers?starting_after=cus_1",
            "",
            "400 invalid_request_error resource_missing starting_after",
        ),
        ("GET /v1/orders", "", "404 invalid_request_error url_not_simulated -"),
        ("PUT /v1/customers", "", "404 invalid_request_error url_not_simulated -"),
    ];
    for (target, form, expected) in table {
        let (method, path) = target.split_once(' ').unwrap();
        assert_eq!(shop.send(method, path, form, &[]).refusal(), expected, "{target} {form}");
    }
    assert_eq!(shop.gateway.state_digest(), before);
}

#[test]
fn an_answer_is_repeated_under_its_key_byte_by_byte() {
    let mut shop = Shop::new(7);
    let first = shop.post_with_key("/v1/customers", "name=Ada", "k");
    let again = shop.post_with_key("/v1/customers", "name=Ada", "k");
    assert_eq!((first.text.as_str(), again.status), (again.text.as_str(), 200));
    assert_eq!(
        (first.header("idempotent-replayed"), again.header("idempotent-replayed")),
        (None, Some("true"))
    );
    assert_ne!(first.header("request-id"), again.header("request-id"));
    let other = shop.post_with_key("/v1/customers", "name=Bob", "k");
    assert_eq!(other.refusal(), "400 idempotency_error - -");
    assert_eq!(shop.get("/v1/customers").body["data"].as_array().unwrap().len(), 1);
}

#[test]
fn a_gateway_from_a_snapshot_goes_on_as_the_one_it_was_taken_of() {
    let mut shop = Shop::new(7);
    let _ = shop.post("/v1/customers", "name=Ada");
    let _ = (shop.get("/v1/customers"), shop.get("/v1/customers"));
    let mut twin = Shop::new(7);
    twin.gateway = tillproof::simulator::Gateway::restore(&shop.gateway.snapshot()).unwrap();
    twin.now = shop.now;
    for shop in [&mut shop, &mut twin] {
        let _ = shop.get("/v1/customers");
    }
    let (one, two) = (
        shop.post_with_key("/v1/customers", "name=Bob", "b"),
        twin.post_with_key("/v1/customers", "name=Bob", "b"),
    );
    assert_eq!((one.text, one.headers), (two.text, two.headers));
    assert_eq!(shop.gateway.state_digest(), twin.gateway.state_digest());
}
