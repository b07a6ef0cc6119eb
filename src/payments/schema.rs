//! The form of a profile, as tables: which fields there are and what each may hold.
//!
//! Invariant: what passed stands where the interpreters look for it. A field that no table names is refused, since a
//! misspelt promise would otherwise be taken for a missing one.

use crate::prelude::*;

use super::node::Node;
use super::template::{gaps_are_known, path_is_known};

/// What a value may be.
pub(super) enum Shape {
    /// A non-empty string.
    Text,
    /// A non-empty string, or several.
    Texts,
    /// A boolean.
    Flag,
    /// A whole number up to 400 days of milliseconds.
    Count,
    /// A status, or the first and the last of several.
    Status,
    /// One of these words.
    OneOf(&'static [&'static str]),
    /// Name of a header, in lower case where answers are read.
    Header,
    /// The path of a request, with gaps.
    Path,
    /// The body of a request, with gaps.
    Body,
    /// Anything at all.
    Any,
    /// An array.
    List(&'static Self),
    /// An object whose members have names of the caller's choice.
    Map(&'static Self),
    /// An object with these members; `true` where one must be there.
    Object(&'static [(&'static str, bool, Self)]),
}

use Shape::{Any, Body, Count, Flag, Header, List, Map, Object, OneOf, Path, Status, Text, Texts};

const HEADER_TEST: Shape = Object(&[("name", true, Header), ("value", false, Text)]);

const MEANINGS: Shape = OneOf(&[
    "declined",
    "refused",
    "in_progress",
    "already_done",
    "mismatch",
    "rate_limited",
    "unauthorised",
    "not_executed",
    "unknown",
    "unknown_for_ever",
    "executed",
]);

const RULE: Shape = Object(&[
    ("status", true, Status),
    ("code", false, Texts),
    ("header", false, HEADER_TEST),
    ("replayed", false, Flag),
    ("means", true, MEANINGS),
]);

const METHOD: Shape = OneOf(&["GET", "POST", "PUT", "PATCH", "DELETE"]);

/// What moves money: caches and crawlers repeat a GET as they like.
const MOVING: Shape = OneOf(&["POST", "PUT", "PATCH", "DELETE"]);

const READING: Shape = Object(&[
    ("id", true, Text),
    ("id_begins", false, Texts),
    ("state", false, Text),
    ("amount", false, Text),
    ("currency", false, Text),
    ("reference", false, Text),
    ("merchant", false, Text),
    ("code", false, Text),
    ("message", false, Text),
    (
        "states",
        false,
        Object(&[
            ("settled", false, List(&Text)),
            ("action", false, List(&Text)),
            ("processing", false, List(&Text)),
            ("failed", false, List(&Text)),
            ("absent", false, List(&Text)),
        ]),
    ),
]);

const QUERY: Shape = Object(&[
    ("method", false, METHOD),
    ("path", true, Path),
    ("headers", false, Map(&Text)),
    ("body", false, Body),
    ("items", false, Text),
    ("more", false, Text),
    ("next", false, Text),
    ("whole_only", false, Flag),
    ("answer", false, READING),
]);

const ROUTE: Shape = Object(&[
    ("method", false, MOVING),
    ("path", true, Path),
    ("headers", false, Map(&Text)),
    ("body", false, Body),
    ("needs_amount", false, Flag),
    ("answer", false, READING),
    ("query", false, QUERY),
]);

const DIALECT: Shape = Object(&[
    ("encoding", true, OneOf(&["json", "form"])),
    ("amounts", false, OneOf(&["minor", "decimal"])),
    ("answer", false, READING),
    (
        "operations",
        true,
        Object(&[
            ("charge", false, ROUTE),
            ("authorize", false, ROUTE),
            ("capture", false, ROUTE),
            ("void", false, ROUTE),
            ("refund", false, ROUTE),
            ("transfer", false, ROUTE),
            ("payout", false, ROUTE),
        ]),
    ),
]);

/// A whole profile.
pub(super) static PROFILE: Shape = Object(&[
    ("name", true, Text),
    ("title", false, Text),
    (
        "key",
        true,
        Object(&[
            ("header", false, Text),
            ("field", false, Text),
            ("quoted", false, Flag),
            ("form", false, OneOf(&["hex", "uuid"])),
            ("length", true, List(&Count)),
        ]),
    ),
    ("window_ms", true, Count),
    (
        "windows",
        false,
        List(&Object(&[("path", true, Text), ("window_ms", true, Count), ("key_header", false, Text)])),
    ),
    ("margin_ms", true, Count),
    ("quarantine_ms", true, Count),
    ("replay", false, HEADER_TEST),
    (
        "calls",
        false,
        Object(&[
            ("methods", false, List(&MOVING)),
            ("renewed_tokens", false, Flag),
            ("elsewhere", false, List(&Object(&[("path", true, Text), ("profile", true, Text)]))),
        ]),
    ),
    (
        "error",
        true,
        Object(&[("codes", true, List(&Text)), ("message", false, Text), ("payment", false, Text)]),
    ),
    ("answers", true, List(&RULE)),
    ("kept_headers", false, List(&Header)),
    (
        "void_by_key",
        false,
        Object(&[
            ("of", true, Text),
            ("method", false, METHOD),
            ("path", true, Path),
            ("headers", false, Map(&Text)),
            ("body", false, Body),
        ]),
    ),
    ("dialect", false, DIALECT),
    ("sources", false, Any),
]);

/// What does not fit: the place, steps with dots between, and what belongs there.
pub(super) struct Misfit {
    pub(super) field: String,
    pub(super) problem: &'static str,
}

/// Finds the first value that does not have its shape, in document order.
pub(super) fn misfit(node: &Node, shape: &Shape) -> Option<Misfit> {
    let problem = match (shape, node) {
        (Object(fields), Node::Map(members)) => {
            let inner = members.iter().find_map(|(name, member)| {
                let Some((_, _, shape)) = fields.iter().find(|(known, ..)| known == name) else {
                    return Some(Misfit {
                        field: name.clone(),
                        problem: "is not known here: remove it or mend its name",
                    });
                };
                misfit(member, shape).map(|misfit| misfit.behind(name))
            });
            let missing = || {
                let (name, ..) = fields.iter().find(|(name, must, _)| *must && node.get(name).is_none())?;
                Some(Misfit { field: (*name).to_owned(), problem: "is missing" })
            };
            return inner.or_else(missing);
        }
        (Map(shape), Node::Map(members)) => {
            return members
                .iter()
                .find_map(|(name, member)| misfit(member, shape).map(|misfit| misfit.behind(name)));
        }
        (List(shape), Node::List(items)) => {
            let behind = |(position, item): (usize, &Node)| {
                misfit(item, shape).map(|misfit| misfit.behind(&position.digits()))
            };
            return items.iter().enumerate().find_map(behind);
        }
        (Texts, _) if node.one_or_more().iter().all(is_text) => return None,
        (Any, _) => return None,
        (Text, Node::Text(text)) if !text.is_empty() => return None,
        (Flag, Node::Plain(text)) if text == "true" || text == "false" => return None,
        (Count, _) if node.as_count().is_some_and(|count| count <= DAYS_400) => return None,
        (Status, _) if is_status(node) => return None,
        (OneOf(words), Node::Text(text)) if words.contains(&text.as_str()) => return None,
        (Header, Node::Text(text))
            if is_header(text) && !text.bytes().any(|byte| byte.is_ascii_uppercase()) =>
        {
            return None;
        }
        (Path, Node::Text(text)) if path_is_known(text) => return None,
        (Body, Node::Map(_)) if gaps_are_known(node) => return None,
        (Object(_) | Map(_), _) => "is no object",
        (List(_), _) => "is no list",
        (Texts, _) => "is neither a non-empty string nor a list of them",
        (Text, _) => "is no non-empty string",
        (Flag, _) => "is neither true nor false",
        (Count, _) => "is no whole number up to 34560000000: times are milliseconds, 400 days at most",
        (Status, _) => "is neither a status from 200 to 599 nor the first and the last of several",
        (OneOf(_), _) => "is none of the words it may be, see docs/providers.md",
        (Header, _) => "is no name of a header in lower case",
        (Path, _) => "does not begin with a slash, or has a gap that nothing stands for",
        (Body, _) => "is no object, or has a gap that nothing stands for",
    };
    Some(Misfit { field: String::new(), problem })
}

impl Misfit {
    fn behind(self, step: &str) -> Self {
        let dot = if self.field.is_empty() { "" } else { "." };
        Self { field: glued(&[step, dot, &self.field]), ..self }
    }
}

/// No provider remembers a key longer, and whoever writes more most likely counts in another unit.
const DAYS_400: u64 = 400 * 24 * 3_600_000;

fn is_text(node: &Node) -> bool {
    node.as_text().is_some_and(|text| !text.is_empty())
}

fn is_status(node: &Node) -> bool {
    statuses(node).is_some_and(|(first, last)| 200 <= first && first <= last && last <= 599)
}

/// The first and the last status of a rule.
pub(super) fn statuses(node: &Node) -> Option<(u64, u64)> {
    match node.one_or_more() {
        [status] => status.as_count().map(|status| (status, status)),
        [first, last] => first.as_count().zip(last.as_count()),
        _ => None,
    }
}

/// Whether a header carries credentials: no journal keeps them.
pub(super) fn is_secret(name: &str) -> bool {
    let name = name.to_ascii_lowercase();
    ["cookie", "authorization", "authenticate"].into_iter().any(|part| name.contains(part))
}

/// Whether a header says who somebody is, or how the message travels: no key goes there.
pub(super) fn is_reserved(name: &str) -> bool {
    const TRAVEL: [&str; 5] = ["connection", "content-length", "content-type", "host", "transfer-encoding"];
    is_secret(name) || TRAVEL.into_iter().any(|known| name.eq_ignore_ascii_case(known))
}

/// Whether a text can name a header.
pub(super) fn is_header(name: &str) -> bool {
    !name.is_empty() && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-' || byte == b'_')
}
