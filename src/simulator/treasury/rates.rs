//! One table of rates, which never moves: what is converted there and back is off by rounding and fees alone.
//!
//! A rate between two currencies is the quotient of their prices in US dollars, rounded half up to nine decimals; the
//! rounded rate is the true one from then on, and conversions at it are exact before they are rounded.

use super::Error;
use crate::money::{Amount, Currency, Rate as Exact, Rounding, convert};
use crate::prelude::*;

/// Parts of one in which rates are counted.
const NANO: u64 = 1_000_000_000;

/// What one major unit costs, in billionths of a US dollar.
const PRICES: &[(&str, u64)] = &[
    ("AUD", 652_000_000),
    ("BRL", 184_000_000),
    ("CAD", 711_000_000),
    ("CHF", 1_241_000_000),
    ("CZK", 47_600_000),
    ("DKK", 155_100_000),
    ("EUR", 1_158_000_000),
    ("GBP", 1_312_000_000),
    ("HKD", 128_500_000),
    ("HUF", 3_020_000),
    ("INR", 11_280_000),
    ("JPY", 6_410_000),
    ("KRW", 684_000),
    ("KWD", 3_258_000_000),
    ("MXN", 54_300_000),
    ("NOK", 98_700_000),
    ("NZD", 564_000_000),
    ("PLN", 273_400_000),
    ("SEK", 105_300_000),
    ("SGD", 767_000_000),
    ("USD", NANO),
];

/// An exchange rate, in billionths.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::simulator) struct Rate(u64);

impl Rate {
    /// The rate between two currencies; `None` where one of them has no price here.
    pub(super) fn between(from: Currency, to: Currency) -> Option<Self> {
        let (from, to) = (u128::from(price(from)?), u128::from(price(to)?));
        let rounded = from.saturating_mul(u128::from(NANO)).saturating_add(to / 2).checked_div(to)?;
        u64::try_from(rounded).ok().filter(|rate| *rate > 0).map(Self)
    }

    /// The rate, `ppm` millionths higher.
    pub(in crate::simulator) fn raised(self, ppm: u64) -> Self {
        let more = u128::from(self.0).saturating_mul(u128::from(ppm)) / 1_000_000;
        Self(self.0.saturating_add(u64::try_from(more).unwrap_or_default().max(1)))
    }

    /// The amount in another currency, a half to the even neighbour.
    ///
    /// # Errors
    ///
    /// [`Error::TooLarge`].
    pub(in crate::simulator) fn convert(
        self,
        minor: u64,
        from: Currency,
        to: Currency,
    ) -> Result<u64, Error> {
        let amount = Amount::from_minor(minor, from).map_err(|_| Error::TooLarge)?;
        let rate = Exact::parse(&self.to_string()).map_err(|_| Error::TooLarge)?;
        let done = convert(amount, to, &rate, Rounding::HalfEven).map_err(|_| Error::TooLarge)?;
        Ok(done.converted.minor())
    }
}

/// A plain decimal without superfluous zeros, which is also a JSON number.
impl core::fmt::Display for Rate {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        let text = format!("{}.{:09}", self.0 / NANO, self.0 % NANO);
        f.write_str(text.trim_end_matches('0').trim_end_matches('.'))
    }
}

fn price(currency: Currency) -> Option<u64> {
    PRICES.iter().find(|(code, _)| *code == currency.code()).map(|(_, price)| *price)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn amounts_are_converted_at_the_rate_that_is_shown() {
        // minor units, from, to, rate, minor units
        let table = [
            (1_000, "EUR", "USD", "1.158", 1_158),
            (1_000, "USD", "EUR", "0.863557858", 864),
            (1_000, "JPY", "USD", "0.00641", 641),
            (1_000, "USD", "JPY", "156.00624025", 1_560),
            (1_000, "KWD", "USD", "3.258", 326),
            (1_000, "USD", "KWD", "0.306936771", 3_069),
        ];
        for (minor, from, to, rate, expected) in table {
            let (from, to) = (Currency::parse(from).unwrap(), Currency::parse(to).unwrap());
            let found = Rate::between(from, to).unwrap();
            assert_eq!((found.to_string().as_str(), found.convert(minor, from, to)), (rate, Ok(expected)));
        }
        assert_eq!(Rate::between(Currency::parse("XAF").unwrap(), Currency::USD), None);
    }

    #[test]
    fn the_table_is_sorted_and_every_code_is_a_currency() {
        assert!(PRICES.windows(2).all(|pair| pair[0].0 < pair[1].0));
        assert!(PRICES.iter().all(|(code, _)| Currency::parse(code).is_ok()));
    }

    #[test]
    fn an_amount_too_large_to_be_converted_exactly_is_refused() {
        let rate = Rate::between(Currency::JPY, Currency::KWD).unwrap();
        assert_eq!(rate.convert(Amount::MINOR_MAX, Currency::KWD, Currency::KWD), Err(Error::TooLarge));
    }
}
