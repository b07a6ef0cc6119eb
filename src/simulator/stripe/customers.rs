//! A customer who was deleted stays known by name: the id still answers, and nothing else does.

use super::expand::{Field, Gives};
use super::list::{Page, Span};
use super::object::{Class, Head, Kind, kind};
use super::params::{Params, Patch};
use super::refusal::{Refusal, Result};
use super::routes::{Answer, Level, Row};
use super::sheet::Sheet;
use super::work::{Work, merge};
use crate::prelude::*;

pub(super) const ROUTES: &[Row] = &[
    Row::new("POST", "/v1/customers", create, Gives::One(Class::Customer), Level::Most),
    Row::new("GET", "/v1/customers", list, Gives::List(Class::Customer), Level::Whole),
    Row::new("GET", "/v1/customers/:id", retrieve, Gives::One(Class::Customer), Level::Whole),
    Row::new("POST", "/v1/customers/:id", update, Gives::One(Class::Customer), Level::Most),
    Row::new("DELETE", "/v1/customers/:id", delete, Gives::Nothing, Level::Whole),
];

/// Somebody who buys.
#[derive(Clone, Debug)]
pub(super) struct Customer {
    pub(super) head: Head,
    pub(super) email: Option<String>,
    pub(super) name: Option<String>,
    pub(super) phone: Option<String>,
    pub(super) description: Option<String>,
    pub(super) is_deleted: bool,
}

impl Kind for Customer {
    kind!(Customer, customers);
    const PREFIX: &'static str = "cus";
    const NAME: &'static str = "customer";
    const FIELDS: &'static [Field] = &[];

    fn write(&self, sheet: &mut Sheet<'_>) {
        if self.is_deleted {
            return sheet.flag("deleted", true);
        }
        sheet.null("address");
        sheet.natural("balance", 0);
        sheet.time("created", self.head.created);
        sheet.null("currency");
        sheet.null("default_source");
        sheet.flag("delinquent", false);
        sheet.maybe_text("description", self.description.as_deref());
        sheet.null("discount");
        sheet.maybe_text("email", self.email.as_deref());
        sheet.flag("livemode", false);
        sheet.metadata(&self.head.metadata);
        sheet.maybe_text("name", self.name.as_deref());
        sheet.maybe_text("phone", self.phone.as_deref());
        sheet.texts("preferred_locales", []);
        sheet.null("shipping");
        sheet.text("tax_exempt", "none");
        sheet.null("test_clock");
    }
}

/// The customer a parameter names, who was not deleted.
///
/// # Errors
///
/// 400 when there is none.
pub(super) fn named(work: &Work<'_>, id: &str, param: &str) -> Result<usize> {
    let number = work.find_param::<Customer>(id, param)?;
    if work.get::<Customer>(number)?.is_deleted {
        return Err(Refusal::no_such_param(Customer::NAME, id, param));
    }
    Ok(number)
}

/// What can be said of a customer at creation and later.
struct Fields {
    email: Patch<String>,
    name: Patch<String>,
    phone: Patch<String>,
    description: Patch<String>,
}

impl Fields {
    fn read(params: &mut Params) -> Result<Self> {
        Ok(Self {
            email: params.patch_up_to("email", 512)?,
            name: params.patch_up_to("name", 256)?,
            phone: params.patch_up_to("phone", 20)?,
            description: params.patch("description")?,
        })
    }

    fn apply(self, customer: &mut Customer) {
        self.email.apply(&mut customer.email);
        self.name.apply(&mut customer.name);
        self.phone.apply(&mut customer.phone);
        self.description.apply(&mut customer.description);
    }
}

fn create(work: &mut Work<'_>, mut params: Params) -> Result<Answer> {
    let (fields, metadata) = (Fields::read(&mut params)?, params.metadata()?);
    params.finish()?;

    // From here on the customer is known.
    let head = work.head::<Customer>(metadata);
    let mut customer =
        Customer { head, email: None, name: None, phone: None, description: None, is_deleted: false };
    fields.apply(&mut customer);
    let number = work.add(customer);
    work.emit::<Customer>("customer.created", number)?;
    Ok(Answer::Object(work.object::<Customer>(number)?))
}

fn retrieve(work: &mut Work<'_>, params: Params) -> Result<Answer> {
    params.finish()?;
    let number = work.find::<Customer>(0)?;
    Ok(Answer::Object(work.object::<Customer>(number)?))
}

fn update(work: &mut Work<'_>, mut params: Params) -> Result<Answer> {
    let number = work.find::<Customer>(0)?;
    let before = work.get::<Customer>(number)?.clone();
    if before.is_deleted {
        return Err(Refusal::no_such(Customer::NAME, work.path_id(0)));
    }
    let (fields, metadata) = (Fields::read(&mut params)?, params.metadata()?);
    params.finish()?;

    // From here on the customer is changed.
    let customer = work.edit::<Customer>(number)?;
    fields.apply(customer);
    merge(&mut customer.head.metadata, metadata);
    work.emit_change("customer.updated", number, before)?;
    Ok(Answer::Object(work.object::<Customer>(number)?))
}

fn delete(work: &mut Work<'_>, params: Params) -> Result<Answer> {
    params.finish()?;
    let number = work.find::<Customer>(0)?;
    if work.get::<Customer>(number)?.is_deleted {
        return Err(Refusal::no_such(Customer::NAME, work.path_id(0)));
    }

    // From here on the customer is gone; the event tells of the last version.
    work.emit::<Customer>("customer.deleted", number)?;
    work.edit::<Customer>(number)?.is_deleted = true;
    Ok(Answer::Object(work.object::<Customer>(number)?))
}

fn list(work: &mut Work<'_>, mut params: Params) -> Result<Answer> {
    let page = Page::read::<Customer>(work, &mut params)?;
    let (created, email) = (Span::read(&mut params, "created")?, params.text("email")?);
    params.finish()?;
    let found = page.of::<Customer>(work, |customer| {
        !customer.is_deleted
            && created.holds(customer.head.created)
            && email.as_ref().is_none_or(|email| customer.email.as_ref() == Some(email))
    });
    Ok(Answer::list::<Customer>("/v1/customers", found))
}
