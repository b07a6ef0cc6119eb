//! Why an amount was refused.

use super::{Amount, Currency};
use crate::advice::{Report, Sentence, behind_one_pointer, reported};
use crate::json::quoted;
use crate::prelude::*;

behind_one_pointer! {
    /// Why an amount was refused: one pointer, because every sum has room for it.
    pub struct Error of ErrorKind;
}

/// What is wrong with an amount. Variants stand in order of precedence.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum ErrorKind {
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
    /// Not a plain decimal in major units.
    NotADecimal {
        /// What was given, shortened.
        found: String,
    },
    /// More decimals than the currency has.
    TooManyDecimals {
        /// What was given, shortened.
        found: String,
        /// The currency it was to be an amount of.
        currency: Currency,
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
    /// A split into no parts, or into more than [`PARTS_MAX`](super::PARTS_MAX).
    WrongParts {
        /// Parts asked for.
        found: usize,
        /// Parts allowed.
        limit: usize,
    },
    /// A split whose weights are all zero.
    NoWeight,
    /// Not a positive decimal of at most 18 digits.
    #[cfg(feature = "rates")]
    InvalidRate {
        /// What was given, shortened.
        found: String,
    },
    /// A rate other than one between a currency and itself.
    #[cfg(feature = "rates")]
    SameCurrency {
        /// The currency.
        currency: Currency,
        /// The rate.
        rate: String,
    },
    /// The exact product of amount and rate does not fit 96 bits.
    #[cfg(feature = "rates")]
    TooManyDigits {
        /// What was to be converted.
        amount: Amount,
        /// The rate.
        rate: String,
    },
}

impl Error {
    pub(super) fn unknown_currency(found: &str) -> Self {
        ErrorKind::UnknownCurrency { found: shortened(found) }.into()
    }

    pub(super) fn not_an_integer(found: &str) -> Self {
        ErrorKind::NotAnInteger { found: quoted(&shortened(found)) }.into()
    }

    pub(super) fn not_a_decimal(found: &str) -> Self {
        ErrorKind::NotADecimal { found: shortened(found) }.into()
    }

    pub(super) fn too_many_decimals(found: &str, currency: Currency) -> Self {
        ErrorKind::TooManyDecimals { found: shortened(found), currency }.into()
    }

    #[cfg(feature = "rates")]
    pub(super) fn invalid_rate(found: &str) -> Self {
        ErrorKind::InvalidRate { found: shortened(found) }.into()
    }

    pub(super) fn too_large(found: &str) -> Self {
        ErrorKind::TooLarge { found: shortened(found) }.into()
    }
}

/// Hostile input may be megabytes long; a message shows its beginning.
fn shortened(text: &str) -> String {
    const SHOWN_MAX: usize = 40;
    text.chars().take(SHOWN_MAX).collect()
}

impl Error {
    /// What is said of each code.
    pub(crate) const SENTENCES: &'static [Sentence] = &[
        (
            "currency_unknown",
            "{\"found\"} is not a currency of ISO 4217: expected three upper-case letters such as EUR",
        ),
        (
            "amount_not_an_integer",
            "{found} is not an amount: expected minor units as plain digits, without sign, fraction or space",
        ),
        (
            "amount_not_a_decimal",
            "{\"found\"} is not an amount: expected major units as a plain decimal such as 12.34, without sign, \
             space, separator or exponent",
        ),
        (
            "amount_too_many_decimals",
            "{found} has more decimals than {currency}, which has {expected}: check the currency, or round first",
        ),
        (
            "amount_unsafe_number",
            "the number {found} is beyond 9007199254740991, where JSON readers begin to round: send it as a string \
             of digits",
        ),
        ("amount_too_large", "{found} is too large: at most 9223372036854775807 minor units are kept"),
        ("currency_mismatch", "amounts in {expected} and {found} cannot be combined: convert one first"),
        (
            "amount_negative",
            "{found} minor {currency} is more than {expected} minor {currency}: an amount is never negative",
        ),
        ("split_wrong_parts", "an amount cannot be split into {found} parts: expected 1 to {limit}"),
        ("split_no_weight", "every weight of the split is zero: at least one part must take something"),
        #[cfg(feature = "rates")]
        (
            "fx_invalid_rate",
            "{\"found\"} is not an exchange rate: expected a positive plain decimal of at most 18 digits such as \
             1.08085",
        ),
        #[cfg(feature = "rates")]
        (
            "fx_same_currency",
            "{currency} was to be converted into itself at {found}: leave the amount as it is, or mend the currency",
        ),
        #[cfg(feature = "rates")]
        (
            "fx_too_many_digits",
            "{amount} minor {currency} at {rate} has too many digits to stay exact: convert in parts or use a \
             shorter rate",
        ),
    ];

    fn table(&self) -> Report {
        match self.kind() {
            ErrorKind::UnknownCurrency { found } => Report::new("currency_unknown").fact("found", found),
            ErrorKind::NotAnInteger { found } => Report::new("amount_not_an_integer").fact("found", found),
            ErrorKind::NotADecimal { found } => Report::new("amount_not_a_decimal").fact("found", found),
            ErrorKind::TooManyDecimals { found, currency } => Report::new("amount_too_many_decimals")
                .number("expected", u64::from(currency.exponent()))
                .fact("found", found)
                .fact("currency", currency.code()),
            ErrorKind::UnsafeNumber { found } => Report::new("amount_unsafe_number").fact("found", found),
            ErrorKind::TooLarge { found } => Report::new("amount_too_large").fact("found", found),
            ErrorKind::CurrencyMismatch { expected, found } => {
                Report::new("currency_mismatch").fact("expected", expected.code()).fact("found", found.code())
            }
            ErrorKind::Negative { minuend, subtrahend } => Report::new("amount_negative")
                .number("expected", minuend.minor())
                .number("found", subtrahend.minor())
                .fact("currency", minuend.currency().code()),
            ErrorKind::WrongParts { found, limit } => {
                Report::new("split_wrong_parts").count("found", *found).count("limit", *limit)
            }
            ErrorKind::NoWeight => Report::new("split_no_weight"),
            #[cfg(feature = "rates")]
            ErrorKind::InvalidRate { found } => Report::new("fx_invalid_rate").fact("found", found),
            #[cfg(feature = "rates")]
            ErrorKind::SameCurrency { currency, rate } => {
                Report::new("fx_same_currency").fact("currency", currency.code()).fact("found", rate)
            }
            #[cfg(feature = "rates")]
            ErrorKind::TooManyDigits { amount, rate } => Report::new("fx_too_many_digits")
                .number("amount", amount.minor())
                .fact("rate", rate)
                .fact("currency", amount.currency().code()),
        }
        .say_quoting_from(Self::SENTENCES, quoted)
    }
}

reported!(Error);

#[cfg(all(test, feature = "rates"))]
mod tests {
    use super::*;
    use crate::advice::{Advice, Diagnose};

    #[test]
    fn every_message_says_what_was_found_what_was_expected_and_what_to_do() {
        let eur = |minor| Amount::from_minor(minor, Currency::EUR).unwrap();
        let errors = [
            Error::unknown_currency("eur"),
            Error::not_an_integer("1.5"),
            Error::not_a_decimal("1,50"),
            Error::too_many_decimals("12.345", Currency::EUR),
            Error::from(ErrorKind::UnsafeNumber { found: "9007199254740992".to_owned() }),
            Error::too_large("9223372036854775808"),
            Error::from(ErrorKind::CurrencyMismatch { expected: Currency::EUR, found: Currency::USD }),
            Error::from(ErrorKind::Negative { minuend: eur(5), subtrahend: eur(7) }),
            Error::from(ErrorKind::WrongParts { found: 0, limit: super::super::PARTS_MAX }),
            Error::from(ErrorKind::NoWeight),
            Error::invalid_rate("0"),
            Error::from(ErrorKind::SameCurrency { currency: Currency::EUR, rate: "1.08".to_owned() }),
            Error::from(ErrorKind::TooManyDigits { amount: eur(7), rate: "1.5".to_owned() }),
        ];
        let shown: Vec<String> =
            errors.iter().map(|e| format!("{}: {e} {:?}", e.code(), e.details())).collect();
        insta::assert_snapshot!(shown.join("\n"), @r#"
        currency_unknown: "eur" is not a currency of ISO 4217: expected three upper-case letters such as EUR [("found", "eur")]
        amount_not_an_integer: "1.5" is not an amount: expected minor units as plain digits, without sign, fraction or space [("found", "\"1.5\"")]
        amount_not_a_decimal: "1,50" is not an amount: expected major units as a plain decimal such as 12.34, without sign, space, separator or exponent [("found", "1,50")]
        amount_too_many_decimals: 12.345 has more decimals than EUR, which has 2: check the currency, or round first [("expected", "2"), ("found", "12.345"), ("currency", "EUR")]
        amount_unsafe_number: the number 9007199254740992 is beyond 9007199254740991, where JSON readers begin to round: send it as a string of digits [("found", "9007199254740992")]
        amount_too_large: 9223372036854775808 is too large: at most 9223372036854775807 minor units are kept [("found", "9223372036854775808")]
        currency_mismatch: amounts in EUR and USD cannot be combined: convert one first [("expected", "EUR"), ("found", "USD")]
        amount_negative: 7 minor EUR is more than 5 minor EUR: an amount is never negative [("expected", "5"), ("found", "7"), ("currency", "EUR")]
        split_wrong_parts: an amount cannot be split into 0 parts: expected 1 to 10000 [("found", "0"), ("limit", "10000")]
        split_no_weight: every weight of the split is zero: at least one part must take something []
        fx_invalid_rate: "0" is not an exchange rate: expected a positive plain decimal of at most 18 digits such as 1.08085 [("found", "0")]
        fx_same_currency: EUR was to be converted into itself at 1.08: leave the amount as it is, or mend the currency [("currency", "EUR"), ("found", "1.08")]
        fx_too_many_digits: 7 minor EUR at 1.5 has too many digits to stay exact: convert in parts or use a shorter rate [("amount", "7"), ("rate", "1.5"), ("currency", "EUR")]
        "#);
        assert!(errors.iter().all(|error| error.advice() == Advice::FixCall));
    }

    #[test]
    fn a_message_never_repeats_megabytes_of_hostile_input() {
        let long = "9".repeat(1 << 20);
        for error in [Error::too_large(&long), Error::not_a_decimal(&long), Error::invalid_rate(&long)] {
            assert!(error.to_string().len() < 300, "{error}");
        }
    }
}
