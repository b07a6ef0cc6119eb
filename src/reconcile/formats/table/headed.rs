//! A report whose first record names the columns of all the others.

use super::super::{Error, Place, Sink};
use super::{Record, Rows};
use crate::prelude::*;

/// The columns of such a report, found by their names, and what a row means.
pub(in super::super) trait Columns: Sized {
    /// What the file begins with, for the error of an empty one.
    const BEGINS_WITH: &'static str;

    /// Finds the columns in the header. `reference` names the merchant's own, in reports that have none by themselves.
    fn of(header: &Record<'_>, reference: Option<&str>) -> Result<Self, Error>;

    /// Hands on what a row says.
    fn row(&self, record: &Record<'_>, sink: &mut dyn Sink) -> Result<(), Error>;
}

/// Reads such a report.
pub(in super::super) struct Headed<C> {
    /// The column with the merchant's own reference, where the caller names one.
    reference: Option<String>,
    columns: Option<C>,
}

impl<C> Headed<C> {
    pub(in super::super) const fn new(reference: Option<String>) -> Self {
        Self { reference, columns: None }
    }
}

impl<C: Columns> Rows for Headed<C> {
    const BEGINS_WITH: &'static str = C::BEGINS_WITH;

    fn record(&mut self, record: &Record<'_>, sink: &mut dyn Sink) -> Result<(), Error> {
        if let Some(columns) = &self.columns {
            return columns.row(record, sink);
        }
        self.columns = Some(C::of(record, self.reference.as_deref())?);
        Ok(())
    }

    fn finish(&mut self, _: Place, _: &mut dyn Sink) -> Result<(), Error> {
        Ok(())
    }
}
