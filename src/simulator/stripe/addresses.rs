//! Where people live and how they are reached: whatever part was not given is `null`, never left out.

use super::params::{Params, Patch};
use super::refusal::{Refusal, Result};
use super::sheet::Sheet;
use crate::prelude::*;

/// A postal address.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Address {
    pub(super) city: Option<String>,
    /// ISO 3166, two letters.
    pub(super) country: Option<String>,
    pub(super) line1: Option<String>,
    pub(super) line2: Option<String>,
    pub(super) postal_code: Option<String>,
    pub(super) state: Option<String>,
}

impl Address {
    /// Reads the object of a name.
    ///
    /// # Errors
    ///
    /// A member is unknown, too long or no text.
    pub(super) fn read(params: &mut Params, name: &str) -> Result<Patch<Self>> {
        let mut members = match params.object(name)? {
            Patch::Keep => return Ok(Patch::Keep),
            Patch::Unset => return Ok(Patch::Unset),
            Patch::Set(members) => members,
        };
        let mut address = Self::default();
        address.merge(&mut members)?;
        members.finish()?;
        Ok(Patch::Set(address))
    }

    /// Changes the parts that are given.
    fn merge(&mut self, members: &mut Params) -> Result<()> {
        for (name, field) in [
            ("city", &mut self.city),
            ("country", &mut self.country),
            ("line1", &mut self.line1),
            ("line2", &mut self.line2),
            ("postal_code", &mut self.postal_code),
            ("state", &mut self.state),
        ] {
            members.patch(name)?.apply(field);
        }
        Ok(())
    }

    /// Writes the members.
    pub(super) fn write(&self, sheet: &mut Sheet<'_>) {
        sheet.maybe_text("city", self.city.as_deref());
        sheet.maybe_text("country", self.country.as_deref());
        sheet.maybe_text("line1", self.line1.as_deref());
        sheet.maybe_text("line2", self.line2.as_deref());
        sheet.maybe_text("postal_code", self.postal_code.as_deref());
        sheet.maybe_text("state", self.state.as_deref());
    }
}

/// Where goods go.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Shipping {
    address: Address,
    carrier: Option<String>,
    name: Option<String>,
    phone: Option<String>,
    tracking_number: Option<String>,
}

impl Shipping {
    /// Reads `shipping`. A carrier and a tracking number belong to a payment, not to a customer.
    ///
    /// # Errors
    ///
    /// A member is unknown, missing or no text.
    pub(super) fn read(params: &mut Params, is_of_payment: bool) -> Result<Patch<Self>> {
        let mut members = match params.object("shipping")? {
            Patch::Keep => return Ok(Patch::Keep),
            Patch::Unset => return Ok(Patch::Unset),
            Patch::Set(members) => members,
        };
        let mut shipping = Self { phone: members.patch("phone")?.value(), ..Self::default() };
        if is_of_payment {
            shipping.carrier = members.patch("carrier")?.value();
            shipping.tracking_number = members.patch("tracking_number")?.value();
        }
        let (name, address) = (members.text("name")?, Address::read(&mut members, "address")?.value());
        let (name_path, address_path) = (members.name("name"), members.name("address"));
        members.finish()?;
        shipping.address = address.ok_or_else(|| Refusal::missing(&address_path))?;
        shipping.name = Some(name.ok_or_else(|| Refusal::missing(&name_path))?);
        Ok(Patch::Set(shipping))
    }

    /// Writes `shipping` of a payment, or `null`.
    pub(super) fn write_of_payment(sheet: &mut Sheet<'_>, shipping: Option<&Self>) {
        let Some(shipping) = shipping else { return sheet.null("shipping") };
        sheet.object("shipping", |sheet| {
            sheet.object("address", |sheet| shipping.address.write(sheet));
            sheet.maybe_text("carrier", shipping.carrier.as_deref());
            sheet.maybe_text("name", shipping.name.as_deref());
            sheet.maybe_text("phone", shipping.phone.as_deref());
            sheet.maybe_text("tracking_number", shipping.tracking_number.as_deref());
        });
    }

    /// Writes `shipping` of a customer, or `null`.
    pub(super) fn write_of_customer(sheet: &mut Sheet<'_>, shipping: Option<&Self>) {
        let Some(shipping) = shipping else { return sheet.null("shipping") };
        sheet.object("shipping", |sheet| {
            sheet.object("address", |sheet| shipping.address.write(sheet));
            sheet.maybe_text("name", shipping.name.as_deref());
            sheet.maybe_text("phone", shipping.phone.as_deref());
        });
    }
}

/// Whose card it is.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Billing {
    pub(super) address: Address,
    pub(super) email: Option<String>,
    pub(super) name: Option<String>,
    pub(super) phone: Option<String>,
    pub(super) tax_id: Option<String>,
}

impl Billing {
    /// Reads `billing_details` over what was known before.
    ///
    /// # Errors
    ///
    /// A member is unknown, too long or no text, or the address of mail is none.
    pub(super) fn read(&self, params: &mut Params) -> Result<Patch<Self>> {
        let mut members = match params.object("billing_details")? {
            Patch::Keep => return Ok(Patch::Keep),
            Patch::Unset => return Ok(Patch::Unset),
            Patch::Set(members) => members,
        };
        let mut billing = self.clone();
        match members.object("address")? {
            Patch::Keep => {}
            Patch::Unset => billing.address = Address::default(),
            Patch::Set(mut address) => {
                billing.address.merge(&mut address)?;
                address.finish()?;
            }
        }
        email(&mut members, "email")?.apply(&mut billing.email);
        members.patch("name")?.apply(&mut billing.name);
        members.patch("phone")?.apply(&mut billing.phone);
        members.patch("tax_id")?.apply(&mut billing.tax_id);
        members.finish()?;
        Ok(Patch::Set(billing))
    }

    /// Writes `billing_details`.
    pub(super) fn write(&self, sheet: &mut Sheet<'_>) {
        sheet.object("billing_details", |sheet| {
            sheet.object("address", |sheet| self.address.write(sheet));
            sheet.maybe_text("email", self.email.as_deref());
            sheet.maybe_text("name", self.name.as_deref());
            sheet.maybe_text("phone", self.phone.as_deref());
            sheet.maybe_text("tax_id", self.tax_id.as_deref());
        });
    }
}

/// An address of mail that can be unset.
///
/// # Errors
///
/// It is none: no `@` between two parts without blanks.
pub(super) fn email(params: &mut Params, name: &str) -> Result<Patch<String>> {
    const CHARS_MAX: usize = 512;
    let found = params.patch_up_to(name, CHARS_MAX)?;
    if let Patch::Set(email) = &found {
        let is_part = |part: &str| !part.is_empty() && !part.contains(['@', ' ', '\t', '\n']);
        let is_address = email
            .rsplit_once('@')
            .is_some_and(|(user, host)| is_part(user) && is_part(host) && host.len() > 1);
        if !is_address {
            let message = format!("Invalid email address: {email}");
            return Err(Refusal::param(Some("email_invalid"), &params.name(name), message));
        }
    }
    Ok(found)
}
