//! A customer as it is written. What is left out unless it is asked for is empty here, subscriptions apart.

use super::addresses::Shipping;
use super::billing::Subscription;
use super::customers::Customer;
use super::expand::{Field, Holds};
use super::object::{Class, Kind, Object, kind};
use super::payment_methods::PaymentMethod;
use super::sheet::Sheet;
use super::test_clocks::TestClock;
use crate::prelude::*;

impl Kind for Customer {
    kind!(Customer, customers);
    const PREFIX: &'static str = "cus";
    const NAME: &'static str = "customer";
    const FIELDS: &'static [Field] = &[
        ("cash_balance", Holds::Any),
        ("default_source", Holds::Any),
        ("invoice_credit_balance", Holds::Any),
        ("invoice_settings.default_payment_method", Holds::One(Class::PaymentMethod)),
        ("sources", Holds::Any),
        ("subscriptions", Holds::One(Class::Subscription)),
        ("tax", Holds::Any),
        ("tax_ids", Holds::Any),
        ("test_clock", Holds::One(Class::TestClock)),
    ];

    fn write(&self, sheet: &mut Sheet<'_>) {
        if self.is_deleted {
            return sheet.flag("deleted", true);
        }
        let profile = &self.profile;
        match &profile.address {
            Some(address) => sheet.object("address", |sheet| address.write(sheet)),
            None => sheet.null("address"),
        }
        sheet.integer("balance", self.balance.into());
        if let Some(name) = &profile.business_name {
            sheet.text("business_name", name);
        }
        sheet.time("created", self.head.created);
        sheet.null("currency");
        sheet.null("customer_account");
        let source = self.default_source.map(|method| sheet.reader.id::<PaymentMethod>(method));
        sheet.maybe_text("default_source", source.as_deref());
        sheet.flag("delinquent", false);
        sheet.maybe_text("description", profile.description.as_deref());
        sheet.null("discount");
        sheet.maybe_text("email", profile.email.as_deref());
        if let Some(name) = &profile.individual_name {
            sheet.text("individual_name", name);
        }
        let id = sheet.reader.id::<Self>(self.head.number);
        sheet.text("invoice_prefix", &self.invoice_prefix(&id));
        sheet.within("invoice_settings", |sheet| {
            sheet.null("custom_fields");
            sheet.reference::<PaymentMethod>("default_payment_method", self.default_payment_method);
            sheet.maybe_text("footer", profile.footer.as_deref());
            sheet.null("rendering_options");
        });
        sheet.flag("livemode", false);
        sheet.metadata(&self.head.metadata);
        sheet.maybe_text("name", profile.name.as_deref());
        sheet.natural("next_invoice_sequence", profile.next_invoice.unwrap_or(1));
        sheet.maybe_text("phone", profile.phone.as_deref());
        sheet.texts("preferred_locales", profile.locales.iter().map(String::as_str));
        Shipping::write_of_customer(sheet, profile.shipping.as_ref());
        self.write_asked_for(sheet, &id);
        sheet.text("tax_exempt", profile.tax_exempt.unwrap_or("none"));
        sheet.reference::<TestClock>("test_clock", self.test_clock);
    }
}

impl Customer {
    /// Writes the members that are left out unless `expand[]` names them.
    fn write_asked_for(&self, sheet: &mut Sheet<'_>, id: &str) {
        if sheet.is_expanded("cash_balance") {
            sheet.null("cash_balance");
        }
        if sheet.is_expanded("invoice_credit_balance") {
            sheet.object("invoice_credit_balance", |_| {});
        }
        for name in ["sources", "tax_ids"] {
            if sheet.is_expanded(name) {
                sheet.list(name, &glued(&["/v1/customers/", id, "/", name]), []);
            }
        }
        if sheet.is_expanded("subscriptions") {
            let rows = Subscription::table(sheet.reader.tables).rows().iter().rev();
            let own = rows.filter(|found| found.customer == self.head.number && !found.status.has_ended());
            let own: Vec<Object> = own.map(|found| Subscription::object(found.clone())).collect();
            sheet.list("subscriptions", &glued(&["/v1/customers/", id, "/subscriptions"]), own);
        }
        if sheet.is_expanded("tax") {
            sheet.object("tax", |sheet| {
                sheet.text("automatic_tax", "unrecognized_location");
                sheet.null("ip_address");
                sheet.null("location");
                sheet.text("provider", "stripe");
            });
        }
    }
}
