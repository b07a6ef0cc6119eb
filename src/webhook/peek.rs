//! A few members of a JSON document, found in one pass that keeps and allocates nothing else.
//!
//! The document is authentic before it gets here, so it is not validated: who reads all of it does that. What is kept
//! is that no two readers may find different values: a wanted name that stands twice is not found at all.

use crate::json::{self, Value};
use crate::prelude::*;

/// The string, or the number or truth value as it was written, at the end of each path of member names, outermost first.
pub(super) fn texts(document: &[u8], paths: Paths<'_>) -> [Option<String>; PATHS] {
    let mut found = members(without_mark(document), paths.map(|path| path.first().copied()))
        .unwrap_or_default()
        .into_iter();
    paths.map(|path| {
        let outer = found.next()??;
        text(value(outer, path.get(1..)?)?)
    })
}

/// The value at the end of a path of member names, as it stands in an object.
pub(super) fn value<'a>(object: &'a [u8], path: &[&str]) -> Option<&'a [u8]> {
    path.iter().try_fold(object, |value, name| {
        let [member, ..] = members(value, [Some(*name), None, None, None, None, None])?;
        member
    })
}

/// The elements of a list, as they stand there; `None` when it is none.
pub(super) fn elements(list: &[u8]) -> Option<Vec<&[u8]>> {
    let mut elements = Vec::new();
    let mut rest = after_space(after_space(list).strip_prefix(b"[")?);
    while !rest.starts_with(b"]") {
        if !elements.is_empty() {
            rest = after_space(rest.strip_prefix(b",")?);
        }
        let (element, after) = rest.split_at_checked(value_end(rest)?)?;
        elements.push(element);
        rest = after_space(after);
    }
    Some(elements)
}

/// How many members are looked for in one pass. A number and not a parameter, so that the code is there once.
pub(super) const PATHS: usize = 6;

/// Names of members, outermost first. An empty path leads nowhere.
pub(super) type Paths<'p> = [&'p [&'p str]; PATHS];

/// The values of the wanted members of an object; `None` when it is no object, or a wanted name stands twice.
fn members<'a>(object: &'a [u8], wanted: [Option<&str>; PATHS]) -> Option<[Option<&'a [u8]>; PATHS]> {
    let mut found = [None; PATHS];
    let mut rest = after_space(after_space(object).strip_prefix(b"{")?);
    if rest.starts_with(b"}") {
        return Some(found);
    }
    loop {
        let (name, after) = rest.split_at_checked(string_end(rest)?)?;
        let after = after_space(after_space(after).strip_prefix(b":")?);
        let (value, after) = after.split_at_checked(value_end(after)?)?;
        for (slot, wanted) in found.iter_mut().zip(&wanted) {
            if wanted.is_some_and(|wanted| is(name, wanted)) && slot.replace(value).is_some() {
                return None;
            }
        }
        let after = after_space(after);
        match after.strip_prefix(b",") {
            Some(next) => rest = after_space(next),
            None => return after_space(after.strip_prefix(b"}")?).is_empty().then_some(found),
        }
    }
}

/// Whether a quoted name is the wanted one. Names with escapes are rare and read in full.
fn is(quoted: &[u8], wanted: &str) -> bool {
    let is_escape = |byte: &u8| *byte == b'\\';
    if quoted.iter().any(is_escape) {
        return text(quoted).as_deref() == Some(wanted);
    }
    quoted.strip_prefix(b"\"").and_then(|rest| rest.strip_suffix(b"\"")) == Some(wanted.as_bytes())
}

fn text(value: &[u8]) -> Option<String> {
    // A nested value is not what was asked for, and reading it would cost as much as the whole document.
    if value.starts_with(b"{") || value.starts_with(b"[") {
        return None;
    }
    match json::parse(value).ok()? {
        Value::String(text) => Some(text.into_owned()),
        Value::Number(lexeme) => Some(lexeme.to_owned()),
        Value::Bool(flag) => Some(if flag { "true" } else { "false" }.to_owned()),
        Value::Null | Value::Array(_) | Value::Object(_) => None,
    }
}

/// Without the byte-order mark that some put in front of a document.
pub(super) fn without_mark(document: &[u8]) -> &[u8] {
    document.strip_prefix("\u{feff}".as_bytes()).unwrap_or(document)
}

fn after_space(bytes: &[u8]) -> &[u8] {
    let space = |byte: &u8| matches!(byte, b' ' | b'\t' | b'\n' | b'\r');
    bytes.iter().position(|byte| !space(byte)).and_then(|at| bytes.get(at..)).unwrap_or_default()
}

/// Where the string ends that the bytes begin with.
fn string_end(bytes: &[u8]) -> Option<usize> {
    if !bytes.starts_with(b"\"") {
        return None;
    }
    let mut escaped = false;
    for (at, byte) in bytes.iter().enumerate().skip(1) {
        match byte {
            _ if escaped => escaped = false,
            b'\\' => escaped = true,
            b'"' => return at.checked_add(1),
            _ => {}
        }
    }
    None
}

/// Where the value ends that the bytes begin with. Brackets are counted, whatever their kind.
fn value_end(bytes: &[u8]) -> Option<usize> {
    match bytes.first()? {
        b'"' => string_end(bytes),
        b'{' | b'[' => {
            let (mut depth, mut in_string, mut escaped) = (0_usize, false, false);
            for (at, byte) in bytes.iter().enumerate() {
                match byte {
                    _ if escaped => escaped = false,
                    b'\\' if in_string => escaped = true,
                    b'"' => in_string = !in_string,
                    b'{' | b'[' if !in_string => depth = depth.checked_add(1)?,
                    b'}' | b']' if !in_string => {
                        depth = depth.checked_sub(1)?;
                        if depth == 0 {
                            return at.checked_add(1);
                        }
                    }
                    _ => {}
                }
            }
            None
        }
        _ => {
            let ends = |byte: &u8| matches!(byte, b',' | b'}' | b']' | b' ' | b'\t' | b'\n' | b'\r');
            Some(bytes.iter().position(ends).unwrap_or(bytes.len())).filter(|end| *end > 0)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn one(document: &[u8], path: &[&str]) -> Option<String> {
        let [text, ..] = texts(document, [path, &[], &[], &[], &[], &[]]);
        text
    }

    #[test]
    fn members_are_found_wherever_they_stand_and_only_where_they_are_unambiguous() {
        let table: [(&str, &[&str], Option<&str>); 20] = [
            (r#"{"id":"a"}"#, &["id"], Some("a")),
            (" { \"x\" : [ { \"id\" : 1 } , \"}\" ] ,\n\"id\" : \"a\" } ", &["id"], Some("a")),
            (r#"{"x":"\\","y":"\"","id":"\u0061"}"#, &["id"], Some("a")),
            (r#"{"\u0069d":"a"}"#, &["id"], Some("a")),
            (r#"{"id":"a","\u0069d":"b"}"#, &["id"], None),
            (r#"{"id":"a","x":1,"id":"a"}"#, &["id"], None),
            (r#"{"event":{"x":{},"id":7}}"#, &["event", "id"], Some("7")),
            (r#"{"event":"text"}"#, &["event", "id"], None),
            (r#"{"event":{"id":{"id":1}}}"#, &["event", "id"], None),
            (r#"{"id":true}"#, &["id"], Some("true")),
            (r#"{"id":null}"#, &["id"], None),
            (r#"{"id":9007199254740993}"#, &["id"], Some("9007199254740993")),
            ("\u{feff}{\"id\":1}", &["id"], Some("1")),
            ("{}", &["id"], None),
            ("[]", &["id"], None),
            ("", &["id"], None),
            (r#"{"id":1"#, &["id"], None),
            (r#"{"id":1}}"#, &["id"], None),
            (r#"{"id" "a"}"#, &["id"], None),
            (r#"{"":"a"}"#, &[], None),
        ];
        for (document, path, expected) in table {
            assert_eq!(one(document.as_bytes(), path).as_deref(), expected, "{document}");
        }
        assert_eq!(one(b"{\"id\":\"a\",\"x\":\"\xff\"}", &["id"]).as_deref(), Some("a"));
        let paths: Paths<'_> = [&["event", "id"], &["event", "type"], &["time"], &[], &[], &[]];
        let found = texts(br#"{"event":{"id":"a","type":"b"},"time":1}"#, paths);
        let expected = [Some("a"), Some("b"), Some("1"), None, None, None];
        assert_eq!(found, expected.map(|text| text.map(str::to_owned)));
    }

    #[test]
    fn elements_are_cut_where_they_end() {
        let table: [(&str, Option<&[&str]>); 12] = [
            ("[]", Some(&[])),
            (" [ ] ", Some(&[])),
            ("[1]", Some(&["1"])),
            (r#" [ {"a":[1,2]} , "]," ,3 ] "#, Some(&[r#"{"a":[1,2]}"#, r#""],""#, "3"])),
            ("[1,]", None),
            ("[,1]", None),
            ("[1 2]", None),
            ("[1", None),
            ("[", None),
            ("{}", None),
            ("1", None),
            ("", None),
        ];
        for (list, expected) in table {
            let found = elements(list.as_bytes());
            let expected = expected.map(|texts| texts.iter().map(|text| text.as_bytes()).collect());
            assert_eq!(found, expected, "{list}");
        }
    }

    proptest! {
        /// The reader of whole documents is the second opinion.
        #[test]
        fn what_is_found_is_what_the_strict_reader_finds(
            members in proptest::collection::vec(("[a-c\\\\\"é]{0,2}", "\\PC{0,6}", 0_u8..5), 0..6),
        ) {
            let member = |(name, text, kind): &(String, String, u8)| {
                let value = match kind {
                    0 => json::quoted(text),
                    1 => "-12.5e3".to_owned(),
                    2 => format!("[{},{{}}]", json::quoted(text)),
                    3 => format!("{{\"a\":{}}}", json::quoted(text)),
                    _ => "null".to_owned(),
                };
                format!("{} : {value}", json::quoted(name))
            };
            let document = format!("{{{}}}", members.iter().map(member).collect::<Vec<_>>().join(" ,"));
            if let Ok(whole) = json::parse(document.as_bytes()) {
                for path in [&["a"][..], &["b"], &["a", "a"], &["é"]] {
                    let expected = path.iter().try_fold(&whole, |value, name| value.get(name));
                    let expected = expected.and_then(|value| match value {
                        Value::String(text) => Some(text.to_string()),
                        Value::Number(lexeme) => Some((*lexeme).to_owned()),
                        _ => None,
                    });
                    prop_assert_eq!(one(document.as_bytes(), path), expected);
                }
            }
        }
    }
}
