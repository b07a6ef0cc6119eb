//! Every movement of money names the one object that caused it.

/// What moved money: an object of either dialect, by its number among its kind.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(in crate::simulator) enum Source {
    /// A payment of the native dialect.
    Payment(usize),
    /// A refund of the native dialect.
    PaymentRefund(usize),
    /// An escrow of the native dialect.
    Escrow(usize),
    /// A charge of the Stripe dialect.
    Charge(usize),
    /// A refund of the Stripe dialect.
    Refund(usize),
    /// A dispute.
    Dispute(usize),
    /// A payout.
    Payout(usize),
    /// A transfer between two accounts.
    Transfer(usize),
    /// The reversal of a transfer.
    TransferReversal(usize),
    /// An application fee.
    ApplicationFee(usize),
    /// The refund of an application fee.
    FeeRefund(usize),
    /// Money paid in from the merchant's bank.
    TopUp(usize),
    /// A reserve, held or released.
    Reserve(usize),
    /// A correction by hand.
    Correction(usize),
}
