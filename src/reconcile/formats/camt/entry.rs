//! An entry is one line, or one line for each payment in it where the payments add up to it exactly.
//!
//! The side is that of `CdtDbtInd`, also for a reversal: banks differ on whether `RvslInd` is to turn it, and the schema
//! says that it does not.

use super::super::{BankLine, Error, ErrorKind, Money, Original, Place, Sink, State};
use super::Value;
use super::details::{Details, add};
use crate::prelude::*;
use crate::time::Timestamp;

/// Payments of one entry that are kept until it ends.
const DETAILS_MAX: usize = 100_000;

/// An entry as it is read.
pub(super) struct Entry {
    place: Place,
    amount: Option<Money>,
    is_debit: Option<bool>,
    is_reversal: bool,
    state: Option<State>,
    booked_at: Option<Timestamp>,
    value_date: Option<Timestamp>,
    reference: String,
    bank_id: String,
    code: String,
    batch: String,
    charges: Option<i64>,
    description: String,
    instructed: Option<Money>,
    rate: String,
    details: Vec<Details>,
}

/// What an entry came to.
pub(super) struct Booked {
    pub(super) minor: i64,
    pub(super) currency: crate::money::Currency,
    pub(super) state: State,
}

impl Entry {
    pub(super) const fn new(place: Place) -> Self {
        Self {
            place,
            amount: None,
            is_debit: None,
            is_reversal: false,
            state: None,
            booked_at: None,
            value_date: None,
            reference: String::new(),
            bank_id: String::new(),
            code: String::new(),
            batch: String::new(),
            charges: None,
            description: String::new(),
            instructed: None,
            rate: String::new(),
            details: Vec::new(),
        }
    }

    /// Takes the beginning of an element in the entry.
    pub(super) fn open(&mut self, path: &str, place: Place) -> Result<(), Error> {
        if path != "NtryDtls/TxDtls" {
            return Ok(());
        }
        if self.details.len() >= DETAILS_MAX {
            return Err(Error::at(
                place,
                ErrorKind::Malformed {
                    expected: glued(&["at most ", &DETAILS_MAX.digits(), " payments in an entry"]),
                    found: "TxDtls".to_owned(),
                },
            ));
        }
        self.details.push(Details { place: Some(place), ..Details::default() });
        Ok(())
    }

    /// Takes what an element of the entry says.
    pub(super) fn close(&mut self, path: &str, value: &Value<'_>) -> Result<(), Error> {
        if let Some(inside) = path.strip_prefix("NtryDtls/TxDtls/") {
            return match self.details.last_mut() {
                Some(details) => details.close(inside, value),
                None => Ok(()),
            };
        }
        match path {
            "Amt" => self.amount = Some(value.money()?),
            "CdtDbtInd" => self.is_debit = Some(value.is_debit()?),
            "RvslInd" => self.is_reversal = value.flag()?,
            // Version 02 has the status as text, later ones as a code in it.
            "Sts" if self.state.is_some() && value.text.is_empty() => {}
            "Sts" | "Sts/Cd" => self.state = Some(state(value)?),
            "BookgDt/Dt" | "BookgDt/DtTm" => self.booked_at = Some(value.moment()?),
            "ValDt/Dt" | "ValDt/DtTm" => self.value_date = Some(value.moment()?),
            "NtryRef" => self.reference = value.owned(),
            "AcctSvcrRef" => self.bank_id = value.owned(),
            "BkTxCd/Domn/Cd" | "BkTxCd/Domn/Fmly/Cd" | "BkTxCd/Domn/Fmly/SubFmlyCd" | "BkTxCd/Prtry/Cd" => {
                if !self.code.is_empty() {
                    self.code.push('/');
                }
                self.code.push_str(value.text);
            }
            "AmtDtls/InstdAmt/Amt" => self.instructed = Some(value.money()?),
            "AmtDtls/InstdAmt/CcyXchg/XchgRate" | "AmtDtls/TxAmt/CcyXchg/XchgRate" => {
                self.rate = value.owned()
            }
            "Chrgs/TtlChrgsAndTaxAmt" => self.charges = self.own_charges(value)?,
            "Chrgs/Amt" | "Chrgs/Rcrd/Amt" if self.charges.is_none() => {
                self.charges = self.own_charges(value)?
            }
            "NtryDtls/Btch/PmtInfId" => self.batch = value.owned(),
            "NtryDtls/Btch/MsgId" if self.batch.is_empty() => self.batch = value.owned(),
            "AddtlNtryInf" => add(&mut self.description, value.text),
            _ => {}
        }
        Ok(())
    }

    /// Charges in the currency of the entry; those in another are context at most.
    fn own_charges(&self, value: &Value<'_>) -> Result<Option<i64>, Error> {
        let charges = value.money()?;
        Ok(self.amount.filter(|amount| amount.currency == charges.currency).map(|_| charges.minor))
    }

    /// Hands its lines on.
    pub(super) fn hand_on(self, statement: u32, account: &str, sink: &mut dyn Sink) -> Result<Booked, Error> {
        let amount = self.amount.ok_or_else(|| Error::missing_value(self.place, "Ntry/Amt"))?;
        let is_debit = self.is_debit.ok_or_else(|| Error::missing_value(self.place, "Ntry/CdtDbtInd"))?;
        let state = self.state.ok_or_else(|| Error::missing_value(self.place, "Ntry/Sts"))?;
        let minor = signed(amount.minor, is_debit);
        let booked = Booked { minor, currency: amount.currency, state };
        let whole = Line { entry: &self, statement, account, state };
        let parts = self.parts(minor, is_debit);
        if parts.is_empty() {
            whole.hand_on(minor, self.details.first(), self.details.len(), sink);
        }
        for (part, details) in parts {
            whole.hand_on(part, Some(details), 1, sink);
        }
        Ok(booked)
    }

    /// The payments with their signed amounts, where there are several and they add up to the entry.
    fn parts(&self, minor: i64, is_debit: bool) -> Vec<(i64, &Details)> {
        let currency = self.amount.map(|amount| amount.currency);
        let part = |details: &Details| {
            let money = details.amount.filter(|money| Some(money.currency) == currency)?;
            Some(signed(money.minor, details.is_debit.unwrap_or(is_debit)))
        };
        let parts: Vec<(i64, &Details)> =
            self.details.iter().filter_map(|details| part(details).map(|minor| (minor, details))).collect();
        let sum = parts.iter().fold(0_i128, |sum, (minor, _)| sum.saturating_add(i128::from(*minor)));
        let is_whole = parts.len() == self.details.len() && sum == i128::from(minor);
        if parts.len() > 1 && is_whole { parts } else { Vec::new() }
    }
}

/// What the lines of one entry have in common.
struct Line<'a> {
    entry: &'a Entry,
    statement: u32,
    account: &'a str,
    state: State,
}

impl Line<'_> {
    /// Hands a line on: the whole entry with its only payment, or one of several payments.
    fn hand_on(&self, minor: i64, details: Option<&Details>, payments: usize, sink: &mut dyn Sink) {
        let Self { entry, statement, account, state } = *self;
        let Some(amount) = entry.amount else { return };
        let nothing = Details::default();
        // Of several payments that do not add up none speaks for the entry.
        let details = details.filter(|_| payments == 1).unwrap_or(&nothing);
        let is_part = entry.details.len() > 1 && payments == 1;
        let batch = [&entry.bank_id, &entry.batch, &entry.reference];
        let batch = batch.into_iter().find(|text| !text.is_empty()).map(String::as_str).unwrap_or_default();
        let (name, number) = if minor < 0 {
            (&details.creditor, &details.creditor_account)
        } else {
            (&details.debtor, &details.debtor_account)
        };
        let instructed =
            details.instructed.or(entry.instructed).filter(|money| money.currency != amount.currency);
        let rate = if details.rate.is_empty() { &entry.rate } else { &details.rate };
        let id = if is_part { &details.bank_id } else { &entry.bank_id };
        let id = [id, &details.bank_id, &entry.reference];
        let id = id.into_iter().find(|text| !text.is_empty()).map(String::as_str).unwrap_or_default();
        let count = payments.digits();
        let mut context = details.context();
        if !entry.batch.is_empty() {
            context.push(("Btch", &entry.batch));
        }
        if payments > 1 {
            context.push(("TxDtls", &count));
        }
        let reference = match details.reference() {
            "" if !is_part => entry.batch.as_str(),
            reference => reference,
        };
        sink.bank(&BankLine {
            place: details.place.filter(|_| is_part).unwrap_or(entry.place),
            statement,
            id,
            reference,
            batch: if is_part { batch } else { "" },
            amount: Money { minor, currency: amount.currency },
            booked_at: entry.booked_at,
            value_date: entry.value_date,
            description: if details.description.is_empty() {
                &entry.description
            } else {
                &details.description
            },
            counterparty: name,
            counterparty_account: number,
            charges: if is_part { None } else { entry.charges },
            original: instructed.map(|money| Original {
                money: Money { minor: signed(money.minor, minor < 0), currency: money.currency },
                rate,
            }),
            written_type: &entry.code,
            state,
            is_reversal: entry.is_reversal,
            account,
            context: &context,
        });
    }
}

const fn signed(minor: i64, is_debit: bool) -> i64 {
    if is_debit { minor.saturating_neg() } else { minor }
}

fn state(value: &Value<'_>) -> Result<State, Error> {
    match value.text {
        "BOOK" => Ok(State::Booked),
        "PDNG" | "FUTR" => Ok(State::Pending),
        "INFO" => Ok(State::Information),
        _ => Err(value.bad("BOOK, PDNG, FUTR or INFO")),
    }
}
