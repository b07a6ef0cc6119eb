//! A break has one kind, the first that holds; the others that hold are kept beside it.

use super::classes::{BreakKind, Hop};
use super::nearest::Nearest;
use super::row::Row;
use crate::crypto::{hex_digits_of, sha256};
use crate::json::{ArrayWriter, ObjectWriter};
use crate::money::Currency;
use crate::prelude::*;

/// Digits of a break's id: 128 bits, so that two breaks never share one.
const ID_DIGITS: usize = 32;

/// What stands between the identities of two rows.
const BETWEEN: &str = "\n\n";

/// As many bytes as nearly all messages have.
const MESSAGE_BYTES: usize = 256;

/// Where a row stands.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct RowPlace {
    /// Name of the file.
    pub file: String,
    /// Line, from 1.
    pub line: u64,
}

impl RowPlace {
    pub(super) fn to_json(&self) -> String {
        ObjectWriter::new().text("file", &self.file).number("line", self.line).finish()
    }
}

/// One disagreement.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Break {
    /// The same from run to run as long as the same rows disagree in the same way.
    pub id: String,
    /// What is wrong, first of all.
    pub kind: BreakKind,
    /// What else is wrong, in order of precedence.
    pub secondary: Vec<BreakKind>,
    /// Where two things were held against each other.
    pub hop: Hop,
    /// The pass that brought the rows together, with its version.
    pub rule: &'static str,
    /// The reference the rows share; of a payout, its id.
    pub reference: String,
    /// Currency of the amounts: the ledger's, or the settlement's where the ledger has no row.
    pub currency: Currency,
    /// What the ledger says (of a payout: its lines; for the bank: the payout), in minor units, summed over its rows;
    /// the fee or tax where that is what differs. `None` where there is no row or the rows are in several currencies.
    pub expected: Option<i128>,
    /// What the other side says, likewise.
    pub found: Option<i128>,
    /// Found minus expected; `None` where one is, or where the currencies differ.
    pub difference: Option<i128>,
    /// Whole days from the earliest row of the ledger (of the settlement, where the ledger has none; of the bank, where
    /// neither has) to the moment ages are counted to; `None` where no time is known.
    pub age_days: Option<u64>,
    /// The rows of the ledger.
    pub ledger: Vec<RowPlace>,
    /// The rows of the settlement.
    pub settlement: Vec<RowPlace>,
    /// The rows of the bank.
    pub bank: Vec<RowPlace>,
    /// Of a row that is missing on a side, what came nearest there; `None` where nothing did.
    pub nearest: Option<Nearest>,
    /// One sentence for a bookkeeper.
    pub explanation: String,
}

/// The id of a break: SHA-256 over hop, kind and the identities of its rows in order, in hexadecimal. `repeat` tells
/// breaks apart whose rows have nothing that does.
#[cfg_attr(feature = "wasm-reconcile-sieve", inline(never))]
pub(super) fn break_id(hop: Hop, kind: BreakKind, identities: &[String], repeat: usize) -> String {
    let mut message = message(hop, kind, repeat);
    for (index, identity) in identities.iter().enumerate() {
        message.push_str(if index > 0 { BETWEEN } else { "" });
        message.push_str(identity);
    }
    hashed(&message)
}

/// The same of rows that are in the order of their identities.
#[cfg_attr(feature = "wasm-reconcile-sieve", inline(never))]
pub(super) fn break_id_of(hop: Hop, kind: BreakKind, rows: &mut dyn Iterator<Item = &&Row<'_>>) -> String {
    let mut message = message(hop, kind, 0);
    for (index, row) in rows.enumerate() {
        message.push_str(if index > 0 { BETWEEN } else { "" });
        row.identify(&mut message);
    }
    hashed(&message)
}

fn message(hop: Hop, kind: BreakKind, repeat: usize) -> String {
    let mut message = String::with_capacity(MESSAGE_BYTES);
    for piece in [hop.name(), "\n", kind.name(), "\n"] {
        message.push_str(piece);
    }
    append_digits(&mut message, u64::try_from(repeat).unwrap_or(u64::MAX));
    message.push('\n');
    message
}

fn hashed(message: &str) -> String {
    let mut digits = [0; ID_DIGITS];
    for (own, byte) in digits.as_chunks_mut().0.iter_mut().zip(sha256(message.as_bytes())) {
        *own = hex_digits_of(byte);
    }
    core::str::from_utf8(&digits).unwrap_or_default().to_owned()
}

impl Break {
    pub(super) fn to_json(&self) -> String {
        let mut secondary = ArrayWriter::new();
        for kind in &self.secondary {
            secondary = secondary.text(kind.name());
        }
        let rows = ObjectWriter::new()
            .raw("ledger", &places(&self.ledger))
            .raw("settlement", &places(&self.settlement))
            .raw("bank", &places(&self.bank));
        let out = ObjectWriter::new()
            .text("id", &self.id)
            .text("kind", self.kind.name())
            .text("code", self.kind.code())
            .raw("secondary", &secondary.finish())
            .text("hop", self.hop.name())
            .text("reference", &self.reference)
            .text("currency", self.currency.code());
        let out = digits(out, "expected_minor", self.expected);
        let out = digits(out, "found_minor", self.found);
        let out = digits(out, "difference_minor", self.difference);
        let out = match self.age_days {
            Some(days) => out.number("age_days", days),
            None => out.null("age_days"),
        };
        let out = out.raw("rows", &rows.finish()).text("rule", self.rule);
        let out = match &self.nearest {
            Some(nearest) => out.raw("nearest", &nearest.to_json()),
            None => out,
        };
        out.text("explanation", &self.explanation).finish()
    }
}

fn digits(out: ObjectWriter, name: &str, value: Option<i128>) -> ObjectWriter {
    match value {
        Some(value) => out.digits(name, value),
        None => out.null(name),
    }
}

fn places(rows: &[RowPlace]) -> String {
    let mut list = ArrayWriter::new();
    for row in rows {
        list = list.raw(&row.to_json());
    }
    list.finish()
}
