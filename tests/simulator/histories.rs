//! Seeded random histories: after every step the invariants of the catalogue hold.

use std::collections::BTreeMap;

use tillproof::crypto::{Sha256, encode_hex};
use tillproof::entropy::Entropy;
use tillproof::json::{self, Value};
use tillproof::simulator::{Exchange, Gateway, Outcome, Transport};

use super::driver::{Driver, is_understood, order, text};

const SEEDS: u64 = 30;
const STEPS: u64 = 60;

/// What a merchant does at random, and what it remembers to judge the answers by.
struct Shop {
    entropy: Entropy,
    ids: Vec<String>,
    /// The first answer of each key that was answered.
    answers: BTreeMap<String, (u16, String)>,
}

impl Shop {
    fn new(seed: u64) -> Self {
        let entropy = Entropy::from_seed(seed).stream("shop");
        Self { entropy, ids: Vec::new(), answers: BTreeMap::new() }
    }

    fn step(&mut self, driver: &mut Driver) {
        let draw = self.entropy.below(10);
        let key = format!("key_{}", self.entropy.below(40));
        let amount = self.pick(&[1, 2, 600, 1_000, (1 << 53) - 1]);
        let more = self.pick(&[
            "",
            r#","capture":false"#,
            r#","metadata":{"simulate":"decline"}"#,
            r#","metadata":{"simulate":"processing"}"#,
        ]);
        let known =
            usize::try_from(self.entropy.below(u64::try_from(self.ids.len().max(1)).unwrap())).unwrap();
        let id = self.ids.get(known).cloned().unwrap_or_else(|| "pay_nothing".to_owned());
        let part =
            if self.entropy.below(2) == 0 { String::new() } else { format!(r#"{{"amount":{amount}}}"#) };
        // Lets happen what is due, so that the request is the only cause of what is seen after it.
        let _ = driver.send("POST", "/api/reconcile", None, "");
        let before = self.digest(driver);
        let (path, body) = match draw {
            0..4 => (
                "/api/payments".to_owned(),
                order(&format!("order_{}", self.entropy.below(20)), amount, more),
            ),
            4 => (format!("/api/payments/{id}/capture"), part),
            5 => (format!("/api/payments/{id}/void"), String::new()),
            6 | 7 => (format!("/api/payments/{id}/refund"), part),
            8 => {
                let longest = self.pick(&[10, 5_000, 90_000, 8 * 24 * 60 * 60 * 1_000]);
                driver.wait(self.entropy.below(longest));
                return;
            }
            _ => {
                let entropy = &mut self.entropy;
                driver.deliver(|_| {
                    if entropy.below(4) == 0 { Outcome::NoAnswer } else { Outcome::Answered(200) }
                });
                return;
            }
        };
        let answer = driver.post(&path, &key, &body);
        self.judge(driver, &key, &answer, &before);
    }

    fn pick<T: Copy>(&mut self, from: &[T]) -> T {
        let number = self.entropy.below(u64::try_from(from.len()).unwrap());
        *from.get(usize::try_from(number).unwrap()).unwrap()
    }

    /// The state where only requests change it; nothing where faults leave their trace as well.
    fn digest(&self, driver: &Driver) -> String {
        if driver.gateway.faults().to_json() == "{}" { driver.gateway.state_digest() } else { String::new() }
    }

    fn judge(&mut self, driver: &Driver, key: &str, answer: &Exchange, before: &str) {
        if !is_understood(answer) {
            return;
        }
        let replayed = answer.headers.iter().any(|(name, _)| *name == "idempotent-replayed");
        // Invariant 5: a replay is byte-identical.
        if replayed && let Some(first) = self.answers.get(key) {
            assert_eq!((answer.status, &answer.body), (first.0, &first.1), "replay of {key}");
        }
        if answer.status < 400 {
            self.ids.push(text(&answer.body, "id"));
        }
        if answer.status < 400 || answer.status == 500 {
            let _ = self.answers.insert(key.to_owned(), (answer.status, answer.body.clone()));
        }
        // Invariant 8: without faults a refusal and a replay change nothing.
        if replayed || answer.status >= 400 {
            assert_eq!(self.digest(driver), before, "{} {}", answer.status, answer.body);
        }
    }
}

fn number(value: &Value<'_>, name: &str) -> u64 {
    value.get(name).and_then(Value::as_u64).unwrap()
}

/// Invariants 1, 3, 4, 6 and 17, read through the API alone.
fn check(driver: &mut Driver) {
    let plan = driver.gateway.faults().clone();
    let mut witness = Driver::over(driver.gateway.clone());
    witness.now = driver.now;
    witness.gateway.set_faults(witness.now, tillproof::simulator::FaultPlan::default());
    let books = witness.send("POST", "/api/reconcile", None, "").body;
    assert_eq!(text(&books, "balanced"), "true", "{books}");
    let list = witness.get("/api/payments").body;
    let document = json::parse(list.as_bytes()).unwrap();
    for payment in document.get("data").unwrap().as_array().unwrap() {
        let (captured, refunded) = (number(payment, "amountCaptured"), number(payment, "amountRefunded"));
        assert!(refunded <= captured && captured <= number(payment, "amount"), "{}", payment.to_text());
        let refunds = payment.get("refunds").unwrap().as_array().unwrap();
        assert_eq!(refunds.iter().map(|refund| number(refund, "amount")).sum::<u64>(), refunded);
        let transitions = payment.get("transitions").unwrap().as_array().unwrap();
        let mut state = "pending";
        for transition in transitions {
            assert_eq!(transition.get("from").unwrap().as_str(), Some(state), "{}", payment.to_text());
            state = transition.get("to").unwrap().as_str().unwrap();
        }
        assert_eq!(payment.get("state").unwrap().as_str(), Some(state));
        let takings = transitions.iter().filter(|one| one.get("to").unwrap().as_str() == Some("completed"));
        assert!(takings.count() <= 1, "taken twice: {}", payment.to_text());
    }
    assert_eq!(driver.gateway.faults(), &plan);
}

#[test]
fn the_invariants_hold_after_every_step_of_many_histories() {
    for seed in 0..SEEDS {
        let plan = ["\"none\"", "\"gentle\"", "\"hostile\""][usize::try_from(seed % 3).unwrap()];
        let mut driver = Driver::new(seed, plan);
        let _ = driver.listen(r#"{"url":"http://a.test/hook"}"#);
        let mut shop = Shop::new(seed);
        for _ in 0..STEPS {
            shop.step(&mut driver);
            check(&mut driver);
        }
    }
}

#[test]
fn every_event_is_delivered_or_dead_once_the_faults_have_stopped() {
    for seed in 0..10 {
        let mut driver = Driver::new(seed, "\"hostile\"");
        let _ = driver.listen(r#"{"url":"http://a.test/hook"}"#);
        let mut shop = Shop::new(seed);
        (0..STEPS).for_each(|_| shop.step(&mut driver));
        let _ = driver.send("PUT", "/_tillproof/faults", None, "\"none\"");
        driver.wait(30 * 24 * 60 * 60 * 1_000);
        driver.deliver(|_| Outcome::Answered(200));
        assert_eq!(driver.gateway.poll_timeout(), None, "seed {seed}: something is still to be done");
        let mut after = String::new();
        loop {
            let page = driver.get(&format!("/api/events?limit=100{after}")).body;
            assert!(!page.contains(r#""state":"scheduled""#) && !page.contains(r#""state":"in_flight""#));
            let document = json::parse(page.as_bytes()).unwrap();
            let data = document.get("data").unwrap().as_array().unwrap();
            assert!(
                data.iter().all(|event| !event.get("deliveries").unwrap().as_array().unwrap().is_empty())
            );
            if document.get("hasMore").unwrap().as_bool() != Some(true) {
                break;
            }
            after = format!("&after={}", data.last().unwrap().get("id").unwrap().as_str().unwrap());
        }
    }
}

fn history(seed: u64, steps: u64) -> (Driver, Shop) {
    let mut driver = Driver::new(seed, "\"hostile\"");
    let _ = driver.listen(r#"{"url":"http://a.test/hook"}"#);
    let mut shop = Shop::new(seed);
    (0..steps).for_each(|_| shop.step(&mut driver));
    (driver, shop)
}

#[test]
fn the_same_seed_and_calls_give_the_same_bytes_for_ever() {
    let transcript = history(7, 200).0.transcript();
    assert_eq!(transcript, history(7, 200).0.transcript());
    assert_ne!(transcript, history(8, 200).0.transcript());
    // A change of this value is a change every recorded seed of every user sees: say so in CHANGELOG.md.
    assert_eq!(transcript, "e4178d2db7790a7af3f1dec8320b05f9037a4b8e27af417e1ac58a801453e6fa");
}

/// The same calls as in `tests/js/simulator.test.ts`, which expects the same hash of the same lines from wasm.
#[test]
fn native_code_and_wasm_give_the_same_bytes() {
    let mut driver = Driver::new(7, "\"hostile\"");
    let mut seen = Sha256::new();
    for number in 0..200 {
        let more = if number % 3 == 0 { r#","capture":false"# } else { "" };
        let answer = driver.post(
            "/api/payments",
            &format!("k{number}"),
            &order(&format!("o{number}"), 1_000 + number, more),
        );
        let line = match answer.transport {
            Transport::Deliver { delay } => {
                driver.wait(delay.get());
                format!("{} {}\n", answer.status, answer.body)
            }
            Transport::RequestLost | Transport::ResponseLost | Transport::Truncated | Transport::Hung => {
                "broken\n".to_owned()
            }
        };
        seen.update(line.as_bytes());
    }
    seen.update(driver.gateway.settlement_csv().as_bytes());
    assert_eq!(
        encode_hex(&seen.finish()),
        "f2e8d6e4d3abe79ca28c521cb14caf78978f033cc0e6ae6608d597ed90992440"
    );
}

#[test]
fn a_restored_gateway_continues_exactly_as_the_one_it_was_taken_of() {
    for seed in 0..10 {
        let (mut driver, mut shop) = history(seed, 80);
        let snapshot = driver.gateway.snapshot();
        let mut restored = Driver::over(Gateway::restore(&snapshot).unwrap());
        restored.now = driver.now;
        assert_eq!(restored.gateway.state_digest(), driver.gateway.state_digest(), "seed {seed}");
        assert_eq!(restored.gateway.snapshot(), snapshot);

        let mut again =
            Shop { entropy: shop.entropy.clone(), ids: shop.ids.clone(), answers: shop.answers.clone() };
        let mut original = Driver::over(driver.gateway.clone());
        original.now = driver.now;
        (0..40).for_each(|_| shop.step(&mut original));
        (0..40).for_each(|_| again.step(&mut restored));
        assert_eq!(restored.transcript(), original.transcript(), "seed {seed}");
        assert_eq!(restored.gateway.ground_truth(), original.gateway.ground_truth());
        driver.now = original.now;
    }
}
