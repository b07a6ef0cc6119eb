//! Major units as people and files write them: `12.34`, exact or refused.

use super::{Amount, Currency, Error};
use crate::prelude::*;

impl Amount {
    /// An amount from a decimal in major units: `12.34`, `12.3` and `12` for EUR, `12` for JPY.
    ///
    /// Plain ASCII digits with at most one point between them. No sign, space, separator, exponent or superfluous
    /// leading zero. More decimals than the currency has are refused even when they are zeros: such a file was
    /// written for another currency.
    ///
    /// # Errors
    ///
    /// [`NotADecimal`](super::ErrorKind::NotADecimal), [`TooManyDecimals`](super::ErrorKind::TooManyDecimals),
    /// [`TooLarge`](super::ErrorKind::TooLarge).
    pub fn parse_major(text: &str, currency: Currency) -> Result<Self, Error> {
        let (whole, fraction) = split_decimal(text).ok_or_else(|| Error::not_a_decimal(text))?;
        let decimals_max = usize::from(currency.exponent());
        if fraction.len() > decimals_max {
            return Err(Error::too_many_decimals(text, currency));
        }
        let padding = core::iter::repeat_n(b'0', decimals_max.saturating_sub(fraction.len()));
        let minor = whole
            .bytes()
            .chain(fraction.bytes())
            .chain(padding)
            .try_fold(0_u64, |minor, digit| {
                minor.checked_mul(10)?.checked_add(u64::from(digit.checked_sub(b'0')?))
            })
            .ok_or_else(|| Error::too_large(text))?;
        Self::from_minor(minor, currency).map_err(|_| Error::too_large(text))
    }

    /// The amount as a decimal in major units, with all decimals of its currency: `12.30`, `0.05`, `1200` for JPY.
    ///
    /// [`Amount::parse_major`] reads it back unchanged.
    #[must_use]
    pub fn to_major(self) -> String {
        let decimals = usize::from(self.currency().exponent());
        let digits = self.minor().padded(decimals.saturating_add(1));
        if decimals == 0 {
            return digits;
        }
        match digits.split_at_checked(digits.len().saturating_sub(decimals)) {
            Some((whole, fraction)) => glued(&[whole, ".", fraction]),
            None => digits,
        }
    }
}

/// Cuts a strict decimal at its point: both parts are ASCII digits, the second is empty when there is no point.
pub(super) fn split_decimal(text: &str) -> Option<(&str, &str)> {
    let digits = |part: &str| !part.is_empty() && part.bytes().all(|byte| byte.is_ascii_digit());
    let (whole, fraction) = match text.split_once('.') {
        Some((whole, fraction)) if digits(fraction) => (whole, fraction),
        Some(_) => return None,
        None => (text, ""),
    };
    let canonical = whole == "0" || !whole.starts_with('0');
    (digits(whole) && canonical).then_some((whole, fraction))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::advice::Diagnose;

    #[test]
    fn decimals_are_read_exactly_and_written_with_every_decimal_of_the_currency() {
        // text, currency, minor units, text written back
        let table = [
            ("0", Currency::EUR, 0, "0.00"),
            ("0.05", Currency::EUR, 5, "0.05"),
            ("12", Currency::EUR, 1_200, "12.00"),
            ("12.3", Currency::EUR, 1_230, "12.30"),
            ("12.34", Currency::EUR, 1_234, "12.34"),
            ("1200", Currency::JPY, 1_200, "1200"),
            ("0", Currency::JPY, 0, "0"),
            ("0.007", Currency::KWD, 7, "0.007"),
            ("4.5", Currency::KWD, 4_500, "4.500"),
            ("92233720368547758.07", Currency::EUR, Amount::MINOR_MAX, "92233720368547758.07"),
        ];
        for (text, currency, minor, written) in table {
            let amount = Amount::parse_major(text, currency).unwrap();
            assert_eq!((amount.minor(), amount.to_major().as_str()), (minor, written), "{text} {currency}");
        }
    }

    #[test]
    fn anything_but_a_plain_decimal_is_refused() {
        let table = [
            ("", "amount_not_a_decimal"),
            (".", "amount_not_a_decimal"),
            (".5", "amount_not_a_decimal"),
            ("5.", "amount_not_a_decimal"),
            ("1.2.3", "amount_not_a_decimal"),
            ("-1", "amount_not_a_decimal"),
            ("+1", "amount_not_a_decimal"),
            (" 1", "amount_not_a_decimal"),
            ("1 ", "amount_not_a_decimal"),
            ("1,50", "amount_not_a_decimal"),
            ("1,000.00", "amount_not_a_decimal"),
            ("1_000", "amount_not_a_decimal"),
            ("1e3", "amount_not_a_decimal"),
            ("0x10", "amount_not_a_decimal"),
            ("NaN", "amount_not_a_decimal"),
            ("Infinity", "amount_not_a_decimal"),
            ("01", "amount_not_a_decimal"),
            ("00.10", "amount_not_a_decimal"),
            ("١", "amount_not_a_decimal"),
            ("1.234", "amount_too_many_decimals"),
            ("1.230", "amount_too_many_decimals"),
            ("92233720368547758.08", "amount_too_large"),
            ("99999999999999999999999999", "amount_too_large"),
        ];
        for (text, code) in table {
            assert_eq!(Amount::parse_major(text, Currency::EUR).unwrap_err().code(), code, "{text:?}");
        }
        let yen = Amount::parse_major("12.0", Currency::JPY).unwrap_err();
        assert_eq!(yen.code(), "amount_too_many_decimals");
    }
}
