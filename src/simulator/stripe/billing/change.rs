//! The routes that change and end subscriptions: what changes in the middle of a period is prorated.
//!
//! Source: <https://docs.stripe.com/billing/subscriptions/change>, <https://docs.stripe.com/billing/subscriptions/cancel>.

use alloc::sync::Arc;

use super::super::object::Kind;
use super::super::params::{MetadataPatch, Params, Patch};
use super::super::prices::Price;
use super::super::refusal::{Refusal, Result};
use super::super::routes::Answer;
use super::super::test_clocks;
use super::super::work::{Work, merge};
use super::collect;
use super::cycle::{self, Turn};
use super::invoice::{Invoice, Reason, Status as InvoiceStatus};
use super::invoices;
use super::proration;
use super::subscribe::{self, BEHAVIORS, Fields, PRORATES, Prorates, Wanted};
use super::subscription::{ITEM_PREFIX, ITEMS_MAX, Item, Status, Subscription};
use crate::prelude::*;
use crate::time::Timestamp;

const FEEDBACK: &[(&str, &str)] = &[
    ("customer_service", "customer_service"),
    ("low_quality", "low_quality"),
    ("missing_features", "missing_features"),
    ("other", "other"),
    ("switched_service", "switched_service"),
    ("too_complex", "too_complex"),
    ("too_expensive", "too_expensive"),
    ("unused", "unused"),
];

/// A change of one item.
enum Change {
    Add(Wanted),
    /// The place of the item, its price and its quantity from now on.
    Set(usize, Arc<Price>, u64, MetadataPatch),
    Remove(usize),
}

fn changes(work: &Work<'_>, found: &Subscription, params: &mut Params) -> Result<Vec<Change>> {
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
        let price =
            if item.has("price") { subscribe::recurring(work, &mut item)? } else { present.price.clone() };
        let quantity = item.natural("quantity")?.unwrap_or(present.quantity);
        let metadata = item.metadata()?;
        item.finish()?;
        changes.push(Change::Set(place, price, quantity, metadata));
    }
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
    let left = found.items.len().saturating_add(added).saturating_sub(removed);
    if left == 0 || left > ITEMS_MAX {
        let message = format!("A subscription must have 1 to {ITEMS_MAX} items, this one would have {left}");
        return Err(Refusal::param(None, "items", message));
    }
    Ok(changes)
}

pub(super) fn update(work: &mut Work<'_>, mut params: Params) -> Result<Answer> {
    let number = work.find::<Subscription>(0)?;
    let before = work.get::<Subscription>(number)?.clone();
    let at = test_clocks::time_of(work, before.customer)?;
    let changes = changes(work, &before, &mut params)?;
    let fields = Fields::read(work, &mut params)?;
    let prorates = params.choice("proration_behavior", PRORATES)?.unwrap_or(Prorates::NextInvoice);
    let _ = params.choice("payment_behavior", BEHAVIORS)?;
    let ends_trial = params.clone().text("trial_end")?.as_deref() == Some("now");
    let trial_end = subscribe::trial(&mut params, at)?;
    let feedback = cancellation(&mut params)?;
    let metadata = params.metadata()?;
    params.finish()?;
    if before.status.has_ended() {
        let message =
            "A canceled subscription can only update its cancellation_details and metadata.".to_owned();
        return Err(Refusal::state("invalid_canceled_subscription_fields", message));
    }

    // From here on the subscription is changed.
    if prorates != Prorates::Never && before.status != Status::Trialing {
        prorate(work, &before, &changes, at)?;
    }
    let edited = work.edit::<Subscription>(number)?;
    apply(edited, changes, at);
    if let Some(end) = trial_end {
        (edited.status, edited.trial, edited.is_trial_end_announced) =
            (Status::Trialing, Some((at, end)), false);
        (edited.anchor, edited.period_start, edited.period_end) = (end, at, end);
    }
    if ends_trial && edited.status == Status::Trialing {
        edited.period_end = at;
        edited.trial = edited.trial.map(|(start, _)| (start, at));
    }
    let off_session = fields.off_session;
    fields.apply(edited, at);
    if let Some((comment, word)) = feedback {
        comment.apply(&mut edited.cancellation.comment);
        edited.cancellation.feedback = word.or(edited.cancellation.feedback);
    }
    merge(&mut edited.head.metadata, metadata);
    work.emit_change("customer.subscription.updated", number, before)?;
    if prorates == Prorates::AtOnce {
        bill_now(work, number, off_session, at)?;
    }
    if ends_trial {
        cycle::run(work, Turn::Subscription(number), at)?;
    }
    cycle::arrange(work, Turn::Subscription(number))?;
    Ok(Answer::Object(work.object::<Subscription>(number)?))
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

/// Bills what waits, now.
fn bill_now(work: &mut Work<'_>, number: usize, off_session: bool, at: Timestamp) -> Result<()> {
    let invoice = cycle::draft_of(work, number, Reason::SubscriptionUpdate, at)?;
    work.edit::<Subscription>(number)?.latest_invoice = Some(invoice);
    work.emit::<Invoice>("invoice.created", invoice)?;
    collect::finalize(work, invoice, at)?;
    if work.get::<Invoice>(invoice)?.status != InvoiceStatus::Open {
        return Ok(());
    }
    let outcome = collect::attempt(work, invoice, (None, off_session), at)?;
    cycle::follow_attempt(work, invoice, &outcome, at)
}

type Feedback = (Patch<String>, Option<&'static str>);

fn cancellation(params: &mut Params) -> Result<Option<Feedback>> {
    let Patch::Set(mut details) = params.object("cancellation_details")? else { return Ok(None) };
    let found = (details.patch("comment")?, details.choice("feedback", FEEDBACK)?);
    details.finish()?;
    Ok(Some(found))
}

pub(super) fn cancel(work: &mut Work<'_>, mut params: Params) -> Result<Answer> {
    let number = work.find::<Subscription>(0)?;
    let feedback = cancellation(&mut params)?;
    let (bills, prorates) = (params.flag("invoice_now")?, params.flag("prorate")?.unwrap_or(false));
    params.finish()?;
    let before = work.get::<Subscription>(number)?.clone();
    if before.status.has_ended() {
        return Err(Refusal::no_such(Subscription::NAME, work.path_id(0)));
    }
    let at = test_clocks::time_of(work, before.customer)?;

    // From here on the subscription is over.
    if prorates && before.status.renews() {
        for item in &before.items {
            proration::change(work, number, (Some(item), None), at)?;
        }
    }
    if let Some((comment, word)) = feedback {
        let edited = work.edit::<Subscription>(number)?;
        comment.apply(&mut edited.cancellation.comment);
        edited.cancellation.feedback = word;
    }
    if bills == Some(true) {
        bill_now(work, number, true, at)?;
    }
    if before.status == Status::Incomplete
        && let Some(invoice) = before.latest_invoice
        && work.get::<Invoice>(invoice)?.status == InvoiceStatus::Open
    {
        invoices::annul(work, invoice, at)?;
    }
    cycle::end(work, number, at, Some("cancellation_requested"))?;
    Ok(Answer::Object(work.object::<Subscription>(number)?))
}
