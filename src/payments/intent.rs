//! An intent as its journal tells it. What each entry changes is in `apply`.

use crate::prelude::*;
use crate::time::{Millis, Timestamp};

use super::{Answer, Entry, Error, ErrorKind, Progress, Request, Reversal, State, Terms};

/// An intent as its journal tells it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Intent {
    /// Name of the provider profile.
    pub profile: String,
    /// The provider account.
    pub account: String,
    /// The content.
    pub request: Request,
    /// After this moment an unknown outcome goes to a person.
    pub deadline_at: Timestamp,
    /// What the provider promised about the key when the intent was opened. `None` in journals of before it was kept.
    pub terms: Option<Terms>,
    /// The answer to a prepared request, once there is one.
    pub answer: Option<Answer>,
    /// Where it stands.
    pub state: State,
    /// Generation of the key, counted from 1.
    pub epoch: u32,
    /// The current key.
    pub key: String,
    /// When this epoch began: a row of unknown age is asked about before it is sent.
    pub epoch_opened_at: Timestamp,
    /// When the journal was last known to be all there is: written by whoever knew, not only read. A question that has no
    /// answer yet, a lease that ended and a wish prove nothing of that kind.
    pub confirmed_at: Timestamp,
    /// Whether the provider does not answer questions about it.
    pub query_refused: bool,
    /// Sends over all epochs.
    pub attempts: u32,
    /// Sends of earlier epochs: what comes back from them says nothing about the current key.
    pub attempts_before_epoch: u32,
    /// Questions over all epochs.
    pub queries: u32,
    /// When the last question was asked, while it has no answer and nothing was sent since.
    pub asked_at: Option<Timestamp>,
    /// Answers in a row that did not settle anything; drives the backoff.
    pub setbacks: u32,
    /// First send of the current key: the provider's window runs from here.
    pub first_sent_at: Option<Timestamp>,
    /// Last send of the current key: the quarantine runs from here.
    pub last_sent_at: Option<Timestamp>,
    /// First and last send before the latest one, restored when that one was surely not executed.
    pub(super) sent_before: (Option<Timestamp>, Option<Timestamp>),
    /// Whether the provider showed a payment of this epoch: then absence can no longer be proven.
    pub payment_seen: bool,
    /// The provider's name of the payment of this epoch that waited for its customer: its failure is that of the key.
    pub awaited: Option<String>,
    /// Whether the fate of some attempt of this epoch is unknown. Only key-bound truth clears it.
    pub ambiguous: bool,
    /// Whether no answer to the current key will ever tell the truth.
    pub key_poisoned: bool,
    /// Questions in a row that were asked when no copy could be under way any more, and found nothing.
    pub empty_queries: u32,
    /// Whether the caller no longer wants the payment.
    pub cancel_wished: bool,
    /// When to act next on an outcome that is not known; `None` when nothing is to be done.
    pub next_at: Option<Timestamp>,
    /// When to look for charges after the end; `None` when none can come.
    pub look_at: Option<Timestamp>,
    /// When to look after the reversals; `None` when none is open.
    pub reversal_at: Option<Timestamp>,
    /// When the last reversal began.
    pub reversing_since: Option<Timestamp>,
    /// The delay chosen last, from which decorrelated jitter continues.
    pub previous_delay: Millis,
    /// Charges that the state does not account for, and that nothing here takes back.
    pub extra_charges: Vec<String>,
    /// Charges that are, or were, taken back.
    pub reversals: Vec<Reversal>,
}

impl Intent {
    /// The state a journal tells.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Journal`] at the first entry that cannot follow those before it.
    pub fn replay(journal: &[Entry]) -> Result<Self, Error> {
        let mut entries = journal.iter().enumerate();
        let mut intent = entries.next().and_then(|(_, first)| Self::opened(first)).ok_or_else(|| {
            Error::from(ErrorKind::Journal { position: 0, problem: "it does not begin with `opened`" })
        })?;
        for (position, entry) in entries {
            intent.apply(entry).map_err(|problem| Error::from(ErrorKind::Journal { position, problem }))?;
        }
        Ok(intent)
    }

    /// When somebody should look at this intent; `None` when it has ended.
    #[must_use]
    pub fn wake_at(&self) -> Option<Timestamp> {
        // An open intent is asked about anyway, and then every charge comes to light.
        let look_at = self.look_at.filter(|_| !self.state.is_open());
        let mut wake_at = look_at;
        for due in [self.next_at, self.reversal_at] {
            wake_at = match (wake_at, due) {
                (Some(one), Some(two)) => Some(one.min(two)),
                (one, two) => one.or(two),
            };
        }
        wake_at
    }

    /// The first reversal that has not ended.
    #[must_use]
    pub fn open_reversal(&self) -> Option<&Reversal> {
        self.reversals.iter().find(|reversal| reversal.is_open())
    }

    /// Whether a charge was, or is being, taken back: then it is no news.
    #[must_use]
    pub fn takes_back(&self, charge: &str) -> bool {
        let failed = |reversal: &Reversal| matches!(reversal.progress, Progress::Failed { .. });
        self.reversals.iter().any(|reversal| reversal.charge == charge && !failed(reversal))
    }

    pub(super) fn opened(entry: &Entry) -> Option<Self> {
        let Entry::Opened { at, profile, account, request, key, deadline_at, terms, since, .. } = entry
        else {
            return None;
        };
        Some(Self {
            profile: profile.clone(),
            account: account.clone(),
            request: request.clone(),
            deadline_at: *deadline_at,
            terms: *terms,
            answer: None,
            state: State::Initiated,
            epoch: 1,
            key: key.clone(),
            epoch_opened_at: since.map_or(*at, |since| since.min(*at)),
            confirmed_at: *at,
            query_refused: false,
            attempts: 0,
            attempts_before_epoch: 0,
            queries: 0,
            asked_at: None,
            setbacks: 0,
            first_sent_at: None,
            last_sent_at: None,
            sent_before: (None, None),
            payment_seen: false,
            awaited: None,
            ambiguous: false,
            key_poisoned: false,
            empty_queries: 0,
            cancel_wished: false,
            next_at: Some(*at),
            look_at: None,
            reversal_at: None,
            reversing_since: None,
            previous_delay: Millis::ZERO,
            extra_charges: Vec::new(),
            reversals: Vec::new(),
        })
    }
}
