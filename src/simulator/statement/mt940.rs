//! SWIFT MT940, one message per currency: `:60F:` plus the entries is `:62F:`.
//!
//! An amount has a comma before its decimals, also when there are none. The id of a payout is longer than a reference may
//! be, so `:61:` has the trace number and `:86:` the id.

use super::super::decimal::major;
use super::{ACCOUNT, Entry, by_currency};
use crate::calendar::date;
use crate::money::Currency;
use crate::prelude::*;
use crate::time::Timestamp;

pub(super) fn written(entries: &[Entry], now: Timestamp) -> String {
    let mut out = String::new();
    for (number, (currency, entries)) in by_currency(entries).into_iter().enumerate() {
        let opened = entries.first().map_or(now, |entry| entry.at);
        let mut balance = 0_i128;
        let number = number.saturating_add(1).digits();
        out.push_str(&glued(&[
            ":20:TILLPROOF",
            &number,
            "\r\n:25:",
            ACCOUNT,
            currency.code(),
            "\r\n:28C:1/1\r\n",
        ]));
        out.push_str(&glued(&[":60F:", &balance_text(balance, currency, opened), "\r\n"]));
        for entry in entries {
            balance = balance.saturating_add(entry.minor);
            let (day, mark) = (six_digits(entry.at), if entry.minor < 0 { "D" } else { "C" });
            let month_and_day = day.get(2..).unwrap_or_default();
            let amount = amount(entry.minor, currency);
            let id: String =
                entry.id.chars().rev().take(16).collect::<Vec<char>>().into_iter().rev().collect();
            out.push_str(&glued(&[
                ":61:",
                &day,
                month_and_day,
                mark,
                &amount,
                "NTRF",
                &entry.trace,
                "//",
                &id,
                "\r\n",
            ]));
            out.push_str(&glued(&[":86:", &entry.description, "\r\n"]));
        }
        out.push_str(&glued(&[":62F:", &balance_text(balance, currency, now), "\r\n-\r\n"]));
    }
    out
}

fn balance_text(minor: i128, currency: Currency, at: Timestamp) -> String {
    let mark = if minor < 0 { "D" } else { "C" };
    glued(&[mark, &six_digits(at), currency.code(), &amount(minor, currency)])
}

fn amount(minor: i128, currency: Currency) -> String {
    let text = major(i128::try_from(minor.unsigned_abs()).unwrap_or(i128::MAX), currency);
    if text.contains('.') { text.replace('.', ",") } else { glued(&[&text, ","]) }
}

/// A day as `YYMMDD`.
fn six_digits(at: Timestamp) -> String {
    date(at).replace('-', "").get(2..).unwrap_or_default().to_owned()
}
