//! What is decided by agreement and not by arithmetic is data with a name and a version: which passes may bring rows
//! together, what difference is small change, how long something may be on its way, and what a fee should be.
//!
//! Every report names its rules, so that two reports that differ by their rules are never taken for two that differ by
//! their files. Rules only ever name what is found: none of them makes a row disappear.

use super::IN_FLIGHT_DAYS_MAX;
use super::packed::{Fields, put_count, put_currency, put_integer, put_maybe, put_natural, put_text};
use super::row::Row;
use crate::ledger::EventType;
use crate::money::Currency;
use crate::prelude::*;

/// A ten-thousandth is a basis point.
const BASIS_POINTS: u64 = 10_000;

/// A pass that rules may leave out. What no pass brings together by type and reference is what is left for these.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Pass {
    /// By the provider's id, with type, currency and amount.
    ById,
    /// By amount, currency and time, of rows without a reference, where only one row fits.
    ByAmount,
    /// By a sum: the parts of a payment, of a payout, or of an entry of the bank.
    BySum,
}

impl Pass {
    const ALL: [Self; 3] = [Self::ById, Self::ByAmount, Self::BySum];

    /// The word in documents.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::ById => "by_id",
            Self::ByAmount => "by_amount",
            Self::BySum => "by_sum",
        }
    }

    /// The pass of a word.
    #[must_use]
    pub fn parse(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|pass| pass.name() == word)
    }

    fn byte(self) -> u8 {
        Self::ALL.iter().position(|pass| *pass == self).and_then(|at| u8::try_from(at).ok()).unwrap_or(0)
    }
}

/// A difference that is small change: it is a break of the kind `rounding` and not `amount_mismatch`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Tolerance {
    /// The currency of both amounts.
    pub currency: Currency,
    /// Minor units, whatever the amounts are.
    pub minor: u64,
    /// Ten-thousandths of the expected amount, where a side declares a conversion.
    pub conversion_basis_points: u64,
}

/// How long the rows of an account may be on their way.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Reach {
    /// The account as the files write it.
    pub account: String,
    /// Days, 0 to [`IN_FLIGHT_DAYS_MAX`].
    pub days: u64,
    /// Whether only business days count.
    pub is_business: bool,
}

/// What the contract with the provider says of a fee.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FeeRule {
    /// What the fee is for.
    pub kind: EventType,
    /// The currency it is in.
    pub currency: Currency,
    /// For this account only; empty for all.
    pub account: String,
    /// For amounts up to this one; `None` for all.
    pub up_to_minor: Option<i64>,
    /// Millionths of the amount: 29000 for 2.9 %.
    pub millionths: u64,
    /// What is added, in minor units; negative for a fee that is given back.
    pub fixed_minor: i64,
    /// At least, in minor units.
    pub least_minor: Option<i64>,
    /// At most.
    pub most_minor: Option<i64>,
}

/// A set of rules.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Rules {
    /// What reports call it.
    pub name: String,
    /// Counts up with every change.
    pub version: u64,
    /// The passes after the one by reference, in their order.
    pub passes: Vec<Pass>,
    /// By currency; the first that fits counts.
    pub tolerances: Vec<Tolerance>,
    /// By account; the others are judged by [`Options`](super::Options).
    pub reaches: Vec<Reach>,
    /// The first that fits counts.
    pub fees: Vec<FeeRule>,
}

impl Default for Rules {
    /// `tillproof-default@1`: all passes, no tolerance, one window, no contract.
    fn default() -> Self {
        Self {
            name: "tillproof-default".to_owned(),
            version: 1,
            passes: Pass::ALL.to_vec(),
            tolerances: Vec::new(),
            reaches: Vec::new(),
            fees: Vec::new(),
        }
    }
}

impl FeeRule {
    fn fits(&self, row: &Row<'_>) -> bool {
        row.kind == Some(self.kind)
            && row.currency == self.currency
            && (self.account.is_empty() || *self.account == *row.account)
            && self.up_to_minor.is_none_or(|most| row.amount.unsigned_abs() <= most.unsigned_abs())
    }

    /// The fees that are right for an amount: the exact one, or its two neighbours, since providers round either way.
    fn due(&self, row: &Row<'_>) -> (i128, i128) {
        const MILLION: u64 = 1_000_000;
        // Both in millions and the rest of one: to divide 128 bits is a kilobyte of wasm, and the rests fit in 64.
        let amount = row.amount.unsigned_abs();
        let (many, few) = (amount / MILLION, amount % MILLION);
        let (whole_share, share) = (self.millionths / MILLION, self.millionths % MILLION);
        let small = few.wrapping_mul(share);
        // Below 2^110: a millionth of an amount has 44 bits.
        let times = |number: u64, factor: u64| i128::from(number).wrapping_mul(factor.into());
        let whole = times(many, self.millionths).wrapping_add(times(few, whole_share));
        let whole = whole.wrapping_add((small / MILLION).into());
        let up = i128::from(small % MILLION != 0);
        let bounded = |fee: i128| {
            let fee = fee.wrapping_add(self.fixed_minor.into());
            let fee = self.least_minor.map_or(fee, |least| fee.max(least.into()));
            self.most_minor.map_or(fee, |most| fee.min(most.into()))
        };
        (bounded(whole), bounded(whole.wrapping_add(up)))
    }
}

impl Rules {
    /// `tillproof-default@1`
    #[must_use]
    pub fn label(&self) -> String {
        glued(&[&self.name, "@", &self.version.digits()])
    }

    /// What is wrong with them, in words; `None` where nothing is.
    pub(super) fn problem(&self) -> Option<&'static str> {
        if self.reaches.iter().any(|reach| reach.days > IN_FLIGHT_DAYS_MAX) {
            return Some("a window is longer than 366 days");
        }
        let times = |pass: &Pass| self.passes.iter().filter(|other| *other == pass).count();
        let is_repeated = self.passes.iter().any(|pass| times(pass) > 1);
        is_repeated.then_some("a pass stands twice")
    }

    /// Whether a pass may bring rows together.
    pub(super) fn has(&self, pass: Pass) -> bool {
        self.passes.contains(&pass)
    }

    /// Whether two amounts differ by small change only.
    pub(super) fn tolerate(&self, currency: Currency, expected: i64, found: i64, is_converted: bool) -> bool {
        let Some(tolerance) = self.tolerances.iter().find(|tolerance| tolerance.currency == currency) else {
            return false;
        };
        let off = found.abs_diff(expected);
        // A product of two numbers of 64 bits has 128.
        let times = |number: u64, factor: u64| u128::from(number).wrapping_mul(factor.into());
        let share = times(expected.unsigned_abs(), tolerance.conversion_basis_points);
        off <= tolerance.minor || (is_converted && times(off, BASIS_POINTS) <= share)
    }

    /// The fee that a row should bear, lowest and highest; `None` where the contract says nothing of it.
    pub(super) fn fee_due(&self, row: &Row<'_>) -> Option<(i128, i128)> {
        self.fees.iter().find(|rule| rule.fits(row)).map(|rule| rule.due(row))
    }

    pub(super) fn pack(&self, out: &mut Vec<u8>) {
        let Self { name, version, passes, tolerances, reaches, fees } = self;
        put_text(out, name);
        put_natural(out, *version);
        put_count(out, passes.len());
        out.extend(passes.iter().map(|pass| pass.byte()));
        put_count(out, tolerances.len());
        for Tolerance { currency, minor, conversion_basis_points } in tolerances {
            put_currency(out, *currency);
            put_natural(out, *minor);
            put_natural(out, *conversion_basis_points);
        }
        put_count(out, reaches.len());
        for Reach { account, days, is_business } in reaches {
            put_text(out, account);
            put_natural(out, *days);
            out.push(u8::from(*is_business));
        }
        put_count(out, fees.len());
        for fee in fees {
            out.push(super::packed::kind_byte(Some(fee.kind)));
            put_currency(out, fee.currency);
            put_text(out, &fee.account);
            put_natural(out, fee.millionths);
            put_integer(out, fee.fixed_minor);
            for bound in [fee.up_to_minor, fee.least_minor, fee.most_minor] {
                put_maybe(out, bound, put_integer);
            }
        }
    }

    pub(super) fn unpack(fields: &mut Fields<'_>) -> Option<Self> {
        let mut rules = Self {
            name: fields.text()?.to_owned(),
            version: fields.natural()?,
            passes: Vec::new(),
            ..Self::default()
        };
        for _ in 0..fields.count()? {
            rules.passes.push(*Pass::ALL.get(usize::from(fields.byte()?))?);
        }
        for _ in 0..fields.count()? {
            rules.tolerances.push(Tolerance {
                currency: fields.currency()?,
                minor: fields.natural()?,
                conversion_basis_points: fields.natural()?,
            });
        }
        for _ in 0..fields.count()? {
            rules.reaches.push(Reach {
                account: fields.text()?.to_owned(),
                days: fields.natural()?,
                is_business: fields.flag()?,
            });
        }
        for _ in 0..fields.count()? {
            rules.fees.push(FeeRule {
                kind: fields.kind()??,
                currency: fields.currency()?,
                account: fields.text()?.to_owned(),
                millionths: fields.natural()?,
                fixed_minor: fields.integer()?,
                up_to_minor: fields.maybe(Fields::integer)?,
                least_minor: fields.maybe(Fields::integer)?,
                most_minor: fields.maybe(Fields::integer)?,
            });
        }
        Some(rules)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::reconcile::row::charge;

    #[test]
    fn a_fee_is_the_exact_share_of_its_amount_or_one_of_its_neighbours() {
        let sides: [i64; 9] =
            [0, 1, 7, 999_999, 1_000_000, 1_000_001, 29_000_001, 123_456_789_012, 9_223_372_036_854_775_807];
        for amount in sides {
            for share in sides {
                let millionths = share.unsigned_abs();
                let rule = FeeRule {
                    kind: EventType::Charge,
                    currency: Currency::EUR,
                    account: String::new(),
                    up_to_minor: None,
                    millionths,
                    fixed_minor: 30,
                    least_minor: None,
                    most_minor: None,
                };
                let part = i128::from(amount) * i128::from(share);
                let (whole, up) = (part / 1_000_000, i128::from(part % 1_000_000 != 0));
                assert_eq!(rule.due(&charge(amount)), (whole + 30, whole + up + 30), "{amount} {share}");
            }
        }
    }
}
