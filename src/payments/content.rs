//! What an intent does with money: a payment in our words, or a request in the provider's.
//!
//! Invariant: a field that an operation cannot use is refused, never ignored, so that two contents that are compared
//! differ in what is sent.

use crate::json::{self, Fields, ObjectWriter, SAFE_INTEGER_MAX, Value};
use crate::money::{self, Amount, Currency};
use crate::prelude::*;

use super::{Call, Error, ErrorKind, Operation};

/// Longest metadata, and longest object of provider fields, in bytes of canonical JSON.
pub const METADATA_BYTES_MAX: usize = 8_192;

/// Longest description, in bytes: text for people, not a document.
pub const DESCRIPTION_BYTES_MAX: usize = 1_000;

/// Longest name of a payment or an account at a provider, in bytes.
pub const TARGET_BYTES_MAX: usize = 500;

/// What is sent: in our words, or in those of the provider.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Content {
    /// Written by the profile's dialect.
    Payment(Payment),
    /// Written by somebody else, such as the provider's own client.
    Call(Call),
}

/// A movement of money in our words.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Payment {
    /// How much; at least one minor unit. `None` for a void, and for the whole of what is captured or refunded.
    pub amount: Option<Amount>,
    /// The provider's name of the payment that is captured, voided or refunded.
    pub target: Option<String>,
    /// The account that a transfer or payout goes to, as the provider names it.
    pub destination: Option<String>,
    /// Text for people.
    pub description: Option<String>,
    /// An object for programs, as canonical JSON.
    pub metadata: Option<String>,
    /// An object whose members go into the provider's body as they are (for example Stripe's `payment_method`), as
    /// canonical JSON.
    pub provider_fields: Option<String>,
}

/// Which fields of a payment an operation must have, may have, and cannot have.
struct Needs {
    amount: Need,
    target: Need,
    destination: Need,
}

#[derive(Clone, Copy, PartialEq)]
enum Need {
    Must,
    May,
    Not,
}

const fn needs(operation: Operation) -> Needs {
    use Need::{May, Must, Not};
    let (amount, target, destination) = match operation {
        Operation::Charge | Operation::Authorize => (Must, Not, Not),
        Operation::Capture | Operation::Refund => (May, Must, Not),
        Operation::Void => (Not, Must, Not),
        Operation::Transfer => (Must, Not, Must),
        Operation::Payout => (Must, Not, May),
        Operation::Call => (May, Not, Not),
    };
    Needs { amount, target, destination }
}

/// Reads the fields of a request document that belong to its content.
pub(super) fn read(operation: Operation, fields: &mut Fields<'_, '_>) -> Result<Content, Error> {
    let needs = needs(operation);
    let amount = amount(fields, operation, needs.amount)?;
    if operation == Operation::Call {
        return Call::read(fields.required("call", "the prepared request")?, amount).map(Content::Call);
    }
    let target = name(fields, operation, "target", needs.target)?;
    let destination = name(fields, operation, "destination", needs.destination)?;
    let description = fields.maybe_text("description")?.map(ToOwned::to_owned);
    if let Some(description) = &description {
        short(description.len(), DESCRIPTION_BYTES_MAX)?;
    }
    Ok(Content::Payment(Payment {
        amount,
        target,
        destination,
        description,
        metadata: fields.optional("metadata").map(|value| object("metadata", value)).transpose()?,
        provider_fields: fields
            .optional("provider_fields")
            .map(|value| object("provider_fields", value))
            .transpose()?,
    }))
}

fn amount(fields: &mut Fields<'_, '_>, operation: Operation, need: Need) -> Result<Option<Amount>, Error> {
    let (value, currency) = (fields.optional("amount"), fields.optional("currency"));
    if need != Need::Must && value.is_none() && currency.is_none() {
        return Ok(None);
    }
    if need == Need::Not {
        return Err(ErrorKind::FieldOfOperation { operation, field: "amount" }.into());
    }
    let value = fields.required("amount", "minor units as digits")?;
    let currency = Currency::parse(fields.text("currency")?)?;
    let amount = Amount::from_json(value, currency)?;
    if amount.is_zero() {
        return Err(Error::from(ErrorKind::AmountZero));
    }
    if amount.minor() > SAFE_INTEGER_MAX {
        // Amounts travel to the gateway as JSON numbers.
        let found = amount.minor().digits();
        return Err(money::Error::from(money::ErrorKind::UnsafeNumber { found }).into());
    }
    Ok(Some(amount))
}

fn name(
    fields: &mut Fields<'_, '_>,
    operation: Operation,
    field: &'static str,
    need: Need,
) -> Result<Option<String>, Error> {
    if need != Need::Must && fields.optional(field).is_none() {
        return Ok(None);
    }
    if need == Need::Not {
        return Err(ErrorKind::FieldOfOperation { operation, field }.into());
    }
    let name = fields.text(field)?;
    short(name.len(), TARGET_BYTES_MAX)?;
    Ok(Some(name.to_owned()))
}

fn object(field: &'static str, value: &Value<'_>) -> Result<String, Error> {
    if value.as_object().is_none() {
        let found = value.kind().to_owned();
        return Err(
            json::Error::from(json::ErrorKind::WrongField { field, expected: "an object", found }).into()
        );
    }
    let text = json::canonical(value);
    short(text.len(), METADATA_BYTES_MAX)?;
    Ok(text)
}

pub(super) fn short(found: usize, limit: usize) -> Result<(), Error> {
    if found > limit {
        return Err(json::Error::from(json::ErrorKind::TooLarge { found, limit }).into());
    }
    Ok(())
}

impl Content {
    /// The payment, unless somebody else prepared the request.
    #[must_use]
    pub const fn as_payment(&self) -> Option<&Payment> {
        match self {
            Self::Payment(payment) => Some(payment),
            Self::Call(_) => None,
        }
    }

    /// The prepared request, if it is one.
    #[must_use]
    pub const fn as_call(&self) -> Option<&Call> {
        match self {
            Self::Payment(_) => None,
            Self::Call(call) => Some(call),
        }
    }

    pub(super) fn write(&self, out: ObjectWriter) -> ObjectWriter {
        match self {
            Self::Payment(payment) => payment.write(out),
            Self::Call(call) => raw(with_amount(out, call.amount), "call", Some(&call.to_json())),
        }
    }

    /// The first field that differs.
    pub(super) fn difference(&self, other: &Self) -> Option<String> {
        match (self, other) {
            (Self::Payment(one), Self::Payment(two)) => one.difference(two),
            (Self::Call(one), Self::Call(two)) => one.difference(two),
            (Self::Payment(_), Self::Call(_)) | (Self::Call(_), Self::Payment(_)) => {
                Some("operation".to_owned())
            }
        }
    }
}

fn with_amount(out: ObjectWriter, amount: Option<Amount>) -> ObjectWriter {
    match amount {
        Some(amount) => out.digits("amount", amount.minor()).text("currency", amount.currency().code()),
        None => out,
    }
}

fn raw(out: ObjectWriter, name: &str, value: Option<&str>) -> ObjectWriter {
    match value {
        Some(value) => out.raw(name, value),
        None => out,
    }
}

impl Payment {
    fn write(&self, out: ObjectWriter) -> ObjectWriter {
        let out = with_amount(out, self.amount)
            .maybe_text("target", self.target.as_deref())
            .maybe_text("destination", self.destination.as_deref())
            .maybe_text("description", self.description.as_deref());
        let out = raw(out, "metadata", self.metadata.as_deref());
        raw(out, "provider_fields", self.provider_fields.as_deref())
    }

    fn difference(&self, other: &Self) -> Option<String> {
        let plain = [
            ("currency", self.amount.map(Amount::currency) == other.amount.map(Amount::currency)),
            ("amount", self.amount == other.amount),
            ("target", self.target == other.target),
            ("destination", self.destination == other.destination),
            ("description", self.description == other.description),
        ];
        let found = plain.into_iter().find(|(_, same)| !same).map(|(field, _)| field.to_owned());
        found
            .or_else(|| member(("metadata", &self.metadata), &other.metadata))
            .or_else(|| member(("provider_fields", &self.provider_fields), &other.provider_fields))
    }
}

/// The first member in which two objects differ, behind the name of the field; the field where only one has it.
fn member((field, one): (&str, &Option<String>), two: &Option<String>) -> Option<String> {
    if one == two {
        return None;
    }
    let (one, two) = (one.as_deref().unwrap_or("{}"), two.as_deref().unwrap_or("{}"));
    let name = first_difference(one, two).unwrap_or_default();
    Some(if name.is_empty() { field.to_owned() } else { glued(&[field, ".", &name]) })
}

fn first_difference(one: &str, two: &str) -> Option<String> {
    let (one, two) = (json::parse(one.as_bytes()).ok()?, json::parse(two.as_bytes()).ok()?);
    let names = one.as_object()?.iter().chain(two.as_object()?).map(|(name, _)| name);
    names.into_iter().find(|name| one.get(name) != two.get(name)).map(|name| name.clone().into_owned())
}

/// Headers as an object: names in lower case, values of visible characters.
pub(super) fn header_list(field: &'static str, value: &Value<'_>) -> Result<Vec<(String, String)>, Error> {
    let wrong = |found: &str| {
        Error::from(json::Error::from(json::ErrorKind::WrongField {
            field,
            expected: "header names in lower case, each with its value as one line of text",
            found: found.to_owned(),
        }))
    };
    let members = value.as_object().ok_or_else(|| wrong(value.kind()))?;
    let mut list = Vec::new();
    for (name, value) in members {
        let text = value.as_str().ok_or_else(|| wrong(value.kind()))?;
        let named = !name.is_empty()
            && name.bytes().all(|byte| byte.is_ascii_graphic() && !byte.is_ascii_uppercase() && byte != b':');
        if !named || text.chars().any(|character| character.is_control() && character != '\t') {
            return Err(wrong(&json::quoted(&name.chars().take(80).collect::<String>())));
        }
        list.push((name.clone().into_owned(), text.to_owned()));
    }
    Ok(list)
}
