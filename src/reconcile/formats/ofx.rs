//! Open Financial Exchange: 1.x in SGML, where a value ends with the next tag, and 2.x in XML, where every tag is closed.
//!
//! Source: <https://financialdataexchange.org/common/Uploaded%20files/OFX%20files/OFX%20Banking%20Specification%20v2.3.pdf>.
//!
//! An amount has a decimal point or a decimal comma and never parts thousands. A correction names the entry it replaces
//! or deletes (`CORRECTFITID`), and both are handed on: what it does is for the reconciler to say. An answer whose status is
//! an error is no statement.

use super::figure::{self, Mark, Style};
use super::markup::{Dialect, Markup, Token};
use super::reader::Parser;
use super::{
    Balance, BankLine, Counted, Declared, Error, ErrorKind, Money, Place, Sink, State, Statement, moment,
};
use crate::money::Currency;
use crate::prelude::*;
use crate::time::Timestamp;

/// Longest value, in bytes.
const VALUE_BYTES_MAX: usize = 1 << 16;
/// Most elements in each other. The specification has a dozen.
const DEPTH_MAX: usize = 64;

/// Reads a file.
pub(super) struct Ofx {
    /// The header, until the first tag says which dialect it is.
    head: String,
    markup: Option<Markup>,
    tree: Tree,
}

impl Ofx {
    pub(super) fn new() -> Self {
        Self { head: String::new(), markup: None, tree: Tree::default() }
    }
}

impl Parser for Ofx {
    fn push(&mut self, text: &str, sink: &mut dyn Sink) -> Result<(), Error> {
        let tree = &mut self.tree;
        if let Some(markup) = self.markup.as_mut() {
            return markup.push(text, &mut |token, place| tree.take(token, place, sink));
        }
        self.head.push_str(text);
        if self.head.contains('<') || self.head.len() > VALUE_BYTES_MAX {
            let head = core::mem::take(&mut self.head);
            let is_sgml = head.trim_start().starts_with("OFXHEADER:");
            let mut markup = Markup::new(if is_sgml { Dialect::Sgml } else { Dialect::Xml });
            let taken = markup.push(&head, &mut |token, place| tree.take(token, place, sink));
            self.markup = Some(markup);
            return taken;
        }
        Ok(())
    }

    fn finish(&mut self, sink: &mut dyn Sink) -> Result<(), Error> {
        let tree = &mut self.tree;
        let Some(markup) = self.markup.as_mut() else {
            let place = Place { line: 1, column: 1 };
            if self.head.trim().is_empty() {
                return Err(Error::at(place, ErrorKind::Empty { expected: "an OFX file" }));
            }
            return Err(Tree::other_format(place, self.head.trim()));
        };
        markup.finish(&mut |token, place| tree.take(token, place, sink))?;
        let end = markup.place();
        if self.tree.is_ended { Ok(()) } else { Err(Error::truncated(end, "</OFX>")) }
    }
}

/// An element that has a value, or that will turn out to have others in it.
struct Leaf {
    name: String,
    place: Place,
    value: String,
    value_place: Place,
}

/// An open statement.
struct Account {
    place: Place,
    number: String,
    currency: Option<Currency>,
    from: Option<Timestamp>,
    to: Option<Timestamp>,
    ledger: (Option<i64>, Option<Timestamp>),
    counted: Counted,
}

/// An open entry.
#[derive(Default)]
struct Entry {
    place: Option<Place>,
    kind: String,
    posted: Option<Timestamp>,
    available: Option<Timestamp>,
    amount: Option<(String, Place)>,
    id: String,
    corrects: String,
    correction: String,
    check_number: String,
    reference: String,
    name: String,
    memo: String,
    account_to: String,
    currency: Option<Currency>,
    rate: String,
    original_currency: String,
    original_rate: String,
}

/// Where the reader stands.
#[derive(Default)]
struct Tree {
    open: Vec<String>,
    leaf: Option<Leaf>,
    account: Option<Account>,
    entry: Option<Entry>,
    statements: u32,
    is_begun: bool,
    is_ended: bool,
}

impl Tree {
    fn other_format(place: Place, found: &str) -> Error {
        let expected = "the header or the element OFX of an OFX file".to_owned();
        Error::at(place, ErrorKind::OtherFormat { expected, found: super::error::shortened(found) })
    }

    fn take(&mut self, token: Token<'_>, place: Place, sink: &mut dyn Sink) -> Result<(), Error> {
        match token {
            Token::Open(tag) => self.open(tag.name, place),
            Token::Text(text) => self.text(&text, place),
            Token::Close(name) => self.close(name, place, sink),
        }
    }

    fn open(&mut self, name: &str, place: Place) -> Result<(), Error> {
        if self.is_ended {
            return Err(Error::malformed(place, "nothing behind </OFX>", name));
        }
        if !self.is_begun && name != "OFX" {
            return Err(Self::other_format(place, name));
        }
        self.is_begun = true;
        if let Some(leaf) = self.leaf.take() {
            if leaf.value.trim().is_empty() {
                self.enter(leaf)?;
            } else {
                self.value(&leaf)?;
            }
        }
        let leaf = Leaf { name: name.to_owned(), place, value: String::new(), value_place: place };
        self.leaf = Some(leaf);
        Ok(())
    }

    fn text(&mut self, text: &str, place: Place) -> Result<(), Error> {
        let Some(leaf) = self.leaf.as_mut() else {
            let text = text.trim();
            return match (text.is_empty(), self.is_begun) {
                (true, _) => Ok(()),
                // The header of OFX 1.x.
                (false, false) if text.starts_with("OFXHEADER:") => Ok(()),
                (false, false) => Err(Self::other_format(place, text)),
                (false, true) => Err(Error::malformed(place, "a tag", text)),
            };
        };
        if leaf.value.trim().is_empty() {
            leaf.value_place = place;
        }
        leaf.value.push_str(text);
        if leaf.value.len() > VALUE_BYTES_MAX {
            let what = "the value";
            return Err(Error::at(leaf.place, ErrorKind::TooLong { what, limit: VALUE_BYTES_MAX }));
        }
        Ok(())
    }

    fn close(&mut self, name: &str, place: Place, sink: &mut dyn Sink) -> Result<(), Error> {
        if let Some(leaf) = self.leaf.take() {
            self.value(&leaf)?;
            if leaf.name == name {
                return Ok(());
            }
        }
        let open = self.open.pop().unwrap_or_default();
        if open != name {
            return Err(Error::malformed(place, &glued(&["</", &open, ">"]), &glued(&["</", name, ">"])));
        }
        match name {
            "STMTTRN" | "STMTTRNP" => self.book(name == "STMTTRN", sink)?,
            "STMTRS" | "CCSTMTRS" => self.hand_on(sink)?,
            "OFX" => self.is_ended = true,
            _ => {}
        }
        Ok(())
    }

    /// An element turned out to have others in it.
    fn enter(&mut self, leaf: Leaf) -> Result<(), Error> {
        if self.open.len() >= DEPTH_MAX {
            return Err(Error::malformed(leaf.place, "fewer elements in each other", &leaf.name));
        }
        match leaf.name.as_str() {
            "STMTRS" | "CCSTMTRS" => {
                self.account = Some(Account {
                    place: leaf.place,
                    number: String::new(),
                    currency: None,
                    from: None,
                    to: None,
                    ledger: (None, None),
                    counted: Counted::default(),
                });
            }
            "STMTTRN" | "STMTTRNP" => {
                self.entry = Some(Entry { place: Some(leaf.place), ..Entry::default() });
            }
            _ => {}
        }
        self.open.push(leaf.name);
        Ok(())
    }

    /// An element turned out to have a value.
    fn value(&mut self, leaf: &Leaf) -> Result<(), Error> {
        let text = leaf.value.trim();
        let around = self.open.last().map(String::as_str).unwrap_or_default();
        let bad = |expected: &str| Error::bad_value(leaf.value_place, &leaf.name, expected, text);
        let when = || {
            let read = moment::packed(text).map(|reading| Some(reading.at));
            read.ok_or_else(|| bad("a date such as 20260304 or 20260304050607[-5:EST]"))
        };
        let code = || Currency::parse(text).map_err(|_| bad("a currency of ISO 4217 such as USD"));
        if leaf.name == "SEVERITY" && text == "ERROR" {
            return Err(bad("INFO or WARN: the bank answered with an error instead of a statement"));
        }
        if let Some(entry) = self.entry.as_mut() {
            match (around, leaf.name.as_str()) {
                (_, "TRNTYPE") => text.clone_into(&mut entry.kind),
                (_, "DTPOSTED" | "DTTRAN") => entry.posted = when()?,
                (_, "DTAVAIL") => entry.available = when()?,
                (_, "TRNAMT") => entry.amount = Some((text.to_owned(), leaf.value_place)),
                (_, "FITID") => text.clone_into(&mut entry.id),
                (_, "CORRECTFITID") => text.clone_into(&mut entry.corrects),
                (_, "CORRECTACTION") => text.clone_into(&mut entry.correction),
                (_, "CHECKNUM") => text.clone_into(&mut entry.check_number),
                (_, "REFNUM") => text.clone_into(&mut entry.reference),
                (_, "NAME") => text.clone_into(&mut entry.name),
                (_, "MEMO") => text.clone_into(&mut entry.memo),
                ("BANKACCTTO" | "CCACCTTO", "ACCTID") => text.clone_into(&mut entry.account_to),
                ("CURRENCY", "CURSYM") => entry.currency = Some(code()?),
                ("CURRENCY", "CURRATE") => text.clone_into(&mut entry.rate),
                ("ORIGCURRENCY", "CURSYM") => text.clone_into(&mut entry.original_currency),
                ("ORIGCURRENCY", "CURRATE") => text.clone_into(&mut entry.original_rate),
                _ => {}
            }
            return Ok(());
        }
        let Some(account) = self.account.as_mut() else { return Ok(()) };
        match (around, leaf.name.as_str()) {
            (_, "CURDEF") => account.currency = Some(code()?),
            ("BANKACCTFROM" | "CCACCTFROM", "ACCTID") => text.clone_into(&mut account.number),
            ("BANKTRANLIST", "DTSTART") => account.from = when()?,
            ("BANKTRANLIST", "DTEND") => account.to = when()?,
            ("LEDGERBAL", "BALAMT") => {
                account.ledger.0 = Some(amount(text, leaf.value_place, "BALAMT", account.currency)?);
            }
            ("LEDGERBAL", "DTASOF") => account.ledger.1 = when()?,
            _ => {}
        }
        Ok(())
    }

    fn book(&mut self, is_booked: bool, sink: &mut dyn Sink) -> Result<(), Error> {
        let (Some(entry), Some(account)) = (self.entry.take(), self.account.as_mut()) else { return Ok(()) };
        let place = entry.place.unwrap_or(account.place);
        let (text, at) = entry.amount.ok_or_else(|| Error::missing_value(place, "TRNAMT"))?;
        let currency = entry.currency.or(account.currency);
        let minor = amount(&text, at, "TRNAMT", currency)?;
        let currency = currency.ok_or_else(|| Error::missing_value(place, "CURDEF"))?;
        if is_booked {
            account.counted.add(minor);
        }
        let pairs = [
            ("CORRECTFITID", entry.corrects.as_str()),
            ("CORRECTACTION", &entry.correction),
            ("CHECKNUM", &entry.check_number),
            ("CURRATE", &entry.rate),
            ("ORIGCURRENCY", &entry.original_currency),
            ("ORIGCURRENCY CURRATE", &entry.original_rate),
        ];
        let context: Vec<(&str, &str)> = pairs.into_iter().filter(|(_, text)| !text.is_empty()).collect();
        let reference = if entry.reference.is_empty() { &entry.check_number } else { &entry.reference };
        sink.bank(&BankLine {
            place,
            statement: self.statements,
            id: &entry.id,
            reference,
            batch: "",
            amount: Money { minor, currency },
            booked_at: entry.posted,
            value_date: entry.available,
            description: if entry.memo.is_empty() { &entry.name } else { &entry.memo },
            counterparty: &entry.name,
            counterparty_account: &entry.account_to,
            charges: None,
            original: None,
            written_type: &entry.kind,
            state: if is_booked { State::Booked } else { State::Pending },
            is_reversal: !entry.corrects.is_empty(),
            account: &account.number,
            context: &context,
        });
        Ok(())
    }

    fn hand_on(&mut self, sink: &mut dyn Sink) -> Result<(), Error> {
        let Some(account) = self.account.take() else { return Ok(()) };
        let currency = account.currency.ok_or_else(|| Error::missing_value(account.place, "CURDEF"))?;
        let (ledger, at) = account.ledger;
        sink.statement(&Statement {
            place: account.place,
            index: self.statements,
            account: &account.number,
            id: "",
            number: None,
            page: None,
            is_last_page: true,
            from: account.from,
            to: account.to,
            currency: Some(currency),
            opening: None,
            closing: ledger.map(|minor| Balance { money: Money { minor, currency }, at }),
            declared: Declared::default(),
            counted: account.counted,
        });
        self.statements = self.statements.saturating_add(1);
        Ok(())
    }
}

fn amount(text: &str, place: Place, field: &str, currency: Option<Currency>) -> Result<i64, Error> {
    let currency = currency.ok_or_else(|| Error::missing_value(place, "CURDEF"))?;
    if text.is_empty() {
        return Err(Error::missing_value(place, field));
    }
    let mark = if text.contains(',') { Mark::Comma } else { Mark::Point };
    figure::major(text, currency, Style::Free(Some(mark)))
        .map_err(|expected| Error::bad_value(place, field, &expected, text))
}
