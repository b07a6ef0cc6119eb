//! A customer who was deleted stays known by name: the id still answers, and nothing else does.

use alloc::sync::Arc;

use super::addresses::{self, Address, Shipping};
use super::billing;
use super::direct_charges;
use super::expand::Gives;
use super::list::{Page, Span};
use super::object::{Class, Head, Kind};
use super::params::{Params, Patch};
use super::payment_methods::{self, PaymentMethod};
use super::refusal::{Refusal, Result};
use super::routes::{Answer, Level, Row};
use super::search::{self, Content};
use super::search_page;
use super::test_clocks;
use super::work::{Work, merge};
use crate::prelude::*;

const NOTE: &str = "A `source` is a token, of which a payment method is made; its id is the default_source. Not simulated: cash \
                    balance, tax ids, custom fields of invoices.";

pub(super) const ROUTES: &[Row] = &[
    Row::new("POST", "/v1/customers", create, Gives::One(Class::Customer), Level::Most).noting(NOTE),
    Row::new("GET", "/v1/customers", list, Gives::List(Class::Customer), Level::Whole),
    Row::new("GET", "/v1/customers/search", search, Gives::List(Class::Customer), Level::Whole),
    Row::new("GET", "/v1/customers/:id", retrieve, Gives::One(Class::Customer), Level::Whole),
    Row::new("POST", "/v1/customers/:id", update, Gives::One(Class::Customer), Level::Most).noting(NOTE),
    Row::new("DELETE", "/v1/customers/:id", delete, Gives::Nothing, Level::Whole),
    Row::new(
        "GET",
        "/v1/customers/:id/payment_methods",
        list_methods,
        Gives::List(Class::PaymentMethod),
        Level::Whole,
    ),
    Row::new(
        "GET",
        "/v1/customers/:id/payment_methods/:id",
        retrieve_method,
        Gives::One(Class::PaymentMethod),
        Level::Whole,
    ),
];

/// Somebody who buys.
#[derive(Clone, Debug)]
pub(super) struct Customer {
    pub(super) head: Head,
    pub(super) profile: Arc<Profile>,
    /// What the customer is owed, negative, or owes, in minor units.
    pub(super) balance: i64,
    /// What invoices are paid with where nothing else is said.
    pub(super) default_payment_method: Option<usize>,
    /// What a charge without an intent takes the money from: the method that was made of a `source`.
    pub(super) default_source: Option<usize>,
    /// The clock on which the time of its subscriptions runs.
    pub(super) test_clock: Option<usize>,
    pub(super) is_deleted: bool,
}

/// What a merchant knows of somebody.
#[derive(Clone, Debug, Default)]
pub(super) struct Profile {
    pub(super) email: Option<String>,
    pub(super) name: Option<String>,
    pub(super) phone: Option<String>,
    pub(super) description: Option<String>,
    pub(super) address: Option<Address>,
    pub(super) shipping: Option<Shipping>,
    pub(super) business_name: Option<String>,
    pub(super) individual_name: Option<String>,
    pub(super) locales: Vec<String>,
    pub(super) tax_exempt: Option<&'static str>,
    invoice_prefix: Option<String>,
    pub(super) next_invoice: Option<u64>,
    pub(super) footer: Option<String>,
}

impl Customer {
    /// What the numbers of invoices begin with: eight characters of the id where nothing was said.
    pub(super) fn invoice_prefix(&self, id: &str) -> String {
        const LENGTH: usize = 8;
        self.profile.invoice_prefix.clone().unwrap_or_else(|| {
            id.get(id.len().saturating_sub(LENGTH)..).unwrap_or_default().to_ascii_uppercase()
        })
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

/// The number of the next invoice of a customer, such as `A1B2C3D4-0001`.
///
/// # Errors
///
/// A contradiction in the simulator.
pub(super) fn number_invoice(work: &mut Work<'_>, customer: usize) -> Result<String> {
    let id = work.id::<Customer>(customer);
    let customer = work.edit::<Customer>(customer)?;
    let prefix = customer.invoice_prefix(&id);
    let profile = Arc::make_mut(&mut customer.profile);
    let number = profile.next_invoice.unwrap_or(1);
    profile.next_invoice = Some(number.saturating_add(1));
    Ok(glued(&[&prefix, "-", &number.padded(4)]))
}

/// The customer of the path, who was not deleted.
///
/// # Errors
///
/// 404 when there is none.
pub(super) fn find(work: &Work<'_>) -> Result<usize> {
    let number = work.find::<Customer>(0)?;
    if work.get::<Customer>(number)?.is_deleted {
        return Err(Refusal::no_such(Customer::NAME, work.path_id(0)));
    }
    Ok(number)
}

fn answer(work: &Work<'_>, number: usize) -> Result<Answer> {
    Ok(Answer::Object(work.object::<Customer>(number)?))
}

/// What can be said of a customer at creation and later.
struct Wish {
    texts: [Patch<String>; 6],
    address: Patch<Address>,
    shipping: Patch<Shipping>,
    balance: Option<i64>,
    locales: Option<Vec<String>>,
    tax_exempt: Option<&'static str>,
    invoice_prefix: Patch<String>,
    next_invoice: Option<u64>,
    footer: Patch<String>,
    default_method: Patch<String>,
}

impl Wish {
    fn read(params: &mut Params) -> Result<Self> {
        const NAME_CHARS_MAX: usize = 256;
        const PHONE_CHARS_MAX: usize = 20;
        const EXEMPTIONS: &[(&str, &str)] = &[("exempt", "exempt"), ("none", "none"), ("reverse", "reverse")];
        let (mut footer, mut default_method) = (Patch::Keep, Patch::Keep);
        if let Patch::Set(mut settings) = params.object("invoice_settings")? {
            default_method = settings.patch("default_payment_method")?;
            footer = settings.patch("footer")?;
            settings.finish()?;
        }
        let _ = params.flag("validate")?;
        Ok(Self {
            texts: [
                addresses::email(params, "email")?,
                params.patch_up_to("name", NAME_CHARS_MAX)?,
                params.patch_up_to("phone", PHONE_CHARS_MAX)?,
                params.patch("description")?,
                params.patch_up_to("business_name", NAME_CHARS_MAX)?,
                params.patch_up_to("individual_name", NAME_CHARS_MAX)?,
            ],
            address: Address::read(params, "address")?,
            shipping: Shipping::read(params, false)?,
            balance: params.integer("balance")?,
            locales: params.texts("preferred_locales")?,
            tax_exempt: params.choice("tax_exempt", EXEMPTIONS)?,
            invoice_prefix: params.patch("invoice_prefix")?,
            next_invoice: params.positive("next_invoice_sequence")?,
            footer,
            default_method,
        })
    }

    /// The customer's own method that was named as the default.
    fn default_method(&self, work: &Work<'_>, customer: Option<usize>) -> Result<Patch<usize>> {
        let id = match &self.default_method {
            Patch::Keep => return Ok(Patch::Keep),
            Patch::Unset => return Ok(Patch::Unset),
            Patch::Set(id) => id,
        };
        let param = "invoice_settings[default_payment_method]";
        let number = work.number::<PaymentMethod>(id);
        let Some(number) = number else { return Err(Refusal::no_such_param("PaymentMethod", id, param)) };
        if customer.is_none() || work.get::<PaymentMethod>(number)?.customer() != customer {
            let message = format!(
                "The customer does not have a payment method with the ID {id}. The payment method must be attached to the \
                 customer."
            );
            return Err(Refusal::param(Some("resource_missing"), param, message));
        }
        Ok(Patch::Set(number))
    }

    fn apply(self, customer: &mut Customer) {
        customer.balance = self.balance.unwrap_or(customer.balance);
        let profile = Arc::make_mut(&mut customer.profile);
        let fields = [
            &mut profile.email,
            &mut profile.name,
            &mut profile.phone,
            &mut profile.description,
            &mut profile.business_name,
            &mut profile.individual_name,
        ];
        for (patch, field) in self.texts.into_iter().zip(fields) {
            patch.apply(field);
        }
        self.address.apply(&mut profile.address);
        self.shipping.apply(&mut profile.shipping);
        self.invoice_prefix.apply(&mut profile.invoice_prefix);
        self.footer.apply(&mut profile.footer);
        profile.locales = self.locales.unwrap_or_else(|| core::mem::take(&mut profile.locales));
        profile.tax_exempt = self.tax_exempt.or(profile.tax_exempt);
        profile.next_invoice = self.next_invoice.or(profile.next_invoice);
    }
}

fn create(work: &mut Work<'_>, mut params: Params) -> Result<Answer> {
    let (wish, metadata) = (Wish::read(&mut params)?, params.metadata()?);
    let method = payment_methods::attachable(work, &mut params)?;
    let source = direct_charges::keepable(work, &mut params)?;
    let clock = params.text("test_clock")?;
    let clock = clock.map(|id| test_clocks::named(work, &id, "test_clock")).transpose()?;
    params.finish()?;
    if wish.default_method != Patch::Keep && method.is_none() {
        let _ = wish.default_method(work, None)?;
    }

    // From here on the customer is known.
    let mut customer = Customer {
        head: work.head::<Customer>(metadata),
        profile: Arc::default(),
        balance: 0,
        default_payment_method: None,
        default_source: None,
        test_clock: clock,
        is_deleted: false,
    };
    let is_default = wish.default_method != Patch::Keep;
    wish.apply(&mut customer);
    let number = work.add(customer);
    work.emit::<Customer>("customer.created", number)?;
    if let Some(named) = method {
        let method = payment_methods::realise(work, named)?;
        payment_methods::keep(work, method, number)?;
        if is_default {
            work.edit::<Customer>(number)?.default_payment_method = Some(method);
        }
    }
    if let Some(shown) = source {
        work.edit::<Customer>(number)?.default_source = Some(direct_charges::keep(work, shown, number)?);
    }
    answer(work, number)
}

fn retrieve(work: &mut Work<'_>, params: Params) -> Result<Answer> {
    params.finish()?;
    let number = work.find::<Customer>(0)?;
    answer(work, number)
}

fn update(work: &mut Work<'_>, mut params: Params) -> Result<Answer> {
    let number = find(work)?;
    let (wish, metadata) = (Wish::read(&mut params)?, params.metadata()?);
    let source = direct_charges::keepable(work, &mut params)?;
    params.finish()?;
    let default = wish.default_method(work, Some(number))?;
    let before = work.get::<Customer>(number)?.clone();

    // From here on the customer is changed.
    let source = source.map(|shown| direct_charges::keep(work, shown, number)).transpose()?;
    let customer = work.edit::<Customer>(number)?;
    wish.apply(customer);
    default.apply(&mut customer.default_payment_method);
    customer.default_source = source.or(customer.default_source);
    merge(&mut customer.head.metadata, metadata);
    work.emit_change("customer.updated", number, before)?;
    answer(work, number)
}

/// A method that is not the customer's any more is not what invoices and charges are paid with.
///
/// # Errors
///
/// A contradiction in the simulator: nobody has this number.
pub(super) fn forget_method(work: &mut Work<'_>, number: usize, method: usize) -> Result<()> {
    let before = work.get::<Customer>(number)?.clone();
    if ![before.default_payment_method, before.default_source].contains(&Some(method)) {
        return Ok(());
    }
    let customer = work.edit::<Customer>(number)?;
    customer.default_payment_method = customer.default_payment_method.filter(|found| *found != method);
    customer.default_source = customer.default_source.filter(|found| *found != method);
    work.emit_change("customer.updated", number, before)
}

fn delete(work: &mut Work<'_>, params: Params) -> Result<Answer> {
    params.finish()?;
    let number = find(work)?;

    // From here on the customer is gone; the event tells of the last version.
    billing::end_of_customer(work, number)?;
    let customer = work.edit::<Customer>(number)?;
    (customer.default_payment_method, customer.default_source) = (None, None);
    for method in payment_methods::of_customer(work, number) {
        payment_methods::release(work, method)?;
    }
    work.emit::<Customer>("customer.deleted", number)?;
    work.edit::<Customer>(number)?.is_deleted = true;
    answer(work, number)
}

fn list(work: &mut Work<'_>, mut params: Params) -> Result<Answer> {
    let page = Page::read::<Customer>(work, &mut params)?;
    let (created, email) = (Span::read(&mut params, "created")?, params.text("email")?);
    params.finish()?;
    let found = page.of::<Customer>(work, |customer| {
        !customer.is_deleted
            && created.holds(customer.head.created)
            && email.as_ref().is_none_or(|email| customer.profile.email.as_ref() == Some(email))
    });
    Ok(Answer::list::<Customer>("/v1/customers", found))
}

fn list_methods(work: &mut Work<'_>, params: Params) -> Result<Answer> {
    let number = find(work)?;
    let url = format!("/v1/customers/{}/payment_methods", work.id::<Customer>(number));
    payment_methods::list_of(work, params, number, &url)
}

fn retrieve_method(work: &mut Work<'_>, params: Params) -> Result<Answer> {
    params.finish()?;
    let number = find(work)?;
    payment_methods::of_path(work, number)
}

/// Fields of <https://docs.stripe.com/search#query-fields-for-customers>.
const SEARCHED: &[search::Field] = &[
    ("created", search::Kind::Number),
    ("email", search::Kind::Text),
    ("metadata", search::Kind::Metadata),
    ("name", search::Kind::Text),
    ("phone", search::Kind::Text),
];

fn search(work: &mut Work<'_>, params: Params) -> Result<Answer> {
    let url = "/v1/customers/search";
    let is_there = |customer: &Customer| !customer.is_deleted;
    search_page::answer::<Customer>(work, params, (url, SEARCHED), is_there, |customer, _, name, key| {
        match name {
            "created" => Content::Number(customer.head.created.unix_seconds()),
            "email" => Content::maybe(customer.profile.email.clone()),
            "metadata" => search_page::metadata(&customer.head.metadata, key),
            "name" => Content::maybe(customer.profile.name.clone()),
            _ => Content::maybe(customer.profile.phone.clone()),
        }
    })
}
