//! Decides whether a fault happens now. One stream and one counter per fault.

use alloc::collections::BTreeMap;

use super::{Fault, FaultPlan, When};
use crate::entropy::Entropy;
use crate::time::Millis;

/// The plan together with what has been drawn so far.
#[derive(Clone, Debug)]
pub(in crate::simulator) struct Injector {
    root: Entropy,
    plan: FaultPlan,
    /// Streams that were drawn from; the others are still at their origin.
    streams: BTreeMap<Fault, Entropy>,
    /// Matching calls since the plan was set.
    calls: BTreeMap<Fault, u64>,
}

impl Injector {
    pub(in crate::simulator) fn new(root: &Entropy, plan: FaultPlan) -> Self {
        Self { root: root.stream("faults"), plan, streams: BTreeMap::new(), calls: BTreeMap::new() }
    }

    pub(in crate::simulator) const fn plan(&self) -> &FaultPlan {
        &self.plan
    }

    /// Sets another plan. Counting of calls starts anew; the streams go on.
    pub(in crate::simulator) fn set_plan(&mut self, plan: FaultPlan) {
        self.plan = plan;
        self.calls.clear();
    }

    /// Whether the fault happens at this matching call.
    pub(in crate::simulator) fn strikes(&mut self, fault: Fault) -> bool {
        let Some(rule) = self.plan.rule(fault) else { return false };
        match rule.when.clone() {
            When::Ppm(ppm) => self.stream(fault).chance_ppm(ppm),
            When::Nth(nth) => {
                let calls = self.calls.entry(fault).or_default();
                *calls = calls.saturating_add(1);
                nth.contains(calls)
            }
        }
    }

    /// How long a fault that delays does so, this time.
    pub(in crate::simulator) fn delay(&mut self, fault: Fault) -> Millis {
        let bounds = self.plan.rule(fault).and_then(|rule| rule.delay_ms).or(fault.delay_default_ms());
        let (from, to) = bounds.unwrap_or_default();
        Millis::new(self.between(fault, from, to))
    }

    /// A number for the size of a fault, from `from` to `to`, both possible.
    pub(in crate::simulator) fn between(&mut self, fault: Fault, from: u64, to: u64) -> u64 {
        let span = to.saturating_sub(from).saturating_add(1);
        self.stream(fault).below(span).saturating_add(from)
    }

    fn stream(&mut self, fault: Fault) -> &mut Entropy {
        let root = &self.root;
        self.streams.entry(fault).or_insert_with(|| root.stream(fault.name()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::prelude::*;

    #[test]
    fn the_rate_of_one_fault_never_moves_another() {
        let strikes = |plan: &[u8]| {
            let plan = FaultPlan::parse(plan).unwrap();
            let mut injector = Injector::new(&Entropy::from_seed(7), plan);
            let draw = |_| (injector.strikes(Fault::Slow), injector.strikes(Fault::RequestLost)).1;
            (0..200).map(draw).collect::<Vec<bool>>()
        };
        let alone = strikes(br#"{"request_lost":0.2}"#);
        assert_eq!(alone, strikes(br#"{"request_lost":0.2,"slow":0.9}"#));
        assert!(alone.contains(&true) && alone.contains(&false));
    }

    #[test]
    fn the_nth_calls_are_counted_from_one() {
        let plan = FaultPlan::parse(br#"{"slow":{"nth":[2,4]}}"#).unwrap();
        let mut injector = Injector::new(&Entropy::from_seed(7), plan);
        let struck: Vec<bool> = (0..5).map(|_| injector.strikes(Fault::Slow)).collect();
        assert_eq!(struck, [false, true, false, true, false]);
    }
}
