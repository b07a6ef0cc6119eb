//! Money goes wherever requests, banks and time send it, and every account adds up all the while.

use std::collections::BTreeMap;

use serde_json::Value;
use tillproof::entropy::Entropy;

use super::shop::Shop;

const METHODS: [&str; 9] = [
    "pm_card_pendingRefund",
    "pm_card_bypassPending",
    "pm_card_bypassPending",
    "pm_card_pendingRefund",
    "pm_card_refundFail",
    "pm_card_pendingRefund",
    "pm_card_createDispute",
    "pm_card_createDisputeInquiry",
    "pm_card_chargeDeclined",
];

/// The lists of which one object is taken at random.
const LISTS: [&str; 6] = ["charges", "refunds", "disputes", "payouts", "transfers", "application_fees"];

/// An answer that was stored: account, path, form, key, status and bytes.
type Stored = (Option<String>, String, String, String, u16, String);

struct Market {
    shop: Shop,
    chance: Entropy,
    /// The platform, and those connected to it.
    accounts: Vec<Option<String>>,
    stored: Vec<Stored>,
    events: BTreeMap<String, Value>,
    /// How often a request to a route succeeded, and how often anything was refused.
    succeeded: BTreeMap<String, usize>,
    refused: usize,
    asked: usize,
}

impl Market {
    fn new(seed: u64) -> Self {
        let mut shop = Shop::new(seed);
        let accounts = ["US", "JP"].map(|country| {
            let form = format!(
                "country={country}&external_account[object]=bank_account&external_account[country]=US\
                 &external_account[currency]=usd&external_account[account_number]=000123456789\
                 &external_account[routing_number]=110000000"
            );
            Some(shop.post("/v1/accounts", &form).id())
        });
        let accounts = core::iter::once(None).chain(accounts).collect();
        let chance = Entropy::from_seed(seed).stream("money");
        // Without money nothing moves.
        for method in ["pm_card_bypassPending", "pm_card_bypassPending", "pm_card_pendingRefund"] {
            let form = format!("amount=1000000&currency=usd&confirm=true&payment_method={method}");
            shop.post("/v1/payment_intents", &form).id();
        }
        Self {
            shop,
            chance,
            accounts,
            stored: Vec::new(),
            events: BTreeMap::new(),
            succeeded: BTreeMap::new(),
            refused: 0,
            asked: 0,
        }
    }

    fn below(&mut self, bound: usize) -> usize {
        usize::try_from(self.chance.below(u64::try_from(bound).unwrap())).unwrap()
    }

    fn any<'t>(&mut self, of: &[&'t str]) -> &'t str {
        let at = self.below(of.len());
        of[at]
    }

    fn get(&mut self, account: Option<&String>, path: &str) -> Value {
        let header = account.map(|id| ("stripe-account", id.as_str()));
        let answer = self.shop.send("GET", path, "", header.as_slice());
        assert_eq!(answer.status, 200, "{path}: {}", answer.text);
        answer.body
    }

    /// All objects of a list, newest first; each stands there once.
    fn all(&mut self, account: Option<&String>, path: &str) -> Vec<Value> {
        let mut found: Vec<Value> = Vec::new();
        loop {
            let after = found.last().map(|last| format!("&starting_after={}", last["id"].as_str().unwrap()));
            let page = self.get(account, &format!("{path}?limit=7{}", after.unwrap_or_default()));
            found.extend(page["data"].as_array().unwrap().iter().cloned());
            if page["has_more"] == false {
                break;
            }
        }
        let mut ids: Vec<&Value> = found.iter().map(|object| &object["id"]).collect();
        ids.sort_by_key(|id| id.to_string());
        ids.dedup();
        assert_eq!(ids.len(), found.len(), "{path}");
        found
    }

    fn ask(&mut self, account: Option<String>, path: &str, form: &str) {
        assert_eq!(self.shop.send("POST", "/v1/nothing", "", &[]).status, 404);
        let before = self.shop.gateway.state_digest();
        let header = account.as_ref().map(|id| ("stripe-account", id.as_str()));
        // Without a key, as one that is used up is remembered.
        let tried = self.shop.send("POST", path, &format!("{form}&expand[]=poem"), header.as_slice());
        assert_eq!(tried.status, 400, "{path} {form}: {}", tried.text);
        self.asked += 1;
        let key = format!("asked-{}", self.asked);
        let headers: Vec<(&str, &str)> =
            header.into_iter().chain([("idempotency-key", key.as_str())]).collect();
        let answer = self.shop.send("POST", path, form, &headers);
        assert!(answer.status < 500, "{path} {form}: {}", answer.text);
        if answer.status == 200 {
            // The third part of a longer path is an id.
            let route: Vec<&str> = path.split('/').skip(2).step_by(2).collect();
            *self.succeeded.entry(route.join(" ")).or_default() += 1;
        }
        if answer.status == 400 || answer.status == 404 {
            self.refused += 1;
            // The key of a refusal that was decided by the state of things is kept, and nothing else.
            let again = self.shop.send("POST", path, form, &headers);
            if again.header("idempotent-replayed").is_none() {
                assert_eq!(self.shop.gateway.state_digest(), before, "{path} {form}: {}", answer.text);
                return;
            }
        }
        self.stored.push((account, path.to_owned(), form.to_owned(), key, answer.status, answer.text));
    }

    fn step(&mut self) {
        // Two steps of three are the platform's own.
        let at = self.below(6).saturating_sub(3);
        let account = self.accounts[at].clone();
        let known = LISTS.map(|list| {
            let objects = self.get(account.as_ref(), &format!("/v1/{list}?limit=4"));
            let objects = objects["data"].as_array().unwrap().clone();
            if objects.is_empty() {
                "none".to_owned()
            } else {
                objects[self.below(objects.len())]["id"].as_str().unwrap().to_owned()
            }
        });
        let [charge, refund, dispute, payout, transfer, fee] = &known;
        let (amount, currency) =
            (self.any(&["1", "333", "1000", "9999", "1000000"]), self.any(&["usd", "usd", "usd", "jpy"]));
        let partner = 1 + self.below(2);
        let partner = self.accounts[partner].clone().unwrap();
        let part = self.any(&["", "amount=1", "amount=333", "amount=5000", "amount=9007199254740991"]);
        match self.below(17) {
            0..=2 => {
                let method = self.any(&METHODS);
                let shares = match self.below(4) {
                    0 => format!("&transfer_data[destination]={partner}"),
                    1 => format!("&transfer_data[destination]={partner}&application_fee_amount=77"),
                    2 => "&application_fee_amount=77".to_owned(),
                    _ => String::new(),
                };
                let form = format!(
                    "amount={amount}&currency={currency}&confirm=true&payment_method={method}{shares}"
                );
                self.ask(account, "/v1/payment_intents", &form);
            }
            3..=5 => {
                let wish = self.any(&[
                    "",
                    "&reverse_transfer=true",
                    "&reverse_transfer=true&refund_application_fee=true",
                    "&refund_application_fee=true",
                ]);
                self.ask(account, "/v1/refunds", &format!("charge={charge}&{part}{wish}"));
            }
            6 | 14 | 15 => self.ask(account, &format!("/v1/refunds/{refund}/cancel"), ""),
            7 => {
                let text = self.any(&[
                    "winning_evidence",
                    "losing_evidence",
                    "escalate_inquiry_evidence",
                    "a letter",
                ]);
                self.ask(
                    account,
                    &format!("/v1/disputes/{dispute}"),
                    &format!("evidence[uncategorized_text]={text}"),
                );
            }
            8 | 13 => self.ask(account, "/v1/payouts", &format!("amount={amount}&currency={currency}")),
            9 => {
                let what = self.any(&["cancel", "reverse"]);
                self.ask(account, &format!("/v1/payouts/{payout}/{what}"), "");
            }
            10 => {
                let from = self.any(&["", "", "&source_transaction="]);
                let from = if from.is_empty() { String::new() } else { format!("{from}{charge}") };
                self.ask(
                    account,
                    "/v1/transfers",
                    &format!("amount={amount}&currency={currency}&destination={partner}{from}"),
                );
            }
            11 => self.ask(account, &format!("/v1/transfers/{transfer}/reversals"), part),
            12 => self.ask(account, &format!("/v1/application_fees/{fee}/refunds"), part),
            _ => {
                let days = self.chance.below(5);
                self.shop.wait(days * 86_400 + 11);
            }
        }
    }

    /// What an account can see adds up.
    fn check(&mut self) {
        let number = |object: &Value, name: &str| object[name].as_i64().unwrap();
        for account in self.accounts.clone() {
            let account = account.as_ref();
            let mut sums: BTreeMap<String, i64> = BTreeMap::new();
            for entry in self.all(account, "/v1/balance_transactions") {
                assert_eq!(
                    number(&entry, "amount") - number(&entry, "fee"),
                    number(&entry, "net"),
                    "{entry}"
                );
                *sums.entry(entry["currency"].as_str().unwrap().to_owned()).or_default() +=
                    number(&entry, "net");
            }
            let balance = self.get(account, "/v1/balance");
            for part in ["available", "pending"] {
                for rest in balance[part].as_array().unwrap() {
                    *sums.entry(rest["currency"].as_str().unwrap().to_owned()).or_default() -=
                        number(rest, "amount");
                }
            }
            assert!(sums.values().all(|rest| *rest == 0), "{account:?} {sums:?}");
            let refunds = self.all(account, "/v1/refunds");
            for charge in self.all(account, "/v1/charges") {
                let of_charge = refunds.iter().filter(|refund| refund["charge"] == charge["id"]);
                let counted = of_charge
                    .filter(|refund| refund["status"] == "succeeded" || refund["status"] == "pending");
                assert_eq!(
                    counted.map(|refund| number(refund, "amount")).sum::<i64>(),
                    number(&charge, "amount_refunded")
                );
                assert!(number(&charge, "amount_refunded") <= number(&charge, "amount_captured"));
            }
            for transfer in self.all(account, "/v1/transfers") {
                let back = transfer["reversals"]["data"].as_array().unwrap().iter();
                assert_eq!(
                    back.map(|part| number(part, "amount")).sum::<i64>(),
                    number(&transfer, "amount_reversed")
                );
                assert!(number(&transfer, "amount_reversed") <= number(&transfer, "amount"));
            }
            for event in self.all(account, "/v1/events") {
                let id = event["id"].as_str().unwrap().to_owned();
                let before = self.events.entry(id).or_insert_with(|| event.clone());
                assert_eq!(*before, event, "an event was rewritten");
            }
        }
    }

    /// What was answered once is answered again, byte for byte, while the key lives; that changes nothing.
    fn replay(&mut self) {
        for (account, path, form, key, status, text) in core::mem::take(&mut self.stored) {
            let header = account.as_ref().map(|id| ("stripe-account", id.as_str()));
            let headers: Vec<(&str, &str)> =
                header.into_iter().chain([("idempotency-key", key.as_str())]).collect();
            assert_eq!(self.shop.send("POST", "/v1/nothing", "", &[]).status, 404);
            let before = self.shop.gateway.state_digest();
            let again = self.shop.send("POST", &path, &form, &headers);
            if again.header("idempotent-replayed").is_some() {
                assert_eq!((again.status, again.text), (status, text), "{path} {form}");
                assert_eq!(self.shop.gateway.state_digest(), before, "{path} {form}");
            }
        }
    }
}

#[test]
fn wherever_money_goes_every_account_adds_up() {
    let seeds: u64 = std::env::var("TILLPROOF_SEEDS").ok().and_then(|seeds| seeds.parse().ok()).unwrap_or(3);
    let (mut refused, mut succeeded) = (0, BTreeMap::<String, usize>::new());
    for seed in 0..seeds {
        let mut market = Market::new(seed);
        for round in 0..120 {
            market.step();
            if round % 3 == 0 {
                market.check();
            }
            if round % 10 == 9 {
                market.replay();
            }
        }
        refused += market.refused;
        for (route, count) in market.succeeded {
            *succeeded.entry(route).or_default() += count;
        }
    }
    // A search that reaches nothing finds nothing.
    let reached: Vec<&str> = succeeded.keys().map(String::as_str).collect();
    let all = [
        "application_fees refunds",
        "disputes",
        "payment_intents",
        "payouts",
        "payouts cancel",
        "payouts reverse",
        "refunds",
        "refunds cancel",
        "transfers",
        "transfers reversals",
    ];
    assert_eq!(reached, all, "{succeeded:?}");
    assert!(refused > 0);
}
