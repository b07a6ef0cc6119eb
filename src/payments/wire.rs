//! The requests a profile writes: where the key goes, and how a body is encoded.

use crate::json;
use crate::prelude::*;

use super::node::Node;
use super::tag::tagged;
use super::template::{Filler, percent_encode};
use super::{Content, Error, ErrorKind, HttpRequest, Profile, Request};

/// The request that carries out an intent.
///
/// # Errors
///
/// [`ErrorKind::OperationUnsupported`], [`ErrorKind::AmountNeeded`], [`ErrorKind::ProviderField`],
/// [`ErrorKind::KeyHasNoPlace`]. Which of them does not depend on the key.
pub(super) fn send(profile: &Profile, request: &Request, key: &str) -> Result<HttpRequest, Error> {
    let mut sent = match &request.content {
        Content::Call(call) => HttpRequest {
            method: call.method.clone(),
            path: call.path.clone(),
            headers: call.headers.clone(),
            body: Some(tagged(profile, request).map_or_else(|| call.body.clone(), |tagged| tagged.body))
                .filter(|body| !body.is_empty()),
        },
        Content::Payment(_) => {
            let (profile_name, operation) = (|| profile.name().to_owned(), request.operation);
            let Some(route) = profile.route(operation) else {
                return Err(ErrorKind::OperationUnsupported { profile: profile_name(), operation }.into());
            };
            if route.flag("needs_amount") && request.amount().is_none() {
                return Err(ErrorKind::AmountNeeded { profile: profile_name(), operation }.into());
            }
            let form =
                profile.root().get("dialect").and_then(|dialect| dialect.text("encoding")) == Some("form");
            written(route, "POST", form, &Filler::new(request, key))?
        }
    };
    let place = profile.root().get("key");
    if let Some(name) = profile.key_header_of(request) {
        let quoted = place.is_some_and(|place| place.flag("quoted"));
        let value = if quoted { glued(&["\"", key, "\""]) } else { key.to_owned() };
        sent.headers.retain(|(known, _)| !known.eq_ignore_ascii_case(name));
        sent.headers.push((name.to_owned(), value));
    } else if let Some(field) = place.and_then(|place| place.text("field")) {
        let body = with_member(sent.body.as_deref().unwrap_or("{}"), field, key);
        sent.body =
            Some(body.ok_or_else(|| Error::from(ErrorKind::KeyHasNoPlace { field: field.to_owned() }))?);
    }
    Ok(sent)
}

/// The request that asks what became of an intent; `None` when it cannot be asked about.
pub(super) fn query(profile: &Profile, request: &Request) -> Option<HttpRequest> {
    written(query_of(profile, request)?, "GET", false, &Filler::new(request, "")).ok()
}

/// How an intent is asked about; `None` when it cannot be.
pub(super) fn query_of<'p>(profile: &'p Profile, request: &Request) -> Option<&'p Node> {
    let query = profile.route_of(request)?.get("query")?;
    (!query.flag("whole_only") || request.amount().is_none()).then_some(query)
}

impl Profile {
    /// The request that voids whatever was done with a key; `None` when the provider has none for
    /// requests of this kind. That it was voided is
    /// proof P3, see [`Profile::is_voided`].
    #[must_use]
    pub fn void_request(&self, request: &Request, key: &str) -> Option<HttpRequest> {
        let void = self.root().get("void_by_key")?;
        let can = self.path_of(request) == void.text("of");
        if can { written(void, "POST", false, &Filler::new(request, key)).ok() } else { None }
    }
}

fn written(template: &Node, method: &str, form: bool, filler: &Filler) -> Result<HttpRequest, Error> {
    // A caller's own fields belong to what he sends, not to a question about it.
    let asks = method == "GET" && template.get("body").is_none();
    let body = if asks { Ok(None) } else { filler.body(template.get("body")) };
    let body = body.map_err(|field| Error::from(ErrorKind::ProviderField { field }))?;
    let fixed = template.get("headers").map_or(&[][..], Node::members).iter();
    let mut headers: Vec<(String, String)> =
        fixed.filter_map(|(name, value)| Some((name.clone(), value.as_text()?.to_owned()))).collect();
    if body.is_some() {
        let kind = if form { "application/x-www-form-urlencoded" } else { "application/json" };
        headers.push(("content-type".to_owned(), kind.to_owned()));
    }
    Ok(HttpRequest {
        method: template.text("method").unwrap_or(method).to_owned(),
        path: filler.path(template.text("path").unwrap_or_default()),
        headers,
        body: body.map(|body| {
            let mut out = String::new();
            if form {
                pairs(&mut out, "", &body)
            } else {
                body.write(&mut out)
            }
            out
        }),
    })
}

/// A JSON object with one member set; `None` when it is no object.
fn with_member(body: &str, name: &str, value: &str) -> Option<String> {
    let mut members = json::parse(body.as_bytes()).ok()?.as_object().map(Node::members_of)?;
    members.retain(|(known, _)| known != name);
    members.push((name.to_owned(), Node::Text(value.to_owned())));
    let mut out = String::new();
    Node::Map(members).write(&mut out);
    Some(out)
}

/// An object as a form, members in brackets behind the name they stand in.
pub(super) fn pairs(out: &mut String, name: &str, node: &Node) {
    let inner = |key: &str| if name.is_empty() { key.to_owned() } else { glued(&[name, "[", key, "]"]) };
    match node {
        Node::Map(members) => members.iter().for_each(|(key, member)| pairs(out, &inner(key), member)),
        Node::List(items) => {
            items
                .iter()
                .enumerate()
                .for_each(|(position, item)| pairs(out, &inner(&position.digits()), item));
        }
        Node::Text(text) | Node::Plain(text) => {
            if !out.is_empty() {
                out.push('&');
            }
            percent_encode(out, name);
            out.push('=');
            percent_encode(out, text);
        }
    }
}
