//! Why the gateway refused a request.

use super::state::State;
use super::{KEY_BYTES_MAX, faults};
use crate::advice::{Advice, Detail, Diagnose};
use crate::json::{self, quoted};
use crate::money;
use crate::prelude::*;

/// Why the gateway refused a request. Variants stand in order of precedence.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Error {
    /// No such route.
    RouteNotFound {
        /// The path asked for, shortened.
        found: String,
    },
    /// The route exists, with another method.
    MethodNotAllowed {
        /// The method asked for, shortened.
        found: String,
        /// The methods there are.
        expected: String,
    },
    /// The route is known and the gateway does not simulate it.
    NotSimulated {
        /// What was asked for.
        what: &'static str,
    },
    /// The body is longer than is read.
    BodyTooLarge {
        /// Bytes found.
        found: usize,
        /// Bytes allowed.
        limit: usize,
    },
    /// The body claims to be something else than JSON in UTF-8 as it stands.
    EncodingRefused {
        /// The header that says so.
        header: &'static str,
        /// Its value, shortened.
        found: String,
    },
    /// The key arrived more than once, or may be two that were joined on the way.
    KeyDoubled,
    /// Injected: the gateway asks for patience; nothing was done.
    RateLimited {
        /// Seconds to wait.
        seconds: u64,
    },
    /// Injected: the gateway is away; nothing was done.
    Unavailable,
    /// A request that moves money has no key.
    KeyMissing,
    /// The key is too long, or is no printable ASCII text.
    KeyInvalid {
        /// Bytes found.
        found: usize,
    },
    /// A query parameter nobody knows.
    ParameterUnknown {
        /// The parameter, shortened.
        found: String,
    },
    /// A query parameter holds something else than it should.
    ParameterInvalid {
        /// The parameter.
        parameter: &'static str,
        /// What it should hold.
        expected: &'static str,
    },
    /// The body is no JSON document, or a field is wrong.
    Body(json::Error),
    /// The amount or currency is wrong.
    Money(money::Error),
    /// A payment, capture or refund of nothing.
    AmountZero,
    /// A text is longer than is kept.
    FieldTooLong {
        /// The field.
        field: &'static str,
        /// Characters found.
        found: usize,
        /// Characters allowed.
        limit: usize,
    },
    /// A field holds a text that means nothing here.
    FieldInvalid {
        /// The field.
        field: &'static str,
        /// What it should hold.
        expected: &'static str,
    },
    /// The fault plan is wrong.
    Plan(faults::Error),
    /// The key was first used with another request.
    KeyMismatch,
    /// The first request with this key has not been answered yet.
    KeyInFlight,
    /// There is no such object.
    NotFound {
        /// What was looked for: `payment`, `account`, `event`, `delivery`.
        what: &'static str,
        /// The id asked for, shortened.
        found: String,
    },
    /// The payment is in a state that does not allow it.
    InvalidTransition {
        /// The state it is in.
        found: State,
        /// What was asked for: `capture`, `void`, `refund`.
        wish: &'static str,
    },
    /// An escrow or a payout is in a state that does not allow it.
    WrongState {
        /// What it is: `escrow`, `payout`.
        what: &'static str,
        /// The state it is in.
        found: &'static str,
        /// What was asked for: `release`, `return`, `cancel`.
        wish: &'static str,
    },
    /// More was asked for than there is.
    AmountExceedsRest {
        /// Minor units asked for.
        found: u64,
        /// Minor units left.
        limit: u64,
        /// What was asked for: `capture`, `refund`, `transfer`, `hold`, `pay out`.
        wish: &'static str,
    },
    /// The gateway holds as much as it was allowed to.
    Full {
        /// What it is full of.
        what: &'static str,
        /// How many it holds.
        limit: usize,
    },
    /// Injected: the request was carried out and the answer is this failure, also when it is repeated.
    FailedAfterwards,
    /// The gateway broke one of its own invariants.
    Bug {
        /// Which one.
        what: &'static str,
    },
}

impl core::fmt::Display for Error {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        match self {
            Self::RouteNotFound { found } => {
                write!(f, "there is no route {}: see the list of routes of the native gateway", quoted(found))
            }
            Self::MethodNotAllowed { found, expected } => {
                write!(f, "this route does not answer {}: use {expected}", quoted(found))
            }
            Self::NotSimulated { what } => write!(f, "{what} is not simulated yet"),
            Self::BodyTooLarge { found, limit } => {
                write!(f, "the body has at least {found} bytes; at most {limit} are read")
            }
            Self::EncodingRefused { header, found } => write!(
                f,
                "the body comes with {header} {}: send plain JSON in UTF-8, not compressed",
                quoted(found)
            ),
            Self::KeyDoubled => f.write_str(
                "the Idempotency-Key arrived more than once, or holds a comma, which is how two look once they were \
                 joined: send one key without a comma",
            ),
            Self::RateLimited { seconds } => {
                write!(f, "too many requests: nothing was done; try again in {seconds} s with the same key")
            }
            Self::Unavailable => {
                f.write_str("the gateway is not available: nothing was done; try again with the same key")
            }
            Self::KeyMissing => f.write_str(
                "the header Idempotency-Key is missing: send one key per intended payment, the same at each retry",
            ),
            Self::KeyInvalid { found } => write!(
                f,
                "the Idempotency-Key of {found} bytes is not usable: expected 1 to {KEY_BYTES_MAX} printable \
                 ASCII characters"
            ),
            Self::ParameterUnknown { found } => {
                write!(f, "the query parameter {} is not known here: remove it or mend its name", quoted(found))
            }
            Self::ParameterInvalid { parameter, expected } => {
                write!(f, "the query parameter `{parameter}` cannot be read: expected {expected}")
            }
            Self::Body(error) => error.fmt(f),
            Self::Money(error) => error.fmt(f),
            Self::AmountZero => f.write_str("the amount is 0: expected at least 1 minor unit"),
            Self::FieldTooLong { field, found, limit } => {
                write!(f, "the field `{field}` has {found} characters; at most {limit} are kept")
            }
            Self::FieldInvalid { field, expected } => {
                write!(f, "the field `{field}` cannot be used: expected {expected}")
            }
            Self::Plan(error) => error.fmt(f),
            Self::KeyMismatch => f.write_str(
                "the Idempotency-Key was first used with another request: repeat that one unchanged, or send a new \
                 key for a new intent",
            ),
            Self::KeyInFlight => f.write_str(
                "the first request with this Idempotency-Key is still running: wait and repeat it with the same key",
            ),
            Self::NotFound { what, found } => write!(f, "there is no {what} {}", quoted(found)),
            Self::InvalidTransition { found, wish } => {
                write!(f, "a payment that is {} cannot be {}", found.name(), participle(wish))
            }
            Self::WrongState { what, found, wish } => {
                write!(f, "a {what} that is {found} cannot be {}", participle(wish))
            }
            Self::AmountExceedsRest { found, limit, wish } => {
                write!(f, "{found} minor units cannot be {}: {limit} are left", participle(wish))
            }
            Self::Full { what, limit } => {
                write!(f, "the gateway holds {limit} {what} and takes no more: reset it or raise the limit")
            }
            Self::FailedAfterwards => f.write_str(
                "the gateway failed after it had begun: look the payment up before anything is sent again",
            ),
            Self::Bug { what } => write!(f, "the gateway broke its own rule: {what}; please report it"),
        }
    }
}

/// The wish as it was not granted.
fn participle(wish: &str) -> String {
    match wish {
        "capture" => "captured".to_owned(),
        "submit" => "submitted".to_owned(),
        "transfer" => "transferred".to_owned(),
        "hold" => "held".to_owned(),
        "pay out" => "paid out".to_owned(),
        other if other.ends_with('e') => format!("{other}d"),
        other => format!("{other}ed"),
    }
}

impl core::error::Error for Error {}

impl From<json::Error> for Error {
    fn from(error: json::Error) -> Self {
        Self::Body(error)
    }
}

impl From<money::Error> for Error {
    fn from(error: money::Error) -> Self {
        Self::Money(error)
    }
}

impl From<faults::Error> for Error {
    fn from(error: faults::Error) -> Self {
        Self::Plan(error)
    }
}

impl Diagnose for Error {
    fn code(&self) -> &'static str {
        match self {
            Self::RouteNotFound { .. } => "route_not_found",
            Self::MethodNotAllowed { .. } => "method_not_allowed",
            Self::NotSimulated { .. } => "not_simulated",
            Self::BodyTooLarge { .. } => "body_too_large",
            Self::EncodingRefused { .. } => "encoding_refused",
            Self::KeyDoubled => "idempotency_key_invalid",
            Self::RateLimited { .. } => "rate_limited",
            Self::Unavailable => "unavailable",
            Self::KeyMissing => "idempotency_key_missing",
            Self::KeyInvalid { .. } => "idempotency_key_invalid",
            Self::ParameterUnknown { .. } => "parameter_unknown",
            Self::ParameterInvalid { .. } => "parameter_invalid",
            Self::Body(error) => error.code(),
            Self::Money(error) => error.code(),
            Self::AmountZero => "amount_zero",
            Self::FieldTooLong { .. } => "field_too_long",
            Self::FieldInvalid { .. } => "field_invalid",
            Self::Plan(error) => error.code(),
            Self::KeyMismatch => "idempotency_key_mismatch",
            Self::KeyInFlight => "idempotency_key_in_flight",
            Self::NotFound { what: "account", .. } => "account_not_found",
            Self::NotFound { what: "event", .. } => "event_not_found",
            Self::NotFound { what: "delivery", .. } => "delivery_not_found",
            Self::NotFound { what: "payout", .. } => "payout_not_found",
            Self::NotFound { what: "transfer", .. } => "transfer_not_found",
            Self::NotFound { what: "escrow", .. } => "escrow_not_found",
            Self::NotFound { what: "webhook endpoint", .. } => "webhook_endpoint_not_found",
            Self::NotFound { .. } => "payment_not_found",
            Self::InvalidTransition { .. } | Self::WrongState { .. } => "invalid_transition",
            Self::AmountExceedsRest { .. } => "amount_exceeds_rest",
            Self::Full { .. } => "gateway_full",
            Self::FailedAfterwards => "internal_error",
            Self::Bug { .. } => "gateway_bug",
        }
    }

    fn advice(&self) -> Advice {
        match self {
            Self::RateLimited { .. } | Self::Unavailable | Self::KeyInFlight => Advice::RetrySameKey,
            Self::FailedAfterwards => Advice::Reconcile,
            Self::Bug { .. } => Advice::ReportBug,
            Self::RouteNotFound { .. }
            | Self::MethodNotAllowed { .. }
            | Self::NotSimulated { .. }
            | Self::BodyTooLarge { .. }
            | Self::EncodingRefused { .. }
            | Self::KeyDoubled
            | Self::KeyMissing
            | Self::KeyInvalid { .. }
            | Self::ParameterUnknown { .. }
            | Self::ParameterInvalid { .. }
            | Self::Body(_)
            | Self::Money(_)
            | Self::AmountZero
            | Self::FieldTooLong { .. }
            | Self::FieldInvalid { .. }
            | Self::Plan(_)
            | Self::KeyMismatch
            | Self::NotFound { .. }
            | Self::InvalidTransition { .. }
            | Self::WrongState { .. }
            | Self::AmountExceedsRest { .. }
            | Self::Full { .. } => Advice::FixCall,
        }
    }

    fn details(&self) -> Vec<Detail> {
        match self {
            Self::RouteNotFound { found } | Self::ParameterUnknown { found } => {
                vec![("found", found.clone())]
            }
            Self::MethodNotAllowed { found, expected } => {
                vec![("found", found.clone()), ("expected", expected.clone())]
            }
            Self::NotSimulated { what } | Self::Bug { what } => vec![("what", (*what).to_owned())],
            Self::BodyTooLarge { found, limit } => {
                vec![("found", found.to_string()), ("limit", limit.to_string())]
            }
            Self::EncodingRefused { header, found } => {
                vec![("header", (*header).to_owned()), ("found", found.clone())]
            }
            Self::RateLimited { seconds } => vec![("seconds", seconds.to_string())],
            Self::KeyInvalid { found } => vec![("found", found.to_string())],
            Self::ParameterInvalid { parameter, expected } => {
                vec![("parameter", (*parameter).to_owned()), ("expected", (*expected).to_owned())]
            }
            Self::Body(error) => error.details(),
            Self::Money(error) => error.details(),
            Self::FieldTooLong { field, found, limit } => vec![
                ("field", (*field).to_owned()),
                ("found", found.to_string()),
                ("limit", limit.to_string()),
            ],
            Self::FieldInvalid { field, expected } => {
                vec![("field", (*field).to_owned()), ("expected", (*expected).to_owned())]
            }
            Self::Plan(error) => error.details(),
            Self::NotFound { what, found } => {
                vec![("what", (*what).to_owned()), ("found", found.clone())]
            }
            Self::InvalidTransition { found, wish } => {
                vec![("found", found.name().to_owned()), ("wish", (*wish).to_owned())]
            }
            Self::WrongState { what, found, wish } => vec![
                ("what", (*what).to_owned()),
                ("found", (*found).to_owned()),
                ("wish", (*wish).to_owned()),
            ],
            Self::AmountExceedsRest { found, limit, .. } => {
                vec![("found", found.to_string()), ("limit", limit.to_string())]
            }
            Self::Full { what, limit } => vec![("what", (*what).to_owned()), ("limit", limit.to_string())],
            Self::KeyDoubled
            | Self::Unavailable
            | Self::KeyMissing
            | Self::AmountZero
            | Self::KeyMismatch
            | Self::KeyInFlight
            | Self::FailedAfterwards => Vec::new(),
        }
    }
}
