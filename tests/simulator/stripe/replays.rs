//! A repetition is answered as the first request was, however it comes.

use super::shop::Shop;

#[test]
fn a_replay_is_written_in_the_version_and_for_the_host_of_the_first_request() {
    let form = "amount=1000&currency=usd&confirm=true&payment_method=pm_card_authenticationRequired\
                &return_url=https://shop.test/back";
    let mut shop = Shop::new(7);
    let first =
        [("idempotency-key", "once"), ("host", "gateway.test:4242"), ("stripe-version", "2024-06-20")];
    let asked = shop.send("POST", "/v1/payment_intents", form, &first);
    assert!(asked.text.contains("http://gateway.test:4242/"), "{}", asked.text);
    // Another request in between came in another way.
    let other =
        [("idempotency-key", "other"), ("host", "elsewhere.test"), ("stripe-version", "2026-10-28.endive")];
    shop.send("POST", "/v1/customers", "name=Ada", &other).id();
    let again =
        [("idempotency-key", "once"), ("host", "127.0.0.1:1"), ("stripe-version", "2026-10-28.endive")];
    let replay = shop.send("POST", "/v1/payment_intents", form, &again);
    assert_eq!(replay.text, asked.text);
    assert_eq!(replay.header("idempotent-replayed"), Some("true"));
    assert_eq!(replay.header("stripe-version"), Some("2024-06-20"));
}
