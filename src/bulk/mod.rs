//! A batch is posted whole or not at all, and each transaction of it is told what `ledger` would have told it.
//!
//! The books for many transactions at once: backfills, imports, a busy till. A batch comes in packed, as two columns of
//! bytes that the caller fills without an allocation ([`Packed`]), and what is new in it goes out as one page of an
//! append-only journal ([`BulkLedger::seal`]), which the caller stores. What stays in memory is what the next decision needs and no more:
//! the sums of each account, and 40 bytes for each id.
//!
//! ```
//! use tillproof::bulk::{BulkLedger, Chain, Origin, Packing};
//! use tillproof::ledger::Side;
//! use tillproof::time::Timestamp;
//!
//! // 16 bytes of the host's generator; never the same twice.
//! let mut books = BulkLedger::new(Chain::Batch, [7; 16]);
//! let [bank, sales] = [books.introduce("Assets:Bank:EUR", "EUR")?, books.introduce("Income:Sales", "EUR")?];
//! let now = Timestamp::from_unix_seconds(1_770_000_000).unwrap();
//! let mut packing = Packing::default();
//! packing.add("sale:1", now, &[(bank, Side::Debit, 1_999), (sales, Side::Credit, 1_999)]);
//!
//! let origin = Origin { cause: "import:2026-02-02", recorded_at: now };
//! assert_eq!(books.draft(packing.packed(), origin)?.created, 1);
//! // What the caller stores; and where he could not, `take_back` makes it undone.
//! let page = books.seal().to_vec();
//!
//! let mut again = BulkLedger::new(Chain::Batch, [8; 16]);
//! again.replay(&page)?;
//! assert_eq!(again.balance("Income:Sales", "EUR")?.credits, 1_999);
//! # Ok::<(), tillproof::bulk::Error>(())
//! ```
//!
//! Same accounts, same rules and same refusals as [`ledger`](crate::ledger), of which a property test takes the word: a
//! batch is refused at the transaction that `Ledger::post` would have refused, with its error, and nothing has changed then.
//! Here a transaction is an id, a time and posted legs; holds, links, keys of postings, facts, descriptions and balances of
//! the past are in `ledger` alone. The cause is that of the batch.
//!
//! An id is known by 128 bits of SipHash-1-3 under a secret key: that two of a hundred million are taken for one has a
//! chance of 10^-23, and nobody who does not know the key can look for such a pair. What a known id said is known by 64 bits
//! of the same.
//!
//! Limits: [`TRANSACTIONS_MAX`] transactions, [`PAGE_BYTES_MAX`] bytes in a page.

mod books;
mod chain;
mod check;
mod error;
mod ids;
mod locate;
mod packed;
mod page;
mod replay;
mod slots;
mod standings;

pub use books::{BulkLedger, Drafted, Exception, Known, Origin};
pub use chain::Chain;
pub use error::{Error, ErrorKind};
pub use ids::TRANSACTIONS_MAX;
pub use packed::{Packed, Packing};
pub use page::PAGE_BYTES_MAX;
