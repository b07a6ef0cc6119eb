//! What can be asked of a lane and what it answers. A hedged send cannot even be written down.

use super::Error;
use crate::time::{Millis, Timestamp};

/// What an exchange is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Purpose {
    /// The first send of a key: the traffic of which retries may be a share.
    FirstSend,
    /// The same key once more.
    Resend,
    /// A question that moves nothing.
    Query,
    /// The same question once more while the first is still unanswered.
    HedgedQuery,
}

impl Purpose {
    /// The same exchange beside one that is still under way.
    ///
    /// # Errors
    ///
    /// [`Error::HedgedMoney`] for everything that moves money: two copies of a send race each other at the provider, and
    /// his key is all that would keep them from both being executed.
    pub const fn hedged(self) -> Result<Self, Error> {
        match self {
            Self::Query | Self::HedgedQuery => Ok(Self::HedgedQuery),
            Self::FirstSend | Self::Resend => Err(Error::HedgedMoney),
        }
    }

    /// The purpose of a number, for the door: 0 to 3 in the order of the variants.
    #[must_use]
    pub const fn from_word(word: u32) -> Option<Self> {
        Some(match word {
            0 => Self::FirstSend,
            1 => Self::Resend,
            2 => Self::Query,
            3 => Self::HedgedQuery,
            _ => return None,
        })
    }

    /// As [`Purpose::from_word`] reads it.
    #[must_use]
    pub const fn word(self) -> u32 {
        match self {
            Self::FirstSend => 0,
            Self::Resend => 1,
            Self::Query => 2,
            Self::HedgedQuery => 3,
        }
    }

    /// Whether it is paid for out of the retry budget.
    #[must_use]
    pub const fn is_retry(self) -> bool {
        !matches!(self, Self::FirstSend)
    }
}

/// Whether an exchange may begin.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[must_use]
pub enum Permit {
    /// It may. The ticket is to be reported.
    Go {
        /// What was permitted.
        ticket: Ticket,
    },
    /// Not now.
    Hold {
        /// When to ask again; never after the deadline. No promise.
        until: Timestamp,
        /// What stands in the way.
        reason: Reason,
    },
    /// Never: nothing that can still happen would be in time.
    Shed {
        /// What stands in the way.
        reason: Reason,
    },
}

/// What stands in the way. Variants stand in order of precedence.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Reason {
    /// There is no such lane.
    NoLane,
    /// The deadline is over.
    Deadline,
    /// The provider asked to be left alone until later.
    Hint,
    /// The breaker is open, and the next probe is not due.
    Open,
    /// The breaker is open, and a probe is under way.
    Probing,
    /// As many are under way as may be.
    Full,
    /// Others have waited longer for the same place.
    Queue,
    /// The retry budget is spent.
    Budget,
}

impl Reason {
    /// The stable name, for traces.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::NoLane => "no_lane",
            Self::Deadline => "deadline",
            Self::Hint => "hint",
            Self::Open => "open",
            Self::Probing => "probing",
            Self::Full => "full",
            Self::Queue => "queue",
            Self::Budget => "budget",
        }
    }
}

/// The right to one exchange. It remembers in which phase of the breaker it was given: an answer to a question of the
/// day before yesterday says nothing about today.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Ticket {
    pub(super) generation: u32,
    pub(super) is_probe: bool,
    /// Whether a token was taken for it.
    pub(super) is_paid: bool,
    pub(super) purpose: Purpose,
}

impl Ticket {
    /// Bits of a generation in [`Ticket::word`]. A lane would have to trip 16 million times to come back to the first.
    pub(super) const GENERATION_BITS: u32 = 24;

    /// The ticket as a number below 2^28, for the door.
    #[must_use]
    pub const fn word(self) -> u32 {
        let probe: u32 = if self.is_probe { 4 } else { 0 };
        let paid: u32 = if self.is_paid { 8 } else { 0 };
        (self.generation << 4) | paid | probe | self.purpose.word()
    }

    /// The ticket of a number; `None` for one that [`Ticket::word`] does not give.
    #[must_use]
    pub const fn from_word(word: u32) -> Option<Self> {
        let generation = word >> 4;
        if generation >> Self::GENERATION_BITS != 0 {
            return None;
        }
        let Some(purpose) = Purpose::from_word(word & 3) else { return None };
        Some(Self { generation, is_probe: word & 4 != 0, is_paid: word & 8 != 0, purpose })
    }
}

/// What an exchange was answered with, as far as it says something about the provider's health.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Heard {
    /// An answer, also one that declines or refuses: he is there and works.
    Answer,
    /// No answer, or that he failed.
    Failure,
    /// That he has too much to do.
    Shed {
        /// How long he wants to be left alone, where he says so.
        retry_after: Option<Millis>,
    },
    /// The ticket was not used.
    NeverSent,
}

impl Heard {
    /// What an HTTP status says; `None` stands for no answer.
    ///
    /// | Status | Heard |
    /// | --- | --- |
    /// | 429, 503 | shed |
    /// | 408, 500 and above, none | failure |
    /// | everything else | answer |
    #[must_use]
    pub const fn of_status(status: Option<u16>, retry_after: Option<Millis>) -> Self {
        match status {
            Some(429 | 503) => Self::Shed { retry_after },
            None | Some(408 | 500..) => Self::Failure,
            Some(_) => Self::Answer,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_ticket_crosses_as_a_number_and_comes_back() {
        for purpose in [Purpose::FirstSend, Purpose::Resend, Purpose::Query, Purpose::HedgedQuery] {
            for (is_probe, is_paid) in [(false, false), (false, true), (true, false), (true, true)] {
                for generation in [0, 1, (1 << Ticket::GENERATION_BITS) - 1] {
                    let ticket = Ticket { generation, is_probe, is_paid, purpose };
                    assert!(ticket.word() < 1 << 28);
                    assert_eq!(Ticket::from_word(ticket.word()), Some(ticket));
                }
            }
        }
        assert_eq!(Ticket::from_word(1 << 28), None);
    }

    #[test]
    fn only_what_moves_nothing_may_be_hedged() {
        let table = [
            (Purpose::FirstSend, Err(Error::HedgedMoney)),
            (Purpose::Resend, Err(Error::HedgedMoney)),
            (Purpose::Query, Ok(Purpose::HedgedQuery)),
            (Purpose::HedgedQuery, Ok(Purpose::HedgedQuery)),
        ];
        for (purpose, expected) in table {
            assert_eq!(purpose.hedged(), expected, "{purpose:?}");
        }
    }

    #[test]
    fn a_status_says_how_the_provider_is() {
        let hint = Some(Millis::from_seconds(2));
        let shed = Heard::Shed { retry_after: hint };
        let table = [
            (None, Heard::Failure),
            (Some(200), Heard::Answer),
            (Some(302), Heard::Answer),
            (Some(402), Heard::Answer),
            (Some(408), Heard::Failure),
            (Some(409), Heard::Answer),
            (Some(429), shed),
            (Some(500), Heard::Failure),
            (Some(502), Heard::Failure),
            (Some(503), shed),
            (Some(504), Heard::Failure),
            (Some(599), Heard::Failure),
        ];
        for (status, expected) in table {
            assert_eq!(Heard::of_status(status, hint), expected, "{status:?}");
        }
    }
}
