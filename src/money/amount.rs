//! The sealed amount: no code outside the inner module can build one that is out of range.

use super::{Currency, Error, ErrorKind};
use crate::json::{SAFE_INTEGER_MAX, Value};
use crate::prelude::*;

pub use sealed::Amount;

mod sealed {
    use super::Currency;

    /// A non-negative integer of minor units together with its currency.
    ///
    /// Range: 0 to [`Amount::MINOR_MAX`]. Amounts of different currencies neither add nor compare.
    #[derive(Clone, Copy, PartialEq, Eq, Hash)]
    pub struct Amount {
        minor: u64,
        currency: Currency,
    }

    impl Amount {
        /// The largest amount: 2^63 - 1 minor units, what a `bigint` column of a database holds.
        pub const MINOR_MAX: u64 = (1 << 63) - 1;

        /// The door in: `None` beyond [`Amount::MINOR_MAX`].
        pub(super) const fn checked(minor: u64, currency: Currency) -> Option<Self> {
            if minor > Self::MINOR_MAX { None } else { Some(Self { minor, currency }) }
        }

        /// Zero is always in range.
        pub(super) const fn nothing(currency: Currency) -> Self {
            Self { minor: 0, currency }
        }

        /// Minor units: cents for EUR, yen for JPY, fils for KWD.
        #[must_use]
        pub const fn minor(self) -> u64 {
            self.minor
        }

        /// The currency.
        #[must_use]
        pub const fn currency(self) -> Currency {
            self.currency
        }
    }
}

impl Amount {
    /// An amount from minor units.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::TooLarge`] beyond [`Amount::MINOR_MAX`].
    pub fn from_minor(minor: u64, currency: Currency) -> Result<Self, Error> {
        Self::checked(minor, currency)
            .ok_or_else(|| Error::from(ErrorKind::TooLarge { found: minor.digits() }))
    }

    /// Nothing, in a currency.
    #[must_use]
    pub const fn zero(currency: Currency) -> Self {
        Self::nothing(currency)
    }

    /// Whether there is nothing.
    #[must_use]
    pub const fn is_zero(self) -> bool {
        self.minor() == 0
    }

    /// Minor units from decimal digits: no sign, no space, no separator, no leading zero but `0` itself.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::NotAnInteger`], [`ErrorKind::TooLarge`].
    pub fn parse_minor(text: &str, currency: Currency) -> Result<Self, Error> {
        let canonical = text == "0" || !text.starts_with('0');
        if text.is_empty() || !canonical || !text.bytes().all(|byte| byte.is_ascii_digit()) {
            return Err(Error::not_an_integer(text));
        }
        let minor = text.parse().map_err(|_| Error::too_large(text))?;
        Self::checked(minor, currency).ok_or_else(|| Error::too_large(text))
    }

    /// Minor units from JSON: a string of digits, or a number that every JSON reader keeps exact.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::NotAnInteger`], [`ErrorKind::UnsafeNumber`], [`ErrorKind::TooLarge`].
    pub fn from_json(value: &Value<'_>, currency: Currency) -> Result<Self, Error> {
        match value {
            Value::String(text) => Self::parse_minor(text, currency),
            Value::Number(lexeme) => {
                let amount = Self::parse_minor(lexeme, currency)?;
                if amount.minor() > SAFE_INTEGER_MAX {
                    return Err(Error::from(ErrorKind::UnsafeNumber { found: (*lexeme).to_owned() }));
                }
                Ok(amount)
            }
            Value::Null | Value::Bool(_) | Value::Array(_) | Value::Object(_) => {
                Err(Error::from(ErrorKind::NotAnInteger { found: value.kind().to_owned() }))
            }
        }
    }

    /// The sum.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::CurrencyMismatch`], [`ErrorKind::TooLarge`].
    pub fn checked_add(self, other: Self) -> Result<Self, Error> {
        self.same_currency(other)?;
        let sum = self.minor().checked_add(other.minor()).and_then(|sum| Self::checked(sum, self.currency()));
        sum.ok_or_else(|| {
            Error::from(ErrorKind::TooLarge {
                found: glued(&[&self.minor().digits(), " + ", &other.minor().digits()]),
            })
        })
    }

    /// The difference.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::CurrencyMismatch`], [`ErrorKind::Negative`] when `other` is larger.
    pub fn checked_sub(self, other: Self) -> Result<Self, Error> {
        self.same_currency(other)?;
        let rest = self.minor().checked_sub(other.minor());
        let rest = rest.and_then(|rest| Self::checked(rest, self.currency()));
        rest.ok_or(Error::from(ErrorKind::Negative { minuend: self, subtrahend: other }))
    }

    /// Refuses a second currency.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::CurrencyMismatch`].
    pub fn same_currency(self, other: Self) -> Result<(), Error> {
        if self.currency() == other.currency() {
            Ok(())
        } else {
            Err(Error::from(ErrorKind::CurrencyMismatch {
                expected: self.currency(),
                found: other.currency(),
            }))
        }
    }
}

impl core::fmt::Debug for Amount {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        write!(f, "{} minor {}", self.minor(), self.currency())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::advice::Diagnose;

    fn eur(minor: u64) -> Amount {
        Amount::from_minor(minor, Currency::EUR).unwrap()
    }

    #[test]
    fn json_gives_an_amount_or_a_typed_error_and_never_a_rounded_number() {
        // JSON, minor units or the code of the error
        let table = [
            ("0", "0"),
            ("1000", "1000"),
            ("\"1000\"", "1000"),
            ("9007199254740991", "9007199254740991"),
            ("\"9007199254740992\"", "9007199254740992"),
            ("\"9223372036854775807\"", "9223372036854775807"),
            ("9007199254740992", "amount_unsafe_number"),
            ("\"9223372036854775808\"", "amount_too_large"),
            ("99999999999999999999999", "amount_too_large"),
            ("-1", "amount_not_an_integer"),
            ("-0", "amount_not_an_integer"),
            ("1.5", "amount_not_an_integer"),
            ("1.0", "amount_not_an_integer"),
            ("1e3", "amount_not_an_integer"),
            ("\"\"", "amount_not_an_integer"),
            ("\"-1\"", "amount_not_an_integer"),
            ("\"1.5\"", "amount_not_an_integer"),
            ("\"01\"", "amount_not_an_integer"),
            ("\" 1\"", "amount_not_an_integer"),
            ("\"1_000\"", "amount_not_an_integer"),
            ("\"NaN\"", "amount_not_an_integer"),
            ("null", "amount_not_an_integer"),
            ("true", "amount_not_an_integer"),
            ("[1]", "amount_not_an_integer"),
            ("{}", "amount_not_an_integer"),
        ];
        for (json, expected) in table {
            let value = crate::json::parse(json.as_bytes()).unwrap();
            let found = match Amount::from_json(&value, Currency::EUR) {
                Ok(amount) => amount.minor().to_string(),
                Err(error) => error.code().to_owned(),
            };
            assert_eq!(found, expected, "{json}");
        }
        assert_eq!(crate::json::parse(b"NaN").unwrap_err().code(), "json_syntax");
    }

    #[test]
    fn sums_and_differences_stay_in_range_and_in_one_currency() {
        let usd = Amount::from_minor(1, Currency::USD).unwrap();
        let max = eur(Amount::MINOR_MAX);
        let table = [
            (eur(2).checked_add(eur(3)), "5 minor EUR"),
            (eur(2).checked_add(usd), "currency_mismatch"),
            (max.checked_add(eur(0)), "9223372036854775807 minor EUR"),
            (max.checked_add(eur(1)), "amount_too_large"),
            (eur(3).checked_sub(eur(3)), "0 minor EUR"),
            (eur(3).checked_sub(eur(4)), "amount_negative"),
            // The currency is looked at before the size.
            (Amount::zero(Currency::EUR).checked_sub(usd), "currency_mismatch"),
        ];
        for (found, expected) in table {
            let found = found.map_or_else(|e| e.code().to_owned(), |amount| format!("{amount:?}"));
            assert_eq!(found, expected);
        }
        assert_eq!(Amount::from_minor(u64::MAX, Currency::EUR).unwrap_err().code(), "amount_too_large");
        assert!(Amount::zero(Currency::JPY).is_zero());
    }
}
