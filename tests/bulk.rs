//! Bulk books say what the ledger says: the engine of `ledger` is the model, one transaction at a time.
#![cfg(not(target_family = "wasm"))]
#![allow(
    clippy::arithmetic_side_effects,
    clippy::as_conversions,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::unwrap_in_result,
    clippy::unwrap_used,
    reason = "a model is plain arithmetic, and a test that panics has done its work"
)]

#[path = "bulk/model.rs"]
mod model;
#[path = "bulk/pages.rs"]
mod pages;
#[path = "auditor/random.rs"]
#[allow(dead_code, reason = "the generator of workloads has more than is needed here")]
mod random;

use model::{Both, Leg, Plain, opened, sale};
use proptest::prelude::*;
use tillproof::advice::Diagnose;
use tillproof::bulk::{BulkLedger, Chain, ErrorKind, Origin, Packed, Packing};
use tillproof::ledger::Side;
use tillproof::time::Timestamp;

/// Accounts with every kind of rule, few enough to meet often.
const ACCOUNTS: [&str; 8] = [
    "Assets:Bank:EUR",
    "Assets:Till",
    "Income:Sales",
    "Liabilities:Wallet:a:EUR",
    "Liabilities:Wallet:b:EUR",
    "Liabilities:Escrow:EUR",
    "Memo:Auth:Open",
    "Memo:Auth:Contra",
];
const CURRENCIES: [&str; 3] = ["EUR", "JPY", "KWD"];

fn leg() -> impl Strategy<Value = Leg> {
    let minor = prop_oneof![
        8 => 1..500_u64,
        1 => Just(0),
        1 => Just(u64::from(u32::MAX) + 7),
        1 => Just((1 << 63) - 1),
        1 => Just(1 << 63),
    ];
    let currency = prop_oneof![8 => Just(0_usize), 1 => 1..CURRENCIES.len()];
    (0..ACCOUNTS.len(), currency, prop::bool::ANY, minor).prop_map(|(account, currency, debit, minor)| Leg {
        account: ACCOUNTS[account].to_owned(),
        currency: CURRENCIES[currency],
        side: if debit { Side::Debit } else { Side::Credit },
        minor,
    })
}

/// Mostly balanced: the legs, and then all of them on the other side of other accounts.
fn legs() -> impl Strategy<Value = Vec<Leg>> {
    (prop::collection::vec(leg(), 0..4), prop::bool::weighted(0.9), 0..ACCOUNTS.len()).prop_map(
        |(mut legs, balanced, shift)| {
            if balanced {
                let other = |leg: &Leg| {
                    let at = ACCOUNTS.iter().position(|name| *name == leg.account).unwrap();
                    // Notes stay among themselves.
                    let account =
                        if at < 6 { ACCOUNTS[(at + shift) % 6] } else { ACCOUNTS[6 + (at + shift) % 2] };
                    Leg { account: account.to_owned(), side: leg.side.opposite(), ..leg.clone() }
                };
                let others: Vec<Leg> = legs.iter().map(other).collect();
                legs.extend(others);
            }
            legs
        },
    )
}

fn id() -> impl Strategy<Value = String> {
    prop_oneof![
        20 => (0..30_u32).prop_map(|number| format!("txn_{number}")),
        1 => Just(String::new()),
        1 => Just("txn\u{7f}".to_owned()),
        1 => Just("zahlung_ü_1".to_owned()),
        1 => Just("x".repeat(201)),
    ]
}

fn plain() -> impl Strategy<Value = Plain> {
    (id(), 0..3_u64, legs()).prop_map(|(id, occurred_ms, legs)| Plain { id, occurred_ms, legs })
}

fn chain() -> impl Strategy<Value = Chain> {
    prop_oneof![Just(Chain::None), Just(Chain::Batch), Just(Chain::Transaction)]
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(400) })]

    #[test]
    fn each_transaction_is_answered_as_the_ledger_answers_it_and_a_refused_batch_changes_nothing(
        chain in chain(),
        batches in prop::collection::vec((prop::collection::vec(plain(), 0..5), prop::bool::weighted(0.1)), 1..25),
        standings in prop::collection::vec((0..25_usize, 0..3_usize, 0..7_usize), 0..4),
    ) {
        let mut both = Both::new(chain);
        for (number, (batch, unstored)) in batches.iter().enumerate() {
            for (at, state, account) in &standings {
                if *at == number {
                    both.rule(&format!("rule_{number}"), ACCOUNTS[*account], ["open", "blocked", "closed"][*state]);
                }
            }
            both.post(batch, *unstored);
        }
        both.replay();
    }
}

#[test]
fn a_refusal_has_the_code_of_the_ledger_and_the_number_of_the_transaction() {
    let wallet = |minor, side: Side| {
        vec![
            Leg::new("Liabilities:Wallet:a:EUR", side, minor),
            Leg::new("Assets:Bank:EUR", side.opposite(), minor),
        ]
    };
    let good = || sale("fine", 5);
    // the second transaction of a batch, the code, a part of the message
    let table: [(Plain, &str, &str); 9] = [
        (
            Plain::new(&"x".repeat(201), wallet(1, Side::Credit)),
            "text_invalid",
            "transaction 1 of the batch: the field `id` holds 201 bytes",
        ),
        (
            Plain::new("", wallet(1, Side::Credit)),
            "field_invalid",
            "transaction 1 of the batch: the field `id`",
        ),
        (
            Plain::new("x", vec![Leg::new("Income:Sales", Side::Debit, 1)]),
            "entry_postings_count",
            "has 1 postings",
        ),
        (Plain::new("x", wallet(0, Side::Credit)), "entry_zero_posting", "moves nothing"),
        (Plain::new("x", wallet(1 << 63, Side::Credit)), "amount_too_large", "9223372036854775808"),
        (
            Plain::new("x", wallet(7, Side::Debit)),
            "limit_reached",
            "0 minor units EUR are available, -7 would be left",
        ),
        (
            Plain::new(
                "x",
                vec![Leg::new("Income:Sales", Side::Debit, 1), Leg::new("Assets:Till", Side::Credit, 2)],
            ),
            "entry_unbalanced",
            "debits 1, credits 2",
        ),
        (
            Plain::new(
                "x",
                vec![Leg::new("Income:Sales", Side::Debit, 1), Leg::new("Memo:Auth:Open", Side::Credit, 1)],
            ),
            "entry_unbalanced",
            "the postings in EUR",
        ),
        (
            Plain::new("x", vec![Leg::new("Income:Sales", Side::Debit, u64::MAX >> 1); 2]),
            "entry_unbalanced",
            "debits 18446744073709551614, credits 0",
        ),
    ];
    for (second, code, part) in table {
        let mut books = opened(Chain::Batch);
        let head = books.head();
        let error = books.post(&[good(), second]).unwrap_err();
        assert_eq!(error.code(), code);
        assert!(error.to_string().contains(part), "{error}");
        assert!(error.details().contains(&("transaction", "1".to_owned())), "{:?}", error.details());
        assert_eq!((books.length(), books.head(), books.trial_balance().accounts.len()), (0, head, 0));
        // The id of what was undone is free again.
        assert_eq!(books.post(&[good()]).unwrap().0, 1);
    }
}

#[test]
fn columns_that_do_not_fit_together_are_refused_and_change_nothing() {
    let mut books = BulkLedger::new(Chain::Batch, [1; 16]);
    let slot = books.introduce("Income:Sales", "EUR").unwrap();
    let origin = Origin { cause: "test", recorded_at: Timestamp::from_unix_ms(1).unwrap() };
    let mut packing = Packing::default();
    packing.add(
        "txn_1",
        Timestamp::from_unix_ms(1).unwrap(),
        &[(slot, Side::Debit, 5), (slot, Side::Credit, 5)],
    );
    let Packed { words, ids } = packing.packed();
    let late = {
        let mut words = words.to_vec();
        words[2] = u32::MAX.to_le_bytes();
        words
    };
    let strange = {
        let mut words = words.to_vec();
        words[3] = 99_u32.to_le_bytes();
        words
    };
    let (cut, cut_head): (&[_], &[_]) = (&words[..words.len() - 1], &words[..1]);
    let table: [(&[_], &[u8], &str); 7] = [
        (cut, ids, "fewer words than it says"),
        (cut_head, ids, "fewer words than it says"),
        (words, &ids[1..], "a shorter id than it says"),
        (words, b"txn_1x", "ids of no transaction"),
        (words, b"txn_\xff", "an id that is not UTF-8"),
        (&late, ids, "a time after the year 9999"),
        (&strange, ids, "a slot that no account has"),
    ];
    for (words, ids, expected) in table {
        let slot = books.introduce("Income:Sales", "EUR").unwrap();
        assert_eq!(slot, 0);
        match books.draft(Packed { words, ids }, origin).unwrap_err().kind() {
            ErrorKind::Packing { found, .. } => assert_eq!(*found, expected),
            other => panic!("{expected}: {other:?}"),
        }
        assert_eq!(books.length(), 0);
    }
    books.introduce("Income:Sales", "EUR").unwrap();
    assert_eq!(books.draft(packing.packed(), origin).unwrap().created, 1);
    assert!(matches!(books.draft(packing.packed(), origin).unwrap_err().kind(), ErrorKind::Unsealed));
}

#[test]
fn a_balance_is_found_as_fast_in_long_books_as_in_short_ones() {
    // What is looked at is one slot: the sums of long books are where those of short ones are.
    let mut books = opened(Chain::None);
    for batch in 0..200 {
        let sales: Vec<Plain> = (0..50).map(|number| sale(&format!("s{batch}_{number}"), 1)).collect();
        books.post(&sales).unwrap();
    }
    assert_eq!(books.balance("Income:Sales", "EUR").unwrap().credits, 10_000);
    assert_eq!(books.length(), 10_000);
}

#[test]
fn a_batch_that_could_not_be_stored_was_never_posted() {
    let mut books = opened(Chain::Transaction);
    books.post(&[sale("one", 5)]).unwrap();
    let before = (books.head(), books.trial_balance(), books.length(), books.pages());
    books
        .post(&[
            sale("two", 6),
            Plain::new(
                "three",
                vec![Leg::new("Assets:Till", Side::Debit, 1), Leg::new("Income:Other", Side::Credit, 1)],
            ),
        ])
        .unwrap();
    assert_ne!(books.head(), before.0);
    books.take_back().unwrap();
    assert_eq!((books.head(), books.trial_balance(), books.length(), books.pages()), before);
    assert_eq!(books.take_back().unwrap_err().code(), "bulk_nothing_to_take_back");
    // A batch with nothing new has nothing to take back, and no page.
    let (created, page) = books.post(&[sale("one", 5)]).unwrap();
    assert_eq!((created, page.len()), (0, 0));
    assert_eq!(books.take_back().unwrap_err().code(), "bulk_nothing_to_take_back");
}

#[test]
fn the_digest_of_a_host_makes_the_same_page() {
    let mut books = [opened(Chain::Batch), opened(Chain::Batch)];
    let pages = [false, true].map(|by_host| {
        let books = &mut books[usize::from(by_host)];
        books.draft_only(&[sale("one", 5)]).unwrap();
        if by_host {
            let digest = tillproof::crypto::sha256(books.unsealed());
            books.seal_with(digest).to_vec()
        } else {
            books.seal().to_vec()
        }
    });
    assert_eq!(pages[0], pages[1]);
    assert_eq!(books[0].head(), books[1].head());
}
