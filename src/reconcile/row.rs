//! A row is what one side says about one event, in integers of minor units.

use super::rate::Rate;
use super::states::{self, State};
use crate::ledger::EventType;
use crate::money::Currency;
use crate::prelude::*;
use crate::time::Timestamp;

/// Which side a row comes from.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Side {
    /// The merchant's own books, the mirror.
    Ledger,
    /// The provider's settlement report.
    Settlement,
    /// The statement of the merchant's bank account.
    Bank,
}

impl Side {
    /// The word in documents and sentences.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Ledger => "ledger",
            Self::Settlement => "settlement",
            Self::Bank => "bank statement",
        }
    }
}

/// What was presented to the customer, where that was in another currency.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Original {
    pub(super) amount: i64,
    pub(super) currency: Currency,
    /// How much of the row's currency one unit of this one became; `None` where the file does not say.
    pub(super) rate: Option<Rate>,
}

/// One row. Amounts are signed, as some reports write refunds and returned fees with a minus.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Row {
    /// Its place among all rows once they are sorted.
    pub(super) number: usize,
    pub(super) side: Side,
    /// Index of the file among those of its side.
    pub(super) file: usize,
    /// Line in the file, from 1.
    pub(super) line: u64,
    /// `None` for a type that is not known.
    pub(super) kind: Option<EventType>,
    /// The key. Where the column is empty, the id stands here too.
    pub(super) reference: Box<str>,
    /// Whether the file gave a reference.
    pub(super) is_keyed: bool,
    /// Empty where the file has none.
    pub(super) id: Box<str>,
    pub(super) amount: i64,
    pub(super) currency: Currency,
    /// `None` where the file does not say; likewise tax and net.
    pub(super) fee: Option<i64>,
    pub(super) tax: Option<i64>,
    pub(super) net: Option<i64>,
    /// As it is written; empty where the file does not say, as are the texts that follow.
    pub(super) status: Box<str>,
    pub(super) occurred_at: Option<Timestamp>,
    /// Whether the time was written without a zone.
    pub(super) is_zoneless: bool,
    pub(super) payout_id: Box<str>,
    pub(super) parent: Box<str>,
    pub(super) account: Box<str>,
    pub(super) note: Box<str>,
    pub(super) original: Option<Box<Original>>,
}

/// The rows of a type and reference, among rows that are sorted by both.
pub(super) fn called<'r>(rows: &'r [Row], kind: Option<EventType>, reference: &str) -> &'r [Row] {
    let key = |row: &Row| (row.kind, &*row.reference).cmp(&(kind, reference));
    let from = rows.partition_point(|row| key(row).is_lt());
    let to = rows.partition_point(|row| key(row).is_le());
    rows.get(from..to).unwrap_or_default()
}

impl Row {
    /// Whether the row is about money between the gateway and the bank.
    pub(super) const fn is_payout(&self) -> bool {
        matches!(self.kind, Some(EventType::Payout | EventType::PayoutFailure))
    }

    /// Whether the row takes money away from the merchant by its type.
    pub(super) const fn leaves(&self) -> bool {
        matches!(self.kind, Some(EventType::Refund | EventType::Dispute | EventType::Fee))
    }

    /// Whether the row belongs to another one: a refund to its charge, a fee to what it is for.
    pub(super) fn is_child(&self) -> bool {
        !self.parent.is_empty() && !matches!(self.kind, None | Some(EventType::Charge | EventType::Payout))
    }

    /// The status in one word for all providers; `None` where the file does not say.
    pub(super) fn state(&self) -> Option<State<'_>> {
        states::parse(&self.status)
    }

    /// Whether the row stands for money that moved or will surely move. An unknown status does.
    pub(super) fn moves_money(&self) -> bool {
        self.state().is_none_or(|state| state.moves_money())
    }

    /// Everything that tells one row from another, in an order that does not depend on where it stands.
    pub(super) fn content(&self) -> impl Ord + '_ {
        (&self.id, self.currency, self.amount, self.fee, &self.status, self.occurred_at)
    }

    /// What stays the same from run to run, however the files are split. The id alone names a row that has one.
    pub(super) fn identity(&self) -> String {
        let Self { reference, id, currency, amount, .. } = self;
        let (side, kind) = (self.side.name(), self.kind.map_or("", EventType::name));
        if !id.is_empty() {
            return glued(&[side, "\n", kind, "\n", reference, "\nid\n", id]);
        }
        let value = glued(&[currency.code(), "\n", &amount.digits()]);
        let at = self.occurred_at.map_or(0, Timestamp::unix_ms);
        glued(&[side, "\n", kind, "\n", reference, "\ncontent\n", &value, "\n", &at.digits()])
    }
}
