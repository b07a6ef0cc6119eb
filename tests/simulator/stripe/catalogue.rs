//! Products, prices and files.

use super::shop::Shop;

#[test]
fn a_product_is_created_changed_listed_and_deleted() {
    let mut shop = Shop::new(7);
    let form =
        "name=Tea&description=Green&images[0]=https://x.example/a.png&marketing_features[0][name]=Fresh";
    let product = shop.post("/v1/products", form);
    let id = product.id();
    assert_eq!(product.body["images"][0], "https://x.example/a.png");
    assert_eq!(product.body["marketing_features"][0]["name"], "Fresh");
    assert!(product.body["default_price"].is_null() && product.body["active"] == true);
    let changed = shop.post(&format!("/v1/products/{id}"), "description=&name=Tea+2");
    assert!(changed.body["description"].is_null() && changed.body["name"] == "Tea 2");
    assert_eq!(shop.get("/v1/products?active=false").body["data"].as_array().unwrap().len(), 0);
    assert_eq!(shop.get(&format!("/v1/products?ids[0]={id}")).body["data"][0]["id"], id.as_str());
    assert_eq!(shop.delete(&format!("/v1/products/{id}")).body["deleted"], true);
    assert_eq!(shop.get(&format!("/v1/products/{id}")).status, 404);
    assert_eq!(shop.events(), ["product.created", "product.updated", "product.deleted"]);
}

#[test]
fn a_merchant_may_choose_the_id_of_a_product() {
    let mut shop = Shop::new(7);
    assert_eq!(shop.post("/v1/products", "name=Tea&id=tea_1").id(), "tea_1");
    assert_eq!(shop.get("/v1/products/tea_1").body["name"], "Tea");
    let again = shop.post("/v1/products", "name=Tea&id=tea_1").refusal();
    assert_eq!(again, "400 invalid_request_error resource_already_exists id");
    assert_eq!(shop.post("/v1/products", "name=x&id=a/b").refusal(), "400 invalid_request_error - id");
    let price = shop.post("/v1/prices", "product=tea_1&currency=usd&unit_amount=5&expand[]=product");
    assert_eq!(price.body["product"]["id"], "tea_1");
    assert_eq!(shop.get("/v1/prices?product=tea_1").body["data"].as_array().unwrap().len(), 1);
    assert_eq!(shop.get("/v1/products?ids[0]=tea_1").body["data"][0]["id"], "tea_1");
}

#[test]
fn a_price_says_what_one_unit_costs_and_never_changes_it() {
    let mut shop = Shop::new(7);
    let form =
        "currency=USD&unit_amount=2000&recurring[interval]=month&product_data[name]=Club&lookup_key=club";
    let price = shop.post("/v1/prices", form);
    let id = price.id();
    assert_eq!(price.body["recurring"]["interval_count"], 1);
    assert_eq!((&price.body["currency"], &price.body["type"]), (&"usd".into(), &"recurring".into()));
    assert_eq!(price.body["unit_amount_decimal"], "2000");
    let product = price.body["product"].as_str().unwrap().to_owned();
    let whole = shop.get(&format!("/v1/prices/{id}?expand[]=product")).body;
    assert_eq!(whole["product"]["name"], "Club");
    assert_eq!(shop.delete(&format!("/v1/products/{product}")).status, 400, "it has a price");
    let taken = shop.post("/v1/prices", form);
    assert_eq!(taken.refusal(), "400 invalid_request_error - lookup_key");
    let moved = shop.post("/v1/prices", &format!("{form}&transfer_lookup_key=true")).id();
    assert_eq!(shop.get("/v1/prices?lookup_keys[]=club").body["data"][0]["id"], moved.as_str());
    assert!(shop.get(&format!("/v1/prices/{id}")).body["lookup_key"].is_null());
    let first = shop
        .post("/v1/products", "name=Cup&default_price_data[currency]=eur&default_price_data[unit_amount]=5");
    assert!(first.body["default_price"].as_str().unwrap().starts_with("price_"));
}

#[test]
fn what_is_wrong_with_a_price_is_told_by_name() {
    let mut shop = Shop::new(7);
    let before = shop.gateway.state_digest();
    let base = "currency=usd&unit_amount=5&product_data[name]=x";
    let table = [
        ("currency=usd&unit_amount=5".to_owned(), "parameter_missing product"),
        ("unit_amount=5&product_data[name]=x".to_owned(), "parameter_missing currency"),
        ("currency=usd&product_data[name]=x".to_owned(), "parameter_missing unit_amount"),
        ("currency=xyz&unit_amount=5&product_data[name]=x".to_owned(), "- currency"),
        (
            format!("{base}&recurring[interval]=month&recurring[interval_count]=37"),
            "- recurring[interval_count]",
        ),
        (format!("{base}&recurring[interval]=hour"), "- recurring[interval]"),
        (format!("{base}&recurring[interval_count]=1"), "parameter_missing recurring[interval]"),
        (format!("{base}&unit_amount_decimal=5"), "parameters_exclusive unit_amount"),
        (format!("{base}&tiers_mode=volume"), "parameter_unknown tiers_mode"),
        (
            "currency=usd&unit_amount=-5&product_data[name]=x".to_owned(),
            "parameter_invalid_integer unit_amount",
        ),
        ("currency=usd&unit_amount=5&product=prod_x".to_owned(), "resource_missing product"),
    ];
    for (form, expected) in table {
        let refusal = shop.post("/v1/prices", &form).refusal();
        assert_eq!(refusal, format!("400 invalid_request_error {expected}"), "{form}");
    }
    assert_eq!(shop.gateway.state_digest(), before);
}

#[test]
fn a_file_is_uploaded_in_parts() {
    let mut shop = Shop::new(7);
    let body = "--b\r\nContent-Disposition: form-data; name=\"purpose\"\r\n\r\ndispute_evidence\r\n--b\r\n\
        Content-Disposition: form-data; name=\"file\"; filename=\"a.PDF\"\r\nContent-Type: application/pdf\r\n\r\n\
        %PDF\r\n--b--\r\n";
    let upload = |shop: &mut Shop, body: &str| {
        shop.send("POST", "/v1/files", body, &[("content-type", "multipart/form-data; boundary=b")])
    };
    let file = upload(&mut shop, body);
    let id = file.id();
    assert_eq!((&file.body["type"], &file.body["size"]), (&"pdf".into(), &4.into()));
    assert_eq!(file.body["filename"], "a.PDF");
    assert_eq!(shop.get(&format!("/v1/files/{id}")).text, file.text);
    assert_eq!(shop.get("/v1/files?purpose=pci_document").body["data"].as_array().unwrap().len(), 0);
    let table = [
        (body.replace("dispute_evidence", "joke"), "400 invalid_request_error - purpose"),
        (body.replace("name=\"file\"", "name=\"pile\""), "400 invalid_request_error parameter_unknown pile"),
        (
            body.replace("name=\"purpose\"", "name=\"porpoise\""),
            "400 invalid_request_error parameter_missing purpose",
        ),
        (body.replace("--b--", "--c--"), "400 invalid_request_error - -"),
    ];
    for (body, expected) in table {
        assert_eq!(upload(&mut shop, &body).refusal(), expected, "{body}");
    }
    assert_eq!(shop.post("/v1/files", "purpose=dispute_evidence").status, 400);
}
