//! Requests somebody else prepared: what each answer leads to, what is given again, and which key is sent.

use tillproof::entropy::Entropy;
use tillproof::json;
use tillproof::payments::{
    Entry, Machine, Outcome, Profile, Request, Response, Settings, decode_entry, encode_entry,
};

use super::table::{answer, at, load, secret, send};

/// A call to the address of the native gateway's own charges, with a key of the caller's if there is one.
fn call(body: &str, own_key: Option<&str>) -> Machine {
    let own_key = own_key.map_or_else(String::new, |key| format!(r#","own_key":"{key}""#));
    let request = format!(
        r#"{{"merchant":"shop","operation":"call","reference":"order_1",
            "call":{{"method":"POST","path":"/api/payments","body":{}{own_key}}}}}"#,
        json::quoted(body)
    );
    let request = Request::from_json(&json::parse(request.as_bytes()).unwrap()).unwrap();
    let native = Profile::named("native").unwrap();
    Machine::open(native, Settings::default(), "eu", request, &secret(), at(0)).unwrap()
}

fn entropy() -> Entropy {
    Entropy::from_bytes([7; 16])
}

/// The machine another process makes of the journal.
fn reloaded(machine: &Machine) -> Machine {
    let journal: Vec<Entry> = machine
        .new_entries()
        .iter()
        .map(|entry| decode_entry(&json::parse(encode_entry(entry).as_bytes()).unwrap()).unwrap())
        .collect();
    load(&journal).unwrap()
}

fn lost(machine: &mut Machine, now: &mut u64) {
    let (attempt, _) = send(machine, now);
    machine.handle_failure(at(*now), attempt, false, &mut entropy());
}

#[test]
fn each_answer_to_a_call_leads_to_one_outcome_and_those_that_end_it_are_kept() {
    let refused = r#"{"error":{"code":"card_declined","message":"no"}}"#;
    // whether an attempt before is unknown, status, body, outcome, whether the answer is given again
    let table = [
        (false, 201, r#"{"id":"pay_1"}"#, Outcome::Settled, true),
        (false, 204, "", Outcome::Settled, true),
        (false, 200, "plain text", Outcome::Settled, true),
        (false, 200, r#"{"id":"pay"#, Outcome::PendingConfirmation, false),
        (false, 402, refused, Outcome::Failed, true),
        (false, 404, refused, Outcome::Failed, true),
        (false, 404, "<html>", Outcome::PendingConfirmation, false),
        (false, 401, refused, Outcome::Failed, true),
        (false, 409, refused, Outcome::PendingConfirmation, false),
        (false, 429, refused, Outcome::PendingConfirmation, false),
        (false, 500, refused, Outcome::PendingConfirmation, false),
        (true, 201, r#"{"id":"pay_1"}"#, Outcome::Settled, true),
        (true, 402, refused, Outcome::Failed, true),
        (true, 404, refused, Outcome::PendingConfirmation, false),
        (true, 401, refused, Outcome::PendingConfirmation, false),
    ];
    for (unknown, status, body, outcome, kept) in table {
        let (mut machine, mut now) = (call("{}", None), 0);
        if unknown {
            lost(&mut machine, &mut now);
        }
        let (attempt, _) = send(&mut machine, &mut now);
        machine.handle_response(at(now), attempt, &answer(status, body), &mut entropy());
        let found = reloaded(&machine);
        assert_eq!(found.intent().outcome(), outcome, "{unknown} {status} {body}");
        let given = found.intent().answer.as_ref().map(|answer| (answer.status, answer.body.as_str()));
        assert_eq!(given, kept.then_some((status, body)), "{unknown} {status} {body}");
    }
}

#[test]
fn the_callers_own_key_is_that_of_the_first_epoch_and_the_next_one_is_derived() {
    let (mut machine, mut now) = (call("{}", Some("my own key")), 0);
    let (attempt, key) = send(&mut machine, &mut now);
    assert_eq!(key, "my own key");
    machine.handle_response(at(now), attempt, &answer(401, "{}"), &mut entropy());
    machine.reopen(&secret(), at(now)).unwrap();
    assert!(machine.intent().answer.is_none(), "a new epoch has no answer yet");
    let (_, second) = send(&mut reloaded(&machine), &mut now);
    assert_eq!(second.len(), 32, "{second}");
    assert_ne!(second, send(&mut call("{}", None), &mut 0).1, "epochs have different keys");
}

#[test]
fn what_a_query_finds_is_the_answer_that_was_lost() {
    let found = r#"{"id":"pay_1","merchantId":"shop","state":"pending","amount":5,"currency":"EUR","reference":"order_1"}"#;
    let (mut machine, mut now) = (call(r#"{"amount":5}"#, None), 0);
    let (attempt, _) = send(&mut machine, &mut now);
    let poisoned = Response {
        headers: vec![("idempotent-replayed".to_owned(), "true".to_owned())],
        ..answer(500, "{}")
    };
    machine.handle_response(at(now), attempt, &poisoned, &mut entropy());
    now = machine.wake_at().unwrap().unix_ms();
    let list = format!(r#"{{"data":[{found}],"hasMore":false}}"#);
    super::table::query(&mut machine, now, Some(&answer(200, &list)), &mut entropy());
    let machine = reloaded(&machine);
    // Not paid yet, but made: what it means is for whoever prepared the call.
    assert_eq!(machine.intent().outcome(), Outcome::Settled);
    let kept = machine.intent().answer.as_ref().unwrap();
    assert_eq!((kept.status, kept.body.as_str()), (200, found));
}
