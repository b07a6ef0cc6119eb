//! Our reference on a request somebody else prepared.
//!
//! Invariant: a call is asked about by reference only if every send of it bore that reference, and it does so only where
//! the dialect's own request to the same address does. Whether it does follows from profile and content alone, so that
//! every process, and every version of the journal, says the same.

use crate::json::{self, ObjectWriter, Value};
use crate::prelude::*;

use super::dialect::{Encoding, Route};
use super::template::merged;
use super::{Call, Content, Profile, Request, wire};

/// A route that goes where the call goes, and the body of the call with our reference in it.
pub(super) struct Tagged<'p> {
    /// How what the call made is asked about.
    pub(super) route: &'p Route,
    /// The body that is sent.
    pub(super) body: String,
}

/// The call with our reference; `None` when it cannot bear one that is asked about.
pub(super) fn tagged<'p>(profile: &'p Profile, request: &Request) -> Option<Tagged<'p>> {
    let Content::Call(call) = &request.content else { return None };
    let dialect = profile.dialect.as_ref()?;
    let fits = |route: &&Route| {
        // An answer that is one object was asked for by a name the call does not have.
        let listed = route.query.as_ref().is_some_and(|query| query.items.is_some());
        listed && route.send.method == call.method && route.send.path == call.path
    };
    let route = dialect.routes.iter().map(|(_, route)| route).find(fits)?;
    let template = json::parse(route.send.body.as_ref()?.as_bytes()).ok()?;
    let (ours, member) = reference_only(&template, &request.reference, "")?;
    let body = match dialect.encoding {
        Encoding::Json => merged(&call.body, &ours).ok(),
        Encoding::Form => with_pair(call, &wire::form(&ours), &member),
    }?;
    Some(Tagged { route, body })
}

/// The object in which a template says our reference, with nothing beside it, and the member that says it.
fn reference_only(template: &Value<'_>, reference: &str, member: &str) -> Option<(String, String)> {
    match template {
        Value::String(text) if text == "$reference" => Some((json::quoted(reference), member.to_owned())),
        Value::Object(members) => members.iter().find_map(|(name, value)| {
            let (inner, member) = reference_only(value, reference, name)?;
            Some((ObjectWriter::new().raw(name, &inner).finish(), member))
        }),
        Value::String(_) | Value::Null | Value::Bool(_) | Value::Number(_) | Value::Array(_) => None,
    }
}

/// The form with one more pair; `None` when a pair of this member may be there already, or the body is no form.
fn with_pair(call: &Call, pair: &str, member: &str) -> Option<String> {
    let taken = call.body.split('&').filter_map(|known| known.split('=').next()).any(|name| {
        let inner = name.strip_suffix(']').or_else(|| name.strip_suffix("%5D")).unwrap_or(name);
        inner.ends_with(member)
    });
    (call.is_form() && !taken).then(|| {
        let between = if call.body.is_empty() { "" } else { "&" };
        glued(&[&call.body, between, pair])
    })
}
