//! What the merchant wants once: who asks, for what, under which name.
//!
//! A request is read strictly and written in one form, so that its canonical text, and with it the fingerprint, is the
//! same for the same wish. What it does with money stands in its [`Content`].

use crate::json::{self, ObjectWriter, Reader, Value};
use crate::money::Amount;
use crate::prelude::*;

use super::content::{Content, Draft, first_other};
use super::{Error, ErrorKind};

/// Longest reference, in bytes: providers that search by reference take at least this much.
pub const REFERENCE_BYTES_MAX: usize = 200;

/// What is done with the money.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
#[non_exhaustive]
pub enum Operation {
    /// Authorize and capture in one step.
    Charge,
    /// Authorize only; a capture follows.
    Authorize,
    /// Take what was authorized: the whole, or an amount of it.
    Capture,
    /// Let go of what was authorized.
    Void,
    /// Give back what was charged: the whole, or an amount of it.
    Refund,
    /// Move money to another account at the provider.
    Transfer,
    /// Move money out of the provider, to a bank account or card.
    Payout,
    /// A request prepared by somebody else, such as the provider's own client.
    Call,
}

impl Operation {
    const NAMES: [(Self, &'static str); 8] = [
        (Self::Charge, "charge"),
        (Self::Authorize, "authorize"),
        (Self::Capture, "capture"),
        (Self::Void, "void"),
        (Self::Refund, "refund"),
        (Self::Transfer, "transfer"),
        (Self::Payout, "payout"),
        (Self::Call, "call"),
    ];

    /// What a message expects where no operation has the name that was found.
    pub(crate) const EXPECTED: &'static str =
        "an operation: charge, authorize, capture, void, refund, transfer, payout or call";

    /// The stable name, part of the derived key.
    #[must_use]
    pub fn name(self) -> &'static str {
        Self::NAMES.iter().find(|(operation, _)| *operation == self).map_or("", |(_, name)| name)
    }

    /// The operation of a name.
    #[must_use]
    pub fn from_name(name: &str) -> Option<Self> {
        Self::NAMES.iter().find(|(_, known)| *known == name).map(|(operation, _)| *operation)
    }

    /// All operations, in a fixed order.
    pub fn all() -> impl Iterator<Item = Self> {
        Self::NAMES.into_iter().map(|(operation, _)| operation)
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
    /// What it is done with.
    pub content: Content,
}

impl Request {
    /// Reads a request document: `merchant`, `operation`, `reference`, and the fields of [`Payment`](super::Payment) or,
    /// for the operation `call`, the field `call` with those of [`Call`](super::Call).
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Document`], [`ErrorKind::Money`], [`ErrorKind::AmountZero`], [`ErrorKind::FieldOfOperation`],
    /// [`ErrorKind::Reference`].
    pub fn from_json(document: &Value<'_>) -> Result<Self, Error> {
        let mut fields = Reader::of(document, "request");
        let (merchant, name, reference) =
            (fields.text("merchant"), fields.text("operation"), fields.text("reference"));
        let draft = Draft::of(&mut fields);
        fields.finish()?;
        // What was read counts from here on.
        let operation = Operation::from_name(name).ok_or_else(|| {
            json::Error::from(json::ErrorKind::WrongField {
                field: "operation",
                expected: Operation::EXPECTED,
                found: json::quoted(name),
            })
        })?;
        let content = draft.content(operation)?;
        if let Some(problem) = reference_problem(reference) {
            return Err(Error::from(ErrorKind::Reference { problem }));
        }
        Ok(Self { merchant: merchant.to_owned(), operation, reference: reference.to_owned(), content })
    }

    /// The request as a document, fields in a fixed order.
    #[must_use]
    pub fn to_json(&self) -> String {
        let out = ObjectWriter::new()
            .text("merchant", &self.merchant)
            .text("operation", self.operation.name())
            .text("reference", &self.reference);
        self.content.write(out).finish()
    }

    /// How much; `None` where the caller named no amount: a void, or the whole of what was authorized or charged.
    #[must_use]
    pub const fn amount(&self) -> Option<Amount> {
        match &self.content {
            Content::Payment(payment) => payment.amount,
            Content::Call(call) => call.amount,
        }
    }

    /// The first field in which `other` is another request, members of an object with their name behind a dot; `None`
    /// when they are the same.
    #[must_use]
    pub fn difference(&self, other: &Self) -> Option<String> {
        first_other(&[
            // As the options of the client call it.
            ("provider.merchantId", self.merchant == other.merchant),
            ("operation", self.operation == other.operation),
            ("reference", self.reference == other.reference),
        ])
        .or_else(|| self.content.difference(&other.content))
    }
}

/// Why a text cannot name an intent; `None` when it can.
#[inline(never)]
pub(super) fn reference_problem(reference: &str) -> Option<&'static str> {
    if reference.len() > REFERENCE_BYTES_MAX {
        Some("is longer than 200 bytes: name the intent, do not describe it")
    } else if reference.chars().any(char::is_control) {
        Some("contains a control character")
    } else if reference.trim() != reference {
        Some("begins or ends with white space, which some systems would strip: two intents could become one")
    } else {
        None
    }
}
