//! Deduplication against a model that is too simple to be wrong, and by its rules.

#![cfg(all(feature = "dedup", not(target_family = "wasm")))]
#![allow(
    clippy::arithmetic_side_effects,
    clippy::unwrap_used,
    reason = "an overflow or a panic here is a failed test"
)]

use std::collections::BTreeMap;

use proptest::prelude::*;
use tillproof::advice::Diagnose;
use tillproof::dedup::{CAPACITY_MAX, Claim, Dedup, Error, Limits};
use tillproof::time::{Millis, Timestamp};

const KEY: [u8; 16] = [7; 16];

fn dedup(capacity: u32, ttl_ms: u64) -> Dedup {
    Dedup::new(Limits { capacity, ttl: Millis::new(ttl_ms) }, KEY).unwrap()
}

fn at(ms: u64) -> Timestamp {
    Timestamp::from_unix_ms(ms).unwrap()
}

/// The same rules by a map: who was claimed as the how-manieth, and until which second.
struct Model {
    capacity: u64,
    ttl_ms: u64,
    claimed: u64,
    held: BTreeMap<String, (u64, u64)>,
    evicted_early: u64,
}

impl Model {
    fn claim(&mut self, id: &str, now_ms: u64) -> Claim {
        if self.held.get(id).is_some_and(|(_, until)| now_ms / 1_000 < *until) {
            return Claim::Duplicate;
        }
        self.held.remove(id);
        let capacity = self.capacity;
        let claimed = self.claimed;
        self.held.retain(|_, (number, until)| {
            let stays = *number + capacity > claimed;
            self.evicted_early += u64::from(!stays && now_ms / 1_000 < *until);
            stays
        });
        self.held.insert(id.to_owned(), (claimed, (now_ms + self.ttl_ms).div_ceil(1_000)));
        self.claimed += 1;
        Claim::First
    }
}

#[derive(Clone, Debug)]
enum Step {
    Claim(u16),
    Forget(u16),
    Wait(u64),
    Back(u64),
}

fn steps() -> impl Strategy<Value = Vec<Step>> {
    let id = || prop_oneof![0..6_u16, 0..80_u16, any::<u16>()];
    prop::collection::vec(
        prop_oneof![
            12 => id().prop_map(Step::Claim),
            2 => id().prop_map(Step::Forget),
            2 => (0..4_000_u64).prop_map(Step::Wait),
            1 => (0..40_000_u64).prop_map(Step::Wait),
            1 => (0..4_000_u64).prop_map(Step::Back),
        ],
        1..600,
    )
}

proptest! {
    #[test]
    fn the_ring_answers_like_a_map_that_forgets_the_oldest(
        capacity in prop_oneof![1..4_u32, 1..40_u32, 100..200_u32],
        ttl_ms in prop_oneof![1..3_000_u64, Just(30_000)],
        steps in steps(),
    ) {
        let mut ring = dedup(capacity, ttl_ms);
        let mut model =
            Model { capacity: capacity.into(), ttl_ms, claimed: 0, held: BTreeMap::new(), evicted_early: 0 };
        let mut now = 1_770_000_000_000;
        for step in steps {
            match step {
                Step::Claim(number) => {
                    let id = format!("evt_{number}");
                    prop_assert_eq!(ring.claim(id.as_bytes(), at(now)).unwrap(), model.claim(&id, now));
                }
                Step::Forget(number) => {
                    let id = format!("evt_{number}");
                    prop_assert_eq!(ring.forget(id.as_bytes()), model.held.remove(&id).is_some());
                }
                Step::Wait(ms) => now += ms,
                Step::Back(ms) => now -= ms,
            }
            prop_assert_eq!(ring.len(), model.held.len());
            prop_assert_eq!(ring.is_empty(), model.held.is_empty());
            prop_assert_eq!(ring.evicted_early(), model.evicted_early);
        }
    }
}

#[test]
fn a_hundred_thousand_ids_are_told_apart_and_found_again_while_ten_thousand_fit() {
    let capacity = 10_000;
    let mut ring = dedup(capacity, 60_000);
    for number in 0..100_000_u32 {
        let id = format!("evt_1OqJf2CZ6qsJgndJ{number:08}");
        assert_eq!(ring.claim(id.as_bytes(), at(0)).unwrap(), Claim::First, "{id}");
        assert_eq!(ring.claim(id.as_bytes(), at(0)).unwrap(), Claim::Duplicate, "{id}");
        let oldest = format!("evt_1OqJf2CZ6qsJgndJ{:08}", number.saturating_sub(capacity - 1));
        assert_eq!(ring.claim(oldest.as_bytes(), at(0)).unwrap(), Claim::Duplicate, "{oldest}");
    }
    assert_eq!((ring.len(), ring.evicted_early()), (10_000, 90_000));
}

#[test]
fn a_claim_that_was_given_back_is_the_first_again_and_counts_once() {
    let mut ring = dedup(3, 60_000);
    for id in ["a", "b"] {
        assert_eq!(ring.claim(id.as_bytes(), at(0)).unwrap(), Claim::First);
    }
    assert!(ring.forget(b"a"));
    assert!(!ring.forget(b"a"));
    assert!(!ring.forget(b""));
    assert_eq!(ring.claim(b"a", at(0)).unwrap(), Claim::First);
    // The place of the first `a` is the oldest; who takes it forgets nobody.
    assert_eq!(ring.claim(b"c", at(0)).unwrap(), Claim::First);
    assert_eq!((ring.len(), ring.evicted_early()), (3, 0));
    assert_eq!(ring.claim(b"d", at(0)).unwrap(), Claim::First);
    assert_eq!((ring.len(), ring.evicted_early()), (3, 1));
    assert_eq!(ring.claim(b"b", at(0)).unwrap(), Claim::First);
}

#[test]
fn two_keys_do_not_agree_on_where_ids_stand_but_on_which_are_new() {
    let limits = Limits { capacity: 50, ttl: Millis::new(1_000) };
    let mut rings = [[1; 16], [2; 16]].map(|key| Dedup::new(limits, key).unwrap());
    for number in 0..200_u32 {
        let id = (number % 60).to_string();
        let [a, b] = rings.each_mut().map(|ring| ring.claim(id.as_bytes(), at(0)).unwrap());
        assert_eq!(a, b, "{number}");
    }
}

#[test]
fn when_several_rules_are_broken_the_first_is_reported() {
    let refused = |capacity, ttl_ms| {
        Dedup::new(Limits { capacity, ttl: Millis::new(ttl_ms) }, KEY)
            .map(|_| ())
            .map_err(|error| error.code())
    };
    assert_eq!(refused(0, 0), Err("dedup_capacity"));
    assert_eq!(refused(CAPACITY_MAX + 1, 0), Err("dedup_capacity"));
    assert_eq!(refused(CAPACITY_MAX, 0), Err("dedup_ttl_zero"));
    assert_eq!(refused(1, 1), Ok(()));
    assert_eq!(dedup(1, 1).claim(b"", at(0)), Err(Error::EmptyId));
}

#[test]
fn neither_key_nor_ids_are_printed() {
    let mut ring = dedup(5, 1_000);
    ring.claim(b"evt_secret", at(0)).unwrap();
    assert_eq!(
        format!("{ring:?}"),
        "Dedup { limits: Limits { capacity: 5, ttl: Millis(1000) }, len: 1, .. }"
    );
}
