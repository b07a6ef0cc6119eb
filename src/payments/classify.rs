//! What an answer proves, and what it does not (reference/payments.md 4.8).

use crate::json::{self, Value};
use crate::prelude::*;
use crate::time::Millis;

use super::node::Node;
use super::reading::{self, Reading, Seen};
use super::{Content, Profile, Request, Unknown, schema, wire};

/// An answer as the driver saw it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Response {
    /// HTTP status.
    pub status: u16,
    /// Names in lower case and values; at least those of [`Profile::answer_headers`].
    pub headers: Vec<(String, String)>,
    /// The body.
    pub body: Vec<u8>,
    /// The shortest wait the provider asks for, as [`retry_after`](crate::retry::retry_after) reads his header. The driver
    /// reads it: three forms of a date are too much for an engine that knows no calendar otherwise.
    pub retry_after: Option<Millis>,
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
struct Complaint<'v> {
    codes: Vec<&'v str>,
    message: &'v str,
    payment: Option<&'v str>,
}

/// What an answer to a send proves.
#[must_use]
pub fn send_answer(profile: &Profile, request: &Request, response: &Response) -> Verdict {
    let document = json::parse(&response.body).ok();
    let complaint = Complaint::of(profile, document.as_ref());
    let replayed = profile.root().get("replay").is_some_and(|test| has_header(test, &response.headers));
    let mut rules = profile.root().list("answers").iter();
    match rules
        .find(|rule| fits(rule, response, &complaint.codes, replayed))
        .and_then(|rule| rule.text("means"))
    {
        Some(means) => meaning(means, response.status, &complaint),
        None if (200..=299).contains(&response.status) => {
            success(profile, request, response, document.as_ref())
        }
        None => Verdict::Ambiguous { reason: Unknown::ServerError, key_poisoned: false },
    }
}

impl<'v> Complaint<'v> {
    fn of(profile: &Profile, document: Option<&'v Value<'_>>) -> Self {
        let places = profile.root().get("error");
        let text = |path: Option<&Node>| reading::text_at(document?, path?.as_text()?);
        let at = |name| text(places.and_then(|places| places.get(name)));
        let codes = places.map_or(&[][..], |places| places.list("codes"));
        Self {
            codes: codes.iter().filter_map(|path| text(Some(path))).collect(),
            message: at("message").unwrap_or_default(),
            payment: at("payment"),
        }
    }
}

/// Whether a rule is about an answer.
fn fits(rule: &Node, response: &Response, codes: &[&str], replayed: bool) -> bool {
    let status = u64::from(response.status);
    let wanted = rule.get("code").map_or(&[][..], Node::one_or_more).iter().filter_map(Node::as_text);
    rule.get("status")
        .and_then(schema::statuses)
        .is_some_and(|(first, last)| first <= status && status <= last)
        && (rule.get("code").is_none() || wanted.into_iter().any(|code| codes.contains(&code)))
        && rule.get("header").is_none_or(|test| has_header(test, &response.headers))
        && (replayed || !rule.flag("replayed"))
}

/// Whether a header is there, with the value that was named if one was.
fn has_header(test: &Node, headers: &[(String, String)]) -> bool {
    let found = headers.iter().find(|(name, _)| Some(name.as_str()) == test.text("name"));
    found.is_some_and(|(_, value)| {
        test.text("value").is_none_or(|wanted| wanted.eq_ignore_ascii_case(value.trim_ascii()))
    })
}

fn meaning(means: &str, status: u16, complaint: &Complaint<'_>) -> Verdict {
    let ambiguous = |reason, key_poisoned| Verdict::Ambiguous { reason, key_poisoned };
    let text = |text: &str| text.to_owned();
    // Whoever gave up waiting does not know what became of it, whatever the rule that fits says.
    let code = complaint.codes.first().filter(|_| status != TIMED_OUT);
    match (means, code) {
        ("declined", Some(code)) => Verdict::Declined {
            provider_reference: complaint.payment.map(text),
            code: text(code),
            message: text(complaint.message),
        },
        ("refused", Some(code)) => Verdict::Refused { code: text(code), message: text(complaint.message) },
        // Only the provider itself speaks in its own envelope: a proxy's 404 or 413 proves nothing.
        ("declined" | "refused", None) => ambiguous(by_status(status), false),
        // The provider names what this key made, so that there is nothing left to ask.
        ("executed", _) => match complaint.payment {
            Some(id) => Verdict::Settled { provider_reference: text(id) },
            None => ambiguous(Unknown::AlreadyDone, true),
        },
        ("in_progress", _) => ambiguous(Unknown::InProgress, false),
        ("already_done", _) => ambiguous(Unknown::AlreadyDone, true),
        ("mismatch", _) => Verdict::Contradiction { reason: "key_was_used_for_another_request" },
        ("rate_limited", _) => Verdict::NotExecuted(Unknown::RateLimited),
        ("unauthorised", _) => Verdict::NotExecuted(Unknown::Unauthorised),
        ("not_executed", _) => Verdict::NotExecuted(Unknown::Unavailable),
        ("unknown_for_ever", _) => ambiguous(Unknown::StoredServerError, true),
        _ => ambiguous(by_status(status), false),
    }
}

/// The status of servers and proxies that gave up waiting.
const TIMED_OUT: u16 = 408;

const fn by_status(status: u16) -> Unknown {
    match status {
        TIMED_OUT => Unknown::ConnectionLost,
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
        // What it means is for whoever prepared it; but half of a document is no answer, and a page for people comes from
        // somebody in between.
        let body = response.body.trim_ascii_start();
        let begins_so =
            |with: &[u8]| body.get(..with.len()).is_some_and(|begin| begin.eq_ignore_ascii_case(with));
        return match document {
            None if [&b"{"[..], b"[", b"<html", b"<!doctype html"].into_iter().any(begins_so) => unreadable,
            document => {
                let id = document.and_then(|document| reading::text_at(document, "id"));
                Verdict::Settled { provider_reference: id.unwrap_or_default().to_owned() }
            }
        };
    }
    let reading = Reading::of(profile, request);
    let Some(payment) = document.zip(reading).and_then(|(document, reading)| Seen::read(reading, document))
    else {
        return unreadable;
    };
    if !payment.is_for(request) {
        return Verdict::Contradiction { reason: "the_answer_is_for_another_payment" };
    }
    payment.verdict()
}

/// What a list of payments with our reference proves: the verdict of the one that counts, and charges beyond it.
///
/// Failed payments are looked at only where their `failures_count`; they may belong to another epoch. Charges that are
/// `ignored` were taken back, and are not there.
pub(super) fn query_answer(
    profile: &Profile,
    request: &Request,
    failures_count: impl Fn(&str) -> bool,
    ignored: impl Fn(&str) -> bool,
    body: &[u8],
) -> Result<(Option<Verdict>, Vec<String>), Unknown> {
    let query = wire::query_of(profile, request).ok_or(Unknown::Unreadable)?;
    let reading = Reading::of_query(profile, request, query).ok_or(Unknown::Unreadable)?;
    let document = json::parse(body).map_err(|_| Unknown::Unreadable)?;
    let items = match query.text("items") {
        None => core::slice::from_ref(&document),
        Some(path) => reading::at(&document, path).and_then(Value::as_array).ok_or(Unknown::Unreadable)?,
    };
    let ended =
        |value: &Value<'_>| matches!(value, Value::Null | Value::Bool(false)) || value.as_str() == Some("");
    let whole = query.text("more").is_none_or(|path| reading::at(&document, path).is_some_and(ended))
        && query.text("next").is_none_or(|path| reading::at(&document, path).is_none_or(ended));
    if !whole {
        return Err(Unknown::Unreadable);
    }
    // Whatever state it is in, what a prepared request made is what it was to make; one that failed moved nothing.
    let is_call = request.content.as_call().is_some();
    let mut contradiction = None;
    let (mut charge, mut extra, mut open, mut failed) = (None, Vec::new(), None, None);
    // The list is newest first, and is read from its end: the first charge counts, the others are extra.
    for item in items.iter().rev() {
        let payment = Seen::read(reading, item).ok_or(Unknown::Unreadable)?;
        let ours = payment.has_reference(&request.reference) && !payment.is_absent() && !ignored(payment.id);
        if !ours || (payment.has_failed() && !failures_count(payment.id)) {
            continue;
        }
        if !payment.is_for(request) {
            contradiction = Some(Verdict::Contradiction { reason: "the_reference_names_another_payment" });
        } else if payment.moved_money() || (is_call && !payment.has_failed()) {
            match charge {
                None => charge = Some(payment.id),
                Some(_) => extra.push(payment.id.to_owned()),
            }
        } else if payment.has_failed() {
            failed = Some(payment);
        } else {
            open = Some(payment);
        }
    }
    if contradiction.is_some() {
        return Ok((contradiction, Vec::new()));
    }
    let charged = charge.map(|id| Verdict::Settled { provider_reference: id.to_owned() });
    Ok((charged.or_else(|| open.or(failed).map(|payment| payment.verdict())), extra))
}

/// Whether the provider does not answer this question and never will: no such search for this merchant, say. What passes
/// (credentials, a conflict, a limit) says nothing.
pub(super) const fn refuses_questions(status: u16) -> bool {
    matches!(status, 400..=499) && !matches!(status, 401 | TIMED_OUT | 409 | 425 | 429)
}

/// The object of a name in the answer to a query, as JSON text.
pub(super) fn found_object(profile: &Profile, request: &Request, id: &str, body: &[u8]) -> Option<String> {
    let query = wire::query_of(profile, request)?;
    let document = json::parse(body).ok()?;
    let reading = Reading::of_query(profile, request, query)?;
    let items = reading::at(&document, query.text("items")?)?.as_array()?;
    let found = items.iter().find(|item| Seen::read(reading, item).is_some_and(|seen| seen.id == id));
    found.map(Value::to_text)
}

impl Profile {
    /// Whether the answer to [`Profile::void_request`] says that whatever was done with the key is undone.
    #[must_use]
    pub const fn is_voided(response: &Response) -> bool {
        matches!(response.status, 200..=299)
    }
}
