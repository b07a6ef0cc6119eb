//! Retries are a share of the traffic: tokens are earned by sends and answers, and spent by retries that find nobody.

use super::settings::BudgetSettings;
use crate::time::{Millis, Timestamp};

/// A token in the unit of account.
const TOKEN: u64 = 1_000;

/// The retry budget of one lane.
#[derive(Clone, Debug)]
pub(super) struct Budget {
    /// In thousandths of a token.
    balance: u64,
    /// Since when the next token trickles; `None` before the first look.
    trickling_since: Option<Timestamp>,
}

impl Budget {
    pub(super) const fn new(settings: &BudgetSettings) -> Self {
        Self { balance: most(settings), trickling_since: None }
    }

    /// Whole tokens.
    pub(super) const fn tokens(&self) -> u64 {
        self.balance / TOKEN
    }

    /// Adds what has trickled in.
    pub(super) fn refill(&mut self, settings: &BudgetSettings, now: Timestamp) {
        let since = self.trickling_since.unwrap_or(now);
        // A clock that was put back brings none, and neither does a trickle of nothing.
        let came = now.since(since).get().checked_div(settings.trickle.get()).unwrap_or(0);
        self.earn(settings, came.saturating_mul(TOKEN));
        let counted = Millis::new(came.saturating_mul(settings.trickle.get()));
        let restarts = self.balance >= most(settings) || now < since;
        self.trickling_since = Some(if restarts { now } else { since.saturating_add(counted) });
    }

    /// Whether there is a token; else when the next one trickles in, where one does.
    pub(super) fn affords(&self, settings: &BudgetSettings, now: Timestamp) -> Result<(), Option<Timestamp>> {
        let mut then = self.clone();
        then.refill(settings, now);
        if then.balance >= TOKEN {
            return Ok(());
        }
        let next = then.trickling_since.unwrap_or(now).saturating_add(settings.trickle);
        Err(Some(next).filter(|_| settings.trickle > Millis::ZERO))
    }

    /// A first send: half of its share, whatever becomes of it.
    pub(super) fn first_send(&mut self, settings: &BudgetSettings) {
        self.earn(settings, half_a_share(settings));
    }

    /// An answer: the other half.
    pub(super) fn answered(&mut self, settings: &BudgetSettings) {
        self.earn(settings, half_a_share(settings));
    }

    /// The token of a retry that was answered, or not sent after all.
    pub(super) fn give_back(&mut self, settings: &BudgetSettings) {
        self.earn(settings, TOKEN);
    }

    /// Takes a token, as far as there is one: a probe goes anyway.
    pub(super) const fn take(&mut self) {
        self.balance = self.balance.saturating_sub(TOKEN);
    }

    fn earn(&mut self, settings: &BudgetSettings, thousandths: u64) {
        self.balance = self.balance.saturating_add(thousandths).min(most(settings));
    }
}

/// The most thousandths there can be.
const fn most(settings: &BudgetSettings) -> u64 {
    #[expect(clippy::as_conversions, reason = "u32 to u64 is lossless; From is not const")]
    let burst = settings.burst as u64;
    burst.saturating_mul(TOKEN)
}

/// `percent` tokens for a hundred sends are ten thousandths for each, times `percent`.
fn half_a_share(settings: &BudgetSettings) -> u64 {
    u64::from(settings.percent).saturating_mul(5)
}
