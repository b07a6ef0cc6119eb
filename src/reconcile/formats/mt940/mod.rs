//! SWIFT customer statements (MT940) and reports during the day (MT942), with or without the blocks of a SWIFT message.
//!
//! Source: SWIFT Standards MT, category 9, <https://www2.swift.com/knowledgecentre/products/Standards%20MT>.
//!
//! An amount is signed by its mark: a reversed credit takes away. The day of booking has no year and takes the one that is
//! nearest to the value date. Banks put structure into `:86:` in three ways; references and names are taken from it where
//! it is plain, and the text stays as it is written. A statement without its closing balance was cut off, and so was a
//! block that does not end.

mod narrative;

use super::figure::{self, Style};
use super::lines::Lines;
use super::reader::Parser;
use super::{
    Balance, BankLine, Counted, Declared, Error, ErrorKind, Money, Place, Sink, State, Statement, moment,
};
use crate::calendar;
use crate::money::Currency;
use crate::prelude::*;
use crate::time::Timestamp;
use narrative::Narrative;

/// Longest field with all its lines, in bytes. The standard allows 390 characters, banks write some more.
const FIELD_BYTES_MAX: usize = 1 << 14;

/// Reads both.
pub(super) struct Mt940 {
    lines: Lines,
    book: Book,
}

impl Mt940 {
    pub(super) fn new() -> Self {
        Self { lines: Lines::new(), book: Book::default() }
    }
}

impl Parser for Mt940 {
    fn push(&mut self, text: &str, sink: &mut dyn Sink) -> Result<(), Error> {
        let book = &mut self.book;
        self.lines.push(text, &mut |line, place| book.line(line, place, sink))
    }

    fn finish(&mut self, sink: &mut dyn Sink) -> Result<(), Error> {
        let book = &mut self.book;
        self.lines.finish(&mut |line, place| book.line(line, place, sink))?;
        let end = self.lines.place();
        self.book.flush(sink)?;
        self.book.end(end, sink)?;
        if self.book.is_in_block {
            return Err(Error::truncated(end, "the end of the message, -}"));
        }
        if self.book.is_begun {
            Ok(())
        } else {
            Err(Error::at(end, ErrorKind::Empty { expected: "the field :20:" }))
        }
    }
}

/// A field whose lines are being read.
struct Field {
    tag: String,
    text: String,
    place: Place,
}

/// An entry that waits for its `:86:`.
struct Entry {
    place: Place,
    minor: i64,
    currency: Currency,
    is_reversal: bool,
    is_expected: bool,
    value_date: Timestamp,
    booked_at: Timestamp,
    code: String,
    customer: String,
    bank: String,
    supplement: String,
}

/// An open message.
struct Message {
    place: Place,
    id: String,
    account: String,
    number: Option<u64>,
    page: Option<u64>,
    /// Whether it is a report during the day, which has no balances.
    is_intraday: bool,
    currency: Option<Currency>,
    opening: Option<Balance>,
    closing: Option<Balance>,
    is_last_page: bool,
    declared: Declared,
    counted: Counted,
}

/// What is open.
#[derive(Default)]
struct Book {
    field: Option<Field>,
    message: Option<Message>,
    entry: Option<Entry>,
    statements: u32,
    is_begun: bool,
    /// Whether block 4 of a message is open.
    is_in_block: bool,
}

impl Book {
    fn line(&mut self, line: &str, place: Place, sink: &mut dyn Sink) -> Result<(), Error> {
        // Blocks 1 to 3 of a SWIFT message are the envelope; block 4 holds the fields.
        let line = match (line.starts_with('{'), line.split_once("{4:")) {
            (true, Some((_, rest))) => {
                self.is_in_block = true;
                rest
            }
            (true, None) => "",
            (false, _) => line,
        };
        if line.is_empty() {
            return Ok(());
        }
        if line == "-" || line.starts_with("-}") {
            self.flush(sink)?;
            self.is_in_block = false;
            return self.end(place, sink);
        }
        if let Some((tag, text)) =
            line.strip_prefix(':').and_then(|rest| rest.split_once(':')).filter(|(tag, _)| is_tag(tag))
        {
            self.flush(sink)?;
            if tag == "20" {
                self.end(place, sink)?;
            } else if !self.is_begun {
                return Err(other_format(place, line));
            }
            self.is_begun = true;
            self.field = Some(Field { tag: tag.to_owned(), text: text.to_owned(), place });
            return Ok(());
        }
        match self.field.as_mut() {
            Some(field) if field.text.len().saturating_add(line.len()) > FIELD_BYTES_MAX => {
                let what = "the field";
                Err(Error::at(field.place, ErrorKind::TooLong { what, limit: FIELD_BYTES_MAX }))
            }
            Some(field) => {
                field.text.push('\n');
                field.text.push_str(line);
                Ok(())
            }
            None if self.is_begun => Err(Error::malformed(place, "a field such as :20:", line)),
            None => Err(other_format(place, line)),
        }
    }

    /// Takes the field that is whole now.
    fn flush(&mut self, sink: &mut dyn Sink) -> Result<(), Error> {
        let Some(field) = self.field.take() else { return Ok(()) };
        if field.tag == "86" {
            // Behind an entry it is about that; behind the balances it is about the statement.
            if let Some(entry) = self.entry.take() {
                self.book(entry, &field.text, sink);
            }
            return Ok(());
        }
        if let Some(entry) = self.entry.take() {
            self.book(entry, "", sink);
        }
        if field.tag == "20" {
            self.message = Some(Message::new(field.place, field.text.trim()));
            return Ok(());
        }
        let Some(message) = self.message.as_mut() else {
            return Err(Error::malformed(
                field.place,
                "the field :20: that begins a message",
                &glued(&[":", &field.tag, ":"]),
            ));
        };
        match field.tag.as_str() {
            "25" | "25P" => {
                field.text.lines().next().unwrap_or_default().trim().clone_into(&mut message.account)
            }
            "28C" | "28" => message.take_number(&field)?,
            "34F" | "13D" => message.take_floor(&field),
            "60F" | "60M" => message.opening = Some(message.balance(&field)?),
            "62F" | "62M" => {
                message.closing = Some(message.balance(&field)?);
                message.is_last_page = field.tag == "62F";
            }
            "90C" | "90D" => message.take_totals(&field)?,
            "61" => self.entry = Some(message.entry(&field)?),
            // Available balances, related references and fields of a bank's own say nothing that is needed here.
            _ => {}
        }
        Ok(())
    }

    /// Hands an entry on.
    fn book(&mut self, entry: Entry, narrative: &str, sink: &mut dyn Sink) {
        let Some(message) = self.message.as_mut() else { return };
        message.counted.add(entry.minor);
        let told = Narrative::of(narrative);
        let own = entry.customer.as_str();
        let own = if own.eq_ignore_ascii_case("NONREF") { "" } else { own };
        let reference = if told.reference.is_empty() { own } else { &told.reference };
        let pairs = [("CustomerReference", entry.customer.as_str()), ("Supplement", &entry.supplement)];
        let context: Vec<(&str, &str)> = pairs.into_iter().filter(|(_, text)| !text.is_empty()).collect();
        sink.bank(&BankLine {
            place: entry.place,
            statement: self.statements,
            id: &entry.bank,
            reference,
            batch: "",
            amount: Money { minor: entry.minor, currency: entry.currency },
            booked_at: Some(entry.booked_at),
            value_date: Some(entry.value_date),
            description: if told.text.is_empty() { &entry.supplement } else { &told.text },
            counterparty: &told.name,
            counterparty_account: &told.account,
            charges: None,
            original: None,
            written_type: &entry.code,
            state: if entry.is_expected { State::Pending } else { State::Booked },
            is_reversal: entry.is_reversal,
            account: &message.account,
            context: &context,
        });
    }

    /// Ends the message that is open.
    fn end(&mut self, place: Place, sink: &mut dyn Sink) -> Result<(), Error> {
        if let Some(entry) = self.entry.take() {
            self.book(entry, "", sink);
        }
        let Some(message) = self.message.take() else { return Ok(()) };
        if message.closing.is_none() && !message.is_intraday {
            return Err(Error::truncated(place, "the closing balance :62F: of the statement"));
        }
        let at = |balance: Option<Balance>| balance.and_then(|balance| balance.at);
        sink.statement(&Statement {
            place: message.place,
            index: self.statements,
            account: &message.account,
            id: &message.id,
            number: message.number,
            page: message.page,
            is_last_page: message.is_last_page,
            from: at(message.opening),
            to: at(message.closing),
            currency: message.currency,
            opening: message.opening,
            closing: message.closing,
            declared: message.declared,
            counted: message.counted,
        });
        self.statements = self.statements.saturating_add(1);
        Ok(())
    }
}

impl Field {
    fn bad(&self, expected: &str) -> Error {
        Error::bad_value(self.place, &glued(&[":", &self.tag, ":"]), expected, &self.text)
    }
}

impl Message {
    fn new(place: Place, id: &str) -> Self {
        Self {
            place,
            id: id.to_owned(),
            account: String::new(),
            number: None,
            page: None,
            is_intraday: false,
            currency: None,
            opening: None,
            closing: None,
            is_last_page: true,
            declared: Declared::default(),
            counted: Counted::default(),
        }
    }

    fn take_number(&mut self, field: &Field) -> Result<(), Error> {
        let text = field.text.trim();
        let (number, page) = text.split_once('/').map_or((text, None), |(number, page)| (number, Some(page)));
        let read = |text: &str| text.parse().map_err(|_| field.bad("a number, and a page behind a slash"));
        self.number = Some(read(number)?);
        self.page = page.map(read).transpose()?;
        Ok(())
    }

    /// `:34F:` is the floor limit of a report during the day, and names the currency.
    fn take_floor(&mut self, field: &Field) {
        self.is_intraday = true;
        if field.tag == "34F" && self.currency.is_none() {
            self.currency = field.text.get(..3).and_then(|code| Currency::parse(code).ok());
        }
    }

    /// `:90D:3EUR1234,56`: how many debits, and their sum.
    fn take_totals(&mut self, field: &Field) -> Result<(), Error> {
        let expected = "a count, a currency and a sum such as 3EUR1234,56";
        let text = field.text.trim();
        let digits = text.bytes().take_while(u8::is_ascii_digit).count();
        let (count, rest) = text.split_at_checked(digits).ok_or_else(|| field.bad(expected))?;
        let (code, sum) = rest.split_at_checked(3).ok_or_else(|| field.bad(expected))?;
        let count = count.parse().map_err(|_| field.bad(expected))?;
        let currency = Currency::parse(code).map_err(|_| field.bad(expected))?;
        let sum = figure::major(sum, currency, Style::Swift).map_err(|expected| field.bad(&expected))?;
        self.is_intraday = true;
        self.currency = self.currency.or(Some(currency));
        if field.tag == "90D" {
            (self.declared.debit_entries, self.declared.debits) = (Some(count), Some(sum.into()));
        } else {
            (self.declared.credit_entries, self.declared.credits) = (Some(count), Some(sum.into()));
        }
        Ok(())
    }

    /// `C260304EUR1234,56`
    fn balance(&mut self, field: &Field) -> Result<Balance, Error> {
        let expected = "a mark, a date, a currency and an amount such as C260304EUR1234,56";
        let bad = || field.bad(expected);
        let text = field.text.trim();
        let (mark, rest) = text.split_at_checked(1).ok_or_else(bad)?;
        let (date, rest) = rest.split_at_checked(6).ok_or_else(bad)?;
        let (code, amount) = rest.split_at_checked(3).ok_or_else(bad)?;
        let at = moment::six_digits(date).ok_or_else(bad)?;
        let currency = Currency::parse(code)
            .map_err(|_| field.bad("a currency of ISO 4217 such as EUR, between the date and the amount"))?;
        let size = figure::major(amount, currency, Style::Swift).map_err(|expected| field.bad(&expected))?;
        let minor = match mark {
            "C" => size,
            "D" => size.saturating_neg(),
            _ => return Err(bad()),
        };
        if self.currency.is_some_and(|known| known != currency) {
            return Err(field.bad("the currency of the opening balance"));
        }
        self.currency = Some(currency);
        Ok(Balance { money: Money { minor, currency }, at: Some(at) })
    }

    /// `2603040304C1234,56NTRFcustomer//bank`, and a supplement in the next line.
    fn entry(&self, field: &Field) -> Result<Entry, Error> {
        let expected =
            "a date, a mark, an amount, a type and a reference such as 2603040304C12,34NTRFNONREF//1";
        let bad = || field.bad(expected);
        let (line, supplement) = field.text.split_once('\n').unwrap_or((&field.text, ""));
        let (date, rest) = line.split_at_checked(6).ok_or_else(bad)?;
        let value_date = moment::six_digits(date).ok_or_else(bad)?;
        let (booked_at, rest) = match rest.split_at_checked(4) {
            Some((day, behind)) if day.bytes().all(|byte| byte.is_ascii_digit()) => {
                (nearest(value_date, day).ok_or_else(bad)?, behind)
            }
            _ => (value_date, rest),
        };
        // The longer marks first, as they begin with or end in the shorter ones.
        let marks = [
            ("RC", true, true, false),
            ("RD", false, true, false),
            ("EC", false, false, true),
            ("ED", true, false, true),
            ("C", false, false, false),
            ("D", true, false, false),
        ];
        let found = marks.iter().find_map(|(mark, takes, reverses, expected)| {
            rest.strip_prefix(mark).map(|rest| (*takes, *reverses, *expected, rest))
        });
        let (is_debit, is_reversal, is_expected, rest) = found.ok_or_else(bad)?;
        // The third letter of the currency may stand before the amount.
        let rest = rest.strip_prefix(|letter: char| letter.is_ascii_alphabetic()).unwrap_or(rest);
        let length = rest.bytes().take_while(|byte| byte.is_ascii_digit() || *byte == b',').count();
        let (amount, rest) = rest.split_at_checked(length).ok_or_else(bad)?;
        let currency = self.currency.ok_or_else(|| Error::missing_value(field.place, ":60F:"))?;
        let size = figure::major(amount, currency, Style::Swift).map_err(|expected| field.bad(&expected))?;
        let (code, references) = rest.split_at_checked(4).ok_or_else(bad)?;
        let (customer, bank) = references.split_once("//").unwrap_or((references, ""));
        Ok(Entry {
            place: field.place,
            minor: if is_debit { size.saturating_neg() } else { size },
            currency,
            is_reversal,
            is_expected,
            value_date,
            booked_at,
            code: code.to_owned(),
            customer: customer.trim().to_owned(),
            bank: bank.trim().to_owned(),
            supplement: supplement.trim().to_owned(),
        })
    }
}

/// The day `MMDD` in the year that brings it nearest to another day.
fn nearest(to: Timestamp, day: &str) -> Option<Timestamp> {
    let written = calendar::date(to);
    let year: u32 = written.get(..4)?.parse().ok()?;
    let century = |year: u32| u64::from(year % 100).padded(2);
    let days = [year.saturating_sub(1), year, year.saturating_add(1)]
        .into_iter()
        .filter_map(|year| moment::six_digits(&glued(&[&century(year), day])));
    days.min_by_key(|day| day.unix_ms().abs_diff(to.unix_ms()))
}

fn is_tag(tag: &str) -> bool {
    matches!(tag.as_bytes(), [b'0'..=b'9', b'0'..=b'9'] | [b'0'..=b'9', b'0'..=b'9', b'A'..=b'Z'])
}

fn other_format(place: Place, found: &str) -> Error {
    let expected = "the field :20: of a SWIFT statement".to_owned();
    Error::at(place, ErrorKind::OtherFormat { expected, found: super::error::shortened(found) })
}
