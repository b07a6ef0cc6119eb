//! Whoever wants to reach the provider has a ticket, and gives it back exactly once: `pkg/src/payments/gate.ts` in virtual
//! time, around the real governor.

use alloc::collections::BTreeMap;

use super::event::{Errand, Life, Name, News, Seat};
use super::life::World;
use super::wire::hint;
use crate::governor::{Governor, Heard, LaneId, Permit as Answer, Purpose, Settings, Ticket};
use crate::payments::{Intention, Machine, Permit, Safeguard};
use crate::time::Timestamp;

/// The governor of a process, which lives as long as the process, with the tickets that are out.
#[derive(Clone, Debug)]
pub(super) struct Governed {
    governor: Governor,
    /// One for each operation.
    lanes: BTreeMap<&'static str, LaneId>,
    tickets: BTreeMap<Name, (LaneId, Ticket)>,
}

impl Governed {
    /// A governor that has not heard anything yet.
    pub(super) fn new() -> Option<Self> {
        let governor = Governor::new(Settings::default()).ok()?;
        Some(Self { governor, lanes: BTreeMap::new(), tickets: BTreeMap::new() })
    }

    fn lane(&mut self, operation: &'static str) -> Option<LaneId> {
        if !self.lanes.contains_key(operation) {
            self.lanes.insert(operation, self.governor.add_lane().ok()?);
        }
        self.lanes.get(operation).copied()
    }
}

impl World<'_> {
    /// Asks the governor about what the machine intends.
    pub(super) fn permitted(&mut self, errand: &Errand, machine: &Machine, shown: Timestamp) -> Permit {
        let purpose = match machine.intends(shown) {
            Intention::FirstSend => Purpose::FirstSend,
            Intention::Resend => Purpose::Resend,
            Intention::Query | Intention::Void => Purpose::Query,
            _ => return Permit::Go,
        };
        let (deadline, operation) = (machine.intent().deadline_at, machine.intent().request.operation.name());
        let entropy = self.chaos.jitter.entropy();
        let process = match errand.life.seat {
            Seat::First => &mut self.first,
            Seat::Second => &mut self.second,
        };
        let Some(governed) = &mut process.governed else { return Permit::Go };
        let Some(lane) = governed.lane(operation) else { return Permit::Go };
        match governed.governor.permit(shown, lane, purpose, deadline, entropy) {
            Answer::Go { ticket } => {
                governed.tickets.insert(errand.name.clone(), (lane, ticket));
                Permit::Go
            }
            Answer::Hold { until, .. } => Permit::Hold { until },
            Answer::Shed { .. } => Permit::Hold { until: deadline },
        }
    }

    /// What became of the exchange a ticket was for. Nothing happens where none is out.
    pub(super) fn report(&mut self, now: u64, life: Life, name: &Name, news: Option<&News>) {
        let shown = self.shown(life.seat, now);
        let heard = match news {
            Some(News::Answer { response, .. }) => {
                Heard::of_status(Some(response.status), hint(response, shown))
            }
            Some(News::Query { answer: Some(answer), .. } | News::Void { answer: Some(answer), .. }) => {
                Heard::of_status(Some(answer.status), hint(answer, shown))
            }
            Some(News::Failure { not_sent: false, .. } | News::Query { .. } | News::Void { .. }) => {
                Heard::Failure
            }
            Some(News::Failure { .. } | News::Reversal { .. }) | None => Heard::NeverSent,
        };
        let entropy = self.chaos.jitter.entropy();
        let process = match life.seat {
            Seat::First => &mut self.first,
            Seat::Second => &mut self.second,
        };
        let Some(governed) = &mut process.governed else { return };
        if let Some((lane, ticket)) = governed.tickets.remove(name) {
            governed.governor.report(shown, lane, ticket, heard, entropy);
        }
    }

    /// Whether this process asks before it reaches the provider.
    pub(super) fn is_governed(&self) -> bool {
        self.stage.conditions.is_governed && !self.stage.safeguards.broken(Safeguard::Governor)
    }
}
