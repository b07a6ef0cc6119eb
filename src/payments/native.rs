//! The native gateway's requests and answers: the only place that knows its paths and fields.

use crate::crypto::encode_hex;
use crate::json::{self, ObjectWriter, Value};
use crate::money::{Amount, Currency};
use crate::prelude::*;

use super::classify::Verdict;
use super::{HttpRequest, Operation, Profile, Request, Unknown};

/// The error code for a key that was used with another payload.
pub(super) const KEY_MISMATCH: &str = "idempotency_key_mismatch";

/// The request that carries out an intent.
pub(super) fn send(profile: &Profile, request: &Request, key: &str) -> HttpRequest {
    let mut body = ObjectWriter::new()
        .text("merchantId", &request.merchant)
        .number("amount", request.amount.minor())
        .text("currency", request.amount.currency().code())
        .flag("capture", request.operation == Operation::Charge)
        .text("reference", &request.reference)
        .maybe_text("description", request.description.as_deref());
    if let Some(metadata) = &request.metadata {
        body = body.raw("metadata", metadata);
    }
    HttpRequest {
        method: "POST",
        path: "/api/payments".to_owned(),
        headers: vec![("content-type", "application/json".to_owned()), (profile.key_header, key.to_owned())],
        body: Some(body.finish()),
    }
}

/// The request that asks what became of a reference.
pub(super) fn query(request: &Request) -> HttpRequest {
    HttpRequest {
        method: "GET",
        path: glued(&["/api/payments?reference=", &percent_encoded(&request.reference)]),
        headers: Vec::new(),
        body: None,
    }
}

/// The request that voids whatever a key has done; `None` where the provider has no such primitive.
pub(super) const fn void_by_key(_profile: &Profile, _request: &Request, _key: &str) -> Option<HttpRequest> {
    None
}

/// RFC 3986 section 2.3: everything but unreserved characters is escaped.
fn percent_encoded(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for byte in text.bytes() {
        if byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'.' | b'_' | b'~') {
            out.push(char::from(byte));
        } else {
            out.push('%');
            out.push_str(&encode_hex(&[byte]).to_ascii_uppercase());
        }
    }
    out
}

/// Code and message of the gateway's error envelope; `None` when the answer has none.
pub(super) fn error_of(body: &[u8]) -> Option<(String, String)> {
    let document = json::parse(body).ok()?;
    let error = document.get("error")?;
    let code = error.get("code").and_then(Value::as_str)?;
    let message = error.get("message").and_then(Value::as_str).unwrap_or_default();
    Some((code.to_owned(), message.to_owned()))
}

/// A payment as the gateway shows it, as far as the machine needs it.
#[derive(Debug)]
pub(super) struct Payment {
    pub(super) id: String,
    pub(super) reference: String,
    merchant: String,
    amount: Amount,
    state: String,
    failure: Option<(String, String)>,
}

impl Payment {
    /// `None` when the object is not a payment we can rely on.
    pub(super) fn read(object: &Value<'_>) -> Option<Self> {
        let text = |name| object.get(name).and_then(Value::as_str);
        let currency = Currency::parse(text("currency")?).ok()?;
        let failure = object.get("failure").and_then(|failure| {
            let field = |name| failure.get(name).and_then(Value::as_str).map(ToOwned::to_owned);
            Some((field("code")?, field("message")?))
        });
        Some(Self {
            id: text("id").filter(|id| !id.is_empty())?.to_owned(),
            reference: text("reference").unwrap_or_default().to_owned(),
            merchant: text("merchantId")?.to_owned(),
            amount: Amount::from_json(object.get("amount")?, currency).ok()?,
            state: text("state")?.to_owned(),
            failure,
        })
    }

    /// Whether this is what we asked for.
    pub(super) fn is_for(&self, request: &Request) -> bool {
        self.reference == request.reference
            && self.merchant == request.merchant
            && self.amount == request.amount
    }

    pub(super) fn moved_money(&self) -> bool {
        matches!(self.state.as_str(), "authorized" | "completed" | "partially_refunded" | "refunded")
    }

    pub(super) fn has_failed(&self) -> bool {
        matches!(self.state.as_str(), "failed" | "voided" | "expired")
    }

    /// What the payment's state proves. DESIGN.md has the table of states.
    pub(super) fn verdict(&self) -> Verdict {
        match self.state.as_str() {
            _ if self.moved_money() => Verdict::Settled { provider_reference: self.id.clone() },
            "requires_action" => Verdict::ActionRequired { provider_reference: self.id.clone() },
            "pending" | "processing" => {
                Verdict::Ambiguous { reason: Unknown::Processing, key_poisoned: false }
            }
            _ if self.has_failed() => {
                let (code, message) = self.failure.clone().unwrap_or_else(|| {
                    (self.state.clone(), glued(&["the gateway says that the payment is ", &self.state]))
                });
                Verdict::Declined { provider_reference: Some(self.id.clone()), code, message }
            }
            // A state of a later version of the gateway: never guess.
            _ => Verdict::Ambiguous { reason: Unknown::Unreadable, key_poisoned: false },
        }
    }
}
