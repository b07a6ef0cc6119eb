//! Why the treasury refused.

use super::super::Error as GatewayError;
use super::payout::PayoutState;
use crate::money::Currency;

/// Why the treasury refused. Variants stand in order of precedence.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(in crate::simulator) enum Error {
    /// An account, payout, bank or transaction of that number does not exist.
    Unknown {
        /// What was looked for.
        what: &'static str,
    },
    /// The account has no bank for payouts in this currency.
    NoBank {
        /// The currency asked for.
        currency: Currency,
    },
    /// The payout is in a state that does not allow it.
    PayoutState {
        /// The state it is in.
        found: PayoutState,
        /// What was asked for: `cancel`, `reverse`.
        wish: &'static str,
    },
    /// The payout was paid, and cannot be taken back.
    NotReversible {
        /// Why not, as a clause that begins with its subject.
        why: &'static str,
    },
    /// The available balance is smaller than what was asked for.
    Insufficient {
        /// Minor units asked for.
        asked: u64,
        /// Minor units available; negative when the account owes money.
        available: i128,
        /// The currency of both.
        currency: Currency,
    },
    /// The amount is beyond what can be booked.
    TooLarge,
    /// The books refused an entry, which they never may.
    Books(GatewayError),
}

impl core::fmt::Display for Error {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        match self {
            Self::Unknown { what } => write!(f, "there is no such {what}"),
            Self::NoBank { currency } => {
                write!(
                    f,
                    "the account has no bank account in {currency}: add one before anything is paid out"
                )
            }
            Self::PayoutState { found, wish } => {
                write!(f, "{wish} is not possible for a payout that is {}", found.name())
            }
            Self::NotReversible { why } => write!(f, "the payout cannot be reversed: {why}"),
            Self::Insufficient { asked, available, currency } => write!(
                f,
                "{asked} minor units of {currency} were asked for and {available} are available: wait until more is"
            ),
            Self::TooLarge => f.write_str("the amount is larger than can be booked: expected less than 2^63"),
            Self::Books(error) => error.fmt(f),
        }
    }
}

impl core::error::Error for Error {}
