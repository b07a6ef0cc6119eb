//! Which format a file is in is told from what only that format has, and shown with the reason; it is never used unasked.
//!
//! A table that is of no known format gets a [`Guess`]: which column seems to hold what. What cannot be told from the
//! rows (whether the day or the month stands first, which currency it is) is named instead of assumed.

use super::encoding::Decoder;
use super::table::{Guess, delimiter, guess, header_has};
use super::{Encoding, Error, Format};
use crate::prelude::*;

/// How much of a file is looked at, in bytes.
pub const HEAD_BYTES: usize = 1 << 16;

/// What a file seems to be.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Detection {
    /// The format; `None` for one that is not known.
    pub format: Option<Format>,
    /// What it was told by.
    pub because: String,
    /// The encoding it is in.
    pub encoding: Encoding,
    /// For a table of no known format: what its columns seem to hold.
    pub guess: Option<Guess>,
}

/// Columns that only one format has.
const HEADERS: &[(Format, &[&str])] = &[
    (Format::Stripe, &["balance_transaction_id", "reporting_category"]),
    (Format::Stripe, &["Source", "Created (UTC)", "Net"]),
    (Format::Adyen, &["Psp Reference", "Net Debit (NC)", "Net Credit (NC)"]),
    (Format::Mollie, &["Settlement amount", "Settlement reference"]),
    (Format::Braintree, &["Transaction ID", "Transaction Type", "Settlement Amount"]),
    (Format::Shopify, &["Transaction Date", "Payout Status", "Net"]),
    (Format::BankCsv, &["amount_minor", "currency", "booked_at"]),
    (Format::BankCsv, &["amount", "currency", "booked_at"]),
    (Format::Generic, &["reference", "amount_minor", "currency"]),
    (Format::Generic, &["reference", "amount", "currency"]),
];

/// Tells the format of a file from its beginning, of which [`HEAD_BYTES`] are enough.
///
/// # Errors
///
/// [`ErrorKind::Compressed`](super::ErrorKind::Compressed) and [`ErrorKind::Encoding`](super::ErrorKind::Encoding).
pub fn detect(head: &[u8], encoding: Option<Encoding>) -> Result<Detection, Error> {
    let (text, encoding) = decoded(head, encoding)?;
    let start = text.trim_start();
    let found = |format: Format, because: &str| {
        Ok(Detection { format: Some(format), because: because.to_owned(), encoding, guess: None })
    };
    let has = |mark: &str| start.contains(mark);
    if start.starts_with("OFXHEADER:") || has("<?OFX ") {
        return found(Format::Ofx, "the header of OFX");
    }
    if start.starts_with('<') {
        let elements = [
            ("BkToCstmrDbtCdtNtfctn", Format::Camt054),
            ("BkToCstmrStmt", Format::Camt053),
            ("BkToCstmrAcctRpt", Format::Camt053),
            ("<OFX>", Format::Ofx),
        ];
        if let Some((element, format)) = elements.into_iter().find(|(element, _)| has(element)) {
            return found(format, &glued(&["the element ", element.trim_matches(['<', '>'])]));
        }
    }
    if start.starts_with(":20:") || (start.starts_with("{1:") && has(":20:")) {
        return found(Format::Mt940, "the field :20:");
    }
    if start.starts_with("01,") && start.lines().nth(1).is_some_and(|line| line.starts_with("02,")) {
        return found(Format::Bai2, "the records 01 and 02");
    }
    if start.starts_with(['{', '[']) {
        if has("\"payout_entries\"") || has("\"gross_amount_money\"") {
            return found(Format::Square, "the list payout_entries");
        }
        if has("\"payout_id\"") && has("\"source_order_id\"") {
            return found(Format::ShopifyJson, "the members payout_id and source_order_id");
        }
    }
    if start.starts_with("\"RH\",") || start.starts_with("RH,") {
        return found(Format::PayPal, "the row RH");
    }
    let header = start.lines().next().unwrap_or_default();
    let separator = delimiter(header);
    for (format, columns) in HEADERS {
        if columns.iter().all(|column| header_has(header, separator, column)) {
            return found(*format, &glued(&["the columns ", &columns.join(", ")]));
        }
    }
    let guess = guess(start);
    let because = match &guess {
        Some(_) => "no known format: a table with a header".to_owned(),
        None => "no known format".to_owned(),
    };
    Ok(Detection { format: None, because, encoding, guess })
}

/// The text of the head. A character that the end of the head cuts is left out.
fn decoded(head: &[u8], encoding: Option<Encoding>) -> Result<(String, Encoding), Error> {
    let head = head.get(..HEAD_BYTES).unwrap_or(head);
    let mut decoder = Decoder::new(encoding);
    let mut text = String::new();
    let mut put = |piece: &str| {
        text.push_str(piece);
        Ok(())
    };
    decoder.push(head, &mut put)?;
    // Only a short file ends here, and then a character that is cut is wrong.
    if decoder.encoding().is_none() {
        decoder.finish(&mut put)?;
    }
    Ok((text, decoder.encoding().unwrap_or(Encoding::Utf8)))
}
