//! The Stripe dialect: what the official client sends is answered as Stripe's public documentation says, and what is not
//! simulated says so.
//!
//! Invariant: a refused request changes nothing but the count of requests. Handlers check everything, then change.
//!
//! To add a resource: a file with its struct, its [`object::Kind`], its handlers and its `ROUTES`; a line in
//! [`object`]'s list of kinds; a line in [`routes`]. What happens later goes into [`timers`].
//!
//! Source of what is said about Stripe, where nothing else is given: <https://docs.stripe.com/api> and the types of
//! stripe-node 23.1.0 (API `2026-10-28.endive`), read in November 2026.

mod accounts;
mod addresses;
mod amount_params;
mod amounts;
mod application_fees;
mod balance;
mod balance_transactions;
mod bank_accounts;
mod befall;
mod billing;
mod bookings;
mod cards;
mod challenge;
mod charge_details;
mod charges;
mod customer_view;
mod customers;
mod declines;
mod direct_charges;
mod disputes;
mod door;
mod envelope;
mod event_types;
mod events;
mod expand;
mod files;
mod form;
mod fraud_warnings;
mod list;
mod metadata;
mod multipart;
mod notify;
mod object;
mod params;
mod payment_intents;
mod payment_methods;
mod payout_settings;
mod payouts;
mod prices;
mod products;
mod purse;
#[cfg(test)]
mod purse_tests;
mod recurrence;
mod refunds;
mod refusal;
mod routes;
mod search;
mod search_page;
mod serve;
mod setup_intents;
mod sheet;
mod sources;
mod terms;
mod test_cards;
mod test_clocks;
mod timers;
mod tokens;
mod transfer_reversals;
mod transfers;
mod version;
mod webhook_endpoints;
mod work;

pub(super) use accounts::found;
pub(super) use challenge::{challenge, is_challenge};
pub(super) use door::refused_at_the_door;
pub(super) use notify::{alien_of, object_of, subject_of, tell_again, webhook_body};
pub(super) use purse::settled;
pub(super) use routes::coverage;
pub(super) use serve::serve;
pub(super) use timers::run_due;

use alloc::collections::BTreeMap;

use alloc::sync::Arc;

use object::Tables;
use serve::{Origin, Stored};
use terms::Terms;
use timers::Timers;

use super::idempotency::Keys;
use super::ids::Ids;
use super::treasury::Source;
use crate::prelude::*;
use crate::time::Timestamp;

/// Everything of this dialect.
#[derive(Clone, Debug, Default)]
pub(super) struct State {
    tables: Tables,
    timers: Timers,
    /// The terms of payments of which nothing is said, once for all of them.
    plain_terms: Arc<Terms>,
    billing: billing::Register,
    /// Whose money the treasury keeps: numbers of accounts here, by those there.
    holders: BTreeMap<usize, usize>,
    /// Answers by account and key.
    keys: Keys<Stored>,
    /// How the request came whose answer was kept last.
    latest_origin: Option<Arc<Origin>>,
    /// How many requests came, also those that were refused: each has an id of its own.
    pub(super) requests: usize,
}

impl State {
    /// The name under which a merchant's records know what moved money: merchants keep the id of the intent beside their
    /// order.
    pub(super) fn reference_of(&self, ids: &Ids, source: Source) -> Option<String> {
        let charge = match source {
            Source::Charge(number) => number,
            Source::Refund(number) => self.tables.refunds.get(number)?.charge,
            Source::Dispute(number) => self.tables.disputes.get(number)?.charge,
            _ => return None,
        };
        let intent = self.tables.charges.get(charge)?.payment_intent;
        Some(match intent {
            Some(intent) => ids.id(<payment_intents::PaymentIntent as object::Kind>::PREFIX, intent),
            None => ids.id(<charges::Charge as object::Kind>::PREFIX, charge),
        })
    }

    /// Whether an account of the treasury is one of this dialect.
    pub(super) fn owns(&self, purse: usize) -> bool {
        self.holders.contains_key(&purse)
    }

    /// Whether an account of the treasury is one that is connected to the platform.
    pub(super) fn is_connected(&self, purse: usize) -> bool {
        self.holders.get(&purse).is_some_and(|account| *account != object::PLATFORM)
    }

    /// When something happens by itself next.
    pub(super) fn next_timer(&self) -> Option<Timestamp> {
        self.timers.next()
    }

    /// Forgets keys whose time is over.
    pub(super) fn prune(&mut self, now: Timestamp) {
        self.keys.prune(now);
    }
}
