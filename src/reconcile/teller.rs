//! Prints breaks one after the other, from findings, as they stand in the report.

use super::breaks::break_id;
use super::classes::BreakKind;
use super::findings::Finding;
use super::printed::{Line, Place};
use super::report::{Figures, KindTotal, Report, figures, in_place};
use super::row::{Row, Side};
use super::window::Window;
use crate::json::append_quoted;
use crate::prelude::*;

/// A piece has about so many bytes: what stays in the cache of a core until it was written.
const PIECE_BYTES: usize = 262_144;

/// Room for the break that makes a piece whole; longer ones are moved once.
const BREAK_BYTES: usize = 16_384;

/// In which form a report is told.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Form {
    /// The document of [`Report::to_json`](super::Report::to_json), with line breaks.
    Json,
    /// Lines for people: the sums, and then each break with its sentence.
    Lines,
}

impl Form {
    const ALL: [Self; 2] = [Self::Json, Self::Lines];

    pub(super) const fn byte(self) -> u8 {
        match self {
            Self::Json => 0,
            Self::Lines => 1,
        }
    }

    pub(super) fn of_byte(byte: u8) -> Option<Self> {
        Self::ALL.get(usize::from(byte)).copied()
    }
}

/// Prints one break after the other.
pub(super) struct Teller<'t> {
    form: Form,
    files: &'t [Vec<&'t str>; 3],
    names: Names,
    /// Ages are counted to its moment.
    window: &'t Window,
    /// What was printed and not written yet.
    out: String,
    /// Whether the next break is the first of the report.
    is_first: bool,
    /// The id of the break before, and how many breaks in a row had it.
    before: String,
    repeat: usize,
}

impl<'t> Teller<'t> {
    /// Goes on in the middle of a report.
    #[inline(never)]
    pub(super) fn new(form: Form, files: &'t [Vec<&'t str>; 3], window: &'t Window) -> Self {
        let out = String::with_capacity(PIECE_BYTES.saturating_add(BREAK_BYTES));
        let names = Names::of(files, form);
        Self { form, files, names, window, out, is_first: false, before: String::new(), repeat: 0 }
    }

    /// Begins the report: what stands before its breaks.
    pub(super) fn open(&mut self, report: &Report, totals: &[(BreakKind, KindTotal)], breaks: usize) {
        match self.form {
            Form::Json => report.print_head(&mut self.out, totals, breaks),
            Form::Lines => report.print_sums(&mut self.out, totals, breaks),
        }
        self.is_first = true;
    }

    /// Prints a break; `write` takes what is a piece.
    #[inline(never)]
    pub(super) fn tell(&mut self, found: &Finding<'_>, write: &mut dyn FnMut(&[u8])) {
        self.print(found);
        if self.out.len() >= PIECE_BYTES {
            write(self.out.as_bytes());
            self.out.clear();
        }
    }

    /// What was printed since the last piece.
    pub(super) fn rest(self) -> String {
        self.out
    }

    #[inline(never)]
    fn print(&mut self, found: &Finding<'_>) {
        let Some(figures) = figures(found) else { return };
        let is_first = core::mem::take(&mut self.is_first);
        let Figures { kind, reference, expected, actual, difference, currency, .. } = figures;
        let mut id = found.id(kind);
        if id == self.before {
            self.repeat = self.repeat.saturating_add(1);
            id = break_id(found.hop, kind, core::slice::from_ref(&id), self.repeat);
        } else {
            self.before.clone_from(&id);
            self.repeat = 0;
        }
        let age_days = figures.age_days(self.window);
        let explanation = figures.explain(found, self.files, age_days);
        let nearest = found.nearest.as_ref().and_then(|near| near.told(self.files));
        let unit = &found.unit;
        let [ledger, settlement, bank] =
            [&unit.ledger, &unit.settlement, &unit.bank].map(|rows| self.names.places(rows));
        let minor = |value: super::report::Value| value.map(|(_, minor)| minor);
        let line = Line {
            id: &id,
            kind,
            secondary: &mut found.kinds.iter().skip(1),
            hop: found.hop,
            reference,
            currency: currency.code(),
            figures: [minor(expected), minor(actual), difference],
            age_days,
            rows: [&ledger, &settlement, &bank],
            rule: found.rule.name(),
            nearest: nearest.as_ref(),
            explanation: &explanation,
        };
        match self.form {
            Form::Json => line.print(&mut self.out, is_first),
            Form::Lines => line.print_lines(&mut self.out),
        }
    }
}

/// The names of files as they are printed.
struct Names {
    of_sides: [Vec<String>; 3],
    nameless: &'static str,
}

#[inline(never)]
fn names(files: &[&str], form: Form) -> Vec<String> {
    let printed = |name: &&str| {
        let mut out = String::new();
        match form {
            Form::Json => append_quoted(&mut out, name),
            Form::Lines => out.push_str(name),
        }
        out
    };
    files.iter().map(printed).collect()
}

impl Names {
    fn of(files: &[Vec<&str>; 3], form: Form) -> Self {
        Self {
            of_sides: files.each_ref().map(|files| names(files, form)),
            nameless: if form == Form::Json { "\"\"" } else { "" },
        }
    }

    #[inline(never)]
    fn places(&self, rows: &[&Row<'_>]) -> Vec<Place<'_>> {
        let place = |row: &Row<'_>| {
            let [ledger, settlement, bank] = &self.of_sides;
            let names = match row.side {
                Side::Ledger => ledger,
                Side::Settlement => settlement,
                Side::Bank => bank,
            };
            (names.get(row.file).map_or(self.nameless, |name| &**name), row.line)
        };
        match rows {
            [] => Vec::new(),
            [only] => vec![place(only)],
            several => in_place(several).into_iter().map(place).collect(),
        }
    }
}
