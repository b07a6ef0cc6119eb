//! How payments become requests, and how their answers are read: one line for each operation of each dialect.

use tillproof::advice::Diagnose as _;
use tillproof::entropy::Entropy;
use tillproof::json;
use tillproof::payments::{
    Action, Error, HttpRequest, Machine, Operation, Permit, Profile, Request, Settings,
};

use super::table::{answer, at, secret};

/// A request for an operation, with everything it may have.
fn request(operation: Operation, more: &str) -> Request {
    let fields = match operation {
        Operation::Charge | Operation::Authorize => r#""amount":"1050","currency":"EUR""#,
        Operation::Capture | Operation::Refund => r#""amount":"500","currency":"EUR","target":"pay 1""#,
        Operation::Void => r#""target":"pay 1""#,
        _ => r#""amount":"1050","currency":"EUR","destination":"acct_2""#,
    };
    let text = format!(
        r#"{{"merchant":"shop","operation":"{}","reference":"order 1","description":"Tea & cake",{fields}{more}}}"#,
        operation.name()
    );
    Request::from_json(&json::parse(text.as_bytes()).unwrap()).unwrap()
}

fn open(profile: &str, request: Request) -> Result<Machine, Error> {
    Machine::open(Profile::named(profile).unwrap(), Settings::default(), "", request, &secret(), at(0))
}

fn shown(request: &HttpRequest, key: &str) -> String {
    let headers: Vec<String> =
        request.headers.iter().map(|(name, value)| format!("{name}: {value}")).collect();
    let text = format!(
        "{} {} [{}] {}",
        request.method,
        request.path,
        headers.join(", "),
        request.body.as_deref().unwrap_or("-")
    );
    text.replace(key, "KEY")
}

#[test]
fn every_operation_of_every_dialect_becomes_the_request_the_provider_documents() {
    let mut lines = Vec::new();
    for name in Profile::names().filter(|name| *name != "conservative") {
        for operation in Profile::named(name).unwrap().operations() {
            let mut machine = open(name, request(operation, r#","metadata":{"table":"7"}"#)).unwrap();
            let key = machine.intent().key.clone();
            let Action::Send { attempt, request } = machine.poll(at(0), "me", Permit::Go) else {
                panic!("{name}")
            };
            lines.push(format!("{name} {}: {}", operation.name(), shown(&request, &key)));
            machine.handle_failure(at(0), attempt, false, &mut Entropy::from_seed(1));
            // Long after every window, only the question is left.
            match machine.poll(at(60 * 3_600_000), "me", Permit::Go) {
                Action::Query { request, .. } => lines.push(format!("  asked by {}", shown(&request, &key))),
                Action::Void { request, .. } => lines.push(format!("  voided by {}", shown(&request, &key))),
                _ => {}
            }
        }
    }
    insta::assert_snapshot!(lines.join("\n"), @r#"
    native charge: POST /api/payments [content-type: application/json, Idempotency-Key: KEY] {"merchantId":"shop","amount":1050,"currency":"EUR","capture":true,"reference":"order 1","description":"Tea & cake","metadata":{"table":"7"}}
      asked by GET /api/payments?reference=order%201 [] -
    native authorize: POST /api/payments [content-type: application/json, Idempotency-Key: KEY] {"merchantId":"shop","amount":1050,"currency":"EUR","capture":false,"reference":"order 1","description":"Tea & cake","metadata":{"table":"7"}}
      asked by GET /api/payments?reference=order%201 [] -
    native capture: POST /api/payments/pay%201/capture [content-type: application/json, Idempotency-Key: KEY] {"amount":500}
      asked by GET /api/payments/pay%201 [] -
    native void: POST /api/payments/pay%201/void [content-type: application/json, Idempotency-Key: KEY] {}
      asked by GET /api/payments/pay%201 [] -
    native refund: POST /api/payments/pay%201/refund [content-type: application/json, Idempotency-Key: KEY] {"amount":500}
    stripe charge: POST /v1/payment_intents [content-type: application/x-www-form-urlencoded, Idempotency-Key: KEY] amount=1050&currency=eur&confirm=true&capture_method=automatic&description=Tea%20%26%20cake&metadata%5Btable%5D=7&metadata%5Btillproof_reference%5D=order%201
      asked by GET /v1/payment_intents/search?limit=100&query=metadata%5B%22tillproof_reference%22%5D%3A%22order%201%22 [] -
    stripe authorize: POST /v1/payment_intents [content-type: application/x-www-form-urlencoded, Idempotency-Key: KEY] amount=1050&currency=eur&confirm=true&capture_method=manual&description=Tea%20%26%20cake&metadata%5Btable%5D=7&metadata%5Btillproof_reference%5D=order%201
      asked by GET /v1/payment_intents/search?limit=100&query=metadata%5B%22tillproof_reference%22%5D%3A%22order%201%22 [] -
    stripe capture: POST /v1/payment_intents/pay%201/capture [content-type: application/x-www-form-urlencoded, Idempotency-Key: KEY] amount_to_capture=500
      asked by GET /v1/payment_intents/pay%201 [] -
    stripe void: POST /v1/payment_intents/pay%201/cancel [content-type: application/x-www-form-urlencoded, Idempotency-Key: KEY] 
      asked by GET /v1/payment_intents/pay%201 [] -
    stripe refund: POST /v1/refunds [content-type: application/x-www-form-urlencoded, Idempotency-Key: KEY] payment_intent=pay%201&amount=500&metadata%5Btable%5D=7&metadata%5Btillproof_reference%5D=order%201
      asked by GET /v1/refunds?limit=100&payment_intent=pay%201 [] -
    stripe transfer: POST /v1/transfers [content-type: application/x-www-form-urlencoded, Idempotency-Key: KEY] amount=1050&currency=eur&destination=acct_2&description=Tea%20%26%20cake&metadata%5Btable%5D=7&metadata%5Btillproof_reference%5D=order%201
      asked by GET /v1/transfers?limit=100&destination=acct_2 [] -
    stripe payout: POST /v1/payouts [content-type: application/x-www-form-urlencoded, Idempotency-Key: KEY] amount=1050&currency=eur&destination=acct_2&description=Tea%20%26%20cake&metadata%5Btable%5D=7&metadata%5Btillproof_reference%5D=order%201
      asked by GET /v1/payouts?limit=100 [] -
    paypal capture: POST /v2/payments/authorizations/pay%201/capture [prefer: return=representation, content-type: application/json, PayPal-Request-Id: KEY] {"amount":{"currency_code":"EUR","value":"5.00"},"note_to_payer":"Tea & cake"}
    paypal void: POST /v2/payments/authorizations/pay%201/void [prefer: return=representation, content-type: application/json, PayPal-Request-Id: KEY] {}
    paypal refund: POST /v2/payments/captures/pay%201/refund [prefer: return=representation, content-type: application/json, PayPal-Request-Id: KEY] {"amount":{"currency_code":"EUR","value":"5.00"},"custom_id":"order 1","note_to_payer":"Tea & cake"}
    square charge: POST /v2/payments [content-type: application/json] {"amount_money":{"amount":1050,"currency":"EUR"},"autocomplete":true,"reference_id":"order 1","note":"Tea & cake","idempotency_key":"KEY"}
    square authorize: POST /v2/payments [content-type: application/json] {"amount_money":{"amount":1050,"currency":"EUR"},"autocomplete":false,"reference_id":"order 1","note":"Tea & cake","idempotency_key":"KEY"}
    square refund: POST /v2/refunds [content-type: application/json] {"payment_id":"pay 1","amount_money":{"amount":500,"currency":"EUR"},"reason":"Tea & cake","idempotency_key":"KEY"}
    mollie charge: POST /v2/payments [content-type: application/json, Idempotency-Key: KEY] {"amount":{"value":"10.50","currency":"EUR"},"description":"Tea & cake","metadata":{"table":"7","tillproof_reference":"order 1"}}
    mollie authorize: POST /v2/payments [content-type: application/json, Idempotency-Key: KEY] {"amount":{"value":"10.50","currency":"EUR"},"captureMode":"manual","description":"Tea & cake","metadata":{"table":"7","tillproof_reference":"order 1"}}
    mollie capture: POST /v2/payments/pay%201/captures [content-type: application/json, Idempotency-Key: KEY] {"amount":{"value":"5.00","currency":"EUR"},"description":"Tea & cake","metadata":{"table":"7","tillproof_reference":"order 1"}}
      asked by GET /v2/payments/pay%201/captures?limit=250 [] -
    mollie refund: POST /v2/payments/pay%201/refunds [content-type: application/json, Idempotency-Key: KEY] {"amount":{"value":"5.00","currency":"EUR"},"description":"Tea & cake","metadata":{"table":"7","tillproof_reference":"order 1"}}
      asked by GET /v2/payments/pay%201/refunds?limit=250 [] -
    checkout charge: POST /payments [content-type: application/json, Cko-Idempotency-Key: KEY] {"amount":1050,"currency":"EUR","reference":"order 1","description":"Tea & cake","metadata":{"table":"7"},"capture":true}
      asked by GET /payments?limit=100&reference=order%201 [] -
    checkout authorize: POST /payments [content-type: application/json, Cko-Idempotency-Key: KEY] {"amount":1050,"currency":"EUR","reference":"order 1","description":"Tea & cake","metadata":{"table":"7"},"capture":false}
      asked by GET /payments?limit=100&reference=order%201 [] -
    checkout capture: POST /payments/pay%201/captures [content-type: application/json, Cko-Idempotency-Key: KEY] {"amount":500,"reference":"order 1","metadata":{"table":"7"}}
    checkout void: POST /payments/pay%201/voids [content-type: application/json, Cko-Idempotency-Key: KEY] {"reference":"order 1","metadata":{"table":"7"}}
      asked by GET /payments/pay%201 [] -
    checkout refund: POST /payments/pay%201/refunds [content-type: application/json, Cko-Idempotency-Key: KEY] {"amount":500,"reference":"order 1","metadata":{"table":"7"}}
    razorpay capture: POST /v1/payments/pay%201/capture [content-type: application/json, X-Refund-Idempotency: KEY] {"amount":500,"currency":"EUR"}
      asked by GET /v1/payments/pay%201 [] -
    razorpay refund: POST /v1/payments/pay%201/refund [content-type: application/json, X-Refund-Idempotency: KEY] {"amount":500,"receipt":"order 1","notes":{"table":"7"}}
      asked by GET /v1/payments/pay%201/refunds?count=100 [] -
    razorpay payout: POST /v1/payouts [content-type: application/json, X-Payout-Idempotency: KEY] {"fund_account_id":"acct_2","amount":1050,"currency":"EUR","reference_id":"order 1","narration":"Tea & cake","notes":{"table":"7"}}
    "#);
}

#[test]
fn each_dialect_reads_its_answers() {
    // profile, operation, body of a 200, state it leads to
    let table = [
        (
            "stripe",
            Operation::Charge,
            r#"{"id":"pi_1","status":"succeeded","amount":1050,"currency":"eur","metadata":{"tillproof_reference":"order 1"}}"#,
            "settled",
        ),
        (
            "stripe",
            Operation::Charge,
            r#"{"id":"pi_1","status":"succeeded","amount":1051,"currency":"eur","metadata":{"tillproof_reference":"order 1"}}"#,
            "needs_review",
        ),
        (
            "stripe",
            Operation::Charge,
            r#"{"id":"pi_1","status":"succeeded","amount":1050,"currency":"eur","metadata":{}}"#,
            "needs_review",
        ),
        (
            "stripe",
            Operation::Charge,
            r#"{"id":"pi_1","status":"requires_action","amount":1050,"currency":"eur","metadata":{"tillproof_reference":"order 1"}}"#,
            "awaiting_customer",
        ),
        (
            "stripe",
            Operation::Charge,
            r#"{"id":"pi_1","status":"requires_payment_method","amount":1050,"currency":"eur","metadata":{"tillproof_reference":"order 1"},"last_payment_error":{"code":"card_declined","message":"Declined."}}"#,
            "failed",
        ),
        (
            "stripe",
            Operation::Charge,
            r#"{"id":"pi_1","status":"a_new_word","amount":1050,"currency":"eur","metadata":{"tillproof_reference":"order 1"}}"#,
            "pending_confirmation",
        ),
        // A charge bears the metadata of its payment intent, and is no payment of its own.
        (
            "stripe",
            Operation::Charge,
            r#"{"id":"ch_1","status":"succeeded","amount":1050,"currency":"eur","metadata":{"tillproof_reference":"order 1"}}"#,
            "pending_confirmation",
        ),
        (
            "stripe",
            Operation::Authorize,
            r#"{"id":"pi_1","status":"requires_capture","amount":1050,"currency":"eur","metadata":{"tillproof_reference":"order 1"}}"#,
            "settled",
        ),
        (
            "stripe",
            Operation::Charge,
            r#"{"id":"pi_1","status":"requires_capture","amount":1050,"currency":"eur","metadata":{"tillproof_reference":"order 1"}}"#,
            "pending_confirmation",
        ),
        ("stripe", Operation::Capture, r#"{"id":"pi_1","status":"succeeded"}"#, "settled"),
        ("stripe", Operation::Void, r#"{"id":"pi_1","status":"canceled"}"#, "settled"),
        (
            "stripe",
            Operation::Refund,
            r#"{"id":"re_1","status":"pending","amount":500,"currency":"eur","metadata":{"tillproof_reference":"order 1"}}"#,
            "settled",
        ),
        (
            "stripe",
            Operation::Transfer,
            r#"{"id":"tr_1","amount":1050,"currency":"eur","metadata":{"tillproof_reference":"order 1"}}"#,
            "settled",
        ),
        (
            "stripe",
            Operation::Payout,
            r#"{"id":"po_1","status":"failed","amount":1050,"currency":"eur","metadata":{"tillproof_reference":"order 1"}}"#,
            "failed",
        ),
        (
            "paypal",
            Operation::Refund,
            r#"{"id":"1J","status":"COMPLETED","amount":{"value":"5.00","currency_code":"EUR"},"custom_id":"order 1"}"#,
            "settled",
        ),
        (
            "paypal",
            Operation::Refund,
            r#"{"id":"1J","status":"COMPLETED","amount":{"value":"5.01","currency_code":"EUR"},"custom_id":"order 1"}"#,
            "needs_review",
        ),
        (
            "paypal",
            Operation::Capture,
            r#"{"id":"2C","status":"DECLINED","amount":{"value":"5.00","currency_code":"EUR"}}"#,
            "failed",
        ),
        ("paypal", Operation::Void, r#"{"id":"0V","status":"VOIDED"}"#, "settled"),
        (
            "square",
            Operation::Charge,
            r#"{"payment":{"id":"P1","status":"COMPLETED","amount_money":{"amount":1050,"currency":"EUR"},"reference_id":"order 1"}}"#,
            "settled",
        ),
        (
            "square",
            Operation::Authorize,
            r#"{"payment":{"id":"P1","status":"APPROVED","amount_money":{"amount":1050,"currency":"EUR"},"reference_id":"order 1"}}"#,
            "settled",
        ),
        (
            "square",
            Operation::Refund,
            r#"{"refund":{"id":"R1","status":"REJECTED","amount_money":{"amount":500,"currency":"EUR"}}}"#,
            "failed",
        ),
        (
            "mollie",
            Operation::Charge,
            r#"{"id":"tr_1","status":"open","amount":{"value":"10.50","currency":"EUR"},"metadata":{"tillproof_reference":"order 1"}}"#,
            "awaiting_customer",
        ),
        (
            "mollie",
            Operation::Charge,
            r#"{"id":"tr_1","status":"paid","amount":{"value":"10.50","currency":"EUR"},"metadata":{"tillproof_reference":"order 1"}}"#,
            "settled",
        ),
        (
            "checkout",
            Operation::Charge,
            r#"{"id":"pay_1","status":"Authorized","amount":1050,"currency":"EUR","reference":"order 1"}"#,
            "settled",
        ),
        (
            "checkout",
            Operation::Charge,
            r#"{"id":"pay_1","status":"Declined","amount":1050,"currency":"EUR","reference":"order 1","response_code":"20005","response_summary":"Declined"}"#,
            "failed",
        ),
        ("checkout", Operation::Refund, r#"{"action_id":"act_1","reference":"order 1"}"#, "settled"),
        (
            "razorpay",
            Operation::Payout,
            r#"{"id":"pout_1","status":"processing","amount":1050,"currency":"EUR","reference_id":"order 1"}"#,
            "pending_confirmation",
        ),
        (
            "razorpay",
            Operation::Capture,
            r#"{"id":"pay_1","status":"captured","amount":500,"currency":"EUR"}"#,
            "settled",
        ),
        (
            "native",
            Operation::Refund,
            r#"{"id":"pay_1","merchantId":"shop","state":"partially_refunded","refunds":[{"id":"re_1"},{"id":"re_2"}]}"#,
            "settled",
        ),
    ];
    for (profile, operation, body, expected) in table {
        let mut machine = open(profile, request(operation, "")).unwrap();
        let Action::Send { attempt, .. } = machine.poll(at(0), "me", Permit::Go) else { panic!("{profile}") };
        machine.handle_response(at(0), attempt, &answer(200, body), &mut Entropy::from_seed(1));
        assert_eq!(machine.intent().state.name(), expected, "{profile} {}: {body}", operation.name());
    }
}

#[test]
fn a_reference_cannot_change_the_question_it_is_asked_in() {
    let text = request(Operation::Charge, "").to_json().replace("order 1", r#"a\" OR \\x&y/{target}"#);
    let mut machine =
        open("stripe", Request::from_json(&json::parse(text.as_bytes()).unwrap()).unwrap()).unwrap();
    let Action::Send { attempt, .. } = machine.poll(at(0), "me", Permit::Go) else {
        panic!("expected a send")
    };
    machine.handle_failure(at(0), attempt, false, &mut Entropy::from_seed(1));
    let Action::Query { request, .. } = machine.poll(at(60 * 3_600_000), "me", Permit::Go) else {
        panic!("expected a query")
    };
    insta::assert_snapshot!(request.path, @r#"/v1/payment_intents/search?limit=100&query=metadata%5B%22tillproof_reference%22%5D%3A%22a%5C%22%20OR%20%5C%5Cx%26y%2F%7Btarget%7D%22"#);
}

#[test]
fn provider_fields_go_along_and_never_replace_what_the_payment_says() {
    let fields = r#","provider_fields":{"payment_method":"pm_1","off_session":true}"#;
    let mut machine = open("stripe", request(Operation::Charge, fields)).unwrap();
    let Action::Send { request: sent, .. } = machine.poll(at(0), "me", Permit::Go) else { panic!() };
    let body = sent.body.unwrap();
    assert!(body.contains("&payment_method=pm_1") && body.contains("&off_session=true"), "{body}");

    let refused =
        open("stripe", request(Operation::Charge, r#","provider_fields":{"amount":1}"#)).unwrap_err();
    insta::assert_snapshot!(refused, @r#"the provider field `amount` is written from the payment itself: remove it from the provider fields"#);
    let other =
        request(Operation::Charge, r#","provider_fields":{"payment_method":"pm_2","off_session":true}"#);
    let mismatch = machine.check_same(&other).unwrap_err();
    assert_eq!(
        (mismatch.code(), mismatch.details()),
        ("intent_mismatch", vec![("field", "providerFields.payment_method".to_owned())])
    );
}

#[test]
fn what_a_profile_cannot_send_is_refused_before_anything_exists() {
    let refused = [
        open("adyen", request(Operation::Charge, "")),
        open("square", request(Operation::Capture, "")),
        open(
            "mollie",
            Request::from_json(
                &json::parse(br#"{"merchant":"shop","operation":"refund","reference":"r","target":"tr_1"}"#)
                    .unwrap(),
            )
            .unwrap(),
        ),
        open("square", super::answers::call("POST", "/v2/payments")).and_then(|machine| {
            let text = machine.intent().request.to_json().replace(r#""body":"{}""#, r#""body":"a=b""#);
            open("square", Request::from_json(&json::parse(text.as_bytes())?)?)
        }),
    ];
    let messages: Vec<String> = refused
        .into_iter()
        .map(|machine| {
            let error = machine.unwrap_err();
            format!("{} [{}] {error}", error.code(), error.advice().name())
        })
        .collect();
    insta::assert_snapshot!(messages.join("\n"), @r#"
    operation_unsupported [fix_call] the provider profile `adyen` does not say how a charge is sent: send it with the provider's own client through createFetch, or add it to a profile of your own
    operation_unsupported [fix_call] the provider profile `square` does not say how a capture is sent: send it with the provider's own client through createFetch, or add it to a profile of your own
    amount_needed [fix_call] the provider of `mollie` takes no refund without an amount: name amount and currency
    key_has_no_place [fix_call] the provider looks for the key in the member `idempotency_key` of a JSON body, and this body is no JSON object: send one
    "#);
}

#[test]
fn each_operation_takes_its_own_fields_and_no_others() {
    // fields beside merchant and reference, what is wrong with them
    let money = r#""amount":"1","currency":"EUR""#;
    let table = [
        (r#""operation":"charge""#.to_owned(), "field_missing"),
        (format!(r#""operation":"charge",{money},"target":"p""#), "field_of_operation"),
        (format!(r#""operation":"charge",{money},"destination":"p""#), "field_of_operation"),
        (r#""operation":"capture""#.to_owned(), "field_missing"),
        (r#""operation":"capture","target":"p","amount":"1""#.to_owned(), "field_missing"),
        (r#""operation":"capture","target":"p","currency":"EUR""#.to_owned(), "field_missing"),
        (r#""operation":"capture","target":"""#.to_owned(), "field_invalid"),
        (format!(r#""operation":"void","target":"p",{money}"#), "field_of_operation"),
        (format!(r#""operation":"transfer",{money}"#), "field_missing"),
        (r#""operation":"refund","target":"p","provider_fields":[]"#.to_owned(), "field_invalid"),
        (r#""operation":"call""#.to_owned(), "field_missing"),
        (r#""operation":"call","call":{"method":"post","path":"/"}"#.to_owned(), "field_invalid"),
        (r#""operation":"call","call":{"method":"POST","path":"v1"}"#.to_owned(), "field_invalid"),
        (
            r#""operation":"call","call":{"method":"POST","path":"/"},"target":"p""#.to_owned(),
            "field_of_operation",
        ),
        (r#""operation":"capture","target":"p""#.to_owned(), "fine"),
        (r#""operation":"void","target":"p""#.to_owned(), "fine"),
        (format!(r#""operation":"payout",{money}"#), "fine"),
        (format!(r#""operation":"transfer",{money},"destination":"a""#), "fine"),
    ];
    for (fields, expected) in table {
        let text = format!(r#"{{"merchant":"shop","reference":"r",{fields}}}"#);
        let read = Request::from_json(&json::parse(text.as_bytes()).unwrap());
        assert_eq!(read.as_ref().map_or_else(|error| error.code(), |_| "fine"), expected, "{text}");
        if let Ok(request) = read {
            let written = request.to_json();
            assert_eq!(
                Request::from_json(&json::parse(written.as_bytes()).unwrap()),
                Ok(request),
                "{written}"
            );
        }
    }
}
