//! A payment intent takes its amount at most once, however often it is confirmed.
//!
//! ```text
//! requires_payment_method -> requires_confirmation -> requires_action -> requires_capture -> succeeded
//! ```
//!
//! A state may be passed over; a decline leads back to the first; all but `succeeded` may lead to `canceled`, and both of
//! those are the end. `machine` holds the moves, `wish` reads what a request wants, `serve` are the routes.
//! Source: <https://docs.stripe.com/payments/paymentintents/lifecycle>.

mod capture;
pub(super) mod card_options;
mod machine;
mod pay;
mod serve;
pub(super) mod view;
pub(super) mod wish;

use alloc::sync::Arc;

use super::declines::Decline;
use super::object::Head;
use super::payment_methods::PaymentMethod;
use super::terms::Terms;
use crate::money::Currency;
use crate::prelude::*;
use crate::time::{Millis, Timestamp};

pub(super) use capture::{capture_held, expire};
pub(super) use machine::{authenticate, tell_booked};
pub(super) use pay::{Order, confirm_with, open, withdraw};
pub(super) use serve::ROUTES;
pub(super) use wish::check_amount;

/// How long a hold may be captured: 7 days, the default of the card networks for online payments.
pub(super) const HOLD_LIFE: Millis = Millis::from_seconds(7 * 24 * 60 * 60);

/// After which time an asynchronous capture tells of its balance transaction.
pub(super) const BOOKING_DELAY: Millis = Millis::from_seconds(1);

/// Where an intent stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Status {
    RequiresPaymentMethod,
    RequiresConfirmation,
    RequiresAction,
    RequiresCapture,
    Succeeded,
    Canceled,
}

impl Status {
    /// As it is written.
    pub(super) const fn name(self) -> &'static str {
        match self {
            Self::RequiresPaymentMethod => "requires_payment_method",
            Self::RequiresConfirmation => "requires_confirmation",
            Self::RequiresAction => "requires_action",
            Self::RequiresCapture => "requires_capture",
            Self::Succeeded => "succeeded",
            Self::Canceled => "canceled",
        }
    }

    /// Whether no try was made, or none that lasts: amounts and methods can still change.
    pub(super) const fn is_open(self) -> bool {
        matches!(self, Self::RequiresPaymentMethod | Self::RequiresConfirmation | Self::RequiresAction)
    }
}

/// When the money is taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum CaptureMethod {
    /// With the answer.
    Automatic,
    /// With the answer; its balance transaction is told of later.
    AutomaticAsync,
    /// When the merchant says so.
    Manual,
}

impl CaptureMethod {
    /// As it is written.
    pub(super) const fn name(self) -> &'static str {
        match self {
            Self::Automatic => "automatic",
            Self::AutomaticAsync => "automatic_async",
            Self::Manual => "manual",
        }
    }
}

/// Whether the card will be charged again.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Future {
    OnSession,
    OffSession,
}

impl Future {
    /// As it is written.
    pub(super) const fn name(self) -> &'static str {
        match self {
            Self::OnSession => "on_session",
            Self::OffSession => "off_session",
        }
    }
}

/// How the kinds of payment methods are chosen.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Choice {
    /// By what the merchant's settings allow: cards.
    Automatic {
        /// Whether methods that leave the merchant's page may be among them.
        redirects: bool,
        /// Whether the request said so, or only the default does.
        explicit: bool,
    },
    /// By the merchant.
    Listed,
}

/// What the holder is asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum ThreeDSecure {
    /// What the card asks for.
    Automatic,
    Any,
    Challenge,
}

impl ThreeDSecure {
    const fn name(self) -> &'static str {
        match self {
            Self::Automatic => "automatic",
            Self::Any => "any",
            Self::Challenge => "challenge",
        }
    }
}

/// Why the last try failed.
#[derive(Clone, Debug)]
pub(super) struct LastError {
    pub(super) why: Why,
    pub(super) charge: Option<usize>,
    /// The method as it was then.
    pub(super) method: Arc<PaymentMethod>,
}

/// Who said no.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Why {
    /// The bank, or Radar.
    Declined(Decline),
    /// The holder failed to authenticate.
    NotAuthenticated,
    /// The same for a setup.
    SetupNotAuthenticated,
}

/// Somebody's wish to be paid.
#[derive(Clone, Debug)]
pub(super) struct PaymentIntent {
    pub(super) head: Head,
    /// Minor units.
    pub(super) amount: u64,
    pub(super) currency: Currency,
    pub(super) status: Status,
    pub(super) capture: CaptureMethod,
    /// Whether cards alone wait for a capture, whatever `capture` says.
    pub(super) holds_cards: bool,
    /// Whether only the server confirms.
    pub(super) is_manually_confirmed: bool,
    /// Minor units that were taken.
    pub(super) amount_received: u64,
    pub(super) customer: Option<usize>,
    pub(super) payment_method: Option<usize>,
    pub(super) latest_charge: Option<usize>,
    pub(super) choice: Choice,
    pub(super) allowed: Option<Arc<[String]>>,
    pub(super) excluded: Option<Arc<[String]>>,
    pub(super) future: Option<Future>,
    pub(super) three_d_secure: ThreeDSecure,
    pub(super) terms: Arc<Terms>,
    /// When it was canceled and why.
    pub(super) canceled: Option<(Timestamp, Option<&'static str>)>,
    pub(super) last_error: Option<Arc<LastError>>,
    /// Where the holder returns to after authenticating.
    pub(super) return_url: Option<Arc<str>>,
    /// Whether the holder has authenticated for the method at hand.
    pub(super) is_authenticated: bool,
}

impl PaymentIntent {
    /// Whether a confirmation only holds the money.
    pub(super) fn holds(&self) -> bool {
        self.holds_cards || self.capture == CaptureMethod::Manual
    }
}
