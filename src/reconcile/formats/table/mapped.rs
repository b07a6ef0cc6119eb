//! A table whose columns are named by the contract or by a mapping.
//!
//! Where an amount stands in minor and in major units, both must say the same. The amount of a settlement is counted in
//! the direction of its type, as the contract has it, unless the mapping says that its sign is that of the balance.

use super::super::figure::{Mark, Style};
use super::super::moment::{self, DateOrder, Reading};
use super::super::{BankLine, Error, Money, Original, Place, SettlementLine, Sink, State};
use super::field::{maybe, text};
use super::header::missing_column;
use super::stripe::some_text;
use super::{Column, Field, Header, Mapping, MappingSide, Record, Rows};
use crate::ledger::EventType;
use crate::money::Currency;
use crate::prelude::*;

/// Reads such a table.
pub(in super::super) struct Mapped {
    mapping: Mapping,
    skipped: u32,
    columns: Option<Columns>,
}

struct Columns {
    header: Header,
    found: Vec<(Column, Field)>,
    known: Vec<Option<usize>>,
}

impl Mapped {
    pub(in super::super) const fn new(mapping: Mapping) -> Self {
        Self { mapping, skipped: 0, columns: None }
    }
}

impl Columns {
    fn of(record: &Record<'_>, mapping: &Mapping) -> Result<Self, Error> {
        let header = Header::of(record)?;
        let mut found = Vec::new();
        for (column, name) in Column::ALL {
            let named = mapping.columns.iter().find(|(of, _)| *of == column);
            match named {
                Some((_, name)) => found.push((column, header.need(record, &[name])?)),
                None if mapping.is_complete => {}
                None => found.extend(header.exact(name).map(|field| (column, field))),
            }
        }
        let columns =
            Self { known: found.iter().map(|(_, field)| Some(field.index)).collect(), header, found };
        columns.check(record, mapping)?;
        Ok(columns)
    }

    fn check(&self, record: &Record<'_>, mapping: &Mapping) -> Result<(), Error> {
        let has = |column| self.field(column).is_some();
        if mapping.side == MappingSide::Settlement && !has(Column::Reference) && !has(Column::Id) {
            return Err(missing_column(record, "reference"));
        }
        let has_sides = mapping.side == MappingSide::Bank && (has(Column::Debit) || has(Column::Credit));
        if !has(Column::AmountMinor) && !has(Column::Amount) && !has_sides {
            return Err(missing_column(record, "amount_minor or amount"));
        }
        if !has(Column::Currency) && mapping.currency.is_none() {
            return Err(missing_column(record, "currency"));
        }
        Ok(())
    }

    fn field(&self, column: Column) -> Option<&Field> {
        self.found.iter().find(|(of, _)| *of == column).map(|(_, field)| field)
    }
}

/// A row with what is needed to read it.
struct Row<'a> {
    columns: &'a Columns,
    mapping: &'a Mapping,
    record: &'a Record<'a>,
    currency: Currency,
}

impl<'a> Row<'a> {
    fn of(columns: &'a Columns, mapping: &'a Mapping, record: &'a Record<'a>) -> Result<Self, Error> {
        columns.header.check(record)?;
        let currency = match (columns.field(Column::Currency), mapping.currency) {
            (Some(field), None) => field.currency(record)?,
            (Some(field), Some(default)) if field.text(record).is_empty() => default,
            (Some(field), Some(_)) => field.currency(record)?,
            (None, Some(currency)) => currency,
            (None, None) => return Err(missing_column(record, "currency")),
        };
        Ok(Self { columns, mapping, record, currency })
    }

    fn style(&self) -> Style {
        let is_contract = self.mapping.columns.is_empty() && self.mapping.decimal == Some(Mark::Point);
        if is_contract { Style::Plain } else { Style::Free(self.mapping.decimal) }
    }

    fn text(&self, column: Column) -> &'a str {
        text(self.columns.field(column), self.record)
    }

    /// An amount in minor units, in major units, or in both.
    fn amount(&self, minor: Column, major: Column, currency: Currency) -> Result<Option<i64>, Error> {
        let whole = maybe(self.columns.field(minor), |field| field.minor(self.record))?;
        let decimal =
            maybe(self.columns.field(major), |field| field.major(self.record, currency, self.style()))?;
        match (whole, decimal) {
            (Some(whole), Some(decimal)) if whole != decimal => {
                let field = self.columns.field(major);
                let expected = glued(&["the same as ", minor.name()]);
                Err(field.map_or_else(
                    || missing_column(self.record, major.name()),
                    |field| field.bad(self.record, &expected),
                ))
            }
            (whole, decimal) => Ok(whole.or(decimal)),
        }
    }

    /// A fee or a tax, which is positive where it costs.
    fn cost(&self, minor: Column, major: Column) -> Result<Option<i64>, Error> {
        let amount = self.amount(minor, major, self.currency)?;
        let turned =
            |amount: i64| if self.mapping.are_fees_negative { amount.saturating_neg() } else { amount };
        Ok(amount.map(turned))
    }

    fn status(&self) -> &'a str {
        let word = self.text(Column::Status);
        let own = self.mapping.statuses.iter().find(|(known, _)| known == word);
        own.map_or(word, |(_, meant)| meant)
    }

    fn needed_amount(&self) -> Result<i64, Error> {
        let amount = self.amount(Column::AmountMinor, Column::Amount, self.currency)?;
        amount.ok_or_else(|| {
            let field = self.columns.field(Column::AmountMinor).or(self.columns.field(Column::Amount));
            let (index, name) = field.map_or((0, "amount"), |field| (field.index, field.name.as_str()));
            Error::missing_value(self.record.place(index), name)
        })
    }

    fn moment(&self, column: Column) -> Result<Option<Reading>, Error> {
        let order = self.mapping.date_order.unwrap_or(DateOrder::YearMonthDay);
        let expected = match order {
            DateOrder::YearMonthDay => {
                glued(&[moment::ISO, ", or the setting dateOrder where days or months stand first"])
            }
            DateOrder::DayMonthYear => "a date such as 31.12.2026, day first".to_owned(),
            DateOrder::MonthDayYear => "a date such as 12/31/2026, month first".to_owned(),
        };
        maybe(self.columns.field(column), |field| field.ordered(self.record, order, None, &expected))
    }

    fn kind(&self) -> Option<EventType> {
        let Some(_) = self.columns.field(Column::Type) else { return Some(EventType::Charge) };
        match self.text(Column::Type) {
            "" => Some(EventType::Charge),
            word => {
                let own = self.mapping.types.iter().find(|(known, _)| known == word).map(|(_, kind)| *kind);
                own.or_else(|| EventType::parse(word))
            }
        }
    }

    fn original(&self) -> Result<Option<Original<'a>>, Error> {
        let Some(code) = self.columns.field(Column::OriginalCurrency) else { return Ok(None) };
        if code.text(self.record).is_empty() {
            return Ok(None);
        }
        let currency = code.currency(self.record)?;
        let minor = self.amount(Column::OriginalAmountMinor, Column::OriginalAmount, currency)?;
        let rate = self.text(Column::Rate);
        Ok(minor.map(|minor| Original { money: Money { minor, currency }, rate }))
    }

    fn settlement(&self, sink: &mut dyn Sink) -> Result<(), Error> {
        let kind = self.kind();
        let amount = self.needed_amount()?;
        let (id, reference) = (self.text(Column::Id), self.text(Column::Reference));
        if id.is_empty() && reference.is_empty() {
            let index = self.columns.field(Column::Reference).map_or(0, |field| field.index);
            return Err(Error::missing_value(self.record.place(index), "reference"));
        }
        let occurred = self.moment(Column::OccurredAt)?;
        let line = SettlementLine {
            place: self.record.start(),
            kind,
            written_type: self.text(Column::Type),
            reference: some_text([reference, id]),
            id,
            parent_reference: self.text(Column::ParentReference),
            payout_id: self.text(Column::PayoutId),
            gross: amount,
            fee: self.cost(Column::FeeMinor, Column::Fee)?,
            tax: self.cost(Column::TaxMinor, Column::Tax)?,
            net: self.amount(Column::NetMinor, Column::Net, self.currency)?,
            currency: self.currency,
            status: self.status(),
            occurred_at: occurred.map(|reading| reading.at),
            is_local_time: occurred.is_some_and(|reading| reading.is_local),
            available_at: self.moment(Column::AvailableAt)?.map(|reading| reading.at),
            account: self.text(Column::Account),
            original: self.original()?,
            context: &self.record.context(self.columns.header.names(), &self.columns.known, sink),
        };
        // An amount in the direction of its type is turned by the same rule that turns a gross amount back.
        let gross = if self.mapping.is_signed_by_effect { line.gross } else { line.amount() };
        sink.settlement(&SettlementLine { gross, ..line });
        Ok(())
    }

    fn bank(&self, sink: &mut dyn Sink) -> Result<(), Error> {
        let minor = match self.sides()? {
            Some(minor) => minor,
            None => self.needed_amount()?,
        };
        let booked = self.moment(Column::BookedAt)?;
        sink.bank(&BankLine {
            place: self.record.start(),
            statement: 0,
            id: self.text(Column::Id),
            reference: self.text(Column::Reference),
            batch: "",
            amount: Money { minor, currency: self.currency },
            booked_at: booked.map(|reading| reading.at),
            value_date: self.moment(Column::ValueDate)?.map(|reading| reading.at),
            description: self.text(Column::Description),
            counterparty: self.text(Column::Counterparty),
            counterparty_account: self.text(Column::CounterpartyAccount),
            charges: self.cost(Column::FeeMinor, Column::Fee)?,
            original: self.original()?,
            written_type: self.text(Column::Type),
            state: State::Booked,
            is_reversal: false,
            account: self.text(Column::Account),
            context: &self.record.context(self.columns.header.names(), &self.columns.known, sink),
        });
        Ok(())
    }

    /// What the debit and the credit column say; `None` where the table has neither.
    fn sides(&self) -> Result<Option<i64>, Error> {
        let (debit, credit) = (self.columns.field(Column::Debit), self.columns.field(Column::Credit));
        let Some(first) = debit.or(credit) else { return Ok(None) };
        let read = |field: Option<&Field>| {
            maybe(field, |field| field.major(self.record, self.currency, self.style()))
        };
        match (read(debit)?, read(credit)?) {
            (None | Some(0), Some(minor)) => Ok(Some(minor)),
            // A bank that writes a minus into its debit column means the same.
            (Some(minor), None | Some(0)) => Ok(Some(minor.saturating_abs().saturating_neg())),
            (Some(_), Some(_)) => {
                Err(first.bad(self.record, "an amount in one of the columns debit and credit only"))
            }
            (None, None) => Err(Error::missing_value(self.record.place(first.index), "debit or credit")),
        }
    }
}

impl Rows for Mapped {
    const BEGINS_WITH: &'static str = "a header row";

    fn record(&mut self, record: &Record<'_>, sink: &mut dyn Sink) -> Result<(), Error> {
        if self.skipped < self.mapping.rows_before_header {
            self.skipped = self.skipped.saturating_add(1);
            return Ok(());
        }
        let Some(columns) = &self.columns else {
            self.columns = Some(Columns::of(record, &self.mapping)?);
            return Ok(());
        };
        let row = Row::of(columns, &self.mapping, record)?;
        match self.mapping.side {
            MappingSide::Settlement => row.settlement(sink),
            MappingSide::Bank => row.bank(sink),
        }
    }

    fn awaits_header(&self) -> bool {
        self.columns.is_none()
    }

    fn finish(&mut self, end: Place, _: &mut dyn Sink) -> Result<(), Error> {
        if self.columns.is_none() {
            return Err(Error::truncated(end, "a header row"));
        }
        Ok(())
    }
}
