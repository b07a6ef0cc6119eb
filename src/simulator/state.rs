//! A payment is always in exactly one state and only the moves of one table lead out of it.
//!
//! The table is the contract's, whole; there is no other way to change a state. Terminal states have no row that
//! starts with them, so they stay.

/// Where a payment stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum State {
    /// Accepted by the gateway, not yet sent to the card network.
    Pending,
    /// With the card network, which has not answered.
    Processing,
    /// The money is held and may be captured, voided or left to expire.
    Authorized,
    /// The money was taken.
    Completed,
    /// A part of the money was given back.
    PartiallyRefunded,
    /// All of the money was given back.
    Refunded,
    /// The hold was released by the merchant.
    Voided,
    /// The hold was released by time.
    Expired,
    /// The card network refused.
    Failed,
}

/// What happens to a payment.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Move {
    /// The payment goes to the card network.
    Submit,
    /// The network holds the money.
    Authorize,
    /// The network takes the money at once.
    Complete,
    /// The network, or the gateway before it, refuses.
    Decline,
    /// The merchant takes what was held.
    Capture,
    /// The merchant releases what was held.
    Void,
    /// Time releases what was held.
    Expire,
    /// The merchant gives a part back.
    RefundPart,
    /// The merchant gives back all that is left.
    RefundRest,
}

/// From, by, to.
pub(super) const MOVES: &[(State, Move, State)] = &[
    (State::Pending, Move::Submit, State::Processing),
    (State::Pending, Move::Decline, State::Failed),
    (State::Processing, Move::Authorize, State::Authorized),
    (State::Processing, Move::Complete, State::Completed),
    (State::Processing, Move::Decline, State::Failed),
    (State::Authorized, Move::Capture, State::Completed),
    (State::Authorized, Move::Void, State::Voided),
    (State::Authorized, Move::Expire, State::Expired),
    (State::Completed, Move::RefundPart, State::PartiallyRefunded),
    (State::Completed, Move::RefundRest, State::Refunded),
    (State::PartiallyRefunded, Move::RefundPart, State::PartiallyRefunded),
    (State::PartiallyRefunded, Move::RefundRest, State::Refunded),
];

impl State {
    /// All states, in the order a payment may pass them.
    pub const ALL: [Self; 9] = [
        Self::Pending,
        Self::Processing,
        Self::Authorized,
        Self::Completed,
        Self::PartiallyRefunded,
        Self::Refunded,
        Self::Voided,
        Self::Expired,
        Self::Failed,
    ];

    /// The state after a move, or `None` when the table has no such row.
    #[must_use]
    pub fn after(self, by: Move) -> Option<Self> {
        MOVES.iter().find(|(from, wish, _)| *from == self && *wish == by).map(|(_, _, to)| *to)
    }

    /// The stable name.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Pending => "pending",
            Self::Processing => "processing",
            Self::Authorized => "authorized",
            Self::Completed => "completed",
            Self::PartiallyRefunded => "partially_refunded",
            Self::Refunded => "refunded",
            Self::Voided => "voided",
            Self::Expired => "expired",
            Self::Failed => "failed",
        }
    }

    /// The type of the event that announces the state.
    #[must_use]
    pub const fn event(self) -> &'static str {
        match self {
            Self::Pending => "payment.pending",
            Self::Processing => "payment.processing",
            Self::Authorized => "payment.authorized",
            Self::Completed => "payment.completed",
            Self::PartiallyRefunded => "payment.partially_refunded",
            Self::Refunded => "payment.refunded",
            Self::Voided => "payment.voided",
            Self::Expired => "payment.expired",
            Self::Failed => "payment.failed",
        }
    }
}

impl Move {
    /// The stable name of the cause, as it is written beside a transition.
    #[must_use]
    pub const fn cause(self) -> &'static str {
        match self {
            Self::Submit => "submit",
            Self::Authorize => "authorize",
            Self::Complete => "complete",
            Self::Decline => "decline",
            Self::Capture => "capture",
            Self::Void => "void",
            Self::Expire => "expire",
            Self::RefundPart | Self::RefundRest => "refund",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::prelude::*;

    const ALL_MOVES: [Move; 9] = [
        Move::Submit,
        Move::Authorize,
        Move::Complete,
        Move::Decline,
        Move::Capture,
        Move::Void,
        Move::Expire,
        Move::RefundPart,
        Move::RefundRest,
    ];

    #[test]
    fn every_move_from_every_state_is_decided_by_this_table() {
        let mut found = String::new();
        for state in State::ALL {
            let moves: Vec<String> = ALL_MOVES
                .into_iter()
                .filter_map(|by| state.after(by).map(|to| format!("{by:?} -> {}", to.name())))
                .collect();
            let moves = if moves.is_empty() { "none".to_owned() } else { moves.join(", ") };
            found.push_str(&format!("{}: {moves}\n", state.name()));
        }
        insta::assert_snapshot!(found, @"
        pending: Submit -> processing, Decline -> failed
        processing: Authorize -> authorized, Complete -> completed, Decline -> failed
        authorized: Capture -> completed, Void -> voided, Expire -> expired
        completed: RefundPart -> partially_refunded, RefundRest -> refunded
        partially_refunded: RefundPart -> partially_refunded, RefundRest -> refunded
        refunded: none
        voided: none
        expired: none
        failed: none
        ");
    }

    #[test]
    fn each_event_is_named_after_its_state() {
        for state in State::ALL {
            assert_eq!(state.event(), format!("payment.{}", state.name()));
        }
    }
}
