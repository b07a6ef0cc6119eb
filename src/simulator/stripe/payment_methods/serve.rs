//! The routes of payment methods.

use alloc::sync::Arc;

use super::super::addresses::Billing;
use super::super::customers;
use super::super::expand::Gives;
use super::super::list::Page;
use super::super::object::{Class, Head, Kind};
use super::super::params::{MetadataPatch, Params, Patch};
use super::super::refusal::{Refusal, Result};
use super::super::routes::{Answer, Level, Row};
use super::super::work::{Work, merge};
use super::{
    Keeper, Named, PaymentMethod, REDISPLAY, check_attachable, draft, keep, named, realise, release,
};
use crate::prelude::*;

const NOTE: &str = "Cards only, by number, token or test name.";

pub(in super::super) const ROUTES: &[Row] = &[
    Row::new("POST", "/v1/payment_methods", create, Gives::One(Class::PaymentMethod), Level::Most)
        .noting(NOTE),
    Row::new("GET", "/v1/payment_methods", list, Gives::List(Class::PaymentMethod), Level::Whole),
    Row::new("GET", "/v1/payment_methods/:id", retrieve, Gives::One(Class::PaymentMethod), Level::Whole),
    Row::new("POST", "/v1/payment_methods/:id", update, Gives::One(Class::PaymentMethod), Level::Most)
        .noting(NOTE),
    Row::new(
        "POST",
        "/v1/payment_methods/:id/attach",
        attach,
        Gives::One(Class::PaymentMethod),
        Level::Whole,
    ),
    Row::new(
        "POST",
        "/v1/payment_methods/:id/detach",
        detach,
        Gives::One(Class::PaymentMethod),
        Level::Whole,
    ),
];

/// The kinds of methods there are, though only cards are simulated: lists of the others are empty.
const KINDS: &[(&str, bool)] = &[
    ("card", true),
    ("acss_debit", false),
    ("affirm", false),
    ("afterpay_clearpay", false),
    ("alipay", false),
    ("amazon_pay", false),
    ("au_becs_debit", false),
    ("bacs_debit", false),
    ("bancontact", false),
    ("blik", false),
    ("boleto", false),
    ("cashapp", false),
    ("customer_balance", false),
    ("eps", false),
    ("fpx", false),
    ("giropay", false),
    ("grabpay", false),
    ("ideal", false),
    ("interac_present", false),
    ("klarna", false),
    ("konbini", false),
    ("link", false),
    ("mobilepay", false),
    ("multibanco", false),
    ("oxxo", false),
    ("p24", false),
    ("paynow", false),
    ("paypal", false),
    ("pix", false),
    ("promptpay", false),
    ("revolut_pay", false),
    ("sepa_debit", false),
    ("sofort", false),
    ("swish", false),
    ("twint", false),
    ("us_bank_account", false),
    ("wechat_pay", false),
    ("zip", false),
];

/// The number of a method that is shown and not there: beyond all that ever will be.
const NUMBER_SHOWN: usize = 0xffff_ffff;

/// The method of the path; one of a test name is made by being named.
fn find(work: &Work<'_>) -> Result<Named> {
    named(work, work.path_id(0), "payment_method").map_err(|refusal| refusal.with_status(404))
}

fn answer(work: &Work<'_>, number: usize) -> Result<Answer> {
    Ok(Answer::Object(work.object::<PaymentMethod>(number)?))
}

fn create(work: &mut Work<'_>, params: Params) -> Result<Answer> {
    if !params.has("type") && !params.has("payment_method") {
        return Err(Refusal::missing("type"));
    }
    let draft = draft(work, params)?;

    // From here on the method is there. Stripe has no event for it.
    let number = realise(work, Named::New(Box::new(draft)))?;
    answer(work, number)
}

fn retrieve(work: &mut Work<'_>, params: Params) -> Result<Answer> {
    params.finish()?;
    match find(work)? {
        Named::Known(number) => answer(work, number),
        Named::New(_) => Err(Refusal::bug("a path named a method that is to be made")),
        // Reading makes nothing: what is shown is what a use of the name would make.
        Named::Test(test) => {
            let head = Head { number: NUMBER_SHOWN, ..work.head::<PaymentMethod>(MetadataPatch::Keep) };
            Ok(Answer::Object(PaymentMethod::object(Arc::new(PaymentMethod::of_test(head, test, work.now)))))
        }
    }
}

fn update(work: &mut Work<'_>, mut params: Params) -> Result<Answer> {
    let Named::Known(number) = find(work)? else {
        return Err(Refusal::request("A test payment method cannot be updated: attach it first.".to_owned()));
    };
    let before = work.get::<PaymentMethod>(number)?.clone();
    let known = before.billing.as_deref().cloned().unwrap_or_default();
    let billing: Patch<Billing> = known.read(&mut params)?;
    let redisplay = params.choice("allow_redisplay", REDISPLAY)?;
    let metadata = params.metadata()?;
    let mut card = before.card;
    if let Patch::Set(mut members) = params.object("card")? {
        let (month, year) = (members.natural("exp_month")?, members.natural("exp_year")?);
        let _ = members.object("networks")?;
        members.finish()?;
        card = card.expiring(month, year, work.now)?;
    }
    params.finish()?;
    if before.keeper == Keeper::Nobody {
        let message = "You must save this PaymentMethod to a customer before you can update it.";
        return Err(Refusal::request(message.to_owned()));
    }

    // From here on the method is changed.
    let method = work.edit::<PaymentMethod>(number)?;
    match billing {
        Patch::Keep => {}
        Patch::Unset => method.billing = None,
        Patch::Set(billing) => method.billing = Some(Arc::new(billing)),
    }
    method.redisplay = redisplay.unwrap_or(method.redisplay);
    method.card = card;
    merge(&mut method.head.metadata, metadata);
    work.emit_change("payment_method.updated", number, before)?;
    answer(work, number)
}

fn attach(work: &mut Work<'_>, mut params: Params) -> Result<Answer> {
    let found = find(work)?;
    let customer = params.required_text("customer")?;
    params.finish()?;
    let customer = customers::named(work, &customer, "customer")?;
    check_attachable(work, &found)?;

    // From here on the method is the customer's.
    let number = realise(work, found)?;
    keep(work, number, customer)?;
    answer(work, number)
}

fn detach(work: &mut Work<'_>, params: Params) -> Result<Answer> {
    params.finish()?;
    let found = find(work)?;
    let number = match found {
        Named::Known(number) if work.get::<PaymentMethod>(number)?.customer().is_some() => number,
        _ => {
            let message =
                "The payment method you provided is not attached to a customer so detachment is impossible.";
            return Err(Refusal::request(message.to_owned()));
        }
    };

    // From here on the method is nobody's.
    release(work, number)?;
    answer(work, number)
}

fn list(work: &mut Work<'_>, mut params: Params) -> Result<Answer> {
    let customer = params.text("customer")?;
    let customer = match customer {
        Some(id) => customers::named(work, &id, "customer")?,
        None => {
            let _ = params.choice("type", KINDS)?;
            let page = Page::read::<PaymentMethod>(work, &mut params)?;
            params.finish()?;
            // A method without a customer is in no list.
            return Ok(Answer::list::<PaymentMethod>(
                "/v1/payment_methods",
                page.of(work, |_: &PaymentMethod| false),
            ));
        }
    };
    list_of(work, params, customer, "/v1/payment_methods")
}

/// A page of the methods of a customer.
///
/// # Errors
///
/// A parameter is wrong.
pub(in super::super) fn list_of(
    work: &mut Work<'_>,
    mut params: Params,
    customer: usize,
    url: &str,
) -> Result<Answer> {
    let is_card = params.choice("type", KINDS)?.unwrap_or(true);
    let redisplay = params.choice("allow_redisplay", REDISPLAY)?;
    let page = Page::read::<PaymentMethod>(work, &mut params)?;
    params.finish()?;
    let found = page.of::<PaymentMethod>(work, |method| {
        is_card
            && method.customer() == Some(customer)
            && redisplay.is_none_or(|wanted| method.redisplay == wanted)
    });
    Ok(Answer::list::<PaymentMethod>(url, found))
}

/// The path below a customer: `/v1/customers/:id/payment_methods/:id`.
///
/// # Errors
///
/// 404 when the customer has no such method.
pub(in super::super) fn of_path(work: &Work<'_>, customer: usize) -> Result<Answer> {
    let id = work.path_id(1);
    let number = work.number::<PaymentMethod>(id).filter(|number| {
        work.get::<PaymentMethod>(*number).is_ok_and(|method| method.customer() == Some(customer))
    });
    let number = number.ok_or_else(|| Refusal::no_such("PaymentMethod", id))?;
    answer(work, number)
}
