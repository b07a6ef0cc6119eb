//! Lines of payouts that plainly agree go through the sieve as a sum, and nobody can tell from the report.
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
#[allow(dead_code, reason = "other tests need more of it")]
mod sifting;
#[allow(dead_code, reason = "other tests need more of it")]
#[path = "auditor/telling.rs"]
mod telling;

use std::collections::BTreeMap;

use random::Random;
use sifting::sifted_by;
use telling::told_by;
use tillproof::reconcile::{self, Form, Options, Share, Source, Sources};

/// A line of the settlement, and what the ledger has of it.
struct Line {
    reference: String,
    kind: &'static str,
    amount: i64,
    fee: i64,
    currency: &'static str,
    time: String,
    payout: String,
}

/// A month of a shop, as three files tell it.
struct Month {
    ledger: String,
    settlement: String,
    bank: Option<String>,
}

/// What may be wrong in a month, in parts of a thousand of its rows or payouts. Of most months it is little.
struct Trouble {
    rows: u64,
    payouts: u64,
}

/// How many months are tried, unless `SIEVE_MONTHS` asks for more.
const MONTHS: u64 = 600;

const COLUMNS: &str = "reference,id,type,amount_minor,currency,fee_minor,status,occurred_at";

fn moment(day: u64, minute: u64) -> String {
    format!("2026-03-{:02}T{:02}:{:02}:00Z", 1 + day.min(30), minute / 60 % 24, minute % 60)
}

/// What arrives of lines, by how the provider counts.
fn sum(lines: &[&Line], reading: u64) -> i64 {
    lines.iter().fold(0, |sum, line| {
        let out = matches!(line.kind, "refund" | "fee");
        let signed = if out { -line.amount.abs() } else { line.amount };
        sum + if reading == 0 { signed } else { signed - line.fee }
    })
}

/// A file without its second column.
fn without_ids(text: &str) -> String {
    let mut out = String::new();
    for line in text.lines() {
        let mut cells = line.splitn(3, ',');
        let (first, rest) = (cells.next().unwrap(), cells.nth(1).unwrap());
        out += &format!("{first},{rest}\n");
    }
    out
}

/// A file with a column of taxes, which there are hardly any of, and one of nets, nearly all of which are right.
fn with_nets(random: &mut Random, text: &str) -> String {
    let mut lines = text.lines();
    let mut out = format!("{},tax_minor,net_minor\n", lines.next().unwrap());
    for line in lines {
        let cells: Vec<&str> = line.split(',').collect();
        let (amount, fee): (i64, i64) = (cells[3].parse().unwrap(), cells[5].parse().unwrap_or_default());
        let (tax, net) = match random.below(80) {
            0 => ("0", String::new()),
            1 => ("3", (amount - fee - 3).to_string()),
            2 => ("3", (amount - fee).to_string()),
            3 => ("", (amount - fee + 1).to_string()),
            4 => ("", (-(amount - fee)).to_string()),
            _ => (["", "0"][random.below(2) as usize], (amount - fee).to_string()),
        };
        out += &format!("{line},{tax},{net}\n");
    }
    out
}

impl Month {
    fn of(random: &mut Random) -> Self {
        let trouble = match random.below(4) {
            0 => Trouble { rows: 0, payouts: 0 },
            1 => Trouble { rows: 30, payouts: 0 },
            2 => Trouble { rows: 10, payouts: 150 },
            _ => Trouble { rows: 120, payouts: 400 },
        };
        // Habits of the provider.
        let reading = random.below(3);
        // Where it is high, some nets are below zero.
        let fixed = if random.below(6) == 0 { 400 } else { 25 };
        let negates = random.below(5) == 0;
        let lists = random.below(8) > 0;
        let has_ids = random.below(2) == 0;
        let has_refunds = !has_ids && random.below(2) == 0;
        let names_in = random.below(3);
        let books = random.below(5) == 0;
        let both_name = random.below(3) == 0;
        let is_long = random.below(3) == 0;
        let currencies: &[&str] = if random.below(3) == 0 { &["EUR", "USD"] } else { &["EUR"] };
        let some = |random: &mut Random, parts: u64| random.below(1_000) < parts;

        let mut lines: Vec<Line> = Vec::new();
        let days = 2 + random.below(7);
        for day in 0..days {
            for currency in currencies {
                let many = if is_long && random.below(2) == 0 {
                    60 + random.below(80)
                } else {
                    1 + random.below(12)
                };
                for _ in 0..many {
                    let number = random.below(1 << 40);
                    let kind = if has_refunds && random.below(12) == 0 { "refund" } else { "charge" };
                    let most = if random.below(4) == 0 { 4 } else { 90_000 };
                    let amount = 100 + random.below(most) as i64;
                    lines.push(Line {
                        reference: format!("order_{number:x}"),
                        kind,
                        amount,
                        fee: if kind == "charge" { amount / 40 + fixed } else { 0 },
                        currency,
                        time: moment(day, number % 1_400),
                        // Of the last day none is paid out yet, in some months.
                        payout: if day + 1 == days && names_in == 2 {
                            String::new()
                        } else {
                            format!("po_{day}{currency}")
                        },
                    });
                }
            }
        }
        let mut month = Self {
            ledger: format!("{COLUMNS}{}\n", if both_name { ",payout_id" } else { "" }),
            settlement: format!("{COLUMNS},payout_id\n"),
            bank: (random.below(2) == 0)
                .then(|| "reference,id,amount_minor,currency,booked_at,description\n".to_owned()),
        };
        let mut id = 0;
        let mut rows: Vec<String> = Vec::new();
        let mut settled = |rows: &mut Vec<String>, line: &Line, more: [&str; 2]| {
            let [status, payout] = more;
            id += 1;
            let own = if has_ids { format!("txn_{id}") } else { String::new() };
            let Line { reference, kind, amount, fee, currency, time, .. } = line;
            rows.push(format!(
                "{reference},{own},{kind},{amount},{currency},{fee},{status},{time},{payout}\n"
            ));
        };
        // What each payout is, before anything goes wrong.
        let mut payouts: BTreeMap<&str, Vec<&Line>> = BTreeMap::new();
        for line in lines.iter().filter(|line| !line.payout.is_empty()) {
            payouts.entry(&line.payout).or_default().push(line);
        }
        for line in &lines {
            let is_wrong = some(random, trouble.rows);
            let what = if is_wrong { random.below(16) } else { u64::MAX };
            let mut own = Line {
                reference: line.reference.clone(),
                time: line.time.clone(),
                payout: String::new(),
                ..*line
            };
            match what {
                0 => {}
                1 => own.amount += 7,
                2 => own.fee += 3,
                3 => own.currency = "GBP",
                4 => own.time = moment(29, 3),
                _ => {}
            }
            if what != 0 {
                let status = if what == 5 { "failed" } else { "succeeded" };
                let Line { reference, kind, amount, fee, currency, time, .. } = &own;
                let payout = match random.below(if trouble.rows > 0 { 40 } else { 400 }) {
                    _ if !both_name => String::new(),
                    0 => ",".to_owned(),
                    1 => ",po_0EUR".to_owned(),
                    2 => ",po_of_the_ledger".to_owned(),
                    _ => format!(",{}", line.payout),
                };
                let row = format!("{reference},,{kind},{amount},{currency},{fee},{status},{time}{payout}\n");
                month.ledger += &row;
                if what == 6 {
                    month.ledger += &row;
                }
            }
            let other = lines[random.below(lines.len() as u64) as usize].payout.clone();
            let mut theirs = Line {
                reference: line.reference.clone(),
                time: line.time.clone(),
                payout: line.payout.clone(),
                ..*line
            };
            match what {
                7 => theirs.amount += 100,
                8 => theirs.payout = other,
                9 => theirs.payout = String::new(),
                10 => theirs.payout = "po_unheard_of".to_owned(),
                11 => theirs.currency = if line.currency == "EUR" { "USD" } else { "EUR" },
                12 => (theirs.kind, theirs.time) = ("unheard_of", moment(random.below(25), 9)),
                13 => theirs.time = String::new(),
                _ => {}
            }
            if what != 14 {
                let payout = theirs.payout.clone();
                settled(&mut rows, &theirs, ["paid", &payout]);
                if what == 15 && random.below(2) == 0 {
                    rows.extend(rows.last().cloned());
                } else if what == 15 {
                    settled(&mut rows, &theirs, ["paid", &payout]);
                }
            }
        }
        for (name, lines) in &payouts {
            let what = if some(random, trouble.payouts) { random.below(12) } else { u64::MAX };
            let mut amount = sum(lines, reading);
            let day = name.as_bytes()[3].wrapping_sub(b'0');
            let at = moment(u64::from(day) + 1, 600);
            match what {
                0 => amount += 1_000,
                1 => amount = amount * 95 / 100,
                // Less one or two of its lines.
                2 => amount -= sum(&lines[..1], reading),
                3 => amount -= sum(&lines[..lines.len().min(2)], reading),
                _ => {}
            }
            let said = if negates { -amount } else { amount };
            let currency = if what == 4 { "CHF" } else { lines[0].currency };
            let status = if what == 5 { "failed" } else { "paid" };
            let time = if what == 6 { String::new() } else { at.clone() };
            let (reference, column) =
                if names_in == 0 { (format!("tr_{name}"), *name) } else { (name.to_string(), "") };
            let row = Line {
                reference,
                kind: "payout",
                amount: said,
                fee: 0,
                currency,
                time,
                payout: String::new(),
            };
            if lists && what != 7 {
                let from = rows.len();
                settled(&mut rows, &row, [status, column]);
                if what == 8 {
                    // The report is there twice.
                    let copies: Vec<String> =
                        rows.iter().filter(|line| line.ends_with(&format!(",{name}\n"))).cloned().collect();
                    rows.extend(copies);
                    if names_in != 0 {
                        rows.push(rows[from].clone());
                    }
                }
                if what == 9 {
                    let back = Line {
                        reference: name.to_string(),
                        kind: "payout_failure",
                        time: at.clone(),
                        payout: String::new(),
                        ..row
                    };
                    settled(&mut rows, &back, ["paid", if random.below(2) == 0 { "" } else { "po_1EUR" }]);
                }
            }
            if books && what != 10 {
                month.ledger += &format!("{name},,payout,{said},{currency},,paid,{at}");
                month.ledger += if both_name { ",\n" } else { "\n" };
            }
            if let Some(bank) = &mut month.bank {
                let come = moment(u64::from(day) + 2, 60);
                match random.below(if trouble.payouts > 0 { 9 } else { 3 }) {
                    0 => *bank += &format!("{name},b_{name},{amount},{currency},{come},\n"),
                    1 => *bank += &format!(",b_{name},{amount},{currency},{come},PAYOUT {name} SHOP\n"),
                    2 => *bank += &format!(",b_{name},{amount},{currency},{come},STRIPE TRANSFER\n"),
                    3 => {}
                    4 => {
                        let half = amount / 2;
                        *bank += &format!("{name},b1_{name},{half},{currency},{come},\n");
                        *bank += &format!("{name},b2_{name},{},{currency},{come},\n", amount - half);
                    }
                    5 => *bank += &format!("{name},b_{name},{},{currency},{come},\n", amount - 15),
                    6 => {
                        *bank += &format!(
                            "{name},b_{name},{},{currency},{come},\n",
                            amount - sum(&lines[..1], reading)
                        )
                    }
                    7 => *bank += &format!("po_x,b_{name},77,{currency},{come},\n"),
                    _ => *bank += &format!("{name},b_{name},{amount},{currency},{},\n", moment(20, 0)),
                }
            }
        }
        if some(random, trouble.payouts) {
            let row = Line {
                reference: "po_of_nobody".to_owned(),
                kind: "payout",
                amount: 5_000,
                fee: 0,
                currency: "EUR",
                time: moment(3, 3),
                payout: String::new(),
            };
            settled(&mut rows, &row, ["paid", ""]);
        }
        if random.below(2) == 0 {
            for place in (1..rows.len()).rev() {
                rows.swap(place, random.below(place as u64 + 1) as usize);
            }
        }
        month.settlement.extend(rows);
        for text in [&mut month.ledger, &mut month.settlement] {
            if random.below(3) == 0 {
                *text = with_nets(random, text);
            }
        }
        if !has_ids {
            // Beside refunds a column of ids, even an empty one, may mean more.
            (month.ledger, month.settlement) = (without_ids(&month.ledger), without_ids(&month.settlement));
        }
        month
    }
}

#[test]
fn lines_of_payouts_that_go_through_as_a_sum_change_nothing_in_the_report() {
    let months = std::env::var("SIEVE_MONTHS").map_or(MONTHS, |months| months.parse().unwrap());
    let (mut fits, mut smaller) = (0_u64, 0_u64);
    let mut kinds: BTreeMap<&str, usize> = BTreeMap::new();
    for seed in 0..months {
        let mut random = Random::new(seed);
        let month = Month::of(&mut random);
        let ledger = [Source { name: "l.csv", data: month.ledger.as_bytes() }];
        let settlement = [Source { name: "s.csv", data: month.settlement.as_bytes() }];
        let bank: Vec<Source<'_>> =
            month.bank.iter().map(|bank| Source { name: "b.csv", data: bank.as_bytes() }).collect();
        let sources = Sources { ledger: &ledger, settlement: &settlement, bank: &bank, ..Sources::default() };
        let options = Options {
            in_flight_days: random.below(4),
            business_days: random.below(4) == 0,
            ..Options::default()
        };
        let whole = reconcile::read(&sources, options).unwrap();
        let expected = reconcile::run(&sources, options).unwrap();
        let bytes: Vec<&[u8]> = bank.iter().map(|file| file.data).collect();
        let Ok(part) =
            sifted_by(&sources, options, Share::WHOLE, 1_000).and_then(|mut sieve| sieve.part(&bytes))
        else {
            continue;
        };
        fits += 1;
        let report = |part: &[u8]| reconcile::report(&reconcile::judge(part).unwrap()).unwrap().to_json();
        assert_eq!(report(&part), expected.to_json(), "seed {seed}");
        assert_eq!(report(&reconcile::merge(&[&part]).unwrap()), expected.to_json(), "seed {seed}");
        if bank.is_empty() {
            let kept = sifted_by(&sources, options, Share::WHOLE, 1_000).unwrap().rest().unwrap();
            let (printed, _) = told_by((3, 2), Form::Json, |how, take| kept.tell(&[], how, take));
            assert!(printed == expected.printed(), "seed {seed}");
        }
        let (printed, breaks) =
            told_by((4, 1), Form::Json, |how, take| reconcile::tell(&part, &[], how, take));
        assert!(printed == expected.printed() && breaks == expected.breaks.len(), "seed {seed}");
        smaller += u64::from(part.len() < whole.len() / 2);
        for found in &expected.breaks {
            *kinds.entry(found.kind.name()).or_default() += 1;
        }
    }
    assert!(fits > months * 8 / 10, "{fits} of {months} months were for the sieve");
    assert!(smaller > months * 4 / 10, "of {smaller} of {months} months most rows went through");
    for kind in [
        "group_sum_mismatch",
        "period_shift",
        "missing_payout",
        "missing_in_bank",
        "missing_in_settlement",
        "payout_not_reversed",
        "unsupported_by_source",
        "file_duplicate",
        "duplicate_record_s",
        "unexpected_bank_entry",
        "bank_charge",
    ] {
        assert!(kinds.contains_key(kind), "{kind} is not among what was found: {kinds:?}");
    }
}

/// Holds both files against each other as a whole and through the sieve; gives the kinds of the breaks, and how many bytes
/// the part has.
fn kinds_of(ledger: &str, settlement: &str) -> (Vec<&'static str>, usize) {
    kinds_with_bank(ledger, settlement, None)
}

/// The same with a statement of the bank.
fn kinds_with_bank(ledger: &str, settlement: &str, bank: Option<&str>) -> (Vec<&'static str>, usize) {
    let ledger = [Source { name: "l.csv", data: ledger.as_bytes() }];
    let settlement = [Source { name: "s.csv", data: settlement.as_bytes() }];
    let bank: Vec<Source<'_>> =
        bank.iter().map(|bank| Source { name: "b.csv", data: bank.as_bytes() }).collect();
    let sources = Sources { ledger: &ledger, settlement: &settlement, bank: &bank, ..Sources::default() };
    let expected = reconcile::run(&sources, Options::default()).unwrap();
    let bytes: Vec<&[u8]> = bank.iter().map(|file| file.data).collect();
    let part = sifted_by(&sources, Options::default(), Share::WHOLE, 1_000).unwrap().part(&bytes).unwrap();
    let report = reconcile::report(&reconcile::judge(&part).unwrap()).unwrap();
    assert_eq!(report.to_json(), expected.to_json());
    (report.breaks.iter().map(|found| found.kind.name()).collect(), part.len())
}

#[test]
fn lines_that_stand_twice_are_no_doubled_report_where_the_other_lines_of_their_payout_went() {
    let mut ledger = format!("{COLUMNS}\n");
    let mut settlement = format!("{COLUMNS},payout_id\n");
    for line in 0..10 {
        let row = |id: &str| format!("order_{line},{id},charge,100,EUR,,paid,2026-03-01T10:00:00Z");
        ledger += &format!("{}\n", row(""));
        let theirs = format!("{},po_1\n", row(&format!("txn_{line}")));
        // The last of them too, which stays in any case.
        settlement += &theirs.repeat(if line > 6 { 2 } else { 1 });
    }
    // With the copies, of which the payout is made as well.
    settlement += "po_1,txn_11,payout,1300,EUR,,paid,2026-03-02T10:00:00Z,\n";
    let (kinds, bytes) = kinds_of(&ledger, &settlement);
    assert_eq!(kinds, ["duplicate_record_s"; 3]);
    assert!(bytes < 2_500, "{bytes} bytes: seven lines are not among the rows");
}

#[test]
fn a_line_that_went_overtakes_one_that_is_in_no_payout() {
    let mut ledger = format!("{COLUMNS}\n");
    let mut settlement = format!("{COLUMNS},payout_id\n");
    for line in 0..10 {
        // The third is the latest, and nothing else tells of it.
        let hour = if line == 3 { 12 } else { 10 };
        let row = format!("order_{line},,charge,100,EUR,,paid,2026-03-01T{hour}:00:00Z");
        ledger += &format!("{row}\n");
        settlement += &format!("{row},po_1\n");
    }
    let alone = "order_x,,charge,100,EUR,,paid,2026-03-01T11:00:00Z";
    ledger += &format!("{alone}\n");
    settlement += &format!("{alone},\npo_1,,payout,1000,EUR,,paid,2026-03-05T00:00:00Z,\n");
    let (kinds, bytes) = kinds_of(&ledger, &settlement);
    assert_eq!(kinds, ["missing_payout"]);
    assert!(bytes < 1_500, "{bytes} bytes: nine lines are not among the rows");
}

#[test]
fn sums_that_may_not_fit_are_made_of_the_lines_themselves() {
    let mut ledger = format!("{COLUMNS}\n");
    let mut settlement = format!("{COLUMNS},payout_id\n");
    for line in 0..10 {
        let row = format!("order_{line},,charge,100,EUR,,paid,2026-03-01T10:00:00Z");
        ledger += &format!("{row}\n");
        settlement += &format!("{row},po_1\n");
    }
    // What stops at the end of an amount on its way is another sum than the exact one, which the payout is.
    for (line, kind, sign) in
        [(0, "charge", ""), (1, "charge", ""), (2, "adjustment", "-"), (3, "adjustment", "-")]
    {
        settlement +=
            &format!("huge_{line},,{kind},{sign}9000000000000000000,EUR,,paid,2026-03-01T10:00:00Z,po_1\n");
    }
    settlement += "po_1,,payout,1000,EUR,,paid,2026-03-02T00:00:00Z,\n";
    let (kinds, _) = kinds_of(&without_ids(&ledger), &without_ids(&settlement));
    assert!(kinds.contains(&"group_sum_mismatch"), "{kinds:?}");
}

#[test]
fn a_file_that_names_no_payouts_beside_one_that_does_is_not_for_the_sieve_and_neither_is_a_share() {
    let row = "order_1,charge,100,EUR,,paid,2026-03-01T10:00:00Z";
    let header = "reference,type,amount_minor,currency,fee_minor,status,occurred_at";
    let bare = format!("{header}\n{row}\n");
    let named = format!("{header},payout_id\n{row},po_1\n");
    let [bare, named] = [&bare, &named].map(|data| Source { name: "s.csv", data: data.as_bytes() });
    let fits = |settlement: &[Source<'_>], share| {
        let sources = Sources { ledger: &[bare], settlement, ..Sources::default() };
        sifted_by(&sources, Options::default(), share, 1_000).is_ok()
    };
    let half = Share { index: 0, of: 2 };
    assert!(fits(&[bare], Share::WHOLE) && fits(&[named], Share::WHOLE) && fits(&[bare], half));
    assert!(!fits(&[named], half));
    assert!(!fits(&[named, bare], Share::WHOLE));
    assert!(!fits(&[bare, named], Share::WHOLE));
}

#[test]
fn a_line_in_another_currency_stays_and_lets_the_others_of_its_payout_go() {
    let mut ledger = format!("{COLUMNS}\n");
    let mut settlement = format!("{COLUMNS},payout_id\n");
    for line in 0..10 {
        let currency = if line == 3 { "USD" } else { "EUR" };
        let row = format!("order_{line},,charge,100,{currency},,paid,2026-03-01T10:00:00Z");
        ledger += &format!("{row}\n");
        settlement += &format!("{row},po_1\n");
    }
    settlement += "po_1,,payout,900,EUR,,paid,2026-03-02T00:00:00Z,\n";
    let (kinds, bytes) = kinds_of(&ledger, &settlement);
    assert_eq!(kinds, ["period_shift"]);
    assert!(bytes < 1_500, "{bytes} bytes: eight lines are not among the rows");
}

#[test]
fn a_payout_without_a_time_is_of_the_time_of_its_last_line_whether_that_went_or_stayed() {
    // The latest of ten lines is one that goes, or one that stays for its currency.
    for latest in [3, 5] {
        let mut ledger = format!("{COLUMNS}\n");
        let mut settlement = format!("{COLUMNS},payout_id\n");
        for line in 0..10 {
            let (currency, day) =
                (if line == 5 { "USD" } else { "EUR" }, if line == latest { 12 } else { 1 });
            let row = format!("order_{line},,charge,100,{currency},,paid,2026-03-{day:02}T10:00:00Z");
            ledger += &format!("{row}\n");
            settlement += &format!("{row},po_1\n");
        }
        settlement += "po_1,,payout,900,EUR,,paid,,\n";
        let bank = "reference,amount_minor,currency,booked_at\npo_1,900,EUR,2026-03-13\n";
        let (kinds, _) = kinds_with_bank(&ledger, &settlement, Some(bank));
        assert_eq!(kinds, ["period_shift"], "{latest}");
    }
}
