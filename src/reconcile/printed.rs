//! The report as `tillproof reconcile --json` prints it: the document of [`Report::to_json`], with line breaks, in one go.

use super::breaks::Break;
use super::classes::{BreakKind, Hop};
use super::nearest::Nearest;
use super::report::{InFlight, KindTotal, Report};
use crate::calendar;
use crate::json::{append_quoted, is_escaped, pretty};
use crate::prelude::*;

/// About as long as a break is in print.
const BREAK_BYTES: usize = 960;

/// A place as it is printed: the name of the file, quoted, and the line.
pub(super) type Place<'p> = (&'p str, u64);

/// A break as it is printed.
pub(super) struct Line<'l> {
    pub(super) id: &'l str,
    pub(super) kind: BreakKind,
    pub(super) secondary: &'l mut dyn Iterator<Item = BreakKind>,
    pub(super) hop: Hop,
    pub(super) reference: &'l str,
    pub(super) currency: &'l str,
    /// Expected, found, difference.
    pub(super) figures: [Option<i128>; 3],
    pub(super) age_days: Option<u64>,
    /// Of ledger, settlement and bank.
    pub(super) rows: [&'l [Place<'l>]; 3],
    pub(super) rule: &'l str,
    pub(super) nearest: Option<&'l Nearest>,
    pub(super) explanation: &'l str,
}

impl Report {
    /// The document of [`Report::to_json`] with line breaks and one at the end, as `JSON.stringify(report, null, 2)` has
    /// them.
    #[must_use]
    pub fn printed(&self) -> Vec<u8> {
        let mut out = String::with_capacity(self.breaks.len().saturating_mul(BREAK_BYTES));
        self.print_head(&mut out, &self.by_kind(), self.breaks.len());
        for (place, found) in self.breaks.iter().enumerate() {
            found.print(&mut out, place == 0);
        }
        self.print_tail(&mut out, self.breaks.is_empty());
        out.into_bytes()
    }

    /// What stands before the breaks.
    pub(super) fn print_head(&self, out: &mut String, totals: &[(BreakKind, KindTotal)], breaks: usize) {
        out.push_str("{\n  \"version\": 1,\n  \"summary\": ");
        pretty(out, &self.summary_of(totals, breaks), 1);
        out.push_str(",\n  \"breaks\": [");
    }

    /// What stands behind them.
    pub(super) fn print_tail(&self, out: &mut String, is_empty: bool) {
        out.push_str(if is_empty { "],\n  \"in_flight\": [" } else { "\n  ],\n  \"in_flight\": [" });
        for (place, row) in self.in_flight.iter().enumerate() {
            row.print(out, place == 0);
        }
        out.push_str(if self.in_flight.is_empty() { "]\n}\n" } else { "\n  ]\n}\n" });
    }
}

impl InFlight {
    #[cfg_attr(feature = "wasm-reconcile-sieve", inline(never))]
    fn print(&self, out: &mut String, is_first: bool) {
        out.push_str(if is_first {
            "\n    {\n      \"reference\": "
        } else {
            ",\n    {\n      \"reference\": "
        });
        append_quoted(out, &self.reference);
        text(out, ",\n      \"due\": ", &calendar::rfc3339(self.due));
        text(out, ",\n      \"type\": ", self.kind.name());
        digits(out, ",\n      \"amount_minor\": ", Some(self.amount.into()));
        text(out, ",\n      \"currency\": ", self.currency.code());
        out.push_str("\n    }");
    }
}

impl Break {
    fn print(&self, out: &mut String, is_first: bool) {
        let mut names = Vec::new();
        for row in self.ledger.iter().chain(&self.settlement).chain(&self.bank) {
            let mut name = String::new();
            append_quoted(&mut name, &row.file);
            names.push((name, row.line));
        }
        let all: Vec<Place<'_>> = names.iter().map(|(name, line)| (&**name, *line)).collect();
        let (ledger, rest) = all.split_at_checked(self.ledger.len()).unwrap_or_default();
        let (settlement, bank) = rest.split_at_checked(self.settlement.len()).unwrap_or_default();
        let line = Line {
            id: &self.id,
            kind: self.kind,
            secondary: &mut self.secondary.iter().copied(),
            hop: self.hop,
            reference: &self.reference,
            currency: self.currency.code(),
            figures: [self.expected, self.found, self.difference],
            age_days: self.age_days,
            rows: [ledger, settlement, bank],
            rule: self.rule,
            nearest: self.nearest.as_ref(),
            explanation: &self.explanation,
        };
        line.print(out, is_first);
    }
}

impl Line<'_> {
    /// Appends the break.
    #[cfg_attr(feature = "wasm-reconcile-sieve", inline(never))]
    pub(super) fn print(self, out: &mut String, is_first: bool) {
        out.push_str(if is_first { "\n    {\n      \"id\": \"" } else { ",\n    {\n      \"id\": \"" });
        out.push_str(self.id);
        word(out, "\",\n      \"kind\": \"", self.kind.name());
        word(out, "\",\n      \"code\": \"", self.kind.code());
        out.push_str("\",\n      \"secondary\": [");
        let mut is_bare = true;
        for kind in self.secondary {
            word(out, if is_bare { "\n        \"" } else { ",\n        \"" }, kind.name());
            out.push('"');
            is_bare = false;
        }
        out.push_str(if is_bare { "]" } else { "\n      ]" });
        word(out, ",\n      \"hop\": \"", self.hop.name());
        text(out, "\",\n      \"reference\": ", self.reference);
        word(out, ",\n      \"currency\": \"", self.currency);
        let [expected, found, difference] = self.figures;
        digits(out, "\",\n      \"expected_minor\": ", expected);
        digits(out, ",\n      \"found_minor\": ", found);
        digits(out, ",\n      \"difference_minor\": ", difference);
        out.push_str(",\n      \"age_days\": ");
        match self.age_days {
            Some(days) => append_digits(out, days),
            None => out.push_str("null"),
        }
        let [ledger, settlement, bank] = self.rows;
        places(out, ",\n      \"rows\": {\n        \"ledger\": [", ledger);
        places(out, ",\n        \"settlement\": [", settlement);
        places(out, ",\n        \"bank\": [", bank);
        word(out, "\n      },\n      \"rule\": \"", self.rule);
        if let Some(nearest) = self.nearest {
            out.push_str("\",\n      \"nearest\": {\n        \"file\": ");
            append_quoted(out, &nearest.place.file);
            out.push_str(",\n        \"line\": ");
            append_digits(out, nearest.place.line);
            text(out, ",\n        \"reference\": ", &nearest.reference);
            word(out, ",\n        \"rule\": \"", nearest.rule);
            word(out, "\",\n        \"differs\": \"", nearest.differs);
            text(out, "\"\n      },\n      \"explanation\": ", self.explanation);
        } else {
            text(out, "\",\n      \"explanation\": ", self.explanation);
        }
        out.push_str("\n    }");
    }
}

/// Appends a name, and a word of ours that needs no escapes.
#[inline(always)]
fn word(out: &mut String, name: &str, word: &str) {
    out.push_str(name);
    out.push_str(word);
}

/// Appends a name, and a text of somebody else's.
#[inline(always)]
fn text(out: &mut String, name: &str, value: &str) {
    out.push_str(name);
    quoted(out, value);
}

/// Appends a text of somebody else's in quotes. All bytes are looked at, and so many of them at once, where the first that needs
/// an escape would be looked for one by one.
#[inline(never)]
fn quoted(out: &mut String, value: &str) {
    if value.bytes().fold(false, |any, byte| any | is_escaped(byte)) {
        append_quoted(out, value);
        return;
    }
    out.push('"');
    out.push_str(value);
    out.push('"');
}

#[inline(always)]
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

#[inline(always)]
fn places(out: &mut String, name: &str, rows: &[Place<'_>]) {
    out.push_str(name);
    for (place, (file, line)) in rows.iter().enumerate() {
        out.push_str(if place > 0 {
            ",\n          {\n            \"file\": "
        } else {
            "\n          {\n            \"file\": "
        });
        out.push_str(file);
        out.push_str(",\n            \"line\": ");
        append_digits(out, *line);
        out.push_str("\n          }");
    }
    out.push_str(if rows.is_empty() { "]" } else { "\n        ]" });
}
