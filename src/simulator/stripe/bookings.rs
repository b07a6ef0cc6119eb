//! What a charge moved is booked once, in the treasury, when it is captured; what its card does next is arranged then.

use alloc::sync::Arc;

use super::accounts;
use super::application_fees;
use super::charges::{Charge, Shared};
use super::disputes;
use super::payment_intents::PaymentIntent;
use super::refusal::Result;
use super::terms::Destination;
use super::test_cards::Aftermath;
use super::transfers;
use super::work::Work;
use crate::prelude::*;
use crate::simulator::treasury::{Availability, Booking, Source};

/// Books what a charge captured and returns the number of the balance transaction.
///
/// # Errors
///
/// A contradiction in the simulator: the books refuse it.
pub(super) fn charge(work: &mut Work<'_>, number: usize) -> Result<usize> {
    let account = work.purse()?;
    let charge = work.get::<Charge>(number)?.clone();
    let is_international = work
        .world
        .treasury
        .account(account)
        .is_some_and(|found| found.profile.country != charge.card.test.country);
    let mut booking = Booking::charge(
        account,
        Source::Charge(number),
        (charge.amount_captured, charge.currency),
        is_international,
    );
    if charge.card.test.aftermath == Aftermath::AvailableAtOnce {
        booking.availability = Availability::AtOnce;
    }
    booking.authorized = charge.amount;
    let terms = charge.terms.clone();
    // Who is gone by now is not paid any more: the money stays here.
    let destination = terms.transfer.filter(|transfer| accounts::is_open(work, transfer.account));
    let fee = terms.application_fee.unwrap_or_default().min(charge.amount_captured);
    booking.application_fee = if terms.transfer.is_none() { fee } else { 0 };
    let (object, reference) = (work.id::<Charge>(number), reference(work, number)?);
    let transaction = work.book(&booking, &reference, &object)?;
    let shared = match destination {
        Some(Destination { account, amount }) => {
            let minor = amount.unwrap_or(charge.amount_captured).min(charge.amount_captured);
            let (transfer, fee) = transfers::pass_on(work, number, (minor, charge.currency), account, fee)?;
            Shared { transfer: Some(transfer), fee }
        }
        None if booking.application_fee > 0 => {
            Shared { transfer: None, fee: Some(application_fees::collect(work, number, transaction)?) }
        }
        None => Shared::default(),
    };
    if shared != Shared::default() {
        work.edit::<Charge>(number)?.shared = Some(Arc::new(shared));
    }
    disputes::follow_capture(work, number, charge.card.test.aftermath);
    Ok(transaction)
}

/// The name under which a merchant's records know a charge: merchants keep the id of the intent beside their order.
///
/// # Errors
///
/// A contradiction in the simulator: nobody has this number.
pub(super) fn reference(work: &Work<'_>, charge: usize) -> Result<String> {
    let intent = work.get::<Charge>(charge)?.payment_intent;
    Ok(intent.map_or_else(|| work.id::<Charge>(charge), |intent| work.id::<PaymentIntent>(intent)))
}
