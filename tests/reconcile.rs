//! What a user of the reconciler can observe, through its public door only.
#![cfg(not(target_family = "wasm"))]
#![allow(
    clippy::arithmetic_side_effects,
    clippy::as_conversions,
    clippy::indexing_slicing,
    clippy::unwrap_used,
    reason = "a model is plain arithmetic, and a test that panics has done its work"
)]

#[path = "auditor/drift.rs"]
mod drift;
#[path = "auditor/random.rs"]
mod random;
#[path = "auditor/two_sides.rs"]
mod two_sides;
#[path = "auditor/verdicts.rs"]
mod verdicts;

use std::collections::BTreeSet;

use drift::{Month, csv};
use random::Random;
use tillproof::calendar::parse_rfc3339;
use tillproof::reconcile::{Break, Options, Report, Source};
use two_sides::{HEADER, reconcile, run};

/// `kind +secondary reference expected found difference age lines`
fn line(found: &Break) -> String {
    let secondary: String = found.secondary.iter().map(|kind| format!(" +{}", kind.name())).collect();
    let digits = |value: Option<i128>| value.map_or_else(|| "-".to_owned(), |value| value.to_string());
    let rows = |rows: &[tillproof::reconcile::RowPlace]| {
        rows.iter().map(|row| row.line.to_string()).collect::<Vec<_>>().join(",")
    };
    format!(
        "{}{secondary} {} {} {} {} {} {} l{} s{}",
        found.kind.name(),
        found.reference,
        found.currency,
        digits(found.expected),
        digits(found.found),
        digits(found.difference),
        found.age_days.map_or_else(|| "-".to_owned(), |days| days.to_string()),
        rows(&found.ledger),
        rows(&found.settlement),
    )
}

const DAY_1: &str = "2026-03-01T00:00:00Z";
const DAY_9: &str = "2026-03-09T12:00:00Z";

fn file(rows: &[&str]) -> String {
    let rows: String = rows.iter().map(|row| format!("{row}\n")).collect();
    format!("{HEADER}{rows}").replace("DAY1", DAY_1).replace("DAY9", DAY_9)
}

/// Ledger rows, settlement rows, matched pairs, breaks.
type Case<'a> = (&'a [&'a str], &'a [&'a str], usize, &'a [&'a str]);

#[test]
fn every_kind_is_told_from_the_rows() {
    let fine = "order_1,ch_1,charge,1000,EUR,30,succeeded,DAY1";
    let last = "order_9,ch_9,charge,500,EUR,15,succeeded,DAY9";
    // ledger rows, settlement rows, matched, breaks
    let table: &[Case<'_>] = &[
        (&[fine, last], &[fine, last], 2, &[]),
        // Ids of the two sides need not be the same.
        (&[fine], &["order_1,txn_7,charge,1000,EUR,30,paid,DAY1"], 1, &[]),
        (&[fine, last], &[last], 1, &["missing_in_settlement order_1 EUR 1000 - - 8 l2 s"]),
        (&[last], &[fine, last], 1, &["missing_in_mirror order_1 EUR - 1000 - 8 l s2"]),
        (
            &[fine, last],
            &["order_1,ch_1,charge,750,EUR,30,succeeded,DAY1", last],
            1,
            &["amount_mismatch order_1 EUR 1000 750 -250 8 l2 s2"],
        ),
        (
            &[fine, last],
            &["order_1,ch_1,charge,750,EUR,40,refunded,DAY1", last],
            1,
            &["amount_mismatch +fee_mismatch +status_stale order_1 EUR 1000 750 -250 8 l2 s2"],
        ),
        (
            &[fine],
            &["order_1,ch_1,charge,1000,USD,30,succeeded,DAY1"],
            0,
            &["currency_mismatch order_1 EUR 1000 1000 - 0 l2 s2"],
        ),
        (
            &[fine],
            &["order_1,ch_1,charge,1000,EUR,35,succeeded,DAY1"],
            0,
            &["fee_mismatch order_1 EUR 30 35 5 0 l2 s2"],
        ),
        // A side that does not tell its fee or status does not differ in it.
        (&[fine], &["order_1,ch_1,charge,1000,EUR,,,DAY1"], 1, &[]),
        (
            &[fine],
            &["order_1,ch_1,charge,1000,EUR,30,failed,DAY1"],
            0,
            &["status_mismatch order_1 EUR 1000 1000 0 0 l2 s2"],
        ),
        // The same id twice is one event written down twice; the pair still matches.
        (&[fine, fine], &[fine], 1, &["duplicate_record_m order_1 EUR 2000 1000 -1000 0 l2,3 s2"]),
        (&[fine], &[fine, fine], 1, &["duplicate_record_s order_1 EUR 1000 2000 1000 0 l2 s2,3"]),
        (
            &[fine],
            &[fine, "order_1,ch_1,charge,900,EUR,30,succeeded,DAY1"],
            0,
            &["duplicate_record_s +amount_mismatch order_1 EUR 1000 1900 900 0 l2 s2,3"],
        ),
        // Two ids are two charges: money was taken twice, whatever the ledger knows of it.
        (
            &[fine],
            &[fine, "order_1,ch_2,charge,1000,EUR,30,succeeded,DAY1"],
            1,
            &["duplicate_charge order_1 EUR 1000 2000 1000 0 l2 s2,3"],
        ),
        (
            &[fine, "order_1,ch_2,charge,1000,EUR,30,succeeded,DAY1"],
            &[fine, "order_1,ch_2,charge,1000,EUR,30,succeeded,DAY1"],
            2,
            &["duplicate_charge order_1 EUR 2000 2000 0 0 l2,3 s2,3"],
        ),
        (
            &[fine],
            &[fine, fine, "order_1,ch_2,charge,1000,EUR,30,succeeded,DAY1"],
            1,
            &["duplicate_record_s +duplicate_charge order_1 EUR 1000 3000 2000 0 l2 s2,3,4"],
        ),
        (
            &[fine],
            &[fine, "order_1,ch_2,charge,400,EUR,30,succeeded,DAY1"],
            1,
            &["reference_collision order_1 EUR 1000 1400 400 0 l2 s2,3"],
        ),
        // An order paid in two parts that both sides know is in order.
        (
            &[fine, "order_1,ch_2,charge,400,EUR,30,succeeded,DAY1"],
            &["order_1,ch_2,charge,400,EUR,30,succeeded,DAY1", fine],
            2,
            &[],
        ),
        // A declined attempt is no second charge, and owes the settlement nothing.
        (&["order_1,ch_0,charge,1000,EUR,,failed,DAY1", fine], &[fine], 1, &[]),
        (
            &["order_1,ch_0,charge,1000,EUR,30,failed,DAY1", fine],
            &["order_1,txn_1,charge,900,EUR,30,succeeded,DAY1"],
            0,
            &["amount_mismatch order_1 EUR 1000 900 -100 0 l3 s2"],
        ),
        // Without ids, equal rows are one event unless their times or the other side say otherwise.
        (
            &["order_1,,,1000,EUR,,,DAY1", "order_1,,,1000,EUR,,,DAY1"],
            &["order_1,,,1000,EUR,,,DAY1"],
            1,
            &["duplicate_record_m order_1 EUR 2000 1000 -1000 0 l2,3 s2"],
        ),
        (
            &["order_1,,,1000,EUR,,,DAY1"],
            &["order_1,,,1000,EUR,,,DAY1", "order_1,,,1000,EUR,,,DAY9"],
            1,
            &["duplicate_charge order_1 EUR 1000 2000 1000 8 l2 s2,3"],
        ),
        // A charge and a refund of one reference are two things; several refunds of one reference are normal.
        (
            &[fine, "order_1,re_1,refund,1000,EUR,0,,DAY1"],
            &["order_1,re_1,refund,1000,EUR,0,,DAY1", fine],
            2,
            &[],
        ),
        (
            &["order_1,re_1,refund,300,EUR,,,DAY1", "order_1,re_2,refund,300,EUR,,,DAY1"],
            &["order_1,tx_1,refund,300,EUR,,,DAY1", "order_1,tx_2,refund,300,EUR,,,DAY1"],
            2,
            &[],
        ),
        (
            &["order_1,re_1,refund,300,EUR,,,DAY1", "order_1,re_2,refund,200,EUR,,,DAY1"],
            &["order_1,tx_1,refund,300,EUR,,,DAY1", "order_1,tx_2,refund,250,EUR,,,DAY1"],
            1,
            &["amount_mismatch order_1 EUR 200 250 50 0 l3 s3"],
        ),
        (
            &["order_1,re_1,refund,300,EUR,,,DAY1", "order_1,re_2,refund,200,EUR,,,DAY1"],
            &["order_1,tx_1,refund,310,EUR,,,DAY1", "order_1,tx_2,refund,250,EUR,,,DAY1"],
            0,
            &["ambiguous order_1 EUR 500 560 60 0 l2,3 s2,3"],
        ),
        (
            &["order_1,re_1,refund,300,EUR,,,DAY1"],
            &["order_1,re_1,refund,-300,EUR,,,DAY1"],
            0,
            &["sign_suspect order_1 EUR 300 -300 -600 0 l2 s2"],
        ),
        // Payouts stand against the bank, unless the ledger books them.
        (&[fine], &[fine, "po_1,po_1,payout,970,EUR,,,DAY1"], 1, &[]),
        (
            &[fine, "po_2,po_2,payout,970,EUR,,,DAY1"],
            &[fine, "po_2,po_2,payout,970,EUR,,,DAY1", "po_1,po_1,payout,970,EUR,,,DAY1"],
            2,
            &["missing_in_mirror po_1 EUR - 970 - 0 l s4"],
        ),
        // Where there is no reference, the id is one.
        (&[",ch_1,charge,1000,EUR,,,DAY1"], &[",ch_1,charge,1000,EUR,,,DAY1"], 1, &[]),
    ];
    for (number, (ledger, settlement, matched, breaks)) in table.iter().enumerate() {
        let report = reconcile(&file(ledger), &file(settlement), Options::default()).unwrap();
        let found: Vec<String> = report.breaks.iter().map(line).collect();
        assert_eq!(found, *breaks, "row {number} of the table");
        assert_eq!(report.matched, *matched, "row {number} of the table");
        assert_eq!(report.rows.ledger, ledger.len());
        assert_eq!(report.rows.settlement, settlement.len());
    }
}

#[test]
fn what_is_young_is_in_flight_and_becomes_missing_with_time() {
    let ledger = file(&["order_1,ch_1,charge,1000,EUR,,succeeded,2026-03-02T06:00:00Z"]);
    let settlement = file(&["order_2,ch_2,charge,1,EUR,,,2026-03-02T06:00:00Z"]);
    // as of                    days   in flight  missing
    let table = [
        (None, 2, 1, 0),
        (Some("2026-03-04T06:00:00Z"), 2, 1, 0),
        (Some("2026-03-04T06:00:01Z"), 2, 0, 1),
        (Some("2026-03-04T06:00:01Z"), 3, 1, 0),
        (Some("2026-03-02T06:00:00Z"), 0, 1, 0),
        (Some("2026-03-02T06:00:01Z"), 0, 0, 1),
    ];
    for (as_of, in_flight_days, in_flight, missing) in table {
        let as_of = as_of.map(|text| parse_rfc3339(text).unwrap());
        let report =
            reconcile(&ledger, &settlement, Options { as_of, in_flight_days, ..Options::default() }).unwrap();
        let found = report.breaks.iter().filter(|found| found.kind.code() == "B2").count();
        assert_eq!((report.in_flight.len(), found), (in_flight, missing), "{as_of:?}, {in_flight_days} days");
    }
    // Without a time nothing can be in flight.
    let timeless = "reference,amount,currency\norder_1,10.00,EUR\n";
    let report = reconcile(timeless, "reference,amount,currency\n", Options::default()).unwrap();
    assert_eq!(
        report.breaks.iter().map(line).collect::<Vec<_>>(),
        ["missing_in_settlement order_1 EUR 1000 - - - l2 s"]
    );
}

#[test]
fn the_document_is_the_one_of_the_contract() {
    let ledger =
        file(&["order_1,ch_1,charge,1000,EUR,30,succeeded,DAY1", "order_9,ch_9,charge,500,EUR,,,DAY9"]);
    let settlement = file(&["order_1,ch_1,charge,750,EUR,30,succeeded,DAY1"]);
    let report = reconcile(&ledger, &settlement, Options::default()).unwrap();
    let id = report.breaks[0].id.clone();
    assert_eq!(id.len(), 32);
    let expected = format!(
        concat!(
            r#"{{"version":1,"summary":{{"rows":{{"ledger":2,"settlement":1,"bank":0}},"matched":0,"in_flight":1,"#,
            r#""breaks":1,"set_aside":0,"as_of":"2026-03-09T12:00:00Z","rules":"tillproof-default@1","#,
            r#""by_kind":{{"amount_mismatch":{{"count":1,"difference_minor":{{"EUR":"-250"}}}}}}}},"#,
            r#""breaks":[{{"id":"{}","kind":"amount_mismatch","code":"D2","secondary":[],"hop":"H1","#,
            r#""reference":"order_1","currency":"EUR","expected_minor":"1000","found_minor":"750","#,
            r#""difference_minor":"-250","age_days":8,"rows":{{"ledger":[{{"file":"ledger.csv","line":2}}],"#,
            r#""settlement":[{{"file":"s.csv","line":2}}],"bank":[]}},"rule":"by_reference@1","#,
            r#""explanation":"For the charge order_1 the ledger says 10.00 EUR and the settlement says 7.50 EUR, "#,
            r#"which is 2.50 EUR less."}}],"#,
            r#""in_flight":[{{"reference":"order_9","due":"2026-03-11T12:00:00Z","type":"charge","#,
            r#""amount_minor":"500","currency":"EUR"}}]}}"#
        ),
        id
    );
    assert_eq!(report.to_json(), expected);
    let _: serde_json::Value = serde_json::from_str(&expected).unwrap();
}

#[test]
fn each_kind_is_explained_in_a_sentence() {
    let fine = "order_1,ch_1,charge,1000,EUR,30,succeeded,DAY1";
    let other = "order_1,ch_2,charge,1000,EUR,30,succeeded,DAY1";
    let late = "order_9,ch_9,charge,1,EUR,,,DAY9";
    let table: &[(&[&str], &[&str], &str)] = &[
        (
            &[fine, late],
            &[late],
            "The ledger has the charge order_1 of 2026-03-01 over 10.00 EUR, but the settlement does not have it \
             after 8 days: ask the provider for it, or check whether a settlement file is missing.",
        ),
        (
            &[late],
            &[fine, late],
            "The settlement has the charge order_1 of 2026-03-01 over 10.00 EUR, which the ledger does not know: an \
             event may have been lost, or the payment is not yours.",
        ),
        (&[fine, fine], &[fine], "The ledger has the charge order_1 twice under the id ch_1: count it once."),
        (
            &["order_1,,,1000,EUR,,,"],
            &["order_1,,,1000,EUR,,,", "order_1,,,1000,EUR,,,", "order_1,,,1000,EUR,,,"],
            "The settlement has the charge order_1 3 times with the same content: count it once.",
        ),
        (
            &[fine],
            &[fine, other],
            "The charge order_1 of 10.00 EUR was taken more than once, once in the ledger and twice in the \
             settlement: the customer may have paid twice, so check and refund what is too much.",
        ),
        (
            &[fine],
            &[fine, "order_1,ch_2,charge,400,EUR,30,succeeded,DAY1"],
            "Several different charges share the reference order_1: the ledger has 10.00 EUR, the settlement has \
             4.00 EUR and 10.00 EUR; find out which belongs to the order.",
        ),
        (
            &["order_1,,refund,300,JPY,,,DAY1", "order_1,,refund,200,JPY,,,DAY1"],
            &["order_1,,refund,310,JPY,,,DAY1"],
            "Rows like the refund order_1 stand several times on a side and nothing tells which belongs to which: the \
             ledger has 2 of 200 JPY and 300 JPY, the settlement has 1 of 310 JPY; match them by hand.",
        ),
        (
            &[fine],
            &["order_1,ch_1,charge,1000,USD,30,succeeded,DAY1"],
            "For the charge order_1 the ledger says 10.00 EUR and the settlement says 10.00 USD: the currencies \
             differ, and neither side names a conversion.",
        ),
        (
            &[fine],
            &["order_1,ch_1,charge,1001,EUR,30,succeeded,DAY1"],
            "For the charge order_1 the ledger says 10.00 EUR and the settlement says 10.01 EUR, which is 0.01 EUR \
             more.",
        ),
        (
            &[fine],
            &["order_1,ch_1,charge,1000,EUR,35,succeeded,DAY1"],
            "The amounts of the charge order_1 agree, but the ledger expects a fee of 0.30 EUR and the settlement \
             took 0.35 EUR, which is 0.05 EUR more.",
        ),
        (
            &[fine],
            &["order_1,ch_1,charge,1000,EUR,30,refunded,DAY1"],
            "The amounts of the charge order_1 agree, but it is `succeeded` in the ledger and `refunded` in the \
             settlement: fetch its state from the provider.",
        ),
    ];
    let mut kinds = BTreeSet::new();
    for (ledger, settlement, expected) in table {
        let report = reconcile(&file(ledger), &file(settlement), Options::default()).unwrap();
        assert_eq!(report.breaks.len(), 1, "{expected}");
        assert_eq!(report.breaks[0].explanation, *expected);
        let _ = kinds.insert(report.breaks[0].kind);
    }
    assert_eq!(kinds.len(), 11, "a kind has no sentence here");
}

/// A break without the places of its rows, which change when files are split.
fn essence(report: &Report) -> (Vec<Break>, usize, usize, Vec<tillproof::reconcile::InFlight>) {
    let breaks = report.breaks.iter().map(|found| Break {
        ledger: Vec::new(),
        settlement: Vec::new(),
        nearest: found.nearest.clone().map(|near| {
            let place = tillproof::reconcile::RowPlace { file: String::new(), line: 0 };
            tillproof::reconcile::Nearest { place, ..near }
        }),
        ..found.clone()
    });
    (breaks.collect(), report.matched, report.set_aside, report.in_flight.clone())
}

#[test]
fn injected_drift_is_found_named_and_nothing_is_invented() {
    let mut seen = BTreeSet::new();
    for seed in 1..=40 {
        let month = Month::generate(seed, 400);
        let report = run(
            &[Source { name: "ledger.csv", data: csv(&month.ledger).as_bytes() }],
            &[Source { name: "s.csv", data: csv(&month.settlement).as_bytes() }],
            Options {
                as_of: Some(parse_rfc3339(drift::AS_OF).unwrap()),
                in_flight_days: 2,
                ..Options::default()
            },
        )
        .unwrap();
        let found: BTreeSet<(String, String, Vec<String>)> = report
            .breaks
            .iter()
            .map(|found| {
                let secondary = found.secondary.iter().map(|kind| kind.name().to_owned()).collect();
                (found.reference.clone(), found.kind.name().to_owned(), secondary)
            })
            .collect();
        assert_eq!(found.len(), report.breaks.len(), "seed {seed}: a break is reported twice");
        let expected: BTreeSet<_> = month.injected.iter().cloned().collect();
        let missed: Vec<_> = expected.difference(&found).collect();
        let invented: Vec<_> = found.difference(&expected).collect();
        assert!(
            missed.is_empty() && invented.is_empty(),
            "seed {seed}: missed {missed:?}, invented {invented:?}"
        );
        let flying: BTreeSet<String> = report.in_flight.iter().map(|row| row.reference.clone()).collect();
        assert_eq!(flying, month.in_flight, "seed {seed}");
        seen.extend(found.into_iter().map(|(_, kind, _)| kind));
        assert_eq!(
            report.breaks.iter().map(|found| &found.id).collect::<BTreeSet<_>>().len(),
            report.breaks.len()
        );
        every_cent_is_explained(&month, &report, seed);
    }
    assert_eq!(seen.len(), 11, "the generator misses a kind: {seen:?}");
}

#[test]
fn the_passes_find_what_trying_every_pairing_finds() {
    let mut seen = BTreeSet::new();
    let mut random = Random::new(5);
    for case in 0..3_000 {
        let kind = if random.once_in(2) { "charge" } else { "refund" };
        let mut side = |ids: &[&'static str]| -> Vec<verdicts::Tiny> {
            let tiny = |random: &mut Random| verdicts::Tiny {
                id: random.pick(ids),
                amount: 1 + i64::try_from(random.below(3)).unwrap(),
                fee: i64::try_from(random.below(3)).unwrap(),
            };
            (0..random.below(4)).map(|_| tiny(&mut random)).collect()
        };
        let (ledger, settlement) = (side(&["a", "b", "c"]), side(&["a", "x", "y", "z"]));
        let text = |rows: &[verdicts::Tiny]| {
            let rows =
                rows.iter().map(|row| format!("r,{},{kind},{},EUR,{},,DAY1", row.id, row.amount, row.fee));
            let rows: Vec<String> = rows.collect();
            file(&rows.iter().map(String::as_str).collect::<Vec<_>>())
        };
        let as_of = Some(parse_rfc3339(DAY_9).unwrap());
        let options = Options { as_of, in_flight_days: 2, ..Options::default() };
        let report = reconcile(&text(&ledger), &text(&settlement), options).unwrap();
        let mut found: Vec<BTreeSet<&str>> = report
            .breaks
            .iter()
            .map(|each| core::iter::once(&each.kind).chain(&each.secondary).map(|kind| kind.name()).collect())
            .collect();
        found.sort();
        let expected = verdicts::verdicts(kind == "charge", &ledger, &settlement);
        assert_eq!((found, report.matched), expected, "case {case}: {kind} {ledger:?} {settlement:?}");
        seen.extend(report.breaks.iter().map(|each| each.kind.name()));
    }
    assert_eq!(seen.len(), 13, "the workload misses a kind: {seen:?}");
}

/// What the settlement has more than the ledger is the sum of what was found, in each currency.
fn every_cent_is_explained(month: &Month, report: &Report, seed: u64) {
    for currency in drift::CURRENCIES {
        let total = |rows: &[drift::Line]| -> i128 {
            rows.iter().filter(|row| row.currency == *currency).map(|row| i128::from(row.amount)).sum()
        };
        let mut explained = 0;
        for found in report.breaks.iter().filter(|found| found.currency.code() == *currency) {
            explained += match found.kind.name() {
                "fee_mismatch" | "fee_unexpected" => 0,
                "missing_in_settlement" => -found.expected.unwrap(),
                "missing_in_mirror" => found.found.unwrap(),
                "currency_mismatch" => -found.expected.unwrap(),
                _ => {
                    found.difference.unwrap_or_else(|| found.found.unwrap_or(0) - found.expected.unwrap_or(0))
                }
            };
        }
        // A row in another currency arrives there instead.
        explained += month.moved_into.get(*currency).copied().unwrap_or(0);
        let flying = report.in_flight.iter().filter(|row| row.currency.code() == *currency);
        explained -= flying.map(|row| i128::from(row.amount)).sum::<i128>();
        assert_eq!(total(&month.settlement) - total(&month.ledger), explained, "seed {seed}, {currency}");
    }
}

#[test]
fn shuffling_rows_and_columns_and_splitting_files_changes_nothing() {
    for seed in 1..=20 {
        let month = Month::generate(seed, 200);
        let options = Options { as_of: None, in_flight_days: 2, ..Options::default() };
        let (ledger, settlement) = (csv(&month.ledger), csv(&month.settlement));
        let before = reconcile(&ledger, &settlement, options).unwrap();
        let mut random = Random::new(seed);
        let mut shuffled = month.clone();
        drift::shuffle(&mut random, &mut shuffled.ledger);
        drift::shuffle(&mut random, &mut shuffled.settlement);
        // Two files a side, the second in other columns.
        let halves = |rows: &[drift::Line]| {
            let (first, second) = rows.split_at(rows.len() / 3);
            [csv(first), drift::csv_other_way(second)]
        };
        let (ledger, settlement) = (halves(&shuffled.ledger), halves(&shuffled.settlement));
        let sources = |files: &'_ [String; 2]| {
            let [first, second] = files;
            [("1.csv", first), ("2.csv", second)].map(|(name, text)| (name, text.clone().into_bytes()))
        };
        let (ledger, settlement) = (sources(&ledger), sources(&settlement));
        let ledger = ledger.each_ref().map(|(name, data)| Source { name, data });
        let settlement = settlement.each_ref().map(|(name, data)| Source { name, data });
        let after = run(&ledger, &settlement, options).unwrap();
        assert_eq!(essence(&after), essence(&before), "seed {seed}");
    }
}

#[test]
fn swapping_the_sides_mirrors_the_report() {
    for seed in 1..=20 {
        let month = Month::generate(seed, 200);
        // Long after the month nothing is in flight.
        let options = Options {
            as_of: Some(parse_rfc3339("2026-12-31T00:00:00Z").unwrap()),
            in_flight_days: 0,
            ..Options::default()
        };
        let (ledger, settlement) = (csv(&month.ledger), csv(&month.settlement));
        let there = reconcile(&ledger, &settlement, options).unwrap();
        let back = reconcile(&settlement, &ledger, options).unwrap();
        let mirrored = |name: &str| match name {
            "missing_in_mirror" => "missing_in_settlement".to_owned(),
            "missing_in_settlement" => "missing_in_mirror".to_owned(),
            "fee_unexpected" => "fee_missing".to_owned(),
            "fee_missing" => "fee_unexpected".to_owned(),
            // What is stale one way round is a contradiction the other way round.
            "status_stale" | "illegal_transition" => "status_mismatch".to_owned(),
            "duplicate_record_m" => "duplicate_record_s".to_owned(),
            "duplicate_record_s" => "duplicate_record_m".to_owned(),
            other => other.to_owned(),
        };
        let there: BTreeSet<_> =
            there.breaks.iter().map(|b| (b.reference.clone(), mirrored(b.kind.name()))).collect();
        let state = |name: &str| if name == "status_stale" { "status_mismatch" } else { name }.to_owned();
        let back: BTreeSet<_> =
            back.breaks.iter().map(|b| (b.reference.clone(), state(b.kind.name()))).collect();
        assert_eq!(there, back, "seed {seed}");
    }
}

#[test]
fn a_refund_that_names_its_charge_by_id_is_judged_with_it_in_files_of_any_size() {
    for others in [3, 3_000] {
        let mut text =
            "reference,id,type,amount_minor,currency\no1,ch_1,charge,1000,EUR\nch_1,re_1,refund,1500,EUR\n"
                .to_owned();
        text.extend((0..others).map(|number| format!("p{number},c{number},charge,{},EUR\n", 1_000 + number)));
        // The side without ids follows the other's.
        let bare: String = text
            .lines()
            .map(|line| {
                let mut cells: Vec<&str> = line.split(',').collect();
                let _ = cells.remove(1);
                format!("{}\n", cells.join(","))
            })
            .collect();
        for (ledger, settlement) in [(&text, &text), (&text, &bare), (&bare, &text)] {
            let report = reconcile(ledger, settlement, Options::default()).unwrap();
            let found: Vec<&str> = report.breaks.iter().map(|found| found.kind.name()).collect();
            let small =
                reconcile(&first_lines(ledger), &first_lines(settlement), Options::default()).unwrap();
            assert_eq!(
                found,
                small.breaks.iter().map(|found| found.kind.name()).collect::<Vec<_>>(),
                "{others}"
            );
            assert!(ledger != settlement || found == ["over_refund"], "{others}: {found:?}");
        }
    }
}

/// The header, the charge and its refund.
fn first_lines(text: &str) -> String {
    text.lines().take(3).map(|line| format!("{line}\n")).collect()
}

#[test]
fn pairs_that_are_cleared_early_change_nothing_but_the_time_it_takes() {
    for seed in 1..=2 {
        let month = Month::generate(seed, 2_200);
        // A column that lets rows matter to each other, and so keeps every row.
        let kept = |text: &str| {
            let mut lines = text.lines();
            let rows = lines.by_ref().skip(1).map(|line| format!("{line},\n")).collect::<String>();
            format!("{},rate\n{rows}", text.lines().next().unwrap())
        };
        for crlf in [false, true] {
            let ending = |text: String| if crlf { text.replace('\n', "\r\n") } else { text };
            let (ledger, settlement) = (csv(&month.ledger), csv(&month.settlement));
            let slow = reconcile(&kept(&ledger), &kept(&settlement), Options::default()).unwrap();
            let fast = reconcile(&ending(ledger), &ending(settlement), Options::default()).unwrap();
            assert!(slow.breaks.len() > 400, "seed {seed}");
            assert_eq!(fast, slow, "seed {seed}");
        }
    }
}
