//! A CSV file is read strictly or not at all (RFC 4180, with either line ending).
//!
//! The cells come from csv-core, which accepts anything; what it would let pass silently (quotes in the middle of a
//! cell, text after a closing quote, a quote that never closes) is refused here before its answer is used.

use csv_core::{ReadRecordResult, Reader, ReaderBuilder};

use super::{Error, ErrorKind, Place, Source};
use crate::prelude::*;

/// The UTF-8 byte-order mark that spreadsheet programs put in front.
pub(super) const BYTE_ORDER_MARK: &[u8] = b"\xef\xbb\xbf";

/// Buffers grow by this factor until the longest record fits.
const GROWTH: usize = 2;

/// What separates cells, the usual one last: databases and spreadsheets of half of Europe write the others.
const DELIMITERS: [u8; 3] = [b'\t', b';', b','];

/// The reader of cells, and room for those of a record. To make it takes as long as to read twenty rows: whoever reads
/// rows one by one keeps it.
#[derive(Debug)]
pub(super) struct Desk {
    reader: Reader,
    delimiter: u8,
    cells: Vec<u8>,
    ends: Vec<usize>,
}

/// The records of one file, one at a time.
pub(super) struct Records<'a> {
    source: Source<'a>,
    desk: Box<Desk>,
    /// Bytes consumed.
    at: usize,
    /// Line of the next byte, from 1.
    line: u64,
}

/// One record, borrowed from the reader.
pub(super) struct Record<'r, 'a> {
    name: &'a str,
    /// The bytes of the record as they stand in the file, without what separates it from others.
    raw: &'a [u8],
    line: u64,
    delimiter: u8,
    cells: &'r str,
    ends: &'r [usize],
    /// What stands between two cells: nothing, or a delimiter.
    gap: usize,
    /// Whether the file ends here, without a line break.
    is_open: bool,
}

impl<'a> Records<'a> {
    /// # Errors
    ///
    /// [`ErrorKind::NotUtf8`].
    pub(super) fn of(source: Source<'a>) -> Result<Self, Error> {
        // NUL is a character to UTF-8, and in a table what a disk, a lost line or another encoding left behind.
        let text = core::str::from_utf8(source.data);
        let wrong = text.err().map(|error| error.valid_up_to());
        let until = source.data.get(..wrong.unwrap_or(source.data.len())).unwrap_or_default();
        if let Some(place) = until.iter().position(|byte| *byte == 0).or(wrong) {
            let before = until.get(..place).unwrap_or_default();
            let (lines, column) = walk(before);
            let line = lines.saturating_add(1);
            return Err(
                ErrorKind::NotUtf8 { at: Place { file: source.name.to_owned(), line, column } }.into()
            );
        }
        let at = if source.data.starts_with(BYTE_ORDER_MARK) { BYTE_ORDER_MARK.len() } else { 0 };
        let delimiter = delimiter(source.data.get(at..).unwrap_or_default());
        Ok(Self { source, desk: Box::new(Desk::of(delimiter)), at, line: 1 })
    }

    /// The one record of a row that was taken out of its file; `None` for what is no text, and for one that begins with what
    /// would be a byte-order mark at the beginning of a file.
    pub(super) fn of_row(row: &'a [u8], mut desk: Box<Desk>) -> Option<Self> {
        core::str::from_utf8(row).ok().filter(|_| !row.starts_with(BYTE_ORDER_MARK))?;
        desk.reader.reset();
        Some(Self { source: Source { name: "", data: row }, desk, at: 0, line: 1 })
    }

    /// What it was read with, for the next row.
    pub(super) fn desk(self) -> Box<Desk> {
        self.desk
    }

    /// The next record; `None` after the last. Empty lines are passed over.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::UnclosedQuote`], [`ErrorKind::StrayQuote`].
    pub(super) fn next(&mut self) -> Result<Option<Record<'_, 'a>>, Error> {
        let start = self.at;
        let (mut cells_used, mut ends_used) = (0_usize, 0_usize);
        let Desk { reader, delimiter, cells, ends } = &mut *self.desk;
        loop {
            let input = self.source.data.get(self.at..).unwrap_or_default();
            let (result, read, wrote, ended) = reader.read_record(
                input,
                cells.get_mut(cells_used..).unwrap_or_default(),
                ends.get_mut(ends_used..).unwrap_or_default(),
            );
            self.at = self.at.saturating_add(read);
            cells_used = cells_used.saturating_add(wrote);
            ends_used = ends_used.saturating_add(ended);
            match result {
                // The rest of the file is in; the next call with nothing to read ends the last record.
                ReadRecordResult::InputEmpty => {}
                ReadRecordResult::OutputFull => {
                    cells.resize(cells.len().saturating_mul(GROWTH), 0);
                }
                ReadRecordResult::OutputEndsFull => {
                    ends.resize(ends.len().saturating_mul(GROWTH), 0);
                }
                ReadRecordResult::Record => break,
                ReadRecordResult::End => return Ok(None),
            }
        }
        let consumed = self.source.data.get(start..self.at).unwrap_or_default();
        let blank = consumed.iter().take_while(|byte| matches!(byte, b'\r' | b'\n')).count();
        let (before, rest) = consumed.split_at_checked(blank).unwrap_or((&[], consumed));
        // `before` is a whole run of line breaks, so a CR at its end stands alone. A CR at the end of `rest` does so
        // only when no LF follows; that LF is counted with the next record.
        let line =
            self.line.saturating_add(breaks(before)).saturating_add(u64::from(before.ends_with(b"\r")));
        let alone = rest.ends_with(b"\r") && self.source.data.get(self.at) != Some(&b'\n');
        self.line = line.saturating_add(breaks(rest)).saturating_add(u64::from(alone));
        let end = rest
            .iter()
            .rposition(|byte| !matches!(byte, b'\r' | b'\n'))
            .map_or(0, |last| last.saturating_add(1));
        let raw = rest.get(..end).unwrap_or_default();
        check_quotes(self.source.name, raw, line, *delimiter)?;
        let cells = core::str::from_utf8(cells.get(..cells_used).unwrap_or_default()).unwrap_or_default();
        let ends = ends.get(..ends_used).unwrap_or_default();
        let (name, delimiter, is_open) = (self.source.name, *delimiter, raw.len() == rest.len());
        Ok(Some(Record { name, raw, line, delimiter, cells, ends, gap: 0, is_open }))
    }
}

impl Desk {
    pub(super) fn of(delimiter: u8) -> Self {
        let reader = ReaderBuilder::new().delimiter(delimiter).build();
        Self { reader, delimiter, cells: vec![0; 1024], ends: vec![0; 64] }
    }

    pub(super) const fn delimiter(&self) -> u8 {
        self.delimiter
    }
}

impl<'r> Record<'r, 'r> {
    /// A record without quotes or line breaks, whose cells end where the delimiters stand; these are put into `ends`. `None` for
    /// what is no text.
    pub(super) fn plain(raw: &'r [u8], line: u64, delimiter: u8, ends: &'r mut Vec<usize>) -> Option<Self> {
        let cells = core::str::from_utf8(raw).ok()?;
        ends.clear();
        ends.extend(raw.iter().enumerate().filter(|(_, byte)| **byte == delimiter).map(|(place, _)| place));
        ends.push(raw.len());
        Some(Record { name: "", raw, line, delimiter, cells, ends, gap: 1, is_open: false })
    }
}

impl Record<'_, '_> {
    /// What stands between its cells.
    pub(super) const fn delimiter(&self) -> u8 {
        self.delimiter
    }

    /// Number of cells.
    pub(super) fn len(&self) -> usize {
        self.ends.len()
    }

    /// Whether the file ends with it, and not with a line break.
    pub(super) const fn is_open(&self) -> bool {
        self.is_open
    }

    /// Line of its first character.
    pub(super) const fn line(&self) -> u64 {
        self.line
    }

    /// The cell of an index, unquoted; empty beyond the last.
    pub(super) fn cell(&self, index: usize) -> &str {
        let start = match index.checked_sub(1) {
            Some(before) => self.ends.get(before).map(|end| end.saturating_add(self.gap)),
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
            if commas == index {
                break;
            }
            match byte {
                b'"' => quoted = !quoted,
                byte if *byte == self.delimiter && !quoted => {
                    commas = commas.saturating_add(1);
                    offset = position.saturating_add(1);
                }
                _ => {}
            }
        }
        let (lines, column) = walk(self.raw.get(..offset).unwrap_or_default());
        Place { file: self.name.to_owned(), line: self.line.saturating_add(lines), column }
    }
}

/// What separates the cells: what the header has most of outside of quotes; where two are as many, the comma.
pub(super) fn delimiter(text: &[u8]) -> u8 {
    let mut lines = text.split(|byte| matches!(byte, b'\r' | b'\n'));
    let header = lines.find(|line| !line.is_empty()).unwrap_or_default();
    let outside = || header.split(|byte| *byte == b'"').step_by(2).flatten();
    // The last of the most is taken.
    let most = DELIMITERS.into_iter().max_by_key(|known| outside().filter(|byte| *byte == known).count());
    most.unwrap_or(b',')
}

/// Line breaks in a text: LF, CR LF or CR alone. A CR at the very end is left to whoever sees what follows.
fn breaks(text: &[u8]) -> u64 {
    let pairs = text.iter().zip(text.iter().skip(1));
    let alone = pairs.filter(|(byte, next)| **byte == b'\r' && **next != b'\n').count();
    let feeds = text.iter().filter(|byte| **byte == b'\n').count();
    u64::try_from(alone.saturating_add(feeds)).unwrap_or(u64::MAX)
}

/// Line breaks in a text, and the column after its last character.
fn walk(text: &[u8]) -> (u64, u64) {
    let last_line = text.rsplit(|byte| matches!(byte, b'\r' | b'\n')).next().unwrap_or_default();
    let last_line = last_line.strip_prefix(BYTE_ORDER_MARK).unwrap_or(last_line);
    // Continuation bytes of UTF-8 are no characters of their own.
    let characters = last_line.iter().filter(|byte| **byte & 0xc0 != 0x80).count();
    let trailing = u64::from(text.ends_with(b"\r"));
    (breaks(text).saturating_add(trailing), u64::try_from(characters).unwrap_or(u64::MAX).saturating_add(1))
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

fn check_quotes(name: &str, raw: &[u8], line: u64, delimiter: u8) -> Result<(), Error> {
    if !raw.contains(&b'"') {
        return Ok(());
    }
    let place = |offset: usize| {
        let (lines, column) = walk(raw.get(..offset).unwrap_or_default());
        Place { file: name.to_owned(), line: line.saturating_add(lines), column }
    };
    let mut state = Quote::CellStart;
    let mut opened = 0;
    for (offset, byte) in raw.iter().enumerate() {
        state = match (state, byte) {
            (Quote::CellStart, b'"') => {
                opened = offset;
                Quote::Inside
            }
            (Quote::Inside, b'"') => Quote::MaybeClosed,
            (Quote::Inside, _) | (Quote::MaybeClosed, b'"') => Quote::Inside,
            (Quote::CellStart | Quote::Plain | Quote::MaybeClosed, byte) if *byte == delimiter => {
                Quote::CellStart
            }
            (Quote::Plain, b'"') | (Quote::MaybeClosed, _) => {
                return Err(ErrorKind::StrayQuote { at: place(offset) }.into());
            }
            (Quote::CellStart | Quote::Plain, _) => Quote::Plain,
        };
    }
    if state == Quote::Inside {
        return Err(ErrorKind::UnclosedQuote { at: place(opened) }.into());
    }
    Ok(())
}
