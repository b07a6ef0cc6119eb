//! What an answer proves, and what it does not (reference/payments.md 4.8).

use crate::calendar;
use crate::json::{self, Value};
use crate::prelude::*;
use crate::retry;
use crate::time::{Millis, Timestamp};

use super::dialect::{AmountForm, Reading};
use super::reading::{self, Seen};
use super::rule::{HeaderTest, Meaning, Rule};
use super::{Content, Profile, Request, Unknown, wire};

/// An answer as the driver saw it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Response {
    /// HTTP status.
    pub status: u16,
    /// Names in lower case and values; at least those of [`Profile::answer_headers`].
    pub headers: Vec<(String, String)>,
    /// The body.
    pub body: Vec<u8>,
}

impl Response {
    /// The shortest wait the provider asks for: the `Retry-After` header, in any form of RFC 9110.
    #[must_use]
    pub fn retry_after(&self, now: Timestamp) -> Option<Millis> {
        let (_, text) = self.headers.iter().find(|(name, _)| name == "retry-after")?;
        retry::retry_after(text, now, calendar::parse_http_date)
    }
}

/// What an answer to our key proves.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Verdict {
    /// Money moved, or is authorised, under our key.
    Settled {
        /// The provider's name for the payment; empty where a prepared request was answered without one.
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

/// What an error answer says about itself.
struct Complaint {
    codes: Vec<String>,
    message: String,
    payment: Option<String>,
}

/// What an answer to a send proves.
#[must_use]
pub fn send_answer(profile: &Profile, request: &Request, response: &Response) -> Verdict {
    let document = json::parse(&response.body).ok();
    let complaint = document.as_ref().map_or_else(
        || Complaint { codes: Vec::new(), message: String::new(), payment: None },
        |document| complaint(profile, document),
    );
    let replayed = profile.replay.as_ref().is_some_and(|test| HeaderTest::fits(test, &response.headers));
    match profile.rules.iter().find(|rule| fits(rule, response, &complaint.codes, replayed)) {
        Some(rule) => meaning(rule.means, response.status, complaint),
        None if (200..=299).contains(&response.status) => {
            success(profile, request, response, document.as_ref())
        }
        None => Verdict::Ambiguous { reason: Unknown::ServerError, key_poisoned: false },
    }
}

fn complaint(profile: &Profile, document: &Value<'_>) -> Complaint {
    let text = |path: &String| reading::text_at(document, path);
    Complaint {
        codes: profile.error_codes.iter().filter_map(text).collect(),
        message: profile.error_message.as_ref().and_then(text).unwrap_or_default(),
        payment: profile.error_payment.as_ref().and_then(text),
    }
}

fn fits(rule: &Rule, response: &Response, codes: &[String], replayed: bool) -> bool {
    let (first, last) = rule.status;
    (first..=last).contains(&response.status)
        && (rule.codes.is_empty() || rule.codes.iter().any(|code| codes.contains(code)))
        && rule.header.as_ref().is_none_or(|test| test.fits(&response.headers))
        && (replayed || !rule.replayed)
}

fn meaning(means: Meaning, status: u16, complaint: Complaint) -> Verdict {
    let ambiguous = |reason, key_poisoned| Verdict::Ambiguous { reason, key_poisoned };
    let Complaint { codes, message, payment } = complaint;
    let code = codes.into_iter().next();
    match (means, code) {
        (Meaning::Declined, Some(code)) => Verdict::Declined { provider_reference: payment, code, message },
        (Meaning::Refused, Some(code)) => Verdict::Refused { code, message },
        // Only the provider itself speaks in its own envelope: a proxy's 404 or 413 proves nothing.
        (Meaning::Declined | Meaning::Refused, None) => ambiguous(Unknown::Unreadable, false),
        (Meaning::InProgress, _) => ambiguous(Unknown::InProgress, false),
        (Meaning::AlreadyDone, _) => ambiguous(Unknown::AlreadyDone, true),
        (Meaning::Mismatch, _) => Verdict::Contradiction { reason: "key_was_used_for_another_request" },
        (Meaning::RateLimited, _) => Verdict::NotExecuted(Unknown::RateLimited),
        (Meaning::Unauthorised, _) => Verdict::NotExecuted(Unknown::Unauthorised),
        (Meaning::NotExecuted, _) => Verdict::NotExecuted(Unknown::Unavailable),
        (Meaning::Unknown, _) => ambiguous(by_status(status), false),
        (Meaning::UnknownForEver, _) => ambiguous(Unknown::StoredServerError, true),
    }
}

const fn by_status(status: u16) -> Unknown {
    match status {
        408 => Unknown::ConnectionLost,
        429 => Unknown::RateLimited,
        400..=499 => Unknown::Unreadable,
        _ => Unknown::ServerError,
    }
}

fn success(
    profile: &Profile,
    request: &Request,
    response: &Response,
    document: Option<&Value<'_>>,
) -> Verdict {
    let unreadable = Verdict::Ambiguous { reason: Unknown::Unreadable, key_poisoned: false };
    if let Content::Call(_) = request.content {
        // What it means is for whoever prepared it; but half of a document is no answer.
        let begins = response.body.iter().find(|byte| !byte.is_ascii_whitespace());
        return match (document, begins) {
            (None, Some(b'{' | b'[')) => unreadable,
            (document, _) => {
                let id = document.and_then(|document| reading::text_at(document, "id"));
                Verdict::Settled { provider_reference: id.unwrap_or_default() }
            }
        };
    }
    let Some((document, (reading, form))) = document.zip(reading_of(profile, request)) else {
        return unreadable;
    };
    let Some(payment) = Seen::read(reading, form, document) else { return unreadable };
    if !payment.is_for(request) {
        return Verdict::Contradiction { reason: "the_answer_is_for_another_payment" };
    }
    payment.verdict()
}

/// Where an answer about a request says what became of it.
pub(super) fn reading_of<'p>(profile: &'p Profile, request: &Request) -> Option<(&'p Reading, AmountForm)> {
    let dialect = profile.dialect.as_ref()?;
    Some((&profile.route(request.operation)?.reading, dialect.amounts))
}

/// What a list of payments with our reference proves: the verdict of the one that counts, and charges beyond it.
///
/// Failed payments are looked at only where `failures_count`; they may belong to another epoch. Charges that are
/// `ignored` were taken back, and are not there.
pub(super) fn query_answer(
    profile: &Profile,
    request: &Request,
    failures_count: bool,
    ignored: impl Fn(&str) -> bool,
    body: &[u8],
) -> Result<(Option<Verdict>, Vec<String>), Unknown> {
    let (query, dialect) =
        wire::query_of(profile, request).zip(profile.dialect.as_ref()).ok_or(Unknown::Unreadable)?;
    let document = json::parse(body).map_err(|_| Unknown::Unreadable)?;
    let items = match &query.items {
        None => core::slice::from_ref(&document),
        Some(path) => reading::at(&document, path).and_then(Value::as_array).ok_or(Unknown::Unreadable)?,
    };
    let payments: Vec<Seen> =
        items.iter().filter_map(|item| Seen::read(&query.reading, dialect.amounts, item)).collect();
    let ended =
        |value: &Value<'_>| matches!(value, Value::Null | Value::Bool(false)) || value.as_str() == Some("");
    let whole = query.more.as_ref().is_none_or(|path| reading::at(&document, path).is_some_and(ended))
        && query.next.as_ref().is_none_or(|path| reading::at(&document, path).is_none_or(ended));
    if payments.len() != items.len() || !whole {
        return Err(Unknown::Unreadable);
    }
    let ours: Vec<&Seen> = payments
        .iter()
        .filter(|payment| payment.has_reference(&request.reference) && !payment.is_absent())
        .filter(|payment| !ignored(&payment.id))
        .filter(|payment| failures_count || !payment.has_failed())
        .collect();
    if ours.iter().any(|payment| !payment.is_for(request)) {
        return Ok((
            Some(Verdict::Contradiction { reason: "the_reference_names_another_payment" }),
            Vec::new(),
        ));
    }
    // Whatever state it is in, what a prepared request made is what it was to make; one that failed moved nothing.
    let is_call = request.content.as_call().is_some();
    // The list is newest first; the first charge counts, the others are extra.
    let counts = |payment: &&&Seen| payment.moved_money() || (is_call && !payment.has_failed());
    let mut charged = ours.iter().rev().filter(counts);
    if let Some(first) = charged.next() {
        let extra = charged.map(|payment| payment.id.clone()).collect();
        let provider_reference = first.id.clone();
        return Ok((Some(Verdict::Settled { provider_reference }), extra));
    }
    let open = ours.iter().find(|payment| !payment.has_failed());
    Ok((open.or(ours.first()).map(|payment| payment.verdict()), Vec::new()))
}

/// The object of a name in the answer to a query, as JSON text.
pub(super) fn found_object(profile: &Profile, request: &Request, id: &str, body: &[u8]) -> Option<String> {
    let query = wire::query_of(profile, request)?;
    let document = json::parse(body).ok()?;
    let items = reading::at(&document, query.items.as_ref()?)?.as_array()?;
    let found = items.iter().find(|item| reading::text_at(item, &query.reading.id).as_deref() == Some(id));
    found.map(Value::to_text)
}

impl Profile {
    /// Whether the answer to [`Profile::void_request`] says that whatever was done with the key is undone.
    #[must_use]
    pub const fn is_voided(response: &Response) -> bool {
        matches!(response.status, 200..=299)
    }
}
