//! The parts of an entry: what the bank says about each payment in it.

use super::super::figure::{self, Style};
use super::super::{Error, Money, Place, moment};
use super::Value;
use crate::money::Currency;
use crate::prelude::*;
use crate::time::Timestamp;

impl Value<'_> {
    pub(super) fn owned(&self) -> String {
        self.text.to_owned()
    }

    pub(super) fn bad(&self, expected: &str) -> Error {
        Error::bad_value(self.place, self.name, expected, self.text)
    }

    /// An amount with the currency of its element; never negative, as another element says the side.
    pub(super) fn money(&self) -> Result<Money, Error> {
        let Some(code) = self.currency else {
            return Err(Error::missing_value(self.place, &glued(&[self.name, " Ccy"])));
        };
        let currency = Currency::parse(code).map_err(|_| {
            Error::bad_value(
                self.place,
                &glued(&[self.name, " Ccy"]),
                "a currency of ISO 4217 such as EUR",
                code,
            )
        })?;
        Ok(Money { minor: self.minor(currency)?, currency })
    }

    pub(super) fn minor(&self, currency: Currency) -> Result<i64, Error> {
        if self.text.is_empty() {
            return Err(Error::missing_value(self.place, self.name));
        }
        let minor =
            figure::major(self.text, currency, Style::Schema).map_err(|expected| self.bad(&expected))?;
        if minor < 0 {
            Err(self.bad("an amount without sign, as CdtDbtInd says the side"))
        } else {
            Ok(minor)
        }
    }

    /// Whether it says debit.
    pub(super) fn is_debit(&self) -> Result<bool, Error> {
        match self.text {
            "DBIT" => Ok(true),
            "CRDT" => Ok(false),
            _ => Err(self.bad("CRDT or DBIT")),
        }
    }

    pub(super) fn flag(&self) -> Result<bool, Error> {
        match self.text {
            "true" | "1" => Ok(true),
            "false" | "0" => Ok(false),
            _ => Err(self.bad("true or false")),
        }
    }

    pub(super) fn count(&self) -> Result<u64, Error> {
        self.text.parse().map_err(|_| self.bad("a number of things"))
    }

    pub(super) fn moment(&self) -> Result<Timestamp, Error> {
        moment::iso(self.text).map(|reading| reading.at).ok_or_else(|| self.bad(moment::ISO))
    }
}

/// One payment in an entry.
#[derive(Default)]
pub(super) struct Details {
    pub(super) place: Option<Place>,
    pub(super) amount: Option<Money>,
    pub(super) is_debit: Option<bool>,
    pub(super) bank_id: String,
    pub(super) end_to_end: String,
    pub(super) instruction: String,
    pub(super) transaction: String,
    pub(super) creditor_reference: String,
    pub(super) description: String,
    pub(super) debtor: String,
    pub(super) creditor: String,
    pub(super) debtor_account: String,
    pub(super) creditor_account: String,
    pub(super) instructed: Option<Money>,
    pub(super) rate: String,
    pub(super) mandate: String,
    pub(super) return_reason: String,
}

impl Details {
    /// Takes what an element of the details says.
    pub(super) fn close(&mut self, path: &str, value: &Value<'_>) -> Result<(), Error> {
        match path {
            "Refs/AcctSvcrRef" => self.bank_id = value.owned(),
            "Refs/EndToEndId" => self.end_to_end = value.owned(),
            "Refs/InstrId" => self.instruction = value.owned(),
            "Refs/TxId" => self.transaction = value.owned(),
            "Refs/MndtId" => self.mandate = value.owned(),
            "Amt" => self.amount = Some(value.money()?),
            "AmtDtls/TxAmt/Amt" if self.amount.is_none() => self.amount = Some(value.money()?),
            "AmtDtls/InstdAmt/Amt" => self.instructed = Some(value.money()?),
            "AmtDtls/InstdAmt/CcyXchg/XchgRate"
            | "AmtDtls/TxAmt/CcyXchg/XchgRate"
            | "AmtDtls/CntrValAmt/CcyXchg/XchgRate" => self.rate = value.owned(),
            "CdtDbtInd" => self.is_debit = Some(value.is_debit()?),
            "RmtInf/Strd/CdtrRefInf/Ref" => self.creditor_reference = value.owned(),
            "RmtInf/Ustrd" | "AddtlTxInf" => add(&mut self.description, value.text),
            "RltdPties/Dbtr/Nm" | "RltdPties/Dbtr/Pty/Nm" => self.debtor = value.owned(),
            "RltdPties/Cdtr/Nm" | "RltdPties/Cdtr/Pty/Nm" => self.creditor = value.owned(),
            "RltdPties/DbtrAcct/Id/IBAN" | "RltdPties/DbtrAcct/Id/Othr/Id" => {
                self.debtor_account = value.owned()
            }
            "RltdPties/CdtrAcct/Id/IBAN" | "RltdPties/CdtrAcct/Id/Othr/Id" => {
                self.creditor_account = value.owned()
            }
            "RtrInf/Rsn/Cd" | "RtrInf/Rsn/Prtry" => self.return_reason = value.owned(),
            _ => {}
        }
        Ok(())
    }

    /// The reference that came with the payment. `NOTPROVIDED` is what banks write where the payer gave none.
    pub(super) fn reference(&self) -> &str {
        let told = |text: &&String| !text.is_empty() && !text.eq_ignore_ascii_case("NOTPROVIDED");
        let candidates = [&self.end_to_end, &self.creditor_reference, &self.instruction, &self.transaction];
        candidates.into_iter().find(told).map(String::as_str).unwrap_or_default()
    }

    /// What else it says, by the names of the schema.
    pub(super) fn context(&self) -> Vec<(&str, &str)> {
        let pairs = [
            ("EndToEndId", self.end_to_end.as_str()),
            ("InstrId", &self.instruction),
            ("TxId", &self.transaction),
            ("CdtrRefInf", &self.creditor_reference),
            ("MndtId", &self.mandate),
            ("RtrInf", &self.return_reason),
        ];
        pairs.into_iter().filter(|(_, text)| !text.is_empty()).collect()
    }
}

/// Adds a text to others, behind a space.
pub(super) fn add(text: &mut String, more: &str) {
    if more.is_empty() || text == more {
        return;
    }
    if !text.is_empty() {
        text.push(' ');
    }
    text.push_str(more);
}
