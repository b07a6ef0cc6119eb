//! A second lane, written from the documentation alone and without a thought for speed: it keeps every outcome there
//! has been and counts again each time it is asked.

use proptest::prelude::*;
use tillproof::entropy::Entropy;
use tillproof::governor::{Governor, Heard, Permit, Phase, Purpose, Settings, Ticket};
use tillproof::retry::HINT_SPREAD;
use tillproof::time::{Millis, Timestamp};

const START_MS: u64 = 1_000_000;

#[derive(Clone, Debug)]
enum Step {
    Ask(Purpose),
    /// Which of those under way is reported, and as what.
    Report(usize, Heard),
    Wait(u64),
}

/// An exchange under way, as the model remembers it.
#[derive(Clone, Copy)]
struct UnderWay {
    ticket: Ticket,
    /// Changes of phase before it left.
    era: u32,
    is_probe: bool,
    is_charged: bool,
    is_retry: bool,
}

#[derive(Default)]
struct Naive {
    now: u64,
    /// Time and whether it failed, since the breaker was closed last.
    outcomes: Vec<(u64, bool)>,
    era: u32,
    /// Since when it is open, until which hint, and how many probes failed since.
    open: Option<(u64, u64, u32)>,
    probe_left: Option<u64>,
    /// Since when it recovers, the window, where growth becomes slow, and answers since the last growth.
    recovering: Option<(u64, u32, u32, u32)>,
    steep: u32,
    quiet_until: u64,
    /// What moved the balance, in thousandths: (time, amount).
    earned: Vec<(u64, i64)>,
    under_way: Vec<UnderWay>,
}

impl Naive {
    /// Goes through all that moved the balance, one millisecond of trickle after the other.
    fn balance(&self) -> i64 {
        let (mut balance, mut since) = (10_000_i64, START_MS);
        let mut looks: Vec<(u64, i64)> = self.earned.clone();
        looks.push((self.now, 0));
        for (time, amount) in looks {
            while since + 10_000 <= time && balance < 10_000 {
                since += 10_000;
                balance = (balance + 1_000).min(10_000);
            }
            if balance == 10_000 {
                since = time;
            }
            balance = (balance + amount).clamp(0, 10_000);
        }
        balance
    }

    fn phase(&self) -> Phase {
        match (self.open, self.recovering) {
            (Some(_), _) => Phase::Open,
            (None, Some(_)) => Phase::Recovering,
            (None, None) => Phase::Closed,
        }
    }

    /// Whether the exchange may go: as a probe, charged, or neither. `probe_at` is drawn, so it is told.
    fn permits(&self, is_retry: bool, probe_at: Option<u64>) -> Option<(bool, bool)> {
        if self.now < self.quiet_until {
            return None;
        }
        let under_way = u32::try_from(self.under_way.len()).unwrap();
        match (self.open, self.recovering) {
            (Some(_), _) => {
                let lost = self.probe_left.is_none_or(|left| self.now >= left + 60_000);
                let due = self.probe_left.is_some() || probe_at.is_some_and(|at| self.now >= at);
                (lost && due).then_some((true, false))
            }
            (None, Some((_, window, _, _))) => (under_way < window).then_some((false, false)),
            (None, None) if under_way >= 64 => None,
            (None, None) if is_retry => (self.balance() >= 1_000).then_some((false, true)),
            (None, None) => Some((false, false)),
        }
    }

    fn trips(&self) -> bool {
        let mut recent = Vec::new();
        let mut later = self.outcomes.last().unwrap().0;
        for (time, failed) in self.outcomes.iter().rev() {
            if later - time > 60_000 {
                break;
            }
            later = *time;
            recent.push(*failed);
        }
        let in_a_row = recent.iter().take_while(|failed| **failed).count();
        let of_twenty = recent.iter().take(20).filter(|failed| **failed).count();
        recent[0] && (in_a_row >= 5 || of_twenty >= 10)
    }

    fn report(&mut self, what: UnderWay, heard: Heard) {
        let hint = match heard {
            Heard::Shed { retry_after: Some(hint) } => hint.get().min(600_000),
            _ => 0,
        };
        let failed = matches!(heard, Heard::Failure | Heard::Shed { .. });
        if what.is_charged && !failed {
            self.earned.push((self.now, 1_000));
        }
        if !what.is_charged && what.is_retry && failed {
            self.earned.push((self.now, -1_000));
        }
        if heard == Heard::Answer {
            self.earned.push((self.now, 50));
        }
        if matches!(heard, Heard::Shed { retry_after: Some(_) }) {
            self.quiet_until = self.quiet_until.max(self.now + hint);
        }
        if what.era != self.era {
            return;
        }
        if let Some((_, _, probes)) = self.open {
            if !what.is_probe {
                return;
            }
            self.probe_left = None;
            match heard {
                Heard::NeverSent => return,
                Heard::Answer => {
                    self.open = None;
                    self.recovering = Some((self.now, 1, self.steep, 0));
                }
                _ => self.open = Some((self.now, hint, probes + 1)),
            }
            self.era += 1;
        } else if heard == Heard::NeverSent {
        } else if let Some((since, window, steep, answers)) = self.recovering {
            if heard == Heard::Failure && window > 1 {
                self.recovering = Some((self.now, window / 2, window / 2, 0));
                return;
            }
            if failed {
                self.recovering = None;
                self.steep = window / 2;
                self.open = Some((self.now, hint, 0));
                self.era += 1;
                return;
            }
            let grows = window < steep || answers + 1 >= window;
            let (window, answers) = if grows { (window + 1, 0) } else { (window, answers + 1) };
            self.recovering = Some((since, window, steep, answers));
            if window >= 64 || self.now - since >= 60_000 {
                self.recovering = None;
                self.outcomes.clear();
                self.era += 1;
            }
        } else {
            self.outcomes.push((self.now, failed));
            if self.trips() {
                self.outcomes.clear();
                self.steep = 16;
                self.open = Some((self.now, hint, 0));
                self.era += 1;
            }
        }
    }
}

fn heard() -> impl Strategy<Value = Heard> {
    prop_oneof![
        4 => Just(Heard::Answer),
        4 => Just(Heard::Failure),
        1 => Just(Heard::NeverSent),
        1 => prop_oneof![Just(None), Just(Some(0)), Just(Some(2)), Just(Some(u64::MAX))]
            .prop_map(|seconds| Heard::Shed { retry_after: seconds.map(Millis::from_seconds) }),
    ]
}

fn step() -> impl Strategy<Value = Step> {
    let purpose = prop_oneof![
        Just(Purpose::FirstSend),
        Just(Purpose::Resend),
        Just(Purpose::Query),
        Just(Purpose::HedgedQuery)
    ];
    let wait = prop_oneof![0..50_u64, 900..2_500_u64, 9_000..61_001_u64, Just(600_000), Just(60_000)];
    prop_oneof![
        5 => purpose.prop_map(Step::Ask),
        5 => (any::<usize>(), heard()).prop_map(|(which, heard)| Step::Report(which, heard)),
        2 => wait.prop_map(Step::Wait),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 200, ..ProptestConfig::default() })]

    #[test]
    fn a_lane_does_what_the_naive_one_says(seed in any::<u64>(), steps in prop::collection::vec(step(), 1..300)) {
        let mut governor = Governor::new(Settings::default()).unwrap();
        let lane = governor.add_lane().unwrap();
        let mut entropy = Entropy::from_seed(seed);
        let mut naive = Naive { now: START_MS, ..Naive::default() };
        for step in steps {
            let now = Timestamp::from_unix_ms(naive.now).unwrap();
            match step {
                Step::Wait(ms) => naive.now += ms,
                Step::Report(_, _) if naive.under_way.is_empty() => {}
                Step::Report(which, heard) => {
                    let what = naive.under_way.remove(which % naive.under_way.len());
                    governor.report(now, lane, what.ticket, heard, &mut entropy);
                    naive.report(what, heard);
                    // How far beyond its hint the lane is quiet is drawn; the rest follows from it.
                    let quiet_until = governor.view(lane).unwrap().quiet_until.map_or(0, Timestamp::unix_ms);
                    let spread = quiet_until - naive.quiet_until;
                    prop_assert!(spread <= HINT_SPREAD.get(), "quiet for {spread} ms beyond the hint");
                    naive.quiet_until = quiet_until;
                }
                Step::Ask(purpose) => {
                    let probe_at = governor.view(lane).unwrap().probe_at.map(Timestamp::unix_ms);
                    let is_retry = purpose != Purpose::FirstSend;
                    let expected = naive.permits(is_retry, probe_at);
                    let found = governor.permit(now, lane, purpose, Timestamp::MAX, &mut entropy);
                    match found {
                        Permit::Go { ticket } => {
                            prop_assert!(expected.is_some(), "{purpose:?} was let through");
                            let (is_probe, is_charged) = expected.unwrap();
                            if is_charged {
                                naive.earned.push((naive.now, -1_000));
                            } else if !is_retry {
                                naive.earned.push((naive.now, 50));
                            }
                            if is_probe {
                                naive.probe_left = Some(naive.now);
                            }
                            let era = naive.era;
                            naive.under_way.push(UnderWay { ticket, era, is_probe, is_charged, is_retry });
                        }
                        Permit::Hold { until, .. } => {
                            prop_assert!(expected.is_none(), "{purpose:?} was held: {found:?}");
                            prop_assert!(until > now);
                        }
                        Permit::Shed { .. } => prop_assert!(false, "{found:?}"),
                    }
                }
            }
            let view = governor.view(lane).unwrap();
            prop_assert_eq!(view.phase, naive.phase());
            prop_assert_eq!(view.window, naive.recovering.map(|(_, window, _, _)| window));
            prop_assert_eq!(usize::try_from(view.in_flight).unwrap(), naive.under_way.len());
            if let (Some((since, hint, probes)), None) = (naive.open, naive.probe_left) {
                let wait = view.probe_at.unwrap().unix_ms() - since - hint;
                let spread = if hint > 0 { HINT_SPREAD.get() } else { 0 };
                let most = spread + 1_000 + 30_000.min(1_000_u64 << probes.min(20));
                prop_assert!((1_000..=most).contains(&wait), "a probe after {wait} ms, the {probes}th");
            }
        }
    }

    #[test]
    fn retries_that_find_nobody_are_never_more_than_the_budget(
        seed in any::<u64>(),
        fresh in prop::collection::vec((any::<bool>(), 0..3_u8, 0..2_000_u64), 1..400),
    ) {
        let settings = Settings { breaker: None, bulkhead: None, ..Settings::default() };
        let mut governor = Governor::new(settings).unwrap();
        let lane = governor.add_lane().unwrap();
        let mut entropy = Entropy::from_seed(seed);
        let (mut now, mut sends, mut answers, mut wasted) = (START_MS, 0_u64, 0_u64, 0_u64);
        for (is_answered, retries, wait) in fresh {
            now += wait;
            let at = Timestamp::from_unix_ms(now).unwrap();
            for turn in 0..=retries {
                let purpose = if turn == 0 { Purpose::FirstSend } else { Purpose::Resend };
                let Permit::Go { ticket } = governor.permit(at, lane, purpose, Timestamp::MAX, &mut entropy) else {
                    break;
                };
                let heard = if is_answered { Heard::Answer } else { Heard::Failure };
                governor.report(at, lane, ticket, heard, &mut entropy);
                sends += u64::from(turn == 0);
                answers += u64::from(is_answered);
                wasted += u64::from(turn > 0 && !is_answered);
            }
        }
        let budget = 10_000 + 50 * sends + 50 * answers + (now - START_MS) / 10;
        prop_assert!(wasted * 1_000 <= budget, "{wasted} retries found nobody, {budget} thousandths were earned");
    }
}
