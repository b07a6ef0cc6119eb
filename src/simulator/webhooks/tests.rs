//! The post office without a gateway around it.

use super::super::signing::Scheme;
use super::*;

const KIND: &str = "payment.completed";
const NEWS: News = News::Payment { payment: 0, moment: 0 };

fn at(ms: u64) -> Timestamp {
    Timestamp::from_unix_ms(ms).unwrap()
}

/// One endpoint, one event and its delivery, due at once.
fn office() -> (Webhooks, usize) {
    let mut webhooks = Webhooks::default();
    let endpoint = Endpoint::new(
        Dialect::Native,
        "http://a.test".to_owned(),
        Scheme::Standard,
        "whsec_YQ==".to_owned(),
        at(0),
    );
    let endpoint = webhooks.add_endpoint(endpoint).unwrap();
    let event = webhooks.record(at(0), 0, KIND, NEWS);
    assert_eq!(webhooks.audience(0, KIND, NEWS), [endpoint]);
    let number = webhooks.schedule(Content::Genuine(event), endpoint, at(0));
    (webhooks, number)
}

#[test]
fn a_delivery_is_tried_seven_times_with_doubling_pauses_and_then_dead() {
    let (mut webhooks, number) = office();
    let mut times = Vec::new();
    while let Some(due) = webhooks.next_due() {
        assert_eq!((webhooks.begin(due), webhooks.begin(due)), (Some(number), None));
        times.push(due.unix_seconds());
        webhooks.end(number, Outcome::Answered(500), due);
    }
    assert_eq!(times, [0, 1, 3, 7, 15, 31, 63]);
    let parcel = webhooks.parcel(number).unwrap();
    assert_eq!((parcel.stage, parcel.last_status()), (Stage::Dead { at: at(63_000) }, Some(500)));
    assert_eq!(webhooks.pending(&webhooks.events()[0]), 1);
}

#[test]
fn silence_counts_as_failure_and_a_late_report_changes_nothing() {
    let (mut webhooks, number) = office();
    let _ = webhooks.begin(at(0)).unwrap();
    webhooks.give_up_silent(at(59_999));
    assert_eq!(webhooks.next_due(), Some(at(60_000)));
    webhooks.give_up_silent(at(70_000));
    let scheduled = Stage::Scheduled { due: at(61_000) };
    assert_eq!(webhooks.parcel(number).unwrap().stage, scheduled);
    webhooks.end(number, Outcome::Answered(200), at(70_000));
    assert_eq!(webhooks.parcel(number).unwrap().stage, scheduled);
}

#[test]
fn an_endpoint_that_is_disabled_in_between_misses_nothing_and_one_that_is_when_an_attempt_is_due_does() {
    for (enabled_again, expected) in [(true, Some(0)), (false, None)] {
        let (mut webhooks, number) = office();
        let _ = webhooks.begin(at(0)).unwrap();
        webhooks.end(number, Outcome::NoAnswer, at(0));
        webhooks.endpoint_mut(0).unwrap().status = Status::Disabled;
        assert!(webhooks.audience(0, KIND, NEWS).is_empty());
        if enabled_again {
            webhooks.endpoint_mut(0).unwrap().status = Status::Enabled;
        }
        assert_eq!(webhooks.begin(at(1_000)), expected);
        let is_dead = matches!(webhooks.parcel(number).unwrap().stage, Stage::Dead { .. });
        assert_eq!((is_dead, webhooks.next_scheduled()), (!enabled_again, None));
    }
}

#[test]
fn what_is_sent_again_by_hand_is_tried_once() {
    let (mut webhooks, number) = office();
    let _ = webhooks.begin(at(0)).unwrap();
    webhooks.end(number, Outcome::Answered(200), at(0));
    assert_eq!(webhooks.pending(&webhooks.events()[0]), 0);
    let again = webhooks.resend(0, 0, at(5));
    assert_eq!(webhooks.begin(at(5)), Some(again));
    webhooks.end(again, Outcome::Answered(500), at(5));
    assert_eq!(webhooks.next_due(), None);
    // It arrived once, which is what counts.
    assert_eq!(webhooks.pending(&webhooks.events()[0]), 0);
}

#[test]
fn deleting_an_endpoint_makes_room_for_another() {
    let (mut webhooks, _) = office();
    let another = webhooks.endpoint(0).unwrap().clone();
    for number in 1..ENDPOINTS_MAX {
        assert_eq!(webhooks.add_endpoint(another.clone()), Ok(number));
    }
    let full = Err(Error::Full { what: "webhook endpoints", limit: ENDPOINTS_MAX });
    assert_eq!(webhooks.add_endpoint(another.clone()), full);
    webhooks.endpoint_mut(3).unwrap().status = Status::Deleted;
    assert!(webhooks.endpoint_mut(3).is_none());
    assert_eq!(webhooks.add_endpoint(another), Ok(ENDPOINTS_MAX));
    assert_eq!(webhooks.endpoints().count(), ENDPOINTS_MAX);
}

#[test]
fn two_secrets_sign_while_the_older_one_retires() {
    let (mut webhooks, _) = office();
    let endpoint = webhooks.endpoint_mut(0).unwrap();
    endpoint.rotate("whsec_Yg==".to_owned(), at(100));
    let secrets = |now| endpoint.secrets(at(now)).collect::<Vec<_>>();
    assert_eq!(secrets(99), ["whsec_Yg==", "whsec_YQ=="]);
    assert_eq!(secrets(100), ["whsec_Yg=="]);
    assert!(!format!("{endpoint:?}").contains("whsec_"));
}
