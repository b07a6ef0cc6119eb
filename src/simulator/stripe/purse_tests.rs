//! Money at rest as the Stripe dialect shows it, from a payment of the treasury to the bank.

use serde_json::Value;

use super::super::treasury::{Availability, Booking, Source};
use super::super::world::World;
use super::super::{Dialect, Options, Request};
use super::serve;
use super::work::Work;
use crate::money::Currency;
use crate::prelude::*;
use crate::time::{Millis, Timestamp};

const DAY_S: u64 = 86_400;

/// A merchant who took payments, and the time it is.
struct Shop {
    world: World,
    now: Timestamp,
    charges: usize,
}

impl Shop {
    fn new() -> Self {
        let world = World::new(&Options { seed: 7, dialect: Dialect::Stripe, ..Options::default() });
        // A Monday afternoon.
        Self { world, now: Timestamp::from_unix_ms(1_790_000_000_000).unwrap(), charges: 0 }
    }

    /// Takes a payment on an account.
    fn earn(&mut self, account: usize, minor: u64, currency: Currency, availability: Availability) -> usize {
        let (number, now) = (self.charges, self.now);
        self.charges = number.saturating_add(1);
        let mut work = Work::of_time(&mut self.world, now);
        work.account = account;
        let charge = Booking::charge(work.purse().unwrap(), Source::Charge(number), (minor, currency), false);
        work.book(&Booking { availability, ..charge }, "pi_1", "ch_1").unwrap()
    }

    fn wait(&mut self, seconds: u64) {
        self.now = self.now.saturating_add(Millis::from_seconds(seconds));
        self.world.catch_up(self.now).unwrap();
    }

    fn ask(&mut self, method: &str, target: &str, body: &str) -> Value {
        self.ask_as(None, method, target, body)
    }

    fn ask_as(&mut self, account: Option<&str>, method: &str, target: &str, body: &str) -> Value {
        let (path, query) = target.split_once('?').unwrap_or((target, ""));
        let request = Request {
            method: method.to_owned(),
            path: path.to_owned(),
            query: query.to_owned(),
            headers: account.map(|id| ("Stripe-Account".to_owned(), id.to_owned())).into_iter().collect(),
            body: body.as_bytes().to_vec(),
        };
        serde_json::from_str(&serve(&mut self.world, self.now, &request).body).unwrap()
    }

    fn get(&mut self, target: &str) -> Value {
        self.ask("GET", target, "")
    }

    fn post(&mut self, path: &str, body: &str) -> Value {
        self.ask("POST", path, body)
    }

    /// The types of all events so far, oldest first.
    fn events(&mut self) -> Vec<String> {
        let list = self.get("/v1/events?limit=100");
        let types = list["data"].as_array().unwrap().iter().map(|event| text(&event["type"]));
        types.rev().collect()
    }

    /// What is available and pending in a currency.
    fn balance(&mut self, currency: &str) -> (i64, i64) {
        let balance = self.get("/v1/balance");
        let of = |name: &str| {
            let found = balance[name].as_array().unwrap().iter().find(|one| one["currency"] == currency);
            found.map_or(0, |one| one["amount"].as_i64().unwrap())
        };
        (of("available"), of("pending"))
    }
}

fn text(value: &Value) -> String {
    value.as_str().unwrap_or_default().to_owned()
}

#[test]
fn a_payment_is_pending_for_two_business_days_and_its_transaction_says_so() {
    let mut shop = Shop::new();
    shop.earn(0, 10_000, Currency::USD, Availability::Rolling);
    assert_eq!(shop.balance("usd"), (0, 9_680));
    let pending = shop.get("/v1/balance_transactions")["data"][0].clone();
    assert_eq!(
        (&pending["fee"], &pending["net"], text(&pending["status"])),
        (&320.into(), &9_680.into(), "pending".to_owned())
    );
    assert_eq!(pending["fee_details"][0]["type"], "stripe_fee");
    shop.wait(2 * DAY_S);
    assert_eq!(shop.balance("usd"), (9_680, 0));
    assert_eq!(shop.events(), ["balance.available"]);
    assert_eq!(shop.get("/v1/balance_transactions")["data"][0]["status"], "available");
    let told = shop.get("/v1/events")["data"][0]["data"]["object"].clone();
    assert_eq!(
        (text(&told["object"]), told.get("id"), &told["available"][0]["amount"]),
        ("balance".to_owned(), None, &9_680.into())
    );
}

#[test]
fn each_currency_has_a_balance_of_its_own() {
    let mut shop = Shop::new();
    shop.earn(0, 10_000, Currency::USD, Availability::AtOnce);
    shop.earn(0, 10_000, Currency::EUR, Availability::AtOnce);
    assert_eq!((shop.balance("usd"), shop.balance("eur")), ((9_680, 0), (9_680, 0)));
}

#[test]
fn a_payout_draws_on_the_available_balance_and_each_move_has_its_event() {
    let mut shop = Shop::new();
    shop.earn(0, 10_000, Currency::USD, Availability::AtOnce);
    let refused = shop.post("/v1/payouts", "amount=9681&currency=usd");
    assert_eq!(refused["error"]["code"], "balance_insufficient", "{refused}");
    let payout = shop.post("/v1/payouts", "amount=9000&currency=usd&metadata[a]=b");
    let id = text(&payout["id"]);
    assert_eq!((text(&payout["status"]), shop.balance("usd")), ("pending".to_owned(), (680, 0)));
    let path = format!("/v1/payouts/{id}");
    shop.wait(DAY_S / 2);
    assert_eq!(shop.get(&path)["status"], "in_transit");
    shop.wait(2 * DAY_S);
    assert_eq!(shop.get(&path)["status"], "paid");
    assert_eq!(shop.events(), ["payout.created", "payout.updated", "payout.paid"]);
    let listed = shop.get(&format!("/v1/balance_transactions?source={id}&type=payout"));
    assert_eq!(
        (&listed["data"][0]["amount"], &listed["data"][0]["net"]),
        (&(-9_000).into(), &(-9_000).into())
    );
    let by_payout = shop.get(&format!("/v1/balance_transactions?payout={id}"));
    assert_eq!(by_payout["error"]["param"], "payout", "of a manual payout nobody can tell: {by_payout}");
}

#[test]
fn a_payout_can_be_called_back_until_it_leaves() {
    let mut shop = Shop::new();
    shop.earn(0, 10_000, Currency::USD, Availability::AtOnce);
    let id = text(&shop.post("/v1/payouts", "amount=9000&currency=usd")["id"]);
    let canceled = shop.post(&format!("/v1/payouts/{id}/cancel"), "");
    assert_eq!((text(&canceled["status"]), shop.balance("usd")), ("canceled".to_owned(), (9_680, 0)));
    let reversal = text(&canceled["failure_balance_transaction"]);
    assert_eq!(shop.get(&format!("/v1/balance_transactions/{reversal}"))["type"], "payout_cancel");
    let again = shop.post(&format!("/v1/payouts/{id}/cancel"), "");
    assert_eq!(again["error"]["type"], "invalid_request_error", "{again}");
    assert_eq!(shop.events(), ["payout.created", "payout.canceled"]);
}

#[test]
fn a_bank_that_refuses_a_payout_sends_the_money_back_and_says_why() {
    for (number, code) in [
        ("000111111116", "no_account"),
        ("000111111113", "account_closed"),
        ("000222222227", "insufficient_funds"),
        ("000333333335", "debit_not_authorized"),
        ("000444444440", "invalid_currency"),
    ] {
        let mut shop = Shop::new();
        shop.earn(0, 10_000, Currency::USD, Availability::AtOnce);
        let own = text(&shop.get("/v1/account")["id"]);
        let bank = format!(
            "external_account[object]=bank_account&external_account[country]=US&external_account[currency]=usd\
             &external_account[account_number]={number}&external_account[routing_number]=110000000"
        );
        let bank = text(&shop.post(&format!("/v1/accounts/{own}/external_accounts"), &bank)["id"]);
        let payout = shop.post("/v1/payouts", &format!("amount=9000&currency=usd&destination={bank}"));
        shop.wait(3 * DAY_S);
        let failed =
            shop.get(&format!("/v1/payouts/{}?expand[]=failure_balance_transaction", text(&payout["id"])));
        assert_eq!(
            (text(&failed["status"]), text(&failed["failure_code"])),
            ("failed".to_owned(), code.to_owned())
        );
        assert!(!text(&failed["failure_message"]).is_empty());
        let reversal = &failed["failure_balance_transaction"];
        assert_eq!(
            (text(&reversal["type"]), &reversal["amount"]),
            ("payout_failure".to_owned(), &9_000.into())
        );
        assert_eq!(shop.balance("usd"), (9_680, 0));
        assert_eq!(shop.events().last().unwrap(), "payout.failed");
    }
}

#[test]
fn an_automatic_payout_names_its_transactions_and_is_their_sum() {
    let mut shop = Shop::new();
    let settings = shop.post("/v1/balance_settings", "payments[payouts][schedule][interval]=daily");
    assert_eq!(settings["payments"]["payouts"]["schedule"]["interval"], "daily");
    shop.earn(0, 10_000, Currency::USD, Availability::Rolling);
    shop.earn(0, 5_000, Currency::USD, Availability::Rolling);
    shop.wait(7 * DAY_S);
    let payouts = shop.get("/v1/payouts");
    let payout = payouts["data"][0].clone();
    assert_eq!(payouts["data"].as_array().unwrap().len(), 1, "{payouts}");
    assert_eq!((&payout["amount"], &payout["automatic"]), (&14_505.into(), &true.into()));
    assert_eq!(
        (text(&payout["status"]), text(&payout["reconciliation_status"])),
        ("paid".to_owned(), "completed".to_owned())
    );
    let lines = shop.get(&format!("/v1/balance_transactions?payout={}", text(&payout["id"])));
    let lines = lines["data"].as_array().unwrap();
    let net = |wanted: fn(&Value) -> bool| -> i64 {
        lines.iter().filter(|line| wanted(line)).map(|line| line["net"].as_i64().unwrap()).sum()
    };
    assert_eq!(
        (net(|line| line["type"] != "payout"), net(|line| line["type"] == "payout")),
        (14_505, -14_505)
    );
    assert_eq!(
        shop.events(),
        [
            "balance.available",
            "payout.created",
            "payout.updated",
            "payout.paid",
            "payout.reconciliation_completed"
        ]
    );
}

#[test]
fn a_transfer_moves_available_money_to_a_connected_account_and_back() {
    let mut shop = Shop::new();
    shop.earn(0, 10_000, Currency::USD, Availability::AtOnce);
    let account = text(&shop.post("/v1/accounts", "type=express&country=DE")["id"]);
    let wish = format!("amount=20000&currency=usd&destination={account}");
    assert_eq!(shop.post("/v1/transfers", &wish)["error"]["code"], "balance_insufficient");
    let transfer = shop.post("/v1/transfers", &format!("amount=1000&currency=usd&destination={account}"));
    assert_eq!(shop.balance("usd"), (8_680, 0), "{transfer}");
    // The account is German and has no bank account in dollars.
    let theirs = shop.ask_as(Some(&account), "GET", "/v1/balance", "");
    assert_eq!(
        (text(&theirs["available"][0]["currency"]), &theirs["available"][0]["amount"]),
        ("eur".to_owned(), &864.into())
    );
    let booked = shop.ask_as(Some(&account), "GET", "/v1/balance_transactions", "")["data"][0].clone();
    assert_eq!(
        (text(&booked["type"]), booked["exchange_rate"].to_string()),
        ("payment".to_owned(), "0.863557858".to_owned())
    );
    let path = format!("/v1/transfers/{}/reversals", text(&transfer["id"]));
    assert_eq!(shop.post(&path, "amount=400")["amount"], 400);
    assert_eq!(shop.post(&path, "amount=601")["error"]["param"], "amount");
    assert_eq!(shop.post(&path, "")["amount"], 600);
    assert_eq!(shop.balance("usd"), (9_680, 0));
    let transfer = shop.get(&format!("/v1/transfers/{}", text(&transfer["id"])));
    assert_eq!(
        (&transfer["reversed"], transfer["reversals"]["data"].as_array().unwrap().len()),
        (&true.into(), 2)
    );
    assert_eq!(
        shop.ask_as(Some("acct_nobody"), "GET", "/v1/balance", "")["error"]["code"],
        "account_invalid"
    );
}

#[test]
fn a_request_for_money_that_cannot_be_read_is_refused_by_name() {
    let mut shop = Shop::new();
    let table = [
        ("/v1/payouts", "currency=usd", "parameter_missing", "amount"),
        ("/v1/payouts", "amount=100", "parameter_missing", "currency"),
        ("/v1/payouts", "amount=0&currency=usd", "parameter_invalid_integer", "amount"),
        ("/v1/payouts", "amount=ten&currency=usd", "parameter_invalid_integer", "amount"),
        ("/v1/payouts", "amount=100&currency=zzz", "", "currency"),
        ("/v1/payouts", "amount=100&currency=usd&planet=mars", "parameter_unknown", "planet"),
        ("/v1/payouts", "amount=100&currency=usd&destination=ba_1", "resource_missing", "destination"),
        ("/v1/payouts/po_1/cancel", "", "resource_missing", "id"),
        ("/v1/transfers", "amount=1&currency=usd&destination=acct_1", "resource_missing", "destination"),
    ];
    for (path, body, code, param) in table {
        let refused = shop.post(path, body)["error"].clone();
        assert_eq!(
            (text(&refused["code"]), text(&refused["param"])),
            (code.to_owned(), param.to_owned()),
            "{body}"
        );
    }
}
