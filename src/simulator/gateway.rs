//! The gateway as its driver sees it.

use super::Error;
use super::exchange::{Delivery, Exchange, Request};
use super::faults::{FaultPlan, Injected};
use super::journal::{self, Call, SnapshotError};
use super::native::{self, Control};
use super::options::Options;
use super::stripe;
use super::tape::Tape;
use super::webhooks::Outcome;
use super::world::World;
use crate::crypto::sha256_hex;
use crate::prelude::*;
use crate::time::Timestamp;

/// A payment gateway in a value.
///
/// The driver calls, in this order, whenever its clock or its connections have news:
///
/// 1. [`Gateway::handle`] for each request, then does what [`Exchange::transport`] says;
/// 2. [`Gateway::handle_timeout`] once [`Gateway::poll_timeout`] has been reached;
/// 3. [`Gateway::poll_delivery`] until it returns `None`, sending each delivery and reporting its outcome through
///    [`Gateway::handle_delivery`].
///
/// Time never runs backwards: an earlier `now` is taken for the latest one seen.
#[derive(Clone, Debug)]
pub struct Gateway {
    options: Options,
    world: World,
    journal: Tape,
}

impl Gateway {
    /// A gateway that has seen nothing.
    #[must_use]
    pub fn new(options: Options) -> Self {
        let world = World::new(&options);
        Self { options, world, journal: Tape::default() }
    }

    /// Answers a request. Never fails: what is wrong with a request is said in the answer.
    pub fn handle(&mut self, now: Timestamp, request: &Request) -> Exchange {
        if stripe::is_challenge(&request.path) {
            return self.handle_challenge(now, request);
        }
        if self.options.dialect.is_stripe(&request.path) {
            return stripe::refused_at_the_door(request).unwrap_or_else(|| self.handle_stripe(now, request));
        }
        self.handle_native(now, request)
    }

    fn handle_stripe(&mut self, now: Timestamp, request: &Request) -> Exchange {
        let now = now.max(self.world.clock);
        if request.method == "GET" && !self.may_suffer() && self.world.next_timer().is_none_or(|at| at > now)
        {
            self.note_read();
            return stripe::serve(&mut self.world, now, request);
        }
        self.note_request(now, request);
        if let Err(error) = self.world.catch_up(now) {
            return native::refusal(&error);
        }
        let exchange = stripe::serve(&mut self.world, now, request);
        self.let_go(now, request);
        exchange
    }

    /// The page on which the holder of a card authenticates. Opening it changes something, whatever the method.
    fn handle_challenge(&mut self, now: Timestamp, request: &Request) -> Exchange {
        let now = now.max(self.world.clock);
        self.note_request(now, request);
        match self.world.catch_up(now) {
            Ok(()) => stripe::challenge(&mut self.world, now, request),
            Err(error) => native::refusal(&error),
        }
    }

    fn handle_native(&mut self, now: Timestamp, request: &Request) -> Exchange {
        let now = now.max(self.world.clock);
        if self.is_quiet(now, request) {
            return native::serve(&mut self.world, now, request).0;
        }
        self.note_request(now, request);
        if let Err(error) = self.world.catch_up(now) {
            return native::refusal(&error);
        }
        let (exchange, control) = native::serve(&mut self.world, now, request);
        if control == Control::Reset {
            *self = Self::new(self.options.clone());
        }
        self.let_go(now, request);
        exchange
    }

    /// When [`Gateway::handle_timeout`] or [`Gateway::poll_delivery`] has something to do next; `None` when never.
    #[must_use]
    pub fn poll_timeout(&self) -> Option<Timestamp> {
        [self.world.next_timer(), self.world.webhooks.next_due()].into_iter().flatten().min()
    }

    /// When [`Gateway::poll_delivery`] has something to give next; `None` when never.
    #[must_use]
    pub fn poll_delivery_timeout(&self) -> Option<Timestamp> {
        self.world.webhooks.next_scheduled()
    }

    /// Does what happens by itself up to `now`: holds expire, lingering payments complete, silence becomes failure.
    ///
    /// # Errors
    ///
    /// [`Error::Bug`].
    pub fn handle_timeout(&mut self, now: Timestamp) -> Result<(), Error> {
        let now = now.max(self.world.clock);
        if self.world.next_timer().is_none_or(|at| at > now) {
            return Ok(());
        }
        self.note(now, &Call::Timeout);
        self.world.catch_up(now)
    }

    /// The next webhook that is due, signed as of `signed_at_s` seconds since the Unix epoch.
    ///
    /// The signature carries its own time because merchants verify it against the wall clock, which is another one
    /// than `now` when time is virtual.
    pub fn poll_delivery(&mut self, now: Timestamp, signed_at_s: u64) -> Option<Delivery> {
        let now = now.max(self.world.clock);
        let due = self.world.webhooks.next_scheduled()?;
        if due > now {
            return None;
        }
        self.note(now, &Call::Poll);
        self.world.next_delivery(now, signed_at_s)
    }

    /// Reports what became of a delivery. A report that comes too late changes nothing.
    ///
    /// # Errors
    ///
    /// [`Error::NotFound`] for an id that this gateway never gave.
    pub fn handle_delivery(&mut self, now: Timestamp, id: &str, outcome: Outcome) -> Result<(), Error> {
        const SHOWN_MAX: usize = 40;
        let now = now.max(self.world.clock);
        let number = self.world.ids.number("dlv", id);
        let number = number.filter(|number| self.world.webhooks.parcel(*number).is_some());
        let delivery = number.ok_or_else(|| Error::NotFound {
            what: "delivery",
            found: id.chars().take(SHOWN_MAX).collect(),
        })?;
        self.note(now, &Call::Report { delivery, outcome });
        self.world.catch_up(now)?;
        self.world.end_delivery(delivery, outcome, now);
        Ok(())
    }

    /// Sets another fault plan from `now` on.
    pub fn set_faults(&mut self, now: Timestamp, plan: FaultPlan) {
        let now = now.max(self.world.clock);
        self.note(now, &Call::Faults(plan.clone()));
        self.world.injector.set_plan(plan);
    }

    /// The fault plan.
    #[must_use]
    pub const fn faults(&self) -> &FaultPlan {
        self.world.injector.plan()
    }

    /// Every fault injected so far, oldest first.
    #[must_use]
    pub fn ground_truth(&self) -> &[Injected] {
        &self.world.truth
    }

    /// The settlement report in the contract's generic columns: one row per captured payment and per refund.
    #[must_use]
    pub fn settlement_csv(&self) -> String {
        self.world.settlement_csv()
    }

    /// Everything that rebuilds this gateway: text, one JSON document per line.
    ///
    /// It holds what the requests held, also webhook secrets the merchant chose: keep it as one keeps those.
    #[must_use]
    pub fn snapshot(&self) -> String {
        journal::write(&self.options, &self.journal)
    }

    /// A gateway from a snapshot. Continuing it equals continuing the one the snapshot was taken of.
    ///
    /// # Errors
    ///
    /// Every variant of [`SnapshotError`].
    pub fn restore(snapshot: &str) -> Result<Self, SnapshotError> {
        journal::read(snapshot)
    }

    /// Begins anew, with the options it was made from: no payments, no endpoints, the first fault plan.
    pub fn reset(&mut self) {
        *self = Self::new(self.options.clone());
    }

    /// Whether the books prove themselves: debits equal credits in each currency, added up anew from all entries, and the
    /// running totals of the accounts say the same.
    #[must_use]
    pub fn is_balanced(&self) -> bool {
        let entries = self.world.books.recount();
        entries.values().all(|totals| totals.balance() == 0) && entries == self.world.books.totals()
    }

    /// A hash over all that the gateway knows, secrets apart: equal digests mean equal states. For tests; slow.
    ///
    /// Not part of it: how many calls there were, and the clock.
    #[must_use]
    pub fn state_digest(&self) -> String {
        let mut timeless = self.world.clone();
        (timeless.step, timeless.clock, timeless.stripe.requests) = (0, Timestamp::MIN, 0);
        sha256_hex(format!("{timeless:?}").as_bytes())
    }

    pub(super) fn replay(&mut self, now: Timestamp, call: Call) {
        // What these calls answer was answered when they were made.
        match call {
            Call::Handle(request) if stripe::is_challenge(&request.path) => {
                drop(self.handle_challenge(now, &request));
            }
            // Who is in the journal was let in.
            Call::Handle(request) if self.options.dialect.is_stripe(&request.path) => {
                drop(self.handle_stripe(now, &request));
            }
            Call::Handle(request) => drop(self.handle_native(now, &request)),
            Call::Reads(count) => {
                self.world.stripe.requests = self.world.stripe.requests.saturating_add(count);
                self.journal.push(now, &Call::Reads(count));
            }
            Call::Timeout => drop(self.handle_timeout(now)),
            Call::Poll => drop(self.poll_delivery(now, 0)),
            Call::Report { delivery, outcome } => {
                let id = self.world.ids.id("dlv", delivery);
                drop(self.handle_delivery(now, &id, outcome));
            }
            Call::Faults(plan) => self.set_faults(now, plan),
        }
    }

    /// Whether a request can change nothing: it is refused for its head, or it reads, no fault can strike it and nothing
    /// is due.
    fn is_quiet(&self, now: Timestamp, request: &Request) -> bool {
        native::is_malformed(request) || self.is_quiet_read(now, request)
    }

    fn is_quiet_read(&self, now: Timestamp, request: &Request) -> bool {
        matches!(request.method.as_str(), "GET" | "HEAD")
            && (!self.may_suffer() || native::is_spared(request))
            && self.world.next_timer().is_none_or(|at| at > now)
    }

    fn may_suffer(&self) -> bool {
        self.world.injector.may_strike_requests() || self.world.webhooks.holds_any()
    }

    fn note(&mut self, now: Timestamp, call: &Call) {
        self.journal.push(now, call);
        self.step(now);
    }

    fn note_request(&mut self, now: Timestamp, request: &Request) {
        self.journal.push_request(now, request);
        self.step(now);
    }

    fn step(&mut self, now: Timestamp) {
        self.world.clock = now;
        self.world.step = self.world.step.saturating_add(1);
    }

    /// Whoever reads has looked: what waited for that goes off.
    fn let_go(&mut self, now: Timestamp, request: &Request) {
        if request.method == "GET" && self.world.webhooks.holds_any() {
            self.world.webhooks.release(&request.path, now);
        }
    }

    /// Notes a request that changes nothing but the number of the next one.
    fn note_read(&mut self) {
        self.journal.push(self.world.clock, &Call::Reads(1));
    }
}
