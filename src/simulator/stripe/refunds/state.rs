//! The states of a refund. What is neither canceled nor failed is spoken for, and what is counts no longer.
//!
//! Source: <https://docs.stripe.com/api/refunds/object#refund_object-status>. `requires_action` belongs to payment methods
//! that are not simulated.

/// Where a refund stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum State {
    Pending,
    Succeeded,
    Canceled,
    /// The card's bank sent it back.
    Failed,
}

impl State {
    /// As it is shown.
    pub(super) const fn name(self) -> &'static str {
        match self {
            Self::Pending => "pending",
            Self::Succeeded => "succeeded",
            Self::Canceled => "canceled",
            Self::Failed => "failed",
        }
    }

    /// Whether its amount is spoken for.
    pub(super) const fn counts(self) -> bool {
        matches!(self, Self::Pending | Self::Succeeded)
    }
}
