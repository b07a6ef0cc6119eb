//! Decides whether a fault happens now.
//!
//! The dice of an occasion follow from the seed, from whom it is about (a key, a payment reference) and from how often
//! that came up before; never from what happens to others meanwhile. So the same orders meet the same faults in
//! whatever order a real network delivers them.

use alloc::collections::BTreeMap;

use super::{Fault, FaultPlan, When};
use crate::entropy::Entropy;
use crate::prelude::*;
use crate::time::Millis;

/// The plan together with what came up so far.
#[derive(Clone, Debug)]
pub(in crate::simulator) struct Injector {
    root: Entropy,
    plan: FaultPlan,
    /// How often each subject came up, by the first word of its stream.
    seen: BTreeMap<u64, u64>,
    /// Matching calls since the plan was set.
    calls: BTreeMap<Fault, u64>,
    /// Matching calls since the plan was set, for each line of its script.
    line_calls: Vec<u64>,
    /// The delay a line of the script asks for, for the fault that struck last because of it.
    scripted_delay: Option<(Fault, (u64, u64))>,
}

/// One moment at which faults may strike.
#[derive(Clone, Debug)]
pub(in crate::simulator) struct Occasion {
    dice: Entropy,
    /// Where it is, in the words of a script.
    route: String,
}

impl Injector {
    pub(in crate::simulator) fn new(root: &Entropy, plan: FaultPlan) -> Self {
        let mut injector = Self {
            root: root.stream("faults"),
            plan: FaultPlan::default(),
            seen: BTreeMap::new(),
            calls: BTreeMap::new(),
            line_calls: Vec::new(),
            scripted_delay: None,
        };
        injector.set_plan(plan);
        injector
    }

    pub(in crate::simulator) const fn plan(&self) -> &FaultPlan {
        &self.plan
    }

    /// Sets another plan. Counting of calls starts anew; what came up before is remembered.
    pub(in crate::simulator) fn set_plan(&mut self, plan: FaultPlan) {
        self.line_calls = vec![0; plan.script().len()];
        self.plan = plan;
        self.calls.clear();
        self.scripted_delay = None;
    }

    /// The next occasion of a kind that is about `subject`. Nothing is remembered where none of `faults` can strike.
    pub(in crate::simulator) fn occasion(&mut self, kind: &str, subject: &str, faults: &[Fault]) -> Occasion {
        let stream = self.root.stream(kind).stream(subject);
        if !self.plan.has_any(faults) {
            return Occasion { dice: stream, route: String::new() };
        }
        let [name, ..] = stream.state();
        let times = self.seen.entry(name).or_default();
        let dice = stream.stream(&times.to_string());
        *times = times.saturating_add(1);
        Occasion { dice, route: String::new() }
    }

    /// Whether the fault happens on this occasion.
    pub(in crate::simulator) fn strikes(&mut self, occasion: &Occasion, fault: Fault) -> bool {
        let scripted = self.strikes_by_script(occasion, fault);
        let Some(rule) = self.plan.rule(fault) else { return scripted };
        let calls = self.calls.entry(fault).or_default();
        *calls = calls.saturating_add(1);
        let ruled = match &rule.when {
            When::Ppm(ppm) => occasion.dice(fault).chance_ppm(*ppm),
            When::Nth(nth) => nth.contains(calls),
        };
        scripted || ruled
    }

    fn strikes_by_script(&mut self, occasion: &Occasion, fault: Fault) -> bool {
        let mut strikes = false;
        if self.scripted_delay.is_some_and(|(delayed, _)| delayed == fault) {
            self.scripted_delay = None;
        }
        for (line, calls) in self.plan.script().iter().zip(&mut self.line_calls) {
            if line.fault != fault || !line.matches(&occasion.route) {
                continue;
            }
            *calls = calls.saturating_add(1);
            if *calls == line.call {
                strikes = true;
                self.scripted_delay = line.delay_ms.map(|delay| (fault, delay)).or(self.scripted_delay);
            }
        }
        strikes
    }

    /// How many calls the rule of a fault has met since the plan was set: where it stands in an `nth`.
    pub(in crate::simulator) fn calls(&self, fault: Fault) -> Option<u64> {
        self.calls.get(&fault).copied()
    }

    /// How long a fault that delays does so, this time.
    pub(in crate::simulator) fn delay(&self, occasion: &Occasion, fault: Fault) -> Millis {
        let scripted = self.scripted_delay.filter(|(delayed, _)| *delayed == fault).map(|(_, delay)| delay);
        let ruled = self.plan.rule(fault).and_then(|rule| rule.delay_ms);
        let bounds = scripted.or(ruled).or(fault.delay_default_ms());
        let (from, to) = bounds.unwrap_or_default();
        Millis::new(occasion.between(fault, from, to))
    }
}

impl Occasion {
    /// The same occasion, with the words a script knows its place by: a route, or a type of events.
    pub(in crate::simulator) fn at(self, route: &str) -> Self {
        Self { route: route.to_owned(), ..self }
    }

    /// A number for the size of a fault, from `from` to `to`, both possible.
    pub(in crate::simulator) fn between(&self, fault: Fault, from: u64, to: u64) -> u64 {
        let span = to.saturating_sub(from).saturating_add(1);
        self.dice(fault).stream("size").below(span).saturating_add(from)
    }

    fn dice(&self, fault: Fault) -> Entropy {
        self.dice.stream(fault.name())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn injector(plan: &[u8]) -> Injector {
        Injector::new(&Entropy::from_seed(7), FaultPlan::parse(plan).unwrap())
    }

    #[test]
    fn the_rate_of_one_fault_never_moves_another() {
        let strikes = |plan: &[u8]| {
            let mut injector = injector(plan);
            let draw = |_| {
                let occasion = injector.occasion("request", "key", &[Fault::Slow, Fault::RequestLost]);
                (injector.strikes(&occasion, Fault::Slow), injector.strikes(&occasion, Fault::RequestLost)).1
            };
            (0..200).map(draw).collect::<Vec<bool>>()
        };
        let alone = strikes(br#"{"request_lost":0.2}"#);
        assert_eq!(alone, strikes(br#"{"request_lost":0.2,"slow":0.9}"#));
        assert!(alone.contains(&true) && alone.contains(&false));
    }

    #[test]
    fn what_befalls_one_subject_does_not_depend_on_when_the_others_come() {
        let befalls = |order: &[&str]| {
            let mut injector = injector(br#"{"request_lost":0.5}"#);
            let mut told: BTreeMap<String, Vec<bool>> = BTreeMap::new();
            for subject in order {
                let occasion = injector.occasion("request", subject, &[Fault::RequestLost]);
                let struck = injector.strikes(&occasion, Fault::RequestLost);
                told.entry((*subject).to_owned()).or_default().push(struck);
            }
            told
        };
        let one_by_one = ["a", "a", "a", "a", "a", "b", "b", "b", "b", "b", "c", "c", "c", "c", "c"];
        let mixed = ["c", "a", "b", "b", "a", "c", "a", "c", "b", "b", "c", "a", "b", "a", "c"];
        assert_eq!(befalls(&one_by_one), befalls(&mixed));
    }

    #[test]
    fn the_rates_are_met() {
        let mut injector = injector(br#"{"request_lost":0.1}"#);
        let mut struck = 0_u32;
        for key in 0..10_000 {
            let occasion = injector.occasion("request", &format!("key_{key}"), &[Fault::RequestLost]);
            struck += u32::from(injector.strikes(&occasion, Fault::RequestLost));
        }
        assert!((900..1_100).contains(&struck), "{struck} of 10000 at one in ten");
    }

    #[test]
    fn the_nth_calls_are_counted_from_one() {
        let mut injector = injector(br#"{"slow":{"nth":[2,4]}}"#);
        let mut call = |_| {
            let occasion = injector.occasion("request", "key", &[Fault::Slow]);
            injector.strikes(&occasion, Fault::Slow)
        };
        let struck: Vec<bool> = (0..5).map(&mut call).collect();
        assert_eq!(struck, [false, true, false, true, false]);
    }

    #[test]
    fn a_script_counts_the_calls_of_its_route() {
        let mut injector = injector(
            br#"{"script":[{"fault":"slow","route":"GET /a/*","call":2,"delay_ms":[7,7]},{"fault":"slow","call":4}]}"#,
        );
        let mut call = |route: &str| {
            let occasion = injector.occasion("request", "key", &[Fault::Slow]).at(route);
            injector.strikes(&occasion, Fault::Slow).then(|| injector.delay(&occasion, Fault::Slow).get())
        };
        assert_eq!([call("GET /a/:id"), call("GET /b"), call("GET /a/:id")], [None, None, Some(7)]);
        assert!(call("GET /a/:id").is_some_and(|delay| delay >= 200));
        assert_eq!(call("GET /a/:id"), None);
    }
}
