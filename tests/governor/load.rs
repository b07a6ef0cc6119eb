//! What a brown-out costs the provider: attempts for each fresh request (reference/payments.md 5.4).

use tillproof::entropy::Entropy;
use tillproof::governor::{Governor, Heard, Permit, Purpose, Settings};
use tillproof::time::Timestamp;

/// One process, 10 fresh requests a second for 60 s, each exchange failing with a probability. A request that failed is
/// tried again for as long as it is let, at most ten times.
fn attempts_per_mille(settings: Settings, failing_ppm: u32, seed: u64) -> u64 {
    let mut governor = Governor::new(settings).unwrap();
    let lane = governor.add_lane().unwrap();
    let mut entropy = Entropy::from_seed(seed);
    let mut attempts = 0;
    for fresh in 0..600_u64 {
        let now = Timestamp::from_unix_ms(1_000_000 + fresh * 100).unwrap();
        for retry in 0..=10 {
            let purpose = if retry == 0 { Purpose::FirstSend } else { Purpose::Resend };
            let permit = governor.permit(now, lane, purpose, Timestamp::MAX, &mut entropy);
            let Permit::Go { ticket } = permit else { break };
            attempts += 1;
            let heard = if entropy.chance_ppm(failing_ppm) { Heard::Failure } else { Heard::Answer };
            governor.report(now, lane, ticket, heard, &mut entropy);
            if heard == Heard::Answer {
                break;
            }
        }
    }
    attempts * 1_000 / 600
}

#[test]
fn the_budget_alone_keeps_a_failing_provider_from_more_than_a_tenth_of_extra_load() {
    // failing in ppm, least and most attempts for a thousand fresh requests: with the budget alone, with all
    let table = [
        (0, (1_000, 1_000), (1_000, 1_000)),
        (100_000, (1_080, 1_150), (1_080, 1_150)),
        (500_000, (1_000, 1_300), (0, 1_000)),
        (1_000_000, (1_000, 1_100), (0, 100)),
    ];
    let budget_alone = Settings { breaker: None, bulkhead: None, ..Settings::default() };
    for (failing, budget, all) in table {
        for seed in 0..20 {
            let found = attempts_per_mille(budget_alone, failing, seed);
            assert!((budget.0..=budget.1).contains(&found), "the budget alone, {failing} ppm: {found}");
            let found = attempts_per_mille(Settings::default(), failing, seed);
            assert!((all.0..=all.1).contains(&found), "all of it, {failing} ppm: {found}");
        }
    }
}
