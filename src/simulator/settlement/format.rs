//! The formats a settlement report can be had in.

use super::super::Error;

/// In whose columns a settlement report is written.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(in crate::simulator) enum Format {
    /// Those of the contract.
    #[default]
    Generic,
    /// Stripe's itemized payout reconciliation, which knows automatic payouts only.
    Stripe,
    /// Stripe's itemized balance change, which has the same columns for everything.
    StripeBalance,
    /// Adyen's settlement details.
    Adyen,
}

const FORMATS: [(&str, Format); 4] = [
    ("generic", Format::Generic),
    ("stripe", Format::Stripe),
    ("stripe-balance", Format::StripeBalance),
    ("adyen", Format::Adyen),
];

impl Format {
    /// The format of a name.
    ///
    /// # Errors
    ///
    /// [`Error::ParameterInvalid`].
    pub(in crate::simulator) fn parse(name: &str) -> Result<Self, Error> {
        let found = FORMATS.iter().find(|(known, _)| *known == name).map(|(_, format)| *format);
        let expected = "generic, stripe, stripe-balance or adyen";
        found.ok_or(Error::ParameterInvalid { parameter: "format", expected })
    }
}
