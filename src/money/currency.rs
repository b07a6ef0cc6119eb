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
        TABLE
            .binary_search_by(|(known, _)| known.as_slice().cmp(code.as_bytes()))
            .ok()
            .and_then(|index| TABLE.get(index))
            .map(|row| Self::from_row(*row))
            .ok_or_else(|| Error::unknown_currency(code))
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
            assert_eq!(Currency::parse(code).unwrap().code(), code);
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
