//! The defaults that docs/retry.md promises are those of the engine.

use tillproof::governor::Settings;
use tillproof::retry::Jitter;

#[test]
fn the_page_tells_the_defaults() {
    let Settings { budget: Some(budget), breaker: Some(breaker), bulkhead: Some(bulkhead) } =
        Settings::default()
    else {
        panic!("a part is switched off")
    };
    let expected = [
        ("budget.burst", u64::from(budget.burst)),
        ("budget.percent", u64::from(budget.percent)),
        ("budget.trickleMs", budget.trickle.get()),
        ("breaker.inARow", u64::from(breaker.in_a_row)),
        ("breaker.failures", u64::from(breaker.failures)),
        ("breaker.outcomes", u64::from(breaker.outcomes)),
        ("breaker.memoryMs", breaker.memory.get()),
        ("breaker.probeBaseMs", breaker.probe.base().get()),
        ("breaker.probeCapMs", breaker.probe.cap().get()),
        ("breaker.probeLeaseMs", breaker.probe_lease.get()),
        ("breaker.window", u64::from(breaker.window)),
        ("bulkhead.inFlight", u64::from(bulkhead.in_flight)),
        ("bulkhead.waiting", u64::from(bulkhead.waiting)),
    ];
    assert_eq!(breaker.probe.jitter(), Jitter::Full);
    let page = include_str!("../../docs/retry.md");
    let mut told = Vec::new();
    for line in page.lines() {
        let cells: Vec<&str> = line.split('|').map(str::trim).collect();
        let [_, name, default, ..] = cells[..] else { continue };
        let Some(name) = name.strip_prefix('`').and_then(|name| name.strip_suffix('`')) else { continue };
        if let (true, Ok(default)) = (name.contains('.'), default.replace(',', "").parse()) {
            told.push((name, default));
        }
    }
    assert_eq!(told, expected);
}
