//! An entry that exists is balanced: there is no way to build one that is not.

use super::account::{Account, Kind, Side};
use super::balance::{Balance, Change, Sums};
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

/// Longest key of a posting in bytes.
pub const KEY_BYTES_MAX: usize = 200;

/// What a posting is about: money that moved, or money that is promised.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Layer {
    /// It moved.
    #[default]
    Posted,
    /// It is held until the hold is captured, voided or expires. Counts against the limit of its account, and never into
    /// its balance.
    Pending,
}

impl Layer {
    /// The word in documents; a posting without one is posted.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Posted => "posted",
            Self::Pending => "pending",
        }
    }

    /// The layer of a word; `None` for any other word.
    #[must_use]
    pub fn parse(word: &str) -> Option<Self> {
        [Self::Posted, Self::Pending].into_iter().find(|layer| layer.name() == word)
    }
}

/// One leg of an entry: an amount on one side of an account. Never zero.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Posting {
    /// Where.
    pub account: Account,
    /// The object it belongs to, 1 to [`KEY_BYTES_MAX`] bytes: a payout in a clearing account, an order in escrow.
    /// Sums are kept by key as well, and limits hold for each.
    pub key: Option<String>,
    /// On which side.
    pub side: Side,
    /// Whether it moved or is promised.
    pub layer: Layer,
    /// How much, in minor units.
    pub amount: Amount,
}

impl Posting {
    /// Money on one side of an account, without a key.
    #[must_use]
    pub const fn posted(account: Account, side: Side, amount: Amount) -> Self {
        Self { account, key: None, side, layer: Layer::Posted, amount }
    }

    /// Whether this posting is on the same account, key, layer and currency.
    pub(super) fn same_place(&self, other: &Self) -> bool {
        self.account == other.account
            && self.key == other.key
            && self.layer == other.layer
            && self.amount.currency() == other.amount.currency()
    }
}

/// How an entry stands to an earlier one.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[non_exhaustive]
pub enum Relation {
    /// Takes the other entry back, whole or up to what is left of it: its posted postings on opposite sides. The other
    /// entry must be in the journal.
    Reverses,
    /// Turns a hold into money: its pending postings on opposite sides, as far as it is released, and the postings of
    /// what was captured. Several captures may share a hold.
    Captures,
    /// Releases all that is left of a hold.
    Voids,
    /// Releases all that is left of a hold whose time is over.
    Expires,
    /// Belongs to the same matter, such as the refund of a charge. The other entry may arrive later.
    Follows,
}

impl Relation {
    const ALL: [Self; 5] = [Self::Reverses, Self::Captures, Self::Voids, Self::Expires, Self::Follows];

    /// The word in documents.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Reverses => "reverses",
            Self::Captures => "captures",
            Self::Voids => "voids",
            Self::Expires => "expires",
            Self::Follows => "follows",
        }
    }

    /// The relation of a word; `None` for any other word.
    #[must_use]
    pub fn parse(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|relation| relation.name() == word)
    }

    /// The layer of the other entry that this relation takes from; `None` when it takes nothing.
    #[must_use]
    pub const fn takes(self) -> Option<Layer> {
        match self {
            Self::Reverses => Some(Layer::Posted),
            Self::Captures | Self::Voids | Self::Expires => Some(Layer::Pending),
            Self::Follows => None,
        }
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
    /// Until when a hold can be captured; `None` for one without an end, and for every other entry.
    pub expires_at: Option<Timestamp>,
    /// The row of a settlement report that should stand against this entry.
    pub facts: Option<Box<Facts>>,
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
    /// [`ErrorKind::SeveralTaken`], [`ErrorKind::ZeroPosting`], [`ErrorKind::Money`] for facts in two currencies,
    /// [`ErrorKind::WrongLayers`], [`ErrorKind::Unbalanced`] with the first currency, in the order of its code, that does
    /// not sum to zero, memo postings after money and pending ones after posted ones.
    pub fn new(parts: Parts) -> Result<Self, Error> {
        checked_text("id", &parts.id, ID_BYTES_MAX)?;
        checked_text("cause", &parts.cause, CAUSE_BYTES_MAX)?;
        if !parts.description.is_empty() {
            checked_text("description", &parts.description, DESCRIPTION_BYTES_MAX)?;
        }
        for link in &parts.links {
            checked_text("links.entry", &link.entry, ID_BYTES_MAX)?;
        }
        for key in parts.postings.iter().filter_map(|posting| posting.key.as_deref()) {
            checked_text("postings.key", key, KEY_BYTES_MAX)?;
        }
        if parts.postings.len() < POSTINGS_MIN || parts.postings.len() > POSTINGS_MAX {
            return Err(Error::from(ErrorKind::PostingsCount { found: parts.postings.len() }));
        }
        if parts.links.len() > LINKS_MAX {
            return Err(Error::from(ErrorKind::TooManyLinks { found: parts.links.len() }));
        }
        if parts.links.iter().filter(|link| link.relation.takes().is_some()).count() > 1 {
            return Err(Error::from(ErrorKind::SeveralTaken));
        }
        if let Some(posting) = parts.postings.iter().find(|posting| posting.amount.is_zero()) {
            return Err(Error::from(ErrorKind::ZeroPosting { account: posting.account.name().to_owned() }));
        }
        if let Some(facts) = &parts.facts {
            facts.check()?;
        }
        let entry = Self(parts);
        if let Some(expected) = entry.layers_missed() {
            return Err(Error::from(ErrorKind::WrongLayers { expected }));
        }
        balanced(entry.postings())?;

        Ok(entry)
    }

    /// What is wrong with the layers of the postings, as what is expected of them.
    fn layers_missed(&self) -> Option<&'static str> {
        let on = |layer| self.postings().iter().any(|posting| posting.layer == layer);
        let (posted, pending) = (on(Layer::Posted), on(Layer::Pending));
        let (ends, relation) = (self.0.expires_at.is_some(), self.taken().map(|link| link.relation));
        match relation {
            Some(Relation::Reverses) if pending => Some("a reversal has no pending postings: void the hold"),
            Some(Relation::Captures) if !posted || !pending => {
                Some("a capture has pending postings, which release the hold, and posted ones")
            }
            Some(Relation::Voids | Relation::Expires) if posted => {
                Some("what voids or expires a hold has pending postings only")
            }
            relation if ends && (relation.is_some() || !pending) => {
                Some("only a hold has a time at which it expires: make its postings pending")
            }
            _ => None,
        }
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

    /// The link to the entry that this one takes from: reverses, captures, voids or expires.
    #[must_use]
    pub fn taken(&self) -> Option<&Link> {
        self.0.links.iter().find(|link| link.relation.takes().is_some())
    }

    /// Whether the pending postings release those of an earlier entry.
    #[must_use]
    pub fn releases(&self) -> bool {
        self.taken().is_some_and(|link| link.relation.takes() == Some(Layer::Pending))
    }

    /// Whether the entry holds money: it has pending postings of its own.
    #[must_use]
    pub fn is_hold(&self) -> bool {
        !self.releases() && self.postings().iter().any(|posting| posting.layer == Layer::Pending)
    }

    /// What a posting of this entry does to the sums of its account.
    pub(super) fn change(&self, posting: &Posting) -> Change {
        let release = posting.layer == Layer::Pending && self.releases();
        Change { side: posting.side, layer: posting.layer, minor: posting.amount.minor(), release }
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
            ("expires_at", own.expires_at == others.expires_at),
            ("occurred_at", own.occurred_at == others.occurred_at),
            ("description", own.description == others.description),
        ];
        compared.into_iter().find(|(_, same)| !same).map(|(field, _)| field)
    }
}

/// What may balance against each other: memo postings among themselves, so that a note never stands in for money, and
/// each layer by itself, so that a promise never does.
const BALANCED_APART: [(bool, Layer, &str); 4] = [
    (false, Layer::Posted, "the postings"),
    (true, Layer::Posted, "the memo postings"),
    (false, Layer::Pending, "the pending postings"),
    (true, Layer::Pending, "the pending memo postings"),
];

fn balanced(postings: &[Posting]) -> Result<(), Error> {
    for (memo, layer, which) in BALANCED_APART {
        let mut sums = Sums::default();
        let apart =
            |posting: &&Posting| (posting.account.kind() == Kind::Memo) == memo && posting.layer == layer;
        for posting in postings.iter().filter(apart) {
            sums.add(posting.amount.currency(), Change::posted(posting.side, posting.amount.minor()));
        }
        for (currency, Balance { debits, credits, .. }) in sums.iter() {
            if debits != credits {
                let (debits, credits) = (Box::new(debits), Box::new(credits));
                return Err(Error::from(ErrorKind::Unbalanced { currency, which, debits, credits }));
            }
        }
    }
    Ok(())
}

/// A text of 1 to `limit` bytes without control characters: it goes into logs, reports and CSV files.
pub(crate) fn checked_text(field: &'static str, text: &str, limit: usize) -> Result<(), Error> {
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
