//! A JSON body that was parsed and written again is written in all the other ways, until the signature holds.

use super::escapes::{ESCAPES, Escapes};
use super::layout::{LAYOUTS, Layout, Renumbered, text};
use super::words::{NUMBERS_REWRITTEN, RESERIALISED, Words};
use super::{Budget, Case, Diagnosis, RESERIALISED_BYTES_MAX, numbers};
use crate::json::{self, Value};
use crate::prelude::*;

/// Layouts tried for each way to write the numbers: the ones that providers use.
const NUMBERED_LAYOUTS: usize = 4;

/// The same values, in every layout and with every way to escape.
pub(super) fn layouts(case: &Case<'_>, budget: &mut Budget) -> Option<Diagnosis> {
    let document = document(case)?;
    let escapes = escapes(&strings(&document));
    search(case, budget, &document, &escapes, LAYOUTS, &[], &RESERIALISED)
}

/// The same values but for numbers that lost digits on the way.
pub(super) fn numbers(case: &Case<'_>, budget: &mut Budget) -> Option<Diagnosis> {
    let document = document(case)?;
    let strings = strings(&document);
    let escapes = escapes(&strings);
    let layouts = LAYOUTS.get(..NUMBERED_LAYOUTS).unwrap_or(LAYOUTS);
    // Once through all plans for each layout: mostly the layout is the one it came in.
    layouts.iter().find_map(|layout| {
        numbers::plans(&document, &strings).find_map(|plan| {
            if budget.is_spent() {
                return None;
            }
            search(
                case,
                budget,
                &document,
                &escapes,
                core::slice::from_ref(layout),
                &plan,
                &NUMBERS_REWRITTEN,
            )
        })
    })
}

fn document<'a>(case: &Case<'a>) -> Option<Value<'a>> {
    let body = case.request.body;
    // A body that is no JSON, or has members twice, was not written by a parser's counterpart.
    if body.len() > RESERIALISED_BYTES_MAX { None } else { json::parse(body).ok() }
}

fn search(
    case: &Case<'_>,
    budget: &mut Budget,
    document: &Value<'_>,
    escapes: &[&Escapes],
    layouts: &[Layout],
    renumbered: &[Renumbered],
    words: &Words,
) -> Option<Diagnosis> {
    for layout in layouts {
        for escapes in escapes {
            if budget.is_spent() {
                return None;
            }
            let mut written = text(layout, escapes, renumbered, document);
            if case.holds_over(budget, written.as_bytes()) {
                return Some(words.proven(&[("original", &original(layout, escapes, ""))]));
            }
            written.push('\n');
            if case.holds_over(budget, written.as_bytes()) {
                return Some(
                    words.proven(&[("original", &original(layout, escapes, "a line feed at the end"))]),
                );
            }
        }
    }
    None
}

fn original(layout: &Layout, escapes: &Escapes, end: &str) -> String {
    let mut text = layout.name.to_owned();
    for (before, piece) in [(", ", escapes.name), (" and ", end)] {
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
