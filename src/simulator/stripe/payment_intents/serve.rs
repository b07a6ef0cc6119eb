//! The routes of payment intents: each reads, checks, and only then changes.

use super::super::customers::Customer;
use super::super::expand::Gives;
use super::super::list::{Page, Span};
use super::super::object::{Class, Kind};
use super::super::params::{MetadataPatch, Params, Patch};
use super::super::payment_methods::{self, Named};
use super::super::refusal::{Refusal, Result};
use super::super::routes::{Answer, Level, Row};
use super::super::search::{self, Content};
use super::super::search_page;
use super::super::terms::TermsPatch;
use super::super::work::Work;
use super::capture::{cancel, capture_held, unexpected};
use super::machine::{Confirmation, attempt};
use super::wish::{self, Wish, check_amount, give_method, since};
use super::{CaptureMethod, Choice, PaymentIntent, Status, ThreeDSecure};
use crate::prelude::*;

const NOTE: &str = "Cards only. Not simulated: confirmation tokens, payment method configurations, hooks, line items, \
                    installments, incremental authorization, multicapture. Where automatic_payment_methods is left out, no \
                    return_url is asked for: the settings of this account hold cards only.";

pub(in super::super) const ROUTES: &[Row] = &[
    Row::new("POST", "/v1/payment_intents", create, Gives::One(Class::PaymentIntent), Level::Most)
        .noting(NOTE),
    Row::new("GET", "/v1/payment_intents", list, Gives::List(Class::PaymentIntent), Level::Whole),
    Row::new("GET", "/v1/payment_intents/search", search, Gives::List(Class::PaymentIntent), Level::Whole),
    Row::new("GET", "/v1/payment_intents/:id", retrieve, Gives::One(Class::PaymentIntent), Level::Whole),
    Row::new("POST", "/v1/payment_intents/:id", update, Gives::One(Class::PaymentIntent), Level::Most)
        .noting(NOTE),
    Row::new(
        "POST",
        "/v1/payment_intents/:id/confirm",
        confirm,
        Gives::One(Class::PaymentIntent),
        Level::Most,
    )
    .noting(NOTE),
    Row::new(
        "POST",
        "/v1/payment_intents/:id/capture",
        capture,
        Gives::One(Class::PaymentIntent),
        Level::Most,
    )
    .noting(NOTE),
    Row::new("POST", "/v1/payment_intents/:id/cancel", stop, Gives::One(Class::PaymentIntent), Level::Whole),
];

/// Why a merchant cancels.
const REASONS: &[(&str, &str)] = &[
    ("abandoned", "abandoned"),
    ("duplicate", "duplicate"),
    ("fraudulent", "fraudulent"),
    ("requested_by_customer", "requested_by_customer"),
];

/// Since which version the capture is asynchronous where nothing is said: year, month and day.
const ASYNC_CAPTURE_SINCE: [u32; 3] = [2024, 4, 10];

/// The intent the path names.
fn find(work: &Work<'_>) -> Result<usize> {
    work.find::<PaymentIntent>(0).map_err(|mut refusal| {
        refusal.param = Some("intent".to_owned());
        refusal
    })
}

fn answer(work: &Work<'_>, number: usize) -> Result<Answer> {
    Ok(Answer::Object(work.object::<PaymentIntent>(number)?))
}

fn create(work: &mut Work<'_>, mut params: Params) -> Result<Answer> {
    for name in ["amount", "currency"] {
        if !params.has(name) {
            return Err(Refusal::missing(name));
        }
    }
    let is_confirmed = params.flag("confirm")?.unwrap_or(false);
    params.not_empty("customer")?;
    let mut wish = Wish::read(work, &mut params)?;
    let choice = wish::choice(work, &mut params)?;
    let is_manually_confirmed =
        params.choice("confirmation_method", &[("automatic", false), ("manual", true)])?.unwrap_or(false);
    let how = Confirmation::read(&mut params, is_confirmed)?;
    params.finish()?;
    let (Some(amount), Some(currency)) = (wish.amount, wish.currency) else {
        return Err(Refusal::bug("a parameter that was there was not read"));
    };
    check_amount(amount, currency)?;
    wish.terms.check_shares(work, &work.world.stripe.plain_terms, amount)?;
    wish.check_kinds(None)?;
    let customer = match wish.customer {
        Patch::Set(customer) => Some(customer),
        Patch::Keep | Patch::Unset => None,
    };
    let named = wish.method.take();
    if let Some(named) = &named {
        payment_methods::check_payer(work, named, customer)?;
    }
    if is_confirmed {
        if named.is_none() {
            return Err(missing_method());
        }
        check_redirects(&choice, &how)?;
    }

    // From here on the intent is there.
    let default = if since(work, ASYNC_CAPTURE_SINCE) {
        CaptureMethod::AutomaticAsync
    } else {
        CaptureMethod::Automatic
    };
    let method = named.map(|named| payment_methods::realise(work, named)).transpose()?;
    let mut intent = PaymentIntent {
        head: work.head::<PaymentIntent>(MetadataPatch::Keep),
        amount,
        currency,
        status: Status::RequiresPaymentMethod,
        capture: default,
        holds_cards: false,
        is_manually_confirmed,
        amount_received: 0,
        customer,
        payment_method: None,
        latest_charge: None,
        choice,
        allowed: None,
        excluded: None,
        future: None,
        three_d_secure: ThreeDSecure::Automatic,
        terms: work.world.stripe.plain_terms.clone(),
        canceled: None,
        last_error: None,
        return_url: None,
        is_authenticated: false,
    };
    wish.apply(&mut intent);
    if let Some(method) = method {
        give_method(&mut intent, method);
    }
    let number = work.add(intent);
    work.emit::<PaymentIntent>("payment_intent.created", number)?;
    if is_confirmed {
        attempt(work, number, &how)?;
    }
    answer(work, number)
}

/// Nobody says with what the intent is to be paid.
fn missing_method() -> Box<Refusal> {
    let message = "You cannot confirm this PaymentIntent because it's missing a payment method. You can either update the \
                   PaymentIntent with a payment method and then confirm it again, or confirm it again directly with a \
                   payment method or ConfirmationToken.";
    Refusal::state("payment_intent_unexpected_state", message.to_owned())
}

/// Methods that leave the page need a way back. Where the request did not ask for them, there are none: the settings of
/// this gateway hold cards only.
fn check_redirects(choice: &Choice, how: &Confirmation) -> Result<()> {
    if *choice == (Choice::Automatic { redirects: true, explicit: true }) && how.return_url.is_none() {
        let message = "This PaymentIntent is configured to accept payment methods enabled in your Dashboard. Because some \
                       of these payment methods might redirect your customer off of your page, you must provide a \
                       `return_url`. If you don't want to accept redirect-based payment methods, set \
                       `automatic_payment_methods[enabled]` to `true` and \
                       `automatic_payment_methods[allow_redirects]` to `never` when creating Setup Intents and Payment \
                       Intents.";
        return Err(Refusal::request(message.to_owned()));
    }
    Ok(())
}

fn retrieve(work: &mut Work<'_>, mut params: Params) -> Result<Answer> {
    // Pages in browsers name it; a server need not.
    let _ = params.text("client_secret")?;
    params.finish()?;
    let number = find(work)?;
    answer(work, number)
}

fn update(work: &mut Work<'_>, mut params: Params) -> Result<Answer> {
    let number = find(work)?;
    let mut wish = Wish::read(work, &mut params)?;
    params.finish()?;
    let intent = work.get::<PaymentIntent>(number)?.clone();
    let amount = wish.amount.unwrap_or(intent.amount);
    let currency = wish.currency.unwrap_or(intent.currency);
    check_amount(amount, currency)?;
    wish.terms.check_shares(work, &intent.terms, amount)?;
    wish.check_kinds(Some(&intent))?;
    if !intent.status.is_open() {
        let touched = [
            ("amount", wish.amount.is_some()),
            ("currency", wish.currency.is_some()),
            ("customer", wish.customer != Patch::Keep),
            ("payment_method", wish.method.is_some()),
            ("capture_method", wish.capture.is_some()),
        ];
        if let Some((name, _)) = touched.iter().find(|(_, is_touched)| *is_touched) {
            let message = format!(
                "This PaymentIntent's {name} could not be updated because it has a status of {}. You may only update the \
                 {name} of a PaymentIntent with one of the following statuses: requires_payment_method, \
                 requires_confirmation, requires_action.",
                intent.status.name()
            );
            let mut refusal = unexpected(work, number, message)?;
            refusal.param = Some((*name).to_owned());
            return Err(refusal);
        }
    }
    if matches!(intent.status, Status::Succeeded | Status::Canceled)
        && let Some(name) = wish.terms.shares()
    {
        let message = format!(
            "This PaymentIntent's {name} could not be updated because it has a status of {}: its money has been shared, or \
             never will be.",
            intent.status.name()
        );
        let mut refusal = unexpected(work, number, message)?;
        refusal.param = Some(name.to_owned());
        return Err(refusal);
    }
    let mut customer = intent.customer;
    match wish.customer {
        Patch::Keep => {}
        Patch::Unset => customer = None,
        Patch::Set(found) => customer = Some(found),
    }
    let named = wish.method.take();
    let present = intent.payment_method.map(Named::Known).filter(|_| intent.status.is_open());
    if let Some(named) = named.as_ref().or(present.as_ref()) {
        payment_methods::check_payer(work, named, customer)?;
    }

    // From here on the intent is changed. Stripe has no event for it.
    let method = named.map(|named| payment_methods::realise(work, named)).transpose()?;
    let edited = work.edit::<PaymentIntent>(number)?;
    wish.apply(edited);
    if edited.status.is_open() {
        edited.last_error = None;
    }
    if let Some(method) = method {
        give_method(edited, method);
    }
    answer(work, number)
}

fn confirm(work: &mut Work<'_>, mut params: Params) -> Result<Answer> {
    let number = find(work)?;
    for name in ["amount", "currency", "customer", "metadata", "description", "application_fee_amount"] {
        if params.has(name) {
            return Err(Refusal::unknown(name));
        }
    }
    let mut wish = Wish::read(work, &mut params)?;
    let how = Confirmation::read(&mut params, true)?;
    params.finish()?;
    let intent = work.get::<PaymentIntent>(number)?.clone();
    if !intent.status.is_open() {
        let message = if intent.status == Status::Succeeded {
            "You cannot confirm this PaymentIntent because it has already succeeded after being previously confirmed."
                .to_owned()
        } else {
            format!(
                "You cannot confirm this PaymentIntent because it has a status of {}. Only a PaymentIntent with one of the \
                 following statuses may be confirmed: requires_payment_method, requires_confirmation, requires_action.",
                intent.status.name()
            )
        };
        return Err(unexpected(work, number, message)?);
    }
    let named = wish.method.take().or(intent.payment_method.map(Named::Known));
    let Some(named) = named else {
        let mut refusal = missing_method();
        refusal.objects.push(("payment_intent", work.object::<PaymentIntent>(number)?));
        return Err(refusal);
    };
    payment_methods::check_payer(work, &named, intent.customer)?;
    wish.check_kinds(Some(&intent))?;
    intent.terms.check_destination(work)?;
    check_redirects(&intent.choice, &how)?;

    // From here on the card is tried.
    let method = payment_methods::realise(work, named)?;
    let edited = work.edit::<PaymentIntent>(number)?;
    wish.apply(edited);
    give_method(edited, method);
    attempt(work, number, &how)?;
    answer(work, number)
}

fn capture(work: &mut Work<'_>, mut params: Params) -> Result<Answer> {
    let number = find(work)?;
    let asked = params.positive("amount_to_capture")?;
    let (terms, metadata) = (TermsPatch::read_of_capture(&mut params)?, params.metadata()?);
    if params.flag("final_capture")? == Some(false) {
        let message =
            "A capture that is not the last one needs multicapture, which this card does not support.";
        return Err(Refusal::param(None, "final_capture", message.to_owned()));
    }
    params.finish()?;
    capture_held(work, number, asked, ("amount_to_capture", terms, metadata))?;
    answer(work, number)
}

fn stop(work: &mut Work<'_>, mut params: Params) -> Result<Answer> {
    let number = find(work)?;
    let reason = params.choice("cancellation_reason", REASONS)?;
    params.finish()?;
    cancel(work, number, reason)?;
    answer(work, number)
}

fn list(work: &mut Work<'_>, mut params: Params) -> Result<Answer> {
    let page = Page::read::<PaymentIntent>(work, &mut params)?;
    let created = Span::read(&mut params, "created")?;
    let customer = match params.text("customer")? {
        Some(id) => Some(work.find_param::<Customer>(&id, "customer")?),
        None => None,
    };
    params.finish()?;
    let found = page.of::<PaymentIntent>(work, |intent| {
        created.holds(intent.head.created)
            && customer.is_none_or(|customer| intent.customer == Some(customer))
    });
    Ok(Answer::list::<PaymentIntent>("/v1/payment_intents", found))
}

/// Fields of <https://docs.stripe.com/search#query-fields-for-payment-intents>.
const SEARCHED: &[search::Field] = &[
    ("amount", search::Kind::Number),
    ("created", search::Kind::Number),
    ("currency", search::Kind::Token),
    ("customer", search::Kind::Token),
    ("metadata", search::Kind::Metadata),
    ("status", search::Kind::Token),
];

fn search(work: &mut Work<'_>, params: Params) -> Result<Answer> {
    let url = "/v1/payment_intents/search";
    search_page::answer::<PaymentIntent>(
        work,
        params,
        (url, SEARCHED),
        |_| true,
        |intent, ids, name, key| match name {
            "amount" => Content::Number(intent.amount),
            "created" => Content::Number(intent.head.created.unix_seconds()),
            "currency" => Content::Text(intent.currency.code().to_ascii_lowercase()),
            "customer" => Content::maybe(intent.customer.map(|number| ids.id(Customer::PREFIX, number))),
            "metadata" => search_page::metadata(&intent.head.metadata, key),
            _ => Content::Text(intent.status.name().to_owned()),
        },
    )
}
