//! A cell is read as what its column holds, and an error of it has the column's own name.

use super::super::figure::{self, Style};
use super::super::moment::{self, DateOrder, Reading};
use super::super::{Error, Money};
use super::Record;
use crate::money::Currency;
use crate::prelude::*;

/// A column that was found in the header.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Field {
    pub(super) index: usize,
    /// As the header writes it.
    pub(super) name: String,
}

impl Field {
    /// The cell, without spaces around it.
    pub(super) fn text<'a>(&self, record: &Record<'a>) -> &'a str {
        record.cell(self.index).trim()
    }

    /// The cell, which must not be empty.
    pub(super) fn filled<'a>(&self, record: &Record<'a>) -> Result<&'a str, Error> {
        match self.text(record) {
            "" => Err(Error::missing_value(record.place(self.index), &self.name)),
            text => Ok(text),
        }
    }

    /// What an error says of the cell.
    pub(super) fn bad(&self, record: &Record<'_>, expected: &str) -> Error {
        Error::bad_value(record.place(self.index), &self.name, expected, record.cell(self.index))
    }

    /// Minor units from major units; `None` for an empty cell.
    pub(super) fn major(
        &self,
        record: &Record<'_>,
        currency: Currency,
        style: Style,
    ) -> Result<Option<i64>, Error> {
        match self.text(record) {
            "" => Ok(None),
            text => {
                figure::major(text, currency, style).map(Some).map_err(|expected| self.bad(record, &expected))
            }
        }
    }

    /// As [`Field::major`], for a cell that must not be empty.
    pub(super) fn filled_major(
        &self,
        record: &Record<'_>,
        currency: Currency,
        style: Style,
    ) -> Result<i64, Error> {
        let _ = self.filled(record)?;
        self.major(record, currency, style).map(Option::unwrap_or_default)
    }

    /// Whole minor units; `None` for an empty cell.
    pub(super) fn minor(&self, record: &Record<'_>) -> Result<Option<i64>, Error> {
        match self.text(record) {
            "" => Ok(None),
            text => figure::minor(text).map(Some).map_err(|expected| self.bad(record, &expected)),
        }
    }

    /// A count; `None` for an empty cell.
    pub(super) fn count(&self, record: &Record<'_>) -> Result<Option<u64>, Error> {
        match self.text(record) {
            "" => Ok(None),
            text => text.parse().map(Some).map_err(|_| self.bad(record, "a number of things")),
        }
    }

    /// A currency, in either case, which must be there.
    pub(super) fn currency(&self, record: &Record<'_>) -> Result<Currency, Error> {
        let code: Option<[u8; 3]> = self.filled(record)?.as_bytes().try_into().ok();
        let code = code.map(|letters| letters.map(|letter| letter.to_ascii_uppercase()));
        code.and_then(Currency::of_code).ok_or_else(|| self.bad(record, "a currency of ISO 4217 such as EUR"))
    }

    /// A moment in ISO 8601 or close to it; `None` for an empty cell.
    pub(super) fn moment(&self, record: &Record<'_>, zone: Option<i16>) -> Result<Option<Reading>, Error> {
        self.ordered(record, DateOrder::YearMonthDay, zone, moment::ISO)
    }

    /// A moment in an order; `None` for an empty cell.
    pub(super) fn ordered(
        &self,
        record: &Record<'_>,
        order: DateOrder,
        zone: Option<i16>,
        expected: &str,
    ) -> Result<Option<Reading>, Error> {
        match self.text(record) {
            "" => Ok(None),
            text => moment::ordered(text, order, zone).map(Some).ok_or_else(|| self.bad(record, expected)),
        }
    }
}

/// The cell of a column that may not be there.
pub(super) fn text<'a>(field: Option<&Field>, record: &Record<'a>) -> &'a str {
    field.map_or("", |field| field.text(record))
}

/// What a column that may not be there says, by one of the readers above.
pub(super) fn maybe<T>(
    field: Option<&Field>,
    read: impl FnOnce(&Field) -> Result<Option<T>, Error>,
) -> Result<Option<T>, Error> {
    field.map_or(Ok(None), read)
}

/// What a payout is called that its report only numbers: each account and each currency has one of that number.
pub(super) fn payout_name(account: &str, number: &str, currency: Currency) -> String {
    if number.is_empty() { String::new() } else { [account, number, currency.code()].join("-") }
}

/// Money in two columns that may not be there or be empty, unless it is in `beside`, where it says nothing new.
pub(super) fn foreign_money(
    amount: Option<&Field>,
    currency: Option<&Field>,
    record: &Record<'_>,
    beside: Currency,
    style: Style,
) -> Result<Option<Money>, Error> {
    let Some((amount, code)) = amount.zip(currency) else { return Ok(None) };
    if amount.text(record).is_empty() || code.text(record).is_empty() {
        return Ok(None);
    }
    let currency = code.currency(record)?;
    if currency == beside {
        return Ok(None);
    }
    Ok(Some(Money { minor: amount.filled_major(record, currency, style)?, currency }))
}
