//! A record is handed on only once it is whole, with every cell at its place.
//!
//! csv-core takes the cells apart, in pieces as the file comes; it takes any input and never errs. What is stricter here
//! is checked on the raw text of each record: a quote may only enclose a whole cell, and a cell that is opened is closed.

mod adyen;
mod braintree;
mod field;
mod guess;
mod headed;
mod header;
mod mapped;
mod mapping;
mod mollie;
mod paypal;
mod record;
mod shopify;
mod stripe;

use csv_core::{ReadRecordResult, Reader as CsvReader, ReaderBuilder};

pub(super) use adyen::Adyen;
pub(super) use braintree::Braintree;
use field::Field;
pub use guess::Guess;
pub(super) use guess::{guess, header_has};
use headed::Columns;
pub(super) use headed::Headed;
use header::Header;
pub(super) use mapped::Mapped;
pub use mapping::{Column, Mapping, MappingSide};
pub(super) use mollie::Mollie;
pub(super) use paypal::PayPal;
use record::Record;
pub(super) use shopify::Shopify;
pub(super) use stripe::Stripe;

use super::position::Position;
use super::reader::Parser;
use super::{Error, ErrorKind, Place, Sink};
use crate::prelude::*;

/// Longest record, in bytes. Rows of real reports stay below 10 KB; what is longer has lost its end.
pub(super) const RECORD_BYTES_MAX: usize = 1 << 20;

/// What separates cells, the likeliest first.
const DELIMITERS: [u8; 4] = [b',', b';', b'\t', b'|'];

const GROWTH: usize = 2;

/// What a format makes of the records of a table.
pub(super) trait Rows {
    /// What the file begins with, for the error of an empty one.
    const BEGINS_WITH: &'static str;

    /// Takes a record, the header among them.
    fn record(&mut self, record: &Record<'_>, sink: &mut dyn Sink) -> Result<(), Error>;

    /// Takes the end of the file.
    fn finish(&mut self, end: Place, sink: &mut dyn Sink) -> Result<(), Error>;

    /// Whether the header is still to come, where rows may stand before it.
    fn awaits_header(&self) -> bool {
        false
    }
}

/// Takes the text of a file apart into records.
pub(super) struct Table<R> {
    rows: R,
    /// Text until the delimiter is known, which is when the first line is whole.
    waiting: String,
    csv: Option<CsvReader>,
    delimiter: u8,
    /// The raw bytes of the record so far, with the line breaks before it.
    raw: Vec<u8>,
    start: Position,
    cells: Vec<u8>,
    cells_used: usize,
    ends: Vec<usize>,
    ends_used: usize,
    is_empty: bool,
}

impl<R: Rows> Table<R> {
    pub(super) fn new(rows: R, delimiter: Option<u8>) -> Self {
        Self {
            rows,
            waiting: String::new(),
            csv: delimiter.map(reader),
            delimiter: delimiter.unwrap_or(b','),
            raw: Vec::new(),
            start: Position::START,
            cells: vec![0; 1_024],
            cells_used: 0,
            ends: vec![0; 64],
            ends_used: 0,
            is_empty: true,
        }
    }

    fn parse(&mut self, text: &str, sink: &mut dyn Sink) -> Result<(), Error> {
        let mut rest = text.as_bytes();
        while !rest.is_empty() {
            rest = self.advance(rest, sink)?;
        }
        Ok(())
    }

    /// Reads on, to the end of the text or of a record. What is left of the text.
    fn advance<'t>(&mut self, text: &'t [u8], sink: &mut dyn Sink) -> Result<&'t [u8], Error> {
        let Some(csv) = self.csv.as_mut() else { return Ok(&[]) };
        let (result, read, wrote, ended) = csv.read_record(
            text,
            self.cells.get_mut(self.cells_used..).unwrap_or_default(),
            self.ends.get_mut(self.ends_used..).unwrap_or_default(),
        );
        self.cells_used = self.cells_used.saturating_add(wrote);
        self.ends_used = self.ends_used.saturating_add(ended);
        let (own, rest) = text.split_at_checked(read).unwrap_or((text, &[]));
        self.raw.extend(own);
        if self.raw.len() > RECORD_BYTES_MAX {
            let what = "the row";
            return Err(Error::at(self.first_place(), ErrorKind::TooLong { what, limit: RECORD_BYTES_MAX }));
        }
        match result {
            ReadRecordResult::InputEmpty => {}
            ReadRecordResult::OutputFull => self.cells.resize(self.cells.len().saturating_mul(GROWTH), 0),
            ReadRecordResult::OutputEndsFull => self.ends.resize(self.ends.len().saturating_mul(GROWTH), 0),
            ReadRecordResult::Record => self.record(sink)?,
            ReadRecordResult::End => {}
        }
        Ok(rest)
    }

    fn record(&mut self, sink: &mut dyn Sink) -> Result<(), Error> {
        let raw = core::mem::take(&mut self.raw);
        let (before, own, after) = without_breaks(&raw);
        let start = self.start.after(before);
        let cells = self.cells.get(..self.cells_used).unwrap_or_default();
        let record = Record {
            raw: own,
            start,
            delimiter: self.delimiter,
            // csv-core only takes quotes out of a text that is UTF-8.
            cells: core::str::from_utf8(cells).unwrap_or_default(),
            ends: self.ends.get(..self.ends_used).unwrap_or_default(),
        };
        record.check_quotes()?;
        // From here on the record is whole.
        self.start = start.after(own).after(after);
        self.is_empty = false;
        let taken = self.rows.record(&record, sink);
        self.raw = raw;
        self.raw.clear();
        (self.cells_used, self.ends_used) = (0, 0);
        taken
    }

    /// Where the record so far begins.
    fn first_place(&self) -> Place {
        self.start.after(without_breaks(&self.raw).0).place()
    }

    /// Begins, once the first line is there or nothing more comes.
    fn begin(&mut self, sink: &mut dyn Sink) -> Result<(), Error> {
        let text = core::mem::take(&mut self.waiting);
        self.delimiter = delimiter(text.split(['\r', '\n']).next().unwrap_or_default());
        self.csv = Some(reader(self.delimiter));
        self.parse(&text, sink)
    }
}

impl<R: Rows> Parser for Table<R> {
    fn push(&mut self, text: &str, sink: &mut dyn Sink) -> Result<(), Error> {
        if self.csv.is_some() {
            return self.parse(text, sink);
        }
        // Line breaks before the header are passed over at once, so that nothing is searched twice.
        let header = if self.waiting.is_empty() { text.trim_start_matches(['\r', '\n']) } else { text };
        self.start.pass(text.get(..text.len().saturating_sub(header.len())).unwrap_or_default());
        self.waiting.push_str(header);
        if header.contains(['\r', '\n']) {
            return self.begin(sink);
        }
        if self.waiting.len() > RECORD_BYTES_MAX {
            let what = "the row";
            return Err(Error::at(self.start.place(), ErrorKind::TooLong { what, limit: RECORD_BYTES_MAX }));
        }
        Ok(())
    }

    fn finish(&mut self, sink: &mut dyn Sink) -> Result<(), Error> {
        if self.csv.is_none() && !self.waiting.is_empty() {
            // What begins a file is whole only with the end of its line: a part of a header is a header, too.
            let end = self.start.after(&self.waiting).place();
            return Err(Error::truncated(end, "the end of the header"));
        }
        let (before, own, after) = without_breaks(&self.raw);
        let start = self.start.after(before);
        let end = start.after(own).after(after).place();
        // The last record may have no line break of its own.
        if !own.is_empty() {
            if self.rows.awaits_header() {
                return Err(Error::truncated(end, "the end of the header"));
            }
            Record { raw: own, start, delimiter: self.delimiter, cells: "", ends: &[] }.check_quotes()?;
            let _ = self.advance(b"\n", sink)?;
        }
        if self.is_empty {
            return Err(Error::at(end, ErrorKind::Empty { expected: R::BEGINS_WITH }));
        }
        self.rows.finish(end, sink)
    }
}

fn reader(delimiter: u8) -> CsvReader {
    ReaderBuilder::new().delimiter(delimiter).build()
}

/// The line breaks before a record, the record, and those behind it.
fn without_breaks(raw: &[u8]) -> (&str, &str, &str) {
    // A record ends before ASCII, so no character is cut; one that is still growing may end inside of one.
    let raw = match core::str::from_utf8(raw) {
        Ok(text) => text,
        Err(error) => raw
            .get(..error.valid_up_to())
            .and_then(|valid| core::str::from_utf8(valid).ok())
            .unwrap_or_default(),
    };
    let is_break = |character: char| matches!(character, '\r' | '\n');
    let inner = raw.trim_start_matches(is_break);
    let before = raw.len().saturating_sub(inner.len());
    let record = inner.trim_end_matches(is_break);
    (raw.get(..before).unwrap_or_default(), record, inner.get(record.len()..).unwrap_or_default())
}

/// What stands most often between the quotes of the header; the first of equals.
pub(super) fn delimiter(line: &str) -> u8 {
    let count = |delimiter: u8| {
        let mut is_quoted = false;
        let found = line.bytes().filter(|byte| {
            is_quoted ^= *byte == b'"';
            !is_quoted && *byte == delimiter
        });
        found.count()
    };
    let mut best = (b',', 0);
    for delimiter in DELIMITERS {
        if count(delimiter) > best.1 {
            best = (delimiter, count(delimiter));
        }
    }
    best.0
}
