//! Files that tell days instead of moments, or moments without a zone, on one side or on both, are told as if every row were
//! judged.
#![cfg(not(target_family = "wasm"))]
#![allow(
    clippy::arithmetic_side_effects,
    clippy::as_conversions,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::unwrap_in_result,
    clippy::unwrap_used,
    reason = "a model is plain arithmetic, and a test that panics has done its work"
)]

#[path = "auditor/random.rs"]
#[allow(dead_code, reason = "other tests need more of it")]
mod random;
#[path = "auditor/sifting.rs"]
mod sifting;
#[allow(dead_code, reason = "other tests need more of it")]
#[path = "auditor/telling.rs"]
mod telling;

use random::Random;
use sifting::{report, sieved, sifted};
use telling::told;
use tillproof::reconcile::sieve::Unfit;
use tillproof::reconcile::{self, BreakKind, Options, Share, Source, Sources};

/// How a file tells its times.
#[derive(Clone, Copy)]
enum Clock {
    Days,
    Moments,
    /// Moments without a zone.
    Local,
    Both,
}

impl Clock {
    fn told(self, random: &mut Random, hour: i64) -> String {
        let (month, day) = match hour.div_euclid(24) {
            before @ ..0 => (2, 29 + before),
            within @ 0..31 => (3, 1 + within),
            after => (4, after - 30),
        };
        // The first second there is, which no plain row can tell.
        if random.once_in(200) {
            return if random.once_in(2) {
                "1970-01-01".to_owned()
            } else {
                "1970-01-01T00:00:00Z".to_owned()
            };
        }
        let has_clock = match self {
            Self::Days => false,
            Self::Moments | Self::Local => true,
            Self::Both => random.once_in(2),
        };
        let date = format!("2026-{month:02}-{day:02}");
        let is_strange = random.once_in(120);
        let zone = if matches!(self, Self::Local) == is_strange { "Z" } else { "" };
        let mark = if zone.is_empty() && !random.once_in(4) { ' ' } else { 'T' };
        if has_clock { format!("{date}{mark}{:02}:00:00{zone}", hour.rem_euclid(24)) } else { date }
    }
}

/// Rows of both sides, in one file each or in two: nearly all of one day on both, and some that are not.
fn files(random: &mut Random) -> [Vec<String>; 2] {
    // Where nearly all come on the same day, another day is another period; where nearly all come later, it is not.
    let usual = random.pick(&[0, 0, 0, 1, 24, 30]);
    let is_last = random.once_in(2);
    let mut clocks = [Vec::new(), Vec::new()];
    let mut sides = [Vec::new(), Vec::new()];
    for (files, clocks) in sides.iter_mut().zip(&mut clocks) {
        let of_side =
            random.pick(&[Clock::Days, Clock::Days, Clock::Moments, Clock::Local, Clock::Local, Clock::Both]);
        for _ in 0..random.pick(&[1, 1, 2]) {
            let end = if is_last { "status,occurred_at" } else { "occurred_at,status" };
            files.push(format!("reference,type,amount_minor,currency,{end}\n"));
            clocks.push(if random.once_in(5) { Clock::Local } else { of_side });
        }
    }
    for place in 0..3 + random.below(30) {
        let kind = random.pick(&["charge", "charge", "charge", "", "refund"]);
        let [any, midnight] = [31 * 24, 31].map(|bound| random.below(bound) as i64);
        let hour = random.pick(&[any, any, 24 * midnight, 0, 23, 31 * 24 - 1]);
        let lag = random.pick(&[usual, usual, usual, usual, usual, 0, -1, -24, 24, 48, 72, 100]);
        let amount = 100 + random.below(40);
        for (side, files) in sides.iter_mut().enumerate() {
            if random.once_in(15) {
                continue;
            }
            let file = random.below(files.len() as u64) as usize;
            let time = clocks[side][file].told(random, hour + lag * side as i64);
            let time = if random.once_in(12) { "" } else { &*time };
            let status = random.pick(&["succeeded", "succeeded", "succeeded", "", "failed"]);
            let end = if is_last { format!("{status},{time}\n") } else { format!("{time},{status}\n") };
            files[file] += &format!("order_{place},{kind},{amount},EUR,{end}");
        }
    }
    if random.once_in(3) {
        sides.iter_mut().flatten().for_each(|text| text.truncate(text.trim_end().len()));
    }
    sides
}

/// How many files are held against each other: 1,000, or as many as `RECONCILE_SEEDS` says (`40000`).
fn seeds() -> u64 {
    std::env::var("RECONCILE_SEEDS").map_or(1_000, |text| text.parse().unwrap())
}

#[test]
fn days_and_moments_without_a_zone_are_told_as_if_every_row_were_judged() {
    let (mut fits, mut thinned, mut zoneless, mut in_parts) = (0, 0, 0, 0);
    for seed in 0..seeds() {
        let mut random = Random::new(seed);
        let [ours, theirs] = files(&mut random);
        let [ledger, settlement] = [("l.csv", &ours), ("s.csv", &theirs)].map(|(name, files)| {
            files.iter().map(|file| Source { name, data: file.as_bytes() }).collect::<Vec<_>>()
        });
        let sources = Sources { ledger: &ledger, settlement: &settlement, ..Sources::default() };
        let whole = Options { is_whole: true, ..Options::default() };
        let piece = random.pick(&[11, 64, 301, 1 << 20]);
        let (part, expected) = match (sieved(&sources, Share::WHOLE, piece), reconcile::run(&sources, whole))
        {
            (Ok(part), Ok(expected)) => (part, expected),
            (Err(Unfit), _) => continue,
            (Ok(_), Err(error)) => panic!("seed {seed}: the sieve took what the reader refuses: {error}"),
        };
        assert_eq!(report(&part), expected.to_json(), "seed {seed}");
        let rest = sifted(&sources, Share::WHOLE, piece).unwrap().rest().unwrap();
        let (printed, _) = told(|how, take| rest.tell(&[], how, take));
        assert!(printed == expected.printed(), "seed {seed}");
        fits += 1;
        let all = reconcile::read(&sources, whole).unwrap();
        thinned += usize::from(part.len() < all.len());
        let is_zoneless = expected.breaks.iter().any(|found| found.kind == BreakKind::TimeAmbiguous);
        zoneless += usize::from(part.len() < all.len() && is_zoneless);

        let of = 2;
        let parts = (0..of).map(|index| sieved(&sources, Share { index, of }, piece));
        if let Ok(parts) = parts.collect::<Result<Vec<_>, Unfit>>() {
            let borrowed: Vec<&[u8]> = parts.iter().map(|part| &**part).collect();
            let merged = reconcile::merge(&borrowed).unwrap();
            assert_eq!(report(&merged), expected.to_json(), "seed {seed}, in parts");
            in_parts += 1;
        }
    }
    let most = seeds() as usize / 2;
    assert!(fits > most && thinned > most * 8 / 10, "{fits} fit, {thinned} thinned");
    assert!(zoneless > most / 4 && in_parts > most / 2, "{zoneless} without zones, {in_parts} in parts");
}
