//! The one way in for every format: bytes come in pieces, lines go to the sink, and the file stands once `finish` says so.
//!
//! A reader that has refused a file refuses everything after it. What it holds at any time is bounded by the longest
//! record of its format, not by the file.

use super::bai2::Bai2;
use super::camt::{Camt, Message};
use super::encoding::{Decoder, Encoding};
use super::mt940::Mt940;
use super::ofx::Ofx;
use super::shopify_json::ShopifyJson;
use super::square::Square;
use super::table::{
    Adyen, Braintree, Headed, Mapped, Mapping, MappingSide, Mollie, PayPal, Shopify, Stripe, Table,
};
use super::{BankLine, Error, ErrorKind, Format, Place, SettlementLine, Sink, Statement};
use crate::prelude::*;

/// What takes the text of a file apart.
pub(super) trait Parser {
    /// Takes the next piece of text.
    fn push(&mut self, text: &str, sink: &mut dyn Sink) -> Result<(), Error>;

    /// Takes the end of the file.
    fn finish(&mut self, sink: &mut dyn Sink) -> Result<(), Error>;
}

/// What a caller knows of a file beside its format.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Settings {
    /// What the file is called in errors.
    pub name: String,
    /// Its encoding; `None` for what the file says of itself.
    pub encoding: Option<Encoding>,
    /// How its columns are named: for [`Format::Generic`] and [`Format::BankCsv`] only.
    pub mapping: Option<Mapping>,
    /// The column that holds the merchant's own reference: for [`Format::Stripe`] and [`Format::Mollie`] only, which have
    /// none of their own.
    pub reference_column: Option<String>,
}

/// What was read of a file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Summary {
    /// Lines of a provider.
    pub settlement_lines: u64,
    /// Entries of bank accounts.
    pub bank_lines: u64,
    /// Statements and reports.
    pub statements: u64,
    /// The encoding the file was read in.
    pub encoding: Encoding,
}

/// Reads one file of one format.
pub struct Reader {
    name: String,
    decoder: Decoder,
    parser: Box<dyn Parser + Send>,
    counts: Counts,
    is_refused: bool,
}

#[derive(Clone, Copy, Debug, Default)]
struct Counts {
    settlement: u64,
    bank: u64,
    statements: u64,
}

impl core::fmt::Debug for Reader {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.debug_struct("Reader")
            .field("name", &self.name)
            .field("counts", &self.counts)
            .finish_non_exhaustive()
    }
}

impl Reader {
    /// A reader for a file of a format.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Setting`] for a setting that does not fit the format.
    pub fn new(format: Format, settings: Settings) -> Result<Self, Error> {
        let Settings { name, encoding, mapping, reference_column } = settings;
        check(format, mapping.as_ref(), reference_column.as_deref()).map_err(|error| error.of_file(&name))?;
        let side = if format == Format::Generic { MappingSide::Settlement } else { MappingSide::Bank };
        let mapping = mapping.unwrap_or(Mapping::contract(side));
        let parser: Box<dyn Parser + Send> = match format {
            Format::Generic | Format::BankCsv => {
                let delimiter = mapping.delimiter;
                Box::new(Table::new(Mapped::new(mapping), delimiter))
            }
            Format::Stripe => Box::new(Table::new(Headed::<Stripe>::new(reference_column), None)),
            Format::Adyen => Box::new(Table::new(Headed::<Adyen>::new(None), None)),
            Format::PayPal => Box::new(Table::new(PayPal::default(), None)),
            Format::Braintree => Box::new(Table::new(Headed::<Braintree>::new(None), None)),
            Format::Shopify => Box::new(Table::new(Headed::<Shopify>::new(None), None)),
            Format::Mollie => Box::new(Table::new(Headed::<Mollie>::new(reference_column), None)),
            Format::Camt053 => Box::new(Camt::new(Message::Statement)),
            Format::Camt054 => Box::new(Camt::new(Message::Notification)),
            Format::Mt940 => Box::new(Mt940::new()),
            Format::Bai2 => Box::new(Bai2::new()),
            Format::Ofx => Box::new(Ofx::new()),
            Format::Square => Box::new(Square::new()),
            Format::ShopifyJson => Box::new(ShopifyJson::new()),
        };
        let decoder = Decoder::new(encoding);
        Ok(Self { name, decoder, parser, counts: Counts::default(), is_refused: false })
    }

    /// Reads the next bytes of the file.
    ///
    /// # Errors
    ///
    /// The first thing that is wrong with the file. What the sink got until then stands for nothing.
    pub fn push(&mut self, bytes: &[u8], sink: &mut dyn Sink) -> Result<(), Error> {
        self.read(sink, |decoder, put| decoder.push(bytes, put))
    }

    /// Ends the file. Only now do the lines that the sink got stand for it.
    ///
    /// # Errors
    ///
    /// What is wrong with the end of the file, such as that it is not there.
    pub fn finish(&mut self, sink: &mut dyn Sink) -> Result<Summary, Error> {
        self.read(sink, Decoder::finish)?;
        let mut counting = Counting { sink, counts: &mut self.counts };
        let ended = self.parser.finish(&mut counting);
        self.is_refused = true;
        ended.map_err(|error| error.of_file(&self.name))?;
        Ok(Summary {
            settlement_lines: self.counts.settlement,
            bank_lines: self.counts.bank,
            statements: self.counts.statements,
            encoding: self.decoder.encoding().unwrap_or(Encoding::Utf8),
        })
    }

    fn read(
        &mut self,
        sink: &mut dyn Sink,
        decode: impl FnOnce(&mut Decoder, &mut dyn FnMut(&str) -> Result<(), Error>) -> Result<(), Error>,
    ) -> Result<(), Error> {
        if self.is_refused {
            return Err(Error::at(Place { line: 1, column: 1 }, ErrorKind::Refused).of_file(&self.name));
        }
        let mut counting = Counting { sink, counts: &mut self.counts };
        let parser = &mut self.parser;
        let read = decode(&mut self.decoder, &mut |text| parser.push(text, &mut counting));
        self.is_refused = read.is_err();
        read.map_err(|error| error.of_file(&self.name))
    }
}

/// Refuses settings that a format has no use for: one that is left aside in silence would be a trap.
fn check(format: Format, mapping: Option<&Mapping>, reference_column: Option<&str>) -> Result<(), Error> {
    let refused = |setting, reason: String| {
        Err(Error::at(Place { line: 1, column: 1 }, ErrorKind::Setting { setting, reason }))
    };
    let side = match format {
        Format::Generic => Some(MappingSide::Settlement),
        Format::BankCsv => Some(MappingSide::Bank),
        _ => None,
    };
    match mapping {
        Some(_) if side.is_none() => {
            return refused(
                "mapping",
                glued(&["the format ", format.name(), " has columns of its own: leave it out"]),
            );
        }
        Some(mapping) if side != Some(mapping.side) => {
            return refused(
                "mapping",
                "it is made for the other side: settlement for generic, bank for csv".to_owned(),
            );
        }
        _ => {}
    }
    if reference_column.is_some() && !matches!(format, Format::Stripe | Format::Mollie) {
        let reason = glued(&["the format ", format.name(), " has a reference of its own: leave it out"]);
        return refused("reference_column", reason);
    }
    Ok(())
}

/// Counts what goes through.
struct Counting<'a> {
    sink: &'a mut dyn Sink,
    counts: &'a mut Counts,
}

impl Sink for Counting<'_> {
    fn wants_context(&self) -> bool {
        self.sink.wants_context()
    }

    fn settlement(&mut self, line: &SettlementLine<'_>) {
        self.counts.settlement = self.counts.settlement.saturating_add(1);
        self.sink.settlement(line);
    }

    fn bank(&mut self, line: &BankLine<'_>) {
        self.counts.bank = self.counts.bank.saturating_add(1);
        self.sink.bank(line);
    }

    fn statement(&mut self, statement: &Statement<'_>) {
        self.counts.statements = self.counts.statements.saturating_add(1);
        self.sink.statement(statement);
    }
}
