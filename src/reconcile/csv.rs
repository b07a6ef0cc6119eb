//! A CSV file is read strictly or not at all (RFC 4180, with either line ending).
//!
//! What other readers let pass silently is refused: quotes in the middle of a cell, text after a closing quote, a quote
//! that never closes.

use super::{Error, ErrorKind, Place, Source};
use crate::prelude::*;

/// The UTF-8 byte-order mark that spreadsheet programs put in front.
const BYTE_ORDER_MARK: &[u8] = b"\xef\xbb\xbf";

/// The records of one file, one at a time.
pub(super) struct Records<'a> {
    source: Source<'a>,
    /// What is not read yet.
    rest: &'a [u8],
    /// Line of the next byte, from 1.
    line: u64,
    /// The cells of the record read last, unquoted, one after the other.
    cells: Vec<u8>,
    /// Where each of them ends.
    ends: Vec<usize>,
}

/// One record, borrowed from the reader.
pub(super) struct Record<'r, 'a> {
    name: &'a str,
    /// What is left of the file where the record begins.
    raw: &'a [u8],
    line: u64,
    cells: &'r str,
    ends: &'r [usize],
}

/// Where the reader stands in a cell.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Cell {
    Start,
    Plain,
    Quoted,
    /// After a quote inside a quoted cell: it closes the cell or is the first half of a doubled one.
    MaybeClosed,
}

impl<'a> Records<'a> {
    /// # Errors
    ///
    /// [`Error::NotUtf8`].
    pub(super) fn of(source: Source<'a>) -> Result<Self, Error> {
        if let Err(error) = core::str::from_utf8(source.data) {
            let before = source.data.get(..error.valid_up_to()).unwrap_or_default();
            return Err(Error::from(ErrorKind::NotUtf8 { at: place(source.name, 1, before) }));
        }
        let mut rest = source.data;
        // Some tools put their own in front of one that is there already.
        while let Some(text) = rest.strip_prefix(BYTE_ORDER_MARK) {
            rest = text;
        }
        Ok(Self { source, rest, line: 1, cells: Vec::new(), ends: Vec::new() })
    }

    /// The next record; `None` after the last. Empty lines are passed over.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::UnclosedQuote`], [`ErrorKind::StrayQuote`].
    pub(super) fn next(&mut self) -> Result<Option<Record<'_, 'a>>, Error> {
        let blank = self.rest.iter().take_while(|byte| is_break(**byte)).count();
        let (before, raw) = self.rest.split_at_checked(blank).unwrap_or_default();
        let line = self.line.saturating_add(breaks(before));
        if raw.is_empty() {
            return Ok(None);
        }
        let length = self.cut(raw, line)?;

        // From here on the record is read.
        let (record, rest) = raw.split_at_checked(length).unwrap_or_default();
        self.rest = rest;
        self.line = line.saturating_add(breaks(record));
        let cells = core::str::from_utf8(&self.cells).unwrap_or_default();
        Ok(Some(Record { name: self.source.name, raw, line, cells, ends: &self.ends }))
    }

    /// Cuts the record at the beginning of a text into its cells; answers how many bytes it has.
    fn cut(&mut self, raw: &[u8], line: u64) -> Result<usize, Error> {
        let at = |offset| place(self.source.name, line, raw.get(..offset).unwrap_or_default());
        self.cells.clear();
        self.ends.clear();
        let mut state = Cell::Start;
        let mut opened = 0;
        let mut length = raw.len();
        for (offset, byte) in raw.iter().enumerate() {
            state = match (state, *byte) {
                (Cell::Start, b'"') => {
                    opened = offset;
                    Cell::Quoted
                }
                (Cell::Quoted, b'"') => Cell::MaybeClosed,
                (Cell::Quoted, byte) | (Cell::MaybeClosed, byte @ b'"') => {
                    self.cells.push(byte);
                    Cell::Quoted
                }
                (Cell::Start | Cell::Plain | Cell::MaybeClosed, b',') => {
                    self.ends.push(self.cells.len());
                    Cell::Start
                }
                (Cell::Start | Cell::Plain | Cell::MaybeClosed, byte) if is_break(byte) => {
                    length = offset;
                    break;
                }
                (Cell::Plain, b'"') | (Cell::MaybeClosed, _) => {
                    return Err(Error::from(ErrorKind::StrayQuote { at: at(offset) }));
                }
                (Cell::Start | Cell::Plain, byte) => {
                    self.cells.push(byte);
                    Cell::Plain
                }
            };
        }
        if state == Cell::Quoted {
            return Err(Error::from(ErrorKind::UnclosedQuote { at: at(opened) }));
        }
        self.ends.push(self.cells.len());
        Ok(length)
    }
}

impl Record<'_, '_> {
    /// Number of cells.
    pub(super) fn len(&self) -> usize {
        self.ends.len()
    }

    /// Line of its first character.
    pub(super) const fn line(&self) -> u64 {
        self.line
    }

    /// The cell of an index, unquoted; empty beyond the last.
    pub(super) fn cell(&self, index: usize) -> &str {
        let start = match index.checked_sub(1) {
            Some(before) => self.ends.get(before).copied(),
            None => Some(0),
        };
        let end = self.ends.get(index).copied();
        start.zip(end).and_then(|(start, end)| self.cells.get(start..end)).unwrap_or_default()
    }

    /// Where the cell of an index begins. Walks the record: for errors only.
    pub(super) fn place(&self, index: usize) -> Place {
        let mut quoted = false;
        let mut commas = 0_usize;
        let mut offset = 0_usize;
        for (position, byte) in self.raw.iter().enumerate() {
            if commas == index || (!quoted && is_break(*byte)) {
                break;
            }
            match byte {
                b'"' => quoted = !quoted,
                b',' if !quoted => {
                    commas = commas.saturating_add(1);
                    offset = position.saturating_add(1);
                }
                _ => {}
            }
        }
        place(self.name, self.line, self.raw.get(..offset).unwrap_or_default())
    }
}

/// The place after `before`, which begins on `line`.
fn place(file: &str, line: u64, before: &[u8]) -> Place {
    let last_line = before.rsplit(|byte| is_break(*byte)).next().unwrap_or_default();
    let last_line = last_line.strip_prefix(BYTE_ORDER_MARK).unwrap_or(last_line);
    // Continuation bytes of UTF-8 are no characters of their own.
    let characters = last_line.iter().filter(|byte| **byte & 0xc0 != 0x80).count();
    let column = u64::try_from(characters).unwrap_or(u64::MAX).saturating_add(1);
    Place { file: file.to_owned(), line: line.saturating_add(breaks(before)), column }
}

const fn is_break(byte: u8) -> bool {
    matches!(byte, b'\r' | b'\n')
}

/// Line breaks in a text: LF, CR LF or CR alone.
fn breaks(text: &[u8]) -> u64 {
    let mut breaks: u64 = 0;
    let mut after_return = false;
    for byte in text {
        if *byte == b'\r' || (*byte == b'\n' && !after_return) {
            breaks = breaks.saturating_add(1);
        }
        after_return = *byte == b'\r';
    }
    breaks
}
