//! The door of the readers: files in by handle and in pieces, packed lines out.
//!
//! What a reader finds waits at its handle until it is taken: as a batch (see [`unpack`](crate::reconcile::formats::unpack)
//! for who takes it apart), or as generic CSV with the places of its rows. A handle that is lost in a trap is lost with its file: the file is read again from its
//! beginning, as nothing of it stands before [`Readers::finish`] has said so.

use super::reply;
use crate::advice::{Advice, Diagnose, Report, reported};
use crate::json::{self, ArrayWriter, Fields, ObjectWriter, Value};
use crate::ledger::EventType;
use crate::money::{Currency, Error as MoneyError};
use crate::prelude::*;
use crate::reconcile::formats::{
    Column, DateOrder, Encoding, Error as FileError, Format, Generic, Guess, Mapping, MappingSide, Mark,
    Packer, Reader, Settings, Side, Sink, detect as detect_format,
};

/// Why a call was refused. Variants stand in order of precedence.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Error {
    /// The options are not what they should be.
    Json(json::Error),
    /// An option names something that there is not.
    UnknownName {
        /// The option.
        option: &'static str,
        /// What was given.
        found: String,
        /// The names there are.
        expected: String,
    },
    /// The currency of a mapping is none.
    Money(MoneyError),
    /// The file was refused.
    File(FileError),
    /// No reader has this handle: it has ended, or is from before a trap.
    UnknownHandle {
        /// The handle.
        found: u32,
    },
}

/// A reader and what waits to be taken.
#[derive(Debug)]
struct Open {
    reader: Reader,
    found: Found,
}

#[derive(Debug)]
enum Found {
    /// As packed lines.
    Lines(Packer),
    /// As rows of generic CSV.
    Rows(Generic),
}

impl Found {
    fn sink(&mut self) -> &mut dyn Sink {
        match self {
            Self::Lines(packer) => packer,
            Self::Rows(generic) => generic,
        }
    }

    const fn rows(&mut self) -> Option<&mut Generic> {
        match self {
            Self::Lines(_) => None,
            Self::Rows(generic) => Some(generic),
        }
    }
}

/// The readers of one instance.
#[derive(Debug, Default)]
pub struct Readers {
    /// The reader of handle n stands at n - 1.
    open: Vec<Option<Box<Open>>>,
}

impl Readers {
    /// No file is open.
    #[must_use]
    pub const fn new() -> Self {
        Self { open: Vec::new() }
    }

    /// Takes `{"format", "name", "encoding"?, "reference_column"?, "mapping"?, "context"?, "as_generic"?}`. Replies with the
    /// handle.
    #[must_use]
    pub fn open(&mut self, options: &[u8]) -> Vec<u8> {
        reply::of(self.try_open(options))
    }

    fn try_open(&mut self, options: &[u8]) -> Result<String, Error> {
        let document = json::parse(options)?;
        let mut fields = Fields::of(&document, "options")?;
        let format = fields.text("format")?;
        let format = Format::parse(format).ok_or_else(|| unknown("format", format, &Format::names()))?;
        let name = fields.text("name")?.to_owned();
        let encoding = encoding(fields.maybe_text("encoding")?)?;
        let reference_column = fields.maybe_text("reference_column")?.map(str::to_owned);
        let mapping = fields.optional("mapping").map(|value| mapping(value, format.side())).transpose()?;
        let has_context = fields.maybe_flag("context")?.unwrap_or(false);
        let is_generic = fields.maybe_flag("as_generic")?.unwrap_or(false);
        fields.finish()?;
        let reader = Reader::new(format, Settings { name, encoding, mapping, reference_column })?;
        let found = if is_generic {
            Found::Rows(Generic::new(format.side()))
        } else {
            Found::Lines(Packer::new(has_context))
        };
        let open = Some(Box::new(Open { reader, found }));
        // Handles of files that have ended are used again: a process reads many files.
        let place = self.open.iter().position(Option::is_none).unwrap_or(self.open.len());
        match self.open.get_mut(place) {
            Some(slot) => *slot = open,
            None => self.open.push(open),
        }
        Ok(place.saturating_add(1).digits())
    }

    /// Reads the next bytes. Replies with `null`, or refuses the file.
    #[must_use]
    pub fn push(&mut self, handle: u32, bytes: &[u8]) -> Vec<u8> {
        reply::of(self.try_push(handle, bytes))
    }

    fn try_push(&mut self, handle: u32, bytes: &[u8]) -> Result<String, Error> {
        let Open { reader, found } = self.get(handle)?;
        reader.push(bytes, found.sink())?;
        Ok("null".to_owned())
    }

    /// Ends the file. Replies with `{"settlement_lines", "bank_lines", "statements", "encoding"}`, and of generic rows with the
    /// `currency` of the first line, which is left out where there is none; or refuses the file.
    #[must_use]
    pub fn finish(&mut self, handle: u32) -> Vec<u8> {
        reply::of(self.try_finish(handle))
    }

    fn try_finish(&mut self, handle: u32) -> Result<String, Error> {
        let Open { reader, found } = self.get(handle)?;
        let summary = reader.finish(found.sink())?;
        let out = ObjectWriter::new()
            .number("settlement_lines", summary.settlement_lines)
            .number("bank_lines", summary.bank_lines)
            .number("statements", summary.statements)
            .text("encoding", summary.encoding.name());
        Ok(match found.rows().and_then(|generic| generic.usual()) {
            Some(currency) => out.text("currency", currency.code()),
            None => out,
        }
        .finish())
    }

    /// The batch or the rows that wait, which are empty for a handle that is none.
    #[must_use]
    pub fn take(&mut self, handle: u32) -> Vec<u8> {
        let found = self.get(handle).map(|open| match &mut open.found {
            Found::Lines(packer) => packer.take(),
            Found::Rows(generic) => generic.take(),
        });
        found.unwrap_or_default()
    }

    /// See [`Generic::take_places`]; empty where lines are packed.
    #[must_use]
    pub fn take_places(&mut self, handle: u32) -> Vec<u8> {
        self.rows(handle).map(Generic::take_places).unwrap_or_default()
    }

    /// See [`Generic::take_statements`]; empty where lines are packed, and have the statements among them.
    #[must_use]
    pub fn take_statements(&mut self, handle: u32) -> Vec<u8> {
        self.rows(handle).map(Generic::take_statements).unwrap_or_default()
    }

    fn rows(&mut self, handle: u32) -> Option<&mut Generic> {
        self.get(handle).ok()?.found.rows()
    }

    /// Lets go of a handle. Replies with `null`.
    #[must_use]
    pub fn release(&mut self, handle: u32) -> Vec<u8> {
        if let Some(slot) = place(handle).and_then(|place| self.open.get_mut(place)) {
            *slot = None;
        }
        reply::ok("null")
    }

    fn get(&mut self, handle: u32) -> Result<&mut Open, Error> {
        let found = place(handle).and_then(|place| self.open.get_mut(place)?.as_deref_mut());
        found.ok_or(Error::UnknownHandle { found: handle })
    }
}

fn place(handle: u32) -> Option<usize> {
    usize::try_from(handle.checked_sub(1)?).ok()
}

/// Takes `{"encoding"?}` and the beginning of a file. Replies with `{"format", "because", "encoding", "guess"}`.
#[must_use]
pub fn detect(options: &[u8], head: &[u8]) -> Vec<u8> {
    reply::of(try_detect(options, head))
}

fn try_detect(options: &[u8], head: &[u8]) -> Result<String, Error> {
    let document = json::parse(options)?;
    let mut fields = Fields::of(&document, "options")?;
    let encoding = encoding(fields.maybe_text("encoding")?)?;
    fields.finish()?;
    let found = detect_format(head, encoding)?;
    let out = ObjectWriter::new();
    let out = match found.format {
        Some(format) => out.text("format", format.name()),
        None => out.null("format"),
    };
    let out = out.text("because", &found.because).text("encoding", found.encoding.name());
    Ok(match found.guess {
        Some(guess) => out.raw("guess", &described(&guess)),
        None => out.null("guess"),
    }
    .finish())
}

/// Replies with a list of `{"name", "side"}`.
#[must_use]
pub fn names() -> Vec<u8> {
    let mut list = ArrayWriter::new();
    for (format, name) in Format::ALL {
        let side = if format.side() == Side::Settlement { "settlement" } else { "bank" };
        list = list.raw(&ObjectWriter::new().text("name", name).text("side", side).finish());
    }
    reply::ok(&list.finish())
}

const MARKS: [(&str, Mark); 2] = [("point", Mark::Point), ("comma", Mark::Comma)];
const ORDERS: [(&str, DateOrder); 3] = [
    ("year_month_day", DateOrder::YearMonthDay),
    ("day_month_year", DateOrder::DayMonthYear),
    ("month_day_year", DateOrder::MonthDayYear),
];
const DELIMITERS: [(&str, u8); 4] = [(",", b','), (";", b';'), ("\t", b'\t'), ("|", b'|')];

fn described(guess: &Guess) -> String {
    let Mapping {
        side,
        columns,
        decimal,
        date_order,
        delimiter,
        rows_before_header,
        is_signed_by_effect,
        are_fees_negative,
        ..
    } = &guess.mapping;
    let mut named = ObjectWriter::new();
    for (column, name) in columns {
        named = named.text(column.name(), name);
    }
    let name = |value: Option<&'static str>, field: &str, out: ObjectWriter| match value {
        Some(value) => out.text(field, value),
        None => out,
    };
    let out = ObjectWriter::new().raw("columns", &named.finish());
    let out = name(name_of(&MARKS, *decimal), "decimal", out);
    let out = name(name_of(&ORDERS, *date_order), "date_order", out);
    let out = name(name_of(&DELIMITERS, *delimiter), "delimiter", out);
    let out = out.number("rows_before_header", u64::from(*rows_before_header));
    let out = if *is_signed_by_effect { out.flag("signed_by_effect", true) } else { out };
    let out = if *are_fees_negative { out.flag("fees_negative", true) } else { out };
    let mut unsure = ArrayWriter::new();
    for what in &guess.unsure {
        unsure = unsure.text(what);
    }
    let side = if *side == MappingSide::Settlement { "settlement" } else { "bank" };
    ObjectWriter::new()
        .text("side", side)
        .raw("mapping", &out.finish())
        .raw("unsure", &unsure.finish())
        .finish()
}

fn name_of<T: PartialEq + Copy>(names: &[(&'static str, T)], value: Option<T>) -> Option<&'static str> {
    names.iter().find(|(_, known)| Some(*known) == value).map(|(name, _)| *name)
}

fn named<T: Copy>(
    option: &'static str,
    names: &[(&'static str, T)],
    found: Option<&str>,
) -> Result<Option<T>, Error> {
    let Some(found) = found else { return Ok(None) };
    let known = names.iter().find(|(name, _)| *name == found).map(|(_, value)| *value);
    let expected: Vec<&str> = names.iter().map(|(name, _)| *name).collect();
    known.map(Some).ok_or_else(|| unknown(option, found, &expected.join(", ")))
}

fn unknown(option: &'static str, found: &str, expected: &str) -> Error {
    Error::UnknownName { option, found: found.to_owned(), expected: expected.to_owned() }
}

fn encoding(name: Option<&str>) -> Result<Option<Encoding>, Error> {
    let expected = "utf-8, utf-16le, utf-16be, windows-1252, iso-8859-1, iso-8859-15";
    name.map(|name| Encoding::parse(name).ok_or_else(|| unknown("encoding", name, expected))).transpose()
}

fn mapping(value: &Value<'_>, side: Side) -> Result<Mapping, Error> {
    let side = if side == Side::Settlement { MappingSide::Settlement } else { MappingSide::Bank };
    let mut fields = Fields::of(value, "mapping")?;
    let mut columns = Vec::new();
    for (name, header) in fields.optional("columns").and_then(Value::as_object).unwrap_or_default() {
        let known: Vec<&str> = Column::ALL.iter().map(|(_, name)| *name).collect();
        let column =
            Column::parse(name).ok_or_else(|| unknown("mapping.columns", name, &known.join(", ")))?;
        let header =
            header.as_str().ok_or_else(|| unknown("mapping.columns", name, "the name of a column"))?;
        columns.push((column, header.to_owned()));
    }
    let currency = fields.maybe_text("currency")?.map(Currency::parse).transpose().map_err(Error::Money)?;
    let decimal = named("mapping.decimal", &MARKS, fields.maybe_text("decimal")?)?;
    let date_order = named("mapping.date_order", &ORDERS, fields.maybe_text("date_order")?)?;
    let delimiter = named("mapping.delimiter", &DELIMITERS, fields.maybe_text("delimiter")?)?;
    let rows = fields.maybe_integer("rows_before_header")?.unwrap_or(0);
    let is_signed_by_effect = fields.maybe_flag("signed_by_effect")?.unwrap_or(false);
    let are_fees_negative = fields.maybe_flag("fees_negative")?.unwrap_or(false);
    let mut types = Vec::new();
    for (word, kind) in fields.optional("types").and_then(Value::as_object).unwrap_or_default() {
        let expected = "charge, refund, dispute, fee, payout, payout_failure, adjustment";
        let kind = kind.as_str().unwrap_or_default();
        let known = EventType::parse(kind).ok_or_else(|| unknown("mapping.types", kind, expected))?;
        types.push((word.clone().into_owned(), known));
    }
    let mut statuses = Vec::new();
    for (word, meant) in fields.optional("statuses").and_then(Value::as_object).unwrap_or_default() {
        let meant = meant.as_str().ok_or_else(|| unknown("mapping.statuses", word, "a status"))?;
        statuses.push((word.clone().into_owned(), meant.to_owned()));
    }
    fields.finish()?;
    let is_complete = !columns.is_empty();
    // The columns of the contract have the contract's decimal point.
    let decimal = decimal.or((!is_complete).then_some(Mark::Point));
    Ok(Mapping {
        side,
        is_complete,
        columns,
        currency,
        decimal,
        date_order,
        delimiter,
        rows_before_header: u32::try_from(rows).unwrap_or(u32::MAX),
        is_signed_by_effect,
        are_fees_negative,
        types,
        statuses,
    })
}

impl From<json::Error> for Error {
    fn from(error: json::Error) -> Self {
        Self::Json(error)
    }
}

impl From<FileError> for Error {
    fn from(error: FileError) -> Self {
        Self::File(error)
    }
}

impl Error {
    fn table(&self) -> Report {
        match self {
            Self::Json(error) => error.report(),
            Self::Money(error) => error.report(),
            Self::File(error) => error.report(),
            Self::UnknownName { option, found, expected } => Report::new("reader_option_unknown")
                .fact("option", option)
                .fact("found", found)
                .fact("expected", expected)
                .say_with(
                    "{option}: {shown} is not known: expected one of {expected}",
                    &[("shown", &json::quoted(found))],
                ),
            Self::UnknownHandle { found } => Report::new("reader_unknown_handle")
                .advise(Advice::FixCall)
                .number("found", u64::from(*found))
                .say("no reader has the handle {found}: its file has ended; begin again with a new reader"),
        }
    }
}

reported!(Error);

/// What JavaScript sees.
#[cfg(all(feature = "wasm-formats", target_family = "wasm"))]
pub mod exports {
    use spin::Mutex;
    use wasm_bindgen::prelude::wasm_bindgen;

    use super::Readers;
    use crate::prelude::*;

    static READERS: Mutex<Readers> = Mutex::new(Readers::new());

    /// See [`Readers::open`].
    #[wasm_bindgen]
    pub fn formats_open(options: &[u8]) -> Vec<u8> {
        READERS.lock().open(options)
    }

    /// See [`Readers::push`].
    #[wasm_bindgen]
    pub fn formats_push(handle: u32, bytes: &[u8]) -> Vec<u8> {
        READERS.lock().push(handle, bytes)
    }

    /// See [`Readers::take`].
    #[wasm_bindgen]
    pub fn formats_take(handle: u32) -> Vec<u8> {
        READERS.lock().take(handle)
    }

    /// See [`Readers::take_places`].
    #[wasm_bindgen]
    pub fn formats_take_places(handle: u32) -> Vec<u8> {
        READERS.lock().take_places(handle)
    }

    /// See [`Readers::take_statements`].
    #[wasm_bindgen]
    pub fn formats_take_statements(handle: u32) -> Vec<u8> {
        READERS.lock().take_statements(handle)
    }

    /// See [`Readers::finish`].
    #[wasm_bindgen]
    pub fn formats_finish(handle: u32) -> Vec<u8> {
        READERS.lock().finish(handle)
    }

    /// See [`Readers::release`].
    #[wasm_bindgen]
    pub fn formats_release(handle: u32) -> Vec<u8> {
        READERS.lock().release(handle)
    }

    /// See [`super::detect`].
    #[wasm_bindgen]
    pub fn formats_detect(options: &[u8], head: &[u8]) -> Vec<u8> {
        super::detect(options, head)
    }

    /// See [`super::names`].
    #[wasm_bindgen]
    pub fn formats_names() -> Vec<u8> {
        super::names()
    }
}
