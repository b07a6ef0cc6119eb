//! What can happen in the world. Every event of a process names the life it belongs to: the dead do nothing.

use alloc::rc::Rc;

use super::store::{ClaimWrite, IntentWrite};
use crate::payments::{Action, HttpRequest, Intent, Outcome, Response, Reversal, ReversalNews, State};
use crate::prelude::*;

/// The reference of an intent. One is meant all over the world.
pub(super) type Name = Rc<str>;

/// The two processes of the merchant.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Seat {
    First,
    Second,
}

impl Seat {
    pub(super) const BOTH: [Self; 2] = [Self::First, Self::Second];

    pub(super) const fn name(self) -> &'static str {
        match self {
            Self::First => "a",
            Self::Second => "b",
        }
    }
}

/// A process between two of its deaths.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Life {
    pub(super) seat: Seat,
    pub(super) number: u32,
}

/// A step of a drive: one intent, driven by one life of a process.
#[derive(Clone, Debug)]
pub(super) struct Errand {
    pub(super) life: Life,
    pub(super) name: Name,
    /// Rises with every step of the drive, so that what an earlier step planned is known to be over.
    pub(super) step: u64,
}

/// Which customer of the world's list.
pub(super) type CustomerId = usize;

/// Who wants an intent to be there.
#[derive(Clone, Debug)]
pub(super) enum Introducer {
    /// A customer who calls.
    Customer(CustomerId),
    /// The drive of an intent with a charge to take back.
    Parent(Box<Parent>),
}

/// A drive that waits for one round of the intent which takes a charge back.
#[derive(Clone, Debug)]
pub(super) struct Parent {
    pub(super) errand: Errand,
    pub(super) reversal: Reversal,
}

/// News for a machine, as the driver holds it until it is stored.
#[derive(Clone, Debug)]
pub(super) enum News {
    /// With the moment before which the provider wants to see nobody.
    Answer {
        attempt: u32,
        response: Response,
        not_before: Option<u64>,
    },
    Failure {
        attempt: u32,
        not_sent: bool,
    },
    Query {
        query: u32,
        answer: Option<Response>,
    },
    Void {
        query: u32,
        answer: Option<Response>,
    },
    Reversal {
        reference: String,
        became: ReversalNews,
    },
}

impl News {
    /// What the trace calls it.
    pub(super) const fn name(&self) -> &'static str {
        match self {
            Self::Answer { .. } => "answer",
            Self::Failure { not_sent: true, .. } => "not_sent",
            Self::Failure { .. } => "no_answer",
            Self::Query { answer: None, .. } => "query_failed",
            Self::Query { .. } => "query",
            Self::Void { .. } => "void",
            Self::Reversal { .. } => "reversal",
        }
    }

    /// Whether it says that the provider did not do his work.
    pub(super) const fn is_failure(&self) -> bool {
        match self {
            Self::Answer { response, .. }
            | Self::Query { answer: Some(response), .. }
            | Self::Void { answer: Some(response), .. } => matches!(response.status, 408 | 429 | 500..),
            Self::Failure { not_sent, .. } => !*not_sent,
            Self::Query { .. } | Self::Void { .. } => true,
            Self::Reversal { .. } => false,
        }
    }

    /// The same exchange, with the answer it was waiting for.
    pub(super) fn answered(self, response: Response, not_before: Option<u64>) -> Self {
        match self {
            Self::Failure { attempt, .. } | Self::Answer { attempt, .. } => {
                Self::Answer { attempt, response, not_before }
            }
            Self::Query { query, .. } => Self::Query { query, answer: Some(response) },
            Self::Void { query, .. } => Self::Void { query, answer: Some(response) },
            Self::Reversal { .. } => self,
        }
    }

    /// The same exchange, which surely never began.
    pub(super) fn never_sent(self) -> Self {
        match self {
            Self::Failure { attempt, .. } => Self::Failure { attempt, not_sent: true },
            Self::Answer { .. } | Self::Query { .. } | Self::Void { .. } | Self::Reversal { .. } => self,
        }
    }
}

/// What a caller is told.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Told {
    pub(super) outcome: Outcome,
    /// The provider's name of the charge, where it was settled.
    pub(super) charge: Option<String>,
    /// Whether it is worth waiting for more.
    pub(super) is_open: bool,
}

impl Told {
    /// What a caller is told of an intent.
    pub(super) fn of(intent: &Intent) -> Self {
        let charge = match &intent.state {
            State::Settled { provider_reference, .. } => Some(provider_reference.clone()),
            _ => None,
        };
        let outcome = intent.outcome();
        let in_review = matches!(intent.state, State::NeedsReview { .. });
        Self { outcome, charge, is_open: outcome == Outcome::PendingConfirmation && !in_review }
    }
}

/// What a process is about to store, and why.
#[derive(Clone, Debug)]
pub(super) struct Pending {
    pub(super) purpose: Purpose,
    pub(super) intents: Vec<IntentWrite>,
    pub(super) claims: Vec<ClaimWrite>,
    /// The true time at which the process decided.
    pub(super) decided_at: u64,
}

/// Why something is stored.
#[derive(Clone, Debug)]
pub(super) enum Purpose {
    /// A step of a drive: news, and what to do once it is stored.
    Step { errand: Errand, news: Option<News>, action: Action, told: Told },
    /// An intent is opened, or opened again.
    Introduce { life: Life, whom: Introducer },
    /// A webhook's event is taken note of.
    Notice { life: Life, notice: Notice },
    /// A customer no longer wants what he asked for.
    Cancel { life: Life, name: Name },
}

impl Purpose {
    /// Whose write it is.
    pub(super) const fn life(&self) -> Life {
        match self {
            Self::Step { errand, .. } => errand.life,
            Self::Introduce { life, .. } | Self::Notice { life, .. } | Self::Cancel { life, .. } => *life,
        }
    }
}

/// A request on its way.
#[derive(Clone, Debug)]
pub(super) struct Letter {
    pub(super) errand: Errand,
    pub(super) request: HttpRequest,
    /// The news when no answer comes.
    pub(super) waits: News,
    /// Nobody waits for the answer: a copy.
    pub(super) is_copy: bool,
}

/// A webhook on its way.
#[derive(Clone, Debug)]
pub(super) struct Notice {
    /// The id of the event, the same in every repetition.
    pub(super) id: String,
    pub(super) body: String,
    /// Signed by somebody who does not know the secret.
    pub(super) is_forged: bool,
    /// Deliveries so far.
    pub(super) deliveries: u32,
}

/// What can happen.
#[derive(Clone, Debug)]
pub(super) enum Event {
    /// A customer's call reaches a process.
    Call { customer: CustomerId, seat: Seat },
    /// A customer no longer wants what he asked for.
    Cancel { customer: CustomerId, seat: Seat },
    /// A customer waits no longer.
    Impatience { life: Life, customer: CustomerId, episode: u32 },
    /// A write reaches the store.
    Commit(Box<Pending>),
    /// What was stored is carried out; with the true time at which it was decided.
    Act(Box<(Errand, Action, Told)>, u64),
    /// A pause of a drive is over.
    Wake(Errand),
    /// An answer, a time-out, or the certainty that nothing was sent.
    News(Box<(Errand, News)>),
    /// A request arrives at the provider.
    Arrival(Box<Letter>),
    /// The provider has executed a request.
    Executed(Box<Letter>),
    /// The customer has done, or left, what his bank asked for.
    Challenged { payment: usize },
    /// A webhook arrives.
    Notice(Notice),
    /// A process looks for work.
    Sweep { life: Life, planned: u64 },
    /// A process starts again.
    Restart(Seat),
    /// A copy of the store is made.
    Backup,
    /// The copy is put in place of the store.
    Restore,
    /// No misfortune after this.
    Heal,
}
