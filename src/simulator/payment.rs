//! Of each payment: nothing refunded that was not captured, nothing captured that was not authorized, and every
//! state it ever was in is still there to be read.
//!
//! A payment keeps its history as a list of moments, each with the totals that were true then. An event or a stored
//! answer is therefore a payment and the number of a moment: it can be written again, byte for byte, at any time,
//! and costs eight bytes to remember.

use super::Error;
use super::state::{Move, State};
use crate::money::Amount;
use crate::prelude::*;
use crate::time::{Millis, Timestamp};

/// How long an authorization may be captured: 7 days, what card schemes grant by default.
pub const AUTHORIZATION_LIFE: Millis = Millis::from_seconds(7 * 24 * 60 * 60);

/// How long a payment asked to linger in `processing` stays there.
pub const PROCESSING_TIME: Millis = Millis::from_seconds(60);

/// What a payment is asked to do in the card network, by `metadata.simulate`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Script {
    /// The network says yes at once.
    Approve,
    /// The network says no.
    Decline(Failure),
    /// The network takes [`PROCESSING_TIME`] to say yes.
    Linger,
}

impl Script {
    /// The script of a `metadata.simulate` value; unknown values are an ordinary approval, as metadata is free text.
    pub(super) fn of(simulate: Option<&str>) -> Self {
        match simulate {
            Some("decline") => Self::Decline(Failure::CardDeclined),
            Some("insufficient_funds") => Self::Decline(Failure::InsufficientFunds),
            Some("processing") => Self::Linger,
            Some(_) | None => Self::Approve,
        }
    }
}

/// Why the card network refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Failure {
    /// The issuer gave no reason.
    CardDeclined,
    /// The account does not cover the amount.
    InsufficientFunds,
}

impl Failure {
    /// The stable name.
    #[must_use]
    pub const fn code(self) -> &'static str {
        match self {
            Self::CardDeclined => "card_declined",
            Self::InsufficientFunds => "insufficient_funds",
        }
    }

    /// What a merchant may show.
    #[must_use]
    pub const fn message(self) -> &'static str {
        match self {
            Self::CardDeclined => "the card was declined by its issuer",
            Self::InsufficientFunds => "the card was declined: its account does not cover the amount",
        }
    }
}

/// What a merchant asks for. Checked by the dialect that read it.
#[derive(Clone, Debug)]
pub(super) struct Order {
    pub(super) merchant_id: String,
    pub(super) amount: Amount,
    pub(super) description: Option<String>,
    /// The metadata object as JSON text; `None` when there is none.
    pub(super) metadata: Option<String>,
    pub(super) reference: Option<String>,
    pub(super) capture: bool,
    pub(super) script: Script,
}

/// What was true of a payment from one transition to the next. Totals in minor units.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Moment {
    pub(super) at: Timestamp,
    /// What led here; `None` for the creation.
    pub(super) by: Option<Move>,
    pub(super) state: State,
    pub(super) captured: u64,
    pub(super) refunded: u64,
    pub(super) fee: u64,
}

/// Money given back.
#[derive(Clone, Debug)]
pub(super) struct Refund {
    /// The number of the refund among all of the gateway.
    pub(super) number: usize,
    pub(super) minor: u64,
    pub(super) at: Timestamp,
    /// The moment it led to.
    pub(super) moment: usize,
}

/// One payment and all it went through.
#[derive(Clone, Debug)]
pub(super) struct Payment {
    pub(super) order: Order,
    history: Vec<Moment>,
    refunds: Vec<Refund>,
}

impl Payment {
    /// A pending payment.
    pub(super) fn new(order: Order, at: Timestamp) -> Self {
        let born = Moment { at, by: None, state: State::Pending, captured: 0, refunded: 0, fee: 0 };
        Self { order, history: vec![born], refunds: Vec::new() }
    }

    /// The moments up to and with number `last`.
    pub(super) fn history(&self, last: usize) -> &[Moment] {
        self.history.get(..=last).unwrap_or(&self.history)
    }

    /// The number of the latest moment.
    pub(super) fn latest(&self) -> usize {
        self.history.len().saturating_sub(1)
    }

    /// The number of the moment a reader saw at `at`; the first for whom came too early.
    pub(super) fn moment_at(&self, at: Timestamp) -> usize {
        self.history.partition_point(|moment| moment.at <= at).saturating_sub(1)
    }

    /// When the payment was made.
    pub(super) fn born(&self) -> Timestamp {
        self.history.first().map_or(Timestamp::MIN, |moment| moment.at)
    }

    /// What is true now.
    pub(super) fn now(&self) -> Moment {
        let born =
            Moment { at: Timestamp::MIN, by: None, state: State::Pending, captured: 0, refunded: 0, fee: 0 };
        self.history.last().copied().unwrap_or(born)
    }

    /// The refunds made up to and with moment number `last`.
    pub(super) fn refunds(&self, last: usize) -> impl Iterator<Item = &Refund> {
        self.refunds.iter().filter(move |refund| refund.moment <= last)
    }

    /// What may still be refunded, in minor units.
    fn refundable(&self) -> u64 {
        let now = self.now();
        now.captured.saturating_sub(now.refunded)
    }

    /// The move, if the table has it.
    fn check(&self, by: Move) -> Result<State, Error> {
        let from = self.now().state;
        from.after(by).ok_or(Error::InvalidTransition { found: from, wish: by.cause() })
    }

    fn enter(&mut self, moment: Moment) {
        self.history.push(moment);
    }

    /// Makes a move that touches no money: submit, authorize, decline, void, expire.
    ///
    /// # Errors
    ///
    /// [`Error::InvalidTransition`].
    pub(super) fn step(&mut self, by: Move, at: Timestamp) -> Result<(), Error> {
        let state = self.check(by)?;

        // From here on the transition succeeds.
        self.enter(Moment { at, by: Some(by), state, ..self.now() });
        Ok(())
    }

    /// Takes money: `asked` minor units, or all of it. `fee` tells what of an amount the gateway keeps. Returns what was
    /// taken.
    ///
    /// # Errors
    ///
    /// [`Error::InvalidTransition`], [`Error::AmountExceedsRest`], what `fee` says.
    pub(super) fn take(
        &mut self,
        by: Move,
        asked: Option<u64>,
        fee: impl FnOnce(u64) -> Result<u64, Error>,
        at: Timestamp,
    ) -> Result<u64, Error> {
        let state = self.check(by)?;
        let authorized = self.order.amount.minor();
        let captured = asked.unwrap_or(authorized);
        if captured > authorized {
            return Err(Error::AmountExceedsRest { found: captured, limit: authorized, wish: "capture" });
        }

        let fee = fee(captured)?;

        // From here on the transition succeeds.
        self.enter(Moment { at, by: Some(by), state, captured, fee, ..self.now() });
        Ok(captured)
    }

    /// Checks a refund of `asked` minor units, or of all that is left. Returns the amount and the move.
    ///
    /// # Errors
    ///
    /// [`Error::InvalidTransition`], [`Error::AmountExceedsRest`].
    pub(super) fn check_refund(&self, asked: Option<u64>) -> Result<(u64, Move), Error> {
        let _ = self.check(Move::RefundPart)?;
        let rest = self.refundable();
        let minor = asked.unwrap_or(rest);
        if minor > rest {
            return Err(Error::AmountExceedsRest { found: minor, limit: rest, wish: "refund" });
        }
        Ok((minor, if minor == rest { Move::RefundRest } else { Move::RefundPart }))
    }

    /// Gives money back.
    ///
    /// # Errors
    ///
    /// As [`Payment::check_refund`].
    pub(super) fn refund(&mut self, number: usize, asked: Option<u64>, at: Timestamp) -> Result<u64, Error> {
        let (minor, by) = self.check_refund(asked)?;
        let state = self.check(by)?;

        // From here on the transition succeeds.
        let now = self.now();
        self.enter(Moment { at, by: Some(by), state, refunded: now.refunded.saturating_add(minor), ..now });
        self.refunds.push(Refund { number, minor, at, moment: self.latest() });
        Ok(minor)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::money::Currency;

    const AT: Timestamp = Timestamp::MIN;

    fn fee(minor: u64) -> Result<u64, Error> {
        Ok(minor / 100)
    }

    fn authorized(minor: u64) -> Payment {
        let order = Order {
            merchant_id: "shop".to_owned(),
            amount: Amount::from_minor(minor, Currency::parse("EUR").unwrap()).unwrap(),
            description: None,
            metadata: None,
            reference: None,
            capture: false,
            script: Script::Approve,
        };
        let mut payment = Payment::new(order, AT);
        payment.step(Move::Submit, AT).unwrap();
        payment.step(Move::Authorize, AT).unwrap();
        payment
    }

    #[test]
    fn a_payment_gives_back_no_more_than_it_took_and_takes_no_more_than_was_held() {
        let mut payment = authorized(1_000);
        let too_much = payment.take(Move::Capture, Some(1_001), fee, AT).unwrap_err();
        assert_eq!(too_much.to_string(), "1001 minor units cannot be captured: 1000 are left");
        assert_eq!(payment.take(Move::Capture, Some(900), fee, AT), Ok(900));
        assert_eq!(payment.refund(1, Some(600), AT), Ok(600));
        let too_much = payment.refund(2, Some(600), AT).unwrap_err();
        assert_eq!(too_much.to_string(), "600 minor units cannot be refunded: 300 are left");
        assert_eq!(payment.refund(2, None, AT), Ok(300));
        assert_eq!(payment.now().state, State::Refunded);
        let again = payment.refund(3, None, AT).unwrap_err();
        assert_eq!(again.to_string(), "a payment that is refunded cannot be refunded");
    }

    #[test]
    fn a_moment_that_has_passed_still_shows_what_was_true_then() {
        let mut payment = authorized(1_000);
        let before = payment.latest();
        let _ = payment.take(Move::Capture, None, fee, AT).unwrap();
        let _ = payment.refund(1, None, AT).unwrap();
        let seen = payment.history(before).last().copied().unwrap();
        assert_eq!((seen.state, seen.captured, seen.fee), (State::Authorized, 0, 0));
        assert_eq!(payment.refunds(before).count(), 0);
        assert_eq!(payment.refunds(payment.latest()).count(), 1);
    }
}
