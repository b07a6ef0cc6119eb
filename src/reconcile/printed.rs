//! The report as `tillproof reconcile --json` prints it: the document of [`Report::to_json`], with line breaks, in one go.

use super::breaks::{Break, RowPlace};
use super::report::Report;
use crate::json::{append_quoted, pretty};
use crate::prelude::*;

/// About as long as a break is in print.
const BREAK_BYTES: usize = 900;

impl Report {
    /// The document of [`Report::to_json`] with line breaks and one at the end, as `JSON.stringify(report, null, 2)` has
    /// them. A thousand breaks take two milliseconds.
    #[must_use]
    pub fn printed(&self) -> Vec<u8> {
        let mut out = String::with_capacity(self.breaks.len().saturating_mul(BREAK_BYTES));
        out.push_str("{\n  \"version\": 1,\n  \"summary\": ");
        pretty(&mut out, &self.summary(), 1);
        out.push_str(",\n  \"breaks\": [");
        for (place, found) in self.breaks.iter().enumerate() {
            out.push_str(if place > 0 { ",\n    {" } else { "\n    {" });
            found.print(&mut out);
            out.push_str("\n    }");
        }
        out.push_str(if self.breaks.is_empty() {
            "],\n  \"in_flight\": "
        } else {
            "\n  ],\n  \"in_flight\": "
        });
        pretty(&mut out, &self.in_flight_json(), 1);
        out.push_str("\n}\n");
        out.into_bytes()
    }
}

impl Break {
    fn print(&self, out: &mut String) {
        let text = |out: &mut String, name: &str, value: &str| {
            out.push_str(name);
            append_quoted(out, value);
        };
        text(out, "\n      \"id\": ", &self.id);
        text(out, ",\n      \"kind\": ", self.kind.name());
        text(out, ",\n      \"code\": ", self.kind.code());
        out.push_str(",\n      \"secondary\": [");
        for (place, kind) in self.secondary.iter().enumerate() {
            text(out, if place > 0 { ",\n        " } else { "\n        " }, kind.name());
        }
        out.push_str(if self.secondary.is_empty() { "]" } else { "\n      ]" });
        text(out, ",\n      \"hop\": ", self.hop.name());
        text(out, ",\n      \"reference\": ", &self.reference);
        text(out, ",\n      \"currency\": ", self.currency.code());
        digits(out, ",\n      \"expected_minor\": ", self.expected);
        digits(out, ",\n      \"found_minor\": ", self.found);
        digits(out, ",\n      \"difference_minor\": ", self.difference);
        out.push_str(",\n      \"age_days\": ");
        match self.age_days {
            Some(days) => append_digits(out, days),
            None => out.push_str("null"),
        }
        out.push_str(",\n      \"rows\": {");
        places(out, "\n        \"ledger\": [", &self.ledger);
        places(out, ",\n        \"settlement\": [", &self.settlement);
        places(out, ",\n        \"bank\": [", &self.bank);
        out.push_str("\n      }");
        text(out, ",\n      \"rule\": ", self.rule);
        if let Some(nearest) = &self.nearest {
            out.push_str(",\n      \"nearest\": ");
            pretty(out, &nearest.to_json(), 3);
        }
        text(out, ",\n      \"explanation\": ", &self.explanation);
    }
}

fn digits(out: &mut String, name: &str, value: Option<i128>) {
    out.push_str(name);
    let Some(value) = value else {
        out.push_str("null");
        return;
    };
    out.push_str(if value < 0 { "\"-" } else { "\"" });
    match u64::try_from(value.unsigned_abs()) {
        Ok(small) => append_digits(out, small),
        Err(_) => out.push_str(&value.unsigned_abs().digits()),
    }
    out.push('"');
}

fn places(out: &mut String, name: &str, rows: &[RowPlace]) {
    out.push_str(name);
    for (place, row) in rows.iter().enumerate() {
        out.push_str(if place > 0 { ",\n          {\n" } else { "\n          {\n" });
        out.push_str("            \"file\": ");
        append_quoted(out, &row.file);
        out.push_str(",\n            \"line\": ");
        append_digits(out, row.line);
        out.push_str("\n          }");
    }
    out.push_str(if rows.is_empty() { "]" } else { "\n        ]" });
}
