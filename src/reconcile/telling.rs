//! The report of a batch as it is printed, byte for byte that of [`Report::printed`](super::Report::printed), without the
//! verdicts and breaks in between: nothing is held in words but the piece that is being written.
//!
//! Whoever has others to help hands them stretches of the breaks as soon as these are known, and prints the first one: put
//! together in order they are the document.

use super::batch::{self, Head};
use super::classes::BreakKind;
use super::findings::Finding;
use super::order::{sorted, sorted_by_text};
use super::parts::PartError;
use super::report::{InFlight, Report, figures, totals};
use super::row::Row;
use super::teller::{Form, Teller};
use super::three_way::{self, Judged};
use super::{stretch, terms};
use crate::ledger::EventType;
use crate::prelude::*;

/// Among whom a report is shared.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Tellers {
    /// The most that tell it, with the one that judges.
    pub most: usize,
    /// About how many breaks are a stretch, but the last one, which may have fewer. Where there are not so many for another,
    /// the one that judges tells all.
    pub each: usize,
}

/// What comes of a report that is told.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Piece<'p> {
    /// The next of the stretches that others tell: see [`tell_stretch`](super::tell_stretch). All of them come before any text.
    Stretch(&'p [u8]),
    /// The next bytes of the document.
    Text(&'p [u8]),
    /// What stands behind the breaks, also behind those of the stretches.
    End(&'p [u8]),
}

impl Tellers {
    /// Nobody but the one that judges.
    pub const ALONE: Self = Self { most: 1, each: 1 };

    /// How many of so many breaks the one that judges tells: its part of them, where there is a stretch for another.
    fn own(self, breaks: usize) -> usize {
        let tellers = self.most.min(breaks.checked_div(self.each).unwrap_or_default()).max(1);
        breaks.checked_div(tellers).unwrap_or_default()
    }
}

/// Judges a batch by [`Terms::packed`](super::Terms::packed), and hands the report to `take`, piece by piece: all of it would
/// need as much memory again as the run did. Gives how many breaks it has, with those that were handed out.
///
/// # Errors
///
/// Those of [`judge_by`](super::judge_by); then nothing was handed on.
pub fn tell(
    batch: &[u8],
    terms: &[u8],
    how: (Tellers, Form),
    take: &mut dyn FnMut(Piece<'_>),
) -> Result<usize, PartError> {
    tell_rows(batch::unpack(batch)?, terms, how, take)
}

/// The same of rows that were unpacked.
pub(super) fn tell_rows(
    (head, rows): (Head<'_>, Vec<Row<'_>>),
    terms: &[u8],
    how: (Tellers, Form),
    take: &mut dyn FnMut(Piece<'_>),
) -> Result<usize, PartError> {
    let terms = terms::unpack(terms).map_err(PartError::Corrupt)?;
    Ok(three_way::judged(head, rows, terms, |judged| told(&judged, how, take)))
}

/// A break, and by what breaks are in order before their ids are looked at.
#[derive(Clone, Copy)]
struct Keyed<'f, 'r> {
    reference: &'r str,
    kind: BreakKind,
    found: &'f Finding<'r>,
}

fn told(judged: &Judged<'_, '_>, (tellers, form): (Tellers, Form), take: &mut dyn FnMut(Piece<'_>)) -> usize {
    let Judged { window, names, .. } = *judged;
    let breaks = ordered(&judged.findings.breaks);
    let between = |from: usize, to: usize| breaks.get(from..to).unwrap_or_default().iter();
    let own = bound(&breaks, tellers.own(breaks.len()));
    let mut from = own;
    while from < breaks.len() {
        let to = bound(&breaks, from.saturating_add(tellers.each.max(1)));
        let found = between(from, to).map(|keyed| keyed.found);
        take(Piece::Stretch(&stretch::pack((form, names, window), found)));
        from = to;
    }
    let report = frame(judged);
    let all = breaks.iter().filter_map(|keyed| figures(keyed.found));
    let totals = totals(&mut all.map(|figures| (figures.kind, figures.currency, figures.difference)));
    let mut teller = Teller::new(form, names, window);
    teller.open(&report, &totals, breaks.len());
    for keyed in between(0, own) {
        teller.tell(keyed.found, &mut |piece| take(Piece::Text(piece)));
    }
    take(Piece::Text(teller.rest().as_bytes()));
    let mut end = String::new();
    if form == Form::Json {
        report.print_tail(&mut end, breaks.is_empty());
    }
    take(Piece::End(end.as_bytes()));
    breaks.len()
}

/// Findings that are a break, in the order of the report.
fn ordered<'f, 'r>(findings: &'f [Finding<'r>]) -> Vec<Keyed<'f, 'r>> {
    let keyed: Vec<Keyed<'f, 'r>> = findings.iter().filter_map(Keyed::of).collect();
    let mut keyed =
        sorted_by_text(keyed, &|keyed| (0, keyed.reference), &|one, other| one.key().cmp(&other.key()));
    keyed.chunk_by_mut(is_one_group).for_each(order_by_id);
    keyed
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

/// Puts the breaks of one reference and kind in order. Nearly all are alone.
#[inline(never)]
fn order_by_id(same: &mut [Keyed<'_, '_>]) {
    if same.len() > 1 {
        let named = same.iter().map(|keyed| (keyed.found.id(keyed.kind), *keyed)).collect();
        let named: Vec<(String, Keyed<'_, '_>)> = sorted(named, &|(one, _), (other, _)| one.cmp(other));
        for (place, (_, keyed)) in same.iter_mut().zip(named) {
            *place = keyed;
        }
    }
}

/// Where a stretch may end that has so many breaks before its end, or a few more: never between two that are numbered because one
/// is called like the other.
#[inline(never)]
fn bound(breaks: &[Keyed<'_, '_>], at: usize) -> usize {
    let mut at = at.min(breaks.len());
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
    let in_flight = findings.in_flight.iter().map(|flying| InFlight {
        reference: flying.reference.to_owned(),
        due: flying.due,
        kind: flying.kind.unwrap_or(EventType::Adjustment),
        amount: flying.amount,
        currency: flying.currency,
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
