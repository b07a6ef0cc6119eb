//! Why an amount was refused.

use super::{Amount, Currency};
use crate::advice::{Advice, Detail, Diagnose};
use crate::json::{SAFE_INTEGER_MAX, quoted};

/// Why an amount was refused. Variants stand in order of precedence.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Error {
    /// The code is not in ISO 4217.
    UnknownCurrency {
        /// What was given, shortened.
        found: String,
    },
    /// Not a non-negative whole number in plain digits.
    NotAnInteger {
        /// What was given, shortened.
        found: String,
    },
    /// A JSON number beyond 2^53 - 1, which other readers would round.
    UnsafeNumber {
        /// The number as it was written.
        found: String,
    },
    /// Beyond [`Amount::MINOR_MAX`].
    TooLarge {
        /// What was given, shortened.
        found: String,
    },
    /// Two currencies met where one was needed.
    CurrencyMismatch {
        /// Currency of the first amount.
        expected: Currency,
        /// Currency of the second.
        found: Currency,
    },
    /// More was to be taken away than there is.
    Negative {
        /// What there is.
        minuend: Amount,
        /// What was to be taken away.
        subtrahend: Amount,
    },
}

impl Error {
    pub(super) fn unknown_currency(found: &str) -> Self {
        Self::UnknownCurrency { found: shortened(found) }
    }

    pub(super) fn not_an_integer(found: &str) -> Self {
        Self::NotAnInteger { found: quoted(&shortened(found)) }
    }

    pub(super) fn too_large(found: &str) -> Self {
        Self::TooLarge { found: shortened(found) }
    }
}

/// Hostile input may be megabytes long; a message shows its beginning.
fn shortened(text: &str) -> String {
    const SHOWN_MAX: usize = 40;
    text.chars().take(SHOWN_MAX).collect()
}

impl core::fmt::Display for Error {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        match self {
            Self::UnknownCurrency { found } => write!(
                f,
                "{} is not a currency of ISO 4217: expected three upper-case letters such as EUR",
                quoted(found)
            ),
            Self::NotAnInteger { found } => write!(
                f,
                "{found} is not an amount: expected minor units as plain digits, without sign, fraction or space"
            ),
            Self::UnsafeNumber { found } => write!(
                f,
                "the number {found} is beyond {SAFE_INTEGER_MAX}, where JSON readers begin to round: \
                 send it as a string of digits"
            ),
            Self::TooLarge { found } => {
                write!(f, "{found} minor units are too many: at most {} are kept", Amount::MINOR_MAX)
            }
            Self::CurrencyMismatch { expected, found } => {
                write!(f, "amounts in {expected} and {found} cannot be combined: convert one first")
            }
            Self::Negative { minuend, subtrahend } => {
                write!(f, "{subtrahend:?} is more than {minuend:?}: an amount is never negative")
            }
        }
    }
}

impl core::error::Error for Error {}

impl Diagnose for Error {
    fn code(&self) -> &'static str {
        match self {
            Self::UnknownCurrency { .. } => "currency_unknown",
            Self::NotAnInteger { .. } => "amount_not_an_integer",
            Self::UnsafeNumber { .. } => "amount_unsafe_number",
            Self::TooLarge { .. } => "amount_too_large",
            Self::CurrencyMismatch { .. } => "currency_mismatch",
            Self::Negative { .. } => "amount_negative",
        }
    }

    fn advice(&self) -> Advice {
        Advice::FixCall
    }

    fn details(&self) -> Vec<Detail> {
        match self {
            Self::UnknownCurrency { found }
            | Self::NotAnInteger { found }
            | Self::UnsafeNumber { found }
            | Self::TooLarge { found } => vec![("found", found.clone())],
            Self::CurrencyMismatch { expected, found } => {
                vec![("expected", expected.to_string()), ("found", found.to_string())]
            }
            Self::Negative { minuend, subtrahend } => {
                vec![("expected", minuend.minor().to_string()), ("found", subtrahend.minor().to_string())]
            }
        }
    }
}
