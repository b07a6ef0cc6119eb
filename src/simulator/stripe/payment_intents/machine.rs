//! What a confirmation does: the holder is asked where the card wants it, then the card is charged, once.
//!
//! A declined charge is a refusal that did something: the intent stays, and waits for another method.

use alloc::sync::Arc;

use super::super::billing;
use super::super::bookings;
use super::super::charges::{Charge, Hold};
use super::super::declines::Decline;
use super::super::object::Kind;
use super::super::params::MetadataPatch;
use super::super::payment_methods::{self, PaymentMethod};
use super::super::refusal::{Refusal, Result};
use super::super::test_cards::Risk;
use super::super::timers::Due;
use super::super::work::Work;
use super::{BOOKING_DELAY, CaptureMethod, HOLD_LIFE, LastError, PaymentIntent, Status, ThreeDSecure, Why};
use crate::prelude::*;
use crate::simulator::settlement::Subject;

/// How a confirmation is meant.
#[derive(Clone, Debug, Default)]
pub(in super::super) struct Confirmation {
    /// Whether the holder is not there.
    pub(in super::super) off_session: bool,
    /// Whether a question to the holder is a failure.
    pub(in super::super) no_questions: bool,
    /// Where the holder returns to.
    pub(in super::super) return_url: Option<Arc<str>>,
}

/// Tries to take, or hold, the money of an intent that has a method. The request must have been accepted.
///
/// # Errors
///
/// 402 when the card is declined: all that belongs to a decline has happened then.
pub(super) fn attempt(work: &mut Work<'_>, number: usize, how: &Confirmation) -> Result<()> {
    let intent = work.get::<PaymentIntent>(number)?.clone();
    let method = method_of(work, &intent)?;
    let is_asked = method.card.test.asks(how.off_session, method.is_set_up)
        || (intent.three_d_secure != ThreeDSecure::Automatic
            && !how.off_session
            && method.card.test.asks_on_request());
    if !is_asked || intent.is_authenticated {
        return charge(work, number);
    }
    if how.off_session || how.no_questions {
        return decline(work, number, Decline::AuthenticationRequired);
    }
    let intent = work.edit::<PaymentIntent>(number)?;
    intent.status = Status::RequiresAction;
    intent.return_url = how.return_url.clone();
    intent.last_error = None;
    work.emit::<PaymentIntent>("payment_intent.requires_action", number)
}

/// The holder answers: with success the intent goes on, or waits for the server where that is how it is confirmed.
///
/// # Errors
///
/// Nothing is asked of the holder; or 402 when the card is declined after all.
pub(in super::super) fn authenticate(work: &mut Work<'_>, number: usize, succeeds: bool) -> Result<()> {
    let intent = work.get::<PaymentIntent>(number)?.clone();
    if intent.status != Status::RequiresAction {
        let message = format!(
            "This PaymentIntent asks nothing of the holder: it has a status of {}.",
            intent.status.name()
        );
        return Err(Refusal::state("payment_intent_unexpected_state", message));
    }
    let method = method_of(work, &intent)?;

    // From here on the holder has answered.
    let intent = work.edit::<PaymentIntent>(number)?;
    if !succeeds {
        intent.status = Status::RequiresPaymentMethod;
        intent.payment_method = None;
        intent.last_error = Some(Arc::new(LastError { why: Why::NotAuthenticated, charge: None, method }));
        return work.emit::<PaymentIntent>("payment_intent.payment_failed", number);
    }
    intent.is_authenticated = true;
    if intent.is_manually_confirmed {
        intent.status = Status::RequiresConfirmation;
        return Ok(());
    }
    charge(work, number)
}

fn method_of(work: &Work<'_>, intent: &PaymentIntent) -> Result<Arc<PaymentMethod>> {
    let method = intent.payment_method.ok_or_else(|| Refusal::bug("an intent is tried without a method"))?;
    work.get::<PaymentMethod>(method).cloned()
}

fn charge(work: &mut Work<'_>, number: usize) -> Result<()> {
    let intent = work.get::<PaymentIntent>(number)?.clone();
    let card = method_of(work, &intent)?.card.test;
    match card.declines {
        _ if card.risk == Risk::Blocked => decline(work, number, Decline::Blocked),
        Some(why) => decline(work, number, why),
        None => take(work, number),
    }
}

/// A charge of an intent with its present method.
fn new_charge(
    work: &mut Work<'_>,
    intent: &PaymentIntent,
    method: &PaymentMethod,
    failure: Option<Decline>,
) -> usize {
    let mut card = method.card;
    card.given.is_checked = true;
    let hold = match failure {
        Some(_) => Hold::Never,
        None if intent.holds() => Hold::Until(work.now.saturating_add(HOLD_LIFE)),
        None => Hold::Captured,
    };
    let mut head = work.head::<Charge>(MetadataPatch::Keep);
    head.metadata.clone_from(&intent.head.metadata);
    work.add(Charge {
        head,
        amount: intent.amount,
        currency: intent.currency,
        amount_captured: if hold == Hold::Captured { intent.amount } else { 0 },
        amount_refunded: 0,
        hold,
        disputed: false,
        failure,
        balance_transaction: None,
        payment_intent: Some(intent.head.number),
        previous: intent.latest_charge,
        payment_method: method.head.number,
        customer: intent.customer,
        card,
        billing: method.billing.clone(),
        terms: intent.terms.clone(),
        shared: None,
        is_authenticated: intent.is_authenticated,
        user_report: None,
    })
}

/// The card is refused. The money stays where it is, and the intent waits for another method.
fn decline(work: &mut Work<'_>, number: usize, why: Decline) -> Result<()> {
    let intent = work.get::<PaymentIntent>(number)?.clone();
    let method = method_of(work, &intent)?;
    let charge = new_charge(work, &intent, &method, Some(why));
    let edited = work.edit::<PaymentIntent>(number)?;
    edited.status = Status::RequiresPaymentMethod;
    edited.payment_method = None;
    edited.latest_charge = Some(charge);
    edited.is_authenticated = false;
    let error = LastError { why: Why::Declined(why), charge: Some(charge), method: method.clone() };
    edited.last_error = Some(Arc::new(error));
    work.emit::<Charge>("charge.failed", charge)?;
    work.emit::<PaymentIntent>("payment_intent.payment_failed", number)?;
    let words = why.wording();
    let mut refusal = Refusal::card(words.code, words.decline_code, words.message);
    refusal.charge = Some(work.id::<Charge>(charge));
    refusal.param = words.param.map(str::to_owned);
    refusal.advice_code = words.advice;
    refusal.network_decline_code = why.network_code();
    refusal.objects.push(("payment_intent", work.object::<PaymentIntent>(number)?));
    refusal.objects.push(("payment_method", PaymentMethod::object(method)));
    Err(refusal)
}

/// The card is charged, or its money held.
fn take(work: &mut Work<'_>, number: usize) -> Result<()> {
    let intent = work.get::<PaymentIntent>(number)?.clone();
    let method = method_of(work, &intent)?;
    let charge = new_charge(work, &intent, &method, None);
    let edited = work.edit::<PaymentIntent>(number)?;
    edited.latest_charge = Some(charge);
    edited.last_error = None;
    edited.return_url = None;
    (edited.status, edited.amount_received) =
        if intent.holds() { (Status::RequiresCapture, 0) } else { (Status::Succeeded, intent.amount) };
    settle_method(work, &intent, &method)?;
    if intent.holds() {
        let (object, reference) = (work.id::<Charge>(charge), work.id::<PaymentIntent>(number));
        let subject = Subject { reference: &reference, object: &object };
        let until = work.now.saturating_add(work.world.hold_life(&subject, HOLD_LIFE, work.now));
        work.world.stripe.timers.arrange(until, Due::HoldExpires(number));
        work.emit::<Charge>("charge.succeeded", charge)?;
        return work.emit::<PaymentIntent>("payment_intent.amount_capturable_updated", number);
    }
    book(work, charge, intent.capture)?;
    work.emit::<Charge>("charge.succeeded", charge)?;
    work.emit::<PaymentIntent>("payment_intent.succeeded", number)?;
    billing::follow_payment(work, number)
}

/// Who may pay with the method from now on: the customer where it is kept, or nobody.
fn settle_method(work: &mut Work<'_>, intent: &PaymentIntent, method: &PaymentMethod) -> Result<()> {
    let number = method.head.number;
    match (intent.customer, intent.future) {
        (Some(customer), Some(_)) => {
            payment_methods::keep(work, number, customer)?;
            work.edit::<PaymentMethod>(number)?.is_set_up = true;
            Ok(())
        }
        // Whoever says that the card will be charged again may still give it to a customer.
        (None, Some(_)) => Ok(()),
        (_, None) => payment_methods::spend(work, number),
    }
}

/// Books what a charge took. An asynchronous capture tells of it a moment later.
pub(super) fn book(work: &mut Work<'_>, charge: usize, capture: CaptureMethod) -> Result<()> {
    let transaction = bookings::charge(work, charge)?;
    if capture == CaptureMethod::Automatic {
        work.edit::<Charge>(charge)?.balance_transaction = Some(transaction);
        return Ok(());
    }
    let at = work.now.saturating_add(BOOKING_DELAY);
    work.world.stripe.timers.arrange(at, Due::ChargeBooked { charge, transaction });
    Ok(())
}

/// Tells of the balance transaction of a charge.
///
/// # Errors
///
/// A contradiction in the simulator: nobody has this number.
pub(in super::super) fn tell_booked(work: &mut Work<'_>, charge: usize, transaction: usize) -> Result<()> {
    let before = work.get::<Charge>(charge)?.clone();
    work.edit::<Charge>(charge)?.balance_transaction = Some(transaction);
    work.emit_change("charge.updated", charge, before)
}
