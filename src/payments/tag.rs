//! Our reference on a request somebody else prepared.
//!
//! Invariant: a call is asked about by reference only if every send of it bore that reference, and it does so only where
//! the dialect's own request to the same address does. Whether it does follows from profile and content alone, so that
//! every process, and every version of the journal, says the same.

use crate::json;
use crate::prelude::*;

use super::node::Node;
use super::reading::Reading;
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
        let method = route.text("method").unwrap_or("POST");
        let same = method == call.method && route.text("path") == Some(call.path.as_str());
        same && route.get("query").is_some_and(|query| asks_by_reference(profile, route, query))
    };
    let route = dialect.get("operations")?.members().iter().map(|(_, route)| route).find(fits)?;
    let ours = reference_only(route.get("body")?, &request.reference)?;
    let body =
        if dialect.text("encoding") == Some("form") { in_form(call, &ours) } else { in_object(call, &ours) };
    Some(Tagged { route, body: body? })
}

/// Gaps that every request can fill, a prepared one too.
const OURS: [&str; 3] = ["reference}", "reference_quoted}", "merchant}"];

/// Whether a query finds what bears our reference, and nothing else.
///
/// One that needs what only our own words for a payment have (a target, a destination) would find nothing, and one whose
/// answers do not say the reference would find everything: both would be believed.
fn asks_by_reference(profile: &Profile, route: &Node, query: &Node) -> bool {
    let mut gaps = query.text("path").unwrap_or_default().split('{').skip(1);
    let fillable = gaps.all(|gap| OURS.iter().any(|ours| gap.starts_with(ours)));
    let says = Reading::nearest(profile, &[query, route]).is_some_and(|reading| reading.says_reference());
    fillable && says && query.text("items").is_some()
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

#[cfg(test)]
mod tests {
    use super::*;

    fn sent(profile: &Profile, path: &str, kind: &str, body: &str) -> Option<String> {
        let [path, kind, body] = [path, kind, body].map(json::quoted);
        let call = glued(&[
            r#"{"method":"POST","path":"#,
            &path,
            r#","headers":{"content-type":"#,
            &kind,
            r#"},"body":"#,
            &body,
            "}",
        ]);
        let request =
            glued(&[r#"{"merchant":"m","operation":"call","reference":"order 1","call":"#, &call, "}"]);
        let request = Request::from_json(&json::parse(request.as_bytes()).ok()?).ok()?;
        let tagged = tagged(profile, &request).map(|tagged| tagged.body);
        assert_eq!(profile.route_of(&request).is_some(), tagged.is_some(), "{path}");
        tagged
    }

    #[test]
    fn a_call_bears_our_reference_where_it_can_be_found_by_it_and_nowhere_else() {
        const FORM: &str = "application/x-www-form-urlencoded";
        const JSON: &str = "application/json";
        let tag = "metadata%5Btillproof_reference%5D=order%201";
        let tagged = glued(&["amount=1&", tag]);
        // profile, path, kind, body, what is sent in its place
        let table = [
            ("stripe", "/v1/payment_intents", FORM, "amount=1", Some(tagged.as_str())),
            ("stripe", "/v1/payment_intents", FORM, "", Some(tag)),
            // Something of the caller's own stands there.
            ("stripe", "/v1/payment_intents", FORM, "metadata[tillproof_reference]=mine", None),
            ("stripe", "/v1/payment_intents", FORM, "metadata%5Btillproof_reference%5D=mine", None),
            ("stripe", "/v1/payment_intents", JSON, "{}", None),
            // Asked about by a payment or an account that only our own words would name.
            ("stripe", "/v1/refunds", FORM, "payment_intent=pi_1", None),
            ("stripe", "/v1/transfers", FORM, "amount=1", None),
            ("stripe", "/v1/customers", FORM, "name=Ada", None),
            ("stripe", "/v1/payment_intents?expand=x", FORM, "amount=1", None),
            (
                "native",
                "/api/payments",
                JSON,
                r#"{"amount":1}"#,
                Some(r#"{"amount":1,"reference":"order 1"}"#),
            ),
            ("native", "/api/payments", JSON, r#"{"reference":"mine"}"#, None),
            ("native", "/api/payments", JSON, "[]", None),
        ];
        for (profile, path, kind, body, expected) in table {
            let profile = Profile::named(profile).unwrap();
            assert_eq!(sent(&profile, path, kind, body).as_deref(), expected, "{path} {body}");
        }
    }
}
