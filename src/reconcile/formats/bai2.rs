//! BAI version 2: files of groups of accounts, each level closed by a record with control totals.
//!
//! Source: <https://www.x9.org/standards/bai2/>, Cash Management Balance Reporting Specifications Version 2.
//!
//! Amounts are whole minor units; the currency is that of the account, else of the group, else dollars. The side of an
//! entry is that of its type code. A control total is the sum of all amounts as written, balances among them. A file that
//! does not come to record 99 was cut off.

use super::lines::Lines;
use super::reader::Parser;
use super::{
    Balance, BankLine, Counted, Declared, Error, ErrorKind, Money, Place, Sink, State, Statement, figure,
    moment,
};
use crate::money::Currency;
use crate::prelude::*;
use crate::time::Timestamp;

/// Longest record with its continuations, in bytes.
const RECORD_BYTES_MAX: usize = 1 << 16;

/// Reads a file.
pub(super) struct Bai2 {
    lines: Lines,
    book: Book,
}

impl Bai2 {
    pub(super) fn new() -> Self {
        Self { lines: Lines::new(), book: Book::default() }
    }
}

impl Parser for Bai2 {
    fn push(&mut self, text: &str, sink: &mut dyn Sink) -> Result<(), Error> {
        let book = &mut self.book;
        self.lines.push(text, &mut |line, place| book.line(line, place, sink))
    }

    fn finish(&mut self, sink: &mut dyn Sink) -> Result<(), Error> {
        let book = &mut self.book;
        self.lines.finish(&mut |line, place| book.line(line, place, sink))?;
        let end = self.lines.place();
        self.book.flush(sink)?;
        match self.book.level {
            Level::Nothing => {
                Err(Error::at(end, ErrorKind::Empty { expected: "the record 01 of a BAI2 file" }))
            }
            Level::Ended => Ok(()),
            Level::Account => Err(Error::truncated(end, "the record 49 that ends the account")),
            Level::Group => Err(Error::truncated(end, "the record 98 that ends the group")),
            Level::File => Err(Error::truncated(end, "the record 99 that ends the file")),
        }
    }
}

/// How deep the reader is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum Level {
    #[default]
    Nothing,
    File,
    Group,
    Account,
    Ended,
}

/// A record, and where it began.
struct Record {
    text: String,
    place: Place,
    /// Physical lines, which record counts count.
    lines: u64,
}

/// An open account.
struct Account {
    place: Place,
    number: String,
    currency: Currency,
    opening: Option<i64>,
    closing: Option<i64>,
    declared: Declared,
    counted: Counted,
}

/// What is open.
#[derive(Default)]
struct Book {
    level: Level,
    /// The record that may go on in the next line.
    record: Option<Record>,
    id: String,
    group_currency: Option<Currency>,
    as_of: Option<Timestamp>,
    account: Option<Account>,
    statements: u32,
    group_checksum: i128,
    group_records: u64,
    file_checksum: i128,
    file_records: u64,
}

/// The fields of a record, one after the other.
struct Fields<'a> {
    rest: Option<&'a str>,
    place: Place,
}

impl<'a> Fields<'a> {
    /// The next field; empty behind the last.
    fn next(&mut self) -> &'a str {
        match self
            .rest
            .map(|rest| rest.split_once(',').map_or((rest, None), |(field, rest)| (field, Some(rest))))
        {
            Some((field, rest)) => {
                self.rest = rest;
                field.trim()
            }
            None => "",
        }
    }

    fn bad(&self, name: &str, expected: &str, found: &str) -> Error {
        Error::bad_value(self.place, name, expected, found)
    }

    /// An amount; `None` for an empty field.
    fn amount(&mut self, name: &str) -> Result<Option<i64>, Error> {
        match self.next() {
            "" => Ok(None),
            text => figure::minor(text).map(Some).map_err(|expected| self.bad(name, &expected, text)),
        }
    }

    fn count(&mut self, name: &str) -> Result<Option<u64>, Error> {
        match self.next() {
            "" => Ok(None),
            text => text.parse().map(Some).map_err(|_| self.bad(name, "a number of things", text)),
        }
    }

    fn currency(&mut self, default: Option<Currency>) -> Result<Option<Currency>, Error> {
        match self.next() {
            "" => Ok(default),
            code => Currency::parse(code)
                .map(Some)
                .map_err(|_| self.bad("currency code", "a currency of ISO 4217 such as USD", code)),
        }
    }

    fn date(&mut self, name: &str) -> Result<Option<Timestamp>, Error> {
        match self.next() {
            "" => Ok(None),
            text => {
                moment::six_digits(text).map(Some).ok_or_else(|| self.bad(name, "a date as YYMMDD", text))
            }
        }
    }

    /// A funds type with the fields that come with it. The day from which the money bears interest, where it is told.
    fn funds(&mut self) -> Result<Option<Timestamp>, Error> {
        match self.next() {
            "" | "Z" | "0" | "1" | "2" => Ok(None),
            "S" => {
                for name in ["immediate availability", "one-day availability", "later availability"] {
                    let _ = self.amount(name)?;
                }
                Ok(None)
            }
            "V" => {
                let day = self.date("value date")?;
                let _ = self.next();
                Ok(day)
            }
            "D" => {
                let parts = self.count("number of distributions")?.unwrap_or(0);
                for _ in 0..parts.min(1_000) {
                    let _ = (self.count("days")?, self.amount("distributed amount")?);
                }
                Ok(None)
            }
            other => Err(self.bad("funds type", "Z, 0, 1, 2, S, V or D", other)),
        }
    }
}

impl Book {
    fn line(&mut self, line: &str, place: Place, sink: &mut dyn Sink) -> Result<(), Error> {
        let line = line.trim();
        let code = line.get(..2).unwrap_or(line);
        if self.level == Level::Nothing && self.record.is_none() && code != "01" {
            let expected = "the record 01 of a BAI2 file".to_owned();
            let found = super::error::shortened(line);
            return Err(Error::at(place, ErrorKind::OtherFormat { expected, found }));
        }
        let Some(content) = line.get(2..).and_then(|rest| rest.strip_prefix(',')) else {
            return Err(Error::malformed(place, "a record code, a comma and fields", line));
        };
        let content = content.strip_suffix('/').unwrap_or(content);
        if code == "88" {
            let Some(record) = self.record.as_mut() else {
                return Err(Error::malformed(place, "a record that 88 continues", line));
            };
            // A field may end with its line, so a continuation always begins a field; in a text it is a comma.
            record.text.push(',');
            record.text.push_str(content);
            record.lines = record.lines.saturating_add(1);
            if record.text.len() > RECORD_BYTES_MAX {
                let what = "the record";
                return Err(Error::at(record.place, ErrorKind::TooLong { what, limit: RECORD_BYTES_MAX }));
            }
            return Ok(());
        }
        self.flush(sink)?;
        self.record = Some(Record { text: glued(&[code, ",", content]), place, lines: 1 });
        Ok(())
    }

    /// Takes the record that is whole now.
    fn flush(&mut self, sink: &mut dyn Sink) -> Result<(), Error> {
        let Some(Record { text, place, lines }) = self.record.take() else { return Ok(()) };
        self.file_records = self.file_records.saturating_add(lines);
        self.group_records = self.group_records.saturating_add(lines);
        if let Some(account) = self.account.as_mut() {
            account.counted.records = account.counted.records.saturating_add(lines);
        }
        let mut fields = Fields { rest: Some(&text), place };
        let code = fields.next();
        match (code, self.level) {
            ("01", Level::Nothing) => {
                let (sender, _, date, _) = (fields.next(), fields.next(), fields.next(), fields.next());
                self.id = glued(&[sender, " ", date, " ", fields.next()]);
                self.level = Level::File;
            }
            ("02", Level::File) => {
                let _ = (fields.next(), fields.next(), fields.next());
                self.as_of = fields.date("as-of date")?;
                let _ = fields.next();
                self.group_currency = fields.currency(None)?;
                (self.group_checksum, self.group_records) = (0, lines);
                self.level = Level::Group;
            }
            ("03", Level::Group) => {
                self.open(&mut fields, lines)?;
                self.level = Level::Account;
            }
            ("16", Level::Account) => self.entry(&mut fields, sink)?,
            ("49", Level::Account) => {
                self.close_account(&mut fields, sink)?;
                self.level = Level::Group;
            }
            ("98", Level::Group) => {
                let declared = Self::totals(&mut fields, true)?;
                let (checksum, records) = (self.group_checksum, self.group_records);
                self.hand_on_totals(place, declared, checksum, records, sink);
                self.file_checksum = self.file_checksum.saturating_add(checksum);
                self.level = Level::File;
            }
            ("99", Level::File) => {
                let declared = Self::totals(&mut fields, true)?;
                let (checksum, records) = (self.file_checksum, self.file_records);
                self.hand_on_totals(place, declared, checksum, records, sink);
                self.level = Level::Ended;
            }
            _ => {
                let expected = match self.level {
                    Level::Nothing => "01",
                    Level::File => "02 or 99",
                    Level::Group => "03 or 98",
                    Level::Account => "16, 88 or 49",
                    Level::Ended => "nothing behind record 99",
                };
                return Err(Error::malformed(place, &glued(&["the record ", expected]), code));
            }
        }
        Ok(())
    }

    fn open(&mut self, fields: &mut Fields<'_>, lines: u64) -> Result<(), Error> {
        let number = fields.next().to_owned();
        if number.is_empty() {
            return Err(Error::missing_value(fields.place, "account number"));
        }
        let currency = fields.currency(self.group_currency)?.unwrap_or(Currency::USD);
        let mut account = Account {
            place: fields.place,
            number,
            currency,
            opening: None,
            closing: None,
            declared: Declared::default(),
            counted: Counted { records: lines, ..Counted::default() },
        };
        while fields.rest.is_some() {
            let code = fields.next();
            let amount = fields.amount("amount")?;
            let count = fields.count("item count")?;
            let _ = fields.funds()?;
            let sum = i128::from(amount.unwrap_or(0));
            account.counted.checksum = account.counted.checksum.saturating_add(sum);
            match code {
                "010" => account.opening = amount,
                "015" => account.closing = amount,
                "100" => {
                    (account.declared.credits, account.declared.credit_entries) =
                        (amount.map(i128::from), count)
                }
                "400" => {
                    (account.declared.debits, account.declared.debit_entries) =
                        (amount.map(i128::from), count)
                }
                _ => {}
            }
        }
        self.account = Some(account);
        Ok(())
    }

    fn entry(&mut self, fields: &mut Fields<'_>, sink: &mut dyn Sink) -> Result<(), Error> {
        let Some(account) = self.account.as_mut() else { return Ok(()) };
        let code = fields.next();
        let amount = fields.amount("amount")?.ok_or_else(|| Error::missing_value(fields.place, "amount"))?;
        let value_date = fields.funds()?;
        let (bank, customer) = (fields.next(), fields.next());
        let text = fields.rest.take().unwrap_or_default().trim();
        account.counted.checksum = account.counted.checksum.saturating_add(i128::from(amount));
        let minor = match side(code) {
            Some(true) => amount,
            Some(false) => amount.saturating_neg(),
            None => {
                return Err(fields.bad(
                    "type code",
                    "a code of a credit or a debit: 100 to 699, 920 to 999",
                    code,
                ));
            }
        };
        account.counted.add(minor);
        sink.bank(&BankLine {
            place: fields.place,
            statement: self.statements,
            id: bank,
            reference: customer,
            batch: "",
            amount: Money { minor, currency: account.currency },
            booked_at: self.as_of,
            value_date,
            description: text,
            counterparty: "",
            counterparty_account: "",
            charges: None,
            original: None,
            written_type: code,
            state: State::Booked,
            is_reversal: false,
            account: &account.number,
            context: &[],
        });
        Ok(())
    }

    fn totals(fields: &mut Fields<'_>, counts_parts: bool) -> Result<Declared, Error> {
        let checksum = fields.amount("control total")?;
        if counts_parts {
            let _ = fields.count("number of accounts or groups")?;
        }
        let records = fields.count("number of records")?;
        // They are what a trailer is for: one without was cut off.
        if checksum.is_none() || records.is_none() {
            return Err(Error::missing_value(fields.place, "control total or number of records"));
        }
        Ok(Declared { checksum: checksum.map(i128::from), records, ..Declared::default() })
    }

    fn close_account(&mut self, fields: &mut Fields<'_>, sink: &mut dyn Sink) -> Result<(), Error> {
        let Some(mut account) = self.account.take() else { return Ok(()) };
        let Declared { checksum, records, .. } = Self::totals(fields, false)?;
        (account.declared.checksum, account.declared.records) = (checksum, records);
        self.group_checksum = self.group_checksum.saturating_add(account.counted.checksum);
        let currency = account.currency;
        let balance = |minor: Option<i64>| {
            minor.map(|minor| Balance { money: Money { minor, currency }, at: self.as_of })
        };
        sink.statement(&Statement {
            place: account.place,
            index: self.statements,
            account: &account.number,
            id: &self.id,
            number: None,
            page: None,
            is_last_page: true,
            from: self.as_of,
            to: self.as_of,
            currency: Some(currency),
            opening: balance(account.opening),
            closing: balance(account.closing),
            declared: account.declared,
            counted: account.counted,
        });
        self.statements = self.statements.saturating_add(1);
        Ok(())
    }

    /// The totals of a group or of the file, which are about no account.
    fn hand_on_totals(
        &mut self,
        place: Place,
        declared: Declared,
        checksum: i128,
        records: u64,
        sink: &mut dyn Sink,
    ) {
        sink.statement(&Statement {
            place,
            index: self.statements,
            account: "",
            id: &self.id,
            number: None,
            page: None,
            is_last_page: true,
            from: self.as_of,
            to: self.as_of,
            currency: None,
            opening: None,
            closing: None,
            declared,
            counted: Counted { checksum, records, ..Counted::default() },
        });
        self.statements = self.statements.saturating_add(1);
    }
}

/// Whether a type code is of a credit; `None` for one that is of neither side.
fn side(code: &str) -> Option<bool> {
    let number: u16 = code.parse().ok().filter(|_| code.len() == 3)?;
    match number {
        100..=399 | 920..=959 => Some(true),
        400..=699 | 960..=999 => Some(false),
        _ => None,
    }
}
