//! What the gateway answers when it does not do what it was asked: one envelope, codes as Stripe has them.
//!
//! The official client chooses its error class by the status and takes every body without a top-level `error` for a
//! success, so each refusal carries one (simulator.md 1.1, 1.3; <https://docs.stripe.com/api/errors>).

use super::object::Object;
use crate::prelude::*;

/// The result of a handler.
pub(super) type Result<T> = core::result::Result<T, Box<Refusal>>;

/// Codes that Stripe does not have, and of which its documentation has no page.
pub(super) const OUR_CODES: &[&str] = &["simulator_bug", "simulator_full", "url_not_simulated"];

/// The `type` of an error: there are only four on the wire.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    Api,
    Card,
    Idempotency,
    InvalidRequest,
}

impl Kind {
    pub(super) const fn name(self) -> &'static str {
        match self {
            Self::Api => "api_error",
            Self::Card => "card_error",
            Self::Idempotency => "idempotency_error",
            Self::InvalidRequest => "invalid_request_error",
        }
    }
}

/// Why a request was refused, as the client will see it.
#[derive(Clone, Debug)]
pub(super) struct Refusal {
    pub(super) status: u16,
    pub(super) kind: Kind,
    pub(super) code: Option<&'static str>,
    pub(super) decline_code: Option<&'static str>,
    /// What to do about a declined card.
    pub(super) advice_code: Option<&'static str>,
    /// What the card network said.
    pub(super) network_decline_code: Option<&'static str>,
    pub(super) message: String,
    /// In bracket notation.
    pub(super) param: Option<String>,
    /// The id of the charge that failed.
    pub(super) charge: Option<String>,
    /// Objects that stand in the error under a name of their own: `payment_intent`, `payment_method`, `setup_intent`.
    pub(super) objects: Vec<(&'static str, Object)>,
    /// Whether the request had begun to be carried out. Only then is the answer kept under its idempotency key
    /// (<https://docs.stripe.com/error-low-level>).
    pub(super) is_executed: bool,
}

impl Refusal {
    fn new(status: u16, kind: Kind, code: Option<&'static str>, message: String) -> Box<Self> {
        Box::new(Self {
            status,
            kind,
            code,
            decline_code: None,
            advice_code: None,
            network_decline_code: None,
            message,
            param: None,
            charge: None,
            objects: Vec::new(),
            is_executed: false,
        })
    }

    /// The request as a whole is wrong.
    pub(super) fn request(message: String) -> Box<Self> {
        Self::new(400, Kind::InvalidRequest, None, message)
    }

    /// A parameter is wrong.
    pub(super) fn param(code: Option<&'static str>, param: &str, message: String) -> Box<Self> {
        let mut refusal = Self::new(400, Kind::InvalidRequest, code, message);
        refusal.param = Some(param.to_owned());
        refusal
    }

    /// A parameter that has to be there is not.
    pub(super) fn missing(param: &str) -> Box<Self> {
        Self::param(Some("parameter_missing"), param, format!("Missing required param: {param}."))
    }

    /// A parameter nobody reads: one that Stripe does not have, or one that has no effect here and does not pretend to.
    pub(super) fn unknown(param: &str) -> Box<Self> {
        let message = format!("Received unknown parameter: {param} (unknown to Stripe, or not simulated)");
        Self::param(Some("parameter_unknown"), param, message)
    }

    /// The path names an object that does not exist, or that belongs to another account.
    pub(super) fn no_such(kind: &str, id: &str) -> Box<Self> {
        let mut refusal = Self::no_such_param(kind, id, "id");
        refusal.status = 404;
        refusal
    }

    /// A parameter names an object that does not exist.
    pub(super) fn no_such_param(kind: &str, id: &str, param: &str) -> Box<Self> {
        const SHOWN_MAX: usize = 60;
        let shown: String = id.chars().take(SHOWN_MAX).collect();
        Self::param(Some("resource_missing"), param, format!("No such {kind}: '{shown}'"))
    }

    /// The object is in a state that does not allow it: the request was begun, and its key is used up.
    pub(super) fn state(code: &'static str, message: String) -> Box<Self> {
        let mut refusal = Self::new(400, Kind::InvalidRequest, Some(code), message);
        refusal.is_executed = true;
        refusal
    }

    /// The card was refused: 402, and the answer is kept under its key.
    pub(super) fn card(code: &'static str, decline_code: Option<&'static str>, message: &str) -> Box<Self> {
        let mut refusal = Self::new(402, Kind::Card, Some(code), message.to_owned());
        refusal.decline_code = decline_code;
        refusal.is_executed = true;
        refusal
    }

    /// No key, or one that is none of a test account.
    pub(super) fn unauthenticated(message: &str) -> Box<Self> {
        Self::new(401, Kind::InvalidRequest, None, message.to_owned())
    }

    /// The key may not do this.
    pub(super) fn forbidden(message: String) -> Box<Self> {
        Self::new(403, Kind::InvalidRequest, None, message)
    }

    /// No such route, or none that is simulated.
    pub(super) fn not_simulated(method: &str, path: &str) -> Box<Self> {
        let message = format!(
            "Unrecognized request URL ({method}: {path}): not simulated. `tillproof simulate --routes` lists what is."
        );
        let mut refusal = Self::new(404, Kind::InvalidRequest, None, message);
        refusal.code = Some("url_not_simulated");
        refusal
    }

    /// The key was first used with other parameters or at another endpoint.
    pub(super) fn key_mismatch() -> Box<Self> {
        let message = "Keys for idempotent requests can only be used with the same parameters they were first used with. \
                       Try using a key other than this one if you meant to execute a different request.";
        Self::new(400, Kind::Idempotency, None, message.to_owned())
    }

    /// The first request with this key has not been answered yet.
    pub(super) fn key_in_use() -> Box<Self> {
        let message = "There is currently another in-progress request using this Idempotent Key; the same request may be \
                       sent again once that one is answered.";
        Self::new(409, Kind::InvalidRequest, Some("idempotency_key_in_use"), message.to_owned())
    }

    /// Injected: too many requests; nothing was done.
    pub(super) fn rate_limited() -> Box<Self> {
        let message = "Request rate limit exceeded. Learn more about rate limits here \
                       https://stripe.com/docs/rate-limits.";
        Self::new(429, Kind::InvalidRequest, Some("rate_limit"), message.to_owned())
    }

    /// Injected: the gateway is away; nothing was done.
    pub(super) fn unavailable() -> Box<Self> {
        let message =
            "Stripe is temporarily unavailable: nothing was done; the same request may be sent again.";
        Self::new(503, Kind::Api, None, message.to_owned())
    }

    /// Injected: the failure that pretends that nothing is known of a request that was carried out.
    pub(super) fn failed_afterwards() -> Box<Self> {
        let mut refusal = Self::new(500, Kind::Api, None, "An unknown error occurred.".to_owned());
        refusal.is_executed = true;
        refusal
    }

    /// The gateway holds as much as it was made for.
    pub(super) fn full(what: &str, limit: usize) -> Box<Self> {
        let message = format!(
            "The simulator holds {limit} {what} and takes no more: reset it, or start one with a larger limit."
        );
        Self::new(507, Kind::Api, Some("simulator_full"), message)
    }

    /// A fault of the simulator itself; nothing a merchant did.
    pub(super) fn bug(what: &'static str) -> Box<Self> {
        Self::new(
            500,
            Kind::Api,
            Some("simulator_bug"),
            format!("The simulator contradicts itself: {what}. Please report it."),
        )
    }

    /// The status other than the usual one.
    pub(super) fn with_status(mut self: Box<Self>, status: u16) -> Box<Self> {
        self.status = status;
        self
    }
}

impl From<super::super::Error> for Box<Refusal> {
    fn from(error: super::super::Error) -> Self {
        use super::super::Error;
        match error {
            Error::KeyMismatch => Refusal::key_mismatch(),
            Error::KeyInFlight => Refusal::key_in_use(),
            Error::Full { what, limit } => Refusal::full(what, limit),
            Error::Bug { what } => Refusal::bug(what),
            other => Refusal::request(other.to_string()),
        }
    }
}
