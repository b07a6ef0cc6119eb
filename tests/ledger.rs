//! What a user of the ledger can observe, through its public door only.
#![cfg(not(target_family = "wasm"))]
#![allow(
    clippy::arithmetic_side_effects,
    clippy::as_conversions,
    clippy::indexing_slicing,
    clippy::unwrap_used,
    reason = "a model is plain arithmetic, and a test that panics has done its work"
)]

#[path = "auditor/books.rs"]
mod books;
#[path = "auditor/random.rs"]
mod random;

use books::{Books, Leg, Plain};
use random::Random;
use tillproof::advice::Diagnose;
use tillproof::json;
use tillproof::ledger::{
    Account, Answer, Entry, Error, ErrorKind, Ledger, Line, Record, Side, Standing, tampered_byte,
};
use tillproof::money::Currency;
use tillproof::time::Timestamp;

const CURRENCIES: [&str; 3] = ["EUR", "JPY", "KWD"];

#[path = "ledger/workload.rs"]
mod workload;

fn read(text: &str) -> Result<Entry, Error> {
    Entry::from_json(&json::parse(text.as_bytes())?)
}

fn leg(account: &str, side: &'static str, minor: u64) -> Leg {
    let (account, currency) = (account.to_owned(), "EUR".to_owned());
    Leg { account, key: None, side, pending: false, currency, minor }
}

fn sale(id: &str, minor: u64) -> Plain {
    Plain {
        id: id.to_owned(),
        occurred_at: 1_000,
        recorded_at: 2_000,
        description: "order 1".to_owned(),
        expires_at: None,
        takes: None,
        legs: vec![
            leg("Assets:Gateway:native:Pending", "debit", minor),
            leg("Income:Sales", "credit", minor),
        ],
    }
}

fn entry(plain: &Plain) -> Entry {
    read(&workload::document(plain, "evt_1")).unwrap()
}

fn journal(ledger: &Ledger) -> Vec<String> {
    ledger.lines().iter().map(Line::text).collect()
}

fn reopen(lines: &[String]) -> Result<Ledger, Error> {
    Ledger::open(lines.iter().map(String::as_bytes))
}

#[test]
fn a_repeated_entry_exists_and_the_news_may_come_by_another_way() {
    let mut ledger = Ledger::new();
    let first = ledger.post(entry(&sale("charge:1", 500))).unwrap();
    assert!(matches!(first, Answer::Created(line) if line.position() == 1));
    let again = ledger
        .post(
            read(&workload::document(&Plain { recorded_at: 9_000, ..sale("charge:1", 500) }, "key_1"))
                .unwrap(),
        )
        .unwrap();
    assert_eq!(again, Answer::Exists { position: 1 });
    let other = ledger.post(entry(&sale("charge:1", 501))).unwrap();
    assert_eq!(other, Answer::ExistsWithDifferent { position: 1, field: "postings" });
    assert_eq!(ledger.length(), 1);
}

#[test]
fn a_batch_is_posted_whole_or_not_at_all() {
    let mut ledger = Ledger::new();
    let _ = ledger.post(entry(&sale("charge:1", 500))).unwrap();
    let before = ledger.clone();

    let taken_back = Plain {
        takes: Some(("reverses".to_owned(), "charge:2".to_owned())),
        legs: books::reversed(&sale("x", 700).legs, false),
        ..sale("reversal:2", 700)
    };
    let batch = [sale("charge:1", 500), sale("charge:2", 700), sale("charge:2", 700), taken_back.clone()];
    let answers = ledger.draft_all(batch.iter().map(entry).collect()).unwrap();
    assert_eq!(ledger, before);
    let shown: Vec<String> = answers
        .iter()
        .map(|answer| match answer {
            Answer::Created(line) => format!("created {}", line.position()),
            Answer::Exists { position } => format!("exists {position}"),
            Answer::ExistsWithDifferent { .. } => "different".to_owned(),
        })
        .collect();
    assert_eq!(shown, ["exists 1", "created 2", "exists 2", "created 3"]);
    for answer in &answers {
        if let Answer::Created(line) = answer {
            ledger.apply(line).unwrap();
        }
    }
    assert_eq!(ledger.length(), 3);

    // One entry that differs, or one reversal too many, and nothing is drafted.
    let table = [
        (vec![sale("charge:3", 1), sale("charge:1", 501)], "entry_differs"),
        (vec![sale("charge:3", 1), sale("charge:3", 2)], "entry_differs"),
        (vec![sale("charge:3", 1), Plain { id: "r".to_owned(), ..taken_back.clone() }], "already_reversed"),
    ];
    let before = ledger.clone();
    for (batch, code) in table {
        let refused = ledger.draft_all(batch.iter().map(entry).collect()).unwrap_err();
        assert_eq!(refused.code(), code);
        assert_eq!(ledger, before);
    }
}

#[test]
fn lines_are_applied_in_order_once_and_only_where_they_belong() {
    let mut ledger = Ledger::new();
    let mut other = Ledger::new();
    for minor in 1..=3 {
        let _ = ledger.post(entry(&sale(&format!("charge:{minor}"), minor))).unwrap();
        let _ = other.post(entry(&sale(&format!("other:{minor}"), minor))).unwrap();
    }
    let lines = ledger.lines().to_vec();
    let mut copy = Ledger::new();
    assert_eq!(
        copy.apply(&lines[1]).unwrap_err(),
        Error::from(ErrorKind::OutOfOrder { expected: 1, found: 2 })
    );
    copy.apply(&lines[0]).unwrap();
    copy.apply(&lines[0]).unwrap();
    assert_eq!(copy.length(), 1);
    let before = copy.clone();
    assert_eq!(copy.apply(&other.lines()[0]).unwrap_err().code(), "journal_broken");
    assert_eq!(copy.apply(&other.lines()[1]).unwrap_err().code(), "journal_broken");
    assert_eq!(copy, before);
    copy.apply(&lines[1]).unwrap();
    copy.apply(&lines[2]).unwrap();
    assert_eq!(copy, ledger);
}

#[test]
fn ten_thousand_corruptions_of_one_byte_are_found_in_their_line() {
    let mut ledger = Ledger::new();
    for minor in 1..=6 {
        let _ = ledger.post(entry(&sale(&format!("charge:{minor}"), minor))).unwrap();
    }
    let lines = journal(&ledger);
    let mut random = Random::new(11);
    for _ in 0..10_000 {
        let line = usize::try_from(random.below(6)).unwrap();
        let mut bytes: Vec<Vec<u8>> = lines.iter().map(|line| line.clone().into_bytes()).collect();
        let at = usize::try_from(random.below(bytes[line].len() as u64)).unwrap();
        let flip = u8::try_from(1 + random.below(255)).unwrap();
        bytes[line][at] ^= flip;
        let error = Ledger::open(bytes.iter().map(Vec::as_slice)).unwrap_err();
        assert!(
            matches!(error.kind(), ErrorKind::BrokenChain { position, .. } if *position == line as u64 + 1),
            "line {line}, byte {at}, flip {flip}: {error}"
        );
        // The frame of a line is known to the byte; for one of the record hundreds of thousands of hashes are tried.
        let record = "{\"entry\":".len()..lines[line].find(",\"hash\"").unwrap();
        if !record.contains(&at) {
            let head = if line == 0 { "0".repeat(64) } else { ledger.lines()[line - 1].hash() };
            let found = tampered_byte(&bytes[line], line as u64 + 1, &head);
            assert_eq!(found, Some(at), "line {line}, flip {flip}");
        }
    }
}

#[test]
fn a_byte_of_the_record_is_found_by_the_hash_that_fits_without_the_change() {
    let mut ledger = Ledger::new();
    let _ = ledger.post(entry(&sale("charge:1", 7))).unwrap();
    let head = "0".repeat(64);
    let text = ledger.lines()[0].text();
    for at in [9, 20] {
        let mut bytes = text.clone().into_bytes();
        bytes[at] ^= 1;
        assert_eq!(tampered_byte(&bytes, 1, &head), Some(at));
    }
    // With two bytes changed the line is named, and no byte is made up.
    let mut bytes = text.into_bytes();
    (bytes[9], bytes[20]) = (bytes[9] ^ 1, bytes[20] ^ 1);
    assert_eq!(tampered_byte(&bytes, 1, &head), None);
    assert_eq!(tampered_byte(b"", 1, &head), None);
}

#[test]
fn lines_that_are_missing_moved_or_repeated_break_the_chain_where_it_happens() {
    let mut ledger = Ledger::new();
    for minor in 1..=4 {
        let _ = ledger.post(entry(&sale(&format!("charge:{minor}"), minor))).unwrap();
    }
    let lines = journal(&ledger);
    let pick = |order: &[usize]| order.iter().map(|index| lines[*index].clone()).collect::<Vec<_>>();
    // order           first bad position
    let table: [(&[usize], u64); 4] =
        [(&[1, 2, 3], 1), (&[0, 2, 3], 2), (&[0, 2, 1, 3], 2), (&[0, 1, 1, 2], 3)];
    for (order, expected) in table {
        let error = reopen(&pick(order)).unwrap_err();
        assert!(
            matches!(error.kind(), ErrorKind::BrokenChain { position, .. } if *position == expected),
            "{order:?}: {error}"
        );
    }
    // A tail that is cut off leaves a sound, shorter journal: compare the head with one kept elsewhere.
    assert_eq!(reopen(&pick(&[0, 1])).unwrap().head(), ledger.lines()[1].hash());
}

#[test]
fn a_line_can_be_checked_without_this_program() {
    use sha2::Digest as _;
    let mut ledger = Ledger::new();
    let full = r#"{"id":"refund:1","occurred_at":5,"recorded_at":6,"cause":"evt_2","description":"half back",
        "links":[{"relation":"follows","entry":"charge:1"}],
        "facts":{"type":"refund","reference":"order_1","id":"re_1","amount_minor":500,"currency":"EUR",
                 "fee_minor":"0","status":"succeeded","payout_id":"po_1","parent_reference":"order_1"},
        "postings":[{"account":"Income:Refunds","side":"debit","currency":"EUR","amount_minor":500},
                    {"account":"Assets:Bank:main","side":"credit","currency":"EUR","amount_minor":"500"}]}"#;
    let _ = ledger.post(entry(&sale("charge:1", 1_000))).unwrap();
    let _ = ledger.post(read(full).unwrap()).unwrap();
    let mut previous = "0".repeat(64);
    for (index, text) in journal(&ledger).iter().enumerate() {
        let line: serde_json::Value = serde_json::from_str(text).unwrap();
        let entry = text.strip_prefix("{\"entry\":").unwrap().split(",\"hash\":").next().unwrap();
        // serde_json sorts members by name, as the canonical text does.
        assert_eq!(line["entry"].to_string(), entry);
        let message = format!("tillproof-ledger-1\n{}\n{previous}\n{entry}", index + 1);
        let hash: String = sha2::Sha256::digest(message).iter().map(|byte| format!("{byte:02x}")).collect();
        assert_eq!(line["hash"], hash.as_str());
        assert_eq!(line["previous"], previous.as_str());
        previous = hash;
    }
    assert_eq!(ledger.head(), previous);
}

#[test]
fn bad_documents_are_refused_with_the_field_or_the_sum() {
    let leg = |account: &str, side: &str, amount: &str| {
        format!(r#"{{"account":"{account}","side":"{side}","currency":"EUR","amount_minor":{amount}}}"#)
    };
    let wrap = |postings: &[String]| {
        format!(
            r#"{{"id":"e","occurred_at":1,"recorded_at":1,"cause":"c","postings":[{}]}}"#,
            postings.join(",")
        )
    };
    let pair =
        |amount: &str| wrap(&[leg("Assets:Bank", "debit", amount), leg("Income:Sales", "credit", amount)]);
    let table = [
        (pair("-1"), "amount_not_an_integer"),
        (pair("1.5"), "amount_not_an_integer"),
        (pair("9007199254740992"), "amount_unsafe_number"),
        (pair("\"9223372036854775808\""), "amount_too_large"),
        (pair("\"NaN\""), "amount_not_an_integer"),
        (pair("null"), "field_missing"),
        (pair("{}"), "amount_not_an_integer"),
        (pair("0"), "entry_zero_posting"),
        (pair("1").replace("EUR", "XXX"), "currency_unknown"),
        (pair("1").replace("Assets:Bank", "Bank"), "account_invalid"),
        (pair("1").replace("\"debit\"", "\"left\""), "field_invalid"),
        (pair("1").replace("\"cause\"", "\"reason\""), "field_missing"),
        (pair("1").replace("\"id\":\"e\"", "\"id\":\"a\\nb\""), "text_invalid"),
        (pair("1").replace("\"occurred_at\":1", "\"occurred_at\":253402300800000"), "field_invalid"),
        (pair("1").replace("\"cause\"", "\"colour\":1,\"cause\""), "field_unknown"),
        (wrap(&[]), "entry_postings_count"),
        (wrap(&[leg("Assets:Bank", "debit", "1"), leg("Income:Sales", "credit", "2")]), "entry_unbalanced"),
        (wrap(&[leg("Assets:Bank", "debit", "1"), leg("Memo:Auth", "credit", "1")]), "entry_unbalanced"),
    ];
    for (document, code) in table {
        assert_eq!(read(&document).unwrap_err().code(), code, "{document}");
    }
    assert!(read(&pair("\"9223372036854775807\"")).is_ok());
}
