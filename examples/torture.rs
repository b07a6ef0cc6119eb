//! The seeded world natively, for those who work on it: `cargo run --profile torture --features mutants --example torture
//! -- PROFILE FROM TO [SAFEGUARD]`. With FROM equal to TO it tells every decision of that seed.

#![allow(
    clippy::arithmetic_side_effects,
    clippy::disallowed_methods,
    clippy::unwrap_used,
    reason = "a tool for developers stops where it is, and may look at a clock"
)]

use std::time::Instant;

use tillproof::payments::Safeguards;
use tillproof::world::{Stage, Tally, WAYS, live};

fn main() {
    let args: Vec<String> = std::env::args().skip(1).collect();
    let number = |at: usize, default: u64| args.get(at).map_or(default, |text| text.parse().unwrap());
    let (from, to) = (number(1, 0), number(2, 10_000));
    let stage = Stage::new(args.first().map_or("default", String::as_str), safeguards(args.get(3))).unwrap();
    if from == to {
        let mut life = live(&stage, from, true);
        println!("{}", life.trace.take().unwrap());
        println!("{life:?}");
        return;
    }
    let begun = Instant::now();
    let mut tally = Tally::default();
    for seed in from..to {
        tally.add(seed, live(&stage, seed, false));
    }
    let each = begun.elapsed() / u32::try_from(to - from).unwrap();
    let Tally { seeds, intents, charges, doubles, losses, unresolved, reversed, sends, events, .. } = tally;
    println!(
        "{seeds} seeds, {intents} intents, {charges} charges, {sends} sends, {events} events, {each:?} a seed"
    );
    println!(
        "{doubles} doubles, {losses} losses, {unresolved} unresolved, {reversed} reversed, {} broken",
        tally.broken
    );
    for (way, doubts) in WAYS.iter().zip(tally.doubts) {
        let mean = doubts.total_ms.checked_div(doubts.count).unwrap_or(0);
        println!("{way}: {} doubts, {mean} ms on average", doubts.count);
    }
    for failure in &tally.failures {
        let broken = &failure.broken;
        println!(
            "seed {} broke {} after {} ms: {}",
            failure.seed, broken.invariant, broken.at_ms, broken.seen
        );
    }
}

#[cfg(feature = "mutants")]
fn safeguards(without: Option<&String>) -> Safeguards {
    use tillproof::payments::Safeguard;

    without.map_or_else(Safeguards::default, |name| Safeguards::without(Safeguard::from_name(name).unwrap()))
}

#[cfg(not(feature = "mutants"))]
fn safeguards(_: Option<&String>) -> Safeguards {
    Safeguards::default()
}
