//! How long a wrong signature takes to be refused does not tell how much of it was right.
//!
//! After dudect (Reparaz, Balasch, Verbauwhede 2016): inputs of two classes in random order, Welch's t-test on the times.
//! A difference that somebody could measure over a million samples shows as |t| above 4.5; what does not depend on the
//! class stays below in all but one of 100,000 runs, whatever else the machine does, since it disturbs both classes alike.
//! A comparison that does stop early is measured beside the others: it must be caught, or the measurement is worth nothing.
//!
//! Ignored by `cargo test`, because it means something only in a release build: `make bench` runs it.
#![cfg(not(target_family = "wasm"))]
#![expect(
    clippy::arithmetic_side_effects,
    clippy::as_conversions,
    clippy::disallowed_methods,
    clippy::disallowed_types,
    clippy::float_arithmetic,
    clippy::indexing_slicing,
    reason = "a measurement reads the clock, and its statistics are not money"
)]

use std::hint::black_box;
use std::time::Instant;

use tillproof::crypto::{MacAlgorithm, MacKey, Secret, encode_hex, equal};
use tillproof::time::Timestamp;
use tillproof::webhook::{HeaderValue, Options, Request, SCHEMES, Verifier};

const SAMPLES: usize = 1_000_000;
const BATCH: usize = 10_000;
/// Beyond this a difference is real: the bound of the method.
const T_MAX: f64 = 4.5;
/// The slowest tenth of the samples is interrupts, page faults and other people's work.
const KEPT_PERCENT: usize = 90;

/// A small generator (xorshift64*), so that classes and bytes are random and a run can be repeated.
struct Dice(u64);

impl Dice {
    fn roll(&mut self) -> u64 {
        self.0 ^= self.0 >> 12;
        self.0 ^= self.0 << 25;
        self.0 ^= self.0 >> 27;
        self.0.wrapping_mul(0x2545_f491_4f6c_dd1d)
    }

    fn below(&mut self, bound: usize) -> usize {
        (self.roll() >> 33) as usize % bound
    }
}

/// Mean and spread of one class, kept up with each sample (Welford).
#[derive(Default)]
struct Times {
    count: f64,
    mean: f64,
    squares: f64,
}

impl Times {
    fn add(&mut self, time: f64) {
        self.count += 1.0;
        let before = time - self.mean;
        self.mean += before / self.count;
        self.squares += before * (time - self.mean);
    }

    fn variance_of_mean(&self) -> f64 {
        self.squares / (self.count - 1.0) / self.count
    }
}

/// Welch's t between the two classes.
fn welch(samples: &[(bool, u64)], kept: impl Fn(u64) -> bool) -> f64 {
    let mut classes = [Times::default(), Times::default()];
    for (class, time) in samples.iter().filter(|(_, time)| kept(*time)) {
        classes[usize::from(*class)].add(*time as f64);
    }
    let [first, second] = &classes;
    (first.mean - second.mean) / (first.variance_of_mean() + second.variance_of_mean()).sqrt()
}

/// The larger |t| of all samples and of those that nothing interrupted.
///
/// `forge` writes a wrong copy of `genuine` of a class; `run` is what is timed on it, `repeats` times in a row where once
/// would be below the resolution of the clock. Copies are made in batches beforehand and moved to one place one by one, so
/// that neither the place nor what the processor has just been doing depends on the class.
fn measured(
    genuine: &[u8],
    repeats: usize,
    forge: impl Fn(&[u8], &mut [u8], bool, &mut Dice),
    run: impl Fn(&[u8]) -> bool,
) -> f64 {
    let mut dice = Dice(0x7111_1234_5678_9abc);
    let mut samples = Vec::with_capacity(SAMPLES);
    let mut batch = vec![(false, genuine.to_vec()); BATCH];
    let mut input = genuine.to_vec();
    while samples.len() < SAMPLES {
        for (class, forged) in &mut batch {
            *class = dice.roll() >> 63 == 1;
            forge(genuine, forged, *class, &mut dice);
        }
        for (index, (class, forged)) in batch.iter().enumerate() {
            input.copy_from_slice(forged);
            let started = Instant::now();
            for _ in 0..repeats {
                assert!(!run(black_box(&input)), "a wrong signature was accepted");
            }
            let elapsed = started.elapsed().as_nanos() as u64;
            // The first ones of a batch find the caches as making it left them.
            if index >= BATCH / 100 {
                samples.push((*class, elapsed));
            }
        }
    }
    let mut sorted: Vec<u64> = samples.iter().map(|(_, time)| *time).collect();
    sorted.sort_unstable();
    let slowest = sorted[sorted.len() * KEPT_PERCENT / 100];
    let (all, kept) = (welch(&samples, |_| true), welch(&samples, |time| time <= slowest));
    all.abs().max(kept.abs())
}

/// A wrong copy of `genuine`: in one class a prefix of random length is right, in the other nothing is.
fn forged_bytes(genuine: &[u8], forged: &mut [u8], class: bool, dice: &mut Dice) {
    forge(genuine, forged, class, dice, |byte| byte ^ 1);
}

/// The same in hexadecimal: a digit becomes another digit and a letter another letter.
fn forged_hex(genuine: &[u8], forged: &mut [u8], class: bool, dice: &mut Dice) {
    forge(genuine, forged, class, dice, |digit| {
        let (first, count) = if digit.is_ascii_digit() { (b'0', 10) } else { (b'a', 6) };
        first + (digit - first + 1) % count
    });
}

fn forge(genuine: &[u8], forged: &mut [u8], class: bool, dice: &mut Dice, other: impl Fn(u8) -> u8) {
    let right = if class { dice.below(genuine.len() - 1) + 1 } else { 0 };
    for (index, (byte, good)) in forged.iter_mut().zip(genuine).enumerate() {
        *byte = if index < right { *good } else { other(*good) };
    }
}

/// What `equal` must not be.
fn stops_early(left: &[u8], right: &[u8]) -> bool {
    for (a, b) in left.iter().zip(right) {
        if black_box(a) != black_box(b) {
            return false;
        }
    }
    left.len() == right.len()
}

fn mac() -> MacKey {
    MacKey::new(MacAlgorithm::HmacSha256, &Secret::new(b"whsec_timing".to_vec()))
}

#[test]
#[ignore = "measures time: run by make bench"]
fn a_comparison_that_stops_early_is_caught() {
    let tag = mac().sign(b"message");
    let genuine = tag.as_bytes();
    let t = measured(genuine, 8, forged_bytes, |forged| stops_early(genuine, forged));
    println!("stops early: |t| = {t:.2}");
    assert!(t > T_MAX, "|t| = {t}: the measurement sees nothing");
}

#[test]
#[ignore = "measures time: run by make bench"]
fn comparison_takes_the_same_time_whatever_prefix_is_right() {
    let tag = mac().sign(b"message");
    let genuine = tag.as_bytes();
    let t = measured(genuine, 8, forged_bytes, |forged| equal(genuine, forged));
    println!("equal: |t| = {t:.2}");
    assert!(t < T_MAX, "|t| = {t}");
}

#[test]
#[ignore = "measures time: run by make bench"]
fn a_mac_takes_the_same_time_whatever_prefix_is_right() {
    let key = mac();
    let tag = key.sign(b"message");
    let genuine = tag.as_bytes();
    let t = measured(genuine, 1, forged_bytes, |forged| {
        let mut mac = key.begin();
        mac.update(b"message");
        mac.verify(forged)
    });
    println!("mac: |t| = {t:.2}");
    assert!(t < T_MAX, "|t| = {t}");
}

#[test]
#[ignore = "measures time: run by make bench"]
fn verify_takes_the_same_time_whatever_prefix_of_the_signature_is_right() {
    let body = br#"{"id":"evt_1","type":"charge.succeeded"}"#;
    let key = mac();
    let mut signed = b"1770000000.".to_vec();
    signed.extend_from_slice(body);
    let genuine = encode_hex(key.sign(&signed).as_bytes());
    let scheme = SCHEMES.iter().find(|scheme| scheme.name == "stripe-v1").expect("stripe-v1 is a scheme");
    let options = Options { secrets: &["whsec_timing"], ..Options::default() };
    let verifier = Verifier::new(scheme, options).expect("the secret is one");
    let now = Timestamp::from_unix_seconds(1_770_000_000).expect("a time");
    let t = measured(genuine.as_bytes(), 1, forged_hex, |signature| {
        let signature = core::str::from_utf8(signature).expect("digits");
        let header = ["t=1770000000,v1=", signature].concat();
        let headers = [("stripe-signature", HeaderValue::Once(&header))];
        verifier.verify(&Request { headers: &headers, url: None, body, now }).is_ok()
    });
    println!("verify: |t| = {t:.2}");
    assert!(t < T_MAX, "|t| = {t}");
}
