//! A month of payments on which both sides agree, and then some drift whose kind is known because it was put there.

use std::collections::{BTreeMap, BTreeSet};

use crate::random::Random;

pub(crate) const CURRENCIES: &[&str] = &["EUR", "JPY", "KWD"];

/// The end of the month: what happened in the two days before may be in flight.
pub(crate) const AS_OF: &str = "2026-03-31T00:00:00Z";

/// A row as a file has it.
#[derive(Clone, Debug)]
pub(crate) struct Line {
    pub(crate) reference: String,
    pub(crate) id: String,
    pub(crate) kind: &'static str,
    pub(crate) amount: i64,
    pub(crate) currency: &'static str,
    pub(crate) fee: i64,
    pub(crate) status: &'static str,
    /// Minute of the month.
    pub(crate) minute: u64,
}

/// Two sides, and what is wrong between them.
#[derive(Clone, Debug, Default)]
pub(crate) struct Month {
    pub(crate) ledger: Vec<Line>,
    pub(crate) settlement: Vec<Line>,
    /// Reference, primary kind, secondary kinds.
    pub(crate) injected: Vec<(String, String, Vec<String>)>,
    pub(crate) in_flight: BTreeSet<String>,
    /// What arrived in another currency than expected.
    pub(crate) moved_into: BTreeMap<String, i128>,
}

/// Two days before the end.
const YOUNG_MINUTE: u64 = 28 * 1_440;

impl Month {
    pub(crate) fn generate(seed: u64, payments: u64) -> Self {
        let mut random = Random::new(seed);
        let mut month = Self::default();
        for number in 0..payments {
            let amount = 10 + i64::try_from(random.edge_amount() % 1_000_000).unwrap();
            let ours = Line {
                reference: format!("order_{seed}_{number}"),
                id: format!("ch_{number}"),
                kind: if random.once_in(6) { "refund" } else { "charge" },
                amount,
                currency: random.pick(CURRENCIES),
                fee: amount / 35,
                status: random.pick(&["succeeded", "refunded", "disputed"]),
                minute: random.below(30 * 1_440 - 1),
            };
            let theirs = Line {
                // Half of the providers number their rows themselves.
                id: if seed.is_multiple_of(2) { ours.id.clone() } else { format!("txn_{number}") },
                status: if ours.status == "succeeded" { "paid" } else { ours.status },
                minute: ours.minute + 1,
                ..ours.clone()
            };
            if random.once_in(3) {
                month.spoil(&mut random, ours, theirs);
            } else {
                month.ledger.push(ours);
                month.settlement.push(theirs);
            }
        }
        month
    }

    fn spoil(&mut self, random: &mut Random, ours: Line, mut theirs: Line) {
        let reference = ours.reference.clone();
        let mut note = |kind: &str, secondary: &[&str]| {
            let secondary = secondary.iter().map(|kind| (*kind).to_owned()).collect();
            self.injected.push((reference.clone(), kind.to_owned(), secondary));
        };
        match random.below(13) {
            0 => {
                if ours.minute >= YOUNG_MINUTE {
                    let _ = self.in_flight.insert(reference);
                } else {
                    note("missing_in_settlement", &[]);
                }
                self.ledger.push(ours);
            }
            1 => {
                note("missing_in_mirror", &[]);
                self.settlement.push(theirs);
            }
            2 => {
                note("duplicate_record_m", &[]);
                self.ledger.extend([ours.clone(), ours]);
                self.settlement.push(theirs);
            }
            3 => {
                note("duplicate_record_s", &[]);
                self.ledger.push(ours);
                self.settlement.extend([theirs.clone(), theirs]);
            }
            4 => {
                note("duplicate_charge", &[]);
                let theirs = Line { kind: "charge", ..theirs };
                let second =
                    Line { id: format!("{}_again", theirs.id), minute: theirs.minute + 3, ..theirs.clone() };
                self.ledger.push(Line { kind: "charge", ..ours });
                self.settlement.extend([theirs, second]);
            }
            5 => {
                note("currency_mismatch", &[]);
                theirs.currency = if ours.currency == "EUR" { "KWD" } else { "EUR" };
                *self.moved_into.entry(theirs.currency.to_owned()).or_default() += i128::from(theirs.amount);
                self.both(ours, theirs);
            }
            6 => {
                note("amount_mismatch", &[]);
                theirs.amount += if random.once_in(2) { 1 } else { -1 };
                self.both(ours, theirs);
            }
            7 => {
                note(if ours.fee == 0 { "fee_unexpected" } else { "fee_mismatch" }, &[]);
                theirs.fee += 1;
                self.both(ours, theirs);
            }
            8 => {
                // From paid and disputed a way leads to refunded; from refunded none leads on.
                note(if ours.status == "refunded" { "status_mismatch" } else { "status_stale" }, &[]);
                theirs.status = if ours.status == "refunded" { "disputed" } else { "refunded" };
                self.both(ours, theirs);
            }
            // Several at once: the first in order of precedence is the kind, the rest stand beside it.
            9 => {
                note("amount_mismatch", &[if ours.fee == 0 { "fee_unexpected" } else { "fee_mismatch" }]);
                theirs.amount *= 2;
                theirs.fee += 7;
                self.both(ours, theirs);
            }
            10 => {
                note(if ours.fee == 0 { "fee_unexpected" } else { "fee_mismatch" }, &["status_mismatch"]);
                theirs.fee += 2;
                theirs.status = "failed";
                self.both(ours, theirs);
            }
            11 => {
                note("currency_mismatch", &["status_mismatch"]);
                theirs.currency = if ours.currency == "JPY" { "EUR" } else { "JPY" };
                theirs.amount += 5;
                theirs.status = "failed";
                *self.moved_into.entry(theirs.currency.to_owned()).or_default() += i128::from(theirs.amount);
                self.both(ours, theirs);
            }
            _ => {
                note("duplicate_record_s", &["amount_mismatch"]);
                theirs.amount += 50;
                self.ledger.push(ours);
                self.settlement.extend([theirs.clone(), theirs]);
            }
        }
    }

    fn both(&mut self, ours: Line, theirs: Line) {
        self.ledger.push(ours);
        self.settlement.push(theirs);
    }
}

fn moment(minute: u64) -> String {
    format!("2026-03-{:02}T{:02}:{:02}:00Z", 1 + minute / 1_440, minute / 60 % 24, minute % 60)
}

pub(crate) fn csv(lines: &[Line]) -> String {
    let mut text = "reference,id,type,amount_minor,currency,fee_minor,status,occurred_at\n".to_owned();
    for Line { reference, id, kind, amount, currency, fee, status, minute } in lines {
        let at = moment(*minute);
        text.push_str(&format!("{reference},{id},{kind},{amount},{currency},{fee},{status},{at}\n"));
    }
    text
}

/// The same rows in other columns, in major units, quoted, with CR LF and a column nobody knows.
pub(crate) fn csv_other_way(lines: &[Line]) -> String {
    let mut text = "occurred_at,\"fee\",note,status,amount,currency,type,id,reference\r\n".to_owned();
    for Line { reference, id, kind, amount, currency, fee, status, minute } in lines {
        let decimals = match *currency {
            "JPY" => 0,
            "KWD" => 3,
            _ => 2,
        };
        let major = |minor: i64| {
            let digits = format!("{minor:0>width$}", width = decimals + 1);
            let (whole, fraction) = digits.split_at(digits.len() - decimals);
            if fraction.is_empty() { whole.to_owned() } else { format!("{whole}.{fraction}") }
        };
        // Half of the types are left to the default.
        let kind = if *kind == "charge" { "" } else { kind };
        text.push_str(&format!(
            "{},\"{}\",\"a \"\"note\"\", with\nlines\",{status},{},{currency},{kind},{id},\"{reference}\"\r\n",
            moment(*minute),
            major(*fee),
            major(*amount)
        ));
    }
    text
}

pub(crate) fn shuffle<T>(random: &mut Random, items: &mut [T]) {
    for last in (1..items.len()).rev() {
        let other = usize::try_from(random.below(last as u64 + 1)).unwrap();
        items.swap(last, other);
    }
}
