//! Why a card is refused: one row holds the code, the decline code, the words and what the network said.
//!
//! Source: <https://docs.stripe.com/declines/codes> and the error column of <https://docs.stripe.com/testing>.

/// Why a card was refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::simulator) enum Decline {
    Generic,
    InsufficientFunds,
    LostCard,
    StolenCard,
    ExpiredCard,
    IncorrectCvc,
    ProcessingError,
    VelocityExceeded,
    /// Radar did not send it to the network.
    Blocked,
    /// The holder is not there to authenticate.
    AuthenticationRequired,
    /// A number of no test card.
    LiveCard,
}

/// What a client is told.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::simulator) struct Wording {
    pub(in crate::simulator) code: &'static str,
    pub(in crate::simulator) decline_code: Option<&'static str>,
    pub(in crate::simulator) message: &'static str,
    /// The part of the card that is wrong.
    pub(in crate::simulator) param: Option<&'static str>,
    /// What a merchant should do next.
    pub(in crate::simulator) advice: Option<&'static str>,
    /// The charge's `outcome.reason`.
    pub(in crate::simulator) reason: &'static str,
    pub(in crate::simulator) seller_message: &'static str,
}

const LATER: Option<&str> = Some("try_again_later");
const NEVER_AGAIN: Option<&str> = Some("do_not_try_again");
const CHECK_CARD: Option<&str> = Some("confirm_card_data");

const fn declined(
    decline_code: &'static str,
    message: &'static str,
    advice: Option<&'static str>,
    seller_message: &'static str,
) -> Wording {
    Wording {
        code: "card_declined",
        decline_code: Some(decline_code),
        message,
        param: None,
        advice,
        reason: decline_code,
        seller_message,
    }
}

/// A code of its own, which needs no decline code.
const fn failed(
    code: &'static str,
    message: &'static str,
    param: Option<&'static str>,
    advice: Option<&'static str>,
    seller_message: &'static str,
) -> Wording {
    Wording { code, decline_code: None, message, param, advice, reason: code, seller_message }
}

const GENERIC: &str = "Your card was declined.";

impl Decline {
    /// What a client is told.
    pub(in crate::simulator) const fn wording(self) -> Wording {
        match self {
            Self::Generic => declined(
                "generic_decline",
                GENERIC,
                LATER,
                "The bank did not return any further details with this decline.",
            ),
            Self::InsufficientFunds => declined(
                "insufficient_funds",
                "Your card has insufficient funds.",
                LATER,
                "The bank returned the decline code `insufficient_funds`.",
            ),
            Self::LostCard => {
                declined("lost_card", GENERIC, NEVER_AGAIN, "The bank returned the decline code `lost_card`.")
            }
            Self::StolenCard => declined(
                "stolen_card",
                GENERIC,
                NEVER_AGAIN,
                "The bank returned the decline code `stolen_card`.",
            ),
            Self::VelocityExceeded => declined(
                "card_velocity_exceeded",
                "Your card was declined for making repeated attempts too frequently or exceeding its amount limit.",
                LATER,
                "The bank returned the decline code `card_velocity_exceeded`.",
            ),
            Self::ExpiredCard => failed(
                "expired_card",
                "Your card has expired.",
                Some("exp_month"),
                CHECK_CARD,
                "The bank returned the decline code `expired_card`.",
            ),
            Self::IncorrectCvc => failed(
                "incorrect_cvc",
                "Your card's security code is incorrect.",
                Some("cvc"),
                CHECK_CARD,
                "The bank returned the decline code `incorrect_cvc`.",
            ),
            Self::ProcessingError => failed(
                "processing_error",
                "An error occurred while processing your card. Try again in a little bit.",
                None,
                LATER,
                "The bank returned the decline code `processing_error`.",
            ),
            Self::Blocked => Wording {
                reason: "highest_risk_level",
                ..declined("fraudulent", GENERIC, None, "Stripe blocked this payment as too risky.")
            },
            Self::AuthenticationRequired => Wording {
                code: "authentication_required",
                ..declined(
                    "authentication_required",
                    "Your card was declined. This transaction requires authentication.",
                    None,
                    "The bank returned the decline code `authentication_required`.",
                )
            },
            Self::LiveCard => declined(
                "test_mode_live_card",
                "Your card was declined. Your request was in test mode, but used a non test card. For a list of valid test cards, visit: https://stripe.com/docs/testing.",
                None,
                "The bank returned the decline code `test_mode_live_card`.",
            ),
        }
    }

    /// The charge's `outcome.type`.
    pub(in crate::simulator) const fn outcome(self) -> &'static str {
        match self {
            Self::Blocked => "blocked",
            _ => "issuer_declined",
        }
    }

    /// The two digits of ISO 8583 with which a network declines; `None` when it was not asked or said nothing.
    pub(in crate::simulator) const fn network_code(self) -> Option<&'static str> {
        match self {
            Self::Blocked | Self::LiveCard => None,
            Self::Generic => Some("01"),
            Self::InsufficientFunds => Some("51"),
            Self::LostCard => Some("41"),
            Self::StolenCard => Some("43"),
            Self::ExpiredCard => Some("54"),
            Self::IncorrectCvc => Some("82"),
            Self::ProcessingError => Some("06"),
            Self::VelocityExceeded => Some("65"),
            Self::AuthenticationRequired => Some("1A"),
        }
    }

    /// The charge's `outcome.network_status`.
    pub(in crate::simulator) const fn network_status(self) -> &'static str {
        match self {
            Self::Blocked => "not_sent_to_network",
            _ => "declined_by_network",
        }
    }
}
