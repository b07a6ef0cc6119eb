//! A break is explained in one sentence that a bookkeeper understands without this program's documentation.

use super::breaks::BreakKind;
use super::group::Unit;
use super::order::sorted;
use super::row::{Row, RowType, Side};
use crate::calendar;
use crate::money::Currency;
use crate::prelude::*;

/// An amount in major units with its currency: `-2.50 EUR`.
fn money(minor: i128, currency: Currency) -> String {
    let decimals = usize::from(currency.exponent());
    let sign = if minor < 0 { "-" } else { "" };
    let digits = format!("{:0>width$}", minor.unsigned_abs(), width = decimals.saturating_add(1));
    match digits.split_at_checked(digits.len().saturating_sub(decimals)) {
        Some((whole, fraction)) if !fraction.is_empty() => format!("{sign}{whole}.{fraction} {currency}"),
        Some(_) | None => format!("{sign}{digits} {currency}"),
    }
}

const fn noun(kind: RowType) -> &'static str {
    match kind {
        RowType::PayoutFailure => "payout failure",
        other => other.name(),
    }
}

/// `the charge order_1`
fn subject(row: &Row) -> String {
    format!("the {} {}", noun(row.kind), row.reference)
}

fn on(row: &Row) -> String {
    row.occurred_at.map_or_else(String::new, |at| format!(" of {}", calendar::date(at)))
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
    let mut shown: Vec<String> = values.iter().take(SHOWN_MAX).map(|row| of(row)).collect();
    let rest = values.len().saturating_sub(SHOWN_MAX);
    if rest > 0 {
        shown.push(format!("{rest} more"));
    }
    if shown.is_empty() { "nothing".to_owned() } else { shown.join(" and ") }
}

/// How much a value differs and in which direction.
fn change(expected: i64, found: i64, currency: Currency) -> String {
    let difference = i128::from(found).saturating_sub(i128::from(expected));
    let direction = if difference < 0 { "less" } else { "more" };
    format!("{} {direction}", money(difference.saturating_abs(), currency))
}

/// The pair in which a kind shows: copies of one event may differ among themselves.
fn pair<'r>(unit: &Unit<'r>, differs: impl Fn(&Row, &Row) -> bool) -> Option<(&'r Row, &'r Row)> {
    let pairs = unit.ledger.iter().flat_map(|left| unit.settlement.iter().map(move |right| (*left, *right)));
    pairs.into_iter().find(|(left, right)| differs(left, right))
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
        BreakKind::ReferenceCollision => format!(
            "several different charges share the reference {}: the ledger has {}, the settlement has {}; find out \
             which belongs to the order",
            first.reference,
            amounts(&unit.ledger),
            amounts(&unit.settlement)
        ),
        BreakKind::DuplicateCharge => format!(
            "{subject} of {} was taken more than once, {} in the ledger and {} in the settlement: the customer may have \
             paid twice, so check and refund what is too much",
            of(first),
            times(unit.ledger.len()),
            times(unit.settlement.len())
        ),
        BreakKind::Ambiguous => format!(
            "{subject} stands several times on a side and nothing tells which row belongs to which: the ledger has \
             {}, the settlement has {}; match them by hand",
            amounts(&unit.ledger),
            amounts(&unit.settlement)
        ),
        BreakKind::MissingInSettlement => {
            let after = age_days.map_or_else(String::new, |days| format!(" after {}", days_text(days)));
            format!(
                "the ledger has {subject}{} over {}, but the settlement does not have it{after}: ask the provider \
                 for it, or check whether a settlement file is missing",
                on(first),
                of(first)
            )
        }
        BreakKind::MissingInMirror => format!(
            "the settlement has {subject}{} over {}, which the ledger does not know: an event may have been lost, \
             or the payment is not yours",
            on(first),
            of(first)
        ),
        BreakKind::CurrencyMismatch => pair(unit, |left, right| left.currency != right.currency).map_or_else(
            String::new,
            |(left, right)| {
                format!(
                    "for {subject} the ledger says {} and the settlement says {}: the currencies differ, and \
                     neither side names a conversion",
                    of(left),
                    of(right)
                )
            },
        ),
        BreakKind::AmountMismatch => pair(unit, |left, right| left.amount != right.amount).map_or_else(
            String::new,
            |(left, right)| {
                format!(
                    "for {subject} the ledger says {} and the settlement says {}, which is {}",
                    of(left),
                    of(right),
                    change(left.amount, right.amount, left.currency)
                )
            },
        ),
        BreakKind::FeeMismatch => pair(unit, |left, right| left.fee != right.fee)
            .and_then(|(left, right)| Some((left, left.fee?, right.fee?)))
            .map_or_else(String::new, |(left, expected, found)| {
                format!(
                    "the amounts of {subject} agree, but the ledger expects a fee of {} and the settlement took {}, \
                     which is {}",
                    money(i128::from(expected), left.currency),
                    money(i128::from(found), left.currency),
                    change(expected, found, left.currency)
                )
            }),
        BreakKind::StatusMismatch => pair(unit, |left, right| left.state() != right.state()).map_or_else(
            String::new,
            |(left, right)| {
                format!(
                    "the amounts of {subject} agree, but it is `{}` in the ledger and `{}` in the settlement: fetch \
                     its state from the provider",
                    left.status, right.status
                )
            },
        ),
    };
    capitalized(&sentence)
}

fn repeated(side: Side, rows: &[&Row], subject: &str) -> String {
    const SHOWN_MAX: usize = 5;
    let with_id = rows.iter().filter(|row| !row.id.is_empty()).copied().collect();
    let mut with_id = sorted(with_id, &|a: &&Row, b: &&Row| a.id.cmp(&b.id));
    with_id.dedup_by(|a, b| a.id == b.id);
    let ids: Vec<&str> = with_id.iter().take(SHOWN_MAX).map(|row| &*row.id).collect();
    let which = match ids.as_slice() {
        [] => "with the same content".to_owned(),
        ids => format!("under the id {}", ids.join(", ")),
    };
    format!("the {} has {subject} {} {which}: count it once", side.name(), times(rows.len()))
}

fn times(count: usize) -> String {
    match count {
        0 => "not at all".to_owned(),
        1 => "once".to_owned(),
        2 => "twice".to_owned(),
        many => format!("{many} times"),
    }
}

fn days_text(days: u64) -> String {
    if days == 1 { "1 day".to_owned() } else { format!("{days} days") }
}

fn capitalized(sentence: &str) -> String {
    let mut characters = sentence.chars();
    match characters.next() {
        // Every sentence begins with a word of ours, so ASCII will do; the table of all scripts weighs five kilobytes.
        Some(first) => format!("{}{}.", first.to_ascii_uppercase(), characters.as_str()),
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
