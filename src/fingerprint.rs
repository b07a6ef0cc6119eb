//! Two requests are the same if and only if their canonical bytes are.
//!
//! The fingerprint answers "is this the request this key was made for?". It is kept apart from the key on purpose: a
//! key derived from the bytes of a request would change with every volatile field, and a retry would charge again.

use crate::crypto::sha256_hex;
use crate::json::{Value, canonical};
use crate::prelude::*;

/// SHA-256 over the canonical JSON of a request, in lower-case hexadecimal (64 characters).
#[must_use]
pub fn fingerprint(request: &Value<'_>) -> String {
    sha256_hex(canonical(request).as_bytes())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reordered_arguments_are_the_same_request() {
        let of = |json: &str| fingerprint(&crate::json::parse(json.as_bytes()).unwrap());
        assert_eq!(of(r#"{"a":1,"b":{"c":2,"d":3}}"#), of(r#"{ "b": {"d":3, "c":2}, "a":1 }"#));
        assert_ne!(of(r#"{"a":1}"#), of(r#"{"a":"1"}"#));
        assert_eq!(of("{}"), "44136fa355b3678a1146ad16f7e8649e94fb4fc21fe77e8310c060f61caaff8a");
    }
}
