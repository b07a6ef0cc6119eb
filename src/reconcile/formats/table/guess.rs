//! What the columns of an unknown table seem to hold: by their names in five languages, and by what all rows allow.

use super::super::figure::{self, Mark, Style};
use super::super::moment::{self, DateOrder};
use super::super::reader::Parser;
use super::super::{Error, Packer, Place, Sink};
use super::header::same;
use super::{Column, Mapping, MappingSide, Record, Rows, Table};
use crate::money::Currency;
use crate::prelude::*;

/// A mapping that a person looks at before it is used.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Guess {
    /// What seems to be.
    pub mapping: Mapping,
    /// What could not be told and has to be said: `currency`, `date_order`, `decimal`.
    pub unsure: Vec<&'static str>,
}

/// Rows that are looked at, and rows that may stand before the header.
const ROWS_MAX: usize = 200;
const PREAMBLE_MAX: usize = 20;
/// So many columns must be known by name for a row to be a header.
const KNOWN_LEAST: usize = 2;

/// Names of columns in English, German, French, Dutch and Spanish. The first column of a thing that fits is taken.
const NAMES: &[(Column, &[&str])] = &[
    (
        Column::BookedAt,
        &[
            "booked at",
            "booking date",
            "transaction date",
            "posting date",
            "date",
            "buchungstag",
            "buchungsdatum",
            "datum",
            "boekdatum",
            "date comptable",
            "date op\u{e9}ration",
            "fecha",
            "fecha operaci\u{f3}n",
            "created at",
            "created",
            "occurred at",
        ],
    ),
    (
        Column::ValueDate,
        &[
            "value date",
            "valutadatum",
            "valuta",
            "wertstellung",
            "wertstellungstag",
            "rentedatum",
            "date de valeur",
            "fecha valor",
        ],
    ),
    (Column::AmountMinor, &["amount minor", "amount cents", "amount in cents"]),
    (
        Column::Amount,
        &[
            "amount",
            "gross",
            "gross amount",
            "betrag",
            "betrag (eur)",
            "umsatz",
            "montant",
            "bedrag",
            "bedrag (eur)",
            "importe",
            "transaction amount",
        ],
    ),
    (
        Column::Debit,
        &[
            "debit",
            "debit amount",
            "soll",
            "d\u{e9}bit",
            "withdrawal",
            "paid out",
            "money out",
            "af",
            "cargo",
        ],
    ),
    (
        Column::Credit,
        &[
            "credit",
            "credit amount",
            "haben",
            "cr\u{e9}dit",
            "deposit",
            "paid in",
            "money in",
            "bij",
            "abono",
        ],
    ),
    (
        Column::Currency,
        &[
            "currency",
            "currency code",
            "ccy",
            "w\u{e4}hrung",
            "devise",
            "munt",
            "muntsoort",
            "moneda",
            "divisa",
        ],
    ),
    (Column::Fee, &["fee", "fees", "geb\u{fc}hr", "commission", "frais", "kosten"]),
    (Column::Tax, &["tax", "vat", "mwst", "tva", "btw", "iva"]),
    (Column::Net, &["net", "net amount", "netto", "nettobetrag", "montant net"]),
    (
        Column::Reference,
        &[
            "reference",
            "merchant reference",
            "order id",
            "order reference",
            "end to end id",
            "kundenreferenz",
            "referenz",
            "r\u{e9}f\u{e9}rence",
            "kenmerk",
            "referencia",
            "invoice id",
        ],
    ),
    (Column::Id, &["id", "transaction id", "transaktionsid", "unique id", "bank reference", "charge id"]),
    (Column::Type, &["type", "transaction type", "kind"]),
    (Column::Status, &["status", "state"]),
    (Column::PayoutId, &["payout id", "payout", "settlement id", "settlement", "batch id", "batch number"]),
    (
        Column::Description,
        &[
            "description",
            "details",
            "memo",
            "narrative",
            "text",
            "verwendungszweck",
            "buchungstext",
            "libell\u{e9}",
            "omschrijving",
            "mededelingen",
            "concepto",
        ],
    ),
    (
        Column::Counterparty,
        &[
            "counterparty",
            "payee",
            "name",
            "beg\u{fc}nstigter",
            "auftraggeber",
            "empf\u{e4}nger",
            "tegenpartij",
            "naam tegenpartij",
            "beneficiario",
        ],
    ),
    (
        Column::CounterpartyAccount,
        &["counterparty account", "iban", "counterparty iban", "tegenrekening", "kontonummer"],
    ),
];

/// Keeps the cells of the first rows.
#[derive(Default)]
struct Cells {
    rows: Vec<Vec<String>>,
}

impl Rows for Cells {
    const BEGINS_WITH: &'static str = "a table";

    fn record(&mut self, record: &Record<'_>, _: &mut dyn Sink) -> Result<(), Error> {
        if self.rows.len() < ROWS_MAX {
            self.rows.push((0..record.len()).map(|index| record.cell(index).trim().to_owned()).collect());
        }
        Ok(())
    }

    fn finish(&mut self, _: Place, _: &mut dyn Sink) -> Result<(), Error> {
        Ok(())
    }
}

/// What the columns of a table seem to hold; `None` for a text that is no table with a header.
pub(in super::super) fn guess(text: &str) -> Option<Guess> {
    let tables = super::DELIMITERS.into_iter().filter_map(|delimiter| {
        let rows = rows(text, delimiter);
        let known = |row: &Vec<String>| columns(row).len();
        let (at, header) = rows
            .iter()
            .take(PREAMBLE_MAX)
            .enumerate()
            .max_by_key(|(at, row)| (known(row), usize::MAX.saturating_sub(*at)))?;
        let header = header.clone();
        Some((known(&header), delimiter, at, header, rows))
    });
    // The first of equals: the likeliest separator stands first.
    let best = tables.reduce(|best, table| if table.0 > best.0 { table } else { best });
    let (known, delimiter, at, header, rows) = best?;
    let found = columns(&header);
    let has = |column: Column| found.iter().any(|(of, _)| *of == column);
    let has_amount =
        has(Column::Amount) || has(Column::AmountMinor) || has(Column::Debit) || has(Column::Credit);
    if known < KNOWN_LEAST || !has_amount {
        return None;
    }
    let body: Vec<&Vec<String>> =
        rows.iter().skip(at.saturating_add(1)).filter(|row| row.len() == header.len()).collect();
    Some(told(&header, found, &body, delimiter, at))
}

fn told(
    header: &[String],
    found: Vec<(Column, usize)>,
    body: &[&Vec<String>],
    delimiter: u8,
    at: usize,
) -> Guess {
    let has = |column: Column| found.iter().any(|(of, _)| *of == column);
    let is_of_provider = has(Column::Fee) || has(Column::Net) || has(Column::PayoutId);
    let has_amount = has(Column::Amount) || has(Column::AmountMinor);
    let is_settlement = is_of_provider && has_amount && (has(Column::Reference) || has(Column::Id));
    let side = if is_settlement { MappingSide::Settlement } else { MappingSide::Bank };
    let cells = |wanted: &[Column]| {
        let places: Vec<usize> =
            found.iter().filter(|(of, _)| wanted.contains(of)).map(|(_, place)| *place).collect();
        let all = body
            .iter()
            .flat_map(|row| places.iter().filter_map(|place| row.get(*place)).cloned().collect::<Vec<_>>());
        all.filter(|cell| !cell.is_empty()).collect::<Vec<String>>()
    };
    let mut unsure = Vec::new();
    let figures =
        cells(&[Column::Amount, Column::Debit, Column::Credit, Column::Fee, Column::Tax, Column::Net]);
    // The exponent of euros and dollars: a table of yen has no decimals that could mislead.
    let reads = |mark: Option<Mark>| {
        figures.iter().all(|text| figure::major(text, Currency::EUR, Style::Free(mark)).is_ok())
    };
    let decimal = match (reads(Some(Mark::Point)), reads(Some(Mark::Comma))) {
        (true, false) => Some(Mark::Point),
        (false, true) => Some(Mark::Comma),
        _ => None,
    };
    if decimal.is_none() && !reads(None) {
        unsure.push("decimal");
    }
    let dates = cells(&[Column::BookedAt, Column::ValueDate]);
    let orders = [DateOrder::YearMonthDay, DateOrder::DayMonthYear, DateOrder::MonthDayYear];
    // Wherever points stand between the parts of a date, the day stands first.
    let has_points = dates.iter().any(|text| text.contains('.') && !text.contains(':'));
    let mut fitting = orders
        .into_iter()
        .filter(|order| !has_points || *order != DateOrder::MonthDayYear)
        .filter(|order| dates.iter().all(|text| moment::ordered(text, *order, None).is_some()));
    let date_order = match (fitting.next(), fitting.next()) {
        (Some(only), None) => Some(only),
        _ if dates.is_empty() => None,
        _ => {
            unsure.push("date_order");
            None
        }
    };
    // Of a fee that is costly in one row and given back in another nobody could tell which is which.
    let fees: Vec<i64> = cells(&[Column::Fee])
        .iter()
        .filter_map(|text| figure::major(text, Currency::EUR, Style::Free(decimal)).ok())
        .collect();
    let are_fees_negative = fees.iter().all(|fee| *fee <= 0) && fees.iter().any(|fee| *fee < 0);
    if !has(Column::Currency) {
        unsure.push("currency");
    }
    let columns = found.into_iter().map(|(column, place)| {
        let column = if is_settlement && column == Column::BookedAt { Column::OccurredAt } else { column };
        (column, header.get(place).cloned().unwrap_or_default())
    });
    let mapping = Mapping {
        columns: columns.collect(),
        is_complete: true,
        decimal,
        date_order,
        delimiter: Some(delimiter),
        rows_before_header: u32::try_from(at).unwrap_or(0),
        is_signed_by_effect: is_settlement,
        are_fees_negative,
        ..Mapping::contract(side)
    };
    Guess { mapping, unsure }
}

/// What each column of a header seems to hold; each thing at most once, and each column for one thing.
fn columns(header: &[String]) -> Vec<(Column, usize)> {
    let mut found: Vec<(Column, usize)> = Vec::new();
    for (column, names) in NAMES {
        let free = |place: &usize| found.iter().all(|(_, taken)| taken != place);
        let place = names.iter().find_map(|name| {
            header.iter().position(|cell| !cell.is_empty() && same(cell, name)).filter(|place| free(place))
        });
        found.extend(place.map(|place| (*column, place)));
    }
    found
}

fn rows(text: &str, delimiter: u8) -> Vec<Vec<String>> {
    let mut table = Table::new(Cells::default(), Some(delimiter));
    // A table that ends in the middle of a row, as the head of a file does, has given its whole rows by then.
    let _ = table.push(text, &mut Packer::new(false));
    table.rows.rows
}

/// Whether a header has a column.
pub(in super::super) fn header_has(header: &str, delimiter: u8, wanted: &str) -> bool {
    header.split(char::from(delimiter)).any(|cell| same(cell.trim().trim_matches('"'), wanted))
}
