//! One text for one meaning: the bytes a fingerprint is taken over.

use alloc::borrow::Cow;

use super::{Value, write};
use crate::prelude::*;

/// The canonical text of a value: members sorted by name, no white space, one escape form, integers as they were
/// written.
///
/// Close to RFC 8785 (JCS), with two deliberate differences. Names are sorted by Unicode scalar value, not by
/// UTF-16 unit. Numbers keep their lexeme, since JCS would round them through a float: `1` and `1.0` are different
/// here, which errs on the side of refusing.
#[must_use]
pub fn canonical(value: &Value<'_>) -> String {
    let mut out = String::new();
    append(&mut out, value);
    out
}

fn append(out: &mut String, value: &Value<'_>) {
    match value {
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => write::value(out, value),
        Value::Array(items) => {
            out.push('[');
            for (index, item) in items.iter().enumerate() {
                if index > 0 {
                    out.push(',');
                }
                append(out, item);
            }
            out.push(']');
        }
        Value::Object(members) => {
            // Put in order one by one, as the scanner does: the sort of the library would weigh more than this module.
            let mut sorted: Vec<&(Cow<'_, str>, Value<'_>)> = Vec::with_capacity(members.len());
            for member in members {
                let between = sorted.partition_point(|(name, _)| *name < member.0);
                sorted.insert(between, member);
            }
            out.push('{');
            for (index, (name, member)) in sorted.into_iter().enumerate() {
                if index > 0 {
                    out.push(',');
                }
                write::string(out, name);
                out.push(':');
                append(out, member);
            }
            out.push('}');
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn order_space_and_escapes_do_not_matter_but_content_does() {
        let text = |json: &str| canonical(&crate::json::parse(json.as_bytes()).unwrap());
        assert_eq!(text(r#"{"b":[1, {"d":2,"c":3}],"a":"\u0041"}"#), r#"{"a":"A","b":[1,{"c":3,"d":2}]}"#);
        assert_ne!(text("[1,2]"), text("[2,1]"));
        assert_ne!(text("1"), text("1.0"));
    }
}
