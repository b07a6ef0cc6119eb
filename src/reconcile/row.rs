//! A row is what one side says about one event, in integers of minor units.
//!
//! Rows cross from the artefact that reads files to the one that judges, and those of a break go back: packed as the
//! fields of [`Row`] in their order, with texts where they stand. A row that was unpacked borrows from those bytes.

use super::order::stretch;
use super::packed::{
    Fields, kind_byte, put_count, put_currency, put_integer, put_maybe, put_moment, put_natural, put_text,
};
use super::rate::Rate;
use super::states::{self, State};
use super::window::{DAY_MS, Window, day_start};
use crate::ledger::EventType;
use crate::money::Currency;
use crate::prelude::*;
use crate::time::{Millis, Timestamp};

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
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Original {
    pub(super) amount: i64,
    pub(super) currency: Currency,
    /// How much of the row's currency one unit of this one became; `None` where the file does not say.
    pub(super) rate: Option<Rate>,
}

/// One row. Amounts are signed, as some reports write refunds and returned fees with a minus.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Row<'a> {
    /// Its place among all rows once they are sorted.
    pub(super) number: usize,
    /// The row as it was packed, to be handed on; empty before.
    pub(super) packed: &'a [u8],
    pub(super) side: Side,
    /// Index of the file among those of its side.
    pub(super) file: usize,
    /// Line in the file, from 1.
    pub(super) line: u64,
    /// `None` for a type that is not known.
    pub(super) kind: Option<EventType>,
    /// The key. Where the column is empty, the id stands here too.
    pub(super) reference: &'a str,
    /// Whether the file gave a reference.
    pub(super) is_keyed: bool,
    /// Empty where the file has none.
    pub(super) id: &'a str,
    pub(super) amount: i64,
    pub(super) currency: Currency,
    /// `None` where the file does not say; likewise tax and net.
    pub(super) fee: Option<i64>,
    pub(super) tax: Option<i64>,
    pub(super) net: Option<i64>,
    /// As it is written; empty where the file does not say, as are the texts that follow.
    pub(super) status: &'a str,
    pub(super) occurred_at: Option<Timestamp>,
    /// From when on the bank counts it; `None` where its statement does not say.
    pub(super) value_at: Option<Timestamp>,
    /// Whether the time was written without a zone.
    pub(super) is_zoneless: bool,
    /// Whether the time is a day, of which `occurred_at` is the first moment in UTC.
    pub(super) is_day: bool,
    pub(super) payout_id: &'a str,
    pub(super) parent: &'a str,
    pub(super) account: &'a str,
    pub(super) note: &'a str,
    pub(super) original: Option<Original>,
}

/// The rows of a type and reference, among rows that are sorted by both.
pub(super) fn called<'r>(rows: &'r [Row<'r>], kind: Option<EventType>, reference: &str) -> &'r [Row<'r>] {
    stretch(rows, &|row| (row.kind, row.reference).cmp(&(kind, reference)))
}

impl Side {
    const ALL: [Self; 3] = [Self::Ledger, Self::Settlement, Self::Bank];

    pub(super) const fn byte(self) -> u8 {
        match self {
            Self::Ledger => 0,
            Self::Settlement => 1,
            Self::Bank => 2,
        }
    }

    pub(super) fn unpack(fields: &mut Fields<'_>) -> Option<Self> {
        Self::ALL.get(usize::from(fields.byte()?)).copied()
    }
}

impl<'a> Row<'a> {
    /// Appends the row to a batch.
    pub(super) fn pack(&self, out: &mut Vec<u8>) {
        out.push(self.side.byte());
        put_count(out, self.file);
        put_natural(out, self.line);
        out.push(kind_byte(self.kind));
        out.push(u8::from(self.is_keyed));
        for text in
            [self.reference, self.id, self.status, self.payout_id, self.parent, self.account, self.note]
        {
            put_text(out, text);
        }
        put_integer(out, self.amount);
        put_currency(out, self.currency);
        for part in [self.fee, self.tax, self.net] {
            put_maybe(out, part, put_integer);
        }
        put_maybe(out, self.occurred_at, put_moment);
        put_maybe(out, self.value_at, put_moment);
        out.push(u8::from(self.is_zoneless));
        out.push(u8::from(self.is_day));
        put_maybe(out, self.original, |out, original| {
            put_integer(out, original.amount);
            put_currency(out, original.currency);
            put_maybe(out, original.rate, |out, rate| {
                put_natural(out, rate.above);
                put_natural(out, rate.below);
            });
        });
    }

    /// The next row of a batch; `None` for bytes that are none.
    #[cfg_attr(feature = "wasm-reconcile-sieve", inline(never))]
    pub(super) fn unpack(fields: &mut Fields<'a>) -> Option<Self> {
        let before = fields.rest;
        let side = Side::unpack(fields)?;
        let (file, line) = (fields.count()?, fields.natural()?);
        let (kind, is_keyed) = (fields.kind()?, fields.flag()?);
        let mut texts = [""; 7];
        for text in &mut texts {
            *text = fields.text()?;
        }
        let [reference, id, status, payout_id, parent, account, note] = texts;
        let mut row = Self {
            number: 0,
            packed: &[],
            side,
            file,
            line,
            kind,
            reference,
            is_keyed,
            id,
            amount: fields.integer()?,
            currency: fields.currency()?,
            fee: fields.maybe(Fields::integer)?,
            tax: fields.maybe(Fields::integer)?,
            net: fields.maybe(Fields::integer)?,
            status,
            occurred_at: fields.maybe(Fields::moment)?,
            value_at: fields.maybe(Fields::moment)?,
            is_zoneless: fields.flag()?,
            is_day: fields.flag()?,
            payout_id,
            parent,
            account,
            note,
            original: fields.maybe(Original::unpack)?,
        };
        row.packed = before.split_at_checked(before.len().saturating_sub(fields.rest.len()))?.0;
        Some(row)
    }

    /// The times of two rows as far as both tell them: by the day, where one of them says no more.
    pub(super) fn times(&self, other: &Row<'_>) -> Option<(Timestamp, Timestamp)> {
        let (own, others) = self.occurred_at.zip(other.occurred_at)?;
        let is_day = self.is_day || other.is_day;
        Some(if is_day { (day_start(own), day_start(others)) } else { (own, others) })
    }

    /// Whether the other side should have it by now. A day alone is over when it has ended.
    pub(super) fn is_overdue(&self, window: &Window) -> bool {
        let rest = Millis::new(if self.is_day { DAY_MS.saturating_sub(1) } else { 0 });
        window.of(self.account).is_over(self.occurred_at.map(|at| at.saturating_add(rest)))
    }

    /// Whether both rows are of one type and reference.
    #[cfg_attr(feature = "wasm-reconcile-sieve", inline(never))]
    pub(super) fn is_called_like(&self, other: &Row<'_>) -> bool {
        (self.kind, self.reference) == (other.kind, other.reference)
    }

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
        states::parse(self.status)
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
        let mut text = String::new();
        self.identify(&mut text);
        text
    }

    /// Appends [`Row::identity`].
    pub(super) fn identify(&self, text: &mut String) {
        let Self { reference, id, currency, amount, .. } = self;
        let (side, kind) = (self.side.name(), self.kind.map_or("", EventType::name));
        for piece in [side, "\n", kind, "\n", reference] {
            text.push_str(piece);
        }
        if !id.is_empty() {
            text.push_str("\nid\n");
            text.push_str(id);
            return;
        }
        let at = self.occurred_at.map_or(0, Timestamp::unix_ms);
        for piece in ["\ncontent\n", currency.code(), "\n", &amount.digits(), "\n", &at.digits()] {
            text.push_str(piece);
        }
    }
}

impl Original {
    fn unpack(fields: &mut Fields<'_>) -> Option<Self> {
        Some(Self {
            amount: fields.integer()?,
            currency: fields.currency()?,
            rate: fields.maybe(|fields| Some(Rate { above: fields.natural()?, below: fields.natural()? }))?,
        })
    }
}

/// A row of the settlement that says no more than it has to, for tests.
#[cfg(test)]
pub(super) const fn charge(amount: i64) -> Row<'static> {
    Row {
        number: 0,
        packed: &[],
        side: Side::Settlement,
        file: 0,
        line: 2,
        kind: Some(EventType::Charge),
        reference: "order_1",
        is_keyed: true,
        id: "",
        amount,
        currency: Currency::EUR,
        fee: None,
        tax: None,
        net: None,
        status: "",
        occurred_at: None,
        value_at: None,
        is_zoneless: false,
        is_day: false,
        payout_id: "",
        parent: "",
        account: "",
        note: "",
        original: None,
    }
}
