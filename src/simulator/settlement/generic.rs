//! The columns of the contract's generic settlement file. The type says in which direction an amount moved; only an
//! adjustment, which goes either way, has a sign, and so has what goes against the direction of its type.

use super::{Line, table};
use crate::calendar::rfc3339;
use crate::prelude::*;

const HEADER: [&str; 11] = [
    "reference",
    "id",
    "type",
    "amount_minor",
    "currency",
    "fee_minor",
    "net_minor",
    "status",
    "occurred_at",
    "payout_id",
    "parent_reference",
];

pub(super) fn csv(lines: &[Line]) -> String {
    table(HEADER, lines.iter().map(row))
}

fn row(line: &Line) -> [String; 11] {
    let leaves = matches!(line.kind, "refund" | "dispute" | "payout");
    let amount = if leaves { 0_i128.saturating_sub(line.gross) } else { line.gross };
    [
        line.reference.clone(),
        line.id.clone(),
        line.kind.to_owned(),
        amount.digits(),
        line.currency.code().to_owned(),
        line.fee.digits(),
        line.net().digits(),
        line.status.to_owned(),
        rfc3339(line.at),
        line.payout.as_ref().map(|(id, _)| id.clone()).unwrap_or_default(),
        line.parent.clone().unwrap_or_default(),
    ]
}
