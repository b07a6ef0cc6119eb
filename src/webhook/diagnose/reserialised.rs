//! A JSON body that was parsed and written again is written in all the other ways, until the signature holds.

use super::escapes::{ESCAPES, Escapes};
use super::layout::{LAYOUTS, Layout, text};
use super::words::{NUMBERS_REWRITTEN, RESERIALISED};
use super::{Budget, Case, Diagnosis, numbers};
use crate::json::Value;
use crate::prelude::*;

/// Layouts tried for each way to write the numbers: the ones that providers use.
const NUMBERED_LAYOUTS: usize = 4;

/// The same values, in every layout and with every way to escape.
pub(super) fn layouts(case: &Case<'_>, budget: &mut Budget) -> Option<Diagnosis> {
    // A body that is no JSON, or has members twice, was not written by the counterpart of a parser.
    let document = case.document.as_ref()?;
    let escapes = escapes(&strings(document));
    // The plainest first in every layout: of a long body only a few can be afforded.
    for end in [&NO_END, &LINE_FEED] {
        for escapes in &escapes {
            for layout in LAYOUTS {
                if budget.is_spent() {
                    return None;
                }
                let mut written = text(layout, escapes, &[], document);
                written.push_str(end.text);
                if case.holds_over(budget, written.as_bytes()) {
                    return Some(RESERIALISED.proven(&[("original", &original(layout, escapes, end))]));
                }
            }
        }
    }
    None
}

/// The same values but for numbers that lost digits on the way.
pub(super) fn numbers(case: &Case<'_>, budget: &mut Budget) -> Option<Diagnosis> {
    let document = case.document.as_ref()?;
    let strings = strings(document);
    let escapes = escapes(&strings);
    let layouts = LAYOUTS.get(..NUMBERED_LAYOUTS).unwrap_or(LAYOUTS);
    // Once through all plans for each way of writing: mostly that is the one it came in.
    escapes.iter().find_map(|escapes| {
        layouts.iter().find_map(|layout| {
            let mut plans = numbers::plans(document, &strings);
            plans.find_map(|plan| {
                if budget.is_spent() {
                    return None;
                }
                let written = text(layout, escapes, &plan, document);
                let holds = case.holds_over(budget, written.as_bytes());
                holds.then(|| NUMBERS_REWRITTEN.proven(&[("original", &original(layout, escapes, &NO_END))]))
            })
        })
    })
}

/// What a writer puts behind a document.
struct End {
    name: &'static str,
    text: &'static str,
}

const NO_END: End = End { name: "", text: "" };
const LINE_FEED: End = End { name: "a line feed at the end", text: "\n" };

fn original(layout: &Layout, escapes: &Escapes, end: &End) -> String {
    let mut text = layout.name.to_owned();
    for (before, piece) in [(", ", escapes.name), (" and ", end.name)] {
        if !piece.is_empty() {
            text.push_str(before);
            text.push_str(piece);
        }
    }
    text
}

/// The ways to escape that make a difference to these strings.
fn escapes(strings: &[&str]) -> Vec<&'static Escapes> {
    ESCAPES.iter().filter(|escapes| escapes.matters(strings)).collect()
}

/// Every text of a document, names included.
fn strings<'v>(document: &'v Value<'_>) -> Vec<&'v str> {
    let mut found = Vec::new();
    collect(document, &mut found);
    found
}

fn collect<'v>(value: &'v Value<'_>, found: &mut Vec<&'v str>) {
    match value {
        Value::String(text) => found.push(text),
        Value::Array(items) => items.iter().for_each(|item| collect(item, found)),
        Value::Object(members) => {
            for (name, item) in members {
                found.push(name);
                collect(item, found);
            }
        }
        Value::Null | Value::Bool(_) | Value::Number(_) => {}
    }
}
