//! A price never changes its amount: whoever wants another one makes another price.
//!
//! Tiers, metered usage, custom amounts and further currencies are not simulated and refused by name.

use super::billing;
use super::expand::{Field, Gives, Holds};
use super::list::{Page, Span};
use super::object::{Class, Head, Kind, kind};
use super::params::{MetadataPatch, Params, Patch};
use super::products::{self, Product};
use super::recurrence::{EVERY, Interval};
use super::refusal::{Refusal, Result};
use super::routes::{Answer, Level, Row};
use super::search::{self, Content};
use super::search_page;
use super::sheet::Sheet;
use super::work::{Work, merge};
use crate::money::Currency;
use crate::prelude::*;

const NOTE: &str = "Per unit and licensed only: no tiers, meters, custom amounts or further currencies.";

pub(super) const ROUTES: &[Row] = &[
    Row::new("POST", "/v1/prices", create, Gives::One(Class::Price), Level::Most).noting(NOTE),
    Row::new("GET", "/v1/prices", list, Gives::List(Class::Price), Level::Whole),
    Row::new("GET", "/v1/prices/search", search, Gives::List(Class::Price), Level::Whole),
    Row::new("GET", "/v1/prices/:id", retrieve, Gives::One(Class::Price), Level::Whole),
    Row::new("POST", "/v1/prices/:id", update, Gives::One(Class::Price), Level::Most).noting(NOTE),
];

/// Largest amount of a price, in minor units: what a charge may have.
const MINOR_MAX: u64 = 99_999_999;

/// What one unit of a product costs.
#[derive(Clone, Debug)]
pub(super) struct Price {
    pub(super) head: Head,
    pub(super) product: usize,
    pub(super) currency: Currency,
    /// Minor units.
    pub(super) unit_amount: u64,
    /// `None` when it is paid once.
    pub(super) interval: Option<Interval>,
    pub(super) trial_days: Option<u64>,
    pub(super) is_active: bool,
    lookup_key: Option<String>,
    nickname: Option<String>,
    tax_behavior: &'static str,
}

impl Kind for Price {
    kind!(Price, prices);
    const PREFIX: &'static str = "price";
    const NAME: &'static str = "price";
    const FIELDS: &'static [Field] = &[("product", Holds::One(Class::Product))];

    fn write(&self, sheet: &mut Sheet<'_>) {
        sheet.flag("active", self.is_active);
        sheet.text("billing_scheme", "per_unit");
        sheet.time("created", self.head.created);
        sheet.currency("currency", self.currency);
        sheet.null("custom_unit_amount");
        sheet.flag("livemode", false);
        sheet.maybe_text("lookup_key", self.lookup_key.as_deref());
        sheet.metadata(&self.head.metadata);
        sheet.maybe_text("nickname", self.nickname.as_deref());
        sheet.reference::<Product>("product", Some(self.product));
        match self.interval {
            None => sheet.null("recurring"),
            Some(Interval { every, count }) => sheet.object("recurring", |sheet| {
                sheet.text("interval", every.name());
                sheet.natural("interval_count", u64::from(count));
                sheet.null("meter");
                sheet.maybe_natural("trial_period_days", self.trial_days);
                sheet.text("usage_type", "licensed");
            }),
        }
        sheet.text("tax_behavior", self.tax_behavior);
        sheet.null("tiers_mode");
        sheet.null("transform_quantity");
        sheet.text("type", self.kind());
        sheet.natural("unit_amount", self.unit_amount);
        sheet.text("unit_amount_decimal", &self.unit_amount.digits());
    }
}

impl Price {
    const fn kind(&self) -> &'static str {
        if self.interval.is_some() { "recurring" } else { "one_time" }
    }

    /// The price as the plan it would have been: subscription items still show it.
    pub(super) fn write_plan(&self, sheet: &mut Sheet<'_>) {
        let reader = sheet.reader;
        sheet.text("id", &reader.id::<Self>(self.head.number));
        sheet.text("object", "plan");
        sheet.flag("active", self.is_active);
        sheet.natural("amount", self.unit_amount);
        sheet.text("amount_decimal", &self.unit_amount.digits());
        sheet.text("billing_scheme", "per_unit");
        sheet.time("created", self.head.created);
        sheet.currency("currency", self.currency);
        if let Some(Interval { every, count }) = self.interval {
            sheet.text("interval", every.name());
            sheet.natural("interval_count", u64::from(count));
        }
        sheet.flag("livemode", false);
        sheet.metadata(&self.head.metadata);
        sheet.null("meter");
        sheet.maybe_text("nickname", self.nickname.as_deref());
        sheet.text("product", &reader.id::<Product>(self.product));
        sheet.null("tiers_mode");
        sheet.null("transform_usage");
        sheet.maybe_natural("trial_period_days", self.trial_days);
        sheet.text("usage_type", "licensed");
    }
}

/// What a price is from its beginning to its end.
#[derive(Clone, Debug)]
pub(super) struct Terms {
    currency: Currency,
    unit_amount: u64,
    interval: Option<Interval>,
    trial_days: Option<u64>,
    tax_behavior: &'static str,
    metadata: MetadataPatch,
}

impl Terms {
    /// Reads what `prices.create` and `default_price_data` have in common.
    ///
    /// # Errors
    ///
    /// One of them is missing, unknown, or out of range.
    pub(super) fn read(params: &mut Params) -> Result<Self> {
        let currency = currency(params)?.ok_or_else(|| Refusal::missing(&params.name("currency")))?;
        let (interval, trial_days) = match params.object("recurring")? {
            Patch::Set(mut recurring) => {
                let terms = (Interval::read(&mut recurring)?, recurring.natural("trial_period_days")?);
                let _ = recurring.choice("usage_type", &[("licensed", ())])?;
                recurring.finish()?;
                (Some(terms.0), terms.1)
            }
            Patch::Keep | Patch::Unset => (None, None),
        };
        let _ = params.choice("billing_scheme", &[("per_unit", ())])?;
        Ok(Self {
            currency,
            unit_amount: unit_amount(params)?.ok_or_else(|| Refusal::missing(&params.name("unit_amount")))?,
            interval,
            trial_days,
            tax_behavior: params.choice("tax_behavior", TAX_BEHAVIORS)?.unwrap_or("unspecified"),
            metadata: params.metadata()?,
        })
    }

    /// Adds a price of a product with these terms.
    ///
    /// # Errors
    ///
    /// A contradiction in the simulator.
    pub(super) fn add(self, work: &mut Work<'_>, product: usize) -> Result<usize> {
        let price = Price {
            head: work.head::<Price>(self.metadata),
            product,
            currency: self.currency,
            unit_amount: self.unit_amount,
            interval: self.interval,
            trial_days: self.trial_days,
            is_active: true,
            lookup_key: None,
            nickname: None,
            tax_behavior: self.tax_behavior,
        };
        Ok(work.add(price))
    }
}

const TAX_BEHAVIORS: &[(&str, &str)] =
    &[("exclusive", "exclusive"), ("inclusive", "inclusive"), ("unspecified", "unspecified")];

/// The amount of one unit, given in minor units or as their decimal text.
///
/// # Errors
///
/// It is negative, too large, no number, or a fraction of a minor unit.
pub(super) fn unit_amount(params: &mut Params) -> Result<Option<u64>> {
    let (whole, decimal) = (params.natural("unit_amount")?, params.text("unit_amount_decimal")?);
    let Some(amount) = (match (whole, decimal) {
        (Some(_), Some(_)) => {
            let message = "You may only specify one of these parameters: unit_amount, unit_amount_decimal.";
            return Err(Refusal::param(
                Some("parameters_exclusive"),
                &params.name("unit_amount"),
                message.to_owned(),
            ));
        }
        (whole, None) => whole,
        (None, Some(text)) => Some(text.parse().map_err(|_| {
            let message = "Fractions of a minor unit are not simulated: expected a whole number".to_owned();
            Refusal::param(None, &params.name("unit_amount_decimal"), message)
        })?),
    }) else {
        return Ok(None);
    };
    if amount > MINOR_MAX {
        let message =
            format!("The amount of a price must be at most {MINOR_MAX} minor units, found {amount}");
        return Err(Refusal::param(Some("parameter_invalid_integer"), &params.name("unit_amount"), message));
    }
    Ok(Some(amount))
}

/// `currency`, in lower or upper case.
///
/// # Errors
///
/// It is no currency.
pub(super) fn currency(params: &mut Params) -> Result<Option<Currency>> {
    let Some(text) = params.text("currency")? else { return Ok(None) };
    let found = Currency::parse(&text.to_ascii_uppercase());
    found.map(Some).map_err(|_| params.invalid("currency", "currency", &text))
}

fn create(work: &mut Work<'_>, mut params: Params) -> Result<Answer> {
    let terms = Terms::read(&mut params)?;
    let product = params.text("product")?;
    let product = product.map(|id| products::named(work, &id, "product")).transpose()?;
    let new = match params.object("product_data")? {
        Patch::Set(mut data) => {
            let new = (data.required_text("name")?, products::Fields::read(&mut data)?, data.metadata()?);
            data.finish()?;
            Some(new)
        }
        Patch::Keep | Patch::Unset => None,
    };
    let (is_active, nickname) = (params.flag("active")?, params.patch("nickname")?.value());
    let lookup_key = params.patch_up_to("lookup_key", 200)?.value();
    let moves_key = params.flag("transfer_lookup_key")?.unwrap_or(false);
    params.finish()?;
    let holder = key_holder(work, lookup_key.as_deref(), moves_key)?;
    if product.is_some() == new.is_some() {
        let message = "Expected exactly one of product and product_data".to_owned();
        return Err(Refusal::param(product.is_none().then_some("parameter_missing"), "product", message));
    }

    // From here on the price is known.
    let product = match (product, new) {
        (Some(product), _) => product,
        (None, Some((name, fields, metadata))) => {
            let product = fields.product(work.head::<Product>(metadata), name);
            let number = work.add(product);
            work.emit::<Product>("product.created", number)?;
            number
        }
        (None, None) => return Err(Refusal::bug("a price is without a product")),
    };
    let number = terms.add(work, product)?;
    release_key(work, holder)?;
    let price = work.edit::<Price>(number)?;
    price.is_active = is_active.unwrap_or(true);
    (price.nickname, price.lookup_key) = (nickname, lookup_key);
    work.emit::<Price>("price.created", number)?;
    Ok(Answer::Object(work.object::<Price>(number)?))
}

fn retrieve(work: &mut Work<'_>, params: Params) -> Result<Answer> {
    params.finish()?;
    let number = work.find::<Price>(0)?;
    Ok(Answer::Object(work.object::<Price>(number)?))
}

fn update(work: &mut Work<'_>, mut params: Params) -> Result<Answer> {
    let number = work.find::<Price>(0)?;
    let (is_active, nickname) = (params.flag("active")?, params.patch("nickname")?);
    let lookup_key = params.patch_up_to("lookup_key", 200)?;
    let moves_key = params.flag("transfer_lookup_key")?.unwrap_or(false);
    let (tax_behavior, metadata) = (params.choice("tax_behavior", TAX_BEHAVIORS)?, params.metadata()?);
    params.finish()?;
    let wanted = if let Patch::Set(key) = &lookup_key { Some(key.as_str()) } else { None };
    let holder = key_holder(work, wanted, moves_key)?.filter(|holder| *holder != number);

    // From here on the price is changed.
    release_key(work, holder)?;
    let before = work.get::<Price>(number)?.clone();
    let price = work.edit::<Price>(number)?;
    price.is_active = is_active.unwrap_or(price.is_active);
    nickname.apply(&mut price.nickname);
    lookup_key.apply(&mut price.lookup_key);
    price.tax_behavior = tax_behavior.unwrap_or(price.tax_behavior);
    merge(&mut price.head.metadata, metadata);
    billing::refresh_price(work, number)?;
    work.emit_change("price.updated", number, before)?;
    Ok(Answer::Object(work.object::<Price>(number)?))
}

/// The active price that has a lookup key already.
///
/// # Errors
///
/// There is one, and it is not to be moved.
fn key_holder(work: &Work<'_>, key: Option<&str>, moves_key: bool) -> Result<Option<usize>> {
    let Some(key) = key else { return Ok(None) };
    let mut rows = Price::table(&work.world.stripe.tables).rows().iter();
    let holder =
        rows.find(|price| price.head.account == work.account && price.lookup_key.as_deref() == Some(key));
    match holder {
        Some(_) if !moves_key => {
            let message =
                format!("A price already uses the lookup key `{key}`; send transfer_lookup_key to move it.");
            Err(Refusal::param(None, "lookup_key", message))
        }
        holder => Ok(holder.map(|price| price.head.number)),
    }
}

fn release_key(work: &mut Work<'_>, holder: Option<usize>) -> Result<()> {
    let Some(holder) = holder else { return Ok(()) };
    let before = work.get::<Price>(holder)?.clone();
    work.edit::<Price>(holder)?.lookup_key = None;
    billing::refresh_price(work, holder)?;
    work.emit_change("price.updated", holder, before)
}

fn list(work: &mut Work<'_>, mut params: Params) -> Result<Answer> {
    let page = Page::read::<Price>(work, &mut params)?;
    let (created, is_active) = (Span::read(&mut params, "created")?, params.flag("active")?);
    let (currency, lookup_keys) = (currency(&mut params)?, params.texts("lookup_keys")?);
    let product = params.text("product")?.map(|id| work.number::<Product>(&id));
    let is_recurring = params.choice("type", &[("one_time", false), ("recurring", true)])?;
    let every = match params.object("recurring")? {
        Patch::Set(mut recurring) => {
            let every = recurring.choice("interval", EVERY)?;
            let _ = recurring.choice("usage_type", &[("licensed", ())])?;
            recurring.finish()?;
            every
        }
        Patch::Keep | Patch::Unset => None,
    };
    params.finish()?;
    let found = page.of::<Price>(work, |price| {
        created.holds(price.head.created)
            && is_active.is_none_or(|is_active| price.is_active == is_active)
            && currency.is_none_or(|currency| price.currency == currency)
            && product.is_none_or(|product| product == Some(price.product))
            && is_recurring.is_none_or(|is_recurring| price.interval.is_some() == is_recurring)
            && every.is_none_or(|every| price.interval.is_some_and(|interval| interval.every == every))
            && lookup_keys
                .as_ref()
                .is_none_or(|keys| price.lookup_key.as_ref().is_some_and(|key| keys.contains(key)))
    });
    Ok(Answer::list::<Price>("/v1/prices", found))
}

/// Fields of <https://docs.stripe.com/search#query-fields-for-prices>.
const SEARCHED: &[search::Field] = &[
    ("active", search::Kind::Token),
    ("currency", search::Kind::Token),
    ("lookup_key", search::Kind::Text),
    ("metadata", search::Kind::Metadata),
    ("product", search::Kind::Token),
    ("type", search::Kind::Token),
];

fn search(work: &mut Work<'_>, params: Params) -> Result<Answer> {
    let list = ("/v1/prices/search", SEARCHED);
    search_page::answer::<Price>(
        work,
        params,
        list,
        |_| true,
        |price, ids, name, key| match name {
            "active" => Content::Flag(price.is_active),
            "currency" => Content::Text(price.currency.code().to_ascii_lowercase()),
            "lookup_key" => Content::maybe(price.lookup_key.clone()),
            "metadata" => search_page::metadata(&price.head.metadata, key),
            "product" => Content::Text(ids.id(Product::PREFIX, price.product)),
            _ => Content::Text(price.kind().to_owned()),
        },
    )
}
