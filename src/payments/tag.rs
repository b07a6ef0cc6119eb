//! Our reference on a request somebody else prepared.
//!
//! Invariant: a call is asked about by reference only if every send of it bore that reference, and it does so only where
//! the dialect's own request to the same address does. Whether it does follows from profile and content alone, so that
//! every process, and every version of the journal, says the same.

use crate::json;
use crate::prelude::*;

use super::node::Node;
use super::wire::pairs;
use super::{Call, Content, Profile, Request};

/// A route that goes where the call goes, and the body of the call with our reference in it.
#[derive(Debug)]
pub(super) struct Tagged<'p> {
    pub(super) route: &'p Node,
    /// The body that is sent.
    pub(super) body: String,
}

impl Profile {
    /// The route of what a request is, or, for a call that bears our reference, of what it looks like.
    pub(super) fn route_of(&self, request: &Request) -> Option<&Node> {
        match request.content {
            Content::Payment(_) => self.route(request.operation),
            Content::Call(_) => tagged(self, request).map(|tagged| tagged.route),
        }
    }
}

/// The call with our reference; `None` when it cannot bear one that is asked about.
pub(super) fn tagged<'p>(profile: &'p Profile, request: &Request) -> Option<Tagged<'p>> {
    let Content::Call(call) = &request.content else { return None };
    let dialect = profile.root().get("dialect")?;
    let fits = |route: &&Node| {
        // An answer that is one object was asked for by a name the call does not have.
        let listed = route.get("query").is_some_and(|query| query.text("items").is_some());
        let method = route.text("method").unwrap_or("POST");
        listed && method == call.method && route.text("path") == Some(call.path.as_str())
    };
    let route = dialect.get("operations")?.members().iter().map(|(_, route)| route).find(fits)?;
    let ours = reference_only(route.get("body")?, &request.reference)?;
    let body =
        if dialect.text("encoding") == Some("form") { in_form(call, &ours) } else { in_object(call, &ours) };
    Some(Tagged { route, body: body? })
}

/// The object in which a template says our reference, with nothing beside it.
fn reference_only(template: &Node, reference: &str) -> Option<Node> {
    match template {
        Node::Text(text) if text == "$reference" => Some(Node::Text(reference.to_owned())),
        Node::Map(members) => members.iter().find_map(|(name, member)| {
            Some(Node::Map(vec![(name.clone(), reference_only(member, reference)?)]))
        }),
        Node::Text(_) | Node::Plain(_) | Node::List(_) => None,
    }
}

/// The JSON body with one more member; `None` when there is one of its name already.
fn in_object(call: &Call, ours: &Node) -> Option<String> {
    let document = json::parse(call.body.as_bytes()).ok()?;
    let mut body = Node::Map(Node::members_of(document.as_object()?));
    place(&mut body, ours).then(|| {
        let mut out = String::new();
        body.write(&mut out);
        out
    })
}

/// Puts what is in one object into another; `false` when there is something in its place.
fn place(target: &mut Node, ours: &Node) -> bool {
    let (Node::Map(target), [(name, value)]) = (target, ours.members()) else { return false };
    match target.iter_mut().find(|(known, _)| known == name) {
        Some((_, inner)) => place(inner, value),
        None => {
            target.push((name.clone(), value.clone()));
            true
        }
    }
}

/// The form with one more pair; `None` when one of its member may be there already, or the body is no form.
fn in_form(call: &Call, ours: &Node) -> Option<String> {
    let mut innermost = ours;
    let mut member = "";
    while let [(name, value)] = innermost.members() {
        (member, innermost) = (name, value);
    }
    let taken = call.body.split('&').filter_map(|known| known.split('=').next()).any(|name| {
        let inner = name.strip_suffix(']').or_else(|| name.strip_suffix("%5D")).unwrap_or(name);
        inner.ends_with(member)
    });
    (call.is_form() && !taken).then(|| {
        let mut body = call.body.clone();
        pairs(&mut body, "", ours);
        body
    })
}
