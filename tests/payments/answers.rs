//! What each provider's answers prove: one line an answer, the verdict in the last column.

use proptest::prelude::*;
use tillproof::json;
use tillproof::payments::{Profile, Request, Response, Verdict, send_answer};

/// A request prepared by a provider's own client, whose answers are read without a dialect.
pub(crate) fn call(method: &str, path: &str) -> Request {
    let text = format!(
        r#"{{"merchant":"shop","operation":"call","reference":"order_1","call":{{"method":"{method}","path":"{path}","body":"{{}}"}}}}"#
    );
    Request::from_json(&json::parse(text.as_bytes()).unwrap()).unwrap()
}

/// A verdict in a word or two.
fn word(verdict: &Verdict) -> String {
    match verdict {
        Verdict::Settled { provider_reference } => format!("settled {provider_reference}"),
        Verdict::ActionRequired { .. } => "action required".to_owned(),
        Verdict::Declined { code, provider_reference, .. } => {
            format!(
                "declined {code}{}",
                provider_reference.as_ref().map_or(String::new(), |id| format!(" of {id}"))
            )
        }
        Verdict::Refused { code, .. } => format!("refused {code}"),
        Verdict::NotExecuted(reason) => format!("not executed: {}", reason.name()),
        Verdict::Ambiguous { reason, key_poisoned: false } => format!("unknown: {}", reason.name()),
        Verdict::Ambiguous { reason, key_poisoned: true } => format!("unknown for ever: {}", reason.name()),
        Verdict::Contradiction { reason } => format!("contradiction: {reason}"),
        _ => "a verdict of a later version".to_owned(),
    }
}

#[test]
fn each_providers_answers_prove_what_his_documents_say() {
    // profile, status, headers, body, verdict
    let table = "
        stripe     | 200 |                               | {\"id\":\"pi_1\"}                                          | settled pi_1
        stripe     | 200 |                               | {\"id\":\"pi_1\",                                          | unknown: unreadable_answer
        stripe     | 200 |                               | <html>                                                     | unknown: unreadable_answer
        stripe     | 200 |                               |  <!DOCTYPE html>                                           | unknown: unreadable_answer
        adyen      | 200 |                               | <?xml version='1.0'?>                                      | settled 
        adyen      | 202 |                               | [accepted]                                                 | unknown: unreadable_answer
        adyen      | 200 |                               | accepted                                                   | settled 
        stripe     | 200 |                               |                                                            | settled 
        stripe     | 402 |                               | {\"error\":{\"code\":\"card_declined\",\"type\":\"card_error\",\"payment_intent\":{\"id\":\"pi_1\"}}} | declined card_declined of pi_1
        stripe     | 402 | idempotent-replayed: true     | {\"error\":{\"type\":\"card_error\"}}                      | declined card_error
        stripe     | 400 |                               | {\"error\":{\"type\":\"invalid_request_error\"}}           | refused invalid_request_error
        stripe     | 400 |                               | {\"error\":{\"type\":\"idempotency_error\"}}               | contradiction: key_was_used_for_another_request
        stripe     | 409 |                               | {\"error\":{\"type\":\"idempotency_error\",\"code\":\"idempotency_key_in_use\"}} | unknown: in_progress
        stripe     | 400 |                               | {\"error\":{\"type\":\"idempotency_error\",\"code\":\"idempotency_key_in_use\"}} | unknown: in_progress
        stripe     | 401 |                               | {\"error\":{\"type\":\"invalid_request_error\"}}           | not executed: unauthorised
        stripe     | 404 |                               | <html>                                                     | unknown: unreadable_answer
        stripe     | 424 |                               | {\"error\":{\"type\":\"api_error\"}}                       | unknown: unreadable_answer
        stripe     | 429 |                               | {}                                                         | not executed: rate_limited
        stripe     | 500 |                               | {\"error\":{\"type\":\"api_error\"}}                       | unknown: server_error
        stripe     | 500 | idempotent-replayed: true     | {\"error\":{\"type\":\"api_error\"}}                       | unknown for ever: stored_server_error
        stripe     | 500 | stripe-should-retry: true     | {}                                                         | unknown: server_error
        stripe     | 500 | stripe-should-retry: false    | {}                                                         | unknown for ever: stored_server_error
        stripe     | 408 |                               | {\"error\":{\"type\":\"x\"}}                               | unknown: connection_lost
        stripe-v2  | 500 | idempotent-replayed: true     | {}                                                         | unknown: server_error
        stripe-v2  | 409 |                               | {}                                                         | unknown: in_progress
        adyen      | 200 |                               | {\"pspReference\":\"X\",\"resultCode\":\"Refused\"}        | settled 
        adyen      | 422 |                               | {\"errorCode\":\"704\",\"errorType\":\"validation\"}       | unknown: in_progress
        adyen      | 409 |                               | {\"errorCode\":704}                                        | unknown: in_progress
        adyen      | 422 |                               | {\"errorCode\":\"14_006\",\"errorType\":\"validation\"}    | refused 14_006
        adyen      | 503 |                               | {\"errorCode\":\"703\"}                                    | not executed: unavailable
        adyen      | 500 | transient-error: true         | {}                                                         | unknown: server_error
        adyen      | 500 | transient-error: false        | {}                                                         | unknown for ever: stored_server_error
        adyen      | 500 |                               | {}                                                         | unknown for ever: stored_server_error
        adyen      | 422 | transient-error: TRUE         | {\"errorCode\":\"1\"}                                      | unknown: unreadable_answer
        adyen      | 403 |                               | {\"errorCode\":\"901\"}                                    | not executed: unauthorised
        paypal     | 422 |                               | {\"name\":\"UNPROCESSABLE_ENTITY\",\"details\":[{\"issue\":\"INSTRUMENT_DECLINED\"}]} | declined INSTRUMENT_DECLINED
        paypal     | 422 |                               | {\"name\":\"UNPROCESSABLE_ENTITY\",\"details\":[{\"issue\":\"AMOUNT_MISMATCH\"}]} | refused AMOUNT_MISMATCH
        paypal     | 400 |                               | {\"name\":\"DUPLICATE_REQUEST_ID\"}                        | unknown for ever: already_done
        paypal     | 409 |                               | {\"name\":\"RESOURCE_CONFLICT\"}                           | unknown: unreadable_answer
        paypal     | 429 |                               | {\"name\":\"RATE_LIMIT_REACHED\"}                          | unknown: rate_limited
        paypal     | 503 |                               | {\"name\":\"SERVICE_UNAVAILABLE\"}                         | unknown: server_error
        square     | 402 |                               | {\"errors\":[{\"code\":\"GENERIC_DECLINE\",\"category\":\"PAYMENT_METHOD_ERROR\"}],\"payment\":{\"id\":\"P1\"}} | declined GENERIC_DECLINE of P1
        square     | 400 |                               | {\"errors\":[{\"code\":\"CVV_FAILURE\",\"category\":\"PAYMENT_METHOD_ERROR\"}]} | declined CVV_FAILURE
        square     | 400 |                               | {\"errors\":[{\"code\":\"IDEMPOTENCY_KEY_REUSED\",\"category\":\"INVALID_REQUEST_ERROR\"}]} | contradiction: key_was_used_for_another_request
        square     | 400 |                               | {\"errors\":[{\"code\":\"MISSING_REQUIRED_PARAMETER\"}]}   | refused MISSING_REQUIRED_PARAMETER
        square     | 429 |                               | {\"errors\":[{\"code\":\"RATE_LIMITED\"}]}                 | unknown: rate_limited
        mollie     | 409 |                               | {\"status\":409,\"title\":\"Conflict\",\"detail\":\"x\"}   | unknown: in_progress
        mollie     | 422 |                               | {\"status\":422,\"title\":\"Unprocessable Entity\",\"detail\":\"x\"} | refused Unprocessable Entity
        mollie     | 500 | idempotent-replayed: true     | {}                                                         | unknown for ever: stored_server_error
        checkout   | 201 |                               | {\"id\":\"pay_1\",\"status\":\"Declined\"}                 | settled pay_1
        checkout   | 422 |                               | {\"error_type\":\"request_invalid\",\"error_codes\":[\"amount_invalid\"]} | refused amount_invalid
        checkout   | 500 |                               |                                                            | unknown for ever: stored_server_error
        checkout   | 502 |                               | <html>                                                     | unknown for ever: stored_server_error
        checkout   | 429 |                               | {\"error_type\":\"x\"}                                     | unknown: in_progress
        gocardless | 409 |                               | {\"error\":{\"type\":\"invalid_state\",\"errors\":[{\"reason\":\"idempotent_creation_conflict\",\"links\":{\"conflicting_resource_id\":\"PM1\"}}]}} | settled PM1
        gocardless | 409 |                               | {\"error\":{\"type\":\"invalid_state\",\"errors\":[{\"reason\":\"idempotent_creation_conflict\"}]}} | unknown for ever: already_done
        gocardless | 409 |                               | {\"error\":{\"type\":\"invalid_state\"}}                   | unknown: in_progress
        gocardless | 422 |                               | {\"error\":{\"type\":\"validation_failed\"}}               | refused validation_failed
        razorpay   | 400 |                               | {\"error\":{\"code\":\"BAD_REQUEST_ERROR\"}}               | refused BAD_REQUEST_ERROR
        razorpay   | 409 |                               | {\"error\":{\"code\":\"BAD_REQUEST_ERROR\"}}               | unknown: in_progress
        mangopay   | 409 |                               | {\"Type\":\"x\",\"Message\":\"y\"}                         | unknown for ever: already_done
        mangopay   | 400 |                               | {\"Type\":\"param_error\",\"Message\":\"y\"}               | refused param_error
        worldline  | 402 |                               | {\"errorId\":\"1\",\"errors\":[{\"errorCode\":\"30511001\"}]} | declined 30511001
        worldline  | 500 | x-gcs-idempotence-request-timestamp: 1 | {}                                                | unknown for ever: stored_server_error
        worldline  | 409 |                               | {}                                                         | unknown: in_progress
        conservative | 429 |                             | {\"error\":{\"code\":\"slow_down\"}}                       | unknown: rate_limited
        native     | 429 |                               | {\"error\":{\"code\":\"slow_down\"}}                       | not executed: rate_limited
    ";
    let request = call("POST", "/v1/anything");
    for line in table.lines().map(str::trim).filter(|line| !line.is_empty()) {
        let cells: Vec<&str> = line.split(" | ").collect();
        let [profile, status, header, body, expected] = cells[..] else { panic!("{line}") };
        let headers = header.trim().split_once(": ").map(|(name, value)| (name.to_owned(), value.to_owned()));
        let response = Response {
            status: status.trim().parse().unwrap(),
            headers: headers.into_iter().collect(),
            body: body.trim().as_bytes().to_vec(),
            ..Response::default()
        };
        let profile = Profile::named(profile.trim()).unwrap();
        assert_eq!(word(&send_answer(&profile, &request, &response)).trim(), expected.trim(), "{line}");
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(512))]

    /// What may have been executed is never called failed, whatever the body and the headers claim.
    #[test]
    fn no_answer_of_a_server_in_trouble_is_ever_called_a_failure(
        name in proptest::sample::select(Profile::names().collect::<Vec<_>>()),
        status in prop_oneof![100_u16..200, 300_u16..400, Just(408_u16), 500_u16..=999],
        header in proptest::sample::select(vec![
            None,
            Some(("idempotent-replayed", "true")),
            Some(("stripe-should-retry", "false")),
            Some(("transient-error", "false")),
        ]),
        body in proptest::sample::select(vec![
            "",
            "<html>Bad gateway</html>",
            r#"{"error":{"code":"card_declined","type":"card_error","message":"no"}}"#,
            r#"{"errors":[{"code":"CVV_FAILURE","category":"PAYMENT_METHOD_ERROR"}]}"#,
            r#"{"errorCode":"14_006","errorType":"validation","message":"no"}"#,
            r#"{"name":"UNPROCESSABLE_ENTITY","details":[{"issue":"INSTRUMENT_DECLINED"}]}"#,
            r#"{"error_type":"request_invalid","error_codes":["amount_invalid"]}"#,
            r#"{"title":"Bad Request","detail":"no"}"#,
            r#"{"Type":"param_error","Message":"no"}"#,
        ]),
    ) {
        let headers = header.map(|(name, value)| (name.to_owned(), value.to_owned())).into_iter().collect();
        let response = Response { status, headers, body: body.as_bytes().to_vec(), ..Response::default() };
        let verdict = send_answer(&Profile::named(name).unwrap(), &call("POST", "/v1/anything"), &response);
        let failed = matches!(verdict, Verdict::Declined { .. } | Verdict::Refused { .. });
        prop_assert!(!failed, "{name} {status} {body}: {verdict:?}");
    }

    /// A body that is not the provider's own envelope fails nothing, at any status.
    #[test]
    fn what_a_proxy_says_fails_nothing(
        name in proptest::sample::select(Profile::names().collect::<Vec<_>>()),
        status in 100_u16..=999,
        body in "[ -z]{0,40}|<[a-z]{1,9}>|\\{\\}|\\[\\]|\"[a-z]{0,9}\"|[0-9]{1,9}",
    ) {
        let response = Response { status, body: body.into_bytes(), ..Response::default() };
        let verdict = send_answer(&Profile::named(name).unwrap(), &call("POST", "/v1/anything"), &response);
        let failed = matches!(verdict, Verdict::Declined { .. } | Verdict::Refused { .. });
        prop_assert!(!failed, "{name} {status}: {verdict:?}");
    }
}
