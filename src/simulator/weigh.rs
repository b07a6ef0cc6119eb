//! Whether money meets a misfortune is decided once, when it moves, and stands in the ground truth at once.

use super::Error;
use super::faults::{Fault, Injected};
use super::settlement::{Subject, prefix};
use super::statement;
use super::treasury::{Booking, Error as TreasuryError, Kind, Source, Transaction};
use super::world::World;
use crate::money::Currency;
use crate::prelude::*;
use crate::time::{Millis, Timestamp};

/// A part of a charge that is put aside: one tenth.
const RESERVE_DIVISOR: u64 = 10;

/// How long it is put aside.
const RESERVE_LIFE: Millis = Millis::from_seconds(7 * 24 * 60 * 60);

/// Corrections by hand, in minor units, least and most.
const CORRECTION: (u64, u64) = (100, 5_000);

/// By how much a payout is not the sum of its rows, in minor units, least and most.
const TOTAL_DRIFT: (u64, u64) = (1, 499);

/// What an authorization lives that expires before its time.
const AUTHORIZATION_SHORT: Millis = Millis::from_seconds(60 * 60);

impl World {
    /// Whether something happens to `subject` that happens to it alone. What it is about stands in the ground truth.
    pub(super) fn misfortune(&mut self, fault: Fault, subject: &Subject<'_>, at: Timestamp) -> bool {
        if !self.injector.plan().has_any(&[fault]) {
            return false;
        }
        let occasion = self.injector.occasion("misfortune", subject.reference, &[fault]).at(place(fault));
        let strikes = self.injector.strikes(&occasion, fault);
        if strikes {
            let (objects, reference) = (vec![subject.object.to_owned()], Some(subject.reference.to_owned()));
            self.confess(Injected { objects, reference, ..Injected::of(fault) }, at);
        }
        strikes
    }

    /// As [`World::misfortune`], of one that delays something: by how much it does.
    pub(super) fn misfortune_after(
        &mut self,
        fault: Fault,
        subject: &Subject<'_>,
        at: Timestamp,
    ) -> Option<Millis> {
        let occasion = self.injector.occasion("misfortune", subject.reference, &[fault]).at(place(fault));
        if !self.injector.strikes(&occasion, fault) {
            return None;
        }
        let (objects, reference) = (vec![subject.object.to_owned()], Some(subject.reference.to_owned()));
        self.confess(Injected { objects, reference, ..Injected::of(fault) }, at);
        Some(self.injector.delay(&occasion, fault))
    }

    /// What befalls an account beside a charge: really, and also in the books.
    pub(super) fn befall_account(
        &mut self,
        number: usize,
        subject: &Subject<'_>,
        now: Timestamp,
    ) -> Result<(), TreasuryError> {
        let Some(transaction) = self.treasury.transaction(number) else { return Ok(()) };
        if transaction.kind != Kind::Charge || !self.injector.plan().has_any(&Fault::OF_MONEY) {
            return Ok(());
        }
        let Transaction { account, currency, gross, .. } = *transaction;
        let occasion = self.injector.occasion("money", subject.reference, &Fault::OF_MONEY).at("charge");
        let struck = Fault::OF_MONEY.map(|fault| (fault, self.injector.strikes(&occasion, fault)));
        for (fault, _) in struck.into_iter().filter(|(_, strikes)| *strikes) {
            let (from, to) = CORRECTION;
            let drawn = occasion.between(fault, from, to);
            match fault {
                Fault::ReserveHeld => {
                    let minor = gross.unsigned_abs() / RESERVE_DIVISOR;
                    let until = now.saturating_add(RESERVE_LIFE);
                    let held =
                        self.correct(Kind::ReserveHold, account, (true, minor, currency), fault, now)?;
                    self.treasury.plan_release(held, until);
                }
                Fault::BankDebit => {
                    let balance = self.treasury.account(account).map(|found| found.balance(currency));
                    let available = balance.map_or(0, |balance| balance.available.max(0));
                    let minor = u64::try_from(available).unwrap_or_default().saturating_add(drawn);
                    let _ = self.correct(Kind::Adjustment, account, (true, minor, currency), fault, now)?;
                    self.treasury.plan_debit(account, now);
                }
                _ => {
                    let leaves = drawn.is_multiple_of(2);
                    let _ = self.correct(Kind::Adjustment, account, (leaves, drawn, currency), fault, now)?;
                }
            }
        }
        Ok(())
    }

    /// Books what nobody asked for, and tells the ground truth. Returns the number of the transaction.
    fn correct(
        &mut self,
        kind: Kind,
        account: usize,
        (leaves, minor, currency): (bool, u64, Currency),
        fault: Fault,
        now: Timestamp,
    ) -> Result<usize, TreasuryError> {
        let next = self.treasury.transactions().len();
        let source = if kind == Kind::ReserveHold { Source::Reserve(next) } else { Source::Correction(next) };
        let gross = i64::try_from(minor).unwrap_or(i64::MAX);
        let gross = if leaves { gross.saturating_neg() } else { gross };
        let booking = Booking::of(kind, account, source, (gross, currency));
        let id = self.ids.id(prefix(source), next);
        let number = self.book(&booking, &Subject { reference: &id, object: &id }, now)?;
        let truth = Injected {
            objects: vec![id.clone()],
            reference: Some(id),
            actual: Some(minor),
            currency: Some(currency.to_string()),
            ..Injected::of(fault)
        };
        self.confess(truth, now);
        Ok(number)
    }

    /// Decides whether the report will tell the truth about a new payout.
    pub(super) fn weigh_payout(&mut self, payout: usize, now: Timestamp) {
        let Some(found) = self.treasury.payout(payout) else { return };
        let (transaction, minor, currency) = (found.transaction, found.minor.unsigned_abs(), found.currency);
        let id = self.ids.id("po", payout);
        let occasion = self.injector.occasion("payout", &id, &Fault::OF_PAYOUTS).at("payout");
        let struck = Fault::OF_PAYOUTS.map(|fault| (fault, self.injector.strikes(&occasion, fault)));
        let Some((fault, _)) = struck.into_iter().find(|(_, strikes)| *strikes) else { return };
        let (from, to) = TOTAL_DRIFT;
        let shown = if fault == Fault::PayoutTotal {
            let shown = minor.saturating_add(occasion.between(fault, from, to));
            self.settlement.show_payout_as(transaction, shown);
            shown
        } else {
            self.settlement.double(payout);
            minor
        };
        let truth = Injected {
            objects: vec![id.clone()],
            reference: Some(id),
            expected: Some(minor),
            actual: Some(shown),
            currency: Some(currency.to_string()),
            ..Injected::of(fault)
        };
        self.confess(truth, now);
    }

    /// Decides whether the bank will tell the truth about a payout that has arrived, and whether it will keep it.
    pub(super) fn weigh_arrival(&mut self, payout: usize, now: Timestamp) {
        let Some(found) = self.treasury.payout(payout) else { return };
        let id = self.ids.id("po", payout);
        if let Some((drift, truth)) = statement::decide(found, &id, &mut self.injector) {
            let _ = self.statement.drifts.insert(payout, drift);
            self.confess(Injected { objects: vec![id.clone()], reference: Some(id.clone()), ..truth }, now);
        }
        let subject = Subject { reference: &id, object: &id };
        if let Some(delay) = self.misfortune_after(Fault::PayoutReturned, &subject, now) {
            self.treasury.plan_return(payout, now.saturating_add(delay));
        }
    }

    /// How long a hold lives: as usual, or much shorter.
    pub(super) fn hold_life(&mut self, subject: &Subject<'_>, usual: Millis, now: Timestamp) -> Millis {
        if self.misfortune(Fault::AuthorizationShort, subject, now) { AUTHORIZATION_SHORT } else { usual }
    }
}

/// The word a script knows the place of a misfortune by.
const fn place(fault: Fault) -> &'static str {
    match fault {
        Fault::RefundReturned => "refund",
        Fault::DisputeSilent => "dispute",
        Fault::PayoutReturned => "payout",
        _ => "charge",
    }
}

/// What the treasury refuses of what nobody asked for is a fault of the simulator itself.
impl From<TreasuryError> for Error {
    fn from(error: TreasuryError) -> Self {
        match error {
            TreasuryError::Books(error) => error,
            // Amounts the gateway takes are far below what can be booked, and accounts exist before they are used.
            _ => Self::Bug { what: "the treasury refused what was checked before" },
        }
    }
}
