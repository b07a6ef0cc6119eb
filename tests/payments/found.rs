//! What the seeded world found out about the machine, one test for each: see tests/seeds/found.txt.

use tillproof::entropy::Entropy;
use tillproof::json;
use tillproof::payments::{Intention, Machine, Outcome, Profile, Request, ReversalNews, Settings};
use tillproof::time::Millis;

use super::table::{answer, at, error, open, payment, query, secret, send};

const MINUTE: u64 = 60_000;

fn entropy() -> Entropy {
    Entropy::from_seed(5)
}

fn hear(machine: &mut Machine, now: u64, text: &str) {
    let payment = json::parse(text.as_bytes()).unwrap();
    machine.handle_webhook(at(now), &payment, &mut entropy()).unwrap();
}

#[test]
fn a_cancel_does_not_come_before_the_moment_the_provider_named() {
    let (mut machine, mut now) = (open("native"), 0);
    let (first, _) = send(&mut machine, &mut now);
    let mut busy = error(503, "unavailable");
    busy.retry_after = Some(Millis::from_seconds(60));
    machine.handle_response(at(now), first, &busy, &mut entropy());
    machine.cancel(at(now + 1_000));
    assert!(machine.wake_at().unwrap() >= at(now + MINUTE), "{:?}", machine.wake_at());
}

#[test]
fn the_failure_of_the_payment_that_is_waited_for_counts_in_every_epoch() {
    let (mut machine, mut now) = (open("native"), 0);
    let (first, _) = send(&mut machine, &mut now);
    machine.handle_response(at(now), first, &error(402, "card_declined"), &mut entropy());
    machine.reopen(&secret(), at(now)).unwrap();
    let (second, _) = send(&mut machine, &mut now);
    let waits = payment("requires_action");
    machine.handle_response(at(now), second, &answer(201, &waits), &mut entropy());
    assert_eq!(machine.intent().outcome(), Outcome::AwaitingCustomer);
    let expired = format!(r#"{{"object":"list","data":[{}],"hasMore":false}}"#, payment("expired"));
    query(&mut machine, now + 60 * MINUTE, Some(&answer(200, &expired)), &mut entropy());
    assert_eq!(machine.intent().outcome(), Outcome::Failed);
}

#[test]
fn a_key_whose_charge_was_taken_back_has_failed_and_is_not_sent_for_ever() {
    // An older copy of the store has forgotten that epoch 2 was charged; its webhook made the machine take it back.
    let (mut machine, mut now) = (open("native"), 0);
    let (first, _) = send(&mut machine, &mut now);
    machine.handle_response(at(now), first, &error(402, "card_declined"), &mut entropy());
    hear(&mut machine, now, &payment("completed"));
    let refund = ReversalNews::Settled { refund: "re_1".to_owned() };
    machine.handle_reversal(at(now), "order_1/refund/pay_1", refund, &mut entropy());
    assert_eq!(machine.intent().state.name(), "reversed");

    machine.reopen(&secret(), at(now)).unwrap();
    let (second, _) = send(&mut machine, &mut now);
    machine.handle_response(at(now), second, &answer(201, &payment("completed")), &mut entropy());
    assert_eq!(machine.intent().state.name(), "failed");
    machine.reopen(&secret(), at(now)).unwrap();
    let (third, _) = send(&mut machine, &mut now);
    let waits = payment("requires_action");
    machine.handle_response(at(now), third, &answer(201, &waits), &mut entropy());
    assert_eq!(machine.intent().state.name(), "failed", "nor is a customer waited for");
}

const NOTHING_FOUND: &str = r#"{"object":"list","data":[],"hasMore":false}"#;

/// The same intent in a process that began at that moment.
fn in_a_process_of(machine: &Machine, journal: &[tillproof::payments::Entry], begun_at: u64) -> Machine {
    let profile = Profile::named(machine.profile().name()).unwrap();
    Machine::load(profile, Settings { begun_at: at(begun_at), ..Settings::default() }, journal).unwrap()
}

#[test]
fn what_was_written_before_the_process_began_is_asked_about_before_it_is_sent() {
    // An older copy may have forgotten that this key was given up and a later one charged.
    let (mut machine, mut now) = (open("native"), 0);
    let (first, _) = send(&mut machine, &mut now);
    machine.handle_failure(at(now), first, false, &mut entropy());
    let later = 20 * MINUTE;
    assert_eq!(machine.intends(at(later)), Intention::Resend);

    let journal = machine.new_entries().to_vec();
    let answers = [
        (Some(answer(200, NOTHING_FOUND)), Intention::Resend),
        // Whoever does not answer, or not to be understood, has not said that there is nothing.
        (None, Intention::Query),
        (Some(error(500, "internal")), Intention::Query),
        (Some(answer(200, "{")), Intention::Query),
        // Whoever never answers such questions cannot be waited for.
        (Some(error(404, "no_such_search")), Intention::Resend),
    ];
    for (found, expected) in answers {
        let mut copy = in_a_process_of(&machine, &journal, 10 * MINUTE);
        assert_eq!(copy.intends(at(later)), Intention::Query);
        query(&mut copy, later, found.as_ref(), &mut entropy());
        assert_eq!(copy.intends(at(later + 40 * MINUTE)), expected, "after {found:?}");
    }

    let mut copy = in_a_process_of(&machine, &journal, 10 * MINUTE);
    let charged = format!(r#"{{"object":"list","data":[{}],"hasMore":false}}"#, payment("completed"));
    query(&mut copy, later, Some(&answer(200, &charged)), &mut entropy());
    assert_eq!(copy.intent().outcome(), Outcome::Settled);
}

#[test]
fn what_failed_before_the_process_began_is_looked_after_and_asked_about_when_it_is_tried_again() {
    let (mut machine, mut now) = (open("native"), 0);
    let (first, _) = send(&mut machine, &mut now);
    machine.handle_response(at(now), first, &error(402, "card_declined"), &mut entropy());
    let journal = machine.new_entries().to_vec();
    let later = 20 * MINUTE;

    let mut met = in_a_process_of(&machine, &journal, 10 * MINUTE);
    query(&mut met, later, Some(&answer(200, NOTHING_FOUND)), &mut entropy());
    assert_eq!((met.intends(at(later)), met.intent().outcome()), (Intention::Rest, Outcome::Failed));

    let mut again = in_a_process_of(&machine, &journal, 10 * MINUTE);
    again.reopen(&secret(), at(later)).unwrap();
    assert_eq!(again.intends(at(later)), Intention::Query);
    // Cancelled, it is not called unsent on the word of a copy.
    again.cancel(at(later));
    assert_eq!(again.intent().outcome(), Outcome::PendingConfirmation);
}

#[test]
fn a_failure_that_is_found_counts_only_when_no_copy_can_succeed_beside_it() {
    // This provider promises nothing about keys: a copy of the request may be executed as well.
    let (mut machine, mut now) = (open("conservative"), 0);
    let (first, _) = send(&mut machine, &mut now);
    machine.handle_failure(at(now), first, false, &mut entropy());
    let failed = format!(r#"{{"object":"list","data":[{}],"hasMore":false}}"#, payment("failed"));
    query(&mut machine, now + MINUTE, Some(&answer(200, &failed)), &mut entropy());
    assert_eq!(machine.intent().outcome(), Outcome::PendingConfirmation);
    query(&mut machine, now + 60 * MINUTE, Some(&answer(200, &failed)), &mut entropy());
    assert_eq!(machine.intent().outcome(), Outcome::Failed);
}

#[test]
fn a_follow_up_that_is_tried_again_and_refused_may_have_been_done_by_a_copy() {
    for operation in ["capture", "refund", "void"] {
        let text =
            format!(r#"{{"merchant":"shop","operation":"{operation}","reference":"o/1","target":"pay_1"}}"#);
        let request = Request::from_json(&json::parse(text.as_bytes()).unwrap()).unwrap();
        let profile = Profile::named("native").unwrap();
        let mut machine =
            Machine::open(profile, Settings::default(), "eu", request, &secret(), at(0)).unwrap();
        let mut now = 0;
        let (first, _) = send(&mut machine, &mut now);
        machine.handle_response(at(now), first, &error(409, "invalid_transition"), &mut entropy());
        assert_eq!(machine.intent().outcome(), Outcome::Failed, "{operation}");
        machine.reopen(&secret(), at(now)).unwrap();
        let (second, _) = send(&mut machine, &mut now);
        machine.handle_response(at(now), second, &error(409, "invalid_transition"), &mut entropy());
        assert_eq!(machine.intent().outcome(), Outcome::PendingConfirmation, "{operation}");
    }
}

#[test]
fn what_became_of_a_void_is_no_news_of_the_refund_that_follows_it() {
    let (mut machine, mut now) = (open("native"), 0);
    let (first, _) = send(&mut machine, &mut now);
    machine.handle_response(at(now), first, &answer(201, &payment("requires_action")), &mut entropy());
    machine.cancel(at(now));
    hear(&mut machine, now, &payment("completed"));
    let refused =
        || ReversalNews::Failed { proof: tillproof::payments::Proof::Refused, code: "paid".to_owned() };
    machine.handle_reversal(at(now), "order_1/void/pay_1", refused(), &mut entropy());
    // Another process tells the same a moment later.
    machine.handle_reversal(at(now), "order_1/void/pay_1", refused(), &mut entropy());
    let open = machine.intent().open_reversal().unwrap();
    assert_eq!(open.reference, "order_1/refund/pay_1");
}
