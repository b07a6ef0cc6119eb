//! An amount that waits for the next invoice of its customer, and then stands on it.
//!
//! Source: <https://docs.stripe.com/api/invoiceitems>. Discounts and taxes are not simulated and refused by name.

use super::super::customers::{self, Customer};
use super::super::expand::{Field, Gives, Holds};
use super::super::list::{Page, Span};
use super::super::object::{Class, Head, Kind, kind};
use super::super::params::{MetadataPatch, Params, Patch};
use super::super::prices::{self, Price};
use super::super::refusal::{Refusal, Result};
use super::super::routes::{Answer, Level, Row};
use super::super::sheet::Sheet;
use super::super::test_clocks::{self, TestClock};
use super::super::work::{Work, merge};
use super::invoice::{self, Invoice, LINES_MAX};
use super::line::{self, Line, Origin};
use super::subscription::Subscription;
use crate::money::Currency;
use crate::prelude::*;
use crate::time::Timestamp;

const NOTE: &str = "Without discounts and taxes.";

pub(in super::super) const ROUTES: &[Row] = &[
    Row::new("POST", "/v1/invoiceitems", create, Gives::One(Class::InvoiceItem), Level::Most).noting(NOTE),
    Row::new("GET", "/v1/invoiceitems", list, Gives::List(Class::InvoiceItem), Level::Whole),
    Row::new("GET", "/v1/invoiceitems/:id", retrieve, Gives::One(Class::InvoiceItem), Level::Whole),
    Row::new("POST", "/v1/invoiceitems/:id", update, Gives::One(Class::InvoiceItem), Level::Most)
        .noting(NOTE),
    Row::new("DELETE", "/v1/invoiceitems/:id", delete, Gives::Nothing, Level::Whole),
];

/// Largest amount of one item, in minor units, either way.
const MINOR_MAX: u64 = 99_999_999;

/// Something to be put on an invoice.
#[derive(Clone, Debug)]
pub(in super::super) struct InvoiceItem {
    pub(in super::super) head: Head,
    pub(super) customer: usize,
    clock: Option<usize>,
    pub(super) invoice: Option<usize>,
    pub(super) subscription: Option<usize>,
    /// Minor units; negative for a credit.
    pub(super) amount: i64,
    pub(super) currency: Currency,
    quantity: u64,
    unit_amount: Option<u64>,
    price: Option<(usize, usize)>,
    description: Option<String>,
    period: (Timestamp, Timestamp),
    is_proration: bool,
    is_deleted: bool,
}

impl Kind for InvoiceItem {
    kind!(InvoiceItem, invoice_items);
    const PREFIX: &'static str = "ii";
    const NAME: &'static str = "invoiceitem";
    const FIELDS: &'static [Field] = &[
        ("customer", Holds::One(Class::Customer)),
        ("invoice", Holds::One(Class::Invoice)),
        ("test_clock", Holds::One(Class::TestClock)),
    ];

    fn write(&self, sheet: &mut Sheet<'_>) {
        if self.is_deleted {
            return sheet.flag("deleted", true);
        }
        let reader = sheet.reader;
        sheet.integer("amount", i128::from(self.amount));
        sheet.currency("currency", self.currency);
        sheet.reference::<Customer>("customer", Some(self.customer));
        sheet.null("customer_account");
        sheet.time("date", self.head.created);
        sheet.maybe_text("description", self.description.as_deref());
        sheet.flag("discountable", !self.is_proration);
        sheet.texts("discounts", []);
        sheet.reference::<Invoice>("invoice", self.invoice);
        sheet.flag("livemode", false);
        sheet.metadata(&self.head.metadata);
        sheet.integer("net_amount", i128::from(self.amount));
        match self.subscription {
            None => sheet.null("parent"),
            Some(subscription) => sheet.object("parent", |sheet| {
                sheet.object("subscription_details", |sheet| {
                    sheet.text("subscription", &reader.id::<Subscription>(subscription));
                });
                sheet.text("type", "subscription_details");
            }),
        }
        line::write_period(sheet, self.period);
        line::write_pricing(sheet, self.price, self.unit_amount);
        sheet.flag("proration", self.is_proration);
        sheet.natural("quantity", self.quantity);
        sheet.text("quantity_decimal", &self.quantity.digits());
        sheet.texts("tax_rates", []);
        sheet.reference::<TestClock>("test_clock", self.clock);
    }
}

impl InvoiceItem {
    /// The line it is on an invoice.
    pub(super) fn line(&self) -> Line {
        Line {
            origin: Origin::Item { item: self.head.number, subscription: self.subscription },
            amount: self.amount,
            quantity: self.quantity,
            unit_amount: self.unit_amount,
            price: self.price,
            description: self.description.clone(),
            period: self.period,
            is_proration: self.is_proration,
            metadata: self.head.metadata.clone(),
        }
    }

    pub(super) const fn is_pending(&self) -> bool {
        self.invoice.is_none() && !self.is_deleted
    }
}

/// What an item costs.
struct Cost {
    amount: i64,
    currency: Currency,
    unit_amount: Option<u64>,
    price: Option<(usize, usize)>,
}

fn cost(work: &Work<'_>, params: &mut Params, quantity: u64) -> Result<Cost> {
    let amount = params.integer("amount")?;
    let (currency, unit) = (prices::currency(params)?, params.text("unit_amount_decimal")?);
    let price = match params.object("pricing")? {
        Patch::Set(mut pricing) => {
            let id = pricing.required_text("price")?;
            let price = work.find_param::<Price>(&id, &pricing.name("price"))?;
            pricing.finish()?;
            Some(work.get::<Price>(price)?.clone())
        }
        Patch::Keep | Patch::Unset => None,
    };
    let times = |unit: u64| {
        let amount = unit.checked_mul(quantity).and_then(|minor| i64::try_from(minor).ok());
        amount.ok_or_else(|| Refusal::param(None, "quantity", "The amount is too large".to_owned()))
    };
    let currency_of = || currency.ok_or_else(|| Refusal::missing("currency"));
    let found = match (amount, unit, price) {
        (None, None, Some(price)) if price.interval.is_some() => {
            let message =
                "The price of an invoice item is paid once: expected a price of type one_time".to_owned();
            return Err(Refusal::param(None, "pricing[price]", message));
        }
        (None, None, Some(price)) => Cost {
            amount: times(price.unit_amount)?,
            currency: price.currency,
            unit_amount: Some(price.unit_amount),
            price: Some((price.head.number, price.product)),
        },
        (Some(amount), None, None) => {
            Cost { amount, currency: currency_of()?, unit_amount: None, price: None }
        }
        (None, Some(text), None) => {
            let unit = text.parse().map_err(|_| params.invalid("unit_amount_decimal", "decimal", &text))?;
            Cost { amount: times(unit)?, currency: currency_of()?, unit_amount: Some(unit), price: None }
        }
        _ => {
            let message = "Expected one of amount, unit_amount_decimal and pricing".to_owned();
            return Err(Refusal::param(Some("parameter_missing"), "amount", message));
        }
    };
    check_amount(found.amount)?;
    Ok(found)
}

fn check_amount(amount: i64) -> Result<()> {
    if amount.unsigned_abs() <= MINOR_MAX {
        return Ok(());
    }
    let message = format!("The amount must be at most {MINOR_MAX} minor units");
    Err(Refusal::param(Some("amount_too_large"), "amount", message))
}

fn create(work: &mut Work<'_>, mut params: Params) -> Result<Answer> {
    let quantity = params.natural("quantity")?.unwrap_or(1);
    let cost = cost(work, &mut params, quantity)?;
    let (customer, invoice) = (params.text("customer")?, params.text("invoice")?);
    let subscription = params.text("subscription")?;
    let description = params.patch("description")?.value();
    let period = period(&mut params)?;
    let metadata = params.metadata()?;
    params.finish()?;
    let invoice = invoice.map(|id| invoice::draft_named(work, &id, "invoice")).transpose()?;
    let subscription =
        subscription.map(|id| work.find_param::<Subscription>(&id, "subscription")).transpose()?;
    let customer = match (customer, invoice) {
        (Some(id), _) => customers::named(work, &id, "customer")?,
        (None, Some(invoice)) => work.get::<Invoice>(invoice)?.customer,
        (None, None) => return Err(Refusal::missing("customer")),
    };
    if let Some(invoice) = invoice {
        let invoice = work.get::<Invoice>(invoice)?;
        if invoice.customer != customer {
            let message = "The invoice is of another customer".to_owned();
            return Err(Refusal::param(None, "invoice", message));
        }
        if invoice.lines.len() >= LINES_MAX {
            let message = format!("An invoice has at most {LINES_MAX} lines");
            return Err(Refusal::param(None, "invoice", message));
        }
        if invoice.currency != cost.currency && !invoice.lines.is_empty() {
            let message = format!("The invoice is in {}: all of its items must be", invoice.currency.code());
            return Err(Refusal::param(None, "currency", message));
        }
    }
    let now = test_clocks::time_of(work, customer)?;

    // From here on the item is known.
    let number = add(work, customer, now, |head, clock| InvoiceItem {
        head,
        customer,
        clock,
        invoice,
        subscription,
        amount: cost.amount,
        currency: cost.currency,
        quantity,
        unit_amount: cost.unit_amount,
        price: cost.price,
        description,
        period: period.unwrap_or((now, now)),
        is_proration: false,
        is_deleted: false,
    })?;
    merge(&mut work.edit::<InvoiceItem>(number)?.head.metadata, metadata);
    if let Some(invoice) = invoice {
        invoice::put_on(work, invoice, number)?;
    }
    work.emit::<InvoiceItem>("invoiceitem.created", number)?;
    Ok(Answer::Object(work.object::<InvoiceItem>(number)?))
}

fn add(
    work: &mut Work<'_>,
    customer: usize,
    now: Timestamp,
    make: impl FnOnce(Head, Option<usize>) -> InvoiceItem,
) -> Result<usize> {
    let clock = work.get::<Customer>(customer)?.test_clock;
    let head = Head { created: now, ..work.head::<InvoiceItem>(MetadataPatch::Keep) };
    Ok(work.add(make(head, clock)))
}

/// What a change in the middle of a period costs or gives back.
pub(super) struct Proration {
    pub(super) customer: usize,
    pub(super) subscription: usize,
    /// Minor units; negative for a credit.
    pub(super) amount: i64,
    pub(super) currency: Currency,
    pub(super) quantity: u64,
    pub(super) price: (usize, usize),
    pub(super) description: String,
    pub(super) period: (Timestamp, Timestamp),
}

/// Adds a proration that waits for the next invoice of its subscription.
///
/// # Errors
///
/// A contradiction in the simulator.
pub(super) fn add_proration(work: &mut Work<'_>, proration: Proration, at: Timestamp) -> Result<usize> {
    add(work, proration.customer, at, |head, clock| InvoiceItem {
        head,
        customer: proration.customer,
        clock,
        invoice: None,
        subscription: Some(proration.subscription),
        amount: proration.amount,
        currency: proration.currency,
        quantity: proration.quantity,
        unit_amount: None,
        price: Some(proration.price),
        description: Some(proration.description),
        period: proration.period,
        is_proration: true,
        is_deleted: false,
    })
}

fn period(params: &mut Params) -> Result<Option<(Timestamp, Timestamp)>> {
    let Patch::Set(mut period) = params.object("period")? else { return Ok(None) };
    let bounds = [period.natural("start")?, period.natural("end")?];
    let name = period.name("end");
    period.finish()?;
    match bounds.map(|second| second.and_then(Timestamp::from_unix_seconds)) {
        [Some(start), Some(end)] if start <= end => Ok(Some((start, end))),
        _ => Err(Refusal::param(
            None,
            &name,
            "A period has a start and an end that is not before it".to_owned(),
        )),
    }
}

fn retrieve(work: &mut Work<'_>, params: Params) -> Result<Answer> {
    params.finish()?;
    let number = present(work)?;
    Ok(Answer::Object(work.object::<InvoiceItem>(number)?))
}

fn update(work: &mut Work<'_>, mut params: Params) -> Result<Answer> {
    let number = changeable(work)?;
    let (amount, description) = (params.integer("amount")?, params.patch("description")?);
    check_amount(amount.unwrap_or_default())?;
    let metadata = params.metadata()?;
    params.finish()?;

    // From here on the item is changed, and with it the draft it is on.
    let item = work.edit::<InvoiceItem>(number)?;
    if let Some(amount) = amount {
        (item.amount, item.unit_amount, item.price) = (amount, None, None);
    }
    description.apply(&mut item.description);
    merge(&mut item.head.metadata, metadata);
    if let Some(invoice) = item.invoice {
        invoice::put_on(work, invoice, number)?;
    }
    Ok(Answer::Object(work.object::<InvoiceItem>(number)?))
}

fn delete(work: &mut Work<'_>, params: Params) -> Result<Answer> {
    params.finish()?;
    let number = changeable(work)?;

    // From here on the item is gone, also from the draft it was on; the event tells of the last version.
    work.emit::<InvoiceItem>("invoiceitem.deleted", number)?;
    let item = work.edit::<InvoiceItem>(number)?;
    item.is_deleted = true;
    if let Some(invoice) = item.invoice {
        invoice::take_off(work, invoice, number)?;
    }
    Ok(Answer::Object(work.object::<InvoiceItem>(number)?))
}

fn list(work: &mut Work<'_>, mut params: Params) -> Result<Answer> {
    let page = Page::read::<InvoiceItem>(work, &mut params)?;
    let (created, is_pending) = (Span::read(&mut params, "created")?, params.flag("pending")?);
    let customer =
        params.text("customer")?.map(|id| work.find_param::<Customer>(&id, "customer")).transpose()?;
    let invoice = params.text("invoice")?.map(|id| work.find_param::<Invoice>(&id, "invoice")).transpose()?;
    params.finish()?;
    let found = page.of::<InvoiceItem>(work, |item| {
        !item.is_deleted
            && created.holds(item.head.created)
            && customer.is_none_or(|customer| item.customer == customer)
            && invoice.is_none_or(|invoice| item.invoice == Some(invoice))
            && is_pending.is_none_or(|is_pending| item.is_pending() == is_pending)
    });
    Ok(Answer::list::<InvoiceItem>("/v1/invoiceitems", found))
}

/// The item of the path, which was not deleted.
fn present(work: &Work<'_>) -> Result<usize> {
    let number = work.find::<InvoiceItem>(0)?;
    if work.get::<InvoiceItem>(number)?.is_deleted {
        return Err(Refusal::no_such(InvoiceItem::NAME, work.path_id(0)));
    }
    Ok(number)
}

/// The item of the path, whose invoice is a draft if it has one.
fn changeable(work: &Work<'_>) -> Result<usize> {
    let number = present(work)?;
    if let Some(invoice) = work.get::<InvoiceItem>(number)?.invoice
        && !work.get::<Invoice>(invoice)?.is_draft()
    {
        let message = "This invoice item is on a finalized invoice and can't be changed.".to_owned();
        return Err(Refusal::state("invoice_not_editable", message));
    }
    Ok(number)
}
