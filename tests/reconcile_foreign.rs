//! Files that another generator made: columns in any order and in either unit, and several classes on one payment.
#![cfg(not(target_family = "wasm"))]
#![allow(
    clippy::arithmetic_side_effects,
    clippy::as_conversions,
    clippy::indexing_slicing,
    clippy::unwrap_used,
    reason = "a model is plain arithmetic, and a test that panics has done its work"
)]

#[path = "foreign/files.rs"]
mod files;
#[path = "auditor/random.rs"]
#[allow(dead_code, reason = "shared with other models")]
mod random;
#[path = "foreign/shop.rs"]
mod shop;

use std::collections::BTreeSet;

use random::Random;
use shop::{Shop, Verdict};
use tillproof::calendar::parse_rfc3339;
use tillproof::reconcile::{Options, Source, Sources, run};

/// The seeds of a test: as many as it says, or as many as `RECONCILE_SEEDS` says (`200`).
fn seeds(usual: u64) -> core::ops::Range<u64> {
    0..std::env::var("RECONCILE_SEEDS").map_or(usual, |text| text.parse().unwrap())
}

fn verdicts(shop: &Shop, random: &mut Random, has_bank: bool) -> BTreeSet<Verdict> {
    let ledger = files::rows(random, &shop.ledger);
    let settlement = files::rows(random, &shop.settlement);
    let bank = files::entries(random, &shop.bank);
    let bank = [Source { name: "bank.csv", data: bank.as_bytes() }];
    let sources = Sources {
        ledger: &[Source { name: "books.csv", data: ledger.as_bytes() }],
        settlement: &[Source { name: "provider.csv", data: settlement.as_bytes() }],
        bank: if has_bank { &bank } else { &[] },
        ..Sources::default()
    };
    let as_of = Some(parse_rfc3339("2026-05-01T00:00:00Z").unwrap());
    let report = run(&sources, Options { as_of, ..Options::default() }).unwrap();
    assert!(report.in_flight.is_empty());
    report
        .breaks
        .into_iter()
        .map(|found| {
            (found.reference, found.kind.name(), found.secondary.iter().map(|kind| kind.name()).collect())
        })
        .collect()
}

#[test]
fn what_was_done_to_foreign_files_is_found_named_and_nothing_else() {
    let (mut wrong, mut seen) = (Vec::new(), BTreeSet::new());
    for seed in seeds(40) {
        let mut random = Random::new(seed);
        let shop = Shop::open(&mut random, 1 + seed % 4);
        let has_bank = !seed.is_multiple_of(3);
        let found = verdicts(&shop, &mut random, has_bank);
        let of_bank = ["bank_charge", "missing_in_bank", "unexpected_bank_entry", "duplicate_record_b"];
        let at_bank = |kind: &str| of_bank.contains(&kind);
        let truth: BTreeSet<Verdict> =
            shop.truth.iter().filter(|(_, kind, _)| has_bank || !at_bank(kind)).cloned().collect();
        seen.extend(truth.iter().map(|(_, kind, _)| *kind));
        wrong.extend(truth.difference(&found).map(|one| format!("seed {seed} missed {one:?}")));
        wrong.extend(found.difference(&truth).map(|one| format!("seed {seed} invented {one:?}")));
    }
    assert!(wrong.is_empty(), "{} of them: {:#?}", wrong.len(), &wrong[..wrong.len().min(60)]);
    // But for those that only stand beside others.
    assert_eq!(seen.len(), shop::PRECEDENCE.len() - 1, "{seen:?}");
}
