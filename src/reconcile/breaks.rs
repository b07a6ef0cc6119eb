//! A break has one kind, the first that holds; the others that hold are kept beside it.

use super::{HOP, RULE};
use crate::crypto::sha256_hex;
use crate::json::{ArrayWriter, ObjectWriter};
use crate::money::Currency;
use crate::prelude::*;

/// Digits of a break's id: 128 bits, so that two breaks never share one.
const ID_DIGITS: usize = 32;

/// The kinds of breaks, in order of precedence: identity before presence, presence before value, currency before
/// amount, state last.
///
/// A fee that differs is the kind where the amounts agree; where they do not, it stands beside the amount.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
#[non_exhaustive]
pub enum BreakKind {
    /// C1: the ledger holds the same event twice (same id, or no id and nothing else to tell them apart).
    DuplicateRecordM,
    /// C1: the settlement holds the same event twice.
    DuplicateRecordS,
    /// C4: one reference, several charges of different amounts or currencies.
    ReferenceCollision,
    /// C2: one reference, several charges of the same amount under different ids: real money, taken twice.
    DuplicateCharge,
    /// C5: several rows could stand against each other, and nothing decides.
    Ambiguous,
    /// B2: in the ledger, not in the settlement, and the in-flight window is over.
    MissingInSettlement,
    /// B3: in the settlement, not in the ledger.
    MissingInMirror,
    /// D1: the currencies differ.
    CurrencyMismatch,
    /// D2: the gross amounts differ.
    AmountMismatch,
    /// D5: the fees differ.
    FeeMismatch,
    /// E1: the states differ.
    StatusMismatch,
}

impl BreakKind {
    /// All kinds, in order of precedence.
    pub const ALL: [Self; 11] = [
        Self::DuplicateRecordM,
        Self::DuplicateRecordS,
        Self::ReferenceCollision,
        Self::DuplicateCharge,
        Self::Ambiguous,
        Self::MissingInSettlement,
        Self::MissingInMirror,
        Self::CurrencyMismatch,
        Self::AmountMismatch,
        Self::FeeMismatch,
        Self::StatusMismatch,
    ];

    /// The name of the kind in reports.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::DuplicateRecordM => "duplicate_record_m",
            Self::DuplicateRecordS => "duplicate_record_s",
            Self::ReferenceCollision => "reference_collision",
            Self::DuplicateCharge => "duplicate_charge",
            Self::Ambiguous => "ambiguous",
            Self::MissingInSettlement => "missing_in_settlement",
            Self::MissingInMirror => "missing_in_mirror",
            Self::CurrencyMismatch => "currency_mismatch",
            Self::AmountMismatch => "amount_mismatch",
            Self::FeeMismatch => "fee_mismatch",
            Self::StatusMismatch => "status_mismatch",
        }
    }

    /// The letter and number of the kind in the taxonomy.
    #[must_use]
    pub const fn code(self) -> &'static str {
        match self {
            Self::DuplicateRecordM | Self::DuplicateRecordS => "C1",
            Self::ReferenceCollision => "C4",
            Self::DuplicateCharge => "C2",
            Self::Ambiguous => "C5",
            Self::MissingInSettlement => "B2",
            Self::MissingInMirror => "B3",
            Self::CurrencyMismatch => "D1",
            Self::AmountMismatch => "D2",
            Self::FeeMismatch => "D5",
            Self::StatusMismatch => "E1",
        }
    }
}

/// Where a row stands.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct RowPlace {
    /// Name of the file.
    pub file: String,
    /// Line, from 1.
    pub line: u64,
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
    /// The reference the rows share.
    pub reference: String,
    /// Currency of the amounts: the ledger's, or the settlement's where the ledger has no row.
    pub currency: Currency,
    /// What the ledger says, in minor units, summed over its rows; the fee for [`BreakKind::FeeMismatch`]. `None`
    /// where it has no row or its rows are in several currencies.
    pub expected: Option<i128>,
    /// What the settlement says, likewise.
    pub found: Option<i128>,
    /// Found minus expected; `None` where one is, or where the currencies differ.
    pub difference: Option<i128>,
    /// Whole days from the earliest row of the ledger (of the settlement, where the ledger has none) to the moment
    /// ages are counted to; `None` where no time is known.
    pub age_days: Option<u64>,
    /// The rows of the ledger.
    pub ledger: Vec<RowPlace>,
    /// The rows of the settlement.
    pub settlement: Vec<RowPlace>,
    /// One sentence for a bookkeeper.
    pub explanation: String,
}

/// The id of a break: SHA-256 over hop, kind and the identities of its rows in order, in hexadecimal. `repeat` tells
/// breaks apart whose rows have nothing that does.
pub(super) fn break_id(kind: BreakKind, identities: &[String], repeat: usize) -> String {
    let mut message = glued(&[HOP, "\n", kind.name(), "\n", &repeat.digits(), "\n"]);
    for (index, identity) in identities.iter().enumerate() {
        message.push_str(if index > 0 { "\n\n" } else { "" });
        message.push_str(identity);
    }
    sha256_hex(message.as_bytes()).chars().take(ID_DIGITS).collect()
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
            .raw("bank", "[]");
        let out = ObjectWriter::new()
            .text("id", &self.id)
            .text("kind", self.kind.name())
            .text("code", self.kind.code())
            .raw("secondary", &secondary.finish())
            .text("hop", HOP)
            .text("reference", &self.reference)
            .text("currency", self.currency.code());
        let out = digits(out, "expected_minor", self.expected);
        let out = digits(out, "found_minor", self.found);
        let out = digits(out, "difference_minor", self.difference);
        let out = match self.age_days {
            Some(days) => out.number("age_days", days),
            None => out.null("age_days"),
        };
        out.raw("rows", &rows.finish()).text("rule", RULE).text("explanation", &self.explanation).finish()
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
        list = list.raw(&ObjectWriter::new().text("file", &row.file).number("line", row.line).finish());
    }
    list.finish()
}
