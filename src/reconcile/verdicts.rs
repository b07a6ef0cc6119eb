//! What was found, as bytes: what the artefact that judges hands to the one that writes the report.
//!
//! Verdicts are a version, the names of the files, the counts, what is in flight with the moment it is due, and then the
//! findings to the end, each with its rows as they stood in the batch, so that nothing but them is needed to put it into
//! words.

use super::batch::{names, put_names};
use super::breaks::Break;
use super::classes::{Hop, Kinds};
use super::findings::{Finding, Findings, Rule, Shown};
use super::group::Unit;
use super::packed::{Corrupt, Fields, put_count, put_currency, put_maybe, put_moment, put_natural, put_text};
use super::report::{self, InFlight, Report, RowCounts};
use super::row::{Row, Side};
use super::window::Window;
use crate::ledger::EventType;
use crate::prelude::*;

/// The first byte of verdicts.
const VERSION: u8 = 1;

/// Packs what a run has found.
pub(super) fn pack(
    findings: &Findings<'_>,
    rows: RowCounts,
    window: &Window,
    names: &[Vec<&str>; 3],
) -> Vec<u8> {
    let mut out = vec![VERSION];
    put_names(&mut out, names);
    for count in [rows.ledger, rows.settlement, rows.bank, findings.matched, findings.set_aside] {
        put_count(&mut out, count);
    }
    put_maybe(&mut out, window.as_of, put_moment);
    let flying = || findings.in_flight.iter().filter_map(|row| Some((row, row.occurred_at?)));
    put_count(&mut out, flying().count());
    for (row, at) in flying() {
        out.extend_from_slice(row.packed);
        put_moment(&mut out, window.due(at));
    }
    for found in &findings.breaks {
        found.pack(&mut out);
    }
    out
}

impl Finding<'_> {
    fn pack(&self, out: &mut Vec<u8>) {
        put_natural(out, self.kinds.bits());
        out.push(self.hop.byte());
        out.push(self.rule.0);
        put_maybe(out, self.reference, put_text);
        put_maybe(out, self.shown, |out, shown| {
            put_currency(out, shown.currency);
            for sum in [shown.expected, shown.found] {
                put_maybe(out, sum, |out, sum| out.extend_from_slice(&sum.to_le_bytes()));
            }
        });
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
    let (mut report, names) = head(&mut fields).ok_or(Corrupt { at: 0 })?;
    let window = Window { as_of: report.as_of, ..Window::default() };
    while !fields.rest.is_empty() {
        let at = verdicts.len().saturating_sub(fields.rest.len());
        report.breaks.extend(one(&mut fields, &names, &window).ok_or(Corrupt { at })?);
    }
    report.sort();
    Ok(report)
}

fn head<'a>(fields: &mut Fields<'a>) -> Option<(Report, [Vec<&'a str>; 3])> {
    if fields.byte()? != VERSION {
        return None;
    }
    let names = names(fields)?;
    let rows = RowCounts { ledger: fields.count()?, settlement: fields.count()?, bank: fields.count()? };
    let (matched, set_aside) = (fields.count()?, fields.count()?);
    let as_of = fields.maybe(Fields::moment)?;
    let mut in_flight = Vec::new();
    for _ in 0..fields.count()? {
        let row = Row::unpack(fields)?;
        in_flight.push(InFlight {
            reference: row.reference.to_owned(),
            due: fields.moment()?,
            kind: row.kind.unwrap_or(EventType::Adjustment),
            amount: row.amount,
            currency: row.currency,
        });
    }
    Some((Report { rows, matched, set_aside, as_of, breaks: Vec::new(), in_flight }, names))
}

fn one(fields: &mut Fields<'_>, names: &[Vec<&str>; 3], window: &Window) -> Option<Option<Break>> {
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
    let mut rows = Vec::new();
    for _ in 0..fields.count()? {
        rows.push(Row::unpack(fields)?);
    }
    let mut unit = Unit::default();
    for row in &rows {
        match row.side {
            Side::Ledger => unit.ledger.push(row),
            Side::Settlement => unit.settlement.push(row),
            Side::Bank => unit.bank.push(row),
        }
    }
    Some(report::describe(&Finding { kinds, unit, hop, rule, reference, shown }, names, window))
}
