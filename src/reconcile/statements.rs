//! A statement has what it says it has, begins where the one before it ended, and none is missing in between.
//!
//! What is held against each other is a summary of each statement: a few figures, whatever the number of its entries.

use super::classes::{BreakKind, Hop, Kinds};
use super::findings::{BY_ROW, Finding, Findings, Shown};
use super::group::Unit;
use super::order::sorted;
use super::packed::{Fields, put_maybe, put_natural};
use super::row::{Row, Side};
use crate::money::Currency;
use crate::prelude::*;
use crate::time::Timestamp;

/// What a statement of an account, or a report with a footer, says about itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Statement<'a> {
    /// Whose file it stands in: that of the settlement or of the bank.
    pub side: Side,
    /// Index of the file among those of its side.
    pub file: usize,
    /// Where it begins.
    pub line: u64,
    /// The account it is of.
    pub account: &'a str,
    /// Its own id; the account stands for one that has none.
    pub id: &'a str,
    /// Its number in the series of the account.
    pub number: Option<u64>,
    /// Its page, where one statement comes in several messages.
    pub page: Option<u64>,
    /// Currency of its balances.
    pub currency: Currency,
    /// The first moment it covers.
    pub from: Option<Timestamp>,
    /// Balance before the first entry, in minor units.
    pub opening: Option<i64>,
    /// Balance after the last one.
    pub closing: Option<i64>,
    /// What its entries do together.
    pub sum: i128,
    /// The first control total that is not what was read, in words; empty where all are.
    pub shortfall: &'a str,
    /// That total as the file says it and as it was counted, where it is an amount.
    pub totals: Option<(i128, i128)>,
}

/// A statement as it was packed: a row that stands for it, and its figures.
#[derive(Debug)]
pub(super) struct Kept<'a> {
    /// Of no type, and never among the rows that are matched.
    row: Row<'a>,
    number: Option<u64>,
    page: Option<u64>,
    opening: Option<i64>,
    closing: Option<i64>,
    sum: i128,
    totals: Option<(i128, i128)>,
}

impl Statement<'_> {
    pub(super) fn pack(&self, out: &mut Vec<u8>) {
        let Self {
            side, file, line, account, id, number, page, currency, from, opening, closing, sum, ..
        } = self;
        let row = Row {
            number: 0,
            packed: &[],
            side: *side,
            file: *file,
            line: *line,
            kind: None,
            reference: if id.is_empty() { account } else { id },
            is_keyed: true,
            id: "",
            amount: closing.unwrap_or_default(),
            currency: *currency,
            fee: None,
            tax: None,
            net: None,
            status: "",
            occurred_at: *from,
            value_at: None,
            is_zoneless: false,
            is_day: false,
            payout_id: "",
            parent: "",
            account,
            note: self.shortfall,
            original: None,
        };
        row.pack(out);
        put_maybe(out, *number, put_natural);
        put_maybe(out, *page, put_natural);
        for balance in [opening, closing] {
            put_maybe(out, *balance, super::packed::put_integer);
        }
        put_sum(out, *sum);
        put_maybe(out, self.totals, |out, (declared, counted)| {
            put_sum(out, declared);
            put_sum(out, counted);
        });
    }
}

fn put_sum(out: &mut Vec<u8>, sum: i128) {
    out.extend_from_slice(&sum.to_le_bytes());
}

impl<'a> Kept<'a> {
    pub(super) fn unpack(fields: &mut Fields<'a>) -> Option<Self> {
        let mut row = Row::unpack(fields)?;
        // No number of a row that is matched.
        row.number = usize::MAX;
        Some(Self {
            row,
            number: fields.maybe(Fields::natural)?,
            page: fields.maybe(Fields::natural)?,
            opening: fields.maybe(Fields::integer)?,
            closing: fields.maybe(Fields::integer)?,
            sum: fields.sum()?,
            totals: fields.maybe(|fields| Some((fields.sum()?, fields.sum()?)))?,
        })
    }

    /// Whether another says the same of the same account: the same statement, delivered twice.
    fn is_copy_of(&self, other: &Self) -> bool {
        (self.row.reference, self.number, self.page, self.row.occurred_at)
            == (other.row.reference, other.number, other.page, other.row.occurred_at)
            && (self.opening, self.closing, self.sum) == (other.opening, other.closing, other.sum)
    }
}

/// Judges each statement, and then each against the one before it.
#[cfg_attr(feature = "wasm-reconcile-sieve", inline(never))]
pub(super) fn judge<'r>(statements: &'r [Kept<'r>], findings: &mut Findings<'r>) {
    for statement in statements {
        of_one(statement, findings);
    }
    let series = |kept: &Kept<'r>| (kept.row.side, kept.row.account, kept.row.currency);
    let is_in_series =
        |kept: &&Kept<'_>| kept.number.is_some() || kept.opening.is_some() || kept.closing.is_some();
    let all = statements.iter().filter(|kept| !kept.row.account.is_empty()).filter(is_in_series).collect();
    let place =
        |kept: &Kept<'r>| (kept.row.occurred_at, kept.number, kept.page, kept.row.file, kept.row.line);
    let all = sorted(all, &|a: &&Kept<'r>, b: &&Kept<'r>| (series(a), place(a)).cmp(&(series(b), place(b))));
    for (before, after) in all.iter().zip(all.iter().skip(1)) {
        if series(before) == series(after) && !after.is_copy_of(before) {
            of_two(before, after, findings);
        }
    }
}

fn of_one<'r>(kept: &'r Kept<'r>, findings: &mut Findings<'r>) {
    if !kept.row.note.is_empty() {
        note(BreakKind::FileTruncated, &[&kept.row], kept.totals, findings);
        return;
    }
    // What lacks an entry has no chain either, and one break is enough.
    let Some((opening, closing)) = kept.opening.zip(kept.closing) else { return };
    let expected = i128::from(opening).wrapping_add(kept.sum);
    if expected != closing.into() {
        note(BreakKind::BalanceChainBreak, &[&kept.row], Some((expected, closing.into())), findings);
    }
}

fn of_two<'r>(before: &'r Kept<'r>, after: &'r Kept<'r>, findings: &mut Findings<'r>) {
    if is_gap(before, after) {
        note(BreakKind::FileGap, &[&before.row, &after.row], None, findings);
    } else if let Some((closing, opening)) = before.closing.zip(after.opening)
        && closing != opening
    {
        let balances = Some((closing.into(), opening.into()));
        note(BreakKind::BalanceChainBreak, &[&before.row, &after.row], balances, findings);
    }
}

/// Whether numbers skip. A series begins anew with a year, and its first number is 0 or 1.
fn is_gap(before: &Kept<'_>, after: &Kept<'_>) -> bool {
    let next = |number: u64| number.checked_add(1);
    let Some((last, number)) = before.number.zip(after.number) else { return false };
    if last == number {
        return before
            .page
            .zip(after.page)
            .is_some_and(|(last, page)| next(last).is_some_and(|next| page > next));
    }
    let skips = if number > last { next(last) != Some(number) } else { number > 1 };
    // The page that comes after another statement is its first.
    skips || after.page.is_some_and(|page| page > 1)
}

fn note<'r>(
    kind: BreakKind,
    rows: &[&'r Row<'r>],
    totals: Option<(i128, i128)>,
    findings: &mut Findings<'r>,
) {
    let mut unit = Unit::default();
    for row in rows {
        if row.side == Side::Bank { unit.bank.push(row) } else { unit.settlement.push(row) }
    }
    let mut found = Finding::new(Kinds::only(kind), unit, Hop::Files, BY_ROW);
    let currency = rows.last().map_or(Currency::EUR, |row| row.currency);
    let (expected, found_total) = totals.unzip();
    found.reference = rows.last().map(|row| row.reference);
    found.shown = Some(Box::new(Shown { currency, expected, found: found_total }));
    findings.breaks.push(found);
}
