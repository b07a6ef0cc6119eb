//! What follows a charge, at random: refunds, disputes and subscriptions in whatever order, and the rules of money hold.

use std::collections::BTreeMap;

use serde_json::Value;
use tillproof::entropy::Entropy;

use super::shop::{Answer, Shop};

const CARDS: [&str; 8] = [
    "pm_card_visa",
    "pm_card_bypassPending",
    "pm_card_pendingRefund",
    "pm_card_refundFail",
    "pm_card_createDispute",
    "pm_card_createDisputeInquiry",
    "pm_card_createMultipleDisputes",
    "pm_card_createIssuerFraudRecord",
];

const EVIDENCE: [&str; 6] =
    ["winning_evidence", "losing_evidence", "escalate_inquiry_evidence", "a letter", "a photo", "a poem"];

/// From which status to which an object may go, in however many steps.
const MOVES: &[(&str, &[&str])] = &[
    ("pending", &["succeeded", "failed", "canceled"]),
    ("succeeded", &["failed"]),
    ("needs_response", &["under_review", "won", "lost"]),
    ("under_review", &["won", "lost"]),
    (
        "warning_needs_response",
        &["warning_under_review", "warning_closed", "needs_response", "under_review", "won", "lost"],
    ),
    ("warning_under_review", &["warning_closed", "needs_response", "under_review", "won", "lost"]),
    ("incomplete", &["active", "incomplete_expired", "past_due", "canceled"]),
    ("trialing", &["active", "past_due", "canceled"]),
    ("active", &["past_due", "canceled"]),
    ("past_due", &["active", "canceled"]),
    ("draft", &["open", "paid", "void", "uncollectible"]),
    ("open", &["paid", "void", "uncollectible"]),
    ("uncollectible", &["paid", "void"]),
];

struct Life {
    shop: Shop,
    chance: Entropy,
    statuses: BTreeMap<String, String>,
    refused: usize,
    reached: Vec<String>,
}

impl Life {
    fn new(seed: u64) -> Self {
        let chance = Entropy::from_seed(seed).stream("afterlives");
        Self { shop: Shop::new(seed), chance, statuses: BTreeMap::new(), refused: 0, reached: Vec::new() }
    }

    fn below(&mut self, bound: usize) -> usize {
        usize::try_from(self.chance.below(u64::try_from(bound).unwrap())).unwrap()
    }

    /// Posts, and sees that what is refused changes nothing.
    fn post(&mut self, path: &str, form: &str) -> Answer {
        // What is due is done before the digest, or a refused request would seem to have done it.
        self.shop.wait(0);
        let before = self.shop.gateway.state_digest();
        let answer = self.shop.send("POST", path, form, &[]);
        if answer.status != 200 && answer.status != 402 {
            self.refused += 1;
            assert_eq!(self.shop.gateway.state_digest(), before, "{path} {form} {}", answer.text);
        }
        answer
    }

    fn all(&mut self, path: &str) -> Vec<Value> {
        let page = self.shop.get(path).body;
        assert_eq!(page["has_more"], false, "{path} fits on a page");
        page["data"].as_array().unwrap().clone()
    }

    fn any(&mut self, path: &str) -> Option<String> {
        let all = self.all(path);
        let at = self.below(all.len().max(1));
        all.get(at).map(|found| found["id"].as_str().unwrap().to_owned())
    }

    fn step(&mut self) {
        match self.below(12) {
            0 | 1 => {
                let card = CARDS[self.below(CARDS.len())];
                let amount = 50 + self.below(5_000);
                let form = format!(
                    "amount={amount}&currency=usd&confirm=true&payment_method={card}\
                     &automatic_payment_methods[enabled]=true&automatic_payment_methods[allow_redirects]=never"
                );
                assert_eq!(self.post("/v1/payment_intents", &form).status, 200);
            }
            2..=4 => {
                let Some(charge) = self.any("/v1/charges?limit=100") else { return };
                let amount = self.below(3_000);
                let form = if amount < 500 { String::new() } else { format!("&amount={amount}") };
                let _ = self.post("/v1/refunds", &format!("charge={charge}{form}"));
            }
            5 => {
                let Some(refund) = self.any("/v1/refunds?limit=100") else { return };
                let _ = self.post(&format!("/v1/refunds/{refund}/cancel"), "");
            }
            6 | 7 => {
                let Some(dispute) = self.any("/v1/disputes?limit=100") else { return };
                if self.below(5) == 0 {
                    let _ = self.post(&format!("/v1/disputes/{dispute}/close"), "");
                    return;
                }
                let text = EVIDENCE[self.below(EVIDENCE.len())];
                let submit = self.below(3) > 0;
                let form = format!("evidence[uncategorized_text]={text}&submit={submit}");
                let _ = self.post(&format!("/v1/disputes/{dispute}"), &form);
            }
            8 | 9 => self.bill(),
            _ => {
                let seconds = [1, 60, 86_400, 10 * 86_400][self.below(4)];
                self.shop.wait(seconds);
            }
        }
    }

    fn bill(&mut self) {
        if let Some(subscription) = self.any("/v1/subscriptions?status=all&limit=100")
            && self.below(3) > 0
        {
            let path = format!("/v1/subscriptions/{subscription}");
            if self.below(2) == 0 {
                let ends = self.below(2) == 0;
                let _ = self.post(&path, &format!("cancel_at_period_end={ends}"));
            } else if let Some(invoice) = self.any("/v1/invoices?limit=100") {
                let verb = ["pay", "void", "mark_uncollectible", "finalize"][self.below(4)];
                let _ = self.post(&format!("/v1/invoices/{invoice}/{verb}"), "");
            }
            return;
        }
        let card = ["pm_card_visa", "pm_card_chargeCustomerFail"][self.below(2)];
        let customer = self.post("/v1/customers", "").id();
        let method =
            self.post(&format!("/v1/payment_methods/{card}/attach"), &format!("customer={customer}")).id();
        let price = self.post(
            "/v1/prices",
            "currency=usd&unit_amount=700&recurring[interval]=week&product_data[name]=Club",
        );
        let form =
            format!("customer={customer}&default_payment_method={method}&items[0][price]={}", price.id());
        let trial = ["", "&trial_period_days=3"][self.below(2)];
        let _ = self.post("/v1/subscriptions", &format!("{form}{trial}"));
    }

    fn check(&mut self) {
        let refunds = self.all("/v1/refunds?limit=100");
        for charge in self.all("/v1/charges?limit=100") {
            let number = |name: &str| charge[name].as_u64().unwrap();
            let of_charge = refunds.iter().filter(|refund| refund["charge"] == charge["id"]);
            let counted = of_charge
                .filter(|refund| ["pending", "succeeded"].contains(&refund["status"].as_str().unwrap()));
            let sum: u64 = counted.map(|refund| refund["amount"].as_u64().unwrap()).sum();
            assert_eq!(number("amount_refunded"), sum, "{charge}");
            assert!(
                sum <= number("amount_captured") && number("amount_captured") <= number("amount"),
                "{charge}"
            );
        }
        let entries = self.all("/v1/balance_transactions?limit=100");
        let net: i64 = entries.iter().map(|entry| entry["net"].as_i64().unwrap()).sum();
        let balance = self.shop.get("/v1/balance").body;
        let held = ["available", "pending"].iter().flat_map(|part| balance[*part].as_array().unwrap());
        let held: i64 = held.map(|part| part["amount"].as_i64().unwrap()).sum();
        assert_eq!(net, held, "{balance}");
        for list in ["refunds", "disputes", "subscriptions", "invoices"] {
            for object in self.all(&format!(
                "/v1/{list}?limit=100{}",
                if list == "subscriptions" { "&status=all" } else { "" }
            )) {
                self.follow(list, &object);
            }
        }
    }

    /// Sees that an object went only where it may go.
    fn follow(&mut self, list: &str, object: &Value) {
        let (id, now) = (object["id"].as_str().unwrap(), object["status"].as_str().unwrap());
        if let Some(before) = self.statuses.insert(id.to_owned(), now.to_owned())
            && before != now
        {
            let allowed = MOVES.iter().find(|(from, _)| *from == before).map_or(&[][..], |(_, to)| to);
            assert!(allowed.contains(&now), "{id}: {before} -> {now}");
        }
        self.reached.push(format!("{list} {now}"));
    }
}

#[test]
fn whatever_follows_a_charge_the_rules_of_money_hold() {
    let mut reached: Vec<String> = Vec::new();
    let mut refused = 0;
    for seed in 0..10 {
        let mut life = Life::new(seed);
        for _ in 0..40 {
            life.step();
            life.check();
        }
        refused += life.refused;
        reached.append(&mut life.reached);
        reached.sort_unstable();
        reached.dedup();
    }
    assert!(refused > 20, "only {refused} requests were refused: the histories are too tame");
    let missing: Vec<&str> = [
        "disputes lost",
        "disputes needs_response",
        "disputes under_review",
        "disputes warning_closed",
        "disputes warning_needs_response",
        "disputes warning_under_review",
        "disputes won",
        "invoices open",
        "invoices paid",
        "invoices void",
        "refunds canceled",
        "refunds failed",
        "refunds pending",
        "refunds succeeded",
        "subscriptions active",
        "subscriptions canceled",
        "subscriptions past_due",
        "subscriptions trialing",
    ]
    .into_iter()
    .filter(|state| !reached.iter().any(|found| found == state))
    .collect();
    assert_eq!(missing, Vec::<&str>::new(), "every state is reached in some history");
}
