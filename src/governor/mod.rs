//! No retry without a token, no probe beside another, and no send that moves money is ever hedged.
//!
//! A governor decides *whether now*, for everything a process asks of its providers; *whether at all* is the business
//! of `payments`. It keeps one lane for each pair of provider and operation, and each lane has
//!
//! * a retry budget ([`BudgetSettings`]): an outage is not answered with more requests than health is;
//! * a circuit breaker ([`BreakerSettings`]): while it is open, one probe at a time finds out whether the provider is
//!   back, and everybody else is parked; then a window opens slowly, so that those who were parked do not fell it again;
//! * a bulkhead ([`BulkheadSettings`]): so many at once, and whoever has the least time left goes first.
//!
//! # Call order
//!
//! 1. [`Governor::permit`] before each exchange. [`Permit::Go`] comes with a [`Ticket`]; [`Permit::Hold`] says when to
//!    ask again; asking earlier is harmless.
//! 2. [`Governor::report`] for each ticket, once, whatever became of it.
//! 3. Who would rather queue than ask again: [`Governor::join`], and after each report and at [`Governor::next_at`] one
//!    calls [`Governor::admit`] until it has nobody left to let through. [`Governor::leave`] gives the place up.
//!
//! ```
//! use tillproof::entropy::Entropy;
//! use tillproof::governor::{Governor, Heard, Permit, Purpose, Reason, Settings};
//! use tillproof::time::Timestamp;
//!
//! let mut governor = Governor::new(Settings::default())?;
//! let (charges, mut entropy) = (governor.add_lane()?, Entropy::from_seed(7));
//! let (now, deadline) = (Timestamp::MIN, Timestamp::MAX);
//! for _ in 0..5 {
//!     let permit = governor.permit(now, charges, Purpose::FirstSend, deadline, &mut entropy);
//!     let Permit::Go { ticket } = permit else { panic!("nothing has failed yet") };
//!     governor.report(now, charges, ticket, Heard::Failure, &mut entropy);
//! }
//! let permit = governor.permit(now, charges, Purpose::FirstSend, deadline, &mut entropy);
//! assert!(matches!(permit, Permit::Hold { reason: Reason::Open, .. }));
//! # Ok::<(), tillproof::governor::Error>(())
//! ```
//!
//! Nothing here is stored: a process that starts anew trusts every provider until it has heard otherwise.
//!
//! # Not here
//!
//! When an intent may be sent again, the wait of a single intent after its own setback, and waiting itself.

mod breaker;
mod budget;
mod error;
mod lane;
mod permit;
mod queue;
mod settings;

pub use breaker::Phase;
pub use error::Error;
pub use lane::{Counts, View};
pub use permit::{Heard, Permit, Purpose, Reason, Ticket};
pub use queue::Waiter;
pub use settings::{BreakerSettings, BudgetSettings, BulkheadSettings, OUTCOMES_MAX, Settings};

use crate::entropy::Entropy;
use crate::prelude::*;
use crate::time::Timestamp;

use lane::Lane;

/// The most lanes of one governor: a name made from a reference, in place of an operation, is found out here.
pub const LANES_MAX: u32 = 256;

/// Where everything a process asks of its providers passes through.
#[derive(Clone, Debug)]
pub struct Governor {
    settings: Settings,
    lanes: Vec<Lane>,
}

/// One provider and one operation: from 0, in the order in which they were added. Whoever adds them knows their names.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct LaneId(pub u32);

impl Governor {
    /// A governor that trusts everybody.
    ///
    /// # Errors
    ///
    /// As [`Settings::check`].
    pub fn new(settings: Settings) -> Result<Self, Error> {
        settings.check()?;
        Ok(Self { settings, lanes: Vec::new() })
    }

    /// A new lane.
    ///
    /// # Errors
    ///
    /// [`Error::LanesExhausted`].
    pub fn add_lane(&mut self) -> Result<LaneId, Error> {
        let number = u32::try_from(self.lanes.len()).ok().filter(|number| *number < LANES_MAX);
        let lane = number.map(LaneId).ok_or(Error::LanesExhausted)?;
        self.lanes.push(Lane::new(&self.settings));
        Ok(lane)
    }

    /// Whether an exchange may begin now. `deadline` is the moment after which it is of no use any more.
    ///
    /// A lane that does not exist refuses everything.
    pub fn permit(
        &mut self,
        now: Timestamp,
        lane: LaneId,
        purpose: Purpose,
        deadline: Timestamp,
        entropy: &mut Entropy,
    ) -> Permit {
        let settings = &self.settings;
        match lane_of(&mut self.lanes, lane) {
            Some(lane) => lane.permit(settings, now, purpose, deadline, entropy),
            None => Permit::Shed { reason: Reason::NoLane },
        }
    }

    /// What became of an exchange. Each ticket is reported once; [`Heard::NeverSent`] gives it back unused.
    pub fn report(
        &mut self,
        now: Timestamp,
        lane: LaneId,
        ticket: Ticket,
        heard: Heard,
        entropy: &mut Entropy,
    ) {
        if let Some(lane) = lane_of(&mut self.lanes, lane) {
            lane.report(&self.settings, now, ticket, heard, entropy);
        }
    }

    /// Queues for a permit; `None` when the queue is full, the deadline is over or there is no such lane.
    pub fn join(
        &mut self,
        now: Timestamp,
        lane: LaneId,
        purpose: Purpose,
        deadline: Timestamp,
    ) -> Option<Waiter> {
        lane_of(&mut self.lanes, lane)?.join(&self.settings, now, purpose, deadline)
    }

    /// Lets the next one in the queue through, if anybody may go now: the one with the earliest deadline.
    pub fn admit(&mut self, now: Timestamp, lane: LaneId) -> Option<(Waiter, Ticket)> {
        lane_of(&mut self.lanes, lane)?.admit(&self.settings, now)
    }

    /// Gives up a place in the queue; says whether there was one.
    pub fn leave(&mut self, lane: LaneId, waiter: Waiter) -> bool {
        lane_of(&mut self.lanes, lane).is_some_and(|lane| lane.leave(waiter))
    }

    /// When [`Governor::admit`] may have somebody to let through although nothing was reported; `None` when nobody
    /// queues, or only a report can help them.
    #[must_use]
    pub fn next_at(&self, now: Timestamp, lane: LaneId) -> Option<Timestamp> {
        let place = usize::try_from(lane.0).ok()?;
        self.lanes.get(place)?.next_at(&self.settings, now)
    }

    /// A lane as it stands.
    #[must_use]
    pub fn view(&self, lane: LaneId) -> Option<View> {
        self.lanes.get(usize::try_from(lane.0).ok()?).map(Lane::view)
    }
}

fn lane_of(lanes: &mut [Lane], lane: LaneId) -> Option<&mut Lane> {
    lanes.get_mut(usize::try_from(lane.0).ok()?)
}
