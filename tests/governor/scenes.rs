//! What a lane permits, scene by scene.

use tillproof::entropy::Entropy;
use tillproof::governor::{
    BulkheadSettings, Error, Governor, Heard, LANES_MAX, LaneId, Permit, Phase, Purpose, Reason, Settings,
    Ticket, View,
};
use tillproof::retry::HINT_SPREAD;
use tillproof::time::{Millis, Timestamp};

const START_MS: u64 = 1_000_000;

/// One lane, a clock, and tickets in the order in which they were given.
struct Scene {
    governor: Governor,
    lane: LaneId,
    entropy: Entropy,
    now_ms: u64,
    tickets: Vec<Ticket>,
}

impl Scene {
    fn new(settings: Settings) -> Self {
        let mut governor = Governor::new(settings).unwrap();
        let lane = governor.add_lane().unwrap();
        Self { governor, lane, entropy: Entropy::from_seed(7), now_ms: START_MS, tickets: Vec::new() }
    }

    fn now(&self) -> Timestamp {
        Timestamp::from_unix_ms(self.now_ms).unwrap()
    }

    fn ask(&mut self, purpose: Purpose) -> Permit {
        let (now, deadline) = (self.now(), Timestamp::MAX);
        self.governor.permit(now, self.lane, purpose, deadline, &mut self.entropy)
    }

    /// Goes, or says why not.
    fn go(&mut self, purpose: Purpose) -> &'static str {
        match self.ask(purpose) {
            Permit::Go { ticket } => {
                self.tickets.push(ticket);
                "go"
            }
            Permit::Hold { until, reason } => {
                assert!(until > self.now(), "a hold that is over already");
                reason.name()
            }
            Permit::Shed { reason } => panic!("{reason:?}"),
        }
    }

    fn told(&mut self, heard: Heard) {
        let (now, ticket) = (self.now(), self.tickets.remove(0));
        self.governor.report(now, self.lane, ticket, heard, &mut self.entropy);
    }

    fn exchange(&mut self, purpose: Purpose, heard: Heard) {
        assert_eq!(self.go(purpose), "go");
        self.told(heard);
    }

    fn view(&self) -> View {
        self.governor.view(self.lane).unwrap()
    }

    fn trip(&mut self) {
        for _ in 0..5 {
            self.exchange(Purpose::FirstSend, Heard::Failure);
        }
        assert_eq!(self.view().phase, Phase::Open);
    }

    /// To the moment at which the next probe may leave.
    fn wait_for_probe(&mut self) {
        self.now_ms = self.view().probe_at.unwrap().unix_ms();
    }
}

fn shed(seconds: u64) -> Heard {
    Heard::Shed { retry_after: Some(Millis::from_seconds(seconds)) }
}

#[test]
fn a_breaker_opens_by_its_rule_and_by_nothing_less() {
    // outcomes, seconds between them, whether it is open after the last and not before
    let table = [
        ("fffff", 1, true),
        ("ffff", 1, false),
        ("ffffafffff", 1, true),
        ("ffffaffff", 1, false),
        // Ten of the last twenty.
        ("fafafafafafafafafaf", 1, true),
        ("fafafafafafafafafa", 1, false),
        ("faafaafaafaafaafaafaafaafaafaafaafaafaaf", 1, false),
        // What a minute of silence lies between is forgotten.
        ("fffff", 61, false),
        ("fffff", 60, true),
        ("sssss", 1, true),
    ];
    for (outcomes, seconds, expected) in table {
        let mut scene = Scene::new(Settings { budget: None, ..Settings::default() });
        for outcome in outcomes.chars() {
            assert_eq!(scene.view().phase, Phase::Closed, "{outcomes}");
            let heard = match outcome {
                'f' => Heard::Failure,
                's' => Heard::Shed { retry_after: None },
                _ => Heard::Answer,
            };
            scene.exchange(Purpose::FirstSend, heard);
            scene.now_ms += seconds * 1_000;
        }
        let open = scene.view().phase == Phase::Open;
        assert_eq!(open, expected, "{outcomes} every {seconds} s");
    }
}

#[test]
fn an_open_breaker_lets_one_probe_through_and_then_a_window_that_grows() {
    let mut scene = Scene::new(Settings::default());
    scene.trip();
    assert_eq!(scene.go(Purpose::FirstSend), "open");
    scene.wait_for_probe();
    assert_eq!(scene.go(Purpose::Resend), "go");
    for purpose in [Purpose::FirstSend, Purpose::Resend, Purpose::Query, Purpose::HedgedQuery] {
        assert_eq!(scene.go(purpose), "probing", "{purpose:?}");
    }
    // Its failure means another wait, its success a window of one, then two, then four.
    scene.told(Heard::Failure);
    assert_eq!(scene.go(Purpose::Resend), "open");
    scene.wait_for_probe();
    assert_eq!(scene.go(Purpose::Resend), "go");
    scene.told(Heard::Answer);
    for window in [1, 2, 4] {
        assert_eq!(scene.view().window, Some(window));
        for _ in 0..window {
            assert_eq!(scene.go(Purpose::Resend), "go");
        }
        assert_eq!(scene.go(Purpose::Resend), "full");
        for _ in 0..window {
            scene.told(Heard::Answer);
        }
    }
    // One that is shed closes the window; what else comes back of that round changes nothing.
    for _ in 0..3 {
        assert_eq!(scene.go(Purpose::Resend), "go");
    }
    scene.told(Heard::Shed { retry_after: None });
    assert_eq!(scene.view().phase, Phase::Open);
    let probe_at = scene.view().probe_at;
    scene.told(Heard::Answer);
    scene.told(Heard::Failure);
    assert_eq!((scene.view().phase, scene.view().probe_at), (Phase::Open, probe_at));
    assert_eq!(scene.view().in_flight, 0);
}

#[test]
fn a_minute_of_answers_ends_the_slow_start_however_few_they_are() {
    let mut scene = Scene::new(Settings::default());
    scene.trip();
    scene.wait_for_probe();
    scene.exchange(Purpose::Resend, Heard::Answer);
    scene.now_ms += 59_999;
    scene.exchange(Purpose::FirstSend, Heard::Answer);
    assert_eq!(scene.view().phase, Phase::Recovering);
    scene.now_ms += 1;
    scene.exchange(Purpose::FirstSend, Heard::Answer);
    assert_eq!(scene.view().phase, Phase::Closed);
}

#[test]
fn a_probe_that_is_never_reported_is_taken_for_lost_and_one_given_back_is_free_at_once() {
    let mut scene = Scene::new(Settings::default());
    scene.trip();
    scene.wait_for_probe();
    assert_eq!(scene.go(Purpose::Resend), "go");
    let lost_at = Timestamp::from_unix_ms(scene.now_ms + 60_000);
    let waiter = scene.governor.join(scene.now(), scene.lane, Purpose::Query, Timestamp::MAX).unwrap();
    assert_eq!(scene.governor.next_at(scene.now(), scene.lane), lost_at);
    assert!(scene.governor.leave(scene.lane, waiter));
    scene.now_ms += 59_999;
    assert_eq!(scene.go(Purpose::Resend), "probing");
    scene.now_ms += 1;
    assert_eq!(scene.go(Purpose::Resend), "go");
    // The ticket of the second; the first is still out.
    scene.tickets.remove(0);
    scene.told(Heard::NeverSent);
    assert_eq!(scene.go(Purpose::Resend), "go");
}

#[test]
fn a_hint_keeps_everybody_away_until_it_is_over_and_not_for_a_year() {
    // hint in seconds, seconds for which the lane is quiet at least
    for (hint, quiet) in [(2, 2), (120, 120), (31_536_000, 600)] {
        let mut scene = Scene::new(Settings::default());
        scene.exchange(Purpose::FirstSend, shed(hint));
        let end = START_MS + quiet * 1_000;
        scene.now_ms = end - 1;
        let Permit::Hold { until, reason: Reason::Hint } = scene.ask(Purpose::FirstSend) else {
            panic!("somebody was let through at {}", scene.now_ms)
        };
        let spread = HINT_SPREAD.get();
        assert!((end..end + spread + 1_000).contains(&until.unix_ms()), "{until:?}");
        scene.now_ms = end + spread;
        assert_eq!(scene.go(Purpose::FirstSend), "go");
    }
}

#[test]
fn a_probe_waits_for_the_hint_and_for_its_own_jitter() {
    let mut scene = Scene::new(Settings { budget: None, ..Settings::default() });
    for _ in 0..4 {
        scene.exchange(Purpose::FirstSend, Heard::Failure);
    }
    scene.exchange(Purpose::FirstSend, shed(30));
    let probe_at = scene.view().probe_at.unwrap().unix_ms();
    assert!((START_MS + 31_000..=START_MS + 32_000 + HINT_SPREAD.get()).contains(&probe_at), "{probe_at}");
}

#[test]
fn a_budget_pays_for_retries_that_find_nobody_and_for_nothing_else() {
    let settings = Settings { breaker: None, bulkhead: None, ..Settings::default() };
    let mut scene = Scene::new(settings);
    for _ in 0..100 {
        scene.exchange(Purpose::Resend, Heard::Answer);
        scene.exchange(Purpose::Query, Heard::NeverSent);
    }
    assert_eq!(scene.view().tokens, Some(10));
    for _ in 0..10 {
        scene.exchange(Purpose::Resend, Heard::Failure);
    }
    assert_eq!(scene.go(Purpose::Resend), "budget");
    assert_eq!(scene.go(Purpose::Query), "budget");
    // Twenty first sends earn a token, whatever becomes of them; ten answered ones as well.
    for _ in 0..20 {
        scene.exchange(Purpose::FirstSend, Heard::Failure);
    }
    assert_eq!(scene.view().tokens, Some(1));
    scene.exchange(Purpose::Resend, Heard::Failure);
    for _ in 0..10 {
        scene.exchange(Purpose::FirstSend, Heard::Answer);
    }
    assert_eq!(scene.view().tokens, Some(1));
    scene.exchange(Purpose::Resend, Heard::Failure);
    // Without traffic one comes each ten seconds, and not more than there is room for.
    scene.now_ms += 9_999;
    assert_eq!(scene.go(Purpose::Resend), "budget");
    scene.now_ms += 1;
    scene.exchange(Purpose::Resend, Heard::Failure);
    scene.now_ms += 3_600_000;
    for _ in 0..10 {
        scene.exchange(Purpose::Resend, Heard::Failure);
    }
    assert_eq!(scene.go(Purpose::Resend), "budget");
}

#[test]
fn whoever_has_the_least_time_left_goes_first() {
    let bulkhead = Some(BulkheadSettings { in_flight: 1, waiting: 3 });
    let mut scene = Scene::new(Settings { bulkhead, ..Settings::default() });
    assert_eq!(scene.go(Purpose::FirstSend), "go");
    assert_eq!(scene.go(Purpose::FirstSend), "full");
    let at = |seconds: u64| Timestamp::from_unix_ms(START_MS + seconds * 1_000).unwrap();
    let join = |scene: &mut Scene, deadline| {
        scene.governor.join(scene.now(), scene.lane, Purpose::FirstSend, deadline)
    };
    let late = join(&mut scene, at(30)).unwrap();
    let soon = join(&mut scene, at(20)).unwrap();
    let gone = join(&mut scene, at(5)).unwrap();
    assert_eq!(join(&mut scene, at(40)), None, "the queue has three places");
    assert_eq!(join(&mut scene, at(0)), None, "the deadline is over");
    assert_eq!(scene.governor.admit(scene.now(), scene.lane), None);
    assert_eq!(scene.governor.next_at(scene.now(), scene.lane), None);

    // The first ends at the sixth second: who had five is nobody any more.
    scene.now_ms += 6_000;
    scene.told(Heard::Answer);
    assert_eq!(scene.governor.next_at(scene.now(), scene.lane), Some(scene.now()));
    assert_eq!(scene.go(Purpose::FirstSend), "queue");
    let (waiter, ticket) = scene.governor.admit(scene.now(), scene.lane).unwrap();
    assert_eq!(waiter, soon);
    assert_eq!(scene.governor.admit(scene.now(), scene.lane), None);
    scene.tickets.push(ticket);
    scene.told(Heard::Answer);
    assert!(scene.governor.leave(scene.lane, late));
    assert!(!scene.governor.leave(scene.lane, gone));
    assert_eq!(scene.go(Purpose::FirstSend), "go");
}

#[test]
fn nothing_waits_beyond_its_deadline() {
    let mut scene = Scene::new(Settings::default());
    scene.trip();
    let deadline = Timestamp::from_unix_ms(START_MS + 10).unwrap();
    let (now, lane) = (scene.now(), scene.lane);
    let held = scene.governor.permit(now, lane, Purpose::Resend, deadline, &mut scene.entropy);
    assert_eq!(held, Permit::Hold { until: deadline, reason: Reason::Open });
    let late = scene.governor.permit(deadline, lane, Purpose::Resend, deadline, &mut scene.entropy);
    assert_eq!(late, Permit::Shed { reason: Reason::Deadline });
    let nowhere = scene.governor.permit(now, LaneId(9), Purpose::Resend, deadline, &mut scene.entropy);
    assert_eq!(nowhere, Permit::Shed { reason: Reason::NoLane });
}

#[test]
fn lanes_do_not_know_each_other() {
    let mut scene = Scene::new(Settings::default());
    scene.trip();
    scene.lane = scene.governor.add_lane().unwrap();
    assert_eq!(scene.go(Purpose::FirstSend), "go");
}

#[test]
fn a_lane_for_each_payment_is_refused_before_memory_is_full() {
    let mut governor = Governor::new(Settings::default()).unwrap();
    let lanes: Vec<_> = (0..LANES_MAX).map(|_| governor.add_lane().unwrap()).collect();
    assert_eq!(lanes.last(), Some(&LaneId(LANES_MAX - 1)));
    assert_eq!(governor.add_lane(), Err(Error::LanesExhausted));
}
