//! Refusals as HTTP statuses.

use super::super::Error;

/// The HTTP status of a refusal.
pub(super) const fn status(error: &Error) -> u16 {
    match error {
        Error::RouteNotFound { .. } | Error::NotFound { .. } => 404,
        Error::MethodNotAllowed { .. } => 405,
        Error::KeyInFlight | Error::InvalidTransition { .. } | Error::WrongState { .. } => 409,
        Error::BodyTooLarge { .. } => 413,
        Error::EncodingRefused { .. } => 415,
        Error::KeyMismatch => 422,
        Error::RateLimited { .. } => 429,
        Error::FailedAfterwards | Error::Bug { .. } => 500,
        Error::NotSimulated { .. } => 501,
        Error::Unavailable => 503,
        Error::Full { .. } => 507,
        Error::KeyDoubled
        | Error::KeyMissing
        | Error::KeyInvalid { .. }
        | Error::ParameterUnknown { .. }
        | Error::ParameterInvalid { .. }
        | Error::Body(_)
        | Error::Money(_)
        | Error::AmountZero
        | Error::FieldTooLong { .. }
        | Error::FieldInvalid { .. }
        | Error::Plan(_)
        | Error::AmountExceedsRest { .. } => 400,
    }
}

#[cfg(test)]
mod tests {
    use super::super::super::State;
    use super::super::super::faults;
    use super::*;
    use crate::advice::Diagnose as _;
    use crate::json;
    use crate::money::Currency;
    use crate::prelude::*;

    #[test]
    fn every_refusal_has_a_status_a_code_an_advice_and_a_sentence() {
        let text = |text: &str| text.to_owned();
        let currency = Currency::parse("eur").unwrap_err();
        let field =
            json::Error::from(json::ErrorKind::MissingField { field: "amount", expected: "a whole number" });
        let all = [
            Error::RouteNotFound { found: text("/pay") },
            Error::MethodNotAllowed { found: text("PUT"), expected: text("POST or GET") },
            Error::NotSimulated { what: "the bank statement" },
            Error::BodyTooLarge { found: 9, limit: 8 },
            Error::EncodingRefused { header: "Content-Encoding", found: text("gzip") },
            Error::KeyDoubled,
            Error::RateLimited { seconds: 1 },
            Error::Unavailable,
            Error::KeyMissing,
            Error::KeyInvalid { found: 300 },
            Error::ParameterUnknown { found: text("refrence") },
            Error::ParameterInvalid { parameter: "limit", expected: "a whole number from 1 to 100" },
            Error::Body(field),
            Error::Money(currency),
            Error::AmountZero,
            Error::FieldTooLong { field: "reference", found: 201, limit: 200 },
            Error::FieldInvalid { field: "url", expected: "an absolute address" },
            Error::Plan(faults::Error::WrongRule { fault: "slow" }),
            Error::KeyMismatch,
            Error::KeyInFlight,
            Error::NotFound { what: "payment", found: text("pay_1") },
            Error::NotFound { what: "account", found: text("shop") },
            Error::NotFound { what: "event", found: text("evt_1") },
            Error::NotFound { what: "delivery", found: text("dlv_1") },
            Error::InvalidTransition { found: State::Voided, wish: "capture" },
            Error::InvalidTransition { found: State::Pending, wish: "void" },
            Error::AmountExceedsRest { found: 600, limit: 400, wish: "refund" },
            Error::Full { what: "payments", limit: 8 },
            Error::FailedAfterwards,
            Error::Bug { what: "an entry does not sum to zero" },
        ];
        let lines = all
            .iter()
            .map(|error| format!("{} {} {}: {error}", status(error), error.code(), error.advice().name()));
        insta::assert_snapshot!(lines.collect::<Vec<_>>().join("\n"), @r#"
        404 route_not_found fix_call: there is no route "/pay": see the list of routes of the native gateway
        405 method_not_allowed fix_call: this route does not answer "PUT": use POST or GET
        501 not_simulated fix_call: the bank statement is not simulated yet
        413 body_too_large fix_call: the body has at least 9 bytes; at most 8 are read
        415 encoding_refused fix_call: the body comes with Content-Encoding "gzip": send plain JSON in UTF-8, not compressed
        400 idempotency_key_invalid fix_call: the Idempotency-Key arrived more than once, or holds a comma, which is how two look once they were joined: send one key without a comma
        429 rate_limited retry_same_key: too many requests: nothing was done; try again in 1 s with the same key
        503 unavailable retry_same_key: the gateway is not available: nothing was done; try again with the same key
        400 idempotency_key_missing fix_call: the header Idempotency-Key is missing: send one key per intended payment, the same at each retry
        400 idempotency_key_invalid fix_call: the Idempotency-Key of 300 bytes is not usable: expected 1 to 255 printable ASCII characters
        400 parameter_unknown fix_call: the query parameter "refrence" is not known here: remove it or mend its name
        400 parameter_invalid fix_call: the query parameter `limit` cannot be read: expected a whole number from 1 to 100
        400 field_missing fix_call: the field `amount` is missing: expected a whole number
        400 currency_unknown fix_call: "eur" is not a currency of ISO 4217: expected three upper-case letters such as EUR
        400 amount_zero fix_call: the amount is 0: expected at least 1 minor unit
        400 field_too_long fix_call: the field `reference` has 201 characters; at most 200 are kept
        400 field_invalid fix_call: the field `url` cannot be used: expected an absolute address
        400 fault_rule_invalid fix_call: the rule of slow cannot be read: expected a probability, or an object with probability, nth or delay_ms
        422 idempotency_key_mismatch fix_call: the Idempotency-Key was first used with another request: repeat that one unchanged, or send a new key for a new intent
        409 idempotency_key_in_flight retry_same_key: the first request with this Idempotency-Key is still running: wait and repeat it with the same key
        404 payment_not_found fix_call: there is no payment "pay_1"
        404 account_not_found fix_call: there is no account "shop"
        404 event_not_found fix_call: there is no event "evt_1"
        404 delivery_not_found fix_call: there is no delivery "dlv_1"
        409 invalid_transition fix_call: a payment that is voided cannot be captured
        409 invalid_transition fix_call: a payment that is pending cannot be voided
        400 amount_exceeds_rest fix_call: 600 minor units cannot be refunded: 400 are left
        507 gateway_full fix_call: the gateway holds 8 payments and takes no more: reset it or raise the limit
        500 internal_error reconcile: the gateway failed after it had begun: look the payment up before anything is sent again
        500 gateway_bug report_bug: the gateway broke its own rule: an entry does not sum to zero; please report it
        "#);
    }
}
