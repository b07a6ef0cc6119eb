//! What the merchant wants once.

use crate::json::{self, Fields, ObjectWriter, SAFE_INTEGER_MAX, Value};
use crate::money::{self, Amount, Currency};
use crate::prelude::*;

use super::{Error, ErrorKind};

/// Longest reference, in bytes: providers that search by reference take at least this much.
pub const REFERENCE_BYTES_MAX: usize = 200;

/// Longest metadata, in bytes of canonical JSON.
pub const METADATA_BYTES_MAX: usize = 8_192;

/// Longest description, in bytes: text for people, not a document.
pub const DESCRIPTION_BYTES_MAX: usize = 1_000;

/// What is done with the money.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Operation {
    /// Authorize and capture in one step.
    Charge,
    /// Authorize only; a capture follows.
    Authorize,
    /// Capture.
    Capture,
    /// Void.
    Void,
    /// Refund.
    Refund,
    /// Transfer.
    Transfer,
    /// Payout.
    Payout,
}

impl Operation {
    /// The stable name, part of the derived key.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Charge => "charge",
            Self::Authorize => "authorize",
            Self::Capture => "capture",
            Self::Void => "void",
            Self::Refund => "refund",
            Self::Transfer => "transfer",
            Self::Payout => "payout",
        }
    }

    /// The operation of a name.
    #[must_use]
    pub fn from_name(name: &str) -> Option<Self> {
        match name {
            "charge" => Some(Self::Charge),
            "authorize" => Some(Self::Authorize),
            "void" => Some(Self::Void),
            "refund" => Some(Self::Refund),
            _ => None,
        }
    }
}

/// The content of an intent: what is sent, and what a repeated call must match.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Request {
    /// The merchant, as the provider knows him.
    pub merchant: String,
    /// What is done.
    pub operation: Operation,
    /// The caller's name for this intent.
    pub reference: String,
    /// How much; at least one minor unit.
    pub amount: Amount,
    /// Text for people.
    pub description: Option<String>,
    /// An object for programs, as canonical JSON.
    pub metadata: Option<String>,
}

impl Request {
    /// Reads a request document: `merchant`, `operation`, `reference`, `amount`, `currency`, `description?`,
    /// `metadata?`.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Document`], [`ErrorKind::Money`], [`ErrorKind::AmountZero`], [`ErrorKind::Reference`].
    pub fn from_json(document: &Value<'_>) -> Result<Self, Error> {
        let mut fields = Fields::of(document, "request")?;
        let merchant = fields.text("merchant")?.to_owned();
        let operation = fields.text("operation")?;
        let operation = Operation::from_name(operation).ok_or_else(|| {
            json::Error::from(json::ErrorKind::WrongField {
                field: "operation",
                expected: "\"charge\" or \"authorize\"",
                found: json::quoted(operation),
            })
        })?;
        let reference = fields.text("reference")?.to_owned();
        let amount = fields.required("amount", "minor units as digits")?;
        let currency = Currency::parse(fields.text("currency")?)?;
        let amount = Amount::from_json(amount, currency)?;
        let description = fields.maybe_text("description")?.map(ToOwned::to_owned);
        let metadata = fields.optional("metadata");
        fields.finish()?;

        if amount.is_zero() {
            return Err(Error::from(ErrorKind::AmountZero));
        }
        if amount.minor() > SAFE_INTEGER_MAX {
            // Amounts travel to the gateway as JSON numbers.
            return Err(money::Error::from(money::ErrorKind::UnsafeNumber {
                found: amount.minor().digits(),
            })
            .into());
        }
        check_reference(&reference)?;
        if let Some(found) =
            description.as_ref().map(String::len).filter(|found| *found > DESCRIPTION_BYTES_MAX)
        {
            let limit = DESCRIPTION_BYTES_MAX;
            return Err(json::Error::from(json::ErrorKind::TooLarge { found, limit }).into());
        }
        let metadata = metadata.map(canonical_metadata).transpose()?;
        Ok(Self { merchant, operation, reference, amount, description, metadata })
    }

    /// The request as a document, fields in a fixed order.
    #[must_use]
    pub fn to_json(&self) -> String {
        let mut out = ObjectWriter::new()
            .text("merchant", &self.merchant)
            .text("operation", self.operation.name())
            .text("reference", &self.reference)
            .digits("amount", self.amount.minor())
            .text("currency", self.amount.currency().code())
            .maybe_text("description", self.description.as_deref());
        if let Some(metadata) = &self.metadata {
            out = out.raw("metadata", metadata);
        }
        out.finish()
    }

    /// The first field in which `other` is another request; `None` when they are the same.
    #[must_use]
    pub fn difference(&self, other: &Self) -> Option<&'static str> {
        let fields = [
            ("merchant", self.merchant == other.merchant),
            ("operation", self.operation == other.operation),
            ("reference", self.reference == other.reference),
            ("currency", self.amount.currency() == other.amount.currency()),
            ("amount", self.amount == other.amount),
            ("description", self.description == other.description),
            ("metadata", self.metadata == other.metadata),
        ];
        fields.into_iter().find(|(_, same)| !same).map(|(field, _)| field)
    }
}

fn check_reference(reference: &str) -> Result<(), Error> {
    let problem = if reference.len() > REFERENCE_BYTES_MAX {
        "is longer than 200 bytes: name the intent, do not describe it"
    } else if reference.chars().any(char::is_control) {
        "contains a control character"
    } else if reference.trim() != reference {
        "begins or ends with white space, which some systems would strip: two intents could become one"
    } else {
        return Ok(());
    };
    Err(Error::from(ErrorKind::Reference { problem }))
}

fn canonical_metadata(value: &Value<'_>) -> Result<String, Error> {
    let text = json::canonical(value);
    if value.as_object().is_none() {
        return Err(json::Error::from(json::ErrorKind::WrongField {
            field: "metadata",
            expected: "an object",
            found: value.kind().to_owned(),
        })
        .into());
    }
    if text.len() > METADATA_BYTES_MAX {
        return Err(json::Error::from(json::ErrorKind::TooLarge {
            found: text.len(),
            limit: METADATA_BYTES_MAX,
        })
        .into());
    }
    Ok(text)
}
impl Request {
    pub(super) fn to_take_back(&self, operation: Operation, reference: &str, _charge: &str) -> Self {
        Self { operation, reference: reference.to_owned(), ..self.clone() }
    }
}
