//! One line of a file in the words of the reconciler: integers of minor units, moments in UTC, texts as written.
//!
//! A text is empty where the file says nothing; a number or moment is `None`.

use crate::ledger::EventType;
use crate::money::Currency;
use crate::time::Timestamp;

/// Where something stands in a file.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Place {
    /// Line, from 1.
    pub line: u64,
    /// Character in the line, from 1, as an editor counts: after decoding, without a byte-order mark.
    pub column: u64,
}

/// A signed integer of minor units and its currency.
///
/// Not [`Amount`](crate::money::Amount), which never has a sign: here the sign is what the file says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Money {
    /// Minor units by the exponent of ISO 4217. Range: -(2^63 - 1) to 2^63 - 1.
    pub minor: i64,
    /// The currency.
    pub currency: Currency,
}

/// What was taken from the customer in another currency, before it was converted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Original<'a> {
    /// Signed as the amount of the line is.
    pub money: Money,
    /// The rate as written, in whichever direction the provider writes it; empty where the file does not say.
    pub rate: &'a str,
}

/// How far a line has come.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum State {
    /// In the balance.
    Booked,
    /// Announced, and in no balance yet.
    Pending,
    /// For information only; never in a balance.
    Information,
}

/// A line of a provider's settlement report.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SettlementLine<'a> {
    /// The first character of the line in the file.
    pub place: Place,
    /// What happened; `None` for a type that is not in the catalogue of the format. Such a line takes part in sums.
    pub kind: Option<EventType>,
    /// The type as the file writes it.
    pub written_type: &'a str,
    /// The merchant's own name for the payment, where the report has it; otherwise the provider's id of the payment.
    pub reference: &'a str,
    /// The provider's own id of the event: unique in a report, or nearly so.
    pub id: &'a str,
    /// The payment that a refund, a dispute or a fee belongs to.
    pub parent_reference: &'a str,
    /// The payout, batch or settlement the line is part of; of a payout line, itself.
    pub payout_id: &'a str,
    /// What it does to the balance before fee and tax; negative where money leaves. In `currency`.
    pub gross: i64,
    /// What the provider keeps; negative for a fee that is given back. In `currency`.
    pub fee: Option<i64>,
    /// Tax that the report shows apart from the fee; negative when given back. In `currency`.
    pub tax: Option<i64>,
    /// What it does to the balance after all. As the file says it, never derived. In `currency`.
    pub net: Option<i64>,
    /// Currency of all four.
    pub currency: Currency,
    /// As the file writes it.
    pub status: &'a str,
    /// When it happened.
    pub occurred_at: Option<Timestamp>,
    /// Whether `occurred_at` was a time of day without a zone, read as UTC for want of one.
    pub is_local_time: bool,
    /// From when it can be paid out.
    pub available_at: Option<Timestamp>,
    /// The merchant's account at the provider.
    pub account: &'a str,
    /// What the customer saw, where it was another currency.
    pub original: Option<Original<'a>>,
    /// Columns that say nothing the fields above do, as name and text, in the order of the file.
    pub context: &'a [(&'a str, &'a str)],
}

impl SettlementLine<'_> {
    /// The gross amount as the `amount` column of the contract counts it: positive in the direction of its kind, so that a
    /// refund, a dispute, a fee and a payout are positive when money leaves.
    #[must_use]
    pub const fn amount(&self) -> i64 {
        match self.kind {
            Some(EventType::Refund | EventType::Dispute | EventType::Fee | EventType::Payout) => {
                self.gross.saturating_neg()
            }
            Some(EventType::Charge | EventType::PayoutFailure | EventType::Adjustment) | None => self.gross,
        }
    }
}

/// An entry of a bank account, or one part of an entry that the bank breaks down.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct BankLine<'a> {
    /// The first character of the entry in the file.
    pub place: Place,
    /// Which statement of the file it belongs to, from 0.
    pub statement: u32,
    /// The bank's own id.
    pub id: &'a str,
    /// The reference that came with the payment: end-to-end id, customer reference, structured remittance.
    pub reference: &'a str,
    /// What the parts of one entry have in common; empty for an entry that stands alone.
    pub batch: &'a str,
    /// What it does to the account, signed by credit and debit. A reversal is signed by what it does, too.
    pub amount: Money,
    /// When it was booked.
    pub booked_at: Option<Timestamp>,
    /// From when it bears interest.
    pub value_date: Option<Timestamp>,
    /// Free text: remittance information, narrative, memo.
    pub description: &'a str,
    /// The other side's name.
    pub counterparty: &'a str,
    /// The other side's account.
    pub counterparty_account: &'a str,
    /// What the bank took for itself, already left out of `amount`; in the currency of `amount`.
    pub charges: Option<i64>,
    /// The amount before the bank converted it.
    pub original: Option<Original<'a>>,
    /// The bank's transaction code as written.
    pub written_type: &'a str,
    /// How far it has come.
    pub state: State,
    /// Whether it takes an earlier entry back.
    pub is_reversal: bool,
    /// The account it is booked on: IBAN or number.
    pub account: &'a str,
    /// What else the file says of it, as name and text.
    pub context: &'a [(&'a str, &'a str)],
}
