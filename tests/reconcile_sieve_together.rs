//! What rows may ask of each other, all at once: refunds beside ids, lines of payouts, days, times without a zone. With and
//! without the sieve the report is the same.
#![cfg(not(target_family = "wasm"))]
#![allow(
    clippy::arithmetic_side_effects,
    clippy::as_conversions,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::unwrap_used,
    reason = "a model is plain arithmetic, and a test that panics has done its work"
)]

#[path = "auditor/random.rs"]
#[allow(dead_code, reason = "other tests need more of it")]
mod random;
#[path = "auditor/sifting.rs"]
#[allow(dead_code, reason = "other tests need more of it")]
mod sifting;
#[allow(dead_code, reason = "other tests need more of it")]
#[path = "auditor/telling.rs"]
mod telling;

use random::Random;
use sifting::{give, pour, report, sieve, sieved, sifted};
use std::collections::BTreeMap;
use tillproof::reconcile::{self, Options, Share, Side, Source, Sources};

/// How many months are tried, unless the environment says which.
const SEEDS: u64 = 400;

const HEADER: [&str; 16] = [
    "id",
    "reference",
    "type",
    "amount_minor",
    "currency",
    "fee_minor",
    "net_minor",
    "status",
    "occurred_at",
    "payout_id",
    "parent_reference",
    // As files that were made of others have them, with nothing in them, or little.
    "account",
    "original_amount_minor",
    "original_currency",
    "rate",
    "value_date",
];

/// A row as both sides may tell it.
#[derive(Clone)]
struct Event {
    kind: &'static str,
    id: String,
    reference: String,
    amount: i64,
    fee: i64,
    currency: &'static str,
    status: &'static str,
    hour: u64,
    payout: String,
    parent: String,
}

/// How a side writes its rows.
struct Dress {
    has: [bool; HEADER.len()],
    /// Times are moments, moments without a zone, moments to the thousandth of a second, or days.
    times: u64,
    /// So many of a thousand rows write their time otherwise.
    odd_times: u64,
    /// So many of a thousand rows tell what few do.
    rare: u64,
    ids: &'static str,
}

impl Dress {
    fn any(random: &mut Random, ids: &'static str) -> Self {
        let mut has = [true; HEADER.len()];
        for column in [0, 5, 6, 7, 8, 9, 10] {
            has[column] = random.below(4) != 0;
        }
        has[6] &= random.below(3) == 0;
        if random.below(3) != 0 {
            has[11..].fill(false);
        }
        let odd_times = if random.below(4) == 0 { 30 } else { 0 };
        let rare = [0, 0, 20, 200][random.below(4) as usize];
        Self { has, times: random.below(4), odd_times, rare, ids }
    }

    fn line(&self, random: &mut Random, event: &Event) -> String {
        let style = if random.below(1_000) < self.odd_times { random.below(3) } else { self.times };
        let (day, hour) = (1 + event.hour / 24, event.hour % 24);
        let time = match style {
            0 => format!("2026-03-{day:02}T{hour:02}:15:00Z"),
            1 => format!("2026-03-{day:02}T{hour:02}:15:00"),
            2 => format!("2026-03-{day:02}T{hour:02}:15:00.000Z"),
            _ => format!("2026-03-{day:02}"),
        };
        let mut rare = [const { String::new() }; 5];
        if random.below(1_000) < self.rare {
            match random.below(4) {
                0 => rare[0] = format!("acct_{}", random.below(3)),
                1 => rare[4] = format!("2026-03-{day:02}"),
                _ => {
                    // One of them converts, in either direction, others do nearly or not at all.
                    let (amount, rate) =
                        [(2, "0.5"), (2, "2"), (3, "0.5"), (2, "")][random.below(4) as usize];
                    rare[1] = (event.amount * amount).to_string();
                    rare[2] = ["CHF", "USD", "EUR"][random.below(3) as usize].to_owned();
                    rare[3] = rate.to_owned();
                }
            }
        }
        let [account, original, original_currency, rate, value_date] = rare;
        let id = if event.id.is_empty() { String::new() } else { format!("{}{}", self.ids, event.id) };
        let cells = [
            id,
            event.reference.clone(),
            event.kind.to_owned(),
            event.amount.to_string(),
            event.currency.to_owned(),
            event.fee.to_string(),
            (event.amount - event.fee).to_string(),
            event.status.to_owned(),
            time,
            event.payout.clone(),
            event.parent.clone(),
            account,
            original,
            original_currency,
            rate,
            value_date,
        ];
        let own: Vec<String> =
            cells.into_iter().zip(self.has).filter(|(_, has)| *has).map(|(cell, _)| cell).collect();
        own.join(",") + "\n"
    }

    fn header(&self) -> String {
        let own: Vec<&str> =
            HEADER.into_iter().zip(self.has).filter(|(_, has)| *has).map(|(name, _)| name).collect();
        own.join(",") + "\n"
    }
}

/// A month of a shop, in which so many rows of a thousand are wrong.
fn events(random: &mut Random) -> Vec<Event> {
    let payouts = 1 + random.below(4);
    let mut events: Vec<Event> = Vec::new();
    for place in 0..20 + random.below(120) {
        let before =
            events.len().checked_sub(1).map(|last| events[random.below(last as u64 + 1) as usize].clone());
        let follows = before.filter(|before| before.kind == "charge" && random.below(8) == 0);
        let amount = 100 + 50 * random.below(40) as i64;
        let currency = if random.below(30) == 0 { "USD" } else { "EUR" };
        let mut event = Event {
            kind: "charge",
            id: format!("{place}"),
            reference: format!("order_{place}"),
            amount,
            fee: amount / 50,
            currency,
            status: "paid",
            hour: random.below(24 * 20),
            payout: format!("po_{}", random.below(payouts)),
            parent: String::new(),
        };
        if let Some(before) = follows {
            event.kind = ["refund", "refund", "dispute", "fee", "adjustment"][random.below(5) as usize];
            event.amount = if random.below(3) == 0 { before.amount } else { before.amount / 2 };
            event.fee = 0;
            event.hour = (before.hour + random.below(48)).min(24 * 25);
            match random.below(4) {
                0 => event.parent = before.reference,
                // As the ledger calls it, as the settlement does, and as neither.
                1 => event.parent = format!("l{}", before.id),
                2 => event.parent = format!("s{}", before.id),
                _ => event.reference = before.reference,
            }
        }
        events.push(event);
    }
    for payout in 0..payouts {
        let name = format!("po_{payout}");
        let lines = events.iter().filter(|event| event.payout == name && event.currency == "EUR");
        let sum = lines.fold(0, |sum, event| {
            let is_in = matches!(event.kind, "charge" | "adjustment");
            sum + if is_in { event.amount } else { -event.amount } - event.fee
        });
        events.push(Event {
            kind: "payout",
            id: name.clone(),
            reference: name.clone(),
            amount: sum + if random.below(8) == 0 { 100 } else { 0 },
            fee: 0,
            currency: "EUR",
            status: "paid",
            hour: 24 * 22,
            payout: if random.below(2) == 0 { name } else { String::new() },
            parent: String::new(),
        });
    }
    events
}

/// The events as a side tells them, with troubles of its own.
fn told(random: &mut Random, dress: &Dress, events: &[Event], has_payouts: bool) -> String {
    let trouble = [0, 10, 60][random.below(3) as usize];
    let mut text = dress.header();
    for event in events {
        if event.kind == "payout" && !has_payouts {
            continue;
        }
        let mut event = event.clone();
        if random.below(1_000) < trouble {
            match random.below(7) {
                0 => continue,
                1 => event.amount += 1,
                2 => event.fee += 1,
                3 => event.status = "failed",
                4 => event.payout = format!("po_{}", random.below(5)),
                5 => event.currency = "USD",
                _ => text += &dress.line(random, &event),
            }
        }
        text += &dress.line(random, &event);
    }
    text
}

/// The files of one month.
fn month(seed: u64) -> [String; 2] {
    let mut random = Random::new(seed);
    let events = events(&mut random);
    let (ours, theirs) = (Dress::any(&mut random, "l"), Dress::any(&mut random, "s"));
    let books_payouts = random.below(3) == 0;
    let ledger = told(&mut random, &ours, &events, books_payouts);
    let has_payouts = random.below(5) != 0;
    [ledger, told(&mut random, &theirs, &events, has_payouts)]
}

#[test]
fn whatever_rows_ask_of_each_other_the_report_is_the_same() {
    let seeds = std::env::var("SIEVE_SEEDS").ok().and_then(|seeds| {
        let (from, to) = seeds.split_once("..")?;
        Some(from.parse().ok()?..to.parse().ok()?)
    });
    let (mut fits, mut smaller) = (0, 0);
    let seeds: std::ops::Range<u64> = seeds.unwrap_or(0..SEEDS);
    let all = seeds.end - seeds.start;
    for seed in seeds {
        let [ledger, settlement] = month(seed);
        let ledger = [Source { name: "l.csv", data: ledger.as_bytes() }];
        let settlement = [Source { name: "s.csv", data: settlement.as_bytes() }];
        let sources = Sources { ledger: &ledger, settlement: &settlement, ..Sources::default() };
        let Ok(whole) = reconcile::read(&sources, Options::default()) else { continue };
        let expected = reconcile::report(&reconcile::judge(&whole).unwrap()).unwrap();
        let Ok(part) = sieved(&sources, Share::WHOLE, 700) else { continue };
        assert_eq!(report(&part), expected.to_json(), "seed {seed}");
        fits += 1;
        smaller += u64::from(part.len() < whole.len() / 2);
        if let Ok(rest) = sifted(&sources, Share::WHOLE, 700).unwrap().rest() {
            let (printed, _) = telling::told(|how, take| rest.tell(&[], how, take));
            assert!(printed == expected.printed(), "seed {seed}");
        }
    }
    assert!(fits * 2 > all, "{fits} of {all} months were for the sieve");
    assert!(smaller * 8 > all, "of {smaller} of {all} months half of the rows went");
}

/// Currency, and what the row on a line does to the balance before and as its fee, as somebody finds out with a pencil; lines are
/// counted from the header.
fn effects(file: &str) -> Vec<(String, i128, i128)> {
    let mut lines = file.lines();
    let names: Vec<&str> = lines.next().unwrap().split(',').collect();
    lines
        .map(|line| {
            let cells: BTreeMap<&str, &str> = names.iter().copied().zip(line.split(',')).collect();
            let number = |name: &str| cells.get(name).map_or(0, |cell| cell.parse().unwrap());
            let (gross, fee) = match cells["type"] {
                "payout" => (0, 0),
                "refund" | "dispute" | "fee" => (-number("amount_minor"), number("fee_minor")),
                _ => (number("amount_minor"), number("fee_minor")),
            };
            (cells["currency"].to_owned(), gross, fee)
        })
        .collect()
}

/// Side and currency, and what its rows come to: their number, gross and fee.
type Sum = (u8, String, u64, i128, i128);

/// Side, file, line, currency and effect of a row.
type Effect = (u8, u32, u64, String, i128);

/// What the rows come to, as it is packed: side, currency, rows, gross and fee, in their order; and the effects of single rows.
fn unpacked(mut bytes: &[u8]) -> (Vec<Sum>, Vec<Effect>) {
    fn take<'b, const LENGTH: usize>(bytes: &mut &'b [u8]) -> &'b [u8; LENGTH] {
        let (own, rest) = bytes.split_first_chunk().unwrap();
        *bytes = rest;
        own
    }
    let code = |bytes: &mut &[u8]| String::from_utf8(take::<3>(bytes).to_vec()).unwrap();
    let mut sums = Vec::new();
    let mut effects = Vec::new();
    assert_eq!(take(&mut bytes), &[1]);
    for _ in 0..u32::from_le_bytes(*take(&mut bytes)) {
        let [side] = *take(&mut bytes);
        let currency = code(&mut bytes);
        let rows = u64::from_le_bytes(*take(&mut bytes));
        let gross = i128::from_le_bytes(*take(&mut bytes));
        sums.push((side, currency, rows, gross, i128::from_le_bytes(*take(&mut bytes))));
    }
    while !bytes.is_empty() {
        let [side] = *take(&mut bytes);
        let file = u32::from_le_bytes(*take(&mut bytes));
        let line = u64::from_le_bytes(*take(&mut bytes));
        let currency = code(&mut bytes);
        effects.push((side, file, line, currency, i128::from_le_bytes(*take(&mut bytes))));
    }
    sums.sort();
    (sums, effects)
}

/// The sums of both sides.
fn summed(sides: &[Vec<(String, i128, i128)>; 2]) -> Vec<Sum> {
    let mut sums: BTreeMap<(u8, String), (u64, i128, i128)> = BTreeMap::new();
    for (side, rows) in (0..).zip(sides) {
        for (currency, gross, fee) in rows {
            let sum = sums.entry((side, currency.clone())).or_default();
            *sum = (sum.0 + 1, sum.1 + gross, sum.2 + fee);
        }
    }
    sums.into_iter()
        .map(|((side, currency), (rows, gross, fee))| (side, currency, rows, gross, fee))
        .collect()
}

#[test]
fn what_the_rows_come_to_is_what_somebody_finds_who_adds_up_line_by_line() {
    let (mut fits, mut stays) = (0, 0);
    for seed in 0..SEEDS {
        let [ledger, settlement] = month(seed);
        let files = [(Side::Ledger, &ledger, "l.csv"), (Side::Settlement, &settlement, "s.csv")];
        let sources = files.each_ref().map(|(_, file, name)| [Source { name, data: file.as_bytes() }]);
        let [ours, theirs] = &sources;
        let sources = Sources { ledger: ours, settlement: theirs, ..Sources::default() };
        let rows = [&ledger, &settlement].map(|file| effects(file));
        let check = |bytes: &[u8]| {
            let (sums, effects) = unpacked(bytes);
            assert_eq!(sums, summed(&rows), "seed {seed}");
            for (side, file, line, currency, net) in &effects {
                let (expected, gross, fee) = &rows[usize::from(*side)][*line as usize - 2];
                assert_eq!((*file, currency, *net), (0, expected, gross - fee), "seed {seed}");
            }
            effects.len()
        };
        let Ok(whole) = reconcile::add_up(&sources) else { continue };
        assert_eq!(check(&whole), rows[0].len() + rows[1].len());
        let mut sieve = sieve(&sources, Options::default(), Share::WHOLE);
        assert_eq!(sieve.totals(), []);
        sieve.sum_up();
        let read = files.iter().try_for_each(|(side, file, _)| {
            sieve.begin(*side, file.len() as u64)?;
            pour(&mut sieve, file.as_bytes(), 300)?;
            sieve.close()
        });
        sieve.finish();
        if read.and_then(|()| give(&mut sieve, &sources)).is_err() {
            continue;
        }
        fits += 1;
        stays += check(&sieve.totals());
    }
    assert!(
        fits * 2 > SEEDS && stays > 10 * SEEDS as usize,
        "{stays} rows stayed in {fits} of {SEEDS} months"
    );
}

#[test]
fn a_row_is_counted_as_the_judge_reads_it_whatever_the_case_of_its_words() {
    let file = "Reference,TYPE,Amount_Minor,CURRENCY,Fee_Minor\na,Refund,500,EUR,1\nb,CHARGE,700,EUR,2\nc,Payout,90,EUR,\n";
    let ledger = [Source { name: "l.csv", data: file.as_bytes() }];
    let bank = "ID,Reference,Amount_Minor,Currency,Booked_At\n1,c,90,EUR,2026-03-03\n2,d,-4,EUR,2026-03-03\n";
    let bank = [Source { name: "b.csv", data: bank.as_bytes() }];
    let sources = Sources { ledger: &ledger, bank: &bank, ..Sources::default() };
    let (sums, effects) = unpacked(&reconcile::add_up(&sources).unwrap());
    assert_eq!(sums, [(0, "EUR".to_owned(), 3, 200, 3), (2, "EUR".to_owned(), 2, 86, 0)]);
    let nets: Vec<i128> = effects.iter().map(|(.., net)| *net).collect();
    assert_eq!(nets, [-501, 698, 0, 90, -4]);
}
