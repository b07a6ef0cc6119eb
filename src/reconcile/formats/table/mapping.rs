//! A mapping says which column holds what; what it does not say is not assumed.

use super::super::figure::Mark;
use super::super::moment::DateOrder;
use crate::ledger::EventType;
use crate::money::Currency;
use crate::prelude::*;

/// What a column can hold, named as the contract names its columns.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Column {
    /// `reference`: the merchant's own name for the payment, or the reference of a bank entry.
    Reference,
    /// `id`: the provider's or the bank's own id.
    Id,
    /// `type`: what happened; a charge where there is no such column.
    Type,
    /// `amount_minor`: whole minor units.
    AmountMinor,
    /// `amount`: major units.
    Amount,
    /// `debit`: what left a bank account, in major units, without a sign or with one.
    Debit,
    /// `credit`: what came, likewise.
    Credit,
    /// `currency`
    Currency,
    /// `fee_minor`
    FeeMinor,
    /// `fee`
    Fee,
    /// `tax_minor`
    TaxMinor,
    /// `tax`
    Tax,
    /// `net_minor`
    NetMinor,
    /// `net`
    Net,
    /// `status`
    Status,
    /// `occurred_at`
    OccurredAt,
    /// `available_at`
    AvailableAt,
    /// `booked_at`
    BookedAt,
    /// `value_date`
    ValueDate,
    /// `payout_id`
    PayoutId,
    /// `parent_reference`
    ParentReference,
    /// `account`
    Account,
    /// `original_amount_minor`
    OriginalAmountMinor,
    /// `original_amount`
    OriginalAmount,
    /// `original_currency`
    OriginalCurrency,
    /// `rate`
    Rate,
    /// `description`
    Description,
    /// `counterparty`
    Counterparty,
    /// `counterparty_account`
    CounterpartyAccount,
}

impl Column {
    /// All of them with their names.
    pub const ALL: [(Self, &'static str); 29] = [
        (Self::Reference, "reference"),
        (Self::Id, "id"),
        (Self::Type, "type"),
        (Self::AmountMinor, "amount_minor"),
        (Self::Amount, "amount"),
        (Self::Debit, "debit"),
        (Self::Credit, "credit"),
        (Self::Currency, "currency"),
        (Self::FeeMinor, "fee_minor"),
        (Self::Fee, "fee"),
        (Self::TaxMinor, "tax_minor"),
        (Self::Tax, "tax"),
        (Self::NetMinor, "net_minor"),
        (Self::Net, "net"),
        (Self::Status, "status"),
        (Self::OccurredAt, "occurred_at"),
        (Self::AvailableAt, "available_at"),
        (Self::BookedAt, "booked_at"),
        (Self::ValueDate, "value_date"),
        (Self::PayoutId, "payout_id"),
        (Self::ParentReference, "parent_reference"),
        (Self::Account, "account"),
        (Self::OriginalAmountMinor, "original_amount_minor"),
        (Self::OriginalAmount, "original_amount"),
        (Self::OriginalCurrency, "original_currency"),
        (Self::Rate, "rate"),
        (Self::Description, "description"),
        (Self::Counterparty, "counterparty"),
        (Self::CounterpartyAccount, "counterparty_account"),
    ];

    /// Its name in the contract.
    #[must_use]
    pub fn name(self) -> &'static str {
        Self::ALL.iter().find(|(column, _)| *column == self).map_or("", |(_, name)| name)
    }

    /// The column of a name.
    #[must_use]
    pub fn parse(name: &str) -> Option<Self> {
        Self::ALL.iter().find(|(_, known)| *known == name).map(|(column, _)| *column)
    }
}

/// Whether a table is a settlement report or a bank statement.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum MappingSide {
    /// Lines of a provider.
    Settlement,
    /// Entries of a bank account.
    Bank,
}

/// How a table is to be read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Mapping {
    /// What its rows are.
    pub side: MappingSide,
    /// The name of the column that holds each thing. Columns of the contract that are not named here are found by the
    /// contract's name, unless `is_complete`.
    pub columns: Vec<(Column, String)>,
    /// Whether nothing but `columns` is read.
    pub is_complete: bool,
    /// The currency of every row, for files without a column of it.
    pub currency: Option<Currency>,
    /// The decimal mark; `None` for the point where the contract's columns are read, and else for one that must be plain
    /// from the figure.
    pub decimal: Option<Mark>,
    /// The order of dates; `None` for the year first.
    pub date_order: Option<DateOrder>,
    /// What separates cells; `None` for what the header shows.
    pub delimiter: Option<u8>,
    /// Rows before the header that are none.
    pub rows_before_header: u32,
    /// Whether amounts of a settlement are signed by what they do to the balance, and not by their type.
    pub is_signed_by_effect: bool,
    /// Whether fees and taxes, too, are written as what they do to the balance: -0.29 for a fee of 0.29.
    pub are_fees_negative: bool,
    /// Words of the type column with what they mean, beside those of the contract.
    pub types: Vec<(String, EventType)>,
    /// Words of the status column with what they mean; a word that is not here stands for itself.
    pub statuses: Vec<(String, String)>,
}

impl Mapping {
    /// The columns of the contract.
    #[must_use]
    pub const fn contract(side: MappingSide) -> Self {
        Self {
            side,
            columns: Vec::new(),
            is_complete: false,
            currency: None,
            decimal: Some(Mark::Point),
            date_order: None,
            delimiter: None,
            rows_before_header: 0,
            is_signed_by_effect: false,
            are_fees_negative: false,
            types: Vec::new(),
            statuses: Vec::new(),
        }
    }
}
