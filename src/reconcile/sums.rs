//! What the rows of each side come to in each currency, and what single rows do to the balance: for the way from the books to the
//! bank.
//!
//! All rows are counted as the judge's own reader reads them: what it takes for a refund takes money away here too. Sums are of 128
//! bits: no number of rows of a file makes one that does not fit.

use super::packed::{Fields, put_count, put_currency, put_natural};
use super::row::{Row, Side};
use super::{Error, Sources, columns};
use crate::money::Currency;
use crate::prelude::*;
use crate::reconcile::parts::Share;

/// What all sums begin with: no refusal does.
const VERSION: u8 = 1;

/// The rows of one side in one currency.
#[derive(Clone, Copy, Debug)]
struct Sum {
    side: Side,
    currency: Currency,
    rows: u64,
    gross: i128,
    fee: i128,
}

/// Of few sides and currencies: looked up one after the other.
#[derive(Debug, Default)]
pub(super) struct Sums {
    sums: Vec<Sum>,
}

impl Sums {
    /// Counts a row that does so much to the balance, and says such a fee.
    #[cfg_attr(feature = "wasm-reconcile-sieve", inline(never))]
    pub(super) fn count(&mut self, side: Side, currency: Currency, gross: i128, fee: i128) {
        let known = self.sums.iter().position(|sum| (sum.side, sum.currency) == (side, currency));
        let place = known.unwrap_or_else(|| {
            self.sums.push(Sum { side, currency, rows: 0, gross: 0, fee: 0 });
            self.sums.len().saturating_sub(1)
        });
        if let Some(sum) = self.sums.get_mut(place) {
            sum.rows = sum.rows.saturating_add(1);
            sum.gross = sum.gross.saturating_add(gross);
            sum.fee = sum.fee.saturating_add(fee);
        }
    }

    /// Counts a row.
    pub(super) fn add(&mut self, row: &Row<'_>) {
        let (gross, fee) = effect(row);
        self.count(row.side, row.currency, gross.into(), fee.into());
    }

    /// Side, currency, rows, gross and fee of each; the effects of rows are put behind them.
    pub(super) fn pack(&self) -> Vec<u8> {
        let mut out = vec![VERSION];
        put_count(&mut out, self.sums.len());
        for Sum { side, currency, rows, gross, fee } in &self.sums {
            out.push(side.byte());
            put_currency(&mut out, *currency);
            put_natural(&mut out, *rows);
            out.extend_from_slice(&gross.to_le_bytes());
            out.extend_from_slice(&fee.to_le_bytes());
        }
        out
    }
}

/// Appends where a row stands, and what it does to the balance after its fee: side, file, line, currency and minor units.
pub(super) fn put_effect(row: &Row<'_>, out: &mut Vec<u8>) {
    let (gross, fee) = effect(row);
    out.push(row.side.byte());
    put_count(out, row.file);
    put_natural(out, row.line);
    put_currency(out, row.currency);
    out.extend_from_slice(&i128::from(gross).saturating_sub(fee.into()).to_le_bytes());
}

/// What a row does to the merchant's balance at the provider or at the bank, and the fee that it says. A payout is no gain and no loss:
/// it leaves the one for the other, or comes back from there.
const fn effect(row: &Row<'_>) -> (i64, i64) {
    if matches!(row.side, Side::Bank) {
        return (row.amount, 0);
    }
    if row.is_payout() {
        return (0, 0);
    }
    let fee = match row.fee {
        Some(fee) => fee,
        None => 0,
    };
    (if row.leaves() { row.amount.saturating_neg() } else { row.amount }, fee)
}

/// The sums of files, and the effect of every row: see [`Sums::pack`] and [`put_effect`].
///
/// # Errors
///
/// The first error of the first unreadable file, as [`read`](super::read) has it.
pub fn add_up(sources: &Sources<'_>) -> Result<Vec<u8>, Error> {
    let Sources { ledger, settlement, bank, mappings } = sources;
    let sides = [(Side::Ledger, ledger), (Side::Settlement, settlement), (Side::Bank, bank)];
    let mut sums = Sums::default();
    let mut effects = Vec::new();
    let mut rows = Vec::new();
    for ((side, files), mapping) in sides.into_iter().zip(mappings) {
        for (file, source) in files.iter().enumerate() {
            rows.clear();
            columns::read(side, file, *source, mapping, (Share::WHOLE, &[]), &mut rows)?;
            let mut fields = Fields::of(&rows);
            while let Some(row) = Row::unpack(&mut fields) {
                sums.add(&row);
                put_effect(&row, &mut effects);
            }
        }
    }
    let mut out = sums.pack();
    out.append(&mut effects);
    Ok(out)
}
