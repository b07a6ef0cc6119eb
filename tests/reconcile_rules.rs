//! What rules decide: which passes run, what is small change, how long is late, what a fee should be; and what they say.
#![cfg(not(target_family = "wasm"))]
#![allow(clippy::unwrap_used, reason = "a test that panics has done its work")]

use tillproof::advice::Diagnose;
use tillproof::calendar::parse_rfc3339;
use tillproof::ledger::EventType;
use tillproof::money::Currency;
use tillproof::reconcile::{
    FeeRule, Options, Pass, Reach, Report, Rules, Side, Source, Sources, Statement, Terms, Tolerance,
    judge_by, matches, read, report, run_by,
};

const HEADER: &str = "reference,id,type,amount_minor,currency,fee_minor,occurred_at,account,original_amount_minor,\
                      original_currency,rate,payout_id\n";

/// `reference id amount` and cells by name.
fn row(text: &str) -> String {
    let names: Vec<&str> = HEADER.trim().split(',').collect();
    let mut cells = vec![String::new(); names.len()];
    let defaults = [("type", "charge"), ("currency", "EUR"), ("occurred_at", "2026-03-10T12:00:00Z")];
    let given = ["reference", "id", "amount_minor"].into_iter().zip(text.split(' '));
    let named = text.split(' ').skip(3).map(|cell| cell.split_once('=').unwrap());
    for (name, value) in defaults.into_iter().chain(given).chain(named) {
        let place = names.iter().position(|known| *known == name).unwrap();
        *cells.get_mut(place).unwrap() = value.trim_matches('-').to_owned();
    }
    cells.join(",")
}

fn file(rows: &[&str]) -> String {
    format!("{HEADER}{}", rows.iter().map(|text| row(text) + "\n").collect::<String>())
}

fn judged(ledger: &[&str], settlement: &[&str], options: Options<'_>, rules: Option<&Rules>) -> Report {
    let terms = Terms { rules: rules.cloned().unwrap_or_default(), ..Terms::default() };
    let (ledger, settlement) = (file(ledger), file(settlement));
    let sources = Sources {
        ledger: &[Source { name: "l.csv", data: ledger.as_bytes() }],
        settlement: &[Source { name: "s.csv", data: settlement.as_bytes() }],
        ..Sources::default()
    };
    run_by(&sources, options, &terms).unwrap()
}

fn told(report: &Report) -> Vec<String> {
    let digits = |value: Option<i128>| value.map_or_else(|| "-".to_owned(), |value| value.to_string());
    let line = |found: &tillproof::reconcile::Break| {
        format!(
            "{} {} {} {}",
            found.kind.name(),
            found.reference,
            digits(found.expected),
            digits(found.found)
        )
    };
    report.breaks.iter().map(line).collect()
}

#[test]
fn a_pass_that_is_left_out_brings_nothing_together() {
    // ledger, settlement, passes, breaks
    type Case<'a> = (&'a [&'a str], &'a [&'a str], &'a [Pass], &'a [&'a str]);
    let table: &[Case<'_>] = &[
        (&["a ch_1 1000"], &["b ch_1 1000"], &[Pass::ById], &[]),
        (
            &["a ch_1 1000 occurred_at=2026-03-01T00:00:00Z", "z ch_9 1"],
            &["b ch_1 1000", "z ch_9 1"],
            &[Pass::ByAmount],
            &["missing_in_settlement a 1000 -", "missing_in_mirror b - 1000"],
        ),
        (&["a ch_1 1000"], &["- tx_1 1000"], &[Pass::ByAmount, Pass::ById], &[]),
        (
            &["a ch_1 1000 occurred_at=2026-03-01T00:00:00Z"],
            &["- tx_1 1000"],
            &[Pass::ById],
            &["missing_in_settlement a 1000 -", "missing_in_mirror tx_1 - 1000"],
        ),
        (&["a ch_1 1000"], &["a tx_1 600", "a tx_2 400"], &[Pass::BySum], &[]),
        (&["a ch_1 1000"], &["a tx_1 600", "a tx_2 400"], &[], &["reference_collision a 1000 1000"]),
    ];
    for (ledger, settlement, passes, expected) in table {
        let rules = Rules { passes: passes.to_vec(), ..Rules::default() };
        let report = judged(ledger, settlement, Options::default(), Some(&rules));
        assert_eq!(told(&report), *expected, "{ledger:?} {settlement:?} {passes:?}");
    }
}

#[test]
fn small_change_is_what_the_rules_call_so_and_is_still_told() {
    let rules = Rules {
        tolerances: vec![Tolerance { currency: Currency::EUR, minor: 2, conversion_basis_points: 10 }],
        ..Rules::default()
    };
    // ledger, settlement, break without rules, break with them
    let table = [
        ("a ch 10000", "a ch 10002", "amount_mismatch", "rounding"),
        ("a ch 10000", "a ch 10003", "amount_mismatch", "amount_mismatch"),
        ("a ch 10000 currency=USD", "a ch 10001 currency=USD", "amount_mismatch", "amount_mismatch"),
        (
            "a ch 10000 original_amount_minor=9000 original_currency=USD",
            "a ch 10010",
            "amount_mismatch",
            "rounding",
        ),
        (
            "a ch 10000 original_amount_minor=9000 original_currency=USD",
            "a ch 10011",
            "amount_mismatch",
            "amount_mismatch",
        ),
    ];
    for (ours, theirs, without, with) in table {
        for (rules, kind) in [(None, without), (Some(&rules), with)] {
            let report = judged(&[ours], &[theirs], Options::default(), rules);
            let kinds: Vec<&str> = report.breaks.iter().map(|found| found.kind.name()).collect();
            assert_eq!(kinds, [kind], "{ours} {theirs}");
        }
    }
}

#[test]
fn each_account_has_the_window_of_its_rules() {
    let reach = |account: &str, days, is_business| Reach { account: account.to_owned(), days, is_business };
    let rules =
        Rules { reaches: vec![reach("slow", 5, false), reach("banker", 2, true)], ..Rules::default() };
    // 2026-03-13 was a Friday. account, as of, in flight
    let table = [
        ("quick", "2026-03-15T12:00:00Z", 1),
        ("quick", "2026-03-15T12:00:01Z", 0),
        ("slow", "2026-03-18T12:00:00Z", 1),
        ("slow", "2026-03-18T12:00:01Z", 0),
        ("banker", "2026-03-17T12:00:00Z", 1),
        ("banker", "2026-03-17T12:00:01Z", 0),
    ];
    for (account, as_of, flying) in table {
        let row = format!("a ch 1000 occurred_at=2026-03-13T12:00:00Z account={account}");
        let options = Options { as_of: Some(parse_rfc3339(as_of).unwrap()), ..Options::default() };
        let report = judged(&[&row], &[], options, Some(&rules));
        assert_eq!((report.in_flight.len(), report.breaks.len()), (flying, 1 - flying), "{account} {as_of}");
        let due = report.in_flight.first().map(|row| row.due);
        assert!(due.is_none_or(|due| due == parse_rfc3339(as_of).unwrap()), "{account} {due:?}");
    }
}

#[test]
fn a_fee_on_which_both_agree_is_held_against_the_contract() {
    let fee = |up_to_minor, millionths, fixed_minor| FeeRule {
        kind: EventType::Charge,
        currency: Currency::EUR,
        account: String::new(),
        up_to_minor,
        millionths,
        fixed_minor,
        least_minor: None,
        most_minor: Some(5_000),
    };
    // 1.4 % and 25 cents up to 100.00, 1.2 % and 25 cents above, never more than 50.00.
    let rules =
        Rules { fees: vec![fee(Some(10_000), 14_000, 25), fee(None, 12_000, 25)], ..Rules::default() };
    // amount and fee, breaks
    let table: [(&str, &[&str]); 9] = [
        ("10000 fee_minor=165", &[]),
        // 1.4 % of 99.99 are 139.986 cents: either neighbour is right.
        ("9999 fee_minor=164", &[]),
        ("9999 fee_minor=165", &[]),
        ("9999 fee_minor=166", &["fee_off_contract a 165 166"]),
        ("20000 fee_minor=265", &[]),
        ("20000 fee_minor=305", &["fee_off_contract a 265 305"]),
        ("9000000 fee_minor=5000", &[]),
        ("10000 fee_minor=0", &["fee_missing a 165 0"]),
        ("10000 fee_minor=30 currency=USD", &[]),
    ];
    for (text, expected) in table {
        let row = format!("a ch {text}");
        let report = judged(&[&row], &[&row], Options::default(), Some(&rules));
        assert_eq!(told(&report), expected, "{text}");
        assert_eq!(report.matched, 1 - expected.len(), "{text}");
    }
    // Where the two disagree, that is said first.
    let report = judged(
        &["a ch 10000 fee_minor=165"],
        &["a ch 10000 fee_minor=170"],
        Options::default(),
        Some(&rules),
    );
    assert_eq!(told(&report), ["fee_mismatch a 165 170"]);
}

#[test]
fn every_pair_that_is_counted_is_told_with_its_pass_its_rules_and_what_decided() {
    let ledger =
        file(&["a ch_a 1000", "b ch_b 5", "b ch_c 6", "c ch_d 70", "d p_0 900", "e p_2 33", "f p_3 1"]);
    let settlement = file(&[
        "a ch_a 1000",
        "b ch_c 6",
        "b ch_b 5",
        "x ch_d 70",
        "d p_1 500",
        "d p_2 400",
        "- tx_1 33",
        "f p_3 2",
    ]);
    let sources = Sources {
        ledger: &[Source { name: "l.csv", data: ledger.as_bytes() }],
        settlement: &[Source { name: "s.csv", data: settlement.as_bytes() }],
        ..Sources::default()
    };
    let rules = Rules { name: "shop".to_owned(), version: 7, ..Rules::default() };
    let terms = Terms { rules, keeps_matches: true, ..Terms::default() };
    let batch = read(&sources, Options { is_whole: terms.needs_every_row(), ..Options::default() }).unwrap();
    let verdicts = judge_by(&batch, &terms.packed()).unwrap();
    let lines = matches(&verdicts).unwrap();
    let found = report(&verdicts).unwrap();
    assert_eq!((found.rules.as_str(), found.matched, lines.lines().count()), ("shop@7", 6, 6), "{lines}");
    for (line, expected) in lines.lines().zip([
        r#""reference":"a","amount_minor":"1000","currency":"EUR","fields":["type","reference"],"rows":{"ledger":[{"file":"l.csv","line":2}],"settlement":[{"file":"s.csv","line":2}]"#,
        r#""fields":["type","reference","id"]"#,
        r#""fields":["type","reference","id"]"#,
        r#"{"pass":"by_sum@1","rules":"shop@7","hop":"H1","reference":"d","amount_minor":"900""#,
        r#"{"pass":"by_id@1","rules":"shop@7","hop":"H1","reference":"c","amount_minor":"70","currency":"EUR","fields":["type","id","amount","currency"]"#,
        r#"{"pass":"by_amount@1","rules":"shop@7","hop":"H1","reference":"e","amount_minor":"33","currency":"EUR","fields":["type","amount","currency","occurred_at"]"#,
    ]) {
        assert!(line.contains(expected), "{line}\nlacks {expected}");
    }
    // Nobody asked, so nothing is kept, and nothing else changes.
    let silent = judge_by(&batch, &Terms { keeps_matches: false, ..terms }.packed()).unwrap();
    assert_eq!(matches(&silent).unwrap(), "");
    assert_eq!(report(&silent).unwrap(), found);
}

#[test]
fn a_row_that_is_missing_names_what_came_nearest_and_what_kept_them_apart() {
    /// Ledger, settlement, what the missing row of the ledger names.
    type Case = (&'static str, &'static str, Option<(&'static str, &'static str, &'static str)>);
    let late = "occurred_at=2026-03-20T00:00:00Z";
    let table: [Case; 5] = [
        ("a ch_1 1000", "b ch_1 1001", Some(("b", "by_id@1", "amount"))),
        ("a ch_1 1000", "b ch_1 1000 type=refund", Some(("b", "by_id@1", "type"))),
        ("a ch_1 1000", "b tx_1 1000", Some(("b", "by_amount@1", "reference"))),
        (
            "a ch_1 1000",
            "- tx_1 1000 occurred_at=2026-03-19T00:00:00Z",
            Some(("tx_1", "by_amount@1", "occurred_at")),
        ),
        ("a ch_1 1000", "b tx_1 999", None),
    ];
    for (ours, theirs, expected) in table {
        let last = format!("z ch_z 1 {late}");
        let report = judged(&[ours, &last], &[theirs, &last], Options::default(), None);
        let missing =
            report.breaks.iter().find(|found| found.kind.name() == "missing_in_settlement").unwrap();
        let found = missing.nearest.as_ref();
        let found = found.map(|near| (near.reference.as_str(), near.rule, near.differs));
        assert_eq!(found, expected, "{ours} {theirs}");
        if let Some((_, rule, differs)) = expected {
            let json = report.to_json();
            let wanted = r#""nearest":{"file":"s.csv","line":2,"#;
            assert!(
                json.contains(wanted)
                    && json.contains(&format!(r#""rule":"{rule}","differs":"{differs}"}}"#)),
                "{json}"
            );
        }
    }
}

#[test]
fn rules_that_contradict_themselves_are_refused() {
    let reach = Reach { account: "a".to_owned(), days: 367, is_business: false };
    let table = [
        (Rules { reaches: vec![reach], ..Rules::default() }, "a window is longer than 366 days"),
        (Rules { passes: vec![Pass::ById, Pass::ById], ..Rules::default() }, "a pass stands twice"),
    ];
    for (rules, problem) in table {
        let error = run_by(&Sources::default(), Options::default(), &Terms { rules, ..Terms::default() })
            .unwrap_err();
        let expected = format!("the rules tillproof-default@1 cannot be applied: {problem}");
        assert_eq!((error.code(), error.to_string()), ("reconcile_rules_invalid", expected));
    }
}

#[test]
fn statements_are_held_against_themselves_and_against_the_ones_before() {
    let of = |number: u64, day: &str, opening: i64, closing: i64, sum: i128| Statement {
        side: Side::Bank,
        file: 0,
        line: number * 10,
        account: "DE02",
        id: "",
        number: Some(number),
        page: None,
        currency: Currency::EUR,
        from: Some(parse_rfc3339(&format!("2026-{day}T00:00:00Z")).unwrap()),
        opening: Some(opening),
        closing: Some(closing),
        sum,
        shortfall: "",
        totals: None,
    };
    let first = of(44, "03-01", 100, 150, 50);
    let second = of(45, "03-02", 150, 120, -30);
    let short = Statement { shortfall: "it says 3 entries and has 2", ..first };
    let summed = Statement { shortfall: "it says 0.80 and has 0.50", totals: Some((80, 50)), ..first };
    // statements, breaks: kind, reference, expected, found, lines
    let table: [(&[Statement<'_>], &[&str]); 13] = [
        (&[first, second], &[]),
        (&[second, first], &[]),
        (&[first, first, second], &[]),
        (&[first, of(46, "03-03", 120, 130, 10)], &["file_gap DE02 - - 440,460"]),
        (&[first, of(45, "03-02", 149, 119, -30)], &["balance_chain_break DE02 150 149 440,450"]),
        (&[of(44, "03-01", 100, 151, 50)], &["balance_chain_break DE02 150 151 440"]),
        (&[short], &["file_truncated DE02 - - 440"]),
        (&[summed], &["file_truncated DE02 80 50 440"]),
        // A year begins anew, with its first statement.
        (&[second, of(1, "12-31", 120, 120, 0)], &[]),
        (&[second, of(3, "12-31", 120, 120, 0)], &["file_gap DE02 - - 30,450"]),
        // Pages of one statement, and one of them missing.
        (
            &[
                Statement { page: Some(1), ..first },
                Statement { page: Some(2), opening: Some(150), closing: Some(200), ..first },
            ],
            &[],
        ),
        (
            &[
                Statement { page: Some(1), ..first },
                Statement { page: Some(3), opening: Some(150), closing: Some(200), ..first },
            ],
            &["file_gap DE02 - - 440,440"],
        ),
        // Accounts and currencies have series of their own.
        (
            &[
                first,
                Statement { account: "DE99", ..of(90, "03-02", 1, 1, 0) },
                Statement { currency: Currency::USD, ..of(7, "03-02", 2, 2, 0) },
            ],
            &[],
        ),
    ];
    let bank = "id,reference,amount_minor,currency,booked_at\n";
    let sources = Sources { bank: &[Source { name: "b.sta", data: bank.as_bytes() }], ..Sources::default() };
    for (statements, expected) in table {
        let report = run_by(&sources, Options::default(), &Terms { statements, ..Terms::default() }).unwrap();
        let found: Vec<String> = report
            .breaks
            .iter()
            .map(|found| {
                let lines: Vec<String> = found.bank.iter().map(|place| format!("{}", place.line)).collect();
                let digits =
                    |value: Option<i128>| value.map_or_else(|| "-".to_owned(), |value| value.to_string());
                assert!(
                    !found.explanation.contains(['{', '}']) && !found.explanation.contains("  "),
                    "{}",
                    found.explanation
                );
                assert_eq!(found.hop.name(), "H0");
                let (expected, actual) = (digits(found.expected), digits(found.found));
                format!("{} {} {expected} {actual} {}", found.kind.name(), found.reference, lines.join(","))
            })
            .collect();
        assert_eq!(found, expected, "{statements:?}");
    }
}

#[test]
fn two_amounts_under_one_id_of_the_books_are_a_conflict_and_not_a_copy() {
    // ledger, settlement, break
    let table = [
        (["a ch_a 1000", "a ch_a 1000"], "duplicate_record_m a 2000 1000"),
        (["a ch_a 1000", "a ch_a 900"], "idempotency_conflict a 1900 1000"),
        (["a ch_a 1000", "a ch_a 1000 currency=USD"], "idempotency_conflict a - 1000"),
    ];
    for (ledger, expected) in table {
        let report = judged(&ledger, &["a ch_a 1000"], Options::default(), None);
        assert_eq!(told(&report), [expected], "{ledger:?}");
    }
}
