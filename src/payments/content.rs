//! What an intent does with money: a payment in our words, or a request in the provider's.
//!
//! Invariant: a field that an operation cannot use is refused, never ignored, so that two contents that are compared
//! differ in what is sent.

use crate::json::{self, ObjectWriter, Reader, SAFE_INTEGER_MAX, Value};
use crate::money::{self, Amount, Currency};
use crate::prelude::*;

use super::call::first_member;
use super::{Call, Error, ErrorKind, Operation};

/// Longest metadata, and longest object of provider fields, in bytes of canonical JSON.
pub const METADATA_BYTES_MAX: usize = 8_192;

/// Longest description, in bytes: text for people, not a document.
pub const DESCRIPTION_BYTES_MAX: usize = 1_000;

/// Longest name of a payment or an account at a provider, in bytes.
pub const TARGET_BYTES_MAX: usize = 500;

/// What the caller's own language calls `provider_fields`: messages are for him.
const PROVIDER_FIELDS: &str = "providerFields";

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

/// The fields of a request document that belong to its content, before anybody knows whether they fit together.
pub(super) struct Draft<'v, 'a> {
    amount: Option<&'v Value<'a>>,
    currency: Option<&'v str>,
    target: Option<&'v str>,
    destination: Option<&'v str>,
    description: Option<&'v str>,
    metadata: Option<&'v Value<'a>>,
    provider_fields: Option<&'v Value<'a>>,
    call: Option<&'v Value<'a>>,
}

/// Whether an operation has a use for a field.
#[derive(Clone, Copy, PartialEq)]
enum Need {
    Must,
    May,
    Not,
}

/// What an operation needs of the amount, the target and the destination.
const fn needs(operation: Operation) -> (Need, Need, Need) {
    use Need::{May, Must, Not};
    match operation {
        Operation::Charge | Operation::Authorize => (Must, Not, Not),
        Operation::Capture | Operation::Refund => (May, Must, Not),
        Operation::Void => (Not, Must, Not),
        Operation::Transfer => (Must, Not, Must),
        Operation::Payout => (Must, Not, May),
        Operation::Call => (May, Not, Not),
    }
}

impl<'v, 'a> Draft<'v, 'a> {
    /// Reads the fields as they stand.
    pub(super) fn of(fields: &mut Reader<'v, 'a>) -> Self {
        Self {
            amount: fields.optional("amount"),
            currency: fields.maybe_text("currency"),
            target: fields.maybe_text("target"),
            destination: fields.maybe_text("destination"),
            description: fields.maybe_text("description"),
            metadata: fields.optional("metadata"),
            provider_fields: fields.optional("provider_fields"),
            call: fields.optional("call"),
        }
    }

    /// The content of an operation.
    pub(super) fn content(&self, operation: Operation) -> Result<Content, Error> {
        let (amount, target, destination) = needs(operation);
        let (other, call) = match operation {
            Operation::Call => (Need::Not, Need::Must),
            _ => (Need::May, Need::Not),
        };
        let money = self.amount.is_some() || self.currency.is_some();
        for (field, need, found) in [
            ("amount", amount, money),
            ("target", target, self.target.is_some()),
            ("destination", destination, self.destination.is_some()),
            ("description", other, self.description.is_some()),
            ("metadata", other, self.metadata.is_some()),
            (PROVIDER_FIELDS, other, self.provider_fields.is_some()),
            ("call", call, self.call.is_some()),
        ] {
            if need == Need::Must && !found {
                let expected = "what the operation is about";
                return Err(json::Error::from(json::ErrorKind::MissingField { field, expected }).into());
            }
            if need == Need::Not && found {
                return Err(ErrorKind::FieldOfOperation { operation, field }.into());
            }
        }
        let amount = if money { Some(self.amount()?) } else { None };
        if let Some(call) = self.call {
            return Call::read(call, amount).map(Content::Call);
        }
        let named = |field, name: Option<&str>| match name {
            Some("") => Err(wrong(field, "a non-empty string", "an empty string")),
            name => short(name.map_or(0, str::len), TARGET_BYTES_MAX),
        };
        named("target", self.target)?;
        named("destination", self.destination)?;
        short(self.description.map_or(0, str::len), DESCRIPTION_BYTES_MAX)?;
        let metadata = object("metadata", self.metadata)?;
        let provider_fields = object(PROVIDER_FIELDS, self.provider_fields)?;
        let owned = |text: Option<&str>| text.map(ToOwned::to_owned);
        Ok(Content::Payment(Payment {
            amount,
            target: owned(self.target),
            destination: owned(self.destination),
            description: owned(self.description),
            metadata,
            provider_fields,
        }))
    }

    fn amount(&self) -> Result<Amount, Error> {
        let missing = |field, expected| {
            Error::from(json::Error::from(json::ErrorKind::MissingField { field, expected }))
        };
        let value = self.amount.ok_or_else(|| missing("amount", "minor units as digits"))?;
        let code = self.currency.ok_or_else(|| missing("currency", "a code of ISO 4217"))?;
        let amount = Amount::from_json(value, Currency::parse(code)?)?;
        if amount.is_zero() {
            return Err(Error::from(ErrorKind::AmountZero));
        }
        if amount.minor() > SAFE_INTEGER_MAX {
            // Amounts travel to the gateway as JSON numbers.
            let found = amount.minor().digits();
            return Err(money::Error::from(money::ErrorKind::UnsafeNumber { found }).into());
        }
        Ok(amount)
    }
}

fn wrong(field: &'static str, expected: &'static str, found: &str) -> Error {
    json::Error::from(json::ErrorKind::WrongField { field, expected, found: found.to_owned() }).into()
}

fn object(field: &'static str, value: Option<&Value<'_>>) -> Result<Option<String>, Error> {
    let Some(value) = value else { return Ok(None) };
    if value.as_object().is_none() {
        return Err(wrong(field, "an object", value.kind()));
    }
    let text = json::canonical(value);
    short(text.len(), METADATA_BYTES_MAX)?;
    Ok(Some(text))
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
        Some(amount) => {
            out.text("amount", &amount.minor().digits()).text("currency", amount.currency().code())
        }
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
        first_other(&[
            ("currency", self.amount.map(Amount::currency) == other.amount.map(Amount::currency)),
            ("amount", self.amount == other.amount),
            ("target", self.target == other.target),
            ("destination", self.destination == other.destination),
            ("description", self.description == other.description),
        ])
        .or_else(|| member(("metadata", &self.metadata), &other.metadata))
        .or_else(|| member((PROVIDER_FIELDS, &self.provider_fields), &other.provider_fields))
    }
}

/// The first of these fields that is not the same.
#[inline(never)]
pub(super) fn first_other(fields: &[(&str, bool)]) -> Option<String> {
    fields.iter().find(|(_, same)| !same).map(|(field, _)| (*field).to_owned())
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
    first_member(&json::parse(one.as_bytes()).ok()?, &json::parse(two.as_bytes()).ok()?)
}

/// Headers as an object.
#[inline(never)]
pub(crate) fn header_object(headers: &[(String, String)]) -> String {
    headers.iter().fold(ObjectWriter::new(), |out, (name, value)| out.text(name, value)).finish()
}

/// Headers as an object: names in lower case, values of visible characters.
pub(super) fn header_list(
    field: &'static str,
    value: Option<&Value<'_>>,
) -> Result<Vec<(String, String)>, Error> {
    let wrong = |found: &str| {
        Error::from(json::Error::from(json::ErrorKind::WrongField {
            field,
            expected: "header names in lower case, each with its value as one line of text",
            found: found.to_owned(),
        }))
    };
    let mut list = Vec::new();
    let Some(value) = value else { return Ok(list) };
    let members = value.as_object().ok_or_else(|| wrong(value.kind()))?;
    for (name, value) in members {
        let text = value.as_str().ok_or_else(|| wrong(value.kind()))?;
        let named = !name.is_empty()
            && name.bytes().all(|byte| byte.is_ascii_graphic() && !byte.is_ascii_uppercase() && byte != b':');
        if !named || text.chars().any(|character| character.is_control() && character != '\t') {
            return Err(wrong(&json::quoted(name)));
        }
        list.push((name.clone().into_owned(), text.to_owned()));
    }
    Ok(list)
}
