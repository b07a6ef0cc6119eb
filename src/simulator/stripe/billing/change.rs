//! The routes that change and end subscriptions: what changes in the middle of a period is prorated.
//!
//! Source: <https://docs.stripe.com/billing/subscriptions/change>, <https://docs.stripe.com/billing/subscriptions/cancel>.

use super::super::object::Kind;
use super::super::params::{Params, Patch};
use super::super::refusal::{Refusal, Result};
use super::super::routes::Answer;
use super::super::test_clocks;
use super::super::work::{Work, merge};
use super::collect;
use super::cycle::{self, Turn};
use super::invoice::{Invoice, Reason, Status as InvoiceStatus};
use super::invoices;
use super::items;
use super::proration;
use super::subscribe::{self, BEHAVIORS, Fields, PRORATES, Prorates};
use super::subscription::{Status, Subscription};
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

pub(super) fn update(work: &mut Work<'_>, mut params: Params) -> Result<Answer> {
    let number = work.find::<Subscription>(0)?;
    let before = work.get::<Subscription>(number)?.clone();
    let at = test_clocks::time_of(work, before.customer)?;
    let changes = items::read(work, &before, &mut params)?;
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
    items::carry_out(work, &before, changes, prorates, at)?;
    let edited = work.edit::<Subscription>(number)?;
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

/// Bills what waits, now.
pub(super) fn bill_now(work: &mut Work<'_>, number: usize, off_session: bool, at: Timestamp) -> Result<()> {
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
