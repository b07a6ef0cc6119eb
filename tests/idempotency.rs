//! What a user of the engine of idempotent endpoints can observe, through its public door only.
#![cfg(not(target_family = "wasm"))]
#![allow(
    clippy::arithmetic_side_effects,
    clippy::as_conversions,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::unwrap_used,
    reason = "a model is plain arithmetic, and a test that panics has done its work"
)]

#[path = "auditor/answers.rs"]
mod answers;
#[allow(dead_code, reason = "an endpoint has no amounts")]
#[path = "auditor/random.rs"]
mod random;

use std::collections::BTreeMap;

use answers::{Clerk, Expected};
use proptest::prelude::*;
use random::Random;
use tillproof::advice::Diagnose as _;
use tillproof::idempotency::{
    Arrival, Cause, Claim, Decision, Ending, Error, Policy, Run, Slot, Terms, Write, decide, take, unfinished,
};
use tillproof::time::{Millis, Timestamp};

const LEASE_MS: u64 = 50;
const KEEP_MS: u64 = 2_000;
const LOOK_MS: u64 = 30;
const HOUR_MS: u64 = 3_600_000;

fn at(ms: u64) -> Timestamp {
    Timestamp::from_unix_ms(ms).unwrap()
}

const fn terms(policy: Policy) -> Terms {
    Terms { policy, lease: Some(Millis::new(LEASE_MS)), keep: Millis::new(KEEP_MS) }
}

/// A store in a map, with the one promise of the contract. It drops what has expired, as stores do.
#[derive(Default)]
struct Store(BTreeMap<String, Write>);

impl Store {
    fn version(&self, key: &str) -> u64 {
        self.0.get(key).map_or(0, |write| write.expected + 1)
    }

    fn commit(&mut self, write: &Write) -> bool {
        let fits = self.version(&write.key) == write.expected;
        if fits {
            self.0.insert(write.key.clone(), write.clone());
        }
        fits
    }

    fn purge(&mut self, now: u64) {
        self.0.retain(|_, write| write.expires_at.is_none_or(|moment| moment > at(now)));
    }

    fn decide(&self, key: &str, fingerprint: &str, now: u64, terms: Terms) -> Result<Decision, Error> {
        let record = self.0.get(key);
        let slot = Slot { key, version: self.version(key), value: record.map(|write| write.value.as_str()) };
        decide(&Arrival { now: at(now), slot, fingerprint, operation: "order", owner: "a", terms })
    }
}

/// Where a process is with a request.
enum Stage {
    /// It has read and decided; the next step stores the claim.
    Decided(Box<Run>),
    /// The handler runs; steps prolong the lease or store the end.
    Handling(Claim),
}

struct Job {
    key: String,
    fingerprint: String,
    stage: Stage,
}

struct World {
    store: Store,
    clerk: Clerk,
    policy: Policy,
    now: u64,
    jobs: Vec<Option<Job>>,
    fences: BTreeMap<String, u64>,
    refused_finishes: u64,
}

impl World {
    fn new(policy: Policy) -> Self {
        Self {
            store: Store::default(),
            clerk: Clerk::new(policy == Policy::Hold, policy == Policy::Repeat, KEEP_MS),
            policy,
            now: 1_000,
            jobs: (0..3).map(|_| None).collect(),
            fences: BTreeMap::new(),
            refused_finishes: 0,
        }
    }

    /// A request arrives at an idle process. What is decided must be what the clerk expects.
    fn arrive(&mut self, process: usize, key: &str, fingerprint: &str) {
        let decision = self.store.decide(key, fingerprint, self.now, terms(self.policy)).unwrap();
        let found = match &decision {
            Decision::Execute(run) | Decision::Recover(run) => {
                let recovers = matches!(decision, Decision::Recover(_));
                assert_eq!(recovers, run.cause != Cause::Free && self.policy == Policy::Recover);
                match run.cause {
                    Cause::Free => Expected::RunFresh,
                    Cause::Uncertain => Expected::RunUncertain,
                    Cause::Refresh => Expected::RunRefresh,
                }
            }
            Decision::Replay { .. } => Expected::Replay,
            Decision::Pending { .. } => Expected::Pending,
            Decision::Mismatch => Expected::Mismatch,
            Decision::InFlight { .. } => Expected::InFlight,
            Decision::Unresolved => Expected::Unresolved,
            other => panic!("{other:?}"),
        };
        assert_eq!(
            found,
            self.clerk.expects(key, fingerprint, self.now),
            "{key} {fingerprint} at {}",
            self.now
        );
        if let Decision::Execute(run) | Decision::Recover(run) = decision {
            let stage = Stage::Decided(Box::new(run));
            self.jobs[process] =
                Some(Job { key: key.to_owned(), fingerprint: fingerprint.to_owned(), stage });
        }
    }

    /// One step of a process: everything may happen to the others before its next one.
    fn step(&mut self, process: usize, ending: Option<Ending>) {
        let Some(Job { key, fingerprint, stage }) = self.jobs[process].take() else { return };
        let stage = match stage {
            Stage::Decided(run) => {
                // Decided long ago: the lease counts from then, and may be over already. Somebody else may have the key.
                if !self.store.commit(&run.first) {
                    return;
                }
                let last = self.fences.insert(key.clone(), run.claim.fence());
                assert!(last.is_none_or(|last| last < run.claim.fence()), "a fence of {key} came twice");
                let until = run.first.wake_at.unwrap().unix_ms();
                self.clerk.claimed(&key, &fingerprint, until, self.now);
                Stage::Handling(run.claim)
            }
            Stage::Handling(claim) => {
                let Some(ending) = ending else {
                    let (renewed, write) = claim.renew(at(self.now), &terms(self.policy));
                    if self.store.commit(&write) {
                        self.clerk.prolonged(&key, self.now + LEASE_MS, self.now);
                        let stage = Stage::Handling(renewed);
                        self.jobs[process] = Some(Job { key, fingerprint, stage });
                    }
                    return;
                };
                let finish = claim.finish(ending, at(self.now), &terms(self.policy));
                if self.store.commit(&finish.write) {
                    assert_eq!(self.fences[&key], claim.fence(), "an old fence finished {key}");
                    match ending {
                        Ending::Answered => self.clerk.answered(&key, self.now),
                        Ending::Pending { look_in } => {
                            self.clerk.pending(&key, self.now + look_in.get(), self.now)
                        }
                        Ending::Released => self.clerk.released(&key),
                        Ending::Uncertain => self.clerk.failed(&key, self.now),
                    }
                } else {
                    self.refused_finishes += 1;
                }
                return;
            }
        };
        self.jobs[process] = Some(Job { key, fingerprint, stage });
    }

    fn purge(&mut self) {
        self.store.purge(self.now);
        self.clerk.purge(self.now);
        // A record that was dropped begins again, its fences with it; the clerk has forgotten it too.
        self.fences.retain(|key, _| self.store.0.contains_key(key));
    }
}

/// Three processes and four keys, each under two requests; processes die, sleep beyond their leases and fail. Then the
/// weather clears, and no key may be blocked.
fn survives(seed: u64, policy: Policy) -> World {
    let mut random = Random::new(seed);
    let mut world = World::new(policy);
    let endings = [
        Ending::Answered,
        Ending::Answered,
        Ending::Pending { look_in: Millis::new(LOOK_MS) },
        Ending::Released,
        Ending::Uncertain,
    ];
    for _ in 0..2_000 {
        world.now += random.below(12);
        let process = random.below(3) as usize;
        if world.jobs[process].is_none() {
            let key = format!("key/{}", random.below(4));
            world.arrive(process, &key, if random.once_in(4) { "other" } else { "usual" });
        } else if random.once_in(8) {
            world.jobs[process] = None;
        } else if !random.once_in(3) {
            let ends = random.once_in(2);
            let ending = random.pick(&endings);
            world.step(process, ends.then_some(ending));
        }
        if random.once_in(60) {
            // Who sleeps for an hour between reading and writing is dead: stores begin to forget.
            world.jobs.fill_with(|| None);
            world.now += HOUR_MS + 2 * KEEP_MS;
            world.purge();
        }
    }
    for job in &mut world.jobs {
        *job = None;
    }
    world.now += LEASE_MS + LOOK_MS;
    for key in 0..4 {
        let key = format!("key/{key}");
        for fingerprint in ["usual", "other"] {
            world.arrive(0, &key, fingerprint);
            world.step(0, None);
            world.step(0, Some(Ending::Answered));
            let expected = world.clerk.expects(&key, fingerprint, world.now);
            let blocked = matches!(expected, Expected::InFlight | Expected::RunFresh);
            assert!(!blocked, "{key} {fingerprint} is {expected:?} with everybody gone, seed {seed}");
        }
    }
    world
}

#[test]
fn every_key_is_answered_alike_whatever_dies_or_sleeps_between_two_steps() {
    for policy in [Policy::Repeat, Policy::Recover, Policy::Hold] {
        let mut refused = 0;
        for seed in 0..60 {
            refused += survives(seed, policy).refused_finishes;
        }
        assert!(
            refused > 0 || policy == Policy::Hold,
            "no owner ever came too late, so nothing was shown about fences"
        );
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn the_engine_and_a_naive_clerk_agree(seed: u64, policy in 0_usize..3) {
        survives(seed, [Policy::Repeat, Policy::Recover, Policy::Hold][policy]);
    }
}

fn record(state: &str) -> String {
    format!(
        r#"{{"v":1,"state":{state},"fingerprint":"usual","operation":"order","owner":"z","since":5,"fence":3,"attempt":2}}"#
    )
}

fn decided(record: &str, fingerprint: &str, policy: Policy) -> String {
    let slot = Slot { key: "key", version: 7, value: Some(record) };
    let arrival =
        Arrival { now: at(1_000), slot, fingerprint, operation: "order", owner: "a", terms: terms(policy) };
    match decide(&arrival).unwrap() {
        Decision::Execute(run) => {
            format!("execute {} {} {}", run.cause.name(), run.claim.fence(), run.claim.attempt())
        }
        Decision::Recover(run) => {
            format!("recover {} {} {}", run.cause.name(), run.claim.fence(), run.claim.attempt())
        }
        Decision::Pending { retry_after } => format!("pending {retry_after}"),
        Decision::InFlight { until } => format!("in flight {}", until.unix_ms()),
        Decision::Replay { expires_at } => format!("replay {}", expires_at.unix_ms()),
        other => format!("{other:?}"),
    }
}

#[test]
fn each_state_has_one_answer_for_each_policy() {
    use Policy::{Hold, Recover, Repeat};
    // state, the same request or another, policy, decision
    let table = [
        (r#""answered","expires_at":1001"#, true, Hold, "replay 1001"),
        (r#""answered","expires_at":1001"#, false, Repeat, "Mismatch"),
        (r#""answered","expires_at":1000"#, true, Hold, "execute free 4 1"),
        (r#""answered","expires_at":1000"#, false, Recover, "execute free 4 1"),
        (r#""released""#, true, Hold, "execute free 4 3"),
        (r#""released""#, false, Recover, "execute free 4 3"),
        (r#""working","until":1001"#, true, Repeat, "in flight 1001"),
        (r#""working","until":1001"#, false, Repeat, "Mismatch"),
        (r#""working","until":1000"#, true, Repeat, "execute uncertain 4 3"),
        (r#""working","until":1000"#, true, Recover, "recover uncertain 4 3"),
        (r#""working","until":1000"#, true, Hold, "Unresolved"),
        (r#""working","until":1000"#, false, Hold, "Mismatch"),
        (r#""working","until":1001,"refreshes":true"#, true, Repeat, "pending 1"),
        (r#""working","until":1000,"refreshes":true"#, true, Repeat, "execute refresh 4 3"),
        (r#""working","until":1000,"refreshes":true"#, true, Hold, "pending 1"),
        (r#""uncertain""#, true, Repeat, "execute uncertain 4 3"),
        (r#""uncertain""#, true, Recover, "recover uncertain 4 3"),
        (r#""uncertain""#, true, Hold, "Unresolved"),
        (r#""uncertain""#, false, Repeat, "Mismatch"),
        (r#""pending","look_at":3001"#, true, Repeat, "pending 3"),
        (r#""pending","look_at":1001"#, true, Repeat, "pending 1"),
        (r#""pending","look_at":1000"#, true, Repeat, "execute refresh 4 3"),
        (r#""pending","look_at":1000"#, true, Recover, "recover refresh 4 3"),
        (r#""pending","look_at":1000"#, true, Hold, "pending 1"),
        (r#""pending","look_at":1000"#, false, Hold, "Mismatch"),
    ];
    for (state, same, policy, expected) in table {
        let fingerprint = if same { "usual" } else { "other" };
        assert_eq!(
            decided(&record(state), fingerprint, policy),
            expected,
            "{state} {fingerprint} {policy:?}"
        );
    }
}

#[test]
fn a_status_says_how_a_handler_ended() {
    let table = [
        (100, "none"),
        (199, "none"),
        (200, "answered"),
        (201, "answered"),
        (303, "answered"),
        (400, "answered"),
        (401, "released"),
        (402, "answered"),
        (408, "released"),
        (409, "answered"),
        (422, "answered"),
        (425, "released"),
        (429, "released"),
        (499, "answered"),
        (500, "uncertain"),
        (503, "uncertain"),
        (599, "uncertain"),
        (600, "none"),
    ];
    for (status, expected) in table {
        assert_eq!(Ending::of_status(status).map_or("none", Ending::name), expected, "{status}");
    }
}

#[test]
fn what_is_unfinished_is_dropped_only_where_doing_it_again_is_harmless() {
    for (policy, unfinished_until) in
        [(Policy::Repeat, Some(HOUR_MS + 3_050)), (Policy::Recover, None), (Policy::Hold, None)]
    {
        let Decision::Execute(run) = Store::default().decide("key", "usual", 1_000, terms(policy)).unwrap()
        else {
            panic!("a free key is executed")
        };
        let until =
            |write: &Write| (write.expires_at.map(Timestamp::unix_ms), write.wake_at.map(Timestamp::unix_ms));
        assert_eq!(until(&run.first), (unfinished_until, Some(1_050)));
        let end = |ending| until(&run.claim.finish(ending, at(1_000), &terms(policy)).write);
        assert_eq!(end(Ending::Answered), (Some(HOUR_MS + 3_000), None));
        assert_eq!(end(Ending::Released), (Some(HOUR_MS + 1_000), None));
        assert_eq!(end(Ending::Uncertain), (unfinished_until, Some(1_000)));
        assert_eq!(end(Ending::Pending { look_in: Millis::new(30) }), (unfinished_until, Some(1_030)));
    }
}

#[test]
fn a_look_for_news_that_fails_leaves_the_answer_as_it_was() {
    let slot = Slot { key: "key", version: 7, value: Some(&record(r#""pending","look_at":1000"#)) };
    let arrival = Arrival {
        now: at(1_000),
        slot,
        fingerprint: "usual",
        operation: "order",
        owner: "a",
        terms: terms(Policy::Repeat),
    };
    let Decision::Execute(run) = decide(&arrival).unwrap() else { panic!("it should look") };
    assert!(run.keeps_answer);
    let failed = run.claim.finish(Ending::Uncertain, at(1_010), &terms(Policy::Repeat));
    assert!(failed.keeps_answer);
    assert_eq!(decided(&failed.write.value, "usual", Policy::Hold), "pending 1");
    let found = run.claim.finish(Ending::Answered, at(1_010), &terms(Policy::Repeat));
    assert!(!found.keeps_answer);
}

#[test]
fn a_person_takes_what_is_open_and_nothing_else() {
    let table = [
        (r#""answered","expires_at":1001"#, false, None),
        (r#""released""#, false, None),
        (r#""working","until":1001"#, false, Some("working")),
        (r#""working","until":1000"#, true, Some("working")),
        (r#""uncertain""#, true, Some("uncertain")),
        (r#""pending","look_at":5000"#, true, Some("pending")),
    ];
    for (state, taken, shown) in table {
        let text = record(state);
        let slot = Slot { key: "key", version: 7, value: Some(&text) };
        assert_eq!(take(at(1_000), slot, "a", terms(Policy::Hold)).unwrap().is_some(), taken, "{state}");
        assert_eq!(unfinished(slot).unwrap().map(|open| open.state), shown, "{state}");
    }
    let nothing = Slot { key: "key", version: 0, value: None };
    assert_eq!(take(at(1_000), nothing, "a", terms(Policy::Hold)), Ok(None));
    assert_eq!(unfinished(nothing), Ok(None));
}

#[test]
fn a_record_of_another_version_stops_its_key() {
    let slot = Slot { key: "idempotency/shop/a", version: 7, value: Some(r#"{"v":2}"#) };
    let arrival = Arrival {
        now: at(1_000),
        slot,
        fingerprint: "usual",
        operation: "order",
        owner: "a",
        terms: terms(Policy::Repeat),
    };
    let error = decide(&arrival).unwrap_err();
    assert_eq!((error.code(), error.is_of_request()), ("idempotency_record_unreadable", false));
}
