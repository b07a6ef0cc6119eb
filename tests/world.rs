//! The seeded world through its public door: no seed of any climate breaks an invariant, the search reaches what it is
//! for, and a seed is lived alike everywhere. Longer ranges: docs/torture.md.

#![cfg(feature = "world")]
#![allow(
    clippy::arithmetic_side_effects,
    clippy::indexing_slicing,
    clippy::unwrap_used,
    reason = "a test that finds something unexpected should stop where it is"
)]

use tillproof::crypto::sha256_hex;
use tillproof::payments::Safeguards;
use tillproof::world::{Conditions, Stage, Tally, WAYS, live, lived_twice};

/// Unoptimised, a life takes some milliseconds. `tests/js/torture.test.ts` lives ten thousand and more.
const SEEDS: u64 = 150;

fn stage(world: &str) -> Stage {
    Stage::new(world, Safeguards::default()).unwrap()
}

fn lived(world: &str, seeds: core::ops::Range<u64>) -> Tally {
    let stage = stage(world);
    let mut tally = Tally::default();
    for seed in seeds {
        tally.add(seed, live(&stage, seed, false));
    }
    tally
}

#[test]
fn no_seed_of_any_climate_breaks_an_invariant() {
    for conditions in Conditions::all() {
        let tally = lived(conditions.name, 0..SEEDS);
        let sums = (tally.doubles, tally.losses, tally.unresolved, tally.broken);
        assert_eq!(sums, (0, 0, 0, 0), "in the world {}: {:?}", conditions.name, tally.failures);
    }
}

#[test]
fn a_provider_that_promises_nothing_is_asked_before_every_second_send() {
    let tally = lived("conservative", 0..SEEDS);
    assert_eq!((tally.broken, tally.doubles, tally.losses), (0, 0, 0), "{:?}", tally.failures);
    assert!(tally.sends < 2 * tally.intents, "{} sends for {} intents", tally.sends, tally.intents);
}

#[test]
fn a_doubt_ends_within_two_seconds_or_with_the_second_question_after_the_quarantine() {
    let tally = lived("one-doubt", 0..4 * SEEDS);
    assert_eq!(tally.broken, 0, "{:?}", tally.failures);
    // How it ends, and the longest it may take on average: the same key sent again; a question by reference; two of them
    // after the five minutes of the profile, each with a pause of two seconds at most before it.
    let table = [("response", 2_000), ("query", 300_000), ("absent", 300_000 + 2 * 2_500)];
    for (way, most_ms) in table {
        let at = WAYS.iter().position(|known| *known == way).unwrap();
        let doubts = tally.doubts[at];
        assert!(doubts.count > 50, "only {} doubts ended by {way}", doubts.count);
        let mean_ms = doubts.total_ms / doubts.count;
        assert!(mean_ms < most_ms, "a doubt ended by {way} after {mean_ms} ms on average");
    }
}

#[test]
fn the_search_is_not_hollow() {
    let tally = lived("default", 0..2 * SEEDS);
    assert!(tally.charges > tally.seeds / 2 && tally.charges < 2 * tally.seeds, "{} charges", tally.charges);
    assert!(tally.sends > tally.intents, "nothing is ever sent twice");
    let customers = lived("customers", 0..SEEDS);
    assert!(customers.reversed > 0, "nothing is ever given back");
    for (way, doubts) in WAYS.iter().zip(tally.doubts) {
        assert!(doubts.count > 0, "no doubt ever ends by {way}");
    }
}

#[test]
fn seeds_that_once_broke_an_invariant_break_none() {
    for line in include_str!("seeds/found.txt").lines() {
        let words: Vec<&str> = line.splitn(3, ' ').collect();
        let life = live(&stage(words[0]), words[1].parse().unwrap(), false);
        assert_eq!(life.broken, None, "again: {}", words[2]);
    }
}

#[test]
fn the_decisions_of_the_published_seeds_have_the_published_sum() {
    let stage = stage("default");
    let text: String = (0..40).map(|seed| live(&stage, seed, true).trace.unwrap()).collect();
    assert_eq!(sha256_hex(text.as_bytes()), include_str!("seeds/trace.sha256").trim());
}

#[test]
fn a_life_is_lived_alike_a_second_time() {
    let stage = stage("crash-20");
    for seed in 0..50 {
        assert_eq!(lived_twice(&stage, seed), None, "seed {seed}");
    }
}
