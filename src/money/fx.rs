//! A conversion is exact before it is rounded, and hands out what the rounding took or gave.
//!
//! The product of amount and rate is computed without loss; a rounding mode with a name makes whole minor units of
//! it; the difference comes back as a remainder, to be posted to an account of its own. A product that would need
//! more than the 96 bits of a `Decimal` is refused, never shortened.

use rust_decimal::prelude::ToPrimitive;
use rust_decimal::{Decimal, RoundingStrategy};

use super::decimal::split_decimal;
use super::{Amount, Currency, Error, ErrorKind};
use crate::prelude::*;

/// Most digits of a rate. ISO 20022 allows 11; reports of providers show up to 15.
const RATE_DIGITS_MAX: usize = 18;

/// An exchange rate: how many major units of the target one major unit of the source buys.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct Rate(Decimal);

/// How a product becomes whole minor units. Amounts are never negative, so up is always away from zero.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Rounding {
    /// To the nearest unit, a half to the even neighbour: no drift over many conversions.
    HalfEven,
    /// To the nearest unit, a half to the larger neighbour: what invoices and tax offices mostly ask for.
    HalfUp,
    /// To the unit below.
    Down,
    /// To the unit above, unless the product is whole.
    Up,
}

impl Rounding {
    const fn strategy(self) -> RoundingStrategy {
        match self {
            Self::HalfEven => RoundingStrategy::MidpointNearestEven,
            Self::HalfUp => RoundingStrategy::MidpointAwayFromZero,
            Self::Down => RoundingStrategy::ToZero,
            Self::Up => RoundingStrategy::AwayFromZero,
        }
    }
}

/// What became of a conversion. The exact product is `converted` plus `remainder`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Conversion {
    /// Whole minor units of the target currency.
    pub converted: Amount,
    /// The exact rest in minor units of the target currency, as a decimal without superfluous zeros: `0.25` was
    /// rounded away, `-0.25` was given on top, `0` means that the product was whole.
    pub remainder: String,
}

impl Rate {
    /// A rate from a plain positive decimal of at most 18 digits, such as `1.08085` or `157.4`.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::InvalidRate`] for anything else, zero included.
    pub fn parse(text: &str) -> Result<Self, Error> {
        let refused = || Error::invalid_rate(text);
        let (whole, fraction) = split_decimal(text).ok_or_else(refused)?;
        if whole.len().saturating_add(fraction.len()) > RATE_DIGITS_MAX {
            return Err(refused());
        }
        let rate = Decimal::from_str_exact(text).map_err(|_| refused())?;
        if rate.is_zero() { Err(refused()) } else { Ok(Self(rate)) }
    }
}

impl core::fmt::Display for Rate {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        self.0.fmt(f)
    }
}

impl core::fmt::Debug for Rate {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        self.0.fmt(f)
    }
}

/// Converts an amount into another currency at a rate.
///
/// Exponents are taken care of: 100 JPY at 0.0061 are 0.61 EUR, that is 61 minor units.
///
/// # Errors
///
/// [`ErrorKind::SameCurrency`] for a rate other than one within one currency, [`ErrorKind::TooManyDigits`] when the exact
/// product does not fit 96 bits, [`ErrorKind::TooLarge`] when the result is beyond [`Amount::MINOR_MAX`].
pub fn convert(amount: Amount, to: Currency, rate: &Rate, rounding: Rounding) -> Result<Conversion, Error> {
    if amount.currency() == to && rate.0 != Decimal::ONE {
        return Err(Error::from(ErrorKind::SameCurrency { currency: to, rate: rate.to_string() }));
    }
    let inexact = || Error::from(ErrorKind::TooManyDigits { amount, rate: rate.to_string() });
    let exact = product(amount, to, rate).ok_or_else(inexact)?;
    let rounded = exact.round_dp_with_strategy(0, rounding.strategy());
    let remainder = difference(exact, rounded).ok_or_else(inexact)?;
    let converted = rounded.to_u64().and_then(|minor| Amount::from_minor(minor, to).ok());
    let converted = converted.ok_or_else(|| Error::too_large(&rounded.to_string()))?;
    Ok(Conversion { converted, remainder: remainder.to_string() })
}

/// The exact product in minor units of the target. `Decimal` would shorten one that does not fit; integers do not.
fn product(amount: Amount, to: Currency, rate: &Rate) -> Option<Decimal> {
    let (from, to) = (u32::from(amount.currency().exponent()), u32::from(to.exponent()));
    let mantissa = i128::from(amount.minor())
        .checked_mul(rate.0.mantissa())?
        .checked_mul(10_i128.checked_pow(to.saturating_sub(from))?)?;
    let scale = rate.0.scale().saturating_add(from.saturating_sub(to));
    Decimal::try_from_i128_with_scale(mantissa, scale).ok()
}

/// `exact - rounded`, without loss and without superfluous zeros. `rounded` is whole.
fn difference(exact: Decimal, rounded: Decimal) -> Option<Decimal> {
    let unit = 10_i128.checked_pow(exact.scale())?;
    let whole = rounded.mantissa().checked_mul(unit)?;
    let rest = Decimal::try_from_i128_with_scale(exact.mantissa().checked_sub(whole)?, exact.scale()).ok()?;
    Some(rest.normalize())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::advice::Diagnose;

    fn converted(minor: u64, from: &str, to: &str, rate: &str, rounding: Rounding) -> Result<String, Error> {
        let amount = Amount::from_minor(minor, Currency::parse(from)?)?;
        let done = convert(amount, Currency::parse(to)?, &Rate::parse(rate)?, rounding)?;
        Ok(format!("{} and {}", done.converted.to_major(), done.remainder))
    }

    #[test]
    fn a_conversion_gives_whole_units_and_says_what_the_rounding_did() {
        use Rounding::{Down, HalfEven, HalfUp, Up};
        // minor units, from, to, rate, rounding, major units and remainder
        let table = [
            (1_000, "EUR", "USD", "1.08085", HalfEven, "10.81 and -0.15"),
            (1_000, "EUR", "USD", "1.08085", Down, "10.80 and 0.85"),
            (250, "EUR", "USD", "1.01", HalfEven, "2.52 and 0.5"),
            (250, "EUR", "USD", "1.01", HalfUp, "2.53 and -0.5"),
            (350, "EUR", "USD", "1.01", HalfEven, "3.54 and -0.5"),
            (250, "EUR", "USD", "1.01", Down, "2.52 and 0.5"),
            (250, "EUR", "USD", "1.01", Up, "2.53 and -0.5"),
            (1, "EUR", "USD", "0.000000000001", Up, "0.01 and -0.999999999999"),
            (1, "EUR", "USD", "0.000000000001", HalfUp, "0.00 and 0.000000000001"),
            (100, "EUR", "USD", "1.10", Up, "1.10 and 0"),
            (0, "EUR", "USD", "1.08085", Up, "0.00 and 0"),
            (100, "JPY", "EUR", "0.0061", HalfEven, "0.61 and 0"),
            (1_999, "EUR", "JPY", "163.37", HalfEven, "3266 and -0.2337"),
            (1_234, "KWD", "JPY", "489.1", HalfEven, "604 and -0.4506"),
            (1_234, "JPY", "KWD", "0.002", HalfEven, "2.468 and 0"),
            (1_234, "EUR", "EUR", "1.000", HalfEven, "12.34 and 0"),
        ];
        for (minor, from, to, rate, rounding, expected) in table {
            let found = converted(minor, from, to, rate, rounding).unwrap();
            assert_eq!(found, expected, "{minor} {from} to {to} at {rate}, {rounding:?}");
        }
    }

    #[test]
    fn a_conversion_that_cannot_be_exact_or_makes_no_sense_is_refused() {
        let max = Amount::MINOR_MAX;
        let table = [
            (100, "EUR", "EUR", "1.08", "fx_same_currency"),
            (max, "EUR", "USD", "1.23456789012345678", "fx_too_many_digits"),
            (max, "EUR", "USD", "2", "amount_too_large"),
            (max, "JPY", "KWD", "1", "amount_too_large"),
        ];
        for (minor, from, to, rate, code) in table {
            let found = converted(minor, from, to, rate, Rounding::HalfEven).unwrap_err();
            assert_eq!(found.code(), code, "{minor} {from} to {to} at {rate}");
        }
    }

    #[test]
    fn a_rate_is_a_plain_positive_decimal_of_bounded_length() {
        for text in ["1", "0.5", "1.08085", "157.40", "123456789012345678", "0.00000000000000001"] {
            assert_eq!(Rate::parse(text).unwrap().to_string(), text);
        }
        let refused = [
            "",
            "0",
            "0.000",
            "-1",
            "+1",
            "1,1",
            "1e3",
            ".5",
            "5.",
            "NaN",
            " 1",
            "01",
            "1234567890.123456789",
        ];
        for text in refused {
            assert_eq!(Rate::parse(text), Err(Error::invalid_rate(text)), "{text:?}");
        }
    }
}
