//! Each match names the pass that made it, the rules it ran under and the fields that decided, where anybody asks.
//!
//! Nobody does in most runs, and then none is kept: a match is what is not worth a word.

use super::classes::Hop;
use super::findings::Rule;
use super::group::Unit;
use super::packed::{Corrupt, Fields, put_count};
use super::report::place;
use super::row::{Row, Side};
use super::verdicts;
use crate::json::{ArrayWriter, ObjectWriter};
use crate::prelude::*;

/// What may decide that rows belong together, in the order it is told in.
const FIELDS: [&str; 12] = [
    "type",
    "reference",
    "id",
    "parent_reference",
    "payout_id",
    "description",
    "amount",
    "currency",
    "fee",
    "status",
    "occurred_at",
    "only_ones_left",
];

/// A set of fields: a bit for each of [`FIELDS`].
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct MadeBy(u16);

impl MadeBy {
    pub(super) const REFERENCE: Self = Self(0b11);
    pub(super) const ID: Self = Self(0b100);
    pub(super) const PARENT: Self = Self(0b1000);
    pub(super) const PAYOUT: Self = Self(0b1_0000);
    pub(super) const DESCRIPTION: Self = Self(0b10_0000);
    pub(super) const AMOUNT: Self = Self(0b1100_0000);
    pub(super) const FEE_AND_STATUS: Self = Self(0b11_0000_0000);
    pub(super) const TIME: Self = Self(0b100_0000_0000);
    pub(super) const LAST: Self = Self(0b1000_0000_0000);
    pub(super) const TYPE: Self = Self(0b1);

    pub(super) const fn and(self, other: Self) -> Self {
        Self(self.0 | other.0)
    }

    fn names(self) -> impl Iterator<Item = &'static str> {
        let has = move |at: usize| {
            u32::try_from(at).is_ok_and(|at| self.0.checked_shr(at).is_some_and(|bits| bits & 1 == 1))
        };
        FIELDS.into_iter().enumerate().filter(move |(at, _)| has(*at)).map(|(_, name)| name)
    }
}

/// Rows that agree in every value.
#[derive(Clone, Debug)]
pub(super) struct Match<'r> {
    pub(super) rule: Rule,
    pub(super) hop: Hop,
    pub(super) unit: Unit<'r>,
}

impl Match<'_> {
    pub(super) fn pack(&self, out: &mut Vec<u8>) {
        out.push(self.rule.0);
        out.push(self.hop.byte());
        out.extend_from_slice(&self.unit.made_by.0.to_le_bytes());
        put_count(out, self.unit.rows().count());
        for row in self.unit.rows() {
            out.extend_from_slice(row.packed);
        }
    }

    /// The parts of a match; `None` for bytes that are none.
    pub(super) fn unpack<'a>(fields: &mut Fields<'a>) -> Option<(Rule, Hop, MadeBy, Vec<Row<'a>>)> {
        let (rule, hop) = (Rule(fields.byte()?), Hop::unpack(fields)?);
        let made_by = MadeBy(u16::from_le_bytes(fields.bytes()?));
        let mut rows = Vec::new();
        for _ in 0..fields.count()? {
            rows.push(Row::unpack(fields)?);
        }
        Some((rule, hop, made_by, rows))
    }
}

/// The matches of verdicts as JSON Lines, in the order the engine found them; empty where nobody asked for them.
///
/// # Errors
///
/// [`Corrupt`] for bytes that are no verdicts.
pub fn matches(verdicts: &[u8]) -> Result<String, Corrupt> {
    let mut fields = Fields::of(verdicts);
    let head = verdicts::head(&mut fields).ok_or(Corrupt { at: 0 })?;
    let mut out = String::new();
    for _ in 0..head.matches {
        let at = verdicts.len().saturating_sub(fields.rest.len());
        let found = Match::unpack(&mut fields).ok_or(Corrupt { at })?;
        out.push_str(&line(&found, &head.names, &head.report.rules));
        out.push('\n');
    }
    Ok(out)
}

fn line(
    (rule, hop, made_by, rows): &(Rule, Hop, MadeBy, Vec<Row<'_>>),
    names: &[Vec<&str>; 3],
    rules: &str,
) -> String {
    let mut fields = ArrayWriter::new();
    for name in made_by.names() {
        fields = fields.text(name);
    }
    let mut places = ObjectWriter::new();
    for (side, member) in [(Side::Ledger, "ledger"), (Side::Settlement, "settlement"), (Side::Bank, "bank")] {
        let mut own = ArrayWriter::new();
        for row in rows.iter().filter(|row| row.side == side) {
            own = own.raw(&place(row, names).to_json());
        }
        places = places.raw(member, &own.finish());
    }
    let out = ObjectWriter::new().text("pass", rule.name()).text("rules", rules).text("hop", hop.name());
    let out = match rows.first() {
        Some(row) => {
            let reference = if row.reference.is_empty() { row.id } else { row.reference };
            out.text("reference", reference)
                .digits("amount_minor", row.amount)
                .text("currency", row.currency.code())
        }
        None => out,
    };
    out.raw("fields", &fields.finish()).raw("rows", &places.finish()).finish()
}
