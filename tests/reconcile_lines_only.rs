//! Payouts that the settlement tells by their lines alone: what is said of one speaks of the payout and of all it is made of, and
//! not of the line that stands for it.
#![cfg(not(target_family = "wasm"))]
#![allow(clippy::indexing_slicing, clippy::unwrap_used, reason = "a test that panics has done its work")]

use tillproof::calendar::{parse_rfc3339, rfc3339};
use tillproof::reconcile::{Break, Options, Source, Sources, run};

/// Three lines of one payout, which is 2.90 EUR less 0.15 EUR of fees.
const LINES: &str = "reference,id,amount_minor,fee_minor,currency,occurred_at,payout_id\n\
                     order_1,ch_1,100,5,EUR,2026-03-02T10:00:00Z,po_1\n\
                     order_2,ch_2,120,5,EUR,2026-03-02T11:00:00Z,po_1\n\
                     order_3,ch_3,70,5,EUR,2026-03-02T12:00:00Z,po_1\n";

/// What is found where the bank has these entries: id, reference, amount and currency.
fn breaks(entries: &[&str]) -> Vec<Break> {
    let mut bank = "id,reference,amount_minor,currency,booked_at,description\n".to_owned();
    for entry in entries {
        bank += &format!("{entry},2026-03-04,PAYOUT\n");
    }
    let lines = [Source { name: "l.csv", data: LINES.as_bytes() }];
    let bank = [Source { name: "b.csv", data: bank.as_bytes() }];
    let sources = Sources { ledger: &lines, settlement: &lines, bank: &bank, ..Sources::default() };
    let as_of = Some(parse_rfc3339("2026-04-01T00:00:00Z").unwrap());
    run(&sources, Options { as_of, ..Options::default() }).unwrap().breaks
}

fn the_only(entries: &[&str]) -> Break {
    let mut found = breaks(entries);
    assert_eq!(found.len(), 1, "{found:#?}");
    found.remove(0)
}

#[test]
fn a_payout_of_lines_that_came_whole_is_no_break() {
    assert_eq!(breaks(&["b1,po_1,275,EUR"]), []);
    assert_eq!(breaks(&["b1,,275,EUR"]), []);
}

#[test]
fn an_entry_that_names_a_payout_of_lines_in_another_currency_is_one_break_with_both_sums() {
    let found = the_only(&["b1,po_1,310,USD"]);
    assert_eq!((found.kind.name(), &*found.reference), ("currency_mismatch", "po_1"));
    assert_eq!((found.expected, found.found, found.difference), (Some(275), Some(310), None));
    assert_eq!(
        found.explanation,
        "For the payout po_1 the settlement says 2.75 EUR and the bank says 3.10 USD: the currencies differ, and neither side \
         names a conversion."
    );
    // Of one that came in its own currency, too, the other entry is nobody's.
    assert_eq!(the_only(&["b1,po_1,275,EUR", "b2,po_1,310,USD"]).kind.name(), "unexpected_bank_entry");
}

#[test]
fn entries_that_fit_a_payout_of_lines_alike_are_told_under_its_name_with_its_sum() {
    let found = the_only(&["b1,,275,EUR", "b2,,275,EUR"]);
    assert_eq!((found.kind.name(), &*found.reference), ("ambiguous", "po_1"));
    assert_eq!((found.expected, found.found, found.difference), (Some(275), Some(550), Some(275)));
    assert!(found.explanation.contains("the payout po_1"), "{}", found.explanation);
    assert!(
        found.explanation.contains("the settlement has 2.75 EUR, the bank has 5.50 EUR"),
        "{}",
        found.explanation
    );
}

#[test]
fn the_parts_of_a_payout_of_lines_are_held_against_its_sum() {
    let found = the_only(&["b1,po_1,100,EUR", "b2,po_1,90,EUR"]);
    assert_eq!((found.kind.name(), &*found.reference), ("split_incomplete", "po_1"));
    assert_eq!(
        found.explanation,
        "The payout po_1 over 2.75 EUR came in parts that sum to 1.90 EUR, which is 0.85 EUR less: the settlement has 2.75 EUR, \
         the bank has 1.90 EUR; the rest is missing."
    );
}

#[test]
fn a_payout_of_lines_that_the_bank_may_still_book_is_under_way_with_its_name_and_its_sum() {
    let lines = [Source { name: "l.csv", data: LINES.as_bytes() }];
    let bank = [Source { name: "b.csv", data: b"id,reference,amount_minor,currency,booked_at\n" }];
    let sources = Sources { ledger: &lines, settlement: &lines, bank: &bank, ..Sources::default() };
    // The lines do not say when they are paid out, so that a week is added to the window.
    for (as_of, missing) in
        [("2026-03-03T00:00:00Z", 0), ("2026-03-11T12:00:00Z", 0), ("2026-03-11T12:00:01Z", 1)]
    {
        let as_of = Some(parse_rfc3339(as_of).unwrap());
        let report = run(&sources, Options { as_of, ..Options::default() }).unwrap();
        assert_eq!(report.breaks.len(), missing, "{as_of:?}");
        let told: Vec<_> = report
            .in_flight
            .iter()
            .map(|flying| (&*flying.reference, flying.kind.name(), flying.amount, rfc3339(flying.due)))
            .collect();
        let one = ("po_1", "payout", 275, "2026-03-11T12:00:00Z".to_owned());
        assert_eq!(told, if missing == 0 { vec![one] } else { Vec::new() });
    }
}
