//! Charges that are made without a payment intent, from a token or a customer's source: the older way to take a payment. They
//! are tried once, and nobody is asked to authenticate.
//!
//! Source: <https://docs.stripe.com/api/charges/create>.

use super::amount_params;
use super::bookings;
use super::cards::{self, Card, Shown};
use super::charges::{Charge, Hold};
use super::customers::{self, Customer};
use super::declines::Decline;
use super::params::{MetadataPatch, Params, Patch};
use super::payment_intents::{self, HOLD_LIFE};
use super::payment_methods::{self, Draft, Named, PaymentMethod, Redisplay};
use super::refusal::{Refusal, Result};
use super::routes::Answer;
use super::terms::TermsPatch;
use super::test_cards::Risk;
use super::timers::Due;
use super::tokens;
use super::work::Work;
use crate::prelude::*;
use crate::simulator::settlement::Subject;

/// `POST /v1/charges`.
pub(super) fn create(work: &mut Work<'_>, mut params: Params) -> Result<Answer> {
    let amount = amount_params::amount(&mut params, "amount")?;
    let currency = amount_params::currency(&mut params)?;
    let source = source(work, &mut params)?;
    let customer = match params.text("customer")? {
        Some(id) => Some(customers::named(work, &id, "customer")?),
        None => None,
    };
    let captures = params.flag("capture")?.unwrap_or(true);
    let (wish, metadata) = (TermsPatch::read(work, &mut params)?, params.metadata()?);
    params.finish()?;
    let purse = purse_of(work, source, customer)?;
    payment_intents::check_amount(amount, currency)?;
    wish.check_shares(work, &work.world.stripe.plain_terms, amount)?;

    // From here on the card is tried.
    let method = match purse {
        Purse::Kept(method) => method,
        Purse::Shown(shown) => {
            let method = realise(work, shown)?;
            payment_methods::spend(work, method)?;
            method
        }
    };
    let mut card = work.get::<PaymentMethod>(method)?.card;
    card.given.is_checked = true;
    let failure = failure(card);
    let mut terms = work.world.stripe.plain_terms.clone();
    wish.apply(&mut terms);
    let hold = match failure {
        Some(_) => Hold::Never,
        None if captures => Hold::Captured,
        None => Hold::Until(work.now.saturating_add(HOLD_LIFE)),
    };
    let number = work.add(Charge {
        head: work.head::<Charge>(metadata),
        amount,
        currency,
        amount_captured: if hold == Hold::Captured { amount } else { 0 },
        amount_refunded: 0,
        hold,
        disputed: false,
        failure,
        balance_transaction: None,
        payment_intent: None,
        previous: None,
        payment_method: method,
        customer,
        card,
        billing: None,
        terms,
        shared: None,
        is_authenticated: false,
        user_report: None,
    });
    if let Some(why) = failure {
        return Err(refused(work, number, why)?);
    }
    if captures {
        book(work, number)?;
    } else {
        let id = work.id::<Charge>(number);
        let life = work.world.hold_life(&Subject { reference: &id, object: &id }, HOLD_LIFE, work.now);
        work.arrange(work.now.saturating_add(life), Due::ChargeExpires(number));
    }
    work.emit::<Charge>("charge.succeeded", number)?;
    Ok(Answer::Object(work.object::<Charge>(number)?))
}

/// What a request names as `source`.
enum Source {
    /// A token, or a card as it is.
    Shown(Shown),
    /// One of a customer, by its id.
    Id(String),
}

/// Where the money comes from.
enum Purse {
    Shown(Shown),
    /// A method of the customer.
    Kept(usize),
}

/// `source`: a token, a card as it is, or the id of one of a customer.
fn source(work: &Work<'_>, params: &mut Params) -> Result<Option<Source>> {
    if let Ok(Patch::Set(mut members)) = params.clone().object("source") {
        let _ = (params.take("source"), members.choice("object", &[("card", ())])?);
        let _ = members.text("name")?;
        let card = Card::read_number(&mut members, work.now)?;
        members.finish()?;
        return Ok(Some(Source::Shown(Shown { card, token: None })));
    }
    match params.text("source")? {
        Some(id) if id.starts_with("pm_") => Ok(Some(Source::Id(id))),
        Some(id) => tokens::named(work, &id, "source").map(|shown| Some(Source::Shown(shown))),
        None => Ok(None),
    }
}

/// The customer's own where an id or nothing was given.
fn purse_of(work: &Work<'_>, source: Option<Source>, customer: Option<usize>) -> Result<Purse> {
    let kept = match customer {
        Some(customer) => work.get::<Customer>(customer)?.default_source,
        None => None,
    };
    match source {
        Some(Source::Shown(shown)) => Ok(Purse::Shown(shown)),
        Some(Source::Id(id)) => {
            let is_theirs = |method: &usize| {
                work.get::<PaymentMethod>(*method).is_ok_and(|method| method.customer() == customer)
            };
            let found = work.number::<PaymentMethod>(&id).filter(|_| customer.is_some()).filter(is_theirs);
            found.map(Purse::Kept).ok_or_else(|| Refusal::no_such_param("source", &id, "source"))
        }
        None => kept.map(Purse::Kept).ok_or_else(|| without_source(customer.is_some())),
    }
}

/// `source` of a customer: a token whose card a customer can keep.
///
/// # Errors
///
/// There is no such token, it was used, or its card is refused.
pub(super) fn keepable(work: &Work<'_>, params: &mut Params) -> Result<Option<Shown>> {
    let Some(id) = params.text("source")? else { return Ok(None) };
    let shown = tokens::named(work, &id, "source")?;
    let test = shown.card.test;
    match test.declines.filter(|_| !test.attaches) {
        Some(why) => Err(cards::declined(why)),
        None => Ok(Some(shown)),
    }
}

/// Gives the card of a token to a customer, and returns the number of the method that was made of it.
///
/// # Errors
///
/// A contradiction in the simulator: nobody has this number.
pub(super) fn keep(work: &mut Work<'_>, shown: Shown, customer: usize) -> Result<usize> {
    let method = realise(work, shown)?;
    payment_methods::keep(work, method, customer)?;
    Ok(method)
}

fn realise(work: &mut Work<'_>, shown: Shown) -> Result<usize> {
    let draft =
        Draft { shown, billing: None, redisplay: Redisplay::Unspecified, metadata: MetadataPatch::Keep };
    payment_methods::realise(work, Named::New(Box::new(draft)))
}

/// Nothing to charge. Methods that were attached are for payment intents and count for nothing here.
fn without_source(has_customer: bool) -> Box<Refusal> {
    if !has_customer {
        let message = "Must provide source or customer.".to_owned();
        return Refusal::param(Some("parameter_missing"), "source", message);
    }
    let mut refusal = Refusal::card("missing", None, "Cannot charge a customer that has no active card");
    refusal.param = Some("card".to_owned());
    refusal.is_executed = false;
    refusal
}

/// Why the card is refused. Whoever would have to authenticate is not asked here.
fn failure(card: Card) -> Option<Decline> {
    match card.test.declines {
        _ if card.test.risk == Risk::Blocked => Some(Decline::Blocked),
        None if card.test.asks(true, false) => Some(Decline::AuthenticationRequired),
        why => why,
    }
}

/// The refusal of a card, which has left a charge behind.
fn refused(work: &mut Work<'_>, number: usize, why: Decline) -> Result<Box<Refusal>> {
    work.emit::<Charge>("charge.failed", number)?;
    let mut refusal = cards::declined(why);
    refusal.charge = Some(work.id::<Charge>(number));
    refusal.network_decline_code = why.network_code();
    refusal.is_executed = true;
    Ok(refusal)
}

/// Books what a charge took, and says so at once.
fn book(work: &mut Work<'_>, number: usize) -> Result<()> {
    let transaction = bookings::charge(work, number)?;
    work.edit::<Charge>(number)?.balance_transaction = Some(transaction);
    Ok(())
}

/// Captures what a charge without an intent holds.
///
/// # Errors
///
/// More is asked for than is held, or it cannot be shared as it is asked for.
pub(super) fn capture(
    work: &mut Work<'_>,
    number: usize,
    asked: Option<u64>,
    wish: TermsPatch,
) -> Result<()> {
    let before = work.get::<Charge>(number)?.clone();
    let taken = asked.unwrap_or(before.amount);
    if taken > before.amount {
        let message = format!(
            "The amount to capture ({taken}) is greater than the amount of the charge ({}).",
            before.amount
        );
        return Err(Refusal::param(Some("amount_too_large"), "amount", message));
    }
    wish.check_shares(work, &before.terms, taken)?;
    before.terms.check_destination(work)?;

    // From here on the money is taken.
    let charge = work.edit::<Charge>(number)?;
    charge.hold = Hold::Captured;
    charge.amount_captured = taken;
    wish.apply(&mut charge.terms);
    book(work, number)?;
    work.emit::<Charge>("charge.captured", number)
}

/// A hold that nobody captured in time goes back. Nothing happens where it ended before.
///
/// # Errors
///
/// A contradiction in the simulator: nobody has this number.
pub(super) fn expire(work: &mut Work<'_>, number: usize) -> Result<()> {
    let found = work.get::<Charge>(number)?;
    if !matches!(found.hold, Hold::Until(_)) {
        return Ok(());
    }
    work.account = found.head.account;
    work.edit::<Charge>(number)?.hold = Hold::LetGo;
    work.emit::<Charge>("charge.expired", number)
}
