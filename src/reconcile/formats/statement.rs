//! What a statement says about itself, beside what its reader has counted: the facts that tell a whole file from a doubled,
//! missing, shortened or broken one.
//!
//! * Doubled (A1): same `account`, `id`, `number` and `from` as another statement.
//! * A gap (A2): `number` of an account skips.
//! * Shortened (A3): a field of [`Declared`] that differs from the one of [`Counted`]. (A file without its end mark is
//!   refused by the reader.)
//! * A broken chain (A4): `opening` plus the sum of the entries is not `closing`, or `opening` is not the `closing` of the
//!   statement before.

use super::{Money, Place};
use crate::money::Currency;
use crate::time::Timestamp;

/// A balance at a day.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Balance {
    /// Negative when overdrawn.
    pub money: Money,
    /// The day, or the moment where the file says it.
    pub at: Option<Timestamp>,
}

/// Control totals as the file writes them; `None` where it has none.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Declared {
    /// Entries, or rows of a report.
    pub entries: Option<u64>,
    /// Entries that add.
    pub credit_entries: Option<u64>,
    /// Entries that take away.
    pub debit_entries: Option<u64>,
    /// Sum of what was added, in minor units; never negative.
    pub credits: Option<i128>,
    /// Sum of what was taken away, in minor units; never negative.
    pub debits: Option<i128>,
    /// A sum of another make, such as that of BAI2 over amounts and balances; compare it with the one of [`Counted`] only.
    pub checksum: Option<i128>,
    /// Physical records or lines, where the format counts them.
    pub records: Option<u64>,
}

/// The same figures as the reader found them. Entries that are only announced do not count, but in MT942, whose totals are
/// over both.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Counted {
    /// Entries, or rows of a report.
    pub entries: u64,
    /// Entries that add.
    pub credit_entries: u64,
    /// Entries that take away.
    pub debit_entries: u64,
    /// Sum of what was added, in minor units.
    pub credits: i128,
    /// Sum of what was taken away, in minor units; never negative.
    pub debits: i128,
    /// See [`Declared::checksum`]; 0 where the format has none.
    pub checksum: i128,
    /// See [`Declared::records`]; 0 where the format does not count them.
    pub records: u64,
}

impl Counted {
    /// Counts an entry.
    pub fn add(&mut self, minor: i64) {
        let size = minor.unsigned_abs();
        self.entries = self.entries.saturating_add(1);
        if minor < 0 {
            self.debit_entries = self.debit_entries.saturating_add(1);
            self.debits = self.debits.saturating_add_unsigned(size.into());
        } else {
            self.credit_entries = self.credit_entries.saturating_add(1);
            self.credits = self.credits.saturating_add_unsigned(size.into());
        }
    }

    /// What the entries do together.
    #[must_use]
    pub const fn sum(&self) -> i128 {
        self.credits.saturating_sub(self.debits)
    }
}

/// What a statement or a settlement report says about itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Statement<'a> {
    /// Where it begins.
    pub place: Place,
    /// Which of the file, from 0.
    pub index: u32,
    /// IBAN, account number or merchant id.
    pub account: &'a str,
    /// Its own id, or that of the file.
    pub id: &'a str,
    /// Its number in the series of the account.
    pub number: Option<u64>,
    /// Its page, where one statement comes in several messages; the balances of a page are those of the page.
    pub page: Option<u64>,
    /// Whether more pages follow.
    pub is_last_page: bool,
    /// The first moment it covers.
    pub from: Option<Timestamp>,
    /// The last.
    pub to: Option<Timestamp>,
    /// Currency of the account.
    pub currency: Option<Currency>,
    /// Before the first entry.
    pub opening: Option<Balance>,
    /// After the last booked one.
    pub closing: Option<Balance>,
    /// Control totals as written.
    pub declared: Declared,
    /// What was read.
    pub counted: Counted,
}
