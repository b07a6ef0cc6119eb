//! What the rows of each side come to, counted while they pass: nobody has to read the files a second time to add them up.
//!
//! All rows are counted, those that are let through and those that stay. Sums are of 128 bits: no number of rows of a file
//! makes one that does not fit.

use super::Sieve;
use super::plain::{NO_FEE, Plain};
use super::words::Words;
use crate::prelude::*;
use crate::reconcile::packed::Fields;
use crate::reconcile::row::{Row, Side};

/// The rows of one side in one currency.
#[derive(Clone, Copy, Debug, Default)]
struct Sum {
    rows: usize,
    gross: i128,
    fee: i128,
}

/// By side and number of the currency, from 1.
#[derive(Debug, Default)]
pub(super) struct Sums {
    sides: [Vec<Sum>; 2],
}

impl Sums {
    fn of(&mut self, side: Side, currency: u8) -> Option<&mut Sum> {
        let [ledger, settlement] = &mut self.sides;
        let sums = if side == Side::Ledger { ledger } else { settlement };
        let place = usize::from(currency);
        if sums.len() <= place {
            sums.resize(place.saturating_add(1), Sum::default());
        }
        sums.get_mut(place)
    }

    /// Counts a plain row, which is a charge.
    #[inline(never)]
    pub(super) fn add_plain(&mut self, side: Side, plain: &Plain) {
        let Some(sum) = self.of(side, plain.currency) else { return };
        let fee = if plain.fee == NO_FEE { 0 } else { plain.fee };
        sum.rows = sum.rows.saturating_add(1);
        sum.gross = sum.gross.saturating_add(plain.amount.into());
        sum.fee = sum.fee.saturating_add(fee.into());
    }

    /// Counts any row; `None` for one currency too many.
    pub(super) fn add(&mut self, row: &Row<'_>, words: &mut Words) -> Option<()> {
        let sum = self.of(row.side, words.currency(row.currency)?)?;
        sum.rows = sum.rows.saturating_add(1);
        if let Some((gross, fee)) = effect(row) {
            sum.gross = sum.gross.saturating_add(gross.into());
            sum.fee = sum.fee.saturating_add(fee.into());
        }
        Some(())
    }
}

/// What a row does to the merchant's balance at the provider, and the fee that it says; `None` for what leaves that balance for
/// the bank, or comes back from there, which is no gain and no loss.
const fn effect(row: &Row<'_>) -> Option<(i64, i64)> {
    if row.is_payout() {
        return None;
    }
    let fee = match row.fee {
        Some(fee) => fee,
        None => 0,
    };
    Some((if row.leaves() { row.amount.saturating_neg() } else { row.amount }, fee))
}

impl Sieve {
    /// Asks for [`Sieve::totals`], before the first file. The run has to be all of a run.
    pub fn sum_up(&mut self) {
        self.sums = Some(Box::default());
    }

    /// What the rows of ledger and settlement come to, and the effect of each row that stays, as JSON; once nothing is wanted any
    /// more. `null` where nobody asked for it.
    #[must_use]
    pub fn totals(&self) -> String {
        let Some(sums) = &self.sums else { return "null".to_owned() };
        let [ledger, settlement] = sums.sides.each_ref().map(|sums| self.printed(sums));
        let mut out = glued(&["{\"ledger\":", &ledger, ",\"settlement\":", &settlement, ",\"staying\":["]);
        let mut fields = Fields::of(self.kept.packed_rows());
        let mut before = "";
        while let Some(row) = Row::unpack(&mut fields) {
            let net = effect(&row).map_or(0, |(gross, fee)| i128::from(gross).saturating_sub(fee.into()));
            let place = [row.file.digits(), row.line.digits(), net.digits()];
            let [file, line, net] = place.each_ref().map(String::as_str);
            let side = if row.side == Side::Ledger { "0" } else { "1" };
            for piece in
                [before, "[", side, ",", file, ",", line, ",\"", row.currency.code(), "\",\"", net, "\"]"]
            {
                out.push_str(piece);
            }
            before = ",";
        }
        out.push_str("]}");
        out
    }

    /// The sums of a side by currency.
    fn printed(&self, sums: &[Sum]) -> String {
        let named = sums.iter().zip(0..).filter_map(|(sum, number)| Some((self.words.of(number)?, sum)));
        let mut out = String::from("{");
        for (currency, Sum { rows, gross, fee }) in named.filter(|(_, sum)| sum.rows > 0) {
            if out.len() > 1 {
                out.push(',');
            }
            let net = gross.saturating_sub(*fee).digits();
            let [rows, gross, fee] = [&rows.digits(), &gross.digits(), &fee.digits()];
            for piece in ["\"", currency.code(), "\":{\"rows\":", rows, ",\"gross_minor\":\"", gross] {
                out.push_str(piece);
            }
            for piece in ["\",\"fee_minor\":\"", fee, "\",\"net_minor\":\"", &net, "\"}"] {
                out.push_str(piece);
            }
        }
        out.push('}');
        out
    }
}
