//! Every movement of money names the one object that caused it.

/// What moved money: an object of either dialect, by its number among its kind.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(in crate::simulator) enum Source {
    /// A payment of the native dialect.
    Payment(usize),
    /// A refund of the native dialect.
    PaymentRefund(usize),
    /// A transfer of the native dialect.
    WalletTransfer(usize),
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

impl Source {
    /// The number of the object among its kind.
    pub(in crate::simulator) const fn number(self) -> usize {
        match self {
            Self::Payment(number)
            | Self::PaymentRefund(number)
            | Self::WalletTransfer(number)
            | Self::Escrow(number)
            | Self::Charge(number)
            | Self::Refund(number)
            | Self::Dispute(number)
            | Self::Payout(number)
            | Self::Transfer(number)
            | Self::TransferReversal(number)
            | Self::ApplicationFee(number)
            | Self::FeeRefund(number)
            | Self::TopUp(number)
            | Self::Reserve(number)
            | Self::Correction(number) => number,
        }
    }
}
