//! A hostile world in virtual time: requests and answers get lost, arrive late or twice, the gateway stores server
//! errors, processes die between any two steps. A naive auditor, who knows nothing of the machine, counts charges.
//!
//! Two phases. While faults are on, only safety is checked: never two charges, never "failed" for a charge. Then the
//! world heals, and every intent must come to an end that agrees with the gateway. A failure prints its seed.

use std::collections::BTreeMap;

use tillproof::entropy::Entropy;
use tillproof::payments::{Action, Entry, HttpRequest, Outcome, Permit, Response};

use super::table::{at, load, open, replay_marker, secret};

const MINUTE: u64 = 60_000;

/// The naive second model: what the gateway has in its books.
#[derive(Default)]
struct Gateway {
    charges: u32,
    failures: u32,
    /// Answers by key: status, body.
    stored: BTreeMap<String, (u16, String)>,
}

impl Gateway {
    fn payment(id: &str, state: &str) -> String {
        format!(
            r#"{{"id":"{id}","merchantId":"shop","amount":1000,"currency":"EUR","reference":"order_1","state":"{state}"}}"#
        )
    }

    fn execute(&mut self, key: &str, chaos: &mut Entropy, healed: bool) -> Response {
        if let Some((status, body)) = self.stored.get(key) {
            return Response { status: *status, headers: replay_marker(), body: body.clone().into_bytes() };
        }
        let dice = if healed { 0 } else { chaos.below(100) };
        let (status, body, remember) = match dice {
            // Charged, and yet a server error is what the key will answer for ever.
            90..=93 => {
                self.charges += 1;
                (500, "{}".to_owned(), true)
            }
            94..=96 => (503, "{}".to_owned(), false),
            97 => (429, "{}".to_owned(), false),
            80..=89 => {
                self.failures += 1;
                (201, Self::payment(&format!("pay_f{}", self.failures), "failed"), true)
            }
            _ => {
                self.charges += 1;
                (201, Self::payment(&format!("pay_{}", self.charges), "completed"), true)
            }
        };
        if remember {
            self.stored.insert(key.to_owned(), (status, body.clone()));
        }
        Response { status, headers: Vec::new(), body: body.into_bytes() }
    }

    /// Copies that are still under way when the merchant believes to know the end.
    fn deliver(&mut self, late: &[Late]) {
        for copy in late {
            self.execute(&copy.key, &mut Entropy::from_seed(0), true);
        }
    }

    fn list(&self) -> Response {
        let failed = (1..=self.failures).map(|n| Self::payment(&format!("pay_f{n}"), "failed"));
        let charged = (1..=self.charges).map(|n| Self::payment(&format!("pay_{n}"), "completed"));
        let data: Vec<String> = failed.chain(charged).collect();
        let body = format!(r#"{{"object":"list","data":[{}],"hasMore":false}}"#, data.join(","));
        Response { status: 200, headers: Vec::new(), body: body.into_bytes() }
    }
}

/// A copy of a request that arrives after its sender gave up on it.
struct Late {
    at: u64,
    key: String,
}

struct Outcomes {
    sends: u32,
    settled: bool,
}

fn key_of(request: &HttpRequest) -> String {
    request.headers.iter().find(|(name, _)| *name == "Idempotency-Key").unwrap().1.clone()
}

fn live(seed: u64, crash_percent: u64) -> Outcomes {
    let root = Entropy::from_seed(seed);
    let (mut chaos, mut jitter) = (root.stream("chaos"), root.stream("jitter"));
    let mut gateway = Gateway::default();
    let mut late: Vec<Late> = Vec::new();
    let mut stored: Vec<Entry> = open("native").new_entries().to_vec();
    let (mut now, mut sends, mut told_failed) = (0_u64, 0, 0);
    let faults_until = 2 * 60 * MINUTE;

    for step in 0..5_000 {
        let healed = now >= faults_until;
        late.retain(|copy| {
            let arrived = copy.at <= now;
            if arrived {
                gateway.execute(&copy.key, &mut Entropy::from_seed(0), true);
            }
            !arrived
        });
        // Each round starts from what is stored, as after a crash: memory is never trusted.
        let mut machine = load(&stored).unwrap();
        let mut crashed = || !healed && chaos.below(100) < crash_percent;
        if crashed() {
            now += 1_000;
            continue;
        }
        let action = machine.poll(at(now), "me", Permit::Go);
        stored.extend_from_slice(machine.new_entries());
        if crashed() {
            now += 1_000;
            continue;
        }
        let mut machine = load(&stored).unwrap();
        match action {
            Action::Wait { until } => {
                now = until.unix_ms();
                continue;
            }
            Action::Query { query, .. } => {
                let lost = !healed && chaos.chance_ppm(100_000);
                let answer = gateway.list();
                machine.handle_query(at(now), query, (!lost).then_some(&answer), &mut jitter);
            }
            Action::Send { attempt, request } => {
                sends += 1;
                let key = key_of(&request);
                now += 20;
                match if healed { 100 } else { chaos.below(40) } {
                    0..=4 => machine.handle_failure(at(now), attempt, false, &mut jitter),
                    5..=9 => {
                        gateway.execute(&key, &mut chaos, healed);
                        machine.handle_failure(at(now), attempt, false, &mut jitter);
                    }
                    10..=11 => {
                        late.push(Late { at: now + 1 + chaos.below(2 * MINUTE), key });
                        machine.handle_failure(at(now), attempt, false, &mut jitter);
                    }
                    12 => machine.handle_failure(at(now), attempt, true, &mut jitter),
                    13..=14 => {
                        // Delivered twice by a proxy; the second answer is the one that is seen.
                        gateway.execute(&key, &mut chaos, healed);
                        let answer = gateway.execute(&key, &mut chaos, healed);
                        machine.handle_response(at(now), attempt, &answer, &mut jitter);
                    }
                    _ => {
                        let answer = gateway.execute(&key, &mut chaos, healed);
                        machine.handle_response(at(now), attempt, &answer, &mut jitter);
                    }
                }
            }
            _ => {
                // Closed. A customer whose payment failed tries again, twice at most.
                assert!(gateway.charges <= 1, "seed {seed} step {step}: {} charges", gateway.charges);
                match machine.intent().outcome() {
                    Outcome::Settled => {
                        gateway.deliver(&late);
                        assert_eq!(gateway.charges, 1, "seed {seed}: settled, and charged that often");
                        return Outcomes { sends, settled: true };
                    }
                    Outcome::Failed if told_failed < 2 => {
                        assert_eq!(gateway.charges, 0, "seed {seed} step {step}: a charge was called failed");
                        told_failed += 1;
                        machine.reopen(&secret(), at(now)).unwrap();
                    }
                    Outcome::Failed => {
                        gateway.deliver(&late);
                        assert_eq!(gateway.charges, 0, "seed {seed}: charged, and called failed");
                        return Outcomes { sends, settled: false };
                    }
                    other => {
                        panic!("seed {seed} step {step}: ended as {other:?} in {:?}", machine.intent().state)
                    }
                }
            }
        }
        assert!(gateway.charges <= 1, "seed {seed} step {step}: {} charges", gateway.charges);
        // The process may die between the answer and its storage.
        if healed || chaos.below(100) >= crash_percent {
            stored.extend_from_slice(machine.new_entries());
        }
    }
    panic!("seed {seed}: unresolved after 5000 steps at {now} ms");
}

#[test]
fn no_seed_charges_twice_or_loses_a_payment() {
    for crash_percent in [0, 3, 20] {
        let (mut settled, mut sends) = (0, 0);
        const SEEDS: u64 = 4_000;
        for seed in 0..SEEDS {
            let outcomes = live(seed, crash_percent);
            settled += u64::from(outcomes.settled);
            sends += u64::from(outcomes.sends);
        }
        // The search is hollow unless both ends are reached, and storms would show here.
        assert!(settled > SEEDS / 2 && settled < SEEDS, "{settled} of {SEEDS} settled at {crash_percent} %");
        assert!(sends < SEEDS * 4, "{sends} sends for {SEEDS} intents at {crash_percent} %");
    }
}
