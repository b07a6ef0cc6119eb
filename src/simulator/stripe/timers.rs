//! What happens by itself happens at its own moment, in the order in which it was arranged.

use alloc::collections::BTreeMap;

use super::super::world::World;
use super::payment_intents;
use super::refusal::Result;
use super::work::Work;
use crate::time::Timestamp;

/// Something that will happen.
#[derive(Clone, Copy, Debug)]
pub(super) enum Due {
    /// The balance transaction of a charge is told of.
    ChargeBooked { charge: usize, transaction: usize },
    /// The hold of a payment intent ends.
    HoldExpires(usize),
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
    }
}
