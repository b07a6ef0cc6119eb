//! The routes of invoices: drafts are written and sent on their way, open invoices are paid, given up or annulled.
//!
//! Source: <https://docs.stripe.com/api/invoices>.

use super::super::customers::{self, Customer};
use super::super::expand::Gives;
use super::super::list::{Page, Span};
use super::super::object::{Class, Kind};
use super::super::params::{Params, Patch};
use super::super::payment_methods::PaymentMethod;
use super::super::prices;
use super::super::refusal::{Refusal, Result};
use super::super::routes::{Answer, Level, Row};
use super::super::test_clocks;
use super::super::work::{Work, merge};
use super::collect::{self, Outcome};
use super::cycle::{self, Turn};
use super::invoice::{DRAFT_TIME, Invoice, Reason, Status};
use super::searches;
use super::subscription::{Collection, Subscription};
use crate::prelude::*;
use crate::time::Timestamp;

const NOTE: &str = "Without taxes, discounts, credit notes, customer balances and previews.";
const ONE: Gives = Gives::One(Class::Invoice);

pub(in super::super) const ROUTES: &[Row] = &[
    Row::new("POST", "/v1/invoices", create, ONE, Level::Most).noting(NOTE),
    Row::new("GET", "/v1/invoices", list, Gives::List(Class::Invoice), Level::Whole),
    Row::new("GET", "/v1/invoices/search", searches::invoices, Gives::List(Class::Invoice), Level::Whole),
    Row::new("GET", "/v1/invoices/:id", retrieve, ONE, Level::Whole),
    Row::new("POST", "/v1/invoices/:id", update, ONE, Level::Most).noting(NOTE),
    Row::new("DELETE", "/v1/invoices/:id", delete, Gives::Nothing, Level::Whole),
    Row::new("GET", "/v1/invoices/:id/lines", lines, Gives::Nothing, Level::Most)
        .noting("The lines come at once, whatever `limit` says."),
    Row::new("POST", "/v1/invoices/:id/finalize", finalize, ONE, Level::Whole),
    Row::new("POST", "/v1/invoices/:id/pay", pay, ONE, Level::Most),
    Row::new("POST", "/v1/invoices/:id/send", send, ONE, Level::Whole),
    Row::new("POST", "/v1/invoices/:id/void", void, ONE, Level::Whole),
    Row::new("POST", "/v1/invoices/:id/mark_uncollectible", give_up, ONE, Level::Whole),
];

const STATUSES: &[(&str, Status)] = &[
    ("draft", Status::Draft),
    ("open", Status::Open),
    ("paid", Status::Paid),
    ("uncollectible", Status::Uncollectible),
    ("void", Status::Void),
];

/// What can be said of an invoice at creation and while it is a draft.
struct Fields {
    advances: Option<bool>,
    collection: Option<Collection>,
    description: Patch<String>,
    footer: Patch<String>,
    due_date: Option<Timestamp>,
    method: Patch<usize>,
}

impl Fields {
    fn read(work: &Work<'_>, params: &mut Params) -> Result<Self> {
        let days = params.natural("days_until_due")?;
        let due_date = moment(params, "due_date")?;
        let method = match params.patch("default_payment_method")? {
            Patch::Keep => Patch::Keep,
            Patch::Unset => Patch::Unset,
            Patch::Set(id) => Patch::Set(work.find_param::<PaymentMethod>(&id, "default_payment_method")?),
        };
        Ok(Self {
            advances: params.flag("auto_advance")?,
            collection: collection(params, days, due_date.is_some())?,
            description: params.patch("description")?,
            footer: params.patch("footer")?,
            due_date,
            method,
        })
    }

    fn apply(self, invoice: &mut Invoice, at: Timestamp) {
        invoice.advances = self.advances.unwrap_or(invoice.advances);
        invoice.finalizes_at =
            invoice.advances.then(|| invoice.finalizes_at.unwrap_or(at.saturating_add(DRAFT_TIME)));
        invoice.collection = self.collection.unwrap_or(invoice.collection);
        self.description.apply(&mut invoice.description);
        self.footer.apply(&mut invoice.footer);
        invoice.due_date = self.due_date.or(invoice.due_date);
        self.method.apply(&mut invoice.default_payment_method);
    }
}

/// `collection_method` and what belongs to it.
///
/// # Errors
///
/// An invoice that is sent has no day until which it is to be paid, or one that is charged has.
pub(super) fn collection(
    params: &mut Params,
    days: Option<u64>,
    has_date: bool,
) -> Result<Option<Collection>> {
    let is_sent =
        params.choice("collection_method", &[("charge_automatically", false), ("send_invoice", true)])?;
    match (is_sent, days) {
        (None, None) => Ok(None),
        (None, Some(days)) => Ok(Some(Collection::Sent { days })),
        (Some(false), None) => Ok(Some(Collection::Automatic)),
        (Some(false), Some(_)) => {
            let message = "You can only set `days_until_due` if invoice collection method is `send_invoice`.";
            Err(Refusal::param(None, "days_until_due", message.to_owned()))
        }
        (Some(true), Some(days)) => Ok(Some(Collection::Sent { days })),
        (Some(true), None) if has_date => Ok(Some(Collection::Sent { days: 0 })),
        (Some(true), None) => {
            let message = "If invoice collection method is `send_invoice`, you must specify `days_until_due` or a due date.";
            Err(Refusal::param(Some("parameter_missing"), "days_until_due", message.to_owned()))
        }
    }
}

/// A moment in seconds.
///
/// # Errors
///
/// It is no whole number of seconds until the year 9999.
pub(super) fn moment(params: &mut Params, name: &str) -> Result<Option<Timestamp>> {
    let Some(seconds) = params.natural(name)? else { return Ok(None) };
    let found = Timestamp::from_unix_seconds(seconds);
    found.map(Some).ok_or_else(|| params.invalid(name, "timestamp", &seconds.digits()))
}

fn create(work: &mut Work<'_>, mut params: Params) -> Result<Answer> {
    let customer = params.required_text("customer")?;
    let customer = customers::named(work, &customer, "customer")?;
    let subscription = params.text("subscription")?;
    let subscription =
        subscription.map(|id| work.find_param::<Subscription>(&id, "subscription")).transpose()?;
    let fields = Fields::read(work, &mut params)?;
    let currency = prices::currency(&mut params)?;
    let includes = params
        .choice("pending_invoice_items_behavior", &[("include", true), ("exclude", false)])?
        .unwrap_or(subscription.is_some());
    let metadata = params.metadata()?;
    params.finish()?;
    let at = test_clocks::time_of(work, customer)?;

    // From here on the draft is known.
    let reason = if subscription.is_some() { Reason::SubscriptionUpdate } else { Reason::Manual };
    let number = cycle::draft(work, customer, reason, at)?;
    let of_subscription = match subscription {
        Some(subscription) => {
            Some((subscription, work.get::<Subscription>(subscription)?.head.metadata.clone()))
        }
        None => None,
    };
    let draft = work.edit::<Invoice>(number)?;
    draft.subscription = of_subscription;
    draft.currency = currency.unwrap_or(draft.currency);
    fields.apply(draft, at);
    merge(&mut draft.head.metadata, metadata);
    if includes {
        cycle::take_pending(work, number)?;
    }
    work.emit::<Invoice>("invoice.created", number)?;
    cycle::arrange(work, Turn::Invoice(number))?;
    Ok(Answer::Object(work.object::<Invoice>(number)?))
}

fn retrieve(work: &mut Work<'_>, params: Params) -> Result<Answer> {
    params.finish()?;
    let number = present(work)?;
    Ok(Answer::Object(work.object::<Invoice>(number)?))
}

fn update(work: &mut Work<'_>, mut params: Params) -> Result<Answer> {
    let number = present(work)?;
    let before = work.get::<Invoice>(number)?.clone();
    let (fields, metadata) = (Fields::read(work, &mut params)?, params.metadata()?);
    params.finish()?;
    if !before.is_draft() && (fields.collection.is_some() || fields.due_date.is_some()) {
        let message = "Finalized invoices can't be updated in this way.".to_owned();
        return Err(Refusal::state("invoice_not_editable", message));
    }
    let at = test_clocks::time_of(work, before.customer)?;

    // From here on the invoice is changed.
    let invoice = work.edit::<Invoice>(number)?;
    fields.apply(invoice, at);
    merge(&mut invoice.head.metadata, metadata);
    work.emit_change("invoice.updated", number, before)?;
    cycle::arrange(work, Turn::Invoice(number))?;
    Ok(Answer::Object(work.object::<Invoice>(number)?))
}

fn delete(work: &mut Work<'_>, params: Params) -> Result<Answer> {
    params.finish()?;
    let number = present(work)?;
    let invoice = work.get::<Invoice>(number)?;
    if !invoice.is_draft() || invoice.subscription.is_some() {
        let message =
            "You can only delete draft invoices that are not of a subscription: void this one instead.";
        return Err(executed(message.to_owned()));
    }

    // From here on the draft is gone; the event tells of the last version.
    work.emit::<Invoice>("invoice.deleted", number)?;
    work.edit::<Invoice>(number)?.is_deleted = true;
    Ok(Answer::Object(work.object::<Invoice>(number)?))
}

fn lines(work: &mut Work<'_>, mut params: Params) -> Result<Answer> {
    let number = present(work)?;
    let _ = params.natural("limit")?;
    params.finish()?;
    let object = work.object::<Invoice>(number)?;
    Ok(Answer::Member { object, name: "lines", id: None })
}

fn finalize(work: &mut Work<'_>, mut params: Params) -> Result<Answer> {
    let number = present(work)?;
    let advances = params.flag("auto_advance")?;
    params.finish()?;
    let invoice = expected(work, number, &[Status::Draft], "finalized")?;
    let at = test_clocks::time_of(work, invoice.customer)?;

    // From here on the lines stand.
    if let Some(advances) = advances {
        work.edit::<Invoice>(number)?.advances = advances;
    }
    collect::finalize(work, number, at)?;
    let invoice = work.edit::<Invoice>(number)?;
    if invoice.advances && invoice.status == Status::Open && invoice.collection == Collection::Automatic {
        // What goes on by itself is collected within the hour.
        invoice.next_attempt = Some(at.saturating_add(DRAFT_TIME));
        cycle::arrange(work, Turn::Invoice(number))?;
    }
    Ok(Answer::Object(work.object::<Invoice>(number)?))
}

fn pay(work: &mut Work<'_>, mut params: Params) -> Result<Answer> {
    let number = present(work)?;
    let elsewhere = params.flag("paid_out_of_band")?.unwrap_or(false);
    let method = params.text("payment_method")?;
    let method = method.map(|id| work.find_param::<PaymentMethod>(&id, "payment_method")).transpose()?;
    let off_session = params.flag("off_session")?.unwrap_or(true);
    let _ = params.flag("forgive")?;
    params.finish()?;
    let invoice = work.get::<Invoice>(number)?.clone();
    if invoice.status == Status::Paid {
        return Err(executed("Invoice is already paid".to_owned()));
    }
    let _ = expected(work, number, &[Status::Draft, Status::Open, Status::Uncollectible], "paid")?;
    let at = test_clocks::time_of(work, invoice.customer)?;
    let found = if method.is_some() { method } else { collect::method_of(work, &invoice)? };
    if found.is_none() && !elsewhere && invoice.due() > 0 {
        return Err(collect::no_method());
    }

    // From here on the invoice is collected; a draft is finalized first.
    if invoice.is_draft() {
        collect::finalize(work, number, at)?;
    }
    if elsewhere {
        collect::cancel_payments(work, number, at)?;
        collect::settle(work, number, at)?;
    } else if work.get::<Invoice>(number)?.status != Status::Paid {
        match collect::attempt(work, number, (found, off_session), at)? {
            Outcome::Paid | Outcome::NoMethod => {}
            Outcome::Declined(mut refusal) => {
                refusal.is_executed = true;
                return Err(refusal);
            }
            Outcome::NeedsAction => {
                let message =
                    "This invoice could not be paid because its payment requires the customer's action.";
                let mut refusal = Refusal::card("invoice_payment_intent_requires_action", None, message);
                refusal.is_executed = true;
                return Err(refusal);
            }
        }
    }
    Ok(Answer::Object(work.object::<Invoice>(number)?))
}

fn send(work: &mut Work<'_>, params: Params) -> Result<Answer> {
    params.finish()?;
    let number = present(work)?;
    let invoice = expected(work, number, &[Status::Draft, Status::Open], "sent")?;
    let at = test_clocks::time_of(work, invoice.customer)?;

    // From here on the customer knows.
    if invoice.is_draft() {
        collect::finalize(work, number, at)?;
    }
    work.emit::<Invoice>("invoice.sent", number)?;
    Ok(Answer::Object(work.object::<Invoice>(number)?))
}

fn void(work: &mut Work<'_>, params: Params) -> Result<Answer> {
    params.finish()?;
    let number = present(work)?;
    let invoice = expected(work, number, &[Status::Open, Status::Uncollectible], "voided")?;
    let at = test_clocks::time_of(work, invoice.customer)?;

    // From here on nobody owes it.
    annul(work, number, at)?;
    Ok(Answer::Object(work.object::<Invoice>(number)?))
}

/// Annuls an open invoice.
///
/// # Errors
///
/// A contradiction in the simulator.
pub(super) fn annul(work: &mut Work<'_>, number: usize, at: Timestamp) -> Result<()> {
    let invoice = work.edit::<Invoice>(number)?;
    (invoice.status, invoice.voided_at, invoice.next_attempt) = (Status::Void, Some(at), None);
    collect::cancel_payments(work, number, at)?;
    work.emit::<Invoice>("invoice.voided", number)
}

fn give_up(work: &mut Work<'_>, params: Params) -> Result<Answer> {
    params.finish()?;
    let number = present(work)?;
    let invoice = expected(work, number, &[Status::Open], "marked uncollectible")?;
    let at = test_clocks::time_of(work, invoice.customer)?;

    // From here on nobody expects it.
    let invoice = work.edit::<Invoice>(number)?;
    (invoice.status, invoice.uncollectible_at, invoice.next_attempt) =
        (Status::Uncollectible, Some(at), None);
    work.emit::<Invoice>("invoice.marked_uncollectible", number)?;
    Ok(Answer::Object(work.object::<Invoice>(number)?))
}

fn list(work: &mut Work<'_>, mut params: Params) -> Result<Answer> {
    let page = Page::read::<Invoice>(work, &mut params)?;
    let (created, due) = (Span::read(&mut params, "created")?, Span::read(&mut params, "due_date")?);
    let customer =
        params.text("customer")?.map(|id| work.find_param::<Customer>(&id, "customer")).transpose()?;
    let subscription = params.text("subscription")?;
    let subscription =
        subscription.map(|id| work.find_param::<Subscription>(&id, "subscription")).transpose()?;
    let status = params.choice("status", STATUSES)?;
    let is_sent =
        params.choice("collection_method", &[("charge_automatically", false), ("send_invoice", true)])?;
    params.finish()?;
    let found = page.of::<Invoice>(work, |invoice| {
        !invoice.is_deleted
            && created.holds(invoice.head.created)
            && (due == Span::default() || invoice.due_date.is_some_and(|date| due.holds(date)))
            && customer.is_none_or(|customer| invoice.customer == customer)
            && subscription.is_none_or(|subscription| invoice.subscription_number() == Some(subscription))
            && status.is_none_or(|status| invoice.status == status)
            && is_sent.is_none_or(|is_sent| matches!(invoice.collection, Collection::Sent { .. }) == is_sent)
    });
    Ok(Answer::list::<Invoice>("/v1/invoices", found))
}

/// The invoice of the path, which was not deleted.
fn present(work: &Work<'_>) -> Result<usize> {
    let number = work.find::<Invoice>(0)?;
    if work.get::<Invoice>(number)?.is_deleted {
        return Err(Refusal::no_such(Invoice::NAME, work.path_id(0)));
    }
    Ok(number)
}

/// The invoice, in one of the states from which it can be `done`.
fn expected(
    work: &Work<'_>,
    number: usize,
    states: &[Status],
    done: &str,
) -> Result<alloc::sync::Arc<Invoice>> {
    let invoice = work.get::<Invoice>(number)?.clone();
    if states.contains(&invoice.status) {
        return Ok(invoice);
    }
    let expected: Vec<&str> = states.iter().map(|state| state.name()).collect();
    Err(executed(format!(
        "This invoice is {}: only an invoice that is {} can be {done}.",
        invoice.status.name(),
        expected.join(" or ")
    )))
}

/// A refusal that uses up its key.
fn executed(message: String) -> Box<Refusal> {
    let mut refusal = Refusal::request(message);
    refusal.is_executed = true;
    refusal
}
