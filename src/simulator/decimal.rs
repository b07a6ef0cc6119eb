//! Amounts and moments as files of banks and providers have them: exact decimals, moments in UTC.

use crate::calendar::rfc3339;
use crate::money::Currency;
use crate::prelude::*;
use crate::time::{Millis, Timestamp};

/// Minor units as a decimal of major units: `-12.05`, `1000` for yen.
pub(super) fn major(minor: i128, currency: Currency) -> String {
    let decimals = usize::from(currency.exponent());
    let digits = minor.unsigned_abs().padded(decimals.saturating_add(1));
    let at = digits.len().saturating_sub(decimals);
    let (whole, rest) = digits.split_at_checked(at).unwrap_or((&digits, ""));
    let sign = if minor < 0 { "-" } else { "" };
    if decimals == 0 { glued(&[sign, whole]) } else { glued(&[sign, whole, ".", rest]) }
}

/// A moment to the second: `2026-03-04 05:06:07`.
pub(super) fn moment(at: Timestamp) -> String {
    let whole = at.saturating_sub(Millis::new(at.unix_ms() % 1_000));
    rfc3339(whole).replace('T', " ").replace('Z', "")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn amounts_have_the_decimals_of_their_currency() {
        let table = [
            (-1_205, Currency::EUR, "-12.05"),
            (5, Currency::EUR, "0.05"),
            (1_000, Currency::JPY, "1000"),
            (1_234, Currency::KWD, "1.234"),
            (0, Currency::USD, "0.00"),
        ];
        for (minor, currency, expected) in table {
            assert_eq!(major(minor, currency), expected);
        }
    }
}
