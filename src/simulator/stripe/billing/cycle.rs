//! What happens to subscriptions and invoices as time passes, each at its own moment.
//!
//! A renewal is drafted at the end of a period, finalized and collected an hour later, and retried for some days; a
//! subscription nobody pays for ends.

use super::super::accounts;
use super::super::amounts;
use super::super::customers::Customer;
use super::super::object::{Head, Kind};
use super::super::params::MetadataPatch;
use super::super::products::Product;
use super::super::refusal::Result;
use super::super::test_clocks::TestClock;
use super::super::timers::Due;
use super::super::work::Work;
use super::collect::{self, Outcome};
use super::invoice::{DRAFT_TIME, Invoice, LINES_MAX, Reason, Recipient, Status};
use super::invoice_item::InvoiceItem;
use super::line::{Line, Origin};
use super::subscription::{self, Collection, Subscription};
use super::{invoice, invoices};
use crate::calendar::months_after;
use crate::prelude::*;
use crate::time::Timestamp;

/// Something that goes on by itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in super::super) enum Turn {
    Subscription(usize),
    Invoice(usize),
}

/// What happens next to the customers of a test clock, and when.
pub(in super::super) fn next_of_clock(work: &Work<'_>, clock: usize) -> Option<(Timestamp, Turn)> {
    let tables = &work.world.stripe.tables;
    let subscriptions = Subscription::table(tables).rows().iter().filter(|found| found.clock == Some(clock));
    let invoices = Invoice::table(tables).rows().iter().filter(|found| found.clock == Some(clock));
    let of_subscriptions = subscriptions
        .filter_map(|found| found.next_turn().map(|(at, _)| (at, Turn::Subscription(found.head.number))));
    let of_invoices =
        invoices.filter_map(|found| found.next_turn().map(|at| (at, Turn::Invoice(found.head.number))));
    // What is owed is collected before anything new is owed.
    of_invoices.chain(of_subscriptions).min_by_key(|(at, _)| *at)
}

/// How far a clock may be moved at once: two of the shortest intervals of its subscriptions, as documented, or two years.
pub(in super::super) fn reach_of_clock(work: &Work<'_>, clock: usize, from: Timestamp) -> Timestamp {
    let two_years = months_after(from, 24).unwrap_or(Timestamp::MAX);
    let subscriptions = Subscription::table(&work.world.stripe.tables).rows().iter();
    let live = subscriptions.filter(|found| found.clock == Some(clock) && !found.status.has_ended());
    live.map(|found| found.interval.after(from, 2)).min().unwrap_or(two_years)
}

/// Arranges the next turn of whoever lives by the gateway's own time.
///
/// # Errors
///
/// A contradiction in the simulator.
pub(super) fn arrange(work: &mut Work<'_>, turn: Turn) -> Result<()> {
    let next = match turn {
        Turn::Subscription(number) => {
            let found = work.get::<Subscription>(number)?;
            found.next_turn().map(|(at, _)| at).filter(|_| found.clock.is_none())
        }
        Turn::Invoice(number) => {
            let found = work.get::<Invoice>(number)?;
            found.next_turn().filter(|_| found.clock.is_none())
        }
    };
    if let Some(at) = next {
        work.arrange(at, Due::Billing(turn));
    }
    Ok(())
}

/// Carries out what is due at a moment of the customer's time, if it still is.
///
/// # Errors
///
/// A contradiction in the simulator.
pub(in super::super) fn run(work: &mut Work<'_>, turn: Turn, at: Timestamp) -> Result<()> {
    let owner = match turn {
        Turn::Subscription(number) => work.get::<Subscription>(number)?.head.account,
        Turn::Invoice(number) => work.get::<Invoice>(number)?.head.account,
    };
    // Nobody is billed for an account that is gone.
    if !accounts::is_open(work, owner) {
        return Ok(());
    }
    match turn {
        Turn::Subscription(number) => {
            let found = work.get::<Subscription>(number)?;
            let Some((_, next)) = found.next_turn().filter(|(due, _)| *due <= at) else { return Ok(()) };
            work.account = found.head.account;
            match next {
                subscription::Turn::TrialWillEnd => {
                    work.edit::<Subscription>(number)?.is_trial_end_announced = true;
                    work.emit::<Subscription>("customer.subscription.trial_will_end", number)?;
                }
                subscription::Turn::Cancels => end(work, number, at, None)?,
                subscription::Turn::Expires => expire(work, number, at)?,
                subscription::Turn::Renews => renew(work, number, at)?,
            }
        }
        Turn::Invoice(number) => {
            let found = work.get::<Invoice>(number)?;
            if found.next_turn().is_none_or(|due| due > at) {
                return Ok(());
            }
            work.account = found.head.account;
            go_on(work, number, at)?;
        }
    }
    arrange(work, turn)
}

/// The next period begins and is billed.
fn renew(work: &mut Work<'_>, number: usize, at: Timestamp) -> Result<()> {
    let before = work.get::<Subscription>(number)?.clone();
    let edited = work.edit::<Subscription>(number)?;
    if edited.status == subscription::Status::Trialing {
        edited.status = subscription::Status::Active;
        edited.begin_at(at);
    } else {
        edited.begin_next_period();
    }
    let invoice = draft_of(work, number, Reason::SubscriptionCycle, at)?;
    work.edit::<Subscription>(number)?.latest_invoice = Some(invoice);
    work.emit_change("customer.subscription.updated", number, before)?;
    work.emit::<Invoice>("invoice.created", invoice)?;
    arrange(work, Turn::Invoice(invoice))
}

/// A subscription whose first payment never came is over.
fn expire(work: &mut Work<'_>, number: usize, at: Timestamp) -> Result<()> {
    let before = work.get::<Subscription>(number)?.clone();
    let edited = work.edit::<Subscription>(number)?;
    (edited.status, edited.ended_at) = (subscription::Status::IncompleteExpired, Some(at));
    work.emit_change("customer.subscription.updated", number, before.clone())?;
    match before.latest_invoice {
        Some(invoice) if work.get::<Invoice>(invoice)?.status == Status::Open => {
            invoices::annul(work, invoice, at)
        }
        _ => Ok(()),
    }
}

/// Ends a subscription.
///
/// # Errors
///
/// A contradiction in the simulator.
pub(super) fn end(
    work: &mut Work<'_>,
    number: usize,
    at: Timestamp,
    reason: Option<&'static str>,
) -> Result<()> {
    let edited = work.edit::<Subscription>(number)?;
    edited.status = subscription::Status::Canceled;
    edited.ended_at = Some(at);
    edited.canceled_at = edited.canceled_at.or(Some(at));
    edited.cancellation.reason = reason.or(edited.cancellation.reason);
    let invoice = edited.latest_invoice;
    work.emit::<Subscription>("customer.subscription.deleted", number)?;
    // Nobody is asked for the rest of what has ended.
    if let Some(invoice) = invoice
        && !matches!(work.get::<Invoice>(invoice)?.status, Status::Paid | Status::Void)
    {
        let edited = work.edit::<Invoice>(invoice)?;
        (edited.advances, edited.next_attempt) = (false, None);
    }
    Ok(())
}

/// A draft finalizes itself, or an open invoice is tried again.
fn go_on(work: &mut Work<'_>, number: usize, at: Timestamp) -> Result<()> {
    let found = work.get::<Invoice>(number)?.clone();
    if found.is_draft() {
        collect::finalize(work, number, at)?;
        if found.collection != Collection::Automatic {
            return work.emit::<Invoice>("invoice.sent", number);
        }
    }
    if work.get::<Invoice>(number)?.status != Status::Open {
        return Ok(());
    }
    let outcome = collect::attempt(work, number, (None, true), at)?;
    follow_attempt(work, number, &outcome, at)
}

/// What a failed attempt means for the subscription.
///
/// # Errors
///
/// A contradiction in the simulator.
pub(super) fn follow_attempt(
    work: &mut Work<'_>,
    number: usize,
    outcome: &Outcome,
    at: Timestamp,
) -> Result<()> {
    if matches!(outcome, Outcome::Paid) {
        return Ok(());
    }
    if matches!(outcome, Outcome::NoMethod) {
        let edited = work.edit::<Invoice>(number)?;
        edited.is_attempted = true;
        edited.attempts = edited.attempts.saturating_add(1);
        work.emit::<Invoice>("invoice.payment_failed", number)?;
    }
    let goes_on = collect::retry_later(work, number, at)?;
    arrange(work, Turn::Invoice(number))?;
    let Some(subscription) = work.get::<Invoice>(number)?.subscription_number() else { return Ok(()) };
    let before = work.get::<Subscription>(subscription)?.clone();
    match before.status {
        subscription::Status::Active if goes_on => {
            work.edit::<Subscription>(subscription)?.status = subscription::Status::PastDue;
            work.emit_change("customer.subscription.updated", subscription, before)
        }
        subscription::Status::Active | subscription::Status::PastDue if !goes_on => {
            end(work, subscription, at, Some("payment_failed"))
        }
        _ => Ok(()),
    }
}

/// A draft for what a subscription owes now: its period, and what waits for an invoice.
///
/// # Errors
///
/// A contradiction in the simulator.
pub(super) fn draft_of(work: &mut Work<'_>, number: usize, reason: Reason, at: Timestamp) -> Result<usize> {
    let found = work.get::<Subscription>(number)?.clone();
    let is_trial = found.status == subscription::Status::Trialing;
    let mut lines = Vec::new();
    for item in &found.items {
        if reason == Reason::SubscriptionUpdate {
            break;
        }
        let product = work.get::<Product>(item.price.product)?.name.clone();
        let unit = if is_trial { 0 } else { item.price.unit_amount };
        let amount = i64::try_from(unit.saturating_mul(item.quantity)).unwrap_or(i64::MAX);
        let quantity = item.quantity.digits();
        let description = if is_trial {
            glued(&["Free trial for ", &quantity, " × ", &product])
        } else {
            let code = found.currency.code().to_ascii_lowercase();
            let each = amounts::shown(unit, &code);
            glued(&[&quantity, " × ", &product, " (at ", &each, " / ", &found.interval.to_text(), ")"])
        };
        lines.push(Line {
            origin: Origin::Period { subscription: number, item: item.number },
            amount,
            quantity: item.quantity,
            unit_amount: Some(unit),
            price: Some((item.price.head.number, item.price.product)),
            description: Some(description),
            period: (found.period_start, found.period_end),
            is_proration: false,
            metadata: item.metadata.clone(),
        });
    }
    let advances = reason == Reason::SubscriptionCycle;
    let invoice = draft(work, found.customer, reason, at)?;
    let edited = work.edit::<Invoice>(invoice)?;
    edited.subscription = Some((number, found.head.metadata.clone()));
    (edited.currency, edited.collection, edited.lines) = (found.currency, found.collection, lines);
    edited.advances = advances;
    edited.finalizes_at = advances.then(|| at.saturating_add(DRAFT_TIME));
    if reason == Reason::SubscriptionCycle {
        // An invoice of a renewal tells of the period before, which it closes.
        edited.period = (found.period_start, found.period_start);
    }
    take_pending(work, invoice)?;
    Ok(invoice)
}

/// An empty draft of a customer.
///
/// # Errors
///
/// A contradiction in the simulator.
pub(super) fn draft(work: &mut Work<'_>, customer: usize, reason: Reason, at: Timestamp) -> Result<usize> {
    let found = work.get::<Customer>(customer)?.clone();
    let profile = &found.profile;
    let recipient =
        Recipient { email: profile.email.clone(), name: profile.name.clone(), phone: profile.phone.clone() };
    let head = Head { created: at, ..work.head::<Invoice>(MetadataPatch::Keep) };
    Ok(work.add(Invoice {
        head,
        customer,
        recipient: recipient.into(),
        clock: found.test_clock,
        subscription: None,
        reason,
        status: Status::Draft,
        advances: false,
        collection: Collection::Automatic,
        currency: crate::money::Currency::USD,
        description: None,
        footer: None,
        default_payment_method: None,
        lines: Vec::new(),
        period: (at, at),
        number: None,
        due_date: None,
        finalizes_at: None,
        finalized_at: None,
        paid_at: None,
        voided_at: None,
        uncollectible_at: None,
        next_attempt: None,
        attempts: 0,
        is_attempted: false,
        paid: 0,
        payments: Vec::new(),
        intent: None,
        is_deleted: false,
    }))
}

/// Puts the customer's waiting items of the same currency on a draft.
///
/// # Errors
///
/// A contradiction in the simulator.
pub(super) fn take_pending(work: &mut Work<'_>, number: usize) -> Result<()> {
    let draft = work.get::<Invoice>(number)?.clone();
    let has_currency = !draft.lines.is_empty();
    let rows = InvoiceItem::table(&work.world.stripe.tables).rows().iter();
    let mine = rows.filter(|item| item.is_pending() && item.customer == draft.customer);
    let of_this =
        mine.filter(|item| item.subscription.is_none() || item.subscription == draft.subscription_number());
    let found: Vec<(usize, crate::money::Currency)> =
        of_this.map(|item| (item.head.number, item.currency)).collect();
    let first = found.first().map(|(_, currency)| *currency);
    let currency = if has_currency { Some(draft.currency) } else { first };
    let room = LINES_MAX.saturating_sub(draft.lines.len());
    for (item, _) in found.into_iter().filter(|(_, found)| Some(*found) == currency).take(room) {
        invoice::put_on(work, number, item)?;
    }
    Ok(())
}

/// The clock of a customer is gone: so are its subscriptions, without another word.
///
/// # Errors
///
/// A contradiction in the simulator.
pub(in super::super) fn end_of_clock(work: &mut Work<'_>, clock: usize) -> Result<()> {
    let at = work.get::<TestClock>(clock)?.frozen;
    let rows = Subscription::table(&work.world.stripe.tables).rows().iter();
    let live = rows.filter(|found| found.clock == Some(clock) && !found.status.has_ended());
    let numbers: Vec<usize> = live.map(|found| found.head.number).collect();
    for number in numbers {
        end(work, number, at, None)?;
    }
    Ok(())
}

/// A customer is deleted: so ends what they are subscribed to, at once.
///
/// # Errors
///
/// A contradiction in the simulator.
pub(in super::super) fn end_of_customer(work: &mut Work<'_>, customer: usize) -> Result<()> {
    let rows = Subscription::table(&work.world.stripe.tables).rows().iter();
    let live = rows.filter(|found| found.customer == customer && !found.status.has_ended());
    let found: Vec<(usize, Option<usize>)> = live.map(|found| (found.head.number, found.clock)).collect();
    for (number, clock) in found {
        let at = match clock {
            Some(clock) => work.get::<TestClock>(clock)?.frozen,
            None => work.now,
        };
        end(work, number, at, Some("cancellation_requested"))?;
    }
    Ok(())
}
