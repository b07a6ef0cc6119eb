//! One JSON document has many texts: where a writer puts spaces and line ends.

use super::escapes::Escapes;
use crate::json::Value;
use crate::prelude::*;

/// How a writer of JSON lays a document out.
#[derive(Clone, Copy, Debug)]
pub(super) struct Layout {
    /// Who writes so, as a sentence says it.
    pub(super) name: &'static str,
    /// In front of each member and each closing bracket, before the indent; empty for one line.
    line: &'static str,
    /// Once for each level.
    indent: &'static str,
    comma: &'static str,
    colon: &'static str,
    /// Whether arrays stay on one line, with spaces inside their brackets.
    spaced_arrays: bool,
    /// What an empty object and an empty array look like.
    empty: [&'static str; 2],
}

const COMPACT: Layout = Layout {
    name: "the same document without spaces",
    line: "",
    indent: "",
    comma: ",",
    colon: ":",
    spaced_arrays: false,
    empty: ["{}", "[]"],
};

const INDENTED: Layout = Layout { line: "\n", colon: ": ", ..COMPACT };

/// The layouts in use, the most common first. Each also comes with a line feed at the end.
pub(super) const LAYOUTS: &[Layout] = &[
    COMPACT,
    Layout { name: "the same document indented by two spaces", indent: "  ", ..INDENTED },
    Layout { name: "the same document indented by four spaces", indent: "    ", ..INDENTED },
    Layout {
        name: "the same document with a space after each comma and colon, as Python writes it",
        comma: ", ",
        colon: ": ",
        ..COMPACT
    },
    Layout { name: "the same document indented by tabs", indent: "\t", ..INDENTED },
    Layout {
        name: "the same document as Jackson indents it",
        indent: "  ",
        colon: " : ",
        spaced_arrays: true,
        empty: ["{ }", "[ ]"],
        ..INDENTED
    },
    Layout {
        name: "the same document indented by two spaces, with CR LF",
        line: "\r\n",
        indent: "  ",
        ..INDENTED
    },
    Layout { name: "the same document with a space after each colon", colon: ": ", ..COMPACT },
    Layout { name: "the same document indented by three spaces", indent: "   ", ..INDENTED },
];

/// A number to be written in another way: which one, in the order of the document, and how. Lists of them are in that
/// order too.
pub(super) type Renumbered = (usize, String);

/// A document, laid out and escaped, with the numbers of `renumbered` instead of its own.
pub(super) fn text(
    layout: &Layout,
    escapes: &Escapes,
    renumbered: &[Renumbered],
    document: &Value<'_>,
) -> String {
    let mut writer = Writer { layout, escapes, renumbered, numbers: 0, out: String::new() };
    writer.value(document, 0);
    writer.out
}

struct Writer<'w> {
    layout: &'w Layout,
    escapes: &'w Escapes,
    renumbered: &'w [Renumbered],
    /// How many numbers were written.
    numbers: usize,
    out: String,
}

impl Writer<'_> {
    fn value(&mut self, value: &Value<'_>, depth: usize) {
        let inner = depth.saturating_add(1);
        match value {
            Value::Null => self.out.push_str("null"),
            Value::Bool(true) => self.out.push_str("true"),
            Value::Bool(false) => self.out.push_str("false"),
            Value::Number(lexeme) => self.number(lexeme),
            Value::String(text) => self.escapes.write(&mut self.out, text),
            Value::Array(items) if items.is_empty() => self.out.push_str(self.layout.empty[1]),
            Value::Array(items) if self.layout.spaced_arrays => self.spaced(items, depth),
            Value::Array(items) => {
                self.out.push('[');
                for (index, item) in items.iter().enumerate() {
                    self.next(index, inner);
                    self.value(item, inner);
                }
                self.line(depth);
                self.out.push(']');
            }
            Value::Object(members) if members.is_empty() => self.out.push_str(self.layout.empty[0]),
            Value::Object(members) => {
                self.out.push('{');
                for (index, (name, item)) in members.iter().enumerate() {
                    self.next(index, inner);
                    self.escapes.write(&mut self.out, name);
                    self.out.push_str(self.layout.colon);
                    self.value(item, inner);
                }
                self.line(depth);
                self.out.push('}');
            }
        }
    }

    /// Jackson's arrays do not count as a level.
    fn spaced(&mut self, items: &[Value<'_>], depth: usize) {
        self.out.push_str("[ ");
        for (index, item) in items.iter().enumerate() {
            self.out.push_str(if index == 0 { "" } else { ", " });
            self.value(item, depth);
        }
        self.out.push_str(" ]");
    }

    fn next(&mut self, index: usize, depth: usize) {
        self.out.push_str(if index == 0 { "" } else { self.layout.comma });
        self.line(depth);
    }

    fn line(&mut self, depth: usize) {
        self.out.push_str(self.layout.line);
        for _ in 0..depth {
            self.out.push_str(self.layout.indent);
        }
    }

    fn number(&mut self, lexeme: &str) {
        match self.renumbered.split_first() {
            Some(((index, text), rest)) if *index == self.numbers => {
                self.out.push_str(text);
                self.renumbered = rest;
            }
            _ => self.out.push_str(lexeme),
        }
        self.numbers = self.numbers.saturating_add(1);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::json::parse;
    use crate::webhook::diagnose::escapes::ESCAPES;

    fn written(index: usize) -> String {
        let document = parse(br#"{"a":[1,{"b":2}],"c":{},"d":[],"e":{"f":null}}"#).unwrap();
        text(&LAYOUTS[index], &ESCAPES[0], &[(1, "2.00".to_owned())], &document)
    }

    #[test]
    fn each_layout_is_that_of_the_real_writer() {
        let two = "{\n  \"a\": [\n    1,\n    {\n      \"b\": 2.00\n    }\n  ],\n  \"c\": {},\n  \"d\": [],\n  \"e\": {\n    \"f\": null\n  }\n}";
        assert_eq!(written(0), r#"{"a":[1,{"b":2.00}],"c":{},"d":[],"e":{"f":null}}"#);
        assert_eq!(written(1), two);
        assert_eq!(written(2), two.replace("  ", "    "));
        assert_eq!(written(3), r#"{"a": [1, {"b": 2.00}], "c": {}, "d": [], "e": {"f": null}}"#);
        let jackson = "{\n  \"a\" : [ 1, {\n    \"b\" : 2.00\n  } ],\n  \"c\" : { },\n  \"d\" : [ ],\n  \"e\" : {\n    \"f\" : null\n  }\n}";
        assert_eq!(written(5), jackson);
    }
}
