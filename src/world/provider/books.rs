//! The provider's books: what was really charged and refunded. Only the auditor and the provider read them.

use crate::prelude::*;
use crate::world::event::Name;

/// Where a payment of the provider stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::world) enum PaymentState {
    Charged,
    Declined,
    Challenged,
    Abandoned,
    Voided,
}

/// A payment in the provider's books.
#[derive(Clone, Debug)]
pub(in crate::world) struct Payment {
    pub(in crate::world) id: String,
    pub(in crate::world) reference: Name,
    pub(in crate::world) merchant: String,
    pub(in crate::world) amount: u64,
    pub(in crate::world) currency: String,
    pub(in crate::world) state: PaymentState,
    /// Refunds: name and amount of each.
    pub(in crate::world) refunds: Vec<(String, u64)>,
    /// From when on a query shows it.
    pub(in crate::world) shown_from: u64,
}

impl Payment {
    /// Money was taken and not given back in full.
    pub(in crate::world) fn is_live(&self) -> bool {
        self.state == PaymentState::Charged && self.refunded() < self.amount
    }

    /// How much was given back.
    pub(in crate::world) fn refunded(&self) -> u64 {
        self.refunds.iter().fold(0, |sum, (_, amount)| sum.saturating_add(*amount))
    }
}

/// All payments, in the order in which they were made.
#[derive(Clone, Debug, Default)]
pub(in crate::world) struct Books {
    payments: Vec<Payment>,
}

impl Books {
    pub(super) fn add(&mut self, payment: Payment) -> usize {
        self.payments.push(payment);
        self.payments.len().saturating_sub(1)
    }

    pub(super) const fn len(&self) -> usize {
        self.payments.len()
    }

    pub(in crate::world) fn get(&self, index: usize) -> Option<&Payment> {
        self.payments.get(index)
    }

    pub(super) fn get_mut(&mut self, index: usize) -> Option<&mut Payment> {
        self.payments.get_mut(index)
    }

    /// The payments of a reference.
    pub(in crate::world) fn of<'a>(&'a self, reference: &'a str) -> impl Iterator<Item = &'a Payment> {
        self.payments.iter().filter(move |payment| &*payment.reference == reference)
    }

    /// The payment of a name.
    pub(in crate::world) fn named(&self, id: &str) -> Option<&Payment> {
        self.payments.iter().find(|payment| payment.id == id)
    }

    /// Whether a name is that of money which was moved for a reference: a charge of it, or a refund.
    pub(in crate::world) fn moved(&self, reference: &str, id: &str) -> bool {
        self.payments.iter().any(|payment| {
            let charged = payment.id == id && *payment.reference == *reference;
            let refunded = payment.id == id && reference.ends_with(id);
            charged || refunded || payment.refunds.iter().any(|(refund, _)| refund == id)
        })
    }

    pub(super) fn position(&self, id: &str) -> Option<usize> {
        self.payments.iter().position(|payment| payment.id == id)
    }

    pub(in crate::world) fn charges(&self) -> impl Iterator<Item = &Payment> {
        self.payments.iter().filter(|payment| payment.state == PaymentState::Charged)
    }
}
