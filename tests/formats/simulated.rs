//! What the simulator writes is read back to the exact amounts, whatever format it is written in.

use std::collections::BTreeMap;

use tillproof::reconcile::formats::{
    BankLine, Format, Money, Reader, Settings, SettlementLine, Sink, Statement,
};
use tillproof::simulator::{Dialect, FaultPlan, Gateway, Options, Outcome, Request};
use tillproof::time::{Millis, Timestamp};

const DAY_MS: u64 = 86_400_000;

/// A shop with a simulated provider, one request at a time.
struct Shop {
    gateway: Gateway,
    now: Timestamp,
    requests: u64,
}

impl Shop {
    fn new(plan: &str) -> Self {
        let faults = FaultPlan::parse(plan.as_bytes()).unwrap();
        let gateway =
            Gateway::new(Options { seed: 7, dialect: Dialect::Stripe, faults, ..Options::default() });
        let mut shop =
            Self { gateway, now: Timestamp::from_unix_ms(1_767_225_600_000).unwrap(), requests: 0 };
        let _ = shop.send("POST", "/v1/balance_settings", "payments[payouts][schedule][interval]=daily");
        shop
    }

    fn send(&mut self, method: &str, target: &str, form: &str) -> String {
        let (path, query) = target.split_once('?').unwrap_or((target, ""));
        self.requests += 1;
        let headers = [
            ("authorization", "Bearer sk_test_1".to_owned()),
            ("content-type", "application/x-www-form-urlencoded".to_owned()),
            ("idempotency-key", format!("key {}", self.requests)),
        ];
        let request = Request {
            method: method.to_owned(),
            path: path.to_owned(),
            query: query.to_owned(),
            headers: headers.map(|(name, value)| (name.to_owned(), value)).into(),
            body: form.as_bytes().to_vec(),
        };
        let exchange = self.gateway.handle(self.now, &request);
        assert_eq!(exchange.status, 200, "{target}: {}", exchange.body);
        exchange.body
    }

    fn wait(&mut self, ms: u64) {
        let target = self.now.saturating_add(Millis::new(ms));
        while let Some(due) = self.gateway.poll_timeout().filter(|due| *due <= target) {
            self.gateway.handle_timeout(due).unwrap();
            while let Some(delivery) = self.gateway.poll_delivery(due, due.unix_seconds()) {
                self.gateway.handle_delivery(due, &delivery.id, Outcome::Answered(200)).unwrap();
            }
        }
        self.now = target;
    }

    /// Payments in three currencies, refunds, disputes and payouts, for some days.
    fn trade(&mut self) {
        for day in 0..5_u64 {
            for (minor, currency, method) in [
                (10_000 + day, "usd", "pm_card_visa"),
                (2_000 + day, "eur", "pm_card_visa"),
                (12_345, "jpy", "pm_card_visa"),
                (7_000 + day, "usd", "pm_card_createDispute"),
            ] {
                let form = format!(
                    "amount={minor}&currency={currency}&confirm=true&payment_method={method}\
                     &automatic_payment_methods[enabled]=true&automatic_payment_methods[allow_redirects]=never"
                );
                let made: serde_json::Value =
                    serde_json::from_str(&self.send("POST", "/v1/payment_intents", &form)).unwrap();
                if method == "pm_card_visa" && currency == "usd" {
                    let intent = made["id"].as_str().unwrap();
                    let _ = self.send("POST", "/v1/refunds", &format!("payment_intent={intent}&amount=1500"));
                }
            }
            self.wait(DAY_MS);
        }
        self.wait(20 * DAY_MS);
    }
}

/// The money of every line.
#[derive(Default)]
struct Kept {
    settlement: Vec<(i64, Option<i64>, Option<i64>, String)>,
    amounts: Vec<i64>,
    bank: Vec<(String, Money)>,
    sums: Vec<(i128, i128)>,
}

impl Sink for Kept {
    fn settlement(&mut self, line: &SettlementLine<'_>) {
        assert!(line.kind.is_some(), "{line:?}");
        self.settlement.push((line.gross, line.fee, line.net, line.currency.code().to_owned()));
        self.amounts.push(line.amount());
    }

    fn bank(&mut self, line: &BankLine<'_>) {
        // MT940 has no room for the id of a payout but in the text.
        let text = line.description.rsplit(' ').next().unwrap_or_default();
        let reference = if line.reference.starts_with("po_") { line.reference } else { text };
        self.bank.push((reference.to_owned(), line.amount));
    }

    fn statement(&mut self, statement: &Statement<'_>) {
        let (opening, closing) = (statement.opening.unwrap(), statement.closing.unwrap());
        let booked = i128::from(closing.money.minor) - i128::from(opening.money.minor);
        self.sums.push((booked, statement.counted.sum()));
        let declared = statement.declared;
        assert!(declared.credits.is_none_or(|sum| sum == statement.counted.credits), "{statement:?}");
        assert!(declared.debits.is_none_or(|sum| sum == statement.counted.debits), "{statement:?}");
    }
}

fn read(format: Format, text: &str) -> Kept {
    let mut kept = Kept::default();
    let mut reader = Reader::new(format, Settings::default()).unwrap();
    reader.push(text.as_bytes(), &mut kept).unwrap_or_else(|error| panic!("{error}\n{text}"));
    let _ = reader.finish(&mut kept).unwrap_or_else(|error| panic!("{error}\n{text}"));
    kept
}

/// Cells of a file without quotes, by the name of the column.
fn cells<'a>(csv: &'a str, columns: &[&str]) -> Vec<Vec<&'a str>> {
    let mut lines = csv.lines();
    let header: Vec<&str> = lines.next().unwrap().split(',').collect();
    let places: Vec<usize> =
        columns.iter().map(|name| header.iter().position(|known| known == name).unwrap()).collect();
    lines
        .map(|line| line.split(',').collect::<Vec<_>>())
        .map(|row| places.iter().map(|at| row[*at]).collect())
        .collect()
}

const DRIFTS: &str = r#"{"settlement_amount":{"nth":[2]},"settlement_fee":{"nth":[3]},"settlement_sign":{"nth":[5]},
    "settlement_duplicate":{"nth":[6]},"settlement_foreign":{"nth":[7]}}"#;

#[test]
fn settlement_reports_of_the_simulator_are_read_to_the_exact_amounts_in_every_format() {
    for plan in ["{}", DRIFTS] {
        let mut shop = Shop::new(plan);
        shop.trade();
        let csv = shop.send("GET", "/_tillproof/settlement.csv", "");
        let generic = read(Format::Generic, &csv);
        let columns = ["amount_minor", "fee_minor", "net_minor", "currency"];
        let written = cells(&csv, &columns);
        assert!(written.len() > 20, "{csv}");
        for ((row, line), amount) in written.iter().zip(&generic.settlement).zip(&generic.amounts) {
            let [minor, fee, net] = [row[0], row[1], row[2]].map(|text| text.parse::<i64>().unwrap());
            assert_eq!((*amount, line.1, line.2, line.3.as_str()), (minor, Some(fee), Some(net), row[3]));
            assert_eq!(line.0 - fee, net, "{row:?}");
        }
        let stripe =
            read(Format::Stripe, &shop.send("GET", "/_tillproof/settlement.csv?format=stripe-balance", ""));
        assert_eq!(stripe.settlement, generic.settlement, "stripe-balance");
        let adyen = read(Format::Adyen, &shop.send("GET", "/_tillproof/settlement.csv?format=adyen", ""));
        let money = |lines: &[(i64, Option<i64>, Option<i64>, String)]| {
            // A fee of nothing has no parts.
            lines
                .iter()
                .map(|(gross, fee, net, currency)| (*gross, fee.unwrap_or(0), *net, currency.clone()))
                .collect::<Vec<_>>()
        };
        assert_eq!(money(&adyen.settlement), money(&generic.settlement), "adyen");
        let payouts = read(Format::Stripe, &shop.send("GET", "/_tillproof/settlement.csv?format=stripe", ""));
        let paid_out = cells(&csv, &["payout_id"]).iter().filter(|row| !row[0].is_empty()).count();
        assert_eq!(payouts.settlement.len(), paid_out, "stripe");
    }
}

#[test]
fn bank_statements_of_the_simulator_are_read_to_the_exact_amounts_in_every_format() {
    for plan in ["{}", r#"{"bank_amount":{"nth":[2]},"bank_split":{"nth":[3]}}"#] {
        let mut shop = Shop::new(plan);
        shop.trade();
        let csv = shop.send("GET", "/_tillproof/statement.xml?format=csv", "");
        let by_csv = read(Format::BankCsv, &csv);
        let written = cells(&csv, &["reference", "amount_minor", "currency"]);
        assert!(written.len() >= 5, "{csv}");
        for (row, (reference, amount)) in written.iter().zip(&by_csv.bank) {
            assert_eq!(
                (reference.as_str(), amount.minor.to_string().as_str(), amount.currency.code()),
                (row[0], row[1], row[2])
            );
        }
        let ordered = |kept: &Kept| {
            let mut accounts: BTreeMap<&str, Vec<(String, i64)>> = BTreeMap::new();
            for (reference, amount) in &kept.bank {
                accounts.entry(amount.currency.code()).or_default().push((reference.clone(), amount.minor));
            }
            format!("{accounts:?}")
        };
        for (format, name) in [(Format::Camt053, "camt.053"), (Format::Mt940, "mt940")] {
            let text = shop.send("GET", &format!("/_tillproof/statement.xml?format={name}"), "");
            let kept = read(format, &text);
            assert_eq!(ordered(&kept), ordered(&by_csv), "{name}");
            assert!(
                !kept.sums.is_empty() && kept.sums.iter().all(|(booked, counted)| booked == counted),
                "{name}: {:?}",
                kept.sums
            );
        }
    }
}
