//! The inbox written down naively: what an observer who sees every commit would say about the next arrival.
//!
//! It keeps plain facts (who works on what until when, what was applied in which order) and knows no records, no versions
//! and no JSON. The engine is asked the same questions and has to say the same.

use std::collections::BTreeMap;

/// What an arrival should be answered.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Expected {
    Duplicate,
    Busy,
    Held,
    Hold,
    Stale,
    Run,
}

/// An event: which object it is about, and where it stands there.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Plain {
    pub(crate) id: usize,
    pub(crate) object: usize,
    pub(crate) place: u64,
}

/// How events of one object are treated.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Rule {
    None,
    Newest,
    Hold,
    Tell,
}

/// Everything that has become true.
#[derive(Default)]
pub(crate) struct Observer {
    /// Until when somebody works on an event.
    working: BTreeMap<usize, u64>,
    /// Until when somebody works on an object.
    busy: BTreeMap<usize, u64>,
    /// Until when an event is held.
    held: BTreeMap<usize, u64>,
    /// Events that ended, and whether they were applied.
    ended: BTreeMap<usize, bool>,
    /// The places of applied events of each object, in the order in which they were applied.
    pub(crate) applied: BTreeMap<usize, Vec<u64>>,
}

impl Observer {
    pub(crate) fn expects(&self, event: Plain, rule: Rule, now: u64, release: bool) -> Expected {
        if self.ended.contains_key(&event.id) {
            return Expected::Duplicate;
        }
        let until = |map: &BTreeMap<usize, u64>, of: usize| map.get(&of).copied().unwrap_or(0);
        if until(&self.working, event.id) > now
            || (rule != Rule::None && until(&self.busy, event.object) > now)
        {
            return Expected::Busy;
        }
        let newest = self.applied.get(&event.object).and_then(|places| places.iter().max()).copied();
        let late = newest.is_some_and(|newest| event.place < newest);
        if late && matches!(rule, Rule::Newest | Rule::Hold) {
            return Expected::Stale;
        }
        let next = newest.map_or(1, |newest| newest + 1);
        if rule == Rule::Hold && event.place > next && !release {
            match self.held.get(&event.id) {
                Some(until) if *until > now => return Expected::Held,
                Some(_) => {}
                None => return Expected::Hold,
            }
        }
        Expected::Run
    }

    pub(crate) fn began(&mut self, event: Plain, until: u64) {
        self.working.insert(event.id, until);
        self.busy.insert(event.object, until);
        self.held.remove(&event.id);
    }

    pub(crate) fn gave_back(&mut self, event: Plain) {
        self.working.remove(&event.id);
        self.busy.remove(&event.object);
    }

    pub(crate) fn holds(&mut self, event: Plain, until: u64) {
        self.held.insert(event.id, until);
    }

    pub(crate) fn ended(&mut self, event: Plain, applied: bool) {
        let before = self.ended.insert(event.id, applied);
        assert_eq!(before, None, "{event:?} ended twice");
        if applied {
            self.gave_back(event);
            self.applied.entry(event.object).or_default().push(event.place);
        }
        self.held.remove(&event.id);
    }
}
