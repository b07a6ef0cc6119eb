//! A file of a provider or a bank in the generic columns of the reconciler, and where each of its rows stood.
//!
//! A row says of its line what the line says and nothing else; amounts go over as the digits they are. What is only
//! announced (pending and informational entries of a bank) makes no row. A row is one line of text, whatever was written in
//! the file: rows are found again by counting lines.

use super::{BankLine, Packer, SettlementLine, Side, Sink, State, Statement};
use crate::calendar::rfc3339;
use crate::money::Currency;
use crate::prelude::*;
use crate::time::Timestamp;

const SETTLEMENT: &str = "reference,id,type,amount_minor,currency,fee_minor,tax_minor,net_minor,status,occurred_at,\
                          payout_id,parent_reference,account,original_amount_minor,original_currency,rate\n";

const BANK: &str = "reference,id,amount_minor,currency,booked_at,value_date,description\n";

/// Bytes of a moment to the second, without its zone.
const SECONDS: usize = "2026-03-04T05:06:07".len();

/// Of a type that neither the catalogue of the format nor the file has a word for.
const UNKNOWN: &str = "unknown";

/// A sink that writes the lines of one side as generic CSV, and packs the statements.
#[derive(Clone, Debug)]
pub struct Generic {
    side: Side,
    text: String,
    places: Vec<u8>,
    statements: Packer,
    usual: Option<Currency>,
}

impl Generic {
    /// A file with a header and no rows.
    #[must_use]
    pub fn new(side: Side) -> Self {
        let header = if side == Side::Settlement { SETTLEMENT } else { BANK };
        Self {
            side,
            text: header.to_owned(),
            places: Vec::new(),
            statements: Packer::new(false),
            usual: None,
        }
    }

    /// The text so far, with the header in front of the first row; the next one goes on behind it.
    pub fn take(&mut self) -> Vec<u8> {
        core::mem::take(&mut self.text).into_bytes()
    }

    /// The line of the original of each row so far, in four bytes each, little-endian.
    pub fn take_places(&mut self) -> Vec<u8> {
        core::mem::take(&mut self.places)
    }

    /// The statements so far, packed.
    pub fn take_statements(&mut self) -> Vec<u8> {
        self.statements.take()
    }

    /// The currency of the first line, also of one that made no row.
    #[must_use]
    pub const fn usual(&self) -> Option<Currency> {
        self.usual
    }

    /// Ends a row.
    fn end(&mut self, line: u64) {
        // The last cell has its comma as well.
        let _ = self.text.pop();
        self.text.push('\n');
        // A file of so many lines fits into no memory that this runs in.
        self.places.extend(u32::try_from(line).unwrap_or(u32::MAX).to_le_bytes());
    }

    fn word(&mut self, text: &str) {
        append_cell(&mut self.text, text);
        self.text.push(',');
    }

    fn integer(&mut self, number: Option<i64>) {
        if let Some(number) = number {
            if number < 0 {
                self.text.push('-');
            }
            append_digits(&mut self.text, number.unsigned_abs());
        }
        self.text.push(',');
    }

    fn moment(&mut self, at: Option<Timestamp>) {
        if let Some(at) = at {
            let text = rfc3339(at);
            let whole = text.strip_suffix('Z').unwrap_or_default();
            self.text.push_str(whole);
            // Always with a fraction, as it was always written: who keeps files knows them by their bytes.
            self.text.push_str(if whole.len() == SECONDS { ".000Z" } else { "Z" });
        }
        self.text.push(',');
    }
}

impl Sink for Generic {
    fn wants_context(&self) -> bool {
        false
    }

    fn settlement(&mut self, line: &SettlementLine<'_>) {
        self.usual.get_or_insert(line.currency);
        if self.side != Side::Settlement {
            return;
        }
        self.word(line.reference);
        self.word(line.id);
        // What the catalogue of a format does not know, the engine does not know either, and says so.
        let written = if line.written_type.is_empty() { UNKNOWN } else { line.written_type };
        self.word(line.kind.map_or(written, |kind| kind.name()));
        self.integer(Some(line.amount()));
        self.word(line.currency.code());
        self.integer(line.fee);
        self.integer(line.tax);
        // The engine takes the net of what leaves by what it does to the balance.
        self.integer(line.net);
        self.word(line.status);
        self.moment(line.occurred_at);
        self.word(line.payout_id);
        self.word(line.parent_reference);
        self.word(line.account);
        self.integer(line.original.map(|original| original.money.minor));
        self.word(line.original.as_ref().map_or("", |original| original.money.currency.code()));
        self.word(line.original.map_or("", |original| original.rate));
        self.end(line.place.line);
    }

    fn bank(&mut self, line: &BankLine<'_>) {
        self.usual.get_or_insert(line.amount.currency);
        if self.side != Side::Bank || line.state != State::Booked {
            return;
        }
        self.word(line.reference);
        self.word(line.id);
        self.integer(Some(line.amount.minor));
        self.word(line.amount.currency.code());
        self.moment(line.booked_at.or(line.value_date));
        self.moment(line.value_date);
        let between = if line.counterparty.is_empty() || line.description.is_empty() { "" } else { " " };
        self.word(&glued(&[line.counterparty, between, line.description]));
        self.end(line.place.line);
    }

    fn statement(&mut self, statement: &Statement<'_>) {
        self.statements.statement(statement);
    }
}

/// A cell on one line, quoted where it has to be.
fn append_cell(out: &mut String, text: &str) {
    if !text.bytes().any(|byte| matches!(byte, b'"' | b',' | b'\r' | b'\n')) {
        out.push_str(text);
        return;
    }
    let is_quoted = text.contains(['"', ',']);
    if is_quoted {
        out.push('"');
    }
    let mut was_break = false;
    for letter in text.chars() {
        let is_break = matches!(letter, '\r' | '\n');
        match letter {
            '\r' | '\n' if was_break => {}
            '\r' | '\n' => out.push(' '),
            '"' => out.push_str("\"\""),
            _ => out.push(letter),
        }
        was_break = is_break;
    }
    if is_quoted {
        out.push('"');
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cell_stands_on_one_line_and_is_quoted_where_it_has_to_be() {
        for (text, expected) in [
            ("plain", "plain"),
            ("", ""),
            ("a,b", "\"a,b\""),
            ("say \"hello\"", "\"say \"\"hello\"\"\""),
            ("one\r\ntwo\n\nthree", "one two three"),
            ("\n", " "),
            ("a\n,\rb", "\"a , b\""),
            ("Größe, 1\u{2028}", "\"Größe, 1\u{2028}\""),
        ] {
            let mut out = String::new();
            append_cell(&mut out, text);
            assert_eq!(out, expected);
        }
    }
}
