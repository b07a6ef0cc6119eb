//! The Stripe dialect, answer by answer.

#![allow(
    clippy::arithmetic_side_effects,
    clippy::indexing_slicing,
    reason = "a member that is not there reads as null, and nothing here counts far"
)]

#[path = "stripe/afterlives.rs"]
mod afterlives;
#[path = "stripe/aftermath.rs"]
mod aftermath;
#[path = "stripe/billing.rs"]
mod billing;
#[path = "stripe/catalogue.rs"]
mod catalogue;
#[path = "stripe/customers.rs"]
mod customers;
#[path = "stripe/direct_charges.rs"]
mod direct_charges;
#[path = "stripe/histories.rs"]
mod histories;
#[path = "stripe/money.rs"]
mod money;
#[path = "stripe/payments.rs"]
mod payments;
#[path = "stripe/payouts.rs"]
mod payouts;
#[path = "stripe/replays.rs"]
mod replays;
#[path = "stripe/reports.rs"]
mod reports;
#[path = "stripe/same_bytes.rs"]
mod same_bytes;
#[path = "stripe/shares.rs"]
mod shares;
#[path = "stripe/shop.rs"]
pub(super) mod shop;
#[path = "stripe/wanderings.rs"]
mod wanderings;
