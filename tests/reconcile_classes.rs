//! One tiny example of each class, and the exact break it makes.
#![cfg(not(target_family = "wasm"))]
#![allow(clippy::unwrap_used, reason = "a test that panics has done its work")]

use std::collections::BTreeSet;

use tillproof::calendar::parse_rfc3339;
use tillproof::reconcile::{Break, Options, Report, Source, Sources, run};

const HEADER: &str = "reference,id,type,amount_minor,currency,fee_minor,tax_minor,net_minor,status,occurred_at,\
                      payout_id,parent_reference,account,original_amount_minor,original_currency,rate\n";
const BANK: &str = "id,reference,amount_minor,currency,booked_at,description\n";

/// A row by its first cells; the cells that follow are `name=value`.
fn row(text: &str) -> String {
    let names: Vec<&str> = HEADER.trim().split(',').collect();
    let mut cells = vec![String::new(); names.len()];
    let defaults = [
        ("type", "charge"),
        ("currency", "EUR"),
        ("status", "paid"),
        ("occurred_at", "2026-03-10T12:00:00Z"),
    ];
    let given = ["reference", "id", "amount_minor"].into_iter().zip(text.split(' '));
    let named = text.split(' ').skip(3).map(|cell| cell.split_once('=').unwrap());
    for (name, value) in defaults.into_iter().chain(given).chain(named) {
        let full = match name {
            "at" => "occurred_at",
            "fee" => "fee_minor",
            "tax" => "tax_minor",
            "net" => "net_minor",
            "payout" => "payout_id",
            "parent" => "parent_reference",
            "from" => "original_amount_minor",
            "of" => "original_currency",
            other => other,
        };
        let place = names.iter().position(|known| *known == full).unwrap();
        let moment = if full == "occurred_at" && value.len() == 2 {
            format!("2026-03-{value}T12:00:00Z")
        } else {
            value.to_owned()
        };
        *cells.get_mut(place).unwrap() = moment;
    }
    cells.join(",")
}

fn line(found: &Break) -> String {
    let secondary: String = found.secondary.iter().map(|kind| format!(" +{}", kind.name())).collect();
    let digits = |value: Option<i128>| value.map_or_else(|| "-".to_owned(), |value| value.to_string());
    let rows = |rows: &[tillproof::reconcile::RowPlace]| {
        rows.iter().map(|row| row.line.to_string()).collect::<Vec<_>>().join(",")
    };
    format!(
        "{} {} {}{secondary} {} {} {} {} m{} s{} b{}",
        found.hop.name(),
        found.kind.code(),
        found.kind.name(),
        found.reference,
        digits(found.expected),
        digits(found.found),
        digits(found.difference),
        rows(&found.ledger),
        rows(&found.settlement),
        rows(&found.bank),
    )
}

/// What comes of ledger rows, settlement rows and bank rows.
fn judged(ledger: &[&str], settlement: &[&str], bank: &[&str]) -> Report {
    let file =
        |rows: &[&str]| format!("{HEADER}{}", rows.iter().map(|text| row(text) + "\n").collect::<String>());
    let entry = |text: &&str| {
        let mut cells = text.splitn(5, ' ');
        let [id, reference, amount, day] = [(); 4].map(|()| cells.next().unwrap());
        let (reference, note) = (reference.trim_matches('-'), cells.next().unwrap_or_default());
        let (amount, currency) = amount.strip_suffix("USD").map_or((amount, "EUR"), |amount| (amount, "USD"));
        format!("{id},{reference},{amount},{currency},2026-03-{day},{note}\n")
    };
    let (ledger, settlement) = (file(ledger), file(settlement));
    let statement = format!("{BANK}{}", bank.iter().map(entry).collect::<String>());
    let statements = [Source { name: "bank.csv", data: statement.as_bytes() }];
    let sources = Sources {
        ledger: &[Source { name: "ledger.csv", data: ledger.as_bytes() }],
        settlement: &[Source { name: "s.csv", data: settlement.as_bytes() }],
        bank: if bank.is_empty() { &[] } else { &statements },
        ..Sources::default()
    };
    run(&sources, Options::default()).unwrap()
}

/// Ledger rows, settlement rows, bank rows, breaks.
type Case<'a> = (&'a [&'a str], &'a [&'a str], &'a [&'a str], &'a [&'a str]);

#[test]
fn each_class_has_its_example() {
    let a = "a ch_a 1000";
    let table: &[Case<'_>] = &[
        // Types nobody knows are named, and matched with nothing.
        (&[a], &[a, "x x_1 50 type=tip"], &[], &["H0 A6 row_unknown_type x - 50 - m s3 b"]),
        (&["a ch_a 1000 at=2026-03-10T12:00:00"], &[a], &[], &["H1 A9 time_ambiguous a 1000 1000 0 m2 s2 b"]),
        (
            &["a ch_a 1000 account=acct_1"],
            &["a ch_a 1000 account=acct_1", "b ch_b 70 account=acct_2"],
            &[],
            &["H1 A11 wrong_scope +missing_in_mirror b - 70 - m s3 b"],
        ),
        (
            &["a ch_a 1000 account=acct_1", "b ch_b 5 account=acct_1"],
            &["a ch_a 990 account=acct_2", "b ch_b 5 account=acct_1"],
            &[],
            &["H1 A11 wrong_scope +amount_mismatch a 1000 990 -10 m2 s2 b"],
        ),
        (&[a, a], &[a], &[], &["H1 C1 duplicate_record_m a 2000 1000 -1000 m2,3 s2 b"]),
        (&[a], &[a, a], &[], &["H1 C1 duplicate_record_s a 1000 2000 1000 m2 s2,3 b"]),
        (&[a], &[a, "a ch_b 400"], &[], &["H1 C4 reference_collision a 1000 1400 400 m2 s2,3 b"]),
        (&[a], &[a, "a ch_b 1000"], &[], &["H1 C2 duplicate_charge a 1000 2000 1000 m2 s2,3 b"]),
        // What else is wrong with one of several stands beside it, as far as the first of each side tell.
        (
            &[a],
            &["a ch_b 1000 currency=USD", "a ch_c 1000 currency=USD"],
            &[],
            &["H1 C2 duplicate_charge +currency_mismatch a 1000 2000 - m2 s2,3 b"],
        ),
        (
            &[a],
            &["a ch_b 1100", "a ch_c 1100"],
            &[],
            &["H1 C2 duplicate_charge +amount_mismatch a 1000 2200 1200 m2 s2,3 b"],
        ),
        (
            &[],
            &["a ch_b 1000", "a ch_c 1000"],
            &[],
            &["H1 C2 duplicate_charge +missing_in_mirror a - 2000 - m s2,3 b"],
        ),
        (
            &["a ch_b 1000 at=01", "a ch_c 1000 at=01", "b ch_d 5 at=20"],
            &["b ch_d 5 at=20"],
            &[],
            &["H1 C2 duplicate_charge +missing_in_settlement a 2000 - - m2,3 s b"],
        ),
        (
            &[],
            &["a ch_b 1000", "a ch_c 400"],
            &[],
            &["H1 C4 reference_collision +missing_in_mirror a - 1400 - m s2,3 b"],
        ),
        (
            &["a re_1 300 type=refund", "a re_2 200 type=refund", "a ch_a 1000"],
            &["a tx_1 310 type=refund", "a tx_2 250 type=refund", "a ch_a 1000"],
            &[],
            &["H1 C5 ambiguous a 500 560 60 m2,3 s2,3 b"],
        ),
        (&[a], &["a ch_b 600", "a ch_c 150"], &[], &["H1 C6 split_incomplete a 1000 750 -250 m2 s2,3 b"]),
        (&[a], &["a ch_b 600", "a ch_c 400"], &[], &[]),
        (
            &["a ch_a 1000 at=01", "b ch_b 5 at=20"],
            &["b ch_b 5 at=20"],
            &[],
            &["H1 B2 missing_in_settlement a 1000 - - m2 s b"],
        ),
        (&[a], &[a, "b ch_b 5"], &[], &["H1 B3 missing_in_mirror b - 5 - m s3 b"]),
        (
            &[a, "re_1 re_1 30 type=refund parent=nobody"],
            &[a, "re_1 re_1 30 type=refund parent=nobody"],
            &[],
            &["H1 B7 orphan_child re_1 30 30 0 m3 s3 b"],
        ),
        (&[a], &["a ch_a 1000 currency=USD"], &[], &["H1 D1 currency_mismatch a 1000 1000 - m2 s2 b"]),
        (&[a], &["a ch_a 100000"], &[], &["H1 A7 scale_suspect a 1000 100000 99000 m2 s2 b"]),
        (&[a], &["a ch_a -1000"], &[], &["H1 A8 sign_suspect a 1000 -1000 -2000 m2 s2 b"]),
        (
            &["a ch_a 1000 fee=30"],
            &["a ch_a 1000 fee=30 net=960"],
            &[],
            &["H1 D8 net_arithmetic a 970 960 -10 m2 s2 b"],
        ),
        (
            &["a ch_a 600"],
            &["a ch_a 1000", "a rev_a -400 type=adjustment"],
            &[],
            &["H1 D10 partial_capture_shape a 600 600 0 m2 s2,3 b"],
        ),
        // A reversal that is written as a refund, without a sign, counts the other way.
        (
            &["a ch_a 600"],
            &["a ch_a 1000", "a rev_a 400 type=refund parent=a"],
            &[],
            &["H1 D10 partial_capture_shape a 600 600 0 m2 s2,3 b"],
        ),
        (
            &["a ch_a 9187 currency=USD from=8500 of=EUR rate=1.08085"],
            &["a ch_a 9188 currency=USD from=8500 of=EUR rate=1.08085"],
            &[],
            &["H1 D3 rounding a 9187 9188 1 m2 s2 b"],
        ),
        // One unit that no rounding of the conversion makes is a difference like any other.
        (
            &["a ch_a 9187 currency=USD from=8500 of=EUR rate=1.08085"],
            &["a ch_a 9186 currency=USD from=8500 of=EUR rate=1.08085"],
            &[],
            &["H1 D2 amount_mismatch a 9187 9186 -1 m2 s2 b"],
        ),
        (
            &["a ch_a 9180 currency=USD from=8500 of=EUR rate=1.08"],
            &["a ch_a 9223 currency=USD from=8500 of=EUR rate=1.085"],
            &[],
            &["H1 D4 fx_rate_difference a 9180 9223 43 m2 s2 b"],
        ),
        // No rate turns what comes in into what goes out.
        (
            &["a ch_a 9180 currency=USD from=8500 of=EUR rate=1.08"],
            &["a ch_a -9223 currency=USD from=8500 of=EUR rate=1.085"],
            &[],
            &["H1 D2 amount_mismatch a 9180 -9223 -18403 m2 s2 b"],
        ),
        // A declared conversion is no other currency.
        (&[a], &["a ch_a 1081 currency=USD from=1000 of=EUR rate=1.08085"], &[], &[]),
        (&[a], &["a ch_a 1001"], &[], &["H1 D2 amount_mismatch a 1000 1001 1 m2 s2 b"]),
        (&["a ch_a 1000 fee=30"], &["a ch_a 1000 fee=35"], &[], &["H1 D5 fee_mismatch a 30 35 5 m2 s2 b"]),
        (
            &["a ch_a 1000 fee=30 tax=5"],
            &["a ch_a 1000 fee=30 tax=7"],
            &[],
            &["H1 D9 tax_mismatch a 5 7 2 m2 s2 b"],
        ),
        (&["a ch_a 1000 fee=0"], &["a ch_a 1000 fee=30"], &[], &["H1 D7 fee_unexpected a 0 30 30 m2 s2 b"]),
        (&["a ch_a 1000 fee=30"], &["a ch_a 1000 fee=0"], &[], &["H1 D7 fee_missing a 30 0 -30 m2 s2 b"]),
        (
            &[a],
            &[a, "rsv_1 rsv_1 -100 type=adjustment"],
            &[],
            &["H1 D12 reserve_or_netting rsv_1 - -100 - m s3 b"],
        ),
        (
            &[a, "re_1 re_1 700 type=refund parent=a", "re_2 re_2 600 type=refund parent=a"],
            &[a, "re_1 re_1 700 type=refund parent=a", "re_2 re_2 600 type=refund parent=a"],
            &[],
            &["H1 C3 over_refund a 1000 1300 300 m2,3,4 s2,3,4 b"],
        ),
        (&["a ch_a 1000 status=pending"], &[a], &[], &["H1 E2 status_stale a 1000 1000 0 m2 s2 b"]),
        (&[a], &["a ch_a 1000 status=failed"], &[], &["H1 E1 status_mismatch a 1000 1000 0 m2 s2 b"]),
        (&[a], &["a ch_a 1000 status=pending"], &[], &["H1 E3 illegal_transition a 1000 1000 0 m2 s2 b"]),
        (
            &["a ch_a 1000 status=authorized at=01", "b ch_b 5 at=20"],
            &["b ch_b 5 at=20"],
            &[],
            &["H4 E4 hold_not_closed a 1000 - - m2 s b"],
        ),
        (
            &["a ch_a 1000 status=processing at=01", "b ch_b 5 at=20"],
            &["b ch_b 5 at=20"],
            &[],
            &["H4 E6 stuck a 1000 - - m2 s b"],
        ),
        (&[a], &["a ch_a 1000 at=14"], &[], &["H1 F1 late a 1000 1000 0 m2 s2 b"]),
        (
            &[a, "b ch_b 5 at=10", "c ch_c 6 at=10"],
            &["a ch_a 1000 at=2026-03-10T09:30:00Z", "b ch_b 5 at=11", "c ch_c 6 at=11"],
            &[],
            &["H1 F2 early a 1000 1000 0 m2 s2 b"],
        ),
        // Where there is nothing else to go by, it is told; where most rows are so, it is how the report counts time.
        (
            &[a, "b ch_b 5 at=10"],
            &["a ch_a 1000 at=09", "b ch_b 5 at=10"],
            &[],
            &["H1 F2 early a 1000 1000 0 m2 s2 b"],
        ),
        (&[a, "b ch_b 5 at=10"], &["a ch_a 1000 at=09", "b ch_b 5 at=09"], &[], &[]),
        (&[a], &["a ch_a 1000 at=2026-03-09T12:00:00Z"], &[], &["H1 F2 early a 1000 1000 0 m2 s2 b"]),
        (
            &[a, "b ch_b 5 at=10", "c ch_c 6 at=10"],
            &["a ch_a 1000 at=09", "b ch_b 5 at=09", "c ch_c 6 at=10"],
            &[],
            &[],
        ),
        (
            &["a ch_a 1000 at=2026-03-31T23:30:00Z"],
            &["a ch_a 1000 at=2026-04-01T00:30:00Z"],
            &[],
            &["H1 F3 period_shift a 1000 1000 0 m2 s2 b"],
        ),
        // Payouts: the sum of their lines, and their arrival.
        (&[a], &["a ch_a 1000 payout=po_1", "po_1 po_1 1000 type=payout at=11"], &["b1 po_1 1000 12"], &[]),
        (
            &[a],
            &["a ch_a 1000 payout=po_1", "po_1 po_1 950 type=payout at=11"],
            &["b1 po_1 950 12"],
            &["H2 C7 group_sum_mismatch +residual_unexplained po_1 1000 950 -50 m s3 b"],
        ),
        // What a break of a line explains is no break of its payout.
        (
            &[a],
            &["a ch_a 900 payout=po_1", "po_1 po_1 1000 type=payout at=11"],
            &["b1 po_1 1000 12"],
            &["H1 D2 amount_mismatch a 1000 900 -100 m2 s2 b"],
        ),
        (
            &[a, "b ch_b 500 at=11", "c ch_c 20 at=11"],
            &[
                "a ch_a 1000 payout=po_2",
                "b ch_b 500 payout=po_2 at=11",
                "c ch_c 20 payout=po_1 at=11",
                "po_1 po_1 1020 type=payout at=12",
                "po_2 po_2 500 type=payout at=13",
            ],
            &[],
            &["H2 F3 period_shift a 1000 1000 0 m2 s2 b"],
        ),
        (
            &[a, "b ch_b 500"],
            &[
                "a ch_a 1000 payout=po_1",
                "b ch_b 500 payout=po_1",
                "po_1 po_1 1500 type=payout",
                "po_2 po_2 70 type=payout",
            ],
            &[],
            &["H2 B8 unsupported_by_source po_2 - 70 - m s5 b"],
        ),
        (
            &["a ch_a 1000 at=01", "b ch_b 500 at=20", "c ch_c 20 at=20"],
            &[
                "a ch_a 1000 at=01",
                "b ch_b 500 payout=po_1 at=20",
                "c ch_c 20 payout=po_1 at=20",
                "po_1 po_1 520 type=payout at=21",
            ],
            &[],
            &["H2 B6 missing_payout a - 1000 - m s2 b"],
        ),
        (
            &[a],
            &["a ch_a 1000 payout=po_1", "po_1 po_1 1000 type=payout status=failed at=11"],
            &[],
            &["H2 E5 payout_not_reversed po_1 - 1000 - m s3 b"],
        ),
        // That the ledger does not know that it failed is the same cause; that it knows, none.
        (
            &[a, "po_1 po_1 1000 type=payout at=11"],
            &["a ch_a 1000 payout=po_1", "po_1 po_1 1000 type=payout status=failed at=11"],
            &[],
            &["H1 E2 status_stale +payout_not_reversed po_1 1000 1000 0 m3 s3 b"],
        ),
        (
            &[a, "po_1 po_1 1000 type=payout status=failed at=11"],
            &["a ch_a 1000 payout=po_1", "po_1 po_1 1000 type=payout status=failed at=11"],
            &[],
            &["H2 E5 payout_not_reversed po_1 - 1000 - m s3 b"],
        ),
        (
            &[a],
            &["a ch_a 1000 payout=po_1", "po_1 po_1 1000 type=payout at=11"],
            &["b1 po_1 1000 12", "b2 po_1 -1000 13"],
            &["H3 E5 payout_not_reversed po_1 1000 1000 0 m s3 b2,3"],
        ),
        (
            &[a],
            &["a ch_a 1000 payout=po_1", "po_1 po_1 1000 type=payout at=11"],
            &["b9 - 5 20 RENT"],
            &["H3 B4 missing_in_bank po_1 1000 - - m s3 b"],
        ),
        // What names a payout is its money, in another currency too, a power of ten off or with the other sign.
        (
            &[a],
            &["a ch_a 1000 payout=po_1", "po_1 po_1 1000 type=payout at=11"],
            &["b1 po_1 1100USD 12"],
            &["H3 D1 currency_mismatch po_1 1000 1100 - m s3 b2"],
        ),
        (
            &[a],
            &["a ch_a 1000 payout=po_1", "po_1 po_1 1000 type=payout at=11"],
            &["b1 - 600USD 12 PAYOUT po_1", "b2 - 400USD 12 PAYOUT po_1"],
            &["H3 D1 currency_mismatch po_1 1000 1000 - m s3 b2,3"],
        ),
        (
            &[a],
            &["a ch_a 1000 payout=po_1", "po_1 po_1 1000 type=payout at=11"],
            &["b1 po_1 1000 12", "b2 po_1 1000USD 12"],
            &["H3 B5 unexpected_bank_entry po_1 - 1000 - m s b3"],
        ),
        (
            &[a, "po_1 po_1 1000 type=payout at=11"],
            &["a ch_a 1000 payout=po_1"],
            &["b1 po_1 100000 12"],
            &["H3 A7 scale_suspect po_1 1000 100000 99000 m3 s b2"],
        ),
        (
            &[a],
            &["a ch_a 1000 payout=po_1", "po_1 po_1 1000 type=payout at=11"],
            &["b1 po_1 -1000 12"],
            &["H3 A8 sign_suspect po_1 1000 -1000 -2000 m s3 b2"],
        ),
        // Two lines of the one make what the other has too much: without them the one would be further from its total.
        (
            &["a ch_a 90000", "b ch_b 700", "c ch_c 567", "d ch_d 50000"],
            &[
                "a ch_a 90000 payout=po_1",
                "b ch_b 700 payout=po_2",
                "c ch_c 567 payout=po_2",
                "d ch_d 50000 payout=po_2",
                "po_1 po_1 91267 type=payout at=11",
                "po_2 po_2 50934 type=payout at=11",
            ],
            &[],
            &[
                "H2 C7 group_sum_mismatch +residual_unexplained po_1 90000 91267 1267 m s6 b",
                "H2 C7 group_sum_mismatch +residual_unexplained po_2 51267 50934 -333 m s7 b",
            ],
        ),
        // The payout has the wrong amount of its line, and the right fee: both differences are of one break.
        (
            &["a ch_a 90000 fee=900", "b ch_b 50000 fee=500"],
            &[
                "a ch_a 90000 fee=900 payout=po_1",
                "b ch_b 50900 fee=533 payout=po_2",
                "po_1 po_1 89100 type=payout at=11",
                "po_2 po_2 50400 type=payout at=11",
            ],
            &[],
            &["H1 D2 amount_mismatch +fee_mismatch b 50000 50900 900 m3 s3 b"],
        ),
        // It came without its name, and went back.
        (
            &[a],
            &["a ch_a 1000 payout=po_1", "po_1 po_1 1000 type=payout at=11"],
            &["b1 - 1000 12 TRANSFER", "b2 po_1 -1000 13"],
            &["H3 E5 payout_not_reversed po_1 1000 1000 0 m s3 b2,3"],
        ),
        // Three of one statement are one cause.
        (
            &["a ch_a 12000", "b ch_b 34000", "c ch_c 56000"],
            &[
                "a ch_a 12000 payout=po_1",
                "b ch_b 34000 payout=po_2",
                "c ch_c 56000 payout=po_3",
                "po_1 po_1 12000 type=payout at=11",
                "po_2 po_2 34000 type=payout at=11",
                "po_3 po_3 56000 type=payout at=11",
            ],
            &["b1 po_1 120 12", "b2 po_2 340 12", "b3 po_3 560 12"],
            &["H0 A7 scale_suspect po_1 102000 1020 -100980 m s5,6,7 b2,3,4"],
        ),
        (
            &[a],
            &["a ch_a 1000 payout=po_1", "po_1 po_1 1000 type=payout at=11"],
            &["b1 po_1 1000 12 PAYOUT", "b2 po_7 77 12 PAYOUT", "b3 - -900 12 RENT"],
            &["H3 B5 unexpected_bank_entry po_7 - 77 - m s b3"],
        ),
        (
            &[a],
            &["a ch_a 1000 payout=po_1", "po_1 po_1 1000 type=payout at=11"],
            &["b1 po_1 1000 12", "b1 po_1 1000 12"],
            &["H3 C1 duplicate_record_b po_1 - 2000 - m s b2,3"],
        ),
        (
            &[a],
            &["a ch_a 1000 payout=po_1", "po_1 po_1 1000 type=payout at=11"],
            &["b1 po_1 985 12"],
            &["H3 D11 bank_charge po_1 1000 985 -15 m s3 b2"],
        ),
        (
            &["a ch_a 90000"],
            &["a ch_a 90000 payout=po_1", "po_1 po_1 90000 type=payout at=11"],
            &["b1 po_1 40000 12", "b2 po_1 30000 12"],
            &["H3 C6 split_incomplete po_1 90000 70000 -20000 m s3 b2,3"],
        ),
        (
            &[a],
            &["a ch_a 1000 payout=po_1", "po_1 po_1 1000 type=payout at=11"],
            &["b1 po_1 1000 18"],
            &["H3 F1 late po_1 1000 1000 0 m s3 b2"],
        ),
        // In two parts, by description, by amount alone, and two payouts in one entry.
        (
            &[a],
            &["a ch_a 1000 payout=po_1", "po_1 po_1 1000 type=payout at=11"],
            &["b1 po_1 400 12", "b2 po_1 600 12"],
            &[],
        ),
        (
            &[a],
            &["a ch_a 1000 payout=po_1", "po_1 po_1 1000 type=payout at=11"],
            &["b1 - 1000 12 FROM-po_1"],
            &[],
        ),
        (
            &[a],
            &["a ch_a 1000 payout=po_1", "po_1 po_1 1000 type=payout at=11"],
            &["b1 - 1000 12 TRANSFER"],
            &[],
        ),
        (
            &[a, "b ch_b 500"],
            &[
                "a ch_a 1000 payout=po_1",
                "b ch_b 500 payout=po_2",
                "po_1 po_1 1000 type=payout at=11",
                "po_2 po_2 500 type=payout at=11",
            ],
            &["b1 - 1500 12 TRANSFER"],
            &[],
        ),
        // Two payouts and two entries that nothing tells apart are left to a person.
        (
            &[a, "b ch_b 1000"],
            &[
                "a ch_a 1000 payout=po_1",
                "b ch_b 1000 payout=po_2",
                "po_1 po_1 1000 type=payout at=11",
                "po_2 po_2 1000 type=payout at=11",
            ],
            &["b1 - 1000 12 TRANSFER", "b2 - 1000 12 TRANSFER"],
            &["H3 C5 ambiguous po_1 2000 2000 0 m s4,5 b2,3"],
        ),
    ];
    let mut kinds = BTreeSet::new();
    for (number, (ledger, settlement, bank, expected)) in table.iter().enumerate() {
        let report = judged(ledger, settlement, bank);
        let found: Vec<String> = report.breaks.iter().map(line).collect();
        assert_eq!(found, *expected, "row {number} of the table");
        for each in &report.breaks {
            assert!(
                each.explanation.ends_with('.') && !each.explanation.contains(['{', '}']),
                "{}",
                each.explanation
            );
            assert!(!each.explanation.contains("  "), "{}", each.explanation);
            let _ = kinds.insert(each.kind);
        }
    }
    // Files that come twice and corrections have tests of their own; what is left unexplained is secondary.
    assert_eq!(kinds.len(), 42, "{kinds:?}");
}

#[test]
fn a_file_that_comes_twice_is_read_once_and_a_correction_counts() {
    let file =
        |rows: &[&str]| format!("{HEADER}{}", rows.iter().map(|text| row(text) + "\n").collect::<String>());
    let (ours, theirs) = (file(&["a ch_a 1000", "b ch_b 500"]), file(&["a ch_a 1000", "b ch_b 400"]));
    let corrected = file(&["b ch_b 500"]);
    let read = |settlement: &[(&str, &String)]| {
        let settlement: Vec<Source<'_>> =
            settlement.iter().map(|(name, text)| Source { name, data: text.as_bytes() }).collect();
        let ledger = [Source { name: "ledger.csv", data: ours.as_bytes() }];
        let sources = Sources { ledger: &ledger, settlement: &settlement, ..Sources::default() };
        let report = run(&sources, Options::default()).unwrap();
        report.breaks.iter().map(line).collect::<Vec<_>>()
    };
    let twice = read(&[("1.csv", &theirs), ("2.csv", &theirs)]);
    assert_eq!(
        twice,
        ["H0 A1 file_duplicate a - 1000 - m s2 b", "H1 D2 amount_mismatch b 500 400 -100 m3 s3 b"]
    );
    let mended = read(&[("1.csv", &theirs), ("2.csv", &corrected)]);
    assert_eq!(mended, ["H1 A10 restated b 500 900 400 m3 s3,2 b"]);
}

#[test]
fn rows_of_one_file_that_are_off_by_one_power_of_ten_are_one_break() {
    let file =
        |rows: &[&str]| format!("{HEADER}{}", rows.iter().map(|text| row(text) + "\n").collect::<String>());
    let ledger = file(&["a 1 12", "b 2 34", "c 3 56", "d 4 78", "e 5 90"]);
    let settlement = file(&["a 1 1200", "b 2 3400", "c 3 5600", "d 4 7.8", "e 5 900"]);
    let settlement = settlement.replace("7.8", "78");
    let sources = Sources {
        ledger: &[Source { name: "ledger.csv", data: ledger.as_bytes() }],
        settlement: &[Source { name: "s.csv", data: settlement.as_bytes() }],
        ..Sources::default()
    };
    let report = run(&sources, Options::default()).unwrap();
    let found: Vec<String> = report.breaks.iter().map(line).collect();
    assert_eq!(
        found,
        ["H0 A7 scale_suspect a 102 10200 10098 m2,3,4 s2,3,4 b", "H1 A7 scale_suspect e 90 900 810 m6 s6 b"]
    );
}

#[test]
fn late_is_not_yet_missing_for_a_payout_either() {
    let settlement =
        format!("{HEADER}{}\n{}\n", row("a ch_a 1000 payout=po_1"), row("po_1 po_1 1000 type=payout at=13"));
    let ledger = format!("{HEADER}{}\n", row("a ch_a 1000"));
    let bank = format!("{BANK}b9,,5,EUR,2026-03-01,RENT\n");
    // 2026-03-13 was a Friday.
    let table = [
        ("2026-03-15T12:00:00Z", false, 1, 0),
        ("2026-03-15T12:00:01Z", false, 0, 1),
        ("2026-03-17T12:00:00Z", true, 1, 0),
        ("2026-03-17T12:00:01Z", true, 0, 1),
    ];
    for (as_of, business_days, flying, missing) in table {
        let sources = Sources {
            ledger: &[Source { name: "ledger.csv", data: ledger.as_bytes() }],
            settlement: &[Source { name: "s.csv", data: settlement.as_bytes() }],
            bank: &[Source { name: "bank.csv", data: bank.as_bytes() }],
            ..Sources::default()
        };
        let as_of = Some(parse_rfc3339(as_of).unwrap());
        let report = run(&sources, Options { as_of, business_days, ..Options::default() }).unwrap();
        assert_eq!((report.in_flight.len(), report.breaks.len()), (flying, missing), "{as_of:?}");
    }
}

#[test]
fn an_entry_that_counts_from_another_day_is_told_beyond_the_window() {
    let ledger = format!("{HEADER}{}\n", row("a ch_a 1000"));
    let settlement =
        format!("{HEADER}{}\n{}\n", row("a ch_a 1000 payout=po_1"), row("po_1 po_1 1000 type=payout at=11"));
    // booked, counts from, breaks
    let table: [(&str, &str, &[&str]); 4] = [
        ("2026-03-12", "2026-03-14", &[]),
        ("2026-03-12", "", &[]),
        ("2026-03-12", "2026-03-15", &["H3 F4 value_date_shift po_1 1000 1000 0 m s3 b2"]),
        ("2026-03-12", "2026-03-08", &["H3 F4 value_date_shift po_1 1000 1000 0 m s3 b2"]),
    ];
    for (booked, value, expected) in table {
        let bank = format!(
            "id,reference,amount_minor,currency,booked_at,value_date\nb1,po_1,1000,EUR,{booked},{value}\n"
        );
        let sources = Sources {
            ledger: &[Source { name: "ledger.csv", data: ledger.as_bytes() }],
            settlement: &[Source { name: "s.csv", data: settlement.as_bytes() }],
            bank: &[Source { name: "bank.csv", data: bank.as_bytes() }],
            ..Sources::default()
        };
        let report = run(&sources, Options::default()).unwrap();
        assert_eq!(report.breaks.iter().map(line).collect::<Vec<_>>(), expected, "{booked} {value}");
        for found in &report.breaks {
            let told = format!("counts it from {value} on and booked it on {booked}");
            assert!(found.explanation.contains(&told), "{}", found.explanation);
        }
    }
}

#[test]
fn two_things_wrong_with_one_payout_or_refund_are_told_as_two_and_nothing_is_invented() {
    let books: &[&str] = &["a ch_a 90000", "b ch_b 50000", "c ch_c 70000"];
    let lines = [
        "a ch_a 90000 payout=po_1 at=10",
        "b ch_b 50000 payout=po_2 at=10",
        "c ch_c 70000 payout=po_3 at=10",
    ];
    let paid = |more: &[&'static str]| [&lines, more].concat();
    let (one, two) = ("po_1 po_1 90000 type=payout at=11", "po_2 po_2 50000 type=payout at=12");
    let three = "po_3 po_3 70000 type=payout at=11";
    let three_came = "b3 po_3 70000 12";
    let wrong_line = [
        "a ch_a 90000 payout=po_1 at=10",
        "b ch_b 50900 payout=po_2 at=10",
        "c ch_c 70000 payout=po_3 at=10",
    ];
    let moved = [
        "a ch_a 90000 payout=po_1 at=10",
        "b ch_b 50000 payout=po_3 at=10",
        "c ch_c 70000 payout=po_3 at=10",
    ];
    let alone = ["a ch_a 90000 payout=po_1 at=10", "c ch_c 70000 payout=po_3 at=10"];
    // What happened, settlement rows, bank rows, breaks.
    type Pair<'a> = (&'a str, Vec<&'a str>, &'a [&'a str], &'a [&'a str]);
    let table: &[Pair<'_>] = &[
        (
            "together, and late",
            paid(&[one, two, three]),
            &["b1 po_2 140000 28", three_came],
            &["H3 F1 late po_2 50000 50000 0 m s6 b2"],
        ),
        (
            "together, and its own total is wrong",
            paid(&[one, "po_2 po_2 50200 type=payout at=12", three]),
            &["b1 po_2 140000 13", three_came],
            &["H2 C7 group_sum_mismatch +residual_unexplained po_2 50000 50200 200 m s6 b"],
        ),
        (
            "together, and the total of the other is wrong",
            paid(&["po_1 po_1 90200 type=payout at=11", two, three]),
            &["b1 po_2 140000 13", three_came],
            &["H2 C7 group_sum_mismatch +residual_unexplained po_1 90000 90200 200 m s5 b"],
        ),
        (
            "together, and a line and the total are wrong",
            [&wrong_line[..], &[one, "po_2 po_2 50200 type=payout at=12", three]].concat(),
            &["b1 po_2 140000 13", three_came],
            &[
                "H1 D2 amount_mismatch b 50000 50900 900 m3 s3 b",
                "H2 C7 group_sum_mismatch +residual_unexplained po_2 50900 50200 -700 m s6 b",
            ],
        ),
        (
            "together, and charged",
            paid(&[one, two, three]),
            &["b1 po_2 139200 13", three_came],
            &["H3 D11 bank_charge po_2 50000 49200 -800 m s6 b2"],
        ),
        (
            "charged, and two others could have come with it",
            paid(&[one, two, "po_3 po_3 90100 type=payout at=11"]),
            &["b1 po_2 139200 13"],
            &[
                "H3 D2 amount_mismatch po_2 50000 139200 89200 m s6 b2",
                "H2 C7 group_sum_mismatch +residual_unexplained po_3 70000 90100 20100 m s7 b",
            ],
        ),
        (
            "came and went back, and its total is wrong",
            paid(&["po_1 po_1 90200 type=payout at=11", two, three]),
            &["b1 po_1 90000 12", "b2 po_1 -90000 14", "b4 po_2 50000 13", three_came],
            &[
                "H2 C7 group_sum_mismatch +residual_unexplained po_1 90000 90200 200 m s5 b",
                "H3 E5 payout_not_reversed po_1 90200 90000 -200 m s5 b2,3",
            ],
        ),
        (
            "without its line, and its total is wrong",
            [&moved[..], &[one, "po_2 po_2 50200 type=payout at=12", three]].concat(),
            &["b1 po_1 90000 12", "b2 po_2 50000 13", three_came],
            &[
                "H2 F3 period_shift b 50000 50000 0 m3 s3 b",
                "H2 C7 group_sum_mismatch +residual_unexplained po_2 50000 50200 200 m s6 b",
            ],
        ),
        (
            "its line is missing, and its total is wrong",
            [&alone[..], &[one, "po_2 po_2 50200 type=payout at=12", three]].concat(),
            &["b1 po_1 90000 12", "b2 po_2 50000 13", three_came],
            &[
                "H1 B2 missing_in_settlement b 50000 - - m3 s b",
                "H2 C7 group_sum_mismatch +residual_unexplained po_2 0 50200 50200 m s5 b",
            ],
        ),
    ];
    for (name, settlement, bank, expected) in table {
        let found: Vec<String> = judged(books, settlement, bank).breaks.iter().map(line).collect();
        assert_eq!(found, *expected, "{name}");
    }
    let books = ["a ch_a 1000", "a re_a 300 type=refund"];
    let missing: &[&str] =
        &["H1 B2 missing_in_settlement a 300 - - m3 s b", "H1 E2 status_stale a 300 300 0 m3 s3 b"];
    let wrong: &[&str] =
        &["H1 D2 amount_mismatch a 300 280 -20 m3 s4 b", "H1 E2 status_stale a 300 300 0 m3 s3 b"];
    for (refund, expected) in [(None, missing), (Some("a re_a 280 type=refund"), wrong)] {
        let came = ["a ch_a 1000", "a re_a 300 type=adjustment at=14"];
        let settlement: Vec<&str> = came.into_iter().chain(refund).collect();
        let found: Vec<String> = judged(&books, &settlement, &[]).breaks.iter().map(line).collect();
        assert_eq!(found, expected, "{refund:?}");
    }
}

#[test]
fn lines_beyond_any_sum_do_not_make_a_small_payout() {
    let books: &[&str] = &["a ch_a 9223372036854775807", "b ch_b 9223372036854775807", "c ch_c 4"];
    let settlement = [
        "a ch_a 9223372036854775807 payout=po_1",
        "b ch_b 9223372036854775807 payout=po_1",
        "c ch_c 4 payout=po_1",
        "po_1 po_1 2 type=payout at=12",
    ];
    let found: Vec<String> = judged(books, &settlement, &["b1 po_1 2 13"]).breaks.iter().map(line).collect();
    assert!(found.iter().any(|line| line.contains("group_sum_mismatch")), "{found:?}");
}
