//! What was found, as bytes: what the artefact that judges hands to the one that writes the report.
//!
//! Verdicts are a version, the names of the files, the counts, what is in flight with the moment it is due, and then the
//! findings to the end, each with its rows as they stood in the batch, so that nothing but them is needed to put it into
//! words.

use super::batch::{names, put_names};
use super::breaks::Break;
use super::classes::{Hop, Kinds};
use super::findings::{Finding, Rule, Shown};
use super::group::Unit;
use super::matches::Match;
use super::nearest::Near;
use super::packed::{
    Corrupt, Fields, kind_byte, put_count, put_currency, put_integer, put_maybe, put_moment, put_natural,
    put_text,
};
use super::report::{self, InFlight, Report, RowCounts};
use super::row::Row;
use super::three_way::Judged;
use super::window::Window;
use crate::ledger::EventType;
use crate::prelude::*;

/// The first byte of verdicts.
const VERSION: u8 = 3;

/// Packs what a run has found.
#[cfg_attr(feature = "wasm-reconcile-sieve", inline(never))]
pub(super) fn pack(judged: &Judged<'_, '_>) -> Vec<u8> {
    let Judged { findings, rows, window, names, rules } = *judged;
    let mut out = vec![VERSION];
    put_names(&mut out, names);
    for count in [rows.ledger, rows.settlement, rows.bank, findings.matched, findings.set_aside] {
        put_count(&mut out, count);
    }
    put_maybe(&mut out, window.as_of, put_moment);
    put_text(&mut out, rules);
    put_count(&mut out, findings.in_flight.len());
    for flying in &findings.in_flight {
        put_text(&mut out, flying.reference);
        put_moment(&mut out, flying.due);
        out.push(kind_byte(flying.kind));
        put_integer(&mut out, flying.amount);
        put_currency(&mut out, flying.currency);
    }
    let matches = findings.matches.as_deref().unwrap_or_default();
    put_count(&mut out, matches.len());
    for found in matches {
        found.pack(&mut out);
    }
    for found in &findings.breaks {
        found.pack(&mut out);
    }
    out
}

impl Finding<'_> {
    #[cfg_attr(feature = "wasm-reconcile-sieve", inline(never))]
    pub(super) fn pack(&self, out: &mut Vec<u8>) {
        put_natural(out, self.kinds.bits());
        out.push(self.hop.byte());
        out.push(self.rule.0);
        put_maybe(out, self.reference, put_text);
        put_maybe(out, self.shown.as_ref(), |out, shown| {
            put_currency(out, shown.currency);
            for sum in [shown.expected, shown.found] {
                put_maybe(out, sum, |out, sum| out.extend_from_slice(&sum.to_le_bytes()));
            }
        });
        put_maybe(out, self.nearest.as_ref(), |out, near| near.pack(out));
        put_count(out, self.unit.rows().count());
        for row in self.unit.rows() {
            out.extend_from_slice(row.packed);
        }
    }
}

/// Puts verdicts into words and order.
///
/// # Errors
///
/// [`Corrupt`] for bytes that are no verdicts.
pub(super) fn report(verdicts: &[u8]) -> Result<Report, Corrupt> {
    let mut fields = Fields::of(verdicts);
    let Head { mut report, names, matches } = head(&mut fields).ok_or(Corrupt { at: 0 })?;
    for _ in 0..matches {
        let at = verdicts.len().saturating_sub(fields.rest.len());
        let _ = Match::unpack(&mut fields).ok_or(Corrupt { at })?;
    }
    let window = Window { as_of: report.as_of, ..Window::default() };
    while !fields.rest.is_empty() {
        let at = verdicts.len().saturating_sub(fields.rest.len());
        report.breaks.extend(one(&mut fields, &names, &window).ok_or(Corrupt { at })?);
    }
    report.sort();
    Ok(report)
}

/// What stands before the matches and the findings.
pub(super) struct Head<'a> {
    /// Without its breaks.
    pub(super) report: Report,
    pub(super) names: [Vec<&'a str>; 3],
    /// How many matches follow.
    pub(super) matches: usize,
}

pub(super) fn head<'a>(fields: &mut Fields<'a>) -> Option<Head<'a>> {
    if fields.byte()? != VERSION {
        return None;
    }
    let names = names(fields)?;
    let rows = RowCounts { ledger: fields.count()?, settlement: fields.count()?, bank: fields.count()? };
    let (matched, set_aside) = (fields.count()?, fields.count()?);
    let as_of = fields.maybe(Fields::moment)?;
    let rules = fields.text()?.to_owned();
    let mut in_flight = Vec::new();
    for _ in 0..fields.count()? {
        in_flight.push(InFlight {
            reference: fields.text()?.to_owned(),
            due: fields.moment()?,
            kind: fields.kind()?.unwrap_or(EventType::Adjustment),
            amount: fields.integer()?,
            currency: fields.currency()?,
        });
    }
    let matches = fields.count()?;
    let report = Report { rows, matched, set_aside, as_of, rules, breaks: Vec::new(), in_flight };
    Some(Head { report, names, matches })
}

#[cfg_attr(feature = "wasm-reconcile-sieve", inline(never))]
fn one(fields: &mut Fields<'_>, names: &[Vec<&str>; 3], window: &Window) -> Option<Option<Break>> {
    Some(report::describe(&Carried::unpack(fields)?.finding(), names, window))
}

/// A finding that was packed, and its rows.
pub(super) struct Carried<'a> {
    kinds: Kinds,
    hop: Hop,
    rule: Rule,
    reference: Option<&'a str>,
    shown: Option<Shown>,
    nearest: Option<(Rule, u8, Row<'a>)>,
    rows: Vec<Row<'a>>,
}

impl<'a> Carried<'a> {
    #[cfg_attr(feature = "wasm-reconcile-sieve", inline(never))]
    pub(super) fn unpack(fields: &mut Fields<'a>) -> Option<Self> {
        let kinds = Kinds::of_bits(fields.natural()?);
        let (hop, rule) = (Hop::unpack(fields)?, Rule(fields.byte()?));
        let reference = fields.maybe(Fields::text)?;
        let shown = fields.maybe(|fields| {
            Some(Shown {
                currency: fields.currency()?,
                expected: fields.maybe(Fields::sum)?,
                found: fields.maybe(Fields::sum)?,
            })
        })?;
        let nearest = fields.maybe(Near::unpack)?;
        let mut rows = Vec::new();
        for _ in 0..fields.count()? {
            rows.push(Row::unpack(fields)?);
        }
        Some(Self { kinds, hop, rule, reference, shown, nearest, rows })
    }

    pub(super) fn finding(&self) -> Finding<'_> {
        let Self { kinds, hop, rule, reference, shown, nearest, rows } = self;
        let mut unit = Unit::default();
        for row in rows {
            unit.push(row);
        }
        Finding {
            kinds: *kinds,
            unit,
            hop: *hop,
            rule: *rule,
            reference: *reference,
            shown: shown.map(Box::new),
            nearest: nearest.as_ref().map(|(rule, gate, row)| Near { row, rule: *rule, gate: *gate }),
        }
    }
}
