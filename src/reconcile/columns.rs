//! Columns are found by name, in any order; what a cell holds is read exactly or the file is refused.
//!
//! Required are `reference`, `currency` and one of `amount_minor` and `amount` (major units); where both stand, they
//! must say the same. `id`, `type`, `fee_minor` or `fee`, `status` and `occurred_at` are read where they stand. Other
//! columns are context: they are found through file and line, and never change a verdict.

use super::csv::{Record, Records};
use super::row::{Row, Side};
use super::{Error, ErrorKind, Source};
use crate::advice::Diagnose as _;
use crate::calendar;
use crate::ledger::EventType;
use crate::money::{self, Amount, Currency};
use crate::prelude::*;
use crate::time::Timestamp;

/// Longest reference, id or status, in bytes. Real ones stay below 100.
const TEXT_BYTES_MAX: usize = 500;

/// A column of amounts.
#[derive(Clone, Copy)]
struct Figures {
    index: usize,
    name: &'static str,
    /// Whole minor units; otherwise a decimal in major units.
    minor: bool,
}

/// Where an amount stands: in minor units, in major units, or in both.
#[derive(Clone, Copy)]
struct Money {
    figures: Figures,
    /// The column of major units beside one of minor units.
    twin: Option<Figures>,
}

/// Where each column stands.
struct Columns {
    width: usize,
    reference: usize,
    currency: usize,
    amount: Money,
    id: Option<usize>,
    kind: Option<usize>,
    fee: Option<Money>,
    status: Option<usize>,
    occurred_at: Option<usize>,
}

/// Reads a whole file and adds its rows.
///
/// # Errors
///
/// The first error of the file. Rows before it were added, so the caller drops them all.
pub(super) fn read(side: Side, file: usize, source: Source<'_>, rows: &mut Vec<Row>) -> Result<(), Error> {
    let mut records = Records::of(source)?;
    let Some(header) = records.next()? else {
        return Err(Error::from(ErrorKind::NoHeader { file: source.name.to_owned() }));
    };
    let columns = Columns::of(source.name, &header)?;
    while let Some(record) = records.next()? {
        rows.push(columns.row(side, file, &record)?);
    }
    Ok(())
}

impl Columns {
    fn of(file: &str, header: &Record<'_, '_>) -> Result<Self, Error> {
        let mut names: Vec<&str> = Vec::new();
        for index in 0..header.len() {
            let name = header.cell(index);
            if !name.is_empty() && names.contains(&name) {
                return Err(Error::from(ErrorKind::DoubledColumn {
                    at: header.place(index),
                    column: name.to_owned(),
                }));
            }
            names.push(name);
        }
        let find = |name: &str| names.iter().position(|found| *found == name);
        let required = |column| {
            find(column)
                .ok_or_else(|| Error::from(ErrorKind::MissingColumn { file: file.to_owned(), column }))
        };
        let money = |minor: &'static str, major: &'static str| {
            let minor = find(minor).map(|index| Figures { index, name: minor, minor: true });
            let major = find(major).map(|index| Figures { index, name: major, minor: false });
            match minor {
                Some(figures) => Some(Money { figures, twin: major }),
                None => major.map(|figures| Money { figures, twin: None }),
            }
        };
        let reference = required("reference")?;
        let amount = money("amount_minor", "amount");
        let amount = amount.ok_or_else(|| {
            Error::from(ErrorKind::MissingColumn { file: file.to_owned(), column: "amount_minor or amount" })
        })?;
        Ok(Self {
            width: header.len(),
            reference,
            currency: required("currency")?,
            amount,
            id: find("id"),
            kind: find("type"),
            fee: money("fee_minor", "fee"),
            status: find("status"),
            occurred_at: find("occurred_at"),
        })
    }

    fn row(&self, side: Side, file: usize, record: &Record<'_, '_>) -> Result<Row, Error> {
        if record.len() != self.width {
            return Err(Error::from(ErrorKind::WrongWidth {
                at: record.place(0),
                expected: self.width,
                found: record.len(),
            }));
        }
        if record.cell(self.reference) == "reference" && record.cell(self.currency) == "currency" {
            return Err(Error::from(ErrorKind::HeaderAgain { at: record.place(0) }));
        }
        let id = text(record, self.id, "id")?;
        let reference = text(record, Some(self.reference), "reference")?;
        let reference = if reference.is_empty() { id } else { reference };
        if reference.is_empty() {
            return Err(Error::from(ErrorKind::MissingValue {
                at: record.place(self.reference),
                column: "reference",
            }));
        }
        let currency = self.currency(record)?;
        Ok(Row {
            side,
            file,
            line: record.line(),
            kind: self.kind(record)?,
            reference: reference.into(),
            id: id.into(),
            amount: self.amount.minor_units(record, currency)?.ok_or_else(|| {
                Error::from(ErrorKind::MissingValue {
                    at: record.place(self.amount.figures.index),
                    column: self.amount.figures.name,
                })
            })?,
            currency,
            fee: match self.fee {
                Some(money) => money.minor_units(record, currency)?,
                None => None,
            },
            status: text(record, self.status, "status")?.into(),
            occurred_at: self.occurred_at(record)?,
        })
    }

    fn currency(&self, record: &Record<'_, '_>) -> Result<Currency, Error> {
        let code = record.cell(self.currency);
        if code.is_empty() {
            return Err(Error::from(ErrorKind::MissingValue {
                at: record.place(self.currency),
                column: "currency",
            }));
        }
        Currency::parse(code).map_err(|error| {
            Error::from(ErrorKind::BadValue {
                at: record.place(self.currency),
                column: "currency",
                reason: error.report().said().message,
            })
        })
    }

    fn kind(&self, record: &Record<'_, '_>) -> Result<EventType, Error> {
        let Some(index) = self.kind else { return Ok(EventType::Charge) };
        let word = record.cell(index);
        if word.is_empty() {
            return Ok(EventType::Charge);
        }
        EventType::parse(word).ok_or_else(|| {
            Error::from(ErrorKind::BadValue {
                at: record.place(index),
                column: "type",
                reason: "expected one of charge, refund, dispute, fee, payout, payout_failure, adjustment"
                    .to_owned(),
            })
        })
    }

    fn occurred_at(&self, record: &Record<'_, '_>) -> Result<Option<Timestamp>, Error> {
        let Some(index) = self.occurred_at else { return Ok(None) };
        let moment = record.cell(index);
        if moment.is_empty() {
            return Ok(None);
        }
        calendar::parse_rfc3339(moment).map(Some).map_err(|error| {
            Error::from(ErrorKind::BadValue {
                at: record.place(index),
                column: "occurred_at",
                reason: error.report().said().message,
            })
        })
    }
}

fn text<'r>(
    record: &'r Record<'_, '_>,
    index: Option<usize>,
    column: &'static str,
) -> Result<&'r str, Error> {
    let Some(index) = index else { return Ok("") };
    let text = record.cell(index);
    if text.len() > TEXT_BYTES_MAX {
        let reason = glued(&[
            &text.len().digits(),
            " bytes are too many: at most ",
            &TEXT_BYTES_MAX.digits(),
            " are kept",
        ]);
        return Err(Error::from(ErrorKind::BadValue { at: record.place(index), column, reason }));
    }
    Ok(text)
}

impl Money {
    /// Signed minor units, exact; `None` when every cell of the amount is empty.
    fn minor_units(self, record: &Record<'_, '_>, currency: Currency) -> Result<Option<i64>, Error> {
        let first = minor_units(record, self.figures, currency)?;
        let Some(twin) = self.twin else { return Ok(first) };
        match (first, minor_units(record, twin, currency)?) {
            (Some(first), Some(second)) if first != second => Err(Error::from(ErrorKind::BadValue {
                at: record.place(twin.index),
                column: twin.name,
                reason: glued(&[
                    "it says ",
                    record.cell(twin.index),
                    " where `",
                    self.figures.name,
                    "` says ",
                    record.cell(self.figures.index),
                    ": mend one of the two, or drop its column",
                ]),
            })),
            (first, second) => Ok(first.or(second)),
        }
    }
}

/// Signed minor units, exact; `None` when the cell is empty.
fn minor_units(record: &Record<'_, '_>, column: Figures, currency: Currency) -> Result<Option<i64>, Error> {
    let text = record.cell(column.index);
    if text.is_empty() {
        return Ok(None);
    }
    let (digits, negative) = match text.strip_prefix('-') {
        Some(digits) => (digits, true),
        None => (text, false),
    };
    let read = if column.minor { Amount::parse_minor } else { Amount::parse_major };
    let wrong = |error: money::Error| {
        Error::from(ErrorKind::BadValue {
            at: record.place(column.index),
            column: column.name,
            reason: error.report().said().message,
        })
    };
    let minor = i64::try_from(read(digits, currency).map_err(wrong)?.minor()).unwrap_or(i64::MAX);
    Ok(Some(if negative { minor.saturating_neg() } else { minor }))
}
