//! The routes of setup intents.

use alloc::sync::Arc;

use super::super::customers::{self, Customer};
use super::super::expand::Gives;
use super::super::list::{Page, Span};
use super::super::object::Class;
use super::super::params::{MetadataPatch, Params, Patch};
use super::super::payment_intents::card_options::CardOptions;
use super::super::payment_intents::wish::{Confirmation, choice, refuse_lists, types};
use super::super::payment_intents::{Choice, Future, ThreeDSecure};
use super::super::payment_methods::{self, Named, PaymentMethod};
use super::super::refusal::{Refusal, Result};
use super::super::routes::{Answer, Level, Row};
use super::super::work::{Work, merge};
use super::machine::attempt;
use super::{SetupIntent, Status};
use crate::prelude::*;

const NOTE: &str = "Cards only. Not simulated: confirmation tokens, payment method configurations, mandates.";

pub(in super::super) const ROUTES: &[Row] = &[
    Row::new("POST", "/v1/setup_intents", create, Gives::One(Class::SetupIntent), Level::Most).noting(NOTE),
    Row::new("GET", "/v1/setup_intents", list, Gives::List(Class::SetupIntent), Level::Whole),
    Row::new("GET", "/v1/setup_intents/:id", retrieve, Gives::One(Class::SetupIntent), Level::Whole),
    Row::new("POST", "/v1/setup_intents/:id", update, Gives::One(Class::SetupIntent), Level::Most)
        .noting(NOTE),
    Row::new("POST", "/v1/setup_intents/:id/confirm", confirm, Gives::One(Class::SetupIntent), Level::Most)
        .noting(NOTE),
    Row::new("POST", "/v1/setup_intents/:id/cancel", cancel, Gives::One(Class::SetupIntent), Level::Whole),
];

const REASONS: &[(&str, &str)] = &[
    ("abandoned", "abandoned"),
    ("duplicate", "duplicate"),
    ("requested_by_customer", "requested_by_customer"),
];

const USAGES: &[(&str, Future)] = &[("off_session", Future::OffSession), ("on_session", Future::OnSession)];

/// What a request wants of a setup that is there or will be.
struct Wish {
    customer: Patch<usize>,
    method: Option<Named>,
    description: Patch<String>,
    metadata: MetadataPatch,
    allowed: Patch<Arc<[String]>>,
    excluded: Patch<Arc<[String]>>,
    always_asks: Option<bool>,
}

impl Wish {
    fn read(work: &Work<'_>, params: &mut Params) -> Result<Self> {
        refuse_lists(work, params)?;
        let customer = match params.patch("customer")? {
            Patch::Keep => Patch::Keep,
            Patch::Unset => Patch::Unset,
            Patch::Set(id) => Patch::Set(customers::named(work, &id, "customer")?),
        };
        let three_d_secure = CardOptions::read(params)?.three_d_secure;
        Ok(Self {
            customer,
            method: payment_methods::wanted(work, params)?,
            description: params.patch("description")?,
            metadata: params.metadata()?,
            allowed: types(params, "allowed_payment_method_types")?,
            excluded: types(params, "excluded_payment_method_types")?,
            always_asks: three_d_secure.map(|wanted| wanted != ThreeDSecure::Automatic),
        })
    }

    fn apply(self, intent: &mut SetupIntent) {
        self.customer.apply(&mut intent.customer);
        self.description.apply(&mut intent.description);
        self.allowed.apply(&mut intent.allowed);
        self.excluded.apply(&mut intent.excluded);
        intent.always_asks = self.always_asks.unwrap_or(intent.always_asks);
        merge(&mut intent.head.metadata, self.metadata);
    }
}

fn give_method(intent: &mut SetupIntent, method: usize) {
    intent.payment_method = Some(method);
    intent.status = Status::RequiresConfirmation;
}

fn find(work: &Work<'_>) -> Result<usize> {
    let id = work.path_id(0);
    work.number::<SetupIntent>(id).ok_or_else(|| {
        let mut refusal = Refusal::no_such_param("setupintent", id, "intent");
        refusal.status = 404;
        refusal
    })
}

fn answer(work: &Work<'_>, number: usize) -> Result<Answer> {
    Ok(Answer::Object(work.object::<SetupIntent>(number)?))
}

/// The setup is in a state that does not allow what is asked: the verb, and how it is said of what was done.
fn unexpected(work: &Work<'_>, number: usize, (verb, done): (&str, &str)) -> Result<Box<Refusal>> {
    let status = work.get::<SetupIntent>(number)?.status.name();
    let message = format!(
        "You cannot {verb} this SetupIntent because it has a status of {status}. Only a SetupIntent with one of the \
         following statuses may be {done}: requires_payment_method, requires_confirmation, requires_action."
    );
    let mut refusal = Refusal::state("setup_intent_unexpected_state", message);
    refusal.objects.push(("setup_intent", work.object::<SetupIntent>(number)?));
    Ok(refusal)
}

fn create(work: &mut Work<'_>, mut params: Params) -> Result<Answer> {
    let is_confirmed = params.flag("confirm")?.unwrap_or(false);
    let mut wish = Wish::read(work, &mut params)?;
    let choice = choice(work, &mut params)?;
    let usage = params.choice("usage", USAGES)?.unwrap_or(Future::OffSession);
    let how = Confirmation::read(&mut params, is_confirmed)?;
    params.finish()?;
    let customer = match wish.customer {
        Patch::Set(customer) => Some(customer),
        Patch::Keep | Patch::Unset => None,
    };
    let named = wish.method.take();
    if let Some(named) = &named {
        payment_methods::check_payer(work, named, customer)?;
    }
    if is_confirmed && named.is_none() {
        return Err(missing_method());
    }

    // From here on the setup is there.
    let method = named.map(|named| payment_methods::realise(work, named)).transpose()?;
    let mut intent = SetupIntent {
        head: work.head::<SetupIntent>(MetadataPatch::Keep),
        status: Status::RequiresPaymentMethod,
        usage,
        customer,
        payment_method: None,
        description: None,
        redirects: match choice {
            Choice::Automatic { redirects, .. } => Some(redirects),
            Choice::Listed => None,
        },
        allowed: None,
        excluded: None,
        always_asks: false,
        cancellation_reason: None,
        last_error: None,
        attempts: 0,
        return_url: None,
    };
    wish.apply(&mut intent);
    if let Some(method) = method {
        give_method(&mut intent, method);
    }
    let number = work.add(intent);
    work.emit::<SetupIntent>("setup_intent.created", number)?;
    if is_confirmed {
        attempt(work, number, how.return_url)?;
    }
    answer(work, number)
}

fn missing_method() -> Box<Refusal> {
    let message = "You cannot confirm this SetupIntent because it's missing a payment method. Update the SetupIntent with a \
                   payment method and then confirm it again, or confirm it again directly with a payment method.";
    Refusal::state("setup_intent_unexpected_state", message.to_owned())
}

fn retrieve(work: &mut Work<'_>, mut params: Params) -> Result<Answer> {
    let _ = params.text("client_secret")?;
    params.finish()?;
    let number = find(work)?;
    answer(work, number)
}

fn update(work: &mut Work<'_>, mut params: Params) -> Result<Answer> {
    let number = find(work)?;
    let mut wish = Wish::read(work, &mut params)?;
    params.finish()?;
    let intent = work.get::<SetupIntent>(number)?.clone();
    if !intent.status.is_open() && (wish.method.is_some() || wish.customer != Patch::Keep) {
        return Err(unexpected(work, number, ("update", "updated"))?);
    }
    let customer = match wish.customer {
        Patch::Keep => intent.customer,
        Patch::Unset => None,
        Patch::Set(customer) => Some(customer),
    };
    let named = wish.method.take();
    if let Some(named) = &named {
        payment_methods::check_payer(work, named, customer)?;
    }

    // From here on the setup is changed. Stripe has no event for it.
    let method = named.map(|named| payment_methods::realise(work, named)).transpose()?;
    let edited = work.edit::<SetupIntent>(number)?;
    wish.apply(edited);
    if let Some(method) = method {
        give_method(edited, method);
    }
    answer(work, number)
}

fn confirm(work: &mut Work<'_>, mut params: Params) -> Result<Answer> {
    let number = find(work)?;
    let named = payment_methods::wanted(work, &mut params)?;
    let three_d_secure = CardOptions::read(&mut params)?.three_d_secure;
    let allowed = types(&mut params, "allowed_payment_method_types")?;
    let how = Confirmation::read(&mut params, true)?;
    params.finish()?;
    let intent = work.get::<SetupIntent>(number)?.clone();
    if !intent.status.is_open() {
        return Err(unexpected(work, number, ("confirm", "confirmed"))?);
    }
    let Some(named) = named.or(intent.payment_method.map(Named::Known)) else {
        let mut refusal = missing_method();
        refusal.objects.push(("setup_intent", work.object::<SetupIntent>(number)?));
        return Err(refusal);
    };
    payment_methods::check_payer(work, &named, intent.customer)?;

    // From here on the card is tried.
    let method = payment_methods::realise(work, named)?;
    let edited = work.edit::<SetupIntent>(number)?;
    allowed.apply(&mut edited.allowed);
    edited.always_asks =
        three_d_secure.map_or(edited.always_asks, |wanted| wanted != ThreeDSecure::Automatic);
    give_method(edited, method);
    attempt(work, number, how.return_url)?;
    answer(work, number)
}

fn cancel(work: &mut Work<'_>, mut params: Params) -> Result<Answer> {
    let number = find(work)?;
    let reason = params.choice("cancellation_reason", REASONS)?;
    params.finish()?;
    if !work.get::<SetupIntent>(number)?.status.is_open() {
        return Err(unexpected(work, number, ("cancel", "canceled"))?);
    }

    // From here on the setup is canceled.
    let edited = work.edit::<SetupIntent>(number)?;
    edited.status = Status::Canceled;
    edited.cancellation_reason = reason;
    work.emit::<SetupIntent>("setup_intent.canceled", number)?;
    answer(work, number)
}

fn list(work: &mut Work<'_>, mut params: Params) -> Result<Answer> {
    let page = Page::read::<SetupIntent>(work, &mut params)?;
    let created = Span::read(&mut params, "created")?;
    let customer = match params.text("customer")? {
        Some(id) => Some(work.find_param::<Customer>(&id, "customer")?),
        None => None,
    };
    let method = match params.text("payment_method")? {
        Some(id) => Some(work.find_param::<PaymentMethod>(&id, "payment_method")?),
        None => None,
    };
    params.finish()?;
    let found = page.of::<SetupIntent>(work, |intent| {
        created.holds(intent.head.created)
            && customer.is_none_or(|customer| intent.customer == Some(customer))
            && method.is_none_or(|method| intent.payment_method == Some(method))
    });
    Ok(Answer::list::<SetupIntent>("/v1/setup_intents", found))
}
