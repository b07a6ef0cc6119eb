//! How the bank deviates from what was paid out to it.

use super::super::faults::{Fault, Injected, Injector};
use super::super::treasury::Payout;
use crate::time::Millis;

/// Most of what a bank keeps of a payout, in minor units, and least.
const CHARGE: (u64, u64) = (100, 2_500);

/// By how many days an entry is late, at least and at most.
const LATE_DAYS: (u64, u64) = (3, 9);

const DAY_MS: u64 = 24 * 60 * 60 * 1_000;

/// How the bank deviates from one payout.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::simulator) enum Drift {
    /// It kept a charge: this arrived, in minor units.
    Amount(u64),
    /// Nothing arrived.
    Missing,
    /// It arrived later.
    Late(Millis),
    /// It arrived in two parts; this is the first, in minor units.
    Split(u64),
    /// It arrived together with the next one.
    Merged,
}

/// Decides whether the bank will tell the truth about a payout that arrives. Returns what it will not.
pub(in crate::simulator) fn decide(
    payout: &Payout,
    id: &str,
    injector: &mut Injector,
) -> Option<(Drift, Injected)> {
    let minor = payout.minor.unsigned_abs();
    let occasion = injector.occasion("bank", id, &Fault::OF_BANK).at("payout");
    let struck = Fault::OF_BANK.map(|fault| (fault, injector.strikes(&occasion, fault)));
    let (fault, _) = struck.into_iter().find(|(_, strikes)| *strikes)?;
    let drift = match fault {
        Fault::BankAmount => {
            let (from, to) = CHARGE;
            let kept = occasion.between(fault, from, to).min(minor.saturating_sub(1));
            Drift::Amount(minor.saturating_sub(kept))
        }
        Fault::BankMissing => Drift::Missing,
        Fault::BankLate => {
            let (from, to) = LATE_DAYS;
            Drift::Late(Millis::new(occasion.between(fault, from, to).saturating_mul(DAY_MS)))
        }
        Fault::BankSplit => Drift::Split(occasion.between(fault, 1, minor.saturating_sub(1).max(1))),
        _ => Drift::Merged,
    };
    let actual = match drift {
        Drift::Amount(shown) | Drift::Split(shown) => Some(shown),
        Drift::Late(_) => Some(minor),
        Drift::Missing | Drift::Merged => None,
    };
    let currency = Some(alloc::string::ToString::to_string(&payout.currency));
    Some((drift, Injected { expected: Some(minor), actual, currency, ..Injected::of(fault) }))
}
