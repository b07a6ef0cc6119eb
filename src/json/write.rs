//! Writing JSON: members appear in the order they are written, so the same calls give the same bytes.

use super::Value;
use crate::prelude::*;

/// Writes an object member by member.
///
/// ```
/// use tillproof::json::ObjectWriter;
///
/// let text = ObjectWriter::new().text("currency", "EUR").digits("amount", 1_000_u64).finish();
/// assert_eq!(text, r#"{"currency":"EUR","amount":"1000"}"#);
/// ```
#[derive(Debug, Default)]
#[must_use = "an object that is not finished is lost"]
pub struct ObjectWriter {
    /// Behind one pointer, because each member hands the writer on.
    out: Box<Written>,
}

/// What is written so far.
#[derive(Debug, Default)]
struct Written {
    text: String,
}

impl ObjectWriter {
    /// An object without members.
    pub fn new() -> Self {
        Self::default()
    }

    fn name(&mut self, name: &str) {
        self.out.text.push(if self.out.text.is_empty() { '{' } else { ',' });
        string(&mut self.out.text, name);
        self.out.text.push(':');
    }

    /// A string.
    pub fn text(mut self, name: &str, value: &str) -> Self {
        self.name(name);
        string(&mut self.out.text, value);
        self
    }

    /// A string, or nothing at all.
    pub fn maybe_text(self, name: &str, value: Option<&str>) -> Self {
        match value {
            Some(value) => self.text(name, value),
            None => self,
        }
    }

    /// An integer as a number. For counts and times; amounts go through [`ObjectWriter::digits`].
    pub fn number(mut self, name: &str, value: u64) -> Self {
        self.name(name);
        self.out.text.push_str(&value.digits());
        self
    }

    /// An integer as a string of digits, which every reader keeps exact. For amounts.
    pub fn digits(self, name: &str, value: impl Into<i128>) -> Self {
        self.text(name, &value.into().digits())
    }

    /// A boolean.
    pub fn flag(mut self, name: &str, value: bool) -> Self {
        self.name(name);
        self.out.text.push_str(if value { "true" } else { "false" });
        self
    }

    /// `null`.
    pub fn null(mut self, name: &str) -> Self {
        self.name(name);
        self.out.text.push_str("null");
        self
    }

    /// A member whose value is JSON text already.
    pub fn raw(mut self, name: &str, json: &str) -> Self {
        self.name(name);
        self.out.text.push_str(json);
        self
    }

    /// The finished object.
    #[must_use]
    pub fn finish(mut self) -> String {
        if self.out.text.is_empty() {
            self.out.text.push('{');
        }
        self.out.text.push('}');
        self.out.text
    }
}

/// Writes an array element by element.
#[derive(Debug, Default)]
#[must_use = "an array that is not finished is lost"]
pub struct ArrayWriter {
    out: Box<Written>,
}

impl ArrayWriter {
    /// An array without elements.
    pub fn new() -> Self {
        Self::default()
    }

    /// An element that is JSON text already.
    pub fn raw(mut self, json: &str) -> Self {
        self.out.text.push(if self.out.text.is_empty() { '[' } else { ',' });
        self.out.text.push_str(json);
        self
    }

    /// A string.
    pub fn text(self, value: &str) -> Self {
        self.raw(&quoted(value))
    }

    /// The finished array.
    #[must_use]
    pub fn finish(mut self) -> String {
        if self.out.text.is_empty() {
            self.out.text.push('[');
        }
        self.out.text.push(']');
        self.out.text
    }
}

/// A text as a JSON string, quotes included.
#[must_use]
pub fn quoted(text: &str) -> String {
    let mut out = String::with_capacity(text.len().saturating_add(2));
    string(&mut out, text);
    out
}

/// Appends a text as a JSON string, quotes included.
pub(crate) fn string(out: &mut String, text: &str) {
    out.reserve(text.len().saturating_add(2));
    out.push('"');
    let mut rest = text;
    // Nearly all texts hold nothing to escape, and are appended whole.
    while let Some((plain, special)) =
        rest.bytes().position(is_escaped).and_then(|at| rest.split_at_checked(at))
    {
        out.push_str(plain);
        let mut characters = special.chars();
        characters.next().into_iter().for_each(|character| escape(out, character));
        rest = characters.as_str();
    }
    out.push_str(rest);
    out.push('"');
}

pub(crate) const fn is_escaped(byte: u8) -> bool {
    byte < b' ' || matches!(byte, b'"' | b'\\')
}

fn escape(out: &mut String, character: char) {
    const HEX: [char; 16] = ['0', '1', '2', '3', '4', '5', '6', '7', '8', '9', 'a', 'b', 'c', 'd', 'e', 'f'];
    match character {
        '"' => out.push_str("\\\""),
        '\\' => out.push_str("\\\\"),
        '\n' => out.push_str("\\n"),
        '\r' => out.push_str("\\r"),
        '\t' => out.push_str("\\t"),
        '\u{8}' => out.push_str("\\b"),
        '\u{c}' => out.push_str("\\f"),
        control => {
            let code = u32::from(control);
            out.push_str("\\u00");
            for digit in [code >> 4, code & 15] {
                out.extend(usize::try_from(digit).ok().and_then(|digit| HEX.get(digit)));
            }
        }
    }
}

pub(super) fn value(out: &mut String, json: &Value<'_>) {
    match json {
        Value::Null => out.push_str("null"),
        Value::Bool(true) => out.push_str("true"),
        Value::Bool(false) => out.push_str("false"),
        Value::Number(lexeme) => out.push_str(lexeme),
        Value::String(text) => string(out, text),
        Value::Array(items) => {
            out.push('[');
            for (index, item) in items.iter().enumerate() {
                if index > 0 {
                    out.push(',');
                }
                value(out, item);
            }
            out.push(']');
        }
        Value::Object(members) => {
            out.push('{');
            for (index, (name, member)) in members.iter().enumerate() {
                if index > 0 {
                    out.push(',');
                }
                string(out, name);
                out.push(':');
                value(out, member);
            }
            out.push('}');
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_written_is_read_back_unchanged() {
        let text = "quote \" backslash \\ newline \n nul \u{0} escape \u{1b} emoji 🦀 separator \u{2028}";
        let json = ObjectWriter::new()
            .text("text", text)
            .number("count", 3)
            .digits("amount", u64::MAX)
            .flag("live", false)
            .null("nothing")
            .raw("list", &ArrayWriter::new().text("a").raw("1").finish())
            .finish();
        let read = crate::json::parse(json.as_bytes()).unwrap();
        assert_eq!(read.get("text").unwrap().as_str(), Some(text));
        assert_eq!(read.to_text(), json);
        assert_eq!(ObjectWriter::new().finish(), "{}");
        assert_eq!(ArrayWriter::new().finish(), "[]");
    }
}
