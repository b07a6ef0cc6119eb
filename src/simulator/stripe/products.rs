//! What a merchant sells. A product with prices is never deleted: invoices go on naming it.

use alloc::sync::Arc;

use super::expand::{Field, Gives, Holds};
use super::list::{Page, Span};
use super::object::{Class, Head, Kind, kind};
use super::params::{Params, Patch};
use super::prices::Price;
use super::refusal::{Refusal, Result};
use super::routes::{Answer, Level, Row};
use super::search::{self, Content};
use super::search_page;
use super::sheet::Sheet;
use super::work::{Work, merge};
use crate::prelude::*;
use crate::time::Timestamp;

const NOTE: &str = "Without package dimensions and tax details.";

pub(super) const ROUTES: &[Row] = &[
    Row::new("POST", "/v1/products", create, Gives::One(Class::Product), Level::Most).noting(NOTE),
    Row::new("GET", "/v1/products", list, Gives::List(Class::Product), Level::Whole),
    Row::new("GET", "/v1/products/search", search, Gives::List(Class::Product), Level::Whole),
    Row::new("GET", "/v1/products/:id", retrieve, Gives::One(Class::Product), Level::Whole),
    Row::new("POST", "/v1/products/:id", update, Gives::One(Class::Product), Level::Most).noting(NOTE),
    Row::new("DELETE", "/v1/products/:id", delete, Gives::Nothing, Level::Whole),
];

const IMAGES_MAX: usize = 8;

/// Goods or a service.
#[derive(Clone, Debug)]
pub(super) struct Product {
    pub(super) head: Head,
    own_id: Option<Arc<str>>,
    pub(super) name: String,
    is_active: bool,
    default_price: Option<usize>,
    description: Option<String>,
    images: Vec<String>,
    features: Vec<String>,
    shippable: Option<bool>,
    statement_descriptor: Option<String>,
    tax_code: Option<String>,
    unit_label: Option<String>,
    url: Option<String>,
    updated: Timestamp,
    is_deleted: bool,
}

impl Kind for Product {
    kind!(Product, products);
    const PREFIX: &'static str = "prod";
    const NAME: &'static str = "product";
    const HAS_OWN_IDS: bool = true;
    const FIELDS: &'static [Field] = &[("default_price", Holds::One(Class::Price))];

    fn own_id(&self) -> Option<&str> {
        self.own_id.as_deref()
    }

    fn write(&self, sheet: &mut Sheet<'_>) {
        if self.is_deleted {
            return sheet.flag("deleted", true);
        }
        sheet.flag("active", self.is_active);
        sheet.time("created", self.head.created);
        sheet.reference::<Price>("default_price", self.default_price);
        sheet.maybe_text("description", self.description.as_deref());
        sheet.texts("images", self.images.iter().map(String::as_str));
        sheet.flag("livemode", false);
        sheet.objects("marketing_features", &self.features, |sheet, name| sheet.text("name", name));
        sheet.metadata(&self.head.metadata);
        sheet.text("name", &self.name);
        sheet.null("package_dimensions");
        match self.shippable {
            Some(shippable) => sheet.flag("shippable", shippable),
            None => sheet.null("shippable"),
        }
        sheet.maybe_text("statement_descriptor", self.statement_descriptor.as_deref());
        sheet.maybe_text("tax_code", self.tax_code.as_deref());
        sheet.null("tax_details");
        sheet.text("type", "service");
        sheet.maybe_text("unit_label", self.unit_label.as_deref());
        sheet.time("updated", self.updated);
        sheet.maybe_text("url", self.url.as_deref());
    }
}

impl Product {
    /// An active product with nothing but a name.
    pub(super) const fn named(head: Head, name: String) -> Self {
        let updated = head.created;
        Self {
            head,
            own_id: None,
            name,
            is_active: true,
            default_price: None,
            description: None,
            images: Vec::new(),
            features: Vec::new(),
            shippable: None,
            statement_descriptor: None,
            tax_code: None,
            unit_label: None,
            url: None,
            updated,
            is_deleted: false,
        }
    }
}

/// The product a parameter names, which was not deleted.
///
/// # Errors
///
/// 400 when there is none.
pub(super) fn named(work: &Work<'_>, id: &str, param: &str) -> Result<usize> {
    let number = work.find_param::<Product>(id, param)?;
    if work.get::<Product>(number)?.is_deleted {
        return Err(Refusal::no_such_param(Product::NAME, id, param));
    }
    Ok(number)
}

/// What can be said of a product at creation and later.
pub(super) struct Fields {
    name: Option<String>,
    is_active: Option<bool>,
    description: Patch<String>,
    images: Option<Vec<String>>,
    features: Option<Vec<String>>,
    shippable: Option<bool>,
    statement_descriptor: Patch<String>,
    tax_code: Patch<String>,
    unit_label: Patch<String>,
    url: Patch<String>,
}

impl Fields {
    pub(super) fn read(params: &mut Params) -> Result<Self> {
        let images = params.texts("images")?;
        if images.as_ref().is_some_and(|images| images.len() > IMAGES_MAX) {
            let message = format!("A product has at most {IMAGES_MAX} images");
            return Err(Refusal::param(None, "images", message));
        }
        let features = params.objects("marketing_features")?.map(|features| {
            features.into_iter().map(|mut feature| {
                let name = feature.required_text("name")?;
                feature.finish().map(|()| name)
            })
        });
        Ok(Self {
            name: params.text("name")?,
            is_active: params.flag("active")?,
            description: params.patch("description")?,
            images,
            features: features.map(Iterator::collect::<Result<_>>).transpose()?,
            shippable: params.flag("shippable")?,
            statement_descriptor: params.patch_up_to("statement_descriptor", 22)?,
            tax_code: params.patch("tax_code")?,
            unit_label: params.patch("unit_label")?,
            url: params.patch("url")?,
        })
    }

    /// The product of a new head.
    pub(super) fn product(self, head: Head, name: String) -> Product {
        let mut product = Product::named(head, name);
        self.apply(&mut product);
        product
    }

    fn apply(self, product: &mut Product) {
        product.name = self.name.unwrap_or(core::mem::take(&mut product.name));
        product.is_active = self.is_active.unwrap_or(product.is_active);
        self.description.apply(&mut product.description);
        product.images = self.images.unwrap_or(core::mem::take(&mut product.images));
        product.features = self.features.unwrap_or(core::mem::take(&mut product.features));
        product.shippable = self.shippable.or(product.shippable);
        self.statement_descriptor.apply(&mut product.statement_descriptor);
        self.tax_code.apply(&mut product.tax_code);
        self.unit_label.apply(&mut product.unit_label);
        self.url.apply(&mut product.url);
    }
}

/// The id a merchant chose for a new product.
fn own_id(work: &Work<'_>, params: &mut Params) -> Result<Option<Arc<str>>> {
    const CHARS_MAX: usize = 255;
    let Some(id) = params.patch_up_to("id", CHARS_MAX)?.value() else { return Ok(None) };
    if !id.bytes().all(|byte| byte.is_ascii_graphic() && byte != b'/') {
        let message = "The id of a product is made of visible ASCII characters without slashes".to_owned();
        return Err(Refusal::param(None, "id", message));
    }
    if work.number::<Product>(&id).is_some() {
        return Err(Refusal::param(
            Some("resource_already_exists"),
            "id",
            "Product already exists.".to_owned(),
        ));
    }
    Ok(Some(id.into()))
}

fn create(work: &mut Work<'_>, mut params: Params) -> Result<Answer> {
    let name = params.required_text("name")?;
    let own_id = own_id(work, &mut params)?;
    // Products are all services by now; the word is taken and has no meaning.
    let _ = params.choice("type", &[("service", ()), ("good", ())])?;
    let (fields, metadata) = (Fields::read(&mut params)?, params.metadata()?);
    let price = match params.object("default_price_data")? {
        Patch::Set(mut price) => {
            let terms = super::prices::Terms::read(&mut price)?;
            price.finish()?;
            Some(terms)
        }
        Patch::Keep | Patch::Unset => None,
    };
    params.finish()?;

    // From here on the product is known.
    let mut product = fields.product(work.head::<Product>(metadata), name);
    product.own_id = own_id;
    let number = work.add(product);
    let price = price.map(|terms| terms.add(work, number)).transpose()?;
    work.edit::<Product>(number)?.default_price = price;
    work.emit::<Product>("product.created", number)?;
    if let Some(price) = price {
        work.emit::<Price>("price.created", price)?;
    }
    Ok(Answer::Object(work.object::<Product>(number)?))
}

fn retrieve(work: &mut Work<'_>, params: Params) -> Result<Answer> {
    params.finish()?;
    let number = present(work)?;
    Ok(Answer::Object(work.object::<Product>(number)?))
}

fn update(work: &mut Work<'_>, mut params: Params) -> Result<Answer> {
    let number = present(work)?;
    let (fields, metadata) = (Fields::read(&mut params)?, params.metadata()?);
    let price = params.text("default_price")?;
    let price = price.map(|id| work.find_param::<Price>(&id, "default_price")).transpose()?;
    params.finish()?;
    if let Some(price) = price
        && work.get::<Price>(price)?.product != number
    {
        let message = "The default price must be a price of this product".to_owned();
        return Err(Refusal::param(None, "default_price", message));
    }

    // From here on the product is changed.
    let (before, now) = (work.get::<Product>(number)?.clone(), work.now);
    let product = work.edit::<Product>(number)?;
    fields.apply(product);
    product.default_price = price.or(product.default_price);
    product.updated = now;
    merge(&mut product.head.metadata, metadata);
    work.emit_change("product.updated", number, before)?;
    Ok(Answer::Object(work.object::<Product>(number)?))
}

fn delete(work: &mut Work<'_>, params: Params) -> Result<Answer> {
    params.finish()?;
    let number = present(work)?;
    let has_prices =
        Price::table(&work.world.stripe.tables).rows().iter().any(|price| price.product == number);
    if has_prices {
        let message = "This product cannot be deleted because it has one or more user-created prices.";
        return Err(Refusal::request(message.to_owned()));
    }

    // From here on the product is gone; the event tells of the last version.
    work.emit::<Product>("product.deleted", number)?;
    work.edit::<Product>(number)?.is_deleted = true;
    Ok(Answer::Object(work.object::<Product>(number)?))
}

fn list(work: &mut Work<'_>, mut params: Params) -> Result<Answer> {
    let page = Page::read::<Product>(work, &mut params)?;
    let (created, is_active) = (Span::read(&mut params, "created")?, params.flag("active")?);
    let (ids, shippable, url) = (params.texts("ids")?, params.flag("shippable")?, params.text("url")?);
    params.finish()?;
    let numbers: Option<Vec<usize>> =
        ids.map(|ids| ids.iter().filter_map(|id| work.number::<Product>(id)).collect());
    let found = page.of::<Product>(work, |product| {
        !product.is_deleted
            && created.holds(product.head.created)
            && is_active.is_none_or(|is_active| product.is_active == is_active)
            && numbers.as_ref().is_none_or(|numbers| numbers.contains(&product.head.number))
            && shippable.is_none_or(|shippable| product.shippable == Some(shippable))
            && url.as_ref().is_none_or(|url| product.url.as_ref() == Some(url))
    });
    Ok(Answer::list::<Product>("/v1/products", found))
}

/// The product of the path, which was not deleted.
fn present(work: &Work<'_>) -> Result<usize> {
    let number = work.find::<Product>(0)?;
    if work.get::<Product>(number)?.is_deleted {
        return Err(Refusal::no_such(Product::NAME, work.path_id(0)));
    }
    Ok(number)
}

/// Fields of <https://docs.stripe.com/search#query-fields-for-products>.
const SEARCHED: &[search::Field] = &[
    ("active", search::Kind::Token),
    ("description", search::Kind::Text),
    ("metadata", search::Kind::Metadata),
    ("name", search::Kind::Text),
    ("shippable", search::Kind::Token),
    ("url", search::Kind::Text),
];

fn search(work: &mut Work<'_>, params: Params) -> Result<Answer> {
    let is_there = |product: &Product| !product.is_deleted;
    let list = ("/v1/products/search", SEARCHED);
    search_page::answer::<Product>(work, params, list, is_there, |product, _, name, key| match name {
        "active" => Content::Flag(product.is_active),
        "description" => Content::maybe(product.description.clone()),
        "metadata" => search_page::metadata(&product.head.metadata, key),
        "name" => Content::Text(product.name.clone()),
        "shippable" => product.shippable.map_or(Content::Absent, Content::Flag),
        _ => Content::maybe(product.url.clone()),
    })
}
