//! Events, their deliveries and what a merchant can verify about them.

use tillproof::crypto::{MacAlgorithm, MacKey, Secret, decode_base64, encode_base64, encode_hex};
use tillproof::simulator::{Delivery, Outcome};

use super::driver::{Driver, order, text};

/// The signature a merchant would compute, with code of its own.
fn genuine(delivery: &Delivery, secret: &str) -> bool {
    let header = |name: &str| {
        let found = delivery.headers.iter().find(|(found, _)| *found == name);
        found.map(|(_, value)| value.clone()).unwrap_or_default()
    };
    let mac = |key: Vec<u8>, message: String| {
        MacKey::new(MacAlgorithm::HmacSha256, &Secret::new(key)).sign(message.as_bytes())
    };
    let stripe = header("stripe-signature");
    if let Some((at, _)) = stripe.strip_prefix("t=").and_then(|rest| rest.split_once(',')) {
        let tag = mac(secret.as_bytes().to_vec(), format!("{at}.{}", delivery.body));
        return stripe == format!("t={at},v1={}", encode_hex(tag.as_bytes()));
    }
    let key = decode_base64(secret.strip_prefix("whsec_").unwrap()).unwrap();
    let message = format!("{}.{}.{}", header("webhook-id"), header("webhook-timestamp"), delivery.body);
    header("webhook-signature") == format!("v1,{}", encode_base64(mac(key, message).as_bytes()))
}

#[test]
fn each_endpoint_gets_the_events_it_asked_for_signed_as_it_asked() {
    let mut driver = Driver::new(7, "\"none\"");
    let all = text(&driver.listen(r#"{"url":"http://a.test/hook"}"#).body, "secret");
    let some = driver.listen(
        r#"{"url":"http://b.test/hook","events":["payment.completed"],"scheme":"stripe-v1","secret":"whsec_mine"}"#,
    );
    assert_eq!(text(&some.body, "secret"), "whsec_mine");
    let id = driver.pay("a", 1_000);
    let mut seen = Vec::new();
    driver.deliver(|delivery| {
        let (name, secret) =
            if delivery.url.contains("a.test") { ("a", all.as_str()) } else { ("b", "whsec_mine") };
        assert!(genuine(delivery, secret), "{delivery:?}");
        assert_eq!(text(&delivery.body, "data.payment.id"), id);
        seen.push(format!("{name} {}", text(&delivery.body, "type")));
        Outcome::Answered(200)
    });
    assert_eq!(
        seen,
        ["a payment.pending", "a payment.processing", "a payment.completed", "b payment.completed"]
    );
}

#[test]
fn an_event_shows_the_payment_as_it_was_and_its_deliveries_as_they_are() {
    let mut driver = Driver::new(7, "\"none\"");
    let _ = driver.listen(r#"{"url":"http://a.test/hook","events":["payment.authorized"]}"#);
    let id = text(&driver.post("/api/payments", "k", &order("a", 1_000, r#","capture":false"#)).body, "id");
    let _ = driver.post(&format!("/api/payments/{id}/capture"), "c", "");
    driver.deliver(|delivery| {
        assert_eq!(text(&delivery.body, "data.payment.state"), "authorized");
        assert_eq!(text(&delivery.body, "data.payment.amountCaptured"), "0");
        Outcome::Answered(503)
    });
    driver.wait(63_000);
    driver.deliver(|_| Outcome::NoAnswer);
    let third = text(&driver.get("/api/events?limit=1").body, "data");
    let third = tillproof::json::parse(third.as_bytes()).unwrap().as_array().unwrap()[0].to_text();
    let after = text(&third, "id");
    let rest = driver.get(&format!("/api/events?after={after}&limit=2")).body;
    assert_eq!(text(&rest, "hasMore"), "true");
    assert!(
        rest.contains(r#""type":"payment.authorized""#)
            && rest.contains(r#""state":"dead_letter","attempts":7"#)
    );
}

#[test]
fn the_attempts_stand_one_two_four_eight_sixteen_and_thirty_two_seconds_apart() {
    let mut driver = Driver::new(7, "\"none\"");
    let _ = driver.listen(r#"{"url":"http://a.test/hook","events":["payment.completed"]}"#);
    let _ = driver.pay("a", 1_000);
    driver.wait(1_000_000);
    let mut times = Vec::new();
    driver.deliver(|delivery| {
        let at = delivery.headers.iter().find(|(name, _)| *name == "webhook-timestamp").unwrap().1.clone();
        times.push((delivery.attempt, at.parse::<u64>().unwrap() - super::driver::START_MS / 1_000));
        Outcome::Answered(301)
    });
    assert_eq!(times, [(1, 0), (2, 1), (3, 3), (4, 7), (5, 15), (6, 31), (7, 63)]);
}

#[test]
fn a_forgery_carries_a_wrong_signature_and_announces_a_payment_nobody_can_find() {
    let mut driver = Driver::new(7, r#"{"webhook_forged":1}"#);
    let secret =
        text(&driver.listen(r#"{"url":"http://a.test/hook","events":["payment.completed"]}"#).body, "secret");
    let _ = driver.pay("a", 1_000);
    let mut forged = Vec::new();
    driver.deliver(|delivery| {
        if !genuine(delivery, &secret) {
            forged.push(text(&delivery.body, "data.payment.id"));
        }
        Outcome::Answered(400)
    });
    assert_eq!(forged.len(), 1);
    assert_eq!(driver.get(&format!("/api/payments/{}", forged[0])).status, 404);
    let truth = &driver.gateway.ground_truth()[0];
    assert_eq!((truth.fault, truth.id), ("webhook_forged", "W8"));
    assert!(truth.objects.contains(&forged[0]));
}

#[test]
fn duplicates_reordering_and_loss_leave_every_event_delivered_in_the_end() {
    let plan = r#"{"webhook_duplicate":0.5,"webhook_reorder":0.5,"webhook_lost":0.3}"#;
    let mut driver = Driver::new(7, plan);
    let _ = driver.listen(r#"{"url":"http://a.test/hook","events":["payment.completed"]}"#);
    let (mut expected, mut seen) = (Vec::new(), Vec::new());
    for number in 0..40 {
        expected.push(driver.pay(&format!("order_{number}"), 1_000));
        driver.wait(500);
    }
    driver.wait(600_000);
    driver.deliver(|delivery| {
        seen.push(text(&delivery.body, "data.payment.id"));
        Outcome::Answered(200)
    });
    assert!(seen.len() > expected.len(), "no duplicate was delivered");
    let mut order = seen.clone();
    order.dedup();
    assert_ne!(order, expected, "nothing was reordered");
    seen.sort();
    seen.dedup();
    expected.sort();
    assert_eq!(seen, expected);
}

#[test]
fn an_endpoint_is_shown_changed_and_deleted_and_its_secret_is_shown_once() {
    let mut driver = Driver::new(7, "\"none\"");
    let made = driver.listen(r#"{"url":"http://a.test/hook","events":["payment.completed"]}"#).body;
    let id = text(&made, "id");
    let path = format!("/api/webhook_endpoints/{id}");
    let shown = driver.get(&path).body;
    assert_eq!(
        (text(&shown, "url"), text(&shown, "enabled")),
        ("http://a.test/hook".to_owned(), "true".to_owned())
    );
    assert_eq!(text(&shown, "secret"), "no secret");
    assert!(driver.get("/api/webhook_endpoints").body.contains(&id));

    let changed =
        driver.send("POST", &path, None, r#"{"url":"http://b.test","events":["*"],"enabled":false}"#).body;
    assert_eq!(
        (text(&changed, "url"), text(&changed, "events")),
        ("http://b.test".to_owned(), r#"["*"]"#.to_owned())
    );
    let _ = driver.pay("a", 1_000);
    driver.deliver(|_| unreachable!("a disabled endpoint gets nothing"));

    assert_eq!(text(&driver.send("DELETE", &path, None, "").body, "deleted"), "true");
    for (method, target) in [("GET", path.clone()), ("POST", path.clone()), ("DELETE", path.clone())] {
        let gone = driver.send(method, &target, None, "");
        assert_eq!(
            (gone.status, text(&gone.body, "error.code").as_str()),
            (404, "webhook_endpoint_not_found")
        );
    }
    assert!(!driver.get("/api/webhook_endpoints").body.contains(&id));
}

#[test]
fn two_secrets_sign_for_a_day_after_a_rotation() {
    let mut driver = Driver::new(7, "\"none\"");
    let made = driver
        .listen(r#"{"url":"http://a.test/hook","scheme":"stripe-v1","events":["payment.completed"]}"#)
        .body;
    let path = format!("/api/webhook_endpoints/{}/rotate", text(&made, "id"));
    let other = text(&driver.send("POST", &path, None, r#"{"overlapSeconds":60}"#).body, "secret");
    let older = text(&made, "secret");
    assert_ne!(other, older);
    let mut signatures = |wait: u64| {
        driver.wait(wait);
        let _ = driver.pay(&format!("order_{wait}"), 1_000);
        let mut seen = Vec::new();
        driver.deliver(|delivery| {
            let header = delivery.headers.iter().find(|(name, _)| *name == "stripe-signature").unwrap();
            let at = header.1.strip_prefix("t=").unwrap().split(',').next().unwrap();
            seen.extend([&other, &older].map(|secret| {
                let key = MacKey::new(MacAlgorithm::HmacSha256, &Secret::new(secret.as_bytes().to_vec()));
                let tag = key.sign(format!("{at}.{}", delivery.body).as_bytes());
                header.1.contains(&format!(",v1={}", encode_hex(tag.as_bytes())))
            }));
            Outcome::Answered(200)
        });
        seen
    };
    assert_eq!(signatures(59_999), [true, true]);
    assert_eq!(signatures(1), [true, false]);
    assert_eq!(driver.send("POST", &path, None, r#"{"overlapSeconds":86401}"#).status, 400);
}

#[test]
fn an_event_is_sent_again_by_hand_once_and_every_attempt_is_told() {
    let mut driver = Driver::new(7, "\"none\"");
    let made = driver.listen(r#"{"url":"http://a.test/hook","events":["payment.completed"]}"#).body;
    let _ = driver.pay("a", 1_000);
    driver.wait(63_000);
    driver.deliver(|_| Outcome::Answered(500));
    let list = driver.get("/api/events").body;
    let events = tillproof::json::parse(list.as_bytes()).unwrap();
    let id =
        events.get("data").unwrap().as_array().unwrap()[2].get("id").unwrap().as_str().unwrap().to_owned();
    let path = format!("/api/events/{id}");
    assert!(driver.get(&path).body.contains(r#""state":"dead_letter","attempts":7"#));
    let again = format!(r#"{{"endpoint":"{}"}}"#, text(&made, "id"));
    assert_eq!(driver.send("POST", &format!("{path}/resend"), None, &again).status, 200);
    let mut seen = Vec::new();
    driver.deliver(|delivery| {
        seen.push((text(&delivery.body, "id"), delivery.attempt));
        Outcome::Answered(204)
    });
    assert_eq!(seen, [(id, 1)]);
    let told = driver.get(&path).body;
    assert!(
        told.contains(r#""state":"delivered","attempts":1,"tries":[{"at":1767225663000,"status":204}]"#),
        "{told}"
    );
    assert_eq!(driver.send("POST", "/api/events/evt_1/resend", None, "").status, 404);
}

#[test]
fn each_delivery_fault_is_met_as_it_says() {
    let faults = [
        "webhook_duplicate",
        "webhook_reorder",
        "webhook_delay",
        "webhook_never",
        "webhook_late",
        "webhook_twin",
        "webhook_unknown",
        "webhook_forged",
        "webhook_outage",
        "webhook_lost",
        "webhook_stale_signature",
        "webhook_wrong_secret",
        "webhook_reserialized",
        "webhook_extra_field",
        "webhook_old_version",
        "webhook_timeout",
    ];
    let mut told = Vec::new();
    for fault in faults {
        let plan = format!(r#"{{"script":[{{"fault":"{fault}","route":"payment.completed","call":1}}]}}"#);
        let mut driver = Driver::new(7, &plan);
        let secret = text(&driver.listen(r#"{"url":"http://a.test/hook"}"#).body, "secret");
        let _ = driver.listen(r#"{"url":"http://b.test/hook","events":["payment.voided"]}"#);
        let id = driver.pay("order_1", 1_000);
        let mut seen = Vec::new();
        let mut merchant = |delivery: &Delivery| {
            let verifies = genuine(delivery, &secret);
            let at = delivery.headers.iter().find(|(name, _)| *name == "webhook-timestamp").unwrap();
            let is_stale = at.1.parse::<u64>().unwrap() < super::driver::START_MS / 1_000;
            let has = |path: &str| !text(&delivery.body, path).starts_with("no ");
            let shown = [
                (text(&delivery.body, "data.payment.reference") != "order_1", "later "),
                (!has("data.payment.transitions"), "old "),
                (has("unheard_of.since"), "longer "),
                (!verifies, "wrong "),
                (is_stale, "stale "),
            ];
            let words: String = shown.into_iter().filter(|(is, _)| *is).map(|(_, word)| word).collect();
            seen.push(format!("{words}{}", text(&delivery.body, "type").trim_start_matches("payment.")));
            if verifies && !is_stale { Outcome::Answered(200) } else { Outcome::Answered(400) }
        };
        driver.deliver(&mut merchant);
        let _ = driver.pay("order_2", 1_000);
        driver.wait(20);
        // Whoever waits for a look is released by this one.
        let _ = driver.get(&format!("/api/payments/{id}"));
        driver.wait(4_000_000);
        driver.deliver(&mut merchant);
        let truth = driver.gateway.ground_truth().iter();
        let truth: Vec<String> =
            truth.map(|one| format!("{} {} {}", one.id, one.fault, one.objects.len())).collect();
        let seen: Vec<String> = seen.into_iter().filter(|kind| !kind.ends_with("ing")).collect();
        told.push(format!("{}: {}", truth.join(" + "), seen.join("; ")));
    }
    insta::assert_snapshot!(told.join("\n"), @r"
    W1 webhook_duplicate 3: completed; later completed; completed
    W2 webhook_reorder 3: later completed; completed
    W3 webhook_delay 3: later completed; completed
    W4 webhook_never 3: later completed
    W7 webhook_late 3: later completed; completed
    W9 webhook_twin 2: completed; completed; later completed
    W10 webhook_unknown 2: completed; teleported; later completed
    W8 webhook_forged 3: completed; wrong completed; later completed
    W5 webhook_outage 3: completed; later completed
    W4 webhook_lost 3: later completed; completed
    W8 webhook_stale_signature 3: stale completed; later completed; completed
    W8 webhook_wrong_secret 3: wrong completed; later completed; completed
    W8 webhook_reserialized 3: wrong completed; later completed; completed
    W10 webhook_extra_field 3: longer completed; later completed
    W11 webhook_old_version 3: old completed; later completed
    W12 webhook_timeout 3: completed; later completed; completed
    ");
}
