//! The routes of subscriptions: begun with a first invoice, changed with prorations, ended at once or later.
//!
//! Source: <https://docs.stripe.com/api/subscriptions>, <https://docs.stripe.com/billing/subscriptions/overview>.

use alloc::sync::Arc;

use super::super::customers::{self, Customer};
use super::super::expand::Gives;
use super::super::list::{Page, Span};
use super::super::object::{Class, Head};
use super::super::params::{MetadataPatch, Params, Patch};
use super::super::payment_methods::PaymentMethod;
use super::super::prices::Price;
use super::super::refusal::{Refusal, Result};
use super::super::routes::{Answer, Level, Row};
use super::super::test_clocks;
use super::super::work::{Work, merge};
use super::change;
use super::collect;
use super::cycle::{self, Turn};
use super::invoice::{Invoice, Reason, Status as InvoiceStatus};
use super::invoices;
use super::searches;
use super::subscription::{Cancellation, Collection, ITEMS_MAX, Item, Status, Subscription};
use crate::prelude::*;
use crate::time::{Millis, Timestamp};

const NOTE: &str = "Items of one interval; without taxes, discounts, schedules, pauses and thresholds.";
const ONE: Gives = Gives::One(Class::Subscription);

pub(in super::super) const ROUTES: &[Row] = &[
    Row::new("POST", "/v1/subscriptions", create, ONE, Level::Most).noting(NOTE),
    Row::new("GET", "/v1/subscriptions", list, Gives::List(Class::Subscription), Level::Whole),
    Row::new(
        "GET",
        "/v1/subscriptions/search",
        searches::subscriptions,
        Gives::List(Class::Subscription),
        Level::Whole,
    ),
    Row::new("GET", "/v1/subscriptions/:id", retrieve, ONE, Level::Whole),
    Row::new("POST", "/v1/subscriptions/:id", change::update, ONE, Level::Most).noting(NOTE),
    Row::new("DELETE", "/v1/subscriptions/:id", change::cancel, ONE, Level::Most),
];

/// Largest amount of one item, in minor units: what a charge may have.
const MINOR_MAX: u64 = 99_999_999;

/// Longest trial, in days, as documented: two years.
const TRIAL_DAYS_MAX: u64 = 730;

/// What becomes of a subscription whose first payment fails.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Behavior {
    /// It waits for another card.
    Allow,
    /// No payment is tried: the customer confirms it.
    Wait,
    /// There is no subscription.
    Refuse,
}

pub(super) const BEHAVIORS: &[(&str, Behavior)] = &[
    ("allow_incomplete", Behavior::Allow),
    ("default_incomplete", Behavior::Wait),
    ("error_if_incomplete", Behavior::Refuse),
];

/// What is done about the rest of a period.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Prorates {
    NextInvoice,
    AtOnce,
    Never,
}

pub(super) const PRORATES: &[(&str, Prorates)] = &[
    ("create_prorations", Prorates::NextInvoice),
    ("always_invoice", Prorates::AtOnce),
    ("none", Prorates::Never),
];

/// An item a request asks for.
pub(super) struct Wanted {
    pub(super) price: Arc<Price>,
    pub(super) quantity: u64,
    metadata: MetadataPatch,
}

pub(super) fn recurring(work: &Work<'_>, params: &mut Params) -> Result<Arc<Price>> {
    let id = params.required_text("price")?;
    let name = params.name("price");
    let price = work.get::<Price>(work.find_param::<Price>(&id, &name)?)?.clone();
    if price.interval.is_none() {
        let message = "The price specified is set to `type=one_time` but this field only accepts prices with `type=recurring`.";
        return Err(Refusal::param(None, &name, message.to_owned()));
    }
    if !price.is_active {
        let message = "The price specified is inactive. This field only accepts active prices.";
        return Err(Refusal::param(None, &name, message.to_owned()));
    }
    Ok(price)
}

/// Whether so many units of a price cost no more than may be charged.
pub(super) fn check_amount(price: &Price, quantity: u64, param: &str) -> Result<()> {
    if price.unit_amount.checked_mul(quantity).is_some_and(|minor| minor <= MINOR_MAX) {
        return Ok(());
    }
    let message = format!("The amount of one item must be at most {MINOR_MAX} minor units");
    Err(Refusal::param(Some("amount_too_large"), param, message))
}

pub(super) fn wanted(work: &Work<'_>, mut params: Params) -> Result<Wanted> {
    let price = recurring(work, &mut params)?;
    let quantity = params.natural("quantity")?.unwrap_or(1);
    check_amount(&price, quantity, &params.name("quantity"))?;
    let metadata = params.metadata()?;
    params.finish()?;
    Ok(Wanted { price, quantity, metadata })
}

/// What can be said of a subscription at creation and later.
pub(super) struct Fields {
    collection: Option<Collection>,
    method: Patch<usize>,
    description: Patch<String>,
    cancel_at: Patch<Timestamp>,
    cancels_at_period_end: Option<bool>,
    /// Whether the customer is not there to authenticate.
    pub(super) off_session: bool,
}

impl Fields {
    pub(super) fn read(work: &Work<'_>, params: &mut Params) -> Result<Self> {
        let days = params.natural("days_until_due")?;
        let method = match params.patch("default_payment_method")? {
            Patch::Keep => Patch::Keep,
            Patch::Unset => Patch::Unset,
            Patch::Set(id) => Patch::Set(work.find_param::<PaymentMethod>(&id, "default_payment_method")?),
        };
        if let Patch::Set(mut settings) = params.object("payment_settings")? {
            let _ =
                settings.choice("save_default_payment_method", &[("off", ()), ("on_subscription", ())])?;
            settings.finish()?;
        }
        let cancel_at = match params.clone().patch("cancel_at")? {
            Patch::Unset => {
                let _ = params.take("cancel_at");
                Patch::Unset
            }
            Patch::Keep | Patch::Set(_) => match invoices::moment(params, "cancel_at")? {
                Some(at) => Patch::Set(at),
                None => Patch::Keep,
            },
        };
        Ok(Self {
            collection: invoices::collection(params, days, false)?,
            method,
            description: params.patch_up_to("description", 500)?,
            cancel_at,
            cancels_at_period_end: params.flag("cancel_at_period_end")?,
            off_session: params.flag("off_session")?.unwrap_or(false),
        })
    }

    pub(super) fn apply(self, subscription: &mut Subscription, at: Timestamp) {
        subscription.collection = self.collection.unwrap_or(subscription.collection);
        self.method.apply(&mut subscription.default_payment_method);
        self.description.apply(&mut subscription.description);
        let was_ending = subscription.cancel_at.is_some();
        if let Some(ends) = self.cancels_at_period_end {
            subscription.cancels_at_period_end = ends;
            subscription.cancel_at = ends.then_some(subscription.period_end);
        }
        match self.cancel_at {
            Patch::Keep => {}
            Patch::Unset => subscription.cancel_at = None,
            Patch::Set(moment) => subscription.cancel_at = Some(moment.max(at)),
        }
        if subscription.cancel_at.is_none() {
            subscription.canceled_at = None;
            subscription.cancellation = Cancellation::default();
        } else if !was_ending {
            subscription.canceled_at = Some(at);
            subscription.cancellation.reason = Some("cancellation_requested");
        }
    }
}

/// The trial a request asks for, until when.
pub(super) fn trial(params: &mut Params, at: Timestamp) -> Result<Option<Timestamp>> {
    let (days, is_now) = (params.natural("trial_period_days")?, params.clone().text("trial_end")?);
    if is_now.as_deref() == Some("now") {
        let _ = params.take("trial_end");
        return Ok(None);
    }
    let until = invoices::moment(params, "trial_end")?;
    let of_days = days.map(|days| at.saturating_add(Millis::from_seconds(days.saturating_mul(24 * 60 * 60))));
    if days.is_some_and(|days| days > TRIAL_DAYS_MAX) {
        let message = format!("A trial lasts at most {TRIAL_DAYS_MAX} days");
        return Err(Refusal::param(None, "trial_period_days", message));
    }
    let end = until.or(of_days);
    if until.is_some_and(|until| until <= at) {
        let message = "trial_end must be in the future, or `now`".to_owned();
        return Err(Refusal::param(None, "trial_end", message));
    }
    Ok(end.filter(|end| *end > at))
}

fn create(work: &mut Work<'_>, mut params: Params) -> Result<Answer> {
    let customer = params.required_text("customer")?;
    let customer = customers::named(work, &customer, "customer")?;
    let at = test_clocks::time_of(work, customer)?;
    let items = params.objects("items")?.ok_or_else(|| Refusal::missing("items"))?;
    let items = items.into_iter().map(|item| wanted(work, item)).collect::<Result<Vec<_>>>()?;
    let fields = Fields::read(work, &mut params)?;
    let trial_end = trial(&mut params, at)?;
    let behavior = params.choice("payment_behavior", BEHAVIORS)?.unwrap_or(Behavior::Allow);
    let _ = params.choice("proration_behavior", PRORATES)?;
    let currency = super::super::prices::currency(&mut params)?;
    let metadata = params.metadata()?;
    params.finish()?;
    let first = agreed(&items)?.clone();
    if currency.is_some_and(|currency| currency != first.currency) {
        let message = "The currency must be that of the prices".to_owned();
        return Err(Refusal::param(None, "currency", message));
    }
    let interval = first.interval.ok_or_else(|| Refusal::bug("a recurring price has no interval"))?;
    let is_sent = matches!(fields.collection, Some(Collection::Sent { .. }));
    let method = match fields.method {
        Patch::Set(method) => Some(method),
        Patch::Keep | Patch::Unset => work.get::<Customer>(customer)?.default_payment_method,
    };
    check_payable(work, (method, behavior), trial_end.is_some() || is_sent)?;

    // From here on the customer is subscribed.
    let clock = work.get::<Customer>(customer)?.test_clock;
    let status = if trial_end.is_some() { Status::Trialing } else { Status::Incomplete };
    let period_end = trial_end.unwrap_or_else(|| interval.after(at, 1));
    let mut subscription = Subscription {
        head: Head { created: at, ..work.head::<Subscription>(metadata) },
        customer,
        clock,
        status: if is_sent && trial_end.is_none() { Status::Active } else { status },
        items: Vec::new(),
        items_made: 0,
        currency: first.currency,
        interval,
        anchor: trial_end.unwrap_or(at),
        periods: 0,
        period_start: at,
        period_end,
        trial: trial_end.map(|end| (at, end)),
        is_trial_end_announced: false,
        collection: Collection::Automatic,
        default_payment_method: None,
        description: None,
        latest_invoice: None,
        cancels_at_period_end: false,
        cancel_at: None,
        canceled_at: None,
        ended_at: None,
        cancellation: Cancellation::default(),
    };
    let off_session = fields.off_session;
    fields.apply(&mut subscription, at);
    for wanted in items {
        push(&mut subscription, wanted, at);
    }
    let number = work.add(subscription);
    work.emit::<Subscription>("customer.subscription.created", number)?;
    bill_first(work, number, (behavior, off_session), at)?;
    cycle::arrange(work, Turn::Subscription(number))?;
    Ok(Answer::Object(work.object::<Subscription>(number)?))
}

/// The first of the prices, which agree in currency and interval.
fn agreed(items: &[Wanted]) -> Result<&Arc<Price>> {
    let Some(first) = items.first() else { return Err(Refusal::missing("items")) };
    if items.len() > ITEMS_MAX {
        let message = format!("A subscription has at most {ITEMS_MAX} items");
        return Err(Refusal::param(None, "items", message));
    }
    let agrees = |item: &Wanted| {
        item.price.currency == first.price.currency && item.price.interval == first.price.interval
    };
    if !items.iter().all(agrees) {
        let message = "Currency and interval must match on all items of a subscription.".to_owned();
        return Err(Refusal::param(None, "items", message));
    }
    Ok(&first.price)
}

pub(super) fn push(subscription: &mut Subscription, wanted: Wanted, at: Timestamp) {
    let number = subscription.next_item();
    let mut metadata = None;
    merge(&mut metadata, wanted.metadata);
    subscription.items.push(Item {
        number,
        created: at,
        price: wanted.price,
        quantity: wanted.quantity,
        metadata,
    });
}

/// Whether the first invoice can be paid as the request wishes.
fn check_payable(
    work: &Work<'_>,
    (method, behavior): (Option<usize>, Behavior),
    is_later: bool,
) -> Result<()> {
    if is_later || behavior == Behavior::Wait {
        return Ok(());
    }
    let Some(method) = method else { return Err(collect::no_method()) };
    if behavior == Behavior::Refuse
        && let Some(decline) = collect::foreseen(work, method)?
    {
        let words = decline.wording();
        return Err(Refusal::card(words.code, words.decline_code, words.message));
    }
    Ok(())
}

/// Makes, finalizes and collects the first invoice of a subscription.
fn bill_first(
    work: &mut Work<'_>,
    number: usize,
    (behavior, off_session): (Behavior, bool),
    at: Timestamp,
) -> Result<()> {
    let invoice = cycle::draft_of(work, number, Reason::SubscriptionCreate, at)?;
    work.edit::<Subscription>(number)?.latest_invoice = Some(invoice);
    work.emit::<Invoice>("invoice.created", invoice)?;
    let found = work.get::<Subscription>(number)?.clone();
    if found.collection != Collection::Automatic {
        // Sent as a draft that goes on by itself.
        let draft = work.edit::<Invoice>(invoice)?;
        draft.advances = true;
        draft.finalizes_at = Some(at.saturating_add(super::invoice::DRAFT_TIME));
        return cycle::arrange(work, Turn::Invoice(invoice));
    }
    collect::finalize(work, invoice, at)?;
    if work.get::<Invoice>(invoice)?.status == InvoiceStatus::Open && behavior != Behavior::Wait {
        // Whatever comes of it: waiting for another card is a state of the subscription, not a refusal.
        let _ = collect::attempt(work, invoice, (None, off_session), at)?;
    }
    Ok(())
}

fn retrieve(work: &mut Work<'_>, params: Params) -> Result<Answer> {
    params.finish()?;
    let number = work.find::<Subscription>(0)?;
    Ok(Answer::Object(work.object::<Subscription>(number)?))
}

fn list(work: &mut Work<'_>, mut params: Params) -> Result<Answer> {
    let page = Page::read::<Subscription>(work, &mut params)?;
    let created = Span::read(&mut params, "created")?;
    let customer =
        params.text("customer")?.map(|id| work.find_param::<Customer>(&id, "customer")).transpose()?;
    let price = params.text("price")?.map(|id| work.find_param::<Price>(&id, "price")).transpose()?;
    let clock =
        params.text("test_clock")?.map(|id| test_clocks::named(work, &id, "test_clock")).transpose()?;
    let status = params.text("status")?;
    let is_sent =
        params.choice("collection_method", &[("charge_automatically", false), ("send_invoice", true)])?;
    params.finish()?;
    let is_wanted = |found: Status| match status.as_deref() {
        None => !matches!(found, Status::Canceled),
        Some("all") => true,
        Some("ended") => found.has_ended(),
        Some(word) => found.name() == word,
    };
    let found = page.of::<Subscription>(work, |found| {
        is_wanted(found.status)
            && created.holds(found.head.created)
            && customer.is_none_or(|customer| found.customer == customer)
            && price.is_none_or(|price| found.items.iter().any(|item| item.price.head.number == price))
            && clock.is_none_or(|clock| found.clock == Some(clock))
            && is_sent.is_none_or(|is_sent| matches!(found.collection, Collection::Sent { .. }) == is_sent)
    });
    Ok(Answer::list::<Subscription>("/v1/subscriptions", found))
}
