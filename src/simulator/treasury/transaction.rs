//! A balance transaction: what moved, what was kept of it, and when the rest can be used. Its net is gross minus fees.

use super::fees::{Fees, Pricing};
use super::kind::Kind;
use super::rates::Rate;
use super::source::Source;
use crate::money::Currency;
use crate::prelude::*;
use crate::time::Timestamp;

/// Money that moved on an account. Never changes once it is booked, but for the payout it is paid out with.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(in crate::simulator) struct Transaction {
    /// The number of the account.
    pub(in crate::simulator) account: usize,
    pub(in crate::simulator) kind: Kind,
    /// What caused it.
    pub(in crate::simulator) source: Source,
    /// The currency it is settled in.
    pub(in crate::simulator) currency: Currency,
    /// Minor units; negative when they leave the account.
    pub(in crate::simulator) gross: i64,
    /// Minor units kept of it, or taken on top of it.
    pub(in crate::simulator) fees: Fees,
    /// Minor units that were authorized, for a charge, as the customer saw them.
    pub(in crate::simulator) authorized: u64,
    /// What was presented to the customer, where that was another currency.
    pub(in crate::simulator) conversion: Option<Box<Conversion>>,
    pub(in crate::simulator) created: Timestamp,
    /// When the net can be used.
    pub(in crate::simulator) available_on: Timestamp,
    /// The number of the automatic payout it was paid out with.
    pub(in crate::simulator) payout: Option<usize>,
}

/// How an amount became one in another currency.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::simulator) struct Conversion {
    /// Minor units before; negative when they leave the account.
    pub(in crate::simulator) gross: i64,
    /// The currency before.
    pub(in crate::simulator) currency: Currency,
    pub(in crate::simulator) rate: Rate,
}

impl Transaction {
    /// What it does to the balance, in minor units.
    pub(in crate::simulator) fn net(&self) -> i64 {
        let fees = i64::try_from(self.fees.total()).unwrap_or(i64::MAX);
        self.gross.saturating_sub(fees)
    }

    /// Whether its net can be used at a moment.
    pub(in crate::simulator) fn is_available(&self, now: Timestamp) -> bool {
        self.available_on <= now
    }
}

/// When the net of a transaction can be used.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::simulator) enum Availability {
    /// At once, as everything that leaves an account.
    AtOnce,
    /// After the business days the account has to wait.
    Rolling,
    /// At a moment, if it is still to come.
    On(Timestamp),
}

/// What is to be booked. Build it with one of the constructors and change what differs.
#[derive(Clone, Copy, Debug)]
pub(in crate::simulator) struct Booking {
    /// The number of the account.
    pub(in crate::simulator) account: usize,
    pub(in crate::simulator) kind: Kind,
    pub(in crate::simulator) source: Source,
    /// Minor units as the customer sees them; negative when they leave the account.
    pub(in crate::simulator) gross: i64,
    /// The currency the customer sees.
    pub(in crate::simulator) currency: Currency,
    pub(in crate::simulator) pricing: Pricing,
    /// Minor units that were authorized: more than `gross` where a part was captured; 0 for what is no charge.
    pub(in crate::simulator) authorized: u64,
    /// The share of the platform, in minor units of `currency`. It is kept back here; whoever books the payment also books
    /// the [`Kind::ApplicationFee`] of the platform.
    pub(in crate::simulator) application_fee: u64,
    pub(in crate::simulator) availability: Availability,
}

impl Booking {
    /// Any other kind: no fee, at once.
    pub(in crate::simulator) const fn of(
        kind: Kind,
        account: usize,
        source: Source,
        (gross, currency): (i64, Currency),
    ) -> Self {
        Self {
            account,
            kind,
            source,
            gross,
            currency,
            pricing: Pricing::Free,
            authorized: 0,
            application_fee: 0,
            availability: Availability::AtOnce,
        }
    }

    /// A card was charged `minor` units: with the fee of the country, available after the delay of the account.
    pub(in crate::simulator) fn charge(
        account: usize,
        source: Source,
        (minor, currency): (u64, Currency),
        is_international: bool,
    ) -> Self {
        Self {
            pricing: Pricing::Card { international: is_international },
            authorized: minor,
            availability: Availability::Rolling,
            ..Self::of(Kind::Charge, account, source, (signed(minor), currency))
        }
    }

    /// `minor` units of a charge were given back: its fee is not returned.
    pub(in crate::simulator) fn refund(
        account: usize,
        source: Source,
        (minor, currency): (u64, Currency),
    ) -> Self {
        Self::of(Kind::Refund, account, source, (signed(minor).saturating_neg(), currency))
    }

    /// A refund of `minor` units came back.
    pub(in crate::simulator) fn refund_failure(
        account: usize,
        source: Source,
        (minor, currency): (u64, Currency),
    ) -> Self {
        Self::of(Kind::RefundFailure, account, source, (signed(minor), currency))
    }

    /// A dispute takes `minor` units back and its fee on top.
    pub(in crate::simulator) fn dispute(
        account: usize,
        source: Source,
        (minor, currency): (u64, Currency),
    ) -> Self {
        let gross = signed(minor).saturating_neg();
        Self { pricing: Pricing::Dispute, ..Self::of(Kind::Dispute, account, source, (gross, currency)) }
    }

    /// A won dispute gives `minor` units back, not its fee.
    pub(in crate::simulator) fn dispute_reversal(
        account: usize,
        source: Source,
        (minor, currency): (u64, Currency),
    ) -> Self {
        Self::of(Kind::DisputeReversal, account, source, (signed(minor), currency))
    }
}

/// Minor units with a sign. What does not fit is refused when it is booked, as the largest number is.
pub(super) fn signed(minor: u64) -> i64 {
    i64::try_from(minor).unwrap_or(i64::MAX)
}
