//! Which charge a refund is of, and how much of it there is to give back: everything is checked here before any money moves.
//!
//! Source of codes and messages: <https://docs.stripe.com/error-codes> and answers others recorded in test mode.

use super::super::amounts;
use super::super::charges::Charge;
use super::super::disputes;
use super::super::object::Kind;
use super::super::payment_intents::PaymentIntent;
use super::super::refusal::{Refusal, Result};
use super::super::work::Work;
use crate::prelude::*;

/// The charge that is to be refunded: the one that is named, or the latest of the payment intent.
///
/// # Errors
///
/// Nothing is named, or something that does not exist, does not fit or was never paid.
pub(super) fn charge_of(work: &Work<'_>, charge: Option<&str>, intent: Option<&str>) -> Result<usize> {
    let charge = charge.map(|id| refunded::<Charge>(work, id, "charge")).transpose()?;
    let intent = intent.map(|id| refunded::<PaymentIntent>(work, id, "payment_intent")).transpose()?;
    let latest = match intent {
        Some(intent) => work.get::<PaymentIntent>(intent)?.latest_charge,
        None => None,
    };
    match (charge, intent, latest) {
        (None, None, _) => {
            let message =
                "One of the following params should be provided for this request: payment_intent or charge.";
            Err(Refusal::request(message.to_owned()))
        }
        (Some(charge), Some(_), latest) if latest != Some(charge) => {
            let message = "The charge is not the one of this payment_intent: send one of the two.".to_owned();
            Err(Refusal::param(None, "charge", message))
        }
        (Some(charge), _, _) | (None, Some(_), Some(charge)) => Ok(charge),
        (None, Some(intent), None) => Err(unpaid(&work.id::<PaymentIntent>(intent), "payment_intent")),
    }
}

/// What is to be refunded. Where it does not exist the answer is 404, as if it stood in the path, where it once did.
fn refunded<T: Kind>(work: &Work<'_>, id: &str, param: &str) -> Result<usize> {
    work.find_param::<T>(id, param).map_err(|mut refusal| {
        refusal.status = 404;
        refusal
    })
}

fn unpaid(intent: &str, param: &str) -> Box<Refusal> {
    let message = format!("This PaymentIntent ({intent}) does not have a successful charge to refund.");
    let mut refusal = Refusal::param(None, param, message);
    refusal.is_executed = true;
    refusal
}

/// The minor units that will be refunded of a charge, which are all that is left where nothing is asked for.
///
/// # Errors
///
/// In this order: it was not paid, not captured, charged back, refunded whole, or is asked for more than is left.
pub(super) fn amount_of(work: &Work<'_>, charge: &Charge, asked: Option<u64>) -> Result<u64> {
    let id = work.id::<Charge>(charge.head.number);
    let intent = charge.payment_intent.map(|intent| work.id::<PaymentIntent>(intent)).unwrap_or_default();
    if charge.failure.is_some() {
        return Err(match charge.payment_intent {
            Some(_) => unpaid(&intent, "charge"),
            None => {
                let message = format!("Charge {id} failed: there is nothing to refund.");
                let mut refusal = Refusal::param(None, "charge", message);
                refusal.is_executed = true;
                refusal
            }
        });
    }
    if !charge.is_captured() {
        let message = match charge.payment_intent {
            Some(_) => format!(
                "This uncaptured Charge was created by a PaymentIntent ({intent}). You must cancel the PaymentIntent to \
                 reverse the authorization instead of refunding the Charge directly."
            ),
            None => format!(
                "Charge {id} was not captured: there is nothing to refund. That a refund lets its hold go is not simulated; \
                 it expires by itself."
            ),
        };
        let mut refusal = Refusal::request(message);
        refusal.is_executed = true;
        return Err(refusal);
    }
    if charge.disputed && disputes::holds(work, charge.head.number) {
        let message = format!("Charge {id} has been charged back; cannot issue a refund.");
        return Err(Refusal::state("charge_disputed", message));
    }
    let rest = charge.refundable();
    if rest == 0 {
        return Err(Refusal::state(
            "charge_already_refunded",
            format!("Charge {id} has already been refunded."),
        ));
    }
    let amount = asked.unwrap_or(rest);
    if amount > rest {
        let code = charge.currency.code().to_ascii_lowercase();
        let [wanted, left] = [amount, rest].map(|minor| amounts::shown(minor, &code));
        let of = if charge.amount_refunded == 0 { "charge amount" } else { "unrefunded amount on charge" };
        let message = format!("Refund amount ({wanted}) is greater than {of} ({left})");
        let mut refusal = Refusal::param(Some("amount_too_large"), "amount", message);
        refusal.is_executed = true;
        return Err(refusal);
    }
    Ok(amount)
}
