//! A statement, report or notification: its account, balances and totals, and the entry that is being read.

use super::super::{Balance, Counted, Declared, Error, Money, Place, Sink, State, Statement};
use super::Value;
use super::details::add;
use super::entry::Entry;
use crate::money::Currency;
use crate::prelude::*;
use crate::time::Timestamp;

/// A balance as it is read.
#[derive(Default)]
struct OpenBalance {
    code: String,
    amount: Option<Money>,
    is_debit: Option<bool>,
    at: Option<Timestamp>,
}

/// A sum whose currency is that of the account, which may stand behind it.
struct Sum {
    text: String,
    place: Place,
    name: String,
}

/// A statement as it is read.
pub(super) struct Report {
    place: Place,
    index: u32,
    id: String,
    account: String,
    electronic_number: Option<u64>,
    legal_number: Option<u64>,
    page: Option<u64>,
    is_last_page: bool,
    from: Option<Timestamp>,
    to: Option<Timestamp>,
    currency: Option<Currency>,
    balance: OpenBalance,
    /// `PRCD` is the closing of the statement before, which is the opening of this one where it has none of its own.
    previous: Option<Balance>,
    opening: Option<Balance>,
    closing: Option<Balance>,
    declared: Declared,
    credits: Option<Sum>,
    debits: Option<Sum>,
    counted: Counted,
    /// Entries that are in no balance. Totals of the file count them, the figures of ours do not.
    unbooked: u64,
    entry: Option<Entry>,
}

impl Report {
    pub(super) fn new(place: Place, index: u32) -> Self {
        Self {
            place,
            index,
            id: String::new(),
            account: String::new(),
            electronic_number: None,
            legal_number: None,
            page: None,
            is_last_page: true,
            from: None,
            to: None,
            currency: None,
            balance: OpenBalance::default(),
            previous: None,
            opening: None,
            closing: None,
            declared: Declared::default(),
            credits: None,
            debits: None,
            counted: Counted::default(),
            unbooked: 0,
            entry: None,
        }
    }

    /// Takes the beginning of an element in the statement.
    pub(super) fn open(&mut self, path: &str, place: Place) -> Result<(), Error> {
        match path {
            "Ntry" => self.entry = Some(Entry::new(place)),
            "Bal" => self.balance = OpenBalance::default(),
            _ => {
                if let (Some(inside), Some(entry)) = (path.strip_prefix("Ntry/"), self.entry.as_mut()) {
                    entry.open(inside, place)?;
                }
            }
        }
        Ok(())
    }

    /// Takes what an element of the statement says.
    pub(super) fn close(&mut self, path: &str, value: &Value<'_>, sink: &mut dyn Sink) -> Result<(), Error> {
        if let Some(inside) = path.strip_prefix("Ntry/") {
            return match self.entry.as_mut() {
                Some(entry) => entry.close(inside, value),
                None => Ok(()),
            };
        }
        if let Some(inside) = path.strip_prefix("Bal/") {
            return self.close_in_balance(inside, value);
        }
        let sum = || Some(Sum { text: value.owned(), place: value.place, name: value.name.to_owned() });
        match path {
            "Ntry" => self.book(sink)?,
            "Bal" => self.close_balance(value)?,
            "Id" => self.id = value.owned(),
            "ElctrncSeqNb" => self.electronic_number = Some(value.count()?),
            "LglSeqNb" => self.legal_number = Some(value.count()?),
            "StmtPgntn/PgNb" | "RptPgntn/PgNb" | "NtfctnPgntn/PgNb" => self.page = Some(value.count()?),
            "StmtPgntn/LastPgInd" | "RptPgntn/LastPgInd" | "NtfctnPgntn/LastPgInd" => {
                self.is_last_page = value.flag()?;
            }
            "FrToDt/FrDtTm" => self.from = Some(value.moment()?),
            "FrToDt/ToDtTm" => self.to = Some(value.moment()?),
            "Acct/Id/IBAN" | "Acct/Id/Othr/Id" => add(&mut self.account, value.text),
            "Acct/Ccy" => {
                let currency = Currency::parse(value.text);
                self.currency = Some(currency.map_err(|_| value.bad("a currency of ISO 4217 such as EUR"))?);
            }
            "TxsSummry/TtlNtries/NbOfNtries" => self.declared.entries = Some(value.count()?),
            "TxsSummry/TtlCdtNtries/NbOfNtries" => self.declared.credit_entries = Some(value.count()?),
            "TxsSummry/TtlDbtNtries/NbOfNtries" => self.declared.debit_entries = Some(value.count()?),
            "TxsSummry/TtlCdtNtries/Sum" => self.credits = sum(),
            "TxsSummry/TtlDbtNtries/Sum" => self.debits = sum(),
            _ => {}
        }
        Ok(())
    }

    fn close_in_balance(&mut self, path: &str, value: &Value<'_>) -> Result<(), Error> {
        match path {
            "Tp/CdOrPrtry/Cd" => self.balance.code = value.owned(),
            "Amt" => self.balance.amount = Some(value.money()?),
            "CdtDbtInd" => self.balance.is_debit = Some(value.is_debit()?),
            "Dt/Dt" | "Dt/DtTm" => self.balance.at = Some(value.moment()?),
            _ => {}
        }
        Ok(())
    }

    fn close_balance(&mut self, value: &Value<'_>) -> Result<(), Error> {
        let OpenBalance { code, amount, is_debit, at } = core::mem::take(&mut self.balance);
        let money = amount.ok_or_else(|| Error::missing_value(value.place, "Bal/Amt"))?;
        let is_debit = is_debit.ok_or_else(|| Error::missing_value(value.place, "Bal/CdtDbtInd"))?;
        let minor = if is_debit { money.minor.saturating_neg() } else { money.minor };
        let balance = Some(Balance { money: Money { minor, ..money }, at });
        self.currency = self.currency.or(Some(money.currency));
        match code.as_str() {
            "OPBD" => self.opening = self.opening.or(balance),
            "PRCD" => self.previous = balance,
            // Of several pages the last has the closing balance.
            "CLBD" => self.closing = balance,
            _ => {}
        }
        Ok(())
    }

    fn book(&mut self, sink: &mut dyn Sink) -> Result<(), Error> {
        let Some(entry) = self.entry.take() else { return Ok(()) };
        let booked = entry.hand_on(self.index, &self.account, sink)?;
        self.currency = self.currency.or(Some(booked.currency));
        if booked.state == State::Booked {
            self.counted.add(booked.minor);
        } else {
            self.unbooked = self.unbooked.saturating_add(1);
        }
        Ok(())
    }

    /// Hands on what the statement says about itself.
    pub(super) fn hand_on(mut self, message: &str, sink: &mut dyn Sink) -> Result<(), Error> {
        for (sum, declared) in
            [(&self.credits, &mut self.declared.credits), (&self.debits, &mut self.declared.debits)]
        {
            if let (Some(sum), Some(currency)) = (sum, self.currency) {
                let value = Value { text: &sum.text, currency: None, place: sum.place, name: &sum.name };
                *declared = Some(value.minor(currency)?.into());
            }
        }
        // Its totals are over entries that are booked and those that are not, which no figure of ours is.
        let declared = if self.unbooked == 0 { self.declared } else { Declared::default() };
        sink.statement(&Statement {
            place: self.place,
            index: self.index,
            account: &self.account,
            id: if self.id.is_empty() { message } else { &self.id },
            number: self.electronic_number.or(self.legal_number),
            page: self.page,
            is_last_page: self.is_last_page,
            from: self.from,
            to: self.to,
            currency: self.currency,
            opening: self.opening.or(self.previous),
            closing: self.closing,
            declared,
            counted: self.counted,
        });
        Ok(())
    }
}
