//! What happened at the gateway, in the words of a settlement report.
//!
//! Postings say what moved between accounts; facts say which row of the provider's report should stand against it.

use super::Error;
use super::entry::checked_text;
use crate::money::Amount;
use crate::prelude::*;

/// Longest identifier or status in facts, in bytes.
pub const FACT_BYTES_MAX: usize = 200;

/// What kind of row of a settlement report an entry stands for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[non_exhaustive]
pub enum EventType {
    /// Money taken from a customer.
    Charge,
    /// Money given back to a customer.
    Refund,
    /// Money withdrawn because a customer's bank disputes a charge.
    Dispute,
    /// A fee that stands on its own.
    Fee,
    /// Money on its way to the merchant's bank.
    Payout,
    /// A payout that came back.
    PayoutFailure,
    /// Anything else the provider booked.
    Adjustment,
}

impl EventType {
    const ALL: [Self; 7] = [
        Self::Charge,
        Self::Refund,
        Self::Dispute,
        Self::Fee,
        Self::Payout,
        Self::PayoutFailure,
        Self::Adjustment,
    ];

    /// The word in documents and in the `type` column of reconciliation files.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Charge => "charge",
            Self::Refund => "refund",
            Self::Dispute => "dispute",
            Self::Fee => "fee",
            Self::Payout => "payout",
            Self::PayoutFailure => "payout_failure",
            Self::Adjustment => "adjustment",
        }
    }

    /// The type of a word; `None` for any other word.
    #[must_use]
    pub fn parse(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.name() == word)
    }
}

/// The facts of one event at the gateway. Texts are 1 to [`FACT_BYTES_MAX`] bytes without control characters.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Facts {
    /// What happened.
    pub kind: EventType,
    /// The key both sides know: the order or payment reference.
    pub reference: String,
    /// The gateway's own id of the event.
    pub gateway_id: Option<String>,
    /// Gross amount in minor units, as the gateway counts it.
    pub amount: Amount,
    /// What the gateway keeps, in the currency of the amount; `None` where it is not known.
    pub fee: Option<Amount>,
    /// State at the gateway, in its own word.
    pub status: Option<String>,
    /// The payout this belongs to.
    pub payout_id: Option<String>,
    /// The reference of the charge that a refund or dispute belongs to.
    pub parent_reference: Option<String>,
}

impl Facts {
    /// # Errors
    ///
    /// [`ErrorKind::InvalidText`], [`ErrorKind::Money`] when the fee is in another currency.
    pub(super) fn check(&self) -> Result<(), Error> {
        checked_text("facts.reference", &self.reference, FACT_BYTES_MAX)?;
        let optional = [
            ("facts.id", &self.gateway_id),
            ("facts.status", &self.status),
            ("facts.payout_id", &self.payout_id),
            ("facts.parent_reference", &self.parent_reference),
        ];
        for (field, text) in optional {
            if let Some(text) = text {
                checked_text(field, text, FACT_BYTES_MAX)?;
            }
        }
        if let Some(fee) = self.fee {
            self.amount.same_currency(fee)?;
        }
        Ok(())
    }
}
