//! Payouts that are taken back, and what becomes of those that take them back.

use tillproof::simulator::FaultPlan;

use super::shop::Shop;

const DAY_S: u64 = 24 * 60 * 60;

/// A shop whose payout over 5.00 has arrived, and the id of that payout.
fn paid_out(plan: &str) -> (Shop, String) {
    let mut shop = Shop::new(7);
    shop.gateway.set_faults(shop.now, FaultPlan::parse(plan.as_bytes()).unwrap());
    let form = "amount=9000&currency=usd&confirm=true&payment_method=pm_card_bypassPending";
    shop.post("/v1/payment_intents", form).id();
    let payout = shop.post("/v1/payouts", "amount=500&currency=usd").id();
    for _ in 0..14 {
        shop.wait(DAY_S / 2);
        if shop.get(&format!("/v1/payouts/{payout}")).body["status"] == "paid" {
            break;
        }
    }
    (shop, payout)
}

#[test]
fn a_payout_whose_reversal_came_to_nothing_can_be_reversed_again() {
    let (mut shop, payout) = paid_out("{}");
    let path = format!("/v1/payouts/{payout}");
    let back = shop.post(&format!("{path}/reverse"), "").id();
    assert_eq!(shop.get(&path).body["reversed_by"], back.as_str());
    let twice = shop.post(&format!("{path}/reverse"), "");
    let message = twice.body["error"]["message"].as_str().unwrap();
    assert_eq!((twice.status, message.contains("takes it back already")), (400, true), "{message}");

    shop.post(&format!("/v1/payouts/{back}/cancel"), "").id();
    assert!(shop.get(&path).body["reversed_by"].is_null());
    let told = shop.get("/v1/events?type=payout.updated&limit=1").body["data"][0]["data"].clone();
    assert_eq!(told["object"]["id"], payout.as_str());
    assert_eq!(told["previous_attributes"]["reversed_by"], back.as_str());
    let again = shop.post(&format!("{path}/reverse"), "").id();
    assert_eq!(shop.get(&path).body["reversed_by"], again.as_str());
}

#[test]
fn a_payout_that_its_bank_will_send_back_cannot_be_taken_back_before() {
    let (mut shop, payout) = paid_out(r#"{"payout_returned":1}"#);
    let path = format!("/v1/payouts/{payout}");
    let before = shop.gateway.state_digest();
    let refused = shop.send("POST", &format!("{path}/reverse"), "", &[]);
    assert_eq!(refused.status, 400);
    let message = refused.body["error"]["message"].as_str().unwrap();
    assert!(message.contains("its bank is sending it back"), "{message}");
    assert_eq!(shop.gateway.state_digest(), before);
    // What the ground truth said has happened then.
    let truth = shop.gateway.ground_truth();
    assert!(truth.iter().any(|found| found.objects.contains(&payout)), "{truth:?}");
    shop.wait(6 * DAY_S);
    assert_eq!(shop.get(&path).body["status"], "failed");
}
