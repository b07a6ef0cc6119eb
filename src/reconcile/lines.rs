//! The report as `tillproof reconcile` prints it for people: the sums, and then a sentence for each break.
//!
//! The lines are those that `toText` of `pkg/src/reconcile/text.ts` makes of the document.

use super::classes::BreakKind;
use super::printed::Line;
use super::report::{KindTotal, Report};
use crate::prelude::*;

/// Columns for the name of a kind, and for how many there are.
const KIND_WIDTH: usize = 24;
const COUNT_WIDTH: usize = 6;

impl Report {
    /// What stands before the breaks.
    pub(super) fn print_sums(&self, out: &mut String, totals: &[(BreakKind, KindTotal)], breaks: usize) {
        let rows = self.rows;
        let [ledger, settlement, bank] = [rows.ledger, rows.settlement, rows.bank].map(Digits::digits);
        print(out, &["rows       ", &ledger, " ledger, ", &settlement, " settlement, ", &bank, " bank\n"]);
        print(out, &["matched    ", &self.matched.digits(), "\n"]);
        print(out, &["in flight  ", &self.in_flight.len().digits(), "\n"]);
        print(out, &["breaks     ", &breaks.digits(), "\n"]);
        if self.set_aside > 0 {
            print(out, &["set aside  ", &self.set_aside.digits(), "\n"]);
        }
        for (kind, total) in totals {
            print(out, &["  ", kind.name()]);
            pad(out, kind.name(), KIND_WIDTH);
            out.push(' ');
            let count = total.count.digits();
            pad(out, &count, COUNT_WIDTH);
            out.push_str(&count);
            for (place, (currency, sum)) in total.difference.iter().enumerate() {
                let before = if place == 0 { "  (" } else { ", " };
                print(out, &[before, &sum.digits(), " ", currency.code(), " minor"]);
            }
            out.push_str(if total.difference.is_empty() { "\n" } else { ")\n" });
        }
    }
}

impl Line<'_> {
    /// Appends the break, behind an empty line.
    pub(super) fn print_lines(self, out: &mut String) {
        let (code, kind) = (self.kind.code(), self.kind.name());
        print(out, &["\n", code, " ", kind, "  ", self.reference, "  [", self.id, "]\n  ", self.explanation]);
        let mut before = "\n  ";
        for (file, line) in self.rows.into_iter().flatten() {
            print(out, &[before, file, ":", &line.digits()]);
            before = ", ";
        }
        out.push('\n');
    }
}

fn print(out: &mut String, words: &[&str]) {
    words.iter().for_each(|word| out.push_str(word));
}

/// Appends blanks for what a word lacks of a width.
fn pad(out: &mut String, word: &str, width: usize) {
    (word.len()..width).for_each(|_| out.push(' '));
}
