//! Columns are found by name, in any order; one that is needed and missing, or that stands twice, refuses the file.

use super::super::{Error, ErrorKind};
use super::{Field, Record};
use crate::prelude::*;

/// The names of the columns, in their order.
#[derive(Clone, Debug, Default)]
pub(super) struct Header {
    names: Vec<String>,
}

impl Header {
    /// The header in a record.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::DoubledColumn`].
    pub(super) fn of(record: &Record<'_>) -> Result<Self, Error> {
        let mut names: Vec<String> = Vec::with_capacity(record.len());
        for index in 0..record.len() {
            let name = record.cell(index).trim();
            if !name.is_empty() && names.iter().any(|known| known == name) {
                return Err(Error::at(
                    record.place(index),
                    ErrorKind::DoubledColumn { column: name.to_owned() },
                ));
            }
            names.push(name.to_owned());
        }
        Ok(Self { names })
    }

    /// The names as written.
    pub(super) fn names(&self) -> &[String] {
        &self.names
    }

    /// The first of several names that is there, whatever its case, spaces and underscores.
    pub(super) fn find(&self, wanted: &[&str]) -> Option<Field> {
        let found = |name: &&str| self.names.iter().position(|known| same(known, name));
        let index = wanted.iter().find_map(found)?;
        Some(Field { index, name: self.names.get(index).cloned().unwrap_or_default() })
    }

    /// The column of exactly this name.
    pub(super) fn exact(&self, wanted: &str) -> Option<Field> {
        let index = self.names.iter().position(|known| known == wanted)?;
        Some(Field { index, name: wanted.to_owned() })
    }

    /// As [`Header::find`], for a column that must be there.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::MissingColumn`].
    pub(super) fn need(&self, record: &Record<'_>, wanted: &[&str]) -> Result<Field, Error> {
        self.find(wanted).ok_or_else(|| missing_column(record, &wanted.join(" or ")))
    }

    /// Whether a record is the header once more.
    pub(super) fn is_again(&self, record: &Record<'_>) -> bool {
        let mut names = self.names.iter().enumerate();
        record.len() == self.names.len() && names.all(|(index, name)| record.cell(index).trim() == name)
    }

    /// Refuses a row that is no row of this table.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::WrongWidth`], [`ErrorKind::HeaderAgain`].
    pub(super) fn check(&self, record: &Record<'_>) -> Result<(), Error> {
        record.check_width(self.names.len())?;
        if self.is_again(record) {
            return Err(Error::at(record.start(), ErrorKind::HeaderAgain));
        }
        Ok(())
    }
}

/// The error of a header without a column.
pub(super) fn missing_column(record: &Record<'_>, column: &str) -> Error {
    Error::at(record.start(), ErrorKind::MissingColumn { column: column.to_owned() })
}

/// Whether two names of columns are the same to a reader: `Transaction  Debit or Credit` has two spaces in some versions of
/// PayPal's report, and Braintree writes `transaction_id` in one place and `Transaction ID` in another.
pub(super) fn same(one: &str, other: &str) -> bool {
    let letters = |name: &str| {
        let kept =
            name.chars().filter(|character| character.is_alphanumeric() || matches!(character, '(' | ')'));
        kept.flat_map(char::to_lowercase).collect::<String>()
    };
    one == other || letters(one) == letters(other)
}
