//! Decorrelated jitter v2 in fixed point: every platform draws the same millisecond, and none is beyond the bounds.
//!
//! `f(t) = 2^t * tanh(2 * sqrt(t))` is computed for `t = k + u`, with whole `k` and `u` from 0 to 1, as `2^k * part(k, u)`.
//! Numbers named `q32` have 32 bits behind the point. Wrong by less than a thousandth of the base.

use core::num::NonZeroU32;

use crate::entropy::Entropy;

const ONE: u64 = 1 << 32;

/// The coefficients of `2^u`, `ln(2)^n / n!`, from the seventh down to the first.
const POWER_OF_TWO: [u64; 7] =
    [65_510, 661_577, 5_726_720, 41_309_550, 238_388_332, 1_031_764_991, 2_977_044_472];

/// `4 * log2(e)`: `e^(4s)` is `2^(FOUR_LOG2_E * s)`.
const FOUR_LOG2_E: u64 = 24_785_312_075;

/// From here on the hyperbolic tangent is 1 in all digits that count.
const FLAT_FROM: u32 = 15;

/// The longest the wait before a retry can be. The shortest is none.
pub(super) fn latest(base: u64, cap: u64, retry: NonZeroU32) -> u64 {
    wait(base, cap, retry, ONE, 0)
}

/// The wait before a retry. Takes two draws from the second retry on, and one before the first.
pub(super) fn draw(base: u64, cap: u64, retry: NonZeroU32, entropy: &mut Entropy) -> u64 {
    let now = entropy.next_u64() >> 32;
    let before = if retry.get() > 1 { entropy.next_u64() >> 32 } else { 0 };
    wait(base, cap, retry, now, before)
}

/// `min(cap, base * (f(k + now) - f(k - 1 + before)) / 1.4)` with `k = retry - 1`; there is nothing before `k = 0`.
fn wait(base: u64, cap: u64, retry: NonZeroU32, now: u64, before: u64) -> u64 {
    let k = retry.get().saturating_sub(1);
    // In units of 2^(k - 1).
    let later = part(k, now) << 1;
    let grown = match k.checked_sub(1) {
        Some(earlier) => later.saturating_sub(part(earlier, before)),
        None => later,
    };
    let scaled = u128::from(base).saturating_mul(u128::from(grown.saturating_mul(5) / 7));
    // Half of it for the units, and 32 bits behind the point.
    let millis = match k.checked_sub(33) {
        None => scaled >> 33_u32.saturating_sub(k),
        Some(up) if up < scaled.leading_zeros() => scaled << up,
        Some(_) => u128::MAX,
    };
    u64::try_from(millis).unwrap_or(u64::MAX).min(cap)
}

/// `f(k + u) / 2^k`.
fn part(k: u32, u: u64) -> u64 {
    let power = power_of_two(u);
    if k >= FLAT_FROM {
        return power;
    }
    let t = (u64::from(k) << 32).saturating_add(u);
    // t is at most 15, so that 28 bits more fit; the root of a number with 60 bits behind the point has 30 of them.
    let root = (t << 28).isqrt() << 2;
    times(power, tanh_of_twice(root))
}

/// `tanh(2s) = 1 - 2 / (e^(4s) + 1)`.
fn tanh_of_twice(s: u64) -> u64 {
    let exponent = times(s, FOUR_LOG2_E);
    let power = power_of_two(exponent & (ONE - 1)) << (exponent >> 32);
    // 2 with 62 bits behind the point, by a number with 30.
    ONE.saturating_sub((1_u64 << 63).checked_div((power >> 2).saturating_add(1 << 30)).unwrap_or(0))
}

/// `2^u` for `u` from 0 to 1, after Horner.
fn power_of_two(u: u64) -> u64 {
    POWER_OF_TWO
        .iter()
        .fold(0_u64, |sum, coefficient| times(sum.saturating_add(*coefficient), u))
        .saturating_add(ONE)
}

fn times(a: u64, b: u64) -> u64 {
    u64::try_from(u128::from(a).saturating_mul(u128::from(b)) >> 32).unwrap_or(u64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::prelude::*;

    fn retry(number: u32) -> NonZeroU32 {
        NonZeroU32::new(number).unwrap()
    }

    #[test]
    fn the_waits_are_those_of_the_formula() {
        // A second program, in floating point and from the formula alone, gave these: retry, both draws in 2^-32,
        // and the wait in microseconds for a base of a second.
        let table = [
            (1, 0, 0, 0),
            (1, 1 << 31, 0, 897_405),
            (1, 1 << 32, 0, 1_377_182),
            (2, 1 << 31, 1 << 31, 1_093_004),
            (3, 1 << 30, 3 << 30, 1_002_440),
            (8, 1 << 31, 1 << 31, 64_650_058),
            (20, 0, 1 << 31, 109_685_997_742),
        ];
        for (number, now, before, expected) in table {
            let found = wait(1_000_000, u64::MAX, retry(number), now, before);
            assert!(
                found.abs_diff(expected) <= 1 + expected / 100_000,
                "retry {number}: {found}, not {expected}"
            );
        }
    }

    #[test]
    fn the_median_wait_doubles_from_retry_to_retry() {
        let mut entropy = Entropy::from_seed(3);
        let medians: Vec<u64> = (1..=5)
            .map(|number| {
                let mut waits: Vec<u64> =
                    (0..2_001).map(|_| draw(1_000, u64::MAX, retry(number), &mut entropy)).collect();
                waits.sort_unstable();
                waits[1_000]
            })
            .collect();
        insta::assert_snapshot!(format!("{medians:?}"), @"[917, 1132, 2025, 4055, 7933]");
    }

    #[test]
    fn huge_numbers_end_at_the_cap() {
        let table = [
            (1, u64::MAX, u64::MAX, u64::MAX),
            (u32::MAX, 1, 30_000, 30_000),
            (u32::MAX, u64::MAX, u64::MAX, u64::MAX),
            (65, 1, u64::MAX, u64::MAX),
            (34, 1, 9_999, 9_999),
        ];
        for (number, base, cap, expected) in table {
            assert_eq!(latest(base, cap, retry(number)), expected, "retry {number} of {base}");
        }
    }
}
