//! Lives of sagas in a world of crashes: processes die before and after every write and every effect, answers get lost,
//! copies arrive long after their sender died, two processes drive one saga, and somebody cancels.

use tillproof::entropy::Entropy;
use tillproof::json;
use tillproof::saga::{
    Action, Definition, Direction, Entry, Machine, News, Place, Settings, State, StepDefinition,
    decode_entry, encode_entry,
};
use tillproof::time::{Millis, Timestamp};

use crate::effects::{Answer, Fate, Outside, Step};
use crate::random::Random;

const UNDO_ATTEMPTS: u32 = 6;

fn settings() -> Settings {
    Settings {
        lease: Millis::new(1_000),
        attempts_max: 4,
        undo_attempts_max: UNDO_ATTEMPTS,
        ..Settings::default()
    }
}

fn at(ms: u64) -> Timestamp {
    Timestamp::from_unix_ms(ms).unwrap()
}

/// The stored journal: what survives. Each entry went through its text.
struct Stored(Vec<Entry>);

fn stored(entry: &Entry) -> Entry {
    decode_entry(&json::parse(encode_entry(entry).as_bytes()).unwrap()).unwrap()
}

impl Stored {
    /// Compare-and-set by the length the machine was loaded at.
    fn commit(&mut self, read_at: usize, machine: &Machine) -> bool {
        if self.0.len() != read_at {
            return false;
        }
        self.0.extend(machine.new_entries().iter().map(stored));
        true
    }

    fn load(&self) -> (usize, Machine) {
        (self.0.len(), Machine::load(settings(), &self.0).unwrap())
    }
}

/// What a process does between two writes.
#[derive(Clone)]
struct Running {
    step: usize,
    back: bool,
    attempt: u32,
    key: String,
}

/// A request that outlived its sender.
struct Late {
    at: u64,
    what: Running,
}

struct World {
    random: Random,
    entropy: Entropy,
    crash_percent: u64,
    outside: Outside,
    stored: Stored,
    late: Vec<Late>,
    names: Vec<String>,
    now: u64,
    healed: bool,
}

fn steps(random: &mut Random) -> Vec<Step> {
    (0..1 + random.below(5))
        .map(|_| Step {
            fate: match random.below(12) {
                0 => Fate::Refuses,
                1 => Fate::Silent { effect: random.once_in(2) },
                2 => Fate::Contradicts,
                _ => Fate::Works,
            },
            pending: if random.once_in(4) { 1 + u32::try_from(random.below(3)).unwrap() } else { 0 },
            undo: !random.once_in(4),
            undo_failures: match random.below(8) {
                0 => u32::MAX,
                1 => 2,
                _ => 0,
            },
        })
        .collect()
}

impl World {
    fn new(seed: u64, crash_percent: u64) -> Self {
        let mut random = Random::new(seed);
        let steps = steps(&mut random);
        let names: Vec<String> = (0..steps.len()).map(|index| format!("step-{index}")).collect();
        let definition = Definition {
            name: "order".to_owned(),
            id: format!("{seed}:step-0"),
            steps: names
                .iter()
                .zip(&steps)
                .map(|(name, step)| StepDefinition { name: name.clone(), undo: step.undo })
                .collect(),
        };
        let machine = Machine::open(settings(), definition, r#"{"order":1}"#, at(0)).unwrap();
        let stored = Stored(machine.new_entries().iter().map(stored).collect());
        let entropy = Entropy::from_seed(seed);
        let outside = Outside::new(steps);
        Self {
            random,
            entropy,
            crash_percent,
            outside,
            stored,
            late: Vec::new(),
            names,
            now: 0,
            healed: false,
        }
    }

    fn crashes(&mut self) -> bool {
        !self.healed && self.random.below(100) < self.crash_percent
    }

    /// A process that dies may have sent something that arrives all the same.
    fn dies_with(&mut self, what: Running) {
        if self.random.once_in(2) {
            let at = self.now + self.random.below(5_000);
            self.late.push(Late { at, what });
        }
    }

    fn deliver_late(&mut self) {
        let due = self.late.iter().position(|late| late.at <= self.now);
        if let Some(index) = due {
            let Running { step, back, key, .. } = self.late.swap_remove(index).what;
            self.outside.execute(step, back, &key);
        }
    }

    /// Asks the machine what to do and stores it; `None` when there is nothing, or the process died or lost the race.
    fn begin(&mut self, owner: &str) -> Option<Running> {
        let (read_at, mut machine) = self.stored.load();
        let action = machine.poll(at(self.now), owner);
        if self.crashes() || !self.stored.commit(read_at, &machine) {
            return None;
        }
        let Action::Run { attempt, key, .. } = action else { return None };
        let back = machine.saga().direction == Direction::Back;
        let step = self.names.iter().position(|name| name == machine.saga().step_name()).unwrap();
        let running = Running { step, back, attempt, key };
        if self.crashes() {
            self.dies_with(running);
            return None;
        }
        Some(running)
    }

    /// Runs it and stores what became of it.
    fn finish(&mut self, running: &Running) {
        let answer = self.outside.execute(running.step, running.back, &running.key);
        if self.crashes() {
            return;
        }
        let lost = !self.healed && self.random.once_in(20);
        let news = match answer {
            _ if lost => News::Failed { reason: "time-out".to_owned() },
            Answer::Done => News::Done { result: "1".to_owned() },
            Answer::Refused => News::Refused { reason: "no".to_owned(), proven: self.random.once_in(2) },
            Answer::Unproven => News::Refused { reason: "twice".to_owned(), proven: false },
            Answer::Pending => News::Pending { reason: "bank".to_owned(), check_at: None },
            Answer::Nothing => News::Failed { reason: "silence".to_owned() },
        };
        for _ in 0..3 {
            let (read_at, mut machine) = self.stored.load();
            let place =
                Place { step: &self.names[running.step], back: running.back, attempt: running.attempt };
            machine.handle(at(self.now), place, news.clone(), &mut self.entropy);
            if self.crashes() || self.stored.commit(read_at, &machine) {
                return;
            }
        }
    }

    /// Whether the wish was heard: from then on the saga may not complete.
    fn cancel(&mut self) -> bool {
        let (read_at, mut machine) = self.stored.load();
        machine.cancel(at(self.now), "changed her mind").is_ok() && self.stored.commit(read_at, &machine)
    }

    fn is_over(&self) -> bool {
        matches!(self.state(), State::Completed | State::Compensated)
    }

    fn state(&self) -> State {
        self.stored.load().1.saga().state.clone()
    }
}

/// The state a life ends in.
fn live(seed: u64, crash_percent: u64) -> State {
    let mut world = World::new(seed, crash_percent);
    let mut processes: [Option<Running>; 2] = [None, None];
    let cancels_at = if world.random.once_in(8) { Some(world.random.below(60)) } else { None };
    let mut cancelled = false;
    for tick in 0..4_000_u64 {
        world.healed = tick > 300;
        world.now += world.random.below(600);
        world.deliver_late();
        if cancels_at == Some(tick) {
            cancelled = world.cancel();
        }
        let index = usize::try_from(world.random.below(2)).unwrap();
        match processes[index].take() {
            None => processes[index] = world.begin(&format!("owner-{index}-{tick}")),
            Some(running) if world.crashes() => world.dies_with(running),
            // Frozen for a while.
            Some(running) if !world.healed && world.random.once_in(4) => processes[index] = Some(running),
            Some(running) => world.finish(&running),
        }
        let quiet = processes.iter().all(Option::is_none) && world.late.is_empty();
        if quiet && matches!(world.state(), State::Completed | State::Compensated | State::NeedsReview { .. })
        {
            break;
        }
    }
    reviewed(&mut world);
    let end = world.state();
    match &end {
        State::Completed => {
            assert!(!cancelled, "completed although it was cancelled in time");
            assert!(!world.outside.cannot_complete(), "completed past a refusal");
            world.outside.check_completed();
        }
        State::Compensated => {
            // A step whose answers were lost four times in a row is taken back although it works.
            let calm = crash_percent == 0 && !cancelled;
            assert!(
                !calm || world.outside.cannot_complete() || lost_answers(&world),
                "taken back without a reason"
            );
            world.outside.check_compensated();
        }
        other => panic!("it never ended: {other:?}"),
    }
    end
}

fn lost_answers(world: &World) -> bool {
    world.stored.0.iter().any(|entry| matches!(entry, Entry::Failed { .. }))
}

/// A person looks, mends what does not work, and releases.
fn reviewed(world: &mut World) {
    world.healed = true;
    for _ in 0..1_000 {
        if world.is_over() {
            return;
        }
        if let State::NeedsReview { .. } = world.state() {
            let (read_at, mut machine) = world.stored.load();
            let step = world.names.iter().position(|name| name == machine.saga().step_name()).unwrap();
            // The last of them may have died without a word, of which the journal keeps no entry.
            assert!(machine.saga().failures + 1 >= UNDO_ATTEMPTS, "given up too early");
            assert!(world.outside.undo_asked(step) <= UNDO_ATTEMPTS * 3, "tried without end");
            world.outside.heal(step);
            machine.resume(at(world.now));
            assert!(world.stored.commit(read_at, &machine));
        }
        world.now += 40_000;
        if let Some(running) = world.begin("person") {
            world.finish(&running);
        }
    }
}

fn lives(seeds: core::ops::Range<u64>, crash_percent: u64) -> [u32; 2] {
    let mut ends = [0; 2];
    for seed in seeds {
        let end = std::panic::catch_unwind(|| live(seed, crash_percent));
        let end = end.unwrap_or_else(|_| panic!("seed {seed} at {crash_percent} % crashes"));
        ends[usize::from(end == State::Compensated)] += 1;
    }
    ends
}

#[test]
fn no_effect_is_lost_or_left_behind_in_30_000_lives_at_every_rate_of_crashes() {
    for (crash_percent, seeds) in [(0, 0..5_000), (3, 5_000..20_000), (20, 20_000..30_000)] {
        let [completed, compensated] = lives(seeds, crash_percent);
        // A world in which one end never comes tests half of it.
        assert!(completed > 1_000 && compensated > 1_000, "{completed} completed, {compensated} compensated");
    }
}
