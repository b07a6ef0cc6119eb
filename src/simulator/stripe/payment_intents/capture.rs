//! A hold ends once: captured whole or in part, canceled, or expired. What is not captured goes back.

use super::super::charges::{Charge, Hold};
use super::super::params::MetadataPatch;
use super::super::refusal::{Refusal, Result};
use super::super::terms::TermsPatch;
use super::super::work::{Work, merge};
use super::{CaptureMethod, PaymentIntent, Status, machine};
use crate::prelude::*;

/// An intent in a state that does not allow what is asked, with the intent in the answer.
pub(super) fn unexpected(work: &Work<'_>, number: usize, message: String) -> Result<Box<Refusal>> {
    let mut refusal = Refusal::state("payment_intent_unexpected_state", message);
    refusal.objects.push(("payment_intent", work.object::<PaymentIntent>(number)?));
    Ok(refusal)
}

/// Captures a part of what an intent holds, or all of it. `param` is where the amount stands in the request.
///
/// # Errors
///
/// Nothing is held, or less than is asked for.
pub(in super::super) fn capture_held(
    work: &mut Work<'_>,
    number: usize,
    asked: Option<u64>,
    (param, terms, metadata): (&str, TermsPatch, MetadataPatch),
) -> Result<()> {
    let intent = work.get::<PaymentIntent>(number)?.clone();
    if intent.status != Status::RequiresCapture {
        let message = if intent.status == Status::Succeeded {
            "This PaymentIntent could not be captured because it has already been captured.".to_owned()
        } else {
            format!(
                "This PaymentIntent could not be captured because it has a status of {}. Only a PaymentIntent with one of \
                 the following statuses may be captured: requires_capture.",
                intent.status.name()
            )
        };
        return Err(unexpected(work, number, message)?);
    }
    let taken = asked.unwrap_or(intent.amount);
    if taken > intent.amount {
        let message = format!(
            "The amount to capture ({taken}) is greater than the amount that can be captured ({}).",
            intent.amount
        );
        return Err(Refusal::param(Some("amount_too_large"), param, message));
    }
    terms.check_shares(work, &intent.terms, taken)?;
    intent.terms.check_destination(work)?;
    let charge = intent.latest_charge.ok_or_else(|| Refusal::bug("a hold has no charge"))?;

    // From here on the money is taken.
    let edited = work.edit::<PaymentIntent>(number)?;
    edited.status = Status::Succeeded;
    edited.amount_received = taken;
    terms.apply(&mut edited.terms);
    merge(&mut edited.head.metadata, metadata);
    let terms = edited.terms.clone();
    let edited = work.edit::<Charge>(charge)?;
    edited.hold = Hold::Captured;
    edited.amount_captured = taken;
    edited.terms = terms;
    let capture = if intent.capture == CaptureMethod::Automatic {
        intent.capture
    } else {
        CaptureMethod::AutomaticAsync
    };
    machine::book(work, charge, capture)?;
    work.emit::<Charge>("charge.captured", charge)?;
    work.emit::<PaymentIntent>("payment_intent.succeeded", number)
}

/// Cancels an intent that took nothing.
///
/// # Errors
///
/// It has succeeded, or was canceled before.
pub(super) fn cancel(work: &mut Work<'_>, number: usize, reason: Option<&'static str>) -> Result<()> {
    let intent = work.get::<PaymentIntent>(number)?.clone();
    if matches!(intent.status, Status::Succeeded | Status::Canceled) {
        let message = format!(
            "You cannot cancel this PaymentIntent because it has a status of {}. Only a PaymentIntent with one of the \
             following statuses may be canceled: requires_payment_method, requires_capture, requires_confirmation, \
             requires_action, processing.",
            intent.status.name()
        );
        return Err(unexpected(work, number, message)?);
    }

    // From here on the intent is canceled.
    if let Some(charge) = intent.latest_charge.filter(|_| intent.status == Status::RequiresCapture) {
        work.edit::<Charge>(charge)?.hold = Hold::LetGo;
    }
    end(work, number, reason)
}

/// A hold that nobody captured in time goes back. Nothing happens where it ended before.
///
/// # Errors
///
/// A contradiction in the simulator: nobody has this number.
pub(in super::super) fn expire(work: &mut Work<'_>, number: usize) -> Result<()> {
    let intent = work.get::<PaymentIntent>(number)?.clone();
    let charge = intent.latest_charge.filter(|_| intent.status == Status::RequiresCapture);
    let Some(charge) = charge else { return Ok(()) };
    work.edit::<Charge>(charge)?.hold = Hold::LetGo;
    work.emit::<Charge>("charge.expired", charge)?;
    end(work, number, Some("automatic"))
}

fn end(work: &mut Work<'_>, number: usize, reason: Option<&'static str>) -> Result<()> {
    let now = work.now;
    let intent = work.edit::<PaymentIntent>(number)?;
    intent.status = Status::Canceled;
    intent.canceled = Some((now, reason));
    work.emit::<PaymentIntent>("payment_intent.canceled", number)
}
