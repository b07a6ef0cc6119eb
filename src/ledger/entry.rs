//! An entry that exists is balanced: there is no way to build one that is not.

use super::account::{Account, Kind, Side};
use super::balance::{Balance, Sums};
use super::{Error, ErrorKind, Facts};
use crate::money::Amount;
use crate::prelude::*;
use crate::time::Timestamp;

/// Fewest postings of an entry: money comes from somewhere and goes somewhere.
pub const POSTINGS_MIN: usize = 2;

/// Most postings of an entry. A payout with hundreds of lines is one entry for each line, tied by its facts.
pub const POSTINGS_MAX: usize = 256;

/// Most links of an entry.
pub const LINKS_MAX: usize = 16;

/// Longest entry id in bytes: a derived key or a provider's id with a prefix fits twice.
pub const ID_BYTES_MAX: usize = 200;

/// Longest cause in bytes.
pub const CAUSE_BYTES_MAX: usize = 200;

/// Longest description in bytes: one line of a statement.
pub const DESCRIPTION_BYTES_MAX: usize = 500;

/// One leg of an entry: an amount on one side of an account. Never zero.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Posting {
    /// Where.
    pub account: Account,
    /// On which side.
    pub side: Side,
    /// How much, in minor units.
    pub amount: Amount,
}

/// How an entry stands to an earlier one.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[non_exhaustive]
pub enum Relation {
    /// Takes the other entry back, whole: the same postings on opposite sides. The other entry must be in the
    /// journal, and an entry is reversed at most once.
    Reverses,
    /// Belongs to the same matter, such as the refund of a charge. The other entry may arrive later.
    Follows,
}

impl Relation {
    /// The word in documents.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Reverses => "reverses",
            Self::Follows => "follows",
        }
    }

    /// The relation of a word; `None` for any other word.
    #[must_use]
    pub fn parse(word: &str) -> Option<Self> {
        [Self::Reverses, Self::Follows].into_iter().find(|relation| relation.name() == word)
    }
}

/// A tie to another entry.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Link {
    /// How this entry stands to the other.
    pub relation: Relation,
    /// The id of the other entry.
    pub entry: String,
}

/// What an entry is made of, before it is checked.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Parts {
    /// The caller's id, 1 to [`ID_BYTES_MAX`] bytes. Posting the same id again answers that it is there already.
    pub id: String,
    /// When it happened at the gateway.
    pub occurred_at: Timestamp,
    /// When the merchant's system learnt of it.
    pub recorded_at: Timestamp,
    /// What brought the news: the id of a verified event, or the key of a request. 1 to [`CAUSE_BYTES_MAX`] bytes.
    pub cause: String,
    /// A line for people, up to [`DESCRIPTION_BYTES_MAX`] bytes; may be empty.
    pub description: String,
    /// Ties to other entries, at most [`LINKS_MAX`].
    pub links: Vec<Link>,
    /// The row of a settlement report that should stand against this entry.
    pub facts: Option<Facts>,
    /// The legs, [`POSTINGS_MIN`] to [`POSTINGS_MAX`].
    pub postings: Vec<Posting>,
}

/// A balanced entry. Made from [`Parts`] by [`Entry::new`] and never changed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Entry(Parts);

impl Entry {
    /// Checks the parts.
    ///
    /// # Errors
    ///
    /// In this order: [`ErrorKind::InvalidText`], [`ErrorKind::PostingsCount`], [`ErrorKind::TooManyLinks`],
    /// [`ErrorKind::SeveralReversals`], [`ErrorKind::ZeroPosting`], [`ErrorKind::Money`] for facts in two currencies, [`ErrorKind::Unbalanced`] with the first
    /// currency, in the order of its code, that does not sum to zero, memo postings last.
    pub fn new(parts: Parts) -> Result<Self, Error> {
        checked_text("id", &parts.id, ID_BYTES_MAX)?;
        checked_text("cause", &parts.cause, CAUSE_BYTES_MAX)?;
        if !parts.description.is_empty() {
            checked_text("description", &parts.description, DESCRIPTION_BYTES_MAX)?;
        }
        for link in &parts.links {
            checked_text("links.entry", &link.entry, ID_BYTES_MAX)?;
        }
        if parts.postings.len() < POSTINGS_MIN || parts.postings.len() > POSTINGS_MAX {
            return Err(Error::from(ErrorKind::PostingsCount { found: parts.postings.len() }));
        }
        if parts.links.len() > LINKS_MAX {
            return Err(Error::from(ErrorKind::TooManyLinks { found: parts.links.len() }));
        }
        if parts.links.iter().filter(|link| link.relation == Relation::Reverses).count() > 1 {
            return Err(Error::from(ErrorKind::SeveralReversals));
        }
        if let Some(posting) = parts.postings.iter().find(|posting| posting.amount.is_zero()) {
            return Err(Error::from(ErrorKind::ZeroPosting { account: posting.account.name().to_owned() }));
        }
        if let Some(facts) = &parts.facts {
            facts.check()?;
        }
        balanced(&parts.postings)?;

        Ok(Self(parts))
    }

    /// What the entry is made of.
    #[must_use]
    pub const fn parts(&self) -> &Parts {
        &self.0
    }

    /// The caller's id.
    #[must_use]
    pub fn id(&self) -> &str {
        &self.0.id
    }

    /// The legs.
    #[must_use]
    pub fn postings(&self) -> &[Posting] {
        &self.0.postings
    }

    /// The id of the entry this one takes back.
    #[must_use]
    pub fn reverses(&self) -> Option<&str> {
        let link = self.0.links.iter().find(|link| link.relation == Relation::Reverses);
        link.map(|link| link.entry.as_str())
    }

    /// The first field in which a second entry with the same id differs, or `None` when it says the same.
    ///
    /// `recorded_at` and `cause` are not compared: they say how the news arrived, and the same news may arrive twice
    /// (as an answer and as an event, or once more after a crash). The first arrival stays in the books.
    #[must_use]
    pub fn difference(&self, other: &Self) -> Option<&'static str> {
        let (own, others) = (&self.0, &other.0);
        let compared = [
            ("postings", own.postings == others.postings),
            ("facts", own.facts == others.facts),
            ("links", own.links == others.links),
            ("occurred_at", own.occurred_at == others.occurred_at),
            ("description", own.description == others.description),
        ];
        compared.into_iter().find(|(_, same)| !same).map(|(field, _)| field)
    }

    /// Whether `other` has exactly these postings on opposite sides, in any order.
    #[must_use]
    pub fn is_mirrored_by(&self, other: &Self) -> bool {
        let mut left: Vec<&Posting> = other.0.postings.iter().collect();
        let all_found = self.0.postings.iter().all(|leg| {
            let opposite = |found: &&Posting| {
                found.side == leg.side.opposite()
                    && found.account == leg.account
                    && found.amount == leg.amount
            };
            left.iter().position(opposite).map(|position| left.swap_remove(position)).is_some()
        });
        all_found && left.is_empty()
    }
}

/// Memo postings balance among themselves, so that a note never stands in for money.
fn balanced(postings: &[Posting]) -> Result<(), Error> {
    for memo in [false, true] {
        let mut sums = Sums::default();
        for posting in postings.iter().filter(|posting| (posting.account.kind() == Kind::Memo) == memo) {
            sums.add(posting.amount.currency(), posting.side, posting.amount.minor());
        }
        for (currency, Balance { debits, credits }) in sums.iter() {
            if debits != credits {
                let (debits, credits) = (Box::new(debits), Box::new(credits));
                return Err(Error::from(ErrorKind::Unbalanced { currency, memo, debits, credits }));
            }
        }
    }
    Ok(())
}

/// A text of 1 to `limit` bytes without control characters: it goes into logs, reports and CSV files.
pub(super) fn checked_text(field: &'static str, text: &str, limit: usize) -> Result<(), Error> {
    let refused = |found: String| Err(Error::from(ErrorKind::InvalidText { field, limit, found }));
    if text.is_empty() {
        return refused("nothing".to_owned());
    }
    if text.len() > limit {
        return refused(glued(&[&text.len().digits(), " bytes"]));
    }
    if text.chars().any(char::is_control) {
        return refused("a control character".to_owned());
    }
    Ok(())
}
