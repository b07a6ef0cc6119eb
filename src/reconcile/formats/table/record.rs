//! A record keeps its raw text beside its cells: cells are read at once, and a place is found only when an error needs it.

use super::super::position::Position;
use super::super::{Error, ErrorKind, Place, Sink};
use crate::prelude::*;

/// One record of a table.
#[derive(Clone, Copy)]
pub(in super::super) struct Record<'a> {
    /// As it stands in the file, without line breaks around it.
    pub(super) raw: &'a str,
    pub(super) start: Position,
    pub(super) delimiter: u8,
    pub(super) cells: &'a str,
    /// Where each cell ends in `cells`.
    pub(super) ends: &'a [usize],
}

/// Where the reader of quotes stands.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Quote {
    CellStart,
    Plain,
    Inside,
    /// After a quote inside a quoted cell: it closes the cell or is the first half of a doubled one.
    MaybeClosed,
}

impl<'a> Record<'a> {
    /// Number of cells.
    pub(in super::super) const fn len(&self) -> usize {
        self.ends.len()
    }

    /// The cell of an index, unquoted; empty beyond the last.
    pub(in super::super) fn cell(&self, index: usize) -> &'a str {
        let start = match index.checked_sub(1) {
            Some(before) => self.ends.get(before).copied(),
            None => Some(0),
        };
        let end = self.ends.get(index).copied();
        start.zip(end).and_then(|(start, end)| self.cells.get(start..end)).unwrap_or_default()
    }

    /// Where the record begins.
    pub(in super::super) const fn start(&self) -> Place {
        self.start.place()
    }

    /// Where the cell of an index begins. Walks the record: for errors only.
    pub(in super::super) fn place(&self, index: usize) -> Place {
        let mut is_quoted = false;
        let mut found = 0_usize;
        let mut offset = 0_usize;
        for (position, byte) in self.raw.bytes().enumerate() {
            if found == index {
                break;
            }
            if byte == b'"' {
                is_quoted = !is_quoted;
            } else if byte == self.delimiter && !is_quoted {
                found = found.saturating_add(1);
                offset = position.saturating_add(1);
            }
        }
        self.start.after(self.raw.get(..offset).unwrap_or_default()).place()
    }

    /// Refuses a row that is wider or narrower than the header.
    pub(in super::super) fn check_width(&self, expected: usize) -> Result<(), Error> {
        if self.len() == expected {
            return Ok(());
        }
        let place = if self.len() > expected { self.place(expected) } else { self.start() };
        Err(Error::at(place, ErrorKind::WrongWidth { expected, found: self.len() }))
    }

    pub(super) fn check_quotes(&self) -> Result<(), Error> {
        if !self.raw.contains('"') {
            return Ok(());
        }
        let place = |offset: usize| self.start.after(self.raw.get(..offset).unwrap_or_default()).place();
        let mut state = Quote::CellStart;
        let mut opened = 0;
        for (offset, byte) in self.raw.bytes().enumerate() {
            let is_delimiter = byte == self.delimiter;
            state = match (state, byte) {
                (Quote::CellStart, b'"') => {
                    opened = offset;
                    Quote::Inside
                }
                (Quote::Inside, b'"') => Quote::MaybeClosed,
                (Quote::Inside, _) | (Quote::MaybeClosed, b'"') => Quote::Inside,
                (Quote::CellStart | Quote::Plain | Quote::MaybeClosed, _) if is_delimiter => Quote::CellStart,
                (Quote::Plain, b'"') | (Quote::MaybeClosed, _) => {
                    return Err(Error::at(place(offset), ErrorKind::StrayQuote));
                }
                (Quote::CellStart | Quote::Plain, _) => Quote::Plain,
            };
        }
        if state == Quote::Inside {
            return Err(Error::at(place(opened), ErrorKind::UnclosedQuote));
        }
        Ok(())
    }

    /// All that is no column of the format, as context; nothing where the sink has no use for it.
    pub(in super::super) fn context<'h>(
        &self,
        names: &'h [String],
        known: &[Option<usize>],
        sink: &dyn Sink,
    ) -> Vec<(&'h str, &'a str)>
    where
        'a: 'h,
    {
        if !sink.wants_context() {
            return Vec::new();
        }
        let others = names.iter().enumerate().filter(|(index, _)| !known.contains(&Some(*index)));
        let filled = others.map(|(index, name)| (name.as_str(), self.cell(index)));
        filled.filter(|(_, text)| !text.is_empty()).collect()
    }
}
