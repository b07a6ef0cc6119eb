//! The report agrees with the treasury to the minor unit, but for the drifts that were injected; and what it says of a
//! moment it always says again.
//!
//! A drift is decided once, when the money moves, and stays with the transaction: two reports never contradict each
//! other (but for one that is corrected later, which is a drift of its own), and the ground truth knows of it before the
//! first report is read.
//!
//! [`line`](self::line) makes the rows, and each format writes the same rows: [`generic`] in the columns of the contract,
//! [`stripe`] in those of Stripe's payout reconciliation, [`adyen`] in those of Adyen's settlement details.

mod adyen;
mod drift;
mod format;
mod generic;
mod line;
mod stripe;

use alloc::collections::{BTreeMap, BTreeSet};

use super::faults::{Injected, Injector};
use super::treasury::Transaction;
use crate::prelude::*;
use drift::Drift;
pub(super) use format::Format;
pub(super) use line::{Line, Scope, foreign_id, lines, prefix};

/// What a booking is about, in words.
#[derive(Clone, Copy, Debug)]
pub(super) struct Subject<'a> {
    /// The name under which the merchant's records know it.
    pub(super) reference: &'a str,
    /// The id of the object that caused it.
    pub(super) object: &'a str,
}

/// What the report is made from beside the treasury, by the number of the transaction.
#[derive(Clone, Debug, Default)]
pub(super) struct Settlement {
    drifts: BTreeMap<usize, Drift>,
    /// The payouts whose report is delivered twice.
    doubled: BTreeSet<usize>,
}

impl Settlement {
    /// Decides whether the report will tell the truth about a transaction. Returns what it will not.
    pub(super) fn record(
        &mut self,
        number: usize,
        transaction: &Transaction,
        subject: &Subject<'_>,
        injector: &mut Injector,
    ) -> Option<Injected> {
        let (fault, drift) = drift::decide(transaction, subject.reference, injector)?;
        let _ = self.drifts.insert(number, drift);
        Some(drift::truth(fault, drift, transaction))
    }

    /// Lets the report show another total of a payout, by the number of its transaction.
    pub(super) fn show_payout_as(&mut self, transaction: usize, minor: u64) {
        let _ = self.drifts.insert(transaction, Drift::Amount(minor));
    }

    /// Lets the report of a payout be delivered twice.
    pub(super) fn double(&mut self, payout: usize) {
        let _ = self.doubled.insert(payout);
    }

    fn is_doubled(&self, payout: usize) -> bool {
        self.doubled.contains(&payout)
    }

    fn drift(&self, number: usize) -> Option<Drift> {
        self.drifts.get(&number).copied()
    }
}

/// The report in a format.
pub(super) fn written(lines: &[Line], format: Format) -> String {
    match format {
        Format::Generic => generic::csv(lines),
        Format::Stripe => stripe::csv(lines.iter().filter(|line| line.payout.is_some())),
        Format::StripeBalance => stripe::csv(lines.iter()),
        Format::Adyen => adyen::csv(lines),
    }
}

/// A field of RFC 4180: quoted where it must be.
fn field(text: &str) -> String {
    if text.contains(['"', ',', '\r', '\n']) {
        format!("\"{}\"", text.replace('"', "\"\""))
    } else {
        text.to_owned()
    }
}

/// Rows of fields, the header first, each ended by a line feed.
fn table<const WIDTH: usize>(header: [&str; WIDTH], rows: impl Iterator<Item = [String; WIDTH]>) -> String {
    let mut out = header.join(",");
    out.push('\n');
    for row in rows {
        out.push_str(&row.map(|text| field(&text)).join(","));
        out.push('\n');
    }
    out
}
