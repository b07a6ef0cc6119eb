//! What a charge moved is booked once, in the treasury, when it is captured; what its card does next is arranged then.

use alloc::sync::Arc;

use super::application_fees;
use super::charges::{Charge, Shared};
use super::disputes;
use super::payment_intents::PaymentIntent;
use super::refusal::Result;
use super::terms::Destination;
use super::test_cards::Aftermath;
use super::transfers;
use super::work::Work;
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
    let terms = charge.terms.clone();
    let fee = terms.application_fee.unwrap_or_default().min(charge.amount_captured);
    booking.application_fee = if terms.transfer.is_none() { fee } else { 0 };
    let object = work.id::<Charge>(number);
    // Merchants keep the id of the intent beside their order.
    let reference =
        charge.payment_intent.map_or_else(|| object.clone(), |intent| work.id::<PaymentIntent>(intent));
    let transaction = work.book(&booking, &reference, &object)?;
    let shared = match terms.transfer {
        Some(Destination { account, amount }) => {
            let minor = amount.unwrap_or(charge.amount_captured).min(charge.amount_captured);
            let (transfer, fee) = transfers::pass_on(work, number, (minor, charge.currency), account, fee)?;
            Shared { transfer: Some(transfer), fee }
        }
        None if fee > 0 => {
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
