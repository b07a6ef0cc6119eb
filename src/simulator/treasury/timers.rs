//! Time moves money from pending to available and payouts along their way; it never makes or loses any.

use super::super::books::Books;
use super::payout::{PayoutState, SUBMIT_AFTER};
use super::{Booking, Error, Kind, PayoutSchedule, Treasury, business_day};
use crate::prelude::*;
use crate::time::{Millis, Timestamp};

/// What is due at a moment, in the order in which it happens where several are due at once.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Due {
    /// The net of a transaction becomes available.
    Mature(usize),
    /// A payout moves on.
    Payout(usize),
    /// An account is paid out by its schedule.
    Sweep(usize),
    /// A payout that was paid comes back.
    Return(usize),
    /// What was put aside by a transaction is released.
    Release(usize),
    /// What an account owes is taken from its bank, whatever its schedule.
    Debit(usize),
}

/// What has happened by itself. A dialect makes its events of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::simulator) enum Happening {
    /// The net of a transaction can be used.
    Available {
        /// Its number.
        transaction: usize,
    },
    /// More money of an account is available than before.
    Matured {
        /// The number of the account.
        account: usize,
    },
    /// The schedule made a payout.
    PayoutCreated {
        /// Its number.
        payout: usize,
    },
    /// A payout has moved to the state it is in now.
    PayoutMoved {
        /// Its number.
        payout: usize,
        /// The state.
        state: PayoutState,
    },
}

impl Treasury {
    /// When something happens by itself next.
    pub(in crate::simulator) fn next_due(&self) -> Option<Timestamp> {
        self.due.first().map(|(at, _)| *at)
    }

    /// Does what is due first, all that matures at that moment or one other thing, and says when it was due and what
    /// happened. `None` when nothing is due up to and with `now`.
    ///
    /// # Errors
    ///
    /// [`Error::Books`], [`Error::TooLarge`].
    pub(in crate::simulator) fn step(
        &mut self,
        books: &mut Books,
        now: Timestamp,
    ) -> Result<Option<(Timestamp, Vec<Happening>)>, Error> {
        let Some((at, due)) = self.due.first().copied().filter(|(at, _)| *at <= now) else {
            return Ok(None);
        };
        let happened = match due {
            Due::Mature(_) => self.mature(at),
            Due::Payout(payout) => {
                let _ = self.due.pop_first();
                self.move_on(books, payout, at)?
            }
            Due::Sweep(account) => {
                let _ = self.due.pop_first();
                self.sweep(books, account, at, |available| available != 0)?
            }
            Due::Debit(account) => {
                let _ = self.due.pop_first();
                self.sweep(books, account, at, |available| available < 0)?
            }
            Due::Release(held) => {
                let _ = self.due.pop_first();
                self.release(books, held, at)?;
                Vec::new()
            }
            Due::Return(payout) => {
                let _ = self.due.pop_first();
                self.bring_back(books, payout, "could_not_process", at)?
            }
        };
        Ok(Some((at, happened)))
    }

    /// Makes the next payout of the schedule of an account due, where it has one.
    pub(super) fn plan_sweep(&mut self, account: usize, now: Timestamp) {
        let schedule = self.accounts.get(account).map(|found| found.profile.schedule);
        if let Some(at) = schedule.and_then(|schedule| next_sweep(schedule, now)) {
            let _ = self.due.insert((at, Due::Sweep(account)));
        }
    }

    pub(super) fn plan_payout(&mut self, payout: usize, at: Timestamp) {
        let _ = self.due.insert((at, Due::Payout(payout)));
    }

    /// Lets a payout that was paid come back.
    pub(in crate::simulator) fn plan_return(&mut self, payout: usize, at: Timestamp) {
        if let Some(found) = self.payouts.get_mut(payout) {
            found.returns_at = Some(at);
        }
        let _ = self.due.insert((at, Due::Return(payout)));
    }

    /// Lets what a transaction put aside be released.
    pub(in crate::simulator) fn plan_release(&mut self, held: usize, at: Timestamp) {
        let _ = self.due.insert((at, Due::Release(held)));
    }

    /// Lets what an account owes be taken from its bank.
    pub(in crate::simulator) fn plan_debit(&mut self, account: usize, at: Timestamp) {
        let _ = self.due.insert((at, Due::Debit(account)));
    }

    fn release(&mut self, books: &mut Books, held: usize, at: Timestamp) -> Result<(), Error> {
        let Some(found) = self.transactions.get(held) else { return Ok(()) };
        let money = (found.gross.saturating_neg(), found.currency);
        let booking = Booking::of(Kind::ReserveRelease, found.account, found.source, money);
        self.book_unconverted(books, &booking, at).map(drop)
    }

    /// Makes all available that is due at one moment.
    fn mature(&mut self, at: Timestamp) -> Vec<Happening> {
        let mut more: Vec<usize> = Vec::new();
        let mut happened = Vec::new();
        while let Some((_, Due::Mature(number))) = self.due.first().copied().filter(|(due, _)| *due == at) {
            let _ = self.due.pop_first();
            let Some(transaction) = self.transactions.get(number) else { continue };
            let (account, net) = (transaction.account, i128::from(transaction.net()));
            let Some(found) = self.accounts.get_mut(account) else { continue };
            let balance = found.balances.entry(transaction.currency).or_default();
            balance.pending = balance.pending.saturating_sub(net);
            balance.available = balance.available.saturating_add(net);
            happened.push(Happening::Available { transaction: number });
            if net > 0 {
                more.push(account);
            }
            // The run to the banks comes right after.
            let schedule = found.profile.schedule;
            if let Some(run) = next_sweep(schedule, at.saturating_sub(Millis::new(1))) {
                let _ = self.due.insert((run, Due::Sweep(account)));
            }
        }
        more.sort_unstable();
        more.dedup();
        happened.extend(more.into_iter().map(|account| Happening::Matured { account }));
        happened
    }
}

/// The next run of a schedule after a moment.
fn next_sweep(schedule: PayoutSchedule, after: Timestamp) -> Option<Timestamp> {
    let mut day = business_day::next_day(after);
    match schedule {
        PayoutSchedule::Manual => None,
        PayoutSchedule::Daily => Some(day),
        PayoutSchedule::Weekly(anchor) => {
            for _ in 0..7 {
                if business_day::weekday(day) == anchor {
                    break;
                }
                day = business_day::next_day(day);
            }
            Some(day)
        }
        PayoutSchedule::Monthly(anchor) => {
            for _ in 0..31 {
                if business_day::is_day_of_month(day, anchor) {
                    break;
                }
                day = business_day::next_day(day);
            }
            Some(day)
        }
    }
}

/// When a payout made at a moment leaves for its bank.
pub(super) fn submission(created: Timestamp, arrival: Timestamp) -> Timestamp {
    created.saturating_add(SUBMIT_AFTER).min(arrival)
}

/// The state after this one on the ordinary way.
pub(super) const fn after(state: PayoutState) -> Option<PayoutState> {
    match state {
        PayoutState::Pending => Some(PayoutState::InTransit),
        PayoutState::InTransit => Some(PayoutState::Paid),
        PayoutState::Paid | PayoutState::Failed | PayoutState::Canceled => None,
    }
}
