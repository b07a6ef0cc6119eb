//! The same facts in another spelling are the same facts; what is not certain is refused or named.
#![cfg(not(target_family = "wasm"))]
#![allow(clippy::unwrap_used, reason = "a test that panics has done its work")]

use tillproof::reconcile::{Options, Report, Source, Sources, run};

fn reconcile(ledger: &str, settlement: &str) -> Result<Report, String> {
    let sources = Sources {
        ledger: &[Source { name: "ledger.csv", data: ledger.as_bytes() }],
        settlement: &[Source { name: "s.csv", data: settlement.as_bytes() }],
        ..Sources::default()
    };
    run(&sources, Options::default()).map_err(|error| error.to_string())
}

/// Matched, and what is wrong: `kind reference`.
fn told(report: &Report) -> (usize, Vec<String>) {
    let breaks = report.breaks.iter().map(|found| format!("{} {}", found.kind.name(), found.reference));
    (report.matched, breaks.collect())
}

#[test]
fn a_file_is_read_in_whatever_spelling_leaves_no_doubt() {
    let plain = "reference,id,amount_minor,currency,occurred_at\na,ch_a,1000,EUR,2026-03-10T12:00:00Z\n";
    let table = [
        ("lower case of a currency", "reference,id,amount_minor,currency\na,ch_a,1000,eur\n"),
        ("blanks around cells", "reference, id, amount_minor, currency\na,ch_a, 1000 , EUR\n"),
        ("case of names", "Reference,ID,Amount_Minor,CURRENCY\na,ch_a,1000,EUR\n"),
        ("case of types", "reference,id,type,amount_minor,currency\na,ch_a,CHARGE,1000,EUR\n"),
        ("semicolons", "reference;id;amount_minor;currency\na;ch_a;1000;EUR\n"),
        ("a comma in a name", "reference;id;amount_minor;currency;note, if any\na;ch_a;1000;EUR;x, y\n"),
        ("a semicolon in a name", "reference,id,amount_minor,currency,note; if any\na,ch_a,1000,EUR,x; y\n"),
        ("tabs", "reference\tid\tamount\tcurrency\na\tch_a\t10.00\tEUR\n"),
        (
            "quotes and order",
            "\"currency\",\"note\",\"amount\",\"id\",\"reference\"\r\nEUR,\"x, y\",10,ch_a,a\r\n",
        ),
        ("a mark in front", "\u{feff}reference,id,amount_minor,currency\na,ch_a,1000,EUR\n"),
        ("a zone", "reference,id,amount,currency,occurred_at\na,ch_a,10.0,EUR,2026-03-10T14:00:00+02:00\n"),
        (
            "a blank for the T",
            "reference,id,amount,currency,occurred_at\na,ch_a,10.0,EUR,2026-03-10 12:00:00+00:00\n",
        ),
        ("a day", "reference,id,amount,currency,occurred_at\na,ch_a,10.0,EUR,2026-03-10\n"),
        ("blank lines", "reference,id,amount_minor,currency\n\na,ch_a,1000,EUR\n\n\n"),
    ];
    for (what, text) in table {
        for (ledger, settlement) in [(plain, text), (text, plain), (text, text)] {
            let report = reconcile(ledger, settlement).unwrap_or_else(|error| panic!("{what}: {error}"));
            assert_eq!(told(&report), (1, Vec::new()), "{what}: {ledger}{settlement}");
        }
    }
}

#[test]
fn columns_that_differ_in_case_only_are_not_picked_from() {
    let table = [
        // The exact name is the column, whatever else is called nearly so.
        ("reference,Amount_minor,amount_minor,currency\na,7,1000,EUR\n", Ok((1, vec![]))),
        (
            "reference,Amount_minor,AMOUNT_MINOR,currency\na,7,1000,EUR\n",
            Err(
                "s.csv: the header has no column amount_minor or amount: add it or rename the one that holds it",
            ),
        ),
    ];
    for (settlement, expected) in table {
        let found = reconcile("reference,amount_minor,currency\na,1000,EUR\n", settlement);
        assert_eq!(found.map(|report| told(&report)), expected.map_err(str::to_owned), "{settlement}");
    }
}

#[test]
fn days_are_held_against_moments_by_the_day() {
    let rows = |times: &[&str]| {
        let rows = times.iter().enumerate().map(|(at, time)| format!("r{at},p{at},500,EUR,{time}\n"));
        format!("reference,id,amount_minor,currency,occurred_at\n{}", rows.collect::<String>())
    };
    // ledger, settlement, breaks
    let table: [(&[&str], &[&str], &[&str]); 4] = [
        (&["2026-03-10T23:59:00Z"; 3], &["2026-03-10"; 3], &[]),
        (&["2026-03-10"; 3], &["2026-03-12T23:59:59Z"; 3], &[]),
        (&["2026-03-10"], &["2026-03-13"], &["late r0"]),
        (
            &["2026-03-10", "2026-03-11", "2026-03-12"],
            &["2026-03-10", "2026-03-11", "2026-03-11"],
            &["period_shift r2"],
        ),
    ];
    for (ours, theirs, expected) in table {
        let report = reconcile(&rows(ours), &rows(theirs)).unwrap();
        assert_eq!(told(&report).1, expected, "{ours:?} {theirs:?}");
    }
}

#[test]
fn a_day_alone_is_overdue_when_it_has_ended_and_not_when_it_begins() {
    let header = "reference,amount_minor,currency,occurred_at\n";
    // time of the ledger's row, moment ages are counted to, what is in flight, what is wrong
    let table: [(&str, &str, usize, &[&str]); 6] = [
        ("2026-03-26", "2026-03-28T00:00:00Z", 1, &[]),
        ("2026-03-26", "2026-03-28T23:59:59Z", 1, &[]),
        ("2026-03-26", "2026-03-29T00:00:00Z", 0, &["missing_in_settlement a"]),
        ("2026-03-25", "2026-03-28T12:00:00Z", 0, &["missing_in_settlement a"]),
        ("2026-03-26T12:00:00Z", "2026-03-28T12:00:00Z", 1, &[]),
        ("2026-03-26T12:00:00Z", "2026-03-28T12:00:01Z", 0, &["missing_in_settlement a"]),
    ];
    for (time, as_of, in_flight, expected) in table {
        let ledger = format!("{header}a,500,EUR,{time}\n");
        let sources = Sources {
            ledger: &[Source { name: "ledger.csv", data: ledger.as_bytes() }],
            settlement: &[Source { name: "s.csv", data: header.as_bytes() }],
            ..Sources::default()
        };
        let as_of = Some(tillproof::calendar::parse_rfc3339(as_of).unwrap());
        let report = run(&sources, Options { as_of, in_flight_days: 2, ..Options::default() }).unwrap();
        assert_eq!(
            (report.in_flight.len(), told(&report).1),
            (in_flight, expected.iter().map(|one| (*one).to_owned()).collect()),
            "{time}"
        );
    }
}

#[test]
fn a_file_without_zones_is_one_break_and_a_row_without_one_is_its_own() {
    let rows = |ends: &[&str]| {
        let rows =
            ends.iter().enumerate().map(|(at, end)| format!("r{at},500,EUR,2026-03-10T12:00:00{end}\n"));
        format!("reference,amount_minor,currency,occurred_at\n{}", rows.collect::<String>())
    };
    let zoned = rows(&["Z"; 4]);
    let table: [(&[&str], &[&str]); 2] =
        [(&[""; 4], &["time_ambiguous r0"]), (&["Z", "", "Z", "Z"], &["time_ambiguous r1"])];
    for (ends, expected) in table {
        let report = reconcile(&zoned, &rows(ends)).unwrap();
        assert_eq!(told(&report).1, expected, "{ends:?}");
    }
    let report = reconcile(&zoned, &rows(&[""; 4])).unwrap();
    assert_eq!(
        report.breaks.first().unwrap().explanation,
        "Nearly every time in the file s.csv has no zone and was read as UTC: ask for the report with one."
    );
}

#[test]
fn a_fee_in_a_row_of_its_own_is_the_fee_of_its_payment() {
    let header = "reference,id,type,amount_minor,currency,fee_minor,parent_reference\n";
    let in_row =
        format!("{header}a,ch_a,charge,1000,EUR,30,\nb,ch_b,charge,500,EUR,20,\nc,ch_c,charge,70,EUR,9,\n");
    let apart = |fees: [&str; 3], names: [&str; 3]| {
        let charges = "a,ch_a,charge,1000,EUR,,\nb,ch_b,charge,500,EUR,,\nc,ch_c,charge,70,EUR,,\n";
        let fees =
            fees.iter().zip(names).map(|(fee, name)| format!("{name},fee_{name},fee,{fee},EUR,,{name}\n"));
        format!("{header}{charges}{}", fees.collect::<String>())
    };
    let names = ["a", "b", "c"];
    // the fees apart, the breaks when they stand so in the settlement, and in the ledger
    let table: [([&str; 3], &[&str], &[&str]); 3] = [
        (["30", "20", "9"], &[], &[]),
        (["-30", "-20", "-9"], &[], &[]),
        (["30", "25", "9"], &["fee_mismatch b 20 25"], &["fee_mismatch b 25 20"]),
    ];
    let line = |report: &Report| -> Vec<String> {
        let breaks = report.breaks.iter();
        breaks
            .map(|found| {
                let (expected, actual) = (found.expected.unwrap(), found.found.unwrap());
                format!("{} {} {expected} {actual}", found.kind.name(), found.reference)
            })
            .collect()
    };
    for (fees, theirs, ours) in table {
        let report = reconcile(&in_row, &apart(fees, names)).unwrap();
        assert_eq!(
            (line(&report), report.matched),
            (theirs.iter().map(ToString::to_string).collect(), 3 - theirs.len())
        );
        let report = reconcile(&apart(fees, names), &in_row).unwrap();
        assert_eq!(
            (line(&report), report.matched),
            (ours.iter().map(ToString::to_string).collect(), 3 - ours.len())
        );
    }
    // A fee whose payment tells none, or that nobody told, is still without a partner.
    let alone = format!("{header}a,ch_a,charge,1000,EUR,,\nx,fee_x,fee,30,EUR,,a\n");
    let report = reconcile(&format!("{header}a,ch_a,charge,1000,EUR,,\n"), &alone).unwrap();
    assert_eq!(told(&report).1, ["missing_in_mirror x"]);
}
