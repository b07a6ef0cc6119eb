//! A break is explained in one sentence that a bookkeeper understands without this program's documentation.

use super::breaks::BreakKind;
use super::group::Unit;
use super::order::sorted;
use super::row::{Row, Side};
use crate::calendar;
use crate::ledger::EventType;
use crate::money::Currency;
use crate::prelude::*;

/// An amount in major units with its currency: `-2.50 EUR`.
fn money(minor: i128, currency: Currency) -> String {
    let decimals = usize::from(currency.exponent());
    let sign = if minor < 0 { "-" } else { "" };
    let digits = minor.unsigned_abs().padded(decimals.saturating_add(1));
    let (whole, fraction) =
        digits.split_at_checked(digits.len().saturating_sub(decimals)).unwrap_or((&digits, ""));
    let point = if fraction.is_empty() { "" } else { "." };
    glued(&[sign, whole, point, fraction, " ", currency.code()])
}

const fn noun(kind: EventType) -> &'static str {
    match kind {
        EventType::PayoutFailure => "payout failure",
        other => other.name(),
    }
}

/// `the charge order_1`
fn subject(row: &Row) -> String {
    glued(&["the ", noun(row.kind), " ", &row.reference])
}

fn on(row: &Row) -> String {
    row.occurred_at.map_or_else(String::new, |at| glued(&[" of ", &calendar::date(at)]))
}

fn of(row: &Row) -> String {
    money(i128::from(row.amount), row.currency)
}

/// Amounts of rows as a list without repetitions, shortened: `10.00 EUR and 7.50 EUR`.
fn amounts(rows: &[&Row]) -> String {
    const SHOWN_MAX: usize = 5;
    let value = |row: &Row| (row.currency, row.amount);
    let mut values = sorted(rows.to_vec(), &|a, b| value(a).cmp(&value(b)));
    values.dedup_by_key(|row| value(row));
    let mut list = String::new();
    for (index, row) in values.iter().take(SHOWN_MAX).enumerate() {
        list.push_str(if index > 0 { " and " } else { "" });
        list.push_str(&of(row));
    }
    let rest = values.len().saturating_sub(SHOWN_MAX);
    if rest > 0 {
        list.push_str(&glued(&[" and ", &rest.digits(), " more"]));
    }
    if list.is_empty() { "nothing".to_owned() } else { list }
}

/// How much a value differs and in which direction.
fn change(expected: i64, found: i64, currency: Currency) -> String {
    let difference = i128::from(found).saturating_sub(i128::from(expected));
    let direction = if difference < 0 { "less" } else { "more" };
    glued(&[&money(difference.saturating_abs(), currency), " ", direction])
}

/// The pair in which a kind shows: copies of one event may differ among themselves.
fn pair<'r>(unit: &Unit<'r>, kind: BreakKind) -> Option<(&'r Row, &'r Row)> {
    for left in &unit.ledger {
        for right in &unit.settlement {
            let differs = match kind {
                BreakKind::CurrencyMismatch => left.currency != right.currency,
                BreakKind::AmountMismatch => left.amount != right.amount,
                BreakKind::FeeMismatch => left.fee != right.fee,
                _ => left.state() != right.state(),
            };
            if differs {
                return Some((left, right));
            }
        }
    }
    None
}

/// The sentence for two rows that differ in one value.
fn differing(kind: BreakKind, subject: &str, left: &Row, right: &Row) -> String {
    let currency = left.currency;
    match kind {
        BreakKind::CurrencyMismatch => glued(&[
            "for ",
            subject,
            " the ledger says ",
            &of(left),
            " and the settlement says ",
            &of(right),
            ": the currencies differ, and neither side names a conversion",
        ]),
        BreakKind::AmountMismatch => glued(&[
            "for ",
            subject,
            " the ledger says ",
            &of(left),
            " and the settlement says ",
            &of(right),
            ", which is ",
            &change(left.amount, right.amount, currency),
        ]),
        BreakKind::FeeMismatch => left.fee.zip(right.fee).map_or_else(String::new, |(expected, found)| {
            glued(&[
                "the amounts of ",
                subject,
                " agree, but the ledger expects a fee of ",
                &money(i128::from(expected), currency),
                " and the settlement took ",
                &money(i128::from(found), currency),
                ", which is ",
                &change(expected, found, currency),
            ])
        }),
        _ => glued(&[
            "the amounts of ",
            subject,
            " agree, but it is `",
            &left.status,
            "` in the ledger and `",
            &right.status,
            "` in the settlement: fetch its state from the provider",
        ]),
    }
}

/// The sentence for a break. `age_days` is its age, where it is known.
pub(super) fn explain(kind: BreakKind, unit: &Unit<'_>, age_days: Option<u64>) -> String {
    let Some(first) = unit.ledger.first().or_else(|| unit.settlement.first()).copied() else {
        return String::new();
    };
    let subject = subject(first);
    let sentence = match kind {
        BreakKind::DuplicateRecordM => repeated(Side::Ledger, &unit.ledger, &subject),
        BreakKind::DuplicateRecordS => repeated(Side::Settlement, &unit.settlement, &subject),
        BreakKind::ReferenceCollision => glued(&[
            "several different charges share the reference ",
            &first.reference,
            ": the ledger has ",
            &amounts(&unit.ledger),
            ", the settlement has ",
            &amounts(&unit.settlement),
            "; find out which belongs to the order",
        ]),
        BreakKind::DuplicateCharge => glued(&[
            &subject,
            " of ",
            &of(first),
            " was taken more than once, ",
            &times(unit.ledger.len()),
            " in the ledger and ",
            &times(unit.settlement.len()),
            " in the settlement: the customer may have paid twice, so check and refund what is too much",
        ]),
        BreakKind::Ambiguous => glued(&[
            &subject,
            " stands several times on a side and nothing tells which row belongs to which: the ledger has ",
            &amounts(&unit.ledger),
            ", the settlement has ",
            &amounts(&unit.settlement),
            "; match them by hand",
        ]),
        BreakKind::MissingInSettlement => glued(&[
            "the ledger has ",
            &subject,
            &on(first),
            " over ",
            &of(first),
            ", but the settlement does not have it",
            &age_days.map_or_else(String::new, |days| glued(&[" after ", &days_text(days)])),
            ": ask the provider for it, or check whether a settlement file is missing",
        ]),
        BreakKind::MissingInMirror => glued(&[
            "the settlement has ",
            &subject,
            &on(first),
            " over ",
            &of(first),
            ", which the ledger does not know: an event may have been lost, or the payment is not yours",
        ]),
        BreakKind::CurrencyMismatch
        | BreakKind::AmountMismatch
        | BreakKind::FeeMismatch
        | BreakKind::StatusMismatch => {
            pair(unit, kind).map_or_else(String::new, |(left, right)| differing(kind, &subject, left, right))
        }
    };
    capitalized(&sentence)
}

fn repeated(side: Side, rows: &[&Row], subject: &str) -> String {
    const SHOWN_MAX: usize = 5;
    let with_id = rows.iter().filter(|row| !row.id.is_empty()).copied().collect();
    let mut with_id = sorted(with_id, &|a: &&Row, b: &&Row| a.id.cmp(&b.id));
    with_id.dedup_by(|a, b| a.id == b.id);
    let mut which = String::new();
    for row in with_id.iter().take(SHOWN_MAX) {
        which.push_str(if which.is_empty() { "under the id " } else { ", " });
        which.push_str(&row.id);
    }
    if which.is_empty() {
        which.push_str("with the same content");
    }
    glued(&["the ", side.name(), " has ", subject, " ", &times(rows.len()), " ", &which, ": count it once"])
}

fn times(count: usize) -> String {
    match count {
        0 => "not at all".to_owned(),
        1 => "once".to_owned(),
        2 => "twice".to_owned(),
        many => glued(&[&many.digits(), " times"]),
    }
}

fn days_text(days: u64) -> String {
    if days == 1 { "1 day".to_owned() } else { glued(&[&days.digits(), " days"]) }
}

fn capitalized(sentence: &str) -> String {
    let mut characters = sentence.chars();
    match characters.next() {
        // Every sentence begins with a word of ours, so ASCII will do; the table of all scripts weighs five kilobytes.
        Some(first) => {
            let mut text = String::new();
            text.push(first.to_ascii_uppercase());
            text.push_str(characters.as_str());
            text.push('.');
            text
        }
        None => String::new(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn money_has_the_decimals_of_its_currency_and_a_sign_in_front() {
        let table = [
            (0, "EUR", "0.00 EUR"),
            (5, "EUR", "0.05 EUR"),
            (-250, "EUR", "-2.50 EUR"),
            (1_200, "JPY", "1200 JPY"),
            (-1, "KWD", "-0.001 KWD"),
        ];
        for (minor, code, expected) in table {
            assert_eq!(money(minor, Currency::parse(code).unwrap()), expected);
        }
    }
}
