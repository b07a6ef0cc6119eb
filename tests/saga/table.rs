//! What each piece of news leads to, one line each.

use tillproof::advice::Diagnose as _;
use tillproof::entropy::Entropy;
use tillproof::saga::{Action, Definition, Direction, Machine, News, Place, Settings, StepDefinition};
use tillproof::time::{Millis, Timestamp};

fn at(ms: u64) -> Timestamp {
    Timestamp::from_unix_ms(ms).unwrap()
}

pub(super) fn definition(steps: &[(&str, bool)]) -> Definition {
    let steps = steps.iter().map(|(name, undo)| StepDefinition { name: (*name).to_owned(), undo: *undo });
    Definition { name: "order".to_owned(), id: "42".to_owned(), steps: steps.collect() }
}

/// charge → ledger → notify, of which the first two can be taken back.
fn order() -> Machine {
    let settings =
        Settings { attempts_max: 2, undo_attempts_max: 2, lease: Millis::new(1_000), ..Settings::default() };
    Machine::open(settings, definition(&[("charge", true), ("ledger", true), ("notify", false)]), "{}", at(0))
        .unwrap()
}

/// Runs a script of words and says where each of them leads: direction, step and state.
fn told(script: &str) -> String {
    let (mut machine, mut now, mut attempt) = (order(), 0, 0);
    let mut entropy = Entropy::from_seed(1);
    let mut trail = Vec::new();
    for word in script.split_whitespace() {
        now += 100_000;
        let saga = machine.saga().clone();
        let place = Place { step: saga.step_name(), back: saga.direction == Direction::Back, attempt };
        let reason = "r".to_owned();
        let mut tell = |news: News| machine.handle(at(now), place, news, &mut entropy);
        match word {
            "run" => {
                attempt = match machine.poll(at(now), "me") {
                    Action::Run { attempt, .. } => attempt,
                    other => panic!("{other:?} instead of a run in {script:?}"),
                }
            }
            "poll" => assert!(!matches!(machine.poll(at(now), "me"), Action::Run { .. }), "{script:?}"),
            "done" => tell(News::Done { result: "7".to_owned() }),
            "refused" => tell(News::Refused { reason, proven: false }),
            "proven" => tell(News::Refused { reason, proven: true }),
            "failed" => tell(News::Failed { reason }),
            "pending" => tell(News::Pending { reason, check_at: None }),
            "cancel" => machine.cancel(at(now), "c").unwrap(),
            "resume" => machine.resume(at(now)),
            other => panic!("no word {other:?}"),
        }
        let saga = machine.saga();
        let way = if saga.direction == Direction::Forward { ">" } else { "<" };
        let doubt = if saga.doubtful == Some(saga.step) { "?" } else { "" };
        trail.push(format!("{way}{}{doubt} {}", saga.step_name(), saga.state.name()));
    }
    trail.last().cloned().unwrap_or_default()
}

#[test]
fn each_piece_of_news_leads_where_the_table_says() {
    let table = [
        ("run", ">charge in_flight"),
        ("run done", ">ledger ready"),
        ("run done run done run done", ">notify completed"),
        // The ledger refuses: the charge is taken back, and there is nothing of the ledger to take back.
        ("run done run refused", "<charge ready"),
        ("run done run refused run done", "<charge compensated"),
        ("run refused", "<charge compensated"),
        // Nobody knows: again under the same key, and when that was enough, back with a doubt.
        ("run failed", ">charge ready"),
        ("run failed run done", ">ledger ready"),
        ("run failed run failed run", "<charge? in_flight"),
        ("run done run failed run failed run done", "<charge ready"),
        // A refusal says nothing about the attempt before it, unless it holds for the key.
        ("run failed run refused", "<charge? ready"),
        ("run failed run proven", "<charge compensated"),
        ("run pending run refused", "<charge? ready"),
        ("run pending run proven", "<charge compensated"),
        ("run run refused", "<charge? ready"),
        // Who began it died: another begins it again, and when that was enough, back with a doubt.
        ("run run", ">charge in_flight"),
        ("run run run", "<charge? in_flight"),
        // The outside has not decided: parked, and asked again without counting.
        ("run pending", ">charge parked"),
        ("run pending run pending run pending run", ">charge in_flight"),
        ("run pending run done", ">ledger ready"),
        ("run pending done", ">ledger ready"),
        ("run pending resume", ">charge parked"),
        ("run resume", ">charge in_flight"),
        // A cancellation is a wish: what runs is waited for.
        ("cancel", "<charge compensated"),
        ("run cancel", ">charge in_flight"),
        ("run cancel done", "<charge ready"),
        ("run cancel refused", "<charge compensated"),
        ("run cancel failed", "<charge? ready"),
        ("run failed cancel", "<charge? ready"),
        ("run pending cancel", ">charge parked"),
        ("run pending cancel run done", "<charge ready"),
        ("run done cancel", "<charge ready"),
        ("run done run done run cancel done", "<ledger ready"),
        ("run done run refused cancel", "<charge ready"),
        // A compensation that keeps failing is never skipped: a person decides.
        ("run done run refused run failed", "<charge ready"),
        ("run done run refused run refused run done", "<charge compensated"),
        ("run done run refused run failed run failed poll", "<charge needs_review"),
        ("run done run refused run failed run failed poll done", "<charge needs_review"),
        ("run done run refused run failed run failed poll resume run done", "<charge compensated"),
        ("run done run refused run pending run done", "<charge compensated"),
        // Both are taken back, the later one first.
        ("run done run done run refused", "<ledger ready"),
        ("run done run done run refused run done", "<charge ready"),
    ];
    for (script, expected) in table {
        assert_eq!(told(script), expected, "{script}");
    }
}

#[test]
fn every_place_has_a_key_of_its_own_and_the_same_at_every_attempt() {
    let mut machine = order();
    let mut keys = Vec::new();
    let mut entropy = Entropy::from_seed(1);
    for (now, news) in [(0, "done"), (1, "failed"), (100_000, "refused"), (100_001, "done")] {
        let Action::Run { key, attempt, .. } = machine.poll(at(now), "me") else {
            panic!("nothing to run at {now}")
        };
        let saga = machine.saga().clone();
        let place = Place { step: saga.step_name(), back: saga.direction == Direction::Back, attempt };
        let news = match news {
            "done" => News::Done { result: "1".to_owned() },
            "failed" => News::Failed { reason: "x".to_owned() },
            _ => News::Refused { reason: "x".to_owned(), proven: true },
        };
        machine.handle(at(now), place, news, &mut entropy);
        keys.push(key);
    }
    assert_eq!(
        keys,
        ["step:order:42:charge", "step:order:42:ledger", "step:order:42:ledger", "undo:order:42:charge"]
    );
}

#[test]
fn news_of_another_place_or_of_an_attempt_that_is_over_changes_nothing() {
    let mut machine = order();
    let mut entropy = Entropy::from_seed(1);
    let failed = || News::Failed { reason: "x".to_owned() };
    machine.poll(at(0), "a");
    machine.poll(at(2_000), "b");
    let entries = machine.new_entries().len();
    for place in [
        Place { step: "ledger", back: false, attempt: 2 },
        Place { step: "charge", back: true, attempt: 2 },
        Place { step: "charge", back: false, attempt: 1 },
        Place { step: "charge", back: false, attempt: 3 },
    ] {
        machine.handle(at(2_001), place, failed(), &mut entropy);
        assert_eq!(machine.new_entries().len(), entries, "{place:?}");
    }
    // That it happened is true whichever attempt says it.
    let place = Place { step: "charge", back: false, attempt: 1 };
    machine.handle(at(2_002), place, News::Done { result: "1".to_owned() }, &mut entropy);
    assert_eq!(machine.saga().step_name(), "ledger");
}

#[test]
fn what_is_parked_is_looked_at_when_its_time_has_come_or_when_somebody_resumes_it() {
    let mut machine = order();
    machine.poll(at(0), "me");
    let place = Place { step: "charge", back: false, attempt: 1 };
    let news = News::Pending { reason: "bank".to_owned(), check_at: Some(at(50_000)) };
    machine.handle(at(10), place, news, &mut Entropy::from_seed(1));
    assert_eq!(machine.poll(at(11), "me"), Action::Wait { until: at(50_000) });
    machine.resume(at(12));
    assert!(matches!(machine.poll(at(12), "me"), Action::Run { attempt: 2, .. }));
}

#[test]
fn what_cannot_be_asked_for_is_refused_in_words() {
    let open = |definition| Machine::open(Settings::default(), definition, "{}", at(0));
    let named = |name: &str, id: &str, steps: &[(&str, bool)]| Definition {
        name: name.to_owned(),
        id: id.to_owned(),
        ..definition(steps)
    };
    let one = [("a", false)];
    let mut messages: Vec<String> = [
        named("order of cake", "1", &one),
        named("order", "", &one),
        named("order", "a\nb", &one),
        named("order", "1", &[]),
        named("order", "1", &[("a:b", false)]),
        named("order", "1", &[("a", false), ("a", true)]),
    ]
    .into_iter()
    .map(|definition| open(definition).unwrap_err().to_string())
    .collect();
    let mut machine = open(named("order", "1", &one)).unwrap();
    messages.push(machine.check_same("[]").unwrap_err().to_string());
    machine.poll(at(1), "me");
    let place = Place { step: "a", back: false, attempt: 1 };
    machine.handle(at(1), place, News::Done { result: "1".to_owned() }, &mut Entropy::from_seed(1));
    let late = machine.cancel(at(2), "c").unwrap_err();
    assert_eq!(late.code(), "saga_completed");
    messages.push(late.to_string());
    insta::assert_snapshot!(messages.join("\n"), @r"
    this is no saga: its name has to be 1 to 40 letters, digits, `-` or `_`
    this is no saga: its id has to be 1 to 100 bytes without control characters
    this is no saga: its id has to be 1 to 100 bytes without control characters
    this is no saga: it has to have 1 to 100 steps
    this is no saga: the name of each step has to be 1 to 40 letters, digits, `-` or `_`
    this is no saga: two of its steps have one name, and would have one key
    a saga of this id was begun with another input: use a new id for a new saga, or repeat the first call unchanged
    the saga is completed, and cannot be cancelled any more: begin another one that takes back what it did
    ");
}
