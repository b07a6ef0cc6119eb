//! The formats that are read, by the names callers pass.

use crate::prelude::*;

/// A format.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Format {
    /// `generic`: a settlement report in the columns of the contract, or of a mapping.
    Generic,
    /// `stripe`: Stripe's itemised reports and its export of balance transactions.
    Stripe,
    /// `adyen`: Adyen's settlement details.
    Adyen,
    /// `paypal`: PayPal's settlement report and transaction detail report.
    PayPal,
    /// `braintree`: Braintree's transaction-level fee report.
    Braintree,
    /// `square`: the payout entries of Square's API, as JSON.
    Square,
    /// `shopify`: the transactions of Shopify Payments, as the admin exports them.
    Shopify,
    /// `shopify-json`: the same as the API gives them.
    ShopifyJson,
    /// `mollie`: Mollie's settlement report.
    Mollie,
    /// `csv`: a bank statement in the columns of the contract, or of a mapping.
    BankCsv,
    /// `camt.053`: ISO 20022, bank to customer statement; also 052, the report during the day.
    Camt053,
    /// `camt.054`: ISO 20022, debit and credit notification.
    Camt054,
    /// `mt940`: SWIFT customer statement; also 942, the report during the day.
    Mt940,
    /// `bai2`: BAI version 2 cash management.
    Bai2,
    /// `ofx`: Open Financial Exchange, 1.x in SGML and 2.x in XML.
    Ofx,
}

/// What the lines of a format are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Side {
    /// Lines of a provider.
    Settlement,
    /// Entries of a bank account.
    Bank,
}

impl Format {
    /// All of them with their names.
    pub const ALL: [(Self, &'static str); 15] = [
        (Self::Generic, "generic"),
        (Self::Stripe, "stripe"),
        (Self::Adyen, "adyen"),
        (Self::PayPal, "paypal"),
        (Self::Braintree, "braintree"),
        (Self::Square, "square"),
        (Self::Shopify, "shopify"),
        (Self::ShopifyJson, "shopify-json"),
        (Self::Mollie, "mollie"),
        (Self::BankCsv, "csv"),
        (Self::Camt053, "camt.053"),
        (Self::Camt054, "camt.054"),
        (Self::Mt940, "mt940"),
        (Self::Bai2, "bai2"),
        (Self::Ofx, "ofx"),
    ];

    /// Its name.
    #[must_use]
    pub fn name(self) -> &'static str {
        Self::ALL.iter().find(|(format, _)| *format == self).map_or("", |(_, name)| name)
    }

    /// The format of a name.
    #[must_use]
    pub fn parse(name: &str) -> Option<Self> {
        Self::ALL.iter().find(|(_, known)| *known == name).map(|(format, _)| *format)
    }

    /// All names, for an error.
    #[must_use]
    pub fn names() -> String {
        Self::ALL.map(|(_, name)| name).join(", ")
    }

    /// What its lines are.
    #[must_use]
    pub const fn side(self) -> Side {
        match self {
            Self::Generic
            | Self::Stripe
            | Self::Adyen
            | Self::PayPal
            | Self::Braintree
            | Self::Square
            | Self::Shopify
            | Self::ShopifyJson
            | Self::Mollie => Side::Settlement,
            Self::BankCsv | Self::Camt053 | Self::Camt054 | Self::Mt940 | Self::Bai2 | Self::Ofx => {
                Side::Bank
            }
        }
    }
}
