//! What another row follows, by its reference or by its id, is there when the judge looks for it: with the sieve and without
//! it the report is the same, also where refunds, disputes and fees stand beside ids.
#![cfg(not(target_family = "wasm"))]
#![allow(
    clippy::arithmetic_side_effects,
    clippy::as_conversions,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::unwrap_in_result,
    clippy::unwrap_used,
    reason = "a model is plain arithmetic, and a test that panics has done its work"
)]

#[path = "auditor/random.rs"]
#[allow(dead_code, reason = "other tests need more of it")]
mod random;
#[path = "auditor/sifting.rs"]
mod sifting;
#[allow(dead_code, reason = "other tests need more of it")]
#[path = "auditor/telling.rs"]
mod telling;

use random::Random;
use sifting::{report, sieved, sifted};
use std::collections::BTreeMap;
use telling::told;
use tillproof::reconcile::sieve::Unfit;
use tillproof::reconcile::{self, Options, Share, Source, Sources};

const HEADER: &str = "reference,id,type,amount_minor,currency,fee_minor,status,occurred_at,parent_reference";

/// A row of either side. Columns that a file has not got are left out when it is written.
#[derive(Clone, Debug, Default)]
struct Row {
    reference: String,
    id: String,
    kind: &'static str,
    amount: i64,
    currency: &'static str,
    fee: &'static str,
    status: &'static str,
    time: String,
    parent: String,
}

/// How a file is written.
#[derive(Clone, Copy)]
struct Dress {
    delimiter: char,
    has_ids: bool,
    has_parents: bool,
    /// Cells of rows here and there are quoted, some with quotes in them.
    quotes: bool,
}

impl Dress {
    fn any(random: &mut Random) -> Self {
        Self {
            delimiter: random.pick(&[',', ',', ';', '\t']),
            has_ids: !random.once_in(6),
            has_parents: !random.once_in(4),
            quotes: random.once_in(4),
        }
    }

    fn write(&self, random: &mut Random, rows: &[Row]) -> String {
        let line = |cells: &[&str]| {
            let is_kept = |place: usize| (place != 1 || self.has_ids) && (place != 8 || self.has_parents);
            let kept: Vec<&str> = cells
                .iter()
                .enumerate()
                .filter(|(place, _)| is_kept(*place))
                .map(|(_, cell)| *cell)
                .collect();
            kept.join(&self.delimiter.to_string())
        };
        let mut out = line(&HEADER.split(',').collect::<Vec<_>>()) + "\n";
        for row in rows {
            let Row { reference, id, kind, amount, currency, fee, status, time, parent } = row;
            let amount = amount.to_string();
            let reference = if reference.is_empty() && !self.has_ids { id } else { reference };
            let cells: [&str; 9] = [reference, id, kind, &amount, currency, fee, status, time, parent];
            let quote = random.once_in(2) && self.quotes;
            let cells = cells.map(|cell: &str| if quote { format!("\"{cell}\"") } else { cell.to_owned() });
            let mut cells = cells.each_ref().map(|cell| &**cell);
            // Such a row only the strict reader takes apart.
            if quote && random.once_in(3) {
                cells[6] = "\"a \"\"word\"\"\"";
            }
            out += &line(&cells);
            out += random.pick(&["\n", "\n", "\n", "\n", "\r\n", "\n\n"]);
        }
        if random.once_in(3) && !out.ends_with("\n\n") {
            out.truncate(out.trim_end().len());
        }
        out
    }
}

/// What a row may be called by which another one follows.
fn name_of(random: &mut Random, charges: &[[Row; 2]]) -> String {
    let pair = random.pick(&charges.iter().collect::<Vec<_>>());
    let row = &pair[random.below(2) as usize];
    match random.below(8) {
        0..=2 => row.reference.clone(),
        3..=5 => row.id.clone(),
        6 => format!("nobody_{}", random.below(3)),
        _ => String::new(),
    }
}

/// Charges that nearly all agree, and what follows them, with every way to be called and to disagree.
fn month(random: &mut Random) -> [Vec<Row>; 2] {
    let time =
        |random: &mut Random| format!("2026-03-{:02}T{:02}:00:00Z", 1 + random.below(28), random.below(24));
    let mut charges: Vec<[Row; 2]> = Vec::new();
    let own_ids = random.once_in(3);
    for place in 0..3 + random.below(25) {
        let mut row = Row {
            reference: format!("order_{place}"),
            id: format!("ch_{place}"),
            kind: random.pick(&["charge", "charge", "charge", ""]),
            amount: 100 + random.below(20) as i64 * 50,
            currency: random.pick(&["EUR", "EUR", "USD"]),
            fee: random.pick(&["", "30", "0"]),
            status: random.pick(&["succeeded", "", "succeeded", "failed"]),
            time: time(random),
            parent: if random.once_in(12) { format!("order_{}", random.below(9)) } else { String::new() },
        };
        match random.below(20) {
            // Called as another one is.
            0 => row.id = format!("ch_{}", random.below(9)),
            1 => row.id = format!("order_{}", random.below(9)),
            2 => row.reference = format!("ch_{}", random.below(9)),
            3 => row.id = row.reference.clone(),
            4 => row.reference = String::new(),
            5 => row.id = String::new(),
            6 => row.reference = format!("order_{}", random.below(9)),
            _ => {}
        }
        if row.reference.is_empty() && row.id.is_empty() {
            row.reference = format!("order_{place}");
        }
        let mut other = row.clone();
        if own_ids && !row.id.is_empty() {
            other.id = format!("txn_{place}");
        }
        match random.below(16) {
            0 => other.amount += 50,
            1 => other.currency = "USD",
            2 => other.fee = random.pick(&["31", "", "0"]),
            3 => other.time = time(random),
            _ => {}
        }
        charges.push([row, other]);
    }
    let mut sides = [Vec::new(), Vec::new()];
    for pair in &charges {
        for (side, row) in sides.iter_mut().zip(pair) {
            for _ in 0..random.pick(&[1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 0, 2]) {
                side.push(row.clone());
            }
        }
    }
    for place in 0..random.below(8) {
        let about = random.pick(&charges.iter().collect::<Vec<_>>())[random.below(2) as usize].clone();
        let kind = random.pick(&[
            "refund",
            "refund",
            "refund",
            "refund",
            "dispute",
            "dispute",
            "fee",
            "fee",
            "adjustment",
            "adjustment",
            "payout_failure",
            "payout",
            "unheard_of",
        ]);
        let parent = match random.below(4) {
            0 => String::new(),
            1 => about.reference.clone(),
            2 => about.id.clone(),
            _ => name_of(random, &charges),
        };
        let reference = match random.below(5) {
            0 => about.reference.clone(),
            1 => about.id.clone(),
            2 => name_of(random, &charges),
            3 => String::new(),
            _ => format!("re_{place}"),
        };
        let id = match random.below(4) {
            0 => format!("re_{place}"),
            1 => format!("re_{}", random.below(4)),
            2 => about.id.clone(),
            _ => String::new(),
        };
        let mut row = Row {
            id,
            kind,
            // In part, all of it, or more than that.
            amount: random.pick(&[
                about.amount / 2,
                about.amount,
                about.amount * 2,
                30,
                -about.amount,
                about.amount - 50,
            ]),
            currency: random.pick(&[about.currency, about.currency, about.currency, "USD"]),
            fee: "",
            status: random.pick(&["succeeded", "", "lost", "won", "refunded", "failed"]),
            time: time(random),
            parent,
            reference: if reference.is_empty() { format!("re_{place}") } else { reference },
        };
        if !row.id.is_empty() && random.once_in(5) {
            row.reference = String::new();
        }
        // Of some, parts that sum to the whole.
        for _ in 0..1 + random.below(2) {
            let side = random.below(8);
            if side != 0 {
                sides[0].push(row.clone());
            }
            let mut other = row.clone();
            if random.once_in(10) {
                other.amount += 1;
            }
            if random.once_in(10) {
                other.parent = name_of(random, &charges);
            }
            if side != 1 {
                sides[1].push(other);
            }
            // A refund that came back, under its own name or that of what it follows.
            if kind == "refund" && random.once_in(3) {
                let name = random.pick(&[&row.reference, &row.parent]).clone();
                let [reference, parent] = [format!("back_{place}"), String::new()];
                let named = if random.once_in(2) { [name, parent] } else { [reference, name] };
                let [reference, parent] = named;
                let (kind, amount) = ("adjustment", row.amount.abs());
                sides[1].push(Row {
                    kind,
                    reference,
                    parent,
                    amount,
                    id: format!("back_{place}"),
                    ..row.clone()
                });
            }
            if random.once_in(2) {
                break;
            }
            if !row.id.is_empty() {
                row.id += "_b";
            }
        }
    }
    for side in &mut sides {
        for place in (1..side.len()).rev() {
            side.swap(place, random.below(place as u64 + 1) as usize);
        }
    }
    sides
}

/// The files of a side: one, or two in clothes of their own.
fn files(random: &mut Random, rows: &[Row]) -> Vec<String> {
    let at = if random.once_in(3) { random.below(rows.len() as u64 + 1) as usize } else { rows.len() };
    let (front, back) = rows.split_at(at);
    let mut files = vec![Dress::any(random).write(random, front)];
    if !back.is_empty() {
        files.push(Dress::any(random).write(random, back));
    }
    files
}

fn sources_of<'a>(side: &'a str, files: &'a [String]) -> Vec<Source<'a>> {
    files.iter().map(|file| Source { name: side, data: file.as_bytes() }).collect()
}

/// What the bank booked, some of it under the names of what may be payouts.
fn statement(random: &mut Random) -> String {
    let mut out = "reference,id,amount_minor,currency,booked_at\n".to_owned();
    for place in 0..random.below(4) {
        let name = random.pick(&["re", "order", "ch", "TRX"]);
        let (number, day) = (random.below(8), 1 + random.below(28));
        let amount = 100 + random.below(20) * 50;
        out += &format!("{name}_{number},entry_{place},{amount},EUR,2026-03-{day:02}\n");
    }
    out
}

/// How many months are held against each other: 1,000, or as many as `RECONCILE_SEEDS` says (`40000`).
fn months() -> u64 {
    std::env::var("RECONCILE_SEEDS").map_or(1_000, |text| text.parse().unwrap())
}

#[test]
fn refunds_beside_ids_are_told_as_if_every_row_were_judged() {
    let (mut fits, mut thinned, mut in_parts) = (0, 0, 0);
    let mut kinds: BTreeMap<&str, usize> = BTreeMap::new();
    for seed in 0..months() {
        let mut random = Random::new(seed);
        let [ours, theirs] = month(&mut random);
        let [ours, theirs] = [files(&mut random, &ours), files(&mut random, &theirs)];
        let [ledger, settlement] = [sources_of("l.csv", &ours), sources_of("s.csv", &theirs)];
        let entries = statement(&mut random);
        let bank = [Source { name: "b.csv", data: entries.as_bytes() }];
        let bank = if random.once_in(4) { &bank[..] } else { &[] };
        let sources = Sources { ledger: &ledger, settlement: &settlement, bank, ..Sources::default() };
        let whole = Options { is_whole: true, ..Options::default() };
        let expected = reconcile::run(&sources, whole);
        let piece = random.pick(&[11, 64, 301, 1_000, 1 << 20]);
        let (part, expected) = match (sieved(&sources, Share::WHOLE, piece), expected) {
            (Ok(part), Ok(expected)) => (part, expected),
            (Err(Unfit), _) => continue,
            (Ok(_), Err(error)) => panic!("seed {seed}: the sieve took what the reader refuses: {error}"),
        };
        assert_eq!(report(&part), expected.to_json(), "seed {seed}");
        fits += 1;
        if part.len() < reconcile::read(&sources, whole).unwrap().len() {
            thinned += 1;
            for found in &expected.breaks {
                for kind in [found.kind].iter().chain(&found.secondary) {
                    *kinds.entry(kind.name()).or_default() += 1;
                }
            }
        }
        if bank.is_empty() {
            let rest = sifted(&sources, Share::WHOLE, piece).unwrap().rest().unwrap();
            let (printed, _) = told(|how, take| rest.tell(&[], how, take));
            assert!(printed == expected.printed(), "seed {seed}");
        }

        let of = 3;
        let parts = (0..of).map(|index| sieved(&sources, Share { index, of }, piece));
        if let Ok(parts) = parts.collect::<Result<Vec<_>, Unfit>>() {
            let borrowed: Vec<&[u8]> = parts.iter().map(|part| &**part).collect();
            assert_eq!(
                report(&reconcile::merge(&borrowed).unwrap()),
                expected.to_json(),
                "seed {seed}, in parts"
            );
            in_parts += 1;
        }
    }
    // Two files of a side that happen to have one size are not for the sieve.
    let most = months() as usize * 8 / 10;
    assert!(
        fits > most && thinned > most && in_parts > most,
        "{fits} fit, {thinned} thinned, {in_parts} in parts"
    );
    for kind in ["over_refund", "orphan_child", "fee_mismatch", "status_stale", "row_unknown_type"] {
        assert!(kinds.get(kind).is_some_and(|times| *times > most / 80), "{kind}: {kinds:?}");
    }
}
