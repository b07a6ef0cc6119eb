//! The simulator's month-end scored against its ground truth: what is found, missed and invented, over seeds.
//!
//! The merchant's books are those of a merchant who missed nothing: the settlement of the same month without drift,
//! as far as webhooks tell of it.
#![cfg(not(target_family = "wasm"))]
#![allow(
    clippy::arithmetic_side_effects,
    clippy::as_conversions,
    clippy::indexing_slicing,
    clippy::unwrap_used,
    reason = "a model is plain arithmetic, and a test that panics has done its work"
)]

#[path = "auditor/random.rs"]
#[allow(dead_code, reason = "shared with other models")]
mod random;
#[path = "simulator/stripe/shop.rs"]
#[allow(dead_code, reason = "shared with the simulator's own tests")]
mod shop;

use std::collections::{BTreeMap, BTreeSet};

use random::Random;
use shop::Shop;
use tillproof::reconcile::{Break, BreakKind, Options, Report, RowPlace, Source, Sources, run};
use tillproof::simulator::{self, Dialect, Fault, FaultPlan, Gateway, Injected, Outcome, Request};

const DAY_S: u64 = 86_400;

/// The seeds of the months that are scored: 8, or as many as `RECONCILE_SEEDS` says (`200`, `40..80`). By
/// `RECONCILE_SEEDS=200 cargo test --profile torture --test reconcile_month` all that are claimed.
fn seeds() -> std::ops::RangeInclusive<u64> {
    let text = std::env::var("RECONCILE_SEEDS").unwrap_or_else(|_| "8".to_owned());
    let number = |text: &str| text.parse().unwrap();
    text.split_once("..").map_or_else(|| 1..=number(&text), |(from, to)| number(from)..=number(to))
}

/// Seeds beyond those that once told of a fault: of a refund that came back, the line stands there twice, wrong or never; payouts
/// that came together, of which one is late, charged, wrong in its total or in a line; one that is wrong in its total and came
/// back, or has its only line with the wrong sign; a line in another payout, of which one is wrong in its total; a dispute of
/// which nothing was told, with a wrong fee.
const FOUND: [u64; 20] = [
    339, 494, 330, 662, 853, 1189, 1638, 1664, 1728, 1767, 1932, 1982, 3354, 3612, 7721, 9470, 10398, 14566,
    436, 7697,
];

/// What a month left behind.
struct Month {
    settlement: String,
    bank: String,
    truth: Vec<Injected>,
    /// When it was looked at.
    now: tillproof::time::Timestamp,
}

impl Month {
    fn pass(seed: u64, plan: &str) -> Self {
        let mut shop = Shop::new(seed);
        shop.gateway = Gateway::new(simulator::Options {
            seed,
            dialect: Dialect::Stripe,
            faults: FaultPlan::parse(plan.as_bytes()).unwrap(),
            ..simulator::Options::default()
        });
        let schedule = "payments[payouts][schedule][interval]=daily";
        assert_eq!(shop.post("/v1/balance_settings", schedule).status, 200);
        for day in 0..20_u64 {
            for number in 0..8_u64 {
                let minor = 1_000 + (seed * 7_919 + day * 1_301 + number * 977) % 40_000;
                let (currency, more) = match number {
                    2 => ("eur", ""),
                    3 => ("usd", "&payment_method=pm_card_createDispute"),
                    4 => ("usd", "&capture_method=manual"),
                    _ => ("usd", ""),
                };
                // A dispute is rare, and so is a partial capture.
                let more = if (day + number) % 4 == 3 { more } else { "" };
                let form = format!(
                    "amount={minor}&currency={currency}&confirm=true&payment_method=pm_card_visa\
                     &automatic_payment_methods[enabled]=true\
                     &automatic_payment_methods[allow_redirects]=never{more}"
                );
                let id = shop.post("/v1/payment_intents", &form).id();
                if more.contains("manual") {
                    let part = format!("amount_to_capture={}", minor / 2 + 1);
                    let _ = shop.post(&format!("/v1/payment_intents/{id}/capture"), &part);
                }
                wait(&mut shop, DAY_S / 10);
                if number == 5 {
                    let refund = format!("payment_intent={id}&amount={}", minor / 3);
                    assert_eq!(shop.post("/v1/refunds", &refund).status, 200);
                }
            }
            wait(&mut shop, DAY_S / 5);
        }
        wait(&mut shop, 20 * DAY_S);
        let settlement = read(&mut shop, "settlement.csv", "");
        let bank = read(&mut shop, "statement.xml", "format=csv");
        Self { settlement, bank, truth: shop.gateway.ground_truth().to_vec(), now: shop.now }
    }

    /// What webhooks tell of the month: no payouts, no reserves, no corrections.
    fn mirror(&self) -> String {
        let mut lines = self.settlement.lines();
        let mut text = format!("{}\n", lines.next().unwrap());
        for line in lines {
            let mut cells: Vec<&str> = line.split(',').collect();
            if ["charge", "refund", "dispute"].contains(&cells[2]) {
                // Neither the net nor the payout is in a webhook.
                (cells[6], cells[9]) = ("", "");
                text.push_str(&cells.join(","));
                text.push('\n');
            }
        }
        text
    }
}

fn wait(shop: &mut Shop, seconds: u64) {
    let target = shop.now.saturating_add(tillproof::time::Millis::from_seconds(seconds));
    while let Some(due) = shop.gateway.poll_timeout().filter(|due| *due <= target) {
        shop.gateway.handle_timeout(due).unwrap();
        while let Some(delivery) = shop.gateway.poll_delivery(due, due.unix_seconds()) {
            shop.gateway.handle_delivery(due, &delivery.id, Outcome::Answered(200)).unwrap();
        }
    }
    shop.now = target;
}

fn read(shop: &mut Shop, path: &str, query: &str) -> String {
    let request = Request {
        method: "GET".to_owned(),
        path: format!("/_tillproof/{path}"),
        query: query.to_owned(),
        ..Request::default()
    };
    shop.gateway.handle(shop.now, &request).body
}

fn file<'a>(name: &'a str, text: &'a str) -> Source<'a> {
    Source { name, data: text.as_bytes() }
}

fn reconcile(mirror: &str, month: &Month) -> Report {
    let sources = Sources {
        ledger: &[file("mirror.csv", mirror)],
        settlement: &[file("settlement.csv", &month.settlement)],
        bank: &[file("bank.csv", &month.bank)],
        ..Sources::default()
    };
    run(&sources, options(month)).unwrap()
}

fn options(month: &Month) -> Options<'_> {
    // Banks work on business days.
    Options { business_days: true, as_of: Some(month.now), ..Options::default() }
}

/// What the files can tell of a drift; the reason where that is not what was injected.
fn told(injected: &Injected) -> Option<&'static str> {
    match injected.fault {
        // In two parts or with the next one, all of it arrived: the parts are found, and nothing is wrong.
        "bank_split" | "bank_merged" => None,
        // The books of this merchant hold neither payouts nor holds.
        "payout_returned" | "authorization_short" => None,
        // The report at the end of the month is the corrected one.
        "settlement_restated" => None,
        // The generic report has neither rate nor original amount.
        "settlement_rate" => Some("amount_mismatch"),
        // A debt shows as the adjustment that made it; its debit at the bank is a payout like any other.
        "bank_debit" => Some("missing_in_mirror"),
        _ => injected.kind,
    }
}

/// By what a break can be known: its reference, and references and ids of its rows in the settlement.
fn names(found: &Break, settlement: &[Vec<&str>]) -> BTreeSet<String> {
    let rows =
        found.settlement.iter().filter_map(|place| settlement.get(usize::try_from(place.line).unwrap() - 1));
    let cells = rows.flat_map(|cells| [cells[0].to_owned(), cells[1].to_owned()]);
    cells.chain([found.reference.clone()]).collect()
}

/// Missed and invented, in words.
fn score(month: &Month, mirror: &str) -> (BTreeMap<&'static str, usize>, Vec<String>, Vec<String>) {
    // What no webhook tells is not in the books.
    let silent: BTreeSet<&str> = month
        .truth
        .iter()
        .filter(|one| one.fault == "dispute_silent")
        .flat_map(|one| one.objects.iter().map(String::as_str))
        .collect();
    let known: Vec<&str> =
        mirror.lines().filter(|line| line.split(',').nth(1).is_none_or(|id| !silent.contains(id))).collect();
    let report = reconcile(&format!("{}\n", known.join("\n")), month);
    let settlement: Vec<Vec<&str>> = month.settlement.lines().map(|line| line.split(',').collect()).collect();
    let mut open: Vec<(&Break, BTreeSet<String>)> =
        report.breaks.iter().map(|found| (found, names(found, &settlement))).collect();
    let (mut found, mut missed) = (BTreeMap::new(), Vec::new());
    let mut seen = BTreeSet::new();
    for one in &month.truth {
        // A dispute of which two events are silent is missing once.
        if one.fault == "dispute_silent" && !seen.insert(&one.objects) {
            continue;
        }
        // What waits for a next payout that never comes did not arrive.
        let is_last = one.fault == "bank_merged"
            && open.iter().any(|(each, _)| {
                each.kind == BreakKind::MissingInBank && one.objects.contains(&each.reference)
            });
        let Some(kind) = told(one).or(is_last.then_some("missing_in_bank")) else { continue };
        let mut wanted: Vec<&str> = one.objects.iter().chain(&one.reference).map(String::as_str).collect();
        // Which fee is due on a dispute that no webhook told of, no file says: its payout is not the sum of its lines.
        let is_untold = one.fault.starts_with("dispute_fee") && silent.contains(wanted[0]);
        let kind = if is_untold { "group_sum_mismatch" } else { kind };
        if is_untold {
            let object = wanted[0];
            wanted.extend(settlement.iter().filter(|cells| cells[1] == object).map(|cells| cells[9]));
        }
        let place = open.iter().position(|(each, names)| {
            each.kind.name() == kind && wanted.iter().any(|name| names.contains(*name))
        });
        match place {
            Some(place) => {
                // Several rows with the decimal point in the wrong place are one break of their file.
                if kind != "scale_suspect" {
                    let _ = open.remove(place);
                }
                *found.entry(one.fault).or_default() += 1;
            }
            None => missed.push(format!("{} {:?} {:?}", one.fault, one.reference, one.objects)),
        }
    }
    // Several rows with the decimal point in the wrong place are one break of their file.
    let has_scale = found.contains_key("settlement_exponent");
    let invented = open
        .iter()
        .filter(|(each, _)| !(has_scale && each.kind == BreakKind::ScaleSuspect))
        .map(|(each, _)| format!("{} {} {}", each.kind.name(), each.reference, each.explanation));
    (found, missed, invented.collect())
}

#[test]
fn a_month_without_drift_has_no_break_and_each_drift_alone_has_exactly_its_own() {
    let quiet = Month::pass(7, "{}");
    let mirror = quiet.mirror();
    let report = reconcile(&mirror, &quiet);
    assert_eq!((report.breaks, report.in_flight), (Vec::new(), Vec::new()));
    let mut seen = BTreeSet::new();
    for fault in Fault::all().filter(|fault| fault.id().starts_with('S')) {
        let month = Month::pass(7, &format!(r#"{{"{}":{{"nth":[2]}}}}"#, fault.name()));
        let (found, missed, invented) = score(&month, &mirror);
        assert!(missed.is_empty() && invented.is_empty(), "{}: {missed:#?} {invented:#?}", fault.name());
        seen.extend(found.into_keys());
    }
    assert!(seen.len() > 20, "{seen:?}");
}

#[test]
fn months_with_every_drift_at_once_are_told_apart() {
    let faults: Vec<&str> =
        Fault::all().filter(|fault| fault.id().starts_with('S')).map(|fault| fault.name()).collect();
    let plan: Vec<String> = faults.iter().map(|fault| format!(r#""{fault}":"0.005""#)).collect();
    let (mut hits, mut wrong) = (BTreeMap::<&str, usize>::new(), Vec::new());
    for seed in seeds().chain(FOUND) {
        let quiet = Month::pass(seed, "{}");
        let month = Month::pass(seed, &format!("{{{}}}", plan.join(",")));
        let (found, missed, invented) = score(&month, &quiet.mirror());
        for (fault, count) in found {
            *hits.entry(fault).or_default() += count;
        }
        wrong.extend(missed.iter().map(|one| format!("seed {seed} missed {one}")));
        wrong.extend(invented.iter().map(|one| format!("seed {seed} invented {one}")));
    }
    println!("{} drifts found, {hits:?}", hits.values().sum::<usize>());
    // Those that come at this rate in a few months; the test above has each of them.
    assert!(hits.len() >= 15, "{hits:?}");
    assert!(wrong.is_empty(), "{wrong:#?}");
}

/// A side in several files: of each its lines without the header.
type Files = Vec<Vec<String>>;

/// What is said of each break, with rows as they are written instead of where they stand and by other names; and its id.
fn judged(sides: &[Files; 3], month: &Month, called: &dyn Fn(&str) -> String) -> Vec<(String, String)> {
    let headers =
        [&month.settlement, &month.settlement, &month.bank].map(|text| text.lines().next().unwrap());
    let texts: Vec<Vec<(String, String)>> = sides
        .iter()
        .zip(headers)
        .map(|(files, header)| {
            let text = |lines: &Vec<String>| format!("{header}\n{}\n", lines.join("\n"));
            files.iter().enumerate().map(|(number, lines)| (format!("part{number}"), text(lines))).collect()
        })
        .collect();
    let [ledger, settlement, bank] = [0, 1, 2]
        .map(|side: usize| texts[side].iter().map(|(name, text)| file(name, text)).collect::<Vec<_>>());
    let sources = Sources { ledger: &ledger, settlement: &settlement, bank: &bank, ..Sources::default() };
    let written = |rows: &[RowPlace], files: &Files| {
        let line = |row: &RowPlace| {
            let line = usize::try_from(row.line).unwrap() - 2;
            called(&files[row.file.trim_start_matches("part").parse::<usize>().unwrap()][line])
        };
        let mut rows: Vec<String> = rows.iter().map(line).collect();
        rows.sort();
        rows
    };
    let report = run(&sources, options(month)).unwrap();
    let mut told = Vec::new();
    for found in &report.breaks {
        let Break { kind, secondary, hop, rule, currency, expected, found: actual, age_days, .. } = found;
        let [ledger, settlement, bank] = [
            written(&found.ledger, &sides[0]),
            written(&found.settlement, &sides[1]),
            written(&found.bank, &sides[2]),
        ];
        let names: BTreeSet<&str> = settlement.iter().filter_map(|line| line.split(',').next()).collect();
        // A break of several speaks of the one whose name comes first; and which of its files has a second copy is another
        // thing once it is split.
        let speech = if names.len() > 1 {
            String::new()
        } else {
            called(&format!("{currency:?} {} {}", found.reference, found.explanation))
        };
        let speech = speech.replace("part1", "part0").replace("part2", "part0");
        let text = format!(
            "{kind:?} {secondary:?} {hop:?} {rule} {expected:?} {actual:?} {age_days:?} \
             {ledger:?} {settlement:?} {bank:?} {speech}"
        );
        told.push((text, found.id.clone()));
    }
    told.sort();
    told
}

/// Other names for all payments, lines and payouts, in another order, with the word in front of each.
fn renamed(text: &str, names: &BTreeSet<String>) -> String {
    let is_name = |letter: char| letter.is_ascii_alphanumeric() || letter == '_';
    let mut out = String::new();
    for word in text.split_inclusive(|letter| !is_name(letter)) {
        let name = word.trim_end_matches(|letter| !is_name(letter));
        if names.contains(name) {
            let sum = name.bytes().fold(7_u32, |sum, byte| sum.wrapping_mul(31).wrapping_add(byte.into()));
            let (front, own) = name.rsplit_once('_').unwrap_or(("", name));
            out += &format!("{front}_{:04}{own}{}", sum % 10_000, word.trim_start_matches(name));
        } else {
            out += word;
        }
    }
    out
}

#[test]
fn neither_the_order_of_rows_nor_how_they_are_split_nor_what_they_are_called_changes_a_break() {
    let faults: Vec<String> = Fault::all()
        .filter(|fault| fault.id().starts_with('S'))
        .map(|fault| format!(r#""{}":"0.01""#, fault.name()))
        .collect();
    let mut breaks = 0;
    for seed in seeds().chain(FOUND.into_iter().take(2)) {
        let mirror = Month::pass(seed, "{}").mirror();
        let month = Month::pass(seed, &format!("{{{}}}", faults.join(",")));
        let whole = [&mirror, &month.settlement, &month.bank]
            .map(|text| vec![text.lines().skip(1).map(str::to_owned).collect::<Vec<_>>()]);
        let expected = judged(&whole, &month, &str::to_owned);
        breaks += expected.len();
        let mut random = Random::new(seed);
        let shuffled = whole.clone().map(|mut files| {
            let lines = &mut files[0];
            for last in (1..lines.len()).rev() {
                lines.swap(last, usize::try_from(random.below(last as u64 + 1)).unwrap());
            }
            files
        });
        assert_eq!(judged(&shuffled, &month, &str::to_owned), expected, "seed {seed}, shuffled");
        let split = shuffled.clone().map(|files| {
            files[0].chunks(files[0].len().div_ceil(3)).map(<[String]>::to_vec).collect::<Files>()
        });
        // Three wrong scales of one file are a break of that file, by definition.
        let beside_scales = |mut told: Vec<(String, String)>| {
            told.retain(|(text, _)| !text.starts_with("ScaleSuspect"));
            told
        };
        let found = beside_scales(judged(&split, &month, &str::to_owned));
        assert_eq!(found, beside_scales(expected), "seed {seed}, split");
        let mut names: BTreeSet<String> = BTreeSet::new();
        for line in whole[..2].iter().flatten().flatten() {
            let cells: Vec<&str> = line.split(',').collect();
            names.extend([0, 1, 9].map(|cell| cells[cell].to_owned()));
        }
        let _ = names.remove("");
        let called =
            shuffled.map(|files| vec![files[0].iter().map(|line| renamed(line, &names)).collect::<Vec<_>>()]);
        // An id is made of names.
        let texts = |told: Vec<(String, String)>| told.into_iter().map(|(text, _)| text).collect::<Vec<_>>();
        let expected = texts(judged(&whole, &month, &|text| renamed(text, &names)));
        let found = texts(judged(&called, &month, &str::to_owned));
        assert_eq!(found, expected, "seed {seed}, renamed");
    }
    assert!(breaks > 100, "{breaks}");
}
