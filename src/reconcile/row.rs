//! A row is what one side says about one event, in integers of minor units.

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
}

impl Side {
    /// The word in documents and sentences.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Ledger => "ledger",
            Self::Settlement => "settlement",
        }
    }
}

/// One row. Amounts are signed, as some reports write refunds and returned fees with a minus.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Row {
    pub(super) side: Side,
    /// Index of the file among those of its side.
    pub(super) file: usize,
    /// Line in the file, from 1.
    pub(super) line: u64,
    pub(super) kind: EventType,
    /// The key. Where the column is empty, the id stands here too.
    pub(super) reference: Box<str>,
    /// Empty where the file has none.
    pub(super) id: Box<str>,
    pub(super) amount: i64,
    pub(super) currency: Currency,
    /// `None` where the file does not say.
    pub(super) fee: Option<i64>,
    /// As it is written; empty where the file does not say.
    pub(super) status: Box<str>,
    pub(super) occurred_at: Option<Timestamp>,
}

impl Row {
    /// Whether the row is about money between the gateway and the bank.
    pub(super) const fn is_payout(&self) -> bool {
        matches!(self.kind, EventType::Payout | EventType::PayoutFailure)
    }

    /// The status in one word for all providers; `None` where the file does not say.
    pub(super) fn state(&self) -> Option<&str> {
        let status: &str = &self.status;
        let word = match status {
            "" => return None,
            "succeeded" | "success" | "completed" | "complete" | "captured" | "paid" | "settled" => {
                "completed"
            }
            "canceled" | "cancelled" | "voided" => "voided",
            "declined" | "failed" => "failed",
            "chargeback" | "disputed" => "disputed",
            other => other,
        };
        Some(word)
    }

    /// Whether the row stands for money that moved or will surely move. An unknown status does.
    pub(super) fn moves_money(&self) -> bool {
        let idle = ["failed", "voided", "expired", "pending", "processing", "authorized", "initiated"];
        self.state().is_none_or(|state| !idle.contains(&state))
    }

    /// Everything that tells one row from another, in an order that does not depend on where it stands.
    pub(super) fn content(&self) -> impl Ord + '_ {
        (&self.id, self.currency, self.amount, self.fee, &self.status, self.occurred_at)
    }

    /// What stays the same from run to run, however the files are split. The id alone names a row that has one.
    pub(super) fn identity(&self) -> String {
        let Self { kind, reference, id, currency, amount, .. } = self;
        let (side, kind) = (self.side.name(), kind.name());
        if !id.is_empty() {
            return glued(&[side, "\n", kind, "\n", reference, "\nid\n", id]);
        }
        let value = glued(&[currency.code(), "\n", &amount.digits()]);
        let at = self.occurred_at.map_or(0, Timestamp::unix_ms);
        glued(&[side, "\n", kind, "\n", reference, "\ncontent\n", &value, "\n", &at.digits()])
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_of_providers_mean_one_state_and_an_unknown_word_stands_for_itself() {
        let row = |status: &str| Row {
            side: Side::Ledger,
            file: 0,
            line: 2,
            kind: EventType::Charge,
            reference: "r".into(),
            id: "".into(),
            amount: 1,
            currency: Currency::parse("EUR").unwrap(),
            fee: None,
            status: status.into(),
            occurred_at: None,
        };
        // status        state              moves money
        let table = [
            ("", None, true),
            ("succeeded", Some("completed"), true),
            ("paid", Some("completed"), true),
            ("refunded", Some("refunded"), true),
            ("on_the_moon", Some("on_the_moon"), true),
            ("canceled", Some("voided"), false),
            ("declined", Some("failed"), false),
            ("pending", Some("pending"), false),
        ];
        for (status, state, moves) in table {
            let row = row(status);
            assert_eq!((row.state(), row.moves_money()), (state, moves), "{status}");
        }
    }
}
