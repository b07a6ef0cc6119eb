//! Billing: what customers owe again and again, and how it is collected.
//!
//! Everything here goes by the time of the customer, which is that of its test clock where it has one. What happens by
//! itself is told by [`next_of_clock`] for clocks, and arranged with the gateway's own timers for everybody else.
//!
//! `subscription`, `invoice`, `invoice_item` and `invoice_payment` hold the objects, `subscribe` and `invoices` the
//! routes, `cycle` what happens as time passes, and `collect` how an invoice is finalized and paid.

mod change;
mod collect;
mod cycle;
mod invoice;
mod invoice_item;
mod invoice_payment;
mod invoices;
mod items;
mod line;
mod proration;
mod searches;
mod subscribe;
mod subscription;

use alloc::collections::BTreeMap;

pub(super) use collect::follow_payment;
pub(super) use cycle::{Turn, end_of_clock, end_of_customer, next_of_clock, reach_of_clock, run};
pub(super) use invoice::Invoice;
pub(super) use invoice_item::{InvoiceItem, ROUTES as INVOICE_ITEMS};
pub(super) use invoice_payment::{InvoicePayment, ROUTES as INVOICE_PAYMENTS};
pub(super) use invoices::ROUTES as INVOICES;
pub(super) use items::{ROUTES as SUBSCRIPTION_ITEMS, refresh_price};
pub(super) use subscribe::ROUTES as SUBSCRIPTIONS;
pub(super) use subscription::Subscription;

/// What is looked up often.
#[derive(Clone, Debug, Default)]
pub(super) struct Register {
    /// The payments of invoices by their payment intents.
    payments: BTreeMap<usize, usize>,
}
