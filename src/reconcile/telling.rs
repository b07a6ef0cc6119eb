//! The report of a batch as it is printed, byte for byte that of [`Report::printed`](super::Report::printed), without the
//! verdicts and breaks in between: nothing is held in words but the piece that is being written.
//!
//! It may be told in shares, each of which anybody makes who has the batch: put together in order they are the document.

use super::batch::Head;
use super::breaks::break_id;
use super::classes::BreakKind;
use super::findings::Finding;
use super::order::{sorted, sorted_by_text};
use super::parts::{PartError, Share};
use super::printed::{Line, Place};
use super::report::{Figures, InFlight, Report, figures, in_place, totals};
use super::row::{Row, Side};
use super::three_way::{self, Judged};
use super::{batch, terms};
use crate::json::append_quoted;
use crate::ledger::EventType;
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

/// Judges a batch by [`Terms::packed`](super::Terms::packed), and hands a share of the report to `write`, piece by piece: all
/// of it would need as much memory again as the run did. Gives how many breaks the whole report has.
///
/// # Errors
///
/// Those of [`judge_by`](super::judge_by), and [`PartError::NoShare`]; then nothing was written.
pub fn tell(
    batch: &[u8],
    terms: &[u8],
    (share, form): (Share, Form),
    write: &mut dyn FnMut(&[u8]),
) -> Result<usize, PartError> {
    tell_rows(batch::unpack(batch)?, terms, (share, form), write)
}

/// The same of rows that were unpacked.
pub(super) fn tell_rows(
    (head, rows): (Head<'_>, Vec<Row<'_>>),
    terms: &[u8],
    (share, form): (Share, Form),
    write: &mut dyn FnMut(&[u8]),
) -> Result<usize, PartError> {
    let share = share.checked()?;
    let terms = terms::unpack(terms).map_err(PartError::Corrupt)?;
    Ok(three_way::judged(head, rows, terms, |judged| told(&judged, (share, form), write)))
}

/// A break, and by what breaks are in order before their ids are looked at.
#[derive(Clone, Copy)]
struct Keyed<'f, 'r> {
    reference: &'r str,
    kind: BreakKind,
    found: &'f Finding<'r>,
}

/// Breaks that share reference and kind, with their ids, in order.
type Group<'f, 'r> = Vec<(String, &'f Finding<'r>)>;

fn told(judged: &Judged<'_, '_>, (share, form): (Share, Form), write: &mut dyn FnMut(&[u8])) -> usize {
    let breaks = ordered(&judged.findings.breaks);
    let own = (share.index, share.index.saturating_add(1));
    let [from, to] = [own.0, own.1].map(|index| bound(&breaks, index, share.of));
    let mut out = String::with_capacity(PIECE_BYTES.saturating_add(BREAK_BYTES));
    let report = frame(judged);
    if share.index == 0 {
        let all = breaks.iter().filter_map(|keyed| figures(keyed.found));
        let totals = totals(&mut all.map(|figures| (figures.kind, figures.currency, figures.difference)));
        match form {
            Form::Json => report.print_head(&mut out, &totals, breaks.len()),
            Form::Lines => report.print_sums(&mut out, &totals, breaks.len()),
        }
    }
    let names = names(judged.names, form);
    let mut teller = Teller { judged, form, names, before: String::new(), repeat: 0 };
    let mut is_first = from == 0;
    for same in breaks.get(from..to).unwrap_or_default().chunk_by(is_one_group) {
        teller.tell_group(&mut out, same, &mut is_first, write);
    }
    if form == Form::Json && own.1 == share.of {
        report.print_tail(&mut out, breaks.is_empty());
    }
    write(out.as_bytes());
    breaks.len()
}

/// Findings that are a break, by reference and kind.
fn ordered<'f, 'r>(findings: &'f [Finding<'r>]) -> Vec<Keyed<'f, 'r>> {
    let keyed: Vec<Keyed<'f, 'r>> = findings.iter().filter_map(Keyed::of).collect();
    sorted_by_text(keyed, &|keyed| (0, keyed.reference), &|one, other| one.key().cmp(&other.key()))
}

impl<'f, 'r> Keyed<'f, 'r> {
    fn of(found: &'f Finding<'r>) -> Option<Self> {
        found.unit.rows().next()?;
        Some(Self { reference: found.called(), kind: found.kinds.primary()?, found })
    }

    const fn key(&self) -> (&'r str, BreakKind) {
        (self.reference, self.kind)
    }
}

#[inline(never)]
fn is_one_group(one: &Keyed<'_, '_>, next: &Keyed<'_, '_>) -> bool {
    one.key() == next.key()
}

/// The breaks of one reference and kind, by their ids.
fn group<'f, 'r>(same: &[Keyed<'f, 'r>]) -> Group<'f, 'r> {
    let group: Group<'f, 'r> =
        same.iter().map(|Keyed { kind, found, .. }| (found.id(*kind), *found)).collect();
    // Nearly all are alone.
    sorted(group, &|(one, _), (other, _)| one.cmp(other))
}

/// Where a share begins: about its part of all breaks, and never between two that are numbered because one is called like
/// the other.
fn bound(breaks: &[Keyed<'_, '_>], index: u32, of: u32) -> usize {
    let whole = u64::try_from(breaks.len()).unwrap_or(u64::MAX);
    let at = whole.saturating_mul(index.into()).checked_div(of.into()).unwrap_or_default();
    let mut at = usize::try_from(at).unwrap_or(usize::MAX);
    while let Some((before, next)) =
        at.checked_sub(1).and_then(|before| breaks.get(before).zip(breaks.get(at)))
    {
        let is_one = before.reference == next.reference;
        let rows = |keyed: &Keyed<'_, '_>| keyed.found.unit.rows().next().map(Row::identity);
        if !is_one && rows(before) != rows(next) {
            break;
        }
        at = at.saturating_add(1);
    }
    at
}

/// The report without its breaks.
fn frame(judged: &Judged<'_, '_>) -> Report {
    let Judged { findings, rows, window, rules, .. } = judged;
    let flying = findings.in_flight.iter().filter_map(|row| Some((row, row.occurred_at?)));
    let in_flight = flying.map(|(row, at)| InFlight {
        reference: row.reference.to_owned(),
        due: window.of(row.account).due(at),
        kind: row.kind.unwrap_or(EventType::Adjustment),
        amount: row.amount,
        currency: row.currency,
    });
    let mut report = Report {
        rows: *rows,
        matched: findings.matched,
        set_aside: findings.set_aside,
        as_of: window.as_of,
        rules: (*rules).to_owned(),
        breaks: Vec::new(),
        in_flight: in_flight.collect(),
    };
    report.sort_in_flight();
    report
}

/// The names of files as they are printed.
fn names(names: &[Vec<&str>; 3], form: Form) -> [Vec<String>; 3] {
    names.each_ref().map(|files| {
        let printed = |name: &&str| {
            let mut out = String::new();
            match form {
                Form::Json => append_quoted(&mut out, name),
                Form::Lines => out.push_str(name),
            }
            out
        };
        files.iter().map(printed).collect()
    })
}

/// Prints one break after the other.
struct Teller<'j, 'f, 'r> {
    judged: &'j Judged<'f, 'r>,
    form: Form,
    /// The names of files, as they are printed.
    names: [Vec<String>; 3],
    /// The id of the break before, and how many breaks in a row had it.
    before: String,
    repeat: usize,
}

impl Teller<'_, '_, '_> {
    /// Prints the breaks of one reference and kind; `write` takes what is a piece.
    #[inline(never)]
    fn tell_group(
        &mut self,
        out: &mut String,
        same: &[Keyed<'_, '_>],
        is_first: &mut bool,
        write: &mut dyn FnMut(&[u8]),
    ) {
        for (id, found) in group(same) {
            self.tell(out, id, found, core::mem::take(is_first));
            if out.len() >= PIECE_BYTES {
                write(out.as_bytes());
                out.clear();
            }
        }
    }

    #[inline(never)]
    fn tell(&mut self, out: &mut String, own: String, found: &Finding<'_>, is_first: bool) {
        let Some(figures) = figures(found) else { return };
        let Figures { kind, reference, expected, actual, difference, currency, .. } = figures;
        let mut id = own;
        if id == self.before {
            self.repeat = self.repeat.saturating_add(1);
            id = break_id(found.hop, kind, core::slice::from_ref(&id), self.repeat);
        } else {
            self.before.clone_from(&id);
            self.repeat = 0;
        }
        let Judged { window, names, .. } = *self.judged;
        let age_days = figures.age_days(window);
        let explanation = figures.explain(found, names, age_days);
        let nearest = found.nearest.as_ref().and_then(|near| near.told(names));
        let unit = &found.unit;
        let (ledger, settlement, bank) =
            (self.places(&unit.ledger), self.places(&unit.settlement), self.places(&unit.bank));
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
            Form::Json => line.print(out, is_first),
            Form::Lines => line.print_lines(out),
        }
    }

    fn places(&self, rows: &[&Row<'_>]) -> Vec<Place<'_>> {
        let nameless = if self.form == Form::Json { "\"\"" } else { "" };
        let place = |row: &Row<'_>| {
            let [ledger, settlement, bank] = &self.names;
            let names = match row.side {
                Side::Ledger => ledger,
                Side::Settlement => settlement,
                Side::Bank => bank,
            };
            (names.get(row.file).map_or(nameless, |name| &**name), row.line)
        };
        match rows {
            [] => Vec::new(),
            [only] => vec![place(only)],
            several => in_place(several).into_iter().map(place).collect(),
        }
    }
}
