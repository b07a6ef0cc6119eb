//! What an invoice asks money for, line by line; a line that was written stays as it is.

use super::super::object::{Kind, Metadata};
use super::super::prices::Price;
use super::super::products::Product;
use super::super::sheet::Sheet;
use super::invoice_item::InvoiceItem;
use super::subscription::{ITEM_PREFIX, Subscription};
use crate::money::Currency;
use crate::prelude::*;
use crate::time::Timestamp;

pub(super) const LINE_PREFIX: &str = "il";

/// Where a line comes from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Origin {
    /// A period of an item of a subscription.
    Period { subscription: usize, item: usize },
    /// An invoice item, and the subscription it belongs to.
    Item { item: usize, subscription: Option<usize> },
}

/// A line of an invoice.
#[derive(Clone, Debug)]
pub(super) struct Line {
    pub(super) origin: Origin,
    /// Minor units; negative for a credit.
    pub(super) amount: i64,
    pub(super) quantity: u64,
    /// Minor units of one; `None` where the amount is no product of the two.
    pub(super) unit_amount: Option<u64>,
    /// The price and its product.
    pub(super) price: Option<(usize, usize)>,
    pub(super) description: Option<String>,
    pub(super) period: (Timestamp, Timestamp),
    pub(super) is_proration: bool,
    pub(super) metadata: Metadata,
}

impl Line {
    /// Writes the line with this number of an invoice.
    pub(super) fn write(&self, sheet: &mut Sheet<'_>, number: usize, invoice: &str, currency: Currency) {
        let ids = sheet.reader.ids;
        sheet.text("id", &ids.id(LINE_PREFIX, number));
        sheet.text("object", "line_item");
        sheet.integer("amount", i128::from(self.amount));
        sheet.currency("currency", currency);
        sheet.maybe_text("description", self.description.as_deref());
        sheet.texts("discount_amounts", []);
        sheet.flag("discountable", !self.is_proration);
        sheet.texts("discounts", []);
        sheet.text("invoice", invoice);
        sheet.flag("livemode", false);
        sheet.metadata(&self.metadata);
        sheet.object("parent", |sheet| self.write_parent(sheet));
        write_period(sheet, self.period);
        sheet.texts("pretax_credit_amounts", []);
        write_pricing(sheet, self.price, self.unit_amount);
        sheet.natural("quantity", self.quantity);
        sheet.text("quantity_decimal", &self.quantity.digits());
        let subscription = self.subscription().map(|number| ids.id(Subscription::PREFIX, number));
        sheet.maybe_text("subscription", subscription.as_deref());
        sheet.integer("subtotal", i128::from(self.amount));
        sheet.texts("taxes", []);
    }

    const fn subscription(&self) -> Option<usize> {
        match self.origin {
            Origin::Period { subscription, .. } => Some(subscription),
            Origin::Item { subscription, .. } => subscription,
        }
    }

    fn write_parent(&self, sheet: &mut Sheet<'_>) {
        let ids = sheet.reader.ids;
        let subscription = self.subscription().map(|number| ids.id(Subscription::PREFIX, number));
        let nothing_credited = |sheet: &mut Sheet<'_>| sheet.null("credited_items");
        match self.origin {
            Origin::Period { item, .. } => {
                sheet.null("invoice_item_details");
                sheet.object("subscription_item_details", |sheet| {
                    sheet.null("invoice_item");
                    sheet.flag("proration", self.is_proration);
                    sheet.object("proration_details", nothing_credited);
                    sheet.maybe_text("subscription", subscription.as_deref());
                    sheet.text("subscription_item", &ids.id(ITEM_PREFIX, item));
                });
                sheet.text("type", "subscription_item_details");
            }
            Origin::Item { item, .. } => {
                sheet.object("invoice_item_details", |sheet| {
                    sheet.text("invoice_item", &ids.id(InvoiceItem::PREFIX, item));
                    sheet.flag("proration", self.is_proration);
                    sheet.object("proration_details", nothing_credited);
                    sheet.maybe_text("subscription", subscription.as_deref());
                });
                sheet.null("subscription_item_details");
                sheet.text("type", "invoice_item_details");
            }
        }
    }
}

/// `period`.
pub(super) fn write_period(sheet: &mut Sheet<'_>, (start, end): (Timestamp, Timestamp)) {
    sheet.object("period", |sheet| {
        sheet.time("end", end);
        sheet.time("start", start);
    });
}

/// `pricing`; `null` where only an amount is known.
pub(super) fn write_pricing(sheet: &mut Sheet<'_>, price: Option<(usize, usize)>, unit_amount: Option<u64>) {
    let Some((price, product)) = price else { return sheet.null("pricing") };
    let reader = sheet.reader;
    sheet.object("pricing", |sheet| {
        sheet.object("price_details", |sheet| {
            sheet.text("price", &reader.id::<Price>(price));
            sheet.text("product", &reader.id::<Product>(product));
        });
        sheet.text("type", "price_details");
        sheet.maybe_text("unit_amount_decimal", unit_amount.map(Digits::digits).as_deref());
    });
}
