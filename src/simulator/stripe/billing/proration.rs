//! What changes in the middle of a period is charged for the rest of it, and what it replaces is given back, to the
//! second and rounded once.
//!
//! Source: <https://docs.stripe.com/billing/subscriptions/prorations>.

use super::super::products::Product;
use super::super::refusal::Result;
use super::super::work::Work;
use super::invoice_item::{self, InvoiceItem};
use super::subscription::{Item, Subscription};
use crate::calendar::rfc3339;
use crate::money::Currency;
use crate::prelude::*;
use crate::time::Timestamp;

/// The part of an amount that belongs to the rest of a period, in minor units, rounded half up.
pub(super) fn rest_of(amount: u64, (start, end): (Timestamp, Timestamp), at: Timestamp) -> u64 {
    let whole = u128::from(end.since(start).get());
    let rest = u128::from(end.since(at.max(start)).get());
    let doubled = u128::from(amount).saturating_mul(rest).saturating_mul(2).saturating_add(whole);
    let rounded = doubled.checked_div(whole.saturating_mul(2)).unwrap_or(0);
    u64::try_from(rounded).unwrap_or(u64::MAX)
}

/// Gives the rest of `old` back and charges the rest of `new`, as two items that wait for the next invoice.
///
/// # Errors
///
/// A contradiction in the simulator.
pub(super) fn change(
    work: &mut Work<'_>,
    subscription: usize,
    (old, new): (Option<&Item>, Option<&Item>),
    at: Timestamp,
) -> Result<()> {
    let found = work.get::<Subscription>(subscription)?.clone();
    let period = (found.period_start, found.period_end);
    for (item, is_credit) in [(old, true), (new, false)] {
        let Some(item) = item else { continue };
        let amount = rest_of(item.price.unit_amount.saturating_mul(item.quantity), period, at);
        let minor = i64::try_from(amount).unwrap_or(i64::MAX);
        let product = work.get::<Product>(item.price.product)?.name.clone();
        let quantity =
            if item.quantity == 1 { String::new() } else { glued(&[&item.quantity.digits(), " × "]) };
        let what = if is_credit { "Unused time on " } else { "Remaining time on " };
        let description = glued(&[what, &quantity, &product, " after ", &day(at)]);
        add(work, &found, item, if is_credit { minor.saturating_neg() } else { minor }, (description, at))?;
    }
    Ok(())
}

fn add(
    work: &mut Work<'_>,
    subscription: &Subscription,
    item: &Item,
    amount: i64,
    (description, at): (String, Timestamp),
) -> Result<()> {
    let currency: Currency = subscription.currency;
    let number = invoice_item::add_proration(
        work,
        invoice_item::Proration {
            customer: subscription.customer,
            subscription: subscription.head.number,
            amount,
            currency,
            quantity: item.quantity,
            price: (item.price.head.number, item.price.product),
            description,
            period: (at, subscription.period_end),
        },
        at,
    )?;
    work.emit::<InvoiceItem>("invoiceitem.created", number)
}

/// A day as invoices have it: `10 Feb 2026`.
fn day(at: Timestamp) -> String {
    const MONTHS: [&str; 12] =
        ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];
    let text = rfc3339(at);
    let part = |from: usize, to: usize| text.get(from..to).unwrap_or_default();
    let month = part(5, 7).parse::<usize>().ok().and_then(|month| MONTHS.get(month.checked_sub(1)?));
    glued(&[part(8, 10), " ", month.copied().unwrap_or_default(), " ", part(0, 4)])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_rest_of_a_period_costs_its_share() {
        let second = |seconds| Timestamp::from_unix_seconds(seconds).unwrap();
        let period = (second(1_000), second(2_000));
        let table =
            [(1_000, 1_000, 1_000), (1_000, 1_500, 500), (999, 1_500, 500), (3, 1_500, 2), (1_000, 2_000, 0)];
        for (amount, at, expected) in table {
            assert_eq!(rest_of(amount, period, second(at)), expected, "{amount} at {at}");
        }
        assert_eq!(rest_of(5, (second(1), second(1)), second(1)), 0, "a period without length");
        assert_eq!(rest_of(5, period, second(0)), 5, "before the period");
    }

    #[test]
    fn days_are_written_out() {
        assert_eq!(day(Timestamp::from_unix_seconds(1_769_860_800).unwrap()), "31 Jan 2026");
    }
}
