//! What a charge moved is booked once, in the treasury, when it is captured; what its card does next is arranged then.

use super::balance_transactions::BalanceTransaction;
use super::charges::Charge;
use super::disputes;
use super::payment_intents::PaymentIntent;
use super::refusal::Result;
use super::test_cards::Aftermath;
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
    let object = work.id::<Charge>(number);
    // Merchants keep the id of the intent beside their order.
    let reference =
        charge.payment_intent.map_or_else(|| object.clone(), |intent| work.id::<PaymentIntent>(intent));
    let transaction = work.book(&booking, &reference, &object)?;
    work.edit::<BalanceTransaction>(transaction)?.description =
        charge.terms.description.as_deref().map(Into::into);
    disputes::follow_capture(work, number, charge.card.test.aftermath);
    Ok(transaction)
}
