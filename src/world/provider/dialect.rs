//! How the provider reads requests and writes answers. Written from the providers' documents and not from the machine's
//! own dialect: code that both shared would be wrong on both sides together.

use super::books::{Payment, PaymentState};
use crate::json::{self, ArrayWriter, ObjectWriter, Value};
use crate::payments::HttpRequest;
use crate::prelude::*;

/// What a request asks for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Asked {
    /// Charge a customer.
    Charge { merchant: String, reference: String, amount: u64, currency: String },
    /// Give money back: all of it, or an amount.
    Refund { payment: String, amount: Option<u64> },
    /// Let go of a payment that is not charged yet.
    Void { payment: String },
    /// Show one payment.
    Show { payment: String },
    /// Show the payments of a reference.
    List { reference: String },
    /// Nothing the provider understands.
    Nonsense,
}

/// What a request asks for.
pub(super) fn read(request: &HttpRequest) -> Asked {
    let (path, query) = request.path.split_once('?').unwrap_or((&request.path, ""));
    match (&*request.method, path) {
        ("POST", "/api/payments") => {
            read_charge(request.body.as_deref().unwrap_or_default()).unwrap_or(Asked::Nonsense)
        }
        ("GET", "/api/payments") => {
            parameter(query, "reference").map_or(Asked::Nonsense, |reference| Asked::List { reference })
        }
        (method, path) => read_about_one(method, path, request.body.as_deref().unwrap_or_default()),
    }
}

/// A request about a payment that is named in its path.
fn read_about_one(method: &str, path: &str, body: &str) -> Asked {
    let Some(rest) = path.strip_prefix("/api/payments/") else { return Asked::Nonsense };
    match (method, rest.split_once('/')) {
        ("GET", None) => Asked::Show { payment: rest.to_owned() },
        ("POST", Some((payment, "refund"))) => {
            let amount = json::parse(body.as_bytes()).ok().and_then(|body| body.get("amount")?.as_u64());
            Asked::Refund { payment: payment.to_owned(), amount }
        }
        ("POST", Some((payment, "void"))) => Asked::Void { payment: payment.to_owned() },
        _ => Asked::Nonsense,
    }
}

fn read_charge(body: &str) -> Option<Asked> {
    let document = json::parse(body.as_bytes()).ok()?;
    let text = |name| document.get(name).and_then(Value::as_str).map(ToOwned::to_owned);
    Some(Asked::Charge {
        merchant: text("merchantId")?,
        reference: text("reference")?,
        amount: document.get("amount").and_then(Value::as_u64)?,
        currency: text("currency")?,
    })
}

/// A parameter of a query, with its escapes undone.
fn parameter(query: &str, name: &str) -> Option<String> {
    let value = query.split('&').find_map(|pair| pair.strip_prefix(name)?.strip_prefix('='))?;
    let mut bytes = Vec::new();
    let mut rest = value.bytes();
    while let Some(byte) = rest.next() {
        let escaped = || Some((rest.next()?, rest.next()?));
        bytes.push(if byte == b'%' { hex(escaped)? } else { byte });
    }
    String::from_utf8(bytes).ok()
}

fn hex(mut escaped: impl FnMut() -> Option<(u8, u8)>) -> Option<u8> {
    let (high, low) = escaped()?;
    let digit = |byte| char::from(byte).to_digit(16).and_then(|digit| u8::try_from(digit).ok());
    Some(digit(high)?.wrapping_shl(4) | digit(low)?)
}

/// A payment as the provider shows it.
pub(super) fn shown(payment: &Payment) -> String {
    let state = match payment.state {
        PaymentState::Charged if payment.refunds.is_empty() => "completed",
        PaymentState::Charged if payment.is_live() => "partially_refunded",
        PaymentState::Charged => "refunded",
        PaymentState::Declined => "failed",
        PaymentState::Challenged => "requires_action",
        PaymentState::Abandoned => "expired",
        PaymentState::Voided => "voided",
    };
    let mut refunds = ArrayWriter::new();
    for (id, amount) in &payment.refunds {
        refunds = refunds.raw(&ObjectWriter::new().text("id", id).number("amount", *amount).finish());
    }
    ObjectWriter::new()
        .text("id", &payment.id)
        .text("object", "payment")
        .text("merchantId", &payment.merchant)
        .number("amount", payment.amount)
        .text("currency", &payment.currency)
        .text("reference", &payment.reference)
        .text("state", state)
        .raw("refunds", &refunds.finish())
        .null("failure")
        .finish()
}

/// The payments of a reference, the newest first.
pub(super) fn list<'a>(payments: impl DoubleEndedIterator<Item = &'a Payment>) -> String {
    let mut data = ArrayWriter::new();
    for payment in payments.rev() {
        data = data.raw(&shown(payment));
    }
    ObjectWriter::new().text("object", "list").raw("data", &data.finish()).flag("hasMore", false).finish()
}

/// An error.
pub(super) fn error(code: &str) -> String {
    let inner = ObjectWriter::new().text("code", code).text("message", "no").finish();
    ObjectWriter::new().raw("error", &inner).finish()
}

/// An event about a payment.
pub(super) fn event(id: &str, kind: &str, payment: &Payment) -> String {
    let data = ObjectWriter::new().raw("object", &shown(payment)).finish();
    ObjectWriter::new().text("id", id).text("type", kind).raw("data", &data).finish()
}
