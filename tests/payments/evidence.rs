//! What counts as evidence for the current key, and what does not: each test is a way to charge twice or to lose a
//! payment that a reader of the machine once found.

use tillproof::entropy::Entropy;
use tillproof::json;
use tillproof::payments::{Action, Machine, Outcome, Permit, Response, Settings};
use tillproof::time::Millis;

use super::table::{answer, at, error, open, payment, query, secret, send};

const HOUR: u64 = 3_600_000;

fn entropy() -> Entropy {
    Entropy::from_seed(11)
}

fn list(payments: &[String], more: bool) -> Response {
    answer(200, &format!(r#"{{"object":"list","data":[{}],"hasMore":{more}}}"#, payments.join(",")))
}

#[test]
fn a_refusal_of_an_earlier_epoch_does_not_fail_the_current_one() {
    let (mut machine, mut now) = (open("native"), 0);
    let (first, _) = send(&mut machine, &mut now);
    now += Settings::default().lease.get();
    let (second, _) = send(&mut machine, &mut now);
    let declined = error(402, "card_declined");
    machine.handle_response(at(now), second, &declined, &mut entropy());
    machine.reopen(&secret(), at(now)).unwrap();
    let (third, _) = send(&mut machine, &mut now);
    machine.handle_failure(at(now), third, false, &mut entropy());
    // The process that sent attempt 1 wakes up and reports what it heard long ago.
    machine.handle_response(at(now), first, &declined, &mut entropy());
    machine.handle_response(at(now), second, &declined, &mut entropy());
    assert_eq!(machine.intent().outcome(), Outcome::PendingConfirmation);
    machine.handle_response(at(now), first, &answer(201, &payment("completed")), &mut entropy());
    assert_eq!(
        machine.intent().outcome(),
        Outcome::Settled,
        "money that moved counts whenever it is heard of"
    );
}

#[test]
fn an_old_row_that_was_never_sent_is_asked_about_first() {
    // Such a row may come from a backup taken before the send.
    let mut machine = open("native");
    query(&mut machine, 25 * HOUR, Some(&list(&[payment("completed")], false)), &mut entropy());
    assert_eq!(machine.intent().outcome(), Outcome::Settled);

    let mut machine = open("native");
    let mut now = 25 * HOUR;
    query(&mut machine, now, Some(&list(&[], false)), &mut entropy());
    assert_eq!(send(&mut machine, &mut now).0, 1, "the gateway knows nothing of it: now it may go out");
}

#[test]
fn a_payment_that_was_seen_is_never_called_absent() {
    let (mut machine, mut now) = (open("conservative"), 0);
    let (first, _) = send(&mut machine, &mut now);
    machine.handle_response(at(0), first, &answer(201, &payment("processing")), &mut entropy());
    for hour in 1..40 {
        query(&mut machine, hour * HOUR, Some(&list(&[], false)), &mut entropy());
    }
    assert_eq!(machine.intent().outcome(), Outcome::PendingConfirmation);
}

#[test]
fn empty_answers_count_only_when_nothing_came_between_them() {
    let (mut machine, mut now) = (open("conservative"), 0);
    let (first, _) = send(&mut machine, &mut now);
    machine.handle_failure(at(0), first, false, &mut entropy());
    let empty = list(&[], false);
    query(&mut machine, HOUR, Some(&empty), &mut entropy());
    query(&mut machine, 2 * HOUR, None, &mut entropy());
    query(&mut machine, 3 * HOUR, Some(&empty), &mut entropy());
    assert_eq!(machine.intent().outcome(), Outcome::PendingConfirmation);
    query(&mut machine, 4 * HOUR, Some(&empty), &mut entropy());
    assert_eq!(machine.intent().outcome(), Outcome::Failed);
}

#[test]
fn a_list_that_goes_on_proves_nothing() {
    let (mut machine, mut now) = (open("conservative"), 0);
    let (first, _) = send(&mut machine, &mut now);
    machine.handle_failure(at(0), first, false, &mut entropy());
    for hour in 1..10 {
        query(&mut machine, hour * HOUR, Some(&list(&[], true)), &mut entropy());
    }
    assert_eq!(machine.intent().outcome(), Outcome::PendingConfirmation);
}

#[test]
fn an_error_without_the_gateways_own_envelope_refuses_nothing() {
    for status in [400, 402, 404, 405, 406, 413, 415, 422, 423, 425, 451, 499] {
        for body in ["", "<html>Not Found</html>", "{}", r#"{"error":"no"}"#] {
            let (mut machine, mut now) = (open("native"), 0);
            let (first, _) = send(&mut machine, &mut now);
            machine.handle_response(at(0), first, &answer(status, body), &mut entropy());
            assert_eq!(machine.intent().outcome(), Outcome::PendingConfirmation, "{status} {body:?}");
        }
    }
}

#[test]
fn what_was_surely_not_executed_is_sent_again_whatever_the_profile() {
    for answer in [None, Some(error(401, "no"))] {
        let (mut machine, mut now) = (open("conservative"), 0);
        let (first, _) = send(&mut machine, &mut now);
        match &answer {
            None => machine.handle_failure(at(now), first, true, &mut entropy()),
            Some(answer) => machine.handle_response(at(now), first, answer, &mut entropy()),
        }
        assert_eq!(send(&mut machine, &mut now).0, 2, "after {answer:?}");
    }
}

#[test]
fn what_is_being_processed_is_asked_about_and_not_sent_again() {
    let (mut machine, mut now) = (open("native"), 0);
    let (first, _) = send(&mut machine, &mut now);
    machine.handle_response(at(0), first, &answer(201, &payment("processing")), &mut entropy());
    now = machine.wake_at().unwrap().unix_ms();
    query(&mut machine, now, Some(&list(&[payment("completed")], false)), &mut entropy());
    assert_eq!(machine.intent().outcome(), Outcome::Settled);
}

#[test]
fn a_late_success_settles_after_the_deadline_and_is_taken_back_after_a_failure() {
    let hear = |machine: &mut Machine, text: &str| {
        let payment = json::parse(text.as_bytes()).unwrap();
        machine.handle_webhook(at(100 * HOUR), &payment, &mut entropy()).unwrap();
    };
    let mut expired = open("native");
    let (first, _) = send(&mut expired, &mut 0);
    expired.handle_failure(at(0), first, false, &mut entropy());
    assert_eq!(expired.poll(at(99 * HOUR), "me", Permit::Go), Action::Rest);
    assert_eq!(expired.intent().state.name(), "needs_review");
    hear(&mut expired, &payment("completed"));
    assert_eq!(expired.intent().outcome(), Outcome::Settled);

    let mut failed = open("native");
    let (first, _) = send(&mut failed, &mut 0);
    failed.handle_response(at(0), first, &error(402, "card_declined"), &mut entropy());
    hear(&mut failed, &payment("completed"));
    assert_eq!(failed.intent().state.name(), "reversing");
    hear(&mut failed, &payment("completed").replace("pay_1", "pay_2"));
    let charges: Vec<&str> = failed.intent().reversals.iter().map(|each| each.charge.as_str()).collect();
    assert_eq!(charges, ["pay_1", "pay_2"], "each of them is taken back");
    assert_eq!(failed.intent().outcome(), Outcome::PendingConfirmation, "not failed while money is away");
}

#[test]
fn no_hint_carries_an_intent_past_its_deadline() {
    let (mut machine, mut now) = (open("native"), 0);
    let (first, _) = send(&mut machine, &mut now);
    let years = Response { retry_after: Some(Millis::from_seconds(10 * 365 * 86_400)), ..error(503, "down") };
    machine.handle_response(at(0), first, &years, &mut entropy());
    assert_eq!(machine.wake_at(), Some(at(Settings::default().deadline.get())));
}

#[test]
fn an_object_that_is_no_payment_is_refused_and_settles_nothing() {
    let mut machine = open("native");
    let _ = send(&mut machine, &mut 0);
    let fine = payment("completed");
    for (from, to) in
        [("\"pay_1\"", "\"\""), ("\"pay_1\"", "5"), ("1000", "-1"), ("1000", "1.5"), ("EUR", "XXZ")]
    {
        let text = fine.replace(from, to);
        let object = json::parse(text.as_bytes()).unwrap();
        let refused = machine.handle_webhook(at(1), &object, &mut entropy());
        assert_eq!(refused, Err(tillproof::payments::ErrorKind::WebhookPayment.into()), "{text}");
    }
    assert_eq!(machine.intent().state.name(), "in_flight");
}

#[test]
fn a_person_names_the_payment_as_the_provider_names_it() {
    let mut machine = open("stripe");
    let (attempt, _) = send(&mut machine, &mut 0);
    let foreign = br#"{"id":"pi_1","status":"succeeded","amount":1,"currency":"eur","metadata":{}}"#;
    let answer = Response { status: 200, body: foreign.to_vec(), ..Response::default() };
    machine.handle_response(at(1), attempt, &answer, &mut entropy());
    assert_eq!(machine.intent().state.name(), "needs_review");
    // The dashboard shows the charge first: taken for the payment, it would have the payment itself given back.
    let refused = machine.resolve(Some("ch_1"), "seen in the dashboard", at(2));
    let kind = tillproof::payments::ErrorKind::ChargeOfOtherKind { begins: "pi_".to_owned() };
    assert_eq!(refused, Err(kind.into()));
    assert_eq!(machine.intent().state.name(), "needs_review");
    machine.resolve(Some("pi_1"), "seen in the dashboard", at(3)).unwrap();
    assert_eq!(machine.intent().state.name(), "settled");
}
