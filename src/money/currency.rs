//! ISO 4217: which currencies there are and how many decimals each has.

use super::Error;

/// A currency of ISO 4217 with its exponent. Cannot be made from an unknown code.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Currency {
    code: [u8; 3],
    exponent: u8,
}

impl Currency {
    /// The currency of an upper-case code such as `EUR`.
    ///
    /// # Errors
    ///
    /// [`Error::UnknownCurrency`], also for lower case: dialects that write it so convert first.
    pub fn parse(code: &str) -> Result<Self, Error> {
        TABLE
            .iter()
            .find(|(known, _)| *known == code)
            .and_then(|(known, exponent)| {
                let code = <[u8; 3]>::try_from(known.as_bytes()).ok()?;
                Some(Self { code, exponent: *exponent })
            })
            .ok_or_else(|| Error::unknown_currency(code))
    }

    /// The code, three upper-case letters.
    #[must_use]
    pub fn code(&self) -> &str {
        core::str::from_utf8(&self.code).unwrap_or_default()
    }

    /// Number of decimals of the major unit: 2 for EUR, 0 for JPY, 3 for KWD.
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

/// Code and exponent.
const TABLE: &[(&str, u8)] = &[("EUR", 2), ("GBP", 2), ("JPY", 0), ("KWD", 3), ("USD", 2)];
