//! Every transition of the machine (reference/payments.md 4.4) as one row: what happens, and where it leads.

use super::story::Story;

/// A row: profile, what happens, where it leads.
type Row = (&'static str, &'static str, &'static str);

fn check(operation: &str, rows: &[Row]) {
    for (profile, words, expected) in rows {
        let mut story = Story::begin(profile, operation);
        story.live(words);
        assert_eq!(story.told(), *expected, "{profile}: {words}");
    }
}

#[test]
fn what_an_open_intent_becomes() {
    check(
        "charge",
        &[
            // profile        what happens                                      where it leads
            ("native", "", "initiated"),
            ("native", "send", "in_flight"),
            ("native", "hold", "initiated"),
            ("native", "send ok", "settled"),
            ("native", "send lost send ok", "settled"),
            ("native", "send status:402", "failed"),
            ("native", "send lost send status:402", "failed"),
            ("native", "send action", "awaiting_customer"),
            ("native", "send not_sent", "initiated"),
            ("native", "send status:429", "initiated"),
            ("native", "send lost send status:429", "pending_confirmation"),
            ("native", "send lost send not_sent", "pending_confirmation"),
            ("native", "send status:409", "pending_confirmation"),
            ("native", "send status:409 send status:409 send ok", "settled"),
            ("native", "send lost", "pending_confirmation"),
            ("native", "send status:500", "pending_confirmation"),
            ("native", "send status:503", "pending_confirmation"),
            ("native", "send garbled", "pending_confirmation"),
            ("native", "send status:422", "needs_review"),
            ("native", "send lost send status:422", "needs_review"),
            ("native", "send foreign", "needs_review"),
            ("native", "send die send", "in_flight"),
            ("native", "send lost send lost send", "in_flight"),
            ("native", "send lost die hold", "pending_confirmation"),
            ("native", "send stored_500 ask:lost ask:none", "pending_confirmation"),
            ("native", "send stored_500 ask:pay_1", "settled"),
            ("native", "send stored_500 ask:pay_1,pay_2", "settled refund:pay_2:open"),
            ("native", "send stored_500 wait:6 ask:none", "pending_confirmation"),
            ("native", "send stored_500 wait:6 ask:none ask:none", "failed"),
            ("native", "send stored_500 wait:6 ask:none ask:lost ask:none", "pending_confirmation"),
            ("conservative", "send lost wait:20 ask:none ask:none", "failed"),
            ("conservative", "send lost ask:none wait:20 ask:none", "pending_confirmation"),
            ("native", "send lost deadline", "needs_review"),
            ("native", "send lost deadline hook:pay_1", "settled"),
            ("native", "send status:402 reopen", "initiated"),
            ("native", "send status:402 reopen send ok", "settled"),
            ("native", "send hook:pay_1", "settled"),
            ("native", "send lost hook:pay_1", "settled"),
            ("native", "hook:pay_1", "settled"),
        ],
    );
}

#[test]
fn what_a_frozen_process_tells_moves_nothing_that_is_newer() {
    check(
        "charge",
        &[
            ("native", "send die send frozen_lost", "in_flight"),
            ("native", "send die send frozen_not_sent", "in_flight"),
            ("native", "send die send frozen_refused", "in_flight"),
            ("native", "send die send ok frozen_lost", "settled"),
            ("native", "send die send ok frozen_refused", "settled"),
            ("native", "send die send action frozen_lost", "awaiting_customer"),
            ("native", "send die send late", "settled"),
            ("native", "send lost send status:402 reopen send frozen_refused", "in_flight"),
            // "Nothing found" was true when it was asked, and is told when it would be proof.
            ("native", "send stored_500 question die question frozen_none", "pending_confirmation"),
            ("native", "send stored_500 wait:6 question die ask:none frozen_none", "pending_confirmation"),
            ("native", "send stored_500 wait:6 question die ask:none ask:none", "failed"),
        ],
    );
}

#[test]
fn what_a_payment_that_waits_for_its_customer_becomes() {
    check(
        "charge",
        &[
            ("native", "send action ask:pay_1", "settled"),
            ("native", "send action ask:none ask:lost ask:pay_1", "settled"),
            ("native", "send action wait:6 ask:none ask:none", "awaiting_customer"),
            ("native", "send action hook:pay_1", "settled"),
            ("native", "send action hook_failed:pay_1", "failed"),
            ("native", "send action hook_failed:pay_2", "awaiting_customer"),
            ("native", "send action late", "settled"),
            ("native", "send action deadline", "needs_review"),
            ("native", "send action deadline hook:pay_1", "settled"),
            ("native", "send action cancel", "reversing void:pay_1:open"),
            ("native", "send action cancel refunded", "reversed void:pay_1:done"),
            (
                "native",
                "send action cancel unrefundable ask:pay_1",
                "reversing void:pay_1:failed refund:pay_1:open",
            ),
            (
                "native",
                "send action cancel unrefundable ask:pay_1 refunded",
                "reversed void:pay_1:failed refund:pay_1:done",
            ),
        ],
    );
}

#[test]
fn what_a_charge_becomes_that_must_not_stay() {
    check(
        "charge",
        &[
            ("native", "send status:402 hook:pay_1", "reversing refund:pay_1:open"),
            ("native", "send status:402 hook:pay_1 hook:pay_1", "reversing refund:pay_1:open"),
            ("native", "send status:402 hook:pay_1 refund_pending", "reversing refund:pay_1:open"),
            ("native", "send status:402 hook:pay_1 refund_pending refunded", "reversed refund:pay_1:done"),
            ("native", "send status:402 hook:pay_1 unsent_refund refunded", "reversed refund:pay_1:done"),
            (
                "native",
                "send status:402 hook:pay_1 unrefundable",
                "needs_review refund:pay_1:failed extra:pay_1",
            ),
            (
                "native",
                "send status:402 hook:pay_1 refund_review",
                "needs_review refund:pay_1:failed extra:pay_1",
            ),
            ("native", "send status:402 hook:pay_1 refunded hook:pay_1", "reversed refund:pay_1:done"),
            (
                "native",
                "send status:402 hook:pay_1 refunded hook:pay_2",
                "reversing refund:pay_1:done refund:pay_2:open",
            ),
            (
                "native",
                "send status:402 hook:pay_1 refunded reopen send ok:pay_2",
                "settled refund:pay_1:done",
            ),
            ("native", "send status:402 reopen hook:pay_1", "settled"),
            ("native", "send status:402 reopen send ok:pay_2 hook:pay_1", "settled refund:pay_1:open"),
            ("native", "send status:402 reopen send ok:pay_2 late", "settled refund:pay_1:open"),
            ("native", "send ok hook:pay_2", "settled refund:pay_2:open"),
            ("native", "send ok hook:pay_2 refunded", "settled refund:pay_2:done"),
            ("native", "send ok hook:pay_2 unrefundable", "settled refund:pay_2:failed extra:pay_2"),
            (
                "native",
                "send ok hook:pay_2 unrefundable hook:pay_2",
                "settled refund:pay_2:failed extra:pay_2",
            ),
            // A charge that was given back is not found again.
            (
                "native",
                "send status:402 hook:pay_1 refunded reopen send stored_500 wait:6 ask:pay_1 ask:pay_1",
                "failed refund:pay_1:done",
            ),
        ],
    );
    check("authorize", &[("native", "send status:402 hook:pay_1 refunded", "reversed void:pay_1:done")]);
}

#[test]
fn what_a_payment_becomes_that_is_no_longer_wanted() {
    check(
        "charge",
        &[
            ("native", "cancel", "failed"),
            ("native", "send status:429 cancel", "failed"),
            ("native", "cancel reopen", "initiated"),
            ("native", "cancel hook:pay_1", "reversing refund:pay_1:open"),
            ("native", "send cancel", "in_flight"),
            ("native", "send cancel ok", "reversing refund:pay_1:open"),
            ("native", "send cancel ok refunded", "reversed refund:pay_1:done"),
            ("native", "send cancel ok refunded reopen", "initiated refund:pay_1:done"),
            ("native", "send cancel status:402", "failed"),
            ("native", "send cancel die ask:pay_1", "reversing refund:pay_1:open"),
            ("native", "send lost cancel ask:none", "pending_confirmation"),
            ("native", "send lost cancel wait:6 ask:none ask:none", "failed"),
            ("native", "send lost cancel hook:pay_1", "reversing refund:pay_1:open"),
            ("native", "send lost cancel deadline hook:pay_1", "reversing refund:pay_1:open"),
            ("native", "send ok cancel", "settled"),
            ("native", "send status:402 cancel", "failed"),
            // A record that may be older than a send is asked about first.
            ("native", "wait:1500 cancel ask:none ask:none", "failed"),
            ("native", "wait:1500 cancel ask:pay_1", "reversing refund:pay_1:open"),
        ],
    );
}

#[test]
fn what_a_person_may_decide() {
    check(
        "charge",
        &[
            ("native", "send status:422 resolve:pay_7", "settled"),
            ("native", "send status:422 wait:6 resolve:failed", "failed"),
            ("native", "send status:422 wait:6 resolve:failed reopen", "initiated"),
            ("native", "send status:422 wait:6 resolve:failed hook:pay_1", "reversing refund:pay_1:open"),
            ("native", "send status:422 hook:pay_1", "needs_review extra:pay_1"),
            ("native", "send status:422 hook:pay_1 resolve:pay_1", "settled"),
            ("native", "send status:422 hook:pay_1 resolve:pay_2", "settled refund:pay_1:open"),
            ("native", "send status:422 hook:pay_1 wait:6 resolve:failed", "reversing refund:pay_1:open"),
            // Who decides after a reversal failed has looked after the charge himself.
            (
                "native",
                "send status:402 hook:pay_1 unrefundable wait:6 resolve:failed",
                "failed refund:pay_1:byhand",
            ),
            (
                "native",
                "send status:402 hook:pay_1 unrefundable wait:6 resolve:failed hook:pay_1",
                "failed refund:pay_1:byhand",
            ),
        ],
    );
    // What is decided only when it is asked for, and never while a copy may still move money.
    for (words, refused) in [
        ("send status:422", "resolve:failed"),
        ("send", "resolve:failed"),
        ("send ok", "resolve:failed"),
        ("send ok", "reopen"),
        ("send lost", "reopen"),
        ("send status:422", "reopen"),
        ("send status:402 hook:pay_1", "reopen"),
    ] {
        let mut story = Story::begin("native", "charge");
        story.live(words);
        let before = story.told();
        assert!(!story.word(refused), "{refused} after {words}");
        assert_eq!(story.told(), before, "a refused command changes nothing");
    }
}

#[test]
fn an_intent_is_pending_while_its_money_is_on_its_way_back_and_failed_when_it_is_there() {
    let mut story = Story::begin("native", "charge");
    for (words, expected) in [
        ("send status:402", "failed"),
        ("hook:pay_1", "pending_confirmation"),
        ("refunded", "failed"),
        ("hook:pay_2", "pending_confirmation"),
        ("unrefundable", "pending_confirmation"),
    ] {
        story.live(words);
        assert_eq!(story.machine.intent().outcome().name(), expected, "after {words}");
    }
}

#[test]
fn where_a_provider_cannot_give_back_a_person_is_told_the_charge() {
    let mut profile: serde_json::Value =
        serde_json::from_str(include_str!("../../src/payments/profiles/native.json")).unwrap();
    profile["name"] = "one_way".into();
    profile["dialect"]["operations"].as_object_mut().unwrap().remove("refund");
    for (words, expected) in [
        ("send status:402 hook:pay_1", "needs_review extra:pay_1"),
        ("send ok hook:pay_2", "settled extra:pay_2"),
        ("send cancel ok", "settled"),
    ] {
        let mut story = Story::of(&profile.to_string(), "charge");
        story.live(words);
        assert_eq!(story.told(), expected, "{words}");
    }
}

#[test]
fn a_charge_nobody_tells_of_is_looked_for_where_a_copy_may_outlive_its_key() {
    // The conservative profile promises no window: after a doubt, a copy may be executed next to the charge that was found.
    let mut story = Story::begin("conservative", "charge");
    story.live("send lost ask:pay_1");
    assert_eq!(story.told(), "settled");
    story.live("ask:pay_1,pay_2");
    assert_eq!(story.told(), "settled refund:pay_2:open");
    assert!(story.now >= 15 * 60_000, "not before the quarantine is over");

    // What is surely the charge of the only key that was sent needs no look, and neither does a window that lasts.
    for (profile, words) in [
        ("conservative", "send ok"),
        ("native", "send lost send ok"),
        ("native", "send lost send status:402"),
    ] {
        let mut story = Story::begin(profile, "charge");
        story.live(words);
        assert_eq!(story.machine.wake_at(), None, "{profile}: {words}");
    }

    // Two keys were sent, and the charge that was found may be that of either.
    let mut story = Story::begin("native", "charge");
    story.live("send status:402 reopen send hook:pay_1 ask:lost ask:pay_1");
    assert_eq!((story.told().as_str(), story.machine.wake_at()), ("settled", None));
}
