//! Pages of payments, events and postings: complete, in a stated order, without duplicates while others are added.

use super::super::Error;
use super::super::webhooks::{Dialect, Event, NATIVE_EVENT};
use super::super::world::{Receipt, World};
use super::{read, view};
use crate::prelude::*;
use crate::time::Timestamp;

/// Newest first; `after` is the id of the last payment of the page before.
/// Shows everything as it was at `as_of`.
pub(super) fn payments(world: &World, query: &str, as_of: Timestamp) -> Result<String, Error> {
    let page = read::page(query, &["reference", "after", "limit"])?;
    let before = page.after.map(|id| world.find(&id)).transpose()?.unwrap_or(usize::MAX);
    // Payments stand in the order of their birth, as time does not run backwards.
    let born = world.payments.partition_point(|payment| payment.born() <= as_of);
    let (shown, has_more) = match &page.reference {
        Some(reference) => {
            let all = world.by_reference.get(reference).map_or(&[][..], Vec::as_slice);
            newest(older(all, before.min(born)).iter().copied(), page.limit)
        }
        None => newest(0..before.min(born), page.limit),
    };
    let items = shown.into_iter().map(|payment| {
        let moment = world.payments.get(payment).map_or(0, |payment| payment.moment_at(as_of));
        view::payment(world, Receipt { payment, moment })
    });
    Ok(view::list(items, has_more))
}

/// The part of an ascending list that stands before a number.
fn older(numbers: &[usize], before: usize) -> &[usize] {
    let end = numbers.partition_point(|number| *number < before);
    numbers.get(..end).unwrap_or(numbers)
}

/// The last of an ascending list, newest first, and whether there are more.
fn newest(numbers: impl DoubleEndedIterator<Item = usize>, limit: usize) -> (Vec<usize>, bool) {
    let mut rest = numbers.rev();
    let shown = rest.by_ref().take(limit).collect();
    (shown, rest.next().is_some())
}

/// Oldest first, so that a reader who lost webhooks can go on where it stopped.
pub(super) fn events(world: &World, query: &str) -> Result<String, Error> {
    const SHOWN_MAX: usize = 40;
    let page = read::page(query, &["after", "limit"])?;
    let events = world.webhooks.events();
    let first = match page.after {
        None => 0,
        Some(id) => {
            let number = world.ids.number(NATIVE_EVENT, &id).filter(|number| *number < events.len());
            let unknown = || Error::NotFound { what: "event", found: id.chars().take(SHOWN_MAX).collect() };
            number.ok_or_else(unknown)?.saturating_add(1)
        }
    };
    let own = |(_, event): &(usize, &Event)| event.news.dialect() == Dialect::Native;
    let mut rest = events.iter().enumerate().skip(first).filter(own);
    let shown: Vec<String> =
        rest.by_ref().take(page.limit).map(|(number, event)| view::event(world, number, event)).collect();
    Ok(view::list(shown.into_iter(), rest.next().is_some()))
}

/// An account with its newest entries.
pub(super) fn account(world: &World, query: &str, name: &str) -> Result<String, Error> {
    const SHOWN_MAX: usize = 40;
    let page = read::page(query, &["after", "limit"])?;
    let unknown = || Error::NotFound { what: "account", found: name.chars().take(SHOWN_MAX).collect() };
    let account = world.books.account(name).ok_or_else(unknown)?;
    let before = match page.after {
        None => usize::MAX,
        Some(id) => world
            .ids
            .number("ent", &id)
            .ok_or(Error::ParameterInvalid { parameter: "after", expected: "the id of an entry" })?,
    };
    let (shown, has_more) = newest(older(&account.entries, before).iter().copied(), page.limit);
    Ok(view::account(world, account, &shown, has_more))
}
