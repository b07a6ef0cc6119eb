//! What an answer proves, and what it does not (reference/payments.md 4.8).

use crate::json::{self, Value};
use crate::prelude::*;
use crate::time::Millis;

use super::native::{self, Payment};
use super::{Profile, Request, Unknown};

/// An answer as the driver saw it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Response {
    /// HTTP status.
    pub status: u16,
    /// The `Retry-After` header, already turned into a length of time; a floor.
    pub retry_after: Option<Millis>,
    /// Whether the profile's replay header was present and true.
    pub replayed: bool,
    /// The body.
    pub body: Vec<u8>,
}

/// What an answer to our key proves.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Verdict {
    /// Money moved, or is authorised, under our key.
    Settled {
        /// The provider's name for the payment.
        provider_reference: String,
    },
    /// The provider waits for the customer.
    ActionRequired {
        /// The provider's name for the payment.
        provider_reference: String,
    },
    /// Refused for a reason bound to this key; nothing moved.
    Declined {
        /// The provider's name for the failed payment, when it made one.
        provider_reference: Option<String>,
        /// The provider's code.
        code: String,
        /// A sentence for people.
        message: String,
    },
    /// The content was refused before execution: proof only if no earlier attempt is unknown.
    Refused {
        /// The provider's code.
        code: String,
        /// A sentence for people.
        message: String,
    },
    /// Surely not executed; the key may be sent again.
    NotExecuted(Unknown),
    /// Perhaps executed.
    Ambiguous {
        /// Why it is unknown.
        reason: Unknown,
        /// No answer to this key will ever tell the truth.
        key_poisoned: bool,
    },
    /// The answer contradicts what we asked for.
    Contradiction {
        /// A stable word.
        reason: &'static str,
    },
}

/// What an answer to a send proves.
pub(super) fn send_answer(profile: &Profile, request: &Request, response: &Response) -> Verdict {
    let error = native::error_of(&response.body);
    match response.status {
        200..=299 => success(request, &response.body),
        409 | 425 => Verdict::Ambiguous { reason: Unknown::InProgress, key_poisoned: false },
        422 if error.as_ref().is_some_and(|(code, _)| code == native::KEY_MISMATCH) => {
            Verdict::Contradiction { reason: "key_was_used_for_another_request" }
        }
        401 | 403 => Verdict::NotExecuted(Unknown::Unauthorised),
        429 if profile.rate_limit_executes_nothing => Verdict::NotExecuted(Unknown::RateLimited),
        429 => Verdict::Ambiguous { reason: Unknown::RateLimited, key_poisoned: false },
        408 => Verdict::Ambiguous { reason: Unknown::ConnectionLost, key_poisoned: false },
        // Only the gateway itself speaks in its own envelope: a proxy's 404 or 413 proves nothing.
        400..=499 => match error {
            Some((code, message)) if response.status == 402 => {
                Verdict::Declined { provider_reference: None, code, message }
            }
            Some((code, message)) => Verdict::Refused { code, message },
            None => Verdict::Ambiguous { reason: Unknown::Unreadable, key_poisoned: false },
        },
        // A replayed 500 is stored under the key: sending again will only ever replay it.
        _ if response.replayed => {
            Verdict::Ambiguous { reason: Unknown::StoredServerError, key_poisoned: true }
        }
        _ => Verdict::Ambiguous { reason: Unknown::ServerError, key_poisoned: false },
    }
}

fn success(request: &Request, body: &[u8]) -> Verdict {
    let unreadable = Verdict::Ambiguous { reason: Unknown::Unreadable, key_poisoned: false };
    let Ok(document) = json::parse(body) else { return unreadable };
    let Some(payment) = Payment::read(&document) else { return unreadable };
    if !payment.is_for(request) {
        return Verdict::Contradiction { reason: "the_answer_is_for_another_payment" };
    }
    payment.verdict()
}

/// What a list of payments with our reference proves: the verdict of the one that counts, and charges beyond it.
///
/// Failed payments are looked at only where `failures_count`; they may belong to another epoch.
pub(super) fn query_answer(
    request: &Request,
    failures_count: bool,
    body: &[u8],
) -> Result<(Option<Verdict>, Vec<String>), Unknown> {
    let document = json::parse(body).map_err(|_| Unknown::Unreadable)?;
    let items = document.get("data").and_then(Value::as_array).ok_or(Unknown::Unreadable)?;
    let payments: Vec<Payment> = items.iter().filter_map(Payment::read).collect();
    let whole = document.get("hasMore").and_then(Value::as_bool) == Some(false);
    if payments.len() != items.len() || !whole {
        return Err(Unknown::Unreadable);
    }
    let ours: Vec<&Payment> = payments
        .iter()
        .filter(|payment| payment.reference == request.reference)
        .filter(|payment| failures_count || !payment.has_failed())
        .collect();
    if ours.iter().any(|payment| !payment.is_for(request)) {
        return Ok((
            Some(Verdict::Contradiction { reason: "the_reference_names_another_payment" }),
            Vec::new(),
        ));
    }
    // The list is newest first; the first charge counts, the others are extra.
    let mut charged = ours.iter().rev().filter(|payment| payment.moved_money());
    if let Some(first) = charged.next() {
        let extra = charged.map(|payment| payment.id.clone()).collect();
        return Ok((Some(first.verdict()), extra));
    }
    let open = ours.iter().find(|payment| !payment.has_failed());
    Ok((open.or(ours.first()).map(|payment| payment.verdict()), Vec::new()))
}
