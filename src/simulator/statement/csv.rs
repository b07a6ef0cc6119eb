//! The bank statement in the columns of the contract.

use super::Entry;
use crate::calendar::date;
use crate::prelude::*;

const HEADER: &str = "id,reference,amount_minor,currency,booked_at,description\n";

pub(super) fn written(entries: &[Entry]) -> String {
    let mut out = HEADER.to_owned();
    for entry in entries {
        // None of these texts holds a comma or a quote.
        let fields = [
            entry.id.as_str(),
            entry.reference.as_str(),
            &entry.minor.digits(),
            entry.currency.code(),
            &date(entry.at),
            entry.description.as_str(),
        ];
        out.push_str(&fields.join(","));
        out.push('\n');
    }
    out
}
