//! Adyen's settlement details report: what money did is read from the debit and credit columns, never from the type.
//!
//! Source: <https://docs.adyen.com/reporting/settlement-reconciliation/transaction-level/settlement-details-report>.
//!
//! Gross stands in the currency of the shopper, net and fees in that of the settlement. Where the two are one currency the
//! gross columns count; otherwise the gross in the currency of the settlement is net plus fees, which no column has. The
//! fee is the sum of its parts: commission, markup, scheme fees, interchange. `Payment Fees (NC)` is their total and is
//! not added. Rows of a batch (payout, fee, correction) have no PSP reference; the number of the batch is theirs. What they
//! have for a modification reference, such as `Transaction Fees March`, is that of a month or an invoice, which several batches
//! share, and no id. Two fees of one batch and amount are two, as its payout counts both: each is numbered within its batch.

use core::cell::Cell;

use super::super::figure::Style;
use super::super::{Error, Money, Original, SettlementLine, Sink, moment};
use super::field::{payout_name, text};
use super::stripe::some_text;
use super::{Columns, Field, Header, Record};
use crate::ledger::EventType;
use crate::money::Currency;
use crate::prelude::*;

const KINDS: &[(&str, EventType)] = &[
    ("Settled", EventType::Charge),
    ("SettledBulk", EventType::Charge),
    ("SettledInInstallments", EventType::Charge),
    ("SettledExternallyWithInfo", EventType::Charge),
    ("Refunded", EventType::Refund),
    ("RefundedBulk", EventType::Refund),
    ("RefundedInInstallments", EventType::Refund),
    ("RefundedExternallyWithInfo", EventType::Refund),
    ("Chargeback", EventType::Dispute),
    ("SecondChargeback", EventType::Dispute),
    ("ChargebackExternallyWithInfo", EventType::Dispute),
    ("Fee", EventType::Fee),
    ("MiscCosts", EventType::Fee),
    ("PaymentCost", EventType::Fee),
    ("AuthorisationSchemeFee", EventType::Fee),
    ("InvoiceDeduction", EventType::Fee),
    ("MerchantPayout", EventType::Payout),
    ("PaidOut", EventType::Payout),
    ("EpaPaid", EventType::Payout),
    ("BankInstructionReturned", EventType::PayoutFailure),
    ("PaidOutReversed", EventType::PayoutFailure),
];

/// Types that are known, and are adjustments here.
const ADJUSTMENTS: &[&str] = &[
    "Advancement",
    "AdvancementCommission",
    "Balancetransfer",
    "CapitalGrant",
    "ChargebackReversed",
    "ChargebackReversedExternallyWithInfo",
    "DepositCorrection",
    "InternalTransfer",
    "ManualCorrected",
    "MatchedStatement",
    "MerchantPayin",
    "RefundedReversed",
    "ReserveAdjustment",
    "ReservedAdjustment",
    "SettledReversed",
];

/// The columns of the report.
pub(in super::super) struct Adyen {
    header: Header,
    account: Field,
    psp_reference: Field,
    reference: Field,
    kind: Field,
    modification: Option<Field>,
    created: Field,
    zone: Option<Field>,
    gross_currency: Field,
    gross: [Field; 2],
    rate: Option<Field>,
    net_currency: Field,
    net: [Field; 2],
    fees: Vec<Field>,
    batch: Field,
    known: Vec<Option<usize>>,
    /// A batch, as one number, and how many of its rows were of no payment.
    of_batch: Cell<(u64, u64)>,
}

impl Columns for Adyen {
    const BEGINS_WITH: &'static str = "the header of a settlement details report";

    fn of(record: &Record<'_>, _: Option<&str>) -> Result<Self, Error> {
        let header = Header::of(record)?;
        let need = |name: &str| header.need(record, &[name]);
        let fees = ["Commission (NC)", "Markup (NC)", "Scheme Fees (NC)", "Interchange (NC)"];
        let mut columns = Self {
            account: need("Merchant Account")?,
            psp_reference: need("Psp Reference")?,
            reference: need("Merchant Reference")?,
            kind: need("Type")?,
            modification: header.find(&["Modification Reference"]),
            created: need("Creation Date")?,
            zone: header.find(&["TimeZone"]),
            gross_currency: need("Gross Currency")?,
            gross: [need("Gross Debit (GC)")?, need("Gross Credit (GC)")?],
            rate: header.find(&["Exchange Rate"]),
            net_currency: need("Net Currency")?,
            net: [need("Net Debit (NC)")?, need("Net Credit (NC)")?],
            fees: fees.iter().filter_map(|name| header.find(&[name])).collect(),
            batch: need("Batch Number")?,
            known: Vec::new(),
            of_batch: Cell::default(),
            header,
        };
        let Self {
            account,
            psp_reference,
            reference,
            kind,
            created,
            gross_currency,
            net_currency,
            batch,
            ..
        } = &columns;
        let known = [account, psp_reference, reference, kind, created, gross_currency, net_currency, batch];
        columns.known = known
            .into_iter()
            .chain(&columns.gross)
            .chain(&columns.net)
            .map(|field| Some(field.index))
            .collect();
        Ok(columns)
    }

    fn row(&self, record: &Record<'_>, sink: &mut dyn Sink) -> Result<(), Error> {
        self.header.check(record)?;
        let currency = self.net_currency.currency(record)?;
        let written_type = self.kind.filled(record)?;
        let kind = kind(written_type);
        let net = sides(&self.net, record, currency)?;
        let net = net.ok_or_else(|| {
            Error::missing_value(record.place(self.net[0].index), "Net Debit (NC) or Net Credit (NC)")
        })?;
        let mut fee = None;
        for part in &self.fees {
            if let Some(minor) = part.major(record, currency, Style::Schema)? {
                fee = Some(added(part, record, fee.unwrap_or(0), minor)?);
            }
        }
        let (gross, original) = self.gross(record, currency, net, fee.unwrap_or(0))?;
        let psp_reference = self.psp_reference.text(record);
        let modification = text(self.modification.as_ref(), record);
        let is_charge = kind == Some(EventType::Charge);
        let zone = moment::zone(text(self.zone.as_ref(), record));
        let created = self.created.moment(record, zone)?;
        let account = self.account.text(record);
        let payout = payout_name(account, self.batch.text(record), currency);
        let is_payout = matches!(kind, Some(EventType::Payout | EventType::PayoutFailure));
        let is_of_batch = psp_reference.is_empty() && !is_payout;
        let numbered = if is_of_batch { self.numbered(&payout, net) } else { String::new() };
        sink.settlement(&SettlementLine {
            place: record.start(),
            kind,
            written_type,
            reference: some_text([self.reference.text(record), psp_reference, modification, &payout]),
            id: some_text([&numbered, if is_charge { "" } else { modification }, psp_reference]),
            parent_reference: if is_charge || modification.is_empty() { "" } else { psp_reference },
            payout_id: &payout,
            gross,
            fee,
            tax: None,
            net: Some(net),
            currency,
            status: "",
            occurred_at: created.map(|reading| reading.at),
            is_local_time: created.is_some_and(|reading| reading.is_local),
            available_at: None,
            account,
            original,
            context: &record.context(self.header.names(), &self.known, sink),
        });
        Ok(())
    }
}

impl Adyen {
    /// An id for a row of a batch that is of no payment: which of them it is.
    fn numbered(&self, batch: &str, net: i64) -> String {
        let this = batch.bytes().fold(0_u64, |sum, byte| sum.wrapping_mul(31).wrapping_add(byte.into()));
        let (last, number) = self.of_batch.get();
        let number = if last == this { number.wrapping_add(1) } else { 1 };
        self.of_batch.set((this, number));
        glued(&[batch, " ", &net.digits(), " ", &number.digits()])
    }

    /// The gross in the currency of the settlement, and in that of the shopper where it is another.
    fn gross<'a>(
        &self,
        record: &Record<'a>,
        currency: Currency,
        net: i64,
        fee: i64,
    ) -> Result<(i64, Option<Original<'a>>), Error> {
        let settled = added(&self.net[0], record, net, fee)?;
        if self.gross_currency.text(record).is_empty() {
            if self.gross.iter().any(|side| !side.text(record).is_empty()) {
                let Field { index, name } = &self.gross_currency;
                return Err(Error::missing_value(record.place(*index), name));
            }
            return Ok((settled, None));
        }
        let shopper = self.gross_currency.currency(record)?;
        let Some(minor) = sides(&self.gross, record, shopper)? else { return Ok((settled, None)) };
        if shopper == currency {
            return Ok((minor, None));
        }
        let rate = text(self.rate.as_ref(), record);
        Ok((settled, Some(Original { money: Money { minor, currency: shopper }, rate })))
    }
}

/// What a debit and a credit column say together; `None` where both are empty.
fn sides(fields: &[Field; 2], record: &Record<'_>, currency: Currency) -> Result<Option<i64>, Error> {
    let [debit, credit] = fields;
    let taken = debit.major(record, currency, Style::Schema)?;
    let given = credit.major(record, currency, Style::Schema)?;
    match (taken, given) {
        (None, None) => Ok(None),
        (taken, given) => {
            added(debit, record, given.unwrap_or(0), taken.unwrap_or(0).saturating_neg()).map(Some)
        }
    }
}

fn added(field: &Field, record: &Record<'_>, one: i64, other: i64) -> Result<i64, Error> {
    one.checked_add(other).ok_or_else(|| field.bad(record, "amounts whose sum is below 2^63 minor units"))
}

fn kind(written: &str) -> Option<EventType> {
    let known = KINDS.iter().find(|(known, _)| *known == written).map(|(_, kind)| *kind);
    known.or_else(|| ADJUSTMENTS.contains(&written).then_some(EventType::Adjustment))
}
