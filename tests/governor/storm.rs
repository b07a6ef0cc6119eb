//! Clients that are cut off at once, a provider that is down for minutes and then serves so many at a time.
//!
//! The model of `benches/js/storm.bench.js` at a tenth of its size, so that its figures cannot rot unseen: counts of a
//! seeded run never differ, and what they may be at most stands in the tables.

use std::collections::{BTreeMap, BinaryHeap};

use tillproof::entropy::Entropy;
use tillproof::governor::{Governor, Heard, LaneId, Permit, Purpose, Settings, Ticket, Waiter};
use tillproof::retry::{Decision, Jitter, Policy, decide, delay};
use tillproof::time::{Millis, Timestamp};

/// Where virtual time begins.
const CUT_MS: u64 = 1_000_000;

#[derive(Clone, Copy)]
struct Scene {
    processes: usize,
    payments_each: usize,
    outage_ms: u64,
    /// Requests the provider serves at a time, in 200 ms each.
    places: usize,
    seed: u64,
}

#[derive(Debug, PartialEq, Eq)]
struct Result {
    answered: usize,
    /// Requests for each payment in thousandths, the one that was cut off not counted.
    attempts_per_mille: usize,
    /// Most requests that arrive within any 10 ms.
    peak_10ms: usize,
    p99_ms: u64,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Event {
    /// A payment's own wait is over.
    Ready(usize),
    /// The governor of a process may have somebody to let through.
    Wake(usize),
    Arrive(usize),
    Served,
    Back(usize, u8),
}

#[derive(Clone)]
struct Payment {
    attempt: u32,
    previous: Millis,
    ticket: Option<Ticket>,
    finished_at: Option<u64>,
}

struct Process {
    governor: Governor,
    lane: LaneId,
    entropy: Entropy,
    waiting: BTreeMap<Waiter, usize>,
}

struct World {
    scene: Scene,
    events: BinaryHeap<std::cmp::Reverse<(u64, u64, Event)>>,
    next: u64,
    processes: Vec<Process>,
    payments: Vec<Payment>,
    busy: usize,
    arrivals: Vec<u64>,
}

const ANSWER: u8 = 0;
const FAILURE: u8 = 1;
const SHED: u8 = 2;

fn at(ms: u64) -> Timestamp {
    Timestamp::from_unix_ms(ms).unwrap()
}

impl World {
    fn new(scene: Scene) -> Self {
        let root = Entropy::from_seed(scene.seed);
        let mut settings = Settings::default();
        settings.bulkhead.as_mut().unwrap().waiting = u32::MAX;
        let processes = (0..scene.processes)
            .map(|number| {
                let mut governor = Governor::new(settings).unwrap();
                let lane = governor.add_lane().unwrap();
                let entropy = root.stream(&format!("process {number}"));
                Process { governor, lane, entropy, waiting: BTreeMap::new() }
            })
            .collect();
        let payment = Payment { attempt: 1, previous: Millis::ZERO, ticket: None, finished_at: None };
        let payments = vec![payment; scene.processes * scene.payments_each];
        let (events, arrivals) = (BinaryHeap::new(), Vec::new());
        Self { scene, events, next: 0, processes, payments, busy: 0, arrivals }
    }

    fn schedule(&mut self, time: u64, event: Event) {
        self.next += 1;
        self.events.push(std::cmp::Reverse((time, self.next, event)));
    }

    fn run(mut self) -> Result {
        let mut cut = Entropy::from_seed(self.scene.seed).stream("cut");
        for payment in 0..self.payments.len() {
            let process = &mut self.processes[payment / self.scene.payments_each];
            let (now, deadline) = (at(CUT_MS - 100), at(CUT_MS + 400_000_000));
            let asked = process.governor.permit(
                now,
                process.lane,
                Purpose::FirstSend,
                deadline,
                &mut process.entropy,
            );
            if let Permit::Go { ticket } = asked {
                self.payments[payment].ticket = Some(ticket);
            }
            self.schedule(CUT_MS + cut.below(5), Event::Back(payment, FAILURE));
        }
        while let Some(std::cmp::Reverse((now, _, event))) = self.events.pop() {
            self.handle(now, event);
        }
        self.result()
    }

    fn handle(&mut self, now: u64, event: Event) {
        match event {
            Event::Ready(payment) => {
                let process = &mut self.processes[payment / self.scene.payments_each];
                let deadline = at(CUT_MS + 400_000_000 + u64::from(self.payments[payment].attempt));
                let waiter = process.governor.join(at(now), process.lane, Purpose::Resend, deadline);
                process.waiting.insert(waiter.unwrap(), payment);
                self.admit(now, payment / self.scene.payments_each);
            }
            Event::Wake(process) => self.admit(now, process),
            Event::Arrive(payment) => {
                self.arrivals.push(now);
                if now < CUT_MS + self.scene.outage_ms {
                    self.schedule(now + 10, Event::Back(payment, FAILURE));
                } else if self.busy >= self.scene.places {
                    self.schedule(now + 10, Event::Back(payment, SHED));
                } else {
                    self.busy += 1;
                    self.schedule(now + 200, Event::Served);
                    self.schedule(now + 210, Event::Back(payment, ANSWER));
                }
            }
            Event::Served => self.busy -= 1,
            Event::Back(payment, what) => self.back(now, payment, what),
        }
    }

    fn back(&mut self, now: u64, payment: usize, what: u8) {
        let heard = match what {
            ANSWER => Heard::Answer,
            FAILURE => Heard::Failure,
            _ => Heard::Shed { retry_after: None },
        };
        let number = payment / self.scene.payments_each;
        let process = &mut self.processes[number];
        let of = &mut self.payments[payment];
        // All were under way when they were cut off, also those beyond what the bulkhead would have let through.
        if let Some(ticket) = of.ticket.take() {
            process.governor.report(at(now), process.lane, ticket, heard, &mut process.entropy);
        }
        if heard == Heard::Answer {
            of.finished_at = Some(now - CUT_MS);
        } else {
            of.attempt += 1;
            of.previous = delay(&Policy::default(), of.attempt, of.previous, &mut process.entropy);
            let ready = now + of.previous.get();
            self.schedule(ready, Event::Ready(payment));
        }
        self.admit(now, number);
    }

    fn admit(&mut self, now: u64, number: usize) {
        loop {
            let process = &mut self.processes[number];
            let Some((waiter, ticket)) = process.governor.admit(at(now), process.lane) else { break };
            let payment = process.waiting.remove(&waiter).unwrap();
            self.payments[payment].ticket = Some(ticket);
            self.schedule(now + 10, Event::Arrive(payment));
        }
        let process = &self.processes[number];
        if let Some(next) = process.governor.next_at(at(now), process.lane) {
            self.schedule(next.unix_ms().max(now + 1), Event::Wake(number));
        }
    }

    fn result(self) -> Result {
        let mut finished: Vec<u64> = self.payments.iter().filter_map(|payment| payment.finished_at).collect();
        finished.sort_unstable();
        Result {
            answered: finished.len(),
            attempts_per_mille: self.arrivals.len() * 1_000 / self.payments.len(),
            peak_10ms: peak_within_10ms(self.arrivals),
            p99_ms: finished[finished.len() * 99 / 100],
        }
    }
}

fn peak_within_10ms(mut times: Vec<u64>) -> usize {
    times.sort_unstable();
    (0..times.len())
        .map(|first| times[first..].partition_point(|time| *time < times[first] + 10))
        .max()
        .unwrap()
}

#[test]
fn an_outage_costs_a_quarter_of_an_attempt_for_each_payment() {
    let mut shown = String::new();
    // processes, payments in each, outage in seconds; at most: attempts in thousandths, p99 in ms after the outage
    let table = [
        (100, 100, 10, 1_300, 55_000),
        (100, 100, 60, 1_300, 55_000),
        (100, 100, 300, 1_300, 45_000),
        (10, 1_000, 300, 1_100, 60_000),
    ];
    for (processes, payments_each, outage_s, attempts, p99) in table {
        let scene = Scene { processes, payments_each, outage_ms: outage_s * 1_000, places: 100, seed: 1 };
        let found = World::new(scene).run();
        shown.push_str(&format!("{processes} x {payments_each}, {outage_s} s: {found:?}\n"));
        assert_eq!(found.answered, processes * payments_each, "{shown}");
        assert!(found.attempts_per_mille <= attempts, "{shown}");
        assert!(found.p99_ms <= outage_s * 1_000 + p99, "{shown}");
    }
    insta::assert_snapshot!(shown, @r#"
    100 x 100, 10 s: Result { answered: 10000, attempts_per_mille: 1143, peak_10ms: 54, p99_ms: 47557 }
    100 x 100, 60 s: Result { answered: 10000, attempts_per_mille: 1107, peak_10ms: 54, p99_ms: 105521 }
    100 x 100, 300 s: Result { answered: 10000, attempts_per_mille: 1273, peak_10ms: 54, p99_ms: 331888 }
    10 x 1000, 300 s: Result { answered: 10000, attempts_per_mille: 1024, peak_10ms: 68, p99_ms: 339367 }
    "#);
}

#[test]
fn a_crowd_that_is_cut_off_comes_back_spread_whatever_the_server_told_it() {
    // formula, hint in seconds, most of 100,000 that may come within 10 ms
    let table = [
        (Jitter::Full, None, 1_200),
        (Jitter::Equal, None, 2_400),
        (Jitter::Decorrelated, None, 650),
        (Jitter::DecorrelatedV2, None, 1_300),
        (Jitter::Full, Some(2), 1_100),
        (Jitter::Equal, Some(2), 1_100),
        (Jitter::Decorrelated, Some(2), 650),
        (Jitter::DecorrelatedV2, Some(2), 1_100),
    ];
    for (jitter, hint, most) in table {
        let policy = Policy::default().with_jitter(jitter);
        let mut entropy = Entropy::from_seed(5);
        let hint = hint.map(Millis::from_seconds);
        let times: Vec<u64> = (0..100_000)
            .map(|_| {
                let cut = entropy.below(5);
                let decision = decide(&policy, 2, Millis::ZERO, Millis::ZERO, hint, &mut entropy);
                let Decision::Wait { delay, .. } = decision else { panic!("{decision:?}") };
                assert!(Some(delay) >= hint, "{jitter:?} came before its hint");
                cut + delay.get()
            })
            .collect();
        let peak = peak_within_10ms(times);
        assert!(peak <= most, "{jitter:?} with {hint:?}: {peak}");
    }
}

#[test]
fn a_crowd_that_got_one_hint_comes_back_spread_however_small_the_base() {
    let hint = Millis::from_seconds(2);
    for jitter in Jitter::ALL {
        for base in [1, 50, 400] {
            let policy = Policy::new(Millis::new(base), Millis::from_seconds(30), jitter).unwrap();
            let mut entropy = Entropy::from_seed(base);
            let mut wait = || match decide(&policy, 2, Millis::ZERO, Millis::ZERO, Some(hint), &mut entropy) {
                Decision::Wait { delay, .. } => delay.get(),
                stop @ Decision::Stop { .. } => panic!("{stop:?}"),
            };
            let peak = peak_within_10ms((0..100_000).map(|_| wait()).collect());
            assert!(peak <= 1_100, "{jitter:?} over {base} ms: {peak}");
        }
    }
}
