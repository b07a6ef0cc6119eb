//! The seeded world natively: `cargo run --profile torture --example torture -- PROFILE FROM TO [RULE]`.

use tillproof::payments::Safeguards;
use tillproof::world::{Stage, Tally, WAYS, live};

fn main() {
    let args: Vec<String> = std::env::args().skip(1).collect();
    let arg = |at: usize, default: &str| args.get(at).cloned().unwrap_or_else(|| default.to_owned());
    let (from, to) = (arg(1, "0").parse::<u64>().unwrap(), arg(2, "10000").parse::<u64>().unwrap());
    #[cfg(feature = "mutants")]
    let rules = args
        .get(3)
        .and_then(|name| tillproof::payments::Safeguard::from_name(name))
        .map_or(Safeguards::default(), Safeguards::without);
    #[cfg(not(feature = "mutants"))]
    let rules = Safeguards::default();
    let stage = Stage::new(&arg(0, "default"), rules).unwrap();
    if to == from {
        println!("{}", live(&stage, from, true).trace.unwrap());
        println!("{:?}", live(&stage, from, false));
        return;
    }
    let begun = std::time::Instant::now();
    let mut tally = Tally::default();
    for seed in from..to {
        tally.add(seed, live(&stage, seed, false));
    }
    let took = begun.elapsed();
    println!(
        "{} seeds, {} intents, {} charges, {} doubles, {} losses, {} unresolved, {} reversed, {} sends, {} broken, {:?} a seed",
        tally.seeds,
        tally.intents,
        tally.charges,
        tally.doubles,
        tally.losses,
        tally.unresolved,
        tally.reversed,
        tally.sends,
        tally.broken,
        took / u32::try_from(to - from).unwrap()
    );
    for (way, doubts) in WAYS.iter().zip(tally.doubts) {
        println!(
            "{way}: {} doubts, mean {} ms",
            doubts.count,
            doubts.total_ms.checked_div(doubts.count).unwrap_or(0)
        );
    }
    let mut kinds = std::collections::BTreeMap::new();
    for failure in &tally.failures {
        *kinds.entry(failure.broken.invariant).or_insert(0) += 1;
        println!(
            "seed {}: {} {} at {} ms",
            failure.seed, failure.broken.invariant, failure.broken.seen, failure.broken.at_ms
        );
    }
    println!("{kinds:?}");
}
