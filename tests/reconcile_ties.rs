//! Rows that only amount and time could pair: the only ones that fit are a pair, and of several none is picked.
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
#[path = "auditor/ties.rs"]
mod ties;

use random::Random;
use ties::{Bare, DAY, Reach, Told};
use tillproof::calendar::parse_rfc3339;
use tillproof::reconcile::{Break, Options, Pass, Report, Rules, Source, Sources, Terms, run_by};

const HEADER: &str = "reference,id,type,amount_minor,currency,status,occurred_at,account\n";

fn judged(ledger: &str, settlement: &str, options: Options<'_>, terms: &Terms<'_>) -> Report {
    let ledger = [Source { name: "l.csv", data: ledger.as_bytes() }];
    let settlement = [Source { name: "s.csv", data: settlement.as_bytes() }];
    let sources = Sources { ledger: &ledger, settlement: &settlement, ..Sources::default() };
    run_by(&sources, options, terms).unwrap()
}

/// `reference id amount day`, and cells that are not the usual ones: `-` is an empty cell.
fn row(text: &str) -> String {
    let mut cells = text.split(' ');
    let [reference, id, amount, day] = [(); 4].map(|()| cells.next().unwrap().trim_matches('-').to_owned());
    let cell = |name: &str, usual: &str| {
        let own = text.split(' ').find_map(|cell| cell.strip_prefix(name)?.strip_prefix('='));
        own.unwrap_or(usual).to_owned()
    };
    let at = if day.is_empty() { day } else { format!("2026-03-{day}T12:00:00Z") };
    let (kind, status, account) = (cell("type", "charge"), cell("status", "paid"), cell("account", ""));
    format!("{reference},{id},{kind},{amount},EUR,{status},{at},{account}\n")
}

fn file(rows: &[&str]) -> String {
    format!("{HEADER}{}", rows.iter().map(|text| row(text)).collect::<String>())
}

fn line(found: &Break) -> String {
    let secondary: String = found.secondary.iter().map(|kind| format!(" +{}", kind.name())).collect();
    let digits = |value: Option<i128>| value.map_or_else(|| "-".to_owned(), |value| value.to_string());
    let rows = |rows: &[tillproof::reconcile::RowPlace]| {
        rows.iter().map(|row| row.line.to_string()).collect::<Vec<_>>().join(",")
    };
    let (expected, actual) = (digits(found.expected), digits(found.found));
    let (ours, theirs) = (rows(&found.ledger), rows(&found.settlement));
    format!("{}{secondary} {} {expected} {actual} m{ours} s{theirs}", found.kind.name(), found.reference)
}

/// Ledger, settlement, pairs beside the last, breaks.
type Case<'a> = (&'a [&'a str], &'a [&'a str], usize, &'a [&'a str]);

#[test]
fn of_several_rows_that_fit_none_is_picked_and_all_are_listed() {
    // Settled with its own reference, so that everything else is overdue.
    let last = "z ch_z 1 30";
    let table: &[Case<'_>] = &[
        (&["- p1 999 10"], &["- t1 999 10"], 1, &[]),
        // As many on both sides: nothing is missing, and nobody knows which belongs to which.
        (
            &["- p1 999 10", "- p2 999 10"],
            &["- t1 999 10", "- t2 999 10"],
            0,
            &["ambiguous p1 1998 1998 m2,3 s2,3"],
        ),
        // That some times are nearer decides nothing: the window is the rule.
        (
            &["- p1 999 10", "- p2 999 11"],
            &["- t1 999 10", "- t2 999 11"],
            0,
            &["ambiguous p1 1998 1998 m2,3 s2,3"],
        ),
        // One is missing for sure, and any of them may be it.
        (
            &["- p1 999 10", "- p2 999 10", "- p3 999 10"],
            &["- t1 999 10", "- t2 999 10"],
            0,
            &["ambiguous +missing_in_settlement p1 2997 1998 m2,3,4 s2,3"],
        ),
        (
            &["- p1 999 10"],
            &["- t1 999 10", "- t2 999 10"],
            0,
            &["ambiguous +missing_in_mirror p1 999 1998 m2 s2,3"],
        ),
        // What is out of reach of all others is missing, and no candidate.
        (
            &["- p1 999 10", "- p2 999 10", "- p3 999 20"],
            &["- t1 999 10", "- t2 999 10"],
            0,
            &["ambiguous p1 1998 1998 m2,3 s2,3", "missing_in_settlement p3 999 - m4 s"],
        ),
        // Two ties of one price are two, though there is a row of the same side between them in reach of both.
        (
            &["- p1 999 08", "- p2 999 10"],
            &["- t1 999 07", "- t2 999 07", "- t3 999 11", "- t4 999 11"],
            0,
            &[
                "ambiguous +missing_in_mirror p1 999 1998 m2 s2,3",
                "ambiguous +missing_in_mirror p2 999 1998 m3 s4,5",
            ],
        ),
        // A row without a time fits all of its price.
        (
            &["- p1 999 -", "- p2 999 20"],
            &["- t1 999 10", "- t2 999 20"],
            0,
            &["ambiguous p1 1998 1998 m2,3 s2,3"],
        ),
        // Where one side has references they are no common ones; where both have, they say that two rows are not one.
        (
            &["a p1 999 10", "b p2 999 10"],
            &["- t1 999 10", "- t2 999 10"],
            0,
            &["ambiguous a 1998 1998 m2,3 s2,3"],
        ),
        (
            &["a p1 999 10", "b p2 999 10"],
            &["c t1 999 10", "d t2 999 10"],
            0,
            &[
                "missing_in_settlement a 999 - m2 s",
                "missing_in_settlement b 999 - m3 s",
                "missing_in_mirror c - 999 m s2",
                "missing_in_mirror d - 999 m s3",
            ],
        ),
        // Another type, amount or account is no candidate, and neither is what moved no money beside what did.
        (
            &["- p1 999 10 type=refund", "- p2 998 10"],
            &["- t1 999 10", "- t2 998 10 type=refund"],
            0,
            &[
                "missing_in_settlement p1 999 - m2 s",
                "missing_in_settlement p2 998 - m3 s",
                "missing_in_mirror t1 - 999 m s2",
                "missing_in_mirror t2 - 998 m s3",
            ],
        ),
        (&["- p1 999 10 status=failed", "- p2 999 10"], &["- t1 999 10"], 1, &[]),
        (
            &["- p1 999 10 account=one", "- p2 999 10 account=two"],
            &["- t1 999 10 account=one", "y ch_y 5 30 account=one"],
            1,
            &["wrong_scope p2 999 - m3 s", "missing_in_mirror y - 5 m s3"],
        ),
        // The same event twice is one candidate.
        (
            &["- p1 999 10", "- p1 999 10", "- p2 999 10"],
            &["- t1 999 10", "- t2 999 10"],
            0,
            &["duplicate_record_m +ambiguous p1 2997 1998 m2,3,4 s2,3"],
        ),
    ];
    for (number, (ledger, settlement, pairs, breaks)) in table.iter().enumerate() {
        let (ledger, settlement) =
            (file(&[*ledger, &[last]].concat()), file(&[*settlement, &[last]].concat()));
        let report = judged(&ledger, &settlement, Options::default(), &Terms::default());
        let found: Vec<String> = report.breaks.iter().map(line).collect();
        assert_eq!(
            (found, report.matched),
            (breaks.iter().map(|text| (*text).to_owned()).collect(), pairs + 1),
            "row {number}"
        );
    }
}

#[test]
fn a_tie_says_how_many_stand_on_each_side_and_rules_without_amounts_know_none() {
    let (ledger, settlement) =
        (file(&["- p1 999 10", "- p2 999 10"]), file(&["- t1 999 10", "- t2 999 10", "- t3 999 10"]));
    let report = judged(&ledger, &settlement, Options::default(), &Terms::default());
    assert_eq!(
        report.breaks[0].explanation,
        "Rows like the charge p1 stand several times on a side and nothing tells which belongs to which: the ledger has 2 of \
         9.99 EUR, the settlement has 3 of 9.99 EUR; match them by hand."
    );
    assert_eq!(report.breaks[0].rule, "by_amount@1");
    let rules = Rules { passes: vec![Pass::ById], ..Rules::default() };
    let report = judged(&ledger, &settlement, Options::default(), &Terms { rules, ..Terms::default() });
    let kinds: Vec<&str> = report.breaks.iter().map(|found| found.kind.name()).collect();
    assert_eq!(kinds, ["missing_in_mirror"; 3], "of one day ago the ledger's are in flight");
}

fn csv(rows: &[Bare], is_ours: bool) -> String {
    let mut text = HEADER.to_owned();
    for row in rows.iter().filter(|row| row.is_ours == is_ours) {
        let (reference, id) = if row.is_keyed { (&*row.name, "") } else { ("", &*row.name) };
        let kind = if row.is_refund { "refund" } else { "charge" };
        let status = if row.has_failed { "failed" } else { "paid" };
        let at = row.minute.map_or_else(String::new, |minute| {
            format!("2026-03-{:02}T{:02}:{:02}:00Z", 1 + minute / DAY, minute / 60 % 24, minute % 60)
        });
        text.push_str(&format!("{reference},{id},{kind},{},EUR,{status},{at},\n", row.amount));
    }
    text
}

/// What the engine tells of the rows, in the words of the model, and how many pairs agree, which are in no break.
fn told(rows: &[Bare], reach: Reach) -> (Vec<Told>, usize) {
    let options = Options {
        as_of: Some(parse_rfc3339("2026-03-30T00:00:00Z").unwrap()),
        in_flight_days: reach.days,
        business_days: reach.is_business,
        ..Options::default()
    };
    let report = judged(&csv(rows, true), &csv(rows, false), options, &Terms::default());
    let of = |is_ours: bool| rows.iter().filter(|row| row.is_ours == is_ours).collect::<Vec<_>>();
    let (ours, theirs) = (of(true), of(false));
    let mut told: Vec<Told> = Vec::new();
    for found in &report.breaks {
        let at = |place: &tillproof::reconcile::RowPlace| usize::try_from(place.line).unwrap() - 2;
        let ours = found.ledger.iter().map(|place| ours[at(place)].name.clone());
        let names = ours.chain(found.settlement.iter().map(|place| theirs[at(place)].name.clone())).collect();
        let secondary: Vec<&str> = found.secondary.iter().map(|kind| kind.name()).collect();
        let kind = match (found.kind.name(), &*secondary) {
            ("ambiguous", ["missing_in_settlement"]) => "ambiguous +missing_in_settlement",
            ("ambiguous", ["missing_in_mirror"]) => "ambiguous +missing_in_mirror",
            (kind @ ("ambiguous" | "missing_in_mirror" | "missing_in_settlement"), []) => kind,
            // They were paired, and then found to differ in their days or states.
            _ => "pair",
        };
        told.push((kind, names));
    }
    told.extend(report.in_flight.iter().map(|row| ("in_flight", vec![row.reference.clone()])));
    (ties::sorted(told), report.matched)
}

#[test]
fn pairs_and_ties_are_those_of_a_model_that_holds_every_row_against_every_other() {
    let mut seen = std::collections::BTreeMap::<&str, usize>::new();
    for seed in 1..=600 {
        let mut random = Random::new(seed);
        let count = usize::try_from(2 + random.below(40)).unwrap();
        let keyed = random.below(3);
        let mut rows: Vec<Bare> = (0..count).map(|number| Bare::draw(&mut random, keyed, number)).collect();
        let reach = Reach { days: 1 + random.below(3), is_business: random.once_in(2) };
        let mut expected = ties::told(&rows, reach, 29 * DAY);
        expected.iter().for_each(|(kind, _)| *seen.entry(kind).or_default() += 1);
        let (found, matched) = told(&rows, reach);
        let all = expected.len();
        expected.retain(|one| one.0 != "pair" || found.contains(one));
        assert_eq!((&found, matched), (&expected, all - expected.len()), "seed {seed}: {reach:?} {rows:#?}");
        // In another order nothing changes.
        rows.reverse();
        let (again, _) = told(&rows, reach);
        assert_eq!(again, found, "seed {seed}");
    }
    assert!(seen.len() == 7 && seen.values().all(|count| *count > 100), "{seen:?}");
}

#[test]
fn rows_of_one_price_are_one_tie_however_many_there_are() {
    let (mut ledger, mut settlement) = (HEADER.to_owned(), HEADER.to_owned());
    let count = 10_000_usize;
    for number in 0..count {
        let (day, minute) = (1 + number % 28, number % 60);
        let at = format!("2026-03-{day:02}T10:{minute:02}:00Z");
        ledger += &format!(",pay_{number},charge,999,EUR,paid,{at},\n");
        settlement += &format!(",txn_{number},charge,999,EUR,paid,{at},\n");
    }
    let report = judged(&ledger, &settlement, Options::default(), &Terms::default());
    let [found] = &*report.breaks else { panic!("{} breaks", report.breaks.len()) };
    assert_eq!((found.kind.name(), found.difference), ("ambiguous", Some(0)));
    assert_eq!((found.ledger.len(), found.settlement.len()), (count, count));
}
