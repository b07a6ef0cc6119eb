//! What confirming a setup does: the holder is asked where the card wants it, then the card is the customer's.

use alloc::sync::Arc;

use super::super::declines::Decline;
use super::super::object::Kind;
use super::super::payment_intents::{LastError, Why};
use super::super::payment_methods::{self, PaymentMethod};
use super::super::refusal::{Refusal, Result};
use super::super::test_cards::Authentication;
use super::super::work::Work;
use super::{SetupIntent, Status};

/// Tries to set up the method of an intent. The request must have been accepted.
///
/// # Errors
///
/// 402 when the card is refused: all that belongs to a failed setup has happened then.
pub(super) fn attempt(work: &mut Work<'_>, number: usize, return_url: Option<Arc<str>>) -> Result<()> {
    let intent = work.get::<SetupIntent>(number)?.clone();
    let method = method_of(work, &intent)?;
    let card = method.card.test;
    let edited = work.edit::<SetupIntent>(number)?;
    edited.attempts = edited.attempts.saturating_add(1);
    if let Some(decline) = card.declines.filter(|_| !card.attaches) {
        return fail(work, number, decline);
    }
    let is_asked = matches!(card.authentication, Authentication::Always | Authentication::UntilSetUp);
    let is_requested = intent.always_asks && card.asks_on_request();
    if (is_asked || is_requested) && !method.is_set_up {
        let edited = work.edit::<SetupIntent>(number)?;
        edited.status = Status::RequiresAction;
        edited.return_url = return_url;
        edited.last_error = None;
        return work.emit::<SetupIntent>("setup_intent.requires_action", number);
    }
    succeed(work, number)
}

/// The holder answers.
///
/// # Errors
///
/// Nothing is asked of the holder.
pub(in super::super) fn authenticate(work: &mut Work<'_>, number: usize, succeeds: bool) -> Result<()> {
    let intent = work.get::<SetupIntent>(number)?.clone();
    if intent.status != Status::RequiresAction {
        let message = alloc::format!(
            "This SetupIntent asks nothing of the holder: it has a status of {}.",
            intent.status.name()
        );
        return Err(Refusal::state("setup_intent_unexpected_state", message));
    }
    let method = method_of(work, &intent)?;

    // From here on the holder has answered.
    if succeeds {
        return succeed(work, number);
    }
    let edited = work.edit::<SetupIntent>(number)?;
    edited.status = Status::RequiresPaymentMethod;
    edited.payment_method = None;
    edited.last_error = Some(Arc::new(LastError { why: Why::SetupNotAuthenticated, charge: None, method }));
    work.emit::<SetupIntent>("setup_intent.setup_failed", number)
}

fn method_of(work: &Work<'_>, intent: &SetupIntent) -> Result<Arc<PaymentMethod>> {
    let method = intent.payment_method.ok_or_else(|| Refusal::bug("a setup is tried without a method"))?;
    work.get::<PaymentMethod>(method).cloned()
}

fn succeed(work: &mut Work<'_>, number: usize) -> Result<()> {
    let intent = work.get::<SetupIntent>(number)?.clone();
    let method = method_of(work, &intent)?.head.number;
    if let Some(customer) = intent.customer {
        payment_methods::keep(work, method, customer)?;
    }
    work.edit::<PaymentMethod>(method)?.is_set_up = true;
    let edited = work.edit::<SetupIntent>(number)?;
    edited.status = Status::Succeeded;
    edited.last_error = None;
    edited.return_url = None;
    work.emit::<SetupIntent>("setup_intent.succeeded", number)
}

fn fail(work: &mut Work<'_>, number: usize, why: Decline) -> Result<()> {
    let intent = work.get::<SetupIntent>(number)?.clone();
    let method = method_of(work, &intent)?;
    let edited = work.edit::<SetupIntent>(number)?;
    edited.status = Status::RequiresPaymentMethod;
    edited.payment_method = None;
    edited.last_error =
        Some(Arc::new(LastError { why: Why::Declined(why), charge: None, method: method.clone() }));
    work.emit::<SetupIntent>("setup_intent.setup_failed", number)?;
    let words = why.wording();
    let mut refusal = Refusal::card(words.code, words.decline_code, words.message);
    refusal.param = words.param.map(alloc::borrow::ToOwned::to_owned);
    refusal.advice_code = words.advice;
    refusal.network_decline_code = why.network_code();
    refusal.objects.push(("payment_method", PaymentMethod::object(method)));
    refusal.objects.push(("setup_intent", work.object::<SetupIntent>(number)?));
    Err(refusal)
}
