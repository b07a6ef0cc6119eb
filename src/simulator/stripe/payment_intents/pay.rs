//! Payments nobody asks for by name: an invoice is paid through an intent of its own.

use alloc::sync::Arc;

use super::super::params::MetadataPatch;
use super::super::refusal::Result;
use super::super::terms::Terms;
use super::super::work::Work;
use super::machine::{Confirmation, attempt};
use super::{CaptureMethod, Choice, Future, PaymentIntent, Status, ThreeDSecure, capture, wish};
use crate::money::Currency;

/// What is to be paid, by whom and with what.
#[derive(Clone, Debug)]
pub(in super::super) struct Order {
    /// Minor units.
    pub(in super::super) amount: u64,
    pub(in super::super) currency: Currency,
    pub(in super::super) customer: usize,
    /// A method of the customer; `None` leaves the intent waiting for one.
    pub(in super::super) method: Option<usize>,
    pub(in super::super) terms: Arc<Terms>,
}

/// Makes an intent that waits to be confirmed, and returns its number. Whoever asks for it tells of it.
pub(in super::super) fn open(work: &mut Work<'_>, order: Order) -> usize {
    let intent = PaymentIntent {
        head: work.head::<PaymentIntent>(MetadataPatch::Keep),
        amount: order.amount,
        currency: order.currency,
        status: match order.method {
            Some(_) => Status::RequiresConfirmation,
            None => Status::RequiresPaymentMethod,
        },
        capture: CaptureMethod::Automatic,
        holds_cards: false,
        is_manually_confirmed: false,
        amount_received: 0,
        customer: Some(order.customer),
        payment_method: order.method,
        latest_charge: None,
        choice: Choice::Listed,
        allowed: None,
        excluded: None,
        future: Some(Future::OffSession),
        three_d_secure: ThreeDSecure::Automatic,
        terms: order.terms,
        canceled: None,
        last_error: None,
        return_url: None,
        is_authenticated: false,
    };
    work.add(intent)
}

/// Tries to take the money of an open intent with a method of its customer.
///
/// # Errors
///
/// 402 when the card is declined: all that belongs to a decline has happened then.
pub(in super::super) fn confirm_with(
    work: &mut Work<'_>,
    number: usize,
    method: usize,
    off_session: bool,
) -> Result<()> {
    wish::give_method(work.edit::<PaymentIntent>(number)?, method);
    attempt(work, number, &Confirmation { off_session, ..Confirmation::default() })
}

/// Cancels an intent nobody is to confirm any more. One that was paid stays paid.
///
/// # Errors
///
/// A contradiction in the simulator: nobody has this number.
pub(in super::super) fn withdraw(work: &mut Work<'_>, number: usize, reason: &'static str) -> Result<()> {
    if work.get::<PaymentIntent>(number)?.status.is_open() {
        capture::cancel(work, number, Some(reason))?;
    }
    Ok(())
}
