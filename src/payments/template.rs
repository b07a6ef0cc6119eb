//! A request with gaps: method, path and body of a provider's API, in which names with a dollar stand for what is sent.
//!
//! Invariant: what is filled in cannot change the shape of the request: in a path it is percent-encoded, in a body it
//! is a value of its own. A gap without a value leaves its member out.

use crate::crypto::encode_hex;
use crate::json::{self, ObjectWriter};
use crate::prelude::*;

use super::Request;
use super::node::Node;

/// What gaps may stand for.
const GAPS: [&str; 13] = [
    "merchant",
    "reference",
    "reference_quoted",
    "key",
    "amount",
    "amount_text",
    "amount_decimal",
    "currency",
    "currency_lower",
    "target",
    "destination",
    "description",
    "metadata",
];

/// The member whose value is merged into the object it stands in.
const SPREAD: &str = "...";

/// What gaps are filled with: the request as a document, with amounts in every form.
pub(super) struct Filler {
    document: Node,
}

impl Filler {
    pub(super) fn new(request: &Request, key: &str) -> Self {
        let amount = request.amount();
        let mut out =
            ObjectWriter::new().text("key", key).text("reference_quoted", &backslashed(&request.reference));
        if let Some(amount) = amount {
            let code = amount.currency().code().to_owned();
            out = out
                .number("amount", amount.minor())
                .text("amount_text", &amount.minor().digits())
                .text("amount_decimal", &amount.to_major())
                .text("currency_lower", &code.to_ascii_lowercase());
        }
        // The forms of the amount stand before the request's own, and the first of a name is found.
        let (forms, own) = (out.finish(), request.to_json());
        let mut members = members_of(&forms);
        members.append(&mut members_of(&own));
        Self { document: Node::Map(members) }
    }

    /// A path with its gaps filled.
    pub(super) fn path(&self, path: &str) -> String {
        let mut out = String::new();
        for (gap, plain) in pieces(path) {
            if let Some(Node::Text(text) | Node::Plain(text)) = gap.and_then(|gap| self.document.get(gap)) {
                percent_encode(&mut out, text);
            }
            out.push_str(plain);
        }
        out
    }

    /// A body with its gaps filled and the caller's own fields merged in; `None` where there is neither.
    ///
    /// # Errors
    ///
    /// The member that both the template and the caller would write.
    pub(super) fn body(&self, template: Option<&Node>) -> Result<Option<Node>, String> {
        let own = self.document.get("provider_fields").map_or(&[][..], Node::members);
        if template.is_none() && own.is_empty() {
            return Ok(None);
        }
        let mut members = match template.and_then(|template| self.value(template)) {
            Some(Node::Map(members)) => members,
            _ => Vec::new(),
        };
        if let Some((name, _)) =
            own.iter().find(|(name, _)| template.is_some_and(|template| template.get(name).is_some()))
        {
            return Err(name.clone());
        }
        members.extend_from_slice(own);
        Ok(Some(Node::Map(members)))
    }

    /// A value of a template; `None` when it is a gap that stays empty.
    fn value(&self, node: &Node) -> Option<Node> {
        match node {
            Node::Plain(_) => Some(node.clone()),
            Node::Text(text) => match text.strip_prefix('$') {
                None => Some(node.clone()),
                Some(gap) => self.document.get(gap).cloned(),
            },
            Node::List(items) => Some(Node::List(items.iter().filter_map(|item| self.value(item)).collect())),
            Node::Map(members) => {
                let mut filled = Vec::new();
                for (name, member) in members {
                    match self.value(member) {
                        // The template decides about what stands in it.
                        Some(Node::Map(spread)) if name == SPREAD => {
                            filled.extend(spread.into_iter().filter(|(name, _)| node.get(name).is_none()));
                        }
                        Some(value) => filled.push((name.clone(), value)),
                        None => {}
                    }
                }
                // An object of which nothing is left was about something the request does not have.
                (members.is_empty() || !filled.is_empty()).then_some(Node::Map(filled))
            }
        }
    }
}

/// A text as it stands between double quotes in a search: what would end it has a backslash in front.
fn backslashed(text: &str) -> String {
    let mut out = String::new();
    for character in text.chars() {
        if matches!(character, '"' | '\\') {
            out.push('\\');
        }
        out.push(character);
    }
    out
}

fn members_of(text: &str) -> Vec<(String, Node)> {
    match json::parse(text.as_bytes()).map(|document| Node::of(&document)) {
        Ok(Node::Map(members)) => members,
        _ => Vec::new(),
    }
}

/// Whether something stands for each gap of a path.
pub(super) fn path_is_known(path: &str) -> bool {
    path.starts_with('/') && pieces(path).iter().all(|(gap, _)| gap.is_none_or(|gap| GAPS.contains(&gap)))
}

/// Whether something stands for each gap of a body.
pub(super) fn gaps_are_known(node: &Node) -> bool {
    match node {
        Node::Plain(_) => true,
        Node::Text(text) => text.strip_prefix('$').is_none_or(|gap| GAPS.contains(&gap)),
        Node::List(items) => items.iter().all(gaps_are_known),
        Node::Map(members) => members.iter().all(|(_, member)| gaps_are_known(member)),
    }
}

/// Whether a request says something of what these gaps stand for.
pub(super) fn mentions(path: &str, body: Option<&Node>, gaps: &[&str]) -> bool {
    pieces(path).iter().any(|(gap, _)| gap.is_some_and(|gap| gaps.contains(&gap)))
        || body.is_some_and(|body| has_gap(body, gaps))
}

fn has_gap(node: &Node, gaps: &[&str]) -> bool {
    match node {
        Node::Plain(_) => false,
        Node::Text(text) => text.strip_prefix('$').is_some_and(|gap| gaps.contains(&gap)),
        Node::List(items) => items.iter().any(|item| has_gap(item, gaps)),
        Node::Map(members) => members.iter().any(|(_, member)| has_gap(member, gaps)),
    }
}

/// The pieces of a path: a gap, and the plain text that follows it. Before the first there is none.
fn pieces(path: &str) -> Vec<(Option<&str>, &str)> {
    let mut list = Vec::new();
    for piece in path.split('{') {
        list.push(match piece.split_once('}') {
            _ if list.is_empty() => (None, piece),
            Some((gap, plain)) => (Some(gap), plain),
            None => (Some(""), piece),
        });
    }
    list
}

/// RFC 3986 section 2.3: everything but unreserved characters is escaped.
pub(super) fn percent_encode(out: &mut String, text: &str) {
    for byte in text.bytes() {
        if byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'.' | b'_' | b'~') {
            out.push(char::from(byte));
        } else {
            out.push('%');
            out.push_str(&encode_hex(&[byte]).to_ascii_uppercase());
        }
    }
}
