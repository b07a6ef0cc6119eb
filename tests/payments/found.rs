//! What the seeded world found out about the machine, one test for each: see tests/seeds/found.txt.

use tillproof::entropy::Entropy;
use tillproof::json;
use tillproof::payments::{Machine, Outcome, ReversalNews};
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
    machine.handle_reversal(at(now), "pay_1", refund, &mut entropy());
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
