//! A payout is always in exactly one state, and what leaves it is what one table allows.
//!
//! `paid` is not the end: a bank may send the money back days later.

use alloc::sync::Arc;

use crate::money::Currency;
use crate::time::{Millis, Timestamp};

/// How long a payout waits for the next run to the banks, during which it can be called back: half a day, or until it
/// arrives where that is sooner.
pub(super) const SUBMIT_AFTER: Millis = Millis::from_seconds(12 * 60 * 60);

/// How long an instant payout takes: half an hour.
pub(super) const INSTANT_AFTER: Millis = Millis::from_seconds(30 * 60);

/// Business days until the money of a standard payout is in the bank.
pub(super) const ARRIVAL_DAYS: u32 = 2;

/// Where a payout stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(in crate::simulator) enum PayoutState {
    /// Waits for the next run to the banks.
    Pending,
    /// On its way.
    InTransit,
    /// Arrived.
    Paid,
    /// Came back.
    Failed,
    /// Called back in time.
    Canceled,
}

/// The moves there are.
const MOVES: &[(PayoutState, PayoutState)] = &[
    (PayoutState::Pending, PayoutState::InTransit),
    (PayoutState::Pending, PayoutState::Canceled),
    (PayoutState::InTransit, PayoutState::Paid),
    (PayoutState::InTransit, PayoutState::Failed),
    (PayoutState::Paid, PayoutState::Failed),
];

impl PayoutState {
    /// All states there are.
    pub(in crate::simulator) const ALL: [Self; 5] =
        [Self::Pending, Self::InTransit, Self::Paid, Self::Failed, Self::Canceled];

    /// Whether the table has the move.
    pub(super) fn may_become(self, next: Self) -> bool {
        MOVES.contains(&(self, next))
    }

    /// The stable name.
    pub(in crate::simulator) const fn name(self) -> &'static str {
        match self {
            Self::Pending => "pending",
            Self::InTransit => "in_transit",
            Self::Paid => "paid",
            Self::Failed => "failed",
            Self::Canceled => "canceled",
        }
    }
}

/// How fast a payout is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::simulator) enum PayoutMethod {
    /// On a business day.
    Standard,
    /// Within the hour.
    Instant,
}

/// Money on its way to a bank.
#[derive(Clone, Debug)]
pub(in crate::simulator) struct Payout {
    /// The number of the account.
    pub(in crate::simulator) account: usize,
    pub(in crate::simulator) currency: Currency,
    /// Minor units that leave the account; negative when they are taken from the bank.
    pub(in crate::simulator) minor: i64,
    pub(in crate::simulator) method: PayoutMethod,
    /// Whether the schedule made it, not the merchant.
    pub(in crate::simulator) is_automatic: bool,
    /// The number of the bank account among those of the account.
    pub(in crate::simulator) bank: usize,
    pub(in crate::simulator) created: Timestamp,
    /// When it arrives.
    pub(in crate::simulator) arrival: Timestamp,
    pub(in crate::simulator) state: PayoutState,
    /// Why it came back.
    pub(in crate::simulator) failure: Option<&'static str>,
    /// Its transaction.
    pub(in crate::simulator) transaction: usize,
    /// The transaction that brought the money back.
    pub(in crate::simulator) reversal: Option<usize>,
    /// The transactions it pays out; none for a manual one, which pays out of a sum.
    pub(in crate::simulator) lines: Arc<[usize]>,
    /// When the bank booked it, where it did.
    pub(in crate::simulator) paid_at: Option<Timestamp>,
    /// When the bank booked its return, where it had booked it before.
    pub(in crate::simulator) returned_at: Option<Timestamp>,
    /// When the bank will send it back, where it will: whoever took it back before would have the money twice.
    pub(in crate::simulator) returns_at: Option<Timestamp>,
    /// The payout this one takes back.
    pub(in crate::simulator) reverses: Option<usize>,
    /// The payout that takes this one back.
    pub(in crate::simulator) reversed_by: Option<usize>,
}

/// What a merchant asks for.
#[derive(Clone, Copy, Debug)]
pub(in crate::simulator) struct PayoutOrder {
    /// The number of the account.
    pub(in crate::simulator) account: usize,
    pub(in crate::simulator) currency: Currency,
    /// Minor units.
    pub(in crate::simulator) minor: u64,
    pub(in crate::simulator) method: PayoutMethod,
    /// The number of the bank account; the default one when nothing is said.
    pub(in crate::simulator) bank: Option<usize>,
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::prelude::*;

    #[test]
    fn every_move_of_a_payout_is_decided_by_this_table() {
        use PayoutState::{Canceled, Failed, InTransit, Paid, Pending};
        let all = PayoutState::ALL;
        assert_eq!(all, [Pending, InTransit, Paid, Failed, Canceled]);
        let mut found = String::new();
        for from in all {
            let next: Vec<&str> =
                all.into_iter().filter(|to| from.may_become(*to)).map(PayoutState::name).collect();
            found.push_str(&format!("{}: {}\n", from.name(), next.join(", ")));
        }
        insta::assert_snapshot!(found, @"
        pending: in_transit, canceled
        in_transit: paid, failed
        paid: failed
        failed: 
        canceled:
        ");
    }
}
