//! JSON text with line breaks, exactly as `JSON.stringify(value, null, 2)` writes it.

use crate::prelude::*;

/// A line break, and two blanks for each level.
fn line(out: &mut String, level: usize) {
    out.push('\n');
    for _ in 0..level {
        out.push_str("  ");
    }
}

/// Appends compact JSON text that begins at a level.
pub(crate) fn pretty(out: &mut String, json: &str, level: usize) {
    let mut level = level;
    let mut is_text = false;
    let mut from = 0_usize;
    let mut characters = json.bytes().enumerate().peekable();
    while let Some((place, byte)) = characters.next() {
        let next = characters.peek().map(|(_, next)| *next);
        let behind = place.saturating_add(1);
        match byte {
            // What is escaped is part of the text.
            b'\\' => drop(characters.next()),
            b'"' => is_text = !is_text,
            _ if is_text => {}
            b'{' | b'[' if !matches!(next, Some(b'}' | b']')) => {
                out.push_str(json.get(from..behind).unwrap_or_default());
                level = level.saturating_add(1);
                line(out, level);
                from = behind;
            }
            b'{' | b'[' => drop(characters.next()),
            b'}' | b']' => {
                out.push_str(json.get(from..place).unwrap_or_default());
                level = level.saturating_sub(1);
                line(out, level);
                from = place;
            }
            b',' => {
                out.push_str(json.get(from..behind).unwrap_or_default());
                line(out, level);
                from = behind;
            }
            b':' => {
                out.push_str(json.get(from..behind).unwrap_or_default());
                out.push(' ');
                from = behind;
            }
            _ => {}
        }
    }
    out.push_str(json.get(from..).unwrap_or_default());
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_are_those_of_json_stringify() {
        let table = [
            ("[]", "[]"),
            ("{}", "{}"),
            (r#"{"a":[],"b":{}}"#, "{\n  \"a\": [],\n  \"b\": {}\n}"),
            (r#"[1,{"a":"x, {y}: \"z\\"}]"#, "[\n  1,\n  {\n    \"a\": \"x, {y}: \\\"z\\\\\"\n  }\n]"),
        ];
        for (json, expected) in table {
            let mut found = String::new();
            pretty(&mut found, json, 0);
            assert_eq!(found, expected);
        }
    }
}
