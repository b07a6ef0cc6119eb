//! What happens by itself happens at its own moment, in the order in which it was arranged.

use alloc::collections::BTreeMap;

use super::super::world::World;
use super::refusal::Result;
use super::work::Work;
use super::{billing, direct_charges, disputes, fraud_warnings, payment_intents, refunds, test_clocks};
use crate::time::Timestamp;

/// Something that will happen.
#[derive(Clone, Copy, Debug)]
pub(super) enum Due {
    /// The balance transaction of a charge is told of.
    ChargeBooked { charge: usize, transaction: usize },
    /// The hold of a payment intent ends.
    HoldExpires(usize),
    /// The hold of a charge that was made without an intent ends.
    ChargeExpires(usize),
    /// The network gives a refund its reference.
    RefundReferenced(usize),
    /// An asynchronous refund arrives.
    RefundArrives(usize),
    /// A refund comes back.
    RefundFails(usize),
    /// The cardholder's bank disputes a charge, for the first time or once more.
    DisputeOpens { charge: usize, number: u64 },
    /// The issuer of a card reports a charge as fraud.
    FraudReported(usize),
    /// The bank has read the evidence of a dispute.
    DisputeDecided(usize),
    /// The time to respond to a dispute ends.
    DisputeLapses(usize),
    /// A subscription or an invoice goes on.
    Billing(billing::Turn),
    /// A test clock arrives where it was sent.
    ClockMoves(usize),
}

/// All that will happen, by moment and by the order of arrangement.
#[derive(Clone, Debug, Default)]
pub(super) struct Timers {
    due: BTreeMap<(Timestamp, usize), Due>,
    arranged: usize,
}

impl Timers {
    pub(super) fn arrange(&mut self, at: Timestamp, due: Due) {
        self.arranged = self.arranged.saturating_add(1);
        let _ = self.due.insert((at, self.arranged), due);
    }

    pub(super) fn next(&self) -> Option<Timestamp> {
        self.due.first_key_value().map(|((at, _), _)| *at)
    }

    fn take(&mut self) -> Option<(Timestamp, Due)> {
        self.due.pop_first().map(|((at, _), due)| (at, due))
    }
}

/// Carries out the first thing that is due.
///
/// # Errors
///
/// A contradiction in the simulator itself.
pub(in crate::simulator) fn run_due(world: &mut World) -> core::result::Result<(), super::super::Error> {
    let Some((at, due)) = world.stripe.timers.take() else { return Ok(()) };
    let mut work = Work::of_time(world, at);
    run(&mut work, due).map_err(|_| super::super::Error::Bug { what: "something that was due was refused" })
}

fn run(work: &mut Work<'_>, due: Due) -> Result<()> {
    match due {
        Due::ChargeBooked { charge, transaction } => payment_intents::tell_booked(work, charge, transaction),
        Due::HoldExpires(intent) => payment_intents::expire(work, intent),
        Due::ChargeExpires(charge) => direct_charges::expire(work, charge),
        Due::RefundReferenced(refund) => refunds::refer(work, refund),
        Due::RefundArrives(refund) => refunds::arrive(work, refund),
        Due::RefundFails(refund) => refunds::fail(work, refund),
        Due::DisputeOpens { charge, number } => disputes::open(work, charge, number),
        Due::FraudReported(charge) => fraud_warnings::report(work, charge),
        Due::DisputeDecided(dispute) => disputes::decide(work, dispute),
        Due::DisputeLapses(dispute) => disputes::lapse(work, dispute),
        Due::Billing(turn) => billing::run(work, turn, work.now),
        Due::ClockMoves(clock) => test_clocks::arrive(work, clock),
    }
}
