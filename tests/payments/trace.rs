//! The decisions of an intent as text, and the intent that takes a charge back.

use tillproof::crypto::Secret;
use tillproof::payments::{Entry, Machine, Profile, Settings, trace};

use super::story::Story;
use super::table::at;

#[test]
fn every_decision_is_told_with_the_rule_or_proof_it_stands_on() {
    let mut story = Story::begin("native", "charge");
    story.live("hold send status:429 send lost send stored_500 wait:6 ask:none ask:none hook:pay_7 refund_pending refunded");
    let told = trace(&story.journal).unwrap();
    insta::assert_snapshot!(told, @r#"
    1 +0 opened operation="charge" amount="1000" currency="EUR" profile="native" deadline_at=+259200000 window_ms=86400000 margin_ms=3600000 quarantine_ms=300000
    2 +0 held until=+60000
    3 +60000 send_authorised why="first_send" attempt=1 owner="me" lease_until=+90000
    4 +60000 not_executed reason="rate_limited" next_at=+60061
    5 +60061 send_authorised why="first_send" attempt=2 owner="me" lease_until=+90061
    6 +60061 ambiguous reason="connection_lost" key_poisoned=false next_at=+62675
    7 +62675 send_authorised why="same_key_inside_its_window" attempt=3 owner="me" lease_until=+92675
    8 +62675 ambiguous reason="stored_server_error" key_poisoned=true next_at=+68502
    9 +422675 asked why="the_key_will_never_tell" query=1 owner="me" lease_until=+452675
    10 +422675 queried_empty quiet=true next_at=+424204
    11 +424204 asked why="the_key_will_never_tell" query=2 owner="me" lease_until=+454204
    12 +424204 queried_empty quiet=true next_at=+448038
    13 +424204 failed proof="absent" code="never_executed" message="the gateway knows no payment with this reference, and the key can no longer execute"
    14 +424204 reversal_due charge="pay_7" operation="refund" reference="order_1/refund/pay_7"
    15 +424204 reversal_awaited charge="pay_7" again=false next_at=+426096
    16 +426096 reversed charge="pay_7" refund="ref_1"
    "#);
    assert_eq!(trace(&story.journal).unwrap(), told, "the same journal, the same bytes");
    assert!(!told.contains(&story.sends[0].2), "no key is told");
}

#[test]
fn a_story_ends_where_its_journal_is_broken() {
    let mut story = Story::begin("native", "charge");
    story.live("send status:402 reopen");
    let mut broken = story.journal.clone();
    broken.remove(2);
    assert!(trace(&broken).is_err());
    assert!(trace(&[]).is_err());
}

#[test]
fn every_process_takes_a_charge_back_by_the_same_intent() {
    let taken_back = |charge: &str| {
        let mut story = Story::begin("native", "charge");
        story.live(&format!("send status:402 hook:{charge}"));
        let reversal = story.machine.intent().open_reversal().unwrap().clone();
        story.machine.reversal_request(&reversal).to_json()
    };
    assert_eq!(
        taken_back("pay_9"),
        r#"{"merchant":"shop","operation":"refund","reference":"order_1/refund/pay_9","target":"pay_9"}"#
    );
    // A name too long for a reference is replaced by its digest, and other names by other digests.
    let long = |last: &str| taken_back(&format!("{}{last}", "x".repeat(190)));
    assert_ne!(long("1"), long("2"));
    assert!(long("1").contains("\"reference\":\"reversal/refund/"), "{}", long("1"));

    // Who begins again from an older backup derives the same key, too.
    let key = |at_ms: u64| {
        let mut story = Story::begin("native", "charge");
        story.live("send status:402 hook:pay_9");
        let reversal = story.machine.intent().open_reversal().unwrap().clone();
        let request = story.machine.reversal_request(&reversal);
        let (profile, secret) = (Profile::named("native").unwrap(), Secret::new(vec![7; 16]));
        let opened = Machine::open(profile, Settings::default(), "eu", request, &secret, at(at_ms)).unwrap();
        let Some(Entry::Opened { key, .. }) = opened.new_entries().first().cloned() else {
            panic!("not opened")
        };
        key
    };
    assert_eq!(key(1), key(99_999_999));
}
