//! Payments that wander at random: whatever is asked in whatever order, the rules of money and of states hold.

use std::collections::BTreeMap;

use serde_json::Value;
use tillproof::entropy::Entropy;

use super::shop::{Answer, Shop};

const METHODS: [&str; 12] = [
    "pm_card_visa",
    "pm_card_mastercard",
    "pm_card_gb",
    "pm_card_chargeDeclined",
    "pm_card_chargeDeclinedInsufficientFunds",
    "pm_card_chargeDeclinedExpiredCard",
    "pm_card_chargeCustomerFail",
    "pm_card_authenticationRequired",
    "pm_card_authenticationRequiredOnSetup",
    "pm_card_threeDSecureRequiredChargeDeclined",
    "pm_card_radarBlock",
    "pm_card_nothing",
];

/// From which status to which an intent may go in one step.
const MOVES: &[(&str, &[&str])] = &[
    (
        "requires_payment_method",
        &["requires_confirmation", "requires_action", "requires_capture", "succeeded", "canceled"],
    ),
    (
        "requires_confirmation",
        &["requires_payment_method", "requires_action", "requires_capture", "succeeded", "canceled"],
    ),
    (
        "requires_action",
        &["requires_payment_method", "requires_confirmation", "requires_capture", "succeeded", "canceled"],
    ),
    ("requires_capture", &["succeeded", "canceled"]),
    ("succeeded", &[]),
    ("canceled", &[]),
];

struct Wanderer {
    shop: Shop,
    chance: Entropy,
    intents: BTreeMap<String, String>,
    customers: Vec<String>,
    refused: usize,
}

impl Wanderer {
    fn new(seed: u64) -> Self {
        let chance = Entropy::from_seed(seed).stream("wanderings");
        Self { shop: Shop::new(seed), chance, intents: BTreeMap::new(), customers: Vec::new(), refused: 0 }
    }

    fn below(&mut self, bound: usize) -> usize {
        usize::try_from(self.chance.below(u64::try_from(bound).unwrap())).unwrap()
    }

    fn any<'t>(&mut self, of: &[&'t str]) -> &'t str {
        let at = self.below(of.len());
        of[at]
    }

    fn method(&mut self) -> String {
        self.any(&METHODS).to_owned()
    }

    fn intent(&mut self) -> Option<String> {
        let ids: Vec<String> = self.intents.keys().cloned().collect();
        if ids.is_empty() { None } else { Some(ids[self.below(ids.len())].clone()) }
    }

    /// Asks, and checks that what is refused before it began has changed nothing.
    fn ask(&mut self, path: &str, form: &str) {
        // What time alone changes, such as keys whose life is over, is changed by then.
        assert_eq!(self.shop.send("POST", "/v1/nothing", "", &[]).status, 404);
        let before = self.shop.gateway.state_digest();
        let answer = self.shop.send("POST", path, form, &[]);
        assert!(answer.status < 500, "{path} {form}: {}", answer.text);
        if answer.status == 400 || answer.status == 404 {
            self.refused += 1;
            assert_eq!(self.shop.gateway.state_digest(), before, "{path} {form}: {}", answer.text);
        }
        self.note(&answer);
    }

    /// Follows an intent that is in an answer, or in a refusal.
    fn note(&mut self, answer: &Answer) {
        let body = if answer.status == 402 { &answer.body["error"]["payment_intent"] } else { &answer.body };
        if answer.status != 400 && body["object"] == "payment_intent" {
            self.follow(&body.clone());
        }
    }

    fn follow(&mut self, intent: &Value) {
        let text = |name: &str| intent[name].as_str().unwrap().to_owned();
        let (id, status) = (text("id"), text("status"));
        if let Some(before) = self.intents.insert(id.clone(), status.clone()) {
            let (_, allowed) = MOVES.iter().find(|(from, _)| *from == before).unwrap();
            // A decline may lead from one open status through others back to it.
            assert!(before == status || allowed.contains(&status.as_str()), "{id}: {before} -> {status}");
        }
    }

    fn step(&mut self) {
        let (method, confirm) = (self.method(), self.any(&["true", "false"]));
        let capture = self.any(&["", "&capture_method=manual", "&capture_method=automatic"]);
        let session = self.any(&["", "", "&off_session=true", "&error_on_requires_action=true"]);
        let customer = match self.customers.len() {
            0 => String::new(),
            count => {
                let at = self.below(count);
                let future = self.any(&["", "&setup_future_usage=off_session"]);
                format!("&customer={}{future}", self.customers[at])
            }
        };
        let part = self.any(&["", "amount_to_capture=40", "amount_to_capture=2000"]);
        let amount = self.any(&["1000", "50", "49", "99999999", "100000000"]);
        let currency = self.any(&["usd", "eur", "jpy"]);
        let known = self.intent().unwrap_or_else(|| "pi_nothing".to_owned());
        match self.below(12) {
            0..=2 => {
                let session = if confirm == "true" { session } else { "" };
                let form = format!(
                    "amount={amount}&currency={currency}&confirm={confirm}&payment_method={method}{capture}{session}{customer}"
                );
                self.ask("/v1/payment_intents", &form);
            }
            3 => self.ask(
                "/v1/payment_intents",
                &format!("amount={amount}&currency={currency}{capture}{customer}"),
            ),
            4 | 5 => self.ask(
                &format!("/v1/payment_intents/{known}/confirm"),
                &format!("payment_method={method}{session}"),
            ),
            6 => self.ask(&format!("/v1/payment_intents/{known}/capture"), part),
            7 => self.ask(&format!("/v1/payment_intents/{known}/cancel"), ""),
            8 => self.ask(&format!("/v1/payment_intents/{known}"), &format!("amount={amount}")),
            9 => {
                let customer = self.shop.post("/v1/customers", "name=Ada").id();
                let _ = self.shop.send(
                    "POST",
                    &format!("/v1/payment_methods/{method}/attach"),
                    &format!("customer={customer}"),
                    &[],
                );
                self.customers.push(customer);
            }
            10 => {
                let outcome = self.any(&["", "outcome=fail"]);
                let answer =
                    self.shop.send("POST", &format!("/_tillproof/authenticate/{known}"), outcome, &[]);
                assert!(answer.status < 500, "{}", answer.text);
            }
            _ => {
                let days = self.chance.below(4);
                self.shop.wait(days * 86_400 + 7);
            }
        }
        self.check();
    }

    /// The rules that hold after every step, read from what a merchant can see.
    fn check(&mut self) {
        for id in self.intents.keys().cloned().collect::<Vec<_>>() {
            let intent = self.shop.get(&format!("/v1/payment_intents/{id}")).body;
            self.follow(&intent);
            let charges = self.shop.get(&format!("/v1/charges?limit=100&payment_intent={id}")).body;
            let charges = charges["data"].as_array().unwrap();
            let number = |of: &Value, name: &str| of[name].as_u64().unwrap();
            let paid: Vec<&Value> = charges.iter().filter(|charge| charge["paid"] == true).collect();
            assert!(paid.len() <= 1, "{id} was charged {} times", paid.len());
            let captured: u64 = charges.iter().map(|charge| number(charge, "amount_captured")).sum();
            assert_eq!(number(&intent, "amount_received"), captured, "{id}");
            assert_eq!(
                intent["latest_charge"],
                charges.first().map_or(Value::Null, |charge| charge["id"].clone())
            );
            let held = intent["status"] == "requires_capture";
            assert_eq!(
                number(&intent, "amount_capturable"),
                if held { number(&intent, "amount") } else { 0 }
            );
            assert_eq!(intent["status"] == "succeeded", captured > 0, "{id}");
            assert_eq!(intent["status"] == "requires_action", intent["next_action"].is_object(), "{id}");
            for charge in charges {
                assert!(number(charge, "amount_captured") <= number(charge, "amount"));
                assert_eq!(charge["captured"] == true, number(charge, "amount_captured") > 0);
                assert_eq!(charge["paid"] == true, charge["status"] == "succeeded");
                assert_eq!(charge["paid"] == true, charge["failure_code"].is_null());
            }
        }
    }
}

#[test]
fn whatever_is_asked_an_intent_is_paid_at_most_once_and_a_refusal_changes_nothing() {
    let seeds: u64 = std::env::var("TILLPROOF_SEEDS").ok().and_then(|seeds| seeds.parse().ok()).unwrap_or(12);
    let (mut reached, mut refused) = (BTreeMap::<String, usize>::new(), 0);
    for seed in 0..seeds {
        let mut wanderer = Wanderer::new(seed);
        for _ in 0..40 {
            wanderer.step();
        }
        for status in wanderer.intents.values() {
            *reached.entry(status.clone()).or_default() += 1;
        }
        refused += wanderer.refused;
    }
    assert_eq!(reached.len(), MOVES.len(), "{reached:?}");
    assert!(refused > 0);
}

#[test]
fn events_tell_every_change_of_an_intent_once() {
    let mut wanderer = Wanderer::new(11);
    for _ in 0..80 {
        wanderer.step();
    }
    let events = wanderer.shop.get("/v1/events?limit=100&type=payment_intent.succeeded").body;
    let told: Vec<&str> = events["data"]
        .as_array()
        .unwrap()
        .iter()
        .map(|event| event["data"]["object"]["id"].as_str().unwrap())
        .collect();
    let mut once = told.clone();
    once.sort_unstable();
    once.dedup();
    assert_eq!(once.len(), told.len());
    let paid = wanderer.intents.values().filter(|status| *status == "succeeded").count();
    assert_eq!(told.len(), paid);
}
