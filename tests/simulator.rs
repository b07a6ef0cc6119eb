//! The gateway through its public door: requests in, answers, webhooks and reports out.

#![cfg(feature = "simulator")]
#![expect(clippy::unwrap_used, reason = "a test that cannot read an answer has failed")]

#[path = "simulator/both.rs"]
mod both;
#[path = "simulator/driver.rs"]
mod driver;
#[path = "simulator/faults.rs"]
mod faults;
#[path = "simulator/histories.rs"]
mod histories;
#[path = "simulator/native.rs"]
mod native;
#[path = "simulator/schema.rs"]
mod schema;
#[path = "simulator/stripe.rs"]
mod stripe;
#[path = "simulator/wallets.rs"]
mod wallets;
#[path = "simulator/webhooks.rs"]
mod webhooks;
