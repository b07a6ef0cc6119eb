//! No entry gives back more than it took: what reverses it or releases its hold is measured against what is left of it.

use super::entry::{Entry, Posting, Relation};
use super::{Error, ErrorKind};
use crate::prelude::*;

/// What was taken from an entry so far.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Taken {
    /// Position of the last entry that took something.
    pub(super) position: u64,
    /// Minor units taken from each of its postings.
    amounts: Vec<u64>,
}

/// What is left of each posting of an entry on the layer that a relation takes from.
fn left<'a>(
    original: &'a Entry,
    taken: Option<&'a Taken>,
    relation: Relation,
) -> impl Iterator<Item = (&'a Posting, u64)> {
    original.postings().iter().enumerate().map(move |(index, posting)| {
        let before = taken.and_then(|taken| taken.amounts.get(index)).copied().unwrap_or_default();
        let there = if relation.takes() == Some(posting.layer) { posting.amount.minor() } else { 0 };
        (posting, there.saturating_sub(before))
    })
}

/// Whether nothing is left of the pending postings of a hold.
pub(super) fn is_released(hold: &Entry, taken: &Taken) -> bool {
    left(hold, Some(taken), Relation::Voids).all(|(_, rest)| rest == 0)
}

/// Whether nothing is left of the posted postings of an entry.
pub(super) fn is_reversed(entry: &Entry, taken: &Taken) -> bool {
    left(entry, Some(taken), Relation::Reverses).all(|(_, rest)| rest == 0)
}

/// What will have been taken from `original` once `taker`, which stands at `position`, is posted.
///
/// # Errors
///
/// [`ErrorKind::NothingLeft`], [`ErrorKind::TakenDiffers`], [`ErrorKind::TakesTooMuch`], [`ErrorKind::HoldOver`],
/// [`ErrorKind::HoldNotOver`], [`ErrorKind::ReleasesPart`].
pub(super) fn take(
    original: &Entry,
    taken: Option<&Taken>,
    taker: &Entry,
    relation: Relation,
    position: u64,
) -> Result<Taken, Error> {
    let entry = || original.id().to_owned();
    let mut rests: Vec<(&Posting, u64)> = left(original, taken, relation).collect();
    let is_hold = relation == Relation::Reverses || original.is_hold();
    if let Some(taken) = taken
        && rests.iter().all(|(_, rest)| *rest == 0)
    {
        let position = taken.position;
        return Err(Error::from(ErrorKind::NothingLeft { relation, entry: entry(), position }));
    }
    for posting in taker.postings().iter().filter(|posting| relation.takes() == Some(posting.layer)) {
        let mut wanted = posting.amount.minor();
        let mut found = false;
        for (given, rest) in &mut rests {
            if given.same_place(posting) && given.side == posting.side.opposite() {
                let amount = wanted.min(*rest);
                *rest = rest.saturating_sub(amount);
                wanted = wanted.saturating_sub(amount);
                found = true;
            }
        }
        if !found || !is_hold {
            return Err(Error::from(ErrorKind::TakenDiffers { relation, entry: entry() }));
        }
        if wanted > 0 {
            let left = posting.amount.minor().saturating_sub(wanted);
            let account = posting.account.name().to_owned();
            return Err(Error::from(ErrorKind::TakesTooMuch { relation, entry: entry(), account, left }));
        }
    }
    let (now, end) = (taker.parts().occurred_at, original.parts().expires_at);
    if relation == Relation::Captures && end.is_some_and(|end| now > end) {
        return Err(Error::from(ErrorKind::HoldOver { entry: entry() }));
    }
    if relation == Relation::Expires && end.is_none_or(|end| now < end) {
        return Err(Error::from(ErrorKind::HoldNotOver { entry: entry() }));
    }
    let whole = matches!(relation, Relation::Voids | Relation::Expires);
    if whole && rests.iter().any(|(_, rest)| *rest > 0) {
        return Err(Error::from(ErrorKind::ReleasesPart { entry: entry() }));
    }
    // What the other layer gave stays as it was.
    let amounts = original.postings().iter().enumerate().map(|(index, posting)| {
        let before = taken.and_then(|taken| taken.amounts.get(index)).copied().unwrap_or_default();
        let rest = rests.get(index).map(|(_, rest)| *rest).unwrap_or_default();
        if relation.takes() == Some(posting.layer) {
            posting.amount.minor().saturating_sub(rest)
        } else {
            before
        }
    });
    Ok(Taken { position, amounts: amounts.collect() })
}

/// The pending postings that release all that is left of a hold.
pub(super) fn releasing(hold: &Entry, taken: Option<&Taken>) -> Vec<Posting> {
    let mut postings = Vec::new();
    for (posting, rest) in left(hold, taken, Relation::Voids) {
        let amount = crate::money::Amount::from_minor(rest, posting.amount.currency());
        if let (Ok(amount), true) = (amount, rest > 0) {
            postings.push(Posting { side: posting.side.opposite(), amount, ..posting.clone() });
        }
    }
    postings
}
