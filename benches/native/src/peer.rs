//! The same transactions in the books of `doubleentry`, in memory, a batch at a time: every entry is a leaf of its log.

use doubleentry::currency::EUR;
use doubleentry::{AccountKind, Amount, Entry, Journal, LedgerId, date};
use tillproof::ledger::Side;

use crate::{ACCOUNTS, BATCH, Transaction, name};

/// Books without a transaction.
fn opened() -> Journal {
    let day = date!("2026-01-01");
    let mut books = Journal::new(LedgerId::new("example.com/bench").unwrap()).as_actor("bench");
    books.declare_currency(EUR, 2, day).unwrap();
    books.define_months(2026, 1..=12).unwrap();
    for number in 0..ACCOUNTS {
        let kind = if number < ACCOUNTS / 2 { AccountKind::Asset } else { AccountKind::Income };
        books.open(name(number).as_str(), kind, day).unwrap();
    }
    books
}

/// How many are new.
pub(crate) fn post(transactions: &[Transaction]) -> u64 {
    let mut books = opened();
    let mut created = 0;
    for batch in transactions.chunks(BATCH) {
        let drafts = batch.iter().map(|transaction| {
            let draft = Entry::new(transaction.id.as_str(), date!("2026-02-02"));
            transaction.legs.iter().fold(draft, |draft, (account, side, minor)| {
                let amount = Amount::from_minor(i128::from(*minor)).unwrap();
                match side {
                    Side::Debit => draft.debit(name(*account).as_str(), amount, EUR),
                    Side::Credit => draft.credit(name(*account).as_str(), amount, EUR),
                }
            })
        });
        created +=
            books.record_batch(drafts).unwrap().iter().filter(|recorded| !recorded.replayed).count() as u64;
    }
    created
}
