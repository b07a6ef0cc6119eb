//! The states of a dispute and the only moves between them; `won`, `lost` and `warning_closed` are never left.
//!
//! Source: <https://docs.stripe.com/api/disputes/object#dispute_object-status>. Appeals and prevention by the network are
//! not simulated.

/// Where a dispute stands. An inquiry, whose states begin with `warning`, has taken no money.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum State {
    WarningNeedsResponse,
    WarningUnderReview,
    WarningClosed,
    NeedsResponse,
    UnderReview,
    Won,
    Lost,
}

/// What happens to a dispute.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Move {
    /// Evidence went to the bank.
    Submit,
    /// The bank, or the time that passed, decides for the merchant.
    Win,
    /// The bank, the merchant, or the time that passed decides for the cardholder.
    Lose,
    /// The bank makes a chargeback of an inquiry.
    Escalate,
}

impl State {
    /// As it is shown.
    pub(super) const fn name(self) -> &'static str {
        match self {
            Self::WarningNeedsResponse => "warning_needs_response",
            Self::WarningUnderReview => "warning_under_review",
            Self::WarningClosed => "warning_closed",
            Self::NeedsResponse => "needs_response",
            Self::UnderReview => "under_review",
            Self::Won => "won",
            Self::Lost => "lost",
        }
    }

    pub(super) const fn is_inquiry(self) -> bool {
        matches!(self, Self::WarningNeedsResponse | Self::WarningUnderReview | Self::WarningClosed)
    }

    /// Whether somebody waits for the merchant.
    pub(super) const fn needs_response(self) -> bool {
        matches!(self, Self::WarningNeedsResponse | Self::NeedsResponse)
    }

    pub(super) const fn is_closed(self) -> bool {
        matches!(self, Self::WarningClosed | Self::Won | Self::Lost)
    }

    /// Whether the charge can be refunded: while no money was taken, and when it came back.
    pub(super) const fn allows_refund(self) -> bool {
        self.is_inquiry() || matches!(self, Self::Won)
    }

    /// The state after a move; `None` when the move is not allowed.
    pub(super) const fn after(self, step: Move) -> Option<Self> {
        match (self, step) {
            (Self::WarningNeedsResponse | Self::WarningUnderReview, Move::Submit) => {
                Some(Self::WarningUnderReview)
            }
            (Self::NeedsResponse | Self::UnderReview, Move::Submit) => Some(Self::UnderReview),
            // However it ends, an inquiry that is over took no money.
            (Self::WarningNeedsResponse | Self::WarningUnderReview, Move::Win | Move::Lose) => {
                Some(Self::WarningClosed)
            }
            (Self::WarningNeedsResponse | Self::WarningUnderReview, Move::Escalate) => {
                Some(Self::NeedsResponse)
            }
            (Self::NeedsResponse | Self::UnderReview, Move::Win) => Some(Self::Won),
            (Self::NeedsResponse | Self::UnderReview, Move::Lose) => Some(Self::Lost),
            _ => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const STATES: [State; 7] = [
        State::WarningNeedsResponse,
        State::WarningUnderReview,
        State::WarningClosed,
        State::NeedsResponse,
        State::UnderReview,
        State::Won,
        State::Lost,
    ];

    #[test]
    fn a_closed_dispute_never_moves_and_an_open_one_can_end() {
        for state in STATES {
            let ends = [Move::Submit, Move::Win, Move::Lose, Move::Escalate].map(|step| state.after(step));
            assert_eq!(ends.iter().all(Option::is_none), state.is_closed(), "{state:?}");
            if !state.is_closed() {
                assert!(state.after(Move::Win).is_some_and(State::is_closed), "{state:?}");
            }
        }
    }

    #[test]
    fn money_is_taken_by_chargebacks_only() {
        for state in STATES {
            assert_eq!(state.is_inquiry(), state.name().starts_with("warning"), "{state:?}");
            if let Some(next) = state.after(Move::Escalate) {
                assert!(state.is_inquiry() && !next.is_inquiry() && !next.allows_refund());
            }
        }
    }
}
