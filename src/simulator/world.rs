//! The gateway's state and the only operations that change it, in no dialect.
//!
//! Invariant: after each operation the books balance, every state that was entered has its event, and every refused
//! operation has left all of it as it was.

use alloc::collections::{BTreeMap, BTreeSet};

use super::Error;
use super::books::Books;
use super::faults::{Fault, Injected, Injector};
use super::idempotency::{Keys, Reply};
use super::ids::Ids;
use super::options::Options;
use super::payment::{AUTHORIZATION_LIFE, Order, PROCESSING_TIME, Payment, Script};
use super::settlement::{self, Format as SettlementFormat, Scope, Settlement, Subject, foreign_id, prefix};
use super::state::{Move, State};
use super::statement::{self, Format as StatementFormat, Statement};
use super::stripe;
use super::treasury::{Booking, Error as TreasuryError, Profile, Source, Treasury};
use super::wallets::Wallets;
use super::webhooks::{News, Schedule, Webhooks};
use crate::entropy::Entropy;
use crate::money::Currency;
use crate::prelude::*;
use crate::time::Timestamp;

/// Everything the gateway knows.
#[derive(Clone, Debug)]
pub(super) struct World {
    pub(super) seed: u64,
    pub(super) payments_max: usize,
    /// The latest moment seen. Time does not run backwards here, whatever the host's clock does.
    pub(super) clock: Timestamp,
    /// How many calls changed the gateway before this one.
    pub(super) step: u64,
    pub(super) ids: Ids,
    pub(super) payments: Vec<Payment>,
    /// The numbers of payments by their merchant's reference, oldest first.
    pub(super) by_reference: BTreeMap<String, Vec<usize>>,
    /// When something happens to a payment by itself.
    timers: BTreeSet<(Timestamp, usize)>,
    /// The payments that were refunded, by the number of the refund.
    refunds: Vec<usize>,
    pub(super) keys: Keys<Reply>,
    pub(super) books: Books,
    pub(super) treasury: Treasury,
    pub(super) webhooks: Webhooks,
    /// When failed deliveries of the Stripe dialect are tried again.
    pub(super) schedule: Schedule,
    /// What merchants of the native dialect do beside payments.
    pub(super) wallets: Wallets,
    pub(super) settlement: Settlement,
    pub(super) statement: Statement,
    pub(super) injector: Injector,
    pub(super) truth: Vec<Injected>,
    pub(super) stripe: stripe::State,
}

/// The payment that was changed and the moment it is in now.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Receipt {
    pub(super) payment: usize,
    pub(super) moment: usize,
}

impl World {
    pub(super) fn new(options: &Options) -> Self {
        let root = Entropy::from_seed(options.seed);
        let mut world = Self {
            seed: options.seed,
            payments_max: options.payments_max,
            clock: Timestamp::MIN,
            step: 0,
            ids: Ids::new(&root),
            payments: Vec::new(),
            by_reference: BTreeMap::new(),
            timers: BTreeSet::new(),
            refunds: Vec::new(),
            keys: Keys::default(),
            books: Books::default(),
            treasury: Treasury::default(),
            webhooks: Webhooks::default(),
            schedule: options.schedule,
            wallets: Wallets::default(),
            settlement: Settlement::default(),
            statement: Statement::default(),
            injector: Injector::new(&root, options.faults.clone()),
            truth: Vec::new(),
            stripe: stripe::State::default(),
        };
        stripe::found(&mut world);
        world
    }

    /// The payment of an id.
    ///
    /// # Errors
    ///
    /// [`Error::NotFound`].
    pub(super) fn find(&self, id: &str) -> Result<usize, Error> {
        const SHOWN_MAX: usize = 40;
        let number = self.ids.number("pay", id).filter(|number| *number < self.payments.len());
        number.ok_or_else(|| Error::NotFound { what: "payment", found: id.chars().take(SHOWN_MAX).collect() })
    }

    /// The name under which the merchant's records know a payment: its own reference, or our id.
    pub(super) fn reference(&self, payment: usize) -> String {
        let own = self.payments.get(payment).and_then(|payment| payment.order.reference.clone());
        own.unwrap_or_else(|| self.ids.id("pay", payment))
    }

    /// Takes an order through the card network as far as it goes at once.
    ///
    /// # Errors
    ///
    /// [`Error::Full`].
    pub(super) fn create(&mut self, order: Order, now: Timestamp) -> Result<Receipt, Error> {
        if self.payments.len() >= self.payments_max {
            return Err(Error::Full { what: "payments", limit: self.payments_max });
        }

        // From here on the payment is accepted.
        let payment = self.payments.len();
        let _ = self.books.open(&order.merchant_id);
        let _ = self.treasury.open(&order.merchant_id, Profile::immediate);
        if let Some(reference) = &order.reference {
            self.by_reference.entry(reference.clone()).or_default().push(payment);
        }
        let script = order.script;
        self.payments.push(Payment::new(order, now));
        self.announce(payment, now);
        self.step(payment, Move::Submit, now)?;
        match script {
            Script::Approve => self.approve(payment, now)?,
            Script::Decline(_) => self.step(payment, Move::Decline, now)?,
            Script::Linger => {
                let _ = self.timers.insert((now.saturating_add(PROCESSING_TIME), payment));
            }
        }
        self.receipt(payment)
    }

    /// Captures a part, or all.
    ///
    /// # Errors
    ///
    /// [`Error::InvalidTransition`], [`Error::AmountExceedsRest`].
    pub(super) fn capture(
        &mut self,
        payment: usize,
        asked: Option<u64>,
        now: Timestamp,
    ) -> Result<Receipt, Error> {
        self.take(payment, Move::Capture, asked, now)?;
        self.receipt(payment)
    }

    /// Releases a hold.
    ///
    /// # Errors
    ///
    /// [`Error::InvalidTransition`].
    pub(super) fn void(&mut self, payment: usize, now: Timestamp) -> Result<Receipt, Error> {
        self.step(payment, Move::Void, now)?;
        self.receipt(payment)
    }

    /// Gives back a part, or all that is left.
    ///
    /// # Errors
    ///
    /// [`Error::InvalidTransition`], [`Error::AmountExceedsRest`].
    pub(super) fn refund(
        &mut self,
        payment: usize,
        asked: Option<u64>,
        now: Timestamp,
    ) -> Result<Receipt, Error> {
        let number = self.refunds.len();
        let minor = self.payment_mut(payment)?.refund(number, asked, now)?;

        // From here on the money moves.
        self.refunds.push(payment);
        let (account, currency) = self.purse(payment)?;
        let booking = Booking::refund(account, Source::PaymentRefund(number), (minor, currency));
        let (reference, object) =
            (self.reference(payment), self.ids.id(prefix(Source::PaymentRefund(number)), number));
        let _ = self.book(&booking, &Subject { reference: &reference, object: &object }, now)?;
        self.announce(payment, now);
        self.receipt(payment)
    }

    /// Does everything that happens by itself up to and with `now`, each at its own moment.
    pub(super) fn catch_up(&mut self, now: Timestamp) -> Result<(), Error> {
        while let Some(at) = self.next_moment().filter(|at| *at <= now) {
            // Money is there before anything else that happens at the same moment needs it.
            if self.treasury.next_due() == Some(at) {
                if let Some((at, happened)) = self.treasury.step(&mut self.books, at)? {
                    stripe::settled(self, at, &happened)?;
                    self.tell_of_payouts(at, &happened);
                }
                continue;
            }
            if self.stripe.next_timer() == Some(at) {
                stripe::run_due(self)?;
                continue;
            }
            let Some((at, payment)) = self.timers.pop_first() else { break };
            match self.payments.get(payment).map(|payment| payment.now().state) {
                Some(State::Processing) => self.approve(payment, at)?,
                Some(State::Authorized) => self.step(payment, Move::Expire, at)?,
                // Captured or voided in time: the timer has nothing left to do.
                _ => {}
            }
        }
        self.webhooks.give_up_silent(now);
        self.keys.prune(now);
        self.stripe.prune(now);
        Ok(())
    }

    /// When something happens by itself next, deliveries apart.
    pub(super) fn next_timer(&self) -> Option<Timestamp> {
        [self.next_moment(), self.webhooks.next_silence()].into_iter().flatten().min()
    }

    /// When something happens by itself next: money moves on, or an object of one of the dialects changes.
    fn next_moment(&self) -> Option<Timestamp> {
        let native = self.timers.first().map(|(at, _)| *at);
        [native, self.stripe.next_timer(), self.treasury.next_due()].into_iter().flatten().min()
    }

    /// Appends to the ground truth.
    pub(super) fn confess(&mut self, injected: Injected, at: Timestamp) {
        let call = Fault::parse(injected.fault).and_then(|fault| self.injector.calls(fault));
        self.truth.push(Injected { seed: self.seed, step: self.step, at: at.unix_ms(), call, ..injected });
    }

    /// Books what moved money, and decides whether the settlement report will tell the truth about it. Returns the number
    /// of the balance transaction.
    ///
    /// # Errors
    ///
    /// As [`Treasury::book`].
    pub(super) fn book(
        &mut self,
        booking: &Booking,
        subject: &Subject<'_>,
        now: Timestamp,
    ) -> Result<usize, TreasuryError> {
        let number = self.treasury.book(&mut self.books, booking, now)?;
        self.befall_account(number, subject, now)?;
        let Some(transaction) = self.treasury.transaction(number) else { return Ok(number) };
        let drift = self.settlement.record(number, transaction, subject, &mut self.injector);
        let Some(drift) = drift else { return Ok(number) };
        // A foreign row stands under a name of its own, which is what a reconciler will report.
        let foreign = drift.fault == Fault::SettlementForeign.name();
        let (object, reference) = if foreign {
            let alien = foreign_id(self, number, booking.source);
            (alien.clone(), alien)
        } else {
            (subject.object.to_owned(), subject.reference.to_owned())
        };
        self.confess(Injected { objects: vec![object], reference: Some(reference), ..drift }, now);
        Ok(number)
    }

    /// The settlement report, of all that is not connected to somebody else.
    pub(super) fn settlement_csv(&self) -> String {
        self.settlement_report(&Scope::default(), SettlementFormat::default(), self.clock)
    }

    /// The settlement report of a scope in a format.
    pub(super) fn settlement_report(
        &self,
        scope: &Scope,
        format: SettlementFormat,
        now: Timestamp,
    ) -> String {
        settlement::written(&settlement::lines(self, scope, now), format)
    }

    /// The bank statement of an account, or of all that are not connected to somebody else, in a format.
    pub(super) fn bank_statement(
        &self,
        account: Option<usize>,
        format: StatementFormat,
        now: Timestamp,
    ) -> String {
        statement::written(&statement::entries(self, account, now), format, now)
    }

    /// Whether an account of the treasury is connected to another.
    pub(super) fn is_connected(&self, account: usize) -> bool {
        self.stripe.is_connected(account)
    }

    /// The name under which the merchant's records know what moved money, where that is not its id.
    pub(super) fn reference_of(&self, source: Source) -> Option<String> {
        match source {
            Source::Payment(payment) => Some(self.reference(payment)),
            Source::PaymentRefund(refund) => self.refunds.get(refund).map(|payment| self.reference(*payment)),
            Source::WalletTransfer(number) => self.wallets.transfers.get(number)?.reference.clone(),
            Source::Escrow(number) => self.wallets.escrows.get(number)?.order.reference.clone(),
            other => self.stripe.reference_of(&self.ids, other),
        }
    }

    /// The id of the native payment an entry of the books is about, where it is about one.
    pub(super) fn payment_behind(&self, source: Source) -> Option<String> {
        match source {
            Source::Payment(payment) => Some(self.ids.id("pay", payment)),
            Source::PaymentRefund(refund) => {
                self.refunds.get(refund).map(|payment| self.ids.id("pay", *payment))
            }
            _ => None,
        }
    }

    /// The account a payment is settled on, and the currency.
    fn purse(&self, payment: usize) -> Result<(usize, Currency), Error> {
        let found =
            self.payments.get(payment).ok_or(Error::Bug { what: "a payment number names no payment" })?;
        let account = self.treasury.find(&found.order.merchant_id);
        let account = account.ok_or(Error::Bug { what: "a merchant has no account" })?;
        Ok((account, found.order.amount.currency()))
    }

    fn payment_mut(&mut self, payment: usize) -> Result<&mut Payment, Error> {
        self.payments.get_mut(payment).ok_or(Error::Bug { what: "a payment number names no payment" })
    }

    fn receipt(&self, payment: usize) -> Result<Receipt, Error> {
        let found =
            self.payments.get(payment).ok_or(Error::Bug { what: "a payment number names no payment" })?;
        Ok(Receipt { payment, moment: found.latest() })
    }

    fn step(&mut self, payment: usize, by: Move, at: Timestamp) -> Result<(), Error> {
        self.payment_mut(payment)?.step(by, at)?;
        self.announce(payment, at);
        Ok(())
    }

    /// The network says yes: the money is taken, or held for a later capture.
    fn approve(&mut self, payment: usize, at: Timestamp) -> Result<(), Error> {
        if self.payment_mut(payment)?.order.capture {
            return self.take(payment, Move::Complete, None, at);
        }
        let (reference, object) = (self.reference(payment), self.ids.id("pay", payment));
        let subject = Subject { reference: &reference, object: &object };
        let life = self.hold_life(&subject, AUTHORIZATION_LIFE, at);
        let _ = self.timers.insert((at.saturating_add(life), payment));
        self.step(payment, Move::Authorize, at)
    }

    fn take(&mut self, payment: usize, by: Move, asked: Option<u64>, at: Timestamp) -> Result<(), Error> {
        let (account, currency) = self.purse(payment)?;
        let booking = |minor| Booking::charge(account, Source::Payment(payment), (minor, currency), false);
        let treasury = &self.treasury;
        let fee = |minor| Ok(treasury.quote(&booking(minor), at)?.fees.total());
        let found =
            self.payments.get_mut(payment).ok_or(Error::Bug { what: "a payment number names no payment" })?;
        let authorized = found.order.amount.minor();
        let minor = found.take(by, asked, fee, at)?;

        // From here on the money moves.
        let (reference, object) = (self.reference(payment), self.ids.id("pay", payment));
        let booking = Booking { authorized, ..booking(minor) };
        let _ = self.book(&booking, &Subject { reference: &reference, object: &object }, at)?;
        self.announce(payment, at);
        Ok(())
    }

    /// Writes the event of the state a payment has just entered and schedules its deliveries.
    fn announce(&mut self, payment: usize, at: Timestamp) {
        let Some(found) = self.payments.get(payment) else { return };
        let (kind, moment) = (found.now().state.event(), found.latest());
        self.publish(at, 0, kind, News::Payment { payment, moment });
    }
}
