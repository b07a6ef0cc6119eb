//! Whose key it is, and what was asked under it.

use alloc::borrow::Cow;

use super::Key;
use crate::crypto::sha256_hex;
use crate::fingerprint::fingerprint;
use crate::json::{self, ArrayWriter, Value};
use crate::prelude::*;

/// What came with a request.
#[derive(Clone, Copy, Debug)]
pub enum Body<'a> {
    /// Announced as JSON: two spellings of one document are the same request.
    Json(&'a [u8]),
    /// Anything else: the same bytes are the same request.
    Bytes(&'a [u8]),
}

/// A request, as far as its identity goes.
#[derive(Clone, Copy, Debug)]
pub struct Request<'a> {
    /// What the endpoint does, in a name of the merchant's.
    pub operation: &'a str,
    /// Who asks, as the merchant has authenticated it: what one principal is answered, no other ever sees.
    pub principal: &'a str,
    /// Its key.
    pub key: &'a Key,
    /// The method.
    pub method: &'a str,
    /// Path and query.
    pub target: &'a str,
    /// Its content.
    pub body: Body<'a>,
}

/// What a request is known by.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Identity {
    /// The same for every repetition of a request, and for no other: 64 hexadecimal digits that tell nothing of the
    /// principal or the key.
    pub id: String,
    /// What was asked, apart from the key.
    pub fingerprint: String,
}

impl Request<'_> {
    /// What the request is known by.
    #[must_use]
    pub fn identity(&self) -> Identity {
        // A list of strings has one reading, so that no principal can end where another's key begins.
        let owned =
            ArrayWriter::new().text(self.operation).text(self.principal).text(self.key.as_str()).finish();
        Identity { id: sha256_hex(owned.as_bytes()), fingerprint: self.fingerprint() }
    }

    fn fingerprint(&self) -> String {
        let text = |text: &str| Value::String(Cow::Owned(text.to_owned()));
        let (name, content) = match self.body {
            Body::Bytes(bytes) => ("bytes", text(&sha256_hex(bytes))),
            // What only calls itself JSON is told apart by its bytes, as the handler may well accept it.
            Body::Json(bytes) => json::parse(bytes)
                .map_or_else(|_| ("bytes", text(&sha256_hex(bytes))), |value| ("json", value)),
        };
        let members = [("method", text(self.method)), ("target", text(self.target)), (name, content)];
        fingerprint(&Value::Object(members.map(|(name, value)| (Cow::Borrowed(name), value)).into()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::idempotency::Length;

    fn identity(principal: &str, key: &str, target: &str, body: Body<'_>) -> Identity {
        let key = Key::read(key, Length { least: 1, most: 255 }).unwrap();
        Request { operation: "order", principal, key: &key, method: "POST", target, body }.identity()
    }

    #[test]
    fn a_request_is_the_same_whatever_its_spelling_and_another_whatever_differs() {
        let first = identity("ann", "k", "/orders", Body::Json(br#"{"a":1,"b":[2]}"#));
        assert_eq!(first, identity("ann", "\"k\"", "/orders", Body::Json(b"{ \"b\" : [2], \"a\":1 }")));
        let table = [
            (
                "another principal",
                identity("bob", "k", "/orders", Body::Json(br#"{"a":1,"b":[2]}"#)),
                false,
                true,
            ),
            ("another key", identity("ann", "l", "/orders", Body::Json(br#"{"a":1,"b":[2]}"#)), false, true),
            (
                "another route",
                identity("ann", "k", "/orders?x", Body::Json(br#"{"a":1,"b":[2]}"#)),
                true,
                false,
            ),
            (
                "another amount",
                identity("ann", "k", "/orders", Body::Json(br#"{"a":2,"b":[2]}"#)),
                true,
                false,
            ),
            ("bytes", identity("ann", "k", "/orders", Body::Bytes(br#"{"a":1,"b":[2]}"#)), true, false),
            ("no JSON", identity("ann", "k", "/orders", Body::Json(br#"{"a":1,"a":1}"#)), true, false),
        ];
        for (what, other, same_id, same_fingerprint) in table {
            let found = (other.id == first.id, other.fingerprint == first.fingerprint);
            assert_eq!(found, (same_id, same_fingerprint), "{what}");
        }
        // A principal that ends like a key begins.
        assert_ne!(
            identity("ann\",\"k", "l", "/", Body::Bytes(b"")).id,
            identity("ann", r#""k\",\"l""#, "/", Body::Bytes(b"")).id
        );
    }

    #[test]
    fn what_calls_itself_json_and_is_none_is_compared_by_its_bytes() {
        let of = |body: Body<'_>| identity("ann", "k", "/", body).fingerprint;
        assert_eq!(of(Body::Json(b"{")), of(Body::Bytes(b"{")));
        assert_ne!(of(Body::Json(b"{")), of(Body::Json(b"{ ")));
    }
}
