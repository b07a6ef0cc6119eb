//! What differs between two rows of one event: every kind that holds.

use super::IS_FAST;
use super::classes::{BreakKind, Kinds};
use super::habits::{Habits, is_other_day};
use super::rate::Exact;
use super::row::{Original, Row};
use super::window::{Window, month_of};
use crate::time::Millis;

/// Clocks differ by seconds without anybody being early.
const CLOCK_SKEW: Millis = Millis::from_seconds(60);

/// Two moments on both sides of a month's end that are no further apart are one moment cut off differently.
const CUT_OFF: Millis = Millis::from_seconds(6 * 3_600);

/// The largest power of ten that is taken for a misplaced decimal point.
const SCALE_MAX: u32 = 4;

/// In different currencies neither amounts nor fees can be compared. What one side does not say does not differ.
pub(super) fn differences(ours: &Row, theirs: &Row, habits: &Habits<'_>, window: &Window) -> Kinds {
    let mut kinds = Kinds::default();
    if (!ours.account.is_empty() && !theirs.account.is_empty() && ours.account != theirs.account)
        || !habits.is_in_scope(theirs)
    {
        kinds.insert(BreakKind::WrongScope);
    }
    for row in [ours, theirs] {
        if habits.net(row).is_some_and(|(_, is_right)| !is_right) {
            kinds.insert(BreakKind::NetArithmetic);
        }
        if row.is_zoneless && !habits.is_zoneless(row.side) {
            kinds.insert(BreakKind::TimeAmbiguous);
        }
    }
    if ours.currency == theirs.currency {
        let (expected, found) = (ours.amount, habits.amount(theirs));
        if expected != found {
            kinds.insert(of_amounts(ours, theirs, expected, found, habits));
        }
        fees(&mut kinds, ours, theirs, habits);
    } else {
        converted(&mut kinds, ours, theirs, habits);
    }
    if (!IS_FAST || ours.status != theirs.status)
        && let Some((expected, found)) =
            ours.state().zip(theirs.state()).filter(|(ours, theirs)| ours != theirs)
    {
        kinds.insert(if expected.leads_to(found, ours.is_payout()) {
            BreakKind::StatusStale
        } else if expected.is_open() || found.is_open() {
            BreakKind::IllegalTransition
        } else {
            BreakKind::StatusMismatch
        });
    }
    if !kinds.of_value() {
        times(&mut kinds, ours, theirs, habits, window);
    }
    kinds
}

/// What explains two amounts of one currency that differ.
fn of_amounts(ours: &Row, theirs: &Row, expected: i64, found: i64, habits: &Habits<'_>) -> BreakKind {
    if expected == found.saturating_neg() {
        return BreakKind::SignSuspect;
    }
    if scale(expected, found).is_some() {
        return BreakKind::ScaleSuspect;
    }
    // No rate turns what came in into what went out.
    if (expected < 0) != (found < 0) {
        return BreakKind::AmountMismatch;
    }
    let is_converted = ours.original.is_some() || theirs.original.is_some();
    if habits.rules.tolerate(ours.currency, expected, found, is_converted) {
        return BreakKind::Rounding;
    }
    let (our_exact, their_exact) = (exact(ours, expected), exact(theirs, found));
    let declared = our_exact.or(their_exact);
    let is_one_rate = rate_of(ours).zip(rate_of(theirs)).is_none_or(|(ours, theirs)| ours == theirs);
    if is_one_rate && declared.is_some_and(|exact| exact.rounds_to(expected) && exact.rounds_to(found)) {
        return BreakKind::Rounding;
    }
    let both = our_exact.zip(their_exact).filter(|_| !is_one_rate);
    if both
        .is_some_and(|(our_exact, their_exact)| our_exact.rounds_to(expected) && their_exact.rounds_to(found))
    {
        return BreakKind::FxRateDifference;
    }
    BreakKind::AmountMismatch
}

fn rate_of(row: &Row) -> Option<super::rate::Rate> {
    row.original.as_ref().and_then(|original| original.rate)
}

/// What the declared conversion of a row makes of its original, in whichever direction it comes near the amount.
fn exact(row: &Row, amount: i64) -> Option<Exact> {
    let original = row.original.as_ref()?;
    let rate = original.rate?;
    let signed = if (amount < 0) == (original.amount < 0) {
        original.amount
    } else {
        original.amount.saturating_neg()
    };
    let forth = rate.convert(signed, original.currency, row.currency);
    let back = rate.turned().convert(signed, original.currency, row.currency);
    let reaches = |exact: &Option<Exact>| exact.is_some_and(|exact| exact.rounds_to(amount));
    if !reaches(&forth) && reaches(&back) { back } else { forth }
}

/// The power of ten, if one amount is the other times it.
pub(super) fn scale(expected: i64, found: i64) -> Option<i32> {
    for power in 1..=SCALE_MAX {
        let factor = 10_u64.checked_pow(power)?;
        let (expected, found) = (expected.unsigned_abs(), found.unsigned_abs());
        let signed = i32::try_from(power).ok()?;
        if expected != 0 && expected.checked_mul(factor) == Some(found) {
            return Some(signed);
        }
        if found != 0 && found.checked_mul(factor) == Some(expected) {
            return signed.checked_neg();
        }
    }
    None
}

/// Different currencies are one thing seen twice where a side declares the conversion.
fn converted(kinds: &mut Kinds, ours: &Row, theirs: &Row, habits: &Habits<'_>) {
    let links = |original: &Option<Original>, other: &Row| {
        original
            .as_ref()
            .filter(|original| original.currency == other.currency)
            .map(|original| original.amount)
    };
    let pairs = [
        links(&theirs.original, ours).map(|found| (ours.amount, found, theirs, habits.amount(theirs))),
        links(&ours.original, theirs).map(|expected| (expected, habits.amount(theirs), ours, ours.amount)),
    ];
    let Some((expected, found, declaring, amount)) = pairs.into_iter().flatten().next() else {
        kinds.insert(BreakKind::CurrencyMismatch);
        return;
    };
    if expected.unsigned_abs() != found.unsigned_abs() {
        kinds.insert(BreakKind::AmountMismatch);
    } else if exact(declaring, amount).is_some_and(|exact| !exact.rounds_to(amount)) {
        let due = exact(declaring, amount).map_or(amount, Exact::whole);
        let is_small = habits.rules.tolerate(declaring.currency, due, amount, true);
        kinds.insert(if is_small { BreakKind::Rounding } else { BreakKind::FxRateDifference });
    }
}

fn fees(kinds: &mut Kinds, ours: &Row, theirs: &Row, habits: &Habits<'_>) {
    let amounts_agree = !kinds.of_value() || kinds.contains(BreakKind::NetArithmetic);
    if let Some((expected, found)) = habits.fee(ours).zip(habits.fee(theirs)).filter(|(a, b)| a != b) {
        // Where one side has none there are no two fees to compare: one is due and missing, or there and not due.
        kinds.insert(match (expected, found) {
            (0, _) => BreakKind::FeeUnexpected,
            (_, 0) => BreakKind::FeeMissing,
            _ => BreakKind::FeeMismatch,
        });
    } else if amounts_agree && ours.tax.zip(theirs.tax).is_some_and(|(expected, found)| expected != found) {
        kinds.insert(BreakKind::TaxMismatch);
    } else if let Some(kind) = super::fees::against_contract(theirs, habits) {
        kinds.insert(kind);
    }
}

/// Time says something only of rows whose values agree.
fn times(kinds: &mut Kinds, ours: &Row, theirs: &Row, habits: &Habits<'_>, window: &Window) {
    if habits.names_payouts_alike
        && !ours.payout_id.is_empty()
        && !theirs.payout_id.is_empty()
        && ours.payout_id != theirs.payout_id
    {
        kinds.insert(BreakKind::PeriodShift);
    }
    let Some((ours_at, theirs_at)) = ours.times(theirs) else { return };
    let account = if ours.account.is_empty() { theirs.account } else { ours.account };
    if window.of(account).is_late(ours_at, theirs_at) {
        kinds.insert(BreakKind::Late);
        return;
    }
    let apart = ours_at.max(theirs_at).since(ours_at.min(theirs_at));
    let is_other_month = month_of(ours_at) != month_of(theirs_at);
    let is_whole_days = apart.get().checked_rem(super::window::DAY_MS) == Some(0);
    if habits.is_same_instant && is_other_day(ours, theirs) && (is_whole_days || is_other_month) {
        kinds.insert(BreakKind::PeriodShift);
    } else if theirs_at.saturating_add(CLOCK_SKEW) < ours_at {
        if habits.is_in_order {
            kinds.insert(BreakKind::Early);
        }
    } else if is_other_month && apart <= CUT_OFF {
        kinds.insert(BreakKind::PeriodShift);
    }
}
