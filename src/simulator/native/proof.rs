//! The gateway proves its own books: added up anew from the entries, from the accounts and from the payments.

use alloc::collections::BTreeMap;

use super::super::books::{OWN, Totals};
use super::super::treasury::Source;
use super::super::world::World;
use crate::json::{ArrayWriter, ObjectWriter};
use crate::money::Currency;
use crate::prelude::*;
use crate::time::Timestamp;

/// The answer of `POST /api/reconcile`.
pub(super) fn reconciliation(world: &World, now: Timestamp) -> String {
    let proofs = proofs(world);
    let currencies = proofs.iter().fold(ArrayWriter::new(), |list, proof| {
        let totals = ObjectWriter::new()
            .raw("debits", &proof.totals.debits.to_string())
            .raw("credits", &proof.totals.credits.to_string());
        let row = ObjectWriter::new()
            .text("currency", proof.currency.code())
            .flag("balanced", proof.holds())
            .raw("totals", &totals.finish())
            .raw("captured", &proof.captured.to_string())
            .raw("refunded", &proof.refunded.to_string())
            .raw("fees", &proof.fees.to_string())
            .raw("difference", &proof.difference().to_string());
        list.raw(&row.finish())
    });
    ObjectWriter::new()
        .text("object", "reconciliation")
        .number("at", now.unix_ms())
        .flag("balanced", proofs.iter().all(Proof::holds))
        .raw("currencies", &currencies.finish())
        .finish()
}

/// What the gateway's own books say about themselves, in one currency.
#[derive(Debug)]
struct Proof {
    currency: Currency,
    /// Added up anew from all entries.
    totals: Totals,
    /// Whether the running totals of the accounts say the same.
    accounts_agree: bool,
    /// Sums over all payments, in minor units.
    captured: u128,
    refunded: u128,
    fees: u128,
    /// What the books hold for all merchants together.
    owed: i128,
    /// The sum of the net amounts of all transactions of the treasury.
    booked: i128,
    /// The part of it that payments and their refunds caused.
    paid: i128,
}

impl Proof {
    /// What the books owe the merchants beyond what the treasury says, and the treasury beyond what the payments say. Zero
    /// when all is well.
    fn difference(&self) -> i128 {
        let sum = |total: u128| i128::try_from(total).unwrap_or(i128::MAX);
        let expected = sum(self.captured).saturating_sub(sum(self.refunded)).saturating_sub(sum(self.fees));
        let beyond_treasury = self.owed.saturating_sub(self.booked);
        if beyond_treasury == 0 { self.paid.saturating_sub(expected) } else { beyond_treasury }
    }

    fn holds(&self) -> bool {
        self.totals.balance() == 0 && self.accounts_agree && self.difference() == 0
    }
}

const fn is_of_payments(source: Source) -> bool {
    matches!(source, Source::Payment(_) | Source::PaymentRefund(_))
}

/// Adds everything up anew, twice over: from the entries and from the payments.
fn proofs(world: &World) -> Vec<Proof> {
    let mut sums: BTreeMap<Currency, (u128, u128, u128)> = BTreeMap::new();
    for payment in &world.payments {
        let now = payment.now();
        let sum = sums.entry(payment.order.amount.currency()).or_default();
        sum.0 = sum.0.saturating_add(u128::from(now.captured));
        sum.1 = sum.1.saturating_add(u128::from(now.refunded));
        sum.2 = sum.2.saturating_add(u128::from(now.fee));
    }
    let mut nets: BTreeMap<Currency, (i128, i128)> = BTreeMap::new();
    for transaction in world.treasury.transactions() {
        let (net, of_payments) = (i128::from(transaction.net()), is_of_payments(transaction.source));
        let _ = sums.entry(transaction.currency).or_default();
        let sum = nets.entry(transaction.currency).or_default();
        sum.0 = sum.0.saturating_add(net);
        sum.1 = sum.1.saturating_add(if of_payments { net } else { 0 });
    }
    let (entries, accounts) = (world.books.recount(), world.books.totals());
    let own = |name: &str, currency: &Currency| {
        let account = world.books.account(name).and_then(|account| account.totals.get(currency));
        account.map_or(0, |totals| totals.balance())
    };
    sums.into_iter()
        .map(|(currency, (captured, refunded, fees))| Proof {
            currency,
            totals: entries.get(&currency).copied().unwrap_or_default(),
            accounts_agree: entries.get(&currency) == accounts.get(&currency),
            captured,
            refunded,
            fees,
            // All balances together are zero, so what is not ours is the merchants'.
            booked: nets.get(&currency).map_or(0, |(booked, _)| *booked),
            paid: nets.get(&currency).map_or(0, |(_, paid)| *paid),
            owed: OWN.iter().fold(0_i128, |owed, name| owed.saturating_sub(own(name, &currency))),
        })
        .collect()
}
