//! The items of a subscription, and what changing them costs for the rest of a period.
//!
//! Source: <https://docs.stripe.com/api/subscription_items>.

use alloc::sync::Arc;

use super::super::expand::Gives;
use super::super::object::Kind;
use super::super::params::{MetadataPatch, Params};
use super::super::prices::Price;
use super::super::refusal::{Refusal, Result};
use super::super::routes::{Answer, Level, Row};
use super::super::test_clocks;
use super::super::work::{Work, merge};
use super::change;
use super::proration;
use super::subscribe::{self, BEHAVIORS, PRORATES, Prorates, Wanted};
use super::subscription::{ITEM_PREFIX, ITEM_STEP, ITEMS_MAX, Item, Status, Subscription};
use crate::json::ObjectWriter;
use crate::prelude::*;
use crate::time::Timestamp;

const NOTE: &str = "Nothing expands, and a list comes at once, whatever `limit` says.";

pub(in super::super) const ROUTES: &[Row] = &[
    Row::new("POST", "/v1/subscription_items", create, Gives::Nothing, Level::Most).noting(NOTE),
    Row::new("GET", "/v1/subscription_items", list, Gives::Nothing, Level::Most).noting(NOTE),
    Row::new("GET", "/v1/subscription_items/:id", retrieve, Gives::Nothing, Level::Most).noting(NOTE),
    Row::new("POST", "/v1/subscription_items/:id", update, Gives::Nothing, Level::Most).noting(NOTE),
    Row::new("DELETE", "/v1/subscription_items/:id", delete, Gives::Nothing, Level::Most),
];

/// A change of one item.
pub(super) enum Change {
    Add(Wanted),
    /// The place of the item, its price and its quantity from now on.
    Set(usize, Arc<Price>, u64, MetadataPatch),
    Remove(usize),
}

/// Reads `items` of an update.
///
/// # Errors
///
/// An item is unknown, or the subscription would not be one any more.
pub(super) fn read(work: &Work<'_>, found: &Subscription, params: &mut Params) -> Result<Vec<Change>> {
    let mut changes = Vec::new();
    for mut item in params.objects("items")?.unwrap_or_default() {
        let Some(id) = item.text("id")? else {
            changes.push(Change::Add(subscribe::wanted(work, item)?));
            continue;
        };
        let number = work.world.ids.number(ITEM_PREFIX, &id);
        let place = found.items.iter().position(|item| Some(item.number) == number);
        let place =
            place.ok_or_else(|| Refusal::no_such_param("subscription_item", &id, &item.name("id")))?;
        let Some(present) = found.items.get(place) else { continue };
        if item.flag("deleted")? == Some(true) {
            item.finish()?;
            changes.push(Change::Remove(place));
            continue;
        }
        changes.push(set(work, item, place, present)?);
    }
    check(found, &changes)?;
    Ok(changes)
}

/// Another price, quantity or metadata for an item.
fn set(work: &Work<'_>, mut item: Params, place: usize, present: &Item) -> Result<Change> {
    let price =
        if item.has("price") { subscribe::recurring(work, &mut item)? } else { present.price.clone() };
    let quantity = item.natural("quantity")?.unwrap_or(present.quantity);
    subscribe::check_amount(&price, quantity, &item.name("quantity"))?;
    let metadata = item.metadata()?;
    item.finish()?;
    Ok(Change::Set(place, price, quantity, metadata))
}

/// Whether a subscription stays one with these changes.
fn check(found: &Subscription, changes: &[Change]) -> Result<()> {
    let agrees = |price: &Price| price.currency == found.currency && price.interval == Some(found.interval);
    let is_fine = changes.iter().all(|change| match change {
        Change::Add(wanted) => agrees(&wanted.price),
        Change::Set(_, price, _, _) => agrees(price),
        Change::Remove(_) => true,
    });
    if !is_fine {
        let message = "Another currency or interval is not simulated: cancel, and subscribe anew.".to_owned();
        return Err(Refusal::param(None, "items", message));
    }
    let removed = changes.iter().filter(|change| matches!(change, Change::Remove(_))).count();
    let added = changes.iter().filter(|change| matches!(change, Change::Add(_))).count();
    if found.items_made.saturating_add(added) > ITEM_STEP {
        let message = format!("A subscription may have had {ITEM_STEP} items in all: subscribe anew.");
        return Err(Refusal::param(None, "items", message));
    }
    let left = found.items.len().saturating_add(added).saturating_sub(removed);
    if left == 0 || left > ITEMS_MAX {
        let message = format!("A subscription must have 1 to {ITEMS_MAX} items, this one would have {left}");
        return Err(Refusal::param(None, "items", message));
    }
    Ok(())
}

/// Changes the items of a subscription, and charges and gives back what belongs to the rest of the period.
///
/// # Errors
///
/// A contradiction in the simulator.
pub(super) fn carry_out(
    work: &mut Work<'_>,
    before: &Subscription,
    changes: Vec<Change>,
    prorates: Prorates,
    at: Timestamp,
) -> Result<()> {
    if prorates != Prorates::Never && before.status != Status::Trialing {
        prorate(work, before, &changes, at)?;
    }
    apply(work.edit::<Subscription>(before.head.number)?, changes, at);
    Ok(())
}

fn prorate(work: &mut Work<'_>, before: &Subscription, changes: &[Change], at: Timestamp) -> Result<()> {
    for change in changes {
        let (old, new) = match change {
            Change::Add(wanted) => (None, Some((wanted.price.clone(), wanted.quantity))),
            Change::Remove(place) => (before.items.get(*place), None),
            Change::Set(place, price, quantity, _) => match before.items.get(*place) {
                Some(item) if item.price.head.number == price.head.number && item.quantity == *quantity => {
                    continue;
                }
                old => (old, Some((price.clone(), *quantity))),
            },
        };
        let new =
            new.map(|(price, quantity)| Item { number: 0, created: at, price, quantity, metadata: None });
        proration::change(work, before.head.number, (old, new.as_ref()), at)?;
    }
    Ok(())
}

fn apply(subscription: &mut Subscription, changes: Vec<Change>, at: Timestamp) {
    let mut removed = Vec::new();
    let mut added = Vec::new();
    for change in changes {
        match change {
            Change::Add(wanted) => added.push(wanted),
            Change::Remove(place) => removed.extend(subscription.items.get(place).map(|item| item.number)),
            Change::Set(place, price, quantity, metadata) => {
                if let Some(item) = subscription.items.get_mut(place) {
                    (item.price, item.quantity) = (price, quantity);
                    merge(&mut item.metadata, metadata);
                }
            }
        }
    }
    subscription.items.retain(|item| !removed.contains(&item.number));
    for wanted in added {
        subscribe::push(subscription, wanted, at);
    }
}

/// The subscription and the place of the item the path names.
fn find(work: &Work<'_>) -> Result<(Arc<Subscription>, usize)> {
    let id = work.path_id(0);
    let missing = || Refusal::no_such("subscription_item", id);
    let item = work.world.ids.number(ITEM_PREFIX, id).ok_or_else(missing)?;
    let rows = Subscription::table(&work.world.stripe.tables);
    let found = rows.get(Subscription::of_item(item)).ok_or_else(missing)?;
    let place = found.items.iter().position(|found| found.number == item).ok_or_else(missing)?;
    if found.head.account != work.account {
        return Err(missing());
    }
    Ok((found.clone(), place))
}

fn shown(work: &Work<'_>, subscription: usize, item: usize) -> Result<Answer> {
    let id = work.world.ids.id(ITEM_PREFIX, item);
    Ok(Answer::Member { object: work.object::<Subscription>(subscription)?, name: "items", id: Some(id) })
}

fn retrieve(work: &mut Work<'_>, params: Params) -> Result<Answer> {
    params.finish()?;
    let (found, place) = find(work)?;
    let item = found.items.get(place).map(|item| item.number).unwrap_or_default();
    shown(work, found.head.number, item)
}

fn list(work: &mut Work<'_>, mut params: Params) -> Result<Answer> {
    let id = params.required_text("subscription")?;
    let _ = params.natural("limit")?;
    params.finish()?;
    let number = work.find_param::<Subscription>(&id, "subscription")?;
    Ok(Answer::Member { object: work.object::<Subscription>(number)?, name: "items", id: None })
}

/// How a change of one item is meant.
fn manner(params: &mut Params) -> Result<(Prorates, bool)> {
    let prorates = params.choice("proration_behavior", PRORATES)?.unwrap_or(Prorates::NextInvoice);
    let _ = params.choice("payment_behavior", BEHAVIORS)?;
    Ok((prorates, params.flag("off_session")?.unwrap_or(false)))
}

fn create(work: &mut Work<'_>, mut params: Params) -> Result<Answer> {
    let id = params.required_text("subscription")?;
    let number = work.find_param::<Subscription>(&id, "subscription")?;
    let manner = manner(&mut params)?;
    let change = Change::Add(subscribe::wanted(work, params)?);
    let found = work.get::<Subscription>(number)?.clone();
    change_one(work, &found, change, manner)?;
    let item = work.get::<Subscription>(number)?.items.last().map(|item| item.number).unwrap_or_default();
    shown(work, number, item)
}

fn update(work: &mut Work<'_>, mut params: Params) -> Result<Answer> {
    let (found, place) = find(work)?;
    let Some(item) = found.items.get(place) else { return Err(Refusal::bug("an item is at no place")) };
    let manner = manner(&mut params)?;
    let change = set(work, params, place, item)?;
    change_one(work, &found, change, manner)?;
    shown(work, found.head.number, item.number)
}

fn delete(work: &mut Work<'_>, mut params: Params) -> Result<Answer> {
    let (found, place) = find(work)?;
    let manner = manner(&mut params)?;
    let _ = params.flag("clear_usage")?;
    params.finish()?;
    change_one(work, &found, Change::Remove(place), manner)?;
    let gone = ObjectWriter::new().text("id", work.path_id(0)).text("object", "subscription_item");
    Ok(Answer::Text(gone.flag("deleted", true).finish()))
}

/// Carries out a change of one item as an update of its subscription.
fn change_one(
    work: &mut Work<'_>,
    found: &Arc<Subscription>,
    change: Change,
    (prorates, off_session): (Prorates, bool),
) -> Result<()> {
    let changes = vec![change];
    check(found, &changes)?;
    if found.status.has_ended() {
        let message = "The subscription has ended: its items cannot be changed.".to_owned();
        return Err(Refusal::state("invalid_canceled_subscription_fields", message));
    }
    let (number, at) = (found.head.number, test_clocks::time_of(work, found.customer)?);

    // From here on the item is changed.
    carry_out(work, found, changes, prorates, at)?;
    work.emit_change("customer.subscription.updated", number, found.clone())?;
    if prorates == Prorates::AtOnce {
        change::bill_now(work, number, off_session, at)?;
    }
    Ok(())
}

/// A price has changed: whoever is subscribed to it shows it as it is now.
///
/// # Errors
///
/// A contradiction in the simulator.
pub(in super::super) fn refresh_price(work: &mut Work<'_>, price: usize) -> Result<()> {
    let now = work.get::<Price>(price)?.clone();
    let rows = Subscription::table(&work.world.stripe.tables).rows().iter();
    let has = |found: &Subscription| found.items.iter().any(|item| item.price.head.number == price);
    let numbers: Vec<usize> = rows.filter(|found| has(found)).map(|found| found.head.number).collect();
    for number in numbers {
        for item in &mut work.edit::<Subscription>(number)?.items {
            if item.price.head.number == price {
                item.price = now.clone();
            }
        }
    }
    Ok(())
}
