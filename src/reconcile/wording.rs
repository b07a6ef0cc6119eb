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
fn money(minor: i128, currency: Currency) -> String {
    let decimals = usize::from(currency.exponent());
    let sign = if minor < 0 { "-" } else { "" };
    let digits = minor.unsigned_abs().padded(decimals.saturating_add(1));
    let (whole, fraction) =
        digits.split_at_checked(digits.len().saturating_sub(decimals)).unwrap_or((&digits, ""));
    let point = if fraction.is_empty() { "" } else { "." };
    glued(&[sign, whole, point, fraction, " ", currency.code()])
}

const fn noun(row: &Row) -> &'static str {
    match (row.side, row.kind) {
        (Side::Bank, _) => "entry",
        (_, Some(EventType::PayoutFailure)) => "payout failure",
        (_, Some(other)) => other.name(),
        (_, None) => "row",
    }
}

/// `the charge order_1`
fn subject(out: &mut String, row: &Row) {
    for piece in ["the ", noun(row), " ", row.reference] {
        out.push_str(piece);
    }
}

fn value(out: &mut String, value: Option<(Currency, i128)>) {
    match value {
        None => out.push_str("nothing"),
        Some((currency, minor)) => out.push_str(&money(minor, currency)),
    }
}

fn state(out: &mut String, rows: &[&Row]) {
    out.push_str(rows.first().map_or("", |row| row.status));
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

/// What the first side has, and what the other.
fn against(unit: &Unit<'_>, told: &dyn Fn(&[&Row]) -> String) -> String {
    let Unit { ledger, settlement, bank, .. } = unit;
    let ours = ("the ledger has ", ledger);
    let theirs = ("the settlement has ", settlement);
    let ((one, rows), (other, others)) = match (bank.is_empty(), settlement.is_empty()) {
        (true, _) => (ours, theirs),
        (false, true) => (ours, ("the bank has ", bank)),
        (false, false) => (theirs, ("the bank has ", bank)),
    };
    glued(&[one, &told(rows), ", ", other, &told(others)])
}

/// How much a value differs and in which direction.
fn change(difference: i128, currency: Currency) -> String {
    let direction = if difference < 0 { "less" } else { "more" };
    glued(&[&money(difference.saturating_abs(), currency), " ", direction])
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
        let text = match fact {
            "s" => return subject(out, self.row),
            "ref" => return out.push_str(self.reference),
            "state_m" => return state(out, &self.found.unit.ledger),
            "state_s" => return state(out, &self.found.unit.settlement),
            "e" => return value(out, self.expected),
            "f" => return value(out, self.actual),
            other => self.told(other),
        };
        out.push_str(&text);
    }

    fn told(&self, fact: &str) -> String {
        let Unit { ledger, settlement, bank, .. } = &self.found.unit;
        let is_bank = !bank.is_empty();
        match fact {
            "on" => on(self.row),
            "any" => of(self.row),
            "side" => glued(&["the ", self.row.side.name()]),
            "place" => glued(&["the file ", self.file]),
            "time" if self.found.hop == Hop::Files => glued(&["nearly every time in the file ", self.file]),
            "time" => glued(&["the time of the ", noun(self.row), " ", self.row.reference]),
            "what" if self.row.payout_id.is_empty() => "what another file holds".to_owned(),
            "what" => glued(&["the whole report of the payout ", self.row.payout_id]),
            "after" => self.age_days.map_or_else(String::new, |days| glued(&[" after ", &days_text(days)])),
            "d" => {
                let currency = self.expected.map_or(self.row.currency, |(currency, _)| currency);
                self.difference.map_or_else(String::new, |difference| change(difference, currency))
            }
            "m" => amounts(ledger),
            "n" => amounts(settlement),
            "copies_m" => repeated(ledger),
            "copies_s" => repeated(settlement),
            "copies_b" => repeated(bank),
            "times_m" => times(ledger.len()),
            "times_s" => times(settlement.len()),
            "against" => against(&self.found.unit, &amounts),
            "counted" => {
                against(&self.found.unit, &|rows| glued(&[&rows.len().digits(), " of ", &amounts(rows)]))
            }
            "there" => if is_bank { "the bank" } else { "the settlement" }.to_owned(),
            "account" => (*self.row.account).to_owned(),
            "shortfall" => (*self.row.note).to_owned(),
            "parent" => (*self.row.parent).to_owned(),
            "lag" => self.lag(),
            "value" => value_dates(bank),
            "shift" => self.shift(),
            _ => String::new(),
        }
    }

    /// `8 days later`: from the first row to the last of the other side.
    fn lag(&self) -> String {
        let Unit { settlement, bank, .. } = &self.found.unit;
        let last = if bank.is_empty() { settlement } else { bank };
        let last = last.iter().filter_map(|row| row.occurred_at).max();
        let days =
            self.row.occurred_at.zip(last).map(|(first, last)| day_of(last).saturating_sub(day_of(first)));
        days.map_or_else(String::new, |days| glued(&[&days_text(days), " later"]))
    }

    /// In which payouts or on which days the rows stand.
    fn shift(&self) -> String {
        let Unit { ledger, settlement, .. } = &self.found.unit;
        let text = |rows: &[&Row]| {
            let Some(row) = rows.first() else { return "another".to_owned() };
            let payouts = ledger.iter().all(|other| !other.payout_id.is_empty()) && !row.payout_id.is_empty();
            if payouts {
                (*row.payout_id).to_owned()
            } else {
                row.occurred_at.map_or_else(String::new, calendar::date)
            }
        };
        glued(&[&text(settlement), " instead of ", &text(ledger)])
    }
}

/// `from 2026-03-18 on and booked it on 2026-03-12`
fn value_dates(rows: &[&Row<'_>]) -> String {
    let dates = rows.iter().filter(|row| row.value_at != row.occurred_at);
    let dates = dates.filter_map(|row| row.value_at.zip(row.occurred_at)).next();
    dates.map_or_else(String::new, |(value, booked)| {
        glued(&["from ", &calendar::date(value), " on and booked it on ", &calendar::date(booked)])
    })
}

/// `twice under the id ch_1`
fn repeated(rows: &[&Row]) -> String {
    const SHOWN_MAX: usize = 5;
    let with_id = rows.iter().filter(|row| !row.id.is_empty()).copied().collect();
    let mut with_id = sorted(with_id, &|a: &&Row, b: &&Row| a.id.cmp(b.id));
    with_id.dedup_by(|a, b| a.id == b.id);
    let mut which = String::new();
    for row in with_id.iter().take(SHOWN_MAX) {
        which.push_str(if which.is_empty() { "under the id " } else { ", " });
        which.push_str(row.id);
    }
    if which.is_empty() {
        which.push_str("with the same content");
    }
    glued(&[&times(rows.len()), " ", &which])
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
