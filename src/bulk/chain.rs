//! Whoever knows the head knows every byte before it.
//!
//! | Chain | The head after a page |
//! | --- | --- |
//! | `none` | zeros: pages have a check against chance, and none against a hand |
//! | `batch` | SHA-256 of the page up to its last 32 bytes, in which the head before it stands |
//! | `transaction` | SHA-256 of the page's frame, then for each transaction SHA-256 of the link before, its words and its id |
//!
//! The digest of a page may come from the host, which has SHA instructions that wasm has not.

use super::packed::Transaction;
use crate::crypto::Sha256;

/// A SHA-256 digest, or zeros.
pub(super) type Head = [u8; 32];

/// What ties the journal together.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum Chain {
    /// Nothing. For books that can be made again from something that is chained.
    None,
    /// One link for each page.
    #[default]
    Batch,
    /// One link for each transaction, so that each has a receipt of its own.
    Transaction,
}

impl Chain {
    const ALL: [Self; 3] = [Self::None, Self::Batch, Self::Transaction];

    /// The word in documents.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::None => "none",
            Self::Batch => "batch",
            Self::Transaction => "transaction",
        }
    }

    /// The chain of a word; `None` for any other word.
    #[must_use]
    pub fn parse(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|chain| chain.name() == word)
    }

    /// As a page has it.
    pub(super) const fn number(self) -> u8 {
        match self {
            Self::None => 0,
            Self::Batch => 1,
            Self::Transaction => 2,
        }
    }
}

/// The link of a transaction.
#[inline]
pub(super) fn link(before: &Head, transaction: &Transaction<'_>) -> Head {
    let mut hash = Sha256::new();
    hash.update(before);
    hash.update(transaction.words.as_flattened());
    hash.update(transaction.id);
    hash.finish()
}
