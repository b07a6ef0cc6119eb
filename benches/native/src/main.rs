//! The native side of `benches/js/ledger.bench.js`: the same transactions through the books that JavaScript has in wasm.
//!
//! Prints a line for each of its arguments, in their order: a chain, or `doubleentry`; nanoseconds of CPU for one
//! transaction, packing included; and how many were new.

#![cfg(not(target_family = "wasm"))]
#![allow(
    clippy::arithmetic_side_effects,
    clippy::as_conversions,
    clippy::indexing_slicing,
    clippy::unwrap_used,
    reason = "a program that measures may stop"
)]

#[cfg(feature = "doubleentry")]
mod peer;

use tillproof::bulk::{BulkLedger, Chain, Origin, Packing};
use tillproof::ledger::Side;
use tillproof::time::Timestamp;

const TRANSACTIONS: usize = 1_000_000;
const PEER: &str = "doubleentry";
/// It takes six kilobytes for an entry.
const PEER_TRANSACTIONS: usize = 50_000;
const BATCH: usize = 1_000;
const ACCOUNTS: u64 = 1_000;
/// Of so many transactions one comes a second time.
const REPEATED: usize = 50;

struct Transaction {
    id: String,
    /// Account, side, minor units.
    legs: Vec<(u64, Side, u64)>,
}

fn main() {
    for contender in std::env::args().skip(1) {
        let transactions = made(if contender == PEER { PEER_TRANSACTIONS } else { TRANSACTIONS });
        let started = cpu_ns();
        let created = match Chain::parse(&contender) {
            Some(chain) => post(&transactions, chain),
            None => peer(&transactions),
        };
        println!("{contender} {} {created}", (cpu_ns() - started) / transactions.len() as u64);
    }
}

#[cfg(feature = "doubleentry")]
fn peer(transactions: &[Transaction]) -> u64 {
    peer::post(transactions)
}

#[cfg(not(feature = "doubleentry"))]
fn peer(_: &[Transaction]) -> u64 {
    panic!("built without doubleentry")
}

fn post(transactions: &[Transaction], chain: Chain) -> u64 {
    let mut books = BulkLedger::new(chain, [7; 16]);
    let slots: Vec<u32> =
        (0..ACCOUNTS).map(|number| books.introduce(&name(number), "EUR").unwrap()).collect();
    let now = Timestamp::from_unix_seconds(1_770_000_000).unwrap();
    let origin = Origin { cause: "bench", recorded_at: now };
    let mut packing = Packing::default();
    let mut legs = Vec::new();
    let mut created = 0;
    for batch in transactions.chunks(BATCH) {
        packing.clear();
        for transaction in batch {
            legs.clear();
            legs.extend(
                transaction
                    .legs
                    .iter()
                    .map(|(account, side, minor)| (slots[*account as usize], *side, *minor)),
            );
            packing.add(&transaction.id, now, &legs);
        }
        created += books.draft(packing.packed(), origin).unwrap().created;
        std::hint::black_box(books.seal());
    }
    created
}

fn name(number: u64) -> String {
    if number < ACCOUNTS / 2 {
        format!("Assets:Customer:{number}:EUR")
    } else {
        format!("Income:Sales:{number}")
    }
}

fn made(count: usize) -> Vec<Transaction> {
    let mut seed = 1_u32;
    let mut below = move |bound: u64| {
        seed = seed.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        u64::from(seed >> 8) % bound
    };
    let mut all: Vec<Transaction> = Vec::with_capacity(count);
    for number in 0..count {
        if number > BATCH && number % REPEATED == 0 {
            let before = &all[number - 1 - below(900) as usize];
            let again = Transaction { id: before.id.clone(), legs: before.legs.clone() };
            all.push(again);
            continue;
        }
        let (gross, fee) = (100 + below(100_000), 1 + below(90));
        let (from, through, to) = (below(ACCOUNTS), below(ACCOUNTS), below(ACCOUNTS));
        let legs = if number % 2 == 1 {
            vec![(from, Side::Debit, gross), (to, Side::Credit, gross)]
        } else {
            vec![(from, Side::Debit, gross - fee), (through, Side::Debit, fee), (to, Side::Credit, gross)]
        };
        let spread = (number as u64 * 2_654_435_761) % (1 << 32);
        all.push(Transaction { id: format!("txn_0001_2eZvKYlo_{spread:010}"), legs });
    }
    all
}

/// CPU time of this process: what `process.cpuUsage` tells in JavaScript.
fn cpu_ns() -> u64 {
    let stat = std::fs::read_to_string("/proc/self/schedstat").unwrap_or_default();
    stat.split_whitespace().next().and_then(|ns| ns.parse().ok()).unwrap_or_default()
}
