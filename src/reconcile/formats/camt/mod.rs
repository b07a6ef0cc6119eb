//! ISO 20022 statements (`camt.053`, `camt.052`) and notifications (`camt.054`), versions 02 to 13.
//!
//! Source: <https://www.iso20022.org/iso-20022-message-definitions>, Bank-to-Customer Cash Management.
//!
//! An element counts by where it stands, not by its namespace, as the versions differ in names of the namespace and in a
//! few more levels. Tags must match; a document that does not close what it opened was cut off.

mod details;
mod entry;
mod report;

use super::markup::{Dialect, Markup, Tag, Token};
use super::reader::Parser;
use super::{Error, ErrorKind, Place, Sink};
use crate::prelude::*;
use report::Report;

/// Longest text of one element, in bytes.
const TEXT_BYTES_MAX: usize = 1 << 16;
/// Longest path of elements in each other, in bytes. The schemas stay below 200.
const PATH_BYTES_MAX: usize = 2_048;

/// The messages: the element, and the elements of its statements.
const STATEMENT: (&str, &str) = ("BkToCstmrStmt", "Stmt");
const INTRADAY: (&str, &str) = ("BkToCstmrAcctRpt", "Rpt");
const NOTIFICATION: (&str, &str) = ("BkToCstmrDbtCdtNtfctn", "Ntfctn");

/// What a file is to hold.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Message {
    /// Statements, or reports during the day.
    Statement,
    /// Notifications.
    Notification,
}

/// Reads both.
pub(super) struct Camt {
    markup: Markup,
    tree: Tree,
}

/// Where the reader stands in the document.
struct Tree {
    message: Message,
    /// Names of the open elements, each behind a slash.
    path: String,
    /// The path of the statement elements, once the message is known.
    statement_path: String,
    text: String,
    text_place: Place,
    /// The currency that the open element names, and where.
    currency: Option<String>,
    id: String,
    report: Option<Report>,
    reports: u32,
    is_begun: bool,
    is_ended: bool,
}

impl Camt {
    pub(super) fn new(message: Message) -> Self {
        let place = Place { line: 1, column: 1 };
        let tree = Tree {
            message,
            path: String::new(),
            statement_path: String::new(),
            text: String::new(),
            text_place: place,
            currency: None,
            id: String::new(),
            report: None,
            reports: 0,
            is_begun: false,
            is_ended: false,
        };
        Self { markup: Markup::new(Dialect::Xml), tree }
    }
}

impl Parser for Camt {
    fn push(&mut self, text: &str, sink: &mut dyn Sink) -> Result<(), Error> {
        let tree = &mut self.tree;
        self.markup.push(text, &mut |token, place| tree.take(token, place, sink))
    }

    fn finish(&mut self, sink: &mut dyn Sink) -> Result<(), Error> {
        let tree = &mut self.tree;
        self.markup.finish(&mut |token, place| tree.take(token, place, sink))?;
        let end = self.markup.place();
        if !self.tree.is_begun {
            return Err(Error::at(end, ErrorKind::Empty { expected: "an XML document of ISO 20022" }));
        }
        if !self.tree.is_ended {
            let open = self.tree.path.rsplit('/').next().unwrap_or_default();
            return Err(Error::truncated(end, &glued(&["</", open, ">"])));
        }
        if self.tree.statement_path.is_empty() {
            return Err(Error::truncated(end, self.tree.expected()));
        }
        Ok(())
    }
}

impl Tree {
    const fn expected(&self) -> &'static str {
        match self.message {
            Message::Statement => "a Document with BkToCstmrStmt (camt.053) or BkToCstmrAcctRpt (camt.052)",
            Message::Notification => "a Document with BkToCstmrDbtCdtNtfctn (camt.054)",
        }
    }

    fn take(&mut self, token: Token<'_>, place: Place, sink: &mut dyn Sink) -> Result<(), Error> {
        match token {
            Token::Open(tag) => self.open(&tag, place),
            Token::Text(text) => self.add(&text, place),
            Token::Close(name) => self.close(name, place, sink),
        }
    }

    fn other_format(&self, place: Place, found: &str) -> Error {
        let expected = self.expected().to_owned();
        Error::at(place, ErrorKind::OtherFormat { expected, found: super::error::shortened(found) })
    }

    fn open(&mut self, tag: &Tag<'_>, place: Place) -> Result<(), Error> {
        if self.is_ended {
            return Err(Error::malformed(place, "nothing behind the end of the document", tag.name));
        }
        if !self.is_begun && !matches!(tag.name, "Document" | "BizMsgEnvlp" | "BizMsg" | "Xchg") {
            return Err(self.other_format(place, tag.name));
        }
        self.is_begun = true;
        self.path.push('/');
        self.path.push_str(tag.name);
        if self.path.len() > PATH_BYTES_MAX {
            return Err(Error::malformed(place, "fewer elements in each other", tag.name));
        }
        if self.path.ends_with("/Document") || self.statement_path.is_empty() {
            self.open_message(tag.name, place)?;
        }
        if self.path == self.statement_path {
            self.report = Some(Report::new(place, self.reports));
        } else if let Some(report) = self.report.as_mut() {
            let inside = self.path.strip_prefix(&self.statement_path).unwrap_or_default();
            report.open(inside.trim_start_matches('/'), place)?;
        }
        self.currency = tag.attribute("Ccy");
        self.text.clear();
        self.text_place = place;
        Ok(())
    }

    fn open_message(&mut self, name: &str, place: Place) -> Result<(), Error> {
        let wanted = match (self.message, name) {
            (Message::Statement, "BkToCstmrStmt") => STATEMENT,
            (Message::Statement, "BkToCstmrAcctRpt") => INTRADAY,
            (Message::Notification, "BkToCstmrDbtCdtNtfctn") => NOTIFICATION,
            (_, other) if self.path.ends_with(&glued(&["/Document/", other])) => {
                return Err(self.other_format(place, other));
            }
            _ => return Ok(()),
        };
        self.statement_path = glued(&[&self.path, "/", wanted.1]);
        Ok(())
    }

    fn add(&mut self, text: &str, place: Place) -> Result<(), Error> {
        if self.path.is_empty() {
            if text.trim().is_empty() {
                return Ok(());
            }
            return Err(if self.is_ended {
                Error::malformed(place, "nothing behind the end of the document", text.trim())
            } else {
                self.other_format(place, text.trim())
            });
        }
        if self.text.is_empty() {
            self.text_place = place;
        }
        self.text.push_str(text);
        if self.text.len() > TEXT_BYTES_MAX {
            let what = "the text";
            return Err(Error::at(self.text_place, ErrorKind::TooLong { what, limit: TEXT_BYTES_MAX }));
        }
        Ok(())
    }

    fn close(&mut self, name: &str, place: Place, sink: &mut dyn Sink) -> Result<(), Error> {
        let open = self.path.rsplit('/').next().unwrap_or_default();
        if open != name || self.path.is_empty() {
            return Err(Error::malformed(place, &glued(&["</", open, ">"]), &glued(&["</", name, ">"])));
        }
        let value = Value {
            text: self.text.trim(),
            currency: self.currency.as_deref(),
            place: self.text_place,
            name: open,
        };
        if self.path == self.statement_path {
            if let Some(report) = self.report.take() {
                report.hand_on(&self.id, sink)?;
            }
            self.reports = self.reports.saturating_add(1);
        } else if let Some(report) = self.report.as_mut() {
            let inside = self.path.strip_prefix(&self.statement_path).unwrap_or_default();
            report.close(inside.trim_start_matches('/'), &value, sink)?;
        } else if self.path.ends_with("/GrpHdr/MsgId") {
            value.text.clone_into(&mut self.id);
        }
        let kept = self.path.len().saturating_sub(open.len()).saturating_sub(1);
        self.path.truncate(kept);
        self.is_ended = self.path.is_empty();
        self.text.clear();
        self.currency = None;
        Ok(())
    }
}

/// The text of an element that closes.
struct Value<'a> {
    text: &'a str,
    /// The attribute `Ccy`.
    currency: Option<&'a str>,
    place: Place,
    name: &'a str,
}
