//! A break is explained in one sentence that a bookkeeper understands without this program's documentation.

use super::classes::{BreakKind, Hop};
use super::findings::Finding;
use super::group::Unit;
use super::order::sorted;
use super::row::{Row, Side};
use super::window::day_of;
use crate::calendar;
use crate::ledger::EventType;
use crate::money::Currency;
use crate::prelude::*;

/// An amount in major units with its currency: `-2.50 EUR`.
fn money(out: &mut String, minor: i128, currency: Currency) {
    let decimals = usize::from(currency.exponent());
    out.push_str(if minor < 0 { "-" } else { "" });
    match u64::try_from(minor.unsigned_abs()) {
        Ok(small) => append_padded(out, small, decimals.saturating_add(1)),
        // It has more digits than any currency has decimals.
        Err(_) => out.push_str(&minor.unsigned_abs().digits()),
    }
    if decimals > 0 {
        out.insert(out.len().saturating_sub(decimals), '.');
    }
    put(out, &[" ", currency.code()]);
}

/// Appends one piece after the other.
fn put(out: &mut String, pieces: &[&str]) {
    for piece in pieces {
        out.push_str(piece);
    }
}

const fn noun(row: &Row) -> &'static str {
    match (row.side, row.kind) {
        (Side::Bank, _) => "entry",
        (_, Some(EventType::PayoutFailure)) => "payout failure",
        (_, Some(other)) => other.name(),
        (_, None) => "row",
    }
}

fn value(out: &mut String, value: Option<(Currency, i128)>) {
    match value {
        None => out.push_str("nothing"),
        Some((currency, minor)) => money(out, minor, currency),
    }
}

fn of(out: &mut String, row: &Row) {
    money(out, i128::from(row.amount), row.currency);
}

/// Amounts of rows as a list without repetitions, shortened: `10.00 EUR and 7.50 EUR`.
fn amounts(out: &mut String, rows: &[&Row]) {
    const SHOWN_MAX: usize = 5;
    let value = |row: &Row| (row.currency, row.amount);
    let mut values = sorted(rows.to_vec(), &|a, b| value(a).cmp(&value(b)));
    values.dedup_by_key(|row| value(row));
    for (index, row) in values.iter().take(SHOWN_MAX).enumerate() {
        out.push_str(if index > 0 { " and " } else { "" });
        of(out, row);
    }
    let rest = values.len().saturating_sub(SHOWN_MAX);
    if rest > 0 {
        put(out, &[" and ", &rest.digits(), " more"]);
    }
    if rows.is_empty() {
        out.push_str("nothing");
    }
}

/// What the first side has, and what the other.
fn against(out: &mut String, unit: &Unit<'_>, tell: &dyn Fn(&mut String, &[&Row])) {
    let Unit { ledger, settlement, bank, .. } = unit;
    let ours = ("the ledger has ", ledger);
    let theirs = ("the settlement has ", settlement);
    let ((one, rows), (other, others)) = match (bank.is_empty(), settlement.is_empty()) {
        (true, _) => (ours, theirs),
        (false, true) => (ours, ("the bank has ", bank)),
        (false, false) => (theirs, ("the bank has ", bank)),
    };
    out.push_str(one);
    tell(out, rows);
    put(out, &[", ", other]);
    tell(out, others);
}

/// How much a value differs and in which direction.
fn change(out: &mut String, difference: i128, currency: Currency) {
    money(out, difference.saturating_abs(), currency);
    out.push_str(if difference < 0 { " less" } else { " more" });
}

/// What a sentence may speak of.
pub(super) struct Facts<'f, 'r> {
    pub(super) found: &'f Finding<'r>,
    /// The first row.
    pub(super) row: &'r Row<'r>,
    /// The name of its file.
    pub(super) file: &'f str,
    pub(super) reference: &'f str,
    pub(super) expected: Option<(Currency, i128)>,
    pub(super) actual: Option<(Currency, i128)>,
    pub(super) difference: Option<i128>,
    pub(super) age_days: Option<u64>,
}

/// As many bytes as nearly all sentences have.
const SENTENCE_BYTES: usize = 192;

/// The sentence for a break.
#[cfg_attr(feature = "wasm-reconcile-sieve", inline(never))]
pub(super) fn explain(kind: BreakKind, facts: &Facts<'_, '_>) -> String {
    let mut sentence = String::with_capacity(SENTENCE_BYTES);
    let mut rest = kind.sentence();
    // Between the brackets stands the name of a fact.
    while let Some((before, name, behind)) = cut(rest) {
        sentence.push_str(before);
        facts.tell(&mut sentence, name);
        rest = behind;
    }
    sentence.push_str(rest);
    // Every sentence begins with a word of ours, so ASCII will do; the table of all scripts weighs five kilobytes.
    if let Some(first) = sentence.get_mut(..1) {
        first.make_ascii_uppercase();
    }
    sentence.push('.');
    sentence
}

/// What stands before the first name of a template, the name, and what stands behind it.
fn cut(template: &str) -> Option<(&str, &str, &str)> {
    let at = |text: &str, mark: u8| text.bytes().position(|byte| byte == mark);
    let (before, named) = template.split_at_checked(at(template, b'{')?)?;
    let (name, behind) = named.split_at_checked(at(named, b'}')?)?;
    Some((before, name.get(1..)?, behind.get(1..)?))
}

impl Facts<'_, '_> {
    #[cfg_attr(feature = "wasm-reconcile-sieve", inline(never))]
    fn tell(&self, out: &mut String, fact: &str) {
        let Self { found, row, reference, expected, actual, .. } = *self;
        let Unit { ledger, settlement, bank, .. } = &found.unit;
        // A payout that the settlement tells by its lines is none of them.
        let is_lines = found.hop == Hop::Bank && found.reference.is_some() && !row.is_payout();
        match fact {
            "s" if is_lines => put(out, &["the payout ", reference]),
            "against" | "counted" if is_lines => {
                out.push_str("the settlement has ");
                value(out, expected);
                out.push_str(", the bank has ");
                value(out, actual);
            }
            "s" => put(out, &["the ", noun(row), " ", row.reference]),
            "ref" => out.push_str(reference),
            "state_m" => out.push_str(ledger.first().map_or("", |row| row.status)),
            "state_s" => out.push_str(settlement.first().map_or("", |row| row.status)),
            "e" => value(out, expected),
            "f" => value(out, actual),
            "on" => {
                if let Some(at) = row.occurred_at {
                    put(out, &[" of ", &calendar::date(at)]);
                }
            }
            "any" => of(out, row),
            "side" => put(out, &["the ", row.side.name()]),
            "place" => put(out, &["the file ", self.file]),
            "time" if found.hop == Hop::Files => put(out, &["nearly every time in the file ", self.file]),
            "time" => put(out, &["the time of the ", noun(row), " ", row.reference]),
            "what" if row.payout_id.is_empty() => out.push_str("what another file holds"),
            "what" => put(out, &["the whole report of the payout ", row.payout_id]),
            "after" => {
                if let Some(days) = self.age_days {
                    out.push_str(" after ");
                    days_text(out, days);
                }
            }
            "d" => {
                if let Some(difference) = self.difference {
                    let currency = expected.map_or(row.currency, |(currency, _)| currency);
                    change(out, difference, currency);
                }
            }
            "m" => amounts(out, ledger),
            "n" => amounts(out, settlement),
            "copies_m" => repeated(out, ledger),
            "copies_s" => repeated(out, settlement),
            "copies_b" => repeated(out, bank),
            "times_m" => times(out, ledger.len()),
            "times_s" => times(out, settlement.len()),
            "against" => against(out, &found.unit, &amounts),
            "counted" => against(out, &found.unit, &|out, rows| {
                put(out, &[&rows.len().digits(), " of "]);
                amounts(out, rows);
            }),
            "there" => out.push_str(if bank.is_empty() { "the settlement" } else { "the bank" }),
            "account" => out.push_str(row.account),
            "shortfall" => out.push_str(row.note),
            "parent" => out.push_str(row.parent),
            "lag" => self.lag(out),
            "value" => value_dates(out, bank),
            "shift" => self.shift(out),
            _ => {}
        }
    }

    /// `8 days later`: from the first row to the last of the other side.
    fn lag(&self, out: &mut String) {
        let Unit { settlement, bank, .. } = &self.found.unit;
        let last = if bank.is_empty() { settlement } else { bank };
        let last = last.iter().filter_map(|row| row.occurred_at).max();
        if let Some((first, last)) = self.row.occurred_at.zip(last) {
            days_text(out, day_of(last).saturating_sub(day_of(first)));
            out.push_str(" later");
        }
    }

    /// In which payouts or on which days the rows stand.
    fn shift(&self, out: &mut String) {
        let Unit { ledger, settlement, .. } = &self.found.unit;
        let tell = |out: &mut String, rows: &[&Row]| {
            let Some(row) = rows.first() else { return out.push_str("another") };
            let payouts = ledger.iter().all(|other| !other.payout_id.is_empty()) && !row.payout_id.is_empty();
            if payouts {
                out.push_str(row.payout_id);
            } else if let Some(at) = row.occurred_at {
                out.push_str(&calendar::date(at));
            }
        };
        tell(out, settlement);
        out.push_str(" instead of ");
        tell(out, ledger);
    }
}

/// `from 2026-03-18 on and booked it on 2026-03-12`
fn value_dates(out: &mut String, rows: &[&Row<'_>]) {
    let dates = rows.iter().filter(|row| row.value_at != row.occurred_at);
    if let Some((value, booked)) = dates.filter_map(|row| row.value_at.zip(row.occurred_at)).next() {
        put(out, &["from ", &calendar::date(value), " on and booked it on ", &calendar::date(booked)]);
    }
}

/// `twice under the id ch_1`
fn repeated(out: &mut String, rows: &[&Row]) {
    const SHOWN_MAX: usize = 5;
    times(out, rows.len());
    let with_id = rows.iter().filter(|row| !row.id.is_empty()).copied().collect();
    let mut with_id = sorted(with_id, &|a: &&Row, b: &&Row| a.id.cmp(b.id));
    with_id.dedup_by(|a, b| a.id == b.id);
    for (index, row) in with_id.iter().take(SHOWN_MAX).enumerate() {
        put(out, &[if index > 0 { ", " } else { " under the id " }, row.id]);
    }
    if with_id.is_empty() {
        out.push_str(" with the same content");
    }
}

fn times(out: &mut String, count: usize) {
    match count {
        0 => out.push_str("not at all"),
        1 => out.push_str("once"),
        2 => out.push_str("twice"),
        many => put(out, &[&many.digits(), " times"]),
    }
}

fn days_text(out: &mut String, days: u64) {
    put(out, &[&days.digits(), if days == 1 { " day" } else { " days" }]);
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
            (-12_345_678_901_234_567_890_123, "EUR", "-123456789012345678901.23 EUR"),
        ];
        for (minor, code, expected) in table {
            let mut told = String::new();
            money(&mut told, minor, Currency::parse(code).unwrap());
            assert_eq!(told, expected);
        }
    }
}
