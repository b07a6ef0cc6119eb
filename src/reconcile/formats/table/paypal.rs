//! PayPal's settlement report and transaction detail report: sections of rows, each row saying in its first cell what it is.
//!
//! Sources: <https://developer.paypal.com/docs/reports/sftp-reports/settlement-report/>,
//! <https://developer.paypal.com/docs/reports/sftp-reports/transaction-detail/>.
//!
//! Amounts have neither sign nor decimal mark: `10000` is 100.00 dollars or 10 000 yen, and only the column before says
//! whether it came or went. PayPal keeps no decimals of HUF and TWD, which the standard gives two. Columns are found by
//! the names in the row `CH`, as their order differs between versions. A section that does not end was cut off, and so were
//! feet of a report without the foot of the file behind them.

use alloc::collections::BTreeMap;

use super::super::{
    Balance, Counted, Declared, Error, ErrorKind, Money, Place, SettlementLine, Sink, Statement, moment,
};
use super::field::text;
use super::header::missing_column;
use super::stripe::some_text;
use super::{Field, Header, Record, Rows};
use crate::ledger::EventType;
use crate::money::Currency;
use crate::prelude::*;
use crate::time::Timestamp;

/// Event codes that are not adjustments, by their beginning: the longest that fits decides.
/// Source: <https://developer.paypal.com/docs/reports/reference/tcodes/>.
const KINDS: &[(&str, EventType)] = &[
    ("T00", EventType::Charge),
    ("T01", EventType::Fee),
    ("T04", EventType::Payout),
    ("T06", EventType::Payout),
    ("T1106", EventType::Dispute),
    ("T1107", EventType::Refund),
    ("T1108", EventType::Fee),
    ("T1201", EventType::Dispute),
];

/// Beginnings of all codes that are known; the rest of them are adjustments.
const KNOWN: &[&str] = &[
    "T00", "T01", "T02", "T03", "T04", "T05", "T06", "T07", "T08", "T09", "T10", "T11", "T12", "T13", "T14",
    "T15", "T16", "T17", "T18", "T19", "T20", "T21", "T22", "T30", "T50", "T97", "T98", "T99",
];

/// Currencies that PayPal keeps without decimals, though the standard has two.
const WHOLE_UNITS: [&str; 2] = ["HUF", "TWD"];

struct Columns {
    header: Header,
    id: Field,
    invoice: Field,
    reference_id: Field,
    event: Field,
    initiated: Field,
    side: Field,
    gross: Field,
    currency: Field,
    fee_side: Field,
    fee: Field,
    fee_currency: Field,
    custom: Option<Field>,
    status: Option<Field>,
    known: Vec<Option<usize>>,
}

/// What was read of one currency in a section.
#[derive(Default)]
struct Tally {
    /// Before fees, as the footer sums it.
    gross: Counted,
    /// Gross and fee as two entries, as the balance has it.
    all: Counted,
    declared: Declared,
    opening: Option<Balance>,
    closing: Option<Balance>,
}

/// An open section.
struct Section {
    place: Place,
    account: String,
    from: Option<Timestamp>,
    to: Option<Timestamp>,
    rows: u64,
    tallies: BTreeMap<Currency, Tally>,
}

/// Reads both reports.
#[derive(Default)]
pub(in super::super) struct PayPal {
    is_begun: bool,
    id: String,
    account: String,
    section: Option<Section>,
    columns: Option<Columns>,
    statements: u32,
    is_any_section_closed: bool,
    /// Whether the feet of a report were read, and that of the file not yet.
    is_foot_due: bool,
}

impl Columns {
    fn of(record: &Record<'_>) -> Result<Self, Error> {
        let header = Header::of(record)?;
        let need = |name: &str| header.need(record, &[name]);
        let mut columns = Self {
            id: need("Transaction ID")?,
            invoice: need("Invoice ID")?,
            reference_id: need("PayPal Reference ID")?,
            event: need("Transaction Event Code")?,
            initiated: need("Transaction Initiation Date")?,
            side: need("Transaction Debit or Credit")?,
            gross: need("Gross Transaction Amount")?,
            currency: need("Gross Transaction Currency")?,
            fee_side: need("Fee Debit or Credit")?,
            fee: need("Fee Amount")?,
            fee_currency: need("Fee Currency")?,
            custom: header.find(&["Custom Field"]),
            status: header.find(&["Transactional Status"]),
            known: Vec::new(),
            header,
        };
        let Self {
            id, invoice, reference_id, event, initiated, side, gross, currency, fee_side, fee, ..
        } = &columns;
        let known = [id, invoice, reference_id, event, initiated, side, gross, currency, fee_side, fee];
        // The first column says what the row is.
        columns.known = core::iter::once(Some(0)).chain(known.map(|field| Some(field.index))).collect();
        Ok(columns)
    }

    /// Hands a row on. Its currency, what it did before the fee, and what the fee did.
    fn row(
        &self,
        record: &Record<'_>,
        account: &str,
        sink: &mut dyn Sink,
    ) -> Result<(Currency, i64, i64), Error> {
        self.header.check(record)?;
        let event = self.event.filled(record)?;
        if self.gross.text(record).is_empty() && self.currency.text(record).is_empty() {
            return Err(Error::missing_value(record.place(self.gross.index), &self.gross.name));
        }
        let currency = self.currency.currency(record)?;
        let gross = signed(&self.gross, &self.side, record, currency)?;
        let gross =
            gross.ok_or_else(|| Error::missing_value(record.place(self.gross.index), &self.gross.name))?;
        let fee = match signed(&self.fee, &self.fee_side, record, currency)? {
            Some(_) if self.fee_currency.currency(record)? != currency => {
                return Err(self.fee_currency.bad(record, "the currency of the transaction"));
            }
            fee => fee.map(i64::saturating_neg),
        };
        let id = self.id.text(record);
        let reference_id = self.reference_id.text(record);
        let own = [self.invoice.text(record), text(self.custom.as_ref(), record), reference_id, id];
        let kind = kind(event, gross);
        let follows = !matches!(kind, Some(EventType::Charge | EventType::Payout));
        let initiated = self.initiated.moment(record, None)?;
        sink.settlement(&SettlementLine {
            place: record.start(),
            kind,
            written_type: event,
            reference: some_text(own),
            id,
            parent_reference: if follows { reference_id } else { "" },
            payout_id: "",
            gross,
            fee,
            tax: None,
            net: None,
            currency,
            status: text(self.status.as_ref(), record),
            occurred_at: initiated.map(|reading| reading.at),
            is_local_time: initiated.is_some_and(|reading| reading.is_local),
            available_at: None,
            account,
            original: None,
            context: &record.context(self.header.names(), &self.known, sink),
        });
        Ok((currency, gross, fee.unwrap_or(0).saturating_neg()))
    }
}

/// An unsigned amount with the side it is on; `None` where it is empty.
fn signed(
    amount: &Field,
    side: &Field,
    record: &Record<'_>,
    currency: Currency,
) -> Result<Option<i64>, Error> {
    let Some(minor) = amount.minor(record)? else { return Ok(None) };
    if minor < 0 {
        return Err(amount.bad(record, "an amount without sign"));
    }
    let minor = in_standard_units(minor, currency)
        .ok_or_else(|| amount.bad(record, "an amount below 2^63 minor units"))?;
    match side.text(record) {
        "CR" => Ok(Some(minor)),
        "DR" => Ok(Some(minor.saturating_neg())),
        "" if minor == 0 => Ok(Some(0)),
        _ => Err(side.bad(record, "CR or DR")),
    }
}

fn in_standard_units(minor: i64, currency: Currency) -> Option<i64> {
    if WHOLE_UNITS.contains(&currency.code()) { minor.checked_mul(100) } else { Some(minor) }
}

fn kind(event: &str, gross: i64) -> Option<EventType> {
    let found =
        KINDS.iter().filter(|(start, _)| event.starts_with(start)).max_by_key(|(start, _)| start.len());
    match found.map(|(_, kind)| *kind) {
        // Money that the merchant sends to somebody else is no charge.
        Some(EventType::Charge) if gross < 0 => Some(EventType::Adjustment),
        Some(EventType::Payout) if gross > 0 => Some(EventType::PayoutFailure),
        Some(kind) => Some(kind),
        None => KNOWN.iter().any(|start| event.starts_with(start)).then_some(EventType::Adjustment),
    }
}

impl Section {
    fn tally(&mut self, currency: Currency) -> &mut Tally {
        self.tallies.entry(currency).or_default()
    }
}

impl PayPal {
    fn cell_moment(record: &Record<'_>, index: usize, name: &str) -> Result<Option<Timestamp>, Error> {
        match record.cell(index).trim() {
            "" => Ok(None),
            text => match moment::iso(text) {
                Some(reading) => Ok(Some(reading.at)),
                None => Err(Error::bad_value(
                    record.place(index),
                    name,
                    "a moment such as 2026/03/04 05:06:07 -0700",
                    text,
                )),
            },
        }
    }

    fn open(&mut self, record: &Record<'_>) -> Result<(), Error> {
        if self.section.is_some() {
            return Err(Error::malformed(
                record.start(),
                "the end of the section (SC) before the next one",
                "SH",
            ));
        }
        let account = record.cell(3).trim();
        self.section = Some(Section {
            place: record.start(),
            account: if account.is_empty() { self.account.clone() } else { account.to_owned() },
            from: Self::cell_moment(record, 1, "Reporting Period Start Date")?,
            to: Self::cell_moment(record, 2, "Reporting Period End Date")?,
            rows: 0,
            tallies: BTreeMap::new(),
        });
        self.columns = None;
        Ok(())
    }

    /// `SF`: currency, credits and debits before and of fees, then sides and balances by turns.
    fn footer(&mut self, record: &Record<'_>) -> Result<(), Error> {
        let field = |index: usize| Field { index, name: "section footer".to_owned() };
        let currency = field(1).currency(record)?;
        let sum = |index: usize| -> Result<Option<i128>, Error> {
            let read = field(index).minor(record)?;
            let units = read.map(|minor| in_standard_units(minor, currency).ok_or(minor));
            units
                .transpose()
                .map(|minor| minor.map(i128::from))
                .map_err(|_| field(index).bad(record, "a smaller sum"))
        };
        let balance = |index: usize| -> Result<Option<Balance>, Error> {
            let read = signed(&field(index.saturating_add(1)), &field(index), record, currency)?;
            Ok(read.map(|minor| Balance { money: Money { minor, currency }, at: None }))
        };
        let (credits, debits) = (sum(2)?, sum(3)?);
        let (opening, closing) = (balance(6)?, balance(8)?);
        let Some(section) = self.section.as_mut() else { return Err(outside(record)) };
        let (from, to) = (section.from, section.to);
        let tally = section.tally(currency);
        (tally.declared.credits, tally.declared.debits) = (credits, debits);
        tally.opening = opening.map(|balance| Balance { at: from, ..balance });
        tally.closing = closing.map(|balance| Balance { at: to, ..balance });
        Ok(())
    }

    /// `SC`: the section ends, and what it says about itself is known.
    fn close(&mut self, record: &Record<'_>, sink: &mut dyn Sink) -> Result<(), Error> {
        let declared = rows_counted(record)?;
        let Some(section) = self.section.take() else { return Err(outside(record)) };
        let mut hand_on = |currency, opening, closing, declared, counted| {
            sink.statement(&Statement {
                place: section.place,
                index: self.statements,
                account: &section.account,
                id: &self.id,
                number: None,
                page: None,
                is_last_page: true,
                from: section.from,
                to: section.to,
                currency,
                opening,
                closing,
                declared,
                counted,
            });
            self.statements = self.statements.saturating_add(1);
        };
        // The count is of the whole section, the sums are of each currency.
        let declared = Declared { entries: declared, ..Declared::default() };
        hand_on(None, None, None, declared, Counted { entries: section.rows, ..Counted::default() });
        // The sums of the footer leave fees out, the balances do not: they are two statements of the same rows.
        for (currency, tally) in &section.tallies {
            hand_on(Some(*currency), None, None, tally.declared, tally.gross);
            hand_on(Some(*currency), tally.opening, tally.closing, Declared::default(), tally.all);
        }
        self.is_any_section_closed = true;
        Ok(())
    }

    fn body(&mut self, record: &Record<'_>, sink: &mut dyn Sink) -> Result<(), Error> {
        let Some(section) = self.section.as_mut() else { return Err(outside(record)) };
        let Some(columns) = &self.columns else {
            return Err(missing_column(record, "CH (the row of column names)"));
        };
        section.rows = section.rows.saturating_add(1);
        let (currency, gross, fee) = columns.row(record, &section.account, sink)?;
        let tally = section.tally(currency);
        tally.gross.add(gross);
        tally.all.add(gross);
        tally.all.add(fee);
        Ok(())
    }
}

/// What the last row of a section or of a file says.
fn rows_counted(record: &Record<'_>) -> Result<Option<u64>, Error> {
    let count = Field { index: 1, name: "record count".to_owned() };
    let _ = count.filled(record)?;
    count.count(record)
}

fn outside(record: &Record<'_>) -> Error {
    Error::malformed(record.start(), "the beginning of a section (SH) first", record.cell(0))
}

impl Rows for PayPal {
    const BEGINS_WITH: &'static str = "the row RH of a PayPal report";

    fn record(&mut self, record: &Record<'_>, sink: &mut dyn Sink) -> Result<(), Error> {
        let word = record.cell(0).trim();
        if !self.is_begun && word != "RH" {
            let expected = "the row RH of a PayPal report".to_owned();
            let found = super::super::error::shortened(record.raw);
            return Err(Error::at(record.start(), ErrorKind::OtherFormat { expected, found }));
        }
        match word {
            "RH" if self.is_begun => Err(Error::at(record.start(), ErrorKind::HeaderAgain)),
            "RH" => {
                self.is_begun = true;
                self.id = glued(&[record.cell(1).trim(), " ", record.cell(2).trim()]);
                record.cell(3).trim().clone_into(&mut self.account);
                Ok(())
            }
            "SH" => self.open(record),
            "CH" if self.columns.is_some() => Err(Error::at(record.start(), ErrorKind::HeaderAgain)),
            "CH" if self.section.is_none() => Err(outside(record)),
            "CH" => {
                self.columns = Some(Columns::of(record)?);
                Ok(())
            }
            "SB" => self.body(record, sink),
            "SF" => self.footer(record),
            "SC" => self.close(record, sink),
            // What they say, the sections say too.
            "FH" => Ok(()),
            "RF" | "RC" => {
                self.is_foot_due = true;
                Ok(())
            }
            // Its count of rows is the last thing that a file says.
            "FF" | "FC" => {
                let _ = rows_counted(record)?;
                self.is_foot_due = false;
                Ok(())
            }
            other => Err(Error::malformed(record.start(), "RH, FH, SH, CH, SB, SF, SC, RF, RC or FF", other)),
        }
    }

    fn finish(&mut self, end: Place, _: &mut dyn Sink) -> Result<(), Error> {
        if self.section.is_some() || !self.is_any_section_closed {
            return Err(Error::truncated(end, "the row SC that ends a section"));
        }
        if self.is_foot_due {
            return Err(Error::truncated(end, "the row FF that ends a file"));
        }
        Ok(())
    }
}
