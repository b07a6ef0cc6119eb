//! ISO 4217: which currencies there are and how many decimals each has.

use super::Error;
use super::iso4217::TABLE;

/// A currency of ISO 4217 with its exponent. Cannot be made from an unknown code.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Currency {
    code: [u8; 3],
    exponent: u8,
}

impl Currency {
    /// Swiss franc, two decimals.
    pub const CHF: Self = Self { code: *b"CHF", exponent: 2 };
    /// Euro, two decimals.
    pub const EUR: Self = Self { code: *b"EUR", exponent: 2 };
    /// Pound sterling, two decimals.
    pub const GBP: Self = Self { code: *b"GBP", exponent: 2 };
    /// Yen, no decimals.
    pub const JPY: Self = Self { code: *b"JPY", exponent: 0 };
    /// Kuwaiti dinar, three decimals.
    pub const KWD: Self = Self { code: *b"KWD", exponent: 3 };
    /// US dollar, two decimals.
    pub const USD: Self = Self { code: *b"USD", exponent: 2 };

    /// The currency of an upper-case code such as `EUR`.
    ///
    /// # Errors
    ///
    /// [`UnknownCurrency`](super::ErrorKind::UnknownCurrency), also for lower case: dialects that write it so convert
    /// first.
    pub fn parse(code: &str) -> Result<Self, Error> {
        let known = code.as_bytes().try_into().ok().and_then(Self::of_code);
        known.ok_or_else(|| Error::unknown_currency(code))
    }

    /// The currency of a code in upper case, for who has no use for an error.
    pub(crate) fn of_code(code: [u8; 3]) -> Option<Self> {
        // As numbers, which are in the order of the letters.
        let number = |[first, second, third]: [u8; 3]| u32::from_be_bytes([0, first, second, third]);
        let index = TABLE.binary_search_by_key(&number(code), |(known, _)| number(*known)).ok()?;
        TABLE.get(index).map(|row| Self::from_row(*row))
    }

    /// Every currency known, in the order of the codes.
    pub fn all() -> impl Iterator<Item = Self> {
        TABLE.iter().map(|row| Self::from_row(*row))
    }

    const fn from_row((code, exponent): ([u8; 3], u8)) -> Self {
        Self { code, exponent }
    }

    /// The code, three upper-case letters.
    #[must_use]
    pub fn code(&self) -> &str {
        core::str::from_utf8(&self.code).unwrap_or_default()
    }

    /// Number of decimals of the major unit: 2 for EUR, 0 for JPY, 3 for KWD. At most 3.
    #[must_use]
    pub const fn exponent(self) -> u8 {
        self.exponent
    }

    /// How many minor units make one of the major: 100 for EUR, 1 for JPY.
    #[cfg(any(feature = "reconcile", test))]
    pub(crate) const fn minor_units(self) -> u16 {
        match self.exponent {
            0 => 1,
            1 => 10,
            2 => 100,
            _ => 1_000,
        }
    }
}

impl core::fmt::Display for Currency {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.write_str(self.code())
    }
}

impl core::fmt::Debug for Currency {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.write_str(self.code())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_code_is_found_exactly_as_the_standard_writes_it_or_not_at_all() {
        for (code, _) in TABLE {
            let code = core::str::from_utf8(code).unwrap();
            let currency = Currency::parse(code).unwrap();
            assert_eq!(currency.code(), code);
            assert_eq!(currency.minor_units(), 10_u16.pow(currency.exponent().into()));
        }
        for unknown in ["", "EU", "EURO", "eur", "Eur", " EUR", "EUR ", "ÉUR", "EU\0", "XXX", "AAA", "ZZZ"] {
            assert_eq!(Currency::parse(unknown), Err(Error::unknown_currency(unknown)), "{unknown:?}");
        }
        assert_eq!(Currency::all().count(), TABLE.len());
    }

    #[test]
    fn the_constants_agree_with_the_table() {
        use Currency as C;
        for constant in [C::CHF, C::EUR, C::GBP, C::JPY, C::KWD, C::USD] {
            assert_eq!(Currency::parse(constant.code()), Ok(constant));
        }
    }
}
