//! How generic files are read: what reads the same, what is refused, and where.
#![cfg(not(target_family = "wasm"))]
#![allow(clippy::indexing_slicing, clippy::unwrap_used, reason = "a test that panics has done its work")]

#[path = "auditor/two_sides.rs"]
mod two_sides;

use tillproof::advice::Diagnose;
use tillproof::reconcile::{Options, Source};
use two_sides::{HEADER, reconcile, run};

#[test]
fn both_line_endings_a_byte_order_mark_and_quotes_read_the_same() {
    let plain = "reference,amount_minor,currency,note\norder_1,1000,EUR,x\norder_2,5,EUR,y\n";
    let variants = [
        plain.replace('\n', "\r\n"),
        plain.replace('\n', "\r"),
        plain.replace('\n', "\n\n"),
        plain.replace('\n', "\r\n\r\n"),
        format!("\u{feff}{plain}"),
        plain.trim_end().to_owned(),
        "currency,note,\"amount\",reference\nEUR,\"a, \"\"b\"\"\nc\",10.00,\"order_1\"\nEUR,,0.05,order_2\n"
            .to_owned(),
    ];
    for variant in &variants {
        let report = reconcile(plain, variant, Options::default()).unwrap();
        assert_eq!((report.matched, report.breaks.len()), (2, 0), "{variant:?}");
        assert_eq!(report.rows.settlement, 2, "{variant:?}");
    }
    // Lines are counted as an editor counts them, also behind a cell of several lines.
    // variant                              line of the second row
    let table = [
        (plain.to_owned(), 3),
        (plain.replace('\n', "\r\n"), 3),
        (plain.replace('\n', "\r"), 3),
        (plain.replace('\n', "\n\n"), 5),
        (plain.replace('\n', "\r\n\r\n"), 5),
        (plain.replace('\n', "\r\r"), 5),
        (plain.replace(",x", ",\"1\r\n2\n3\""), 5),
    ];
    for (variant, expected) in table {
        let report = reconcile("reference,amount,currency\n", &variant, Options::default()).unwrap();
        assert_eq!(report.breaks[1].settlement[0].line, expected, "{variant:?}");
    }
}

#[test]
fn a_file_that_cannot_be_read_exactly_is_refused_with_its_place() {
    let h = "reference,amount_minor,currency,occurred_at,type,fee\n";
    let cases: &[(&[u8], &str, &str)] = &[
        (b"", "file_no_header", "s.csv: the file is empty: expected a header row"),
        (b"\n\n", "file_no_header", "s.csv: the file is empty: expected a header row"),
        (
            b"reference,amount,currency\n\"\xc3\xa4\",\xff",
            "file_not_utf8",
            "s.csv, line 2, column 5: the text is not UTF-8, or has a NUL byte: convert the file, for example with \
             iconv, or fetch it again",
        ),
        (
            b"reference,amount,currency\n\na,1,EUR\n\"b\nc\",\"2,EUR\n",
            "file_unclosed_quote",
            "s.csv, line 5, column 4: the quoted cell that begins here does not end: is the file complete?",
        ),
        (
            b"reference,amount,currency\na\"b\",1,EUR\n",
            "file_stray_quote",
            "s.csv, line 2, column 2: a quote may only enclose a whole cell: double it inside of a quoted cell",
        ),
        (
            b"reference,amount,currency\n\"a\"b,1,EUR\n",
            "file_stray_quote",
            "s.csv, line 2, column 4: a quote may only enclose a whole cell: double it inside of a quoted cell",
        ),
        (
            b"reference,amount,x,currency,x\n",
            "file_doubled_column",
            "s.csv, line 1, column 29: the column \"x\" stands twice: remove or rename one",
        ),
        (
            b"reference,amount\n",
            "file_missing_column",
            "s.csv: the header has no column currency: add it or rename the one that holds it",
        ),
        (
            b"reference,currency\n",
            "file_missing_column",
            "s.csv: the header has no column amount_minor or amount: add it or rename the one that holds it",
        ),
        (
            b"amount,currency\n",
            "file_missing_column",
            "s.csv: the header has no column reference: add it or rename the one that holds it",
        ),
        (
            b"reference,amount,currency\na,1,EUR\nb,1\n",
            "file_wrong_width",
            "s.csv, line 3, column 1: the row has 2 cells where the header has 3: is the file complete, and is every \
             comma in a cell quoted?",
        ),
        (
            b"reference,amount,currency\na,1,234.00,EUR\n",
            "file_wrong_width",
            "s.csv, line 2, column 1: the row has 4 cells where the header has 3: is the file complete, and is every \
             comma in a cell quoted?",
        ),
        (
            b"reference,amount,currency\na,1,EUR\nreference,amount,currency\nb,1,EUR\n",
            "file_header_again",
            "s.csv, line 3, column 1: the header stands here again: pass joined files one by one",
        ),
        (
            b"reference,amount,currency\n,1,EUR\n",
            "file_missing_value",
            "s.csv, line 2, column 1: the cell `reference` is empty: fill it",
        ),
        (
            b"reference,amount,currency\na,,EUR\n",
            "file_missing_value",
            "s.csv, line 2, column 3: the cell `amount` is empty: fill it",
        ),
        (
            b"reference,amount_minor,amount,currency\na,100,1.00,EUR\nb,100,10.0,EUR\n",
            "file_bad_value",
            "s.csv, line 3, column 7: the cell `amount` is wrong: it says 10.0 where `amount_minor` says 100: mend one of the two, or drop its column",
        ),
        (
            b"fee,reference,amount,currency,fee_minor\n0.30,a,1,EUR,30\n-0.30,b,1,EUR,30\n",
            "file_bad_value",
            "s.csv, line 3, column 1: the cell `fee` is wrong: it says -0.30 where `fee_minor` says 30: mend one of the two, or drop its column",
        ),
        (
            b"reference,amount_minor,amount,currency\na,,,EUR\n",
            "file_missing_value",
            "s.csv, line 2, column 3: the cell `amount_minor` is empty: fill it",
        ),
        (
            b"reference,amount,currency\na,1,\n",
            "file_missing_value",
            "s.csv, line 2, column 5: the cell `currency` is empty: fill it",
        ),
        (
            b"reference,amount,currency\na,1,euro\n",
            "file_bad_value",
            "s.csv, line 2, column 5: the cell `currency` is wrong: \"euro\" is not a currency of ISO 4217: expected \
             three upper-case letters such as EUR",
        ),
    ];
    for (data, code, message) in cases {
        let error = run(&[], &[Source { name: "s.csv", data }], Options::default()).unwrap_err();
        assert_eq!((error.code(), error.to_string().as_str()), (*code, *message));
    }
    // row, column of the bad cell
    let table = [
        ("a,1.5,EUR,,,", 3),
        ("ä,1e3,EUR,,,", 3),
        ("a,1 0,EUR,,,", 3),
        ("a,+1,EUR,,,", 3),
        ("a,--1,EUR,,,", 3),
        ("a,NaN,EUR,,,", 3),
        ("a,9223372036854775808,EUR,,,", 3),
        ("a,1,EUR,2026-03-1,,", 9),
        ("a,1,EUR,2026-02-30T00:00:00Z,,", 9),
        ("a,1,EUR,,,\"0,30\"", 11),
        ("a,1,EUR,,,0.305", 11),
        ("a,1,JPY,,,0.1", 11),
        ("a,1,JPY,,,0.01", 11),
        // In the one country it is twelve, in the other twelve thousand.
        ("a,1,EUR,,,12.340", 11),
        ("a,1,JPY,,,1.000", 11),
        ("a,1,EUR,,,1.0010", 11),
        ("a,1,EUR,,,1.00x", 11),
        ("a,1.00,EUR,,,", 3),
    ];
    for (row, column) in table {
        let text = format!("{h}{row}\n");
        let error =
            run(&[], &[Source { name: "s.csv", data: text.as_bytes() }], Options::default()).unwrap_err();
        assert_eq!(error.code(), "file_bad_value", "{row}: {error}");
        let start = format!("s.csv, line 2, column {column}: the cell `");
        assert!(error.to_string().starts_with(&start), "{row}: {error}");
    }
    let edges = format!("{h}a,9223372036854775807,EUR,,,\nb,-9223372036854775807,EUR,,,\nc,0,JPY,,,1\n");
    assert!(run(&[], &[Source { name: "s.csv", data: edges.as_bytes() }], Options::default()).is_ok());
    let too_long =
        reconcile(HEADER, HEADER, Options { as_of: None, in_flight_days: 367, ..Options::default() })
            .unwrap_err();
    assert_eq!(
        (too_long.code(), too_long.to_string().as_str()),
        ("reconcile_window_too_long", "an in-flight window of 367 days is too long: expected 0 to 366")
    );
}

#[test]
fn an_amount_that_stands_in_both_units_counts_once_and_either_cell_may_be_empty() {
    let both = "reference,amount_minor,amount,currency,fee,fee_minor\n\
                a,100,1.00,EUR,0.30,30\nb,,2.50,EUR,0.10,\nc,300,,EUR,,5\n";
    let minor = "reference,amount_minor,currency,fee_minor\na,100,EUR,30\nb,250,EUR,10\nc,300,EUR,5\n";
    let report = reconcile(both, minor, Options::default()).unwrap();
    assert_eq!((report.matched, report.breaks), (3, Vec::new()));
}

#[test]
fn zeros_beyond_the_decimals_of_a_currency_mean_nothing() {
    let scaled = "reference,amount,currency,fee\n\
                  a,1000.00,JPY,30.0\nb,-12.3400,EUR,0.30000\nc,12.340000,KWD,\nd,0.0000,EUR,0.00\n";
    let minor =
        "reference,amount_minor,currency,fee_minor\na,1000,JPY,30\nb,-1234,EUR,30\nc,12340,KWD,\nd,0,EUR,0\n";
    let report = reconcile(scaled, minor, Options::default()).unwrap();
    assert_eq!((report.matched, report.breaks), (4, Vec::new()));
    // What is no figure is told as it stands there, with its zeros.
    for (figure, currency) in [(".00", "JPY"), ("1.2.00", "EUR"), ("+1.0000", "EUR"), ("1..000", "JPY")] {
        let text = format!("reference,amount,currency\na,{figure},{currency}\n");
        let error = reconcile(&text, minor, Options::default()).unwrap_err().to_string();
        assert!(
            error.contains(&format!("`{figure}`")) || error.contains(&format!("\"{figure}\"")),
            "{error}"
        );
    }
}

#[test]
fn a_nul_byte_is_found_wherever_it_stands() {
    let whole = "reference,amount,currency,note\norder_1,10.00,EUR,a\norder_2,5.25,EUR,\"b\nc\"\n";
    for at in 0..=whole.len() {
        let mut data = whole.as_bytes().to_vec();
        data.insert(at, 0);
        let error = run(&[], &[Source { name: "s.csv", data: &data }], Options::default()).unwrap_err();
        let before = whole.split_at(at).0;
        let line = before.matches('\n').count() + 1;
        let column = at - before.rfind('\n').map_or(0, |feed| feed + 1) + 1;
        let start = format!("s.csv, line {line}, column {column}: the text is not UTF-8, or has a NUL byte");
        assert!(error.to_string().starts_with(&start), "{error}");
    }
    // Nothing else is looked for behind it.
    let error = run(&[], &[Source { name: "s.csv", data: b"a\0\xff" }], Options::default()).unwrap_err();
    assert!(error.to_string().starts_with("s.csv, line 1, column 2:"), "{error}");
}

#[test]
fn a_last_time_that_lost_its_zone_with_the_end_of_the_file_was_cut_off() {
    let rows = "reference,amount,currency,occurred_at\na,1,EUR,2026-03-04T05:06:07Z\nb,1,EUR,";
    let code = |text: &str| {
        let found = run(&[], &[Source { name: "s.csv", data: text.as_bytes() }], Options::default());
        found.map_or_else(|error| error.to_string(), |_| "read".to_owned())
    };
    for time in ["2026-03-04", "2026-03-04T05:06:07", "2026-03-04 05:06:07.5"] {
        assert_eq!(
            code(&format!("{rows}{time}")),
            "s.csv, line 3, column 9: the cell `occurred_at` is wrong: the file ends here, and all other times have a \
             zone: is it complete?"
        );
        // With a line break it is whole, and where a row before it has no zone either, it is how the file is written.
        assert_eq!(code(&format!("{rows}{time}\n")), "read");
        assert_eq!(code(&format!("{rows}{time}\nc,1,EUR,{time}")), "read");
    }
    for time in ["", "2026-03-04T05:06:07Z", "2026-03-04T05:06:07.25+01:00"] {
        assert_eq!(code(&format!("{rows}{time}")), "read");
    }
}

#[test]
fn cutting_a_file_anywhere_inside_a_row_is_noticed_or_leaves_whole_rows() {
    let whole = "reference,id,amount,currency\norder_1,\"c,1\",10.00,EUR\norder_2,c2,5.25,EUR";
    for cut in 0..whole.len() {
        let text = whole.get(..cut).unwrap();
        match run(&[], &[Source { name: "s.csv", data: text.as_bytes() }], Options::default()) {
            Err(_) => {}
            // What was read is what stands there, to the cent.
            Ok(report) => {
                assert!(
                    text == "reference,id,amount,currency"
                        || text.trim_end().ends_with("currency")
                        || text.trim_end().ends_with("EUR"),
                    "{text:?}"
                );
                assert!(report.breaks.iter().all(|found| found.found == Some(1_000)), "{text:?}");
            }
        }
    }
}
