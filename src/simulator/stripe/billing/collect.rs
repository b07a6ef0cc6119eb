//! An invoice is finalized once and paid once, whoever pays it: the gateway, the merchant, or the customer through its
//! payment intent.

use super::super::customers::{self, Customer};
use super::super::declines::Decline;
use super::super::object::Head;
use super::super::params::MetadataPatch;
use super::super::payment_intents::{self, PaymentIntent};
use super::super::payment_methods::PaymentMethod;
use super::super::refusal::{Kind as ErrorKind, Refusal, Result};
use super::super::terms::Terms;
use super::super::test_cards::Risk;
use super::super::test_clocks;
use super::super::work::Work;
use super::cycle;
use super::invoice::{Invoice, Status};
use super::invoice_payment::{self, InvoicePayment};
use super::subscription::{self, Collection, Subscription};
use crate::prelude::*;
use crate::time::{Millis, Timestamp};

/// How an attempt to collect ended.
#[derive(Debug)]
pub(super) enum Outcome {
    Paid,
    /// The customer has to authenticate.
    NeedsAction,
    /// There is nothing to pay with.
    NoMethod,
    /// The card was refused; the refusal is what a client would be told.
    Declined(Box<Refusal>),
}

/// Days until each further attempt; after the last one the subscription ends.
const RETRY_DAYS: [u64; 3] = [3, 5, 7];

/// Makes a draft an invoice: from now on its lines stand. Nothing is charged yet; what costs nothing is paid.
///
/// # Errors
///
/// A contradiction in the simulator.
pub(super) fn finalize(work: &mut Work<'_>, number: usize, at: Timestamp) -> Result<()> {
    let draft = work.get::<Invoice>(number)?.clone();
    let shown = customers::number_invoice(work, draft.customer)?;
    let metadata = match draft.subscription_number() {
        Some(subscription) => work.get::<Subscription>(subscription)?.head.metadata.clone(),
        None => None,
    };
    let invoice = work.edit::<Invoice>(number)?;
    invoice.status = Status::Open;
    invoice.number = Some(shown);
    (invoice.finalized_at, invoice.finalizes_at, invoice.next_attempt) = (Some(at), None, None);
    invoice.subscription = draft.subscription_number().map(|subscription| (subscription, metadata));
    if let Collection::Sent { days } = invoice.collection {
        let days = Millis::from_seconds(days.saturating_mul(24 * 60 * 60));
        invoice.due_date = invoice.due_date.or(Some(at.saturating_add(days)));
    }
    let is_free = invoice.due() == 0;
    if is_free {
        work.emit::<Invoice>("invoice.finalized", number)?;
        work.edit::<Invoice>(number)?.is_attempted = true;
        return settle(work, number, at);
    }
    let order = payment_intents::Order {
        amount: draft.due(),
        currency: draft.currency,
        customer: draft.customer,
        method: method_of(work, &draft)?,
        terms: Terms { description: describe(&draft), ..Terms::default() }.into(),
    };
    let intent = payment_intents::open(work, order);
    let payment = InvoicePayment {
        head: Head { created: at, ..work.head::<InvoicePayment>(MetadataPatch::Keep) },
        invoice: number,
        intent,
        amount: draft.due(),
        currency: draft.currency,
        status: invoice_payment::Status::Open,
    };
    let payment = work.add(payment);
    let _ = work.world.stripe.billing.payments.insert(intent, payment);
    let invoice = work.edit::<Invoice>(number)?;
    invoice.intent = Some(intent);
    invoice.payments.push(payment);
    work.emit::<Invoice>("invoice.finalized", number)?;
    work.emit::<PaymentIntent>("payment_intent.created", intent)
}

fn describe(invoice: &Invoice) -> Option<String> {
    use super::invoice::Reason;
    match invoice.reason {
        Reason::Manual => invoice.description.clone(),
        Reason::SubscriptionCreate => Some("Subscription creation".to_owned()),
        Reason::SubscriptionCycle | Reason::SubscriptionUpdate => Some("Subscription update".to_owned()),
    }
}

/// What an invoice is paid with: its own method, that of its subscription, or that of its customer.
///
/// # Errors
///
/// A contradiction in the simulator.
pub(super) fn method_of(work: &Work<'_>, invoice: &Invoice) -> Result<Option<usize>> {
    let of_subscription = match invoice.subscription_number() {
        Some(subscription) => work.get::<Subscription>(subscription)?.default_payment_method,
        None => None,
    };
    let customer = work.get::<Customer>(invoice.customer)?;
    let of_customer = customer.default_payment_method.or(customer.default_source);
    Ok(invoice.default_payment_method.or(of_subscription).or(of_customer))
}

/// Why a method would be refused, where it would be.
///
/// # Errors
///
/// A contradiction in the simulator.
pub(super) fn foreseen(work: &Work<'_>, method: usize) -> Result<Option<Decline>> {
    let card = work.get::<PaymentMethod>(method)?.card.test;
    Ok(if card.risk == Risk::Blocked { Some(Decline::Blocked) } else { card.declines })
}

/// Tries to collect an open invoice with a method, or with the one it has.
///
/// # Errors
///
/// A contradiction in the simulator: a card that is declined is an outcome.
pub(super) fn attempt(
    work: &mut Work<'_>,
    number: usize,
    (method, off_session): (Option<usize>, bool),
    at: Timestamp,
) -> Result<Outcome> {
    let invoice = work.get::<Invoice>(number)?.clone();
    let Some(intent) = invoice.intent else { return Ok(Outcome::NoMethod) };
    let method = if method.is_some() { method } else { method_of(work, &invoice)? };
    let Some(method) = method else { return Ok(Outcome::NoMethod) };
    let edited = work.edit::<Invoice>(number)?;
    edited.is_attempted = true;
    edited.attempts = edited.attempts.saturating_add(1);
    edited.next_attempt = None;
    match payment_intents::confirm_with(work, intent, method, off_session) {
        Ok(()) => {}
        Err(refusal) if refusal.kind == ErrorKind::Card => {
            work.emit::<Invoice>("invoice.payment_failed", number)?;
            return Ok(Outcome::Declined(refusal));
        }
        Err(refusal) => return Err(refusal),
    }
    if work.get::<PaymentIntent>(intent)?.status == payment_intents::Status::Succeeded {
        settle(work, number, at)?;
        return Ok(Outcome::Paid);
    }
    work.emit::<Invoice>("invoice.payment_action_required", number)?;
    Ok(Outcome::NeedsAction)
}

/// Arranges another attempt after one that failed. Returns whether there is one.
///
/// # Errors
///
/// A contradiction in the simulator.
pub(super) fn retry_later(work: &mut Work<'_>, number: usize, at: Timestamp) -> Result<bool> {
    let invoice = work.edit::<Invoice>(number)?;
    let made = usize::try_from(invoice.attempts.saturating_sub(1)).unwrap_or(usize::MAX);
    let next =
        RETRY_DAYS.get(made).map(|days| at.saturating_add(Millis::from_seconds(days.saturating_mul(86_400))));
    invoice.next_attempt = next;
    Ok(next.is_some())
}

/// A payment intent has succeeded: where it was made for an invoice, the invoice is paid.
///
/// # Errors
///
/// A contradiction in the simulator.
pub(in super::super) fn follow_payment(work: &mut Work<'_>, intent: usize) -> Result<()> {
    let Some(payment) = work.world.stripe.billing.payments.get(&intent).copied() else { return Ok(()) };
    let invoice = work.get::<InvoicePayment>(payment)?.invoice;
    let at = test_clocks::time_of(work, work.get::<Invoice>(invoice)?.customer)?;
    settle(work, invoice, at)
}

/// Marks an invoice paid and tells everybody, once.
///
/// # Errors
///
/// A contradiction in the simulator.
pub(super) fn settle(work: &mut Work<'_>, number: usize, at: Timestamp) -> Result<()> {
    let invoice = work.get::<Invoice>(number)?.clone();
    if !matches!(invoice.status, Status::Open | Status::Uncollectible) {
        return Ok(());
    }
    let edited = work.edit::<Invoice>(number)?;
    (edited.status, edited.paid, edited.paid_at) = (Status::Paid, invoice.due(), Some(at));
    (edited.is_attempted, edited.next_attempt) = (true, None);
    for payment in invoice.payments.clone() {
        let found = work.edit::<InvoicePayment>(payment)?;
        if found.status == invoice_payment::Status::Open {
            found.status = invoice_payment::Status::Paid(at);
            work.emit::<InvoicePayment>("invoice_payment.paid", payment)?;
        }
    }
    work.emit::<Invoice>("invoice.paid", number)?;
    work.emit::<Invoice>("invoice.payment_succeeded", number)?;
    let Some(subscription) = invoice.subscription_number() else { return Ok(()) };
    let before = work.get::<Subscription>(subscription)?.clone();
    if matches!(before.status, subscription::Status::Incomplete | subscription::Status::PastDue) {
        work.edit::<Subscription>(subscription)?.status = subscription::Status::Active;
        work.emit_change("customer.subscription.updated", subscription, before)?;
        cycle::arrange(work, cycle::Turn::Subscription(subscription))?;
    }
    Ok(())
}

/// Takes back the payment intents of an invoice that nobody is to pay any more.
///
/// # Errors
///
/// A contradiction in the simulator.
pub(super) fn cancel_payments(work: &mut Work<'_>, number: usize, at: Timestamp) -> Result<()> {
    for payment in work.get::<Invoice>(number)?.payments.clone() {
        let found = work.edit::<InvoicePayment>(payment)?;
        if found.status != invoice_payment::Status::Open {
            continue;
        }
        found.status = invoice_payment::Status::Canceled(at);
        let intent = found.intent;
        payment_intents::withdraw(work, intent, "void_invoice")?;
    }
    Ok(())
}

/// Nothing to pay with.
pub(super) fn no_method() -> Box<Refusal> {
    let message = "This customer has no attached payment source or default payment method. Please consider adding a \
                   default payment method. For more information, visit \
                   https://stripe.com/docs/billing/subscriptions/payment-methods-setting#payment-method-priority.";
    let mut refusal = Refusal::request(message.to_owned());
    refusal.code = Some("resource_missing");
    refusal
}
