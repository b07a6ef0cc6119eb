//! Entries of a bank that name no payout: the only ones that fit are a pair, and of several none is picked.
#![cfg(not(target_family = "wasm"))]
#![allow(
    clippy::arithmetic_side_effects,
    clippy::as_conversions,
    clippy::indexing_slicing,
    clippy::unwrap_used,
    reason = "a model is plain arithmetic, and a test that panics has done its work"
)]

#[path = "auditor/random.rs"]
#[allow(dead_code, reason = "shared with the tests of the payments")]
mod random;
#[path = "auditor/transfers.rs"]
mod transfers;

use random::Random;
use tillproof::calendar::{parse_date, rfc3339};
use tillproof::reconcile::{BreakKind, Options, Pass, RowPlace, Rules, Source, Sources, Terms, run_by};
use tillproof::time::{Millis, Timestamp};
use transfers::{HOUR, Reach, Told, Transfer};

fn moment(minute: Option<u64>) -> String {
    let at = |minute: u64| new_year().saturating_add(Millis::from_seconds(minute * HOUR));
    minute.map_or_else(String::new, |minute| rfc3339(at(minute)))
}

fn new_year() -> Timestamp {
    parse_date("2026-01-01").unwrap()
}

/// The place of a row that was written at `line` of its file, the places in the order of which are `order`.
fn place(row: &RowPlace, order: &[usize]) -> usize {
    order[usize::try_from(row.line).unwrap() - 2]
}

/// The same by the engine, which reads the rows in these orders.
fn told(
    (payouts, entries): (&[Transfer], &[Transfer]),
    (first, second): (&[usize], &[usize]),
    reach: Reach,
) -> Told {
    let mut settlement = "reference,id,type,amount_minor,currency,status,occurred_at\n".to_owned();
    for number in first {
        let Transfer { amount, currency, minute } = &payouts[*number];
        let at = moment(*minute);
        settlement += &format!("po_{number:03},po_{number:03},payout,{amount},{currency},paid,{at}\n");
    }
    let mut statement = "id,reference,amount_minor,currency,booked_at,description\n".to_owned();
    for number in second {
        let Transfer { amount, currency, minute } = &entries[*number];
        let day = moment(*minute);
        let day = day.get(..10).unwrap_or_default();
        statement += &format!("e{number},,{amount},{currency},{day},TRANSFER\n");
    }
    let ledger = "reference,amount_minor,currency\n";
    let sources = Sources {
        ledger: &[Source { name: "l.csv", data: ledger.as_bytes() }],
        settlement: &[Source { name: "s.csv", data: settlement.as_bytes() }],
        bank: &[Source { name: "b.csv", data: statement.as_bytes() }],
        ..Sources::default()
    };
    let options = Options {
        as_of: Some(new_year().saturating_add(Millis::from_seconds(300 * 86_400))),
        in_flight_days: reach.days,
        business_days: reach.is_business,
        ..Options::default()
    };
    // Sums of several have their own tests, and would take what is left.
    let rules = Rules { passes: vec![Pass::ByAmount], ..Rules::default() };
    let report = run_by(&sources, options, &Terms { rules, ..Terms::default() }).unwrap();
    let mut arrived: Vec<usize> = (0..payouts.len()).collect();
    let mut ties = Vec::new();
    for found in &report.breaks {
        let mut of_payouts: Vec<usize> = found.settlement.iter().map(|row| place(row, first)).collect();
        let mut of_entries: Vec<usize> = found.bank.iter().map(|row| place(row, second)).collect();
        of_payouts.sort_unstable();
        of_entries.sort_unstable();
        let is_tie = found.kind == BreakKind::Ambiguous;
        if is_tie || found.kind == BreakKind::MissingInBank {
            arrived.retain(|place| !of_payouts.contains(place));
        }
        if is_tie {
            ties.push((of_payouts, of_entries));
        }
    }
    ties.sort();
    (arrived, ties)
}

#[test]
fn entries_without_names_are_the_payouts_of_a_model_that_holds_each_against_each() {
    let (mut pairs, mut tied, mut missing) = (0, 0, 0);
    for seed in 1..=500 {
        let mut random = Random::new(seed);
        let days = 4 + random.below(150);
        let mut draw = |is_entry: bool, count: u64| -> Vec<Transfer> {
            (0..count).map(|_| Transfer::draw(&mut random, is_entry, days)).collect()
        };
        let (payouts, entries) = (draw(false, 1 + seed % 23), draw(true, 1 + seed % 29));
        let reach = Reach { days: random.below(4), is_business: random.once_in(2) };
        let expected = transfers::told(&payouts, &entries, reach);
        pairs += expected.0.len();
        tied += expected.1.iter().map(|(payouts, _)| payouts.len()).sum::<usize>();
        missing += payouts.len();
        let (mut first, mut second): (Vec<usize>, Vec<usize>) =
            ((0..payouts.len()).collect(), (0..entries.len()).collect());
        for shuffled in [false, true] {
            if shuffled {
                shuffle(&mut random, &mut first);
                shuffle(&mut random, &mut second);
            }
            let found = told((&payouts, &entries), (&first, &second), reach);
            assert_eq!(found, expected, "seed {seed}, {reach:?}: {payouts:#?} {entries:#?}");
        }
    }
    missing -= pairs + tied;
    assert!(pairs > 300 && tied > 1_000 && missing > 300, "{pairs} {tied} {missing}");
}

fn shuffle(random: &mut Random, items: &mut [usize]) {
    for last in (1..items.len()).rev() {
        let other = usize::try_from(random.below(last as u64 + 1)).unwrap();
        items.swap(last, other);
    }
}
