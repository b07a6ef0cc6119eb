//! One row of a report, before it is written in anybody's columns: what is shown, which is what is true unless a drift
//! says otherwise.

use super::super::treasury::{Kind, PayoutState, Source, Transaction};
use super::super::world::World;
use super::drift::Drift;
use crate::money::Currency;
use crate::prelude::*;
use crate::time::{Millis, Timestamp};

pub(super) const SETTLED: &str = "settled";
const FAILED: &str = "failed";

/// How long a wrong row stands before the report is corrected.
pub(super) const CORRECTED_AFTER: Millis = Millis::from_seconds(24 * 60 * 60);

/// What a report covers.
#[derive(Clone, Debug, Default)]
pub(in crate::simulator) struct Scope {
    /// The number of the account in the treasury; all that are connected to nobody when nothing is said.
    pub(in crate::simulator) account: Option<usize>,
    /// The number of the payout.
    pub(in crate::simulator) payout: Option<usize>,
}

/// A row.
#[derive(Clone, Debug)]
pub(in crate::simulator) struct Line {
    /// The name under which the merchant's records know it.
    pub(super) reference: String,
    /// The id of the object that caused it.
    pub(super) id: String,
    /// The id of the balance transaction.
    pub(super) transaction: String,
    /// The kind in the contract's words.
    pub(super) kind: &'static str,
    /// What it is, for the columns of others.
    pub(super) movement: Kind,
    /// Minor units; negative when they leave the account.
    pub(super) gross: i128,
    pub(super) fee: i128,
    pub(super) currency: Currency,
    /// What was presented to the customer, where that was another currency: minor units, currency, rate.
    pub(super) presented: Option<(i128, Currency, String)>,
    pub(super) status: &'static str,
    pub(super) at: Timestamp,
    pub(super) available_on: Timestamp,
    /// The id of the payout and when it arrives.
    pub(super) payout: Option<(String, Timestamp)>,
    /// The number of the payout, for those who number batches.
    pub(super) batch: Option<usize>,
    /// The reference of the payment, for what follows one.
    pub(super) parent: Option<String>,
}

impl Line {
    /// What it does to the balance, as shown.
    pub(super) const fn net(&self) -> i128 {
        self.gross.saturating_sub(self.fee)
    }
}

/// The rows of a report at a moment, oldest first.
pub(in crate::simulator) fn lines(world: &World, scope: &Scope, now: Timestamp) -> Vec<Line> {
    let mut lines = Vec::new();
    for (number, transaction) in world.treasury.transactions().iter().enumerate() {
        let is_wanted = match scope.account {
            Some(account) => transaction.account == account,
            None => !world.is_connected(transaction.account),
        };
        let is_paid_out = scope.payout.is_none_or(|payout| transaction.payout == Some(payout));
        if is_wanted && is_paid_out {
            shown(&mut lines, world, number, transaction, now);
        }
    }
    // A report that is delivered twice has every row of its payout once more, at the end.
    let is_again = |line: &&Line| line.batch.is_some_and(|payout| world.settlement.is_doubled(payout));
    let again: Vec<Line> = lines.iter().filter(is_again).cloned().collect();
    lines.extend(again);
    lines
}

fn shown(lines: &mut Vec<Line>, world: &World, number: usize, transaction: &Transaction, now: Timestamp) {
    let mut line = truth(world, number, transaction);
    let signed = |minor: u64| if line.gross < 0 { 0_i128.saturating_sub(minor.into()) } else { minor.into() };
    match world.settlement.drift(number) {
        None => lines.push(line),
        Some(Drift::Missing) => {}
        Some(Drift::Amount(minor)) => {
            line.gross = signed(minor);
            lines.push(line);
        }
        Some(Drift::Restated(minor)) => {
            if now < line.at.saturating_add(CORRECTED_AFTER) {
                line.gross = signed(minor);
            }
            lines.push(line);
        }
        Some(Drift::Fee(minor)) => {
            line.fee = minor.into();
            lines.push(line);
        }
        Some(Drift::Status) => {
            line.status = FAILED;
            lines.push(line);
        }
        Some(Drift::Duplicate) => {
            lines.push(line.clone());
            lines.push(line);
        }
        Some(Drift::Twin) => {
            let id = world.ids.alien(prefix(transaction.source), number);
            let twin = Line { id, transaction: world.ids.alien("txn", number), ..line.clone() };
            lines.push(line);
            lines.push(twin);
        }
        Some(Drift::Foreign(minor)) => {
            let alien = foreign_id(world, number, transaction.source);
            let foreign = Line {
                reference: alien.clone(),
                id: alien,
                transaction: world.ids.alien("txn", number),
                kind: "charge",
                movement: Kind::Charge,
                gross: minor.into(),
                fee: 0,
                presented: None,
                parent: None,
                ..line.clone()
            };
            lines.push(line);
            lines.push(foreign);
        }
        Some(Drift::Rate { minor, rate }) => {
            line.gross = signed(minor);
            if let Some((_, _, shown)) = &mut line.presented {
                *shown = rate.to_string();
            }
            lines.push(line);
        }
        Some(Drift::Sign) => {
            line.gross = 0_i128.saturating_sub(line.gross);
            lines.push(line);
        }
        Some(Drift::Payout) => {
            // The payout after the right one: the row missed its cut-off.
            if let Some(batch) = line.batch {
                let next = batch.saturating_add(1);
                let arrival = world.treasury.payout(next).map(|payout| payout.arrival);
                let arrival = arrival.or(line.payout.as_ref().map(|(_, at)| *at)).unwrap_or(line.at);
                (line.batch, line.payout) = (Some(next), Some((world.ids.id("po", next), arrival)));
            }
            lines.push(line);
        }
        Some(Drift::Day { later }) => {
            const DAY: Millis = Millis::from_seconds(24 * 60 * 60);
            line.at = if later { line.at.saturating_add(DAY) } else { line.at.saturating_sub(DAY) };
            lines.push(line);
        }
    }
}

/// The row as it is true.
fn truth(world: &World, number: usize, transaction: &Transaction) -> Line {
    let id = world.ids.id(prefix(transaction.source), transaction.source.number());
    let reference = world.reference_of(transaction.source).unwrap_or_else(|| id.clone());
    let follows = !matches!(transaction.kind, Kind::Charge | Kind::Payment | Kind::Payout | Kind::Received);
    let parent = (follows && reference != id).then(|| reference.clone());
    let payout = transaction.payout.and_then(|payout| world.treasury.payout(payout));
    let payout_id = |payout| world.ids.id("po", payout);
    // A manual payout is in no batch, and names itself all the same.
    let own = match transaction.source {
        Source::Payout(payout) => Some(payout),
        _ => None,
    };
    let batch = transaction.payout.or(own);
    let arrival =
        payout.or(own.and_then(|payout| world.treasury.payout(payout))).map(|payout| payout.arrival);
    Line {
        reference,
        id,
        transaction: world.ids.id("txn", number),
        kind: contract_kind(transaction.kind),
        movement: transaction.kind,
        gross: transaction.gross.into(),
        fee: transaction.fees.total().into(),
        currency: transaction.currency,
        presented: transaction
            .conversion
            .as_deref()
            .map(|conversion| (conversion.gross.into(), conversion.currency, conversion.rate.to_string())),
        status: status(world, transaction),
        at: transaction.created,
        available_on: transaction.available_on,
        payout: batch.map(|batch| (payout_id(batch), arrival.unwrap_or(transaction.available_on))),
        batch,
        parent,
    }
}

fn status(world: &World, transaction: &Transaction) -> &'static str {
    let payout = match (transaction.kind, transaction.source) {
        (Kind::Payout, Source::Payout(payout)) => world.treasury.payout(payout),
        _ => None,
    };
    match payout.map(|payout| payout.state) {
        Some(PayoutState::Failed | PayoutState::Canceled) => FAILED,
        Some(PayoutState::Pending | PayoutState::InTransit) => "pending",
        Some(PayoutState::Paid) | None => SETTLED,
    }
}

/// What the ids of the objects that move money begin with.
pub(in crate::simulator) const fn prefix(source: Source) -> &'static str {
    match source {
        Source::Payment(_) => "pay",
        Source::PaymentRefund(_) => "rfd",
        Source::Refund(_) => "re",
        Source::WalletTransfer(_) => "wtr",
        Source::Escrow(_) => "esc",
        Source::Charge(_) => "ch",
        Source::Dispute(_) => "du",
        Source::Payout(_) => "po",
        Source::Transfer(_) => "tr",
        Source::TransferReversal(_) => "trr",
        Source::ApplicationFee(_) => "fee",
        Source::FeeRefund(_) => "fr",
        Source::TopUp(_) => "tu",
        Source::Reserve(_) => "rsv",
        Source::Correction(_) => "adj",
    }
}

/// The id of a charge that belongs to another merchant and stands beside a transaction.
pub(in crate::simulator) fn foreign_id(world: &World, number: usize, beside: Source) -> String {
    let is_native = matches!(beside, Source::Payment(_) | Source::PaymentRefund(_));
    world.ids.alien(if is_native { "pay" } else { "ch" }, number)
}

const fn contract_kind(kind: Kind) -> &'static str {
    match kind {
        Kind::Charge | Kind::Payment | Kind::Received => "charge",
        Kind::Refund | Kind::PaymentRefund | Kind::ReceivedRefund => "refund",
        Kind::Dispute => "dispute",
        Kind::Payout => "payout",
        Kind::PayoutCancel | Kind::PayoutFailure => "payout_failure",
        Kind::GatewayFee => "fee",
        Kind::RefundFailure
        | Kind::DisputeReversal
        | Kind::Adjustment
        | Kind::Transfer
        | Kind::TransferRefund
        | Kind::ApplicationFee
        | Kind::ApplicationFeeRefund
        | Kind::TopUp
        | Kind::ReserveHold
        | Kind::ReserveRelease
        | Kind::EscrowHold
        | Kind::EscrowRelease => "adjustment",
    }
}
