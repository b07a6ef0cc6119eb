//! The kinds of transactions, one row each: name, reporting category, and where the money comes from or goes to.

use super::super::books::{ADJUSTMENTS, APPLICATIONS, BANK, ESCROW, NETWORK, RESERVE, TRANSFERS};

/// What a transaction is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(in crate::simulator) enum Kind {
    /// A card was charged.
    Charge,
    /// Money came in by another way than a card.
    Payment,
    /// A charge was given back, whole or in part.
    Refund,
    /// A payment was given back.
    PaymentRefund,
    /// A refund came back from the customer's bank.
    RefundFailure,
    /// The cardholder's bank took a charge back; its fee is never returned.
    Dispute,
    /// The dispute was won.
    DisputeReversal,
    /// A correction by hand.
    Adjustment,
    /// To the merchant's bank, or from it where the amount is positive.
    Payout,
    /// A payout was called back before it left.
    PayoutCancel,
    /// A payout came back.
    PayoutFailure,
    /// A fee of the gateway beside those of a transaction.
    GatewayFee,
    /// To another account.
    Transfer,
    /// Back from another account.
    TransferRefund,
    /// From another account.
    Received,
    /// Back to another account.
    ReceivedRefund,
    /// A platform's share of a payment of another account.
    ApplicationFee,
    /// A platform gives its share back.
    ApplicationFeeRefund,
    /// From the merchant's bank.
    TopUp,
    /// Put aside by the gateway for losses to come.
    ReserveHold,
    /// No longer put aside.
    ReserveRelease,
    /// Put aside until buyer and seller agree.
    EscrowHold,
    /// Paid out of what was put aside.
    EscrowRelease,
}

/// What is known of a kind.
struct Row {
    kind: Kind,
    name: &'static str,
    category: &'static str,
    counterparty: &'static str,
}

const fn row(kind: Kind, name: &'static str, category: &'static str, counterparty: &'static str) -> Row {
    Row { kind, name, category, counterparty }
}

/// Names and categories are those of Stripe's documentation of balance transactions, where they have one.
const TABLE: [Row; 23] = [
    row(Kind::Charge, "charge", "charge", NETWORK),
    row(Kind::Payment, "payment", "charge", NETWORK),
    row(Kind::Refund, "refund", "refund", NETWORK),
    row(Kind::PaymentRefund, "payment_refund", "refund", NETWORK),
    row(Kind::RefundFailure, "refund_failure", "refund_failure", NETWORK),
    row(Kind::Dispute, "adjustment", "dispute", NETWORK),
    row(Kind::DisputeReversal, "adjustment", "dispute_reversal", NETWORK),
    row(Kind::Adjustment, "adjustment", "other_adjustment", ADJUSTMENTS),
    row(Kind::Payout, "payout", "payout", BANK),
    row(Kind::PayoutCancel, "payout_cancel", "payout_reversal", BANK),
    row(Kind::PayoutFailure, "payout_failure", "payout_reversal", BANK),
    row(Kind::GatewayFee, "stripe_fee", "fee", ADJUSTMENTS),
    row(Kind::Transfer, "transfer", "transfer", TRANSFERS),
    row(Kind::TransferRefund, "transfer_refund", "transfer_reversal", TRANSFERS),
    row(Kind::Received, "payment", "charge", TRANSFERS),
    row(Kind::ReceivedRefund, "payment_refund", "refund", TRANSFERS),
    row(Kind::ApplicationFee, "application_fee", "platform_earning", APPLICATIONS),
    row(Kind::ApplicationFeeRefund, "application_fee_refund", "platform_earning_refund", APPLICATIONS),
    row(Kind::TopUp, "topup", "topup", BANK),
    row(Kind::ReserveHold, "reserve_hold", "risk_reserved_funds", RESERVE),
    row(Kind::ReserveRelease, "reserve_release", "risk_reserved_funds", RESERVE),
    row(Kind::EscrowHold, "escrow_hold", "escrow", ESCROW),
    row(Kind::EscrowRelease, "escrow_release", "escrow", ESCROW),
];

impl Kind {
    /// The `type` of a balance transaction.
    pub(in crate::simulator) fn name(self) -> &'static str {
        self.row().map_or("", |row| row.name)
    }

    /// The category under which an accountant looks for it.
    pub(in crate::simulator) fn category(self) -> &'static str {
        self.row().map_or("", |row| row.category)
    }

    /// The account of the books on the other side.
    pub(super) fn counterparty(self) -> &'static str {
        self.row().map_or(ADJUSTMENTS, |row| row.counterparty)
    }

    fn row(self) -> Option<&'static Row> {
        TABLE.iter().find(|row| row.kind == self)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_rows_stand_in_the_order_of_the_kinds_and_every_kind_has_one() {
        assert!(TABLE.windows(2).all(|pair| pair[0].kind < pair[1].kind));
        assert_eq!((TABLE[0].kind, TABLE[22].kind), (Kind::Charge, Kind::EscrowRelease));
    }
}
