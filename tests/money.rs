//! Money by its laws: whatever the numbers, no unit appears and none is lost.

#![cfg(all(feature = "core", not(target_family = "wasm")))]
#![allow(
    clippy::arithmetic_side_effects,
    clippy::string_slice,
    clippy::unwrap_used,
    reason = "an overflow or a panic here is a failed test"
)]

use proptest::prelude::*;
use tillproof::advice::Diagnose;
use tillproof::money::{Amount, Currency, Rate, Rounding, convert};

/// Amounts where mistakes live: near nothing, near the limit, and anywhere.
fn minor() -> impl Strategy<Value = u64> {
    prop_oneof![
        0..=10_u64,
        0..=1_000_000_u64,
        0..=Amount::MINOR_MAX,
        (Amount::MINOR_MAX - 10)..=Amount::MINOR_MAX
    ]
}

fn currency() -> impl Strategy<Value = Currency> {
    prop::sample::select(Currency::all().collect::<Vec<_>>())
}

fn rounding() -> impl Strategy<Value = Rounding> {
    prop::sample::select(vec![Rounding::HalfEven, Rounding::HalfUp, Rounding::Down, Rounding::Up])
}

fn amount(minor: u64, currency: Currency) -> Amount {
    Amount::from_minor(minor, currency).unwrap()
}

/// The text of `digits` divided by ten to the power of `scale`.
fn decimal(digits: u64, scale: usize) -> String {
    let padded = format!("{digits:0>width$}", width = scale + 1);
    let (whole, fraction) = padded.split_at(padded.len() - scale);
    if scale == 0 { whole.to_owned() } else { format!("{whole}.{fraction}") }
}

/// A signed decimal text times ten to the power of `scale`, in plain integers.
fn scaled(text: &str, scale: usize) -> i128 {
    let (sign, digits) = text.strip_prefix('-').map_or((1, text), |digits| (-1, digits));
    let (whole, fraction) = digits.split_once('.').unwrap_or((digits, ""));
    assert!(fraction.len() <= scale, "{text} has more than {scale} decimals");
    let padding = "0".repeat(scale - fraction.len());
    sign * format!("{whole}{fraction}{padding}").parse::<i128>().unwrap()
}

proptest! {
    #[test]
    fn what_was_added_can_be_taken_away_again(a in minor(), b in minor(), currency in currency()) {
        let (a, b) = (amount(a, currency), amount(b, currency));
        match a.checked_add(b) {
            Ok(sum) => {
                prop_assert_eq!(sum.checked_sub(b), Ok(a));
                prop_assert_eq!(sum.checked_sub(a), Ok(b));
                prop_assert_eq!(b.checked_add(a), Ok(sum));
            }
            Err(error) => {
                prop_assert_eq!(error.code(), "amount_too_large");
                prop_assert!(a.minor() + b.minor() > Amount::MINOR_MAX);
            }
        }
    }

    #[test]
    fn an_amount_survives_its_own_text_in_major_and_in_minor_units(minor in minor(), currency in currency()) {
        let amount = amount(minor, currency);
        prop_assert_eq!(Amount::parse_major(&amount.to_major(), currency), Ok(amount));
        prop_assert_eq!(Amount::parse_minor(&minor.to_string(), currency), Ok(amount));
        let json = format!("\"{minor}\"");
        let value = tillproof::json::parse(json.as_bytes()).unwrap();
        prop_assert_eq!(Amount::from_json(&value, currency), Ok(amount));
    }

    #[test]
    fn a_text_is_read_as_what_it_says_or_not_at_all(text in "[0-9.]{1,8}|[0-9.,eE+ -]{0,24}", currency in currency()) {
        // What is accepted is its own canonical form, up to decimals that were left out.
        if let Ok(amount) = Amount::parse_major(&text, currency) {
            let written = amount.to_major();
            let rest = written.strip_prefix(text.as_str());
            let zeros = rest.is_some_and(|rest| rest.bytes().all(|byte| matches!(byte, b'.' | b'0')));
            prop_assert!(zeros, "{} was read as {}", text, written);
        }
    }

    #[test]
    fn no_text_makes_a_reader_panic(text in ".{0,40}", currency in currency()) {
        let _ = Amount::parse_major(&text, currency);
        let _ = Amount::parse_minor(&text, currency);
        let _ = Rate::parse(&text);
        let _ = Currency::parse(&text);
    }

    #[test]
    fn a_split_by_weights_loses_no_unit_and_is_fair_to_each_part(
        minor in minor(),
        weights in prop::collection::vec(prop_oneof![Just(0_u64), 1..100_u64, any::<u64>()], 1..40),
    ) {
        let whole = amount(minor, Currency::EUR);
        let total: u128 = weights.iter().copied().map(u128::from).sum();
        match whole.allocate(&weights) {
            Err(error) => {
                prop_assert_eq!(error.code(), "split_no_weight");
                prop_assert_eq!(total, 0);
            }
            Ok(parts) => {
                prop_assert_eq!(parts.len(), weights.len());
                let sum: u128 = parts.iter().map(|part| u128::from(part.minor())).sum();
                prop_assert_eq!(sum, u128::from(minor));
                for (part, weight) in parts.iter().zip(&weights) {
                    // Each part is its exact share rounded down, or one more.
                    let floor = u128::from(minor) * u128::from(*weight) / total;
                    let extra = u128::from(part.minor()).checked_sub(floor);
                    prop_assert!(extra == Some(0) || extra == Some(1), "{:?} for weight {}", part, weight);
                    prop_assert!(*weight > 0 || part.is_zero());
                }
            }
        }
    }

    #[test]
    fn equal_parts_differ_by_at_most_one_unit(minor in minor(), parts in 1..200_usize) {
        let shares = amount(minor, Currency::JPY).split(parts).unwrap();
        let (first, last) = (shares[0].minor(), shares[parts - 1].minor());
        prop_assert!(shares.is_sorted_by(|a, b| a.minor() >= b.minor()));
        prop_assert!(first - last <= 1);
        prop_assert_eq!(shares.iter().map(|share| share.minor()).sum::<u64>(), minor);
    }

    #[test]
    fn a_conversion_agrees_with_plain_integers_and_accounts_for_every_fraction(
        minor in prop_oneof![0..=1_000_000_000_u64, 0..=1_000_000_000_000_000_u64, 0..=Amount::MINOR_MAX],
        from in currency(), to in currency(),
        digits in prop_oneof![1..=99_u64, 1..=999_999_u64, 1..=9_999_999_999_u64], scale in 0..=9_usize,
        rounding in rounding(),
    ) {
        prop_assume!(from != to);
        let rate = Rate::parse(&decimal(digits, scale)).unwrap();
        let numerator = i128::from(minor) * i128::from(digits) * 10_i128.pow(u32::from(to.exponent()));
        let places = scale + usize::from(from.exponent());
        let denominator = 10_i128.pow(u32::try_from(places).unwrap());
        let (floor, rest) = (numerator / denominator, numerator % denominator);
        let above = match rounding {
            Rounding::Down => false,
            Rounding::Up => rest > 0,
            Rounding::HalfUp => 2 * rest >= denominator,
            _ => 2 * rest > denominator || (2 * rest == denominator && floor % 2 == 1),
        };
        let expected = floor + i128::from(above);

        match convert(amount(minor, from), to, &rate, rounding) {
            Ok(done) => {
                let converted = i128::from(done.converted.minor());
                prop_assert_eq!(converted, expected);
                prop_assert_eq!(done.converted.currency(), to);
                // Nothing is lost: converted plus remainder is the exact product.
                let remainder = scaled(&done.remainder, places);
                prop_assert_eq!(converted * denominator + remainder, numerator);
                let bound = match rounding {
                    Rounding::Down | Rounding::Up => denominator - 1,
                    _ => denominator / 2,
                };
                prop_assert!(remainder.abs() <= bound, "{} left at {}", done.remainder, rate);
            }
            Err(error) => match error.code() {
                "amount_too_large" => prop_assert!(expected > i128::from(Amount::MINOR_MAX)),
                // 96 bits is what the decimal type holds.
                code => {
                    prop_assert_eq!(code, "fx_too_many_digits");
                    let shift = u32::from(to.exponent().saturating_sub(from.exponent()));
                    let mantissa = i128::from(minor) * i128::from(digits) * 10_i128.pow(shift);
                    prop_assert!(mantissa >= 1 << 96);
                }
            },
        }
    }
}
