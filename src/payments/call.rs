//! A request somebody else prepared, such as the provider's own client.
//!
//! Invariant: two calls are the same if and only if they ask the same of the same account. Headers say how it is asked and
//! are not compared (a client that was upgraded sends others); what stands in `scope` is; and neither the order of the
//! members of a body nor a key the caller had put there makes a difference.

use crate::json::{self, ObjectWriter, Reader, Value};
use crate::money::Amount;
use crate::prelude::*;

use super::Error;
use super::content::{first_other, header_list, header_object, short};

/// Longest body of a prepared request, in bytes. It is kept in the journal.
pub const CALL_BYTES_MAX: usize = 256 << 10;

/// Longest key of a caller's own, in bytes: the most any provider studied takes.
pub const OWN_KEY_BYTES_MAX: usize = 255;

/// A request prepared by somebody else, without host, credentials and key.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Call {
    /// The HTTP method, in upper case.
    pub method: String,
    /// Path and query, beginning with a slash.
    pub path: String,
    /// Header names in lower case and their values, in the order they are sent.
    pub headers: Vec<(String, String)>,
    /// The body; empty when there is none.
    pub body: String,
    /// What else makes it another call, such as the account it acts for; empty when there is nothing else.
    pub scope: String,
    /// The key the caller chose: that of the first epoch. Derived when there is none.
    pub own_key: Option<String>,
    /// How much it moves, where whoever prepared it knows.
    pub amount: Option<Amount>,
}

impl Call {
    /// Reads a prepared request: `method`, `path`, `headers?`, `body?`, `scope?`, `own_key?`, and `key_member?`, the member
    /// of a JSON body where the provider looks for the key: what the caller had put there is no part of the call.
    pub(super) fn read(value: &Value<'_>, amount: Option<Amount>) -> Result<Self, Error> {
        let mut reader = Reader::of(value, "call");
        let (method, path) = (reader.text("method"), reader.text("path"));
        let headers = reader.optional("headers");
        let body = reader.maybe_text("body").unwrap_or_default();
        let scope = reader.maybe_text("scope").unwrap_or_default();
        let own_key = reader.maybe_text("own_key");
        let key_member = reader.maybe_text("key_member");
        if method.is_empty() || !method.bytes().all(|byte| byte.is_ascii_uppercase()) {
            reader.refuse("method", "an HTTP method in upper case", json::quoted(method));
        }
        if !path.starts_with('/') || path.bytes().any(|byte| !byte.is_ascii_graphic()) {
            let expected = "path and query from the first slash, percent-encoded";
            reader.refuse("path", expected, json::quoted(path));
        }
        if let Some(key) = own_key {
            let visible = key.bytes().all(|byte| byte == b' ' || byte.is_ascii_graphic());
            if key.trim_ascii() != key || key.is_empty() || key.len() > OWN_KEY_BYTES_MAX || !visible {
                reader.refuse("own_key", "a key of 1 to 255 visible ASCII characters", json::quoted(key));
            }
        }
        reader.finish()?;
        let headers = header_list("headers", headers)?;
        short(body.len(), CALL_BYTES_MAX)?;
        let body = key_member.and_then(|name| without_member(body, name)).unwrap_or_else(|| body.to_owned());
        Ok(Self {
            method: method.to_owned(),
            path: path.to_owned(),
            headers,
            body,
            scope: scope.to_owned(),
            own_key: own_key.map(ToOwned::to_owned),
            amount,
        })
    }

    pub(super) fn to_json(&self) -> String {
        let out = ObjectWriter::new().text("method", &self.method).text("path", &self.path);
        let out = out.raw("headers", &header_object(&self.headers)).text("body", &self.body);
        let out = out.maybe_text("scope", Some(self.scope.as_str()).filter(|scope| !scope.is_empty()));
        out.maybe_text("own_key", self.own_key.as_deref()).finish()
    }

    /// The first field that differs.
    pub(super) fn difference(&self, other: &Self) -> Option<String> {
        first_other(&[
            ("call.method", self.method == other.method),
            ("call.path", self.path == other.path),
            ("call.scope", self.scope == other.scope),
        ])
        .or_else(|| self.body_difference(other))
        .or_else(|| first_other(&[("amount", self.amount == other.amount)]))
    }

    fn body_difference(&self, other: &Self) -> Option<String> {
        if self.body == other.body {
            return None;
        }
        let (one, two) = (json::parse(self.body.as_bytes()), json::parse(other.body.as_bytes()));
        let name = match (&one, &two) {
            (Ok(one), Ok(two)) if json::canonical(one) == json::canonical(two) => return None,
            (Ok(one), Ok(two)) => first_member(one, two),
            _ if self.is_form() && other.is_form() => Some(first_pair(&self.body, &other.body)?),
            _ => None,
        };
        Some(name.map_or_else(|| "call.body".to_owned(), |name| glued(&["call.body.", &name])))
    }

    /// Whether the body is a form, as its content type says.
    pub(super) fn is_form(&self) -> bool {
        let kind = self.headers.iter().find(|(name, _)| name == "content-type");
        kind.is_some_and(|(_, value)| value.starts_with("application/x-www-form-urlencoded"))
    }
}

/// The first place in which two objects differ, names and positions with dots between; `None` when one of them is no
/// object or list. No document is nested deeper than its reader allows.
pub(super) fn first_member<'a>(one: &Value<'a>, two: &Value<'a>) -> Option<String> {
    let differ = |one: Option<&Value<'a>>, two: Option<&Value<'a>>| {
        one.map(json::canonical) != two.map(json::canonical)
    };
    let (step, one, two) = if let (Some(first), Some(second)) = (one.as_array(), two.as_array()) {
        let mut places = 0..first.len().max(second.len());
        let at = places.find(|at| differ(first.get(*at), second.get(*at)))?;
        (at.digits(), first.get(at), second.get(at))
    } else {
        let mut names = one.as_object()?.iter().chain(two.as_object()?).map(|(name, _)| name);
        let name = names.find(|name| differ(one.get(name), two.get(name)))?;
        (name.clone().into_owned(), one.get(name), two.get(name))
    };
    // What only one of them has is named, and not what is in it.
    let inner = one.zip(two).and_then(|(one, two)| first_member(one, two));
    Some(inner.map_or_else(|| step.clone(), |inner| glued(&[&step, ".", &inner])))
}

/// The name of the first pair that one of two forms has more often; `None` when they differ in order only.
fn first_pair(one: &str, two: &str) -> Option<String> {
    let times = |form: &str, pair: &str| form.split('&').filter(|each| *each == pair).count();
    let pair = one.split('&').chain(two.split('&')).find(|pair| times(one, pair) != times(two, pair))?;
    pair.split('=').next().map(ToOwned::to_owned)
}

/// A JSON object without one of its members; `None` when it is no object.
fn without_member(body: &str, name: &str) -> Option<String> {
    let document = json::parse(body.as_bytes()).ok()?;
    let members = document.as_object()?.iter().filter(|(known, _)| known != name);
    Some(members.fold(ObjectWriter::new(), |out, (name, value)| out.raw(name, &value.to_text())).finish())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn call(document: &str) -> Result<Call, Error> {
        Call::read(&json::parse(document.as_bytes())?, None)
    }

    fn with_body(body: &str, kind: &str) -> Call {
        let (body, kind) = (json::quoted(body), json::quoted(kind));
        let headers = glued(&["{\"content-type\":", &kind, "}"]);
        call(&glued(&[
            "{\"method\":\"POST\",\"path\":\"/v1\",\"headers\":",
            &headers,
            ",\"body\":",
            &body,
            "}",
        ]))
        .unwrap()
    }

    #[test]
    fn two_calls_differ_in_the_field_that_says_something_else() {
        const FORM: &str = "application/x-www-form-urlencoded";
        const JSON: &str = "application/json";
        // kind, one body, the other, what differs
        let table = [
            (JSON, r#"{"a":1,"b":{"c":2}}"#, r#"{"b":{"c":2},"a":1}"#, None),
            (JSON, r#"{"a":1,"b":{"c":2}}"#, r#"{"a":1,"b":{"c":3}}"#, Some("call.body.b.c")),
            (
                JSON,
                r#"{"a":[{"b":1},{"c":[1,2]}]}"#,
                r#"{"a":[{"b":1},{"c":[1]}]}"#,
                Some("call.body.a.1.c.1"),
            ),
            (JSON, r#"{"a":[1]}"#, r#"{"a":{"b":1}}"#, Some("call.body.a")),
            (JSON, r#"{"a":1}"#, r#"{"a":1,"b":2}"#, Some("call.body.b")),
            (JSON, r#"{"a":1}"#, "{", Some("call.body")),
            (FORM, "amount=1&currency=eur", "currency=eur&amount=1", None),
            (FORM, "amount=1&currency=eur", "amount=2&currency=eur", Some("call.body.amount")),
            (FORM, "metadata[o]=1", "metadata[o]=2", Some("call.body.metadata[o]")),
            (FORM, "amount=1", "amount=1&amount=1", Some("call.body.amount")),
            ("text/plain", "a=1&b=2", "b=2&a=1", Some("call.body")),
        ];
        for (kind, one, two, expected) in table {
            let found = with_body(one, kind).difference(&with_body(two, kind));
            assert_eq!(found.as_deref(), expected, "{one} and {two}");
        }
    }

    #[test]
    fn headers_are_not_compared_and_the_scope_is() {
        let base = r#"{"method":"POST","path":"/v1","headers":{"stripe-version":"2026-01-01"}}"#;
        let upgraded = r#"{"method":"POST","path":"/v1","headers":{"stripe-version":"2026-09-30"}}"#;
        let elsewhere = r#"{"method":"POST","path":"/v1","scope":"stripe-account: acct_1"}"#;
        let found = |other| call(base).unwrap().difference(&call(other).unwrap());
        assert_eq!(found(upgraded), None);
        assert_eq!(found(elsewhere).as_deref(), Some("call.scope"));
    }

    #[test]
    fn a_key_in_the_body_is_no_part_of_the_call() {
        let document = r#"{"method":"POST","path":"/v2/payments","key_member":"idempotency_key",
            "body":"{\"amount\":{\"minor\":9007199254740993},\"idempotency_key\":\"drawn\"}"}"#;
        let read = call(document).unwrap();
        assert_eq!(read.body, r#"{"amount":{"minor":9007199254740993}}"#);
        let again = json::parse(read.to_json().as_bytes()).map(|value| Call::read(&value, None).unwrap());
        assert_eq!(again.unwrap(), read);
    }

    #[test]
    fn a_key_that_no_header_can_carry_is_refused() {
        for key in ["", " k", "k\\u0000", "k\\n", "ключ", &"k".repeat(256)] {
            let document = glued(&[r#"{"method":"POST","path":"/","own_key":""#, key, "\"}"]);
            assert!(call(&document).is_err(), "{key}");
        }
        assert!(call(r#"{"method":"POST","path":"/","own_key":"order 7"}"#).is_ok());
    }
}
