//! A page holds what one batch added, in one form only: what is written and what is read are the same bytes.
//!
//! | Offset | Bytes | |
//! | --- | --- | --- |
//! | 0 | 8 | `TPBULK1` and a line feed |
//! | 8 | 4 | bytes of the page |
//! | 12 | 4 | what it holds (1 transactions, 2 a standing), the chain (0 none, 1 batch, 2 transaction), two zeros |
//! | 16 | 8 | its number, from 1 |
//! | 24 | 8 | position of its first transaction, from 1 |
//! | 32 | 32 | the head before it |
//! | 64 | 8 | when it was recorded, in milliseconds |
//! | 72 | 4 × 6 | transactions; bytes of the cause; accounts; bytes of those; words; bytes of ids |
//! | 96 | | the cause; the accounts that are new: length of the name (1), currency (3), name; words and ids as [packed](super::packed) |
//! | | 32 each | with the chain of transactions: the link of each |
//! | | 16 | the two [sums](super::check) over everything before |
//! | | 32 | the head |
//!
//! Integers are little-endian. Pages may stand behind each other in one file, since each says how long it is.

use super::chain::{Chain, Head};
use super::check::{CHECK_BYTES, Check};
use super::packed::{Packed, size};
use super::slots::Owner;
use crate::prelude::*;

/// The longest page: what a store can still be asked to take at once.
pub const PAGE_BYTES_MAX: usize = 1 << 28;

const MAGIC: [u8; 8] = *b"TPBULK1\n";
pub(super) const FRAME_BYTES: usize = 96;
pub(super) const HEAD_BYTES: usize = 32;
/// Bytes of an account beside its name.
const ACCOUNT_BYTES: usize = 4;

/// What a page holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Holds {
    Transactions,
    /// One change of what may be posted to an account, as JSON in the place of the accounts.
    Standing,
}

/// What everybody knows of a page who knows those before it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Place {
    pub(super) chain: Chain,
    pub(super) number: u64,
    pub(super) first: u64,
    pub(super) before: Head,
}

/// The lengths in a frame.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Lengths {
    pub(super) transactions: usize,
    pub(super) cause: usize,
    pub(super) accounts: usize,
    pub(super) account_bytes: usize,
    pub(super) words: usize,
    pub(super) ids: usize,
}

/// A page in its parts.
#[derive(Clone, Copy, Debug)]
pub(super) struct Page<'a> {
    pub(super) holds: Holds,
    pub(super) recorded_ms: u64,
    pub(super) transactions: usize,
    pub(super) cause: &'a [u8],
    pub(super) accounts: usize,
    pub(super) account_bytes: &'a [u8],
    pub(super) packed: Packed<'a>,
    /// Links, where the chain has one for each transaction.
    pub(super) links: &'a [Head],
    /// What the first link covers.
    pub(super) frame: &'a [u8],
    pub(super) check: Check,
    /// What the check covers.
    pub(super) checked: &'a [u8],
    pub(super) head: Head,
    /// What the head of a batch covers.
    pub(super) hashed: &'a [u8],
}

impl Lengths {
    /// Bytes of a whole page; `None` beyond what one can have.
    pub(super) fn page_bytes(self, chain: Chain, holds: Holds) -> Option<usize> {
        let links = if chain == Chain::Transaction && holds == Holds::Transactions {
            self.transactions.checked_mul(HEAD_BYTES)?
        } else {
            0
        };
        let parts = [
            FRAME_BYTES,
            self.cause,
            self.account_bytes,
            self.words.checked_mul(4)?,
            self.ids,
            links,
            CHECK_BYTES,
            HEAD_BYTES,
        ];
        let total = parts.into_iter().try_fold(0_usize, usize::checked_add)?;
        (total <= PAGE_BYTES_MAX).then_some(total)
    }
}

/// Begins a page: the frame.
pub(super) fn begin(
    page: &mut Vec<u8>,
    holds: Holds,
    place: &Place,
    recorded_ms: u64,
    lengths: Lengths,
    total: usize,
) {
    let word = |number: usize| u32::try_from(number).unwrap_or(u32::MAX).to_le_bytes();
    page.clear();
    page.reserve(total);
    page.extend_from_slice(&MAGIC);
    page.extend_from_slice(&word(total));
    page.extend_from_slice(&[holds.number(), place.chain.number(), 0, 0]);
    page.extend_from_slice(&place.number.to_le_bytes());
    page.extend_from_slice(&place.first.to_le_bytes());
    page.extend_from_slice(&place.before);
    page.extend_from_slice(&recorded_ms.to_le_bytes());
    let Lengths { transactions, cause, accounts, account_bytes, words, ids } = lengths;
    for length in [transactions, cause, accounts, account_bytes, words, ids] {
        page.extend_from_slice(&word(length));
    }
}

/// The accounts of a page.
pub(super) fn push_accounts(page: &mut Vec<u8>, owners: &[Owner]) {
    for Owner { account, currency } in owners {
        // Names have at most 200 bytes.
        page.push(u8::try_from(account.name().len()).unwrap_or(u8::MAX));
        page.extend_from_slice(currency.code().as_bytes());
        page.extend_from_slice(account.name().as_bytes());
    }
}

/// Bytes of the accounts of a page.
pub(super) fn account_bytes(owners: &[Owner]) -> usize {
    owners.iter().map(|owner| owner.account.name().len().saturating_add(ACCOUNT_BYTES)).sum()
}

/// Ends a page: the check, and the head.
pub(super) fn end(page: &mut Vec<u8>, head: &Head) {
    let check = Check::of(page).bytes();
    page.extend_from_slice(&check);
    page.extend_from_slice(head);
}

impl Holds {
    const fn number(self) -> u8 {
        match self {
            Self::Transactions => 1,
            Self::Standing => 2,
        }
    }
}

/// The bytes that a page at a place begins with; the first that differ are tampered with. The length and what the page
/// holds stand between them.
pub(super) fn known(place: &Place, total: usize) -> [(usize, Vec<u8>); 4] {
    let total = u32::try_from(total).unwrap_or(u32::MAX).to_le_bytes();
    let tail = [place.number.to_le_bytes(), place.first.to_le_bytes()].concat();
    [
        (0, [MAGIC.as_slice(), &total].concat()),
        (13, vec![place.chain.number(), 0, 0]),
        (16, tail),
        (32, place.before.to_vec()),
    ]
}

impl<'a> Page<'a> {
    /// Takes a page apart. What stands in it is not believed yet, but has its place.
    pub(super) fn parse(bytes: &'a [u8], place: &Place) -> Result<Self, &'static str> {
        if bytes.len() < FRAME_BYTES {
            return Err("it ends within its frame");
        }
        for (at, expected) in known(place, bytes.len()) {
            if bytes.get(at..).is_none_or(|rest| !rest.starts_with(&expected)) {
                return Err(match at {
                    0 => "it does not begin as a page of its length",
                    13 => "it is of another chain",
                    16 => "another number or position is written in it",
                    _ => "it does not follow the page before it",
                });
            }
        }
        let holds = match bytes.get(12) {
            Some(1) => Holds::Transactions,
            Some(2) => Holds::Standing,
            _ => return Err("it holds nothing that is known"),
        };
        let mut reader = Reader(bytes.get(64..).unwrap_or_default());
        let lost = "its lengths do not fit together";
        let recorded_ms = u64::from_le_bytes(reader.array().ok_or(lost)?);
        let mut number = || reader.array().map(u32::from_le_bytes).map(size).ok_or(lost);
        let lengths = Lengths {
            transactions: number()?,
            cause: number()?,
            accounts: number()?,
            account_bytes: number()?,
            words: number()?,
            ids: number()?,
        };
        if lengths.page_bytes(place.chain, holds) != Some(bytes.len()) {
            return Err(lost);
        }
        let cause = reader.take(lengths.cause).ok_or(lost)?;
        let account_bytes = reader.take(lengths.account_bytes).ok_or(lost)?;
        let words = reader.take(lengths.words.saturating_mul(4)).ok_or(lost)?;
        let ids = reader.take(lengths.ids).ok_or(lost)?;
        let ends = CHECK_BYTES.saturating_add(HEAD_BYTES);
        let links = reader.take(reader.0.len().saturating_sub(ends)).ok_or(lost)?;
        let check = Check {
            sum: u64::from_le_bytes(reader.array().ok_or(lost)?),
            weighted: u64::from_le_bytes(reader.array().ok_or(lost)?),
        };
        let before = |end: usize| bytes.get(..bytes.len().saturating_sub(end)).unwrap_or_default();
        Ok(Self {
            holds,
            recorded_ms,
            transactions: lengths.transactions,
            cause,
            accounts: lengths.accounts,
            account_bytes,
            packed: Packed { words: words.as_chunks().0, ids },
            links: links.as_chunks().0,
            frame: bytes.get(..frame_end(cause.len(), account_bytes.len())).unwrap_or_default(),
            check,
            checked: before(ends),
            head: reader.array().ok_or(lost)?,
            hashed: before(HEAD_BYTES),
        })
    }

    /// The new accounts, as name and currency; `None` where the bytes are not a list of so many.
    pub(super) fn account_names(&self) -> Option<Vec<(&'a str, &'a str)>> {
        let mut reader = Reader(self.account_bytes);
        let mut names = Vec::new();
        for _ in 0..self.accounts {
            let [length] = reader.array()?;
            let currency = core::str::from_utf8(reader.take(3)?).ok()?;
            names.push((core::str::from_utf8(reader.take(usize::from(length))?).ok()?, currency));
        }
        reader.0.is_empty().then_some(names)
    }
}

/// Where the frame of a page ends, with its cause and its accounts.
pub(super) const fn frame_end(cause: usize, account_bytes: usize) -> usize {
    FRAME_BYTES.saturating_add(cause).saturating_add(account_bytes)
}

struct Reader<'a>(&'a [u8]);

impl<'a> Reader<'a> {
    fn take(&mut self, length: usize) -> Option<&'a [u8]> {
        let (taken, rest) = self.0.split_at_checked(length)?;
        self.0 = rest;
        Some(taken)
    }

    fn array<const N: usize>(&mut self) -> Option<[u8; N]> {
        let (taken, rest) = self.0.split_first_chunk()?;
        self.0 = rest;
        Some(*taken)
    }
}
