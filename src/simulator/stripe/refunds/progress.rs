//! What becomes of a refund once it was asked for: its money leaves, it is given a number, or it comes back.
//!
//! What comes back returns to the balance it left. A transfer that was reversed for it stays reversed, and an application fee
//! that was given back stays given back: the platform sends the money on by another transfer
//! (<https://docs.stripe.com/connect/destination-charges#failed-refunds>).

use alloc::sync::Arc;

use super::super::super::faults::Fault;
use super::super::super::settlement::Subject;
use super::super::super::treasury::{Booking, Source};
use super::super::bookings;
use super::super::charges::Charge;
use super::super::refusal::Result;
use super::super::test_cards::Aftermath;
use super::super::timers::Due;
use super::super::work::Work;
use super::Refund;
use super::state::State;
use crate::time::Millis;

/// Until the network has given a refund its reference number.
const REFERENCE_TIME: Millis = Millis::from_seconds(5);

/// Until an asynchronous refund has arrived, or has come back: long enough to be seen pending, short enough to wait for.
const ARRIVAL_TIME: Millis = Millis::from_seconds(2);

/// Sends a refund that was just made on its way, as its card has it.
///
/// # Errors
///
/// A contradiction in the simulator.
pub(super) fn begin(work: &mut Work<'_>, number: usize, aftermath: Aftermath) -> Result<()> {
    match aftermath {
        Aftermath::RefundPends => {
            work.arrange(work.now.saturating_add(ARRIVAL_TIME), Due::RefundArrives(number));
        }
        Aftermath::RefundFails => {
            pay_out(work, number)?;
            work.arrange(work.now.saturating_add(ARRIVAL_TIME), Due::RefundFails(number));
        }
        _ => {
            pay_out(work, number)?;
            work.arrange(work.now.saturating_add(REFERENCE_TIME), Due::RefundReferenced(number));
        }
    }
    Ok(())
}

/// The money leaves the balance.
fn pay_out(work: &mut Work<'_>, number: usize) -> Result<()> {
    let refund = work.get::<Refund>(number)?.clone();
    let money = (refund.amount, refund.currency);
    let booking = Booking::refund(work.purse()?, Source::Refund(number), money);
    let (id, reference) = (work.id::<Refund>(number), bookings::reference(work, refund.charge)?);
    let entry = work.book(&booking, &reference, &id)?;
    let subject = Subject { reference: &reference, object: &id };
    if let Some(delay) = work.world.misfortune_after(Fault::RefundReturned, &subject, work.now) {
        work.arrange(work.now.saturating_add(delay), Due::RefundFails(number));
    }
    let refund = work.edit::<Refund>(number)?;
    (refund.state, refund.entry) = (State::Succeeded, Some(entry));
    Ok(())
}

/// An asynchronous refund has arrived.
///
/// # Errors
///
/// A contradiction in the simulator.
pub(in crate::simulator::stripe) fn arrive(work: &mut Work<'_>, number: usize) -> Result<()> {
    let before = work.get::<Refund>(number)?.clone();
    if before.state != State::Pending {
        return Ok(());
    }
    work.account = before.head.account;
    pay_out(work, number)?;
    announce(work, number, before)?;
    work.arrange(work.now.saturating_add(REFERENCE_TIME), Due::RefundReferenced(number));
    Ok(())
}

/// The network has given a refund its number.
///
/// # Errors
///
/// A contradiction in the simulator.
pub(in crate::simulator::stripe) fn refer(work: &mut Work<'_>, number: usize) -> Result<()> {
    let before = work.get::<Refund>(number)?.clone();
    if before.state != State::Succeeded {
        return Ok(());
    }
    work.account = before.head.account;
    work.edit::<Refund>(number)?.has_reference = true;
    announce(work, number, before)
}

/// Tells of a change, also under the name it had before refunds had events of their own.
pub(super) fn announce(work: &mut Work<'_>, number: usize, before: Arc<Refund>) -> Result<()> {
    work.emit_change("refund.updated", number, before.clone())?;
    work.emit_change("charge.refund.updated", number, before)
}

/// The card's bank has sent a refund back.
///
/// # Errors
///
/// A contradiction in the simulator.
pub(in crate::simulator::stripe) fn fail(work: &mut Work<'_>, number: usize) -> Result<()> {
    let before = work.get::<Refund>(number)?.clone();
    if !before.state.counts() {
        return Ok(());
    }
    work.account = before.head.account;
    // What never left the balance cannot come back to it.
    let back = if before.entry.is_some() { Some(take_back(work, &before)?) } else { None };
    let refund = work.edit::<Refund>(number)?;
    (refund.state, refund.failure_entry) = (State::Failed, back);
    give_up(work, &before)?;
    announce(work, number, before)?;
    work.emit::<Refund>("refund.failed", number)
}

/// The money is back on the balance.
fn take_back(work: &mut Work<'_>, refund: &Refund) -> Result<usize> {
    let number = refund.head.number;
    let money = (refund.amount, refund.currency);
    let booking = Booking::refund_failure(work.purse()?, Source::Refund(number), money);
    let (id, reference) = (work.id::<Refund>(number), bookings::reference(work, refund.charge)?);
    work.book(&booking, &reference, &id)
}

/// The amount of a refund is left again.
pub(super) fn give_up(work: &mut Work<'_>, refund: &Refund) -> Result<()> {
    let charge = work.edit::<Charge>(refund.charge)?;
    charge.amount_refunded = charge.amount_refunded.saturating_sub(refund.amount);
    Ok(())
}
