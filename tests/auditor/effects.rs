//! What the outside sees of a saga: effects and their undoing, by key. It knows steps and fates and nothing of the
//! engine, and says what must have become of a saga from that alone.

use std::collections::BTreeSet;

/// What happens when a step is run.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Fate {
    /// It has its effect.
    Works,
    /// It is refused, without effect, each time.
    Refuses,
    /// Nobody ever hears of it again; it has its effect, or not.
    Silent { effect: bool },
    /// It has its effect and nobody hears of it; whoever asks again is refused, which says nothing about the first time.
    Contradicts,
}

/// One step as the auditor knows it.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Step {
    pub(crate) fate: Fate,
    /// Answers "not decided yet" so many times first.
    pub(crate) pending: u32,
    /// Whether it can be undone.
    pub(crate) undo: bool,
    /// The undoing fails so many times first.
    pub(crate) undo_failures: u32,
}

/// What running something answered.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Answer {
    Done,
    Refused,
    /// Refused, without a word about earlier attempts.
    Unproven,
    Pending,
    Nothing,
}

/// The outside: executes by key, and remembers.
#[derive(Debug)]
pub(crate) struct Outside {
    steps: Vec<Step>,
    keys: Vec<[Option<String>; 2]>,
    effects: BTreeSet<usize>,
    /// Undone steps, in the order in which they were.
    undone: Vec<usize>,
    asked: Vec<u32>,
    undo_asked: Vec<u32>,
}

impl Outside {
    pub(crate) fn new(steps: Vec<Step>) -> Self {
        let count = steps.len();
        Self {
            steps,
            keys: vec![[None, None]; count],
            effects: BTreeSet::new(),
            undone: Vec::new(),
            asked: vec![0; count],
            undo_asked: vec![0; count],
        }
    }

    /// Runs a step or its compensation, perhaps long after whoever sent it has died.
    pub(crate) fn execute(&mut self, step: usize, back: bool, key: &str) -> Answer {
        let known = self.keys[step][usize::from(back)].get_or_insert_with(|| key.to_owned()).clone();
        assert_eq!(known, key, "step {step} came under two keys");
        let twins = self.keys.iter().flatten().flatten().filter(|other| other.as_str() == key).count();
        assert_eq!(twins, 1, "two places came under the key {key}");
        if back { self.undo(step) } else { self.run(step) }
    }

    fn run(&mut self, step: usize) -> Answer {
        // What was undone can no longer happen: that is what a key is for.
        if self.undone.contains(&step) {
            return Answer::Refused;
        }
        assert!((0..step).all(|earlier| self.happened(earlier)), "step {step} ran before one before it");
        self.asked[step] += 1;
        if self.asked[step] <= self.steps[step].pending {
            return Answer::Pending;
        }
        match self.steps[step].fate {
            Fate::Works => {
                self.effects.insert(step);
                Answer::Done
            }
            Fate::Refuses => Answer::Refused,
            Fate::Contradicts if self.effects.insert(step) => Answer::Nothing,
            Fate::Contradicts => Answer::Unproven,
            Fate::Silent { effect } => {
                if effect {
                    self.effects.insert(step);
                }
                Answer::Nothing
            }
        }
    }

    fn undo(&mut self, step: usize) -> Answer {
        assert!(self.steps[step].undo, "step {step} has no compensation, and one was run");
        // A copy of an undoing that took place may come at any time, and does nothing.
        if self.undone.contains(&step) {
            return Answer::Done;
        }
        let later = self.undone.iter().all(|other| *other > step);
        assert!(later, "step {step} was undone after {:?}", self.undone);
        let mut waiting = (step + 1..self.steps.len()).filter(|later| self.steps[*later].undo);
        assert!(
            !waiting.any(|later| self.effects.contains(&later)),
            "step {step} was undone before a later one"
        );
        self.undo_asked[step] += 1;
        if self.undo_asked[step] <= self.steps[step].undo_failures {
            return Answer::Nothing;
        }
        self.undone.push(step);
        self.effects.remove(&step);
        Answer::Done
    }

    fn happened(&self, step: usize) -> bool {
        self.effects.contains(&step) || self.undone.contains(&step)
    }

    /// The compensation of a step works from now on.
    pub(crate) fn heal(&mut self, step: usize) {
        self.steps[step].undo_failures = 0;
    }

    /// How often the undoing of a step was tried.
    pub(crate) fn undo_asked(&self, step: usize) -> u32 {
        self.undo_asked[step]
    }

    /// Whether nothing stood in the way of completion.
    pub(crate) fn must_complete(&self) -> bool {
        self.steps.iter().all(|step| step.fate == Fate::Works)
    }

    /// Whether something stood in the way for certain.
    pub(crate) fn cannot_complete(&self) -> bool {
        !self.must_complete()
    }

    pub(crate) fn check_completed(&self) {
        assert_eq!(self.effects.len(), self.steps.len(), "completed without an effect of each step");
        assert!(self.undone.is_empty(), "completed, and {:?} were undone", self.undone);
    }

    pub(crate) fn check_compensated(&self) {
        let left: Vec<usize> = self.effects.iter().copied().filter(|step| self.steps[*step].undo).collect();
        assert!(left.is_empty(), "compensated, and the effects of {left:?} are still there");
    }
}
