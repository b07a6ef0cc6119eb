//! A fee is a share of the amount, rounded half up to the minor unit, and a fixed part; both follow from the country.
//!
//! The figures are those of published price lists for online card payments. Fixed parts are stated for currencies of
//! two decimals. A currency of three decimals has ten times as many minor units; one of none has as many.

use super::Error;
use crate::money::Currency;

/// How many hundredths of a percent make the whole.
const BASIS_POINTS: u128 = 10_000;

/// What the gateway keeps of a transaction, in minor units of the currency it is settled in.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(in crate::simulator) struct Fees {
    /// For processing a card payment.
    pub(in crate::simulator) processing: u64,
    /// For converting the amount into another currency.
    pub(in crate::simulator) conversion: u64,
    /// For handling a dispute.
    pub(in crate::simulator) dispute: u64,
    /// For the platform on which the payment was made.
    pub(in crate::simulator) application: u64,
}

impl Fees {
    /// All parts together.
    pub(in crate::simulator) const fn total(self) -> u64 {
        self.gateway().saturating_add(self.application)
    }

    /// The parts the gateway keeps itself.
    pub(in crate::simulator) const fn gateway(self) -> u64 {
        self.processing.saturating_add(self.conversion).saturating_add(self.dispute)
    }
}

/// What a transaction is charged for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::simulator) enum Pricing {
    /// Nothing.
    Free,
    /// A card payment.
    Card {
        /// Whether the card was issued in another country than the account's.
        international: bool,
    },
    /// A dispute.
    Dispute,
}

/// The price list of a country.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::simulator) struct Schedule {
    /// Share of a card payment in basis points.
    card: u64,
    /// Fixed part of a card payment.
    fixed: u64,
    /// Added for a card of another country, in basis points.
    international: u64,
    /// Added for a conversion, in basis points.
    conversion: u64,
    /// Of a dispute.
    dispute: u64,
}

const UNITED_STATES: Schedule =
    Schedule { card: 290, fixed: 30, international: 150, conversion: 100, dispute: 1_500 };

const EUROPE: Schedule =
    Schedule { card: 150, fixed: 25, international: 175, conversion: 200, dispute: 2_000 };

/// Countries with another list than the United States.
const SCHEDULES: &[(&str, Schedule)] = &[
    ("AT", EUROPE),
    ("AU", Schedule { card: 170, fixed: 30, international: 180, conversion: 200, dispute: 2_500 }),
    ("BE", EUROPE),
    ("DE", EUROPE),
    ("ES", EUROPE),
    ("FI", EUROPE),
    ("FR", EUROPE),
    ("GB", Schedule { card: 150, fixed: 20, international: 175, conversion: 200, dispute: 2_000 }),
    ("IE", EUROPE),
    ("IT", EUROPE),
    ("JP", Schedule { card: 360, fixed: 0, international: 0, conversion: 200, dispute: 1_300 }),
    ("NL", EUROPE),
    ("PT", EUROPE),
];

impl Schedule {
    /// The price list of a country, by its two upper-case letters.
    pub(super) fn of(country: &str) -> Self {
        let found = SCHEDULES.iter().find(|(code, _)| *code == country);
        found.map_or(UNITED_STATES, |(_, schedule)| *schedule)
    }

    /// The fees of a transaction of `minor` units, whatever its sign.
    ///
    /// # Errors
    ///
    /// [`Error::TooLarge`].
    pub(super) fn fees(
        &self,
        pricing: Pricing,
        minor: u64,
        currency: Currency,
        is_converted: bool,
    ) -> Result<Fees, Error> {
        let fixed = |part: u64| if currency.exponent() == 3 { part.saturating_mul(10) } else { part };
        let conversion = if is_converted { share(minor, self.conversion)? } else { 0 };
        Ok(match pricing {
            Pricing::Free => Fees::default(),
            Pricing::Dispute => Fees { dispute: fixed(self.dispute), ..Fees::default() },
            Pricing::Card { international } => {
                let added = if international { self.international } else { 0 };
                let processing = share(minor, self.card.saturating_add(added))?;
                Fees {
                    processing: processing.saturating_add(fixed(self.fixed)),
                    conversion,
                    ..Fees::default()
                }
            }
        })
    }
}

/// A share in basis points, rounded half up.
fn share(minor: u64, points: u64) -> Result<u64, Error> {
    let exact = u128::from(minor).saturating_mul(u128::from(points));
    let rounded = exact.saturating_add(BASIS_POINTS / 2) / BASIS_POINTS;
    u64::try_from(rounded).map_err(|_| Error::TooLarge)
}

#[cfg(test)]
mod tests {
    use super::*;

    const CARD: Pricing = Pricing::Card { international: false };
    const ABROAD: Pricing = Pricing::Card { international: true };

    #[test]
    fn the_fee_of_a_card_payment_follows_from_country_currency_and_card() {
        // country, currency, minor units, pricing, fee
        let table = [
            ("US", "USD", 10_000, CARD, 320),
            ("US", "USD", 1, CARD, 30),
            ("US", "USD", 17, CARD, 30),
            ("US", "USD", 18, CARD, 31),
            ("US", "USD", 50, CARD, 31),
            ("US", "USD", 51, CARD, 31),
            ("US", "USD", 52, CARD, 32),
            ("US", "USD", 10_000, ABROAD, 470),
            ("US", "JPY", 10_000, CARD, 320),
            ("US", "KWD", 10_000, CARD, 590),
            ("DE", "EUR", 10_000, CARD, 175),
            ("JP", "JPY", 10_000, CARD, 360),
            ("US", "USD", crate::json::SAFE_INTEGER_MAX, CARD, 261_208_778_387_489 + 30),
        ];
        for (country, currency, minor, pricing, expected) in table {
            let currency = Currency::parse(currency).unwrap();
            let fees = Schedule::of(country).fees(pricing, minor, currency, false).unwrap();
            assert_eq!(fees.total(), expected, "{country} {currency} {minor} {pricing:?}");
        }
    }

    #[test]
    fn a_dispute_has_a_fee_of_its_own_and_a_conversion_is_charged_with_the_card() {
        let schedule = Schedule::of("US");
        let dispute = schedule.fees(Pricing::Dispute, 10_000, Currency::USD, false).unwrap();
        assert_eq!((dispute.dispute, dispute.total()), (1_500, 1_500));
        let converted = schedule.fees(CARD, 10_000, Currency::USD, true).unwrap();
        assert_eq!((converted.processing, converted.conversion, converted.total()), (320, 100, 420));
        assert_eq!(schedule.fees(Pricing::Free, 10_000, Currency::USD, true).unwrap(), Fees::default());
    }
}
