//! Payments nobody asks for by name: an invoice that falls due charges the customer's card through an intent of its own.

use alloc::sync::Arc;

use super::super::params::MetadataPatch;
use super::super::refusal::Result;
use super::super::terms::Terms;
use super::super::work::Work;
use super::machine::{Confirmation, attempt};
use super::{CaptureMethod, Choice, Future, PaymentIntent, Status, ThreeDSecure};
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
    /// Whether the holder is not there to authenticate.
    pub(in super::super) off_session: bool,
}

/// Makes an intent and tries to take its money. Returns its number, and the refusal of the card where there was one: all
/// that belongs to a decline has happened then.
///
/// # Errors
///
/// A contradiction in the simulator: a number names nothing.
pub(in super::super) fn pay(work: &mut Work<'_>, order: Order) -> Result<(usize, Result<()>)> {
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
    let number = work.add(intent);
    work.emit::<PaymentIntent>("payment_intent.created", number)?;
    if order.method.is_none() {
        return Ok((number, Ok(())));
    }
    let how = Confirmation { off_session: order.off_session, ..Confirmation::default() };
    let tried = attempt(work, number, &how);
    Ok((number, tried))
}
