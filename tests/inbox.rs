//! What a user of the inbox engine can observe, through its public door only.
#![cfg(not(target_family = "wasm"))]
#![allow(
    clippy::arithmetic_side_effects,
    clippy::as_conversions,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::unwrap_used,
    reason = "a model is plain arithmetic, and a test that panics has done its work"
)]

#[path = "auditor/deliveries.rs"]
mod deliveries;
#[allow(dead_code, reason = "an inbox has no amounts")]
#[path = "auditor/random.rs"]
mod random;

use std::collections::BTreeMap;

use deliveries::{Expected, Observer, Plain, Rule};
use random::Random;
use tillproof::advice::{Advice, Diagnose as _};
use tillproof::inbox::{
    Arrival, Decision, Error, Ordering, Policy, Position, Run, Slot, Verdict, Write, decide,
};
use tillproof::time::{Millis, Timestamp};

const LEASE_MS: u64 = 50;
const HOLD_MS: u64 = 400;

fn at(ms: u64) -> Timestamp {
    Timestamp::from_unix_ms(ms).unwrap()
}

/// A store in a map, with the one promise of the contract.
#[derive(Default)]
struct Store(BTreeMap<String, (u64, String)>);

impl Store {
    fn read(&self, key: &str) -> (u64, Option<String>) {
        self.0.get(key).map_or((0, None), |(version, value)| (*version, Some(value.clone())))
    }

    fn commit(&mut self, writes: &[Write]) -> bool {
        let fits = writes.iter().all(|write| self.read(&write.key).0 == write.expected);
        if fits {
            for write in writes {
                self.0.insert(write.key.clone(), (write.expected + 1, write.value.clone()));
            }
        }
        fits
    }
}

/// Where a process is with an event.
enum Stage {
    /// It has read and decided; the next step stores what comes first.
    Decided(Run),
    /// The handler runs; the next step stores its end.
    Handling(Run),
}

struct Job {
    event: Plain,
    /// Until when it may work; counted from the decision, not from the moment it was stored.
    until: u64,
    stage: Stage,
}

/// Processes that share a store, and an observer who sees every commit.
struct World {
    store: Store,
    observer: Observer,
    rule: Rule,
    leased: bool,
    now: u64,
    /// When the provider sent an event first.
    sent: BTreeMap<usize, u64>,
    jobs: Vec<Option<Job>>,
    /// How often the effect of an event happened outside of the store.
    outside: BTreeMap<usize, u64>,
    /// The fence of the last owner that began, and that of the last that finished.
    fences: BTreeMap<usize, u64>,
    acknowledged: BTreeMap<usize, &'static str>,
    stale_fences: u64,
}

impl World {
    fn new(rule: Rule, leased: bool, processes: usize) -> Self {
        Self {
            store: Store::default(),
            observer: Observer::default(),
            rule,
            leased,
            now: 1_000,
            sent: BTreeMap::new(),
            jobs: (0..processes).map(|_| None).collect(),
            outside: BTreeMap::new(),
            fences: BTreeMap::new(),
            acknowledged: BTreeMap::new(),
            stale_fences: 0,
        }
    }

    fn decide(&self, event: Plain, release: bool) -> Decision {
        let keys =
            [format!("event/{}", event.id), format!("object/{}", event.object), format!("held/{}", event.id)];
        let read = keys.each_ref().map(|key| self.store.read(key));
        let slot = |index: usize| Slot {
            key: &keys[index],
            version: read[index].0,
            value: read[index].1.as_deref(),
        };
        let policy = match self.rule {
            Rule::None => None,
            Rule::Newest => Some(Policy::Newest),
            Rule::Hold => Some(Policy::Hold),
            Rule::Tell => Some(Policy::Tell),
        };
        let received_at = self.sent[&event.id];
        let order = policy.map(|policy| Ordering {
            policy,
            position: Position::Version(event.place),
            mark: slot(1),
            held: slot(2),
            hold_until: at(received_at + HOLD_MS),
            release,
        });
        let claims = [slot(0)];
        let lease = self.leased.then_some(Millis::new(LEASE_MS));
        let keep = Some(Millis::new(1_000_000));
        let arrival = Arrival {
            now: at(self.now),
            received_at: at(received_at),
            kind: None,
            claims: &claims,
            lease,
            keep,
            order,
        };
        decide(&arrival).unwrap()
    }

    /// An event arrives at an idle process. What is answered must be what the observer expects.
    fn arrive(&mut self, process: usize, event: Plain, release: bool) {
        let sent = *self.sent.entry(event.id).or_insert(self.now);
        // Past its time an event is not held at all, and the observer does not know when it was sent.
        let released = release || self.now >= sent + HOLD_MS;
        let expected = self.observer.expects(event, self.rule, self.now, released);
        let decision = self.decide(event, release);
        let found = match &decision {
            Decision::Duplicate { .. } => Expected::Duplicate,
            Decision::Busy { .. } => Expected::Busy,
            Decision::Held { .. } => Expected::Held,
            Decision::Stale { .. } => Expected::Stale,
            Decision::Hold { .. } => Expected::Hold,
            Decision::Run(_) => Expected::Run,
            other => panic!("{other:?}"),
        };
        assert_eq!(found, expected, "{event:?} at {}", self.now);
        match decision {
            Decision::Duplicate { then } => {
                assert!(self.store.commit(&then));
                self.acknowledged.insert(event.id, "duplicate");
            }
            Decision::Stale { then } => {
                assert!(self.store.commit(&then));
                self.observer.ended(event, false);
                self.acknowledged.insert(event.id, "stale");
            }
            Decision::Hold { until, mut then } => {
                then.last_mut().unwrap().value = "the event".to_owned();
                assert!(self.store.commit(&then));
                self.observer.holds(event, until.unix_ms());
                self.acknowledged.insert(event.id, "held");
            }
            Decision::Held { .. } => {
                self.acknowledged.insert(event.id, "held");
            }
            Decision::Run(run) => {
                self.jobs[process] =
                    Some(Job { event, until: self.now + LEASE_MS, stage: Stage::Decided(run) })
            }
            _ => {}
        }
    }

    /// One step of a process: everything may happen to the others before its next one.
    fn step(&mut self, process: usize, fails: bool) {
        let Some(Job { event, until, stage }) = self.jobs[process].take() else { return };
        match stage {
            Stage::Decided(run) => {
                // Without a lease nothing is stored first, and nobody sees that it began.
                if self.leased {
                    if !self.store.commit(&run.first) {
                        return;
                    }
                    self.observer.began(event, until);
                    let last = self.fences.insert(event.id, run.fence);
                    assert!(last.is_none_or(|last| last < run.fence), "a fence of {event:?} came twice");
                }
                *self.outside.entry(event.id).or_default() += 1;
                self.jobs[process] = Some(Job { event, until, stage: Stage::Handling(run) });
            }
            Stage::Handling(run) if fails => {
                if !run.otherwise.is_empty() && self.store.commit(&run.otherwise) {
                    self.observer.gave_back(event);
                }
            }
            Stage::Handling(run) => {
                if self.store.commit(&run.then) {
                    assert!(
                        !self.leased || self.fences[&event.id] == run.fence,
                        "an old fence finished {event:?}"
                    );
                    self.observer.ended(event, true);
                    self.acknowledged.insert(event.id, "applied");
                } else {
                    self.stale_fences += 1;
                }
            }
        }
    }
}

/// Three processes, thirty events of six objects, each sent until it is acknowledged and sometimes again; processes die
/// between any two steps. Then the weather clears, and everything must end.
fn survives(seed: u64, rule: Rule, leased: bool) -> World {
    let mut random = Random::new(seed);
    let mut world = World::new(rule, leased, 3);
    let events: Vec<Plain> =
        (0..30).map(|id| Plain { id, object: id % 6, place: 1 + (id / 6) as u64 }).collect();
    for _ in 0..1_500 {
        world.now += random.below(12);
        let process = random.below(3) as usize;
        if world.jobs[process].is_none() {
            let event = random.pick(&events);
            world.arrive(process, event, false);
        } else if random.once_in(8) {
            world.jobs[process] = None;
        } else if !random.once_in(3) {
            // A handler may take longer than its lease.
            world.step(process, random.once_in(6));
        }
    }
    for process in 0..3 {
        world.jobs[process] = None;
    }
    world.now += LEASE_MS + HOLD_MS;
    for event in &events {
        // What is held is released in the order of its object, and what never came is sent once more.
        world.arrive(0, *event, true);
        world.step(0, false);
        world.step(0, false);
    }
    for event in &events {
        assert_eq!(
            world.observer.expects(*event, rule, world.now, true),
            Expected::Duplicate,
            "{event:?} has not ended"
        );
    }
    world
}

#[test]
fn every_event_ends_once_whatever_dies_between_two_steps() {
    let mut stale_fences = 0;
    for rule in [Rule::None, Rule::Newest, Rule::Hold, Rule::Tell] {
        for leased in [true, false] {
            for seed in 0..20 {
                let world = survives(seed, rule, leased);
                stale_fences += world.stale_fences;
                for (object, places) in &world.observer.applied {
                    if matches!(rule, Rule::None | Rule::Tell) {
                        assert_eq!(places.len(), 5, "object {object}, seed {seed}: all are applied");
                    } else {
                        assert!(places.is_sorted(), "object {object}, seed {seed}: {places:?} goes back");
                    }
                }
            }
        }
    }
    assert!(stale_fences > 0, "no owner ever came too late, so nothing was shown about fences");
}

#[test]
fn events_that_come_within_the_time_they_are_held_for_are_applied_in_their_order() {
    for seed in 0..200 {
        let mut random = Random::new(seed);
        let mut world = World::new(Rule::Hold, true, 1);
        let mut events: Vec<Plain> = (0..8).map(|id| Plain { id, object: 0, place: 1 + id as u64 }).collect();
        for index in (1..events.len()).rev() {
            events.swap(index, random.below(index as u64 + 1) as usize);
        }
        let mut held = Vec::new();
        for event in events {
            world.now += 1;
            world.arrive(0, event, false);
            if world.jobs[0].is_none() {
                held.push(event);
                continue;
            }
            // The driver looks at what is held whenever something was applied.
            loop {
                world.step(0, false);
                world.step(0, false);
                held.sort_by_key(|event| event.place);
                let Some(next) = held.first().copied() else { break };
                world.arrive(0, next, false);
                if world.jobs[0].is_none() {
                    break;
                }
                held.remove(0);
            }
        }
        assert_eq!(world.observer.applied[&0], (1..=8).collect::<Vec<u64>>(), "seed {seed}");
        assert_eq!(world.outside.values().copied().max(), Some(1), "seed {seed}");
    }
}

fn slot<'a>(key: &'a str, value: &'a str) -> Slot<'a> {
    Slot { key, version: u64::from(!value.is_empty()), value: (!value.is_empty()).then_some(value) }
}

fn arrival<'a>(claims: &'a [Slot<'a>]) -> Arrival<'a> {
    Arrival {
        now: at(1_000),
        received_at: at(900),
        kind: Some("charge.succeeded"),
        claims,
        lease: Some(Millis::new(50)),
        keep: Some(Millis::new(500)),
        order: None,
    }
}

#[test]
fn of_two_claims_the_one_that_says_most_decides() {
    let (applied, stale) = (r#"{"v":2,"state":"applied"}"#, r#"{"v":2,"state":"stale"}"#);
    let old = r#"{"v":1,"type":"x","received_at":1}"#;
    let working = r#"{"v":2,"state":"processing","fence":3,"attempt":2,"until":1001}"#;
    let over = r#"{"v":2,"state":"processing","fence":3,"attempt":2,"until":1000}"#;
    let failed = r#"{"v":2,"state":"failed","fence":7,"attempt":4}"#;
    // by id    by content  answer, and the fence of the next owner
    let table = [
        ("", "", "run 1"),
        (applied, "", "duplicate"),
        ("", applied, "duplicate"),
        (stale, "", "duplicate"),
        (old, "", "duplicate"),
        (working, "", "busy"),
        ("", working, "busy"),
        (working, applied, "duplicate"),
        (over, "", "run 4"),
        (failed, "", "run 8"),
        (failed, over, "run 8"),
        (failed, working, "busy"),
    ];
    for (id, content, expected) in table {
        let claims = [slot("inbox/id", id), slot("inbox/content", content)];
        let found = match decide(&arrival(&claims)).unwrap() {
            Decision::Duplicate { then } => {
                assert_eq!(then, []);
                "duplicate".to_owned()
            }
            Decision::Busy { until } => {
                assert_eq!(until, at(1_001));
                "busy".to_owned()
            }
            Decision::Run(run) => format!("run {}", run.fence),
            other => panic!("{other:?}"),
        };
        assert_eq!(found, expected, "{id} beside {content}");
    }
}

#[test]
fn a_run_says_what_to_store_before_and_after_and_for_how_long() {
    let claims =
        [slot("inbox/id", r#"{"v":2,"state":"failed","fence":1,"attempt":1}"#), slot("inbox/content", "")];
    let Decision::Run(run) = decide(&arrival(&claims)).unwrap() else { panic!("it should run") };
    let shown = |writes: &[Write]| {
        let line = |write: &Write| {
            let expires = write.expires_at.map_or(0, Timestamp::unix_ms);
            format!("{} @{} until {expires}: {}", write.key, write.expected, write.value)
        };
        writes.iter().map(line).collect::<Vec<_>>().join("\n")
    };
    insta::assert_snapshot!(shown(&run.first), @r#"
    inbox/id @1 until 1500: {"v":2,"state":"processing","fence":2,"attempt":2,"until":1050,"type":"charge.succeeded","received_at":900}
    inbox/content @0 until 1500: {"v":2,"state":"processing","fence":2,"attempt":2,"until":1050,"type":"charge.succeeded","received_at":900}
    "#);
    insta::assert_snapshot!(shown(&run.then), @r#"
    inbox/id @2 until 1500: {"v":2,"state":"applied","type":"charge.succeeded","received_at":900}
    inbox/content @1 until 1500: {"v":2,"state":"applied","type":"charge.succeeded","received_at":900}
    "#);
    insta::assert_snapshot!(shown(&run.otherwise), @r#"
    inbox/id @2 until 1500: {"v":2,"state":"failed","fence":2,"attempt":2,"type":"charge.succeeded","received_at":900}
    inbox/content @1 until 1500: {"v":2,"state":"failed","fence":2,"attempt":2,"type":"charge.succeeded","received_at":900}
    "#);
    // One commit with the effect: nothing before it, nothing to take back.
    let Decision::Run(run) = decide(&Arrival { lease: None, keep: None, ..arrival(&claims) }).unwrap() else {
        panic!("it should run")
    };
    assert!(run.first.is_empty() && run.otherwise.is_empty());
    assert!(run.then.iter().all(|write| write.expires_at.is_none()));
    assert_eq!(run.then[0].expected, 1);
}

#[test]
fn two_events_of_one_second_are_both_applied() {
    for policy in [Policy::Newest, Policy::Hold, Policy::Tell] {
        let claims = [slot("inbox/evt_2", "")];
        let order = Ordering {
            policy,
            position: Position::Time(7_000),
            mark: slot("inbox#object/ch_1", r#"{"v":1,"time":7000}"#),
            held: slot("inbox#held/ch_1/7000/evt_2", ""),
            hold_until: at(1_000),
            release: false,
        };
        let decision = decide(&Arrival { order: Some(order), ..arrival(&claims) }).unwrap();
        let Decision::Run(run) = decision else { panic!("{policy:?}: {decision:?}") };
        assert_eq!(run.verdict, Some(Verdict::Same));
    }
}

#[test]
fn every_message_of_an_event_that_cannot_be_decided_says_what_to_do() {
    let strange = [slot("inbox/evt_1", r#"{"v":9}"#)];
    let errors = [decide(&arrival(&[])).unwrap_err(), decide(&arrival(&strange)).unwrap_err()];
    let shown: Vec<String> = errors.iter().map(|e| format!("{}: {e} {:?}", e.code(), e.details())).collect();
    insta::assert_snapshot!(shown.join("\n"), @r#"
    inbox_no_claim: an event came without a key to claim it by: expected one or two []
    inbox_record_unreadable: the record inbox/evt_1 cannot be read (the field `v` holds 9: expected 1 or 2): it was written by a newer version, or by somebody else; the event was neither applied nor forgotten [("key", "inbox/evt_1")]
    "#);
    assert_eq!(errors[0], Error::NoClaim);
    assert_eq!(errors.map(|error| error.advice()), [Advice::ReportBug, Advice::Reconcile]);
}

#[test]
fn an_arrival_crosses_the_border_as_a_document_and_comes_back_as_one() {
    let arrival = r#"{"now":1000,"received_at":900,"type":"charge.succeeded","claims":[{"key":"inbox/evt_1","version":0}],"lease_ms":50}"#;
    let order = |fields: &str| {
        let slot = |key: &str| format!(r#"{{"key":"{key}","version":0}}"#);
        let (mark, held) = (slot("inbox#object/ch_1"), slot("inbox#held/ch_1/7"));
        let order =
            format!(r#""order":{{{fields},"value":7,"mark":{mark},"held":{held},"hold_until":5000}}}}"#);
        arrival.replace(r#","lease_ms":50}"#, &format!(",{order}"))
    };
    let text =
        |document: &str| String::from_utf8(tillproof::wasm::inbox::decide(document.as_bytes())).unwrap();
    insta::assert_snapshot!(text(arrival), @r#"{"ok":{"answer":"run","attempt":1,"fence":1,"first":[{"key":"inbox/evt_1","expected":0,"value":"{\"v\":2,\"state\":\"processing\",\"fence\":1,\"attempt\":1,\"until\":1050,\"type\":\"charge.succeeded\",\"received_at\":900}"}],"then":[{"key":"inbox/evt_1","expected":1,"value":"{\"v\":2,\"state\":\"applied\",\"type\":\"charge.succeeded\",\"received_at\":900}"}],"otherwise":[{"key":"inbox/evt_1","expected":1,"value":"{\"v\":2,\"state\":\"failed\",\"fence\":1,\"attempt\":1,\"type\":\"charge.succeeded\",\"received_at\":900}"}]}}"#);
    insta::assert_snapshot!(text(&order(r#""policy":"hold","by":"version""#)), @r#"{"ok":{"answer":"hold","until":5000,"then":[{"key":"inbox/evt_1","expected":0,"value":"{\"v\":2,\"state\":\"held\",\"until\":5000,\"type\":\"charge.succeeded\",\"received_at\":900}"},{"key":"inbox#held/ch_1/7","expected":0,"value":"","wakeAt":5000}]}}"#);
    let code = |document: &str| {
        let reply = text(document);
        reply.split(r#""code":""#).nth(1).and_then(|rest| rest.split('"').next()).unwrap_or(&reply).to_owned()
    };
    let refused = [
        ("[]".to_owned(), "field_invalid"),
        (arrival.replace("1000", "253402300800000"), "field_invalid"),
        (arrival.replace(r#""version":0"#, r#""version":"0""#), "field_invalid"),
        (arrival.replace("received_at", "recieved_at"), "field_missing"),
        (arrival.replace("lease_ms", "lease"), "field_unknown"),
        (order(r#""policy":"oldest","by":"version""#), "field_invalid"),
        (order(r#""policy":"hold","by":"age""#), "field_invalid"),
        (arrival.replace(r#"{"key":"inbox/evt_1","version":0}"#, ""), "inbox_no_claim"),
    ];
    for (document, expected) in refused {
        assert_eq!(code(&document), expected, "{document}");
    }
}
