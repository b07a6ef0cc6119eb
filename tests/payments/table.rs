//! What an answer proves: one line an event, the state it leads to in the last column.

use std::sync::{Arc, LazyLock};

use tillproof::advice::Diagnose as _;
use tillproof::crypto::Secret;
use tillproof::entropy::Entropy;
use tillproof::json;
use tillproof::payments::{
    Action, Entry, Error, ErrorKind, Machine, Operation, Outcome, Permit, Profile, Request, Response,
    Settings, decode_entry, encode_entry,
};
use tillproof::time::{Millis, Timestamp};

const SECRET: &[u8] = b"sixteen bytes and more";
const HOUR: u64 = 3_600_000;

pub(crate) fn at(ms: u64) -> Timestamp {
    Timestamp::from_unix_ms(ms).unwrap()
}

pub(crate) fn secret() -> Secret {
    Secret::new(SECRET.to_vec())
}

pub(crate) fn request(reference: &str) -> Request {
    let json = format!(
        r#"{{"merchant":"shop","operation":"charge","reference":"{reference}","amount":"1000","currency":"EUR"}}"#
    );
    Request::from_json(&json::parse(json.as_bytes()).unwrap()).unwrap()
}

pub(crate) fn open(profile: &str) -> Machine {
    let profile = Profile::named(profile).unwrap();
    Machine::open(profile, Settings::default(), "eu", request("order_1"), &secret(), at(0)).unwrap()
}

/// An intent of the native profile, read back from its journal.
pub(crate) fn load(journal: &[Entry]) -> Result<Machine, Error> {
    /// Read once: the world loads an intent hundreds of thousands of times.
    static NATIVE: LazyLock<Arc<Profile>> = LazyLock::new(|| Profile::named("native").unwrap());
    Machine::load(Arc::clone(&NATIVE), Settings::default(), journal)
}

pub(crate) fn payment(state: &str) -> String {
    format!(
        r#"{{"id":"pay_1","object":"payment","merchantId":"shop","amount":1000,"currency":"EUR","reference":"order_1","state":"{state}","failure":null}}"#
    )
}

pub(crate) fn answer(status: u16, body: &str) -> Response {
    Response { status, body: body.as_bytes().to_vec(), ..Response::default() }
}

/// The header by which the gateway marks a replayed answer.
pub(crate) fn replay_marker() -> Vec<(String, String)> {
    vec![("idempotent-replayed".to_owned(), "true".to_owned())]
}

pub(crate) fn error(status: u16, code: &str) -> Response {
    answer(status, &format!(r#"{{"error":{{"code":"{code}","message":"no"}}}}"#))
}

/// Polls until the machine wants to send, moving time along.
pub(crate) fn send(machine: &mut Machine, now: &mut u64) -> (u32, String) {
    loop {
        match machine.poll(at(*now), "me", Permit::Go) {
            Action::Send { attempt, request } => {
                let key =
                    request.headers.iter().find(|(name, _)| name == "Idempotency-Key").unwrap().1.clone();
                return (attempt, key);
            }
            Action::Wait { until } => *now = until.unix_ms(),
            other => panic!("expected a send, found {other:?}"),
        }
    }
}

/// Asks at this moment, which must be one at which the machine asks, and tells the answer.
pub(crate) fn query(machine: &mut Machine, now: u64, answer: Option<&Response>, entropy: &mut Entropy) {
    let Action::Query { query, .. } = machine.poll(at(now), "me", Permit::Go) else {
        panic!("expected a query")
    };
    machine.handle_query(at(now), query, answer, entropy);
}

#[test]
fn each_answer_to_the_first_send_leads_to_one_state() {
    let foreign = payment("completed").replace("1000", "999");
    let replayed = Response { headers: replay_marker(), ..error(500, "internal") };
    // answer                                     state                  money may have moved
    let table: Vec<(Response, &str)> = vec![
        (answer(201, &payment("completed")), "settled"),
        (answer(201, &payment("authorized")), "settled"),
        (answer(201, &payment("refunded")), "settled"),
        (answer(201, &payment("failed")), "failed"),
        (answer(201, &payment("voided")), "failed"),
        (answer(201, &payment("processing")), "pending_confirmation"),
        (answer(201, &payment("requires_action")), "awaiting_customer"),
        (answer(201, &payment("a_new_state")), "pending_confirmation"),
        (answer(201, &foreign), "needs_review"),
        (answer(201, "{\"id\":\"pay_"), "pending_confirmation"),
        (answer(200, ""), "pending_confirmation"),
        (error(400, "field_invalid"), "failed"),
        (error(401, "unauthorised"), "initiated"),
        (error(402, "card_declined"), "failed"),
        (error(404, "route_not_found"), "failed"),
        (error(408, "timeout"), "pending_confirmation"),
        (error(409, "idempotency_key_in_flight"), "pending_confirmation"),
        (error(422, "idempotency_key_mismatch"), "needs_review"),
        (error(422, "field_invalid"), "failed"),
        (error(429, "rate_limited"), "initiated"),
        (error(500, "internal"), "pending_confirmation"),
        (replayed, "pending_confirmation"),
        (error(503, "unavailable"), "pending_confirmation"),
        (answer(302, ""), "pending_confirmation"),
    ];
    for (response, expected) in table {
        let mut machine = open("native");
        let (attempt, _) = send(&mut machine, &mut 0);
        machine.handle_response(at(10), attempt, &response, &mut Entropy::from_seed(1));
        assert_eq!(machine.intent().state.name(), expected, "{response:?}");
        let unknown = matches!(expected, "pending_confirmation" | "initiated" | "needs_review");
        assert_eq!(machine.intent().outcome() == Outcome::PendingConfirmation, unknown, "{response:?}");
    }
}

#[test]
fn ambiguity_is_sticky_a_refusal_of_attempt_two_says_nothing_about_attempt_one() {
    for refusal in [error(400, "field_invalid"), error(429, "slow_down"), error(401, "no"), error(404, "no")]
    {
        let (mut machine, mut now, mut entropy) = (open("native"), 0, Entropy::from_seed(2));
        let (first, key) = send(&mut machine, &mut now);
        machine.handle_failure(at(now), first, false, &mut entropy);
        let (second, same_key) = send(&mut machine, &mut now);
        assert_eq!(key, same_key);
        machine.handle_response(at(now), second, &refusal, &mut entropy);
        assert_eq!(machine.intent().outcome(), Outcome::PendingConfirmation, "{refusal:?}");
    }
}

#[test]
fn a_stored_server_error_is_never_asked_again_but_queried() {
    let (mut machine, mut now, mut entropy) = (open("native"), 0, Entropy::from_seed(3));
    let (first, _) = send(&mut machine, &mut now);
    machine.handle_response(at(now), first, &error(500, "internal"), &mut entropy);
    let (second, _) = send(&mut machine, &mut now);
    let replayed = Response { headers: replay_marker(), ..error(500, "internal") };
    machine.handle_response(at(now), second, &replayed, &mut entropy);
    now = machine.wake_at().unwrap().unix_ms();
    let Action::Query { query, request } = machine.poll(at(now), "me", Permit::Go) else {
        panic!("expected a query")
    };
    assert_eq!((request.method.as_str(), request.path.as_str()), ("GET", "/api/payments?reference=order_1"));

    let list = format!(r#"{{"object":"list","data":[{}],"hasMore":false}}"#, payment("completed"));
    machine.handle_query(at(now), query, Some(&answer(200, &list)), &mut entropy);
    assert_eq!(machine.intent().outcome(), Outcome::Settled);
}

#[test]
fn absence_needs_two_empty_answers_after_the_quarantine_and_a_dead_key() {
    let (mut machine, mut now, mut entropy) = (open("conservative"), 0, Entropy::from_seed(4));
    let (first, _) = send(&mut machine, &mut now);
    machine.handle_failure(at(now), first, false, &mut entropy);
    let empty = answer(200, r#"{"object":"list","data":[],"hasMore":false}"#);
    let mut queries = 0;
    while machine.intent().outcome() == Outcome::PendingConfirmation {
        match machine.poll(at(now), "me", Permit::Go) {
            Action::Wait { until } => now = until.unix_ms(),
            Action::Query { query, .. } => {
                machine.handle_query(at(now), query, Some(&empty), &mut entropy);
                queries += 1;
                assert!(now >= 15 * 60_000 || machine.intent().outcome() == Outcome::PendingConfirmation);
            }
            other => panic!("the conservative profile sends once, found {other:?}"),
        }
    }
    assert!(queries >= 2);
    assert!(now >= 15 * 60_000, "concluded at {now} ms, inside the quarantine");
    let Some(Entry::Failed { proof, .. }) = machine.new_entries().last() else {
        panic!("expected a failure")
    };
    assert_eq!(proof.name(), "absent");
}

#[test]
fn one_empty_answer_is_not_absence_even_long_after_the_quarantine() {
    let (mut machine, mut entropy) = (open("conservative"), Entropy::from_seed(4));
    let (first, _) = send(&mut machine, &mut 0);
    machine.handle_failure(at(0), first, false, &mut entropy);
    let empty = answer(200, r#"{"object":"list","data":[],"hasMore":false}"#);
    query(&mut machine, HOUR, Some(&empty), &mut entropy);
    assert_eq!(machine.intent().outcome(), Outcome::PendingConfirmation);
    query(&mut machine, 2 * HOUR, Some(&empty), &mut entropy);
    assert_eq!(machine.intent().outcome(), Outcome::Failed);
}

#[test]
fn an_intent_whose_process_died_is_due_when_its_lease_ends() {
    let mut machine = open("native");
    assert_eq!(machine.wake_at(), Some(at(0)), "never sent: due at once");
    let _ = send(&mut machine, &mut 0);
    assert_eq!(machine.wake_at(), Some(at(Settings::default().lease.get())));
    machine.handle_response(at(1), 1, &answer(201, &payment("completed")), &mut Entropy::from_seed(1));
    assert_eq!(machine.wake_at(), None, "settled: nothing is left to do");
}

#[test]
fn nothing_is_sent_in_the_last_hour_of_the_window_or_after_it() {
    let (mut machine, mut now, mut entropy) = (open("native"), 0, Entropy::from_seed(5));
    let mut sends = Vec::new();
    for _ in 0..100_000 {
        match machine.poll(at(now), "me", Permit::Go) {
            Action::Send { attempt, .. } => {
                sends.push(now);
                machine.handle_failure(at(now), attempt, false, &mut entropy);
            }
            Action::Query { query, .. } => machine.handle_query(at(now), query, None, &mut entropy),
            Action::Wait { until } => now = until.unix_ms(),
            _ => break,
        }
    }
    assert!(sends.len() > 100 && sends.iter().all(|sent| *sent < 23 * HOUR), "last send {:?}", sends.last());
    let entries = machine.new_entries().len();
    assert!(
        entries < 2_000,
        "an outcome that stays unknown for three days must not be asked for every second"
    );
    assert_eq!(machine.intent().state.name(), "needs_review", "the deadline hands it to a person");
    assert_eq!(machine.intent().outcome(), Outcome::PendingConfirmation, "and it is still not called failed");
}

#[test]
fn a_lease_keeps_other_processes_out_until_it_ends() {
    let mut machine = open("native");
    let _ = send(&mut machine, &mut 0);
    let lease = Settings::default().lease.get();
    assert_eq!(machine.poll(at(lease - 1), "other", Permit::Go), Action::Wait { until: at(lease) });
    let Action::Send { attempt: 2, .. } = machine.poll(at(lease), "other", Permit::Go) else {
        panic!("expected a takeover")
    };
    // The answer of the first process still counts: it is bound to the same key.
    machine.handle_response(
        at(lease + 1),
        1,
        &answer(201, &payment("completed")),
        &mut Entropy::from_seed(6),
    );
    assert_eq!(machine.intent().outcome(), Outcome::Settled);
}

#[test]
fn retry_after_is_a_floor_with_jitter_on_top() {
    for seed in 0..50 {
        let mut machine = open("native");
        let (attempt, _) = send(&mut machine, &mut 0);
        let retry_after = Some(Millis::from_seconds(30));
        let slow = Response { retry_after, ..error(429, "rate_limited") };
        machine.handle_response(at(0), attempt, &slow, &mut Entropy::from_seed(seed));
        let wake = machine.wake_at().unwrap().unix_ms();
        assert!(wake > 30_000, "seed {seed}: woken at {wake}");
    }
}

#[test]
fn a_new_key_needs_the_proof_of_a_failure() {
    let (mut machine, mut now) = (open("native"), 0);
    let (attempt, key) = send(&mut machine, &mut now);
    assert_eq!(
        machine.reopen(&secret(), at(1)).unwrap_err(),
        Error::from(ErrorKind::NotFailed { state: "in_flight" })
    );
    machine.handle_response(at(1), attempt, &answer(201, &payment("failed")), &mut Entropy::from_seed(7));
    machine.reopen(&secret(), at(2)).unwrap();
    let (attempt, other_key) = send(&mut machine, &mut now);
    assert_eq!(attempt, 2);
    assert_ne!(key, other_key);
    // The failed payment of epoch 1 is no news about epoch 2.
    let list = format!(r#"{{"object":"list","data":[{}],"hasMore":false}}"#, payment("failed"));
    machine.handle_query(at(3), 1, Some(&answer(200, &list)), &mut Entropy::from_seed(7));
    assert_eq!(machine.intent().outcome(), Outcome::PendingConfirmation);
}

#[test]
fn the_same_reference_with_other_content_is_refused_and_the_field_is_named() {
    let machine = open("native");
    let change = |from: &str, to: &str| {
        let json = request("order_1").to_json().replace(from, to);
        let other = Request::from_json(&json::parse(json.as_bytes()).unwrap()).unwrap();
        machine.check_same(&other).unwrap_err()
    };
    assert_eq!(
        change("\"1000\"", "\"1001\""),
        Error::from(ErrorKind::Mismatch { field: "amount".to_owned() })
    );
    assert_eq!(change("EUR", "USD"), Error::from(ErrorKind::Mismatch { field: "currency".to_owned() }));
    assert_eq!(
        change("}", ",\"description\":\"x\"}"),
        Error::from(ErrorKind::Mismatch { field: "description".to_owned() })
    );
    assert_eq!(
        change("}", ",\"metadata\":{\"a\":1}}"),
        Error::from(ErrorKind::Mismatch { field: "metadata.a".to_owned() })
    );
    assert_eq!(machine.check_same(&request("order_1")), Ok(()));
}

#[test]
fn a_webhook_settles_and_a_second_charge_is_taken_back_but_never_hides_the_first() {
    let mut machine = open("native");
    let _ = send(&mut machine, &mut 0);
    let mut hear = |text: &str| {
        let payment = json::parse(text.as_bytes()).unwrap();
        machine.handle_webhook(at(5), &payment, &mut Entropy::from_seed(8)).unwrap();
        (machine.intent().state.name(), machine.intent().reversals.len())
    };
    assert_eq!(hear(&payment("failed")), ("in_flight", 0), "a failure is not bound to the key");
    assert_eq!(hear(&payment("completed").replace("order_1", "order_2")), ("in_flight", 0));
    assert_eq!(hear(&payment("completed")), ("settled", 0));
    assert_eq!(hear(&payment("completed")), ("settled", 0));
    assert_eq!(hear(&payment("completed").replace("pay_1", "pay_2")), ("settled", 1));
    assert_eq!(hear(&payment("completed").replace("pay_1", "pay_2")), ("settled", 1));
}

#[test]
fn bad_requests_are_refused_by_code_before_anything_exists() {
    let base = r#"{"merchant":"shop","operation":"charge","reference":"r","amount":"1","currency":"EUR"}"#;
    // change                                        code
    let long = format!("\"r\",\"description\":\"{}\"", "x".repeat(1_001));
    let table = [
        ("\"1\"", "-1", "amount_not_an_integer"),
        ("\"1\"", "1.5", "amount_not_an_integer"),
        ("\"1\"", "\"1.5\"", "amount_not_an_integer"),
        ("\"1\"", "9007199254740992", "amount_unsafe_number"),
        ("\"1\"", "\"9007199254740992\"", "amount_unsafe_number"),
        ("\"1\"", "\"NaN\"", "amount_not_an_integer"),
        ("\"1\"", "NaN", "json_syntax"),
        ("\"1\"", "\"0\"", "amount_zero"),
        ("\"1\"", "null", "field_missing"),
        ("EUR", "eur", "currency_unknown"),
        ("EUR", "XXZ", "currency_unknown"),
        ("charge", "steal", "field_invalid"),
        ("\"r\"", "\"\"", "field_invalid"),
        ("\"r\"", "\" r\"", "reference_invalid"),
        ("\"r\"", "\"a\\u0000b\"", "reference_invalid"),
        ("\"r\"", "7", "field_invalid"),
        ("\"r\"", "\"r\",\"metadata\":[]", "field_invalid"),
        ("\"r\"", "\"r\",\"currancy\":\"EUR\"", "field_unknown"),
        ("\"merchant\":\"shop\",", "", "field_missing"),
        ("\"r\"", &long, "json_too_large"),
    ];
    for (from, to, code) in table {
        let text = base.replace(from, to);
        let found = json::parse(text.as_bytes())
            .map_err(Error::from)
            .and_then(|document| Request::from_json(&document))
            .map(|request| request.to_json())
            .map_err(|error| error.code());
        assert_eq!(found, Err(code), "{text}");
    }
    assert!(Request::from_json(&json::parse(base.as_bytes()).unwrap()).is_ok());
    assert_eq!(Operation::from_name("refund_everything"), None);
}

#[test]
fn every_error_message_says_what_was_found_and_what_to_do() {
    let errors = [
        Error::from(ErrorKind::AmountZero),
        Error::from(ErrorKind::Reference { problem: "contains a control character" }),
        Error::from(ErrorKind::SecretTooShort { found: 5 }),
        Error::from(ErrorKind::OtherProfile { opened_with: "stripe".to_owned(), found: "adyen".to_owned() }),
        Error::from(ErrorKind::Mismatch { field: "amount".to_owned() }),
        Error::from(ErrorKind::WebhookPayment),
        Error::from(ErrorKind::NotFailed { state: "in_flight" }),
        Error::from(ErrorKind::NotInReview { state: "settled" }),
        Error::from(ErrorKind::ChargeOfOtherKind { begins: "pi_".to_owned() }),
        Error::from(ErrorKind::CopyUnderWay { until: 1_763_758_288_000 }),
        Error::from(ErrorKind::Journal { position: 3, problem: "`opened` twice" }),
    ];
    let text: Vec<String> =
        errors.iter().map(|error| format!("{} [{}] {error}", error.code(), error.advice().name())).collect();
    insta::assert_snapshot!(text.join("\n"), @r#"
    amount_zero [fix_call] a payment of nothing: expected at least one minor unit
    reference_invalid [fix_call] the reference contains a control character
    key_secret_too_short [fix_call] the key secret has 5 bytes: at least 16 are needed, from a random generator
    profile_differs [fix_call] this intent was opened with the provider profile `stripe` and cannot be driven by `adyen`: what the one promised says nothing about the other
    intent_mismatch [fix_call] this reference was used before with another `amount`: use a new reference for a new purchase, or repeat the first one unchanged
    webhook_payment_invalid [fix_call] this is no payment of a webhook: expected the object inside a verified event, with id, reference, merchantId, amount, currency and state
    intent_not_failed [wait] a new attempt with a new key needs proof that the last one moved no money, and this intent is in_flight
    intent_not_in_review [fix_call] a person decides only what no evidence could, and this intent is settled: read it with find
    charge_of_other_kind [fix_call] this is no name of such a payment at the provider: expected one that begins with `pi_`, since the payment under its own name would be given back as a second one
    intent_copy_under_way [wait] a copy of the request may still arrive and move money until 1763758288000 (milliseconds since the epoch): decide that it failed after that moment
    intent_journal_broken [reconcile] the stored journal is broken at entry 3: `opened` twice
    "#);
}

#[test]
fn the_journal_survives_text_and_a_changed_one_is_refused() {
    let (mut machine, mut now, mut entropy) = (open("native"), 0, Entropy::from_seed(9));
    let (first, _) = send(&mut machine, &mut now);
    machine.handle_response(at(now), first, &error(503, "down"), &mut entropy);
    let (second, _) = send(&mut machine, &mut now);
    machine.handle_failure(at(now), second, true, &mut entropy);
    let (third, _) = send(&mut machine, &mut now);
    machine.handle_response(at(now), third, &answer(201, &payment("failed")), &mut entropy);
    machine.reopen(&secret(), at(now)).unwrap();

    let lines: Vec<String> = machine.new_entries().iter().map(encode_entry).collect();
    let read = |lines: &[String]| -> Result<Vec<Entry>, Error> {
        lines.iter().map(|line| decode_entry(&json::parse(line.as_bytes())?)).collect()
    };
    let journal = read(&lines).unwrap();
    assert_eq!(journal, machine.new_entries());
    assert_eq!(load(&journal).unwrap().intent(), machine.intent());

    // Entry 0 opens, 1 and 3 authorise sends, 6 is the proof that 7 stands on.
    for missing in [0, 1, 3, 6] {
        let mut broken = journal.clone();
        let removed = broken.remove(missing);
        let loaded = load(&broken).map(|_| ());
        assert!(
            matches!(loaded.as_ref().map_err(Error::kind), Err(ErrorKind::Journal { .. })),
            "without entry {missing}: {removed:?}"
        );
    }
}
